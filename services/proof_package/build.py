"""`minhchuan dossier export`: takes one recognition out of a log, whole, proven, and bound as a PDF.

What is written has been verified first, by the very code that verifies proof packages anywhere.
"""

from __future__ import annotations

import argparse
from collections.abc import AsyncIterator, Iterable, Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

import msgspec

from domain.adoption import adoption_stream
from domain.appraisal import appraisal_stream
from domain.assessment import Assessment, assessment_stream
from domain.council import council_stream
from domain.errors import Refused
from domain.fact import StreamName
from domain.meeting import Meeting
from domain.official import official_stream
from domain.recognition import Decision, Recognition, Result, recognition_stream
from domain.rulebook_text import rulebook_text_stream
from domain.season import season_stream
from domain.unit import Unit, unit_stream
from infra.identity.tenants import Tenant
from infra.ledger.canonical_json import canonical, instant
from infra.ledger.note import Note
from infra.ledger.text import Invalid
from infra.log.stored_facts import facts_of_stream, first_with_result, log_size
from infra.pdf.printer import Printer
from infra.platform.config import Settings
from infra.platform.database import Connection, Database
from infra.reference.rulebooks import load_calendar, load_rulebooks
from infra.storage.access_log import Access
from infra.storage.files import Files
from infra.storage.folders import whole_folder, write_into
from infra.transparency.proofs import (
    LogAltered,
    StoredCheckpoint,
    check_whole,
    judged,
    last_two,
    lines_of,
    prove,
    prove_consistency,
    reading_log,
    tiles_for,
)
from services.assessment.evidence_list import EvidenceList, EvidenceTooLarge, attachments
from services.case.meeting_walk import walk_meetings
from services.privacy.accesses import TAKEN, Accesses
from services.proof_package.content import Circumstances, actors, how_to, tell
from services.proof_package.evidence_zip import MANIFEST, FileState, evidence_of_dossier, lacking
from services.proof_package.evidence_zip import write as write_archive
from services.proof_package.package_files import (
    ARCHIVE,
    CHECKPOINT,
    CONSISTENCY,
    DOSSIER,
    EVIDENCE,
    HOW_TO,
    LEAVES,
    PAGES,
    PREVIOUS,
    payload_name,
    proof_name,
)
from services.proof_package.package_log import History, LoggedFact, line_of
from services.proof_package.pages import ASSETS, Prints, bound, printer
from services.proof_package.verify import Law, judge_files
from services.seals.published_trust import province, trust_of
from services.seals.trusted_policy import Trust, TrustFileUnreadable, read_checkpoint
from services.visible import shown
from services.work import SYSTEM


class Which(NamedTuple):
    """The recognition of a commune in a season."""

    season: str
    commune: str


class Heads(NamedTuple):
    """A checkpoint that proofs lead to, an earlier one that it continues, and how many facts stand above it."""

    head: StoredCheckpoint
    previous: StoredCheckpoint
    beyond: int


class PackageContents(NamedTuple):
    """The files of a proof package, what they stand under, and the evidence that its facts name."""

    files: dict[str, bytes]
    head: StoredCheckpoint
    beyond: int
    wanted: EvidenceList


async def run(settings: Settings, given: argparse.Namespace) -> int:
    """Write the proof package of one recognition, and say what it is."""
    if bool(given.commune) != bool(given.season):
        raise TrustFileUnreadable("a recognition is named by its commune and its season, both")
    tenant = await province(settings, given.tenant)
    held = read_checkpoint(given.checkpoint) if given.checkpoint else None
    law = Law(load_rulebooks(), load_calendar())
    try:
        async with reading_log(settings.app_url, tenant) as connection:
            trust = await trust_of(settings, connection, tenant, given.policy)
            which = Which(given.season, given.commune) if given.commune else await first_decided(connection, tenant)
            made = await gather(connection, tenant, which, trust, law, held=held)
        if given.with_evidence:
            made.wanted.must_fit()
        async with Printer(ASSETS) as prints:
            evidence = EvidenceSource(made.wanted, Files(settings.files / tenant.id)) if given.with_evidence else None
            states = await write(made.files, prints, given.out, evidence)
    except EvidenceTooLarge as large:
        size, limit = large.details["size"], large.details["limit"]
        raise TrustFileUnreadable(
            f"{size} MB of evidence, and an archive has {limit} at most: leave out --with-evidence"
        ) from None
    except (Invalid, Refused) as reason:
        raise TrustFileUnreadable(str(reason)) from None
    print(shown(f"{given.out}: {tenant.log}, season {which.season}, commune {which.commune}"))
    print(shown(f"as of checkpoint {made.head.size} at {instant(made.head.at)}, {made.head.verdict}"))
    if not made.head.verdict.accepted:
        print("NOT cosigned as the policy asks: by this policy nothing of it holds yet")
    print(shown(f"above it {made.beyond:,} facts, for which nobody has vouched yet; written as PDF/A-3, not validated"))
    if given.with_evidence:
        await _note_taken(settings, tenant, made.wanted)
        for line in lines(made.wanted, states):
            print(shown(line))
    return int(bool(lacking(states)))


