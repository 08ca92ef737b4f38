from datetime import date, timedelta
from fractions import Fraction
from uuid import UUID, uuid4

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from domain.errors import (
    AlreadyVoted,
    BallotsOutstanding,
    NoQuorum,
    NotOnTheAgenda,
    NotOnTheRoll,
    OutOfOrder,
    PeriodReversed,
    ReasonMissing,
    Refused,
    VoteIsClosed,
    VoteIsOpen,
)
from domain.fact import Fact, replay
from domain.meeting import Choice, Meeting, VoteOutcome, VoteRule, counted
from domain.rulebook import Majority
from tests.domain.aggregates import COMMUNE, DAY, MEMBERS, OTHER, a_meeting, a_vote, facts_of, replayed, state
from tests.domain.rulebooks import a_council_rule

MAJORITY = Majority.MORE_THAN_HALF_OF_ALL_MEMBERS


@pytest.mark.parametrize(
    ("in_favour", "against", "other", "members", "expected"),
    [
        (3, 2, 0, 5, VoteOutcome.CARRIED),
        (2, 2, 1, 5, VoteOutcome.NOT_CARRIED),
        (3, 0, 0, 6, VoteOutcome.NOT_CARRIED),
        (4, 0, 0, 6, VoteOutcome.CARRIED),
        (0, 0, 0, 5, VoteOutcome.NOT_CARRIED),
        (2, 0, 1, 4, VoteOutcome.NOT_CARRIED),
    ],
    ids=["just-carried", "other-opinion-is-no-vote-for", "half-is-not-enough", "absent-count", "nobody", "tie"],
)
def test_more_than_half_of_all_members_present_or_not(
    in_favour: int, against: int, other: int, members: int, expected: VoteOutcome
):
    choices = [Choice.FOR] * in_favour + [Choice.AGAINST] * against + [Choice.OTHER] * other

    assert VoteRule(members, 0, MAJORITY).outcome_of(counted(choices)) is expected


@pytest.mark.parametrize("majority", Majority)
@pytest.mark.parametrize("members", range(1, 31))
def test_one_ballot_in_favour_fewer_than_needed_never_carries(majority: Majority, members: int):
    rule = VoteRule(members, 0, majority)

    assert rule.outcome_of(counted([Choice.FOR] * rule.needed)) is VoteOutcome.CARRIED
    assert rule.outcome_of(counted([Choice.FOR] * (rule.needed - 1))) is VoteOutcome.NOT_CARRIED
    assert rule.needed * 2 > members >= (rule.needed - 1) * 2


@pytest.mark.parametrize("choice", [choice for choice in Choice if choice is not Choice.FOR])
def test_no_other_choice_helps_to_carry(choice: Choice):
    assert VoteRule(5, 0, MAJORITY).outcome_of(counted([Choice.FOR] * 2 + [choice] * 3)) is VoteOutcome.NOT_CARRIED


def test_every_choice_is_counted_those_that_nobody_chose_too():
    found = counted([Choice.OTHER, Choice.FOR, Choice.OTHER])

    assert found == dict.fromkeys(Choice, 0) | {Choice.FOR: 1, Choice.OTHER: 2}
    assert list(counted([])) == list(Choice)


def test_the_rulebook_gives_the_quorum_and_the_majority_of_a_council():
    rule = VoteRule.of(a_council_rule(Fraction(2, 3), MAJORITY), 7)

    assert rule == VoteRule(7, 5, MAJORITY)
    assert (rule.is_quorate(4), rule.is_quorate(5)) == (False, True)


def test_the_quorum_is_counted_when_the_vote_opens():
    with pytest.raises(NoQuorum):
        a_vote(present=MEMBERS[:3])

    assert a_vote(present=MEMBERS[:4]).votes[COMMUNE].roll == frozenset(MEMBERS[:4])


