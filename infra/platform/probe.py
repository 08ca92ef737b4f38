"""Probes: a quick answer to whether a service lives."""

import asyncio
import math
import time
from collections.abc import Awaitable, Callable
from typing import Final

#: Seconds after which a service that has not answered counts as away.
PATIENCE: Final = 1.5

#: Seconds for which an answer holds: whoever asks more often is told the same.
FRESH: Final = 1.0


class Probe:
    """Asks one service, one question at a time: who does not answer is not asked by more and more."""

    def __init__(self, ask: Callable[[], Awaitable[object]]) -> None:
        self._ask = ask
        self._asking: asyncio.Task[bool] | None = None
        self._answered_at = -math.inf

    async def answers(self) -> bool:
        """Whether the service answers within PATIENCE; as it was at most FRESH seconds ago."""
        if self._asking is None or (self._asking.done() and time.monotonic() - self._answered_at >= FRESH):
            self._asking = asyncio.create_task(self._answered())
        await asyncio.wait({self._asking}, timeout=PATIENCE)
        return self._asking.done() and self._asking.result()

    async def _answered(self) -> bool:
        try:
            await self._ask()
        except Exception:  # noqa: BLE001 - whatever is wrong with it, it does not answer
            return False
        finally:
            self._answered_at = time.monotonic()
        return True
