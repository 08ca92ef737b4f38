"""A rulebook as a file through its page: nothing is written before somebody confirms what was shown."""

import io
from collections.abc import Callable
from uuid import uuid4

import openpyxl
import pytest

from services.rulebooks.draft import DraftText, draft_of
from services.rulebooks.file_workbook import SHEET
from tests.provinces.story import Story
from tests.rulebooks.files import cell_of_sheet, filled, lying, rows_of_sheet
from tests.web.desks import Desk, Desks, Page, desks, season, workplace

__all__ = ["desks", "season", "workplace"]

RULEBOOK = "qd-27-2025"
PAGE = f"/bo-tieu-chi/{RULEBOOK}/tep"
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
PART = {
    ("TC2.CT6.1", "value"): "Bảo đảm người làm công tác phổ biến, giáo dục pháp luật",
    ("TC2.CT6.1", "kind"): "tỷ lệ đạt từ mức",
    ("TC2.CT6.1", "numbers"): "ít nhất: 100",
    ("TC2.CT6.1", "state"): "theo văn bản gốc",
    ("TC2.CT6.1", "document"): "Thông tư",
    ("TC2.CT6.1", "number"): "15/2025/TT-BTP",
    ("TC2.CT6.1", "dated"): "11/09/2025",
    ("TC2.CT6.1", "article"): "Phụ lục I",
}


@pytest.fixture
async def department(desks: Desks) -> Desk:
    """An officer of the department of justice; no change of an earlier test is left."""
    desk = await desks.department()
    page = await desk.open(f"/bo-tieu-chi/{RULEBOOK}")
    if page.offers("/bo"):
        await desk.send(page, "/bo", {"reason": "Kết thúc"})
    return desk


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
    assert "1 thay đổi, 1 lỗi, 0 giá trị đã được người khác sửa" in page.text
    assert "Bảo đảm người làm công tác phổ biến, giáo dục pháp luật" in page.text
    assert "Thông tư số 15/2025/TT-BTP ngày 11/09/2025, Phụ lục I" in page.text
    assert "Ô để trống. Ghi giá trị, hoặc chọn “xóa” ở cột M để bỏ giá trị" in page.text
    assert (await the_draft(department, season)).sha256 == before.sha256

    stale = page.form("/nhap")
    page = await department.send(page, "/nhap")

    assert "Đã ghi 1 mục vào bản sửa đổi" in page.text
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


@pytest.mark.parametrize(
    ("name", "spoil", "says", "advises"),
    [
        ("so.xlsx", cell_of_sheet(b'<c r="C400"><v>' + b"9" * 5_000 + b"</v></c>"), "Ô C400 có số quá dài", "Sửa số"),
        ("xa.xlsx", cell_of_sheet(b'<c r="XFD400"><v>1</v></c>'), "Ô XFD400 nằm ngoài bảng", "Xóa nội dung"),
        ("dai.xlsx", rows_of_sheet(6_000), "Trang tính có 5.001 dòng", "Xóa các dòng"),
        ("nang.xlsx", rows_of_sheet(50_000), "Tệp có quá nhiều ô và định dạng", "Tải lại tệp"),
        ("bom.xlsx", lambda _: lying(50_000_000), "Tệp bị hỏng", "lưu lại dạng .xlsx"),
        ("pdf.xlsx", lambda _: b"%PDF-1.7", "không phải bảng tính .xlsx", "không đổi đuôi tên tệp"),
        ("cu.xlsx", lambda _: b"\xd0\xcf\x11\xe0" + bytes(600), "Excel kiểu cũ (.xls)", "lưu dạng .xlsx"),
        ("bom.yaml", lambda _: b"a: &a [1]\nb: [*a, *a]\n", "Dòng 2: tệp không được dùng tham chiếu", "Viết lại"),
        ("hai.yaml", lambda _: b"title: a\ntitle: b\n", "một khóa có hai lần", "Giữ một trong hai"),
        ("so.yaml", lambda _: b"a: " + b"9" * 5_000, "Dòng 1: sai cú pháp YAML", "Sửa dòng đó"),
    ],
)
async def test_a_hostile_or_broken_file_is_refused_with_what_to_do_and_nothing_is_written(
    department: Desk, name: str, spoil: Callable[[bytes], bytes], says: str, advises: str
):
    content = await the_workbook(department)
    before = await department.house.store.position(department.tenant)

    page = await checked(department, spoil(content), name)

    assert (page.status, page.refused) == (422, "rulebook-file-unusable")
    assert says in page.text
    assert advises in page.text
    assert page.offers("/kiem-tra")
    assert await department.house.store.position(department.tenant) == before


@pytest.mark.parametrize("count", ["9999", "1", "-1", "x"])
async def test_the_address_alone_confirms_no_file(desks: Desks, season: Story, count: str):
    desk = await desks.department()

    page = await desk.open(f"/bo-tieu-chi/qd-619-2017/tep?da-nhap={count}")

    assert page.status == 200
    assert "mục vào bản sửa đổi" not in page.text


