"""The council's work: it is constituted, meets, and votes with roll, quorum and majority frozen in."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import date, datetime
from uuid import UUID, uuid4, uuid5

from domain.appraisal import Appraisal, appraisal_stream
from domain.assessment import Assessment, assessment_stream
from domain.council import Council, Member, Role, council_stream, seats
from domain.days import must_be_planned_soon, must_not_end_early
from domain.errors import (
    AlreadyVoted,
    BasisMissing,
    MemberUnsuitable,
    NotFound,
    OutOfOrder,
    UnitsUnsuitable,
    VoteIsClosed,
)
from domain.fact import StreamName
from domain.meeting import Choice, Meeting, meeting_key, meeting_stream, unit_of
from domain.official import Official, official_stream
from domain.permissions import Act, Subject, may_sit
from domain.season import Season
from infra.log.eventstore import CommandReused
from services.case.council_meetings import conducted, conducted_by, meetings_of, must_be_free
from services.command_ids import derived
from services.season.organise import must_be_undecided, open_now, with_rulebook
from services.work import CommandResult, Work, use_case

# The council ------------------------------------------------------------------------------------------


@use_case("constitute_council", "season", "unit", "decision_no", "on", "members")
async def constitute_council(
    work: Work, season: str, unit: str, decision_no: str, on: date, members: Sequence[Member]
) -> CommandResult:
    """Set the council of a deciding unit up, by a decision. Every member is an enrolled official.

    CouncilIncomplete, CouncilTooLarge, TooManyInRole, MemberUnsuitable.
    """
    work.require(Act.CONSTITUTE_COUNCIL, Subject(decided_by=unit))
    _, rulebook = await open_now(work, season)
    rule = rulebook.council
    seated = seats(members, rule.max_members, rule.max_vice_chairs)
    for member in seated:
        await _must_suit(work, member)
    name = council_stream(season, unit)
    return await work.create(
        name, Council(id=work.id_of(name), unit=unit, decision_no=decision_no, on=on, members=seated)
    )


@use_case("replace_member", "season", "unit", "leaving", "member", "decision_no", "on")
async def replace_member(
    work: Work, season: str, unit: str, leaving: UUID, member: Member, decision_no: str, on: date | None = None
) -> CommandResult:
    """Give a member's seat to somebody else."""
    work.require(Act.CONSTITUTE_COUNCIL, Subject(decided_by=unit))
    await _must_suit(work, member)
    _, rulebook = await with_rulebook(work, season)
    limit = rulebook.council.max_vice_chairs
    return await work.change(
        Council,
        council_stream(season, unit),
        lambda one: one.replace(leaving, member, decision_no, on or work.today, limit),
    )


async def _must_suit(work: Work, member: Member) -> None:
    """Raise MemberUnsuitable for who administers or inspects the system, now or later, NotFound for a stranger."""
    official = await work.look(Official, official_stream(member.person))
    if not may_sit(one for one in official.mandates.values() if one.valid_to is None or one.valid_to >= work.today):
        raise MemberUnsuitable(member=member.person)


# The meeting ------------------------------------------------------------------------------------------


async def convene(
    work: Work, season: str, unit: str, on: date, place: str, items: Sequence[str]
) -> tuple[CommandResult, str]:
    """Call the council together on these communes' dossiers; the result and the meeting's key, "697-1".

    AlreadyOnAgenda for a dossier that waits for another meeting or consultation, UnitsUnsuitable for one of another
    council, PeriodReversed for a day before the communes sent theirs, DayOutOfRange for one years ahead.
    """
    result = await _convene(work, season, unit, on, place, items)
    (convened,) = await work.recorded(result)
    return result, convened.stream.subject


@use_case("_convene", "season", "unit", "on", "place", "items")
async def _convene(work: Work, season: str, unit: str, on: date, place: str, items: Sequence[str]) -> CommandResult:
    council = await work.find(Council, council_stream(season, unit))
    work.require(Act.CONVENE_MEETING, conducted(council, unit))
    running, _ = await open_now(work, season)
    if council is None:
        raise NotFound(kind="council", reason="council", season=season, subject=unit)
    must_decide_on(running, unit, items)
    must_not_end_early(await first_day(work, season, running, items), on, "on", "convened")
    must_be_planned_soon(on, work.today, "on")
    name = await next_meeting(work, season, unit, items)
    return await work.create(
        name,
        Meeting(
            id=work.id_of(name),
            unit=unit,
            on=on,
            place=place,
            members=tuple(council.members_on(work.today)),
            items=tuple(dict.fromkeys(items)),
        ),
    )


