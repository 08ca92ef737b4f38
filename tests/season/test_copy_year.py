"""Last year's assignments and deadlines: shown, moved by the years, taken over with one press, nothing silently."""

import re
from collections.abc import Mapping
from datetime import date
from itertools import count

import pytest

from domain.official import Office
from domain.season import Assignment, Deadline, Season, Step, season_name, season_stream
from domain.unit import Level
from infra.reference.rulebooks import load_calendar, load_rulebooks
from projections.tables.seasons import SeasonRow
from projections.tables.units import UnitRow
from services.i18n import load_words
from services.season import organise
from services.season.copy_page import moved_lines
from services.season.copy_year import earlier, ended_since, taken_over
from tests.provinces.story import COMMUNE, DISTRICT, Story
from tests.web.desks import Desks, desks, workplace

__all__ = ["desks", "workplace"]

OLD, NEW = load_rulebooks().newest("qd-25-2021"), load_rulebooks().newest("qd-27-2025")
CALENDAR = load_calendar()
#: Years that no other test of seasons assigns.
YEARS = count(2014, 2)
LED = Assignment(Office.JUSTICE_OFFICER, (Office.POLICE_CHIEF,))


def a_row(year: int, rulebook: str = "qd-25-2021", *, practice: bool = False, **held: object) -> SeasonRow:
    name = season_name(year, practice=practice)
    text = load_rulebooks().newest(rulebook)
    codes = tuple(one.code for one in text.indicators)
    return SeasonRow(name, year, rulebook, text.sha256, codes, {COMMUNE: DISTRICT}, 1, **held)  # type: ignore[arg-type]


def due(**days: date) -> Mapping[Step, Deadline]:
    return {Step(name): Deadline(on, "Kế hoạch 1/KH") for name, on in days.items()}


def test_deadlines_are_moved_by_the_years_and_have_no_document_yet():
    former = a_row(2021, deadlines=due(scored=date(2021, 12, 20), decided=date(2022, 2, 7)))

    found = taken_over(former, a_row(2023), OLD, OLD, CALENDAR)

    assert found.deadlines == {Step.SCORED: date(2023, 12, 20), Step.DECIDED: date(2024, 2, 7)}


def test_a_deadline_that_the_new_text_does_not_allow_is_not_copied_and_said():
    former = a_row(2022, "qd-619-2017", deadlines=due(submitted=date(2023, 1, 15), voted=date(2023, 1, 30)))

    found = taken_over(former, a_row(2023), load_rulebooks().newest("qd-619-2017"), OLD, CALENDAR)

    assert found.deadlines == {Step.VOTED: date(2024, 1, 30)}
    assert found.refused[Step.SUBMITTED].code == "deadline-outside-term"


def test_what_the_season_has_already_stays():
    former = a_row(2022, deadlines=due(scored=date(2022, 12, 20)), assignments={"TC1.CT1": LED, "TC1.CT2": LED})
    planned = a_row(2023, deadlines=due(scored=date(2023, 12, 1)), assignments={"TC1.CT1": LED})

    found = taken_over(former, planned, OLD, OLD, CALENDAR)

    assert (found.deadlines, found.set_already) == ({}, (Step.SCORED,))
    assert (set(found.assignments), found.kept) == ({"TC1.CT2"}, ("TC1.CT1",))


def test_an_indicator_of_another_text_with_the_same_number_is_left_out():
    former = a_row(2024, assignments={"TC1.CT1": LED, "TC5.CT1": LED})

    found = taken_over(former, a_row(2025, "qd-27-2025"), OLD, NEW, CALENDAR)

    assert found.assignments == {}
    assert found.left_out == ("TC1.CT1", "TC5.CT1")


def test_the_season_before_is_the_last_one_that_was_planned_in_earnest():
    rows = [a_row(2021, assignments={"TC1.CT1": LED}), a_row(2022), a_row(2024, assignments={"TC1.CT1": LED})]

    assert earlier(rows, a_row(2023)) == rows[0]
    assert earlier(rows, a_row(2020)) is None


def test_a_practice_round_takes_over_from_its_year_and_a_year_from_it_where_there_is_none_before():
    led = {"TC1.CT1": LED}
    practice, year = a_row(2024, practice=True, assignments=led), a_row(2024, assignments=led)
    before = a_row(2023, assignments=led)

    assert earlier([practice, year, before], practice) == year
    assert earlier([practice, year, before], year) == before
    assert earlier([practice, year], year) == practice


def test_only_a_practice_round_takes_over_deadlines_outside_the_terms():
    former = a_row(2023, deadlines=due(submitted=date(2024, 3, 1)))

    kept = taken_over(former, a_row(2024), OLD, OLD, CALENDAR)
    free = taken_over(former, a_row(2024, practice=True), OLD, OLD, CALENDAR, keeps_terms=False)

    assert (dict(kept.deadlines), set(kept.refused)) == ({}, {Step.SUBMITTED})
    assert (dict(free.deadlines), dict(free.refused)) == ({Step.SUBMITTED: date(2025, 3, 1)}, {})


def test_communes_that_have_ended_are_named():
    there = UnitRow(COMMUNE, "Xã Suối Gấm", "Xã", Level.COMMUNE, DISTRICT, ended_on=date(2025, 7, 1))

    assert ended_since(a_row(2024), {COMMUNE: there}, date(2025, 7, 1)) == [there]
    assert ended_since(a_row(2024), {COMMUNE: there}, date(2025, 6, 30)) == []


