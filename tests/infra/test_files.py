import hashlib
import io
import os
import struct
import time
import zipfile
from pathlib import Path

import pytest

from domain.errors import FileDamaged, FileEmpty, FileMissing, FileNameHostile, FileTooLarge, FileTypeForbidden
from infra.files import Files, clean_name, media_type

PDF = b"%PDF-1.7\n"


@pytest.fixture
def files(tmp_path: Path) -> Files:
    return Files(tmp_path / "t_1")


def everything(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file()]


def a_zip(entries: dict[str, bytes], **how: int) -> bytes:
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", how.get("compression", zipfile.ZIP_DEFLATED)) as archive:
        for name, content in entries.items():
            kind = zipfile.ZIP_STORED if name == "mimetype" else zipfile.ZIP_DEFLATED
            archive.writestr(name, content, kind)
    return target.getvalue()


DOCX = {"[Content_Types].xml": b"<Types/>", "word/document.xml": b"<w:document/>"}


async def test_a_kept_file_is_found_by_its_hash(files: Files, tmp_path: Path):
    async with files.receiving("a.pdf", PDF) as received:
        await files.keep(received)

    assert received.sha256 == hashlib.sha256(PDF).hexdigest()
    assert await files.read(received.sha256) == PDF
    (place,) = everything(tmp_path)
    assert place.relative_to(tmp_path / "t_1").parts == (
        "sha256",
        received.sha256[:2],
        received.sha256[2:4],
        received.sha256,
    )
    assert place.stat().st_mode & 0o222 == 0


async def test_a_file_that_is_not_kept_is_gone(files: Files, tmp_path: Path):
    async with files.receiving("a.pdf", PDF):
        assert len(everything(tmp_path)) == 1

    assert everything(tmp_path) == []


async def test_what_a_killed_process_left_yesterday_goes_and_what_arrives_now_stays(files: Files, tmp_path: Path):
    quarantine = tmp_path / "t_1" / "quarantine"
    quarantine.mkdir(parents=True)
    for name, age in (("yesterday", 90_000), ("arriving", 60)):
        (quarantine / name).write_bytes(PDF)
        os.utime(quarantine / name, (time.time() - age,) * 2)

    async with files.receiving("a.pdf", PDF):
        pass

    assert [path.name for path in everything(tmp_path)] == ["arriving"]


async def test_the_same_content_is_kept_once(files: Files, tmp_path: Path):
    for name in ("a.pdf", "b.pdf"):
        async with files.receiving(name, PDF) as received:
            await files.keep(received)
    assert await files.put(PDF) == received.sha256

    assert len(everything(tmp_path)) == 1


async def test_one_flipped_byte_is_found_when_the_file_is_read(files: Files, tmp_path: Path):
    sha256 = await files.put(PDF)
    (place,) = everything(tmp_path)
    place.chmod(0o600)
    place.write_bytes(PDF.replace(b"7", b"6"))

    with pytest.raises(FileDamaged):
        await files.read(sha256)


@pytest.mark.parametrize("key", ["ab" * 32, "../../secret", "AB" * 32, ""])
async def test_only_a_hash_of_something_kept_is_a_key(files: Files, key: str):
    with pytest.raises(FileMissing):
        await files.read(key)


async def test_nothing_and_too_much_are_refused(tmp_path: Path):
    files = Files(tmp_path, limit=10)

    with pytest.raises(FileEmpty):
        async with files.receiving("a.pdf", b""):
            pass
    with pytest.raises(FileTooLarge):
        async with files.receiving("a.pdf", PDF + b"xx"):
            pass
    assert everything(tmp_path) == []


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (PDF, "application/pdf"),
        (b"\xff\xd8\xff\xe0 jpeg", "image/jpeg"),
        (b"\x89PNG\r\n\x1a\n", "image/png"),
        (b"II*\x00", "image/tiff"),
        (b"MM\x00*", "image/tiff"),
        (a_zip(DOCX), "application/vnd.openxmlformats-officedocument.wordprocessingml.document"),
        (
            a_zip({"[Content_Types].xml": b"<Types/>", "xl/workbook.xml": b"<workbook/>"}),
            "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
        ),
        (
            a_zip({"mimetype": b"application/vnd.oasis.opendocument.text", "content.xml": b"<x/>"}),
            "application/vnd.oasis.opendocument.text",
        ),
    ],
    ids=["pdf", "jpeg", "png", "tiff-little", "tiff-big", "docx", "xlsx", "odt"],
)
def test_a_file_is_what_its_content_says(tmp_path: Path, content: bytes, expected: str):
    (tmp_path / "f").write_bytes(content)

    assert media_type(tmp_path / "f") == expected


def a_bomb() -> bytes:
    return a_zip({**DOCX, "word/media/image1.bin": b"\0" * 40_000_000})


def a_lying_directory() -> bytes:
    """A zip whose end says that it has more entries than anybody should read."""
    content = bytearray(a_zip(DOCX))
    struct.pack_into("<HH", content, len(content) - 14, 60_000, 60_000)
    return bytes(content)


@pytest.mark.parametrize(
    ("content", "found"),
    [
        (b"<svg xmlns='http://www.w3.org/2000/svg'><script/></svg>", "xml"),
        (b"\xef\xbb\xbf<!DOCTYPE html>", "html"),
        (b"MZ\x90\x00", "program"),
        (b"#!/bin/sh", "program"),
        (b"plain text", "unknown"),
        (b" %PDF-1.7", "unknown"),
        (a_zip({"a.txt": b"x"}), "zip"),
        (a_zip({**DOCX, "word/vbaProject.bin": b"x"}), "macros"),
        (a_zip({"mimetype": b"application/vnd.oasis.opendocument.tex"}), "zip"),
        (a_bomb(), "zip-bomb"),
        (a_lying_directory(), "zip-bomb"),
        (b"PK\x03\x04 and nothing after", "zip"),
        (a_zip(DOCX)[:-30], "zip"),
    ],
    ids=[
        "svg",
        "html",
        "program",
        "script",
        "text",
        "polyglot",
        "zip",
        "macros",
        "other-odt",
        "bomb",
        "lying",
        "cut-off",
        "truncated",
    ],
)
def test_what_is_not_on_the_list_is_refused_by_its_content(tmp_path: Path, content: bytes, found: str):
    (tmp_path / "f.pdf").write_bytes(content)

    with pytest.raises(FileTypeForbidden) as refusal:
        media_type(tmp_path / "f.pdf")

    assert refusal.value.details["found"] == found


@pytest.mark.parametrize(
    "name",
    [
        "",
        "   ",
        "..",
        "a/b.pdf",
        "..\\a.pdf",
        "a\u202efdp.exe",
        "a\u0000.pdf",
        "a\n.pdf",
        "a\u200b.pdf",
        "a\u2028.pdf",
        "a\ue000.pdf",
        "x" * 256,
    ],
    ids=[
        "empty",
        "blank",
        "parent",
        "path",
        "windows-path",
        "reversed",
        "nul",
        "newline",
        "invisible",
        "line-separator",
        "private",
        "too-long",
    ],
)
def test_a_name_that_could_deceive_is_refused(name: str):
    with pytest.raises(FileNameHostile):
        clean_name(name)


def test_a_vietnamese_name_from_another_system_is_kept_in_one_form():
    assert clean_name("Ba\u0301o ca\u0301o.pdf ") == "Báo cáo.pdf"
    assert clean_name("CON.pdf") == "CON.pdf"
