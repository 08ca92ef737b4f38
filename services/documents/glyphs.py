"""Glyphs: the signs that our fonts can draw, and what stands in a document for the others."""

from __future__ import annotations

import re
import unicodedata
from functools import cache
from itertools import accumulate
from pathlib import Path
from typing import NamedTuple

from domain.export import NAMED
from services.visible import UNREADABLE, name_of

FONTS = Path(__file__).parent / "fonts"

#: The families of print.css that text is drawn in: the first that has a sign draws it. Each is like this one.
DRAWING = ("Tinos-Regular.ttf", "DejaVuSans.ttf")

#: Marks that have no shape, and need none: joiners, soft hyphens, selectors of a shape.
SHAPELESS = re.compile(
    "[\t\n\r\u00ad\u034f\u061c\u180b-\u180f\u200b-\u200f\u2060-\u2064\ufe00-\ufe0f\ufeff\U000e0100-\U000e01ef]"
)

#: Signs of a word that are laid out as they stand. To find a place for a longer one, with no place to break at, costs
#: the square of its length: one of 100,000 signs takes minutes.
LONGEST_WORD = 1_000

#: Signs between two places to break at in a longer one: less than the narrowest column of prose holds.
PIECE = 8

#: A place to break at that has no width. Readers leave it away from what is copied; `<wbr>` makes twice the bytes.
BREAK = "\u200b"

#: A tag, which stays as it is, or a word that is too long. Lines end at these blanks; not at those that hold together.
TOO_LONG = re.compile(f"<[^>]*>|[^<> \t\n\r{BREAK}]{{{LONGEST_WORD + 1},}}")

#: What is not torn apart: the code of a sign, alone or with the marks that joined it to others; a character reference;
#: a letter with its marks, which are few in every language.
UNIT = re.compile(
    rf"{SHAPELESS.pattern}{{0,8}}(?P<code>\[U\+[0-9A-F]{{4,6}}\]){SHAPELESS.pattern}*"
    r"|&#?\w{1,10};|.[\u0300-\u036f\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20ff\ufe20-\ufe2f]{0,8}",
    re.DOTALL,
)

#: Where a template says what could not be printed.
PLACE = "<!-- unprinted -->"


class Printable(NamedTuple):
    """A document that our fonts can draw, and the signs, by name, for which something else stands in it."""

    html: str
    unprinted: tuple[str, ...]


@cache
def drawn() -> frozenset[str]:
    """Every sign for which one of our fonts has a shape."""
    return frozenset(sign for name in DRAWING for sign in signs_of(FONTS / name) if sign >= " ")


def signs_of(font: Path) -> frozenset[str]:
    """The signs for which a font has a shape."""
    from fontTools.ttLib import TTFont  # needed by who prints alone

    with TTFont(font) as read:
        return frozenset(map(chr, read.getBestCmap()))


def printable(html: str) -> Printable:
    """The document as it can be drawn, in a time that grows with its length only: `coded`, and with places to break at.

    They stand in words that are longer than any language has, and nowhere else.
    """
    page = coded(html)
    return page._replace(html=TOO_LONG.sub(_in_pieces, page.html))


def _in_pieces(found: re.Match[str]) -> str:
    """The word with a place to break at behind each code and every few other signs; what joined codes is gone."""
    if found[0].startswith("<"):
        return found[0]
    pieces, length = [], 0
    for unit in UNIT.finditer(found[0]):
        code = unit["code"]
        length = PIECE if code else length + 1
        pieces.append(code or unit[0])
        if length >= PIECE:
            pieces.append(BREAK)
            length = 0
    return "".join(pieces)


def coded(html: str) -> Printable:
    """The document with a code ("[U+1F44D]") for each sign that cannot be drawn or must not be obeyed, and a note.

    Letters with marks are composed first: fonts have more of them in one piece.
    """
    html = unicodedata.normalize("NFC", html)
    lacking = _lacking(html)
    for sign in lacking:
        html = html.replace(sign, f"[{name_of(sign)}]")
    names = tuple(map(name_of, lacking))
    return Printable(html.replace(PLACE, _note(names) if names else ""), names)


def _lacking(text: str) -> dict[str, None]:
    """The signs for which a code stands, each once, in the order of the text."""
    known = drawn()
    return dict.fromkeys(
        sign for sign in text if UNREADABLE.match(sign) or not (sign in known or SHAPELESS.match(sign))
    )


def fitting(text: str, room: int) -> int:
    """How many characters of the text have room on a page for so many signs, where a code is of as many as it has."""
    if len(text) * len("[U+10FFFF]") <= room:
        return len(text)
    sizes = {sign: len(name_of(sign)) + 2 for sign in _lacking(text)}
    ends = accumulate(sizes.get(sign, 1) for sign in text)
    return sum(1 for end in ends if end <= room)


def _note(names: tuple[str, ...]) -> str:
    more = f" và {len(names) - NAMED} ký tự khác" if len(names) > NAMED else ""
    return f'<p class="unprinted">{len(names)} ký tự không in được, thay bằng mã: {", ".join(names[:NAMED])}{more}.</p>'
