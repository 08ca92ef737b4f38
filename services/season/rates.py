"""The rates of a province: set by a document from a day on, withdrawn where they were recorded by mistake."""

from __future__ import annotations

from datetime import date
from uuid import UUID

from domain.errors import DayInTheFuture, ParameterNotLocal
from domain.permissions import Act
from domain.rate import Rate, RateName
from domain.rates import Rates, local_rates, rates_stream
from infra.reference.rulebooks import Rulebooks
from services.work import CommandResult, Work, use_case


def rates_of(rulebooks: Rulebooks) -> dict[RateName, Rate]:
    """The rates that some rulebook leaves to provinces, by name, as its newest text has them."""
    return {name: rate for rulebook in rulebooks.newest_of_each() for name, rate in local_rates(rulebook).items()}


@use_case("set_rate", "name", "dong", "from_on", "document_no", "document_on", "issuer", "article")
async def set_rate(
    work: Work,
    name: RateName,
    dong: int,
    from_on: date,
    document_no: str,
    document_on: date,
    issuer: str,
    article: str = "",
) -> CommandResult:
    """Set a rate from a day on. ParameterNotLocal, DayInTheFuture for a document that is not issued yet,
    RateOutOfBounds, SourceMissing, RateAlreadySet.
    """
    work.require(Act.SET_RATE)
    if document_on > work.today:
        raise DayInTheFuture(field="document_on", day=document_on, today=work.today)
    left = rates_of(await work.rulebooks()).get(name)
    if left is None:
        raise ParameterNotLocal(path=name)
    stream = rates_stream()
    async with work.changing(stream) as streams:
        rates = streams.find(Rates, stream) or streams.begin(stream, Rates(id=work.id_of(stream)))
        rates.set(
            work.new_id("rate"),
            name,
            dong,
            from_on,
            most=left.dong,
            document_no=document_no,
            document_on=document_on,
            issuer=issuer,
            article=article,
        )
        return await streams.record()


@use_case("withdraw_rate", "rate", "reason")
async def withdraw_rate(work: Work, rate: UUID, reason: str) -> CommandResult:
    """Take back a rate that was recorded by mistake. ChangeSettled, ReasonMissing."""
    work.require(Act.SET_RATE)
    return await work.change(Rates, rates_stream(), lambda one: one.withdraw(rate, reason))
