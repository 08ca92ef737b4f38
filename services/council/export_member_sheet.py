"""The sheet for a member's answer to a consultation in writing (Mẫu 06), as a document that can be asked for."""

from __future__ import annotations

from collections.abc import Mapping

from domain.export import Document
from domain.meeting import Meeting, meeting_stream, unit_of
from domain.permissions import Act, Subject
from projections.tables.exports import ExportRow
from projections.tables.units import UnitRow
from services.case.council_meetings import conducted_by
from services.council import member_sheet
from services.council.consulting import must_be_in_writing
from services.documents.typesetting import PDF
from services.exports.kind import ExportKind, ExportRequest, ExportTask, FinishedDocument, Progress, Workshop, name_of
from services.exports.making import as_it_stood, printed
from services.i18n import Words
from services.work import Work


class MemberSheetExport(ExportKind):
    """One sheet to be filled in, for whoever conducts the consultation to hand out to members who answer on paper."""

    code = Document.MEMBER_SHEET
    act = Act.CONDUCT_MEETING
    media_type = PDF
    form_field = "meeting"

    async def subject(self, work: Work, season: str, about: str) -> Subject:
        """Who conducts the consultation. NotFound."""
        await work.look(Meeting, meeting_stream(season, about))
        return await conducted_by(work, season, about)

    async def check(self, work: Work, asked: ExportRequest, now: int) -> int:
        """The position of now. OutOfOrder for a meeting, whose members vote there."""
        await must_be_in_writing(work, asked.season, asked.about)
        return now

    def stored(self, asked: ExportRequest) -> Mapping[str, str | None]:
        """The consultation."""
        return {"meeting": asked.about}

    async def make(self, shop: Workshop, work: Work, task: ExportTask, progress: Progress) -> FinishedDocument:
        """The sheet as a PDF."""
        asked = task.asked
        then = await as_it_stood(work, asked.at_position)
        sheet = await member_sheet.read_sheet(then, asked.season, asked.meeting or "")
        return await printed(shop, member_sheet.render(sheet), f"phieu-y-kien-{asked.season}-{asked.meeting}.pdf")

    def label(self, row: ExportRow, units: Mapping[str, UnitRow], words: Words) -> str:
        """The sheet, by the unit whose council is asked."""
        return words.say(
            "Phiếu lấy ý kiến thẩm định, Hội đồng %(name)s", name=name_of(unit_of(row.meeting or ""), units)
        )


KIND = MemberSheetExport()
