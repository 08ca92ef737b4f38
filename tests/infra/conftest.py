from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from infra.identity.tenants import Tenant
from infra.log.eventstore import EventStore
from infra.platform.config import Settings
from infra.platform.database import Database
from infra.transparency.seal_status import CheckpointStatuses
from tests.infra import logs
from tests.infra.notebook import MAPPER
from tests.infra.witnesses import House


@pytest.fixture
async def store(database: Database) -> AsyncIterator[EventStore]:
    """A store of notebooks."""
    store = EventStore(database, MAPPER)
    yield store
    await store.close()


@pytest.fixture
async def other_store(database: Database) -> AsyncIterator[EventStore]:
    """The store of another process, as far as caches and locks go; it keeps three aggregates."""
    store = EventStore(database, MAPPER, cached=3)
    yield store
    await store.close()


@pytest.fixture
async def seals(database: Database) -> AsyncIterator[CheckpointStatuses]:
    seals = CheckpointStatuses(database)
    yield seals
    await seals.close()


@pytest.fixture
async def house(
    services: Settings, database: Database, seals: CheckpointStatuses, tenant: Tenant, tmp_path: Path
) -> AsyncIterator[House]:
    """A log of the catalogue's facts that has been sealed once, and whoever is asked to witness it."""
    store = EventStore(database, logs.MAPPER)
    house = House(services, store, seals, tenant, tmp_path)
    async with house.stack:
        house.stack.push_async_callback(store.close)
        await house.begin()
        yield house
