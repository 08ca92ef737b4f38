"""Sign-ins under way, each found by the `state` that the provider sends back, and by nothing else.

Each is kept by the browser that began it, encrypted: beginning one costs us no memory.

A browser may have several under way, in as many tabs. An attempt is found by the state that the provider sends back,
and opens under that state only; that it lies in this browser shows that this browser began it. It is used once:
`Sessions.spend` sees to that.
"""

import hashlib
import secrets
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Mapping
from datetime import timedelta
from typing import Final, Self

import msgspec

from infra.encryption.cipher import Encryption, Forged
from infra.identity.tenants import IdentityProvider

#: A sign-in begun and not finished is good for this time.
ATTEMPT: Final = timedelta(minutes=10)
#: A browser keeps so many sign-ins under way at most; they go along with each of its requests.
AT_ONCE: Final = 4
#: A page whose address is longer is not come back to: an attempt has to fit into a cookie.
LONGEST_THEN: Final = 1_000


class Attempt(msgspec.Struct, frozen=True, array_like=True):
    """Everything that belongs to one visit to the provider."""

    tenant: str
    #: Which provider was asked, and as which client.
    provider: str
    nonce: str
    verifier: str
    #: Until when it is good, in seconds since the epoch.
    until: float
    then: str = ""
    #: The form to send again afterwards (`Sessions.keep`), "" without one.
    kept: str = ""

    @classmethod
    def begun(cls, tenant: str, provider: IdentityProvider, *, now: float, then: str, kept: str) -> Self:
        """A new one."""
        return cls(
            tenant=tenant,
            provider=mark_of(provider),
            nonce=secrets.token_urlsafe(24),
            verifier=secrets.token_urlsafe(48),
            until=now + ATTEMPT.total_seconds(),
            then=then if len(then.encode()) <= LONGEST_THEN else "",
            kept=kept,
        )


class Attempts:
    """Attempts as cookies, and back. `prefix` begins the names of the cookies."""

    def __init__(self, encryption: Encryption, prefix: str) -> None:
        self._encryption = encryption
        self._prefix = prefix + "-"

    def kept(self, state: str, attempt: Attempt) -> tuple[str, str]:
        """Name and value of the cookie that keeps it. The value begins with the time, in µs: so the oldest is known."""
        encrypted = self._encryption.encrypt(msgspec.msgpack.encode(attempt), _place(state))
        return self.name(state), f"{attempt.until * 1e6:.0f}.{urlsafe_b64encode(encrypted).rstrip(b'=').decode()}"

    def find(self, state: str, cookies: Mapping[str, str], now: float) -> Attempt | None:
        """The attempt of this state, if this browser began it not too long ago."""
        text = cookies.get(self.name(state), "").partition(".")[2]
        try:
            encrypted = urlsafe_b64decode(text.encode() + b"==")
            attempt = msgspec.msgpack.decode(self._encryption.decrypt(encrypted, _place(state)), type=Attempt)
        except (Forged, ValueError):
            return None
        return attempt if attempt.until > now else None

    def too_many(self, cookies: Mapping[str, str]) -> list[str]:
        """The cookies to drop, the oldest, before one more is kept."""
        under_way = [name for name in cookies if name.startswith(self._prefix)]
        under_way.sort(key=lambda name: cookies[name].partition(".")[0].rjust(20), reverse=True)
        return under_way[AT_ONCE - 1 :]

    def name(self, state: str) -> str:
        """The name of the cookie that keeps the attempt of this state."""
        return self._prefix + hashlib.sha256(state.encode()).hexdigest()[:16]


def mark_of(provider: IdentityProvider) -> str:
    """What an attempt remembers of the provider that it asked."""
    return hashlib.sha256(f"{provider.issuer}\n{provider.client_id}".encode()).hexdigest()[:32]


def _place(state: str) -> str:
    return "sign-in " + hashlib.sha256(state.encode()).hexdigest()
