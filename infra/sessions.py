"""Who is signed in, kept in Redis; the browser holds nothing but an id that cannot be guessed.

Redis knows sessions by the SHA-256 of their id, so whoever reads Redis cannot take one over. A session ends when it
was idle too long, when it is too old however busy, when the person signs out, or when somebody ends it from the
list. Signing in always makes a new id. Redis gone means everybody signs in again; nothing else is lost.
"""

import hashlib
import secrets
import time
from datetime import timedelta
from typing import cast
from uuid import uuid4

import msgspec
from redis.asyncio import Redis

IDLE = timedelta(hours=2)
ABSOLUTE = timedelta(hours=12)
#: A sign-in begun and not finished is forgotten after this time.
ATTEMPT = timedelta(minutes=10)

#: Raises the remembered position, never lowers it: two answers may come back in any order.
_ADVANCE = """
if redis.call('EXISTS', KEYS[1]) == 1 and tonumber(ARGV[1]) > tonumber(redis.call('HGET', KEYS[1], 'position')) then
  redis.call('HSET', KEYS[1], 'position', ARGV[1])
end
"""


class Session(msgspec.Struct, frozen=True):
    """A signed-in person in one province. The person is (issuer, subject), never an address or a name."""

    tenant: str
    issuer: str
    subject: str
    id_token: str
    csrf: str
    opened: float
    #: For the list of one's own sessions: names this one without letting anybody use it.
    handle: str
    client: str = ""
    #: The last position in the log that a command of this session reached; pages wait for it.
    position: int = 0


class Kept(msgspec.Struct, frozen=True):
    """What somebody sent when the session had ended, to be sent again after signing in."""

    path: str
    fields: tuple[tuple[str, str], ...]


class Attempt(msgspec.Struct, frozen=True):
    """A sign-in under way: everything that belongs to one visit to the provider, used once."""

    tenant: str
    issuer: str
    client_id: str
    redirect_uri: str
    nonce: str
    verifier: str
    #: SHA-256 of the secret in the cookie of the browser that began.
    browser: str
    then: str
    kept: Kept | None = None


class Sessions:
    """Opens, finds and ends sessions, and keeps sign-ins under way."""

    def __init__(self, redis: Redis, *, idle: timedelta = IDLE, absolute: timedelta = ABSOLUTE) -> None:
        self._redis = redis
        self._idle = int(idle.total_seconds())
        self._absolute = int(absolute.total_seconds())
        self._advance = redis.register_script(_ADVANCE)

    async def open(
        self, *, tenant: str, issuer: str, subject: str, id_token: str, client: str = "", replacing: str = ""
    ) -> tuple[str, Session]:
        """A new session and its id; the one it replaces (an id from the same browser) ends."""
        if replacing:
            await self.end(replacing)
        session = Session(
            tenant=tenant,
            issuer=issuer,
            subject=subject,
            id_token=id_token,
            csrf=secrets.token_urlsafe(24),
            opened=time.time(),
            handle=str(uuid4()),
            client=client[:200],
        )
        session_id = secrets.token_urlsafe(32)
        await self._write(_key(session_id), session, self._left(session))
        return session_id, session

    async def find(self, session_id: str) -> Session | None:
        """The session of this id, its idle time begun anew; None when it ended."""
        key = _key(session_id)
        async with self._redis.pipeline(transaction=False) as pipe:
            pipe.hmget(key, ["data", "position"])
            pipe.expire(key, self._idle)
            (data, position), _ = await pipe.execute()
        if data is None:
            return None
        session = msgspec.json.decode(data, type=Session)
        if self._left(session) <= 0:
            await self._forget(key, session)
            return None
        return msgspec.structs.replace(session, position=int(position or 0))

    async def advance(self, session_id: str, position: int) -> None:
        """Remember that a command of this session reached this position."""
        await self._advance(keys=[_key(session_id)], args=[position])

    async def end(self, session_id: str) -> Session | None:
        """End a session; what it was, if it still was."""
        key = _key(session_id)
        data = cast("bytes | None", await self._redis.hget(key, "data"))  # type: ignore[misc]
        if data is None:
            return None
        session = msgspec.json.decode(data, type=Session)
        await self._forget(key, session)
        return session

    async def of_person(self, tenant: str, issuer: str, subject: str) -> list[Session]:
        """The person's sessions in the province, newest first."""
        found = [session for _, session in await self._all_of(tenant, issuer, subject)]
        return sorted(found, key=lambda session: -session.opened)

    async def end_of_person(self, tenant: str, issuer: str, subject: str, handle: str | None = None) -> int:
        """End one session of the person by its handle, or all of them; how many ended."""
        ended = 0
        for key, session in await self._all_of(tenant, issuer, subject):
            if handle is None or session.handle == handle:
                await self._forget(key, session)
                ended += 1
        return ended

    async def begin_attempt(self, state: str, attempt: Attempt) -> None:
        """Keep a sign-in under way under its state."""
        await self._redis.set(f"sign-in:{_hash(state)}", msgspec.json.encode(attempt), ex=ATTEMPT)

    async def take_attempt(self, state: str) -> Attempt | None:
        """The sign-in under way, once: whoever comes second with the same state finds nothing."""
        data = await self._redis.getdel(f"sign-in:{_hash(state)}")
        return msgspec.json.decode(data, type=Attempt) if data else None

    async def keep(self, session: Session, kept: Kept) -> None:
        """Keep what is to be sent again."""
        await self._redis.set(f"kept:{session.handle}", msgspec.json.encode(kept), ex=self._idle)

    async def kept(self, session: Session) -> Kept | None:
        """What is to be sent again, if anything."""
        data = await self._redis.get(f"kept:{session.handle}")
        return msgspec.json.decode(data, type=Kept) if data else None

    async def _write(self, key: str, session: Session, seconds: int) -> None:
        family = _family(session.tenant, session.issuer, session.subject)
        async with self._redis.pipeline(transaction=True) as pipe:
            pipe.hset(key, mapping={"data": msgspec.json.encode(session), "position": session.position})
            pipe.expire(key, seconds)
            pipe.sadd(family, key)
            pipe.expire(family, self._absolute)
            await pipe.execute()

    async def _all_of(self, tenant: str, issuer: str, subject: str) -> list[tuple[str, Session]]:
        family = _family(tenant, issuer, subject)
        found = []
        for member in await self._redis.smembers(family):  # type: ignore[misc]
            key = member.decode()
            data = cast("bytes | None", await self._redis.hget(key, "data"))  # type: ignore[misc]
            if data is None:
                await self._redis.srem(family, key)  # type: ignore[misc]
            else:
                found.append((key, msgspec.json.decode(data, type=Session)))
        return found

    async def _forget(self, key: str, session: Session) -> None:
        async with self._redis.pipeline(transaction=True) as pipe:
            pipe.delete(key, f"kept:{session.handle}")
            pipe.srem(_family(session.tenant, session.issuer, session.subject), key)
            await pipe.execute()

    def _left(self, session: Session) -> int:
        """Seconds until the session ends if nobody uses it."""
        return min(self._idle, int(session.opened + self._absolute - time.time()))


def fingerprint(secret: str) -> str:
    """What may be kept of a secret in a cookie."""
    return _hash(secret)


def _hash(value: str) -> str:
    return hashlib.sha256(value.encode()).hexdigest()


def _key(session_id: str) -> str:
    return f"session:{_hash(session_id)}"


def _family(tenant: str, issuer: str, subject: str) -> str:
    return f"sessions-of:{tenant}:{_hash(issuer + ' ' + subject)}"