class EvidenceSource(NamedTuple):
    """The evidence that is wanted, and where it lies."""

    wanted: EvidenceList
    files: Files


async def write(
    files: Mapping[str, bytes], prints: Prints, out: Path, evidence: EvidenceSource | None = None
) -> dict[str, FileState]:
    """Write the folder: the files, the PDF that has them all attached, and the archive of the evidence if it is wanted.

    What became of each file of evidence, by its hash. Raises Occupied, PrintingFailed.
    """
    with whole_folder(out) as folder:
        for name, content in files.items():
            write_into(folder, name, content)
        write_into(folder, PAGES, (await bound(files, prints)).content)
        if evidence is None:
            return {}
        with (folder / ARCHIVE).open("xb") as archive:
            return await write_archive(archive, evidence.wanted, evidence.files)


def lines(wanted: EvidenceList, states: Mapping[str, FileState]) -> Iterator[str]:
    """The evidence that was written, in lines for people, and each file that was not."""
    given = [paper for paper in wanted.files if states[paper.sha256] is FileState.GIVEN]
    yield f"{ARCHIVE}: {len(given):,} files, {sum(paper.size for paper in given):,} bytes"
    for paper in wanted.files:
        if states[paper.sha256] is not FileState.GIVEN:
            yield f"  {states[paper.sha256].value}: {paper.sha256} {paper.name}"
    if gone := len(lacking(states)):
        yield f"  FAILS: {gone:,} files that the decision rests on could not be read; {MANIFEST} in it says which"


async def _note_taken(settings: Settings, tenant: Tenant, wanted: EvidenceList) -> None:
    """Who looks who opened evidence finds that the operator took all of it."""
    database = await Database.open(settings.app_url)
    try:
        access = Access(SYSTEM.person, "", "", TAKEN, wanted.decided.season, wanted.decided.commune, ARCHIVE, "")
        await Accesses(database).note(tenant, access, *(f"c:{code}" for code in wanted.indicators))
    finally:
        await database.close()


async def first_decided(connection: Connection, tenant: Tenant) -> Which:
    """The first recognition, else the first decision not to recognise. Raises Invalid where there is neither."""
    decided = await first_with_result(connection, tenant, Recognition.Decided.TOPIC, Result.RECOGNISED.value)
    if decided is None:
        raise Invalid(f"{tenant.log}: nothing has been decided yet")
    return Which(*decided)


async def gather(
    connection: Connection, tenant: Tenant, which: Which, trust: Trust, law: Law, *, held: Note | None = None
) -> PackageContents:
    """All files but the PDF, under the last checkpoint, verified. `held` is another that they are to continue.

    Raises Invalid (NotSealed, Changed, Incomplete and others), and Refused like the decision document.
    """
    head, previous = await last_two(connection, tenant, trust.policy)
    if held is not None:
        previous = judged(held, tenant, trust.policy, head.at)
    beyond = await log_size(connection, tenant) - head.size
    return await gather_under(connection, tenant, which, trust, law, Heads(head, previous, beyond))


async def gather_under(
    connection: Connection, tenant: Tenant, which: Which, trust: Trust, law: Law, heads: Heads
) -> PackageContents:
    """The same under given checkpoints: what is gathered follows from them and the log alone."""
    head, previous, beyond = heads
    await check_whole(connection, tenant, head.size)
    history = History(tenant.id, [line async for line in _lines(connection, tenant, which, head.size)])
    indexes = [line.position - 1 for line in history.lines]
    tiles = await tiles_for(connection, tenant, indexes, head.size, min(previous.size, head.size))
    between = prove_consistency(previous.checkpoint, head.checkpoint, tiles)
    circumstances = Circumstances(
        tenant=tenant.id,
        province=tenant.name,
        demonstration="yes" if tenant.demonstration else "no",
        sealed_at=instant(head.at),
        beyond=beyond,
        policy_sha256=trust.sha256,
        cosigned=tuple(sorted(one.witness for one in head.verdict.cosigned)),
        witnesses=head.verdict.witnesses,
        quorum=head.verdict.quorum,
        printer=printer(),
    )
    files = {
        DOSSIER: await tell(history, head.checkpoint, circumstances, law.rulebooks, law.calendar),
        LEAVES: b"".join(line.leaf + b"\n" for line in history.lines),
        CHECKPOINT: bytes(head.note),
        PREVIOUS: bytes(previous.note),
        CONSISTENCY: lines_of(between),
        EVIDENCE: canonical(attachments(history.facts)),
        HOW_TO: how_to(head.checkpoint, history.decision().hash, trust.sha256),
        **{payload_name(line.said.payload_sha256): line.payload for line in history.lines},
    }
    for line in history.lines:
        proof = prove(line.position - 1, line.leaf, head, tiles, trust.policy)
        files[proof_name(line.hash)] = bytes(proof)
    if head.verdict.accepted:
        found = await judge_files(files, None, trust, law)
        if not found.holds:
            raise LogAltered(f"{tenant.log}: the dossier that was made does not hold: {found.reason}")
    return PackageContents(files, head, beyond, evidence_of_dossier(history))


