"""Keeps the read models up with the log, and makes them anew.

Facts are folded in batches; rows and checkpoints move in one transaction that holds the checkpoints, so only one
process at a time moves a tenant on, and a batch is folded once or not at all. A fold that fails stops its projection
where it stands and says so in its checkpoint; it never skips a fact.
"""

from __future__ import annotations

import asyncio
import time
import traceback
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass, field
from operator import length_hint
from typing import Any, NamedTuple

import asyncpg
import msgspec
import structlog

from domain.fact import Fact, Recorded
from infra.database import LOST, Connection, Database, HasId, Hints, schema_of
from infra.readmodels import FOLDED, Checkpoint, Log, Question, uncollected

#: At most so many facts are folded into the live tables in one transaction. Many, since a row that many of them
#: touch is written once.
BATCH = 20_000

#: Facts read at a time.
PAGE = 2_000

#: Rows of one projection that are kept in memory between batches.
KEPT = 20_000

log = structlog.get_logger("projector")


class Rebuilt(NamedTuple):
    """What a rebuild did: facts folded, rows written, seconds in all, seconds for which live folding waited."""

    projections: tuple[str, ...]
    facts: int
    rows: int
    seconds: float
    pause: float


class Failure(NamedTuple):
    """The fact at which a fold stopped, and why."""

    position: int
    reason: str


