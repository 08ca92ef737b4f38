"""A commune's dossier: the sheet, one indicator to work on, the conditions, and the steps up to submission."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

from domain.assessment import Assessment, Stage
from domain.commune_steps import Treatment
from domain.errors import AssessmentLocked, NotANumber, NotFound, SanctionMissing
from domain.fact import Recorded
from domain.judging import Assessed, assess
from domain.measure import Answer as Said
from domain.measure import Kind, Outcome
from domain.permissions import Act, positions_for
from domain.rulebook import Indicator, Model, Provenance, Rulebook
from domain.sanction import Form, Post
from domain.vietnamese import sort_key
from domain.working_days import CalendarUnknown
from infra.log.group_commit import CommandResult
from projections.lists.corrected import why_asked
from projections.tables.sheets import EntryRow
from projections.tables.standings import Cell
from projections.tables.units import UNITS, UnitRow
from services.assessment import assess as assessing
from services.assessment import measure_fields
from services.assessment.dossier_view import (
    Case,
    SheetView,
    asked_of,
    days_left,
    gates,
    next_stage_due,
    open_case,
    read_measured,
    satisfaction,
    sheet_view,
    steps_view,
)
from services.assessment.history_view import history_of, people_of
from services.assessment.measure_fields import FormInvalid, Problem, problem_of
from services.assessment.personal_view import comments_said
from services.web import urls
from services.web.form_fields import FieldMissing, Typed
from services.web.handlers import act, page
from services.web.visit import PageResponse, Visit

#: What the commune saves of an indicator.
SAVED = (
    Assessment.IndicatorMeasured,
    Assessment.IndicatorScored,
    Assessment.EvidenceAttached,
    Assessment.EvidenceReused,
    Assessment.EvidenceWithdrawn,
    Assessment.Explained,
)

#: Comments that the page lists; the acts can concern all of them.
SHOWN_COMMENTS = 50


@page(urls.DOSSIER)
async def show(visit: Visit, season: str, commune: str) -> PageResponse:
    """The whole dossier; `?chi-tieu=` opens one indicator, without it the steps stand in the middle."""
    case = await open_case(visit, season, commune)
    return await visit.page("dossier/index.html", season=season, **await view_of(visit, case))


async def view_of(visit: Visit, case: Case) -> dict[str, Any]:
    """What the dossier's templates show."""
    sheet = sheet_view(case, visit.actor)
    code = visit.query("chi-tieu") or visit.typed.text("chi-tieu")
    indicator = case.rulebook.by_code.get(code)
    if code and indicator is None:
        raise NotFound(indicator=code)
    due = next_stage_due(case)
    told = history_of(case, code or None)
    return {
        "case": case,
        "sheet": sheet,
        "gates": gates(case),
        "satisfaction": satisfaction(case.sheet),
        "sanctioned_as": list(Post),
        "sanction_forms": list(Form),
        "places": await _places(visit, case) if visit.may(Act.DECLARE_SANCTION, case.subject()) else [],
        "due": due,
        "days_left": days_left(due[1], visit.today) if due else None,
        "editor": editor_of(visit, case, sheet, indicator) if indicator else None,
        "saved": _saved(visit, case),
        "enters_data": _enters_data(visit, case),
        "comments": {} if indicator else await comments_said(visit, case),
        "history": told,
        "people": await people_of(visit, told),
        "subject": case.subject(),
        "today": visit.today,
        "position": case.position,
        "shown_comments": SHOWN_COMMENTS,
        "asked": asked_of(case),
        "posting_ends": _posting_ends(visit, case),
        "has_posting_term": case.rulebook.term("posted") is not None,
        "posting_days": assessing.POSTING_DAYS,
        "sent_from": case.sheet.posted_until and case.sheet.posted_until + timedelta(days=1),
        **steps_view(case, sheet.judged.verdict.result),
        "problems": {one.field: one.said(visit.words) for one in _problems(visit)},
    }


