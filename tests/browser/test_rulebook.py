"""Two people correct the criteria of a province at work in a browser, and its open year goes on under them."""

import re
from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest
from playwright.async_api import Locator, Page, expect

from domain.official import Office
from domain.season import Participant
from projections.catalogue import PROJECTIONS
from services.demo import provider_of
from services.demo.provinces import TINH_MAU, Dossier, Until
from services.demo.telling import ADMINISTRATOR, StoryBuilder, take_in
from services.operations.create_tenant import as_operator
from services.season import organise
from services.work import Work
from tests.browser.conftest import Open
from tests.browser.house import Told
from tests.browser.looking import keep, overflowing, violations
from tests.browser.places import Somebody, at, holder
from tests.browser.test_work import tab_to

pytestmark = [pytest.mark.slow_browser, pytest.mark.asyncio(loop_scope="session")]

#: A province of this test alone: a commune that has entered its data, and one that has begun, in an open year.
CORRECTED = replace(
    TINH_MAU,
    slug="sua-bo-tieu-chi",
    dossiers=(Dossier("99001", Until.ENTERED, Decimal("0.93")), Dossier("99004", Until.ENTERED, entered=8)),
)
ROOT = f"/t/{CORRECTED.slug}"
RULEBOOK = f"{ROOT}/bo-tieu-chi/{CORRECTED.rulebook}"
EDITS, SIGNS = Somebody(CORRECTED.slug, ADMINISTRATOR), holder(CORRECTED, Office.JUSTICE_DEPARTMENT)
LEAD = holder(CORRECTED, Office.JUSTICE_OFFICER, "99004")
ENDED, OPEN_YEAR, NEXT = "2022", str(CORRECTED.year), "2024"

NAME = "Tiếp cận thông tin và phổ biến, giáo dục pháp luật"
SOURCE = {
    "source_document": "Thông tư",
    "source_number": "09/2021/TT-BTP",
    "source_dated": "15/11/2021",
    "source_article": "Phụ lục I",
    "source_page": "12",
}


async def told_here(house: Told) -> StoryBuilder:
    """The province with a year that has ended, its open year, and the next one planned."""
    async with as_operator(house.house.settings) as operator:
        teller = await take_in(house.house, operator, CORRECTED, provider_of(house.house.settings, CORRECTED))
    await teller.enrol()
    await plan(teller, ENDED)
    await organise.open_season(await department(teller, "open ended"), ENDED, date(2022, 1, 10))
    await organise.close_season(await department(teller, "close ended"), ENDED, date(2022, 12, 30))
    await teller.plan()
    await teller.open()
    for one in CORRECTED.dossiers:
        await teller.tell(one)
    await plan(teller, NEXT)
    return teller


async def plan(teller: StoryBuilder, year: str) -> None:
    taking_part = [Participant(one.commune, CORRECTED.decided_by) for one in CORRECTED.dossiers]
    await organise.plan_season(await department(teller, f"plan {year}"), int(year), CORRECTED.rulebook, taking_part)
    await organise.assign_indicators(await department(teller, f"assign {year}"), year, teller.matrix(), "8/KH-UBND")


async def department(teller: StoryBuilder, what: str) -> Work:
    return await teller.held(CORRECTED.province, Office.JUSTICE_DEPARTMENT, what, date(2023, 1, 5))


async def seen(page: Page, name: str, *, scripts: bool = True) -> None:
    """The page is kept as a picture, fits its width, and has no fault that a machine finds."""
    await keep(page, name)
    if scripts:
        assert await overflowing(page) == []
        assert await violations(page) == []


async def fill(page: Page, typed: dict[str, str]) -> None:
    for name, value in {**typed, **SOURCE}.items():
        await page.locator(f'main form[enctype] [name="{name}"]').fill(value)
    await page.get_by_role("radio", name="theo văn bản gốc").check()


