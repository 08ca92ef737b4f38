"""The material of proofs: stored checkpoints with their cosignatures, leaves and tiles.

Nothing here is believed because it is stored: who makes a proof verifies it under a signed root before handing it on.
"""

from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from datetime import datetime
from typing import NamedTuple

import asyncpg

from infra.ledger.checkpoint import Checkpoint
from infra.ledger.epoch import covers
from infra.ledger.note import Note, read_signatures
from infra.ledger.proof import Proof
from infra.ledger.text import LARGEST, BadProof, Invalid, base64
from infra.ledger.tiles import (
    TilePlace,
    Tiles,
    consistency_path,
    consistency_proof,
    inclusion_path,
    inclusion_proof,
    places,
    root,
)
from infra.ledger.tree import verify_consistency
from infra.ledger.witness_policy import Policy, PolicyVerdict
from infra.platform.database import Connection, close, connect, schema_of
from infra.transparency.sealer import read_tiles
from infra.transparency.sealer_store import KeyOwner

#: Checkpoints read at a time while looking for one that is cosigned.
PAGE = 200


class NotSealed(Invalid):
    """No checkpoint of this log has been signed yet."""


class LogAltered(Invalid):
    """The log is not what was signed, so nothing is proven from it: `minhchuan verify` says where."""


class StoredCheckpoint(NamedTuple):
    """A stored checkpoint with its cosignatures; `at` is when the log says that it signed."""

    note: Note
    checkpoint: Checkpoint
    verdict: PolicyVerdict
    at: datetime

    @property
    def size(self) -> int:
        return self.checkpoint.size


@asynccontextmanager
async def reading_log(dsn: str, tenant: KeyOwner) -> AsyncIterator[Connection]:
    """A connection of the application in this tenant's role."""
    connection = await connect(dsn, default_transaction_read_only="on")
    try:
        await connection.execute(f"SET ROLE {schema_of(tenant)}")
        yield connection
    finally:
        await close(connection)


async def last_two(
    connection: Connection, tenant: KeyOwner, policy: Policy
) -> tuple[StoredCheckpoint, StoredCheckpoint]:
    """The last checkpoint that the policy accepts and the one before it; where there is none, the last that is signed.

    The first checkpoint of a log stands for the one before it too, and so does the first that is signed by a key of
    this policy. Of epochs whose key the policy does not name nothing is looked at: an older policy gets what was signed
    while it held. Raises NotSealed, or Invalid when the last is none that this policy knows.
    """
    signed: list[StoredCheckpoint] = []
    accepted: list[StoredCheckpoint] = []
    async for row in _downwards(connection, tenant):
        note = Note.read(row["note"])
        if not _is_named(Checkpoint.read(note.text).origin, tenant, policy):
            continue
        if signed and not policy.knows(note):
            break  # from before the log changed to the keys of this policy
        stored = _judged_row(row, tenant, policy)
        if len(signed) < 2:
            signed.append(stored)
        if stored.verdict.accepted:
            accepted.append(stored)
        if len(accepted) == 2:
            break
    found = accepted or signed
    if not found:
        raise NotSealed(f"{tenant.log}: no checkpoint has been signed yet")
    return found[0], found[-1]


def _is_named(origin: str, tenant: KeyOwner, policy: Policy) -> bool:
    """Whether it is for this policy to judge: no checkpoint of an epoch that it does not name, if it names another."""
    named = {key.name for key in policy.logs if covers(tenant.log, key.name)}
    return not named or origin in named or not covers(tenant.log, origin)


async def first_over(
    connection: Connection, tenant: KeyOwner, policy: Policy, position: int
) -> tuple[StoredCheckpoint, StoredCheckpoint] | None:
    """The first checkpoint over a position that the policy accepts, and the last accepted one before it.

    None until there is one. The first accepted checkpoint of a log stands for the one before it too.
    """
    async for row in _upwards(connection, tenant, position, policy.quorum):
        if head := _accepted(row, tenant, policy):
            async for before in _downwards(connection, tenant, head.size, policy.quorum):
                if previous := _accepted(before, tenant, policy):
                    return head, previous
            return head, head
    return None


async def sealed_at(connection: Connection, tenant: KeyOwner, size: int) -> datetime:
    """When the log says that it signed its checkpoint of so many facts. Raises LogAltered where there is none."""
    at: datetime | None = await connection.fetchval(
        f"SELECT at FROM {schema_of(tenant)}.sealings WHERE size = $1", size
    )
    if at is None:
        raise LogAltered(f"{tenant.log}: a checkpoint of {size} facts was signed, and is gone")
    return at


async def _downwards(
    connection: Connection, tenant: KeyOwner, below: int = LARGEST, quorum: int = 0
) -> AsyncIterator[asyncpg.Record]:
    while rows := await _stored(connection, tenant, "size < $1", "size DESC", below, quorum):
        below = rows[-1]["size"]
        for row in rows:
            yield row


