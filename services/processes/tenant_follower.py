"""Calls for every log that has grown: told by hints, and looking by itself every now and then."""

from __future__ import annotations

import asyncio
import math
import time
import traceback
from collections.abc import Awaitable, Callable, Sequence
from typing import Generic, Self, TypeVar

import structlog

from infra.log.eventstore import GROWN
from infra.platform.database import LOST, OUTDATED, HasId
from infra.platform.notifications import Listener
from infra.schema.migrate import advice_on

#: Seconds before a tenant whose move failed is tried again.
PAUSE = 0.5

#: What is asked for when nobody knows whose log has grown.
EVERYBODY = ""

#: Who was heard to have grown comes before those who are only looked at, unless these have waited so many seconds:
#: a province at work does not wait until every other one has been gone through.
HEAD_START = 10.0

T = TypeVar("T", bound=HasId)

log = structlog.get_logger("growing")


class Follower(Generic[T]):
    """Moves on every tenant whose log may have grown: a few at a time, each by one task at most.

    `rest` says for how many seconds a tenant is then left alone, given how many its move took.
    """

    def __init__(
        self,
        move: Callable[[T], Awaitable[object]],
        tenants: Callable[[], Awaitable[Sequence[T]]],
        dsn: str,
        *,
        at_once: int,
        rest: Callable[[float], float],
        poll: float = 1.0,
    ) -> None:
        self._move_on = move
        self._registry = tenants
        self._at_once = at_once
        self._rest = rest
        self._tenants: dict[str, T] = {}
        self._strangers: set[str] = set()  # heard of, and not among ours when we last looked at all
        self._listener = Listener(dsn, GROWN, self._heard, poll)
        self._asked: asyncio.PriorityQueue[tuple[float, str]] = asyncio.PriorityQueue()
        self._waiting: dict[str, float] = {}  # when it is their turn
        self._moving: set[str] = set()
        self._tasks: list[asyncio.Task[None]] = []
        self._away = False
        self._trouble: dict[str, str] = {}
        self._ended = False

    async def __aenter__(self) -> Self:
        await self._listener.__aenter__()
        self._tasks = [asyncio.create_task(self._work()) for _ in range(self._at_once)]
        return self

    async def __aexit__(self, *_: object) -> None:
        self._ended = True
        await self._listener.__aexit__()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def _heard(self, tenant: str | None) -> None:
        self._ask(tenant or EVERYBODY, time.monotonic() - HEAD_START)

    def _ask(self, name: str, turn: float | None = None) -> None:
        turn = time.monotonic() if turn is None else turn
        if turn < self._waiting.get(name, math.inf):
            self._waiting[name] = turn
            if name not in self._moving:  # else it is asked for again once it has rested
                self._asked.put_nowait((turn, name))

    async def _work(self) -> None:
        while not self._ended:  # a move that fails at the moment it is cancelled tells of its failure only
            turn, name = await self._asked.get()
            if self._waiting.get(name) != turn:
                continue  # it had an earlier turn meanwhile
            del self._waiting[name]
            self._moving.add(name)
            begun = time.monotonic()
            try:
                await self._move(name)
                self._say_away("")
                self._trouble.pop(name, None)
            except LOST as reason:
                self._say_away(str(reason) or type(reason).__name__)
                asyncio.get_running_loop().call_later(PAUSE, self._ask, name)
            except OUTDATED:  # a migration has just changed a table
                log.info("begun again", tenant=name)
                asyncio.get_running_loop().call_soon(self._ask, name)
            except Exception as reason:  # noqa: BLE001 - tried again
                self._say_trouble(name, traceback.format_exc(), advice_on(reason))
                asyncio.get_running_loop().call_later(PAUSE, self._ask, name)
            finally:
                rest = self._rest(time.monotonic() - begun)
                asyncio.get_running_loop().call_later(rest, self._rested, name)

    def _say_away(self, reason: str) -> None:
        """Once, not at every try: a database may be away for hours."""
        if bool(reason) is not self._away:
            self._away = bool(reason)
            if reason:
                log.warning("the database is away", reason=reason)
            else:
                log.warning("the database is back")

    def _say_trouble(self, name: str, trace: str, advice: str) -> None:
        """Likewise: a log that cannot be read remains so until somebody has looked at it."""
        if self._trouble.get(name) != trace:
            self._trouble[name] = trace
            log.error(
                "tenant could not be moved on", tenant=name, trace=trace, **({"advice": advice} if advice else {})
            )

    def _rested(self, name: str) -> None:
        self._moving.discard(name)
        if name in self._waiting:
            self._asked.put_nowait((self._waiting[name], name))

    async def _move(self, name: str) -> None:
        if name == EVERYBODY or not (name in self._tenants or name in self._strangers):
            self._tenants = {tenant.id: tenant for tenant in await self._registry()}
        if name == EVERYBODY:
            self._strangers.clear()
            for tenant in self._tenants:
                self._ask(tenant)
        elif name in self._tenants:
            await self._move_on(self._tenants[name])
        else:
            self._strangers.add(name)
