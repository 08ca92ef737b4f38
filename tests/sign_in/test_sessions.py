"""How long a session lives, who can end it, and what a thief of Redis would find."""

import asyncio
from datetime import timedelta
from hashlib import sha256
from pathlib import Path
from urllib.parse import quote
from uuid import uuid4

import msgspec
import pytest
from limits import parse
from redis.asyncio import Redis
from redis.exceptions import RedisError

from infra.encryption.cipher import Encryption
from infra.identity.sessions import KeptForm, Session, Sessions, connect
from infra.identity.throttle import Throttle
from infra.jobs.queue import Jobs
from infra.platform import embedded

SECRET = "a secret of at least thirty-two characters"
ENCRYPTION = Encryption(SECRET, "sessions")


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
    values = [await redis.hgetall(key) for key in keys if key.startswith(b"session:")]  # type: ignore[misc]  # typed for either client

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

    async def come_back() -> bool:
        used = await sessions.spend(state)
        if used:
            await sessions.settle(state)
        return used

    used = await asyncio.gather(*(come_back() for _ in range(5)))

    assert sorted(used) == [False] * 4 + [True]
    assert not await sessions.spend(state)


async def test_whoever_comes_second_learns_how_the_first_ended(sessions: Sessions):
    settled, failed = somebody(), somebody()
    for state in (settled, failed):
        assert await sessions.spend(state)
    second = {state: asyncio.create_task(sessions.spend(state)) for state in (settled, failed)}
    await sessions.spend(somebody())
    assert not any(one.done() for one in second.values())

    await sessions.settle(settled)
    await sessions.give_back(failed)

    assert not await second[settled]
    assert await second[failed]


# Whoever writes to Redis ------------------------------------------------------------------------------


def place_of(session_id: str) -> str:
    return f"session:{sha256(session_id.encode()).hexdigest()}"


async def stored(redis: Redis, session_id: str) -> dict[bytes, bytes]:
    found: dict[bytes, bytes] = await redis.hgetall(place_of(session_id))  # type: ignore[misc]  # typed for either client
    return found


async def test_whoever_writes_to_redis_is_nobody(sessions: Sessions, redis: Redis):
    _, session = await opened(sessions, somebody())
    for data in (msgspec.json.encode(session), b"", b"\x01", b"\x01" * 200, b"{}"):
        forged = somebody()
        await redis.hset(place_of(forged), mapping={"data": data, "position": "0"})  # type: ignore[misc]  # typed for either client

        assert await sessions.find(forged) is None
        assert await sessions.end(forged) is None


async def test_a_session_under_the_key_of_another_is_none(sessions: Sessions, redis: Redis):
    mine, _ = await opened(sessions, somebody())
    theirs, _ = await opened(sessions, somebody())

    await redis.hset(place_of(mine), mapping=await stored(redis, theirs))  # type: ignore[misc]  # typed for either client

    assert await sessions.find(mine) is None


async def test_one_changed_bit_of_a_session_is_noticed(sessions: Sessions, redis: Redis):
    session_id, _ = await opened(sessions, somebody())
    data = (await stored(redis, session_id))[b"data"]

    for place in range(len(data)):
        spoilt = bytearray(data)
        spoilt[place] ^= 1
        await redis.hset(place_of(session_id), "data", bytes(spoilt))  # type: ignore[misc, arg-type]
        assert await sessions.find(session_id) is None


async def test_what_was_stored_under_another_secret_is_no_session(sessions: Sessions, redis: Redis):
    session_id, _ = await opened(sessions, somebody())

    others = Sessions(redis, Encryption("another secret of thirty-two characters", "sessions"))

    assert await others.find(session_id) is None
    assert await Sessions(redis, Encryption(SECRET, "jobs")).find(session_id) is None
    assert await sessions.find(session_id) is not None


async def test_whoever_reads_redis_learns_no_token_and_no_person(sessions: Sessions, redis: Redis):
    subject, token = somebody(), somebody()
    session_id, session = await sessions.open(tenant="t_1", issuer="https://i", subject=subject, id_token=token)
    kept = await sessions.keep(KeptForm("/t/x/them", (("reason", "điều đã nhập"),)))
    await sessions.claim(kept, session)

    everything = [await redis.dump(key) for key in await redis.keys("*")]

    for secret in (subject, token, session.csrf, session.handle, session_id, kept, "điều đã nhập"):
        assert not any(secret.encode() in (value or b"") for value in everything)


