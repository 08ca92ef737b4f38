import asyncio
from uuid import uuid4

import asyncpg
import pytest

from infra.identity.tenants import Tenant
from infra.platform.config import Settings
from infra.platform.database import LOST, SESSION, Database, NoTenant, RoleConnections, connect
from infra.platform.notifications import Listener, Notifier
from tests.infra.notebook import a_name, write_line


class Nobody:
    id = ""


class Hostile:
    id = "t_1; DROP SCHEMA control"


class Absent:
    id = "t_0"


@pytest.mark.parametrize("nobody", [None, Nobody(), Hostile()])
async def test_without_a_tenant_no_connection_is_given(database: Database, nobody):
    for door in (database.reading, database.writing, database.writers.in_role, database.loaders.in_role):
        with pytest.raises(NoTenant):
            async with door(nobody):
                pass


async def test_the_server_itself_refuses_the_application_without_a_tenant_s_role(database: Database, tenant: Tenant):
    query = f"SELECT count(*) FROM {tenant.id}.events"
    async with database.reading(tenant) as connection:
        assert await connection.fetchval(query) == 0

    async with database.pool.acquire() as connection:
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await connection.fetchval(query)


async def test_a_tenant_s_role_cannot_touch_another_tenant_s_tables(
    database: Database, tenant: Tenant, other_tenant: Tenant
):
    for door in (database.reading, database.writing, database.writers.in_role, database.loaders.in_role):
        async with door(other_tenant) as connection:
            assert await connection.fetchval(f"SELECT count(*) FROM {other_tenant.id}.events") == 0
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            async with door(tenant) as connection:
                await connection.fetchval(f"SELECT count(*) FROM {other_tenant.id}.events")


async def test_who_is_patient_for_a_while_only_waits_no_longer_and_meets_a_working_connection_afterwards(
    services: Settings, tenant: Tenant
):
    hasty = await Database.open(services.app_url, readers=1, loaders=1, patience=1.5)  # connecting takes its time too

    for door in (hasty.reading, hasty.writing, hasty.writers.in_role, hasty.loaders.in_role):
        with pytest.raises(TimeoutError):
            async with door(tenant) as connection:
                await connection.execute("SELECT pg_sleep(60)")
        async with door(tenant) as connection:
            assert await connection.fetchval("SELECT 1") == 1
    with pytest.raises(TimeoutError):
        await hasty.ask(tenant, "SELECT pg_sleep(60)")

    await hasty.close()


async def test_who_is_patient_for_a_while_only_does_not_queue_for_a_connection_without_an_end(
    services: Settings, tenant: Tenant
):
    hasty = await Database.open(services.app_url, readers=1, loaders=1, patience=0.3)

    async with hasty.pool.acquire():
        with pytest.raises(TimeoutError):
            async with hasty.reading(tenant):
                pass
    async with hasty.loaders._slots[0].lock:
        with pytest.raises(TimeoutError):
            await hasty.ask(tenant, "SELECT 1")

    await hasty.close()


async def test_a_statement_prepared_under_one_role_is_refused_under_another(
    services: Settings, tenant: Tenant, other_tenant: Tenant
):
    connections = RoleConnections(lambda: connect(services.app_url), 1)
    query = f"SELECT count(*) FROM {other_tenant.id}.events"
    async with connections.in_role(other_tenant) as connection:
        prepared = await connection.prepare(query)
        assert await prepared.fetchval() == 0

    async with connections.in_role(tenant) as connection:
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await prepared.fetchval()
    await connections.close()


async def test_a_connection_comes_back_as_nobody(database: Database, tenant: Tenant):
    for door in (database.reading, database.writing):
        async with door(tenant) as connection:
            assert await connection.fetchval("SELECT current_user") == tenant.id
        with pytest.raises(ZeroDivisionError):
            async with door(tenant):
                raise ZeroDivisionError
        with pytest.raises(asyncpg.DivisionByZeroError):
            async with door(tenant) as connection:
                await connection.execute("SELECT 1 / 0")

    connections = [await database.pool.acquire() for _ in range(8)]
    assert {await pooled.fetchval("SELECT current_user") for pooled in connections} == {"app"}
    for pooled in connections:
        await database.pool.release(pooled)


async def test_reading_writes_nothing_and_sees_one_moment(database: Database, store, tenant: Tenant):
    async with database.reading(tenant) as connection:
        before = await connection.fetchval(f"SELECT position FROM {tenant.id}.head")
        await write_line(store, tenant, a_name(), "một")
        assert await connection.fetchval(f"SELECT position FROM {tenant.id}.head") == before == 0

    for door in (database.reading, database.loaders.in_role):
        with pytest.raises(asyncpg.ReadOnlySQLTransactionError):
            async with door(tenant) as connection:
                await connection.execute(f"UPDATE {tenant.id}.head SET position = 7")


async def test_a_closed_writer_is_opened_again_in_the_right_role(services: Settings, tenant: Tenant):
    connections = RoleConnections(lambda: connect(services.app_url), 1)
    async with connections.in_role(tenant) as connection:
        connection.terminate()

    async with connections.in_role(tenant) as connection:
        assert await connection.fetchval("SELECT current_user") == tenant.id
    await connections.close()


