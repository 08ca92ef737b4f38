"""A season: one assessment year under one rulebook, with its participants, assignments and deadlines.

Its name says the year, whether it is for practice, and which round (`season_name`). Planned, then every indicator gets
a lead, then opened. A season can be suspended, converted to another rulebook, cancelled (2025 was suspended in at least
one province), each with a reason and a document.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from enum import StrEnum
from itertools import pairwise
from typing import NamedTuple, Protocol
from uuid import UUID

from domain.days import must_not_end_early
from domain.errors import (
    CommuneWithdrawn,
    ContentsWithoutText,
    IndicatorsUnassigned,
    OutOfOrder,
    ParticipantsMissing,
    PeriodReversed,
    PositionUnsuitable,
    ReasonMissing,
    Refused,
    SeasonAlreadyOpen,
    SeasonNotOpen,
    TakesPartAlready,
    UnknownCommune,
    UnknownIndicator,
    YearOutOfRange,
)
from domain.fact import Fact, FirstFact, Stream, StreamName
from domain.official import COMMUNE_OFFICERS, Office
from domain.working_days import DayReading

#: What stands behind the year in the name of a practice round ("thử").
PRACTICE = "thu"

#: The names of seasons. A first round has no number; addresses may hold more digits than anybody reads.
NAME = re.compile(rf"(?P<year>-?[0-9]{{1,99}})(?P<practice>-{PRACTICE})?(?:-(?P<round>[2-9]|[1-9][0-9]{{1,98}}))?")

#: The first year that communes were assessed: Quyết định 09/2013/QĐ-TTg.
FIRST_YEAR = 2013


class Step(StrEnum):
    """A step with a deadline."""

    SCORED = "scored"
    POSTED = "posted"
    SUBMITTED = "submitted"
    APPRAISED = "appraised"
    VOTED = "voted"
    DECIDED = "decided"


class State(StrEnum):
    """Where a season stands."""

    PLANNED = "planned"
    OPEN = "open"
    SUSPENDED = "suspended"
    CANCELLED = "cancelled"
    CLOSED = "closed"


#: States after which a further round of the year may be planned.
HAS_ENDED = (State.CANCELLED, State.CLOSED)


@dataclass(frozen=True, slots=True)
class Participant:
    """A commune that takes part, and the code of the unit whose council and chairman decide on it."""

    commune: str
    decided_by: str


@dataclass(frozen=True, slots=True)
class Assignment:
    """Who leads an indicator in each commune, and who coordinates."""

    lead: Office
    coordinating: tuple[Office, ...]


@dataclass(frozen=True, slots=True)
class LeftOut:
    """Contents of the rulebook that a season does not ask, by the codes of their parts and conditions, and the document
    that decides so.
    """

    contents: tuple[str, ...]
    document_no: str
    document_on: date


@dataclass(frozen=True, slots=True)
class Deadline:
    """The last day of a step and the document that sets it; `outside_term_by` is the document that allows a day which
    the text of the year does not.
    """

    on: date
    basis: str
    outside_term_by: str = ""


@dataclass(frozen=True, slots=True)
class ChosenReading:
    """How a last day that falls on a day off is read: `on` is the day that counts for `day`."""

    day: date
    reading: DayReading
    on: date
    basis: str


class Season(Stream):
    """One assessment year of a province, a further round of it, or a round for practice."""

    TOPIC = "season"

    class Planned(FirstFact):
        """The year will be assessed under this rulebook by these communes."""

        TOPIC = "season.planned"
        year: int
        rulebook: str
        rulebook_sha256: str
        indicators: tuple[str, ...]
        participants: tuple[Participant, ...]

    class ParticipantAdded(Fact):
        """A commune takes part from now on, or again; in an open season its dossier begins with it."""

        TOPIC = "season.participant-added"
        commune: str
        decided_by: str
        reason: str
        document_no: str

        def apply(self, season: Season) -> None:
            season.withdrawn.pop(self.commune, None)
            season.participants[self.commune] = Participant(self.commune, self.decided_by)

    class ParticipantWithdrawn(Fact):
        """A commune takes no further part; what was recorded of it stays, and counts nowhere in the season."""

        TOPIC = "season.participant-withdrawn"
        commune: str
        reason: str
        document_no: str

        def apply(self, season: Season) -> None:
            season.withdrawn[self.commune] = season.participants.pop(self.commune)

    class IndicatorAssigned(Fact):
        """In every commune the indicator is led by one position; others coordinate."""

        TOPIC = "season.indicator-assigned"
        indicator: str
        lead: Office
        coordinating: tuple[Office, ...]
        decision_no: str | None = None

        def apply(self, season: Season) -> None:
            season.assignments[self.indicator] = Assignment(self.lead, self.coordinating)

    class DeadlineSet(Fact):
        """The last day of a step, the document that sets it, and the one that allows a day which the text does not."""

        TOPIC = "season.deadline-set"
        step: Step
        on: date
        basis: str
        outside_term_by: str = ""

        def apply(self, season: Season) -> None:
            season.deadlines[self.step] = Deadline(self.on, self.basis, self.outside_term_by)

    class ContentsLeftOut(Fact):
        """The season does without these contents, whose wording the rulebook does not have."""

        TOPIC = "season.contents-left-out"
        contents: tuple[str, ...]
        document_no: str
        document_on: date

        def apply(self, season: Season) -> None:
            season.left_out = LeftOut(self.contents, self.document_no, self.document_on)

    class ReadingChosen(Fact):
        """The step's last day `day` falls on a day off, and counts as `on` (Bộ luật Dân sự 2015, Điều 148 khoản 5).

        It holds while the step's last day is that very `day`.
        """

        TOPIC = "season.reading-chosen"
        step: Step
        day: date
        reading: DayReading
        on: date
        basis: str

        def apply(self, season: Season) -> None:
            season.readings[self.step] = ChosenReading(self.day, self.reading, self.on, self.basis)

    class Opened(Fact):
        """Communes may now enter data."""

        TOPIC = "season.opened"
        on: date

        def apply(self, season: Season) -> None:
            season.state = State.OPEN
            season.opened_on = self.on

    class Suspended(Fact):
        """Nothing may be entered or decided until the season is resumed."""

        TOPIC = "season.suspended"
        reason: str
        document_no: str

        def apply(self, season: Season) -> None:
            season.state = State.SUSPENDED

    class Resumed(Fact):
        """The season goes on where it was suspended, or closed: a decision may have been taken back since."""

        TOPIC = "season.resumed"
        reason: str
        document_no: str

        def apply(self, season: Season) -> None:
            season.state = State.OPEN

    class Converted(Fact):
        """The season goes on under another rulebook; indicators must be assigned anew."""

        TOPIC = "season.converted"
        rulebook: str
        rulebook_sha256: str
        indicators: tuple[str, ...]
        reason: str
        document_no: str

        def apply(self, season: Season) -> None:
            season.rulebook = self.rulebook
            season.rulebook_sha256 = self.rulebook_sha256
            season.indicators = self.indicators
            season.assignments = {}
            season.left_out = None
            season.state = State.PLANNED

    class RulebookCorrected(Fact):
        """The season goes on under another text of its rulebook; `indicators` are those of this text.

        A planned season follows the text that the province goes over to without a `reason` of its own. `still_left_out`
        are the contents that it does without from now on, where the text brings the wording of some.
        """

        TOPIC = "season.rulebook-corrected"
        rulebook_sha256: str
        former_sha256: str
        indicators: tuple[str, ...]
        reason: str
        document_no: str
        still_left_out: tuple[str, ...] | None = None

        def apply(self, season: Season) -> None:
            season.rulebook_sha256 = self.rulebook_sha256
            season.indicators = self.indicators
            season.assignments = {code: one for code, one in season.assignments.items() if code in self.indicators}
            season.left_out = narrowed(season.left_out, self.still_left_out)

    class Cancelled(Fact):
        """The year is not assessed."""

        TOPIC = "season.cancelled"
        reason: str
        document_no: str

        def apply(self, season: Season) -> None:
            season.state = State.CANCELLED

    class Closed(Fact):
        """The year's work is done."""

        TOPIC = "season.closed"
        on: date

        def apply(self, season: Season) -> None:
            season.state = State.CLOSED

    def __init__(
        self,
        id: UUID,
        year: int,
        rulebook: str,
        rulebook_sha256: str,
        indicators: tuple[str, ...],
        participants: tuple[Participant, ...],
    ) -> None:
        self.year = year
        self.rulebook = rulebook
        self.rulebook_sha256 = rulebook_sha256
        self.indicators = indicators
        self.participants = {one.commune: one for one in participants}
        self.withdrawn: dict[str, Participant] = {}
        self.assignments: dict[str, Assignment] = {}
        self.deadlines: dict[Step, Deadline] = {}
        self.readings: dict[Step, ChosenReading] = {}
        self.state = State.PLANNED
        self.opened_on: date | None = None
        self.left_out: LeftOut | None = None

    def add(self, commune: str, decided_by: str, reason: str, document_no: str) -> None:
        """Let a commune take part, by a document. TakesPartAlready, ReasonMissing, OutOfOrder."""
        self._must_be(State.PLANNED, State.OPEN)
        if commune in self.participants:
            raise TakesPartAlready(commune=commune, field="commune")
        self.trigger_event(
            self.ParticipantAdded,
            commune=commune,
            decided_by=decided_by,
            reason=_given(reason, "add-participant"),
            document_no=document_no,
        )

    def withdraw(self, commune: str, reason: str, document_no: str) -> None:
        """End a commune's part, by a document; whoever asks has seen that nothing was decided on it.

        UnknownCommune, CommuneWithdrawn, ReasonMissing, OutOfOrder.
        """
        self._must_be(State.PLANNED, State.OPEN)
        self.participant(commune)
        self.trigger_event(
            self.ParticipantWithdrawn,
            commune=commune,
            reason=_given(reason, "withdraw-participant"),
            document_no=document_no,
        )

    def assign(
        self,
        indicator: str,
        lead: Office,
        coordinating: Sequence[Office] = (),
        decision_no: str | None = None,
    ) -> None:
        """Give an indicator its lead; nothing happens when it is already so."""
        if indicator not in self.indicators:
            raise UnknownIndicator(indicator=indicator)
        for position in (lead, *coordinating):
            if position not in COMMUNE_OFFICERS:
                raise PositionUnsuitable(indicator=indicator, position=position)
        self._must_be(State.PLANNED, State.OPEN)
        if self.assignments.get(indicator) != Assignment(lead, tuple(coordinating)):
            self.trigger_event(
                self.IndicatorAssigned,
                indicator=indicator,
                lead=lead,
                coordinating=tuple(coordinating),
                decision_no=decision_no,
            )

    def set_deadlines(self, deadlines: Mapping[Step, Deadline]) -> None:
        """Set or move deadlines, each by a document; one that is already so is no fact.

        ReasonMissing; PeriodReversed where a step would end before an earlier one, as all of them will stand.
        """
        for step, deadline in deadlines.items():
            if not deadline.basis.strip():
                raise ReasonMissing(act="set-deadline", field=f"basis.{step}")
        self._must_be(State.PLANNED, State.OPEN)
        must_follow({**self.deadlines, **deadlines}, deadlines)
        for step, deadline in deadlines.items():
            if self.deadlines.get(step) != deadline:
                self.trigger_event(
                    self.DeadlineSet,
                    step=step,
                    on=deadline.on,
                    basis=deadline.basis,
                    outside_term_by=deadline.outside_term_by,
                )

    def choose_reading(self, step: Step, day: date, reading: DayReading, on: date, basis: str) -> None:
        """Say how a last day that falls on a day off is read, by a document; ReasonMissing without one."""
        if not basis.strip():
            raise ReasonMissing(act="choose-reading")
        self._must_be(State.PLANNED, State.OPEN)
        if self.readings.get(step) != ChosenReading(day, reading, on, basis):
            self.trigger_event(self.ReadingChosen, step=step, day=day, reading=reading, on=on, basis=basis)

    def read_day(self, step: Step, day: date) -> date:
        """What a last day of the step counts as; itself where no reading of it was chosen."""
        chosen = self.readings.get(step)
        return chosen.on if chosen and chosen.day == day else day

    @property
    def unassigned(self) -> tuple[str, ...]:
        """The indicators that nobody leads, in the rulebook's order."""
        return tuple(one for one in self.indicators if one not in self.assignments)

    def leave_out(self, contents: Collection[str], document_no: str, document_on: date) -> None:
        """Do without contents that have no text, by a document; nothing happens when it is already so."""
        self._must_be(State.PLANNED)
        if not document_no.strip():
            raise ReasonMissing(act="leave-out")
        left_out = LeftOut(tuple(contents), document_no, document_on)
        if self.left_out != left_out:
            self.trigger_event(
                self.ContentsLeftOut, contents=left_out.contents, document_no=document_no, document_on=document_on
            )

    def open(self, on: date, without_text: Collection[str] = ()) -> None:
        """Let the communes begin; `without_text` are the contents whose wording the rulebook does not have.

        SeasonAlreadyOpen for one that runs, and the first of its `hindrances`.
        """
        if self.state is State.OPEN:
            raise SeasonAlreadyOpen(on=self.opened_on)
        self._must_be(State.PLANNED)
        for hindrance in hindrances(self, without_text):
            raise hindrance
        self.trigger_event(self.Opened, on=on)

    def suspend(self, reason: str, document_no: str) -> None:
        """Stop all work in the season for a time."""
        self._must_be(State.OPEN)
        self.trigger_event(self.Suspended, reason=_given(reason, "suspend"), document_no=document_no)

    def resume(self, reason: str, document_no: str) -> None:
        """Go on after a suspension, or take a closed season up again."""
        self._must_be(State.SUSPENDED, State.CLOSED)
        self.trigger_event(self.Resumed, reason=_given(reason, "resume"), document_no=document_no)

    def convert(
        self, rulebook: str, rulebook_sha256: str, indicators: Collection[str], reason: str, document_no: str
    ) -> None:
        """Go on under another rulebook; only before any commune's work, or while suspended."""
        self._must_be(State.PLANNED, State.SUSPENDED)
        self.trigger_event(
            self.Converted,
            rulebook=rulebook,
            rulebook_sha256=rulebook_sha256,
            indicators=tuple(indicators),
            reason=_given(reason, "convert"),
            document_no=document_no,
        )

    def correct_rulebook(
        self,
        rulebook_sha256: str,
        indicators: Collection[str],
        reason: str,
        document_no: str,
        without_text: Collection[str] | None = None,
    ) -> None:
        """Go on under another text of the same rulebook. OutOfOrder when the season is over, or has this very text.

        `without_text` are the contents whose wording this text does not have: no other is left out any more.
        """
        self.must_be_correctable()
        if self.rulebook_sha256 == rulebook_sha256:
            raise OutOfOrder(reason="same-text", step="correct-rulebook", state="same-text")
        self._go_over(rulebook_sha256, indicators, _given(reason, "correct-rulebook"), document_no, without_text)

    def follows(self, rulebook: str) -> bool:
        """Whether the season goes over to another text of this rulebook with the province: it was never opened."""
        return self.state is State.PLANNED and self.opened_on is None and self.rulebook == rulebook

    def follow_rulebook(
        self, rulebook_sha256: str, indicators: Collection[str], document_no: str, without_text: Collection[str]
    ) -> None:
        """Before it is opened, go over to the text that the province goes over to; nothing happens when it has it.

        Who leads an indicator that the text lacks is forgotten; one that it adds has nobody, and keeps the season from
        being opened until somebody leads it.
        """
        if not self.follows(self.rulebook):
            raise OutOfOrder(reason="season", step="correct-rulebook", state=self.state)
        if self.rulebook_sha256 != rulebook_sha256:
            self._go_over(rulebook_sha256, indicators, "", document_no, without_text)

    def _go_over(
        self,
        rulebook_sha256: str,
        indicators: Collection[str],
        reason: str,
        document_no: str,
        without_text: Collection[str] | None,
    ) -> None:
        left_out = self.left_out.contents if self.left_out and without_text is not None else ()
        still = tuple(one for one in left_out if one in (without_text or ()))
        self.trigger_event(
            self.RulebookCorrected,
            rulebook_sha256=rulebook_sha256,
            former_sha256=self.rulebook_sha256,
            indicators=tuple(indicators),
            reason=reason,
            document_no=document_no,
            still_left_out=None if still == left_out else still,
        )

    def must_be_correctable(self) -> None:
        """Raise OutOfOrder once the season is closed or cancelled: it stays as it was judged."""
        if self.state in (State.CLOSED, State.CANCELLED):
            raise OutOfOrder(reason="season", step="correct-rulebook", state=self.state)

    def cancel(self, reason: str, document_no: str) -> None:
        """Give the year up."""
        self._must_be(State.PLANNED, State.OPEN, State.SUSPENDED)
        self.trigger_event(self.Cancelled, reason=_given(reason, "cancel"), document_no=document_no)

    def close(self, on: date) -> None:
        """End the year's work, not before it began."""
        self._must_be(State.OPEN)
        must_not_end_early(self.opened_on, on, "on", "season")
        self.trigger_event(self.Closed, on=on)

    @property
    def has_ended(self) -> bool:
        """Whether the season was given up or is done, so that its year may have a further round."""
        return self.state in HAS_ENDED

    def must_be_open(self) -> None:
        """Raise SeasonNotOpen unless work may go on."""
        if self.state is not State.OPEN:
            raise SeasonNotOpen(state=self.state)

    def ever_took_part(self, commune: str) -> Participant:
        """The commune's part in the season, also where it was withdrawn; UnknownCommune when it never had one."""
        return self.withdrawn.get(commune) or self.participant(commune)

    def participant(self, commune: str) -> Participant:
        """The commune's part in the season; CommuneWithdrawn when it has none any more, UnknownCommune when never."""
        if commune in self.withdrawn:
            raise CommuneWithdrawn(commune=commune)
        try:
            return self.participants[commune]
        except KeyError:
            raise UnknownCommune(commune=commune) from None

    def council_begins(self, sent: Iterable[date | None]) -> date | None:
        """The first day on which a council can meet on dossiers that were sent on these days.

        For one that is not sent yet it is the day on which the season was opened.
        """
        return max(filter(None, (day or self.opened_on for day in sent)), default=None)

    def _must_be(self, *states: State) -> None:
        if self.state not in states:
            raise OutOfOrder(reason="season", step="season", state=self.state)


