import asyncio
import time
from typing import Any
from uuid import uuid4

import asyncpg
import pytest

from infra.log.tail import LogShortened, Tails
from infra.platform.config import Settings
from infra.platform.database import Database
from tests.infra.notebook import a_name, write_line


class Counting(Database):
    """A database that counts what is asked of it."""

    asked = 0

    async def ask(self, *arguments: Any) -> list[asyncpg.Record]:
        self.asked += 1
        return await super().ask(*arguments)


@pytest.fixture
async def database(services: Settings):
    database = await Counting.open(services.app_url)
    yield database
    await database.close()


@pytest.fixture
def tails(database: Counting) -> Tails:
    return Tails(database)


async def test_a_stream_that_another_process_has_grown_is_seen_with_its_version_and_position(tails, store, tenant):
    await write_line(store, tenant, a_name("n1"), "một")
    before = await tails.at(tenant)
    assert before.position == 2

    await write_line(store, tenant, a_name("n2"), "một")
    result = await write_line(store, tenant, a_name("n1"), "hai")

    tail = await tails.at(tenant)
    assert tail.position == result.last
    assert (tail.version(a_name("n1").id(tenant.id)), tail.touched(a_name("n1").id(tenant.id))) == (3, 5)
    assert (tail.version(a_name("n2").id(tenant.id)), tail.touched(a_name("n2").id(tenant.id))) == (2, 4)
    assert tail.version(a_name("n3").id(tenant.id)) == 0


async def test_what_grew_before_the_first_look_is_not_remembered(tails, store, tenant):
    await write_line(store, tenant, a_name(), "một")

    tail = await tails.at(tenant)

    assert tail.grown == {}


async def test_those_who_ask_at_once_share_a_look(tails, database, store, tenant):
    command = uuid4()
    await write_line(store, tenant, a_name(), "một", id=command)
    await tails.at(tenant)
    before = database.asked

    found = await asyncio.gather(*(tails.answered(tenant, command) for _ in range(20)), tails.at(tenant))

    assert database.asked == before + 1
    assert {answered.first for (answered,) in found[:-1]} == {1}


async def test_who_is_content_with_an_earlier_moment_does_not_look_again(tails, database, tenant):
    since = time.monotonic()
    tail = await tails.at(tenant, since)
    before = database.asked

    assert await tails.at(tenant, since) is tail
    assert database.asked == before
    await tails.at(tenant)
    assert database.asked == before + 1


async def test_whatever_was_recorded_before_a_look_is_in_it_however_many_look(tails, store, tenant):
    async def write_and_look(turn: int) -> None:
        result = await write_line(store, tenant, a_name(f"n{turn % 3}"), str(turn))
        tail = await tails.at(tenant)
        assert tail.position >= result.last
        assert tail.touched(a_name(f"n{turn % 3}").id(tenant.id)) >= result.last

    await tails.at(tenant)
    await asyncio.gather(*(write_and_look(turn) for turn in range(60)))


async def test_a_log_that_has_become_shorter_is_refused_from_then_on(tails, services, store, tenant):
    await write_line(store, tenant, a_name(), "một")
    await tails.at(tenant)
    owner = await asyncpg.connect(services.database_url)
    await owner.execute(f"ALTER TABLE {tenant.id}.events DISABLE TRIGGER never")
    await owner.execute(f"DELETE FROM {tenant.id}.events WHERE position = 2")
    await owner.execute(f"UPDATE {tenant.id}.head SET position = 1")
    await owner.close()

    for _ in range(2):
        with pytest.raises(LogShortened, match="ends at 1, and had reached 2"):
            await tails.at(tenant)
