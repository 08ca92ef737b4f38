"""The due list of a person: what is to be done, for which commune, until when.

A question to the seasons, the standings, the meetings, the reviews, the calendar and the drafts of rulebooks, asked
with somebody's mandates: no rows of its own. Each duty is listed only for whom the policy allows it: what one person
prepared waits for another.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Iterator
from datetime import date, timedelta
from enum import StrEnum
from typing import NamedTuple

from domain.errors import ContentsWithoutText, IndicatorsUnassigned, ParticipantsMissing, Refused
from domain.measure import Outcome
from domain.permissions import Act, Actor, Subject, may
from domain.rulebook import Rulebook
from domain.season import Assignment, State, Step, hindrances, is_practice
from projections.lists.appraisal_queue import WITH_THE_APPRAISER, Waiting, waiting
from projections.lists.corrected import asked_by_corrections, why_asked
from projections.tables.days_off import DaysOffRow
from projections.tables.reviews import ReviewRow
from projections.tables.seasons import Notice, SeasonRow
from projections.tables.standings import Cell, CommuneStage, Standing, sanctioned_conditions
from projections.tables.tallies import MeetingRow


class Duty(StrEnum):
    """What there is to do."""

    SIGN_OFF_RULEBOOK = "sign-off-rulebook"
    REWORK_RULEBOOK = "rework-rulebook"
    COMPLETE_RULEBOOK = "complete-rulebook"
    CONFIRM_CALENDAR = "confirm-calendar"
    CORRECT_SEASON = "correct-season"
    ADD_PARTICIPANT = "add-participant"
    ASSIGN = "assign"
    SETTLE_CONTENTS = "settle-contents"
    OPEN_SEASON = "open-season"
    SUPPLEMENT = "supplement"
    ENTER = "enter"
    PROPOSE = "propose"
    SUPPLY_EVIDENCE = "supply-evidence"
    DECLARE = "declare"
    REOPEN = "reopen"
    CONSOLIDATE = "consolidate"
    POST = "post"
    ANSWER_COMMENT = "answer-comment"
    AGREE = "agree"
    SUBMIT = "submit"
    REPORT = "report"
    RESUBMIT = "resubmit"
    APPRAISE = "appraise"
    CONCLUDE = "conclude"
    CONFIRM_SANCTION = "confirm-sanction"
    CONVENE = "convene"
    VOTE = "vote"
    DECIDE = "decide"
    LIST = "list"
    SIGN = "sign"
    PUBLISH = "publish"
    EXPLAIN_IN_REVIEW = "explain-in-review"
    CONCLUDE_REVIEW = "conclude-review"


class Urgency(StrEnum):
    """How near the last day is."""

    OVERDUE = "overdue"
    THIS_WEEK = "this-week"
    LATER = "later"


class Task(NamedTuple):
    """One thing to do.

    `leads` tells the lead from those who coordinate; `how_many` counts the indicators, comments or changes that it
    covers; `not_before` the first day on which it can be done; `reason` why an indicator came back, `corrected` why the
    rulebook was corrected that asks for it. What belongs to no season names its `rulebook`, or the
    `year` of the calendar.
    """

    duty: Duty
    season: str = ""
    commune: str = ""
    indicator: str | None = None
    leads: bool = True
    due: date | None = None
    how_many: int = 1
    not_before: date | None = None
    reason: str | None = None
    meeting: str | None = None
    review: int | None = None
    rulebook: str = ""
    year: int | None = None
    corrected: Notice | None = None

    def urgency(self, today: date) -> Urgency:
        """Overdue, within seven days, or later; without a last day it is later."""
        if self.due is None or self.due > today + timedelta(days=7):
            return Urgency.LATER
        return Urgency.OVERDUE if self.due < today else Urgency.THIS_WEEK


def in_order(tasks: Iterable[Task]) -> list[Task]:
    """The most urgent first; those without a last day at the end, those of a round for practice behind all others."""

    def place(task: Task) -> tuple[object, ...]:
        return is_practice(task.season), task.due or date.max, task.season, task.commune, task.indicator or ""

    return sorted(tasks, key=place)


def of_draft(
    rulebook: str,
    how_many: int,
    editors: Collection[str],
    actor: Actor,
    returned: str | None = None,
    problems: int = 0,
) -> Iterator[Task]:
    """So many changes of a rulebook, to be compared with their sources and signed off by nobody who made them; once
    `returned` with a reason, or while so many `problems` keep them from it, they wait for those who made them.
    """
    if returned is not None or problems:
        if actor.person not in editors or not may(actor, Act.CORRECT_RULEBOOK):
            return
        if returned is not None:
            yield Task(Duty.REWORK_RULEBOOK, rulebook=rulebook, how_many=how_many, reason=returned)
        else:
            yield Task(Duty.COMPLETE_RULEBOOK, rulebook=rulebook, how_many=problems)
    elif may(actor, Act.SIGN_OFF_RULEBOOK, Subject(proposed_by=frozenset(editors))):
        yield Task(Duty.SIGN_OFF_RULEBOOK, rulebook=rulebook, how_many=how_many)


def of_calendar(days_off: DaysOffRow, actor: Actor) -> Iterator[Task]:
    """The changes of each year's days off that somebody else has proposed."""
    waiting = Counter(
        one.year
        for one in days_off.changes.values()
        if one.settled_at is None and may(actor, Act.CONFIRM_CALENDAR_CHANGE, Subject(proposed_by=frozenset({one.by})))
    )
    for year, how_many in sorted(waiting.items()):
        yield Task(Duty.CONFIRM_CALENDAR, year=year, how_many=how_many)


