"""Seasons: their communes, rulebook, deadlines, and who leads which indicator."""

from __future__ import annotations

from datetime import date, datetime

from msgspec.structs import replace

from domain.fact import Recorded
from domain.season import (
    HAS_ENDED,
    Assignment,
    ChosenReading,
    Deadline,
    LeftOut,
    Season,
    State,
    Step,
    is_practice,
    narrowed,
    read_name,
)
from projections.fold import Projection, Row, RowPart, everything_together


class Notice(RowPart, frozen=True):
    """Why the season was last suspended, resumed, converted or cancelled, and the document that says so."""

    state: State
    reason: str
    document_no: str
    at: datetime


class Withdrawal(RowPart, frozen=True):
    """A commune that takes no further part: who would have decided on it, and by what it was withdrawn."""

    decided_by: str
    reason: str
    document_no: str
    at: datetime


class SeasonRow(Row, frozen=True):
    """A season; `participants` maps each commune to the unit whose chairman decides on it.

    `corrected` is why it went over to the text that it has, `corrections` tells it of each text, by its hash. `added`
    are the indicators that a correction brought once work had begun, each with the hash of its text.
    """

    season: str
    year: int
    rulebook: str
    rulebook_sha256: str
    indicators: tuple[str, ...]
    participants: dict[str, str]
    version: int
    state: State = State.PLANNED
    assignments: dict[str, Assignment] = {}
    deadlines: dict[Step, Deadline] = {}
    readings: dict[Step, ChosenReading] = {}
    opened_on: date | None = None
    closed_on: date | None = None
    notice: Notice | None = None
    corrected: Notice | None = None
    corrections: dict[str, Notice] = {}
    added: dict[str, str] = {}
    left_out: LeftOut | None = None
    withdrawn: dict[str, Withdrawal] = {}

    @property
    def ever(self) -> dict[str, str]:
        """Every commune that takes or took part, with the unit that decides on it."""
        return {**{code: one.decided_by for code, one in self.withdrawn.items()}, **self.participants}

    @property
    def is_practice(self) -> bool:
        """Whether the season is for practice."""
        return is_practice(self.season)

    @property
    def order(self) -> tuple[bool, int, int]:
        """By year, then by round; rounds for practice before all others, so that none of them is ever the latest."""
        name = read_name(self.season)
        return not self.is_practice, self.year, name.round_no if name else 1

    @property
    def has_ended(self) -> bool:
        """Whether the season was given up or is done."""
        return self.state in HAS_ENDED

    def lags(self, adopted: str | None) -> bool:
        """Whether the season, which is not over, goes on under another text than the one that the province adopted."""
        return adopted not in (None, self.rulebook_sha256) and not self.has_ended

    @property
    def unassigned(self) -> tuple[str, ...]:
        """The indicators that nobody leads, in the rulebook's order."""
        return tuple(one for one in self.indicators if one not in self.assignments)

    @property
    def deciding_units(self) -> tuple[str, ...]:
        """The units that decide on some commune, each once."""
        return tuple(dict.fromkeys(self.participants.values()))

    def has_dossier_of(self, commune: str) -> bool:
        """Whether the commune has a dossier: once the season was opened, unless it was withdrawn before."""
        if self.opened_on is None:
            return False
        withdrawn = self.withdrawn.get(commune)
        return commune in self.participants or (withdrawn is not None and withdrawn.at.date() >= self.opened_on)

    def due(self, step: Step) -> date | None:
        """The last day of a step, as the province reads it where it falls on a day off."""
        deadline = self.deadlines.get(step)
        return self.read_day(step, deadline.on) if deadline else None

    def over(self, today: date) -> tuple[Step, ...]:
        """The steps whose last day is over, in the order of the procedure."""
        dues = [(step, self.due(step)) for step in Step]
        return tuple(step for step, due in dues if due is not None and due < today)

    def read_day(self, step: Step, day: date) -> date:
        """What a last day of the step counts as; itself where no reading of it was chosen."""
        chosen = self.readings.get(step)
        return chosen.on if chosen and chosen.day == day else day


SEASONS = Projection("seasons", version=7, row=SeasonRow, scope=everything_together)


@SEASONS.begins(Season.Planned)
def _planned(fact: Season.Planned, recorded: Recorded) -> SeasonRow:
    participants = {one.commune: one.decided_by for one in fact.participants}
    return SeasonRow(
        recorded.stream.season,
        fact.year,
        fact.rulebook,
        fact.rulebook_sha256,
        fact.indicators,
        participants,
        recorded.version,
    )


@SEASONS.on(Season.ParticipantAdded)
def _added(row: SeasonRow, fact: Season.ParticipantAdded, recorded: Recorded) -> SeasonRow:
    withdrawn = {code: one for code, one in row.withdrawn.items() if code != fact.commune}
    participants = {**row.participants, fact.commune: fact.decided_by}
    return replace(row, version=recorded.version, participants=participants, withdrawn=withdrawn)


