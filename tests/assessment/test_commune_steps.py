"""The steps of TT 09/2021 from the posting to the list, where the text of the year names them."""

from dataclasses import replace
from datetime import date, timedelta

import pytest

from domain.assessment import Stage
from domain.commune_steps import Channel, Display, FormTally, Sender, SheetsTally, Treatment
from domain.errors import (
    DayInTheFuture,
    FileEmpty,
    NotPermitted,
    OutOfOrder,
    PostingClosed,
    PostingPlaceMissing,
    PostingTooShort,
    PostingUnfinished,
    Refused,
    SheetsTallyInvalid,
    Stale,
)
from domain.measure import Answer
from domain.official import Office
from domain.recognition import Result
from services.appraisal import appraise
from services.assessment import assess
from services.assessment import commune_steps as steps
from services.recognition import recognise
from services.recognition.listing import list_not_meeting
from tests.provinces.steps import DAY, LAST, MEETING, OFFICE, PORTAL, StepsStory
from tests.provinces.story import COMMUNE, TODAY, Story

TALLY = SheetsTally(100, 90, (FormTally("Câu lạc bộ pháp luật", 80, 10),))
SENT = date(2024, 1, 9)


@pytest.fixture
async def story(province_story: Story) -> StepsStory:
    opened = StepsStory(province_story.house, province_story.tenant, "")
    await opened.opened()
    return opened


async def does_not_meet(story: StepsStory) -> StepsStory:
    """A head was disciplined: the commune does not meet the conditions, whatever its points."""
    await story.filled()
    await assess.declare_veto(await story.officer(), story.season, COMMUNE, "C3", Answer.YES, "Quyết định kỷ luật 5")
    await story.display_filled()
    return await story.agreed()


async def test_a_commune_goes_from_posting_over_its_meeting_to_the_request(story: StepsStory):
    await story.displayed()
    await story.agreed()

    await assess.submit(await story.chairman(), story.season, COMMUNE, "12/TTr", SENT)

    dossier = await story.dossier()
    assert dossier.stage is Stage.SUBMITTED
    assert (await story.kinds())[-3:] == ["Assessment.Posted", "Assessment.ResultAgreed", "Assessment.Submitted"]


async def test_a_commune_that_does_not_meet_the_conditions_reports_and_is_listed_without_a_vote(story: StepsStory):
    await does_not_meet(story)

    await steps.report_not_meeting(await story.chairman(), story.season, COMMUNE, "12/BC", SENT)
    with pytest.raises(OutOfOrder):
        await appraise.conclude(await story.appraiser(), story.season, COMMUNE)
    await list_not_meeting(await story.decider(), story.season, COMMUNE, "108/QĐ-UBND", TODAY)

    assert (await story.dossier()).stage is Stage.LISTED
    assert not [kind for kind in await story.kinds() if kind.startswith(("Meeting.", "Recognition."))]


async def test_nothing_is_decided_on_a_commune_that_asks_for_nothing(story: StepsStory):
    await does_not_meet(story)
    await steps.report_not_meeting(await story.chairman(), story.season, COMMUNE, "12/BC", SENT)

    with pytest.raises(OutOfOrder):
        await recognise.decide(await story.decider(), story.season, COMMUNE, Result.NOT_RECOGNISED, "9/QĐ", TODAY)


@pytest.mark.parametrize(
    ("displays", "refusal"),
    [
        ((), PostingPlaceMissing),
        ((OFFICE,), PostingPlaceMissing),
        ((OFFICE, replace(PORTAL, until=DAY + timedelta(days=3))), PostingTooShort),
        ((replace(OFFICE, on=TODAY + timedelta(days=1), until=TODAY + timedelta(days=9)), PORTAL), DayInTheFuture),
    ],
    ids=["nowhere", "at the office alone", "too short", "in the future"],
)
async def test_a_posting_that_is_not_the_circulars_leaves_nothing_behind(
    story: StepsStory, displays: tuple[Display, ...], refusal: type[Refused]
):
    await story.filled()
    await assess.consolidate(await story.officer(), story.season, COMMUNE, DAY)
    before = await story.kinds()

    with pytest.raises(refusal):
        await steps.display_result(await story.officer(), story.season, COMMUNE, displays)
    with pytest.raises(PostingPlaceMissing):
        await assess.post(await story.officer(), story.season, COMMUNE, "Trụ sở", DAY, LAST)

    assert await story.kinds() == before


async def test_five_days_on_display_are_enough(story: StepsStory):
    fifth = DAY + timedelta(days=4)

    await story.displayed(replace(OFFICE, until=fifth), Display(Channel.LOUDSPEAKER, "Đài", DAY, fifth, 3))

    assert (await story.dossier()).posted_until == fifth


