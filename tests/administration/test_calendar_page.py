"""The days off and days worked of a province through their page: proposed by one person, confirmed by another."""

import re
from datetime import UTC, date, datetime
from uuid import uuid4

import pytest

from domain.days_off import DaysOff, days_off_stream
from domain.official import Mandate, Office
from domain.working_days import DayKind
from projections.tables.days_off import ChangeRow, DaysOffRow
from projections.tables.officials import OfficialRow
from services.administration.calendar_page import lines_of
from services.season.calendar import calendar_of, calendar_seen
from tests.provinces.story import Story
from tests.web.desks import Desk, Desks, Page, desks, season, workplace

__all__ = ["desks", "season", "workplace"]

PAGE = "/quan-tri/ngay-nghi"
SOURCE = "Thông báo 1/TB-BNV ngày 02/11/2026"


@pytest.fixture
async def administrator(desks: Desks) -> Desk:
    return await desks.of("administrator")


@pytest.fixture
async def second(desks: Desks) -> Desk:
    return await desks.department()


async def proposed(desk: Desk, day: date) -> None:
    page = await desk.open(f"{PAGE}?nam={day.year}")
    await desk.send(page, "/de-xuat", day=f"{day:%d/%m/%Y}", kind="off", name="Ngày nghỉ của tỉnh", source=SOURCE)


async def own_days(story: Story) -> DaysOff:
    return await story.house.system(story.tenant, uuid4()).look(DaysOff, days_off_stream())


async def test_the_holidays_of_a_year_stand_with_their_sources_and_doubtful_ones_as_such(administrator: Desk):
    page = await administrator.open(f"{PAGE}?nam=2026")

    assert "Thứ Sáu, 02/01/2026" in page.text
    assert "12729/VPCP-KGVX ngày 25/12/2025" in page.text
    assert "chưa rõ, không tính là ngày nghỉ" in page.text
    assert "Ngày Văn hóa Việt Nam" in page.text


async def test_a_day_counts_as_off_once_a_second_person_has_compared_it(
    administrator: Desk, second: Desk, season: Story
):
    day = date(2025, 11, 24)
    await proposed(administrator, day)
    assert "Người khác đối chiếu với văn bản rồi xác nhận." in (await administrator.open(f"{PAGE}?nam=2025")).text
    assert day not in (await own_days(season)).days

    await second.send(await second.open(f"{PAGE}?nam=2025"), "/xac-nhan")

    assert (await own_days(season)).days[day] is DayKind.OFF
    assert "do tỉnh nhập;" in (await administrator.open(f"{PAGE}?nam=2025")).text


async def test_who_proposed_a_day_is_told_by_name_who_may_confirm_it(administrator: Desk, second: Desk):
    await proposed(administrator, date(2021, 11, 24))

    own, others = await administrator.open(f"{PAGE}?nam=2021"), await second.open(f"{PAGE}?nam=2021")

    told = own.text.partition("Xác nhận được: ")[2].partition("Rút đề xuất")[0]
    assert f"Người {Office.JUSTICE_DEPARTMENT} (" in told
    assert "Chuyên viên Sở Tư pháp" in told
    assert name_of_proposer(own) not in told  # who proposed it may not
    assert "Xác nhận được:" not in others.text
    assert others.offers("/xac-nhan")


def name_of_proposer(page: Page) -> str:
    """The name before "đề xuất" of the change that waits."""
    found = re.search(r"; ([^;]+?) đề xuất ", page.text)
    assert found
    return found.group(1)


def test_where_nobody_else_is_in_office_nobody_is_named():
    mandate = Mandate(uuid4(), Office.ADMINISTRATOR, "99", date(2015, 1, 1), None, "01/QĐ")
    alone = OfficialRow("p-1", "Người quản trị", "issuer", "subject", mandates=(mandate,))
    change = ChangeRow(
        2021, date(2021, 11, 24), DayKind.OFF, "Ngày nghỉ", SOURCE, "p-1", datetime(2021, 1, 4, tzinfo=UTC)
    )

    (line,) = lines_of(DaysOffRow({"c-1": change}), 2021, [alone], "p-1", date(2021, 1, 5))

    assert line.own
    assert line.others == ()


async def test_what_is_confirmed_counts_from_then_on_and_not_in_the_past(
    administrator: Desk, second: Desk, season: Story
):
    day = date(2024, 11, 25)  # a Monday
    house, tenant = season.house, season.tenant
    await proposed(administrator, day)
    before = (await house.store.tail(tenant)).position
    await second.send(await second.open(f"{PAGE}?nam=2024"), "/xac-nhan")

    work = house.system(tenant, uuid4())
    async with house.reads.at(tenant, before) as then, house.reads.at(tenant) as now:
        assert (await calendar_seen(then, house.calendar)).is_working_day(day)
        assert not (await calendar_seen(now, house.calendar)).is_working_day(day)
    assert (await calendar_of(work)).after(date(2024, 11, 22), 1) == date(2024, 11, 26)
    assert house.calendar.is_working_day(day)


