"""Signs that a recognition was a formality, or wrong.

A flag is a rule and the facts that raise it, never a verdict. What the rules look at is folded into one row for each
commune (MARKS, read when asked, not kept in a table); `flags_of` holds the rows of a season against the rules.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date, datetime, timedelta
from decimal import Decimal
from enum import StrEnum
from itertools import groupby
from typing import Any, NamedTuple
from uuid import UUID

from msgspec.structs import replace

from domain.appraisal import Appraisal
from domain.assessment import Assessment
from domain.fact import Fact, Recorded
from domain.flag import Flag as Dismissal
from domain.judging import NEAR_TOTAL, Value, Verdict, VerdictResult
from domain.measure import Outcome
from domain.meeting import Meeting
from domain.official import Mandate
from domain.recognition import Recognition
from domain.rulebook import Rulebook
from domain.season import Assignment, Deadline, Season, Step
from projections.fold import Projection, Row, RowPart
from projections.tables.officials import Grant

#: Ballots on one dossier that all came within this time: less than it takes to hear its summary read.
AT_ONCE = timedelta(seconds=60)
#: Fewer ballots than this come quickly by themselves.
SEVERAL = 3


class Sign(StrEnum):
    """The catalogue. Each has its title and its rule in words under `flag.<value>`."""

    EVIDENCE_AFTER_DEADLINE = "evidence-after-deadline"
    EVIDENCE_AFTER_SUBMISSION = "evidence-after-submission"
    SCORE_AFTER_SUBMISSION = "score-after-submission"
    FILE_IN_SEVERAL_COMMUNES = "file-in-several-communes"
    FILE_FOR_UNRELATED_CRITERIA = "file-for-unrelated-criteria"
    PROPOSED_AND_APPRAISED = "proposed-and-appraised"
    APPRAISED_AND_VOTED = "appraised-and-voted"
    AGREED_UNOPENED = "agreed-unopened"
    AT_THE_THRESHOLD = "at-the-threshold"
    BALLOTS_AT_ONCE = "ballots-at-once"
    MANDATE_NOT_IN_FORCE = "mandate-not-in-force"
    MANDATE_SELF_GRANTED = "mandate-self-granted"
    MANDATE_BACKDATED = "mandate-backdated"
    ASSIGNED_IDLE = "assigned-idle"
    SATISFACTION_COPIED = "satisfaction-copied"
    ALL_AT_MAXIMUM = "all-at-maximum"
    POSTING_BACKDATED = "posting-backdated"
    OUTCOME_AGREED_OTHERWISE = "outcome-agreed-otherwise"


class RaisedFlag(NamedTuple):
    """A sign at one commune: the positions of the facts that raise it, indicators and other communes concerned.

    `dismissed` is the reason why somebody set it aside, None while it stands.
    """

    sign: Sign
    commune: str
    positions: tuple[int, ...]
    indicators: tuple[str, ...] = ()
    communes: tuple[str, ...] = ()
    dismissed: str | None = None
    dismissed_at: int | None = None


# What the rules look at -------------------------------------------------------------------------------


class FileMark(RowPart, frozen=True):
    """A file attached or reused; `submitted`: the dossier had been sent by then."""

    position: int
    evidence: UUID
    indicator: str
    sha256: str
    at: datetime
    submitted: bool
    withdrawn: bool = False


class ValueMark(RowPart, frozen=True):
    """A score or an appraised value; `unopened`: files of the indicator that the appraiser had not opened."""

    position: int
    actor: str
    points: Decimal | None
    outcome: Outcome | None
    submitted: bool = False
    agreed: bool = False
    unopened: tuple[int, ...] = ()

    @property
    def value(self) -> Value | None:
        return self.outcome if self.points is None else self.points


class BallotMark(RowPart, frozen=True):
    """A ballot of one round."""

    position: int
    round: str
    member: str
    at: datetime


class ActMark(RowPart, frozen=True):
    """The first and the last day on which somebody acted under a mandate, with the facts."""

    first: date
    first_position: int
    last: date
    last_position: int


class DismissedMark(RowPart, frozen=True):
    """A flag set aside: up to which facts, and why."""

    sign: str
    positions: tuple[int, ...]
    reason: str
    position: int


class Marks(Row, frozen=True):
    """What the rules look at of one commune; with `commune` empty, of the season itself."""

    season: str
    commune: str = ""
    opened_at: datetime | None = None
    deadlines: dict[Step, Deadline] = {}
    assigned: dict[str, Assignment] = {}
    assigned_at: dict[str, int] = {}
    submitted: int | None = None
    files: tuple[FileMark, ...] = ()
    scores: dict[str, ValueMark] = {}
    rescored: tuple[int, ...] = ()
    appraised: dict[str, ValueMark] = {}
    seen: frozenset[UUID] = frozenset()
    satisfaction: tuple[int, int, int] | None = None
    concluded: int | None = None
    ballots: tuple[BallotMark, ...] = ()
    decided: tuple[int, str] | None = None
    acts: dict[str, ActMark] = {}
    workers: dict[str, frozenset[str]] = {}
    dismissed: tuple[DismissedMark, ...] = ()
    alone: tuple[tuple[Sign, int], ...] = ()


MARKS = Projection("marks", version=2, row=Marks, scope=lambda row: row.season)


@MARKS.begins(Season.Planned)
def _planned(fact: Season.Planned, recorded: Recorded) -> Marks:
    return Marks(recorded.stream.season)


@MARKS.on(Season.Opened)
def _season_opened(row: Marks, fact: Season.Opened, recorded: Recorded) -> Marks:
    return replace(row, opened_at=recorded.at)


@MARKS.on(Season.DeadlineSet)
def _deadline(row: Marks, fact: Season.DeadlineSet, recorded: Recorded) -> Marks:
    return replace(row, deadlines={**row.deadlines, fact.step: Deadline(fact.on, fact.basis, fact.outside_term_by)})


@MARKS.on(Season.IndicatorAssigned)
def _assigned(row: Marks, fact: Season.IndicatorAssigned, recorded: Recorded) -> Marks:
    return replace(
        row,
        assigned={**row.assigned, fact.indicator: Assignment(fact.lead, fact.coordinating)},
        assigned_at={**row.assigned_at, fact.indicator: recorded.position},
    )


@MARKS.begins(Assessment.Opened)
def _opened(fact: Assessment.Opened, recorded: Recorded) -> Marks:
    return Marks(recorded.stream.season, fact.commune)


def _act(row: Marks, recorded: Recorded, **changes: Any) -> Marks:
    """The row with these changes, and who acted under which mandate."""
    mandate = recorded.mandate
    if mandate:
        day = getattr(recorded.fact, "on", None) or recorded.at.date()
        known = row.acts.get(mandate)
        if known is None:
            mark = ActMark(day, recorded.position, day, recorded.position)
            changes["acts"] = {**row.acts, mandate: mark}
        elif day < known.first:
            changes["acts"] = {**row.acts, mandate: replace(known, first=day, first_position=recorded.position)}
        elif day > known.last:
            changes["acts"] = {**row.acts, mandate: replace(known, last=day, last_position=recorded.position)}
    indicator = getattr(recorded.fact, "indicator", None)
    if indicator and recorded.stream.kind == "assessment":
        workers = row.workers.get(indicator, frozenset())
        if mandate not in workers:
            changes["workers"] = {**row.workers, indicator: workers | {mandate}}
    return replace(row, **changes) if changes else row


def _done(row: Marks, fact: Fact, recorded: Recorded) -> Marks:
    return _act(row, recorded)


for _of in (Assessment.IndicatorMeasured, Assessment.OpinionSheetsTallied, Assessment.Explained, Assessment.Reported):
    MARKS.on(_of)(_done)


@MARKS.on(Assessment.IndicatorScored)
def _scored(row: Marks, fact: Assessment.IndicatorScored, recorded: Recorded) -> Marks:
    late = row.submitted is not None
    score = ValueMark(recorded.position, recorded.actor, fact.points, fact.outcome, late)
    rescored = (*row.rescored, recorded.position) if late else row.rescored
    return _act(row, recorded, scores={**row.scores, fact.indicator: score}, rescored=rescored)


@MARKS.on(Assessment.RulebookCorrected)
def _rulebook_corrected(row: Marks, fact: Assessment.RulebookCorrected, recorded: Recorded) -> Marks:
    scores = dict(row.scores)
    for value in fact.values:
        score = scores.pop(value.indicator, None)
        if score is not None and (value.points is not None or value.outcome is not None):
            scores[value.indicator] = replace(score, points=value.points, outcome=value.outcome)
    return replace(row, scores=scores)


@MARKS.on(Assessment.EvidenceAttached)
def _attached(row: Marks, fact: Assessment.EvidenceAttached, recorded: Recorded) -> Marks:
    file = FileMark(
        recorded.position, fact.evidence, fact.indicator, fact.sha256, recorded.at, row.submitted is not None
    )
    return _act(row, recorded, files=(*row.files, file))


@MARKS.on(Assessment.EvidenceReused)
def _reused(row: Marks, fact: Assessment.EvidenceReused, recorded: Recorded) -> Marks:
    source = (fact.from_indicator, fact.evidence)
    file = next((one for one in reversed(row.files) if (one.indicator, one.evidence) == source), None)
    if file is None:
        return _act(row, recorded)
    reused = FileMark(
        recorded.position, fact.evidence, fact.indicator, file.sha256, recorded.at, row.submitted is not None
    )
    return _act(row, recorded, files=(*row.files, reused))


@MARKS.on(Assessment.EvidenceWithdrawn)
def _withdrawn(row: Marks, fact: Assessment.EvidenceWithdrawn, recorded: Recorded) -> Marks:
    gone = (fact.indicator, fact.evidence)
    files = tuple(replace(one, withdrawn=True) if (one.indicator, one.evidence) == gone else one for one in row.files)
    return _act(row, recorded, files=files)


@MARKS.on(Assessment.SatisfactionMeasured)
def _satisfaction(row: Marks, fact: Assessment.SatisfactionMeasured, recorded: Recorded) -> Marks:
    return _act(row, recorded, satisfaction=(fact.satisfied, fact.asked, recorded.position))


@MARKS.on(Assessment.Posted)
def _posted(row: Marks, fact: Assessment.Posted, recorded: Recorded) -> Marks:
    late = fact.entered_on is not None and fact.on < fact.entered_on
    return _act(row, recorded, alone=((Sign.POSTING_BACKDATED, recorded.position),) if late else ())


@MARKS.on(Assessment.ResultAgreed)
def _agreed(row: Marks, fact: Assessment.ResultAgreed, recorded: Recorded) -> Marks:
    raised = ((Sign.OUTCOME_AGREED_OTHERWISE, recorded.position),) if fact.reason else ()
    return _act(row, recorded, alone=(*row.alone, *raised))


@MARKS.on(Assessment.Submitted)
def _submitted(row: Marks, fact: Assessment.Submitted, recorded: Recorded) -> Marks:
    return _act(row, recorded, submitted=recorded.position)


@MARKS.on(Appraisal.EvidenceOpened)
def _evidence_opened(row: Marks, fact: Appraisal.EvidenceOpened, recorded: Recorded) -> Marks:
    return _act(row, recorded, seen=row.seen | {fact.evidence})


@MARKS.on(Appraisal.IndicatorAppraised)
def _appraised(row: Marks, fact: Appraisal.IndicatorAppraised, recorded: Recorded) -> Marks:
    unopened = tuple(
        one.position
        for one in row.files
        if one.indicator == fact.indicator and not one.withdrawn and one.evidence not in row.seen
    )
    agreed = (fact.points, fact.outcome) == (fact.proposed_points, fact.proposed_outcome)
    value = ValueMark(recorded.position, recorded.actor, fact.points, fact.outcome, agreed=agreed, unopened=unopened)
    return _act(row, recorded, appraised={**row.appraised, fact.indicator: value})


@MARKS.on(Appraisal.Concluded)
def _concluded(row: Marks, fact: Appraisal.Concluded, recorded: Recorded) -> Marks:
    return _act(row, recorded, concluded=recorded.position)


def _of_item(recorded: Recorded) -> tuple[str]:
    return (f"{recorded.stream.season}/{recorded.fact.item}",)  # type: ignore[attr-defined] # a ballot names its item


@MARKS.on(Meeting.BallotCast, keys=_of_item)
def _ballot(row: Marks, fact: Meeting.BallotCast, recorded: Recorded) -> Marks:
    ballot = BallotMark(recorded.position, f"{recorded.stream.subject}/{fact.round}", str(fact.member), recorded.at)
    return _act(row, recorded, ballots=(*row.ballots, ballot))


@MARKS.on(Recognition.Decided)
def _decided(row: Marks, fact: Recognition.Decided, recorded: Recorded) -> Marks:
    return _act(row, recorded, decided=(recorded.position, recorded.actor))


@MARKS.on(Recognition.DecidedAgain)
def _decided_again(row: Marks, fact: Recognition.DecidedAgain, recorded: Recorded) -> Marks:
    return _act(row, recorded, decided=(recorded.position, recorded.actor))


def _of_commune(recorded: Recorded) -> tuple[str]:
    return (f"{recorded.stream.season}/{recorded.fact.commune}",)  # type: ignore[attr-defined] # it names its commune


@MARKS.on(Dismissal.Dismissed, keys=_of_commune)
def _dismissed(row: Marks, fact: Dismissal.Dismissed, recorded: Recorded) -> Marks:
    mark = DismissedMark(fact.flag, fact.positions, fact.reason, recorded.position)
    return replace(row, dismissed=(*row.dismissed, mark))


# The rules --------------------------------------------------------------------------------------------


class Known(NamedTuple):
    """What the rules need beside the rows: mandates by id, each commune's verdict, the rulebook, and how the
    mandates were recorded.
    """

    mandates: Mapping[str, Mandate]
    verdicts: Mapping[str, Verdict]
    rulebook: Rulebook
    grants: Mapping[str, Grant] = {}


def flags_of(rows: Iterable[Marks], known: Known) -> Iterator[list[RaisedFlag]]:
    """The flags of each commune of a season, those set aside among them, in the catalogue's order."""
    every = list(rows)
    season = next((row for row in every if not row.commune), None)
    communes = sorted((row for row in every if row.commune), key=lambda row: row.commune)
    shared = _in_several((one.sha256, row.commune) for row in communes for one in row.files if not one.withdrawn)
    same = _in_several((row.satisfaction[:2], row.commune) for row in communes if row.satisfaction)
    order = list(Sign)
    for row in communes:
        raised = [*_of_commune_alone(row, season, known), *_in_common(row, shared, same)]
        raised.sort(key=lambda flag: order.index(flag.sign))
        yield [_set_aside(flag, row.dismissed) for flag in raised]


