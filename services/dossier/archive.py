"""`evidence.zip`, the twin of a dossier: the files that its facts name.

| file | what it is |
|---|---|
| `evidence.json` | as in the dossier, to the byte |
| `evidence/HASH.pdf` | a file by the SHA-256 of its bytes, with the ending of its type |
| `manifest.json` | of which decision it is, and of each file that is named whether it is there, or why not |

It is as of the decision, like the dossier. A file on which no indicator rested any more by then was taken off: pages as
of that moment do not hand it out, nor does the archive, which says so. No erasure touches a file: what can be erased is
what people said (docs/decisions/0016), and no archive has that.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Mapping
from enum import StrEnum
from typing import BinaryIO, ClassVar, NamedTuple
from zipfile import ZipFile

from domain.errors import FileDamaged, FileMissing, Refused
from domain.fact import Recorded
from infra import archives
from infra.files import MEGABYTE, Files
from infra.leaf import canonical
from projections.fold import fold
from projections.sheets import SHEETS
from services.dossier.files import EVIDENCE
from services.dossier.history import History
from services.dossier.telling import told_evidence

MANIFEST = "manifest.json"

#: Version of this form of an archive.
FORM = 1

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


class State(StrEnum):
    """Whether a file is in the archive, or why not: taken off by the decision, not in the store, not as taken in."""

    GIVEN = "given"
    WITHDRAWN = "withdrawn"
    MISSING = "missing"
    DAMAGED = "damaged"


class Decided(NamedTuple):
    """The decision that the files belong to, by its place in a log."""

    log: str
    season: str
    commune: str
    position: int


class Paper(NamedTuple):
    """A file, as it was called when it was attached first; `held` where an indicator rested on it when decided."""

    sha256: str
    name: str
    size: int
    media_type: str
    indicator: str
    held: bool

    @property
    def entry(self) -> str:
        """What it is called in the archive."""
        return f"evidence/{self.sha256}{ENDINGS.get(self.media_type, '')}"


class Wanted(NamedTuple):
    """What an archive is to hold: each file once, by its hash, and the list of how often it was attached where.

    `indicators` are those that rest on files.
    """

    decided: Decided
    listed: bytes
    papers: tuple[Paper, ...]
    indicators: tuple[str, ...]

    @property
    def held(self) -> list[Paper]:
        """The files that the decision could rest on."""
        return [paper for paper in self.papers if paper.held]

    @property
    def size(self) -> int:
        """Bytes of these files."""
        return sum(paper.size for paper in self.held)

    def must_fit(self, limit: int = archives.LIMIT) -> None:
        """Raise EvidenceTooLarge for files of more bytes than that."""
        if self.size > limit:
            raise EvidenceTooLarge(size=-(-self.size // MEGABYTE), limit=limit // MEGABYTE)


def wanted_by(decided: Decided, facts: Iterable[Recorded]) -> Wanted:
    """What belongs to a decision, by the facts of the assessment up to it."""
    facts = list(facts)
    entries = [(code, entry) for row in fold(SHEETS, facts).values() for code, entry in row.entries.items()]
    held = {file.sha256 for _, entry in entries for file in entry.evidence}
    listed = told_evidence(facts)
    first = {one["sha256"]: one for one in reversed(listed)}
    papers = (
        Paper(one["sha256"], one["name"], one["size"], one["media_type"], one["indicator"], one["sha256"] in held)
        for one in first.values()
    )
    return Wanted(
        decided,
        canonical(listed),
        tuple(sorted(papers)),
        tuple(sorted(code for code, entry in entries if entry.evidence)),
    )


def wanted_in(history: History) -> Wanted:
    """What belongs to the decision of a dossier."""
    line = history.decision()
    stream = line.recorded.stream
    return wanted_by(Decided(line.said.log, stream.season, stream.subject, line.position), history.facts)


def manifest(wanted: Wanted, states: Mapping[str, State]) -> bytes:
    """`manifest.json`; `states` by hash."""
    document = {
        "v": FORM,
        **wanted.decided._asdict(),
        "files": [
            {"sha256": paper.sha256, "file": paper.entry, "state": states[paper.sha256].value}
            for paper in wanted.papers
        ],
    }
    return canonical(document)


# Writing ----------------------------------------------------------------------------------------------


async def write(
    out: BinaryIO, wanted: Wanted, files: Files, progress: Callable[[int, int], Awaitable[None]] | None = None
) -> dict[str, State]:
    """Write the archive; what became of each file, by its hash. The same files give the same bytes.

    `progress` is told how many of all files are done.
    """
    states: dict[str, State] = {}
    with archives.begin(out) as archive:
        archives.add(archive, EVIDENCE, wanted.listed)
        for done, paper in enumerate(wanted.papers):
            if progress:
                await progress(done, len(wanted.papers))
            states[paper.sha256] = await _add(archive, paper, files)
        archives.add(archive, MANIFEST, manifest(wanted, states))
    return states


def lacking(states: Mapping[str, State]) -> dict[str, State]:
    """The files that ought to be there and are not, by hash."""
    return {hashed: state for hashed, state in states.items() if state in {State.MISSING, State.DAMAGED}}


async def _add(archive: ZipFile, paper: Paper, files: Files) -> State:
    if not paper.held:
        return State.WITHDRAWN
    try:
        content = await files.read(paper.sha256)
    except FileMissing:
        return State.MISSING
    except FileDamaged:
        return State.DAMAGED
    await asyncio.to_thread(archives.add, archive, paper.entry, content)
    return State.GIVEN
