"""The log of each province: load a stream, append a command, read on from a position.

Who changes a stream holds it (`holding`), loads it, lets the aggregate decide, and appends; who only rests a rule on
a stream looks at it (`look`), and says in which version when appending. Before anything is decided a command is asked
for (`answered`), so that a repeat gets its first result. An aggregate stays in the cache only after a fresh commit,
and is used again only while the log's tail shows that its stream has not grown, so that what was decided but not
recorded never decides again.
"""

import asyncio
from collections import OrderedDict
from collections.abc import AsyncIterator, Awaitable, Collection, Iterable, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import lru_cache
from itertools import starmap
from types import MappingProxyType
from typing import Any, Protocol, TypeAlias
from uuid import UUID

import asyncpg

from domain.errors import FactUnreadable
from domain.fact import Fact, Recorded, StreamName, Unreadable
from infra.ledger.epoch import Epoch
from infra.ledger.leaf import epoch_of, payload_hash
from infra.log.group_commit import CommandResult, CommandReused, Conflict, Event, GroupCommit, OutcomeUnknown, Pending
from infra.log.mapper import Decided, Mapper
from infra.log.tail import Tail, Tails
from infra.platform.database import Database, HasId, schema_of
from infra.platform.notifications import Notifier

__all__ = [
    "Command",
    "CommandResult",
    "CommandReused",
    "Conflict",
    "EventStore",
    "Loaded",
    "LogOwner",
    "OutcomeUnknown",
]

#: Channel of the hints that a tenant's log has grown; the payload is the tenant's id.
GROWN = "facts"

#: Facts read at a time: decoding them holds the event loop for some 5 ms.
PAGE = 1_000

#: `at` may fall by so much from one position to a later one (clocks of several processes).
CLOCK_DRIFT = timedelta(seconds=5)

_NO_END = 2**63 - 1


class LogOwner(HasId, Protocol):
    """A tenant, as far as its log cares: its schema and the origin of its log, which stands in every leaf."""

    @property
    def log(self) -> str: ...


@dataclass(slots=True)
class Loaded:
    """A stream as it stands in the log; `aggregate` is None and `version` 0 when it has no fact yet.

    Whoever begins the stream puts the new aggregate in here before appending.
    """

    name: StreamName
    aggregate: Any
    version: int
    leaf_hash: str


Cache: TypeAlias = OrderedDict[tuple[str, StreamName], Loaded]


@dataclass(slots=True)
class Command:
    """What one person (or the system) did at once: all of its facts are recorded, or none.

    `verb` is the use case, and `body_sha256` the hash of what was asked, so that the same id with other content is
    noticed. `evidence` goes with `facts` one to one: the SHA-256 (hex) of the files each act refers to, in the order
    shown.
    """

    id: UUID
    facts: list[tuple[StreamName, Decided]]
    actor: str
    unit: str = ""
    mandate: str = ""
    on_behalf_of: str = ""
    cause: UUID | None = None
    verb: str = ""
    body_sha256: bytes = b""
    evidence: Sequence[tuple[str, ...]] = field(default=())


