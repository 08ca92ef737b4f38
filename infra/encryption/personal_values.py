"""Sealing a value under the key of the person it is about, and opening it again.

What is stored is `{"commit", "ct", "sealed": 1, "subject"}`. `ct` is the nonce and AES-256-GCM of the canonical JSON of
`{"salt", "value"}`, with the place of the value as associated data: moved to another fact, field or log it opens
nowhere. `commit` is HMAC-SHA256(salt, field || 0x00 || canonical JSON of the value): GCM alone would let
whoever chooses the key find a second plaintext for the same bytes, and a bare hash of a short value is soon guessed.
The salt stands inside `ct`, so it goes with the key.
"""

import hmac
import os
from base64 import b64decode, b64encode
from typing import Any, NamedTuple
from uuid import UUID

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from domain.personal import EncryptedValue
from infra.ledger.canonical_json import NotCanonical, canonical, parse

#: Lengths in bytes: of a key, of the random salt of each value, of the random nonce of each encryption.
KEY, SALT, NONCE = 32, 32, 12


class Unopened(ValueError):
    """What is stored is not what was sealed under this key at this place."""


class ValuePlace(NamedTuple):
    """Where a value stands: the origin of the log, the stream's id, the fact's version in it, the field."""

    log: str
    stream: UUID
    version: int
    field: str

    def __bytes__(self) -> bytes:
        return canonical(
            {"field": self.field, "log": self.log, "stream": str(self.stream), "version": self.version},
        )


def seal(
    value: Any, subject: UUID, key: bytes, place: ValuePlace, *, salt: bytes | None = None, nonce: bytes | None = None
) -> EncryptedValue:
    """Seal a value that has a canonical spelling (NotCanonical for others). Salt and nonce are given in tests only."""
    salt, nonce = salt or os.urandom(SALT), nonce or os.urandom(NONCE)
    plain = canonical({"salt": salt.hex(), "value": value})
    encrypted = AESGCM(key).encrypt(nonce, plain, bytes(place))
    return EncryptedValue(_commit(salt, place.field, value), b64encode(nonce + encrypted).decode(), subject)


def unseal(sealed: EncryptedValue, key: bytes, place: ValuePlace) -> Any:
    """The value. Raises Unopened when ciphertext, commitment or place is another one than when it was sealed."""
    try:
        stored = b64decode(sealed.ct, validate=True)
        inside = parse(AESGCM(key).decrypt(stored[:NONCE], stored[NONCE:], bytes(place)))
        salt, value = bytes.fromhex(inside["salt"]), inside["value"]
    except (InvalidTag, NotCanonical, ValueError, TypeError, KeyError) as reason:
        raise Unopened(type(reason).__name__) from None
    if len(salt) != SALT or not hmac.compare_digest(_commit(salt, place.field, value), sealed.commit):
        raise Unopened("another value was committed to")
    return value


def _commit(salt: bytes, field: str, value: Any) -> str:
    return hmac.digest(salt, field.encode() + b"\0" + canonical(value), "sha256").hex()


class Covered:
    """A value on its way into a fact: until the fact's place is known only its key is.

    A command that carries it is known again by its `mark`, which tells nobody anything once the key is gone. That is
    why this is no dataclass: nothing spells it out by itself.
    """

    __slots__ = ("_key", "_value", "subject")

    def __init__(self, value: str, subject: UUID, key: bytes) -> None:
        self.subject = subject
        self._value = value
        self._key = key

    @property
    def mark(self) -> str:
        """The same value of the same subject has the same mark."""
        own = hmac.digest(self._key, b"mark of a command", "sha256")
        return hmac.digest(own, canonical(self._value), "sha256").hex()

    def seal(self, place: ValuePlace) -> EncryptedValue:
        """The value as it is stored there."""
        return seal(self._value, self.subject, self._key, place)
