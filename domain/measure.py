"""Measures of the parts of an indicator, and the points that a measured value earns.

An officer enters a `Measured`; the rulebook holds a measure per part. `check` refuses what cannot be a
value of that measure, `read` says what it earns and by which rule. All ratios are compared exactly, as
whole numbers: 79.996 % is below 80 %.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import ROUND_DOWN, ROUND_HALF_UP, Decimal
from enum import StrEnum
from typing import ClassVar, NamedTuple, TypeAlias

from domain.errors import MeasureInvalid
from domain.rate import Rate
from domain.working_days import Calendar

HUNDRED = Decimal(100)
CENT = Decimal("0.01")


class Kind(StrEnum):
    """The kinds of measure, and `not_arisen`: nothing of the sort happened in the year. Stored in facts."""

    OPTIONS = "options"
    RATIO_BANDS = "ratio_bands"
    RATIO = "ratio"
    RATIO_THRESHOLD = "ratio_threshold"
    BOOLEAN = "boolean"
    CHECKLIST = "checklist"
    DEADLINE = "deadline"
    AMOUNT = "amount"
    SURVEY = "survey"
    PENALTY = "penalty"
    POINTS = "points"
    NOT_ARISEN = "not_arisen"


class Answer(StrEnum):
    """Yes or no; on a penalty, yes says that the ground for it occurred."""

    YES = "yes"
    NO = "no"


class Outcome(StrEnum):
    """Whether something is met; `not_verifiable` where the rule's own threshold is not known."""

    MET = "met"
    NOT_MET = "not_met"
    NOT_VERIFIABLE = "not_verifiable"


class Rounding(StrEnum):
    """How proportional points come to a rulebook's decimals: the one place where anything that counts is rounded.

    Part of each rulebook's text, so that an old text judges as it did: those that do not say round half up. Rounded
    down, 1999 of 2000 is less than the maximum, and no sum reaches a bound that the exact points stay below.
    """

    HALF_UP = "half_up"
    DOWN = "down"

    def of(self, exact: Decimal, decimals: int) -> Decimal:
        """Points, of 0 or more, with so many decimals."""
        mode = ROUND_HALF_UP if self is Rounding.HALF_UP else ROUND_DOWN
        return exact.quantize(Decimal(1).scaleb(-decimals), mode)


@dataclass(frozen=True)  # no slots: a default that stands in the class need not be set when a fact is read
class Measured:
    """What an officer entered for one part; which fields are set depends on the kind.

    - ratios and surveys: `numerator` of `denominator` (whole numbers); of a survey `counts` holds one
      number, how many sheets were handed out (old ones have none)
    - amount: also `amount` in đồng, and `counts` of `denominator` by rate where there are several rates
    - options: `option`, the key of the one chosen · checklist: `checked`, keys
    - boolean and penalty: `answer` · points: `points`
    - deadline: the document's date `on`, and `from_on`, the date the term runs from
    - not arisen: `text` may say why
    """

    kind: Kind
    numerator: int | None = None
    denominator: int | None = None
    counts: tuple[int, ...] = ()
    amount: int | None = None
    option: str | None = None
    checked: tuple[str, ...] = ()
    answer: Answer | None = None
    on: date | None = None
    from_on: date | None = None
    points: Decimal | None = None
    text: str = ""

    @property
    def handed_out(self) -> int | None:
        """How many sheets of a survey were handed out; None of other kinds, and of surveys of before."""
        return self.counts[0] if self.kind is Kind.SURVEY and self.counts else None


NOT_ARISEN = Measured(Kind.NOT_ARISEN)

NoteArg: TypeAlias = str | int | Decimal | date


class RuleNote(NamedTuple):
    """Why a value earns what it earns: a code that the edge has a sentence for, and its slots."""

    code: str
    args: Mapping[str, NoteArg]


class Reading(NamedTuple):
    """What a measured value earns: points, or met / not met.

    `slack` is how many percentage points a ratio lies above (or below) a threshold under 100 %.
    """

    value: Decimal | Outcome
    note: RuleNote
    slack: Decimal | None = None


def percent(numerator: int, denominator: int) -> Decimal:
    """The percentage to two decimals, rounded down: what is shown never claims a bound not reached."""
    return (Decimal(numerator * 100) / denominator).quantize(CENT, ROUND_DOWN)


def met(claim: bool) -> Outcome:  # noqa: FBT001 - the claim itself is yes or no
    """The outcome of a claim that can be verified."""
    return Outcome.MET if claim else Outcome.NOT_MET


# The measures ------------------------------------------------------------------------------------------


class Option(NamedTuple):
    """One of the levels a rulebook offers, with its points."""

    key: str
    text: str
    points: Decimal


