"""Whether a service answers, asked by somebody who does not wait for long."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Final

#: Seconds after which a service that has not answered counts as away.
PATIENCE: Final = 1.5


class Probe:
    """Asks one service, one question at a time: who does not answer is not asked by more and more."""

    def __init__(self, ask: Callable[[], Awaitable[object]]) -> None:
        self._ask = ask
        self._asking: asyncio.Task[bool] | None = None

    async def answers(self) -> bool:
        """Whether the service answers within PATIENCE."""
        if self._asking is None or self._asking.done():
            self._asking = asyncio.create_task(self._answered())
        await asyncio.wait({self._asking}, timeout=PATIENCE)
        return self._asking.done() and self._asking.result()

    async def _answered(self) -> bool:
        try:
            await self._ask()
        except Exception:  # noqa: BLE001 - whatever is wrong with it, it does not answer
            return False
        return True
