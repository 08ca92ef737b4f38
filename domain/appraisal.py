"""The appraisal of a commune's dossier: which evidence was opened, each indicator's value, the conclusion."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import StrEnum
from uuid import UUID

from domain.errors import (
    IndicatorsUnappraised,
    OutOfOrder,
    ReasonMissing,
    ResultLeftOpen,
    ScoreAboveMaximum,
    ScoreBelowMinimum,
)
from domain.fact import Fact, FirstFact, Stream, StreamName
from domain.measure import Outcome


class Proposal(StrEnum):
    """What the appraiser proposes to the council and the chairman."""

    RECOGNISE = "recognise"
    NOT_RECOGNISE = "not-recognise"


@dataclass(frozen=True, slots=True)
class Appraised:
    """The appraiser's value of an indicator: `seen` is the version of the dossier that it was formed on, `given` the
    version of the appraisal at which it was given.
    """

    points: Decimal | None
    outcome: Outcome | None
    reason: str | None
    seen: int
    given: int

    @property
    def value(self) -> Decimal | Outcome | None:
        """Points or outcome, whichever the rulebook uses."""
        return self.outcome if self.points is None else self.points


class Appraisal(Stream):
    """The appraisal of one commune in one season."""

    TOPIC = "appraisal"

    class Started(FirstFact):
        """The appraiser took the submitted dossier up."""

        TOPIC = "appraisal.started"
        commune: str

    class EvidenceOpened(Fact):
        """The appraiser opened a file. Kept because responsibility asks whether it was looked at."""

        TOPIC = "appraisal.evidence-opened"
        indicator: str
        evidence: UUID

        def apply(self, appraisal: Appraisal) -> None:
            appraisal.opened.add(self.evidence)

    class IndicatorAppraised(Fact):
        """The appraiser's value; `seen` is the dossier version it was formed on, `proposed_*` the commune's value."""

        TOPIC = "appraisal.indicator-appraised"
        indicator: str
        seen: int
        points: Decimal | None = None
        outcome: Outcome | None = None
        proposed_points: Decimal | None = None
        proposed_outcome: Outcome | None = None
        reason: str | None = None

        def apply(self, appraisal: Appraisal) -> None:
            appraisal.values[self.indicator] = Appraised(
                self.points, self.outcome, self.reason, self.seen, self.originator_version
            )

    class Concluded(Fact):
        """The appraiser proposes a result; other than the computed one only with a reason.

        Where `computed` is None the rules left the result open; then `basis` names what a proposal to recognise
        rests on instead.
        """

        TOPIC = "appraisal.concluded"
        on: date
        proposal: Proposal
        computed: Proposal | None
        reason: str | None = None
        basis: str | None = None

        def apply(self, appraisal: Appraisal) -> None:
            appraisal.proposal = self.proposal

    class Resumed(Fact):
        """A concluded appraisal was taken up again, before any decision, with a reason."""

        TOPIC = "appraisal.resumed"
        reason: str

        def apply(self, appraisal: Appraisal) -> None:
            appraisal.proposal = None

    def __init__(self, id: UUID, commune: str) -> None:
        self.commune = commune
        self.opened: set[UUID] = set()
        self.values: dict[str, Appraised] = {}
        self.proposal: Proposal | None = None

    def open_evidence(self, indicator: str, evidence: UUID) -> None:
        """Record that the appraiser opened a file; only the first time counts."""
        if evidence not in self.opened:
            self.trigger_event(self.EvidenceOpened, indicator=indicator, evidence=evidence)

    def appraise(
        self,
        indicator: str,
        points: Decimal,
        *,
        proposed: Decimal | None,
        minimum: Decimal,
        maximum: Decimal,
        seen: int,
        reason: str | None = None,
    ) -> None:
        """Give the appraised points; other than proposed only with a reason."""
        self._must_go_on()
        if points > maximum:
            raise ScoreAboveMaximum(indicator=indicator, points=points, maximum=maximum)
        if points < minimum:
            raise ScoreBelowMinimum(indicator=indicator, points=points, minimum=minimum)
        _reason_when_different(points, proposed, reason, indicator)
        self.trigger_event(
            self.IndicatorAppraised,
            indicator=indicator,
            seen=seen,
            points=points,
            proposed_points=proposed,
            reason=reason or None,
        )

    def rate(
        self,
        indicator: str,
        outcome: Outcome,
        *,
        proposed: Outcome | None,
        seen: int,
        reason: str | None = None,
    ) -> None:
        """Give met or not met (27/2025); other than proposed only with a reason."""
        self._must_go_on()
        _reason_when_different(outcome, proposed, reason, indicator)
        self.trigger_event(
            self.IndicatorAppraised,
            indicator=indicator,
            seen=seen,
            outcome=outcome,
            proposed_outcome=proposed,
            reason=reason or None,
        )

    def conclude(
        self,
        on: date,
        proposal: Proposal | None,
        *,
        computed: Proposal | None,
        changed: Mapping[str, int],
        reason: str | None = None,
        basis: str | None = None,
    ) -> None:
        """Propose a result, by default the computed one. `changed` gives every indicator's last change in the dossier:
        each must have been appraised since, else IndicatorsUnappraised names it.

        Where the rules leave the result open (`computed` is None) any proposal needs a reason, and one to recognise
        also the document that it rests on: ResultLeftOpen.
        """
        self._must_go_on()
        behind = tuple(
            code for code, version in changed.items() if code not in self.values or self.values[code].seen < version
        )
        if behind:
            raise IndicatorsUnappraised(indicators=behind)
        proposal = proposal or computed
        given, named = (reason or "").strip(), (basis or "").strip()
        if proposal is None or (computed is None and not (given and (proposal is Proposal.NOT_RECOGNISE or named))):
            raise ResultLeftOpen(act="conclude-appraisal", result=proposal)
        if proposal is not computed and not given:
            raise ReasonMissing(act="conclude-appraisal", computed=computed)
        self.trigger_event(
            self.Concluded,
            on=on,
            proposal=proposal,
            computed=computed,
            reason=reason or None,
            basis=named or None,
        )

    def resume(self, reason: str) -> None:
        """Take a concluded appraisal up again."""
        if self.proposal is None:
            raise OutOfOrder(step="resume-appraisal", state="not-concluded")
        if not reason.strip():
            raise ReasonMissing(act="resume-appraisal")
        self.trigger_event(self.Resumed, reason=reason)

    def _must_go_on(self) -> None:
        if self.proposal is not None:
            raise OutOfOrder(step="appraise", state="concluded")


def _reason_when_different(value: object, proposed: object, reason: str | None, indicator: str) -> None:
    if value != proposed and not (reason or "").strip():
        raise ReasonMissing(act="appraise", indicator=indicator)


def appraisal_stream(season: str, commune: str) -> StreamName:
    """The stream of the appraisal of a commune's dossier in a season."""
    return StreamName("appraisal", season, commune)
