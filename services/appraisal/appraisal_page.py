"""The appraiser: what waits, and one dossier indicator by indicator until its conclusion."""

from datetime import date
from decimal import Decimal
from typing import NamedTuple
from uuid import UUID

from domain.appraisal import Proposal
from domain.assessment import Stage
from domain.errors import NotANumber, NotFound, UnknownEvidence
from domain.judging import Value
from domain.measure import Outcome
from domain.permissions import Act, Subject, may, permit
from domain.rulebook import Indicator, Model, Rulebook
from domain.working_days import CalendarUnknown
from projections.lists.appraisal_queue import QueuedDossier, Waiting, queue, waiting
from projections.tables.seasons import SEASONS
from projections.tables.standings import STANDINGS, Basis, Cell, counted
from projections.tables.units import UNITS, UnitRow
from services.appraisal import appraise as appraising
from services.assessment.dossier_page import editor_of
from services.assessment.dossier_view import Case, asked_of, gates, open_case, satisfaction, sheet_view
from services.assessment.history_view import history_of, people_of
from services.case.verdicts import judged
from services.web import urls
from services.web.form_fields import FieldMissing, Typed
from services.web.handlers import act, page
from services.web.visit import PageResponse, Visit

#: Working days that a commune gets to supplement (TT 07/2017/TT-BTP), where the rulebook names no other term.
SUPPLEMENT_DAYS = 5


#: Stages in which the appraiser gives values.
WORKABLE = (Stage.SUBMITTED, Stage.SUPPLEMENT)


class Queued(NamedTuple):
    """A dossier in the queue with its commune."""

    commune: UnitRow
    dossier: QueuedDossier

    @property
    def share(self) -> int:
        """How much of it is appraised, in whole percent."""
        return self.dossier.how_many(Waiting.APPRAISED) * 100 // max(len(self.dossier.indicators), 1)


class Elsewhere(NamedTuple):
    """One indicator of another dossier."""

    commune: UnitRow
    cell: Cell
    waiting: Waiting


# The queue --------------------------------------------------------------------------------------------


@page(urls.APPRAISALS)
async def index(visit: Visit, season: str) -> PageResponse:
    """The dossiers that wait for the person's unit; `?chi-tieu=` compares one indicator over all of them."""
    await visit.own_write(SEASONS, STANDINGS)
    async with visit.reads() as view:
        row = await view.one(SEASONS, season)
        standings = counted(await view.all(STANDINGS, season))
        units = {unit.code: unit for unit in await view.all(UNITS)}
    if row is None:
        raise NotFound(season=season)
    rulebook = (await visit.rulebooks()).text(row.rulebook_sha256)
    own = [unit for unit in row.deciding_units if may(visit.actor, Act.CONCLUDE_APPRAISAL, Subject(decided_by=unit))]
    if not own:
        permit(visit.actor, Act.CONCLUDE_APPRAISAL)
    unit = visit.query("don-vi") or own[0]
    if unit not in own:
        raise NotFound(unit=unit)
    code = visit.query("chi-tieu")
    queued = [Queued(units[one.standing.commune], one) for one in queue(standings, row, unit)]
    under = [standing for standing in standings if standing.decided_by == unit]
    return await visit.page(
        "appraisal/index.html",
        season=season,
        row=row,
        rulebook=rulebook,
        units=[units[one] for one in own],
        unit=units[unit],
        queued=queued,
        Waiting=Waiting,
        indicators=[(one, sum(one.code in q.dossier.awaiting for q in queued)) for one in rulebook.indicators],
        indicator=rulebook.indicator(code) if code else None,
        compared=_compared(queued, code) if code else [],
        concluded=[(units[one.commune], one) for one in under if one.proposal is not None],
        at_commune=[(units[one.commune], one) for one in under if one.submitted_on is None],
        today=visit.today,
        position=view.position,
    )


def _compared(queued: list[Queued], code: str) -> list[Elsewhere]:
    """The same indicator in every dossier of the queue."""
    cells = [(one.commune, one.dossier.standing.cells.get(code)) for one in queued]
    return [Elsewhere(commune, cell, waiting(cell)) for commune, cell in cells if cell is not None]


