"""Signing in and out in a real browser, at a real provider that passes other origins on the way."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path

import httpx
import pytest
import pytest_asyncio
from granian.constants import Interfaces
from granian.server.embed import Server
from playwright.async_api import Browser, Page, Route

from infra.identity.sessions import Sessions
from infra.identity.tenants import Tenant
from infra.platform.config import Settings
from services.processes.supervise import kept_port
from services.web.app import web_application
from services.wiring import wired
from tests.acceptance.browsing import Browser as Walker
from tests.browser.conftest import closed
from tests.browser.looking import keep, overflowing, violations
from tests.web.signing import OFFICIAL, Provider, provider_for, settle

pytestmark = [pytest.mark.slow_browser, pytest.mark.asyncio(loop_scope="session")]


@dataclass(frozen=True)
class Site:
    """Two provinces whose pages are at `base`, and their provider."""

    services: Settings
    base: str
    provider: Provider
    provinces: list[Tenant]

    @property
    def home(self) -> str:
        return f"{self.base}/t/{self.provinces[0].slug}"

    @property
    def others(self) -> list[str]:
        """Two origins that are neither the provider's of the first province nor ours."""
        first, second = self.provider.issuers
        return [first.replace("127.0.0.1", "localhost"), second]

    @asynccontextmanager
    async def started(self) -> AsyncIterator[Sessions]:
        """The pages are served by a process that has not been asked anything yet; its sessions."""
        settings = replace(self.services, public_url=self.base)
        async with wired(settings) as house:
            port = int(self.base.rpartition(":")[2])
            server = Server(web_application(house), port=port, interface=Interfaces.ASGI, log_enabled=False)
            serving = asyncio.create_task(server.serve())
            try:
                await answering(f"{self.base}/healthz")
                yield house.sessions
            finally:
                server.stop()  # type: ignore[no-untyped-call]
                await serving


async def answering(address: str) -> None:
    async with httpx.AsyncClient() as client:
        for _ in range(500):
            with suppress(httpx.TransportError):
                await client.get(address)
                return
            await asyncio.sleep(0.02)
    raise AssertionError(f"no answer from {address}")


@pytest.fixture(scope="module")
def provider(services: Settings, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, Provider]]:
    folder: Path = tmp_path_factory.mktemp("site")
    base = f"http://127.0.0.1:{kept_port(folder, 'web')}"
    with provider_for(base) as running:
        yield base, running


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def site(services: Settings, provider: tuple[str, Provider]) -> Site:
    base, running = provider
    return Site(services, base, running, await settle(services, running))


@pytest_asyncio.fixture(loop_scope="session", params=[True, False], ids=["scripts", "no scripts"])
async def page(chromium: Browser, request: pytest.FixtureRequest) -> AsyncIterator[Page]:
    context = await chromium.new_context(java_script_enabled=request.param, locale="vi-VN")
    context.set_default_timeout(15_000)
    yield await context.new_page()
    await closed(context)


async def sign_in(page: Page, site: Site) -> None:
    await page.goto(f"{site.home}/dang-nhap")
    await page.locator("main form button.primary").click()
    await page.wait_for_url(f"{site.home}/viec")


async def session_of(page: Page) -> str:
    return next(one["value"] for one in await page.context.cookies() if one["name"] == "session")


async def test_the_first_request_after_a_restart_signs_in_through_other_origins(site: Site, page: Page):
    await site.provider.control(through=site.others)
    passed: list[str] = []
    page.on("request", lambda request: passed.append(request.url))
    async with site.started():
        await sign_in(page, site)

    for origin in site.others:
        assert any(url.startswith(f"{origin}/_pass") for url in passed)


async def test_the_browser_of_the_demonstration_goes_on_as_others_do(site: Site):
    await site.provider.control(through=site.others)
    async with site.started():
        browser = Walker(site.base)
        begun = await browser.get(f"{site.home}/dang-nhap?tiep=/t/{site.provinces[0].slug}/them")
        inside = await browser.send(begun, begun.form("dang-nhap"))
        await browser.close()

    assert inside.url == f"{site.home}/them"


async def test_signing_out_through_other_origins_ends_with_us(site: Site, page: Page):
    await site.provider.control(through=site.others)
    async with site.started() as sessions:
        await sign_in(page, site)
        session = await session_of(page)
    async with site.started() as sessions:
        await page.goto(f"{site.home}/them")
        await page.locator('main form[action$="/dang-xuat"] button').click()
        await page.locator('button[name="logout"]').click()  # the provider asks

        await page.wait_for_url(f"{site.home}/dang-xuat")
        assert await sessions.find(session) is None


async def test_what_was_typed_before_the_session_ended_is_sent_after_signing_in(site: Site, page: Page):
    await site.provider.control(through=site.others)
    async with site.started() as sessions:
        await sign_in(page, site)
        tenant, issuer = site.provinces[0].id, site.provider.issuers[0]
        await sessions.open(tenant=tenant, issuer=issuer, subject=OFFICIAL, id_token="")  # at another machine
        await page.goto(f"{site.home}/them")
        await sessions.end(await session_of(page))
        await page.locator('main form[action$="/ket-thuc-phien"] button').first.click()
        await page.locator("main form button.primary").click()

        await page.wait_for_url(f"{site.home}/dang-nhap/gui-lai?**")
        await page.locator("main form button.primary").click()
        await page.wait_for_url(f"{site.home}/them")


async def test_two_sign_ins_begun_in_two_tabs_both_end_at_work(site: Site, page: Page):
    await site.provider.control()
    async with site.started():
        provider, other = f"{site.provider.issuers[0]}/auth?**", await page.context.new_page()
        await page.route(provider, lambda route: route.abort())  # the first tab gets no further for now
        await page.goto(f"{site.home}/dang-nhap")
        async with page.expect_request(provider) as asked:
            await page.locator("main form button.primary").click()
        await sign_in(other, site)
        await page.unroute(provider)

        async with page.expect_request("**/dang-nhap/ve?**") as answer:
            await page.goto((await asked.value).url)
        await page.wait_for_url(f"{site.home}/viec")

        await page.goto((await answer.value).url)  # as by Back
        await page.wait_for_url(f"{site.home}/viec?van-dang-nhap=1")


async def staying(route: Route) -> None:
    """The page as it is answered, but for what makes it go on."""
    answer = await route.fetch()
    headers = {name: value for name, value in answer.headers.items() if name != "refresh"}
    await route.fulfill(response=answer, headers=headers)


@pytest.mark.parametrize("width", [1366, 360])
@pytest.mark.parametrize("page", [True], indirect=True)
async def test_the_page_that_goes_on_by_itself_looks_like_ours(site: Site, page: Page, width: int):
    await site.provider.control()
    async with site.started():
        await page.set_viewport_size({"width": width, "height": 800})
        await page.goto(f"{site.home}/dang-nhap")
        await page.route(f"{site.home}/dang-nhap", staying)
        await page.locator("main form button.primary").click()

        assert await page.locator("main a.primary").get_attribute("href")
        assert not await overflowing(page)
        assert not await violations(page)
        await keep(page, f"signin-onward-{width}")
