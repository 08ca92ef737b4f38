"""HTML to PDF, in processes of their own (`infra/pdf/print_process.py`) that have nothing worth taking.

A process is killed when a document takes too long, and replaced after some documents, for the printing library keeps
memory. The library is loaded there and nowhere else.
"""

import asyncio
import os
import sys
from asyncio.subprocess import DEVNULL, PIPE, Process
from collections.abc import Mapping
from pathlib import Path
from typing import Self

import msgspec

from infra.platform import programs

#: Seconds for one document; 129 pages with tables took 30.
PATIENCE = 60.0

#: Documents until a process is replaced by a new one.
WORKLOAD = 50


class PrintingFailed(Exception):
    """The document could not be printed; `code` is for people, the text for the log."""

    def __init__(self, code: str, text: str) -> None:
        super().__init__(f"{code}: {text}")
        self.code = code


class PrintJob(msgspec.Struct, array_like=True):
    """A document to print; `identifier` stands in the file in place of a random one, `attached` are files by name."""

    html: str
    identifier: bytes
    attached: dict[str, bytes] = {}


class Print(msgspec.Struct, array_like=True):
    """What came of it."""

    pdf: bytes = b""
    error: str = ""


class Printer:
    """Some processes that print, started when first needed.

    `assets` is the folder whose stylesheets, fonts and drawings a document may name as `asset:/NAME`.
    """

    def __init__(self, assets: Path, *, processes: int = 1, patience: float = PATIENCE) -> None:
        self._patience = patience
        self._presses = [_Press(assets) for _ in range(processes)]
        self._idle: asyncio.LifoQueue[_Press] = asyncio.LifoQueue()
        for press in self._presses:
            self._idle.put_nowait(press)

    async def __aenter__(self) -> Self:
        """Start every process now, so that the first document does not wait for it."""
        await asyncio.gather(*(press.start() for press in self._presses))
        return self

    async def __aexit__(self, *_: object) -> None:
        await asyncio.gather(*(press.kill() for press in self._presses))

    async def print(self, html: str, identifier: bytes, attached: Mapping[str, bytes] | None = None) -> bytes:
        """The PDF of this HTML, with these files attached.

        Raises PrintingFailed with `printing-timeout` or `printing-failed`.
        """
        press = await self._idle.get()
        try:
            async with asyncio.timeout(self._patience):
                printed = await press.print(PrintJob(html, identifier, dict(attached or {})))
        except TimeoutError:
            await press.kill()
            raise PrintingFailed("printing-timeout", f"more than {self._patience:g} s") from None
        except BaseException:  # also when we are cancelled: its answer would come to somebody else
            await press.kill()
            raise
        finally:
            self._idle.put_nowait(press)
        if printed.error:
            raise PrintingFailed("printing-failed", printed.error)
        return printed.pdf


class _Press:
    """One process, started again when it is gone."""

    def __init__(self, assets: Path) -> None:
        self._assets = assets
        self._running: tuple[Process, asyncio.StreamWriter, asyncio.StreamReader] | None = None
        self._printed = 0

    async def start(self) -> tuple[asyncio.StreamWriter, asyncio.StreamReader]:
        """The ways in and out of the process."""
        if self._running is not None:
            process, into, out = self._running
            if process.returncode is None and self._printed < WORKLOAD:
                return into, out
            await self.kill()
        kept = {name: os.environ[name] for name in ("PATH", "LD_LIBRARY_PATH", "TMPDIR") if name in os.environ}
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            programs.PRINTER,
            str(self._assets),
            stdin=PIPE,
            stdout=PIPE,
            stderr=DEVNULL,
            env={**kept, "LANG": "C.UTF-8", "PYTHONHASHSEED": "0", "PYTHONPATH": os.pathsep.join(sys.path)},
        )
        if process.stdin is None or process.stdout is None:
            raise PrintingFailed("printing-failed", "the printing process has no pipes")
        self._running = process, process.stdin, process.stdout
        self._printed = 0
        if lacking := (await self._answer(process.stdout)).error:
            await self.kill()
            raise PrintingFailed("printing-failed", lacking)
        return process.stdin, process.stdout

    async def print(self, sheet: PrintJob) -> Print:
        into, out = await self.start()
        self._printed += 1
        message = msgspec.msgpack.encode(sheet)
        into.write(len(message).to_bytes(4) + message)
        return await self._answer(out)

    async def kill(self) -> None:
        if self._running is None:
            return
        process, into, _ = self._running
        self._running = None
        if process.returncode is None:
            process.kill()
        into.close()
        await process.wait()

    async def _answer(self, out: asyncio.StreamReader) -> Print:
        try:
            size = int.from_bytes(await out.readexactly(4))
            return msgspec.msgpack.decode(await out.readexactly(size), type=Print)
        except (asyncio.IncompleteReadError, msgspec.DecodeError) as reason:
            raise PrintingFailed("printing-failed", f"the printing process ended: {reason}") from reason
