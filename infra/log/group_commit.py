"""Commands of one tenant that arrive together share one transaction and one statement.

The head row numbers the facts, so positions have no gaps and commit in their order. A command is all or
nothing; a refused one rolls the head back with it; two commands on one stream never share a batch, nor does one that
rests on what another before it writes; one bad command does not sink its neighbours; and whatever happens, everybody
who waits gets an answer.

What a command rests on, the streams that it only looked at, is checked by the database where it is recorded: when one
of them has grown since, by whichever process, the command is refused (Conflict) and decided again.
"""

import asyncio
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Any, ClassVar
from uuid import UUID

import asyncpg
import msgspec

from domain.errors import LogClosed, Refused
from domain.fact import StreamName
from infra.ledger.leaf import leaf, leaf_hash
from infra.log.epochs import CLOSED, EPOCH
from infra.log.mapper import Decided
from infra.platform.database import LOST, Connection, HasId, RoleConnections, schema_of

#: Facts in one batch.
BATCH = 500

#: When so many commands wait at once, the first batch takes half of them: from then on those who were answered
#: prepare their next command while the database works on the others'.
MANY = 16

#: A fact carries the moment it was decided. When it had to wait longer than this, it is stamped anew, so that
#: the time in the leaf stays close to the time of the commit.
FRESH = timedelta(seconds=1)

#: Pauses before a batch whose connection broke is sent again. The command ids make that safe.
PAUSES = (0.05, 0.3, 1.0)


class Conflict(Refused):
    """Somebody wrote to a stream since it was loaded or looked at, or began an epoch of the log: decide again."""

    code: ClassVar[str] = "conflict"


class CommandReused(Refused):
    """The command id was used before, by somebody else or with another body."""

    code: ClassVar[str] = "command-reused"


class OutcomeUnknown(Exception):
    """The database went away: the facts may be in the log or not. The same command id asks again."""


class CommandResult(msgspec.Struct, frozen=True):
    """What was recorded: the positions of the command's first and last fact, and when.

    `repeated`: this command had been recorded before, and this is its first answer again.
    """

    command: UUID
    first: int
    last: int
    repeated: bool
    at: datetime


class Event(msgspec.Struct):
    """One fact on its way into the log: `prev` is the leaf hash of its stream's fact before, "" for none.

    `follows` is the event of the same command that stands before it in its stream; its leaf gives `prev`.
    """

    stream: StreamName
    stream_id: UUID
    version: int
    fact: Decided
    topic: str
    schema: int
    data: str
    payload_sha256: str
    evidence: tuple[str, ...]
    prev: str
    follows: "Event | None" = None
    leaf: bytes = b""
    leaf_hash: bytes = b""


class Pending(msgspec.Struct):
    """A command that waits for its flush. `basis`: the versions of the streams that it rests on and does not write."""

    id: UUID
    log: str
    actor: str
    unit: str
    mandate: str
    on_behalf_of: str
    cause: UUID | None
    body_sha256: bytes
    events: list[Event]
    streams: frozenset[UUID]
    verb: str = ""
    basis: dict[UUID, int] = {}
    settled: bool = False
    restamped: bool = False
    answer: "asyncio.Future[CommandResult]" = msgspec.field(
        default_factory=lambda: asyncio.get_running_loop().create_future()
    )

    def seal(self) -> None:
        """Write the leaf of each fact. Raises NotCanonical."""
        command = str(self.id)
        for event in self.events:
            event.leaf = leaf(
                log=self.log,
                stream=str(event.stream_id),
                version=event.version,
                prev=event.follows.leaf_hash.hex() if event.follows else event.prev,
                topic=event.topic,
                schema=event.schema,
                at=event.fact.timestamp,
                actor=self.actor,
                unit=self.unit,
                command=command,
                payload_sha256=event.payload_sha256,
                on_behalf_of=self.on_behalf_of,
                evidence=event.evidence,
            )
            event.leaf_hash = leaf_hash(event.leaf)

    def stamp(self, now: datetime) -> None:
        """Directly before the database is called: a fact that had to wait gets the present moment."""
        if all(timedelta() <= now - event.fact.timestamp < FRESH for event in self.events):
            return
        for event in self.events:
            vars(event.fact)["timestamp"] = now
        self.restamped = True
        self.seal()

    def fail(self, reason: BaseException) -> None:
        self.settled = True
        if not self.answer.done():  # the caller may have gone away
            self.answer.set_exception(reason)

    def succeed(self, result: CommandResult) -> None:
        self.settled = True
        if not self.answer.done():
            self.answer.set_result(result)


