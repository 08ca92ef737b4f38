"""What a commune does between scoring and sending, where the text of the year names it (TT 09/2021, Điều 3 khoản 1).

It posts at several places, takes opinions down that come on paper, tallies opinion sheets, meets to agree on the
result, and, where it does not meet the conditions, sends its report without asking for anything.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta

from domain.appraised import proposed_sheet
from domain.assessment import Assessment, assessment_stream
from domain.commune_steps import Attended, Channel, Display, Leader, MeetingRecord, Sender, SheetsTally
from domain.errors import IndicatorsUnassigned, OutOfOrder, PostingPlaceMissing, ReasonMissing, Refused
from domain.judging import VerdictResult, judge
from domain.measure import Outcome
from domain.permissions import Act
from domain.rulebook import CommuneSteps, Rulebook
from domain.text import COMMENT, NAME, clean
from domain.working_days import Calendar
from infra.encryption.personal_values import Covered, ValuePlace
from infra.storage.files import Received
from services.assessment.assess import Upload, posting_ends
from services.season.calendar import calendar_of
from services.season.organise import commune_of, open_dossier, open_now, with_rulebook
from services.work import CommandResult, Work, use_case

ONE_DAY = timedelta(days=1)


def steps_of(rulebook: Rulebook, step: str) -> CommuneSteps:
    """The steps that the text names. OutOfOrder where it names none."""
    if rulebook.commune_steps is None:
        raise OutOfOrder(step=step, state="not-in-the-rulebook")
    return rulebook.commune_steps


def shortest_end(rulebook: Rulebook, begins: date, calendar: Calendar) -> date:
    """The earliest last day of a posting that begins on this day: its first day counts as one on display.

    The end that is offered lies a day later, for the day of an event does not count in a term (Bộ luật Dân sự 2015,
    Điều 147). Raises CalendarUnknown.
    """
    return posting_ends(rulebook, begins - ONE_DAY, calendar)


@use_case("display_result", "season", "commune", "displays")
async def display_result(work: Work, season: str, commune: str, displays: Sequence[Display]) -> CommandResult:
    """Post the draft report and the table of points at the places that the circular names, each with its days."""
    running, rulebook = await open_dossier(work, season, commune)
    work.require(Act.POST, commune_of(running, commune))
    steps = steps_of(rulebook, "post")
    if not displays:
        raise PostingPlaceMissing(channel=Channel.OFFICE, field="office_on")
    calendar = await calendar_of(work)
    shortest = [shortest_end(rulebook, one.on, calendar) for one in displays]
    place = "; ".join(one.place for one in displays)
    return await work.change(
        Assessment,
        assessment_stream(season, commune),
        lambda one: one.display(displays, shortest, today=work.today, broadcasts=steps.broadcasts, place=place),
    )


# Opinions ---------------------------------------------------------------------------------------------


async def take_down_opinion(
    work: Work, season: str, commune: str, text: str, sender: Sender, sender_name: str, on: date
) -> CommandResult:
    """Take an opinion down that came to the commune on paper or by word of mouth while the result was posted.

    Text and name are sealed under one key, so that both are erased together. PostingClosed for another day.
    """
    running, _ = await open_now(work, season)
    work.require(Act.ANSWER_COMMENT, commune_of(running, commune))
    if not text.strip():
        raise ReasonMissing(act="comment")
    said, name = clean(text, "text", COMMENT), clean(sender_name, "sender_name", NAME)
    (await work.look(Assessment, assessment_stream(season, commune))).must_take_comments(on)
    subject = work.new_id("comment")
    covered = await work.keys.cover(work.tenant, subject, said)
    named = await work.keys.cover(work.tenant, subject, name)
    return await _take_down(work, season, commune, covered, sender, named, on)


@use_case("_take_down", "season", "commune", "text", "sender", "sender_name", "on")
async def _take_down(
    work: Work, season: str, commune: str, text: Covered, sender: Sender, sender_name: Covered, on: date
) -> CommandResult:
    running, _ = await open_now(work, season)
    work.require(Act.ANSWER_COMMENT, commune_of(running, commune))
    stream = assessment_stream(season, commune)

    def deed(dossier: Assessment) -> None:
        def place(field: str) -> ValuePlace:
            return ValuePlace(work.tenant.log, work.id_of(stream), dossier.version + 1, field)

        dossier.receive_comment(
            work.new_id("comment"), text.seal(place("text")), on, sender, sender_name.seal(place("sender_name"))
        )

    return await work.change(Assessment, stream, deed)


@use_case("tally_sheets", "season", "commune", "tally")
async def tally_sheets(work: Work, season: str, commune: str, tally: SheetsTally) -> CommandResult:
    """Record the tally of the opinion sheets on forms and models of legal education (Mẫu 04)."""
    running, rulebook = await open_dossier(work, season, commune)
    indicator = sheets_indicator(rulebook)
    work.require(Act.MEASURE, commune_of(running, commune, indicator))
    return await work.change(
        Assessment, assessment_stream(season, commune), lambda one: one.tally_sheets(indicator, tally)
    )


def sheets_indicator(rulebook: Rulebook) -> str:
    """The indicator that opinion sheets belong to. OutOfOrder where the text names none."""
    indicator = steps_of(rulebook, "tally-sheets").opinion_sheets
    if not indicator:
        raise OutOfOrder(step="tally-sheets", state="not-in-the-rulebook")
    return indicator


# The meeting, and what follows from it ----------------------------------------------------------------


async def agree_on_result(
    work: Work,
    season: str,
    commune: str,
    on: date,
    place: str,
    leader: Leader,
    attended: Sequence[Attended],
    record: Upload,
    outcome: Outcome | None = None,
    reason: str | None = None,
) -> CommandResult:
    """Record the commune's meeting that agreed on the result, with its record as a file.

    Without `outcome` what the sheet gives; another one needs a reason. Who may not, leaves no bytes behind, nor does a
    refused file.
    """
    try:
        running, rulebook = await open_dossier(work, season, commune)
        work.require(Act.AGREE_ON_RESULT, commune_of(running, commune))
        steps_of(rulebook, "agree")
    except Refused:
        if not await work.known():
            raise
    async with work.files.receiving(record.name, record.content) as received:
        return await _agree(work, season, commune, on, place, leader, attended, received, outcome, reason)


@use_case("_agree", "season", "commune", "on", "place", "leader", "attended", "received", "outcome", "reason")
async def _agree(
    work: Work,
    season: str,
    commune: str,
    on: date,
    place: str,
    leader: Leader,
    attended: Sequence[Attended],
    received: Received,
    outcome: Outcome | None = None,
    reason: str | None = None,
) -> CommandResult:
    running, rulebook = await open_dossier(work, season, commune)
    work.require(Act.AGREE_ON_RESULT, commune_of(running, commune))
    steps_of(rulebook, "agree")
    await work.require_room(received.size)
    name = assessment_stream(season, commune)
    record = MeetingRecord(received.sha256, received.name, received.size, received.media_type)
    async with work.changing(name) as streams:
        dossier = streams.get(Assessment, name)
        dossier.agree(
            on,
            place,
            leader,
            attended,
            record,
            outcome=outcome,
            computed=own_outcome(dossier, rulebook, work.calendar),
            reason=reason,
            today=work.today,
        )
        await work.files.keep(received)  # the bytes are there before a fact names them
        return await streams.record(lambda _: (received.sha256,))


def own_outcome(dossier: Assessment, rulebook: Rulebook, calendar: Calendar) -> Outcome | None:
    """Whether the commune meets the conditions by its own values; None where that cannot be said."""
    return found_by(judge(proposed_sheet(dossier, rulebook, calendar), rulebook).result)


def found_by(result: VerdictResult) -> Outcome | None:
    """What the verdict says of the conditions; None where it says nothing."""
    if result is VerdictResult.MET:
        return Outcome.MET
    return Outcome.NOT_MET if result is VerdictResult.NOT_MET else None


@use_case("report_not_meeting", "season", "commune", "document_no", "on")
async def report_not_meeting(
    work: Work, season: str, commune: str, document_no: str, on: date | None = None
) -> CommandResult:
    """Send the report and the table of a commune that does not meet the conditions (Điều 3 khoản 1 điểm e)."""
    running, rulebook = await with_rulebook(work, season)
    work.require(Act.SUBMIT, commune_of(running, commune))
    steps_of(rulebook, "report")
    if running.unassigned:
        raise IndicatorsUnassigned(indicators=running.unassigned)
    running.must_be_open()
    return await work.change(
        Assessment,
        assessment_stream(season, commune),
        lambda one: one.report(on or work.today, document_no, indicators=running.indicators),
    )
