"""The real pages over real parts, a certified OpenID provider, and browsers that follow what they are told."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from dataclasses import replace

import pytest
from redis.asyncio import Redis

from infra.identity.tenants import Tenant
from infra.platform.config import Settings
from services.app import App
from services.wiring import wired
from tests.web.browser import Browser
from tests.web.signing import WEB, Provider, browsing, provider_for, settle


@pytest.fixture(scope="session")
def provider() -> Iterator[Provider]:
    """Two issuers that know the redirect addresses of two provinces."""
    with provider_for(WEB) as running:
        yield running


@pytest.fixture(scope="session")
def provinces(services: Settings, provider: Provider) -> list[Tenant]:
    """Two provinces, each with a provider of its own and one enrolled inspector."""
    return asyncio.run(settle(services, provider))


@pytest.fixture
async def app(services: Settings) -> AsyncIterator[App]:
    """The parts as the web process has them."""
    async with wired(replace(services, public_url=WEB)) as opened:
        yield opened


@pytest.fixture
async def browser(app: App) -> AsyncIterator[Browser]:
    async with browsing(app) as opened:
        yield opened


@pytest.fixture
async def calm(provider: Provider) -> None:
    """The provider as it should be."""
    for number in range(len(provider.issuers)):
        await provider.control(number)


@pytest.fixture
async def redis(services: Settings) -> AsyncIterator[Redis]:
    client: Redis = Redis.from_url(services.redis_url)
    yield client
    await client.aclose()
