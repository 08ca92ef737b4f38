"""Evidence and documents by the hash of their bytes: taken in through quarantine, never changed, checked when read.

A file is streamed to quarantine while it is hashed; what is too large, empty, of another type than it may be, or
has a name meant to deceive is refused and leaves nothing behind. The key is the hash only: the name is data.
"""

from __future__ import annotations

import asyncio
import hashlib
import os
import struct
import unicodedata
import zipfile
from collections.abc import AsyncIterable, AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from time import time
from typing import BinaryIO
from uuid import uuid4

import structlog

from domain.errors import FileDamaged, FileEmpty, FileMissing, FileNameHostile, FileTooLarge, FileTypeForbidden

MEGABYTE = 1_000_000
LIMIT = 20 * MEGABYTE
NAME_LIMIT = 255

#: Seconds after which a file still in quarantine belongs to nobody who is alive.
FORGOTTEN = 24 * 60 * 60

#: What may be taken in, by its first bytes. SVG and HTML are text that runs: they are not here.
MAGIC = (
    (b"%PDF-", "application/pdf"),
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"II*\x00", "image/tiff"),
    (b"MM\x00*", "image/tiff"),
)
ZIP = b"PK\x03\x04"

#: Office documents are zip files; each kind has an entry that no other has.
OFFICE = {
    "word/document.xml": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    "xl/workbook.xml": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}
OPEN_DOCUMENT = b"application/vnd.oasis.opendocument.text"

#: An office document says of itself how large it is unpacked. Nothing is unpacked here; what claims more than
#: this is a bomb for whoever opens it.
ENTRIES_LIMIT = 5_000
DIRECTORY_LIMIT = MEGABYTE
UNPACKED_LIMIT = 300 * MEGABYTE
RATIO_LIMIT = 200

#: Invisible, direction-changing, unassigned for good or private characters make a name look like another.
HOSTILE = {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}


log = structlog.get_logger("files")


class Received:
    """A file in quarantine: complete, hashed and of an allowed type. It is gone unless it is kept."""

    def __init__(self, path: Path, name: str, sha256: str, size: int, media_type: str) -> None:
        self.path = path
        self.name = name
        self.sha256 = sha256
        self.size = size
        self.media_type = media_type


class Files:
    """The files of one province in one folder."""

    def __init__(self, folder: Path, limit: int = LIMIT) -> None:
        self._folder = folder
        self._limit = limit

    @asynccontextmanager
    async def receiving(self, name: str, content: AsyncIterable[bytes] | bytes) -> AsyncIterator[Received]:
        """Take a file into quarantine for as long as the block lasts.

        Raises FileNameHostile, FileTooLarge, FileEmpty, FileTypeForbidden.
        """
        name = clean_name(name)
        path = self._quarantine() / uuid4().hex
        try:
            with path.open("xb") as file:
                sha256, size = await self._pour(content, file)
                await asyncio.to_thread(os.fsync, file.fileno())
            yield Received(path, name, sha256, size, await asyncio.to_thread(media_type, path))
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

    async def read(self, sha256: str) -> bytes:
        """The bytes of a file, hashed again. Raises FileMissing, FileDamaged."""
        try:
            content = await asyncio.to_thread(self._place(sha256).read_bytes)
        except FileNotFoundError:
            log.error("a file is missing", sha256=sha256, folder=str(self._folder))  # noqa: TRY400 - it says all
            raise FileMissing(sha256=sha256) from None
        if (await asyncio.to_thread(hashlib.sha256, content)).hexdigest() != sha256:
            log.error("a file is no longer what was taken in", sha256=sha256, folder=str(self._folder))
            raise FileDamaged(sha256=sha256)
        return content

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
    """The name in NFC. FileNameHostile when it could deceive, is a path, or is too long."""
    name = unicodedata.normalize("NFC", name).strip()
    if not name or name.strip(".") == "" or len(name) > NAME_LIMIT:
        raise FileNameHostile(reason="empty" if len(name) <= NAME_LIMIT else "too-long")
    if "/" in name or "\\" in name:
        raise FileNameHostile(reason="path")
    if any(unicodedata.category(letter) in HOSTILE for letter in name):
        raise FileNameHostile(reason="hidden-characters")
    return name


# What it is, by its content ---------------------------------------------------------------------------


def media_type(path: Path) -> str:
    """The type of a file by its content, whatever it is called; FileTypeForbidden."""
    with path.open("rb") as file:
        start = file.read(64)
    for magic, kind in MAGIC:
        if start.startswith(magic):
            return kind
    if start.startswith(ZIP):
        return _office(path)
    raise FileTypeForbidden(found=_described(start))


def _office(path: Path) -> str:
    """The kind of office document, from the table of contents alone: nothing is unpacked."""
    _small_directory(path)
    try:
        with zipfile.ZipFile(path) as archive:
            entries = archive.infolist()
            first = entries[0] if entries else None
            stored = first is not None and first.filename == "mimetype" and first.compress_type == zipfile.ZIP_STORED
            if first is not None and stored and first.file_size == len(OPEN_DOCUMENT):
                with archive.open(first) as entry:
                    said = entry.read(len(OPEN_DOCUMENT))
            else:
                said = b""
    except (zipfile.BadZipFile, ValueError, NotImplementedError, RuntimeError):
        raise FileTypeForbidden(found="zip") from None
    unpacked = sum(entry.file_size for entry in entries)
    if len(entries) > ENTRIES_LIMIT or unpacked > UNPACKED_LIMIT or unpacked > RATIO_LIMIT * path.stat().st_size:
        raise FileTypeForbidden(found="zip-bomb")
    names = {entry.filename for entry in entries}
    if any(name.lower().endswith("vbaproject.bin") for name in names):
        raise FileTypeForbidden(found="macros")
    if said == OPEN_DOCUMENT:
        return OPEN_DOCUMENT.decode()
    if "[Content_Types].xml" in names:
        for entry_name, kind in OFFICE.items():
            if entry_name in names:
                return kind
    raise FileTypeForbidden(found="zip")


def _small_directory(path: Path) -> None:
    """Refuse a table of contents so large that reading it would cost memory, before it is read."""
    with path.open("rb") as file:
        file.seek(0, os.SEEK_END)
        file.seek(max(0, file.tell() - 66_000))
        tail = file.read()
    at = tail.rfind(b"PK\x05\x06")
    if at < 0 or len(tail) < at + 22:
        raise FileTypeForbidden(found="zip")
    entries, size = struct.unpack_from("<HL", tail, at + 10)
    if b"PK\x06\x07" in tail or entries > ENTRIES_LIMIT or size > DIRECTORY_LIMIT:
        raise FileTypeForbidden(found="zip-bomb")


def _described(start: bytes) -> str:
    """What a refused file looks like, for the person who chose it."""
    text = start.lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    if start.startswith((b"MZ", b"\x7fELF", b"#!")):
        return "program"
    if text.startswith((b"<!doctype html", b"<html", b"<script")):
        return "html"
    if text.startswith((b"<?xml", b"<svg")):
        return "xml"
    return "unknown"
