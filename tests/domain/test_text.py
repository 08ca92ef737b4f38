import dataclasses
import re
import sys
import types
import typing
import unicodedata
from collections.abc import Iterator
from datetime import date
from typing import Any
from uuid import uuid4

import pytest
from eventsourcing.domain import BaseAggregate

from domain.catalogue import FACTS
from domain.errors import CodeInvalid, MarksPiledUp, NumberTooLarge, Refused, SignNotAllowed, TextTooLong, TooMany
from domain.fact import Fact, replay
from domain.meeting import Meeting
from domain.text import (
    CODE,
    LARGEST,
    LINE,
    MANY,
    MARK,
    MARKS,
    NAME,
    NUMBER,
    PROSE,
    clean,
    cleaned,
    composed,
    is_blank,
    rule_of,
)
from domain.unit import Level, Unit
from tests.domain.aggregates import CODES, DAY, MEMBERS, a_dossier, a_season, facts_of

#: Fields that every fact has, made by the program.
COLUMNS = {"originator_id", "originator_version", "timestamp", "originator_topic"}


def texts_of(hint: Any, field: str) -> Iterator[str]:
    """The names under which a value of this type holds texts."""
    if hint is str:
        yield field
    elif typing.get_origin(hint) in (typing.Union, types.UnionType, tuple):
        for part in typing.get_args(hint):
            yield from texts_of(part, field)
    elif isinstance(hint, type) and dataclasses.is_dataclass(hint):
        inner = typing.get_type_hints(hint)
        for one in dataclasses.fields(hint):
            yield from texts_of(inner[one.name], one.name)


def text_fields() -> list[tuple[str, str]]:
    """Every text of every fact: its topic and the name of the field."""
    return sorted(
        {
            (topic, name)
            for topic, fact in FACTS.items()
            for field, hint in typing.get_type_hints(fact).items()
            if field not in COLUMNS and typing.get_origin(hint) is not typing.ClassVar
            for name in texts_of(hint, field)
            if field != "TOPIC"
        }
    )


def a_unit(code: str = "99001", name: str = "Xã Suối Gấm") -> Unit:
    return Unit(id=uuid4(), code=code, name=name, unit_type="Xã", level=Level.COMMUNE)


@pytest.mark.parametrize(("topic", "field"), text_fields())
def test_every_text_of_every_fact_has_a_rule_and_nothing_beyond_its_limit_is_taken(topic: str, field: str):
    kind, called = rule_of(topic, field)

    longest = cleaned(topic, {field: "9" * kind.limit})
    with pytest.raises(TextTooLong) as refusal:
        cleaned(topic, {field: "9" * (kind.limit + 1)})

    assert longest == {field: "9" * kind.limit}
    assert refusal.value.details == {"field": called, "limit": kind.limit, "length": kind.limit + 1}


def test_the_walk_finds_texts_in_lists_and_within_values():
    found = text_fields()

    assert {("council.constituted", "agency"), ("season.planned", "decided_by"), ("meeting.convened", "items")} < {
        *found
    }
    assert len(found) > 130


def test_a_text_that_is_too_long_makes_no_fact_be_it_the_first_or_a_later_one():
    unit, dossier = a_unit(), a_dossier()

    with pytest.raises(TextTooLong):
        a_unit(name="x" * 201)
    with pytest.raises(TextTooLong):
        unit.rename("x" * 201, DAY, "1/NQ", today=DAY)
    with pytest.raises(TextTooLong) as refusal:
        dossier.explain(CODES[0], "x" * 20_001)

    assert refusal.value.details == {"field": "explanation", "limit": 20_000, "length": 20_001}
    assert facts_of(unit) == ["Registered"]
    assert dossier.entry(CODES[0]).explanation is None


@pytest.mark.parametrize("code", ["a/b", "<xss", "99 001", "99001\u200b", "Đ1", "99001\n", "..\\1"])
def test_a_code_is_made_of_plain_letters_digits_points_and_hyphens(code: str):
    with pytest.raises(Refused) as refusal:
        a_unit(code=code)

    assert type(refusal.value) in (CodeInvalid, SignNotAllowed)
    assert refusal.value.details["field"] == "code"


def test_texts_in_lists_and_values_are_held_to_the_rule_of_their_own_field():
    with pytest.raises(CodeInvalid) as refusal:
        Meeting(id=uuid4(), unit="990", on=DAY, place="Phòng họp", members=MEMBERS, items=("99001", "xã A"))

    assert refusal.value.details["field"] == "items"


@pytest.mark.parametrize("sign", ["\0", "\x1b", "\x7f", "\x85", "\u202e", "\u2066", "\ud800", "\ufffe", "\U0001ffff"])
@pytest.mark.parametrize("kind", [NAME, PROSE], ids=["name", "prose"])
def test_a_sign_that_misleads_readers_is_refused_and_named(sign: str, kind: Any):
    with pytest.raises(SignNotAllowed) as refusal:
        clean(f"Xã {sign}Đảo", "name", kind)

    assert refusal.value.details == {"field": "name", "sign": f"U+{ord(sign):04X}"}


