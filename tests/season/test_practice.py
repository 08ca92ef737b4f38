"""A practice round: planned beside the year, marked on each of its pages, published nowhere, counted nowhere."""

import re
from datetime import date, timedelta
from decimal import Decimal
from itertools import count
from pathlib import Path

import pytest

import services
from domain.assessment import Stage
from domain.errors import DeadlineOutsideTerm, OutOfOrder, PeriodReversed, YearPlanned
from domain.official import Office
from domain.season import Deadline, Participant, Season, State, Step, season_stream
from services.clock import today
from services.recognition import recognise
from services.season import organise
from tests.provinces.story import COMMUNE, DISTRICT, TODAY, Story
from tests.web.desks import Desks, Page, desks, season, workplace

__all__ = ["desks", "season", "workplace"]

BANNER = "Không có giá trị pháp lý, không công bố, không tính vào kết quả."
RULEBOOK = "qd-25-2021"

SERVICES = Path(services.__file__).parent

_years = count(2013)


async def plan(story: Story, year: int, **kind: bool) -> None:
    participants = [Participant(COMMUNE, DISTRICT)]
    await organise.plan_season(await story.as_administrator(), year, RULEBOOK, participants, **kind)


async def state_of(story: Story, season: str) -> State:
    return (await (await story.as_administrator()).look(Season, season_stream(season))).state


async def practice(desks: Desks) -> Story:
    return await Story(desks.house, desks.tenant, "", practice=True).opened()


# Planning it ------------------------------------------------------------------------------------------


async def test_a_practice_round_is_planned_beside_the_year_and_neither_is_in_the_way_of_the_other(own_story: Story):
    await plan(own_story, 2024, practice=True)
    await plan(own_story, 2024)

    assert await state_of(own_story, "2024-thu") is State.PLANNED
    assert await state_of(own_story, "2024") is State.PLANNED


async def test_a_year_has_a_second_practice_round_once_the_first_has_ended(own_story: Story):
    await plan(own_story, 2024, practice=True)
    with pytest.raises(YearPlanned) as refused:
        await plan(own_story, 2024, practice=True)
    assert (refused.value.details["reason"], refused.value.details["season"]) == ("practice", "2024-thu")

    await organise.cancel_season(await own_story.as_administrator(), "2024-thu", "Đã tập xong", "5/STP")
    await plan(own_story, 2024, practice=True)

    assert await state_of(own_story, "2024-thu-2") is State.PLANNED


async def test_a_practice_round_that_ended_makes_no_further_round_of_the_year(own_story: Story):
    await plan(own_story, 2024, practice=True)
    await organise.cancel_season(await own_story.as_administrator(), "2024-thu", "Đã tập xong", "5/STP")

    await plan(own_story, 2024)

    assert await state_of(own_story, "2024") is State.PLANNED


async def test_its_deadlines_keep_their_order_and_no_term(own_story: Story):
    await plan(own_story, 2023)
    await plan(own_story, 2023, practice=True)
    early = {Step.SCORED: Deadline(date(2023, 3, 1), "KH 1"), Step.SUBMITTED: Deadline(date(2024, 3, 2), "KH 1")}
    reversed_ = {Step.SUBMITTED: Deadline(date(2023, 2, 1), "KH 1")}

    with pytest.raises(DeadlineOutsideTerm):
        await organise.set_deadlines(await own_story.as_administrator(), "2023", list(early.items()))
    await organise.set_deadlines(await own_story.as_administrator(), "2023-thu", list(early.items()))
    with pytest.raises(PeriodReversed):
        await organise.set_deadlines(await own_story.as_administrator(), "2023-thu", list(reversed_.items()))


async def test_a_practice_round_is_planned_on_the_page_and_called_so(desks: Desks):
    desk = await desks.department()
    year = str(next(_years))
    page = await desk.open("/mua")
    assert "Đợt đánh giá thử: để cán bộ, công chức làm quen" in page.text
    proposed = page.form("/lap-ke-hoach").value("year")

    page = await desk.send(page, "/lap-ke-hoach", purpose="thu", year=year, rulebook=RULEBOOK, commune=[COMMUNE])

    assert f"Năm đánh giá {year} (đánh giá thử)" in page.text
    assert BANNER in page.text
    again = await desk.open("/mua")
    assert f"{year} (đánh giá thử)" in again.text
    assert BANNER not in again.text
    assert again.form("/lap-ke-hoach").value("year") == proposed
    refused = await desk.send(again, "/lap-ke-hoach", purpose="thu", year=year, rulebook=RULEBOOK, commune=[COMMUNE])
    assert f"Năm {year} đang có một đợt đánh giá thử" in refused.text
    assert 'value="thu" checked' in refused.html