# One dossier ------------------------------------------------------------------------------------------


@page(urls.APPRAISAL)
async def show(visit: Visit, season: str, commune: str) -> PageResponse:
    """One dossier: the first indicator that waits, or the one asked for; then the conclusion."""
    case = await open_case(visit, season, commune)
    permit(visit.actor, Act.CONCLUDE_APPRAISAL, case.subject())
    sheet = sheet_view(case)
    cells = {code: case.standing.cells.get(code, Cell()) for code in case.rulebook.by_code}
    states = {code: waiting(cell) for code, cell in cells.items()}
    code = visit.query("chi-tieu") or visit.typed.text("chi-tieu") or next_waiting(states) or ""
    indicator = case.rulebook.by_code.get(code)
    if code and indicator is None:
        raise NotFound(indicator=code)
    verdict = judged(case.standing, case.rulebook, Basis.APPRAISED)
    told = history_of(case, code or None)
    return await visit.page(
        "appraisal/dossier.html",
        season=season,
        case=case,
        sheet=sheet,
        gates=gates(case),
        satisfaction=satisfaction(case.sheet),
        states=states,
        asked=[(one, why) for one, why in asked_of(case) if states[one] is not Waiting.AT_THE_COMMUNE],
        left=sum(state in (Waiting.NEW, Waiting.CHANGED) for state in states.values()),
        changed=sum(state is Waiting.CHANGED for state in states.values()),
        plain=[one.code for one in case.rulebook.indicators if raises_no_question(case, one)],
        editor=editor_of(visit, case, sheet, indicator) if indicator else None,
        own_work=bool(indicator) and not visit.may(Act.APPRAISE, case.subject(code)) and visit.past is None,
        following=next_waiting(states, code),
        appraised=verdict,
        computed=appraising.proposal_of(verdict.verdict),
        workable=case.sheet.stage in WORKABLE and case.sheet.proposal is None and visit.past is None,
        history=told,
        enters_data=False,
        people=await people_of(visit, told),
        subject=case.subject(),
        due=supplement_due(visit, case),
        today=visit.today,
        position=case.position,
        problems={},
    )


def next_waiting(states: dict[str, Waiting], code: str = "") -> str | None:
    """The indicator to look at next, after this one, around the sheet."""
    codes = list(states)
    at = codes.index(code) + 1 if code in codes else 0
    waits = (Waiting.NEW, Waiting.CHANGED)
    return next((one for one in codes[at:] + codes[:at] if states[one] in waits and one != code), None)


def raises_no_question(case: Case, indicator: Indicator) -> bool:
    """Whether agreeing to all takes this indicator along: the rule's own value, with a file, not looked at yet."""
    entry = case.sheet.entries.get(indicator.code)
    if entry is None or entry.appraised is not None or entry.returned is not None or not entry.evidence:
        return False
    assessed = case.assessed(indicator)
    return assessed.complete and assessed.value is not None and entry.value == assessed.value


def supplement_due(visit: Visit, case: Case) -> date | None:
    """The last day to supplement when an indicator is returned today."""
    term = case.rulebook.term("supplemented")
    try:
        ends = term.ends_after(visit.today, case.calendar) if term else None
        return ends or case.calendar.after(visit.today, SUPPLEMENT_DAYS)
    except CalendarUnknown:
        return None


# Acts -------------------------------------------------------------------------------------------------


@act(urls.APPRAISAL + "/mo-minh-chung", again=show)
async def open_evidence(visit: Visit, season: str, commune: str) -> PageResponse:
    """Record that the file was opened, then hand it out."""
    evidence = visit.typed.identifier("evidence")
    if evidence is None:
        raise UnknownEvidence(evidence=visit.typed.text("evidence"))
    code = visit.typed.needed("chi-tieu")
    result = await appraising.open_evidence(visit.work(), season, commune, code, evidence)
    return await visit.done(result, to=_file(visit, season, commune, evidence))


