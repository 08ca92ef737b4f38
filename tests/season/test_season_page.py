"""The season through the pages: planned, assigned, opened, halted."""

from datetime import date
from itertools import count

import pytest

from domain.official import Office
from domain.permissions import Act
from domain.season import Participant, Season, State, season_stream
from domain.unit import Level
from projections.tables.units import UnitRow
from services.season import organise
from services.season.season_page import candidates
from tests.provinces.story import COMMUNE, DISTRICT, OTHER, Story
from tests.web.desks import Desks, desks, season, workplace

__all__ = ["desks", "season", "workplace"]

_years = count(2013)


async def planned(desks: Desks, rulebook: str = "qd-619-2017") -> Story:
    return await Story(desks.house, desks.tenant, "", rulebook).planned()


async def stored(story: Story) -> Season:
    return await (await story.as_administrator()).look(Season, season_stream(story.season))


async def test_a_season_is_planned_for_whole_districts_and_single_communes(desks: Desks):
    desk = await desks.department()
    year = str(next(_years))
    page = await desk.open("/mua")

    page = await desk.send(page, "/lap-ke-hoach", year=year, rulebook="qd-25-2021", commune=[COMMUNE, OTHER])

    assert f"Năm đánh giá {year}" in page.text
    row = await stored(Story(desks.house, desks.tenant, year))
    assert {one.decided_by for one in row.participants.values()} == {DISTRICT}
    assert set(row.participants) == {COMMUNE, OTHER}


async def test_a_season_of_a_year_that_cannot_be_meant_is_refused_at_its_field(desks: Desks):
    desk = await desks.department()
    page = await desk.open("/mua")

    for year in ("24", "-5", "99999", "1995", "2012", "2029"):
        refused = await desk.send(page, "/lap-ke-hoach", year=year, rulebook="qd-25-2021", commune=[COMMUNE])
        assert (refused.status, refused.refused) == (422, "year-out-of-range")
        assert "Ghi một năm từ 2013 đến " in refused.text
        assert refused.form("/lap-ke-hoach").value("year") == year


async def test_a_further_round_of_a_cancelled_year_is_offered_and_called_so(desks: Desks):
    desk = await desks.department()
    year, communes = str(next(_years)), [COMMUNE]
    page = await desk.open("/mua")
    page = await desk.send(page, "/lap-ke-hoach", year=year, rulebook="qd-25-2021", commune=communes)
    again = await desk.send(
        await desk.open("/mua"), "/lap-ke-hoach", year=year, rulebook="qd-25-2021", commune=communes
    )
    await desk.send(page, "/huy", reason="Sắp xếp", document_no="14/TB")

    page = await desk.open("/mua")
    ended = await desk.send(page, "/lap-ke-hoach", year=year, rulebook="qd-25-2021", commune=communes)
    page = await desk.send(
        page, "/lap-ke-hoach", {"further-round": "1"}, year=year, rulebook="qd-25-2021", commune=communes, command=""
    )

    assert (again.refused, ended.refused) == ("year-planned", "year-planned")
    assert f"Năm {year} đang có một đợt đánh giá" in again.text
    assert f"Đợt đánh giá năm {year} đã hủy hoặc đã kết thúc" in ended.text
    assert f"Năm đánh giá {year} (đợt 2)" in page.text
    assert f"{year} (đợt 2)" in (await desk.open("/mua")).text


@pytest.mark.parametrize("year", ["1" + ".234" * 2_000, "+1" + ".234" * 2_000, "1 " + "234 " * 1_999 + "234"])
async def test_a_year_of_thousands_of_digits_is_no_number(desks: Desks, year: str):
    desk = await desks.department()

    refused = await desk.send(
        await desk.open("/mua"), "/lap-ke-hoach", year=year, rulebook="qd-25-2021", commune=[COMMUNE]
    )

    assert (refused.status, refused.refused) == (422, "not-a-number")
    assert refused.form("/lap-ke-hoach").value("year") == year


