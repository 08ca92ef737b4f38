"""Hints between processes that a province has something new, by PostgreSQL's LISTEN and NOTIFY.

A hint may be lost or come late: whoever hears it looks up the truth by position.
"""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any, Self

import asyncpg

from infra.platform.database import LOST, Connection, HasId, close, connect


class Notifier:
    """Tells other processes that a tenant has something new: never more often than once in `interval`.

    A hint is only a hint. It is sent after the commit on another connection (inside the transaction it would
    slow every append), may be lost, and whoever listens looks up the truth by position.
    """

    def __init__(self, dsn: str, channel: str, interval: float = 0.005) -> None:
        self._dsn = dsn
        self._channel = channel
        self._interval = interval
        self._dirty: set[str] = set()
        self._task: asyncio.Task[None] | None = None
        self._connection: Connection | None = None

    def mark(self, tenant: HasId) -> None:
        self._dirty.add(tenant.id)
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._send())

    async def close(self) -> None:
        if self._task is not None:
            await asyncio.gather(self._task, return_exceptions=True)
        if self._connection is not None:
            await close(self._connection)

    async def _send(self) -> None:
        while self._dirty:
            dirty, self._dirty = sorted(self._dirty), set()
            try:
                if self._connection is None or self._connection.is_closed():
                    self._connection = await connect(self._dsn, synchronous_commit="off")
                await self._connection.execute(
                    "SELECT pg_notify($1, tenant) FROM unnest($2::text[]) tenant", self._channel, dirty
                )
            except LOST:
                if self._connection is not None:
                    self._connection.terminate()
                self._connection = None
                return  # listeners look by themselves now and then; the next mark tries again
            await asyncio.sleep(self._interval)


class Listener:
    """Hears the hints of a channel and says, at latest every `poll` seconds, "look again" (tenant None).

    It connects again by itself, and says "look again" then too, for hints were missed meanwhile.
    """

    def __init__(self, dsn: str, channel: str, heard: Callable[[str | None], None], poll: float = 1.0) -> None:
        self._dsn = dsn
        self._channel = channel
        self._heard = heard
        self._poll = poll
        self._task: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        ready = asyncio.Event()
        self._task = asyncio.create_task(self._listen(ready))
        try:
            await ready.wait()
        except BaseException:  # cancelled while it connects: there is no block that would end it
            await self.__aexit__()
            raise
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    async def _listen(self, ready: asyncio.Event) -> None:
        # The connection lives in this frame, and the frame in a task we hold: nobody collects it as garbage.
        while True:
            connection: Connection | None = None
            try:
                connection = await connect(self._dsn)
                await connection.add_listener(self._channel, self._on_hint)
                ready.set()
                while not connection.is_closed():
                    self._heard(None)
                    await asyncio.sleep(self._poll)
            except (*LOST, asyncpg.PostgresError):  # too many connections, too
                pass
            finally:
                if connection is not None:
                    connection.terminate()
            ready.set()
            self._heard(None)
            await asyncio.sleep(min(self._poll, 0.2))

    def _on_hint(self, _connection: Any, _pid: int, _channel: str, payload: object) -> None:
        self._heard(str(payload))


class Waiter:
    """Wakes those who wait for news of a tenant on a channel; listens from the first wait on.

    They are woken in any case every `poll` seconds, and look for themselves.
    """

    def __init__(self, dsn: str, channel: str, poll: float = 1.0) -> None:
        self._listener = Listener(dsn, channel, self._heard, poll)
        self._waiting: dict[str, set[asyncio.Event]] = {}
        self._listening = AsyncExitStack()
        self._begun: asyncio.Task[Any] | None = None

    @asynccontextmanager
    async def of(self, tenant: HasId) -> AsyncIterator[asyncio.Event]:
        """An event that is set when there may be news of this tenant; whoever waits clears it before looking."""
        if self._begun is None:
            self._begun = asyncio.create_task(self._listening.enter_async_context(self._listener))
        await asyncio.shield(self._begun)
        event = asyncio.Event()
        waiting = self._waiting.setdefault(tenant.id, set())
        waiting.add(event)
        try:
            yield event
        finally:
            waiting.discard(event)
            if not waiting:
                self._waiting.pop(tenant.id, None)

    async def close(self) -> None:
        if self._begun is not None:
            await asyncio.gather(self._begun, return_exceptions=True)
        await self._listening.aclose()

    def _heard(self, tenant: str | None) -> None:
        tenants = [tenant] if tenant is not None else list(self._waiting)
        for one in tenants:
            for event in self._waiting.get(one, ()):
                event.set()
