"""Signing in and out at the province's own provider."""

import asyncio
from dataclasses import replace
from typing import Any

import msgspec
import pytest
from limits import parse
from redis.asyncio import Redis
from structlog.testing import capture_logs

from infra.identity.sessions import LONGEST_KEPT
from infra.identity.sign_in_attempts import AT_ONCE
from infra.identity.tenants import IdentityProvider, Tenant, Tenants
from services.app import App
from services.web import public_limits
from tests.web.browser import Browser, forms_of, onward
from tests.web.signing import CLIENT, WEB, Provider, begin, browsing, come_back, sign_in

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
    app: App, browser: Browser, provider: Provider, provinces: list[Tenant]
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
    assert await app.sessions.find(first) is None


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
    app: App, browser: Browser, provider: Provider, provinces: list[Tenant]
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
    assert await app.sessions.find(held) is None


async def test_a_form_sent_after_the_session_ended_is_kept_and_sent_again(
    browser: Browser, provider: Provider, provinces: list[Tenant]
):
    slug = provinces[0].slug
    path = f"/t/{slug}/them/ket-thuc-phien"

    ended = await browser.post(path, {"handle": 'typed "long" ago', "csrf": "old", "command": "old"})
    assert ended.status_code == 401
    assert "/ngon-ngu" not in ended.text
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
    app: App, provider: Provider, provinces: list[Tenant]
):
    async with browsing(
        replace(app, settings=replace(app.settings, public_url="https://minhchuan.example"))
    ) as browser:
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


# Several at once --------------------------------------------------------------------------------------


@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
async def test_two_sign_ins_of_one_browser_end_on_their_pages_in_either_order(
    browser: Browser, provider: Provider, provinces: list[Tenant], order: tuple[int, int]
):
    slug = provinces[0].slug
    pages = [f"/t/{slug}/them", f"/t/{slug}/nhat-ky"]
    begun = [await provider.consent(await begin(browser, slug, tiep=page)) for page in pages]

    for which in order:
        assert (await come_back(browser, slug, begun[which])).headers["location"] == pages[which]

    assert (await browser.get(f"/t/{slug}/them")).status_code == 200


@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
async def test_what_was_typed_in_two_tabs_is_offered_in_each(
    browser: Browser, provider: Provider, provinces: list[Tenant], order: tuple[int, int]
):
    slug = provinces[0].slug
    path = f"/t/{slug}/them/ket-thuc-phien"
    ended = [await browser.post(path, {"handle": text}) for text in ("của thẻ A", "của thẻ B")]
    begun = [await provider.consent(onward(await browser.submit(page, "/dang-nhap"))) for page in ended]

    places = {}
    for which in order:
        places[which] = (await come_back(browser, slug, begun[which])).headers["location"]

    for which, text in enumerate(("của thẻ A", "của thẻ B")):
        again = await browser.get(places[which])
        form = next(form for form in forms_of(again) if form.action == path)
        assert ("handle", text) in form.fields


async def test_a_page_of_another_tab_can_still_be_sent_after_signing_in_once_more(
    browser: Browser, provider: Provider, provinces: list[Tenant]
):
    slug = provinces[0].slug
    late = await provider.consent(await begin(browser, slug))
    await sign_in(browser, provider, slug)
    page = await browser.get(f"/t/{slug}/them")

    await come_back(browser, slug, late)

    assert onward(await browser.submit(page, "/dang-xuat"))


async def test_what_somebody_typed_is_offered_to_nobody_else(
    browser: Browser, provider: Provider, provinces: list[Tenant]
):
    slug = provinces[0].slug
    ended = await browser.post(f"/t/{slug}/them/ket-thuc-phien", {"handle": "của người trước"})
    answer = await provider.consent(onward(await browser.submit(ended, "/dang-nhap")))
    place = (await come_back(browser, slug, answer)).headers["location"]
    assert "của người trước" in (await browser.get(place)).text

    await provider.control(account="a-stranger")
    await sign_in(browser, provider, slug)

    assert "của người trước" not in (await browser.get(place)).text


async def test_of_many_sign_ins_under_way_the_latest_are_kept(
    browser: Browser, provider: Provider, provinces: list[Tenant]
):
    slug = provinces[0].slug
    begun = [await begin(browser, slug) for _ in range(AT_ONCE + 3)]

    assert sum(name.startswith("sign-in-") for name in browser.client.cookies) == AT_ONCE
    assert (await come_back(browser, slug, await provider.consent(begun[-1]))).status_code == 303


