"""Measured data in forms: every measure of every rulebook can be asked about, typed, read back and explained."""

import re
from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from domain.errors import MeasureInvalid
from domain.judging import assess
from domain.measure import NOT_ARISEN, Amount, Comparison, Kind, Measured
from domain.rate import Rate
from domain.rulebook import Indicator, Part, Provenance
from infra.reference.rulebooks import load_calendar, load_rulebooks
from services.assessment.measure_fields import Problem, forms_of, read_measures
from services.i18n import load_words
from services.web.assets import Assets
from services.web.form_fields import Typed
from services.web.render import Renderer
from tests.provinces.story import best

WORDS = load_words()
SOURCED = Provenance.SOURCED
INDICATORS = [
    pytest.param(indicator, id=f"{rulebook.short} {indicator.code}")
    for rulebook in load_rulebooks().newest_of_each()
    for indicator in rulebook.indicators
]


def typed_of(indicator: Indicator, measures: dict[str, Measured], locale: str = "vi") -> Typed:
    """What the form sends when it stands as it is shown."""
    pairs = []
    for part in forms_of(indicator, measures, WORDS[locale]):
        pairs += [(field.name, field.value) for field in part.fields]
        field = {Kind.OPTIONS: "option", Kind.CHECKLIST: "checked"}.get(part.kind, "answer")
        pairs += [(f"{part.code}.{field}", pick.key) for pick in part.picks if pick.chosen]
        if part.not_arisen:
            pairs.append((f"{part.code}.not_arisen", "1"))
    return Typed(pairs)


def held(indicator: Indicator) -> dict[str, Measured]:
    """A value for each part; with a single rate of the whole year the form asks for no counts."""
    found = {part: best(part) for part in indicator.parts}
    return {part.code: one if _asks_counts(part) else _without_counts(one) for part, one in found.items()}


def _asks_counts(part: Part) -> bool:
    return not isinstance(part.measure, Amount) or part.measure.asks_counts


def _without_counts(one: Measured) -> Measured:
    return Measured(one.kind, numerator=one.numerator, denominator=one.denominator, amount=one.amount)


@pytest.mark.parametrize("indicator", INDICATORS)
def test_what_is_held_is_shown_and_read_back_unchanged(indicator: Indicator):
    measures = held(indicator)

    assert read_measures(indicator, typed_of(indicator, measures), measures) == (measures, [])


@pytest.mark.parametrize("locale", WORDS)
@pytest.mark.parametrize("count", [999, 1234, 12_000, 1_234_567])
def test_a_large_count_is_shown_as_it_can_be_read_back(locale: str, count: int):
    indicator = load_rulebooks().newest("qd-25-2021").indicator("TC2.CT5")
    measures = {"TC2.CT5.1": Measured(Kind.RATIO_BANDS, numerator=count, denominator=count)}

    typed = typed_of(indicator, measures, locale)

    assert typed.text("TC2.CT5.1.numerator").replace(".", "").replace(",", "") == str(count)
    assert read_measures(indicator, typed, measures) == (measures, [])


@pytest.mark.parametrize("indicator", INDICATORS)
def test_an_empty_form_holds_nothing(indicator: Indicator):
    assert read_measures(indicator, Typed([]), {}) == ({}, [])


@pytest.mark.parametrize("indicator", INDICATORS)
def test_every_reading_is_explained_in_a_sentence(indicator: Indicator):
    renderer = Renderer(WORDS, Assets())
    readings = [held(indicator), {part.code: NOT_ARISEN for part in indicator.parts if part.not_arisen}]

    for measures in readings:
        for part in assess(indicator, measures, load_calendar()).parts:
            if part.rule is not None:
                said = renderer.render("dossier/_why.html", "vi", {"note": part.rule, **_nobody()})
                assert re.search(r"\w{2,}", said), part.rule.code


def _nobody() -> dict[str, Any]:
    return {"visit": None, "refusal": None, "typed": {}, "problems": {}, "people": {}}


