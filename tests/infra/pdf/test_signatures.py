import asyncio
import random
import re
import subprocess
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from asn1crypto import keys
from asn1crypto import x509 as asn1
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from pyhanko.pdf_utils import generic
from pyhanko.pdf_utils.generic import pdf_name
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign import PdfSignatureMetadata, PdfSigner, SimpleSigner
from pyhanko.sign.fields import MDPPerm, SigFieldSpec, SigSeedSubFilter, append_signature_field
from pyhanko.sign.validation import DocumentSecurityStore
from pyhanko_certvalidator.registry import SimpleCertificateStore

from infra.pdf.attachments import first_revision, read_attachments
from infra.pdf.printer import Printer
from infra.pdf.sign import read_key, sign
from infra.pdf.signatures import SignatureAnswer, SignatureQuestion, Unjudged, judged, read_signatures
from tests.infra.officials import PASSPHRASE, key_of, officials

ASSETS = Path("services/documents").absolute()
FILES = {"a.json": b'{"v":1}', "b.txt": b"x" * 3_000}

Change = Callable[[IncrementalPdfFileWriter], object]


@pytest.fixture(scope="module")
def made() -> bytes:
    async def made() -> bytes:
        async with Printer(ASSETS) as printer:
            page = (
                "<!doctype html><html lang=vi><link rel=stylesheet href=asset:/print.css><title>Thử</title><p>Một</p>"
            )
            return await printer.print(page, b"sixteen bytes id", FILES)

    return asyncio.run(made())


@pytest.fixture(scope="module")
def once(made) -> bytes:
    return asyncio.run(sign(made, key_of(officials().an), "Đồng ý"))


@pytest.fixture(scope="module")
def twice(once) -> bytes:
    return asyncio.run(sign(once, key_of(officials().binh)))


@pytest.fixture
def judge(made):
    def judge(pdf: bytes, roots: list[bytes] | None = None) -> SignatureAnswer:
        return judged(SignatureQuestion(pdf, len(made), officials().roots if roots is None else roots))

    return judge


def other_tool(pdf: bytes, change: Change = bool, **wanted: Any) -> bytes:
    """What another program makes of it that signs in the same update in which it changes something."""
    key = key_of(officials().binh)
    private = key.private.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())
    signer = SimpleSigner(
        asn1.Certificate.load(key.certificate.public_bytes(Encoding.DER)),
        keys.PrivateKeyInfo.load(private),
        SimpleCertificateStore(),
    )
    writer = IncrementalPdfFileWriter(BytesIO(pdf))
    change(writer)
    box = wanted.pop("box", None)
    asked = PdfSignatureMetadata(field_name="Other", subfilter=SigSeedSubFilter.PADES, **wanted)
    field = SigFieldSpec("Other", box=box) if box else None
    signed: BytesIO = asyncio.run(PdfSigner(asked, signer, new_field_spec=field).async_sign_pdf(writer))
    return signed.getvalue()


def updated(pdf: bytes, change: Change) -> bytes:
    """The PDF with an update that nobody signed."""
    writer = IncrementalPdfFileWriter(BytesIO(pdf))
    change(writer)
    out = BytesIO()
    writer.write(out)
    return out.getvalue()


# What holds -------------------------------------------------------------------------------------------


def test_each_signature_is_laid_behind_all_that_is_there_and_names_its_signer(made, once, twice):
    assert once.startswith(made)
    assert twice.startswith(once)

    an, binh = read_signatures(twice, len(made), officials().roots)

    assert [one.signer for one in (an, binh)] == ["Nguyễn Văn An", "Trần Thị Bình"]
    assert an.serial == f"{key_of(officials().an).certificate.serial_number:x}"
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\+00:00", an.claimed)
    assert (an.doubt, binh.doubt) == ("", "")


def test_nobody_is_believed_without_a_root_that_was_given(twice, judge):
    assert [one.doubt for one in judge(twice, []).signatures] == ["no certificate chain found"] * 2


def test_one_who_vouches_for_themselves_or_whose_certificate_had_expired_is_doubted(made, judge):
    earlier = datetime.now(UTC) - timedelta(days=30)
    expired = read_key(officials().expired, PASSPHRASE, earlier)
    for key, signer in ((key_of(officials().alone), "Phạm Một Mình?"), (expired, "Lê Quá Hạn")):
        (one,) = judge(asyncio.run(sign(made, key))).signatures
        assert one.signer == signer
        assert one.doubt


