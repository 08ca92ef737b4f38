import asyncio
from collections.abc import AsyncIterator
from datetime import datetime
from random import Random
from typing import Any
from uuid import UUID

import asyncpg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from domain.catalogue import AGGREGATES, FACTS
from domain.fact import Fact, Recorded
from domain.season import Season
from domain.unit import Level, Unit, unit_stream
from infra.identity.tenants import Tenant
from infra.log.eventstore import EventStore
from infra.log.mapper import Mapper
from infra.platform.database import Database, HasId
from infra.readmodels.projector import Projector
from infra.readmodels.reading import KEPT, BeingRebuilt, ReadModels
from projections.catalogue import PROJECTIONS
from projections.fold import Projection, fold
from projections.tables.seasons import SEASONS, SeasonRow
from projections.tables.sheets import SHEETS
from projections.tables.standings import STANDINGS
from projections.tables.units import UNITS
from services.processes.projector import following
from tests.infra.logs import MAPPER, write
from tests.projections.histories import INDICATORS, Province, a_long_history
from tests.projections.story import DOSSIER, KEY, SEASON, told


@pytest.fixture
async def store(database: Database) -> AsyncIterator[EventStore]:
    store = EventStore(database, MAPPER)
    yield store
    await store.close()


@pytest.fixture
async def projector(database: Database, store: EventStore) -> AsyncIterator[Projector]:
    projector = Projector(database, store, PROJECTIONS)
    yield projector
    await projector.close()


async def a_log(store: EventStore, tenant: Tenant, acts: int = 400, seed: int = 1) -> list[Recorded]:
    """A long history, written; as it stands in the log."""
    await write(store, tenant, a_long_history(acts, seed, tenant.id).commands)
    return await the_log(store, tenant)


async def the_log(store: EventStore, tenant: Tenant, upto: int | None = None) -> list[Recorded]:
    return [one async for page in store.read(tenant, upto=upto) for one in page]


async def tables(models: ReadModels, tenant: Tenant, position: int | None = None) -> dict[str, list[Any]]:
    """Every row of every question."""
    async with models.at(tenant, position) as view:
        return {one.name: await view.all(one) for one in PROJECTIONS}


def folded(log: list[Recorded]) -> dict[str, list[Any]]:
    return {one.name: [row for _, row in sorted(fold(one, log).items())] for one in PROJECTIONS}


# Live -------------------------------------------------------------------------------------------------


async def test_the_tables_hold_what_one_fold_over_the_log_makes(store, tenant, projector, models):
    log = await a_log(store, tenant)

    await projector.catch_up(tenant)

    assert await tables(models, tenant) == folded(log)