def editor_of(visit: Visit, case: Case, sheet: SheetView, indicator: Indicator) -> dict[str, Any]:
    """One indicator: its parts as a form, what the rule gives, the value, the evidence."""
    entry = case.sheet.entries.get(indicator.code)
    subject = case.subject(indicator.code)
    typed = _numbers(visit)
    seen = None if visit.refusal and visit.refusal.code == "stale" else typed and visit.version
    editable = case.sheet.may_edit(indicator.code) and case.runs
    held = entry.measures if entry else {}
    cell = case.standing.cells.get(indicator.code)
    again = cell.again if cell else None
    elsewhere = [
        (code, file)
        for code, other in case.sheet.entries.items()
        if code != indicator.code
        for file in other.evidence
        if file.reused_from is None and file.sha256 not in {own.sha256 for own in (entry.evidence if entry else ())}
    ]
    return {
        "indicator": indicator,
        "line": sheet.line(indicator.code),
        "entry": entry,
        "again": again,
        "correction": why_asked(indicator.code, cell or Cell(), case.season),
        "version": case.sheet.version if seen is None else seen,
        "unsaved": typed is not None and visit.refusal is None,
        "keeps_typed": typed is not None,
        "saved_at": last_saved(case.facts, indicator.code),
        "parts": measure_fields.forms_of(indicator, held, visit.words, typed),
        "assigned": case.season.assignments.get(indicator.code),
        "subject": subject,
        "may_score": editable and visit.may(Act.SCORE, subject),
        "may_measure": editable and visit.may(Act.MEASURE, subject),
        "may_attach": editable and visit.may(Act.ATTACH_EVIDENCE, subject),
        "may_explain": editable and visit.may(Act.EXPLAIN, subject),
        "assessed": case.assessed(indicator),
        "by_judgement": all(part.measure.kind is Kind.POINTS for part in indicator.parts),
        "proposed": _proposed(visit, entry, typed),
        "reason": _reason(entry, typed),
        "findings": [one for one in sheet.findings if indicator.code in (_of(one.part), _of(one.other_part))],
        "elsewhere": elsewhere,
        "used_in": _used_in(case),
        "following": sheet.after(indicator.code),
        "unverified": not is_sourced(indicator, case.rulebook),
    }


# One indicator ----------------------------------------------------------------------------------------


@act(urls.DOSSIER + "/cham-diem", again=show)
async def score(visit: Visit, season: str, commune: str) -> PageResponse:
    """Record measured data and propose the value; who only coordinates records the data."""
    case = await open_case(visit, season, commune)
    indicator = case.rulebook.indicator(visit.typed.needed("chi-tieu"))
    entry = case.sheet.entries.get(indicator.code)
    measures, problems = measure_fields.read_measures(indicator, visit.typed, entry.measures if entry else {})
    if not visit.may(Act.SCORE, case.subject(indicator.code)):
        if not measures and not problems:  # nothing would be recorded, and the page would say that it was
            problems.append(Problem(f"{indicator.parts[0].code}.nothing", "nothing-typed", {}))
        _refuse(problems, case, indicator)
        result = await assessing.measure_indicator(
            visit.work(), season, commune, indicator.code, measures, version=visit.version
        )
    else:
        proposed = read_proposed(visit.typed, indicator, case, problems)
        whole = assess(indicator, read_measured(entry) | measures, case.calendar)
        if proposed is None and not whole.complete and not problems:
            problems.append(_nothing_measured(whole))
        _refuse(problems, case, indicator)
        result = await assessing.score_indicator(
            visit.work(),
            season,
            commune,
            indicator.code,
            measures,
            proposed,
            visit.typed.text("reason") or None,
            version=visit.version,
        )
    onward: str | None = indicator.code
    if visit.typed.text("di-tiep"):
        following = sheet_view(case, visit.actor).after(indicator.code)
        onward = following.code if following else None  # nothing else waits: back to the steps
    to = visit.url.dossier(season, commune, indicator=onward, da_luu=indicator.code)
    return await visit.done(result, to=f"{to}#da-luu")


@act(urls.DOSSIER + "/tinh", again=show)
async def calculate(visit: Visit, season: str, commune: str) -> PageResponse:
    """What the rule gives for what is being typed; nothing is recorded."""
    case = await open_case(visit, season, commune)
    indicator = case.rulebook.indicator(visit.typed.needed("chi-tieu"))
    entry = case.sheet.entries.get(indicator.code)
    measures, problems = measure_fields.read_measures(indicator, visit.typed, {})
    assessed = assess(indicator, measures, case.calendar)
    return await visit.page(
        "dossier/calculated.html",
        fragment="dossier/_calc.html",
        season=season,
        case=case,
        typing=True,
        editor={"assessed": assessed, "indicator": indicator, "entry": entry},
        typing_problems=[one.said(visit.words) for one in problems if one.reason != "missing"],
    )


