"""How long a session lives, who can end it, and what a thief of Redis would find."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from uuid import uuid4

import pytest
from redis.asyncio import Redis

from infra.config import Settings
from infra.encryption import Encryption
from infra.sessions import Session, Sessions

ENCRYPTION = Encryption("a secret of at least thirty-two characters", "sessions")


@pytest.fixture
async def redis(services: Settings) -> AsyncIterator[Redis]:
    client: Redis = Redis.from_url(services.redis_url)
    yield client
    await client.aclose()


@pytest.fixture
def sessions(redis: Redis) -> Sessions:
    return Sessions(redis, ENCRYPTION)


async def opened(sessions: Sessions, subject: str, replacing: str = "") -> tuple[str, Session]:
    return await sessions.open(
        tenant="t_1", issuer="https://id.example", subject=subject, id_token="token", replacing=replacing
    )


def somebody() -> str:
    return uuid4().hex


async def test_a_session_is_found_by_its_id_alone(sessions: Sessions):
    session_id, session = await opened(sessions, somebody())

    assert await sessions.find(session_id) == session
    assert await sessions.find(session.handle) is None
    assert await sessions.find("") is None


async def test_whoever_reads_redis_cannot_take_a_session_over(sessions: Sessions, redis: Redis):
    session_id, _ = await opened(sessions, somebody())

    keys = await redis.keys("*")
    values = [await redis.hgetall(key) for key in keys if key.startswith(b"session:")]  # type: ignore[misc]

    assert values
    assert not any(session_id.encode() in key for key in keys)
    assert session_id not in str(values)


async def test_an_idle_session_ends(redis: Redis):
    sessions = Sessions(redis, ENCRYPTION, idle=timedelta(seconds=1))
    session_id, _ = await opened(sessions, somebody())

    await asyncio.sleep(1.1)

    assert await sessions.find(session_id) is None


async def test_a_busy_session_ends_when_it_is_too_old(redis: Redis):
    sessions = Sessions(redis, ENCRYPTION, idle=timedelta(seconds=30), absolute=timedelta(seconds=2))
    session_id, _ = await opened(sessions, somebody())

    found = []
    for _ in range(6):
        found.append(await sessions.find(session_id) is not None)
        await asyncio.sleep(0.5)

    assert found[0]
    assert not found[-1]


async def test_signing_in_anew_ends_what_the_browser_had(sessions: Sessions):
    subject = somebody()
    first, _ = await opened(sessions, subject)

    second, _ = await opened(sessions, subject, replacing=first)

    assert second != first
    assert await sessions.find(first) is None


async def test_a_person_lists_and_ends_their_own_sessions(sessions: Sessions):
    subject = somebody()
    here, mine = await opened(sessions, subject)
    lost, forgotten = await opened(sessions, subject)
    other, _ = await opened(sessions, somebody())

    listed = await sessions.of_person("t_1", "https://id.example", subject)
    assert {session.handle for session in listed} == {mine.handle, forgotten.handle}

    assert await sessions.end_of_person("t_1", "https://id.example", subject, forgotten.handle) == 1
    assert await sessions.find(lost) is None
    assert await sessions.find(here) is not None

    assert await sessions.end_of_person("t_1", "https://id.example", subject) == 1
    assert await sessions.find(here) is None
    assert await sessions.find(other) is not None


async def test_the_remembered_position_never_goes_back(sessions: Sessions):
    session_id, _ = await opened(sessions, somebody())

    await asyncio.gather(*(sessions.advance(session_id, position) for position in (9, 12, 10)))

    found = await sessions.find(session_id)
    assert found is not None
    assert found.position == 12


async def test_an_ended_session_does_not_come_back_by_a_late_answer(sessions: Sessions):
    session_id, _ = await opened(sessions, somebody())
    await sessions.end(session_id)

    await sessions.advance(session_id, 5)

    assert await sessions.find(session_id) is None


async def test_a_sign_in_under_way_is_used_once(sessions: Sessions):
    state = somebody()
    assert not await sessions.is_spent(state)

    used = await asyncio.gather(*(sessions.spend(state) for _ in range(5)))

    assert sorted(used) == [False] * 4 + [True]
    assert await sessions.is_spent(state)
