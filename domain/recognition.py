"""The chairman's decision on a commune: what was decided, on what it rests, its publication, its revocation."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from uuid import UUID

from domain.days import must_not_end_early
from domain.errors import OutOfOrder, ReasonMissing, ResultLeftOpen
from domain.fact import Fact, FirstFact, Stream, StreamName
from domain.working_days import Calendar


class Result(StrEnum):
    """What the chairman decided."""

    RECOGNISED = "recognised"
    NOT_RECOGNISED = "not-recognised"


@dataclass(frozen=True, slots=True)
class ReliedOn:
    """A stream that the decision rests on, as it stood: up to this version, whose leaf has this hash."""

    stream: UUID
    kind: str
    version: int
    leaf_hash: str


class Recognition(Stream):
    """The decision on one commune in one season."""

    TOPIC = "recognition"

    class Decided(FirstFact):
        """Recognised or not; `computed` is what the rules give, `voted` what the council advised (absent where the
        rulebook needs no council). A result other than either carries the chairman's written reason. Where `computed`
        is None the rules left the result open; then `basis` names what a recognition rests on instead.
        """

        TOPIC = "recognition.decided"
        commune: str
        result: Result
        decision_no: str
        on: date
        rulebook: str
        rulebook_sha256: str
        computed: Result | None
        state_sha256: str
        relied_on: tuple[ReliedOn, ...]
        voted: Result | None = None
        reason: str | None = None
        basis: str | None = None

    class Signed(Fact):
        """The decision document was signed; `sha256` is the hash of the document's bytes."""

        TOPIC = "recognition.signed"
        on: date
        sha256: str

        def apply(self, recognition: Recognition) -> None:
            recognition.signed_on = self.on

    class Published(Fact):
        """The decision stands on the public page from this day."""

        TOPIC = "recognition.published"
        on: date
        place: str

        def apply(self, recognition: Recognition) -> None:
            recognition.published_on = self.on

    class Revoked(Fact):
        """The recognition was taken back, by the conclusion of the review of this number."""

        TOPIC = "recognition.revoked"
        ground: str
        decision_no: str
        on: date
        review: int | None = None

        def apply(self, recognition: Recognition) -> None:
            recognition.revoked_on = self.on

    def __init__(
        self,
        id: UUID,
        commune: str,
        result: Result,
        decision_no: str,
        on: date,
        rulebook: str,
        rulebook_sha256: str,
        computed: Result | None,
        state_sha256: str,
        relied_on: tuple[ReliedOn, ...],
        voted: Result | None = None,
        reason: str | None = None,
        basis: str | None = None,
    ) -> None:
        self.commune = commune
        self.result = result
        self.decision_no = decision_no
        self.on = on
        self.rulebook = rulebook
        self.rulebook_sha256 = rulebook_sha256
        self.computed = computed
        self.state_sha256 = state_sha256
        self.relied_on = relied_on
        self.voted = voted
        self.reason = reason
        self.basis = basis
        self.signed_on: date | None = None
        self.published_on: date | None = None
        self.revoked_on: date | None = None

    def sign(self, on: date, sha256: str, calendar: Calendar) -> None:
        """Record the signed document.

        What was signed gets its number and day the same day, or the next working day (30/2020/NĐ-CP, Điều 18), so the
        signature is no older than the last working day before the decision.
        """
        if self.signed_on is not None:
            raise OutOfOrder(step="sign", state="signed")
        if on < self.on:
            must_not_end_early(calendar.before(self.on), on, "on", "signed")
        self.trigger_event(self.Signed, on=on, sha256=sha256)

    def publish(self, on: date, place: str) -> None:
        """Publish the decision, once it is signed and its day has come."""
        if self.signed_on is None or self.published_on is not None:
            raise OutOfOrder(step="publish", state="published" if self.published_on else "unsigned")
        must_not_end_early(max(self.on, self.signed_on), on, "on", "published")
        self.trigger_event(self.Published, on=on, place=place)

    def revoke(self, ground: str, decision_no: str, on: date, review: int | None = None) -> None:
        """Take a recognition back, with the ground and the decision that a review ended with."""
        if self.result is not Result.RECOGNISED or self.revoked_on is not None:
            raise OutOfOrder(step="revoke", state="revoked" if self.revoked_on else "not-recognised")
        if not ground.strip():
            raise ReasonMissing(act="revoke")
        must_not_end_early(self.on, on, "on", "revoked")
        self.trigger_event(self.Revoked, ground=ground, decision_no=decision_no, on=on, review=review)


def differs(result: Result, computed: Result | None, voted: Result | None) -> bool:
    """Whether a decision is another one than the rules give, or than the council advised."""
    return any(other is not None and result is not other for other in (computed, voted))


def reason_to_differ(
    result: Result, computed: Result | None, voted: Result | None, reason: str | None, basis: str | None = None
) -> str | None:
    """The chairman's reason, which must be there when the result differs from the vote or from the rules.

    Where the rules leave the result open (`computed` is None) there must be a reason in any case, and a recognition
    must name the document that it rests on instead, for a commune is recognised only when all conditions are shown to
    hold: ResultLeftOpen.
    """
    given = (reason or "").strip()
    if computed is None and not (given and (result is Result.NOT_RECOGNISED or (basis or "").strip())):
        raise ResultLeftOpen(act="decide", result=result)
    if not given and differs(result, computed, voted):
        raise ReasonMissing(act="decide", computed=computed, voted=voted)
    return given or None


def recognition_stream(season: str, commune: str) -> StreamName:
    """The stream of the decision on a commune in a season: there is only one."""
    return StreamName("recognition", season, commune)
