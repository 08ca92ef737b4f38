"""A later version has migrated the databases while this one runs: it goes on as if nothing had happened."""

import asyncio
import os
import sys
from collections.abc import AsyncIterator, Iterator
from itertools import count
from pathlib import Path
from tempfile import TemporaryDirectory
from uuid import UUID

import asyncpg
import pytest
from structlog.testing import capture_logs

from domain.export import Document, ExportState
from domain.official import Office
from infra.identity.tenants import Tenants
from infra.jobs.export_runs import ExportRuns
from infra.platform import embedded
from infra.platform.config import Settings, read_settings
from infra.platform.database import TRIES, Database, begun_again
from infra.schema import migrate
from services.exports.requests import export_id, request_export
from services.operations import check_configuration
from tests.processes.test_worker import both, settled
from tests.provinces.story import COMMUNE, Story
from tests.web.desks import Desk, Desks, desks, season, workplace

__all__ = ["desks", "season", "workplace"]


@pytest.fixture(scope="session")
def services() -> Iterator[Settings]:
    """Databases of these tests alone, for what they change stays."""
    with (
        TemporaryDirectory(prefix="minhchuan-") as folder,
        embedded.services(read_settings(Path(folder), {}), durable=False) as settings,
    ):
        asyncio.run(migrate.control(settings))
        yield settings


@pytest.fixture
async def later(services: Settings) -> AsyncIterator["Later"]:
    owners = [await asyncpg.connect(url) for url in (services.database_url, services.keys_owner_url)]
    yield Later(owners)
    for owner in owners:
        await owner.close()


class Later:
    """What a later version does to every table: a column more, and every text that may be bounded is bounded."""

    def __init__(self, owners: list[asyncpg.Connection]) -> None:
        self.owners = owners

    async def migrate(self, number: int) -> list[str]:
        """The tables that were changed; `number` tells one later version from another."""
        changed = []
        for owner in self.owners:
            tables = await owner.fetch(
                """
                SELECT format('%I.%I', table_schema, table_name) AS name FROM information_schema.tables
                WHERE (table_schema IN ('control', 'keys') OR table_schema LIKE 't\\_%')
                  AND table_name <> 'schema_migrations'
                ORDER BY 1
                """
            )
            for row in tables:
                table = row["name"]
                await owner.execute(f"ALTER TABLE {table} ADD COLUMN of_a_later_version_{number} text")
                changed.append(table)
                for column in await self._texts(owner, table):
                    await owner.execute(f"ALTER TABLE {table} ALTER COLUMN {column} TYPE varchar({number}0000)")
        return changed

    async def _texts(self, owner: asyncpg.Connection, table: str) -> list[str]:
        """Columns of text; but not one that a row policy rests on, which nothing can change."""
        return [
            row["attname"]
            for row in await owner.fetch(
                """
                SELECT quote_ident(attname) AS attname FROM pg_attribute
                WHERE attrelid = $1::text::regclass AND attnum > 0 AND NOT attisdropped
                  AND atttypid IN ('text'::regtype, 'varchar'::regtype)
                  AND NOT EXISTS (SELECT FROM pg_policy WHERE polrelid = attrelid AND attname = 'tenant')
                """,
                table,
            )
        ]


async def a_day_s_work(desk: Desk, story: Story) -> UUID:
    """Pages of every kind, an act, personal data, what was sealed, and a document asked for."""
    for path in (
        "/viec",
        f"/ho-so/{story.season}/{COMMUNE}",
        f"/bang/{story.season}",
        "/ket-xuat",
        "/cong-khai",
        "/them",
    ):
        page = await desk.open(path)
        assert page.status == 200, (path, page.text[:300])
    page = await desk.open(f"/ho-so/{story.season}/{COMMUNE}?chi-tieu={story.codes[0]}")
    page = await desk.send(page, "/giai-trinh", explanation=f"Lần {await desk.house.store.position(desk.tenant)}")
    assert (page.status, page.refused) == (200, "")
    last = await desk.house.store.position(desk.tenant)
    assert (await desk.house.seals.recorded(desk.tenant, last, timeout=60)).is_recorded
    who = await desk.open(f"/nhat-ky/{story.season}/{COMMUNE}")
    assert who.status == 200
    work = await story.by(Office.INSPECTOR)
    await request_export(work, Document.STANDINGS, story.season, None)
    return export_id(work)


