"""How long after its commit is a fact sealed, and cosigned by two witnesses; and what does that take from appending?

Sealer and witnesses are processes of their own on the same cores, with folders and keys of their own. Who looks asks
the database every few milliseconds which checkpoint is there and which is cosigned by both: that is in the figures too.
Facts are appended at a steady pace, and as fast as 32 tasks can: into a log that is not sealed, one that is, as on a
machine whose witnesses are elsewhere, and one whose witnesses work on these cores too.
"""

import asyncio
import itertools
import statistics
import time
from bisect import bisect_left
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from functools import partial
from typing import Any
from uuid import uuid4

import asyncpg

from infra.identity.tenants import Tenant
from infra.platform.config import Settings
from infra.reference.units import Era
from services.app import App
from services.demo import witnesses
from services.operations.create_tenant import NewTenant, as_operator, create_tenant
from services.processes.supervise import supervised
from services.wiring import wired
from tests.bench._work import server_of
from tests.bench.append import SECONDS, Ours, Plain, compare

RATE = 50
PACED = 10.0
TASKS = 32

#: Seconds between two looks of who watches the checkpoints.
LOOK = 0.005

Row = dict[str, Any]


async def rows(services: Settings) -> list[Row]:
    """seal-lag, witness-lag, their like at 32 tasks, append-32-sealed and append-32-witnessed."""
    server = await server_of(services.database_url)
    async with wired(services) as house:
        witnessed, sealed, unsealed = [await province(house) for _ in range(3)]
        sealers = {f"sealer-{one.id}": ("sealer", "--tenant", one.slug) for one in (witnessed, sealed)}
        with supervised(services, {**sealers, **witnesses.programs(services)}):
            await witnesses.trust(house, witnessed)
            plain = await Plain.prepare(services.database_url, witnessed)
            async with watching(services, witnessed) as watch:
                ours = Watched(house, watch, watch.witnessed)
                await ours.measure([unsealed], TASKS, 0.5)  # plans and roles are warm, as in a running service
                paced = await ours.at_rate(witnessed)
                ours.acks.clear()
                found = await compare(
                    "append-32-witnessed",
                    {
                        "ours": partial(ours.measure_sealed, witnessed),
                        "a plain asyncpg program": partial(plain.asyncpg, TASKS),
                    },
                    server,
                )
                saturated = ours.lags()
                ours.acks.clear()
            async with watching(services, sealed) as watch:
                ours.watch, ours.last = watch, watch.sealed
                found += await compare(
                    "append-32-sealed",
                    {
                        "ours": partial(ours.measure_sealed, sealed),
                        "into a log that is not sealed": partial(ours.measure, [unsealed], TASKS, SECONDS),
                        "a plain asyncpg program": partial(plain.asyncpg, TASKS),
                    },
                    server,
                )
            await plain.close()
    return [*lags("", f"at {RATE}/s", paced), *lags("-32", "at 32 tasks", saturated), *found]


async def province(house: App) -> Tenant:
    async with as_operator(house.settings) as operator:
        new = NewTenant(slug=f"bench-{uuid4().hex}", province_code="99", era=Era.UNTIL_2025)
        return await create_tenant(house, operator, new)


def lags(suffix: str, load: str, found: tuple[list[float], list[float]]) -> list[Row]:
    """p99 beside p50, in milliseconds."""
    rows = []
    for name, budget, seconds in (("seal-lag", 1_000, found[0]), ("witness-lag", 5_000, found[1])):
        times = sorted(1_000 * one for one in seconds)
        p99 = times[round(0.99 * (len(times) - 1))]
        against = f"p50 {statistics.median(times):.0f} ms, {len(times):,} facts; budget {budget:,} ms"
        rows.append(
            {
                "name": f"{name}{suffix}",
                "value": round(p99),
                "unit": f"ms p99 {load}",
                "against": against,
                "ratio": round(p99 / budget, 3),
            }
        )
    return rows


# The load ---------------------------------------------------------------------------------------------


class Watched(Ours):
    """The appends of `append-*`, each with the moment at which it was acknowledged."""

    def __init__(self, house: App, watch: "Watch", last: "Seen") -> None:
        super().__init__(house.store)
        self.watch = watch
        self.last = last
        self.acks: list[tuple[int, float]] = []

    async def at_rate(self, tenant: Tenant) -> tuple[list[float], list[float]]:
        """So many commands a second; the lags to the seal and to the cosignatures."""
        begun = time.perf_counter()
        for number in range(int(RATE * PACED)):
            await asyncio.sleep(max(0.0, begun + number / RATE - time.perf_counter()))
            await self.noted(tenant, number % TASKS)
        await self.last.reached(self.acks[-1][0])
        return self.lags()

    async def measure_sealed(self, tenant: Tenant) -> float:
        """As fast as it goes; what is then left to be sealed or cosigned is waited for before the next turn."""
        turn = itertools.count()

        async def go(task: int) -> None:
            while time.perf_counter() < end:
                await self.noted(tenant, task)
                next(turn)

        start = time.perf_counter()
        end = start + SECONDS
        await asyncio.gather(*map(go, range(TASKS)))
        rate = next(turn) / (time.perf_counter() - start)
        await self.last.reached(max(self.acks)[0])
        return rate

    async def noted(self, tenant: Tenant, task: int) -> None:
        result = await self.append(tenant, task)
        self.acks.append((result.last, time.perf_counter()))

    def lags(self) -> tuple[list[float], list[float]]:
        return self.watch.sealed.lags(self.acks), self.watch.witnessed.lags(self.acks)


# Whoever watches --------------------------------------------------------------------------------------


@dataclass
class Seen:
    """Sizes, rising, and when each was seen first."""

    sizes: list[int] = field(default_factory=lambda: [0])
    times: list[float] = field(default_factory=lambda: [0.0])

    def add(self, size: int) -> None:
        if size > self.sizes[-1]:
            self.sizes.append(size)
            self.times.append(time.perf_counter())

    async def reached(self, position: int) -> None:
        async with asyncio.timeout(60):
            while self.sizes[-1] < position:  # noqa: ASYNC110 - the watch looks as often
                await asyncio.sleep(LOOK)

    def lags(self, acks: list[tuple[int, float]]) -> list[float]:
        return [max(0.0, self.times[bisect_left(self.sizes, position)] - at) for position, at in acks]


class Watch:
    """The checkpoints of a log as they become visible in the database."""

    def __init__(self, connection: asyncpg.Connection, tenant: Tenant) -> None:
        self.connection = connection
        self.tenant = tenant
        self.sealed = Seen()
        self.witnessed = Seen()

    async def look_on(self) -> None:
        schema = self.tenant.id
        while True:
            row = await self.connection.fetchrow(
                f"""
                SELECT (SELECT max(size) FROM {schema}.sealings) AS sealed,
                       (SELECT max(size) FROM (SELECT size FROM {schema}.cosignatures WHERE size > $1
                                               GROUP BY size HAVING count(*) >= $2) both_of_them) AS witnessed
                """,
                self.witnessed.sizes[-1],
                witnesses.QUORUM,
            )
            assert row is not None
            self.sealed.add(row["sealed"] or 0)
            self.witnessed.add(row["witnessed"] or 0)
            await asyncio.sleep(LOOK)


@asynccontextmanager
async def watching(services: Settings, tenant: Tenant) -> AsyncIterator[Watch]:
    connection = await asyncpg.connect(services.verifier_url)
    watch = Watch(connection, tenant)
    task = asyncio.create_task(watch.look_on())
    try:
        yield watch
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        await connection.close()
