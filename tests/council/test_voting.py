import asyncio
from dataclasses import replace
from datetime import date
from uuid import uuid4

import pytest

from domain.council import Member, Role
from domain.errors import (
    AlreadyDecided,
    AlreadyThere,
    AlreadyVoted,
    BallotsOutstanding,
    BasisMissing,
    CouncilIncomplete,
    CouncilTooLarge,
    NoQuorum,
    NotFound,
    NotOnTheAgenda,
    NotOnTheRoll,
    NotPermitted,
    OutOfOrder,
    ReasonMissing,
    UnitsUnsuitable,
    VoteIsClosed,
    VoteIsOpen,
)
from domain.meeting import Choice, Meeting, VoteOutcome, meeting_stream
from domain.official import Office
from domain.permissions import Actor
from domain.rulebook import Rulebook
from infra.reference.rulebooks import parse_rulebook, shipped_texts
from services.administration import administer
from services.council import voting
from services.rulebooks.keep import adopt_text
from services.season import organise
from tests.provinces.story import AGENCIES, COMMUNE, DISTRICT, DISTRICT_OFFICES, OTHER, Story

DAY = date(2024, 1, 30)
ALL = (*DISTRICT_OFFICES, *AGENCIES)


async def cast(story: Story, subject: str, key: str, choice: Choice = Choice.FOR, reason: str | None = None) -> int:
    result = await voting.cast_ballot(await story.by(subject), story.season, key, COMMUNE, choice, reason)
    return result.first


async def held(story: Story, key: str) -> Meeting:
    return await (await story.decider()).look(Meeting, meeting_stream(story.season, key))


# The council ------------------------------------------------------------------------------------------


async def test_a_council_has_one_chair_and_one_secretary(story: Story):
    chair = Member(story.person(Office.DISTRICT_CHAIRMAN), Role.CHAIR, "UBND huyện")

    with pytest.raises(CouncilIncomplete):
        await voting.constitute_council(await story.decider(), story.season, DISTRICT, "1", DAY, [chair])


async def test_a_member_is_an_enrolled_official(story: Story):
    members = [
        Member(story.person(Office.DISTRICT_CHAIRMAN), Role.CHAIR, "UBND huyện"),
        Member(uuid4(), Role.SECRETARY, "Phòng Tư pháp"),
    ]

    with pytest.raises(NotFound):
        await voting.constitute_council(await story.decider(), story.season, DISTRICT, "1", DAY, members)


async def test_a_council_keeps_to_the_size_of_the_rulebook(province_story: Story):
    province_story.rulebook_id = "qd-619-2017"
    await administer.classify_unit(await province_story.as_administrator(), COMMUNE, "II", "7/QĐ")
    story = await province_story.opened()
    chair = Member(story.person(Office.DISTRICT_CHAIRMAN), Role.CHAIR, "UBND huyện")
    secretary = Member(story.person(Office.DISTRICT_JUSTICE), Role.SECRETARY, "Phòng Tư pháp")
    crowd = [Member(uuid4(), Role.MEMBER, "…") for _ in range(14)]

    with pytest.raises(CouncilTooLarge):
        await voting.constitute_council(
            await story.decider(), story.season, DISTRICT, "1", DAY, [chair, secretary, *crowd]
        )


async def test_a_unit_has_one_council_whose_members_are_replaced_by_decision(story: Story):
    await story.council()
    with pytest.raises(AlreadyThere):
        await story.council()

    await voting.replace_member(
        await story.decider(),
        story.season,
        DISTRICT,
        story.person("police"),
        Member(story.person("substitute"), Role.MEMBER, "police"),
        "34/QĐ",
    )

    with pytest.raises(NotFound):
        await voting.replace_member(
            await story.decider(),
            story.season,
            DISTRICT,
            story.person("police"),
            Member(story.person("police"), Role.MEMBER, "police"),
            "35/QĐ",
        )


async def test_a_commune_does_not_constitute_a_council(story: Story):
    with pytest.raises(NotPermitted):
        await voting.constitute_council(await story.chairman(), story.season, DISTRICT, "1", DAY, [])


# The meeting ------------------------------------------------------------------------------------------


