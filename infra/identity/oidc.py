"""Signing in at the province's own provider: OpenID Connect, code flow with PKCE, and nothing taken on trust.

A person is (issuer, subject). What a provider says of offices is not read: rights come from mandates in the log.
Any doubt ends in `SignInRefused`, whose `reason` says which check failed.
"""

import asyncio
import hmac
import secrets
import time
import warnings
from collections.abc import Callable, Mapping
from typing import Any, Final, NamedTuple
from urllib.parse import urlencode

import httpx2
from authlib.integrations.base_client import OAuthError
from authlib.integrations.httpx_client import AsyncOAuth2Client
from joserfc import jwt
from joserfc.errors import JoseError, SecurityWarning
from joserfc.jws import JWSRegistry, extract_compact

from infra.identity.provider_documents import (
    FRESH,
    PATIENCE,
    Metadata,
    ProviderDocuments,
    ProviderKeys,
    SignInRefused,
    bounded,
)
from infra.identity.sign_in_attempts import Attempt, mark_of
from infra.identity.tenants import IdentityProvider, Tenant

#: Signatures we take, each with its kind of key: public-key ones only. A token signed with a shared secret, or not at
#: all, is never one of ours.
ALGORITHMS: Final = {
    **dict.fromkeys(("RS256", "RS384", "RS512", "PS256", "PS384", "PS512"), "RSA"),
    **dict.fromkeys(("ES256", "ES384", "ES512"), "EC"),
    **dict.fromkeys(("EdDSA", "Ed25519"), "OKP"),
}

#: Clocks of two servers may differ by so many seconds.
LEEWAY: Final = 60
#: Characters of an address that every server and proxy takes.
LONGEST_ADDRESS: Final = 2_000
#: Characters of what a provider says of an error that are worth a line in our log.
LONGEST_ERROR: Final = 200


class SignInStart(NamedTuple):
    """Where to send the browser, under which state, and what is to be kept until it comes back."""

    url: str
    state: str
    attempt: Attempt


class SignedIn(NamedTuple):
    """Who signed in. The token is kept for signing out; "" when it is too long to be sent back."""

    issuer: str
    subject: str
    id_token: str


