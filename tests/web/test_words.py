"""Numbers, days and sentences as people here write them, and every refusal in words."""

import ast
import dataclasses
import importlib
import pkgutil
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import NamedTuple, get_args
from uuid import UUID

import pytest
from jinja2 import Environment, nodes
from markupsafe import Markup

import services
from domain.appraisal import Proposal
from domain.assessment import Stage as Dossier
from domain.catalogue import FACTS
from domain.council import Role
from domain.days import Order
from domain.errors import DayOutOfRange, NotANumber, NotPermitted, PeriodReversed, Refused, ScoreAboveMaximum
from domain.export import ExportState
from domain.fact import Unreadable
from domain.measure import Answer, Outcome
from domain.meeting import Choice, VoteOutcome
from domain.official import COMMUNE_OFFICERS, Mandate, Office
from domain.permissions import PARTS, Act, Actor, may, permit
from domain.rate import RateName
from domain.recognition import Result
from domain.review import Degree, Ground, Ruling
from domain.rulebook import (
    Condition,
    ConditionKind,
    CouncilRule,
    Criterion,
    Indicator,
    Majority,
    Model,
    Part,
    Provenance,
    RecognisingLevel,
    Rulebook,
)
from domain.rulebook_difference import WITHIN, Effect
from domain.season import State, Step
from domain.unit import Level
from projections.analysis.flags import Sign
from projections.tables.standings import CommuneStage
from services.assessment.measure_fields import problem_of
from services.case.verdicts import Status
from services.i18n import LOCALES, Words, load_words, sentences
from services.inspection.trail.search import ACTS, PARAMETERS
from services.privacy.accesses import DOINGS
from services.web import urls
from services.web.form_fields import NotADate, Typed, read_day, read_number
from services.web.refusals import explain
from services.web.render import TEMPLATES
from services.web.routes import all_routes
from services.web.urls import own_path
from services.web.viewing import read_moment

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
    assert VI.percent(Decimal("86.36"), 1) == "86,4%"
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
        ("1 234", "1234"),
        ("1\u00a0234\u202f567,5", "1234567.5"),
        ("0,125", "0.125"),
        ("1234,567", "1234.567"),
        ("−2", "-2"),
        ("1.234", None),
        ("1,234", None),
        ("41 45", None),
        ("41\t45", None),
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


@pytest.mark.parametrize("sign", ["", "+", "−"])
@pytest.mark.parametrize("typed", ["1" + ".234" * 4, "1" + ",234" * 4 + ".5", "1" + " 234" * 4, "9" * 15])
def test_numbers_have_fifteen_digits_at_most(sign: str, typed: str):
    assert read_number(sign + typed) is not None
    for longer in ("1" + ".234" * 5, "1" + ",234" * 2_000, "1" + " 234" * 2_000, "1" + ".234" * 2_000 + ",5", "9" * 16):
        assert read_number(sign + longer) is None
        with pytest.raises(NotANumber) as refused:
            Typed([("n", sign + longer)]).whole("n")
        assert refused.value.details["reason"] == "too-large"
        assert "15 chữ số" in explain(refused.value, VI).advice


def test_a_number_with_more_than_six_decimals_is_said_to_be_too_precise():
    with pytest.raises(NotANumber) as refused:
        Typed([("n", "87,1234567")]).decimal("n")

    assert refused.value.details["reason"] == "too-precise"
    assert "6 chữ số sau dấu phẩy" in explain(refused.value, VI).advice


@pytest.mark.parametrize("typed", ["1234", "1.234", "1 234", "1\u202f234", "1234,0", "1.234,0", " 1234 "])
def test_a_count_may_have_its_thousands_grouped(typed: str):
    assert Typed([("n", typed.strip())]).whole("n") == 1234


@pytest.mark.parametrize("typed", ["1.234.567", "1,234,567", "1 234 567"])
def test_a_count_with_two_separators_alike_has_no_decimals(typed: str):
    assert Typed([("n", typed)]).whole("n") == 1234567


