"""Progress of a tenant's projections, and the rows that stopped before a fact."""

from __future__ import annotations

from typing import NamedTuple


class ProjectionProgress(NamedTuple):
    """How far a projection is."""

    projection: str
    version: int
    generation: int
    position: int


class StoppedRow(NamedTuple):
    """A row that goes on no more, of a projection; `key` as it is stored. Or a fact without terms, of the trail."""

    projection: str
    key: str
    position: int
    reason: str


class ReadModelStatus(NamedTuple):
    """How far the log and each projection are, and the rows that were stopped on the way."""

    position: int
    checkpoints: dict[str, ProjectionProgress]
    stopped: tuple[StoppedRow, ...] = ()

    @property
    def behind(self) -> int:
        """How many facts the slowest projection still lacks."""
        return self.position - min((one.position for one in self.checkpoints.values()), default=0)
