"""What do people wait who share the house: with many others, with heavy questions, with somebody who floods it?

The ground is that of `serving`: a season of 200 communes over a real web process with its workers. Pages are the task
list and the dossier of officers, and the board, in turn. The load and the database share the cores with it, so figures
are shares of this machine; of one run, with and without what is added, the ratio says what that costs.
"""

import asyncio
import itertools
import sys
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

from infra.platform.config import Settings
from tests.bench.serving import (
    BOUNDED,
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
WARM = 5.0
COMMANDS = 20
HEAVY = 4
ASKED = 20
FLOOD = 8

#: Seconds after which somebody who was refused asks again, and for which the last heavy pages are waited for.
PATIENCE = 1.0

#: Stands for the status of what was not answered in time.
LATE = 0


async def rows(services: Settings) -> list[dict[str, Any]]:
    """mixed-50, mixed-100, each also with heavy pages; neighbour."""
    async with prepared(services) as ground:
        await paced(ground, pages(ground), 20, WARM)
        await heavily(ground, Counter(), 1, WARM)
        found = [await mixed(ground, rate, heavy) for rate in (50, 100) for heavy in (0, HEAVY)]
        return [*found, await neighbour(ground)]


async def mixed(ground: Ground, rate: int, heavy: int) -> dict[str, Any]:
    """Pages at this rate beside 20 commands a second, and so many heavy pages a second."""
    asked: Counter[int] = Counter()
    beside: list[asyncio.Task[Any]] = [asyncio.create_task(paced(ground, scoring(ground), COMMANDS, SECONDS))]
    if heavy:
        beside.append(asyncio.create_task(heavily(ground, asked, heavy, SECONDS)))
    times = await paced(ground, pages(ground), rate, SECONDS)
    await asyncio.gather(*beside)
    name = f"mixed-{rate}{'-heavy' if heavy else ''}"
    against = f"{LIMIT} ms" + (f" ({said(asked)})" if heavy else "")
    return row(name, p(times, 95), "ms p95", against, p(times, 95) / LIMIT)


async def neighbour(ground: Ground) -> dict[str, Any]:
    """An officer's pages while another person asks 20 heavy pages at a time, and somebody floods the register."""
    mine = pages(ground)
    alone = await paced(ground, mine, 10, SECONDS)
    asked: Counter[int] = Counter()
    questions = heavy_pages(ground, one_person=True)
    beside = [asyncio.create_task(again_and_again(ground, questions, asked)) for _ in range(ASKED)]
    async with flooded(ground) as answers:
        shared = await paced(ground, mine, 10, SECONDS)
    for task in beside:
        task.cancel()
    failed = [one for one in await asyncio.gather(*beside, return_exceptions=True) if isinstance(one, Exception)]
    if failed:
        raise failed[0]
    against = f"{p(alone, 95):.1f} ms alone ({said(asked)}; {answers[0] / SECONDS:.0f} registers/s)"
    return row("neighbour", p(shared, 95), "ms p95", against, p(shared, 95) / p(alone, 95))


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


def heavy_pages(ground: Ground, *, one_person: bool = False) -> Callable[[], bytes]:
    """What takes the processor long: of one person who sees everything, or what-if pages each of another."""
    turns = itertools.count()
    leads = list(ground.leads.items())
    home = f"/t/{ground.tenant.slug}"

    def question() -> bytes:
        turn = next(turns)
        code, seat = leads[turn % len(leads)]
        words = "+".join(f"tu{turn}{letter}" for letter in "abcdefghi")
        paths = (
            f"{home}/gia-dinh/{SEASON}/{code}?tap=3",
            f"{home}/nhat-ky?tim={words}",
            f"{home}/dau-hieu/{SEASON}",
        )
        if turn % 3 == 0 and not one_person:
            return request("GET", paths[0], f"Cookie: {seat.cookie}\r\n")
        return get(ground, paths[turn % 3])

    return question


async def heavily(ground: Ground, asked: Counter[int], rate: int, seconds: float) -> None:
    """So many heavy pages a second, each on a connection of its own; nobody waits for the last of them for long."""
    make = heavy_pages(ground)
    under_way = []
    for _ in range(int(rate * seconds)):
        under_way.append(asyncio.create_task(ask_once(ground, make(), asked)))
        await asyncio.sleep(1 / rate)
    done, late = await asyncio.wait(under_way, timeout=PATIENCE)
    for task in late:
        task.cancel()
    asked[LATE] += len(late)
    await asyncio.wait(under_way)
    for task in done:
        task.result()


async def ask_once(ground: Ground, question: bytes, asked: Counter[int]) -> None:
    async with connection(ground.address, BOUNDED) as send:
        asked[(await send(question)).status] += 1


async def again_and_again(ground: Ground, make: Callable[[], bytes], asked: Counter[int]) -> None:
    """Ask as soon as the last is answered, or a moment after it was refused, until cancelled."""
    async with connection(ground.address, BOUNDED) as send:
        while True:
            status = (await send(make())).status
            asked[status] += 1
            if status not in SUCCESS:
                await asyncio.sleep(PATIENCE)


def said(asked: Counter[int]) -> str:
    """How many were answered, of how many."""
    return f"{sum(asked[status] for status in SUCCESS)} of {asked.total()} heavy pages answered in time, others refused"


@asynccontextmanager
async def flooded(ground: Ground) -> AsyncIterator[list[int]]:
    """Somebody floods the register from a process of their own; afterwards, how many answers they got."""
    host, port = ground.address
    path = f"/t/{ground.tenant.slug}/cong-khai"
    flood = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "tests.bench._flood", host, str(port), path, str(FLOOD)),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
    )
    assert flood.stdout is not None
    await flood.stdout.readline()
    answers: list[int] = []
    try:
        yield answers
    finally:
        said, _ = await flood.communicate(b"")  # ends its standard input
    answers.append(int(said))
