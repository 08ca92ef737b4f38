import hashlib
import re
from collections.abc import Iterator
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

import domain
from domain.errors import RulebookUnusable
from domain.judging import assess
from domain.measure import NOT_ARISEN, Amount, Kind, Measured, Penalty
from domain.rulebook import Model, Provenance, RecognisingLevel, Rulebook, Term
from infra.reference.rulebook_file import RulebookInvalid, load
from infra.reference.rulebooks import Rulebooks, load_calendar, load_rulebooks, parse_rulebook, shipped_texts

SOURCED = Provenance.SOURCED
#: What stands where a text should.
PLACEHOLDER = re.compile(r"rút gọn|tóm tắt|chưa đối chiếu|chưa kiểm chứng|…|\.\.\.|>=|TODO", re.IGNORECASE)
RULEBOOKS = load_rulebooks()
OF_2017, OF_2021, OF_2025 = (RULEBOOKS.newest(name) for name in ("qd-619-2017", "qd-25-2021", "qd-27-2025"))
POINTS_OF_CRITERIA = {"qd-619-2017": [15, 30, 25, 10, 20], "qd-25-2021": [10, 30, 15, 20, 25]}
INDICATORS_OF_CRITERIA = {
    "qd-619-2017": [3, 5, 9, 3, 5],
    "qd-25-2021": [2, 6, 3, 5, 4],
    "qd-27-2025": [3, 7, 4],
}


# The data --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("rulebook", [OF_2017, OF_2021], ids=lambda rulebook: rulebook.id)
def test_points_add_up_to_a_hundred_over_parts_indicators_and_criteria(rulebook: Rulebook):
    assert rulebook.model is Model.POINTS
    assert rulebook.max_points == 100
    assert [criterion.max_points for criterion in rulebook.criteria] == POINTS_OF_CRITERIA[rulebook.id]
    for criterion in rulebook.criteria:
        assert sum(indicator.max_points for indicator in criterion.indicators) == criterion.max_points
    for indicator in rulebook.indicators:
        assert sum(part.max_points for part in indicator.parts) == indicator.max_points


@pytest.mark.parametrize("rulebook", RULEBOOKS.newest_of_each(), ids=lambda rulebook: rulebook.id)
def test_each_criterion_has_the_number_of_indicators_of_its_instrument(rulebook: Rulebook):
    counts = [len(criterion.indicators) for criterion in rulebook.criteria]

    assert counts == INDICATORS_OF_CRITERIA[rulebook.id]


def test_the_rulebook_of_2025_has_no_points_and_is_recognised_by_the_province():
    assert OF_2025.model is Model.LEVELS
    assert OF_2025.max_points == 0
    assert OF_2025.recognising_level is RecognisingLevel.PROVINCE
    assert not OF_2025.council.required


def test_the_older_rulebooks_are_recognised_by_the_district_on_the_advice_of_a_council():
    for rulebook in (OF_2017, OF_2021):
        assert rulebook.recognising_level is RecognisingLevel.DISTRICT
        assert rulebook.council.required
    assert OF_2017.council.max_members == 15
    assert OF_2017.council.written_opinions


@pytest.mark.parametrize("rulebook", RULEBOOKS.newest_of_each(), ids=lambda rulebook: rulebook.id)
def test_what_is_listed_as_unverified_is_never_sourced_and_never_listed_twice(rulebook: Rulebook):
    paths = [entry.path for entry in rulebook.unverified]

    assert paths
    assert len(set(paths)) == len(paths)
    assert Provenance.SOURCED not in {entry.provenance for entry in rulebook.unverified}


def test_placeholders_of_this_project_are_marked_as_such():
    placeholders = {
        (rulebook.short, entry.path)
        for rulebook in RULEBOOKS.newest_of_each()
        for entry in rulebook.unverified
        if entry.provenance is Provenance.PROVISIONAL
    }

    assert placeholders >= {
        ("25/2021", "TC2.CT5.1.bands.90"),
        ("25/2021", "TC1.CT2.1.measure"),
        ("619/2017", "C3"),
        ("619/2017", "council.quorum"),
        ("27/2025", "TC3.CT2.1.at_least"),
    }


