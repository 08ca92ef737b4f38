"""Connections to PostgreSQL: nobody touches a province's tables without that province in hand.

The application signs in as a role that may touch no tenant's tables at all. It takes a tenant's role, either
for one transaction (`reading`, `writing`) or on one of a few connections that keep it until another tenant
needs them (`writers`, `loaders`). Tables are named with the tenant's schema, whose name is the role's: a
wrong name is refused by the server, a missing tenant by us.
"""

import asyncio
import functools
import re
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
from contextlib import asynccontextmanager, suppress
from typing import Any, ParamSpec, Protocol, Self, TypeAlias, TypeVar

import asyncpg

Connection: TypeAlias = "asyncpg.Connection[asyncpg.Record]"
PooledConnection: TypeAlias = "asyncpg.pool.PoolConnectionProxy[asyncpg.Record]"
Pool: TypeAlias = "asyncpg.Pool[asyncpg.Record]"

_SCHEMA = re.compile(r"t_[0-9a-z_]{1,40}")

#: A forgotten lock or an abandoned transaction must not hold up a province.
SESSION = {
    "lock_timeout": "2s",
    "idle_in_transaction_session_timeout": "5s",
    "jit": "off",
    "TimeZone": "UTC",
    "DateStyle": "ISO",
}


#: Seconds for which somebody who looks at a page waits for the database: for a connection, and for one statement.
#: Who folds whole logs, builds tables anew or changes them waits without an end.
PATIENCE = 5.0

#: The connection is gone or of no more use: what is in flight may have happened or not.
LOST = (
    OSError,  # with it TimeoutError: no answer in time
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,  # what asyncpg says of an idle connection that the server has ended
    asyncpg.PostgresConnectionError,
    asyncpg.OperatorInterventionError,
)

#: The server cannot be reached, or has ended the connection for reasons of its own. What took too long is none of it.
AWAY = (
    ConnectionError,
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,
    asyncpg.PostgresConnectionError,
    asyncpg.AdminShutdownError,
    asyncpg.CrashShutdownError,
    asyncpg.CannotConnectNowError,
)

#: While a server works out which roles its session may take, it can miss that one more was granted meanwhile, and
#: keeps what it found (PostgreSQL's `roles_is_member_of`). A session begun afterwards knows.
UNAWARE = asyncpg.InsufficientPrivilegeError

#: A value that a table, an index or the protocol does not take: it concerns what holds it, and nothing else.
REFUSED_VALUE = (
    asyncpg.DataError,
    asyncpg.IntegrityConstraintViolationError,
    asyncpg.ProgramLimitExceededError,
    ValueError,  # of asyncpg itself, and of texts that are none
)


@asynccontextmanager
async def savepoint(connection: Connection) -> AsyncIterator[None]:
    """What fails in the block is undone, and the transaction goes on; savepoints do not stand within one another."""
    await connection.execute("SAVEPOINT attempt")
    try:
        yield
    except REFUSED_VALUE:
        await connection.execute("ROLLBACK TO SAVEPOINT attempt")
        raise
    await connection.execute("RELEASE SAVEPOINT attempt")


#: A table has changed its shape since a statement was prepared. Outside of a transaction the driver prepares it again
#: by itself; inside, all of the transaction has to begin again.
OUTDATED = asyncpg.InvalidCachedStatementError

#: How often something is begun at most while migrations run: several may come in a row.
TRIES = 4

P = ParamSpec("P")
R = TypeVar("R")


def begun_again(deed: Callable[P, Awaitable[R]]) -> Callable[P, Coroutine[Any, Any, R]]:
    """Begin anew what was broken off because a table has changed its shape.

    For deeds of which nothing remains then: those that only look, or are one transaction.
    """

    @functools.wraps(deed)
    async def trying(*args: P.args, **kwargs: P.kwargs) -> R:
        for _ in range(TRIES - 1):
            with suppress(OUTDATED):
                return await deed(*args, **kwargs)
        return await deed(*args, **kwargs)

    return trying


class NoTenant(Exception):
    """There is no tenant in hand, or what is in hand is not one's schema: no connection is given."""


