"""Tallies of meetings: who is present, who has voted on each dossier, and what was decided."""

from __future__ import annotations

from datetime import date, datetime
from uuid import UUID

from msgspec.structs import replace

from domain.fact import Recorded
from domain.meeting import Choice, Meeting, VoteOutcome, VoteRule, counted
from domain.rulebook import Majority
from projections.fold import Projection, Row, RowPart


class BallotRow(RowPart, frozen=True):
    """A member's choice; `position` is its place in the log, `document_no` names the paper of an absent member."""

    choice: Choice
    at: datetime
    position: int
    reason: str | None = None
    document_no: str | None = None
    sha256: str | None = None


class Tally(RowPart, frozen=True):
    """One round of voting on one dossier, with everything that decides it frozen in when it opened.

    `absent` are the members who were not on the roll. While `outcome` is None pages show who has voted, not how.
    `void_because` says why the round was declared void.
    """

    round: int
    roll: tuple[UUID, ...]
    members: int
    quorum: int
    majority: Majority
    opened_at: datetime
    absent: tuple[UUID, ...] = ()
    ballots: dict[UUID, BallotRow] = {}
    outcome: VoteOutcome | None = None
    concluded_at: datetime | None = None
    void_because: str | None = None

    @property
    def is_open(self) -> bool:
        """Whether ballots are still taken."""
        return self.outcome is None

    @property
    def seated(self) -> frozenset[UUID]:
        """Who was a member when the vote opened."""
        return frozenset((*self.roll, *self.absent))

    @property
    def missing(self) -> tuple[UUID, ...]:
        """Members on the roll who have not voted."""
        return tuple(member for member in self.roll if member not in self.ballots)

    @property
    def rule(self) -> VoteRule:
        """What decides the vote."""
        return VoteRule(self.members, self.quorum, self.majority)

    @property
    def counts(self) -> dict[Choice, int]:
        """How many chose what."""
        return counted(ballot.choice for ballot in self.ballots.values())

    @property
    def silent(self) -> int:
        """How many members, present or absent, gave no ballot."""
        return self.members - len(self.ballots)


class PaperReceipt(RowPart, frozen=True):
    """Since when a member has the papers; `noted` by somebody else than the member."""

    on: date
    noted: bool
    position: int


class OpinionRow(RowPart, frozen=True):
    """What an absent member wrote about a dossier: no ballot."""

    item: str
    member: UUID
    choice: Choice
    document_no: str
    sha256: str
    position: int
    at: datetime
    reason: str | None = None


class Authorisation(RowPart, frozen=True):
    """On what a vice-chair conducts the meeting: a document, or what the chair says in a note."""

    member: UUID
    document_no: str | None
    note: str | None
    position: int


class MeetingRow(Row, frozen=True):
    """One meeting of a council, or one consultation in writing, answered by the day `answer_by`.

    `items` are the communes on the agenda, `void` the earlier rounds of each; `papers_due` is the last day on which
    papers were sent in time.
    """

    season: str
    meeting: str
    unit: str
    on: date
    place: str
    members: tuple[UUID, ...]
    items: tuple[str, ...]
    version: int
    present: tuple[UUID, ...] = ()
    current: str | None = None
    votes: dict[str, Tally] = {}
    void: dict[str, tuple[Tally, ...]] = {}
    closed_on: date | None = None
    minutes_sha256: str | None = None
    minutes_no: str | None = None
    answer_by: date | None = None
    papers_sent: date | None = None
    papers_due: date | None = None
    papers_received: dict[UUID, PaperReceipt] = {}
    authorised: tuple[Authorisation, ...] = ()
    opinions: tuple[OpinionRow, ...] = ()

    @property
    def is_consultation(self) -> bool:
        """Whether the members answer in writing, without a meeting."""
        return self.answer_by is not None

    @property
    def is_late(self) -> bool:
        """Whether the papers were sent later than the rulebook has it."""
        return self.papers_sent is not None and self.papers_due is not None and self.papers_sent > self.papers_due

    @property
    def pending(self) -> frozenset[str]:
        """The dossiers that wait for this meeting: on the agenda of one that goes on, without a concluded vote."""
        done = {item for item, tally in self.votes.items() if not tally.is_open}
        return frozenset() if self.closed_on else frozenset(self.items) - done

    @property
    def rounds(self) -> tuple[Tally, ...]:
        """All rounds on all dossiers, those declared void too."""
        void = (tally for tallies in self.void.values() for tally in tallies)
        return (*void, *self.votes.values())

    @property
    def open_item(self) -> str | None:
        """The dossier on which ballots are being taken."""
        return next((item for item, tally in self.votes.items() if tally.is_open), None)


TALLIES = Projection("tallies", version=3, row=MeetingRow, scope=lambda row: row.season)


@TALLIES.begins(Meeting.Convened)
def _convened(fact: Meeting.Convened, recorded: Recorded) -> MeetingRow:
    _, season, meeting = recorded.stream
    return MeetingRow(season, meeting, fact.unit, fact.on, fact.place, fact.members, fact.items, recorded.version)


