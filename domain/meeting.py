"""A council's meeting: attendance, agenda, votes with everything that decides them frozen in when they open.

Ballots are open and named by default. While a vote is open the pages show who has voted, not how. A council may be
asked in writing instead of meeting (TT 09/2021 Điều 3.2b): all dossiers are open at once, to all its members.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from typing import NamedTuple
from uuid import UUID

from domain.days import must_not_end_early
from domain.errors import (
    AlreadyVoted,
    BallotsOutstanding,
    ConsultationRunning,
    HeldInWriting,
    NobodyPresides,
    NoQuorum,
    NotOnTheAgenda,
    NotOnTheRoll,
    OpinionAlreadyThere,
    OutOfOrder,
    ReasonMissing,
    VoteIsClosed,
    VoteIsOpen,
)
from domain.fact import Fact, FirstFact, Stream, StreamName
from domain.rulebook import CouncilRule, Majority


class Choice(StrEnum):
    """A ballot's choice. Only FOR counts towards the majority; the quorum counts who is present when the vote opens."""

    FOR = "for"
    AGAINST = "against"
    OTHER = "other"

    @property
    def needs_reason(self) -> bool:
        """Whether a ballot with this choice says why."""
        return _NEEDS_REASON[self]


_NEEDS_REASON = {Choice.FOR: False, Choice.AGAINST: False, Choice.OTHER: True}


class VoteOutcome(StrEnum):
    """What a concluded vote says."""

    CARRIED = "carried"
    NOT_CARRIED = "not-carried"


@dataclass(frozen=True, slots=True)
class Ballot:
    """What a member chose, and why where the choice needs a reason."""

    choice: Choice
    reason: str | None


class VoteRule(NamedTuple):
    """What decides a vote, frozen in when it opens: the council's size, the quorum, the majority rule.

    `members` and `quorum` are numbers of people.
    """

    members: int
    quorum: int
    majority: Majority

    @classmethod
    def of(cls, council: CouncilRule, members: int) -> VoteRule:
        """The rulebook's rule for a council of so many members."""
        return cls(members, council.quorum_of(members), council.majority)

    @classmethod
    def in_writing(cls, council: CouncilRule, members: int) -> VoteRule:
        """The same without a quorum: nobody attends what is answered on paper, and the majority is of all members."""
        return cls(members, 0, council.majority)

    def is_quorate(self, present: int) -> bool:
        """Whether so many members present may vote at all."""
        return present >= self.quorum

    @property
    def needed(self) -> int:
        """How many ballots in favour carry the vote."""
        match self.majority:
            case Majority.MORE_THAN_HALF_OF_ALL_MEMBERS:
                return self.members // 2 + 1

    def outcome_of(self, counts: Mapping[Choice, int]) -> VoteOutcome:
        """CARRIED when the ballots in favour reach what is needed; every other choice counts against the majority."""
        return VoteOutcome.CARRIED if counts[Choice.FOR] >= self.needed else VoteOutcome.NOT_CARRIED


def counted(choices: Iterable[Choice]) -> dict[Choice, int]:
    """How many chose what: every choice, in the order of the law, those that nobody chose too."""
    counts = dict.fromkeys(Choice, 0)
    for choice in choices:
        counts[choice] += 1
    return counts


@dataclass(slots=True)
class Vote:
    """One round of voting on one commune's dossier."""

    round: int
    roll: frozenset[UUID]
    absent: frozenset[UUID]
    rule: VoteRule
    ballots: dict[UUID, Ballot] = field(default_factory=dict)
    outcome: VoteOutcome | None = None

    @property
    def is_open(self) -> bool:
        """Whether ballots are still taken."""
        return self.outcome is None

    @property
    def counts(self) -> dict[Choice, int]:
        """How many chose what."""
        return counted(ballot.choice for ballot in self.ballots.values())


@dataclass(frozen=True, slots=True)
class AbsentOpinion:
    """What an absent member wrote about a dossier: no ballot, it is reported to the chair (TT 09/2021 Điều 5.4c)."""

    choice: Choice
    document_no: str
    reason: str | None


