"""The days that a fact may name, and periods that end before they begin.

A year typed with two digits, or with one digit too many, would stand in the log for ever. What is asked here is asked
of every fact that a command records (`services/work.py`), for the domain itself has no today: no aggregate can forget
it, and a fact with a new day is covered as soon as it is there. Facts recorded before are read as they stand.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime
from typing import Literal, TypeAlias

from domain.errors import DayOutOfRange, PeriodReversed
from domain.fact import Fact
from domain.text import fields_of

#: Nothing that the service records happened earlier; mandates that still run were given later.
FIRST_YEAR = 1990
#: Plans reach to the end of the fifth year after the next.
YEARS_AHEAD = 6
#: What a council is called to, or asked by, is planned to the end of the next year.
COUNCIL_YEARS_AHEAD = 1

#: What two days are of which one may not lie before the other. Each has words of its own, for the form where it is
#: typed may have a field for one of them only.
Order: TypeAlias = Literal[
    "day",
    "mandate",
    "unit",
    "season",
    "posting",
    "posted",
    "agreed",
    "listed",
    "supplement",
    "inquiry",
    "convened",
    "meeting",
    "vote",
    "council",
    "signed",
    "published",
    "revoked",
    "decided-again",
    "appealed",
    "corrected",
    "joined",
    "consultation",
    "papers",
    "papers-received",
    "deadline",
    "search",
]


def years(today: date) -> range:
    """The years in which a day may lie."""
    return range(FIRST_YEAR, today.year + YEARS_AHEAD + 1)


def must_be_possible(day: date, today: date, field: str, typed: str = "") -> None:
    """Raise DayOutOfRange for a day whose year cannot be meant; `typed` is how somebody wrote it."""
    possible = years(today)
    if day.year not in possible:
        raise DayOutOfRange(field=field, typed=typed or day.isoformat(), first=str(possible[0]), last=str(possible[-1]))


def must_be_planned_soon(day: date, today: date, field: str) -> None:
    """Raise DayOutOfRange for a council's day beyond the next year: dossiers would wait for it as long."""
    last = today.year + COUNCIL_YEARS_AHEAD
    if day.year > last:
        raise DayOutOfRange(field=field, typed=f"{day:%d/%m/%Y}", first=str(FIRST_YEAR), last=str(last))


def days_of(value: object, field: str = "") -> Iterator[tuple[str, date]]:
    """The days that a fact, or a value inside it, names, each with the name of its field. Moments are not among them:
    no person gives one.
    """
    if isinstance(value, date) and not isinstance(value, datetime):
        yield field, value
    elif isinstance(value, tuple):
        for item in value:
            yield from days_of(item, field)
    elif isinstance(value, Fact):
        for name, held in vars(value).items():
            yield from days_of(held, name)
    else:
        for name in fields_of(value):
            yield from days_of(getattr(value, name), name)


def must_name_possible_days(fact: Fact, today: date) -> None:
    """Raise DayOutOfRange when any day of the fact lies in a year that cannot be meant."""
    for field, day in days_of(fact):
        must_be_possible(day, today, field)


def must_not_end_early(begins: date | None, ends: date | None, field: str, reason: Order) -> None:
    """Raise PeriodReversed when a period ends before the day on which it begins; an open period never does.

    `reason` says what the two days are.
    """
    if begins is not None and ends is not None and ends < begins:
        raise PeriodReversed(reason=reason, field=field, begins=begins, ends=ends)
