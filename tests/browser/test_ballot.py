"""Somebody fills in a ballot while the others vote: the count moves, the form under the hand does not."""

import re

import pytest
from playwright.async_api import Page, expect

from tests.browser.conftest import Open
from tests.browser.house import MEETING, MIDDLE, Told, cast
from tests.browser.places import UNDECIDED_MEMBER, at

pytestmark = [pytest.mark.slow_browser, pytest.mark.asyncio(loop_scope="session")]

WATCH = """() => {
  window.changes = [];
  const everything = {subtree: true, childList: true, attributes: true, characterData: true};
  new MutationObserver((list) => list.forEach((one) => window.changes.push(one.type)))
    .observe(document.querySelector("form#phieu"), everything);
}"""


async def count(page: Page) -> int:
    found = re.search(r"Đã nhận (\d+) phiếu", await page.locator("main").inner_text())
    assert found
    return int(found[1])


async def test_other_peoples_ballots_never_touch_a_half_filled_form(house: Told, open_as: Open):
    # given a member who has chosen, has begun to write a reason, and thinks
    page = await open_as(UNDECIDED_MEMBER, width=360)
    await page.goto(house.address(at(MIDDLE, "hop", MEETING) + "?xem=phieu"))
    await page.get_by_label("Ý kiến khác", exact=True).check()
    await page.locator("#reason").press_sequentially("Cần xem lại bi")
    before = await count(page)
    form = await page.locator("form#phieu").inner_html()
    await page.evaluate(WATCH)

    # when two others vote, and the page has heard of it
    teller = house.tellers[MIDDLE.slug]
    await cast(teller, 2)
    await cast(teller, 7)
    await expect(page.locator("main")).to_contain_text(f"Đã nhận {before + 2} phiếu")

    # then the form is as it was, to the last attribute, and the hand still in it
    assert await page.evaluate("window.changes") == []
    assert await page.locator("form#phieu").inner_html() == form
    assert await page.get_by_label("Ý kiến khác", exact=True).is_checked()
    assert await page.evaluate("document.activeElement.id") == "reason"
    await page.keyboard.type("ên bản")
    assert await page.locator("#reason").input_value() == "Cần xem lại biên bản"
