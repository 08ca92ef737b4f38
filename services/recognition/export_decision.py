"""The chairman's decision on a commune as a document that can be asked for."""

from __future__ import annotations

from collections.abc import Mapping

from domain.export import Document
from domain.permissions import Act, Subject
from domain.season import is_practice
from domain.vietnamese import sort_key
from infra.readmodels.reading import View
from projections.tables.councils import COUNCILS, CouncilRow
from projections.tables.exports import ExportRow
from projections.tables.standings import STANDINGS, Standing
from projections.tables.units import UNITS, UnitRow
from services.assessment.commune_export import CommuneExport
from services.documents.forms import DocumentForm
from services.documents.reading import AsItStood
from services.documents.typesetting import PDF
from services.exports.kind import (
    Asker,
    ExportChoice,
    ExportRequest,
    ExportTask,
    FinishedDocument,
    Offer,
    Progress,
    Workshop,
    name_of,
)
from services.exports.making import as_it_stood, printed_as_before
from services.i18n import Words
from services.recognition import decision_document
from services.work import Work


class DecisionExport(CommuneExport):
    """Made from the log up to the decision itself, so that it always comes out the same."""

    code = Document.DECISION
    act = Act.EXPORT_DECISION
    media_type = PDF

    async def check(self, work: Work, asked: ExportRequest, now: int) -> int:
        """The position of the decision. OutOfOrder where there is none yet."""
        then = AsItStood(work.store, work.tenant, now)
        return (await decision_document.decided_at(then, asked.season, asked.about)).position

    async def make(self, shop: Workshop, work: Work, task: ExportTask, progress: Progress) -> FinishedDocument:
        """The decision as a PDF. Raises RulebookNotAdopted, StateDiffers."""
        asked = task.asked
        await progress(0, 2)
        then = await as_it_stood(work, asked.at_position)
        rulebooks = await work.rulebooks()

        async def render(form: DocumentForm) -> str:
            paper = await decision_document.read_paper(
                then, asked.season, asked.commune or "", rulebooks, work.calendar, form
            )
            return decision_document.render(paper, form)

        await progress(1, 2)
        return await printed_as_before(shop, work, task, render, f"quyet-dinh-{asked.season}-{asked.commune}.pdf")

    def label(self, row: ExportRow, units: Mapping[str, UnitRow], words: Words) -> str:
        """The decision, by the name of the commune."""
        return words.say("Quyết định, %(name)s", name=name_of(row.commune, units))

    async def offer(self, view: View, asker: Asker) -> Offer | None:
        """The decisions that the person may have, the latest season first, practice last, communes by name."""
        units = {unit.code: unit for unit in await view.all(UNITS)}
        councils = {(row.season, row.unit): row for row in await view.all(COUNCILS)}
        decided = [row for row in await view.all(STANDINGS) if row.result is not None]
        allowed = [row for row in decided if asker.may(self.act, subject_of(row, councils))]
        if not allowed:
            return None
        allowed.sort(key=lambda row: sort_key(full_name(row, units)))
        allowed.sort(key=lambda row: (not is_practice(row.season), row.season), reverse=True)
        words = asker.words
        return Offer(
            order=2,
            title=words.say("Quyết định (PDF)"),
            explanation=words.say("Theo thể thức văn bản hành chính, để ký và ban hành."),
            button=words.say("Lập quyết định"),
            field="which",
            choices=tuple(
                ExportChoice(
                    f"{row.season}/{row.commune}",
                    words.say(
                        "%(name)s, năm %(season)s, số %(number)s",
                        name=full_name(row, units),
                        season=row.season,
                        number=row.decision_no or "",
                    ),
                )
                for row in allowed
            ),
        )


def subject_of(row: Standing, councils: Mapping[tuple[str, str], CouncilRow]) -> Subject:
    """Whom the decision is about, with the members of the council that voted on it."""
    council = councils.get((row.season, row.decided_by))
    members = council.people if council else frozenset()
    return Subject(commune=row.commune, decided_by=row.decided_by, members=members)


def full_name(row: Standing, units: Mapping[str, UnitRow]) -> str:
    """The commune's full name, its code where it is no unit of the province."""
    unit = units.get(row.commune)
    return unit.full_name if unit else row.commune


KIND = DecisionExport()
