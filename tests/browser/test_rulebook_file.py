"""From a blank province: 27/2025 is completed in a workbook, by two people, in a real browser.

Counted from the first page after signing in until the text is signed off, both people together: 17 presses (links,
buttons, files, a tick), 1 typed text, and 36 cells filled in the workbook; 3 of the presses come of a mistake that is
made on the way. What is filled in is made up, and says so.
"""

import io
import re
import time
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from playwright.async_api import FilePayload, Locator, Page, expect

from domain.official import Office
from domain.season import Participant
from projections.catalogue import PROJECTIONS
from services.administration.administer import NewMandate, enrol_official
from services.clock import today
from services.demo import provider_of
from services.demo.offices import SINCE, office_key
from services.demo.provinces import DONG_NAI
from services.demo.telling import ADMINISTRATOR, StoryBuilder
from services.operations.create_tenant import NewTenant, as_operator, create_tenant
from services.rulebooks.file_rows import COLUMNS
from services.rulebooks.file_workbook import HEAD, SHEET
from services.season import organise
from services.work import Work
from tests.browser.conftest import Open
from tests.browser.house import Told
from tests.browser.looking import keep, overflowing, violations
from tests.browser.places import Somebody, holder

pytestmark = [pytest.mark.slow_browser, pytest.mark.asyncio(loop_scope="session")]

#: A province of this test alone: nothing is adopted, nothing planned.
BLANK = replace(DONG_NAI, slug="tinh-trang", dossiers=())
FIXES, SIGNS = holder(BLANK, Office.JUSTICE_DEPARTMENT), Somebody(BLANK.slug, ADMINISTRATOR)


#: What the test writes is no law: it says so in each text, and names a document of its own as the source.
SOURCE = {
    "state": "theo văn bản gốc",
    "document": "Văn bản thử nghiệm",
    "number": "01/TN",
    "dated": date(2026, 9, 1),
    "article": "Điều 2",
}
FILLED: dict[str, dict[str, Any]] = {
    code: {"value": f"{name} (dữ liệu thử nghiệm)", "kind": kind, "numbers": numbers, **SOURCE}
    for code, name, kind, numbers in (
        ("TC2.CT6.1", "Bố trí người làm công tác phổ biến, giáo dục pháp luật", "có hoặc không", None),
        ("TC2.CT7.1", "Công khai thông tin về tổ chức thực hiện trợ giúp pháp lý", "có hoặc không", None),
        ("TC2.CT7.3", "Tỷ lệ người thuộc diện được giới thiệu trợ giúp pháp lý", "tỷ lệ đạt từ mức", "ít nhất: 100"),
        ("TC3.CT4.1", "Bố trí kinh phí cho công tác hòa giải ở cơ sở", "có hoặc không", None),
    )
}
COMMENT = "Đề nghị đối chiếu lại với phụ lục (dữ liệu thử nghiệm)"
FILLED["C2"] = {
    "value": "loại điều kiện: điều kiện loại trừ\n"
    "nội dung: Có người đứng đầu bị kỷ luật từ cảnh cáo trở lên (dữ liệu thử nghiệm)",
    **SOURCE,
    "comment": COMMENT,
}
CELLS = sum(value is not None for cells in FILLED.values() for value in cells.values())


@dataclass
class Hands:
    """Somebody at a page, whose presses and typed texts are counted."""

    page: Page
    presses: int = 0
    typed: int = 0

    async def press(self, what: Locator) -> None:
        await what.click()
        self.presses += 1

    async def type(self, where: Locator, text: str) -> None:
        await where.fill(text)
        self.typed += 1

    async def link(self, name: str | re.Pattern[str]) -> None:
        await self.press(self.page.locator("body").get_by_role("link", name=name).locator("visible=true").first)

    async def button(self, name: str | re.Pattern[str]) -> None:
        await self.press(self.page.get_by_role("button", name=name))

    async def send(self, content: bytes, name: str) -> None:
        """Choose a file: one press, and one in the window of the machine."""
        chosen = FilePayload(name=name, mimeType="application/octet-stream", buffer=content)
        await self.page.locator("#file").set_input_files([chosen])
        self.presses += 2
        await self.button("Kiểm tra tệp")


async def onboarded(house: Told) -> StoryBuilder:
    """The province as an operator takes it in, and a second person whom its administrator enrols."""
    settings = house.house.settings
    provider = provider_of(settings, BLANK)
    async with as_operator(settings) as operator:
        new = NewTenant(
            slug=BLANK.slug,
            province_code=BLANK.province,
            era=BLANK.era,
            provider=provider,
            administrator=ADMINISTRATOR,
            demonstration=True,
        )
        tenant = await create_tenant(house.house, operator, new)
    teller = StoryBuilder(house.house, BLANK, tenant, provider)
    key = office_key(BLANK.province, Office.JUSTICE_DEPARTMENT)
    mandate = NewMandate(Office.JUSTICE_DEPARTMENT, BLANK.province, SINCE, "01/QĐ-UBND")
    work = await teller.by(ADMINISTRATOR, "enrol the department", today())
    await enrol_official(work, "Chuyên viên Sở Tư pháp", provider.issuer, key, None, [mandate])
    return teller


def filled(content: bytes, rows: dict[str, dict[str, Any]]) -> bytes:
    """The workbook after an official has filled these cells by row and column, and saved it."""
    book = openpyxl.load_workbook(io.BytesIO(content))
    sheet = book[SHEET]
    at = {sheet.cell(row, 1).value: row for row in range(HEAD + 2, sheet.max_row + 1)}
    for path, cells in rows.items():
        for name, value in cells.items():
            if value is not None:
                sheet.cell(at[path], list(COLUMNS).index(name) + 1).value = value
    saved = io.BytesIO()
    book.save(saved)
    return saved.getvalue()


