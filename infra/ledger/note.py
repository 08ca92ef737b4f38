"""Signed notes (c2sp.org/signed-note): a text, the signatures under it, and the keys that make and check them.

Two kinds of key are known: the one a log signs its checkpoints with, and the one a witness cosigns them with
(c2sp.org/tlog-cosignature), which signs the time too. Both are Ed25519.
"""

from collections.abc import Iterable
from contextlib import suppress
from enum import IntEnum
from hashlib import sha256
from secrets import token_bytes

import msgspec
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from infra.ledger.text import LARGEST, BadSignature, Malformed, base64, read_base64, read_utf8

#: Bytes of a note, and signatures under it. Everybody must take 16; one that resists quantum computers has 5 kB.
NOTE_LIMIT = 256 * 1_024
SIGNATURES = 64

_DASH = "—"
_SECRET = "PRIVATE+KEY+"  # noqa: S105 - how the text of a secret key begins


class KeyKind(IntEnum):
    """What a key signs: the byte that stands for it in c2sp.org/signed-note."""

    NOTE = 1
    COSIGNATURE = 4


class NoteSignature(msgspec.Struct, frozen=True):
    """One line under a note."""

    name: str
    id: bytes
    value: bytes

    @property
    def line(self) -> str:
        return f"{_DASH} {self.name} {base64(self.id + self.value)}\n"

    @classmethod
    def read(cls, line: str) -> "NoteSignature":
        """From a line without its end. Raises Malformed."""
        dash, name, value = _three(line.split(" "), "a signature line: — name base64")
        if dash != _DASH:
            raise Malformed("a signature line does not begin with an em dash")
        _check_name(name)
        raw = read_base64(value, f"signature of {name}")
        if len(raw) < 5:
            raise Malformed(f"signature of {name}: nothing behind the key id")
        return cls(name, raw[:4], raw[4:])


class VerifierKey(msgspec.Struct, frozen=True):
    """A public key with its name; its text is a vkey."""

    name: str
    kind: KeyKind
    public: bytes

    @classmethod
    def read(cls, text: str) -> "VerifierKey":
        """From name+id+key. Raises Malformed, also for a kind of key that we do not verify."""
        key = cls(*_read_key(text))
        if str(key) != text:
            raise Malformed(f"key of {key.name}: the id is not that of name and key")
        return key

    @property
    def id(self) -> bytes:
        return sha256(f"{self.name}\n".encode() + bytes([self.kind]) + self.public).digest()[:4]

    @property
    def sha256(self) -> str:
        """Of its text, in hex: it stands for a key that is not shown yet."""
        return sha256(str(self).encode()).hexdigest()

    def __str__(self) -> str:
        return f"{self.name}+{self.id.hex()}+{base64(bytes([self.kind]) + self.public)}"

    def check(self, text: str, value: bytes) -> int | None:
        """The time that a cosignature names, in seconds since 1970; None for the signature of a log.

        Raises BadSignature.
        """
        at = None
        if self.kind is KeyKind.COSIGNATURE:
            at, value = int.from_bytes(value[:8], "big"), value[8:]
            if at > LARGEST:
                raise BadSignature(f"{self.name} names a time beyond 2^63 - 1")
        try:
            Ed25519PublicKey.from_public_bytes(self.public).verify(value, _message(text, at))
        except InvalidSignature:
            raise BadSignature(f"the signature of {self.name} does not hold") from None
        return at


