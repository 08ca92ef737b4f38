"""Trust for verifying, as it is handed in: the policy of signatures, a checkpoint, certificates."""

from __future__ import annotations

from hashlib import sha256
from pathlib import Path
from typing import NamedTuple

from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import load_pem_x509_certificates

from infra.ledger.checkpoint import Checkpoint
from infra.ledger.note import NOTE_LIMIT, Note
from infra.ledger.text import Invalid, Malformed
from infra.ledger.witness_policy import POLICY_LIMIT, Policy
from infra.platform.config import Misconfigured
from infra.storage.folders import read_limited

#: Bytes of a file of trusted certificates.
CERTIFICATES_LIMIT = 1_024 * 1_024


class TrustFileUnreadable(Misconfigured):
    """A file that was handed in is not what it has to be; the text names it."""


class Trust(NamedTuple):
    """A policy, and its file as it was handed in: inspectors compare the hash of that."""

    policy: Policy
    text: bytes

    @property
    def sha256(self) -> str:
        return sha256(self.text).hexdigest()


def read_trust(file: Path) -> Trust:
    """The policy of this file. Raises TrustFileUnreadable."""
    text = read_handed_in(file, POLICY_LIMIT)
    try:
        return Trust(Policy.read(text), text)
    except Invalid as reason:
        raise TrustFileUnreadable(f"{file}: {reason}") from None


def read_checkpoint(file: Path) -> Note:
    """The checkpoint of this file. Raises TrustFileUnreadable."""
    try:
        note = Note.read(read_handed_in(file, NOTE_LIMIT))
        Checkpoint.read(note.text)
    except Invalid as reason:
        raise TrustFileUnreadable(f"{file}: {reason}") from None
    return note


def read_certificates(file: Path) -> list[bytes]:
    """The certificates of this file, as DER. Raises TrustFileUnreadable."""
    try:
        found = load_pem_x509_certificates(read_handed_in(file, CERTIFICATES_LIMIT))
    except ValueError:
        raise TrustFileUnreadable(f"{file}: no certificates in it (PEM)") from None
    return [one.public_bytes(Encoding.DER) for one in found]


def read_handed_in(file: Path, limit: int) -> bytes:
    """The content of a file that was named on the command line. Raises TrustFileUnreadable."""
    try:
        return read_limited(file, limit)
    except Malformed as reason:
        raise TrustFileUnreadable(str(reason)) from None
