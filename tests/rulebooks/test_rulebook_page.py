"""The page on which a province reads, corrects and signs off its rulebooks."""

import hashlib
import re
from uuid import uuid4

import pytest

from domain.official import Office
from infra.reference.rulebooks import load_rulebooks
from services.rulebooks.draft import draft_of
from tests.provinces.story import PDF, PROVINCE, Story
from tests.web.desks import Desk, Desks, Page, desks, season, workplace

__all__ = ["desks", "season", "workplace"]

PAGE = "/bo-tieu-chi/qd-25-2021"
SOURCE = {
    "known": "sourced",
    "source_document": "Thông tư",
    "source_number": "09/2021/TT-BTP",
    "source_dated": "15/11/2021",
    "source_article": "Điều 5",
    "source_page": "4",
}


@pytest.fixture
async def administrator(desks: Desks, season: Story) -> Desk:
    """An administrator; no change of an earlier test is left."""
    desk = await desks.of("administrator")
    page = await desk.open(PAGE)
    if page.offers("/bo"):
        await desk.send(page, "/bo", {"reason": "Kết thúc"})
    return desk


@pytest.fixture
async def second(desks: Desks, season: Story) -> Desk:
    subject = f"second-{uuid4().hex[:8]}"
    await season.enrol(subject, Office.ADMINISTRATOR, PROVINCE)
    return await desks.of(subject)


async def edit(desk: Desk, path: str, files: object = None, **typed: str) -> Page:
    """Open the form of a value, fill it, and save."""
    page = await desk.open(f"{PAGE}?sua={path}")
    return await desk.send(page, "/sua", {**SOURCE, **typed}, files=files)


async def said(season: Story, path: str) -> str:
    held = (await draft_of(await season.as_administrator(), "qd-25-2021")).values[path]
    return held.yaml


@pytest.mark.parametrize("rulebook", ["qd-25-2021", "qd-27-2025", "qd-619-2017"])
async def test_every_shipped_rulebook_shows_each_value_that_needs_a_source(administrator: Desk, rulebook: str):
    page = await administrator.open(f"/bo-tieu-chi/{rulebook}")
    sign_off = await administrator.open(f"/bo-tieu-chi/{rulebook}/ky-duyet")

    assert (page.status, sign_off.status) == (200, 200)
    for path in load_rulebooks().newest(rulebook).provenances:
        assert f'id="v-{path}"' in page.html


def row_of(page: Page, path: str) -> str:
    """The row of a value as it is read, without its tags."""
    row = page.html.partition(f'id="v-{path}"')[2].partition("</tr>")[0]
    return " ".join(re.sub(r"<[^>]+>", " ", f"<tr {row}").split())


async def test_a_number_that_is_known_otherwise_than_its_measure_is_said_once_and_has_one_form(administrator: Desk):
    page = await administrator.open("/bo-tieu-chi/qd-27-2025")

    assert "100 phần trăm" not in row_of(page, "TC2.CT6.2.measure")
    assert "số trong cách tính 100 phần trăm" in row_of(page, "TC2.CT6.2.at_least")
    assert page.html.count("sua=TC2.CT6.2.measure#") == 1


async def test_a_condition_whose_wording_is_missing_says_so(administrator: Desk):
    page = await administrator.open("/bo-tieu-chi/qd-27-2025")

    assert "chưa có lời văn" in row_of(page, "C2")
    assert "không có" not in row_of(page, "C2")


async def test_an_article_about_a_text_is_no_original_text_whatever_number_stands_beside_it(administrator: Desk):
    article = {"source_document": "Bài viết giới thiệu Thông tư", "value": "Tên theo bài viết"}
    page = await edit(administrator, "TC1.name", **article)

    assert "theo tài liệu khác" in row_of(page, "TC1.name")
    assert "theo văn bản gốc" not in row_of(page, "TC1.name")


