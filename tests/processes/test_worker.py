"""The workers as they run: real processes, a real Redis, killed and flushed."""

import asyncio
import os
import signal
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from datetime import date, timedelta
from uuid import UUID, uuid4

import asyncpg
import pytest
from redis.asyncio import Redis

from domain.export import Document, Export, ExportState, export_stream
from domain.official import Office
from infra.identity.tenants import Tenant, Tenants
from infra.jobs.export_runs import ExportRuns, Run
from infra.jobs.queue import Jobs, QueueUnavailable
from infra.pdf.printer import Printer
from infra.platform import child_processes, embedded
from infra.platform.config import Settings
from infra.platform.database import Database
from services.administration import administer
from services.app import App
from services.exports.requests import cancel_export, export_id, request_export
from services.i18n import load_words
from services.inspection.trail.search import Searching
from services.processes.sweeper import ATTEMPTS, LONG, SHARE, SLOT, Sweeper, job_name
from services.processes.worker import TakenAway, WorkerSettings, Workplace
from services.proof_package.pages import ASSETS
from tests.provinces.papers import workshop
from tests.provinces.story import COMMUNE, Story

#: Longer than a hold, a sweep and a new start.
PATIENCE = 150.0


@contextmanager
def working(settings: Settings, kind: str) -> Iterator[subprocess.Popen[bytes]]:
    """A worker process, as the command line starts it."""
    environment = {**os.environ, **settings.environment()}
    with subprocess.Popen([sys.executable, "-m", "services.cli", "worker", kind], env=environment) as process:
        try:
            yield process
        finally:
            if process.poll() is None:
                process.terminate()
            assert process.wait(60) in (0, -signal.SIGKILL, -signal.SIGTERM, 130), "a worker ends in order"


@contextmanager
def both(settings: Settings) -> Iterator[tuple[subprocess.Popen[bytes], subprocess.Popen[bytes]]]:
    with working(settings, "short") as short, working(settings, "long") as long:
        yield short, long


async def ask(story: Story, document: Document = Document.STANDINGS) -> UUID:
    work = await story.by(Office.INSPECTOR)
    await request_export(work, document, story.season, COMMUNE if document is Document.DECISION else None)
    return export_id(work)


async def state(story: Story, export: UUID) -> ExportState:
    return (await (await story.by(Office.INSPECTOR)).look(Export, export_stream(export))).state


async def until(claim: Callable[[], Awaitable[bool]], pause: float = 0.02) -> None:
    """Wait until it is so."""
    deadline = time.monotonic() + PATIENCE
    while not await claim():
        assert time.monotonic() < deadline, "it never came to be"
        await asyncio.sleep(pause)


async def settled(story: Story, *exports: UUID) -> set[ExportState]:
    """How they ended, all of them."""

    async def over() -> bool:
        return ExportState.QUEUED not in [await state(story, export) for export in exports]

    await until(over)
    return {await state(story, export) for export in exports}


async def kinds_of(story: Story, export: UUID) -> list[str]:
    pages = story.house.store.read(story.tenant, streams=[export_stream(export)])
    return [type(recorded.fact).__qualname__ async for page in pages for recorded in page]


@pytest.fixture
def runs(house: App) -> ExportRuns:
    return ExportRuns(house.database)


# Whole processes --------------------------------------------------------------------------------------


async def test_what_is_asked_for_becomes_ready(services, story):
    await story.decided()
    with both(services):
        exports = [await ask(story), await ask(story, Document.DECISION)]

        assert await settled(story, *exports) == {ExportState.READY}


@pytest.mark.fault
async def test_a_flushed_redis_loses_nothing(services, story):
    with working(services, "short"):
        exports = [await ask(story) for _ in range(5)]
        redis = Redis.from_url(services.redis_url)

        async def asked_in_redis() -> bool:
            return int(await redis.zcard(LONG)) >= SHARE

        await until(asked_in_redis)
        await redis.flushall()
        assert await redis.zcard(LONG) == 0
        await redis.aclose()
        with working(services, "long"):
            assert await settled(story, *exports) == {ExportState.READY}

    for export in exports:
        assert await kinds_of(story, export) == ["Export.Requested", "Export.Finished"]