def must_decide_on(running: Season, unit: str, items: Sequence[str]) -> None:
    """Raise UnitsUnsuitable for a commune that takes no part in the season, or that another unit decides on."""
    for item in items:
        held = running.participants.get(item)
        if held is None or held.decided_by != unit:
            raise UnitsUnsuitable(units=(item,), field="item", reason="agenda")


async def first_day(work: Work, season: str, running: Season, items: Sequence[str]) -> date | None:
    """The first day on which the council can meet on these communes' dossiers."""
    dossiers = [await work.find(Assessment, assessment_stream(season, item)) for item in items]
    return running.council_begins(one.submitted_on if one else None for one in dossiers)


async def next_meeting(work: Work, season: str, unit: str, items: Sequence[str]) -> StreamName:
    """The stream of the council's next meeting or consultation on these dossiers, which wait for no other.

    AlreadyOnAgenda.
    """
    await must_be_free(work, season, unit, items)
    number = len(await meetings_of(work, season, unit)) + 1
    return meeting_stream(season, meeting_key(unit, number))


@use_case("record_attendance", "season", "meeting", "present")
async def record_attendance(work: Work, season: str, meeting: str, present: Collection[UUID]) -> CommandResult:
    """Record who is present; a later record replaces an earlier one."""
    await must_conduct(work, season, meeting)
    members = await members_of_today(work, season, meeting)
    return await work.change(
        Meeting, meeting_stream(season, meeting), lambda one: one.record_attendance(present, members)
    )


@use_case("take_up", "season", "meeting", "item")
async def take_up(work: Work, season: str, meeting: str, item: str) -> CommandResult:
    """Turn to a commune's dossier."""
    await must_conduct(work, season, meeting)
    return await work.change(Meeting, meeting_stream(season, meeting), lambda one: one.take_up(item))


@use_case("open_vote", "season", "meeting", "item")
async def open_vote(work: Work, season: str, meeting: str, item: str) -> CommandResult:
    """Take ballots on a commune whose appraisal is concluded, from who is a member of the council today.

    NobodyPresides without the chair or a vice-chair whom the chair authorised.

    The roll and the rulebook's quorum and majority are frozen in.
    """
    await must_conduct(work, season, meeting)
    running, rulebook = await open_now(work, season)
    running.participant(item)
    await must_be_undecided(work, season, item)
    await must_be_appraised(work, season, item)
    council = await work.look(Council, council_stream(season, unit_of(meeting)))
    members = council.members_on(work.today)
    chair = next((person for person, one in members.items() if one.role is Role.CHAIR), None)
    return await work.change(
        Meeting,
        meeting_stream(season, meeting),
        lambda one: one.open_vote(item, rulebook.council, members=members, today=work.today, chair=chair),
    )


@use_case("conclude_vote", "season", "meeting", "item", "without_missing")
async def conclude_vote(
    work: Work, season: str, meeting: str, item: str, *, without_missing: bool = False
) -> CommandResult:
    """Close the vote; with members missing only when the chair says so."""
    await must_conduct(work, season, meeting)
    return await work.change(
        Meeting,
        meeting_stream(season, meeting),
        lambda one: one.conclude_vote(item, without_missing=without_missing),
    )


@use_case("reopen_vote", "season", "meeting", "item", "reason")
async def reopen_vote(work: Work, season: str, meeting: str, item: str, reason: str) -> CommandResult:
    """Declare a concluded vote void, so that a new round can be opened; not after the decision."""
    await must_conduct(work, season, meeting)
    await must_be_undecided(work, season, item)
    return await work.change(Meeting, meeting_stream(season, meeting), lambda one: one.reopen_vote(item, reason))


@use_case("close_meeting", "season", "meeting", "on")
async def close_meeting(work: Work, season: str, meeting: str, on: date | None = None) -> CommandResult:
    """End the meeting; not while a vote is open."""
    await must_conduct(work, season, meeting)
    return await work.change(Meeting, meeting_stream(season, meeting), lambda one: one.close(on or work.today))


@use_case("issue_minutes", "season", "meeting", "sha256", "document_no")
async def issue_minutes(work: Work, season: str, meeting: str, sha256: str, document_no: str) -> CommandResult:
    """Record the minutes of a closed meeting, by the hash of the document."""
    await must_conduct(work, season, meeting)
    return await work.change(
        Meeting, meeting_stream(season, meeting), lambda one: one.issue_minutes(sha256, document_no)
    )


# Ballots ----------------------------------------------------------------------------------------------