async def test_words_that_still_have_a_number_that_was_changed_are_named_and_keep_nobody_from_signing_off(
    administrator: Desk,
):
    here = "/bo-tieu-chi/qd-27-2025"
    page = await administrator.open(f"{here}?sua=TC3.CT2.2.measure")
    typed = {**SOURCE, "kind": "ratio_threshold", "value-at_least": "85"}
    page = await administrator.send(page, "/sua", typed)
    sign_off = await administrator.open(f"{here}/ky-duyet")
    await administrator.send(page, "/bo", {"reason": "Kết thúc"})

    for shown in (page, sign_off):
        assert "1 chỗ lời văn còn ghi số cũ" in shown.text, page.refused
        assert "mức đạt vẫn ghi “80%”, mà 3.2.2 đã sửa số này" in shown.text
        assert "Chưa ký duyệt được" not in shown.text


async def test_every_official_reads_the_values_and_only_who_may_changes_them(desks: Desks):
    desk = await desks.officer()
    page = await desk.open(PAGE)

    assert page.status == 200
    assert "Bộ tiêu chí 25/2021" in page.text
    assert not page.offers("/sua")
    assert f'{desk.home}/bo-tieu-chi"' in page.html


async def test_the_rulebooks_are_listed_with_the_text_in_use_and_their_years(desks: Desks, season: Story):
    desk = await desks.officer()
    page = await desk.open("/bo-tieu-chi")

    assert page.status == 200
    of_2021 = page.html.partition('id="h-qd-25-2021"')[2].partition("</section>")[0]
    assert f'<a href="{desk.home}/mua/{season.season}">' in of_2021
    assert "27/2025" in page.text
    assert "đang áp dụng" in page.text


async def test_a_number_and_a_name_are_changed_with_their_source_and_taken_back(administrator: Desk, season: Story):
    before = await said(season, "TC1.name")
    page = await edit(administrator, "TC1.name", value="Ban hành văn bản theo thẩm quyền")

    assert page.status == 200
    assert await said(season, "TC1.name") == "Ban hành văn bản theo thẩm quyền"
    assert "Thông tư số 09/2021/TT-BTP ngày 15/11/2021, Điều 5, trang 4" in page.text
    assert "1 giá trị chờ ký duyệt" in page.text
    page = await administrator.open(f"{PAGE}?sua=TC1.name")
    await administrator.send(page, "/lay-lai")
    assert await said(season, "TC1.name") == before


@pytest.mark.parametrize(
    ("path", "typed", "stored"),
    [
        ("council.max_members", {"value": "11"}, "11"),
        ("council.consultation", {"value": "false"}, "false"),
        ("in_force.from", {"value": "02/01/2022"}, "'2022-01-02'"),
        ("TC1.CT1.1.points", {"value": "1,5"}, "1.5"),
        ("deadlines.supplemented", {"value-working_days": "5"}, "working_days: 5"),
        ("TC1.CT1.1.measure", {"value-options": "1: Đủ\n0: Không đủ"}, "text: Đủ, points: 1"),
        ("unit_types", {"value": "xã\nphường"}, "[xã, phường]"),
    ],
)
async def test_each_kind_of_value_has_its_fields(
    administrator: Desk, season: Story, path: str, typed: dict[str, str], stored: str
):
    page = await edit(administrator, path, **typed)

    assert page.status == 200, page.refused
    assert stored in await said(season, path)


@pytest.mark.parametrize(
    ("path", "typed", "stored"),
    [
        ("deadlines.six_month_report", {"value-by": "15/07"}, "by: 07-15"),
        ("TC2.CT5.1.evidence", {"value": "Danh sách tập huấn"}, "Danh sách tập huấn"),
    ],
)
async def test_what_the_text_lacks_is_added_and_taken_back(
    administrator: Desk, season: Story, path: str, typed: dict[str, str], stored: str
):
    page = await administrator.open(f"{PAGE}?sua={path}")
    empty = await administrator.send(page, "/sua", SOURCE)
    assert empty.refused == "field-missing"
    page = await administrator.send(page, "/sua", {**SOURCE, **typed})

    assert page.status == 200, page.refused
    assert stored in await said(season, path)
    page = await administrator.open(f"{PAGE}?sua={path}")
    await administrator.send(page, "/lay-lai")
    assert f"sua={path}#" in (await administrator.open(PAGE)).html


