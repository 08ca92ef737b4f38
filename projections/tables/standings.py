"""Standings: how far each commune is, and by what margin.

One compact row per commune and season: enough to judge it, to list what is due and to queue what awaits appraisal.
The verdict itself is not kept: `judge(sheet_of(row, …), rulebook)` runs when the row is read.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date
from decimal import Decimal
from enum import StrEnum
from typing import Any
from uuid import UUID

from msgspec.structs import replace

from domain.appraisal import Appraisal, Proposal
from domain.assessment import Assessment, CorrectedValue, DataAgain, Returned, in_posting_time
from domain.assessment import Stage as DossierStage
from domain.fact import Recorded
from domain.judging import Sheet, Value
from domain.measure import Answer, Kind, Outcome, RatioThreshold, percent
from domain.meeting import Meeting, VoteOutcome
from domain.recognition import Recognition, Result
from domain.rulebook import Rulebook
from domain.sanction import Sanction, vetoed
from domain.season import Season
from projections.fold import Projection, Row, RowPart


class CommuneStage(StrEnum):
    """How far a commune is, from the first entry to the published decision."""

    COLLECTING = "collecting"
    CONSOLIDATED = "consolidated"
    POSTED = "posted"
    AGREED = "agreed"
    SUBMITTED = "submitted"
    SUPPLEMENT = "supplement"
    REPORTED = "reported"
    LISTED = "listed"
    APPRAISED = "appraised"
    VOTED = "voted"
    DECIDED = "decided"
    SIGNED = "signed"
    PUBLISHED = "published"
    REVOKED = "revoked"


class Basis(StrEnum):
    """Which values are judged: the commune's, the appraiser's, or the latter wherever there is one."""

    PROPOSED = "proposed"
    APPRAISED = "appraised"
    BEST_KNOWN = "best-known"


class Again(RowPart, frozen=True):
    """What a corrected text of the rulebook, known by its hash, has the commune do again: enter the data of `parts`,
    and propose the `value`.
    """

    text: str
    parts: tuple[str, ...] = ()
    value: bool = False


class Cell(RowPart, frozen=True):
    """One indicator of one commune.

    `changed` is the dossier's version of its last change, `seen` the version that the appraised value was formed on
    (0: not appraised). `ratios` keeps (numerator, denominator) of the parts that have a threshold. `again` is what a
    correction asks for and nobody has done yet.
    """

    changed: int = 0
    points: Decimal | None = None
    outcome: Outcome | None = None
    scored_by: str = ""
    evidence: int = 0
    explained: bool = False
    returned: Returned | None = None
    seen: int = 0
    appraised_points: Decimal | None = None
    appraised_outcome: Outcome | None = None
    ratios: dict[str, tuple[int, int]] = {}
    supplemented: bool = False
    measured_by: dict[str, str] = {}
    again: Again | None = None

    @property
    def value(self) -> Value | None:
        """The proposed points or outcome."""
        return self.outcome if self.points is None else self.points

    @property
    def appraised(self) -> Value | None:
        """The appraised points or outcome."""
        return self.appraised_outcome if self.appraised_points is None else self.appraised_points

    @property
    def is_scored(self) -> bool:
        """Whether a value has been proposed."""
        return self.points is not None or self.outcome is not None

    @property
    def is_supported(self) -> bool:
        """Whether there is evidence, or an explanation in its place."""
        return self.evidence > 0 or self.explained

    @property
    def waits_for_supplement(self) -> bool:
        """Whether the indicator was returned and still lacks something new, a value, or what supports it."""
        return self.returned is not None and not (self.supplemented and self.is_scored and self.is_supported)

    @property
    def is_done(self) -> bool:
        """Whether it has a value and what supports it, and no correction asks for anything again."""
        return self.is_scored and self.is_supported and self.again is None

    @property
    def is_appraised(self) -> bool:
        """Whether the appraiser's value was formed on what is there now."""
        return 0 < self.seen >= self.changed

    @property
    def changed_since_appraisal(self) -> bool:
        """Whether the commune changed something after the appraiser gave a value."""
        return 0 < self.seen < self.changed


class HeldSanction(RowPart, frozen=True):
    """An official disciplined or prosecuted for an act in the commune, and whether a competent body confirmed it."""

    details: Sanction
    confirmed: bool = False


