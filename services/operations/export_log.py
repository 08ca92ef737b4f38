"""`minhchuan log export`: a whole log as files, for inspectors and, with tiles, for any static web server as a mirror.

The tree is grown again from the leaves that are written, so what is signed for and what is handed out are compared
before anybody gets it.
"""

from __future__ import annotations

import argparse
from collections.abc import AsyncIterator, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import NamedTuple

import msgspec

from domain.log import Log
from domain.meeting import Meeting
from domain.recognition import Recognition
from infra.identity.tenants import Tenant
from infra.ledger.canonical_json import canonical, instant
from infra.ledger.epoch import covers
from infra.ledger.leaf import epoch_of, leaf_hash, payload_hash, read_leaf
from infra.ledger.note import Note
from infra.ledger.text import Invalid
from infra.ledger.tiles import FULL, Edge, TilePlace, bundle, layout, path
from infra.ledger.tree import WIDTH
from infra.ledger.witness_policy import Policy
from infra.log.stored_facts import StoredLeaf, leaves_between, log_size
from infra.platform.config import Settings
from infra.platform.database import Connection
from infra.storage.folders import whole_folder, write_into
from infra.transparency.announced_keys import Announcement, signers, unannounced
from infra.transparency.checkpoints import notes_up_to
from infra.transparency.proofs import (
    LogAltered,
    StoredCheckpoint,
    check_root,
    judged,
    last_two,
    lines_of,
    prove,
    prove_consistency,
    reading_log,
)
from services.seals.published_trust import province, trust_of
from services.seals.trusted_policy import Trust, TrustFileUnreadable, read_checkpoint
from services.visible import shown

#: What is proven one by one: ballots, decisions, revocations, and which keys may sign the log.
PROVEN = tuple(
    fact.TOPIC
    for fact in (
        *(
            Meeting.BallotCast,
            Meeting.WrittenOpinionReceived,
            Recognition.Decided,
            Recognition.DecidedAgain,
            Recognition.Revoked,
        ),
        Log.KeyAnnounced,
    )
)

#: Leaves read at a time: so many full tiles and bundles.
PAGE = 16 * FULL


class ProvenAct(NamedTuple):
    """A fact that is proven by itself."""

    position: int
    topic: str
    leaf: bytes
    payload: bytes

    @property
    def name(self) -> str:
        """Of its files: the position, so that a list of names is in order, and what it is."""
        return f"{self.position:09}-{self.topic}"


class Exported(NamedTuple):
    """What was written."""

    head: StoredCheckpoint
    previous: StoredCheckpoint
    proofs: int
    beyond: int


async def run(settings: Settings, given: argparse.Namespace) -> int:
    """Write the export of one province's log, and say what it is."""
    tenant = await province(settings, given.tenant)
    held = read_checkpoint(given.checkpoint) if given.checkpoint else None
    try:
        async with reading_log(settings.app_url, tenant) as connection:
            trust = await trust_of(settings, connection, tenant, given.policy)
            done = await export(connection, tenant, trust, given.out, tiles=given.tiles, held=held)
    except Invalid as reason:
        raise TrustFileUnreadable(str(reason)) from None
    print(shown(f"{given.out}: {tenant.log}, {done.head.size:,} leaves, {done.proofs:,} proofs"))
    print(shown(f"as of checkpoint {done.head.size} at {instant(done.head.at)}, {done.head.verdict}"))
    if not done.head.verdict.accepted:
        print("NOT cosigned as the policy asks: by this policy nothing of it holds yet")
    print(shown(f"continues checkpoint {done.previous.size}"))
    print(shown(f"{done.beyond:,} facts above it, for which nobody has vouched yet"))
    return 0


async def export(
    connection: Connection, tenant: Tenant, trust: Trust, out: Path, *, tiles: bool = False, held: Note | None = None
) -> Exported:
    """Write the folder. `held` is a checkpoint from elsewhere that the export is to continue.

    Raises NotSealed, LogAltered, Invalid, Occupied; then there is no folder.
    """
    head, previous = await last_two(connection, tenant, trust.policy)
    if held is not None:
        previous = judged(held, tenant, trust.policy, head.at)
    with whole_folder(out) as folder:
        grown, acts = await _write_leaves(connection, tenant, head.size, folder, tiles=tiles)
        check_root(head.checkpoint, grown)
        await _check_keys(connection, tenant, trust.policy, acts, [head, previous])
        between = prove_consistency(previous.checkpoint, head.checkpoint, grown)
        for act in acts:
            proof = prove(act.position - 1, act.leaf, head, grown, trust.policy)
            write_into(folder, f"proofs/{act.name}.tlog-proof", bytes(proof))
            write_into(folder, f"proofs/{act.name}.leaf", act.leaf)
            write_into(folder, f"proofs/{act.name}.payload", act.payload)
        write_into(folder, "checkpoint", bytes(head.note))
        write_into(folder, "previous-checkpoint", bytes(previous.note))
        write_into(folder, "consistency.txt", lines_of(between))
        write_into(folder, "policy.txt", trust.text)
        if tiles:
            for place, width in layout(head.size):
                write_into(folder, path(*place, width), grown[place][: width * WIDTH])
        beyond = await log_size(connection, tenant) - head.size
    return Exported(head, previous, len(acts), beyond)


