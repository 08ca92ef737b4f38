"""Proof packages of a province whose log is sealed when a test says so."""

from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import asyncpg
import pytest

from infra.identity.tenants import Tenant
from infra.platform.config import Settings
from infra.transparency.sealer import Sealer, connect
from infra.transparency.sealer_store import SealerStore
from services.proof_package.verify import VerifyResult
from tests.proof_package.sealed import Sealed, package_of
from tests.provinces.story import Story, prepared

Packaged = Callable[[Story], Awaitable[VerifyResult]]


@pytest.fixture(scope="session")
def sealed_province(services: Settings) -> Tenant:
    return prepared(services)


@pytest.fixture(scope="session")
def kept(tmp_path_factory: pytest.TempPathFactory) -> SealerStore:
    return SealerStore(tmp_path_factory.mktemp("asked") / "sealer")


@pytest.fixture
async def sealer(services: Settings, kept: SealerStore) -> AsyncIterator[Sealer]:
    sealer = Sealer(await connect(services.sealer_url), kept)
    yield sealer
    await sealer.close()


@pytest.fixture
def packaged(sealer: Sealer, kept: SealerStore, superuser: asyncpg.Connection, tmp_path: Path) -> Packaged:
    """What the proof package of a story's commune is worth to somebody without our server."""
    return lambda story: package_of(Sealed(story, sealer, kept, superuser), tmp_path)