async def test_whoever_is_at_work_and_comes_by_a_spent_or_failed_answer_goes_on(
    browser: Browser, provider: Provider, provinces: list[Tenant]
):
    slug = provinces[0].slug
    late = await provider.consent(await begin(browser, slug, tiep=f"/t/{slug}/them"))
    spent = await provider.consent(await begin(browser, slug))
    await come_back(browser, slug, spent)

    onward_to = f"/t/{slug}/viec?van-dang-nhap=1"
    assert (await come_back(browser, slug, spent)).headers["location"] == onward_to
    assert (await come_back(browser, slug, {**spent, "code": "another"})).headers["location"] == onward_to
    failed = await come_back(browser, slug, {**late, "code": "spoilt"})
    assert failed.headers["location"] == f"/t/{slug}/them?van-dang-nhap=1"


async def test_whoever_chooses_another_person_while_signed_in_is_told_who_is_still_signed_in_and_can_sign_out(
    browser: Browser, provider: Provider, provinces: list[Tenant]
):
    slug = provinces[0].slug
    answer = await provider.consent(await begin(browser, slug))
    await come_back(browser, slug, answer)
    plain = await browser.get(f"/t/{slug}/viec")
    held = browser.cookie("session")

    page = await browser.get((await come_back(browser, slug, {**answer, "code": "another"})).headers["location"])
    out = await browser.submit(page, "/dang-xuat")

    assert "Vẫn đang đăng nhập" not in plain.text
    assert "Vẫn đang đăng nhập bằng chức danh" in page.text
    assert browser.cookie("session") != held
    assert out.status_code == 200


async def test_a_sign_in_that_is_refused_is_told_in_words_with_the_way_to_begin_again(
    browser: Browser, provider: Provider, provinces: list[Tenant]
):
    answer = await come_back(browser, provinces[0].slug, {"error": "access_denied", "state": "x"})

    sentence = answer.text.partition("<h2>")[2].partition("</h2>")[0]
    assert "(" not in sentence
    assert "no-attempt" not in sentence
    assert onward(await browser.submit(answer, "/dang-nhap")).startswith(provider.issuers[0])


async def test_an_answer_that_comes_several_times_at_once_ends_on_the_page(
    app: App, browser: Browser, provider: Provider, provinces: list[Tenant]
):
    slug = provinces[0].slug
    answer = await provider.consent(await begin(browser, slug, tiep=f"/t/{slug}/them"))
    before = (await provider.control())["token"]

    came = await asyncio.gather(*(come_back(browser, slug, answer) for _ in range(8)))

    assert [(one.status_code, one.headers.get("location")) for one in came] == [(303, f"/t/{slug}/them")] * 8
    opened = [one for one in came if any(name.startswith("session") for name in one.cookies)]
    assert len(opened) == 1
    assert await app.sessions.find(opened[0].cookies["session"]) is not None
    assert (await provider.control())["token"] == before + 1


async def test_an_answer_that_comes_to_nothing_several_times_at_once_signs_nobody_in(
    browser: Browser, provider: Provider, provinces: list[Tenant]
):
    slug = provinces[0].slug
    answer = await provider.consent(await begin(browser, slug))

    came = await asyncio.gather(*(come_back(browser, slug, {**answer, "code": "spoilt"}) for _ in range(3)))

    assert [one.status_code for one in came] == [403] * 3
    assert browser.cookie("session") is None
    assert (await come_back(browser, slug, answer)).status_code == 303


# What beginning costs ---------------------------------------------------------------------------------


async def test_beginning_leaves_nothing_in_redis(browser: Browser, redis: Redis, provinces: list[Tenant]):
    before = await redis.dbsize()

    for _ in range(20):
        await begin(browser, provinces[0].slug)

    assert await redis.dbsize() == before


async def test_what_is_too_long_to_be_kept_is_shown_to_be_copied(
    browser: Browser, redis: Redis, provider: Provider, provinces: list[Tenant]
):
    slug = provinces[0].slug
    long = "ế" * LONGEST_KEPT

    ended = await browser.post(f"/t/{slug}/them/ket-thuc-phien", {"handle": long})

    assert long in ended.text
    assert "Chép lại từ đây trước khi đăng nhập" in ended.text
    forged = {"kept_path": f"/t/{slug}/viec", "kept_fields": msgspec.json.encode([["x", long]]).decode()}
    for answer in (await browser.submit(ended, "/dang-nhap"), await browser.post(f"/t/{slug}/dang-nhap", forged)):
        assert (await come_back(browser, slug, await provider.consent(onward(answer)))).status_code == 303
        browser.client.cookies.delete("session")
    assert not [key async for key in redis.scan_iter("kept:*") if await redis.strlen(key) > LONGEST_KEPT]


