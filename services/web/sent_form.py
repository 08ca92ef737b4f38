"""A sent form in words, for pages that show it without the form because nobody could record it."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import NamedTuple

from projections.tables.units import UNITS
from services.i18n import Words, indicator_number
from services.web import urls
from services.web.viewing import Viewing

#: Fields that a form holds and nobody fills.
_OURS = {"csrf", "command", "version", "form", "step", "di-tiep", "round", "made", "all"}
_ID = re.compile(r"\b[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\b")
_CODE = re.compile(r"TC\d+\.CT\d+(\.\d+)?")
#: A field of one part of an indicator, such as `TC2.CT4.1.from_on` (services/assessment/measure_fields.py).
_OF_PART = re.compile(r"(?P<part>TC\d+\.CT\d+(\.\d+)?)\.(?P<field>[a-z_]+)\d*")
_MEASURED = ("measure.", "measure.ratio.", "field.")
#: Fields whose value is a word of another family than their own name's.
_FAMILIES = {"proposed": "word", "value": "word", "occurred": "word"}
#: Fields whose value is always chosen from words: what has none was no choice.
_CHOSEN = {"choice", "discipline", "ground", "occurred", "position", "proposal", "purpose", "result", "role", "ruling"}
#: Fields in which a file is chosen: of a form without its session only the file's name is kept.
FILES = {"tep": ".pdf,.jpg,.jpeg,.png,.tif,.tiff,.docx,.xlsx,.odt", "file": ".pdf"}
#: Fields that are ticked.
_TICKED = {"not_arisen", "without_missing"}


class Line(NamedTuple):
    """One field: its label, "" where it has none, and what was typed."""

    label: str
    value: str


def in_words(fields: Iterable[tuple[str, str]], words: Words) -> list[Line]:
    """The fields that somebody filled, as people call them: never the name that a field has in its form. What two forms
    hold that were sent together is said once.
    """
    lines = [Line(_label(name, words), _value(name, value, words)) for name, value in fields if name not in _OURS]
    return [line for line in dict.fromkeys(lines) if line.value]


async def place_in_words(viewing: Viewing, path: str) -> list[Line]:
    """What a form that goes to this address does, and where: the act, the year, the commune."""
    words = viewing.words
    act, named = urls.read(path)
    lines = [Line(words.say("Việc"), words.say(f"sent.{act}"))] if words.knows(f"sent.{act}") else []
    if commune := named.get("commune"):
        async with viewing.reads() as view:
            unit = await view.one(UNITS, commune)
        lines.append(Line(words.say("field.commune"), unit.full_name if unit else commune))
    if meeting := named.get("meeting"):
        lines.append(Line(words.say("field.meeting"), meeting))
    if season := named.get("season"):
        lines.append(Line(words.say("field.year"), season))
    return lines


def _label(name: str, words: Words) -> str:
    if words.knows(f"field.{name}"):
        return words.say(f"field.{name}")
    if found := _OF_PART.fullmatch(name):
        field = next((key for family in _MEASURED if words.knows(key := f"{family}{found['field']}")), "")
        number = indicator_number(found["part"])
        return f"{number}, {words.say(field)}" if field else number
    return ""


def _value(name: str, value: str, words: Words) -> str:
    name = name.rpartition(".")[2]
    if name in _TICKED and value:
        return words.say("word.yes")
    key = f"{_FAMILIES.get(name, name)}.{value}"
    if words.knows(key):
        return words.say(key)
    if name in _CHOSEN:
        return ""
    return _CODE.sub(lambda code: indicator_number(code[0]), _ID.sub("", value)).strip()
