"""Small rulebooks for the tests of rules, and builders of what is judged under them."""

from decimal import Decimal
from fractions import Fraction
from typing import Any

from domain.judging import Sheet
from domain.measure import ManualPoints, Measure, YesNo
from domain.rulebook import (
    Agreement,
    Condition,
    ConditionKind,
    CouncilRule,
    Criterion,
    Dated,
    Indicator,
    Majority,
    Model,
    NotArisen,
    Part,
    Provenance,
    RecognisingLevel,
    Rulebook,
)

SOURCED = Provenance.SOURCED
HALF_OF_EACH = Condition("C2", ConditionKind.MIN_EACH_CRITERION_RATIO, SOURCED, Decimal("0.5"))
VETO = Condition("C3", ConditionKind.VETO, SOURCED, text="no head disciplined")


def a_part(
    code: str,
    measure: Measure,
    points: str = "0",
    *,
    not_arisen: NotArisen | None = None,
    provenance: Provenance = SOURCED,
) -> Part:
    return Part(code, code, Decimal(points), measure, provenance, provenance, not_arisen, provenance)


def an_indicator(code: str, *parts: Part, provenance: Provenance = SOURCED) -> Indicator:
    points = sum((part.max_points for part in parts), Decimal(0))
    return Indicator(code, code.partition(".")[0], code, points, parts, provenance, provenance)


def a_criterion(code: str, *indicators: Indicator) -> Criterion:
    points = sum((indicator.max_points for indicator in indicators), Decimal(0))
    return Criterion(code, code, points, indicators, SOURCED, SOURCED)


def a_rulebook(
    *criteria: Criterion,
    conditions: tuple[Condition, ...] = (),
    model: Model = Model.POINTS,
    unit_classes: tuple[str, ...] = (),
    agreements: tuple[Agreement, ...] = (),
) -> Rulebook:
    return Rulebook(
        id="test",
        title="A rulebook of the tests",
        short="test",
        model=model,
        status="draft",
        in_force_from=Dated(None, SOURCED),
        in_force_to=Dated(None, SOURCED),
        unit_types=("xã",),
        unit_classes=unit_classes,
        criteria=criteria,
        conditions=conditions,
        recognising_level=RecognisingLevel.DISTRICT,
        recognising_level_provenance=SOURCED,
        council=a_council_rule(),
        terms=(),
        score_decimals=2,
        agreements=agreements,
        suspended_years=(),
        sha256="0" * 64,
    )


def a_council_rule(
    quorum: Fraction = Fraction(2, 3), majority: Majority = Majority.MORE_THAN_HALF_OF_ALL_MEMBERS
) -> CouncilRule:
    return CouncilRule(
        required=True,
        quorum=quorum,
        quorum_provenance=SOURCED,
        majority=majority,
        majority_provenance=SOURCED,
    )


def points_of_twenty_and_eighty(*conditions: Condition, unit_classes: tuple[str, ...] = ()) -> Rulebook:
    """Two criteria of one indicator each: TC1 of 20 points, TC2 of 80."""
    quarter = ManualPoints(Decimal("0.25"))
    return a_rulebook(
        a_criterion("TC1", an_indicator("TC1.CT1", a_part("TC1.CT1", quarter, "20"))),
        a_criterion("TC2", an_indicator("TC2.CT1", a_part("TC2.CT1", quarter, "80"))),
        conditions=conditions,
        unit_classes=unit_classes,
    )


def three_levels() -> Rulebook:
    """One criterion of two indicators, one of one; all must be met."""
    return a_rulebook(
        a_criterion(
            "TC1",
            an_indicator("TC1.CT1", a_part("TC1.CT1", YesNo())),
            an_indicator("TC1.CT2", a_part("TC1.CT2", YesNo())),
        ),
        a_criterion("TC2", an_indicator("TC2.CT1", a_part("TC2.CT1", YesNo()))),
        conditions=(Condition("C1", ConditionKind.ALL_INDICATORS_PASS, SOURCED),),
        model=Model.LEVELS,
    )


def at_least(points: str) -> Condition:
    return Condition("C1", ConditionKind.MIN_TOTAL, SOURCED, Decimal(points))


def a_sheet(first: str, second: str, **more: Any) -> Sheet:
    return Sheet({"TC1.CT1": Decimal(first), "TC2.CT1": Decimal(second)}, **more)
