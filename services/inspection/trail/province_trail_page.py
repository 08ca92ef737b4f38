"""The trail of the whole province: who did what about whom, found by every part of it. The address is the filter."""

from __future__ import annotations

from typing import NamedTuple

from projections.tables.councils import COUNCILS
from projections.tables.officials import OFFICIALS
from projections.tables.seasons import SEASONS
from projections.tables.tallies import TALLIES
from projections.tables.units import UNITS
from services.assessment.personal_view import values_said
from services.inspection.trail.filters import filter_of, part_of, practised, view_of
from services.inspection.trail.search import (
    ACTS,
    FoundFacts,
    Names,
    Object,
    Searching,
    about,
    describe,
    search_of,
)
from services.sentences import FactSentence
from services.web import urls
from services.web.handlers import page
from services.web.visit import PageResponse, Visit


class ProvinceTrailRow(NamedTuple):
    """One entry of the page."""

    told: FactSentence
    objects: tuple[Object, ...]


@page(urls.TRAIL_OF_PROVINCE, heavy=True)
async def show(visit: Visit) -> PageResponse:
    """Newest first, 50 at a time; `?truoc=` the next before a position, `?sau=` those after it.

    The filters are the parameters of `Asked`. What cannot be read as a moment is refused above an empty list.
    """
    await visit.own_write(OFFICIALS, UNITS, SEASONS, COUNCILS, TALLIES)
    searching = visit.app.part(Searching)
    reached = await searching.freshened(visit.tenant)
    filtered = await filter_of(visit)
    search = search_of(filtered.asked, visit.actor, filtered.names)
    upto = reached.position if visit.upto is None else visit.upto
    part = await part_of(visit, searching, search, upto, filtered)
    found = await searching.read(visit.tenant, part.positions, upto)
    last = reached.last if visit.upto is None else visit.upto
    lines = await lines_of(visit, found, filtered.names)
    return await visit.page(
        "trail/province.html",
        **await view_of(visit, filtered, part, ACTS),
        tab="facts",
        tab_url=visit.url.trail_of_province,
        here=visit.url.now().trail_of_province(),
        lines=lines,
        practised=practised(one for line in lines for one in line.objects),
        spelled=filtered.asked.spell(),
        indexed=reached.position if reached.position < last else None,
        position=upto,
    )


async def lines_of(visit: Visit, found: FoundFacts, names: Names) -> list[ProvinceTrailRow]:
    """The facts as the page shows them, newest first."""
    personal = await values_said(visit, found.facts)
    told = describe(found, names, visit.words, await visit.rulebooks(), personal)
    return [ProvinceTrailRow(one, about(one, names, visit.words)) for one in told[::-1]]


ROUTES = [show]
