"""Signing in at the province's own provider: OpenID Connect, code flow with PKCE, and nothing taken on trust.

Everything is kept by (tenant, issuer, client): no province's settings, metadata or keys are ever used for another's.
A person is (issuer, subject). What a provider says of positions is not read: rights come from mandates in the log.
Any doubt ends in `SignInRefused`, whose `reason` says which check failed.
"""

import hmac
import secrets
import time
from collections.abc import Callable, Mapping
from typing import Any, ClassVar, NamedTuple, TypeAlias
from urllib.parse import urlencode, urlsplit

import httpx2
import msgspec
from authlib.integrations.base_client import OAuthError
from authlib.integrations.httpx_client import AsyncOAuth2Client
from joserfc import jwt
from joserfc.errors import InvalidKeyIdError, JoseError
from joserfc.jwk import KeySet
from joserfc.jws import JWSRegistry

from domain.errors import Refused
from infra.sessions import Attempt, Kept, fingerprint
from infra.tenants import IdentityProvider, Tenant

#: Signatures we take: public-key ones only. A token signed with a shared secret, or not at all, is never one of ours.
ALGORITHMS = ("RS256", "PS256", "ES256", "EdDSA")
KEY_TYPES = {"RSA", "EC", "OKP"}

#: Clocks of two servers may differ by so many seconds.
LEEWAY = 60
#: Metadata and keys are asked for again after so many seconds,
FRESH = 3_600
#: and because of an unknown key at most once in so many: whoever sends forged tokens makes us ask no faster.
REFETCH = 60
TIMEOUT = 5.0
LIMIT = 256_000

Place: TypeAlias = tuple[str, str, str]


class SignInRefused(Refused):
    """The sign-in cannot be believed, or the provider did not finish it; `reason` says which check failed."""

    code: ClassVar[str] = "sign-in-refused"


class Metadata(msgspec.Struct, frozen=True):
    """What a provider publishes about itself (OpenID Connect Discovery)."""

    issuer: str
    authorization_endpoint: str
    token_endpoint: str
    jwks_uri: str
    end_session_endpoint: str = ""
    authorization_response_iss_parameter_supported: bool = False


class Beginning(NamedTuple):
    """Where to send the browser, under which state, and the secret to leave in its cookie."""

    url: str
    state: str
    browser: str
    attempt: Attempt


class SignedIn(NamedTuple):
    """Who signed in. The token is kept for signing out."""

    issuer: str
    subject: str
    id_token: str


class _Keys(NamedTuple):
    keys: KeySet
    fetched: float


