"""Data of ours that lies with somebody who is not trusted, such as Redis or a browser.

It is encrypted and authenticated under a key made of MINHCHUAN_SECRET for one purpose, and bound to its place (for
Redis, the key under which it lies): whoever can write there can neither make such data nor read it, nor pass one
value off as another.
"""

import os
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

#: The form of what is stored: this byte, the nonce, then AES-256-GCM of the data.
FORM: Final = b"\x01"
NONCE: Final = 12


class Forged(ValueError):
    """These bytes are none that we stored at this place, or they were stored under another secret."""


class Encryption:
    """Encrypts for one purpose; data of another purpose, place or secret is Forged."""

    def __init__(self, secret: str, purpose: str) -> None:
        derived = HKDF(SHA256(), length=32, salt=None, info=b"minhchuan: " + purpose.encode())
        self._aead = AESGCM(derived.derive(secret.encode()))

    def encrypt(self, plain: bytes, place: str) -> bytes:
        """The bytes to store at this place."""
        nonce = os.urandom(NONCE)
        return FORM + nonce + self._aead.encrypt(nonce, plain, place.encode())

    def decrypt(self, stored: bytes, place: str) -> bytes:
        """What was stored at this place. Raises Forged."""
        nonce, encrypted = stored[len(FORM) : len(FORM) + NONCE], stored[len(FORM) + NONCE :]
        if not stored.startswith(FORM) or len(nonce) < NONCE:
            raise Forged("not of our form")
        try:
            return self._aead.decrypt(nonce, encrypted, place.encode())
        except InvalidTag:
            raise Forged("not encrypted by us, or not for this place") from None
