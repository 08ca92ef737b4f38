import time
import zlib
from pathlib import Path

import pikepdf
import pytest

from infra.ledger.text import Malformed
from infra.pdf.attachments import read_attachments
from infra.pdf.printer import Printer

ASSETS = Path("services/documents").absolute()
FILES = {"a.json": b'{"v":1}', "proofs/ab.tlog-proof": b"c2sp.org/tlog-proof@v1\n", "b.txt": "Quyết định".encode()}


async def printed(folder: Path) -> Path:
    async with Printer(ASSETS) as printer:
        pdf = await printer.print(
            "<!doctype html><html lang=vi><link rel=stylesheet href=asset:/print.css><title>Thử</title><p>Một</p>",
            b"sixteen bytes id",
            FILES,
        )
    (folder / "made.pdf").write_bytes(pdf)
    return folder / "made.pdf"


def a_pdf(file: Path, *attached: tuple[str, bytes, pikepdf.Name | pikepdf.Array]) -> None:
    """A PDF written by somebody else: names, raw streams, and how these claim to be packed."""
    pdf = pikepdf.new()
    names: list[object] = []
    for name, raw, packing in attached:
        stream = pikepdf.Stream(pdf, b"")
        stream.write(raw, filter=packing)
        kept = pdf.make_indirect(stream)
        names += [name, pikepdf.Dictionary(Type=pikepdf.Name.Filespec, UF=name, EF=pikepdf.Dictionary(F=kept))]
    pdf.Root.Names = pikepdf.Dictionary(EmbeddedFiles=pikepdf.Dictionary(Names=pikepdf.Array(names)))
    pdf.save(file, compress_streams=False, stream_decode_level=pikepdf.StreamDecodeLevel.none)


FLATE, LZW = pikepdf.Name.FlateDecode, pikepdf.Name.LZWDecode


def packed(content: bytes) -> bytes:
    return zlib.compress(content, 9)


async def test_what_is_attached_comes_out_as_it_went_in(tmp_path):
    assert read_attachments(await printed(tmp_path), 10_000) == FILES


async def test_each_file_is_associated_with_the_document_once_and_named_in_order(tmp_path):
    with pikepdf.open(await printed(tmp_path)) as pdf:
        files = [(str(one.UF), str(one.AFRelationship)) for one in pdf.Root.AF]
        names = [str(name) for name in list(pdf.Root.Names.EmbeddedFiles.Names)[::2]]
        with pdf.open_metadata() as metadata:
            assert metadata["pdfaid:part"] == "3"

    assert sorted(files) == [(name, "/Data") for name in sorted(FILES)]
    assert names == sorted(FILES)


async def test_the_same_files_give_the_same_bytes(tmp_path):
    first = (await printed(tmp_path)).read_bytes()

    assert (await printed(tmp_path)).read_bytes() == first


def test_an_attachment_that_unpacks_to_more_than_it_may_is_refused_before_it_does(tmp_path):
    a_pdf(tmp_path / "bomb.pdf", ("a.json", packed(bytes(400_000_000)), FLATE))
    began = time.monotonic()

    with pytest.raises(Malformed):
        read_attachments(tmp_path / "bomb.pdf", 1_000_000)

    assert time.monotonic() - began < 10


def test_what_others_attach_in_our_way_is_read_too(tmp_path):
    a_pdf(tmp_path / "theirs.pdf", ("a.json", packed(b"one"), FLATE), ("b.json", packed(b"two"), FLATE))

    assert read_attachments(tmp_path / "theirs.pdf", 6) == {"a.json": b"one", "b.json": b"two"}


@pytest.mark.parametrize(
    "attached",
    [
        (("a.json", packed(b"one"), FLATE), ("a.json", packed(b"two"), FLATE)),
        (("a.json", packed(b"one" * 1_000), FLATE), ("b.json", packed(b"two" * 1_000), FLATE)),
        (("a.json", b"\x80\x0b\x60\x50\x22\x0c\x0c\x85\x01", LZW),),
        (("a.json", packed(packed(b"one")), pikepdf.Array([FLATE, FLATE])),),
        (("a.json", packed(b"one")[:-3], FLATE),),
        (("a.json", packed(b"one") + b"more", FLATE),),
    ],
    ids=["two of one name", "too much together", "packed otherwise", "packed twice", "cut off", "with more"],
)
def test_attachments_in_a_way_that_is_not_ours_are_refused(tmp_path, attached):
    a_pdf(tmp_path / "odd.pdf", *attached)

    with pytest.raises(Malformed):
        read_attachments(tmp_path / "odd.pdf", 5_000)


@pytest.mark.parametrize("content", [b"", b"%PDF-1.7\n", b"%PDF-1.7\ntrailer << /Root 1 0 R >>\n%%EOF", b"\0" * 10_000])
def test_what_is_no_pdf_is_refused(tmp_path, content):
    (tmp_path / "no.pdf").write_bytes(content)

    with pytest.raises(Malformed):
        read_attachments(tmp_path / "no.pdf", 5_000)
