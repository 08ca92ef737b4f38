"""One commune's dossier, made ready for pages: read from its own streams, judged, each indicator with its state.

The dossier is folded from the log itself, up to now or up to a past position, so a person's own entry is on the page
at once, and the past is the same page with fewer facts.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import StrEnum
from typing import Any, NamedTuple

from domain.assessment import Stage
from domain.commune_steps import NAMED_GROUPS, Attendance, missing_groups
from domain.days_off import days_off_stream
from domain.errors import NotFound, SeasonNotOpen, UnknownCommune
from domain.fact import Recorded, StreamName
from domain.judging import Assessed, CriterionResult, Finding, Value, VerdictResult, assess, cross_checks, sanctioned
from domain.measure import Measured, Outcome, percent
from domain.official import Office
from domain.permissions import Act, Actor, Subject, may, permit
from domain.rates import rates_stream
from domain.rulebook import Condition, Criterion, Indicator, Model, Rulebook, Source
from domain.season import State
from domain.working_days import Calendar
from infra.reference.rulebooks import Rulebooks
from projections.lists.corrected import asked_by_corrections, why_asked
from projections.tables.councils import COUNCILS
from projections.tables.days_off import DAYS_OFF, DaysOffRow
from projections.tables.rates import RATES, RatesRow
from projections.tables.seasons import SEASONS, Notice, SeasonRow
from projections.tables.sheets import SHEETS, EntryRow, SheetRow, VetoRow
from projections.tables.standings import STANDINGS, Cell, Standing
from projections.tables.units import UNITS, UnitRow
from services.assessment.commune_steps import found_by
from services.case.case_cache import Dossiers, Followed
from services.case.verdicts import JudgedStanding, Status, criterion_status, judged
from services.web.visit import Visit

HUNDRED = Decimal(100)


class Case(NamedTuple):
    """What the log says about one dossier up to `position`."""

    season: SeasonRow
    sheet: SheetRow
    standing: Standing
    commune: UnitRow
    deciding: UnitRow
    members: frozenset[str]
    rulebook: Rulebook
    calendar: Calendar
    followed: Followed

    @property
    def runs(self) -> bool:
        """Whether work on the dossier may go on: the season is open and the commune takes part in it."""
        return self.season.state is State.OPEN and not self.standing.withdrawn

    @property
    def position(self) -> int:
        return self.followed.position

    @property
    def facts(self) -> list[Recorded]:
        """The dossier's own history: without the facts of who decides on it."""
        return list(self.followed.own)

    @property
    def levels(self) -> bool:
        """Whether the rulebook knows met and not met only: then no page of it speaks of points."""
        return self.rulebook.model is Model.LEVELS

    def subject(self, indicator: str | None = None) -> Subject:
        """Whom the policy asks about: the dossier, or one indicator of it."""
        assigned = self.season.assignments.get(indicator or "")
        entry = self.sheet.entries.get(indicator or "")
        return Subject(
            commune=self.sheet.commune,
            decided_by=self.sheet.decided_by,
            lead=assigned.lead if assigned else None,
            coordinating=assigned.coordinating if assigned else (),
            proposed_by=frozenset([entry.scored_by] if entry and entry.scored_by else []),
            members=self.members,
        )

    def assessed(self, indicator: Indicator) -> Assessed:
        """What the rule gives for what is measured."""
        entry = self.sheet.entries.get(indicator.code)
        return assess(indicator, entry.measures if entry else {}, self.calendar)


async def open_case(visit: Visit, season: str, commune: str) -> Case:
    """The dossier as of the visit's moment, if the person may see it. NotPermitted, and what `read_case` refuses."""
    case = await read_case(visit, season, commune)
    permit(visit.actor, Act.VIEW_DOSSIER, case.subject())
    return case


