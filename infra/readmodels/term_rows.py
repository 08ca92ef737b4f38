"""Rows found by their terms (column `marks`): a table with position, season and moment, and the queries over it."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Protocol

import asyncpg

from infra.platform.database import Database, HasId, begun_again, schema_of

#: So many rows are looked through one by one before the terms are asked, for what is common is found there; twenty
#: times as many where few terms are looked for.
NEAR, FEW = 5_000, 20


class TermQuery(Protocol):
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


class MarkedRows:
    """One such table of all provinces."""

    def __init__(self, database: Database, table: str, *, near: int = NEAR) -> None:
        self._database = database
        self._table = table
        self._near = near

    async def find(
        self, tenant: HasId, search: TermQuery, low: int, high: int, many: int, *, rising: bool = False
    ) -> list[int]:
        """At most `many` of the positions looked for, between `low` (left out) and `high` (included).

        The newest, newest first; or, `rising`, the oldest, oldest first.
        """
        order = f"ORDER BY position {'ASC' if rising else 'DESC'} LIMIT {many:d}"
        for width in (self._near, self._near * 20) if _is_narrow(search) else (self._near,):
            near = (low, min(high, low + width)) if rising else (max(low, high - width), high)
            query, arguments = _query(self._table_of(tenant), search, *near)
            rows = await self._ask(tenant, f"{query} {order}", arguments)
            if len(rows) == many or near == (low, high):
                return [row["position"] for row in rows]
        query, arguments = _query(self._table_of(tenant), search, low, high)
        # Fenced off by OFFSET 0 where there are terms: else what is rare, or common only long ago, may be looked for
        # along the whole log (17 s where the terms say it in 50 ms).
        fence = "OFFSET 0" if search.sets else ""
        rows = await self._ask(tenant, f"SELECT position FROM ({query} {fence}) found {order}", arguments)
        return [row["position"] for row in rows]

    async def count(self, tenant: HasId, search: TermQuery, low: int, high: int, most: int) -> int:
        """How many there are, at most `most`."""
        query, arguments = _query(self._table_of(tenant), search, low, high)
        rows = await self._ask(tenant, f"SELECT count(*) FROM ({query} LIMIT {most:d}) found", arguments)
        return int(rows[0]["count"])

    def _table_of(self, tenant: HasId) -> str:
        return f"{schema_of(tenant)}.{self._table}"

    @begun_again
    async def _ask(self, tenant: HasId, query: str, arguments: list[Any]) -> list[asyncpg.Record]:
        async with self._database.reading(tenant) as connection:
            # What is asked for decides which way is short: a common act or a single person.
            await connection.execute("SET LOCAL plan_cache_mode = force_custom_plan")
            return await connection.fetch(query, *arguments)


def _is_narrow(search: TermQuery) -> bool:
    """Whether looking at one fact costs little."""
    return sum(map(len, search.sets)) <= FEW


def _query(table: str, search: TermQuery, low: int, high: int) -> tuple[str, list[Any]]:
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
    return f"SELECT position FROM {table} WHERE {' AND '.join(conditions)}", arguments
