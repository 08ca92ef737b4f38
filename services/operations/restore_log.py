"""`minhchuan log restore`: how a province goes on after a backup was restored that lacks what had been signed for.

The sealer does not sign for less than it has signed for, and nothing makes it. What goes on is another epoch of the
log: a fact says openly what is lost and by whose order it goes on, and from that fact on leaves and checkpoints have
another origin, a key of their own and, once it is published, a policy of their own. Whatever breaks off half-way is
taken up again by the same command.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterable, Iterator
from typing import NamedTuple
from uuid import uuid4

import asyncpg
import msgspec

from domain.log import LOG, Log
from infra.identity.tenants import EpochBegun, Tenant, Tenants
from infra.ledger.canonical_json import NotCanonical, check_text
from infra.ledger.checkpoint import Checkpoint
from infra.ledger.epoch import Epoch
from infra.ledger.note import Note, VerifierKey
from infra.ledger.text import Invalid, base64
from infra.log.epochs import EpochStart, admit_only, hold, read_beginnings
from infra.platform.config import Misconfigured, Settings
from infra.platform.database import Connection
from infra.schema import migrate
from infra.transparency.checkpoints import published_size
from infra.transparency.sealer_store import Halted, SealerStore
from infra.transparency.witness_policies import read_eras
from services.app import App
from services.operations.create_tenant import as_operator
from services.operations.publish_policy import named
from services.seals.trusted_policy import read_checkpoint
from services.visible import shown
from services.wiring import wired
from services.work import CommandResult, Work, use_case


class RestoreRefused(Misconfigured):
    """No new epoch is begun; the text says why."""


class Order(NamedTuple):
    """Why a new epoch is begun, by which document, and who signed that."""

    reason: str
    basis: str
    ordered_by: str | None = None


async def restore(
    app: App, operator: Tenants, tenant: Tenant, order: Order, held: Note | None = None
) -> tuple[Tenant, EpochStart]:
    """Begin a new epoch of the log; `operator` is the registry as the owner of the database.

    `held` is the last checkpoint of the log where the sealer's folder does not have it. Begun before, nothing is done.
    Raises RestoreRefused unless something that was signed for is missing.
    """
    _must_be_recordable(order)
    connection = await asyncpg.connect(app.settings.database_url)
    try:
        signed = await _signed_last(connection, app.settings, tenant, held)
        coming = _coming(tenant, signed)
        begun = [one for one in await read_beginnings(connection, tenant) if one.origin == coming]
        if not begun:
            kept = await _admit(connection, tenant, signed, coming)
            if tenant.log != coming:
                tenant = await operator.record(tenant.id, EpochBegun(log=coming))
            work = app.system(tenant, uuid4())  # the log itself knows whether the epoch was begun
            await _restore(work, signed.origin, signed.size, base64(signed.root), kept, *order)
            begun = await read_beginnings(connection, tenant)
    except Invalid as reason:
        raise RestoreRefused(str(reason)) from None
    finally:
        await connection.close()
    return tenant, begun[-1]


def _must_be_recordable(order: Order) -> None:
    """Raise RestoreRefused for a text that no fact can hold: it is too late for that once the log takes no other."""
    try:
        for text in order:
            check_text(text or "")
    except NotCanonical as reason:
        raise RestoreRefused(str(reason)) from None


@use_case("_restore", "predecessor", "size", "root", "kept", "reason", "basis", "ordered_by")
async def _restore(
    work: Work,
    predecessor: str,
    size: int,
    root: str,
    kept: int,
    reason: str,
    basis: str,
    ordered_by: str | None,
) -> CommandResult:
    origin = work.tenant.log
    return await work.change(
        Log, LOG, lambda log: log.restore(origin, predecessor, size, root, kept, reason, basis, ordered_by)
    )


# What was signed last ---------------------------------------------------------------------------------


async def _signed_last(connection: Connection, settings: Settings, tenant: Tenant, held: Note | None) -> Checkpoint:
    """The last checkpoint of the log, as its sealer has it or as it was handed in. Raises RestoreRefused, Invalid."""
    keep = SealerStore(settings.seals)
    try:
        own = keep.last(tenant)
    except Halted as reason:
        raise RestoreRefused(str(reason)) from None
    found = [own] if own else []
    if held is not None:
        head = Checkpoint.read(held.text)
        if Epoch.read(head.origin).log != Epoch.read(tenant.log).log:
            raise RestoreRefused(f"a checkpoint of {head.origin}, which is another log than {tenant.log}")
        keys = [*_own_key(keep, tenant, head.origin), *await _published_keys(connection, tenant, head.origin)]
        if not held.check(keys):
            raise RestoreRefused(f"nobody here knows a key of {head.origin} that has signed the checkpoint")
        found.append(head)
    if not found:
        raise RestoreRefused("nobody here knows what was signed last: give the last checkpoint with --checkpoint")
    return max(found, key=lambda one: (Epoch.read(one.origin), one.size))


def _own_key(keep: SealerStore, tenant: Tenant, origin: str) -> Iterator[VerifierKey]:
    try:
        yield keep.key(msgspec.structs.replace(tenant, log=origin)).verifier
    except Halted:
        return


async def _published_keys(connection: Connection, tenant: Tenant, origin: str) -> Iterable[VerifierKey]:
    policies = [era.policy for era in await read_eras(connection, tenant)]
    return [key for policy in policies if policy for key in policy.logs if key.name == origin]


def _coming(tenant: Tenant, signed: Checkpoint) -> str:
    """The origin of the epoch to begin, or that was begun and has signed nothing yet."""
    now, last = Epoch.read(tenant.log), Epoch.read(signed.origin)
    if now > last.next():
        raise RestoreRefused(f"{tenant.log} is not the epoch after {signed.origin}: give its own last checkpoint")
    return last.next().origin


async def _admit(connection: Connection, tenant: Tenant, signed: Checkpoint, coming: str) -> int:
    """Have the log take nothing but the new epoch from now on; how much of it is left. Raises RestoreRefused."""
    async with connection.transaction():
        kept = await hold(connection, tenant)
        published = await published_size(connection, tenant)
        if kept >= signed.size:
            raise RestoreRefused(
                f"nothing that was signed for is missing: the log ends at {kept}, and {signed.size} facts were signed"
                " last. Where it is not what was signed, `minhchuan verify` says so, and no new epoch mends that"
            )
        if published > kept:
            raise RestoreRefused(
                f"the log ends at {kept}, and a checkpoint of {published} is stored beside it: this is no backup as it"
                " was taken. Restore the database as a whole, so that checkpoints and facts are of one moment"
            )
        if kept == 0:
            raise RestoreRefused("nothing of the log is left: there is nothing to go on with")
        await admit_only(connection, tenant, coming, kept)
    return kept


# Command line -----------------------------------------------------------------------------------------


async def run(settings: Settings, given: argparse.Namespace) -> None:
    """`minhchuan log restore SLUG --reason TEXT --basis TEXT`."""
    order = Order(given.reason, given.basis, given.ordered_by)
    held = read_checkpoint(given.checkpoint) if given.checkpoint else None
    await migrate.everything(settings)
    async with wired(settings) as app, as_operator(settings) as operator:
        tenant, begun = await restore(app, operator, await named(app.tenants, given.slug), order, held)
    lost = begun.predecessor_size - begun.position + 1
    print(shown(f"{tenant.slug}: {tenant.log} begins at position {begun.position} and keeps all facts before it"))
    print(
        shown(f"lost are {lost:,} facts that were signed as {begun.predecessor_origin}, and what nobody signed for yet")
    )
    print("Start every process again. The sealer makes a new key; `minhchuan sealer --vkeys` prints it.")
    print("Nothing of the new epoch counts as witnessed until its witnesses know that key, and a policy is published")
    print("that names it (`minhchuan policy publish`). What was proven before stays so under the old key and policy.")
