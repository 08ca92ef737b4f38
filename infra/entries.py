"""The rows of a log as they are stored, each held against its leaf: whoever seals or verifies a log asks for this."""

from collections.abc import AsyncIterator
from datetime import datetime
from hashlib import sha256
from typing import NamedTuple
from uuid import UUID

import msgspec

from domain.fact import StreamName
from infra.database import Connection
from infra.leaf import NotCanonical, canonical, instant, leaf_hash, parse
from infra.ledger.text import Invalid

#: Rows read at a time.
PAGE = 2_000

#: The keys of a leaf, all of them always.
KEYS = {"actor", "at", "command", "evidence", "log", "on_behalf_of", "payload_sha256"} | {
    *("prev", "schema", "stream", "type", "unit", "v", "version")
}


class BadEntry(Invalid):
    """A row of the log does not say what its leaf says, or does not follow the one before it."""

    def __init__(self, position: int, reason: str) -> None:
        super().__init__(f"position {position}: {reason}")
        self.position = position
        self.reason = reason


class Entry(NamedTuple):
    """A row of the log, by the names of its columns; `before` and `follows` are the leaf hash and the position of its
    stream's fact before.
    """

    position: int
    kind: str
    season: str
    subject: str
    stream_id: UUID
    version: int
    topic: str
    schema: int
    command_id: UUID
    actor: str
    unit: str
    at: datetime
    data: str
    leaf: bytes
    leaf_hash: bytes
    before: bytes | None
    follows: int | None

    def check(self, tenant: str, origin: str) -> bytes:
        """The leaf's hash, when leaf and row say the same and the hashes stored are right. Raises BadEntry."""
        found = leaf_hash(self.leaf)
        if found != self.leaf_hash:
            raise BadEntry(self.position, "the stored hash is not that of the leaf")
        try:
            said = parse(self.leaf)
            payload = canonical(msgspec.json.decode(self.data))
        except (NotCanonical, msgspec.DecodeError) as reason:
            raise BadEntry(self.position, f"not canonical: {reason}") from None
        if not isinstance(said, dict) or said.keys() != KEYS:
            raise BadEntry(self.position, "the leaf has other keys than a leaf has")
        row = {
            "v": 1,
            "log": origin,
            "stream": str(self.stream_id),
            "version": self.version,
            "prev": self.before.hex() if self.before else "",
            "type": self.topic,
            "schema": self.schema,
            "at": instant(self.at),
            "actor": self.actor,
            "unit": self.unit,
            "command": str(self.command_id),
            "payload_sha256": sha256(payload).hexdigest(),
        }
        for key, value in row.items():
            if said[key] != value:
                raise BadEntry(self.position, f"{key} is {value!r} in the row and {said[key]!r} in the leaf")
        if (self.version > 1) != (self.before is not None):
            raise BadEntry(self.position, f"version {self.version} without the one before it")
        if self.follows is not None and self.follows >= self.position:
            raise BadEntry(self.position, f"version {self.version - 1} comes later, at {self.follows}")
        if StreamName(self.kind, self.season, self.subject).id(tenant) != self.stream_id:
            raise BadEntry(self.position, "the stream's name and its id do not belong together")
        return found


async def read_entries(
    connection: Connection, schema: str, after: int, upto: int, page: int = PAGE
) -> AsyncIterator[list[Entry]]:
    """The rows with `after` < position <= `upto`, in pages that are never empty. BadEntry when one is missing."""
    while after < upto:
        rows = await connection.fetch(_entries_sql(schema), after, upto, page)
        entries = [Entry(*row) for row in rows]
        for number, entry in enumerate(entries, after + 1):
            if entry.position != number:
                raise BadEntry(number, "is missing")
        if not entries:
            raise BadEntry(after + 1, "is missing")
        yield entries
        after = entries[-1].position


def _entries_sql(schema: str) -> str:
    return f"""
    SELECT event.position, event.kind, event.season, event.subject, event.stream_id, event.version, event.topic,
           event.schema, event.command_id, event.actor, event.unit, event.at, event.data, event.leaf, event.leaf_hash,
           before.leaf_hash, before.position
    FROM (SELECT * FROM {schema}.events WHERE position > $1 AND position <= $2 ORDER BY position LIMIT $3) event
         LEFT JOIN {schema}.events before
         ON before.stream_id = event.stream_id AND before.version = event.version - 1
    ORDER BY event.position
    """
