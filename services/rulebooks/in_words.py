"""What differs between two texts of a rulebook, in words."""

from __future__ import annotations

from collections.abc import Collection
from decimal import Decimal
from enum import StrEnum
from fractions import Fraction
from typing import Any, NamedTuple

from domain.measure import Checklist, Kind, Options, RatioBands, RatioThreshold
from domain.rulebook import Dated, LegalBasis, Rulebook, Term
from domain.rulebook_difference import TextChange, difference
from infra.reference.rulebook_values import CODE
from services.i18n import Words
from services.rulebooks.value_words import STEPS, number_of
from services.rulebooks.value_words import value_in_words as text_in_words

#: Longer values are not said within a line.
SHORT = 400


class ChangeLine(NamedTuple):
    """A difference in words; `number` is how officials number what it is about, "" for what belongs to no criterion."""

    number: str
    what: str
    before: str
    after: str
    effect: str


def change_lines(before: Rulebook, after: Rulebook, words: Words) -> list[ChangeLine]:
    """Every difference of values, in the order of the new text. Where they were read, and how well they are known, is
    counted by `Rulebook.unverified`.
    """
    found = difference(before, after)
    added = {one.path for one in found if one.before is None}
    return [_line(one, after, words) for one in found if _is_told(one, added)]


def _is_told(change: TextChange, added: Collection[str]) -> bool:
    """Whether it is a line of its own: not where a value was read, nor that a content has its text which is added."""
    if change.path.endswith(".without_text"):
        return not set(change.before or ()) - set(change.after or ()) <= set(added)
    return not change.path.endswith("provenance")


def _line(change: TextChange, rulebook: Rulebook, words: Words) -> ChangeLine:
    code, _, field = change.path.rpartition(".")
    named = rulebook.parts.get(code) or rulebook.by_code.get(code) or rulebook.parts.get(change.path)
    condition = next((one for one in rulebook.conditions if one.code == code), None)
    key = f"condition-kind.{condition.kind.value}" if condition else f"rulebook-field.{field}"
    what = words.say(key) if words.knows(key) else (named.name if named and not code else field)
    if code == "deadlines":
        what = words.say("thời hạn: %(step)s", step=words.say(f"rulebook-step.{field}") if field in STEPS else field)
    if CODE.fullmatch(change.path):
        what = words.say("thêm mới") if change.before is None else words.say("bỏ")
    return ChangeLine(
        number_of(change.path),
        what,
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
        case Term():
            return text_in_words(_term(value), words)
        case (LegalBasis(), *_):
            return "; ".join(one.text for one in value)
        case Dated(value=day):
            return words.date(day) if day else words.say("không có")
        case StrEnum():
            keys = (f"rulebook-value.{value.value}", f"rulebook-word.{value.value}")
            return next((words.say(key) for key in keys if words.knows(key)), value.value)
        case Decimal() | int():
            return words.number(value)
        case Fraction():
            return str(value)
        case str():
            return value[:SHORT]
        case (str(), *_):
            return "; ".join(number_of(one) if CODE.fullmatch(one) else one for one in map(str, value))[:SHORT]
        case tuple():
            return words.say("%(count)s mục", count=words.number(len(value)))
        case _ if isinstance(getattr(value, "kind", None), Kind):
            return words.say(f"measure-kind.{value.kind.value}")
    return words.say("nội dung khác")


def _term(term: Term) -> dict[str, Any]:
    """The term as the text of a rulebook has it."""
    day = f"{term.month:02}-{term.day:02}" if term.month and term.day else None
    counted = {name: getattr(term, name) for name in ("working_days", "calendar_days", "months", "text")}
    return {"before" if term.before else "by": day, **counted}
