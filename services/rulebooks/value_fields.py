"""The form in which one value of a rulebook is edited: its fields, and the value that was typed into them."""

from __future__ import annotations

import re
from calendar import monthrange
from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any, ClassVar, NamedTuple

from domain.errors import NotANumber, Refused
from domain.rulebook import ConditionKind
from infra.reference.rulebook_values import CODE
from services.rulebooks.file_words import WordsUnreadable, from_lines, in_lines
from services.rulebooks.value_words import MEASURE_KINDS, field_of
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

    @property
    def word(self) -> str:
        """What the words know the field by."""
        return self.key.rpartition(".")[2] or "value"


class LineUnreadable(Refused):
    """A line of a field is not written as its lines are; `field` says where, `typed` what."""

    code: ClassVar[str] = "line-unreadable"


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

#: Which sanctions of officials are counted.
OFFICIALS, FORMS = ("heads", "all"), ("reprimand", "warning", "pay-cut", "demotion", "removal", "dismissal")
COUNTS = (
    EditField("officials", "choice", OFFICIALS),
    EditField("discipline_from", "choice", FORMS, needed=False),
    EditField("on_duty", "choice", YES_NO, needed=False),
    EditField("prosecution", "choice", YES_NO, needed=False),
    EditField("compensation", "choice", YES_NO, needed=False),
)
#: A veto is worded, and says which sanctions it counts, or none: then it is declared as such.
VETO = (
    EditField("text", "long", needed=False),
    *(one._replace(key=f"counts.{one.key}", needed=False) for one in COUNTS),
)

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
    "counts": COUNTS,
}

#: Measures by kind.
MEASURES: dict[str, tuple[EditField, ...]] = {
    **dict.fromkeys(MEASURE_KINDS, ()),
    "ratio_threshold": (EditField("at_least", "number"),),
    "checklist": (EditField("minimum", "count"), EditField("choices", "lines")),
    "deadline": (EditField("working_days", "count"),),
    "ratio_bands": (EditField("bands", "lines"),),
    "options": (EditField("options", "lines"),),
    "points": (EditField("step", "number"),),
    "penalty": (EditField("points", "number"),),
    "amount": (
        EditField("at_least", "number"),
        EditField("comparison", "choice", ("exactly", "at_least", "at_most")),
        EditField("rates", "lines"),
    ),
}

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
    if field == "condition" and value.get("kind") == ConditionKind.VETO:
        return VETO
    return (SINGLE[field],) if field in SINGLE else SEVERAL.get(field, ())


def of_measure(kind: str) -> tuple[EditField, ...]:
    """The fields of a measure of this kind."""
    return MEASURES.get(kind, ())


def written(field: EditField, value: Any) -> str:
    """What stands in the field before anybody types."""
    held = value
    for key in filter(None, field.key.split(".")):
        held = held.get(key) if isinstance(held, dict) else None
    if field.key == "rates":
        return in_lines(held) if held else ""
    return SHOWN.get(field.kind, _plain)(held) if held is not None else ""


def value_typed(path: str, was: Any, typed: Typed, *, doubtless: bool) -> Any:
    """The value in the fields. `doubtless` takes out what single numbers of the value say of their own doubt.

    Raises FieldMissing, NotANumber, NotADate, DayOutOfRange.
    """
    if field_of(path) == "measure":
        value = measure_typed(typed, was, doubtless=doubtless)
    elif field_of(path) in SEVERAL:
        value = _several(fields_of(path, was), was, typed)
    else:
        value = read(SINGLE[field_of(path)], typed)
    return was if value == was else value


def measure_typed(typed: Typed, was: Mapping[str, Any], *, doubtless: bool) -> dict[str, Any]:
    """The measure in the fields of the kind that was chosen."""
    kind = typed.text("kind") or str(was.get("kind", ""))
    if kind not in MEASURES:
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
        found["rates"] = _rates(found["rates"])
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
    """The value with what was typed; what may be left out and was is not in it, nor what is simply not so."""
    tops = {field.key.partition(".")[0] for field in fields}
    found: dict[str, Any] = {key: held for key, held in was.items() if key not in tops}
    for field in fields:
        held = read(field, typed)
        if held in (None, "") or held is False:
            continue
        top, _, inner = field.key.partition(".")
        if inner:
            found.setdefault(top, {})[inner] = held
        else:
            found[top] = held
    if "counts" in found and "officials" not in found["counts"]:
        raise FieldMissing(field="value-counts.officials")
    return found


def _rates(lines: list[str]) -> list[dict[str, Any]]:
    """The rates as files write them, each on its line."""
    written = "\n".join(line if line.startswith("-") else f"- {line}" for line in lines)
    try:
        rates: list[dict[str, Any]] = from_lines(written, "rates")["rates"]
    except WordsUnreadable as unreadable:
        raise LineUnreadable(field="value-rates", typed=unreadable.what) from None
    if stray := next((one for one in rates if not isinstance(one, dict)), None):
        raise LineUnreadable(field="value-rates", typed=stray)
    return rates


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
