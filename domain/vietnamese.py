"""Vietnamese names: found without marks, ordered as in a dictionary.

Collations of a server cannot be relied on for either, so keys are made here and compared as they are.
"""

from __future__ import annotations

import unicodedata
from functools import lru_cache

_ALPHABET = "aăâbcdđeêfghijklmnoôơpqrstuưvwxyz"
_PLACE = {letter: place for place, letter in enumerate(_ALPHABET, 1)}
#: Tones in dictionary order: none, huyền, hỏi, ngã, sắc, nặng. They are combining marks in NFD.
_TONES = {"\u0300": 1, "\u0309": 2, "\u0303": 3, "\u0301": 4, "\u0323": 5}


def search_key(text: str) -> str:
    """The text without marks, in lower case, words one space apart: `Đồng Nai` and `dong  nai` are one.

    `đ` does not decompose, so stripping marks alone would miss it.
    """
    bare = "".join(sign for sign in unicodedata.normalize("NFD", text) if not unicodedata.combining(sign))
    return " ".join(bare.replace("đ", "d").replace("Đ", "D").casefold().split())


@lru_cache(maxsize=16_384)
def name_key(name: str) -> str:
    """The search key of a name, kept: lists look through the same names at each search. Not for texts that people
    write, which are long and do not come again.
    """
    return search_key(name)


@lru_cache(maxsize=8192)
def sort_key(text: str) -> tuple[tuple[tuple[tuple[int, int], ...], int], ...]:
    """The place of a name: letters of a syllable first, then its tone, syllable by syllable.

    The tone is taken from the whole syllable, so that Hòa and Hoà have one place.
    """
    return tuple(_syllable(syllable) for syllable in unicodedata.normalize("NFC", text).casefold().split())


def person_key(name: str) -> tuple[object, ...]:
    """The place of a person: by given name, which comes last, then by the whole name."""
    return (sort_key(name.rsplit(maxsplit=1)[-1]) if name.split() else (), sort_key(name))


def _syllable(syllable: str) -> tuple[tuple[tuple[int, int], ...], int]:
    letters: list[tuple[int, int]] = []
    tone = 0
    for sign in syllable:
        base = ""
        for part in unicodedata.normalize("NFD", sign):
            if part in _TONES:
                tone = _TONES[part]
            else:
                base += part
        letter = unicodedata.normalize("NFC", base)
        # Digits go before letters, by their value; whatever else there is goes last.
        letters.append((1, _PLACE[letter]) if letter in _PLACE else (0 if letter.isdecimal() else 2, ord(letter[0])))
    return tuple(letters), tone