async def test_the_page_says_and_changes_which_sanctions_count(administrator: Desk, season: Story):
    # Given an indicator and a condition that count sanctions
    counting = {"value-officials": "heads", "value-discipline_from": "warning", "value-on_duty": "true"}
    page = await edit(administrator, "TC5.CT3.counts", **counting, **{"value-prosecution": "false"})
    assert page.status == 200, page.refused
    assert await said(season, "TC5.CT3.counts") == "{officials: heads, discipline_from: warning, on_duty: true}"
    page = await administrator.open(PAGE)
    assert "đối tượng: người đứng đầu; kỷ luật từ cảnh cáo; khi thi hành công vụ" in page.text

    page = await administrator.open(f"{PAGE}?sua=C3")
    assert page.form("/sua").value("value-counts.officials") == "heads"
    page = await administrator.send(page, "/sua", {**SOURCE, "value-counts.officials": "all"})
    assert page.status == 200, page.refused
    assert "officials: all, discipline_from: reprimand, on_duty: true, prosecution: true" in await said(season, "C3")

    # And nobody counts discipline without saying whose
    page = await edit(administrator, "C3", **{"value-counts.officials": ""})
    assert page.refused == "field-missing"


async def test_an_amount_is_offered_with_its_rates(administrator: Desk, season: Story):
    page = await administrator.open(f"{PAGE}?sua=TC2.CT5.1.measure&cach=amount")
    typed = {**SOURCE, "value-at_least": "100", "value-comparison": "at_least"}
    wrong = await administrator.send(page, "/sua", {**typed, "value-rates": "300000 đồng"})
    assert (wrong.status, wrong.refused) == (422, "line-unreadable")
    page = await administrator.send(page, "/sua", {**typed, "value-rates": "tên: vụ, việc | số tiền (đồng): 300000"})

    assert page.status == 200, page.refused
    assert "label: 'vụ, việc', dong: 300000" in await said(season, "TC2.CT5.1.measure")


async def test_a_measure_becomes_one_of_another_kind(administrator: Desk, season: Story):
    page = await administrator.open(f"{PAGE}?sua=TC1.CT1.1.measure&cach=ratio_bands")
    page = await administrator.send(page, "/sua", {**SOURCE, "value-bands": "90: 1\n50,5: 0,5\n0: 0"})

    assert page.status == 200, page.refused
    assert "at_least: 50.5" in await said(season, "TC1.CT1.1.measure")


async def test_who_words_a_choice_anew_keeps_what_was_entered_under_it(administrator: Desk, season: Story):
    keys = [part.split(",")[0] for part in (await said(season, "TC1.CT1.1.measure")).split("key: ")[1:]]
    page = await administrator.open(f"{PAGE}?sua=TC1.CT1.1.measure")
    lines = page.form("/sua").value("value-options").splitlines()
    await administrator.send(page, "/sua", {**SOURCE, "value-options": "\n".join([*lines[:-1], f"{lines[-1]} mới"])})

    again = [part.split(",")[0] for part in (await said(season, "TC1.CT1.1.measure")).split("key: ")[1:]]
    assert again == keys


async def test_a_scanned_document_is_kept_with_the_value_and_handed_out(administrator: Desk, desks: Desks):
    page = await edit(administrator, "council.max_members", files={"scan": ("tt.pdf", PDF)}, value="12")
    scan = f"{PAGE}/van-ban/{hashlib.sha256(PDF).hexdigest()}"

    assert page.status == 200, page.refused
    assert scan in page.html
    assert (await administrator.fetch(scan)).content == PDF
    other = await administrator.fetch(f"{PAGE}/van-ban/{'0' * 64}")
    assert other.status_code == 404


