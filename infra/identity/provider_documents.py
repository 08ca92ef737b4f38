"""The documents that an identity provider publishes about itself: its metadata and its keys.

They are read as leniently as their RFCs ask (what is unknown is skipped, null is absent, one bad key spoils no other)
and as warily as anything of a stranger's: with a bound on bytes and on the whole time, and nothing followed elsewhere.
Everything is kept by (tenant, issuer, client): no province's metadata or keys are ever used for another's.
"""

import asyncio
import json
import time
from collections import defaultdict
from collections.abc import AsyncIterator, Callable
from typing import Any, ClassVar, Final, NamedTuple, TypeAlias
from urllib.parse import urlsplit

import httpx2
from joserfc.jwk import ECKey, JWKRegistry, OKPKey, RSAKey

from domain.errors import Refused
from infra.identity.tenants import IdentityProvider, Tenant

#: Metadata and keys are asked for again after so many seconds,
FRESH: Final = 3_600
#: and because no key fits a token at most once in so many: whoever sends forged tokens makes us ask no faster.
REFETCH: Final = 60
#: Seconds that an answer of a provider may take, from connecting to its last byte, and the bytes that it may have.
PATIENCE: Final = 5.0
LIMIT: Final = 256_000

Place: TypeAlias = tuple[str, str, str]
PublicKey: TypeAlias = RSAKey | ECKey | OKPKey


class SignInRefused(Refused):
    """The sign-in cannot be believed, or the provider did not finish it; `reason` says which check failed."""

    code: ClassVar[str] = "sign-in-refused"


class Metadata(NamedTuple):
    """What a provider says of itself (OpenID Connect Discovery), as far as we use it; "" is absent."""

    authorization_endpoint: str
    token_endpoint: str
    jwks_uri: str
    end_session_endpoint: str = ""
    #: Whether its answers always name their issuer (RFC 9207).
    names_issuer: bool = False


class ProviderKeys(NamedTuple):
    """The public keys of a provider, and when they were fetched."""

    keys: tuple[PublicKey, ...]
    fetched: float


class ProviderDocuments:
    """The documents of all providers, kept for a while. Of those who want one at the same time one fetches it."""

    def __init__(self, clock: Callable[[], float] = time.time) -> None:
        self._clock = clock
        self._metadata: dict[Place, tuple[Metadata, float]] = {}
        self._keys: dict[Place, ProviderKeys] = {}
        self._sought: dict[Place, float] = {}
        self._fetching: defaultdict[Place, asyncio.Lock] = defaultdict(asyncio.Lock)

    async def metadata(self, tenant: Tenant, provider: IdentityProvider) -> Metadata:
        """The provider's metadata. Raises SignInRefused."""
        place = place_of(tenant, provider)
        async with self._fetching[place]:
            known = self._metadata.get(place)
            if known and self._clock() - known[1] < FRESH:
                return known[0]
            document = await fetch(provider.issuer.rstrip("/") + "/.well-known/openid-configuration")
            metadata = read_metadata(document, provider.issuer)
            self._metadata[place] = (metadata, self._clock())
            return metadata

    async def keys(self, tenant: Tenant, provider: IdentityProvider, metadata: Metadata) -> ProviderKeys:
        """The provider's keys. Raises SignInRefused."""
        place = place_of(tenant, provider)
        async with self._fetching[place]:
            held = self._keys.get(place)
            if held and self._clock() - held.fetched < FRESH:
                return held
            return await self._fetch_keys(place, metadata)

    async def keys_after(
        self, held: ProviderKeys, tenant: Tenant, provider: IdentityProvider, metadata: Metadata
    ) -> ProviderKeys | None:
        """The keys again, after none of `held` fitted a token; None when they were looked at too short a time ago."""
        place = place_of(tenant, provider)
        async with self._fetching[place]:
            if self._keys.get(place) is not held:
                return self._keys.get(place)
            if self._clock() - self._sought.get(place, 0) < REFETCH:
                return None
            self._sought[place] = self._clock()
            return await self._fetch_keys(place, metadata)

    async def _fetch_keys(self, place: Place, metadata: Metadata) -> ProviderKeys:
        keys = ProviderKeys(read_keys(await fetch(metadata.jwks_uri)), self._clock())
        self._keys[place] = keys
        return keys


def place_of(tenant: Tenant, provider: IdentityProvider) -> Place:
    """Under what a provider's documents are kept."""
    return (tenant.id, provider.issuer, provider.client_id)


# Reading ----------------------------------------------------------------------------------------------


