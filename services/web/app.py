"""The web application: one admission, all pages, refusals in words.

`services/wiring.py` opens the parts that it works with, `services/processes/serve.py` serves it.
"""

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager

from litestar import Litestar
from litestar.datastructures import State
from litestar.di import Provide
from litestar.exceptions import HTTPException
from litestar.types import LifeSpanReceive, LifeSpanScope, LifeSpanSend, Message, Receive, Scope, Send
from redis.exceptions import RedisError

from domain.errors import Refused
from infra.readmodels.reading import BeingRebuilt
from services.app import App
from services.i18n import load_words
from services.web.admission import admit, leave, provide_visit
from services.web.assets import Assets
from services.web.bodies import FORM_LIMIT
from services.web.errors import (
    AWAY,
    away_answer,
    crash_answer,
    http_answer,
    rebuilding_answer,
    refused_answer,
    sessions_away_answer,
)
from services.web.render import Renderer
from services.web.routes import all_routes
from services.web.security import HEADERS, content_policy
from services.web.site import Site

#: For how many seconds a browser asks for this host by https only, once it has been reached that way: a year.
HTTPS_ONLY = 31_536_000


class Application(Litestar):
    """All pages. What a request held is let go of when it is answered, and not when garbage is looked for."""

    async def __call__(
        self, scope: Scope | LifeSpanScope, receive: Receive | LifeSpanReceive, send: Send | LifeSpanSend
    ) -> None:
        try:
            await super().__call__(scope, receive, send)
        finally:
            if scope["type"] != "lifespan":
                await leave(scope)


def web_application(app: App | Callable[[], AbstractAsyncContextManager[App]]) -> Litestar:
    """All pages over these parts, or over those that are opened when the server starts and closed when it ends."""
    assets = Assets()
    words = load_words()
    renderer = Renderer(words, assets)

    @asynccontextmanager
    async def living(application: Litestar) -> AsyncIterator[None]:
        if isinstance(app, App):
            yield
            return
        async with app() as opened:
            application.state.site = Site(opened, renderer, words)
            yield

    application = Application(
        route_handlers=all_routes(),
        guards=[admit],
        dependencies={"visit": Provide(provide_visit)},
        exception_handlers={
            Refused: refused_answer,
            BeingRebuilt: rebuilding_answer,
            HTTPException: http_answer,
            **dict.fromkeys(AWAY, away_answer),
            RedisError: sessions_away_answer,
            Exception: crash_answer,
        },
        lifespan=[living],
        state=State({"assets": assets}),
        before_send=[harden, keep_to_https],
        request_max_body_size=FORM_LIMIT,
        openapi_config=None,
        logging_config=None,
    )
    if isinstance(app, App):
        application.state.site = Site(app, renderer, words)
    return application


async def harden(message: Message, scope: Scope) -> None:
    """Every answer, also those of the server itself, carries the protecting headers; to HEAD it has no body."""
    if message["type"] == "http.response.body" and scope.get("method") == "HEAD":
        message["body"] = b""
    if message["type"] != "http.response.start":
        return
    headers = list(message["headers"])
    present = {name.lower() for name, _ in headers}
    for name, value in (*HEADERS.items(), ("Content-Security-Policy", content_policy())):
        if name.lower().encode() not in present:
            headers.append((name.lower().encode(), value.encode()))
    message["headers"] = headers


async def keep_to_https(message: Message, scope: Scope) -> None:
    """Where people reach us by https, browsers come by nothing else from now on."""
    if message["type"] == "http.response.start" and scope["app"].state.site.public_url.startswith("https:"):
        hsts = (b"strict-transport-security", f"max-age={HTTPS_ONLY}".encode())
        message["headers"] = [*message["headers"], hsts]