def test_no_vote_opens_before_the_day_of_the_meeting():
    meeting = a_meeting()

    with pytest.raises(PeriodReversed) as refused:
        meeting.open_vote(COMMUNE, a_council_rule(), today=DAY - timedelta(days=1))

    assert refused.value.details["reason"] == "vote"
    meeting.open_vote(COMMUNE, a_council_rule(), today=DAY)


def test_a_meeting_does_not_end_before_its_day():
    meeting = a_meeting()

    with pytest.raises(PeriodReversed) as refused:
        meeting.close(DAY - timedelta(days=1))

    assert refused.value.details["reason"] == "meeting"
    meeting.close(DAY)


def test_a_meeting_of_an_old_log_that_ended_before_its_day_is_read_and_its_minutes_are_issued():
    meeting = a_meeting()
    meeting.close(DAY)
    facts = [fact for fact in meeting.pending_events if isinstance(fact, Fact)]
    vars(facts[-1])["on"] = date(2023, 12, 1)

    old = replay(facts)

    assert isinstance(old, Meeting)
    old.issue_minutes("ab" * 32, "3/BB")


def test_the_roll_stands_while_the_vote_is_open():
    meeting = a_vote(present=MEMBERS[:4])

    with pytest.raises(VoteIsOpen):
        meeting.record_attendance(MEMBERS)
    with pytest.raises(NotOnTheRoll):
        meeting.cast_ballot(COMMUNE, MEMBERS[4], Choice.FOR)


def test_a_stranger_is_neither_present_nor_heard():
    meeting = a_vote()

    with pytest.raises(NotOnTheRoll):
        a_meeting().record_attendance([uuid4()])
    with pytest.raises(NotOnTheRoll):
        meeting.cast_ballot(COMMUNE, uuid4(), Choice.FOR)
    with pytest.raises(NotOnTheRoll):
        meeting.receive_written_opinion(COMMUNE, uuid4(), Choice.FOR, "7/CV")


def test_a_member_has_one_ballot():
    meeting = a_vote()
    meeting.cast_ballot(COMMUNE, MEMBERS[0], Choice.FOR)

    with pytest.raises(AlreadyVoted):
        meeting.cast_ballot(COMMUNE, MEMBERS[0], Choice.AGAINST)

    assert facts_of(meeting).count("BallotCast") == 1


def test_an_opinion_on_paper_is_the_ballot_of_an_absent_member():
    meeting = a_vote(present=MEMBERS[:4])

    with pytest.raises(NotOnTheRoll):
        meeting.receive_written_opinion(COMMUNE, MEMBERS[0], Choice.FOR, "7/CV")
    meeting.receive_written_opinion(COMMUNE, MEMBERS[4], Choice.FOR, "7/CV")
    with pytest.raises(AlreadyVoted):
        meeting.receive_written_opinion(COMMUNE, MEMBERS[4], Choice.FOR, "8/CV")


def test_another_opinion_says_what_it_is():
    with pytest.raises(ReasonMissing):
        a_vote().cast_ballot(COMMUNE, MEMBERS[0], Choice.OTHER, " ")


def test_a_vote_ends_when_all_have_voted_or_the_chair_says_so():
    meeting = a_vote()
    meeting.cast_ballot(COMMUNE, MEMBERS[0], Choice.FOR)
    with pytest.raises(BallotsOutstanding) as refusal:
        meeting.conclude_vote(COMMUNE)

    meeting.conclude_vote(COMMUNE, without_missing=True)

    assert refusal.value.details["members"] == 4
    assert meeting.outcomes == {COMMUNE: VoteOutcome.NOT_CARRIED}
    with pytest.raises(VoteIsClosed):
        meeting.conclude_vote(COMMUNE)


