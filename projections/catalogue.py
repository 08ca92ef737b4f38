"""Every question that has a table: what the projector keeps up to date and `rebuild` makes anew."""

from __future__ import annotations

from typing import Any

from projections.fold import Projection
from projections.tables.adoptions import ADOPTIONS
from projections.tables.councils import COUNCILS
from projections.tables.days_off import DAYS_OFF
from projections.tables.exports import EXPORTS
from projections.tables.officials import OFFICIALS
from projections.tables.rates import RATES
from projections.tables.register import REGISTER
from projections.tables.reviews import REVIEWS
from projections.tables.seasons import SEASONS
from projections.tables.sheets import SHEETS
from projections.tables.standings import STANDINGS
from projections.tables.tallies import TALLIES
from projections.tables.units import UNITS

PROJECTIONS: tuple[Projection[Any], ...] = (
    UNITS,
    OFFICIALS,
    ADOPTIONS,
    DAYS_OFF,
    RATES,
    SEASONS,
    SHEETS,
    STANDINGS,
    COUNCILS,
    TALLIES,
    REGISTER,
    REVIEWS,
    EXPORTS,
)
