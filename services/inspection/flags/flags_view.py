"""The flags of a season as pages show them, kept for as long as nothing they rest on has changed."""

from __future__ import annotations

from itertools import chain
from typing import NamedTuple

from domain.errors import NotFound
from infra.platform.slicing import in_slices
from projections.analysis.flags import MARKS, Known, RaisedFlag, flags_of
from projections.tables.officials import OFFICIALS
from projections.tables.seasons import SEASONS, SeasonRow
from projections.tables.standings import STANDINGS, counted
from services.case.verdicts import judged
from services.web.visit import Visit


class Raised(NamedTuple):
    """Every flag of a season, those set aside among them, as of a position."""

    row: SeasonRow
    flags: list[RaisedFlag]
    position: int


async def flags_at(visit: Visit, season: str) -> Raised:
    """The flags as of the visit's moment. NotFound for a season that there is not."""
    async with visit.reads() as view:
        row = await view.one(SEASONS, season)
        if row is None:
            raise NotFound(season=season)
        position = view.position
        key = ("flags", visit.tenant.id, season, position)
        known = visit.site.kept.get(key)
        if isinstance(known, list):
            return Raised(row, known, position)
        standings = counted(await view.all(STANDINGS, season))
        officials = await view.all(OFFICIALS)
    # Marks have no table: now, too, they are folded, and no transaction may wait for that.
    async with visit.app.reads.at(visit.tenant, position) as then:
        marks = await then.all(MARKS, season)
    rulebooks = await visit.rulebooks()
    rulebook = rulebooks.text(row.rulebook_sha256)
    mandates = {str(mandate.id): mandate for official in officials for mandate in official.mandates}
    grants = {str(grant.mandate): grant for official in officials for grant in official.grants}
    texts = {
        one.commune: rulebooks.own_text(rulebook, one.rulebook_sha256, decided=not one.may_be_decided)
        for one in standings
    }
    verdicts = dict(await in_slices((one.commune, judged(one, texts[one.commune]).verdict) for one in standings))
    communes = await in_slices(flags_of(marks, Known(mandates, verdicts, rulebook, grants)))
    flags = list(chain.from_iterable(communes))
    visit.site.kept.put(key, flags)
    return Raised(row, flags, position)