class Standing(Row, frozen=True):
    """Where a commune stands in a season.

    `dossier` is the stage of its own dossier, `unanswered` are comments of the posting time that
    were neither answered nor set aside, `meeting` is the last
    whose agenda it was on, `voted` the outcome of the last concluded vote. `agreed` is what the commune's own meeting
    found; one that does not meet the conditions has the number of its report and, once listed, of the decision.
    `taken_up`: after the decision was taken back, or appealed against with success, its appraisal is done anew, and no
    decision was made since.
    """

    season: str
    commune: str
    decided_by: str
    rulebook: str
    rulebook_sha256: str
    unit_class: str | None
    version: int
    dossier: DossierStage = DossierStage.COLLECTING
    cells: dict[str, Cell] = {}
    vetoes: dict[str, Answer] = {}
    satisfied: int | None = None
    asked: int | None = None
    posted_until: date | None = None
    unanswered: tuple[UUID, ...] = ()
    submitted_on: date | None = None
    proposal: Proposal | None = None
    concluded_on: date | None = None
    meeting: str | None = None
    voted: VoteOutcome | None = None
    result: Result | None = None
    decision_no: str | None = None
    decided_on: date | None = None
    signed_on: date | None = None
    published_on: date | None = None
    revoked_on: date | None = None
    upheld_on: date | None = None
    taken_up: bool = False
    sanctions: dict[UUID, HeldSanction] = {}
    agreed: Outcome | None = None
    report_no: str | None = None
    listed_on: date | None = None
    list_no: str | None = None
    withdrawn: bool = False

    @property
    def is_not_meeting(self) -> bool:
        """Whether the commune sent its report as one that does not meet the conditions: nobody decides on it."""
        return self.dossier in (DossierStage.REPORTED, DossierStage.LISTED)

    @property
    def stage(self) -> CommuneStage:
        """How far the commune is."""
        if self.result is not None and not self.taken_up:
            if self.revoked_on:
                return CommuneStage.REVOKED
            if self.published_on:
                return CommuneStage.PUBLISHED
            return CommuneStage.SIGNED if self.signed_on else CommuneStage.DECIDED
        if self.voted is not None:
            return CommuneStage.VOTED
        return CommuneStage.APPRAISED if self.proposal is not None else CommuneStage(self.dossier.value)

    @property
    def may_be_decided(self) -> bool:
        """Whether no decision on the commune stands in the way of another: none yet, or it is to be decided anew."""
        return self.result is None or self.revoked_on is not None or self.upheld_on is not None

    @property
    def supported(self) -> int:
        """How many indicators have evidence or an explanation."""
        return sum(cell.is_supported for cell in self.cells.values())

    @property
    def scored(self) -> int:
        """How many indicators have a proposed value."""
        return sum(cell.is_scored for cell in self.cells.values())

    @property
    def returned(self) -> tuple[str, ...]:
        """The indicators that are back at the commune."""
        return tuple(code for code, cell in self.cells.items() if cell.returned)

    @property
    def satisfaction(self) -> Decimal | None:
        """The percentage of people asked who were satisfied, rounded down to two decimals."""
        return percent(self.satisfied, self.asked) if self.satisfied is not None and self.asked else None

    def values(self, basis: Basis = Basis.BEST_KNOWN) -> dict[str, Value]:
        """The value of each indicator that has one."""
        found = {}
        for code, cell in self.cells.items():
            value = None if basis is Basis.PROPOSED else cell.appraised
            if value is None and basis is not Basis.APPRAISED:
                value = cell.value
            if value is not None:
                found[code] = value
        return found


def counted(rows: Iterable[Standing]) -> list[Standing]:
    """Those that take part: a commune that was withdrawn is not counted, listed or queued."""
    return [row for row in rows if not row.withdrawn]


def sheet_of(row: Standing, rulebook: Rulebook, basis: Basis = Basis.BEST_KNOWN) -> Sheet:
    """What `judge` asks for."""
    found = vetoed(rulebook.counting, row.vetoes, [(one.details, one.confirmed) for one in row.sanctions.values()])
    return Sheet(
        values=row.values(basis),
        unit_class=row.unit_class,
        satisfaction=row.satisfaction,
        vetoes=found.occurred,
        unconfirmed=found.unconfirmed,
        slacks=_slacks(row.cells, rulebook),
    )


