"""The lead's evening and the member's vote, without scripts, and with nothing but a keyboard."""

import re

import pytest
from playwright.async_api import FilePayload, Locator, Page, expect

from tests.browser.conftest import Open
from tests.browser.house import MEETING, MIDDLE, Told
from tests.browser.looking import keep, overflowing, violations
from tests.browser.places import LEAD, at, seat

pytestmark = [pytest.mark.slow_browser, pytest.mark.asyncio(loop_scope="session")]

PAPER = FilePayload(name="Báo cáo niêm yết.pdf", mimeType="application/pdf", buffer=b"%PDF-1.7\n% what was posted\n")
BALLOT = at(MIDDLE, "hop", MEETING) + "?xem=phieu"
RECEIPT = re.compile(r"^[A-Z2-7]{4}-[A-Z2-7]{4}$")

FOCUS = """() => {
  const one = document.activeElement;
  if (!one || one === document.body) return null;
  const seen = [one, ...(one.labels || []), one.parentElement].some((each) => {
    const style = getComputedStyle(each);
    return style.outlineStyle !== "none" && parseFloat(style.outlineWidth) >= 2;
  });
  return {what: one.outerHTML.slice(0, 120), seen};
}"""


async def tab_to(page: Page, target: Locator) -> None:
    """Press Tab until the target has the focus; every stop on the way shows where one is."""
    for _ in range(150):
        await page.keyboard.press("Tab")
        focus = await page.evaluate(FOCUS)
        assert focus is None or focus["seen"], f"no visible focus on {focus['what']}"
        if await target.evaluate("one => one === document.activeElement"):
            return
    raise AssertionError(f"no way by Tab to {target}")


@pytest.mark.parametrize("width", [1366, 360])
async def test_the_lead_works_without_scripts(house: Told, open_as: Open, width: int):
    # given an officer who signs in and opens the first thing to do
    page = await open_as(None, width=width, scripts=False)
    await page.goto(house.address(f"/t/{LEAD.slug}/dang-nhap"))
    await page.locator("main form button.primary").click()
    await page.locator(f'button[value="{LEAD.key}"]').click()
    await page.get_by_role("link", name="Xử lý việc đầu tiên").click()
    number = page.locator("#cham input.num").first
    save = page.get_by_role("button", name=re.compile("^Lưu chỉ tiêu"))

    # when a word stands where a number belongs
    await number.fill("bốn rưỡi")
    await save.click()

    # then the page says so, leads to the field, and keeps what was typed
    assert (await page.title()).startswith("Lỗi:")
    assert await page.evaluate("document.activeElement.className") == "errsum"
    field = await number.get_attribute("id")
    assert f"#{field}" in [await one.get_attribute("href") for one in await page.locator(".errsum a").all()]
    assert await number.input_value() == "bốn rưỡi"
    assert await number.get_attribute("aria-invalid") == "true"
    assert await overflowing(page) == []
    await keep(page, f"editor-refused-{width}")

    # when it is a number, and a file is attached
    await number.fill("3,25")
    await save.click()
    assert await page.locator(".errsum").all_inner_texts() == []
    await expect(page.locator("#da-luu")).to_contain_text("chưa có minh chứng")
    assert await page.evaluate("document.activeElement.id") == "da-luu"
    await keep(page, f"editor-saved-{width}")
    await number.fill("3,5")
    await page.locator("#minh-chung input[type=file]").set_input_files([PAPER])
    await page.get_by_role("button", name="Tải lên").click()

    # then the file is there and what was typed beside it is not lost
    await expect(page.locator("#minh-chung")).to_contain_text("Báo cáo niêm yết.pdf")
    await expect(page.locator("#da-luu")).to_contain_text("chưa lưu")
    assert await number.input_value() == "3,5"
    assert await overflowing(page) == []
    await keep(page, f"editor-unsaved-{width}")
    await save.click()
    await expect(page.locator(".dock .saved")).to_contain_text("3,5")
    done = page.url

    # then the next indicator is one press away
    await page.get_by_role("button", name=re.compile("^Lưu và chuyển sang")).click()
    assert "chi-tieu=" in page.url
    assert page.url.partition("#")[0] != done.partition("#")[0]