@pytest.mark.parametrize("typed", ["1,234", "12,000", "-1,234"])
def test_a_count_with_the_decimal_mark_before_three_digits_is_refused_and_never_another_number(typed: str):
    with pytest.raises(NotANumber) as refused:
        Typed([("n", typed)]).whole("n")

    assert refused.value.details == {"field": "n", "typed": typed, "reason": "count-two-ways"}
    for words in (VI, EN):
        assert "1234" in explain(refused.value, words).sentence
        assert "87" not in explain(refused.value, words).advice


@pytest.mark.parametrize(
    ("typed", "reason"),
    [
        ("87,5", "not-a-count"),
        ("95%", "a-share"),
        ("95 %", "a-share"),
        ("41\t45", "several-cells"),
        ("41 45", "several-cells"),
        ("0,950", "not-a-count"),
        ("0.950", "not-a-count"),
        ("1,234.567", "not-a-count"),
        ("1,23", "not-a-count"),
        ("1.23", "not-a-count"),
        ("1.234,567", "not-a-count"),
        ("1.234 567", "several-cells"),
        ("0 500", "several-cells"),
        ("0.123.456", "not-a-count"),
        ("mười", "not-a-count"),
        ("19 vụ", "not-a-count"),
        ("10/12", "not-a-count"),
    ],
)
def test_what_is_no_count_is_refused_with_the_reason(typed: str, reason: str):
    with pytest.raises(NotANumber) as refused:
        Typed([("n", typed)]).whole("n")

    assert refused.value.details == {"field": "n", "typed": typed, "reason": reason}
    assert Typed([("n", "")]).whole("n") is None


@pytest.mark.parametrize(
    ("typed", "reason"), [("95%", "a-share"), ("1.234", "two-ways"), ("1,234", "two-ways"), ("9\t10", "several-cells")]
)
def test_a_score_is_never_silently_another_number(typed: str, reason: str):
    with pytest.raises(NotANumber) as refused:
        Typed([("n", typed)]).decimal("n")

    assert refused.value.details == {"field": "n", "typed": typed, "reason": reason}


@pytest.mark.parametrize("words", [VI, EN])
@pytest.mark.parametrize("reason", ["two-ways", "count-two-ways", "a-share", "several-cells", "not-a-count", ""])
def test_a_number_that_is_none_is_answered_with_what_to_type(words: Words, reason: str):
    refused = NotANumber(field="n", typed="95 %", reason=reason)

    assert "95 %" in explain(refused, words).sentence
    assert "95 %" in problem_of(refused, "n").said(words)


@pytest.mark.parametrize("words", [VI, EN])
@pytest.mark.parametrize("reason", get_args(Order))
def test_two_days_in_the_wrong_order_are_called_what_they_are_and_the_advice_fits_them(words: Words, reason: str):
    begins, ends = date(2024, 1, 15), date(2024, 1, 14)

    said = explain(PeriodReversed(reason=reason, field="on", begins=begins, ends=ends, unit="Xã Suối Gấm"), words)

    assert said.advice not in ("", words.say("refused.period-reversed.next"))
    assert said.sentence != words.say("refused.period-reversed")
    assert reason == "search" or (words.date(begins) in said.sentence and words.date(ends) in said.sentence)


def test_days_are_read_day_first():
    assert read_day("7/2/2024") == read_day("2024-02-07") == date(2024, 2, 7)
    for none in (
        "31/02/2024",
        "20261128",
        "2026-W48-6",
        "2026-332",
        "28/11/24",
        "2026-11-2",
        "٧/٢/٢٠٢٤",
        "+2026-11-28",
    ):
        assert read_day(none) is None
    with pytest.raises(NotADate) as refused:
        Typed([("on", "hôm qua")]).day("on")
    assert refused.value.details == {"field": "on", "typed": "hôm qua"}


@pytest.mark.parametrize("typed", ["28/11/0024", "0024-11-28", "1/1/1899", "31/12/1989", "28/11/9999", "28/11/2062"])
def test_a_day_of_a_year_that_cannot_be_meant_is_refused_as_it_was_typed(typed: str):
    with pytest.raises(DayOutOfRange) as refused:
        Typed([("on", typed)]).day("on")

    assert (refused.value.details["field"], refused.value.details["typed"]) == ("on", typed)
    assert "%(" not in explain(refused.value, VI).sentence


