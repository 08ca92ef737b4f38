"""The process of a witness, `minhchuan witness`: cosigns checkpoints of logs that provably only grow.

It is run by another body than the one whose logs it watches, on a machine of its own: it needs a folder, a port, and
the keys of the logs (file `logs` in the folder, one vkey a line). It has no database and knows no province, and it is
made of the standard library and `cryptography`: none of what serves pages or reads a database is loaded. It speaks
plain HTTP (c2sp.org/tlog-witness), one request a connection; where that leaves the house, put a server with TLS before
it.

To retire a witness: have the policies of its logs name others, then stop it and destroy its key. One that has lost its
memory, or got an old copy of it back, is retired too: it must never cosign again what it cannot remember.
"""

from __future__ import annotations

import socket
import threading
from contextlib import suppress
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from socketserver import ThreadingTCPServer
from typing import Any

import structlog

from infra.ledger.text import Malformed
from infra.ledger.witness import REQUEST_LIMIT, TEXT_TYPE
from infra.platform.config import Misconfigured
from infra.transparency.witness_server import Cosigner
from services.processes.logging_setup import structured_logs
from services.processes.supervise import kept_port
from services.visible import shown

#: Seconds that a request may take to arrive, head and body together.
PATIENCE = 5.0

#: Requests answered at a time; further ones wait to be let in.
AT_ONCE = 64

#: Digits of a length that is worth reading as a number.
DIGITS = 12

#: The only address that is served.
ADD_CHECKPOINT = "/add-checkpoint"

log = structlog.get_logger("witness")


def run(folder: Path, *, name: str = "", host: str = "127.0.0.1", port: int = 0) -> None:
    """Answer until told to stop; says first who it is. Raises Unfit, Misconfigured."""
    try:
        witness = Cosigner.open(folder, name)
    except Malformed as reason:
        raise Misconfigured(f"{folder / 'logs'}: {reason}") from None
    port = port or kept_port(folder, "witness", host)
    print(shown(f"{witness.vkey} http://{host}:{port}"), flush=True)
    if not witness.logs():
        print(shown(f"It knows no log yet: put their keys into {folder / 'logs'}, one a line."), flush=True)
    structured_logs()
    with WitnessServer(witness, host, port) as server, suppress(KeyboardInterrupt):
        server.serve_forever()


class WitnessServer(ThreadingTCPServer):
    """A thread for each request, AT_ONCE of them. Raises Misconfigured where the address cannot be listened at."""

    allow_reuse_address = True
    request_queue_size = 128

    def __init__(self, witness: Cosigner, host: str, port: int) -> None:
        self.witness = witness
        self._places = threading.BoundedSemaphore(AT_ONCE)
        self.address_family = socket.AF_INET6 if ":" in host else socket.AF_INET
        try:
            super().__init__((host, port), Handler)
        except OSError as reason:
            raise Misconfigured(f"cannot listen at {host}:{port}: {reason}") from None

    def process_request(self, request: Any, client_address: Any) -> None:
        self._places.acquire()
        try:
            super().process_request(request, client_address)
        except BaseException:
            self._places.release()
            raise

    def process_request_thread(self, request: Any, client_address: Any) -> None:
        try:
            super().process_request_thread(request, client_address)
        finally:
            self._places.release()

    def handle_error(self, request: Any, client_address: Any) -> None:
        log.exception("a request was not answered")  # noqa: LOG004 - called while the exception is handled


class Handler(BaseHTTPRequestHandler):
    """One request; the connection is closed after its answer."""

    server: WitnessServer
    protocol_version = "HTTP/1.1"  # with it `Expect: 100-continue` is answered
    server_version = "minhchuan"
    sys_version = ""
    error_content_type = TEXT_TYPE
    error_message_format = "%(code)d %(message)s\n"

    def setup(self) -> None:
        super().setup()
        self._late = False
        self._patience = threading.Timer(PATIENCE, self._read_no_more)
        self._patience.daemon = True
        self._patience.start()

    def finish(self) -> None:
        self._patience.cancel()
        with suppress(OSError):  # whoever asked may be gone
            super().finish()

    def handle(self) -> None:
        with suppress(ConnectionError, TimeoutError):  # whoever asked has gone, or does not take the answer
            self.handle_one_request()

    def parse_request(self) -> bool:
        """Read the head; whether it asks for what is served. What else it asks for is refused here."""
        if not super().parse_request():
            return False
        refused: HTTPStatus | None = None
        if self._late:  # what had come by then may read like a whole head
            refused = HTTPStatus.REQUEST_TIMEOUT
        elif self.path != ADD_CHECKPOINT:
            refused = HTTPStatus.NOT_FOUND
        elif self.command != "POST":
            refused = HTTPStatus.METHOD_NOT_ALLOWED
        if refused:
            self.send_error(refused)
        return not refused

    def do_POST(self) -> None:
        """A cosignature, the size to ask from, or why there is none."""
        lengths = {length.strip() for length in self.headers.get_all("content-length", ())}
        length = lengths.pop() if len(lengths) == 1 else ""
        if "transfer-encoding" in self.headers or not (length.isascii() and length.isdecimal()):
            return self.send_error(HTTPStatus.LENGTH_REQUIRED)
        if len(length) > DIGITS or int(length) > REQUEST_LIMIT:
            return self.send_error(HTTPStatus.REQUEST_ENTITY_TOO_LARGE)
        body = self.rfile.read(int(length))
        if len(body) < int(length):
            return self.send_error(HTTPStatus.REQUEST_TIMEOUT if self._late else HTTPStatus.BAD_REQUEST)
        self._patience.cancel()
        answer = self.server.witness.answer(body)
        return self._send(answer.status, answer.type, answer.body.encode())

    def _send(self, status: int, media_type: str, body: bytes) -> None:
        self.connection.settimeout(PATIENCE)
        self.send_response(status)
        self.send_header("Content-Type", media_type)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Connection", "close")
        self.end_headers()
        self.wfile.write(body)

    def send_error(self, code: int, message: str | None = None, explain: str | None = None) -> None:
        """Refuse, then let what is still coming run out: a connection that is cut at once may lose the answer."""
        super().send_error(code, message, explain)
        self.connection.shutdown(socket.SHUT_WR)
        while not self._late and self.connection.recv(64 * 1_024):
            pass

    def _read_no_more(self) -> None:
        """Have every reader of the connection find its end: the time is over."""
        self._late = True
        with suppress(OSError):
            self.connection.shutdown(socket.SHUT_RD)

    def log_message(self, format: str, *args: object) -> None:
        """Log nothing of a request that was answered."""
