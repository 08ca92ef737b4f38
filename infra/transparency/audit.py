"""Is a log still what was signed? Hashes it all again and compares checkpoints, those stored and those held elsewhere.

The database is believed in nothing: rows are held against their leaves, payloads and leaves are hashed, streams must
link, positions be dense, moments rise, the roots of the tree be those that were signed, and the keys that signed them
announced. What does not fit is a finding, by position; nothing stops at the first. What nobody has signed for yet is
counted, never called verified.

A log is cut into spans of positions that several processes read at a time; what leads from one span to the next
(streams, moments) is joined afterwards.
"""

import asyncio
import multiprocessing
import os
import time
from bisect import bisect_left
from collections.abc import AsyncIterator, Iterable, Iterator, Sequence
from concurrent.futures import Executor, ProcessPoolExecutor
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import UTC, datetime, timedelta
from itertools import groupby, pairwise
from typing import NamedTuple

import asyncpg
import msgspec

from domain.log import LOG, Log
from infra.ledger.canonical_json import instant
from infra.ledger.checkpoint import Checkpoint
from infra.ledger.epoch import covers
from infra.ledger.leaf import Leaf, leaf_hash
from infra.ledger.note import Note, read_signatures
from infra.ledger.policy import Policy, PolicyVerdict
from infra.ledger.text import LARGEST, Invalid, base64
from infra.ledger.tiles import BATCH, FULL, Edge
from infra.ledger.tree import WIDTH
from infra.log.stored_rows import BadEntry, StoredRow, leaf_at, read_rows
from infra.platform.database import Connection, HasId, schema_of
from infra.transparency.announced_keys import Announcement, Signers, signers, unannounced
from infra.transparency.sealer import KeyOwner
from infra.transparency.witness_policies import PolicyEpoch, read_eras

#: Findings that are kept one by one; more are only counted.
MOST = 1_000

#: Facts that a process reads at least: fewer are not worth starting one.
SPAN = 20_000

#: What clocks may differ between the house, its sealer and its witnesses.
DRIFT = timedelta(minutes=2)

#: How far the moments of two facts in a row may fall.
FALL = timedelta(seconds=5)


class AuditFinding(NamedTuple):
    """What does not fit: at a position of the log, or 0 where it concerns a checkpoint or the log as a whole."""

    position: int
    text: str

    def __str__(self) -> str:
        return f"position {self.position}: {self.text}" if self.position else self.text


class AuditedCheckpoint(NamedTuple):
    """A stored checkpoint of so many facts. `at` is when a witness says that it was there, else the log itself.

    `verdict` is None without a policy, and where the policy names none of the keys that signed.
    """

    origin: str
    size: int
    root: bytes
    at: datetime
    verdict: PolicyVerdict | None
    signers: Signers

    @property
    def witnessed(self) -> bool:
        """As the policy asks for; never so without a policy."""
        return self.verdict is not None and self.verdict.witnessed


class Predecessor(NamedTuple):
    """A log that was closed in favour of this one, as this one names it; whether it is here to be compared."""

    origin: str
    size: int
    compared: bool


class AuditResult(NamedTuple):
    """What a verification found. `facts` is the last position of the log.

    `sealed` and `witnessed` are the last stored checkpoints whose root is the log's own; `held` are the sizes of those
    held elsewhere that it agrees with. `policy` tells whether signatures were checked at all; `former` are checkpoints
    from before the first key that the policy names, whose signatures were not.
    """

    at: datetime
    facts: int
    findings: tuple[AuditFinding, ...]
    found: int
    checkpoints: int
    sealed: AuditedCheckpoint | None
    witnessed: AuditedCheckpoint | None
    held: tuple[int, ...]
    predecessors: tuple[Predecessor, ...]
    policy: bool
    former: int
    seconds: float

    @property
    def ok(self) -> bool:
        return self.found == 0

    @property
    def covered(self) -> int:
        """Facts that a checkpoint which agrees with the log covers, stored or held elsewhere."""
        return max(self.sealed.size if self.sealed else 0, *self.held, 0)

    @property
    def beyond(self) -> int:
        """Facts above it, for which nobody has vouched yet."""
        return max(0, self.facts - self.covered)


