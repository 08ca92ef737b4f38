"""A commune's own assessment of one year: measured data, proposed scores, evidence, posting, submission.

The dossier belongs to the commune until it is submitted; then only what the appraiser returned can be changed.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from enum import StrEnum
from uuid import UUID

from domain.commune_steps import (
    Attended,
    Display,
    Leader,
    MeetingRecord,
    Sender,
    SheetsTally,
    Treatment,
    check_attendance,
    check_displays,
    check_tally,
    must_not_be_ahead,
)
from domain.days import must_not_end_early
from domain.errors import (
    AlreadyReturned,
    AssessmentLocked,
    EvidenceAlreadyAttached,
    EvidenceMissing,
    IndicatorsUnscored,
    NotErasable,
    NotFound,
    OutOfOrder,
    PostingClosed,
    PostingUnfinished,
    ReasonMissing,
    ReturnsOutstanding,
    SanctionInvalid,
    SatisfactionMissing,
    ScoreAboveMaximum,
    ScoreBelowMinimum,
    SupplementMissing,
    TooMuchEvidence,
    UnknownEvidence,
    VetoUndeclared,
)
from domain.fact import Fact, FirstFact, Stream, StreamName
from domain.measure import Answer, Measured, Outcome
from domain.personal import EncryptedValue, Personal
from domain.sanction import Sanction
from domain.text import MANY

#: Files on one indicator. Whoever scores it is recorded with the hashes of all of them.
EVIDENCE_LIMIT = 40


class Stage(StrEnum):
    """Where a dossier stands. A commune that does not meet the conditions goes from AGREED to REPORTED and LISTED."""

    COLLECTING = "collecting"
    CONSOLIDATED = "consolidated"
    POSTED = "posted"
    AGREED = "agreed"
    SUBMITTED = "submitted"
    SUPPLEMENT = "supplement"
    REPORTED = "reported"
    LISTED = "listed"


@dataclass(frozen=True, slots=True)
class Evidence:
    """A file that an indicator rests on, known by the SHA-256 of its bytes."""

    id: UUID
    sha256: str
    name: str
    size: int
    media_type: str


@dataclass(frozen=True, slots=True)
class Returned:
    """Why an indicator came back, and until when the commune may answer."""

    reason: str
    due: date


@dataclass(frozen=True, slots=True)
class DataAgain:
    """Measured data of a part that a corrected rulebook cannot use: they are entered again."""

    indicator: str
    part: str


@dataclass(frozen=True, slots=True)
class CorrectedValue:
    """The value of an indicator under a corrected rulebook: what the rule gives for the same data. With neither points
    nor outcome one has to be proposed again.
    """

    indicator: str
    points: Decimal | None = None
    outcome: Outcome | None = None


@dataclass(slots=True)
class Entry:
    """What the dossier holds on one indicator.

    `changed` is the dossier's version at its last change of any kind, `scored` at the last change of its measured data
    or its proposed value, `explained` at that of its explanation. `supplemented` says of a returned indicator that
    data, a value, a file or an explanation came after it was returned.
    """

    measures: dict[str, Measured] = field(default_factory=dict)
    points: Decimal | None = None
    outcome: Outcome | None = None
    reason: str | None = None
    evidence: dict[UUID, Evidence] = field(default_factory=dict)
    explanation: str | None = None
    returned: Returned | None = None
    changed: int = 1
    scored: int = 1
    explained: int = 1
    supplemented: bool = False
    tally: SheetsTally | None = None

    @property
    def is_scored(self) -> bool:
        """Whether a value has been proposed."""
        return self.points is not None or self.outcome is not None

    @property
    def is_supported(self) -> bool:
        """Whether there is evidence, or an explanation in its place."""
        return bool(self.evidence) or bool(self.explanation)


class Assessment(Stream):
    """The dossier of one commune in one season.

    `surveyed` is its version at the last change of the survey, `declared` at that of each veto condition, `settled` at
    which each comment was last answered or set aside.
    """

    TOPIC = "assessment"

    class Opened(FirstFact):
        """The commune takes part under this rulebook; `decided_by` is the unit whose chairman decides."""

        TOPIC = "assessment.opened"
        commune: str
        rulebook: str
        rulebook_sha256: str
        decided_by: str
        unit_class: str | None = None

    class IndicatorMeasured(Fact):
        """Measured data of one part of an indicator."""

        TOPIC = "assessment.indicator-measured"
        indicator: str
        part: str
        measured: Measured

        def apply(self, assessment: Assessment) -> None:
            entry = assessment.entry(self.indicator)
            entry.measures[self.part] = self.measured
            entry.supplemented = True
            entry.changed = entry.scored = self.originator_version

    class IndicatorScored(Fact):
        """The value proposed for an indicator beside the value that the rule gives; they differ only with a reason."""

        TOPIC = "assessment.indicator-scored"
        indicator: str
        points: Decimal | None = None
        outcome: Outcome | None = None
        by_rule: Decimal | None = None
        outcome_by_rule: Outcome | None = None
        reason: str | None = None

        def apply(self, assessment: Assessment) -> None:
            entry = assessment.entry(self.indicator)
            entry.points = self.points
            entry.outcome = self.outcome
            entry.reason = self.reason
            entry.supplemented = True
            entry.changed = entry.scored = self.originator_version

    class EvidenceAttached(Fact):
        """A file supports an indicator."""

        TOPIC = "assessment.evidence-attached"
        indicator: str
        evidence: UUID
        sha256: str
        name: str
        size: int
        media_type: str

        def apply(self, assessment: Assessment) -> None:
            entry = assessment.entry(self.indicator)
            entry.evidence[self.evidence] = Evidence(self.evidence, self.sha256, self.name, self.size, self.media_type)
            entry.supplemented = True
            entry.changed = self.originator_version

    class EvidenceReused(Fact):
        """A file that supports one indicator supports another as well."""

        TOPIC = "assessment.evidence-reused"
        indicator: str
        evidence: UUID
        from_indicator: str

        def apply(self, assessment: Assessment) -> None:
            entry = assessment.entry(self.indicator)
            entry.evidence[self.evidence] = assessment.entry(self.from_indicator).evidence[self.evidence]
            entry.supplemented = True
            entry.changed = self.originator_version

    class EvidenceWithdrawn(Fact):
        """A file no longer supports an indicator; its bytes stay in the store."""

        TOPIC = "assessment.evidence-withdrawn"
        indicator: str
        evidence: UUID
        reason: str

        def apply(self, assessment: Assessment) -> None:
            entry = assessment.entry(self.indicator)
            del entry.evidence[self.evidence]
            entry.changed = self.originator_version

    class Explained(Fact):
        """Why an indicator has no evidence, or what its evidence shows."""

        TOPIC = "assessment.explained"
        indicator: str
        explanation: str

        def apply(self, assessment: Assessment) -> None:
            entry = assessment.entry(self.indicator)
            entry.explanation = self.explanation
            entry.supplemented = True
            entry.changed = entry.explained = self.originator_version

    class SatisfactionMeasured(Fact):
        """How many of those who answered were satisfied (619/2017), and how many sheets were handed out."""

        TOPIC = "assessment.satisfaction-measured"
        satisfied: int
        asked: int
        handed_out: int | None = None

        def apply(self, assessment: Assessment) -> None:
            assessment.satisfaction = (self.satisfied, self.asked)
            assessment.handed_out = self.handed_out
            assessment.surveyed = self.originator_version

    class VetoDeclared(Fact):
        """Whether a veto condition occurred in the year, and who confirms it."""

        TOPIC = "assessment.veto-declared"
        condition: str
        occurred: Answer
        basis: str

        def apply(self, assessment: Assessment) -> None:
            assessment.vetoes[self.condition] = self.occurred
            assessment.bases[self.condition] = self.basis
            assessment.declared[self.condition] = self.originator_version

    class SanctionDeclared(Fact):
        """An official was disciplined or prosecuted for what happened in this commune and year.

        `reported_by` is the commune that said so: the official may have moved there since.
        """

        TOPIC = "assessment.sanction-declared"
        sanction: UUID
        details: Sanction
        reported_by: str

        def apply(self, assessment: Assessment) -> None:
            assessment.sanctions[self.sanction] = self.details

    class SanctionConfirmed(Fact):
        """A competent body confirmed the sanction, by a document."""

        TOPIC = "assessment.sanction-confirmed"
        sanction: UUID
        body: str
        document_no: str
        document_on: date

        def apply(self, assessment: Assessment) -> None:
            assessment.confirmed.add(self.sanction)

    class SanctionSetAside(Fact):
        """The sanction was recorded wrongly, or does not stand any more; `basis` is the document that says so."""

        TOPIC = "assessment.sanction-set-aside"
        sanction: UUID
        reason: str
        basis: str

        def apply(self, assessment: Assessment) -> None:
            del assessment.sanctions[self.sanction]
            assessment.confirmed.discard(self.sanction)

    class Consolidated(Fact):
        """The justice officer has brought the indicators together; the sheet is ready to be posted."""

        TOPIC = "assessment.consolidated"
        on: date

        def apply(self, assessment: Assessment) -> None:
            assessment.stage = Stage.CONSOLIDATED
            assessment.consolidated_on = self.on

    class Reopened(Fact):
        """The commune takes its sheet back into work before submitting it."""

        TOPIC = "assessment.reopened"
        reason: str

        def apply(self, assessment: Assessment) -> None:
            assessment.stage = Stage.COLLECTING
            assessment.posted_on = assessment.posted_until = None
            assessment.agreed = None

    class Posted(Fact):
        """The result is posted publicly at a place until a day.

        `displays` are the places with the days of each, where the text of the year names them; then `on` is the first
        of their days and `until` the last. `entered_on` is the day on which somebody entered it: later than `on`, the
        posting was entered after it had begun.
        """

        TOPIC = "assessment.posted"
        on: date
        until: date
        place: str
        displays: tuple[Display, ...] = ()
        entered_on: date | None = None

        def apply(self, assessment: Assessment) -> None:
            assessment.stage = Stage.POSTED
            assessment.posted_on = self.on
            assessment.posted_until = self.until

    class CommentReceived(Fact):
        """Somebody commented on the posted result; the text is theirs, so it is sealed.

        `sender` and `sender_name` are there where an officer entered an opinion that came on paper or by word of mouth;
        the name is sealed with the text.
        """

        TOPIC = "assessment.comment-received"
        class_version = 2
        comment: UUID
        text: Personal
        on: date
        sender: Sender | None = None
        sender_name: Personal | None = None

        @staticmethod
        def upcast_v1_v2(state: dict[str, object]) -> None:
            """The text stood in clear, and stays so."""

        def apply(self, assessment: Assessment) -> None:
            assessment.comments[self.comment] = None
            if in_posting_time(self.on, assessment.posted_until):
                assessment.unanswered[self.comment] = None
            if isinstance(self.text, EncryptedValue):
                assessment.erasable[self.comment] = self.text.subject

    class CommentAnswered(Fact):
        """The commune answered a comment."""

        TOPIC = "assessment.comment-answered"
        comment: UUID
        answer: str
        treatment: Treatment | None = None

        def apply(self, assessment: Assessment) -> None:
            assessment.comments[self.comment] = self.answer
            assessment.settled[self.comment] = self.originator_version
            assessment.unanswered.pop(self.comment, None)

    class CommentsAnswered(Fact):
        """The commune gave several comments one answer."""

        TOPIC = "assessment.comments-answered"
        comments: tuple[UUID, ...]
        answer: str
        treatment: Treatment | None = None

        def apply(self, assessment: Assessment) -> None:
            for comment in self.comments:
                assessment.comments[comment] = self.answer
                assessment.settled[comment] = self.originator_version
                assessment.unanswered.pop(comment, None)

    class CommentsSetAside(Fact):
        """The commune found that these are no comments on the posted result: nothing has to be answered."""

        TOPIC = "assessment.comments-set-aside"
        comments: tuple[UUID, ...]
        reason: str

        def apply(self, assessment: Assessment) -> None:
            for comment in self.comments:
                assessment.settled[comment] = self.originator_version
                assessment.unanswered.pop(comment, None)

    class OpinionSheetsTallied(Fact):
        """The opinion sheets on forms and models of legal education were counted (Mẫu 04).

        A later count replaces it.
        """

        TOPIC = "assessment.opinion-sheets-tallied"
        indicator: str
        tally: SheetsTally

        def apply(self, assessment: Assessment) -> None:
            entry = assessment.entry(self.indicator)
            entry.tally = self.tally
            entry.supplemented = True
            entry.changed = self.originator_version

    class ResultAgreed(Fact):
        """The commune's meeting considered the result and agreed on it (TT 09/2021, Điều 3 khoản 1 điểm đ).

        `outcome` says whether the commune meets the conditions of recognition; it differs from what the sheet gives
        only with a `reason`. `record` is the record of the meeting, which names who was there.
        """

        TOPIC = "assessment.result-agreed"
        on: date
        place: str
        leader: Leader
        attended: tuple[Attended, ...]
        outcome: Outcome
        record: MeetingRecord
        reason: str | None = None

        def apply(self, assessment: Assessment) -> None:
            assessment.stage = Stage.AGREED
            assessment.agreed = self.outcome
            assessment.agreed_on = self.on

    class Reported(Fact):
        """The chairman of a commune that does not meet the conditions sent its report and table (điểm e, second part).

        Nothing is asked for: no council votes on it, and it is listed as not meeting.
        """

        TOPIC = "assessment.reported"
        on: date
        document_no: str

        def apply(self, assessment: Assessment) -> None:
            assessment.stage = Stage.REPORTED
            assessment.submitted_on = self.on

    class Listed(Fact):
        """The deciding chairman put the commune on the list of those that do not meet the standard (Mẫu 08)."""

        TOPIC = "assessment.listed"
        on: date
        decision_no: str

        def apply(self, assessment: Assessment) -> None:
            assessment.stage = Stage.LISTED

    class Submitted(Fact):
        """The chairman sent the dossier for appraisal."""

        TOPIC = "assessment.submitted"
        on: date
        document_no: str

        def apply(self, assessment: Assessment) -> None:
            assessment.stage = Stage.SUBMITTED
            assessment.submitted_on = self.on

    class IndicatorReturned(Fact):
        """The appraiser asks the commune to supplement an indicator by a day."""

        TOPIC = "assessment.indicator-returned"
        indicator: str
        reason: str
        due: date

        def apply(self, assessment: Assessment) -> None:
            entry = assessment.entry(self.indicator)
            entry.returned = Returned(self.reason, self.due)
            entry.supplemented = False
            entry.changed = self.originator_version
            assessment.stage = Stage.SUPPLEMENT

    class Resubmitted(Fact):
        """The commune sent the returned indicators back."""

        TOPIC = "assessment.resubmitted"
        on: date
        indicators: tuple[str, ...]

        def apply(self, assessment: Assessment) -> None:
            for indicator in self.indicators:
                entry = assessment.entry(indicator)
                entry.returned = None
                entry.changed = self.originator_version
            assessment.stage = Stage.SUBMITTED

    class RulebookCorrected(Fact):
        """The season's rulebook was corrected, and the dossier, which was not decided, goes on under the new text.

        `again` are the data that this text cannot use, `values` those of indicators for which it gives another value.
        """

        TOPIC = "assessment.rulebook-corrected"
        rulebook_sha256: str
        former_sha256: str
        again: tuple[DataAgain, ...] = ()
        values: tuple[CorrectedValue, ...] = ()

        @property
        def indicators(self) -> tuple[str, ...]:
            """The indicators that are touched, each once."""
            return tuple(
                dict.fromkeys([*(one.indicator for one in self.again), *(one.indicator for one in self.values)])
            )

        def apply(self, assessment: Assessment) -> None:
            assessment.rulebook_sha256 = self.rulebook_sha256
            for data in self.again:
                assessment.entry(data.indicator).measures.pop(data.part, None)
            for value in self.values:
                entry = assessment.entry(value.indicator)
                entry.points, entry.outcome = value.points, value.outcome
                entry.reason = None
            for indicator in self.indicators:
                entry = assessment.entry(indicator)
                entry.changed = entry.scored = self.originator_version

    def __init__(
        self,
        id: UUID,
        commune: str,
        rulebook: str,
        rulebook_sha256: str,
        decided_by: str,
        unit_class: str | None = None,
    ) -> None:
        self.commune = commune
        self.rulebook = rulebook
        self.rulebook_sha256 = rulebook_sha256
        self.decided_by = decided_by
        self.unit_class = unit_class
        self.stage = Stage.COLLECTING
        self.entries: dict[str, Entry] = {}
        self.satisfaction: tuple[int, int] | None = None
        self.handed_out: int | None = None
        self.surveyed = 1
        self.vetoes: dict[str, Answer] = {}
        self.bases: dict[str, str] = {}
        self.declared: dict[str, int] = {}
        self.sanctions: dict[UUID, Sanction] = {}
        self.confirmed: set[UUID] = set()
        self.comments: dict[UUID, str | None] = {}
        self.settled: dict[UUID, int] = {}
        self.unanswered: dict[UUID, None] = {}  # a set that keeps the order
        self.erasable: dict[UUID, UUID] = {}
        self.consolidated_on: date | None = None
        self.posted_on: date | None = None
        self.posted_until: date | None = None
        self.submitted_on: date | None = None
        self.agreed: Outcome | None = None
        self.agreed_on: date | None = None

    def entry(self, indicator: str) -> Entry:
        """What the dossier holds on an indicator; empty until somebody entered something."""
        return self.entries.setdefault(indicator, Entry())

    # Data, scores, evidence ---------------------------------------------------------------------------

    def measure(self, indicator: str, part: str, measured: Measured) -> None:
        """Record measured data that the rulebook's part allows (checked by the use case with `check`)."""
        self._must_be_editable(indicator)
        if self.entry(indicator).measures.get(part) != measured:
            self.trigger_event(self.IndicatorMeasured, indicator=indicator, part=part, measured=measured)

    def score(
        self,
        indicator: str,
        points: Decimal,
        *,
        minimum: Decimal,
        maximum: Decimal,
        by_rule: Decimal | None = None,
        reason: str | None = None,
    ) -> None:
        """Propose points; a value other than the rule's needs a reason."""
        self._must_be_editable(indicator)
        if points > maximum:
            raise ScoreAboveMaximum(indicator=indicator, points=points, maximum=maximum)
        if points < minimum:
            raise ScoreBelowMinimum(indicator=indicator, points=points, minimum=minimum)
        if by_rule is not None and points != by_rule and not (reason or "").strip():
            raise ReasonMissing(act="score", indicator=indicator, by_rule=by_rule)
        entry = self.entry(indicator)
        if (entry.points, entry.reason) != (points, reason or None):
            self.trigger_event(
                self.IndicatorScored,
                indicator=indicator,
                points=points,
                by_rule=by_rule,
                reason=reason or None,
            )

    def rate(
        self, indicator: str, outcome: Outcome, *, by_rule: Outcome | None = None, reason: str | None = None
    ) -> None:
        """Propose met or not met (27/2025); a value other than the rule's needs a reason."""
        self._must_be_editable(indicator)
        if by_rule is not None and outcome != by_rule and not (reason or "").strip():
            raise ReasonMissing(act="score", indicator=indicator, by_rule=by_rule)
        entry = self.entry(indicator)
        if (entry.outcome, entry.reason) != (outcome, reason or None):
            self.trigger_event(
                self.IndicatorScored,
                indicator=indicator,
                outcome=outcome,
                outcome_by_rule=by_rule,
                reason=reason or None,
            )

    def attach(self, indicator: str, evidence: Evidence) -> None:
        """Attach a file; the same content twice on one indicator is refused."""
        self._must_be_editable(indicator)
        for held in self.entry(indicator).evidence.values():
            if held.sha256 == evidence.sha256:
                raise EvidenceAlreadyAttached(indicator=indicator, name=held.name)
        self._must_have_room(indicator)
        self.trigger_event(
            self.EvidenceAttached,
            indicator=indicator,
            evidence=evidence.id,
            sha256=evidence.sha256,
            name=evidence.name,
            size=evidence.size,
            media_type=evidence.media_type,
        )

    def reuse(self, indicator: str, evidence: UUID, from_indicator: str) -> None:
        """Let a file that is in the dossier support another indicator as well."""
        self._must_be_editable(indicator)
        if evidence not in self.entry(from_indicator).evidence:
            raise UnknownEvidence(indicator=from_indicator, evidence=evidence)
        if evidence not in self.entry(indicator).evidence:
            self._must_have_room(indicator)
            self.trigger_event(
                self.EvidenceReused, indicator=indicator, evidence=evidence, from_indicator=from_indicator
            )

    def withdraw(self, indicator: str, evidence: UUID, reason: str) -> None:
        """Take a file off an indicator, with the reason."""
        self._must_be_editable(indicator)
        if evidence not in self.entry(indicator).evidence:
            raise UnknownEvidence(indicator=indicator, evidence=evidence)
        if not reason.strip():
            raise ReasonMissing(act="withdraw", indicator=indicator)
        self.trigger_event(self.EvidenceWithdrawn, indicator=indicator, evidence=evidence, reason=reason)

    def explain(self, indicator: str, explanation: str) -> None:
        """Explain an indicator, such as why it has no evidence."""
        self._must_be_editable(indicator)
        if not explanation.strip():
            raise ReasonMissing(act="explain", indicator=indicator)
        if self.entry(indicator).explanation != explanation:
            self.trigger_event(self.Explained, indicator=indicator, explanation=explanation)

    def tally_sheets(self, indicator: str, tally: SheetsTally) -> None:
        """Record the tally of the opinion sheets of an indicator; SheetsTallyInvalid for one that cannot be."""
        self._must_be_editable(indicator)
        check_tally(tally)
        if self.entry(indicator).tally != tally:
            self.trigger_event(self.OpinionSheetsTallied, indicator=indicator, tally=tally)

    def measure_satisfaction(self, satisfied: int, asked: int, handed_out: int | None = None) -> None:
        """Record the satisfaction survey; the percentage is always computed from the counts."""
        self._must_be(Stage.COLLECTING, step="measure-satisfaction")
        if (self.satisfaction, self.handed_out) != ((satisfied, asked), handed_out):
            self.trigger_event(self.SatisfactionMeasured, satisfied=satisfied, asked=asked, handed_out=handed_out)

    def declare_veto(self, condition: str, occurred: Answer, basis: str) -> None:
        """Declare whether a veto condition occurred, naming who confirms it."""
        self._must_be(Stage.COLLECTING, step="declare-veto")
        if not basis.strip():
            raise ReasonMissing(act="declare-veto", condition=condition)
        if (self.vetoes.get(condition), self.bases.get(condition)) != (occurred, basis):
            self.trigger_event(self.VetoDeclared, condition=condition, occurred=occurred, basis=basis)

    def correct_rulebook(
        self, rulebook_sha256: str, again: tuple[DataAgain, ...], values: tuple[CorrectedValue, ...]
    ) -> None:
        """Go on under a corrected text of the rulebook (what it touches: `domain/correction.py`)."""
        self.trigger_event(
            self.RulebookCorrected,
            rulebook_sha256=rulebook_sha256,
            former_sha256=self.rulebook_sha256,
            again=again,
            values=values,
        )

    def declare_sanction(self, sanction: UUID, details: Sanction, reported_by: str) -> None:
        """Record that an official was disciplined or prosecuted for an act in this commune.

        OutOfOrder while the sheet is brought together or posted: it is taken back into work first, so that what hangs
        out is what is judged. SanctionInvalid for dates that cannot be, and for the same decision on the same person.
        """
        self._must_be(Stage.COLLECTING, Stage.SUBMITTED, Stage.SUPPLEMENT, step="declare-sanction")
        details.check()
        same = (details.decision_no.casefold(), details.title.casefold())
        if any((held.decision_no.casefold(), held.title.casefold()) == same for held in self.sanctions.values()):
            raise SanctionInvalid(reason="recorded-before", field="decision_no", decision_no=details.decision_no)
        self.trigger_event(self.SanctionDeclared, sanction=sanction, details=details, reported_by=reported_by)

    def confirm_sanction(self, sanction: UUID, body: str, document_no: str, document_on: date) -> None:
        """Record the document by which a competent body confirms a sanction; nothing happens when it is confirmed."""
        if sanction not in self.sanctions:
            raise NotFound(sanction=sanction)
        if document_on < self.sanctions[sanction].decided_on:
            raise SanctionInvalid(reason="confirmed-before-the-decision", field="document_on")
        if sanction not in self.confirmed:
            self.trigger_event(
                self.SanctionConfirmed, sanction=sanction, body=body, document_no=document_no, document_on=document_on
            )

    def set_sanction_aside(self, sanction: UUID, reason: str, basis: str) -> None:
        """Take a sanction off the sheet, with the reason and the document that says so."""
        if sanction not in self.sanctions:
            raise NotFound(sanction=sanction)
        if not reason.strip() or not basis.strip():
            raise ReasonMissing(act="set-sanction-aside")
        self.trigger_event(self.SanctionSetAside, sanction=sanction, reason=reason, basis=basis)

    @property
    def held_sanctions(self) -> list[tuple[Sanction, bool]]:
        """The sanctions that stand, each with whether it is confirmed."""
        return [(details, one in self.confirmed) for one, details in self.sanctions.items()]

    # Steps --------------------------------------------------------------------------------------------

    def consolidate(
        self, on: date, *, indicators: Collection[str], vetoes: Collection[str], needs_satisfaction: bool
    ) -> None:
        """Bring the sheet together: every indicator scored and supported, every veto condition declared."""
        self._must_be(Stage.COLLECTING, step="consolidate")
        self._must_be_complete(indicators)
        undeclared = tuple(one for one in vetoes if one not in self.vetoes)
        if undeclared:
            raise VetoUndeclared(conditions=undeclared)
        if needs_satisfaction and self.satisfaction is None:
            raise SatisfactionMissing
        self.trigger_event(self.Consolidated, on=on)

    def reopen(self, reason: str) -> None:
        """Take the sheet back into work before it is submitted, or a report before its commune is listed."""
        self._must_be(Stage.CONSOLIDATED, Stage.POSTED, Stage.AGREED, Stage.REPORTED, step="reopen")
        if not reason.strip():
            raise ReasonMissing(act="reopen")
        self.trigger_event(self.Reopened, reason=reason)

    def post(self, on: date, until: date, place: str) -> None:
        """Post the result publicly (TT 07/2017: ten working days, at the office and culture houses).

        What is posted is the sheet as it was brought together: not on a day before that (TT 09/2021, Điều 3).
        """
        self._must_be(Stage.CONSOLIDATED, step="post")
        must_not_end_early(on, until, "until", "posted")
        must_not_end_early(self.consolidated_on, on, "on", "posting")
        self.trigger_event(self.Posted, on=on, until=until, place=place)

    def display(
        self, displays: Sequence[Display], shortest: Sequence[date], *, today: date, broadcasts: int, place: str
    ) -> None:
        """Post the draft report and the table at several places, each with its days.

        TT 09/2021, Điều 3 khoản 1 điểm c. Refused as `check_displays` says. `place` names the places in one text.
        """
        self._must_be(Stage.CONSOLIDATED, step="post")
        check_displays(displays, shortest, ready=self.consolidated_on, today=today, broadcasts=broadcasts)
        self.trigger_event(
            self.Posted,
            on=min(one.on for one in displays),
            until=max(one.until for one in displays),
            place=place,
            displays=tuple(displays),
            entered_on=today,
        )

    def receive_comment(
        self,
        comment: UUID,
        text: EncryptedValue,
        on: date,
        sender: Sender | None = None,
        sender_name: Personal | None = None,
    ) -> None:
        """Record a comment on the posted result (that it says something was seen before it was sealed)."""
        self.must_take_comments(on)
        self.trigger_event(
            self.CommentReceived, comment=comment, text=text, on=on, sender=sender, sender_name=sender_name
        )

    def must_take_comments(self, on: date) -> None:
        """Raise PostingClosed unless the result is posted, and on a day before the posting or after it ended."""
        if self.stage is not Stage.POSTED:
            raise PostingClosed(reason="not-posted")
        if (self.posted_on is not None and on < self.posted_on) or not in_posting_time(on, self.posted_until):
            raise PostingClosed(begins=self.posted_on, until=self.posted_until)

    def answer_comment(self, comment: UUID, answer: str, treatment: Treatment | None = None) -> None:
        """Answer a comment, at any stage; a second answer replaces the first. NotFound for one that nobody made."""
        if comment not in self.comments:
            raise NotFound(comment=comment)
        if not answer.strip():
            raise ReasonMissing(act="answer-comment")
        self.trigger_event(self.CommentAnswered, comment=comment, answer=answer, treatment=treatment)

    def answer_comments(self, comments: Sequence[UUID], answer: str, treatment: Treatment | None = None) -> None:
        """Give several comments one answer; it replaces what was answered before. NotFound as for one."""
        chosen = self._known(comments)
        if not answer.strip():
            raise ReasonMissing(act="answer-comment")
        if len(chosen) == 1:
            self.answer_comment(chosen[0], answer, treatment)
            return
        for some in _portions(chosen):
            self.trigger_event(self.CommentsAnswered, comments=some, answer=answer, treatment=treatment)

    def set_comments_aside(self, comments: Sequence[UUID], reason: str) -> None:
        """Find that these are no comments on the posted result, with the reason, which their senders can read.

        What is answered stays so: OutOfOrder. What was set aside before is passed over.
        """
        chosen = self._known(comments)
        if not reason.strip():
            raise ReasonMissing(act="set-comments-aside")
        if any(self.comments[comment] is not None for comment in chosen):
            raise OutOfOrder(step="set-comments-aside", state="answered")
        for some in _portions([comment for comment in chosen if comment in self.unanswered]):
            self.trigger_event(self.CommentsSetAside, comments=some, reason=reason)

    def _known(self, comments: Sequence[UUID]) -> list[UUID]:
        """The comments, each once. NotFound without any, and for one that nobody made."""
        if not comments:
            raise NotFound(comment="")
        for comment in comments:
            if comment not in self.comments:
                raise NotFound(comment=comment)
        return list(dict.fromkeys(comments))

    def erasable_of(self, comment: UUID) -> UUID:
        """The subject whose key the comment is sealed under.

        NotFound for a comment that nobody made, NotErasable for one from before comments were sealed.
        """
        if comment not in self.comments:
            raise NotFound(comment=comment)
        if comment not in self.erasable:
            raise NotErasable(comment=comment)
        return self.erasable[comment]

    def agree(
        self,
        on: date,
        place: str,
        leader: Leader,
        attended: Sequence[Attended],
        record: MeetingRecord,
        *,
        outcome: Outcome | None,
        computed: Outcome | None,
        reason: str | None,
        today: date,
    ) -> None:
        """Record the meeting that agreed on the result: after the posting, with its opinions answered.

        `computed` is whether the sheet meets the conditions, None where that cannot be said; `outcome` is what the
        meeting found, None for just that. OutOfOrder before it may be held and where nobody says whether the commune
        meets, PostingUnfinished for a day within the posting, DayInTheFuture, AttendanceInvalid; ReasonMissing for
        another finding than the sheet's without a reason.
        """
        self._must_be(Stage.POSTED, step="agree")
        if self.unanswered:
            raise OutOfOrder(step="agree", state="comments-unanswered", reason="agree-unanswered")
        must_not_be_ahead(on, today, "on")
        if self.posted_until is not None and on <= self.posted_until:
            raise PostingUnfinished(reason="meeting", until=self.posted_until, field="on")
        check_attendance(attended)
        found = outcome or computed
        if found is None:
            raise OutOfOrder(step="agree", state="posted", reason="finding-missing", field="outcome")
        if computed is not None and found is not computed and not (reason or "").strip():
            raise ReasonMissing(act="agree")
        self.trigger_event(
            self.ResultAgreed,
            on=on,
            place=place,
            leader=leader,
            attended=tuple(attended),
            outcome=found,
            record=record,
            reason=((reason or "").strip() or None) if found is not computed else None,
        )

    def report(self, on: date, document_no: str, *, indicators: Collection[str]) -> None:
        """Send the report and the table of a commune that does not meet the conditions, after its meeting found so."""
        self._must_be_complete(indicators)
        self._must_be_agreed("report", Outcome.NOT_MET)
        must_not_end_early(self.agreed_on, on, "on", "agreed")
        self.trigger_event(self.Reported, on=on, document_no=document_no)

    def must_ask_for_recognition(self) -> None:
        """Raise OutOfOrder for a commune that reported that it does not meet the conditions."""
        if self.stage in (Stage.REPORTED, Stage.LISTED):
            raise OutOfOrder(step="appraise", state=self.stage, reason="not-meeting")

    def put_on_list(self, on: date, decision_no: str) -> None:
        """List the commune as not meeting the standard, by the chairman's decision; only one that reported so."""
        self._must_be(Stage.REPORTED, step="list")
        must_not_end_early(self.submitted_on, on, "on", "listed")
        self.trigger_event(self.Listed, on=on, decision_no=decision_no)

    def _must_be_agreed(self, step: str, outcome: Outcome) -> None:
        """Raise OutOfOrder before the commune's meeting, and when it found the other thing."""
        if self.stage is Stage.POSTED:
            raise OutOfOrder(step=step, state="posted", reason="not-agreed")
        self._must_be(Stage.AGREED, step=step)
        if self.agreed is not outcome:
            found = "agreed-met" if self.agreed is Outcome.MET else "agreed-not_met"
            raise OutOfOrder(step=step, state="agreed", reason=found)

    def submit(self, on: date, document_no: str, *, indicators: Collection[str], after_meeting: bool = False) -> None:
        """Send the dossier for appraisal: complete, posted to the end, comments answered or set aside.

        Only comments of the posting time count: what an old log took afterwards holds nothing up. `after_meeting`: the
        text of the year has the commune's meeting agree before.
        """
        self._must_be_complete(indicators)
        if after_meeting:
            self._must_be_agreed("submit", Outcome.MET)
            must_not_end_early(self.agreed_on, on, "on", "agreed")
        else:
            self._must_be(Stage.POSTED, step="submit")
        if self.posted_until is not None and on < self.posted_until:
            raise PostingUnfinished(until=self.posted_until)
        if self.unanswered:
            raise OutOfOrder(step="submit", state="comments-unanswered")
        self.trigger_event(self.Submitted, on=on, document_no=document_no)

    def return_indicator(self, indicator: str, reason: str, due: date) -> None:
        """Ask the commune to supplement one indicator by a day (619/2017: five working days).

        AlreadyReturned while it is there: what was asked and until when stands until the commune sends it back.
        """
        self._must_be(Stage.SUBMITTED, Stage.SUPPLEMENT, step="return")
        if returned := self.entry(indicator).returned:
            raise AlreadyReturned(indicator=indicator, due=returned.due)
        must_not_end_early(self.submitted_on, due, "due", "supplement")
        if not reason.strip():
            raise ReasonMissing(act="return", indicator=indicator)
        self.trigger_event(self.IndicatorReturned, indicator=indicator, reason=reason, due=due)

    def resubmit(self, on: date) -> None:
        """Send all returned indicators back; each must still be scored and supported, and have got something new.

        SupplementMissing names those that stand as they were returned.
        """
        self._must_be(Stage.SUPPLEMENT, step="resubmit")
        self._must_be_complete(self.returned)
        if untouched := tuple(code for code in self.returned if not self.entry(code).supplemented):
            raise SupplementMissing(indicators=untouched)
        self.trigger_event(self.Resubmitted, on=on, indicators=self.returned)

    @property
    def returned(self) -> tuple[str, ...]:
        """The indicators that the appraiser returned and that have not come back."""
        return tuple(code for code, entry in self.entries.items() if entry.returned)

    def must_be_with_the_appraiser(self) -> None:
        """Raise OutOfOrder before submission, ReturnsOutstanding while indicators are at the commune."""
        if self.returned:
            raise ReturnsOutstanding(indicators=self.returned)
        self._must_be(Stage.SUBMITTED, step="conclude-appraisal")

    def may_edit(self, indicator: str) -> bool:
        """Whether the commune may change this indicator now."""
        if self.stage is Stage.COLLECTING:
            return True
        return self.stage is Stage.SUPPLEMENT and self.entry(indicator).returned is not None

    def _must_be_editable(self, indicator: str) -> None:
        if not self.may_edit(indicator):
            raise AssessmentLocked(indicator=indicator, state=self.stage)

    def _must_have_room(self, indicator: str) -> None:
        if len(self.entry(indicator).evidence) >= EVIDENCE_LIMIT:
            raise TooMuchEvidence(indicator=indicator, limit=EVIDENCE_LIMIT)

    def _must_be(self, *stages: Stage, step: str) -> None:
        if self.stage not in stages:
            raise OutOfOrder(step=step, state=self.stage)

    def _must_be_complete(self, indicators: Collection[str]) -> None:
        unscored = tuple(code for code in indicators if not self.entry(code).is_scored)
        if unscored:
            raise IndicatorsUnscored(indicators=unscored)
        unsupported = tuple(code for code in indicators if not self.entry(code).is_supported)
        if unsupported:
            raise EvidenceMissing(indicators=unsupported)


def in_posting_time(on: date, until: date | None) -> bool:
    """Whether a comment of this day came before the posting ended."""
    return until is None or on <= until


def _portions(comments: Sequence[UUID]) -> Iterator[tuple[UUID, ...]]:
    """The comments as one fact after the other may hold them."""
    for start in range(0, len(comments), MANY):
        yield tuple(comments[start : start + MANY])


def assessment_stream(season: str, commune: str) -> StreamName:
    """The stream of a commune's dossier in a season."""
    return StreamName("assessment", season, commune)
