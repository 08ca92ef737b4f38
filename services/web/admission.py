"""The admission: who gets to a page at all, and what of a request is read before that is known.

Nobody comes past it to a page of another province, nor without a session to any but a public one.
"""

from typing import Any, ClassVar

import structlog
from litestar.connection import ASGIConnection, Request
from litestar.handlers import BaseRouteHandler, HTTPRouteHandler
from litestar.types import Scope
from redis.exceptions import RedisError

from domain.errors import NotFound, Refused
from infra.identity.sessions import Session
from services.web import security
from services.web.bodies import FORM_LIMIT, OF_BODIES, PUBLIC_FORM_LIMIT, readable
from services.web.form_fields import Typed
from services.web.log_lines import short
from services.web.request_target import LOOKING
from services.web.visit import Visit
from services.web.visitor import NotEnrolled, SignInNeeded, belongs

log = structlog.get_logger("web")


class AddressUnreadable(Refused):
    """A parameter of the address is not UTF-8 or holds U+0000."""

    code: ClassVar[str] = "address-unreadable"


async def admit(connection: "ASGIConnection[Any, Any, Any, Any]", handler: BaseRouteHandler) -> None:
    """Raise the refusal that keeps this request from its page. As the guard of the whole application it stands before
    every handler, and it leaves the visit in the request's state.
    """
    if connection.scope.get("method") == "OPTIONS":
        return  # which methods an address takes is no secret, and nothing is looked up for it
    visit = visit_of(connection)
    require_readable_address(connection)
    await _find_province(visit, connection.path_params.get("slug"))
    session = await _find_session(visit)
    if session is None and not handler.opt.get("unpaced"):
        await visit.in_turn()
    changing = connection.scope.get("method") not in LOOKING
    if changing:
        security.require_own_origin(connection, visit.site.public_url)
    if visit.province is not None and session is not None and belongs(session, visit.province):
        visit.signed_in = session
        visit.person = await visit.app.actor_of(visit.province, session.issuer, session.subject)
    if not handler.opt.get("public"):
        if session is not None and visit.signed_in is None:
            visit.province = None  # not even its name
        if changing and visit.signed_in is None:
            await read_form(visit, handler)  # it is kept, or shown again
        _require_official(visit, session)
    if changing:
        await _take_form(visit, handler)
        require_own_form(visit)


async def _find_province(visit: Visit, slug: object | None) -> None:
    """Set the province of the address, if it names one. Raises NotFound."""
    if slug is None:
        return
    found = await visit.site.province(str(slug))
    if found is None:
        raise NotFound
    visit.province = found


async def _find_session(visit: Visit) -> Session | None:
    """The session that the browser shows; none where Redis is away, so that public pages are served all the same, as to
    anybody.
    """
    try:
        return await visit.app.sessions.find(visit.session_id) if visit.session_id else None
    except RedisError as reason:
        visit.sessions_away = reason
        return None


def _require_official(visit: Visit, session: Session | None) -> None:
    """Raise SignInNeeded without a session, NotFound with one of another province, NotEnrolled without a mandate."""
    if session is None:
        raise visit.sessions_away or SignInNeeded
    if visit.signed_in is None:
        raise NotFound
    if not visit.is_at_work:
        raise NotEnrolled


def require_own_form(visit: Visit) -> None:
    """Refuse a form of somebody signed in that does not hold the token of their session. Raises ForeignRequest."""
    session, given = visit.signed_in, visit.typed.text("csrf")
    if session is None or security.is_token_of(session, given):
        return
    if visit.app.sessions.is_of(security.unmasked(given), session) is False:
        held = visit.person.mandates if visit.person else ()
        raise security.ForeignRequest(origin="", reason="another-person", who=held[0].position if held else "")
    raise security.ForeignRequest(origin="")


def require_readable_address(connection: "ASGIConnection[Any, Any, Any, Any]") -> None:
    """Refuse what nobody can have stored or asked for. Raises NotFound for the path, AddressUnreadable for the rest."""
    if not all(readable(str(value)) for value in connection.path_params.values()):
        raise NotFound
    if not all(readable(text) for pair in connection.query_params.multi_items() for text in map(str, pair)):
        raise AddressUnreadable


async def _take_form(visit: Visit, handler: BaseRouteHandler) -> None:
    """Read the form; of somebody signed in it is heard to its end where it is refused, so that they see the answer."""
    try:
        await read_form(visit, handler)
    except OF_BODIES:
        if visit.signed_in is not None:
            await visit.site.bodies.pass_over(visit.request, visit.network)  # type: ignore[arg-type]
        raise


async def read_form(visit: Visit, handler: BaseRouteHandler) -> None:
    """Take in the form, now that it is known who sends it and where to: files only from whoever may send some."""
    request = visit.request
    assert isinstance(request, Request)  # noqa: S101 - Litestar hands guards the request itself
    assert isinstance(handler, HTTPRouteHandler)  # noqa: S101 - there are no others
    most = handler.resolve_request_max_body_size() or FORM_LIMIT
    takes_files = most > FORM_LIMIT
    text = FORM_LIMIT if visit.signed_in else PUBLIC_FORM_LIMIT
    form = await visit.site.bodies.form(
        request,
        visit.network,
        text=text,
        in_all=most if takes_files else text,
        keep_files=takes_files and visit.signed_in is not None,
    )
    visit.typed = Typed.of(form)


async def recognise(visit: Visit) -> None:
    """Who asks for what the door never saw, or was shut to: somebody signed in sees it in the frame of their province.

    An error page must not fail: when it cannot be known, nobody is signed in.
    """
    if visit.province is not None or visit.signed_in is not None or visit.sessions_away is not None:
        return
    try:
        session = await visit.app.sessions.find(visit.session_id) if visit.session_id else None
        tenant = await visit.app.tenants.by_id(session.tenant) if session else None
        if session and tenant:
            visit.person = await visit.app.actor_of(tenant, session.issuer, session.subject)
            visit.province, visit.signed_in = tenant, session
    except Exception as reason:  # noqa: BLE001 - whatever is away, the page is answered
        log.warning("an error page without its frame", reason=short(reason))


async def leave(scope: Scope) -> None:
    """End the visit of a request that is answered."""
    visit = scope.get("state", {}).pop("visit", None)
    if isinstance(visit, Visit):
        await visit.end()


def visit_of(connection: "ASGIConnection[Any, Any, Any, Any]") -> Visit:
    """The visit of this request, made when first asked for."""
    state = connection.scope["state"]
    if "visit" not in state:
        state["visit"] = Visit(connection.app.state.site, connection)
    visit: Visit = state["visit"]
    return visit


async def provide_visit(request: "Request[Any, Any, Any]") -> Visit:
    """The dependency `visit` of every handler."""
    return visit_of(request)
