"""The meetings of a council by their numbers, and the members that it has on the day of each."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace
from datetime import date
from typing import NamedTuple
from uuid import UUID

from domain.council import Council, Member, Role, council_stream, everybody
from domain.errors import AlreadyOnAgenda
from domain.fact import Recorded, StreamName, replay
from domain.meeting import Meeting, Vote, VoteOutcome, meeting_stream, number_of, unit_of
from domain.permissions import Subject
from domain.recognition import Recognition, recognition_stream
from services.case.meeting_walk import walk_meetings
from services.work import Work


class ConcludedVote(NamedTuple):
    """The vote that stands on a commune: the meeting, the vote, what it says."""

    meeting: StreamName
    vote: Vote
    outcome: VoteOutcome


async def meetings_of(work: Work, season: str, unit: str) -> list[tuple[StreamName, Meeting]]:
    """All meetings of the unit's council in the season, in order."""

    async def read(names: Sequence[StreamName]) -> list[Meeting | None]:
        return [await work.find(Meeting, name) for name in names]

    return await walk_meetings(season, unit, read)


async def is_voted_on(work: Work, season: str, unit: str, commune: str) -> bool:
    """Whether a vote on the commune is open, or was concluded and not reopened, that no decision has used yet."""
    return any(commune in meeting.votes for _, meeting in await _not_decided_on(work, season, unit, commune))


async def must_be_free(work: Work, season: str, unit: str, communes: Collection[str]) -> None:
    """Raise AlreadyOnAgenda when one of these dossiers waits for a meeting or consultation that is not closed."""
    for name, meeting in await meetings_of(work, season, unit):
        for commune in communes:
            if commune in meeting.pending:
                raise AlreadyOnAgenda(commune=commune, number=number_of(name.subject))


async def concluded_vote(work: Work, season: str, unit: str, commune: str) -> ConcludedVote | None:
    """The latest vote on the commune that was concluded and not reopened, and that no decision has used yet."""
    for name, meeting in reversed(await _not_decided_on(work, season, unit, commune)):
        vote = meeting.votes.get(commune)
        if vote is not None and vote.outcome is not None:
            return ConcludedVote(name, vote, vote.outcome)
    return None


async def day_of_vote(work: Work, season: str, unit: str, commune: str) -> date | None:
    """When the council met, or was asked, whose vote the latest decision on the commune relied on; None for none."""
    decided = await work.find(Recognition, recognition_stream(season, commune))
    used = {one.stream for one in decided.relied_on} if decided else frozenset()
    return next((held.on for name, held in await meetings_of(work, season, unit) if work.id_of(name) in used), None)


async def _not_decided_on(work: Work, season: str, unit: str, commune: str) -> list[tuple[StreamName, Meeting]]:
    """The meetings after the one whose vote the latest decision on the commune relied on."""
    meetings = await meetings_of(work, season, unit)
    decided = await work.find(Recognition, recognition_stream(season, commune))
    used = {one.stream for one in decided.relied_on} if decided else frozenset()
    last = max((number for number, (name, _) in enumerate(meetings, start=1) if work.id_of(name) in used), default=0)
    return meetings[last:]


def members_of(called: Collection[UUID], council: Sequence[Recorded]) -> tuple[Member, ...]:
    """Those called to a meeting, in the order of the council's facts; one who left the council since comes last."""
    ever = everybody(recorded.fact for recorded in council)
    held = replay(recorded.fact for recorded in council)
    seated = list(held.members) if isinstance(held, Council) else []
    left = [person for person in ever if person not in seated]
    return tuple(ever[person] for person in (*seated, *left) if person in called)


def seated_on(council: Sequence[Recorded], day: date) -> tuple[Member, ...]:
    """The members on a day, in their order, from the council's facts."""
    held = replay(recorded.fact for recorded in council)
    return tuple(held.members_on(day).values()) if isinstance(held, Council) else ()


def conducted(council: Council | None, unit: str) -> Subject:
    """Whom the policy asks about when somebody wants to conduct a meeting of this unit's council."""
    conducting = council.conducting if council else ()
    return Subject(decided_by=unit, conducting=frozenset(str(person) for person in conducting))


async def conducted_by(work: Work, season: str, meeting: str) -> Subject:
    """The same for one meeting: its authorised vice-chairs conduct it too."""
    unit = unit_of(meeting)
    council = await work.find(Council, council_stream(season, unit))
    held = await work.find(Meeting, meeting_stream(season, meeting))
    authorised = council.in_role(Role.VICE_CHAIR) & held.authorised if council and held else frozenset[UUID]()
    subject = conducted(council, unit)
    return replace(subject, conducting=subject.conducting | {str(person) for person in authorised})