async def test_nobody_plans_the_year_by_a_purpose_that_is_not_offered(desks: Desks):
    desk = await desks.department()
    year = str(next(_years))

    page = await desk.send(
        await desk.open("/mua"), "/lap-ke-hoach", purpose="tap", year=year, rulebook=RULEBOOK, commune=[COMMUNE]
    )

    assert (page.status, page.refused) == (422, "field-missing")
    assert "Mục đích" in page.text
    assert (await desk.open(f"/mua/{year}")).status == 404


async def test_the_deadlines_of_a_practice_round_are_saved_as_they_are(desks: Desks):
    story = await Story(desks.house, desks.tenant, "", year=2024, practice=True).planned()
    desk = await desks.department()
    page = await desk.open(f"/mua/{story.season}")
    assert "Hạn của đợt đánh giá thử không phải theo thời hạn quy định" in page.text

    late = {"on.submitted": "30/06/2025", "on.appraised": "", "on.voted": "", "on.decided": ""}
    page = await desk.send(page, "/dat-han", {**late, "basis": "KH 1/STP"})

    assert page.status == 200
    held = await (await story.as_administrator()).look(Season, season_stream(story.season))
    assert held.deadlines[Step.SUBMITTED].on == date(2025, 6, 30)


# Working in it ----------------------------------------------------------------------------------------


async def test_every_page_of_a_practice_round_says_so_and_no_other_page_does(desks: Desks, season: Story):
    story = await practice(desks)
    await story.decided()
    officer, department = await desks.officer(), await desks.department()
    inspector, chair = await desks.of(Office.INSPECTOR.value), await desks.of(Office.DISTRICT_CHAIRMAN.value)
    appraiser = await desks.appraiser()
    seen = {
        officer: ["/ho-so/{}/{}", "/ho-so/{}/{}?chi-tieu=TC2.CT5", "/bang/{}", "/mua/{}", "/nhat-ky/{}/{}"],
        department: ["/mua/{}", "/mua/{}/chep"],
        appraiser: ["/tham-dinh/{}", "/tham-dinh/{}/{}"],
        chair: ["/hoi-dong/{}", "/quyet-dinh/{}/{}"],
        inspector: ["/thanh-tra/xem-xet/{}", "/dau-hieu/{}", "/phat-lai/{}", "/gia-dinh/{}", "/trach-nhiem/{}/{}"],
    }

    for desk, paths in seen.items():
        for path in paths:
            page = await desk.open(path.format(story.season, COMMUNE))
            assert page.status == 200, path
            assert page.text.count(BANNER) == 1, path
            assert f"{story.season[:4]} (đánh giá thử)" in page.text, path
            assert f"{story.season} " not in page.text, path
            assert BANNER not in (await desk.open(path.format(season.season, COMMUNE))).text


async def test_tasks_of_a_practice_round_are_named_so_and_stand_behind_the_others(desks: Desks, season: Story):
    story = await practice(desks)

    page = await (await desks.officer()).open("/viec")

    table = page.html.partition("<tbody>")[2]
    assert f"{story.season[:4]} (đánh giá thử)" in page.text
    assert table.index(f"/ho-so/{season.season}/") < table.index(f"/ho-so/{story.season}/")
    assert table.rindex(f"/ho-so/{season.season}/") < table.index(f"/ho-so/{story.season}/")


async def test_overdue_practice_stands_below_all_real_work_and_says_that_it_is_practice(desks: Desks, season: Story):
    story = await practice(desks)
    past = today() - timedelta(days=696)
    await organise.set_deadline(await story.as_administrator(), story.season, Step.SCORED, past, "KH 26")

    page = await (await desks.officer()).open("/viec")

    real, _, rest = page.html.partition('id="danh-gia-thu"')
    first = page.html.partition('class="btn primary" href="')[2].partition('"')[0]
    assert f"/ho-so/{story.season}/" not in real
    assert "quá 696 ngày" in rest
    assert f"/{story.season}/" not in first
    assert BANNER not in real
    assert BANNER in rest


