from collections.abc import AsyncIterator
from uuid import uuid4

import pytest

from infra.config import Settings
from infra.database import Database
from infra.eventstore import EventStore
from infra.tenants import Tenant, Tenants
from tests.infra.notebook import MAPPER


@pytest.fixture
async def tenants(services: Settings) -> AsyncIterator[Tenants]:
    tenants = Tenants(services.database_url)
    yield tenants
    await tenants.close()


@pytest.fixture
async def tenant(tenants: Tenants) -> Tenant:
    return await tenants.create(slug=f"p-{uuid4().hex}", province_code="01", name="Tỉnh Mẫu")


@pytest.fixture
async def other_tenant(tenants: Tenants) -> Tenant:
    return await tenants.create(slug=f"p-{uuid4().hex}", province_code="02", name="Tỉnh Khác")


@pytest.fixture
async def database(services: Settings) -> AsyncIterator[Database]:
    database = await Database.open(services.app_url)
    yield database
    await database.close()


@pytest.fixture
async def store(database: Database) -> AsyncIterator[EventStore]:
    store = EventStore(database, MAPPER)
    yield store
    await store.close()


@pytest.fixture
async def other_store(database: Database) -> AsyncIterator[EventStore]:
    """The store of another process, as far as caches and locks go; it keeps three aggregates."""
    store = EventStore(database, MAPPER, cached=3)
    yield store
    await store.close()
