"""Taking a province in: its registry entry, schema and role, log, units, sign-in, first administrator.

Each step is a command whose id follows from the province, so that what was broken off is taken up again by the
same call and nothing is done twice.
"""

from __future__ import annotations

import argparse
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from uuid import uuid5

from domain.errors import Refused
from domain.fact import STREAMS
from domain.log import LOG, Log
from domain.official import Office
from domain.rulebook import Rulebook
from infra.identity.tenants import REGISTERED, IdentityProvider, OutOfTurn, SlugTaken, Tenant, Tenants
from infra.platform.config import Misconfigured, Settings
from infra.reference.rulebooks import Rulebooks
from infra.reference.units import Era, UnknownProvince, units_of
from infra.schema import migrate
from services.administration.administer import NewMandate, NewUnit, enrolling, registering
from services.app import App
from services.command_ids import derived
from services.rulebooks.keep import adopting
from services.visible import columns, shown
from services.wiring import wired
from services.work import CommandResult, Work, use_case


@dataclass(frozen=True, slots=True)
class NewTenant:
    """What an operator says of a new province. Empty name: as in the shipped units; no era: that of today, where
    the province still is. `rulebooks` are adopted at once, which only who tells an invented story asks for: a province
    adopts by its own administrator, who acknowledges what is unverified.
    """

    slug: str
    province_code: str
    name: str = ""
    era: Era | None = None
    rulebooks: tuple[str, ...] = ()
    provider: IdentityProvider | None = None
    administrator: str = ""
    demonstration: bool = False


class Impossible(Misconfigured):
    """The province cannot be taken in as asked; the text says why."""


async def create_tenant(app: App, operator: Tenants, new: NewTenant) -> Tenant:
    """Take a province in; `operator` is the registry as the database's owner.

    Raises Impossible, SlugTaken (the address belongs to another province).
    """
    if new.administrator and new.provider is None:
        raise Impossible("an administrator signs in somewhere: name the identity provider as well")
    era = era_for(new)
    units = units_of(new.province_code, era)
    rulebooks = rulebooks_of(new, app.rulebooks)
    tenant = await operator.by_slug(new.slug)
    if tenant is not None and tenant.province_code != new.province_code:
        raise SlugTaken(new.slug)
    if tenant is None or tenant.state == REGISTERED:
        tenant = await operator.create(
            slug=new.slug,
            province_code=new.province_code,
            name=new.name or units[0].full_name,
            demonstration=new.demonstration,
        )
    await _open_log(_step(app, tenant, "log"), units[0].full_name)
    await _register(_step(app, tenant, "units"), era)
    for rulebook in rulebooks:
        await _adopt(_step(app, tenant, f"rulebook {rulebook.id}"), rulebook.id)
    if new.provider is not None:
        if await operator.identity_provider(tenant) != new.provider:
            await operator.configure_identity_provider(tenant, new.provider)
        if new.administrator:
            administrator = (new.provider.issuer, new.administrator)
            await _enrol(_step(app, tenant, "administrator {} {}".format(*administrator)), *administrator)
    return tenant


def era_for(new: NewTenant) -> Era:
    """Whose units the province gets. Raises Impossible when it is in none of the shipped data."""
    for era in (new.era,) if new.era else (Era.FROM_2025, Era.UNTIL_2025):
        try:
            units_of(new.province_code, era)
        except UnknownProvince:
            continue
        return era
    raise Impossible(f"the shipped units know no province of code {new.province_code}")


def rulebooks_of(new: NewTenant, known: Rulebooks) -> list[Rulebook]:
    """The rulebooks to adopt. Raises Impossible for one that does not ship."""
    if missing := [one for one in new.rulebooks if one not in known]:
        raise Impossible(f"no such rulebook: {', '.join(missing)} (there are: {', '.join(known)})")
    return [known.newest(one) for one in new.rulebooks]


# Steps ------------------------------------------------------------------------------------------------


def _step(app: App, tenant: Tenant, step: str) -> Work:
    named = derived(f"{tenant.id} tenant create {step}", former=uuid5(STREAMS, f"{tenant.id} {step}"))
    return app.system(tenant, named)


