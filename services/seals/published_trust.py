"""Trust for a command on a log: a policy handed in as a file, else the one that the log's province published."""

from __future__ import annotations

from pathlib import Path

from infra.identity.tenants import Tenant, Tenants
from infra.ledger.text import LARGEST, Invalid
from infra.ledger.witness_policy import Policy
from infra.platform.config import Settings
from infra.platform.database import Connection
from infra.transparency.sealer_store import Halted, KeyOwner, SealerStore
from infra.transparency.witness_policies import read_policy_text
from services.seals.trusted_policy import Trust, TrustFileUnreadable, read_trust


async def published_trust(connection: Connection, tenant: KeyOwner, upto: int = LARGEST) -> Trust | None:
    """The policy that the province published last up to a position; None where there is none.

    Raises TrustFileUnreadable.
    """
    text = await read_policy_text(connection, tenant, upto)
    if text is None:
        return None
    try:
        return Trust(Policy.read(text.encode()), text.encode())
    except Invalid as reason:
        raise TrustFileUnreadable(f"the policy that {tenant.log} published: {reason}") from None


async def trust_of(settings: Settings, connection: Connection, tenant: KeyOwner, file: Path | None) -> Trust:
    """The policy to export by: that of the file, else the one published, else this machine's own key and no witness.

    Raises TrustFileUnreadable where none of these is there.
    """
    if file is not None:
        return read_trust(file)
    if published := await published_trust(connection, tenant):
        return published
    try:
        key = SealerStore(settings.seals).key(tenant).verifier
    except Halted:
        raise TrustFileUnreadable(f"{tenant.log} has published no policy: give one with --policy FILE") from None
    text = f"log {key}\nquorum 0\n".encode()
    return Trust(Policy.read(text), text)


async def province(settings: Settings, slug: str | None) -> Tenant:
    """The province at this address; without one the first that was taken in. Raises TrustFileUnreadable."""
    registry = Tenants(settings.app_url)
    try:
        found = [one for one in await registry.all() if slug in {None, one.slug}]
    finally:
        await registry.close()
    if not found:
        raise TrustFileUnreadable(f"there is no province {slug}" if slug else "there is no province yet")
    return min(found, key=lambda one: (len(one.id), one.id))