@dataclass(frozen=True, slots=True)
class Options:
    """One of the listed levels; each has its points."""

    options: tuple[Option, ...]
    kind: ClassVar[Kind] = Kind.OPTIONS

    def check(self, measured: Measured, maximum: Decimal) -> None:
        """The option must be one of those listed."""
        if measured.option is None:
            raise MeasureInvalid(reason="missing", field="option")
        if measured.option not in {option.key for option in self.options}:
            raise MeasureInvalid(reason="unknown-option", field="option", typed=measured.option)

    def read(self, measured: Measured, maximum: Decimal, calendar: Calendar) -> Reading:
        """The points of the option chosen."""
        chosen = next(option for option in self.options if option.key == measured.option)
        return Reading(chosen.points, RuleNote("option-chosen", {"option": chosen.key, "text": chosen.text}))


class Band(NamedTuple):
    """From `at_least` percent up to the next higher band: so many points."""

    at_least: Decimal
    points: Decimal


@dataclass(frozen=True, slots=True)
class RatioBands:
    """A ratio falls into a band; the bands stand from the highest down and the lowest begins at 0."""

    bands: tuple[Band, ...]
    kind: ClassVar[Kind] = Kind.RATIO_BANDS

    def check(self, measured: Measured, maximum: Decimal) -> None:
        """A ratio of whole numbers, at most one."""
        _ratio(measured)

    def read(self, measured: Measured, maximum: Decimal, calendar: Calendar) -> Reading:
        """The points of the highest band that the ratio reaches."""
        numerator, denominator = _ratio(measured)
        below = Decimal(100)
        for band in self.bands:
            if numerator * 100 >= band.at_least * denominator:
                args = _shown(numerator, denominator) | {"low": band.at_least, "high": below}
                code = "ratio-in-top-band" if band is self.bands[0] else "ratio-in-band"
                return Reading(band.points, RuleNote(code, args))
            below = band.at_least
        raise AssertionError("the lowest band begins at 0")


@dataclass(frozen=True, slots=True)
class Ratio:
    """The same share of the maximum as the ratio, rounded as the rulebook says to its decimals."""

    decimals: int = 2
    rounding: Rounding = Rounding.DOWN
    kind: ClassVar[Kind] = Kind.RATIO

    def check(self, measured: Measured, maximum: Decimal) -> None:
        """A ratio of whole numbers, at most one."""
        _ratio(measured)

    def read(self, measured: Measured, maximum: Decimal, calendar: Calendar) -> Reading:
        """Maximum times the ratio."""
        numerator, denominator = _ratio(measured)
        points = self.rounding.of(maximum * numerator / denominator, self.decimals)
        args = _shown(numerator, denominator) | {"maximum": maximum}
        return Reading(points, RuleNote("ratio-of-maximum", args))


@dataclass(frozen=True, slots=True)
class SurveyRatio:
    """Satisfied answers of all answers; scores like a ratio."""

    decimals: int = 2
    rounding: Rounding = Rounding.DOWN
    kind: ClassVar[Kind] = Kind.SURVEY

    def check(self, measured: Measured, maximum: Decimal) -> None:
        """A ratio of whole numbers, at most one, of no more answers than sheets were handed out."""
        _, answers = _ratio(measured)
        check_sample(answers, measured.handed_out)

    def read(self, measured: Measured, maximum: Decimal, calendar: Calendar) -> Reading:
        """Maximum times the share of satisfied answers."""
        value, note, slack = Ratio(self.decimals, self.rounding).read(measured, maximum, calendar)
        return Reading(value, RuleNote("survey-of-maximum", note.args), slack)


@dataclass(frozen=True, slots=True)
class RatioThreshold:
    """Met when the ratio is at least so many percent."""

    at_least: Decimal
    kind: ClassVar[Kind] = Kind.RATIO_THRESHOLD

    def check(self, measured: Measured, maximum: Decimal) -> None:
        """A ratio of whole numbers, at most one."""
        _ratio(measured)

    def read(self, measured: Measured, maximum: Decimal, calendar: Calendar) -> Reading:
        """Whether the threshold is reached, and by how much where it is below 100 %."""
        numerator, denominator = _ratio(measured)
        args = _shown(numerator, denominator) | {"required": self.at_least}
        slack = None
        if self.at_least < HUNDRED:
            slack = Decimal(numerator * 100) / denominator - self.at_least
        reached = numerator * 100 >= self.at_least * denominator
        return Reading(met(reached), RuleNote("ratio-against-threshold", args), slack)


