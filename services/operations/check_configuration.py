"""Can this configuration work? Each answer in one line, before people find out."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from importlib import import_module
from ipaddress import ip_address
from pathlib import Path
from typing import NamedTuple
from urllib.parse import urlsplit

import asyncpg
from redis.asyncio import Redis
from redis.exceptions import RedisError

from domain.catalogue import AGGREGATES, FACTS
from infra.identity.tenants import Tenants
from infra.log.eventstore import EventStore
from infra.log.mapper import Mapper
from infra.platform.config import APP_ROLE, KEYS_ROLE, Settings
from infra.platform.database import LOST, Database
from infra.platform.logins import has_table, may_create, read_login, server_version, side_doors
from infra.readmodels.reading import ReadModels
from infra.schema import migrate
from services.visible import shown

OLDEST_POSTGRES = 150000


class ConfigurationCheck(NamedTuple):
    """What was looked at, and what is wrong with it; "" is nothing."""

    about: str
    wrong: str


async def run(settings: Settings) -> int:
    """Print every finding; 0 when nothing is wrong."""
    found = [finding async for finding in findings(settings)]
    for finding in found:
        wrong = f": {finding.wrong}" if finding.wrong else ""
        print(shown(f"{'FAILS' if finding.wrong else 'ok':6}{finding.about}{wrong}"))
    for note in await stopped_rows(settings):
        print(shown(f"note  {note}"))
    return int(any(finding.wrong for finding in found))


async def findings(settings: Settings) -> AsyncIterator[ConfigurationCheck]:
    if settings.database_url:
        async for finding in of_the_owner(settings.database_url):
            yield finding
        yield await of_the_migrations(settings)
    async for finding in of_the_application(settings.app_url):
        yield finding
    yield await of_the_keys(settings.keys_url)
    async for finding in of_redis(settings.redis_url):
        yield finding
    yield of_the_folder(settings.folder)
    yield of_the_address(settings)
    yield of_the_proxies(settings)
    yield of_documents()


async def stopped_rows(settings: Settings) -> list[str]:
    """What pages of each province lack, one line for each: the row, the fact before which it stands, and why.

    The service works all the same. Nothing where the database does not answer, which is a finding already.
    """
    try:
        database, tenants = await Database.open(settings.app_url), Tenants(settings.app_url)
    except (*LOST, asyncpg.PostgresError):
        return []
    store = EventStore(database, Mapper(FACTS, AGGREGATES))
    reads = ReadModels(database, store)
    try:
        return [
            f"{tenant.slug}: {row.projection} {row.key} stands before fact {row.position}: {row.reason}"
            for tenant in await tenants.all()
            for row in (await reads.status(tenant)).stopped
        ]
    except (*LOST, asyncpg.PostgresError):
        return []
    finally:
        await reads.close()
        await store.close()
        await tenants.close()
        await database.close()


async def of_the_owner(url: str) -> AsyncIterator[ConfigurationCheck]:
    about = "DATABASE_URL: PostgreSQL 15 or later, as a login that may create schemas and roles"
    try:
        async with connected(url) as connection:
            version = await server_version(connection)
            may = await may_create(connection)
    except (OSError, asyncpg.PostgresError) as reason:
        yield ConfigurationCheck(about, str(reason))
        return
    too_old = f"the server has version {version}" if version < OLDEST_POSTGRES else ""
    yield ConfigurationCheck(about, too_old or ("" if may else "this login may not"))


async def of_the_migrations(settings: Settings) -> ConfigurationCheck:
    about = "every schema has the migrations of this version"
    try:
        lacking = await migrate.missing(settings)
    except (OSError, asyncpg.PostgresError) as reason:
        return ConfigurationCheck(about, str(reason))
    named = ", ".join(f"{schema} lacks {len(names)} (from {names[0]})" for schema, names in lacking.items())
    return ConfigurationCheck(about, f"{named}: minhchuan migrate" if named else "")


async def of_the_application(url: str) -> AsyncIterator[ConfigurationCheck]:
    about = f"DATABASE_APP_URL: the login {APP_ROLE}, which inherits nothing and is no superuser"
    try:
        async with connected(url) as connection:
            login = await read_login(connection)
            migrated = await has_table(connection, "control.schema_migrations")
            doors = "; ".join(await side_doors(connection))
    except asyncpg.InvalidAuthorizationSpecificationError as reason:
        yield ConfigurationCheck(about, f"{reason} (minhchuan migrate makes it)")
        return
    except (OSError, asyncpg.PostgresError) as reason:
        yield ConfigurationCheck(about, str(reason))
        return
    modest = login is not None and not login.is_superuser and not login.inherits
    yield ConfigurationCheck(about, "" if modest else "this login is a superuser, or inherits")
    yield ConfigurationCheck(
        f"the login {APP_ROLE} has no side doors: other databases, temporary tables, large objects",
        f"as a superuser run: {doors}" if doors else "",
    )
    yield ConfigurationCheck("the control schema", "" if migrated else "is missing: minhchuan migrate")


async def of_the_keys(url: str) -> ConfigurationCheck:
    about = f"KEYS_DATABASE_URL: the login {KEYS_ROLE}, which sees the keys of personal data and no more"
    try:
        async with connected(url) as connection:
            login = await read_login(connection)
            migrated = await has_table(connection, "keys.keys")
    except (OSError, asyncpg.PostgresError) as reason:
        return ConfigurationCheck(about, f"{reason} (minhchuan migrate makes it)")
    if login and (login.is_superuser or login.bypasses_row_security):
        return ConfigurationCheck(about, "this login is a superuser, or sees the keys of every province")
    return ConfigurationCheck(about, "" if migrated else "is empty: minhchuan migrate")


async def of_redis(url: str) -> AsyncIterator[ConfigurationCheck]:
    about = "REDIS_URL: answers, and drops nothing when memory is short"
    client = Redis.from_url(url, socket_timeout=5, socket_connect_timeout=5)
    try:
        await client.ping()
        policy = (await client.config_get("maxmemory-policy")).get("maxmemory-policy", "noeviction")
    except (OSError, RedisError) as reason:
        yield ConfigurationCheck(about, str(reason))
    else:
        yield ConfigurationCheck(
            about, "" if policy == "noeviction" else f"maxmemory-policy is {policy}, not noeviction"
        )
    finally:
        await client.aclose()


def of_the_folder(folder: Path) -> ConfigurationCheck:
    about = f"the data folder {folder} can be written"
    probe = folder / ".probe"
    try:
        probe.write_bytes(b"")
        probe.unlink()
    except OSError as reason:
        return ConfigurationCheck(about, str(reason))
    return ConfigurationCheck(about, "")


def of_the_address(settings: Settings) -> ConfigurationCheck:
    about = "MINHCHUAN_PUBLIC_URL: https, except on this machine"
    parts = urlsplit(settings.public_url)
    fine = not parts.hostname or parts.scheme == "https" or is_this_machine(parts.hostname)
    return ConfigurationCheck(about, "" if fine else f"{settings.public_url} would send sessions in the clear")


def of_the_proxies(settings: Settings) -> ConfigurationCheck:
    about = "MINHCHUAN_PROXIES: names the proxy that speaks https for us"
    wrong = "it is empty, so all people have one address: who writes too often is not held back"
    return ConfigurationCheck(about, "" if settings.knows_senders else wrong)


def is_this_machine(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def of_documents() -> ConfigurationCheck:
    about = "documents: WeasyPrint finds Pango"
    try:
        import_module("weasyprint")
    except OSError as reason:
        first = str(reason).splitlines()[0]
        return ConfigurationCheck(
            about, f"{first} (apt-get install libpango-1.0-0 libpangoft2-1.0-0 libharfbuzz-subset0)"
        )
    return ConfigurationCheck(about, "")


@asynccontextmanager
async def connected(url: str) -> AsyncIterator[asyncpg.Connection]:
    connection = await asyncpg.connect(url, timeout=5)
    try:
        yield connection
    finally:
        await connection.close()