@pytest.mark.parametrize("position", [b"9999999999999999", b"9999999999999999" + b"x" * 50, b"", b"-1", b"lots", None])
async def test_a_position_that_we_did_not_remember_counts_for_nothing(
    sessions: Sessions, redis: Redis, position: bytes | None
):
    session_id, _ = await opened(sessions, somebody())
    await sessions.advance(session_id, 12)
    if position is None:
        await redis.hdel(place_of(session_id), "position")  # type: ignore[misc]  # typed for either client
    else:
        await redis.hset(place_of(session_id), "position", position)  # type: ignore[misc, arg-type]

    found = await sessions.find(session_id)
    await sessions.advance(session_id, 13)

    assert found is not None
    assert found.position == 0


async def test_the_position_of_another_session_counts_for_nothing(sessions: Sessions, redis: Redis):
    mine, _ = await opened(sessions, somebody())
    theirs, _ = await opened(sessions, somebody())
    await sessions.advance(theirs, 500)

    await redis.hset(place_of(mine), "position", (await stored(redis, theirs))[b"position"])  # type: ignore[misc, arg-type]

    found = await sessions.find(mine)
    assert found is not None
    assert found.position == 0


async def test_the_session_of_another_put_into_my_list_is_not_mine_to_end(sessions: Sessions, redis: Redis):
    me, other = somebody(), somebody()
    await opened(sessions, me)
    theirs, session = await opened(sessions, other)
    for key in await redis.keys("sessions-of:*"):
        await redis.sadd(key, place_of(theirs), b"session:\xff", b"throttle:x")  # type: ignore[misc]  # typed for either client

    listed = await sessions.of_person("t_1", "https://id.example", me)

    assert session.handle not in {one.handle for one in listed}
    assert await sessions.end_of_person("t_1", "https://id.example", me, session.handle) == 0
    assert await sessions.find(theirs) is not None


async def test_a_kept_form_is_its_senders_alone(sessions: Sessions, redis: Redis):
    _, mine = await opened(sessions, somebody())
    _, theirs = await opened(sessions, somebody())
    kept = KeptForm("/t/x/them", (("reason", "điều đã nhập"),))
    name, other = await sessions.keep(kept), await sessions.keep(kept)

    assert await sessions.kept(name, mine) is None  # nobody's, as long as nobody signed in for it
    assert await sessions.claim(name, mine)
    assert not await sessions.claim(name, theirs)
    assert await sessions.kept(name, mine) == kept
    assert await sessions.kept(name, theirs) is None

    places = [f"kept:{sha256(one.encode()).hexdigest()}" for one in (name, other)]
    await redis.copy(places[0], places[1], replace=True)
    assert await sessions.kept(other, mine) is None
    assert not await sessions.claim(other, mine)


async def test_another_session_of_the_same_person_takes_over_token_and_position(sessions: Sessions):
    subject = somebody()
    first, former = await opened(sessions, subject)
    await sessions.advance(first, 12)

    second, session = await opened(sessions, subject, replacing=first)
    _, other = await opened(sessions, somebody(), replacing=second)

    assert (session.csrf, session.position) == (former.csrf, 12)
    assert (other.csrf == session.csrf, other.position) == (False, 0)


async def test_redis_may_demand_a_password(tmp_path: Path):
    with embedded.in_use(embedded.Redis(tmp_path)) as url:
        plain: Redis = Redis.from_url(url)
        await plain.config_set("requirepass", "mật khẩu:/@?#")
        await plain.aclose()
        guarded = url.replace("unix://", f"unix://:{quote('mật khẩu:/@?#', safe='')}@")
        redis, refused = connect(guarded), connect(url)
        jobs = Jobs.at(guarded, SECRET)

        session_id, session = await opened(Sessions(redis, ENCRYPTION), somebody())

        assert await Sessions(redis, ENCRYPTION).find(session_id) == session
        assert await Throttle(redis).wait(parse("1 per minute"), "x") == 0
        assert await jobs.ask("queue", "queue:1", "note", "t_1")
        with pytest.raises(RedisError, match="Authentication required"):
            await Sessions(refused, ENCRYPTION).find(session_id)
        await refused.aclose()
        await jobs.close()
        await redis.aclose()
