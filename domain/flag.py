"""A sign of formal or wrong recognition that somebody looked into and set aside, with the reason."""

from __future__ import annotations

from uuid import UUID

from domain.errors import ReasonMissing
from domain.fact import FirstFact, Stream, StreamName


class Flag(Stream):
    """One flag of one commune in one season, as certain facts raised it. The stream begins when it is dismissed."""

    TOPIC = "flag"

    class Dismissed(FirstFact):
        """Somebody who oversees found that these facts, at these positions, are no sign of anything wrong.

        Facts that come later raise the flag again.
        """

        TOPIC = "flag.dismissed"
        commune: str
        flag: str
        positions: tuple[int, ...]
        reason: str

    def __init__(self, id: UUID, commune: str, flag: str, positions: tuple[int, ...], reason: str) -> None:
        self.commune = commune
        self.flag = flag
        self.positions = positions
        self.reason = reason


def reason_to_dismiss(reason: str) -> str:
    """The reason, which must be there."""
    if not reason.strip():
        raise ReasonMissing(act="dismiss-flag")
    return reason.strip()


def flag_stream(season: str, commune: str, flag: str, last: int) -> StreamName:
    """The stream of a flag as raised up to its last position: it is dismissed once."""
    return StreamName("flag", season, f"{commune}-{flag}-{last}")
