"""Keeps the read models up with the log, and makes them anew.

Facts are folded in batches; rows and checkpoints move in one transaction that holds the checkpoints, so only one
process at a time moves a tenant on, and a batch is folded once or not at all. A fact that cannot be folded, or a row
that the database does not take, stops the row where it stands and is named beside; everything else goes on.
"""

from __future__ import annotations

import asyncio
import time
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from functools import partial
from typing import Any, NamedTuple, TypeAlias

import asyncpg
import msgspec

from domain.fact import Recorded
from domain.text import bounded
from infra.platform.database import Connection, Database, HasId, schema_of
from infra.platform.notifications import Notifier
from infra.readmodels.folding import PAGE, Stopped, fold_runs, heard, runs_of
from infra.readmodels.progress import ProjectionProgress
from infra.readmodels.question import Question
from infra.readmodels.reading import FOLDED, LogReader, stopped_in
from infra.readmodels.rebuilding import Folded, FoldSeason, NewRow, fold_season, write_rows, write_stops

#: At most so many facts are folded into the live tables in one transaction, which takes less than a second. Many,
#: since a row that many of them touch is written once.
BATCH = 50_000

#: Rows of one projection that are kept in memory between batches.
KEPT = 20_000

#: From so many facts on, the seasons of a log are folded in other processes too, if there are any.
LARGE = 100_000


class Rebuilt(NamedTuple):
    """What a rebuild did: facts folded, rows written, seconds in all, seconds for which live folding waited."""

    projections: tuple[str, ...]
    facts: int
    rows: int
    seconds: float
    pause: float