class EventStore:
    """The logs of all tenants of one database, in one process."""

    def __init__(self, database: Database, mapper: Mapper, *, cached: int = 2_000) -> None:
        self._database = database
        self._mapper = mapper
        self._hints = Notifier(database.dsn, GROWN)
        self._tails = Tails(database)
        self._commits = GroupCommit(database.writers, self._hints.mark)
        self._cache: Cache = OrderedDict()
        self._looked: Cache = OrderedDict()
        self._cached = cached
        self._locks: dict[tuple[str, StreamName], _Lock] = {}

    async def close(self) -> None:
        """Finish what is being written; the database stays open."""
        await self._commits.close()
        await self._hints.close()

    @asynccontextmanager
    async def holding(self, tenant: HasId, *names: StreamName) -> AsyncIterator[None]:
        """Queue here for these streams, instead of conflicting in the database (twice the throughput)."""
        async with AsyncExitStack() as stack:
            for name in sorted(set(names)):
                await stack.enter_async_context(self._lock(tenant.id, name))
            yield

    async def tail(self, tenant: HasId, since: float | None = None) -> Tail:
        """How far the log is, and which streams have grown, as of `since` (time.monotonic()) or later; None for now."""
        return await self._tails.at(tenant, since)

    async def answered(
        self,
        tenant: HasId,
        command: UUID,
        body_sha256: bytes = b"",
        *,
        actor: str | None = None,
        verb: str = "",
        former: UUID | None = None,
    ) -> CommandResult | None:
        """The result that this very command got before; `former` is its id in a log of long ago.

        CommandReused when the id was used by another actor (None: it may be anybody), or with another verb or body.
        Under the former id such a command is another one.
        """
        ids = [command] if former is None else [command, former]
        for asked, found in zip(ids, await self._tails.answered(tenant, *ids), strict=True):
            if found is None:
                continue
            if (
                found.body_sha256 == body_sha256
                and actor in (None, found.actor)
                and (verb == found.verb or found.verb is None)
            ):
                return CommandResult(asked, found.first, found.last, True, found.at)
            if asked == command:
                raise CommandReused(command=str(command))
        return None

    async def known(self, tenant: HasId, commands: Sequence[UUID], actor: str) -> UUID | None:
        """The first of these ids under which a command was recorded for this actor, whatever it asked."""
        found = zip(commands, await self._tails.answered(tenant, *commands), strict=True)
        return next((command for command, one in found if one and one.actor == actor), None)

    async def load(self, tenant: HasId, name: StreamName, since: float | None = None) -> Loaded:
        """The stream as it stands at `since` (time.monotonic()) or later; None for now."""
        return await self._stream(tenant, name, self._cache.pop((tenant.id, name), None), since)

    async def look(self, tenant: HasId, name: StreamName, since: float | None = None) -> Loaded:
        """Like `load`, for a stream that a rule rests on and nobody changes: many may look at one aggregate at once.

        What they see is only ever what the log holds, for a stream being changed is another object.
        """
        kept = self._looked.get((tenant.id, name))
        if kept and kept.aggregate.pending_events:  # somebody changed what was only to be looked at
            kept = None
        stream = await self._stream(tenant, name, kept, since)
        if stream.version:
            self._remember(self._looked, tenant, stream)
        return stream

    async def _stream(self, tenant: HasId, name: StreamName, kept: Loaded | None, since: float | None) -> Loaded:
        """What is kept, if the stream has not grown since; else brought up to the log, or all of the stream."""
        stream = name.id(tenant.id)
        tail = await self._tails.at(tenant, since)
        if kept and tail.version(stream) <= kept.version:
            return kept
        rows = await self._database.ask(tenant, _stream_sql(schema_of(tenant)), stream, kept.version if kept else 0)
        aggregate = kept.aggregate if kept else None
        for row in rows:
            if aggregate is None or row["version"] > aggregate.version:  # others may have brought it up meanwhile
                aggregate = self._after(aggregate, row, stream)
        if not rows:
            return Loaded(name, None, 0, "")
        return Loaded(name, aggregate, rows[-1]["version"], rows[-1]["leaf_hash"].hex())

    def _after(self, aggregate: Any, row: asyncpg.Record, stream: UUID) -> Any:
        """The aggregate after one more fact. FactUnreadable when it cannot be read, or not be applied."""
        try:
            fact = self._mapper.fact(row["topic"], row["schema"], row["data"], stream, row["version"], row["at"])
            return fact.mutate(aggregate)
        except Exception as reason:
            raise FactUnreadable(position=row["position"], topic=row["topic"], why=type(reason).__name__) from reason

    async def append(
        self,
        tenant: LogOwner,
        command: Command,
        expected: Iterable[Loaded],
        basis: Mapping[StreamName, int] = MappingProxyType({}),
    ) -> CommandResult:
        """Record the command on the streams as they were loaded; they stand after it then.

        `basis` are the versions in which it looked at streams besides. Raises Conflict when one of all these has grown
        since, CommandReused, NotCanonical when a value cannot be stored, OutcomeUnknown when the database went away.
        """
        loaded = {stream.name: stream for stream in expected}
        pending = self._pending(tenant, command, loaded, basis)
        result = await self._commits.append(tenant, pending)
        if not result.repeated:
            for stream in loaded.values():
                self._advance(tenant, stream, pending)
        return result

    async def read(
        self,
        tenant: HasId,
        *,
        after: int = 0,
        upto: int | None = None,
        season: str | None = None,
        streams: Collection[StreamName] | None = None,
        facts: Collection[type[Fact]] | None = None,
        positions: Collection[int] | None = None,
        limit: int | None = None,
        page: int = PAGE,
        unreadable: bool = False,
    ) -> AsyncIterator[list[Recorded]]:
        """The facts with `after` < position <= `upto`, in order, in batches that are never empty.

        Of one season, of these streams, of these kinds, or at these positions when asked; at most `limit` in all.
        FactUnreadable for one that this program cannot read; `unreadable` gives an `Unreadable` in its place.
        """
        recorded = self._recorded if unreadable else self._readable
        topics = None if facts is None else self._mapper.topics_of(facts)
        known = list(self._mapper.topics) if unreadable and facts is not None else None

        def ask(after: int, many: int) -> Awaitable[list[asyncpg.Record]]:
            query, arguments = _page(tenant, after, upto, season, streams, topics, known, positions, many)
            return self._database.ask(tenant, query, *arguments)

        left = _NO_END if limit is None else limit
        many = min(page, left)
        rows = await ask(after, many)
        while rows:
            left -= len(rows)
            if left <= 0 or len(rows) < many:
                yield list(starmap(recorded, rows))
                return
            many = min(page, left)
            coming = asyncio.ensure_future(ask(rows[-1]["position"], many))
            try:
                await asyncio.sleep(0)  # PostgreSQL is asked now and works while this page is decoded and folded
                yield list(starmap(recorded, rows))
                rows = await coming
            finally:
                coming.cancel()

    async def positions(self, tenant: HasId, season: str, *, after: int, upto: int) -> list[int]:
        """The positions of a season's facts with `after` < position <= `upto`, in order."""
        query = f"""
        SELECT position FROM {schema_of(tenant)}.events
        WHERE (season, position) > ($1, $2) AND (season, position) <= ($1, $3) ORDER BY season, position
        """
        return [row["position"] for row in await self._database.ask(tenant, query, season, after, upto)]

    async def position(self, tenant: HasId) -> int:
        """The position of the last fact; 0 for an empty log."""
        rows = await self._database.ask(tenant, f"SELECT position FROM {schema_of(tenant)}.head")
        return int(rows[0]["position"])

    async def origin_at(self, tenant: LogOwner, position: int) -> str:
        """The origin under which the fact at this position was recorded: that of its epoch."""
        if Epoch.read(tenant.log).number == 1:
            return tenant.log
        query = f"SELECT leaf FROM {schema_of(tenant)}.events WHERE position = $1"
        return next((epoch_of(row["leaf"]) for row in await self._database.ask(tenant, query, position)), tenant.log)

    async def origins_of(self, tenant: LogOwner, facts: Collection[tuple[UUID, int]]) -> dict[tuple[UUID, int], str]:
        """The origin under which each of these facts was recorded, by the id of its stream and its version."""
        if Epoch.read(tenant.log).number == 1:
            return dict.fromkeys(facts, tenant.log)
        rows = await self._database.ask(
            tenant,
            f"""
            SELECT stream_id, version, leaf FROM {schema_of(tenant)}.events
            WHERE (stream_id, version) IN (SELECT * FROM unnest($1::uuid[], $2::int[]))
            """,
            [stream for stream, _ in facts],
            [version for _, version in facts],
        )
        return {(row["stream_id"], row["version"]): epoch_of(row["leaf"]) for row in rows}

    async def position_at(self, tenant: HasId, moment: datetime) -> int:
        """The last position at which nothing recorded is later than the moment; 0 before the first fact."""
        rows = await self._database.ask(tenant, _position_at_sql(schema_of(tenant)), moment, CLOCK_DRIFT)
        return int(rows[0]["position"])

    def _pending(
        self,
        tenant: LogOwner,
        command: Command,
        loaded: dict[StreamName, Loaded],
        basis: Mapping[StreamName, int],
    ) -> Pending:
        events: list[Event] = []
        last: dict[StreamName, Event] = {}
        for place, (name, fact) in enumerate(command.facts):
            before = last.get(name)
            version = (before.version if before else loaded[name].version) + 1
            stream = name.id(tenant.id)
            if fact.originator_version != version or fact.originator_id != stream:
                raise ValueError(f"{type(fact).__qualname__} is not fact {version} of {name}")
            payload = self._mapper.payload(fact)
            event = Event(
                stream=name,
                stream_id=stream,
                version=version,
                fact=fact,
                topic=payload.topic,
                schema=payload.schema,
                data=payload.data.decode(),
                payload_sha256=payload_hash(payload.data),
                evidence=command.evidence[place] if command.evidence else (),
                prev="" if before else loaded[name].leaf_hash,
                follows=before,
            )
            events.append(event)
            last[name] = event
        if not events:
            raise ValueError("a command without facts")
        seen = dict(basis)
        for name, one in loaded.items():  # looked at before it was loaded, it may have grown in between
            seen[name] = min(one.version, seen.get(name, one.version))
        if outdated := [name for name in last if seen[name] < loaded[name].version]:
            raise Conflict(streams=[str(name.id(tenant.id)) for name in outdated])
        return Pending(
            id=command.id,
            log=tenant.log,
            actor=command.actor,
            unit=command.unit,
            mandate=command.mandate,
            on_behalf_of=command.on_behalf_of,
            cause=command.cause,
            body_sha256=command.body_sha256,
            events=events,
            streams=frozenset(event.stream_id for event in events),
            verb=command.verb,
            basis={name.id(tenant.id): version for name, version in seen.items() if name not in last},
        )

    def _advance(self, tenant: HasId, stream: Loaded, pending: Pending) -> None:
        """The stream as it now stands; its aggregate is kept when it is what the log would give."""
        for event in reversed(pending.events):
            if event.stream == stream.name:
                stream.version, stream.leaf_hash = event.version, event.leaf_hash.hex()
                break
        aggregate = stream.aggregate
        if aggregate and aggregate.version == stream.version and not (aggregate.pending_events or pending.restamped):
            self._remember(self._cache, tenant, replace(stream))

    def _remember(self, cache: Cache, tenant: HasId, stream: Loaded) -> None:
        if not self._tails.known(tenant):  # nobody would notice that it has grown
            return
        cache[tenant.id, stream.name] = stream
        cache.move_to_end((tenant.id, stream.name))
        if len(cache) > self._cached:
            cache.popitem(last=False)

    @asynccontextmanager
    async def _lock(self, tenant: str, name: StreamName) -> AsyncIterator[None]:
        # A lock lives while somebody holds it or waits for it, so there are never more than requests.
        lock = self._locks.setdefault((tenant, name), _Lock())
        lock.users += 1
        try:
            async with lock.lock:
                yield
        finally:
            lock.users -= 1
            if not lock.users:
                del self._locks[tenant, name]

    def _recorded(
        self,
        position: int,
        kind: str,
        season: str,
        subject: str,
        stream_id: UUID,
        version: int,
        at: str,
        actor: str,
        unit: str,
        mandate: str,
        command: UUID,
        topic: str,
        schema: int,
        data: bytes,
    ) -> Recorded:
        moment = datetime.fromisoformat(at)
        try:
            fact = self._mapper.fact(topic, schema, data, stream_id, version, moment)
        except Exception as reason:  # noqa: BLE001 - whatever it is, it concerns this fact alone
            fact = _unreadable(topic, reason, stream_id, version, moment)
        stream = StreamName(kind, season, subject)
        return Recorded(position, stream, version, moment, actor, unit, mandate, command, fact)

    def _readable(self, *row: Any) -> Recorded:
        """Raises FactUnreadable."""
        recorded = self._recorded(*row)
        if isinstance(recorded.fact, Unreadable):
            raise FactUnreadable(position=recorded.position, topic=recorded.fact.topic, why=recorded.fact.why)
        return recorded


