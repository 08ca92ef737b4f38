"""The one walk over a council's meetings in a season, number by number: a case and a replay read them in this order."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import TypeVar

from domain.fact import StreamName
from domain.meeting import meeting_key, meeting_stream

R = TypeVar("R")


async def walk_meetings(
    season: str, unit: str, read: Callable[[Sequence[StreamName]], Awaitable[Sequence[R | None]]], at_a_time: int = 1
) -> list[tuple[StreamName, R]]:
    """All meetings of the unit's council in the season, in order, each with what `read` gives for its stream.

    Meetings are numbered from 1 without gaps: the walk ends at the first for which `read` gives nothing. `read` is
    asked of so many streams `at_a_time`, and answers in their order.
    """
    found: list[tuple[StreamName, R]] = []
    while True:
        numbers = range(len(found) + 1, len(found) + 1 + at_a_time)
        names = [meeting_stream(season, meeting_key(unit, number)) for number in numbers]
        for name, meeting in zip(names, await read(names), strict=True):
            if not meeting:
                return found
            found.append((name, meeting))