async def test_the_lead_works_with_the_keyboard_alone(house: Told, open_as: Open):
    page = await open_as(None)
    await page.goto(house.address(f"/t/{LEAD.slug}/dang-nhap"))

    await tab_to(page, page.locator("main form button.primary"))
    await page.keyboard.press("Enter")
    office = page.locator(f'button[value="{LEAD.key}"]')
    await office.wait_for()
    await tab_to(page, office)
    await page.keyboard.press("Enter")
    await page.wait_for_url("**/viec")

    await tab_to(page, page.get_by_role("link", name="Xử lý việc đầu tiên"))
    await page.keyboard.press("Enter")
    await page.wait_for_url("**/ho-so/**")
    done = page.url
    number = page.locator("#cham input.num").first
    save = page.get_by_role("button", name=re.compile("^Lưu chỉ tiêu"))

    await tab_to(page, number)
    await page.keyboard.type("bốn")
    await tab_to(page, save)
    await page.keyboard.press("Space")
    await expect(page.locator(".errsum")).to_be_focused()
    assert await violations(page) == []
    await tab_to(page, page.locator(".errsum a").first)
    await page.keyboard.press("Enter")
    await expect(number).to_be_focused()
    await page.keyboard.press("Control+A")
    await page.keyboard.type("3,5")
    await tab_to(page, save)
    await page.keyboard.press("Space")
    await expect(page.locator(".dock .saved")).to_contain_text("3,5")
    await expect(page.locator("#da-luu")).to_be_focused()

    async with page.expect_file_chooser() as choosing:
        await tab_to(page, page.locator("#minh-chung input[type=file]"))
        await page.keyboard.press("Enter")
    await (await choosing.value).set_files([PAPER])
    await tab_to(page, page.get_by_role("button", name="Tải lên"))
    await page.keyboard.press("Enter")
    await expect(page.locator("#minh-chung")).to_contain_text("Báo cáo niêm yết.pdf")

    await number.focus()
    await page.keyboard.press("Control+Enter")
    await page.wait_for_url(lambda url: "chi-tieu=" in url and url.partition("#")[0] != done.partition("#")[0])


async def test_a_member_votes_without_scripts_and_a_forgotten_reason_loses_nothing(house: Told, open_as: Open):
    page = await open_as(seat(5), width=360, scripts=False)
    await page.goto(house.address(BALLOT))

    await page.get_by_label("Ý kiến khác", exact=True).check()
    await page.get_by_role("button", name="Bỏ phiếu").click()
    assert await page.locator(".errsum").get_attribute("data-code") == "reason-missing"
    assert await page.get_by_label("Ý kiến khác", exact=True).is_checked()
    await keep(page, "ballot-refused-360")

    await page.locator("#reason").fill("Đề nghị kiểm tra lại sổ hòa giải.")
    await page.get_by_role("button", name="Bỏ phiếu").click()
    receipt = await page.locator(".receipt .code").inner_text()
    assert RECEIPT.match(receipt)

    await page.reload()
    assert await page.locator(".receipt .code").inner_text() == receipt


async def test_a_member_votes_with_the_keyboard_alone_and_a_recorded_ballot_leaves_no_refusal_and_no_other_form(
    house: Told, open_as: Open
):
    # given a member with nothing but a keyboard, who has another opinion and forgets to give the reason
    left_open = await open_as(seat(6), width=360)
    await left_open.goto(house.address(BALLOT))
    page = await open_as(seat(6))
    await page.goto(house.address(BALLOT))
    await tab_to(page, page.get_by_label("Tán thành", exact=True))
    await page.keyboard.press("ArrowUp")
    await expect(page.get_by_label("Ý kiến khác", exact=True)).to_be_checked()
    await tab_to(page, page.get_by_role("button", name="Bỏ phiếu"))
    await page.keyboard.press("Enter")
    await expect(page.locator("#refusal .errsum")).to_have_attribute("data-code", "reason-missing")
    await expect(page.locator("#reason")).to_have_attribute("aria-invalid", "true")

    # when the way to the field is taken and the reason written
    await expect(page.locator("#refusal .errsum a")).to_have_attribute("href", "#reason")
    await page.locator("#refusal .errsum a").focus()
    await page.keyboard.press("Enter")
    await expect(page.locator("#reason")).to_be_focused()
    await page.keyboard.type("Đề nghị kiểm tra lại.")
    await tab_to(page, page.get_by_role("button", name="Bỏ phiếu"))
    await page.keyboard.press("Enter")

    # then the ballot has its receipt, and no refusal stands above it
    await expect(page.locator(".receipt .code")).to_have_text(RECEIPT)
    await expect(page.locator("#refusal .errsum")).to_have_count(0)
    await keep(page, "ballot-after-a-refusal-1366")

    # and in a tab that was left open another ballot is refused, and gives way to the one that is recorded
    await left_open.get_by_label("Không tán thành", exact=True).check()
    await left_open.get_by_role("button", name="Bỏ phiếu").click()
    await expect(left_open.locator("#refusal .errsum")).to_have_attribute("data-code", "already-voted")
    await expect(left_open.locator(".receipt .code")).to_have_text(await page.locator(".receipt .code").inner_text())
    await expect(left_open.get_by_role("button", name="Bỏ phiếu")).to_have_count(0)
    await keep(left_open, "ballot-of-another-tab-360")
