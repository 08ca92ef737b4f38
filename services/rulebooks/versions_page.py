"""The texts of a rulebook that a province has or may take: what differs between two of them, and who follows which."""

from __future__ import annotations

from collections import Counter
from typing import NamedTuple

from domain.adoption import Adoption
from domain.rulebook import Rulebook
from infra.readmodels.reading import View
from projections.tables.adoptions import ADOPTIONS, UsedText
from projections.tables.officials import OFFICIALS
from projections.tables.seasons import SEASONS, SeasonRow
from projections.tables.standings import STANDINGS, counted
from services.rulebooks.planned_seasons import follows, seasons_under
from services.rulebooks.rulebook_page import difference, seen_of_rulebook
from services.rulebooks.value_words import number_of
from services.web import urls
from services.web.handlers import page
from services.web.visit import PageResponse, Visit


class Version(NamedTuple):
    """A text of the rulebook: whether it ships, whether a new season will follow it, and how it came into use, if it
    did. `kept_by` are seasons that went over to another text, with how many communes were decided by this one before.
    """

    text: Rulebook
    number: int
    shipped: bool
    is_next: bool
    taken: UsedText | None
    by: str
    kept_by: list[tuple[str, int]]


@page(urls.RULEBOOK + "/cac-ban", past=False)
async def show_versions(visit: Visit, rulebook: str) -> PageResponse:
    """All texts of the rulebook, and what differs between two of them, `?tu=` and `?den=`."""
    await visit.own_write(ADOPTIONS, SEASONS, STANDINGS)
    seen = await seen_of_rulebook(visit, rulebook)
    async with visit.reads() as view:
        seasons = await seasons_under(view, rulebook)
        kept = await _kept_texts(view, seasons)
        names = {one.person: one.name for one in await view.all(OFFICIALS)}
        row = await view.one(ADOPTIONS, rulebook)
    taken = {one.sha256: one for one in row.texts} if row else {}
    versions = [
        Version(
            one,
            number,
            visit.app.rulebooks.find(one.sha256) is not None,
            _is_used(seen.adoption, one.sha256),
            taken.get(one.sha256),
            names.get(taken[one.sha256].by, "") if one.sha256 in taken else "",
            [(season, count) for (season, sha256), count in kept.items() if sha256 == one.sha256],
        )
        for number, one in enumerate(seen.rulebooks.texts_of(rulebook), start=1)
    ]
    by_number = {str(one.number): one for one in versions}
    before, after = (by_number.get(visit.query(name) or "") for name in ("tu", "den"))
    between = before and after and difference(seen.rulebooks, before.text, after.text, visit)
    return await visit.page(
        "rulebooks/versions.html",
        rulebook=seen.text.rulebook,
        number_of=number_of,
        versions=versions,
        before=before,
        after=after,
        between=between,
        usual=usual(versions),
        seasons=seasons,
        number_by_text={one.text.sha256: one.number for one in versions},
        next_one=next((one for one in versions if one.is_next), None),
        lagging=[row for row in seasons if row.lags(seen.adoption.sha256 if seen.adoption else None)],
        following=[row for row in seasons if follows(row) and _is_used(seen.adoption, row.rulebook_sha256)],
        tried=[row for row in seasons if row.opened_on and before is not after],
    )


def usual(versions: list[Version]) -> tuple[Version | None, Version | None]:
    """What is compared mostly: the text in use, and the one that was in use before it."""
    taken = sorted((one for one in versions if one.taken), key=lambda one: one.taken.at)  # type: ignore[union-attr]
    return (taken[-2] if len(taken) > 1 else None, taken[-1] if taken else None)


def _is_used(adoption: Adoption | None, sha256: str) -> bool:
    return adoption is not None and adoption.sha256 == sha256


async def _kept_texts(view: View, seasons: list[SeasonRow]) -> Counter[tuple[str, str]]:
    """By season and text, how many communes, decided or listed by it, keep one that their season went on from."""
    found: Counter[tuple[str, str]] = Counter()
    for row in seasons:
        standings = counted(await view.all(STANDINGS, row.season)) if row.corrections else []
        found.update(
            (row.season, one.rulebook_sha256) for one in standings if one.rulebook_sha256 != row.rulebook_sha256
        )
    return found


ROUTES = [show_versions]
