"""Reading of read models: rows as they are now, or as they were at a position of the log.

Now is the table that the projector keeps; then is the same fold, run up to the position. Both give the same rows
to the same template. A page of the person's own write is never old: `fresh` folds what the table still lacks.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import (
    AsyncIterator,
    Collection,
    Hashable,
    Mapping,
    Sequence,
)
from collections.abc import Set as AbstractSet
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, NamedTuple, Protocol, TypeAlias

import msgspec

from domain.fact import Fact, Recorded, StreamName
from domain.text import bounded
from infra.platform.database import Connection, Database, HasId, begun_again, schema_of
from infra.platform.notifications import Waiter
from infra.platform.slicing import in_slices
from infra.readmodels.folding import Stopped, fold, stop_of
from infra.readmodels.progress import ProjectionProgress, ReadModelStatus, StoppedRow
from infra.readmodels.question import Question, R

#: Channel of the hints that read models have moved on; the payload is the tenant's id.
FOLDED = "folded"

#: Facts folded at a time where pages are served: the loop is held for some 5 ms.
FACTS_PER_SLICE = 500

#: A snapshot of a season's fold is kept each so many facts that it heard.
SNAPSHOT = 2_500

#: Rows that a process keeps decoded, in characters as they are stored, and the positions of a scope that it keeps.
KEPT, LOOKS = 16_000_000, 4


#: Rows by key, and those among them that stopped before a fact.
Folded: TypeAlias = tuple[dict[str, R], dict[str, Stopped]]


class LogReader(Protocol):
    """The event store, as far as folding needs it."""

    def read(
        self,
        tenant: HasId,
        *,
        after: int = 0,
        upto: int | None = None,
        season: str | None = None,
        streams: Collection[StreamName] | None = None,
        facts: Collection[type[Fact]] | None = None,
        limit: int | None = None,
        page: int = FACTS_PER_SLICE,
        unreadable: bool = False,
    ) -> AsyncIterator[list[Recorded]]: ...
    async def position(self, tenant: HasId) -> int: ...


class BeingRebuilt(Exception):
    """The table was made by another version of the fold, or not yet; the projector is at it."""


class View(Protocol):
    """The read models at one moment."""

    @property
    def position(self) -> int:
        """The rows hold every fact up to here."""
        ...

    @property
    def lacks(self) -> AbstractSet[int]:
        """The facts before which rows stand that were asked for here: a reader must not take them for the latest."""
        ...

    def moment(self, *questions: Question[Any]) -> Hashable:
        """What the rows of these questions depend on: while it is the same, they are the same."""
        ...

    async def one(self, question: Question[R], key: str) -> R | None:
        """The row with this key."""
        ...

    async def all(self, question: Question[R], scope: str | None = None) -> list[R]:
        """The rows of a scope, or all rows, by key."""
        ...


class ReadModels:
    """The door to the read models of every tenant, in one process."""

    def __init__(self, database: Database, log: LogReader, kept: int = KEPT) -> None:
        self._database = database
        self._log = log
        self._past = _Past(log)
        self._read = _RowCache(kept)
        self._news = Waiter(database.dsn, FOLDED, poll=0.1)

    async def close(self) -> None:
        """Stop listening; database and log stay open."""
        await self._news.close()

    @asynccontextmanager
    async def at(self, tenant: HasId, position: int | None = None) -> AsyncIterator[View]:
        """The read models now, or as of a position. All questions inside see the same moment."""
        if position is not None:
            yield _Then(self._database, self._log, self._past, tenant, position)
            return
        async with self._now(tenant) as now:
            yield now

    @asynccontextmanager
    async def _now(self, tenant: HasId) -> AsyncIterator[_Now]:
        async with self._database.reading(tenant) as connection:
            yield _Now(connection, tenant, self._read, *await _checkpoints(connection, tenant))

    @begun_again
    async def fresh(self, tenant: HasId, question: Question[R], key: str) -> R | None:
        """The row as the log has it this moment: the table's row and the few facts that it still lacks."""
        streams = question.streams(key)
        if streams is None:
            raise ValueError(f"{question.name}: the whole season is needed to know one row")
        row, after = None, 0
        async with self._now(tenant) as now:
            with suppress(BeingRebuilt):
                row = await now.one(question, key)
                after = now.checkpoint(question).position
            stops = dict(now.stops(question))
        rows: dict[str, R] = {} if row is None else {key: row}
        async for facts in self._log.read(tenant, after=after, streams=streams, unreadable=True):
            fold(question, facts, rows, stops)
        return rows.get(key)

    @begun_again
    async def status(self, tenant: HasId) -> ReadModelStatus:
        """How far the log and each projection are, and what was stopped."""
        schema = schema_of(tenant)
        async with self._database.reading(tenant) as connection:
            checkpoints, _ = await _checkpoints(connection, tenant)
            position = await connection.fetchval(f"SELECT position FROM {schema}.head")
            stopped = await connection.fetch(
                f"""
                SELECT projection, key, stopped.position, reason
                FROM {schema}.stopped_rows stopped LEFT JOIN {schema}.checkpoints USING (projection, generation)
                WHERE checkpoints.projection IS NOT NULL OR projection = 'trail'
                ORDER BY stopped.position, projection, key
                """
            )
        return ReadModelStatus(int(position or 0), checkpoints, tuple(StoppedRow(*row) for row in stopped))

    async def reached(
        self,
        tenant: HasId,
        position: int,
        questions: Sequence[Question[Any]],
        timeout: float = 2.0,  # noqa: ASYNC109 - whoever asks knows who waits
    ) -> bool:
        """Wait until these read models hold every fact up to the position; False when that took too long."""
        try:
            async with asyncio.timeout(timeout), self._news.of(tenant) as news:
                while True:
                    news.clear()
                    if await self._reached(tenant, position, questions):
                        return True
                    await news.wait()
        except TimeoutError:
            return False

    async def _reached(self, tenant: HasId, position: int, questions: Sequence[Question[Any]]) -> bool:
        rows = await self._database.ask(tenant, _checkpoints_sql(tenant))
        checkpoints = {row["projection"]: ProjectionProgress(*row[:4]) for row in rows}
        return all(
            (checkpoint := checkpoints.get(question.name)) is not None
            and checkpoint.version == question.version
            and checkpoint.position >= position
            for question in questions
        )