class Identity:
    """Speaks with the providers of all provinces."""

    def __init__(self, *, clock: Callable[[], float] = time.time) -> None:
        self._clock = clock
        self._documents = ProviderDocuments(clock)

    async def begin(
        self, tenant: Tenant, provider: IdentityProvider, *, redirect_uri: str, then: str, kept: str = ""
    ) -> SignInStart:
        """Start a sign-in; `then` is the page to go to afterwards, `kept` names a form to send again."""
        metadata = await self._documents.metadata(tenant, provider)
        attempt = Attempt.begun(tenant.id, provider, now=self._clock(), then=then, kept=kept)
        state = secrets.token_urlsafe(24)
        async with _client(provider, redirect_uri) as client:
            url, _ = client.create_authorization_url(
                metadata.authorization_endpoint, state=state, nonce=attempt.nonce, code_verifier=attempt.verifier
            )
        return SignInStart(url, state, attempt)

    async def finish(
        self,
        tenant: Tenant,
        provider: IdentityProvider,
        attempt: Attempt,
        answer: Mapping[str, str],
        *,
        redirect_uri: str,
    ) -> SignedIn:
        """The person, from what the provider sent back to us. Raises SignInRefused.

        `attempt` is this browser's, found by the answer's `state` (`infra.identity.sign_in_attempts`). The answer must
        come from the issuer it was sent to (RFC 9207): otherwise one provider could hand us a code of another.
        """
        if attempt.tenant != tenant.id:
            raise SignInRefused(reason="other-province")
        if attempt.provider != mark_of(provider):
            raise SignInRefused(reason="provider-changed")
        metadata = await self._documents.metadata(tenant, provider)
        named = answer.get("iss")
        if named != provider.issuer and (named or metadata.names_issuer):
            raise SignInRefused(reason="issuer")
        code = answer.get("code", "")
        if answer.get("error") or not code:
            hidden = (code, answer.get("state", ""))
            said = {name: cleaned(answer.get(name, ""), *hidden) for name in ("error", "error_description")}
            raise SignInRefused(reason="provider", **said)
        token = await self._exchange(metadata, provider, attempt, code, redirect_uri)
        claims = await self._verify(tenant, provider, metadata, token)
        self._judge(claims, provider, attempt)
        return SignedIn(provider.issuer, claims["sub"], token if len(token) < LONGEST_ADDRESS else "")

    async def end_url(self, tenant: Tenant, provider: IdentityProvider, id_token: str, back: str) -> str:
        """Where the browser signs out at the provider too; "" when the provider has no such place or is away.

        The token, which may be of any length, is left out where the address would become too long.
        """
        try:
            metadata = await self._documents.metadata(tenant, provider)
        except SignInRefused:
            return ""
        if not metadata.end_session_endpoint:
            return ""
        asked = {"post_logout_redirect_uri": back, "client_id": provider.client_id}
        joint = "&" if "?" in metadata.end_session_endpoint else "?"
        plain = metadata.end_session_endpoint + joint + urlencode(asked)
        hinted = f"{plain}&{urlencode({'id_token_hint': id_token})}"
        return hinted if id_token and len(hinted) <= LONGEST_ADDRESS else plain

    # Checks -------------------------------------------------------------------------------------------

    async def _exchange(
        self, metadata: Metadata, provider: IdentityProvider, attempt: Attempt, code: str, redirect_uri: str
    ) -> str:
        """The id token for the code; only who holds the verifier gets it."""
        try:
            async with asyncio.timeout(PATIENCE), _client(provider, redirect_uri) as client:
                token = await client.fetch_token(
                    metadata.token_endpoint, code=code, code_verifier=attempt.verifier, grant_type="authorization_code"
                )
        except (OAuthError, ValueError, RecursionError) as refused:
            error = cleaned(str(refused), code, attempt.verifier, provider.client_secret)
            raise SignInRefused(reason="code", error=error) from refused
        except (httpx2.HTTPError, httpx2.InvalidURL, TimeoutError) as away:
            raise SignInRefused(reason="provider-away", error=type(away).__name__) from away
        id_token = token.get("id_token") if isinstance(token, dict) else None
        if not isinstance(id_token, str):
            raise SignInRefused(reason="no-id-token")
        return id_token

    async def _verify(
        self, tenant: Tenant, provider: IdentityProvider, metadata: Metadata, token: str
    ) -> dict[str, Any]:
        """The claims of a token that one of the provider's own keys signed with an algorithm we take.

        Where none fits, the keys are looked at once more: the provider may have a new one, under the same name or none.
        """
        held = await self._documents.keys(tenant, provider, metadata)
        try:
            return _claims(token, held)
        except SignInRefused as refused:
            if refused.details["reason"] == "algorithm":
                raise
            renewed = await self._documents.keys_after(held, tenant, provider, metadata)
            if renewed is None:
                raise
        return _claims(token, renewed)

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
            "nonce": hmac.compare_digest(str(claims.get("nonce", "")).encode(), attempt.nonce.encode()),
            "subject": isinstance(subject, str) and 0 < len(subject) < 256,
        }
        for reason, holds in checks.items():
            if not holds:
                raise SignInRefused(reason=reason)


def _claims(token: str, keys: ProviderKeys) -> dict[str, Any]:
    """What a token says that one of these keys signed. Raises SignInRefused: algorithm, unknown-key or signature."""
    try:
        header = extract_compact(token.encode()).headers()
    except (JoseError, ValueError, RecursionError) as bad:
        raise SignInRefused(reason="signature", error=type(bad).__name__) from bad
    algorithm, name = str(header.get("alg")), header.get("kid")
    kind = ALGORITHMS.get(algorithm)
    if kind is None:
        raise SignInRefused(reason="algorithm", error=cleaned(algorithm)[:20])
    fitting = [key for key in keys.keys if name is None or key.kid in (None, name)]
    if not fitting:
        raise SignInRefused(reason="unknown-key")
    error = "no key of this kind"
    for key in fitting:
        if key.key_type == kind:
            try:
                with warnings.catch_warnings():
                    warnings.simplefilter("ignore", SecurityWarning)  # EdDSA has a newer name; providers say the old
                    return dict(jwt.decode(token, key, [algorithm], JWSRegistry(algorithms=[algorithm])).claims)
            except (JoseError, ValueError, RecursionError) as bad:
                error = type(bad).__name__
    raise SignInRefused(reason="signature", error=error)


def _client(provider: IdentityProvider, redirect_uri: str) -> AsyncOAuth2Client:
    return AsyncOAuth2Client(
        client_id=provider.client_id,
        client_secret=provider.client_secret or None,
        token_endpoint_auth_method="client_secret_basic" if provider.client_secret else "none",
        scope=provider.scopes,
        redirect_uri=redirect_uri,
        code_challenge_method="S256",
        transport=bounded(),
        timeout=PATIENCE,
        follow_redirects=False,
        trust_env=False,
    )


def cleaned(said: str, *hidden: str) -> str:
    """What a provider said of an error, for a log: bounded, on one line, without the secrets of this sign-in."""
    for secret in hidden:
        if secret:
            said = said.replace(secret, "…")
    return "".join(letter if letter.isprintable() else " " for letter in said[: 2 * LONGEST_ERROR])[:LONGEST_ERROR]