@SEASONS.on(Season.ParticipantWithdrawn)
def _withdrawn(row: SeasonRow, fact: Season.ParticipantWithdrawn, recorded: Recorded) -> SeasonRow:
    participants = {code: unit for code, unit in row.participants.items() if code != fact.commune}
    decided_by = row.participants.get(fact.commune, "")  # in a replay without the fact that added it
    one = Withdrawal(decided_by, fact.reason, fact.document_no, recorded.at)
    withdrawn = {**row.withdrawn, fact.commune: one}
    return replace(row, version=recorded.version, participants=participants, withdrawn=withdrawn)


@SEASONS.on(Season.IndicatorAssigned)
def _assigned(row: SeasonRow, fact: Season.IndicatorAssigned, recorded: Recorded) -> SeasonRow:
    assignments = {**row.assignments, fact.indicator: Assignment(fact.lead, fact.coordinating)}
    return replace(row, version=recorded.version, assignments=assignments)


@SEASONS.on(Season.DeadlineSet)
def _deadline_set(row: SeasonRow, fact: Season.DeadlineSet, recorded: Recorded) -> SeasonRow:
    deadlines = {**row.deadlines, fact.step: Deadline(fact.on, fact.basis, fact.outside_term_by)}
    return replace(row, version=recorded.version, deadlines=deadlines)


@SEASONS.on(Season.ContentsLeftOut)
def _left_out(row: SeasonRow, fact: Season.ContentsLeftOut, recorded: Recorded) -> SeasonRow:
    left_out = LeftOut(fact.contents, fact.document_no, fact.document_on)
    return replace(row, version=recorded.version, left_out=left_out)


@SEASONS.on(Season.ReadingChosen)
def _reading_chosen(row: SeasonRow, fact: Season.ReadingChosen, recorded: Recorded) -> SeasonRow:
    readings = {**row.readings, fact.step: ChosenReading(fact.day, fact.reading, fact.on, fact.basis)}
    return replace(row, version=recorded.version, readings=readings)


@SEASONS.on(Season.Opened)
def _opened(row: SeasonRow, fact: Season.Opened, recorded: Recorded) -> SeasonRow:
    return replace(row, version=recorded.version, state=State.OPEN, opened_on=fact.on)


@SEASONS.on(Season.Suspended)
def _suspended(row: SeasonRow, fact: Season.Suspended, recorded: Recorded) -> SeasonRow:
    notice = Notice(State.SUSPENDED, fact.reason, fact.document_no, recorded.at)
    return replace(row, version=recorded.version, state=State.SUSPENDED, notice=notice)


@SEASONS.on(Season.Resumed)
def _resumed(row: SeasonRow, fact: Season.Resumed, recorded: Recorded) -> SeasonRow:
    notice = Notice(State.OPEN, fact.reason, fact.document_no, recorded.at)
    return replace(row, version=recorded.version, state=State.OPEN, notice=notice)


@SEASONS.on(Season.Converted)
def _converted(row: SeasonRow, fact: Season.Converted, recorded: Recorded) -> SeasonRow:
    return replace(
        row,
        version=recorded.version,
        rulebook=fact.rulebook,
        rulebook_sha256=fact.rulebook_sha256,
        indicators=fact.indicators,
        assignments={},
        left_out=None,
        state=State.PLANNED,
        notice=Notice(State.PLANNED, fact.reason, fact.document_no, recorded.at),
    )


@SEASONS.on(Season.RulebookCorrected)
def _corrected(row: SeasonRow, fact: Season.RulebookCorrected, recorded: Recorded) -> SeasonRow:
    corrected = Notice(row.state, fact.reason, fact.document_no, recorded.at)
    return replace(
        row,
        version=recorded.version,
        rulebook_sha256=fact.rulebook_sha256,
        indicators=fact.indicators,
        assignments={code: one for code, one in row.assignments.items() if code in fact.indicators},
        corrected=corrected,
        corrections={**row.corrections, fact.rulebook_sha256: corrected},
        added=_added_by_corrections(row, fact),
        left_out=narrowed(row.left_out, fact.still_left_out),
    )


def _added_by_corrections(row: SeasonRow, fact: Season.RulebookCorrected) -> dict[str, str]:
    new = [code for code in fact.indicators if code not in row.indicators and row.opened_on is not None]
    kept = {code: sha256 for code, sha256 in row.added.items() if code in fact.indicators}
    return {**kept, **dict.fromkeys(new, fact.rulebook_sha256)}


@SEASONS.on(Season.Cancelled)
def _cancelled(row: SeasonRow, fact: Season.Cancelled, recorded: Recorded) -> SeasonRow:
    notice = Notice(State.CANCELLED, fact.reason, fact.document_no, recorded.at)
    return replace(row, version=recorded.version, state=State.CANCELLED, notice=notice)


@SEASONS.on(Season.Closed)
def _closed(row: SeasonRow, fact: Season.Closed, recorded: Recorded) -> SeasonRow:
    return replace(row, version=recorded.version, state=State.CLOSED, closed_on=fact.on)
