"""Working days in Viet Nam: Monday to Friday, less public holidays, plus Saturdays worked in exchange."""

from dataclasses import dataclass
from datetime import date, timedelta

from domain.errors import Refused

SATURDAY = 5
ONE_DAY = timedelta(days=1)


class CalendarUnknown(Refused):
    """The holidays of `year` are not in the data, so days in it cannot be counted."""

    code = "calendar-unknown"


@dataclass(frozen=True, slots=True)
class Calendar:
    """The days off and the worked Saturdays of the years from `first` to `last`."""

    first: int
    last: int
    days_off: frozenset[date]
    worked_saturdays: frozenset[date] = frozenset()

    def is_working_day(self, day: date) -> bool:
        """Whether offices are open; raises CalendarUnknown outside the years known."""
        self._check(day)
        if day in self.worked_saturdays:
            return True
        return day.weekday() < SATURDAY and day not in self.days_off

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

    def before(self, day: date) -> date:
        """The last working day before a day."""
        day -= ONE_DAY
        while not self.is_working_day(day):
            day -= ONE_DAY
        return day

    def _check(self, day: date) -> None:
        if not self.first <= day.year <= self.last:
            raise CalendarUnknown(year=day.year)
