"""My work: what waits for whom, and one click to where it is done."""

import re
from datetime import timedelta

from domain.official import Office
from domain.season import Step
from services.appraisal import appraise
from services.assessment import assess
from services.clock import today
from services.season import organise
from tests.provinces.story import COMMUNE, Story
from tests.web.desks import Desks, Page, desks, season, workplace

__all__ = ["desks", "season", "workplace"]


def of_season(page: Page, story: Story) -> list[str]:
    """The addresses that this season's tasks lead to."""
    return [
        part.partition('"')[0]
        for part in page.html.partition("<tbody>")[2].split('href="')[1:]
        if f"/{story.season}" in part.partition('"')[0]
    ]


async def test_a_lead_finds_every_indicator_that_is_not_entered_one_click_away(desks: Desks, season: Story):
    desk = await desks.officer()

    page = await desk.open("/viec")

    leading = [href for href in of_season(page, season) if "chi-tieu=" in href]
    assert len(leading) == len(season.codes)
    assert (await desk.open(leading[0].removeprefix(desk.home))).offers("/cham-diem")


async def test_what_is_scored_but_not_supported_leads_to_the_evidence(desks: Desks, season: Story):
    await season.score("TC2.CT5")
    desk = await desks.officer()

    page = await desk.open("/viec")

    assert [href for href in of_season(page, season) if href.endswith("chi-tieu=TC2.CT5#minh-chung")]
    assert "Bổ sung minh chứng hoặc giải trình" in page.text


async def test_overdue_stands_above_and_says_by_how_many_days(desks: Desks, season: Story):
    past = today() - timedelta(days=3)
    await organise.set_deadline(await season.as_administrator(), season.season, Step.SCORED, past, "KH 26")
    desk = await desks.officer()

    page = await desk.open("/viec")

    assert "Quá hạn" in page.text
    assert "quá 3 ngày" in page.text
    assert f"quá 3 ngày ({past:%d/%m/%Y})" in page.text
    assert re.search(r"Quá hạn \(\d+ việc\)", page.text)
    assert page.text.index("Quá hạn") < page.text.index("quá 3 ngày")


async def test_a_returned_indicator_stands_with_its_reason_under_its_own_tab(desks: Desks, season: Story):
    await season.submitted()
    due = today() + timedelta(days=2)
    await appraise.return_indicator(
        await season.appraiser(), season.season, COMMUNE, "TC2.CT5", "Thiếu danh sách có chữ ký", due
    )
    desk, chairman = await desks.officer(), await desks.chairman()

    page = await desk.open("/viec?loai=tra-lai")

    assert "Thiếu danh sách có chữ ký" in page.text
    assert "còn 2 ngày" in page.text
    assert "Gửi lại 1 chỉ tiêu đã bổ sung" not in (await chairman.open("/viec")).text
    await assess.explain(await season.officer(), season.season, COMMUNE, "TC2.CT5", "Danh sách có chữ ký đã gắn")
    assert "Gửi lại 1 chỉ tiêu đã bổ sung" in (await chairman.open("/viec")).text
    assert "Thiếu danh sách có chữ ký" not in (await desk.open("/viec?loai=tra-lai")).text


async def test_the_appraiser_is_led_to_the_submitted_dossier(desks: Desks, season: Story):
    await season.submitted()
    desk = await desks.appraiser()

    page = await desk.open("/viec?loai=tham-dinh")

    assert f"{desk.home}/tham-dinh/{season.season}/{COMMUNE}" in of_season(page, season)
    assert "Thẩm định 20 chỉ tiêu" in page.text


async def test_one_who_only_coordinates_is_told_so(desks: Desks, season: Story):
    desk = await desks.officer(Office.OFFICE_STATISTICS)

    page = await desk.open("/viec")

    assert of_season(page, season)
    assert "Phối hợp nhập số liệu" in page.text


async def test_nobody_else_is_given_the_communes_work(desks: Desks, season: Story):
    desk = await desks.officer(Office.POLICE_CHIEF)

    page = await desk.open("/viec")

    assert not of_season(page, season)


async def test_a_tab_that_does_not_exist_is_not_found(desks: Desks):
    desk = await desks.officer()

    assert (await desk.open("/viec?loai=khac")).status == 404