class GroupCommit:
    """The only place that hands out positions."""

    def __init__(self, writers: RoleConnections, committed: Callable[[HasId], None]) -> None:
        self._writers = writers
        self._committed = committed
        self._pending: dict[str, deque[Pending]] = {}
        self._flushing: dict[str, asyncio.Task[None]] = {}

    async def append(self, tenant: HasId, command: Pending) -> CommandResult:
        """Record the command.

        Raises NotCanonical, Conflict, LogClosed, CommandReused, OutcomeUnknown, or what the database said. A caller
        that goes away does not undo the commit: the flush is a task of its own.
        """
        schema = schema_of(tenant)
        command.seal()
        self._pending.setdefault(schema, deque()).append(command)
        if schema not in self._flushing:  # one flush at a time per tenant, so that positions commit in order
            self._flushing[schema] = asyncio.create_task(self._flush(tenant, schema))
        return await command.answer

    async def close(self) -> None:
        """Wait for what is being written."""
        while self._flushing:
            await asyncio.gather(*self._flushing.values(), return_exceptions=True)

    async def _flush(self, tenant: HasId, schema: str) -> None:
        try:
            waiting = self._pending[schema]
            room = max(MANY, len(waiting)) // 2
            while batch := _take(waiting, room):
                await self._settle(tenant, batch)
                room = BATCH
        finally:
            del self._flushing[schema]
            del self._pending[schema]

    async def _settle(self, tenant: HasId, batch: list[Pending]) -> None:
        for pause in (*PAUSES, None):
            try:
                async with self._writers.in_role(tenant) as connection:
                    await _write(connection, schema_of(tenant), batch)
            except TimeoutError:  # the database hangs: whoever waits behind this batch would wait in vain, too
                waiting = self._pending[schema_of(tenant)]
                _fail_all([*batch, *waiting], OutcomeUnknown("no answer in time"))
                waiting.clear()
                return None
            except (*LOST, asyncpg.LockNotAvailableError) as reason:
                if pause is None:
                    return _fail_all(batch, OutcomeUnknown(str(reason)))
                await asyncio.sleep(pause)
            except BaseException as reason:
                _fail_all(batch, OutcomeUnknown(repr(reason)))
                if not isinstance(reason, Exception):
                    raise
                return None
            else:
                return self._committed(tenant)
        return None


def _take(waiting: deque[Pending], room: int = BATCH) -> list[Pending]:
    """The next batch of about so many facts, in order of arrival, without two commands on one stream.

    The database checks what the commands of a batch rest on as it was before the whole batch. That holds for a command
    as long as nobody before it in the batch writes to what it rests on; whoever writes to it afterwards may share the
    batch.
    """
    batch: list[Pending] = []
    later: list[Pending] = []
    written: set[UUID] = set()  # by all before: whoever comes after a postponed command on its stream is postponed too
    awaited: set[UUID] = set()  # the basis of the postponed, which nobody who came later may outdate
    while waiting and room > 0:
        command = waiting.popleft()
        clear = written.isdisjoint(command.streams) and written.isdisjoint(command.basis)
        if clear and awaited.isdisjoint(command.streams):
            batch.append(command)
            room -= len(command.events)
        else:
            later.append(command)
            awaited.update(command.basis)
        written |= command.streams
    waiting.extendleft(reversed(later))
    return batch


def _fail_all(batch: list[Pending], reason: Exception) -> None:
    for command in batch:
        command.fail(reason)


async def _write(connection: Connection, schema: str, batch: list[Pending]) -> None:
    """Write the batch in one statement; when the database refuses it, write its commands one by one."""
    batch = [command for command in batch if not command.settled]
    if not batch:
        return
    now = datetime.now(UTC)
    for command in batch:
        command.stamp(now)
    basis = _basis_of(batch)
    try:
        last = await connection.fetchval(_append_sql(schema, checked=bool(basis)), *_arrays(batch, basis))
    except (*LOST, asyncpg.LockNotAvailableError):
        raise
    except asyncpg.PostgresError as reason:
        await _write_apart(connection, schema, batch, reason)
    else:
        if last is None:
            raise RuntimeError("the log has lost its head row")
        position = last - sum(len(command.events) for command in batch)
        for command in batch:
            first, position = position + 1, position + len(command.events)
            command.succeed(CommandResult(command.id, first, position, False, command.events[-1].fact.timestamp))


async def _write_apart(
    connection: Connection, schema: str, batch: list[Pending], reason: asyncpg.PostgresError
) -> None:
    """Write one by one what the database refused together; a single command gets its refusal."""
    if len(batch) > 1:
        for command in batch:
            await _write(connection, schema, [command])
    elif isinstance(reason, asyncpg.UniqueViolationError):
        await _answer_refused(connection, schema, batch[0])
    else:
        batch[0].fail(_refusal(reason))


