"""What a first visit to a page costs over the wire: the page, its style, its scripts, its symbols."""

import pytest
from playwright.async_api import Request

from tests.browser.conftest import Open
from tests.browser.house import COMMUNES, LARGE, Told
from tests.browser.places import OF_LARGE, PLACES, Place, at

pytestmark = [pytest.mark.slow_browser, pytest.mark.asyncio(loop_scope="session")]

CORE = 60_000
LARGE_BOARD = 75_000


async def weight(house: Told, open_as: Open, place: Place) -> int:
    """Bytes of all answers, as they came packed, with nothing kept from before."""
    page = await open_as(place.who)
    finished: list[Request] = []
    page.on("requestfinished", lambda request: finished.append(request))  # noqa: PLW0108 - it wants a function
    await page.goto(house.address(place.path), wait_until="networkidle")
    sizes = [await request.sizes() for request in finished]
    assert len(sizes) >= 4, "page, style, script, symbols"
    return sum(size["responseBodySize"] for size in sizes)


@pytest.mark.parametrize("place", [pytest.param(place, id=place.name) for place in PLACES if place.core])
async def test_a_core_page_is_light_at_the_first_visit(house: Told, open_as: Open, place: Place):
    assert await weight(house, open_as, place) <= CORE


async def test_the_board_of_200_communes_is_light_and_shows_them_all(house: Told, open_as: Open):
    board = Place("board-large", OF_LARGE, at(LARGE, "bang"))

    assert await weight(house, open_as, board) <= LARGE_BOARD

    page = await open_as(OF_LARGE)
    await page.goto(house.address(board.path))
    assert await page.locator(".heat tbody tr").count() == COMMUNES
