"""What differs between two texts of a rulebook, in words."""

from __future__ import annotations

from decimal import Decimal
from enum import StrEnum
from fractions import Fraction
from typing import Any, NamedTuple

from domain.measure import Checklist, Options, RatioBands, RatioThreshold
from domain.rulebook import Dated, Rulebook
from domain.rulebook_difference import TextChange, difference
from services.i18n import Words

#: Longer values are not said within a line.
SHORT = 400


class ChangeLine(NamedTuple):
    """A difference in words."""

    path: str
    what: str
    before: str
    after: str
    effect: str


def change_lines(before: Rulebook, after: Rulebook, words: Words) -> list[ChangeLine]:
    """Every difference, in the order of the new text."""
    return [_line(one, after, words) for one in difference(before, after)]


def _line(change: TextChange, rulebook: Rulebook, words: Words) -> ChangeLine:
    code, _, field = change.path.rpartition(".")
    named = rulebook.parts.get(code) or rulebook.by_code.get(code) or rulebook.parts.get(change.path)
    key = f"rulebook-field.{field}"
    return ChangeLine(
        code or change.path,
        words.say(key) if words.knows(key) else (named.name if named and not code else field),
        value_in_words(change.before, words),
        value_in_words(change.after, words),
        words.say(f"rulebook-effect.{change.effect.value}"),
    )


def value_in_words(value: Any, words: Words) -> str:  # noqa: C901, PLR0911, PLR0912 - one flat match over values
    """A value of a rulebook in short."""
    match value:
        case None | "" | ():
            return words.say("không có")
        case bool():
            return words.say("có") if value else words.say("không")
        case RatioBands(bands=bands):
            return "; ".join(
                words.say(
                    "từ %(percent)s%%: %(points)s điểm",
                    percent=words.number(one.at_least),
                    points=words.points(one.points),
                )
                for one in bands
            )
        case RatioThreshold(at_least=least):
            return words.say("từ %(percent)s%%", percent=words.number(least))
        case Options(options=options):
            return "; ".join(f"{one.text} ({words.points(one.points)})" for one in options)[:SHORT]
        case Checklist(choices=choices, minimum=minimum):
            listed = "; ".join(one.text for one in choices)[:SHORT]
            return words.say("ít nhất %(count)s trong: %(listed)s", count=minimum, listed=listed)
        case Dated(value=day):
            return words.date(day) if day else words.say("không có")
        case StrEnum():
            key = f"rulebook-value.{value.value}"
            return words.say(key) if words.knows(key) else value.value
        case Decimal() | int():
            return words.number(value)
        case Fraction():
            return str(value)
        case str():
            return value[:SHORT]
        case (str(), *_):
            return "; ".join(map(str, value))[:SHORT]
        case tuple():
            return words.say("%(count)s mục", count=words.number(len(value)))
    return words.say("cách đo khác")
