"""The checkpoints that the sealer has published in a tenant's log, as they are stored: nothing is judged here."""

from infra.ledger.note import Note
from infra.platform.database import Connection, HasId, schema_of


async def last_note(connection: Connection, tenant: HasId) -> Note | None:
    """The largest checkpoint as a signed note; None before the first. Raises Malformed."""
    raw = await connection.fetchval(f"SELECT note FROM {schema_of(tenant)}.sealings ORDER BY size DESC LIMIT 1")
    return None if raw is None else Note.read(raw)


async def note_of(connection: Connection, tenant: HasId, size: int) -> Note | None:
    """The checkpoint over so many facts as a signed note; None where there is none. Raises Malformed."""
    raw = await connection.fetchval(f"SELECT note FROM {schema_of(tenant)}.sealings WHERE size = $1", size)
    return None if raw is None else Note.read(raw)


async def notes_up_to(connection: Connection, tenant: HasId, size: int) -> list[tuple[int, Note]]:
    """The checkpoints over at most so many facts, each with its size. Raises Malformed."""
    rows = await connection.fetch(f"SELECT size, note FROM {schema_of(tenant)}.sealings WHERE size <= $1", size)
    return [(count, Note.read(raw)) for count, raw in rows]


async def published_size(connection: Connection, tenant: HasId) -> int:
    """How many facts the largest checkpoint covers; 0 before the first."""
    size: int = await connection.fetchval(f"SELECT coalesce(max(size), 0) FROM {schema_of(tenant)}.sealings")
    return size
