"""A province with people in office, prepared once; each test has a season of its own in it."""

from collections.abc import AsyncIterator

import pytest

from infra.identity.tenants import Tenant
from infra.platform.config import Settings
from infra.transparency.sealer_store import SealerStore
from services.app import App
from services.operations.create_tenant import as_operator
from services.wiring import wired
from tests.provinces.story import Story, a_province, prepared
from tests.provinces.telling import Told, told


@pytest.fixture(scope="session")
def province(services: Settings) -> Tenant:
    return prepared(services)


@pytest.fixture
async def house(services: Settings) -> AsyncIterator[App]:
    async with wired(services) as house:
        yield house


@pytest.fixture
def province_story(house: App, province: Tenant) -> Story:
    """The people, without a season yet."""
    return Story(house, province, "")


@pytest.fixture
async def own_story(house: App, services: Settings) -> Story:
    """The people of a province of this test alone: what it adopts is nobody else's rulebook."""
    async with as_operator(services) as operator:
        return Story(house, await a_province(house, operator), "")


@pytest.fixture
async def story(province_story: Story) -> Story:
    """An open season under 25/2021, in which nothing has been entered."""
    return await province_story.opened()


@pytest.fixture(scope="session")
def told_once(services: Settings, tmp_path_factory: pytest.TempPathFactory) -> Told:
    return told(services, SealerStore(tmp_path_factory.mktemp("told") / "sealer"))
