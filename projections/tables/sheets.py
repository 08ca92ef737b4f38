"""The sheet of one commune: each indicator's data, value and evidence, and the appraiser's value."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from msgspec.structs import replace

from domain.appraisal import Appraisal, Proposal
from domain.assessment import Assessment, Returned, Stage, in_posting_time
from domain.commune_steps import Attended, Display, Leader, MeetingRecord, Sender, SheetsTally, Treatment
from domain.fact import Recorded
from domain.measure import Answer, Measured, Outcome
from domain.personal import Personal
from domain.sanction import Sanction
from projections.fold import Projection, Row, RowPart


class EvidenceRow(RowPart, frozen=True):
    """A file that supports an indicator; who attached it and when."""

    id: UUID
    sha256: str
    name: str
    size: int
    media_type: str
    by: str
    at: datetime
    reused_from: str | None = None


class AppraisedRow(RowPart, frozen=True):
    """The appraiser's value; `seen` is the dossier's version that it was formed on."""

    seen: int
    by: str
    at: datetime
    points: Decimal | None = None
    outcome: Outcome | None = None
    reason: str | None = None

    @property
    def value(self) -> Decimal | Outcome | None:
        """Points or outcome, whichever the rulebook uses."""
        return self.outcome if self.points is None else self.points


class EntryRow(RowPart, frozen=True):
    """What the dossier holds on one indicator.

    `changed` is the dossier's version of the last change of any kind and `by` who made it; `scored` is its version of
    the last change of data or value. `scored_by` proposed the value, and so may not appraise it; `measured_by` entered
    the data of each part. `supplemented`: something new came after the indicator was returned.
    """

    changed: int
    by: str
    at: datetime
    scored: int = 1
    measures: dict[str, Measured] = {}
    points: Decimal | None = None
    outcome: Outcome | None = None
    by_rule: Decimal | None = None
    outcome_by_rule: Outcome | None = None
    reason: str | None = None
    scored_by: str = ""
    scored_at: datetime | None = None
    evidence: tuple[EvidenceRow, ...] = ()
    explanation: str | None = None
    returned: Returned | None = None
    appraised: AppraisedRow | None = None
    supplemented: bool = False
    measured_by: dict[str, str] = {}
    tally: SheetsTally | None = None

    @property
    def value(self) -> Decimal | Outcome | None:
        """The proposed points or outcome."""
        return self.outcome if self.points is None else self.points

    @property
    def rule_value(self) -> Decimal | Outcome | None:
        """What the rule gave when the value was proposed."""
        return self.outcome_by_rule if self.by_rule is None else self.by_rule

    @property
    def is_scored(self) -> bool:
        """Whether a value has been proposed."""
        return self.value is not None

    @property
    def is_supported(self) -> bool:
        """Whether there is evidence, or an explanation in its place."""
        return bool(self.evidence) or bool(self.explanation)

    @property
    def waits_for_supplement(self) -> bool:
        """Whether the indicator was returned and still lacks something new, a value, or what supports it."""
        return self.returned is not None and not (self.supplemented and self.is_scored and self.is_supported)

    @property
    def is_appraised(self) -> bool:
        """Whether the appraiser's value was formed on what is there now."""
        return self.appraised is not None and self.appraised.seen >= self.changed

    @property
    def changed_since_appraisal(self) -> bool:
        """Whether the commune changed something after the appraiser gave a value."""
        return self.appraised is not None and self.appraised.seen < self.changed


class VetoRow(RowPart, frozen=True):
    """Whether a veto condition occurred, on whose word."""

    occurred: Answer
    basis: str
    by: str
    at: datetime


class SanctionRow(RowPart, frozen=True):
    """An official disciplined or prosecuted for an act in the commune, who recorded it, and who confirmed it."""

    details: Sanction
    reported_by: str
    by: str
    at: datetime
    body: str | None = None
    document_no: str | None = None
    document_on: date | None = None

    @property
    def is_confirmed(self) -> bool:
        """Whether a competent body confirmed it by a document."""
        return self.body is not None


class SatisfactionRow(RowPart, frozen=True):
    """How many of the people asked were satisfied."""

    satisfied: int
    asked: int
    handed_out: int | None = None