@settings(max_examples=6, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(cuts=st.lists(st.integers(1, 40), min_size=1, max_size=6), batch=st.integers(1, 50))
async def test_live_batches_of_any_size_and_a_rebuild_make_the_same_rows(tenants, database, store, models, cuts, batch):
    tenant = await tenants.create(slug=f"p-{id(cuts)}-{batch}-{len(cuts)}", province_code="99", name="Tỉnh Mẫu")
    commands = a_long_history(250, sum(cuts), tenant.id).commands
    live = Projector(database, store, PROJECTIONS, batch=batch)
    while commands:
        for cut in cuts:
            await write(store, tenant, commands[:cut])
            commands = commands[cut:]
            await live.catch_up(tenant)
    kept_up = await tables(models, tenant)
    await live.close()
    other = Projector(database, store, PROJECTIONS)

    await other.rebuild(tenant)

    assert await tables(models, tenant) == kept_up == folded(await the_log(store, tenant))
    await other.close()


async def test_a_projector_without_memory_goes_on_where_another_stopped(database, store, tenant, models):
    commands = a_long_history(400, 2, tenant.id).commands
    half = len(commands) // 2
    for part in (commands[:half], commands[half:]):
        await write(store, tenant, part)
        fresh = Projector(database, store, PROJECTIONS)
        await fresh.catch_up(tenant)
        await fresh.close()

    assert await tables(models, tenant) == folded(await the_log(store, tenant))


async def test_several_projectors_at_once_fold_every_fact_exactly_once(database, store, tenant, models):
    commands = a_long_history(500, 3, tenant.id).commands
    several = [Projector(database, store, PROJECTIONS, batch=20) for _ in range(3)]
    await several[0].catch_up(tenant)

    async def keep_up(projector: Projector, *, until: asyncio.Event) -> int:
        folded = 0
        while not until.is_set():
            folded += await projector.catch_up(tenant)
            await asyncio.sleep(0)
        return folded + await projector.catch_up(tenant)

    written = asyncio.Event()
    async with asyncio.TaskGroup() as group:
        keeping = [group.create_task(keep_up(one, until=written)) for one in several]
        await write(store, tenant, commands)
        written.set()

    log = await the_log(store, tenant)
    assert sum(task.result() for task in keeping) == len(log)
    assert await tables(models, tenant) == folded(log)
    for one in several:
        await one.close()


async def test_what_is_folded_already_is_not_folded_again(store, tenant, projector, models):
    await a_log(store, tenant)
    await projector.catch_up(tenant)

    assert await projector.catch_up(tenant) == 0


async def test_a_row_that_ends_is_taken_out_of_the_table(database, store, tenant, models):
    """No fact of today ends a row; a question of the test's own does."""
    mayfly = a_question_that_forgets()
    projector = Projector(database, store, [mayfly])
    province = told_in(tenant, "opened")
    await write(store, tenant, province.commands)
    await projector.catch_up(tenant)
    before = await row_of(models, tenant, mayfly)

    province.do(season_of(province), lambda it: it.suspend("chờ hướng dẫn", "7/CV"))
    await write(store, tenant, province.commands[-1:])
    await projector.catch_up(tenant)

    assert before is not None
    assert await row_of(models, tenant, mayfly) is None
    await projector.close()


# Read again -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kept", [KEPT, 20_000, 0], ids=["all kept", "some forgotten", "none kept"])
async def test_rows_that_are_read_again_and_again_are_those_of_the_log_each_time(
    database, store, tenant, projector, kept
):
    models = ReadModels(database, store, kept)
    commands = a_long_history(300, 5, tenant.id).commands

    for place in range(0, len(commands), 40):
        await write(store, tenant, commands[place : place + 40])
        await projector.catch_up(tenant)

        assert await tables(models, tenant) == folded(await the_log(store, tenant))
    await models.close()


async def test_who_began_to_look_earlier_sees_the_rows_of_then_though_others_have_seen_later_ones(
    store, tenant, projector, models
):
    commands = a_long_history(300, 6, tenant.id).commands
    half = len(commands) // 2
    await write(store, tenant, commands[:half])
    await projector.catch_up(tenant)
    then = folded(await the_log(store, tenant))

    async with models.at(tenant) as earlier:
        # Pages are not idle for seconds; who writes and folds beside a look on a busy machine can be.
        await earlier._connection.execute("SET LOCAL idle_in_transaction_session_timeout = 0")
        await write(store, tenant, commands[half:])
        await projector.catch_up(tenant)
        later = await tables(models, tenant)
        seen = {one.name: await earlier.all(one) for one in PROJECTIONS}

    assert seen == then
    assert later == folded(await the_log(store, tenant)) != then


async def test_a_row_that_did_not_change_is_not_read_again(store, tenant, projector, models):
    province = told_in(tenant, "opened")
    await write(store, tenant, province.commands)
    await projector.catch_up(tenant)
    before = await tables(models, tenant)

    province.do(season_of(province), lambda it: it.suspend("chờ hướng dẫn", "7/CV"))
    await write(store, tenant, province.commands[-1:])
    await projector.catch_up(tenant)
    after = await tables(models, tenant)

    assert after[SEASONS.name] != before[SEASONS.name]
    assert before[STANDINGS.name]
    assert all(one is other for one, other in zip(before[STANDINGS.name], after[STANDINGS.name], strict=True))


async def test_a_row_that_has_ended_is_not_listed_any_more(database, store, tenant, models):
    mayfly = a_question_that_forgets()
    projector = Projector(database, store, [mayfly])
    province = told_in(tenant, "opened")
    await write(store, tenant, province.commands)
    await projector.catch_up(tenant)
    before = await rows_of(models, tenant, mayfly)

    province.do(season_of(province), lambda it: it.suspend("chờ hướng dẫn", "7/CV"))
    await write(store, tenant, province.commands[-1:])
    await projector.catch_up(tenant)

    left = [row.season for row in await rows_of(models, tenant, mayfly)]
    assert [row.season for row in before] == [*left, SEASON]
    await projector.close()


# Rebuilding -------------------------------------------------------------------------------------------


async def test_a_projection_of_another_version_is_rebuilt_by_itself(database, store, tenant, projector, models):
    await a_log(store, tenant)
    await projector.catch_up(tenant)
    newer = another_version(UNITS, version=UNITS.version + 1)
    renewed = Projector(database, store, [newer])

    async with models.at(tenant) as view:
        with pytest.raises(BeingRebuilt):
            await view.one(newer, "25441")
    await renewed.catch_up(tenant)

    async with models.at(tenant) as view:
        assert await view.one(newer, "25441") is not None
        with pytest.raises(BeingRebuilt):
            await view.one(UNITS, "25441")
    await renewed.close()


async def test_pages_read_on_while_everything_is_rebuilt_and_new_facts_come_in(database, store, tenant, models):
    province = told_in(tenant, "supported")
    await write(store, tenant, province.commands)
    projector = Projector(database, store, PROJECTIONS, batch=7)
    await projector.catch_up(tenant)
    before = await tables(models, tenant)
    seen: list[dict[str, list[Any]]] = []

    async def look() -> None:
        while not rebuilt.done():
            seen.append(await tables(models, tenant))

    rebuilt = asyncio.create_task(projector.rebuild(tenant))
    await look()

    done = await rebuilt
    assert done is not None
    assert done.facts == len(province.log)
    assert seen
    assert all(one == before for one in seen)
    await projector.close()


async def test_facts_that_come_in_during_a_rebuild_are_in_the_new_rows(database, store, tenant, models):
    commands = a_long_history(600, 4, tenant.id).commands
    await write(store, tenant, commands[:100])
    projector = Projector(database, store, PROJECTIONS, batch=50)
    await projector.catch_up(tenant)

    rebuilt, _ = await asyncio.gather(projector.rebuild(tenant), write(store, tenant, commands[100:]))
    await projector.catch_up(tenant)

    assert rebuilt is not None
    assert await tables(models, tenant) == folded(await the_log(store, tenant))
    await projector.close()


async def test_old_rows_do_not_pile_up(store, tenant, projector, services):
    await a_log(store, tenant, 100)
    for _ in range(3):
        await projector.rebuild(tenant)

    owner = await asyncpg.connect(services.database_url)
    generations = await owner.fetch(f"SELECT DISTINCT projection, generation FROM {tenant.id}.projected")
    await owner.close()
    assert len(generations) == len({row["projection"] for row in generations})


class StuckInASeason(EventStore):
    """Gives what belongs to no season, and then nothing more."""

    def __init__(self, database: Database) -> None:
        super().__init__(database, MAPPER)
        self.stuck = asyncio.Event()

    async def read(self, tenant: HasId, **asked: Any) -> AsyncIterator[list[Recorded]]:
        if asked["season"]:
            self.stuck.set()
            await asyncio.Event().wait()
        async for page in super().read(tenant, **asked):
            yield page


async def test_a_first_rebuild_that_is_killed_half_way_leaves_nothing_in_the_way_of_the_next(
    database, store, tenant, projector, models
):
    log = await a_log(store, tenant)
    first_log = StuckInASeason(database)
    first = Projector(database, first_log, PROJECTIONS)
    rebuilding = asyncio.create_task(first.catch_up(tenant))
    await first_log.stuck.wait()
    rebuilding.cancel()
    await asyncio.wait([rebuilding])
    await first_log.close()
    await first.close()

    await projector.catch_up(tenant)

    assert await tables(models, tenant) == folded(log)


async def test_only_one_rebuild_of_a_province_runs_at_a_time(store, tenant, projector, database):
    await a_log(store, tenant, 200)
    other = Projector(database, store, PROJECTIONS)

    done = await asyncio.gather(projector.rebuild(tenant), other.rebuild(tenant))

    assert sorted(one is None for one in done) in ([False, True], [False, False])
    assert any(done)
    await other.close()


# What cannot be folded, read or written ---------------------------------------------------------------


async def test_a_fact_that_cannot_be_folded_stops_its_row_and_is_named(database, store, tenant, models):
    province = told_in(tenant, "scored")
    before = len(province.log)
    await write(store, tenant, province.commands)
    poisoned = poisoned_by_suspension()
    projector = Projector(database, store, [poisoned, SHEETS], batch=5)
    await projector.catch_up(tenant)
    province.do(season_of(province), lambda it: it.suspend("chờ hướng dẫn", "7/CV"))
    province.do(season_of(province), lambda it: it.resume("có hướng dẫn", "8/CV"))
    await write(store, tenant, province.commands[-2:])

    await projector.catch_up(tenant)

    status = await models.status(tenant)
    [stopped] = status.stopped
    assert (stopped.projection, stopped.key, stopped.position) == ("poisoned", SEASON, before + 1)
    assert "a mistake in the fold" in stopped.reason
    assert status.behind == 0
    assert await models.reached(tenant, len(province.log), [poisoned], timeout=5)
    assert await row_of(models, tenant, poisoned) == fold(SEASONS, province.log[:before])[SEASON]
    await projector.close()


async def test_who_reads_a_stopped_row_is_told_now_and_then_and_who_reads_another_is_not(
    database, store, tenant, models
):
    province = told_in(tenant, "scored")
    province.do(season_of(province), lambda it: it.suspend("chờ hướng dẫn", "7/CV"))
    await write(store, tenant, province.commands)
    poisoned = poisoned_by_suspension()
    projector = Projector(database, store, [poisoned, SHEETS])
    await projector.catch_up(tenant)

    for position in (None, len(province.log)):
        async with models.at(tenant, position) as view:
            await view.one(SHEETS, KEY)
            assert not view.lacks
            await view.one(poisoned, SEASON)
            assert view.lacks == {len(province.log)}
        async with models.at(tenant, position) as view:
            await view.all(poisoned)
            assert view.lacks == {len(province.log)}
    async with models.at(tenant, len(province.log) - 1) as view:
        await view.all(poisoned)
        assert not view.lacks
    await projector.close()


async def test_a_fact_that_does_not_say_which_rows_it_concerns_stops_those_of_its_season(
    database, store, tenant, models
):
    province = told_in(tenant, "scored")
    before = len(province.log)
    await write(store, tenant, province.commands)
    poisoned = another_version(SEASONS, name="poisoned")
    poisoned.on(Season.Suspended, keys=names_no_row)(lambda row, fact, recorded: row)
    projector = Projector(database, store, [poisoned, SHEETS])
    await projector.catch_up(tenant)
    province.do(season_of(province), lambda it: it.suspend("chờ hướng dẫn", "7/CV"))
    province.do(season_of(province), lambda it: it.resume("có hướng dẫn", "8/CV"))
    await write(store, tenant, province.commands[-2:])

    await projector.catch_up(tenant)

    live = await stopped_in_order(models, tenant)
    assert live == [("poisoned", f"{SEASON}/*", before + 1)]
    assert (await models.status(tenant)).behind == 0
    assert await row_of(models, tenant, poisoned) == fold(SEASONS, province.log[:before])[SEASON]
    async with models.at(tenant, len(province.log)) as then:
        assert await then.one(poisoned, SEASON) == fold(SEASONS, province.log[:before])[SEASON]
        assert then.lacks == {before + 1}
    await projector.rebuild(tenant)
    assert await stopped_in_order(models, tenant) == live
    assert await row_of(models, tenant, poisoned) == fold(SEASONS, province.log[:before])[SEASON]
    await projector.close()


async def test_a_stopped_row_goes_on_in_a_process_that_can_fold_the_fact(database, store, tenant, models):
    province = told_in(tenant, "scored")
    province.do(season_of(province), lambda it: it.suspend("chờ hướng dẫn", "7/CV"))
    poisoned = poisoned_by_suspension()
    broken = Projector(database, store, [poisoned])
    await broken.catch_up(tenant)
    await write(store, tenant, province.commands)
    await broken.catch_up(tenant)
    mended = Projector(database, store, [another_version(SEASONS, name="poisoned")])

    await mended.catch_up(tenant)

    status = await models.status(tenant)
    assert not status.stopped
    assert status.behind == 0
    assert await row_of(models, tenant, poisoned) == fold(SEASONS, await the_log(store, tenant))[SEASON]
    await broken.close()
    await mended.close()


async def test_a_fact_of_a_newer_program_stops_what_it_concerns_in_the_old_one(database, store, tenant, models):
    known = {topic: fact for topic, fact in FACTS.items() if fact is not Season.Suspended}
    old = EventStore(database, Mapper(known, AGGREGATES))
    projector = Projector(database, old, [SEASONS, UNITS])
    province = told_in(tenant, "opened")
    await write(store, tenant, province.commands)
    await projector.catch_up(tenant)
    province.do(season_of(province), lambda it: it.suspend("chờ hướng dẫn", "7/CV"))
    await write(store, tenant, province.commands[-1:])

    await projector.catch_up(tenant)

    status = await models.status(tenant)
    assert [one[:3] for one in status.stopped] == [("seasons", SEASON, len(province.log))]
    assert status.behind == 0
    assert await row_of(models, tenant, SEASONS) == fold(SEASONS, province.log[:-1])[SEASON]
    past = ReadModels(database, old)
    async with past.at(tenant, len(province.log)) as then:
        assert await then.one(SEASONS, SEASON) == fold(SEASONS, province.log[:-1])[SEASON]
        assert then.lacks == {len(province.log)}
    await past.close()
    await projector.close()
    await old.close()


@pytest.mark.parametrize("seed", range(6))
async def test_one_fact_that_cannot_be_read_takes_nothing_from_what_it_does_not_concern(
    database, store, tenant, seed: int
):
    history = a_long_history(150, seed, tenant.id)
    asked_for = {fact for one in PROJECTIONS for fact in one.facts}
    bad = Random(seed).choice([one for one in history.log if type(one.fact) in asked_for])
    poisoned = EventStore(database, OneUnreadable(bad))
    projector, models = Projector(database, poisoned, PROJECTIONS, batch=20), ReadModels(database, poisoned)
    await projector.catch_up(tenant)
    await write(store, tenant, history.commands)
    log = await the_log(store, tenant)

    await projector.catch_up(tenant)

    live, stops = await rows_with_keys(models, tenant, log), await stopped_in_order(models, tenant)
    await projector.rebuild(tenant)
    rebuilt, again = await rows_with_keys(models, tenant, log), await stopped_in_order(models, tenant)
    then = await rows_with_keys(models, tenant, log, len(log))
    whole = {(one.name, key): row for one in PROJECTIONS for key, row in fold(one, log).items()}
    concerned = {(name, key) for name, key in whole if concerns(stops, name, key)}
    assert (await models.status(tenant)).behind == 0
    assert stops == again != []
    assert live == rebuilt == then
    assert {at: row for at, row in live.items() if at not in concerned} == {
        at: row for at, row in whole.items() if at not in concerned
    }
    await models.close()
    await projector.close()
    await poisoned.close()


async def test_a_row_that_the_database_does_not_take_is_named_and_stops_no_other(
    services, database, store, tenant, models
):
    province = told_in(tenant, "opened")
    await write(store, tenant, province.commands)
    projector = Projector(database, store, PROJECTIONS)
    await projector.catch_up(tenant)
    owner = await asyncpg.connect(services.database_url)
    await owner.execute(
        f"ALTER TABLE {tenant.id}.projected ADD CHECK (projection <> 'sheets' OR key <> '{KEY}') NOT VALID"
    )
    await owner.close()
    before = await tables(models, tenant)
    known = len(province.commands)
    province.do(DOSSIER, lambda it: it.explain(INDICATORS[0], "Vì…"))
    province.do(season_of(province), lambda it: it.suspend("chờ hướng dẫn", "7/CV"))
    await write(store, tenant, province.commands[known:])

    await projector.catch_up(tenant)

    status = await models.status(tenant)
    log = await the_log(store, tenant)
    assert [one[:2] for one in status.stopped] == [("sheets", KEY)]
    assert status.behind == 0
    now, whole = await tables(models, tenant), folded(log)
    assert now["sheets"] == before["sheets"]
    assert {name: rows for name, rows in now.items() if name != "sheets"} == {
        name: rows for name, rows in whole.items() if name != "sheets"
    }
    await projector.close()


async def test_a_log_with_a_code_that_no_index_takes_comes_to_life(database, store, tenant, models):
    endless = "9" * 6_000
    province = told_in(tenant, "opened")
    province.did(
        unit_stream(endless),
        Unit.Registered,
        code=endless,
        name="Xã Cũ",
        unit_type="Xã",
        level=Level.COMMUNE,
        parent=endless[1:],
        valid_from=None,
    )
    await write(store, tenant, province.commands)
    projector = Projector(database, store, PROJECTIONS)

    await projector.catch_up(tenant)

    status = await models.status(tenant)
    assert (status.behind, status.stopped) == (0, ())
    assert await tables(models, tenant) == folded(await the_log(store, tenant))
    async with models.at(tenant) as now, models.at(tenant, status.position) as then:
        assert (await now.one(UNITS, endless)) == (await then.one(UNITS, endless)) is not None
    await projector.close()


# Reading ----------------------------------------------------------------------------------------------


async def test_as_of_the_last_position_is_today(store, tenant, projector, models):
    log = await a_log(store, tenant)
    await projector.catch_up(tenant)

    assert await tables(models, tenant) == await tables(models, tenant, len(log))
    async with models.at(tenant) as today, models.at(tenant, len(log)) as last:
        assert await today.all(STANDINGS, SEASON) == await last.all(STANDINGS, SEASON)


async def test_as_of_any_position_shows_the_rows_of_that_moment(store, tenant, projector, models):
    log = await a_log(store, tenant, 300)
    await projector.catch_up(tenant)

    for position in (1, len(log) // 3, len(log) // 2, len(log) - 1):
        past = folded(log[:position])
        async with models.at(tenant, position) as view:
            standings = [row for row in past["standings"] if row.season == SEASON]
            assert await view.all(STANDINGS, SEASON) == standings
            assert await view.all(UNITS) == past["units"]
            assert await view.one(SHEETS, KEY) == fold(SHEETS, log[:position]).get(KEY)
            assert await view.one(STANDINGS, KEY) == fold(STANDINGS, log[:position]).get(KEY)
            assert view.position == position


async def test_a_past_folded_on_from_a_snapshot_is_the_same_past(store, tenant, models, monkeypatch):
    monkeypatch.setattr("infra.readmodels.reading.SNAPSHOT", 40)
    monkeypatch.setattr("infra.readmodels.reading.FACTS_PER_SLICE", 15)
    log = await a_log(store, tenant, 300)

    for position in (len(log), len(log) // 2, len(log) - 3, len(log) // 2 + 1, 5):
        async with models.at(tenant, position) as view:
            rows = [row for _, row in sorted(fold(STANDINGS, log[:position]).items()) if row.season == SEASON]
            assert await view.all(STANDINGS, SEASON) == rows


async def test_the_log_can_be_read_for_the_facts_that_a_question_hears(store, tenant):
    log = await a_log(store, tenant, 300)

    read = [one async for page in store.read(tenant, facts=UNITS.facts) for one in page]

    assert read == [one for one in log if type(one.fact) in UNITS.facts]
    assert read


async def test_a_fresh_row_holds_facts_that_no_table_has_yet(store, tenant, projector, models):
    province = told_in(tenant, "scored")
    await write(store, tenant, province.commands)
    assert await models.fresh(tenant, SHEETS, KEY) == fold(SHEETS, await the_log(store, tenant))[KEY]
    await projector.catch_up(tenant)
    province.do(DOSSIER, lambda it: it.explain("TC1.CT1", "hồ sơ giấy"))
    await write(store, tenant, province.commands[-1:])

    fresh = await models.fresh(tenant, SHEETS, KEY)

    async with models.at(tenant) as view:
        row = await view.one(SHEETS, KEY)
    assert row is not None
    assert fresh is not None
    assert (row.entries["TC1.CT1"].explanation, fresh.entries["TC1.CT1"].explanation) == (None, "hồ sơ giấy")


async def test_whoever_waits_for_a_position_sees_it_and_nobody_waits_for_ever(
    store, tenant, projector, models, services
):
    province = told_in(tenant, "opened")
    await write(store, tenant, province.commands)
    position = len(province.log)
    assert not await models.reached(tenant, position, PROJECTIONS, timeout=0.05)

    async def all_tenants() -> list[Tenant]:
        return [tenant]

    async with following(projector, all_tenants, services.app_url):
        assert await models.reached(tenant, position, PROJECTIONS, timeout=60)
        province.do(DOSSIER, lambda it: it.explain("TC1.CT1", "hồ sơ giấy"))
        await write(store, tenant, province.commands[-1:])
        assert await models.reached(tenant, position + 1, [SHEETS], timeout=60)
    async with models.at(tenant) as view:
        row = await view.one(SHEETS, KEY)
    assert row is not None
    assert row.entries["TC1.CT1"].explanation == "hồ sơ giấy"


async def test_the_rows_of_one_province_are_out_of_another_s_reach(database, store, tenant, other_tenant, projector):
    await a_log(store, tenant, 50)
    await projector.catch_up(tenant)

    async with database.writing(other_tenant) as connection:
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await connection.fetch(f"SELECT * FROM {tenant.id}.projected")


async def test_the_role_that_folds_can_neither_make_tables_nor_touch_the_log(database, store, tenant, projector):
    await a_log(store, tenant, 10)

    for statement in (
        f"CREATE TABLE {tenant.id}.mine (x int)",
        f"DROP TABLE {tenant.id}.projected",
        f"ALTER TABLE {tenant.id}.projected RENAME TO old",
        f"DELETE FROM {tenant.id}.events",
    ):
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            async with database.writing(tenant) as connection:
                await connection.execute(statement)


# Builders ---------------------------------------------------------------------------------------------


class OneUnreadable(Mapper):
    """A program to which one fact is damaged."""

    def __init__(self, bad: Recorded) -> None:
        super().__init__(FACTS, AGGREGATES)
        self._bad = (bad.fact.originator_id, bad.version)

    def fact(self, topic: str, schema: int, data: str | bytes, stream: UUID, version: int, at: datetime) -> Fact:
        if (stream, version) == self._bad:
            raise ValueError("damaged")
        return super().fact(topic, schema, data, stream, version, at)


async def rows_with_keys(
    models: ReadModels, tenant: Tenant, log: list[Recorded], position: int | None = None
) -> dict[tuple[str, str], Any]:
    """Each row that the log makes, as the read models have it; those that they lack are left out."""
    async with models.at(tenant, position) as view:
        return {
            (one.name, key): row
            for one in PROJECTIONS
            for key in fold(one, log)
            if (row := await view.one(one, key)) is not None
        }


async def stopped_in_order(models: ReadModels, tenant: Tenant) -> list[tuple[str, str, int]]:
    return sorted((one.projection, one.key, one.position) for one in (await models.status(tenant)).stopped)


def concerns(stops: list[tuple[str, str, int]], name: str, key: str) -> bool:
    """Whether the row is stopped, by its own key or with its season."""
    season = key.partition("/")[0]
    return any(one == name and of in {key, f"{season}/*"} for one, of, _ in stops)


def told_in(tenant: Tenant, step: str) -> Province:
    return told(step, tenant.id)


def season_of(province: Province) -> Any:
    return next(name for name in province.streams if name.kind == "season" and name.season == SEASON)


def another_version(original: Projection[Any], *, name: str = "", version: int | None = None) -> Projection[Any]:
    """The same question under another version or name."""
    copy: Projection[Any] = Projection(
        name or original.name,
        version=original.version if version is None else version,
        row=original.row,
        scope=original.scope,
        seasonal=original.seasonal,
    )
    copy._steps = dict(original._steps)
    return copy


def poisoned_by_suspension() -> Projection[SeasonRow]:
    poisoned = another_version(SEASONS, name="poisoned")

    @poisoned.on(Season.Suspended)
    def _fail(row: SeasonRow, fact: Season.Suspended, recorded: Recorded) -> SeasonRow:
        raise ArithmeticError("a mistake in the fold")

    return poisoned


def names_no_row(recorded: Recorded) -> list[str]:
    raise LookupError("a fact without what names its row")


def a_question_that_forgets() -> Projection[SeasonRow]:
    mayfly = another_version(SEASONS, name="mayfly")

    @mayfly.on(Season.Suspended)
    def _forget(row: SeasonRow, fact: Season.Suspended, recorded: Recorded) -> None:
        return None

    return mayfly


async def row_of(models: ReadModels, tenant: Tenant, question: Projection[SeasonRow]) -> SeasonRow | None:
    async with models.at(tenant) as view:
        return await view.one(question, SEASON)


async def rows_of(models: ReadModels, tenant: Tenant, question: Projection[SeasonRow]) -> list[SeasonRow]:
    async with models.at(tenant) as view:
        return await view.all(question)
