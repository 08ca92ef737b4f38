"""The council is asked in writing instead of meeting (TT 09/2021 Điều 3.2b): opinions until a day, then a synthesis."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from uuid import UUID

from domain.council import Council, council_stream
from domain.days import must_be_planned_soon
from domain.errors import NotFound, OutOfOrder
from domain.meeting import Choice, Meeting, meeting_stream
from domain.permissions import Act
from services.case.council_meetings import conducted
from services.council.voting import must_be_appraised, must_conduct, must_decide_on, next_meeting
from services.season.organise import must_be_undecided, open_now
from services.work import CommandResult, Work, use_case


async def open_consultation(
    work: Work, season: str, unit: str, answer_by: date, items: Sequence[str]
) -> tuple[CommandResult, str]:
    """Ask all members about these communes' dossiers; the result and the consultation's key, numbered with meetings.

    AlreadyOnAgenda for a dossier that waits for another meeting or consultation, BasisMissing for one whose appraisal
    is not concluded, UnitsUnsuitable for one of another council, OutOfOrder where the rulebook knows no consultation,
    DayOutOfRange for a day years ahead.
    """
    result = await _open_consultation(work, season, unit, answer_by, items)
    opened, *_ = await work.recorded(result)
    return result, opened.stream.subject


@use_case("open_consultation", "season", "unit", "answer_by", "items")
async def _open_consultation(
    work: Work, season: str, unit: str, answer_by: date, items: Sequence[str]
) -> CommandResult:
    council = await work.find(Council, council_stream(season, unit))
    work.require(Act.OPEN_CONSULTATION, conducted(council, unit))
    running, rulebook = await open_now(work, season)
    if council is None:
        raise NotFound(kind="council", reason="council", season=season, subject=unit)
    if not rulebook.council.consultation:
        raise OutOfOrder(step="consultation", state="not-in-the-rulebook")
    must_decide_on(running, unit, items)
    must_be_planned_soon(answer_by, work.today, "answer_by")
    for item in items:
        await must_be_undecided(work, season, item)
        await must_be_appraised(work, season, item)
    name = await next_meeting(work, season, unit, items)
    members = council.members_on(work.today)
    asked = Meeting.consult(work.id_of(name), unit, work.today, answer_by, members, items, rulebook.council)
    return await work.create(name, asked)


@use_case("receive_paper_answer", "season", "meeting", "item", "member", "choice", "document_no", "sha256", "reason")
async def receive_paper_answer(
    work: Work,
    season: str,
    meeting: str,
    item: str,
    member: UUID,
    choice: Choice,
    document_no: str,
    sha256: str,
    reason: str | None = None,
) -> CommandResult:
    """Enter the answer that a member gave on paper (Mẫu 06), with its file. AlreadyVoted the second time."""
    await must_conduct(work, season, meeting)
    await must_be_in_writing(work, season, meeting)
    return await work.change(
        Meeting,
        meeting_stream(season, meeting),
        lambda one: one.receive_written_opinion(item, member, choice, document_no, reason, sha256),
    )


@use_case("close_consultation", "season", "meeting")
async def close_consultation(work: Work, season: str, meeting: str) -> CommandResult:
    """Close the consultation once all have answered or the day has come. ConsultationRunning before that."""
    await must_conduct(work, season, meeting)
    return await work.change(Meeting, meeting_stream(season, meeting), lambda one: one.close_consultation(work.today))


async def must_be_in_writing(work: Work, season: str, meeting: str) -> None:
    """Raise OutOfOrder for a meeting: only a consultation is answered on paper."""
    if not (await work.look(Meeting, meeting_stream(season, meeting))).is_consultation:
        raise OutOfOrder(step="paper-answer", state="sitting")