def of_season(season: SeasonRow, rulebook: Rulebook, actor: Actor, adopted: str | None = None) -> Iterator[Task]:
    """What the season itself waits for: to go over to the text of its rulebook that the province has `adopted`, and
    before it opens, what hinders the opening; the opening where nothing does.
    """
    if season.lags(adopted) and may(actor, Act.CORRECT_SEASON):
        yield Task(Duty.CORRECT_SEASON, season.season)
    if season.state is not State.PLANNED:
        return
    hindering = hindrances(season, rulebook.without_text)
    for refused in hindering:
        duty, act, how_many = _hindering(refused)
        if may(actor, act):
            yield Task(duty, season.season, how_many=how_many)
    if not hindering and may(actor, Act.OPEN_SEASON):
        yield Task(Duty.OPEN_SEASON, season.season)


def _hindering(refused: Refused) -> tuple[Duty, Act, int]:
    """What is done about what hinders an opening, under which act, and of how many things."""
    match refused:
        case IndicatorsUnassigned():
            return Duty.ASSIGN, Act.ASSIGN_INDICATOR, len(refused.details["indicators"])
        case ContentsWithoutText():
            return Duty.SETTLE_CONTENTS, Act.OPEN_SEASON, len(refused.details["contents"])
        case ParticipantsMissing():
            return Duty.ADD_PARTICIPANT, Act.PLAN_SEASON, 1
    raise TypeError(refused.code)


def of_meeting(meeting: MeetingRow, actor: Actor) -> Iterator[Task]:
    """The ballot that the person has not cast yet, or every dossier that they have not answered about in writing."""
    if meeting.answer_by is not None and meeting.closed_on is None:
        for asked, tally in meeting.votes.items():
            if actor.person in {str(member) for member in tally.missing}:
                yield Task(Duty.VOTE, meeting.season, asked, due=meeting.answer_by, meeting=meeting.meeting)
        return
    item = meeting.open_item
    if item and actor.person in {str(member) for member in meeting.votes[item].missing}:
        yield Task(Duty.VOTE, meeting.season, item, due=meeting.on, meeting=meeting.meeting)


def of_review(review: ReviewRow, decided_by: str, actor: Actor) -> Iterator[Task]:
    """What a review waits for: the explanation of who was asked, then the chairman's conclusion."""
    if not review.is_open:
        return
    subject = Subject(review.commune, decided_by, asked=review.asked)
    if may(actor, Act.EXPLAIN_IN_REVIEW, subject):
        for one in review.inquiries.values():
            if str(one.official) == actor.person and not one.explanations:
                yield Task(Duty.EXPLAIN_IN_REVIEW, review.season, review.commune, due=one.due, review=review.number)
    if review.proposal is not None and may(actor, Act.CONCLUDE_REVIEW, subject):
        yield Task(Duty.CONCLUDE_REVIEW, review.season, review.commune, review=review.number)


