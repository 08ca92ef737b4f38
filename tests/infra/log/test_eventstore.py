import asyncio
import json
import unicodedata
from contextlib import aclosing
from datetime import UTC, datetime, timedelta
from functools import partial
from uuid import uuid4

import asyncpg
import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from domain.fact import Recorded, replay
from infra.identity.tenants import Tenant
from infra.ledger.canonical_json import canonical
from infra.ledger.leaf import leaf_hash, payload_hash
from infra.log.eventstore import Command, CommandReused, EventStore
from infra.platform.config import Settings
from infra.platform.database import connect
from tests.infra.notebook import a_command, a_name, a_notebook, a_scored, loaded, write_line


@pytest.fixture
async def owner(services: Settings):
    """The login that owns the tables: more powerful than the application ever is."""
    connection = await asyncpg.connect(services.database_url)
    yield connection
    await connection.close()


async def everything(store: EventStore, tenant: Tenant, **asked) -> list[Recorded]:
    return [recorded async for batch in store.read(tenant, **asked) for recorded in batch]


# Loading and appending --------------------------------------------------------------------------------


async def test_a_stream_comes_back_as_it_was_decided(store, other_store, tenant):
    stream = await loaded(store, tenant, a_name())
    assert (stream.aggregate, stream.version, stream.leaf_hash) == (None, 0, "")
    stream.aggregate = a_notebook(tenant, a_name())
    a_scored(stream.aggregate)
    stream.aggregate.write("một")
    await store.append(tenant, a_command(stream), [stream])

    again = await loaded(other_store, tenant, a_name())

    assert again.version == 3
    assert again.aggregate == stream.aggregate


async def test_the_kept_aggregate_is_the_replayed_one(store, other_store, tenant):
    for turn in range(5):
        await write_line(store, tenant, a_name(), str(turn))

    kept, replayed = await loaded(store, tenant, a_name()), await loaded(other_store, tenant, a_name())

    assert kept == replayed


async def test_a_kept_aggregate_takes_in_what_another_process_recorded(store, other_store, tenant):
    await write_line(store, tenant, a_name(), "ở đây")
    await write_line(other_store, tenant, a_name(), "ở kia")

    await write_line(store, tenant, a_name(), "lại đây")

    assert (await loaded(store, tenant, a_name())).aggregate.lines == ("ở đây", "ở kia", "lại đây")


async def test_a_repeat_is_recognised_before_anything_is_decided(store, tenant):
    command = uuid4()
    first = await write_line(store, tenant, a_name(), "một", id=command, body=b"1")

    again = await store.answered(tenant, command, b"1")

    assert again == msgspec.structs.replace(first, repeated=True)
    with pytest.raises(CommandReused):
        await store.answered(tenant, command, b"2")
    assert await store.answered(tenant, uuid4(), b"1") is None


async def test_what_was_decided_but_not_recorded_never_decides_again(store, tenant):
    command = uuid4()
    await write_line(store, tenant, a_name(), "một", id=command)
    stream = await loaded(store, tenant, a_name())
    stream.aggregate.write("một")  # decided again, against the rule: the store has to notice
    result = await store.append(tenant, a_command(stream, id=command), [stream])
    assert result.repeated

    await write_line(store, tenant, a_name(), "hai")

    assert (await loaded(store, tenant, a_name())).aggregate.lines == ("một", "hai")


async def test_a_refused_deed_leaves_nothing_in_the_cache(store, tenant):
    await write_line(store, tenant, a_name(), "một")
    stream = await loaded(store, tenant, a_name())
    stream.aggregate.write("bỏ dở")

    assert (await loaded(store, tenant, a_name())).aggregate.lines == ("một",)


async def test_who_looks_never_sees_what_is_being_decided(store, tenant):
    await write_line(store, tenant, a_name(), "một")
    async with store.holding(tenant, a_name()):
        changing = await loaded(store, tenant, a_name())
        changing.aggregate.write("hai")
        looked = await store.look(tenant, a_name())
        assert looked.aggregate.lines == ("một",)
        await store.append(tenant, a_command(changing), [changing])

    again = await asyncio.gather(*(store.look(tenant, a_name()) for _ in range(10)))

    assert {stream.aggregate.lines for stream in again} == {("một", "hai")}
    assert len({id(stream.aggregate) for stream in again}) == 1
    assert again[0].aggregate is not changing.aggregate


