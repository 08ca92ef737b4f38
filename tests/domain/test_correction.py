"""What a corrected text makes of what was entered, and what differs between two texts."""

from dataclasses import replace
from decimal import Decimal

from domain.assessment import CorrectedValue, DataAgain
from domain.correction import Entered, correction_of
from domain.measure import Kind, Measured, Options, RatioBands, YesNo
from domain.rulebook import Indicator, Rulebook
from domain.rulebook_difference import Effect, difference
from infra.reference.rulebooks import load_calendar, load_rulebooks, parse_rulebook, shipped_texts

FORMER = next(text.decode() for text in shipped_texts() if b"id: qd-25-2021" in text)
CALENDAR = load_calendar()


def the_text(*changes: tuple[str, str]) -> Rulebook:
    text = FORMER
    for old, new in changes:
        assert old in text, old
        text = text.replace(old, new, 1)
    return parse_rulebook(text.encode())


BEFORE = the_text()
TRAINED = {"TC2.CT5.1": Measured(Kind.RATIO_BANDS, numerator=19, denominator=22)}  # 86 %


def with_part(rulebook: Rulebook, code: str, **changes: object) -> Rulebook:
    """The rulebook with another part."""

    def changed(indicator: Indicator) -> Indicator:
        parts = tuple(replace(p, **changes) if p.code == code else p for p in indicator.parts)  # type: ignore[arg-type]
        return replace(indicator, parts=parts)

    criteria = tuple(
        replace(one, indicators=tuple(changed(indicator) for indicator in one.indicators)) for one in rulebook.criteria
    )
    return replace(rulebook, criteria=criteria, sha256="ff" * 32)


def test_a_change_of_wording_alone_touches_nothing_and_asks_nobody():
    after = with_part(BEFORE, "TC2.CT5.1", name="Cách gọi khác")

    found = correction_of({"TC2.CT5": Entered(TRAINED, Decimal(1))}, BEFORE, after, CALENDAR)

    assert found == ((), ())
    assert {one.effect for one in difference(BEFORE, after)} == {Effect.WORDING}


def test_a_choice_that_is_only_worded_otherwise_is_a_change_of_wording():
    measure = BEFORE.part("TC1.CT1.1").measure
    assert isinstance(measure, Options)
    first, *rest = measure.options
    worded = with_part(BEFORE, "TC1.CT1.1", measure=Options((first._replace(text="Ban hành đủ"), *rest)))
    fewer = with_part(BEFORE, "TC1.CT1.1", measure=Options(tuple(rest)))

    assert [one.effect for one in difference(BEFORE, worded)] == [Effect.WORDING]
    assert [one.effect for one in difference(BEFORE, fewer)] == [Effect.DATA]


def test_a_value_that_was_the_rules_becomes_what_the_rule_gives_now():
    measure = BEFORE.part("TC2.CT5.1").measure
    assert isinstance(measure, RatioBands)
    bands = tuple(band._replace(at_least=Decimal(86)) if band.at_least == 90 else band for band in measure.bands)
    after = with_part(BEFORE, "TC2.CT5.1", measure=RatioBands(bands))

    found = correction_of({"TC2.CT5": Entered(TRAINED, Decimal(1))}, BEFORE, after, CALENDAR)

    assert found.again == ()
    assert [(one.indicator, one.points) for one in found.values] == [("TC2.CT5", bands[0].points)]
    assert [(one.path, one.effect) for one in difference(BEFORE, after)] == [("TC2.CT5.1.measure", Effect.JUDGING)]


def test_a_value_of_the_communes_own_stays_while_it_is_within_bounds():
    after = with_part(BEFORE, "TC2.CT5.1", name="Cách gọi khác")

    found = correction_of({"TC2.CT5": Entered(TRAINED, Decimal("0.5"))}, BEFORE, after, CALENDAR)

    assert found.values == ()


def test_a_value_that_no_text_allows_is_asked_for_again_only_where_the_former_text_allowed_it():
    worded = with_part(BEFORE, "TC2.CT5.1", name="Cách gọi khác")
    allowed, never = Entered({}, Decimal(2)), Entered({}, Decimal(9))

    assert correction_of({"TC2.CT5": never}, BEFORE, worded, CALENDAR).values == ()
    assert correction_of({"TC2.CT5": never}, None, worded, CALENDAR).values == (CorrectedValue("TC2.CT5"),)
    assert correction_of({"TC2.CT5": allowed}, BEFORE, worded, CALENDAR).values == ()


def test_data_of_another_kind_are_entered_again_and_the_value_with_them():
    after = with_part(BEFORE, "TC2.CT5.1", measure=YesNo())

    found = correction_of({"TC2.CT5": Entered(TRAINED, Decimal(1))}, BEFORE, after, CALENDAR)

    assert found.again == (DataAgain("TC2.CT5", "TC2.CT5.1"),)
    assert found.values == (CorrectedValue("TC2.CT5"),)
    assert found.indicators == ("TC2.CT5",)
    assert [one.effect for one in difference(BEFORE, after)] == [Effect.DATA]


def test_where_the_former_text_cannot_be_read_values_within_bounds_stay():
    found = correction_of({"TC2.CT5": Entered(TRAINED, Decimal(1))}, None, BEFORE, CALENDAR)

    assert found == ((), ())


def test_what_was_not_entered_is_not_asked_for_again():
    after = with_part(BEFORE, "TC2.CT5.1", measure=YesNo())

    assert correction_of({}, BEFORE, after, CALENDAR) == ((), ())


def test_two_equal_texts_do_not_differ():
    for rulebook in load_rulebooks().newest_of_each():
        assert difference(rulebook, rulebook) == ()


def test_an_indicator_that_is_gone_or_new_is_named():
    criterion = BEFORE.criteria[0]
    fewer = replace(BEFORE, criteria=(replace(criterion, indicators=criterion.indicators[1:]), *BEFORE.criteria[1:]))
    code = criterion.indicators[0].code

    assert (code, Effect.JUDGING) in [(one.path, one.effect) for one in difference(BEFORE, fewer)]
    assert (code, Effect.DATA) in [(one.path, one.effect) for one in difference(fewer, BEFORE)]
