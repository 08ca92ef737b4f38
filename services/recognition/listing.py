"""The list of communes that do not meet the standard: the chairman puts those on it that reported so (Mẫu 08)."""

from __future__ import annotations

from datetime import date

from domain.assessment import Assessment, assessment_stream
from domain.permissions import Act
from services.season.organise import commune_of, open_now
from services.work import CommandResult, Work, use_case


@use_case("list_not_meeting", "season", "commune", "decision_no", "on")
async def list_not_meeting(
    work: Work, season: str, commune: str, decision_no: str, on: date | None = None
) -> CommandResult:
    """List a commune as not meeting the standard, with the decision that the list belongs to.

    No council votes on it and nothing is refused to it: it asked for nothing. OutOfOrder unless it reported so.
    """
    running, _ = await open_now(work, season)
    work.require(Act.LIST_COMMUNE, commune_of(running, commune))
    return await work.change(
        Assessment,
        assessment_stream(season, commune),
        lambda one: one.put_on_list(on or work.today, decision_no),
    )
