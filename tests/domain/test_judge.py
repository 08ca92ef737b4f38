import dataclasses
from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.judging import ConditionResult, Contradiction, Sheet, Verdict, VerdictResult, assess, cross_checks, judge
from domain.measure import (
    NOT_ARISEN,
    Answer,
    Kind,
    ManualPoints,
    Measured,
    Option,
    Options,
    Outcome,
    Penalty,
    RatioThreshold,
    WorkingDayTerm,
    YesNo,
)
from domain.rulebook import (
    Agreement,
    Condition,
    ConditionKind,
    Figure,
    Indicator,
    Model,
    NotArisen,
    Provenance,
    Rulebook,
    Unknown,
)
from domain.working_days import Calendar
from tests.domain.rulebooks import (
    HALF_OF_EACH,
    VETO,
    a_criterion,
    a_part,
    a_rulebook,
    a_sheet,
    an_indicator,
    at_least,
    points_of_twenty_and_eighty,
    three_levels,
)

D = Decimal
CALENDAR = Calendar(2026, 2026, frozenset())
QUARTER = ManualPoints(D("0.25"))
LIKE_2021 = points_of_twenty_and_eighty(at_least("80"), HALF_OF_EACH, VETO)
BY_CLASS = Condition(
    "C1",
    ConditionKind.MIN_TOTAL_BY_CLASS,
    Provenance.RECALLED,
    by_class=(("I", D(90)), ("II", D(80)), ("III", D(70))),
)
LIKE_2017 = points_of_twenty_and_eighty(BY_CLASS, unit_classes=("I", "II", "III"))


def condition_of(verdict: Verdict, code: str) -> ConditionResult:
    return next(condition for condition in verdict.conditions if condition.code == code)


# Points ------------------------------------------------------------------------------------------------


def test_a_commune_at_eighty_and_a_half_points_meets_the_standard_narrowly():
    verdict = judge(a_sheet("12", "68.5"), LIKE_2021)

    assert (verdict.total, verdict.result) == (D("80.5"), VerdictResult.MET)
    assert (verdict.margin, verdict.near) == (D("0.5"), True)


def test_a_commune_exactly_at_the_total_meets_the_standard():
    assert judge(a_sheet("15", "65"), LIKE_2021).result is VerdictResult.MET
    assert judge(a_sheet("15", "64.99"), LIKE_2021).result is VerdictResult.NOT_MET


def test_a_commune_with_a_criterion_below_half_does_not_meet_the_standard_whatever_its_total():
    verdict = judge(a_sheet("9.75", "80"), LIKE_2021)

    assert verdict.total == D("89.75")
    assert verdict.result is VerdictResult.NOT_MET
    failed = condition_of(verdict, "C2")
    assert (failed.outcome, failed.where, failed.actual) == (Outcome.NOT_MET, ("TC1",), D("0.4875"))


def test_a_criterion_at_exactly_half_passes_and_is_near():
    verdict = judge(a_sheet("10", "80"), LIKE_2021)

    assert (verdict.result, verdict.near) == (VerdictResult.MET, True)


def test_a_veto_that_occurred_decides_whatever_the_points():
    verdict = judge(a_sheet("20", "80", vetoes=("C3",)), LIKE_2021)

    assert (verdict.total, verdict.result) == (D(100), VerdictResult.NOT_MET)
    assert condition_of(verdict, "C3").outcome is Outcome.NOT_MET
    assert condition_of(verdict, "C1").outcome is Outcome.MET


def test_gates_are_judged_first_then_each_criterion_then_the_total():
    assert [condition.code for condition in judge(a_sheet("20", "80"), LIKE_2021).conditions] == [
        "C3",
        "C2",
        "C1",
    ]


