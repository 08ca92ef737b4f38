"""The register of recognised communes: since when, by which decision, and which recognition was revoked."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

from msgspec.structs import replace

from domain.fact import Recorded
from domain.recognition import Decision, Recognition, Result, Signer, differs
from projections.fold import Projection, Row, RowPart


class Correction(RowPart, frozen=True):
    """A correction: the document that made it, and what was written before; None where that was right.

    `signed_by_another` says that somebody else is named as the signer since.
    """

    document_no: str
    on: date
    reason: str
    decision_no: str | None
    decided_on: date | None
    signed_by_another: bool


class PublishedTotal(RowPart, frozen=True):
    """The rounded total that others published instead of the `exact` one: who, in which document of which day."""

    total: Decimal
    exact: Decimal
    published_by: str
    document_no: str
    on: date


class RegisterRow(Row, frozen=True):
    """The latest decision on one commune in one season; nobody outside sees it before `published_on`.

    `review` is the number of the review that ended with taking it back. Number, day and signer are as corrected, and
    `corrections` say what was written before. `earlier` are the decisions before this one, as they ended.
    """

    season: str
    commune: str
    result: Result
    decision_no: str
    decided_on: date
    rulebook: str
    rulebook_sha256: str
    state_sha256: str
    version: int
    computed: Result | None
    voted: Result | None = None
    reason: str | None = None
    signed_on: date | None = None
    document_sha256: str | None = None
    published_on: date | None = None
    place: str | None = None
    revoked_on: date | None = None
    revocation_no: str | None = None
    ground: str | None = None
    review: int | None = None
    basis: str | None = None
    number: int = 1
    position: int = 0
    upheld_on: date | None = None
    appeal_no: str | None = None
    signer: Signer | None = None
    corrections: tuple[Correction, ...] = ()
    earlier: tuple[RegisterRow, ...] = ()
    published_total: PublishedTotal | None = None

    @property
    def public(self) -> RegisterRow | None:
        """The latest decision that was published: another one is nobody's business outside before it is."""
        return next((one for one in (self, *reversed(self.earlier)) if one.is_public), None)

    def of_number(self, number: int) -> RegisterRow:
        """The decision of this number, which there must be."""
        return next(one for one in (self, *self.earlier) if one.number == number)

    @property
    def may_be_decided_again(self) -> bool:
        """Whether the decision was taken back, or an appeal against it was upheld."""
        return self.revoked_on is not None or self.upheld_on is not None

    @property
    def stands(self) -> bool:
        """Whether the commune is recognised, and that was not taken back."""
        return self.result is Result.RECOGNISED and self.revoked_on is None

    @property
    def differs(self) -> bool:
        """Whether the chairman decided otherwise than the rules or the vote; a reason may be there all the same."""
        return differs(self.result, self.computed, self.voted)

    @property
    def is_public(self) -> bool:
        """Whether the decision stands on the public page."""
        return self.published_on is not None


REGISTER = Projection("register", version=4, row=RegisterRow, scope=lambda row: row.season)


@REGISTER.begins(Recognition.Decided)
def _decided(fact: Recognition.Decided, recorded: Recorded) -> RegisterRow:
    return _row(fact, recorded)


def _row(fact: Decision, recorded: Recorded) -> RegisterRow:
    return RegisterRow(
        recorded.stream.season,
        fact.commune,
        fact.result,
        fact.decision_no,
        fact.on,
        fact.rulebook,
        fact.rulebook_sha256,
        fact.state_sha256,
        recorded.version,
        fact.computed,
        fact.voted,
        fact.reason,
        basis=fact.basis,
        position=recorded.position,
    )


@REGISTER.on(Recognition.DecidedAgain)
def _decided_again(row: RegisterRow, fact: Recognition.DecidedAgain, recorded: Recorded) -> RegisterRow:
    earlier = (*row.earlier, replace(row, earlier=()))
    return replace(_row(fact, recorded), number=fact.number, earlier=earlier)


@REGISTER.on(Recognition.AppealUpheld)
def _upheld(row: RegisterRow, fact: Recognition.AppealUpheld, recorded: Recorded) -> RegisterRow:
    return replace(row, version=recorded.version, upheld_on=fact.on, appeal_no=fact.document_no)


@REGISTER.on(Recognition.Corrected)
def _corrected(row: RegisterRow, fact: Recognition.Corrected, recorded: Recorded) -> RegisterRow:
    made = Correction(
        fact.document_no,
        fact.on,
        fact.reason,
        row.decision_no if fact.decision_no else None,
        row.decided_on if fact.decided_on else None,
        signed_by_another=fact.signer is not None,
    )
    return replace(
        row,
        version=recorded.version,
        decision_no=fact.decision_no or row.decision_no,
        decided_on=fact.decided_on or row.decided_on,
        signer=fact.signer or row.signer,
        corrections=(*row.corrections, made),
    )


@REGISTER.on(Recognition.PublishedTotalNoted)
def _published_total(row: RegisterRow, fact: Recognition.PublishedTotalNoted, recorded: Recorded) -> RegisterRow:
    noted = PublishedTotal(fact.total, fact.exact, fact.published_by, fact.document_no, fact.on)
    return replace(row, version=recorded.version, published_total=noted)


@REGISTER.on(Recognition.Signed)
def _signed(row: RegisterRow, fact: Recognition.Signed, recorded: Recorded) -> RegisterRow:
    return replace(row, version=recorded.version, signed_on=fact.on, document_sha256=fact.sha256)


@REGISTER.on(Recognition.Published)
def _published(row: RegisterRow, fact: Recognition.Published, recorded: Recorded) -> RegisterRow:
    return replace(row, version=recorded.version, published_on=fact.on, place=fact.place)


@REGISTER.on(Recognition.Revoked)
def _revoked(row: RegisterRow, fact: Recognition.Revoked, recorded: Recorded) -> RegisterRow:
    return replace(
        row,
        version=recorded.version,
        revoked_on=fact.on,
        revocation_no=fact.decision_no,
        ground=fact.ground,
        review=fact.review,
    )
