"""The past on a page: as of the last fact it is today's page, and nothing on it can be changed."""

import re

import pytest
from playwright.async_api import Page

from services.demo.provinces import TINH_MAU
from tests.browser.conftest import Open
from tests.browser.house import MIDDLE, RETURNED, Told
from tests.browser.places import ENTERING, INSPECTOR, LEAD, OF_MAU, Place, at

pytestmark = [pytest.mark.slow_browser, pytest.mark.asyncio(loop_scope="session")]

#: Pages, and the parts of them that show what was recorded.
SHOWN = [
    (Place("board", INSPECTOR, at(MIDDLE, "bang")), (".sum", ".heat")),
    (Place("board-told", OF_MAU, at(TINH_MAU, "bang")), (".sum", ".heat")),
    (Place("dossier", INSPECTOR, at(MIDDLE, "ho-so", RETURNED)), (".gate", "#phieu", ".ways", ".hist")),
    (
        Place("indicator", INSPECTOR, at(MIDDLE, "ho-so", RETURNED) + "?chi-tieu=TC2.CT4"),
        (".gate", "#phieu", ".calc", "#minh-chung", ".hist"),
    ),
    (Place("dossier-told", OF_MAU, at(TINH_MAU, "ho-so", "99004")), (".gate", "#phieu", ".ways", ".hist")),
]


def as_of(path: str, position: int) -> str:
    return f"{path}{'&' if '?' in path else '?'}asof={position}"


#: A part without what only today offers: the forms that ask for a document.
SHOWN_OF = """(part) => {
  const copy = part.cloneNode(true);
  copy.querySelectorAll(".row:has(> form)").forEach((one) => one.remove());
  return copy.innerHTML.trim().split(/\\s+/).join(" ");
}"""


async def shown(page: Page, parts: tuple[str, ...]) -> dict[str, str]:
    """The HTML of the parts; links lead to the same places, then or now."""
    html = {part: await page.locator(part).first.evaluate(SHOWN_OF) for part in parts}
    return {
        part: re.sub(r"&amp;asof=\d+|\?asof=\d+(?!\d|&)|(?<=\?)asof=\d+&amp;", "", text) for part, text in html.items()
    }


@pytest.mark.parametrize(("place", "parts"), [pytest.param(*one, id=one[0].name) for one in SHOWN])
async def test_as_of_the_last_fact_a_page_is_todays_page(
    house: Told, open_as: Open, place: Place, parts: tuple[str, ...]
):
    assert place.who
    await house.settled()
    last = await house.house.store.position(house.tellers[place.who.slug].tenant)
    now, then = await open_as(place.who), await open_as(place.who)

    await now.goto(house.address(place.path))
    await then.goto(house.address(as_of(place.path, last)))

    assert await then.locator(".pastbar").count() == 1
    assert await shown(then, parts) == await shown(now, parts)


@pytest.mark.parametrize("path", ["", "?chi-tieu=TC1.CT1"], ids=["dossier", "editor"])
async def test_whoever_may_write_today_may_not_write_in_the_past(house: Told, open_as: Open, path: str):
    page = await open_as(LEAD)
    here = at(MIDDLE, "ho-so", ENTERING) + path
    await page.goto(house.address(here))
    writes_today = await page.locator("main form[method=post]").count()

    await page.goto(house.address(as_of(here, house.positions[MIDDLE.slug])))

    assert (writes_today > 0) == bool(path)
    assert await page.locator("main form[method=post]").count() == 0
    assert await page.locator("main [hx-post]").count() == 0


async def test_before_anything_was_entered_the_board_shows_nothing_of_what_came_later(house: Told, open_as: Open):
    facts = [one async for page in house.house.store.read(house.tellers[MIDDLE.slug].tenant) for one in page]
    opened = max(one.position for one in facts if type(one.fact).__qualname__ == "Assessment.Opened")
    page = await open_as(INSPECTOR)

    await page.goto(house.address(as_of(at(MIDDLE, "bang"), opened)))

    rows = await page.locator(".heat tbody tr").all_inner_texts()
    assert len(rows) == len(MIDDLE.dossiers)
    assert not [row for row in rows if re.search(r"\d,\d", row)]
