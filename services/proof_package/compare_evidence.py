"""Comparison of an `evidence.zip` with the proven facts of its proof package. Offline, whatever is handed in.

Each file is hashed and compared; nothing is unpacked and nothing is written. What the archive says of itself is made
again from the facts and from what is in it, and has to be equal; believed is only why a file is not there.
"""

from __future__ import annotations

from collections.abc import Mapping
from hashlib import sha256
from pathlib import Path
from typing import BinaryIO, NamedTuple

import msgspec

from infra.ledger.text import Malformed
from infra.storage.zip_archives import ByteRange, chunks, places
from services.assessment.evidence_list import EvidenceFile, EvidenceList
from services.proof_package.evidence_zip import MANIFEST, FileState, manifest
from services.proof_package.package_files import EVIDENCE, FILE_LIMIT


class Compared(NamedTuple):
    """What became of the files that the facts name: `equal` are so many, of so many bytes, others are not there.

    Each of `wrong` says which file is not the one that is named. Why one is not there the facts say (`withdrawn`), else
    the archive alone.
    """

    equal: int
    bytes: int
    absent: tuple[tuple[EvidenceFile, FileState], ...]
    wrong: tuple[str, ...]


def compare(path: Path, wanted: EvidenceList) -> Compared:
    """Hold an archive against what proven facts name. Raises Malformed where it is none of theirs."""
    if not path.is_file():
        raise Malformed(f"{path}: no file")
    try:
        with path.open("rb") as file:
            return _compared(file, wanted)
    except OSError as reason:
        raise Malformed(f"{path}: {reason.strerror}") from None
    except Malformed as reason:
        raise Malformed(f"{path.name}: {reason}") from None


def _compared(file: BinaryIO, wanted: EvidenceList) -> Compared:
    found = places(file, {EVIDENCE, MANIFEST, *(paper.entry for paper in wanted.files)})
    if _small(file, found, EVIDENCE) != wanted.listed:
        raise Malformed(f"{EVIDENCE}: not the one of the dossier")
    said = _small(file, found, MANIFEST)
    states = _states(wanted, found, said)
    if manifest(wanted, states) != said:
        raise Malformed(f"{MANIFEST}: not what the facts and the files say")
    given = [paper for paper in wanted.files if paper.entry in found]
    wrong = {paper: reason for paper in given if (reason := _wrong(file, found[paper.entry], paper))}
    return Compared(
        equal=len(given) - len(wrong),
        bytes=sum(paper.size for paper in given if paper not in wrong),
        absent=tuple((paper, states[paper.sha256]) for paper in wanted.files if paper.entry not in found),
        wrong=tuple(wrong.values()),
    )


def _small(file: BinaryIO, found: Mapping[str, ByteRange], name: str) -> bytes:
    if name not in found:
        raise Malformed(f"{name}: missing")
    if found[name].size > FILE_LIMIT:
        raise Malformed(f"{name}: {found[name].size} bytes, more than it may have")
    return b"".join(chunks(file, found[name]))


class _FileLine(msgspec.Struct, frozen=True):
    sha256: str
    state: FileState


class _StatedFiles(msgspec.Struct, frozen=True):
    """What only the archive can say: why a file is not there."""

    files: list[_FileLine]


def _states(wanted: EvidenceList, found: Mapping[str, ByteRange], said: bytes) -> dict[str, FileState]:
    """What became of each file, by its hash. Raises Malformed for what should not be there, or should."""
    try:
        stated = {one.sha256: one.state for one in msgspec.json.decode(said, type=_StatedFiles).files}
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as reason:
        raise Malformed(f"{MANIFEST}: {str(reason)[:200]}") from None
    states: dict[str, FileState] = {}
    for paper in wanted.files:
        if not paper.held and paper.entry in found:
            raise Malformed(f"{paper.entry}: taken off by the decision, and yet in it")
        state = stated.get(paper.sha256, FileState.GIVEN)
        if paper.held and paper.entry not in found and state not in {FileState.MISSING, FileState.DAMAGED}:
            raise Malformed(f"{paper.entry}: gone, and {MANIFEST} does not say why")
        states[paper.sha256] = (
            FileState.WITHDRAWN if not paper.held else FileState.GIVEN if paper.entry in found else state
        )
    return states


def _wrong(file: BinaryIO, place: ByteRange, paper: EvidenceFile) -> str:
    """Why these bytes are not the file; "" when they are. None is read that is of another size."""
    if place.size != paper.size:
        return f"{paper.entry}: {place.size} bytes, and the facts say {paper.size}"
    hashed = sha256()
    for chunk in chunks(file, place):
        hashed.update(chunk)
    return "" if hashed.hexdigest() == paper.sha256 else f"{paper.entry}: not the file of this hash"
