"""A correction of a season's rulebook, looked at before it is applied: what differs, what changes, what is asked."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from enum import StrEnum
from typing import NamedTuple

from domain.assessment import Stage
from domain.errors import NotFound, RulebookNotAdopted
from domain.official import COMMUNE_OFFICERS, Office
from domain.permissions import Act, permit
from domain.rulebook import Rulebook
from domain.rulebook_difference import Effect, difference
from domain.season import State
from domain.vietnamese import sort_key
from projections.analysis.correction_preview import CommunePreview, CorrectionPreview, preview
from projections.tables.adoptions import ADOPTIONS
from projections.tables.seasons import SEASONS, SeasonRow
from projections.tables.sheets import SHEETS
from projections.tables.standings import STANDINGS
from projections.tables.tallies import TALLIES
from projections.tables.units import UNITS, UnitRow
from services.i18n import Words
from services.rulebooks.in_words import change_lines
from services.season.calendar import calendar_seen
from services.season.correct import correct_rulebook, state_seen
from services.season.season_page import coordinating, offices
from services.web import urls
from services.web.handlers import act, page
from services.web.visit import PageResponse, Visit

#: Where a correction is looked at.
CORRECTION = urls.SEASON + "/ban-sua"


#: Stages at which the commune takes its sheet back to enter something.
BROUGHT_TOGETHER = (Stage.CONSOLIDATED, Stage.POSTED, Stage.AGREED, Stage.REPORTED)


#: Stages at which the appraiser gives it back.
WITH_THE_APPRAISER = (Stage.SUBMITTED, Stage.SUPPLEMENT)


class CommuneLine(NamedTuple):
    """A commune whose result changes."""

    name: str
    code: str
    before: str
    after: str
    because: tuple[str, ...]


class Asked(StrEnum):
    """What is asked: data again, a value again, or an indicator for the first time."""

    DATA = "data"
    VALUE = "value"
    NEW = "new"


class AskedLine(NamedTuple):
    """What has to be entered or proposed, by whom, in how many dossiers."""

    code: str
    name: str
    what: Asked
    by: str
    dossiers: int


@page(CORRECTION, heavy=True)
async def show(visit: Visit, season: str) -> PageResponse:
    """The preview and the form that applies the text which the province has adopted."""
    await visit.own_write(SEASONS, STANDINGS, SHEETS, TALLIES, ADOPTIONS)
    rulebooks = await visit.rulebooks()
    async with visit.reads() as view:
        row = await view.one(SEASONS, season)
        if row is None:
            raise NotFound(season=season)
        permit(visit.actor, Act.CORRECT_SEASON)
        adoption = next((one for one in await view.all(ADOPTIONS) if one.rulebook == row.rulebook), None)
        if adoption is None:
            raise RulebookNotAdopted(rulebook=row.rulebook)
        standings = await view.all(STANDINGS, season)
        sheets = {one.commune: one for one in await view.all(SHEETS, season)}
        units = {unit.code: unit for unit in await view.all(UNITS)}
        voted_on = {code for meeting in await view.all(TALLIES, season) for code in meeting.votes}
        calendar = await calendar_seen(view, visit.app.calendar)
    former, rulebook = rulebooks.find(row.rulebook_sha256), rulebooks.text(adoption.sha256)
    found = preview(standings, sheets, former, rulebook, calendar)
    versions = {
        one.standing.commune: (sheets[one.standing.commune].version, sheets[one.standing.commune].appraisal_version)
        for one in found.open
    }
    dossiers = versions or {code: (0, 0) for code in row.participants if code not in found.decided}
    return await visit.page(
        "season/correct.html",
        season=season,
        row=row,
        rulebook=rulebook,
        same=row.rulebook_sha256 == adoption.sha256,
        over=row.state in (State.CLOSED, State.CANCELLED),
        changes=change_lines(former, rulebook, visit.words) if former else [],
        readable=former is not None,
        measured_anew=former is not None and any(one.effect is Effect.DATA for one in difference(former, rulebook)),
        found=found,
        lines=_communes(found.changing, units),
        voted=_communes([one for one in found.open if one.anew and one.standing.commune in voted_on], units),
        back=[one for one in found.open if one.asks and one.standing.dossier in BROUGHT_TOGETHER],
        appraising=[one for one in found.open if one.asks and one.standing.dossier in WITH_THE_APPRAISER],
        asked=list(_asked(found, row, rulebook, visit.words)),
        new=[one for one in rulebook.indicators if one.code not in row.assignments],
        positions=offices(visit.words),
        seen=state_seen(adoption.sha256, row.version, dossiers, found.decided),
        sha256=adoption.sha256,
        position=view.position,
    )


@act(urls.SEASON + "/ap-dung-ban-sua", again=show)
async def apply(visit: Visit, season: str) -> PageResponse:
    """Apply what was previewed."""
    typed = visit.typed
    leads = [
        (name.removeprefix("lead."), Office(lead), coordinating(typed, name.removeprefix("lead."), lead))
        for name, lead in typed.items()
        if name.startswith("lead.") and lead in COMMUNE_OFFICERS
    ]
    result = await correct_rulebook(
        visit.work(),
        season,
        typed.needed("sha256"),
        typed.text("reason"),
        typed.needed("document_no"),
        leads,
        typed.text("seen"),
    )
    return await visit.done(result, to=visit.url.season(season))


# In words ---------------------------------------------------------------------------------------------


def _communes(changing: Sequence[CommunePreview], units: Mapping[str, UnitRow]) -> list[CommuneLine]:
    lines = [
        CommuneLine(
            units[one.standing.commune].full_name if one.standing.commune in units else one.standing.commune,
            one.standing.commune,
            one.before.result.value if one.before else "",
            one.after.result.value,
            one.correction.indicators,
        )
        for one in changing
    ]
    return sorted(lines, key=lambda one: sort_key(one.name))


def _asked(found: CorrectionPreview, row: SeasonRow, rulebook: Rulebook, words: Words) -> list[AskedLine]:
    def lead(indicator: str) -> str:
        assigned = row.assignments.get(indicator)
        return words.say(f"office.{assigned.lead}") if assigned else words.say("chưa giao")

    data = [
        AskedLine(one.part, rulebook.part(one.part).name, Asked.DATA, lead(one.indicator), count)
        for one, count in found.data_again.items()
    ]
    values = [
        AskedLine(code, rulebook.indicator(code).name, Asked.VALUE, lead(code), count)
        for code, count in found.values_again.items()
    ]
    new = [
        AskedLine(code, rulebook.indicator(code).name, Asked.NEW, lead(code), count)
        for code, count in found.added.items()
    ]
    return [*data, *values, *new]


ROUTES = [show, apply]
