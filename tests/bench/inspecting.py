"""How long do the pages of an inspection take, and for how long do they hold the event loop?

A province of a million facts, seasons of 200 communes and some 60,000 facts each; an inspector asks the real pages of
the web application in this process, so that its loop can be watched meanwhile. Cold is a process that has shown these
pages of another season, but none of this one: connections, plans and templates are warm, nothing of the season is
kept. Of the turns the median counts, for the loop too: what the machine's other work holds up is not ours.
MINHCHUAN_BENCH_FACTS makes the province smaller.
"""

import statistics
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any, NamedTuple

from infra.platform.config import Settings
from services.web import security
from services.wiring import wired
from tests.bench._seasons import INSPECTOR, ISSUER, Ground, a_province
from tests.bench.projecting import FACTS, Held, settled, watched
from tests.web.browser import Browser
from tests.web.signing import WEB, browsing

Row = dict[str, Any]

TURNS = 3

#: Milliseconds for which a page may hold the loop.
HELD = 25


class Asked(NamedTuple):
    """A page: its name and path, the milliseconds that it may take cold and warm, and how often it is asked warm.

    `{moment}` is another position near the end of the season each time, `{step}` one within every dossier.
    """

    name: str
    path: str
    cold: int | None
    warm: int | None
    again: int = 3


PAGES = (
    Asked("board-asof", "bang/{season}?asof={moment}", 300, 50),
    Asked("flags", "dau-hieu/{season}", None, None, again=1),
    Asked("flags-asof", "dau-hieu/{season}?asof={moment}", None, None),
    Asked("trace", "trach-nhiem/{season}/{commune}", 200, 200),
    Asked("replay-step", "phat-lai/{season}/{commune}?den={step}", 100, 100),
    Asked("replay-step-season", "phat-lai/{season}?den={step}", 100, 100),
    Asked("what-if", "gia-dinh/{season}/{commune}?nguong=C1:85", 300, 300),
    Asked("what-if-season", "gia-dinh/{season}?bo-tieu-chi=qd-27-2025", 1_000, 1_000),
)


class Took(NamedTuple):
    """Milliseconds until the answer was there, and how many of them this process worked."""

    wall: float
    work: float


class Taken(NamedTuple):
    """The first answer and each later one, and for how long the loop was held."""

    cold: Took
    warm: list[Took]
    held: Held


async def rows(services: Settings) -> list[Row]:
    """For each page its rows, cold, -warm and -loop-held."""
    ground = await a_province(services, FACTS)
    taken: dict[str, list[Taken]] = {asked.name: [] for asked in PAGES}
    for turn in range(TURNS):
        async with inspecting(services, ground) as browser:
            for asked in PAGES:
                await one(browser, ground, asked, ground.seasons[0], 0)
            for asked in PAGES:
                taken[asked.name].append(await several(browser, ground, asked, turn))
    return [row for asked in PAGES for row in figures(asked, taken[asked.name])]


def figures(asked: Asked, taken: list[Taken]) -> list[Row]:
    warm = [one for turn in taken for one in turn.warm]
    return [
        figure(asked.name, [turn.cold for turn in taken], asked.cold),
        figure(f"{asked.name}-warm", warm, asked.warm),
        loop_held(asked.name, [turn.held for turn in taken]),
    ]


def loop_held(name: str, held: list[Held]) -> Row:
    return figure(f"{name}-loop-held", [Took(turn.longest, turn.work) for turn in held], HELD)


def figure(name: str, taken: list[Took], budget: int | None) -> Row:
    """The median, what share of the budget it is, and beside it the longest and the median of the work."""
    value = statistics.median(one.wall for one in taken)
    work = statistics.median(one.work for one in taken)
    said = f"{work:.0f} ms of work; at most {max(one.wall for one in taken):.0f} ms"
    said += f"; budget {budget:,} ms" if budget else ""
    return {
        "name": name,
        "value": round(value, 1),
        "unit": "ms",
        "against": said,
        "ratio": round(value / budget, 2) if budget else None,
    }


@asynccontextmanager
async def inspecting(services: Settings, ground: Ground) -> AsyncIterator[Browser]:
    """A browser at a web application that has just started; an inspector has signed in."""
    async with wired(replace(services, public_url=WEB)) as house:
        session, _ = await house.sessions.open(tenant=ground.tenant.id, issuer=ISSUER, subject=INSPECTOR, id_token="")
        async with browsing(house) as browser, settled():
            browser.client.cookies.set(security.Cookies(WEB).session, session)
            yield browser


async def several(browser: Browser, ground: Ground, asked: Asked, turn: int) -> Taken:
    """The page of the last season, of a commune that nobody looked at, once and then again."""
    season = ground.seasons[-1]
    async with watched() as held:
        cold, *warm = [await one(browser, ground, asked, season, turn * 10 + time) for time in range(asked.again + 1)]
    return Taken(cold, warm, held)


async def one(browser: Browser, ground: Ground, asked: Asked, season: str, number: int) -> Took:
    """Ask for the page; RuntimeError when that is refused."""
    path = asked.path.format(
        season=season,
        commune=ground.communes[number // 10],
        moment=ground.ends[season] - 3_000 - 700 * number,
        step=ground.ends[season] - 30_000 + 50 * number,
    )
    begun, worked = time.perf_counter(), time.process_time()
    answer = await browser.get(f"/t/{ground.tenant.slug}/{path}")
    took = Took((time.perf_counter() - begun) * 1000, (time.process_time() - worked) * 1000)
    if answer.status_code != 200:
        raise RuntimeError(f"{answer.status_code} {path}: {answer.text[:600]}")
    return took