async def test_a_draft_that_moved_meanwhile_is_said_and_nothing_is_lost(department: Desk, desks: Desks, season: Story):
    # Given two tabs with what two files would change
    content = await the_workbook(department)
    other = await desks.of("administrator")
    source = {"document": "Thông tư", "state": "theo tài liệu khác"}
    named = {("TC1.name", column): said for column, said in {"value": "Ban hành văn bản", **source}.items()}
    other_named = {("TC2.name", column): said for column, said in {"value": "Tiếp cận thông tin", **source}.items()}
    commented = {("TC1.name", "comment"): "Đề nghị đối chiếu"}
    first = await checked(department, filled(content, named | commented))
    second = await checked(other, filled(content, other_named))

    # When both are confirmed
    page = await department.send(first, "/nhap")
    assert "Đã ghi 2 mục vào bản sửa đổi" in page.text
    position = await department.house.store.position(department.tenant)
    page = await other.send(second, "/nhap")

    # Then the second is told so and what the first recorded stays
    assert (page.status, page.refused) == (409, "draft-moved")
    assert "Bản sửa đổi đã thay đổi sau khi tệp được kiểm tra" in page.text
    assert "Chọn lại tệp" in page.text
    assert await department.house.store.position(department.tenant) == position
    assert (await the_draft(department, season)).values["TC1.name"].yaml == "Ban hành văn bản"

    # And the same file, sent again, changes what it says and no more
    page = await checked(other, filled(content, other_named))
    assert "1 thay đổi, 0 lỗi, 0 giá trị đã được người khác sửa" in page.text
    assert "Bản sửa đổi đã thay đổi sau khi tệp được lập" in page.text
    page = await other.send(page, "/nhap")
    assert "Đã ghi 1 mục vào bản sửa đổi" in page.text

    # And what was said is not said twice
    page = await checked(department, filled(content, named | commented))
    assert not page.offers("/nhap")
    page = await department.open(f"/bo-tieu-chi/{RULEBOOK}")
    assert page.text.count("Đề nghị đối chiếu") == 1


async def test_points_that_do_not_add_up_are_kept_and_keep_the_draft_from_being_signed_off(
    department: Desk, desks: Desks
):
    home = "/bo-tieu-chi/qd-25-2021"
    content = (await department.fetch(f"{home}/tep/xlsx")).content
    page = await department.open(f"{home}/tep")
    file = ("diem.xlsx", filled(content, {("TC1.points", "value"): 12}), XLSX)
    page = await department.send(page, "/kiem-tra", files={"file": file})
    assert "Ghi được, nhưng chưa ký duyệt được: 1 chỗ chưa khớp" in page.text
    await department.send(page, "/nhap")

    administrator = await desks.of("administrator")
    page = await administrator.open(f"{home}/ky-duyet")
    assert "cộng lại được 10, điểm tối đa là 12" in page.text
    assert not page.offers("/ky-duyet/ky")
    page = await department.open(home)
    await department.send(page, "/bo", {"reason": "Kết thúc"})


async def test_a_file_over_20_mb_is_refused(department: Desk):
    page = await checked(department, bytes(20_100_000))

    assert page.refused == "file-too-large"


async def test_changes_that_were_spoilt_on_their_way_are_refused(department: Desk):
    content = filled(await the_workbook(department), {("short", "value"): "27/2025 (sửa)"})
    page = await checked(department, content)

    for spoilt in ("abc", "", "ạ"):
        refused = await department.send(page, "/nhap", carried=spoilt)

        assert (refused.status, refused.refused) == (422, "rulebook-file-unusable")
        assert "Chọn lại tệp rồi bấm “Kiểm tra tệp”" in refused.text
        assert "Excel, lưu lại" not in refused.html.partition('id="refusal"')[2].partition("<main")[0][:1000]


async def test_whoever_may_not_correct_takes_files_and_sends_none(desks: Desks):
    officer = await desks.officer()
    book = openpyxl.load_workbook(io.BytesIO(await the_workbook(officer)))
    page = await officer.open(PAGE)

    assert SHEET in book.sheetnames
    assert not page.offers("/kiem-tra")


async def test_there_is_no_file_of_another_kind_or_of_an_unknown_text(department: Desk):
    assert (await department.open(f"{PAGE}/doc")).status == 404
    for unknown in ("0" * 64, "x", "\u202e"):
        page = await department.open(f"{PAGE}/xlsx?ban={unknown}")
        assert (page.status, page.refused) == (404, "not-found")
        assert "Không có bản này của bộ tiêu chí" in page.text
        assert f'href="{department.home}/bo-tieu-chi/{RULEBOOK}/cac-ban"' in page.html
    assert (await department.open("/bo-tieu-chi/qd-1-1999/tep")).status == 404
