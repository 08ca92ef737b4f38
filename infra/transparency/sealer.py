"""Seals logs: hashes what was appended, signs the new head, and stores what proofs are made from.

The sealer believes nothing that it has not computed. Every row is held against its leaf directly before it is signed
for; the tree that grows is compared with the last checkpoint that the sealer itself signed, a copy of which lies on
its own disk; and what is smaller, has another past, or contradicts that copy is not signed by anybody's leave. Then
the log is halted: nothing more is signed for it until somebody has found out why.

Only a fact of the log itself leads out of that: one that says that facts were lost, which this sealer had signed for,
and begins a new epoch. It is signed with a key of its own, and begins with all that is left.

The copy on disk is written before the database: after a crash in between it is ahead, and the same tree, derived
again, is published with the signature that was made.

A log changes its key in the open. The next key signs beside the present one as soon as a fact that announces it lies
below a checkpoint; a key that has once signed is not left out again until it is retired, and never for want of a file.
"""

from collections.abc import Collection
from contextlib import suppress
from dataclasses import dataclass

import asyncpg
import structlog

from domain.log import LOG, Log
from infra.ledger.checkpoint import Checkpoint
from infra.ledger.epoch import Epoch, covers
from infra.ledger.leaf import leaf_hash
from infra.ledger.note import Note, SignerKey, VerifierKey
from infra.ledger.text import BadProof, Invalid, Malformed
from infra.ledger.tiles import FULL, Edge, Tile, TilePlace, Tiles, edge_places, inclusion_path, inclusion_proof, places
from infra.ledger.tree import verify_inclusion
from infra.log.epochs import read_beginnings
from infra.log.stored_rows import BadEntry, leaf_at, read_entries
from infra.platform.database import Connection, close, schema_of
from infra.transparency.announced_keys import Announcement
from infra.transparency.sealer_store import Halted, KeyOwner, SealerStore, Unkept

#: Facts under one checkpoint at most: so many are checked and hashed in about a second.
MOST = 20_000

#: Channel of the hints that a log was sealed, cosigned or halted; the payload is the tenant's id.
SEALED = "sealed"

log = structlog.get_logger("sealer")


class SealedElsewhere(Exception):
    """Another sealer holds this log."""


class Paused(Exception):
    """This log cannot be sealed just now, for want of room on a disk; the text says on which. Nothing was shown.

    The next call tries again.
    """


@dataclass(slots=True)
class _Log:
    """A log as it was sealed last: that checkpoint of the present epoch, the right edge of its tree, its last leaf.

    `position` is how far the log was then, which may be further than one checkpoint reaches.
    """

    origin: str
    note: Note | None
    edge: Edge
    last: bytes
    position: int = 0