@pytest.mark.parametrize(
    ("path", "typed", "refusal"),
    [
        ("TC1.name", {"value": ""}, "field-missing"),
        ("TC1.points", {"value": "mười"}, "not-a-number"),
        ("TC1.points", {"value": "9" * 5_000}, "not-a-number"),
        ("TC1.CT1.1.measure", {"value-options": "Đủ"}, "not-a-number"),
        ("TC1.CT1.1.measure", {"kind": "magic"}, "field-missing"),
        ("council.quorum", {"value": "hai phần ba"}, "value-unusable"),
        ("in_force.from", {"value": "31/02/2022"}, "not-a-date"),
        ("deadlines.posted", {"value-by": "07/02/2024"}, "not-a-day-of-year"),
        ("deadlines.posted", {"value-by": "30/02"}, "not-a-day-of-year"),
        ("deadlines.posted", {"value-by": "1/13"}, "not-a-day-of-year"),
        ("deadlines.supplemented", {"value-working_days": "3", "value-months": "2"}, "value-unusable"),
        ("TC1.name", {"value": "Tên", "source_document": ""}, "field-missing"),
        ("TC1.name", {"value": "Tên", "source_dated": "01/01/0021"}, "day-out-of-range"),
        ("TC1.name", {"value": "Tên", "source_dated": "01/01/2030"}, "day-in-the-future"),
        ("TC1.name", {"value": "Tên", "known": ""}, "source-not-chosen"),
        ("TC1.name", {"value": "Tên", "known": "recalled"}, "source-not-chosen"),
    ],
)
async def test_what_cannot_be_is_refused_in_words_and_what_was_typed_is_kept(
    administrator: Desk, season: Story, path: str, typed: dict[str, str], refusal: str
):
    before = await said(season, path)
    page = await edit(administrator, path, **typed)

    assert (page.refused, page.status >= 400) == (refusal, True)
    assert await said(season, path) == before
    assert page.form("/sua").value("source_article") == "Điều 5"
    # And the page opens with the form, and leads to the field
    [place] = re.findall(r'<a href="#([^"]+)">Đến chỗ cần sửa</a>', page.html)
    assert f'id="{place}"' in page.html
    assert page.html.index('action="' + page.form("/sua").action) < page.html.index('class="filters"')


@pytest.mark.parametrize(
    ("typed", "says"),
    [
        ({"value": "Tên\u202e"}, "“1 tên” có ký tự không được dùng: U+202E"),
        ({"value": "x" * 20_100}, "“1 tên” dài 20.100 ký tự, nhiều nhất là 20.000"),
        ({"value": "Tên", "source_document": "x" * 501}, "Mục “Tên văn bản” dài 501 ký tự, nhiều nhất là 500"),
        ({"value": "Tên", "source_page": "x" * 101}, "Mục “Trang” dài 101 ký tự, nhiều nhất là 100"),
        ({"value": "Tên", "source_article": "Điều\u202e"}, "Mục “Điều, khoản, điểm hoặc phụ lục” có ký tự"),
    ],
)
async def test_a_text_that_no_value_or_source_can_hold_is_called_as_the_form_calls_it(
    administrator: Desk, season: Story, typed: dict[str, str], says: str
):
    before = await said(season, "TC1.name")

    page = await edit(administrator, "TC1.name", **typed)

    assert page.status >= 400
    assert says in page.text
    assert await said(season, "TC1.name") == before
    [place] = re.findall(r'<a href="#([^"]+)">Đến chỗ cần sửa</a>', page.html)
    assert f'id="{place}"' in page.html


async def test_nobody_chooses_for_a_person_where_a_value_comes_from(administrator: Desk):
    page = await administrator.open(f"{PAGE}?sua=TC2.points")
    assert "known" not in dict(page.form("/sua").fields)
    page = await administrator.send(page, "/sua", {**SOURCE, "known": []}, value="30")

    assert page.refused == "source-not-chosen"
    assert "Chưa chọn nguồn của giá trị" in page.text
    assert "known" not in dict(page.form("/sua").fields)


async def test_a_value_that_has_a_source_keeps_it_with_its_kind_in_the_form(administrator: Desk):
    form = (await administrator.open(f"{PAGE}?sua=TC1.name")).form("/sua")
    assert (form.value("known"), form.value("source_number")) == ("sourced", "25/2021/QĐ-TTg")

    # What was read in the paper of a commune is no legal text
    page = await administrator.open(f"{PAGE}?sua=TC1.points")
    assert page.form("/sua").value("known") == "reported"
    line = page.html.partition('id="v-TC1.points"')[2].partition("</tr>")[0]
    assert "theo tài liệu khác" in line
    assert "Bảng chấm điểm tiếp cận pháp luật của xã Đông Quang" in line


