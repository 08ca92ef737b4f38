"""What a province says of its working days, beyond the public holidays that ship: days off, days worked in exchange,
and years whose holidays are all entered. One person proposes with the source, another confirms.

What is confirmed counts from then on: no day that was computed and recorded before is moved by it.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import NamedTuple
from uuid import UUID

from domain.errors import ChangeSettled, DayAlreadyProposed, OwnProposal, ReasonMissing, SourceMissing
from domain.fact import Fact, FirstFact, Stream, StreamName
from domain.rulebook import Provenance
from domain.working_days import DayKind


class Holiday(NamedTuple):
    """Days that ship as public holidays or as worked in exchange, from `first` to `last`, with their source.

    `kind` is None where it is doubtful that the law has the day: then it is what its day of the week says.
    """

    first: date
    last: date
    kind: DayKind | None
    name: str
    provenance: Provenance
    source: str


@dataclass(frozen=True, slots=True)
class Change:
    """A proposed change: a day of this kind, or, with neither, that all days off of the `year` are known."""

    year: int
    day: date | None
    kind: DayKind | None
    name: str
    source: str
    by: str

    def concerns_what(self, other: Change) -> bool:
        """Whether both are about the same day, or both about the whole of the same year."""
        return (self.year, self.day) == (other.year, other.day)


class DaysOff(Stream):
    """The province's own changes of the calendar; `days` and `years` are those confirmed.

    `overtaken` waits although another change of its day or year was confirmed since.
    """

    TOPIC = "calendar"

    class Begun(FirstFact):
        """The province keeps changes of its own."""

        TOPIC = "calendar.begun"

    class DayProposed(Fact):
        """The day is off, or worked in exchange; `source` is the document that says so, `by` who proposes."""

        TOPIC = "calendar.day-proposed"
        change: UUID
        day: date
        kind: DayKind
        name: str
        source: str
        by: str

        def apply(self, days_off: DaysOff) -> None:
            days_off.waiting[self.change] = Change(self.day.year, self.day, self.kind, self.name, self.source, self.by)

    class YearProposed(Fact):
        """Every day off of the year that is not on a weekend is entered, so that days of it can be counted."""

        TOPIC = "calendar.year-proposed"
        change: UUID
        year: int
        source: str
        by: str

        def apply(self, days_off: DaysOff) -> None:
            days_off.waiting[self.change] = Change(self.year, None, None, "", self.source, self.by)

    class ChangeConfirmed(Fact):
        """Somebody else has compared the change with its source: it counts from now on."""

        TOPIC = "calendar.change-confirmed"
        change: UUID

        def apply(self, days_off: DaysOff) -> None:
            change = days_off.waiting.pop(self.change)
            days_off.overtaken |= {key for key, one in days_off.waiting.items() if one.concerns_what(change)}
            if change.day is not None and change.kind is not None:
                days_off.days[change.day] = change.kind
            else:
                days_off.years.add(change.year)

    class ChangeDeclined(Fact):
        """The change is not what its source says, or was taken back by who proposed it."""

        TOPIC = "calendar.change-declined"
        change: UUID
        reason: str

        def apply(self, days_off: DaysOff) -> None:
            days_off.waiting.pop(self.change)

    def __init__(self, id: UUID) -> None:
        self.waiting: dict[UUID, Change] = {}
        self.overtaken: set[UUID] = set()
        self.days: dict[date, DayKind] = {}
        self.years: set[int] = set()

    def propose_day(self, change: UUID, day: date, kind: DayKind, name: str, source: str, by: str) -> None:
        """Say that a day is off or worked. ReasonMissing without its name, SourceMissing without a source,
        DayAlreadyProposed while a proposal for the day waits, and where the province has the day so already.
        """
        if not name.strip():
            raise ReasonMissing(act="calendar-day")
        self._must_be_new(Change(day.year, day, kind, name, source, by), known=self.days.get(day) == kind)
        self.trigger_event(
            self.DayProposed, change=change, day=day, kind=kind, name=name, source=_source(source), by=by
        )

    def propose_year(self, change: UUID, year: int, source: str, by: str) -> None:
        """Say that all days off of a year are entered. SourceMissing without a source, DayAlreadyProposed as above."""
        self._must_be_new(Change(year, None, None, "", source, by), known=year in self.years)
        self.trigger_event(self.YearProposed, change=change, year=year, source=_source(source), by=by)

    def confirm(self, change: UUID, by: str) -> None:
        """Let a change count. OwnProposal to who proposed it, DayAlreadyProposed when another one of the same day or
        year was confirmed since it was proposed.
        """
        held = self._waiting(change)
        if held.by == by:
            raise OwnProposal(change=change)
        if change in self.overtaken:
            raise _already(held, "overtaken")
        self.trigger_event(self.ChangeConfirmed, change=change)

    def decline(self, change: UUID, reason: str) -> None:
        """Do not let a change count; whoever proposed it may take it back so."""
        self._waiting(change)
        if not reason.strip():
            raise ReasonMissing(act="calendar-decline")
        self.trigger_event(self.ChangeDeclined, change=change, reason=reason)

    def _must_be_new(self, change: Change, *, known: bool) -> None:
        if any(one.concerns_what(change) for one in self.waiting.values()):
            raise _already(change, "waiting")
        if known:
            raise _already(change, "confirmed")

    def _waiting(self, change: UUID) -> Change:
        try:
            return self.waiting[change]
        except KeyError:
            raise ChangeSettled(change=change) from None


_OF_YEARS = {"waiting": "year-waiting", "confirmed": "year-confirmed", "overtaken": "year-overtaken"}


def _already(change: Change, how: str) -> DayAlreadyProposed:
    if change.day is None:
        return DayAlreadyProposed(reason=_OF_YEARS[how], year=str(change.year))
    return DayAlreadyProposed(reason=how, on=change.day)


def _source(source: str) -> str:
    if not source.strip():
        raise SourceMissing
    return source


def days_off_stream() -> StreamName:
    """The one stream of the province's own days."""
    return StreamName("calendar", "", "calendar")