class Projector:
    """Folds the logs of tenants into the tables of these projections."""

    def __init__(
        self, database: Database, log: Log, projections: Sequence[Question[Any]], *, batch: int = BATCH
    ) -> None:
        self._database = database
        self._log = log
        self._projections = {one.name: one for one in projections}
        self._batch = batch
        self._hints = Hints(database.dsn, FOLDED)
        self._memory: dict[tuple[str, str], _Memory] = {}
        self._unbuildable: set[tuple[str, str]] = set()
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
            if tenant.id not in self._seen:
                await self._forgive(tenant)
                self._seen.add(tenant.id)
            if stale := self._stale(tenant, (await self._look(tenant)).values()):
                await self.rebuild(tenant, stale)
            while await self._is_behind(tenant):
                moved = await self._move(tenant)
                if not moved:
                    break
                folded += moved
        return folded

    async def rebuild(self, tenant: HasId, names: Collection[str] | None = None) -> Rebuilt | None:
        """Fold the whole log anew and swap the rows in; None when another process is rebuilding this tenant.

        Pages go on reading the old rows meanwhile, and these go on being kept up to date.
        """
        begun = time.perf_counter()
        schema = schema_of(tenant)
        folding = _Folding([self._projections[name] for name in (self._projections if names is None else names)])
        async with self._database.writing(tenant) as connection:
            await connection.execute("SET LOCAL idle_in_transaction_session_timeout = 0")
            if not await connection.fetchval("SELECT pg_try_advisory_xact_lock(hashtext($1))", f"rebuild {schema}"):
                return None
            with uncollected():
                await self._fold_log(tenant, folding)
                generations = await _next_generations(connection, schema, folding.names)
                rows = await _copy(connection, schema, folding, generations)
            held = time.perf_counter()
            await connection.execute(_hold_sql(schema), folding.names)
            folding.changed = {name: {} for name in folding.names}
            await self._fold_log(tenant, folding)
            await _write(connection, schema, [folding.move(name, generations[name]) for name in folding.built])
            await _say_failed(connection, schema, folding.failures)
        pause = time.perf_counter() - held
        self._hints.mark(tenant)
        self._unbuildable -= {(tenant.id, name) for name in folding.built}
        self._unbuildable |= {(tenant.id, name) for name in folding.failures}
        async with self._database.writing(tenant) as connection:
            await connection.execute(_clean_sql(schema))
        return Rebuilt(tuple(folding.built), folding.folded, rows, time.perf_counter() - begun, pause)

    # Live -------------------------------------------------------------------------------------------------

    async def _look(self, tenant: HasId) -> dict[str, Checkpoint]:
        rows = await self._database.ask(
            tenant,
            f"""
            SELECT projection, version, generation, position, failed_position, failure
            FROM {schema_of(tenant)}.checkpoints WHERE projection = ANY($1)
            """,
            list(self._projections),
        )
        return {row["projection"]: Checkpoint(*row) for row in rows}

    async def _forgive(self, tenant: HasId) -> None:
        """A process that begins tries again what another could not fold: it may be of a newer version."""
        async with self._database.writing(tenant) as connection:
            await connection.execute(
                f"UPDATE {schema_of(tenant)}.checkpoints SET failed_position = NULL, failure = NULL "
                "WHERE failure IS NOT NULL AND projection = ANY($1)",
                list(self._projections),
            )

    async def _is_behind(self, tenant: HasId) -> bool:
        position = await self._log.position(tenant)
        return any(one.position < position for one in self._going((await self._look(tenant)).values()))

    def _going(self, checkpoints: Iterable[Checkpoint]) -> list[Checkpoint]:
        """Those made by the fold we have, which have not failed."""
        return [
            one
            for one in checkpoints
            if one.version == self._projections[one.projection].version and one.failure is None
        ]

    def _stale(self, tenant: HasId, checkpoints: Iterable[Checkpoint]) -> list[str]:
        """Those without a table made by the fold we have, but for those that we tried in vain."""
        built = {one.projection for one in checkpoints if one.version == self._projections[one.projection].version}
        return [name for name in self._projections if name not in built and (tenant.id, name) not in self._unbuildable]

    async def _move(self, tenant: HasId) -> int:
        """Fold the next batch; how many facts it had, 0 where there was nothing to do for us."""
        schema = schema_of(tenant)
        try:
            async with self._database.writing(tenant) as connection:
                held = await connection.fetch(_hold_sql(schema, "NOWAIT"), list(self._projections))
                going = self._going(Checkpoint(*row) for row in held)
                if not going:
                    return 0
                facts, failure = await self._read(tenant, min(one.position for one in going), self._batch)
                heard = _heard([self._projections[one.projection] for one in going], facts)
                moves = [
                    await self._fold(connection, tenant, one, facts, heard[one.projection], failure) for one in going
                ]
                await _write(connection, schema, moves)
        except asyncpg.LockNotAvailableError:  # another process is moving them
            return 0
        for move in moves:
            self._memory[tenant.id, move.projection.name].keep(move)
        self._hints.mark(tenant)
        return len(facts)

    async def _read(self, tenant: HasId, after: int, limit: int) -> tuple[list[Recorded], Failure | None]:
        """The next facts; they end before one that cannot be read."""
        facts: list[Recorded] = []
        try:
            async for page in self._log.read(tenant, after=after, limit=limit, page=min(limit, PAGE)):
                facts += page
        except (*LOST, asyncpg.PostgresError):
            raise
        except Exception:  # noqa: BLE001 - one by one it shows at which fact
            facts = []
            try:
                async for page in self._log.read(tenant, after=after, limit=limit, page=1):
                    facts += page
            except (*LOST, asyncpg.PostgresError):
                raise
            except Exception as reason:  # noqa: BLE001 - said in the checkpoints
                last = facts[-1].position if facts else after
                return facts, Failure(last + 1, _said(reason))
        return facts, None

    async def _fold(
        self,
        connection: Connection,
        tenant: HasId,
        checkpoint: Checkpoint,
        facts: list[Recorded],
        mine: list[Recorded],
        failure: Failure | None,
    ) -> _Move:
        """What the batch does to one projection's rows."""
        projection = self._projections[checkpoint.projection]
        memory = self._memory.setdefault((tenant.id, projection.name), _Memory())
        memory.stand_at(checkpoint)
        if facts and facts[0].position <= checkpoint.position:
            mine = [one for one in mine if one.position > checkpoint.position]
        keys = {key for one in mine for key in projection.keys(one)}
        await _recall(connection, schema_of(tenant), projection, memory, checkpoint.generation, keys)
        before = {key: row for key in keys if (row := memory.rows[key]) is not None}
        rows = dict(before)
        position = facts[-1].position if facts else checkpoint.position
        iterator = iter(mine)
        try:
            changed = projection.fold(iterator, rows)
        except Exception as reason:  # noqa: BLE001 - said in the checkpoint
            failing = mine[len(mine) - length_hint(iterator) - 1]
            _say("a projection stops", projection.name, failing.position, reason)
            failure, position, rows = Failure(failing.position, _said(reason)), failing.position - 1, dict(before)
            changed = projection.fold([one for one in mine if one.position < failing.position], rows)
        return _Move(projection, checkpoint.generation, position, rows, changed, failure)

    # Anew -------------------------------------------------------------------------------------------------

    async def _fold_log(self, tenant: HasId, folding: _Folding) -> None:
        """Fold on to the end of the log, or to a fact that cannot be read.

        While one page is folded the next is on its way: positions have no gaps, so it is known where it begins.
        """
        reading = [asyncio.create_task(self._read(tenant, folding.position + ahead * PAGE, PAGE)) for ahead in (0, 1)]
        try:
            while folding.built:
                facts, failure = await reading.pop(0)
                folding.fold(facts)
                if failure is not None:
                    folding.failures.update(dict.fromkeys(folding.built, failure))
                elif len(facts) < PAGE:
                    return
                reading.append(asyncio.create_task(self._read(tenant, folding.position + PAGE, PAGE)))
        finally:
            await asyncio.gather(*reading, return_exceptions=True)


