import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from uuid import uuid4

import asyncpg
import pytest

from infra.platform.config import Settings
from infra.schema import migrate


@pytest.fixture
async def owner(services: Settings):
    connection = await asyncpg.connect(services.database_url)
    yield connection
    await connection.close()


@pytest.fixture
async def schema(owner: asyncpg.Connection) -> AsyncIterator[str]:
    """The schema of a tenant of this test alone, gone afterwards: it has not the migrations of this version."""
    name = f"t_{uuid4().hex[:12]}"
    yield name
    await owner.execute(f"DROP SCHEMA IF EXISTS {name} CASCADE")


@pytest.fixture
def migrations(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of migrations for this test, with one table."""
    (tmp_path / "tenant").mkdir()
    write(tmp_path / "tenant" / "001_keep_notes.sql", "CREATE TABLE note (body text)")
    monkeypatch.setattr(migrate, "MIGRATIONS", tmp_path)
    return tmp_path / "tenant"


def write(file: Path, up: str) -> None:
    file.write_text(f"-- migrate:up\n{up};\n-- migrate:down\n")


async def test_concurrent_runs_on_one_tenant_apply_each_migration_once(services, owner, schema, migrations):
    await asyncio.gather(*(migrate.tenant(services.database_url, schema) for _ in range(5)))

    assert await owner.fetchval(f"SELECT count(*) FROM {schema}.schema_migrations") == 1
    assert await owner.fetchval(f"SELECT count(*) FROM {schema}.note") == 0


async def test_a_tenant_s_schema_comes_with_a_role_that_cannot_sign_in_and_the_application_may_take(
    services, owner, schema, migrations
):
    await migrate.tenant(services.database_url, schema)

    role = await owner.fetchrow("SELECT rolcanlogin, rolsuper, rolinherit FROM pg_roles WHERE rolname = $1", schema)
    app = await owner.fetchrow("SELECT rolcanlogin, rolsuper, rolinherit FROM pg_roles WHERE rolname = 'app'")
    assert (role["rolcanlogin"], role["rolsuper"]) == (False, False)
    assert (app["rolcanlogin"], app["rolsuper"], app["rolinherit"]) == (True, False, False)
    application = await asyncpg.connect(services.app_url)
    try:
        await application.execute(f"SET ROLE {schema}")
        assert await application.fetchval("SELECT current_user") == schema
    finally:
        await application.close()


async def test_a_migration_that_fails_leaves_nothing_of_itself_and_says_which_and_why(
    services, owner, schema, migrations
):
    await migrate.tenant(services.database_url, schema)
    write(migrations / "002_break.sql", "CREATE TABLE half (x int); CREATE TABLE half (x int)")

    with pytest.raises(migrate.MigrationFailed, match=r"(?s)002_break.*already exists"):
        await migrate.tenant(services.database_url, schema)

    assert await owner.fetchval("SELECT to_regclass($1)", f"{schema}.half") is None
    assert await owner.fetchval(f"SELECT count(*) FROM {schema}.schema_migrations") == 1


async def test_a_dropped_tenant_made_again_gets_its_tables_again(services, owner, schema, migrations):
    await migrate.tenant(services.database_url, schema)
    await owner.execute(f"DROP SCHEMA {schema} CASCADE")

    await migrate.tenant(services.database_url, schema)

    assert await owner.fetchval(f"SELECT count(*) FROM {schema}.note") == 0


async def test_only_names_of_tenants_become_schemas(services):
    for name in ("public", "t_", "t_1; DROP TABLE x", "T_1", "control"):
        with pytest.raises(ValueError):
            await migrate.tenant(services.database_url, name)
