"""What corrections of a running season ask of a commune: indicators to be entered again, or for the first time.

A question to the season and the commune's standing: no rows of its own.
"""

from __future__ import annotations

from projections.tables.seasons import Notice, SeasonRow
from projections.tables.standings import Cell, Standing

_EMPTY = Cell()


def asked_by_corrections(standing: Standing, season: SeasonRow) -> tuple[str, ...]:
    """The indicators that a correction asks for and nobody has entered since, in the order of the text."""
    return tuple(code for code in season.indicators if _text_asking(code, standing.cells.get(code, _EMPTY), season))


def why_asked(code: str, cell: Cell, season: SeasonRow) -> Notice | None:
    """Why the text was corrected that asks for the indicator; None where none does."""
    text = _text_asking(code, cell, season)
    return season.corrections.get(text) if text else None


def _text_asking(code: str, cell: Cell, season: SeasonRow) -> str | None:
    if cell.again is not None:
        return cell.again.text
    return None if cell.is_scored else season.added.get(code)