async def cast_ballot(
    work: Work,
    season: str,
    meeting: str,
    item: str,
    choice: Choice,
    reason: str | None = None,
    round: int | None = None,
) -> CommandResult:
    """Record the acting member's ballot.

    A member has one ballot in a round: a second press, from whatever page, is answered with the first receipt,
    another choice is refused (AlreadyVoted). `round` is the one that the person saw: a page of an earlier
    round casts no ballot in a later one.
    """
    name = meeting_stream(season, meeting)
    now = _round_of(await work.look(Meeting, name), item)
    seen = now if round is None else round
    ballot = f"{item}/{seen}/{work.actor.person}"
    named = derived(f"ballot {work.id_of(name)}/{ballot}", former=uuid5(work.id_of(name), ballot))
    asked = season, meeting, item, seen, choice, (reason or "").strip() or None
    try:
        return await _cast(work.again(named), *asked)
    except (AlreadyVoted, CommandReused):
        at = await _voted_at(work, season, meeting, item, seen)
    if seen != now:
        raise VoteIsClosed(item=item)
    if at is None:  # whatever has the id of this ballot, it is not the ballot
        return await _cast(work.again(uuid4()), *asked)
    raise AlreadyVoted(member=UUID(work.actor.person), at=at)


@use_case("_cast", "season", "meeting", "item", "round", "choice", "reason")
async def _cast(
    work: Work, season: str, meeting: str, item: str, round: int, choice: Choice, reason: str | None
) -> CommandResult:
    name = meeting_stream(season, meeting)
    async with work.changing(name) as streams:  # first: all members vote on one meeting at once, and queue here
        held = streams.get(Meeting, name)
        vote = held.votes.get(item)
        asked = {*held.members, *(await members_of_today(work, season, meeting)), *(vote.roll if vote else ())}
        work.require(Act.CAST_BALLOT, Subject(members=frozenset(str(one) for one in asked)))
        await open_now(work, season)
        if vote is None or vote.round != round:
            raise VoteIsClosed(item=item)
        held.cast_ballot(item, UUID(work.actor.person), choice, reason)
        return await streams.record()


@use_case("receive_written_opinion", "season", "meeting", "item", "member", "choice", "document_no", "reason")
async def receive_written_opinion(
    work: Work,
    season: str,
    meeting: str,
    item: str,
    member: UUID,
    choice: Choice,
    document_no: str,
    reason: str | None = None,
) -> CommandResult:
    """Record an absent member's opinion on paper as a ballot, where the rulebook knows such opinions as ballots."""
    await must_conduct(work, season, meeting)
    _, rulebook = await open_now(work, season)
    if not (rulebook.council.written_opinions and rulebook.council.written_opinion_votes):
        raise OutOfOrder(step="written-opinion", state="not-in-the-rulebook")
    return await work.change(
        Meeting,
        meeting_stream(season, meeting),
        lambda one: one.receive_written_opinion(item, member, choice, document_no, reason),
    )


# ------------------------------------------------------------------------------------------------------


def _round_of(meeting: Meeting, item: str) -> int:
    """The round that is being voted on, was concluded, or comes next."""
    vote = meeting.votes.get(item)
    return vote.round if vote else meeting.rounds.get(item, 1)


async def must_be_appraised(work: Work, season: str, commune: str) -> None:
    """Raise BasisMissing while the appraisal of the commune is not concluded."""
    appraisal = await work.find(Appraisal, appraisal_stream(season, commune))
    if appraisal is None or appraisal.proposal is None:
        raise BasisMissing(missing="appraisal", commune=commune)


async def members_of_today(work: Work, season: str, meeting: str) -> Collection[UUID]:
    """Who is a member of the meeting's council today."""
    council = await work.find(Council, council_stream(season, unit_of(meeting)))
    return council.members_on(work.today) if council else ()


async def must_conduct(work: Work, season: str, meeting: str) -> None:
    """Ask whether the acting person conducts this meeting, in a season that is open."""
    work.require(Act.CONDUCT_MEETING, await conducted_by(work, season, meeting))
    await open_now(work, season)


async def _voted_at(work: Work, season: str, meeting: str, item: str, round: int) -> datetime | None:
    """When the acting member's ballot in this round was recorded; None where there is none."""
    ballot = item, round, work.actor.person
    async for page in work.store.read(work.tenant, streams=[meeting_stream(season, meeting)]):
        for recorded in page:
            fact = recorded.fact
            if not isinstance(fact, Meeting.BallotCast | Meeting.WrittenOpinionReceived):
                continue
            if (fact.item, fact.round, str(fact.member)) == ballot:
                return recorded.at
    return None