class Projector:
    """Folds the logs of tenants into the tables of these projections; `elsewhere` helps with large ones."""

    def __init__(
        self,
        database: Database,
        log: LogReader,
        projections: Sequence[Question[Any]],
        *,
        batch: int = BATCH,
        elsewhere: Callable[[], AbstractContextManager[Sequence[FoldSeason]]] | None = None,
    ) -> None:
        self._database = database
        self._log = log
        self._projections = {one.name: one for one in projections}
        self._batch = batch
        self._here: FoldSeason = partial(fold_season, database, log, projections)
        self._elsewhere = elsewhere
        self._hints = Notifier(database.dsn, FOLDED)
        self._memories: dict[str, _Memories] = {}
        self._seen: set[str] = set()
        self._turns: dict[str, asyncio.Lock] = {}

    async def close(self) -> None:
        """Send the last hints; database and log stay open."""
        await self._hints.close()

    async def catch_up(self, tenant: HasId) -> int:
        """Fold everything the log holds; the number of facts folded. Returns early when another process is at it.

        Projections that are new, or whose fold has another version now, are built first.
        """
        folded = 0
        async with self._turns.setdefault(tenant.id, asyncio.Lock()):
            checkpoints, position = await self._look(tenant)
            if again := {*self._stale(checkpoints), *await self._stopped(tenant)}:
                await self.rebuild(tenant, again)
                checkpoints, position = await self._look(tenant)
            while any(one.position < position for one in self._going(checkpoints)):
                moved = await self._move(tenant)
                if not moved:
                    break
                folded += moved
                checkpoints, position = await self._look(tenant)
        return folded

    async def rebuild(self, tenant: HasId, names: Collection[str] | None = None) -> Rebuilt | None:
        """Fold the whole log anew and swap the rows in; None when another process is rebuilding this tenant.

        Pages go on reading the old rows meanwhile, and these go on being kept up to date.
        """
        begun = time.perf_counter()
        schema = schema_of(tenant)
        chosen = [self._projections[name] for name in (self._projections if names is None else names)]
        async with self._database.writing(tenant) as connection:
            await connection.execute("SET LOCAL idle_in_transaction_session_timeout = 0")
            if not await connection.fetchval("SELECT pg_try_advisory_xact_lock(hashtext($1))", f"rebuild {schema}"):
                return None
            await self._clear(tenant)
            generations = await _next_generations(connection, schema, [one.name for one in chosen])
            upto = await self._log.position(tenant)
            folded = await self._fold_seasons(tenant, upto, generations)
            going = [ProjectionProgress(one.name, one.version, generations[one.name], upto) for one in chosen]
            facts = sum(one.facts for one in folded)
            memories: _Memories = defaultdict(_Memory)
            going, late = await self._fold_on(connection, tenant, going, memories)
            held = time.perf_counter()
            await connection.execute(_hold_sql(schema), list(generations))
            going, last = await self._fold_on(connection, tenant, going, memories)
            await _point(connection, schema, going)
        pause = time.perf_counter() - held
        self._hints.mark(tenant)
        await self._clean(tenant)
        return Rebuilt(
            projections=tuple(one.projection for one in going),
            facts=facts + late + last,
            rows=sum(one.rows for one in folded),
            seconds=time.perf_counter() - begun,
            pause=pause,
        )

    # Live -------------------------------------------------------------------------------------------------

    async def _look(self, tenant: HasId) -> tuple[list[ProjectionProgress], int]:
        """How far the projections are, and how far the log is; the latter is 0 where none of them has a table."""
        schema = schema_of(tenant)
        rows = await self._database.ask(
            tenant,
            f"""
            SELECT projection, version, generation, done.position, head.position AS last
            FROM {schema}.checkpoints done, {schema}.head WHERE projection = ANY($1)
            """,
            list(self._projections),
        )
        return [ProjectionProgress(*row[:4]) for row in rows], max((row["last"] for row in rows), default=0)

    async def _stopped(self, tenant: HasId) -> list[str]:
        """A process that begins tries again what another could not fold, once: it may be of a newer version."""
        if tenant.id in self._seen:
            return []
        self._seen.add(tenant.id)
        schema = schema_of(tenant)
        rows = await self._database.ask(
            tenant,
            f"SELECT DISTINCT projection FROM {schema}.stopped_rows JOIN {schema}.checkpoints "
            "USING (projection, generation) WHERE projection = ANY($1)",
            list(self._projections),
        )
        return [row["projection"] for row in rows]

    def _going(self, checkpoints: Iterable[ProjectionProgress]) -> list[ProjectionProgress]:
        """Those made by the fold we have."""
        return [one for one in checkpoints if one.version == self._projections[one.projection].version]

    def _stale(self, checkpoints: Iterable[ProjectionProgress]) -> list[str]:
        """Those without a table made by the fold we have."""
        built = {one.projection for one in self._going(checkpoints)}
        return [name for name in self._projections if name not in built]

    async def _move(self, tenant: HasId) -> int:
        """Fold the next batch; how many facts it had, 0 where there was nothing to do for us."""
        schema = schema_of(tenant)
        memories = self._memories.setdefault(tenant.id, defaultdict(_Memory))
        try:
            async with self._database.writing(tenant) as connection:
                held = await connection.fetch(_hold_sql(schema, "NOWAIT"), list(self._projections))
                going = self._going(ProjectionProgress(*row) for row in held)
                if not going:
                    return 0
                moves, facts = await self._fold_batch(connection, tenant, going, memories)
                await _point(connection, schema, [move.checkpoint for move in moves])
        except asyncpg.LockNotAvailableError:  # another process is moving them
            return 0
        for move in moves:
            move.remember()
        self._hints.mark(tenant)
        return facts

    async def _fold_batch(
        self, connection: Connection, tenant: HasId, going: Sequence[ProjectionProgress], memories: _Memories
    ) -> tuple[list[_Move], int]:
        """Fold the next batch and write its rows; how many facts it had."""
        schema = schema_of(tenant)
        stopped = await _stops(connection, schema, going)
        moves = [self._begun(one, memories[one.projection], stopped.get(one.projection, {})) for one in going]
        count = 0
        after = min(one.position for one in going)
        pages = self._log.read(tenant, after=after, limit=self._batch, page=PAGE, unreadable=True)
        async for facts in pages:
            count += len(facts)
            mine = heard([move.projection for move in moves], facts)
            for move in moves:
                await self._fold(connection, schema, move, facts, mine[move.projection.name])
        await _write(connection, schema, moves)
        return moves, count

    def _begun(self, checkpoint: ProjectionProgress, memory: _Memory, stopped: dict[str, Stopped]) -> _Move:
        memory.stand_at(checkpoint)
        projection = self._projections[checkpoint.projection]
        return _Move(projection, checkpoint.generation, checkpoint.position, memory, stopped, frozenset(stopped))

    async def _fold(
        self, connection: Connection, schema: str, move: _Move, facts: list[Recorded], mine: list[Recorded]
    ) -> None:
        """What these facts do to one projection's rows; `mine` are those it hears."""
        if not facts or facts[-1].position <= move.position:
            return
        if facts[0].position <= move.position:
            mine = [one for one in mine if one.position > move.position]
        runs = runs_of(move.projection, mine, move.stops)
        await _recall(connection, schema, move, runs)
        rows = {key: row for key in runs if (row := move.row(key)) is not None}
        changed = fold_runs(move.projection, mine, runs, rows, move.stops)
        move.changed |= changed
        move.rows |= {key: rows.get(key) for key in changed}
        for key in changed:
            move.first.setdefault(key, runs[key][0][1].position)
        move.position = facts[-1].position

    # Anew -------------------------------------------------------------------------------------------------

    async def _fold_seasons(self, tenant: HasId, upto: int, generations: Mapping[str, int]) -> list[Folded]:
        """The rows of every season; whoever folds takes the next one: this process, and others where a log is large."""
        seasons = iter([row["season"] for row in await self._database.ask(tenant, _seasons_sql(schema_of(tenant)))])

        async def take(fold: FoldSeason) -> list[Folded]:
            return [await fold(tenant, season, upto, generations) for season in seasons]

        with self._elsewhere() if self._elsewhere is not None and upto >= LARGE else nullcontext(()) as there:
            async with asyncio.TaskGroup() as group:
                taken = [group.create_task(take(fold)) for fold in (*there, self._here)]
        return [folded for task in taken for folded in task.result()]

    async def _fold_on(
        self,
        connection: Connection,
        tenant: HasId,
        going: Sequence[ProjectionProgress],
        memories: _Memories,
    ) -> tuple[list[ProjectionProgress], int]:
        """Fold what came in since, into rows that nobody else writes yet; how far they are, and how many facts."""
        count = 0
        while going:
            moves, facts = await self._fold_batch(connection, tenant, going, memories)
            for move in moves:
                move.remember()
            going = [move.checkpoint for move in moves]
            count += facts
            if not facts:
                break
        return list(going), count

    async def _clear(self, tenant: HasId) -> None:
        """Take away what a rebuild that was killed may have left; only for who holds the lock of rebuilding."""
        async with self._database.writing(tenant) as connection:
            for table in ("projected", "stopped_rows"):
                await connection.execute(_clear_sql(schema_of(tenant), table))

    async def _clean(self, tenant: HasId) -> None:
        async with self._database.writing(tenant) as connection:
            for table in ("projected", "stopped_rows"):
                await connection.execute(_clean_sql(schema_of(tenant), table))


