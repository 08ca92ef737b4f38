"""What day it is in Việt Nam, which has had one time zone without summer time since 1975."""

from datetime import UTC, date, datetime, timedelta, timezone

VIETNAM = timezone(timedelta(hours=7))


def today() -> date:
    """The day on a Vietnamese calendar now."""
    return datetime.now(UTC).astimezone(VIETNAM).date()
