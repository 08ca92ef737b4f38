from collections.abc import AsyncIterator

import pytest

from infra.database import Database
from infra.eventstore import EventStore
from tests.infra.notebook import MAPPER


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