#: Every text that ever shipped, by rulebook and number. Somebody may have been judged by it: lines are only added.
SHIPPED = {
    ("qd-25-2021", "1"): "5e4daca34d4dbe1c628e1896abf9f7144908e25fec9278ead8298255f153446d",
    ("qd-25-2021", "2"): "a1d3fa9278cce2a808acff3811b74e6c01a57e283a50e58c23b9033b74ccfcd2",
    ("qd-27-2025", "1"): "c987c3034d1b6cd2050fffc6205a74b2ce927d8751fc365604b6e7603026534f",
    ("qd-27-2025", "2"): "a6d72f138cf578aaa3bb8146d01b8fb51e9ee8ecf53fa470930c228c45d743b4",
    ("qd-27-2025", "3"): "ea830cab45fd517ee8891cb32d6f399115304dd18930c20b4de980a9deff7bdf",
    ("qd-619-2017", "1"): "8ab28ecddb8193d25d821a4b68ecf0b3bfbac59f87f69eb476ae6a0231665a95",
    ("qd-619-2017", "2"): "ef840534042e5fdf03712c9abf72df89d47ba3a7fa614adff6d7c0e899eea5e7",
}


def test_every_text_that_ever_shipped_still_ships_to_the_byte():
    folder = Path(domain.__file__).parent / "rulebooks"
    found = {
        (file.parent.name, file.stem): hashlib.sha256(file.read_bytes()).hexdigest() for file in folder.glob("*/*.yaml")
    }

    assert found == SHIPPED
    assert {RULEBOOKS.text(sha256).sha256 for sha256 in SHIPPED.values()} == set(SHIPPED.values())


def test_the_newest_text_of_a_rulebook_is_that_of_the_highest_number():
    for (rulebook, number), sha256 in SHIPPED.items():
        highest = max((one for name, one in SHIPPED if name == rulebook), key=int)
        assert (RULEBOOKS.newest(rulebook).sha256 == sha256) == (number == highest)
        assert RULEBOOKS.text(sha256).id == rulebook


def test_texts_of_one_rulebook_stand_side_by_side_and_the_last_is_the_newest():
    first = parse_rulebook(TEXT.encode())
    second = parse_rulebook(TEXT.replace("threshold: 0.5", "threshold: 2").encode())
    rulebooks = Rulebooks([first, second])

    assert list(rulebooks) == ["r"]
    assert rulebooks.newest("r") == second
    assert rulebooks.text(first.sha256).conditions[0].threshold == Decimal("0.5")
    assert rulebooks.text(second.sha256).conditions[0].threshold == 2


def test_a_text_that_a_province_keeps_is_judged_by_and_is_nobody_elses():
    own = TEXT.replace("short: s", "short: ours")
    sha256 = hashlib.sha256(own.encode()).hexdigest()
    ours = RULEBOOKS.with_own({sha256: own})

    assert ours.text(sha256).short == "ours"
    assert "r" not in ours
    with pytest.raises(RulebookUnusable):
        RULEBOOKS.text(sha256)


def test_a_text_that_is_no_rulebook_any_more_is_said_to_be_unreadable():
    broken = TEXT.replace("model: points", "model: stars")
    sha256 = hashlib.sha256(broken.encode()).hexdigest()

    with pytest.raises(RulebookUnusable) as refused:
        RULEBOOKS.with_own({sha256: broken}).text(sha256)
    assert refused.value.details["reason"] == "unreadable"
    assert RULEBOOKS.with_own({sha256: broken}).find(sha256) is None


def test_the_text_of_a_rulebook_is_pinned_by_its_hash():
    assert len({rulebook.sha256 for rulebook in RULEBOOKS.newest_of_each()}) == 3
    assert all(len(rulebook.sha256) == 64 for rulebook in RULEBOOKS.newest_of_each())


def test_decisions_under_2021_are_due_before_the_tenth_of_february():
    terms = {term.step: term.last_day(2023) for term in OF_2021.terms}

    assert terms["recognised"] == date(2024, 2, 9)
    assert terms["submitted"] == date(2024, 1, 9)
    assert terms["district_report"] == date(2024, 2, 14)
    assert terms["province_report"] == date(2024, 2, 19)
    assert terms["assigned"] is None


def test_terms_of_2021_that_run_from_an_event_are_those_of_the_circular():
    terms = {term.step: term for term in OF_2021.terms}

    assert (terms["posted"].calendar_days, terms["posted"].minimum) == (5, True)
    assert terms["supplemented"].working_days == 3
    assert (terms["council_papers"].working_days, terms["council_papers"].ahead) == (3, True)
    assert terms["published"].working_days == 2