# Now --------------------------------------------------------------------------------------------------


class _Lacking:
    """What a view was asked for that stands before a fact."""

    def __init__(self) -> None:
        self.lacks: set[int] = set()

    def note(self, question: Question[Any], stops: Mapping[str, Stopped], season: str | None = None) -> None:
        """Rows of the question were asked for, of this season or of all."""
        for key, one in stops.items():
            if season is None or not question.seasonal or key.partition("/")[0] == season:
                self.lacks.add(one.position)

    def note_one(self, question: Question[Any], stops: Mapping[str, Stopped], key: str) -> None:
        """A single row was asked for."""
        if (stop := stop_of(question, key, stops)) is not None:
            self.lacks.add(stop.position)


class _Now(_Lacking):
    def __init__(
        self,
        connection: Connection,
        tenant: HasId,
        read: _RowCache,
        checkpoints: dict[str, ProjectionProgress],
        stops: dict[str, dict[str, Stopped]],
    ) -> None:
        super().__init__()
        self._connection = connection
        self._tenant = tenant
        self._read = read
        self._table = f"{schema_of(tenant)}.projected"
        self._checkpoints = checkpoints
        self._stops = stops
        self.position = min((one.position for one in checkpoints.values()), default=0)

    def moment(self, *questions: Question[Any]) -> Hashable:
        for question in questions:
            self.note(question, self.stops(question))
        return tuple(self.checkpoint(question) for question in questions)

    def stops(self, question: Question[Any]) -> Mapping[str, Stopped]:
        return self._stops.get(question.name, {})

    async def one(self, question: Question[R], key: str) -> R | None:
        key = bounded(key)
        self.note_one(question, self.stops(question), key)
        body = await self._connection.fetchval(
            f"SELECT body FROM {self._table} WHERE projection = $1 AND generation = $2 AND key = $3",
            question.name,
            self.checkpoint(question).generation,
            key,
        )
        return None if body is None else msgspec.json.decode(body, type=question.row)

    async def all(self, question: Question[R], scope: str | None = None) -> list[R]:
        self.note(question, self.stops(question), scope or None)
        checkpoint = self.checkpoint(question)
        key = (self._tenant.id, question.name, question.version, checkpoint.generation, scope)
        known = self._read.upto(key, checkpoint.position)
        if known.position < checkpoint.position:
            known = await self._further(question, scope, known)
            self._read.keep(key, known)
        return list(known.rows.values())

    async def _further(self, question: Question[Any], scope: str | None, known: _Rows) -> _Rows:
        """The rows of a scope, or of all: those that changed since are read, or all where some have come or gone."""
        where = "projection = $1 AND generation = $2 AND ($3::text IS NULL OR scope = $3)"
        checkpoint = self.checkpoint(question)
        count, *changed = await self._connection.fetch(
            f"""
            SELECT NULL AS key, NULL AS body, count(*) FROM {self._table} WHERE {where}
            UNION ALL
            SELECT key, body, NULL FROM {self._table} WHERE {where} AND position > $4 ORDER BY key NULLS FIRST
            """,
            question.name,
            checkpoint.generation,
            None if scope is None else bounded(scope),
            known.position,
        )
        keys = [row["key"] for row in changed]
        if known.position >= 0 and (count["count"] != len(known.rows) or not known.rows.keys() >= set(keys)):
            return await self._further(question, scope, _Rows())
        decode = msgspec.json.Decoder(question.row).decode
        rows = dict(zip(keys, await in_slices(decode(row["body"]) for row in changed), strict=True))
        size = known.size if known.rows else sum(len(row["body"]) for row in changed)
        return _Rows(checkpoint.position, {**known.rows, **rows} if rows else known.rows, size)

    def checkpoint(self, question: Question[Any]) -> ProjectionProgress:
        checkpoint = self._checkpoints.get(question.name)
        if checkpoint is None or checkpoint.version != question.version:
            raise BeingRebuilt(question.name)
        return checkpoint


