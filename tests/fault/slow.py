"""Bodies that are begun and never ended, and what others get meanwhile: `python -m tests.fault.slow --bodies 1100`.

Prints how long a health check and a page take beside them, and what becomes of the bodies; status 1 when somebody was
kept out or a body was held for longer than it may be.
"""

from __future__ import annotations

import argparse
import asyncio
import shutil
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from infra.platform import embedded
from infra.platform.config import read_settings
from services.web import bodies
from tests.fault.street import WEB, Street, answer_of, opened, request

#: Seconds beyond its time in which a body must have been answered.
GRACE = 15.0

#: How often others ask meanwhile.
LOOKS = 12


@dataclass
class Seen:
    """What came of it: how the bodies ended, and how long others waited."""

    ended: Counter[str] = field(default_factory=Counter)
    waited: dict[str, list[float]] = field(default_factory=dict)
    refused: list[str] = field(default_factory=list)

    @property
    def ok(self) -> bool:
        return not self.refused and not self.ended["held"]


async def begin_bodies(street: Street, many: int) -> Seen:
    """Begin so many bodies, look at pages beside them, and wait for their end."""
    seen = Seen()
    head = {b"Content-Type": b"application/x-www-form-urlencoded", b"Content-Length": b"1000"}
    head[b"Origin"] = street.settings.public_url.encode()
    raw = request("POST", b"/ngon-ngu", head, b"to=")
    async with asyncio.TaskGroup() as group:
        for _ in range(many):
            group.create_task(_held(street, raw, seen))
        group.create_task(_beside(street, seen))
    return seen


async def _held(street: Street, raw: bytes, seen: Seen) -> None:
    try:
        async with asyncio.timeout(bodies.PATIENCE + GRACE):
            reader, writer = await asyncio.open_connection(street.settings.host, street.settings.port)
            writer.write(raw)
            answer = answer_of(await reader.read())
        seen.ended[f"{answer.status} {answer.code}"] += 1
        writer.close()
    except TimeoutError:
        seen.ended["held"] += 1
    except ConnectionError:
        seen.ended["closed"] += 1


async def _beside(street: Street, seen: Seen) -> None:
    await asyncio.sleep(0.5)
    for path in ("/healthz", "/") * LOOKS:
        begun = time.monotonic()
        answer = await street.get(path)
        seen.waited.setdefault(path, []).append(time.monotonic() - begun)
        if answer.status != 200:
            seen.refused.append(f"{path} {answer.status}")
        await asyncio.sleep(0.5)


def told(seen: Seen, many: int) -> list[str]:
    """What is printed."""
    lines = [f"{many} bodies begun and not ended"]
    for path, waited in seen.waited.items():
        lines.append(f"  beside them {path:<10} {len(waited)} answers, the slowest after {max(waited) * 1_000:.0f} ms")
    lines += [f"  not answered      {one}" for one in seen.refused]
    return lines + [f"  ended             {count:>5} × {how}" for how, count in seen.ended.most_common()]


def main(given: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.fault.slow", description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--bodies", type=int, default=1_100, help="default: %(default)s")
    asked = parser.parse_args(given)
    folder = Path(tempfile.mkdtemp(prefix="minhchuan-slow-"))
    with embedded.services(read_settings(folder, {}), durable=False) as settings, opened(settings, WEB) as street:
        seen = asyncio.run(begin_bodies(street, asked.bodies))
    print(*told(seen, asked.bodies), sep="\n")
    shutil.rmtree(folder)
    return int(not seen.ok)


if __name__ == "__main__":
    sys.exit(main())
