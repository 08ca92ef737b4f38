"""The process that makes heavy pages for the web process that started it: `python -m services.processes.page_maker`.

It holds the same application over connections and caches of its own, and answers the questions of
`services/web/page_process.py`.
"""

from __future__ import annotations

import asyncio
import os
import sys
from dataclasses import replace
from http import HTTPStatus
from typing import Any

import msgspec
import uvloop
from litestar import Litestar
from litestar.types import Message

from infra.platform.config import read_settings
from infra.platform.process_pool import answering
from services.processes.logging_setup import structured_logs
from services.processes.serve import settle
from services.web.app import web_application
from services.web.page_process import RelayedRequest, RelayedResponse
from services.wiring import wired

#: Seconds for which such a page waits for the database: more than others do, for its process is busy with making it,
#: and less than the page may take.
DATABASE_PATIENCE = 10.0


async def answer(pages: Litestar, question: RelayedRequest) -> RelayedResponse:
    """Ask the application as a server does."""
    scope: Any = {
        "type": "http",
        "asgi": {"version": "3.0", "spec_version": "2.3"},
        "http_version": "1.1",
        "method": question.method,
        "scheme": question.scheme,
        "path": question.path,
        "raw_path": question.raw_path,
        "query_string": question.query,
        "root_path": "",
        "headers": question.headers,
        "client": question.client,
        "server": None,
        "extensions": {},
        "state": {},
    }
    coming: list[Any] = [{"type": "http.request", "body": question.body, "more_body": False}]
    sent = RelayedResponse(HTTPStatus.INTERNAL_SERVER_ERROR, [], b"")

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

    await pages(scope, receive, send)
    return sent


async def main() -> None:
    """Answer for the web process that started this one, after everything that is more urgent."""
    os.nice(10)
    structured_logs()
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # whatever is printed must not stand between our answers
    async with wired(read_settings(), DATABASE_PATIENCE) as app:
        pages = web_application(replace(app, pool=None))
        settle()

        async def answered(question: bytes) -> bytes:
            return msgspec.msgpack.encode(await answer(pages, msgspec.msgpack.decode(question, type=RelayedRequest)))

        await answering(answered, sys.stdin.buffer, answers)


if __name__ == "__main__":
    uvloop.run(main())