def test_lines_and_tabs_stand_in_long_texts_only_and_every_line_ends_alike():
    assert clean("một\r\nhai\rba\u2028bốn\n\tnăm", "reason", PROSE) == "một\nhai\nba\nbốn\n\tnăm"
    for sign in "\n\t\r\u2028":
        with pytest.raises(SignNotAllowed):
            clean(f"một{sign}hai", "basis", LINE)


def test_line_ends_of_a_form_do_not_count_twice():
    assert len(clean("a\r\n" * 10_000, "reason", PROSE)) == 20_000


@pytest.mark.parametrize(
    "mark", ["\u00ad", "\u200b", "\u200c", "\u200d", "\u200e", "\u200f", "\u2060", "\ufeff", "\U000e0041"]
)
def test_marks_that_nobody_sees_are_dropped_from_what_stands_on_one_line(mark: str):
    unit = a_unit(name=f"Xã{mark} Suối Gấm")

    assert unit.name == "Xã Suối Gấm"
    assert clean(f"1{mark}/QĐ", "decision_no", NUMBER) == "1/QĐ"
    assert clean(f"a{mark}", "reason", PROSE) == f"a{mark}"


def test_a_name_without_its_marks_is_in_one_unicode_form():
    assert clean("Ba\u200b\u0301o", "name", NAME) == "Báo"


@pytest.mark.parametrize(
    "text", ["👨\u200d👩\u200d👧", "❤\ufe0f\u200d🔥", "☑ ☐ ✓", "\U0001fae9", "H’Leo", "Ê-đê Y Ƀih", "阮", "\ue000"]
)
def test_signs_that_are_one_stay_whole(text: str):
    assert clean(text, "name", NAME) == text
    assert clean(text, "reason", PROSE) == text


def test_a_number_that_readers_of_json_would_round_is_refused():
    dossier = a_dossier()

    with pytest.raises(NumberTooLarge) as refusal:
        dossier.measure_satisfaction(1, LARGEST + 1)

    assert refusal.value.details == {"field": "asked", "limit": LARGEST}


def test_a_list_without_end_is_refused():
    with pytest.raises(TooMany):
        a_season().convert("qd-25-2021", "ab" * 32, ["TC1"] * (MANY + 1), "Vì", "1/QĐ")


def test_what_was_recorded_before_there_were_limits_is_read_as_it_stands():
    code = "9" * 6_000
    unit = a_unit()
    BaseAggregate.trigger_event(unit, Unit.Renamed, name=f"{code}\u202e", on=date(2024, 1, 1), decision_no=code)

    again = replay(fact for fact in unit.pending_events if isinstance(fact, Fact))

    assert again.name == f"{code}\u202e"


@pytest.mark.parametrize("text", ["", " \t\n", "\u200b", "\u3164", "\u2800\u2800", "\u00a0\ufeff", "\U000e0041"])
def test_a_text_of_which_nothing_is_seen_is_blank(text: str):
    assert is_blank(text)
    assert not is_blank(f"{text}ế")
    assert not is_blank("\u202e")  # refused by its name, not passed over


@pytest.mark.parametrize("code", [".", "..", "-", "-1", ".1"])
def test_a_code_that_no_address_can_hold_is_refused(code: str):
    with pytest.raises(CodeInvalid):
        clean(code, "code", CODE)


# Marks ------------------------------------------------------------------------------------------------


def test_a_mark_is_whatever_normalising_moves():
    signs = map(chr, range(sys.maxunicode + 1))
    moved = {sign for sign in signs if unicodedata.combining(unicodedata.normalize("NFD", sign)[0])}

    assert set(re.findall(MARK, "".join(map(chr, range(sys.maxunicode + 1))))) == moved


@pytest.mark.parametrize("pile", ["\u0301", "\u0301\u0323", "\u0f73", "\u0323\u1dc0\u20d0"])
def test_marks_piled_up_on_one_letter_are_refused_and_not_sorted(pile: str):
    some, too_many = (pile * 75_000)[:MARKS], (pile * 75_000)[: MARKS + 1]

    assert composed(f"a{some}b{some}", "note") == unicodedata.normalize("NFC", f"a{some}b{some}")
    for text in (f"a{too_many}", f"a{some}b{too_many}", too_many, "a" + pile * 75_000):
        with pytest.raises(MarksPiledUp) as refused:
            composed(text, "note")
        assert refused.value.details == {"field": "note", "limit": MARKS}


def test_marks_that_are_piled_up_once_what_nobody_sees_is_dropped_are_refused():
    with pytest.raises(MarksPiledUp):
        clean("a" + ("\u0301" * MARKS + "\u200b") * 2, "name", NAME)


def test_letters_with_marks_are_composed_as_people_write_them():
    assert composed("Đ\u0103\u0301k L\u0103\u0301k", "name") == "Đắk Lắk"
    assert composed("ấ" * 50_000, "name") == "ấ" * 50_000
