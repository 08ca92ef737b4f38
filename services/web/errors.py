"""Errors as people see them: a page or fragment in their language, and problem+json for programs."""

from collections.abc import Callable
from http import HTTPStatus
from typing import Any, Final

import asyncpg
import msgspec
import structlog
from litestar import Litestar, Response
from litestar.background_tasks import BackgroundTask
from litestar.connection import Request
from litestar.exceptions import HTTPException
from litestar.types import ASGIApp, Receive, Scope, Send

from domain.errors import Refused
from infra.identity.sessions import KeptForm
from infra.log.group_commit import OutcomeUnknown
from infra.readmodels.reading import BeingRebuilt
from infra.schema.migrate import advice_on
from services.web.address_rate import TooFast
from services.web.admission import recognise, visit_of
from services.web.log_lines import log_refusal, short
from services.web.note_access import note_refused
from services.web.refusals import Refusal, explain, plain
from services.web.request_target import LOOKING
from services.web.sent_form import in_words
from services.web.typed_text import Echo, shortened, typed_by_hand
from services.web.urls import own_path
from services.web.visit import Visit
from services.web.visitor import SignInNeeded

log = structlog.get_logger("web")

#: The database is away or has no room. What was asked may be in the log all the same: the same form asks again.
AWAY: Final = (
    ConnectionError,
    TimeoutError,
    OutcomeUnknown,
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,
    asyncpg.PostgresConnectionError,
    asyncpg.OperatorInterventionError,
    asyncpg.InsufficientResourcesError,
)

#: What can be asked again as it is, after so many seconds where the refusal does not say how many.
RETRY = {"too-many-questions": 1, "questions-waiting": 30, "question-failed": 5, "too-many-bodies": 10}

#: After these the rest of the body is not waited for.
BROKEN_OFF: Final = {"body-too-slow", "too-many-bodies"}

#: What the server itself refuses, by status.
KINDS = {404: "not-found", 405: "method-not-allowed"}


class Framed(Response[bytes]):
    """An answer that is made once it is known who asks: somebody signed in sees it in the frame of their province."""

    def __init__(self, visit: Visit, make: Callable[[], "Response[Any]"]) -> None:
        super().__init__(b"")
        self._visit = visit
        self._make = make

    def to_asgi_response(  # type: ignore[override]  # the server calls whatever it gets
        self, app: Litestar | None, request: "Request[Any, Any, Any]", **known: Any
    ) -> ASGIApp:
        async def answering(scope: Scope, receive: Receive, send: Send) -> None:
            await recognise(self._visit)
            if self._visit.signed_in is None:
                try:
                    await self._visit.in_turn()
                except TooFast as refused:
                    await _briefly(self._visit, refused).to_asgi_response(app, request)(scope, receive, send)
                    return
            await self._make().to_asgi_response(app, request, **known)(scope, receive, send)

        return answering


def refused_answer(request: "Request[Any, Any, Any]", refused: Refused) -> "Response[Any]":
    """A refusal that no page of its own answered; it is noted once it is answered."""
    visit = visit_of(request)
    if isinstance(refused, TooFast):
        return _briefly(visit, refused)
    log_refusal(visit, refused)

    def made() -> "Response[Any]":
        visit.refusal = explain(refused, visit.words)
        response = _refusal_answer(request, visit, visit.refusal)
        if seconds := RETRY.get(refused.code):
            response.headers["Retry-After"] = str(refused.details.get("seconds", seconds))
        if refused.code in BROKEN_OFF:
            response.headers["Connection"] = "close"
        response.background = BackgroundTask(note_refused, visit, refused)
        return response

    return made() if isinstance(refused, SignInNeeded) else Framed(visit, made)


def _briefly(visit: Visit, refused: TooFast) -> "Response[Any]":
    """A few lines of text, for they are sent often: no page, no line in the log, no entry of an access."""
    refusal = explain(refused, visit.words)
    return Response(
        f"{refusal.sentence}\n{refusal.advice}\n",
        status_code=refusal.status,
        media_type="text/plain; charset=utf-8",
        headers={"Retry-After": str(refused.details["seconds"]), "Cache-Control": "no-store"},
    )


def _refusal_answer(request: "Request[Any, Any, Any]", visit: Visit, refusal: Refusal) -> "Response[Any]":
    if refusal.code in {"sign-in-needed", "not-enrolled"} and not wants_problem(request):
        if refusal.code == "sign-in-needed":
            return _sign_in_first(visit)
        if not visit.is_partial:
            return _stranger(visit)
    return _said(request, visit, refusal)


def http_answer(request: "Request[Any, Any, Any]", error: HTTPException) -> "Response[Any]":
    """What the server itself refuses: no such address, wrong method."""
    visit = visit_of(request)

    def made() -> "Response[Any]":
        refusal = plain(KINDS.get(error.status_code, "bad-request"), error.status_code, visit.words)
        response = _said(request, visit, refusal)
        response.headers.update(error.headers or {})  # Allow
        return response

    return Framed(visit, made)


def crash_answer(request: "Request[Any, Any, Any]", error: Exception) -> "Response[Any]":
    """Our own fault: a page with a number that finds the entry in the server's log."""
    trace = visit_of(request).reference
    advice = advice_on(error)
    path = str(request.scope["path"])
    log.error("crashed", reference=trace, path=path, exc_info=error, **({"advice": advice} if advice else {}))
    return _failed(request, "crashed", HTTPStatus.INTERNAL_SERVER_ERROR)


