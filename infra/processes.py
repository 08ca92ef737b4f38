"""Child processes that can be found again after their parent was killed.

Each leaves a mark: a file with its process id and its moment of birth, so that a number which the system
has given to somebody else meanwhile is never mistaken for ours.
"""

import os
import signal
import subprocess
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple, TypedDict

POLITELY = (signal.SIGTERM, signal.SIGKILL)


class Account(NamedTuple):
    """The unprivileged account that a service runs under when we are root."""

    uid: int
    gid: int


class Living(NamedTuple):
    """A process by its number and its birth in clock ticks since the machine started."""

    pid: int
    born: str


def living(pid: int) -> Living | None:
    """The process with this number, or None when it is gone or only waits to be reaped."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return None
    fields = stat.rpartition(")")[2].split()  # the name in brackets may contain anything
    return None if fields[0] in {"Z", "X"} else Living(pid, fields[19])


def marked(mark: Path) -> Living | None:
    """The process that this mark names, if it still lives."""
    try:
        pid, born = mark.read_text().split()
    except (OSError, ValueError):
        return None
    reap(int(pid))
    found = living(int(pid))
    return found if found and found.born == born else None


def start(
    argv: Sequence[str | Path],
    *,
    mark: Path,
    log: Path,
    folder: Path | None = None,
    account: Account | None = None,
    environment: Mapping[str, str] | None = None,
) -> None:
    """Start a process with a mark. It gets its own session: Ctrl-C reaches us alone, and we stop it in order."""
    with log.open("ab") as output:
        process = subprocess.Popen(
            argv,
            cwd=folder,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            **dropping_to(account),
        )
    if found := living(process.pid):
        mark.write_text(f"{found.pid} {found.born}\n")
    process.returncode = 0  # from here the mark looks after it, perhaps in another process


class Dropping(TypedDict, total=False):
    """The arguments by which `subprocess` drops to an account."""

    user: int
    group: int
    extra_groups: list[int]


def dropping_to(account: Account | None) -> Dropping:
    """Run as this account and with none of our groups; None: as we are."""
    return Dropping(user=account.uid, group=account.gid, extra_groups=[]) if account else Dropping()


def end(mark: Path, *, manners: Sequence[signal.Signals] = POLITELY, patience: float = 20) -> None:
    """End the process that the mark names, each signal after `patience` seconds in vain, and take the mark away.

    Nothing happens when there is none. Raises TimeoutError when it survives the last signal.
    """
    process = marked(mark)
    for manner in manners:
        if process is None:
            break
        os.kill(process.pid, manner)
        deadline = time.monotonic() + patience
        while process and time.monotonic() < deadline:
            time.sleep(0.01)
            process = marked(mark)
    if process:
        raise TimeoutError(f"process {process.pid} does not end")
    mark.unlink(missing_ok=True)


def reap(pid: int) -> None:
    """Take the exit status of a child that ended; what is no child of ours is left to its parent."""
    with suppress(ChildProcessError):
        os.waitpid(pid, os.WNOHANG)
