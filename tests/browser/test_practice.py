"""A practice round beside the year: planned, opened, one indicator scored, and every page says what it is."""

import re

import pytest
from playwright.async_api import Page, expect

from tests.browser.conftest import Open
from tests.browser.house import MIDDLE, Told
from tests.browser.looking import keep, overflowing, violations
from tests.browser.places import DEPARTMENT, ENTERING, LEAD

pytestmark = [pytest.mark.slow_browser, pytest.mark.asyncio(loop_scope="session")]

SEASON = f"{MIDDLE.year}-thu"
CALLED = f"{MIDDLE.year} (đánh giá thử)"
BANNER = "Không có giá trị pháp lý, không công bố, không tính vào kết quả."


async def at_ease(page: Page, name: str) -> None:
    """The page says that it is practice, fits, and can be used by everybody."""
    await expect(page.locator("p.practice")).to_contain_text(BANNER)
    await expect(page.locator("header.mast .ctx")).to_contain_text(CALLED)
    assert await overflowing(page) == []
    assert await violations(page) == []
    await keep(page, name)


async def test_a_practice_round_is_tried_out_beside_the_year(house: Told, open_as: Open):
    # Given the department, which plans a practice round of the running year on the page of the years
    page = await open_as(DEPARTMENT)
    await page.goto(house.address(f"/t/{MIDDLE.slug}/mua"))
    await page.get_by_label("Đợt đánh giá thử").check()
    await page.get_by_label("Năm đánh giá", exact=True).fill(str(MIDDLE.year))
    await page.get_by_label("Bộ tiêu chí").select_option(MIDDLE.rulebook)
    await page.locator('input[name="unit"]').first.check()
    assert await overflowing(page) == []
    assert await violations(page) == []
    await keep(page, "practice-planning-1366")
    await page.get_by_role("button", name="Lập kế hoạch đánh giá").click()
    await page.wait_for_url(f"**/mua/{SEASON}?da-luu=lap*")
    await at_ease(page, "practice-season-1366")

    # When it takes over who leads from the year, and opens it
    await page.get_by_role("link", name=re.compile("^Chép thời hạn và phân công")).click()
    await page.locator("#document_no").fill("Công văn 12/STP-PBGDPL")
    await page.get_by_role("button", name=re.compile("^Chép ")).click()
    await page.get_by_role("button", name=re.compile(f"^Mở đợt đánh giá năm {re.escape(CALLED)}")).click()
    await expect(page.locator("main .head")).to_contain_text("Đang mở")

    # Then the officer finds it in the menu, on a phone too, and scores an indicator of it
    for width in (1366, 360):
        lead = await open_as(LEAD, width=width)
        await lead.goto(house.address(f"/t/{MIDDLE.slug}/viec"))
        assert await lead.locator("p.practice").count() == 1
        await keep(lead, f"practice-work-{width}")
        await lead.goto(house.address(f"/t/{MIDDLE.slug}/bang/{SEASON}"))
        await at_ease(lead, f"practice-board-{width}")
        await lead.goto(house.address(f"/t/{MIDDLE.slug}/ho-so/{SEASON}/{ENTERING}?chi-tieu=TC4.CT1"))
        await lead.locator("#cham input.num").first.fill("3,25")
        await lead.get_by_role("button", name=re.compile("^Lưu chỉ tiêu")).click()
        await expect(lead.locator(".dock .saved")).to_contain_text("3,25")
        await at_ease(lead, f"practice-editor-{width}")
    menu = (await open_as(LEAD)).locator("nav.rail").get_by_role("link", name=f"Bảng đánh giá năm {CALLED}")
    await menu.page.goto(house.address(f"/t/{MIDDLE.slug}/viec"))
    await menu.click()
    await menu.page.wait_for_url(f"**/bang/{SEASON}")

    # And the public does not know it; it is given up when it has done its service
    passer_by = await open_as(None)
    answer = await passer_by.goto(house.address(f"/t/{MIDDLE.slug}/cong-khai/{SEASON}/{ENTERING}"))
    assert answer is not None
    assert answer.status == 404
    await page.goto(house.address(f"/t/{MIDDLE.slug}/mua/{SEASON}"))
    halt = page.locator('form[action$="/huy"]')
    await page.locator("details", has=halt).locator("summary").click()
    await halt.locator('[name="reason"]').fill("Đã đánh giá thử xong")
    await halt.locator('[name="document_no"]').fill("Công văn 13/STP-PBGDPL")
    await halt.get_by_role("button").click()
    await expect(page.locator("main")).to_contain_text(f"Đợt đánh giá năm {CALLED} đã hủy")
