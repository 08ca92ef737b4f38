from dataclasses import replace
from datetime import date
from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.errors import (
    MeasureInvalid,
    NotANumber,
    ScoreAboveMaximum,
    ScoreBelowMinimum,
    UnknownIndicator,
)
from domain.measure import ManualPoints, Outcome, Penalty
from domain.rulebook import Provenance, Source, Term, Unverified
from domain.working_days import Calendar, CalendarUnknown, DayReading
from tests.domain.rulebooks import (
    HALF_OF_EACH,
    a_council_rule,
    a_criterion,
    a_part,
    a_rulebook,
    an_indicator,
    at_least,
    points_of_twenty_and_eighty,
    three_levels,
)

SOURCED = Provenance.SOURCED
QUARTER = ManualPoints(Decimal("0.25"))
WITH_PENALTY = a_rulebook(
    a_criterion(
        "TC1",
        an_indicator("TC1.CT1", a_part("TC1.CT1.1", QUARTER, "3"), a_part("TC1.CT1.2", Penalty(Decimal("-0.25")))),
    )
)


def test_what_the_rulebook_does_not_have_is_refused():
    rulebook = points_of_twenty_and_eighty()

    for ask in (rulebook.indicator, rulebook.criterion, rulebook.part):
        with pytest.raises(UnknownIndicator):
            ask("TC9.CT9")


def test_an_indicator_with_a_penalty_goes_below_zero():
    assert WITH_PENALTY.indicator("TC1.CT1").min_points == Decimal("-0.25")
    assert points_of_twenty_and_eighty().indicator("TC1.CT1").min_points == 0


@pytest.mark.parametrize(
    ("points", "refusal"),
    [
        ("3.01", ScoreAboveMaximum),
        ("1E+30", ScoreAboveMaximum),
        ("-0.26", ScoreBelowMinimum),
        ("NaN", NotANumber),
        ("Infinity", NotANumber),
        ("1.005", MeasureInvalid),
    ],
)
def test_a_score_outside_the_bounds_of_its_indicator_is_refused(points, refusal):
    with pytest.raises(refusal):
        WITH_PENALTY.check_score("TC1.CT1", Decimal(points))


@pytest.mark.parametrize("points", ["3", "0", "-0.25", "1.01"])
def test_a_score_within_the_bounds_is_allowed(points):
    WITH_PENALTY.check_score("TC1.CT1", Decimal(points))


def test_a_rulebook_of_levels_takes_no_points_and_one_of_points_no_levels():
    three_levels().check_score("TC1.CT1", Outcome.NOT_MET)
    with pytest.raises(MeasureInvalid):
        three_levels().check_score("TC1.CT1", Decimal(1))
    with pytest.raises(MeasureInvalid):
        three_levels().check_score("TC1.CT1", Outcome.NOT_VERIFIABLE)
    with pytest.raises(MeasureInvalid):
        WITH_PENALTY.check_score("TC1.CT1", Outcome.MET)


def test_every_value_that_is_not_sourced_is_listed_with_its_provenance():
    unsure = an_indicator(
        "TC1.CT1", a_part("TC1.CT1", QUARTER, "20", provenance=Provenance.PROVISIONAL), provenance=SOURCED
    )
    rulebook = a_rulebook(a_criterion("TC1", unsure), conditions=(at_least("80"), HALF_OF_EACH))
    law = Source("Quyết định", "25/2021/QĐ-TTg", date(2021, 7, 22))
    rulebook = replace(rulebook, sources=dict.fromkeys(rulebook.provenances, law))

    assert rulebook.unverified == (Unverified("TC1.CT1.measure", Provenance.PROVISIONAL),)


@pytest.mark.parametrize(
    ("source", "provenance"),
    [
        (Source("Quyết định", "25/2021/QĐ-TTg", date(2021, 7, 22)), Provenance.SOURCED),
        (Source("Bảng chấm điểm của một xã", dated=date(2023, 1, 3)), Provenance.REPORTED),
        (Source("Quyết định", "2793/QĐ-UBND"), Provenance.REPORTED),
        (
            Source("Bài viết giới thiệu Thông tư số 15/2025/TT-BTP", "15/2025/TT-BTP", date(2025, 10, 1)),
            Provenance.REPORTED,
        ),
        (Source("  Trang  thông tin của Sở", "27/2025/QĐ-TTg", date(2025, 8, 1)), Provenance.REPORTED),
        (Source("Báo cáo", "12/BC-UBND", date(2025, 8, 1)), Provenance.REPORTED),
        (Source("Nghị quyết", "12/NQ-HĐND", date(2025, 8, 1)), Provenance.SOURCED),
        (Source("Văn bản hợp nhất", "3/VBHN-BTP", date(2025, 8, 1)), Provenance.SOURCED),
        (None, Provenance.RECALLED),
    ],
)
def test_a_value_is_sourced_with_the_number_and_day_of_its_legal_text_only(source, provenance):
    rulebook = a_rulebook(conditions=(at_least("80"), HALF_OF_EACH))
    rulebook = replace(rulebook, sources={"C2": source} if source else {})

    assert rulebook.provenances["C2"] is provenance
    assert (Unverified("C2", provenance) in rulebook.unverified) is (provenance is not Provenance.SOURCED)