class Identity:
    """Speaks with the providers of all provinces."""

    def __init__(self, *, clock: Callable[[], float] = time.time) -> None:
        self._clock = clock
        self._metadata: dict[Place, tuple[Metadata, float]] = {}
        self._keys: dict[Place, _Keys] = {}
        self._refetched: dict[Place, float] = {}

    async def begin(
        self, tenant: Tenant, provider: IdentityProvider, *, redirect_uri: str, then: str, kept: Kept | None = None
    ) -> Beginning:
        """Start a sign-in; `then` is the page to go to afterwards, `kept` a form to send again."""
        metadata = await self._discover(tenant, provider)
        state, browser = secrets.token_urlsafe(24), secrets.token_urlsafe(24)
        attempt = Attempt(
            tenant=tenant.id,
            issuer=provider.issuer,
            client_id=provider.client_id,
            redirect_uri=redirect_uri,
            nonce=secrets.token_urlsafe(24),
            verifier=secrets.token_urlsafe(48),
            browser=fingerprint(browser),
            then=then,
            kept=kept,
        )
        async with _client(provider, redirect_uri) as client:
            url, _ = client.create_authorization_url(
                metadata.authorization_endpoint, state=state, nonce=attempt.nonce, code_verifier=attempt.verifier
            )
        return Beginning(url, state, browser, attempt)

    async def finish(
        self, tenant: Tenant, provider: IdentityProvider, attempt: Attempt, browser: str, answer: Mapping[str, str]
    ) -> SignedIn:
        """The person, from what the provider sent back to us. Raises SignInRefused.

        The answer must belong to the browser that began, and come from the issuer it was sent to (RFC 9207):
        otherwise one provider could hand us a code of another.
        """
        if attempt.tenant != tenant.id or not hmac.compare_digest(attempt.browser, fingerprint(browser)):
            raise SignInRefused(reason="other-browser")
        if (attempt.issuer, attempt.client_id) != (provider.issuer, provider.client_id):
            raise SignInRefused(reason="provider-changed")
        metadata = await self._discover(tenant, provider)
        named = answer.get("iss")
        if named != provider.issuer and (named or metadata.authorization_response_iss_parameter_supported):
            raise SignInRefused(reason="issuer")
        if answer.get("error") or not answer.get("code"):
            raise SignInRefused(reason="provider", error=answer.get("error", "")[:60])
        token = await self._exchange(metadata, provider, attempt, answer["code"])
        claims = await self._verify(tenant, provider, metadata, token)
        self._judge(claims, provider, attempt)
        return SignedIn(provider.issuer, claims["sub"], token)

    async def end_url(self, tenant: Tenant, provider: IdentityProvider, id_token: str, back: str) -> str:
        """Where the browser signs out at the provider too; "" when the provider has no such place or is away."""
        try:
            metadata = await self._discover(tenant, provider)
        except SignInRefused:
            return ""
        if not metadata.end_session_endpoint:
            return ""
        asked = {"id_token_hint": id_token, "post_logout_redirect_uri": back, "client_id": provider.client_id}
        joint = "&" if "?" in metadata.end_session_endpoint else "?"
        return metadata.end_session_endpoint + joint + urlencode(asked)

    def origins(self, tenant: Tenant, provider: IdentityProvider) -> tuple[str, ...]:
        """The origins to which signing in and out may lead, for the content security policy."""
        known = self._metadata.get(_place(tenant, provider))
        places = [provider.issuer]
        if known:
            places += [known[0].authorization_endpoint, known[0].end_session_endpoint]
        return tuple(dict.fromkeys(_origin(place) for place in places if place))

    # Checks -------------------------------------------------------------------------------------------

    async def _exchange(self, metadata: Metadata, provider: IdentityProvider, attempt: Attempt, code: str) -> str:
        """The id token for the code; only who holds the verifier gets it."""
        try:
            async with _client(provider, attempt.redirect_uri) as client:
                token = await client.fetch_token(
                    metadata.token_endpoint, code=code, code_verifier=attempt.verifier, grant_type="authorization_code"
                )
        except (OAuthError, ValueError) as refused:
            raise SignInRefused(reason="code", error=str(refused)[:200]) from refused
        except httpx2.HTTPError as away:
            raise SignInRefused(reason="provider-away") from away
        id_token = token.get("id_token")
        if not isinstance(id_token, str):
            raise SignInRefused(reason="no-id-token")
        return id_token

    async def _verify(
        self, tenant: Tenant, provider: IdentityProvider, metadata: Metadata, token: str
    ) -> dict[str, Any]:
        """The claims of a token that one of the provider's own keys signed with an algorithm we take."""
        keys = await self._keys_of(tenant, provider, metadata)
        try:
            return _claims(token, keys)
        except InvalidKeyIdError:
            renewed = await self._keys_of(tenant, provider, metadata, unknown=True)
            if renewed is keys:
                raise SignInRefused(reason="unknown-key") from None
        except (JoseError, ValueError) as bad:
            raise SignInRefused(reason="signature", error=type(bad).__name__) from bad
        try:
            return _claims(token, renewed)
        except InvalidKeyIdError:
            raise SignInRefused(reason="unknown-key") from None
        except (JoseError, ValueError) as bad:
            raise SignInRefused(reason="signature", error=type(bad).__name__) from bad

    def _judge(self, claims: dict[str, Any], provider: IdentityProvider, attempt: Attempt) -> None:
        """OpenID Connect Core 3.1.3.7: issued by them, for us, now, in answer to this very sign-in."""
        now = self._clock()
        audience = claims.get("aud")
        audiences = audience if isinstance(audience, list) else [audience]
        party = claims.get("azp")
        expires, issued = claims.get("exp"), claims.get("iat")
        subject = claims.get("sub")
        checks = {
            "issuer": claims.get("iss") == provider.issuer,
            "audience": provider.client_id in audiences,
            "authorized-party": party == provider.client_id if party is not None else len(audiences) == 1,
            "expired": isinstance(expires, (int, float)) and expires > now - LEEWAY,
            "issued-at": isinstance(issued, (int, float)) and now - FRESH < issued < now + LEEWAY,
            "nonce": hmac.compare_digest(str(claims.get("nonce", "")), attempt.nonce),
            "subject": isinstance(subject, str) and 0 < len(subject) < 256,
        }
        for reason, holds in checks.items():
            if not holds:
                raise SignInRefused(reason=reason)

    # What providers publish ---------------------------------------------------------------------------

    async def _discover(self, tenant: Tenant, provider: IdentityProvider) -> Metadata:
        place = _place(tenant, provider)
        known = self._metadata.get(place)
        if known and self._clock() - known[1] < FRESH:
            return known[0]
        found = await _fetch(provider.issuer.rstrip("/") + "/.well-known/openid-configuration")
        try:
            metadata = msgspec.json.decode(found, type=Metadata)
        except msgspec.DecodeError as bad:
            raise SignInRefused(reason="provider-metadata") from bad
        secure = urlsplit(provider.issuer).scheme == "https"
        addresses = (metadata.authorization_endpoint, metadata.token_endpoint, metadata.jwks_uri)
        if metadata.issuer != provider.issuer or any(
            urlsplit(address).scheme not in ({"https"} if secure else {"http", "https"}) for address in addresses
        ):
            raise SignInRefused(reason="provider-metadata")
        self._metadata[place] = (metadata, self._clock())
        return metadata

    async def _keys_of(
        self, tenant: Tenant, provider: IdentityProvider, metadata: Metadata, *, unknown: bool = False
    ) -> KeySet:
        """The provider's public keys. `unknown`: a token names a key we do not have; look again, but not too often."""
        place = _place(tenant, provider)
        held = self._keys.get(place)
        now = self._clock()
        if held and unknown:
            if now - self._refetched.get(place, 0) < REFETCH:
                return held.keys
            self._refetched[place] = now
        elif held and now - held.fetched < FRESH:
            return held.keys
        try:
            published = msgspec.json.decode(await _fetch(metadata.jwks_uri), type=dict[str, list[dict[str, Any]]])
            usable = [
                key for key in published["keys"] if key.get("kty") in KEY_TYPES and key.get("use", "sig") == "sig"
            ]
            keys = KeySet.import_key_set({"keys": usable})
        except (JoseError, KeyError, ValueError) as bad:
            raise SignInRefused(reason="provider-keys") from bad
        self._keys[place] = _Keys(keys, now)
        return keys


