"""Each command on the page of a season ends in a confirmation; what cannot be done is refused by what is wrong."""

from itertools import count

import pytest

from domain.official import Office
from domain.season import State
from services.season import organise
from tests.provinces.story import COMMUNE, DISTRICT, OTHER, Story
from tests.season.test_season_page import stored
from tests.web.desks import Desk, Desks, Page, desks, season, workplace

__all__ = ["desks", "season", "workplace"]

#: Years that no other test of this province plans through the page.
_years = count(2018)
FOREIGN = "12345"


@pytest.fixture
async def desk(desks: Desks) -> Desk:
    return await desks.department()


@pytest.fixture
async def story(desks: Desks) -> Story:
    """A planned year that only has to be opened."""
    planned = await Story(desks.house, desks.tenant, "", "qd-619-2017", year=2023).planned()
    leads: list[organise.Assignment] = [(code, Office.JUSTICE_OFFICER, []) for code in planned.codes]
    await organise.assign_indicators(await planned.as_administrator(), planned.season, leads)
    return planned


def confirmed(page: Page) -> str:
    """What the page confirms, "" for nothing."""
    _, _, note = page.html.partition('id="da-luu"')
    return note.partition("<b>")[2].partition("</b>")[0]


async def test_every_command_on_the_page_is_confirmed(desk: Desk, story: Story):
    page = await desk.open(f"/mua/{story.season}")
    assert confirmed(page) == ""

    page = await desk.send(page, "/dat-han", {"on.scored": "10/12/2023"}, basis="Kế hoạch 1/KH-UBND")
    assert confirmed(page) == "Đã lưu hạn từng bước"
    assert "Còn 5 bước chưa đặt hạn." in page.text
    page = await desk.send(page, "/phan-cong", {f"lead.{story.codes[0]}": Office.POLICE_CHIEF.value})
    assert confirmed(page) == "Đã lưu phân công"
    page = await desk.send(page, "/rut-don-vi", commune=OTHER, reason="Sáp nhập", document_no="5/NQ")
    assert confirmed(page) == "Đã đưa đơn vị ra khỏi danh sách tham gia"
    page = await desk.send(page, "/bo-sung-don-vi", commune=OTHER, reason="Ghi nhầm", document_no="6/NQ")
    assert confirmed(page) == "Đã bổ sung đơn vị tham gia"
    page = await desk.send(page, "/mo", on="05/01/2024")
    assert confirmed(page) == "Đã mở đợt đánh giá"
    assert "2 đơn vị nhập được số liệu từ bây giờ." in page.text
    page = await desk.send(page, "/tam-dung", reason="Sắp xếp", document_no="12/TB")
    assert confirmed(page) == "Đã tạm dừng đợt đánh giá"
    page = await desk.send(page, "/tiep-tuc", reason="Xong", document_no="13/TB")
    assert confirmed(page) == "Đợt đánh giá đã tiếp tục"


async def test_an_address_alone_confirms_nothing_that_is_not_so(desk: Desk, story: Story):
    for key in ("mo", "ket-thuc", "huy", "<script>"):
        assert confirmed(await desk.open(f"/mua/{story.season}?da-luu={key}")) == ""


async def test_an_address_that_somebody_else_was_led_to_or_made_up_confirms_nothing(
    desk: Desk, desks: Desks, story: Story
):
    page = await desk.open(f"/mua/{story.season}")
    page = await desk.send(page, "/phan-cong", {f"lead.{story.codes[0]}": Office.POLICE_CHIEF.value})
    confirming = page.url.partition(desk.home)[2].partition("#")[0]
    administrator = await desks.of("administrator")

    assert confirmed(await desk.open(confirming)) == "Đã lưu phân công"
    assert confirmed(await administrator.open(confirming)) == ""
    for made_up in (
        f"/mua/{story.season}?da-luu=phan-cong",
        f"/mua/{story.season}?da-luu=bo-sung-don-vi",
        confirming.replace("phan-cong", "bo-sung-don-vi"),
    ):
        assert confirmed(await desk.open(made_up)) == ""


async def test_an_address_alone_confirms_nothing_that_the_page_does_not_show(desk: Desk, story: Story):
    for key in ("han", "cach-tinh", "khong-xet", "rut-don-vi"):
        assert confirmed(await desk.open(f"/mua/{story.season}?da-luu={key}")) == ""

    await desk.send(await desk.open(f"/mua/{story.season}"), "/mo", on="05/01/2024")
    assert confirmed(await desk.open(f"/mua/{story.season}?da-luu=lap")) == ""

    await desk.send(await desk.open(f"/mua/{story.season}"), "/huy", reason="Sắp xếp", document_no="12/TB")
    for key in ("phan-cong", "bo-sung-don-vi", "lap", "chep"):
        assert confirmed(await desk.open(f"/mua/{story.season}?da-luu={key}")) == ""


