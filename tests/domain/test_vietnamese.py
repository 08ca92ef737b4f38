"""Names are found as people type them and ordered as a Vietnamese dictionary orders them."""

import unicodedata
from typing import Literal

import pytest

from domain import vietnamese
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


@pytest.mark.parametrize(
    ("typed", "name"),
    [
        ("Ðắk Lắk", "Tỉnh Đắk Lắk"),  # U+00D0, as old keyboards type it
        ("Ɖắk Lắk", "Tỉnh Đắk Lắk"),
        ("ɖắk lắk", "Tỉnh Đắk Lắk"),
        ("dak lak", "Tỉnh Ðắk Lắk"),
        ("Ea H’Leo", "Xã Ea H'Leo"),
        ("ea h‘leo", "Xã Ea H'Leo"),
        ("ea hʼleo", "Xã Ea H'Leo"),
        ("Ea H`Leo", "Xã Ea H’Leo"),
        ("ea hleo", "Xã Ea H'Leo"),
        ("buon ho", "Ƀuôn Hồ"),
        ("čư", "Xã Cư M'gar"),
        ("Bà Rịa – Vũng Tàu", "Tỉnh Bà Rịa - Vũng Tàu"),
        ("ha\u200b noi", "Hà Nội"),
        (unicodedata.normalize("NFD", "Ðắk Lắk"), unicodedata.normalize("NFC", "Đắk Lắk")),
    ],
)
def test_letters_and_apostrophes_that_look_alike_find_each_other(typed: str, name: str) -> None:
    assert search_key(typed) in search_key(name)


@pytest.mark.parametrize("kind", ["Phường", "Quận"])
def test_numbers_in_names_count_by_their_value(kind: str) -> None:
    names = [f"{kind} {number}" for number in ("10", "2", "1", "12", "03", "3", "02", "100", "Tân Định")]

    assert sorted(names, key=sort_key) == [
        f"{kind} {number}" for number in ("1", "2", "02", "03", "3", "10", "12", "100", "Tân Định")
    ]
    assert sort_key(f"{kind} 02") == sort_key(f"{kind} 2")


def test_a_number_of_any_length_has_a_place() -> None:
    assert sort_key("Khóm 1" + "0" * 5000) > sort_key("Khóm 9" + "0" * 4999)
    assert sort_key("Khóm 0" * 3) < sort_key("Khóm 1")


def test_a_letter_of_another_alphabet_stands_with_its_base_letter() -> None:
    names = ["Xã Cư Né", "Xã Čư Pơng", "Xã Cư Klông", "Xã Ƀuôn", "Xã Buk", "Xã Đăk", "Xã Ðăl", "Xã Dak"]

    assert sorted(names, key=sort_key) == [
        "Xã Buk",
        "Xã Ƀuôn",
        "Xã Cư Klông",
        "Xã Cư Né",
        "Xã Čư Pơng",
        "Xã Dak",
        "Xã Đăk",
        "Xã Ðăl",
    ]


@pytest.mark.parametrize("name", ["Phường Bến Nghé", "Ea H'Leo", "Cư Êbur", "Quận 12", "Xã Ia Rvê", "Đ ê\u0306"])
def test_composed_and_decomposed_spellings_have_one_place(name: str) -> None:
    composed, decomposed = (unicodedata.normalize(form, name) for form in ("NFC", "NFD"))

    assert sort_key(composed) == sort_key(decomposed)
    assert search_key(composed) == search_key(decomposed)


@pytest.mark.parametrize(
    "text",
    [
        "ấ\u0323\u0301b",
        "\u0f73\u0f71a",
        "が \u3099",
        "a\u200b\u0301\u200b\u0323",
        "한글",
        "ệ" * 40,
        "Ǻ\u0344",
        "a\u20dd\ufe0f",
    ],
)
def test_a_search_key_is_the_decomposed_text_without_its_marks(text: str) -> None:
    unseen = text.replace("\u200b", "")
    decomposed = "".join(sign for sign in unicodedata.normalize("NFD", unseen) if not unicodedata.combining(sign))

    assert search_key(text) == " ".join(decomposed.casefold().split())


def test_no_more_marks_are_sorted_than_one_letter_has(monkeypatch: pytest.MonkeyPatch) -> None:
    sorted_texts: list[str] = []

    class Counting:
        """`unicodedata`, telling what it normalised."""

        @staticmethod
        def normalize(form: Literal["NFC", "NFD"], text: str) -> str:
            sorted_texts.append(text)
            return unicodedata.normalize(form, text)

    monkeypatch.setattr(vietnamese, "unicodedata", Counting)

    assert search_key("a" + "\u0301\u0323" * 500 + "\u200b\u0f73" * 500 + "b") == "ab"
    assert sorted_texts == ["ab"]


@pytest.mark.parametrize("text", ["", " ", "\u0301", "'", "\u200b", "²", "١٢", "🙂 a"])
def test_any_text_has_keys(text: str) -> None:
    assert isinstance(search_key(text), str)
    assert sort_key(text) <= sort_key(f"{text} z")