def _of_commune_alone(row: Marks, season: Marks | None, known: Known) -> Iterator[RaisedFlag]:
    yield from _files(row, season)
    if row.rescored:
        codes = tuple(code for code, score in row.scores.items() if score.submitted)
        yield RaisedFlag(Sign.SCORE_AFTER_SUBMISSION, row.commune, row.rescored, codes)
    for sign, position in row.alone:
        yield RaisedFlag(sign, row.commune, (position,))
    yield from _roles(row)
    unopened = {code: one for code, one in row.appraised.items() if one.agreed and one.unopened}
    if unopened:
        positions = tuple(sorted(one.position for one in unopened.values()))
        yield RaisedFlag(Sign.AGREED_UNOPENED, row.commune, positions, tuple(unopened))
    yield from _values(row, known)
    for _, ballots in groupby(row.ballots, key=lambda ballot: ballot.round):
        cast = list(ballots)
        if len(cast) >= SEVERAL and cast[-1].at - cast[0].at <= AT_ONCE:
            yield RaisedFlag(Sign.BALLOTS_AT_ONCE, row.commune, tuple(one.position for one in cast))
    outside = [position for mandate, act in row.acts.items() for position in _outside(known.mandates.get(mandate), act)]
    if outside:
        yield RaisedFlag(Sign.MANDATE_NOT_IN_FORCE, row.commune, tuple(sorted(set(outside))))
    yield from _grants(row, season, known.grants)
    if season is not None and row.submitted is not None:
        yield from _idle(row, season, known.mandates)


