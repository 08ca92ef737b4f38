"""The rates that a province set, with their documents, and those it withdrew."""

from __future__ import annotations

from datetime import date, datetime

from msgspec.structs import replace

from domain.fact import Recorded
from domain.rate import RateName
from domain.rates import Rates, with_rates
from domain.rulebook import Rulebook
from projections.fold import Projection, Row, RowPart, everything_together


class RateRow(RowPart, frozen=True):
    """A rate from a day on; `set_at` and `withdrawn_at` are positions of the log, the latter None while it holds."""

    name: RateName
    dong: int
    from_on: date
    document_no: str
    document_on: date
    issuer: str
    article: str
    by: str
    at: datetime
    set_at: int
    withdrawn_at: int | None = None
    reason: str = ""


class RatesRow(Row, frozen=True):
    """The rates by id, in the order in which they were set."""

    rates: dict[str, RateRow] = {}

    def held(self, upto: int | None = None) -> list[RateRow]:
        """The rates that hold at a position of the log; None for the last."""
        return [
            one
            for one in self.rates.values()
            if (upto is None or one.set_at <= upto)
            and (one.withdrawn_at is None or (upto is not None and one.withdrawn_at > upto))
        ]

    def applied(self, rulebook: Rulebook, year: int, upto: int | None = None) -> Rulebook:
        """The rulebook at the rates that hold at a position of the log."""
        return with_rates(rulebook, self.held(upto), year)


RATES = Projection("rates", version=1, row=RatesRow, scope=everything_together, seasonal=False)


@RATES.begins(Rates.Begun)
def _begun(fact: Rates.Begun, recorded: Recorded) -> RatesRow:
    return RatesRow()


@RATES.on(Rates.Set)
def _set(row: RatesRow, fact: Rates.Set, recorded: Recorded) -> RatesRow:
    rate = RateRow(
        fact.name,
        fact.dong,
        fact.from_on,
        fact.document_no,
        fact.document_on,
        fact.issuer,
        fact.article,
        recorded.actor,
        recorded.at,
        recorded.position,
    )
    return replace(row, rates={**row.rates, str(fact.rate): rate})


@RATES.on(Rates.Withdrawn)
def _withdrawn(row: RatesRow, fact: Rates.Withdrawn, recorded: Recorded) -> RatesRow:
    known = row.rates.get(str(fact.rate))
    if known is None:
        return row
    withdrawn = replace(known, withdrawn_at=recorded.position, reason=fact.reason)
    return replace(row, rates={**row.rates, str(fact.rate): withdrawn})