async def test_the_trail_and_the_documents_say_so_where_they_show_a_practice_round(desks: Desks, season: Story):
    story = await practice(desks)
    desk = await desks.department()
    assert f"{story.season[:4]} (đánh giá thử)" in strip(await desk.open("/nhat-ky"))
    for path in ("/nhat-ky?mua={}", "/nhat-ky/truy-cap?mua={}", "/ket-xuat?season={}"):
        page = await desk.open(path.format(story.season))
        assert page.text.count(BANNER) == 1, path
        assert BANNER not in (await desk.open(path.format(season.season))).text, path
    assert 'class="practice"' not in (await desk.open(f"/nhat-ky?mua={season.season}")).html
    form = await desk.open(f"/ket-xuat?season={story.season}")
    asked = await desk.send(form, "/yeu-cau", which=story.season, season=story.season)
    assert f"{story.season[:4]} (đánh giá thử)" in strip(asked)


async def test_a_page_that_asks_for_no_season_is_not_made_practice_by_its_address(desks: Desks, season: Story):
    desk = await desks.department()

    for path in ("/viec", "/bo-tieu-chi", "/quan-tri", "/mua", "/khong-co", f"/bang/{season.season}"):
        plain = await desk.open(path)
        for name in ("mua", "season"):
            page = await desk.open(f"{path}?{name}=2025-thu")
            assert page.status == plain.status, path
            assert page.html.count('class="practice"') == plain.html.count('class="practice"'), path


def strip(page: Page) -> str:
    """What the strip says of a page that holds parts of practice rounds."""
    told, found, _ = page.text.partition("Có nội dung của đợt đánh giá thử")[2].partition("không có giá trị pháp lý")
    return told if found else ""


# What it does not do ----------------------------------------------------------------------------------


async def test_a_decision_of_a_practice_round_is_signed_and_never_published(desks: Desks):
    story = await practice(desks)
    await story.decided()
    await recognise.sign(await story.decider(), story.season, COMMUNE, "ab" * 32, TODAY)
    before = await story.kinds()

    with pytest.raises(OutOfOrder) as refused:
        await recognise.publish(await story.decider(), story.season, COMMUNE, "Cổng", TODAY)

    assert refused.value.details["state"] == "practice"
    assert await story.kinds() == before
    desk = await desks.of(Office.DISTRICT_CHAIRMAN.value)
    page = await desk.open(f"/quyet-dinh/{story.season}/{COMMUNE}")
    assert "Quyết định của đợt đánh giá thử không công bố." in page.text
    assert not page.offers("/cong-bo")
    assert not page.offers("/diem-cong-bo")
    assert f"/quyet-dinh/{story.season}/{COMMUNE}" not in (await desk.open("/viec?loai=ky")).html


async def test_the_total_of_a_practice_round_was_published_by_nobody(story: Story):
    practice = await Story(story.house, story.tenant, "", practice=True).opened()
    await practice.decided()

    with pytest.raises(OutOfOrder):
        await recognise.note_published_total(
            await practice.decider(), practice.season, COMMUNE, Decimal(98), "Sở Tư pháp", "15/BC-STP", TODAY
        )


async def test_what_a_practice_round_decides_is_nothing_in_the_year_which_goes_its_own_way(story: Story):
    practice = await Story(story.house, story.tenant, "", practice=True).opened()
    before = await story.kinds()
    await practice.decided()

    assert await story.kinds() == before
    assert (await story.dossier()).stage is Stage.COLLECTING
    await story.decided()
    assert (await story.kinds())[-1] == "Recognition.Decided"


def test_no_link_or_cell_prints_the_name_of_a_season_as_it_is_stored():
    bare = re.compile(r">\s*\{\{-? ?[a-z_.]*season ?-?\}\}")

    found = {
        f"{template.relative_to(SERVICES)}: {name[0]}"
        for template in SERVICES.rglob("*.html")
        if "former" not in template.parts
        for name in bare.finditer(template.read_text())
    }

    assert found == set()
