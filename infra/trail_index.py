"""Finding facts by their marks: rows made from the log, and the queries over them.

The rows are made by whoever comes first, a page that needs them or the worker that looks after them, a few thousand
facts at a time in one transaction with the position up to which they go. They are made anew when the marks have another
version.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime
from typing import Any, NamedTuple, Protocol

import asyncpg

from infra.database import Database, HasId, schema_of

#: So many facts are looked through one by one before the marks are asked, for what is common is found there; twenty
#: times as many where few marks are looked for.
NEAR, FEW = 5_000, 20

#: The marks of the facts after one position, up to another: rows of position, season, moment and marks.
Marking = Callable[[int, int], Awaitable[Sequence["Row"]]]


class Row(Protocol):
    """A fact as it is found."""

    @property
    def position(self) -> int: ...
    @property
    def season(self) -> str: ...
    @property
    def at(self) -> datetime: ...
    @property
    def marks(self) -> frozenset[str]: ...


class Search(Protocol):
    """What is looked for, as far as a query cares."""

    @property
    def sets(self) -> tuple[frozenset[str], ...]: ...
    @property
    def season(self) -> str: ...
    @property
    def since(self) -> datetime | None: ...
    @property
    def until(self) -> datetime | None: ...
    @property
    def without(self) -> frozenset[str]: ...


class Reached(NamedTuple):
    """Up to which position facts are found, and how far the log is."""

    position: int
    last: int


class TrailIndex:
    """The marks of the logs of all provinces."""

    def __init__(self, database: Database, version: int, *, near: int = NEAR) -> None:
        self._database = database
        self._version = version
        self._near = near

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

    async def learn(self, tenant: HasId, marking: Marking, most: int) -> Reached:
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
                    after = 0
                upto = min(now.last, after + most)
                if upto > after:
                    await connection.copy_records_to_table(
                        "trail_marks",
                        schema_name=schema,
                        columns=["position", "season", "at", "marks"],
                        records=[
                            (one.position, one.season, one.at, sorted(one.marks)) for one in await marking(after, upto)
                        ],
                    )
                await connection.execute(
                    f"UPDATE {schema}.trail_watch SET position = $1, version = $2", max(upto, after), self._version
                )
        except asyncpg.LockNotAvailableError:
            return now
        return Reached(max(upto, after), now.last)

    async def find(
        self, tenant: HasId, search: Search, low: int, high: int, many: int, *, rising: bool = False
    ) -> list[int]:
        """At most `many` of the positions looked for, between `low` (left out) and `high` (included).

        The newest, newest first; or, `rising`, the oldest, oldest first.
        """
        order = f"ORDER BY position {'ASC' if rising else 'DESC'} LIMIT {many:d}"
        for width in (self._near, self._near * 20) if _is_narrow(search) else (self._near,):
            near = (low, min(high, low + width)) if rising else (max(low, high - width), high)
            query, arguments = _query(schema_of(tenant), search, *near)
            rows = await self._ask(tenant, f"{query} {order}", arguments)
            if len(rows) == many or near == (low, high):
                return [row["position"] for row in rows]
        query, arguments = _query(schema_of(tenant), search, low, high)
        # Fenced off by OFFSET 0 where there are marks: else what is rare, or common only long ago, may be looked for
        # along the whole log (17 s where the marks say it in 50 ms).
        fence = "OFFSET 0" if search.sets else ""
        rows = await self._ask(tenant, f"SELECT position FROM ({query} {fence}) found {order}", arguments)
        return [row["position"] for row in rows]

    async def count(self, tenant: HasId, search: Search, low: int, high: int, most: int) -> int:
        """How many there are, at most `most`."""
        query, arguments = _query(schema_of(tenant), search, low, high)
        rows = await self._ask(tenant, f"SELECT count(*) FROM ({query} LIMIT {most:d}) found", arguments)
        return int(rows[0]["count"])

    async def _ask(self, tenant: HasId, query: str, arguments: list[Any]) -> list[asyncpg.Record]:
        async with self._database.reading(tenant) as connection:
            # What is asked for decides which way is short: a common act or a single person.
            await connection.execute("SET LOCAL plan_cache_mode = force_custom_plan")
            return await connection.fetch(query, *arguments)


def _is_narrow(search: Search) -> bool:
    """Whether looking at one fact costs little."""
    return sum(map(len, search.sets)) <= FEW


def _query(schema: str, search: Search, low: int, high: int) -> tuple[str, list[Any]]:
    """The positions that are looked for, between `low` (left out) and `high` (included)."""
    arguments: list[Any] = [low, high]
    conditions = ["position > $1", "position <= $2"]

    def ask(condition: str, argument: Any) -> None:
        arguments.append(argument)
        conditions.append(condition.format(len(arguments)))

    for wanted in search.sets:
        ask("marks && ${}::text[]", sorted(wanted))
    if search.without:
        ask("NOT marks && ${}::text[]", sorted(search.without))
    if search.season:
        ask("season = ${}", search.season)
    if search.since is not None:
        ask("at >= ${}", search.since)
    if search.until is not None:
        ask("at <= ${}", search.until)
    return f"SELECT position FROM {schema}.trail_marks WHERE {' AND '.join(conditions)}", arguments