class _Move(NamedTuple):
    """New rows of a projection: those `changed`, with the position that changed them last, and how far it is now.

    A changed row that is not in `rows` is gone.
    """

    projection: Question[Any]
    generation: int
    position: int
    rows: dict[str, Any]
    changed: dict[str, int]
    failure: Failure | None


@dataclass(slots=True)
class _Memory:
    """Rows of one projection as the table has them at a generation and position; None where there is no row."""

    generation: int = -1
    position: int = -1
    rows: dict[str, Any] = field(default_factory=dict)

    def stand_at(self, checkpoint: Checkpoint) -> None:
        """Forget everything when somebody else has moved the table meanwhile."""
        if (self.generation, self.position) != (checkpoint.generation, checkpoint.position) or len(self.rows) > KEPT:
            self.rows = {}
            self.generation, self.position = checkpoint.generation, checkpoint.position

    def keep(self, move: _Move) -> None:
        self.position = move.position
        for key in move.changed:
            self.rows[key] = move.rows.get(key)


class _Folding:
    """Several projections folded in memory, from the beginning of the log. One that fails is left out from there."""

    def __init__(self, projections: Sequence[Question[Any]]) -> None:
        self.projections = {one.name: one for one in projections}
        self.rows: dict[str, dict[str, Any]] = {one.name: {} for one in projections}
        self.changed: dict[str, dict[str, int]] = {one.name: {} for one in projections}
        self.failures: dict[str, Failure] = {}
        self.position = 0
        self.folded = 0

    @property
    def names(self) -> list[str]:
        return list(self.projections)

    @property
    def built(self) -> list[str]:
        """Those that have not failed."""
        return [name for name in self.projections if name not in self.failures]

    def fold(self, facts: list[Recorded]) -> None:
        for name, mine in _heard(list(self.projections.values()), facts).items():
            if mine and name not in self.failures:
                iterator = iter(mine)
                try:
                    self.changed[name].update(self.projections[name].fold(iterator, self.rows[name]))
                except Exception as reason:  # noqa: BLE001 - said in the checkpoint
                    failing = mine[len(mine) - length_hint(iterator) - 1]
                    _say("a projection cannot be built", name, failing.position, reason)
                    self.failures[name] = Failure(failing.position, _said(reason))
        if facts:
            self.position = facts[-1].position
            self.folded += len(facts)

    def move(self, name: str, generation: int) -> _Move:
        return _Move(self.projections[name], generation, self.position, self.rows[name], self.changed[name], None)


def _heard(projections: Sequence[Question[Any]], facts: Iterable[Recorded]) -> dict[str, list[Recorded]]:
    """Each projection's own facts, by one look at each fact."""
    mine: dict[str, list[Recorded]] = {one.name: [] for one in projections}
    told: dict[type[Fact], list[Callable[[Recorded], None]]] = {}
    for one in projections:
        for fact in one.facts:
            told.setdefault(fact, []).append(mine[one.name].append)
    for recorded in facts:
        for tell in told.get(type(recorded.fact), ()):
            tell(recorded)
    return mine


def _say(what: str, projection: str, position: int, reason: Exception) -> None:
    """For the operator: where in the code it happened, without the values that were at hand, which are people's."""
    log.error(what, projection=projection, position=position, trace="".join(traceback.format_exception(reason)))


def _said(reason: BaseException) -> str:
    return f"{type(reason).__name__}: {reason}"[:500]


