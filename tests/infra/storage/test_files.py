import asyncio
import hashlib
import io
import os
import struct
import subprocess
import threading
import time
import zipfile
import zlib
from pathlib import Path

import pytest

from domain.errors import (
    FileDamaged,
    FileEmpty,
    FileMissing,
    FileNameHostile,
    FileTooLarge,
    FileTypeForbidden,
    MarksPiledUp,
    SignNotAllowed,
)
from domain.text import FILE_NAME, MARKS, clean
from infra.storage.files import Files, clean_name, media_type
from tests.infra.locked import encrypted

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


def spoilt(how: int) -> bytes:
    """A document whose list of parts is packed in this way, with bytes of it changed."""
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w") as archive:
        archive.writestr("[Content_Types].xml", parts(f"{WORD}.main+xml", "word/document.xml"), how)
        archive.writestr("word/document.xml", b"<x/>")
    content = bytearray(target.getvalue())
    begins = 30 + len("[Content_Types].xml") + 12
    content[begins : begins + 40] = b"\xff" * 40
    return bytes(content)


WORD = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
EXCEL = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


def parts(kind: str, main: str, **more: str) -> bytes:
    """`[Content_Types].xml` of a document whose main part is of this kind and stands there."""
    others = "".join(f'<Override PartName="/{name}" ContentType="{kind}"/>' for name, kind in more.items())
    return f"""<?xml version="1.0" encoding="UTF-8" standalone="yes"?>
<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">
<Default Extension="xml" ContentType="application/xml"/>{others}
<Override PartName="/{main}" ContentType="{kind}"/></Types>""".encode()


def office(kind: str, main: str) -> dict[str, bytes]:
    return {"[Content_Types].xml": parts(f"{kind}.main+xml", main), main: b"<x/>"}


DOCX = office(WORD, "word/document.xml")


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


def backslashes(entries: dict[str, bytes]) -> bytes:
    """The archive as some programs of Windows write it: against the rules, with the names of Windows."""
    written = io.BytesIO()
    with zipfile.ZipFile(written, "w") as archive:
        for name, content in entries.items():
            entry = zipfile.ZipInfo(name)
            entry.filename = name.replace("/", "\\")
            archive.writestr(entry, content)
    return written.getvalue()


TAKEN = {
    "pdf": (PDF, "application/pdf"),
    "pdf after a byte order mark": (b"\xef\xbb\xbf" + PDF, "application/pdf"),
    "pdf after a line end": (b"\r\n" + PDF, "application/pdf"),
    "pdf after a blank": (b" %PDF-1.7", "application/pdf"),
    "pdf after what a printer is told": (b"\x1b%-12345X@PJL SET COPIES=1\r\n".ljust(192) + PDF, "application/pdf"),
    "pdf as late as readers look": (b"\0" * 1_024 + PDF, "application/pdf"),
    "jpeg of a camera": (b"\xff\xd8\xff\xe1 exif", "image/jpeg"),
    "jpeg of a scanner": (b"\xff\xd8\xff\xe0 jfif", "image/jpeg"),
    "jpeg without a header": (b"\xff\xd8\xff\xdb", "image/jpeg"),
    "png": (b"\x89PNG\r\n\x1a\n", "image/png"),
    "tiff of Intel": (b"II*\x00", "image/tiff"),
    "tiff of Motorola": (b"MM\x00*", "image/tiff"),
    "docx": (a_zip(DOCX), WORD),
    "docx of Word Online": (a_zip(office(WORD, "word/document2.xml")), WORD),
    "docx with the names of Windows": (backslashes(DOCX), WORD),
    "docx in other letters": (
        a_zip({"[content_types].XML": DOCX["[Content_Types].xml"], "Word/Document.xml": b""}),
        WORD,
    ),
    "docx whose default is the main part": (
        a_zip(
            {
                "[Content_Types].xml": b'<t:Types xmlns:t="x"><t:Default Extension="xml" ContentType="'
                + f"{WORD}.main+xml".encode()
                + b'"/></t:Types>',
                "doc.xml": b"<x/>",
            }
        ),
        WORD,
    ),
    "xlsx": (a_zip(office(EXCEL, "xl/workbook.xml")), EXCEL),
    "xlsx of Excel Online": (a_zip(office(EXCEL, "xl/workbook22.xml")), EXCEL),
    "odt": (
        a_zip({"mimetype": b"application/vnd.oasis.opendocument.text", "content.xml": b"<x/>"}),
        "application/vnd.oasis.opendocument.text",
    ),
}