class _Rows(NamedTuple):
    """The rows of a scope as they were at a position of their projection, by key and in order, and how long they were
    to read.
    """

    position: int = -1
    rows: Mapping[str, Any] = MappingProxyType({})
    size: int = 0


class _RowCache:
    """Rows that were read and decoded, for the next look at the same scope: it reads those that changed since.

    The rows at the last few positions are kept, for whoever began to look earlier may ask later. A projection that is
    made anew has another generation, and its rows are other rows. Scopes that were not asked for longest are forgotten.
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self._scopes: OrderedDict[Hashable, tuple[_Rows, ...]] = OrderedDict()
        self._size = 0

    def upto(self, key: Hashable, position: int) -> _Rows:
        """The last rows that are known which are not later than this position."""
        if key in self._scopes:
            self._scopes.move_to_end(key)
        known = (one for one in self._scopes.get(key, ()) if one.position <= position)
        return max(known, key=lambda one: one.position, default=_Rows())

    def keep(self, key: Hashable, rows: _Rows) -> None:
        """Keep these rows too."""
        former = self._scopes.get(key, ())
        self._scopes[key] = (*former, rows)[-LOOKS:]
        self._size += rows.size - (former[-1].size if former else 0)
        while self._size > self._most:
            _, forgotten = self._scopes.popitem(last=False)
            self._size -= forgotten[-1].size


# Then -------------------------------------------------------------------------------------------------


class _Then(_Lacking):
    def __init__(self, database: Database, log: LogReader, past: _Past, tenant: HasId, position: int) -> None:
        super().__init__()
        self._database = database
        self._log = log
        self._past = past
        self._tenant = tenant
        self.position = position

    def moment(self, *questions: Question[Any]) -> Hashable:
        return tuple((question.name, question.version, self.position) for question in questions)

    async def one(self, question: Question[R], key: str) -> R | None:
        streams = question.streams(key)
        if streams is None:
            season, _, _ = key.partition("/")
            rows, stops = await self._past.rows(question, self._tenant, season, self.position)
        else:
            rows, stops = await self._of_streams(question, streams)
        self.note_one(question, stops, key)
        return rows.get(key)

    async def all(self, question: Question[R], scope: str | None = None) -> list[R]:
        season = (scope or "") if question.seasonal else ""
        if season or not question.seasonal:
            rows, stops = await self._past.rows(question, self._tenant, season, self.position)
        else:
            rows, stops = await self._of_every_season(question)
        self.note(question, stops)
        return [row for _, row in sorted(rows.items()) if scope is None or question.scope(row) == scope]

    async def _of_streams(self, question: Question[R], streams: Collection[StreamName]) -> Folded[R]:
        rows: dict[str, R] = {}
        stops: dict[str, Stopped] = {}
        pages = self._log.read(self._tenant, upto=self.position, streams=streams, page=FACTS_PER_SLICE, unreadable=True)
        async for facts in pages:
            fold(question, facts, rows, stops)
        return rows, stops

    async def _of_every_season(self, question: Question[R]) -> Folded[R]:
        """What was there then is among what is there now: no stream and no season ever goes away."""
        schema = schema_of(self._tenant)
        found = await self._database.ask(
            self._tenant,
            f"""
            SELECT coalesce(full_key, key) AS key
            FROM {schema}.projected JOIN {schema}.checkpoints USING (projection, generation)
            WHERE projection = $1
            """,
            question.name,
        )
        streams: set[StreamName] = set()
        seasons: set[str] = set()
        for row in found:
            named = question.streams(row["key"])
            if named is None:
                seasons.add(row["key"].partition("/")[0])
            else:
                streams.update(named)
        rows, stops = await self._of_streams(question, streams) if streams else ({}, {})
        for season in seasons:
            further, stopped = await self._past.rows(question, self._tenant, season, self.position)
            rows |= further
            stops |= stopped
        return rows, stops


class _Past:
    """Folds up to a position, begun at the nearest earlier one that is kept. Rows are frozen, so they are shared."""

    def __init__(self, log: LogReader, *, seasons: int = 48) -> None:
        self._log = log
        self._seasons = seasons
        self._seen: OrderedDict[tuple[str, str, str], _Seen] = OrderedDict()

    async def rows(self, question: Question[R], tenant: HasId, season: str, position: int) -> Folded[R]:
        """The rows of a season ("" for what belongs to none) as of the position, and those that stopped before it."""
        seen = self._of(tenant, question, season)
        after = seen.nearest(position)
        rows, stops = _copied(seen.rows(after))
        folded = 0
        heard = frozenset(question.facts)
        pages = self._log.read(
            tenant, after=after, upto=position, season=season, facts=heard, page=FACTS_PER_SLICE, unreadable=True
        )
        async for facts in pages:
            fold(question, facts, rows, stops)
            after = facts[-1].position
            folded += len(facts)
            if folded >= SNAPSHOT:
                seen.snapshots[after] = _copied((rows, stops))
                folded = 0
        if folded:
            seen.last = (after, _copied((rows, stops)))
        await asyncio.sleep(0)  # the last page was a slice; what is made of the rows is another
        return rows, stops

    def _of(self, tenant: HasId, question: Question[Any], season: str) -> _Seen:
        key = (tenant.id, question.name, season)
        found = self._seen.setdefault(key, _Seen())
        self._seen.move_to_end(key)
        if len(self._seen) > self._seasons:
            self._seen.popitem(last=False)
        return found


@dataclass(slots=True)
class _Seen:
    """Rows of a season at some positions: every so many facts, and where somebody looked last."""

    snapshots: dict[int, Folded[Any]] = field(default_factory=dict)
    last: tuple[int, Folded[Any]] = (0, ({}, {}))

    def nearest(self, position: int) -> int:
        """The last kept position that is not later; 0 for the beginning."""
        return max((one for one in (*self.snapshots, self.last[0]) if one <= position), default=0)

    def rows(self, position: int) -> Folded[Any]:
        return self.last[1] if self.last[0] == position else self.snapshots.get(position, ({}, {}))


def _copied(folded: Folded[R]) -> Folded[R]:
    rows, stops = folded
    return dict(rows), dict(stops)


# SQL --------------------------------------------------------------------------------------------------


def _checkpoints_sql(tenant: HasId) -> str:
    schema = schema_of(tenant)
    return f"""
    SELECT projection, version, generation, position, (
      SELECT json_agg(json_build_array(key, stopped.position, reason))
      FROM {schema}.stopped_rows stopped
      WHERE stopped.projection = done.projection AND stopped.generation = done.generation
    ) AS stopped
    FROM {schema}.checkpoints done
    """


async def _checkpoints(
    connection: Connection, tenant: HasId
) -> tuple[dict[str, ProjectionProgress], dict[str, dict[str, Stopped]]]:
    """How far each projection is, and its stopped rows."""
    rows = await connection.fetch(_checkpoints_sql(tenant))
    return (
        {row["projection"]: ProjectionProgress(*row[:4]) for row in rows},
        {row["projection"]: stopped_in(row["stopped"]) for row in rows if row["stopped"]},
    )


def stopped_in(rows: str | bytes) -> dict[str, Stopped]:
    """Stopped rows by key, as a query lists them in JSON."""
    return {key: Stopped(position, reason) for key, position, reason in msgspec.json.decode(rows)}
