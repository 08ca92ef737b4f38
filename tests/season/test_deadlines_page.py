"""The deadlines of a season: one table, one press, each day checked against the others and the text."""

from datetime import date

import pytest

from domain.season import Deadline, Season, Step, season_stream
from services.season import organise
from tests.provinces.story import Story
from tests.web.desks import Desk, Desks, Page, desks, season, workplace

__all__ = ["desks", "season", "workplace"]

BASIS = "Kế hoạch 12/KH-UBND"


@pytest.fixture
async def story(desks: Desks) -> Story:
    return await Story(desks.house, desks.tenant, "", "qd-25-2021", year=2023).planned()


@pytest.fixture
async def desk(desks: Desks) -> Desk:
    return await desks.department()


def days_of(year: int) -> dict[str, str]:
    """Days of the season that keep order and terms."""
    return {
        "on.scored": f"15/12/{year}",
        "on.posted": f"22/12/{year}",
        "on.submitted": f"05/01/{year + 1}",
        "on.appraised": f"15/01/{year + 1}",
        "on.voted": f"25/01/{year + 1}",
        "on.decided": f"05/02/{year + 1}",
    }


async def stored(story: Story) -> dict[Step, Deadline]:
    return (await (await story.as_administrator()).look(Season, season_stream(story.season))).deadlines


async def save(desk: Desk, story: Story, **typed: str) -> Page:
    page = await desk.open(f"/mua/{story.season}")
    return await desk.send(page, "/dat-han", {**days_of(story.year), "basis": BASIS, **typed})


async def test_all_deadlines_are_saved_with_one_press(desk: Desk, story: Story):
    page = await save(desk, story, **{"basis.decided": "Công văn 7/UBND"})

    deadlines = await stored(story)
    assert list(deadlines) == list(Step)
    assert deadlines[Step.SUBMITTED] == Deadline(date(story.year + 1, 1, 5), BASIS)
    assert deadlines[Step.DECIDED].basis == "Công văn 7/UBND"
    assert page.form("/dat-han").value("basis") == BASIS
    assert page.form("/dat-han").value("basis.decided") == "Công văn 7/UBND"
    assert page.form("/dat-han").value("basis.scored") == ""


async def test_what_is_sent_again_unchanged_is_no_fact(desk: Desk, story: Story):
    await save(desk, story)
    before = len(await story.kinds())

    await save(desk, story)

    assert len(await story.kinds()) == before


async def test_the_table_has_every_step_of_the_text_with_its_term_and_article(desk: Desk, story: Story):
    page = await desk.open(f"/mua/{story.season}")

    following = story.year + 1
    assert f"trước ngày 10/01/{following} (Điều 5 khoản 2 Quyết định số 25/2021/QĐ-TTg)" in page.text
    assert f"Đúng hạn đến hết ngày 09/01/{following}" in page.text
    for step in ("Bổ sung hồ sơ", "Gửi tài liệu cho hội đồng", "Công bố kết quả", "Cấp tỉnh báo cáo"):
        assert step in page.text
    assert page.form("/dat-han").value("on.submitted") == f"09/01/{following}"
    assert page.form("/dat-han").value("on.scored") == ""


@pytest.mark.parametrize(
    ("typed", "refusal", "said"),
    [
        ({"on.posted": "14/12/{year}"}, "period-reversed", "Hạn 14/12/{year} trước hạn 15/12/{year}"),
        ({"on.submitted": "26/12/{year}"}, "deadline-outside-term", "chưa đủ thời gian niêm yết của bộ tiêu chí"),
        ({"on.submitted": "10/01/{next}"}, "deadline-outside-term", "sau ngày cuối 09/01/{next} theo bộ tiêu chí"),
        ({"on.submitted": "30/02/{next}"}, "not-a-date", "30/02/{next}"),
        ({"on.submitted": "05/01/24"}, "not-a-date", "05/01/24"),
        ({"basis": ""}, "field-missing", ""),
    ],
)
async def test_what_cannot_stand_is_refused_at_its_field_and_kept(
    desk: Desk, story: Story, typed: dict[str, str], refusal: str, said: str
):
    years = {"year": story.year, "next": story.year + 1}
    typed = {name: value.format(**years) for name, value in typed.items()}

    page = await save(desk, story, **typed)

    assert (page.status, page.refused) == (422, refusal)
    assert said.format(**years) in page.text
    for name, value in {**days_of(story.year), **typed}.items():
        assert page.form("/dat-han").value(name) == value
    assert await stored(story) == {}


async def test_several_faults_are_said_at_once_each_at_its_step(desk: Desk, story: Story):
    page = await save(desk, story, **{"on.posted": f"14/12/{story.year}", "on.decided": f"10/02/{story.year + 1}"})

    assert f"Hạn 14/12/{story.year} trước hạn 15/12/{story.year}" in page.text
    assert f"Hạn 10/02/{story.year + 1} sau ngày cuối 09/02/{story.year + 1} theo bộ tiêu chí" in page.text


async def test_a_day_beyond_the_term_is_set_by_the_document_that_allows_it(desk: Desk, story: Story):
    late = {"on.submitted": f"12/01/{story.year + 1}"}
    page = await save(desk, story, **late)

    page = await desk.send(page, "/dat-han", {**late, "outside.submitted": "Công văn 5/BTP-PBGDPL"}, command="")

    assert (await stored(story))[Step.SUBMITTED].outside_term_by == "Công văn 5/BTP-PBGDPL"
    assert "Ngoài thời hạn của bộ tiêu chí, theo Công văn 5/BTP-PBGDPL." in page.text


async def test_a_deadline_that_was_set_is_not_emptied(desk: Desk, story: Story):
    await save(desk, story)

    page = await save(desk, story, **{"on.voted": ""})

    assert page.refused == "field-missing"
    assert (await stored(story))[Step.VOTED].on == date(story.year + 1, 1, 25)


async def test_a_form_overtaken_by_another_changes_nothing(desk: Desk, story: Story):
    page = await desk.open(f"/mua/{story.season}")
    work = await story.as_administrator()
    await organise.set_deadline(work, story.season, Step.SCORED, date(story.year, 12, 10), "Kế hoạch 3/KH")

    refused = await desk.send(page, "/dat-han", {**days_of(story.year), "basis": BASIS})

    assert refused.refused == "stale"
    assert list(await stored(story)) == [Step.SCORED]


async def test_a_fixed_day_without_a_deadline_shows_both_readings(desk: Desk, story: Story):
    page = await desk.open(f"/mua/{story.season}")  # the report of the district, "trước ngày 15/02": in the new year

    assert "Đúng hạn đến hết ngày 14/02/2024 (Thứ Tư)." in page.text
    assert "Ngày nghỉ; ngày làm việc tiếp theo là 15/02/2024 (Thứ Năm). Tính theo ngày sớm hơn." in page.text
