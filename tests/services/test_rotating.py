from uuid import uuid4

import pytest

from domain.log import LOG, Log
from infra.config import Settings
from infra.database import schema_of
from infra.ledger.note import Note, SignerKey, VerifierKey
from infra.sealing import Keep
from infra.tenants import Tenant
from services import cli, rotating, sealer
from services.policies import PolicyRefused, announce, publish
from services.rotating import KeyRefused
from services.tenancy import as_operator, create_tenant
from services.wiring import Wiring
from tests.services.test_tenancy import new


@pytest.fixture
async def tenant(house: Wiring, services: Settings) -> Tenant:
    """A province whose log has been sealed once."""
    async with as_operator(services) as operator:
        tenant = await create_tenant(house, operator, new(province_code="99"))
    await seal(services, tenant)
    return tenant


async def seal(services: Settings, tenant: Tenant) -> None:
    assert await sealer.run(services, once=True, only=[tenant.slug]) == 0


async def grow(house: Wiring, services: Settings, tenant: Tenant) -> list[bytes]:
    """One more fact, sealed; the ids of the keys that signed."""
    work = house.system(tenant, uuid4())
    await work.change(Log, LOG, lambda log: log.announce_key(uuid4().hex))
    await seal(services, tenant)
    rows = await house.database.ask(tenant, f"SELECT note FROM {schema_of(tenant)}.sealings ORDER BY size DESC LIMIT 1")
    return [line.id for line in Note.read(rows[0]["note"]).signatures]


def present_of(services: Settings, tenant: Tenant) -> SignerKey:
    return Keep(services.seals).key(tenant)


async def next_of(services: Settings, tenant: Tenant) -> VerifierKey:
    await rotating.make_next(services, tenant.slug)
    coming = Keep(services.seals).next_key(tenant)
    assert coming is not None
    return coming.verifier


async def overlapping(house: Wiring, services: Settings, tenant: Tenant) -> tuple[VerifierKey, VerifierKey]:
    present, coming = present_of(services, tenant).verifier, await next_of(services, tenant)
    await announce(house, tenant, str(coming))
    await seal(services, tenant)
    assert await grow(house, services, tenant) == [present.id, coming.id]
    return present, coming


def policy(*keys: VerifierKey) -> bytes:
    return "".join([*(f"log {key}\n" for key in keys), "quorum 0\n"]).encode()


# Steps ------------------------------------------------------------------------------------------------


async def test_the_next_key_is_made_and_shown_by_the_command_however_often_it_is_given(services, tenant, capsys):
    for _ in range(2):
        assert await rotating.make_next(services, tenant.slug) == 0
    first, _, second, _ = capsys.readouterr().out.splitlines()
    await sealer.show_keys(services, only=[tenant.slug])

    assert first == second == f"{tenant.slug}\t{await next_of(services, tenant)}"
    assert capsys.readouterr().out.splitlines()[:2] == [
        f"{tenant.slug}\t{present_of(services, tenant).verifier}",
        f"{first}\tnext",
    ]


async def test_a_log_that_was_never_sealed_has_no_key_to_change(house, services):
    async with as_operator(services) as operator:
        tenant = await create_tenant(house, operator, new(province_code="99"))

    with pytest.raises(KeyRefused, match="no key to change"):
        await rotating.make_next(services, tenant.slug)
    assert Keep(services.seals).next_key(tenant) is None


async def test_the_former_key_is_not_retired_before_both_have_signed_a_checkpoint(house, services, tenant):
    present, coming = present_of(services, tenant).verifier, await next_of(services, tenant)
    with pytest.raises(KeyRefused, match="both keys must have signed"):
        await rotating.retire(services, tenant.slug)
    await announce(house, tenant, str(coming))
    with pytest.raises(KeyRefused, match="both keys must have signed"):
        await rotating.retire(services, tenant.slug)
    await seal(services, tenant)
    with pytest.raises(KeyRefused, match="both keys must have signed"):
        await rotating.retire(services, tenant.slug)

    assert await grow(house, services, tenant) == [present.id, coming.id]
    assert await rotating.retire(services, tenant.slug) == 0
    assert await grow(house, services, tenant) == [coming.id]


async def test_the_former_key_is_not_retired_before_the_policy_in_force_names_the_next(house, services, tenant):
    present = present_of(services, tenant).verifier
    await publish(house, tenant, policy(present))
    _, coming = await overlapping(house, services, tenant)
    with pytest.raises(KeyRefused, match="policy in force does not name"):
        await rotating.retire(services, tenant.slug)
    await publish(house, tenant, policy(present, coming))

    assert await rotating.retire(services, tenant.slug) == 0
    assert await grow(house, services, tenant) == [coming.id]


async def test_a_checkpoint_that_is_signed_and_not_published_yet_is_not_enough(house, services, tenant, superuser):
    await overlapping(house, services, tenant)
    await superuser.execute(
        f"DELETE FROM {tenant.id}.sealings WHERE size = (SELECT max(size) FROM {tenant.id}.sealings)"
    )

    with pytest.raises(KeyRefused, match="both keys must have signed"):
        await rotating.retire(services, tenant.slug)


async def test_retiring_the_former_key_again_changes_nothing(house, services, tenant, capsys):
    _, coming = await overlapping(house, services, tenant)
    assert await rotating.retire(services, tenant.slug) == 0
    capsys.readouterr()

    assert await rotating.retire(services, tenant.slug) == 0

    assert f"{coming} signs alone" in capsys.readouterr().out
    assert await grow(house, services, tenant) == [coming.id]


async def test_a_policy_with_the_next_key_alone_is_published_once_it_signs(house, services, tenant):
    present, coming = present_of(services, tenant).verifier, await next_of(services, tenant)
    await announce(house, tenant, str(coming))
    await seal(services, tenant)
    with pytest.raises(PolicyRefused, match="no key of the policy"):
        await publish(house, tenant, policy(coming))
    assert await grow(house, services, tenant) == [present.id, coming.id]

    await publish(house, tenant, policy(coming))


def test_the_commands_are_given_on_the_command_line(services, tenant, monkeypatch, capsys):
    for name, value in services.environment().items():
        monkeypatch.setenv(name, value)

    assert cli.main(["sealer", "--next-key", tenant.slug]) == 0
    assert cli.main(["sealer", "--retire-key", tenant.slug]) == 2
    assert cli.main(["sealer", "--next-key", "no-such-province"]) == 2

    said = capsys.readouterr()
    assert f"{tenant.slug}\t{tenant.log}+" in said.out
    assert "both keys must have signed" in said.err
    assert "there is no province no-such-province" in said.err
