"""A council's meeting, made ready for pages: read from its own log, so that nobody waits to see a ballot counted.

While a vote is open pages show who has voted, never how; the choices are left out here, before any template.
"""

from __future__ import annotations

import base64
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import NamedTuple
from uuid import UUID

from domain.council import Member, Role, council_stream
from domain.days_off import days_off_stream
from domain.errors import NotFound
from domain.fact import Recorded
from domain.meeting import Choice, Meeting, VoteOutcome, VoteRule, meeting_stream, unit_of
from domain.permissions import Act, Subject, permit
from domain.rulebook import Rulebook
from domain.season import season_stream
from domain.unit import unit_stream
from domain.working_days import Calendar, CalendarUnknown
from projections.fold import fold
from projections.tables.councils import COUNCILS, CouncilRow
from projections.tables.days_off import DAYS_OFF, DaysOffRow
from projections.tables.seasons import SEASONS, SeasonRow
from projections.tables.tallies import TALLIES, Authorisation, BallotRow, MeetingRow, OpinionRow, PaperReceipt, Tally
from projections.tables.units import UNITS, UnitRow
from services.assessment.dossier_view import read_facts
from services.case.council_meetings import members_of, seated_on
from services.council.preparing import last_day_of_papers
from services.web.visit import Visit

#: A seat of the picture, and from one seat to the next, in pixels; the line of the quorum takes the gap.
SEAT, STEP, GAP = 24, 33, 8


class Sitting(NamedTuple):
    """What the log says about one meeting up to `position`."""

    meeting: MeetingRow
    council: CouncilRow
    season: SeasonRow
    unit: UnitRow
    items: dict[str, UnitRow]
    rulebook: Rulebook
    facts: list[Recorded]
    position: int
    today: date
    calendar: Calendar

    @property
    def subject(self) -> Subject:
        """Whom the policy asks about."""
        authorised = {str(one.member) for one in self.meeting.authorised} & self.council.in_role(Role.VICE_CHAIR)
        conducting = self.council.conducting | authorised
        return Subject(decided_by=self.council.unit, members=self.people, conducting=conducting)

    @property
    def own_subject(self) -> Subject:
        """The same for what only the chair and the secretary do."""
        return Subject(decided_by=self.council.unit, conducting=self.council.conducting)

    @property
    def people(self) -> frozenset[str]:
        """Those who had a seat when the meeting was called, or have had one since."""
        voting = (member for tally in self.meeting.rounds for member in tally.seated)
        seated = (member.person for member in self.members)
        return frozenset(str(member) for member in (*self.meeting.members, *voting, *seated))

    @property
    def members(self) -> tuple[Member, ...]:
        """The members of the council today, or on the day on which the meeting ended; of a vote see its papers."""
        day = min(self.today, self.meeting.closed_on or self.today)
        return seated_on(self.facts_of_council, day)

    @property
    def everybody(self) -> tuple[Member, ...]:
        """All who ever had a seat in the meeting, in the council's order; one who left the council comes last."""
        return members_of({UUID(person) for person in self.people}, self.facts_of_council)

    @property
    def present(self) -> tuple[UUID, ...]:
        """The members who are present: whoever left the council since is none of them."""
        return tuple(member.person for member in self.members if member.person in self.meeting.present)

    @property
    def facts_of_council(self) -> list[Recorded]:
        return [recorded for recorded in self.facts if recorded.stream.kind == "council"]

    @property
    def rule(self) -> VoteRule:
        """What would decide a vote that is opened now; an open or concluded vote has its own."""
        if self.meeting.is_consultation:
            return VoteRule.in_writing(self.rulebook.council, len(self.members))
        return VoteRule.of(self.rulebook.council, len(self.members))

    @property
    def is_quorate(self) -> bool:
        """Whether enough members are present to open a vote."""
        return self.rule.is_quorate(len(self.present))

    def number_of(self, item: str) -> int:
        """The item's number on the agenda."""
        return self.meeting.items.index(item) + 1

    def after(self, item: str) -> str | None:
        """The next item that was not voted on."""
        rest = self.meeting.items[self.number_of(item) :]
        return next((one for one in rest if one not in self.meeting.votes), None)


