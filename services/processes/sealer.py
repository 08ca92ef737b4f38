"""The process that signs for what logs hold: `minhchuan sealer`.

It keeps its keys and last checkpoints in a folder of its own, signs in as a login of its own, and listens nowhere. A
log that it must not sign for any more is left alone until the process is started again, and the others go on; the
process then ends with status 1. There is no switch to go on all the same.

Where a disk is full, the sealer's or the database's, the log waits, says so, and goes on by itself once there is room.

What was signed is handed on to the witnesses of the log's policy, who are asked beside the sealing; a log that one of
them has cosigned otherwise is halted too, and remains so when the process is started again.
"""

from __future__ import annotations

import asyncio
import sys
import time
from collections.abc import Collection
from contextlib import suppress

from infra.identity.tenants import Tenant, Tenants
from infra.platform.config import Settings
from infra.platform.database import LOST, Connection
from infra.transparency.ask_witnesses import witnessing
from infra.transparency.sealer import Paused, SealedElsewhere, Sealer, connect, record_halt
from infra.transparency.sealer_store import Halted, KeyOwner, SealerStore
from services.processes.health import beating
from services.processes.tenant_follower import Follower
from services.visible import columns, shown

#: Seconds until a log is tried again for which there was no room on a disk.
PAUSE = 5.0

#: Seconds that a log rests after it was sealed. What arrives meanwhile lies under one signature.
REST = 0.1


async def run(settings: Settings, *, once: bool = False, only: Collection[str] = ()) -> int:
    """Seal every log (or `only` those of these slugs) as it grows, until cancelled or none is left; `once`: as it is.

    1 when a log must not be sealed any further, or could not be for want of room.
    """
    registry = Tenants(settings.sealer_url)
    desk = SealerLoop(settings, registry, only)
    try:
        async with beating(settings, "sealer"), witnessing(settings.sealer_url, desk.halt) as witnesses:

            async def move(tenant: Tenant) -> None:
                if await desk.seal(tenant):
                    witnesses.ask(tenant)

            if once:
                for tenant in await desk.open():
                    if await desk.seal(tenant):
                        await witnesses.ask_once(tenant)
            else:
                with suppress(*LOST):  # it may be on its way; but what it is not made for is said at once
                    await desk.open()
                async with Follower(move, desk.open, settings.sealer_url, at_once=1, rest=lambda _: REST):
                    await desk.empty.wait()
    finally:
        await desk.close()
        await registry.close()
    return int(bool(desk.halted or desk.paused))


async def show_keys(settings: Settings, *, only: Collection[str] = ()) -> int:
    """Print the public keys that policies name, of the logs sealed here; 1 when there is none."""
    registry = Tenants(settings.sealer_url)
    keep = SealerStore(settings.seals)
    listed = 0
    try:
        for tenant in await registry.all():
            if tenant.slug not in (only or {tenant.slug}):
                continue
            try:
                coming = keep.next_key(tenant)
                print(columns(tenant.slug, keep.key(tenant).verifier))
                listed += 1
                if coming is not None:
                    print(columns(tenant.slug, coming.verifier, "next"))
            except Halted as reason:
                print(shown(f"{tenant.slug}: {reason}"), file=sys.stderr)
    finally:
        await registry.close()
    return int(not listed)


class SealerLoop:
    """A sealer, connected again when it lost its connection, and the logs that it leaves alone."""

    def __init__(self, settings: Settings, registry: Tenants, only: Collection[str]) -> None:
        self._registry = registry
        self._only = only
        self._dsn = settings.sealer_url
        self._keep = SealerStore(settings.seals)
        self._sealer: Sealer | None = None
        self._handed_on: set[str] = set()
        self.halted: set[str] = set()
        self.paused: dict[str, float] = {}
        """Those for which there was no room on a disk, and when they are tried again (time.monotonic())."""
        self.empty = asyncio.Event()

    async def seal(self, tenant: Tenant) -> bool:
        """Sign for all that the log holds; whether there is a checkpoint that witnesses may not have been asked for.

        A log that is halted, or held by another sealer, is left alone, and one that is paused for a while.
        """
        if tenant.id in self.halted or time.monotonic() < self.paused.get(tenant.id, 0):
            return False
        if self._sealer is None:
            self._sealer = Sealer(await connect(self._dsn), self._keep)
        try:
            more = True
            while more and tenant.id not in self.halted and await self._sealer.seal(tenant):
                self._handed_on.discard(tenant.id)
                more = self._sealer.has_left(tenant)  # what came in meanwhile lies under the next, after a rest
        except SealedElsewhere:
            return False
        except Halted:
            self.halted.add(tenant.id)
            return False
        except Paused:
            self.paused[tenant.id] = time.monotonic() + PAUSE
            return False
        except LOST:
            await self.close()
            raise
        self.paused.pop(tenant.id, None)
        new = tenant.id not in self._handed_on
        self._handed_on.add(tenant.id)
        return new

    async def halt(self, tenant: KeyOwner, connection: Connection, reason: str) -> None:
        """Sign for this log no more: somebody has cosigned another one. Raises Unkept."""
        self.halted.add(tenant.id)
        try:
            self._keep.halt(tenant, reason)
        finally:
            await record_halt(connection, tenant, reason)

    async def open(self) -> list[Tenant]:
        """Every province whose log is not halted."""
        every = [tenant for tenant in await self._registry.all() if tenant.slug in (self._only or {tenant.slug})]
        left = [tenant for tenant in every if tenant.id not in self.halted]
        if every and not left:
            self.empty.set()
        return left

    async def close(self) -> None:
        if self._sealer is not None:
            await self._sealer.close()
            self._sealer = None
