"""Results without some of the facts, with others in their places, or by another rule.

The answer comes from the folds and the judgement that decided; only the facts and the rulebook differ. What rests on
something struck out falls with it:

- a file is struck out with all its attachments and reuses. An indicator that has neither evidence nor explanation
  left could not have been submitted (`EvidenceMissing`): it earns 0 points (a penalty stays), or is not met;
- measured data that change change the rule's value; a score that followed the rule follows it again, and so does an
  appraised value that followed the score. A value that somebody set apart from it, with a reason, stands, but never
  above what is left under it;
- what is struck out and has nothing earlier in its place earns nothing.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, NamedTuple, TypeAlias

from domain.appraisal import Appraisal
from domain.assessment import Assessment
from domain.errors import WhatIfInvalid
from domain.fact import Fact, Recorded
from domain.judging import ConditionResult, Value, Verdict, judge
from domain.measure import Answer, Measured, Outcome
from domain.meeting import Choice, Meeting, VoteOutcome, VoteRule, counted
from domain.rulebook import ConditionKind, Rulebook, check
from domain.working_days import Calendar
from projections.analysis.carried_over import CarriedSheet, carried_to
from projections.analysis.counterfactual import JUDGED, Counterfactual, files
from projections.fold import fold
from projections.tables.sheets import SHEETS, SheetRow
from projections.tables.standings import Standing, sheet_of
from projections.tables.tallies import TALLIES, Tally

BALLOTS = (Meeting.BallotCast, Meeting.WrittenOpinionReceived)

#: What may stand in a fact's place; for a satisfaction survey (satisfied, asked).
Other: TypeAlias = Decimal | Outcome | Measured | Answer | Choice | tuple[int, int]

HUNDRED = Decimal(100)


@dataclass(frozen=True, slots=True)
class Otherwise:
    """What is taken to be otherwise: facts by position, thresholds by the code of their condition.

    A threshold by class is named `C1.II`. A share is in percent.
    """

    without: frozenset[int] = frozenset()
    replace: Mapping[int, Other] = field(default_factory=dict)
    thresholds: Mapping[str, Decimal] = field(default_factory=dict)

    def __bool__(self) -> bool:
        return bool(self.without or self.replace or self.thresholds)


class ChangedCondition(NamedTuple):
    """A condition that comes out differently."""

    before: ConditionResult
    after: ConditionResult


class Moved(NamedTuple):
    """An indicator whose value is another. `unsupported`: because it lost its last evidence or explanation."""

    indicator: str
    before: Value | None
    after: Value | None
    unsupported: bool


class VoteRecount(NamedTuple):
    """The last concluded vote, counted again under the rule that was frozen into it.

    A member whose ballot is struck out took no part; `present` are the members of the roll who did.
    """

    before: VoteOutcome
    after: VoteOutcome
    counts: Mapping[Choice, int]
    present: int
    rule: VoteRule

    @property
    def is_quorate(self) -> bool:
        """Whether enough members took part to vote at all."""
        return self.rule.is_quorate(self.present)


class WhatIfResult(NamedTuple):
    """What came out and what would have; `without` are all positions struck out, with those of the same files.

    `recorded` is what the log has; `before` is another verdict where it is compared with one under another text.
    `carried` are both sides' sheets under their texts.
    """

    recorded: Verdict
    before: Verdict
    after: Verdict
    conditions: tuple[ChangedCondition, ...]
    moved: tuple[Moved, ...]
    vote: VoteRecount | None
    without: frozenset[int]
    carried: tuple[CarriedSheet, CarriedSheet]


def what_if(
    facts: Sequence[Recorded],
    commune: str,
    rulebook: Rulebook,
    calendar: Calendar,
    otherwise: Otherwise,
    under: Rulebook | None = None,
    left: Rulebook | None = None,
) -> WhatIfResult:
    """The verdict of a dossier as it is and as it would be. `facts`: one season's, its own and the meetings'.

    Under another text (`under`, whose the thresholds then are) what it can hold is judged; `left` is a text that what
    is recorded is judged by, to compare with. No single condition or indicator compares then.

    Raises WhatIfInvalid for what cannot be, and what scores and measured values may raise.
    """
    without, replace = _read(facts, rulebook, otherwise)
    other_rule = with_thresholds(under or rulebook, otherwise.thresholds)
    case = Counterfactual(facts, commune, rulebook, calendar)
    vote = _vote(facts, commune, without, replace)
    sheet = case.sheet_with_slacks(without, replace)
    lost = {code for code in rulebook.by_code if case.loses_support(code, without, replace)}
    if under is not None or left is not None:
        row = next(iter(fold(SHEETS, case.facts, without=without, replace=replace).values()))
        one = carried_to(case.row, case.sheet, rulebook, left or rulebook, calendar)
        other = carried_to(row, sheet, rulebook, under or rulebook, calendar, lost)
        before, after = judge(one.sheet, left or rulebook), judge(other.sheet, other_rule)
        return WhatIfResult(case.verdict, before, after, (), (), vote, without, (one, other))
    before, after = case.verdict, judge(sheet, other_rule)
    held, values = case.sheet.values, sheet.values
    return WhatIfResult(
        before,
        before,
        after,
        tuple(
            ChangedCondition(one, other)
            for one, other in zip(before.conditions, after.conditions, strict=True)
            if (one.outcome, one.required, one.where) != (other.outcome, other.required, other.where)
        ),
        tuple(
            Moved(code, held.get(code), values.get(code), code in lost)
            for code in rulebook.by_code
            if held.get(code) != values.get(code) or code in lost
        ),
        vote,
        without,
        (CarriedSheet(case.sheet), CarriedSheet(sheet)),
    )


# What may be asked ------------------------------------------------------------------------------------


def _read(
    facts: Sequence[Recorded], rulebook: Rulebook, otherwise: Otherwise
) -> tuple[frozenset[int], dict[int, Fact]]:
    """All positions struck out, and the facts put in the places of others."""
    known = {one.position: one for one in facts}
    for position in (*otherwise.without, *otherwise.replace):
        if position not in known:
            raise WhatIfInvalid(reason="no-such-fact", position=position)
        if not isinstance(known[position].fact, (*JUDGED, *BALLOTS)):
            raise WhatIfInvalid(reason="not-judged", position=position)
    without = frozenset(otherwise.without) | _same_files(facts, otherwise.without)
    for position in otherwise.replace:
        if position in without:
            raise WhatIfInvalid(reason="struck-and-replaced", position=position)
    return without, {
        position: _otherwise(known[position].fact, other, rulebook, position)
        for position, other in otherwise.replace.items()
    }


def _same_files(facts: Iterable[Recorded], positions: Collection[int]) -> frozenset[int]:
    """Every attachment and reuse of the files that are attached or reused at these positions."""
    wanted = set(positions)
    return frozenset(position for file in files(facts).values() if not wanted.isdisjoint(file) for position in file)


def _otherwise(fact: Fact, other: Other, rulebook: Rulebook, position: int) -> Fact:
    """The fact with another value; refused where that could not have been its value."""
    match fact, other:
        case Assessment.IndicatorScored() | Appraisal.IndicatorAppraised(), Decimal() | Outcome():
            rulebook.check_score(fact.indicator, other)
            points, outcome = (other, None) if isinstance(other, Decimal) else (None, other)
            return _with(fact, points=points, outcome=outcome)
        case Assessment.IndicatorMeasured(), Measured():
            check(rulebook.part(fact.part), other)
            return _with(fact, measured=other)
        case Assessment.VetoDeclared(), Answer():
            return _with(fact, occurred=other)
        case Assessment.SatisfactionMeasured(), (int() as satisfied, int() as asked) if 0 <= satisfied <= asked != 0:
            return _with(fact, satisfied=satisfied, asked=asked)
        case Meeting.BallotCast() | Meeting.WrittenOpinionReceived(), Choice():
            return _with(fact, choice=other)
    raise WhatIfInvalid(reason="wrong-value", position=position)


def _with(fact: Fact, **fields: Any) -> Fact:
    other = object.__new__(type(fact))
    vars(other).update(vars(fact), **fields)
    return other


def parameters(rulebook: Rulebook) -> dict[str, tuple[Decimal, Decimal]]:
    """The thresholds that may be taken to be otherwise: each with its value and the most it can be."""
    found = {}
    for condition in rulebook.judged:
        if condition.threshold is not None:
            share = condition.kind is ConditionKind.MIN_EACH_CRITERION_RATIO
            total = condition.kind is ConditionKind.MIN_TOTAL
            found[condition.code] = (
                condition.threshold * HUNDRED if share else condition.threshold,
                rulebook.max_points if total else HUNDRED,
            )
        found |= {
            f"{condition.code}.{of_class}": (points, rulebook.max_points) for of_class, points in condition.by_class
        }
    return found


def with_thresholds(rulebook: Rulebook, thresholds: Mapping[str, Decimal]) -> Rulebook:
    """The rulebook with other thresholds; WhatIfInvalid for one that it has not, or outside 0 to the maximum."""
    if not thresholds:
        return rulebook
    known = parameters(rulebook)
    for code, number in thresholds.items():
        if code not in known:
            raise WhatIfInvalid(reason="no-such-parameter", parameter=code)
        if not number.is_finite() or not 0 <= number <= known[code][1]:
            raise WhatIfInvalid(reason="parameter-out-of-range", parameter=code, typed=number, maximum=known[code][1])
    conditions = []
    for condition in rulebook.conditions:
        share = condition.kind is ConditionKind.MIN_EACH_CRITERION_RATIO
        other = thresholds.get(condition.code)
        threshold = condition.threshold if other is None else other / HUNDRED if share else other
        by_class = tuple((one, thresholds.get(f"{condition.code}.{one}", points)) for one, points in condition.by_class)
        conditions.append(dataclasses.replace(condition, threshold=threshold, by_class=by_class))
    return dataclasses.replace(rulebook, conditions=tuple(conditions))


# The vote ---------------------------------------------------------------------------------------------


def _vote(
    facts: Sequence[Recorded], commune: str, without: Collection[int], replace: Mapping[int, Fact]
) -> VoteRecount | None:
    then = _tally(fold(TALLIES, facts), commune)
    if then is None or then.outcome is None:
        return None
    now = _tally(fold(TALLIES, facts, without=without, replace=replace), commune)
    ballots = now.ballots if now is not None else {}
    counts = counted(ballot.choice for ballot in ballots.values())
    absent = sum(member in then.ballots and member not in ballots for member in then.roll)
    present = len(then.roll) - absent
    after = then.rule.outcome_of(counts) if then.rule.is_quorate(present) else VoteOutcome.NOT_CARRIED
    return VoteRecount(then.outcome, after, counts, present, then.rule)


def _tally(rows: Mapping[str, Any], commune: str) -> Tally | None:
    """The last concluded vote on the commune."""
    closed = [row.votes[commune] for row in rows.values() if commune in row.votes and row.votes[commune].concluded_at]
    return max(closed, key=lambda tally: tally.concluded_at, default=None)


# Every commune of a season -----------------------------------------------------------------------------


class Side(NamedTuple):
    """One commune of a season by the two texts that are compared, and what each of them cannot hold of it."""

    commune: str
    before: Verdict
    after: Verdict
    carried: tuple[CarriedSheet, CarriedSheet]

    @property
    def changes(self) -> bool:
        """Whether the commune changes side."""
        return self.before.result is not self.after.result


def side_of(
    standing: Standing, own: Rulebook, texts: tuple[Rulebook, Rulebook], row: SheetRow | None, calendar: Calendar
) -> Side:
    """The commune under two texts: by what is recorded where one is its `own`, with whatever thresholds; under any
    other text by what its dossier `row` carries over to it.
    """
    recorded = sheet_of(standing, own)
    left, right = (
        carried_to(row, recorded, own, text, calendar) if row is not None else CarriedSheet(recorded) for text in texts
    )
    before, after = judge(left.sheet, texts[0]), judge(right.sheet, texts[1])
    return Side(standing.commune, before, after, (left, right))