class SignerKey(msgspec.Struct, frozen=True):
    """A secret key with its name. Its text is for a key file, so it has to be asked for by name."""

    name: str
    kind: KeyKind
    seed: bytes

    @classmethod
    def new(cls, name: str, kind: KeyKind) -> "SignerKey":
        _check_name(name)
        return cls(name, kind, token_bytes(32))

    @classmethod
    def read(cls, text: str) -> "SignerKey":
        """From PRIVATE+KEY+name+id+seed. Raises Malformed, which tells nothing of the text: it may be most of a key."""
        with suppress(Malformed):
            key = cls(*_read_key(text.removeprefix(_SECRET)))
            if key.secret_text() == text:
                return key
        raise Malformed("not a secret key: PRIVATE+KEY+name+id+base64, where the id is that of name and key")

    def secret_text(self) -> str:
        return f"{_SECRET}{self.name}+{self.verifier.id.hex()}+{base64(bytes([self.kind]) + self.seed)}"

    def __repr__(self) -> str:
        return f"SignerKey({self.verifier})"

    @property
    def verifier(self) -> VerifierKey:
        public = Ed25519PrivateKey.from_private_bytes(self.seed).public_key().public_bytes_raw()
        return VerifierKey(self.name, self.kind, public)

    def sign(self, text: str, at: int | None = None) -> NoteSignature:
        """Sign the text of a note; a cosignature names the time, in whole seconds since 1970."""
        if (at is None) == (self.kind is KeyKind.COSIGNATURE):
            raise TypeError("a cosignature names a time, and no other signature does")
        value = Ed25519PrivateKey.from_private_bytes(self.seed).sign(_message(text, at))
        return NoteSignature(self.name, self.verifier.id, value if at is None else at.to_bytes(8, "big") + value)


class Signed(msgspec.Struct, frozen=True):
    """A key whose signature holds; of a witness, the earliest time that it names."""

    key: VerifierKey
    at: int | None


class Note(msgspec.Struct, frozen=True):
    """A text that ends with a line end, and the signatures under it."""

    text: str
    signatures: tuple[NoteSignature, ...]

    @classmethod
    def read(cls, raw: bytes) -> "Note":
        """The note, if this is exactly how it is written. Nothing is verified. Raises Malformed."""
        text, gap, lines = read_utf8(raw, NOTE_LIMIT, "note").rpartition("\n\n")
        if not gap:
            raise Malformed("a note without an empty line above its signatures")
        if not lines.endswith("\n"):
            raise Malformed("a note that does not end with a signature and a line end")
        return cls(text + "\n", read_signatures(lines))

    def __bytes__(self) -> bytes:
        return f"{self.text}\n{''.join(one.line for one in self.signatures)}".encode()

    def also(self, signatures: Iterable[NoteSignature]) -> "Note":
        """The note with further signatures under it, of keys that have none there yet: some verifiers take no two."""
        found: dict[tuple[str, bytes], NoteSignature] = {}
        for one in (*self.signatures, *signatures):
            found.setdefault((one.name, one.id), one)
        return Note(self.text, tuple(found.values()))

    def check(self, keys: Iterable[VerifierKey]) -> tuple[Signed, ...]:
        """Who of these signed, each once however often. Signatures of other keys are ignored.

        Raises BadSignature when one of these keys has a signature that does not hold, whoever else signed too.
        """
        found = []
        for key in keys:
            values = [one.value for one in self.signatures if (one.name, one.id) == (key.name, key.id)]
            times = [key.check(self.text, value) for value in values]
            if times:
                found.append(Signed(key, min(times, key=lambda at: at or 0)))
        return tuple(found)


def read_signatures(text: str) -> tuple[NoteSignature, ...]:
    """Signature lines, as they stand under a note or come from a witness. Raises Malformed."""
    lines = text.split("\n")
    if lines.pop():
        raise Malformed("a signature line without a line end")
    if len(lines) > SIGNATURES:
        raise Malformed(f"{len(lines)} signatures, more than {SIGNATURES}")
    return tuple(map(NoteSignature.read, lines))


def _message(text: str, at: int | None) -> bytes:
    return (text if at is None else f"cosignature/v1\ntime {at}\n{text}").encode()


def _read_key(text: str) -> tuple[str, KeyKind, bytes]:
    name, _, key = _three(text.split("+", 2), "a key: name+id+base64")
    _check_name(name)
    raw = read_base64(key, f"key of {name}")
    if len(raw) != 33 or raw[0] not in set(KeyKind):
        raise Malformed(f"key of {name}: not an Ed25519 key for notes or cosignatures")
    return name, KeyKind(raw[0]), raw[1:]


def _check_name(name: str) -> None:
    if not name or "+" in name or any(sign < "!" or sign.isspace() for sign in name):
        raise Malformed(f"{name[:80]!r} is not the name of a key")


def _three(parts: list[str], what: str) -> list[str]:
    if len(parts) != 3:
        raise Malformed(f"not {what}")
    return parts
