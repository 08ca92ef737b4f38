"""The opinions on a posted result and how they were taken up (Mẫu 03), as a document that can be asked for."""

from __future__ import annotations

from collections.abc import Mapping

from domain.export import Document
from domain.permissions import Act
from projections.tables.exports import ExportRow
from projections.tables.units import UnitRow
from services.assessment import commune_papers
from services.assessment.commune_export import CommuneExport
from services.documents.typesetting import PDF
from services.exports.kind import ExportTask, FinishedDocument, Progress, Workshop, name_of
from services.exports.making import as_it_stood, printed
from services.i18n import Words
from services.work import Work


class OpinionsExport(CommuneExport):
    """Made from the log as it is when it is asked for; what was erased since is not printed."""

    code = Document.COMMUNE_OPINIONS
    act = Act.VIEW_DOSSIER
    media_type = PDF

    async def make(self, shop: Workshop, work: Work, task: ExportTask, progress: Progress) -> FinishedDocument:
        """The document as a PDF."""
        asked = task.asked
        then = await as_it_stood(work, asked.at_position)
        html = await commune_papers.opinions_paper(then, work.tenant, asked.season, asked.commune or "", shop.personal)
        return await printed(shop, html, f"tong-hop-y-kien-{asked.season}-{asked.commune}.pdf")

    def label(self, row: ExportRow, units: Mapping[str, UnitRow], words: Words) -> str:
        """The document, by the name of the commune."""
        return words.say("Bản tổng hợp, tiếp thu, giải trình ý kiến, %(name)s", name=name_of(row.commune, units))


KIND = OpinionsExport()