async def verify(
    dsn: str,
    tenant: KeyOwner,
    *,
    policy: Policy | None = None,
    held: Sequence[Note] = (),
    others: Sequence[KeyOwner] = (),
    processes: int = 0,
) -> AuditResult:
    """Hash the whole log again, in so many processes (0: as many as there are processors).

    `held` are checkpoints from elsewhere; `policy` says by whom all of them must be signed, stored ones too. Without
    it, and for an earlier epoch that it does not name, the policy does that was published last in the epoch itself.
    `others` are the logs of this database: a predecessor that this one names is looked up among them.
    """
    began = time.monotonic()
    schema = schema_of(tenant)
    async with AsyncExitStack() as stack:
        connection = await stack.enter_async_context(looking(dsn))
        look = await _look(connection, schema)
        notes = Findings()
        judge = _Judge(tenant.log, policy, await _eras(connection, tenant, notes))
        count = max(1, min(processes or os.cpu_count() or 1, look.rows // SPAN))
        asked = [_Asked(dsn, schema, tenant.id, judge, *cut) for cut in _cuts(look, count)]
        if count == 1:
            spans = [await _read_span(asked[0])]
        else:
            spawning = ProcessPoolExecutor(count, multiprocessing.get_context("spawn"))
            spans = await _read_apart(stack.enter_context(spawning), asked)
        _join(spans, notes)
        sealings = [sealing for span in spans for sealing in span.sealings]
        _check_whole(look, sum(span.rows for span in spans), sealings, notes)
        counted, former = _counted(sealings, judge, notes)
        held_heads = list(_read_held(judge, held, notes))
        _check_keys([*sealings, *(one for one in held_heads if one.lost is None)], spans, judge, notes)
        roots, whole = _roots(spans, [*(one.size for one in sealings), *(one.size for one in held_heads)])
        agreed = [one for one in counted if _agrees(one, "stored", roots, whole, look.facts, notes)]
        held_agreed = [
            one.size for one in held_heads if _agrees(one, "held elsewhere", roots, whole, look.facts, notes)
        ]
        predecessors = [one async for one in _predecessors(connection, tenant, others, notes)]
        if len(agreed) < len(counted) or len(held_agreed) < len(held_heads):
            await _name_changed(connection, schema, spans, notes)
    return AuditResult(
        at=datetime.now(UTC),
        facts=look.facts,
        findings=tuple(notes.listed),
        found=notes.count,
        checkpoints=len(sealings),
        sealed=next((one for one in reversed(agreed) if one.verdict or judge.of(one.origin) is None), None),
        witnessed=next((one for one in reversed(agreed) if one.witnessed), None),
        held=tuple(sorted(held_agreed)),
        predecessors=tuple(predecessors),
        policy=judge.of(tenant.log) is not None,
        former=former,
        seconds=time.monotonic() - began,
    )


class Findings:
    """Findings in the order in which they are made, each once; beyond `MOST` they are only counted."""

    def __init__(self) -> None:
        self.count = 0
        self._kept: dict[AuditFinding, None] = {}

    def add(self, position: int, text: str) -> None:
        finding = AuditFinding(position, text)
        if finding not in self._kept:
            self.count += 1
            if len(self._kept) < MOST:
                self._kept[finding] = None

    def take(self, listed: Iterable[AuditFinding], count: int) -> None:
        """Those of a span, of which there were so many."""
        before = self.count
        for finding in listed:
            self.add(*finding)
        self.count = max(self.count, before + count)

    @property
    def listed(self) -> list[AuditFinding]:
        """By position; what concerns no position comes first."""
        return sorted(self._kept)


@asynccontextmanager
async def looking(dsn: str) -> AsyncIterator[Connection]:
    """A connection for one long look."""
    connection = await asyncpg.connect(dsn, server_settings={"TimeZone": "UTC", "jit": "off"})
    try:
        yield connection
    finally:
        await connection.close()


# The log as a whole -----------------------------------------------------------------------------------


class _LogEnds(NamedTuple):
    """The ends of a log, all at one moment: what is appended later is not looked at."""

    head: int
    first: int
    facts: int
    rows: int
    sealed: int
    halted: str


async def _look(connection: Connection, schema: str) -> _LogEnds:
    row = await connection.fetchrow(
        f"""
        SELECT coalesce((SELECT max(position) FROM {schema}.head), 0) AS head,
               coalesce(min(position), 1) AS first, coalesce(max(position), 0) AS facts, count(*) AS rows,
               coalesce((SELECT max(size) FROM {schema}.sealings), 0) AS sealed,
               coalesce((SELECT reason FROM {schema}.halts WHERE at >= coalesce(
                 (SELECT max(at) FROM {schema}.sealings), '-infinity') ORDER BY number DESC LIMIT 1), '') AS halted
        FROM {schema}.events
        """
    )
    if row is None:
        raise AssertionError("a query of one row")
    return _LogEnds(*row)


def _cuts(look: _LogEnds, count: int) -> Iterator[tuple[int, int, int, int]]:
    """Spans of positions, and of checkpoint sizes: the last takes the checkpoints of what is gone too."""
    first = min(look.first, 1) - 1
    ends = [first + (look.facts - first) * number // count for number in range(count + 1)]
    for number, (start, end) in enumerate(pairwise(ends)):
        last = number == count - 1
        yield start, end, start if number else -1, look.sealed if last and look.sealed > end else end


def _check_whole(look: _LogEnds, read: int, sealings: Sequence[AuditedCheckpoint], notes: Findings) -> None:
    if look.head != look.facts:
        notes.add(0, f"the log says that it ends at {look.head}, and its last fact is {look.facts}")
    if read != look.rows:
        notes.add(0, f"{look.rows} facts are counted, and {read} were read")
    if look.first < 1:
        notes.add(look.first, "is no position of a log")
    if look.halted:
        notes.add(0, f"the sealer has stopped: {look.halted}")
    if len({sealing.size for sealing in sealings}) < len(sealings):
        notes.add(0, "two checkpoints are stored for one size")


class _Judge(NamedTuple):
    """By whose signatures the checkpoints of each epoch go."""

    origin: str
    policy: Policy | None
    eras: list[PolicyEpoch]

    def read(self, note: Note, *, former: bool = False) -> tuple[Checkpoint, PolicyVerdict | None]:
        """What a checkpoint says and, where a policy judges it, how far it is cosigned. Raises Invalid.

        With `former` there is no verdict where the policy names none of the keys that signed.
        """
        head = Checkpoint.read(note.text)
        if not covers(self.origin, head.origin):
            raise Invalid(f"it is of another log, {head.origin}")
        policy = self.of(head.origin)
        return head, policy.judge(note) if policy and (policy.knows(note) or not former) else None

    def era(self, size: int) -> PolicyEpoch:
        """The epoch whose checkpoints are of this size."""
        return next(one for one in reversed(self.eras) if one.start <= size or one is self.eras[0])

    def lost(self, head: Checkpoint) -> PolicyEpoch | None:
        """The epoch that a checkpoint is of, if it covers more than what was left of it."""
        own = [one for one in self.eras if one.origin == head.origin]
        left = (
            own[0]
            if own
            else max((one for one in self.eras if covers(head.origin, one.origin)), key=lambda one: one.start)
        )
        return left if left.end is not None and head.size > left.end else None

    def of(self, origin: str) -> Policy | None:
        """The policy that judges the checkpoints of this epoch."""
        if self.policy and (origin == self.origin or any(key.name == origin for key in self.policy.logs)):
            return self.policy
        return next((one.policy for one in self.eras if one.origin == origin), None)


async def _eras(connection: Connection, tenant: KeyOwner, notes: Findings) -> list[PolicyEpoch]:
    """The epochs that the log tells of; a policy in it that is none counts as none, and is a finding."""
    found = []
    for era in await read_eras(connection, tenant):
        try:
            era.policy  # noqa: B018 - it raises
        except Invalid as reason:
            notes.add(0, f"the policy that was published for {era.origin}: {reason}")
            found.append(era._replace(text=None))
        else:
            found.append(era)
    return found


# A span of it, in a process of its own ----------------------------------------------------------------


class _Asked(NamedTuple):
    """What to read: positions above `after` up to `upto`, and checkpoints above `above` up to `below`."""

    dsn: str
    schema: str
    tenant: str
    judge: _Judge
    after: int
    upto: int
    above: int
    below: int


class _Point(NamedTuple):
    """A fact of a stream, as far as the next one links to it."""

    position: int
    version: int
    hash: str


class _Span(NamedTuple):
    """What was read. `hashes` are those of the leaves up to the first position that is missing."""

    after: int
    rows: int
    whole: bool
    hashes: bytes
    begun: dict[str, tuple[_Point, str | None]]
    ended: dict[str, _Point]
    first_at: str
    last_at: str
    sealings: list[AuditedCheckpoint]
    announced: list[Announcement]
    findings: list[AuditFinding]
    found: int


async def _read_apart(executor: Executor, asked: Sequence[_Asked]) -> list[_Span]:
    loop = asyncio.get_running_loop()
    return await asyncio.gather(*(loop.run_in_executor(executor, _read_in_process, one) for one in asked))


def _read_in_process(asked: _Asked) -> _Span:
    return asyncio.run(_read_span(asked))


async def _read_span(asked: _Asked) -> _Span:
    notes = Findings()
    async with looking(asked.dsn) as connection:
        sealings = await _read_sealings(connection, asked, notes)
        clock = _Clock(sealings)
        hashes: list[bytes] = []
        begun: dict[str, tuple[_Point, str | None]] = {}
        ended: dict[str, _Point] = {}
        before = await _before(connection, asked)
        rows, last, whole = 0, asked.after, True
        first_at = last_at = ""
        announced: list[Announcement] = []
        async for entries in read_rows(connection, asked.schema, asked.after, asked.upto, page=4_000):
            moments = []
            for entry in entries:
                if entry.position != last + 1:
                    whole, before = False, None
                    _gap(last, entry.position, notes)
                if whole:
                    hashes.append(entry.leaf_hash)
                last = entry.position
                said = _check_row(asked, entry, before, begun, ended, announced, notes)
                moments.append(said.at if said else instant(entry.at))
                before = said
            clock.check(entries, moments, last_at, notes)
            first_at, last_at = first_at or moments[0], moments[-1]
            rows += len(entries)
    if last < asked.upto:
        whole = False
        _gap(last, asked.upto + 1, notes)
    return _Span(
        *(asked.after, rows, whole, b"".join(hashes), begun, ended, first_at, last_at),
        [sealing for sealing in sealings if asked.above < sealing.size <= asked.below],
        announced,
        *(notes.listed, notes.count),
    )


def _gap(before: int, after: int, notes: Findings) -> None:
    if after <= before:
        notes.add(after, "is there twice")
    elif after == before + 2:
        notes.add(before + 1, "is missing")
    else:
        notes.add(before + 1, f"is missing, as are all up to {after - 1}")


async def _before(connection: Connection, asked: _Asked) -> Leaf | None:
    """What the fact before the span says; None where that cannot be read, of which its own span tells."""
    try:
        return await leaf_at(connection, asked.schema, asked.after)
    except BadEntry:
        return None


def _check_row(
    asked: _Asked,
    entry: StoredRow,
    last: Leaf | None,
    begun: dict[str, tuple[_Point, str | None]],
    ended: dict[str, _Point],
    announced: list[Announcement],
    notes: Findings,
) -> Leaf | None:
    """Hold the row against its leaf, against the one before it and the one before it in its stream; what it says."""
    said = None
    try:
        said = entry.said(asked.tenant, asked.judge.origin)
        if said.type == Log.KeyAnnounced.TOPIC:
            announced.append(Announcement.read(said.log, entry.position, entry.data))
        entry.check_course(said, last)
    except BadEntry as reason:
        notes.add(entry.position, reason.reason)
    prev = said.prev if said else None
    here = _Point(entry.position, entry.version, entry.leaf_hash.hex())
    before = ended.get(entry.stream_id)
    if before is None:
        begun[entry.stream_id] = here, prev
    else:
        _check_link(before, here, prev, notes)
    ended[entry.stream_id] = here
    return said


def _check_link(before: _Point | None, here: _Point, prev: str | None, notes: Findings) -> None:
    if prev is None:  # of a row that is wrong in itself
        return
    if before is None:
        if here.version != 1:
            notes.add(here.position, f"version {here.version} of its stream, and none stands before it")
    elif here.version != before.version + 1:
        notes.add(here.position, f"version {here.version} follows version {before.version}, at {before.position}")
    elif prev != before.hash:
        notes.add(here.position, f"does not link to the fact before it in its stream, at {before.position}")


# Checkpoints and moments ------------------------------------------------------------------------------


async def _read_sealings(connection: Connection, asked: _Asked, notes: Findings) -> list[AuditedCheckpoint]:
    """The stored checkpoints of this span that are checkpoints of this log, by size, and a neighbour on each side."""
    rows = await connection.fetch(
        f"""
        SELECT size, note, at, (SELECT coalesce(string_agg(line, '' ORDER BY witness), '')
                                FROM {asked.schema}.cosignatures WHERE cosignatures.size = sealings.size) AS lines
        FROM {asked.schema}.sealings
        WHERE size >= coalesce((SELECT max(size) FROM {asked.schema}.sealings WHERE size <= $1), $1)
          AND size <= coalesce((SELECT min(size) FROM {asked.schema}.sealings WHERE size > $2), $2)
        ORDER BY size
        """,
        asked.above,
        asked.below,
    )
    found = []
    for size, raw, at, lines in rows:
        about = notes if asked.above < size <= asked.below else Findings()  # of a neighbour its own span tells
        try:
            note = Note.read(raw)
            head, verdict = asked.judge.read(note.also(read_signatures(lines)) if lines else note, former=True)
        except Invalid as reason:
            about.add(0, f"stored checkpoint of {size}: {reason}")
            continue
        if head.size != size:
            about.add(0, f"stored checkpoint of {size}: it is one of {head.size}")
            continue
        if head.origin != (expected := asked.judge.era(size).origin):
            about.add(0, f"stored checkpoint of {size}: it is of {head.origin}, and the log of that size is {expected}")
            continue
        witnessed = verdict.at if verdict else None
        moment = at if witnessed is None else _moment(witnessed)
        found.append(AuditedCheckpoint(head.origin, size, head.root, moment, verdict, signers(size, note)))
    return found


def _moment(seconds: int) -> datetime:
    return datetime.fromtimestamp(min(seconds, 253_402_300_799), UTC)


class _Clock:
    """Holds moments against those of the checkpoints.

    A fact first covered by a checkpoint was not decided before the checkpoint before it, nor after that one.
    """

    def __init__(self, sealings: Sequence[AuditedCheckpoint]) -> None:
        self._sizes = [sealing.size for sealing in sealings]
        self._from = ["", *(instant(sealing.at - DRIFT) for sealing in sealings)]
        self._upto = [*(instant(sealing.at + DRIFT) for sealing in sealings), "~"]  # what is not sealed has no bound

    def check(self, entries: Sequence[StoredRow], moments: Sequence[str], before: str, notes: Findings) -> None:
        for entry, last, moment in zip(entries, (before, *moments), moments, strict=False):
            if moment < last and _parsed(last) - _parsed(moment) > FALL:
                notes.add(entry.position, f"falls back in time, from {last} to {moment}")
        start = 0
        while start < len(entries):
            which = bisect_left(self._sizes, entries[start].position)
            size = self._sizes[which] if which < len(self._sizes) else LARGEST
            end = bisect_left(entries, size + 1, lo=start, key=lambda entry: entry.position)
            piece = moments[start:end]
            if min(piece) < self._from[which] or max(piece) > self._upto[which]:
                self._name(entries[start:end], piece, which, notes)
            start = end

    def _name(self, entries: Sequence[StoredRow], moments: Sequence[str], which: int, notes: Findings) -> None:
        for entry, moment in zip(entries, moments, strict=True):
            if moment < self._from[which]:
                notes.add(entry.position, f"says {moment}, and an earlier checkpoint was there at {self._from[which]}")
            elif moment > self._upto[which]:
                notes.add(entry.position, f"says {moment}, and its checkpoint was there before {self._upto[which]}")


def _parsed(moment: str) -> datetime:
    return datetime.fromisoformat(moment)


class _Held(NamedTuple):
    """A checkpoint held elsewhere; `lost` is the epoch that it is of, where the log admits that it lost some of it."""

    origin: str
    size: int
    root: bytes
    signers: Signers
    lost: PolicyEpoch | None


def _read_held(judge: _Judge, held: Sequence[Note], notes: Findings) -> Iterator[_Held]:
    """The checkpoints held elsewhere that are checkpoints of this log, of whatever epoch, and who has signed them."""
    for note in held:
        try:
            head = judge.read(note)[0]
        except Invalid as reason:
            notes.add(0, f"checkpoint held elsewhere: {reason}")
        else:
            by = signers(head.size, note)
            yield _Held(head.origin, head.size, head.root, by, judge.lost(head))


# Keys -------------------------------------------------------------------------------------------------


def _counted(
    sealings: Sequence[AuditedCheckpoint], judge: _Judge, notes: Findings
) -> tuple[list[AuditedCheckpoint], int]:
    """The checkpoints of all epochs that count, and how many of them are former ones."""
    counted: list[AuditedCheckpoint] = []
    former = 0
    for origin, of_epoch in groupby(sealings, key=lambda one: one.origin):
        listed, before = _counted_of(list(of_epoch), judge.of(origin), notes)
        counted += listed
        former += before
    return counted, former


def _counted_of(
    sealings: Sequence[AuditedCheckpoint], policy: Policy | None, notes: Findings
) -> tuple[list[AuditedCheckpoint], int]:
    """The checkpoints that the policy's keys have signed, and before them the former ones, of which there are so many.

    A log that has changed its key was signed by another before: what a policy of today says nothing of is compared
    with the log all the same. But once a key of the policy has signed, every later checkpoint is signed by one.
    """
    if policy is None:
        return list(sealings), 0
    first = min((one.size for one in sealings if one.verdict), default=0)
    for one in sealings:
        if one.verdict is None and one.size >= first:
            notes.add(0, f"stored checkpoint of {one.size}: no trusted key of the log has signed it")
    former = [one for one in sealings if one.verdict is None and one.size < first]
    return [*former, *(one for one in sealings if one.verdict)], len(former)


def _check_keys(
    checkpoints: Sequence[AuditedCheckpoint | _Held], spans: Sequence[_Span], judge: _Judge, notes: Findings
) -> None:
    """In each epoch every key that signs is its first, or announced. What is lost may have announced one."""
    announced = [one for span in spans for one in span.announced]
    policies = [judge.of(origin) for origin in dict.fromkeys(one.origin for one in checkpoints)]
    known = [key for policy in policies if policy for key in policy.logs]
    for size, key in unannounced([one.signers for one in checkpoints], announced, known):
        notes.add(0, f"checkpoint of {size}: nothing announces the key {key.hex()}, which signs from there on")


# Joining spans ----------------------------------------------------------------------------------------


def _join(spans: Sequence[_Span], notes: Findings) -> None:
    """Link streams and moments across spans."""
    ended: dict[str, _Point] = {}
    last_at = ""
    for span in spans:
        notes.take(span.findings, span.found)
        for stream, (here, prev) in span.begun.items():
            _check_link(ended.get(stream), here, prev, notes)
        ended |= span.ended
        if last_at and span.first_at < last_at and _parsed(last_at) - _parsed(span.first_at) > FALL:
            notes.add(span.after + 1, f"falls back in time, from {last_at} to {span.first_at}")
        last_at = span.last_at or last_at


def _hashes(spans: Sequence[_Span]) -> Iterator[bytes]:
    """The leaf hashes of the log, in pieces, up to the first position that is missing."""
    for span in spans:
        for at in range(0, len(span.hashes), BATCH * WIDTH):
            yield span.hashes[at : at + BATCH * WIDTH]
        if not span.whole:
            return


def _roots(spans: Sequence[_Span], sizes: Iterable[int]) -> tuple[dict[int, bytes], int]:
    """The roots of the log at these sizes, and the size up to which it is whole."""
    stops = sorted(set(sizes))
    roots: dict[int, bytes] = {}
    edge = Edge()
    for piece in _hashes(spans):
        end = edge.size + len(piece) // WIDTH
        at = 0
        for stop in stops[bisect_left(stops, edge.size) : bisect_left(stops, end + 1)]:
            step = (stop - edge.size) * WIDTH
            edge, _ = edge.grow([piece[at : at + step]])
            roots[stop] = edge.root()
            at += step
        edge, _ = edge.grow([piece[at:]])
    return {0: Edge().root(), **roots}, edge.size


def _agrees(
    head: AuditedCheckpoint | _Held, where: str, roots: dict[int, bytes], whole: int, facts: int, notes: Findings
) -> bool:
    """Whether the log begins with what this checkpoint covers; if not, that is a finding."""
    what = f"checkpoint of {head.size}, {where}"
    lost = head.lost if isinstance(head, _Held) else None
    if lost is not None and lost.end is not None:
        left = lost.end
        notes.add(
            0,
            f"{what}: {head.size - left} facts that were sealed are lost, those above {left}, as the log itself says"
            f" at position {left + 1}",
        )
    elif head.size > facts:
        notes.add(0, f"{what}: the log ends at {facts}, so it has lost {head.size - facts} facts that were sealed")
    elif head.size > whole:
        notes.add(0, f"{what}: it cannot be compared, for position {whole + 1} is missing")
    elif roots[head.size] != head.root:
        notes.add(0, f"{what}: the first {head.size} facts are not those that were sealed")
    else:
        return True
    return False


async def _name_changed(connection: Connection, schema: str, spans: Sequence[_Span], notes: Findings) -> None:
    """Which facts are not those whose hashes the sealer has stored; where the tiles were changed too, nobody knows."""
    hashes = b"".join(_hashes(spans))
    rows = connection.cursor(f"SELECT number, hashes FROM {schema}.tiles WHERE level = 0 ORDER BY number")
    async with connection.transaction(readonly=True):
        async for number, stored in rows:
            start = number * FULL * WIDTH
            if hashes[start : start + len(stored)] == stored:
                continue
            for at in range(0, len(stored), WIDTH):
                ours = hashes[start + at : start + at + WIDTH]
                if ours and ours != stored[at : at + WIDTH]:
                    notes.add((start + at) // WIDTH + 1, "is not the fact whose hash was sealed here")


# Predecessors -----------------------------------------------------------------------------------------


async def _predecessors(
    connection: Connection, tenant: KeyOwner, others: Sequence[KeyOwner], notes: Findings
) -> AsyncIterator[Predecessor]:
    """The logs that this one names as its predecessors; one that is here must be closed, for this one, and the same."""
    rows = await connection.fetch(
        f"""
        SELECT position, data ->> 'predecessor_origin' AS origin, (data ->> 'predecessor_size')::bigint AS size,
               data ->> 'predecessor_root' AS root
        FROM {schema_of(tenant)}.events WHERE stream_id = $1 AND topic = $2 ORDER BY version
        """,
        LOG.id(tenant.id),
        Log.PredecessorRecorded.TOPIC,
    )
    for position, origin, size, root in rows:
        other = next((one for one in others if covers(one.log, origin)), None)
        if other is not None:
            ended = await connection.fetchrow(
                f"""
                SELECT position, topic, data ->> 'successor_origin' AS successor
                FROM {schema_of(other)}.events ORDER BY position DESC LIMIT 1
                """
            )
            if base64(await root_at(connection, other, size)) != root:
                notes.add(position, f"{origin} of {size} facts is not the log that is named as predecessor")
            elif ended is None or (ended["position"], ended["topic"]) != (size, Log.Closed.TOPIC):
                notes.add(position, f"{origin} is named as predecessor with {size} facts, and does not end there")
            elif not covers(tenant.log, ended["successor"]):
                notes.add(position, f"{origin} is named as predecessor, and was closed for {ended['successor']}")
        yield Predecessor(origin, size, other is not None)


async def root_at(connection: Connection, tenant: HasId, size: int) -> bytes:
    """The root of the first `size` leaves, hashed again; of fewer where there are no more."""
    edge, after = Edge(), 0
    page = f"FROM {schema_of(tenant)}.events WHERE position > $1 AND position <= $2 ORDER BY position LIMIT {BATCH}"
    while rows := await connection.fetch(f"SELECT position, leaf {page}", after, size):
        edge, _ = edge.grow([leaf_hash(leaf) for _, leaf in rows])
        after = rows[-1]["position"]
    return edge.root()


# What was found last ----------------------------------------------------------------------------------


class LastAudit(NamedTuple):
    """The last verification of a log, as pages show it. `findings` are the first of `found`."""

    at: datetime
    facts: int
    covered: int
    witnessed: int
    held: int
    found: int
    findings: tuple[AuditFinding, ...]

    @property
    def ok(self) -> bool:
        return self.found == 0


#: Findings that are recorded.
RECORDED = 50


async def record(dsn: str, tenant: HasId, result: AuditResult, policy_sha256: str) -> None:
    """Leave the result where pages find it. Only the verifier's login may write there, and nobody change it."""
    async with looking(dsn) as connection:
        await connection.execute(
            f"""
            INSERT INTO {schema_of(tenant)}.verifications
              (at, facts, covered, witnessed, held, found, findings, policy_sha256, seconds)
            VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
            """,
            result.at,
            result.facts,
            result.covered,
            result.witnessed.size if result.witnessed else 0,
            len(result.held),
            result.found,
            msgspec.json.encode(result.findings[:RECORDED]).decode(),
            policy_sha256,
            result.seconds,
        )


async def last_result(connection: Connection, tenant: HasId) -> LastAudit | None:
    """What was found last; None where nobody has verified this log yet."""
    row = await connection.fetchrow(
        f"""
        SELECT at, facts, covered, witnessed, held, found, findings FROM {schema_of(tenant)}.verifications
        ORDER BY number DESC LIMIT 1
        """
    )
    if row is None:
        return None
    found = dict(row)
    return LastAudit(**found | {"findings": tuple(msgspec.json.decode(row["findings"], type=list[AuditFinding]))})
