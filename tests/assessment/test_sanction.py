from dataclasses import replace
from datetime import date

import pytest

from domain.assessment import Assessment, assessment_stream
from domain.errors import AlreadyDecided, NotPermitted, ResultLeftOpen, SanctionElsewhere, SanctionInvalid
from domain.judging import VerdictResult, judge
from domain.measure import Answer
from domain.recognition import Result
from domain.sanction import Form, Post, Sanction
from projections.fold import fold
from projections.tables.standings import STANDINGS, sheet_of
from services.appraisal import appraise
from services.assessment import sanction as sanctioning
from services.recognition import recognise
from tests.provinces.story import COMMUNE, OTHER, Story
from tests.web.desks import Desks, desks, season, workplace

__all__ = ["desks", "season", "workplace"]

YEAR = 2023


def a_sanction(unit: str = COMMUNE, act_on: date = date(YEAR, 4, 2), decided_on: date = date(YEAR, 9, 12)) -> Sanction:
    return Sanction(
        "Chủ tịch UBND", Post.GOVERNMENT_HEAD, Form.WARNING, Answer.YES, "15/QĐ-UBND", decided_on, act_on, unit
    )


@pytest.fixture
async def story(province_story: Story) -> Story:
    return await replace(province_story, year=YEAR).opened()


async def declare(story: Story, sanction: Sanction, commune: str = COMMUNE) -> None:
    await sanctioning.declare_sanction(await story.officer(commune=commune), story.season, commune, sanction)


async def confirm(story: Story) -> None:
    (sanction,) = (await story.dossier()).sanctions
    await sanctioning.confirm_sanction(
        await story.appraiser(), story.season, COMMUNE, sanction, "Ủy ban Kiểm tra", "41-TB/UBKT", date(YEAR, 10, 2)
    )


async def test_an_act_in_another_commune_counts_there(story: Story):
    await declare(story, a_sanction(unit=COMMUNE), commune=OTHER)

    assert list((await story.dossier()).sanctions.values()) == [a_sanction()]
    elsewhere = await (await story.officer()).look(Assessment, assessment_stream(story.season, OTHER))
    assert elsewhere.sanctions == {}


async def test_an_act_of_another_year_is_refused_where_no_dossier_of_that_year_is_open(story: Story):
    with pytest.raises(SanctionElsewhere) as refusal:
        await declare(story, a_sanction(act_on=date(2022, 4, 2)))

    assert refusal.value.details["year"] == 2022
    assert (await story.dossier()).sanctions == {}


async def test_a_decision_of_a_day_to_come_is_refused(story: Story):
    with pytest.raises(SanctionInvalid):
        await declare(story, a_sanction(decided_on=date(2024, 2, 1)))


async def test_who_may_not_confirm_does_not(story: Story):
    await declare(story, a_sanction())
    (sanction,) = (await story.dossier()).sanctions

    with pytest.raises(NotPermitted):
        await sanctioning.confirm_sanction(
            await story.officer(), story.season, COMMUNE, sanction, "Đảng ủy", "5", date(YEAR, 10, 2)
        )


async def test_a_declared_sanction_leaves_the_result_open_until_it_is_confirmed(story: Story):
    await story.filled()
    await declare(story, a_sanction())
    await story.submit_filled()
    await story.appraised()

    with pytest.raises(ResultLeftOpen):
        await appraise.conclude(await story.appraiser(), story.season, COMMUNE)
    await confirm(story)
    await appraise.conclude(await story.appraiser(), story.season, COMMUNE)
    await story.vote_on_concluded()
    await recognise.decide(
        await story.decider(), story.season, COMMUNE, Result.NOT_RECOGNISED, "42/QĐ-UBND", reason="Điều 4 khoản 3"
    )

    with pytest.raises(AlreadyDecided):
        await declare(story, a_sanction(decided_on=date(YEAR, 9, 13)))


async def test_the_board_judges_as_the_decision_does(story: Story):
    await story.filled()
    await declare(story, a_sanction())
    open_ = await result(story)
    await confirm(story)

    assert (open_, await result(story)) == (VerdictResult.NOT_VERIFIABLE, VerdictResult.NOT_MET)


async def result(story: Story) -> VerdictResult:
    row = fold(STANDINGS, await story.facts())[f"{story.season}/{COMMUNE}"]
    return judge(sheet_of(row, story.rulebook), story.rulebook).result


# The page ----------------------------------------------------------------------------------------------


async def test_the_justice_officer_records_a_sanction_on_the_page(desks: Desks, season: Story):
    season = await replace(season, year=YEAR).opened()
    officer = await desks.officer()
    page = await officer.open(f"/ho-so/{season.season}/{COMMUNE}")

    empty = await officer.send(page, "/xu-ly-can-bo")
    page = await officer.send(
        empty,
        "/xu-ly-can-bo",
        title="Chủ tịch UBND",
        post="government-head",
        discipline="warning",
        on_duty="yes",
        decision_no="15/QĐ-UBND",
        decided_on="12/09/2023",
        act_on="02/04/2023",
        unit=COMMUNE,
    )

    assert empty.status == 422
    assert "Cảnh cáo" in page.text
    assert "Chưa được cơ quan có thẩm quyền xác nhận." in page.text
    assert "Tính vào điều kiện C3." in page.text
    assert "chờ cơ quan có thẩm quyền xác nhận" in page.text