def asked_of(case: Case) -> list[tuple[str, Notice | None]]:
    """The indicators that a correction asks for, each with why; none where the dossier keeps the text it has."""
    if case.rulebook.sha256 != case.season.rulebook_sha256:
        return []
    cells = case.standing.cells
    codes = asked_by_corrections(case.standing, case.season)
    return [(code, why_asked(code, cells.get(code, Cell()), case.season)) for code in codes]


async def read_case(visit: Visit, season: str, commune: str) -> Case:
    """The dossier as of the visit's moment, for whoever; the caller has asked the policy.

    NotFound without such a season, UnknownCommune without a part in it, SeasonNotOpen before it was opened.
    """
    dossiers, tenant = visit.app.part(Dossiers), visit.tenant
    seen: Followed = await (
        dossiers.now(tenant, season, commune, visit.since)
        if visit.upto is None
        else dossiers.then(tenant, season, commune, visit.upto)
    )
    key = f"{season}/{commune}"
    planned: SeasonRow | None = seen.row(SEASONS, season)
    sheet: SheetRow | None = seen.row(SHEETS, key)
    if planned is None:
        raise NotFound(season=season)
    if sheet is None:
        if commune not in planned.participants:
            raise UnknownCommune(commune=commune)
        raise SeasonNotOpen(state=planned.state)
    council = seen.row(COUNCILS, f"{season}/{sheet.decided_by}")
    text = judging_text(await visit.rulebooks(), planned, seen.row(STANDINGS, key))
    return Case(
        season=planned,
        sheet=sheet,
        standing=seen.row(STANDINGS, key),
        commune=seen.row(UNITS, commune),
        deciding=seen.row(UNITS, sheet.decided_by),
        members=council.people if council else frozenset(),
        rulebook=at_rates(seen, text, planned.year),
        calendar=_calendar(visit, seen),
        followed=seen,
    )


def judging_text(texts: Rulebooks, season: SeasonRow, standing: Standing) -> Rulebook:
    """The text by which the commune is judged. RulebookUnusable."""
    return texts.of_dossier(
        standing.rulebook_sha256, season.rulebook, season.rulebook_sha256, decided=not standing.may_be_decided
    )


def at_rates(seen: Followed, text: Rulebook, year: int) -> Rulebook:
    """A text by which the dossier is read, at the province's rates: those known when it was settled."""
    own: RatesRow = seen.row(RATES, rates_stream().subject) or RatesRow()
    return own.applied(text, year, seen.settled)


def _calendar(visit: Visit, seen: Followed) -> Calendar:
    """The working days by which the dossier is read: once it is decided on, or its year is closed, those known then."""
    own: DaysOffRow | None = seen.row(DAYS_OFF, days_off_stream().subject)
    return own.applied(visit.app.calendar, seen.settled) if own else visit.app.calendar


async def read_facts(visit: Visit, *streams: StreamName) -> list[Recorded]:
    """The facts of these streams as of the visit's moment, in the order of the log."""
    pages = visit.app.store.read(visit.tenant, upto=visit.upto, streams=streams)
    return [recorded async for page in pages for recorded in page]


# The sheet --------------------------------------------------------------------------------------------


#: Who looks at a sheet when nothing on it waits for them.
NOBODY = Actor("", ())


class IndicatorState(StrEnum):
    """What an indicator still needs from the commune; MEASURED where the data stand and no value is proposed."""

    UNSCORED = "unscored"
    MEASURED = "measured"
    UNSUPPORTED = "unsupported"
    RETURNED = "returned"
    DONE = "done"


@dataclass(frozen=True, slots=True)
class IndicatorRow:
    """One indicator of the sheet."""

    code: str
    name: str
    max_points: Decimal
    state: IndicatorState
    value: Value | None
    rule_value: Value | None
    appraised: Value | None
    files: int
    explained: bool
    lead: Office | None
    waits_for_me: bool
    supplemented: bool
    changed_since_appraisal: bool