def _files(row: Marks, season: Marks | None) -> Iterator[RaisedFlag]:
    """Deadlines bind where the season was opened before them: seasons entered for the record come later anyway."""
    deadline = season.deadlines.get(Step.SUBMITTED) if season else None
    if deadline and season and season.opened_at and season.opened_at.date() <= deadline.on:
        late = [one for one in row.files if one.at.date() > deadline.on]
        if late:
            yield _of_files(Sign.EVIDENCE_AFTER_DEADLINE, row, late)
    after = [one for one in row.files if one.submitted]
    if after:
        yield _of_files(Sign.EVIDENCE_AFTER_SUBMISSION, row, after)
    by_hash: dict[str, list[FileMark]] = {}
    for one in row.files:
        if not one.withdrawn:
            by_hash.setdefault(one.sha256, []).append(one)
    several = [
        one for uses in by_hash.values() if len({use.indicator.partition(".")[0] for use in uses}) > 1 for one in uses
    ]
    if several:
        yield _of_files(Sign.FILE_FOR_UNRELATED_CRITERIA, row, several)


def _of_files(sign: Sign, row: Marks, files: Sequence[FileMark]) -> RaisedFlag:
    positions = tuple(sorted(one.position for one in files))
    return RaisedFlag(sign, row.commune, positions, tuple(dict.fromkeys(one.indicator for one in files)))


