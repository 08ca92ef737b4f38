"""Rate limits, counted in Redis over a moving time; whoever waits may ask again.

The counts are neither encrypted nor bound to anything: whoever writes to Redis may let more through, or hold others up
for a while, as they could by emptying it. Nothing but patience may rest on a count.
"""

from __future__ import annotations

import math
import time

from limits import RateLimitItem
from limits.aio.storage import RedisStorage
from limits.aio.strategies import MovingWindowRateLimiter
from redis.asyncio import Redis


class Throttle:
    """Counts what was done, by names that the caller makes."""

    def __init__(self, redis: Redis) -> None:
        storage = RedisStorage(
            "async+redis://",  # the connections are those of `redis`
            implementation="redispy",
            key_prefix="throttle",
            connection_pool=redis.connection_pool,  # type: ignore[arg-type]  # typed for plain options only
        )
        self._limiter = MovingWindowRateLimiter(storage)

    async def wait(self, limit: RateLimitItem, *names: str) -> int:
        """Count one more, unless that is more than `limit` for these names: then the seconds until it is not."""
        if await self._limiter.hit(limit, *names):
            return 0
        stats = await self._limiter.get_window_stats(limit, *names)
        return max(1, math.ceil(stats.reset_time - time.time()))