@pytest.mark.fault
async def test_a_worker_killed_in_the_middle_of_a_document_is_made_good(services, story, runs):
    await story.decided()
    with working(services, "short"):
        with working(services, "long") as long:
            export = await ask(story, Document.DECISION)

            async def taken_up() -> bool:
                found = (await runs.of(story.tenant, [export])).get(export)
                return found is not None and found.attempts == 1

            await until(taken_up, pause=0.002)
            long.kill()
            long.wait()
        assert await state(story, export) is ExportState.QUEUED

        with working(services, "long"):
            assert await settled(story, export) == {ExportState.READY}

    run = (await runs.of(story.tenant, [export]))[export]
    assert run.attempts == 2
    assert await kinds_of(story, export) == ["Export.Requested", "Export.Finished"]


@pytest.mark.fault
async def test_a_worker_told_to_stop_leaves_its_document_to_the_next(services, story, runs):
    await story.decided()
    with working(services, "short"):
        with working(services, "long") as long:
            export = await ask(story, Document.DECISION)

            async def running() -> bool:
                found = (await runs.of(story.tenant, [export])).get(export)
                return found is not None and found.running

            await until(running, pause=0.002)
            long.send_signal(signal.SIGTERM)
            long.wait(60)

        with working(services, "long"):
            assert await settled(story, export) == {ExportState.READY}

    assert (await kinds_of(story, export)).count("Export.Finished") == 1


@pytest.mark.fault
async def test_workers_outlive_a_redis_that_is_killed_and_comes_back(services, story, tmp_path):
    server = embedded.Redis(tmp_path)
    with embedded.in_use(server) as url:
        settings = replace(services, redis_url=url)
        with both(settings) as workers:
            assert await settled(story, await ask(story)) == {ExportState.READY}

            child_processes.end(server.mark, manners=(signal.SIGKILL,))
            export = await ask(story)
            await asyncio.sleep(3)
            server.start()

            assert await settled(story, export) == {ExportState.READY}
            assert [worker.poll() for worker in workers] == [None, None]


# Within this process ----------------------------------------------------------------------------------


@pytest.fixture
async def sweeper(house: App, runs: ExportRuns) -> Sweeper:
    return Sweeper(house, runs, house.jobs)


async def test_what_kills_its_worker_every_time_visibly_fails(story, runs, sweeper):
    export = await ask(story)
    await runs.learn(story.tenant)
    for attempt in range(1, ATTEMPTS + 1):  # three workers that take it up and are never heard of again
        taken = await runs.take(story.tenant, export, uuid4().hex, timedelta())
        assert taken is not None
        assert taken.attempts == attempt

    await sweeper.sweep(story.tenant)

    assert await state(story, export) is ExportState.FAILED
    assert await kinds_of(story, export) == ["Export.Requested", "Export.Failed"]


async def test_tidying_marks_what_came_in_for_the_trail_to_be_searched(story, house, sweeper):
    await sweeper.tidy(story.tenant)

    reached = await house.part(Searching).learn(story.tenant, 0)
    assert reached.position == reached.last > 0


class Alone(Tenants):
    """A registry that knows one province."""

    def __init__(self, dsn: str, tenant: Tenant) -> None:
        super().__init__(dsn)
        self._tenant = tenant

    async def all(self) -> list[Tenant]:
        return [self._tenant]


async def test_a_running_sweeper_tidies_too(story, house, runs, services):
    registry = Alone(services.app_url, story.tenant)

    async def marked() -> bool:
        reached = await house.part(Searching).learn(story.tenant, 0)
        return bool(reached.position == reached.last)

    async with Sweeper(replace(house, tenants=registry), runs, house.jobs).at_work():
        await until(marked)

    await registry.close()


