"""The demonstration: every process on this machine, and five provinces told through the use cases.

`minhchuan demo` starts all and runs until Ctrl-C. `minhchuan demo --check` runs the acceptance walk, which stands in
`tests/acceptance` of a clone of the repository and is not installed with the product.
"""

from __future__ import annotations

import asyncio
import sys
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from importlib import import_module
from pathlib import Path

from infra.identity.tenants import IdentityProvider
from infra.platform import embedded
from infra.platform.config import Misconfigured, Settings
from infra.schema import migrate
from services.demo import provider, witnesses
from services.demo.provider import CLIENT
from services.demo.provinces import STORIES, Story
from services.demo.telling import take_in, tell_all
from services.operations.create_tenant import as_operator
from services.processes.supervise import PROGRAMS, Supervisor, kept_port, supervised
from services.visible import readable, shown
from services.wiring import wired

#: The demonstration's sign-in stands beside the processes of the house.
WITH_SIGN_IN = {**PROGRAMS, "provider": ("provider",)}

#: How often fallen processes are started again.
LOOK = 1.0

#: The folder that this program was installed from: a clone of the repository, if it holds the acceptance walk.
CLONE = Path(__file__).parents[2]


def run(given: Settings) -> int:
    """Start everything, tell the story, and keep running until interrupted."""
    begun = time.monotonic()
    with everything(given) as (settings, supervisor):
        print("Telling the story of five provinces …", flush=True)
        asyncio.run(tell(settings, STORIES))
        _welcome(settings, time.monotonic() - begun)
        _keep(settings, supervisor)
    return 0


def check(folder: Path | None) -> int:
    """Run the acceptance walk in a fresh data folder; its exit status. Raises Misconfigured where there is no clone."""
    if not (CLONE / "tests" / "acceptance" / "walking.py").is_file():
        raise Misconfigured(
            "--check runs the acceptance walk, tests/acceptance of the repository, which is not installed with this"
            " program: clone the repository and type `make demo ARGS=--check` there"
        )
    if str(CLONE) not in sys.path:
        sys.path.insert(0, str(CLONE))
    status: int = import_module("tests.acceptance.walking").check(folder)
    return status


@contextmanager
def everything(settings: Settings) -> Iterator[tuple[Settings, Supervisor]]:
    """Run all processes, with the demonstration's sign-in and witnesses; the settings name the port of the web."""
    settings = replace(settings, demonstration=True)
    settings = settings.listening(settings.port or kept_port(settings.folder, "web", settings.host))
    asyncio.run(migrate.everything(settings))
    with supervised(settings, {**WITH_SIGN_IN, **witnesses.programs(settings)}) as supervisor:
        supervisor.wait()
        yield settings, supervisor


async def tell(settings: Settings, stories: Iterable[Story]) -> None:
    """Take these provinces in and tell their stories; what is there already is left as it is."""
    async with wired(settings) as house, as_operator(settings) as operator:
        for story in stories:
            teller = await take_in(house, operator, story, provider_of(settings, story))
            await witnesses.trust(house, teller.tenant)
            await tell_all(teller)
            seal = await witnesses.cosigned(house, teller.tenant)
            print(
                shown(f"  {story.slug}: {seal.position} facts, cosigned {len(seal.cosigned)} of {seal.witnesses}"),
                flush=True,
            )


def provider_of(settings: Settings, story: Story) -> IdentityProvider:
    """Where the people of a province sign in."""
    return IdentityProvider(f"{provider.base_url(settings)}/{story.slug}", CLIENT)


def _welcome(settings: Settings, seconds: float) -> None:
    print(readable(f"\nReady after {seconds:.0f} s. Open {settings.public_url}/ and choose a province:\n"))
    for story in STORIES:
        print(shown(f"  {settings.public_url}/t/{story.slug}/bang/{story.year}"))
    print("\nSign in as any official, by position; no password. All figures are made up.\nCtrl-C stops everything.")


def _keep(settings: Settings, supervisor: Supervisor) -> None:
    while True:
        time.sleep(LOOK)
        revive(settings, supervisor)


def revive(settings: Settings, supervisor: Supervisor) -> None:
    """Start again whatever has ended of the servers and the processes, and say so."""
    fallen: list[str] = []
    try:
        fallen += embedded.revive(settings)
    except embedded.Unavailable as reason:
        print(readable(f"{reason}. It is tried again; Ctrl-C stops everything."), flush=True)
    for name in [*fallen, *supervisor.revive()]:
        print(readable(f"{name} had ended and was started again; why, see {supervisor.log(name)}"), flush=True)
