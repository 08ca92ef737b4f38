"""What must not let anybody in. Each attack is first shown to work with its defence off."""

import asyncio
import re
import tracemalloc
from base64 import urlsafe_b64decode
from collections.abc import Mapping
from itertools import permutations
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import msgspec
import pytest
from joserfc.jws import extract_compact

from infra.encryption.cipher import Encryption
from infra.identity import oidc, provider_documents
from infra.identity.oidc import Identity
from infra.identity.provider_documents import ProviderKeys, SignInRefused, read_keys, read_metadata
from infra.identity.sign_in_attempts import AT_ONCE, LONGEST_THEN, Attempt, Attempts
from infra.identity.tenants import IdentityProvider, Tenant
from services.app import App
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


def believed(token: str, keys: ProviderKeys) -> dict[str, Any]:
    """The claims of a token that nobody checked."""
    claims: dict[str, Any] = msgspec.json.decode(extract_compact(token.encode()).payload)
    return claims


def refused_for(answer: Any, reason: str) -> bool:
    named = re.search(rf'data-code="sign-in-refused" data-reason="{reason}"', answer.text) is not None
    return answer.status_code == 403 and named


async def test_the_provider_can_change_tokens_without_breaking_them(
    browser: Browser, provider: Provider, provinces: list[Tenant]
):
    await provider.control(tamper="signed-anew")

    answer = await sign_in(browser, provider, provinces[0].slug)

    assert answer.status_code == 303


