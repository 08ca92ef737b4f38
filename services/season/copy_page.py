"""Last year's assignments and deadlines, looked at before they are taken over with one press."""

from __future__ import annotations

from datetime import date
from typing import NamedTuple

from domain.errors import NotFound
from domain.permissions import Act, permit
from domain.rulebook import Rulebook
from domain.season import Step
from domain.vietnamese import sort_key
from domain.working_days import Calendar
from projections.tables.seasons import SEASONS, SeasonRow
from projections.tables.units import UNITS, UnitRow
from services.i18n import Words
from services.season.calendar import calendar_seen, following_day_off
from services.season.copy_year import TakenOver, copy_year, earlier, ended_since, taken_over
from services.season.saved import saved_at
from services.web import urls
from services.web.handlers import act, page
from services.web.refusals import explain
from services.web.visit import PageResponse, Visit

COPY = urls.SEASON + "/chep"


class MovedLine(NamedTuple):
    """A deadline of the former season and the day that it is moved to; `fault` says why it is not copied.

    `over`: the day has gone by already, and is to be set anew before the season is opened. `unknown`: the days off of
    its year are not known.
    """

    name: str
    before: date
    after: date | None
    day_off: date | None
    fault: str
    over: bool
    unknown: bool


class AssignmentLine(NamedTuple):
    """An indicator with those who lead and coordinate."""

    code: str
    name: str
    lead: str
    coordinating: tuple[str, ...]


class EndedLine(NamedTuple):
    """A commune that is there no more, and what it went into."""

    unit: UnitRow
    into: tuple[UnitRow, ...]


@page(COPY)
async def show(visit: Visit, season: str) -> PageResponse:
    """What would be taken over, what would not, and the form that does it."""
    await visit.own_write(SEASONS)
    async with visit.reads() as view:
        rows = await view.all(SEASONS)
        units = {unit.code: unit for unit in await view.all(UNITS)}
        calendar = await calendar_seen(view, visit.app.calendar)
    row = next((one for one in rows if one.season == season), None)
    if row is None:
        raise NotFound(season=season)
    permit(visit.actor, Act.ASSIGN_INDICATOR)
    permit(visit.actor, Act.SET_DEADLINE)
    former = earlier(rows, row)
    if former is None:
        return await visit.page("season/copy.html", season=season, row=row, former=None, position=view.position)
    rulebooks = await visit.rulebooks()
    text_before, rulebook = rulebooks.find(former.rulebook_sha256), rulebooks.text(row.rulebook_sha256)
    found = taken_over(former, row, text_before, rulebook, calendar, keeps_terms=not row.is_practice)
    return await visit.page(
        "season/copy.html",
        season=season,
        row=row,
        former=former,
        found=found,
        deadlines=moved_lines(former, found, calendar, visit.words, visit.today),
        assignments=assignment_lines(found, rulebook, visit.words),
        left_out=[(code, _name(code, text_before)) for code in found.left_out],
        without_lead=[(code, _name(code, rulebook)) for code in row.unassigned if code not in found.assignments],
        ended=sorted(
            (
                EndedLine(one, tuple(units[code] for code in one.merged_into if code in units))
                for one in ended_since(former, units, visit.today)
            ),
            key=lambda line: sort_key(line.unit.bare_name),
        ),
        seen=row.version + former.version,
        position=view.position,
    )


@act(COPY, again=show)
async def copy(visit: Visit, season: str) -> PageResponse:
    """Take over what was shown."""
    typed = visit.typed
    result = await copy_year(
        visit.work(), season, typed.needed("former"), typed.needed("document_no"), typed.whole("seen") or 0
    )
    return await visit.done(result, to=saved_at(visit, season, "chep"))


def moved_lines(former: SeasonRow, found: TakenOver, calendar: Calendar, words: Words, today: date) -> list[MovedLine]:
    """Each deadline of the former season, with what becomes of it."""
    lines = []
    for step in (step for step in Step if step in former.deadlines):
        refused, after = found.refused.get(step), found.deadlines.get(step)
        fault = explain(refused, words).sentence if refused else ""
        if step in found.set_already:
            fault = words.say("năm này đã có hạn, giữ nguyên")
        following = following_day_off(after, calendar) if after else None
        over = after is not None and after < today
        name = words.say(f"step-name.{step}")
        unknown = after is not None and not calendar.knows(after.year)
        lines.append(MovedLine(name, former.deadlines[step].on, after, following, fault, over, unknown))
    return lines


def assignment_lines(found: TakenOver, rulebook: Rulebook, words: Words) -> list[AssignmentLine]:
    """Who leads and coordinates, in the order of the text."""
    return [
        AssignmentLine(
            one.code,
            one.name,
            words.say(f"office.{found.assignments[one.code].lead}"),
            tuple(words.say(f"office.{other}") for other in found.assignments[one.code].coordinating),
        )
        for one in rulebook.indicators
        if one.code in found.assignments
    ]


def _name(code: str, rulebook: Rulebook | None) -> str:
    return rulebook.indicator(code).name if rulebook is not None and code in rulebook.by_code else ""


ROUTES = [show, copy]
