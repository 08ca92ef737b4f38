"""The demonstration provider: everybody may come in, but only by the protocol, and only to our pages."""

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import replace
from urllib.parse import parse_qsl, urlsplit

import httpx
import pytest
from granian.constants import Interfaces
from granian.server.embed import Server
from litestar import Litestar

from infra.identity.oidc import Identity
from infra.identity.tenants import IdentityProvider, Tenant, Tenants
from infra.platform.config import Misconfigured, Settings
from infra.readmodels.projector import Projector
from projections.catalogue import PROJECTIONS
from services.demo import provider as demo_provider
from services.demo.provider import CLIENT, Post, ProviderProvince, Roster, UnitOfficials, create_provider
from services.wiring import wired
from tests.web.browser import Browser, forms_of
from tests.web.signing import WEB

BASE = "http://127.0.0.1:9999"
MAU = ProviderProvince(
    "Tỉnh Mẫu",
    (
        UnitOfficials("Huyện Mẫu", (Post("pho-phong", "Phòng Tư pháp", "Người minh hoạ 1"),)),
        UnitOfficials(
            "Xã Đồng Tâm", (Post("tpht", "Công chức Tư pháp - Hộ tịch", ""), Post("ct", "Chủ tịch UBND cấp xã", ""))
        ),
    ),
)


@asynccontextmanager
async def rosters() -> AsyncIterator[Roster]:
    async def roster(slug: str) -> ProviderProvince | None:
        return MAU if slug == "mau" else None

    yield roster


@pytest.fixture
async def provider() -> AsyncIterator[Litestar]:
    app = create_provider(BASE, WEB, rosters)
    async with rosters() as roster:
        app.state.provider = demo_provider.Provider(BASE, WEB, roster)
        yield app


@pytest.fixture
async def browser(provider: Litestar) -> AsyncIterator[Browser]:
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app=provider), base_url=BASE) as client:  # type: ignore[arg-type]
        yield Browser(client)


def asked(**other: str) -> dict[str, str]:
    """An authorization request as our web makes it."""
    return {
        "client_id": CLIENT,
        "redirect_uri": f"{WEB}/t/mau/dang-nhap/ve",
        "response_type": "code",
        "scope": "openid",
        "state": "state",
        "nonce": "nonce",
        "code_challenge": "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM",
        "code_challenge_method": "S256",
    } | other


VERIFIER = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"  # of RFC 7636, with the challenge above


async def code_for(browser: Browser, subject: str) -> str:
    page = await browser.client.get("/mau/authorize", params=asked())
    answer = await press(browser, page, subject)
    back = urlsplit(answer.headers["location"])
    return dict(parse_qsl(back.query))["code"]


async def press(browser: Browser, page: httpx.Response, subject: str) -> httpx.Response:
    form = next(form for form in forms_of(page) if form.method == "post")
    return await browser.post(form.action, dict(form.fields) | {"subject": subject})


async def exchange(browser: Browser, code: str, **other: str) -> httpx.Response:
    form = {
        "grant_type": "authorization_code",
        "client_id": CLIENT,
        "redirect_uri": f"{WEB}/t/mau/dang-nhap/ve",
        "code": code,
        "code_verifier": VERIFIER,
    }
    return await browser.client.post("/mau/token", data=form | other)


async def test_the_officials_are_listed_by_unit_and_position(browser: Browser):
    page = await browser.client.get("/mau/authorize", params=asked())

    assert page.status_code == 200
    assert page.text.index("Huyện Mẫu") < page.text.index("Xã Đồng Tâm")
    assert 'value="tpht"' in page.text
    assert "Chỉ để trình diễn" in page.text


async def test_they_are_found_without_marks(browser: Browser):
    page = await browser.client.get("/mau/authorize", params=asked(tim="chu tich"))

    assert 'value="ct"' in page.text
    assert 'value="tpht"' not in page.text
    assert 'name="code_challenge"' in page.text


async def test_one_click_leads_back_with_a_code_and_the_issuer(browser: Browser):
    page = await browser.client.get("/mau/authorize", params=asked())
    answer = await press(browser, page, "tpht")

    back = urlsplit(answer.headers["location"])
    given = dict(parse_qsl(back.query))
    assert f"{back.scheme}://{back.netloc}{back.path}" == f"{WEB}/t/mau/dang-nhap/ve"
    assert (given["state"], given["iss"]) == ("state", f"{BASE}/mau")