class CommentRow(RowPart, frozen=True):
    """What somebody said of the posted result, and the commune's answer, or why it was `set_aside`.

    The text is sealed; `received` is the version of the dossier's stream at which it stands. What came when the posting
    had ended is `late`, and holds nothing up.
    """

    text: Personal
    on: date
    received: int
    answer: str | None = None
    set_aside: str | None = None
    late: bool = False
    sender: Sender | None = None
    sender_name: Personal | None = None
    treatment: Treatment | None = None

    @property
    def is_open(self) -> bool:
        """Whether it still has to be answered or set aside before the dossier is sent."""
        return self.answer is None and self.set_aside is None and not self.late


class AgreedRow(RowPart, frozen=True):
    """The commune's meeting that agreed on the result; who recorded it and when."""

    on: date
    place: str
    leader: Leader
    attended: tuple[Attended, ...]
    outcome: Outcome
    record: MeetingRecord
    reason: str | None
    by: str
    at: datetime


class SheetRow(Row, frozen=True):
    """A commune's dossier of one season.

    `version` is the dossier stream's, `appraisal_version` the appraisal's. `opened_evidence` says when an appraiser
    first opened a file.
    """

    season: str
    commune: str
    decided_by: str
    rulebook: str
    rulebook_sha256: str
    unit_class: str | None
    version: int
    appraisal_version: int = 0
    stage: Stage = Stage.COLLECTING
    entries: dict[str, EntryRow] = {}
    vetoes: dict[str, VetoRow] = {}
    sanctions: dict[UUID, SanctionRow] = {}
    satisfaction: SatisfactionRow | None = None
    consolidated_on: date | None = None
    posted_on: date | None = None
    posted_until: date | None = None
    posted_at_place: str | None = None
    displays: tuple[Display, ...] = ()
    posting_entered_on: date | None = None
    agreed: AgreedRow | None = None
    listed_on: date | None = None
    list_no: str | None = None
    comments: dict[UUID, CommentRow] = {}
    submitted_on: date | None = None
    document_no: str | None = None
    resubmitted_on: date | None = None
    opened_evidence: dict[UUID, datetime] = {}
    proposal: Proposal | None = None
    computed: Proposal | None = None
    concluded_on: date | None = None
    conclusion_reason: str | None = None
    conclusion_basis: str | None = None

    @property
    def returned(self) -> tuple[str, ...]:
        """The indicators that the appraiser returned and that have not come back."""
        return tuple(code for code, entry in self.entries.items() if entry.returned)

    def may_edit(self, indicator: str) -> bool:
        """Whether the commune may change this indicator now; the same rule as the aggregate's."""
        if self.stage is Stage.COLLECTING:
            return True
        entry = self.entries.get(indicator)
        return self.stage is Stage.SUPPLEMENT and entry is not None and entry.returned is not None


SHEETS = Projection("sheets", version=5, row=SheetRow, scope=lambda row: row.season)


@SHEETS.begins(Assessment.Opened)
def _opened(fact: Assessment.Opened, recorded: Recorded) -> SheetRow:
    return SheetRow(
        recorded.stream.season,
        fact.commune,
        fact.decided_by,
        fact.rulebook,
        fact.rulebook_sha256,
        fact.unit_class,
        recorded.version,
    )


# What the commune enters ------------------------------------------------------------------------------


def _change(entry: EntryRow | None, recorded: Recorded, **changes: Any) -> EntryRow:
    """The entry with these changes, marked as changed by this fact."""
    if entry is None:
        return EntryRow(recorded.version, recorded.actor, recorded.at, **changes)
    return replace(entry, changed=recorded.version, by=recorded.actor, at=recorded.at, **changes)


def _change_of(row: SheetRow, indicator: str, recorded: Recorded, **changes: Any) -> SheetRow:
    """The row with these changes to the indicator's entry."""
    entry = _change(row.entries.get(indicator), recorded, **changes)
    return replace(row, version=recorded.version, entries={**row.entries, indicator: entry})


def _evidence(entry: EntryRow | None) -> tuple[EvidenceRow, ...]:
    return entry.evidence if entry else ()