@pytest.mark.parametrize(
    ("unit_class", "total", "result"),
    [
        ("I", "90", VerdictResult.MET),
        ("I", "89.75", VerdictResult.NOT_MET),
        ("II", "80", VerdictResult.MET),
        ("II", "79.75", VerdictResult.NOT_MET),
        ("III", "70", VerdictResult.MET),
        ("III", "69.75", VerdictResult.NOT_MET),
    ],
)
def test_the_total_required_depends_on_the_class(unit_class, total, result):
    sheet = a_sheet("20", str(D(total) - 20), unit_class=unit_class)

    assert judge(sheet, LIKE_2017).result is result


@pytest.mark.parametrize("unit_class", [None, "IV"])
def test_without_a_class_the_sheet_is_incomplete(unit_class):
    verdict = judge(a_sheet("20", "80", unit_class=unit_class), LIKE_2017)

    assert (verdict.result, verdict.complete, verdict.margin) == (VerdictResult.INCOMPLETE, False, None)
    assert condition_of(verdict, "C1").outcome is Outcome.NOT_VERIFIABLE


UNKNOWN_SATISFACTION = Condition("C3", ConditionKind.MIN_SATISFACTION, Provenance.PROVISIONAL)
UNWORDED_VETO = Condition("C4", ConditionKind.VETO, Provenance.PROVISIONAL)


def test_a_veto_that_occurred_without_verified_wording_leaves_the_result_not_verifiable():
    rulebook = points_of_twenty_and_eighty(at_least("80"), UNWORDED_VETO)

    occurred, silent = judge(a_sheet("20", "80", vetoes=("C4",)), rulebook), judge(a_sheet("20", "80"), rulebook)

    assert (occurred.result, occurred.left_open) == (VerdictResult.NOT_VERIFIABLE, ("C4",))
    assert condition_of(occurred, "C4").outcome is Outcome.NOT_VERIFIABLE
    assert condition_of(occurred, "C4").provenance is Provenance.PROVISIONAL
    assert (silent.result, silent.left_open) == (VerdictResult.MET, ())


def test_a_satisfaction_threshold_that_is_not_known_leaves_the_result_not_verifiable():
    rulebook = points_of_twenty_and_eighty(at_least("80"), UNKNOWN_SATISFACTION)

    verdict = judge(a_sheet("20", "80", satisfaction=D("98.5")), rulebook)

    assert (verdict.result, verdict.left_open, verdict.near) == (VerdictResult.NOT_VERIFIABLE, ("C3",), False)
    assert condition_of(verdict, "C3").outcome is Outcome.NOT_VERIFIABLE


@pytest.mark.parametrize(
    ("satisfaction", "result", "outcome"),
    [
        (D("97.35"), VerdictResult.MET, Outcome.MET),
        (D("97.34"), VerdictResult.NOT_VERIFIABLE, Outcome.NOT_VERIFIABLE),
        (None, VerdictResult.NOT_VERIFIABLE, Outcome.NOT_VERIFIABLE),
    ],
)
def test_a_satisfaction_known_to_be_enough_is_enough_where_the_least_is_not_known(satisfaction, result, outcome):
    gate = dataclasses.replace(UNKNOWN_SATISFACTION, enough=D("97.35"))
    rulebook = points_of_twenty_and_eighty(at_least("80"), gate)

    verdict = judge(a_sheet("20", "80", satisfaction=satisfaction), rulebook)

    assert verdict.result is result
    assert condition_of(verdict, "C3").outcome is outcome
    assert condition_of(verdict, "C3").required is None


def test_what_fails_elsewhere_fails_whatever_is_not_known():
    rulebook = points_of_twenty_and_eighty(at_least("80"), UNKNOWN_SATISFACTION, UNWORDED_VETO)

    assert judge(a_sheet("20", "59", vetoes=("C4",)), rulebook).result is VerdictResult.NOT_MET