def _claims(token: str, keys: KeySet) -> dict[str, Any]:
    registry = JWSRegistry(algorithms=list(ALGORITHMS))
    return dict(jwt.decode(token, keys, algorithms=list(ALGORITHMS), registry=registry).claims)


def _client(provider: IdentityProvider, redirect_uri: str) -> AsyncOAuth2Client:
    return AsyncOAuth2Client(
        client_id=provider.client_id,
        client_secret=provider.client_secret or None,
        token_endpoint_auth_method="client_secret_basic" if provider.client_secret else "none",
        scope=provider.scopes,
        redirect_uri=redirect_uri,
        code_challenge_method="S256",
        timeout=TIMEOUT,
        follow_redirects=False,
        trust_env=False,
    )


async def _fetch(url: str) -> bytes:
    """A small JSON document; nothing is followed elsewhere."""
    try:
        async with httpx2.AsyncClient(timeout=TIMEOUT, follow_redirects=False, trust_env=False) as client:
            response = await client.get(url, headers={"Accept": "application/json"})
            response.raise_for_status()
    except (httpx2.HTTPError, httpx2.InvalidURL) as away:
        raise SignInRefused(reason="provider-away") from away
    if len(response.content) > LIMIT:
        raise SignInRefused(reason="provider-metadata")
    return response.content


def _place(tenant: Tenant, provider: IdentityProvider) -> Place:
    return (tenant.id, provider.issuer, provider.client_id)


def _origin(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"
