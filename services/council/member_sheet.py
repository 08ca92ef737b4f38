"""The sheet on which a member of a council answers a consultation in writing (TT 09/2021, Mẫu 06), to be filled in."""

from __future__ import annotations

from datetime import date
from typing import NamedTuple

from domain.appraisal import Appraisal, appraisal_stream
from domain.meeting import Choice, meeting_stream, unit_of
from projections.fold import fold
from projections.tables.tallies import TALLIES
from services.council.minutes_document import head
from services.documents.reading import AsItStood
from services.documents.typesetting import NUMBERS, typeset
from services.documents.wording import NamedUnit
from services.i18n import vietnamese


class SheetItem(NamedTuple):
    """One dossier that members are asked about; `proposal` is the appraiser's, in words, "" where none was there."""

    commune: NamedUnit
    proposal: str


class MemberSheet(NamedTuple):
    """Everything that the sheet says, as values; it is the same for every member."""

    unit: NamedUnit
    season: str
    on: date
    answer_by: date | None
    items: tuple[SheetItem, ...]
    log: str
    position: int
    demonstration: bool

    @property
    def year(self) -> str:
        """The season as people name it."""
        return NUMBERS.season(self.season)


async def read_sheet(then: AsItStood, season: str, meeting: str) -> MemberSheet:
    """What the sheet of this consultation says."""
    held = fold(TALLIES, await then.facts(meeting_stream(season, meeting)))[f"{season}/{meeting}"]
    return MemberSheet(
        unit=await then.place(unit_of(meeting)),
        season=season,
        on=held.on,
        answer_by=held.answer_by,
        items=tuple([await _item(then, season, code) for code in held.items]),
        log=then.tenant.log,
        position=then.position,
        demonstration=then.tenant.demonstration,
    )


async def _item(then: AsItStood, season: str, commune: str) -> SheetItem:
    appraisal = await then.find(Appraisal, appraisal_stream(season, commune))
    proposal = appraisal.proposal if appraisal else None
    return SheetItem(await then.place(commune), vietnamese().say(f"proposal.{proposal}") if proposal else "")


def render(sheet: MemberSheet) -> str:
    """The sheet as HTML for print."""
    heads = [head(vietnamese().say(f"choice.{one}")) for one in Choice]
    return typeset("member_sheet.html", sheet=sheet, heads=heads)
