"""A season judged by another rule."""

from __future__ import annotations

from domain.rulebook import Rulebook
from domain.working_days import Calendar
from infra.platform.slicing import in_slices
from infra.readmodels.reading import View
from projections.analysis.what_if import Side, side_of
from projections.tables.sheets import SHEETS
from projections.tables.standings import STANDINGS


async def sides_of(view: View, season: str, rulebook: Rulebook, other: Rulebook, calendar: Calendar) -> list[Side]:
    """Every commune of the season under its rulebook and under the other, by commune."""
    standings = await view.all(STANDINGS, season)
    stranger = other.id != rulebook.id
    sheets = {one.commune: one for one in await view.all(SHEETS, season)} if stranger else {}
    return await in_slices(side_of(one, rulebook, other, sheets.get(one.commune), calendar) for one in standings)
