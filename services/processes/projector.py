"""The process that keeps read models up: `minhchuan projector`, and `minhchuan rebuild`, which makes them anew.

It is told when a log has grown and looks by itself every second. Several may run: whoever comes first moves a
tenant on, the others find it done.
"""

from __future__ import annotations

import asyncio
import ctypes
import gc
import os
import signal
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import asynccontextmanager, contextmanager
from functools import partial
from multiprocessing import get_context
from typing import NamedTuple

from domain.catalogue import AGGREGATES, FACTS
from infra.identity.tenants import Tenant, Tenants
from infra.log.eventstore import EventStore
from infra.log.mapper import Mapper
from infra.platform.config import Settings
from infra.platform.database import Database, HasId
from infra.readmodels.projector import Projector
from infra.readmodels.rebuilding import Folded, FoldSeason, fold_season
from projections.catalogue import PROJECTIONS
from services.processes.health import beating
from services.processes.tenant_follower import Follower
from services.visible import shown

#: Tenants that are moved on at the same time.
AT_ONCE = 4

#: A tenant that was moved on rests as long as that took, at most so many seconds: facts that come meanwhile are folded
#: together, so that a busy log leaves the machine to those who write it.
REST = 0.02


async def run(settings: Settings) -> None:
    """Keep every tenant's read models up, until cancelled."""
    async with (
        beating(settings, "projector"),
        projecting(settings) as (projector, tenants),
        following(projector, tenants.all, settings.app_url),
    ):
        await asyncio.Event().wait()


def following(
    projector: Projector, tenants: Callable[[], Awaitable[Sequence[HasId]]], dsn: str, *, poll: float = 1.0
) -> Follower[HasId]:
    """What moves on every tenant whose log has grown."""
    return Follower(projector.catch_up, tenants, dsn, poll=poll, at_once=AT_ONCE, rest=lambda took: min(took, REST))


async def rebuild(settings: Settings, tenant: str | None = None, projection: str | None = None) -> None:
    """Make read models anew: of one tenant (by its slug) or all, one projection or all. Says what it did."""
    names = None if projection is None else [one.name for one in PROJECTIONS if one.name == projection]
    if names == []:
        raise SystemExit(f"no such projection: {projection} (there are {', '.join(one.name for one in PROJECTIONS)})")
    async with projecting(settings) as (projector, tenants):
        chosen: Sequence[Tenant] = [one for one in await tenants.all() if tenant in {None, one.slug}]
        if not chosen:
            raise SystemExit(f"no such province: {tenant}" if tenant else "no province yet")
        for one in chosen:
            done = await projector.rebuild(one, names)
            if done is None:
                print(shown(f"{one.slug}: another process is rebuilding it"))
                continue
            speed = done.facts / done.seconds
            print(
                shown(
                    f"{one.slug}: {done.facts} facts, {done.rows} rows in {done.seconds:.2f} s ({speed:,.0f} facts/s)"
                )
            )


@asynccontextmanager
async def projecting(settings: Settings) -> AsyncIterator[tuple[Projector, Tenants]]:
    """A projector and the registry of tenants, connected, in a process that does nothing else."""
    usual = gc.get_threshold()
    gc.set_threshold(200_000, 10, 10)  # folding makes many values and no cycles: looking for them took a third of it
    database = await Database.open(settings.app_url, readers=AT_ONCE * 2 + 2)
    store = EventStore(database, Mapper(FACTS, AGGREGATES))
    projector = Projector(database, store, PROJECTIONS, elsewhere=partial(elsewhere, settings.app_url))
    tenants = Tenants(settings.app_url)
    try:
        yield projector, tenants
    finally:
        gc.set_threshold(*usual)
        await projector.close()
        await store.close()
        await tenants.close()
        await database.close()


@contextmanager
def elsewhere(dsn: str) -> Iterator[Sequence[FoldSeason]]:
    """Other processes, one for each further core, that fold seasons of a large log; they end with the block."""
    others = (os.cpu_count() or 1) - 1
    if not others:
        yield ()
        return
    with ProcessPoolExecutor(others, mp_context=get_context("spawn"), initializer=end_with_parent) as pool:

        async def fold(tenant: HasId, season: str, upto: int, generations: Mapping[str, int]) -> Folded:
            job = partial(fold_elsewhere, dsn, tenant.id, season, upto, dict(generations))
            return await asyncio.get_running_loop().run_in_executor(pool, job)

        yield [fold] * others


def end_with_parent() -> None:
    """A parent that is killed cannot end its children; the system does."""
    ctypes.CDLL(None).prctl(1, signal.SIGKILL)  # PR_SET_PDEATHSIG


class TenantById(NamedTuple):
    """A tenant by its id."""

    id: str


def fold_elsewhere(dsn: str, tenant: str, season: str, upto: int, generations: Mapping[str, int]) -> Folded:
    """What runs in the other process."""
    return asyncio.run(_fold_elsewhere(dsn, TenantById(tenant), season, upto, generations))


async def _fold_elsewhere(dsn: str, tenant: HasId, season: str, upto: int, generations: Mapping[str, int]) -> Folded:
    database = await Database.open(dsn)
    store = EventStore(database, Mapper(FACTS, AGGREGATES))
    try:
        return await fold_season(database, store, PROJECTIONS, tenant, season, upto, generations)
    finally:
        await store.close()
        await database.close()