def test_a_text_of_before_passes_over_what_it_does_not_know():
    rulebook = points_of_twenty_and_eighty(at_least("80"), UNKNOWN_SATISFACTION, UNWORDED_VETO)
    former = dataclasses.replace(rulebook, unknown=Unknown.PASSED_OVER)

    verdict = judge(a_sheet("20", "80", satisfaction=D("1.5"), vetoes=("C4",)), former)

    assert (verdict.result, verdict.left_open) == (VerdictResult.MET, ())
    assert condition_of(verdict, "C3").outcome is Outcome.NOT_VERIFIABLE


def test_a_veto_that_occurred_decides_a_sheet_that_is_not_complete():
    vetoed = judge(Sheet({"TC2.CT1": D(80)}, vetoes=("C3",)), LIKE_2021)

    assert (vetoed.result, vetoed.complete) == (VerdictResult.NOT_MET, False)


@pytest.mark.parametrize(
    ("satisfaction", "result"),
    [(D(80), VerdictResult.MET), (D("79.99"), VerdictResult.NOT_MET), (None, VerdictResult.INCOMPLETE)],
)
def test_a_satisfaction_whose_threshold_is_known_decides(satisfaction, result):
    gate = Condition("C3", ConditionKind.MIN_SATISFACTION, Provenance.SOURCED, D(80))
    rulebook = points_of_twenty_and_eighty(at_least("80"), gate)

    assert judge(a_sheet("20", "80", satisfaction=satisfaction), rulebook).result is result


def test_a_sheet_with_an_indicator_without_value_is_incomplete():
    verdict = judge(Sheet({"TC2.CT1": D(80)}), points_of_twenty_and_eighty(at_least("80")))

    assert (verdict.total, verdict.complete, verdict.result) == (D(80), False, VerdictResult.INCOMPLETE)
    assert condition_of(verdict, "C1").outcome is Outcome.MET


def test_totals_of_criteria_can_stand_in_for_their_indicators():
    sheet = Sheet({}, criteria={"TC1": D(15), "TC2": D(70)})

    verdict = judge(sheet, LIKE_2021)

    assert (verdict.total, verdict.complete, verdict.result) == (D(85), True, VerdictResult.MET)


def test_a_total_just_below_the_threshold_is_not_rounded_up_to_it():
    verdict = judge(Sheet({}, criteria={"TC1": D(20), "TC2": D("59.9965")}), LIKE_2021)

    assert (verdict.total, verdict.margin, verdict.result) == (D("79.9965"), D("-0.0035"), VerdictResult.NOT_MET)


def test_negative_points_lower_the_total():
    verdict = judge(a_sheet("-0.25", "80"), points_of_twenty_and_eighty(at_least("80")))

    assert (verdict.total, verdict.margin, verdict.result) == (D("79.75"), D("-0.25"), VerdictResult.NOT_MET)


quarters = st.integers(0, 80).map(lambda n: D(n) / 4)


@given(first=quarters, second=quarters, more=quarters)
def test_more_points_never_turn_met_into_not_met(first, second, more):
    before = judge(Sheet({"TC1.CT1": first, "TC2.CT1": second * 4}), LIKE_2021)
    after = judge(Sheet({"TC1.CT1": min(first + more, D(20)), "TC2.CT1": second * 4}), LIKE_2021)

    assert (after.total or 0) >= (before.total or 0)
    assert not (before.result is VerdictResult.MET and after.result is VerdictResult.NOT_MET)


@given(first=quarters, second=quarters)
def test_a_met_verdict_has_no_failed_condition_and_a_failed_one_names_it(first, second):
    verdict = judge(Sheet({"TC1.CT1": first, "TC2.CT1": second * 4}), LIKE_2021)

    failed = [condition for condition in verdict.conditions if condition.outcome is Outcome.NOT_MET]
    assert (verdict.result is VerdictResult.MET) == (not failed)
    assert verdict.total == sum(result.points or 0 for result in verdict.criteria)


