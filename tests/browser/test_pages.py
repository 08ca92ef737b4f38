"""Every page of the story, on the office's screen and on the phone: usable by everybody, quiet, whole, and fitting."""

import pytest
from playwright.async_api import Page

from tests.browser.conftest import Open
from tests.browser.house import Told
from tests.browser.looking import Noise, headings, keep, overflowing, violations
from tests.browser.places import PLACES, WIDTHS, Place

pytestmark = [pytest.mark.slow_browser, pytest.mark.asyncio(loop_scope="session")]

#: What the main part says; the line about keys is for those who have them.
SAID = """() => {
  const main = document.querySelector("main").cloneNode(true);
  main.querySelectorAll(".keys").forEach((one) => one.remove());
  return main.textContent.trim().split(/\\s+/).join(" ").replace(/Số hiệu [0-9A-F]{8}/g, "Số hiệu");
}"""
NAMED = [pytest.param(place, id=place.name) for place in PLACES]


async def arrive(page: Page, house: Told, place: Place) -> None:
    """Open the page and see that it is answered as it should be."""
    answer = await page.goto(house.address(place.path))
    assert answer is not None
    assert answer.status == place.status, f"{answer.status} from {answer.url}"
    if place.press:
        await page.locator(place.press).click()
        await page.wait_for_url(lambda url: not url.endswith(place.path))  # by a page that goes on by itself
        await page.wait_for_load_state()


@pytest.mark.parametrize("place", NAMED)
async def test_a_page_is_usable_by_everybody_and_fits_the_office_and_the_phone(
    house: Told, open_as: Open, place: Place
):
    page = await open_as(place.who)
    noise = Noise(page, expected=place.status)

    await arrive(page, house, place)

    title, first_rank = await headings(page)
    assert title.partition(" – ")[0].strip()
    assert len(first_rank) == 1
    for width, height in WIDTHS.items():
        await page.set_viewport_size({"width": width, "height": height})
        await keep(page, f"{place.name}-{width}")
        assert await violations(page) == [], width
        assert await overflowing(page) == [], width
    assert noise.heard == []


@pytest.mark.parametrize("place", NAMED)
async def test_a_page_says_the_same_without_scripts(house: Told, open_as: Open, place: Place):
    said = []
    for scripts in (False, True):
        page = await open_as(place.who, width=360, scripts=scripts)
        await arrive(page, house, place)
        said.append(await page.evaluate(SAID))

    assert said[0] == said[1]
