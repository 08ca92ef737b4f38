"""The proof package that proves a decision without us, as a document that can be asked for."""

from __future__ import annotations

from collections.abc import Mapping

from domain.errors import VoteIsOpen
from domain.export import Document
from domain.log import LOG, Log
from domain.permissions import Act
from domain.season import Season, season_stream
from projections.tables.exports import ExportRow
from projections.tables.units import UnitRow
from services.assessment.commune_export import CommuneExport
from services.case.council_meetings import meetings_of
from services.documents.reading import AsItStood
from services.documents.typesetting import PDF
from services.exports.kind import ExportRequest, ExportTask, FinishedDocument, Progress, Workshop, name_of
from services.i18n import Words
from services.proof_package import package_on_request
from services.proof_package.package_on_request import CheckpointLookup, PolicyMissing
from services.recognition.decision_document import decided_at
from services.season.organise import commune_of
from services.work import Work


class ProofPackageExport(CommuneExport):
    """It covers the log at least as it is when it is asked for, and waits until that is sealed and cosigned."""

    code = Document.DOSSIER
    act = Act.EXPORT_DOSSIER
    media_type = PDF

    async def check(self, work: Work, asked: ExportRequest, now: int) -> int:
        """As of now. OutOfOrder where there is no decision yet, PolicyMissing, VoteIsOpen."""
        await decided_at(AsItStood(work.store, work.tenant, now), asked.season, asked.about)
        await may_be_proven(work, asked.season, asked.about)
        return now

    async def make(self, shop: Workshop, work: Work, task: ExportTask, progress: Progress) -> FinishedDocument:
        """The pages with all files attached. Raises Unsealed, PolicyMissing, NotProven."""
        sealed, asked = CheckpointLookup(shop.database, shop.seals), task.asked
        await progress(0, 2)
        await package_on_request.take_checkpoint(sealed, work, task.export)
        await progress(1, 2)
        pdf = await package_on_request.bind(sealed, work, task.export, shop.printer)
        return FinishedDocument(pdf.content, f"ho-so-doi-chung-{asked.season}-{asked.commune}.pdf", PDF, pdf.unprinted)

    def label(self, row: ExportRow, units: Mapping[str, UnitRow], words: Words) -> str:
        """The proof package, by the name of the commune."""
        return words.say("Bộ hồ sơ kiểm chứng, %(name)s", name=name_of(row.commune, units))


async def may_be_proven(work: Work, season: str, commune: str) -> None:
    """A proof package holds whatever the council did until the decision: no ballot of a vote that is open, then."""
    if (await work.look(Log, LOG)).policy is None:
        raise PolicyMissing
    unit = commune_of(await work.look(Season, season_stream(season)), commune).decided_by
    for _, meeting in await meetings_of(work, season, unit):
        for item, vote in meeting.votes.items():
            if vote.is_open:
                raise VoteIsOpen(item=item)


KIND = ProofPackageExport()
