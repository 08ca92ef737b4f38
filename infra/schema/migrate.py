"""Bring the database to the shape that this version of the code expects.

First the control schema, then each tenant's, with plain SQL files under `migrations/` that dbmate applies:
its table of what was applied lies inside the schema itself, and concurrent runs wait for each other. Only here
does a `search_path` choose a schema; the connection is a migration's own and ends with it.
"""

import asyncio
import os
import re
import subprocess
import sysconfig
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from urllib.parse import parse_qsl, unquote, urlencode, urlsplit, urlunsplit

import asyncpg

from infra.encryption.client_secrets import ClientSecrets
from infra.platform.config import APP_ROLE, KEYS_ROLE, SEALER_ROLE, VERIFIER_ROLE, Lacking, Settings

MIGRATIONS = Path(__file__).parent / "migrations"


#: What the server says to whoever comes to a database that was not migrated: no such login, table or column, no right.
NOT_MIGRATED = (
    asyncpg.InvalidAuthorizationSpecificationError,
    asyncpg.InvalidSchemaNameError,
    asyncpg.UndefinedTableError,
    asyncpg.UndefinedColumnError,
    asyncpg.InsufficientPrivilegeError,
)


def advice_on(reason: BaseException) -> str:
    """What to run where a query failed because a table or column of this version is not there; else ""."""
    lacking = (asyncpg.InvalidSchemaNameError, asyncpg.UndefinedTableError, asyncpg.UndefinedColumnError)
    return "run `minhchuan migrate`: the database is older than this version" if isinstance(reason, lacking) else ""


class MigrationFailed(Lacking):
    """A migration was refused; the text is the tool's, with file and reason. Later schemas were not touched."""


class NotMigrated(Lacking):
    """The database is not as this version needs it; the text says what to run."""


async def everything(settings: Settings) -> list[str]:
    """Migrate the control schema and every tenant's; the names of the schemas, in order. Stops at the first failure."""
    await control(settings)
    async with connected(settings.database_url) as connection:
        found = await connection.fetch(r"SELECT nspname FROM pg_namespace WHERE nspname LIKE 't\_%' ORDER BY nspname")
    schemas = [str(row["nspname"]) for row in found]
    for schema in schemas:
        await tenant(settings.database_url, schema)
    return ["control", "keys", *schemas]


async def missing(settings: Settings) -> dict[str, list[str]]:
    """The migrations of this version that a schema lacks, by schema, as the owner of both databases sees it."""
    found: dict[str, list[str]] = {}
    async with connected(settings.database_url) as connection:
        rows = await connection.fetch(r"SELECT nspname FROM pg_namespace WHERE nspname LIKE 't\_%' ORDER BY nspname")
        kinds = {"control": "control", **{str(row["nspname"]): "tenant" for row in rows}}
        for schema, kind in kinds.items():
            found[schema] = await _lacking(connection, schema, kind)
    async with connected(settings.keys_owner_url) as connection:
        found["keys"] = await _lacking(connection, "keys", "keys")
    return {schema: names for schema, names in found.items() if names}


async def _lacking(connection: asyncpg.Connection, schema: str, kind: str) -> list[str]:
    applied: set[str] = set()
    if await connection.fetchval("SELECT to_regclass($1) IS NOT NULL", f"{schema}.schema_migrations"):
        applied = {
            str(row["version"]) for row in await connection.fetch(f"SELECT version FROM {schema}.schema_migrations")
        }
    names = sorted(file.name for file in (MIGRATIONS / kind).glob("*.sql"))
    return [name for name in names if name.partition("_")[0] not in applied]


async def control(settings: Settings) -> None:
    """Make the logins of application, sealer and verifier, with the passwords of their addresses; then the schema.

    The keys of personal data go with it, in the database of their own.
    """
    async with connected(settings.database_url) as connection:
        await login(connection, APP_ROLE, settings.app_url, "NOINHERIT")
        await login(connection, SEALER_ROLE, settings.sealer_url)
        await login(connection, VERIFIER_ROLE, settings.verifier_url)
        sslmode = await sslmode_of(connection)
    await dbmate(settings.database_url, "control", "control", sslmode)
    async with connected(settings.database_url) as connection:
        await ClientSecrets(settings.secret).encrypt_all(connection)
    await keys(settings)