@TALLIES.begins(Meeting.ConsultationOpened)
def _asked(fact: Meeting.ConsultationOpened, recorded: Recorded) -> MeetingRow:
    _, season, meeting = recorded.stream
    return MeetingRow(
        season, meeting, fact.unit, fact.on, "", fact.members, fact.items, recorded.version, answer_by=fact.answer_by
    )


@TALLIES.on(Meeting.PapersSent)
def _papers_sent(row: MeetingRow, fact: Meeting.PapersSent, recorded: Recorded) -> MeetingRow:
    return replace(row, version=recorded.version, papers_sent=fact.on, papers_due=fact.due)


@TALLIES.on(Meeting.PapersReceived)
def _papers_received(row: MeetingRow, fact: Meeting.PapersReceived, recorded: Recorded) -> MeetingRow:
    receipt = PaperReceipt(fact.on, recorded.actor != str(fact.member), recorded.position)
    return replace(row, version=recorded.version, papers_received={**row.papers_received, fact.member: receipt})


@TALLIES.on(Meeting.ViceChairAuthorised)
def _authorised(row: MeetingRow, fact: Meeting.ViceChairAuthorised, recorded: Recorded) -> MeetingRow:
    given = Authorisation(fact.member, fact.document_no, fact.note, recorded.position)
    return replace(row, version=recorded.version, authorised=(*row.authorised, given))


@TALLIES.on(Meeting.AbsentOpinionReceived)
def _absent_opinion(row: MeetingRow, fact: Meeting.AbsentOpinionReceived, recorded: Recorded) -> MeetingRow:
    opinion = OpinionRow(
        fact.item,
        fact.member,
        fact.choice,
        fact.document_no,
        fact.sha256,
        recorded.position,
        recorded.at,
        fact.reason,
    )
    return replace(row, version=recorded.version, opinions=(*row.opinions, opinion))


@TALLIES.on(Meeting.AttendanceRecorded)
def _attendance(row: MeetingRow, fact: Meeting.AttendanceRecorded, recorded: Recorded) -> MeetingRow:
    return replace(row, version=recorded.version, present=fact.present)


@TALLIES.on(Meeting.ItemTakenUp)
def _taken_up(row: MeetingRow, fact: Meeting.ItemTakenUp, recorded: Recorded) -> MeetingRow:
    return replace(row, version=recorded.version, current=fact.item)


@TALLIES.on(Meeting.VoteOpened)
def _vote_opened(row: MeetingRow, fact: Meeting.VoteOpened, recorded: Recorded) -> MeetingRow:
    called = tuple(member for member in row.members if member not in fact.roll)
    absent = called if fact.absent is None else fact.absent
    tally = Tally(fact.round, fact.roll, fact.members, fact.quorum, fact.majority, recorded.at, absent)
    return replace(row, version=recorded.version, votes={**row.votes, fact.item: tally})


def _with_ballot(row: MeetingRow, item: str, member: UUID, ballot: BallotRow, version: int) -> MeetingRow:
    tally = row.votes.get(item)
    if tally is None:
        return row
    tally = replace(tally, ballots={**tally.ballots, member: ballot})
    return replace(row, version=version, votes={**row.votes, item: tally})


@TALLIES.on(Meeting.BallotCast)
def _ballot(row: MeetingRow, fact: Meeting.BallotCast, recorded: Recorded) -> MeetingRow:
    ballot = BallotRow(fact.choice, recorded.at, recorded.position, fact.reason)
    return _with_ballot(row, fact.item, fact.member, ballot, recorded.version)


@TALLIES.on(Meeting.WrittenOpinionReceived)
def _written(row: MeetingRow, fact: Meeting.WrittenOpinionReceived, recorded: Recorded) -> MeetingRow:
    ballot = BallotRow(fact.choice, recorded.at, recorded.position, fact.reason, fact.document_no, fact.sha256)
    return _with_ballot(row, fact.item, fact.member, ballot, recorded.version)


@TALLIES.on(Meeting.VoteConcluded)
def _concluded(row: MeetingRow, fact: Meeting.VoteConcluded, recorded: Recorded) -> MeetingRow:
    tally = row.votes.get(fact.item)
    if tally is None:
        return row
    tally = replace(tally, outcome=fact.outcome, concluded_at=recorded.at)
    return replace(row, version=recorded.version, votes={**row.votes, fact.item: tally})


@TALLIES.on(Meeting.VoteReopened)
def _reopened(row: MeetingRow, fact: Meeting.VoteReopened, recorded: Recorded) -> MeetingRow:
    tally = row.votes.get(fact.item)
    if tally is None:
        return row
    void = (*row.void.get(fact.item, ()), replace(tally, void_because=fact.reason))
    votes = {item: other for item, other in row.votes.items() if item != fact.item}
    return replace(row, version=recorded.version, votes=votes, void={**row.void, fact.item: void})


@TALLIES.on(Meeting.Closed)
def _closed(row: MeetingRow, fact: Meeting.Closed, recorded: Recorded) -> MeetingRow:
    return replace(row, version=recorded.version, closed_on=fact.on)


@TALLIES.on(Meeting.MinutesIssued)
def _minutes(row: MeetingRow, fact: Meeting.MinutesIssued, recorded: Recorded) -> MeetingRow:
    return replace(row, version=recorded.version, minutes_sha256=fact.sha256, minutes_no=fact.document_no)
