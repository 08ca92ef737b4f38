"""Signing in as a person does: our page, the provider, back again."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import httpx
import httpx2

from services.web.app import create_app
from services.web.backing import Backing
from tests.web.browser import Browser, onward

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
        calm = {"tamper": "", "hideKeys": 0, "replay": "", "account": OFFICIAL}
        async with httpx2.AsyncClient(trust_env=False) as client:
            answer = await client.post(self.issuers[number] + "/_control", json=calm | what)
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


@asynccontextmanager
async def browsing(backing: Backing) -> AsyncIterator[Browser]:
    """A browser at the pages over these parts."""
    app = create_app(backing)
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app=app), base_url=WEB) as client:  # type: ignore[arg-type]
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
