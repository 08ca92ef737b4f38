import pytest

from infra.platform.config import Settings
from services.app import App
from services.operations.create_tenant import as_operator
from tests.provinces.story import Story, a_province


@pytest.fixture
async def own_story(house: App, services: Settings) -> Story:
    """A province of this test alone: what it adopts is nobody else's rulebook."""
    async with as_operator(services) as operator:
        return Story(house, await a_province(house, operator), "")
