"""What must not let anybody in. Each attack is first shown to work with its defence off."""

import re
from collections.abc import Mapping
from typing import Any

import msgspec
import pytest
from joserfc.jws import extract_compact

from infra import identity
from infra.identity import Identity
from infra.provider_documents import Keys
from infra.tenants import Tenant
from services.web.backing import Backing
from tests.web.browser import Browser
from tests.web.signing import Provider, begin, browsing, come_back, sign_in

pytestmark = pytest.mark.usefixtures("calm")

SPOILT_SIGNATURE = {
    "alg-none": "algorithm",
    "hs256-with-public-key": "algorithm",
    "other-key": "signature",
    "changed-claims": "signature",
    "unknown-kid": "unknown-key",
}
SPOILT_CLAIMS = {
    "wrong-issuer": "issuer",
    "wrong-audience": "audience",
    "two-audiences": "authorized-party",
    "wrong-party": "authorized-party",
    "wrong-nonce": "nonce",
    "no-nonce": "nonce",
    "expired": "expired",
}


def believed(token: str, keys: Keys) -> dict[str, Any]:
    """The claims of a token that nobody checked."""
    claims: dict[str, Any] = msgspec.json.decode(extract_compact(token.encode()).payload)
    return claims


def refused_for(answer: Any, reason: str) -> bool:
    named = re.search(rf"\({reason}[:)]", answer.text) is not None
    return answer.status_code == 403 and named and "sign-in-refused" in answer.text


async def test_the_provider_can_change_tokens_without_breaking_them(
    browser: Browser, provider: Provider, provinces: list[Tenant]
):
    await provider.control(tamper="signed-anew")

    answer = await sign_in(browser, provider, provinces[0].slug)

    assert answer.status_code == 303


@pytest.mark.parametrize(("tamper", "reason"), SPOILT_SIGNATURE.items())
async def test_a_token_that_the_provider_did_not_sign(
    backing: Backing,
    browser: Browser,
    provider: Provider,
    provinces: list[Tenant],
    monkeypatch: pytest.MonkeyPatch,
    tamper: str,
    reason: str,
):
    await provider.control(tamper=tamper)

    answer = await sign_in(browser, provider, provinces[0].slug)
    assert refused_for(answer, reason)
    assert browser.cookie("session") is None

    monkeypatch.setattr(identity, "_claims", believed)
    async with browsing(backing) as careless:
        assert (await sign_in(careless, provider, provinces[0].slug)).status_code == 303


@pytest.mark.parametrize(("tamper", "reason"), SPOILT_CLAIMS.items())
async def test_a_token_that_was_not_made_for_this_sign_in(
    backing: Backing,
    browser: Browser,
    provider: Provider,
    provinces: list[Tenant],
    monkeypatch: pytest.MonkeyPatch,
    tamper: str,
    reason: str,
):
    await provider.control(tamper=tamper)

    answer = await sign_in(browser, provider, provinces[0].slug)
    assert refused_for(answer, reason)
    assert browser.cookie("session") is None

    monkeypatch.setattr(Identity, "_judge", lambda *_: None)
    async with browsing(backing) as careless:
        assert (await sign_in(careless, provider, provinces[0].slug)).status_code == 303


async def test_a_token_without_a_person(browser: Browser, provider: Provider, provinces: list[Tenant]):
    await provider.control(tamper="no-subject")

    answer = await sign_in(browser, provider, provinces[0].slug)

    assert refused_for(answer, "subject")


async def test_a_token_of_an_earlier_sign_in(
    backing: Backing, browser: Browser, provider: Provider, provinces: list[Tenant], monkeypatch: pytest.MonkeyPatch
):
    await sign_in(browser, provider, provinces[0].slug)
    await provider.control(replay="the last one")

    async with browsing(backing) as thief:
        assert refused_for(await sign_in(thief, provider, provinces[0].slug), "nonce")

    monkeypatch.setattr(Identity, "_judge", lambda *_: None)
    async with browsing(backing) as careless:
        assert (await sign_in(careless, provider, provinces[0].slug)).status_code == 303


