"""Long work in a process that serves others, done in slices of a few milliseconds.

A thread would not do: it holds the interpreter as the loop does, and the loop then waits for it at every turn.
"""

import asyncio
from collections.abc import Iterable
from time import perf_counter
from typing import TypeVar

#: Seconds after which others are served.
SLICE = 0.005

T = TypeVar("T")


async def in_slices(work: Iterable[T]) -> list[T]:
    """All that the work gives, item by item; after each slice the event loop turns once."""
    done = []
    end = perf_counter() + SLICE
    for item in work:
        done.append(item)
        if perf_counter() > end:
            await asyncio.sleep(0)
            end = perf_counter() + SLICE
    return done
