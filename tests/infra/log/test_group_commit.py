import asyncio
import os
import signal
from collections import deque
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import asyncpg
import pytest

from infra.identity.tenants import Tenant
from infra.log.eventstore import CommandResult, CommandReused, Conflict, EventStore, OutcomeUnknown
from infra.log.group_commit import BATCH, Event, Pending, _take
from infra.platform.config import Settings
from infra.platform.database import LOST, Database, connect
from tests.infra.notebook import MAPPER, Notebook, a_command, a_name, a_notebook, loaded, write_line


async def a_new_notebook(store: EventStore, tenant: Tenant, subject: str):
    stream = await loaded(store, tenant, a_name(subject))
    stream.aggregate = a_notebook(tenant, stream.name)
    return stream


async def log_of(database: Database, tenant: Tenant) -> list[asyncpg.Record]:
    async with database.reading(tenant) as connection:
        return await connection.fetch(f"SELECT *, xmin::text AS transaction FROM {tenant.id}.events ORDER BY position")


async def test_commands_that_arrive_together_share_a_transaction(store, database, tenant):
    streams = [await a_new_notebook(store, tenant, f"n{number}") for number in range(20)]

    results = await asyncio.gather(*(store.append(tenant, a_command(stream), [stream]) for stream in streams))

    log = await log_of(database, tenant)
    assert sorted(result.first for result in results) == [event["position"] for event in log] == [*range(1, 21)]
    assert len({event["transaction"] for event in log}) < 20


async def test_two_commands_on_one_stream_never_share_a_batch_and_the_second_conflicts(store, database, tenant):
    await write_line(store, tenant, a_name(), "một")
    first, second = await loaded(store, tenant, a_name()), await loaded(store, tenant, a_name())
    other = await a_new_notebook(store, tenant, "n2")
    first.aggregate.write("của tôi")
    second.aggregate.write("của chị")

    answers = await asyncio.gather(
        store.append(tenant, a_command(first), [first]),
        store.append(tenant, a_command(second), [second]),
        store.append(tenant, a_command(other), [other]),
        return_exceptions=True,
    )

    assert isinstance(answers[0], CommandResult)
    assert isinstance(answers[1], Conflict)
    assert isinstance(answers[2], CommandResult)
    assert [event["position"] for event in await log_of(database, tenant)] == [1, 2, 3, 4]


async def test_one_bad_command_sinks_neither_its_neighbours_nor_leaves_a_gap(store, database, tenant):
    streams = [await a_new_notebook(store, tenant, f"n{number}") for number in range(9)]
    commands = [a_command(stream) for stream in streams]
    commands[4].unit = "x" * 5_000  # its leaf becomes too long

    answers = await asyncio.gather(
        *(store.append(tenant, command, [stream]) for command, stream in zip(commands, streams, strict=True)),
        return_exceptions=True,
    )

    assert isinstance(answers[4], ValueError)
    assert all(isinstance(answer, CommandResult) for place, answer in enumerate(answers) if place != 4)
    assert [event["position"] for event in await log_of(database, tenant)] == [*range(1, 9)]
    assert await store.position(tenant) == 8


async def test_a_command_on_several_streams_is_recorded_as_a_whole_or_not_at_all(store, database, tenant):
    await write_line(store, tenant, a_name("n1"), "một")
    stale, fresh = await loaded(store, tenant, a_name("n1")), await a_new_notebook(store, tenant, "n2")
    await write_line(store, tenant, a_name("n1"), "hai")
    stale.aggregate.write("ba")

    with pytest.raises(Conflict):
        await store.append(tenant, a_command(fresh, stale), [fresh, stale])
    assert (await loaded(store, tenant, a_name("n2"))).aggregate is None
    assert await store.position(tenant) == 3

    current = await loaded(store, tenant, a_name("n1"))
    current.aggregate.write("ba")
    new = await a_new_notebook(store, tenant, "n2")
    result = await store.append(tenant, a_command(new, current), [new, current])
    assert (result.first, result.last) == (4, 5)


