"""The process of a witness, `minhchuan witness`: cosigns checkpoints of logs that provably only grow.

It is run by another body than the one whose logs it watches, on a machine of its own: it needs a folder, a port, and
the keys of the logs (file `logs` in the folder, one vkey a line). It has no database and knows no province. It speaks
plain HTTP (c2sp.org/tlog-witness); where that leaves the house, put a server with TLS before it.

To retire a witness: have the policies of its logs name others, then stop it and destroy its key. One that has lost its
memory, or got an old copy of it back, is retired too: it must never cosign again what it cannot remember.
"""

from __future__ import annotations

import asyncio
import os
from http import HTTPStatus
from pathlib import Path
from typing import Any

from granian import Granian
from granian.constants import HTTPModes, Interfaces
from granian.http import HTTP1Settings
from litestar import Litestar, Request, Response, post
from litestar.datastructures import State

from infra.config import Misconfigured
from infra.cosigning import Cosigner
from infra.ledger.text import Malformed
from infra.ledger.witness import REQUEST_LIMIT, TEXT_TYPE
from infra.processes import KILL_WORKER_AFTER
from services.structured import structured_logs
from services.supervise import kept_port
from services.visible import shown

#: Seconds that the head of a request may take, and its body.
PATIENCE = 5

#: Requests answered at a time; further ones wait to be let in.
AT_ONCE = 64


def run(folder: Path, *, name: str = "", host: str = "127.0.0.1", port: int = 0) -> None:
    """Answer until told to stop; says first who it is. Raises Unfit, Misconfigured."""
    try:
        witness = Cosigner.open(folder, name)
    except Malformed as reason:
        raise Misconfigured(f"{folder / 'logs'}: {reason}") from None
    port = port or kept_port(folder, "witness", host)
    os.environ["MINHCHUAN_FOLDER"] = str(folder)
    print(shown(f"{witness.vkey} http://{host}:{port}"), flush=True)
    if not witness.logs():
        print(shown(f"It knows no log yet: put their keys into {folder / 'logs'}, one a line."), flush=True)
    Granian(
        "services.witness:application",
        address=host,
        port=port,
        interface=Interfaces.ASGI,
        factory=True,
        workers=1,
        workers_kill_timeout=KILL_WORKER_AFTER,
        http=HTTPModes.http1,
        http1_settings=HTTP1Settings(header_read_timeout=PATIENCE * 1_000, max_buffer_size=16 * 1_024),
        websockets=False,
        backpressure=AT_ONCE,
        log_access=False,
        log_level="warning",  # type: ignore[arg-type]  # granian takes the name
    ).serve()


def application() -> Litestar:
    """The application of the worker, for the folder in its environment."""
    structured_logs()
    return create_app(Cosigner.open(Path(os.environ["MINHCHUAN_FOLDER"])))


def create_app(witness: Cosigner) -> Litestar:
    return Litestar(
        [add_checkpoint],
        state=State({"witness": witness}),
        request_max_body_size=REQUEST_LIMIT,
        openapi_config=None,
    )


@post("/add-checkpoint")
async def add_checkpoint(request: Request[Any, Any, State]) -> Response[bytes]:
    """A cosignature, the size to ask from, or why there is none."""
    try:
        async with asyncio.timeout(PATIENCE):
            raw = await request.body()
    except TimeoutError:
        return Response(b"too slow\n", status_code=HTTPStatus.REQUEST_TIMEOUT, headers={"content-type": TEXT_TYPE})
    answer = await asyncio.to_thread(request.app.state.witness.answer, raw)
    # As a header: the framework adds a charset to every media type of text.
    return Response(answer.body.encode(), status_code=answer.status, headers={"content-type": answer.type})
