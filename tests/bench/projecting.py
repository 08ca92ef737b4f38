"""How fast do read models follow the log, how fast are they made anew, and how long does the past take?

A tenant with a million facts: seasons of 200 communes, 300 facts a dossier, interleaved as they would come in. All
projections are folded every time. Beside it: a bare cursor that reads the same rows and does nothing with them, and
the stock `eventsourcing` projection runner on one table. MINHCHUAN_BENCH_FACTS makes the tenant smaller.
"""

import asyncio
import gc
import hashlib
import os
import statistics
import time
from collections.abc import AsyncIterator, Callable, Iterable, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import islice
from random import Random
from typing import Any, NamedTuple
from uuid import UUID, uuid4

import asyncpg

from domain.fact import StreamName
from infra.identity.tenants import Tenant, Tenants
from infra.log.eventstore import EventStore
from infra.platform.config import Settings
from infra.platform.database import Database, schema_of
from infra.readmodels.projector import Projector
from infra.readmodels.reading import ReadModels
from projections.tables.standings import STANDINGS
from services.processes.projector import projecting
from services.processes.serve import settle
from tests.bench._dossier import UNIT, a_dossier
from tests.bench._stock import stock_projection
from tests.infra.logs import MAPPER

FACTS = int(os.environ.get("MINHCHUAN_BENCH_FACTS", "1000000"))
COMMUNES = 200
LIVE = 200_000
REPEATS = 3

#: Seconds between two looks whether the loop is free.
LOOK = 0.001

Row = dict[str, Any]


async def rows(services: Settings) -> list[Row]:
    """The rows projection-rebuild, projection-swap, projection-live, asof-board, asof-board-warm and their rivals."""
    registry = Tenants(services.database_url)
    tenant = await registry.create(slug=f"bench-{uuid4().hex}", province_code="99", name="Tỉnh Mẫu")
    follower = await registry.create(slug=f"bench-{uuid4().hex}", province_code="99", name="Tỉnh Mẫu")
    await registry.close()
    facts, seasons = await load(services, tenant, FACTS)
    live, _ = await load(services, follower, min(LIVE, FACTS), prepared=True)
    stock = await asyncio.to_thread(stock_projection, services.database_url)
    async with opened(services) as (database, store):
        found = await past(store, database, tenant, seasons[-1], facts)
    async with projecting(services) as (projector, _):
        async with opened(services) as (database, _store):
            cursor = await bare_cursor(database, tenant)
        found += await rebuilding(projector, tenant, cursor)
        found.append(await following(projector, follower, live, stock))
    return found


@asynccontextmanager
async def opened(services: Settings) -> AsyncIterator[tuple[Database, EventStore]]:
    database = await Database.open(services.app_url)
    store = EventStore(database, MAPPER)
    yield database, store
    await store.close()
    await database.close()


# What is measured -------------------------------------------------------------------------------------


async def bare_cursor(database: Database, tenant: Tenant) -> float:
    """Rows per second of a cursor over the same columns, nothing done with them."""
    begun, count = time.perf_counter(), 0
    async with database.reading(tenant) as connection:
        columns = (
            "position, kind, season, subject, stream_id, version, at, actor, unit, mandate, command_id, topic, data"
        )
        cursor = await connection.cursor(f"SELECT {columns} FROM {schema_of(tenant)}.events ORDER BY position")
        while page := await cursor.fetch(5_000):
            count += len(page)
    return count / (time.perf_counter() - begun)


async def rebuilding(projector: Projector, tenant: Tenant, cursor: float) -> list[Row]:
    done = [await projector.rebuild(tenant) for _ in range(REPEATS)]
    speed = statistics.median(one.facts / one.seconds for one in done if one)
    pause = max(one.pause for one in done if one) * 1000
    return [
        {
            "name": "projection-rebuild",
            "value": round(speed),
            "unit": "facts/s",
            "against": f"a bare cursor read: {round(cursor)}/s",
            "ratio": round(speed / cursor, 2),
        },
        {"name": "projection-swap", "value": round(pause, 1), "unit": "ms", "against": None, "ratio": None},
    ]


async def following(projector: Projector, tenant: Tenant, facts: int, stock: float) -> Row:
    """Folding in live batches: rows loaded, folded, upserted with their checkpoints, again and again."""
    begun = time.perf_counter()
    folded = await projector.catch_up(tenant)
    speed = folded / (time.perf_counter() - begun)
    if folded < facts * 0.9:
        raise RuntimeError(f"only {folded} facts were folded live")
    return {
        "name": "projection-live",
        "value": round(speed),
        "unit": "facts/s",
        "against": f"the stock eventsourcing runner, one table: {round(stock)}/s",
        "ratio": round(speed / stock, 1),
    }


async def past(store: EventStore, database: Database, tenant: Tenant, season: str, facts: int) -> list[Row]:
    """The board of a season as of a moment near its end: the first look, and looks at moments around it."""
    cold, warm, held = [], [], []
    for turn in range(REPEATS):
        models = ReadModels(database, store)
        first = facts - 1_000 * turn
        async with settled(), watched() as loop:
            cold.append(await board(models, tenant, season, first))
            warm += [await board(models, tenant, season, first - 700 * step) for step in range(1, 8)]
        held.append(loop.longest)
        await models.close()
    return [
        figure("asof-board", statistics.median(cold)),
        figure("asof-board-warm", statistics.median(warm)),
        figure("asof-board-loop-held", statistics.median(held)),
    ]


