"""Reviews of recognitions: the ground, the people heard, the conclusion."""

from __future__ import annotations

from datetime import date
from uuid import UUID

from msgspec.structs import replace

from domain.fact import Recorded
from domain.official import Office
from domain.review import Degree, Ground, Reference, Review, Ruling, commune_and_number
from projections.fold import Projection, Row, RowPart


class ExplanationRow(RowPart, frozen=True):
    """What an official explained."""

    text: str
    on: date


class InquiryRow(RowPart, frozen=True):
    """Who was asked what, as holder of which position; their explanations in order."""

    official: UUID
    position: Office
    unit: str
    question: str
    due: date
    explanations: tuple[ExplanationRow, ...] = ()


class FindingRow(RowPart, frozen=True):
    """What was found, and the facts that show it."""

    text: str
    references: tuple[Reference, ...]


class ResponsibilityRow(RowPart, frozen=True):
    """How an official answers for an act."""

    official: UUID
    position: Office
    unit: str
    act: Reference
    degree: Degree
    basis: str


class NoteRow(RowPart, frozen=True):
    """A fact that the inspector marked; without a text a bookmark."""

    marked: Reference
    text: str | None


class ReviewRow(Row, frozen=True):
    """One review; `opened` and `last` are the positions of its first and its last fact, `*_by` who acted.

    `decision` is the number of the decision that is looked at.
    """

    season: str
    commune: str
    number: int
    ground: Ground
    statement: str
    document_no: str
    document_on: date
    opened_on: date
    references: tuple[Reference, ...]
    opened: int
    opened_by: str
    version: int
    last: int
    inquiries: dict[UUID, InquiryRow] = {}
    findings: tuple[FindingRow, ...] = ()
    responsibilities: tuple[ResponsibilityRow, ...] = ()
    notes: tuple[NoteRow, ...] = ()
    proposal: Ruling | None = None
    reason: str | None = None
    proposed_on: date | None = None
    ruling: Ruling | None = None
    decision_no: str | None = None
    concluded_on: date | None = None
    concluded_by: str | None = None
    differs_because: str | None = None
    decision: int = 1

    @property
    def is_open(self) -> bool:
        """Whether the chairman has not concluded it."""
        return self.ruling is None

    @property
    def asked(self) -> frozenset[str]:
        """Everybody who was asked to explain."""
        return frozenset(str(one.official) for one in self.inquiries.values())


REVIEWS = Projection("reviews", version=2, row=ReviewRow, scope=lambda row: row.season)


@REVIEWS.begins(Review.Opened)
def _opened(fact: Review.Opened, recorded: Recorded) -> ReviewRow:
    return ReviewRow(
        recorded.stream.season,
        fact.commune,
        commune_and_number(recorded.stream.subject)[1],
        fact.ground,
        fact.statement,
        fact.document_no,
        fact.document_on,
        fact.on,
        fact.references,
        recorded.position,
        recorded.actor,
        recorded.version,
        recorded.position,
        decision=fact.decision or 1,
    )


@REVIEWS.on(Review.OfficialAsked)
def _asked(row: ReviewRow, fact: Review.OfficialAsked, recorded: Recorded) -> ReviewRow:
    inquiry = InquiryRow(fact.official, fact.position, fact.unit, fact.question, fact.due)
    return _at(row, recorded, inquiries={**row.inquiries, fact.inquiry: inquiry})


@REVIEWS.on(Review.ExplanationGiven)
def _explained(row: ReviewRow, fact: Review.ExplanationGiven, recorded: Recorded) -> ReviewRow:
    inquiry = row.inquiries.get(fact.inquiry)
    if inquiry is None:  # a what-if may leave the question out
        return row
    inquiry = replace(inquiry, explanations=(*inquiry.explanations, ExplanationRow(fact.text, fact.on)))
    return _at(row, recorded, inquiries={**row.inquiries, fact.inquiry: inquiry})


@REVIEWS.on(Review.FindingRecorded)
def _found(row: ReviewRow, fact: Review.FindingRecorded, recorded: Recorded) -> ReviewRow:
    return _at(row, recorded, findings=(*row.findings, FindingRow(fact.text, fact.references)))


@REVIEWS.on(Review.ResponsibilityDetermined)
def _determined(row: ReviewRow, fact: Review.ResponsibilityDetermined, recorded: Recorded) -> ReviewRow:
    determined = ResponsibilityRow(fact.official, fact.position, fact.unit, fact.act, fact.degree, fact.basis)
    return _at(row, recorded, responsibilities=(*row.responsibilities, determined))


@REVIEWS.on(Review.NoteAdded)
def _noted(row: ReviewRow, fact: Review.NoteAdded, recorded: Recorded) -> ReviewRow:
    return _at(row, recorded, notes=(*row.notes, NoteRow(fact.marked, fact.text)))


@REVIEWS.on(Review.Proposed)
def _proposed(row: ReviewRow, fact: Review.Proposed, recorded: Recorded) -> ReviewRow:
    return _at(row, recorded, proposal=fact.ruling, reason=fact.reason, proposed_on=fact.on)


@REVIEWS.on(Review.Concluded)
def _concluded(row: ReviewRow, fact: Review.Concluded, recorded: Recorded) -> ReviewRow:
    return _at(
        row,
        recorded,
        ruling=fact.ruling,
        decision_no=fact.decision_no,
        concluded_on=fact.on,
        concluded_by=recorded.actor,
        differs_because=fact.reason,
    )


def _at(row: ReviewRow, recorded: Recorded, **changes: object) -> ReviewRow:
    return replace(row, version=recorded.version, last=recorded.position, **changes)
