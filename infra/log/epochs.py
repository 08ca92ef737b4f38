"""Epochs of a log: where each begins, and what the database no longer takes of a former one.

Both bounds are constraints of the table. They cost an append nothing, hold for everybody, the owner included, and show
in the schema; the sealer and every verifier ask for the same by themselves.
"""

from typing import NamedTuple

from domain.log import LOG, Log
from infra.ledger.text import Malformed, read_hash
from infra.platform.database import Connection, HasId, schema_of

#: Names of the constraints: leaves are of the present epoch; nothing is appended any more.
EPOCH, CLOSED = "of_this_epoch", "closed"

#: How long an order may wait for what is being read and written.
PATIENCE = "SET LOCAL lock_timeout = '30s'"


class EpochStart(NamedTuple):
    """The fact with which an epoch begins, at `position`, and the last checkpoint of the one before that it names."""

    position: int
    origin: str
    predecessor_origin: str
    predecessor_size: int
    predecessor_root: bytes


async def read_beginnings(connection: Connection, tenant: HasId) -> list[EpochStart]:
    """Those of all epochs but the first, in order. Raises Malformed."""
    rows = await connection.fetch(
        f"""
        SELECT position, data ->> 'origin', data ->> 'predecessor_origin', data -> 'predecessor_size',
               data ->> 'predecessor_root'
        FROM {schema_of(tenant)}.events WHERE stream_id = $1 AND topic = $2 ORDER BY version
        """,
        LOG.id(tenant.id),
        Log.Restored.TOPIC,
    )
    try:
        return [
            EpochStart(position, origin, before, int(size), read_hash(root, "root"))
            for position, origin, before, size, root in rows
        ]
    except (TypeError, ValueError) as reason:
        raise Malformed(f"{Log.Restored.TOPIC}: {reason}") from None


async def beginning_of(connection: Connection, tenant: HasId) -> int:
    """The position at which the present epoch begins; 1 for the first. Checkpoints of it are not smaller."""
    return int(
        await connection.fetchval(
            f"SELECT coalesce(max(position), 1) FROM {schema_of(tenant)}.events WHERE stream_id = $1 AND topic = $2",
            LOG.id(tenant.id),
            Log.Restored.TOPIC,
        )
    )


async def admit_only(connection: Connection, tenant: HasId, origin: str, kept: int) -> None:
    """From now on the log takes leaves of this origin only, and first the fact that begins it; the first `kept` stay.

    As the owner, in a transaction.
    """
    needle = f'"log":"{origin}"'.encode().hex()
    await connection.execute(
        f"""
        ALTER TABLE {schema_of(tenant)}.events DROP CONSTRAINT IF EXISTS {EPOCH}, ADD CONSTRAINT {EPOCH}
        CHECK (position <= {kept:d} OR position('\\x{needle}'::bytea IN leaf) > 0
               AND (position > {kept + 1:d} OR topic = '{Log.Restored.TOPIC}')) NOT VALID
        """
    )


async def admit_end(connection: Connection, tenant: HasId, position: int) -> None:
    """From now on the log takes its last fact, directly after `position`, and no other. As owner, in a transaction."""
    await connection.execute(
        f"""
        ALTER TABLE {schema_of(tenant)}.events ADD CONSTRAINT {CLOSED}
        CHECK (position <= {position:d} OR position = {position + 1:d} AND topic = '{Log.Closed.TOPIC}') NOT VALID
        """
    )


async def is_closed(connection: Connection, tenant: HasId) -> bool:
    """Whether the log takes nothing any more, or its last fact only."""
    return bool(
        await connection.fetchval(
            "SELECT count(*) FROM pg_constraint WHERE conrelid = $1::text::regclass AND conname = $2",
            f"{schema_of(tenant)}.events",
            CLOSED,
        )
    )


async def hold(connection: Connection, tenant: HasId) -> int:
    """Hold the log still until the transaction ends, and say where it ends. As the owner."""
    schema = schema_of(tenant)
    await connection.execute(PATIENCE)
    await connection.execute(f"LOCK TABLE {schema}.events IN ACCESS EXCLUSIVE MODE")
    return int(await connection.fetchval(f"SELECT position FROM {schema}.head"))