async def test_a_province_that_takes_long_to_tidy_keeps_nobody_waiting_for_a_document(story, house, runs, services):
    # Given a sweeper that is tidying this province, and will be for a while
    registry = Alone(services.app_url, story.tenant)
    at_it, may_end = asyncio.Event(), asyncio.Event()

    class Slow(Sweeper):
        async def tidy(self, tenant: Tenant) -> None:
            at_it.set()
            await may_end.wait()

    async with Slow(replace(house, tenants=registry), runs, house.jobs).at_work():
        await at_it.wait()
        asked = await house.redis.zcard(LONG)

        # When a document is asked for
        await ask(story)

        # Then a worker is told while the tidying goes on
        await until(lambda: _holds_more(house, asked))
        may_end.set()
    await registry.close()


async def test_of_one_province_a_few_documents_wait_at_a_time_the_oldest_first(story, house, runs):
    for _ in range(SHARE + 2):
        await ask(story)
    asked: list[str] = []

    class Noting:
        async def ask(self, _queue: str, _job: str, _function: str, *ids: str) -> bool:
            asked.append(ids[1])
            return True

    sweeper = Sweeper(house, runs, Noting())
    await sweeper.sweep(story.tenant)
    owed = [run.export for run in await runs.owed(story.tenant)]
    await runs.take(story.tenant, owed[0], uuid4().hex, timedelta(seconds=60))
    await sweeper.sweep(story.tenant)

    assert asked == [str(one) for one in (*owed[:SHARE], *owed[1 : SHARE + 1])]


async def test_a_worker_killed_before_it_took_anything_up_blocks_the_name_of_its_job_for_seconds_only(story):
    run = Run(uuid4(), attempts=0, done=0, total=0, running=False, over=False, trouble="")

    names = [job_name(story.tenant, run, now) for now in (0, SLOT - 1, SLOT)]

    assert names[0] == names[1] != names[2]


async def test_while_no_worker_is_there_nothing_piles_up_in_the_queue(story):
    run = Run(uuid4(), attempts=0, done=0, total=0, running=False, over=False, trouble="")

    names = {job_name(story.tenant, run, now) for now in range(24 * 60 * 60)}

    assert len(names) == 2


async def test_only_one_worker_holds_a_document(story, runs):
    export = await ask(story)
    await runs.learn(story.tenant)

    first = await runs.take(story.tenant, export, "one", timedelta(seconds=30))
    second = await runs.take(story.tenant, export, "two", timedelta(seconds=30))

    assert first is not None
    assert second is None
    assert await runs.go_on(story.tenant, export, "one", timedelta(seconds=30), 1, 2)
    assert not await runs.go_on(story.tenant, export, "two", timedelta(seconds=30), 1, 2)
    run = (await runs.of(story.tenant, [export]))[export]
    assert (run.running, run.done, run.total) == (True, 1, 2)


async def test_what_is_held_is_not_asked_for_again(story, runs):
    export = await ask(story)
    await runs.learn(story.tenant)
    await runs.take(story.tenant, export, "one", timedelta(seconds=30))

    assert export not in [run.export for run in await runs.owed(story.tenant)]


async def test_a_job_that_runs_twice_makes_one_document(house, story, runs):
    export = await ask(story)
    await runs.learn(story.tenant)
    async with workshop(house) as shop:
        place = Workplace(house, runs, shop)
        for _ in range(2):
            await place.make_export({}, story.tenant.id, str(export))
            await runs.learn(story.tenant)

    assert await kinds_of(story, export) == ["Export.Requested", "Export.Finished"]


async def test_a_job_for_a_province_that_is_not_does_nothing(house, runs):
    async with workshop(house) as shop:
        await Workplace(house, runs, shop).make_export({}, "t_999999", str(uuid4()))


async def test_what_is_cancelled_meanwhile_is_not_made(house, story, runs):
    export = await ask(story)
    await runs.learn(story.tenant)
    await cancel_export(await story.by(Office.INSPECTOR), export)
    await runs.learn(story.tenant)
    async with workshop(house) as shop:
        await Workplace(house, runs, shop).make_export({}, story.tenant.id, str(export))

    assert await kinds_of(story, export) == ["Export.Requested", "Export.Cancelled"]


