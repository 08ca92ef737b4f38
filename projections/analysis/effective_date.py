"""The state of a dossier on a day, by the days that its documents bear.

The answer is a position of the log, so what is shown of the dossier is a past that it had, whole and in its order. No
fact up to there takes effect later than the day. An entry that bears no day took effect when it was recorded, or, where
an act that took effect by the day was recorded after it, by that act: nothing is decided on what is not there.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import NamedTuple

from domain.effect import day_of
from domain.fact import Recorded


class Came(NamedTuple):
    """How far it had come. Of the facts up to `position`, `known` had been recorded by the moment, `later` came
    afterwards; `missed` are in effect too, but lie beyond: they were recorded after one that took effect later.
    """

    position: int
    known: int
    later: int
    missed: int


def came_to(facts: Sequence[Recorded], day: date, recorded: int) -> Came | None:
    """How far these facts, in the order of the log, had come by the end of the day; None where none was in effect.

    `recorded` is the last position that had been recorded by the moment itself.
    """

    def in_effect(one: Recorded) -> bool:
        own = day_of(one.fact)
        return one.position <= recorded if own is None else own <= day

    count = 0
    for number, one in enumerate(facts, start=1):
        own = day_of(one.fact)
        if own is not None and own > day:
            break
        if in_effect(one):
            count = number
    if not count:
        return None
    seen, beyond = facts[:count], facts[count:]
    furthest = max(seen[-1].position, recorded)
    known = sum(one.position <= recorded for one in seen)
    return Came(
        min(furthest, beyond[0].position - 1) if beyond else furthest,
        known,
        len(seen) - known,
        sum(map(in_effect, beyond)),
    )
