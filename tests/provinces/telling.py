"""A province of which one commune was recognised, told and sealed once for the tests that take it away."""

import asyncio
from contextlib import asynccontextmanager
from typing import Any, NamedTuple

import asyncpg

from infra.identity.tenants import Tenant
from infra.ledger.note import Note
from infra.ledger.witness_policy import Policy
from infra.platform.config import Settings
from infra.transparency.sealer import Sealer, connect
from infra.transparency.sealer_store import SealerStore
from services.recognition import recognise
from services.seals.trusted_policy import Trust
from services.wiring import wired
from tests.provinces.story import COMMUNE, Story, prepared

#: What a log is, beside the registry.
TABLES = ("events", "head", "commands", "sealings", "tiles", "cosignatures", "halts")


class Told(NamedTuple):
    """The province, the season, and the checkpoints: before the decision, and over everything."""

    settings: Settings
    tenant: Tenant
    season: str
    keep: SealerStore
    earlier: Note
    last: Note
    trust: Trust


def told(settings: Settings, keep: SealerStore) -> Told:
    tenant = prepared(settings)

    async def tell() -> tuple[str, Note, Note]:
        sealer = Sealer(await connect(settings.sealer_url), keep)
        async with wired(settings) as house:
            story = Story(house, tenant, "")
            await story.opened()
            await story.voted()
            earlier = await sealer.seal(tenant)
            await story.decide()
            await recognise.sign(await story.decider(), story.season, COMMUNE, "ab" * 32)
            await recognise.publish(await story.decider(), story.season, COMMUNE, "Cổng thông tin điện tử")
            last = await sealer.seal(tenant)
        await sealer.close()
        assert earlier is not None
        assert last is not None
        return story.season, earlier, last

    season, earlier, last = asyncio.run(tell())
    text = f"log {keep.key(tenant).verifier}\nquorum 0\n".encode()
    return Told(settings, tenant, season, keep, earlier, last, Trust(Policy.read(text), text))


@asynccontextmanager
async def put_back(superuser: asyncpg.Connection, schema: str) -> Any:
    """What happens to the log within the block has not happened after it."""
    kept = {table: await superuser.fetch(f"SELECT * FROM {schema}.{table}") for table in TABLES}
    try:
        yield
    finally:
        await superuser.execute("; ".join(f"DELETE FROM {schema}.{table}" for table in TABLES))
        for table, rows in kept.items():
            if rows:
                columns = ", ".join(rows[0].keys())
                values = ", ".join(f"${number}" for number in range(1, len(rows[0]) + 1))
                await superuser.executemany(
                    f"INSERT INTO {schema}.{table} ({columns}) OVERRIDING SYSTEM VALUE VALUES ({values})",
                    [tuple(row) for row in rows],
                )