async def stands_above_the_bar(page: Page, button: Locator) -> None:
    """The bar at the bottom of a phone covers nothing of the button that somebody has come to."""
    await tab_to(page, button)
    here, bar = await button.bounding_box(), await page.locator(".rail").bounding_box()
    assert here
    assert bar
    assert here["y"] + here["height"] <= bar["y"]


async def main_of(page: Page, address: str) -> str:
    """What a page says, but for how far the log has come."""
    await page.goto(address)
    return re.sub(r"mục nhật ký số\s+#[\d.]+", "", await page.locator("main").inner_text())


async def label_by_keyboard(page: Page, house: Told) -> None:
    """From the menu to the saved label with nothing but a keyboard."""
    await page.goto(house.address(f"{RULEBOOK}?tieu-chi=TC2"))
    link = page.locator('main a[href*="sua=TC2.name#"]')
    await tab_to(page, link)
    await page.keyboard.press("Enter")
    await page.wait_for_url("**sua=TC2.name#*")
    await seen(page, "rulebook-label-1366")
    for name, value in {"value": NAME, **SOURCE}.items():
        await tab_to(page, page.locator(f'main form[enctype] [name="{name}"]'))
        await page.keyboard.press("Control+A")
        await page.keyboard.type(value)
        if name == "value":
            await tab_to(page, page.get_by_role("radio", name="theo văn bản gốc"))
            await page.keyboard.press("Space")
    await tab_to(page, page.get_by_role("button", name="Lưu giá trị"))
    await page.keyboard.press("Enter")
    await expect(page.get_by_text("1 giá trị chờ ký duyệt").first).to_be_visible()


async def number_without_scripts(page: Page, house: Told) -> None:
    """The least total, on a phone that runs no scripts."""
    await page.goto(house.address(f"{RULEBOOK}?sua=C1"))
    await seen(page, "rulebook-number-360-no-scripts", scripts=False)
    await fill(page, {"value-threshold": "tám mươi lăm"})
    await page.get_by_role("button", name="Lưu giá trị").click()
    await expect(page.locator('[name="value-threshold"]')).to_have_value("tám mươi lăm")
    await seen(page, "rulebook-number-refused-360-no-scripts", scripts=False)
    await page.locator('[name="value-threshold"]').fill("85")
    await page.get_by_role("button", name="Lưu giá trị").click()
    await expect(page.get_by_text("2 giá trị chờ ký duyệt").first).to_be_visible()


async def indicator_measured_otherwise(page: Page, house: Told) -> None:
    """What an indicator asks for: a share of the points in place of steps."""
    await page.goto(house.address(f"{RULEBOOK}?tieu-chi=TC2&sua=TC2.CT5.1.measure"))
    await page.locator("#kind").select_option("ratio")
    await page.get_by_role("button", name="Chọn cách tính").click()
    await seen(page, "rulebook-indicator-360")
    for button in ("Lưu giá trị", "Ghi ý kiến"):
        await stands_above_the_bar(page, page.get_by_role("button", name=button))
    await fill(page, {})
    await page.get_by_role("button", name="Lưu giá trị").click()
    await expect(page.get_by_text("3 giá trị chờ ký duyệt").first).to_be_visible()
    await seen(page, "rulebook-changed-360")


async def correct_open_year(house: Told, signs: Page, phone: Page) -> None:
    """From the list of texts to the preview, and with a reason and a document to the corrected year."""
    await signs.goto(house.address(f"{RULEBOOK}/cac-ban"))
    await signs.get_by_role("link", name=f"Xem trước và áp dụng bản sửa cho năm đánh giá {OPEN_YEAR}").click()
    await expect(signs.get_by_text("chỉ lời văn: không ai phải nhập lại").first).to_be_visible()
    await seen(signs, "rulebook-preview-1366")
    await phone.goto(signs.url)
    await seen(phone, "rulebook-preview-360")
    await signs.locator('[name="reason"]').fill("Đối chiếu với văn bản gốc")
    await signs.locator('[name="document_no"]').fill("1342/STP-PBGDPL")
    await signs.get_by_role("button", name=f"Áp dụng bản sửa cho năm đánh giá {OPEN_YEAR}").click()
    await expect(signs.get_by_text("Đã áp dụng bản sửa bộ tiêu chí")).to_be_visible()
    await seen(signs, "season-corrected-1366")


