"""The council asked in writing without a meeting, by the use cases."""

import asyncio
from dataclasses import replace
from datetime import date, timedelta
from uuid import uuid4

import pytest

from domain.errors import (
    AlreadyOnAgenda,
    AlreadyVoted,
    BasisMissing,
    ConsultationRunning,
    NotOnTheRoll,
    NotPermitted,
    OutOfOrder,
    PeriodReversed,
    VoteIsClosed,
)
from domain.meeting import Choice, Meeting, VoteOutcome, meeting_stream
from domain.recognition import Recognition, recognition_stream
from services.council import consulting, voting
from tests.provinces.story import AGENCIES, COMMUNE, DISTRICT, DISTRICT_OFFICES, OTHER, TODAY, Story

BY = TODAY + timedelta(days=7)
ALL = (*DISTRICT_OFFICES, *AGENCIES)
FILE = "ab" * 32


async def asked(story: Story, answer_by: date = BY) -> str:
    """The council is asked about the commune, whose appraisal is concluded; the consultation's key."""
    await story.concluded()
    await story.council()
    _, key = await consulting.open_consultation(await story.decider(), story.season, DISTRICT, answer_by, [COMMUNE])
    return key


async def answer(story: Story, key: str, *subjects: str, choice: Choice = Choice.FOR) -> None:
    for subject in subjects:
        await voting.cast_ballot(await story.by(subject), story.season, key, COMMUNE, choice, round=1)


async def held(story: Story, key: str) -> Meeting:
    return await (await story.decider()).look(Meeting, meeting_stream(story.season, key))


async def test_members_answer_here_or_on_paper_and_the_recognition_rests_on_what_they_wrote(story: Story):
    key = await asked(story)
    await answer(story, key, *ALL[:4])
    await consulting.receive_paper_answer(
        await story.appraiser(), story.season, key, COMMUNE, story.person(ALL[4]), Choice.FOR, "12/CV", FILE
    )

    await consulting.close_consultation(await story.decider(), story.season, key)
    await story.decide()

    assert (await held(story, key)).outcomes == {COMMUNE: VoteOutcome.CARRIED}
    decided = await (await story.decider()).look(Recognition, recognition_stream(story.season, COMMUNE))
    assert meeting_stream(story.season, key).id(story.tenant.id) in {one.stream for one in decided.relied_on}


async def test_it_is_not_closed_before_its_day_while_an_answer_is_missing(story: Story):
    key = await asked(story)
    await answer(story, key, *ALL[:4])

    with pytest.raises(ConsultationRunning):
        await consulting.close_consultation(await story.decider(), story.season, key)
    on_the_day = replace(await story.decider(), today=BY)
    await consulting.close_consultation(on_the_day, story.season, key)

    assert (await held(story, key)).is_closed


async def test_nobody_answers_twice_or_after_the_end(story: Story):
    key = await asked(story)
    await answer(story, key, *ALL)
    with pytest.raises(AlreadyVoted):
        await answer(story, key, ALL[0], choice=Choice.AGAINST)
    with pytest.raises(AlreadyVoted):
        await consulting.receive_paper_answer(
            await story.appraiser(), story.season, key, COMMUNE, story.person(ALL[0]), Choice.FOR, "9/CV", FILE
        )
    await consulting.close_consultation(await story.decider(), story.season, key)

    with pytest.raises(VoteIsClosed):
        await consulting.receive_paper_answer(
            await story.appraiser(), story.season, key, COMMUNE, story.person(ALL[0]), Choice.FOR, "9/CV", FILE
        )
    with pytest.raises(VoteIsClosed):
        await voting.cast_ballot(await story.by(ALL[1]), story.season, key, COMMUNE, Choice.AGAINST, round=2)
    assert (await story.kinds()).count("Meeting.BallotCast") == len(ALL)


async def test_the_same_answer_from_two_tabs_is_one_answer(story: Story):
    key = await asked(story)
    one, other = await story.by("police"), await story.by("police")

    receipts = await asyncio.gather(
        *(voting.cast_ballot(tab, story.season, key, COMMUNE, Choice.FOR, round=1) for tab in (one, other))
    )

    assert len({receipt.first for receipt in receipts}) == 1
    assert (await story.kinds()).count("Meeting.BallotCast") == 1


