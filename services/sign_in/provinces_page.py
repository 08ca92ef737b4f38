"""Choose the province: its name, with or without marks and tones, leads to its own sign-in."""

from typing import NamedTuple

from infra.identity.tenants import Tenant
from services.web import urls
from services.web.handlers import page
from services.web.name_search import sought
from services.web.visit import PageResponse, Visit


class ProvinceChoice(NamedTuple):
    """A province to choose."""

    name: str
    href: str
    demonstration: bool


@page(urls.PROVINCES, public=True, past=False)
async def choose(visit: Visit) -> PageResponse:
    """All provinces, or those that match `?q=`; the one visited last stands first."""
    asked = sought(visit, "q")
    last = visit.request.cookies.get(visit.site.cookies.province, "")
    tenants = await visit.app.tenants.all()
    matching = [tenant for tenant in tenants if asked.finds_initials(tenant.name)]
    choices = [as_choice(tenant) for tenant in sorted(matching, key=lambda tenant: tenant.slug != last)]
    return await visit.page(
        "signin/provinces.html", fragment="signin/_provinces.html", asked=asked.typed, choices=choices, last=last
    )


@page(urls.TENANT, public=True, past=False)
async def enter(visit: Visit) -> PageResponse:
    """A province's front door: to one's work, or to the sign-in."""
    inside = visit.person is not None and visit.person.mandates
    return visit.see(visit.url.work() if inside else visit.url.sign_in())


def as_choice(tenant: Tenant) -> ProvinceChoice:
    """The province as the page lists it."""
    return ProvinceChoice(tenant.name, urls.Urls(tenant.slug).home(), tenant.demonstration)


ROUTES = [choose, enter]
