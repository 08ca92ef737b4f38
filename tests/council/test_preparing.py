"""What goes before a council's meeting: who may be a member, its papers, who conducts it, absent members' opinions."""

from datetime import date
from uuid import uuid4

import pytest

from domain.council import Member, Role
from domain.errors import (
    CouncilTooLarge,
    MemberUnsuitable,
    NobodyPresides,
    NoQuorum,
    NotOnTheRoll,
    NotPermitted,
    OpinionAlreadyThere,
    OutOfOrder,
    ReasonMissing,
    TooManyInRole,
)
from domain.meeting import Choice, Meeting, meeting_stream
from domain.official import Office
from domain.working_days import Calendar, CalendarUnknown, DayKind
from services.council import preparing, voting
from services.season import calendar as keeping
from tests.provinces.story import AGENCIES, COMMUNE, DISTRICT, TODAY, Story

DAY = date(2024, 1, 16)
FILE = "ab" * 32
CHAIR, SECRETARY = Office.DISTRICT_CHAIRMAN, Office.DISTRICT_JUSTICE
#: The police sit as vice-chair here.
VICE_CHAIR, REST = AGENCIES[0], AGENCIES[1:]


def members(story: Story, *more: Member) -> list[Member]:
    return [
        Member(story.person(CHAIR), Role.CHAIR, "UBND huyện"),
        Member(story.person(SECRETARY), Role.SECRETARY, "Phòng Tư pháp"),
        *more,
    ]


async def with_vice_chair(story: Story) -> str:
    """A council with a vice-chair meets, the dossier being appraised; the meeting's key."""
    await story.concluded()
    return await convened(story)


async def convened(story: Story) -> str:
    """A council with a vice-chair is called together; the meeting's key."""
    seats = members(
        story,
        Member(story.person(VICE_CHAIR), Role.VICE_CHAIR, "Công an"),
        *(Member(story.person(one), Role.MEMBER, one) for one in REST),
    )
    await voting.constitute_council(await story.decider(), story.season, DISTRICT, "33/QĐ", DAY, seats)
    _, key = await voting.convene(await story.appraiser(), story.season, DISTRICT, TODAY, "Phòng họp", [COMMUNE])
    return key


async def held(story: Story, key: str) -> Meeting:
    return await (await story.decider()).look(Meeting, meeting_stream(story.season, key))


# Members ----------------------------------------------------------------------------------------------


async def test_a_sixteenth_member_is_refused_with_the_number_of_the_rulebook(story: Story):
    crowd = [Member(uuid4(), Role.MEMBER, "…") for _ in range(14)]

    with pytest.raises(CouncilTooLarge) as refusal:
        await voting.constitute_council(await story.decider(), story.season, DISTRICT, "1", DAY, members(story, *crowd))

    assert refusal.value.details == {"limit": 15, "members": 16}


async def test_a_third_vice_chair_is_refused(story: Story):
    three = [Member(story.person(one), Role.VICE_CHAIR, one) for one in AGENCIES]

    with pytest.raises(TooManyInRole):
        await voting.constitute_council(await story.decider(), story.season, DISTRICT, "1", DAY, members(story, *three))


@pytest.mark.parametrize("unsuitable", ["administrator", "inspector"])
async def test_who_administers_or_inspects_the_system_is_no_member(story: Story, unsuitable: str):
    member = Member(story.person(unsuitable), Role.MEMBER, "…")

    with pytest.raises(MemberUnsuitable):
        await voting.constitute_council(await story.decider(), story.season, DISTRICT, "1", DAY, members(story, member))
    await story.council()
    with pytest.raises(MemberUnsuitable):
        await voting.replace_member(
            await story.decider(), story.season, DISTRICT, story.person("police"), member, "34/QĐ"
        )


# Papers -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("meeting", "last"),
    [
        (date(2024, 1, 30), date(2024, 1, 25)),  # Tuesday: Monday, Friday, Thursday
        (date(2024, 1, 15), date(2024, 1, 10)),
        (date(2024, 2, 16), date(2024, 2, 6)),  # Friday after Tết: Thursday, the Wednesday before Tết, Tuesday
    ],
)
def test_papers_go_out_three_working_days_before_the_meeting(story: Story, meeting: date, last: date):
    tet = Calendar(2020, 2030, frozenset(date(2024, 2, day) for day in range(8, 15)))

    assert preparing.last_day_of_papers(story.rulebook, meeting, tet) == last
    with pytest.raises(CalendarUnknown):
        preparing.last_day_of_papers(story.rulebook, date(2035, 1, 3), tet)


async def test_papers_that_go_out_late_are_recorded_as_late_and_refused_by_nobody(story: Story):
    key = await with_vice_chair(story)

    await preparing.send_papers(await story.appraiser(), story.season, key, TODAY)

    (sent,) = [one.fact for one in await story.facts() if isinstance(one.fact, Meeting.PapersSent)]
    assert (sent.on, sent.due) == (TODAY, date(2024, 1, 10))


