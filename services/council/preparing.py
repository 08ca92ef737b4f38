"""What goes before a council's meeting: its papers, who conducts it, what absent members wrote."""

from __future__ import annotations

from datetime import date
from uuid import UUID

from domain.council import Council, Role, council_stream
from domain.errors import NotOnTheRoll, OutOfOrder, ReasonMissing
from domain.meeting import Choice, Meeting, meeting_stream, unit_of
from domain.permissions import Act, Subject
from domain.rulebook import Rulebook
from domain.working_days import Calendar
from services.case.council_meetings import conducted
from services.council.voting import members_of_today, must_conduct
from services.season.calendar import calendar_of
from services.season.organise import open_now
from services.work import CommandResult, Work, use_case

#: The term by which papers must be sent, as rulebooks name it.
PAPERS = "council_papers"


def last_day_of_papers(rulebook: Rulebook, meeting: date, calendar: Calendar) -> date | None:
    """The last day on which the papers of a meeting are sent in time; None where the rulebook names no term.

    TT 09/2021 Điều 5.6c: at least 3 working days before the day of the meeting, which is not counted. Raises
    CalendarUnknown outside the years whose holidays are known.
    """
    term = rulebook.term(PAPERS)
    return term.ends_after(meeting, calendar) if term else None


@use_case("send_papers", "season", "meeting", "on")
async def send_papers(work: Work, season: str, meeting: str, on: date) -> CommandResult:
    """Record when the papers of a meeting were sent to its members; a later record replaces an earlier one."""
    council = await work.find(Council, council_stream(season, unit_of(meeting)))
    work.require(Act.CONVENE_MEETING, conducted(council, unit_of(meeting)))
    _, rulebook = await open_now(work, season)
    held = await work.look(Meeting, meeting_stream(season, meeting))
    due = last_day_of_papers(rulebook, held.on, await calendar_of(work))
    return await work.change(Meeting, meeting_stream(season, meeting), lambda one: one.send_papers(on, due, work.today))


@use_case("acknowledge_papers", "season", "meeting")
async def acknowledge_papers(work: Work, season: str, meeting: str) -> CommandResult:
    """The acting member confirms having the papers, from today on."""
    members = await members_of_today(work, season, meeting)
    work.require(Act.ACKNOWLEDGE_PAPERS, Subject(members=frozenset(map(str, members))))
    await open_now(work, season)
    return await work.change(
        Meeting,
        meeting_stream(season, meeting),
        lambda one: one.receive_papers(UUID(work.actor.person), work.today, members),
    )


@use_case("note_papers_received", "season", "meeting", "member", "on")
async def note_papers_received(work: Work, season: str, meeting: str, member: UUID, on: date) -> CommandResult:
    """The secretary notes since when a member has the papers, such as by a signature in the register of letters."""
    await must_conduct(work, season, meeting)
    members = await members_of_today(work, season, meeting)
    return await work.change(
        Meeting, meeting_stream(season, meeting), lambda one: one.receive_papers(member, on, members)
    )


@use_case("authorise_vice_chair", "season", "meeting", "member", "document_no", "note")
async def authorise_vice_chair(
    work: Work, season: str, meeting: str, member: UUID, document_no: str | None = None, note: str | None = None
) -> CommandResult:
    """The chair lets a vice-chair conduct this meeting, by a document or a note; the secretary records a document only.

    NotOnTheRoll for who is no vice-chair, ReasonMissing without what it rests on.
    """
    council = await work.find(Council, council_stream(season, unit_of(meeting)))
    work.require(Act.AUTHORISE_VICE_CHAIR, conducted(council, unit_of(meeting)))
    await open_now(work, season)
    if council is None or member not in council.in_role(Role.VICE_CHAIR):
        raise NotOnTheRoll(member=member)
    if not document_no and UUID(work.actor.person) not in council.in_role(Role.CHAIR):
        raise ReasonMissing(act="authorise")
    return await work.change(
        Meeting, meeting_stream(season, meeting), lambda one: one.authorise(member, document_no, note)
    )


@use_case("receive_absent_opinion", "season", "meeting", "item", "member", "choice", "document_no", "sha256", "reason")
async def receive_absent_opinion(
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
    """Record what an absent member wrote about a dossier, where that is no ballot. OpinionAlreadyThere twice."""
    await must_conduct(work, season, meeting)
    _, rulebook = await open_now(work, season)
    if not rulebook.council.written_opinions or rulebook.council.written_opinion_votes:
        raise OutOfOrder(step="absent-opinion", state="not-in-the-rulebook")
    members = await members_of_today(work, season, meeting)
    return await work.change(
        Meeting,
        meeting_stream(season, meeting),
        lambda one: one.receive_absent_opinion(item, member, choice, document_no, sha256, members, reason),
    )