@dataclass(frozen=True, slots=True)
class CriterionLines:
    """A criterion with its indicators; `share` in whole percent, rounded down."""

    code: str
    name: str
    points: Decimal | None
    max_points: Decimal | None
    needed: Decimal | None
    share: int
    met: int | None
    status: Status
    lines: tuple[IndicatorRow, ...]


@dataclass(frozen=True, slots=True)
class SheetView:
    """The whole sheet, and how far it is."""

    criteria: tuple[CriterionLines, ...]
    judged: JudgedStanding
    required: Decimal | None
    findings: tuple[Finding, ...]

    @property
    def lines(self) -> tuple[IndicatorRow, ...]:
        return tuple(line for criterion in self.criteria for line in criterion.lines)

    @property
    def done(self) -> int:
        return sum(line.state is IndicatorState.DONE for line in self.lines)

    @property
    def missing(self) -> tuple[IndicatorRow, ...]:
        """The indicators that are not done."""
        return tuple(line for line in self.lines if line.state is not IndicatorState.DONE)

    def line(self, code: str) -> IndicatorRow:
        return next(line for line in self.lines if line.code == code)

    def after(self, code: str) -> IndicatorRow | None:
        """The next indicator that waits for this person; None when no other does."""
        codes = [line.code for line in self.lines]
        rest = self.lines[codes.index(code) + 1 :]
        return next((line for line in (*rest, *self.lines) if line.waits_for_me and line.code != code), None)


def sheet_view(case: Case, actor: Actor = NOBODY) -> SheetView:
    """The sheet as it stands: the appraised value wherever there is one, else the proposed.

    `actor` is who looks at it, and whom indicators may wait for.
    """
    whole = judged(case.standing, case.rulebook)
    criteria = tuple(
        _criterion(case, criterion, result, actor)
        for criterion, result in zip(case.rulebook.criteria, whole.verdict.criteria, strict=True)
    )
    measures = {part: value for entry in case.sheet.entries.values() for part, value in entry.measures.items()}
    held = [one.details for one in case.sheet.sanctions.values()]
    findings = (
        *cross_checks(case.rulebook, measures),
        *sanctioned(case.rulebook, case.standing.values(), held),
    )
    return SheetView(criteria, whole, whole.verdict.required_total, findings)


def _criterion(case: Case, criterion: Criterion, result: CriterionResult, actor: Actor) -> CriterionLines:
    share = Decimal(result.indicators_met or 0) / result.indicators if result.share is None else result.share
    return CriterionLines(
        criterion.code,
        criterion.name,
        result.points,
        result.max_points,
        result.needed,
        int(share * HUNDRED),
        result.indicators_met,
        criterion_status(result, case.standing, case.rulebook),
        tuple(_line(case, indicator, actor) for indicator in criterion.indicators),
    )


def satisfaction(row: SheetRow) -> Decimal | None:
    """The percentage of people asked who were satisfied."""
    counted = row.satisfaction
    return percent(counted.satisfied, counted.asked) if counted and counted.asked else None


def read_measured(entry: EntryRow | None) -> dict[str, Measured]:
    """What is measured of an indicator, by part."""
    return dict(entry.measures) if entry else {}


def _line(case: Case, indicator: Indicator, actor: Actor) -> IndicatorRow:
    entry = case.sheet.entries.get(indicator.code)
    assigned = case.season.assignments.get(indicator.code)
    return IndicatorRow(
        code=indicator.code,
        name=indicator.name,
        max_points=indicator.max_points,
        state=_state(entry, indicator),
        value=entry.value if entry else None,
        rule_value=entry.rule_value if entry else None,
        appraised=entry.appraised.value if entry and entry.appraised else None,
        files=len(entry.evidence) if entry else 0,
        explained=bool(entry and entry.explanation),
        lead=assigned.lead if assigned else None,
        waits_for_me=_waits_for(case, indicator, actor),
        supplemented=bool(entry and entry.returned and not entry.waits_for_supplement),
        changed_since_appraisal=bool(entry and entry.changed_since_appraisal),
    )