@dataclass(frozen=True, slots=True)
class YesNo:
    """Met when the answer is yes."""

    kind: ClassVar[Kind] = Kind.BOOLEAN

    def check(self, measured: Measured, maximum: Decimal) -> None:
        """An answer must be there."""
        if measured.answer is None:
            raise MeasureInvalid(reason="missing", field="answer")

    def read(self, measured: Measured, maximum: Decimal, calendar: Calendar) -> Reading:
        """Yes is met."""
        answer = measured.answer or Answer.NO
        return Reading(met(answer is Answer.YES), RuleNote("answered", {"answer": answer.value}))


class ChecklistEntry(NamedTuple):
    """One entry of a checklist."""

    key: str
    text: str


@dataclass(frozen=True, slots=True)
class Checklist:
    """Met when at least so many of the listed things were done."""

    choices: tuple[ChecklistEntry, ...]
    minimum: int
    kind: ClassVar[Kind] = Kind.CHECKLIST

    def check(self, measured: Measured, maximum: Decimal) -> None:
        """Only listed things, each once; none at all is a value too."""
        known = {choice.key for choice in self.choices}
        for key in measured.checked:
            if key not in known:
                raise MeasureInvalid(reason="unknown-option", field="checked", typed=key)
        if len(set(measured.checked)) < len(measured.checked):
            raise MeasureInvalid(reason="twice", field="checked")

    def read(self, measured: Measured, maximum: Decimal, calendar: Calendar) -> Reading:
        """How many are checked against how many are needed."""
        count = len(measured.checked)
        return Reading(met(count >= self.minimum), RuleNote("checklist", {"checked": count, "required": self.minimum}))


@dataclass(frozen=True, slots=True)
class WorkingDayTerm:
    """Met when the document is dated within so many working days of the document the term runs from."""

    working_days: int
    kind: ClassVar[Kind] = Kind.DEADLINE

    def check(self, measured: Measured, maximum: Decimal) -> None:
        """Both dates must be there."""
        if measured.on is None:
            raise MeasureInvalid(reason="missing", field="on")
        if measured.from_on is None:
            raise MeasureInvalid(reason="missing", field="from_on")

    def read(self, measured: Measured, maximum: Decimal, calendar: Calendar) -> Reading:
        """Whether the date is within the term; raises CalendarUnknown for a year without holidays data."""
        if measured.on is None or measured.from_on is None:
            raise MeasureInvalid(reason="missing", field="on")
        due = calendar.after(measured.from_on, self.working_days)
        args: Mapping[str, NoteArg] = {
            "on": measured.on,
            "from_on": measured.from_on,
            "due": due,
            "working_days": self.working_days,
        }
        return Reading(met(measured.on <= due), RuleNote("deadline", args))


class Comparison(StrEnum):
    """How an amount is compared with what the rates come to."""

    EXACTLY = "exactly"
    AT_LEAST = "at_least"
    AT_MOST = "at_most"

    def holds(self, amount: int, required: int) -> bool:
        """Whether the amount is as required."""
        if self is Comparison.EXACTLY:
            return amount == required
        return amount >= required if self is Comparison.AT_LEAST else amount <= required


@dataclass(frozen=True, slots=True)
class Amount:
    """Met when a ratio reaches its threshold and the money spent is what the rates come to.

    With one rate, it applies to each of the `denominator`; with several, `counts` says how many of the
    denominator fall under each. Of monthly rates `counts` says the months, added up over all of the denominator: a team
    that was set up in July has six.
    """

    at_least: Decimal
    comparison: Comparison
    rates: tuple[Rate, ...]
    kind: ClassVar[Kind] = Kind.AMOUNT

    @property
    def is_monthly(self) -> bool:
        """Whether months are counted."""
        return any(rate.monthly for rate in self.rates)

    @property
    def asks_counts(self) -> bool:
        """Whether `counts` has to be given: one rate of the whole year applies to all of the denominator."""
        return len(self.rates) > 1 or self.is_monthly

    def check(self, measured: Measured, maximum: Decimal) -> None:
        """A ratio, an amount that is not negative, and counts that add up to the denominator, or months that no more
        than all of it can have.
        """
        _, denominator = _ratio(measured)
        if measured.amount is None:
            raise MeasureInvalid(reason="missing", field="amount")
        if measured.amount < 0:
            raise MeasureInvalid(reason="negative", field="amount", typed=measured.amount)
        if not self.asks_counts:
            return
        if len(measured.counts) != len(self.rates):
            raise MeasureInvalid(reason="missing", field="counts")
        if min(measured.counts) < 0:
            raise MeasureInvalid(reason="negative", field="counts")
        if not self.is_monthly and sum(measured.counts) != denominator:
            raise MeasureInvalid(reason="counts-do-not-add-up", field="counts", total=denominator)
        for count, rate in zip(measured.counts, self.rates, strict=True):
            if rate.monthly and count > denominator * rate.months:
                raise MeasureInvalid(
                    reason="too-many-months", field="counts", typed=count, maximum=denominator * rate.months
                )

    def read(self, measured: Measured, maximum: Decimal, calendar: Calendar) -> Reading:
        """Whether both the ratio and the amount are as required.

        Not verifiable where the counts are those of other rates: a province has set one since, or withdrawn it.
        """
        numerator, denominator = _ratio(measured)
        counts = measured.counts if self.asks_counts else (denominator,)
        if len(counts) != len(self.rates):
            return Reading(Outcome.NOT_VERIFIABLE, RuleNote("amount-recount", {"rates": len(self.rates)}))
        required = sum(rate.dong * count for rate, count in zip(self.rates, counts, strict=True))
        amount = measured.amount or 0
        args = _shown(numerator, denominator) | {
            "threshold": self.at_least,
            "amount": amount,
            "required": required,
            "comparison": self.comparison.value,
        }
        reached = numerator * 100 >= self.at_least * denominator
        return Reading(met(reached and self.comparison.holds(amount, required)), RuleNote("amount", args))