class HasId(Protocol):
    """A tenant, as far as connections care: its schema, which is also its role."""

    @property
    def id(self) -> str: ...


def schema_of(tenant: HasId | None) -> str:
    """The tenant's schema and role, safe to stand in SQL. Raises NoTenant."""
    name = getattr(tenant, "id", None)
    if not isinstance(name, str) or not _SCHEMA.fullmatch(name):
        raise NoTenant(name)
    return name


class Database:
    """One process's connections to one cluster, as the application's login role.

    With `patience`, each connection and each statement is waited for so many seconds, then TimeoutError is raised and
    the connection thrown away.
    """

    def __init__(self, dsn: str, pool: Pool, writers: int, loaders: int, patience: float | None = None) -> None:
        self.dsn = dsn
        self.pool = pool
        self._patience = patience
        # The plans of the few statements that writers use need not be made for each call.
        self.writers = RoleConnections(lambda: connect(dsn, plan_cache_mode="force_generic_plan"), writers, patience)
        self.loaders = RoleConnections(lambda: connect(dsn, default_transaction_read_only="on"), loaders, patience)

    @classmethod
    async def open(
        cls, dsn: str, *, readers: int = 8, writers: int = 8, loaders: int = 4, patience: float | None = None
    ) -> Self:
        """Connect as the login role that `dsn` names; connections are made when first needed."""
        pool = await asyncpg.create_pool(
            dsn,
            min_size=0,
            max_size=readers,
            reset=_nothing_left,
            server_settings=SESSION,
            statement_cache_size=500,
            command_timeout=patience,
        )
        return cls(dsn, pool, writers, loaders, patience)

    async def close(self) -> None:
        await self.writers.close()
        await self.loaders.close()
        await self.pool.close()

    async def answer(self, patience: float = 5.0) -> None:
        """Raise when the database does not answer a connection of its own, in so many seconds for each step."""
        connection = await asyncpg.connect(self.dsn, timeout=patience)
        try:
            await connection.execute("SELECT 1", timeout=patience)
        finally:
            connection.terminate()

    @asynccontextmanager
    async def reading(self, tenant: HasId) -> AsyncIterator[Connection]:
        """A read-only look at the tenant's tables: all queries inside see one and the same moment."""
        async with self._as(tenant, "ISOLATION LEVEL REPEATABLE READ READ ONLY") as connection:
            yield connection

    @asynccontextmanager
    async def writing(self, tenant: HasId) -> AsyncIterator[Connection]:
        """A transaction on the tenant's tables that are not the log (read models, exports, files)."""
        async with self._as(tenant, "READ WRITE") as connection:
            yield connection

    async def ask(self, tenant: HasId, query: str, *arguments: Any) -> list[asyncpg.Record]:
        """The answer to one reading query, in one trip; asked once more when the connection turns out to be gone."""
        try:
            async with self.loaders.in_role(tenant) as connection:
                return await connection.fetch(query, *arguments)
        except TimeoutError:
            raise
        except LOST:
            async with self.loaders.in_role(tenant) as connection:
                return await connection.fetch(query, *arguments)

    @asynccontextmanager
    async def _as(self, tenant: HasId, mode: str) -> AsyncIterator[Connection]:
        connection = await self._begun(f"BEGIN {mode}; SET LOCAL ROLE {schema_of(tenant)}")  # one trip instead of two
        try:
            yield connection  # type: ignore[misc]  # the pool's proxy has all of a connection
            await connection.execute("COMMIT")
        except BaseException as reason:
            await self._undo(connection, reason)
            raise
        finally:
            await self.pool.release(connection)

    async def _undo(self, connection: PooledConnection, reason: BaseException) -> None:
        """What went wrong is raised, not that nothing can be done about it on this connection."""
        if not isinstance(reason, TimeoutError):
            with suppress(*LOST):
                async with asyncio.timeout(self._patience):
                    await connection.execute("ROLLBACK")
                return
        _cut(connection)

    async def _begun(self, begin: str) -> PooledConnection:
        """A connection on which this has begun; those that have ended or know less than a new one are thrown away."""
        async with asyncio.timeout(self._patience):
            for last in (*[False] * self.pool.get_max_size(), True):
                connection = await self.pool.acquire()
                try:
                    await connection.execute(begin)
                except BaseException as reason:
                    if isinstance(reason, (*LOST, UNAWARE, asyncio.CancelledError)):
                        _cut(connection)
                    await self.pool.release(connection)
                    if last or not isinstance(reason, (*LOST, UNAWARE)):
                        raise
                else:
                    return connection
        raise AssertionError("unreachable")


