"""Is a log still what was signed? Hashes it all again and compares checkpoints, those stored and those held elsewhere.

The database is believed in nothing: rows are held against their leaves, payloads and leaves are hashed, streams must
link, positions be dense, moments rise, the roots of the tree be those that were signed, and the keys that signed them
announced. What does not fit is a finding, by position; nothing stops at the first. What nobody has signed for yet is
counted, never called verified.

A log is cut into spans of positions that several processes read at a time; what leads from one span to the next
(streams, moments) is joined afterwards.
"""

import multiprocessing
import os
import time
from bisect import bisect_left
from collections.abc import AsyncIterator, Iterable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import AsyncExitStack
from datetime import UTC, datetime
from itertools import groupby, pairwise
from typing import NamedTuple

from domain.log import LOG, Log
from infra.ledger.epoch import covers
from infra.ledger.leaf import leaf_hash
from infra.ledger.note import Note
from infra.ledger.text import Invalid, base64
from infra.ledger.tiles import BATCH, FULL, Edge
from infra.ledger.tree import WIDTH
from infra.ledger.witness_policy import Policy
from infra.platform.database import Connection, HasId, schema_of
from infra.transparency.announced_keys import Signers, signers, unannounced
from infra.transparency.audit_result import AuditedCheckpoint, AuditResult, Findings, Predecessor
from infra.transparency.audit_rows import (
    FALL,
    SPAN,
    EpochJudge,
    ReadSpan,
    SpanQuestion,
    StreamEnd,
    check_link,
    looking,
    moment_of,
    read_apart,
    read_span,
)
from infra.transparency.sealer_store import KeyOwner
from infra.transparency.witness_policies import PolicyEpoch, read_eras


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
        judge = EpochJudge(tenant.log, policy, await _eras(connection, tenant, notes))
        count = max(1, min(processes or os.cpu_count() or 1, look.rows // SPAN))
        asked = [SpanQuestion(dsn, schema, tenant.id, judge, *cut) for cut in _cuts(look, count)]
        if count == 1:
            spans = [await read_span(asked[0])]
        else:
            spawning = ProcessPoolExecutor(count, multiprocessing.get_context("spawn"))
            spans = await read_apart(stack.enter_context(spawning), asked)
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


# Checkpoints and moments ------------------------------------------------------------------------------


class _Held(NamedTuple):
    """A checkpoint held elsewhere; `lost` is the epoch that it is of, where the log admits that it lost some of it."""

    origin: str
    size: int
    root: bytes
    signers: Signers
    lost: PolicyEpoch | None


def _read_held(judge: EpochJudge, held: Sequence[Note], notes: Findings) -> Iterator[_Held]:
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
    sealings: Sequence[AuditedCheckpoint], judge: EpochJudge, notes: Findings
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
    checkpoints: Sequence[AuditedCheckpoint | _Held], spans: Sequence[ReadSpan], judge: EpochJudge, notes: Findings
) -> None:
    """In each epoch every key that signs is its first, or announced. What is lost may have announced one."""
    announced = [one for span in spans for one in span.announced]
    policies = [judge.of(origin) for origin in dict.fromkeys(one.origin for one in checkpoints)]
    known = [key for policy in policies if policy for key in policy.logs]
    for size, key in unannounced([one.signers for one in checkpoints], announced, known):
        notes.add(0, f"checkpoint of {size}: nothing announces the key {key.hex()}, which signs from there on")


# Joining spans ----------------------------------------------------------------------------------------


def _join(spans: Sequence[ReadSpan], notes: Findings) -> None:
    """Link streams and moments across spans."""
    ended: dict[str, StreamEnd] = {}
    last_at = ""
    for span in spans:
        notes.take(span.findings, span.found)
        for stream, (here, prev) in span.begun.items():
            check_link(ended.get(stream), here, prev, notes)
        ended |= span.ended
        if last_at and span.first_at < last_at and moment_of(last_at) - moment_of(span.first_at) > FALL:
            notes.add(span.after + 1, f"falls back in time, from {last_at} to {span.first_at}")
        last_at = span.last_at or last_at


def _hashes(spans: Sequence[ReadSpan]) -> Iterator[bytes]:
    """The leaf hashes of the log, in pieces, up to the first position that is missing."""
    for span in spans:
        for at in range(0, len(span.hashes), BATCH * WIDTH):
            yield span.hashes[at : at + BATCH * WIDTH]
        if not span.whole:
            return


def _roots(spans: Sequence[ReadSpan], sizes: Iterable[int]) -> tuple[dict[int, bytes], int]:
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


async def _name_changed(connection: Connection, schema: str, spans: Sequence[ReadSpan], notes: Findings) -> None:
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