# SQL --------------------------------------------------------------------------------------------------


def _hold_sql(schema: str, otherwise: str = "") -> str:
    """Hold these checkpoints until the transaction ends."""
    return f"""
    SELECT projection, version, generation, position, failed_position, failure FROM {schema}.checkpoints
    WHERE projection = ANY($1) ORDER BY projection FOR UPDATE {otherwise}
    """


def _clean_sql(schema: str) -> str:
    """Take away the rows that nobody reads any more."""
    return f"""
    DELETE FROM {schema}.projected old USING {schema}.checkpoints done
    WHERE old.projection = done.projection AND old.generation <> done.generation
    """


async def _recall(
    connection: Connection, schema: str, projection: Question[Any], memory: _Memory, generation: int, keys: set[str]
) -> None:
    """Load the rows that are not in memory."""
    missing = keys - memory.rows.keys()
    if not missing:
        return
    found = await connection.fetch(
        f"SELECT key, body FROM {schema}.projected WHERE projection = $1 AND generation = $2 AND key = ANY($3)",
        projection.name,
        generation,
        list(missing),
    )
    memory.rows.update(dict.fromkeys(missing))
    decode = msgspec.json.Decoder(projection.row).decode
    memory.rows.update({row["key"]: decode(row["body"]) for row in found})


async def _write(connection: Connection, schema: str, moves: Sequence[_Move]) -> None:
    """Rows and checkpoints, in the transaction of the connection."""
    encode = msgspec.json.encode
    columns: tuple[list[Any], ...] = ([], [], [], [], [], [])
    gone = []
    for move in moves:
        for key, position in move.changed.items():
            row = move.rows.get(key)
            if row is None:
                gone.append((move.projection.name, move.generation, key))
                continue
            values = (move.projection.name, move.generation, key, move.projection.scope(row), position, encode(row))
            for column, value in zip(columns, values, strict=True):
                column.append(value)
    if columns[0]:
        columns[5][:] = [body.decode() for body in columns[5]]
        await connection.execute(
            f"""
            INSERT INTO {schema}.projected (projection, generation, key, scope, position, body)
            SELECT * FROM unnest($1::text[], $2::int[], $3::text[], $4::text[], $5::bigint[], $6::json[])
            ON CONFLICT (projection, generation, key)
            DO UPDATE SET scope = excluded.scope, position = excluded.position, body = excluded.body
            """,
            *columns,
        )
    if gone:
        await connection.executemany(
            f"DELETE FROM {schema}.projected WHERE projection = $1 AND generation = $2 AND key = $3", gone
        )
    await connection.execute(
        f"""
        UPDATE {schema}.checkpoints done
        SET version = new.version, generation = new.generation, position = new.position, moved_at = clock_timestamp(),
            failed_position = new.failed_position, failure = new.failure
        FROM unnest($1::text[], $2::int[], $3::int[], $4::bigint[], $5::bigint[], $6::text[])
          new (projection, version, generation, position, failed_position, failure)
        WHERE done.projection = new.projection
        """,
        [move.projection.name for move in moves],
        [move.projection.version for move in moves],
        [move.generation for move in moves],
        [move.position for move in moves],
        [move.failure.position if move.failure else None for move in moves],
        [move.failure.reason if move.failure else None for move in moves],
    )


async def _say_failed(connection: Connection, schema: str, failures: dict[str, Failure]) -> None:
    """These could not be built: what was there stays, and says so."""
    await connection.executemany(
        f"UPDATE {schema}.checkpoints SET failed_position = $2, failure = $3 WHERE projection = $1",
        [(name, *failure) for name, failure in failures.items()],
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


async def _copy(connection: Connection, schema: str, folding: _Folding, generations: dict[str, int]) -> int:
    """Write all rows under the next generation, which nobody reads yet; how many."""
    encode = msgspec.json.encode
    records = [
        (name, generations[name], key, projection.scope(row), folding.changed[name][key], encode(row).decode())
        for name in folding.built
        for projection in (folding.projections[name],)
        for key, row in folding.rows[name].items()
    ]
    await connection.copy_records_to_table(
        "projected",
        schema_name=schema,
        columns=["projection", "generation", "key", "scope", "position", "body"],
        records=records,
    )
    return len(records)