async def _write_leaves(
    connection: Connection, tenant: Tenant, size: int, folder: Path, *, tiles: bool
) -> tuple[dict[TilePlace, bytes], list[ProvenAct]]:
    """Write every leaf, in bundles too where tiles are wanted; the tree that they make, and what is to be proven."""
    edge, grown = Edge(), dict[TilePlace, bytes]()
    acts: list[ProvenAct] = []
    with ExitStack() as stack:
        every = stack.enter_context((folder / "leaves.ndjson").open("wb"))
        before = ""
        async for rows in _read(connection, tenant, size):
            leaves = [leaf for _, _, leaf, _ in rows]
            before = _check_epochs(rows[0][0], leaves, before, tenant.log)
            every.write(b"".join(leaf + b"\n" for leaf in leaves))
            start = edge.size
            edge, made = edge.grow([leaf_hash(leaf) for leaf in leaves])
            grown |= dict(made)
            acts += [_act(index, topic, leaf, data) for index, topic, leaf, data in rows if data is not None]
            if tiles:
                for at in range(0, len(leaves), FULL):
                    piece = leaves[at : at + FULL]
                    write_into(folder, path(None, (start + at) // FULL, len(piece)), bundle(piece))
    return grown, acts


async def _check_keys(
    connection: Connection,
    tenant: Tenant,
    policy: Policy,
    acts: Sequence[ProvenAct],
    handed_out: Sequence[StoredCheckpoint],
) -> None:
    """Whoever has signed was the log's first key, or announced in what is exported. Raises LogAltered."""
    stored = [signers(size, note) for size, note in await notes_up_to(connection, tenant, handed_out[0].size)]
    announced = [
        Announcement.read(epoch_of(act.leaf), act.position, act.payload)
        for act in acts
        if act.topic == Log.KeyAnnounced.TOPIC
    ]
    also = [signers(one.size, one.note) for one in handed_out]
    for size, key in unannounced([*stored, *also], announced, policy.logs):
        raise LogAltered(
            f"{tenant.log}: nothing announces the key {key.hex()}, which has signed the checkpoint of {size}"
        )


async def _read(connection: Connection, tenant: Tenant, size: int) -> AsyncIterator[Sequence[StoredLeaf]]:
    """The leaves, and of what is proven the payload, in pages. Raises LogAltered when a fact is missing."""
    for start in range(0, size, PAGE):
        page = await leaves_between(connection, tenant, start, min(start + PAGE, size), PROVEN)
        if [one.number for one in page] != list(range(start, min(start + PAGE, size))):
            raise LogAltered(f"{tenant.log}: facts are missing between {start + 1} and {min(start + PAGE, size)}")
        yield page


def _check_epochs(index: int, leaves: Sequence[bytes], before: str, origin: str) -> str:
    """Whether these leaves, the first at `index`, may stand here after one of epoch `before`; the last's epoch.

    Raises LogAltered.
    """
    for place, leaf in enumerate(leaves, index + 1):
        epoch = epoch_of(leaf)
        if epoch != before and not (covers(origin, epoch) and (not before or covers(epoch, before))):
            raise LogAltered(
                f"position {place}: of {epoch or 'no log'}, under {origin} and after {before or 'nothing'}"
            )
        before = epoch
    return before


def _act(index: int, topic: str, leaf: bytes, data: str) -> ProvenAct:
    try:
        said, payload = read_leaf(leaf), canonical(msgspec.json.decode(data))
    except ValueError as reason:
        raise LogAltered(f"position {index + 1}: {reason}") from None
    if said.type != topic or said.payload_sha256 != payload_hash(payload):
        raise LogAltered(f"position {index + 1}: type or payload is not the one in the leaf")
    return ProvenAct(index + 1, topic, leaf, payload)
