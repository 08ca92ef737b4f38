"""A season judged by two texts of rulebooks, or by one with other thresholds."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

from domain.rulebook import Rulebook
from domain.working_days import Calendar
from infra.platform.slicing import in_slices
from infra.readmodels.reading import View
from projections.analysis.what_if import Side, side_of
from projections.tables.sheets import SHEETS, SheetRow
from projections.tables.standings import STANDINGS, Standing, counted

#: The text to judge a dossier by, of the text that it is judged by.
Choosing: TypeAlias = Callable[[Rulebook], Rulebook]


async def sides_of(
    view: View,
    season: str,
    own_of: Callable[[Standing], Rulebook],
    compared: tuple[Choosing, Choosing],
    calendar: Calendar,
) -> list[Side]:
    """Every commune of the season by the two texts that are compared, by commune; `own_of`: what it is judged by."""
    standings = counted(await view.all(STANDINGS, season))
    strange = any(choose(own).sha256 != own.sha256 for own in map(own_of, standings) for choose in compared)
    sheets = {one.commune: one for one in await view.all(SHEETS, season)} if strange else {}
    return await in_slices(_side(one, own_of(one), compared, sheets.get(one.commune), calendar) for one in standings)


def _side(
    standing: Standing, own: Rulebook, compared: tuple[Choosing, Choosing], row: SheetRow | None, calendar: Calendar
) -> Side:
    left, right = compared
    return side_of(standing, own, (left(own), right(own)), row, calendar)
