"""The working days of the province: public holidays with their sources, and what the province changes by a document."""

from __future__ import annotations

from collections.abc import Collection
from datetime import date, timedelta
from typing import NamedTuple
from uuid import UUID

from domain.days import years
from domain.days_off import Holiday, days_off_stream
from domain.errors import ChangeSettled
from domain.official import Office
from domain.permissions import Act, permit, positions_for
from domain.working_days import Calendar, DayKind
from infra.reference.holidays import load_holidays
from projections.tables.days_off import DAYS_OFF, ChangeRow, DaysOffRow
from projections.tables.officials import OFFICIALS, OfficialRow
from services.rulebooks.second_person import Signer, signers
from services.season import calendar as keeping
from services.web import urls
from services.web.form_fields import FieldMissing
from services.web.handlers import act, page
from services.web.visit import PageResponse, Visit


class ShippedDays(NamedTuple):
    """Days that ship; `overruled` where the province says otherwise of some of them."""

    holiday: Holiday
    overruled: bool


class ChangeLine(NamedTuple):
    """A change of the province with the names of who proposed and who settled it; `others` may confirm it today."""

    id: str
    change: ChangeRow
    by: str
    settled_by: str
    own: bool
    others: tuple[Signer, ...]


@page(urls.DAYS_OFF)
async def show(visit: Visit) -> PageResponse:
    """The days of one year, `?nam=`, today's if not given."""
    permit(visit.actor, Act.KEEP_CALENDAR)
    await visit.own_write(DAYS_OFF)
    async with visit.reads() as view:
        row = await view.one(DAYS_OFF, days_off_stream().subject) or DaysOffRow()
        officials = await view.all(OFFICIALS)
        position = view.position
    asked = visit.query("nam") or visit.typed.text("nam")
    year = int(asked) if asked.isascii() and asked.isdecimal() and len(asked) == len("2026") else visit.today.year
    calendar = row.applied(visit.app.calendar)
    lines = lines_of(row, year, officials, visit.actor.person, visit.today)
    return await visit.page(
        "calendar/index.html",
        year=year,
        years=known_years(row, calendar, visit.today),
        known=calendar.knows(year),
        shipped=shipped_in(year, row),
        waiting=[one for one in lines if one.change.settled_at is None],
        settled=[one for one in lines if one.change.settled_at is not None],
        kinds=list(DayKind),
        confirming=[one for one in Office if one in positions_for(Act.CONFIRM_CALENDAR_CHANGE)],
        position=position,
    )


def known_years(row: DaysOffRow, calendar: Calendar, today: date) -> list[int]:
    """The years to choose from: those known, those that somebody entered something for, and the next one missing."""
    possible = [year for year in years(today) if calendar.knows(year)]
    entered = [change.year for change in row.changes.values()]
    return sorted({*possible, *entered, (possible[-1] if possible else today.year) + 1}, reverse=True)


def shipped_in(year: int, row: DaysOffRow) -> list[ShippedDays]:
    """What ships for the year, in the order of the days."""
    own = {change.day: change.kind for change in map(row.changes.__getitem__, row.confirmed) if change.day}
    return [
        ShippedDays(one, any(day in own and own[day] is not one.kind for day in days_of(one)))
        for one in load_holidays()
        if year in (one.first.year, one.last.year)
    ]


def days_of(holiday: Holiday) -> list[date]:
    """Every day of it."""
    return [holiday.first + timedelta(days=n) for n in range((holiday.last - holiday.first).days + 1)]


def lines_of(
    row: DaysOffRow, year: int, officials: Collection[OfficialRow], person: str, today: date
) -> list[ChangeLine]:
    """The province's changes of the year, the latest first."""
    names = {one.person: one.name for one in officials}

    def others(change: ChangeRow) -> tuple[Signer, ...]:
        if change.settled_at is not None:
            return ()
        return tuple(signers(officials, [change.by], today, Act.CONFIRM_CALENDAR_CHANGE))

    return [
        ChangeLine(key, one, names.get(one.by, ""), names.get(one.settled_by, ""), one.by == person, others(one))
        for key, one in reversed(row.changes.items())
        if one.year == year
    ]


# Acts -------------------------------------------------------------------------------------------------


@act(urls.DAYS_OFF + "/de-xuat", again=show)
async def propose_day(visit: Visit) -> PageResponse:
    """Propose that a day is off or worked."""
    typed = visit.typed
    day = typed.day("day")
    if day is None:
        raise FieldMissing(field="day")
    try:
        kind = DayKind(typed.needed("kind"))
    except ValueError:
        raise FieldMissing(field="kind") from None
    result = await keeping.propose_day(visit.work(), day, kind, typed.needed("name"), typed.needed("source"))
    return await visit.done(result, to=visit.url.days_off(nam=day.year) + "#cho-xac-nhan")


@act(urls.DAYS_OFF + "/du-nam", again=show)
async def propose_year(visit: Visit) -> PageResponse:
    """Propose that the days off of a year are all entered."""
    visit.typed.needed("nam")
    year = visit.typed.whole("nam") or 0
    result = await keeping.propose_year(visit.work(), year, visit.typed.needed("source"))
    return await visit.done(result, to=visit.url.days_off(nam=year) + "#cho-xac-nhan")


@act(urls.DAYS_OFF + "/xac-nhan", again=show)
async def confirm(visit: Visit) -> PageResponse:
    """Let a change count that somebody else proposed."""
    result = await keeping.confirm_change(visit.work(), change_named(visit))
    return await visit.done(result, to=visit.url.days_off(nam=visit.typed.text("nam") or None))


@act(urls.DAYS_OFF + "/khong-xac-nhan", again=show)
async def decline(visit: Visit) -> PageResponse:
    """Do not let a change count, or take one's own back."""
    result = await keeping.decline_change(visit.work(), change_named(visit), visit.typed.needed("reason"))
    return await visit.done(result, to=visit.url.days_off(nam=visit.typed.text("nam") or None))


def change_named(visit: Visit) -> UUID:
    """The change that the form is about."""
    change = visit.typed.identifier("change")
    if change is None:
        raise ChangeSettled(change=visit.typed.text("change"))
    return change


ROUTES = [show, propose_day, propose_year, confirm, decline]