def sanctioned_conditions(row: Standing, rulebook: Rulebook) -> frozenset[str]:
    """The veto conditions that a recorded sanction speaks to, confirmed or not: nothing else need be declared."""
    held = [one.details for one in row.sanctions.values()]
    return frozenset(code for code, counted in rulebook.counting if counted and any(map(counted.counts, held)))


def _slacks(cells: Mapping[str, Cell], rulebook: Rulebook) -> dict[str, Decimal]:
    """How far each indicator's nearest ratio lies above its threshold, in percentage points."""
    slacks: dict[str, Decimal] = {}
    for code, cell in cells.items():
        for part, (numerator, denominator) in cell.ratios.items():
            measure = rulebook.parts[part].measure if part in rulebook.parts else None
            if isinstance(measure, RatioThreshold) and measure.at_least < 100 and denominator:
                slack = Decimal(numerator * 100) / denominator - measure.at_least
                slacks[code] = min(slack, slacks.get(code, slack))
    return slacks


STANDINGS = Projection("standings", version=5, row=Standing, scope=lambda row: row.season)


@STANDINGS.begins(Assessment.Opened)
def _opened(fact: Assessment.Opened, recorded: Recorded) -> Standing:
    return Standing(
        recorded.stream.season,
        fact.commune,
        fact.decided_by,
        fact.rulebook,
        fact.rulebook_sha256,
        fact.unit_class,
        recorded.version,
    )


# The season -------------------------------------------------------------------------------------------


def _of_commune(recorded: Recorded) -> tuple[str]:
    return (f"{recorded.stream.season}/{recorded.fact.commune}",)  # type: ignore[attr-defined]


@STANDINGS.on(Season.ParticipantAdded, keys=_of_commune)
def _added_again(row: Standing, fact: Season.ParticipantAdded, recorded: Recorded) -> Standing:
    return replace(row, withdrawn=False)


@STANDINGS.on(Season.ParticipantWithdrawn, keys=_of_commune)
def _taken_out(row: Standing, fact: Season.ParticipantWithdrawn, recorded: Recorded) -> Standing:
    return replace(row, withdrawn=True)


# The commune ------------------------------------------------------------------------------------------

_EMPTY = Cell()


def _change(row: Standing, indicator: str, version: int, **changes: Any) -> Standing:
    """The row with these changes to the indicator's cell."""
    cell = replace(row.cells.get(indicator, _EMPTY), changed=version, **changes)
    return replace(row, version=version, cells={**row.cells, indicator: cell})


@STANDINGS.on_part(Assessment.IndicatorMeasured, "cells", "indicator", stamp="version")
def _measured(cell: Cell | None, fact: Assessment.IndicatorMeasured, recorded: Recorded) -> Cell:
    cell = cell or _EMPTY
    ratios = cell.ratios
    measured = fact.measured
    if measured.kind is Kind.RATIO_THRESHOLD and measured.numerator is not None and measured.denominator is not None:
        ratios = {**ratios, fact.part: (measured.numerator, measured.denominator)}
    elif fact.part in ratios:
        ratios = {part: ratio for part, ratio in ratios.items() if part != fact.part}
    measured_by = {**cell.measured_by, fact.part: recorded.actor}
    again = _entered(cell.again, fact.part)
    return replace(
        cell, changed=recorded.version, ratios=ratios, measured_by=measured_by, supplemented=True, again=again
    )


def _entered(again: Again | None, part: str) -> Again | None:
    """What is still to be done again once the part's data are entered."""
    if again is None:
        return None
    parts = tuple(one for one in again.parts if one != part)
    return replace(again, parts=parts) if parts or again.value else None


@STANDINGS.on_part(Assessment.IndicatorScored, "cells", "indicator", stamp="version")
def _scored(cell: Cell | None, fact: Assessment.IndicatorScored, recorded: Recorded) -> Cell:
    return replace(
        cell or _EMPTY,
        changed=recorded.version,
        points=fact.points,
        outcome=fact.outcome,
        scored_by=recorded.actor,
        supplemented=True,
        again=None,
    )


@STANDINGS.on_part(Assessment.EvidenceAttached, "cells", "indicator", stamp="version")
def _attached(cell: Cell | None, fact: Assessment.EvidenceAttached, recorded: Recorded) -> Cell:
    cell = cell or _EMPTY
    return replace(cell, changed=recorded.version, evidence=cell.evidence + 1, supplemented=True)