@dataclass(slots=True)
class _Move:
    """How far a batch takes a projection, and the rows it `changed`, with the positions that changed each `first` and
    last. A changed row that is None is gone. `stops` are the rows that go on no more, `stopped_before` since an earlier
    batch.
    """

    projection: Question[Any]
    generation: int
    position: int
    memory: _Memory
    stops: dict[str, Stopped] = field(default_factory=dict)
    stopped_before: frozenset[str] = frozenset()
    rows: dict[str, Any] = field(default_factory=dict)
    changed: dict[str, int] = field(default_factory=dict)
    first: dict[str, int] = field(default_factory=dict)

    def row(self, key: str) -> Any:
        """The row as it is now, or None; the memory holds it unless the batch has changed it."""
        return self.rows[key] if key in self.rows else self.memory.rows[key]

    @property
    def checkpoint(self) -> ProjectionProgress:
        """Where the projection stands after it."""
        return ProjectionProgress(self.projection.name, self.projection.version, self.generation, self.position)

    def refuse(self, row: NewRow, reason: str) -> None:
        """The database does not take the row: it stays as it was before the batch."""
        position = self.first[row.key]
        self.stops[bounded(row.key)] = Stopped(position, reason)
        del self.rows[row.key]

    def remember(self) -> None:
        """Once it is written."""
        self.memory.position = self.position
        self.memory.rows |= self.rows


@dataclass(slots=True)
class _Memory:
    """Rows of one projection as the table has them at a generation and position; None where there is no row."""

    generation: int = -1
    position: int = -1
    rows: dict[str, Any] = field(default_factory=dict)

    def stand_at(self, checkpoint: ProjectionProgress) -> None:
        """Forget everything when somebody else has moved the table meanwhile."""
        if (self.generation, self.position) != (checkpoint.generation, checkpoint.position) or len(self.rows) > KEPT:
            self.rows = {}
            self.generation, self.position = checkpoint.generation, checkpoint.position


_Memories: TypeAlias = defaultdict[str, _Memory]


# SQL --------------------------------------------------------------------------------------------------


def _hold_sql(schema: str, otherwise: str = "") -> str:
    """Hold these checkpoints until the transaction ends."""
    return f"""
    SELECT projection, version, generation, position FROM {schema}.checkpoints
    WHERE projection = ANY($1) ORDER BY projection FOR UPDATE {otherwise}
    """