async def test_an_aggregate_that_was_changed_while_looking_is_thrown_away(store, tenant):
    await write_line(store, tenant, a_name(), "một")
    looked = await store.look(tenant, a_name())
    looked.aggregate.write("trái phép")

    assert (await store.look(tenant, a_name())).aggregate.lines == ("một",)


async def test_the_cache_is_bounded(other_store, tenant):
    for number in range(5):
        await write_line(other_store, tenant, a_name(f"n{number}"), "một")

    assert [name.subject for _, name in other_store._cache] == ["n2", "n3", "n4"]


async def test_those_who_hold_a_stream_take_turns_and_leave_no_lock_behind(store, tenant):
    await asyncio.gather(*(write_line(store, tenant, a_name(), str(turn)) for turn in range(50)))

    assert (await loaded(store, tenant, a_name())).version == 51
    assert store._locks == {}


async def test_holding_the_same_streams_in_another_order_does_not_lock_up(store, tenant):
    first, second = a_name("n1"), a_name("n2")

    async def hold(*names) -> None:
        async with store.holding(tenant, *names):
            await asyncio.sleep(0)

    async with asyncio.timeout(60):
        await asyncio.gather(*(hold(*((first, second) if turn % 2 else (second, first))) for turn in range(20)))


async def test_a_fact_that_does_not_follow_its_stream_is_a_programming_error(store, tenant):
    stream = await loaded(store, tenant, a_name())
    notebook = a_notebook(tenant, a_name())
    notebook.write("một")
    skipping = [(a_name(), notebook.collect_events()[1])]

    with pytest.raises(ValueError, match="not fact 1"):
        await store.append(tenant, Command(id=uuid4(), facts=skipping, actor="u-1"), [stream])
    with pytest.raises(ValueError, match="without facts"):
        await store.append(tenant, Command(id=uuid4(), facts=[], actor="u-1"), [stream])


async def test_two_provinces_keep_the_same_stream_apart(store, tenant, other_tenant):
    await write_line(store, tenant, a_name(), "tỉnh này")
    await write_line(store, other_tenant, a_name(), "tỉnh kia")

    assert (await loaded(store, tenant, a_name())).aggregate.lines == ("tỉnh này",)
    assert (await loaded(store, other_tenant, a_name())).aggregate.lines == ("tỉnh kia",)
    assert a_name().id(tenant.id) != a_name().id(other_tenant.id)


# What stands in the log -------------------------------------------------------------------------------


async def test_a_row_says_who_did_what_when_and_its_leaf_covers_it(store, database, tenant):
    cause, evidence = uuid4(), payload_hash(b"a file")
    stream = await loaded(store, tenant, a_name())
    stream.aggregate = a_notebook(tenant, a_name())
    stream.aggregate.write("Phước")
    command = a_command(stream, actor="u-4")
    command.cause, command.on_behalf_of, command.evidence = cause, "u-9", ((), (evidence,))
    result = await store.append(tenant, command, [stream])

    async with database.reading(tenant) as connection:
        first, row = await connection.fetch(f"SELECT * FROM {tenant.id}.events ORDER BY position")
    assert (row["kind"], row["season"], row["subject"]) == a_name()
    assert (row["actor"], row["unit"], row["mandate"], row["cause"]) == ("u-4", "25195", "m-1", cause)
    assert row["command_id"] == command.id
    assert row["at"] == result.at
    assert abs(row["recorded_at"] - row["at"]) < timedelta(seconds=5)
    assert json.loads(row["leaf"]) == {
        "v": 1,
        "log": tenant.log,
        "stream": str(a_name().id(tenant.id)),
        "version": 2,
        "prev": leaf_hash(first["leaf"]).hex(),
        "type": "notebook.line-written",
        "schema": 1,
        "at": result.at.strftime("%Y-%m-%dT%H:%M:%S.%fZ"),
        "actor": "u-4",
        "unit": "25195",
        "on_behalf_of": "u-9",
        "command": str(command.id),
        "payload_sha256": payload_hash(canonical({"text": "Phước"})),
        "evidence": [evidence],
    }
    assert row["leaf_hash"] == leaf_hash(row["leaf"])