@STANDINGS.on_part(Assessment.EvidenceReused, "cells", "indicator", stamp="version")
def _reused(cell: Cell | None, fact: Assessment.EvidenceReused, recorded: Recorded) -> Cell:
    cell = cell or _EMPTY
    return replace(cell, changed=recorded.version, evidence=cell.evidence + 1, supplemented=True)


@STANDINGS.on_part(Assessment.EvidenceWithdrawn, "cells", "indicator", stamp="version")
def _withdrawn(cell: Cell | None, fact: Assessment.EvidenceWithdrawn, recorded: Recorded) -> Cell:
    cell = cell or _EMPTY
    return replace(cell, changed=recorded.version, evidence=max(0, cell.evidence - 1))


@STANDINGS.on_part(Assessment.Explained, "cells", "indicator", stamp="version")
def _explained(cell: Cell | None, fact: Assessment.Explained, recorded: Recorded) -> Cell:
    return replace(cell or _EMPTY, changed=recorded.version, explained=bool(fact.explanation), supplemented=True)


@STANDINGS.on(Assessment.SatisfactionMeasured)
def _satisfaction(row: Standing, fact: Assessment.SatisfactionMeasured, recorded: Recorded) -> Standing:
    return replace(row, version=recorded.version, satisfied=fact.satisfied, asked=fact.asked)


@STANDINGS.on(Assessment.VetoDeclared)
def _veto(row: Standing, fact: Assessment.VetoDeclared, recorded: Recorded) -> Standing:
    return replace(row, version=recorded.version, vetoes={**row.vetoes, fact.condition: fact.occurred})


@STANDINGS.on(Assessment.RulebookCorrected)
def _rulebook_corrected(row: Standing, fact: Assessment.RulebookCorrected, recorded: Recorded) -> Standing:
    return corrected(row, fact.rulebook_sha256, fact.again, fact.values, recorded.version)


def corrected(
    row: Standing,
    rulebook_sha256: str,
    again: tuple[DataAgain, ...],
    values: tuple[CorrectedValue, ...],
    version: int,
) -> Standing:
    """The commune under a corrected text, with what this makes of its data and values."""
    cells = dict(row.cells)
    for data in again:
        cell = cells.get(data.indicator, _EMPTY)
        ratios = {part: ratio for part, ratio in cell.ratios.items() if part != data.part}
        measured_by = {part: person for part, person in cell.measured_by.items() if part != data.part}
        cells[data.indicator] = replace(cell, changed=version, ratios=ratios, measured_by=measured_by)
    for value in values:
        cell = cells.get(value.indicator, _EMPTY)
        cells[value.indicator] = replace(cell, changed=version, points=value.points, outcome=value.outcome)
    for code in dict.fromkeys([*(one.indicator for one in again), *(one.indicator for one in values)]):
        parts = tuple(one.part for one in again if one.indicator == code)
        asked = Again(rulebook_sha256, parts, not cells[code].is_scored)
        cells[code] = replace(cells[code], again=asked if asked.parts or asked.value else None)
    return replace(row, version=version, rulebook_sha256=rulebook_sha256, cells=cells)


@STANDINGS.on(Assessment.SanctionDeclared)
def _sanction(row: Standing, fact: Assessment.SanctionDeclared, recorded: Recorded) -> Standing:
    sanctions = {**row.sanctions, fact.sanction: HeldSanction(fact.details)}
    return replace(row, version=recorded.version, sanctions=sanctions)


@STANDINGS.on(Assessment.SanctionConfirmed)
def _confirmed(row: Standing, fact: Assessment.SanctionConfirmed, recorded: Recorded) -> Standing:
    held = row.sanctions.get(fact.sanction)
    if held is None:  # in a what-if nothing may be left of what was confirmed
        return replace(row, version=recorded.version)
    sanctions = {**row.sanctions, fact.sanction: replace(held, confirmed=True)}
    return replace(row, version=recorded.version, sanctions=sanctions)


@STANDINGS.on(Assessment.SanctionSetAside)
def _sanction_set_aside(row: Standing, fact: Assessment.SanctionSetAside, recorded: Recorded) -> Standing:
    sanctions = {one: held for one, held in row.sanctions.items() if one != fact.sanction}
    return replace(row, version=recorded.version, sanctions=sanctions)


