"""Administrative units: provinces, districts (until 30/6/2025) and communes, with their changes of name and class."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from uuid import UUID

from domain.days import must_not_end_early
from domain.errors import MergerImpossible, PeriodReversed, UnitEnded
from domain.fact import Fact, FirstFact, Stream, StreamName


class Level(StrEnum):
    """A level of administration; the district level ended on 30/6/2025."""

    PROVINCE = "province"
    DISTRICT = "district"
    COMMUNE = "commune"

    def is_above(self, other: Level) -> bool:
        """Whether a unit of this level may have one of the other below it."""
        order = list(Level)
        return order.index(self) < order.index(other)


class Extent(StrEnum):
    """How much of a unit went into another: all of it, or a part, the rest going elsewhere."""

    WHOLE = "whole"
    PART = "part"


#: What units at the level of communes are called, and the classes into which they are put.
COMMUNE_TYPES = ("xã", "phường", "thị trấn", "đặc khu")
UNIT_CLASSES = ("I", "II", "III")


class Unit(Stream):
    """One administrative unit, known by its national code (a string: leading zeros count)."""

    TOPIC = "unit"

    class Registered(FirstFact):
        """The unit exists in the province's books; `unit_type` as the law calls it ("Phường", "Xã", "Quận")."""

        TOPIC = "unit.registered"
        code: str
        name: str
        unit_type: str
        level: Level
        parent: str | None = None
        valid_from: date | None = None

    class Renamed(Fact):
        """The unit has another name from a day on."""

        TOPIC = "unit.renamed"
        name: str
        on: date
        decision_no: str

        def apply(self, unit: Unit) -> None:
            unit.name = self.name

    class Classified(Fact):
        """The unit is of class I, II or III; 619/2017 sets its threshold by class."""

        TOPIC = "unit.classified"
        unit_class: str
        decision_no: str

        def apply(self, unit: Unit) -> None:
            unit.unit_class = self.unit_class

    class Merged(Fact):
        """The unit went into another. A divided unit went into several, by one such fact for each PART.

        Facts recorded before do not say the `extent`.
        """

        TOPIC = "unit.merged"
        into: str
        on: date
        decision_no: str
        extent: Extent | None = None

        def apply(self, unit: Unit) -> None:
            unit.ended_on = self.on
            unit.merged_into = (*unit.merged_into, self.into)
            unit.divided_by = self.decision_no if self.extent is Extent.PART else None

    class Dissolved(Fact):
        """The unit ceased to exist."""

        TOPIC = "unit.dissolved"
        on: date
        decision_no: str

        def apply(self, unit: Unit) -> None:
            unit.ended_on = self.on

    def __init__(
        self,
        id: UUID,
        code: str,
        name: str,
        unit_type: str,
        level: Level,
        parent: str | None = None,
        valid_from: date | None = None,
    ) -> None:
        self.code = code
        self.name = name
        self.unit_type = unit_type
        self.level = level
        self.parent = parent
        self.valid_from = valid_from
        self.unit_class: str | None = None
        self.ended_on: date | None = None
        self.merged_into: tuple[str, ...] = ()
        self.divided_by: str | None = None

    def rename(self, name: str, on: date, decision_no: str, *, today: date) -> None:
        """Give the unit another name; nothing happens when it already has it."""
        must_not_end_early(self.valid_from, on, "on", "unit")
        self._must_go_on(max(on, today))
        if name != self.name:
            self.trigger_event(self.Renamed, name=name, on=on, decision_no=decision_no)

    def classify(self, unit_class: str, decision_no: str, *, today: date) -> None:
        """Record the unit's class; nothing happens when it already has it."""
        self._must_go_on(today)
        if unit_class != self.unit_class:
            self.trigger_event(self.Classified, unit_class=unit_class, decision_no=decision_no)

    def merge(
        self,
        into: Unit,
        on: date,
        decision_no: str,
        *,
        extent: Extent = Extent.WHOLE,
        successors: Collection[str] = (),
        joined: Iterable[Unit] = (),
    ) -> None:
        """Record that the unit went into another of its level, which exists on that day.

        A divided unit goes into several, on one day and by one document, each time a PART. `successors` are the
        codes of all units that `into` went into itself, directly or through others: none of them may be this unit.
        `joined` are the units that went into this one: it existed then, so it ends later.
        """
        must_not_end_early(self.valid_from, on, "on", "unit")
        is_further_part = extent is Extent.PART and (on, decision_no) == (self.ended_on, self.divided_by)
        if not is_further_part or into.code in self.merged_into:
            self._must_not_have_ended()
        if into.code == self.code:
            raise MergerImpossible(reason="itself", field="into")
        if into.level is not self.level:
            raise MergerImpossible(reason="other-level", field="into")
        if self.code in successors:
            raise MergerImpossible(reason="circle", field="into")
        if into.ended_on is not None and into.ended_on <= on:
            raise MergerImpossible(reason="ended", field="into", on=into.ended_on)
        if into.valid_from is not None and on < into.valid_from:
            raise MergerImpossible(reason="not-begun", field="into", on=into.valid_from)
        self._must_outlast(joined, on)
        self.trigger_event(self.Merged, into=into.code, on=on, decision_no=decision_no, extent=extent)

    def dissolve(self, on: date, decision_no: str, *, joined: Iterable[Unit] = ()) -> None:
        """Record that the unit ceased to exist, later than the units that `joined` it went into it."""
        must_not_end_early(self.valid_from, on, "on", "unit")
        self._must_not_have_ended()
        self._must_outlast(joined, on)
        self.trigger_event(self.Dissolved, on=on, decision_no=decision_no)

    def _must_outlast(self, joined: Iterable[Unit], on: date) -> None:
        """Raise PeriodReversed when one of the units went into this one on the day of its end, or later."""
        for other in joined:
            if other.ended_on is not None and on <= other.ended_on:
                raise PeriodReversed(reason="joined", field="on", unit=other.name, begins=other.ended_on, ends=on)

    def _must_go_on(self, day: date) -> None:
        """Raise UnitEnded from the unit's last day on: an end in the future stops nothing yet."""
        if self.ended_on is not None and day >= self.ended_on:
            raise UnitEnded(unit=self.name, on=self.ended_on)

    def _must_not_have_ended(self) -> None:
        """Raise UnitEnded when an end is recorded, also one to come: a unit ends once."""
        if self.ended_on is not None:
            raise UnitEnded(unit=self.name, on=self.ended_on)