async def test_opening_in_a_second_tab_says_that_it_is_open(desk: Desk, story: Story):
    first, second = await desk.open(f"/mua/{story.season}"), await desk.open(f"/mua/{story.season}")
    await desk.send(first, "/mo", on="05/01/2024")

    page = await desk.send(second, "/mo", on="05/01/2024")

    assert page.refused == "season-already-open"
    assert "Đợt đánh giá đã mở ngày 05/01/2024" in page.text
    assert "Không cần mở lần nữa" in page.text
    assert (await stored(story)).state is State.OPEN


async def test_what_the_year_is_past_is_refused_by_how_it_stands(desk: Desk, story: Story):
    first, second = await desk.open(f"/mua/{story.season}"), await desk.open(f"/mua/{story.season}")
    await desk.send(first, "/huy", reason="Sắp xếp", document_no="12/TB")

    page = await desk.send(second, "/mo", on="05/01/2024")

    assert page.refused == "out-of-order"
    assert "Đợt đánh giá đã hủy nên không làm được việc này" in page.text
    assert "Làm các bước trước đó" not in page.text


async def test_deadlines_overtaken_by_another_form_name_no_versions(desk: Desk, story: Story):
    first, second = await desk.open(f"/mua/{story.season}"), await desk.open(f"/mua/{story.season}")
    await desk.send(first, "/dat-han", {"on.scored": "10/12/2023"}, basis="Kế hoạch 1/KH-UBND")

    page = await desk.send(second, "/dat-han", {"on.scored": "11/12/2023"}, basis="Kế hoạch 2/KH-UBND")

    assert page.refused == "stale"
    assert "Xem nội dung đang lưu trên trang" in page.text
    assert "Đang lưu:" not in page.text


async def test_units_that_are_none_of_the_province_are_named_and_nothing_is_planned(desk: Desk):
    year = str(next(_years))
    page = await desk.open("/mua")

    for typed in ({"commune": [COMMUNE, FOREIGN]}, {"unit": [FOREIGN], "commune": [COMMUNE]}, {"commune": [DISTRICT]}):
        refused = await desk.send(page, "/lap-ke-hoach", typed, year=year, rulebook="qd-25-2021")
        assert (refused.status, refused.refused) == (422, "units-unsuitable")
        named = FOREIGN if FOREIGN in str(typed) else f"({DISTRICT})"
        assert "Không tham gia đánh giá được: " in refused.text
        assert named in refused.text
        assert "Chỉ chọn các đơn vị cấp xã hiện có của tỉnh" in refused.text
    assert (await desk.open(f"/mua/{year}")).status == 404


async def test_a_unit_of_another_province_is_not_added(desk: Desk, story: Story):
    page = await desk.open(f"/mua/{story.season}")

    page = await desk.send(page, "/bo-sung-don-vi", commune=FOREIGN, reason="Bổ sung", document_no="5/NQ")

    assert page.refused == "units-unsuitable"
    assert f"Không tham gia đánh giá được: {FOREIGN}" in page.text
    assert "bảng đánh giá" not in page.html.partition('id="refusal"')[2].partition("</div>")[0]
    assert set((await stored(story)).participants) == {COMMUNE, OTHER}


async def test_the_communes_of_the_year_before_are_taken_with_one_tick(desk: Desk, desks: Desks):
    before, year = str(next(_years)), str(next(_years))
    page = await desk.send(
        await desk.open("/mua"), "/lap-ke-hoach", year=before, rulebook="qd-25-2021", commune=[COMMUNE, OTHER]
    )
    assert confirmed(page) == f"Đã lập kế hoạch năm đánh giá {before} cho 2 đơn vị"

    page = await desk.open("/mua")
    like = page.html.partition('name="like" value="')[2].partition('"')[0]
    page = await desk.send(page, "/lap-ke-hoach", year=year, rulebook="qd-25-2021", like=like)

    planned = await stored(Story(desks.house, desks.tenant, year))
    former = await stored(Story(desks.house, desks.tenant, like))
    assert set(planned.participants) == set(former.participants)
    assert confirmed(page).startswith(f"Đã lập kế hoạch năm đánh giá {year}")


async def test_the_communes_of_a_year_that_there_is_not_are_no_choice(desk: Desk):
    year = str(next(_years))

    page = await desk.send(
        await desk.open("/mua"), "/lap-ke-hoach", year=year, rulebook="qd-25-2021", like="1900", unit=DISTRICT
    )

    assert (page.status, page.refused) == (422, "year-gone")
    assert "Chọn lại các đơn vị tham gia rồi gửi." in page.text
    assert page.form("/lap-ke-hoach").value("year") == year
    assert page.form("/lap-ke-hoach").value("unit") == DISTRICT
    assert "1900" not in page.text
    assert (await desk.open(f"/mua/{year}")).status == 404