def _waits_for(case: Case, indicator: Indicator, actor: Actor) -> bool:
    """Whether there is something to do on the indicator that this person may do now, as the work list says it."""
    entry = case.sheet.entries.get(indicator.code)
    subject = case.subject(indicator.code)
    if not (case.sheet.may_edit(indicator.code) and may(actor, Act.MEASURE, subject)):
        return False
    if entry is None:
        return True
    if entry.returned is not None:
        return entry.waits_for_supplement
    if entry.is_scored or may(actor, Act.SCORE, subject):
        return not case.standing.cells[indicator.code].is_done
    return not (indicator.is_measured(entry.measures) or actor.person in entry.measured_by.values())


def _state(entry: EntryRow | None, indicator: Indicator) -> IndicatorState:
    if entry is not None and entry.returned is not None:
        return IndicatorState.RETURNED
    if entry is None or not entry.is_scored:
        return (
            IndicatorState.MEASURED
            if entry is not None and indicator.is_measured(entry.measures)
            else IndicatorState.UNSCORED
        )
    return IndicatorState.DONE if entry.is_supported else IndicatorState.UNSUPPORTED


# The gate ---------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class VetoGate:
    """A veto condition before any score: declared clear, occurred, not yet declared, or hanging on a sanction of an
    official that no competent body has confirmed.
    """

    condition: Condition
    veto: VetoRow | None
    outcome: Outcome
    source: Source | None

    @property
    def css(self) -> str:
        if self.outcome is Outcome.NOT_MET:
            return "shut"
        if self.outcome is Outcome.NOT_VERIFIABLE:
            return "open"
        return "unset" if self.veto is None else ""


def gates(case: Case) -> tuple[VetoGate, ...]:
    """The veto conditions of the rulebook. One whose wording is not known is not asked about."""
    judged_by = {one.code: one.outcome for one in judged(case.standing, case.rulebook).verdict.conditions}
    return tuple(
        VetoGate(
            condition,
            case.sheet.vetoes.get(condition.code),
            judged_by[condition.code],
            case.rulebook.sources.get(condition.code),
        )
        for condition in case.rulebook.vetoes
        if condition.text
    )


# The way of the dossier -------------------------------------------------------------------------------


def days_left(due: date | None, today: date) -> int | None:
    """Days until a deadline; negative when it has passed."""
    return None if due is None else (due - today).days


def next_stage_due(case: Case) -> tuple[str, date] | None:
    """The deadline that the dossier works towards now: (step, last day)."""
    steps: Mapping[Stage, str] = {
        Stage.COLLECTING: "scored",
        Stage.CONSOLIDATED: "posted",
        Stage.POSTED: "submitted",
        Stage.AGREED: "submitted",
        Stage.SUBMITTED: "appraised",
        Stage.SUPPLEMENT: "appraised",
        Stage.REPORTED: "decided",
        Stage.LISTED: "decided",
    }
    if case.sheet.proposal is not None or case.sheet.stage is Stage.LISTED:
        return None
    dues = [entry.returned.due for entry in case.sheet.entries.values() if entry.returned]
    if dues:
        return "supplement", min(dues)
    step = steps[case.sheet.stage]
    for key, deadline in case.season.deadlines.items():
        if key == step:
            return step, deadline.on
    return None


# The commune's own steps -------------------------------------------------------------------------------


def steps_view(case: Case, result: VerdictResult) -> dict[str, Any]:
    """What the steps' templates show beside the dossier: groups of participants, and what the sheet gives."""
    agreed = case.sheet.agreed
    return {
        "by_steps": case.rulebook.commune_steps is not None,
        "groups": (*NAMED_GROUPS, Attendance.OTHERS),
        "absent": missing_groups(agreed.attended) if agreed else (),
        "own_outcome": found_by(result),
    }