@pytest.mark.parametrize(("members", "quorum"), [(1, 1), (3, 2), (9, 6), (10, 7), (15, 10)])
def test_two_thirds_of_the_members_make_a_quorum_rounded_up(members, quorum):
    assert a_council_rule().quorum_of(members) == quorum


@given(members=st.integers(1, 100))
def test_a_quorum_is_never_less_than_its_share_of_the_members(members):
    quorum = a_council_rule().quorum_of(members)

    assert Fraction(quorum - 1, members) < Fraction(2, 3) <= Fraction(quorum, members)


def test_a_term_before_a_day_ends_the_day_before():
    assert Term("recognised", SOURCED, 2, 10, years_later=1, before=True).last_day(2023) == date(2024, 2, 9)
    assert Term("submitted", SOURCED, 1, 10, years_later=1).last_day(2023) == date(2024, 1, 10)
    assert Term("posted", SOURCED, working_days=10).last_day(2023) is None


#: Lunar New Year 2024: offices closed from Thursday 8 to Wednesday 14 February; 29 April off for 4 May.
WINTER = Calendar(
    2023,
    2024,
    frozenset({date(2024, 1, 1), date(2024, 4, 29)} | {date(2024, 2, day) for day in range(8, 15)}),
    frozenset({date(2024, 5, 4)}),
)


@pytest.mark.parametrize(
    ("term", "event", "last"),
    [
        (Term("supplemented", SOURCED, working_days=3), date(2024, 2, 6), date(2024, 2, 16)),
        (Term("posted", SOURCED, calendar_days=5, minimum=True), date(2023, 12, 31), date(2024, 1, 5)),
        (Term("posted", SOURCED, calendar_days=5, minimum=True), date(2024, 2, 5), date(2024, 2, 10)),
        (Term("answered", SOURCED, calendar_days=5), date(2024, 2, 5), date(2024, 2, 15)),
        (Term("reported", SOURCED, months=1), date(2024, 1, 31), date(2024, 2, 29)),
        (Term("reported", SOURCED, months=2), date(2023, 11, 30), date(2024, 1, 30)),
        (Term("reported", SOURCED, months=1), date(2024, 1, 9), date(2024, 2, 15)),
        (Term("council_papers", SOURCED, working_days=3, ahead=True), date(2024, 2, 16), date(2024, 2, 6)),
        (Term("council_papers", SOURCED, calendar_days=3, ahead=True), date(2024, 2, 16), date(2024, 2, 13)),
        (Term("submitted", SOURCED, 1, 10, years_later=1), date(2024, 1, 1), None),
        (Term("assigned", SOURCED, text="đầu tháng 01"), date(2024, 1, 1), None),
    ],
)
def test_a_term_that_runs_from_an_event_ends_on(term, event, last):
    assert term.ends_after(event, WINTER) == last


def test_a_term_that_runs_into_a_year_without_days_off_is_not_guessed():
    with pytest.raises(CalendarUnknown):
        Term("published", SOURCED, working_days=2).ends_after(date(2024, 12, 30), WINTER)
    with pytest.raises(CalendarUnknown):
        Term("answered", SOURCED, months=12).ends_after(date(2024, 12, 30), WINTER)


def test_a_minimum_of_calendar_days_needs_no_days_off():
    posted = Term("posted", SOURCED, calendar_days=5, minimum=True)

    assert posted.ends_after(date(2030, 12, 28), WINTER) == date(2031, 1, 2)


def test_the_day_before_10_february_in_the_lunar_new_year_has_two_readings():
    last = Term("recognised", SOURCED, 2, 10, years_later=1, before=True).last_day(2023)
    assert last is not None

    assert WINTER.readings(last) == {
        DayReading.DAY_ITSELF: date(2024, 2, 9),
        DayReading.NEXT_WORKING_DAY: date(2024, 2, 15),
    }


def test_a_last_day_on_which_offices_are_open_is_the_same_by_each_reading():
    assert set(WINTER.readings(date(2024, 1, 9)).values()) == {date(2024, 1, 9)}