@pytest.mark.parametrize("limit", ["KEPT_FROM", "KEPT_IN_ALL"])
async def test_when_many_forms_are_kept_people_still_sign_in_and_copy_their_text(
    browser: Browser, provider: Provider, provinces: list[Tenant], monkeypatch: pytest.MonkeyPatch, limit: str
):
    slug = provinces[0].slug
    monkeypatch.setattr(public_limits, limit, parse(f"1 per {10 + (limit == 'KEPT_FROM')} minutes"))
    ended = await browser.post(f"/t/{slug}/them/ket-thuc-phien", {"handle": "điều đã nhập"})
    await browser.submit(ended, "/dang-nhap")

    full = await browser.submit(ended, "/dang-nhap")

    assert full.status_code == 429
    assert "điều đã nhập" in full.text
    begun = await browser.submit(full, "/dang-nhap")
    assert (await come_back(browser, slug, await provider.consent(onward(begun)))).status_code == 303


# What providers are like ------------------------------------------------------------------------------

LENIENT: dict[str, dict[str, Any]] = {
    "a key of an unknown curve": {"moreKeys": [{"kty": "EC", "crv": "BP-256", "x": "AA", "y": "AA", "kid": "k"}]},
    "a malformed key": {"moreKeys": [{"kty": "RSA", "x5c": ["AAAA"]}]},
    "a key of an unknown kind": {"moreKeys": [{"kty": "AKP", "alg": "ML-DSA-44", "pub": "AA"}]},
    "a key that is no object": {"moreKeys": ["k", None, 7, []]},
    "another member of the key set": {"keySet": {"expires": 1234}},
    "no place to sign out": {"metadata": {"end_session_endpoint": None}},
    "null is absent": {"metadata": {"authorization_response_iss_parameter_supported": None}},
    "members that we do not read": {"metadata": {"scopes_supported": "openid", "claims_supported": {}}},
    "keys without a name": {"nameless": True},
    "keys without a name, several": {"nameless": True, "moreKeys": [{"kty": "RSA", "x5c": ["AAAA"]}]},
    **{
        f"signatures by {alg}": {"alg": alg}
        for alg in ("RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA")
    },
}


@pytest.mark.parametrize("control", LENIENT.values(), ids=LENIENT.keys())
async def test_a_provider_may_differ_where_its_standards_allow_it(
    browser: Browser, provider: Provider, provinces: list[Tenant], control: dict[str, Any]
):
    await provider.control(**control)

    assert (await sign_in(browser, provider, provinces[0].slug)).status_code == 303


async def test_an_algorithm_that_we_do_not_take_is_named(browser: Browser, provider: Provider, provinces: list[Tenant]):
    await provider.control(alg="ES256K")

    answer = await sign_in(browser, provider, provinces[0].slug)

    assert answer.status_code == 403
    assert 'data-reason="algorithm"' in answer.text


@pytest.mark.parametrize("nameless", ["", "nameless"])
async def test_a_new_key_under_the_same_name_or_none_is_looked_for_once(
    browser: Browser, provider: Provider, provinces: list[Tenant], nameless: str
):
    slug = provinces[0].slug
    await provider.control(nameless=bool(nameless))
    assert (await sign_in(browser, provider, slug)).status_code == 303

    before = await provider.control(nameless=bool(nameless), renewed=1)
    assert (await sign_in(browser, provider, slug)).status_code == 303

    assert (await provider.control())["jwks"] == before["jwks"] + 1


async def test_a_new_key_is_found_for_all_who_sign_in_at_that_moment(
    app: App, browser: Browser, provider: Provider, provinces: list[Tenant]
):
    slug = provinces[0].slug
    await sign_in(browser, provider, slug)
    await provider.control(renewed=2)

    async def another() -> int:
        async with browsing(app) as one:
            return (await sign_in(one, provider, slug)).status_code

    assert await asyncio.gather(*(another() for _ in range(5))) == [303] * 5


async def test_the_address_of_the_sign_out_is_bounded(browser: Browser, provider: Provider, provinces: list[Tenant]):
    slug = provinces[0].slug
    await provider.control(groups=1_200)
    await sign_in(browser, provider, slug)

    place = onward(await browser.submit(await browser.get(f"/t/{slug}/them"), "/dang-xuat"))

    assert len(place) < 2_000
    assert "id_token_hint" not in place
    assert f"client_id={CLIENT}" in place


async def test_redirects_through_other_origins_end_with_us(
    browser: Browser, provider: Provider, provinces: list[Tenant]
):
    others = [provider.issuers[0].replace("127.0.0.1", "localhost"), provider.issuers[1]]
    await provider.control(through=others)

    assert (await sign_in(browser, provider, provinces[0].slug)).status_code == 303


