"""What pages read: rows as they are now, or as they were at a position of the log.

Now is the table that the projector keeps; then is the same fold, run up to the position. Both give the same rows
to the same template. A page of the person's own write is never old: `fresh` folds what the table still lacks.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import (
    AsyncIterator,
    Callable,
    Collection,
    Hashable,
    Iterable,
    Mapping,
    MutableMapping,
    Sequence,
)
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import Any, NamedTuple, Protocol, TypeAlias, TypeVar

import msgspec

from domain.fact import Fact, Recorded, StreamName
from infra.database import Connection, Database, HasId, News, begun_again, schema_of
from infra.slicing import in_slices

#: Channel of the hints that read models have moved on; the payload is the tenant's id.
FOLDED = "folded"

#: Facts folded at a time where pages are served: the loop is held for some 5 ms.
BREATH = 500

#: A snapshot of a season's fold is kept each so many facts that it heard.
SNAPSHOT = 2_500

R = TypeVar("R")

#: Facts that concern one row, in their order, each with what a projection makes of it.
Run: TypeAlias = list[tuple[Any, Recorded]]


class Question(Protocol[R]):
    """A projection, as far as reading and keeping it up to date is concerned."""

    @property
    def name(self) -> str: ...
    @property
    def version(self) -> int: ...
    @property
    def row(self) -> type[R]: ...
    @property
    def facts(self) -> tuple[type[Fact], ...]: ...
    @property
    def seasonal(self) -> bool: ...
    @property
    def scope(self) -> Callable[[R], str]: ...
    def fold(self, facts: Iterable[Recorded], rows: MutableMapping[str, R], /) -> dict[str, int]: ...
    def runs(self, facts: Iterable[Recorded], /) -> dict[str, Run]: ...
    def fold_runs(self, runs: Mapping[str, Run], rows: MutableMapping[str, R], /) -> dict[str, int]: ...
    def streams(self, key: str, /) -> Collection[StreamName] | None: ...


class Log(Protocol):
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
        page: int = BREATH,
    ) -> AsyncIterator[list[Recorded]]: ...
    async def position(self, tenant: HasId) -> int: ...


class BeingRebuilt(Exception):
    """The table was made by another version of the fold, or not yet; the projector is at it."""


class Checkpoint(NamedTuple):
    """How far a projection is. `failure` says why it stopped at `failed_position`, None while it goes on."""

    projection: str
    version: int
    generation: int
    position: int
    failed_position: int | None
    failure: str | None


class Status(NamedTuple):
    """How far the log and each projection are."""

    position: int
    checkpoints: dict[str, Checkpoint]

    @property
    def behind(self) -> int:
        """How many facts the slowest projection still lacks."""
        return self.position - min((one.position for one in self.checkpoints.values()), default=0)

    @property
    def failures(self) -> tuple[Checkpoint, ...]:
        """The projections that stopped at a fact they could not fold."""
        return tuple(one for one in self.checkpoints.values() if one.failure is not None)


class View(Protocol):
    """The read models at one moment."""

    @property
    def position(self) -> int:
        """The rows hold every fact up to here."""
        ...

    @property
    def is_past(self) -> bool:
        """Whether this is an earlier moment, at which nothing can be done any more."""
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

    def __init__(self, database: Database, log: Log) -> None:
        self._database = database
        self._log = log
        self._past = _Past(log)
        self._news = News(database.dsn, FOLDED, poll=0.1)

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
            yield _Now(connection, tenant, await _checkpoints(connection, tenant))

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
        rows: dict[str, R] = {} if row is None else {key: row}
        async for facts in self._log.read(tenant, after=after, streams=streams):
            question.fold(facts, rows)
        return rows.get(key)

    @begun_again
    async def status(self, tenant: HasId) -> Status:
        """How far the log and each projection are."""
        async with self._database.reading(tenant) as connection:
            checkpoints = await _checkpoints(connection, tenant)
            position = await connection.fetchval(f"SELECT position FROM {schema_of(tenant)}.head")
        return Status(int(position), checkpoints)

    async def reached(
        self,
        tenant: HasId,
        position: int,
        questions: Sequence[Question[Any]],
        timeout: float = 2.0,  # noqa: ASYNC109
    ) -> bool:
        """Wait until these read models hold every fact up to the position; False when that took too long.

        A projection that stopped at a fact it cannot fold is not waited for.
        """
        try:
            async with asyncio.timeout(timeout), self._news.of(tenant) as news:
                while True:
                    news.clear()
                    found = await self._reached(tenant, position, questions)
                    if found is not None:
                        return found
                    await news.wait()
        except TimeoutError:
            return False

    async def _reached(self, tenant: HasId, position: int, questions: Sequence[Question[Any]]) -> bool | None:
        """Yes, never, or not yet."""
        rows = await self._database.ask(tenant, _checkpoints_sql(tenant))
        checkpoints = {row["projection"]: Checkpoint(*row) for row in rows}
        answer: bool | None = True
        for question in questions:
            checkpoint = checkpoints.get(question.name)
            if checkpoint is not None and checkpoint.failure is not None and checkpoint.position < position:
                return False
            if checkpoint is None or checkpoint.version != question.version or checkpoint.position < position:
                answer = None
        return answer


# Now --------------------------------------------------------------------------------------------------


class _Now:
    is_past = False

    def __init__(self, connection: Connection, tenant: HasId, checkpoints: dict[str, Checkpoint]) -> None:
        self._connection = connection
        self._table = f"{schema_of(tenant)}.projected"
        self._checkpoints = checkpoints
        self.position = min((one.position for one in checkpoints.values()), default=0)

    def moment(self, *questions: Question[Any]) -> Hashable:
        return tuple(self.checkpoint(question)[:4] for question in questions)

    async def one(self, question: Question[R], key: str) -> R | None:
        body = await self._connection.fetchval(
            f"SELECT body FROM {self._table} WHERE projection = $1 AND generation = $2 AND key = $3",
            question.name,
            self.checkpoint(question).generation,
            key,
        )
        return None if body is None else msgspec.json.decode(body, type=question.row)

    async def all(self, question: Question[R], scope: str | None = None) -> list[R]:
        rows = await self._connection.fetch(
            f"""
            SELECT body FROM {self._table}
            WHERE projection = $1 AND generation = $2 AND ($3::text IS NULL OR scope = $3) ORDER BY key
            """,
            question.name,
            self.checkpoint(question).generation,
            scope,
        )
        decode = msgspec.json.Decoder(question.row).decode
        return await in_slices(decode(row["body"]) for row in rows)

    def checkpoint(self, question: Question[Any]) -> Checkpoint:
        checkpoint = self._checkpoints.get(question.name)
        if checkpoint is None or checkpoint.version != question.version:
            raise BeingRebuilt(question.name)
        return checkpoint


# Then -------------------------------------------------------------------------------------------------


class _Then:
    is_past = True

    def __init__(self, database: Database, log: Log, past: _Past, tenant: HasId, position: int) -> None:
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
            return (await self._past.rows(question, self._tenant, season, self.position)).get(key)
        return (await self._of_streams(question, streams)).get(key)

    async def all(self, question: Question[R], scope: str | None = None) -> list[R]:
        season = (scope or "") if question.seasonal else ""
        if season or not question.seasonal:
            rows = await self._past.rows(question, self._tenant, season, self.position)
        else:
            rows = await self._of_every_season(question)
        return [row for _, row in sorted(rows.items()) if scope is None or question.scope(row) == scope]

    async def _of_streams(self, question: Question[R], streams: Collection[StreamName]) -> dict[str, R]:
        rows: dict[str, R] = {}
        async for facts in self._log.read(self._tenant, upto=self.position, streams=streams, page=BREATH):
            question.fold(facts, rows)
        return rows

    async def _of_every_season(self, question: Question[R]) -> dict[str, R]:
        """What was there then is among what is there now: no stream and no season ever goes away."""
        schema = schema_of(self._tenant)
        found = await self._database.ask(
            self._tenant,
            f"""
            SELECT key FROM {schema}.projected JOIN {schema}.checkpoints USING (projection, generation)
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
        rows = await self._of_streams(question, streams) if streams else {}
        for season in seasons:
            rows |= await self._past.rows(question, self._tenant, season, self.position)
        return rows


