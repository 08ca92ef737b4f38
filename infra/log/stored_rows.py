"""The rows of a log as they are stored, each held against its leaf: whoever seals or verifies a log asks for this."""

from collections.abc import AsyncIterator
from datetime import datetime
from functools import lru_cache
from hashlib import sha256
from typing import NamedTuple

import msgspec

from domain.fact import StreamName
from domain.log import LOG, Log
from infra.ledger.canonical_json import NotCanonical, canonical
from infra.ledger.epoch import Epoch, covers
from infra.ledger.leaf import Leaf, leaf_hash, read_leaf
from infra.ledger.text import Invalid
from infra.platform.database import Connection

#: Rows read at a time.
PAGE = 2_000


class BadEntry(Invalid):
    """A row of the log does not say what its leaf says, or does not follow the one before it."""

    def __init__(self, position: int, reason: str) -> None:
        super().__init__(f"position {position}: {reason}")
        self.position = position
        self.reason = reason


class StoredRow(NamedTuple):
    """A row of the log, by the names of its columns; `before` and `follows` are the leaf hash and the position of its
    stream's fact before, where these were asked for.
    """

    position: int
    kind: str
    season: str
    subject: str
    stream_id: str
    version: int
    topic: str
    schema: int
    command_id: str
    actor: str
    unit: str
    at: datetime
    data: str
    leaf: bytes
    leaf_hash: bytes
    before: bytes | None = None
    follows: int | None = None

    def check(self, tenant: str, origin: str) -> Leaf:
        """What the leaf says, when the row is right and follows the one before it in its stream. Raises BadEntry."""
        said = self.said(tenant, origin)
        if said.prev != (self.before.hex() if self.before else ""):
            raise BadEntry(
                self.position, f"prev is {said.prev!r} in the leaf, and another is version {said.version - 1}"
            )
        if self.follows is not None and self.follows >= self.position:
            raise BadEntry(self.position, f"version {self.version - 1} comes later, at {self.follows}")
        return said

    def said(self, tenant: str, origin: str) -> Leaf:
        """What the leaf says, when the row says the same and its hashes are right. Raises BadEntry.

        `origin` is that of the log now; a leaf may be of an earlier epoch.
        """
        if leaf_hash(self.leaf) != self.leaf_hash:
            raise BadEntry(self.position, "the stored hash is not that of the leaf")
        try:
            said = read_leaf(self.leaf)
            payload = canonical(msgspec.json.decode(self.data))
            at = datetime.fromisoformat(said.at)
        except (NotCanonical, ValueError) as reason:
            raise BadEntry(self.position, f"not canonical: {reason}") from None
        row = (
            *(said.log if covers(origin, said.log) else origin, self.stream_id, self.version, self.topic, self.schema),
            *(self.command_id, self.actor, self.unit, self.at, sha256(payload).hexdigest()),
        )
        leaf = (
            *(said.log, said.stream, said.version, said.type, said.schema, said.command, said.actor, said.unit),
            *(at, said.payload_sha256),
        )
        if row != leaf:
            key, ours, theirs = next(three for three in zip(_SAID, row, leaf, strict=True) if three[1] != three[2])
            raise BadEntry(self.position, f"{key} is {ours} in the row and {theirs} in the leaf")
        if _stream_id(tenant, self.kind, self.season, self.subject) != self.stream_id:
            raise BadEntry(self.position, "the stream's name and its id do not belong together")
        return said

    def check_course(self, said: Leaf, before: Leaf | None) -> None:
        """Whether the fact may stand after the one before it in the log (None where that is not known).

        A log begins in its first epoch, a later epoch with the fact that admits the loss, and nothing follows the end.
        Raises BadEntry.
        """
        if self.position == 1 and Epoch.read(said.log).number > 1:
            raise BadEntry(self.position, f"a log does not begin as {said.log}")
        if before is None:
            return
        if before.type == Log.Closed.TOPIC:
            raise BadEntry(self.position, "stands after the fact that closed the log")
        if said.log == before.log and said.type != Log.Restored.TOPIC:
            return
        if not covers(said.log, before.log):
            raise BadEntry(self.position, f"is of {said.log}, and the fact before it of {before.log}")
        if said.log == before.log or said.type != Log.Restored.TOPIC or not self._begins(said.log):
            raise BadEntry(self.position, f"{said.type} of {said.log} cannot follow a fact of {before.log}")

    def _begins(self, origin: str) -> bool:
        try:
            told = msgspec.json.decode(self.data, type=_Begun)
        except msgspec.DecodeError:
            return False
        return self.kind == LOG.kind and told == _Begun(origin, self.position - 1)


#: What row and leaf both say, by the keys of the leaf.
_SAID = ("log", "stream", "version", "type", "schema", "command", "actor", "unit", "at", "payload_sha256")

#: The columns of an entry that stand in its own row.
_COLUMNS = """
    event.position, event.kind, event.season, event.subject, event.stream_id::text, event.version, event.topic,
    event.schema, event.command_id::text, event.actor, event.unit, event.at, event.data, event.leaf, event.leaf_hash
"""


async def read_entries(
    connection: Connection, schema: str, after: int, upto: int, page: int = PAGE
) -> AsyncIterator[list[StoredRow]]:
    """The rows with `after` < position <= `upto`, in pages that are never empty. BadEntry when one is missing."""
    while after < upto:
        rows = await connection.fetch(_entries_sql(schema), after, upto, page)
        entries = [StoredRow(*row) for row in rows]
        for number, entry in enumerate(entries, after + 1):
            if entry.position != number:
                raise BadEntry(number, "is missing")
        if not entries:
            raise BadEntry(after + 1, "is missing")
        yield entries
        after = entries[-1].position


async def read_rows(
    connection: Connection, schema: str, after: int, upto: int, page: int = PAGE
) -> AsyncIterator[list[StoredRow]]:
    """The rows with `after` < position <= `upto` that there are, in pages, without what stands before each."""
    while rows := await connection.fetch(
        f"""
        SELECT {_COLUMNS} FROM {schema}.events event
        WHERE event.position > $1 AND event.position <= $2 ORDER BY event.position LIMIT $3
        """,
        after,
        upto,
        page,
    ):
        entries = [StoredRow(*row) for row in rows]
        yield entries
        after = entries[-1].position


class _Begun(msgspec.Struct):
    """What of `log.restored` says where it stands."""

    origin: str
    kept: int


async def leaf_at(connection: Connection, schema: str, position: int) -> Leaf | None:
    """What the leaf at a position says, None where there is none. Raises BadEntry."""
    leaf = await connection.fetchval(f"SELECT leaf FROM {schema}.events WHERE position = $1", position)
    try:
        return None if leaf is None else read_leaf(leaf)
    except NotCanonical as reason:
        raise BadEntry(position, f"not canonical: {reason}") from None


@lru_cache(maxsize=100_000)
def _stream_id(tenant: str, kind: str, season: str, subject: str) -> str:
    return str(StreamName(kind, season, subject).id(tenant))


def _entries_sql(schema: str) -> str:
    return f"""
    SELECT {_COLUMNS}, before.leaf_hash, before.position
    FROM (SELECT * FROM {schema}.events WHERE position > $1 AND position <= $2 ORDER BY position LIMIT $3) event
         LEFT JOIN {schema}.events before
         ON before.stream_id = event.stream_id AND before.version = event.version - 1
    ORDER BY event.position
    """