def _roles(row: Marks) -> Iterator[RaisedFlag]:
    both = [code for code, one in row.appraised.items() if (score := row.scores.get(code)) and score.actor == one.actor]
    if both:
        positions = [mark.position for code in both for mark in (row.scores[code], row.appraised[code])]
        yield RaisedFlag(Sign.PROPOSED_AND_APPRAISED, row.commune, tuple(sorted(positions)), tuple(both))
    appraisers = {one.actor for one in row.appraised.values()}
    acted = [one.position for one in row.ballots if one.member in appraisers]
    if row.decided and row.decided[1] in appraisers:
        acted.append(row.decided[0])
    if acted:
        yield RaisedFlag(Sign.APPRAISED_AND_VOTED, row.commune, tuple(acted))


def _values(row: Marks, known: Known) -> Iterator[RaisedFlag]:
    verdict = known.verdicts.get(row.commune)
    latest = max((one.position for one in (*row.scores.values(), *row.appraised.values())), default=0)
    margin = verdict.margin if verdict else None
    if verdict and verdict.result is VerdictResult.MET and margin is not None and margin <= NEAR_TOTAL:
        yield RaisedFlag(Sign.AT_THE_THRESHOLD, row.commune, (row.concluded or latest,))
    held = {code: row.appraised.get(code) or row.scores.get(code) for code in known.rulebook.by_code}
    full = [
        mark.position
        for code, mark in held.items()
        if mark is not None and mark.value == (known.rulebook.by_code[code].max_points or Outcome.MET)
    ]
    if full and len(full) == len(held):
        yield RaisedFlag(Sign.ALL_AT_MAXIMUM, row.commune, tuple(sorted(full)))


