"""Seasons under a rulebook: those that are only planned follow the text to which the province goes over."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from itertools import count

from domain.fact import StreamName
from domain.rulebook import Rulebook
from domain.season import Season, State, possible_years, season_name, season_stream
from infra.readmodels.reading import View
from projections.tables.seasons import SEASONS, SeasonRow
from services.work import Streams, Work


async def planned_under(work: Work, rulebook: str) -> tuple[StreamName, ...]:
    """The streams of the seasons that are planned under a rulebook and were never opened: one that was converted may
    have dossiers, and is corrected from its page.

    What is recorded rests on all seasons of the years that can be planned: if one is opened meanwhile, all is decided
    anew.
    """
    found = []
    for year in possible_years(work.today):
        for practice in (False, True):
            async for name, season in _rounds(work, year, practice=practice):
                if season.follows(rulebook):
                    found.append(name)
    return tuple(found)


async def _rounds(work: Work, year: int, *, practice: bool) -> AsyncIterator[tuple[StreamName, Season]]:
    """The rounds of a year, or its rounds for practice, until there is none more."""
    for round_no in count(1):
        name = season_stream(season_name(year, round_no, practice=practice))
        season = await work.find(Season, name)
        if season is None:
            return
        yield name, season


def follow(streams: Streams, seasons: Sequence[StreamName], text: Rulebook, document_no: str | None) -> None:
    """Take these planned seasons to a text of their rulebook, by the document that the province names, if any."""
    codes = [one.code for one in text.indicators]
    for name in seasons:
        streams.get(Season, name).follow_rulebook(text.sha256, codes, document_no or "", text.without_text)


def follows(row: SeasonRow) -> bool:
    """Whether the season goes over to another text of its rulebook with the province: it was never opened."""
    return row.state is State.PLANNED and row.opened_on is None


async def seasons_under(view: View, rulebook: str) -> list[SeasonRow]:
    """The seasons under a rulebook, in whatever text, by year, rounds for practice last."""
    rows = [row for row in await view.all(SEASONS) if row.rulebook == rulebook]
    return sorted(rows, key=lambda row: (row.is_practice, row.order))