async def test_a_shipped_text_is_corrected_signed_off_and_taken_over_by_the_open_year(house: Told, open_as: Open):
    # Given a province at work, and what the pages of the year that has ended say, now and as of now
    teller = await told_here(house)
    position = await house.house.store.position(teller.tenant)
    assert await house.house.reads.reached(teller.tenant, position, PROJECTIONS, 60)
    edits, signs, phone = await open_as(EDITS), await open_as(SIGNS), await open_as(SIGNS, width=360)
    ended = [house.address(f"{ROOT}/{place}/{ENDED}") for place in ("bang", "mua")]
    ended += [f"{one}?asof={position}" for one in (*ended, house.address(f"{ROOT}/gia-dinh/{ENDED}"))]
    before = [await main_of(signs, one) for one in ended]

    # When one person changes a label, a number and an indicator with their source
    await edits.goto(house.address(f"{ROOT}/viec"))
    await edits.get_by_role("link", name="Bộ tiêu chí").first.click()
    await seen(edits, "rulebooks-1366")
    await label_by_keyboard(edits, house)
    await number_without_scripts(await open_as(EDITS, width=360, scripts=False), house)
    await indicator_measured_otherwise(await open_as(EDITS, width=360), house)
    await edits.goto(house.address(f"{RULEBOOK}/ky-duyet"))
    await expect(edits.get_by_text("Người sửa bộ tiêu chí không tự ký duyệt")).to_be_visible()
    await seen(edits, "rulebook-own-sign-off-1366")

    # And another person signs off what they see
    for page, width in ((phone, 360), (signs, 1366)):
        await page.goto(house.address(f"{RULEBOOK}/ky-duyet"))
        await expect(page.get_by_role("main").get_by_role("link", name=NEXT)).to_be_visible()
        await seen(page, f"rulebook-sign-off-{width}")
    await signs.locator('[name="document_no"]').fill("1342/STP-PBGDPL")
    await signs.locator('[name="acknowledged"]').check()
    await signs.get_by_role("button", name="Ký duyệt 3 thay đổi").click()

    # Then the page says which year followed, and leads to the one that may be corrected
    await expect(signs.get_by_text("1342/STP-PBGDPL").first).to_be_visible()
    await seen(signs, "rulebook-versions-1366")
    await phone.goto(house.address(f"{RULEBOOK}/cac-ban?tu=2&den=3"))
    await expect(phone.get_by_text(NAME).first).to_be_visible()
    await seen(phone, "rulebook-versions-360")
    tried = phone.get_by_role("link", name=f"Thử tính năm đánh giá {OPEN_YEAR}")
    await tried.click()
    await expect(phone.get_by_role("heading", level=1)).to_contain_text("So kết quả")
    assert NAME in await main_of(signs, house.address(f"{ROOT}/mua/{NEXT}"))

    # And everybody works on meanwhile
    lead = await open_as(LEAD)
    dossier = house.address(at(CORRECTED, "ho-so", "99004"))
    assert NAME not in await main_of(lead, dossier)

    # When the open year is corrected after the preview
    await correct_open_year(house, signs, phone)

    # Then officers go on under the corrected text, while the year that has ended is as it was
    await lead.goto(f"{dossier}?chi-tieu=TC2.CT5")
    await lead.locator('[name="TC2.CT5.1.numerator"]').fill("19")
    await lead.locator('[name="TC2.CT5.1.denominator"]').fill("22")
    await lead.locator('form[action$="/cham-diem"] button.primary').first.click()
    await expect(lead.get_by_text("1,7").first).to_be_visible()
    assert NAME in await main_of(lead, dossier)
    assert [await main_of(signs, one) for one in ended] == before