@SHEETS.on_part(Assessment.IndicatorMeasured, "entries", "indicator", stamp="version")
def _measured(entry: EntryRow | None, fact: Assessment.IndicatorMeasured, recorded: Recorded) -> EntryRow:
    measures = {**entry.measures, fact.part: fact.measured} if entry else {fact.part: fact.measured}
    measured_by = {**(entry.measured_by if entry else {}), fact.part: recorded.actor}
    return _change(
        entry,
        recorded,
        scored=recorded.version,
        measures=measures,
        measured_by=measured_by,
        supplemented=True,
    )


@SHEETS.on_part(Assessment.IndicatorScored, "entries", "indicator", stamp="version")
def _scored(entry: EntryRow | None, fact: Assessment.IndicatorScored, recorded: Recorded) -> EntryRow:
    return _change(
        entry,
        recorded,
        scored=recorded.version,
        points=fact.points,
        outcome=fact.outcome,
        by_rule=fact.by_rule,
        outcome_by_rule=fact.outcome_by_rule,
        reason=fact.reason,
        scored_by=recorded.actor,
        scored_at=recorded.at,
        supplemented=True,
    )


@SHEETS.on_part(Assessment.EvidenceAttached, "entries", "indicator", stamp="version")
def _attached(entry: EntryRow | None, fact: Assessment.EvidenceAttached, recorded: Recorded) -> EntryRow:
    evidence = EvidenceRow(
        fact.evidence, fact.sha256, fact.name, fact.size, fact.media_type, recorded.actor, recorded.at
    )
    return _change(entry, recorded, evidence=(*_evidence(entry), evidence), supplemented=True)


@SHEETS.on(Assessment.EvidenceReused)
def _reused(row: SheetRow, fact: Assessment.EvidenceReused, recorded: Recorded) -> SheetRow:
    reused = tuple(
        replace(one, by=recorded.actor, at=recorded.at, reused_from=fact.from_indicator)
        for one in _evidence(row.entries.get(fact.from_indicator))
        if one.id == fact.evidence
    )
    held = _evidence(row.entries.get(fact.indicator))
    return _change_of(row, fact.indicator, recorded, evidence=(*held, *reused), supplemented=True)


@SHEETS.on_part(Assessment.EvidenceWithdrawn, "entries", "indicator", stamp="version")
def _withdrawn(entry: EntryRow | None, fact: Assessment.EvidenceWithdrawn, recorded: Recorded) -> EntryRow:
    kept = tuple(one for one in _evidence(entry) if one.id != fact.evidence)
    return _change(entry, recorded, evidence=kept)


@SHEETS.on_part(Assessment.Explained, "entries", "indicator", stamp="version")
def _explained(entry: EntryRow | None, fact: Assessment.Explained, recorded: Recorded) -> EntryRow:
    return _change(entry, recorded, explanation=fact.explanation, supplemented=True)


@SHEETS.on(Assessment.SatisfactionMeasured)
def _satisfaction(row: SheetRow, fact: Assessment.SatisfactionMeasured, recorded: Recorded) -> SheetRow:
    return replace(
        row, version=recorded.version, satisfaction=SatisfactionRow(fact.satisfied, fact.asked, fact.handed_out)
    )


@SHEETS.on(Assessment.VetoDeclared)
def _veto(row: SheetRow, fact: Assessment.VetoDeclared, recorded: Recorded) -> SheetRow:
    veto = VetoRow(fact.occurred, fact.basis, recorded.actor, recorded.at)
    return replace(row, version=recorded.version, vetoes={**row.vetoes, fact.condition: veto})


@SHEETS.on(Assessment.RulebookCorrected)
def _rulebook_corrected(row: SheetRow, fact: Assessment.RulebookCorrected, recorded: Recorded) -> SheetRow:
    entries = dict(row.entries)
    lost = {one.part for one in fact.again}
    values = {one.indicator: one for one in fact.values}
    for code in fact.indicators:
        entry = _change(entries.get(code), recorded, scored=recorded.version)
        measures = {part: measured for part, measured in entry.measures.items() if part not in lost}
        measured_by = {part: person for part, person in entry.measured_by.items() if part not in lost}
        entry = replace(entry, measures=measures, measured_by=measured_by)
        if value := values.get(code):
            entry = replace(
                entry,
                points=value.points,
                outcome=value.outcome,
                by_rule=value.points,
                outcome_by_rule=value.outcome,
                reason=None,
            )
        entries[code] = entry
    return replace(row, version=recorded.version, rulebook_sha256=fact.rulebook_sha256, entries=entries)


