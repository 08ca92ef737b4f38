"""What the web process holds in memory: `python -m tests.fault.memory --requests 10000 --downloads 20`.

Hostile requests of the fuzz, in steps, then large files taken away side by side. Prints the resident memory of the
process and of those it started before, between and after; status 1 when it goes on growing.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import shutil
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from infra.platform import embedded
from infra.platform.config import MEGABYTE, read_settings
from infra.storage.files import LIMIT
from services.wiring import wired
from tests.fault.fuzz import routes, send_all
from tests.fault.street import PEOPLE, WEB, Street, opened, request
from tests.provinces.story import COMMUNE, Story

#: Requests between two looks.
STEP = 2_000

#: What the last half of the requests may add, and what all downloads together may: far less than what is sent.
GROWTH = 40 * MEGABYTE
HANDED_OUT = 60 * MEGABYTE


class Downloads(NamedTuple):
    """Files taken away side by side: what was in use before and at most meanwhile, and how many bytes came."""

    before: int
    most: int
    taken: int


async def mixed(street: Street, requests: int, seed: int) -> list[int]:
    """Memory before, after each step, and at the end."""
    seen = [street.resident()]
    for first in range(0, requests, STEP):
        await send_all(street, routes(), range(first, min(first + STEP, requests)), seed)
        seen.append(street.resident())
        print(f"  after {min(first + STEP, requests):>6,} requests  {seen[-1] / MEGABYTE:>6.0f} MB", flush=True)
    return seen


async def downloads(street: Street, many: int, size: int = LIMIT) -> Downloads:
    """Take one file away so many times at once."""
    path = await _a_large_file(street, size)
    seat = await street.signed_in(PEOPLE[1])
    before = most = street.resident()
    taking = [asyncio.create_task(_taken(street, path, seat.cookie)) for _ in range(many)]
    while not all(one.done() for one in taking):
        most = max(most, await asyncio.to_thread(street.resident))
        await asyncio.wait(taking, timeout=0.1)
    return Downloads(before, most, sum(await asyncio.gather(*taking)))


async def _a_large_file(street: Street, size: int) -> str:
    """Where a file of this size lies."""
    head = b"%PDF-1.7\n"
    async with wired(street.settings) as house:
        story = await Story(house, street.tenant, "").opened()
        await story.attach("TC1.CT1", content=head + os.urandom(size - len(head)))
        (held,) = (await story.dossier()).entries["TC1.CT1"].evidence.values()
    return f"/t/{street.tenant.slug}/ho-so/{story.season}/{COMMUNE}/minh-chung/{held.id}"


async def _taken(street: Street, path: str, cookie: str) -> int:
    """How many bytes came."""
    reader, writer = await asyncio.open_connection(street.settings.host, street.settings.port)
    writer.write(request("GET", path.encode(), {b"Cookie": cookie.encode()}))
    taken = 0
    while chunk := await reader.read(65_536):
        taken += len(chunk)
    writer.close()
    return taken


def main(given: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        prog="python -m tests.fault.memory", description=(__doc__ or "").partition("\n")[0]
    )
    parser.add_argument("--requests", type=int, default=10_000, help="default: %(default)s")
    parser.add_argument("--downloads", type=int, default=20, help="at once; default: %(default)s")
    parser.add_argument("--seed", type=int, default=11, help="of what is sent; default: %(default)s")
    asked = parser.parse_args(given)
    folder = Path(tempfile.mkdtemp(prefix="minhchuan-memory-"))
    with embedded.services(read_settings(folder, {}), durable=False) as settings, opened(settings, WEB) as street:
        print(f"  before any request    {street.resident() / MEGABYTE:>6.0f} MB", flush=True)
        seen = asyncio.run(mixed(street, asked.requests, asked.seed))
        found = asyncio.run(downloads(street, asked.downloads))
    print(
        f"  {asked.downloads} downloads at once of {LIMIT // MEGABYTE} MB: {found.taken / MEGABYTE:.0f} MB came, "
        f"memory rose by {(found.most - found.before) / MEGABYTE:.0f} MB from {found.before / MEGABYTE:.0f} MB"
    )
    shutil.rmtree(folder)
    came = found.taken >= asked.downloads * LIMIT
    return int(seen[-1] > seen[len(seen) // 2] + GROWTH or found.most > found.before + HANDED_OUT or not came)


if __name__ == "__main__":
    sys.exit(main())