# Which facts ------------------------------------------------------------------------------------------


async def _lines(connection: Connection, tenant: Tenant, which: Which, size: int) -> AsyncIterator[LoggedFact]:
    """The streams that a decision rests on up to it, and the decision's own up to the checkpoint; stream by stream."""
    name = recognition_stream(*which)
    own = [line async for line in _read(connection, tenant, [name], size)]
    decisions = [line for line in own if isinstance(line.recorded.fact, Decision)]
    if not decisions:
        raise Invalid(
            f"{tenant.log}: nothing was decided on {which.commune} in {which.season}, or it is not sealed yet"
        )
    decision = decisions[-1]
    decided = decision.recorded.fact
    assert isinstance(decided, Decision)  # noqa: S101 - chosen by its type
    lines = [*own]
    dossier = assessment_stream(*which)
    first = [season_stream(which.season), dossier, appraisal_stream(*which), adoption_stream(decided.rulebook)]
    lines += [line async for line in _read(connection, tenant, first, decision.position)]
    kept = [rulebook_text_stream(sha256) for sha256 in _texts(lines)]
    lines += [line async for line in _read(connection, tenant, kept, decision.position)]
    deciding = next(
        (line.recorded.fact.decided_by for line in lines if isinstance(line.recorded.fact, Assessment.Opened)), ""
    )
    council = [line async for line in _council(connection, tenant, which.season, deciding, decision.position)]
    named = [which.commune, deciding, *_discussed(council)]
    lines += [line async for line in _units(connection, tenant, named, decision.position)]
    lines += council
    lines += [line async for line in _officials(connection, tenant, lines, size)]
    for line in lines:
        yield line


def _texts(lines: Iterable[LoggedFact]) -> dict[str, None]:
    """The hashes of the texts that these facts name, each once; of those that ship there is no stream."""
    named = (getattr(line.recorded.fact, "rulebook_sha256", None) for line in lines)
    return dict.fromkeys(sha256 for sha256 in named if sha256)


async def _units(connection: Connection, tenant: Tenant, codes: Iterable[str], upto: int) -> AsyncIterator[LoggedFact]:
    """These units and those above them."""
    seen: set[str] = set()
    waiting = [code for code in codes if code]
    while waiting:
        code = waiting.pop(0)
        if code in seen:
            continue
        seen.add(code)
        async for line in _read(connection, tenant, [unit_stream(code)], upto):
            if isinstance(line.recorded.fact, Unit.Registered) and line.recorded.fact.parent:
                waiting.append(line.recorded.fact.parent)
            yield line


async def _council(
    connection: Connection, tenant: Tenant, season: str, unit: str, upto: int
) -> AsyncIterator[LoggedFact]:
    """The council and all its meetings: which vote is the last on a commune, only all of them can tell."""
    async for line in _read(connection, tenant, [council_stream(season, unit)], upto):
        yield line

    async def read(names: Iterable[StreamName]) -> list[list[LoggedFact]]:
        return [[line async for line in _read(connection, tenant, [name], upto)] for name in names]

    for _, meeting in await walk_meetings(season, unit, read):
        for line in meeting:
            yield line


def _discussed(council: Iterable[LoggedFact]) -> Iterator[str]:
    """The communes on the agendas of a council: without their names nobody could say what it did."""
    for line in council:
        if isinstance(line.recorded.fact, Meeting.Convened | Meeting.ConsultationOpened):
            yield from line.recorded.fact.items


async def _officials(
    connection: Connection, tenant: Tenant, lines: Iterable[LoggedFact], upto: int
) -> AsyncIterator[LoggedFact]:
    """Everybody who acted, and who acted in giving them their mandates, and so on."""
    seen: set[StreamName] = set()
    waiting = [official_stream(person) for person in actors(History(tenant.id, lines))]
    while waiting:
        fresh = [name for name in dict.fromkeys(waiting) if name not in seen]
        seen.update(fresh)
        found = [line async for line in _read(connection, tenant, fresh, upto)]
        for line in found:
            yield line
        waiting = [official_stream(person) for person in actors(History(tenant.id, found))] if found else []


async def _read(
    connection: Connection, tenant: Tenant, names: Iterable[StreamName], upto: int
) -> AsyncIterator[LoggedFact]:
    """The facts of these streams up to a position, stream by stream."""
    for name in names:
        for position, leaf, data in await facts_of_stream(connection, tenant, name, upto):
            try:
                yield line_of(position, name, leaf, canonical(msgspec.json.decode(data)))
            except (ValueError, LookupError) as reason:
                raise LogAltered(f"position {position}: {reason}") from None