async def test_a_repeated_command_gets_its_first_answer_and_adds_nothing(store, tenant):
    stream = await a_new_notebook(store, tenant, "n1")
    command = a_command(stream)

    first = await store.append(tenant, command, [replace(stream)])
    again = await store.append(tenant, command, [replace(stream)])

    assert (again.first, again.last, again.at) == (first.first, first.last, first.at)
    assert (first.repeated, again.repeated) == (False, True)
    assert await store.position(tenant) == 1


async def test_the_same_command_id_with_another_body_is_refused(store, tenant):
    stream = await a_new_notebook(store, tenant, "n1")
    command = a_command(stream, body=b"one")
    await store.append(tenant, command, [replace(stream)])

    command.body_sha256 = b"two"
    with pytest.raises(CommandReused):
        await store.append(tenant, command, [stream])


async def test_fifty_posts_of_one_command_at_once_record_one_fact(store, database, tenant):
    await write_line(store, tenant, a_name(), "một")
    command = uuid4()

    results = await asyncio.gather(*(write_line(store, tenant, a_name(), "phiếu", id=command) for _ in range(50)))

    assert {(result.first, result.last) for result in results} == {(3, 3)}
    assert sum(not result.repeated for result in results) == 1
    assert len(await log_of(database, tenant)) == 3


async def test_a_caller_that_goes_away_does_not_undo_the_commit(store, tenant):
    stream = await a_new_notebook(store, tenant, "n1")
    command = a_command(stream)
    task = asyncio.create_task(store.append(tenant, command, [stream]))
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task

    result = None
    async with asyncio.timeout(60):
        while result is None:
            result = await store.answered(tenant, command.id)
    assert result.first == 1


async def test_a_fact_that_had_to_wait_is_stamped_anew_and_its_aggregate_read_again(store, database, tenant):
    stream = await a_new_notebook(store, tenant, "n1")
    long_ago = datetime.now(UTC) - timedelta(hours=1)
    stream.aggregate.trigger_event(Notebook.LineWritten, text="một", timestamp=long_ago)

    result = await store.append(tenant, a_command(stream), [stream])

    assert datetime.now(UTC) - result.at < timedelta(minutes=1)
    assert [event["at"] > long_ago for event in await log_of(database, tenant)] == [True, True]
    again = await loaded(store, tenant, a_name())
    assert again.aggregate is not stream.aggregate
    assert again.aggregate.modified_on == result.at


async def test_when_the_connection_is_cut_everybody_gets_an_answer_and_nothing_is_recorded_twice(
    store, services: Settings, database, tenant
):
    cutter = await connect(services.app_url)
    names = [a_name(f"n{number}") for number in range(8)]
    for name in names:
        await write_line(store, tenant, name, "0")
    answers: list[object] = []

    async def write(name, turn: int) -> None:
        command = uuid4()
        while True:
            try:
                answers.append(await write_line(store, tenant, name, str(turn), id=command))
            except (OutcomeUnknown, *LOST):
                continue
            return

    async def cut() -> None:
        for _ in range(10):
            await asyncio.sleep(0.02)
            await cutter.execute(
                """
                SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid() AND usename = 'app'
                """
            )

    async with asyncio.timeout(60):
        cutting = asyncio.create_task(cut())
        for turn in range(1, 40):
            await asyncio.gather(*(write(name, turn) for name in names))
        await cutting
    await cutter.close()

    for name in names:
        assert (await loaded(store, tenant, name)).aggregate.lines == tuple(str(turn) for turn in range(40))
    log = await log_of(database, tenant)
    assert [event["position"] for event in log] == [*range(1, len(log) + 1)]
    assert len(answers) == 39 * 8


async def test_while_the_database_hangs_everybody_is_told_that_the_outcome_is_unknown_and_may_ask_again(
    store, services: Settings, database, tenant
):
    patient = await Database.open(services.app_url, writers=1, patience=1)
    writer = EventStore(patient, MAPPER)
    async with patient.writers.in_role(tenant) as connection:
        backend = connection.get_server_pid()
    streams = [await a_new_notebook(store, tenant, f"n{number}") for number in range(3)]
    commands = [a_command(stream) for stream in streams]
    os.kill(backend, signal.SIGSTOP)
    try:
        first = asyncio.create_task(writer.append(tenant, commands[0], [replace(streams[0])]))
        while not patient.writers._slots[0].lock.locked():  # noqa: ASYNC110 - the first is under way then
            await asyncio.sleep(0)
        behind = [writer.append(tenant, commands[place], [replace(streams[place])]) for place in (1, 2)]
        told = await asyncio.gather(first, *behind, return_exceptions=True)
    finally:
        os.kill(backend, signal.SIGCONT)

    again = [await writer.append(tenant, one, [replace(of)]) for one, of in zip(commands, streams, strict=True)]

    assert [type(one) for one in told] == [OutcomeUnknown] * 3
    assert sorted(one.first for one in again) == [1, 2, 3]
    assert len(await log_of(database, tenant)) == 3
    await writer.close()
    await patient.close()


