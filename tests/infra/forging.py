"""What somebody with all rights on a database may do to a log so that the rows themselves still fit together."""

from collections.abc import Awaitable, Callable
from datetime import timedelta
from hashlib import sha256
from typing import Any

import asyncpg
import msgspec

from infra.ledger.canonical_json import canonical
from infra.ledger.leaf import leaf_hash

Row = dict[str, Any]
Forgery = Callable[..., Awaitable[None]]


async def rows_of(superuser: asyncpg.Connection, schema: str) -> list[Row]:
    return [dict(row) for row in await superuser.fetch(f"SELECT * FROM {schema}.events ORDER BY position")]


async def write_rows(superuser: asyncpg.Connection, schema: str, rows: list[Row]) -> None:
    """These rows instead of all there are, numbered from 1, each leaf made anew so that everything links."""
    rows = [dict(row) for row in rows]
    last: dict[Any, tuple[int, str]] = {}
    for position, row in enumerate(rows, 1):
        version, prev = last.get(row["stream_id"], (0, ""))
        said = msgspec.json.decode(row["leaf"])
        payload = canonical(msgspec.json.decode(row["data"]))
        said |= {"version": version + 1, "prev": prev, "payload_sha256": sha256(payload).hexdigest()}
        said |= {"at": row["at"].isoformat(timespec="microseconds")[:26] + "Z", "actor": row["actor"]}
        leaf = canonical(said)
        row |= {"position": position, "version": version + 1, "leaf": leaf, "leaf_hash": leaf_hash(leaf)}
        last[row["stream_id"]] = version + 1, row["leaf_hash"].hex()
    await superuser.execute(f"DELETE FROM {schema}.events; UPDATE {schema}.head SET position = {len(rows)}")
    columns = list(rows[0])
    values = ", ".join(f"${number}" for number in range(1, len(columns) + 1))
    await superuser.executemany(
        f"INSERT INTO {schema}.events ({', '.join(columns)}) VALUES ({values})", [tuple(row.values()) for row in rows]
    )


def forgery(change: Callable[[list[Row], int], list[Row] | None]) -> Forgery:
    async def forge(superuser: asyncpg.Connection, schema: str, at: int = 2) -> None:
        rows = await rows_of(superuser, schema)
        await write_rows(superuser, schema, change(rows, at) or rows)

    return forge


def altered(row: Row) -> Row:
    """The fact with another payload: a ballot turned round, else some text that is another."""
    said = msgspec.json.decode(row["data"])
    if said.get("choice") == "for":
        said["choice"] = "against"
    else:
        key = max(key for key, value in said.items() if isinstance(value, str))
        said[key] += " khác"
    return dict(row, data=canonical(said).decode())


def _back_dated(rows: list[Row], at: int) -> list[Row]:
    return [*rows[: at + 1], altered(dict(rows[at], at=rows[at]["at"] - timedelta(days=3))), *rows[at + 1 :]]


#: What stands afterwards is a log without a fault of its own: only a checkpoint held elsewhere can tell.
FORGERIES: dict[str, Forgery] = {
    "a fact is changed, and everything hashed again": forgery(
        lambda rows, at: [*rows[:at], altered(rows[at]), *rows[at + 1 :]]
    ),
    "an actor is changed, and everything hashed again": forgery(
        lambda rows, at: [*rows[:at], dict(rows[at], actor="u-9"), *rows[at + 1 :]]
    ),
    "the last fact is gone": forgery(lambda rows, at: rows[:-1]),
    "a fact in the middle is gone, and the rest renumbered": forgery(lambda rows, at: [*rows[:at], *rows[at + 1 :]]),
    "a back-dated fact is inserted": forgery(_back_dated),
    "two facts have changed places": forgery(lambda rows, at: [*rows[:at], rows[at + 1], rows[at], *rows[at + 2 :]]),
    "the log is truncated and has grown again": forgery(
        lambda rows, at: [*rows[:at], altered(rows[at]), *(dict(row) for row in rows[at + 1 :])]
    ),
}
