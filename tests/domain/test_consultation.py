"""A council asked in writing, and what goes before a meeting: papers, authorisation, absent members' opinions."""

from collections.abc import Callable
from datetime import timedelta
from uuid import uuid4

import pytest

from domain.errors import (
    AlreadyVoted,
    ConsultationRunning,
    HeldInWriting,
    NobodyPresides,
    NotOnTheAgenda,
    NotOnTheRoll,
    OpinionAlreadyThere,
    OutOfOrder,
    PeriodReversed,
    ReasonMissing,
    VoteIsClosed,
)
from domain.meeting import Choice, Meeting, VoteOutcome
from tests.domain.aggregates import COMMUNE, DAY, DISTRICT, MEMBERS, OTHER, a_meeting, a_vote, replayed, state
from tests.domain.rulebooks import a_council_rule

LATER = DAY + timedelta(days=7)
FILE = "ab" * 32


def a_consultation(items: tuple[str, ...] = (COMMUNE, OTHER)) -> Meeting:
    return Meeting.consult(uuid4(), DISTRICT, DAY, LATER, MEMBERS, items, a_council_rule())


# In writing -------------------------------------------------------------------------------------------


def test_all_members_are_asked_about_all_dossiers_at_once_and_no_quorum_is_asked_of_them():
    consultation = a_consultation()

    assert consultation.is_consultation
    assert {item: vote.roll for item, vote in consultation.votes.items()} == dict.fromkeys(
        (COMMUNE, OTHER), frozenset(MEMBERS)
    )
    assert {vote.rule.quorum for vote in consultation.votes.values()} == {0}
    assert replayed(consultation) == state(consultation)


def test_it_is_closed_when_all_have_answered_and_each_dossier_has_its_own_outcome():
    consultation = a_consultation()
    for number, member in enumerate(MEMBERS):
        consultation.cast_ballot(COMMUNE, member, Choice.FOR)
        consultation.receive_written_opinion(
            OTHER, member, Choice.FOR if number < 2 else Choice.AGAINST, "7/CV", sha256=FILE
        )

    consultation.close_consultation(DAY)

    assert consultation.outcomes == {COMMUNE: VoteOutcome.CARRIED, OTHER: VoteOutcome.NOT_CARRIED}
    assert consultation.is_closed
    assert replayed(consultation) == state(consultation)


def test_it_is_not_closed_before_its_day_while_answers_are_missing():
    consultation = a_consultation((COMMUNE,))
    for member in MEMBERS[:3]:
        consultation.cast_ballot(COMMUNE, member, Choice.FOR)

    with pytest.raises(ConsultationRunning) as refusal:
        consultation.close_consultation(LATER - timedelta(days=1))
    assert refusal.value.details == {"answers": 2, "until": LATER}
    assert not consultation.outcomes

    consultation.close_consultation(LATER)
    assert consultation.outcomes == {COMMUNE: VoteOutcome.CARRIED}


def test_who_did_not_answer_is_not_counted_in_favour():
    consultation = a_consultation((COMMUNE,))
    for member in MEMBERS[:2]:
        consultation.cast_ballot(COMMUNE, member, Choice.FOR)

    consultation.close_consultation(LATER)

    assert consultation.outcomes == {COMMUNE: VoteOutcome.NOT_CARRIED}


def test_a_member_answers_once_whether_here_or_on_paper():
    consultation = a_consultation()
    consultation.cast_ballot(COMMUNE, MEMBERS[0], Choice.FOR)

    with pytest.raises(AlreadyVoted):
        consultation.receive_written_opinion(COMMUNE, MEMBERS[0], Choice.AGAINST, "7/CV", sha256=FILE)
    consultation.cast_ballot(OTHER, MEMBERS[0], Choice.AGAINST)


def test_nobody_answers_after_it_was_closed_and_no_stranger_before():
    consultation = a_consultation()
    with pytest.raises(NotOnTheRoll):
        consultation.cast_ballot(COMMUNE, uuid4(), Choice.FOR)
    consultation.close_consultation(LATER)

    with pytest.raises(VoteIsClosed):
        consultation.cast_ballot(COMMUNE, MEMBERS[0], Choice.FOR)
    with pytest.raises(OutOfOrder):
        consultation.close_consultation(LATER)


def test_nothing_of_a_meeting_happens_in_it():
    consultation = a_consultation()
    acts: tuple[Callable[[], None], ...] = (
        lambda: consultation.record_attendance(MEMBERS),
        lambda: consultation.take_up(COMMUNE),
        lambda: consultation.open_vote(COMMUNE, a_council_rule()),
        lambda: consultation.conclude_vote(COMMUNE, without_missing=True),
        lambda: consultation.close(DAY),
        lambda: consultation.send_papers(DAY, None, DAY),
        lambda: consultation.authorise(MEMBERS[0], "3/UQ", None),
    )
    for act in acts:
        with pytest.raises(HeldInWriting):
            act()


