"""The rows of a season, folded anew from the log and written beside those that pages read.

Rows never cross seasons, so seasons can be folded one after the other, or side by side in several processes.
"""

from __future__ import annotations

import gc
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, NamedTuple, Protocol

import msgspec
import structlog

from domain.fact import Recorded
from domain.text import bounded
from infra.platform.database import REFUSED_VALUE, Connection, Database, HasId, savepoint, schema_of
from infra.readmodels.folding import PAGE, Stopped, fold, heard, short_reason
from infra.readmodels.question import Question
from infra.readmodels.reading import LogReader

log = structlog.get_logger("projector")


class Folded(NamedTuple):
    """What folding a season gave: facts, and rows written."""

    facts: int
    rows: int


class FoldSeason(Protocol):
    """Fold one season ("" is what belongs to none) up to a position, here or in another process.

    `generations` names the projections and the generation that their rows become.
    """

    async def __call__(self, tenant: HasId, season: str, upto: int, generations: Mapping[str, int]) -> Folded: ...


async def fold_season(
    database: Database,
    log: LogReader,
    projections: Sequence[Question[Any]],
    tenant: HasId,
    season: str,
    upto: int,
    generations: Mapping[str, int],
) -> Folded:
    """Fold the season in memory, then copy its rows into the table, under a generation that nobody reads yet."""
    folding = _Folding([one for one in projections if one.name in generations and one.seasonal == bool(season)])
    with _uncollected():
        async for facts in log.read(tenant, upto=upto, season=season, page=PAGE, unreadable=True):
            folding.fold(facts)
        async with database.writing(tenant) as connection:
            rows = await _copy(connection, schema_of(tenant), folding, generations)
    return Folded(folding.facts, rows)


@contextmanager
def _uncollected() -> Iterator[None]:
    """Folding makes many values and no cycles; looking for cycles takes a third of the time.

    Not where pages are served: all that was made meanwhile would be looked at in one go afterwards.
    """
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()


class _Folding:
    """Several projections folded in memory; `first` and `changed` are the positions that changed each row."""

    def __init__(self, projections: Sequence[Question[Any]]) -> None:
        self.projections = list(projections)
        self.rows: dict[str, dict[str, Any]] = {one.name: {} for one in projections}
        self.first: dict[str, dict[str, int]] = {one.name: {} for one in projections}
        self.changed: dict[str, dict[str, int]] = {one.name: {} for one in projections}
        self.stops: dict[str, dict[str, Stopped]] = {one.name: {} for one in projections}
        self.facts = 0

    def fold(self, facts: list[Recorded]) -> None:
        mine = heard(self.projections, facts)
        for one in self.projections:
            changed = fold(one, mine[one.name], self.rows[one.name], self.stops[one.name])
            self.changed[one.name].update(changed)
            self.first[one.name] = changed | self.first[one.name]
        self.facts += len(facts)


class NewRow(NamedTuple):
    """A row as it is to be written: the question that it answers, and the position that changed it last."""

    question: Question[Any]
    generation: int
    key: str
    position: int
    row: Any

    @property
    def columns(self) -> tuple[str, int, str, str, int, str, str | None]:
        """Of the table. A key that no index takes is stored short, and stands beside it in full."""
        key, scope = bounded(self.key), bounded(self.question.scope(self.row))
        body = msgspec.json.encode(self.row).decode()
        return (
            self.question.name,
            self.generation,
            key,
            scope,
            self.position,
            body,
            None if key == self.key else self.key,
        )


async def _copy(connection: Connection, schema: str, folding: _Folding, generations: Mapping[str, int]) -> int:
    """Write the rows and name those that stopped; how many there are."""
    rows = [
        NewRow(one, generations[one.name], key, folding.changed[one.name][key], row)
        for one in folding.projections
        for key, row in folding.rows[one.name].items()
    ]
    for refused, reason in await write_rows(connection, schema, rows, copy=True):
        name = refused.question.name
        folding.stops[name][bounded(refused.key)] = Stopped(folding.first[name][refused.key], reason)
    for name, stops in folding.stops.items():
        await write_stops(connection, schema, name, generations[name], stops)
    return len(rows)


async def write_rows(
    connection: Connection, schema: str, rows: Sequence[NewRow], *, copy: bool = False
) -> list[tuple[NewRow, str]]:
    """Write these rows in the transaction of the connection, `copy` where none of them is there yet.

    Those that the database does not take are left out, and given back with the reason.
    """
    try:
        records = [row.columns for row in rows]
        async with savepoint(connection):
            await (_copied(connection, schema, records) if copy else _put(connection, schema, records))
    except REFUSED_VALUE:
        return await _write_one_by_one(connection, schema, rows)
    return []


async def _write_one_by_one(connection: Connection, schema: str, rows: Sequence[NewRow]) -> list[tuple[NewRow, str]]:
    refused = []
    for row in rows:
        try:
            async with savepoint(connection):
                await _put(connection, schema, [row.columns])
        except REFUSED_VALUE as reason:
            told = {"projection": row.question.name, "key": row.key[:100], "position": row.position}
            log.error("a row is not taken", **told, reason=type(reason).__name__)  # noqa: TRY400 - values are people's
            refused.append((row, short_reason(reason)))
    return refused


_Columns = tuple[str, int, str, str, int, str, str | None]


async def _copied(connection: Connection, schema: str, records: list[_Columns]) -> None:
    await connection.copy_records_to_table(
        "projected",
        schema_name=schema,
        columns=["projection", "generation", "key", "scope", "position", "body", "full_key"],
        records=records,
    )


async def _put(connection: Connection, schema: str, records: list[_Columns]) -> None:
    if not records:
        return
    await connection.execute(
        f"""
        INSERT INTO {schema}.projected (projection, generation, key, scope, position, body, full_key)
        SELECT projection, generation, key, scope, position, body::json, full_key
        FROM unnest($1::text[], $2::int[], $3::text[], $4::text[], $5::bigint[], $6::text[], $7::text[])
          row (projection, generation, key, scope, position, body, full_key)
        ON CONFLICT (projection, generation, key)
        DO UPDATE SET scope = excluded.scope, position = excluded.position, body = excluded.body
        """,
        *(list(column) for column in zip(*records, strict=True)),
    )


async def write_stops(
    connection: Connection, schema: str, projection: str, generation: int, stops: Mapping[str, Stopped]
) -> None:
    """Name the rows that stopped."""
    if stops:
        await connection.executemany(
            f"""
            INSERT INTO {schema}.stopped_rows (projection, generation, key, position, reason)
            VALUES ($1, $2, $3, $4, $5) ON CONFLICT DO NOTHING
            """,
            [(projection, generation, key, one.position, _storable(one.reason)) for key, one in stops.items()],
        )


def _storable(reason: str) -> str:
    return reason.encode(errors="replace").decode().replace("\0", "?")