def test_the_council_of_2021_has_at_most_fifteen_members_who_may_write():
    assert OF_2021.council.max_members == 15
    assert OF_2021.council.written_opinions


def test_the_last_criterion_of_2021_asks_that_no_official_was_disciplined():
    assert "kỷ luật hành chính" in OF_2021.indicator("TC5.CT3").name
    assert "người đứng đầu" in OF_2021.vetoes[0].text


def test_nobody_is_asked_for_what_has_no_text():
    assert OF_2025.without_text == ("TC2.CT6.1", "TC2.CT7.1", "TC2.CT7.3", "TC3.CT4.1", "C2")
    assert not OF_2017.without_text
    assert not OF_2021.without_text


def strings_in(content: Any) -> Iterator[str]:
    """Every text in the file, without its comments."""
    if isinstance(content, str):
        yield content
    for one in content.values() if isinstance(content, dict) else content if isinstance(content, list) else ():
        yield from strings_in(one)


@pytest.mark.parametrize("rulebook", list(RULEBOOKS))
def test_nothing_that_people_read_in_a_newest_text_holds_a_place_for_something_else(rulebook: str):
    newest = max(number for name, number in SHIPPED if name == rulebook)
    text = Path(domain.__file__).parent / "rulebooks" / rulebook / f"{newest}.yaml"

    found = {one for one in strings_in(load(text.read_bytes())) if PLACEHOLDER.search(one)}

    assert found == set()


def test_names_conditions_and_terms_of_2021_say_where_they_were_read():
    named = {path: source for path, source in OF_2021.sources.items() if source.number}

    assert named["C3"].article == "Điều 4 khoản 3"
    assert named["TC4.CT5.name"].article == "Điều 3 khoản 4 điểm đ"
    assert named["deadlines.posted"].number == "09/2021/TT-BTP"
    assert set(OF_2021.unnamed_sources) == {
        *(f"TC1.CT1.{part}.{what}" for part in (1, 2) for what in ("measure", "points")),
        "deadlines.assigned",
        "suspended_years.2025",
    }


# Cases of the decrees ----------------------------------------------------------------------------------


def test_legal_communicators_trained_earn_the_points_of_their_band():
    indicator = OF_2021.indicator("TC2.CT5")
    measured = Measured(Kind.RATIO_BANDS, numerator=19, denominator=22)

    assert assess(indicator, {"TC2.CT5.1": measured}, load_calendar()).points == 1


def test_a_commune_given_no_document_to_issue_has_the_whole_indicator():
    assessed = assess(OF_2021.indicator("TC1.CT1"), {"TC1.CT1.1": NOT_ARISEN}, load_calendar())

    assert (assessed.points, assessed.complete) == (Decimal(3), True)


def test_no_petition_in_the_year_has_the_whole_indicator_under_2017():
    assert assess(OF_2017.indicator("TC2.CT4"), {"TC2.CT4.1": NOT_ARISEN}, load_calendar()).points == 2


def test_failing_to_staff_the_reception_costs_a_quarter_point_under_2017():
    indicator = OF_2017.indicator("TC2.CT2")

    assert indicator.min_points == Decimal("-0.25")
    assert isinstance(OF_2017.part("TC2.CT2.4").measure, Penalty)


def test_teams_and_cases_are_paid_at_the_rates_of_the_year_under_the_first_text():
    first = RULEBOOKS.text(SHIPPED["qd-27-2025", "1"])
    teams, cases = first.part("TC3.CT4.3").measure, first.part("TC3.CT4.4").measure

    assert isinstance(teams, Amount)
    assert isinstance(cases, Amount)
    assert [rate.dong for rate in teams.rates] == [1_800_000]
    assert [rate.dong for rate in cases.rates] == [400_000, 300_000]


# Holidays ----------------------------------------------------------------------------------------------

NEW_YEARS = {  # the first day of the lunar year
    2017: date(2017, 1, 28),
    2018: date(2018, 2, 16),
    2019: date(2019, 2, 5),
    2020: date(2020, 1, 25),
    2021: date(2021, 2, 12),
    2022: date(2022, 2, 1),
    2023: date(2023, 1, 22),
    2024: date(2024, 2, 10),
    2025: date(2025, 1, 29),
    2026: date(2026, 2, 17),
    2027: date(2027, 2, 6),
}


