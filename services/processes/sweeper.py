"""The sweeper: asks again for what the tables say is owed, until it is done or has visibly failed.

A queue may be flushed and a worker killed at any moment. The sweeper looks at each province when its log has grown
and every second besides, and asks for whatever nobody works on; asking twice does no harm. What was tried too often
fails, and everybody can see that. What nobody waits for is done beside, in half of the time at most.
"""

from __future__ import annotations

import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import date, timedelta
from uuid import uuid4

import structlog

from domain.errors import KeysUnavailable, Refused
from infra.identity.tenants import Tenant
from infra.jobs.export_runs import ExportRuns, Run
from infra.jobs.queue import Queue, QueueUnavailable
from services.app import App
from services.clock import today
from services.exports.requests import fail_export
from services.inspection.trail.search import Searching
from services.privacy.accesses import Accesses
from services.privacy.personal_data import Shredder
from services.processes.tenant_follower import Follower

log = structlog.get_logger("sweeper")

#: How often a document is tried.
ATTEMPTS = 3

#: Documents of one province that wait in the queue at a time: nobody waits behind all that another has asked for.
SHARE = 4

#: Provinces that are swept at the same time.
AT_ONCE = 2

#: A province that was swept rests for so many seconds: what a busy log asks for meanwhile is asked for together.
REST = 0.02

#: How often facts are indexed in one go, for the trail to be searched: a long log does not delay other provinces.
MARKINGS = 4

#: Seconds after which a job is asked for by its other name. The queue holds the name of a job whose worker was killed
#: before it had taken anything up, and would let nobody ask for it again for minutes. There are two names, so that
#: nothing piles up while no worker is there.
SLOT = 15

#: The queue and the name of the job that makes a document.
LONG, MAKE_EXPORT = "minhchuan:long", "make_export"


class Sweeper:
    """Looks after every province: its exports, the keys of whom its log says are erased, the terms of its trail."""

    def __init__(self, house: App, runs: ExportRuns, queue: Queue) -> None:
        self._house = house
        self._runs = runs
        self._queue = queue
        self._shredder = Shredder(house.store, house.keys)
        self._forgot: dict[str, date] = {}
        self._resting: set[str] = set()

    @asynccontextmanager
    async def at_work(self) -> AsyncIterator[None]:
        """Every province is looked after until the block ends. Tidying waits for no sweep, and no sweep for tidying."""
        provinces, dsn = self._house.tenants.all, self._house.database.dsn
        async with (
            Follower(self._swept, provinces, dsn, at_once=AT_ONCE, rest=lambda _: REST),
            Follower(self.tidy, provinces, dsn, at_once=1, rest=lambda took: took),
        ):
            yield

    async def sweep(self, tenant: Tenant) -> None:
        """Ask for what this province is owed, the oldest first, unless it is suspended. Raises QueueUnavailable.

        Erasures that its log has ordered are carried out first, and in any case.
        """
        try:
            await self._shredder.sweep(tenant)
        except KeysUnavailable:
            log.warning("keys of erased subjects not looked after", tenant=tenant.id)
        await self._runs.learn(tenant)
        for run in [] if self._rests(tenant) else await self._runs.owed(tenant, SHARE):
            if run.attempts < ATTEMPTS:
                await self._queue.ask(LONG, job_name(tenant, run, time.time()), MAKE_EXPORT, tenant.id, str(run.export))
            else:
                await self._give_up(tenant, run)

    async def tidy(self, tenant: Tenant) -> None:
        """Mark what the trail of this province lacks, and let go of old accesses: nobody waits for it."""
        for _ in range(MARKINGS):
            reached = await self._house.part(Searching).learn(tenant)
            if reached.position == reached.last:
                break
        if self._forgot.get(tenant.id) != today():
            await self._house.part(Accesses).forget(tenant)
            self._forgot[tenant.id] = today()

    def _rests(self, tenant: Tenant) -> bool:
        """Whether nothing new is asked for, because the province is suspended; said once, and once when it goes on."""
        if tenant.is_suspended and tenant.id not in self._resting:
            self._resting.add(tenant.id)
            log.info("no documents are made: the province is suspended", tenant=tenant.id, reason=tenant.suspended_for)
        elif not tenant.is_suspended and tenant.id in self._resting:
            self._resting.discard(tenant.id)
            log.info("documents are made again", tenant=tenant.id)
        return tenant.is_suspended

    async def _swept(self, tenant: Tenant) -> None:
        try:
            await self.sweep(tenant)
        except QueueUnavailable as reason:
            log.warning("queue unavailable", tenant=tenant.id, reason=str(reason))

    async def _give_up(self, tenant: Tenant, run: Run) -> None:
        work = self._house.system(tenant, uuid4())
        try:
            await fail_export(work, run.export, run.trouble or "attempts-exhausted")
        except Refused as refused:  # a worker was faster to say why
            log.info("not failed", export=str(run.export), code=refused.code)


def job_name(tenant: Tenant, run: Run, now: float) -> str:
    """Each attempt is another job, by two names in turn; `now` in seconds since the epoch."""
    return f"{tenant.id}:{run.export}:{run.attempts}:{now // SLOT % 2:.0f}"


def pause_after(attempts: int) -> timedelta:
    """How long to wait before the next attempt."""
    return timedelta(seconds=attempts)
