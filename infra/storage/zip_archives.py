"""ZIP files whose bytes follow from what is in them, and which are read only as they are written here.

Nothing is packed, every entry is a plain file, and every byte is of an entry or of the table of contents. What is read
as such an archive is as large as it looks, leads nowhere and hides nothing; whatever else it may be is refused.
"""

import os
import stat
import struct
from collections.abc import Collection, Iterator
from typing import BinaryIO, NamedTuple
from zipfile import ZIP_STORED, ZipFile, ZipInfo

from infra.ledger.text import Malformed

#: Bytes of all files in one archive. From 2**31 on the form needs extensions.
LIMIT = 2_000_000_000

#: Bytes read at a time.
CHUNK = 1_000_000

#: What stands before an entry, what the table of contents says of it, and what stands at the end: PKWARE's APPNOTE,
#: 4.3.7, 4.3.12 and 4.3.16.
_BEFORE = struct.Struct("<4s5H3L2H")
_LINE = struct.Struct("<4s6H3L5H2L")
_END = struct.Struct("<4s4H2LH")

#: Version 2.0, made on Unix; midnight of 1/1/1980, the earliest that there is: no clock has a part in it.
_VERSION, _MADE, _TIME, _DATE = 20, 3 << 8 | 20, 0, 1 << 5 | 1

#: A plain file that everybody may read.
_PLAIN = (stat.S_IFREG | 0o644) << 16
_ENCRYPTED = 0x1

#: Bytes that the table may have for a name, far above what any of ours has.
_MOST = 1_000


class ByteRange(NamedTuple):
    """Where the bytes of an entry are."""

    start: int
    size: int


# Writing ----------------------------------------------------------------------------------------------


def begin(out: BinaryIO) -> ZipFile:
    """An archive to be written, which is whole once it is closed."""
    return ZipFile(out, "w", ZIP_STORED, allowZip64=False)


def add(archive: ZipFile, name: str, content: bytes) -> None:
    """One more entry; the caller adds them in the order of their names, which are ASCII."""
    info = ZipInfo(name)
    info.create_system = _MADE >> 8
    info.external_attr = _PLAIN
    archive.writestr(info, content)


# Reading ----------------------------------------------------------------------------------------------


class _ContentsEntry(NamedTuple):
    """What the table of contents says of an entry; `named` is how long its name is."""

    sign: bytes
    made: int
    version: int
    flags: int
    method: int
    time: int
    date: int
    crc: int
    packed: int
    size: int
    named: int
    extra: int
    comment: int
    disk: int
    internal: int
    mode: int
    place: int


def places(file: BinaryIO, names: Collection[str]) -> dict[str, ByteRange]:
    """Where the entries are, each of which has to bear one of these names. Raises Malformed."""
    table, entries, begins = _table(file, names)
    found: dict[str, ByteRange] = {}
    at = end = 0
    for _ in range(entries):
        if len(table) < at + _LINE.size:
            raise Malformed("its table of contents is cut off")
        said = _ContentsEntry._make(_LINE.unpack_from(table, at))
        name = table[at + _LINE.size : at + _LINE.size + said.named].decode("ascii", "replace")
        _must_be_a_file(name, said)
        if name not in names:
            raise Malformed(f"{name[:100]!r}: no file that is named")
        if name in found:
            raise Malformed(f"{name}: two entries of one name")
        line, before = _as_written(name, said, end)
        file.seek(end)
        if not table.startswith(line, at) or file.read(len(before)) != before:
            raise Malformed(f"{name}: not written as files are here")
        found[name] = ByteRange(end + len(before), said.size)
        at += len(line)
        end += len(before) + said.size
    if (at, end) != (len(table), begins):
        raise Malformed("bytes that belong to no entry")
    return found


def chunks(file: BinaryIO, place: ByteRange) -> Iterator[bytes]:
    """The bytes there, some at a time."""
    file.seek(place.start)
    left = place.size
    while left and (chunk := file.read(min(left, CHUNK))):
        left -= len(chunk)
        yield chunk


def _table(file: BinaryIO, names: Collection[str]) -> tuple[bytes, int, int]:
    """The table of contents, how many entries it has and where it begins; read only if it is as large as it may be."""
    size = file.seek(0, os.SEEK_END)
    file.seek(max(0, size - _END.size))
    tail = file.read()
    if len(tail) < _END.size:
        raise Malformed("not a ZIP file")
    sign, *disks, entries, length, begins, comment = _END.unpack(tail)
    if sign != b"PK\x05\x06" or disks != [0, 0, entries] or comment:
        raise Malformed("not a ZIP file, or one with more behind it")
    if entries > len(names) or length > entries * (_LINE.size + _MOST):
        raise Malformed(f"{entries} entries in a table of {length} bytes, more than there can be")
    if begins + length + _END.size != size:
        raise Malformed("its table of contents does not stand before its end")
    file.seek(begins)
    return file.read(length), entries, begins


def _must_be_a_file(name: str, said: _ContentsEntry) -> None:
    """Say in which way an entry deceives that is more or less than a file."""
    shown = repr(name[:100])
    if stat.S_ISLNK(said.mode >> 16):
        raise Malformed(f"{shown}: a link, and no file")
    if name.startswith("/") or "\\" in name or ":" in name or ".." in name.split("/"):
        raise Malformed(f"{shown}: a name that leads elsewhere")
    if said.flags & _ENCRYPTED:
        raise Malformed(f"{shown}: encrypted")
    if said.method != ZIP_STORED or said.packed != said.size:
        raise Malformed(f"{shown}: packed, {said.packed} bytes that say they are {said.size}")


def _as_written(name: str, said: _ContentsEntry, place: int) -> tuple[bytes, bytes]:
    """What would stand in the table of contents and before the entry, had it been written here."""
    what = said.crc, said.size, said.size, len(name)
    line = _LINE.pack(b"PK\x01\x02", _MADE, _VERSION, 0, 0, _TIME, _DATE, *what, 0, 0, 0, 0, _PLAIN, place)
    before = _BEFORE.pack(b"PK\x03\x04", _VERSION, 0, 0, _TIME, _DATE, *what, 0)
    return line + name.encode(), before + name.encode()