@dataclass(frozen=True, slots=True)
class Ending:
    """How a unit ended: on which day, what it went into, and which unit stood above it."""

    on: date
    into: tuple[str, ...]
    parent: str | None


def succeeded_on(endings: Mapping[str, Ending], day: date) -> dict[str, frozenset[str]]:
    """By unit, the units whose duties it has on the day because they ended.

    A unit that went into others is succeeded by them, one that was dissolved by the unit above it, as the districts
    were by their province on 1/7/2025; and so on where a successor has ended too.
    """
    found: dict[str, set[str]] = {}
    for code in endings:
        for successor in _successors(code, endings, day, frozenset({code})):
            found.setdefault(successor, set()).add(code)
    return {code: frozenset(units) for code, units in found.items()}


def _successors(code: str, endings: Mapping[str, Ending], day: date, seen: frozenset[str]) -> Iterator[str]:
    ending = endings.get(code)
    if ending is None or day < ending.on:
        return
    for successor in ending.into or ((ending.parent,) if ending.parent else ()):
        if successor in seen:
            continue
        further = endings.get(successor)
        if further is None or day < further.on:
            yield successor
        else:
            yield from _successors(successor, endings, day, seen | {successor})


def unit_stream(code: str) -> StreamName:
    """The stream of the unit with this national code."""
    return StreamName("unit", "", code)
