"""The register of recognised communes: since when, by which decision, and which recognition was revoked."""

from __future__ import annotations

from datetime import date

from msgspec.structs import replace

from domain.fact import Recorded
from domain.recognition import Recognition, Result, differs
from projections.fold import Projection, Row


class RegisterRow(Row, frozen=True):
    """The decision on one commune in one season; nobody outside sees it before `published_on`.

    `review` is the number of the review that ended with taking it back.
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


REGISTER = Projection("register", version=3, row=RegisterRow, scope=lambda row: row.season)


@REGISTER.begins(Recognition.Decided)
def _decided(fact: Recognition.Decided, recorded: Recorded) -> RegisterRow:
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
    )


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
