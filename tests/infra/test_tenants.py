from uuid import uuid4

import asyncpg
import pytest

from infra import migrate
from infra.config import Settings
from infra.migrate import MigrationFailed
from infra.tenants import (
    IdentityProvider,
    IdentityProviderConfigured,
    Provisioned,
    Registered,
    Renamed,
    Resumed,
    SlugTaken,
    Suspended,
    Tenant,
    Tenants,
    evolve,
)


def a_slug() -> str:
    return f"p-{uuid4().hex}"


async def test_a_province_is_created_with_a_schema_a_role_and_a_name_for_its_log(tenants: Tenants):
    slug = a_slug()

    tenant = await tenants.create(slug=slug, province_code="75", name="Đồng Nai", demonstration=True)

    assert (tenant.slug, tenant.name, tenant.province_code, tenant.state) == (slug, "Đồng Nai", "75", "active")
    assert tenant.id.startswith("t_")
    assert tenant.log == f"minhchuan.example/t/{tenant.id[2:]}"
    assert tenant.demonstration
    assert await tenants.by_slug(slug) == tenant
    assert await tenants.by_id(tenant.id) == tenant
    assert tenant in await tenants.all()


async def test_an_unknown_address_is_nobody(tenants: Tenants):
    assert await tenants.by_slug("khong-co") is None
    assert await tenants.by_id("t_0") is None


@pytest.mark.parametrize("slug", ["", "Hà Nội", "ha_noi", "-ha", "ha--noi", "../x", "ha noi"])
async def test_an_address_is_lower_case_letters_digits_and_hyphens(tenants: Tenants, slug: str):
    with pytest.raises(ValueError, match="address"):
        await tenants.create(slug=slug, province_code="01", name="x")


async def test_an_address_belongs_to_one_province(tenants: Tenants, tenant: Tenant, other_tenant: Tenant):
    with pytest.raises(SlugTaken):
        await tenants.create(slug=tenant.slug, province_code="02", name="Khác")
    with pytest.raises(SlugTaken):
        await tenants.record(other_tenant.id, Renamed(slug=tenant.slug, name="Khác"))
    assert await tenants.by_id(other_tenant.id) == other_tenant


async def test_creation_that_broke_off_is_taken_up_again(tenants: Tenants, tmp_path, monkeypatch):
    slug = a_slug()
    (tmp_path / "tenant").mkdir()
    (tmp_path / "tenant" / "001_broken.sql").write_text("-- migrate:up\nSELECT 1 / 0;\n-- migrate:down\n")
    with monkeypatch.context() as patched:
        patched.setattr(migrate, "MIGRATIONS", tmp_path)
        with pytest.raises(MigrationFailed):
            await tenants.create(slug=slug, province_code="01", name="Hà Nội")
    unfinished = await tenants.by_slug(slug)
    assert unfinished is not None
    assert unfinished not in await tenants.all()

    tenant = await tenants.create(slug=slug, province_code="01", name="Hà Nội")

    assert tenant.id == unfinished.id
    assert tenant.state == "active"


async def test_the_registry_is_the_fold_of_what_happened(tenants: Tenants, tenant: Tenant):
    slug = a_slug()
    provider = IdentityProvider("https://id.example", "minhchuan", "s3cret")
    await tenants.configure_identity_provider(tenant, provider)
    await tenants.record(tenant.id, Renamed(slug=slug, name="Tên mới"))
    await tenants.record(tenant.id, Suspended(reason="sáp nhập"))
    latest = await tenants.record(tenant.id, Resumed(reason="xong"))

    history = await tenants.history(tenant.id)

    assert [type(fact) for fact in history] == [
        Registered,
        Provisioned,
        IdentityProviderConfigured,
        Renamed,
        Suspended,
        Resumed,
    ]
    folded = None
    for fact in history:
        folded = evolve(folded, tenant.id, fact)
    assert folded == latest == await tenants.by_slug(slug)
    assert latest.log == tenant.log
    assert await tenants.by_slug(tenant.slug) is None
    assert await tenants.identity_provider(tenant) == provider
    assert "s3cret" not in repr(history)


async def test_the_application_reads_the_registry_and_cannot_change_it(
    services: Settings, tenants: Tenants, tenant: Tenant
):
    application = Tenants(services.app_url)
    assert await application.by_slug(tenant.slug) == tenant

    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await application.record(tenant.id, Suspended(reason="x"))
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await application.history(tenant.id)
    await application.close()


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE control.operator_log SET data = '{}'",
        "DELETE FROM control.operator_log",
        "TRUNCATE control.operator_log",
    ],
)
async def test_what_happened_to_a_province_is_never_changed(services: Settings, tenant: Tenant, statement: str):
    owner = await asyncpg.connect(services.database_url)
    try:
        with pytest.raises(asyncpg.InsufficientPrivilegeError, match="never allowed"):
            await owner.execute(statement)
        async with owner.transaction():
            await owner.execute(
                "ALTER TABLE control.operator_log DISABLE TRIGGER never"
            )  # canary: without it, it works
            await owner.execute("SAVEPOINT before")
            await owner.execute(statement)
            await owner.execute("ROLLBACK TO before")
            await owner.execute("ALTER TABLE control.operator_log ENABLE TRIGGER never")
    finally:
        await owner.close()
