"""Administrative units: provinces, districts (until 30/6/2025) and communes, with their changes of name and class."""

from __future__ import annotations

from datetime import date
from enum import StrEnum
from uuid import UUID

from domain.fact import Fact, FirstFact, Stream, StreamName


class Level(StrEnum):
    """A level of administration; the district level ended on 30/6/2025."""

    PROVINCE = "province"
    DISTRICT = "district"
    COMMUNE = "commune"


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
        """The unit went into another, as a whole or in part."""

        TOPIC = "unit.merged"
        into: str
        on: date
        decision_no: str

        def apply(self, unit: Unit) -> None:
            unit.ended_on = self.on

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

    def rename(self, name: str, on: date, decision_no: str) -> None:
        """Give the unit another name; nothing happens when it already has it."""
        if name != self.name:
            self.trigger_event(self.Renamed, name=name, on=on, decision_no=decision_no)

    def classify(self, unit_class: str, decision_no: str) -> None:
        """Record the unit's class; nothing happens when it already has it."""
        if unit_class != self.unit_class:
            self.trigger_event(self.Classified, unit_class=unit_class, decision_no=decision_no)

    def merge(self, into: str, on: date, decision_no: str) -> None:
        """Record that the unit went into another."""
        self.trigger_event(self.Merged, into=into, on=on, decision_no=decision_no)

    def dissolve(self, on: date, decision_no: str) -> None:
        """Record that the unit ceased to exist."""
        self.trigger_event(self.Dissolved, on=on, decision_no=decision_no)


def unit_stream(code: str) -> StreamName:
    """The stream of the unit with this national code."""
    return StreamName("unit", "", code)