def test_a_reopened_vote_is_a_new_round_with_a_roll_of_its_own():
    meeting = a_vote()
    with pytest.raises(VoteIsOpen):
        meeting.reopen_vote(COMMUNE, "…")
    meeting.conclude_vote(COMMUNE, without_missing=True)
    with pytest.raises(VoteIsClosed):
        meeting.open_vote(COMMUNE, a_council_rule())
    with pytest.raises(ReasonMissing):
        meeting.reopen_vote(COMMUNE, "")

    meeting.reopen_vote(COMMUNE, "Đếm nhầm")
    meeting.record_attendance(MEMBERS[:4])
    meeting.open_vote(COMMUNE, a_council_rule())

    assert meeting.votes[COMMUNE].round == 2
    assert meeting.votes[COMMUNE].ballots == {}


def test_only_what_is_on_the_agenda_is_taken_up_and_voted_on():
    with pytest.raises(NotOnTheAgenda):
        a_meeting().take_up(OTHER)
    with pytest.raises(NotOnTheAgenda):
        a_meeting().open_vote(OTHER, a_council_rule())


def test_a_closed_meeting_is_over():
    meeting = a_vote()
    with pytest.raises(VoteIsOpen):
        meeting.close(DAY)
    meeting.conclude_vote(COMMUNE, without_missing=True)
    with pytest.raises(OutOfOrder):
        meeting.issue_minutes("ab" * 32, "3/BB")
    meeting.close(DAY)

    with pytest.raises(OutOfOrder):
        meeting.reopen_vote(COMMUNE, "…")
    with pytest.raises(OutOfOrder):
        meeting.record_attendance([])
    meeting.issue_minutes("ab" * 32, "3/BB")


class AnyMeeting(RuleBasedStateMachine):
    """Whatever is tried in whatever order, a vote is decided by those who may, once each, by the frozen rule."""

    def __init__(self) -> None:
        super().__init__()
        self.meeting: Meeting = a_meeting(present=(), items=(COMMUNE, OTHER))

    def attempt(self, act: str, *arguments: object, **named: object) -> None:
        before = len(self.meeting.pending_events)
        try:
            getattr(self.meeting, act)(*arguments, **named)
        except Refused:
            assert len(self.meeting.pending_events) == before

    items = st.sampled_from((COMMUNE, OTHER))
    people = st.sampled_from((*MEMBERS, UUID(int=1)))

    @rule(present=st.sets(people))
    def attend(self, present: set[UUID]) -> None:
        self.attempt("record_attendance", present)

    @rule(item=items, quorum=st.integers(1, 5))
    def open_vote(self, item: str, quorum: int) -> None:
        self.attempt("open_vote", item, a_council_rule(Fraction(quorum, len(MEMBERS))))

    @rule(item=items, member=people, choice=st.sampled_from(Choice))
    def vote(self, item: str, member: UUID, choice: Choice) -> None:
        self.attempt("cast_ballot", item, member, choice, "…")

    @rule(item=items, member=people)
    def write(self, item: str, member: UUID) -> None:
        self.attempt("receive_written_opinion", item, member, Choice.FOR, "7/CV")

    @rule(item=items)
    def conclude(self, item: str) -> None:
        self.attempt("conclude_vote", item, without_missing=True)

    @rule(item=items)
    def reopen(self, item: str) -> None:
        self.attempt("reopen_vote", item, "…")

    @invariant()
    def votes_are_sound(self) -> None:
        cast = [
            (fact.item, fact.round, fact.member)
            for fact in self.meeting.pending_events
            if isinstance(fact, Meeting.BallotCast | Meeting.WrittenOpinionReceived)
        ]
        assert len(cast) == len(set(cast))
        assert sum(vote.is_open for vote in self.meeting.votes.values()) <= 1
        for vote in self.meeting.votes.values():
            assert len(vote.roll) >= vote.rule.quorum
            assert vote.ballots.keys() <= self.meeting.members
            if vote.outcome is not None:
                in_favour = sum(one.choice is Choice.FOR for one in vote.ballots.values())
                assert (vote.outcome is VoteOutcome.CARRIED) == (in_favour > len(MEMBERS) / 2)
        assert replayed(self.meeting) == state(self.meeting)


TestAnyMeeting = AnyMeeting.TestCase
TestAnyMeeting.settings = settings(max_examples=60, stateful_step_count=30)