async def test_the_meeting_waits_for_the_end_of_the_posting_and_needs_its_record(story: StepsStory):
    await story.displayed()

    with pytest.raises(PostingUnfinished):
        await story.agreed(on=LAST)
    with pytest.raises(DayInTheFuture):
        await story.agreed(on=TODAY + timedelta(days=1))
    with pytest.raises(FileEmpty):
        await story.agreed(content=b"")

    assert (await story.dossier()).stage is Stage.POSTED


async def test_nothing_is_sent_out_of_order(story: StepsStory):
    await story.filled()

    with pytest.raises(OutOfOrder):
        await steps.display_result(await story.officer(), story.season, COMMUNE, (OFFICE, PORTAL))
    await story.display_filled()
    with pytest.raises(OutOfOrder):
        await assess.submit(await story.chairman(), story.season, COMMUNE, "12/TTr", SENT)
    with pytest.raises(OutOfOrder):
        await steps.report_not_meeting(await story.chairman(), story.season, COMMUNE, "12/BC", SENT)

    assert (await story.dossier()).stage is Stage.POSTED


async def test_an_opinion_on_paper_is_sealed_and_taken_up_before_the_meeting(story: StepsStory):
    await story.displayed()
    await steps.take_down_opinion(
        await story.officer(), story.season, COMMUNE, "Số liệu hòa giải chưa đúng", Sender.PERSON, "Bà Tư", LAST
    )
    with pytest.raises(OutOfOrder):
        await story.agreed()
    (comment,) = (await story.dossier()).comments

    await assess.answer_comments(
        await story.officer(), story.season, COMMUNE, [comment], "Đã sửa", treatment=Treatment.TAKEN_UP
    )
    await story.agreed()

    stored = [str(one.fact) for one in await story.facts()]
    assert not [fact for fact in stored if "Bà Tư" in fact or "hòa giải chưa đúng" in fact]


async def test_an_opinion_of_another_day_is_refused(story: StepsStory):
    await story.displayed()

    with pytest.raises(PostingClosed):
        await steps.take_down_opinion(
            await story.officer(), story.season, COMMUNE, "Ý kiến", Sender.BODY, "Hội Nông dân", MEETING
        )

    assert not (await story.dossier()).comments


async def test_two_officers_cannot_answer_the_same_opinion_from_two_tabs(story: StepsStory):
    await story.displayed()
    await steps.take_down_opinion(
        await story.officer(), story.season, COMMUNE, "Ý kiến", Sender.BODY, "Hội Nông dân", LAST
    )
    dossier = await story.dossier()
    (comment,), seen = dossier.comments, dossier.version
    await assess.answer_comments(await story.officer(), story.season, COMMUNE, [comment], "Đã sửa", version=seen)

    with pytest.raises(Stale):
        await assess.answer_comments(await story.officer(), story.season, COMMUNE, [comment], "Khác", version=seen)


async def test_the_same_meeting_sent_twice_is_one(story: StepsStory):
    await story.displayed()
    await story.agreed()

    with pytest.raises(OutOfOrder):
        await story.agreed()

    assert (await story.kinds()).count("Assessment.ResultAgreed") == 1


async def test_opinion_sheets_are_tallied_for_the_indicator_that_the_text_names(story: StepsStory):
    await steps.tally_sheets(await story.officer(), story.season, COMMUNE, TALLY)
    with pytest.raises(SheetsTallyInvalid):
        await steps.tally_sheets(await story.officer(), story.season, COMMUNE, replace(TALLY, collected=101))

    assert (await story.dossier()).entry("TC2.CT4").tally == TALLY


async def test_each_step_is_its_offices_own(story: StepsStory):
    await does_not_meet(story)
    await steps.report_not_meeting(await story.chairman(), story.season, COMMUNE, "12/BC", SENT)

    with pytest.raises(NotPermitted):
        await list_not_meeting(await story.chairman(), story.season, COMMUNE, "108/QĐ", TODAY)
    with pytest.raises(NotPermitted):
        await steps.tally_sheets(await story.officer(Office.POLICE_CHIEF), story.season, COMMUNE, TALLY)


async def test_under_a_text_without_steps_there_are_none(province_story: Story):
    province_story.rulebook_id = "qd-619-2017"
    story = await province_story.opened()

    with pytest.raises(OutOfOrder):
        await steps.display_result(await story.officer(), story.season, COMMUNE, (OFFICE, PORTAL))
    with pytest.raises(OutOfOrder):
        await steps.tally_sheets(await story.officer(), story.season, COMMUNE, TALLY)
