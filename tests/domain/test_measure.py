from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.errors import MeasureInvalid
from domain.measure import (
    NOT_ARISEN,
    Amount,
    Answer,
    Band,
    Checklist,
    ChecklistEntry,
    Comparison,
    Kind,
    ManualPoints,
    Measure,
    Measured,
    Option,
    Options,
    Outcome,
    Penalty,
    Ratio,
    RatioBands,
    RatioThreshold,
    Reading,
    Rounding,
    SurveyRatio,
    WorkingDayTerm,
    YesNo,
    percent,
)
from domain.rate import Rate
from domain.rulebook import NotArisen, check
from domain.working_days import Calendar
from tests.domain.rulebooks import a_part

D = Decimal
CALENDAR = Calendar(2026, 2026, frozenset({date(2026, 1, 1), date(2026, 1, 2)}))
BANDS = RatioBands(
    (
        Band(D(90), D(2)),
        Band(D(80), D(1)),
        Band(D(70), D("0.5")),
        Band(D(50), D("0.25")),
        Band(D(0), D(0)),
    )
)
OPTIONS = Options((Option("a", "all", D(1)), Option("b", "not all", D(0))))
CHECKLIST = Checklist(
    (ChecklistEntry("a", "contest"), ChecklistEntry("b", "training"), ChecklistEntry("c", "podcast")), 2
)
PROPORTIONAL: list[tuple[Measure, Kind]] = [(Ratio(), Kind.RATIO), (SurveyRatio(), Kind.SURVEY)]
TEAMS = Amount(D(100), Comparison.EXACTLY, (Rate("team", 1_800_000),))
CASES = Amount(D(100), Comparison.AT_LEAST, (Rate("settled", 400_000), Rate("not settled", 300_000)))


def a_ratio(kind: Kind, numerator: int | None, denominator: int | None, **more: Any) -> Measured:
    return Measured(kind, numerator=numerator, denominator=denominator, **more)


def read(measure: Measure, measured: Measured, maximum: str = "2") -> Reading:
    return measure.read(measured, D(maximum), CALENDAR)


# What is earned ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("numerator", "denominator", "points"),
    [
        (10, 10, "2"),
        (9, 10, "2"),
        (8999, 10000, "1"),
        (19, 22, "1"),
        (8, 10, "1"),
        (79996, 100000, "0.5"),
        (7, 10, "0.5"),
        (5, 10, "0.25"),
        (49, 100, "0"),
        (0, 10, "0"),
    ],
)
def test_a_ratio_earns_the_points_of_the_highest_band_it_reaches(numerator, denominator, points):
    reading = read(BANDS, a_ratio(Kind.RATIO_BANDS, numerator, denominator))

    assert reading.value == D(points)


def test_the_explanation_of_a_band_names_the_ratio_and_the_bounds():
    note = read(BANDS, a_ratio(Kind.RATIO_BANDS, 19, 22)).note

    assert note.code == "ratio-in-band"
    assert note.args == {
        "numerator": 19,
        "denominator": 22,
        "percent": D("86.36"),
        "low": D(80),
        "high": D(90),
    }


def test_a_percentage_shown_never_claims_a_bound_that_was_not_reached():
    assert percent(79_999, 100_000) == D("79.99")
    assert percent(2, 3) == D("66.66")


@pytest.mark.parametrize(
    ("numerator", "denominator", "maximum", "points"),
    [
        (97, 100, "10", "9.70"),
        (1, 3, "10", "3.33"),
        (2, 3, "10", "6.66"),
        (1, 8, "1", "0.12"),
        (0, 5, "10", "0"),
        (1999, 2000, "7", "6.99"),
        (2000, 2000, "7", "7"),
    ],
)
def test_a_ratio_earns_its_share_of_the_maximum_rounded_down(numerator, denominator, maximum, points):
    for measure, kind in PROPORTIONAL:
        assert read(measure, a_ratio(kind, numerator, denominator), maximum).value == D(points)


@pytest.mark.parametrize(
    ("numerator", "denominator", "maximum", "points"),
    [(2, 3, "10", "6.67"), (1, 8, "1", "0.13"), (1999, 2000, "7", "7")],
)
def test_a_text_that_rounds_half_up_judges_as_it_did(numerator, denominator, maximum, points):
    former: list[tuple[Measure, Kind]] = [
        (Ratio(rounding=Rounding.HALF_UP), Kind.RATIO),
        (SurveyRatio(rounding=Rounding.HALF_UP), Kind.SURVEY),
    ]
    for measure, kind in former:
        assert read(measure, a_ratio(kind, numerator, denominator), maximum).value == D(points)