@pytest.mark.parametrize(("tamper", "reason"), SPOILT_SIGNATURE.items())
async def test_a_token_that_the_provider_did_not_sign(
    app: App,
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

    monkeypatch.setattr(oidc, "_claims", believed)
    async with browsing(app) as careless:
        assert (await sign_in(careless, provider, provinces[0].slug)).status_code == 303


@pytest.mark.parametrize(("tamper", "reason"), SPOILT_CLAIMS.items())
async def test_a_token_that_was_not_made_for_this_sign_in(
    app: App,
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
    async with browsing(app) as careless:
        assert (await sign_in(careless, provider, provinces[0].slug)).status_code == 303


async def test_a_token_without_a_person(browser: Browser, provider: Provider, provinces: list[Tenant]):
    await provider.control(tamper="no-subject")

    answer = await sign_in(browser, provider, provinces[0].slug)

    assert refused_for(answer, "subject")


async def test_a_token_of_an_earlier_sign_in(
    app: App, browser: Browser, provider: Provider, provinces: list[Tenant], monkeypatch: pytest.MonkeyPatch
):
    await sign_in(browser, provider, provinces[0].slug)
    await provider.control(replay="the last one")

    async with browsing(app) as thief:
        assert refused_for(await sign_in(thief, provider, provinces[0].slug), "nonce")

    monkeypatch.setattr(Identity, "_judge", lambda *_: None)
    async with browsing(app) as careless:
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
    app: App, browser: Browser, provider: Provider, provinces: list[Tenant]
):
    slug = provinces[0].slug
    async with browsing(app) as victim:
        stolen = await provider.consent(await begin(victim, slug))
    own = await provider.consent(await begin(browser, slug))

    injected = await come_back(browser, slug, {**own, "code": stolen["code"]})

    assert refused_for(injected, "code")
    assert browser.cookie("session") is None


async def test_an_answer_in_a_browser_that_did_not_begin(
    app: App, browser: Browser, provider: Provider, provinces: list[Tenant]
):
    slug = provinces[0].slug
    of_the_attacker = await provider.consent(await begin(browser, slug))

    async with browsing(app) as victim:
        lured = await come_back(victim, slug, of_the_attacker)
        assert refused_for(lured, "no-attempt")
        assert victim.cookie("session") is None


async def test_an_answer_given_twice(browser: Browser, provider: Provider, provinces: list[Tenant]):
    slug = provinces[0].slug
    answer = await provider.consent(await begin(browser, slug))

    assert (await come_back(browser, slug, answer)).status_code == 303
    asked = (await provider.control())["token"]
    session = browser.cookie("session")
    again = await come_back(browser, slug, answer)
    assert again.headers["location"].partition("?")[0] == f"/t/{slug}/viec"
    assert browser.cookie("session") == session

    browser.client.cookies.delete("session")
    assert refused_for(await come_back(browser, slug, answer), "no-attempt")
    assert (await provider.control())["token"] == asked


async def test_an_answer_given_again_by_who_kept_the_cookie(
    app: App, browser: Browser, provider: Provider, provinces: list[Tenant]
):
    slug = provinces[0].slug
    answer = await provider.consent(await begin(browser, slug))
    async with browsing(app) as copy:
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


async def test_a_flood_of_forged_signatures_makes_us_ask_the_provider_once(
    browser: Browser, provider: Provider, provinces: list[Tenant]
):
    before = await provider.control(tamper="other-key")

    for _ in range(6):
        assert refused_for(await sign_in(browser, provider, provinces[0].slug), "signature")

    after = await provider.control()
    assert after["jwks"] <= before["jwks"] + 2  # the keys at first, and one look for others


# Sign-ins under way, in the hands of the browser ------------------------------------------------------


def attempt_of(browser: Browser) -> tuple[str, str]:
    return next((name, value) for name, value in browser.client.cookies.items() if name.startswith("sign-in-"))


async def test_an_attempt_of_one_state_under_the_name_of_another(
    browser: Browser, provider: Provider, provinces: list[Tenant]
):
    slug = provinces[0].slug
    await begin(browser, slug)
    _, value = attempt_of(browser)
    browser.client.cookies.clear()
    answer = await provider.consent(await begin(browser, slug))
    name, _ = attempt_of(browser)

    browser.client.cookies.clear()
    browser.client.cookies.set(name, value)

    assert refused_for(await come_back(browser, slug, answer), "no-attempt")


@pytest.mark.parametrize("value", ["", "1.", "x", "9999999999.AAAA", "9999999999." + "A" * 400, "ế", "1.%00"])
async def test_a_spoilt_attempt(browser: Browser, provider: Provider, provinces: list[Tenant], value: str):
    slug = provinces[0].slug
    answer = await provider.consent(await begin(browser, slug))
    name, _ = attempt_of(browser)
    browser.client.cookies.clear()

    spoilt = await browser.client.get(
        f"/t/{slug}/dang-nhap/ve", params=answer, headers=[(b"cookie", f"{name}={value}".encode())]
    )

    assert refused_for(spoilt, "no-attempt")
    assert (await browser.get(f"/t/{slug}/dang-nhap")).status_code == 200


async def test_an_attempt_tells_its_browser_nothing(browser: Browser, provider: Provider, provinces: list[Tenant]):
    asked = dict(parse_qsl(urlsplit(await begin(browser, provinces[0].slug)).query))

    _, value = attempt_of(browser)

    assert asked["nonce"].encode() not in urlsafe_b64decode(value.partition(".")[2] + "==")


def test_an_attempt_that_took_too_long():
    attempts = Attempts(Encryption("a secret of at least thirty-two characters", "sign-ins"), "sign-in")
    attempt = Attempt.begun("t_1", IdentityProvider("https://id.example", "us"), now=1_000.0, then="", kept="")
    cookies = dict([attempts.kept("state", attempt)])

    assert attempts.find("state", cookies, 1_000.0 + 599) == attempt
    assert attempts.find("state", cookies, 1_000.0 + 600) is None
    assert attempts.find("another", cookies, 1_000.0) is None


def test_of_attempts_begun_in_one_second_the_oldest_is_dropped():
    attempts = Attempts(Encryption("a secret of at least thirty-two characters", "sign-ins"), "sign-in")
    provider = IdentityProvider("https://id.example", "us")
    begun = [
        attempts.kept(f"state {number}", Attempt.begun("t_1", provider, now=1e9 + number / 100, then="", kept=""))
        for number in range(AT_ONCE)
    ]

    for order in permutations(begun):
        assert attempts.too_many(dict(order)) == [begun[0][0]]


def test_the_longest_attempt_fits_into_a_cookie():
    attempts = Attempts(Encryption("a secret of at least thirty-two characters", "sign-ins"), "__Host-sign-in")
    then = "/t/x/" + "a" * (LONGEST_THEN - 5)
    attempt = Attempt.begun("t_9999", IdentityProvider("https://id.example", "us"), now=1e9, then=then, kept="k" * 22)

    name, value = attempts.kept("s" * 32, attempt)

    assert attempt.then == then
    assert len(name) + len(value) < 2_500
    assert Attempt.begun("t_1", IdentityProvider("", ""), now=1e9, then=then + "a", kept="").then == ""


# Hostile providers ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "metadata",
    [
        {"authorization_endpoint": "http://127.0.0.1:1;script-src */auth"},
        {"authorization_endpoint": "http://us@127.0.0.1:1/auth"},
        {"authorization_endpoint": "http://127.0.0.1:1/au th"},
        {"authorization_endpoint": "http://127.0.0.1:1/auth\nx"},
        {"authorization_endpoint": "javascript:alert(1)"},
        {"authorization_endpoint": "/auth"},
        {"authorization_endpoint": "http://127.0.0.1:port/auth"},
        {"authorization_endpoint": "http://[::1/auth"},
        {"authorization_endpoint": "http:///auth"},
        {"authorization_endpoint": 7},
        {"token_endpoint": None},
        {"jwks_uri": "file:///etc/passwd"},
        {"issuer": "http://127.0.0.1:1"},
    ],
)
async def test_metadata_that_lead_astray(
    browser: Browser, provider: Provider, provinces: list[Tenant], metadata: dict[str, Any]
):
    await provider.control(metadata=metadata)
    page = await browser.get(f"/t/{provinces[0].slug}/dang-nhap")

    answer = await browser.submit(page, "/dang-nhap")

    assert refused_for(answer, "provider-metadata")