def read_metadata(document: bytes, issuer: str) -> Metadata:
    """Metadata that this issuer published. Raises SignInRefused when they are another's, or lack what we need."""
    said = _object(document, "provider-metadata")
    secure = urlsplit(issuer).scheme == "https"
    metadata = Metadata(
        authorization_endpoint=_address(said.get("authorization_endpoint"), secure=secure),
        token_endpoint=_address(said.get("token_endpoint"), secure=secure),
        jwks_uri=_address(said.get("jwks_uri"), secure=secure),
        end_session_endpoint=_address(said.get("end_session_endpoint"), secure=secure),
        names_issuer=said.get("authorization_response_iss_parameter_supported") is True,
    )
    needed = (metadata.authorization_endpoint, metadata.token_endpoint, metadata.jwks_uri)
    if said.get("issuer") != issuer or not all(needed):
        raise SignInRefused(reason="provider-metadata")
    return metadata


def read_keys(document: bytes) -> tuple[PublicKey, ...]:
    """The keys of a set with which signatures can be checked; others are skipped. Raises SignInRefused without any."""
    published = _object(document, "provider-keys").get("keys")
    found = [_key(one) for one in published] if isinstance(published, list) else []
    keys = tuple(key for key in found if key is not None)
    if not keys:
        raise SignInRefused(reason="provider-keys")
    return keys


def _object(document: bytes, reason: str) -> dict[str, Any]:
    try:
        value = json.loads(document)
    except (ValueError, RecursionError) as bad:
        raise SignInRefused(reason=reason) from bad
    if not isinstance(value, dict):
        raise SignInRefused(reason=reason)
    return value


def _address(said: object, *, secure: bool) -> str:
    """An address to which a browser may be sent, or we ask; "" for anything else, and for plain http where the issuer
    has https.
    """
    if not isinstance(said, str) or not said.isascii() or not said.isprintable() or set(said) & set(" \"'<>\\^`{|}"):
        return ""
    try:
        parts = urlsplit(said)
        host, _ = parts.hostname or "", parts.port
    except ValueError:
        return ""
    fit = parts.scheme == "https" or (parts.scheme == "http" and not secure)
    clean = "@" not in parts.netloc and ";" not in parts.netloc and "," not in parts.netloc and not parts.fragment
    return said if fit and host and clean else ""


def _key(said: object) -> PublicKey | None:
    """A public key for signatures; None for what is none, or of a kind that we do not know (RFC 7517, section 5)."""
    if not isinstance(said, dict) or said.get("use") not in (None, "sig"):
        return None
    try:
        key = JWKRegistry.import_key({name: value for name, value in said.items() if value is not None})
        key.get_op_key("verify")
    except Exception:  # noqa: BLE001 - whatever is wrong with one key of a stranger's, the others are good
        return None
    return key if isinstance(key, (RSAKey, ECKey, OKPKey)) else None


# Fetching ---------------------------------------------------------------------------------------------


async def fetch(url: str) -> bytes:
    """A small document, within PATIENCE; redirects are not followed. Raises SignInRefused."""
    try:
        async with (
            asyncio.timeout(PATIENCE),
            httpx2.AsyncClient(transport=bounded(), follow_redirects=False, trust_env=False) as client,
        ):
            response = await client.get(url, headers={"Accept": "application/json"})
            response.raise_for_status()
            return response.content
    except (httpx2.HTTPError, httpx2.InvalidURL, TimeoutError) as away:
        raise SignInRefused(reason="provider-away", error=type(away).__name__) from away


def bounded() -> httpx2.AsyncBaseTransport:
    """Answers of at most LIMIT bytes; a longer one raises httpx2.TransportError while it is read."""
    return _Bounded()


class _Bounded(httpx2.AsyncHTTPTransport):
    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        request.headers["Accept-Encoding"] = "identity"  # a few bytes could be unpacked to many
        response = await super().handle_async_request(request)
        if response.headers.get("Content-Encoding", "identity").lower() != "identity":
            await response.aclose()
            raise httpx2.DecodingError("an answer was packed though this was not asked for", request=request)
        assert isinstance(response.stream, httpx2.AsyncByteStream)  # noqa: S101 - of an asynchronous transport
        response.stream = _FirstBytes(response.stream)
        return response


class _FirstBytes(httpx2.AsyncByteStream):
    def __init__(self, stream: httpx2.AsyncByteStream) -> None:
        self._stream = stream

    async def __aiter__(self) -> AsyncIterator[bytes]:
        left = LIMIT
        async for chunk in self._stream:
            left -= len(chunk)
            if left < 0:
                raise httpx2.ReadError(f"an answer of more than {LIMIT} bytes")
            yield chunk

    async def aclose(self) -> None:
        await self._stream.aclose()