@pytest.mark.parametrize(("drawn", "holds"), [(b"", True), (b"BT (x) Tj ET", False)])
def test_the_appearance_that_tools_give_an_invisible_signature_is_empty(made, judge, drawn, holds):
    def appearance(writer: IncrementalPdfFileWriter) -> None:
        append_signature_field(writer, SigFieldSpec("Other"))
        form = {pdf_name("/Type"): pdf_name("/XObject"), pdf_name("/Subtype"): pdf_name("/Form")}
        shown = writer.add_object(generic.StreamObject(form, stream_data=drawn))
        writer.root["/AcroForm"]["/Fields"][0].get_object()["/AP"] = generic.DictionaryObject({pdf_name("/N"): shown})

    assert (judge(other_tool(made, appearance)).wrong == "") is holds


def test_the_attachments_are_those_of_the_pdf_that_was_signed(made, twice, tmp_path):
    (tmp_path / "twice.pdf").write_bytes(twice)

    assert first_revision(twice) == len(made)
    assert read_attachments(tmp_path / "twice.pdf", 10_000) == FILES


def test_what_the_pdf_says_of_itself_is_left_alone_and_another_tool_may_note_when_it_wrote(made, once, judge):
    reader = PdfFileReader(BytesIO(once))
    changed = {ref.idnum for ref in reader.xrefs.explicit_refs_in_revision(1)}
    assert changed.isdisjoint({reader.root.raw_get("/Metadata").idnum, reader.trailer.raw_get("/Info").idnum})

    for pdf in (made, once):
        theirs = other_tool(pdf)
        assert b"pyHanko" in theirs[len(pdf) :]
        assert judge(theirs).wrong == ""


def test_a_second_verifier_finds_the_same(twice, tmp_path):
    (tmp_path / "twice.pdf").write_bytes(twice)

    said = subprocess.run(["pdfsig", tmp_path / "twice.pdf"], capture_output=True, check=True, text=True).stdout

    assert re.findall(r"Common Name: (.+)", said) == ["Nguyễn Văn An", "Trần Thị Bình"]
    assert re.findall(r"Signature Type: (.+)", said) == ["ETSI.CAdES.detached"] * 2
    assert said.count("Signature Validation: Signature is Valid.") == 2
    assert said.count("Total document signed") == 1


def test_where_the_library_is_missing_that_is_said(made, once, tmp_path, monkeypatch):
    (tmp_path / "pyhanko.py").write_text("raise ImportError('no such library')")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))

    with pytest.raises(Unjudged, match="no such library"):
        read_signatures(once, len(made))


# What does not ----------------------------------------------------------------------------------------


def test_no_flipped_byte_is_accepted(made, twice, judge):
    generator = random.Random(8)
    accepted = []
    assert judge(twice).wrong == ""  # canary
    places = [generator.randrange(len(made)) for _ in range(20)]
    places += [generator.randrange(len(made), len(twice)) for _ in range(60)]
    message = twice.index(b"/Contents <", len(made)) + len(b"/Contents <")
    places += [
        message + 2 * byte for byte in (*range(8), *range(20, 44))
    ]  # what frames the signature, and is not itself signed
    for place in places:
        flipped = bytearray(twice)
        flipped[place] ^= 1 << generator.randrange(8)
        if not judge(bytes(flipped)).wrong:
            accepted.append(place)

    assert accepted == []


@pytest.mark.parametrize("more", [b"\n", b" ", b"x", b"%%EOF\n", b"\nstartxref\n0\n%%EOF\n"])
def test_bytes_behind_the_last_signature_are_refused_and_so_are_bytes_without_one(made, once, judge, more):
    assert judge(once + more).wrong
    assert judge(made + more).wrong


def annotation(writer: IncrementalPdfFileWriter) -> None:
    note = generic.DictionaryObject(
        {
            pdf_name("/Type"): pdf_name("/Annot"),
            pdf_name("/Subtype"): pdf_name("/FreeText"),
            pdf_name("/Rect"): generic.ArrayObject(map(generic.NumberObject, (0, 0, 500, 500))),
            pdf_name("/Contents"): generic.pdf_string("không công nhận"),
        }
    )
    page = writer.root["/Pages"]["/Kids"][0].get_object()
    page["/Annots"] = generic.ArrayObject([writer.add_object(note)])
    writer.update_container(page)


def page(writer: IncrementalPdfFileWriter) -> None:
    pages = writer.root["/Pages"]
    pages["/Kids"].append(writer.add_object(generic.DictionaryObject(pages["/Kids"][0].get_object())))
    pages["/Count"] = generic.NumberObject(2)
    writer.update_container(pages)


def shadow(writer: IncrementalPdfFileWriter) -> None:
    """The page stays, and what is drawn on it is replaced."""
    content = writer.root["/Pages"]["/Kids"][0].get_object().raw_get("/Contents")
    writer.objects[0, content.idnum] = generic.StreamObject(stream_data=b"BT ET")


def attachment(writer: IncrementalPdfFileWriter) -> None:
    """The specification stays, and the file that it names is replaced."""
    stream = writer.root["/Names"]["/EmbeddedFiles"]["/Names"][1].get_object()["/EF"].raw_get("/F")
    writer.objects[0, stream.idnum] = generic.StreamObject(stream_data=b'{"v":2}')


