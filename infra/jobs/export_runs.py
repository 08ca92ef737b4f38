"""Export runs: the exports that are owed, who works on each, and how far it is.

The table is made from the log and can be lost: `learn` looks the log through again. A worker *holds* an export for
some seconds at a time; one that was killed loses its hold, and the export is owed again. Attempts are counted when
an export is taken up, so that one which kills its worker does not do so for ever; `put_off` takes one back that
failed by no fault of the export's.
"""

from collections.abc import Collection
from datetime import timedelta
from uuid import UUID

import msgspec

from infra.platform.database import Database, HasId, begun_again, schema_of


class Run(msgspec.Struct, frozen=True):
    """How far an export is: `done` of `total` steps; `running` while a worker holds it."""

    export: UUID
    attempts: int
    done: int
    total: int
    running: bool
    over: bool
    trouble: str


_RUNNING = "NOT over AND holder <> '' AND held_until > clock_timestamp()"
_RUN = f"export, attempts, done, total, {_RUNNING} AS running, over, trouble"


class ExportRuns:
    """The exports that are under way in each province."""

    def __init__(self, database: Database) -> None:
        self._database = database

    @begun_again
    async def learn(self, tenant: HasId) -> None:
        """Look at what was asked for, finished, failed or cancelled since the last look."""
        schema = schema_of(tenant)
        async with self._database.writing(tenant) as connection:
            # Whoever else looks just now waits here, and then finds nothing new.
            after = await connection.fetchval(f"SELECT position FROM {schema}.export_watch FOR UPDATE")
            upto = await connection.fetchval(f"SELECT position FROM {schema}.head")
            if upto == after:
                return
            await connection.execute(
                f"""
                INSERT INTO {schema}.export_runs (export, requested)
                SELECT subject::uuid, position FROM {schema}.events
                WHERE position > $1 AND position <= $2 AND kind = 'export' AND topic = 'export.requested'
                ON CONFLICT (export) DO NOTHING
                """,
                after,
                upto,
            )
            await connection.execute(
                f"""
                UPDATE {schema}.export_runs SET over = true, changed_at = clock_timestamp()
                FROM {schema}.events event
                WHERE event.position > $1 AND event.position <= $2 AND event.kind = 'export'
                  AND event.topic IN ('export.finished', 'export.failed', 'export.cancelled')
                  AND export = event.subject::uuid
                """,
                after,
                upto,
            )
            await connection.execute(f"UPDATE {schema}.export_watch SET position = $1", upto)

    @begun_again
    async def owed(self, tenant: HasId, most: int = 1_000) -> list[Run]:
        """What nobody holds and is not over, in the order it was asked for, at most so many."""
        schema = schema_of(tenant)
        async with self._database.reading(tenant) as connection:
            rows = await connection.fetch(
                f"SELECT {_RUN} FROM {schema}.export_runs WHERE NOT over AND held_until <= clock_timestamp() "
                "ORDER BY requested LIMIT $1",
                most,
            )
        return [Run(**row) for row in rows]

    @begun_again
    async def of(self, tenant: HasId, exports: Collection[UUID]) -> dict[UUID, Run]:
        """How far these exports are; those not learnt of yet are absent."""
        schema = schema_of(tenant)
        async with self._database.reading(tenant) as connection:
            rows = await connection.fetch(
                f"SELECT {_RUN} FROM {schema}.export_runs WHERE export = ANY($1::uuid[])", list(exports)
            )
        return {row["export"]: Run(**row) for row in rows}

    @begun_again
    async def take(self, tenant: HasId, export: UUID, holder: str, hold: timedelta) -> Run | None:
        """Take an export up, as one more attempt; None when it is over or somebody else holds it."""
        schema = schema_of(tenant)
        async with self._database.writing(tenant) as connection:
            row = await connection.fetchrow(
                f"""
                UPDATE {schema}.export_runs
                SET attempts = attempts + 1, holder = $2, held_until = clock_timestamp() + $3, done = 0, total = 0,
                    changed_at = clock_timestamp()
                WHERE export = $1 AND NOT over AND held_until <= clock_timestamp()
                RETURNING {_RUN}
                """,
                export,
                holder,
                hold,
            )
        return Run(**row) if row else None

    @begun_again
    async def go_on(self, tenant: HasId, export: UUID, holder: str, hold: timedelta, done: int, total: int) -> bool:
        """Say how far it is and hold it longer; False when it was taken away or is over, and work should stop."""
        schema = schema_of(tenant)
        async with self._database.writing(tenant) as connection:
            held = await connection.fetchval(
                f"""
                UPDATE {schema}.export_runs
                SET held_until = clock_timestamp() + $3, done = $4, total = $5, changed_at = clock_timestamp()
                WHERE export = $1 AND holder = $2 AND NOT over RETURNING true
                """,
                export,
                holder,
                hold,
                done,
                total,
            )
        return bool(held)

    @begun_again
    async def let_go(self, tenant: HasId, export: UUID, holder: str, pause: timedelta, trouble: str = "") -> None:
        """Give it up, so that it is owed again after a pause; `trouble` says what went wrong."""
        schema = schema_of(tenant)
        async with self._database.writing(tenant) as connection:
            await connection.execute(
                f"""
                UPDATE {schema}.export_runs
                SET held_until = clock_timestamp() + $3, trouble = $4, changed_at = clock_timestamp(), holder = ''
                WHERE export = $1 AND holder = $2
                """,
                export,
                holder,
                pause,
                trouble,
            )

    @begun_again
    async def put_off(self, tenant: HasId, export: UUID, holder: str, pause: timedelta) -> None:
        """Give it up without an attempt having been counted, so that it is owed again after a pause.

        Whoever has taken it up meanwhile goes on holding it.
        """
        schema = schema_of(tenant)
        async with self._database.writing(tenant) as connection:
            await connection.execute(
                f"""
                UPDATE {schema}.export_runs
                SET attempts = greatest(attempts - 1, 0), changed_at = clock_timestamp(),
                    held_until = CASE WHEN holder = $2 THEN clock_timestamp() + $3 ELSE held_until END,
                    holder = CASE WHEN holder = $2 THEN '' ELSE holder END
                WHERE export = $1
                """,
                export,
                holder,
                pause,
            )