@given(first=quarters, second=quarters)
def test_a_veto_never_turns_not_met_into_met(first, second):
    values = {"TC1.CT1": first, "TC2.CT1": second * 4}

    assert judge(Sheet(values, vetoes=("C3",)), LIKE_2021).result is VerdictResult.NOT_MET


# Levels ------------------------------------------------------------------------------------------------


def test_a_commune_meeting_all_indicators_but_one_does_not_meet_the_standard():
    values = {"TC1.CT1": Outcome.MET, "TC1.CT2": Outcome.NOT_MET, "TC2.CT1": Outcome.MET}

    verdict = judge(Sheet(values), three_levels())

    assert (verdict.total, verdict.margin, verdict.result) == (None, None, VerdictResult.NOT_MET)
    assert [(c.code, c.indicators_met, c.indicators, c.met) for c in verdict.criteria] == [
        ("TC1", 1, 2, Outcome.NOT_MET),
        ("TC2", 1, 1, Outcome.MET),
    ]
    failed = condition_of(verdict, "C1")
    assert (failed.required, failed.actual, failed.where) == (D(3), D(2), ("TC1",))


@pytest.mark.parametrize(("slack", "near"), [("1.99", True), ("2", False)])
def test_a_commune_meeting_all_indicators_meets_the_standard_narrowly_when_a_ratio_is_near(slack, near):
    values = dict.fromkeys(("TC1.CT1", "TC1.CT2", "TC2.CT1"), Outcome.MET)

    verdict = judge(Sheet(values, slacks={"TC2.CT1": D(slack)}), three_levels())

    assert (verdict.result, verdict.complete, verdict.near) == (VerdictResult.MET, True, near)


# From measured values to a value per indicator -----------------------------------------------------------


def test_the_parts_of_an_indicator_add_up():
    indicator = an_indicator("A", a_part("A.1", QUARTER, "1"), a_part("A.2", YesNo(), "2"))
    measures = {
        "A.1": Measured(Kind.POINTS, points=D("0.75")),
        "A.2": Measured(Kind.BOOLEAN, answer=Answer.YES),
    }

    assessed = assess(indicator, measures, CALENDAR)

    assert (assessed.points, assessed.met, assessed.complete) == (D("2.75"), None, True)
    assert [part.value for part in assessed.parts] == [D("0.75"), D(2)]


def test_an_indicator_not_fully_measured_shows_what_it_has_and_is_incomplete():
    indicator = an_indicator("A", a_part("A.1", QUARTER, "1"), a_part("A.2", QUARTER, "2"))

    nothing = assess(indicator, {}, CALENDAR)
    some = assess(indicator, {"A.1": Measured(Kind.POINTS, points=D(1))}, CALENDAR)

    assert (nothing.points, nothing.complete) == (None, False)
    assert (some.points, some.complete) == (D(1), False)


def test_a_value_of_another_kind_counts_as_not_measured():
    indicator = an_indicator("A", a_part("A.1", QUARTER, "1"))

    assessed = assess(indicator, {"A.1": Measured(Kind.OPTIONS, option="a")}, CALENDAR)

    assert (assessed.points, assessed.complete) == (None, False)


def test_a_penalty_whose_ground_occurred_is_all_the_indicator_scores():
    indicator = an_indicator("A", a_part("A.1", QUARTER, "3"), a_part("A.2", Penalty(D("-0.25"))))
    full = Measured(Kind.POINTS, points=D(3))

    spared = assess(indicator, {"A.1": full, "A.2": Measured(Kind.PENALTY, answer=Answer.NO)}, CALENDAR)
    struck = assess(indicator, {"A.1": full, "A.2": Measured(Kind.PENALTY, answer=Answer.YES)}, CALENDAR)

    assert spared.points == D(3)
    assert (struck.points, struck.complete) == (D("-0.25"), True)