async def open_sitting(visit: Visit, season: str, meeting: str) -> Sitting:
    """The meeting as of the visit's moment, if the person may see it. NotFound, NotPermitted."""
    unit = unit_of(meeting)
    facts = await read_facts(
        visit, meeting_stream(season, meeting), council_stream(season, unit), season_stream(season)
    )
    held = fold(TALLIES, facts).get(f"{season}/{meeting}")
    council = fold(COUNCILS, facts).get(f"{season}/{unit}")
    if held is None or council is None:
        raise NotFound(season=season, meeting=meeting)
    planned = fold(SEASONS, facts)[season]
    own = fold(DAYS_OFF, await read_facts(visit, days_off_stream())).get(days_off_stream().subject) or DaysOffRow()
    units = fold(UNITS, await read_facts(visit, unit_stream(unit), *map(unit_stream, held.items)))
    sitting = Sitting(
        meeting=held,
        council=council,
        season=planned,
        unit=units[unit],
        items={item: units[item] for item in held.items},
        rulebook=(await visit.rulebooks()).text(planned.rulebook_sha256),
        facts=facts,
        position=visit.upto or await visit.app.store.position(visit.tenant),
        today=visit.today,
        calendar=own.applied(visit.app.calendar),
    )
    permit(visit.actor, Act.VIEW_DOSSIER, sitting.subject)
    return sitting


# Before the meeting -----------------------------------------------------------------------------------


class WrittenOpinion(NamedTuple):
    """What an absent member wrote about a dossier, beside the member."""

    member: Member
    row: OpinionRow


class Prepared(NamedTuple):
    """What went before the meeting, and what of it the person may still record.

    `last_day` is the last day on which papers are sent in time, None where the text of the year names no term or the
    holidays of the year are not known (`unknown`). `absent` are those who may have sent an opinion on the item that is
    shown and have not, `opinions` what was sent.
    """

    last_day: date | None
    unknown: bool
    receipts: tuple[tuple[Member, PaperReceipt | None], ...]
    authorised: tuple[tuple[Member, Authorisation], ...]
    vice_chairs: tuple[Member, ...]
    absent: tuple[Member, ...]
    opinions: tuple[WrittenOpinion, ...]
    sends: bool
    authorises: bool
    confirms: bool


def prepared(visit: Visit, sitting: Sitting, item: str | None) -> Prepared:
    """How the meeting was prepared, seen by the person."""
    meeting, people = sitting.meeting, {one.person: one for one in sitting.everybody}
    try:
        last_day, unknown = last_day_of_papers(sitting.rulebook, meeting.on, sitting.calendar), False
    except CalendarUnknown:
        last_day, unknown = None, True
    if meeting.papers_sent is not None:  # what was counted then
        last_day, unknown = meeting.papers_due, False
    goes_on = meeting.closed_on is None and not meeting.is_consultation
    wrote = {one.member for one in meeting.opinions if one.item == item}
    rule = sitting.rulebook.council
    writes = goes_on and rule.written_opinions and not rule.written_opinion_votes and item is not None
    authorised = {one.member for one in meeting.authorised}
    me = next((one for one in sitting.members if str(one.person) == visit.actor.person), None)
    return Prepared(
        last_day,
        unknown,
        tuple((one, meeting.papers_received.get(one.person)) for one in sitting.members),
        tuple((people[one.member], one) for one in meeting.authorised if one.member in people),
        tuple(one for one in sitting.members if one.role is Role.VICE_CHAIR and one.person not in authorised),
        tuple(one for one in sitting.members if one.person not in {*meeting.present, *wrote}) if writes else (),
        tuple(
            WrittenOpinion(people[one.member], one)
            for one in meeting.opinions
            if one.item == item and one.member in people
        ),
        goes_on and visit.may(Act.CONVENE_MEETING, sitting.own_subject),
        goes_on and visit.may(Act.AUTHORISE_VICE_CHAIR, sitting.own_subject),
        goes_on and meeting.papers_sent is not None and me is not None and me.person not in meeting.papers_received,
    )


# The vote on one item ---------------------------------------------------------------------------------


class MemberVote(NamedTuple):
    """One member's part in a vote. `choice` and `reason` are None while the vote is open."""

    member: Member
    present: bool
    voted: bool
    in_writing: bool = False
    choice: Choice | None = None
    reason: str | None = None
    document_no: str | None = None
    position: int | None = None
    at: datetime | None = None
    has_file: bool = False


class Share(NamedTuple):
    """A part of the bar that shows a result; start and width in percent."""

    choice: str
    start: Decimal
    width: Decimal


