"""What a page holds of the form that was refused, and what has to be listed beside the refusal."""

import ast
import importlib
import inspect
import re
from collections.abc import Iterator

import pytest

from services.exports.registry import module_names
from services.web import typed_text
from services.web.render import TEMPLATES
from services.web.typed_text import ECHOED, UNSEEN, echo_of, shortened, typed_by_hand

PAGE = """<form id="f"><input type="hidden" name="csrf" value="t"><input id="number" name="number" value="12/TB">
<textarea name="reason">&lt;b&gt; hai
dòng</textarea><input type="radio" name="choice" value="yes"><input type="radio" name="choice" value="no" checked>
<select name="unit"><option value="1">Một</option><option value="2" selected>Hai</option></select></form>"""


async def test_what_stands_in_the_fields_of_the_page_is_not_listed():
    held = await echo_of(PAGE, [("number", "12/TB"), ("reason", "<b> hai\r\ndòng"), ("choice", "no"), ("unit", "2")])

    assert (held.left_out, held.cut, held.holds_some) == ([], False, True)
    assert held.places == {"f", "number"}


async def test_what_the_page_lacks_or_holds_otherwise_is_listed_in_order():
    typed = [("number", "13/TB"), ("reason", "khác"), ("choice", "yes"), ("explanation", "mất"), ("unit", "2")]

    held = await echo_of(PAGE, typed)

    assert held.left_out == typed[:-1]
    assert held.holds_some


CHOICES = """<label><input type="radio" name="purpose" value="thu"><span>Đợt đánh giá
thử</span></label><select name="role"><option value="">Không</option><option value="chair">Chủ tịch</option></select>
<label>Số <input name="reason"></label><select name="reason"><option value="x">X</option></select>"""


async def test_a_choice_is_listed_by_its_label_and_what_is_no_choice_is_not_listed():
    typed = [("purpose", "thu"), ("role", "chair"), ("role", "king"), ("purpose", "<script>"), ("reason", "y")]

    held = await echo_of(CHOICES, typed)

    assert held.left_out == [("purpose", "Đợt đánh giá thử"), ("role", "Chủ tịch"), ("reason", "y")]


FORMS = """<form action="/a"><label for="o-no">Số khác</label><input id="o-no" name="number"></form>
<form action="/b#x"><label for="no">Số quyết định <span class="hint">ví dụ</span></label><input id="no" name="number">
<fieldset><legend>Kết quả</legend><input type="radio" name="result" value="1" id="r1"></fieldset></form>"""


async def test_a_field_is_called_as_the_form_that_was_refused_calls_it():
    held = await echo_of(FORMS, [], "/b")

    assert held.offered
    assert (held.label_of("number"), held.place_of("number")) == ("Số quyết định", "no")
    assert (held.label_of("result"), held.place_of("result")) == ("Kết quả", "r1")
    assert (held.label_of("on"), held.place_of("on")) == ("", "")


async def test_a_page_without_the_form_that_was_refused_does_not_offer_it():
    assert not (await echo_of(FORMS, [], "/c")).offered


async def test_a_page_is_read_in_slices_wherever_they_cut_it(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(typed_text, "BLOCK", 3)

    assert (await echo_of(PAGE, [("reason", "<b> hai dòng"), ("number", "12/TB")])).left_out == []


def test_nobody_typed_what_forms_hold_unseen_nor_the_ids_of_what_was_chosen():
    chosen = "0190c5f2-7e0b-7d3a-8f00-5d8f2a4c1b6e"
    sent = [("csrf", "t"), ("step", "gui"), ("comment", chosen), ("evidence", f"TC1.CT1 {chosen}"), ("reason", "")]

    assert typed_by_hand([*sent, ("document_no", "12/TB")]) == [("document_no", "12/TB")]


def test_of_an_endless_text_the_rest_is_said_to_be_left_out():
    kept, cut = shortened([("a", "x"), ("b", "y" * ECHOED)])

    assert (kept, cut) == ([("a", "x")], True)


def test_every_field_that_no_form_shows_is_known_as_unseen():
    """A name that is only ever hidden is one of the machine's, not something to be copied from a page."""
    text = "".join(path.read_text() for folder in TEMPLATES for path in folder.rglob("*.html"))
    fields = re.findall(r"<(?:input|textarea|select)\b[^>]*>", text)
    hidden = {name for one in fields if 'type="hidden"' in one for name in re.findall(r' name="([\w-]+)"', one)}
    seen = {name for one in fields if 'type="hidden"' not in one for name in re.findall(r' name="([\w-]+)"', one)}

    seen |= set(offered_fields())

    assert hidden - seen - {"clock", "nguong-cua"} <= UNSEEN  # which stand in forms that only look
    assert UNSEEN & seen <= {"chi-tieu"}


def offered_fields() -> Iterator[str]:
    """The fields in which the page of exports shows choices: each kind of export names its own."""
    for name in module_names():
        for node in ast.walk(ast.parse(inspect.getsource(importlib.import_module(name)))):
            if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "Offer":
                yield from (ast.literal_eval(one.value) for one in node.keywords if one.arg == "field")
