"""The rates that the province sets: each with its document and the months in which it holds."""

from __future__ import annotations

from datetime import date
from typing import NamedTuple

from domain.errors import ChangeSettled
from domain.permissions import Act, permit
from domain.rate import Rate, RateName
from domain.rates import Period, periods, rates_stream
from projections.tables.officials import OFFICIALS
from projections.tables.rates import RATES, RateRow, RatesRow
from services.season import rates as setting
from services.web import urls
from services.web.form_fields import FieldMissing
from services.web.handlers import act, page
from services.web.visit import PageResponse, Visit


class YearOfRate(NamedTuple):
    """A rate that a rulebook leaves to provinces, in one year: what holds in which months."""

    name: RateName
    left: Rate
    periods: list[Period]

    @property
    def own(self) -> bool:
        """Whether the province's own rate holds in some month."""
        return any(one.dong != self.left.dong for one in self.periods)


class RateLine(NamedTuple):
    """A rate that was set, and who set it."""

    id: str
    rate: RateRow
    by: str


@page(urls.RATES)
async def show(visit: Visit) -> PageResponse:
    """The rates of one year, `?nam=`, today's if not given, and all that were set."""
    permit(visit.actor, Act.SET_RATE)
    await visit.own_write(RATES)
    async with visit.reads() as view:
        row = await view.one(RATES, rates_stream().subject) or RatesRow()
        names = {one.person: one.name for one in await view.all(OFFICIALS)}
        position = view.position
    asked = visit.query("nam") or visit.typed.text("nam")
    year = int(asked) if asked.isascii() and asked.isdecimal() and len(asked) == len("2026") else visit.today.year
    left = setting.rates_of(await visit.rulebooks())
    held = row.held()
    return await visit.page(
        "rates/index.html",
        year=year,
        years=sorted({year, *range(visit.today.year - 3, visit.today.year + 2)}, reverse=True),
        left=left,
        in_year=[YearOfRate(name, rate, periods(rate, held, year)) for name, rate in left.items()],
        lines=[RateLine(key, one, names.get(one.by, "")) for key, one in reversed(row.rates.items())],
        today=visit.today,
        position=position,
    )


@act(urls.RATES + "/dat", again=show)
async def set_rate(visit: Visit) -> PageResponse:
    """Set a rate from a day on."""
    typed = visit.typed
    try:
        name = RateName(typed.needed("rate-name"))
    except ValueError:
        raise FieldMissing(field="rate-name") from None
    typed.needed("dong")
    from_on = _day(visit, "from_on")
    result = await setting.set_rate(
        visit.work(),
        name,
        typed.whole("dong") or 0,
        from_on,
        typed.needed("document_no"),
        _day(visit, "document_on"),
        typed.needed("issuer"),
        typed.text("article"),
    )
    return await visit.done(result, to=visit.url.rates(nam=from_on.year))


@act(urls.RATES + "/rut", again=show)
async def withdraw(visit: Visit) -> PageResponse:
    """Take back a rate that was recorded by mistake."""
    rate = visit.typed.identifier("rate")
    if rate is None:
        raise ChangeSettled(change=visit.typed.text("rate"))
    result = await setting.withdraw_rate(visit.work(), rate, visit.typed.needed("reason"))
    return await visit.done(result, to=visit.url.rates(nam=visit.typed.text("nam") or None))


def _day(visit: Visit, field: str) -> date:
    day = visit.typed.day(field)
    if day is None:
        raise FieldMissing(field=field)
    return day


ROUTES = [show, set_rate, withdraw]
