"""A demonstration identity provider: lists a province's officials by position, and one click signs in as one of them.

It is a real OpenID provider (discovery, code flow with PKCE S256, RS256, RFC 9207, end of session) with one thing
missing: it asks nobody who they are. So it is started only where `MINHCHUAN_DEMONSTRATION` says so, knows no client
but our own web, and lists only officials of provinces that are marked as demonstrations. Each province has its own
issuer, `<base>/<slug>`. Codes live one minute, in this process; keys live as long as it does.
"""

import base64
import hashlib
import hmac
import os
import secrets
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from http import HTTPStatus
from typing import Any, NamedTuple
from urllib.parse import urlencode, urlsplit

from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import RSAKey
from litestar import Litestar, Request, Response, get, post
from litestar.datastructures import State
from litestar.params import FromPath

from domain.official import Office
from domain.unit import Level
from domain.vietnamese import sort_key
from infra.identity.tenants import Tenant
from infra.platform import programs
from infra.platform.config import Misconfigured, Settings, read_settings
from projections.tables.officials import OFFICIALS, OfficialRow
from projections.tables.units import UNITS, UnitRow
from services.clock import today
from services.i18n import Words, load_words
from services.processes.serve import granian
from services.processes.supervise import kept_port
from services.visible import shown
from services.web import urls
from services.web.app import harden
from services.web.assets import Assets
from services.web.name_search import ANYTHING, Sought, search_for
from services.web.render import Renderer, answer
from services.web.security import content_policy
from services.web.service_page import healthz, static
from services.wiring import wired

CLIENT = "minhchuan"
CODE_LIFE = 60.0
TOKEN_LIFE = 600


class Post(NamedTuple):
    """Somebody to sign in as: the subject of the tokens, the position in words, the name."""

    subject: str
    position: str
    name: str


class UnitOfficials(NamedTuple):
    """A unit with its officials."""

    unit: str
    posts: tuple[Post, ...]


class ProviderProvince(NamedTuple):
    """A demonstration province."""

    name: str
    offices: tuple[UnitOfficials, ...]


#: The province at this address; None where there is none, or it is no demonstration.
Roster = Callable[[str], Awaitable[ProviderProvince | None]]


class IssuedCode(NamedTuple):
    """What a code stands for."""

    issuer: str
    redirect_uri: str
    challenge: str
    nonce: str
    subject: str
    until: float


class AuthorizationRequest(NamedTuple):
    """An authorization request that may be answered."""

    redirect_uri: str
    state: str
    nonce: str
    challenge: str


class Refuse(Exception):
    """The request is not one that our web makes; the text says why."""


class Provider:
    """Everything the handlers share. `web` is where our pages are, the only place that browsers are sent back to."""

    def __init__(self, base: str, web: str, roster: Roster) -> None:
        self.base = base
        self.web = web
        self.roster = roster
        self.key = RSAKey.generate_key(2048, {"kid": secrets.token_hex(8), "use": "sig", "alg": "RS256"})
        self.grants: dict[str, IssuedCode] = {}
        self.renderer = Renderer(load_words(), Assets())

    def issuer(self, slug: str) -> str:
        return f"{self.base}/{slug}"

    def read(self, slug: str, given: dict[str, str]) -> AuthorizationRequest:
        """The authorization request, checked. Raises Refuse."""
        wanted = {
            "client_id": CLIENT,
            "redirect_uri": self.web + urls.fill(urls.SIGN_IN_RETURN, slug),
            "response_type": "code",
            "code_challenge_method": "S256",
        }
        for name, value in wanted.items():
            if given.get(name) != value:
                raise Refuse(f"{name}: {given.get(name)!r}")
        if "openid" not in given.get("scope", "").split() or not given.get("state") or not given.get("nonce"):
            raise Refuse("scope, state or nonce")
        if len(given.get("code_challenge", "")) != 43:
            raise Refuse("code_challenge")
        return AuthorizationRequest(given["redirect_uri"], given["state"], given["nonce"], given["code_challenge"])

    def grant(self, slug: str, asked: AuthorizationRequest, subject: str) -> str:
        """A code for this person."""
        now = time.monotonic()
        self.grants = {code: grant for code, grant in self.grants.items() if grant.until > now}
        code = secrets.token_urlsafe(24)
        self.grants[code] = IssuedCode(
            self.issuer(slug), asked.redirect_uri, asked.challenge, asked.nonce, subject, now + CODE_LIFE
        )
        return code

    def token(self, slug: str, form: dict[str, str]) -> str:
        """The id token for a code, once, to whoever holds the verifier. Raises Refuse."""
        grant = self.grants.pop(form.get("code", ""), None)
        if grant is None or grant.until < time.monotonic() or grant.issuer != self.issuer(slug):
            raise Refuse("code")
        if form.get("grant_type") != "authorization_code" or form.get("client_id") != CLIENT:
            raise Refuse("client")
        if form.get("redirect_uri") != grant.redirect_uri:
            raise Refuse("redirect_uri")
        digest = hashlib.sha256(form.get("code_verifier", "").encode()).digest()
        challenge = base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
        if not hmac.compare_digest(challenge, grant.challenge):
            raise Refuse("code_verifier")
        now = int(time.time())
        claims = {
            "iss": grant.issuer,
            "sub": grant.subject,
            "aud": CLIENT,
            "iat": now,
            "exp": now + TOKEN_LIFE,
            "nonce": grant.nonce,
        }
        return jwt.encode({"alg": "RS256", "kid": self.key.kid}, claims, self.key)

    def issued(self, slug: str, token: str) -> bool:
        """Whether we issued this token (however long ago) in this province."""
        try:
            claims = jwt.decode(token, self.key, algorithms=["RS256"]).claims
        except (JoseError, ValueError):
            return False
        return bool(claims.get("iss") == self.issuer(slug))


