"""A sealed log of many facts, copied into the database past the append path, which would take minutes."""

import os
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import asyncpg

from domain.fact import StreamName
from domain.log import LOG
from infra.identity.tenants import Tenant, Tenants
from infra.ledger.canonical_json import canonical
from infra.ledger.checkpoint import Checkpoint
from infra.ledger.leaf import leaf, leaf_hash, payload_hash
from infra.ledger.note import KeyKind, SignerKey
from infra.ledger.tiles import Edge, TilePlace
from infra.platform.config import Settings

#: Facts of a stream in the log, and facts under one checkpoint: as many as the sealer signs for at most.
IN_A_STREAM = 40
UNDER_A_CHECKPOINT = 20_000

COLUMNS = (
    *("position", "kind", "season", "subject", "stream_id", "version", "topic", "schema", "command_id"),
    *("actor", "unit", "mandate", "at", "recorded_at", "data", "leaf", "leaf_hash"),
)


async def a_sealed_log(services: Settings, facts: int) -> tuple[Tenant, SignerKey]:
    """A province whose log holds so many facts, and the key that signed for them."""
    tenants = Tenants(services.database_url)
    tenant = await tenants.create(slug=f"bench-{uuid4().hex}", province_code="99", name="Tỉnh Mẫu")
    await tenants.close()
    key = SignerKey.new(tenant.log, KeyKind.NOTE)
    connection = await asyncpg.connect(services.database_url)
    await connection.execute(f"ALTER TABLE {tenant.id}.events DISABLE TRIGGER in_order")
    edge, tiles = Edge(), dict[TilePlace, bytes]()
    began = datetime.now(UTC) - timedelta(microseconds=facts)
    rows = _rows(tenant, facts, began)
    while batch := [row for _, row in zip(range(UNDER_A_CHECKPOINT), rows, strict=False)]:
        await connection.copy_records_to_table("events", records=batch, columns=COLUMNS, schema_name=tenant.id)
        edge, grown = edge.grow([hashed for *_, hashed in batch])
        tiles |= dict(grown)
        note = Checkpoint(tenant.log, edge.size, edge.root()).sign(key)
        await connection.execute(
            f"INSERT INTO {tenant.id}.sealings (size, note, at) VALUES ($1, $2, $3)",
            edge.size,
            bytes(note),
            batch[-1][12],
        )
    await connection.execute(f"UPDATE {tenant.id}.head SET position = $1", edge.size)
    await connection.copy_records_to_table(
        "tiles", records=[(*place, hashes) for place, hashes in tiles.items()], schema_name=tenant.id
    )
    await connection.execute(f"ALTER TABLE {tenant.id}.events ENABLE TRIGGER in_order")
    await connection.execute(f"VACUUM ANALYZE {tenant.id}.events")
    await connection.close()
    return tenant, key


def _rows(tenant: Tenant, facts: int, began: datetime) -> Iterator[tuple[Any, ...]]:
    """Streams are interleaved, as people work on many dossiers at a time."""
    streams = max(1, facts // IN_A_STREAM)
    names = [StreamName("assessment", "2023", f"{number:05}") for number in range(streams)]
    ids = [LOG.id(tenant.id), *(name.id(tenant.id) for name in names[1:])]
    names[0] = LOG
    last: dict[UUID, tuple[int, str]] = {}
    for number in range(facts):
        place = number % streams
        stream = ids[place]
        version, prev = last.get(stream, (0, ""))
        data = canonical(
            {"indicator": f"TC{place % 5}.CT{number % 7}", "points": "29.50", "reason": "thiếu một biên bản của thôn"}
        )
        at = began + timedelta(microseconds=number)
        command = UUID(int=number + 1)
        spelled = leaf(
            log=tenant.log,
            stream=str(stream),
            version=version + 1,
            prev=prev,
            topic="assessment.indicator-scored",
            schema=1,
            at=at,
            actor="0192f0c1-0000-7000-8000-000000000001",
            unit="25195",
            command=str(command),
            payload_sha256=payload_hash(data),
            evidence=(f"{number:064x}",),
        )
        hashed = leaf_hash(spelled)
        last[stream] = version + 1, hashed.hex()
        yield (
            *(number + 1, *names[place], stream, version + 1, "assessment.indicator-scored", 1, command),
            *("0192f0c1-0000-7000-8000-000000000001", "25195", "m-1", at, at, data.decode(), spelled, hashed),
        )


FACTS = int(os.environ.get("MINHCHUAN_BENCH_LEAVES", "1000000"))
