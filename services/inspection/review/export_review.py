"""The conclusion of a review as a document that can be asked for."""

from __future__ import annotations

from collections.abc import Mapping

from domain.export import Document
from domain.fact import StreamName
from domain.permissions import Act, Subject
from domain.review import Review, commune_and_number
from domain.season import Season, season_stream
from projections.tables.exports import ExportRow
from projections.tables.units import UnitRow
from services.assessment.assess import viewed_by
from services.documents.forms import DocumentForm
from services.documents.reading import AsItStood
from services.documents.typesetting import PDF
from services.exports.kind import ExportKind, ExportRequest, ExportTask, FinishedDocument, Progress, Workshop, name_of
from services.exports.making import as_it_stood, printed_as_before
from services.i18n import Words
from services.inspection.review import review_document
from services.season.organise import commune_of
from services.work import Work


class ReviewExport(ExportKind):
    """Made from the log up to the conclusion of the review, so that it always comes out the same."""

    code = Document.REVIEW
    act = Act.EXPORT_REVIEW
    media_type = PDF
    form_field = "review"

    async def subject(self, work: Work, season: str, about: str) -> Subject:
        """The commune that is reviewed, with the members of its council. NotFound."""
        planned = await work.look(Season, season_stream(season))
        reviewed = await work.look(Review, StreamName("review", season, about))
        return await viewed_by(work, season, commune_of(planned, reviewed.commune))

    async def check(self, work: Work, asked: ExportRequest, now: int) -> int:
        """The position of the conclusion. OutOfOrder where there is none yet."""
        then = AsItStood(work.store, work.tenant, now)
        return (await review_document.concluded_at(then, asked.season, asked.about)).position

    def stored(self, asked: ExportRequest) -> Mapping[str, str | None]:
        """The review and its commune."""
        return {"review": asked.about, "commune": commune_and_number(asked.about)[0]}

    async def make(self, shop: Workshop, work: Work, task: ExportTask, progress: Progress) -> FinishedDocument:
        """The chairman's decision with the conclusion, as a PDF."""
        asked = task.asked
        await progress(0, 2)
        then = await as_it_stood(work, asked.at_position)
        rulebooks = await work.rulebooks()

        async def render(form: DocumentForm) -> str:
            paper = await review_document.read_paper(then, asked.season, asked.review or "", rulebooks, form)
            return review_document.render(paper, form)

        await progress(1, 2)
        return await printed_as_before(shop, work, task, render, f"ket-luan-xem-xet-{asked.season}-{asked.review}.pdf")

    def label(self, row: ExportRow, units: Mapping[str, UnitRow], words: Words) -> str:
        """The conclusion, by the name of the commune."""
        return words.say("Kết luận việc xem xét lại, %(name)s", name=name_of(row.commune, units))


KIND = ReviewExport()
