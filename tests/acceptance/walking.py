"""The acceptance walk, `minhchuan demo --check`: the demonstration's story, walked over HTTP by signed-in people.

One commune is walked from the plan to the published decision; the rest is told meanwhile.

Everything that people do here they do with pages and forms, signed in at the demonstration provider, each by the
position that may (`steps`). Other communes and provinces are told through the use cases in the background. At the end
the boards of all provinces are read and must say what the story promises (`outcomes`); then the one recognition that
does not hold is reviewed and taken back (`inspection`), a rulebook is corrected while everybody works on
(`correcting`), and all read models are held against the log.
"""

from __future__ import annotations

import asyncio
import re
import shutil
import tempfile
import time
from collections.abc import Awaitable, Callable, Coroutine
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any, NamedTuple, Self

from domain.official import Office
from infra.identity.tenants import Tenants
from infra.platform import embedded
from infra.platform.config import Misconfigured, Settings, read_settings
from projections.catalogue import PROJECTIONS
from services.app import App
from services.demo import everything
from services.demo.offices import office_key, seat_key
from services.demo.provinces import BINH_PHUOC, Story
from services.demo.telling import StoryBuilder
from services.operations.create_tenant import as_operator
from services.visible import readable, shown
from services.wiring import wired
from tests.acceptance.browsing import PATIENCE, Browser, Page, Unexpected

#: The commune whose every step is walked: the first of Chơn Thành.
WALKED = BINH_PHUOC.dossiers[0]


class Done(NamedTuple):
    """A step that was tried: its name, its seconds, why it failed ("" when it did not)."""

    name: str
    seconds: float
    failure: str = ""


def check(folder: Path | None) -> int:
    """Start everything in a fresh folder, walk the story, stop all; the exit status.

    A temporary folder is made where none is named; it is kept when the walk fails, for its logs. Raises Misconfigured
    for a folder that holds a demonstration already.
    """
    begun = time.monotonic()
    if folder is not None and (folder / "web.port").exists():
        raise Misconfigured(f"{folder} holds a demonstration already; --check walks a fresh one: name another folder")
    fresh = folder or Path(tempfile.mkdtemp(prefix="minhchuan-check-"))
    kept = folder is not None
    try:
        with embedded.services(read_settings(fresh)) as given, everything(given) as (settings, _):
            failed = walk(settings, begun)
        kept = kept or failed != 0
    except Exception:
        kept = True
        raise
    finally:
        if not kept:
            shutil.rmtree(fresh)
    return failed


def walk(settings: Settings, begun: float) -> int:
    """Walk and print each step with its seconds; the exit status. `begun`: when everything began (monotonic)."""
    print(shown(f"{'step':<62} {'seconds':>8}  result"))
    _say(Done("everything started", time.monotonic() - begun))
    failed = asyncio.run(_walk(settings))
    _say(Done("total", time.monotonic() - begun, failed.failure if failed else ""))
    if failed:
        print(readable(f"\n{failed.name}: {failed.failure}\nThe logs: {settings.folder}/*.log"))
    return 1 if failed else 0


async def _walk(settings: Settings) -> Done | None:
    """The step that failed; the walk ends with it."""
    from tests.acceptance.correcting import CORRECTING
    from tests.acceptance.inspection import INSPECTION
    from tests.acceptance.outcomes import AGREEMENT, OUTCOMES
    from tests.acceptance.steps import STEPS

    async with AsyncExitStack() as stack:
        house = await stack.enter_async_context(wired(settings))
        operator = await stack.enter_async_context(as_operator(settings))
        story = await stack.enter_async_context(Walk(house, operator))
        for name, step in (*STEPS, *OUTCOMES, *INSPECTION, *CORRECTING, *AGREEMENT):
            begun = time.monotonic()
            failure = await _failure(_settled(story, step))
            done = Done(name, time.monotonic() - begun, failure)
            _say(done)
            if failure:
                return done
    return None


async def _settled(story: Walk, step: Callable[[Walk], Awaitable[None]]) -> None:
    """Take the step once the read models show what others did before: a page waits only for one's own command."""
    await story.settled()
    await step(story)


async def _failure(step: Awaitable[None]) -> str:
    """Why the step failed, "" when it did not."""
    try:
        await step
    except Unexpected as other:
        return str(other)
    except Exception as crash:  # noqa: BLE001 - whatever it was, it is told and the walk ends in order
        return f"{type(crash).__name__}: {crash}"
    return ""


def _say(step: Done) -> None:
    print(shown(f"{step.name:<62} {step.seconds:>8.2f}  {'FAILED' if step.failure else 'ok'}"), flush=True)


