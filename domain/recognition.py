"""The chairman's decision on a commune: what was decided, on what it rests, its publication, its revocation.

One stream holds all decisions on a commune in a season, numbered from 1. There is a second one only after the first
was taken back, or after an appeal of a commune that was not recognised was upheld: the procedure is gone through anew
from the appraisal on, and the earlier decisions stay as they were recorded.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import ROUND_CEILING, ROUND_FLOOR, ROUND_HALF_UP, Decimal
from enum import StrEnum
from typing import TypeAlias
from uuid import UUID

from domain.days import must_not_end_early
from domain.errors import (
    AlreadyDecided,
    BasisMissing,
    DocumentMissing,
    NotARounding,
    NothingCorrected,
    OutOfOrder,
    ReasonMissing,
    ResultLeftOpen,
)
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


@dataclass(frozen=True, slots=True)
class Signer:
    """Who signed a decision: the official, and the mandate under which they did."""

    official: UUID
    mandate: UUID


class Recognition(Stream):
    """The decisions on one commune in one season; the attributes are those of the latest, `number` is its own."""

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

    class AppealUpheld(Fact):
        """A commune that was not recognised appealed, and was found to be right: it is to be decided on anew.

        `number` is that of the decision appealed against, which stands until there is another.
        """

        TOPIC = "recognition.appeal-upheld"
        number: int
        reason: str
        document_no: str
        on: date

        def apply(self, recognition: Recognition) -> None:
            recognition.upheld_on = self.on

    class DecidedAgain(Fact):
        """A new decision, of this `number`, in the place of the one before. Its other fields are those of `Decided`."""

        TOPIC = "recognition.decided-again"
        number: int
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

        def apply(self, recognition: Recognition) -> None:
            recognition.number = self.number
            recognition.result = self.result
            recognition.decision_no = self.decision_no
            recognition.on = self.on
            recognition.rulebook = self.rulebook
            recognition.rulebook_sha256 = self.rulebook_sha256
            recognition.computed = self.computed
            recognition.state_sha256 = self.state_sha256
            recognition.relied_on = self.relied_on
            recognition.voted = self.voted
            recognition.reason = self.reason
            recognition.basis = self.basis
            recognition.signer = None
            recognition.signed_on = None
            recognition.published_on = None
            recognition.revoked_on = None
            recognition.upheld_on = None
            recognition.published_total = None

    class Corrected(Fact):
        """A slip of the pen in the decision of this `number` was corrected by a document: its own number, its day, or
        who signed it. What is None was right. The result is never corrected so.
        """

        TOPIC = "recognition.corrected"
        number: int
        reason: str
        document_no: str
        on: date
        decision_no: str | None = None
        decided_on: date | None = None
        signer: Signer | None = None

        def apply(self, recognition: Recognition) -> None:
            recognition.decision_no = self.decision_no or recognition.decision_no
            recognition.on = self.decided_on or recognition.on
            recognition.signer = self.signer or recognition.signer

    class PublishedTotalNoted(Fact):
        """Others published the total of the decision of this `number` rounded: `total`, with the decimals that they
        wrote, instead of `exact`. `published_by` is who did, in the document of this number and day. A further fact
        takes the place of the one before; nothing is ever judged by it.
        """

        TOPIC = "recognition.published-total-noted"
        number: int
        total: Decimal
        exact: Decimal
        published_by: str
        document_no: str
        on: date

        def apply(self, recognition: Recognition) -> None:
            recognition.published_total = self.total

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
        self.number = 1
        self.signer: Signer | None = None
        self.signed_on: date | None = None
        self.published_on: date | None = None
        self.revoked_on: date | None = None
        self.upheld_on: date | None = None
        self.published_total: Decimal | None = None

    @property
    def may_be_decided_again(self) -> bool:
        """Whether the latest decision was taken back, or an appeal against it was upheld."""
        return self.revoked_on is not None or self.upheld_on is not None

    def must_be_open_to_another(self) -> None:
        """Raise AlreadyDecided while the latest decision stands."""
        if not self.may_be_decided_again:
            raise AlreadyDecided(commune=self.commune)

    def relied_version(self, kind: str) -> int:
        """How far the latest decision relied on a stream of this kind; 0 where on none."""
        return max((one.version for one in self.relied_on if one.kind == kind), default=0)

    def decide_again(
        self,
        result: Result,
        decision_no: str,
        on: date,
        *,
        rulebook: str,
        rulebook_sha256: str,
        computed: Result | None,
        state_sha256: str,
        relied_on: tuple[ReliedOn, ...],
        voted: Result | None = None,
        reason: str | None = None,
        basis: str | None = None,
    ) -> None:
        """Decide anew in the place of a decision that stands no longer, or was successfully appealed against.

        AlreadyDecided while the earlier stands. BasisMissing unless the appraisal was concluded anew since: what was
        wrong once is not decided on once more as it was.
        """
        self.must_be_open_to_another()
        appraised = max((one.version for one in relied_on if one.kind == "appraisal"), default=0)
        if appraised <= self.relied_version("appraisal"):
            raise BasisMissing(missing="new-appraisal", reason="new-appraisal", commune=self.commune)
        must_not_end_early(max(filter(None, (self.revoked_on, self.upheld_on))), on, "on", "decided-again")
        self.trigger_event(
            self.DecidedAgain,
            number=self.number + 1,
            commune=self.commune,
            result=result,
            decision_no=decision_no,
            on=on,
            rulebook=rulebook,
            rulebook_sha256=rulebook_sha256,
            computed=computed,
            state_sha256=state_sha256,
            relied_on=relied_on,
            voted=voted,
            reason=reason,
            basis=basis,
        )

    def uphold_appeal(self, reason: str, document_no: str, on: date) -> None:
        """Find an appeal of a commune that was not recognised right, by a document: once for each decision."""
        if self.result is not Result.NOT_RECOGNISED or self.upheld_on is not None:
            state = "recognised" if self.result is Result.RECOGNISED else "appeal-upheld"
            raise OutOfOrder(step="uphold-appeal", state=state)
        must_not_end_early(self.on, on, "on", "appealed")
        self.trigger_event(
            self.AppealUpheld,
            number=self.number,
            reason=_given(reason, "uphold-appeal"),
            document_no=_document(document_no),
            on=on,
        )

    def correct(
        self,
        reason: str,
        document_no: str,
        on: date,
        calendar: Calendar,
        *,
        decision_no: str | None = None,
        decided_on: date | None = None,
        signer: Signer | None = None,
    ) -> None:
        """Correct a slip in the number, the day or the signer, by a document. What already is so is not corrected.

        NothingCorrected when nothing would change; PeriodReversed for a day that what came after contradicts.
        """
        number = (decision_no or "").strip() or None
        number = None if number == self.decision_no else number
        day = None if decided_on == self.on else decided_on
        who = None if signer == self.signer else signer
        if number is None and day is None and who is None:
            raise NothingCorrected
        if day is not None:
            self._must_have_been_possible(day, calendar)
        must_not_end_early(day or self.on, on, "on", "corrected")
        self.trigger_event(
            self.Corrected,
            number=self.number,
            reason=_given(reason, "correct-decision"),
            document_no=_document(document_no),
            on=on,
            decision_no=number,
            decided_on=day,
            signer=who,
        )

    def note_published_total(
        self, total: Decimal, exact: Decimal, published_by: str, document_no: str, on: date
    ) -> None:
        """Note the rounded total that others published, beside the exact one; again to correct what was noted.

        NotARounding unless it is one; OutOfOrder when the decision stands no longer, for the dossier may be another
        one since.
        """
        if self.may_be_decided_again:
            state = "revoked" if self.revoked_on is not None else "appeal-upheld"
            raise OutOfOrder(step="note-published-total", state=state)
        must_round(total, exact)
        self.trigger_event(
            self.PublishedTotalNoted,
            number=self.number,
            total=total,
            exact=exact,
            published_by=published_by.strip(),
            document_no=_document(document_no),
            on=on,
        )

    def _must_have_been_possible(self, day: date, calendar: Calendar) -> None:
        """Raise PeriodReversed when the decision cannot be of this day: it was signed, published or revoked before."""
        if self.signed_on is not None and self.signed_on < day:
            must_not_end_early(calendar.before(day), self.signed_on, "decided_on", "signed")
        must_not_end_early(day, self.published_on, "decided_on", "published")
        must_not_end_early(day, self.revoked_on, "decided_on", "revoked")

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


#: The facts that are decisions: the first, and those in its place.
Decision: TypeAlias = Recognition.Decided | Recognition.DecidedAgain


def _given(reason: str, act: str) -> str:
    if not reason.strip():
        raise ReasonMissing(act=act)
    return reason.strip()


def _document(document_no: str) -> str:
    if not document_no.strip():
        raise DocumentMissing
    return document_no.strip()


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


def must_round(total: Decimal, exact: Decimal) -> None:
    """Raise NotARounding unless `total` is `exact` rounded half up, up or down to fewer decimals."""
    decimals, more = _decimals(total), _decimals(exact.normalize())
    modes = (ROUND_HALF_UP, ROUND_CEILING, ROUND_FLOOR)
    if not 0 <= decimals < more or all(exact.quantize(Decimal(1).scaleb(-decimals), mode) != total for mode in modes):
        raise NotARounding(field="total", typed=total, exact=exact)


def _decimals(number: Decimal) -> int:
    """How many decimals are written; -1 for what is no number."""
    exponent = number.as_tuple().exponent
    return -exponent if isinstance(exponent, int) else -1


def recognition_stream(season: str, commune: str) -> StreamName:
    """The stream of the decisions on a commune in a season."""
    return StreamName("recognition", season, commune)
