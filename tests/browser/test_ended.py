"""The session ends while somebody types: nothing of it is lost, whatever the page asks for by itself."""

import re

import pytest
from playwright.async_api import FilePayload, Page, expect

from tests.browser.conftest import Open
from tests.browser.house import MEETING, MIDDLE, Told
from tests.browser.looking import keep, overflowing, violations
from tests.browser.places import LEAD, at, seat

pytestmark = [pytest.mark.slow_browser, pytest.mark.asyncio(loop_scope="session")]

EDITOR = at(MIDDLE, "ho-so", "99013") + "?chi-tieu=TC1.CT1"
PAPER = FilePayload(name="Kế hoạch.pdf", mimeType="application/pdf", buffer=b"%PDF-1.7\n% a plan of another day\n")
ENDED = ".ended[data-code=sign-in-needed]"


async def sign_in(page: Page) -> None:
    """From the page that keeps what was sent, by the sign-in of the province."""
    await expect(page.get_by_role("heading", name="Đăng nhập lại để gửi tiếp")).to_be_visible()
    await page.get_by_role("button", name="Đăng nhập và gửi tiếp").click()
    await page.locator(f'button[value="{LEAD.key}"]').click()
    await expect(page.get_by_role("heading", name="Gửi tiếp nội dung đã nhập")).to_be_visible()


@pytest.mark.parametrize("width", [1366, 360])
async def test_what_is_being_typed_stays_when_the_live_calculation_finds_no_session(
    house: Told, open_as: Open, width: int
):
    page = await open_as(LEAD, width=width)
    await page.goto(house.address(EDITOR))
    number = page.locator("#cham input.num").first
    await page.context.clear_cookies()

    await number.fill("3,75")
    await expect(page.locator(ENDED)).to_be_in_viewport()
    assert page.url.endswith(EDITOR)
    await keep(page, f"ended-typing-{width}")
    assert await overflowing(page) == []
    assert await violations(page) == []

    await page.locator("#reason").fill("Vì thiếu một văn bản.")
    assert await number.input_value() == "3,75"
    await page.get_by_role("button", name=re.compile("^Lưu chỉ tiêu")).click()
    await sign_in(page)
    await expect(page.locator("main")).to_contain_text("3,75")
    await expect(page.locator("main")).to_contain_text("Vì thiếu một văn bản.")
    assert "cham-diem" not in await page.locator("main").inner_text()
    await keep(page, f"ended-again-{width}")
    assert await overflowing(page) == []
    assert await violations(page) == []


async def test_an_explanation_and_the_numbers_beside_it_come_through_the_sign_in(house: Told, open_as: Open):
    page = await open_as(LEAD)
    await page.goto(house.address(EDITOR))
    await page.locator("#cham input.num").first.fill("3,25")
    await page.get_by_text("giải trình", exact=False).locator("xpath=ancestor-or-self::summary").first.click()
    await page.locator("#explanation").fill("Kế hoạch ban hành muộn vì chờ văn bản của tỉnh.")
    await page.context.clear_cookies()

    await page.get_by_role("button", name="Lưu giải trình").click()
    await sign_in(page)
    await page.get_by_role("button", name="Gửi nội dung này").click()

    await expect(page.locator("#minh-chung .reply")).to_contain_text("chờ văn bản của tỉnh")
    await expect(page.locator("#da-luu")).to_contain_text("chưa lưu")
    assert await page.locator("#cham input.num").first.input_value() == "3,25"


async def test_an_upload_keeps_the_numbers_and_takes_the_file_that_is_chosen_again(house: Told, open_as: Open):
    page = await open_as(LEAD)
    await page.goto(house.address(EDITOR))
    await page.locator("#cham input.num").first.fill("3,5")
    await page.locator("#tep").set_input_files([PAPER])
    await page.context.clear_cookies()

    await page.get_by_role("button", name="Tải lên").click()
    await expect(page.locator("main")).to_contain_text("Tệp đính kèm phải chọn lại")
    await sign_in(page)
    again = page.get_by_label("Chọn lại tệp Kế hoạch.pdf")
    await page.get_by_role("button", name="Gửi nội dung này").click()
    await expect(again).to_be_focused()  # nothing is sent without it
    await again.set_input_files([PAPER])
    await page.get_by_role("button", name="Gửi nội dung này").click()

    await expect(page.locator("#minh-chung .file").last).to_contain_text("Kế hoạch")
    assert await page.locator("#cham input.num").first.input_value() == "3,5"


async def test_a_page_that_asks_by_itself_stays_and_asks_no_more(house: Told, open_as: Open):
    page = await open_as(seat(8), width=360)
    await page.goto(house.address(at(MIDDLE, "hop", MEETING) + "?xem=phieu"))
    before = page.url
    await page.context.clear_cookies()

    await expect(page.locator(ENDED)).to_be_in_viewport()
    assert page.url == before
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    await page.wait_for_timeout(4_000)  # longer than from one question to the next
    assert asked == []
    await expect(page.locator(f"{ENDED} a")).to_have_attribute("href", re.compile(r"tiep=.*xem%3Dphieu"))


async def test_a_file_that_was_not_chosen_is_asked_for_at_its_field_and_a_success_clears_it(house: Told, open_as: Open):
    page = await open_as(LEAD)
    await page.goto(house.address(at(MIDDLE, "ho-so", "99013") + "?chi-tieu=TC1.CT2"))
    done = page.locator("#tien-do")
    before = await done.inner_text()

    await page.get_by_role("button", name="Tải lên").click()
    way = page.locator("#refusal .errsum a")
    await expect(way).to_have_attribute("href", "#tep")
    await expect(page.locator("#tep")).to_have_attribute("aria-invalid", "true")
    await keep(page, "upload-without-a-file-1366")
    await page.locator("#tep").set_input_files([PAPER])
    await page.get_by_role("button", name="Tải lên").click()

    await expect(page.locator("#minh-chung")).to_contain_text("Kế hoạch.pdf")
    await expect(page.locator("#refusal .errsum")).to_have_count(0)
    shown = await done.inner_text()
    await page.reload()
    assert await done.inner_text() == shown
    assert before.partition(".")[0]  # what it says depends on what others entered: it only must not be stale


@pytest.mark.parametrize("width", [1366, 360])
async def test_no_field_that_has_the_focus_lies_beneath_the_bar_that_saves(house: Told, open_as: Open, width: int):
    page = await open_as(LEAD, width=width)
    await page.goto(house.address(EDITOR))
    hidden = """() => {
      const one = document.activeElement, bar = document.querySelector(".dock");
      if (!one.closest("#cham") || bar.contains(one)) return null;
      const here = (one.closest("label") ?? one).getBoundingClientRect(), there = bar.getBoundingClientRect();
      return here.bottom > there.top + 1 && here.top < there.bottom ? one.outerHTML.slice(0, 120) : null;
    }"""
    stops = 0
    for _ in range(120):
        await page.keyboard.press("Tab")
        if await page.evaluate("document.activeElement.closest('#cham') !== null"):
            stops += 1
            assert await page.evaluate(hidden) is None
        elif stops:
            break
    assert stops >= 3
    await keep(page, f"focus-above-the-bar-{width}")