def _unreadable(topic: str, reason: Exception, stream: UUID, version: int, at: datetime) -> Unreadable:
    fact = object.__new__(Unreadable)
    said = f"{type(reason).__name__}: {reason}"[:300]
    columns = {"originator_id": stream, "originator_version": version, "timestamp": at}
    object.__setattr__(fact, "__dict__", {**columns, "topic": topic, "why": said})
    return fact


class _Lock:
    __slots__ = ("lock", "users")

    def __init__(self) -> None:
        self.lock = asyncio.Lock()
        self.users = 0


@lru_cache(maxsize=1_000)
def _stream_sql(schema: str) -> str:
    """The facts of stream $1 beyond version $2."""
    return f"""
    SELECT version, topic, schema, data, at, leaf_hash, position FROM {schema}.events
    WHERE stream_id = $1 AND version > $2 ORDER BY version
    """


def _page(
    tenant: HasId,
    after: int,
    upto: int | None,
    season: str | None,
    streams: Collection[StreamName] | None,
    topics: list[str] | None,
    known: list[str] | None,
    positions: Collection[int] | None,
    many: int,
) -> tuple[str, list[Any]]:
    """`known` are all topics that this program can read: those that it cannot are among the facts of any topic then."""
    arguments: list[Any] = [after, _NO_END if upto is None else upto, many]
    if streams is not None:  # an expression, so that no plan can walk the log instead of the streams
        place, conditions = "position + 0", ["position + 0 > $1", "position + 0 <= $2"]
        if season is not None:
            arguments.append(season)
            conditions.append("season = $4")
    elif season is None:
        place, conditions = "position", ["position > $1", "position <= $2"]
    else:  # compared as a row, so that no plan can walk all the seasons before it to find its first fact
        arguments.append(season)
        place, conditions = "season, position", ["(season, position) > ($4, $1)", "(season, position) <= ($4, $2)"]
    for condition, argument in (
        ("stream_id = ANY(${}::uuid[])", None if streams is None else [name.id(tenant.id) for name in streams]),
        ("topic = ANY(${}::text[])", topics if known is None else None),
        ("position = ANY(${}::bigint[])", None if positions is None else list(positions)),
    ):
        if argument is not None:
            arguments.append(argument)
            conditions.append(condition.format(len(arguments)))
    if known is not None:
        arguments += [topics, known]
        conditions.append(f"(topic = ANY(${len(arguments) - 1}::text[]) OR topic <> ALL(${len(arguments)}::text[]))")
    # Moments as text and payloads as bytes: making their Python values from that takes half the time.
    query = f"""
    SELECT position, kind, season, subject, stream_id, version, at::text, actor, unit, mandate, command_id,
           topic, schema, convert_to(data::text, 'UTF8')
    FROM {schema_of(tenant)}.events WHERE {" AND ".join(conditions)}
    ORDER BY {place} LIMIT $3
    """
    return query, arguments


def _position_at_sql(schema: str) -> str:
    """Halve the log until `at` is surely not later, then look on for the first fact that is.

    `at` needs no index for this: it rises with the position but for the drift of clocks ($2).
    """
    return f"""
    WITH RECURSIVE half (low, high) AS (
      SELECT 0::bigint, position + 1 FROM {schema}.head
      UNION ALL
      SELECT CASE WHEN event.at <= $1::timestamptz - $2::interval THEN event.position ELSE half.low END,
             CASE WHEN event.at <= $1::timestamptz - $2::interval THEN half.high ELSE event.position END
      FROM half JOIN {schema}.events event ON event.position = (half.low + half.high) / 2
      WHERE half.high - half.low > 1),
    surely AS (SELECT low FROM half WHERE high - low <= 1)
    SELECT coalesce(
      (SELECT event.position - 1 FROM {schema}.events event
       WHERE event.position > (SELECT low FROM surely) AND event.at > $1 ORDER BY event.position LIMIT 1),
      (SELECT position FROM {schema}.head)) AS position
    """
