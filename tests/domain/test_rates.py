from datetime import date
from decimal import Decimal
from uuid import UUID

import pytest

from domain.errors import (
    ChangeSettled,
    MeasureInvalid,
    RateAlreadySet,
    RateOutOfBounds,
    ReasonMissing,
    SourceMissing,
)
from domain.judging import assess
from domain.measure import Amount, Comparison, Kind, Measured, Outcome
from domain.rate import Rate, RateName
from domain.rates import Period, Rates, SetRate, local_rates, periods, with_rates
from domain.rulebook import Agreement, Figure, Model, Provenance, Rulebook
from domain.working_days import Calendar
from tests.domain.rulebooks import a_criterion, a_part, a_rulebook, an_indicator

TEAM, CASE, SETTLED = RateName.TEAM_MONTH, RateName.CASE, RateName.SUCCESSFUL_CASE
TEAMS = Amount(Decimal(100), Comparison.AT_LEAST, (Rate("số tháng hoạt động", 150_000, TEAM, monthly=True),))
CASES = Amount(
    Decimal(100), Comparison.AT_LEAST, (Rate("vụ thành", 400_000, SETTLED), Rate("vụ không thành", 300_000, CASE))
)
NO_DAYS_OFF = Calendar(2026, 2026, frozenset())
FIRST, SECOND = UUID(int=1), UUID(int=2)


@pytest.fixture
def rulebook() -> Rulebook:
    parts = (a_part("TC1.CT1.1", TEAMS, "0"), a_part("TC1.CT1.2", CASES, "0"))
    agreement = Agreement("TC1.CT1.2", Figure.FIRST_COUNT, "TC1.CT1.1", Figure.NUMERATOR, Provenance.SOURCED)
    return a_rulebook(a_criterion("TC1", an_indicator("TC1.CT1", *parts)), model=Model.LEVELS, agreements=(agreement,))


def outcome(rulebook: Rulebook, part: str, **given: object) -> object:
    measured = Measured(Kind.AMOUNT, **given)  # type: ignore[arg-type]
    found = assess(rulebook.indicator("TC1.CT1"), {part: measured}, NO_DAYS_OFF)
    return next(one.value for one in found.parts if one.code == part)


def test_a_team_set_up_in_july_is_paid_for_six_months(rulebook: Rulebook):
    applied = with_rates(rulebook, [], 2026)
    nine_all_year_one_from_july = {"numerator": 10, "denominator": 10, "counts": (9 * 12 + 6,)}

    assert outcome(applied, "TC1.CT1.1", **nine_all_year_one_from_july, amount=114 * 150_000) is Outcome.MET
    assert outcome(applied, "TC1.CT1.1", **nine_all_year_one_from_july, amount=114 * 150_000 - 1) is Outcome.NOT_MET
    assert outcome(applied, "TC1.CT1.1", **nine_all_year_one_from_july, amount=114 * 150_000 + 1) is Outcome.MET


def test_an_amount_may_have_to_be_at_most_what_the_rates_come_to():
    measure = Amount(Decimal(0), Comparison.AT_MOST, (Rate("tổ", 100),))

    for amount, expected in ((199, Outcome.MET), (200, Outcome.MET), (201, Outcome.NOT_MET)):
        measured = Measured(Kind.AMOUNT, numerator=2, denominator=2, amount=amount)
        assert measure.read(measured, Decimal(0), NO_DAYS_OFF).value is expected


def test_months_that_no_team_can_have_are_refused():
    for months, fits in ((120, True), (121, False), (0, True)):
        measured = Measured(Kind.AMOUNT, numerator=10, denominator=10, counts=(months,), amount=0)
        if fits:
            TEAMS.check(measured, Decimal(0))
        else:
            with pytest.raises(MeasureInvalid) as refused:
                TEAMS.check(measured, Decimal(0))
            assert refused.value.details["reason"] == "too-many-months"
    with pytest.raises(MeasureInvalid):
        TEAMS.check(Measured(Kind.AMOUNT, numerator=10, denominator=10, amount=0), Decimal(0))


def test_the_rate_of_the_province_holds_from_its_day_on_and_before_it_the_maximum():
    held = [SetRate(TEAM, 100_000, date(2026, 7, 1))]

    assert periods(TEAMS.rates[0], held, 2025) == [Period(1, 12, 150_000)]
    assert periods(TEAMS.rates[0], held, 2026) == [Period(1, 6, 150_000), Period(7, 12, 100_000)]
    assert periods(TEAMS.rates[0], held, 2027) == [Period(1, 12, 100_000)]


