"""Under 27/2025 there are no points, so no page of such a province speaks of any."""

import pytest

from services.demo.provinces import DONG_NAI
from tests.acceptance.outcomes import POINTS
from tests.browser.conftest import Open
from tests.browser.house import Told
from tests.browser.places import TODAY_COMMUNE, TODAY_DEPARTMENT, WITHOUT_POINTS, Place, at

pytestmark = [pytest.mark.slow_browser, pytest.mark.asyncio(loop_scope="session")]

#: Everything a page says: what is seen, what is folded away, what is read out.
SAID = """() => {
  const names = ["title", "aria-label", "placeholder", "alt", "content", "data-l"];
  const told = [...document.querySelectorAll("*")].flatMap((one) => names.map((name) => one.getAttribute(name) || ""));
  return [document.title, document.body.textContent, ...told].join(" ");
}"""


@pytest.mark.parametrize("place", [pytest.param(place, id=place.name) for place in WITHOUT_POINTS])
async def test_no_page_speaks_of_points_where_there_are_none(house: Told, open_as: Open, place: Place):
    page = await open_as(place.who)
    await page.goto(house.address(place.path))

    said = " ".join((await page.evaluate(SAID)).split())

    found = POINTS.search(said)
    assert found is None, said[max(0, found.start() - 80) : found.end() + 40]


async def test_a_commune_that_is_still_entering_has_failed_nothing(house: Told, open_as: Open):
    page = await open_as(TODAY_DEPARTMENT)

    await page.goto(house.address(at(DONG_NAI, "quyet-dinh", TODAY_COMMUNE)))

    conditions = page.locator("section[aria-labelledby=h-dk]")
    assert "chưa đủ số liệu" in await conditions.inner_text()
    assert "không đạt" not in await conditions.inner_text()
