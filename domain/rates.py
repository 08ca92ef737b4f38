"""Rates that provinces set, such as what a mediation team is paid a month: each by a document, from a day on.

A rulebook's measure names a rate and the most that the ministry allows for it, which is also what holds where a
province has set none (Thông tư 56/2023/TT-BTC). A month, and a case settled in it, has the rate in force on the first
day of the month.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import MAXYEAR, MINYEAR, date
from typing import NamedTuple, Protocol
from uuid import UUID

from domain.errors import ChangeSettled, RateAlreadySet, RateOutOfBounds, ReasonMissing, SourceMissing
from domain.fact import Fact, FirstFact, Stream, StreamName
from domain.measure import Amount
from domain.rate import Rate, RateName
from domain.rulebook import Criterion, Figure, Indicator, Part, Rulebook

MONTHS = 12


class InForce(Protocol):
    """A rate from a day on."""

    @property
    def name(self) -> RateName: ...
    @property
    def dong(self) -> int: ...
    @property
    def from_on(self) -> date: ...


class Period(NamedTuple):
    """What a rate comes to in the months of a year from `first` to `last`, 1 to 12."""

    first: int
    last: int
    dong: int


@dataclass(frozen=True, slots=True)
class SetRate:
    """A rate of a province, in đồng, from a day on."""

    name: RateName
    dong: int
    from_on: date


class Rates(Stream):
    """The rates of a province; `held` are those not taken back, by id."""

    TOPIC = "rate"

    class Begun(FirstFact):
        """The province sets rates of its own."""

        TOPIC = "rate.begun"

    class Set(Fact):
        """From a day on the rate is so many đồng, by a document of this number, day, body and article."""

        TOPIC = "rate.set"
        rate: UUID
        name: RateName
        dong: int
        from_on: date
        document_no: str
        document_on: date
        issuer: str
        article: str

        def apply(self, rates: Rates) -> None:
            rates.held[self.rate] = SetRate(self.name, self.dong, self.from_on)

    class Withdrawn(Fact):
        """The rate was recorded by mistake, and holds no more."""

        TOPIC = "rate.withdrawn"
        rate: UUID
        reason: str

        def apply(self, rates: Rates) -> None:
            del rates.held[self.rate]

    def __init__(self, id: UUID) -> None:
        self.held: dict[UUID, SetRate] = {}

    def set(
        self,
        rate: UUID,
        name: RateName,
        dong: int,
        from_on: date,
        *,
        most: int,
        document_no: str,
        document_on: date,
        issuer: str,
        article: str,
    ) -> None:
        """Set a rate. RateOutOfBounds above the maximum or without any, SourceMissing without a document,
        RateAlreadySet where one holds from that very day.
        """
        if not 1 <= dong <= most:
            raise RateOutOfBounds(name=name, typed=dong, most=most, field="dong")
        if not document_no.strip() or not issuer.strip():
            raise SourceMissing(field="document_no" if issuer.strip() else "issuer")
        if any((one.name, one.from_on) == (name, from_on) for one in self.held.values()):
            raise RateAlreadySet(name=name, from_on=from_on)
        self.trigger_event(
            self.Set,
            rate=rate,
            name=name,
            dong=dong,
            from_on=from_on,
            document_no=document_no,
            document_on=document_on,
            issuer=issuer,
            article=article,
        )

    def withdraw(self, rate: UUID, reason: str) -> None:
        """Take back what was recorded by mistake. ChangeSettled when it does not hold, ReasonMissing."""
        if rate not in self.held:
            raise ChangeSettled(change=rate)
        if not reason.strip():
            raise ReasonMissing(act="withdraw-rate")
        self.trigger_event(self.Withdrawn, rate=rate, reason=reason)


def rates_stream() -> StreamName:
    """The one stream of the province's rates."""
    return StreamName("rate", "", "rate")


def local_rates(rulebook: Rulebook) -> dict[RateName, Rate]:
    """The rates that the rulebook leaves to provinces, by name, as they are where a province sets none."""
    return {
        rate.local: rate
        for part in rulebook.parts.values()
        if isinstance(part.measure, Amount)
        for rate in part.measure.rates
        if rate.local
    }


def periods(rate: Rate, held: Iterable[InForce], year: int) -> list[Period]:
    """What the rate comes to in each month of the year; months that follow each other with the same rate together.

    In the year of an old season that is none, it is what the rulebook says.
    """
    if not MINYEAR <= year <= MAXYEAR:
        return [Period(1, MONTHS, rate.dong)]
    own = sorted((one for one in held if one.name == rate.local), key=lambda one: one.from_on)
    found: list[Period] = []
    for month in range(1, MONTHS + 1):
        first = date(year, month, 1)
        dong = next((one.dong for one in reversed(own) if one.from_on <= first), rate.dong)
        if found and found[-1].dong == dong:
            found[-1] = found[-1]._replace(last=month)
        else:
            found.append(Period(month, month, dong))
    return found


def with_rates(rulebook: Rulebook, held: Sequence[InForce], year: int) -> Rulebook:
    """The rulebook as a province applies it in an assessment year: its amounts at the rates in force.

    A rate that changes within the year is asked for each of its periods by itself.
    """
    if not local_rates(rulebook):
        return rulebook
    criteria = tuple(_criterion(one, held, year) for one in rulebook.criteria)
    applied = replace(rulebook, criteria=criteria)
    split = {
        code
        for code, part in applied.parts.items()
        if isinstance(part.measure, Amount)
        and isinstance(former := rulebook.parts[code].measure, Amount)
        and len(part.measure.rates) != len(former.rates)
    }
    agreements = tuple(
        one
        for one in rulebook.agreements
        if not (one.part in split and one.figure is Figure.FIRST_COUNT)
        and not (one.other_part in split and one.other_figure is Figure.FIRST_COUNT)
    )
    return replace(applied, agreements=agreements)


def _criterion(criterion: Criterion, held: Sequence[InForce], year: int) -> Criterion:
    return replace(criterion, indicators=tuple(_indicator(one, held, year) for one in criterion.indicators))


def _indicator(indicator: Indicator, held: Sequence[InForce], year: int) -> Indicator:
    return replace(indicator, parts=tuple(_part(one, held, year) for one in indicator.parts))


def _part(part: Part, held: Sequence[InForce], year: int) -> Part:
    measure = part.measure
    if not isinstance(measure, Amount) or not any(rate.local for rate in measure.rates):
        return part
    rates = [
        rate._replace(dong=one.dong, first_month=one.first, last_month=one.last)
        for rate in measure.rates
        for one in (periods(rate, held, year) if rate.local else [Period(1, MONTHS, rate.dong)])
    ]
    return replace(part, measure=replace(measure, rates=tuple(rates)))
