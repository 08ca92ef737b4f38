"""The trail of the province through its page: found by every part of it, as far as one may see, now and then."""

import re

from domain.official import Office
from services.appraisal import appraise
from services.clock import VIETNAM
from services.inspection.trail.filters import MANY
from tests.provinces.story import COMMUNE, OTHER, Story
from tests.web.desks import Desk, Desks, Page, desks, season, workplace

__all__ = ["desks", "season", "workplace"]

INSPECTOR = Office.INSPECTOR.value


def positions(page: Page) -> list[int]:
    return [int(found) for found in re.findall(r'<tr role="row" id="p(\d+)"', page.html)]


async def found(desk: Desk, asked: str) -> list[int]:
    """All that a filter finds, page by page; the pages before lead back to the same."""
    page = await desk.open(f"/nhat-ky?{asked}")
    every = positions(page)
    while older := re.search(r'rel="next" href="/t/[^/]+(/[^"]+)"', page.html):
        before = positions(page)
        page = await desk.open(older[1].replace("&amp;", "&"))
        every += positions(page)
        newer = re.search(r'rel="prev" href="/t/[^/]+(/[^"]+)"', page.html)
        assert newer
        assert positions(await desk.open(newer[1].replace("&amp;", "&"))) == before
    return every


async def test_a_filter_finds_its_facts_and_the_pages_lead_on_and_back(desks: Desks, season: Story):
    await season.submitted()
    facts = await season.facts()
    inspector = await desks.of(INSPECTOR)

    every = await found(inspector, f"mua={season.season}")
    scored = await found(inspector, f"mua={season.season}&viec=cham&xa={COMMUNE}")
    indicator = await found(inspector, f"mua={season.season}&chi-tieu=TC2.CT5&viec=cham&tim=tu+danh+gia")
    by_chairman = await found(inspector, f"mua={season.season}&chuc-vu=commune-chairman")

    topics = {one.position: type(one.fact).__name__ for one in facts}
    assert every == [one.position for one in facts if one.stream.season == season.season][::-1]
    assert len(every) > MANY
    assert {topics[one] for one in scored} <= {
        "Opened",
        "IndicatorMeasured",
        "IndicatorScored",
        "Explained",
        "SatisfactionMeasured",
        "VetoDeclared",
    }
    assert [topics[one] for one in indicator] == ["IndicatorScored"]
    assert [topics[one] for one in by_chairman] == ["Submitted"]


async def test_text_is_found_without_diacritics_and_capitals(desks: Desks, season: Story):
    await season.score("TC2.CT5")
    inspector = await desks.of(INSPECTOR)

    page = await inspector.open(f"/nhat-ky?mua={season.season}&tim=BEN+lua")
    none = await inspector.open(f"/nhat-ky?mua={season.season}&tim=ben+lua+khongcogi&viec=cham")

    assert "Tự đánh giá chỉ tiêu 2.5" in page.text
    assert "thị trấn Bến Lụa" in page.text
    assert "Không có mục nhật ký nào khớp bộ lọc" in none.text
    assert f"/nhat-ky?viec=cham&amp;mua={season.season}" in none.html


async def test_a_person_of_one_commune_sees_only_what_is_in_its_trail(desks: Desks, season: Story):
    await season.submitted()
    officer = await desks.officer(commune=OTHER)
    own = positions(await officer.open(f"/nhat-ky/{season.season}/{OTHER}"))

    seen = await found(officer, f"mua={season.season}")

    assert seen == own
    assert await found(officer, f"xa={COMMUNE}&mua={season.season}&viec=cham") == []


async def test_nothing_is_shown_to_who_sees_no_trail(desks: Desks, season: Story):
    page = await (await desks.of(Office.AGENCY_REPRESENTATIVE.value)).open("/nhat-ky")

    assert page.status in {403, 401}


async def test_as_of_a_position_the_page_ends_there(desks: Desks, season: Story):
    await season.submitted()
    middle = (await season.facts())[-10].position

    page = await (await desks.of(INSPECTOR)).open(f"/nhat-ky?mua={season.season}&asof={middle}")

    assert positions(page)[0] == middle
    assert f"asof={middle}" in page.html


async def test_what_is_no_moment_is_refused_with_the_filter_still_in_place(desks: Desks, season: Story):
    inspector = await desks.of(INSPECTOR)

    page = await inspector.open("/nhat-ky?tu=hom+qua&tim=thang")
    reversed_ = await inspector.open("/nhat-ky?tu=02/01/2024&den=01/01/2024")

    assert (page.status, page.refused) == (422, "not-a-date")
    assert 'value="hom qua"' in page.html
    assert 'value="thang"' in page.html
    assert (reversed_.status, reversed_.refused) == (422, "period-reversed")


async def test_moments_are_those_of_viet_nam_and_a_day_is_whole(desks: Desks, season: Story):
    await season.score("TC2.CT5")
    inspector = await desks.of(INSPECTOR)
    last = (await season.facts())[-1]
    day = last.at.astimezone(VIETNAM).date()

    today = await found(inspector, f"mua={season.season}&tu={day:%d/%m/%Y}&den={day:%d/%m/%Y}&viec=cham")
    before = await found(inspector, f"mua={season.season}&den=01/01/2020")

    assert last.position in today
    assert before == []


async def test_a_file_opened_is_told_by_its_name(desks: Desks, season: Story):
    await season.submitted()
    dossier = await season.dossier()
    code = next(code for code in ("TC1.CT1", "TC2.CT5") if dossier.entry(code).evidence)
    file = next(iter(dossier.entry(code).evidence.values()))
    await appraise.open_evidence(await season.appraiser(), season.season, COMMUNE, code, file.id)

    page = await (await desks.of(INSPECTOR)).open(f"/nhat-ky?mua={season.season}&tim=mo+xem")

    assert f"Mở xem minh chứng {file.name}" in page.text