def figure(name: str, milliseconds: float) -> Row:
    return {"name": name, "value": round(milliseconds, 1), "unit": "ms", "against": None, "ratio": None}


async def board(models: ReadModels, tenant: Tenant, season: str, position: int) -> float:
    begun = time.perf_counter()
    async with models.at(tenant, position) as view:
        rows = await view.all(STANDINGS, season)
    if len(rows) != COMMUNES:
        raise RuntimeError(f"{len(rows)} communes on the board")
    return (time.perf_counter() - begun) * 1000


@asynccontextmanager
async def settled() -> AsyncIterator[None]:
    """This process looks for garbage as the web's does."""
    usual = gc.get_threshold()
    settle()
    yield
    gc.set_threshold(*usual)
    gc.unfreeze()


@dataclass
class Held:
    """The longest time for which the event loop was held, and the longest that this thread worked for it, in ms.

    On a machine that is busy with other things the first is longer than the second.
    """

    longest: float = 0.0
    work: float = 0.0


@asynccontextmanager
async def watched() -> AsyncIterator[Held]:
    """Look every millisecond whether the loop is free."""
    held = Held()

    async def watch() -> None:
        while True:
            begun, worked = time.perf_counter(), time.thread_time()
            await asyncio.sleep(LOOK)
            held.longest = max(held.longest, (time.perf_counter() - begun - LOOK) * 1000)
            held.work = max(held.work, (time.thread_time() - worked) * 1000)

    task = asyncio.create_task(watch())
    await asyncio.sleep(LOOK)
    yield held
    await asyncio.sleep(2 * LOOK)
    task.cancel()


# The log that is folded -------------------------------------------------------------------------------


async def load(services: Settings, tenant: Tenant, many: int, *, prepared: bool = False) -> tuple[int, list[str]]:
    """About so many facts in seasons of 200 dossiers; `prepared` lets live folding begin at the log's beginning."""
    if prepared:
        async with projecting(services) as (projector, _):
            await projector.catch_up(tenant)
    dossier = a_dossier()
    seasons = [str(2000 + number) for number in range(max(1, many // (len(dossier) * COMMUNES)))]
    communes = [f"{10_000 + number}" for number in range(COMMUNES)]
    writing = Writing(tenant)
    records = (row for season in seasons for row in writing.side_by_side(season, dossier, communes))
    return await copied(services, tenant, records), seasons


async def copied(services: Settings, tenant: Tenant, records: Iterable[tuple[Any, ...]]) -> int:
    """Write these rows into the log in one go, past its triggers; the position at which it ends then."""
    owner = await asyncpg.connect(services.database_url)
    await owner.execute(f"ALTER TABLE {tenant.id}.events DISABLE TRIGGER USER")
    await owner.copy_records_to_table("events", schema_name=tenant.id, columns=COLUMNS, records=records, timeout=600)
    await owner.execute(f"ALTER TABLE {tenant.id}.events ENABLE TRIGGER USER")
    facts = int(await owner.fetchval(f"SELECT max(position) FROM {tenant.id}.events"))
    await owner.execute(f"UPDATE {tenant.id}.head SET position = $1", facts)
    await owner.execute(f"ANALYZE {tenant.id}.events")
    await owner.close()
    return facts


COLUMNS = [
    "position",
    "kind",
    "season",
    "subject",
    "stream_id",
    "version",
    "topic",
    "schema",
    "command_id",
    "actor",
    "unit",
    "mandate",
    "at",
    "data",
    "leaf",
    "leaf_hash",
]
LEAF = b"{}"
LEAF_HASH = hashlib.sha256(b"\x00" + LEAF).digest()
BEGINNING = datetime(2026, 1, 1, tzinfo=UTC)


class Who(NamedTuple):
    """Who records a fact."""

    actor: str
    unit: str
    mandate: str


NOBODY = Who("1f6c2f0e-5f0a-4b7e-9a53-0d8a5c1a0001", UNIT, "m-1")


class Writing:
    """Facts as rows of a tenant's log, one after the other, from a position on."""

    def __init__(self, tenant: Tenant, position: int = 0) -> None:
        self.tenant = tenant
        self.position = position
        self.streams: dict[StreamName, tuple[UUID, int]] = {}

    def row(self, name: StreamName, topic: str, schema: int, data: str, who: Who = NOBODY) -> tuple[Any, ...]:
        """The next fact of a stream."""
        self.position += 1
        stream, version = self.streams.get(name) or (name.id(self.tenant.id), 0)
        version += 1
        self.streams[name] = stream, version
        command, at = UUID(int=self.position), BEGINNING + timedelta(milliseconds=self.position)
        return (self.position, *name, stream, version, topic, schema, command, *who, at, data, LEAF, LEAF_HASH)

    def side_by_side(
        self,
        season: str,
        dossier: list[tuple[str, str, int, str]],
        communes: list[str],
        who: Callable[[str, str], Who] = lambda kind, commune: NOBODY,
    ) -> Iterator[tuple[Any, ...]]:
        """A dossier for each commune, in chunks of a few facts, as many people work at once."""
        chance = Random(season)
        waiting = [iter(dossier) for _ in communes]
        left = list(range(len(communes)))
        while left:
            number = chance.choice(left)
            chunk = list(islice(waiting[number], chance.randrange(1, 8)))
            if not chunk:
                left.remove(number)
            commune = communes[number]
            for kind, topic, schema, data in chunk:
                name = StreamName(kind, season, commune)
                yield self.row(name, topic, schema, data.replace("COMMUNE", commune), who(kind, commune))
