"""A real browser before a real house: everything started and told once, each person signed in once."""

import asyncio
import shutil
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any, Protocol

import pytest
import pytest_asyncio
from playwright.async_api import Browser, BrowserContext, Page, async_playwright, expect

from infra.platform import embedded
from infra.platform.config import read_settings
from infra.schema import migrate
from tests.browser.house import Told, told
from tests.browser.looking import AXE
from tests.browser.places import WIDTHS, Somebody

#: What the browser may be called; the second has no window and needs less of the machine.
CHROMIUM = ("chromium", "chromium-headless-shell")
#: Runs as root in containers, and stays at home.
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
]

expect.set_options(timeout=30_000)


def program(names: Sequence[str]) -> str:
    """Where the first of these programs that the machine has lies; without any, the test fails with what to install."""
    for name in names:
        if path := shutil.which(name):
            return path
    pytest.fail(f"no browser on PATH: sudo apt-get install --no-install-recommends {names[0]} (or {names[1]})", False)


class Open(Protocol):
    """Opens a browser for somebody (nobody: None) at a width, with or without scripts."""

    async def __call__(self, who: Somebody | None, *, width: int = 1366, scripts: bool = True) -> Page: ...


@pytest_asyncio.fixture(scope="package", loop_scope="session")
async def house(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Told]:
    """A house with services of its own, gone when the last of these tests is done: its processes look after every
    province they find, and other tests make hundreds."""
    with embedded.services(read_settings(tmp_path_factory.mktemp("house")), durable=False) as settings:
        await migrate.control(settings)
        async with told(settings) as running:
            yield running


@pytest_asyncio.fixture(scope="package", loop_scope="session")
async def chromium() -> AsyncIterator[Browser]:
    assert AXE.exists(), "nothing to check accessibility with: npm ci --ignore-scripts --prefix tests/provider"
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=program(CHROMIUM), args=FLAGS)
        yield browser
        await closed(browser)


@pytest.fixture(scope="package")
def keys() -> dict[Somebody, Any]:
    """The cookies of everybody who has signed in."""
    return {}


@pytest_asyncio.fixture(loop_scope="session")
async def open_as(house: Told, chromium: Browser, keys: dict[Somebody, Any]) -> AsyncIterator[Open]:
    """Everything a test opened is closed after it."""
    opened: list[BrowserContext] = []

    async def open_page(who: Somebody | None, *, width: int = 1366, scripts: bool = True) -> Page:
        if who is not None and who not in keys:
            keys[who] = await signed_in(house, chromium, who)
        context = await chromium.new_context(
            base_url=house.base,
            viewport={"width": width, "height": WIDTHS[width]},
            java_script_enabled=scripts,
            locale="vi-VN",
            storage_state=keys[who] if who else None,
        )
        context.set_default_timeout(30_000)
        opened.append(context)
        return await context.new_page()

    yield open_page
    for context in opened:
        await closed(context)


async def closed(what: Browser | BrowserContext) -> None:
    """Close it, and wait for that a while only: Chromium 156 sometimes never answers it. Its process ends it then."""
    await asyncio.wait({asyncio.ensure_future(what.close())}, timeout=10)


async def signed_in(house: Told, chromium: Browser, who: Somebody) -> Any:
    """The cookies of a person who came in through the province's sign-in."""
    async with page_of(chromium) as page:
        await page.goto(f"{house.base}/t/{who.slug}/dang-nhap")
        await page.locator("main form button.primary").click()
        await page.locator(f'button[value="{who.key}"]').click()
        await page.wait_for_url(f"**/t/{who.slug}/viec")
        return await page.context.storage_state()


@asynccontextmanager
async def page_of(chromium: Browser) -> AsyncIterator[Page]:
    context = await chromium.new_context(java_script_enabled=False, locale="vi-VN")
    yield await context.new_page()
    await closed(context)