def names(writer: IncrementalPdfFileWriter) -> None:
    empty = generic.DictionaryObject({pdf_name("/Names"): generic.ArrayObject()})
    writer.root["/Names"] = generic.DictionaryObject({pdf_name("/EmbeddedFiles"): writer.add_object(empty)})
    writer.update_root()


def catalog(writer: IncrementalPdfFileWriter) -> None:
    other = writer.add_object(generic.DictionaryObject(writer.root))
    writer._root = other
    writer.trailer["/Root"] = other


def action(writer: IncrementalPdfFileWriter) -> None:
    script = {pdf_name("/S"): pdf_name("/JavaScript"), pdf_name("/JS"): generic.pdf_string("app.alert(1)")}
    writer.root["/OpenAction"] = generic.DictionaryObject(script)
    writer.update_root()


def text_field(writer: IncrementalPdfFileWriter) -> None:
    field = {pdf_name("/FT"): pdf_name("/Tx"), pdf_name("/T"): generic.pdf_string("t")}
    fields = generic.ArrayObject([writer.add_object(generic.DictionaryObject(field))])
    writer.root["/AcroForm"] = writer.add_object(generic.DictionaryObject({pdf_name("/Fields"): fields}))
    writer.update_root()


def title(writer: IncrementalPdfFileWriter) -> None:
    writer.document_meta.title = "Không công nhận"
    writer.update_root()


def later(writer: IncrementalPdfFileWriter) -> IncrementalPdfFileWriter:
    """What helps to check a signature later."""
    writer.root["/DSS"] = writer.add_object(generic.DictionaryObject())
    writer.update_root()
    return writer


def orphan(writer: IncrementalPdfFileWriter) -> None:
    writer.add_object(generic.StreamObject(stream_data=b"not shown yet"))


def test_what_helps_to_check_a_signature_later_may_follow_and_nothing_behind_it(once, judge):
    out = BytesIO(once)
    DocumentSecurityStore.add_dss(out, None, certs=[asn1.Certificate.load(officials().roots[0])])
    kept = out.getvalue()

    assert judge(updated(once, later)).wrong == ""
    assert len(judge(kept).signatures) == 1
    assert len(judge(other_tool(kept)).signatures) == 2
    assert judge(kept + b"x").wrong


@pytest.mark.parametrize(
    "change", [annotation, page, shadow, attachment, names, catalog, action, text_field, title, orphan]
)
def test_an_update_that_changes_anything_else_is_refused_signed_or_not(made, once, judge, change):
    for pdf in (
        other_tool(made, change),
        other_tool(once, change),
        other_tool(updated(made, change)),
        updated(once, change),
        updated(once, lambda writer: change(later(writer))),
    ):
        assert judge(pdf).wrong


@pytest.mark.parametrize(
    "wanted", [{"box": (100, 100, 300, 200)}, {"certify": True, "docmdp_permissions": MDPPerm.NO_CHANGES}]
)
def test_a_stamp_on_a_page_or_a_signature_that_forbids_others_is_refused(made, judge, wanted):
    assert judge(other_tool(made, **wanted)).wrong


def test_a_whole_other_pdf_behind_it_is_refused_though_everything_is_signed(made, judge):
    objects = (
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 99 99] >>",
    )
    behind, places = made, []
    for number, content in enumerate(objects, start=1):
        places.append(b"%010d 00000 n \n" % len(behind))
        behind += b"%d 0 obj\n%s\nendobj\n" % (number, content)
    table = len(behind)
    behind += b"xref\n0 4\n0000000000 65535 f \n" + b"".join(places)
    behind += b"trailer\n<< /Size 4 /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF\n" % table

    assert judge(other_tool(behind)).wrong == "bytes that do not continue it"


@pytest.mark.parametrize("shift", [-40, -1, 1, 40])
def test_a_signature_that_leaves_bytes_out_is_refused(made, once, judge, shift):
    start, resumed, rest = (int(one) for one in re.findall(rb"/ByteRange \[0 (\d+) (\d+) (\d+)\]", once)[0])

    there = re.search(rb"/ByteRange \[[^]]+\] *", once)
    assert there
    for numbers in (
        (start + shift, resumed, rest),
        (start, resumed + shift, rest),
        (start, resumed, rest - abs(shift)),
    ):
        put = (b"/ByteRange [0 %d %d %d]" % numbers).ljust(len(there[0]))
        assert judge(once[: there.start()] + put + once[there.end() :]).wrong


def test_a_signature_of_another_pdf_does_not_hold_upon_this_one(made, once, judge):
    other = made.replace(b"sixteen bytes id".hex().encode(), b"another bytes id".hex().encode())
    assert other != made

    assert judge(other + once[len(made) :]).wrong.endswith("a signature that does not hold")
