"""The working days of a province: the public holidays that ship, with what the province changed by a document."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from uuid import UUID

from domain.days import must_be_possible, years
from domain.days_off import DaysOff, days_off_stream
from domain.errors import YearOutOfRange
from domain.permissions import Act
from domain.working_days import Calendar, CalendarUnknown, DayKind
from infra.readmodels.reading import View
from projections.tables.days_off import DAYS_OFF
from services.work import CommandResult, Work, use_case


async def calendar_of(work: Work) -> Calendar:
    """The working days by which a command counts."""
    own = await work.find(DaysOff, days_off_stream())
    return work.calendar.changed(own.days, own.years) if own else work.calendar


async def calendar_seen(view: View, shipped: Calendar) -> Calendar:
    """The working days as they stood at the moment of a page."""
    row = await view.one(DAYS_OFF, days_off_stream().subject)
    return row.applied(shipped) if row else shipped


def following_day_off(day: date, calendar: Calendar) -> date | None:
    """The next working day after a day off; None for a working day, and where the days off are not known."""
    try:
        following = calendar.on_or_after(day)
    except CalendarUnknown:
        return None
    return following if following != day else None


@use_case("propose_day_off", "day", "kind", "name", "source")
async def propose_day(work: Work, day: date, kind: DayKind, name: str, source: str) -> CommandResult:
    """Propose that a day is off, or worked in exchange. ReasonMissing, SourceMissing, DayOutOfRange."""
    work.require(Act.KEEP_CALENDAR)
    must_be_possible(day, work.today, "day")
    return await _propose(
        work, lambda own: own.propose_day(work.new_id("change"), day, kind, name, source, work.actor.person)
    )


@use_case("propose_year", "year", "source")
async def propose_year(work: Work, year: int, source: str) -> CommandResult:
    """Propose that all days off of a year are entered. SourceMissing, YearOutOfRange."""
    work.require(Act.KEEP_CALENDAR)
    possible = years(work.today)
    if year not in possible:
        raise YearOutOfRange(field="year", typed=str(year), first=str(possible[0]), last=str(possible[-1]))
    return await _propose(work, lambda own: own.propose_year(work.new_id("change"), year, source, work.actor.person))


@use_case("confirm_calendar_change", "change")
async def confirm_change(work: Work, change: UUID) -> CommandResult:
    """Let a change of the calendar count from now on. OwnProposal to who proposed it; ChangeSettled."""
    work.require(Act.CONFIRM_CALENDAR_CHANGE)
    return await work.change(DaysOff, days_off_stream(), lambda own: own.confirm(change, work.actor.person))


@use_case("decline_calendar_change", "change", "reason")
async def decline_change(work: Work, change: UUID, reason: str) -> CommandResult:
    """Do not let a change of the calendar count. ReasonMissing, ChangeSettled."""
    work.require(Act.KEEP_CALENDAR)
    return await work.change(DaysOff, days_off_stream(), lambda own: own.decline(change, reason))


async def _propose(work: Work, deed: Callable[[DaysOff], None]) -> CommandResult:
    name = days_off_stream()
    async with work.changing(name) as streams:
        own = streams.find(DaysOff, name) or streams.begin(name, DaysOff(id=work.id_of(name)))
        deed(own)
        return await streams.record()