@pytest.mark.parametrize("field", ["source_number", "source_dated"])
async def test_an_original_text_is_named_with_its_number_and_day(administrator: Desk, season: Story, field: str):
    before = await said(season, "TC1.name")

    page = await edit(administrator, "TC1.name", value="Tên khác", **{field: ""})

    assert (page.refused, page.status) == ("field-missing", 422)
    assert f'<a href="#{field}">Đến chỗ cần sửa</a>' in page.html
    assert await said(season, "TC1.name") == before
    page = await edit(administrator, "TC1.name", value="Tên khác", known="reported", **{field: ""})
    assert page.status == 200


async def test_what_is_refused_is_called_as_the_page_calls_it(administrator: Desk):
    page = await edit(administrator, "deadlines.supplemented", **{"value-working_days": "3", "value-months": "2"})

    assert "Không dùng được giá trị đã nhập cho “thời hạn: bổ sung hồ sơ”" in page.text
    assert "deadlines." not in page.text


@pytest.mark.parametrize("rulebook", ["qd-25-2021", "qd-27-2025"])
async def test_every_page_counts_alike_what_has_no_original_text(
    administrator: Desk, second: Desk, season: Story, rulebook: str
):
    here = f"/bo-tieu-chi/{rulebook}"
    text = await draft_of(await season.as_administrator(), rulebook)
    count = len(text.rulebook.unverified)

    # Given the number in the list of all rulebooks and among the versions of this one
    listed = (
        (await administrator.open("/bo-tieu-chi")).html.partition(f'id="h-{rulebook}"')[2].partition("</section>")[0]
    )
    assert f"<dt>Chưa có văn bản gốc để đối chiếu</dt><dd>{count} giá trị</dd>" in "".join(
        re.split(r"\s*\n\s*", listed)
    )
    assert f"{count} giá trị" in (await administrator.open(f"{here}/cac-ban")).text

    # Then the page of the rulebook says it too, and lists as many
    page = await administrator.open(here)
    assert f"{count} chưa có văn bản gốc để đối chiếu" in page.text
    reported, unsourced = re.search(r"(\d+) theo tài liệu khác , (\d+) chưa có nguồn", page.text).groups()  # type: ignore[union-attr]
    assert int(reported) + int(unsourced) == count
    page = await administrator.open(f"{here}?loc=unverified")
    assert page.html.count('<tr id="v-') == count

    # And so does the page for signing off, which names each
    await change_of(administrator, here)
    page = await second.open(f"{here}/ky-duyet")
    now = len((await draft_of(await season.as_administrator(), rulebook)).rulebook.unverified)
    assert f"Còn chưa có văn bản gốc để đối chiếu: {now} giá trị" in page.text
    assert page.html.partition('id="h-unverified"')[2].partition("Sau khi ký duyệt")[0].count("<li>") == now
    assert f"chấp nhận tạm sử dụng {now} giá trị chưa có văn bản gốc" in page.text
    page = await administrator.open(here)
    await administrator.send(page, "/bo", {"reason": "Kết thúc"})


async def change_of(desk: Desk, here: str) -> None:
    """A value that had no original text gets one."""
    page = await desk.open(f"{here}?sua=council.quorum")
    page = await desk.send(page, "/sua", {**SOURCE, "value": "3/4"})
    assert page.status == 200, page.refused


async def test_a_document_that_is_cited_with_its_number_and_day_is_printed_with_each_once(administrator: Desk):
    whole = "Thông tư số 09/2021/TT-BTP ngày 15/11/2021"
    page = await edit(administrator, "TC1.name", value="Tên mới", source_document=whole)

    assert page.status == 200
    assert f"{whole}, Điều 5, trang 4" in page.text


async def test_two_tabs_do_not_overwrite_each_other(administrator: Desk, season: Story):
    stale = await administrator.open(f"{PAGE}?sua=TC1.name")
    await edit(administrator, "TC1.name", value="Tên thứ nhất")

    page = await administrator.send(stale, "/sua", {**SOURCE, "value": "Tên thứ hai"})

    assert page.refused == "draft-moved"
    assert page.form("/sua").value("value").strip() == "Tên thứ hai"
    assert await said(season, "TC1.name") == "Tên thứ nhất"
    page = await administrator.send(page, "/sua")
    assert await said(season, "TC1.name") == "Tên thứ hai"


