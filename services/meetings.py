"""Finding a council's meetings: they are numbered one after the other, so the log itself knows them all."""

from __future__ import annotations

from typing import NamedTuple

from domain.fact import StreamName
from domain.meeting import Meeting, Vote, VoteOutcome, meeting_stream
from services.work import Work


class ConcludedVote(NamedTuple):
    """The vote that stands on a commune: the meeting, the vote, what it says."""

    meeting: StreamName
    vote: Vote
    outcome: VoteOutcome


def meeting_key(unit: str, number: int) -> str:
    """The name of a council's n-th meeting in a season: "697-1"."""
    return f"{unit}-{number}"


def unit_of(meeting: str) -> str:
    """The unit whose council meets."""
    return meeting.rpartition("-")[0]


async def meetings_of(work: Work, season: str, unit: str) -> list[tuple[StreamName, Meeting]]:
    """All meetings of the unit's council in the season, in order."""
    found: list[tuple[StreamName, Meeting]] = []
    while True:
        name = meeting_stream(season, meeting_key(unit, len(found) + 1))
        meeting = await work.find(Meeting, name)
        if meeting is None:
            return found
        found.append((name, meeting))


async def concluded_vote(work: Work, season: str, unit: str, commune: str) -> ConcludedVote | None:
    """The latest vote on the commune that was concluded and not reopened."""
    for name, meeting in reversed(await meetings_of(work, season, unit)):
        vote = meeting.votes.get(commune)
        if vote is not None and vote.outcome is not None:
            return ConcludedVote(name, vote, vote.outcome)
    return None
