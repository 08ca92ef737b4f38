"""The rows of a log read and checked in spans, each in a process of its own."""

from __future__ import annotations

import asyncio
from bisect import bisect_left
from collections.abc import AsyncIterator, Sequence
from concurrent.futures import Executor
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

import asyncpg

from domain.log import Log
from infra.ledger.canonical_json import instant
from infra.ledger.checkpoint import Checkpoint
from infra.ledger.epoch import covers
from infra.ledger.leaf import Leaf
from infra.ledger.note import Note, read_signatures
from infra.ledger.text import LARGEST, Invalid
from infra.ledger.witness_policy import Policy, PolicyVerdict
from infra.log.stored_rows import BadEntry, StoredRow, leaf_at, read_rows
from infra.platform.database import Connection
from infra.transparency.announced_keys import Announcement, signers
from infra.transparency.audit_result import AuditedCheckpoint, AuditFinding, Findings
from infra.transparency.witness_policies import PolicyEpoch

#: Facts that a process reads at least: fewer are not worth starting one.
SPAN = 20_000


#: What clocks may differ between the house, its sealer and its witnesses.
DRIFT = timedelta(minutes=2)


class StreamEnd(NamedTuple):
    """A fact of a stream, as far as the next one links to it."""

    position: int
    version: int
    hash: str


class ReadSpan(NamedTuple):
    """What was read. `hashes` are those of the leaves up to the first position that is missing."""

    after: int
    rows: int
    whole: bool
    hashes: bytes
    begun: dict[str, tuple[StreamEnd, str | None]]
    ended: dict[str, StreamEnd]
    first_at: str
    last_at: str
    sealings: list[AuditedCheckpoint]
    announced: list[Announcement]
    findings: list[AuditFinding]
    found: int


async def read_apart(executor: Executor, asked: Sequence[SpanQuestion]) -> list[ReadSpan]:
    loop = asyncio.get_running_loop()
    return await asyncio.gather(*(loop.run_in_executor(executor, _read_in_process, one) for one in asked))


def _read_in_process(asked: SpanQuestion) -> ReadSpan:
    return asyncio.run(read_span(asked))


async def read_span(asked: SpanQuestion) -> ReadSpan:
    notes = Findings()
    async with looking(asked.dsn) as connection:
        sealings = await _read_sealings(connection, asked, notes)
        clock = _Clock(sealings)
        hashes: list[bytes] = []
        begun: dict[str, tuple[StreamEnd, str | None]] = {}
        ended: dict[str, StreamEnd] = {}
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
    return ReadSpan(
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


async def _before(connection: Connection, asked: SpanQuestion) -> Leaf | None:
    """What the fact before the span says; None where that cannot be read, of which its own span tells."""
    try:
        return await leaf_at(connection, asked.schema, asked.after)
    except BadEntry:
        return None


def _check_row(
    asked: SpanQuestion,
    entry: StoredRow,
    last: Leaf | None,
    begun: dict[str, tuple[StreamEnd, str | None]],
    ended: dict[str, StreamEnd],
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
    here = StreamEnd(entry.position, entry.version, entry.leaf_hash.hex())
    before = ended.get(entry.stream_id)
    if before is None:
        begun[entry.stream_id] = here, prev
    else:
        check_link(before, here, prev, notes)
    ended[entry.stream_id] = here
    return said


def check_link(before: StreamEnd | None, here: StreamEnd, prev: str | None, notes: Findings) -> None:
    if prev is None:  # of a row that is wrong in itself
        return
    if before is None:
        if here.version != 1:
            notes.add(here.position, f"version {here.version} of its stream, and none stands before it")
    elif here.version != before.version + 1:
        notes.add(here.position, f"version {here.version} follows version {before.version}, at {before.position}")
    elif prev != before.hash:
        notes.add(here.position, f"does not link to the fact before it in its stream, at {before.position}")


@asynccontextmanager
async def looking(dsn: str) -> AsyncIterator[Connection]:
    """A connection for one long look."""
    connection = await asyncpg.connect(dsn, server_settings={"TimeZone": "UTC", "jit": "off"})
    try:
        yield connection
    finally:
        await connection.close()


class SpanQuestion(NamedTuple):
    """What to read: positions above `after` up to `upto`, and checkpoints above `above` up to `below`."""

    dsn: str
    schema: str
    tenant: str
    judge: EpochJudge
    after: int
    upto: int
    above: int
    below: int


async def _read_sealings(connection: Connection, asked: SpanQuestion, notes: Findings) -> list[AuditedCheckpoint]:
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
            if moment < last and moment_of(last) - moment_of(moment) > FALL:
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


def moment_of(moment: str) -> datetime:
    return datetime.fromisoformat(moment)


#: How far the moments of two facts in a row may fall.
FALL = timedelta(seconds=5)


class EpochJudge(NamedTuple):
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
