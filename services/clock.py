"""What day it is in Việt Nam, which has had one time zone without summer time since 1975."""

from datetime import UTC, date, datetime, timedelta, timezone

VIETNAM = timezone(timedelta(hours=7))

#: The years in which there are moments to look at; beyond them clocks and time zones have no end of surprises.
FIRST_YEAR, LAST_YEAR = 1990, 2200


def today() -> date:
    """The day on a Vietnamese calendar now."""
    return datetime.now(UTC).astimezone(VIETNAM).date()


def is_looked_at(moment: datetime) -> bool:
    """Whether the moment lies in a year in which something can have been recorded."""
    return FIRST_YEAR <= moment.year <= LAST_YEAR
