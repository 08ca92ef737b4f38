"""What another text makes of a dossier: a version of its rulebook keeps what it can hold, and says what it cannot."""

from dataclasses import replace
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from domain.assessment import Assessment
from domain.judging import VerdictResult
from domain.measure import Answer, Kind, ManualPoints, Measured
from domain.rulebook import Rulebook
from infra.reference.rulebooks import load_rulebooks
from projections.analysis.carried_over import LeftBehind, LeftKind
from projections.analysis.what_if import Otherwise, Side, WhatIfResult, side_of, what_if
from projections.fold import fold
from projections.tables.sheets import SHEETS
from projections.tables.standings import STANDINGS
from tests.domain.rulebooks import HALF_OF_EACH, VETO, a_criterion, a_part, a_rulebook, an_indicator, at_least
from tests.projections.analysis.reworded import reworded
from tests.projections.histories import CALENDAR, SEASONS, TEXTS, Province, histories
from tests.projections.story import COMMUNE, DOSSIER, KEY, SEASON, STEPS, told

SHIPPED = [load_rulebooks().text(sha256) for sha256 in TEXTS]

NOTHING = Otherwise()

additions = st.text(st.sampled_from("aăâđêơư ,;0123456789"), min_size=1, max_size=12)

TENTH = ManualPoints(Decimal("0.25"))
OWN = a_rulebook(
    a_criterion(
        "TC1",
        an_indicator("TC1.CT1", a_part("TC1.CT1.1", TENTH, "10")),
        an_indicator("TC1.CT2", a_part("TC1.CT2.1", TENTH, "10")),
    ),
    a_criterion("TC2", an_indicator("TC2.CT1", a_part("TC2.CT1.1", TENTH, "10"))),
    conditions=(at_least("20"), HALF_OF_EACH, VETO),
)


def version(*criteria: object, conditions: tuple[object, ...] = OWN.conditions) -> Rulebook:
    """Another version of the rulebook, with these criteria if any."""
    return replace(OWN, criteria=criteria or OWN.criteria, conditions=conditions, sha256="ee" * 32)  # type: ignore[arg-type]


def compared(province: Province, text: Rulebook) -> Side:
    facts = [one for one in province.log if one.stream.season == SEASON]
    standing, row = fold(STANDINGS, facts)[KEY], fold(SHEETS, facts)[KEY]
    return side_of(standing, OWN, (OWN, text), row, CALENDAR)


def asked(province: Province, text: Rulebook, otherwise: Otherwise = NOTHING) -> WhatIfResult:
    facts = [one for one in province.log if one.stream.season == SEASON]
    return what_if(facts, COMMUNE, OWN, CALENDAR, otherwise, text)


@given(province=histories(), former=st.sampled_from(SHIPPED), more=additions)
def test_under_a_version_that_differs_in_wording_only_no_result_is_another(
    province: Province, former: Rulebook, more: str
):
    worded = reworded(former, more)
    for season in SEASONS:
        facts = [one for one in province.log if one.stream.season == season]
        sheets = fold(SHEETS, facts)
        for key, standing in fold(STANDINGS, facts).items():
            side = side_of(standing, former, (former, worded), sheets[key], CALENDAR)

            assert (side.after.result, side.after.total) == (side.before.result, side.before.total)
            assert side.after.conditions == side.before.conditions
            assert (side.carried[1].left, side.carried[1].asked) == ((), ())


def test_appraised_scores_and_declared_facts_go_over_to_a_version_of_the_same_rulebook():
    # Given a commune that was appraised with 27 points, of which nothing was measured
    province = told("decided")

    # When it is judged by a version that asks for more points
    side = compared(province, version(conditions=(at_least("28"), HALF_OF_EACH, VETO)))

    # Then its points stand, and it falls one short
    assert (side.before.result, side.before.total) == (VerdictResult.MET, Decimal(27))
    assert (side.after.result, side.after.total, side.after.margin) == (VerdictResult.NOT_MET, Decimal(27), Decimal(-1))
    assert side.carried[1].left == ()
    assert asked(province, version()).after.result is VerdictResult.MET


def test_a_declared_veto_shuts_the_gate_under_the_other_version_too():
    province = told("decided")
    [declared] = [one.position for one in province.log if isinstance(one.fact, Assessment.VetoDeclared)]

    answer = asked(province, version(), Otherwise(replace={declared: Answer.YES}))

    assert answer.after.result is VerdictResult.NOT_MET


