"""Whose turn it is when many logs have grown."""

import asyncio
from dataclasses import dataclass

import pytest
from structlog.testing import capture_logs

from infra.log.eventstore import GROWN
from infra.platform import embedded
from infra.platform.config import read_settings
from infra.platform.database import connect
from services.processes.tenant_follower import Follower


@dataclass(frozen=True)
class Province:
    id: str


PROVINCES = [Province(f"t_{number}") for number in range(1, 41)]


@pytest.mark.parametrize("named", ["t_40", "t_41"])
async def test_a_province_that_was_heard_to_have_grown_does_not_wait_for_all_the_others(services, named):
    registered = list(PROVINCES)
    moved: list[str] = []
    begun, heard, done = asyncio.Event(), asyncio.Event(), asyncio.Event()

    async def move(province: Province) -> None:
        moved.append(province.id)
        begun.set()
        await heard.wait()
        if set(moved) == {one.id for one in registered}:
            done.set()

    async def registry() -> list[Province]:
        return registered

    connection = await connect(services.app_url)
    async with asyncio.timeout(60), Follower(move, registry, services.app_url, at_once=1, rest=lambda took: took):
        await begun.wait()
        registered.append(Province("t_41"))
        await connection.execute("SELECT pg_notify($1, $2)", GROWN, named)
        await asyncio.sleep(0.1)
        heard.set()
        await done.wait()
    await connection.close()

    assert named in moved[:3]


async def test_a_log_that_is_not_ours_is_looked_up_once_however_often_it_grows(services):
    moved, looked = asyncio.Queue[str](), 0

    async def move(province: Province) -> None:
        moved.put_nowait(province.id)

    async def registry() -> list[Province]:
        nonlocal looked
        looked += 1
        return PROVINCES[:1]

    connection = await connect(services.app_url)
    follower = Follower(move, registry, services.app_url, at_once=1, rest=lambda took: took, poll=60)
    async with asyncio.timeout(60), follower:
        await moved.get()
        for _ in range(3):  # after each, our own grows: once that has moved, the stranger has been heard of
            await connection.execute("SELECT pg_notify($1, 't_99')", GROWN)
            await asyncio.sleep(0.05)
            await connection.execute("SELECT pg_notify($1, 't_1')", GROWN)
            await moved.get()
    await connection.close()

    assert looked == 2


async def test_what_fails_again_and_again_is_said_once_and_again_after_it_went_well(services, monkeypatch):
    monkeypatch.setattr("services.processes.tenant_follower.PAUSE", 0.01)
    tries = 0
    enough = asyncio.Event()

    async def move(province: Province) -> None:
        nonlocal tries
        tries += 1
        if tries == 12:
            enough.set()
        if tries != 6:
            raise ValueError(province.id)

    async def registry() -> list[Province]:
        return PROVINCES[:1]

    with capture_logs() as said:
        async with (
            asyncio.timeout(60),
            Follower(move, registry, services.app_url, at_once=1, rest=lambda took: took, poll=0.05),
        ):
            await enough.wait()

    assert [one["event"] for one in said] == ["tenant could not be moved on"] * 2


async def test_it_ends_though_a_move_fails_at_the_moment_it_is_told_to_end(services):
    moving = asyncio.Event()

    async def move(province: Province) -> None:
        moving.set()
        try:
            await asyncio.Event().wait()
        finally:
            raise ValueError(province.id)

    async def registry() -> list[Province]:
        return PROVINCES[:1]

    async with asyncio.timeout(60):
        async with Follower(move, registry, services.app_url, at_once=1, rest=lambda took: took):
            await moving.wait()


@pytest.mark.fault
async def test_a_database_that_is_away_is_said_once_and_that_it_is_back(tmp_path):
    tries = 0
    moved = asyncio.Event()
    postgres = embedded.Postgres(tmp_path, durable=False)
    dsn = postgres.url().replace("minhchuan@", "postgres@")

    async def look() -> None:
        nonlocal tries
        tries += 1
        connection = await connect(dsn)
        await connection.close()

    async def move(province: Province) -> None:
        await look()
        moved.set()

    async def registry() -> list[Province]:
        await look()
        return PROVINCES[:1]

    with embedded.services(read_settings(tmp_path, {}), durable=False, redis=False), capture_logs() as said:
        async with asyncio.timeout(60), Follower(move, registry, dsn, at_once=1, rest=lambda took: took, poll=0.1):
            await moved.wait()
            await asyncio.to_thread(postgres.stop)
            before = tries
            while tries < before + 5:  # noqa: ASYNC110 - it counts what goes on beside
                await asyncio.sleep(0.05)
            moved.clear()
            await asyncio.to_thread(postgres.start)
            await moved.wait()

    assert [one["event"] for one in said] == ["the database is away", "the database is back"]


@pytest.mark.parametrize("turns", range(6))
async def test_who_is_cancelled_while_it_connects_leaves_nothing_running(services, turns):
    # Given somebody who begins to follow, and has come so far that it waits for its connection
    async def move(_: Province) -> None: ...

    async def registry() -> list[Province]:
        return PROVINCES

    async def follow() -> None:
        async with Follower(move, registry, services.app_url, at_once=2, rest=lambda took: took):
            await asyncio.Event().wait()

    before = asyncio.all_tasks()
    following = asyncio.create_task(follow())
    for _ in range(turns):
        await asyncio.sleep(0)

    # When it is cancelled
    following.cancel()
    await asyncio.wait({following})

    # Then no task of it goes on
    assert asyncio.all_tasks() == before
