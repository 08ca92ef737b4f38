from datetime import date, timedelta

import pytest

from domain.errors import (
    ContentsWithoutText,
    DayInTheFuture,
    IndicatorsUnassigned,
    NotPermitted,
    OutOfOrder,
    PositionUnsuitable,
    ReasonMissing,
    RulebookNotAdopted,
    SeasonNotOpen,
    UnitsUnsuitable,
    UnknownIndicator,
    YearOutOfRange,
    YearPlanned,
)
from domain.official import Office
from domain.season import Participant, Season, State, Step, season_stream
from services.administration import administer
from services.assessment import assess
from services.season import organise
from tests.provinces.story import COMMUNE, DISTRICT, OTHER, TODAY, Story

#: A year that no other test plans.
YEAR = 2025


async def test_a_season_opens_with_a_dossier_for_each_commune(province_story: Story):
    await province_story.opened()

    dossiers = [name for name in await province_story.kinds() if name == "Assessment.Opened"]
    assert len(dossiers) == 2
    assert (await province_story.dossier(OTHER)).decided_by == DISTRICT


async def test_a_dossier_knows_the_class_that_its_commune_had_at_the_opening(province_story: Story):
    await administer.classify_unit(await province_story.as_administrator(), OTHER, "II", "7/QĐ")

    await province_story.opened()

    assert (await province_story.dossier(OTHER)).unit_class == "II"


async def test_a_season_with_indicators_that_nobody_leads_does_not_open_and_names_them(province_story: Story):
    story = await province_story.planned()
    *assigned, last = story.codes
    await organise.assign_indicators(
        await story.as_administrator(), story.season, [(code, Office.JUSTICE_OFFICER, []) for code in assigned]
    )

    with pytest.raises(IndicatorsUnassigned) as refusal:
        await organise.open_season(await story.as_administrator(), story.season)

    assert refusal.value.details["indicators"] == (last,)
    assert "Season.Opened" not in await story.kinds()


async def test_a_season_does_not_open_or_close_on_a_day_that_has_not_come(province_story: Story):
    story = await province_story.planned()
    tomorrow = TODAY + timedelta(days=1)
    lines: list[organise.Assignment] = [(code, Office.JUSTICE_OFFICER, []) for code in story.codes]
    await organise.assign_indicators(await story.as_administrator(), story.season, lines)

    with pytest.raises(DayInTheFuture):
        await organise.open_season(await story.as_administrator(), story.season, tomorrow)
    await organise.open_season(await story.as_administrator(), story.season, TODAY)
    with pytest.raises(DayInTheFuture):
        await organise.close_season(await story.as_administrator(), story.season, tomorrow)

    assert "Season.Closed" not in await story.kinds()


async def assigned_under_2025(story: Story) -> Story:
    told = await Story(story.house, story.tenant, "", "qd-27-2025").planned()
    lines: list[organise.Assignment] = [(code, Office.JUSTICE_OFFICER, []) for code in told.codes]
    await organise.assign_indicators(await told.as_administrator(), told.season, lines)
    return told


async def test_a_season_with_contents_that_have_no_text_does_not_open_and_names_them(province_story: Story):
    story = await assigned_under_2025(province_story)

    with pytest.raises(ContentsWithoutText) as refusal:
        await organise.open_season(await story.as_administrator(), story.season)

    assert refusal.value.details["contents"] == story.rulebook.without_text
    assert "Season.Opened" not in await story.kinds()


async def test_a_season_opens_without_them_by_a_document(province_story: Story):
    story = await assigned_under_2025(province_story)

    await organise.leave_out_contents(
        await story.as_administrator(), story.season, story.rulebook.without_text, "03/QĐ-UBND", date(2024, 1, 4)
    )
    await organise.open_season(await story.as_administrator(), story.season)

    season = await (await story.as_administrator()).look(Season, season_stream(story.season))
    assert season.state is State.OPEN
    assert season.left_out is not None
    assert season.left_out.document_no == "03/QĐ-UBND"


async def test_nobody_leaves_out_what_has_a_text(province_story: Story):
    story = await assigned_under_2025(province_story)

    for content in ("TC1.CT1.1", "TC1.CT1", "C1"):
        with pytest.raises(UnknownIndicator):
            await organise.leave_out_contents(
                await story.as_administrator(), story.season, [content], "03/QĐ-UBND", date(2024, 1, 4)
            )


async def test_only_who_opens_a_season_leaves_contents_out(province_story: Story):
    story = await assigned_under_2025(province_story)

    with pytest.raises(NotPermitted):
        await organise.leave_out_contents(
            await story.chairman(), story.season, story.rulebook.without_text, "03/QĐ-UBND", date(2024, 1, 4)
        )


async def test_a_matrix_naming_an_unknown_indicator_is_refused_as_a_whole(province_story: Story):
    story = await province_story.planned()

    with pytest.raises(UnknownIndicator):
        await organise.assign_indicators(
            await story.as_administrator(),
            story.season,
            [("TC1.CT1", Office.JUSTICE_OFFICER, []), ("TC9.CT1", Office.JUSTICE_OFFICER, [])],
        )

    assert await story.kinds() == ["Season.Planned"]