@dataclass(frozen=True, slots=True)
class ShownRound:
    """One round on one item, as far as it may be shown."""

    tally: Tally
    papers: tuple[MemberVote, ...]

    @property
    def cast(self) -> int:
        """How many of the roll, and of the absent in writing, have voted."""
        return len(self.tally.ballots)

    @property
    def missing(self) -> list[Member]:
        """Members on the roll who have not voted."""
        return [paper.member for paper in self.papers if paper.present and not paper.voted]

    @property
    def absent(self) -> list[Member]:
        """Members who were absent when the vote opened and sent no opinion."""
        return [paper.member for paper in self.papers if not paper.present and not paper.voted]

    @property
    def counts(self) -> dict[Choice, int]:
        """How many chose what; empty while the vote is open."""
        return {} if self.tally.is_open else self.tally.counts

    @property
    def shares(self) -> list[Share]:
        """The bar of the result: each choice as a part of all members."""
        shares, start = [], Decimal(0)
        for choice, count in self.counts.items():
            width = Decimal(count * 100) / self.tally.members
            if count:
                shares.append(Share(choice.value, start.quantize(_CENT), width.quantize(_CENT)))
            start += width
        return shares

    @property
    def line(self) -> Decimal:
        """Where on the bar the needed majority lies, in percent."""
        return (Decimal(self.tally.rule.needed * 100) / self.tally.members).quantize(_CENT)

    @property
    def carried(self) -> bool:
        return self.tally.outcome is VoteOutcome.CARRIED


_CENT = Decimal("0.01")


def ballots_of(sitting: Sitting, item: str) -> ShownRound | None:
    """The current round on the item; None before the vote was opened."""
    tally = sitting.meeting.votes.get(item)
    return None if tally is None else ballots(sitting, tally)


def ballots(sitting: Sitting, tally: Tally) -> ShownRound:
    """A round with the part in it of everybody who was a member when it was opened."""
    seated = members_of(tally.seated, sitting.facts_of_council)
    return ShownRound(tally, tuple(_paper(member, tally) for member in seated))


def _paper(member: Member, tally: Tally) -> MemberVote:
    present = member.person in tally.roll
    ballot: BallotRow | None = tally.ballots.get(member.person)
    if ballot is None:
        return MemberVote(member, present, voted=False)
    if tally.is_open:
        return MemberVote(member, present, voted=True, in_writing=bool(ballot.document_no), at=ballot.at)
    return MemberVote(
        member,
        present,
        True,
        bool(ballot.document_no),
        ballot.choice,
        ballot.reason,
        ballot.document_no,
        ballot.position,
        ballot.at,
        ballot.sha256 is not None,
    )


# Seats ------------------------------------------------------------------------------------------------


class DrawnSeat(NamedTuple):
    """A seat of the picture: `in` voted, `un` present, `aw` absent."""

    kind: str
    x: int


class Seats(NamedTuple):
    """The members as seats, those who voted first, with the line of the quorum."""

    seats: list[DrawnSeat]
    line: int
    width: int
    voted: int
    waiting: int
    away: int


def seats(rule: VoteRule, present: int, voted: int) -> Seats:
    """The picture of all members. The line stands after as many seats as must be present."""
    members, quorum = rule.members, rule.quorum
    voted = min(voted, members)
    present = max(present, voted)
    kinds = ["in"] * voted + ["un"] * (present - voted) + ["aw"] * (members - present)
    drawn = [DrawnSeat(kind, 8 + place * STEP + (GAP if place >= quorum else 0)) for place, kind in enumerate(kinds)]
    return Seats(drawn, 8 + quorum * STEP - 1, 8 + members * STEP + GAP + 8, voted, present - voted, members - present)


# One's own ballot -------------------------------------------------------------------------------------


class OwnBallot(NamedTuple):
    """The receipt of a ballot: the same code however often it is sent."""

    code: str
    choice: Choice
    reason: str | None
    round: int
    at: datetime
    position: int


def own_ballot(sitting: Sitting, item: str, person: str) -> OwnBallot | None:
    """The person's own ballot in the current round on the item."""
    tally = sitting.meeting.votes.get(item)
    if tally is None:
        return None
    for recorded in sitting.facts:
        fact = recorded.fact
        mine = isinstance(fact, Meeting.BallotCast) and (fact.item, str(fact.member)) == (item, person)
        if mine and isinstance(fact, Meeting.BallotCast) and fact.round == tally.round:
            code = receipt_code(recorded.command)
            return OwnBallot(code, fact.choice, fact.reason, fact.round, recorded.at, recorded.position)
    return None


def receipt_code(command: UUID) -> str:
    """What people note down of a command: `K7Q2-PXM4`. No digit looks like a letter."""
    code = base64.b32encode(command.bytes[-5:]).decode()
    return f"{code[:4]}-{code[4:]}"


def bare_code(text: str) -> str:
    """The letters and digits of a code as people type it: `k7q2 pxm4`, `K7Q2–PXM4` and `K7Q2PXM4` are one."""
    return "".join(sign for sign in text.upper() if sign.isalnum())
