"""The units of the province: their names, and which still exist."""

from __future__ import annotations

from datetime import date

from msgspec.structs import replace

from domain.fact import Recorded
from domain.unit import Extent, Level, Unit
from projections.fold import Projection, Row


class UnitRow(Row, frozen=True):
    """A unit; `parent` is the code of the unit above it, `ended_on` the day it was merged or dissolved.

    `merged_into` are the units that it went into: several when it was `divided`.
    """

    code: str
    name: str
    unit_type: str
    level: Level
    parent: str | None = None
    unit_class: str | None = None
    ended_on: date | None = None
    merged_into: tuple[str, ...] = ()
    divided: bool = False

    def is_there(self, day: date) -> bool:
        """Whether the unit still exists on the day; an end to come is none yet."""
        return self.ended_on is None or day < self.ended_on

    @property
    def full_name(self) -> str:
        """The name with its type, as documents write it: "Phường Mỹ Đình 1". Names may be kept with their type."""
        if not self.unit_type or self.name.startswith(f"{self.unit_type} "):
            return self.name
        return f"{self.unit_type} {self.name}"

    @property
    def inside(self) -> str:
        """The full name within a sentence: "phường Mỹ Đình 1"."""
        return self.full_name[:1].lower() + self.full_name[1:]

    @property
    def bare_name(self) -> str:
        """The name without its type, for dense lists: "Mỹ Đình 1"; a name that is only a number keeps its type."""
        bare = self.name.removeprefix(f"{self.unit_type} ")
        return self.full_name if bare.isdigit() else bare


UNITS = Projection("units", version=2, row=UnitRow, scope=lambda row: row.parent or "", seasonal=False)


@UNITS.begins(Unit.Registered)
def _registered(fact: Unit.Registered, recorded: Recorded) -> UnitRow:
    return UnitRow(fact.code, fact.name, fact.unit_type, fact.level, fact.parent)


@UNITS.on(Unit.Renamed)
def _renamed(row: UnitRow, fact: Unit.Renamed, recorded: Recorded) -> UnitRow:
    return replace(row, name=fact.name)


@UNITS.on(Unit.Classified)
def _classified(row: UnitRow, fact: Unit.Classified, recorded: Recorded) -> UnitRow:
    return replace(row, unit_class=fact.unit_class)


@UNITS.on(Unit.Merged)
def _merged(row: UnitRow, fact: Unit.Merged, recorded: Recorded) -> UnitRow:
    return replace(row, ended_on=fact.on, merged_into=(*row.merged_into, fact.into), divided=fact.extent is Extent.PART)


@UNITS.on(Unit.Dissolved)
def _dissolved(row: UnitRow, fact: Unit.Dissolved, recorded: Recorded) -> UnitRow:
    return replace(row, ended_on=fact.on)
