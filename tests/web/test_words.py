"""Numbers, days and sentences as people here write them, and every refusal in words."""

import importlib
import pkgutil
import re
from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
from markupsafe import Markup

import services
from domain.errors import NotPermitted, Refused, ScoreAboveMaximum
from domain.official import Position
from services.web.forms import NotADate, Typed, read_day, read_number
from services.web.i18n import LOCALES, load_words, sentences
from services.web.refusals import explain
from services.web.request import own_path, read_moment

WORDS = load_words()
VI, EN = WORDS["vi"], WORDS["en"]


@pytest.mark.parametrize(
    ("value", "points"),
    [("9", "9,0"), ("80.5", "80,5"), ("8.25", "8,25"), ("100", "100,0"), ("-6", "−6,0"), ("0", "0,0")],
)
def test_a_score_has_one_place_at_least(value: str, points: str):
    assert VI.points(Decimal(value)) == points


def test_numbers_are_written_as_in_the_language():
    assert VI.number(Decimal("1234.5")) == "1.234,5"
    assert EN.number(Decimal("1234.5")) == "1,234.5"
    assert VI.signed(Decimal("0.5")) == "+0,5"
    assert VI.signed(Decimal(-6)) == "−6,0"
    assert VI.percent(Decimal("86.36"), 1) == "86,4\u00a0%"
    assert VI.size(1_234_567) == "1,2\u00a0MB"


def test_days_and_moments_are_those_of_viet_nam():
    assert VI.date(date(2024, 2, 7)) == "07/02/2024"
    assert VI.date(datetime(2024, 2, 6, 18, 0, tzinfo=UTC)) == "07/02/2024"
    assert VI.instant(datetime(2024, 1, 5, 9, 42, 10, tzinfo=UTC)) == "16:42:10 05/01/2024"


def test_what_fills_a_slot_is_escaped_once():
    link = Markup("<a href='x'>%s</a>") % "<b>"

    assert VI.say("Xem %(link)s & hết", link=link) == "Xem <a href='x'>&lt;b&gt;</a> &amp; hết"
    assert VI.say("đạt từ 50 % trở lên") == "đạt từ 50 % trở lên"


@pytest.mark.parametrize(
    ("typed", "number"),
    [
        ("87,5", "87.5"),
        ("87.5", "87.5"),
        ("87,5 %", "87.5"),
        ("1.234,5", "1234.5"),
        ("1,234.5", "1234.5"),
        ("1.234.567", "1234567"),
        ("−2", "-2"),
        ("mười", None),
        ("1,2,3", None),
        ("", None),
        ("NaN", None),
        ("1e9", None),
        ("٣", None),
    ],
)
def test_numbers_are_read_as_people_type_them(typed: str, number: str | None):
    assert read_number(typed) == (None if number is None else Decimal(number))


def test_a_count_may_have_its_thousands_grouped():
    assert Typed([("n", "1.234")]).whole("n") == 1234
    assert Typed([("n", "")]).whole("n") is None


def test_days_are_read_day_first():
    assert read_day("7/2/2024") == read_day("2024-02-07") == date(2024, 2, 7)
    assert read_day("31/02/2024") is None
    with pytest.raises(NotADate) as refused:
        Typed([("on", "hôm qua")]).day("on")
    assert refused.value.details == {"field": "on", "typed": "hôm qua"}


def test_a_moment_is_a_position_a_day_or_a_time():
    assert read_moment("#131") == read_moment("131") == 131
    assert read_moment("20/11/2023") == datetime.fromisoformat("2023-11-20T23:59:59.999999+07:00")
    assert read_moment("14:05 20/11/2023") == read_moment("2023-11-20T14:05") == read_moment("2023-11-20T07:05Z")
    assert read_moment("hôm qua") is None


@pytest.mark.parametrize(
    "address",
    [
        "https://elsewhere.example/t/a/viec",
        "//x/t/a/viec",
        "/t/b/viec",
        "/t/a\\b",
        "/t/ab",
        "/t/a/dang-xuat",
        "",
        "t/a",
    ],
)
def test_only_pages_of_the_province_are_gone_on_to(address: str):
    assert own_path(address, "a") == ""
    assert own_path("/t/a/viec?x=1", "a") == "/t/a/viec?x=1"


def refusals(kind: type[Refused] = Refused) -> set[type[Refused]]:
    return {kind}.union(*(refusals(one) for one in kind.__subclasses__()))


def test_every_refusal_has_its_sentence_in_both_languages():
    for module in pkgutil.walk_packages(services.__path__, "services."):
        if module.name != "services.locale":
            importlib.import_module(module.name)

    on_pages = {kind for kind in refusals() if kind is not Refused and kind.__module__ != "services.judge"}
    for kind in on_pages:
        for words in WORDS.values():
            assert words.knows(f"refused.{kind.code}"), (kind, words.locale)


def test_every_position_has_its_name_in_both_languages():
    for position in Position:
        assert VI.knows(f"position.{position}")
        assert EN.knows(f"position.{position}")


def test_a_refusal_is_filled_with_its_details():
    refusal = explain(ScoreAboveMaximum(indicator="TC2.CT5", points=Decimal("5.5"), maximum=Decimal(5)), VI)
    assert refusal.sentence == "Điểm 5,5 cao hơn mức tối đa 5"
    assert refusal.status == 422

    forbidden = explain(NotPermitted(act="season:open", who=(Position.ADMINISTRATOR, Position.INSPECTOR)), VI)
    assert forbidden.advice == "Người làm được: Quản trị viên của tỉnh, Thanh tra."


def test_a_sentence_whose_detail_is_missing_is_still_said():
    assert explain(ScoreAboveMaximum(), VI).sentence == "Điểm – cao hơn mức tối đa –"


def test_both_languages_know_the_same_refusals_and_terms():
    terms = re.compile(r"(position|state|refused)\.[a-z.-]+")
    keys = [{key for key in words.sentences if terms.fullmatch(key)} for words in WORDS.values()]

    assert keys[0] == keys[1]


@pytest.mark.parametrize("locale", LOCALES)
def test_no_two_files_say_the_same_differently(locale: str):
    said: dict[str, set[str]] = {}
    for _, key, text in sentences(locale):
        said.setdefault(key, set()).add(text)

    assert {key: texts for key, texts in said.items() if len(texts) > 1} == {}
