"""A rulebook as a file through its page: nothing is written before somebody confirms what was shown."""

import io
from uuid import uuid4

import openpyxl
import pytest

from services.rulebooks.draft import DraftText, draft_of
from services.rulebooks.file_workbook import SHEET
from tests.provinces.story import Story
from tests.rulebooks.files import filled
from tests.web.desks import Desk, Desks, Page, desks, season, workplace

__all__ = ["desks", "season", "workplace"]

RULEBOOK = "qd-27-2025"
PAGE = f"/bo-tieu-chi/{RULEBOOK}/tep"
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
PART = {
    ("TC2.CT6.1", "value"): "Bảo đảm người làm công tác phổ biến, giáo dục pháp luật",
    ("TC2.CT6.1", "kind"): "tỷ lệ tối thiểu",
    ("TC2.CT6.1", "numbers"): "ít nhất: 100",
    ("TC2.CT6.1", "state"): "có văn bản gốc",
    ("TC2.CT6.1", "document"): "Thông tư",
    ("TC2.CT6.1", "number"): "15/2025/TT-BTP",
    ("TC2.CT6.1", "dated"): "11/09/2025",
    ("TC2.CT6.1", "article"): "Phụ lục I",
}


@pytest.fixture
async def department(desks: Desks) -> Desk:
    return await desks.department()


async def the_workbook(desk: Desk) -> bytes:
    page = await desk.open(PAGE)
    assert page.status == 200
    answer = await desk.fetch(f"{PAGE}/xlsx")
    assert answer.headers["content-disposition"].startswith(f'attachment; filename="bo-tieu-chi-{RULEBOOK}-')
    return answer.content


async def checked(desk: Desk, content: bytes, name: str = "bo-tieu-chi.xlsx") -> Page:
    return await desk.send(await desk.open(PAGE), "/kiem-tra", files={"file": (name, content, XLSX)})


async def the_draft(desk: Desk, season: Story) -> DraftText:
    return await draft_of(await season.as_administrator(), RULEBOOK)


async def test_what_a_file_changes_is_shown_and_recorded_when_confirmed(department: Desk, season: Story):
    content = await the_workbook(department)
    before = await the_draft(department, season)

    page = await checked(department, filled(content, PART | {("TC1.CT1.name", "value"): None}))

    assert page.status == 200
    assert "2 thay đổi, 1 lỗi, 0 giá trị đã được người khác sửa" in page.text
    assert "Bảo đảm người làm công tác phổ biến, giáo dục pháp luật" in page.text
    assert "Thông tư, số 15/2025/TT-BTP, ngày 11/09/2025, Phụ lục I" in page.text
    assert "Ô để trống. Ghi giá trị, hoặc chọn “xóa” ở cột M để lấy ra" in page.text
    assert (await the_draft(department, season)).sha256 == before.sha256

    stale = page.form("/nhap")
    page = await department.send(page, "/nhap")

    assert "Đã ghi 2 thay đổi vào bản sửa đổi" in page.text
    after = await the_draft(department, season)
    assert [change.path for change in after.changes] == ["TC2.CT6.1", "TC2.CT6.without_text"]
    again = await department.post(f"{department.home}{PAGE}/nhap", dict(stale.fields) | {"command": str(uuid4())})
    assert (again.status, again.refused) == (409, "draft-moved")

    content = (await department.fetch(f"{PAGE}/yaml")).content
    page = await checked(department, content, "bo-tieu-chi.yaml")
    assert "0 thay đổi, 0 lỗi" in page.text
    assert not page.offers("/nhap")


async def test_a_file_that_cannot_be_read_is_refused_in_words(department: Desk):
    page = await checked(department, b"TC1;10", "diem.xlsx")

    assert (page.status, page.refused) == (422, "rulebook-file-unusable")
    assert "Tệp không phải bảng tính .xlsx" in page.text
    assert "Lưu bảng tính dạng .xlsx" in page.text


async def test_a_file_over_20_mb_is_refused(department: Desk):
    page = await checked(department, bytes(20_100_000))

    assert page.refused == "file-too-large"


async def test_changes_that_were_spoilt_on_their_way_are_refused(department: Desk):
    content = filled(await the_workbook(department), {("short", "value"): "27/2025 (sửa)"})
    page = await checked(department, content)

    page = await department.send(page, "/nhap", carried="abc")

    assert (page.status, page.refused) == (422, "rulebook-file-unusable")


async def test_whoever_may_not_correct_takes_files_and_sends_none(desks: Desks):
    officer = await desks.officer()
    book = openpyxl.load_workbook(io.BytesIO(await the_workbook(officer)))
    page = await officer.open(PAGE)

    assert SHEET in book.sheetnames
    assert not page.offers("/kiem-tra")


async def test_there_is_no_file_of_another_kind_or_of_an_unknown_text(department: Desk):
    assert (await department.open(f"{PAGE}/doc")).status == 404
    assert (await department.open(f"{PAGE}/xlsx?ban={'0' * 64}")).status in {404, 409}
    assert (await department.open("/bo-tieu-chi/qd-1-1999/tep")).status in {404, 409}