@dataclass(frozen=True, slots=True)
class Penalty:
    """When its ground occurred, the whole indicator scores this (negative) number and nothing else."""

    points: Decimal
    kind: ClassVar[Kind] = Kind.PENALTY

    def check(self, measured: Measured, maximum: Decimal) -> None:
        """An answer must be there: yes, the ground occurred, or no."""
        if measured.answer is None:
            raise MeasureInvalid(reason="missing", field="answer")

    def read(self, measured: Measured, maximum: Decimal, calendar: Calendar) -> Reading:
        """The penalty, or nothing."""
        if measured.answer is Answer.YES:
            return Reading(self.points, RuleNote("penalty-applied", {"points": self.points}))
        return Reading(Decimal(0), RuleNote("penalty-not-applied", {}))


@dataclass(frozen=True, slots=True)
class ManualPoints:
    """The officer judges the points, in steps."""

    step: Decimal
    kind: ClassVar[Kind] = Kind.POINTS

    def check(self, measured: Measured, maximum: Decimal) -> None:
        """From 0 to the maximum, in whole steps."""
        points = measured.points
        if points is None:
            raise MeasureInvalid(reason="missing", field="points")
        if not points.is_finite():
            raise MeasureInvalid(reason="not-a-number", field="points", typed=str(points))
        if points > maximum:
            raise MeasureInvalid(reason="points-above-maximum", field="points", typed=points, maximum=maximum)
        if points < 0:
            raise MeasureInvalid(reason="points-below-minimum", field="points", typed=points, minimum=Decimal(0))
        if points % self.step:
            raise MeasureInvalid(reason="off-step", field="points", typed=points, step=self.step)

    def read(self, measured: Measured, maximum: Decimal, calendar: Calendar) -> Reading:
        """The points entered."""
        points = measured.points or Decimal(0)
        return Reading(points, RuleNote("points-given", {"points": points, "maximum": maximum}))


Measure: TypeAlias = (
    Options
    | RatioBands
    | Ratio
    | SurveyRatio
    | RatioThreshold
    | YesNo
    | Checklist
    | WorkingDayTerm
    | Amount
    | Penalty
    | ManualPoints
)


def check_sample(answers: int, handed_out: int | None) -> None:
    """Refuse more answers to a survey than sheets were handed out, where that is known."""
    if handed_out is not None and handed_out < answers:
        raise MeasureInvalid(reason="more-answers-than-sheets", field="handed_out", typed=handed_out)


def _ratio(measured: Measured) -> tuple[int, int]:
    """Numerator and denominator; a denominator of 0 is no ratio but a thing that did not arise."""
    numerator, denominator = measured.numerator, measured.denominator
    if numerator is None:
        raise MeasureInvalid(reason="missing", field="numerator")
    if denominator is None:
        raise MeasureInvalid(reason="missing", field="denominator")
    if numerator < 0:
        raise MeasureInvalid(reason="negative", field="numerator", typed=numerator)
    if denominator < 0:
        raise MeasureInvalid(reason="negative", field="denominator", typed=denominator)
    if denominator == 0:
        raise MeasureInvalid(reason="denominator-zero", field="denominator")
    if numerator > denominator:
        raise MeasureInvalid(reason="numerator-above-denominator", field="numerator", typed=numerator)
    return numerator, denominator


def _shown(numerator: int, denominator: int) -> dict[str, NoteArg]:
    return {"numerator": numerator, "denominator": denominator, "percent": percent(numerator, denominator)}