TEXT = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0")).map(
    partial(unicodedata.normalize, "NFC")
)


@settings(max_examples=50, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(texts=st.lists(TEXT, min_size=1, max_size=20))
async def test_any_text_survives_jsonb_and_hashes_the_same_afterwards(texts, services: Settings):
    connection = await connect(services.app_url)
    for text in texts:
        payload = canonical({"text": text, "n": len(text), "list": [text]})

        stored = await connection.fetchval("SELECT $1::jsonb", payload.decode())

        assert canonical(json.loads(stored)) == payload
    await connection.close()


# Reading on -------------------------------------------------------------------------------------------


async def test_reading_gives_the_asked_part_in_order(store, tenant):
    names = [a_name("n1", "2022"), a_name("n2", "2023"), a_name("n3", "2023")]
    for turn in range(4):
        for name in names:
            await write_line(store, tenant, name, str(turn))

    log = await everything(store, tenant, page=4)

    assert [recorded.position for recorded in log] == [*range(1, 16)]
    assert {type(recorded) for recorded in log} == {Recorded}
    assert await everything(store, tenant) == log
    assert await everything(store, tenant, after=3, upto=9) == log[3:9]
    assert await everything(store, tenant, limit=7, page=3) == log[:7]
    assert await everything(store, tenant, limit=0) == []
    assert await everything(store, tenant, season="2022") == [r for r in log if r.stream.season == "2022"]
    assert await everything(store, tenant, season="2023", after=3, upto=12, page=2) == [
        r for r in log[3:12] if r.stream.season == "2023"
    ]
    assert await everything(store, tenant, streams=names[:2], after=2, page=2) == [
        r for r in log if r.stream in names[:2] and r.position > 2
    ]
    assert await everything(store, tenant, streams=[]) == []
    for name in names:
        facts = [recorded.fact for recorded in log if recorded.stream == name]
        assert replay(facts) == (await loaded(store, tenant, name)).aggregate


async def test_a_reader_may_stop_while_the_next_page_is_on_its_way(store, tenant):
    for turn in range(6):
        await write_line(store, tenant, a_name(), str(turn))

    async with aclosing(store.read(tenant, page=2)) as pages:
        first = await anext(pages)

    assert [recorded.position for recorded in first] == [1, 2]
    assert len(await everything(store, tenant, page=2)) == 7


async def test_the_position_at_a_moment_never_shows_a_later_fact(store, owner, tenant):
    await write_line(store, tenant, a_name(), "0")
    for turn in range(40):
        await write_line(store, tenant, a_name(), str(turn))
    # The clocks of several processes: times that rise with the position but for a few seconds.
    await owner.execute(f"ALTER TABLE {tenant.id}.events DISABLE TRIGGER never")
    start = datetime(2026, 1, 1, tzinfo=UTC)
    times = [start + timedelta(seconds=position * 3 + position * 7919 % 5) for position in range(1, 43)]
    for position, at in enumerate(times, 1):
        await owner.execute(f"UPDATE {tenant.id}.events SET at = $1 WHERE position = $2", at, position)

    for second in range(-2, 140):
        moment = start + timedelta(seconds=second)
        later = [position for position, at in enumerate(times, 1) if at > moment]
        assert await store.position_at(tenant, moment) == (later[0] - 1 if later else 42)


async def test_an_empty_log_stands_at_nought(store, tenant):
    assert await store.position(tenant) == 0
    assert await store.position_at(tenant, datetime.now(UTC)) == 0
    assert await everything(store, tenant) == []


# What the database itself refuses ---------------------------------------------------------------------

FORBIDDEN = [
    "UPDATE {0}.events SET actor = 'x'",
    "DELETE FROM {0}.events",
    "TRUNCATE {0}.events",
    "UPDATE {0}.commands SET at = now()",
    "DELETE FROM {0}.commands",
    "TRUNCATE {0}.commands",
    "DELETE FROM {0}.head",
    "TRUNCATE {0}.head",
]


@pytest.mark.parametrize("statement", FORBIDDEN)
async def test_what_is_recorded_can_be_neither_changed_nor_removed(store, database, owner, tenant, statement):
    await write_line(store, tenant, a_name(), "một")
    statement = statement.format(tenant.id)

    with pytest.raises(asyncpg.InsufficientPrivilegeError, match="permission denied"):  # the tenant's role: no grant
        async with database.writers.in_role(tenant) as connection:
            await connection.execute(statement)
    with pytest.raises(asyncpg.InsufficientPrivilegeError, match="never allowed"):  # the owner: the trigger
        await owner.execute(statement)

    table = statement.split(f"{tenant.id}.")[1].split()[0]
    await owner.execute(f"ALTER TABLE {tenant.id}.{table} DISABLE TRIGGER never")  # canary: without it, it works
    await owner.execute(statement)


async def copy_of_last(connection: asyncpg.Connection, tenant: Tenant, **changes: str) -> None:
    """Insert the log's last row once more, with these columns replaced by SQL expressions."""
    columns = [
        record["column_name"]
        for record in await connection.fetch(
            "SELECT column_name FROM information_schema.columns WHERE table_schema = $1 AND table_name = 'events'",
            tenant.id,
        )
    ]
    values = ", ".join(changes.get(column, column) for column in columns)
    await connection.execute(
        f"INSERT INTO {tenant.id}.events ({', '.join(columns)}) "
        f"SELECT {values} FROM {tenant.id}.events ORDER BY position DESC LIMIT 1"
    )


def prev_replaced_by(value: str) -> dict[str, str]:
    """A leaf whose `prev` is this SQL expression, with its right hash."""
    text = f"""regexp_replace(convert_from(leaf, 'UTF8'), '"prev":"[^"]*"', '"prev":"' || {value} || '"')"""
    leaf = f"convert_to({text}, 'UTF8')"
    return {"leaf": leaf, "leaf_hash": f"sha256('\\x00'::bytea || {leaf})"}


RIGHT = {"position": "position + 1", "version": "version + 1", **prev_replaced_by("encode(leaf_hash, 'hex')")}


@pytest.mark.parametrize(
    ("changes", "constraint"),
    [
        ({"version": "version + 2"}, "next_version"),
        ({"version": "version"}, "events_stream_id_version_key"),
        ({**prev_replaced_by("repeat('0', 64)")}, "next_version"),
        ({**prev_replaced_by("''")}, "next_version"),
        ({"leaf": "leaf", "leaf_hash": "leaf_hash"}, "next_version"),
        ({"stream_id": "gen_random_uuid()", "version": "1"}, "next_version"),
        ({"position": "position + 2"}, "next_position"),
        ({"position": "position"}, "events_pkey"),
        ({"position": "0"}, "events_position_check"),
        ({"leaf_hash": "sha256('x')"}, "leaf_hashed"),
    ],
)
async def test_a_row_that_does_not_follow_is_refused_by_the_database(
    store, database, owner, tenant, changes, constraint
):
    await write_line(store, tenant, a_name(), "một")

    async with database.writers.in_role(tenant) as connection:
        with pytest.raises(asyncpg.IntegrityConstraintViolationError) as refused:
            await copy_of_last(connection, tenant, **{**RIGHT, **changes})
        assert refused.value.constraint_name == constraint
        await copy_of_last(connection, tenant, **RIGHT)  # canary: the right one is taken

    if constraint.startswith("next"):  # canary: without the trigger the wrong one is taken
        await owner.execute(f"ALTER TABLE {tenant.id}.events DISABLE TRIGGER in_order")
        async with database.writers.in_role(tenant) as connection:
            await copy_of_last(connection, tenant, **{**RIGHT, **changes})


async def test_the_first_row_of_a_log_is_at_position_one(store, database, tenant):
    async with database.writers.in_role(tenant) as connection:
        await connection.execute(f"UPDATE {tenant.id}.head SET position = 5")

    with pytest.raises(asyncpg.CheckViolationError, match="does not follow"):
        await write_line(store, tenant, a_name(), "một")


async def test_a_lost_head_row_means_an_error_and_not_a_log_without_numbers(store, owner, tenant):
    await owner.execute(f"ALTER TABLE {tenant.id}.head DISABLE TRIGGER never")
    await owner.execute(f"DELETE FROM {tenant.id}.head")

    with pytest.raises(Exception, match="head"):
        await write_line(store, tenant, a_name(), "một")
