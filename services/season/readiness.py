"""What a season lacks beside a lead for each indicator: communes where nobody holds an office that leads."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date
from typing import NamedTuple

from domain.official import Office
from domain.vietnamese import sort_key
from infra.readmodels.reading import View
from projections.tables.officials import OFFICIALS, OfficialRow
from projections.tables.seasons import SeasonRow
from projections.tables.units import UNITS, UnitRow
from services.web.visit import Visit


class Unstaffed(NamedTuple):
    """A commune, and the offices that lead indicators there and that nobody holds."""

    commune: UnitRow
    offices: tuple[Office, ...]


async def unstaffed(visit: Visit, view: View, row: SeasonRow | None) -> list[Unstaffed]:
    """Those of a season that has not ended, as things stand today; none on a page of the past."""
    if row is None or row.has_ended or visit.past:
        return []
    units = {unit.code: unit for unit in await view.all(UNITS)}
    return lacking(row, await view.all(OFFICIALS), units, visit.today)


def lacking(
    row: SeasonRow, officials: Iterable[OfficialRow], units: Mapping[str, UnitRow], today: date
) -> list[Unstaffed]:
    """The communes of the season in which an office that leads some indicator is not held today, by name.

    Nobody there could enter the data of these indicators.
    """
    leading = list(dict.fromkeys(one.lead for one in row.assignments.values()))
    held = {(one.unit, one.position) for official in officials for one in official.in_force(today)}
    without = {code: tuple(one for one in leading if (code, one) not in held) for code in row.participants}
    found = [Unstaffed(units[code], offices) for code, offices in without.items() if offices]
    return sorted(found, key=lambda one: sort_key(one.commune.bare_name))
