"""The log itself: the first fact of every province names whose log it is."""

from __future__ import annotations

from uuid import UUID

from domain.fact import FirstFact, Stream, StreamName


class Log(Stream):
    """The tenant's log; position 1 is always its opening."""

    TOPIC = "log"

    class Opened(FirstFact):
        """The log of a province begins. A successor of a merged province names its predecessor's last checkpoint."""

        TOPIC = "log.opened"
        origin: str
        province_code: str
        province: str
        predecessor_origin: str | None = None
        predecessor_size: int | None = None
        predecessor_root: str | None = None

    def __init__(self, id: UUID, origin: str, province_code: str, province: str) -> None:
        self.origin = origin
        self.province_code = province_code
        self.province = province


LOG = StreamName("log", "", "log")
