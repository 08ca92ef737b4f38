"""The files that a decision rests on, as the facts of the assessment name them: each file once."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, ClassVar, NamedTuple

from domain.assessment import Assessment
from domain.errors import Refused
from domain.fact import Recorded
from infra.ledger.canonical_json import canonical
from infra.storage import zip_archives
from infra.storage.files import MEGABYTE
from projections.fold import fold
from projections.tables.sheets import SHEETS

#: What the name of a file ends in, by its type, so that people can open it.
ENDINGS = {
    "application/pdf": ".pdf",
    "application/vnd.oasis.opendocument.text": ".odt",
    "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet": ".xlsx",
    "application/vnd.openxmlformats-officedocument.wordprocessingml.document": ".docx",
    "image/jpeg": ".jpg",
    "image/png": ".png",
    "image/tiff": ".tif",
}


class EvidenceTooLarge(Refused):
    """The files have `size` megabytes in all, more than the `limit`."""

    code: ClassVar[str] = "evidence-too-large"


class DecisionPlace(NamedTuple):
    """The decision that the files belong to, by its place in a log."""

    log: str
    season: str
    commune: str
    position: int


class EvidenceFile(NamedTuple):
    """A file, as it was called when it was attached first; `held` where an indicator rested on it when decided."""

    sha256: str
    name: str
    size: int
    media_type: str
    indicator: str
    held: bool

    @property
    def entry(self) -> str:
        """What it is called in an archive."""
        return f"evidence/{self.sha256}{ENDINGS.get(self.media_type, '')}"


class EvidenceList(NamedTuple):
    """The files of a decision, each once, by its hash, and `listed`, how often each was attached where.

    `indicators` are those that rest on files.
    """

    decided: DecisionPlace
    listed: bytes
    files: tuple[EvidenceFile, ...]
    indicators: tuple[str, ...]

    @property
    def held(self) -> list[EvidenceFile]:
        """The files that the decision could rest on."""
        return [file for file in self.files if file.held]

    @property
    def size(self) -> int:
        """Bytes of these files."""
        return sum(file.size for file in self.held)

    def must_fit(self, limit: int = zip_archives.LIMIT) -> None:
        """Raise EvidenceTooLarge for files of more bytes than that."""
        if self.size > limit:
            raise EvidenceTooLarge(size=-(-self.size // MEGABYTE), limit=limit // MEGABYTE)


def evidence_of(decided: DecisionPlace, facts: Iterable[Recorded]) -> EvidenceList:
    """The files that belong to a decision, by the facts of the assessment up to it."""
    facts = list(facts)
    entries = [(code, entry) for row in fold(SHEETS, facts).values() for code, entry in row.entries.items()]
    held = {file.sha256 for _, entry in entries for file in entry.evidence}
    attached = attachments(facts)
    first = {file["sha256"]: file for file in reversed(attached)}
    files = (
        EvidenceFile(
            file["sha256"], file["name"], file["size"], file["media_type"], file["indicator"], file["sha256"] in held
        )
        for file in first.values()
    )
    return EvidenceList(
        decided,
        canonical(attached),
        tuple(sorted(files)),
        tuple(sorted(code for code, entry in entries if entry.evidence)),
    )


def attachments(facts: Iterable[Recorded]) -> list[dict[str, Any]]:
    """The files that the facts name, in the order in which they were attached, as a proof package spells them."""
    found = []
    for recorded in facts:
        fact = recorded.fact
        if isinstance(fact, Assessment.EvidenceAttached):
            found.append(
                {
                    "sha256": fact.sha256,
                    "name": fact.name,
                    "size": fact.size,
                    "media_type": fact.media_type,
                    "indicator": fact.indicator,
                    "evidence": str(fact.evidence),
                    "position": recorded.position,
                }
            )
    return found