@pytest.mark.parametrize(
    "other",
    [
        {"redirect_uri": "https://elsewhere.example/"},
        {"redirect_uri": f"{WEB}/t/khac/dang-nhap/ve"},
        {"client_id": "somebody"},
        {"code_challenge_method": "plain"},
        {"code_challenge": ""},
        {"nonce": ""},
        {"response_type": "token"},
    ],
)
async def test_only_our_own_requests_are_answered(browser: Browser, other: dict[str, str]):
    assert (await browser.client.get("/mau/authorize", params=asked(**other))).status_code == 400
    assert (await browser.post("/mau/authorize", asked(**other, subject="tpht"))).status_code == 400


async def test_nobody_comes_in_as_somebody_who_is_not_listed(browser: Browser):
    assert (await browser.post("/mau/authorize", asked(subject="invented"))).status_code == 404
    strange = asked(redirect_uri=f"{WEB}/t/khac/dang-nhap/ve")
    assert (await browser.client.get("/khac/authorize", params=strange)).status_code == 404


async def test_a_code_is_good_once_and_with_its_verifier_only(browser: Browser):
    code = await code_for(browser, "tpht")
    assert (await exchange(browser, code, code_verifier="guessed" * 8)).status_code == 400
    assert (await exchange(browser, code)).status_code == 400  # a wrong guess spends it

    code = await code_for(browser, "tpht")
    assert (await exchange(browser, code)).status_code == 200
    assert (await exchange(browser, code)).status_code == 400


async def test_after_signing_out_one_comes_back_to_our_pages_and_nowhere_else(browser: Browser):
    token = (await exchange(browser, await code_for(browser, "tpht"))).json()["id_token"]

    async def leave(back: str, hint: str = token) -> httpx.Response:
        return await browser.client.get("/mau/end", params={"post_logout_redirect_uri": back, "id_token_hint": hint})

    home = f"{WEB}/t/mau/dang-xuat"
    assert (await leave(home)).headers["location"] == home
    assert (await leave("https://elsewhere.example/")).status_code == 400
    assert (await leave(f"{WEB}.elsewhere.example/")).status_code == 400
    assert (await leave(home, "forged")).status_code == 400


@asynccontextmanager
async def listening() -> AsyncIterator[str]:
    """The provider on a port of its own; where it is."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = int(probe.getsockname()[1])
    base = f"http://127.0.0.1:{port}"
    server = Server(create_provider(base, WEB, rosters), port=port, interface=Interfaces.ASGI, log_enabled=False)
    serving = asyncio.create_task(server.serve())
    try:
        async with httpx.AsyncClient() as client:
            for _ in range(200):
                with suppress(httpx.TransportError):
                    await client.get(f"{base}/healthz")
                    break
                await asyncio.sleep(0.02)
        yield base
    finally:
        server.stop()  # type: ignore[no-untyped-call]
        await serving


async def test_our_pages_accept_its_sign_in(tenant: Tenant):
    """The whole way, over the wire: discovery, keys, code, token, and every check of ours."""
    ours = Identity()
    async with listening() as base, httpx.AsyncClient(base_url=base) as client:
        settings = IdentityProvider(f"{base}/mau", CLIENT)
        redirect_uri = f"{WEB}/t/mau/dang-nhap/ve"
        begun = await ours.begin(tenant, settings, redirect_uri=redirect_uri, then="")
        page = await client.get(begun.url)
        answer = dict(parse_qsl(urlsplit((await press(Browser(client), page, "ct")).headers["location"]).query))
        who = await ours.finish(tenant, settings, begun.attempt, answer, redirect_uri=redirect_uri)
        leaving = await ours.end_url(tenant, settings, who.id_token, f"{WEB}/t/mau/dang-xuat")
        left = await client.get(leaving)

    assert (who.issuer, who.subject) == (f"{base}/mau", "ct")
    assert left.headers["location"] == f"{WEB}/t/mau/dang-xuat"


def test_it_does_not_start_where_people_work(services: Settings):
    with pytest.raises(Misconfigured):
        demo_provider.run(replace(services, demonstration=False))


async def test_only_provinces_that_are_demonstrations_are_listed(services: Settings, tenants: Tenants, tenant: Tenant):
    async with wired(services) as house:
        projector = Projector(house.database, house.store, PROJECTIONS)
        await projector.catch_up(tenant)
        await projector.close()

    async with demo_provider.rosters(services) as roster:
        assert not tenant.demonstration
        assert await roster(tenant.slug) is None
        assert await roster("nowhere") is None
