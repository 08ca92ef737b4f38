"""The province's own working days: what is confirmed, what waits for a second look, and what was declined."""

from __future__ import annotations

from datetime import date, datetime
from uuid import UUID

from msgspec.structs import replace

from domain.days_off import DaysOff
from domain.fact import Recorded
from domain.working_days import Calendar, DayKind
from projections.fold import Projection, Row, RowPart, everything_together


class ChangeRow(RowPart, frozen=True):
    """One change, the day None where it says that the year's days off are all entered.

    `settled_at` is the position of the log at which it was confirmed or declined, None while it waits.
    """

    year: int
    day: date | None
    kind: DayKind | None
    name: str
    source: str
    by: str
    at: datetime
    settled_at: int | None = None
    settled_by: str = ""
    declined: str = ""


class DaysOffRow(Row, frozen=True):
    """The changes by their id, in the order in which they were proposed; `confirmed` in that of their confirming."""

    changes: dict[str, ChangeRow] = {}
    confirmed: tuple[str, ...] = ()

    def applied(self, calendar: Calendar, upto: int | None = None) -> Calendar:
        """The calendar with what was confirmed up to a position of the log; None for all of it."""
        counted = [
            change
            for change in map(self.changes.__getitem__, self.confirmed)
            if upto is None or (change.settled_at or 0) <= upto
        ]
        days = {one.day: one.kind for one in counted if one.day is not None and one.kind is not None}
        return calendar.changed(days, [one.year for one in counted if one.day is None])


DAYS_OFF = Projection("days_off", version=1, row=DaysOffRow, scope=everything_together, seasonal=False)


@DAYS_OFF.begins(DaysOff.Begun)
def _begun(fact: DaysOff.Begun, recorded: Recorded) -> DaysOffRow:
    return DaysOffRow()


@DAYS_OFF.on(DaysOff.DayProposed)
def _day_proposed(row: DaysOffRow, fact: DaysOff.DayProposed, recorded: Recorded) -> DaysOffRow:
    change = ChangeRow(fact.day.year, fact.day, fact.kind, fact.name, fact.source, fact.by, recorded.at)
    return replace(row, changes={**row.changes, str(fact.change): change})


@DAYS_OFF.on(DaysOff.YearProposed)
def _year_proposed(row: DaysOffRow, fact: DaysOff.YearProposed, recorded: Recorded) -> DaysOffRow:
    change = ChangeRow(fact.year, None, None, "", fact.source, fact.by, recorded.at)
    return replace(row, changes={**row.changes, str(fact.change): change})


@DAYS_OFF.on(DaysOff.ChangeConfirmed)
def _confirmed(row: DaysOffRow, fact: DaysOff.ChangeConfirmed, recorded: Recorded) -> DaysOffRow:
    row = _settled(row, fact.change, recorded)
    return replace(row, confirmed=(*row.confirmed, str(fact.change))) if str(fact.change) in row.changes else row


@DAYS_OFF.on(DaysOff.ChangeDeclined)
def _declined(row: DaysOffRow, fact: DaysOff.ChangeDeclined, recorded: Recorded) -> DaysOffRow:
    return _settled(row, fact.change, recorded, fact.reason)


def _settled(row: DaysOffRow, change: UUID, recorded: Recorded, declined: str = "") -> DaysOffRow:
    known = row.changes.get(str(change))
    if known is None:
        return row
    settled = replace(known, settled_at=recorded.position, settled_by=recorded.actor, declined=declined)
    return replace(row, changes={**row.changes, str(change): settled})