async def test_points_that_do_not_add_up_are_listed_and_keep_the_page_open(administrator: Desk, second: Desk):
    page = await edit(administrator, "TC1.points", value="11")

    assert "các mục bên trong cộng lại được 10, điểm tối đa là 11" in page.text
    page = await second.open(f"{PAGE}/ky-duyet")
    assert not page.offers("/ky-duyet/ky")
    assert page.offers("/ky-duyet/tra-lai")
    assert page.text.count("Chưa ký duyệt được: ") == 2  # at the top, and where the button would be
    assert (await signed(second, page)).refused == "draft-not-closed"


async def signed(desk: Desk, page: Page) -> Page:
    """The answer to a sign-off that the page does not offer: it was opened before."""
    held = dict(page.form("/ky-duyet/tra-lai").fields)
    data = {**held, "command": str(uuid4()), "acknowledged": "1"}
    return await desk.post(f"{desk.home}{PAGE}/ky-duyet/ky", data)


async def test_a_value_that_is_set_back_is_no_change_and_a_new_source_alone_is_said_to_be_one(
    administrator: Desk, second: Desk, season: Story
):
    # Given a number that nobody has found in an original text yet
    recalled = {"known": "recalled", "source_document": "", "source_number": "", "source_dated": ""}
    recalled |= {"source_article": "", "source_page": ""}
    await edit(administrator, "TC2.points", value="31", **recalled)
    assert "1 thay đổi so với" in (await second.open(f"{PAGE}/ky-duyet")).text

    # When it is set back, however it is written, then nothing is changed
    await edit(administrator, "TC2.points", value="30,0", **recalled)
    assert "Không có giá trị nào chờ ký duyệt." in (await second.open(f"{PAGE}/ky-duyet")).text
    assert "giá trị chờ ký duyệt" not in (await administrator.open(PAGE)).text
    assert (await draft_of(await season.as_administrator(), "qd-25-2021")).changes == ()

    # And when the same number gets a source, then this is what is said
    await edit(administrator, "TC2.points", value="30")
    page = await second.open(f"{PAGE}/ky-duyet")
    assert "30 (chưa có nguồn) giữ nguyên, chỉ đổi nguồn (theo văn bản gốc)" in page.text
    listed = await administrator.open(f"{PAGE}?loc=changed")
    assert "chỉ đổi nguồn, chờ ký duyệt" in listed.text
    assert "<del>" not in listed.html


async def test_a_text_that_ships_is_not_offered_to_a_province_whose_own_came_of_it(administrator: Desk, second: Desk):
    # Given a province whose text came of the newest that ships
    await edit(administrator, "TC1.name", value="Tên của tỉnh")
    page = await second.open(f"{PAGE}/ky-duyet")

    # When it signs its own off
    await second.send(page, "/ky-duyet/ky", {"acknowledged": "1"})

    # Then that one is no newer text, on no page
    for path in (PAGE, "/bo-tieu-chi", "/quan-tri?phan=bo-tieu-chi"):
        page = await administrator.open(path)
        part = page.text.partition("25/2021")[2].partition("619/2017")[0]
        assert "Bản mới" not in part
        assert "Chuyển sang văn bản này" not in part


@pytest.mark.parametrize(
    ("path", "typed", "says"),
    [
        ("unit_types", "xã\nlàng", "“làng” không phải loại đơn vị hành chính cấp xã"),
        ("unit_classes", "I\nIV", "không có loại xã “IV”; các loại: I, II, III"),
    ],
)
async def test_a_type_or_class_of_units_that_no_commune_has_keeps_the_draft_from_being_signed_off(
    administrator: Desk, second: Desk, path: str, typed: str, says: str
):
    page = await edit(administrator, path, value=typed)
    assert page.status == 200, page.refused

    assert says in page.text
    page = await signed(second, await second.open(f"{PAGE}/ky-duyet"))
    assert page.refused == "draft-not-closed"
    assert "loại" in page.text


