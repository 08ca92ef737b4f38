import io
import random
import stat
import struct
import zipfile
from collections.abc import Callable
from contextlib import suppress

import pytest

from infra.ledger.text import Malformed
from infra.storage import zip_archives
from infra.storage.zip_archives import chunks, places

HELD = {"a.json": b"[]", "dir/b.pdf": b"%PDF-1.4 \xe1\xbb\x93 b", "dir/c": b"", "z.json": b"{}"}
NAMES = frozenset(HELD)


def written(held: dict[str, bytes] = HELD) -> bytes:
    out = io.BytesIO()
    with zip_archives.begin(out) as archive:
        for name, content in held.items():
            zip_archives.add(archive, name, content)
    return out.getvalue()


def read(archive: bytes) -> dict[str, bytes]:
    file = io.BytesIO(archive)
    return {name: b"".join(chunks(file, place)) for name, place in places(file, NAMES).items()}


def by_others(*entries: tuple[str | zipfile.ZipInfo, bytes], packing: int = zipfile.ZIP_STORED) -> bytes:
    """An archive as the common library writes it."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", packing) as archive:
        for name, content in entries:
            archive.writestr(name, content, packing)
    return out.getvalue()


def a_link() -> zipfile.ZipInfo:
    info = zipfile.ZipInfo("z.json")
    info.create_system = 3
    info.external_attr = (stat.S_IFLNK | 0o777) << 16
    return info


def with_end(archive: bytes, entries: int, length: int, begins: int) -> bytes:
    return archive[:-22] + struct.pack("<4s4H2LH", b"PK\x05\x06", 0, 0, entries, entries, length, begins, 0)


def end_of(archive: bytes) -> tuple[int, int, int]:
    """How many entries there are, how long their table is, and where it begins."""
    entries, _, length, begins, _ = struct.unpack_from("<2H2LH", archive, len(archive) - 14)
    return entries, length, begins


def declaring(size: int) -> bytes:
    """The last entry says everywhere that it is of another size."""
    archive = bytearray(written())
    _, _, begins = end_of(written())
    line, before = archive.rindex(b"PK\x01\x02"), archive.rindex(b"PK\x03\x04")
    for place in (line + 20, line + 24, before + 18, before + 22):
        struct.pack_into("<L", archive, place, size)
    assert before < begins < line
    return bytes(archive)


def overlapping() -> bytes:
    """Two entries of the table that stand for the same bytes."""
    archive = written({"dir/c": b"x" * 9})
    entries, length, begins = end_of(archive)
    line = archive[begins : begins + length]
    doubled = archive[:begins] + line + line.replace(b"dir/c", b"dir/d") + archive[-22:]
    return with_end(doubled, entries + 1, 2 * length, begins)


def with_a_gap() -> bytes:
    """Bytes between the last entry and the table of contents."""
    archive = written()
    entries, length, begins = end_of(archive)
    return with_end(archive[:begins] + b"hidden" + archive[begins:], entries, length, begins + 6)


def commented() -> bytes:
    out = io.BytesIO(written())
    with zipfile.ZipFile(out, "a") as archive:
        archive.comment = b"hidden"
    return out.getvalue()


HOSTILE: dict[str, tuple[Callable[[], bytes], str]] = {
    "a name of the parent": (lambda: by_others(("../a.json", b"[]")), "a name that leads elsewhere"),
    "a name inside that climbs": (lambda: by_others(("dir/../../b", b"[]")), "a name that leads elsewhere"),
    "an absolute name": (lambda: by_others(("/etc/passwd", b"x")), "a name that leads elsewhere"),
    "a name of another system": (lambda: by_others(("dir\\b.pdf", b"x")), "a name that leads elsewhere"),
    "a drive": (lambda: by_others(("C:b.pdf", b"x")), "a name that leads elsewhere"),
    "a link": (lambda: by_others((a_link(), b"/etc/passwd")), "a link, and no file"),
    "one more": (lambda: written({"a.json": b"[]", "more": b""}), "'more': no file that is named"),
    "a name twice": (
        lambda: written({"dir/c": b"", "dir/d": b"x"}).replace(b"dir/d", b"dir/c"),
        "two entries of one name",
    ),
    "a folder": (lambda: by_others(("dir/", b"")), "no file that is named"),
    "a bomb": (lambda: by_others(("z.json", bytes(9_000_000)), packing=8), "that say they are 9000000"),
    "more than is declared": (lambda: declaring(1), "bytes that belong to no entry"),
    "less than is declared": (lambda: declaring(2**31), "bytes that belong to no entry"),
    "encrypted": (lambda: written().replace(b"PK\x01\x02\x14\x03\x14\0\0", b"PK\x01\x02\x14\x03\x14\0\1"), "encrypted"),
    "too many": (lambda: by_others(*((f"dir/{n}", b"") for n in range(5_000))), "more than there can be"),
    "a huge table": (lambda: with_end(written(), 1, 2**31, 0), "more than there can be"),
    "a table elsewhere": (lambda: with_end(written(), 1, 9, 0), "does not stand before its end"),
    "fewer than there are": (lambda: with_end(written(), 3, *end_of(written())[1:]), "belong to no entry"),
    "overlapping": (overlapping, "no file that is named"),
    "a gap": (with_a_gap, "belong to no entry"),
    "something before": (lambda: b"#!/bin/sh\n" + written(), "does not stand before its end"),
    "something behind": (lambda: written() + b"x", "not a ZIP file"),
    "a comment": (commented, "not a ZIP file"),
    "another program's": (lambda: by_others(("a.json", b"[]")), "not written as files are here"),
    "cut off": (lambda: written()[:-1], "not a ZIP file"),
    "nothing": (lambda: b"", "not a ZIP file"),
    "an end alone": (lambda: with_end(bytes(22), 0, 5, 0), "more than there can be"),
}


def test_what_was_written_is_read_and_other_programs_read_it_too():
    assert read(written()) == HELD
    with zipfile.ZipFile(io.BytesIO(written())) as archive:
        assert archive.testzip() is None
        assert {info.filename: archive.read(info) for info in archive.infolist()} == HELD


def test_the_same_files_give_the_same_bytes():
    assert written() == written()
    assert written({}) == with_end(bytes(22), 0, 0, 0)


@pytest.mark.parametrize(("made", "reason"), HOSTILE.values(), ids=HOSTILE)
def test_what_is_more_or_less_than_its_files_is_refused_by_its_reason(made: Callable[[], bytes], reason: str):
    with pytest.raises(Malformed, match=reason):
        read(made())


def test_no_flipped_bit_goes_unnoticed():
    archive = written()
    for place in range(len(archive)):
        for bit in range(8):
            flipped = bytearray(archive)
            flipped[place] ^= 1 << bit
            with suppress(Malformed):
                assert read(bytes(flipped)) != HELD, (place, bit)


def test_whatever_is_handed_in_is_answered():
    chance, archive = random.Random(8), written()
    for _ in range(500):
        changed = bytearray(archive)
        for _ in range(chance.randrange(1, 4)):
            start = chance.randrange(len(changed))
            changed[start : start + chance.randrange(9)] = chance.randbytes(chance.randrange(9))
        with suppress(Malformed):
            read(bytes(changed))