async def test_when_a_role_cannot_be_taken_nobody_s_role_is_assumed(services: Settings, tenant: Tenant):
    connections = RoleConnections(lambda: connect(services.app_url), 1)
    async with connections.in_role(tenant):
        pass
    with pytest.raises(asyncpg.InvalidParameterValueError):
        async with connections.in_role(Absent()):
            pass

    async with connections.in_role(tenant) as connection:
        assert await connection.fetchval("SELECT current_user") == tenant.id
    await connections.close()


@pytest.mark.parametrize("door", ["reading", "writing"])
async def test_a_connection_that_is_cut_in_the_middle_is_called_lost_and_the_next_one_is_whole(
    database: Database, tenant: Tenant, superuser: asyncpg.Connection, door: str
):
    async def cut_in_the_middle() -> None:
        async with getattr(database, door)(tenant) as connection:
            pid = await connection.fetchval("SELECT pg_backend_pid()")
            await superuser.execute("SELECT pg_terminate_backend($1)", pid)
            while True:
                await connection.fetchval("SELECT 1")

    with pytest.raises(LOST):
        await cut_in_the_middle()

    async with getattr(database, door)(tenant) as connection:
        assert await connection.fetchval("SELECT 1") == 1


async def test_tenants_take_turns_on_one_connection_each_in_its_own_role(
    services: Settings, tenant: Tenant, other_tenant: Tenant
):
    connections = RoleConnections(lambda: connect(services.app_url), 1)

    async def whoami(mine: Tenant) -> tuple[str, str]:
        async with connections.in_role(mine) as connection:
            return mine.id, await connection.fetchval("SELECT current_user")

    answers = await asyncio.gather(*(whoami((tenant, other_tenant)[turn % 2]) for turn in range(20)))

    assert all(asked == given for asked, given in answers)
    await connections.close()


async def test_a_session_that_has_missed_that_a_role_was_granted_is_replaced(services: Settings, tenant: Tenant):
    sessions = iter([services.verifier_url, services.app_url])
    connections = RoleConnections(lambda: connect(next(sessions)), 1)
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await connect_and_set_role(services.verifier_url, tenant)

    async with connections.in_role(tenant) as connection:
        assert await connection.fetchval("SELECT current_user") == tenant.id
    await connections.close()

    unaware = await Database.open(services.verifier_url, readers=2)
    async with unaware.pool.acquire(), unaware.pool.acquire():
        pass
    unaware.pool.set_connect_args(services.app_url, server_settings=SESSION)
    async with unaware.reading(tenant) as connection:
        assert await connection.fetchval("SELECT current_user") == tenant.id
    await unaware.close()


async def test_who_may_not_take_a_role_at_all_is_refused_it(services: Settings, tenant: Tenant):
    stranger = await Database.open(services.verifier_url, readers=2, loaders=1)

    for door in (stranger.reading, stranger.writing, stranger.loaders.in_role):
        with pytest.raises(asyncpg.InsufficientPrivilegeError, match="set role"):
            async with door(tenant):
                pass

    await stranger.close()


async def connect_and_set_role(url: str, tenant: Tenant) -> None:
    connection = await connect(url)
    try:
        await connection.execute(f"SET ROLE {tenant.id}")
    finally:
        await connection.close()


class Ear:
    """Collects what a listener heard, and lets a test wait for it."""

    def __init__(self) -> None:
        self.heard: list[str | None] = []
        self.news = asyncio.Event()

    def __call__(self, tenant: str | None) -> None:
        self.heard.append(tenant)
        self.news.set()

    async def until(self, tenant: str | None) -> None:
        async with asyncio.timeout(60):
            while tenant not in self.heard:
                self.news.clear()
                await self.news.wait()


async def test_a_listener_hears_which_tenant_has_something_new(services: Settings, tenant: Tenant):
    ear, channel = Ear(), f"c_{uuid4().hex}"
    hints = Notifier(services.app_url, channel)
    async with Listener(services.app_url, channel, ear, poll=60):
        hints.mark(tenant)

        await ear.until(tenant.id)
    await hints.close()


async def test_many_marks_are_one_hint(services: Settings, tenant: Tenant):
    ear, channel = Ear(), f"c_{uuid4().hex}"
    hints = Notifier(services.app_url, channel)
    async with Listener(services.app_url, channel, ear, poll=60):
        for _ in range(100):
            hints.mark(tenant)
        await hints.close()
        await ear.until(tenant.id)

    assert ear.heard.count(tenant.id) == 1


async def test_a_listener_whose_connection_was_cut_listens_again_and_says_to_look(services: Settings, tenant: Tenant):
    ear, channel = Ear(), f"c_{uuid4().hex}"
    hints = Notifier(services.app_url, channel)
    async with Listener(services.app_url, channel, ear, poll=0.1):
        await ear.until(None)
        cutter = await connect(services.app_url)
        cut = await cutter.fetchval(
            "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE query ~* $1", f"LISTEN.*{channel}"
        )
        await cutter.close()
        assert cut == 1
        ear.heard.clear()

        await ear.until(None)
        for _ in range(100):
            hints.mark(tenant)
            if tenant.id in ear.heard:
                break
            await asyncio.sleep(0.05)
        await ear.until(tenant.id)
    await hints.close()


async def test_a_lost_hint_is_made_good_by_looking_now_and_then(services: Settings):
    ear = Ear()
    async with Listener(services.app_url, f"c_{uuid4().hex}", ear, poll=0.02):
        await ear.until(None)
        ear.heard.clear()

        await ear.until(None)
