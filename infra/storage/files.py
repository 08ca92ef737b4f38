"""Evidence and documents by the hash of their bytes: taken in through quarantine, never changed, checked when read.

A file is streamed to quarantine while it is hashed; what is too large, empty, of another type than it may be, or
has a name meant to deceive is refused and leaves nothing behind. The key is the hash only: the name is data.
"""

from __future__ import annotations

import asyncio
import hashlib
import lzma
import os
import shutil
import struct
import zipfile
import zlib
from collections.abc import AsyncIterable, AsyncIterator, Collection, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager, suppress
from mmap import ACCESS_READ, mmap
from pathlib import Path
from time import time
from typing import BinaryIO, NamedTuple
from uuid import uuid4
from xml.parsers.expat import ExpatError, ParserCreate

import structlog

from domain.errors import (
    FileDamaged,
    FileEmpty,
    FileMissing,
    FileNameHostile,
    FileTooLarge,
    FileTypeForbidden,
    NoSpace,
)
from domain.text import FILE_NAME, composed, drop_marks, forbidden
from infra.pdf.passwords import asks_password

MEGABYTE = 1_000_000
LIMIT = 20 * MEGABYTE

#: Bytes in memory of a file that is handed out.
PIECE = 128 * 1024

#: Seconds after which a file still in quarantine belongs to nobody who is alive.
FORGOTTEN = 24 * 60 * 60

#: What may be taken in, by its first bytes. SVG and HTML are text that runs: they are not here.
MAGIC = (
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"II*\x00", "image/tiff"),
    (b"MM\x00*", "image/tiff"),
)
PDF = b"%PDF-"
ZIP = b"PK\x03\x04"

#: A PDF may begin late: printers and mail programs put bytes before it, and every reader looks this far.
PDF_WITHIN = 1_024