class _Past:
    """Folds up to a position, begun at the nearest earlier one that is kept. Rows are frozen, so they are shared."""

    def __init__(self, log: Log, *, seasons: int = 48) -> None:
        self._log = log
        self._seasons = seasons
        self._seen: OrderedDict[tuple[str, str, str], _Seen] = OrderedDict()

    async def rows(self, question: Question[R], tenant: HasId, season: str, position: int) -> dict[str, R]:
        """The rows of a season ("" for what belongs to none) as of the position."""
        seen = self._of(tenant, question, season)
        after = seen.nearest(position)
        rows: dict[str, R] = dict(seen.rows(after))
        folded = 0
        heard = frozenset(question.facts)
        pages = self._log.read(tenant, after=after, upto=position, season=season, facts=heard, page=BREATH)
        async for facts in pages:
            question.fold(facts, rows)
            after = facts[-1].position
            folded += len(facts)
            if folded >= SNAPSHOT:
                seen.snapshots[after] = dict(rows)
                folded = 0
        if folded:
            seen.last = (after, dict(rows))
        await asyncio.sleep(0)  # the last page was a slice; what is made of the rows is another
        return rows

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

    snapshots: dict[int, dict[str, Any]] = field(default_factory=dict)
    last: tuple[int, dict[str, Any]] = (0, {})

    def nearest(self, position: int) -> int:
        """The last kept position that is not later; 0 for the beginning."""
        return max((one for one in (*self.snapshots, self.last[0]) if one <= position), default=0)

    def rows(self, position: int) -> dict[str, Any]:
        return self.last[1] if self.last[0] == position else self.snapshots.get(position, {})


# News -------------------------------------------------------------------------------------------------


# SQL --------------------------------------------------------------------------------------------------


def _checkpoints_sql(tenant: HasId) -> str:
    return f"""
    SELECT projection, version, generation, position, failed_position, failure
    FROM {schema_of(tenant)}.checkpoints
    """


async def _checkpoints(connection: Connection, tenant: HasId) -> dict[str, Checkpoint]:
    rows = await connection.fetch(_checkpoints_sql(tenant))
    return {row["projection"]: Checkpoint(*row) for row in rows}
