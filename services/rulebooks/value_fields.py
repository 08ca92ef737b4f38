"""The form in which one value of a rulebook is edited: its fields, and the value that was typed into them."""

from __future__ import annotations

import re
from calendar import monthrange
from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any, NamedTuple

from domain.errors import NotANumber
from infra.reference.rulebook_values import CODE
from services.rulebooks.value_words import field_of
from services.web.form_fields import FieldMissing, NotADayOfYear, Typed, read_number


class EditField(NamedTuple):
    """One field: `kind` is text, long, number, count, day, day-of-year, choice or lines; `key` is where it stands in
    the value, "" for the value itself.
    """

    key: str
    kind: str
    choices: tuple[str, ...] = ()
    needed: bool = True

    @property
    def name(self) -> str:
        """The name of the form's field."""
        return f"value-{self.key}" if self.key else "value"


YES_NO = ("true", "false")

#: Values that are one field, by what `field_of` calls them.
SINGLE: dict[str, EditField] = {
    "title": EditField("", "long"),
    "short": EditField("", "text"),
    "name": EditField("", "long"),
    "points": EditField("", "number"),
    "pass_level": EditField("", "text"),
    "evidence": EditField("", "long", needed=False),
    "formula": EditField("", "long", needed=False),
    "not_arisen": EditField("", "choice", ("part", "indicator")),
    "legal_bases": EditField("", "long"),
    "unit_types": EditField("", "lines"),
    "unit_classes": EditField("", "lines", needed=False),
    "recognising_level": EditField("", "choice", ("district", "province")),
    "in_force.from": EditField("", "day"),
    "in_force.to": EditField("", "day", needed=False),
    "council.required": EditField("", "choice", YES_NO),
    "council.quorum": EditField("", "text"),
    "council.max_members": EditField("", "count", needed=False),
    "council.max_vice_chairs": EditField("", "count", needed=False),
    "council.written_opinions": EditField("", "choice", YES_NO),
    "council.written_opinion_votes": EditField("", "choice", YES_NO),
    "council.consultation": EditField("", "choice", YES_NO),
    "council.instruments": EditField("", "lines", needed=False),
}

#: Values that have several.
SEVERAL: dict[str, tuple[EditField, ...]] = {
    "deadlines": (
        EditField("by", "day-of-year", needed=False),
        EditField("before", "day-of-year", needed=False),
        EditField("working_days", "count", needed=False),
        EditField("calendar_days", "count", needed=False),
        EditField("months", "count", needed=False),
        EditField("text", "long", needed=False),
    ),
    "condition": (
        EditField("threshold", "number", needed=False),
        EditField("enough", "number", needed=False),
        EditField("text", "long", needed=False),
    ),
    "commune_steps": (
        EditField("broadcasts", "count", needed=False),
        EditField("opinion_sheets", "text", needed=False),
    ),
}

#: Measures by kind. What an amount is made of is edited by file.
MEASURES: dict[str, tuple[EditField, ...]] = {
    "boolean": (),
    "ratio_threshold": (EditField("at_least", "number"),),
    "checklist": (EditField("minimum", "count"), EditField("choices", "lines")),
    "deadline": (EditField("working_days", "count"),),
    "ratio": (),
    "survey": (),
    "ratio_bands": (EditField("bands", "lines"),),
    "options": (EditField("options", "lines"),),
    "points": (EditField("step", "number"),),
    "penalty": (EditField("points", "number"),),
}
AMOUNT = (EditField("at_least", "number"), EditField("comparison", "choice", ("exactly", "at_least", "at_most")))

#: "điểm: lời văn" and "từ: điểm".
LINE = re.compile(r"([^:]+):\s*(.+)")


def is_editable(path: str) -> bool:
    """Whether the page has fields for it. What has none is changed by file."""
    field = field_of(path)
    return field in SINGLE or field in SEVERAL or field == "measure"