def _outside(mandate: Mandate | None, act: ActMark) -> Iterator[int]:
    if mandate is not None:
        if not mandate.holds_on(act.first):
            yield act.first_position
        if not mandate.holds_on(act.last):
            yield act.last_position


def _grants(row: Marks, season: Marks | None, grants: Mapping[str, Grant]) -> Iterator[RaisedFlag]:
    """Mandates that nobody else gave, and acts dated before their mandate was recorded.

    Whoever is enrolled before the season holds the office since long ago: that is no sign.
    """
    acts = [(act, grant) for mandate, act in row.acts.items() if (grant := grants.get(mandate))]
    own = [act for act, grant in acts if grant.by == grant.to]
    if own:
        positions = {position for act in own for position in (act.first_position, act.last_position)}
        yield RaisedFlag(Sign.MANDATE_SELF_GRANTED, row.commune, tuple(sorted(positions)))
    opened = season.opened_at if season else None
    before = [act.first_position for act, grant in acts if opened and opened < grant.at and act.first < grant.at.date()]
    if before:
        yield RaisedFlag(Sign.MANDATE_BACKDATED, row.commune, tuple(sorted(before)))


def _idle(row: Marks, season: Marks, mandates: Mapping[str, Mandate]) -> Iterator[RaisedFlag]:
    """Positions that were to lead an indicator and did nothing on it.

    Not those that only coordinate: they help where the lead asks them to, and no rule asks for an act of theirs.
    """
    idle = []
    for code, assigned in season.assigned.items():
        worked = {mandates[one].position for one in row.workers.get(code, ()) if one in mandates}
        if assigned.lead not in worked:
            idle.append(code)
    if idle:
        positions = tuple(sorted({season.assigned_at[code] for code in idle}))
        yield RaisedFlag(Sign.ASSIGNED_IDLE, row.commune, positions, tuple(idle))


def _in_several(pairs: Iterable[tuple[Any, str]]) -> dict[Any, tuple[str, ...]]:
    """What more than one commune has, with the communes."""
    first: dict[Any, str] = {}
    several: dict[Any, dict[str, None]] = {}
    for what, commune in pairs:
        other = first.setdefault(what, commune)
        if other != commune:
            several.setdefault(what, {other: None})[commune] = None
    return {what: tuple(communes) for what, communes in several.items()}


def _in_common(
    row: Marks, files: Mapping[str, tuple[str, ...]], surveys: Mapping[Any, tuple[str, ...]]
) -> Iterator[RaisedFlag]:
    shared = [one for one in row.files if one.sha256 in files and not one.withdrawn]
    if shared:
        with_whom = {commune for one in shared for commune in files[one.sha256]} - {row.commune}
        yield _of_files(Sign.FILE_IN_SEVERAL_COMMUNES, row, shared)._replace(communes=tuple(sorted(with_whom)))
    if row.satisfaction and (same := surveys.get(row.satisfaction[:2])):
        others = dict.fromkeys(commune for commune in same if commune != row.commune)
        yield RaisedFlag(Sign.SATISFACTION_COPIED, row.commune, (row.satisfaction[2],), communes=tuple(others))


def _set_aside(flag: RaisedFlag, dismissed: Iterable[DismissedMark]) -> RaisedFlag:
    """The flag with the reason why it was dismissed, if that was of all the facts that raise it."""
    for one in dismissed:
        if one.sign == flag.sign and set(flag.positions) <= set(one.positions):
            return flag._replace(dismissed=one.reason, dismissed_at=one.position)
    return flag
