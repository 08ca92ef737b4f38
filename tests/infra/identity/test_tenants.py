from contextlib import AsyncExitStack
from uuid import uuid4

import asyncpg
import pytest

from infra.identity.tenants import (
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
from infra.platform.config import Settings
from infra.schema import migrate
from infra.schema.migrate import MigrationFailed
from services.operations import check_configuration


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


# What lies in the database -----------------------------------------------------------------------------


async def stored_secret(services: Settings, tenant: Tenant) -> str:
    """As whoever reads the database, or a backup of it, sees it."""
    application = await asyncpg.connect(services.app_url)
    try:
        return str(
            await application.fetchval(
                "SELECT client_secret FROM control.identity_providers WHERE tenant = $1", tenant.id
            )
        )
    finally:
        await application.close()


async def test_a_client_secret_is_kept_encrypted_and_bound_to_its_province(
    services: Settings, tenants: Tenants, tenant: Tenant, other_tenant: Tenant
):
    provider = IdentityProvider("https://id.example", "minhchuan", "s3cret ế")
    await tenants.configure_identity_provider(tenant, provider)
    await tenants.configure_identity_provider(other_tenant, provider)

    kept = await stored_secret(services, tenant)
    assert "s3cret" not in kept
    assert kept.startswith("encrypted:")
    assert await tenants.identity_provider(tenant) == provider

    owner = await asyncpg.connect(services.database_url)
    await owner.execute(
        "UPDATE control.identity_providers SET client_secret = $2 WHERE tenant = $1", other_tenant.id, kept
    )
    await owner.close()
    moved = await tenants.identity_provider(other_tenant)
    assert moved is not None
    assert moved.client_secret == ""


async def test_who_has_not_the_server_s_secret_neither_reads_nor_sets_one(
    services: Settings, tenants: Tenants, tenant: Tenant
):
    await tenants.configure_identity_provider(tenant, IdentityProvider("https://id.example", "minhchuan", "s3cret"))
    for stranger in (Tenants(services.database_url), Tenants(services.database_url, secret="another secret " * 4)):
        seen = await stranger.identity_provider(tenant)
        assert seen is not None
        assert seen.client_secret == ""
        await stranger.close()

    nobody = Tenants(services.database_url)
    with pytest.raises(ValueError, match="server's secret"):
        await nobody.configure_identity_provider(tenant, IdentityProvider("https://id.example", "m", "s3cret"))
    await nobody.configure_identity_provider(tenant, IdentityProvider("https://id.example", "public-client"))
    await nobody.close()


async def test_a_secret_that_was_kept_in_clear_still_works_and_is_encrypted_by_the_next_migration(
    services: Settings, tenants: Tenants, tenant: Tenant
):
    provider = IdentityProvider("https://id.example", "minhchuan", "from before")
    await tenants.configure_identity_provider(tenant, provider)
    owner = await asyncpg.connect(services.database_url)
    await owner.execute(
        "UPDATE control.identity_providers SET client_secret = 'from before' WHERE tenant = $1", tenant.id
    )
    await owner.close()
    assert await tenants.identity_provider(tenant) == provider

    await migrate.control(services)
    await migrate.control(services)

    assert (await stored_secret(services, tenant)).startswith("encrypted:")
    assert await tenants.identity_provider(tenant) == provider


@pytest.mark.parametrize("field", ["issuer", "client_id", "client_secret", "scopes"])
async def test_no_text_of_the_registry_is_without_end(services: Settings, tenants: Tenants, tenant: Tenant, field: str):
    long = {"issuer": "https://id.example", "client_id": "m", field: "x" * 5_000}
    with pytest.raises(asyncpg.CheckViolationError, match="short_enough"):
        await tenants.configure_identity_provider(tenant, IdentityProvider(**long))
    with pytest.raises(ValueError, match="at most 100"):
        await tenants.create(slug="a" * 101, province_code="99", name="x")
    with pytest.raises(ValueError, match="name 1 to 300"):
        await tenants.create(slug=a_slug(), province_code="99", name="x" * 301)


@pytest.mark.parametrize("login", ["app_url", "sealer_url", "verifier_url"])
async def test_logins_of_processes_have_no_side_doors(services: Settings, login: str):
    url = str(getattr(services, login))
    connection = await asyncpg.connect(url)
    try:
        for forbidden in (
            "CREATE TEMP TABLE aside (x int)",
            "SELECT lo_create(0)",
            "SELECT lo_creat(-1)",
            "SELECT lo_from_bytea(0, 'x')",
        ):
            with pytest.raises(asyncpg.InsufficientPrivilegeError):
                await connection.execute(forbidden)
    finally:
        await connection.close()
    for database in ("postgres", "template1", "minhchuan_keys"):
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await asyncpg.connect(url.replace("/minhchuan?", f"/{database}?"))


async def test_a_side_door_that_stands_open_is_found_with_what_closes_it(services: Settings, superuser):
    await superuser.execute("GRANT TEMPORARY ON DATABASE minhchuan TO PUBLIC")
    try:
        found = [one.wrong async for one in check_configuration.findings(services) if one.wrong]
    finally:
        await superuser.execute("REVOKE TEMPORARY ON DATABASE minhchuan FROM PUBLIC")

    assert found == ["as a superuser run: REVOKE TEMPORARY ON DATABASE minhchuan FROM PUBLIC"]


async def test_the_registry_is_not_waited_for_without_an_end(services: Settings):
    hasty = Tenants(services.app_url, patience=0.3)
    await hasty.all()
    assert hasty._pool is not None
    async with AsyncExitStack() as taken:
        for _ in range(hasty._pool.get_max_size()):
            await taken.enter_async_context(hasty._pool.acquire())
        with pytest.raises(TimeoutError):
            await hasty.by_slug("tinh")

    assert await hasty.by_slug("khong-co") is None
    await hasty.close()
