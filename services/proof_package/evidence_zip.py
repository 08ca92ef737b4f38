"""`evidence.zip`, the twin of a proof package: the files that its facts name.

| file | what it is |
|---|---|
| `evidence.json` | as in the proof package, to the byte |
| `evidence/HASH.pdf` | a file by the SHA-256 of its bytes, with the ending of its type |
| `manifest.json` | of which decision it is, and of each file that is named whether it is there, or why not |

It is as of the decision, like the package. A file on which no indicator rested any more by then was taken off: pages as
of that moment do not hand it out, nor does the archive, which says so. No erasure touches a file: what can be erased is
what people said (docs/decisions/0016), and no archive has that.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from enum import StrEnum
from typing import BinaryIO
from zipfile import ZipFile

from domain.errors import FileDamaged, FileMissing
from domain.season import is_practice
from infra.ledger.canonical_json import canonical
from infra.storage import zip_archives
from infra.storage.files import Files
from services.assessment.evidence_list import DecisionPlace, EvidenceFile, EvidenceList, evidence_of
from services.proof_package.package_files import EVIDENCE
from services.proof_package.package_log import History

MANIFEST = "manifest.json"

#: Version of this form of an archive.
FORM = 1


class FileState(StrEnum):
    """Whether a file is in the archive, or why not: taken off by the decision, not in the store, not as taken in."""

    GIVEN = "given"
    WITHDRAWN = "withdrawn"
    MISSING = "missing"
    DAMAGED = "damaged"


def evidence_of_dossier(history: History) -> EvidenceList:
    """The files that belong to the decision of a proof package."""
    line = history.decision()
    stream = line.recorded.stream
    return evidence_of(DecisionPlace(line.said.log, stream.season, stream.subject, line.position), history.facts)


def manifest(evidence: EvidenceList, states: Mapping[str, FileState]) -> bytes:
    """`manifest.json`; `states` by hash."""
    document = {
        "v": FORM,
        **evidence.decided._asdict(),
        **({"practice": "yes"} if is_practice(evidence.decided.season) else {}),
        "files": [
            {"sha256": file.sha256, "file": file.entry, "state": states[file.sha256].value} for file in evidence.files
        ],
    }
    return canonical(document)


# Writing ----------------------------------------------------------------------------------------------


async def write(
    out: BinaryIO, evidence: EvidenceList, files: Files, progress: Callable[[int, int], Awaitable[None]] | None = None
) -> dict[str, FileState]:
    """Write the archive; what became of each file, by its hash. The same files give the same bytes.

    `progress` is told how many of all files are done.
    """
    states: dict[str, FileState] = {}
    with zip_archives.begin(out) as archive:
        zip_archives.add(archive, EVIDENCE, evidence.listed)
        for done, file in enumerate(evidence.files):
            if progress:
                await progress(done, len(evidence.files))
            states[file.sha256] = await _add(archive, file, files)
        zip_archives.add(archive, MANIFEST, manifest(evidence, states))
    return states


def lacking(states: Mapping[str, FileState]) -> dict[str, FileState]:
    """The files that ought to be there and are not, by hash."""
    return {hashed: state for hashed, state in states.items() if state in {FileState.MISSING, FileState.DAMAGED}}


async def _add(archive: ZipFile, file: EvidenceFile, files: Files) -> FileState:
    if not file.held:
        return FileState.WITHDRAWN
    try:
        content = await files.read(file.sha256)
    except FileMissing:
        return FileState.MISSING
    except FileDamaged:
        return FileState.DAMAGED
    await asyncio.to_thread(zip_archives.add, archive, file.entry, content)
    return FileState.GIVEN