@pytest.mark.parametrize("year", NEW_YEARS)
def test_offices_are_closed_at_least_five_days_around_the_lunar_new_year(year):
    calendar = load_calendar()
    around = [NEW_YEARS[year] + timedelta(days=days) for days in range(-1, 4)]

    assert not any(calendar.is_working_day(day) for day in around)


@pytest.mark.parametrize("year", NEW_YEARS)
def test_offices_are_closed_on_the_fixed_holidays(year):
    calendar = load_calendar()

    for month, day in [(1, 1), (4, 30), (5, 1), (9, 2)]:
        assert not calendar.is_working_day(date(year, month, day))


@pytest.mark.parametrize("year", NEW_YEARS)
def test_a_year_has_about_two_hundred_and_fifty_working_days(year):
    calendar = load_calendar()
    days = [date(year, 1, 1) + timedelta(days=n) for n in range(365)]

    assert 248 <= sum(calendar.is_working_day(day) for day in days) <= 252


def test_a_day_off_in_exchange_is_worked_on_the_saturday_named():
    calendar = load_calendar()

    assert not calendar.is_working_day(date(2019, 4, 29))
    assert calendar.is_working_day(date(2019, 5, 4))
    assert all(day.weekday() == 5 for day in calendar.worked_saturdays)


# Sources, and what has no text -------------------------------------------------------------------------


def test_a_value_names_the_document_and_the_article_where_it_was_read():
    text = (
        f"{TEXT}sources: {{C1: {{document: Quyết định, number: 25/2021/QĐ-TTg, dated: 2021-07-22, article: Điều 4}}}}"
    )

    source = parse_rulebook(text.encode()).sources["C1"]

    assert (source.number, source.dated, source.article) == ("25/2021/QĐ-TTg", date(2021, 7, 22), "Điều 4")


def test_a_sourced_value_that_does_not_say_where_it_was_read_is_listed():
    before = parse_rulebook(TEXT.encode()).unnamed_sources
    after = parse_rulebook(f"{TEXT}sources: {{C1: {{document: Quyết định}}}}".encode()).unnamed_sources

    assert {"C1", "TC1.CT1.name"} <= set(before)
    assert set(before) - set(after) == {"C1"}


def test_what_is_not_sourced_need_not_say_where_it_was_read():
    text = TEXT.replace("kind: min_total, provenance: sourced", "kind: min_total, provenance: recalled")
    assert text != TEXT

    assert "C1" not in parse_rulebook(text.encode()).unnamed_sources


@pytest.mark.parametrize("text", shipped_texts(), ids=lambda text: hashlib.sha256(text).hexdigest()[:8])
def test_what_a_text_that_ships_is_said_to_have_from_the_law_names_a_text_of_a_central_body(text: bytes):
    rulebook = parse_rulebook(text)
    proved = [path for path, provenance in rulebook.provenances.items() if provenance is Provenance.SOURCED]

    for path in proved:
        source = rulebook.sources[path]
        assert source.dated is not None, path
        assert re.fullmatch(r"\d+/20\d\d/(QĐ-TTg|TT-BTP|NĐ-CP|QH\d+)", source.number), (path, source)


def test_parts_and_vetoes_whose_wording_is_not_known_are_named_and_not_asked():
    text = TEXT.replace("threshold: 0.5}", "threshold: 0.5}, {code: C2, kind: veto, provenance: provisional}")
    text = text.replace("{code: TC1.CT1,", "{code: TC1.CT1, without_text: [TC1.CT1.2],")

    rulebook = parse_rulebook(text.encode())

    assert rulebook.without_text == ("TC1.CT1.2", "C2")
    assert "TC1.CT1.2" not in rulebook.parts
    assert rulebook.provenances["TC1.CT1.2.text"] is Provenance.PROVISIONAL


# What is refused ---------------------------------------------------------------------------------------

TEXT = """
id: r
title: t
short: s
model: points
status: draft
in_force: {from: {value: null, provenance: sourced}, to: {value: null, provenance: sourced}}
unit_types: [xã]
unit_classes: []
recognising_level: {value: district, provenance: sourced}
score_decimals: 2
council:
  required: false
  quorum: {value: 2/3, provenance: provisional}
  majority: {value: more_than_half_of_all_members, provenance: provisional}
deadlines: []
suspended_years: []
conditions: [{code: C1, kind: min_total, provenance: sourced, threshold: 0.5}]
agreements: []
criteria:
- code: TC1
  name: n
  name_provenance: sourced
  max_points: 2.5
  indicators:
  - {code: TC1.CT1, name: n, name_provenance: sourced, max_points: 1.5, measure: {kind: points, step: 0.25}}
  - {code: TC1.CT2, name: n, name_provenance: sourced, max_points: 1,
     measure: {kind: ratio_bands, bands: [{at_least: 50, points: 1}, {at_least: 0, points: 0}]}}
"""