async def test_whoever_changed_something_is_not_offered_the_sign_off(administrator: Desk):
    await edit(administrator, "TC1.name", value="Tên mới")
    page = await administrator.open(f"{PAGE}/ky-duyet")

    assert "Người sửa bộ tiêu chí không tự ký duyệt" in page.text
    assert not page.offers("/ky-duyet/ky")


async def test_a_second_person_sends_the_changes_back_with_a_reason_that_stands_until_something_is_changed(
    administrator: Desk, second: Desk
):
    await edit(administrator, "TC1.name", value="Tên mới")
    assert not (await administrator.open(f"{PAGE}/ky-duyet")).offers("/ky-duyet/tra-lai")
    page = await second.open(f"{PAGE}/ky-duyet")

    # Without a reason it is refused, and not by who made the changes
    refused = await second.send(page, "/ky-duyet/tra-lai", reason=" ")
    assert (refused.refused, refused.status) == ("reason-missing", 422)
    assert '<a href="#reason">Đến chỗ cần sửa</a>' in refused.html
    own = await administrator.open(f"{PAGE}?sua=TC1.name")
    data = {**dict(page.form("/ky-duyet/tra-lai").fields), "csrf": csrf(own), "command": str(uuid4()), "reason": "x"}
    assert (await administrator.post(f"{administrator.home}{PAGE}/ky-duyet/tra-lai", data)).refused == "own-draft"

    # With one, whoever made them sees it on the page and in their work list
    page = await second.send(page, "/ky-duyet/tra-lai", reason="Phụ lục I ghi tên khác")
    assert page.status == 200
    assert "Phụ lục I ghi tên khác" in page.text
    page = await administrator.open(PAGE)
    assert "Người ký duyệt trả lại bản sửa" in page.text
    assert "Phụ lục I ghi tên khác" in page.text
    page = await administrator.open("/viec")
    assert "Sửa lại 1 thay đổi của bộ tiêu chí bị trả lại" in page.text
    assert "Phụ lục I ghi tên khác" in page.text
    assert "Đối chiếu, ký duyệt 1 thay đổi" not in (await second.open("/viec")).text

    # A second person who sends them back as well does not hide the first reason
    await second.send(await second.open(f"{PAGE}/ky-duyet"), "/ky-duyet/tra-lai", reason="Thiếu số văn bản")
    for page in (await administrator.open(PAGE), await administrator.open("/viec")):
        assert 0 < page.text.index("Thiếu số văn bản") < page.text.index("Phụ lục I ghi tên khác")

    # And the next change settles it
    await edit(administrator, "TC1.name", value="Tên theo Phụ lục I")
    assert "trả lại bản sửa" not in (await administrator.open(PAGE)).text
    assert "Đối chiếu, ký duyệt 1 thay đổi" in (await second.open("/viec")).text


async def test_a_second_person_signs_off_what_they_saw_and_the_version_is_listed(administrator: Desk, second: Desk):
    # Given a sign-off page that was opened before another change
    await edit(administrator, "TC1.name", value="Tên mới")
    stale = await second.open(f"{PAGE}/ky-duyet")
    await edit(administrator, "TC2.name", value="Tên hai")

    # Then it is refused
    page = await second.send(stale, "/ky-duyet/ky", {"acknowledged": "1"})
    assert page.refused == "draft-moved"

    # And with both changes in sight it is signed off, once what is unverified is acknowledged
    page = await second.open(f"{PAGE}/ky-duyet")
    refused = await second.send(page, "/ky-duyet/ky")
    assert refused.refused == "unverified-not-acknowledged"
    page = await second.send(page, "/ky-duyet/ky", {"acknowledged": "1", "document_no": "15/STP"})
    assert page.status == 200

    # And a second tab is told that nothing waits any more
    again = await second.send(stale, "/ky-duyet/tra-lai", reason="Chưa đối chiếu")
    assert again.refused in {"draft-moved", "nothing-changed"}
    data = {**dict(refused.form("/ky-duyet/ky").fields), "acknowledged": "1", "command": str(uuid4())}
    again = await second.post(f"{second.home}{PAGE}/ky-duyet/ky", data)
    assert (again.status, again.refused) == (409, "nothing-changed")
    assert "Không còn thay đổi nào chờ ký duyệt" in again.text
    page = await second.open(f"{PAGE}/cac-ban")
    assert "của tỉnh" in page.text
    assert "15/STP" in page.text

    # And what differs between the first text and this one is shown
    count = page.html.count('scope="row"')
    page = await second.open(f"{PAGE}/cac-ban?tu=1&den={count}")
    assert "Tên hai" in page.text


