"""The tail of a log: what it has grown by since the last look, one look for all who ask at the same moment.

Positions have no gaps and commit in their order, so a look from the last known position on sees every stream that has
grown. What a process keeps of a stream (an aggregate, folded rows) holds as long as the stream is not among these, and
to know that costs one small query, shared by all requests that wait for it. The same query answers who asks whether a
command was recorded before.
"""

import asyncio
import time
from dataclasses import dataclass, field
from typing import Any, NamedTuple
from uuid import UUID

from infra.platform.database import Database, HasId, schema_of


class LogShortened(Exception):
    """The log ends before a position that it had reached: facts were lost, and nothing kept of it can be trusted.

    A process that has seen it goes on refusing this log until somebody has looked and starts it again.
    """


class Grown(NamedTuple):
    """How far a stream has grown: its last version, and that fact's position in the log."""

    version: int
    position: int


class RecordedCommand(NamedTuple):
    """What was recorded under a command's id. Of long ago it is not known which use case that was (`verb`)."""

    first: int
    last: int
    body_sha256: bytes
    at: Any
    actor: str
    verb: str | None


@dataclass(slots=True)
class Tail:
    """A log as this process knows it: everything up to `position`, as asked at `asked_at` (time.monotonic()).

    `grown` holds the streams that have grown since the process began to look at this log.
    """

    position: int
    asked_at: float
    grown: dict[UUID, Grown] = field(default_factory=dict)

    def version(self, stream: UUID) -> int:
        """The last version that the stream has grown to; 0 when it has not grown."""
        grown = self.grown.get(stream)
        return grown.version if grown else 0

    def touched(self, stream: UUID) -> int:
        """The position at which the stream grew last; 0 when it has not grown."""
        grown = self.grown.get(stream)
        return grown.position if grown else 0


class Tails:
    """The tails of all logs that this process has asked for."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._tails: dict[str, Tail] = {}
        self._next: dict[str, _Lookup] = {}
        self._turns: dict[str, asyncio.Lock] = {}

    def known(self, tenant: HasId) -> bool:
        """Whether this log has been looked at: only then may anything of its streams be kept."""
        return tenant.id in self._tails

    async def at(self, tenant: HasId, since: float | None = None) -> Tail:
        """The tail as of `since` (time.monotonic()) or later; None for now. Raises LogShortened."""
        tail = self._tails.get(tenant.id)
        if tail is None or since is None or tail.asked_at < since:
            await self._look(tenant)
        return self._tails[tenant.id]

    async def answered(self, tenant: HasId, *commands: UUID) -> list[RecordedCommand | None]:
        """What was recorded under each of these ids so far, if anything. Raises LogShortened."""
        found = (await self._look(tenant, *commands)).answered
        return [found.get(command) for command in commands]

    async def _look(self, tenant: HasId, *commands: UUID) -> "_Lookup":
        """Take part in the next look; one that is under way may have been too early."""
        look = self._next.get(tenant.id)
        if look is None:
            look = self._next[tenant.id] = _Lookup()
            look.task = asyncio.create_task(self._take(tenant, look))
        look.commands += commands
        await asyncio.shield(look.task)
        return look

    async def _take(self, tenant: HasId, look: "_Lookup") -> None:
        async with self._turns.setdefault(tenant.id, asyncio.Lock()):
            del self._next[tenant.id]
            tail = self._tails.get(tenant.id)
            asked_at = time.monotonic()
            rows = await self._database.ask(
                tenant, _LOOK.format(schema_of(tenant)), tail.position if tail else None, look.commands
            )
            position: int | None = None
            grown: dict[UUID, Grown] = {}
            for which, first, last, body, *rest in rows:
                if which is None:
                    position = last
                elif body is None:
                    grown[which] = Grown(first, last)
                else:
                    look.answered[which] = RecordedCommand(first, last, body, *rest)
            if position is None:
                raise LogShortened(f"{tenant.id} has lost its head row")
            if tail is None:
                tail = self._tails[tenant.id] = Tail(position, asked_at)
            if position < tail.position:
                raise LogShortened(f"{tenant.id} ends at {position}, and had reached {tail.position}")
            tail.grown |= grown
            tail.position, tail.asked_at = position, asked_at


class _Lookup:
    """One query, and who waits for it."""

    __slots__ = ("answered", "commands", "task")

    task: "asyncio.Task[None]"

    def __init__(self) -> None:
        self.commands: list[UUID] = []
        self.answered: dict[UUID, RecordedCommand] = {}


#: The log's last position, without an id; the streams that have grown since $1, with version and position; what was
#: recorded under the commands $2.
_LOOK = """
SELECT NULL::uuid AS which, NULL::bigint AS first, position AS last, NULL::bytea AS body, NULL::timestamptz AS at,
       NULL AS actor, NULL AS verb
FROM {0}.head
UNION ALL
SELECT stream_id, max(version), max(position), NULL, NULL, NULL, NULL
FROM {0}.events WHERE position > $1 GROUP BY stream_id
UNION ALL
SELECT command_id, first_position, last_position, body_sha256, at,
       coalesce(actor, (SELECT event.actor FROM {0}.events event WHERE event.position = first_position)), verb
FROM {0}.commands WHERE command_id = ANY($2)
"""
