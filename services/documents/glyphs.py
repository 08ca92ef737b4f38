"""Which signs our fonts can draw, and what stands in a document for those that they cannot."""

from __future__ import annotations

import re
import unicodedata
from functools import cache
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
    """The document with a code ("[U+1F44D]") for each sign that cannot be drawn or must not be obeyed, and a note.

    Letters with marks are composed first: fonts have more of them in one piece.
    """
    html = unicodedata.normalize("NFC", html)
    known = drawn()
    lacking = dict.fromkeys(
        sign for sign in html if UNREADABLE.match(sign) or not (sign in known or SHAPELESS.match(sign))
    )
    for sign in lacking:
        html = html.replace(sign, f"[{name_of(sign)}]")
    names = tuple(map(name_of, lacking))
    return Printable(html.replace(PLACE, _note(names) if names else ""), names)


def _note(names: tuple[str, ...]) -> str:
    more = f" và {len(names) - NAMED} ký tự khác" if len(names) > NAMED else ""
    return f'<p class="unprinted">{len(names)} ký tự không in được, thay bằng mã: {", ".join(names[:NAMED])}{more}.</p>'