def reasons() -> list[str]:
    """The reasons that MeasureInvalid promises in its docstring."""
    listed = (MeasureInvalid.__doc__ or "").partition("one of:")[2].partition(";")[0]
    return [one.strip() for one in listed.rstrip(".").replace("\n", " ").split(",")]


@pytest.mark.parametrize("reason", [*reasons(), "not-a-date", "day-out-of-range", "nothing-measured"])
@pytest.mark.parametrize("locale", ["vi"])
def test_every_reason_to_refuse_a_field_has_a_sentence(reason: str, locale: str):
    assert WORDS[locale].knows(f"invalid.{reason}")

    details = {"typed": "x", "maximum": 2, "minimum": 0, "step": 1, "total": 3, "first": "1990", "last": "2032"}
    assert "%(" not in Problem("field", reason, details).said(WORDS[locale])


def test_all_problems_of_a_form_are_found_together():
    indicator = load_rulebooks().newest("qd-27-2025").indicator("TC2.CT4")
    typed = Typed(
        [
            ("TC2.CT4.1.on", "mai"),
            ("TC2.CT4.2.numerator", "12"),
            ("TC2.CT4.2.denominator", "10"),
            ("TC2.CT4.3.numerator", "ba"),
        ]
    )

    measures, problems = read_measures(indicator, typed, {})

    assert measures == {}
    assert {problem.field: problem.reason for problem in problems} == {
        "TC2.CT4.1.on": "not-a-date",
        "TC2.CT4.2.numerator": "numerator-above-denominator",
        "TC2.CT4.3.numerator": "not-a-count",
    }


@pytest.mark.parametrize("indicator", INDICATORS)
def test_every_ratio_says_what_to_do_when_nothing_arose(indicator: Indicator):
    ratios = [part for part in forms_of(indicator, {}, WORDS["vi"]) if any("numerator" in f.name for f in part.fields)]

    assert all(part.may_not_arise is not part.silent_on_nothing for part in ratios)


def test_a_value_that_is_held_cannot_be_emptied():
    indicator = load_rulebooks().newest("qd-25-2021").indicator("TC2.CT5")
    measures = held(indicator)

    _, problems = read_measures(indicator, Typed([]), measures)

    assert {problem.reason for problem in problems} == {"missing"}


def test_nothing_ticked_in_a_checklist_is_a_value_once_something_was():
    indicator = load_rulebooks().newest("qd-27-2025").indicator("TC2.CT5")

    assert read_measures(indicator, Typed([]), held(indicator)) == ({"TC2.CT5.1": Measured(Kind.CHECKLIST)}, [])


def paid_by_rate(code: str) -> Part:
    measure = Amount(Decimal(100), Comparison.AT_LEAST, (Rate("tổ hòa giải", 1_800_000),))
    return Part(code, code, Decimal(0), measure, SOURCED, SOURCED)


def test_days_and_grouped_numbers_are_read_as_people_type_them():
    rulebook = load_rulebooks().newest("qd-27-2025")
    plan = rulebook.indicator("TC2.CT4")
    money = Indicator("TC3.CT4", "TC3", "TC3.CT4", Decimal(0), (paid_by_rate("TC3.CT4.3"),), SOURCED, SOURCED)

    term, _ = read_measures(plan, Typed([("TC2.CT4.1.from_on", "3/1/2026"), ("TC2.CT4.1.on", "2026-01-09")]), {})
    paid, _ = read_measures(
        money,
        Typed([("TC3.CT4.3.numerator", "5"), ("TC3.CT4.3.denominator", "5"), ("TC3.CT4.3.amount", "9.000.000")]),
        {},
    )

    assert term["TC2.CT4.1"].from_on == date(2026, 1, 3)
    assert term["TC2.CT4.1"].on == date(2026, 1, 9)
    assert paid["TC3.CT4.3"].amount == 9_000_000
