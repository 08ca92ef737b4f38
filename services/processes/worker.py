"""The workers: `minhchuan worker short` looks after what is owed, `minhchuan worker long` makes documents.

Two processes, so that a document which crashes its worker delays nothing short. A job holds ids, may run twice and
may be killed at any point: what it did is either a fact in the log or it never was.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from contextlib import AsyncExitStack, suppress
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import structlog
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import RedisError
from redis.exceptions import TimeoutError as RedisTimeoutError

from domain.errors import KeysUnavailable, Refused
from infra.identity.tenants import Tenant
from infra.jobs import queue
from infra.jobs.export_runs import ExportRuns, Run
from infra.log.group_commit import OutcomeUnknown
from infra.pdf.printer import Printer, PrintingFailed
from infra.platform.config import Misconfigured, Settings
from infra.platform.database import AWAY, begun_again
from services import documents
from services.app import App
from services.exports.kind import FinishedDocument, Progress, Unsealed, Workshop
from services.exports.registry import export_kinds
from services.exports.requests import fail_export, finish_export, make
from services.privacy.personal_data import PersonalDataReader
from services.processes.health import beating
from services.processes.sweeper import ATTEMPTS, LONG, MAKE_EXPORT, Sweeper, pause_after
from services.wiring import wired
from services.work import Work

log = structlog.get_logger("worker")


#: What is no document's fault: the database, that of the keys, or Redis is away.
OFF = (*AWAY, OutcomeUnknown, KeysUnavailable, RedisConnectionError, RedisTimeoutError)


class WorkerSettings:
    """How the workers behave; all numbers in one place."""

    at_once = 2  # jobs: one prints while another reads
    patience = 180.0  # seconds a job may take
    hold = timedelta(seconds=12)  # a killed worker's document is taken up again after this
    beat = 3.0  # seconds between two signs of life
    until_sealed = timedelta(seconds=10)  # between two looks at a log that is not sealed or cosigned far enough
    until_back = timedelta(seconds=1)  # between two tries while the database is away
    again = 1.0  # seconds before a worker that lost Redis for good begins anew


class TakenAway(Exception):
    """The document is no longer wanted, or another worker holds it."""


def run(settings: Settings, kind: str) -> None:
    """Work until told to stop."""
    asyncio.run(serve(settings, kind))


async def serve(settings: Settings, kind: str) -> None:
    """Work until cancelled or told to stop by a signal; a Redis that is away for long only delays."""
    async with beating(settings, f"worker-{kind}"), wired(settings) as house, AsyncExitStack() as stack:
        runs = ExportRuns(house.database)
        if kind == "short":
            await stack.enter_async_context(Sweeper(house, runs, house.jobs).at_work())
            await asyncio.Event().wait()
        printer = Printer(Path(documents.__file__).parent)
        try:
            await stack.enter_async_context(printer)
        except PrintingFailed as lacking:
            raise Misconfigured(str(lacking)) from lacking
        export_kinds()  # what makes documents is loaded before the first is asked for
        place = Workplace(house, runs, workshop_of(house, printer))
        while True:
            if await _work(settings, LONG, {MAKE_EXPORT: place.make_export}):
                return
            await asyncio.sleep(WorkerSettings.again)


def workshop_of(house: App, printer: Printer) -> Workshop:
    """What documents are made with."""
    return Workshop(house.people, house.reads, printer, house.database, house.seals, house.part(PersonalDataReader))


async def _work(settings: Settings, name: str, functions: dict[str, queue.Job]) -> bool:
    """Work until told to stop (True) or until Redis was away for too long (False)."""
    worker = queue.worker(
        settings.redis_url,
        settings.secret,
        name,
        functions,
        at_once=WorkerSettings.at_once,
        patience=WorkerSettings.patience,
    )
    log.info("working", queue=name)
    try:
        await worker.async_run()
    except asyncio.CancelledError:
        return True
    except (RedisError, OSError) as reason:
        log.warning("Redis is away", reason=str(reason))
        return False
    finally:
        await queue.closed(worker)
    return True


# Making documents -------------------------------------------------------------------------------------


class Workplace:
    """Makes what was asked for, holding it meanwhile, and records how it ended."""

    def __init__(self, house: App, runs: ExportRuns, workshop: Workshop) -> None:
        self._house = house
        self._runs = runs
        self._workshop = workshop
        self._putting_off: set[asyncio.Task[None]] = set()

    async def make_export(self, _context: dict[str, Any], tenant_id: str, export: str) -> None:
        """The job: it finds everything by these ids, or finds that there is nothing to do."""
        if tenant := await self._house.tenants.by_id(tenant_id):
            await self.take_up(tenant, UUID(export))

    async def take_up(self, tenant: Tenant, export: UUID) -> None:
        """Make one document, unless it is over, somebody else is at it, or the province is suspended: then it waits."""
        if tenant.is_suspended:
            log.info("not made: the province is suspended", tenant=tenant.id, export=str(export))
            return
        holder = uuid4().hex
        taken = await self._runs.take(tenant, export, holder, WorkerSettings.hold)
        if taken is None:
            return
        work = self._house.system(tenant, uuid4())
        about = log.bind(tenant=tenant.id, export=str(export), attempt=taken.attempts)
        about.info("taken up")
        try:
            await self._attempt(work, export, holder, taken)
        except OFF as reason:
            about.warning("put off: the database or Redis is away", reason=repr(reason))
            await self._put_off(tenant, export, holder)

    async def _attempt(self, work: Work, export: UUID, holder: str, taken: Run) -> None:
        """Make one document that we hold, and record how it ended. Raises what `OFF` lists."""
        tenant = work.tenant
        about = log.bind(tenant=tenant.id, export=str(export), attempt=taken.attempts)
        trouble, pause = "", pause_after(taken.attempts)
        try:
            made = await self._held(
                tenant, export, holder, lambda progress: begun_again(make)(self._workshop, work, export, progress)
            )
            await finish_export(work, export, made)
            about.info("made", bytes=len(made.content))
        except TakenAway:
            about.info("no longer wanted")
        except OFF:
            raise
        except Refused as refused:
            about.info("refused", code=refused.code)
            await fail_export(work, export, refused.code)
        except PrintingFailed as failed:
            about.warning("not printed", reason=str(failed))
            trouble = failed.code
        except Unsealed as waiting:
            about.info("waits for the seal", code=waiting.code)
            trouble, pause = waiting.code, WorkerSettings.until_sealed
        except asyncio.CancelledError:  # told to stop: another worker may begin at once
            with suppress(*OFF):
                await asyncio.shield(self._runs.let_go(tenant, export, holder, timedelta()))
            about.info("let go")
            raise
        except Exception:
            log.exception("not made", export=str(export))
            trouble = "crashed"
        if trouble and taken.attempts >= ATTEMPTS:
            await fail_export(work, export, trouble)
        elif trouble:
            await self._runs.let_go(tenant, export, holder, pause, trouble)

    async def _put_off(self, tenant: Tenant, export: UUID, holder: str) -> None:
        """Take back that an attempt was counted, once the database is there again, even when the job is cancelled."""

        async def until_done() -> None:
            while True:
                try:
                    return await self._runs.put_off(tenant, export, holder, WorkerSettings.until_back)
                except OFF:
                    await asyncio.sleep(WorkerSettings.until_back.total_seconds())

        task = asyncio.create_task(until_done())
        self._putting_off.add(task)
        task.add_done_callback(self._putting_off.discard)
        await asyncio.shield(task)

    async def _held(
        self,
        tenant: Tenant,
        export: UUID,
        holder: str,
        making: Callable[[Progress], Coroutine[Any, Any, FinishedDocument]],
    ) -> FinishedDocument:
        """Make it, saying now and then that we still live. Raises TakenAway when it is no longer ours."""
        steps = (0, 0)

        async def progress(done: int, total: int) -> None:
            nonlocal steps
            steps = done, total
            if not await self._runs.go_on(tenant, export, holder, WorkerSettings.hold, done, total):
                raise TakenAway

        task = asyncio.create_task(making(progress))
        try:
            while not (await asyncio.wait({task}, timeout=WorkerSettings.beat))[0]:
                await progress(*steps)
            return task.result()
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
