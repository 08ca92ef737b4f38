"""The files that a decision rests on, as an archive that can be asked for."""

from __future__ import annotations

import io
from collections.abc import Mapping

from domain.assessment import assessment_stream
from domain.errors import FileDamaged, FileMissing
from domain.export import Document, Export
from domain.permissions import Act
from infra.storage.files import MEGABYTE
from projections.tables.exports import ExportRow
from projections.tables.units import UnitRow
from services.assessment.commune_export import CommuneExport
from services.assessment.evidence_list import DecisionPlace, EvidenceList, evidence_of
from services.documents.reading import AsItStood
from services.exports.kind import ExportRequest, ExportTask, FinishedDocument, Progress, Workshop, name_of
from services.i18n import Words
from services.proof_package import evidence_zip
from services.recognition.decision_document import decided_at
from services.work import Work

#: Bytes of the files in one archive: it is made, kept and handed out in memory, and two may be made at a time. Ten
#: files of the largest size, or some hundred scans of an ordinary one.
EVIDENCE_LIMIT = 200 * MEGABYTE


class EvidenceExport(CommuneExport):
    """Made from the log up to the decision, like the proof package that names the same files."""

    code = Document.EVIDENCE
    act = Act.EXPORT_DOSSIER
    media_type = "application/zip"

    async def check(self, work: Work, asked: ExportRequest, now: int) -> int:
        """The position of the decision. OutOfOrder where there is none yet, EvidenceTooLarge."""
        decided = await decided_at(AsItStood(work.store, work.tenant, now), asked.season, asked.about)
        evidence = await evidence_at(work, asked.season, asked.about, decided.position)
        evidence.must_fit(EVIDENCE_LIMIT)
        return decided.position

    async def make(self, shop: Workshop, work: Work, task: ExportTask, progress: Progress) -> FinishedDocument:
        """The archive, whole: raises FileMissing and FileDamaged rather than leave out what the decision rests on."""
        asked = task.asked
        evidence = await self._evidence(work, asked)
        evidence.must_fit(EVIDENCE_LIMIT)
        out = io.BytesIO()
        states = await evidence_zip.write(out, evidence, work.files, progress)
        for hashed, state in evidence_zip.lacking(states).items():
            raise FileMissing(sha256=hashed) if state is evidence_zip.FileState.MISSING else FileDamaged(sha256=hashed)
        return FinishedDocument(out.getvalue(), f"minh-chung-{asked.season}-{asked.commune}.zip", self.media_type)

    async def evidence_in(self, work: Work, asked: Export.Requested) -> tuple[str, ...] | None:
        """Every indicator that rests on files."""
        return (await self._evidence(work, asked)).indicators

    async def _evidence(self, work: Work, asked: Export.Requested) -> EvidenceList:
        return await evidence_at(work, asked.season, asked.commune or "", asked.at_position)

    def label(self, row: ExportRow, units: Mapping[str, UnitRow], words: Words) -> str:
        """The evidence, by the name of the commune."""
        return words.say("Tệp minh chứng, %(name)s", name=name_of(row.commune, units))


async def evidence_at(work: Work, season: str, commune: str, position: int) -> EvidenceList:
    """The files that belong to the decision at this position."""
    then = AsItStood(work.store, work.tenant, position)
    log = await work.store.origin_at(work.tenant, position)
    facts = await then.facts(assessment_stream(season, commune))
    return evidence_of(DecisionPlace(log, season, commune, position), facts)


KIND = EvidenceExport()
