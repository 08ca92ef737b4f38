"""Numbers that were changed and still stand as they were in the words of the same indicator."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal, InvalidOperation
from typing import Any, NamedTuple

from domain.rulebook_draft import DraftChange, DraftValue
from infra.reference.rulebook_values import CODE, value_of
from services.i18n import Words

#: What follows a number in words, by the name of the number.
UNITS = {
    "at_least": r"\s*(?:%|phần trăm)",
    "working_days": r"\s*ngày",
    "calendar_days": r"\s*ngày",
    "points": r"\s*điểm",
    "max_points": r"\s*điểm",
}


class FormerNumber(NamedTuple):
    """A number that the value at `changed` had, as the words at `path` still have it: "80%"."""

    changed: str
    path: str
    said: str


def former_numbers(
    changes: Sequence[DraftChange], values: Mapping[str, DraftValue], words: Words
) -> Iterator[FormerNumber]:
    """Each place of the same indicator whose words have a number that was changed."""
    for change in changes:
        indicator = ".".join(change.path.split(".")[:2])
        if change.before is None or change.after is None or not CODE.match(indicator):
            continue
        name = change.path.rpartition(".")[2]
        then, now = (set(_numbers(name, value_of(one.yaml))) for one in (change.before, change.after))
        gone = sorted(then - now)
        for path, value in values.items():
            if not path.startswith(f"{indicator}."):
                continue
            text = "\n".join(_texts(value_of(value.yaml)))
            for unit, number in gone:
                found = re.search(rf"(?<![\d,.]){re.escape(words.number(number))}{UNITS[unit]}", text)
                if found:
                    yield FormerNumber(change.path, path, found[0])


def _numbers(name: str, value: Any) -> Iterator[tuple[str, Decimal]]:
    """Every number of a value for which words have a unit."""
    match value:
        case dict():
            for key, held in value.items():
                yield from _numbers(str(key), held)
        case list():
            for held in value:
                yield from _numbers(name, held)
        case _ if name in UNITS and not isinstance(value, bool):
            try:
                yield name, Decimal(str(value)).normalize()
            except InvalidOperation:
                return


def _texts(value: Any) -> Iterator[str]:
    match value:
        case str():
            yield value
        case dict():
            for held in value.values():
                yield from _texts(held)
        case list():
            for held in value:
                yield from _texts(held)