@act(urls.APPRAISAL + "/dong-y", again=show)
async def agree(visit: Visit, season: str, commune: str) -> PageResponse:
    """Agree to the commune's value and go on to the next indicator."""
    case = await open_case(visit, season, commune)
    code = visit.typed.needed("chi-tieu")
    entry = case.sheet.entries.get(code)
    if entry is None or entry.value is None:
        raise NotFound(indicator=code)
    result = await appraising.appraise_indicator(
        visit.work(),
        season,
        commune,
        code,
        entry.value,
        seen=visit.version,
        appraisal_seen=visit.version_of("appraisal"),
    )
    return await visit.done(result, to=_onward(visit, case, code))


@act(urls.APPRAISAL + "/cham", again=show)
async def appraise(visit: Visit, season: str, commune: str) -> PageResponse:
    """Give another value than the commune's, with the reason, and go on."""
    case = await open_case(visit, season, commune)
    code = visit.typed.needed("chi-tieu")
    value = read_value(visit.typed, case.rulebook)
    result = await appraising.appraise_indicator(
        visit.work(),
        season,
        commune,
        code,
        value,
        visit.typed.text("reason") or None,
        seen=visit.version,
        appraisal_seen=visit.version_of("appraisal"),
    )
    return await visit.done(result, to=_onward(visit, case, code))


@act(urls.APPRAISAL + "/dong-y-het", again=show)
async def agree_all(visit: Visit, season: str, commune: str) -> PageResponse:
    """Agree to everything that raises no question."""
    result = await appraising.agree_all_unchanged(visit.work(), season, commune, seen=visit.version)
    return await visit.done(result, to=visit.url.appraisal(season, commune))


@act(urls.APPRAISAL + "/tra-lai", again=show)
async def give_back(visit: Visit, season: str, commune: str) -> PageResponse:
    """Return an indicator to the commune, with what is missing and until when."""
    case = await open_case(visit, season, commune)
    typed = visit.typed
    code = typed.needed("chi-tieu")
    typed.needed("due")
    due = typed.day("due") or visit.today
    result = await appraising.return_indicator(
        visit.work(), season, commune, code, typed.text("reason"), due, seen=visit.version
    )
    return await visit.done(result, to=_onward(visit, case, code))


@act(urls.APPRAISAL + "/ket-luan", again=show)
async def conclude(visit: Visit, season: str, commune: str) -> PageResponse:
    """Propose a result to the council and the chairman."""
    typed = visit.typed
    said = typed.needed("proposal")
    if said not in set(Proposal):
        raise FieldMissing(field="proposal")
    result = await appraising.conclude(
        visit.work(),
        season,
        commune,
        Proposal(said),
        typed.text("reason") or None,
        typed.day_gone("on"),
        basis=typed.text("basis") or None,
    )
    return await visit.done(result, to=visit.url.appraisal(season, commune))


@act(urls.APPRAISAL + "/tham-dinh-lai", again=show)
async def resume(visit: Visit, season: str, commune: str) -> PageResponse:
    """Take a concluded appraisal up again."""
    result = await appraising.resume(visit.work(), season, commune, visit.typed.text("reason"))
    return await visit.done(result, to=visit.url.appraisal(season, commune))


def read_value(typed: Typed, rulebook: Rulebook) -> Value:
    """The appraised value as typed."""
    said = typed.needed("value")
    if rulebook.model is Model.LEVELS:
        if said not in (Outcome.MET, Outcome.NOT_MET):
            raise FieldMissing(field="value")
        return Outcome(said)
    points = typed.decimal("value")
    if not isinstance(points, Decimal):
        raise NotANumber(field="value", typed=said)
    return points


def _onward(visit: Visit, case: Case, code: str) -> str:
    """The next indicator that waits, else the conclusion."""
    states = {one: waiting(case.standing.cells.get(one, Cell())) for one in case.season.indicators}
    return visit.url.appraisal(case.sheet.season, case.sheet.commune, indicator=next_waiting(states, code))


def _file(visit: Visit, season: str, commune: str, evidence: UUID) -> str:
    return f"{visit.url.now().dossier(season, commune)}/minh-chung/{evidence}"


ROUTES = [index, show, open_evidence, agree, appraise, agree_all, give_back, conclude, resume]
