"""The day in Việt Nam, and the moments as of which something is looked at.

Việt Nam has had one time zone without summer time since 1975.
"""

from datetime import UTC, date, datetime, timedelta, timezone
from enum import StrEnum
from typing import NamedTuple

VIETNAM = timezone(timedelta(hours=7))

#: The years in which there are moments to look at; beyond them clocks and time zones have no end of surprises.
FIRST_YEAR, LAST_YEAR = 1990, 2200


class Clock(StrEnum):
    """By which clock a moment is meant: when things were recorded, or when they took effect."""

    RECORDED = "recorded"
    EFFECTIVE = "effective"


class Past(NamedTuple):
    """A moment that lies in the past: everything up to this position, which is what was recorded by `moment`, or what
    had taken effect by then. Of the latter `known` had been recorded, `later` was recorded afterwards; `missed` was in
    effect but lies beyond.
    """

    position: int
    moment: datetime
    clock: Clock = Clock.RECORDED
    known: int = 0
    later: int = 0
    missed: int = 0


def today() -> date:
    """The day on a Vietnamese calendar now."""
    return datetime.now(UTC).astimezone(VIETNAM).date()


def is_looked_at(moment: datetime) -> bool:
    """Whether the moment lies in a year in which something can have been recorded."""
    return FIRST_YEAR <= moment.year <= LAST_YEAR
