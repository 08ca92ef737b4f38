"""Changes come from the person's own pages, or they do not happen."""

from collections.abc import Iterator

import pytest
from litestar.handlers import HTTPRouteHandler

from infra.identity.tenants import Tenant
from services.app import App
from services.web import security, urls
from services.web.routes import all_routes
from tests.web.browser import Browser
from tests.web.signing import Provider, browsing, sign_in

pytestmark = pytest.mark.usefixtures("calm")


def acts() -> Iterator[tuple[str, HTTPRouteHandler]]:
    """Every address that changes something in a province."""
    for handler in all_routes():
        for path in handler.paths:
            if "POST" in handler.http_methods and path.startswith(urls.TENANT):
                yield path, handler


def filled(path: str, slug: str) -> str:
    """The address with something in each place."""
    values = {"slug": slug, "season": "2023", "commune": "25441", "meeting": "hop"}
    parts = [values.get(part[1:].split(":")[0], "x") if part.startswith("{") else part for part in path.split("/")]
    return "/".join(parts)


async def test_no_change_without_the_token_of_the_session(
    browser: Browser, provider: Provider, provinces: list[Tenant]
):
    slug = provinces[0].slug
    await sign_in(browser, provider, slug)

    for path, _ in acts():
        for token in ("", "x", "bm90aGluZw=="):
            answer = await browser.post(filled(path, slug), {"csrf": token})
            assert (answer.status_code, "foreign-request" in answer.text) == (403, True), path


@pytest.mark.parametrize(
    "headers",
    [{"origin": "https://elsewhere.example"}, {"origin": "null"}, {"sec-fetch-site": "cross-site", "origin": ""}],
)
async def test_no_change_from_a_page_of_another_site(
    browser: Browser,
    provider: Provider,
    provinces: list[Tenant],
    monkeypatch: pytest.MonkeyPatch,
    headers: dict[str, str],
):
    slug = provinces[0].slug
    await sign_in(browser, provider, slug)
    page = await browser.get(f"/t/{slug}/them")
    token = {"csrf": page.text.split('name="csrf" value="')[1].split('"')[0], "handle": "x"}

    for path, _ in acts():
        assert (await browser.post(filled(path, slug), token, **headers)).status_code == 403, path

    monkeypatch.setattr(security, "require_own_origin", lambda *_: None)
    changed = await browser.post(f"/t/{slug}/them/ket-thuc-phien", token, **headers)
    assert changed.status_code == 303


async def test_the_token_of_another_session_is_worth_nothing(
    app: App, browser: Browser, provider: Provider, provinces: list[Tenant]
):
    slug = provinces[0].slug
    await sign_in(browser, provider, slug)
    async with browsing(app) as attacker:
        await sign_in(attacker, provider, slug)
        page = await attacker.get(f"/t/{slug}/them")
    token = page.text.split('name="csrf" value="')[1].split('"')[0]

    answer = await browser.post(f"/t/{slug}/them/ket-thuc-phien", {"csrf": token, "handle": "x"})

    assert answer.status_code == 403


async def test_the_token_in_a_form_is_another_text_each_time(
    browser: Browser, provider: Provider, provinces: list[Tenant]
):
    slug = provinces[0].slug
    await sign_in(browser, provider, slug)

    pages = [await browser.get(f"/t/{slug}/them") for _ in range(2)]
    tokens = {page.text.split('name="csrf" value="')[1].split('"')[0] for page in pages}

    assert len(tokens) == 2
    for token in tokens:
        answer = await browser.post(f"/t/{slug}/them/ket-thuc-phien", {"csrf": token, "handle": "x"})
        assert answer.status_code == 303


def test_looking_changes_nothing():
    """Whatever changes something is a POST, and says so by being an act; only signing in ends with a page's address."""
    methods = {method for handler in all_routes() for method in handler.http_methods}

    assert methods == {"GET", "HEAD", "POST"}
