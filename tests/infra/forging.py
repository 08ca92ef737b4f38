"""What somebody with all rights on a database may do to a log so that the rows themselves still fit together."""

from collections.abc import Awaitable, Callable
from datetime import timedelta
from hashlib import sha256
from typing import Any

import asyncpg
import msgspec

from infra.leaf import canonical, leaf_hash

Row = dict[str, Any]
Forgery = Callable[[asyncpg.Connection, str], Awaitable[None]]


async def rows_of(superuser: asyncpg.Connection, schema: str) -> list[Row]:
    return [dict(row) for row in await superuser.fetch(f"SELECT * FROM {schema}.events ORDER BY position")]


async def write_rows(superuser: asyncpg.Connection, schema: str, rows: list[Row]) -> None:
    """These rows instead of all there are, numbered from 1, each leaf made anew so that everything links."""
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


def forgery(change: Callable[[list[Row]], list[Row] | None]) -> Forgery:
    async def forge(superuser: asyncpg.Connection, schema: str) -> None:
        rows = await rows_of(superuser, schema)
        await write_rows(superuser, schema, change(rows) or rows)

    return forge


def _changed(rows: list[Row]) -> None:
    rows[2]["data"] = rows[2]["data"].replace("dòng 1", "dòng 9")


def _back_dated(rows: list[Row]) -> list[Row]:
    old = dict(rows[3], at=rows[3]["at"] - timedelta(days=3), data=rows[3]["data"].replace("dòng", "cũ"))
    return [*rows[:4], old, *rows[4:]]


def _swapped(rows: list[Row]) -> None:
    rows[2], rows[3] = rows[3], rows[2]


#: What stands afterwards is a log without a fault of its own: only a checkpoint held elsewhere can tell.
FORGERIES: dict[str, Forgery] = {
    "a fact is changed, and everything hashed again": forgery(_changed),
    "an actor is changed, and everything hashed again": forgery(lambda rows: rows[2].update(actor="u-9")),
    "the last fact is gone": forgery(lambda rows: rows[:-1]),
    "a fact in the middle is gone, and the rest renumbered": forgery(lambda rows: [*rows[:3], *rows[4:]]),
    "a back-dated fact is inserted": forgery(_back_dated),
    "two facts have changed places": forgery(_swapped),
    "the log is truncated and has grown again": forgery(
        lambda rows: [*rows[:3], *(dict(row, data=row["data"].replace("dòng", "mới")) for row in rows[3:])]
    ),
}
