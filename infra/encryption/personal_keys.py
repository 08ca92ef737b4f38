"""The key of each subject of personal data, in a database of their own: to erase somebody's data is to destroy the key.

Keys lie there wrapped: encrypted under a key that is in no database (the KEK), bound to their province and subject. A
login of its own reads, makes and destroys them, and row security shows it one province at a time. Of a destroyed key
the row stays, so that no other is ever made in its place.
"""

import asyncio
import functools
import os
from collections.abc import AsyncIterator, Callable, Collection
from contextlib import asynccontextmanager
from uuid import UUID

import asyncpg
import structlog
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from domain.errors import KeyDestroyed, KeysUnavailable
from infra.encryption.personal_values import KEY, NONCE, Covered
from infra.ledger.canonical_json import canonical
from infra.platform.database import OUTDATED, HasId, Pool, PooledConnection, begun_again, schema_of

#: Seconds after which the database of keys counts as gone, for connecting and for each question.
PATIENCE = 3.0

log = structlog.get_logger("keys")


class PersonalKeys:
    """The keys of every province, in one process. Whatever goes wrong with their database is KeysUnavailable."""

    def __init__(self, dsn: str, kek: Callable[[], bytes]) -> None:
        """`kek` gives what wraps the keys, when a first key is wrapped or unwrapped: who only destroys needs none."""
        self._dsn = dsn
        self._kek_of = kek
        self._pool: Pool | None = None
        self._opening = asyncio.Lock()

    async def close(self) -> None:
        if self._pool is not None:
            await self._pool.close()

    @begun_again
    async def cover(self, tenant: HasId, subject: UUID, value: str) -> Covered:
        """The value with the subject's key, which is made when there is none. KeyDestroyed once it was destroyed."""
        fresh = os.urandom(KEY)
        async with self._asking(tenant) as connection:
            await connection.execute(
                "INSERT INTO keys.keys (tenant, subject, wrapped) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING",
                tenant.id,
                subject,
                self._wrap(tenant, subject, fresh),
            )
            wrapped = await connection.fetchval(
                "SELECT wrapped FROM keys.keys WHERE tenant = $1 AND subject = $2", tenant.id, subject
            )
        if wrapped is None:
            raise KeyDestroyed
        key = self._unwrap(tenant, subject, wrapped)
        if key is None:
            raise KeysUnavailable
        return Covered(value, subject, key)

    @begun_again
    async def find(self, tenant: HasId, subjects: Collection[UUID]) -> dict[UUID, bytes]:
        """The keys that these subjects still have. One that this KEK does not unwrap counts as not there."""
        async with self._asking(tenant) as connection:
            rows = await connection.fetch(
                """
                SELECT subject, wrapped FROM keys.keys
                WHERE tenant = $1 AND subject = ANY($2) AND wrapped IS NOT NULL
                """,
                tenant.id,
                subjects,
            )
        found = ((row["subject"], self._unwrap(tenant, row["subject"], row["wrapped"])) for row in rows)
        return {subject: key for subject, key in found if key is not None}

    @begun_again
    async def destroy(self, tenant: HasId, *subjects: UUID) -> None:
        """Destroy the keys of these subjects; that there is none yet is no reason for one to be made later."""
        async with self._asking(tenant) as connection:
            await connection.execute(
                """
                INSERT INTO keys.keys (tenant, subject, destroyed_at)
                SELECT $1, subject, clock_timestamp() FROM unnest($2::uuid[]) subject
                ON CONFLICT (tenant, subject) DO UPDATE SET wrapped = NULL, destroyed_at = excluded.destroyed_at
                WHERE keys.wrapped IS NOT NULL
                """,
                tenant.id,
                subjects,
            )

    async def answer(self) -> None:
        """Raise KeysUnavailable when the database of keys does not answer."""
        async with self._connected() as connection:
            await connection.execute("SELECT 1")

    @asynccontextmanager
    async def _asking(self, tenant: HasId) -> AsyncIterator[PooledConnection]:
        """A transaction that sees the keys of this province only."""
        async with self._connected() as connection, connection.transaction():
            await connection.execute("SELECT set_config('keys.tenant', $1, true)", schema_of(tenant))
            yield connection

    @asynccontextmanager
    async def _connected(self) -> AsyncIterator[PooledConnection]:
        try:
            async with self._opening:
                if self._pool is None:
                    if not self._dsn:
                        raise ConnectionError("KEYS_DATABASE_URL is not set")
                    self._pool = await asyncpg.create_pool(
                        self._dsn, min_size=0, max_size=4, timeout=PATIENCE, command_timeout=PATIENCE
                    )
            async with self._pool.acquire(timeout=PATIENCE) as connection:
                yield connection
        except OUTDATED:
            raise
        except (OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError) as reason:
            log.warning("keys unavailable", reason=str(reason) or type(reason).__name__)
            raise KeysUnavailable from reason

    @functools.cached_property
    def _kek(self) -> AESGCM:
        return AESGCM(self._kek_of())

    def _wrap(self, tenant: HasId, subject: UUID, key: bytes) -> bytes:
        nonce = os.urandom(NONCE)
        return nonce + self._kek.encrypt(nonce, key, _owner(tenant, subject))

    def _unwrap(self, tenant: HasId, subject: UUID, wrapped: bytes) -> bytes | None:
        try:
            return self._kek.decrypt(wrapped[:NONCE], wrapped[NONCE:], _owner(tenant, subject))
        except InvalidTag:
            log.warning("key not unwrapped: another key-encryption key, or a row that was moved", tenant=tenant.id)
            return None


def _owner(tenant: HasId, subject: UUID) -> bytes:
    return canonical({"subject": str(subject), "tenant": tenant.id})