@act(urls.DOSSIER + "/giai-trinh", again=show)
async def explain(visit: Visit, season: str, commune: str) -> PageResponse:
    """Explain an indicator."""
    code = visit.typed.needed("chi-tieu")
    explanation = visit.typed.needed("explanation")
    result = await assessing.explain(visit.work(), season, commune, code, explanation, version=visit.version)
    return await evidence_again(visit, season, commune, result)


async def evidence_again(visit: Visit, season: str, commune: str, result: CommandResult) -> PageResponse:
    """The evidence of the indicator after a change; to htmx alone, so that what is typed elsewhere stays.

    Without scripts a file is sent together with the numbers beside it: the page then comes back with them.
    """
    if (typed := _numbers(visit)) and _is_unsaved(visit, await open_case(visit, season, commune), typed):
        await visit.reached(result)
        view = await view_of(visit, await open_case(visit, season, commune))
        return await visit.page("dossier/index.html", season=season, **view)
    to = visit.url.dossier(season, commune, indicator=visit.typed.text("chi-tieu")) + "#minh-chung"
    if not visit.is_partial:
        return await visit.done(result, to=to)
    view = await view_of(visit, await open_case(visit, season, commune))
    return await visit.done(result, to=to, fragment="dossier/_attached.html", **view)


# Conditions -------------------------------------------------------------------------------------------


@act(urls.DOSSIER + "/dieu-kien", again=show)
async def declare_veto(visit: Visit, season: str, commune: str) -> PageResponse:
    """Declare whether a veto condition occurred; where the text counts sanctions, the sanction says that it did."""
    typed = visit.typed
    if typed.text("occurred") not in set(Said):
        raise FieldMissing(field="occurred")
    occurred = Said(typed.text("occurred"))
    case = await open_case(visit, season, commune)
    if occurred is Said.YES and dict(case.rulebook.counting).get(typed.text("condition")):
        raise SanctionMissing(condition=typed.text("condition"), field="occurred")
    result = await assessing.declare_veto(
        visit.work(),
        season,
        commune,
        typed.needed("condition"),
        occurred,
        typed.needed("basis"),
        version=visit.version,
    )
    return await visit.done(result, to=visit.url.dossier(season, commune))


@act(urls.DOSSIER + "/hai-long", again=show)
async def measure_satisfaction(visit: Visit, season: str, commune: str) -> PageResponse:
    """Record the satisfaction survey."""
    satisfied, asked = needed_whole(visit.typed, "satisfied"), needed_whole(visit.typed, "asked")
    result = await assessing.measure_satisfaction(
        visit.work(), season, commune, satisfied, asked, needed_whole(visit.typed, "handed_out"), version=visit.version
    )
    return await visit.done(result, to=visit.url.dossier(season, commune))


# Steps ------------------------------------------------------------------------------------------------


@act(urls.DOSSIER + "/tong-hop", again=show)
async def consolidate(visit: Visit, season: str, commune: str) -> PageResponse:
    """The justice officer brings the sheet together."""
    result = await assessing.consolidate(visit.work(), season, commune, visit.typed.day_gone("on"))
    return await visit.done(result, to=visit.url.dossier(season, commune))


@act(urls.DOSSIER + "/mo-lai", again=show)
async def reopen(visit: Visit, season: str, commune: str) -> PageResponse:
    """Take the sheet back into work."""
    result = await assessing.reopen(visit.work(), season, commune, visit.typed.needed("reason"))
    return await visit.done(result, to=visit.url.dossier(season, commune))


@act(urls.DOSSIER + "/niem-yet", again=show)
async def post(visit: Visit, season: str, commune: str) -> PageResponse:
    """Post the result publicly."""
    typed = visit.typed
    result = await assessing.post(
        visit.work(), season, commune, typed.needed("place"), typed.day("on"), typed.day("until")
    )
    return await visit.done(result, to=visit.url.dossier(season, commune))


