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

#: Seconds after which a web server kills a worker of its own that does not end: one that has just begun misses the
#: signal. Less than the ten that a container is given.
KILL_WORKER_AFTER = 8


class UnixAccount(NamedTuple):
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
    named = read(mark)
    if named is None:
        return None
    with suppress(ChildProcessError):  # a child of ours that ended is not kept waiting
        os.waitpid(named.pid, os.WNOHANG)
    return named if living(named.pid) == named else None


def read(mark: Path) -> Living | None:
    """What the mark says; None when there is none, or its writing was broken off."""
    try:
        pid, born = mark.read_text().split()
        return Living(int(pid), born)
    except (OSError, ValueError):
        return None


def start(
    argv: Sequence[str | Path],
    *,
    mark: Path,
    log: Path,
    folder: Path | None = None,
    account: UnixAccount | None = None,
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


def dropping_to(account: UnixAccount | None) -> Dropping:
    """Run as this account and with none of our groups; None: as we are."""
    return Dropping(user=account.uid, group=account.gid, extra_groups=[]) if account else Dropping()


def end(mark: Path, *, manners: Sequence[signal.Signals] = POLITELY, patience: float = 20) -> None:
    """End the process that the mark names, each signal after `patience` seconds in vain, and take the mark away.

    What it leaves of its group, as a server killed without warning leaves its workers, is killed. Nothing happens when
    there is none. Raises TimeoutError when it survives the last signal.
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
    end_orphans(mark)
    mark.unlink(missing_ok=True)


def end_orphans(mark: Path) -> None:
    """Kill what is left of the group whose leader the mark names; while any is left its number is not given away."""
    leader = read(mark)
    if leader and living(leader.pid) is None:
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(leader.pid, signal.SIGKILL)
