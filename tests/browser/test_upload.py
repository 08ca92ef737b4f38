"""A file is chosen with a button in the page's language, whatever the browser's: by mouse, by key, without scripts."""

import re

import pytest
from playwright.async_api import FilePayload, expect

from tests.browser.conftest import Open
from tests.browser.house import MIDDLE, Told
from tests.browser.looking import Noise, keep, overflowing
from tests.browser.places import LEAD, at
from tests.browser.test_work import tab_to

pytestmark = [pytest.mark.slow_browser, pytest.mark.asyncio(loop_scope="session")]

EDITOR = at(MIDDLE, "ho-so", "99013") + "?chi-tieu=TC1.CT1"
PAPER = FilePayload(name="Kế hoạch số 12.pdf", mimeType="application/pdf", buffer=b"%PDF-1.7\n% a plan\n")
OLD = FilePayload(name="cu.doc", mimeType="application/msword", buffer=b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(504))
#: Whether the browser shows its own button, and whether it shows its own field.
OWN = """one => [
  getComputedStyle(one, "::file-selector-button").display !== "none",
  getComputedStyle(one).opacity !== "0",
]"""


@pytest.mark.parametrize("width", [1366, 360])
@pytest.mark.parametrize("scripts", [True, False], ids=["scripts", "no scripts"])
async def test_the_button_speaks_the_language_of_the_page(house: Told, open_as: Open, *, scripts: bool, width: int):
    page = await open_as(LEAD, width=width, scripts=scripts)
    field, button = page.locator("#tep"), page.locator("label.btn[for=tep]")

    async with page.expect_file_chooser() as opened:
        await page.goto(house.address(EDITOR))
        await button.click()
    await (await opened.value).set_files([PAPER])

    await expect(button).to_have_text("Chọn tệp")
    assert await field.evaluate(OWN) == [False, not scripts]
    if scripts:
        await expect(page.locator("output[for=tep]")).to_have_text(PAPER["name"])
    assert await overflowing(page) == []
    await keep(page, f"upload-{'scripts' if scripts else 'plain'}-{width}")


@pytest.mark.parametrize("width", [1366, 360])
async def test_a_file_that_is_refused_and_one_that_is_taken_leave_the_console_quiet_and_the_refusal_is_gone_to(
    house: Told, open_as: Open, width: int
):
    page = await open_as(LEAD, width=width)
    noise = Noise(page, expected=415)
    await page.goto(house.address(EDITOR))
    await page.locator("details:has(#explanation) summary").click()
    await page.locator("#explanation").evaluate("one => { one.style.height = '9rem' }")  # as somebody drags it

    await page.locator("#tep").set_input_files([OLD])
    await page.get_by_role("button", name="Tải lên").click()
    await expect(page.locator("#refusal .errsum")).to_be_focused()
    await expect(page.locator("#tep")).to_have_attribute("aria-invalid", "true")
    taken = FilePayload(name=PAPER["name"], mimeType=PAPER["mimeType"], buffer=PAPER["buffer"] + str(width).encode())
    await page.locator("#tep").set_input_files([taken])
    await page.get_by_role("button", name="Tải lên").click()

    await expect(page.locator("#refusal .errsum")).to_have_count(0)
    await expect(page.locator("#minh-chung .file").last).to_contain_text("Kế hoạch")
    assert noise.heard == []


async def test_the_button_is_reached_and_seen_by_key(house: Told, open_as: Open):
    page = await open_as(LEAD)

    async with page.expect_file_chooser():
        await page.goto(house.address(EDITOR))
        await tab_to(page, page.locator("#tep"))
        await expect(page.locator("label.btn[for=tep]")).to_have_css("outline-style", "solid")
        await page.keyboard.press("Enter")

    await expect(page.locator("output[for=tep]")).to_have_text(re.compile("chưa chọn tệp"))
