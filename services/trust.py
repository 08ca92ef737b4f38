"""By whose signatures a command goes: a policy file handed in, else what the log's province published last."""

from __future__ import annotations

from hashlib import sha256
from pathlib import Path
from typing import NamedTuple

from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import load_pem_x509_certificates

from infra.config import Misconfigured, Settings
from infra.database import Connection
from infra.folders import read_limited
from infra.ledger.checkpoint import Checkpoint
from infra.ledger.note import NOTE_LIMIT, Note
from infra.ledger.policy import POLICY_LIMIT, Policy
from infra.ledger.text import LARGEST, Invalid, Malformed
from infra.policies import read_policy_text
from infra.sealing import Halted, Keep, LogOwner
from infra.tenants import Tenant, Tenants

#: Bytes of a file of trusted certificates.
CERTIFICATES_LIMIT = 1_024 * 1_024


class Unreadable(Misconfigured):
    """A file that was handed in is not what it has to be; the text names it."""


class Trust(NamedTuple):
    """A policy, and its file as it was handed in: inspectors compare the hash of that."""

    policy: Policy
    text: bytes

    @property
    def sha256(self) -> str:
        return sha256(self.text).hexdigest()


def read_trust(file: Path) -> Trust:
    """The policy of this file. Raises Unreadable."""
    text = read_handed_in(file, POLICY_LIMIT)
    try:
        return Trust(Policy.read(text), text)
    except Invalid as reason:
        raise Unreadable(f"{file}: {reason}") from None


async def published_trust(connection: Connection, tenant: LogOwner, upto: int = LARGEST) -> Trust | None:
    """The policy that the province published last up to a position; None where there is none. Raises Unreadable."""
    text = await read_policy_text(connection, tenant, upto)
    if text is None:
        return None
    try:
        return Trust(Policy.read(text.encode()), text.encode())
    except Invalid as reason:
        raise Unreadable(f"the policy that {tenant.log} published: {reason}") from None


def read_checkpoint(file: Path) -> Note:
    """The checkpoint of this file. Raises Unreadable."""
    try:
        note = Note.read(read_handed_in(file, NOTE_LIMIT))
        Checkpoint.read(note.text)
    except Invalid as reason:
        raise Unreadable(f"{file}: {reason}") from None
    return note


def read_certificates(file: Path) -> list[bytes]:
    """The certificates of this file, as DER. Raises Unreadable."""
    try:
        found = load_pem_x509_certificates(read_handed_in(file, CERTIFICATES_LIMIT))
    except ValueError:
        raise Unreadable(f"{file}: no certificates in it (PEM)") from None
    return [one.public_bytes(Encoding.DER) for one in found]


def read_handed_in(file: Path, limit: int) -> bytes:
    """The content of a file that was named on the command line. Raises Unreadable."""
    try:
        return read_limited(file, limit)
    except Malformed as reason:
        raise Unreadable(str(reason)) from None


async def trust_of(settings: Settings, connection: Connection, tenant: LogOwner, file: Path | None) -> Trust:
    """The policy to export by: that of the file, else the one published, else this machine's own key and no witness.

    Raises Unreadable where none of these is there.
    """
    if file is not None:
        return read_trust(file)
    if published := await published_trust(connection, tenant):
        return published
    try:
        key = Keep(settings.seals).key(tenant).verifier
    except Halted:
        raise Unreadable(f"{tenant.log} has published no policy: give one with --policy FILE") from None
    text = f"log {key}\nquorum 0\n".encode()
    return Trust(Policy.read(text), text)


async def province(settings: Settings, slug: str | None) -> Tenant:
    """The province at this address; without one the first that was taken in. Raises Unreadable."""
    registry = Tenants(settings.app_url)
    try:
        found = [one for one in await registry.all() if slug in {None, one.slug}]
    finally:
        await registry.close()
    if not found:
        raise Unreadable(f"there is no province {slug}" if slug else "there is no province yet")
    return min(found, key=lambda one: (len(one.id), one.id))