async def test_papers_are_due_by_the_working_days_that_the_province_keeps(own_story: Story):
    key = await with_vice_chair(await own_story.opened())
    asked = await own_story.as_administrator()
    await keeping.propose_day(asked, date(2024, 1, 12), DayKind.OFF, "Ngày nghỉ của tỉnh", "Công văn 1/UBND")
    second = await own_story.by(Office.JUSTICE_DEPARTMENT)
    await keeping.confirm_change(second, asked.new_id("change"))

    await preparing.send_papers(await own_story.appraiser(), own_story.season, key, date(2024, 1, 10))

    (sent,) = [one.fact for one in await own_story.facts() if isinstance(one.fact, Meeting.PapersSent)]
    assert sent.due == date(2024, 1, 9)


async def test_a_member_confirms_the_papers_and_the_secretary_notes_them_for_another(story: Story):
    key = await with_vice_chair(story)
    with pytest.raises(OutOfOrder):
        await preparing.acknowledge_papers(await story.by(REST[0]), story.season, key)
    await preparing.send_papers(await story.appraiser(), story.season, key, date(2024, 1, 10))

    await preparing.acknowledge_papers(await story.by(REST[0]), story.season, key)
    await preparing.note_papers_received(
        await story.appraiser(), story.season, key, story.person(VICE_CHAIR), date(2024, 1, 11)
    )

    assert (await held(story, key)).papers_received == {
        story.person(REST[0]): TODAY,
        story.person(VICE_CHAIR): date(2024, 1, 11),
    }
    with pytest.raises(NotPermitted):
        await preparing.acknowledge_papers(await story.by("substitute"), story.season, key)
    with pytest.raises(NotPermitted):
        await preparing.note_papers_received(await story.by(REST[0]), story.season, key, story.person(REST[1]), TODAY)


# Who conducts -----------------------------------------------------------------------------------------


async def test_a_vice_chair_does_not_conduct_without_the_chairs_authorisation(story: Story):
    key = await with_vice_chair(story)

    with pytest.raises(NotPermitted):
        await voting.record_attendance(await story.by(VICE_CHAIR), story.season, key, [])
    await story.attend(key, SECRETARY, *AGENCIES)
    with pytest.raises(NobodyPresides):
        await voting.open_vote(await story.appraiser(), story.season, key, COMMUNE)


async def test_a_vice_chair_whom_the_chair_authorised_conducts_this_meeting_and_no_other(story: Story):
    key = await with_vice_chair(story)
    await preparing.authorise_vice_chair(
        await story.decider(), story.season, key, story.person(VICE_CHAIR), note="Chủ tịch đi công tác"
    )

    await voting.record_attendance(
        await story.by(VICE_CHAIR), story.season, key, [story.person(one) for one in (SECRETARY, *AGENCIES)]
    )
    await voting.open_vote(await story.by(VICE_CHAIR), story.season, key, COMMUNE)
    await voting.conclude_vote(await story.by(VICE_CHAIR), story.season, key, COMMUNE, without_missing=True)
    await voting.close_meeting(await story.by(VICE_CHAIR), story.season, key)

    _, second = await voting.convene(await story.appraiser(), story.season, DISTRICT, TODAY, "…", [COMMUNE])
    with pytest.raises(NotPermitted):
        await voting.record_attendance(await story.by(VICE_CHAIR), story.season, second, [])


async def test_the_secretary_records_an_authorisation_by_its_document_only_and_for_a_vice_chair_only(story: Story):
    key = await with_vice_chair(story)
    member = story.person(VICE_CHAIR)

    with pytest.raises(ReasonMissing):
        await preparing.authorise_vice_chair(await story.appraiser(), story.season, key, member, note="nghe nói")
    with pytest.raises(NotOnTheRoll):
        await preparing.authorise_vice_chair(await story.decider(), story.season, key, story.person(REST[0]), "3/UQ")
    with pytest.raises(NotPermitted):
        await preparing.authorise_vice_chair(await story.by(VICE_CHAIR), story.season, key, member, "3/UQ")
    await preparing.authorise_vice_chair(await story.appraiser(), story.season, key, member, "3/UQ")

    assert (await held(story, key)).authorised == {member}


# Absent members ---------------------------------------------------------------------------------------


async def test_an_absent_members_opinion_is_kept_apart_from_the_ballots_and_counts_for_no_quorum(story: Story):
    key = await with_vice_chair(story)
    await story.attend(key, CHAIR, SECRETARY, VICE_CHAIR)
    absent = story.person(REST[0])

    await preparing.receive_absent_opinion(
        await story.appraiser(), story.season, key, COMMUNE, absent, Choice.FOR, "7/CV", FILE
    )

    meeting = await held(story, key)
    assert meeting.opinions[COMMUNE, absent].choice is Choice.FOR
    with pytest.raises(OpinionAlreadyThere):
        await preparing.receive_absent_opinion(
            await story.appraiser(), story.season, key, COMMUNE, absent, Choice.AGAINST, "8/CV", FILE
        )
    with pytest.raises(NoQuorum):
        await voting.open_vote(await story.decider(), story.season, key, COMMUNE)


async def test_where_such_opinions_are_ballots_they_are_entered_as_ballots(province_story: Story):
    province_story.rulebook_id = "qd-619-2017"
    story = await province_story.opened()
    key = await convened(story)

    with pytest.raises(OutOfOrder):
        await preparing.receive_absent_opinion(
            await story.appraiser(), story.season, key, COMMUNE, story.person(REST[0]), Choice.FOR, "7/CV", FILE
        )
