"""HTML to PDF, in a process of its own that has nothing worth taking.

The process gets no secret, no database and no network; it may read our own fonts and stylesheets and nothing else,
so that a document never carries what it was not given. It is killed when a document takes too long, and replaced
after some documents, for the printing library keeps memory. The same HTML gives the same bytes on every machine:
identifier, fonts and order are fixed, and no font of the machine is looked at.

Run as a program (`python -m infra.pdf FOLDER`) this module is that process.
"""

import asyncio
import mimetypes
import os
import resource
import sys
import tempfile
from asyncio.subprocess import DEVNULL, PIPE, Process
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, BinaryIO, Self

import msgspec

from infra import programs

#: Seconds for one document; 129 pages with tables took 30.
PATIENCE = 60.0

#: Documents until a process is replaced by a new one.
WORKLOAD = 50

#: Bytes of memory for a process: a document that needs more fails alone. 129 pages took 467 MB.
MEMORY = 2 * 1024**3

#: Scheme of the addresses under which a document finds our fonts and stylesheets.
SCHEME = "asset:"

ASSETS = {".css": "text/css", ".ttf": "font/ttf", ".svg": "image/svg+xml"}

#: What the library needs of the machine, as one types it on Debian.
WHAT_IT_NEEDS = "cannot print: apt-get install libpango-1.0-0 libpangoft2-1.0-0 libharfbuzz-subset0"

#: Attached files have no time of their own: the same document gives the same bytes.
LONG_AGO = datetime(2000, 1, 1, tzinfo=UTC)

NO_FONTS_OF_THIS_MACHINE = '<?xml version="1.0"?><!DOCTYPE fontconfig SYSTEM "fonts.dtd"><fontconfig></fontconfig>'


class PrintingFailed(Exception):
    """The document could not be printed; `code` is for people, the text for the log."""

    def __init__(self, code: str, text: str) -> None:
        super().__init__(f"{code}: {text}")
        self.code = code


class Sheet(msgspec.Struct, array_like=True):
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
                printed = await press.print(Sheet(html, identifier, dict(attached or {})))
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

    async def print(self, sheet: Sheet) -> Print:
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


# The process ------------------------------------------------------------------------------------------


def main(assets: Path, source: BinaryIO, answers: BinaryIO) -> None:
    """Print what comes in, one document after another, until nothing comes any more."""
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    with tempfile.TemporaryDirectory() as folder:
        configuration = Path(folder) / "fonts.conf"
        configuration.write_text(NO_FONTS_OF_THIS_MACHINE)
        os.environ["FONTCONFIG_FILE"] = str(configuration)
        try:
            from weasyprint import HTML  # needs the configuration, and memory that web processes do not give
        except OSError as reason:  # its own text is of many lines
            return answer(answers, Print(error=f"{WHAT_IT_NEEDS} ({str(reason).splitlines()[0]})"))
        mimetypes.init(files=[])  # types of attached files, by no list of this machine's
        own = own_assets(assets)
        sys.addaudithook(stay_inside)
        answer(answers, Print())
        while len(head := source.read(4)) == 4:
            sheet = msgspec.msgpack.decode(source.read(int.from_bytes(head)), type=Sheet)
            spent = int(sum(resource.getrusage(resource.RUSAGE_SELF)[:2]))
            resource.setrlimit(resource.RLIMIT_CPU, (spent + int(PATIENCE) + 5, resource.RLIM_INFINITY))
            try:
                pdf = HTML(string=sheet.html, url_fetcher=own, base_url="asset:/").write_pdf(
                    pdf_identifier=sheet.identifier.hex().encode(),
                    pdf_variant="pdf/a-3a",
                    attachments=attachments(sheet.attached),
                    finisher=once,
                )
                answer(answers, Print(pdf))
            except (Exception, NotOurs) as reason:  # noqa: BLE001 - one bad document ends no process
                answer(answers, Print(error=f"{type(reason).__name__}: {reason}"))
    return None


def attachments(files: Mapping[str, bytes]) -> list[Any]:
    """Files for the printing library, in the order of their names, which readers of PDF look them up by."""
    from weasyprint import Attachment

    return [
        Attachment(
            string=files[name], name=name, created=LONG_AGO, modified=LONG_AGO, relationship="Data", url_fetcher=no_url
        )
        for name in sorted(files, key=str.encode)
    ]


def no_url(url: str) -> None:
    """Attachments are given, never fetched."""
    raise NotOurs(url)


def once(_document: Any, pdf: Any) -> None:
    """The library lists each attached file twice where a document says that it comes with files (its issue 2917)."""
    if "AF" in pdf.catalog:
        pdf.catalog["AF"][:] = dict.fromkeys(pdf.catalog["AF"])


def own_assets(folder: Path) -> Any:
    """A fetcher that gives our stylesheets, fonts and drawings, and ends the document at any other address."""
    from weasyprint.urls import URLFetcher, URLFetcherResponse

    files = {
        f"{SCHEME}/{path.relative_to(folder).as_posix()}": path
        for path in folder.rglob("*")
        if path.suffix in ASSETS and path.is_file()
    }

    class OwnAssets(URLFetcher):  # type: ignore[misc]
        def fetch(self, url: str, headers: object = None) -> Any:
            path = files.get(url)
            if path is None:
                raise NotOurs(url)
            return URLFetcherResponse(url, path.read_bytes(), {"Content-Type": ASSETS[path.suffix]})

    return OwnAssets(allowed_protocols=())


class NotOurs(BaseException):
    """A document named something that is not our asset. The library would go on past an Exception."""


def stay_inside(event: str, _arguments: tuple[object, ...]) -> None:
    """Refuse the network and other programs, should the fetcher ever be gone round."""
    if event.startswith(("socket.", "subprocess.", "os.system", "os.exec", "os.fork", "os.posix_spawn")):
        raise NotOurs(event)


def answer(answers: BinaryIO, printed: Print) -> None:
    message = msgspec.msgpack.encode(printed)
    answers.write(len(message).to_bytes(4) + message)
    answers.flush()


if __name__ == "__main__":
    channel = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # whatever a library prints must not stand between our answers
    main(Path(sys.argv[1]), sys.stdin.buffer, channel)