@pytest.mark.parametrize(("content", "expected"), TAKEN.values(), ids=TAKEN)
async def test_a_file_is_what_its_content_says_and_stays_the_bytes_that_came(
    files: Files, content: bytes, expected: str
):
    async with files.receiving("f", content) as received:
        await files.keep(received)

    assert received.media_type == expected
    assert await files.read(received.sha256) == content


def a_bomb() -> bytes:
    return a_zip({**DOCX, "word/media/image1.bin": b"\0" * 40_000_000})


def a_lying_directory() -> bytes:
    """A zip whose end says that it has more entries than anybody should read."""
    content = bytearray(a_zip(DOCX))
    struct.pack_into("<HH", content, len(content) - 14, 60_000, 60_000)
    return bytes(content)


def a_compound(*streams: str) -> bytes:
    """A container as Word and Excel wrote them before 2007, with the names of these streams in its directory."""
    names = b"".join(name.encode("utf-16-le").ljust(64, b"\0").ljust(128, b"\0") for name in ("Root Entry", *streams))
    return b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1".ljust(512, b"\0") + b"\xff" * 700 + names


def locked(entries: dict[str, bytes]) -> bytes:
    """An archive whose entries say that they are encrypted."""
    content = bytearray(a_zip(entries))
    for sign, at in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        place = -1
        while (place := content.find(sign, place + 1)) >= 0:
            content[place + at] |= 1
    return bytes(content)


def a_directory(kind: str, **more: bytes) -> bytes:
    return a_zip({"[Content_Types].xml": parts(kind, "main.xml"), "main.xml": b"<x/>", **more})


OPEN = b"application/vnd.oasis.opendocument."
REFUSED = {
    "svg": (b"<svg xmlns='http://www.w3.org/2000/svg'><script/></svg>", "xml"),
    "xml": (b"<?xml version='1.0'?><x/>", "xml"),
    "html": (b"\xef\xbb\xbf<!DOCTYPE html>", "html"),
    "program": (b"MZ\x90\x00", "program"),
    "script": (b"#!/bin/sh", "program"),
    "text": (b"plain text", "text"),
    "text in Vietnamese, cut within a letter": (("ế" * 400).encode(), "text"),
    "bytes": (bytes(range(200, 256)), "unknown"),
    "html before a pdf": (b"<html><script>alert(1)</script>" + PDF, "html"),
    "svg before a pdf": (b"  <svg onload='alert(1)'/>" + PDF, "xml"),
    "a page after a blank before a pdf": (b"x <svg onload='alert(1)'/>" + PDF, "html"),
    "program before a pdf": (b"MZ\x90\x00" + PDF, "program"),
    "gif before a pdf": (b"GIF89a" + PDF, "image"),
    "rar before a pdf": (b"Rar!\x1a\x07\x01\x00" + PDF, "archive"),
    "pdf later than readers look": (b"\0" * 1_025 + PDF, "unknown"),
    "zip": (a_zip({"a.txt": b"x"}), "archive"),
    "zip before a pdf": (a_zip({"a.txt": b"x"}) + PDF, "archive"),
    "rar": (b"Rar!\x1a\x07\x01\x00", "archive"),
    "7z": (b"7z\xbc\xaf\x27\x1c", "archive"),
    "doc": (a_compound("WordDocument"), "doc"),
    "rtf": (b"{\\rtf1\\ansi", "doc"),
    "xls": (a_compound("Workbook"), "xls"),
    "xls of Excel 5": (a_compound("Book"), "xls"),
    "docx under a password": (a_compound("EncryptionInfo", "EncryptedPackage"), "encrypted"),
    "other compound": (a_compound("__properties_version1.0"), "unknown"),
    "heic": (b"\0\0\0\x24ftypheic\0\0\0\0mif1heic", "heic"),
    "heif": (b"\0\0\0\x24ftypmif1\0\0\0\0", "heic"),
    "avif": (b"\0\0\0\x24ftypavif\0\0\0\0", "image"),
    "film": (b"\0\0\0\x18ftypqt  \0\0\0\0", "film"),
    "webp": (b"RIFF\x24\0\0\0WEBPVP8 ", "webp"),
    "gif": (b"GIF89a", "image"),
    "pptx": (
        a_directory("application/vnd.openxmlformats-officedocument.presentationml.presentation.main+xml"),
        "slides",
    ),
    "xlsm without its macros": (a_directory("application/vnd.ms-excel.sheet.macroEnabled.main+xml"), "macros"),
    "docx with macros": (a_zip({**DOCX, "word/vbaProject.bin": b"x"}), "macros"),
    "docx with macros, the names of Windows": (backslashes({**DOCX, "word/VBAProject.bin": b"x"}), "macros"),
    "xlsb": (a_directory("application/vnd.ms-excel.sheet.binary.macroEnabled.main"), "macros"),
    "template": (a_directory(f"{WORD.replace('document', 'template', 1)}.main+xml"), "office"),
    "docx that lists a part that is not there": (
        a_zip({"[Content_Types].xml": parts(f"{WORD}.main+xml", "word/document.xml")}),
        "office",
    ),
    "docx with entities": (
        a_zip({**DOCX, "[Content_Types].xml": b"<!DOCTYPE x [<!ENTITY a 'b'>]><Types>&a;</Types>"}),
        "damaged",
    ),
    "docx whose list is no XML": (a_zip({**DOCX, "[Content_Types].xml": b"<Types"}), "damaged"),
    "docx whose list is a bomb": (
        a_zip({**DOCX, "[Content_Types].xml": b" " * 1_000_001, "x": os.urandom(9_000)}),
        "damaged",
    ),
    "docx whose list is in an unknown encoding": (
        a_zip({**DOCX, "[Content_Types].xml": b'<?xml version="1.0" encoding="foo"?><Types/>'}),
        "damaged",
    ),
    "docx packed by LZMA, spoilt": (spoilt(zipfile.ZIP_LZMA), "damaged"),
    "docx packed by BZIP2, spoilt": (spoilt(zipfile.ZIP_BZIP2), "damaged"),
    "docx with locked entries": (locked(DOCX), "encrypted"),
    "ods": (a_zip({"mimetype": OPEN + b"spreadsheet"}), "ods"),
    "odp": (a_zip({"mimetype": OPEN + b"presentation"}), "slides"),
    "odt under a password": (
        a_zip({"mimetype": OPEN + b"text", "META-INF/manifest.xml": b"<manifest:encryption-data/>"}),
        "encrypted",
    ),
    "odt with macros": (a_zip({"mimetype": OPEN + b"text", "Basic/Standard/Module1.xml": b"<x/>"}), "macros"),
    "other odt": (a_zip({"mimetype": OPEN + b"tex"}), "archive"),
    "bomb": (a_bomb(), "zip-bomb"),
    "lying": (a_lying_directory(), "zip-bomb"),
    "cut off": (b"PK\x03\x04 and nothing after", "damaged"),
    "truncated": (a_zip(DOCX)[:-30], "damaged"),
}