def fields_of(path: str, value: Any, kind: str = "") -> tuple[EditField, ...]:
    """The fields of the value at a path; of a measure those of this `kind`, "" for the kind that it has."""
    field = field_of(path)
    if field == "measure":
        return of_measure(kind or value.get("kind", ""))
    return (SINGLE[field],) if field in SINGLE else SEVERAL.get(field, ())


def of_measure(kind: str) -> tuple[EditField, ...]:
    """The fields of a measure of this kind."""
    return AMOUNT if kind == "amount" else MEASURES.get(kind, ())


def written(field: EditField, value: Any) -> str:
    """What stands in the field before anybody types."""
    held = value.get(field.key) if field.key and isinstance(value, dict) else value
    return SHOWN.get(field.kind, _plain)(held) if held is not None else ""


def value_typed(path: str, was: Any, typed: Typed, *, doubtless: bool) -> Any:
    """The value in the fields. `doubtless` takes out what single numbers of the value say of their own doubt.

    Raises FieldMissing, NotANumber, NotADate, DayOutOfRange.
    """
    if field_of(path) == "measure":
        value = measure_typed(typed, was, doubtless=doubtless)
    elif field_of(path) in SEVERAL:
        value = _several(SEVERAL[field_of(path)], was, typed)
    else:
        value = read(SINGLE[field_of(path)], typed)
    return was if value == was else value


def measure_typed(typed: Typed, was: Mapping[str, Any], *, doubtless: bool) -> dict[str, Any]:
    """The measure in the fields of the kind that was chosen."""
    kind = typed.text("kind") or str(was.get("kind", ""))
    if kind not in MEASURES and not (kind == "amount" == was.get("kind")):
        raise FieldMissing(field="kind")
    found: dict[str, Any] = {"kind": kind}
    for field in of_measure(kind):
        found[field.key] = read(field, typed)
    if kind == "options":
        found["options"] = _options(found["options"], was.get("options") or [])
    elif kind == "checklist":
        found["choices"] = _choices(found["choices"], was.get("choices") or [])
    elif kind == "ratio_bands":
        found["bands"] = _bands(found["bands"], [] if doubtless else was.get("bands") or [])
    elif kind == "amount":
        found["rates"] = was["rates"]
    elif kind == "ratio_threshold" and not doubtless and "at_least_provenance" in was:
        found["at_least_provenance"] = was["at_least_provenance"]
    return found


def read(field: EditField, typed: Typed) -> Any:
    """What was typed into a field; None where it may be empty and is."""
    if field.kind == "lines":
        lines = [line.strip() for line in typed.text(field.name).splitlines() if line.strip()]
        if field.needed and not lines:
            raise FieldMissing(field=field.name)
        return lines
    if not typed.text(field.name):
        if field.needed:
            raise FieldMissing(field=field.name)
        return "" if field.kind in ("text", "long") else None
    return READ[field.kind](field, typed)


def _several(fields: tuple[EditField, ...], was: Mapping[str, Any], typed: Typed) -> dict[str, Any]:
    rest = {key: held for key, held in was.items() if key not in {field.key for field in fields}}
    found = {field.key: read(field, typed) for field in fields}
    return {**rest, **{key: held for key, held in found.items() if held not in (None, "")}}


def _number(field: EditField, typed: Typed) -> int | Decimal:
    number = typed.decimal(field.name) or Decimal(0)
    return int(number) if number == number.to_integral_value() else number


def _day(field: EditField, typed: Typed) -> str:
    day = typed.day(field.name)
    return day.isoformat() if day else ""


#: A year without 29 February, which is no day of every year.
COMMON_YEAR, MONTHS = 2023, 12


def _day_of_year(field: EditField, typed: Typed) -> str:
    found = re.fullmatch(r"(\d{1,2})/(\d{1,2})", typed.text(field.name))
    month, day = (int(found[2]), int(found[1])) if found else (0, 0)
    if not 1 <= month <= MONTHS or not 1 <= day <= monthrange(COMMON_YEAR, month)[1]:
        raise NotADayOfYear(field=field.name, typed=typed.text(field.name))
    return f"{month:02}-{day:02}"