def of_commune(standing: Standing, season: SeasonRow, rulebook: Rulebook, actor: Actor) -> Iterator[Task]:
    """What the commune's dossier waits for from this person.

    Whoever has no office in the commune, nor where it is decided, has nothing to do there: most of a province.
    """
    if season.state is not State.OPEN:
        return
    units = {mandate.unit for mandate in actor.mandates}
    here = standing.commune in units
    above = any(actor.stands_for(mandate, standing.decided_by) for mandate in actor.mandates)
    if not here and not above:
        return
    stage = standing.stage
    if here and stage is CommuneStage.COLLECTING:
        yield from _collecting(standing, season, rulebook, actor)
    elif here and stage is CommuneStage.SUPPLEMENT:
        yield from _supplement(standing, season, actor)
    if above and stage in WITH_THE_APPRAISER:
        yield from _appraisal(standing, season, actor)
    if above:
        yield from _sanctions(standing, rulebook, actor)
    yield from _next_step(standing, season, rulebook, actor)


def _subject(standing: Standing, assignment: Assignment | None = None) -> Subject:
    if assignment is None:
        return Subject(standing.commune, standing.decided_by)
    return Subject(standing.commune, standing.decided_by, assignment.lead, assignment.coordinating)


def _collecting(standing: Standing, season: SeasonRow, rulebook: Rulebook, actor: Actor) -> Iterator[Task]:
    due = season.due(Step.SCORED)
    complete = True
    for code in season.indicators:
        cell = standing.cells.get(code, _EMPTY)
        if cell.is_done:
            continue
        complete = False
        subject = _subject(standing, season.assignments.get(code))
        if may(actor, Act.MEASURE, subject):
            leads = may(actor, Act.SCORE, subject)
            measured = rulebook.by_code[code].is_measured(cell.measured_by)
            if not cell.is_scored and not leads and (measured or actor.person in cell.measured_by.values()):
                continue  # who coordinates has entered their part: the lead proposes
            duty = Duty.SUPPLY_EVIDENCE if cell.is_scored else Duty.PROPOSE if measured else Duty.ENTER
            if cell.again is not None and cell.again.parts:
                duty = Duty.ENTER
            corrected = why_asked(code, cell, season)
            yield Task(duty, standing.season, standing.commune, code, leads=leads, due=due, corrected=corrected)
    said = standing.vetoes.keys() | sanctioned_conditions(standing, rulebook)
    undeclared = [one.code for one in rulebook.vetoes if one.text and one.code not in said]
    unasked = rulebook.asks_satisfaction and standing.satisfaction is None
    if undeclared or unasked:
        if may(actor, Act.DECLARE_VETO, _subject(standing)):
            count = len(undeclared) + unasked
            yield Task(Duty.DECLARE, standing.season, standing.commune, due=due, how_many=count)
    elif complete and may(actor, Act.CONSOLIDATE, _subject(standing)):
        yield Task(Duty.CONSOLIDATE, standing.season, standing.commune, due=due)


def _supplement(standing: Standing, season: SeasonRow, actor: Actor) -> Iterator[Task]:
    dues = []
    complete = True
    for code in standing.returned:
        returned = standing.cells[code].returned
        if returned is None:
            continue
        dues.append(returned.due)
        if not standing.cells[code].waits_for_supplement:
            continue
        complete = False
        subject = _subject(standing, season.assignments.get(code))
        if may(actor, Act.MEASURE, subject):
            yield Task(
                Duty.SUPPLEMENT,
                standing.season,
                standing.commune,
                code,
                leads=may(actor, Act.SCORE, subject),
                due=returned.due,
                reason=returned.reason,
                corrected=why_asked(code, standing.cells[code], season),
            )
    if complete and may(actor, Act.RESUBMIT, _subject(standing)):
        yield Task(Duty.RESUBMIT, standing.season, standing.commune, due=min(dues, default=None), how_many=len(dues))


def _appraisal(standing: Standing, season: SeasonRow, actor: Actor) -> Iterator[Task]:
    if not may(actor, Act.CONCLUDE_APPRAISAL, _subject(standing)):
        return
    states = [waiting(standing.cells.get(code, _EMPTY)) for code in season.indicators]
    count = sum(one in (Waiting.NEW, Waiting.CHANGED) for one in states)
    due = season.due(Step.APPRAISED)
    if count:
        asked = [code for code in asked_by_corrections(standing, season) if code not in standing.returned]
        corrected = why_asked(asked[0], standing.cells.get(asked[0], _EMPTY), season) if asked else None
        yield Task(Duty.APPRAISE, standing.season, standing.commune, due=due, how_many=count, corrected=corrected)
    elif Waiting.AT_THE_COMMUNE not in states:
        yield Task(Duty.CONCLUDE, standing.season, standing.commune, due=due)