async def test_comments_are_shown_at_the_value(administrator: Desk):
    page = await administrator.open(f"{PAGE}?sua=TC3.name")
    page = await administrator.send(page, "/y-kien", {"comment": "Đề nghị đối chiếu lại"})

    assert "Đề nghị đối chiếu lại" in page.text


async def test_a_content_without_text_gets_its_wording_and_measure(administrator: Desk, season: Story):
    here = "/bo-tieu-chi/qd-27-2025"
    text = await draft_of(await season.as_administrator(), "qd-27-2025")
    code = next(code for one in text.rulebook.indicators for code in one.without_text)

    page = await administrator.open(f"{here}?sua={code}&cach=ratio_threshold")
    page = await administrator.send(page, "/sua", {**SOURCE, "name": "Tỷ lệ giải quyết", "value-at_least": "90"})

    assert page.status == 200, page.refused
    text = await draft_of(await season.as_administrator(), "qd-27-2025")
    assert code in text.rulebook.parts
    assert text.problems == ()
    page = await administrator.open(here)
    await administrator.send(page, "/bo", {"reason": "Kết thúc"})


@pytest.mark.parametrize(
    "path",
    [
        "",
        "TC1.__class__",
        "../../quan-tri",
        "TC1.CT" + "9" * 5_000,
        "TC1." + "x" * 200_000,
        "\u202eTC1.name",
        "sources",
        "id",
        "legal_bases.99999",
    ],
)
async def test_a_path_that_no_value_has_is_refused_and_nothing_is_written(administrator: Desk, path: str):
    page = await administrator.open(f"{PAGE}?sua=TC1.name")
    fields = {**dict(page.form("/sua").fields), **SOURCE, "path": path, "value": "x"}
    before = await administrator.house.store.position(administrator.tenant)

    for action in ("/sua", "/lay-lai", "/y-kien"):
        data = {**fields, "command": str(uuid4()), "comment": "x"}
        page = await administrator.post(f"{administrator.home}{PAGE}{action}", data)
        assert 400 <= page.status < 500
        assert page.refused

    assert await administrator.house.store.position(administrator.tenant) == before


@pytest.mark.parametrize("path", ["/bo-tieu-chi/none", f"{PAGE}/van-ban/x", "/bo-tieu-chi/none/cac-ban"])
async def test_what_is_not_there_is_not_found(administrator: Desk, path: str):
    assert (await administrator.open(path)).status == 404


@pytest.mark.parametrize("query", ["sua=unit_types.1.x", "sua=TC1.CT" + "9" * 3_000, "loc=x", "tieu-chi=x", "cach=x"])
async def test_a_strange_address_shows_the_page(administrator: Desk, query: str):
    assert (await administrator.open(f"{PAGE}?{query}")).status == 200


async def test_officers_of_communes_change_nothing(desks: Desks, administrator: Desk):
    officer = await desks.officer()
    page = await administrator.open(f"{PAGE}?sua=TC1.name")
    own = await officer.open("/them")

    for action in ("/sua", "/lay-lai", "/y-kien", "/bo", "/ky-duyet/ky", "/ky-duyet/tra-lai"):
        data = {**dict(page.form("/sua").fields), "csrf": csrf(own), "reason": "x", "comment": "x"}
        refused = await officer.post(f"{officer.home}{PAGE}{action}", data)
        assert (refused.status, refused.refused) == (403, "not-permitted"), action


def csrf(page: Page) -> str:
    return next(form.value("csrf") for form in page.forms if any(name == "csrf" for name, _ in form.fields))
