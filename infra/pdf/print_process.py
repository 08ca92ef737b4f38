"""The process that prints: HTML to PDF, with no secret, no database and no network.

It may read our own fonts and stylesheets, in the folder that it is given, and nothing else, so that a document never
carries what it was not given. The same HTML gives the same bytes on every machine: identifier, fonts and order are
fixed, and no font of the machine is looked at.
"""

import mimetypes
import os
import resource
import sys
import tempfile
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, BinaryIO

import msgspec

from infra.pdf.printer import PATIENCE, Print, PrintJob

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
        except ImportError as reason:
            return answer(answers, Print(error=f"cannot print: {reason}"))
        except OSError as reason:  # its own text is of many lines
            return answer(answers, Print(error=f"{WHAT_IT_NEEDS} ({str(reason).splitlines()[0]})"))
        mimetypes.init(files=[])  # types of attached files, by no list of this machine's
        own = own_assets(assets)
        sys.addaudithook(stay_inside)
        answer(answers, Print())
        while len(head := source.read(4)) == 4:
            sheet = msgspec.msgpack.decode(source.read(int.from_bytes(head)), type=PrintJob)
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

    class OwnAssets(URLFetcher):  # type: ignore[misc]  # the library has no types
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