async def test_only_an_officer_of_the_commune_can_lead_an_indicator(province_story: Story):
    story = await province_story.planned()

    with pytest.raises(PositionUnsuitable):
        await organise.assign_indicators(
            await story.as_administrator(), story.season, [("TC1.CT1", Office.COMMUNE_CHAIRMAN, [])]
        )


async def test_a_year_has_one_season(province_story: Story):
    story = await province_story.planned()

    administrator = story.as_administrator
    await organise.plan_season(await administrator(), YEAR, "qd-25-2021", [Participant(COMMUNE, DISTRICT)])

    for further_round in (False, True):
        with pytest.raises(YearPlanned) as refused:
            await organise.plan_season(
                await administrator(), YEAR, "qd-25-2021", [Participant(COMMUNE, DISTRICT)], further_round=further_round
            )
        assert refused.value.details["reason"] == "running"


async def test_a_year_that_was_cancelled_is_planned_again_under_a_name_of_its_own(province_story: Story):
    administrator, communes = province_story.as_administrator, [Participant(COMMUNE, DISTRICT)]
    await organise.plan_season(await administrator(), 2019, "qd-25-2021", communes)
    await organise.cancel_season(await administrator(), "2019", "Dừng đánh giá", "5/UBND")

    with pytest.raises(YearPlanned) as refused:
        await organise.plan_season(await administrator(), 2019, "qd-25-2021", communes)
    await organise.plan_season(await administrator(), 2019, "qd-25-2021", communes, further_round=True)

    assert refused.value.details["reason"] == "ended"
    second = await (await administrator()).look(Season, season_stream("2019-2"))
    assert (second.year, second.state) == (2019, State.PLANNED)
    with pytest.raises(YearPlanned) as running:
        await organise.plan_season(await administrator(), 2019, "qd-25-2021", communes, further_round=True)
    assert running.value.details["season"] == "2019-2"


@pytest.mark.parametrize("year", [-5, 0, 24, 1995, 2012, 2026, 9999, 99999])
async def test_a_season_is_of_a_year_that_can_be_meant(province_story: Story, year: int):
    with pytest.raises(YearOutOfRange) as refused:
        await organise.plan_season(
            await province_story.as_administrator(), year, "qd-25-2021", [Participant(COMMUNE, DISTRICT)]
        )

    assert refused.value.details["field"] == "year"


async def test_a_season_needs_an_adopted_rulebook_and_communes_that_exist(province_story: Story):
    administrator = province_story.as_administrator

    with pytest.raises(RulebookNotAdopted):
        await organise.plan_season(await administrator(), 2024, "qd-1-1990", [])
    with pytest.raises(UnitsUnsuitable):
        await organise.plan_season(await administrator(), 2024, "qd-25-2021", [Participant("12345", DISTRICT)])


async def test_a_commune_officer_does_not_run_the_season(story: Story):
    with pytest.raises(NotPermitted):
        await organise.close_season(await story.officer(), story.season)


async def test_a_deadline_names_the_document_it_rests_on(province_story: Story):
    story = await province_story.planned()

    with pytest.raises(ReasonMissing):
        await organise.set_deadline(
            await story.as_administrator(), story.season, Step.SUBMITTED, date(2024, 1, 10), " "
        )


async def test_nothing_is_entered_while_a_season_is_suspended(story: Story):
    await organise.suspend_season(await story.as_administrator(), story.season, "Chờ hướng dẫn", "15/UBND")

    with pytest.raises(SeasonNotOpen):
        await story.score("TC1.CT1")

    await organise.resume_season(await story.as_administrator(), story.season, "Đã có hướng dẫn", "19/UBND")
    await story.score("TC1.CT1")


async def test_a_converted_season_is_assigned_and_opened_again_under_the_other_rulebook(story: Story):
    administrator = story.as_administrator
    await organise.suspend_season(await administrator(), story.season, "Bộ tiêu chí mới", "15/UBND")
    await organise.convert_season(await administrator(), story.season, "qd-27-2025", "Bộ tiêu chí mới", "16/UBND")
    story.rulebook_id = "qd-27-2025"

    with pytest.raises(IndicatorsUnassigned):
        await organise.open_season(await administrator(), story.season)
    await organise.assign_indicators(
        await administrator(), story.season, [(code, Office.JUSTICE_OFFICER, []) for code in story.codes]
    )
    lacking = story.rulebook.without_text
    await organise.leave_out_contents(await administrator(), story.season, lacking, "03/QĐ-UBND", date(2024, 1, 4))
    await organise.open_season(await administrator(), story.season)

    await story.score("TC1.CT1")


async def test_a_season_ends_by_being_closed_or_cancelled(story: Story):
    await organise.close_season(await story.as_administrator(), story.season)

    with pytest.raises(OutOfOrder):
        await organise.cancel_season(await story.as_administrator(), story.season, "Thôi", "1/UBND")
    with pytest.raises(SeasonNotOpen):
        await assess.explain(await story.officer(), story.season, COMMUNE, "TC1.CT1", "Vì…")
    closed = await (await story.officer()).look(Season, season_stream(story.season))
    assert closed.state is State.CLOSED