async def test_meetings_of_a_council_are_numbered_and_a_repeated_call_names_the_same_one(story: Story):
    await story.council()
    command = uuid4()
    place = "Phòng họp"

    first = await voting.convene(await story.appraiser(command), story.season, DISTRICT, DAY, place, [COMMUNE])
    again = await voting.convene(await story.appraiser(command), story.season, DISTRICT, DAY, place, [COMMUNE])
    second = await voting.convene(await story.appraiser(), story.season, DISTRICT, DAY, place, [OTHER])

    assert [key for _, key in (first, again, second)] == ["990-1", "990-1", "990-2"]


async def test_a_meeting_needs_a_council_and_communes_that_it_decides_on(story: Story):
    with pytest.raises(NotFound):
        await voting.convene(await story.appraiser(), story.season, DISTRICT, DAY, "…", [COMMUNE])
    await story.council()
    with pytest.raises(UnitsUnsuitable):
        await voting.convene(await story.appraiser(), story.season, DISTRICT, DAY, "…", ["99007"])


async def test_only_members_are_present_and_only_chair_or_secretary_conduct(story: Story):
    key = await story.meeting()

    with pytest.raises(NotOnTheRoll):
        await voting.record_attendance(await story.decider(), story.season, key, [story.person("substitute")])
    with pytest.raises(NotPermitted):
        await voting.record_attendance(await story.by("police"), story.season, key, [])
    with pytest.raises(NotOnTheAgenda):
        await voting.take_up(await story.decider(), story.season, key, OTHER)


async def test_a_vote_opens_with_a_quorum(story: Story):
    await story.concluded()
    key = await story.meeting(present=ALL[:3])

    with pytest.raises(NoQuorum) as refusal:
        await voting.open_vote(await story.decider(), story.season, key, COMMUNE)

    assert (refusal.value.details["present"], refusal.value.details["required"]) == (3, 4)


async def test_a_vote_opens_on_a_concluded_appraisal(story: Story):
    key = await story.meeting()

    with pytest.raises(BasisMissing):
        await voting.open_vote(await story.decider(), story.season, key, COMMUNE)


async def test_while_a_vote_is_open_the_meeting_stays_with_it(story: Story):
    key = await story.vote_open()

    with pytest.raises(VoteIsOpen):
        await voting.record_attendance(await story.decider(), story.season, key, [])
    with pytest.raises(VoteIsOpen):
        await voting.close_meeting(await story.decider(), story.season, key)


# Ballots ----------------------------------------------------------------------------------------------


async def test_more_than_half_of_all_members_carries(story: Story):
    key = await story.vote_open()
    for subject in ALL[:3]:
        await cast(story, subject, key)
    await cast(story, ALL[3], key, Choice.AGAINST)
    await cast(story, ALL[4], key, Choice.OTHER, "Cần kiểm tra thêm")

    await voting.conclude_vote(await story.decider(), story.season, key, COMMUNE)

    assert (await held(story, key)).outcomes == {COMMUNE: VoteOutcome.CARRIED}


async def test_a_second_press_even_from_another_page_gives_the_first_receipt(story: Story):
    key = await story.vote_open()

    first = await cast(story, "police", key)
    again = await cast(story, "police", key)

    assert again == first
    assert (await story.kinds()).count("Meeting.BallotCast") == 1


@pytest.mark.parametrize("since", ["the vote was reopened", "the season was closed"])
async def test_a_ballot_sent_again_gets_its_first_receipt_whatever_happened_since(story: Story, since: str):
    key = await story.voted()
    name = meeting_stream(story.season, key)
    (first, *_) = [one for one in await story.facts(name) if isinstance(one.fact, Meeting.BallotCast)]
    if since == "the vote was reopened":
        await voting.reopen_vote(await story.decider(), story.season, key, COMMUNE, "Đếm nhầm")
    else:
        await organise.close_season(await story.as_administrator(), story.season)

    member = replace(await story.decider(), actor=Actor(first.actor, (await story.decider()).actor.mandates))
    again = await voting.cast_ballot(member, story.season, key, COMMUNE, Choice.FOR, round=1)

    assert (again.first, again.repeated) == (first.position, True)


async def test_another_choice_is_refused_and_says_when_the_first_was_recorded(story: Story):
    key = await story.vote_open()
    await cast(story, "police", key)

    with pytest.raises(AlreadyVoted) as refusal:
        await cast(story, "police", key, Choice.AGAINST)

    (ballot,) = [one for one in await story.facts() if isinstance(one.fact, Meeting.BallotCast)]
    assert refusal.value.details["at"] == ballot.at
    assert isinstance(ballot.fact, Meeting.BallotCast)
    assert ballot.fact.choice is Choice.FOR


