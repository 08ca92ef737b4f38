"""A last day that falls on a day off: both readings are shown, and the province chooses by a document."""

from datetime import date

import pytest

from domain.season import Step
from projections.tables.seasons import SEASONS, SeasonRow
from services.season import organise
from tests.provinces.story import Story
from tests.web.desks import Desk, Desks, Page, desks, season, workplace

__all__ = ["desks", "season", "workplace"]

TET = date(2024, 2, 11)  # a Sunday; offices open on Thursday 15 February
BASIS = "Kế hoạch 12/KH-UBND ngày 15/01/2024"


@pytest.fixture
async def story(desks: Desks) -> Story:
    """A season whose last day to decide lies in the lunar new year."""
    planned = await Story(desks.house, desks.tenant, "", "qd-619-2017").planned()
    await organise.set_deadline(await planned.as_administrator(), planned.season, Step.DECIDED, TET, "Kế hoạch 1/KH")
    return planned


@pytest.fixture
async def desk(desks: Desks) -> Desk:
    return await desks.department()


async def row_of(story: Story) -> SeasonRow:
    async with story.house.reads.at(story.tenant, (await story.house.store.tail(story.tenant)).position) as view:
        row = await view.one(SEASONS, story.season)
    assert row is not None
    return row


async def choose(desk: Desk, page: Page, **typed: str) -> Page:
    return await desk.send(page, "/chon-cach-tinh", {"reading": "next-working-day", "reading-basis": BASIS, **typed})


async def test_both_readings_are_shown_and_until_one_is_chosen_the_earlier_counts(desk: Desk, story: Story):
    page = await desk.open(f"/mua/{story.season}")

    assert "Ngày cuối rơi vào ngày nghỉ" in page.text
    assert "11/02/2024 (Chủ nhật), ngày ấn định" in page.text
    assert "15/02/2024 (Thứ Năm), ngày làm việc tiếp theo" in page.text
    assert "chưa chọn, tính đến hết ngày 11/02/2024" in page.text
    assert (await row_of(story)).due(Step.DECIDED) == TET


async def test_who_may_not_choose_is_told_who_may(desk: Desk, desks: Desks, story: Story):
    inspector = await desks.of("inspector")

    theirs, own = await inspector.open(f"/mua/{story.season}"), await desk.open(f"/mua/{story.season}")

    assert not theirs.offers("/chon-cach-tinh")
    assert "Quản trị viên hoặc Sở Tư pháp chọn cách tính." in theirs.text
    assert "Quản trị viên hoặc Sở Tư pháp chọn cách tính." not in own.text


async def test_the_reading_that_the_province_chose_counts(desk: Desk, story: Story):
    page = await choose(desk, await desk.open(f"/mua/{story.season}"))

    assert "tính đến hết ngày 15/02/2024" in page.text
    assert BASIS in page.text
    assert (await row_of(story)).due(Step.DECIDED) == date(2024, 2, 15)


async def test_a_reading_holds_for_the_very_day_it_was_chosen_for(desk: Desk, story: Story):
    await choose(desk, await desk.open(f"/mua/{story.season}"))

    work = await story.as_administrator()
    await organise.set_deadline(work, story.season, Step.DECIDED, date(2024, 2, 12), "Kế hoạch 2/KH")

    assert (await row_of(story)).due(Step.DECIDED) == date(2024, 2, 12)
    assert "chưa chọn, tính đến hết ngày 12/02/2024" in (await desk.open(f"/mua/{story.season}")).text


@pytest.mark.parametrize(
    ("typed", "status", "refusal"),
    [
        ({"reading-basis": ""}, 422, "field-missing"),
        ({"reading": "whenever"}, 404, "not-found"),
        ({"day": "12/02/2024"}, 409, "no-reading-asked"),
        ({"step": "posted"}, 409, "no-reading-asked"),
    ],
)
async def test_a_choice_that_cannot_be_meant_is_refused(
    desk: Desk, story: Story, typed: dict[str, str], status: int, refusal: str
):
    page = await choose(desk, await desk.open(f"/mua/{story.season}"), **typed)

    assert (page.status, page.refused) == (status, refusal)
    assert (await row_of(story)).readings == {}


async def test_a_year_whose_days_off_are_not_known_says_so(desk: Desk, story: Story):
    work = await story.as_administrator()
    await organise.set_deadline(work, story.season, Step.DECIDED, date(2029, 2, 10), "Kế hoạch 3/KH")

    page = await desk.open(f"/mua/{story.season}")

    assert "Chưa có lịch nghỉ năm 2029" in page.text
    assert "Ngày cuối rơi vào ngày nghỉ" not in page.text