def test_a_month_has_the_rate_in_force_on_its_first_day():
    held = [SetRate(TEAM, 100_000, date(2026, 7, 2)), SetRate(TEAM, 120_000, date(2026, 7, 20))]

    assert periods(TEAMS.rates[0], held, 2026) == [Period(1, 7, 150_000), Period(8, 12, 120_000)]


@pytest.mark.parametrize("year", [-5, 0, 99999])
def test_a_year_that_is_none_has_the_rates_of_the_text(year: int):
    assert periods(TEAMS.rates[0], [SetRate(TEAM, 1, date(2026, 1, 1))], year) == [Period(1, 12, 150_000)]


def test_two_rates_in_one_year_are_asked_for_each_by_itself(rulebook: Rulebook):
    applied = with_rates(rulebook, [SetRate(TEAM, 100_000, date(2026, 7, 1))], 2026)
    given = {"numerator": 2, "denominator": 2, "counts": (12, 12)}

    assert outcome(applied, "TC1.CT1.1", **given, amount=12 * 150_000 + 12 * 100_000) is Outcome.MET
    assert outcome(applied, "TC1.CT1.1", **given, amount=12 * 150_000 + 12 * 100_000 - 1) is Outcome.NOT_MET
    with pytest.raises(MeasureInvalid):
        applied.part("TC1.CT1.1").measure.check(
            Measured(Kind.AMOUNT, numerator=2, denominator=2, counts=(13, 12), amount=0), Decimal(0)
        )


def test_counts_entered_before_a_rate_was_set_are_to_be_entered_again(rulebook: Rulebook):
    applied = with_rates(rulebook, [SetRate(TEAM, 100_000, date(2026, 7, 1))], 2026)

    assert outcome(applied, "TC1.CT1.1", numerator=2, denominator=2, counts=(24,), amount=9_000_000) is (
        Outcome.NOT_VERIFIABLE
    )


def test_what_agrees_with_the_first_count_is_not_compared_while_it_is_one_period_of_two(rulebook: Rulebook):
    assert with_rates(rulebook, [SetRate(SETTLED, 350_000, date(2026, 1, 1))], 2026).agreements == rulebook.agreements
    assert with_rates(rulebook, [SetRate(SETTLED, 350_000, date(2026, 3, 1))], 2026).agreements == ()


def test_a_rulebook_that_leaves_nothing_to_provinces_is_applied_as_it_stands():
    plain = a_rulebook(
        a_criterion(
            "TC1",
            an_indicator(
                "TC1.CT1", a_part("TC1.CT1", Amount(Decimal(1), Comparison.EXACTLY, (Rate("tổ", 1_800_000),)), "0")
            ),
        ),
        model=Model.LEVELS,
    )

    assert local_rates(plain) == {}
    assert with_rates(plain, [SetRate(TEAM, 1, date(2026, 1, 1))], 2026) is plain


# Setting -----------------------------------------------------------------------------------------------


@pytest.fixture
def rates() -> Rates:
    return Rates(id=UUID(int=9))


def set_one(rates: Rates, rate: UUID = FIRST, dong: int = 120_000, **other: object) -> None:
    document = {"document_no": "12/NQ-HĐND", "issuer": "HĐND tỉnh", "article": "Điều 2"} | other
    rates.set(
        rate,
        TEAM,
        dong,
        date(2026, 7, 1),
        most=150_000,
        document_on=date(2026, 6, 20),
        **document,  # type: ignore[arg-type]
    )


@pytest.mark.parametrize("dong", [0, -1, 150_001, 10**15])
def test_a_rate_above_the_maximum_or_of_nothing_is_refused(rates: Rates, dong: int):
    with pytest.raises(RateOutOfBounds):
        set_one(rates, dong=dong)
    assert rates.held == {}


@pytest.mark.parametrize("dong", [1, 150_000])
def test_a_rate_up_to_the_maximum_holds(rates: Rates, dong: int):
    set_one(rates, dong=dong)

    assert rates.held == {FIRST: SetRate(TEAM, dong, date(2026, 7, 1))}


@pytest.mark.parametrize("missing", ["document_no", "issuer"])
def test_a_rate_without_a_document_is_refused(rates: Rates, missing: str):
    with pytest.raises(SourceMissing):
        set_one(rates, FIRST, 120_000, **{missing: " "})


def test_from_one_day_on_one_rate_holds_until_it_is_withdrawn(rates: Rates):
    set_one(rates)
    with pytest.raises(RateAlreadySet):
        set_one(rates, SECOND)

    with pytest.raises(ReasonMissing):
        rates.withdraw(FIRST, " ")
    rates.withdraw(FIRST, "Ghi nhầm mức")
    set_one(rates, SECOND, dong=100_000)

    assert list(rates.held) == [SECOND]
    with pytest.raises(ChangeSettled):
        rates.withdraw(FIRST, "Ghi nhầm mức")