class Walk:
    """The people with their browsers, what goes on in the background, and what one step leaves for the next."""

    #: Tells what is not walked; set when the province is taken in.
    teller: StoryBuilder
    #: The key of the council's meeting.
    meeting: str
    #: The position of the log when the dossier had just been submitted.
    submitted: int
    #: The position at which the paper was attached that a flag leads to.
    suspected: int
    #: The position of the log when the recognition that does not hold still stood.
    unrevoked: int
    #: The hash of the finished document.
    sha256: str
    #: The position of the log before a rulebook was corrected, what the pages of the closed year said then by their
    #: addresses, and the facts that the proof package of one of its decisions holds.
    uncorrected: int
    pages: dict[str, str]
    proven: set[str]

    def __init__(self, house: App, operator: Tenants) -> None:
        self.house = house
        self.operator = operator
        self._browsers: dict[str, Browser] = {}
        self._background: dict[str, asyncio.Task[Any]] = {}

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        for task in self._background.values():
            task.cancel()
        await asyncio.gather(*self._background.values(), return_exceptions=True)
        for browser in self._browsers.values():
            await browser.close()

    # Meanwhile ----------------------------------------------------------------------------------------

    def meanwhile(self, name: str, telling: Coroutine[Any, Any, Any]) -> None:
        """Tell this in the background."""
        self._background[name] = asyncio.create_task(telling)

    async def told(self, name: str) -> None:
        """Wait until it was told and pages can show it; what went wrong there goes wrong here."""
        await self._background[name]
        await self.settled()

    async def settled(self) -> None:
        """Wait until every province's read models hold what its log holds now."""
        for tenant in await self.operator.all():
            position = await self.house.store.position(tenant)
            if not await self.house.reads.reached(tenant, position, PROJECTIONS, PATIENCE):
                raise Unexpected(f"expected the read models of {tenant.name} to catch up with the log")

    # People -------------------------------------------------------------------------------------------

    async def by(self, key: str, story: Story = BINH_PHUOC) -> Browser:
        """The browser of this person, signed in at the province's provider."""
        name = f"{story.slug}/{key}"
        if name not in self._browsers:
            browser = self._open(name)
            page = await browser.get(f"/t/{story.slug}/dang-nhap")
            choice = await browser.send(page, page.form("dang-nhap"))
            home = await browser.send(choice, choice.form("authorize"), {"subject": key})
            if not home.url.endswith(f"/t/{story.slug}/viec"):
                raise Unexpected(f"expected {key} signed in and at work; came to {home.url}: {home.gist}")
        return self._browsers[name]

    def anybody(self) -> Browser:
        """A browser in which nobody is signed in."""
        return self._browsers.get("") or self._open("")

    async def officer(self, position: Office, commune: str = WALKED.commune) -> Browser:
        """An officer of the walked commune."""
        return await self.by(office_key(commune, position))

    async def department(self) -> Browser:
        return await self.by(office_key(BINH_PHUOC.province, Office.JUSTICE_DEPARTMENT))

    async def member(self, number: int) -> Browser:
        """A member of the council: 0 is the chair, 2 the secretary, who is also the appraiser."""
        return await self.by(seat_key(BINH_PHUOC.decided_by, number))

    async def decider(self) -> Browser:
        return await self.by(office_key(BINH_PHUOC.decided_by, Office.DISTRICT_CHAIRMAN))

    async def inspector(self, story: Story = BINH_PHUOC) -> Browser:
        return await self.by(office_key(story.province, Office.INSPECTOR), story)

    # Places -------------------------------------------------------------------------------------------

    def at(self, place: str, *rest: str) -> str:
        """An address of the walked season: `at("ho-so")` is the walked commune's dossier."""
        return "/".join([f"/t/{BINH_PHUOC.slug}/{place}/{BINH_PHUOC.year}", *(rest or (WALKED.commune,))])

    def season(self, place: str = "mua") -> str:
        """An address of the whole season, such as its board."""
        return f"/t/{BINH_PHUOC.slug}/{place}/{BINH_PHUOC.year}"

    def _open(self, name: str) -> Browser:
        self._browsers[name] = Browser(self.house.settings.public_url)
        return self._browsers[name]


def position_of(page: Page) -> int:
    """The position of the log that the page was made from, as its foot says."""
    found = re.findall(r"#([\d.]+)", page.text)
    if not found:
        raise Unexpected(f"expected the position of the log on {page.url}: {page.gist}")
    return int(found[-1].replace(".", ""))
