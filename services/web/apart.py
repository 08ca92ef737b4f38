"""Pages that take long to make, made by a process beside the web process, which answers everybody else meanwhile.

The other process (`python -m services.web.apart`) holds the same application over connections and caches of its own. It
is given the request as it came, and gives back the answer; so it asks the session, the policy and the log itself. A
page says `heavy=True` (`services/web/request.py`); how many of them a person may ask is counted here.
"""

from __future__ import annotations

import asyncio
import os
import sys
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, ClassVar
from urllib.parse import urlencode

import msgspec
import structlog
from limits import parse
from litestar import Litestar, Response
from redis.exceptions import RedisError

from domain.errors import Refused
from infra.config import Settings
from infra.pool import PATIENCE, Pool, answering
from services.web.throttling import sender_of

if TYPE_CHECKING:
    from litestar.types import Message

    from services.web.request import Visit

#: What one person may ask for: pages at a time of each web process, and in a minute of all.
AT_ONCE = 3
IN_A_MINUTE = parse("120 per minute")

#: Seconds for which such a page waits for the database: more than others do, for its process is busy with making it,
#: and less than the page may take.
DATABASE_PATIENCE = 10.0

#: Headers that belong to a connection or a body, and are said anew.
OWN_HEADERS = {"connection", "content-length", "content-type", "expect", "keep-alive", "transfer-encoding", "upgrade"}

log = structlog.get_logger("web")


class TooManyQuestions(Refused):
    """The person has asked for as many pages of this kind as one may have at a time; `seconds` to wait."""

    code: ClassVar[str] = "too-many-questions"


class Asked(msgspec.Struct, array_like=True):
    """A request, as far as it is passed on. A form comes as its fields: files are not for such pages."""

    method: str
    path: str
    raw_path: bytes
    query: bytes
    headers: list[tuple[bytes, bytes]]
    client: tuple[str, int] | None
    scheme: str
    body: bytes


class Answered(msgspec.Struct, array_like=True):
    """An answer."""

    status: int
    headers: list[tuple[str, str]]
    body: bytes


class Turns:
    """How many such pages each person waits for in this process."""

    def __init__(self) -> None:
        self._waiting: Counter[str] = Counter()

    @asynccontextmanager
    async def one(self, person: str) -> AsyncIterator[None]:
        """One more page for this person. TooManyQuestions."""
        if self._waiting[person] >= AT_ONCE:
            raise TooManyQuestions(seconds=1)
        self._waiting[person] += 1
        try:
            yield
        finally:
            self._waiting[person] -= 1
            if not self._waiting[person]:
                del self._waiting[person]


def pool_of(settings: Settings, patience: float = PATIENCE) -> Pool:
    """The processes beside a web process of these settings; none runs yet. `patience` as `Pool` has it."""
    argv = [sys.executable, "-m", "services.web.apart"]
    return Pool(argv, {**os.environ, **settings.environment()}, patience=patience)


async def made_apart(visit: Visit, pool: Pool) -> Response[Any]:
    """The answer to this visit, from the process beside. TooManyQuestions, and what `Pool.ask` refuses.

    When whoever asked goes away, the question is given up.
    """
    person = f"{visit.tenant.id} {visit.person.person if visit.person else sender_of(visit)}"
    async with visit.web.turns.one(person):
        await _count(visit, person)
        asking = asyncio.create_task(pool.ask(msgspec.msgpack.encode(_asked(visit))))
        leaving = asyncio.create_task(_left(visit))
        try:
            await asyncio.wait({asking, leaving}, return_when=asyncio.FIRST_COMPLETED)
            if not asking.done():
                return Response(b"", status_code=HTTPStatus.NO_CONTENT)  # nobody reads it
            answered = msgspec.msgpack.decode(asking.result(), type=Answered)
        finally:
            for task in (asking, leaving):
                task.cancel()
            await asyncio.gather(asking, leaving, return_exceptions=True)
    headers = {name: value for name, value in answered.headers if name != "content-length"}
    return Response(answered.body, status_code=answered.status, headers=headers)


async def _count(visit: Visit, person: str) -> None:
    """One more in this minute. Without Redis nobody waits."""
    try:
        seconds = await visit.backing.throttle.wait(IN_A_MINUTE, "heavy", person)
    except RedisError as reason:
        log.warning("heavy pages are not counted", reason=str(reason))
        return
    if seconds:
        raise TooManyQuestions(seconds=seconds)


async def _left(visit: Visit) -> None:
    """Wait until whoever asked has gone."""
    while (await visit.request.receive())["type"] != "http.disconnect":
        pass


def _asked(visit: Visit) -> Asked:
    scope: Any = visit.request.scope
    headers = [(name, value) for name, value in scope["headers"] if name.decode("latin-1") not in OWN_HEADERS]
    body = urlencode(visit.typed.pairs).encode()
    if body:
        headers += [
            (b"content-type", b"application/x-www-form-urlencoded"),
            (b"content-length", str(len(body)).encode()),
        ]
    return Asked(
        scope["method"],
        scope["path"],
        scope.get("raw_path") or b"",
        scope["query_string"],
        headers,
        (scope["client"][0], int(scope["client"][1])) if scope.get("client") else None,  # the server says it as text
        scope["scheme"],
        body,
    )


# The process ------------------------------------------------------------------------------------------


async def answer(app: Litestar, asked: Asked) -> Answered:
    """Ask the application as a server does."""
    scope: Any = {
        "type": "http",
        "asgi": {"version": "3.0", "spec_version": "2.3"},
        "http_version": "1.1",
        "method": asked.method,
        "scheme": asked.scheme,
        "path": asked.path,
        "raw_path": asked.raw_path,
        "query_string": asked.query,
        "root_path": "",
        "headers": asked.headers,
        "client": asked.client,
        "server": None,
        "extensions": {},
        "state": {},
    }
    coming: list[Any] = [{"type": "http.request", "body": asked.body, "more_body": False}]
    sent = Answered(HTTPStatus.INTERNAL_SERVER_ERROR, [], b"")

    async def receive() -> Any:
        return coming.pop() if coming else await asyncio.Event().wait()

    async def send(message: Message) -> None:
        if message["type"] == "http.response.start":
            sent.status = message["status"]
            sent.headers = [
                (name.decode("latin-1").lower(), value.decode("latin-1")) for name, value in message["headers"]
            ]
        elif message["type"] == "http.response.body":
            sent.body += message["body"]

    await app(scope, receive, send)
    return sent


async def main() -> None:
    """Answer for the web process that started this one, after everything that is more urgent."""
    from infra.config import read_settings
    from services.serve import settle
    from services.structured import structured_logs
    from services.web.app import create_app
    from services.wiring import wired

    os.nice(10)
    structured_logs()
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # whatever is printed must not stand between our answers
    async with wired(read_settings(), DATABASE_PATIENCE) as house:
        app = create_app(replace(house.backing(), pool=None))
        settle()

        async def answered(question: bytes) -> bytes:
            asked = msgspec.msgpack.decode(question, type=Asked)
            return msgspec.msgpack.encode(await answer(app, asked))

        await answering(answered, sys.stdin.buffer, answers)


if __name__ == "__main__":
    import uvloop

    uvloop.run(main())