def _seasons_sql(schema: str) -> str:
    """Every season of the log, "" among them, by one step of the index each."""
    return f"""
    WITH RECURSIVE found (season) AS (
      (SELECT season FROM {schema}.events ORDER BY season LIMIT 1)
      UNION ALL
      SELECT (SELECT event.season FROM {schema}.events event WHERE event.season > found.season
              ORDER BY event.season LIMIT 1)
      FROM found WHERE found.season IS NOT NULL)
    SELECT season FROM found WHERE season IS NOT NULL
    """


def _clear_sql(schema: str, table: str) -> str:
    """Take away all rows but those that are read. The first rebuild of all leaves no checkpoint when it is killed."""
    return f"""
    DELETE FROM {schema}.{table} old WHERE old.projection <> 'trail' AND NOT EXISTS (
        SELECT FROM {schema}.checkpoints done
        WHERE done.projection = old.projection AND done.generation = old.generation
    )
    """


def _clean_sql(schema: str, table: str) -> str:
    """Take away the rows that nobody reads any more. Later ones may be of a rebuild that has begun meanwhile."""
    return f"""
    DELETE FROM {schema}.{table} old USING {schema}.checkpoints done
    WHERE old.projection = done.projection AND old.generation < done.generation
    """


async def _stops(
    connection: Connection, schema: str, going: Sequence[ProjectionProgress]
) -> dict[str, dict[str, Stopped]]:
    """The stopped rows of each projection."""
    rows = await connection.fetch(
        f"""
        SELECT projection, json_agg(json_build_array(key, position, reason)) AS stopped
        FROM {schema}.stopped_rows
        WHERE (projection, generation) IN (SELECT * FROM unnest($1::text[], $2::int[])) GROUP BY projection
        """,
        [one.projection for one in going],
        [one.generation for one in going],
    )
    return {row["projection"]: stopped_in(row["stopped"]) for row in rows}


async def _recall(connection: Connection, schema: str, move: _Move, keys: Iterable[str]) -> None:
    """Load the rows that are not in memory."""
    known = move.memory.rows
    missing = {bounded(key): key for key in keys if key not in known}
    if not missing:
        return
    found = await connection.fetch(
        f"SELECT key, body FROM {schema}.projected WHERE projection = $1 AND generation = $2 AND key = ANY($3)",
        move.projection.name,
        move.generation,
        list(missing),
    )
    known.update(dict.fromkeys(missing.values()))
    decode = msgspec.json.Decoder(move.projection.row).decode
    known.update({missing[row["key"]]: decode(row["body"]) for row in found})


async def _write(connection: Connection, schema: str, moves: Sequence[_Move]) -> None:
    """The changed rows, in the transaction of the connection, and those that stopped."""
    rows, gone = [], []
    of = {move.projection.name: move for move in moves}
    for move in moves:
        for key, position in move.changed.items():
            row = move.rows.get(key)
            if row is None:
                gone.append((move.projection.name, move.generation, bounded(key)))
            else:
                rows.append(NewRow(move.projection, move.generation, key, position, row))
    for refused, reason in await write_rows(connection, schema, rows):
        of[refused.question.name].refuse(refused, reason)
    if gone:
        await connection.executemany(
            f"DELETE FROM {schema}.projected WHERE projection = $1 AND generation = $2 AND key = $3", gone
        )
    for move in moves:
        new = {key: one for key, one in move.stops.items() if key not in move.stopped_before}
        await write_stops(connection, schema, move.projection.name, move.generation, new)


async def _point(connection: Connection, schema: str, checkpoints: Sequence[ProjectionProgress]) -> None:
    """Let pages read these rows, up to these positions."""
    if not checkpoints:
        return
    await connection.execute(
        f"""
        UPDATE {schema}.checkpoints done
        SET version = new.version, generation = new.generation, position = new.position, moved_at = clock_timestamp(),
            failed_position = NULL, failure = NULL
        FROM unnest($1::text[], $2::int[], $3::int[], $4::bigint[]) new (projection, version, generation, position)
        WHERE done.projection = new.projection
        """,
        *(list(column) for column in zip(*checkpoints, strict=True)),
    )


async def _next_generations(connection: Connection, schema: str, names: list[str]) -> dict[str, int]:
    await connection.execute(
        f"""
        INSERT INTO {schema}.checkpoints (projection, version, generation, position)
        SELECT name, 0, 0, 0 FROM unnest($1::text[]) name ON CONFLICT DO NOTHING
        """,
        names,
    )
    rows = await connection.fetch(
        f"SELECT projection, generation FROM {schema}.checkpoints WHERE projection = ANY($1)", names
    )
    return {row["projection"]: row["generation"] + 1 for row in rows}