async def test_fifty_presses_at_once_are_one_ballot(story: Story):
    key = await story.vote_open()

    positions = await asyncio.gather(*(cast(story, "police", key) for _ in range(50)))

    assert len(set(positions)) == 1
    assert (await story.kinds()).count("Meeting.BallotCast") == 1


async def test_all_members_may_vote_at_once(story: Story):
    key = await story.vote_open()

    positions = await asyncio.gather(*(cast(story, subject, key) for subject in ALL))

    assert len(set(positions)) == len(ALL)


async def test_who_is_not_on_the_roll_has_no_ballot(story: Story):
    key = await story.vote_open(present=ALL[:4])

    with pytest.raises(NotOnTheRoll):
        await cast(story, ALL[4], key)
    with pytest.raises(NotPermitted):
        await cast(story, "substitute", key)
    with pytest.raises(NotPermitted):
        await voting.cast_ballot(await story.officer(), story.season, key, COMMUNE, Choice.FOR)
    assert "Meeting.BallotCast" not in await story.kinds()


async def test_another_opinion_says_what_it_is(story: Story):
    key = await story.vote_open()

    with pytest.raises(ReasonMissing):
        await cast(story, "police", key, Choice.OTHER)


async def test_a_vote_is_concluded_when_all_have_voted_or_the_chair_says_so(story: Story):
    key = await story.vote_open()
    await cast(story, "police", key)

    with pytest.raises(BallotsOutstanding):
        await voting.conclude_vote(await story.decider(), story.season, key, COMMUNE)
    await voting.conclude_vote(await story.decider(), story.season, key, COMMUNE, without_missing=True)

    assert (await held(story, key)).outcomes == {COMMUNE: VoteOutcome.NOT_CARRIED}
    with pytest.raises(VoteIsClosed):
        await cast(story, "office", key)


async def test_a_page_of_an_earlier_round_casts_no_ballot_in_the_next(story: Story):
    key = await story.voted()
    with pytest.raises(ReasonMissing):
        await voting.reopen_vote(await story.decider(), story.season, key, COMMUNE, "")
    await voting.reopen_vote(await story.decider(), story.season, key, COMMUNE, "Đếm nhầm")
    await voting.open_vote(await story.decider(), story.season, key, COMMUNE)

    with pytest.raises(VoteIsClosed):
        await voting.cast_ballot(await story.by("police"), story.season, key, COMMUNE, Choice.AGAINST, round=1)
    assert not (await held(story, key)).votes[COMMUNE].ballots
    await voting.cast_ballot(await story.by("police"), story.season, key, COMMUNE, Choice.AGAINST, round=2)

    assert (await held(story, key)).votes[COMMUNE].round == 2


async def test_a_written_opinion_counts_where_the_rulebook_knows_it(province_story: Story):
    province_story.rulebook_id = "qd-619-2017"
    await administer.classify_unit(await province_story.as_administrator(), COMMUNE, "II", "7/QĐ")
    story = await province_story.opened()
    key = await story.vote_open(present=ALL[:4])
    absent = story.person(ALL[4])

    await voting.receive_written_opinion(
        await story.appraiser(), story.season, key, COMMUNE, absent, Choice.FOR, "7/CV"
    )

    with pytest.raises(AlreadyVoted):
        await voting.receive_written_opinion(
            await story.appraiser(), story.season, key, COMMUNE, absent, Choice.AGAINST, "8/CV"
        )
    with pytest.raises(NotOnTheRoll):
        await voting.receive_written_opinion(
            await story.appraiser(), story.season, key, COMMUNE, story.person(ALL[0]), Choice.FOR, "9/CV"
        )


class StoryByTheFirstText(Story):
    """The first text of 25/2021 that shipped does not know opinions in writing."""

    @property
    def rulebook(self) -> Rulebook:
        return next(text for text in map(parse_rulebook, shipped_texts()) if text.id == self.rulebook_id)


async def test_a_written_opinion_is_refused_where_the_rulebook_does_not_know_it(own_story: Story):
    story = StoryByTheFirstText(own_story.house, own_story.tenant, "")
    unverified = [entry.path for entry in story.rulebook.unverified]
    await adopt_text(await story.as_administrator(), story.rulebook.sha256, unverified, "8/QĐ", "Theo văn bản trước")
    await story.opened()
    key = await story.vote_open(present=ALL[:4])

    with pytest.raises(OutOfOrder):
        await voting.receive_written_opinion(
            await story.appraiser(), story.season, key, COMMUNE, story.person(ALL[4]), Choice.FOR, "7/CV"
        )