def _basis_of(batch: Iterable[Pending]) -> dict[UUID, int]:
    """The versions of streams that a batch rests on: of each the smallest."""
    basis: dict[UUID, int] = {}
    for command in batch:
        for stream, version in command.basis.items():
            basis[stream] = min(version, basis.get(stream, version))
    return basis


def _refusal(reason: asyncpg.PostgresError) -> Exception:
    match reason.constraint_name if isinstance(reason, asyncpg.CheckViolationError) else None:
        case constraint if constraint == CLOSED:
            return LogClosed()
        case constraint if constraint == EPOCH:
            return Conflict()
    return reason


async def _answer_refused(connection: Connection, schema: str, command: Pending) -> None:
    """A duplicate key: the command itself was there already (a repeat), or another one took the version.

    Or a stream that the command rests on has grown, which the database says in the same way, for that too may have been
    done by the command itself.
    """
    row = await connection.fetchrow(
        f"""
        SELECT first_position, last_position, body_sha256, at,
               coalesce(actor, (SELECT event.actor FROM {schema}.events event WHERE event.position = first_position))
               AS actor
        FROM {schema}.commands WHERE command_id = $1
        """,
        command.id,
    )
    if row is None:
        command.fail(Conflict(streams=[str(event.stream_id) for event in command.events]))
    elif (row["actor"], row["body_sha256"]) != (command.actor, command.body_sha256):
        command.fail(CommandReused(command=str(command.id)))
    else:
        command.succeed(CommandResult(command.id, row["first_position"], row["last_position"], True, row["at"]))


@lru_cache(maxsize=1_000)
def _append_sql(schema: str, *, checked: bool) -> str:
    """The only statement that writes to a log; the same for one command and for many.

    The head row is moved first, which queues the other processes; $1 counts the facts, $2 to $17 are a column
    each, $18 to $24 the commands with the offsets of their first and last fact. `checked`: they rest on the streams $25
    in the versions $26, which is asked once the head row is held.
    """
    return f"""
WITH head AS (UPDATE {schema}.head SET position = position + $1 RETURNING position),
written AS (
  INSERT INTO {schema}.events (position, kind, season, subject, stream_id, version, topic, schema, command_id, cause,
                               actor, unit, mandate, at, data, leaf, leaf_hash)
  SELECT head.position - $1 + place, kind, season, subject, stream_id, version, topic, schema, command_id, cause,
         actor, unit, mandate, at, data, leaf, leaf_hash
  FROM head, unnest($2::text[], $3::text[], $4::text[], $5::uuid[], $6::int[], $7::text[], $8::int[], $9::uuid[],
                    $10::uuid[], $11::text[], $12::text[], $13::text[], $14::timestamptz[], $15::jsonb[], $16::bytea[],
                    $17::bytea[])
       WITH ORDINALITY AS event (kind, season, subject, stream_id, version, topic, schema, command_id, cause,
                                 actor, unit, mandate, at, data, leaf, leaf_hash, place)),
done AS (
  INSERT INTO {schema}.commands (command_id, first_position, last_position, body_sha256, at, actor, verb)
  SELECT id, head.position - $1 + first, head.position - $1 + last, body, at, actor, verb
  FROM head, unnest($18::uuid[], $19::int[], $20::int[], $21::bytea[], $22::timestamptz[], $23::text[], $24::text[])
       AS command (id, first, last, body, at, actor, verb))
SELECT position FROM head{f" WHERE {schema}.still_stand($25::uuid[], $26::int[])" if checked else ""}
"""


def _arrays(batch: Sequence[Pending], basis: Mapping[UUID, int]) -> Iterator[Any]:
    events = [
        (
            event.stream.kind, event.stream.season, event.stream.subject, event.stream_id, event.version,
            event.topic, event.schema, command.id, command.cause, command.actor, command.unit, command.mandate,
            event.fact.timestamp, event.data, event.leaf, event.leaf_hash,
        )
        for command in batch
        for event in command.events
    ]  # fmt: skip
    commands = []
    place = 0
    for command in batch:
        first, place = place + 1, place + len(command.events)
        moment = command.events[-1].fact.timestamp
        commands.append((command.id, first, place, command.body_sha256, moment, command.actor, command.verb))
    yield len(events)
    yield from zip(*events, strict=True)
    yield from zip(*commands, strict=True)
    if basis:
        yield from (list(basis), list(basis.values()))