def test_what_the_other_version_cannot_hold_is_named_and_leaves_the_sheet_incomplete():
    # Given a version in which an indicator is worth less than was appraised, another is gone, one is new, and nobody
    # is asked whether the veto occurred
    province = told("decided")
    text = version(
        a_criterion(
            "TC1",
            an_indicator("TC1.CT1", a_part("TC1.CT1.1", TENTH, "5")),
            an_indicator("TC1.CT3", a_part("TC1.CT3.1", TENTH, "15")),
        ),
        a_criterion("TC2", an_indicator("TC2.CT1", a_part("TC2.CT1.1", TENTH, "10"))),
        conditions=(at_least("20"), HALF_OF_EACH),
    )

    for carried, after in (
        (compared(province, text).carried[1], compared(province, text).after),
        (asked(province, text).carried[1], asked(province, text).after),
    ):
        assert carried.left == (
            LeftBehind(LeftKind.APPRAISED, "TC1.CT1"),
            LeftBehind(LeftKind.APPRAISED, "TC1.CT2"),
            LeftBehind(LeftKind.DECLARED, VETO.code),
        )
        assert carried.asked == ("TC1.CT3",)
        assert (after.result, after.total) == (VerdictResult.INCOMPLETE, Decimal(9))


def test_a_value_that_was_the_rules_becomes_what_the_other_version_gives_and_lost_data_are_named():
    # Given a commune that measured 9 points and 4.25 points, and proposed what the rule gives for both
    province = told("opened")
    nine, more = (Measured(Kind.POINTS, points=Decimal(points)) for points in ("9", "4.25"))
    province.do(DOSSIER, lambda it: it.measure("TC1.CT1", "TC1.CT1.1", nine))
    province.do(DOSSIER, lambda it: it.measure("TC1.CT2", "TC1.CT2.1", more))
    list(STEPS.values())[1](province)
    sheet = fold(SHEETS, [one for one in province.log if one.stream.season == SEASON])[KEY]
    assert sheet.entries["TC1.CT1"].value == Decimal(9)

    # When points come in halves only, and the first indicator is measured otherwise
    half = ManualPoints(Decimal("0.5"))
    text = version(
        a_criterion(
            "TC1",
            an_indicator("TC1.CT1", a_part("TC1.CT1.1", half, "8")),
            an_indicator("TC1.CT2", a_part("TC1.CT2.1", half, "10")),
        ),
        OWN.criteria[1],
    )
    found = compared(province, text).carried[1]

    # Then what does not fit is named, and nothing stands in its place
    assert LeftBehind(LeftKind.DATA, "TC1.CT1.1") in found.left
    assert LeftBehind(LeftKind.DATA, "TC1.CT2.1") in found.left
    assert LeftBehind(LeftKind.SCORED, "TC1.CT1") in found.left
    assert "TC1.CT1" not in found.sheet.values


def test_an_indicator_that_lost_its_support_earns_nothing_under_the_other_version_either():
    province = told("decided")
    first = next(one.position for one in province.log if isinstance(one.fact, Assessment.EvidenceAttached))

    answer = asked(province, version(), Otherwise(frozenset({first})))

    assert (answer.after.total, answer.after.result) == (Decimal(18), VerdictResult.NOT_MET)
    assert answer.carried[1].left == ()


def test_under_another_rulebook_only_what_was_measured_is_judged():
    province = told("decided")
    text = replace(OWN, id="khac", sha256="ee" * 32)

    side = compared(province, text)

    assert side.after.result is VerdictResult.INCOMPLETE
    assert side.carried[1].sheet.values == {}


def test_the_text_on_the_left_judges_the_same_values_as_the_one_on_the_right():
    province = told("decided")
    facts = [one for one in province.log if one.stream.season == SEASON]
    lower, higher = version(), replace(version(conditions=(at_least("28"), HALF_OF_EACH, VETO)), sha256="dd" * 32)

    answer = what_if(facts, COMMUNE, OWN, CALENDAR, Otherwise(), higher, lower)

    assert (answer.before.result, answer.after.result) == (VerdictResult.MET, VerdictResult.NOT_MET)
    assert answer.before.total == answer.after.total == answer.recorded.total