async def test_a_season_of_an_old_log_shows_its_page_whatever_its_year(desks: Desks):
    for year in (-5, 0, 24, 9999, 99999):
        story = Story(desks.house, desks.tenant, str(year))
        work = await story.as_administrator()
        name = season_stream(story.season)
        old = Season(
            id=work.id_of(name),
            year=year,
            rulebook=story.rulebook.id,
            rulebook_sha256=story.rulebook.sha256,
            indicators=tuple(story.codes),
            participants=(Participant(COMMUNE, DISTRICT),),
        )
        work.require(Act.PLAN_SEASON)
        await work.create(name, old)

    desk = await desks.department()

    for year in (-5, 0, 24, 9999, 99999):
        page = await desk.open(f"/mua/{year}")
        assert page.status == 200
        assert COMMUNE in page.text or "Bến Lụa" in page.text
    page = await desk.open("/mua")
    assert int(page.form("/lap-ke-hoach").value("year")) < 2100  # the year after the last that can be meant


async def test_under_todays_rulebook_the_province_decides(desks: Desks):
    desk = await desks.department()
    year = str(next(_years))

    await desk.send(await desk.open("/mua"), "/lap-ke-hoach", year=year, rulebook="qd-27-2025", unit=[DISTRICT])

    row = await stored(Story(desks.house, desks.tenant, year))
    assert {one.decided_by for one in row.participants.values()} == {"99"}
    assert len(row.participants) == 6


async def test_a_plan_without_communes_or_with_words_for_a_year_is_refused_and_kept(desks: Desks):
    desk = await desks.department()
    page = await desk.open("/mua")

    nobody = await desk.send(page, "/lap-ke-hoach", year="2020", rulebook="qd-25-2021")
    words = await desk.send(page, "/lap-ke-hoach", year="năm nay", rulebook="qd-25-2021", commune=[COMMUNE])

    assert nobody.refused == "field-missing"
    assert words.refused == "not-a-number"
    assert words.form("/lap-ke-hoach").value("year") == "năm nay"
    assert ("commune", COMMUNE) in words.form("/lap-ke-hoach").fields


async def test_indicators_that_nobody_leads_are_named_before_the_season_opens(desks: Desks):
    story = await planned(desks)
    await organise.assign_indicators(
        await story.as_administrator(),
        story.season,
        [(code, Office.JUSTICE_OFFICER, []) for code in story.codes if not code.startswith("TC5")],
    )
    desk = await desks.department()

    page = await desk.open(f"/mua/{story.season}")
    assert "5 chỉ tiêu chưa phân công chủ trì" in page.text
    assert "5.1, 5.2, 5.3, 5.4, 5.5" in page.text.replace(" ,", ",")
    assert not page.offers("/mo")
    lines = {f"lead.TC5.CT{n}": Office.OFFICE_STATISTICS.value for n in range(1, 6)}
    page = await desk.send(page, "/phan-cong", lines | {"with.TC5.CT1": [Office.POLICE_CHIEF.value]})

    assert "chưa phân công chủ trì" not in page.text
    row = await stored(story)
    assert row.assignments["TC5.CT1"].lead is Office.OFFICE_STATISTICS
    assert row.assignments["TC5.CT1"].coordinating == (Office.POLICE_CHIEF,)
    assert row.assignments["TC1.CT1"].lead is Office.JUSTICE_OFFICER
    page = await desk.send(page, "/mo", on="05/01/2024")
    assert (await stored(story)).state is State.OPEN


async def test_opening_by_an_old_page_names_what_is_missing(desks: Desks):
    story = await planned(desks)
    desk = await desks.department()
    page = await desk.open(f"/mua/{story.season}")
    csrf = page.form("/phan-cong").value("csrf")

    page = await desk.post(f"{desk.home}/mua/{story.season}/mo", {"csrf": csrf, "on": "05/01/2024"})

    assert page.refused == "indicators-unassigned"
    assert (await stored(story)).state is State.PLANNED


async def test_the_page_names_what_has_no_text_and_opens_by_the_document_that_leaves_it_out(desks: Desks):
    story = await planned(desks, "qd-27-2025")
    lines: list[organise.Assignment] = [(code, Office.JUSTICE_OFFICER, []) for code in story.codes]
    await organise.assign_indicators(await story.as_administrator(), story.season, lines)
    desk = await desks.department()

    page = await desk.open(f"/mua/{story.season}")
    assert "nội dung của bộ tiêu chí chưa có lời văn" in page.text
    assert f'href="{desk.home}/bo-tieu-chi/qd-27-2025">Xem tại trang bộ tiêu chí' in page.html
    assert not page.offers("/mo")
    without_number = await desk.send(page, "/khong-xet", {"left-out-on": "4/1/2024"})
    no_day = await desk.send(page, "/khong-xet", {"left-out-no": "03/QĐ-UBND", "left-out-on": "31/02/2024"})
    page = await desk.send(page, "/khong-xet", {"left-out-no": "03/QĐ-UBND", "left-out-on": "4/1/2024"})

    assert (without_number.refused, no_day.refused) == ("field-missing", "not-a-date")
    assert "theo văn bản số 03/QĐ-UBND ngày 04/01/2024" in page.text
    page = await desk.send(page, "/mo", on="05/01/2024")
    assert (await stored(story)).state is State.OPEN