def create_provider(base: str, web: str, rosters: Callable[[], AbstractAsyncContextManager[Roster]]) -> Litestar:
    """The provider at `base`, for our pages at `web`; the rosters are opened when the server starts."""

    @asynccontextmanager
    async def living(app: Litestar) -> AsyncIterator[None]:
        async with rosters() as roster:
            app.state.provider = Provider(base, web, roster)
            yield

    return Litestar(
        route_handlers=[discovery, keys, choose, sign_in, exchange, end_session, static, healthz],
        lifespan=[living],
        state=State({"assets": Assets()}),
        before_send=[harden],
        openapi_config=None,
        logging_config=None,
    )


# The process ------------------------------------------------------------------------------------------


def base_url(settings: Settings) -> str:
    """Where the provider of this data folder is, the same at every start; a province's issuer is `<base>/<slug>`."""
    kept = settings.folder / "provider.port"
    port = int(kept.read_text()) if kept.exists() else kept_port(settings.folder, "provider", settings.host)
    return f"http://{settings.host}:{port}"


def run(settings: Settings) -> None:
    """Serve until told to stop. `settings` names the public address of our pages."""
    if not settings.demonstration:
        raise Misconfigured("MINHCHUAN_DEMONSTRATION is not 1: the demonstration provider lets everybody in")
    base = base_url(settings)
    os.environ.update(settings.environment())
    print(shown(base), flush=True)
    granian(programs.PROVIDER, settings.host, int(base.rpartition(":")[2]))


def application() -> Litestar:
    """The provider of a worker process, reading the officials from the read models."""
    settings = read_settings()
    return create_provider(base_url(settings), settings.public_url, lambda: rosters(settings))


@asynccontextmanager
async def rosters(settings: Settings) -> AsyncIterator[Roster]:
    """The officials of demonstration provinces, from the read models."""
    words = load_words()["vi"]
    async with wired(settings) as wiring:

        async def roster(slug: str) -> ProviderProvince | None:
            tenant = await wiring.tenants.by_slug(slug)
            if tenant is None or not tenant.demonstration:
                return None
            provider = await wiring.tenants.identity_provider(tenant)
            async with wiring.reads.at(tenant) as view:
                officials, units = await view.all(OFFICIALS), await view.all(UNITS)
            here = [row for row in officials if provider and row.issuer == provider.issuer]
            return ProviderProvince(tenant.name, offices_of(tenant, here, units, words))

        yield roster


def offices_of(
    tenant: Tenant, officials: list[OfficialRow], units: list[UnitRow], words: Words
) -> tuple[UnitOfficials, ...]:
    """Who may be chosen, by unit: the province first, then districts, then communes, each by name."""
    known = {unit.code: unit for unit in units}
    rank = {Level.PROVINCE: 0, Level.DISTRICT: 1, Level.COMMUNE: 2}
    offices: dict[str, list[tuple[int, Post]]] = {}
    order = list(Office)
    for row in officials:
        for mandate in row.in_force(today()):
            label = words.say(f"position.{mandate.position}")
            name = f"{row.name} ({row.agency})" if row.agency else row.name
            offices.setdefault(mandate.unit, []).append((order.index(mandate.position), Post(row.subject, label, name)))

    def place(code: str) -> tuple[int, Any]:
        unit = known.get(code)
        return (rank[unit.level], sort_key(unit.name)) if unit else (-1, ())

    return tuple(
        UnitOfficials(
            known[code].full_name if code in known else tenant.name, tuple(post for _, post in sorted(offices[code]))
        )
        for code in sorted(offices, key=place)
    )


# Pages ------------------------------------------------------------------------------------------------


@get("/{slug:str}/authorize", include_in_schema=False)
async def choose(slug: FromPath[str], request: Request[Any, Any, State]) -> Response[Any]:
    """The officials of the province; `tim` narrows them down."""
    provider: Provider = request.app.state.provider
    given = {name: str(value) for name, value in request.query_params.items()}
    province = await provider.roster(slug)
    try:
        provider.read(slug, given)
    except Refuse as refused:
        return page(request, "provider/refused.html", 400, reason=str(refused), province=province)
    if province is None:
        return page(request, "provider/refused.html", 404, reason="province", province=None)
    sought = search_for(given.pop("tim", "").strip())
    offices = tuple(narrowed(office, sought) for office in province.offices)
    return page(
        request,
        "provider/choose.html",
        action=f"/{slug}/authorize",
        given=given,
        sought=sought.typed,
        province=province,
        offices=tuple(office for office in offices if office.posts),
    )