async def test_a_worker_whose_document_was_taken_away_stops(house, story, runs):
    export = await ask(story)
    await runs.learn(story.tenant)
    await runs.take(story.tenant, export, "one", WorkerSettings.hold)
    stopped = asyncio.Event()

    async def making(progress) -> None:
        await cancel_export(await story.by(Office.INSPECTOR), export)
        await runs.learn(story.tenant)
        try:
            await progress(1, 2)
        finally:
            stopped.set()

    async with workshop(house) as shop:
        with pytest.raises(TakenAway):
            await Workplace(house, runs, shop)._held(story.tenant, export, "one", making)  # type: ignore[arg-type]

    assert stopped.is_set()


async def test_a_refusal_fails_the_document_at_once_with_its_code(house, story, runs):
    subject = f"gone-{story.season}"
    await story.enrol(subject, Office.INSPECTOR, "99")
    work = await story.by(subject)
    await request_export(work, Document.STANDINGS, story.season)
    export = export_id(work)
    (mandate,) = work.actor.mandates
    await administer.end_mandate(
        await story.as_administrator(), story.person(subject), mandate.id, date(2020, 1, 1), "9/QĐ"
    )
    await runs.learn(story.tenant)
    async with workshop(house) as shop:
        await Workplace(house, runs, shop).make_export({}, story.tenant.id, str(export))

    pages = story.house.store.read(story.tenant, streams=[export_stream(export)])
    last = [recorded async for page in pages for recorded in page][-1]
    assert last.fact.reason == "not-permitted"


@pytest.mark.parametrize(
    ("asked", "reason"),
    [
        ("tu=2024-01-01T00:00:00&den=2024-01-02T00:00:00%2B07:00", "search-unreadable"),
        ("tu=0001-01-01T00:00:00%2B14:00", "search-unreadable"),
        ("den=9999-12-31T23:59:59.999999-12:00", "search-unreadable"),
        ("tim=a%00b", "search-unreadable"),
        ("tu=2024-01-02T00:00:00%2B07:00&den=2024-01-01T00:00:00%2B07:00", "period-reversed"),
    ],
)
async def test_a_search_of_an_old_request_that_cannot_be_read_fails_once(house, story, runs, asked, reason):
    work = await story.by(Office.INSPECTOR)
    export = export_id(work)
    name = export_stream(export)
    position = await house.store.position(story.tenant)
    await work.create(
        name, Export(id=work.id_of(name), document=Document.TRAIL, season="", at_position=position, asked=asked)
    )
    await runs.learn(story.tenant)
    async with workshop(house) as shop:
        await Workplace(house, runs, shop).make_export({}, story.tenant.id, str(export))

    pages = house.store.read(story.tenant, streams=[export_stream(export)])
    assert [getattr(recorded.fact, "reason", None) async for page in pages for recorded in page][1:] == [reason]
    assert load_words()["vi"].knows(f"export.reason.{reason}")


async def test_trouble_is_tried_again_and_then_told(house, story, runs, tmp_path):
    """The printer finds none of its assets, each time."""
    await story.decided()
    export = await ask(story, Document.DECISION)
    await runs.learn(story.tenant)
    async with workshop(house) as shop:
        shop.printer._presses[0]._assets = tmp_path
        await shop.printer._presses[0].kill()
        place = Workplace(house, runs, shop)
        for _ in range(ATTEMPTS):
            await place.make_export({}, story.tenant.id, str(export))
            await runs.let_go(story.tenant, export, "", timedelta())  # nobody waits for the pause here

    pages = story.house.store.read(story.tenant, streams=[export_stream(export)])
    facts = [recorded.fact async for page in pages for recorded in page]
    assert facts[-1].reason == "printing-failed"
    assert (await runs.of(story.tenant, [export]))[export].attempts == ATTEMPTS


