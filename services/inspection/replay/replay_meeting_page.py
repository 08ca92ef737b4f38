"""A council's meeting played back: who was there, each vote as it stood, and what is otherwise now and why.

What the members could not see then is not shown then either: while a vote is open the page says who has voted, not how.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from types import MappingProxyType
from typing import Any, NamedTuple

from domain.fact import Recorded
from domain.meeting import Choice, Meeting, VoteOutcome
from projections.analysis.trail import entries
from projections.fold import fold
from projections.tables.tallies import TALLIES, MeetingRow, Tally
from services.council.meeting_view import Sitting, ballots_of, open_sitting, seats
from services.inspection.replay.steps_view import asked, reel_of, replay_writer_of
from services.web import urls
from services.web.handlers import page
from services.web.visit import PageResponse, Visit

#: What a time line marks.
STONES = {
    "meeting.convened",
    "meeting.consultation-opened",
    "meeting.papers-sent",
    "meeting.vice-chair-authorised",
    "meeting.attendance-recorded",
    "meeting.vote-opened",
    "meeting.vote-concluded",
    "meeting.vote-reopened",
    "meeting.closed",
    "meeting.minutes-issued",
}


class Stand(NamedTuple):
    """How an item stands: its round, ballots cast of those on the roll; once it is closed the count and the outcome."""

    round: int
    cast: int
    roll: int
    counts: Mapping[Choice, int] = MappingProxyType({})
    outcome: VoteOutcome | None = None


class MeetingChange(NamedTuple):
    """One thing then and now: an item of the agenda, by its commune, or the meeting itself (item "").

    `cause` is the last fact since that bears on it.
    """

    matter: str
    item: str
    then: Any
    now: Any
    cause: int | None


@page(urls.REPLAY_MEETING)
async def show(visit: Visit, season: str, meeting: str) -> PageResponse:
    """The replay up to the visit's moment; `?den=` the position that is looked at, else the last fact."""
    sitting = await open_sitting(visit, season, meeting)
    facts = [one for one in sitting.facts if one.stream.kind == "meeting"]
    teller = await replay_writer_of(visit, facts, sitting.everybody, facts, sitting.rulebook)
    at = asked(visit, [one.position for one in facts])
    names = {code: unit.bare_name for code, unit in sitting.items.items()}
    reel = reel_of([teller.tell(entry) for entry in entries(facts)], at, STONES, names)
    then = sitting._replace(meeting=fold(TALLIES, facts[: at + 1])[f"{season}/{meeting}"])
    item = reel.here.entry.args.get("item") or then.meeting.current
    return await visit.page(
        "replay/meeting.html",
        season=season,
        reel=reel,
        to=lambda position: visit.url.replay_meeting(season, meeting, den=position),
        differences=changed(then.meeting, sitting.meeting, facts[at + 1 :]),
        position=sitting.position,
        **seen(then, item),
    )


def seen(sitting: Sitting, item: str | None) -> dict[str, Any]:
    """What the meeting's own page showed of the item."""
    meeting = sitting.meeting
    ballots = ballots_of(sitting, item) if item else None
    papers = ballots.papers if ballots else ()
    present = sum(paper.present for paper in papers) if ballots else len(sitting.present)
    rule = ballots.tally.rule if ballots else sitting.rule
    voted = sum(paper.voted for paper in papers)
    return {
        "sitting": sitting,
        "meeting": meeting,
        "item": item,
        "ballots": ballots,
        "rule": rule,
        "seats": seats(rule, present, voted),
    }


def changed(then: MeetingRow, now: MeetingRow, later: Sequence[Recorded]) -> list[MeetingChange]:
    """What is otherwise now: who is present, each item in the order of the agenda, the end, the minutes."""
    found = [
        MeetingChange("present", "", len(then.present), len(now.present), last(later, Meeting.AttendanceRecorded)),
        *(
            MeetingChange("vote", item, stand(then.votes.get(item)), stand(now.votes.get(item)), about(later, item))
            for item in now.items
        ),
        MeetingChange("closed", "", then.closed_on, now.closed_on, last(later, Meeting.Closed)),
        MeetingChange("minutes", "", then.minutes_no, now.minutes_no, last(later, Meeting.MinutesIssued)),
    ]
    return [one for one in found if one.then != one.now]


def stand(tally: Tally | None) -> Stand | None:
    """How an item stands; None before its vote was opened. How people voted is in it only after the vote was closed."""
    if tally is None:
        return None
    so_far = Stand(tally.round, len(tally.ballots), len(tally.roll))
    if tally.is_open:
        return so_far
    return so_far._replace(counts=tally.counts, outcome=tally.outcome)


def last(facts: Iterable[Recorded], kind: type) -> int | None:
    """The position of the last fact of this kind."""
    return max((one.position for one in facts if isinstance(one.fact, kind)), default=None)


def about(facts: Iterable[Recorded], item: str) -> int | None:
    """The position of the last fact about this item's vote."""
    votes = (one for one in facts if not isinstance(one.fact, Meeting.ItemTakenUp))
    return max((one.position for one in votes if getattr(one.fact, "item", None) == item), default=None)


ROUTES = [show]
