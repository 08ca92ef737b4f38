"""Acts on the sanctions of officials that the veto conditions rest on: recorded, confirmed, set aside."""

from __future__ import annotations

from datetime import date
from uuid import UUID

from domain.assessment import Assessment, assessment_stream
from domain.errors import Refused, SanctionElsewhere, SanctionInvalid
from domain.permissions import Act
from domain.sanction import Sanction
from domain.season import Season
from services.season.organise import commune_of, must_be_undecided, open_now
from services.work import CommandResult, Work, use_case


@use_case("assessment.declare_sanction", "season", "commune", "details")
async def declare_sanction(work: Work, season: str, commune: str, details: Sanction) -> CommandResult:
    """Record that an official was disciplined or prosecuted.

    It counts for the commune and the year of the act (NĐ 112/2020/NĐ-CP, Điều 24.4), so it is written into that
    dossier, whoever records it. SanctionElsewhere when that one cannot take it: no season is open for it there.
    """
    running, _ = await open_now(work, season)
    work.require(Act.DECLARE_SANCTION, commune_of(running, commune))
    if details.decided_on > work.today:
        raise SanctionInvalid(reason="decided-in-the-future", field="decided_on")
    details.check()
    there = await _season_of(work, season, running, details)
    await must_be_undecided(work, there, details.unit)
    sanction = work.new_id("sanction")
    return await work.change(
        Assessment,
        assessment_stream(there, details.unit),
        lambda dossier: dossier.declare_sanction(sanction, details, commune),
    )


@use_case("assessment.confirm_sanction", "season", "commune", "sanction", "body", "document_no", "document_on")
async def confirm_sanction(
    work: Work, season: str, commune: str, sanction: UUID, body: str, document_no: str, document_on: date
) -> CommandResult:
    """Record the document by which a competent body confirms a sanction."""
    running, _ = await open_now(work, season)
    work.require(Act.CONFIRM_SANCTION, commune_of(running, commune))
    await must_be_undecided(work, season, commune)
    if document_on > work.today:
        raise SanctionInvalid(reason="decided-in-the-future", field="document_on")
    return await work.change(
        Assessment,
        assessment_stream(season, commune),
        lambda dossier: dossier.confirm_sanction(sanction, body, document_no, document_on),
    )


@use_case("assessment.set_sanction_aside", "season", "commune", "sanction", "reason", "basis")
async def set_sanction_aside(
    work: Work, season: str, commune: str, sanction: UUID, reason: str, basis: str
) -> CommandResult:
    """Take a sanction off the sheet that was recorded wrongly or does not stand, with the document that says so."""
    running, _ = await open_now(work, season)
    work.require(Act.CONFIRM_SANCTION, commune_of(running, commune))
    await must_be_undecided(work, season, commune)
    return await work.change(
        Assessment,
        assessment_stream(season, commune),
        lambda dossier: dossier.set_sanction_aside(sanction, reason, basis),
    )


async def _season_of(work: Work, season: str, running: Season, details: Sanction) -> str:
    """The season whose dossier the act belongs to."""
    there = season if details.act_on.year == running.year else str(details.act_on.year)
    try:
        held = running if there == season else (await open_now(work, there))[0]
        held.participant(details.unit)
    except Refused:
        raise SanctionElsewhere(unit=details.unit, year=details.act_on.year) from None
    return there