@SHEETS.on(Assessment.SanctionDeclared)
def _sanction(row: SheetRow, fact: Assessment.SanctionDeclared, recorded: Recorded) -> SheetRow:
    sanction = SanctionRow(fact.details, fact.reported_by, recorded.actor, recorded.at)
    return replace(row, version=recorded.version, sanctions={**row.sanctions, fact.sanction: sanction})


@SHEETS.on(Assessment.SanctionConfirmed)
def _sanction_confirmed(row: SheetRow, fact: Assessment.SanctionConfirmed, recorded: Recorded) -> SheetRow:
    held = row.sanctions.get(fact.sanction)
    if held is None:  # in a what-if nothing may be left of what was confirmed
        return replace(row, version=recorded.version)
    confirmed = replace(held, body=fact.body, document_no=fact.document_no, document_on=fact.document_on)
    return replace(row, version=recorded.version, sanctions={**row.sanctions, fact.sanction: confirmed})


@SHEETS.on(Assessment.SanctionSetAside)
def _sanction_set_aside(row: SheetRow, fact: Assessment.SanctionSetAside, recorded: Recorded) -> SheetRow:
    kept = {one: held for one, held in row.sanctions.items() if one != fact.sanction}
    return replace(row, version=recorded.version, sanctions=kept)


# The dossier's way ------------------------------------------------------------------------------------


@SHEETS.on(Assessment.Consolidated)
def _consolidated(row: SheetRow, fact: Assessment.Consolidated, recorded: Recorded) -> SheetRow:
    return replace(row, version=recorded.version, stage=Stage.CONSOLIDATED, consolidated_on=fact.on)


@SHEETS.on(Assessment.Reopened)
def _reopened(row: SheetRow, fact: Assessment.Reopened, recorded: Recorded) -> SheetRow:
    return replace(
        row,
        version=recorded.version,
        stage=Stage.COLLECTING,
        consolidated_on=None,
        posted_on=None,
        posted_until=None,
        posted_at_place=None,
        displays=(),
        posting_entered_on=None,
        agreed=None,
        submitted_on=None,
        document_no=None,
    )


@SHEETS.on(Assessment.Posted)
def _posted(row: SheetRow, fact: Assessment.Posted, recorded: Recorded) -> SheetRow:
    return replace(
        row,
        version=recorded.version,
        stage=Stage.POSTED,
        posted_on=fact.on,
        posted_until=fact.until,
        posted_at_place=fact.place,
        displays=fact.displays,
        posting_entered_on=fact.entered_on,
    )


@SHEETS.on(Assessment.CommentReceived)
def _comment(row: SheetRow, fact: Assessment.CommentReceived, recorded: Recorded) -> SheetRow:
    late = not in_posting_time(fact.on, row.posted_until)
    comment = CommentRow(
        fact.text, fact.on, recorded.version, late=late, sender=fact.sender, sender_name=fact.sender_name
    )
    return replace(row, version=recorded.version, comments={**row.comments, fact.comment: comment})


@SHEETS.on(Assessment.CommentAnswered)
def _answer(row: SheetRow, fact: Assessment.CommentAnswered, recorded: Recorded) -> SheetRow:
    return _comments(row, (fact.comment,), recorded, answer=fact.answer, treatment=fact.treatment)


@SHEETS.on(Assessment.CommentsAnswered)
def _answers(row: SheetRow, fact: Assessment.CommentsAnswered, recorded: Recorded) -> SheetRow:
    return _comments(row, fact.comments, recorded, answer=fact.answer, treatment=fact.treatment)


@SHEETS.on(Assessment.CommentsSetAside)
def _set_aside(row: SheetRow, fact: Assessment.CommentsSetAside, recorded: Recorded) -> SheetRow:
    return _comments(row, fact.comments, recorded, set_aside=fact.reason)


def _comments(row: SheetRow, which: tuple[UUID, ...], recorded: Recorded, **changes: Any) -> SheetRow:
    """The row with these changes to the comments that are there."""
    changed = {one: replace(row.comments[one], **changes) for one in which if one in row.comments}
    return replace(row, version=recorded.version, comments={**row.comments, **changed})


