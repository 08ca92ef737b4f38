"""A season judged by another rule, a few communes at a time, so that others are served meanwhile."""

from __future__ import annotations

import asyncio

from domain.rulebook import Rulebook
from domain.working_days import Calendar
from infra.readmodels import View
from projections.sheets import SHEETS
from projections.standings import STANDINGS
from projections.whatif import Side, side_of

#: Communes judged at a time: the loop is held for some 5 ms.
BREATH = 20


async def sides_of(view: View, season: str, rulebook: Rulebook, other: Rulebook, calendar: Calendar) -> list[Side]:
    """Every commune of the season under its rulebook and under the other, by commune."""
    standings = await view.all(STANDINGS, season)
    stranger = other.id != rulebook.id
    sheets = {one.commune: one for one in await view.all(SHEETS, season)} if stranger else {}
    sides: list[Side] = []
    for number, standing in enumerate(standings):
        if number % BREATH == 0:
            await asyncio.sleep(0)
        sides.append(side_of(standing, rulebook, other, sheets.get(standing.commune), calendar))
    return sides