@act(urls.DOSSIER + "/tra-loi", again=show)
async def answer_comment(visit: Visit, season: str, commune: str) -> PageResponse:
    """Answer comments on the posted result: one, or several together."""
    comments = await comments_chosen(visit, season, commune)
    answer = visit.typed.needed("answer")
    said = visit.typed.text("treatment")
    if said not in ("", *Treatment):
        raise FieldMissing(field="treatment")
    result = await assessing.answer_comments(
        visit.work(),
        season,
        commune,
        comments,
        answer,
        version=visit.version,
        treatment=Treatment(said) if said else None,
    )
    return await visit.done(result, to=visit.url.dossier(season, commune))


@act(urls.DOSSIER + "/khong-phai-gop-y", again=show)
async def set_comments_aside(visit: Visit, season: str, commune: str) -> PageResponse:
    """Find that what was sent is no comment on the posted result."""
    comments = await comments_chosen(visit, season, commune)
    reason = visit.typed.needed("reason")
    result = await assessing.set_comments_aside(visit.work(), season, commune, comments, reason, version=visit.version)
    return await visit.done(result, to=visit.url.dossier(season, commune))


async def comments_chosen(visit: Visit, season: str, commune: str) -> list[UUID]:
    """The comments that were ticked; with "all", every open one that was there when the page was shown."""
    if visit.typed.text("all"):
        case = await open_case(visit, season, commune)
        seen = case.sheet.version if visit.version is None else visit.version
        chosen = [one for one, row in case.sheet.comments.items() if row.is_open and row.received <= seen]
    else:
        chosen = visit.typed.identifiers("comment")
    if not chosen:
        raise FieldMissing(field="comment")
    return chosen


@act(urls.DOSSIER + "/gui", again=show)
async def submit(visit: Visit, season: str, commune: str) -> PageResponse:
    """The chairman sends the dossier for appraisal."""
    typed = visit.typed
    result = await assessing.submit(visit.work(), season, commune, typed.needed("document_no"), typed.day_gone("on"))
    return await visit.done(result, to=visit.url.dossier(season, commune))


@act(urls.DOSSIER + "/gui-lai", again=show)
async def resubmit(visit: Visit, season: str, commune: str) -> PageResponse:
    """The chairman sends the returned indicators back."""
    result = await assessing.resubmit(visit.work(), season, commune, visit.typed.day("on"))
    return await visit.done(result, to=visit.url.dossier(season, commune))


# Reading what was typed -------------------------------------------------------------------------------


def read_proposed(typed: Typed, indicator: Indicator, case: Case, problems: list[Problem]) -> Decimal | Outcome | None:
    """The value proposed, None for the rule's own; what cannot be read becomes a problem."""
    said = typed.text("proposed")
    if case.rulebook.model is Model.LEVELS:
        if said not in ("", Outcome.MET, Outcome.NOT_MET):
            raise FieldMissing(field="proposed")
        return Outcome(said) if said else None
    try:
        points = typed.decimal("proposed")
    except NotANumber as refused:
        problems.append(problem_of(refused, "proposed"))
        return None
    if points is not None and points > indicator.max_points:
        details = {"typed": points, "maximum": indicator.max_points}
        problems.append(Problem("proposed", "points-above-maximum", details))
    elif points is not None and points < indicator.min_points:
        details = {"typed": points, "minimum": indicator.min_points}
        problems.append(Problem("proposed", "points-below-minimum", details))
    return points


def needed_whole(typed: Typed, name: str) -> int:
    """A count that must be there."""
    typed.needed(name)
    count = typed.whole(name)
    assert count is not None  # noqa: S101 - `needed` has seen it
    return count


def _refuse(problems: list[Problem], case: Case, indicator: Indicator) -> None:
    """Refuse what cannot be read; where the form is no longer on the page, say that first."""
    if problems:
        if not case.sheet.may_edit(indicator.code):
            raise AssessmentLocked(indicator=indicator.code, state=case.sheet.stage)
        raise FormInvalid(problems=tuple(problems), count=len(problems))


def _nothing_measured(assessed: Assessed) -> Problem:
    part = next(one.code for one in assessed.parts if one.value is None)
    return Problem(f"{part}.nothing", "nothing-measured", {})