@STANDINGS.on(Assessment.Consolidated)
def _consolidated(row: Standing, fact: Assessment.Consolidated, recorded: Recorded) -> Standing:
    return replace(row, version=recorded.version, dossier=DossierStage.CONSOLIDATED)


@STANDINGS.on(Assessment.Reopened)
def _reopened(row: Standing, fact: Assessment.Reopened, recorded: Recorded) -> Standing:
    return replace(
        row,
        version=recorded.version,
        dossier=DossierStage.COLLECTING,
        posted_until=None,
        submitted_on=None,
        agreed=None,
        report_no=None,
    )


@STANDINGS.on(Assessment.Posted)
def _posted(row: Standing, fact: Assessment.Posted, recorded: Recorded) -> Standing:
    return replace(row, version=recorded.version, dossier=DossierStage.POSTED, posted_until=fact.until)


@STANDINGS.on(Assessment.CommentReceived)
def _comment(row: Standing, fact: Assessment.CommentReceived, recorded: Recorded) -> Standing:
    if not in_posting_time(fact.on, row.posted_until):
        return replace(row, version=recorded.version)
    return replace(row, version=recorded.version, unanswered=(*row.unanswered, fact.comment))


@STANDINGS.on(Assessment.CommentAnswered)
def _answer(row: Standing, fact: Assessment.CommentAnswered, recorded: Recorded) -> Standing:
    return _settled(row, {fact.comment}, recorded)


@STANDINGS.on(Assessment.CommentsAnswered)
def _answers(row: Standing, fact: Assessment.CommentsAnswered, recorded: Recorded) -> Standing:
    return _settled(row, set(fact.comments), recorded)


@STANDINGS.on(Assessment.CommentsSetAside)
def _set_aside(row: Standing, fact: Assessment.CommentsSetAside, recorded: Recorded) -> Standing:
    return _settled(row, set(fact.comments), recorded)


def _settled(row: Standing, comments: set[UUID], recorded: Recorded) -> Standing:
    unanswered = tuple(one for one in row.unanswered if one not in comments)
    return replace(row, version=recorded.version, unanswered=unanswered)


@STANDINGS.on_part(Assessment.OpinionSheetsTallied, "cells", "indicator", stamp="version")
def _tallied(cell: Cell | None, fact: Assessment.OpinionSheetsTallied, recorded: Recorded) -> Cell:
    return replace(cell or _EMPTY, changed=recorded.version, supplemented=True)


@STANDINGS.on(Assessment.ResultAgreed)
def _agreed(row: Standing, fact: Assessment.ResultAgreed, recorded: Recorded) -> Standing:
    return replace(row, version=recorded.version, dossier=DossierStage.AGREED, agreed=fact.outcome)


@STANDINGS.on(Assessment.Reported)
def _reported(row: Standing, fact: Assessment.Reported, recorded: Recorded) -> Standing:
    return replace(
        row,
        version=recorded.version,
        dossier=DossierStage.REPORTED,
        submitted_on=fact.on,
        report_no=fact.document_no,
    )


@STANDINGS.on(Assessment.Listed)
def _listed(row: Standing, fact: Assessment.Listed, recorded: Recorded) -> Standing:
    return replace(
        row,
        version=recorded.version,
        dossier=DossierStage.LISTED,
        listed_on=fact.on,
        list_no=fact.decision_no,
    )


@STANDINGS.on(Assessment.Submitted)
def _submitted(row: Standing, fact: Assessment.Submitted, recorded: Recorded) -> Standing:
    return replace(row, version=recorded.version, dossier=DossierStage.SUBMITTED, submitted_on=fact.on)


@STANDINGS.on(Assessment.IndicatorReturned)
def _returned(row: Standing, fact: Assessment.IndicatorReturned, recorded: Recorded) -> Standing:
    row = _change(row, fact.indicator, recorded.version, returned=Returned(fact.reason, fact.due), supplemented=False)
    return replace(row, dossier=DossierStage.SUPPLEMENT)


@STANDINGS.on(Assessment.Resubmitted)
def _resubmitted(row: Standing, fact: Assessment.Resubmitted, recorded: Recorded) -> Standing:
    for indicator in fact.indicators:
        row = _change(row, indicator, recorded.version, returned=None)
    return replace(row, version=recorded.version, dossier=DossierStage.SUBMITTED)