def test_it_is_answered_by_a_day_that_is_not_past_and_a_meeting_is_none():
    with pytest.raises(PeriodReversed):
        Meeting.consult(uuid4(), DISTRICT, DAY, DAY - timedelta(days=1), MEMBERS, (COMMUNE,), a_council_rule())
    with pytest.raises(OutOfOrder):
        a_meeting().close_consultation(DAY)


def test_a_dossier_waits_until_its_vote_is_concluded_or_the_meeting_is_over():
    meeting = a_vote()
    assert meeting.pending == {COMMUNE}
    meeting.conclude_vote(COMMUNE, without_missing=True)
    assert not meeting.pending
    meeting.reopen_vote(COMMUNE, "Đếm nhầm")
    assert meeting.pending == {COMMUNE}
    meeting.close(DAY)
    assert not meeting.pending


# Before a meeting -------------------------------------------------------------------------------------


def test_papers_that_were_sent_late_are_recorded_with_the_day_on_which_they_were_due():
    meeting = a_meeting()

    meeting.send_papers(DAY, DAY - timedelta(days=3), DAY)
    meeting.receive_papers(MEMBERS[0], DAY, MEMBERS)
    meeting.receive_papers(MEMBERS[0], DAY, MEMBERS)

    (sent,) = [fact for fact in meeting.pending_events if isinstance(fact, Meeting.PapersSent)]
    received = [fact.member for fact in meeting.pending_events if isinstance(fact, Meeting.PapersReceived)]
    assert (sent.on, sent.due, received) == (DAY, DAY - timedelta(days=3), [MEMBERS[0]])


def test_papers_are_sent_before_they_are_received_and_not_after_the_meeting():
    meeting = a_meeting()
    with pytest.raises(OutOfOrder):
        meeting.receive_papers(MEMBERS[0], DAY, MEMBERS)
    with pytest.raises(PeriodReversed):
        meeting.send_papers(DAY + timedelta(days=1), None, LATER)
    with pytest.raises(PeriodReversed):
        meeting.send_papers(DAY, None, DAY - timedelta(days=1))
    meeting.send_papers(DAY - timedelta(days=5), None, DAY)

    with pytest.raises(PeriodReversed):
        meeting.receive_papers(MEMBERS[0], DAY - timedelta(days=6), MEMBERS)
    with pytest.raises(NotOnTheRoll):
        meeting.receive_papers(uuid4(), DAY, MEMBERS)


def test_a_vice_chair_conducts_in_the_absence_of_the_chair_only_when_authorised():
    chair, vice_chair, *_ = MEMBERS
    meeting = a_meeting(present=MEMBERS[1:])
    with pytest.raises(NobodyPresides):
        meeting.open_vote(COMMUNE, a_council_rule(), chair=chair)
    with pytest.raises(ReasonMissing):
        meeting.authorise(vice_chair, None, None)

    meeting.authorise(vice_chair, None, "Chủ tịch đi công tác")
    meeting.open_vote(COMMUNE, a_council_rule(), chair=chair)

    assert meeting.votes[COMMUNE].roll == set(MEMBERS[1:])
    assert replayed(meeting) == state(meeting)


def test_an_absent_members_opinion_is_neither_a_ballot_nor_a_presence():
    meeting = a_meeting(present=MEMBERS[:4])
    absent = MEMBERS[4]

    meeting.receive_absent_opinion(COMMUNE, absent, Choice.FOR, "7/CV", FILE, MEMBERS)
    meeting.open_vote(COMMUNE, a_council_rule())
    for member in MEMBERS[:2]:
        meeting.cast_ballot(COMMUNE, member, Choice.FOR)
    meeting.conclude_vote(COMMUNE, without_missing=True)

    assert meeting.votes[COMMUNE].counts[Choice.FOR] == 2
    assert meeting.outcomes == {COMMUNE: VoteOutcome.NOT_CARRIED}
    assert absent not in meeting.votes[COMMUNE].roll
    assert replayed(meeting) == state(meeting)


def test_an_absent_member_writes_once_about_a_dossier_of_the_agenda_and_who_is_present_speaks():
    meeting = a_meeting(present=MEMBERS[:4])
    meeting.receive_absent_opinion(COMMUNE, MEMBERS[4], Choice.FOR, "7/CV", FILE, MEMBERS)

    with pytest.raises(OpinionAlreadyThere):
        meeting.receive_absent_opinion(COMMUNE, MEMBERS[4], Choice.AGAINST, "8/CV", FILE, MEMBERS)
    with pytest.raises(NotOnTheRoll):
        meeting.receive_absent_opinion(COMMUNE, MEMBERS[0], Choice.FOR, "9/CV", FILE, MEMBERS)
    with pytest.raises(NotOnTheAgenda):
        meeting.receive_absent_opinion(OTHER, MEMBERS[4], Choice.FOR, "9/CV", FILE, MEMBERS)