@SHEETS.on_part(Assessment.OpinionSheetsTallied, "entries", "indicator", stamp="version")
def _tallied(entry: EntryRow | None, fact: Assessment.OpinionSheetsTallied, recorded: Recorded) -> EntryRow:
    return _change(entry, recorded, tally=fact.tally, supplemented=True)


@SHEETS.on(Assessment.ResultAgreed)
def _agreed(row: SheetRow, fact: Assessment.ResultAgreed, recorded: Recorded) -> SheetRow:
    agreed = AgreedRow(
        fact.on,
        fact.place,
        fact.leader,
        fact.attended,
        fact.outcome,
        fact.record,
        fact.reason,
        recorded.actor,
        recorded.at,
    )
    return replace(row, version=recorded.version, stage=Stage.AGREED, agreed=agreed)


@SHEETS.on(Assessment.Reported)
def _reported(row: SheetRow, fact: Assessment.Reported, recorded: Recorded) -> SheetRow:
    return replace(
        row, version=recorded.version, stage=Stage.REPORTED, submitted_on=fact.on, document_no=fact.document_no
    )


@SHEETS.on(Assessment.Listed)
def _listed(row: SheetRow, fact: Assessment.Listed, recorded: Recorded) -> SheetRow:
    return replace(row, version=recorded.version, stage=Stage.LISTED, listed_on=fact.on, list_no=fact.decision_no)


@SHEETS.on(Assessment.Submitted)
def _submitted(row: SheetRow, fact: Assessment.Submitted, recorded: Recorded) -> SheetRow:
    return replace(
        row,
        version=recorded.version,
        stage=Stage.SUBMITTED,
        submitted_on=fact.on,
        document_no=fact.document_no,
    )


@SHEETS.on(Assessment.IndicatorReturned)
def _returned(row: SheetRow, fact: Assessment.IndicatorReturned, recorded: Recorded) -> SheetRow:
    row = _change_of(row, fact.indicator, recorded, returned=Returned(fact.reason, fact.due), supplemented=False)
    return replace(row, stage=Stage.SUPPLEMENT)


@SHEETS.on(Assessment.Resubmitted)
def _resubmitted(row: SheetRow, fact: Assessment.Resubmitted, recorded: Recorded) -> SheetRow:
    for indicator in fact.indicators:
        row = _change_of(row, indicator, recorded, returned=None)
    return replace(row, version=recorded.version, stage=Stage.SUBMITTED, resubmitted_on=fact.on)


# The appraisal ----------------------------------------------------------------------------------------


@SHEETS.on(Appraisal.Started)
def _started(row: SheetRow, fact: Appraisal.Started, recorded: Recorded) -> SheetRow:
    return replace(row, appraisal_version=recorded.version)


@SHEETS.on_part(Appraisal.EvidenceOpened, "opened_evidence", "evidence", stamp="appraisal_version")
def _evidence_opened(opened: datetime | None, fact: Appraisal.EvidenceOpened, recorded: Recorded) -> datetime:
    return recorded.at


@SHEETS.on_part(Appraisal.IndicatorAppraised, "entries", "indicator", stamp="appraisal_version")
def _appraised(entry: EntryRow | None, fact: Appraisal.IndicatorAppraised, recorded: Recorded) -> EntryRow:
    if entry is None:  # in a what-if replay nothing may be left of what was appraised
        entry = EntryRow(0, "", recorded.at)
    appraised = AppraisedRow(fact.seen, recorded.actor, recorded.at, fact.points, fact.outcome, fact.reason)
    return replace(entry, appraised=appraised)


@SHEETS.on(Appraisal.Concluded)
def _concluded(row: SheetRow, fact: Appraisal.Concluded, recorded: Recorded) -> SheetRow:
    return replace(
        row,
        appraisal_version=recorded.version,
        proposal=fact.proposal,
        computed=fact.computed,
        concluded_on=fact.on,
        conclusion_reason=fact.reason,
        conclusion_basis=fact.basis,
    )


@SHEETS.on(Appraisal.Resumed)
def _resumed(row: SheetRow, fact: Appraisal.Resumed, recorded: Recorded) -> SheetRow:
    return replace(
        row,
        appraisal_version=recorded.version,
        proposal=None,
        computed=None,
        concluded_on=None,
        conclusion_reason=None,
        conclusion_basis=None,
    )