class Sealer:
    """Seals the logs of one database over one connection, which also holds the locks: with it goes the right to seal.

    So two sealers never sign for one log: the second finds it held, and a sealer that lost its connection lost its
    locks and cannot write.
    """

    def __init__(self, connection: Connection, keep: SealerStore) -> None:
        self._connection = connection
        self._keep = keep
        self._logs: dict[str, _Log] = {}
        self._paused: dict[str, str] = {}
        self._unannounced: set[VerifierKey] = set()

    async def seal(self, tenant: KeyOwner) -> Note | None:
        """Sign for what the log holds now, MOST facts at most; the checkpoint, None when it has not grown.

        Raises SealedElsewhere when another sealer is at it, Halted when something is wrong with the log, Paused when
        the sealer or the database has no room.
        """
        try:
            state = self._logs.get(tenant.id)
            if state is None or state.origin != tenant.log:
                state = self._logs[tenant.id] = await self._begin(tenant)
            note = await self._grow(tenant, state)
        except (Halted, BadEntry, Invalid) as reason:
            self._logs.pop(tenant.id, None)
            await record_halt(self._connection, tenant, str(reason))
            raise Halted(str(reason)) from reason
        except (Unkept, asyncpg.InsufficientResourcesError) as reason:
            await self._pause(tenant, f"{reason}; it is tried again until there is room")
            raise Paused(str(reason)) from reason
        if self._paused.pop(tenant.id, None):
            log.warning("a log is sealed again", tenant=tenant.id)
        return note

    def has_left(self, tenant: KeyOwner) -> bool:
        """Whether the log held more than the last checkpoint took."""
        state = self._logs.get(tenant.id)
        return state is not None and state.edge.size < state.position

    async def close(self) -> None:
        """Let go of every log."""
        self._logs.clear()
        await close(self._connection)

    async def _pause(self, tenant: KeyOwner, reason: str) -> None:
        """Say it once, as of a log that is halted: what is said there holds until a later checkpoint is signed."""
        if self._paused.get(tenant.id) != reason:
            self._paused[tenant.id] = reason
            with suppress(asyncpg.InsufficientResourcesError):  # then the process's own log has to do
                await record_halt(self._connection, tenant, reason)

    async def _grow(self, tenant: KeyOwner, state: _Log) -> Note | None:
        size = state.edge.size
        state.position = await self._position(tenant, state)
        if state.position == size:
            return None
        keys = await self._signers(tenant, state)
        edge, last, tiles = await self._extend(tenant, state.edge, min(state.position, size + MOST))
        note = Checkpoint(tenant.log, edge.size, edge.root()).sign(*keys)
        self._keep.keep(tenant, note)
        await self._publish(tenant, note, edge.size, tiles)
        state.note, state.edge, state.last = note, edge, last
        return note

    async def _position(self, tenant: KeyOwner, state: _Log) -> int:
        """How far the log is; Halted when it has lost what was signed, or holds something else there."""
        schema = schema_of(tenant)
        row = await self._connection.fetchrow(
            f"""
            SELECT head.position, (SELECT leaf FROM {schema}.events WHERE position = $1) AS last FROM {schema}.head
            """,
            state.edge.size,
        )
        position = int(row["position"]) if row else 0
        if position < state.edge.size:
            raise Halted(f"the log ends at {position}, and was sealed up to {state.edge.size}")
        if state.edge.size and (row is None or row["last"] is None or leaf_hash(row["last"]) != state.last):
            raise Halted(f"position {state.edge.size} is not what was sealed")
        return position

    async def _begin(self, tenant: KeyOwner) -> _Log:
        """Take hold of the log, and derive its tree from what the database has; it must be the one signed last."""
        schema = schema_of(tenant)
        if not await self._connection.fetchval("SELECT pg_try_advisory_lock(hashtext($1))", f"seal {schema}"):
            raise SealedElsewhere(tenant.id)
        self._keep.check_halted(tenant)
        own = self._keep.checkpoint(tenant)
        stored = await self._stored(tenant)
        last_of_all = self._keep.last(tenant)
        if last_of_all and not covers(tenant.log, last_of_all.origin):
            raise Halted(f"the log goes by {tenant.log}, and was sealed as {last_of_all.origin} here last")
        if own is None and last_of_all is not None:
            return await self._begin_epoch(tenant, last_of_all, stored)
        if own is None and (stored is not None or Epoch.read(tenant.log).number > 1):
            raise Halted("the sealer's own copy of its last checkpoint is gone: put one there that is held elsewhere")
        key = self._keep.key(tenant, new=own is None)
        if own is None:
            return _Log(tenant.log, None, Edge(), b"")
        signed = _checked(own, key)
        published = _published(stored, key) if stored else Checkpoint(tenant.log, 0, Edge().root())
        if published.size > signed.size:
            raise Halted(f"a checkpoint of {published.size} is published, and {signed.size} was signed here last")
        position = await self._connection.fetchval(f"SELECT position FROM {schema}.head")
        if (position or 0) < signed.size:
            raise Halted(f"the log ends at {position}, and was sealed up to {signed.size}")
        edge, last, tiles = await self._derived(tenant, signed, published.size)
        if published.size < signed.size:
            await self._publish(tenant, own, signed.size, tiles)
        else:
            await self._store(tenant, tiles)
        return _Log(tenant.log, own, edge, last)

    async def _signers(self, tenant: KeyOwner, state: _Log) -> tuple[SignerKey, ...]:
        """The present key and, once it is announced below the last checkpoint, the next one. Raises Halted."""
        coming, key = self._keep.next_key(tenant), self._keep.key(tenant)
        if state.note is not None:
            _checked(state.note, key)
        keys: tuple[SignerKey, ...] = (key,)
        if coming is not None and coming != key and await self._may_sign(tenant, coming.verifier, state):
            keys = key, coming
        at_hand = {one.verifier.id for one in keys}
        for line in state.note.signatures if state.note else ():
            if line.name == tenant.log and line.id not in at_hand and not self._keep.is_retired(tenant, line.id):
                raise Halted(self._keep.missing(tenant, line.id))
        return keys

    async def _may_sign(self, tenant: KeyOwner, coming: VerifierKey, state: _Log) -> bool:
        if state.note is None:
            return False
        if state.note.check([coming]):
            return True
        if await self._is_announced(tenant, coming, state.edge):
            log.warning("the next key signs too from now on", tenant=tenant.id, key=str(coming))
            return True
        if coming not in self._unannounced:
            self._unannounced.add(coming)
            log.warning("the next key is not used: below the last checkpoint nothing announces it", key=str(coming))
        return False

    async def _is_announced(self, tenant: KeyOwner, key: VerifierKey, edge: Edge) -> bool:
        """Whether a fact of this epoch, in the very tree that was signed last, announces this key.

        Raises BadEntry, Halted.
        """
        position = await self._connection.fetchval(
            f"""
            SELECT min(position) FROM {schema_of(tenant)}.events
            WHERE stream_id = $1 AND topic = $2 AND data ->> 'vkey_sha256' = $3 AND position <= $4
            """,
            LOG.id(tenant.id),
            Log.KeyAnnounced.TOPIC,
            key.sha256,
            edge.size,
        )
        if position is None:
            return False
        (entry,) = await anext(read_entries(self._connection, schema_of(tenant), position - 1, position))
        said = entry.check(tenant.id, tenant.log)
        announced = Announcement.read(said.log, position, entry.data)
        if announced != (tenant.log, position, key.sha256):
            return False
        if (said.stream, said.type) != (str(LOG.id(tenant.id)), Log.KeyAnnounced.TOPIC):
            return False
        stored = await read_tiles(self._connection, tenant, places(inclusion_path(position - 1, edge.size)))
        if not _is_in(edge, position, entry.leaf_hash, stored):
            _, _, tiles = await self._extend(tenant, Edge(), edge.size)  # those that are stored may be wrong
            if not _is_in(edge, position, entry.leaf_hash, dict(tiles)):
                raise Halted(f"position {position} is not what was sealed")
            await self._store(tenant, tiles)
        return True

    async def _begin_epoch(self, tenant: KeyOwner, signed: Checkpoint, stored: Note | None) -> _Log:
        """Take up what is left of the epoch before, as far as its checkpoints still vouch for it, and all that is left.

        The log itself must say that something is lost for which this sealer, or one after it, has signed.
        """
        kept = await self._kept(tenant, signed)
        published = Checkpoint.read(stored.text) if stored else Checkpoint(signed.origin, 0, Edge().root())
        if published.size > kept or not covers(signed.origin, published.origin):
            raise Halted(f"a checkpoint of {published.size} is published for {published.origin}, and {kept} are left")
        base = signed if signed.size <= kept else published
        edge, last, tiles = await self._derived(tenant, base, min(base.size, published.size))
        if edge.size < kept:
            edge, last, more = await self._extend(tenant, edge, kept)
            tiles += more
        await self._store(tenant, tiles)
        self._keep.key(tenant, new=True)
        return _Log(tenant.log, None, edge, last)

    async def _kept(self, tenant: KeyOwner, signed: Checkpoint) -> int:
        """How much the log says was left when this epoch began. Raises Halted unless it admits that some was lost."""
        begun = (await read_beginnings(self._connection, tenant))[-1:]
        if not begun or begun[0].origin != tenant.log:
            raise Halted(f"{signed.size} facts were signed as {signed.origin}, and nothing says that any were lost")
        (said,) = begun
        before = Checkpoint(said.predecessor_origin, said.predecessor_size, said.predecessor_root)
        kept = said.position - 1
        later = covers(before.origin, signed.origin) and before.origin != signed.origin
        if not (before == signed or later or (before.origin == signed.origin and before.size > signed.size)):
            raise Halted(
                f"{tenant.log} is said to follow {before.size} facts of {before.origin}, and {signed.size} were signed"
                f" as {signed.origin}"
            )
        if kept >= before.size:
            raise Halted(f"{tenant.log} begins after {kept} facts, and lacks none of the {before.size} signed before")
        return kept

    async def _derived(self, tenant: KeyOwner, signed: Checkpoint, stored: int) -> tuple[Edge, bytes, list[Tile]]:
        """The tree that was signed: from stored tiles and the last leaves, or from all leaves if tiles are wrong."""
        for base in (max(stored - 1, 0) // FULL * FULL, 0):
            try:
                edge, last, tiles = await self._extend(tenant, await self._edge(tenant, base), signed.size)
            except Malformed:
                continue
            if edge.root() == signed.root:
                return edge, last, tiles
        raise Halted(f"the first {signed.size} facts are not those that were sealed")

    async def _stored(self, tenant: KeyOwner) -> Note | None:
        note = await self._connection.fetchval(
            f"SELECT note FROM {schema_of(tenant)}.sealings ORDER BY size DESC LIMIT 1"
        )
        return Note.read(note) if note is not None else None

    async def _edge(self, tenant: KeyOwner, size: int) -> Edge:
        """The edge of the tree at some size, from the stored tiles. Raises Malformed when they are not there."""
        return Edge.read(size, await read_tiles(self._connection, tenant, edge_places(size)))

    async def _extend(self, tenant: KeyOwner, edge: Edge, upto: int) -> tuple[Edge, bytes, list[Tile]]:
        """The edge at `upto`, the last leaf's hash, and the tiles made or widened. Every row is checked."""
        schema = schema_of(tenant)
        widest: dict[TilePlace, Tile] = {}
        last = b""
        before = await leaf_at(self._connection, schema, edge.size)
        async for entries in read_entries(self._connection, schema, edge.size, upto):
            for entry in entries:
                said = entry.check(tenant.id, tenant.log)
                entry.check_course(said, before)
                before = said
            hashes = [entry.leaf_hash for entry in entries]
            edge, tiles = edge.grow(hashes)
            widest |= {tile.place: tile for tile in tiles}
            last = hashes[-1]
        return edge, last, list(widest.values())

    async def _publish(self, tenant: KeyOwner, note: Note, size: int, tiles: list[Tile]) -> None:
        async with self._connection.transaction():
            await self._store(tenant, tiles)
            await self._connection.execute(
                f"INSERT INTO {schema_of(tenant)}.sealings (size, note) VALUES ($1, $2)", size, bytes(note)
            )
        await self._connection.execute("SELECT pg_notify($1, $2)", SEALED, tenant.id)

    async def _store(self, tenant: KeyOwner, tiles: list[Tile]) -> None:
        await self._connection.executemany(
            f"""
            INSERT INTO {schema_of(tenant)}.tiles (level, number, hashes) VALUES ($1, $2, $3)
            ON CONFLICT (level, number) DO UPDATE SET hashes = excluded.hashes
            """,
            [(*tile.place, tile.hashes) for tile in tiles],
        )


async def read_tiles(connection: Connection, tenant: KeyOwner, places: Collection[TilePlace]) -> dict[TilePlace, bytes]:
    """The stored tiles at these places, as far as there are such; they prove nothing by themselves."""
    rows = await connection.fetch(
        f"""
        SELECT level, number, hashes FROM {schema_of(tenant)}.tiles
        WHERE (level, number) IN (SELECT * FROM unnest($1::int[], $2::bigint[]))
        """,
        [place.level for place in places],
        [place.number for place in places],
    )
    return {TilePlace(level, number): hashes for level, number, hashes in rows}


async def record_halt(connection: Connection, tenant: KeyOwner, reason: str) -> None:
    """Leave the reason where an operator sees it: in the log of the process, and, once, beside the log itself."""
    log.error("a log is no longer sealed", tenant=tenant.id, reason=reason)
    schema = schema_of(tenant)
    await connection.execute(
        f"""
        WITH sealed AS (SELECT coalesce(max(size), 0) AS size FROM {schema}.sealings)
        INSERT INTO {schema}.halts (size, reason)
        SELECT size, $1 FROM sealed
        WHERE NOT EXISTS (SELECT FROM {schema}.halts said WHERE said.size = sealed.size AND said.reason = $1)
        """,
        reason,
    )
    await connection.execute("SELECT pg_notify($1, $2)", SEALED, tenant.id)


def _published(note: Note, key: SignerKey) -> Checkpoint:
    """The checkpoint stored last: of this key, or, while its first one is not there, of an earlier epoch."""
    found = Checkpoint.read(note.text)
    return found if found.origin != key.name and covers(key.name, found.origin) else _checked(note, key)


def _is_in(edge: Edge, position: int, hashed: bytes, tiles: Tiles) -> bool:
    """Whether these tiles show that this leaf stands at the position."""
    index = position - 1
    try:
        verify_inclusion(index, edge.size, hashed, inclusion_proof(index, edge.size, tiles), edge.root())
    except (Malformed, BadProof):
        return False
    return True


def _checked(note: Note, key: SignerKey) -> Checkpoint:
    """The checkpoint, if this key has signed it. Raises Invalid or Halted."""
    if not note.check([key.verifier]):
        raise Halted("a checkpoint that this sealer's key has not signed")
    found = Checkpoint.read(note.text)
    if found.origin != key.name:
        raise Halted(f"a checkpoint of {found.origin}")
    return found


async def connect(dsn: str) -> Connection:
    """The sealer's one connection, as its own login."""
    return await asyncpg.connect(dsn, server_settings={"lock_timeout": "2s", "jit": "off", "TimeZone": "UTC"})
