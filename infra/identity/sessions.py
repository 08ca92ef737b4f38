"""Sessions, kept in Redis; the browser holds nothing but an id that cannot be guessed.

Redis is not trusted. It knows sessions by the SHA-256 of their id, and what it holds is encrypted and bound to the key
under which it lies: whoever reads Redis cannot take a session over, and whoever writes there cannot make one, read one
or exchange two. A session ends when it was idle too long, when it is too old however busy, when the person signs out,
or when somebody ends it from the list. Signing in always makes a new id. Redis lost means everybody signs in again;
nothing else is lost.
"""

import asyncio
import base64
import hashlib
import re
import secrets
import time
from datetime import timedelta
from typing import Final, cast
from uuid import uuid4

import msgspec
from redis.asyncio import Redis

from infra.encryption.cipher import Encryption, Forged
from infra.identity.sign_in_attempts import ATTEMPT

IDLE = timedelta(hours=2)
ABSOLUTE = timedelta(hours=12)

#: Seconds that Redis may take for one answer; a page that needs it says after this time that it is away.
PATIENCE: Final = 1.5

#: Seconds that one answer of the provider is looked at, at most, and between two looks whether another one still is.
LOOKED_AT: Final = 20.0
PAUSE: Final = 0.05
_LOOKING: Final = b"looking"

#: Bytes of a form that is kept while its sender signs in again: whoever sends it is not known yet.
LONGEST_KEPT: Final = 32_000

#: Raises the remembered position, never lowers it: two answers may come back in any order. What is stored begins with
#: the position in so many digits, for this comparison; only what is encrypted behind it is believed.
DIGITS: Final = 16
_ADVANCE = f"""
if redis.call('EXISTS', KEYS[1]) == 0 then return end
local held = redis.call('HGET', KEYS[1], 'position')
if not held or string.sub(ARGV[1], 1, {DIGITS}) > string.sub(held, 1, {DIGITS}) then
  redis.call('HSET', KEYS[1], 'position', ARGV[1])
end
"""

_KEY = re.compile(rb"session:[0-9a-f]{64}")


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


class KeptForm(msgspec.Struct, frozen=True):
    """What somebody sent when the session had ended, to be sent again after signing in.

    `token` is the one of the form, which tells whose page it was: to be sent by them, and by nobody else.
    """

    path: str
    fields: tuple[tuple[str, str], ...]
    token: str = ""
    #: Somebody else signed in since: nothing of it is left but the path.
    is_anothers: bool = False

    @property
    def is_small(self) -> bool:
        """Whether it may be kept."""
        return len(msgspec.json.encode(self)) <= LONGEST_KEPT


def connect(url: str) -> Redis:
    """Redis for those who have a page to answer: it may be away, but nobody waits for it longer than PATIENCE."""
    redis: Redis = Redis.from_url(url, socket_timeout=PATIENCE, socket_connect_timeout=PATIENCE)
    return redis


