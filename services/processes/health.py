"""`minhchuan health NAME`: whether a process lives, asked beside it, in its container or on its machine.

A web process and a witness are asked for an answer. The others listen nowhere: each writes from its event loop, every
few seconds, when it last went round, into the folder `MINHCHUAN_BEATS`; one that hangs or has died writes no more.
"""

from __future__ import annotations

import asyncio
import http.client
import os
import sys
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path

from infra.platform.config import Misconfigured, Settings
from services.visible import shown

#: Seconds between two beats, and without one after which a process counts as dead.
BEAT, LATE = 3.0, 30.0

#: Seconds for an answer.
PATIENCE = 5.0

#: What is asked of those who answer; a witness answers that it knows no such page.
PATHS: Mapping[str, str] = {"web": "/healthz", "witness": "/healthz"}

#: Those who show that they live by a beat.
BEATING = ("projector", "sealer", "worker-short", "worker-long")


def run(settings: Settings, name: str, port: int | None = None) -> int:
    """Say whether the process lives; 0 when it does, 1 when it does not. Raises Misconfigured."""
    dead = not_answering(name, port or settings.port) if name in PATHS else not_beating(settings, name)
    print(shown(f"{name}: {dead or 'lives'}"), file=sys.stderr if dead else sys.stdout)
    return int(bool(dead))


def not_answering(name: str, port: int) -> str:
    """Why the process that should listen there does not count as alive; "" when it does."""
    if not port:
        raise Misconfigured("MINHCHUAN_PORT, or --port, must say where the process listens")
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENCE)
    try:
        connection.request("GET", PATHS[name])
        status = connection.getresponse().status
    except (OSError, http.client.HTTPException) as reason:
        return f"does not answer on port {port} ({reason})"
    finally:
        connection.close()
    return f"answers {status}" if status >= http.HTTPStatus.INTERNAL_SERVER_ERROR else ""


def not_beating(settings: Settings, name: str) -> str:
    """Why the process that should beat does not count as alive; "" when it does."""
    if settings.beats is None:
        raise Misconfigured("MINHCHUAN_BEATS must name the folder in which the process shows that it lives")
    try:
        ago = time.time() - (settings.beats / name).stat().st_mtime
    except FileNotFoundError:
        return "has shown no sign of life yet"
    return f"has shown no sign of life for {ago:.0f} s" if ago > LATE else ""


@asynccontextmanager
async def beating(settings: Settings, name: str) -> AsyncIterator[None]:
    """Show that this process lives while the block lasts, where a folder for that is given."""
    if settings.beats is None:
        yield
        return
    settings.beats.mkdir(parents=True, exist_ok=True)
    task = asyncio.create_task(_beat(settings.beats / name))
    try:
        yield
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def _beat(file: Path) -> None:
    while True:
        file.touch()
        os.utime(file)
        await asyncio.sleep(BEAT)