class Meeting(Stream, created_event_name="Convened"):
    """One meeting of a council, or one consultation of its members in writing that takes a meeting's place."""

    TOPIC = "meeting"

    class Convened(FirstFact):
        """The council of `unit` meets on a day, at a place, on these communes' dossiers."""

        TOPIC = "meeting.convened"
        unit: str
        on: date
        place: str
        members: tuple[UUID, ...]
        items: tuple[str, ...]

    class ConsultationOpened(FirstFact):
        """The members of the council of `unit` are asked in writing, from a day on, for answers by another."""

        TOPIC = "meeting.consultation-opened"
        unit: str
        on: date
        answer_by: date
        members: tuple[UUID, ...]
        items: tuple[str, ...]

        def apply(self, meeting: Meeting) -> None:
            meeting.answer_by = self.answer_by

    class PapersSent(Fact):
        """The papers of the meeting went to its members on a day; a later record replaces an earlier one.

        `due` is the last day in time by the rulebook of then; None where it names no term.
        """

        TOPIC = "meeting.papers-sent"
        on: date
        due: date | None = None

        def apply(self, meeting: Meeting) -> None:
            meeting.papers_sent = self.on

    class PapersReceived(Fact):
        """A member has the papers since a day."""

        TOPIC = "meeting.papers-received"
        member: UUID
        on: date

        def apply(self, meeting: Meeting) -> None:
            meeting.papers_received = {**meeting.papers_received, self.member: self.on}

    class ViceChairAuthorised(Fact):
        """The chair lets this vice-chair conduct the meeting in the chair's absence (TT 09/2021 Điều 5.4d)."""

        TOPIC = "meeting.vice-chair-authorised"
        member: UUID
        document_no: str | None = None
        note: str | None = None

        def apply(self, meeting: Meeting) -> None:
            meeting.authorised = meeting.authorised | {self.member}

    class AbsentOpinionReceived(Fact):
        """An absent member's opinion on paper where it is no ballot; `sha256` is the file of the paper."""

        TOPIC = "meeting.absent-opinion-received"
        item: str
        member: UUID
        choice: Choice
        document_no: str
        sha256: str
        reason: str | None = None

        def apply(self, meeting: Meeting) -> None:
            meeting.opinions[self.item, self.member] = AbsentOpinion(self.choice, self.document_no, self.reason)

    class AttendanceRecorded(Fact):
        """Who is present; a later record replaces an earlier one."""

        TOPIC = "meeting.attendance-recorded"
        present: tuple[UUID, ...]

        def apply(self, meeting: Meeting) -> None:
            meeting.present = frozenset(self.present)

    class ItemTakenUp(Fact):
        """The meeting turned to this commune's dossier."""

        TOPIC = "meeting.item-taken-up"
        item: str

        def apply(self, meeting: Meeting) -> None:
            meeting.current = self.item

    class VoteOpened(Fact):
        """Ballots are taken. The roll, the quorum and the majority rule stand from here on.

        `absent` are the members who are not on the roll; without it, of those called to the meeting.
        """

        TOPIC = "meeting.vote-opened"
        item: str
        round: int
        roll: tuple[UUID, ...]
        members: int
        quorum: int
        majority: Majority
        absent: tuple[UUID, ...] | None = None

        def apply(self, meeting: Meeting) -> None:
            roll = frozenset(self.roll)
            absent = meeting.members - roll if self.absent is None else frozenset(self.absent)
            rule = VoteRule(self.members, self.quorum, self.majority)
            meeting.votes[self.item] = Vote(self.round, roll, absent, rule)

    class BallotCast(Fact):
        """A member's named ballot."""

        TOPIC = "meeting.ballot-cast"
        item: str
        round: int
        member: UUID
        choice: Choice
        reason: str | None = None

        def apply(self, meeting: Meeting) -> None:
            meeting.votes[self.item].ballots[self.member] = Ballot(self.choice, self.reason)

    class WrittenOpinionReceived(Fact):
        """A member's opinion on paper that counts as the member's ballot: an absent member's (TT 07/2017), or the
        answer to a consultation. `sha256` is the file of the paper.
        """

        TOPIC = "meeting.written-opinion-received"
        item: str
        round: int
        member: UUID
        choice: Choice
        document_no: str
        reason: str | None = None
        sha256: str | None = None

        def apply(self, meeting: Meeting) -> None:
            meeting.votes[self.item].ballots[self.member] = Ballot(self.choice, self.reason)

    class VoteConcluded(Fact):
        """The vote is closed; the outcome follows from the ballots and the rule frozen in."""

        TOPIC = "meeting.vote-concluded"
        item: str
        round: int
        outcome: VoteOutcome

        def apply(self, meeting: Meeting) -> None:
            meeting.votes[self.item].outcome = self.outcome

    class VoteReopened(Fact):
        """The vote is void; a new round follows. The old round stays in the log and in the minutes."""

        TOPIC = "meeting.vote-reopened"
        item: str
        round: int
        reason: str

        def apply(self, meeting: Meeting) -> None:
            meeting.rounds[self.item] = self.round
            del meeting.votes[self.item]

    class Closed(Fact):
        """The meeting is over."""

        TOPIC = "meeting.closed"
        on: date

        def apply(self, meeting: Meeting) -> None:
            meeting.is_closed = True

    class MinutesIssued(Fact):
        """The minutes, or the synthesis of a consultation, as a document, by the SHA-256 of its bytes."""

        TOPIC = "meeting.minutes-issued"
        sha256: str
        document_no: str

        def apply(self, meeting: Meeting) -> None:
            meeting.minutes_sha256 = self.sha256

    def __init__(
        self,
        id: UUID,
        unit: str,
        on: date,
        members: tuple[UUID, ...],
        items: tuple[str, ...],
        place: str = "",
    ) -> None:
        self.unit = unit
        self.on = on
        self.answer_by: date | None = None
        self.members = frozenset(members)
        self.items = items
        self.present: frozenset[UUID] = frozenset()
        self.current: str | None = None
        self.votes: dict[str, Vote] = {}
        self.rounds: dict[str, int] = {}
        self.is_closed = False
        self.minutes_sha256: str | None = None
        self.papers_sent: date | None = None
        self.papers_received: dict[UUID, date] = {}
        self.authorised: frozenset[UUID] = frozenset()
        self.opinions: dict[tuple[str, UUID], AbsentOpinion] = {}

    # In writing, without a meeting --------------------------------------------------------------------

    @classmethod
    def consult(
        cls,
        id: UUID,
        unit: str,
        on: date,
        answer_by: date,
        members: Collection[UUID],
        items: Collection[str],
        council: CouncilRule,
    ) -> Meeting:
        """Ask all members about these dossiers, to be answered by a day. PeriodReversed when that lies before `on`."""
        must_not_end_early(on, answer_by, "answer_by", "consultation")
        asked, agenda = tuple(sorted(members)), tuple(dict.fromkeys(items))
        meeting = cls._create(
            cls.ConsultationOpened, id=id, unit=unit, on=on, answer_by=answer_by, members=asked, items=agenda
        )
        rule = VoteRule.in_writing(council, len(asked))
        for item in agenda:
            meeting.trigger_event(
                cls.VoteOpened,
                item=item,
                round=1,
                roll=asked,
                members=rule.members,
                quorum=rule.quorum,
                majority=rule.majority,
                absent=(),
            )
        return meeting

    @property
    def is_consultation(self) -> bool:
        """Whether the members answer in writing, without a meeting."""
        return self.answer_by is not None

    def close_consultation(self, today: date) -> None:
        """Close all votes and the consultation: when everybody has answered, or the day has come.

        Who has not answered by then gave no opinion. ConsultationRunning before that.
        """
        self._must_go_on()
        if self.answer_by is None:
            raise OutOfOrder(step="close-consultation", state="sitting")
        missing = sum(len(vote.roll - vote.ballots.keys()) for vote in self.votes.values())
        if missing and today < self.answer_by:
            raise ConsultationRunning(answers=missing, until=self.answer_by)
        for item, vote in list(self.votes.items()):
            outcome = vote.rule.outcome_of(vote.counts)
            self.trigger_event(self.VoteConcluded, item=item, round=vote.round, outcome=outcome)
        self.trigger_event(self.Closed, on=today)

    # Before the meeting -------------------------------------------------------------------------------

    def send_papers(self, on: date, due: date | None, today: date) -> None:
        """Record when the papers were sent: not after the meeting, nor after today. Sent late is recorded as well."""
        self._must_sit()
        must_not_end_early(on, min(self.on, today), "sent", "papers")
        if on != self.papers_sent:
            self.trigger_event(self.PapersSent, on=on, due=due)

    def receive_papers(self, member: UUID, on: date, members: Collection[UUID]) -> None:
        """Record since when a member has the papers that were sent; again, it is not recorded.

        `members` are those of the day. PeriodReversed when `on` is before the papers were sent.
        """
        self._must_sit()
        if self.papers_sent is None:
            raise OutOfOrder(step="receive-papers", state="not-sent")
        must_not_end_early(self.papers_sent, on, "received", "papers-received")
        if member not in members:
            raise NotOnTheRoll(member=member)
        if member not in self.papers_received:
            self.trigger_event(self.PapersReceived, member=member, on=on)

    def authorise(self, member: UUID, document_no: str | None, note: str | None) -> None:
        """Let a vice-chair conduct this meeting, by a document or by what the chair says in a note."""
        self._must_sit()
        if not (document_no or note):
            raise ReasonMissing(act="authorise")
        if member not in self.authorised:
            self.trigger_event(self.ViceChairAuthorised, member=member, document_no=document_no, note=note)

    def receive_absent_opinion(
        self,
        item: str,
        member: UUID,
        choice: Choice,
        document_no: str,
        sha256: str,
        members: Collection[UUID],
        reason: str | None = None,
    ) -> None:
        """Record what an absent member wrote about a dossier, once; it is no ballot and no presence.

        `members` are those of the day. NotOnTheRoll for who is present: they say it themselves.
        """
        self._must_sit()
        if item not in self.items:
            raise NotOnTheAgenda(item=item)
        if member not in members or member in self.present:
            raise NotOnTheRoll(member=member)
        if (item, member) in self.opinions:
            raise OpinionAlreadyThere(member=member)
        _reason_given(choice, reason)
        self.trigger_event(
            self.AbsentOpinionReceived,
            item=item,
            member=member,
            choice=choice,
            document_no=document_no,
            sha256=sha256,
            reason=reason or None,
        )

    # The meeting --------------------------------------------------------------------------------------

    def record_attendance(self, present: Collection[UUID], members: Collection[UUID] | None = None) -> None:
        """Record which of the council's members are present; not while a vote is open, for its roll stands.

        `members` are those of the day; without them, those called to the meeting.
        """
        self._must_sit()
        self._no_vote_open()
        seated = self.members if members is None else frozenset(members)
        strangers = sorted(str(one) for one in present if one not in seated)
        if strangers:
            raise NotOnTheRoll(member=strangers[0])
        if frozenset(present) != self.present:
            self.trigger_event(self.AttendanceRecorded, present=tuple(sorted(present)))

    def take_up(self, item: str) -> None:
        """Turn to an item of the agenda."""
        self._must_sit()
        self._no_vote_open()
        if item not in self.items:
            raise NotOnTheAgenda(item=item)
        if item != self.current:
            self.trigger_event(self.ItemTakenUp, item=item)

    def open_vote(
        self,
        item: str,
        council: CouncilRule,
        *,
        members: Collection[UUID] | None = None,
        today: date | None = None,
        chair: UUID | None = None,
    ) -> None:
        """Open the vote on an item: the members present are the roll; NoQuorum when they are too few for `council`.

        NobodyPresides when neither the `chair` is among them nor a vice-chair whom the chair authorised.

        `members` are those of the day; without them, those called to the meeting. Whoever was present and has left the
        council since is not on the roll. PeriodReversed when `today` is before the day of the meeting.
        """
        self._must_sit()
        self._no_vote_open()
        must_not_end_early(self.on, today, "on", "vote")
        if item not in self.items:
            raise NotOnTheAgenda(item=item)
        if item in self.votes:
            raise VoteIsClosed(item=item)
        seated = self.members if members is None else frozenset(members)
        roll = self.present & seated
        rule = VoteRule.of(council, len(seated))
        if not rule.is_quorate(len(roll)):
            raise NoQuorum(present=len(roll), required=rule.quorum)
        if chair is not None and not roll & {chair, *self.authorised}:
            raise NobodyPresides
        self.trigger_event(
            self.VoteOpened,
            item=item,
            round=self.rounds.get(item, 1),
            roll=tuple(sorted(roll)),
            members=rule.members,
            quorum=rule.quorum,
            majority=rule.majority,
            absent=tuple(sorted(seated - roll)),
        )

    def cast_ballot(self, item: str, member: UUID, choice: Choice, reason: str | None = None) -> None:
        """Record a member's ballot; a second one is refused as AlreadyVoted."""
        vote = self._open_vote(item)
        if member not in vote.roll:
            raise NotOnTheRoll(member=member, **self._manner)
        self._not_twice(vote, member)
        _reason_given(choice, reason)
        self.trigger_event(
            self.BallotCast, item=item, round=vote.round, member=member, choice=choice, reason=reason or None
        )

    def receive_written_opinion(
        self,
        item: str,
        member: UUID,
        choice: Choice,
        document_no: str,
        reason: str | None = None,
        sha256: str | None = None,
    ) -> None:
        """Record an opinion on paper as the ballot of an absent member, or of a member who is asked in writing."""
        vote = self._open_vote(item)
        if member not in (vote.roll if self.is_consultation else vote.absent):
            raise NotOnTheRoll(member=member, **self._manner)
        self._not_twice(vote, member)
        _reason_given(choice, reason)
        self.trigger_event(
            self.WrittenOpinionReceived,
            item=item,
            round=vote.round,
            member=member,
            choice=choice,
            document_no=document_no,
            reason=reason or None,
            sha256=sha256,
        )

    def conclude_vote(self, item: str, *, without_missing: bool = False) -> None:
        """Close the vote. BallotsOutstanding while members present have not voted, unless the chair says so."""
        self._must_sit()
        vote = self._open_vote(item)
        missing = len(vote.roll - vote.ballots.keys())
        if missing and not without_missing:
            raise BallotsOutstanding(members=missing)
        outcome = vote.rule.outcome_of(vote.counts)
        self.trigger_event(self.VoteConcluded, item=item, round=vote.round, outcome=outcome)

    def reopen_vote(self, item: str, reason: str) -> None:
        """Declare a concluded vote void and allow a new round, with the reason."""
        self._must_sit()
        self._no_vote_open()
        vote = self.votes.get(item)
        if vote is None:
            raise VoteIsClosed(item=item)
        if not reason.strip():
            raise ReasonMissing(act="reopen-vote", item=item)
        self.trigger_event(self.VoteReopened, item=item, round=vote.round + 1, reason=reason)

    def close(self, on: date) -> None:
        """End the meeting; not while a vote is open, and not before the day of the meeting."""
        self._must_sit()
        self._no_vote_open()
        must_not_end_early(self.on, on, "on", "meeting")
        self.trigger_event(self.Closed, on=on)

    def issue_minutes(self, sha256: str, document_no: str) -> None:
        """Record the issued minutes of a closed meeting, once."""
        if not self.is_closed:
            raise OutOfOrder(step="issue-minutes", state="open")
        if self.minutes_sha256 is not None:
            raise OutOfOrder(step="issue-minutes", state="issued")
        self.trigger_event(self.MinutesIssued, sha256=sha256, document_no=document_no)

    @property
    def outcomes(self) -> Mapping[str, VoteOutcome]:
        """The outcome of every concluded vote, by commune."""
        return {item: vote.outcome for item, vote in self.votes.items() if vote.outcome is not None}

    def _open_vote(self, item: str) -> Vote:
        vote = self.votes.get(item)
        if vote is None or not vote.is_open:
            raise VoteIsClosed(item=item, **self._manner)
        return vote

    def _not_twice(self, vote: Vote, member: UUID) -> None:
        if member in vote.ballots:
            raise AlreadyVoted(member=member, **self._manner)

    @property
    def _manner(self) -> Mapping[str, str]:
        """What a refusal says of a consultation, which has words of its own."""
        return {"reason": "in-writing"} if self.is_consultation else {}

    def _no_vote_open(self) -> None:
        for item, vote in self.votes.items():
            if vote.is_open:
                raise VoteIsOpen(item=item)

    @property
    def pending(self) -> frozenset[str]:
        """The dossiers that wait for this meeting: on the agenda of one that goes on, without a concluded vote."""
        return frozenset() if self.is_closed else frozenset(self.items) - self.outcomes.keys()

    def _must_sit(self) -> None:
        self._must_go_on()
        if self.is_consultation:
            raise HeldInWriting

    def _must_go_on(self) -> None:
        if self.is_closed:
            raise OutOfOrder(step="meeting", state="closed")


def _reason_given(choice: Choice, reason: str | None) -> None:
    if choice.needs_reason and not (reason or "").strip():
        raise ReasonMissing(act="cast-ballot")


def meeting_key(unit: str, number: int) -> str:
    """The name of a council's n-th meeting in a season: "697-1"."""
    return f"{unit}-{number}"


def unit_of(meeting: str) -> str:
    """The unit whose council meets, from the meeting's name."""
    return meeting.rpartition("-")[0]


def number_of(meeting: str) -> int:
    """The running number of the meeting, from its name."""
    return int(meeting.rpartition("-")[2])


def meeting_stream(season: str, meeting: str) -> StreamName:
    """The stream of a meeting; `meeting` is its name, see `meeting_key`."""
    return StreamName("meeting", season, meeting)
