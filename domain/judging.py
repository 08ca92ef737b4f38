"""From measured values to a verdict: what each part earns, and whether the commune meets the standard.

Pure functions on plain values with exact decimal arithmetic. The board, the decision and the what-if
replay all call `judge`, so they cannot disagree.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from enum import StrEnum
from typing import NamedTuple

from domain.measure import Answer, Kind, Measured, Options, Outcome, Penalty, RuleNote
from domain.rulebook import (
    ZERO,
    Condition,
    ConditionKind,
    Criterion,
    Figure,
    Indicator,
    Model,
    NotArisen,
    Part,
    Provenance,
    Rulebook,
    Unknown,
)
from domain.sanction import Sanction
from domain.working_days import Calendar, CalendarUnknown

#: A result this close to failing is marked: points over the total, share of a criterion, percentage points.
NEAR_TOTAL = Decimal(1)
NEAR_SHARE = Decimal("0.05")
NEAR_RATIO = Decimal(2)

#: Conditions that ask for a total of points.
OF_THE_TOTAL = (ConditionKind.MIN_TOTAL, ConditionKind.MIN_TOTAL_BY_CLASS)

Value = Decimal | Outcome


# What the measured values earn -------------------------------------------------------------------------


class PartResult(NamedTuple):
    """What one part earns and why; both are None where nothing usable was measured.

    A value of None with the rule "calendar-unknown" is a term that runs outside the years whose holidays
    are known.
    """

    code: str
    value: Value | None
    rule: RuleNote | None


class Assessed(NamedTuple):
    """What the rule gives for an indicator: points, or met / not met, with the reading of each part.

    `complete` says that every part was measured; `points` without it are those of the parts measured so
    far. `slack` is the least distance, in percentage points, from a threshold below 100 %.
    """

    points: Decimal | None
    met: Outcome | None
    parts: tuple[PartResult, ...]
    complete: bool
    slack: Decimal | None = None

    @property
    def value(self) -> Value | None:
        """Points or outcome, whichever the rulebook uses."""
        return self.met if self.points is None else self.points


class _Read(NamedTuple):
    part: Part
    result: PartResult
    slack: Decimal | None
    whole: bool  # this reading alone decides the whole indicator


def assess(indicator: Indicator, measures: Mapping[str, Measured], calendar: Calendar) -> Assessed:
    """What the measured values (by part code; others are ignored) earn for this indicator.

    A value of another kind than the part's measure counts as not measured, so that old values can be
    read under another rulebook. Levels: every part must be met.
    """
    reads = [_read(part, measures.get(part.code), calendar, indicator) for part in indicator.parts]
    whole = next((read for read in reads if read.whole), None)
    results = tuple(read.result for read in reads)
    slack = min((read.slack for read in reads if read.slack is not None), default=None)
    if whole is not None:
        return _decided_by(whole, indicator)
    values = [result.value for result in results if result.value is not None]
    complete = len(values) == len(results)
    if indicator.max_points:
        earned = sum((value for value in values if isinstance(value, Decimal)), ZERO)
        return Assessed(earned if values else None, None, results, complete, slack)
    return Assessed(None, _all_met(values, complete=complete), results, complete, slack)


def _decided_by(whole: _Read, indicator: Indicator) -> Assessed:
    """What one part alone gives the indicator. The readings of all parts add up to it."""
    rule = whole.result.rule
    not_arisen = rule is not None and rule.code == "not-arisen"
    levels = not indicator.max_points
    results = []
    for part in indicator.parts:
        if part.code == whole.part.code:
            results.append(whole.result)
            continue
        note = RuleNote("decided-by-part", {"part": whole.part.code})
        value: Value = Outcome.MET if levels else part.max_points if not_arisen else ZERO
        results.append(PartResult(part.code, value, note))
    if levels:
        met = whole.result.value if isinstance(whole.result.value, Outcome) else Outcome.MET
        return Assessed(None, met, tuple(results), complete=True)
    points = sum((one.value for one in results if isinstance(one.value, Decimal)), ZERO)
    return Assessed(points, None, tuple(results), complete=True)


def _all_met(values: list[Value], *, complete: bool) -> Outcome | None:
    if Outcome.NOT_MET in values:
        return Outcome.NOT_MET
    return Outcome.MET if complete else None


def _read(part: Part, measured: Measured | None, calendar: Calendar, indicator: Indicator) -> _Read:
    if measured is None:
        return _unread(part)
    points = bool(indicator.max_points)
    if measured.kind is Kind.NOT_ARISEN:
        if part.not_arisen is None:
            return _unread(part)
        note = RuleNote("not-arisen", {"maximum": part.max_points})
        full: Value = part.max_points if points else Outcome.MET
        return _Read(part, PartResult(part.code, full, note), None, part.not_arisen is NotArisen.INDICATOR)
    if measured.kind is not part.measure.kind:
        return _unread(part)
    try:
        value, note, slack = part.measure.read(measured, part.max_points, calendar)
    except CalendarUnknown as unknown:
        note = RuleNote("calendar-unknown", {"year": unknown.details["year"]})
        return _Read(part, PartResult(part.code, None, note), None, whole=False)
    if points and isinstance(value, Outcome):
        value = part.max_points if value is Outcome.MET else ZERO
    whole = isinstance(part.measure, Penalty) and measured.answer is Answer.YES
    return _Read(part, PartResult(part.code, value, note), slack, whole)


def _unread(part: Part) -> _Read:
    return _Read(part, PartResult(part.code, None, None), None, whole=False)


# Numbers that have to agree ----------------------------------------------------------------------------


class Contradiction(StrEnum):
    """How measured values contradict each other."""

    NUMBERS_DIFFER = "numbers_differ"  # two parts count the same things and say different numbers
    AROSE_ALL_THE_SAME = "arose_all_the_same"  # nothing arose for the indicator, and another of its parts says what did
    BEFORE_ITS_BASIS = "before_its_basis"  # a document is dated before the one that it rests on
    SANCTIONED = "sanctioned"  # full marks for what a recorded sanction of an official speaks against


class Finding(NamedTuple):
    """Two measured values, or two dates of one, that cannot both be right.

    The figures and numbers are there where numbers differ, the dates where a document is older than its basis.
    """

    contradiction: Contradiction
    part: str
    other_part: str
    figure: Figure | None = None
    found: int | None = None
    other_figure: Figure | None = None
    expected: int | None = None
    provenance: Provenance | None = None
    on: date | None = None
    from_on: date | None = None


def cross_checks(rulebook: Rulebook, measures: Mapping[str, Measured]) -> tuple[Finding, ...]:
    """Where measured values (by part code) contradict each other. Findings warn; they do not decide."""
    findings = [*_differing(rulebook, measures)]
    for indicator in rulebook.indicators:
        findings += _arisen(indicator, measures)
        findings += _too_early(indicator, measures)
    return tuple(findings)


def sanctioned(rulebook: Rulebook, values: Mapping[str, Value], sanctions: Iterable[Sanction]) -> tuple[Finding, ...]:
    """Indicators with full marks although a sanction is recorded that they count (QĐ 25/2021/QĐ-TTg, Điều 3.5c)."""
    held = list(sanctions)
    return tuple(
        Finding(Contradiction.SANCTIONED, part.code, part.code)
        for indicator in rulebook.indicators
        for part in indicator.parts
        if part.counts is not None
        and values.get(indicator.code) == (indicator.max_points or Outcome.MET)
        and any(map(part.counts.counts, held))
    )


def _arisen(indicator: Indicator, measures: Mapping[str, Measured]) -> Iterator[Finding]:
    """Nothing was assigned, and yet a document was unlawful; nothing arose, and yet 5 of 5 were dealt with."""
    for part in indicator.parts:
        measured = measures.get(part.code)
        if measured is None or measured.kind is not Kind.NOT_ARISEN or part.not_arisen is not NotArisen.INDICATOR:
            continue
        for other in indicator.parts:
            if other is not part and _tells_of_something(other, measures.get(other.code)):
                yield Finding(Contradiction.AROSE_ALL_THE_SAME, part.code, other.code)


def _tells_of_something(part: Part, measured: Measured | None) -> bool:
    """Whether the value says that something was there: things counted, a document dated, or less than full marks."""
    if measured is None or measured.kind is not part.measure.kind:
        return False
    if measured.denominator or measured.on is not None or measured.answer is Answer.YES:
        return True
    if isinstance(part.measure, Options):
        return any(option.key == measured.option and option.points < part.max_points for option in part.measure.options)
    return False


def _too_early(indicator: Indicator, measures: Mapping[str, Measured]) -> Iterator[Finding]:
    for part in indicator.parts:
        measured = measures.get(part.code)
        if measured is not None and measured.on and measured.from_on and measured.on < measured.from_on:
            yield Finding(
                Contradiction.BEFORE_ITS_BASIS, part.code, part.code, on=measured.on, from_on=measured.from_on
            )


def _differing(rulebook: Rulebook, measures: Mapping[str, Measured]) -> Iterator[Finding]:
    for agreement in rulebook.agreements:
        mine, theirs = measures.get(agreement.part), measures.get(agreement.other_part)
        if mine is None or theirs is None:
            continue
        found, expected = agreement.figure.of(mine), agreement.other_figure.of(theirs)
        if found is None or expected is None or found == expected:
            continue
        yield Finding(
            Contradiction.NUMBERS_DIFFER,
            agreement.part,
            agreement.other_part,
            agreement.figure,
            found,
            agreement.other_figure,
            expected,
            agreement.provenance,
        )


# The verdict -------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Sheet:
    """What is judged: a value per indicator, and what the conditions ask beside the indicators.

    `vetoes` are codes of conditions that occurred, `unconfirmed` of those that hang on what no competent body has
    confirmed yet. `satisfaction` is a percentage. `slacks` may say how
    far an indicator is from its threshold. `criteria` gives totals of criteria where only those are
    known, as in published results; they replace the sum of the indicators.
    """

    values: Mapping[str, Value]
    unit_class: str | None = None
    satisfaction: Decimal | None = None
    vetoes: tuple[str, ...] = ()
    slacks: Mapping[str, Decimal] = field(default_factory=dict)
    criteria: Mapping[str, Decimal] = field(default_factory=dict)
    unconfirmed: tuple[str, ...] = ()


class CriterionResult(NamedTuple):
    """Points of a criterion and its share of the maximum, or how many of its indicators are met.

    Points, maximum and share are None without points, `indicators_met` is None with points. `met` is
    against the condition on each criterion: the least share, or all its indicators met. `least` is the
    least share, None where there is none.
    """

    code: str
    points: Decimal | None
    max_points: Decimal | None
    share: Decimal | None
    met: Outcome
    indicators_met: int | None
    indicators: int
    least: Decimal | None = None

    @property
    def needed(self) -> Decimal | None:
        """The points of the least share; None where there is none."""
        return None if self.least is None or self.max_points is None else self.least * self.max_points

    @property
    def near(self) -> bool:
        """Whether the share is above the least by little, or below it."""
        return self.least is not None and self.share is not None and self.share < self.least + NEAR_SHARE


class ConditionResult(NamedTuple):
    """One condition judged: what it required, what there was, and in which criteria (`where`) it failed.

    `hangs`: without its wording or number nobody can say whether the standard is met.
    """

    code: str
    kind: ConditionKind
    outcome: Outcome
    provenance: Provenance
    required: Decimal | None
    actual: Decimal | None
    where: tuple[str, ...] = ()
    hangs: bool = False


class VerdictResult(StrEnum):
    """What the rules give for a sheet.

    `incomplete`: something that they ask for is not on it. `not_verifiable`: everything is, and whether the standard is
    met hangs on a condition whose wording or number the rulebook lacks: there is not enough to conclude from.
    """

    MET = "met"
    NOT_MET = "not_met"
    INCOMPLETE = "incomplete"
    NOT_VERIFIABLE = "not_verifiable"


class Verdict(NamedTuple):
    """Whether the commune meets the standard.

    `total` and `margin` (points above the total required) are None without points. `complete` says that
    everything the rules ask for is on the sheet; an incomplete sheet is never met. `near` marks a
    commune that meets the standard narrowly.
    """

    total: Decimal | None
    criteria: tuple[CriterionResult, ...]
    conditions: tuple[ConditionResult, ...]
    result: VerdictResult
    margin: Decimal | None
    near: bool
    complete: bool

    @property
    def required_total(self) -> Decimal | None:
        """The points that this commune needs (619/2017 sets them by class); None without points."""
        return next((one.required for one in self.conditions if one.kind in OF_THE_TOTAL), None)

    @property
    def left_open(self) -> tuple[str, ...]:
        """The conditions that a result of `not_verifiable` hangs on."""
        if self.result is not VerdictResult.NOT_VERIFIABLE:
            return ()
        return tuple(one.code for one in self.conditions if one.hangs)


def judge(sheet: Sheet, rulebook: Rulebook) -> Verdict:
    """Whether the sheet meets the rulebook: gates first, then each criterion, then the total.

    QĐ 25/2021/QĐ-TTg, Điều 4; QĐ 619/QĐ-TTg, Điều 3; QĐ 27/2025/QĐ-TTg. Every condition has to be met. A
    condition that cannot be judged is not verifiable; where the rulebook leaves such open, an unknown satisfaction
    threshold and an occurred veto without wording make the result so too. An indicator without a value counts 0 points
    and as not met, and leaves the verdict incomplete, unless a veto condition has already decided it.
    """
    least = rulebook.least_share
    if rulebook.model is Model.POINTS:
        criteria = tuple([_points_of(criterion, sheet, least) for criterion in rulebook.criteria])
        total = sum([result.points for result in criteria if result.points is not None], ZERO)
    else:
        criteria = tuple([_levels_of(criterion, sheet) for criterion in rulebook.criteria])
        total = None
    conditions = tuple([_judge(condition, sheet, criteria, total, rulebook.unknown) for condition in rulebook.judged])
    complete = _is_complete(sheet, rulebook)
    result = _result(conditions, complete=complete)
    margin = _margin(conditions)
    near = result is VerdictResult.MET and _is_near(sheet, criteria, margin)
    return Verdict(total, criteria, conditions, result, margin, near, complete)


def _result(conditions: tuple[ConditionResult, ...], *, complete: bool) -> VerdictResult:
    failed = [condition.kind for condition in conditions if condition.outcome is Outcome.NOT_MET]
    if ConditionKind.VETO in failed or (complete and failed):
        return VerdictResult.NOT_MET
    if not complete:
        return VerdictResult.INCOMPLETE
    if any(condition.hangs for condition in conditions):
        return VerdictResult.NOT_VERIFIABLE
    return VerdictResult.MET


def _points_of(criterion: Criterion, sheet: Sheet, least: Decimal | None) -> CriterionResult:
    points = sheet.criteria.get(criterion.code)
    if points is None:
        values = sheet.values
        points = ZERO
        for indicator in criterion.indicators:
            value = values.get(indicator.code)
            if isinstance(value, Decimal):
                points += value
    maximum = criterion.max_points
    share = points / maximum
    reached = Outcome.MET if least is None or points >= least * maximum else Outcome.NOT_MET
    return CriterionResult(criterion.code, points, maximum, share, reached, None, len(criterion.indicators), least)


def _levels_of(criterion: Criterion, sheet: Sheet) -> CriterionResult:
    count = len(criterion.indicators)
    passed = sum([sheet.values.get(indicator.code) is Outcome.MET for indicator in criterion.indicators])
    outcome = Outcome.MET if passed == count else Outcome.NOT_MET
    return CriterionResult(criterion.code, None, None, None, outcome, passed, count)


def _judge(
    condition: Condition, sheet: Sheet, criteria: tuple[CriterionResult, ...], total: Decimal | None, unknown: Unknown
) -> ConditionResult:
    """One condition; `actual` is None where nothing was there to compare."""
    required: Decimal | None = None
    actual: Decimal | None = None
    where: tuple[str, ...] = ()
    doubtful = False
    kind = condition.kind
    if kind is ConditionKind.VETO:
        holds = condition.code not in sheet.vetoes
        doubtful = holds and condition.code in sheet.unconfirmed
        known = bool(condition.text) and not doubtful
    elif kind is ConditionKind.ALL_INDICATORS_PASS:
        required = Decimal(sum([result.indicators for result in criteria]))
        actual = Decimal(sum([result.indicators_met or 0 for result in criteria]))
        where = _not_met(criteria)
        known, holds = True, not where
    elif kind is ConditionKind.MIN_EACH_CRITERION_RATIO:
        required = condition.threshold
        actual = min([result.share for result in criteria if result.share is not None], default=None)
        where = _not_met(criteria)
        known, holds = required is not None, not where
    else:
        required = condition.required_of(sheet.unit_class)
        actual = sheet.satisfaction if kind is ConditionKind.MIN_SATISFACTION else total
        least = required if required is not None else condition.enough
        reached = least is not None and actual is not None and actual >= least
        known = actual is not None and (required is not None or reached)
        holds = reached
    outcome = Outcome.NOT_VERIFIABLE
    if known:
        outcome = Outcome.MET if holds else Outcome.NOT_MET
    without_rule = not holds if kind is ConditionKind.VETO else required is None
    hangs = doubtful or (unknown is Unknown.LEFT_OPEN and not known and without_rule)
    return ConditionResult(condition.code, kind, outcome, condition.provenance, required, actual, where, hangs)


def _not_met(criteria: tuple[CriterionResult, ...]) -> tuple[str, ...]:
    return tuple([result.code for result in criteria if result.met is not Outcome.MET])


def _is_complete(sheet: Sheet, rulebook: Rulebook) -> bool:
    """Whether every indicator has a value, and class and satisfaction are there where a number needs them."""
    if not all(map(sheet.values.__contains__, rulebook.by_code)) and not _criteria_cover(sheet, rulebook):
        return False
    if rulebook.asks_class and sheet.unit_class not in rulebook.unit_classes:
        return False
    return sheet.satisfaction is not None or not rulebook.needs_satisfaction


def _criteria_cover(sheet: Sheet, rulebook: Rulebook) -> bool:
    return all(
        criterion.code in sheet.criteria or all(indicator.code in sheet.values for indicator in criterion.indicators)
        for criterion in rulebook.criteria
    )


def _margin(conditions: tuple[ConditionResult, ...]) -> Decimal | None:
    """Points above (or, negative, below) the total required, where that is known."""
    for condition in conditions:
        if condition.kind in OF_THE_TOTAL and condition.required is not None and condition.actual is not None:
            return condition.actual - condition.required
    return None


def _is_near(sheet: Sheet, criteria: tuple[CriterionResult, ...], margin: Decimal | None) -> bool:
    """Whether little is missing to failing: total, a criterion's share, or a ratio's threshold."""
    if margin is not None and margin < NEAR_TOTAL:
        return True
    if any(result.near for result in criteria):
        return True
    return any(slack < NEAR_RATIO for slack in sheet.slacks.values())