async def test_a_reader_that_follows_several_writers_misses_nothing(store, services: Settings, tenant):
    writers = [EventStore(await Database.open(services.app_url), MAPPER) for _ in range(4)]
    done = asyncio.Event()
    seen: list[int] = []

    async def write(writer: EventStore, name) -> None:
        for turn in range(25):
            await write_line(writer, tenant, name, str(turn))

    async def follow() -> None:
        while True:
            last = done.is_set()
            async for batch in store.read(tenant, after=seen[-1] if seen else 0):
                seen.extend(recorded.position for recorded in batch)
            if last:
                return

    following = asyncio.create_task(follow())
    names = [a_name(f"n{number}") for number in range(8)]
    await asyncio.gather(*(write(writers[number % 4], name) for number, name in enumerate(names)))
    done.set()
    await following

    assert seen == [*range(1, 8 * 26 + 1)]
    for writer in writers:
        await writer.close()
        await writer._database.close()


# What a command rests on -------------------------------------------------------------------------------


async def test_what_rests_on_a_stream_that_has_grown_is_refused(store, tenant):
    await write_line(store, tenant, a_name("season"), "một")
    stream = await a_new_notebook(store, tenant, "n1")
    command = a_command(stream)
    seen = (await store.look(tenant, a_name("season"))).version

    await write_line(store, tenant, a_name("season"), "hai")

    with pytest.raises(Conflict):
        await store.append(tenant, command, [stream], {a_name("season"): seen})
    await store.append(tenant, command, [stream], {a_name("season"): seen + 1})


async def test_what_rests_on_a_stream_that_had_not_begun_is_refused_once_it_has(store, tenant):
    stream = await a_new_notebook(store, tenant, "n1")
    await write_line(store, tenant, a_name("decision"), "một")

    with pytest.raises(Conflict):
        await store.append(tenant, a_command(stream), [stream], {a_name("decision"): 0})


async def test_a_stream_that_was_loaded_and_not_changed_is_rested_on(store, tenant):
    await write_line(store, tenant, a_name("season"), "một")
    held, stream = await loaded(store, tenant, a_name("season")), await a_new_notebook(store, tenant, "n1")
    command = a_command(stream)
    await write_line(store, tenant, a_name("season"), "hai")

    with pytest.raises(Conflict):
        await store.append(tenant, command, [stream, held])


async def test_a_stream_that_grew_between_looking_and_loading_is_not_written(store, tenant):
    await write_line(store, tenant, a_name(), "một")
    seen = (await store.look(tenant, a_name())).version
    await write_line(store, tenant, a_name(), "hai")
    stream = await loaded(store, tenant, a_name())
    stream.aggregate.write("ba")

    with pytest.raises(Conflict):
        await store.append(tenant, a_command(stream), [stream], {a_name(): seen})


async def test_a_repeat_whose_basis_has_grown_since_gets_its_first_answer(store, tenant):
    stream = await a_new_notebook(store, tenant, "n1")
    command = a_command(stream)
    first = await store.append(tenant, command, [replace(stream)], {a_name("season"): 0})
    await write_line(store, tenant, a_name("season"), "một")

    again = await store.append(tenant, command, [replace(stream)], {a_name("season"): 0})

    assert (again.first, again.repeated) == (first.first, True)