def _sanctions(standing: Standing, rulebook: Rulebook, actor: Actor) -> Iterator[Task]:
    """The sanctions that a condition counts and no competent body has confirmed, until the commune is decided on."""
    if standing.result is not None or not may(actor, Act.CONFIRM_SANCTION, _subject(standing)):
        return
    rules = [counted for _, counted in rulebook.counting if counted is not None]
    waiting = [
        one
        for one in standing.sanctions.values()
        if not one.confirmed and any(rule.counts(one.details) for rule in rules)
    ]
    if waiting:
        yield Task(Duty.CONFIRM_SANCTION, standing.season, standing.commune, how_many=len(waiting))


class _Next(NamedTuple):
    """What the dossier as a whole waits for."""

    duty: Duty
    act: Act
    step: Step
    how_many: int = 1
    not_before: date | None = None
    corrected: Notice | None = None


def _next_step(standing: Standing, season: SeasonRow, rulebook: Rulebook, actor: Actor) -> Iterator[Task]:
    """The step of the whole dossier that comes next, where the actor may take it."""
    found = _back_into_work(standing, season) or _at_the_commune(standing, rulebook) or _above(standing, rulebook)
    if season.is_practice and found is not None and found.duty is Duty.PUBLISH:
        return
    if found is not None and may(actor, found.act, _subject(standing)):
        yield Task(
            found.duty,
            standing.season,
            standing.commune,
            due=season.due(found.step),
            how_many=found.how_many,
            not_before=found.not_before,
            corrected=found.corrected,
        )


def _back_into_work(standing: Standing, season: SeasonRow) -> _Next | None:
    """A sheet that is brought together, and of which a correction asks something, is taken back before it goes on."""
    if standing.stage not in _BROUGHT_TOGETHER or not (asked := asked_by_corrections(standing, season)):
        return None
    corrected = why_asked(asked[0], standing.cells.get(asked[0], _EMPTY), season)
    return _Next(Duty.REOPEN, Act.CONSOLIDATE, Step.SUBMITTED, len(asked), corrected=corrected)


def _after_posting(standing: Standing) -> date | None:
    """People may comment to the end of the last day of the posting."""
    return standing.posted_until and standing.posted_until + timedelta(days=1)


def _at_the_commune(standing: Standing, rulebook: Rulebook) -> _Next | None:
    match standing.stage:
        case CommuneStage.CONSOLIDATED:
            return _Next(Duty.POST, Act.POST, Step.POSTED)
        case CommuneStage.POSTED if standing.unanswered:
            return _Next(Duty.ANSWER_COMMENT, Act.ANSWER_COMMENT, Step.SUBMITTED, len(standing.unanswered))
        case CommuneStage.POSTED if rulebook.commune_steps is not None:
            return _Next(Duty.AGREE, Act.AGREE_ON_RESULT, Step.SUBMITTED, not_before=_after_posting(standing))
        case CommuneStage.POSTED:
            return _Next(Duty.SUBMIT, Act.SUBMIT, Step.SUBMITTED, not_before=_after_posting(standing))
        case CommuneStage.AGREED:
            duty = Duty.REPORT if standing.agreed is Outcome.NOT_MET else Duty.SUBMIT
            return _Next(duty, Act.SUBMIT, Step.SUBMITTED)
    return None


def _above(standing: Standing, rulebook: Rulebook) -> _Next | None:
    match standing.stage:
        case CommuneStage.REPORTED:
            return _Next(Duty.LIST, Act.LIST_COMMUNE, Step.DECIDED)
        case CommuneStage.APPRAISED if rulebook.council.required:
            return None if standing.meeting is not None else _Next(Duty.CONVENE, Act.CONVENE_MEETING, Step.VOTED)
        case CommuneStage.APPRAISED | CommuneStage.VOTED:
            return _Next(Duty.DECIDE, Act.DECIDE, Step.DECIDED)
        case CommuneStage.DECIDED:
            return _Next(Duty.SIGN, Act.SIGN, Step.DECIDED)
        case CommuneStage.SIGNED:
            return _Next(Duty.PUBLISH, Act.PUBLISH, Step.DECIDED)
    return None


_EMPTY = Cell()

#: Stages from which a commune takes its sheet back into work.
_BROUGHT_TOGETHER = (CommuneStage.CONSOLIDATED, CommuneStage.POSTED, CommuneStage.AGREED, CommuneStage.REPORTED)