async def test_opening_what_has_no_text_by_an_old_page_is_refused(desks: Desks):
    story = await planned(desks, "qd-27-2025")
    lines: list[organise.Assignment] = [(code, Office.JUSTICE_OFFICER, []) for code in story.codes]
    await organise.assign_indicators(await story.as_administrator(), story.season, lines)
    desk = await desks.department()
    csrf = (await desk.open(f"/mua/{story.season}")).form("/khong-xet").value("csrf")

    page = await desk.post(f"{desk.home}/mua/{story.season}/mo", {"csrf": csrf, "on": "05/01/2024"})

    assert page.refused == "contents-without-text"
    assert (await stored(story)).state is State.PLANNED


async def test_a_suspended_season_says_so_on_every_dossier_and_nobody_can_enter(desks: Desks, season: Story):
    desk, officer = await desks.department(), await desks.officer()
    page = await desk.open(f"/mua/{season.season}")

    await desk.send(page, "/tam-dung", reason="Sắp xếp đơn vị hành chính", document_no="12/TB-STP")
    page = await officer.open(f"/ho-so/{season.season}/{COMMUNE}?chi-tieu=TC2.CT5")

    assert f"Đợt đánh giá năm {season.season} tạm dừng" in page.text
    assert "Sắp xếp đơn vị hành chính. Căn cứ: 12/TB-STP" in page.text
    assert not page.offers("/cham-diem")


async def test_halting_needs_a_reason_and_a_document(desks: Desks, season: Story):
    desk = await desks.department()
    page = await desk.open(f"/mua/{season.season}")

    no_document = await desk.send(page, "/tam-dung", reason="Sắp xếp")
    no_reason = await desk.send(page, "/huy", document_no="12/TB")

    assert no_document.refused == "field-missing"
    assert no_reason.refused == "reason-missing"
    assert (await stored(season)).state is State.OPEN


async def test_an_officer_sees_the_season_and_changes_nothing(desks: Desks, season: Story):
    desk = await desks.officer()

    page = await desk.open(f"/mua/{season.season}")
    listed = await desk.open("/mua")

    assert page.status == 200
    assert not [form for form in (*page.forms, *listed.forms) if "/mua" in form.action]


def test_a_commune_is_offered_until_the_day_on_which_it_ends():
    district = UnitRow(DISTRICT, "Huyện Mẫu", "Huyện", Level.DISTRICT, "99")
    commune = UnitRow(COMMUNE, "Xã Suối Gấm", "Xã", Level.COMMUNE, DISTRICT, ended_on=date(2027, 1, 1))

    def offered(day: date) -> list[str]:
        return [one.code for group in candidates([district, commune], set(), day) for one in group.communes]

    assert offered(date(2026, 12, 31)) == [COMMUNE]
    assert offered(date(2027, 1, 1)) == []


async def test_halting_what_was_halted_in_another_tab_lists_reason_and_document(desks: Desks, season: Story):
    desk = await desks.department()
    page, other = await desk.open(f"/mua/{season.season}"), await desk.open(f"/mua/{season.season}")
    await desk.send(other, "/tam-dung", reason="Sắp xếp", document_no="12/TB")

    suspended = await desk.send(page, "/tam-dung", reason="Chờ hướng dẫn của Bộ", document_no="13/TB")
    other = await desk.open(f"/mua/{season.season}")
    await desk.send(other, "/huy", reason="Sắp xếp", document_no="14/TB")
    cancelled = await desk.send(other, "/huy", reason="Không còn đơn vị", document_no="15/TB", command="")

    for answer, reason, document in (
        (suspended, "Chờ hướng dẫn của Bộ", "13/TB"),
        (cancelled, "Không còn đơn vị", "15/TB"),
    ):
        assert answer.status == 409
        assert f"Lý do {reason}" in answer.text
        assert f"Số văn bản {document}" in answer.text
