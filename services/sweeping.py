"""What the tables say is owed is asked for again, until it is done or has visibly failed.

A queue may be flushed and a worker killed at any moment. The sweeper looks at each province when its log has grown
and every few seconds besides, and asks for whatever nobody works on; asking twice does no harm. What was tried too
often fails, and everybody can see that.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from datetime import date, timedelta
from uuid import uuid5

import structlog

from domain.errors import KeysUnavailable, Refused
from infra.database import Listener
from infra.eventstore import GROWN
from infra.export_runs import ExportRuns, Run
from infra.queue import Queue, QueueUnavailable
from infra.tenants import Tenant
from services.clock import today
from services.exporting import fail_export
from services.personal import Shredder
from services.wiring import Wiring

log = structlog.get_logger("sweeper")

#: How often a document is tried.
ATTEMPTS = 3

#: The longest time in seconds until a lost hint, an ended hold or a flushed queue is noticed.
PERIOD = 1.0

#: How often in one sweep facts are marked, for the trail to be searched: a long log does not delay other provinces.
MARKINGS = 4

#: The queue and the name of the job that makes a document.
LONG, MAKE_EXPORT = "minhchuan:long", "make_export"


class Sweeper:
    """Looks after every province: its exports, the marks of its trail, the keys of whom its log says are erased."""

    def __init__(self, house: Wiring, runs: ExportRuns, queue: Queue) -> None:
        self._house = house
        self._runs = runs
        self._queue = queue
        self._shredder = Shredder(house.store, house.keys)
        self._forgot: dict[str, date] = {}
        self._grown: set[str] = set()
        self._untidy: dict[str, Tenant] = {}
        self._look_at_all = True
        self._wake = asyncio.Event()

    async def run(self) -> None:
        """Sweep until cancelled. Trouble with one province, or with Redis, is told and tried again."""
        async with Listener(self._house.database.dsn, GROWN, self._heard, poll=PERIOD):
            while True:
                await self._wake.wait()
                self._wake.clear()
                begun = time.monotonic()
                grown, self._grown = self._grown, set()
                all_of_them, self._look_at_all = self._look_at_all, False
                try:
                    for tenant in await self._house.tenants.all():
                        if all_of_them or tenant.id in grown:
                            await self._try(self.sweep, tenant)
                            self._untidy[tenant.id] = tenant
                except QueueUnavailable as reason:
                    log.warning("queue unavailable", reason=str(reason))
                except Exception:
                    log.exception("no provinces to sweep")
                await self._tidy_for(time.monotonic() - begun)

    async def _tidy_for(self, seconds: float) -> None:
        """Tidy one province after the other, for so long at least, and on until there is something to ask for."""
        end = time.monotonic() + seconds
        while self._untidy:
            await self._try(self.tidy, self._untidy.pop(next(iter(self._untidy))))
            if self._wake.is_set() and time.monotonic() > end:
                break

    async def _try(self, deed: Callable[[Tenant], Awaitable[None]], tenant: Tenant) -> None:
        """See to one province; its trouble is not the others'. Raises QueueUnavailable."""
        try:
            await deed(tenant)
        except QueueUnavailable:
            raise
        except Exception:
            log.exception("sweep failed", tenant=tenant.id)

    async def sweep(self, tenant: Tenant) -> None:
        """Ask for everything this province is owed. Raises QueueUnavailable."""
        await self._runs.learn(tenant)
        for run in await self._runs.owed(tenant):
            if run.attempts < ATTEMPTS:
                await self._queue.ask(LONG, job_name(tenant, run), MAKE_EXPORT, tenant.id, str(run.export))
            else:
                await self._give_up(tenant, run)
        try:
            await self._shredder.sweep(tenant)
        except KeysUnavailable:
            log.warning("keys of erased subjects not looked after", tenant=tenant.id)

    async def tidy(self, tenant: Tenant) -> None:
        """Mark the trail of this province as far as it has come, and let go of old accesses: nobody waits for it."""
        for _ in range(MARKINGS):
            reached = await self._house.searching.learn(tenant)
            if reached.position == reached.last:
                break
        if self._forgot.get(tenant.id) != today():
            await self._house.accesses.forget(tenant)
            self._forgot[tenant.id] = today()

    async def _give_up(self, tenant: Tenant, run: Run) -> None:
        work = self._house.system(tenant, uuid5(run.export, "fail"))
        try:
            await fail_export(work, run.export, run.trouble or "attempts-exhausted")
        except Refused as refused:  # a worker was faster to say why
            log.info("not failed", export=str(run.export), code=refused.code)

    def _heard(self, tenant: str | None) -> None:
        if tenant is None:
            self._look_at_all = True
        else:
            self._grown.add(tenant)
        self._wake.set()


def job_name(tenant: Tenant, run: Run) -> str:
    """Each attempt is another job: the queue may still hold the name of one whose worker was killed."""
    return f"{tenant.id}:{run.export}:{run.attempts}"


def pause_after(attempts: int) -> timedelta:
    """How long to wait before the next attempt."""
    return timedelta(seconds=attempts)
