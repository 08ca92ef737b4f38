"""The minutes of a council meeting as a document that can be asked for."""

from __future__ import annotations

from collections.abc import Mapping

from domain.export import Document
from domain.meeting import Meeting, meeting_stream, unit_of
from domain.permissions import Act, Subject
from projections.tables.exports import ExportRow
from projections.tables.units import UnitRow
from services.case.council_meetings import conducted_by
from services.council import minutes_document
from services.documents.forms import DocumentForm
from services.documents.reading import AsItStood
from services.documents.typesetting import PDF
from services.exports.kind import ExportKind, ExportRequest, ExportTask, FinishedDocument, Progress, Workshop
from services.exports.making import as_it_stood, printed_as_before
from services.i18n import Words
from services.work import Work


class MinutesExport(ExportKind):
    """Made from the log up to the closing of the meeting, under the number that they are to bear.

    The same of a consultation, whose synthesis takes the place of minutes: the list calls both by their number.
    """

    code = Document.MINUTES
    act = Act.CONDUCT_MEETING
    media_type = PDF
    form_field = "meeting"
    has_number = True

    async def subject(self, work: Work, season: str, about: str) -> Subject:
        """Who conducts the meeting. NotFound."""
        await work.look(Meeting, meeting_stream(season, about))
        return await conducted_by(work, season, about)

    async def check(self, work: Work, asked: ExportRequest, now: int) -> int:
        """The position of the closing. OutOfOrder while the meeting goes on."""
        then = AsItStood(work.store, work.tenant, now)
        return (await minutes_document.closed_at(then, asked.season, asked.about)).position

    def stored(self, asked: ExportRequest) -> Mapping[str, str | None]:
        """The meeting and the number."""
        return {"meeting": asked.about, "document_no": asked.document_no}

    async def make(self, shop: Workshop, work: Work, task: ExportTask, progress: Progress) -> FinishedDocument:
        """The minutes as a PDF."""
        asked = task.asked
        await progress(0, 2)
        then = await as_it_stood(work, asked.at_position)
        paper = await minutes_document.read_paper(then, asked.season, asked.meeting or "", asked.document_no or "")
        await progress(1, 2)

        async def render(form: DocumentForm) -> str:
            return minutes_document.render(paper, form)

        name = f"{'tong-hop-y-kien' if paper.answer_by else 'bien-ban'}-{asked.season}-{asked.meeting}.pdf"
        return await printed_as_before(shop, work, task, render, name)

    def label(self, row: ExportRow, units: Mapping[str, UnitRow], words: Words) -> str:
        """The document, by its number and the unit whose council met or was asked."""
        unit = units.get(unit_of(row.meeting or ""))
        name = unit.inside if unit else row.meeting
        return words.say("Văn bản số %(number)s của Hội đồng %(name)s", number=row.document_no, name=name)


KIND = MinutesExport()