def _choice(field: EditField, typed: Typed) -> Any:
    chosen = typed.text(field.name)
    if chosen not in field.choices:
        raise FieldMissing(field=field.name)
    return chosen == "true" if field.choices == YES_NO else chosen


READ: dict[str, Callable[[EditField, Typed], Any]] = {
    "text": lambda field, typed: typed.text(field.name),
    "long": lambda field, typed: " ".join(typed.text(field.name).split()),
    "number": _number,
    "count": lambda field, typed: typed.whole(field.name),
    "day": _day,
    "day-of-year": _day_of_year,
    "choice": _choice,
}


def _split(line: str, field: str) -> tuple[str, str]:
    found = LINE.fullmatch(line)
    if found is None:
        raise NotANumber(field=field, typed=line)
    return found[1].strip(), found[2].strip()


def _figure(text: str, field: str) -> int | Decimal:
    number = read_number(text)
    if number is None:
        raise NotANumber(field=field, typed=text)
    return int(number) if number == number.to_integral_value() else number


def _options(lines: list[str], was: list[dict[str, Any]]) -> list[dict[str, Any]]:
    pairs = [_split(line, "value-options") for line in lines]
    keys = _keys([text for _, text in pairs], {one["text"]: one["key"] for one in was})
    return [
        {"key": key, "text": text, "points": _figure(points, "value-options")}
        for key, (points, text) in zip(keys, pairs, strict=True)
    ]


def _choices(lines: list[str], was: list[dict[str, Any]]) -> list[dict[str, Any]]:
    keys = _keys(lines, {one["text"]: one["key"] for one in was})
    return [{"key": key, "text": text} for key, text in zip(keys, lines, strict=True)]


def _keys(texts: list[str], was: Mapping[str, str]) -> list[str]:
    """The key of each choice. One that is worded anew keeps its key where as many choices are there as before, for what
    was entered names it; otherwise it is a choice of its own.
    """
    gone = [key for text, key in was.items() if text not in texts]
    new = [text for text in texts if text not in was]
    taken = set(was.values())
    fresh = (key for key in map(_letters, range(len(texts) + len(taken) + 1)) if key not in taken)
    again = iter(gone if len(gone) == len(new) else fresh)
    return [was[text] if text in was else next(again) for text in texts]


def _letters(number: int) -> str:
    return chr(ord("a") + number) if number < 26 else f"{_letters(number // 26 - 1)}{_letters(number % 26)}"


def _bands(lines: list[str], was: list[dict[str, Any]]) -> list[dict[str, Any]]:
    bands = []
    for line in lines:
        at_least, points = (_figure(text, "value-bands") for text in _split(line, "value-bands"))
        held = next((one for one in was if (one["at_least"], one["points"]) == (at_least, points)), None)
        bands.append(held or {"at_least": at_least, "points": points})
    return bands


def _plain(held: Any) -> str:
    if isinstance(held, bool):
        return "true" if held else "false"
    return format(held, "f").replace(".", ",") if isinstance(held, Decimal) else str(held)


def _lines(held: Any) -> str:
    return "\n".join(map(_line, held))


def _line(one: Any) -> str:
    match one:
        case {"at_least": at_least, "points": points}:
            return f"{_plain(at_least)}: {_plain(points)}"
        case {"points": points, "text": text}:
            return f"{_plain(points)}: {text}"
        case {"text": text}:
            return str(text)
    return str(one)


def _slashes(held: Any) -> str:
    return "/".join(reversed(str(held).split("-")))


SHOWN: dict[str, Callable[[Any], str]] = {"lines": _lines, "day": _slashes, "day-of-year": _slashes}


def part_code(path: str) -> bool:
    """Whether it is the code of a part, such as "TC2.CT6.1"."""
    found = CODE.fullmatch(path)
    return found is not None and found[2] is not None and found[3] is not None
