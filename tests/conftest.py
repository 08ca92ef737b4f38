"""What every test may ask for: real services, started once when first asked for; no way out to the network."""

import asyncio
import os
import sys
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from uuid import uuid4

import asyncpg
import pytest
import structlog
from hypothesis import HealthCheck, settings

from infra.identity.tenants import Tenant, Tenants
from infra.log.eventstore import EventStore
from infra.platform import embedded
from infra.platform.config import Settings, read_settings
from infra.platform.database import Database
from infra.readmodels.reading import ReadModels
from infra.schema import migrate
from infra.transparency import sealer as sealing
from infra.transparency.sealer import Sealer
from infra.transparency.sealer_store import SealerStore
from services.processes.logging_setup import plain_logs
from tests.infra.logs import MAPPER

#: What tests of use cases and of pages may ask for, whichever area they belong to.
pytest_plugins = ["tests.provinces.fixtures", "tests.web.fixtures"]

LOCAL = {"127.0.0.1", "::1", "localhost"}


def stay_at_home(event: str, arguments: tuple[object, ...]) -> None:
    if event == "socket.connect":
        address = arguments[1]
        if isinstance(address, tuple) and address[0] not in LOCAL:
            raise ConnectionRefusedError(f"tests do not leave this machine: {address}")


sys.addaudithook(stay_at_home)

plain_logs()

# A rule that holds for all histories holds on a busy machine too: no example is failed for the time that it took.
settings.register_profile("rules", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("rules")


@pytest.fixture(autouse=True)
def log_lines_of_tests() -> Iterator[None]:
    """Where a process that a test began in this one writes its log lines ends with the test, as its output does."""
    yield
    structlog.reset_defaults()
    plain_logs()


@pytest.fixture(scope="session")
def services() -> Iterator[Settings]:
    """PostgreSQL with a migrated control schema, and Redis: those of the environment, else embedded ones."""
    with _started() as settings:
        yield settings


@pytest.fixture(scope="module")
def own_services() -> Iterator[Settings]:
    """Services of one file alone: the sealer of a whole house follows every log, those of other tests too."""
    with _started({}) as settings:
        yield settings


@contextmanager
def _started(environ: Mapping[str, str] = os.environ) -> Iterator[Settings]:
    with (
        TemporaryDirectory(prefix="minhchuan-") as folder,
        embedded.services(read_settings(Path(folder), environ), durable=False) as settings,
    ):
        asyncio.run(migrate.control(settings))
        yield settings


@pytest.fixture
async def tenants(services: Settings) -> AsyncIterator[Tenants]:
    """The registry, opened as the owner of the database."""
    registry = Tenants(services.database_url, secret=services.secret)
    yield registry
    await registry.close()


@pytest.fixture
async def tenant(tenants: Tenants) -> Tenant:
    """A province of this test alone, with an empty log."""
    return await tenants.create(slug=f"p-{uuid4().hex}", province_code="99", name="Tỉnh Mẫu")


@pytest.fixture
async def other_tenant(tenants: Tenants) -> Tenant:
    return await tenants.create(slug=f"p-{uuid4().hex}", province_code="98", name="Tỉnh Khác")


@pytest.fixture
async def database(services: Settings) -> AsyncIterator[Database]:
    """Connections as the application has them."""
    opened = await Database.open(services.app_url)
    yield opened
    await opened.close()


@pytest.fixture
async def store(database: Database) -> AsyncIterator[EventStore]:
    """The logs, of every kind of fact there is."""
    store = EventStore(database, MAPPER)
    yield store
    await store.close()


@pytest.fixture
async def models(database: Database, store: EventStore) -> AsyncIterator[ReadModels]:
    """The read models of these logs; nobody folds into their tables until a test does."""
    models = ReadModels(database, store)
    yield models
    await models.close()


@pytest.fixture
def keep(tmp_path: Path) -> SealerStore:
    return SealerStore(tmp_path / "sealer")


@pytest.fixture
async def sealer(services: Settings, keep: SealerStore) -> AsyncIterator[Sealer]:
    sealer = Sealer(await sealing.connect(services.sealer_url), keep)
    yield sealer
    await sealer.close()


@pytest.fixture
async def superuser(services: Settings) -> AsyncIterator[asyncpg.Connection]:
    """Who may do anything to the database, triggers and checks or not."""
    connection = await asyncpg.connect(services.database_url.replace("minhchuan@", "postgres@"))
    await connection.execute("SET session_replication_role = replica")
    yield connection
    await connection.close()
