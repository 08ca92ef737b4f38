"""The access log: evidence opened and acts refused, kept beside the log for two years and never changed."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import NamedTuple

from infra.platform.database import Database, HasId, begun_again, schema_of
from infra.readmodels.term_rows import MarkedRows


class Access(NamedTuple):
    """What somebody did or tried; `refused` is the code of the refusal, "" when it was granted."""

    person: str
    office: str
    unit: str
    act: str
    season: str
    commune: str
    object: str
    refused: str


class LoggedAccess(NamedTuple):
    """An access as it was written; positions rise, with gaps."""

    position: int
    at: datetime
    access: Access


class AccessLog(MarkedRows):
    """The accesses of all provinces."""

    def __init__(self, database: Database) -> None:
        super().__init__(database, "accesses")

    async def write(self, tenant: HasId, access: Access, terms: Collection[str]) -> None:
        """Add it, as of now."""
        async with self._database.writing(tenant) as connection:
            await connection.execute(
                f"""
                INSERT INTO {schema_of(tenant)}.accesses
                  (marks, person, office, unit, act, season, commune, object, refused)
                VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
                """,
                sorted(terms),
                *access,
            )

    async def last(self, tenant: HasId) -> int:
        """The position of the latest; 0 where there is none."""
        rows = await self._database.ask(
            tenant, f"SELECT coalesce(max(position), 0) AS last FROM {schema_of(tenant)}.accesses"
        )
        return int(rows[0]["last"])

    async def read(self, tenant: HasId, positions: Collection[int]) -> list[LoggedAccess]:
        """Those at these positions, newest first."""
        rows = await self._database.ask(
            tenant,
            f"""
            SELECT position, at, person, office, unit, act, season, commune, object, refused
            FROM {schema_of(tenant)}.accesses WHERE position = ANY($1::bigint[]) ORDER BY position DESC
            """,
            list(positions),
        )
        return [LoggedAccess(row["position"], row["at"], Access(*row[2:])) for row in rows]

    @begun_again
    async def forget(self, tenant: HasId) -> int:
        """Let go what is older than two years; how many."""
        async with self._database.writing(tenant) as connection:
            return int(await connection.fetchval(f"SELECT {schema_of(tenant)}.forget_accesses()"))
