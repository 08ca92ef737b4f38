"""The facts of a proof package as a small log of their own, which the rules read like the large one."""

from __future__ import annotations

from collections.abc import AsyncIterator, Collection, Iterable
from datetime import datetime
from itertools import pairwise
from typing import NamedTuple
from uuid import UUID

from domain.catalogue import AGGREGATES, FACTS
from domain.fact import Recorded, StreamName
from domain.recognition import Decision, Recognition, ReliedOn
from infra.ledger.epoch import covers
from infra.ledger.leaf import Leaf, leaf_hash, read_leaf
from infra.ledger.text import Invalid
from infra.log.mapper import Mapper

MAPPER = Mapper(FACTS, AGGREGATES)


class Incomplete(Invalid):
    """A fact is missing from a stream, or a stream that has to be there."""


class LoggedFact(NamedTuple):
    """A fact with its leaf and its payload."""

    recorded: Recorded
    said: Leaf
    hash: str
    leaf: bytes
    payload: bytes

    @property
    def position(self) -> int:
        return self.recorded.position


class History:
    """The facts of some streams, as they stand in a log of `tenant`."""

    def __init__(self, tenant: str, lines: Iterable[LoggedFact]) -> None:
        self._tenant = tenant
        self.lines = tuple(lines)
        self.streams: dict[StreamName, list[LoggedFact]] = {}
        for line in self.lines:
            self.streams.setdefault(line.recorded.stream, []).append(line)
        self._ids = {name.id(tenant): name for name in self.streams}

    async def read(
        self,
        tenant: object,
        *,
        upto: int | None = None,
        streams: Collection[StreamName] | None = None,
    ) -> AsyncIterator[list[Recorded]]:
        """Like `EventStore.read`; there is one province here."""
        wanted = self.streams.keys() if streams is None else streams
        found = [line.recorded for name in wanted for line in self.streams.get(name, ())]
        found = sorted((one for one in found if upto is None or one.position <= upto), key=lambda one: one.position)
        if found:
            yield found

    def by_position(self) -> list[LoggedFact]:
        return sorted(self.lines, key=lambda line: line.position)

    @property
    def facts(self) -> list[Recorded]:
        """The facts in the order of the log."""
        return [line.recorded for line in self.by_position()]

    def named(self, stream: UUID) -> StreamName | None:
        return self._ids.get(stream)

    def decision(self) -> LoggedFact:
        """The decision that the proof package is about: the latest. Raises Invalid unless all are on one commune."""
        found = [line for line in self.by_position() if isinstance(line.recorded.fact, Decision)]
        first = [line for line in found if isinstance(line.recorded.fact, Recognition.Decided)]
        if len(first) != 1:
            raise Invalid(f"a dossier with {len(first)} decisions instead of one")
        return found[-1]

    def check_streams(self) -> None:
        """Every stream is there from its first version on, each linked to the one before. Raises Incomplete."""
        for name, lines in self.streams.items():
            before: LoggedFact | None = None
            for line in lines:
                version = before.said.version + 1 if before else 1
                if line.said.version != version:
                    raise Incomplete(f"{shown(name)}: version {version} is missing before version {line.said.version}")
                if line.said.prev != (before.hash if before else ""):
                    raise Incomplete(f"{shown(name)}: version {version} does not link to the one before it")
                if before and line.position <= before.position:
                    raise Invalid(f"{shown(name)}: version {version} stands before the one before it")
                before = line

    def check_epochs(self) -> None:
        """No fact of an earlier epoch of the log stands after one of a later epoch. Raises Invalid."""
        for before, line in pairwise(self.by_position()):
            if not covers(line.said.log, before.said.log):
                raise Invalid(f"position {line.position} is of {line.said.log}, {before.position} of {before.said.log}")

    def relied_on(self, one: ReliedOn) -> LoggedFact:
        """The last fact that the decision says it relied on, present and equal. Raises Incomplete."""
        name = self.named(one.stream)
        lines = self.streams.get(name, []) if name else []
        if len(lines) < one.version:
            raise Incomplete(f"{one.kind} {one.stream}: the decision relied on version {one.version}, which is missing")
        line = lines[one.version - 1]
        if line.hash != one.leaf_hash:
            raise Incomplete(
                f"{one.kind} {one.stream}: version {one.version} is not the one that the decision relied on"
            )
        return line


def line_of(position: int, name: StreamName, leaf: bytes, payload: bytes) -> LoggedFact:
    """A fact as it stands there. Raises NotCanonical and what the mapper raises, for facts that nobody knows."""
    said = read_leaf(leaf)
    stream = UUID(said.stream)
    at = datetime.fromisoformat(said.at)
    fact = MAPPER.fact(said.type, said.schema, payload, stream, said.version, at)
    recorded = Recorded(position, name, said.version, at, said.actor, said.unit, "", UUID(said.command), fact)
    return LoggedFact(recorded, said, leaf_hash(leaf).hex(), leaf, payload)


def shown(name: StreamName) -> str:
    """A stream as messages name it."""
    return "/".join(part for part in name if part)
