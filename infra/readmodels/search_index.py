"""Finding facts by their terms: rows made from the log.

The rows are made by whoever comes first, a page that needs them or the worker that looks after them, a few thousand
facts at a time in one transaction with the position up to which they go. They are made anew when the terms have another
version.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime
from typing import NamedTuple, Protocol

import asyncpg
import structlog

from infra.platform.database import REFUSED_VALUE, Connection, Database, HasId, savepoint, schema_of
from infra.readmodels.folding import Stopped, short_reason
from infra.readmodels.rebuilding import write_stops
from infra.readmodels.term_rows import NEAR, MarkedRows

log = structlog.get_logger("trail")

#: Under which name facts without terms stand among what stopped.
TRAIL = "trail"

#: The terms of the facts after one position, up to another: rows of position, season, moment and terms.
IndexBetween = Callable[[int, int], Awaitable[Sequence["FoundRow"]]]


class FoundRow(Protocol):
    """A fact as it is found."""

    @property
    def position(self) -> int: ...
    @property
    def season(self) -> str: ...
    @property
    def at(self) -> datetime: ...
    @property
    def terms(self) -> frozenset[str]: ...


class Reached(NamedTuple):
    """Up to which position facts are found, and how far the log is."""

    position: int
    last: int


class TrailIndex(MarkedRows):
    """The terms of the logs of all provinces."""

    def __init__(self, database: Database, version: int, *, near: int = NEAR) -> None:
        super().__init__(database, "trail_marks", near=near)
        self._version = version

    async def reached(self, tenant: HasId) -> Reached:
        """How far it is; 0 while the rows are of another version."""
        schema = schema_of(tenant)
        rows = await self._database.ask(
            tenant,
            f"SELECT CASE WHEN version = $1 THEN watch.position ELSE 0 END, head.position "
            f"FROM {schema}.trail_watch watch, {schema}.head",
            self._version,
        )
        return Reached(*rows[0])

    async def learn(self, tenant: HasId, index_between: IndexBetween, most: int) -> Reached:
        """Mark what came in since, at most so many facts; not at all when another process holds it for long."""
        now = await self.reached(tenant)
        if now.position == now.last:
            return now
        schema = schema_of(tenant)
        try:
            async with self._database.writing(tenant) as connection:
                [(after, version)] = await connection.fetch(
                    f"SELECT position, version FROM {schema}.trail_watch FOR UPDATE"
                )
                if version != self._version:
                    await connection.execute(f"DELETE FROM {schema}.trail_marks")
                    await connection.execute(f"DELETE FROM {schema}.stopped_rows WHERE projection = $1", TRAIL)
                    after = 0
                upto = min(now.last, after + most)
                if upto > after:
                    await self._write(connection, schema, await index_between(after, upto))
                await connection.execute(
                    f"UPDATE {schema}.trail_watch SET position = $1, version = $2", max(upto, after), self._version
                )
        except asyncpg.LockNotAvailableError:
            return now
        return Reached(max(upto, after), now.last)

    async def _write(self, connection: Connection, schema: str, rows: Sequence[FoundRow]) -> None:
        """A fact whose terms the database does not take is named, and not found."""
        try:
            async with savepoint(connection):
                await _copied(connection, schema, rows)
        except REFUSED_VALUE:
            for row in rows:
                await self._write_one(connection, schema, row)

    async def _write_one(self, connection: Connection, schema: str, row: FoundRow) -> None:
        try:
            async with savepoint(connection):
                await _copied(connection, schema, [row])
        except REFUSED_VALUE as reason:
            kind, place = type(reason).__name__, row.position
            # A trace would tell the words of the fact, which may be personal.
            log.error("terms of a fact not taken", schema=schema, position=place, reason=kind)  # noqa: TRY400 - see above
            stopped = {str(row.position): Stopped(row.position, short_reason(reason))}
            await write_stops(connection, schema, TRAIL, self._version, stopped)


async def _copied(connection: Connection, schema: str, rows: Sequence[FoundRow]) -> None:
    await connection.copy_records_to_table(
        "trail_marks",
        schema_name=schema,
        columns=["position", "season", "at", "marks"],
        records=[(one.position, one.season, one.at, sorted(one.terms)) for one in rows],
    )