@post("/{slug:str}/authorize", include_in_schema=False)
async def sign_in(slug: FromPath[str], request: Request[Any, Any, State]) -> Response[Any]:
    """Sign in as the chosen official: back to our pages with a code."""
    provider: Provider = request.app.state.provider
    given = await form_of(request)
    province = await provider.roster(slug)
    try:
        asked = provider.read(slug, given)
    except Refuse as refused:
        return page(request, "provider/refused.html", 400, reason=str(refused), province=province)
    known = {post.subject for office in province.offices for post in office.posts} if province else set()
    if given.get("subject") not in known:
        return page(request, "provider/refused.html", 404, reason="subject", province=province)
    back = {"code": provider.grant(slug, asked, given["subject"]), "state": asked.state, "iss": provider.issuer(slug)}
    return see(f"{asked.redirect_uri}?{urlencode(back)}")


@get("/{slug:str}/end", include_in_schema=False)
async def end_session(slug: FromPath[str], request: Request[Any, Any, State]) -> Response[Any]:
    """There is no session here to end; back to our pages, and nowhere else."""
    provider: Provider = request.app.state.provider
    query = request.query_params
    back = str(query.get("post_logout_redirect_uri", ""))
    ours = urlsplit(back)[:2] == urlsplit(provider.web)[:2]
    if not ours or not provider.issued(slug, str(query.get("id_token_hint", ""))):
        return page(request, "provider/refused.html", 400, reason="post_logout_redirect_uri", province=None)
    return see(back)


def narrowed(office: UnitOfficials, sought: Sought) -> UnitOfficials:
    """The office with those posts that answer what is sought; a unit found by name keeps all of its own."""
    if sought == ANYTHING or sought.finds_initials(office.unit):
        return office
    return office._replace(
        posts=tuple(one for one in office.posts if sought.finds_initials(f"{one.position} {one.name}"))
    )


# Protocol ---------------------------------------------------------------------------------------------


@get("/{slug:str}/.well-known/openid-configuration", include_in_schema=False)
async def discovery(slug: FromPath[str], request: Request[Any, Any, State]) -> dict[str, Any]:
    """What we are (OpenID Connect Discovery)."""
    issuer = request.app.state.provider.issuer(slug)
    return {
        "issuer": issuer,
        "authorization_endpoint": f"{issuer}/authorize",
        "token_endpoint": f"{issuer}/token",
        "jwks_uri": f"{issuer}/jwks",
        "end_session_endpoint": f"{issuer}/end",
        "response_types_supported": ["code"],
        "grant_types_supported": ["authorization_code"],
        "subject_types_supported": ["public"],
        "scopes_supported": ["openid"],
        "id_token_signing_alg_values_supported": ["RS256"],
        "token_endpoint_auth_methods_supported": ["none"],
        "code_challenge_methods_supported": ["S256"],
        "authorization_response_iss_parameter_supported": True,
    }


@get("/{slug:str}/jwks", include_in_schema=False)
async def keys(slug: FromPath[str], request: Request[Any, Any, State]) -> dict[str, Any]:
    """Our public key."""
    return {"keys": [request.app.state.provider.key.as_dict(private=False)]}


@post("/{slug:str}/token", include_in_schema=False, status_code=HTTPStatus.OK)
async def exchange(slug: FromPath[str], request: Request[Any, Any, State]) -> Response[dict[str, Any]]:
    """A token for a code."""
    provider: Provider = request.app.state.provider
    headers = {"Cache-Control": "no-store"}
    try:
        token = provider.token(slug, await form_of(request))
    except Refuse as refused:
        wrong = {"error": "invalid_grant", "error_description": str(refused)}
        return Response(wrong, status_code=HTTPStatus.BAD_REQUEST, headers=headers)
    body = {"access_token": secrets.token_urlsafe(24), "token_type": "Bearer", "id_token": token, "expires_in": 60}
    return Response(body, headers=headers)


async def form_of(request: Request[Any, Any, State]) -> dict[str, str]:
    return {name: str(value) for name, value in (await request.form()).multi_items()}


def see(url: str) -> Response[Any]:
    return Response(b"", status_code=HTTPStatus.SEE_OTHER, headers={"Location": url, "Cache-Control": "no-store"})


def page(request: Request[Any, Any, State], template: str, status: int = 200, **view: Any) -> Response[Any]:
    provider: Provider = request.app.state.provider
    html = provider.renderer.render(template, "vi", {"web": provider.web, **view})
    policy = content_policy([provider.web])
    return answer(
        html,
        status=status,
        accepts_gzip="gzip" in request.headers.get("accept-encoding", ""),
        headers={"Content-Security-Policy": policy},
    )
