"""Vietnamese names: found without marks, ordered as in a dictionary.

Collations of a server cannot be relied on for either, so keys are made here and compared as they are.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from functools import lru_cache

from domain.text import MARK

_ALPHABET = "aăâbcdđeêfghijklmnoôơpqrstuưvwxyz"
_PLACE = {letter: place for place, letter in enumerate(_ALPHABET, 1)}
#: A run of digits, or a sign with the marks that belong to it.
_PIECES = re.compile(r"(\d+)|(\D[\u0300-\u036f]*)", re.DOTALL)
#: Tones in dictionary order: none, huyền, hỏi, ngã, sắc, nặng. They are combining marks in NFD.
_TONES = {"\u0300": 1, "\u0309": 2, "\u0303": 3, "\u0301": 4, "\u0323": 5}

#: Letters that do not decompose: đ, and what looks like it in other alphabets and old fonts (eth, African D, D with a
#: tail or a hook).
_LIKE_D_WITH_STROKE = "đĐðÐɖƉɗƊ"
#: B with a stroke or a hook: the letter of Ê Đê, Gia Rai and Ba Na names, and what is typed for it.
_LIKE_B_WITH_STROKE = "ƀɃɓƁ"
#: Apostrophes, and what keyboards and phones put in their place. A name is the same with and without.
_APOSTROPHES = "'`´’‘‛′ʹʻʼʽˈ＇"
#: Hyphens and dashes, for the spelling of "Bà Rịa - Vũng Tàu".
_DASHES = "‐‑‒–—―−"
#: Marks that are not seen: soft hyphen, joiners and spaces without width.
_UNSEEN = "\u00ad\u200b\u200c\u200d\u200e\u2060\ufeff"

_MARKS = re.compile(f"{MARK}+")

_ALIKE = {
    **dict.fromkeys(map(ord, _APOSTROPHES + _UNSEEN)),
    **dict.fromkeys(map(ord, _DASHES), "-"),
    **dict.fromkeys(map(ord, _LIKE_D_WITH_STROKE), "đ"),
    **dict.fromkeys(map(ord, _LIKE_B_WITH_STROKE), "b"),
}


def search_key(text: str) -> str:
    """The text without marks and apostrophes, in lower case, words one space apart.

    `Đồng Nai` and `dong  nai` are one, so are `Ea H'Leo` and `ea hleo`. Letters that look alike are one letter.
    """
    letters = _MARKS.sub("", text.translate(_ALIKE))  # first of all: many marks on one letter take minutes to sort
    bare = _MARKS.sub("", unicodedata.normalize("NFD", letters))
    return " ".join(bare.replace("đ", "d").casefold().split())


@lru_cache(maxsize=16_384)
def name_key(name: str) -> str:
    """The search key of a name, kept: lists look through the same names at each search. Not for texts that people
    write, which are long and do not come again.
    """
    return search_key(name)


@lru_cache(maxsize=8192)
def sort_key(text: str) -> tuple[tuple[tuple[tuple[int, int], ...], int], ...]:
    """The place of a name: letters of a syllable first, then its tone, syllable by syllable.

    The tone is taken from the whole syllable, so that Hòa and Hoà have one place. Numbers count by their value:
    Phường 2 stands before Phường 10, and Phường 02 has the place of Phường 2.
    """
    return tuple(_syllable(syllable) for syllable in text.translate(_ALIKE).casefold().split())


def person_key(name: str) -> tuple[object, ...]:
    """The place of a person: by given name, which comes last, then by the whole name."""
    return (sort_key(name.rsplit(maxsplit=1)[-1]) if name.split() else (), sort_key(name))


def _syllable(syllable: str) -> tuple[tuple[tuple[int, int], ...], int]:
    """Digits stand before letters, letters before all other signs; letters of other alphabets by their base letter."""
    places: list[tuple[int, int]] = []
    tone = 0
    for digits, letter in _PIECES.findall(unicodedata.normalize("NFD", syllable)):
        if digits:
            places += _number(digits)
            continue
        base = letter[0]
        for mark in letter[1:]:
            if mark in _TONES:
                tone = _TONES[mark]
            elif (composed := unicodedata.normalize("NFC", base + mark)) in _PLACE:
                base = composed
        places.append((1, _PLACE[base]) if base in _PLACE else (2, ord(base)))
    return tuple(places), tone


def _number(digits: str) -> Iterator[tuple[int, int]]:
    """The place of a number of any length: the longer is the greater, of the same length the digits decide."""
    value = "".join(str(unicodedata.decimal(digit)) for digit in digits).lstrip("0")
    yield 0, len(value)
    for digit in value:
        yield 0, int(digit)
