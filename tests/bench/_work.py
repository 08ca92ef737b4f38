"""How much the processors have worked for this program and its database, whatever else the machine does.

A crowded machine gives a program with many processes more time than one with few: 32 connections are 32 processes of
the server, one connection is one. What each command costs the processors does not depend on that.
"""

import os
from pathlib import Path

import asyncpg

TICKS = os.sysconf("SC_CLK_TCK")


async def server_of(dsn: str) -> int | None:
    """The process that all of the server's processes come from; None when it is on another machine."""
    connection = await asyncpg.connect(dsn)
    backend = await connection.fetchval("SELECT pg_backend_pid()")
    try:
        name, (parent, *_) = _stat(backend)
    except FileNotFoundError:
        return None
    finally:
        await connection.close()
    return parent if name.startswith("postgres") else None


def worked(server: int) -> float:
    """Seconds that the server, this process and all that they have started have worked so far."""
    parents: dict[int, int] = {}
    seconds: dict[int, float] = {}
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            _, (parent, *ticks) = _stat(int(folder.name))
        except (FileNotFoundError, ProcessLookupError):  # it has ended; its parent has its time
            continue
        parents[int(folder.name)] = parent
        seconds[int(folder.name)] = sum(ticks) / TICKS
    ours = {server, os.getpid()}
    while more := {pid for pid, parent in parents.items() if parent in ours} - ours:
        ours |= more
    return sum(seconds[pid] for pid in ours)


def _stat(pid: int) -> tuple[str, list[int]]:
    """Its name, its parent, and its ticks: its own, and those of its children that have ended (proc(5))."""
    name, _, rest = Path(f"/proc/{pid}/stat").read_text().partition("(")[2].rpartition(")")
    fields = rest.split()
    return name, [int(fields[1]), *map(int, fields[11:15])]