# Signing out ------------------------------------------------------------------------------------------


async def test_signing_out_at_another_province_ends_nothing(
    app: App, browser: Browser, provider: Provider, provinces: list[Tenant]
):
    alpha, beta = provinces
    await sign_in(browser, provider, alpha.slug)
    held = browser.cookie("session") or ""

    answer = await browser.post(f"/t/{beta.slug}/dang-xuat", {})

    assert answer.status_code == 403
    assert "foreign-request" in answer.text
    assert browser.cookie("session") == held
    assert await app.sessions.find(held) is not None


async def test_signing_out_demands_the_token(app: App, browser: Browser, provider: Provider, provinces: list[Tenant]):
    slug = provinces[0].slug
    await sign_in(browser, provider, slug)
    held = browser.cookie("session") or ""

    assert (await browser.post(f"/t/{slug}/dang-xuat", {})).status_code == 403

    assert browser.cookie("session") == held
    assert await app.sessions.find(held) is not None


async def test_the_page_of_the_signed_out_is_not_shown_to_who_is_signed_in(
    browser: Browser, provider: Provider, provinces: list[Tenant]
):
    slug = provinces[0].slug
    await sign_in(browser, provider, slug)

    assert (await browser.get(f"/t/{slug}/dang-xuat")).headers["location"] == f"/t/{slug}/them"


# What operators read ----------------------------------------------------------------------------------


async def test_each_refused_sign_in_leaves_one_line(browser: Browser, provider: Provider, provinces: list[Tenant]):
    slug, tenant = provinces[0].slug, provinces[0].id
    await provider.control(error="access_denied", description="Tài khoản\n bị khoá " + "x" * 500)
    with capture_logs() as lines:
        answer = await provider.consent(await begin(browser, slug))
        await come_back(browser, slug, answer)

    refused = [line for line in lines if line["event"] == "refused"]
    assert [(line["tenant"], line["code"], line["reason"]) for line in refused] == [
        (tenant, "sign-in-refused", "provider")
    ]
    assert refused[0]["error"] == "access_denied"
    assert refused[0]["error_description"].startswith("Tài khoản  bị khoá")
    assert len(refused[0]["error_description"]) == 200


@pytest.mark.parametrize(
    ("control", "spoil", "reason"),
    [
        ({"tamper": "wrong-nonce"}, {}, "nonce"),
        ({"tamper": "other-key"}, {}, "signature"),
        ({}, {"code": "a-code-that-nobody-issued"}, "code"),
        ({}, {"iss": "http://127.0.0.1:1"}, "issuer"),
        ({}, {"state": "a-state-of-nobody"}, "no-attempt"),
        ({}, {"error": "server_error", "error_description": "{code} and {state} were seen"}, "provider"),
    ],
)
async def test_no_line_holds_a_code_a_state_or_a_token(
    browser: Browser,
    provider: Provider,
    provinces: list[Tenant],
    control: dict[str, Any],
    spoil: dict[str, str],
    reason: str,
):
    slug = provinces[0].slug
    await provider.control(**control)
    answer = await provider.consent(await begin(browser, slug))
    spoilt = answer | {name: value.format(**answer) for name, value in spoil.items()}
    with capture_logs() as lines:
        await come_back(browser, slug, spoilt)

    assert [line["reason"] for line in lines if line["event"] == "refused"] == [reason]
    for secret in (spoilt["code"], spoilt["state"], answer["code"], answer["state"], "eyJ"):
        assert secret not in str(lines)


async def test_a_sign_in_that_cannot_begin_leaves_one_line(browser: Browser, tenants: Tenants, tenant: Tenant):
    await tenants.configure_identity_provider(tenant, IdentityProvider("http://127.0.0.1:9", "minhchuan"))
    page = await browser.get(f"/t/{tenant.slug}/dang-nhap")
    with capture_logs() as lines:
        await browser.submit(page, "/dang-nhap")

    refused = [line for line in lines if line["event"] == "refused"]
    assert [(line["tenant"], line["reason"], line["error"]) for line in refused] == [
        (tenant.id, "provider-away", "ConnectError")
    ]


async def test_a_refusal_of_a_page_leaves_a_line_without_what_was_typed(
    browser: Browser, provider: Provider, provinces: list[Tenant]
):
    slug = provinces[0].slug
    await sign_in(browser, provider, slug)
    with capture_logs() as lines:
        await browser.get(f"/t/{slug}/ho-so/2099/99001?tim=bi-mat")

    assert [(line["tenant"], line["code"]) for line in lines if line["event"] == "refused"] == [
        (provinces[0].id, "not-found")
    ]
    assert "bi-mat" not in str(lines)
