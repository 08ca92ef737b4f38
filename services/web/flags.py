"""The flags of a season as pages show them, kept for as long as nothing they rest on has changed."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from domain.official import Mandate
from infra.readmodels import View
from projections.flags import MARKS, Flag, Known, Marks, flags_of
from projections.officials import OFFICIALS
from projections.seasons import SeasonRow
from projections.standings import STANDINGS, Standing
from services.verdicts import judged
from services.web.request import Visit


async def flags_at(visit: Visit, view: View, row: SeasonRow) -> list[Flag]:
    """Every flag of the season at the view's moment, those set aside among them."""
    key = ("flags", visit.tenant.id, row.season, view.position)
    known = visit.web.kept.get(key)
    if isinstance(known, list):
        return known
    if view.is_past:
        marks = await view.all(MARKS, row.season)  # folded from the nearest snapshot
    else:
        marks = await visit.house.flagging.marks(visit.tenant, row.season, view.position)
    standings = await view.all(STANDINGS, row.season)
    officials = await view.all(OFFICIALS)
    mandates = {str(mandate.id): mandate for official in officials for mandate in official.mandates}
    # In a thread, so that others are served meanwhile: a season has some 15,000 files.
    flags = await asyncio.to_thread(_held_against_the_rules, visit, marks, standings, mandates, row)
    visit.web.kept.put(key, flags)
    return flags


def _held_against_the_rules(
    visit: Visit, marks: Sequence[Marks], standings: Sequence[Standing], mandates: dict[str, Mandate], row: SeasonRow
) -> list[Flag]:
    rulebook = visit.house.rulebooks[row.rulebook]
    verdicts = {one.commune: judged(one, rulebook).verdict for one in standings}
    return flags_of(marks, Known(mandates, verdicts, rulebook))