async def looked_at(page: Page, name: str, *, scripts: bool = True) -> None:
    """The page is kept as a picture at both widths, fits, and has no fault that a machine finds."""
    await keep(page, f"{name}-1366")
    assert await overflowing(page) == []
    if scripts:
        assert await violations(page) == []
    await page.set_viewport_size({"width": 360, "height": 740})
    await keep(page, f"{name}-360")
    assert await overflowing(page) == []
    await page.set_viewport_size({"width": 1366, "height": 768})


async def test_two_people_complete_the_rulebook_in_a_workbook(house: Told, open_as: Open):
    # Given a blank province
    teller = await onboarded(house)
    fixes, signs = Hands(await open_as(FIXES)), Hands(await open_as(SIGNS))
    begun = time.monotonic()

    # When one person finds the rulebook from the menu, which says what it lacks, and takes it as a workbook
    await fixes.page.goto(house.address(f"/t/{BLANK.slug}/viec"))
    await fixes.link("Bộ tiêu chí")
    await looked_at(fixes.page, "file-1-rulebooks")
    await fixes.link("Bộ tiêu chí 27/2025")
    await expect(fixes.page.get_by_text("5 nội dung chưa có lời văn")).to_be_visible()
    await looked_at(fixes.page, "file-2-rulebook")
    await fixes.link("Nhập bằng tệp Excel")
    await looked_at(fixes.page, "file-3-files")
    async with fixes.page.expect_download() as download:
        await fixes.link("bảng tính Excel")
    file = await download.value
    content = Path(await file.path()).read_bytes()

    # And sends it back with a mistake
    spoilt = filled(content, {**FILLED, "TC2.CT6.1": {**FILLED["TC2.CT6.1"], "dated": "hôm qua"}})
    await fixes.send(spoilt, file.suggested_filename)
    await expect(fixes.page.get_by_text("“hôm qua” không phải ngày. Ghi ngày/tháng/năm")).to_be_visible()
    await looked_at(fixes.page, "file-4-errors")

    # And without: what it changes is shown, and recorded in the draft
    await fixes.send(filled(content, FILLED), file.suggested_filename)
    await expect(fixes.page.get_by_text("5 thay đổi, 0 lỗi")).to_be_visible()
    await looked_at(fixes.page, "file-5-changes")
    await fixes.button(re.compile("^Ghi 5 thay đổi và 1 ý kiến"))
    await expect(fixes.page.get_by_text("Đã ghi 6 mục vào bản sửa đổi")).to_be_visible()
    await looked_at(fixes.page, "file-6-recorded")

    # Then they cannot sign it off themselves
    await fixes.link("Xem 5 thay đổi chờ ký duyệt")
    await expect(fixes.page.get_by_text("Người sửa bộ tiêu chí không tự ký duyệt")).to_be_visible()

    # And another person can, who sees each change with its source
    await signs.page.goto(house.address(f"/t/{BLANK.slug}/viec"))
    await signs.link("Bộ tiêu chí")
    await signs.link("Bộ tiêu chí 27/2025")
    await expect(signs.page.get_by_text(COMMENT)).to_be_visible()
    await looked_at(signs.page, "file-7-draft")
    await signs.link("Xem toàn bộ thay đổi để ký duyệt")
    await expect(signs.page.get_by_text("Văn bản thử nghiệm số 01/TN ngày 01/09/2026, Điều 2")).to_have_count(5)
    await looked_at(signs.page, "file-8-sign-off")
    await signs.press(signs.page.locator('[name="acknowledged"]'))
    await signs.type(signs.page.locator('[name="document_no"]'), "15/STP")
    await signs.button("Ký duyệt 5 thay đổi")
    await expect(signs.page.get_by_role("cell", name=re.compile("^của tỉnh"))).to_be_visible()
    await looked_at(signs.page, "file-9-versions")
    minutes = (time.monotonic() - begun) / 60
    presses, typed = fixes.presses + signs.presses, fixes.typed + signs.typed
    print(f"{presses} presses, {typed} typed text, {CELLS} cells, {minutes:.1f} minutes of the machine")

    # And the year under it is opened with every content
    await planned(teller)
    await open_the_year(house, signs)

    # Within what a person has patience for
    assert (presses, typed) <= (22, 1)


async def open_the_year(house: Told, hands: Hands) -> None:
    """The season that is planned is opened: nothing asks for what is without text."""
    await hands.page.goto(house.address(f"/t/{BLANK.slug}/mua/{BLANK.year}"))
    await expect(hands.page.get_by_text("chưa có lời văn")).to_have_count(0)
    await expect(hands.page.locator("#khong-xet")).to_have_count(0)
    await keep(hands.page, "file-10-season")
    await hands.button(re.compile("^Mở đợt đánh giá năm 2026"))
    await expect(hands.page.get_by_text("Đang mở").first).to_be_visible()


async def planned(teller: StoryBuilder) -> None:
    """The year under the rulebook, with a lead for each indicator."""
    day = today()

    async def department(what: str) -> Work:
        return await teller.held(BLANK.province, Office.JUSTICE_DEPARTMENT, what, day)

    taking_part = [Participant(one.commune, BLANK.decided_by) for one in DONG_NAI.dossiers]
    await organise.plan_season(await department("plan"), BLANK.year, BLANK.rulebook, taking_part)
    await organise.assign_indicators(await department("matrix"), teller.season, teller.matrix(), BLANK.basis)
    last = await teller.house.store.position(teller.tenant)
    assert await teller.house.reads.reached(teller.tenant, last, PROJECTIONS, 60)
