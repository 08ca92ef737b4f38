"""Names are found as people type them and ordered as a Vietnamese dictionary orders them."""

import unicodedata

import pytest

from domain.vietnamese import person_key, search_key, sort_key


@pytest.mark.parametrize("typed", ["Đồng Nai", "dong nai", "ĐỒNG  NAI", unicodedata.normalize("NFD", "Đồng Nai")])
def test_a_name_is_found_without_marks_in_any_case_and_form(typed: str) -> None:
    assert search_key(typed) == "dong nai"


def test_names_stand_in_the_order_of_the_alphabet_not_of_code_points() -> None:
    names = ["Đỗ", "Ân", "Dũng", "Bình", "Ăn", "An"]

    assert sorted(names, key=sort_key) == ["An", "Ăn", "Ân", "Bình", "Dũng", "Đỗ"]


def test_tones_decide_after_letters() -> None:
    names = ["mạ", "má", "mã", "mả", "mà", "ma", "man"]

    assert sorted(names, key=sort_key) == ["ma", "mà", "mả", "mã", "má", "mạ", "man"]


def test_the_old_and_the_new_place_of_a_tone_mark_are_one() -> None:
    assert sort_key("Hòa Bình") == sort_key("Hoà Bình")


def test_wards_with_numbers_follow_each_other() -> None:
    assert sort_key("Mỹ Đình 1") < sort_key("Mỹ Đình 2")


def test_people_are_ordered_by_their_given_names() -> None:
    people = ["Trần Văn Bình", "Lê Thị An", "Nguyễn Thị Bình"]

    assert sorted(people, key=person_key) == ["Lê Thị An", "Nguyễn Thị Bình", "Trần Văn Bình"]
