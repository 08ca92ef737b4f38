"""The record of a commune's meeting that agreed on the result, as a document that can be asked for."""

from __future__ import annotations

from collections.abc import Mapping

from domain.export import Document
from domain.permissions import Act
from projections.tables.exports import ExportRow
from projections.tables.units import UnitRow
from services.assessment import commune_papers
from services.assessment.commune_export import CommuneExport
from services.documents.reading import AsItStood
from services.documents.typesetting import PDF
from services.exports.kind import ExportRequest, ExportTask, FinishedDocument, Progress, Workshop, name_of
from services.exports.making import as_it_stood, printed
from services.i18n import Words
from services.work import Work


class CommuneMeetingExport(CommuneExport):
    """Made from the log up to the meeting, so that it always comes out the same."""

    code = Document.COMMUNE_MEETING
    act = Act.VIEW_DOSSIER
    media_type = PDF

    async def check(self, work: Work, asked: ExportRequest, now: int) -> int:
        """The position of the meeting. OutOfOrder where the commune has not met."""
        then = AsItStood(work.store, work.tenant, now)
        return await commune_papers.agreed_at(then, asked.season, asked.about)

    async def make(self, shop: Workshop, work: Work, task: ExportTask, progress: Progress) -> FinishedDocument:
        """The document as a PDF."""
        asked = task.asked
        then = await as_it_stood(work, asked.at_position)
        html = await commune_papers.meeting_paper(then, asked.season, asked.commune or "")
        return await printed(shop, html, f"bien-ban-hop-{asked.season}-{asked.commune}.pdf")

    def label(self, row: ExportRow, units: Mapping[str, UnitRow], words: Words) -> str:
        """The document, by the name of the commune."""
        return words.say("Biên bản họp thống nhất kết quả, %(name)s", name=name_of(row.commune, units))


KIND = CommuneMeetingExport()
