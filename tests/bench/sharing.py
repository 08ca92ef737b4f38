"""What do people wait who share the house: with many others, with heavy questions, with somebody who floods it?

The ground is that of `serving`: a season of 200 communes over a real web process. Pages are the task list and the
dossier of officers, and the board, in turn. Figures are shares of this machine, the load among them; of one run, with
and without what is added, the ratio says what that costs.
"""

import asyncio
import itertools
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from infra.config import Settings
from tests.bench.serving import (
    SEASON,
    SUCCESS,
    Ground,
    connection,
    get,
    p,
    paced,
    prepared,
    request,
    row,
    scoring,
)

LIMIT = 60
SECONDS = 15.0
COMMANDS = 20
HEAVY = 4
ASKED = 20
FLOOD = 8

#: What may be refused: more questions than one person has, a search text that is too long.
BOUNDED = SUCCESS | {422, 429, 503}


async def rows(services: Settings) -> list[dict[str, Any]]:
    """mixed-50, mixed-100, each also with heavy pages; neighbour."""
    async with prepared(services) as ground:
        found = [await mixed(ground, rate, heavy) for rate in (50, 100) for heavy in (0, HEAVY)]
        return [*found, await neighbour(ground)]


async def mixed(ground: Ground, rate: int, heavy: int) -> dict[str, Any]:
    """Pages at this rate beside 20 commands a second, and so many heavy pages a second."""
    beside = [asyncio.create_task(paced(ground, scoring(ground), COMMANDS, SECONDS))]
    if heavy:
        beside.append(asyncio.create_task(heavily(ground, heavy)))
    times = await paced(ground, pages(ground), rate, SECONDS)
    await asyncio.gather(*beside)
    name = f"mixed-{rate}{'-heavy' if heavy else ''}"
    return row(name, p(times, 95), f"ms p95, {heavy} heavy pages/s", f"{LIMIT} ms", p(times, 95) / LIMIT)


async def neighbour(ground: Ground) -> dict[str, Any]:
    """An officer's pages while another person asks 20 heavy pages at a time, and somebody floods the register."""
    mine = pages(ground)
    alone = await paced(ground, mine, 10, SECONDS)
    beside = [asyncio.create_task(again_and_again(ground, heavy)) for heavy in [questions(ground)] * ASKED]
    beside += [asyncio.create_task(again_and_again(ground, flood)) for flood in [flooding(ground)] * FLOOD]
    try:
        shared = await paced(ground, mine, 10, SECONDS)
    finally:
        for task in beside:
            task.cancel()
        done = await asyncio.gather(*beside, return_exceptions=True)
    failed = [one for one in done if isinstance(one, Exception)]
    if failed:
        raise failed[0]
    return row("neighbour", p(shared, 95), "ms p95", f"{p(alone, 95):.1f} ms alone", p(shared, 95) / p(alone, 95))


def pages(ground: Ground) -> Callable[[], bytes]:
    """The pages of people at work, in turn."""
    turns = itertools.count()
    leads = list(ground.leads.items())
    home = f"/t/{ground.tenant.slug}"

    def page() -> bytes:
        turn = next(turns)
        code, seat = leads[turn % len(leads)]
        path = (f"{home}/viec", f"{home}/ho-so/{SEASON}/{code}", f"{home}/bang/{SEASON}")[turn % 3]
        return request("GET", path, f"Cookie: {seat.cookie}\r\nAccept-Encoding: gzip\r\n")

    return page


def questions(ground: Ground) -> Callable[[], bytes]:
    """Heavy pages of one person."""
    turns = itertools.count()
    communes = list(ground.leads)

    def question() -> bytes:
        turn = next(turns)
        home = f"/t/{ground.tenant.slug}"
        words = "+".join(f"tu{turn}{letter}" for letter in "abcdefghi")
        paths = (
            f"{home}/gia-dinh/{SEASON}/{communes[turn % len(communes)]}?tap=3",
            f"{home}/nhat-ky?tim={words}",
            f"{home}/dau-hieu/{SEASON}",
        )
        return get(ground, paths[turn % 3])

    return question


def flooding(ground: Ground) -> Callable[[], bytes]:
    """The register for nobody in particular, with searches short and long."""
    turns = itertools.count()

    def flood() -> bytes:
        texts = ("", "?tim=xa", f"?tim={'a' * 6_000}")
        return request("GET", f"/t/{ground.tenant.slug}/cong-khai{texts[next(turns) % 3]}")

    return flood


async def heavily(ground: Ground, rate: int) -> list[float]:
    """So many heavy pages a second, each on a connection of its own."""
    make = questions(ground)
    asked = []
    for _ in range(int(rate * SECONDS)):
        asked.append(asyncio.create_task(once(ground, make())))
        await asyncio.sleep(1 / rate)
    await asyncio.gather(*asked)
    return []


async def once(ground: Ground, asked: bytes) -> None:
    async with connection(ground, BOUNDED) as send:
        await send(asked)


async def again_and_again(ground: Ground, make: Callable[[], bytes]) -> None:
    """Ask as soon as the last is answered, until cancelled."""
    with suppress(asyncio.CancelledError):
        async with connection(ground, BOUNDED) as send:
            while True:
                await send(make())
