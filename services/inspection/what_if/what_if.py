"""A season judged by another rule."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from domain.rulebook import Rulebook
from domain.working_days import Calendar
from infra.platform.slicing import in_slices
from infra.readmodels.reading import View
from projections.analysis.what_if import Side, side_of
from projections.tables.sheets import SHEETS, SheetRow
from projections.tables.standings import STANDINGS, Standing, counted


async def sides_of(
    view: View, season: str, text_of: Callable[[Standing], Rulebook], other: Rulebook, calendar: Calendar
) -> list[Side]:
    """Every commune of the season under its text and under the other, by commune."""
    standings = counted(await view.all(STANDINGS, season))
    stranger = any(text_of(one).sha256 != other.sha256 for one in standings)
    sheets = {one.commune: one for one in await view.all(SHEETS, season)} if stranger else {}
    return await in_slices(
        side_of(one, text_of(one), other, _measured(sheets, one, text_of(one), other), calendar) for one in standings
    )


def _measured(
    sheets: Mapping[str, SheetRow], standing: Standing, rulebook: Rulebook, other: Rulebook
) -> SheetRow | None:
    """The sheet to be judged anew from what was measured; None where the text is the same."""
    return sheets.get(standing.commune) if rulebook.sha256 != other.sha256 else None