@pytest.mark.parametrize(("content", "found"), REFUSED.values(), ids=REFUSED)
async def test_what_is_not_on_the_list_is_refused_by_its_content(tmp_path: Path, content: bytes, found: str):
    (tmp_path / "f.pdf").write_bytes(content)

    with pytest.raises(FileTypeForbidden) as refusal:
        await media_type(tmp_path / "f.pdf")

    assert refusal.value.details["found"] == found


REVISIONS = (2, 3, 4, 6)


@pytest.mark.parametrize("revision", REVISIONS)
async def test_a_pdf_that_opens_by_a_password_only_is_refused_as_such(tmp_path: Path, revision: int):
    (tmp_path / "f.pdf").write_bytes(b"\r\n" + encrypted("mo", revision))

    with pytest.raises(FileTypeForbidden) as refusal:
        await media_type(tmp_path / "f.pdf")

    assert refusal.value.details["found"] == "locked-pdf"


@pytest.mark.parametrize(
    "content",
    [
        *(encrypted("", revision) for revision in REVISIONS),
        PDF + b"trailer << /Encrypt 9 0 R >>",
        PDF + b"(about /Encrypt)",
    ],
    ids=["without copying, 2", "without copying, 3", "without copying, 4", "without copying, 6", "damaged", "word"],
)
async def test_a_pdf_that_opens_without_a_password_is_taken_whatever_else_it_says(tmp_path: Path, content: bytes):
    (tmp_path / "f.pdf").write_bytes(content)

    assert await media_type(tmp_path / "f.pdf") == "application/pdf"