def rebuilding_answer(request: "Request[Any, Any, Any]", waiting: BeingRebuilt) -> "Response[Any]":
    """The read models of the province are being made: nothing is lost, but there is nothing to show yet."""
    log.warning("being rebuilt", path=str(request.scope["path"]), projection=short(waiting))
    return _failed(request, "being-rebuilt", HTTPStatus.SERVICE_UNAVAILABLE)


def away_answer(request: "Request[Any, Any, Any]", away: Exception) -> "Response[Any]":
    """Over by itself once the database answers again, or has room."""
    if isinstance(away, ValueError):  # asyncpg's InterfaceError, when it is our value that does not fit
        return crash_answer(request, away)
    if visit_of(request).site.seldom.is_due("database"):
        log.error("the database cannot do it", path=str(request.scope["path"]), reason=short(away))
    looking = request.scope.get("method") in LOOKING
    key = "database-away-looking" if looking else "database-away"
    return _failed(request, "database-away", HTTPStatus.SERVICE_UNAVAILABLE, key=key)


def sessions_away_answer(request: "Request[Any, Any, Any]", away: Exception) -> "Response[Any]":
    """Redis is away: nobody is known, so nothing was done. Over by itself once it answers again."""
    if visit_of(request).site.seldom.is_due("Redis"):
        log.error("Redis is away", path=str(request.scope["path"]), reason=short(away))
    return _failed(request, "sessions-away", HTTPStatus.SERVICE_UNAVAILABLE)


def _failed(request: "Request[Any, Any, Any]", code: str, status: HTTPStatus, *, key: str = "") -> "Response[Any]":
    visit = visit_of(request)
    return _said(request, visit, plain(code, status, visit.words, key=key))


def _said(request: "Request[Any, Any, Any]", visit: Visit, refusal: Refusal) -> "Response[Any]":
    """The refusal for whoever asked: a program, htmx, or a person."""
    visit.refusal = refusal
    if wants_problem(request):
        return problem(refusal, visit.path)
    return visit.refusal_alone() if visit.is_partial else _error_page(visit, refusal)


def wants_problem(request: "Request[Any, Any, Any]") -> bool:
    """A program asks (it takes JSON and no pages)."""
    accepted = request.headers.get("accept", "")
    return "json" in accepted and "text/html" not in accepted


def problem(refusal: Refusal, path: str) -> "Response[Any]":
    """RFC 9457."""
    body = {
        "type": f"urn:minhchuan:{refusal.code}",
        "title": refusal.sentence,
        "status": refusal.status,
        "detail": refusal.advice,
        "instance": path,
        "code": refusal.code,
        **({"errors": [{"pointer": f"#/{refusal.field}", "detail": refusal.sentence}]} if refusal.field else {}),
    }
    return Response(
        msgspec.json.encode(body),
        status_code=refusal.status,
        media_type="application/problem+json",
        headers={"Cache-Control": "no-store"},
    )


def _sign_in_first(visit: Visit) -> "Response[Any]":
    """A page asked for without a session: sign in, then come back. A form sent without one is kept."""
    if visit.is_partial:
        # The page stays, with what is being typed in it; app.js sends a form once more, for the answer below.
        _, inside, rest = visit.request.headers.get("hx-current-url", "").partition("/t/")
        then = own_path(inside + rest, visit.tenant.slug)
        ended = visit.answer("signin/_ended.html", HTTPStatus.UNAUTHORIZED, then=then or None)
        ended.headers.update({"HX-Retarget": "#refusal", "HX-Reswap": "innerHTML"})
        return ended
    if visit.method in LOOKING:
        return visit.see(visit.url.sign_in(visit.address))
    kept = KeptForm(visit.path, tuple(visit.typed.pairs))
    keeps = kept.is_small
    fields, cut = (list(kept.fields), False) if keeps else shortened(kept.fields)
    lines = in_words(fields, visit.words)
    status = HTTPStatus.UNAUTHORIZED
    return visit.answer("signin/ended.html", status, path=kept.path, fields=fields, lines=lines, keeps=keeps, cut=cut)


def _stranger(visit: Visit) -> "Response[Any]":
    """Signed in, but nobody here: who can change that. No error box, for nothing went wrong."""
    visit.refusal = None
    return visit.answer("signin/stranger.html", HTTPStatus.FORBIDDEN)


def _can_be_sent_again(visit: Visit) -> bool:
    """Whether the same form is the same command, and all of it is here."""
    typed = visit.typed
    return typed.identifier("command") is not None and not typed.files and not typed.refusal


def _error_page(visit: Visit, refusal: Refusal) -> "Response[Any]":
    typed, cut = shortened(typed_by_hand(visit.typed.pairs))
    echo = Echo([], cut=False, holds_some=bool(typed), places=frozenset({"asof"}))
    looking = visit.request.scope.get("method") in LOOKING
    later = refusal.status in {HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.SERVICE_UNAVAILABLE}
    return visit.answer(
        "error.html",
        refusal.status,
        lines=in_words(typed, visit.words),
        cut=cut,
        echo=echo,
        lost=not looking and not visit.typed.pairs,
        reload=later and looking,
        again=visit.typed.pairs if later and not looking and _can_be_sent_again(visit) else (),
    )
