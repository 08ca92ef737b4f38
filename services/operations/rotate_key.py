"""Rotation of the key that signs a log: in the open, step by step, each step safe to repeat.

1. `minhchuan sealer --next-key SLUG` makes the key that is to come and prints it.
2. `minhchuan policy announce-key SLUG VKEY` has the log itself say so, under its present key.
3. Once that is sealed every checkpoint is signed by both (`infra/transparency/sealer.py`).
4. Witnesses and inspectors take the new key into their lists, and `minhchuan policy publish` into the log's policy.
5. `minhchuan sealer --retire-key SLUG` ends the lines of the former key.

Steps 1 and 5 are for who runs the sealer: they work in its folder, whether it is running or not, and write nothing
into the database.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from infra.identity.tenants import Tenant, Tenants
from infra.ledger.note import SignerKey
from infra.ledger.text import Invalid
from infra.platform.config import Misconfigured, Settings
from infra.platform.database import Connection, close
from infra.transparency.checkpoints import last_note
from infra.transparency.sealer import connect
from infra.transparency.sealer_store import Halted, SealerStore, Unkept
from infra.transparency.witness_policies import read_policy
from services.visible import columns, shown


class KeyRefused(Misconfigured):
    """The log's key cannot be changed like this, or not yet; the text says why."""


async def make_next(settings: Settings, slug: str) -> int:
    """`minhchuan sealer --next-key SLUG`. Raises KeyRefused."""
    tenant = await _named(settings, slug)
    keep = SealerStore(settings.seals)
    try:
        if keep.checkpoint(tenant) is None:
            raise KeyRefused(f"{slug}: no checkpoint has been signed here yet, so there is no key to change")
        present, coming = keep.key(tenant), keep.make_next_key(tenant)
    except (Halted, Unkept) as reason:
        raise KeyRefused(f"{slug}: {reason}") from None
    print(columns(slug, coming.verifier))
    print(shown(f"It signs beside {present.verifier} once it is announced: minhchuan policy announce-key {slug} VKEY"))
    return 0


async def retire(settings: Settings, slug: str) -> int:
    """`minhchuan sealer --retire-key SLUG`. Raises KeyRefused."""
    tenant = await _named(settings, slug)
    keep = SealerStore(settings.seals)
    try:
        coming, present = keep.next_key(tenant), keep.key(tenant)
        if coming is None:
            print(shown(f"{slug}: no next key waits; {present.verifier} signs alone"))
            return 0
        async with _looking(settings) as connection:
            await _check_overlap(connection, tenant, keep, present, coming)
            await _check_policy(connection, tenant, coming)
        keep.retire(tenant, present)
    except (Halted, Unkept, Invalid) as reason:
        raise KeyRefused(f"{slug}: {reason}") from None
    print(shown(f"{slug}: from its next checkpoint on {coming.verifier} signs alone"))
    return 0


async def _check_overlap(
    connection: Connection, tenant: Tenant, keep: SealerStore, present: SignerKey, coming: SignerKey
) -> None:
    """Both keys have signed the last checkpoint: that of the sealer, which is started on it, and the published one.

    So its announcement is sealed too, for before that the next key does not sign. Raises KeyRefused, Invalid.
    """
    for note in (keep.checkpoint(tenant), await last_note(connection, tenant)):
        if note is None or len(note.check([present.verifier, coming.verifier])) < 2:
            raise KeyRefused(
                f"{tenant.slug}: both keys must have signed the last checkpoint, and {coming.verifier} has not: it does"
                " so once its announcement lies below a checkpoint and the log grows again"
            )


async def _check_policy(connection: Connection, tenant: Tenant, coming: SignerKey) -> None:
    """By the policy in force, where there is one, checkpoints hold without the former key. Raises KeyRefused."""
    policy = await read_policy(connection, tenant)
    if policy is not None and coming.verifier not in policy.logs:
        raise KeyRefused(f"{tenant.slug}: the policy in force does not name {coming.verifier}: publish one that does")


async def _named(settings: Settings, slug: str) -> Tenant:
    registry = Tenants(settings.sealer_url)
    try:
        found = [tenant for tenant in await registry.all() if tenant.slug == slug]
    finally:
        await registry.close()
    if not found:
        raise KeyRefused(f"there is no province {slug}")
    return found[0]


@asynccontextmanager
async def _looking(settings: Settings) -> AsyncIterator[Connection]:
    connection = await connect(settings.sealer_url)
    try:
        yield connection
    finally:
        await close(connection)
