"""Pages that take long to make, made by a process beside the web process, which answers everybody else meanwhile.

The other process (services/processes/page_maker.py) holds the same application over connections and caches of its
own. It is given the request as it came, and gives back the answer; so it asks the session, the policy and the log
itself. A page says `heavy=True` (`services/web/handlers.py`); how many of them a person may ask is counted here.
"""

from __future__ import annotations

import asyncio
from http import HTTPStatus
from typing import Any
from urllib.parse import urlencode

import msgspec
import structlog
from limits import parse
from litestar import Response
from redis.exceptions import RedisError

from infra.platform.process_pool import Pool
from services.web.heavy_limit import TooManyQuestions
from services.web.visit import Visit

#: What one person may ask for in a minute, of all web processes.
IN_A_MINUTE = parse("120 per minute")

#: Headers that belong to a connection or a body, and are said anew.
OWN_HEADERS = {"connection", "content-length", "content-type", "expect", "keep-alive", "transfer-encoding", "upgrade"}

log = structlog.get_logger("web")


class RelayedRequest(msgspec.Struct, array_like=True):
    """A request, as far as it is passed on. A form comes as its fields: files are not for such pages."""

    method: str
    path: str
    raw_path: bytes
    query: bytes
    headers: list[tuple[bytes, bytes]]
    client: tuple[str, int] | None
    scheme: str
    body: bytes


class RelayedResponse(msgspec.Struct, array_like=True):
    """An answer."""

    status: int
    headers: list[tuple[str, str]]
    body: bytes


async def made_apart(visit: Visit, pool: Pool) -> Response[Any]:
    """The answer to this visit, from the process beside. TooManyQuestions, and what `Pool.ask` refuses.

    When whoever asked goes away, the question is given up.
    """
    person = f"{visit.tenant.id} {visit.person.person if visit.person else visit.network}"
    async with visit.site.turns.one(person):
        await _count(visit, person)
        asking = asyncio.create_task(pool.ask(msgspec.msgpack.encode(_asked(visit))))
        leaving = asyncio.create_task(_left(visit))
        try:
            await asyncio.wait({asking, leaving}, return_when=asyncio.FIRST_COMPLETED)
            if not asking.done():
                return Response(b"", status_code=HTTPStatus.NO_CONTENT)  # nobody reads it
            answered = msgspec.msgpack.decode(asking.result(), type=RelayedResponse)
        finally:
            for task in (asking, leaving):
                task.cancel()
            await asyncio.gather(asking, leaving, return_exceptions=True)
    headers = {name: value for name, value in answered.headers if name != "content-length"}
    return Response(answered.body, status_code=answered.status, headers=headers)


async def _count(visit: Visit, person: str) -> None:
    """One more in this minute. Without Redis nobody waits."""
    try:
        seconds = await visit.app.throttle.wait(IN_A_MINUTE, "heavy", person)
    except RedisError as reason:
        log.warning("heavy pages are not counted", reason=str(reason))
        return
    if seconds:
        raise TooManyQuestions(seconds=seconds)


async def _left(visit: Visit) -> None:
    """Wait until whoever asked has gone."""
    while (await visit.request.receive())["type"] != "http.disconnect":
        pass


def _asked(visit: Visit) -> RelayedRequest:
    scope: Any = visit.request.scope
    headers = [(name, value) for name, value in scope["headers"] if name.decode("latin-1") not in OWN_HEADERS]
    body = urlencode(visit.typed.pairs).encode()
    if body:
        headers += [
            (b"content-type", b"application/x-www-form-urlencoded"),
            (b"content-length", str(len(body)).encode()),
        ]
    return RelayedRequest(
        scope["method"],
        scope["path"],
        scope.get("raw_path") or b"",
        scope["query_string"],
        headers,
        (scope["client"][0], int(scope["client"][1])) if scope.get("client") else None,  # the server says it as text
        scope["scheme"],
        body,
    )
