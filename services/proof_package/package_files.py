"""The files of a proof package: their names, their limits, and how they are read from a folder or out of a PDF.

| file | what it is |
|---|---|
| `dossier.json` | what the facts say, as `telling` makes it of them |
| `leaves.ndjson` | the leaf of each fact and a line end, stream by stream |
| `payloads/HASH.json` | the payloads, each by its SHA-256 |
| `proofs/HASH.tlog-proof` | that a leaf is in the log, each by the hash of the leaf |
| `checkpoint` | what all proofs lead to |
| `previous-checkpoint`, `consistency.txt` | an earlier checkpoint, and the proof that `checkpoint` continues it |
| `evidence.json` | the files that the facts name, by SHA-256 |
| `VERIFY.txt` | how to verify it, in Vietnamese and English |
| `dossier.pdf` | for people, made of all other files, which are attached to it |
| `evidence.zip` | the files that `evidence.json` names, where they were asked for: the package's twin, no part of it |
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from infra.ledger.leaf import PAYLOAD_LIMIT
from infra.ledger.note import NOTE_LIMIT
from infra.ledger.proof import PROOF_LIMIT
from infra.ledger.text import Malformed
from infra.pdf.attachments import read_attachments
from infra.storage.folders import read_limited

DOSSIER = "dossier.json"
LEAVES = "leaves.ndjson"
CHECKPOINT = "checkpoint"
PREVIOUS = "previous-checkpoint"
CONSISTENCY = "consistency.txt"
EVIDENCE = "evidence.json"
HOW_TO = "VERIFY.txt"
PAGES = "dossier.pdf"
ARCHIVE = "evidence.zip"

#: Facts in a proof package, and bytes of all its files; and of a file that has no limit of its own.
FACTS_LIMIT = 20_000
TOTAL_LIMIT = 128 * 1_024 * 1_024
FILE_LIMIT = 32 * 1_024 * 1_024

#: Bytes of the files of which there is one each.
SINGLE = {
    DOSSIER: FILE_LIMIT,
    LEAVES: FILE_LIMIT,
    CHECKPOINT: NOTE_LIMIT,
    PREVIOUS: NOTE_LIMIT,
    CONSISTENCY: 4_096,
    EVIDENCE: FILE_LIMIT,
    HOW_TO: 64 * 1_024,
}

_MANY = (
    (re.compile(r"payloads/[0-9a-f]{64}\.json"), PAYLOAD_LIMIT),
    (re.compile(r"proofs/[0-9a-f]{64}\.tlog-proof"), PROOF_LIMIT),
)

Files = Mapping[str, bytes]


def payload_name(sha256: str) -> str:
    return f"payloads/{sha256}.json"


def proof_name(leaf: str) -> str:
    return f"proofs/{leaf}.tlog-proof"


def read_files(path: Path) -> tuple[dict[str, bytes], bytes | None]:
    """The files at a path, a folder or a PDF, and the bytes of the PDF where there is one. Raises Malformed.

    A folder with a PDF has everything twice; whether both are the same is asked where the pages are. What its archive
    is worth is asked elsewhere too.
    """
    if not path.is_dir():
        pages = read_limited(path, TOTAL_LIMIT)
        return checked(read_attachments(path, TOTAL_LIMIT).items()), pages
    files = checked(_in_folder(path))
    place = path / PAGES
    if not place.exists():
        return files, None
    return files, read_limited(place, TOTAL_LIMIT)


def checked(named: Iterable[tuple[str, bytes]]) -> dict[str, bytes]:
    """These files, when they are all those of a proof package, none else, and none is too large. Raises Malformed."""
    files: dict[str, bytes] = {}
    total = 0
    for name, content in named:
        limit = limit_of(name)
        total += len(content)
        if len(content) > limit or total > TOTAL_LIMIT or len(files) > 3 * FACTS_LIMIT:
            raise Malformed(f"{name}: {len(content)} bytes, more than a dossier may have")
        files[name] = content
    if missing := sorted(SINGLE.keys() - files.keys()):
        raise Malformed(f"{', '.join(missing)}: missing")
    return files


def limit_of(name: str) -> int:
    """How large a file of this name may be. Raises Malformed for a name that no file of a proof package has."""
    if name in SINGLE:
        return SINGLE[name]
    for pattern, limit in _MANY:
        if pattern.fullmatch(name):
            return limit
    raise Malformed(f"{name[:80]!r} is no file of a dossier")


def _in_folder(folder: Path) -> Iterator[tuple[str, bytes]]:
    for file in sorted(folder.rglob("*")):
        name = file.relative_to(folder).as_posix()
        if file.is_symlink() or not (file.is_dir() or file.is_file()):
            raise Malformed(f"{name[:80]!r} is neither file nor folder")
        if file.is_file() and name not in {PAGES, ARCHIVE}:
            yield name, read_limited(file, limit_of(name))
