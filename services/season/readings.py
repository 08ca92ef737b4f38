"""Last days that fall on a day off, with both readings of them; the province chooses one by a document."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import NamedTuple

from domain.deadlines import TERMS_OF
from domain.errors import NoReadingAsked
from domain.permissions import Act
from domain.rulebook import Rulebook
from domain.season import ChosenReading, Season, Step, season_stream
from domain.working_days import Calendar, CalendarUnknown, DayReading
from projections.tables.seasons import SeasonRow
from services.season.calendar import calendar_of
from services.season.organise import with_rulebook
from services.work import CommandResult, Work, use_case


class AskedReading(NamedTuple):
    """A last day on a day off, by each reading; `chosen` is None while the province has not chosen.

    `late` is the deadline that the province set, where it is later than the stricter reading and none was chosen.
    """

    step: Step
    day: date
    readings: Mapping[DayReading, date]
    chosen: ChosenReading | None
    late: date | None


def asked_readings(season: Season | SeasonRow, rulebook: Rulebook, calendar: Calendar) -> list[AskedReading]:
    """Every last day of the season, its own or the rulebook's, that falls on a day off; none of unknown years."""
    found = []
    for step in Step:
        deadline = season.deadlines.get(step)
        term = rulebook.term(*TERMS_OF[step])
        by_law = term.last_day(season.year) if term else None
        for day in dict.fromkeys((by_law, deadline.on if deadline else None)):
            readings = _readings(day, calendar) if day else None
            if day is None or readings is None or len(set(readings.values())) == 1:
                continue
            held = season.readings.get(step)
            chosen = held if held and held.day == day else None
            late = deadline.on if deadline and day == by_law and chosen is None and deadline.on > day else None
            found.append(AskedReading(step, day, readings, chosen, late))
            break
    return found


def unknown_years(season: SeasonRow, rulebook: Rulebook, calendar: Calendar) -> list[int]:
    """The years of last days whose days off are not known."""
    terms = [rulebook.term(*TERMS_OF[step]) for step in Step]
    by_law = [term.last_day(season.year) for term in terms if term]
    own = [deadline.on for deadline in season.deadlines.values()]
    return sorted({day.year for day in (*by_law, *own) if day and not calendar.knows(day.year)})


@use_case("choose_reading", "season", "step", "day", "reading", "basis")
async def choose_reading(
    work: Work, season: str, step: Step, day: date, reading: DayReading, basis: str
) -> CommandResult:
    """Say how the last day of a step is read that falls on a day off. NoReadingAsked, ReasonMissing."""
    work.require(Act.SET_DEADLINE)
    planned, rulebook = await with_rulebook(work, season)
    asked = asked_readings(planned, rulebook, await calendar_of(work))
    on = next((one.readings[reading] for one in asked if (one.step, one.day) == (step, day)), None)
    if on is None:
        raise NoReadingAsked(step=step)
    return await work.change(
        Season, season_stream(season), lambda one: one.choose_reading(step, day, reading, on, basis)
    )


def _readings(day: date, calendar: Calendar) -> dict[DayReading, date] | None:
    try:
        return calendar.readings(day)
    except CalendarUnknown:
        return None