class Planned(Protocol):
    """What the opening of a season rests on."""

    @property
    def participants(self) -> Mapping[str, object]: ...
    @property
    def unassigned(self) -> tuple[str, ...]: ...
    @property
    def left_out(self) -> LeftOut | None: ...


def hindrances(season: Planned, without_text: Collection[str]) -> tuple[Refused, ...]:
    """All that keeps a planned season from being opened; nothing where it may be.

    ParticipantsMissing; IndicatorsUnassigned names every indicator that nobody leads; ContentsWithoutText those of the
    rulebook's contents `without_text` that no document leaves out.
    """
    found: list[Refused] = []
    if not season.participants:
        found.append(ParticipantsMissing())
    if season.unassigned:
        found.append(IndicatorsUnassigned(indicators=season.unassigned))
    left_out = season.left_out.contents if season.left_out else ()
    if lacking := tuple(one for one in without_text if one not in left_out):
        found.append(ContentsWithoutText(contents=lacking))
    return tuple(found)


def must_follow(deadlines: Mapping[Step, Deadline], changed: Collection[Step]) -> None:
    """Raise PeriodReversed where a step ends before an earlier one; its field is that of a `changed` one."""
    for first, then in pairwise(step for step in Step if step in deadlines):
        if deadlines[then].on < deadlines[first].on:
            raise PeriodReversed(
                reason="deadline",
                field=f"on.{then if then in changed else first}",
                begins=deadlines[first].on,
                ends=deadlines[then].on,
            )


