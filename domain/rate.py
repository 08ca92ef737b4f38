"""A rate of money in a rulebook's measure, and the names of those that provinces set."""

from enum import StrEnum
from typing import NamedTuple


class RateName(StrEnum):
    """The rates that provinces set (Thông tư 56/2023/TT-BTC). Stored in facts."""

    TEAM_MONTH = "mediation-team-month"
    CASE = "mediation-case"
    SUCCESSFUL_CASE = "mediation-case-successful"


class Rate(NamedTuple):
    """So many đồng for each of a kind: in the year, or `monthly` in each month of its existence.

    `local` names a rate that provinces set; `dong` is then the most that they may, and holds where they set none. It is
    for the months from `first_month` to `last_month`.
    """

    label: str
    dong: int
    local: RateName | None = None
    monthly: bool = False
    source: str = ""
    first_month: int = 1
    last_month: int = 12

    @property
    def months(self) -> int:
        """For how many months of the year it is."""
        return self.last_month - self.first_month + 1