def test_what_did_not_arise_scores_full_for_its_part_or_for_the_whole_indicator():
    for scope, points, complete in [(NotArisen.PART, D(1), False), (NotArisen.INDICATOR, D(3), True)]:
        parts = (a_part("A.1", QUARTER, "1", not_arisen=scope), a_part("A.2", QUARTER, "2"))

        assessed = assess(an_indicator("A", *parts), {"A.1": NOT_ARISEN}, CALENDAR)

        assert (assessed.points, assessed.complete) == (points, complete)


def test_the_readings_of_the_parts_add_up_to_what_the_indicator_is_given():
    assigned = a_part("A.1", QUARTER, "1", not_arisen=NotArisen.INDICATOR)
    lawful, penalty = a_part("A.2", QUARTER, "2"), a_part("A.3", Penalty(D("-0.25")))
    full, struck = Measured(Kind.POINTS, points=D(2)), Measured(Kind.PENALTY, answer=Answer.YES)

    nothing = assess(an_indicator("A", assigned, lawful), {"A.1": NOT_ARISEN}, CALENDAR)
    broken = assess(an_indicator("A", lawful, penalty), {"A.2": full, "A.3": struck}, CALENDAR)

    assert [(part.code, part.value) for part in nothing.parts] == [("A.1", D(1)), ("A.2", D(2))]
    assert [(part.code, part.value) for part in broken.parts] == [("A.2", D(0)), ("A.3", D("-0.25"))]
    for assessed in (nothing, broken):
        assert sum(part.value for part in assessed.parts if isinstance(part.value, Decimal)) == assessed.points
    assert [part.rule.code for part in nothing.parts if part.rule] == ["not-arisen", "decided-by-part"]


def test_all_parts_of_an_indicator_of_levels_are_met_when_nothing_arose_for_it():
    parts = (a_part("A.1", YesNo(), not_arisen=NotArisen.INDICATOR), a_part("A.2", YesNo()))

    assessed = assess(an_indicator("A", *parts), {"A.1": NOT_ARISEN}, CALENDAR)

    assert (assessed.met, assessed.points) == (Outcome.MET, None)
    assert [part.value for part in assessed.parts] == [Outcome.MET, Outcome.MET]


def test_an_indicator_of_levels_is_met_when_all_its_parts_are():
    indicator = an_indicator("A", a_part("A.1", YesNo()), a_part("A.2", RatioThreshold(D(80))))
    yes, no = (Measured(Kind.BOOLEAN, answer=answer) for answer in (Answer.YES, Answer.NO))
    ratio = Measured(Kind.RATIO_THRESHOLD, numerator=81, denominator=100)

    assert assess(indicator, {"A.1": yes, "A.2": ratio}, CALENDAR).met is Outcome.MET
    assert assess(indicator, {"A.1": yes, "A.2": ratio}, CALENDAR).slack == D(1)
    assert assess(indicator, {"A.1": no, "A.2": ratio}, CALENDAR).met is Outcome.NOT_MET
    assert assess(indicator, {"A.1": no}, CALENDAR).met is Outcome.NOT_MET
    assert assess(indicator, {"A.1": yes}, CALENDAR).met is None


def test_a_term_outside_the_years_known_leaves_the_indicator_unmeasured_and_says_why():
    indicator = an_indicator("A", a_part("A", WorkingDayTerm(7)))
    measured = Measured(Kind.DEADLINE, on=date(2030, 1, 9), from_on=date(2030, 1, 2))

    assessed = assess(indicator, {"A": measured}, CALENDAR)

    assert (assessed.met, assessed.complete) == (None, False)
    assert assessed.parts[0].rule is not None
    assert assessed.parts[0].rule.code == "calendar-unknown"


# Numbers that have to agree ------------------------------------------------------------------------------

PUBLISHED_OF_ISSUED = Agreement("TC2.CT1", Figure.DENOMINATOR, "TC1.CT1", Figure.DENOMINATOR, Provenance.REPORTED)