async def _upwards(
    connection: Connection, tenant: KeyOwner, position: int, quorum: int
) -> AsyncIterator[asyncpg.Record]:
    while rows := await _stored(connection, tenant, "size >= $1", "size", position, quorum):
        position = rows[-1]["size"] + 1
        for row in rows:
            yield row


async def _stored(
    connection: Connection, tenant: KeyOwner, which: str, order: str, size: int, quorum: int
) -> list[asyncpg.Record]:
    """Checkpoints as they are stored; those with fewer cosignatures than that need no look."""
    cosigned = f"FROM {schema_of(tenant)}.cosignatures WHERE cosignatures.size = sealings.size"
    return await connection.fetch(
        f"""
        SELECT size, note, at, (SELECT coalesce(string_agg(line, '' ORDER BY witness), '') {cosigned}) AS lines
        FROM {schema_of(tenant)}.sealings WHERE {which} AND ($2 = 0 OR (SELECT count(*) {cosigned}) >= $2)
        ORDER BY {order} LIMIT {PAGE}
        """,
        size,
        quorum,
    )


def _judged_row(row: asyncpg.Record, tenant: KeyOwner, policy: Policy) -> StoredCheckpoint:
    signatures = read_signatures(row["lines"]) if row["lines"] else ()
    return judged(Note.read(row["note"]).also(signatures), tenant, policy, row["at"])


def _accepted(row: asyncpg.Record, tenant: KeyOwner, policy: Policy) -> StoredCheckpoint | None:
    """The checkpoint, if the policy accepts it; one signed by keys that the policy does not know it does not."""
    try:
        stored = _judged_row(row, tenant, policy)
    except Invalid:
        return None
    return stored if stored.verdict.accepted else None


def judged(note: Note, tenant: KeyOwner, policy: Policy, at: datetime) -> StoredCheckpoint:
    """A checkpoint of this log, of this epoch or an earlier one, as the policy sees it. Raises Invalid."""
    verdict = policy.judge(note)
    if not covers(tenant.log, verdict.checkpoint.origin):
        raise Invalid(f"a checkpoint of {verdict.checkpoint.origin}, which is not {tenant.log}")
    return StoredCheckpoint(note, verdict.checkpoint, verdict, at)


async def tiles_for(
    connection: Connection, tenant: KeyOwner, indexes: Iterable[int], size: int, old: int
) -> dict[TilePlace, bytes]:
    """The tiles that these inclusion proofs at `size` need, and the proof that it continues `old`."""
    wanted = places(consistency_path(old, size)) | places([(0, size)])
    for index in indexes:
        wanted |= places(inclusion_path(index, size))
    return await read_tiles(connection, tenant, wanted)


# Proofs, each verified --------------------------------------------------------------------------------


async def check_whole(connection: Connection, tenant: KeyOwner, size: int) -> None:
    """Every position up to there has its fact, so that none is passed over unnoticed. Raises LogAltered."""
    found = await connection.fetchval(
        f"SELECT count(*) FROM {schema_of(tenant)}.events WHERE position BETWEEN 1 AND $1", size
    )
    if found != size:
        raise LogAltered(f"{tenant.log}: {size} facts were signed, and {found} are there")


def check_root(head: Checkpoint, tiles: Tiles) -> None:
    """The tiles are those of the checkpoint. Raises LogAltered."""
    try:
        found = root(head.size, tiles)
    except Invalid as reason:
        raise LogAltered(f"{head.origin}: {reason}") from None
    if found != head.root:
        raise LogAltered(f"{head.origin}: the first {head.size} facts are not those that were signed")


def prove(index: int, leaf: bytes, head: StoredCheckpoint, tiles: Tiles, policy: Policy) -> Proof:
    """The proof that this leaf stands there. Raises LogAltered when it does not."""
    try:
        proof = Proof(index, tuple(inclusion_proof(index, head.size, tiles)), head.note)
        if head.verdict.accepted:
            proof.verify(leaf, policy)
        else:
            proof.verify(leaf, Policy(policy.logs, policy.witnesses, 0))
    except Invalid as reason:
        raise LogAltered(f"{head.checkpoint.origin}: position {index + 1}: {reason}") from None
    return proof


def prove_consistency(old: Checkpoint, head: Checkpoint, tiles: Tiles) -> list[bytes]:
    """The proof that one checkpoint continues the other. Raises LogAltered when it does not."""
    if old.size > head.size:
        raise LogAltered(
            f"{head.origin}: sealed over {head.size} facts, and a checkpoint of {old.size} is held elsewhere"
        )
    try:
        proof = consistency_proof(old.size, head.size, tiles)
        verify_consistency(old.size, old.root, head.size, head.root, proof)
    except (BadProof, Invalid) as reason:
        raise LogAltered(f"{head.origin}: {reason}") from None
    return proof


def lines_of(proof: Iterable[bytes]) -> bytes:
    """A consistency proof as a file: one hash a line."""
    return "".join(f"{base64(one)}\n" for one in proof).encode()
