"""The processes of Minh Chuẩn on one machine: start them together, start again what fell, stop all.

Each leaves a mark and a log in the data folder, so that a run that was killed is cleaned up by the next.
"""

import fcntl
import os
import signal
import socket
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from infra.platform import child_processes, programs
from infra.platform.config import Lacking, Settings

#: The web, the read models, the sealer, and two workers, so that a long job delays no short one.
PROGRAMS: Mapping[str, Sequence[str]] = {
    "web": ("serve",),
    "projector": ("projector",),
    "sealer": ("sealer",),
    "worker-short": ("worker", "short"),
    "worker-long": ("worker", "long"),
}


class NotReady(Lacking):
    """A process ended or does not answer; the text names it and its log."""


class Supervisor:
    """Processes by name. `settings` has every address filled, port included."""

    def __init__(self, settings: Settings, programs: Mapping[str, Sequence[str]]) -> None:
        self.settings = settings
        self.programs = programs

    def start(self, name: str) -> None:
        """Start it afresh; what a killed run left of it is ended first."""
        self.stop(name)
        child_processes.start(
            [sys.executable, "-m", programs.COMMAND_LINE, *self.programs[name]],
            mark=self.mark(name),
            log=self.log(name),
            environment={**os.environ, **self.settings.environment()},
        )

    def stop(self, name: str) -> None:
        child_processes.end(self.mark(name))

    def kill(self, name: str) -> None:
        """As a power cut would: no chance to finish anything."""
        child_processes.end(self.mark(name), manners=(signal.SIGKILL,))

    def lives(self, name: str) -> bool:
        return child_processes.marked(self.mark(name)) is not None

    def revive(self) -> list[str]:
        """Start again whatever has ended; their names."""
        fallen = [name for name in self.programs if not self.lives(name)]
        for name in fallen:
            self.start(name)
        return fallen

    def wait(self, patience: float = 60) -> None:
        """Until the web answers that it is ready. Raises NotReady when it does not, or when a process has ended."""
        deadline = time.monotonic() + patience
        while not answers(f"{self.settings.public_url}/readyz"):
            for name in self.programs:
                if not self.lives(name):
                    raise NotReady(f"{name} has ended; see {self.log(name)}")
            if time.monotonic() > deadline:
                raise NotReady(f"the web does not become ready; see {self.log('web')}")
            time.sleep(0.05)

    def mark(self, name: str) -> Path:
        return self.settings.folder / f"{name}.pid"

    def log(self, name: str) -> Path:
        return self.settings.folder / f"{name}.log"


@contextmanager
def supervised(settings: Settings, programs: Mapping[str, Sequence[str]] = PROGRAMS) -> Iterator[Supervisor]:
    """All processes started in order, and stopped in reverse; one set of them per data folder."""
    with (settings.folder / "supervisor.lock").open("a") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as reason:
            raise NotReady(f"another run works on {settings.folder}; stop it or name another folder") from reason
        supervisor = Supervisor(settings, programs)
        try:
            for name in programs:
                supervisor.start(name)
            yield supervisor
        finally:
            for name in reversed(list(programs)):
                supervisor.stop(name)


def kept_port(folder: Path, name: str, host: str = "127.0.0.1") -> int:
    """A free port, the same for this folder every time: addresses that were handed out stay good.

    Raises NotReady when another program has taken it meanwhile.
    """
    kept = folder / f"{name}.port"
    wanted = int(kept.read_text()) if kept.exists() else 0
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, wanted))
        except OSError as reason:
            raise NotReady(f"port {wanted} of {folder} is in use; free it, or remove {kept} for another") from reason
        port = int(probe.getsockname()[1])
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    kept.write_text(f"{port}\n")
    return port


def answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=5) as response:  # noqa: S310 - an address of our own
            return bool(response.status == 200)
    except (urllib.error.URLError, OSError):
        return False