async def test_a_flood_of_unknown_keys_makes_us_ask_the_provider_once(
    browser: Browser, provider: Provider, provinces: list[Tenant]
):
    before = await provider.control(tamper="unknown-kid")

    for _ in range(12):
        assert refused_for(await sign_in(browser, provider, provinces[0].slug), "unknown-key")

    after = await provider.control()
    assert after["token"] == before["token"] + 12
    assert after["jwks"] <= before["jwks"] + 2  # the keys at first, and one look for the unknown one


async def test_a_code_of_one_issuer_at_the_callback_of_another(
    browser: Browser, provider: Provider, provinces: list[Tenant]
):
    alpha, beta = provinces
    of_alpha = await provider.consent(await begin(browser, alpha.slug))
    of_beta = await provider.consent(await begin(browser, beta.slug))

    mixed = await come_back(browser, beta.slug, {**of_alpha, "state": of_beta["state"]})

    assert refused_for(mixed, "issuer")
    assert browser.cookie("session") is None


async def test_a_code_whose_issuer_was_struck_out(browser: Browser, provider: Provider, provinces: list[Tenant]):
    answer = await provider.consent(await begin(browser, provinces[0].slug))
    del answer["iss"]

    assert refused_for(await come_back(browser, provinces[0].slug, answer), "issuer")


async def test_an_answer_for_one_province_at_the_address_of_another(
    browser: Browser, provider: Provider, provinces: list[Tenant]
):
    alpha, beta = provinces
    answer = await provider.consent(await begin(browser, alpha.slug))

    assert refused_for(await come_back(browser, beta.slug, answer), "other-province")


async def test_a_stolen_code_without_its_verifier(
    backing: Backing, browser: Browser, provider: Provider, provinces: list[Tenant]
):
    slug = provinces[0].slug
    async with browsing(backing) as victim:
        stolen = await provider.consent(await begin(victim, slug))
    own = await provider.consent(await begin(browser, slug))

    injected = await come_back(browser, slug, {**own, "code": stolen["code"]})

    assert refused_for(injected, "code")
    assert browser.cookie("session") is None


async def test_an_answer_in_a_browser_that_did_not_begin(
    backing: Backing, browser: Browser, provider: Provider, provinces: list[Tenant]
):
    slug = provinces[0].slug
    of_the_attacker = await provider.consent(await begin(browser, slug))

    async with browsing(backing) as victim:
        lured = await come_back(victim, slug, of_the_attacker)
        assert refused_for(lured, "no-attempt")
        assert victim.cookie("session") is None


async def test_an_answer_given_twice(browser: Browser, provider: Provider, provinces: list[Tenant]):
    slug = provinces[0].slug
    answer = await provider.consent(await begin(browser, slug))

    assert (await come_back(browser, slug, answer)).status_code == 303
    asked = (await provider.control())["token"]
    session = browser.cookie("session")
    assert (await come_back(browser, slug, answer)).headers["location"] == f"/t/{slug}/viec"
    assert browser.cookie("session") == session

    browser.client.cookies.delete("session")
    assert refused_for(await come_back(browser, slug, answer), "no-attempt")
    assert (await provider.control())["token"] == asked


async def test_an_answer_given_again_by_who_kept_the_cookie(
    backing: Backing, browser: Browser, provider: Provider, provinces: list[Tenant]
):
    slug = provinces[0].slug
    answer = await provider.consent(await begin(browser, slug))
    async with browsing(backing) as copy:
        copy.client.cookies.update(browser.client.cookies)
        await come_back(browser, slug, answer)
        asked = (await provider.control())["token"]

        again = await come_back(copy, slug, answer)

        assert again.headers["location"] == f"/t/{slug}/viec"
        assert copy.cookie("session") is None
        assert (await provider.control())["token"] == asked


@pytest.mark.parametrize("answer", [{}, {"state": "invented", "code": "x"}, {"error": "access_denied"}])
async def test_an_answer_to_nothing(browser: Browser, provinces: list[Tenant], answer: Mapping[str, str]):
    assert refused_for(await come_back(browser, provinces[0].slug, dict(answer)), "no-attempt")
