"""The administrative units that ship: real ones before and after 1/7/2025, and one invented province.

Codes are texts: their zeros count. The invented province (code 99) is for showing what nobody real shall be
shown with; its names exist nowhere in the real data.
"""

from __future__ import annotations

import csv
from collections.abc import Iterable
from datetime import date
from enum import StrEnum
from functools import cache
from importlib import resources
from typing import NamedTuple

from domain.unit import Level
from domain.vietnamese import sort_key

#: The day from which there are communes and provinces only.
TWO_TIERS_FROM = date(2025, 7, 1)


class Era(StrEnum):
    """Which of the two administrations; the value is how the command line says it."""

    UNTIL_2025 = "until-2025-06-30"
    FROM_2025 = "from-2025-07-01"


class ShippedUnit(NamedTuple):
    """A unit of the shipped data; `name` without its type ("Cầu Diễn")."""

    code: str
    name: str
    unit_type: str
    level: Level
    parent: str | None
    valid_from: date | None

    @property
    def full_name(self) -> str:
        """With its type, as people write it ("Phường Cầu Diễn")."""
        return f"{self.unit_type} {self.name}"


class UnknownProvince(LookupError):
    """The shipped data has no province of this code in this administration."""


def provinces(era: Era) -> list[ShippedUnit]:
    """All provinces, in Vietnamese order."""
    return sorted((units[0] for units in _by_province(era).values()), key=lambda unit: sort_key(unit.name))


def units_of(province: str, era: Era) -> tuple[ShippedUnit, ...]:
    """The province itself, then its districts, then its communes. Raises UnknownProvince."""
    try:
        return _by_province(era)[province]
    except KeyError:
        raise UnknownProvince(province) from None


@cache
def _by_province(era: Era) -> dict[str, tuple[ShippedUnit, ...]]:
    rows = _rows(f"units_{era.value.replace('-', '_', 1)}.csv")
    if era is Era.UNTIL_2025:
        rows = [*rows, *_rows("invented.csv")]
    valid_from = TWO_TIERS_FROM if era is Era.FROM_2025 else None
    found: dict[str, dict[str, ShippedUnit]] = {}
    for row in rows:
        units = found.setdefault(row["province_code"], {})
        for unit in _of_row(row, valid_from):
            units.setdefault(unit.code, unit)
    order = list(Level)
    return {
        code: tuple(sorted(units.values(), key=lambda unit: (order.index(unit.level), unit.code)))
        for code, units in found.items()
    }


def _of_row(row: dict[str, str], valid_from: date | None) -> Iterable[ShippedUnit]:
    province = row["province_code"]
    kind = "Thành phố" if row["province"].startswith("Thành phố") else "Tỉnh"
    yield ShippedUnit(province, _apart(row["province"], kind)[0], kind, Level.PROVINCE, None, valid_from)
    above = province
    if district := row.get("district_code"):
        name, kind = _apart(row["district"], row["district_type"])
        yield ShippedUnit(district, name, kind, Level.DISTRICT, province, valid_from)
        above = district
    name, kind = _apart(row["commune"], row["type"])
    yield ShippedUnit(row["commune_code"], name, kind, Level.COMMUNE, above, valid_from)


def _rows(name: str) -> list[dict[str, str]]:
    text = (resources.files(__package__) / name).read_text("utf-8")
    return list(csv.DictReader(text.splitlines()))


def _apart(full_name: str, unit_type: str) -> tuple[str, str]:
    """Name and type. Where the type column contradicts the name (a few rows), the name is right."""
    for known in (unit_type, "Phường", "Xã", "Thị trấn"):
        if full_name.startswith(f"{known} "):
            return full_name.removeprefix(f"{known} "), known
    return full_name, unit_type
