"""`minhchuan evidence scrub` says whether the files that facts name are still there, and still what was taken in.

Every file is hashed again from the disk. Run it now and then: what nobody opens, nobody would miss.
"""

from __future__ import annotations

import argparse
import asyncio
from collections.abc import Iterator
from typing import NamedTuple

from domain.assessment import Assessment
from domain.errors import FileDamaged, FileMissing
from domain.export import Export
from domain.meeting import Meeting
from domain.recognition import Recognition
from infra.identity.tenants import Tenant, Tenants
from infra.log.stored_facts import files_named
from infra.platform.config import Settings
from infra.platform.database import Connection
from infra.storage.files import Files
from infra.transparency.proofs import reading_log
from services.seals.trusted_policy import TrustFileUnreadable
from services.visible import shown

#: Facts that name a file of ours: it has to be here.
KEPT = (Assessment.EvidenceAttached.TOPIC, Export.Finished.TOPIC)

#: Facts that name a document by its hash, which may have been made or signed elsewhere: it is checked where it is here.
NAMED = (Meeting.MinutesIssued.TOPIC, Recognition.Signed.TOPIC)

#: Files hashed at a time.
AT_ONCE = 4


class Fault(NamedTuple):
    """A file that is not as it should be, with the position of the fact that named it first."""

    position: int
    sha256: str
    code: str


class Scrubbed(NamedTuple):
    """What was found of one province. `elsewhere` counts documents that were never kept here."""

    files: int
    bytes: int
    faults: tuple[Fault, ...]
    elsewhere: int


async def run(settings: Settings, given: argparse.Namespace) -> int:
    """Scrub the files of one province, or of all. 1 when one is missing or wrong."""
    registry = Tenants(settings.app_url)
    try:
        tenants = [one for one in await registry.all() if given.tenant in {None, one.slug}]
    finally:
        await registry.close()
    if not tenants:
        raise TrustFileUnreadable(
            f"there is no province {given.tenant}" if given.tenant else "there is no province yet"
        )
    found = []
    for tenant in tenants:
        async with reading_log(settings.app_url, tenant) as connection:
            found.append(await scrub(connection, tenant, Files(settings.files / tenant.id)))
        for line in lines_of(tenant, found[-1]):
            print(shown(line), flush=True)
    return int(any(one.faults for one in found))


async def scrub(connection: Connection, tenant: Tenant, files: Files) -> Scrubbed:
    """Hash again every file that a fact of this province names."""
    named = await files_named(connection, tenant, KEPT, NAMED)
    checked = []
    for start in range(0, len(named), AT_ONCE):
        some = [file.sha256 or "" for file in named[start : start + AT_ONCE]]
        checked += await asyncio.gather(*(asyncio.to_thread(_look, files, sha256) for sha256 in some))
    outcomes = list(zip(named, checked, strict=True))
    return Scrubbed(
        files=sum(isinstance(found, int) for found in checked),
        bytes=sum(found for found in checked if isinstance(found, int)),
        faults=tuple(
            Fault(file.position, file.sha256 or "", found)
            for file, found in outcomes
            if isinstance(found, str) and (file.kept or found != FileMissing.code)
        ),
        elsewhere=sum(found == FileMissing.code and not file.kept for file, found in outcomes),
    )


def lines_of(tenant: Tenant, found: Scrubbed) -> Iterator[str]:
    """The outcome in lines for people."""
    yield f"{tenant.slug}: {found.files:,} files, {found.bytes:,} bytes hashed again"
    for fault in found.faults:
        yield f"  position {fault.position}: {fault.sha256}: {fault.code}"
    if found.elsewhere:
        yield f"  {found.elsewhere:,} documents are named by their hash and were never kept here"
    missing = sum(fault.code == FileMissing.code for fault in found.faults)
    yield f"  FAILS: {missing:,} missing, {len(found.faults) - missing:,} wrong" if found.faults else "  ok"


def _look(files: Files, sha256: str) -> int | str:
    """How many bytes are right, or the code of what is wrong."""
    try:
        return files.check(sha256)
    except (FileMissing, FileDamaged) as fault:
        return fault.code
