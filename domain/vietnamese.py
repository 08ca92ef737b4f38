"""Vietnamese text: the order of a Vietnamese list, and finding words typed without marks.

Code points put An, Bình, Dũng before Ân, Ăn and Đỗ; a Vietnamese list goes by syllable, in each by its letters
(a ă â b c d đ e ê …), and only then by the tone.
"""

from __future__ import annotations

import unicodedata

_ALPHABET = "aăâbcdđeêfghijklmnoôơpqrstuưvwxyz"
_RANK = {letter: rank for rank, letter in enumerate(_ALPHABET, start=100)}
#: Ngang, huyền, hỏi, ngã, sắc, nặng: the order of dictionaries.
_TONES = {"\u0300": 1, "\u0309": 2, "\u0303": 3, "\u0301": 4, "\u0323": 5}

Syllable = tuple[tuple[int, ...], int]


def fold(text: str) -> str:
    """Lower case without marks, words one space apart: how people type when they search ("da nang")."""
    # đ is a letter of its own and does not decompose.
    bare = "".join(sign for sign in unicodedata.normalize("NFD", text) if not unicodedata.combining(sign))
    return " ".join(bare.replace("đ", "d").replace("Đ", "D").casefold().split())


def sort_key(text: str) -> tuple[Syllable, ...]:
    """By this key names stand in the order of a Vietnamese list."""
    return tuple(_syllable(word) for word in text.casefold().split())


def name_key(name: str) -> tuple[tuple[Syllable, ...], tuple[Syllable, ...]]:
    """By this key persons stand as in a Vietnamese register: by given name, then by family and middle names."""
    words = name.split()
    return sort_key(" ".join(words[-1:])), sort_key(" ".join(words[:-1]))


def _syllable(word: str) -> Syllable:
    letters: list[int] = []
    tone = 0
    for sign in unicodedata.normalize("NFC", word):
        marks = unicodedata.normalize("NFD", sign)
        tone = next((_TONES[mark] for mark in marks if mark in _TONES), tone)
        letter = unicodedata.normalize("NFC", "".join(mark for mark in marks if mark not in _TONES))
        letters.append(_RANK.get(letter, ord(letter[0]) if letter else 0))
    return tuple(letters), tone