async def test_a_dossier_waits_for_one_meeting_or_consultation_at_a_time(story: Story):
    await asked(story)

    with pytest.raises(AlreadyOnAgenda) as refusal:
        await voting.convene(await story.decider(), story.season, DISTRICT, BY, "Phòng họp", [COMMUNE])
    assert refusal.value.details == {"commune": COMMUNE, "number": 1}
    with pytest.raises(AlreadyOnAgenda):
        await consulting.open_consultation(await story.decider(), story.season, DISTRICT, BY, [COMMUNE])
    await voting.convene(await story.decider(), story.season, DISTRICT, BY, "Phòng họp", [OTHER])


async def test_a_dossier_on_the_agenda_of_a_meeting_is_not_asked_about(story: Story):
    await story.concluded()
    key = await story.meeting()

    with pytest.raises(AlreadyOnAgenda):
        await consulting.open_consultation(await story.decider(), story.season, DISTRICT, BY, [COMMUNE])
    await voting.close_meeting(await story.decider(), story.season, key)
    await consulting.open_consultation(await story.decider(), story.season, DISTRICT, BY, [COMMUNE])


async def test_two_tabs_that_ask_about_one_dossier_at_once_ask_once(story: Story):
    await story.concluded()
    await story.council()
    tabs = [await story.decider(), await story.decider()]

    outcomes = await asyncio.gather(
        *(consulting.open_consultation(tab, story.season, DISTRICT, BY, [COMMUNE]) for tab in tabs),
        return_exceptions=True,
    )

    assert sorted(type(one).__name__ for one in outcomes) == ["AlreadyOnAgenda", "tuple"]
    assert (await story.kinds()).count("Meeting.ConsultationOpened") == 1


async def test_it_is_asked_about_appraised_dossiers_by_a_day_that_is_not_past_by_who_conducts(story: Story):
    await story.council()
    with pytest.raises(BasisMissing):
        await consulting.open_consultation(await story.decider(), story.season, DISTRICT, BY, [COMMUNE])
    await story.concluded()
    with pytest.raises(PeriodReversed):
        await consulting.open_consultation(
            await story.decider(), story.season, DISTRICT, TODAY - timedelta(days=1), [COMMUNE]
        )
    with pytest.raises(NotPermitted):
        await consulting.open_consultation(await story.by("police"), story.season, DISTRICT, BY, [COMMUNE])
    assert "Meeting.ConsultationOpened" not in await story.kinds()


async def test_a_rulebook_that_knows_no_consultation_refuses_it(province_story: Story):
    province_story.rulebook_id = "qd-619-2017"
    story = await province_story.opened()
    await story.council()

    with pytest.raises(OutOfOrder):
        await consulting.open_consultation(await story.decider(), story.season, DISTRICT, BY, [COMMUNE])


async def test_a_paper_is_entered_for_a_member_and_in_a_consultation_only(story: Story):
    await story.concluded()
    key = await story.meeting()
    with pytest.raises(OutOfOrder):
        await consulting.receive_paper_answer(
            await story.appraiser(), story.season, key, COMMUNE, story.person(ALL[0]), Choice.FOR, "9/CV", FILE
        )
    await voting.close_meeting(await story.decider(), story.season, key)
    _, key = await consulting.open_consultation(await story.decider(), story.season, DISTRICT, BY, [COMMUNE])

    with pytest.raises(NotOnTheRoll):
        await consulting.receive_paper_answer(
            await story.appraiser(), story.season, key, COMMUNE, uuid4(), Choice.FOR, "9/CV", FILE
        )
    with pytest.raises(NotPermitted):
        await consulting.receive_paper_answer(
            await story.by("police"), story.season, key, COMMUNE, story.person("police"), Choice.FOR, "9/CV", FILE
        )


async def test_a_second_meeting_of_the_season_votes_on_what_the_first_left(story: Story):
    await story.concluded(COMMUNE)
    await story.concluded(OTHER)
    await story.council()
    keys = []
    for item in (COMMUNE, OTHER):
        _, key = await voting.convene(await story.decider(), story.season, DISTRICT, TODAY, "Phòng họp", [item])
        await story.attend(key, *ALL)
        await voting.open_vote(await story.decider(), story.season, key, item)
        for subject in ALL:
            await voting.cast_ballot(await story.by(subject), story.season, key, item, Choice.FOR)
        await voting.conclude_vote(await story.decider(), story.season, key, item)
        await voting.close_meeting(await story.decider(), story.season, key)
        keys.append(key)
        if item == COMMUNE:
            await story.decide()

    assert keys == [f"{DISTRICT}-1", f"{DISTRICT}-2"]
    assert (await held(story, keys[1])).outcomes == {OTHER: VoteOutcome.CARRIED}
