"""The log as it stood at a position, for documents that must come out the same again."""

from collections.abc import AsyncIterator, Collection, Mapping
from types import MappingProxyType
from typing import NamedTuple, Protocol, TypeVar
from uuid import UUID

from domain.fact import Recorded, Stream, StreamName, replay
from domain.unit import Level, Unit, unit_stream
from services.documents.wording import NamedUnit

A = TypeVar("A", bound=Stream)

#: A chain of units is at most commune, district, province.
LEVELS = 3


class Province(Protocol):
    """A province, as far as documents name it: the log's, or the one that a dossier states."""

    @property
    def id(self) -> str: ...

    @property
    def name(self) -> str: ...

    @property
    def log(self) -> str: ...

    @property
    def demonstration(self) -> bool: ...


class Facts(Protocol):
    """Where facts are read: the log, or the few that somebody took away from it."""

    def read(
        self, tenant: Province, *, upto: int | None = None, streams: Collection[StreamName] | None = None
    ) -> AsyncIterator[list[Recorded]]: ...


class AsItStood(NamedTuple):
    """A province's log up to a position; what came later does not exist here.

    `versions` may end single streams even earlier: what a decision relied on, by stream.
    """

    store: Facts
    tenant: Province
    position: int
    versions: Mapping[UUID, int] = MappingProxyType({})

    async def facts(self, *names: StreamName) -> list[Recorded]:
        """The facts of these streams, in the order of the log."""
        pages = self.store.read(self.tenant, streams=names, upto=self.position)
        every = [recorded async for page in pages for recorded in page]
        ends = {name: self.versions.get(name.id(self.tenant.id)) for name in names}
        return [one for one in every if (end := ends[one.stream]) is None or one.version <= end]

    async def find(self, kind: type[A], name: StreamName) -> A | None:
        """The aggregate of a stream, None when it had not begun."""
        aggregate = replay(recorded.fact for recorded in await self.facts(name))
        if aggregate is not None and not isinstance(aggregate, kind):
            raise TypeError(f"{name} is a {type(aggregate).__name__}")
        return aggregate

    async def place(self, code: str) -> NamedUnit:
        """A unit with those above it, as they were called then."""
        units: list[Unit] = []
        while code and len(units) < LEVELS:
            unit = await self.find(Unit, unit_stream(code))
            if unit is None:
                break
            units.append(unit)
            code = unit.parent or ""
        named = None
        for unit in reversed(units):
            named = NamedUnit(unit.unit_type, unit.name, unit.level, named)
        return named or NamedUnit("", self.tenant.name, Level.PROVINCE, None)
