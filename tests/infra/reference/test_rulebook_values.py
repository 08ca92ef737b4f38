"""The values of a text by path, what differs between two texts, and a text with changes made to it."""

from itertools import permutations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from infra.reference.rulebook_file import RulebookInvalid
from infra.reference.rulebook_values import (
    RulebookChange,
    RulebookValue,
    changes_between,
    text_of,
    tree_of,
    value_at,
    value_of,
    values_of,
    with_changes,
    yaml_of,
)
from infra.reference.rulebooks import parse_rulebook, shipped_texts

TREES = [tree_of(text) for text in shipped_texts()]
PAIRS = list(permutations(range(len(TREES)), 2))
EVERY = [(number, path) for number, tree in enumerate(TREES) for path in values_of(tree) if path != "id"]


@pytest.mark.parametrize("number", range(len(TREES)))
def test_a_text_written_again_is_the_same_rulebook(number: int):
    again = text_of(TREES[number])

    assert tree_of(again.encode()) == TREES[number]
    assert text_of(tree_of(again.encode())) == again
    parse_rulebook(again.encode())


@pytest.mark.parametrize(("one", "other"), [pair for pair in PAIRS if TREES[pair[0]]["id"] == TREES[pair[1]]["id"]])
def test_a_text_with_what_differs_is_the_other_text(one: int, other: int):
    changes = changes_between(TREES[one], TREES[other])
    changed = with_changes(TREES[one], changes)

    assert changes
    assert changes_between(changed, TREES[other]) == ()
    assert changes_between(TREES[one], TREES[one]) == ()


@given(st.sampled_from(EVERY))
def test_every_value_can_be_put_where_it_stands(at: tuple[int, str]):
    number, path = at
    tree = TREES[number]
    value = value_at(tree, path)

    assert value is not None
    assert values_of(with_changes(tree, [RulebookChange(path, value, value)])) == values_of(tree)


@given(st.sampled_from(EVERY))
def test_a_value_is_the_same_after_it_was_written_in_yaml(at: tuple[int, str]):
    value = values_of(TREES[at[0]])[at[1]].value

    assert value_of(yaml_of(value)) == value
    assert "\n" not in yaml_of(value)


def test_a_part_is_added_and_taken_out_with_all_that_it_holds():
    tree = next(tree for tree in TREES if tree["id"] == "qd-27-2025")
    part = {"code": "TC1.CT1.9", "name": "Nội dung", "measure": {"kind": "boolean"}, "provenance": "sourced"}
    source = {"TC1.CT1.9.measure": {"document": "Quyết định", "number": "27/2025/QĐ-TTg"}}
    with_part = with_changes(tree, [RulebookChange("TC1.CT1.9", None, RulebookValue(part, None, source))])

    assert value_at(with_part, "TC1.CT1.9.measure") == RulebookValue(
        {"kind": "boolean"}, "sourced", source["TC1.CT1.9.measure"]
    )
    assert changes_between(with_part, with_changes(with_part, [RulebookChange("TC1.CT1.9", None, None)])) == (
        RulebookChange("TC1.CT1.9", RulebookValue(part, None, source), None),
    )


@pytest.mark.parametrize(
    "path",
    ["unit_types.1.x", "TC99.CT1.name", "TC1.CT1.nothing", "legal_bases.99", "legal_bases.x", "council.x.y", "id", "C"],
)
def test_a_path_that_names_nothing_is_refused(path: str):
    with pytest.raises(RulebookInvalid):
        parse_rulebook(text_of(with_changes(TREES[0], [RulebookChange(path, None, RulebookValue("x"))])).encode())


@pytest.mark.parametrize("text", ["[", "a: b: c", "1, 2", "&a [*a]", "{a: 1, a: 2}", "]", "'" + "[" * 5_000])
def test_what_is_not_one_value_in_yaml_is_refused(text: str):
    with pytest.raises(RulebookInvalid):
        value_of(text)