def _problems(visit: Visit) -> tuple[Problem, ...]:
    if visit.refusal is None:
        return ()
    found = visit.refusal.details.get("problems", ())
    return tuple(one for one in found if isinstance(one, Problem))


def _numbers(visit: Visit) -> Typed | None:
    """What was typed into the form of an indicator's numbers; None where that form was not sent."""
    return visit.typed if visit.typed.text("form") == "cham-diem" else None


def _is_unsaved(visit: Visit, case: Case, typed: Typed) -> bool:
    """Whether the form of an indicator's numbers holds anything else than what is recorded."""
    indicator = case.rulebook.indicator(typed.text("chi-tieu"))
    entry = case.sheet.entries.get(indicator.code)
    held = read_measured(entry)
    recorded = (
        measure_fields.forms_of(indicator, held, visit.words),
        _proposed(visit, entry, None),
        _reason(entry, None),
    )
    here = (
        measure_fields.forms_of(indicator, held, visit.words, typed),
        _proposed(visit, entry, typed),
        _reason(entry, typed),
    )
    return recorded != here


def _reason(entry: EntryRow | None, typed: Typed | None) -> str:
    return typed.text("reason") if typed else (entry.reason if entry else None) or ""


def _enters_data(visit: Visit, case: Case) -> bool:
    """Whether the person is one of the commune's officers: they are not offered what inspectors look for."""
    held = {mandate.position for mandate in visit.actor.mandates if mandate.unit == case.sheet.commune}
    return not held.isdisjoint(positions_for(Act.MEASURE))


def _saved(visit: Visit, case: Case) -> str:
    """The code of the indicator that this page comes from saving, "" for none."""
    code = visit.query("da-luu")
    return code if code in case.sheet.entries else ""


def last_saved(facts: Sequence[Recorded], indicator: str) -> datetime | None:
    """When the commune last saved anything of the indicator; None where it never did."""
    found = (one.at for one in reversed(facts) if isinstance(one.fact, SAVED) and one.fact.indicator == indicator)
    return next(found, None)


def _proposed(visit: Visit, entry: EntryRow | None, typed: Typed | None) -> str:
    """What stands in the field: empty where the rule's own value is proposed."""
    if typed is not None:
        return typed.text("proposed")
    if entry is None or entry.value is None or entry.value == entry.rule_value:
        return ""
    return visit.words.points(entry.value) if isinstance(entry.value, Decimal) else str(entry.value)


def is_sourced(indicator: Indicator, rulebook: Rulebook) -> bool:
    """Whether its points or level and all its measures were read in a legal text."""
    level = "points" if rulebook.model is Model.POINTS else "pass_level"
    paths = [f"{indicator.code}.{level}", *(f"{part.code}.measure" for part in indicator.parts)]
    return all(rulebook.provenances.get(path) is Provenance.SOURCED for path in paths)


def _used_in(case: Case) -> dict[str, list[str]]:
    """By hash: the indicators that a file supports."""
    found: dict[str, list[str]] = {}
    for code, entry in case.sheet.entries.items():
        for file in entry.evidence:
            found.setdefault(file.sha256, []).append(code)
    return found


def _posting_ends(visit: Visit, case: Case) -> str:
    """The last day of a posting that begins today, where the calendar knows it."""
    if case.sheet.stage is not Stage.CONSOLIDATED:
        return ""
    try:
        return visit.words.date(assessing.posting_ends(case.rulebook, visit.today, case.calendar))
    except CalendarUnknown:
        return ""


async def _places(visit: Visit, case: Case) -> list[UnitRow]:
    """The communes of the season, where an act may have happened."""
    async with visit.reads() as view:
        units: list[UnitRow] = [unit for unit in await view.all(UNITS) if unit.code in case.season.participants]
    return sorted(units, key=lambda unit: sort_key(unit.name))


def _of(part: str) -> str:
    """The indicator of a part: TC2.CT5.1 belongs to TC2.CT5."""
    return ".".join(part.split(".")[:2])


ROUTES = [
    show,
    score,
    calculate,
    explain,
    declare_veto,
    measure_satisfaction,
    consolidate,
    reopen,
    post,
    answer_comment,
    set_comments_aside,
    submit,
    resubmit,
]