async def keys(settings: Settings) -> None:
    """Make the login that may use the keys of personal data, their database where it is missing, and its schema."""
    url = settings.keys_owner_url
    try:
        async with connected(url) as connection:
            await login(connection, KEYS_ROLE, settings.keys_url)
            sslmode = await sslmode_of(connection)
    except asyncpg.InvalidCatalogNameError:
        await create_database(url)
        await keys(settings)
        return
    await dbmate(url, "keys", "keys", sslmode)


async def tenant(database_url: str, schema: str) -> None:
    """Make or migrate one tenant's schema and the role of the same name, which the application may take."""
    if not re.fullmatch(r"t_[a-z0-9_]{1,40}", schema):
        raise ValueError(f"not the name of a tenant's schema: {schema}")
    async with connected(database_url) as connection:
        if not await exists(connection, schema):
            await create_role(connection, schema, "NOLOGIN")
        await connection.execute(f"GRANT {schema} TO {APP_ROLE}")
        sslmode = await sslmode_of(connection)
    await dbmate(database_url, schema, "tenant", sslmode)


@asynccontextmanager
async def connected(database_url: str) -> AsyncIterator[asyncpg.Connection]:
    connection = await asyncpg.connect(database_url)
    try:
        yield connection
    finally:
        await connection.close()


async def login(connection: asyncpg.Connection, role: str, url: str, rights: str = "") -> None:
    """Make the login with the password of its address, unless it is there."""
    if not await exists(connection, role):
        password = unquote(urlsplit(url).password or "")
        clause = await connection.fetchval("SELECT format('PASSWORD %L', $1::text)", password)
        await create_role(connection, role, f"LOGIN {rights} {clause if password else ''}")


async def create_database(url: str) -> None:
    """Make the database of this address, through the one that every server has."""
    parts = urlsplit(url)
    name = parts.path.strip("/").replace('"', '""')
    async with connected(urlunsplit(parts._replace(path="/postgres"))) as connection:
        try:
            await connection.execute(f'CREATE DATABASE "{name}"')
        except (asyncpg.DuplicateDatabaseError, asyncpg.UniqueViolationError):  # a concurrent run was first
            return
        except asyncpg.InsufficientPrivilegeError as reason:
            raise MigrationFailed(f"{name}: {reason} (KEYS_DATABASE_URL may name one that is there)") from reason


async def exists(connection: asyncpg.Connection, role: str) -> bool:
    return bool(await connection.fetchval("SELECT count(*) FROM pg_roles WHERE rolname = $1", role))


async def create_role(connection: asyncpg.Connection, role: str, attributes: str) -> None:
    try:
        await connection.execute(f"CREATE ROLE {role} {attributes}")
    except (asyncpg.DuplicateObjectError, asyncpg.UniqueViolationError):  # a concurrent run was first
        return


async def sslmode_of(connection: asyncpg.Connection) -> str:
    """What this connection agreed on with the server: dbmate would insist on TLS even on a socket."""
    encrypted = await connection.fetchval("SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()")
    return "require" if encrypted else "disable"


async def dbmate(database_url: str, schema: str, folder: str, sslmode: str) -> None:
    """Apply what is missing. Raises MigrationFailed with what the tool says."""
    parts = urlsplit(database_url)
    query = {"sslmode": sslmode, **dict(parse_qsl(parts.query)), "search_path": schema}
    url = urlunsplit(parts._replace(query=urlencode(query)))
    options = ["--env-file", os.devnull, "--migrations-dir", str(MIGRATIONS / folder), "--no-dump-schema"]
    tool = str(Path(sysconfig.get_path("scripts")) / "dbmate")
    done = await asyncio.to_thread(run, [tool, *options, "--migration-lock", "migrate", "--strict"], url)
    if done.returncode:
        raise MigrationFailed(f"{schema}: {done.stdout.strip()} {done.stderr.strip()}")


def run(argv: list[str], url: str) -> subprocess.CompletedProcess[str]:
    """The address goes by environment: the arguments of a process, with the password, are open to everybody."""
    return subprocess.run(argv, env={"DATABASE_URL": url}, capture_output=True, text=True, check=False)