async def test_pdfs_that_take_long_to_open_keep_nobody_else_waiting(tmp_path: Path, monkeypatch):
    # Given many PDFs, each of which takes as long to open as its process is let run
    under_way: set[int] = set()
    both, may_end = asyncio.Event(), threading.Event()
    loop = asyncio.get_running_loop()

    def taking_long(*_: object, **__: object) -> subprocess.CompletedProcess[bytes]:
        under_way.add(threading.get_ident())
        if len(under_way) == 2:
            loop.call_soon_threadsafe(both.set)
        may_end.wait()
        return subprocess.CompletedProcess([], 0)

    monkeypatch.setattr(subprocess, "run", taking_long)
    files = Files(tmp_path)

    async def taken(content: bytes) -> str:
        async with files.receiving("f.pdf", content) as received:
            return received.media_type

    pdfs = [asyncio.create_task(taken(PDF + b"(about /Encrypt)%d" % number)) for number in range(40)]
    try:
        await both.wait()

        # When another file comes, then it is taken, and two of those are being opened
        async with asyncio.timeout(60):
            assert await taken(b"\x89PNG\r\n\x1a\n") == "image/png"
            assert len(under_way) == 2
    finally:
        may_end.set()
    assert set(await asyncio.gather(*pdfs)) == {"application/pdf"}
    assert len(under_way) == 2


async def test_a_pdf_that_unpacks_to_more_than_there_is_memory_harms_nobody(tmp_path: Path):
    bomb = zlib.compress(b"\0" * 600_000_000, 9)
    head = b"%PDF-1.5\n"
    table = (
        b"1 0 obj\n<< /Type /XRef /W [1 4 2] /Size 2 /Root 1 0 R /Encrypt 1 0 R /Filter /FlateDecode /Length %d >>\n"
    )
    (tmp_path / "f.pdf").write_bytes(
        head + table % len(bomb) + b"stream\n" + bomb + b"\nendstream\nendobj\nstartxref\n%d\n%%%%EOF\n" % len(head)
    )

    assert await media_type(tmp_path / "f.pdf") == "application/pdf"


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
        "a\u2028.pdf",
        "a\u2067.pdf",
        "a\uffff.pdf",
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
        "line-separator",
        "isolated",
        "no character",
        "too-long",
    ],
)
def test_a_name_that_could_deceive_is_refused(name: str):
    with pytest.raises(FileNameHostile):
        clean_name(name)


def test_what_could_deceive_is_named():
    with pytest.raises(FileNameHostile) as refusal:
        clean_name("bao\u202e cao\x07\u202e.pdf")

    assert refusal.value.details["characters"] == ("U+202E", "U+0007")


FAMILY = "Ảnh \U0001f468\u200d\U0001f469\u200d\U0001f467.pdf"
WALES = "\U0001f3f4\U000e0067\U000e0062\U000e0077\U000e006c\U000e0073\U000e007f.pdf"


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        (FAMILY, FAMILY),
        ("\u2764\ufe0f\u200d\U0001f525.png", "\u2764\ufe0f\u200d\U0001f525.png"),
        ("\U0001f64b\U0001f3fd\u200d\u2640\ufe0f.png", "\U0001f64b\U0001f3fd\u200d\u2640\ufe0f.png"),
        (WALES, WALES),
        ("mệt \U0001fae9.pdf", "mệt \U0001fae9.pdf"),  # of Unicode 16
        ("IMG\u200e_0012.pdf", "IMG_0012.pdf"),
        ("BC\u200b quý\u00ad I\ufeff.pdf", "BC quý I.pdf"),
        ("a\u200db\u200cc\u2060.pdf", "abc.pdf"),
        ("\u200b\u200d.pdf", ".pdf"),
        ("Ba\u0301o ca\u0301o.pdf ", "Báo cáo.pdf"),
        ("CON.pdf", "CON.pdf"),
        ("a\U000e0041.pdf", "a.pdf"),
        ("a\ue000.pdf", "a\ue000.pdf"),  # of the symbol fonts of old documents
    ],
)
def test_a_name_is_kept_in_one_form_without_marks_that_nobody_sees(typed: str, kept: str):
    assert clean_name(typed) == kept
    assert clean(typed.strip(), "file", FILE_NAME) == kept


def test_a_file_name_of_piled_up_marks_is_refused_once_what_nobody_sees_is_dropped():
    with pytest.raises(MarksPiledUp):
        clean_name("a" + ("\u0301" * MARKS + "\u200b") * 2 + ".pdf")


SIGNS = (*range(0x20), 0x7F, 0x85, 0x2028, 0x202A, 0x202E, 0x2066, 0xFDD0, 0x1FFFF)


@pytest.mark.parametrize("sign", [chr(code) for code in SIGNS])
def test_a_name_holds_what_other_texts_on_one_line_hold_and_nothing_else(sign: str):
    with pytest.raises(SignNotAllowed) as rule:
        clean(f"a{sign}b", "file", FILE_NAME)
    with pytest.raises(FileNameHostile) as refusal:
        clean_name(f"a{sign}b")

    assert refusal.value.details["characters"] == (rule.value.details["sign"],)
