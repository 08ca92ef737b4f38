"""Made-up figures: measured data for every part of a rulebook, good enough, or summing to a given total."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta
from decimal import ROUND_DOWN, Decimal
from typing import NamedTuple

from domain.judging import Value, assess
from domain.measure import (
    Amount,
    Answer,
    Checklist,
    Kind,
    ManualPoints,
    Measured,
    Options,
    Penalty,
    Ratio,
    RatioBands,
    RatioThreshold,
    SurveyRatio,
    WorkingDayTerm,
    YesNo,
)
from domain.rulebook import Criterion, Part, Rulebook
from domain.working_days import Calendar
from services.demo.provinces import Dossier


class EnteredFigure(NamedTuple):
    """What an officer enters for one indicator, and the value that follows from it."""

    indicator: str
    measures: dict[str, Measured]
    value: Value


def figures(rulebook: Rulebook, calendar: Calendar, dossier: Dossier, year: int) -> list[EnteredFigure]:
    """The figures of all indicators, in the rulebook's order."""
    measures: dict[str, Measured] = {}
    for criterion in rulebook.criteria:
        exact = dossier.criteria.get(criterion.code)
        if exact is None:
            for part in _parts(criterion):
                measures[part.code] = _good(part, dossier.share, year)
        else:
            measures |= _summing_to(exact, criterion, calendar, year)
    found = []
    for indicator in rulebook.indicators:
        mine = {part.code: measures[part.code] for part in indicator.parts}
        value = assess(indicator, mine, calendar).value
        if value is None:
            raise ValueError(f"{indicator.code}: the figures do not make a value")
        found.append(EnteredFigure(indicator.code, mine, value))
    return found


def _parts(criterion: Criterion) -> list[Part]:
    return [part for indicator in criterion.indicators for part in indicator.parts]


def _good(part: Part, share: Decimal, year: int) -> Measured:  # noqa: C901, PLR0911 - one flat match over measures
    """Figures that meet what the part asks."""
    match part.measure:
        case Options(options=options):
            best = max(options, key=lambda option: option.points)
            return Measured(Kind.OPTIONS, option=best.key)
        case Ratio():
            return Measured(Kind.RATIO, numerator=int(share * 250), denominator=250)
        case RatioBands():
            return Measured(Kind.RATIO_BANDS, numerator=22, denominator=22)
        case SurveyRatio():
            return Measured(Kind.SURVEY, numerator=int(share * 200), denominator=200, counts=(230,))
        case RatioThreshold():
            return Measured(Kind.RATIO_THRESHOLD, numerator=12, denominator=12)
        case YesNo():
            return Measured(Kind.BOOLEAN, answer=Answer.YES)
        case Checklist(choices=choices, minimum=minimum):
            return Measured(Kind.CHECKLIST, checked=tuple(choice.key for choice in choices[: minimum + 1]))
        case WorkingDayTerm():
            issued = date(year, 1, 14)
            return Measured(Kind.DEADLINE, on=issued + timedelta(days=5), from_on=issued)
        case Amount(rates=rates) as amount:
            counts = (12 * 12,) if amount.is_monthly else (10, 2) if len(rates) > 1 else (12,)
            due = sum(rate.dong * count for rate, count in zip(rates, counts, strict=True))
            several = counts if amount.asks_counts else ()
            return Measured(Kind.AMOUNT, numerator=12, denominator=12, counts=several, amount=due)
        case Penalty():
            return Measured(Kind.PENALTY, answer=Answer.NO)
        case ManualPoints(step=step):
            return Measured(Kind.POINTS, points=_stepped(part.max_points * share, step))
    raise AssertionError(part.measure)


def _summing_to(target: Decimal, criterion: Criterion, calendar: Calendar, year: int) -> dict[str, Measured]:
    """Figures whose points come to the target: what is judged by hand, or is a plain ratio, takes up the rest."""
    measures: dict[str, Measured] = {}
    rest, room = target, Decimal(0)
    elastic = []
    for part in _parts(criterion):
        if isinstance(part.measure, ManualPoints | Ratio):
            elastic.append(part)
            room += part.max_points
        else:
            measures[part.code] = _good(part, Decimal(1), year)
            reading = part.measure.read(measures[part.code], part.max_points, calendar)
            if isinstance(reading.value, Decimal):
                rest -= reading.value
    for part in elastic:
        step = part.measure.step if isinstance(part.measure, ManualPoints) else Decimal("0.25")
        points = min(part.max_points, _stepped(rest * part.max_points / room + step / 2, step))
        if part is elastic[-1]:
            points = rest
        rest -= points
        room -= part.max_points
        measures[part.code] = _of_points(part, points)
    return measures


def _of_points(part: Part, points: Decimal) -> Measured:
    if isinstance(part.measure, ManualPoints):
        return Measured(Kind.POINTS, points=points)
    return Measured(Kind.RATIO, numerator=int(points * 100), denominator=int(part.max_points * 100))


def _stepped(points: Decimal, step: Decimal) -> Decimal:
    return (points / step).to_integral_value(ROUND_DOWN) * step


def total(found: list[EnteredFigure], rulebook: Rulebook) -> Mapping[str, Decimal]:
    """Points by criterion, to check the figures against what they should come to."""
    sums: dict[str, Decimal] = {}
    for figure in found:
        if isinstance(figure.value, Decimal):
            criterion = rulebook.indicator(figure.indicator).criterion
            sums[criterion] = sums.get(criterion, Decimal(0)) + figure.value
    return sums