class Sessions:
    """Opens, finds and ends sessions, and keeps what is to be sent again. Everything here raises RedisError when Redis
    is away.
    """

    def __init__(
        self, redis: Redis, encryption: Encryption, *, idle: timedelta = IDLE, absolute: timedelta = ABSOLUTE
    ) -> None:
        self._redis = redis
        self._encryption = encryption
        self._idle = int(idle.total_seconds())
        self._absolute = int(absolute.total_seconds())
        self._advance = redis.register_script(_ADVANCE)

    async def open(
        self, *, tenant: str, issuer: str, subject: str, id_token: str, client: str = "", replacing: str = ""
    ) -> tuple[str, Session]:
        """A new session and its id; the one it replaces (an id from the same browser) ends.

        Of the same person's it takes over token and position: their other tabs work on.
        """
        former = await self.end(replacing) if replacing else None
        if former is not None and (former.tenant, former.issuer, former.subject) != (tenant, issuer, subject):
            former = None
        session = Session(
            tenant=tenant,
            issuer=issuer,
            subject=subject,
            id_token=id_token,
            csrf=former.csrf if former else self._token(_family(tenant, issuer, subject)),
            opened=time.time(),
            handle=str(uuid4()),
            client=client[:200],
            position=former.position if former else 0,
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
        session = self._read(key, data, position)
        if session is not None and self._left(session) <= 0:
            await self._forget(key, session)
            return None
        return session

    async def advance(self, session_id: str, position: int) -> None:
        """Remember that a command of this session reached this position."""
        key = _key(session_id)
        await self._advance(keys=[key], args=[self._position(key, position)])

    async def end(self, session_id: str) -> Session | None:
        """End a session; what it was, if it still was."""
        key = _key(session_id)
        session = self._read(key, *await self._stored(key))
        if session is not None:
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

    def is_of(self, token: str, session: Session) -> bool | None:
        """Whether the forms with this token were made for the person of the session; None where it does not say."""
        secret, _, mark = token.partition(".")
        try:
            made_for = self._encryption.decrypt(base64.urlsafe_b64decode(mark), f"token {secret}")
        except ValueError:  # Forged among them
            return None
        return made_for == _short(_family(session.tenant, session.issuer, session.subject))

    async def check(self) -> None:
        """Raise RedisError when sessions cannot be opened now."""
        await self._redis.ping()

    # Signing in -----------------------------------------------------------------------------------------

    async def spend(self, state: str) -> bool:
        """Use a sign-in that was under way; False for who comes second with the same state.

        Of several at once one goes on; it tells how that ended by `settle` or `give_back`, and the others wait for it.
        """
        key, patience = _spent(state), time.monotonic() + LOOKED_AT
        while not await self._redis.set(key, _LOOKING, ex=ATTEMPT, nx=True):
            held = await self._redis.get(key)  # None where it was given back meanwhile
            if held not in {None, _LOOKING} or time.monotonic() > patience:
                return False
            await asyncio.sleep(PAUSE)
        return True

    async def settle(self, state: str) -> None:
        """The sign-in of this state ended in a session: nobody else is signed in by it."""
        await self._redis.set(_spent(state), b"", ex=ATTEMPT)

    async def give_back(self, state: str) -> None:
        """The sign-in of this state came to nothing: another answer to it may be looked at."""
        await self._redis.delete(_spent(state))

    async def keep(self, kept: KeptForm) -> str:
        """Keep what is to be sent again while its sender signs in; returns what it is called for by."""
        name = secrets.token_urlsafe(16)
        key = _kept(name)
        await self._redis.set(key, self._encryption.encrypt(msgspec.json.encode(kept), key), ex=ATTEMPT)
        return name

    async def claim(self, name: str, session: Session) -> bool:
        """What is kept under this name is this person's from now on, and nobody else's; False when nothing is.

        What another person typed is forgotten.
        """
        key = _kept(name)
        plain = self._decrypted(key, await self._redis.get(key))
        if plain is None:
            return False
        kept = msgspec.json.decode(plain, type=KeptForm)
        if self.is_of(kept.token, session) is False:
            plain = msgspec.json.encode(KeptForm(kept.path, (), is_anothers=True))
        await self._redis.set(key, self._encryption.encrypt(plain, _of(key, session)), ex=self._idle)
        return True

    async def kept(self, name: str, session: Session) -> KeptForm | None:
        """What this person is to send again under this name, if anything."""
        key = _kept(name)
        plain = self._decrypted(_of(key, session), await self._redis.get(key))
        return msgspec.json.decode(plain, type=KeptForm) if plain is not None else None

    async def forget(self, name: str, session: Session) -> None:
        """Throw away what this person was to send again under this name."""
        if await self.kept(name, session) is not None:
            await self._redis.delete(_kept(name))

    # Stored ---------------------------------------------------------------------------------------------

    def _token(self, family: str) -> str:
        """A token for forms that cannot be guessed, and that says whose it is to us and to nobody else."""
        secret = secrets.token_urlsafe(24)
        mark = self._encryption.encrypt(_short(family), f"token {secret}")
        return f"{secret}.{base64.urlsafe_b64encode(mark).decode()}"

    async def _write(self, key: str, session: Session, seconds: int) -> None:
        family = _family(session.tenant, session.issuer, session.subject)
        stored = {
            "data": self._encryption.encrypt(msgspec.json.encode(session), key),
            "position": self._position(key, session.position),
        }
        async with self._redis.pipeline(transaction=True) as pipe:
            pipe.hset(key, mapping=stored)
            pipe.expire(key, seconds)
            pipe.sadd(family, key)
            pipe.expire(family, self._absolute)
            await pipe.execute()

    async def _stored(self, key: str) -> tuple[bytes | None, bytes | None]:
        data, position = cast(
            "list[bytes | None]",
            await self._redis.hmget(key, ["data", "position"]),  # type: ignore[misc]  # typed for either client
        )
        return data, position

    def _read(self, key: str, data: bytes | None, position: bytes | None) -> Session | None:
        """The session that lies here; None for what we did not put here, or put here in another form."""
        plain = self._decrypted(key, data)
        if plain is None:
            return None
        try:
            session = msgspec.json.decode(plain, type=Session)
        except msgspec.DecodeError:
            return None
        reached = self._decrypted(f"{key} position", position[DIGITS:] if position else None)
        return msgspec.structs.replace(session, position=int(reached or 0))

    def _position(self, key: str, position: int) -> bytes:
        digits = f"{position:0{DIGITS}}".encode()
        return digits + self._encryption.encrypt(digits, f"{key} position")

    def _decrypted(self, place: str, stored: bytes | None) -> bytes | None:
        try:
            return self._encryption.decrypt(stored, place) if stored is not None else None
        except Forged:
            return None

    async def _all_of(self, tenant: str, issuer: str, subject: str) -> list[tuple[str, Session]]:
        family = _family(tenant, issuer, subject)
        found = []
        for member in await self._redis.smembers(family):  # type: ignore[misc]  # typed for either client
            key = member.decode(errors="replace")
            session = self._read(key, *await self._stored(key)) if _KEY.fullmatch(member) else None
            if session is None or (session.tenant, session.issuer, session.subject) != (tenant, issuer, subject):
                await self._redis.srem(family, member)  # type: ignore[misc]  # typed for either client
            else:
                found.append((key, session))
        return found

    async def _forget(self, key: str, session: Session) -> None:
        async with self._redis.pipeline(transaction=True) as pipe:
            pipe.delete(key)
            pipe.srem(_family(session.tenant, session.issuer, session.subject), key)
            await pipe.execute()

    def _left(self, session: Session) -> int:
        """Seconds until the session ends if nobody uses it."""
        return min(self._idle, int(session.opened + self._absolute - time.time()))


def _hash(value: str) -> str:
    return hashlib.sha256(value.encode()).hexdigest()


def _short(family: str) -> bytes:
    """Enough of a hash to tell one person from another."""
    return hashlib.sha256(family.encode()).digest()[:16]


def _key(session_id: str) -> str:
    return f"session:{_hash(session_id)}"


def _spent(state: str) -> str:
    return f"sign-in:{_hash(state)}"


def _kept(name: str) -> str:
    return f"kept:{_hash(name)}"


def _of(key: str, session: Session) -> str:
    """Where a person's own lies: at this key, and theirs alone."""
    return f"{key} of {_family(session.tenant, session.issuer, session.subject)}"


def _family(tenant: str, issuer: str, subject: str) -> str:
    return f"sessions-of:{tenant}:{_hash(issuer + ' ' + subject)}"
