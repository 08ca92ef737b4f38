import argparse
from uuid import uuid4

import pytest

from domain.official import Office
from infra.identity.tenants import IdentityProvider, SlugTaken
from infra.platform.config import Settings
from infra.reference.units import Era
from services.app import App
from services.clock import today
from services.operations import create_tenant as tenancy
from services.operations.create_tenant import Impossible, NewTenant, as_operator, create_tenant

PROVIDER = IdentityProvider("https://id.example", "minhchuan")


def new(**changes: object) -> NewTenant:
    given = {"slug": f"t-{uuid4().hex}", "province_code": "99", "provider": PROVIDER, "administrator": "a1"}
    return NewTenant(**{**given, **changes})  # type: ignore[arg-type]


async def kinds(house: App, tenant: object) -> list[str]:
    pages = house.store.read(tenant)  # type: ignore[arg-type]
    return [type(one.fact).__qualname__ for page in [page async for page in pages] for one in page]


async def test_a_province_is_taken_in_with_log_units_and_administrator(house: App, services: Settings):
    async with as_operator(services) as operator:
        tenant = await create_tenant(house, operator, new())

        provider = await operator.identity_provider(tenant)
    facts = await kinds(house, tenant)
    administrator = await house.people.actor_of(tenant, PROVIDER.issuer, "a1", today())

    assert facts[0] == "Log.Opened"
    assert facts.count("Unit.Registered") == 8
    assert facts[-2:] == ["Official.Enrolled", "Official.MandateGranted"]
    assert provider == PROVIDER
    assert administrator is not None
    assert [mandate.position for mandate in administrator.mandates] == [Office.ADMINISTRATOR]


async def test_taking_the_same_province_in_again_adds_nothing(house: App, services: Settings):
    wanted = new()
    async with as_operator(services) as operator:
        tenant = await create_tenant(house, operator, wanted)
        before = await kinds(house, tenant)

        again = await create_tenant(house, operator, wanted)

    assert again.id == tenant.id
    assert await kinds(house, tenant) == before


async def test_what_was_broken_off_is_taken_up_again(house: App, services: Settings):
    wanted = new()
    async with as_operator(services) as operator:
        await operator.create(slug=wanted.slug, province_code="99", name="Tỉnh Mẫu")

        tenant = await create_tenant(house, operator, wanted)

    assert (await kinds(house, tenant)).count("Official.Enrolled") == 1


async def test_an_address_belongs_to_one_province(house: App, services: Settings):
    wanted = new()
    async with as_operator(services) as operator:
        await create_tenant(house, operator, wanted)

        with pytest.raises(SlugTaken):
            await create_tenant(house, operator, new(slug=wanted.slug, province_code="01"))


@pytest.mark.parametrize(
    "changes",
    [
        {"province_code": "00"},
        {"province_code": "99", "era": Era.FROM_2025},
        {"rulebooks": ("qd-1-1990",)},
        {"provider": None},
    ],
    ids=["unknown-province", "province-of-another-era", "unknown-rulebook", "administrator-without-provider"],
)
async def test_what_cannot_be_is_refused_before_anything_is_made(
    house: App, services: Settings, changes: dict[str, object]
):
    wanted = new(**changes)
    async with as_operator(services) as operator:
        with pytest.raises(Impossible):
            await create_tenant(house, operator, wanted)

        assert await operator.by_slug(wanted.slug) is None


async def test_nothing_is_adopted_in_the_name_of_a_province(house: App, services: Settings):
    async with as_operator(services) as operator:
        tenant = await create_tenant(house, operator, new())

    assert "Adoption.Adopted" not in await kinds(house, tenant)


async def test_the_era_is_that_of_the_units_of_the_province():
    assert tenancy.era_for(new(province_code="01")) is Era.FROM_2025
    assert tenancy.era_for(new(province_code="70")) is Era.UNTIL_2025


async def test_the_command_line_says_that_people_adopt_and_lists_the_province(
    services: Settings, capsys: pytest.CaptureFixture[str]
):
    slug = f"t-{uuid4().hex}"
    given = argparse.Namespace(
        slug=slug,
        province="99",
        name=None,
        units_of=None,
        rulebook=["qd-619-2017"],
        issuer=None,
        client_id=None,
        admin=None,
    )

    await tenancy.create(services, given)
    said = capsys.readouterr().out
    await tenancy.show(services)
    listed = capsys.readouterr().out

    assert "no criteria set is adopted yet" in said
    assert f"{slug}\tTỉnh Mẫu\t99" in listed