@use_case("_open_log", "province")
async def _open_log(work: Work, province: str) -> CommandResult:
    return await work.create(
        LOG,
        Log(
            id=work.id_of(LOG),
            origin=work.tenant.log,
            province_code=work.tenant.province_code,
            province=province,
        ),
    )


@use_case("_register", "era")
async def _register(work: Work, era: Era) -> CommandResult:
    return await registering(work, [NewUnit(*unit) for unit in units_of(work.tenant.province_code, era)])


@use_case("_adopt", "rulebook")
async def _adopt(work: Work, rulebook: str) -> CommandResult:
    text = (await work.rulebooks()).newest(rulebook)
    return await adopting(work, text, [entry.path for entry in text.unverified])


@use_case("_enrol", "issuer", "subject")
async def _enrol(work: Work, issuer: str, subject: str) -> CommandResult:
    mandate = NewMandate(Office.ADMINISTRATOR, work.tenant.province_code, work.today, "tenant create")
    return await enrolling(work, "Quản trị viên", issuer, subject, mandates=[mandate])


# Command line -----------------------------------------------------------------------------------------


async def create(settings: Settings, given: argparse.Namespace) -> None:
    """`minhchuan tenant create`: what was taken in."""
    provider = None
    if given.issuer:
        provider = IdentityProvider(given.issuer, given.client_id or "minhchuan")
    new = NewTenant(
        slug=given.slug,
        province_code=given.province,
        name=given.name or "",
        era=Era(given.units_of) if given.units_of else None,
        provider=provider,
        administrator=given.admin or "",
    )
    await migrate.control(settings)
    async with wired(settings) as app, as_operator(settings) as operator:
        try:
            tenant = await create_tenant(app, operator, new)
        except SlugTaken:
            raise Impossible(f"the address {new.slug} belongs to another province") from None
        except (Refused, ValueError) as reason:
            raise Impossible(str(reason)) from reason
        era = era_for(new)
        print(
            shown(f"{tenant.slug}  {tenant.name}  ({tenant.id}, {len(units_of(tenant.province_code, era)) - 1} units)")
        )
        print("no criteria set is adopted yet: the administrator adopts one on the page of administration")


async def show(settings: Settings) -> None:
    """`minhchuan tenant list`: one line a province."""
    await migrate.control(settings)
    async with as_operator(settings) as operator:
        for tenant in await operator.all():
            provider = await operator.identity_provider(tenant)
            signs_in = provider.issuer if provider else "no identity provider"
            state = f"{tenant.state}: {tenant.suspended_for}" if tenant.is_suspended else tenant.state
            print(columns(tenant.slug, tenant.name, tenant.province_code, tenant.id, state, signs_in))


async def suspend(settings: Settings, given: argparse.Namespace) -> None:
    """`minhchuan tenant suspend`: its people look on and do nothing until it is resumed. Impossible when it rests."""
    async with as_operator(settings) as operator:
        tenant = await _of_slug(operator, given.slug)
        with _possible():
            tenant = await operator.suspend(tenant, given.reason)
        print(shown(f"{tenant.slug} is suspended: {tenant.suspended_for}"))
        print("Web processes know within 5 seconds. Reading, sealing and witnessing go on; nothing is recorded for")
        print(shown(f"people and no document is made until: minhchuan tenant resume {tenant.slug} --reason TEXT"))


async def resume(settings: Settings, given: argparse.Namespace) -> None:
    """`minhchuan tenant resume`: work goes on. Impossible when the province is not suspended."""
    async with as_operator(settings) as operator:
        tenant = await _of_slug(operator, given.slug)
        with _possible():
            tenant = await operator.resume(tenant, given.reason)
        print(shown(f"{tenant.slug} is at work again"))


async def _of_slug(operator: Tenants, slug: str) -> Tenant:
    tenant = await operator.by_slug(slug)
    if tenant is None:
        raise Impossible(f"no such province: {slug} (minhchuan tenant list)")
    return tenant


@contextmanager
def _possible() -> Iterator[None]:
    try:
        yield
    except (OutOfTurn, ValueError) as reason:
        raise Impossible(str(reason)) from reason


@asynccontextmanager
async def as_operator(settings: Settings) -> AsyncIterator[Tenants]:
    """The registry as the database's owner, who alone may change it."""
    operator = Tenants(settings.database_url, secret=settings.secret)
    try:
        yield operator
    finally:
        await operator.close()