class RoleConnections:
    """A few connections, each of which keeps one tenant's role until another tenant needs it.

    A tenant always meets the same connection, so its role seldom changes hands. A closed one is opened again. With
    `patience`, TimeoutError ends what takes longer than so many seconds, with the wait for the connection.
    """

    def __init__(self, connect: Callable[[], Awaitable[Connection]], count: int, patience: float | None = None) -> None:
        self._connect = connect
        self._patience = patience
        self._slots = [_Slot() for _ in range(count)]
        self._home: dict[str, _Slot] = {}

    @asynccontextmanager
    async def in_role(self, tenant: HasId) -> AsyncIterator[Connection]:
        """The only door: no tenant, no connection."""
        role = schema_of(tenant)
        slot = self._home.get(role)
        if slot is None:
            slot = self._home[role] = self._slots[len(self._home) % len(self._slots)]
        async with asyncio.timeout(self._patience), slot.lock:
            try:
                yield await self._take_role(slot, role)
            except (*LOST, asyncio.CancelledError):  # whatever is in flight, nobody after it waits for its end
                slot.leave()
                raise

    async def close(self) -> None:
        for slot in self._slots:
            if slot.connection is not None:
                await close(slot.connection)

    async def _take_role(self, slot: "_Slot", role: str) -> Connection:
        connection = slot.connection
        if connection is None or connection.is_closed():
            connection = await self._reopen(slot)
        if slot.role != role:
            slot.role = None  # if SET ROLE fails, nobody's role is assumed
            try:
                await connection.execute(f"SET ROLE {role}")
            except UNAWARE:
                connection = await self._reopen(slot)
                await connection.execute(f"SET ROLE {role}")
            slot.role = role
        return connection

    async def _reopen(self, slot: "_Slot") -> Connection:
        slot.leave()
        slot.connection = await self._connect()
        return slot.connection


class _Slot:
    __slots__ = ("connection", "lock", "role")

    def __init__(self) -> None:
        self.connection: Connection | None = None
        self.role: str | None = None
        self.lock = asyncio.Lock()

    def leave(self) -> None:
        if self.connection is not None:
            self.connection.terminate()
        self.connection = self.role = None


async def connect(dsn: str, **settings: str) -> Connection:
    """A connection of its own, for those who keep one (writers, listeners)."""
    return await asyncpg.connect(dsn, server_settings={**SESSION, **settings}, statement_cache_size=500)


async def close(connection: Connection) -> None:
    """End it in order, or at once when it does not answer."""
    try:
        await connection.close(timeout=5)
    except (*LOST, TimeoutError):
        connection.terminate()


@asynccontextmanager
async def lent(pool: Pool, patience: float | None) -> AsyncIterator[PooledConnection]:
    """A connection of a pool; TimeoutError when none is free in time. One that did not answer in time is cut."""
    connection = await pool.acquire(timeout=patience)
    try:
        yield connection
    except TimeoutError:
        _cut(connection)
        raise
    finally:
        await pool.release(connection)


def _cut(connection: PooledConnection) -> None:
    """End it here; a pool may have let go of it already, and then says so."""
    with suppress(asyncpg.InterfaceError):
        connection.terminate()


async def _nothing_left(connection: Any) -> None:
    """Give a connection back only with its transaction ended: then SET LOCAL ROLE has ended too.

    asyncpg's own reset (RESET ALL) would cost a trip and would *not* take a role off.
    """
    if connection.is_in_transaction():
        raise RuntimeError("a connection came back in the middle of a transaction")