#: Office documents are zip files that say which part is the main one, whatever that part is called.
CONTENT_TYPES = "[content_types].xml"
OFFICE = {
    f"{kind}.main+xml": kind
    for kind in (
        "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
        "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    )
}
OPEN_DOCUMENT = "application/vnd.oasis.opendocument."
OPEN_TEXT = f"{OPEN_DOCUMENT}text"

#: All that is taken.
MEDIA_TYPES = frozenset({"application/pdf", *(kind for _, kind in MAGIC), *OFFICE.values(), OPEN_TEXT})

#: What is refused, by its first bytes; each has a sentence that says what to send instead.
REFUSED_MAGIC = (
    (b"MZ", "program"),
    (b"\x7fELF", "program"),
    (b"#!", "program"),
    (b"Rar!\x1a\x07", "archive"),
    (b"7z\xbc\xaf\x27\x1c", "archive"),
    (b"\x1f\x8b", "archive"),
    (b"{\\rtf", "doc"),
    (b"GIF8", "image"),
    (b"BM", "image"),
    (b"\x00\x00\x00\x0cJXL ", "image"),
    (b"\x00\x00\x00\x0cjP  ", "image"),
)
#: Text that a browser would run.
RUNNING = (b"<!doctype html", b"<html", b"<script", b"<body", b"<iframe", b"<svg")

#: Pictures and films of phones, by the brand that the file names first.
PHONE_PICTURES = frozenset({b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1", b"heif"})

#: Word and Excel before 2007, and today's documents under a password, by the names inside the container.
COMPOUND = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
IN_COMPOUND = (("EncryptedPackage", "encrypted"), ("WordDocument", "doc"), ("Workbook", "xls"), ("Book", "xls"))

#: An office document says of itself how large it is unpacked. Nothing is unpacked here; what claims more than
#: this is a bomb for whoever opens it.
ENTRIES_LIMIT = 5_000
DIRECTORY_LIMIT = MEGABYTE
UNPACKED_LIMIT = 300 * MEGABYTE
RATIO_LIMIT = 200

#: Bytes of the list of a document's parts.
CONTENT_TYPES_LIMIT = MEGABYTE


log = structlog.get_logger("files")


class Received:
    """A file in quarantine: complete, hashed and of an allowed type. It is gone unless it is kept."""

    def __init__(self, path: Path, name: str, sha256: str, size: int, media_type: str) -> None:
        self.path = path
        self.name = name
        self.sha256 = sha256
        self.size = size
        self.media_type = media_type


class StoredFile(NamedTuple):
    """A file that is kept, and how many bytes it has."""

    path: Path
    size: int

    async def pieces(self) -> AsyncIterator[bytes]:
        """Its bytes, a little at a time."""
        with self.path.open("rb") as file:
            while piece := await asyncio.to_thread(file.read, PIECE):
                yield piece


class Files:
    """The files of one province in one folder."""

    def __init__(self, folder: Path, limit: int = LIMIT, free: int = 0) -> None:
        self._folder = folder
        self._limit = limit
        self._free = free

    @asynccontextmanager
    async def receiving(self, name: str, content: AsyncIterable[bytes] | bytes) -> AsyncIterator[Received]:
        """Take a file into quarantine for as long as the block lasts.

        Raises FileNameHostile, FileTooLarge, FileEmpty, FileTypeForbidden, and NoSpace before it is taken.
        """
        name = clean_name(name)
        folder = self._quarantine()
        if shutil.disk_usage(folder).free < self._free + self._limit:
            log.error("a file was refused: there is no space", folder=str(folder))
            raise NoSpace
        path = folder / uuid4().hex
        try:
            with path.open("xb") as file:
                sha256, size = await self._pour(content, file)
                await asyncio.to_thread(os.fsync, file.fileno())
            yield Received(path, name, sha256, size, await media_type(path))
        finally:
            path.unlink(missing_ok=True)

    async def keep(self, received: Received) -> None:
        """Make a received file permanent. The same content is kept once."""
        await asyncio.to_thread(self._link, received.path, self._place(received.sha256))

    async def put(self, content: bytes) -> str:
        """Keep a document that we made ourselves; its hash."""
        sha256 = hashlib.sha256(content).hexdigest()
        path = self._quarantine() / uuid4().hex
        try:
            with path.open("xb") as file:
                file.write(content)
                file.flush()
                await asyncio.to_thread(os.fsync, file.fileno())
            await asyncio.to_thread(self._link, path, self._place(sha256))
        finally:
            path.unlink(missing_ok=True)
        return sha256

    async def open(self, sha256: str) -> StoredFile:
        """A file to be handed out, all of it hashed again. Raises FileMissing, FileDamaged."""
        try:
            return StoredFile(self._place(sha256), await asyncio.to_thread(self.check, sha256))
        except (FileMissing, FileDamaged) as reason:
            where = {"sha256": sha256, "folder": str(self._folder)}
            log.error("a file cannot be handed out", reason=reason.code, **where)  # noqa: TRY400 - the code says it all
            raise

    async def read(self, sha256: str) -> bytes:
        """The bytes of a file, hashed again; for who needs all of them at once. Raises FileMissing, FileDamaged."""
        return await asyncio.to_thread((await self.open(sha256)).path.read_bytes)

    def check(self, sha256: str) -> int:
        """Hash the bytes of a file again, whatever its size; how many there are. Raises FileMissing, FileDamaged."""
        try:
            with self._place(sha256).open("rb") as file:
                found = hashlib.file_digest(file, "sha256").hexdigest()
                size = file.tell()
        except FileNotFoundError:
            raise FileMissing(sha256=sha256) from None
        if found != sha256:
            raise FileDamaged(sha256=sha256)
        return size

    def _quarantine(self) -> Path:
        """The folder of what is arriving. What a killed process left in it long ago goes."""
        folder = self._folder / "quarantine"
        folder.mkdir(parents=True, exist_ok=True)
        for left in folder.iterdir():
            with suppress(FileNotFoundError):
                if left.stat().st_mtime < time() - FORGOTTEN:
                    left.unlink()
        return folder

    async def _pour(self, content: AsyncIterable[bytes] | bytes, file: BinaryIO) -> tuple[str, int]:
        digest = hashlib.sha256()
        size = 0
        async for chunk in _chunks(content):
            size += len(chunk)
            if size > self._limit:
                raise FileTooLarge(limit=self._limit)
            digest.update(chunk)
            file.write(chunk)
        if not size:
            raise FileEmpty
        file.flush()
        return digest.hexdigest(), size

    def _place(self, sha256: str) -> Path:
        if len(sha256) != 64 or not set(sha256) <= set("0123456789abcdef"):
            raise FileMissing(sha256=sha256)
        return self._folder / "sha256" / sha256[:2] / sha256[2:4] / sha256

    @staticmethod
    def _link(path: Path, place: Path) -> None:
        place.parent.mkdir(parents=True, exist_ok=True)
        try:
            os.link(path, place)
        except FileExistsError:
            return
        place.chmod(0o440)
        folder = os.open(place.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)


async def _chunks(content: AsyncIterable[bytes] | bytes) -> AsyncIterator[bytes]:
    if isinstance(content, bytes):
        yield content
        return
    async for chunk in content:
        yield chunk


def clean_name(name: str) -> str:
    """The name as it is recorded: in NFC, without marks that nobody sees.

    FileNameHostile when it holds a sign that no text may hold (`characters` says which), is a path, or is too long;
    MarksPiledUp.
    """
    name = composed(drop_marks(name), "file").strip()
    if not name or name.strip(".") == "":
        raise FileNameHostile(reason="empty")
    if len(name) > FILE_NAME.limit:
        raise FileNameHostile(reason="too-long", limit=FILE_NAME.limit)
    if "/" in name or "\\" in name:
        raise FileNameHostile(reason="path")
    if hostile := forbidden(name):
        raise FileNameHostile(reason="hidden-characters", characters=hostile)
    return name


# What it is, by its content ---------------------------------------------------------------------------


#: Tries whether a PDF opens: a crafted one takes seconds. Others wait here in their order, and nobody else does.
OPENERS = ThreadPoolExecutor(2, thread_name_prefix="opener")


async def media_type(path: Path) -> str:
    """The type of a file by its content, whatever it is called; FileTypeForbidden."""
    kind = await asyncio.to_thread(_kind, path)
    if kind == "application/pdf" and await asyncio.get_running_loop().run_in_executor(OPENERS, asks_password, path):
        raise FileTypeForbidden(found="locked-pdf")
    return kind


def _kind(path: Path) -> str:
    with path.open("rb") as file:
        start = file.read(PDF_WITHIN + len(PDF))
    for magic, kind in MAGIC:
        if start.startswith(magic):
            return kind
    if start.startswith(ZIP):
        return _office(path)
    if (found := _refused(path, start)) is not None:
        raise FileTypeForbidden(found=found)
    if PDF in start:
        return "application/pdf"
    raise FileTypeForbidden(found=_written(start))


#: How the readers of ZIP archives, of what is packed in them and of XML say that they cannot read it.
DAMAGED = (
    zipfile.BadZipFile,
    ValueError,
    NotImplementedError,
    RuntimeError,
    EOFError,
    LookupError,  # an encoding that nobody knows
    zlib.error,
    lzma.LZMAError,
    ExpatError,
)


def _office(path: Path) -> str:
    """The kind of office document, from the table of contents and the list of its parts: no more is unpacked."""
    _small_directory(path)
    try:
        with zipfile.ZipFile(path) as archive:
            entries = archive.infolist()
            unpacked = sum(entry.file_size for entry in entries)
            most = min(UNPACKED_LIMIT, RATIO_LIMIT * path.stat().st_size)
            if len(entries) > ENTRIES_LIMIT or unpacked > most:
                raise FileTypeForbidden(found="zip-bomb")
            names = {entry.filename.replace("\\", "/").lower(): entry for entry in entries}
            if any(name.endswith("vbaproject.bin") or name.startswith("basic/") for name in names):
                raise FileTypeForbidden(found="macros")
            if any(entry.flag_bits & 1 for entry in entries):
                raise FileTypeForbidden(found="encrypted")
            if entries and entries[0].filename == "mimetype":
                return _open_document(archive, entries[0], names.get("meta-inf/manifest.xml"))
            if CONTENT_TYPES in names:
                return _main_part(_read(archive, names[CONTENT_TYPES]), names)
    except DAMAGED:
        raise FileTypeForbidden(found="damaged") from None
    except OSError as reason:
        if reason.errno is not None:
            raise
        raise FileTypeForbidden(found="damaged") from None  # how bz2 says that it cannot read what was packed
    raise FileTypeForbidden(found="archive")


def _open_document(archive: zipfile.ZipFile, first: zipfile.ZipInfo, manifest: zipfile.ZipInfo | None) -> str:
    """What the first entry of an OpenDocument says that it is, where it stands as it must: stored, and short."""
    said = "" if first.compress_type != zipfile.ZIP_STORED else _read(archive, first).decode("ascii", "replace")
    if manifest is not None and b"encryption-data" in _read(archive, manifest):
        raise FileTypeForbidden(found="encrypted")
    if said == OPEN_TEXT:
        return OPEN_TEXT
    sheet, show = f"{OPEN_DOCUMENT}spreadsheet", f"{OPEN_DOCUMENT}presentation"
    raise FileTypeForbidden(found={sheet: "ods", show: "slides"}.get(said, "archive"))


def _main_part(listed: bytes, names: Collection[str]) -> str:
    """The kind whose main part is among the parts, as `[Content_Types].xml` says. Raises ExpatError."""
    kinds = set(_content_types(listed, names))
    for content_type, kind in OFFICE.items():
        if content_type in kinds:
            return kind
    if any("macroenabled" in one for one in kinds):
        raise FileTypeForbidden(found="macros")
    if any("presentationml" in one for one in kinds):
        raise FileTypeForbidden(found="slides")
    raise FileTypeForbidden(found="office")


def _content_types(listed: bytes, names: Collection[str]) -> Iterator[str]:
    """The content type of each part that is there, in small letters: its own, else that of its extension."""
    own: dict[str, str] = {}
    by_extension: dict[str, str] = {}

    def begin(tag: str, said: dict[str, str]) -> None:
        kind = said.get("ContentType", "").strip().lower()
        if tag.rpartition(":")[2] == "Override":
            own[said.get("PartName", "").replace("\\", "/").lstrip("/").lower()] = kind
        elif tag.rpartition(":")[2] == "Default":
            by_extension[said.get("Extension", "").lower()] = kind

    def no_entities(*_: object) -> None:
        raise ValueError("a list of parts declares nothing")

    parser = ParserCreate()
    parser.StartElementHandler = begin
    parser.StartDoctypeDeclHandler = no_entities
    parser.Parse(listed, True)
    for name in names:
        yield own.get(name) or by_extension.get(name.rpartition(".")[2], "")


def _read(archive: zipfile.ZipFile, entry: zipfile.ZipInfo) -> bytes:
    """A short entry, whatever it says of its size. ValueError when it is longer."""
    with archive.open(entry) as opened:
        content = opened.read(CONTENT_TYPES_LIMIT + 1)
    if len(content) > CONTENT_TYPES_LIMIT:
        raise ValueError(f"{entry.filename} is too long")
    return content


def _small_directory(path: Path) -> None:
    """Refuse a table of contents so large that reading it would cost memory, before it is read."""
    with path.open("rb") as file:
        file.seek(0, os.SEEK_END)
        file.seek(max(0, file.tell() - 66_000))
        tail = file.read()
    at = tail.rfind(b"PK\x05\x06")
    if at < 0 or len(tail) < at + 22:
        raise FileTypeForbidden(found="damaged")
    entries, size = struct.unpack_from("<HL", tail, at + 10)
    if b"PK\x06\x07" in tail or entries > ENTRIES_LIMIT or size > DIRECTORY_LIMIT:
        raise FileTypeForbidden(found="zip-bomb")


def _refused(path: Path, start: bytes) -> str | None:  # noqa: PLR0911 - one kind of file below the other
    """What a file is that is known and not taken; nothing that a PDF may hide behind passes here."""
    head = start[: start.index(PDF)] if PDF in start else start
    text = head.lower()
    if text.lstrip(b"\xef\xbb\xbf \t\r\n").startswith((b"<?xml", b"<svg")):
        return "xml"
    if any(sign in text for sign in RUNNING):
        return "html"
    for magic, kind in REFUSED_MAGIC:
        if start.startswith(magic):
            return kind
    if start.startswith(COMPOUND):
        return _in_compound(path)
    if start[:4] == b"RIFF":
        return "webp" if start[8:12] == b"WEBP" else "film"
    if start[4:8] == b"ftyp":
        return "heic" if start[8:12] in PHONE_PICTURES else "image" if start[8:12] == b"avif" else "film"
    return None


def _in_compound(path: Path) -> str:
    """Which program wrote a document of before 2007, or what was locked into one, by the names of its streams."""
    with path.open("rb") as file, mmap(file.fileno(), 0, access=ACCESS_READ) as content:
        for name, kind in IN_COMPOUND:
            if content.find(name.encode("utf-16-le") + b"\0\0") >= 0:
                return kind
    return "unknown"


def _written(start: bytes) -> str:
    """Whether a refused file is plain text or nothing that is known."""
    try:
        text = start.decode("utf-8")
    except UnicodeDecodeError as reason:
        if reason.start < len(start) - 3 or reason.start == 0:
            return "unknown"
        text = start[: reason.start].decode("utf-8")
    return "text" if all(letter.isprintable() or letter in "\t\r\n\ufeff" for letter in text) else "unknown"