@pytest.mark.parametrize("place", ["javascript:alert(1)", "http://us@127.0.0.1:1/end", "data:text/html,x", "//x/", 7])
async def test_a_place_to_sign_out_that_leads_astray_counts_as_none(
    browser: Browser, provider: Provider, provinces: list[Tenant], place: object
):
    slug = provinces[0].slug
    await provider.control(metadata={"end_session_endpoint": place})
    await sign_in(browser, provider, slug)

    answer = await browser.submit(await browser.get(f"/t/{slug}/them"), "/dang-xuat")

    assert answer.headers["location"] == f"/t/{slug}/dang-xuat"


@pytest.mark.parametrize("issuer", ["https://id.example", "http://127.0.0.1:1"])
def test_where_the_issuer_has_https_every_address_has(issuer: str):
    at = issuer.replace("https", "http")
    document = {
        "issuer": issuer,
        "authorization_endpoint": f"{at}/auth",
        "token_endpoint": f"{at}/token",
        "jwks_uri": f"{at}/jwks",
    }

    if issuer == at:
        assert read_metadata(msgspec.json.encode(document), issuer).jwks_uri == f"{at}/jwks"
    else:
        with pytest.raises(SignInRefused, match="provider-metadata"):
            read_metadata(msgspec.json.encode(document), issuer)


@pytest.mark.parametrize("document", [b"", b"[]", b"null", b"[" * 200_000, b"\xff", b'{"keys": {}}', b'{"keys": []}'])
def test_documents_that_are_none(document: bytes):
    with pytest.raises(SignInRefused):
        read_metadata(document, "https://id.example")
    with pytest.raises(SignInRefused):
        read_keys(document)


@pytest.mark.parametrize("document", ["huge", "packed"])
async def test_a_document_without_end_is_not_read_whole(
    browser: Browser, provider: Provider, provinces: list[Tenant], document: str
):
    await provider.control(document=document)
    page = await browser.get(f"/t/{provinces[0].slug}/dang-nhap")
    tracemalloc.start()

    answer = await browser.submit(page, "/dang-nhap")

    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert refused_for(answer, "provider-away")
    assert most < 20_000_000


async def test_a_document_that_drips_is_given_up(
    browser: Browser, provider: Provider, provinces: list[Tenant], monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(provider_documents, "PATIENCE", 1.5)  # three drops; the time of a single read never runs out
    await provider.control(document="dripping")
    page = await browser.get(f"/t/{provinces[0].slug}/dang-nhap")

    answer = await asyncio.wait_for(browser.submit(page, "/dang-nhap"), 30)

    assert refused_for(answer, "provider-away")