async def test_a_decided_commune_is_not_voted_on_again(story: Story):
    await story.decided()

    with pytest.raises(AlreadyDecided):
        await voting.reopen_vote(await story.decider(), story.season, "990-1", COMMUNE, "…")


async def test_minutes_are_those_of_a_closed_meeting(story: Story):
    key = await story.voted()
    with pytest.raises(OutOfOrder):
        await voting.issue_minutes(await story.appraiser(), story.season, key, "ab" * 32, "3/BB")

    await voting.close_meeting(await story.decider(), story.season, key)
    await voting.issue_minutes(await story.appraiser(), story.season, key, "ab" * 32, "3/BB")

    with pytest.raises(OutOfOrder):
        await voting.take_up(await story.decider(), story.season, key, COMMUNE)


# A seat that changes hands -----------------------------------------------------------------------------


async def test_who_took_a_seat_before_the_vote_opened_is_on_its_roll_and_the_leaver_is_not(story: Story):
    await story.concluded()
    key = await story.meeting()
    await story.replace_police()

    with pytest.raises(NotOnTheRoll):
        await story.attend(key, *ALL)
    await story.attend(key, *(one for one in ALL if one != "police"), "substitute")
    await voting.open_vote(await story.decider(), story.season, key, COMMUNE)

    vote = (await held(story, key)).votes[COMMUNE]
    assert vote.roll == {*story.members, story.person("substitute")} - {story.person("police")}
    assert (vote.rule.members, vote.absent) == (5, frozenset())
    await cast(story, "substitute", key)
    with pytest.raises(NotOnTheRoll):
        await cast(story, "police", key)


async def test_who_was_marked_present_and_left_does_not_count_towards_the_quorum(story: Story):
    await story.concluded()
    key = await story.meeting(present=(*DISTRICT_OFFICES, "police", "office"))
    await story.replace_police()

    with pytest.raises(NoQuorum) as refusal:
        await voting.open_vote(await story.decider(), story.season, key, COMMUNE)

    assert (refusal.value.details["present"], refusal.value.details["required"]) == (3, 4)


async def test_a_vote_that_is_open_keeps_its_roll(story: Story):
    key = await story.vote_open()
    await story.replace_police()

    await cast(story, "police", key)

    with pytest.raises(NotOnTheRoll):
        await cast(story, "substitute", key)


async def test_a_new_round_is_voted_on_by_the_members_of_its_day(story: Story):
    key = await story.voted()
    await story.replace_police()
    await voting.reopen_vote(await story.decider(), story.season, key, COMMUNE, "Đếm nhầm")
    await story.attend(key, *(one for one in ALL if one != "police"), "substitute")
    await voting.open_vote(await story.decider(), story.season, key, COMMUNE)

    await cast(story, "substitute", key)
    with pytest.raises(NotOnTheRoll):
        await cast(story, "police", key)


async def test_a_seat_changes_hands_on_the_day_of_its_decision(story: Story):
    await story.concluded()
    key = await story.meeting()
    await story.replace_police(date(2024, 12, 31))

    await voting.open_vote(await story.decider(), story.season, key, COMMUNE)

    assert story.person("police") in (await held(story, key)).votes[COMMUNE].roll


async def test_an_absent_successor_sends_an_opinion_on_paper_and_the_leaver_does_not(province_story: Story):
    province_story.rulebook_id = "qd-619-2017"
    await administer.classify_unit(await province_story.as_administrator(), COMMUNE, "II", "7/QĐ")
    story = await province_story.opened()
    await story.concluded()
    key = await story.meeting(present=(one for one in ALL if one != "police"))
    await story.replace_police()
    await voting.open_vote(await story.decider(), story.season, key, COMMUNE)

    with pytest.raises(NotOnTheRoll):
        await opinion(story, key, "police")
    await opinion(story, key, "substitute")


async def opinion(story: Story, key: str, subject: str) -> None:
    await voting.receive_written_opinion(
        await story.decider(), story.season, key, COMMUNE, story.person(subject), Choice.FOR, "7/CV"
    )
