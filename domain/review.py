"""The review of a recognition: why it was opened, who was heard, what was found, who answers for it, how it ended.

An inspector conducts it under a document that orders the inspection; the chairman concludes. A recognition is taken
back in no other way: what turns up after the decision opens a review, and never changes anything silently.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from uuid import UUID

from domain.days import must_not_end_early
from domain.errors import (
    DocumentMissing,
    FindingMissing,
    NotAsked,
    OutOfOrder,
    ReasonMissing,
    Unheard,
)
from domain.fact import Fact, FirstFact, Stream, StreamName
from domain.official import Office


class Ground(StrEnum):
    """Why a recognition is looked at again."""

    COMPLAINT = "complaint"
    LATE_VETO = "late-veto"
    FALSE_EVIDENCE = "false-evidence"
    FLAG = "flag"


class Degree(StrEnum):
    """How somebody answers for an act: for doing it, for taking part, for those they lead; or not at all."""

    DIRECT = "direct"
    SHARED = "shared"
    SUPERVISORY = "supervisory"
    NONE = "none"


class Ruling(StrEnum):
    """What is proposed, and what the chairman concludes."""

    CONFIRMED = "confirmed"
    REVOKED = "revoked"


@dataclass(frozen=True, slots=True)
class Reference:
    """A fact of the log that somebody points to: its stream, its version there, its position in the log."""

    stream: UUID
    kind: str
    version: int
    position: int


@dataclass(frozen=True, slots=True)
class Inquiry:
    """What an official was asked, by when to explain."""

    official: UUID
    due: date
    explained: bool = False


class Review(Stream):
    """One review of the recognition of one commune in one season."""

    TOPIC = "review"

    class Opened(FirstFact):
        """An inspector looks at the recognition again, on a ground; `document_no` and `document_on` order it.

        `decision` is the number of the decision that is looked at where it is not the first on the commune.
        """

        TOPIC = "review.opened"
        commune: str
        ground: Ground
        statement: str
        document_no: str
        document_on: date
        on: date
        references: tuple[Reference, ...]
        decision: int | None = None

    class OfficialAsked(Fact):
        """An official, who held `position` for `unit`, is to explain by a day."""

        TOPIC = "review.official-asked"
        inquiry: UUID
        official: UUID
        position: Office
        unit: str
        question: str
        due: date

        def apply(self, review: Review) -> None:
            review.inquiries[self.inquiry] = Inquiry(self.official, self.due)

    class ExplanationGiven(Fact):
        """The official who was asked explains; what is added later is another explanation."""

        TOPIC = "review.explanation-given"
        inquiry: UUID
        official: UUID
        text: str
        on: date

        def apply(self, review: Review) -> None:
            review.inquiries[self.inquiry] = Inquiry(self.official, review.inquiries[self.inquiry].due, explained=True)

    class FindingRecorded(Fact):
        """What the inspector holds to be so, and the facts that show it."""

        TOPIC = "review.finding-recorded"
        text: str
        references: tuple[Reference, ...]

        def apply(self, review: Review) -> None:
            review.findings += 1

    class ResponsibilityDetermined(Fact):
        """How an official answers for an act; `basis` is the article of the law that says so."""

        TOPIC = "review.responsibility-determined"
        official: UUID
        position: Office
        unit: str
        act: Reference
        degree: Degree
        basis: str

    class NoteAdded(Fact):
        """The inspector marked a fact; without a text it is a bookmark."""

        TOPIC = "review.note-added"
        marked: Reference
        text: str | None = None

    class Proposed(Fact):
        """The inspector's work is done: what the chairman is to conclude, and why."""

        TOPIC = "review.proposed"
        ruling: Ruling
        reason: str
        on: date

        def apply(self, review: Review) -> None:
            review.proposed = self.ruling
            review.reason = self.reason

    class Concluded(Fact):
        """The chairman confirmed the recognition or revoked it; other than proposed only with a reason."""

        TOPIC = "review.concluded"
        ruling: Ruling
        decision_no: str
        on: date
        reason: str | None = None

        def apply(self, review: Review) -> None:
            review.concluded = self.ruling

    def __init__(
        self,
        id: UUID,
        commune: str,
        ground: Ground,
        statement: str,
        document_no: str,
        document_on: date,
        on: date,
        references: tuple[Reference, ...],
        decision: int | None = None,
    ) -> None:
        self.commune = commune
        self.ground = ground
        self.statement = statement
        self.document_no = document_no
        self.document_on = document_on
        self.on = on
        self.references = references
        self.decision = decision or 1
        self.inquiries: dict[UUID, Inquiry] = {}
        self.findings = 0
        self.proposed: Ruling | None = None
        self.reason = ""
        self.concluded: Ruling | None = None

    def ask(self, inquiry: UUID, official: UUID, position: Office, unit: str, question: str, due: date) -> None:
        """Ask an official to explain by a day, after the review was opened."""
        self._must_go_on("ask-official")
        must_not_end_early(self.on, due, "due", "inquiry")
        self.trigger_event(
            self.OfficialAsked,
            inquiry=inquiry,
            official=official,
            position=position,
            unit=unit,
            question=stated(question, "ask-official"),
            due=due,
        )

    def explain(self, inquiry: UUID, official: UUID, text: str, on: date) -> None:
        """Record the explanation of who was asked, also after the day it was due; NotAsked for anybody else."""
        if self.concluded is not None:
            raise OutOfOrder(step="explain", state="review-concluded")
        if inquiry not in self.inquiries or self.inquiries[inquiry].official != official:
            raise NotAsked(inquiry=inquiry)
        self.trigger_event(
            self.ExplanationGiven, inquiry=inquiry, official=official, text=stated(text, "explain"), on=on
        )

    def find(self, text: str, references: Sequence[Reference]) -> None:
        """Record a finding; it may rest on what lies outside the log."""
        self._must_go_on("record-finding")
        self.trigger_event(self.FindingRecorded, text=stated(text, "record-finding"), references=tuple(references))

    def determine(
        self, official: UUID, position: Office, unit: str, act: Reference, degree: Degree, basis: str, today: date
    ) -> None:
        """Say how an official answers for an act. Unheard until they were asked and explained or let the day pass."""
        self._must_go_on("determine-responsibility")
        asked = [one for one in self.inquiries.values() if one.official == official]
        if not asked or any(_waited_for(one, today) for one in asked):
            raise Unheard(officials=(official,))
        self.trigger_event(
            self.ResponsibilityDetermined,
            official=official,
            position=position,
            unit=unit,
            act=act,
            degree=degree,
            basis=stated(basis, "determine-responsibility"),
        )

    def note(self, marked: Reference, text: str | None = None) -> None:
        """Mark a fact, with a note or without."""
        self._must_go_on("add-note")
        self.trigger_event(self.NoteAdded, marked=marked, text=(text or "").strip() or None)

    def propose(self, ruling: Ruling, reason: str, on: date, today: date) -> None:
        """End the inspection with a proposal. FindingMissing without any finding; Unheard while somebody may still
        explain.
        """
        self._must_go_on("propose")
        if not self.findings:
            raise FindingMissing
        if waiting := tuple(one.official for one in self.inquiries.values() if _waited_for(one, today)):
            raise Unheard(officials=waiting)
        self.trigger_event(self.Proposed, ruling=ruling, reason=stated(reason, "propose"), on=on)

    def conclude(self, ruling: Ruling, decision_no: str, on: date, reason: str | None = None) -> None:
        """End the review; other than proposed only with a reason."""
        if self.proposed is None or self.concluded is not None:
            raise OutOfOrder(step="conclude-review", state="review-concluded" if self.concluded else "not-proposed")
        given = (reason or "").strip() or None
        if ruling is not self.proposed and given is None:
            raise ReasonMissing(act="conclude-review", proposed=self.proposed)
        self.trigger_event(self.Concluded, ruling=ruling, decision_no=decision_no, on=on, reason=given)

    def _must_go_on(self, step: str) -> None:
        if self.proposed is not None:
            raise OutOfOrder(step=step, state="review-concluded" if self.concluded else "proposed")


#: How many decisions on one commune in one season can be reviewed on every ground.
REVIEWED_DECISIONS = 3


def document_given(document_no: str) -> str:
    """The number of the document that orders the inspection; DocumentMissing without one."""
    if not document_no.strip():
        raise DocumentMissing
    return document_no.strip()


def _waited_for(inquiry: Inquiry, today: date) -> bool:
    return not inquiry.explained and today <= inquiry.due


def stated(text: str, act: str) -> str:
    """The text, which must be there: ReasonMissing for this act without one."""
    if not text.strip():
        raise ReasonMissing(act=act)
    return text.strip()


def review_stream(season: str, commune: str, number: int) -> StreamName:
    """The stream of a commune's review in a season; reviews are numbered from 1."""
    return StreamName("review", season, f"{commune}-{number}")


def review_streams(season: str, commune: str) -> tuple[StreamName, ...]:
    """All that a commune can have in a season: one on each ground, of each of its first decisions."""
    return tuple(review_stream(season, commune, number) for number in range(1, len(Ground) * REVIEWED_DECISIONS + 1))


def commune_and_number(subject: str) -> tuple[str, int]:
    """What the subject of a review's stream says."""
    commune, _, number = subject.rpartition("-")
    return commune, int(number)