def test_a_day_of_a_year_whose_days_off_are_not_known_is_marked_so_in_the_preview():
    former = a_row(2026, deadlines=due(scored=date(2026, 12, 20), decided=date(2027, 1, 15)))
    found = taken_over(former, a_row(2027), OLD, OLD, CALENDAR)

    lines = moved_lines(former, found, CALENDAR, load_words()["vi"], date(2026, 11, 30))

    assert [(line.after, line.unknown) for line in lines] == [(date(2027, 12, 20), False), (date(2028, 1, 15), True)]


# Through the page -------------------------------------------------------------------------------------


@pytest.fixture
async def two_years(desks: Desks) -> tuple[Story, Story]:
    """A year that was assigned and due, and the next one, only planned."""
    year = next(YEARS)
    former = await Story(desks.house, desks.tenant, "", year=year).planned()
    work = await former.as_administrator()
    lines: list[organise.Assignment] = [(code, Office.JUSTICE_OFFICER, [Office.POLICE_CHIEF]) for code in former.codes]
    await organise.assign_indicators(work, former.season, lines)
    work = await former.as_administrator()
    deadlines = list(due(scored=date(year, 12, 20), decided=date(year + 1, 2, 7)).items())
    await organise.set_deadlines(work, former.season, deadlines)
    return former, await Story(desks.house, desks.tenant, "", year=year + 1).planned()


async def stored(story: Story) -> Season:
    return await (await story.as_administrator()).look(Season, season_stream(story.season))


async def test_what_is_shown_is_taken_over_with_one_press(desks: Desks, two_years: tuple[Story, Story]):
    former, planned = two_years
    desk = await desks.department()
    page = await desk.open(f"/mua/{planned.season}")
    assert f"Chép thời hạn và phân công của năm đánh giá {former.season}" in page.text

    page = await desk.open(f"/mua/{planned.season}/chep")
    assert f"20/12/{former.year}" in page.text
    assert f"20/12/{planned.year}" in page.text
    assert (await stored(planned)).deadlines == {}
    page = await desk.send(page, "/chep", document_no="Kế hoạch 5/KH-UBND")

    season = await stored(planned)
    assert season.deadlines[Step.DECIDED] == Deadline(date(planned.year + 1, 2, 7), "Kế hoạch 5/KH-UBND")
    assert season.unassigned == ()
    assert season.assignments[planned.codes[0]] == Assignment(Office.JUSTICE_OFFICER, (Office.POLICE_CHIEF,))
    assert "Không có nội dung nào để chép" in (await desk.open(f"/mua/{planned.season}/chep")).text


async def test_days_that_are_over_are_said_before_and_after_they_are_copied(
    desks: Desks, two_years: tuple[Story, Story]
):
    _, planned = two_years
    desk = await desks.department()

    page = await desk.open(f"/mua/{planned.season}/chep")
    copied = await desk.send(page, "/chep", document_no="Kế hoạch 5/KH-UBND")

    assert "2 hạn chép sang là ngày đã qua" in page.text
    assert page.text.count("Ngày đã qua.") == 2
    assert "2 bước có hạn đã qua; đặt lại trước khi mở." in copied.text


def test_only_a_day_that_is_over_is_marked_so():
    former = a_row(2021, deadlines=due(scored=date(2021, 12, 20), decided=date(2022, 2, 7)))
    found = taken_over(former, a_row(2023), OLD, OLD, CALENDAR)

    lines = moved_lines(former, found, CALENDAR, load_words()["vi"], date(2023, 12, 21))

    assert [line.over for line in lines] == [True, False]


async def test_without_a_document_nothing_is_taken_over(desks: Desks, two_years: tuple[Story, Story]):
    _, planned = two_years
    desk = await desks.department()

    form = await desk.open(f"/mua/{planned.season}/chep")
    [field] = re.findall(r'<input id="document_no"[^>]*>', form.html)
    assert " required" in field

    page = await desk.send(form, "/chep", document_no="")

    assert (page.status, page.refused) == (422, "field-missing")
    assert (await stored(planned)).assignments == {}


async def test_what_changed_since_it_was_shown_is_shown_again(desks: Desks, two_years: tuple[Story, Story]):
    former, planned = two_years
    desk = await desks.department()
    page = await desk.open(f"/mua/{planned.season}/chep")
    work = await former.as_administrator()
    await organise.set_deadline(work, former.season, Step.SCORED, date(former.year, 12, 22), "Kế hoạch 2/KH")

    page = await desk.send(page, "/chep", document_no="Kế hoạch 5/KH-UBND")

    assert page.refused == "stale"
    assert "Xem lại nội dung xem trước bên dưới rồi chép lại" in page.text
    assert "Đang lưu:" not in page.text
    assert (await stored(planned)).deadlines == {}


async def test_who_does_not_plan_sees_no_preview(desks: Desks, two_years: tuple[Story, Story]):
    page = await (await desks.officer()).open(f"/mua/{two_years[1].season}/chep")

    assert (page.status, page.refused) == (403, "not-permitted")


async def test_a_season_without_an_earlier_one_says_so(desks: Desks):
    story = await Story(desks.house, desks.tenant, "", year=1000).planned()  # before the year of any other test
    desk = await desks.department()

    page = await desk.open(f"/mua/{story.season}")
    preview = await desk.open(f"/mua/{story.season}/chep")

    assert "Chưa có năm đánh giá trước để chép" in page.text
    assert "Chưa có năm đánh giá trước để chép" in preview.text
    assert not preview.offers("/chep")