class CutOff(Printer):
    """A printer. While it is at work the server ends a connection by which somebody reads."""

    def __init__(self, database: Database, tenant: Tenant, superuser: asyncpg.Connection) -> None:
        super().__init__(ASSETS)
        self._database, self._tenant, self._superuser = database, tenant, superuser
        self.count = 0

    async def print(self, html: str, identifier: bytes, attached: Mapping[str, bytes] | None = None) -> bytes:
        self.count += 1
        async with self._database.reading(self._tenant) as connection:
            await self._superuser.execute(
                "SELECT pg_terminate_backend($1)", await connection.fetchval("SELECT pg_backend_pid()")
            )
            while True:
                await connection.fetchval("SELECT 1")


async def test_a_database_that_is_away_uses_up_no_attempt(house, story, runs, superuser):
    # Given a document during each attempt at which the database is lost, more often than one is tried
    await story.decided()
    export = await ask(story, Document.DECISION)
    await runs.learn(story.tenant)
    async with workshop(house) as shop:
        cut = CutOff(house.database, story.tenant, superuser)
        away = Workplace(house, runs, shop._replace(printer=cut))
        for _ in range(ATTEMPTS + 1):
            await away.make_export({}, story.tenant.id, str(export))
            await runs.let_go(story.tenant, export, "", timedelta())  # nobody waits for the pause here

        run = (await runs.of(story.tenant, [export]))[export]
        assert (cut.count, run.attempts, run.trouble) == (ATTEMPTS + 1, 0, "")
        assert export in [one.export for one in await runs.owed(story.tenant)]

        # When the database is back
        await Workplace(house, runs, shop).make_export({}, story.tenant.id, str(export))

    assert await kinds_of(story, export) == ["Export.Requested", "Export.Finished"]


async def test_what_is_put_off_takes_nothing_from_who_has_taken_it_up_meanwhile(story, runs):
    export = await ask(story)
    await runs.learn(story.tenant)
    await runs.take(story.tenant, export, "one", timedelta())
    await runs.take(story.tenant, export, "two", timedelta(seconds=30))

    await runs.put_off(story.tenant, export, "one", timedelta())

    run = (await runs.of(story.tenant, [export]))[export]
    assert (run.attempts, run.running) == (1, True)
    assert await runs.go_on(story.tenant, export, "two", timedelta(seconds=30), 1, 2)


async def test_the_table_can_be_lost_and_is_made_again_from_the_log(services, story, runs, sweeper):
    waiting, over = await ask(story), await ask(story)
    await cancel_export(await story.by(Office.INSPECTOR), over)
    await runs.learn(story.tenant)
    owner = await asyncpg.connect(services.database_url)
    await owner.execute(f"DELETE FROM {story.tenant.id}.export_runs")
    await owner.execute(f"UPDATE {story.tenant.id}.export_watch SET position = 0")
    await owner.close()

    await runs.learn(story.tenant)

    found = await runs.of(story.tenant, [waiting, over])
    assert (found[waiting].over, found[over].over) == (False, True)


async def test_without_redis_the_request_stands_and_nothing_is_lost(story, runs, house, tmp_path, monkeypatch):
    monkeypatch.setattr("infra.jobs.queue.TRIES", 1)
    nowhere = Jobs.at(f"unix://{tmp_path}/nobody.sock", "x" * 32)
    export = await ask(story)
    with pytest.raises(QueueUnavailable):
        await Sweeper(house, runs, nowhere).sweep(story.tenant)
    await nowhere.close()

    assert export in [run.export for run in await runs.owed(story.tenant)]
    assert await state(story, export) is ExportState.QUEUED


async def test_a_province_in_trouble_keeps_the_sweeper_from_no_other(story, house, runs, sweeper, tenants, services):
    broken = await tenants.create(slug=f"a-{uuid4().hex}", province_code="98", name="A: the first to be swept")
    owner = await asyncpg.connect(services.database_url)
    await owner.execute(f"DROP TABLE {broken.id}.export_runs")
    await owner.close()
    export = await ask(story)
    asked = await house.redis.zcard(LONG)

    async with sweeper.at_work():
        await until(lambda: _holds_more(house, asked))

    assert export in [run.export for run in await runs.owed(story.tenant)]


async def _holds_more(house: App, asked: int) -> bool:
    return bool(await house.redis.zcard(LONG) > asked)