async def test_a_proposal_is_declined_with_a_reason_and_counts_nowhere(
    administrator: Desk, second: Desk, season: Story
):
    day = date(2022, 11, 24)
    await proposed(administrator, day)
    page = await second.open(f"{PAGE}?nam=2022")

    refused = await second.send(page, "/khong-xac-nhan")
    assert (refused.status, refused.refused) == (422, "field-missing")
    page = await second.send(refused, "/khong-xac-nhan", reason="Chưa có thông báo chính thức")

    assert "Chưa có thông báo chính thức" in page.text
    assert day not in (await own_days(season)).days


async def test_who_proposed_does_not_confirm(administrator: Desk, second: Desk, season: Story):
    day = date(2021, 11, 24)
    await proposed(administrator, day)
    other = await second.open(f"{PAGE}?nam=2021")
    own = await administrator.open(f"{PAGE}?nam=2021")
    change = other.form("/xac-nhan").value("change")
    assert not own.offers("/xac-nhan")

    form = dict(own.form("/khong-xac-nhan").fields) | {"change": change}
    page = await administrator.post(f"{administrator.home}{PAGE}/xac-nhan", form)

    assert (page.status, page.refused) == (409, "own-proposal")
    assert day not in (await own_days(season)).days


async def test_a_change_that_is_settled_already_says_so(administrator: Desk, second: Desk):
    await proposed(administrator, date(2020, 11, 24))
    page = await second.open(f"{PAGE}?nam=2020")
    await second.send(page, "/khong-xac-nhan", reason="Không có văn bản")

    form = dict(page.form("/xac-nhan").fields) | {"command": str(uuid4())}
    page = await second.post(f"{second.home}{PAGE}/xac-nhan", form)

    assert (page.status, page.refused) == (409, "change-settled")


async def test_a_day_proposed_in_two_tabs_is_proposed_once_and_what_was_typed_stays(
    administrator: Desk, second: Desk, season: Story
):
    first, other = await administrator.open(f"{PAGE}?nam=2022"), await administrator.open(f"{PAGE}?nam=2022")
    typed = {"day": "24/11/2022", "name": "Ngày nghỉ của tỉnh", "source": SOURCE}
    await administrator.send(first, "/de-xuat", {**typed, "kind": "off"})

    page = await administrator.send(other, "/de-xuat", {**typed, "kind": "worked", "name": "Làm bù"})

    assert (page.status, page.refused) == (409, "day-already-proposed")
    assert "Đã có đề xuất cho ngày 24/11/2022 đang chờ xác nhận" in page.text
    assert page.form("/de-xuat").value("name") == "Làm bù"
    await second.send(await second.open(f"{PAGE}?nam=2022"), "/xac-nhan")
    assert (await own_days(season)).days[date(2022, 11, 24)] is DayKind.OFF


@pytest.mark.parametrize(
    ("typed", "refusal"),
    [
        ({"day": ""}, "field-missing"),
        ({"day": "32/13/2026"}, "not-a-date"),
        ({"day": "01/01/0026"}, "day-out-of-range"),
        ({"name": ""}, "field-missing"),
        ({"source": ""}, "field-missing"),
        ({"kind": "half"}, "field-missing"),
        ({"source": "x" * 501}, "text-too-long"),
    ],
)
async def test_a_proposal_that_cannot_be_meant_is_refused_and_what_was_typed_stays(
    administrator: Desk, typed: dict[str, str], refusal: str
):
    whole = {"day": "24/11/2026", "kind": "off", "name": "Ngày Văn hóa", "source": SOURCE}

    page = await administrator.send(await administrator.open(f"{PAGE}?nam=2019"), "/de-xuat", {**whole, **typed})

    assert (page.status, page.refused) == (422, refusal)
    assert "Chờ người khác xác nhận" not in page.text
    kept = {**whole, **typed}
    assert page.form("/de-xuat").value("name") == kept["name"]


async def test_a_year_without_days_off_says_so_and_is_known_once_confirmed(
    administrator: Desk, second: Desk, season: Story
):
    page = await administrator.open(f"{PAGE}?nam=2028")
    assert "Chưa có lịch nghỉ năm 2028" in page.text

    await administrator.send(page, "/du-nam", source="Thông báo 2/TB-BNV")
    await second.send(await second.open(f"{PAGE}?nam=2028"), "/xac-nhan")

    assert 2028 in (await own_days(season)).years
    assert "Chưa có lịch nghỉ năm 2028" not in (await administrator.open(f"{PAGE}?nam=2028")).text


async def test_a_year_that_cannot_be_meant_is_refused(administrator: Desk):
    page = await administrator.open(f"{PAGE}?nam=2029")

    page = await administrator.send(page, "/du-nam", nam="20280", source="Thông báo 2/TB-BNV")

    assert (page.status, page.refused) == (422, "year-out-of-range")


async def test_officers_of_communes_do_not_keep_the_calendar(desks: Desks, season: Story):
    officer = await desks.officer()

    page = await officer.open(PAGE)

    assert (page.status, page.refused) == (403, "not-permitted")


async def test_a_day_off_that_was_not_read_in_its_notice_names_no_program(administrator: Desk):
    page = await administrator.open(f"{PAGE}?nam=2018")

    assert "chưa có văn bản gốc để đối chiếu; ghi theo dữ liệu ngày lễ tổng hợp" in page.text
    assert "python" not in page.text
    assert "chờ văn bản hướng dẫn" not in (await administrator.open(f"{PAGE}?nam=2027")).text
