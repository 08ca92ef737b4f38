"""Every question that has a table: what the projector keeps up to date and `rebuild` makes anew."""

from __future__ import annotations

from typing import Any

from projections.adoptions import ADOPTIONS
from projections.councils import COUNCILS
from projections.exports import EXPORTS
from projections.fold import Projection
from projections.officials import OFFICIALS
from projections.register import REGISTER
from projections.reviews import REVIEWS
from projections.seasons import SEASONS
from projections.sheets import SHEETS
from projections.standings import STANDINGS
from projections.tallies import TALLIES
from projections.units import UNITS

PROJECTIONS: tuple[Projection[Any], ...] = (
    UNITS,
    OFFICIALS,
    ADOPTIONS,
    SEASONS,
    SHEETS,
    STANDINGS,
    COUNCILS,
    TALLIES,
    REGISTER,
    REVIEWS,
    EXPORTS,
)