@pytest.mark.parametrize(
    ("threshold", "numerator", "denominator", "outcome", "slack"),
    [
        ("100", 7, 7, Outcome.MET, None),
        ("100", 999_999, 1_000_000, Outcome.NOT_MET, None),
        ("80", 4, 5, Outcome.MET, D(0)),
        ("80", 82, 100, Outcome.MET, D(2)),
        ("80", 79, 100, Outcome.NOT_MET, D(-1)),
    ],
)
def test_a_threshold_is_met_when_it_is_reached_exactly(threshold, numerator, denominator, outcome, slack):
    reading = read(RatioThreshold(D(threshold)), a_ratio(Kind.RATIO_THRESHOLD, numerator, denominator))

    assert (reading.value, reading.slack) == (outcome, slack)


def test_an_option_earns_its_points():
    assert read(OPTIONS, Measured(Kind.OPTIONS, option="a")).value == D(1)
    assert read(OPTIONS, Measured(Kind.OPTIONS, option="b")).value == D(0)


def test_yes_is_met_and_no_is_not():
    assert read(YesNo(), Measured(Kind.BOOLEAN, answer=Answer.YES)).value is Outcome.MET
    assert read(YesNo(), Measured(Kind.BOOLEAN, answer=Answer.NO)).value is Outcome.NOT_MET


def test_a_checklist_is_met_when_enough_is_checked():
    assert read(CHECKLIST, Measured(Kind.CHECKLIST, checked=("a",))).value is Outcome.NOT_MET
    assert read(CHECKLIST, Measured(Kind.CHECKLIST, checked=("a", "c"))).value is Outcome.MET


@pytest.mark.parametrize(
    ("on", "outcome"),
    [(date(2026, 1, 9), Outcome.MET), (date(2026, 1, 12), Outcome.NOT_MET), (date(2025, 12, 1), Outcome.MET)],
)
def test_a_document_dated_within_the_working_days_of_the_term_is_in_time(on, outcome):
    measured = Measured(Kind.DEADLINE, on=on, from_on=date(2026, 1, 1))  # a holiday, as is the day after

    reading = read(WorkingDayTerm(5), measured)

    assert reading.value is outcome
    assert reading.note.args["due"] == date(2026, 1, 9)


@pytest.mark.parametrize(
    ("supported", "teams", "amount", "outcome"),
    [
        (10, 10, 18_000_000, Outcome.MET),
        (10, 10, 18_000_001, Outcome.NOT_MET),
        (10, 10, 17_999_999, Outcome.NOT_MET),
        (9, 10, 18_000_000, Outcome.NOT_MET),
    ],
)
def test_one_rate_applies_to_each_of_the_denominator(supported, teams, amount, outcome):
    assert read(TEAMS, a_ratio(Kind.AMOUNT, supported, teams, amount=amount)).value is outcome


@pytest.mark.parametrize(
    ("amount", "outcome"),
    [(3_800_000, Outcome.MET), (4_000_000, Outcome.MET), (3_799_999, Outcome.NOT_MET)],
)
def test_several_rates_apply_to_their_own_counts(amount, outcome):
    measured = a_ratio(Kind.AMOUNT, 10, 10, counts=(8, 2), amount=amount)

    assert read(CASES, measured).value is outcome


def test_a_penalty_takes_points_only_when_its_ground_occurred():
    penalty = Penalty(D("-0.25"))

    assert read(penalty, Measured(Kind.PENALTY, answer=Answer.YES)).value == D("-0.25")
    assert read(penalty, Measured(Kind.PENALTY, answer=Answer.NO)).value == 0


# What is refused ---------------------------------------------------------------------------------------

