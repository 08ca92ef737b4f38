"""The access log: the application adds and reads, and can take away nothing that is younger than two years."""

import asyncpg
import pytest

from infra.identity.tenants import Tenant
from infra.platform.config import Settings
from infra.platform.database import Database, schema_of
from infra.storage.access_log import Access, AccessLog

ACCESS = Access("person", "inspector", "99", "view:dossier", "2023", "99001", "/ho-so/2023/99001", "not-permitted")


@pytest.mark.parametrize(
    "change", ["UPDATE {}.accesses SET person = ''", "DELETE FROM {}.accesses", "TRUNCATE {}.accesses"]
)
async def test_the_application_changes_nothing_in_it(database: Database, tenant: Tenant, change: str):
    accesses = AccessLog(database)
    await accesses.write(tenant, ACCESS, {"a:tu-choi"})

    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        async with database.writing(tenant) as connection:
            await connection.execute(change.format(schema_of(tenant)))

    (kept,) = await accesses.read(tenant, [await accesses.last(tenant)])
    assert kept.access == ACCESS


async def test_what_is_older_than_two_years_is_let_go(database: Database, tenant: Tenant, services: Settings):
    accesses = AccessLog(database)
    for _ in range(3):
        await accesses.write(tenant, ACCESS, {"a:tu-choi"})
    owner = await asyncpg.connect(services.database_url)
    for position, age in ((1, "731 days"), (2, "729 days")):
        await owner.execute(
            f"UPDATE {schema_of(tenant)}.accesses SET at = now() - $2::text::interval WHERE position = $1",
            position,
            age,
        )
    await owner.close()

    assert await accesses.forget(tenant) == 1

    assert [one.position for one in await accesses.read(tenant, [1, 2, 3])] == [3, 2]
