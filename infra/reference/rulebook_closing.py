"""What keeps a text from being a rulebook: points that do not add up, codes that stand twice, and the like.

A draft may have such problems while it is being corrected, a text in use has none.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal

from domain.measure import (
    Amount,
    Band,
    Checklist,
    ChecklistEntry,
    ManualPoints,
    Option,
    Options,
    Penalty,
    Ratio,
    RatioBands,
    SurveyRatio,
)
from domain.rate import Rate
from domain.rulebook import ZERO, Indicator, Model, Part, Provenance, Rulebook, Source
from domain.unit import COMMUNE_TYPES, UNIT_CLASSES

#: Measures that give points, which a rulebook of levels has none of.
OF_POINTS = (RatioBands, Options, Penalty, Ratio, SurveyRatio, ManualPoints)


@dataclass(frozen=True, slots=True)
class RulebookProblem:
    """Something at this path that does not close; `code` is one that the edge has a sentence for, `args` its slots."""

    path: str
    code: str
    args: Mapping[str, Decimal | str] = field(default_factory=dict)

    def __str__(self) -> str:
        return " ".join([self.path, self.code, *(f"{name}={value}" for name, value in self.args.items())])


def problems_of(rulebook: Rulebook) -> tuple[RulebookProblem, ...]:
    """All that does not close in it, in the order of the text; a rulebook that can be judged by has none."""
    return (
        *_twice(rulebook),
        *_of_validity(rulebook),
        *_of_council(rulebook),
        *_of_steps(rulebook),
        *_of_agreements(rulebook),
        *_of_points(rulebook),
        *_of_sources(rulebook),
    )


def unit_problems_of(rulebook: Rulebook) -> tuple[RulebookProblem, ...]:
    """Types and classes of units that no commune has. A text in use may name some: only a draft is asked."""
    return tuple(_of_units(rulebook))


def _of_units(rulebook: Rulebook) -> Iterator[RulebookProblem]:
    if not rulebook.unit_types:
        yield RulebookProblem("unit_types", "no-unit-type", {"known": ", ".join(COMMUNE_TYPES)})
    for name in rulebook.unit_types:
        if name not in COMMUNE_TYPES:
            yield RulebookProblem("unit_types", "unknown-unit-type", {"name": name, "known": ", ".join(COMMUNE_TYPES)})
    for name in rulebook.unit_classes:
        if name not in UNIT_CLASSES:
            yield RulebookProblem(
                "unit_classes", "unknown-unit-class", {"name": name, "known": ", ".join(UNIT_CLASSES)}
            )
    for condition in rulebook.conditions:
        for name, _ in condition.by_class:
            if name not in rulebook.unit_classes:
                yield RulebookProblem(condition.code, "class-not-listed", {"name": name})


def _twice(rulebook: Rulebook) -> Iterator[RulebookProblem]:
    parts = [code for one in rulebook.indicators for code in (*(part.code for part in one.parts), *one.without_text)]
    criteria = [criterion.code for criterion in rulebook.criteria]
    conditions = [condition.code for condition in rulebook.conditions]
    terms = [f"deadlines.{term.step}" for term in rulebook.terms]
    for codes in (criteria, [one.code for one in rulebook.indicators], parts, conditions, terms):
        for code, count in Counter(codes).items():
            if count > 1:
                yield RulebookProblem(code, "twice")


def _of_validity(rulebook: Rulebook) -> Iterator[RulebookProblem]:
    begins, ends = rulebook.in_force_from.value, rulebook.in_force_to.value
    if begins and ends and ends < begins:
        yield RulebookProblem("in_force.to", "ends-before-it-begins")


def _of_council(rulebook: Rulebook) -> Iterator[RulebookProblem]:
    council = rulebook.council
    if not 0 < council.quorum <= 1:
        yield RulebookProblem("council.quorum", "share-of-all")
    if council.max_members is not None and council.max_members < 1:
        yield RulebookProblem("council.max_members", "at-least-one")
    if council.max_vice_chairs is not None and council.max_vice_chairs < 0:
        yield RulebookProblem("council.max_vice_chairs", "below-zero")


def _of_steps(rulebook: Rulebook) -> Iterator[RulebookProblem]:
    steps = rulebook.commune_steps
    if steps is None:
        return
    if steps.opinion_sheets and steps.opinion_sheets not in rulebook.by_code:
        yield RulebookProblem("commune_steps", "no-such-indicator", {"code": steps.opinion_sheets})
    if steps.broadcasts < 0:
        yield RulebookProblem("commune_steps", "below-zero")


def _of_agreements(rulebook: Rulebook) -> Iterator[RulebookProblem]:
    for agreement in rulebook.agreements:
        for code in (agreement.part, agreement.other_part):
            if code not in rulebook.parts:
                yield RulebookProblem("agreements", "no-such-part", {"code": code})


def _of_points(rulebook: Rulebook) -> Iterator[RulebookProblem]:
    for criterion in rulebook.criteria:
        total = sum((indicator.max_points for indicator in criterion.indicators), ZERO)
        if total != criterion.max_points:
            yield _sum(f"{criterion.code}.points", total, criterion.max_points)
        if (criterion.max_points > 0) != (rulebook.model is Model.POINTS):
            yield RulebookProblem(f"{criterion.code}.points", "points-and-model")
        for indicator in criterion.indicators:
            yield from _of_indicator(indicator, rulebook.model)


def _sum(path: str, total: Decimal, maximum: Decimal) -> RulebookProblem:
    return RulebookProblem(path, "sum", {"total": total, "maximum": maximum})


def _of_indicator(indicator: Indicator, model: Model) -> Iterator[RulebookProblem]:
    if not indicator.parts and not indicator.without_text:
        yield RulebookProblem(indicator.code, "no-measure")
    total = sum((part.max_points for part in indicator.parts), ZERO)
    if total != indicator.max_points and not (indicator.without_text and total < indicator.max_points):
        yield _sum(f"{indicator.code}.points", total, indicator.max_points)
    for part in indicator.parts:
        for code in _of_measure(part, model):
            yield RulebookProblem(f"{part.code}.measure", code)


def _of_measure(part: Part, model: Model) -> Iterator[str]:
    measure = part.measure
    match measure:
        case RatioBands(bands):
            yield from _of_bands(bands, part.max_points)
        case Options(options):
            yield from _of_options(options, part.max_points)
        case Checklist(choices, minimum):
            yield from _of_checklist(choices, minimum)
        case Amount(rates=rates):
            yield from _of_rates(rates)
        case Penalty(points) if points >= 0 or part.max_points != 0:
            yield "penalty-below-zero"
        case _:
            pass
    if isinstance(measure, OF_POINTS) and model is not Model.POINTS:
        yield "points-and-model"


def _of_bands(bands: Sequence[Band], maximum: Decimal) -> Iterator[str]:
    bounds = [band.at_least for band in bands]
    if bounds != sorted(set(bounds), reverse=True) or bounds[-1:] != [0]:
        yield "bands-order"
    if max((band.points for band in bands), default=ZERO) != maximum:
        yield "best-is-maximum"


def _of_options(options: Sequence[Option], maximum: Decimal) -> Iterator[str]:
    if max((option.points for option in options), default=ZERO) != maximum:
        yield "best-is-maximum"
    if len({option.key for option in options}) < len(options):
        yield "choice-twice"


def _of_checklist(choices: Sequence[ChecklistEntry], minimum: int) -> Iterator[str]:
    if len({choice.key for choice in choices}) < len(choices):
        yield "choice-twice"
    if not 0 <= minimum <= len(choices):
        yield "checklist-minimum"


def _of_rates(rates: Sequence[Rate]) -> Iterator[str]:
    if not rates or any(rate.dong <= 0 for rate in rates):
        yield "rate-above-zero"
    if len({rate.monthly for rate in rates}) > 1:
        yield "rates-of-months"


def _of_sources(rulebook: Rulebook) -> Iterator[RulebookProblem]:
    for path, source in rulebook.sources.items():
        if code := _of_source(source, rulebook.provenances.get(path)):
            yield RulebookProblem(path, code)


def _of_source(source: Source, provenance: Provenance | None) -> str:
    if provenance is None:
        return "source-of-nothing"
    if provenance not in {Provenance.SOURCED, Provenance.REPORTED}:
        return "source-of-unsourced"
    return "" if source.document.strip() else "source-without-document"