def a_rulebook_that_counts_twice() -> Rulebook:
    threshold = RatioThreshold(D(100))
    return a_rulebook(
        a_criterion("TC1", an_indicator("TC1.CT1", a_part("TC1.CT1", threshold))),
        a_criterion("TC2", an_indicator("TC2.CT1", a_part("TC2.CT1", threshold))),
        model=Model.LEVELS,
        agreements=(PUBLISHED_OF_ISSUED,),
    )


@pytest.mark.parametrize(
    ("issued", "findings"),
    [
        (Measured(Kind.RATIO_THRESHOLD, numerator=4, denominator=4), []),
        (Measured(Kind.RATIO_THRESHOLD, numerator=5, denominator=5), [(4, 5)]),
        (NOT_ARISEN, [(4, 0)]),
        (None, []),
    ],
)
def test_two_parts_that_count_the_same_things_must_say_the_same_number(issued, findings):
    measures = {"TC2.CT1": Measured(Kind.RATIO_THRESHOLD, numerator=4, denominator=4)}
    if issued is not None:
        measures["TC1.CT1"] = issued

    found = cross_checks(a_rulebook_that_counts_twice(), measures)

    assert [(finding.found, finding.expected) for finding in found] == findings


def a_rulebook_of(*indicators: Indicator) -> Rulebook:
    return a_rulebook(a_criterion("TC1", *indicators))


LAWFUL = Options((Option("a", "đúng pháp luật", D(2)), Option("b", "có văn bản trái pháp luật", D(0))))
UNLAWFUL, ALL_LAWFUL = Measured(Kind.OPTIONS, option="b"), Measured(Kind.OPTIONS, option="a")
FIVE_OF_FIVE = Measured(Kind.RATIO_THRESHOLD, numerator=5, denominator=5)


@pytest.mark.parametrize(
    ("measure", "measured", "contradicts"),
    [(LAWFUL, UNLAWFUL, True), (LAWFUL, ALL_LAWFUL, False), (RatioThreshold(D(80)), FIVE_OF_FIVE, True)],
)
def test_nothing_arose_beside_what_did_is_a_finding(measure, measured, contradicts):
    assigned = a_part("TC1.CT1.1", QUARTER, "1", not_arisen=NotArisen.INDICATOR)
    rulebook = a_rulebook_of(an_indicator("TC1.CT1", assigned, a_part("TC1.CT1.2", measure, "2")))

    found = cross_checks(rulebook, {"TC1.CT1.1": NOT_ARISEN, "TC1.CT1.2": measured})

    expected = [(Contradiction.AROSE_ALL_THE_SAME, "TC1.CT1.1", "TC1.CT1.2")] if contradicts else []
    assert [(one.contradiction, one.part, one.other_part) for one in found] == expected


def test_a_part_that_did_not_arise_for_itself_contradicts_no_other():
    alone = a_part("TC1.CT1.1", QUARTER, "1", not_arisen=NotArisen.PART)
    rulebook = a_rulebook_of(an_indicator("TC1.CT1", alone, a_part("TC1.CT1.2", RatioThreshold(D(80)), "2")))

    assert cross_checks(rulebook, {"TC1.CT1.1": NOT_ARISEN, "TC1.CT1.2": FIVE_OF_FIVE}) == ()


def test_a_plan_dated_before_the_plan_it_rests_on_is_a_finding():
    rulebook = a_rulebook_of(an_indicator("TC1.CT1", a_part("TC1.CT1.1", WorkingDayTerm(7))))
    early, timely = date(2026, 1, 4), date(2026, 1, 6)

    found, fine = (
        cross_checks(rulebook, {"TC1.CT1.1": Measured(Kind.DEADLINE, on=on, from_on=date(2026, 1, 5))})
        for on in (early, timely)
    )

    assert [(one.contradiction, one.on, one.from_on) for one in found] == [
        (Contradiction.BEFORE_ITS_BASIS, early, date(2026, 1, 5))
    ]
    assert fine == ()
