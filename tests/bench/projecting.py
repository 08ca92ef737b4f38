"""How fast do read models follow the log, how fast are they made anew, and how long does the past take?

A tenant with a million facts: seasons of 200 communes, 300 facts a dossier, interleaved as they would come in. All
projections are folded every time. Beside it: a bare cursor that reads the same rows and does nothing with them, and
the stock `eventsourcing` projection runner on one table. MINHCHUAN_BENCH_FACTS makes the tenant smaller.
"""

import asyncio
import hashlib
import os
import statistics
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from itertools import islice
from random import Random
from typing import Any
from uuid import UUID, uuid4

import asyncpg

from domain.fact import StreamName
from infra.config import Settings
from infra.database import Database, schema_of
from infra.eventstore import EventStore
from infra.projector import Projector
from infra.readmodels import ReadModels
from infra.tenants import Tenant, Tenants
from projections.standings import STANDINGS
from services.projector import projecting
from tests.bench._dossier import UNIT, a_dossier
from tests.bench._stock import stock_projection
from tests.infra.logs import MAPPER

FACTS = int(os.environ.get("MINHCHUAN_BENCH_FACTS", "1000000"))
COMMUNES = 200
LIVE = 200_000
REPEATS = 3

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
        async with watched() as longest:
            cold.append(await board(models, tenant, season, first))
            warm += [await board(models, tenant, season, first - 700 * step) for step in range(1, 8)]
        held.append(longest[0])
        await models.close()
    return [
        figure("asof-board", statistics.median(cold)),
        figure("asof-board-warm", statistics.median(warm)),
        figure("asof-board-loop-held", max(held)),
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
async def watched() -> AsyncIterator[list[float]]:
    """The longest time for which the event loop was held, in milliseconds."""
    longest = [0.0]

    async def watch() -> None:
        while True:
            begun = time.perf_counter()
            await asyncio.sleep(0)
            longest[0] = max(longest[0], (time.perf_counter() - begun) * 1000)
            await asyncio.sleep(0.001)

    task = asyncio.create_task(watch())
    yield longest
    task.cancel()


# The log that is folded -------------------------------------------------------------------------------


async def load(
    services: Settings,
    tenant: Tenant,
    many: int,
    *,
    prepared: bool = False,
    dossier: list[tuple[str, str, int, str]] | None = None,
) -> tuple[int, list[str]]:
    """Fill the log in one go, past its triggers; `prepared` lets live folding begin at its beginning."""
    owner = await asyncpg.connect(services.database_url)
    if prepared:
        async with projecting(services) as (projector, _):
            await projector.catch_up(tenant)
    dossier = dossier or a_dossier()
    seasons = [str(2000 + number) for number in range(max(1, many // (len(dossier) * COMMUNES)))]
    records = a_log(tenant, dossier, seasons)
    await owner.execute(f"ALTER TABLE {tenant.id}.events DISABLE TRIGGER USER")
    await owner.copy_records_to_table("events", schema_name=tenant.id, columns=COLUMNS, records=records, timeout=600)
    await owner.execute(f"ALTER TABLE {tenant.id}.events ENABLE TRIGGER USER")
    facts = int(await owner.fetchval(f"SELECT max(position) FROM {tenant.id}.events"))
    await owner.execute(f"UPDATE {tenant.id}.head SET position = $1", facts)
    await owner.execute(f"ANALYZE {tenant.id}.events")
    await owner.close()
    return facts, seasons


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


def a_log(tenant: Tenant, dossier: list[tuple[str, str, int, str]], seasons: list[str]) -> Iterator[tuple[Any, ...]]:
    """Each season's dossiers side by side, in chunks of a few facts, as many people work at once."""
    position = 0
    for season in seasons:
        chance = Random(season)
        waiting = [iter(dossier) for _ in range(COMMUNES)]
        streams: dict[StreamName, tuple[UUID, int]] = {}
        left = list(range(COMMUNES))
        while left:
            number = chance.choice(left)
            chunk = list(islice(waiting[number], chance.randrange(1, 8)))
            if not chunk:
                left.remove(number)
            commune = f"{10_000 + number}"
            for kind, topic, schema, data in chunk:
                position += 1
                name = StreamName(kind, season, commune)
                stream, version = streams.get(name) or (name.id(tenant.id), 0)
                version += 1
                streams[name] = stream, version
                yield (
                    position,
                    *name,
                    stream,
                    version,
                    topic,
                    schema,
                    UUID(int=position),
                    "1f6c2f0e-5f0a-4b7e-9a53-0d8a5c1a0001",
                    UNIT,
                    "m-1",
                    BEGINNING + timedelta(milliseconds=position),
                    data.replace("COMMUNE", commune),
                    LEAF,
                    LEAF_HASH,
                )