def test_the_year_of_an_old_log_has_four_digits():
    assert VI.date(date(24, 2, 7)) == "07/02/0024"


def test_a_moment_is_a_position_a_day_or_a_time():
    assert read_moment("#131") == read_moment("131") == 131
    assert read_moment("20/11/2023") == datetime.fromisoformat("2023-11-20T23:59:59.999999+07:00")
    assert read_moment("14:05 20/11/2023") == read_moment("2023-11-20T14:05") == read_moment("2023-11-20T07:05Z")
    assert read_moment("hôm qua") is None
    assert read_moment("0001-01-01T00:00") is read_moment("9999-12-31T23:59-05:00") is None


@pytest.mark.parametrize(
    "address",
    [
        "https://elsewhere.example/t/a/viec",
        "//x/t/a/viec",
        "/t/b/viec",
        "/t/a\\b",
        "/t/ab",
        "/t/a/dang-xuat",
        "//[/t/a/viec",
        "",
        "t/a",
        "//[",
        "//a\u2100b/",
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

    on_pages = {
        kind for kind in refusals() if kind is not Refused and kind.__module__ != "services.operations.judge_sheet"
    }
    for kind in on_pages:
        for words in WORDS.values():
            assert words.knows(f"refused.{kind.code}"), (kind, words.locale)


def test_every_position_has_its_name_in_both_languages():
    for position in Office:
        assert VI.knows(f"position.{position}")
        assert EN.knows(f"position.{position}")


def test_a_refusal_is_filled_with_its_details():
    refusal = explain(ScoreAboveMaximum(indicator="TC2.CT5", points=Decimal("5.5"), maximum=Decimal(5)), VI)
    assert refusal.sentence == "Điểm 5,5 cao hơn mức tối đa 5"
    assert refusal.status == 422

    forbidden = explain(NotPermitted(act="season:open", who=(Office.ADMINISTRATOR, Office.INSPECTOR)), VI)
    assert (
        forbidden.advice
        == "Chức năng này dành cho: Quản trị viên của tỉnh, Công chức Thanh tra tỉnh, trong phạm vi đơn vị của mình."
    )


def test_who_may_is_said_in_words_in_both_languages():
    passer_by = Actor("", (Mandate(UUID(int=0), Office.COMMUNE_CHAIRMAN, "", date(2020, 1, 1), None, ""),))
    for act in (act for act in Act if not may(passer_by, act)):
        with pytest.raises(NotPermitted) as refusal:
            permit(passer_by, act)
        for words in WORDS.values():
            who = refusal.value.details["who"]
            assert all(words.knows(f"position.{one}") or words.knows(f"who.{one}") for one in who)


@pytest.mark.parametrize("reason", ["another-unit", "another-lead", "own-work", "part", "mandate-ended"])
def test_what_is_missing_is_said_in_both_languages(reason: str):
    for words in WORDS.values():
        assert words.knows(f"refused.not-permitted.{reason}")
        assert words.knows(f"refused.not-permitted.{reason}.next")


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


# Completeness ------------------------------------------------------------------------------------------


class Said(NamedTuple):
    """What templates and code say: whole sentences and keys, and how composed keys begin."""

    whole: frozenset[str]
    beginnings: frozenset[str]


#: A name by which a sentence is looked up, such as `refused.stale`; everything else said is the sentence itself.
KEY = re.compile(r"[a-z_-]+(\.[a-zA-Z0-9_-]+)+")
SERVICES = Path(services.__path__[0])
SAYING = [path for path in SERVICES.rglob("*.py") if "demo" not in path.parts]


def templates() -> list[Path]:
    """Those of pages; documents speak Vietnamese only."""
    return [path for folder in TEMPLATES for path in folder.rglob("*.html") if path.parent.name != "documents"]


def said_in_templates() -> Iterator[tuple[Path, str, bool]]:
    jinja = Environment(extensions=["jinja2.ext.i18n"], autoescape=True)

    def literals(node: nodes.Node) -> Iterator[tuple[str, bool]]:
        match node:
            case nodes.Const(value=str(text)):
                yield text, True
            case nodes.Concat(nodes=[nodes.Const(value=str(text)), *_]):
                yield text, False
            case nodes.CondExpr(expr1=one, expr2=nodes.Node() as other):
                yield from literals(one)
                yield from literals(other)

    for path in templates():
        for call in jinja.parse(path.read_text()).find_all(nodes.Call):
            if isinstance(call.node, nodes.Name) and call.node.name == "_":
                yield from ((path, *one) for one in literals(call.args[0]))


def said_in_code() -> Iterator[tuple[Path, str, bool]]:
    for path in SAYING:
        for node in ast.walk(ast.parse(path.read_text())):
            match node:
                case ast.Call(
                    func=ast.Name(id="say") | ast.Attribute(attr="say"), args=[ast.Constant(value=str(text)), *_]
                ):
                    yield path, text, True
                case ast.Constant(value=str(text)) if KEY.fullmatch(text) and (VI.knows(text) or EN.knows(text)):
                    yield path, text, True
                case ast.JoinedStr(values=[ast.Constant(value=str(text)), *_]) if re.match(r"[a-z-]+\.", text):
                    yield path, text, False


def area_of(path: Path) -> str:
    """The area that a file of `services/` belongs to; "" for the modules that all areas use."""
    area, *inside = path.relative_to(SERVICES).parts
    if not inside:
        return ""
    return f"inspection/{inside[0]}" if area == "inspection" and len(inside) > 1 and inside[0] != "templates" else area


@pytest.fixture(scope="module")
def said() -> Said:
    found = [*said_in_templates(), *said_in_code()]
    return Said(
        frozenset(text for _, text, whole in found if whole), frozenset(text for _, text, whole in found if not whole)
    )


def sent_acts() -> Iterator[str]:
    """Every form that is kept while its sender signs in, by what its address says."""
    for handler in all_routes():
        posted = "POST" in handler.http_methods and not handler.opt.get("public")
        yield from (urls.read(path)[0] for path in handler.paths if posted and "/dang-nhap" not in path)


def rulebook_fields() -> set[str]:
    """Every field of a rulebook that two texts of it may differ in."""
    kinds = (Rulebook, Criterion, Indicator, Part, Condition, CouncilRule)
    return {field.name for kind in kinds for field in dataclasses.fields(kind)} - WITHIN


#: Keys composed of a beginning and a value, each value of which may come up.
FAMILIES: dict[str, Iterable[str]] = {
    "abbr.": COMMUNE_OFFICERS,
    "answer.": Answer,
    "board.condition.": ConditionKind,
    "choice.": Choice,
    "degree.": Degree,
    "computed.": Result,
    "counted.": Choice,
    "act.": [*(act.value.replace(":", ".") for act in Act), "evidence.opened", "evidence.taken"],
    "doing.": [*ACTS, *DOINGS],
    "due.": [*Step, "supplement", "scored.levels"],
    "filter.": PARAMETERS,
    "ground.": Ground,
    "flag.": [*Sign, *(f"{sign}.rule" for sign in Sign)],
    "majority.": Majority,
    "office.": COMMUNE_OFFICERS,
    "outcome.": VoteOutcome,
    "penalty.": Answer,
    "position.": Office,
    "proposal.": Proposal,
    "provenance.": Provenance,
    "rate.": RateName,
    "result.": Result,
    "role.": Role,
    "ruling.": Ruling,
    "rulebook-effect.": Effect,
    "rulebook-field.": [*rulebook_fields()],
    "rulebook-value.": [*RecognisingLevel, *Model],
    "season.state.": State,
    "sent.": [*sent_acts()],
    "stage.": CommuneStage,
    "state.": [*State, *Dossier, *ExportState],
    "status.": [*Status, *(f"{status}.levels" for status in Status)],
    "step-name.": Step,
    "step.": Step,
    "trail.": [*FACTS, Unreadable.TOPIC],
    "whatif.condition.": ConditionKind,
    "whatif.parameter.": [one for one in ConditionKind if one.value.startswith("min_")],
    "who.": PARTS.values(),
    "word.": [*Answer, *Outcome, *Level],
}


def states_refused() -> Iterator[str]:
    """The states that refusals name in so many words: `OutOfOrder(step="sign", state="signed")`."""
    for path in [*SERVICES.glob("*.py"), *(SERVICES.parent / "domain").glob("*.py")]:
        for node in ast.walk(ast.parse(path.read_text())):
            match node:
                case ast.Call(func=ast.Name(id="OutOfOrder"), keywords=named):
                    yield from (
                        str(one.value.value)
                        for one in named
                        if one.arg == "state" and isinstance(one.value, ast.Constant)
                    )


def test_every_sentence_said_is_there_in_both_languages(said: Said):
    keys = {text for text in said.whole if KEY.fullmatch(text)} | {f"state.{state}" for state in states_refused()}
    keys |= {f"{beginning}{value}" for beginning, values in FAMILIES.items() for value in values}

    assert len(said.whole) > 900
    assert sorted(key for key in keys if not VI.knows(key)) == []
    assert sorted(text for text in said.whole | keys if not EN.knows(text)) == []


def test_no_sentence_is_translated_that_nobody_says(said: Said):
    values = {
        str(node.value)
        for package in ("domain", "infra", "projections", "services")
        for path in (SERVICES.parent / package).glob("**/*.py")
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Constant)
    }
    # A detail of a fact or a refusal is said by its name and value: `step.posted`, `state.open`.
    details = {f"{field.name}." for fact in FACTS.values() for field in dataclasses.fields(fact)}
    beginnings = {*said.beginnings, *details, *FAMILIES}
    whole = {*said.whole, *(f"{beginning}{value}" for beginning, every in FAMILIES.items() for value in every)}

    def comes_up(key: str) -> bool:
        for beginning in (one for one in beginnings if key.startswith(one)):
            rest = key.removeprefix(beginning).removesuffix(".next")
            value, _, variant = rest.rpartition(".")
            if rest in values or (value in values and variant in values | {"levels"}):
                return True
        return False

    for words in WORDS.values():
        assert sorted(key for key in words.sentences if key not in whole and not comes_up(key)) == []


@pytest.mark.parametrize("locale", LOCALES)
def test_an_area_has_the_words_that_it_says(locale: str):
    """What several areas say stands in `locale/`; what the frame says of an area's values may stand with the area."""
    saying: dict[str, set[str]] = defaultdict(set)
    beginning: dict[str, set[str]] = defaultdict(set)
    for path, text, whole in [*said_in_templates(), *said_in_code()]:
        (saying if whole else beginning)[text].add(area_of(path))

    def strange(file: str, key: str) -> bool:
        areas = saying[key].union(*(areas for start, areas in beginning.items() if key.startswith(start)))
        framed = "web" in areas and KEY.fullmatch(key) is not None
        return bool(areas) and not framed and area_of(SERVICES / file) not in {"locale", *areas}

    assert [(file, key) for file, key, _ in sentences(locale) if strange(file, key)] == []


def test_a_translation_has_the_slots_of_its_sentence():
    slot = re.compile(r"%\((\w+)\)s")
    for key, english in EN.sentences.items():
        vietnamese = VI.sentences.get(key, key)
        assert set(slot.findall(english)) == set(slot.findall(vietnamese)), key


def test_nobody_is_addressed_and_nothing_is_shouted(said: Said):
    sentences_here = {*VI.sentences.values(), *(text for text in said.whole if not KEY.fullmatch(text))}

    assert [text for text in sentences_here if re.search(r"\bbạn\b|!", text.casefold())] == []


def test_a_file_is_chosen_only_with_the_button_that_speaks_the_page_s_language():
    own = [path.name for path in templates() if 'type="file"' in path.read_text()]

    assert own == ["_parts.html"]


def test_a_document_without_a_number_is_called_by_its_name():
    words = load_words()["vi"]

    assert words.document("12/KH-UBND") == "văn bản số 12/KH-UBND"
    assert words.document("Kế hoạch năm 2026 của tỉnh") == "Kế hoạch năm 2026 của tỉnh"
