"""`minhchuan log close` and `minhchuan log succeed`: what becomes of a log when its province merges into another.

The log ends with a fact that names the successor, and the database takes none after it, from nobody; all can still be
read, verified and taken away. Once the checkpoint over that last fact is signed, and witnessed where there are
witnesses, the successor's log records it, so that whoever trusts the one can hold the other to it. Both commands may
be given again: what is done already is not done twice.
"""

from __future__ import annotations

import argparse
from uuid import uuid4

import asyncpg

from domain.log import LOG, Log
from infra.identity.tenants import Tenant
from infra.ledger.canonical_json import NotCanonical, check_text
from infra.ledger.checkpoint import Checkpoint
from infra.ledger.epoch import Epoch
from infra.ledger.text import base64
from infra.log.epochs import admit_end, hold, is_closed
from infra.platform.config import Misconfigured, Settings
from infra.schema import migrate
from infra.transparency.audit import root_at
from infra.transparency.checkpoints import note_of
from infra.transparency.seal_status import CheckpointStatus
from services.app import App
from services.operations.publish_policy import named
from services.visible import shown
from services.wiring import wired
from services.work import CommandResult, Work, use_case


class ClosingRefused(Misconfigured):
    """The log is not closed, or not succeeded; the text says why."""


# Closing ----------------------------------------------------------------------------------------------


async def close_log(app: App, tenant: Tenant, successor: Tenant, basis: str) -> int:
    """Close a log in favour of another; the position of its last fact. Raises ClosingRefused."""
    if tenant.id == successor.id:
        raise ClosingRefused(f"{tenant.slug} cannot succeed itself")
    if (theirs := (await _log(app, successor)).successor) is not None:
        raise ClosingRefused(f"the log of {successor.slug} is itself closed, in favour of {theirs}")
    own = (await _log(app, tenant)).successor
    if own is not None and not _is_one(own, successor.log):
        raise ClosingRefused(f"the log of {tenant.slug} is closed in favour of {own}")
    _must_be_recordable(basis)
    connection = await asyncpg.connect(app.settings.database_url)
    try:
        async with connection.transaction():
            ends = {one.id: await hold(connection, one) for one in sorted((tenant, successor), key=lambda one: one.id)}
            if await is_closed(connection, successor):
                raise ClosingRefused(f"the log of {successor.slug} is itself being closed")
            if not await is_closed(connection, tenant):
                await admit_end(connection, tenant, ends[tenant.id])
    finally:
        await connection.close()
    await _close(app.system(tenant, uuid4()), successor.log, basis)  # the log itself knows whether it was closed
    return await app.store.position(tenant)


def _must_be_recordable(text: str) -> None:
    """Raise ClosingRefused for a text that no fact can hold: it is too late for that once the log takes no other."""
    try:
        check_text(text)
    except NotCanonical as reason:
        raise ClosingRefused(str(reason)) from None


@use_case("_close", "successor", "basis")
async def _close(work: Work, successor: str, basis: str) -> CommandResult:
    return await work.change(Log, LOG, lambda log: log.close(successor, basis))


# Succeeding -------------------------------------------------------------------------------------------


async def succeed(app: App, successor: Tenant, predecessor: Tenant) -> Checkpoint:
    """Record the final checkpoint of a closed log in its successor's. Raises ClosingRefused."""
    log = await _log(app, predecessor)
    if log.successor is None or log.closed_by is None or not _is_one(log.successor, successor.log):
        raise ClosingRefused(
            f"the log of {predecessor.slug} is not closed in favour of {successor.slug}: `minhchuan log close` first"
        )
    final = await _final(app, predecessor)
    await _succeed(app.system(successor, uuid4()), final.origin, final.size, base64(final.root), log.closed_by)
    return final


@use_case("_succeed", "origin", "size", "root", "basis")
async def _succeed(work: Work, origin: str, size: int, root: str, basis: str) -> CommandResult:
    return await work.change(Log, LOG, lambda log: log.record_predecessor(origin, size, root, basis))


async def _final(app: App, tenant: Tenant) -> Checkpoint:
    """The checkpoint over the last fact, signed, witnessed as the policy asks, and agreeing with the log."""
    last = await app.store.position(tenant)
    seal = await app.seals.of(tenant, last)
    if seal.halted or not seal.is_recorded:
        raise ClosingRefused(f"the final checkpoint of {tenant.slug} is not there yet: {_lacking(seal)}")
    async with app.database.reading(tenant) as connection:
        note = await note_of(connection, tenant, last)
        final = Checkpoint.read(note.text) if note else None
        if final is None or final.root != await root_at(connection, tenant, last):
            raise ClosingRefused(f"the log of {tenant.slug} is not what was signed: `minhchuan verify` says where")
    return final


def _lacking(seal: CheckpointStatus) -> str:
    if seal.halted:
        return f"the sealer has stopped: {seal.halted}"
    if seal.first is None:
        return "the sealer has not signed it"
    return f"{len(seal.cosigned)} of {seal.witnesses} witnesses have cosigned it, and {seal.quorum} must"


async def _log(app: App, tenant: Tenant) -> Log:
    return await app.system(tenant, uuid4()).look(Log, LOG)


def _is_one(origin: str, other: str) -> bool:
    """Whether both are epochs of one log."""
    return Epoch.read(origin).log == Epoch.read(other).log


# Command line -----------------------------------------------------------------------------------------


async def run_close(settings: Settings, given: argparse.Namespace) -> None:
    """`minhchuan log close SLUG --successor SLUG --basis TEXT`."""
    await migrate.everything(settings)
    async with wired(settings) as app:
        tenant, successor = await named(app.tenants, given.slug), await named(app.tenants, given.successor)
        last = await close_log(app, tenant, successor, given.basis)
    print(
        shown(f"{tenant.slug}: closed at position {last} in favour of {successor.log}; nothing is added to it any more")
    )
    print("Leave the sealer running until that is signed, and cosigned where there are witnesses; then:")
    print(shown(f"minhchuan log succeed {successor.slug} --predecessor {tenant.slug}"))


async def run_succeed(settings: Settings, given: argparse.Namespace) -> None:
    """`minhchuan log succeed SLUG --predecessor SLUG`."""
    await migrate.everything(settings)
    async with wired(settings) as app:
        successor, predecessor = await named(app.tenants, given.slug), await named(app.tenants, given.predecessor)
        final = await succeed(app, successor, predecessor)
    print(shown(f"{successor.slug}: records {final.origin} as its predecessor, with {final.size} facts"))
