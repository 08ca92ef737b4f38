"""Witnesses as processes of their own, beside the test."""

import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx2

from infra.ledger.note import VerifierKey
from infra.ledger.witness import Request
from infra.platform.config import Settings
from infra.transparency.witness_server import Cosigner
from services.processes.supervise import Supervisor, kept_port, supervised

PATIENCE = 90.0


class Process:
    """A witness that runs beside the test, and its client."""

    def __init__(self, supervisor: Supervisor, folder: Path) -> None:
        self.supervisor = supervisor
        self.folder = folder
        self.port = kept_port_of(folder)
        self.vkey = Cosigner.open(folder).vkey

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def ask(self, request: Request | bytes) -> httpx2.Response:
        return httpx2.post(f"{self.url}/add-checkpoint", content=bytes(request), trust_env=False, timeout=PATIENCE)

    def kill(self) -> None:
        self.supervisor.kill("witness")
        while listens(self.port):  # its worker may take a moment to be gone
            time.sleep(0.02)

    def start(self) -> None:
        self.supervisor.start("witness")
        wait_for(self.port, self.supervisor.log("witness"))


def kept_port_of(folder: Path) -> int:
    return int((folder / "witness.port").read_text())


def wait_for(port: int, log: Path) -> None:
    until = time.monotonic() + PATIENCE
    while not listens(port):
        if time.monotonic() > until:
            raise AssertionError(log.read_text())
        time.sleep(0.02)


def listens(port: int) -> bool:
    with socket.socket() as probe:
        probe.settimeout(1)
        return probe.connect_ex(("127.0.0.1", port)) == 0


@contextmanager
def running(folder: Path, *logs: VerifierKey, name: str = "witness.example/w") -> Iterator[Process]:
    """A witness that knows these logs."""
    Cosigner.open(folder, name)
    (folder / "logs").write_text("".join(f"{log}\n" for log in logs))
    kept_port(folder, "witness")
    with supervised(Settings(folder=folder), {"witness": ("witness", "--folder", str(folder))}) as supervisor:
        process = Process(supervisor, folder)
        wait_for(process.port, supervisor.log("witness"))
        yield process