def test_numbers_of_a_rulebook_are_exact_decimals():
    rulebook = parse_rulebook(TEXT.encode())

    assert rulebook.max_points == Decimal("2.5")
    assert rulebook.conditions[0].threshold == Decimal("0.5")


@pytest.mark.parametrize(
    ("old", "new", "where"),
    [
        ("max_points: 2.5", "max_points: 3", "TC1"),
        ("code: TC1.CT2", "code: TC1.CT1", "twice"),
        ("points: 1}, {at_least: 0", "points: 0.5}, {at_least: 0", "TC1.CT2"),
        ("{at_least: 0, points: 0}", "{at_least: 10, points: 0}", "TC1.CT2"),
        ("model: points", "model: levels", "TC1"),
        ("agreements: []", "agreements: []\nunknown: 1", "unknown"),
        ("status: draft", "", "status"),
        ("kind: points", "kind: magic", "magic"),
        ("name_provenance: sourced", "name_provenance: guessed", "guessed"),
        ("threshold: 0.5", "threshold: half", "threshold"),
        ("value: 2/3", "value: most", "most"),
        ("id: r", "id: [", "flow"),
        ("agreements: []", "agreements: []\nsources: {C9: {document: d}}", "C9"),
        ("agreements: []", "agreements: []\nsources: {TC1.points: {document: d}}", "source-of-unsourced"),
        ("agreements: []", "agreements: []\nsources: {C1: {document: ' '}}", "source-without-document"),
        ("agreements: []", "agreements: []\nsources: {C1: {number: x}}", "document"),
        ("agreements: []", "agreements: []\nsources: {C1: {document: d, dated: someday}}", "dated"),
        ("{code: TC1.CT1,", "{code: TC1.CT1, without_text: [TC1.CT1],", "twice"),
    ],
)
def test_a_text_that_is_no_rulebook_or_does_not_close_is_refused(old, new, where):
    assert old in TEXT

    with pytest.raises(RulebookInvalid, match=where):
        parse_rulebook(TEXT.replace(old, new, 1).encode())


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("calendar_days: 5, minimum: true", Term("t", SOURCED, calendar_days=5, minimum=True)),
        ("working_days: 3, ahead: true", Term("t", SOURCED, working_days=3, ahead=True)),
        ("months: 2", Term("t", SOURCED, months=2)),
        ("by: '01-10', years_later: 1", Term("t", SOURCED, 1, 10, years_later=1)),
        ("before: '02-10', years_later: 1", Term("t", SOURCED, 2, 10, years_later=1, before=True)),
        ("text: đầu tháng 01", Term("t", SOURCED, text="đầu tháng 01")),
    ],
)
def test_a_term_is_a_day_of_the_year_or_a_count_of_days_or_months_or_words(written, expected):
    text = TEXT.replace("deadlines: []", f"deadlines: [{{step: t, provenance: sourced, {written}}}]")

    assert parse_rulebook(text.encode()).terms == (expected,)


@pytest.mark.parametrize(
    ("written", "what"),
    [
        ("calendar_days: 5, working_days: 5", "not both"),
        ("by: '01-10', calendar_days: 5", "not both"),
        ("by: '01-10', before: '01-10'", "not both"),
        ("calendar_days: 0", "counts from 1"),
        ("months: 1000000", "counts from 1"),
        ("by: '02-29'", "no day of every year"),
        ("before: '13-01'", "no day of every year"),
        ("before: January", "no day of every year"),
        ("by: '01-10', minimum: true", "only what is counted"),
        ("ahead: true", "only what is counted"),
        ("calendar_days: 5, years_later: 1", "years later"),
    ],
)
def test_a_term_that_cannot_be_meant_is_refused_by_its_step(written, what):
    text = TEXT.replace("deadlines: []", f"deadlines: [{{step: posted, provenance: sourced, {written}}}]")

    with pytest.raises(RulebookInvalid, match=f"posted: .*{what}"):
        parse_rulebook(text.encode())
