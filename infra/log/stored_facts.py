"""Facts of a tenant's log as they are stored, for programs that read whole logs and prove what they read.

Nothing is decoded or checked here, unlike in `infra/log/stored_rows.py`: callers hash the leaves and compare.
"""

from collections.abc import Collection
from typing import NamedTuple

from domain.fact import StreamName
from infra.platform.database import Connection, HasId, schema_of


class StoredFact(NamedTuple):
    """A fact of a stream: its position, its leaf, and the payload as JSON text."""

    position: int
    leaf: bytes
    data: str


class StoredLeaf(NamedTuple):
    """A fact as a leaf of the tree: `number` is its position less 1; `data` is the payload, None unless asked for."""

    number: int
    topic: str
    leaf: bytes
    data: str | None


class NamedFile(NamedTuple):
    """A file by its SHA-256 with the position of the first fact that names it.

    `kept` says that a fact names it which names only files that are kept here.
    """

    position: int
    sha256: str | None
    kept: bool


async def log_size(connection: Connection, tenant: HasId) -> int:
    """How many facts the log holds."""
    size: int = await connection.fetchval(f"SELECT position FROM {schema_of(tenant)}.head")
    return size


async def leaf_of(connection: Connection, tenant: HasId, position: int) -> bytes:
    """The leaf of the fact at this position, which must be one."""
    leaf: bytes = await connection.fetchval(
        f"SELECT leaf FROM {schema_of(tenant)}.events WHERE position = $1", position
    )
    return leaf


async def leaves_between(
    connection: Connection, tenant: HasId, after: int, upto: int, with_data: Collection[str]
) -> list[StoredLeaf]:
    """The leaves of the facts with `after` < position <= `upto` in order; the payload comes with these topics only."""
    rows = await connection.fetch(
        f"""
        SELECT position - 1, topic, leaf, CASE WHEN topic = ANY($3::text[]) THEN data END
        FROM {schema_of(tenant)}.events WHERE position > $1 AND position <= $2 ORDER BY position
        """,
        after,
        upto,
        list(with_data),
    )
    return [StoredLeaf(*row) for row in rows]


async def facts_of_stream(connection: Connection, tenant: HasId, name: StreamName, upto: int) -> list[StoredFact]:
    """The facts of a stream up to a position, in order."""
    rows = await connection.fetch(
        f"""
        SELECT position, leaf, data FROM {schema_of(tenant)}.events
        WHERE stream_id = $1 AND position <= $2 ORDER BY version
        """,
        name.id(tenant.id),
        upto,
    )
    return [StoredFact(*row) for row in rows]


async def first_with_result(
    connection: Connection, tenant: HasId, topic: str, preferred: str
) -> tuple[str, str] | None:
    """Season and subject of the first fact of this topic whose result is the preferred one, else of the first at all.

    None where there is no such fact.
    """
    row = await connection.fetchrow(
        f"""
        SELECT season, subject FROM {schema_of(tenant)}.events WHERE topic = $1
        ORDER BY data ->> 'result' = $2 DESC, position LIMIT 1
        """,
        topic,
        preferred,
    )
    return None if row is None else (row["season"], row["subject"])


async def files_named(
    connection: Connection, tenant: HasId, kept: Collection[str], named: Collection[str]
) -> list[NamedFile]:
    """Every file that facts of these topics name by its SHA-256, in the order in which they were first named.

    Files of the topics `kept` lie here; those of `named` may.
    """
    rows = await connection.fetch(
        f"""
        SELECT min(position) AS position, data ->> 'sha256' AS sha256, bool_or(topic = ANY($1::text[])) AS kept
        FROM {schema_of(tenant)}.events WHERE topic = ANY($1::text[] || $2::text[])
        GROUP BY 2 ORDER BY 1
        """,
        list(kept),
        list(named),
    )
    return [NamedFile(*row) for row in rows]