REFUSED = [
    (BANDS, a_ratio(Kind.RATIO_BANDS, None, 5), "missing"),
    (BANDS, a_ratio(Kind.RATIO_BANDS, 5, None), "missing"),
    (BANDS, a_ratio(Kind.RATIO_BANDS, 6, 5), "numerator-above-denominator"),
    (BANDS, a_ratio(Kind.RATIO_BANDS, -1, 5), "negative"),
    (BANDS, a_ratio(Kind.RATIO_BANDS, 0, -5), "negative"),
    (BANDS, a_ratio(Kind.RATIO_BANDS, 0, 0), "nothing-arose-no-rule"),
    (Ratio(), a_ratio(Kind.RATIO, 6, 5), "numerator-above-denominator"),
    (SurveyRatio(), a_ratio(Kind.SURVEY, 6, 5), "numerator-above-denominator"),
    (SurveyRatio(), Measured(Kind.SURVEY, numerator=4, denominator=5, counts=(4,)), "more-answers-than-sheets"),
    (RatioThreshold(D(80)), a_ratio(Kind.RATIO_THRESHOLD, 6, 5), "numerator-above-denominator"),
    (OPTIONS, Measured(Kind.OPTIONS), "missing"),
    (OPTIONS, Measured(Kind.OPTIONS, option="z"), "unknown-option"),
    (YesNo(), Measured(Kind.BOOLEAN), "missing"),
    (CHECKLIST, Measured(Kind.CHECKLIST, checked=("a", "z")), "unknown-option"),
    (CHECKLIST, Measured(Kind.CHECKLIST, checked=("a", "a")), "twice"),
    (WorkingDayTerm(7), Measured(Kind.DEADLINE, on=date(2026, 1, 5)), "missing"),
    (WorkingDayTerm(7), Measured(Kind.DEADLINE, from_on=date(2026, 1, 5)), "missing"),
    (TEAMS, a_ratio(Kind.AMOUNT, 5, 5), "missing"),
    (TEAMS, a_ratio(Kind.AMOUNT, 5, 5, amount=-1), "negative"),
    (CASES, a_ratio(Kind.AMOUNT, 5, 5, amount=1), "missing"),
    (CASES, a_ratio(Kind.AMOUNT, 5, 5, amount=1, counts=(6, -1)), "negative"),
    (CASES, a_ratio(Kind.AMOUNT, 5, 5, amount=1, counts=(3, 3)), "counts-do-not-add-up"),
    (Penalty(D(-1)), Measured(Kind.PENALTY), "missing"),
    (ManualPoints(D("0.25")), Measured(Kind.POINTS), "missing"),
    (ManualPoints(D("0.25")), Measured(Kind.POINTS, points=D("2.25")), "points-above-maximum"),
    (ManualPoints(D("0.25")), Measured(Kind.POINTS, points=D("-0.25")), "points-below-minimum"),
    (ManualPoints(D("0.25")), Measured(Kind.POINTS, points=D("1.1")), "off-step"),
    (ManualPoints(D("0.25")), Measured(Kind.POINTS, points=D("NaN")), "not-a-number"),
    (YesNo(), Measured(Kind.POINTS, points=D(1)), "wrong-kind"),
    (YesNo(), NOT_ARISEN, "nothing-arose-no-rule"),
]


@pytest.mark.parametrize(("measure", "measured", "reason"), REFUSED)
def test_what_cannot_be_a_value_of_the_measure_is_refused_with_the_reason(measure, measured, reason):
    with pytest.raises(MeasureInvalid) as refused:
        check(a_part("TC1.CT1.1", measure, "2"), measured)

    assert refused.value.details["reason"] == reason
    assert refused.value.details["part"] == "TC1.CT1.1"


ALLOWED = [
    (BANDS, a_ratio(Kind.RATIO_BANDS, 0, 5)),
    (OPTIONS, Measured(Kind.OPTIONS, option="b")),
    (CHECKLIST, Measured(Kind.CHECKLIST)),
    (TEAMS, a_ratio(Kind.AMOUNT, 0, 5, amount=0)),
    (CASES, a_ratio(Kind.AMOUNT, 5, 5, amount=0, counts=(5, 0))),
    (ManualPoints(D("0.25")), Measured(Kind.POINTS, points=D(2))),
    (ManualPoints(D("0.25")), Measured(Kind.POINTS, points=D("1.50"))),
]


@pytest.mark.parametrize(("measure", "measured"), ALLOWED)
def test_a_value_at_the_edge_of_the_measure_is_allowed(measure, measured):
    check(a_part("TC1.CT1.1", measure, "2"), measured)


def test_not_arisen_is_allowed_where_the_rulebook_says_so():
    check(a_part("TC1.CT1.1", BANDS, "2", not_arisen=NotArisen.PART), NOT_ARISEN)


@given(denominator=st.integers(1, 10_000), data=st.data())
def test_a_higher_ratio_never_earns_less(denominator, data):
    lower = data.draw(st.integers(0, denominator))
    higher = data.draw(st.integers(lower, denominator))

    for measure, kind in [(BANDS, Kind.RATIO_BANDS), *PROPORTIONAL]:
        least = read(measure, a_ratio(kind, lower, denominator)).value
        most = read(measure, a_ratio(kind, higher, denominator)).value
        assert isinstance(least, Decimal)
        assert isinstance(most, Decimal)
        assert 0 <= least <= most <= 2
