"""The values of a rulebook in words: what a value is, and what it says."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from decimal import Decimal
from typing import Any

from infra.reference.rulebook_values import CODE, CONDITION, Tree
from services.i18n import Words

DAY = re.compile(r"\d{4}-\d{2}-\d{2}")
DAY_OF_YEAR = re.compile(r"(\d{2})-(\d{2})")

#: The ways to measure, as people may choose among them on the page and in files (`measure-kind.*`).
MEASURE_KINDS = (
    "boolean",
    "ratio_threshold",
    "checklist",
    "deadline",
    "ratio",
    "survey",
    "ratio_bands",
    "options",
    "points",
    "penalty",
    "amount",
)

#: Steps for which texts have a term.
STEPS = (
    "assigned",
    "self_assessed",
    "posted",
    "submitted",
    "supplemented",
    "council_papers",
    "recognised",
    "published",
    "district_report",
    "province_report",
    "six_month_report",
    "year_report",
)
#: What only programs read.
HIDDEN = ("id", "status")
#: What the page says in one place of its own.
WITHOUT_TEXT = ".without_text"
#: Values that are said on the page and changed by file only.
BY_FILE = ("model", "score_decimals", "rounding", "unknown", "agreements", "council.majority")

#: What is said of a deadline and of a condition, by key.
OF_ENTRIES = ("before", "by", "calendar_days", "working_days", "months", "threshold", "enough", "broadcasts")


def is_hidden(path: str) -> bool:
    """Whether the page has no row for the value."""
    return path in HIDDEN or path.endswith(WITHOUT_TEXT)


def number_of(path: str) -> str:
    """How officials number it: "2.5.1" of TC2.CT5.1.measure, "C2" of a condition; "" of what has no number."""
    if CONDITION.fullmatch(path):
        return path
    found = CODE.match(path)
    return ".".join(re.findall(r"\d+", found[0])) if found else ""


def field_of(path: str) -> str:
    """What kind of value stands at the path, as the words know it: "measure", "council.quorum", "condition"."""
    if CONDITION.fullmatch(path):
        return "condition"
    if CODE.fullmatch(path):
        return "node"
    if found := CODE.match(path):
        return path[found.end() + 1 :]
    first, _, rest = path.partition(".")
    return first if first in ("legal_bases", "suspended_years", "deadlines") or not rest else path


def label_of(path: str, value: Any, words: Words) -> str:
    """What the value is: "cách tính", "thời hạn: nộp hồ sơ", "điều kiện C2"."""
    field, last = field_of(path), path.rpartition(".")[2]
    if field == "condition":
        kind = value.get("kind", "") if isinstance(value, dict) else ""
        return _known(words, f"condition-kind.{kind}", path)
    if field == "deadlines":
        return words.say("thời hạn: %(step)s", step=words.say(f"rulebook-step.{last}") if last in STEPS else last)
    if field in ("legal_bases", "suspended_years"):
        return f"{words.say(f'value-of-rulebook.{field}')} {last}"
    return _known(words, f"value-of-rulebook.{field}", field)


def value_in_words(value: Any, words: Words) -> str:  # noqa: PLR0911 - one flat match over values
    """The value on one line."""
    match value:
        case None | "" | []:
            return words.say("không có")
        case bool():
            return words.say("có") if value else words.say("không")
        case int() | Decimal():
            return words.number(value)
        case str():
            return _text(value, words)
        case list():
            return "; ".join(value_in_words(one, words) for one in value)
        case {"code": _, "name": name, "measure": measure}:
            return f"{name}; {value_in_words(measure, words)}"
        case {"code": _, "name": name}:
            return str(name)
        case {"kind": str(kind), **rest} if words.knows(f"measure-kind.{kind}"):
            return _measure(kind, {str(key): held for key, held in rest.items()}, words)
        case dict():
            return "; ".join(_entries(value, words)) or words.say("không có")
    return str(value)


def number_in_words(measure: Mapping[str, Any], name: str, words: Words) -> str:
    """One number of a measure by its name within it: "at_least", or "bands.90" for the band from 90 percent."""
    return "; ".join(_details(measure["kind"], _only(measure, name), words))


def without_numbers(measure: Mapping[str, Any], names: Sequence[str]) -> dict[str, Any]:
    """The measure as a line says it that leaves these numbers to lines of their own."""
    left = dict(measure)
    for name in names:
        first, _, number = name.partition(".")
        left[first] = [one for one in left.get(first) or () if str(one["at_least"]) != number] if number else None
    return left


def _only(measure: Mapping[str, Any], name: str) -> dict[str, Any]:
    first, _, number = name.partition(".")
    held = measure[first]
    return {**measure, first: [one for one in held if str(one["at_least"]) == number] if number else held}


def parts_in_words(tree: Tree) -> dict[str, str]:
    """What criteria, indicators and parts are called, by code."""
    named: dict[str, str] = {}
    for criterion in tree["criteria"]:
        named[criterion["code"]] = criterion["name"]
        for indicator in criterion["indicators"]:
            named[indicator["code"]] = indicator["name"]
            named.update({part["code"]: part["name"] for part in indicator.get("parts") or []})
    return named


def _text(value: str, words: Words) -> str:
    if DAY.fullmatch(value):
        return words.date(date.fromisoformat(value))
    return _known(words, f"rulebook-word.{value}", value)


def _measure(kind: str, rest: Mapping[str, Any], words: Words) -> str:
    said = words.say(f"measure-kind.{kind}")
    details = "; ".join(_details(kind, rest, words))
    return f"{said}: {details}" if details else said


def _details(kind: str, rest: Mapping[str, Any], words: Words) -> Iterator[str]:
    match kind:
        case "options":
            for one in rest["options"]:
                yield words.say("%(points)s điểm: %(text)s", points=words.number(one["points"]), text=one["text"])
        case "ratio_bands":
            for one in rest["bands"]:
                at_least, points = words.number(one["at_least"]), words.number(one["points"])
                yield words.say("từ %(at_least)s phần trăm: %(points)s điểm", at_least=at_least, points=points)
        case "checklist":
            yield words.say("ít nhất %(count)s nội dung", count=words.number(rest["minimum"]))
            yield from (one["text"] for one in rest["choices"])
        case "ratio_threshold" if rest.get("at_least") is not None:
            yield words.say("%(percent)s phần trăm", percent=words.number(rest["at_least"]))
        case "deadline":
            yield words.say("%(count)s ngày làm việc", count=words.number(rest["working_days"]))
        case "penalty" | "points":
            yield words.say("%(points)s điểm", points=words.number(rest.get("points", rest.get("step"))))
        case "amount":
            comparison = words.say(f"rulebook-word.{rest['comparison']}")
            yield f"{comparison} {words.number(rest['at_least'])}"
            yield from (f"{one['label']} {words.number(one['dong'])}" for one in rest["rates"])


def _entries(value: Mapping[str, Any], words: Words) -> Iterator[str]:
    for key in OF_ENTRIES:
        if (held := value.get(key)) is not None:
            yield words.say(f"rulebook-entry.{key}", value=_day_of_year(held) or value_in_words(held, words))
    yield from _counted(value.get("counts") or value, words)
    if value.get("kind") == "veto" and not value.get("text"):
        yield words.say("chưa có lời văn")
    for unit_class, held in (value.get("by_class") or {}).items():
        yield f"{unit_class}: {words.number(held)}"
    if text := value.get("text") or value.get("opinion_sheets"):
        yield str(text)


def _counted(counts: Mapping[str, Any], words: Words) -> Iterator[str]:
    """Which sanctions of officials a veto or an indicator counts."""
    for key in ("officials", "discipline_from"):
        if chosen := counts.get(key):
            yield words.say(f"rulebook-entry.{key}", value=words.say(f"rulebook-word.{chosen}"))
    for key in ("on_duty", "prosecution", "compensation"):
        if counts.get(key):
            yield words.say(f"rulebook-entry.{key}")


def _day_of_year(value: Any) -> str:
    found = DAY_OF_YEAR.fullmatch(str(value))
    return f"{found[2]}/{found[1]}" if found else ""


def _known(words: Words, key: str, otherwise: str) -> str:
    return words.say(key) if words.knows(key) else otherwise