# The appraiser ----------------------------------------------------------------------------------------


@STANDINGS.on_part(Appraisal.IndicatorAppraised, "cells", "indicator")
def _appraised(cell: Cell | None, fact: Appraisal.IndicatorAppraised, recorded: Recorded) -> Cell:
    return replace(
        cell or _EMPTY,
        seen=fact.seen,
        appraised_points=fact.points,
        appraised_outcome=fact.outcome,
    )


@STANDINGS.on(Appraisal.Concluded)
def _concluded(row: Standing, fact: Appraisal.Concluded, recorded: Recorded) -> Standing:
    return replace(row, proposal=fact.proposal, concluded_on=fact.on)


@STANDINGS.on(Appraisal.Resumed)
def _resumed(row: Standing, fact: Appraisal.Resumed, recorded: Recorded) -> Standing:
    if row.result is None:
        return replace(row, proposal=None, concluded_on=None)
    return replace(row, proposal=None, concluded_on=None, meeting=None, voted=None, taken_up=True)


# The council ------------------------------------------------------------------------------------------


def _of_items(recorded: Recorded) -> list[str]:
    fact = recorded.fact
    items = fact.items if isinstance(fact, Meeting.Convened | Meeting.ConsultationOpened) else ()
    return [f"{recorded.stream.season}/{item}" for item in items]


def _of_item(recorded: Recorded) -> tuple[str]:
    return (f"{recorded.stream.season}/{recorded.fact.item}",)  # type: ignore[attr-defined]


@STANDINGS.on(Meeting.Convened, keys=_of_items)
def _convened(row: Standing, fact: Meeting.Convened, recorded: Recorded) -> Standing:
    return replace(row, meeting=recorded.stream.subject)


@STANDINGS.on(Meeting.ConsultationOpened, keys=_of_items)
def _asked_in_writing(row: Standing, fact: Meeting.ConsultationOpened, recorded: Recorded) -> Standing:
    return replace(row, meeting=recorded.stream.subject)


@STANDINGS.on(Meeting.VoteConcluded, keys=_of_item)
def _voted(row: Standing, fact: Meeting.VoteConcluded, recorded: Recorded) -> Standing:
    return replace(row, meeting=recorded.stream.subject, voted=fact.outcome)


@STANDINGS.on(Meeting.VoteReopened, keys=_of_item)
def _vote_reopened(row: Standing, fact: Meeting.VoteReopened, recorded: Recorded) -> Standing:
    return replace(row, voted=None)


# The chairman -----------------------------------------------------------------------------------------


@STANDINGS.on(Recognition.Decided)
def _decided(row: Standing, fact: Recognition.Decided, recorded: Recorded) -> Standing:
    return replace(row, result=fact.result, decision_no=fact.decision_no, decided_on=fact.on)


@STANDINGS.on(Recognition.DecidedAgain)
def _decided_again(row: Standing, fact: Recognition.DecidedAgain, recorded: Recorded) -> Standing:
    return replace(
        row,
        result=fact.result,
        decision_no=fact.decision_no,
        decided_on=fact.on,
        signed_on=None,
        published_on=None,
        revoked_on=None,
        upheld_on=None,
        taken_up=False,
    )


@STANDINGS.on(Recognition.AppealUpheld)
def _upheld(row: Standing, fact: Recognition.AppealUpheld, recorded: Recorded) -> Standing:
    return replace(row, upheld_on=fact.on)


@STANDINGS.on(Recognition.Corrected)
def _corrected(row: Standing, fact: Recognition.Corrected, recorded: Recorded) -> Standing:
    return replace(row, decision_no=fact.decision_no or row.decision_no, decided_on=fact.decided_on or row.decided_on)


@STANDINGS.on(Recognition.Signed)
def _signed(row: Standing, fact: Recognition.Signed, recorded: Recorded) -> Standing:
    return replace(row, signed_on=fact.on)


@STANDINGS.on(Recognition.Published)
def _published(row: Standing, fact: Recognition.Published, recorded: Recorded) -> Standing:
    return replace(row, published_on=fact.on)


@STANDINGS.on(Recognition.Revoked)
def _revoked(row: Standing, fact: Recognition.Revoked, recorded: Recorded) -> Standing:
    return replace(row, revoked_on=fact.on)