async def test_what_another_process_writes_while_the_head_is_waited_for_is_seen(store, services, superuser, tenant):
    """The statement begins before the other commits, and goes on when the head row is free: its snapshot is older."""
    await write_line(store, tenant, a_name("season"), "một")
    stream = await a_new_notebook(store, tenant, "n1")
    seen = (await store.look(tenant, a_name("season"))).version
    writer = EventStore(await Database.open(services.app_url), MAPPER)
    holder = await connect(services.database_url)
    await holder.execute(f"BEGIN; SELECT FROM {tenant.id}.head FOR UPDATE")

    async def waiting(count: int) -> None:
        query = "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND query LIKE $1"
        async with asyncio.timeout(60):
            while await superuser.fetchval(query, f"%UPDATE {tenant.id}.head%") < count:  # noqa: ASYNC110 - the server tells nobody
                await asyncio.sleep(0.01)

    growing = asyncio.create_task(write_line(writer, tenant, a_name("season"), "hai"))
    await waiting(1)
    resting = asyncio.create_task(store.append(tenant, a_command(stream), [stream], {a_name("season"): seen}))
    await waiting(2)
    await holder.execute("COMMIT")
    outcomes = await asyncio.gather(growing, resting, return_exceptions=True)
    await holder.close()
    await writer.close()
    await writer._database.close()

    # Whoever got the head row first, the two do not both rest on what was there before.
    assert isinstance(outcomes[0], CommandResult)
    if isinstance(outcomes[1], CommandResult):
        assert outcomes[1].first < outcomes[0].first
    else:
        assert isinstance(outcomes[1], Conflict)


async def test_two_commands_that_rest_on_what_the_other_writes_do_not_both_pass_in_one_batch(store, tenant):
    streams = [await a_new_notebook(store, tenant, subject) for subject in ("n1", "n2")]
    names = [stream.name for stream in streams]

    answers = await asyncio.gather(
        *(
            store.append(tenant, a_command(stream), [stream], {name: 0})
            for stream, name in zip(streams, reversed(names), strict=True)
        ),
        return_exceptions=True,
    )

    assert [type(answer) for answer in answers] == [CommandResult, Conflict]


async def test_a_command_id_of_somebody_else_is_refused_in_the_database_too(store, tenant):
    stream = await a_new_notebook(store, tenant, "n1")
    command = a_command(stream)
    await store.append(tenant, command, [replace(stream)])

    command.actor = "u-2"
    with pytest.raises(CommandReused):
        await store.append(tenant, command, [stream])


def a_pending(*streams: int, facts: int = 1, rests_on: tuple[int, ...] = ()) -> Pending:
    events = [Event(a_name(), UUID(int=streams[0]), 1, None, "t", 1, "{}", "", (), "") for _ in range(facts)]  # type: ignore[arg-type]
    names = frozenset(UUID(int=stream) for stream in streams)
    basis = {UUID(int=stream): 1 for stream in rests_on}
    return Pending(uuid4(), "", "", "", "", "", None, b"", events, names, basis=basis)


async def test_a_batch_keeps_the_order_of_arrival_and_postpones_whoever_shares_a_stream():
    one, two, both, three, after_both = a_pending(1), a_pending(2), a_pending(1, 4), a_pending(3), a_pending(4)
    waiting = deque([one, two, both, three, after_both])

    assert _take(waiting) == [one, two, three]
    assert _take(waiting) == [both]
    assert _take(waiting) == [after_both]
    assert _take(waiting) == []


async def test_a_batch_is_bounded_but_never_splits_a_command():
    waiting = deque([a_pending(number, facts=BATCH - 1) for number in range(3)])

    assert [len(_take(waiting)) for _ in range(4)] == [2, 1, 0, 0]


async def test_who_rests_on_what_an_earlier_one_writes_is_postponed_and_who_writes_it_later_is_not():
    reader, writer, late_reader = a_pending(1, rests_on=(9,)), a_pending(9), a_pending(2, rests_on=(9,))
    waiting = deque([reader, writer, late_reader])

    assert _take(waiting) == [reader, writer]
    assert _take(waiting) == [late_reader]


async def test_nobody_who_comes_later_outdates_a_postponed_command():
    first, postponed, later = a_pending(1), a_pending(1, rests_on=(9,)), a_pending(9)
    waiting = deque([first, postponed, later])

    assert _take(waiting) == [first]
    assert _take(waiting) == [postponed, later]