def narrowed(left_out: LeftOut | None, still: Collection[str] | None) -> LeftOut | None:
    """What a season does without once it does without no more than `still` (None: as before); None for nothing."""
    if left_out is None or still is None:
        return left_out
    return replace(left_out, contents=tuple(still)) if still else None


def possible_years(today: date) -> range:
    """The years that a season can be planned for: from the first under the standard to the next one."""
    return range(FIRST_YEAR, today.year + 2)


def possible_year(year: int, today: date) -> int:
    """The year that a season is planned for; YearOutOfRange for one that cannot be meant."""
    possible = possible_years(today)
    if year not in possible:
        raise YearOutOfRange(field="year", typed=str(year), first=str(possible[0]), last=str(possible[-1]))
    return year


def _given(reason: str, act: str) -> str:
    if not reason.strip():
        raise ReasonMissing(act=act)
    return reason


class SeasonName(NamedTuple):
    """What the name of a season says: its year, which round it is from 1, and whether it is for practice."""

    year: int
    round_no: int = 1
    practice: bool = False


def season_name(year: int, round_no: int = 1, *, practice: bool = False) -> str:
    """The name of a season: "2023", of a further round of its year "2023-2"; for practice "2023-thu", "2023-thu-2"."""
    rest = (PRACTICE,) if practice else ()
    return "-".join((str(year), *rest, *((str(round_no),) if round_no > 1 else ())))


def read_name(season: str) -> SeasonName | None:
    """What the name of a season says; None for what is no such name."""
    found = NAME.fullmatch(season)
    if found is None:
        return None
    return SeasonName(int(found["year"]), int(found["round"] or 1), found["practice"] is not None)


def is_practice(season: str) -> bool:
    """Whether the season of this name is for practice: recorded like any other, never published, counted nowhere."""
    name = read_name(season)
    return name is not None and name.practice


def must_count(season: str, step: str) -> None:
    """Raise OutOfOrder where a step is for what counts, and the season of this name is for practice."""
    if is_practice(season):
        raise OutOfOrder(step=step, state="practice")


def season_stream(season: str) -> StreamName:
    """The stream of a season, by its name (`season_name`)."""
    return StreamName("season", season, season)
