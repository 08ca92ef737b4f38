"""Working days in Viet Nam: Monday to Friday, less public holidays, plus Saturdays worked in exchange."""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from datetime import MAXYEAR, MINYEAR, date, timedelta
from enum import StrEnum

from domain.errors import Refused

SATURDAY = 5
ONE_DAY = timedelta(days=1)


class CalendarUnknown(Refused):
    """The holidays of `year` are not in the data, so days in it cannot be counted."""

    code = "calendar-unknown"


class DayKind(StrEnum):
    """What a day is when it is not what its day of the week says."""

    OFF = "off"
    WORKED = "worked"


class DayReading(StrEnum):
    """How a fixed last day that falls on a day off is read. Bộ luật Dân sự 2015, Điều 148 khoản 5 moves the end of a
    term to the next working day; whether it moves a day that a text names is for the province to say.
    """

    DAY_ITSELF = "day-itself"
    NEXT_WORKING_DAY = "next-working-day"


STRICTER = DayReading.DAY_ITSELF


@dataclass(frozen=True, slots=True)
class Calendar:
    """The days off and the worked Saturdays of the years from `first` to `last`, and of the `further` ones."""

    first: int
    last: int
    days_off: frozenset[date]
    worked_saturdays: frozenset[date] = frozenset()
    further: frozenset[int] = frozenset()

    def is_working_day(self, day: date) -> bool:
        """Whether offices are open; raises CalendarUnknown outside the years known."""
        self._check(day)
        if day in self.worked_saturdays:
            return True
        return day.weekday() < SATURDAY and day not in self.days_off

    def knows(self, year: int) -> bool:
        """Whether days of this year can be counted."""
        return self.first <= year <= self.last or year in self.further

    def changed(self, days: Mapping[date, DayKind], years: Collection[int]) -> Calendar:
        """The same with these days as a province says they are, and further years whose days off are all known."""
        off = {day for day, kind in days.items() if kind is DayKind.OFF}
        worked = days.keys() - off
        return replace(
            self,
            days_off=(self.days_off | off) - worked,
            worked_saturdays=(self.worked_saturdays - off) | {day for day in worked if day.weekday() >= SATURDAY},
            further=self.further | frozenset(years),
        )

    def after(self, start: date, days: int) -> date:
        """The last day of a term of so many working days.

        The day of the event is not counted (Bộ luật Dân sự 2015, Điều 147): ten working days from a
        signature on Monday end on the Monday two weeks later, when no holiday falls between.
        """
        self._check(start)
        day = start
        while days > 0:
            day += ONE_DAY
            if self.is_working_day(day):
                days -= 1
        return day

    def back(self, event: date, days: int) -> date:
        """The last day that lies at least so many working days before an event, whose own day is not counted."""
        day = event
        while days > 0:
            day -= ONE_DAY
            if self.is_working_day(day):
                days -= 1
        return day

    def on_or_after(self, day: date) -> date:
        """The day itself where offices are open, else the next working day."""
        while not self.is_working_day(day):
            day += ONE_DAY
        return day

    def readings(self, day: date) -> dict[DayReading, date]:
        """A last day by each of its readings; both are the same day when offices are open on it."""
        return {DayReading.DAY_ITSELF: day, DayReading.NEXT_WORKING_DAY: self.on_or_after(day)}

    def before(self, day: date) -> date:
        """The last working day before a day."""
        day -= ONE_DAY
        while not self.is_working_day(day):
            day -= ONE_DAY
        return day

    def _check(self, day: date) -> None:
        if not self.knows(day.year):
            raise CalendarUnknown(year=day.year)


def months_later(day: date, months: int) -> date:
    """The same day of the month so many months later, or earlier where negative; the last day of a month that has no
    such day (Bộ luật Dân sự 2015, Điều 148 khoản 3). Raises CalendarUnknown beyond the years that there are.
    """
    years, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    if not MINYEAR <= years <= MAXYEAR:
        raise CalendarUnknown(year=years)
    return day.replace(year=years, month=month + 1, day=min(day.day, monthrange(years, month + 1)[1]))
