"""The appraisal queue: the indicators that await the appraiser, and those that changed since they were appraised.

A question to the standings: no rows of its own.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from enum import StrEnum
from typing import NamedTuple

from projections.tables.seasons import SeasonRow
from projections.tables.standings import Cell, CommuneStage, Standing

#: Stages at which a dossier is with the appraiser.
WITH_THE_APPRAISER = (CommuneStage.SUBMITTED, CommuneStage.SUPPLEMENT)


class Waiting(StrEnum):
    """Where an indicator stands in its appraisal."""

    NEW = "new"
    CHANGED = "changed"
    AT_THE_COMMUNE = "at-the-commune"
    APPRAISED = "appraised"


class QueuedDossier(NamedTuple):
    """A dossier with the appraiser: each of the season's indicators and where it stands."""

    standing: Standing
    indicators: dict[str, Waiting]

    def how_many(self, waiting: Waiting) -> int:
        """How many indicators stand so."""
        return sum(one is waiting for one in self.indicators.values())

    @property
    def awaiting(self) -> tuple[str, ...]:
        """The indicators that the appraiser has to look at now."""
        return tuple(code for code, one in self.indicators.items() if one in (Waiting.NEW, Waiting.CHANGED))


def queue(standings: Iterable[Standing], season: SeasonRow, unit: str) -> list[QueuedDossier]:
    """The dossiers with the unit's appraiser, those submitted first in front."""
    found = [
        QueuedDossier(row, {code: waiting(row.cells.get(code, _EMPTY)) for code in season.indicators})
        for row in standings
        if row.decided_by == unit and row.stage in WITH_THE_APPRAISER
    ]
    return sorted(found, key=lambda one: (one.standing.submitted_on or date.max, one.standing.commune))


def waiting(cell: Cell) -> Waiting:
    """Where the indicator stands."""
    if cell.returned is not None:
        return Waiting.AT_THE_COMMUNE
    if cell.is_appraised:
        return Waiting.APPRAISED
    return Waiting.CHANGED if cell.changed_since_appraisal else Waiting.NEW


_EMPTY = Cell()
