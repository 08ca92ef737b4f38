"""Signing in and out at the province's own provider."""

from dataclasses import replace

import msgspec
import pytest

from infra.tenants import IdentityProvider, Tenant, Tenants
from services.web.backing import Backing
from tests.web.browser import Browser, forms_of, onward
from tests.web.signing import WEB, Provider, browsing, come_back, sign_in

pytestmark = pytest.mark.usefixtures("calm")


async def test_a_person_comes_back_to_the_page_they_asked_for(
    browser: Browser, provider: Provider, provinces: list[Tenant]
):
    slug = provinces[0].slug
    refused = await browser.get(f"/t/{slug}/them")
    assert refused.headers["location"] == f"/t/{slug}/dang-nhap?tiep=%2Ft%2F{slug}%2Fthem"

    page = await browser.get(refused.headers["location"])
    begun = await browser.submit(page, "/dang-nhap")
    answer = await come_back(browser, slug, await provider.consent(onward(begun)))

    assert answer.headers["location"] == f"/t/{slug}/them"
    assert "Thanh tra" in (await browser.get(f"/t/{slug}/them")).text


async def test_the_sign_in_leads_to_our_own_pages_only(browser: Browser, provider: Provider, provinces: list[Tenant]):
    slug = provinces[0].slug

    for foreign in ("https://elsewhere.example/", "//elsewhere.example", f"/t/{provinces[1].slug}/viec", "/\\x"):
        answer = await sign_in(browser, provider, slug, tiep=foreign)
        assert answer.headers["location"] == f"/t/{slug}/viec"


async def test_each_sign_in_has_an_id_of_its_own(
    backing: Backing, browser: Browser, provider: Provider, provinces: list[Tenant]
):
    slug = provinces[0].slug
    await provider.control(account="a-stranger")  # who is signed in, and still meets the sign-in page
    await sign_in(browser, provider, slug)
    first = browser.cookie("session")

    page = await browser.get(f"/t/{slug}/dang-nhap")
    begun = await browser.submit(page, "/dang-nhap")
    await come_back(browser, slug, await provider.consent(onward(begun)))

    assert first is not None
    assert browser.cookie("session") not in {None, first}
    assert await backing.sessions.find(first) is None


async def test_whoever_nobody_enrolled_is_told_who_can(browser: Browser, provider: Provider, provinces: list[Tenant]):
    slug = provinces[0].slug
    await provider.control(account="a-stranger")

    await sign_in(browser, provider, slug)
    page = await browser.get(f"/t/{slug}/viec")

    assert page.status_code == 403
    assert "a-stranger" in page.text
    assert "Quản trị viên" in page.text
    assert onward(await browser.submit(page, "/dang-xuat")).startswith(provider.issuers[0])


async def test_signing_out_ends_the_session_here_and_at_the_provider(
    backing: Backing, browser: Browser, provider: Provider, provinces: list[Tenant]
):
    slug = provinces[0].slug
    await sign_in(browser, provider, slug)
    held = browser.cookie("session") or ""

    page = await browser.get(f"/t/{slug}/them")
    answer = await browser.submit(page, "/dang-xuat")

    place = onward(answer)
    assert place.startswith(provider.issuers[0])
    assert f"post_logout_redirect_uri={WEB.replace(':', '%3A').replace('/', '%2F')}%2Ft%2F{slug}" in place
    assert browser.cookie("session") is None
    assert await backing.sessions.find(held) is None


async def test_a_form_sent_after_the_session_ended_is_kept_and_sent_again(
    browser: Browser, provider: Provider, provinces: list[Tenant]
):
    slug = provinces[0].slug
    path = f"/t/{slug}/them/ket-thuc-phien"

    ended = await browser.post(path, {"handle": 'typed "long" ago', "csrf": "old", "command": "old"})
    assert ended.status_code == 401
    begun = await browser.submit(ended, "/dang-nhap")
    answer = await come_back(browser, slug, await provider.consent(onward(begun)))
    again = await browser.get(answer.headers["location"])

    form = next(form for form in forms_of(again) if form.action == path)
    assert ("handle", 'typed "long" ago') in form.fields
    assert (await browser.submit(again, path)).headers["location"] == f"/t/{slug}/them"


async def test_a_key_that_the_provider_took_up_since_is_looked_for_once(
    browser: Browser, provider: Provider, provinces: list[Tenant]
):
    before = await provider.control(hideKeys=1)

    answer = await sign_in(browser, provider, provinces[0].slug)

    assert answer.status_code == 303
    after = await provider.control()
    assert after["jwks"] == before["jwks"] + 2


async def test_a_provider_that_is_away_is_said_and_nobody_is_signed_in(
    browser: Browser, tenants: Tenants, tenant: Tenant
):
    await tenants.configure_identity_provider(tenant, IdentityProvider("http://127.0.0.1:9", "minhchuan"))

    page = await browser.get(f"/t/{tenant.slug}/dang-nhap")
    answer = await browser.submit(page, "/dang-nhap")

    assert answer.status_code == 403
    assert "provider-away" in answer.text
    assert browser.cookie("session") is None


async def test_a_program_is_answered_with_a_problem(browser: Browser, provinces: list[Tenant]):
    answer = await browser.get(f"/t/{provinces[0].slug}/viec", accept="application/json")

    assert answer.status_code == 401
    assert answer.headers["content-type"] == "application/problem+json"
    assert msgspec.json.decode(answer.content)["code"] == "sign-in-needed"


async def test_the_cookie_is_bound_to_its_host_wherever_people_use_https(
    backing: Backing, provider: Provider, provinces: list[Tenant]
):
    async with browsing(replace(backing, public_url="https://minhchuan.example")) as browser:
        browser.origin = "https://minhchuan.example"
        page = await browser.get(f"/t/{provinces[0].slug}/dang-nhap")
        answer = await browser.submit(page, "/dang-nhap")

    flags = answer.headers["set-cookie"].lower()
    assert flags.startswith("__host-sign-in-")
    assert all(flag in flags for flag in ("secure", "httponly", "samesite=lax", "path=/"))
    assert "domain" not in flags


async def test_the_page_of_a_province_without_a_provider_says_so(browser: Browser, tenant: Tenant):
    page = await browser.get(f"/t/{tenant.slug}/dang-nhap")

    assert page.status_code == 200
    assert "Tỉnh chưa có cách đăng nhập" in page.text


async def test_forms_of_our_pages_lead_to_our_pages_only(browser: Browser, provider: Provider, provinces: list[Tenant]):
    slug = provinces[0].slug
    page = await browser.get(f"/t/{slug}/dang-nhap")
    leaving = await browser.submit(page, "/dang-nhap")

    assert onward(leaving).startswith(provider.issuers[0])
    for answer in (page, leaving):
        policy = answer.headers["content-security-policy"]
        assert "form-action 'self';" in policy
        assert provider.issuers[0] not in policy
        assert "unsafe" not in policy