async def test_a_schema_one_version_ahead_disturbs_nobody(
    services: Settings, desks: Desks, season: Story, later: Later
):
    await season.filled()
    desk = await desks.officer()
    with both(services), capture_logs() as said:
        exports = [await a_day_s_work(desk, season) for _ in range(2)]
        await settled(season, *exports)

        for number in (1, 2):
            changed = await later.migrate(number)
            assert {"control.tenants", "keys.keys", f"{desks.tenant.id}.events"} <= set(changed)
            exports += [await a_day_s_work(desk, season) for _ in range(3)]
            assert await settled(season, *exports) == {ExportState.READY}

    runs = await ExportRuns(desks.house.database).of(desks.tenant, exports)
    assert {run.attempts for run in runs.values()} == {1}
    assert [one for one in said if one["log_level"] in {"error", "critical"}] == []


async def test_the_operator_s_registry_goes_on_too(services: Settings, later: Later):
    registry = Tenants(services.database_url)
    tenant = await registry.create(slug="mot-tinh", province_code="99", name="Một tỉnh")
    await later.migrate(3)

    suspended = await registry.suspend(tenant, "thử")
    await registry.resume(suspended, "thử xong")

    assert [one.state for one in await registry.all() if one.id == tenant.id] == ["active"]
    await registry.close()


async def test_inside_a_transaction_it_is_begun_again_and_not_for_ever(services: Settings, desks: Desks, later: Later):
    database = await Database.open(services.app_url, readers=1)
    begun, numbers = 0, count(10)

    @begun_again
    async def look(changing: int) -> list[str]:
        nonlocal begun
        begun += 1
        async with database.reading(desks.tenant) as connection:
            query = f"SELECT projection FROM {desks.tenant.id}.checkpoints"
            if begun <= changing:
                await connection.fetch(query)
        if begun <= changing:
            await later.migrate(next(numbers))
        async with database.reading(desks.tenant) as connection:
            return [row["projection"] for row in await connection.fetch(query)]

    assert await look(1)
    assert begun == 2
    begun = 0
    with pytest.raises(asyncpg.InvalidCachedStatementError):
        await look(TRIES)
    assert begun == TRIES
    await database.close()


async def test_a_process_that_is_ahead_of_its_database_says_what_to_run(
    services: Settings, desks: Desks, later: Later, capsys: pytest.CaptureFixture[str]
):
    owner = later.owners[0]
    await owner.execute("ALTER TABLE control.tenants RENAME COLUMN suspended_for TO not_yet")
    await owner.execute(f"ALTER TABLE {desks.tenant.id}.checkpoints RENAME COLUMN failure TO not_yet")
    await owner.execute(f"DELETE FROM {desks.tenant.id}.schema_migrations WHERE version = '20261126004000'")
    try:
        for command in ("serve", "projector"):
            process = await asyncio.create_subprocess_exec(
                sys.executable,
                "-m",
                "services.cli",
                command,
                env={**os.environ, **services.environment()},
                stderr=asyncio.subprocess.PIPE,
            )
            _, said = await process.communicate()
            assert process.returncode == 2
            assert said.decode().splitlines()[-1].endswith("run `minhchuan migrate`")
        with capture_logs() as logged:
            answer = await (await desks.officer()).fetch("/viec")
        wrong = [one async for one in check_configuration.findings(services) if one.wrong]
    finally:
        await owner.execute("ALTER TABLE control.tenants RENAME COLUMN not_yet TO suspended_for")
        await owner.execute(f"ALTER TABLE {desks.tenant.id}.checkpoints RENAME COLUMN not_yet TO failure")
        await owner.execute(f"INSERT INTO {desks.tenant.id}.schema_migrations VALUES ('20261126004000')")

    assert answer.status_code == 500
    assert [one for one in logged if "minhchuan migrate" in one.get("advice", "")]
    assert [finding.wrong for finding in wrong] == [
        f"{desks.tenant.id} lacks 1 (from 20261126004000_remember_accesses.sql): minhchuan migrate"
    ]
