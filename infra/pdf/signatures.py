"""Signatures upon a PDF, judged in a process of its own: whoever signed may have added anything.

A PDF of ours is followed by updates, one for each signature. Each may bring its signature field and nothing that
anybody would see: no stamp, no note, no page, no attachment. Revocation is not asked, for nothing is fetched; the time
is the one that the signer claims.

Run as a program (`python -m infra.pdf.signatures`) this module is that process, bounded in memory and time.
"""

from __future__ import annotations

import asyncio
import logging
import re
import resource
import subprocess
import sys
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from infra.ledger.text import Malformed
from infra.pdf.attachments import END
from infra.platform import programs

if TYPE_CHECKING:
    from pyhanko.pdf_utils.reader import HistoricalResolver, PdfFileReader
    from pyhanko.sign.diff_analysis import StandardDiffPolicy
    from pyhanko.sign.validation import EmbeddedPdfSignature

#: Bytes of memory, and seconds, for one PDF.
MEMORY = 2 * 1_024**3
PATIENCE = 120

#: More updates than that are looked at by nobody.
MOST = 50

#: How an update ends.
END_OF_UPDATE = re.compile(rb"startxref\s+\d{1,10}\s+%%EOF(?:\r\n|\r|\n)?\Z")

#: What an update may change in the catalog, and in what a PDF says of itself: when and by what it was written last.
#: (`about` names in XMP what is described, as often as it likes.)
CATALOG = frozenset({"/AcroForm", "/DSS", "/Extensions", "/Metadata", "/Version"})
WRITTEN = frozenset({"/ModDate", "/Producer"})
WRITTEN_XMP = frozenset(
    {
        "http://ns.adobe.com/pdf/1.3/Producer",
        "http://ns.adobe.com/xap/1.0/MetadataDate",
        "http://ns.adobe.com/xap/1.0/ModifyDate",
        "http://ns.adobe.com/xap/1.0/mm/InstanceID",
        "http://www.w3.org/1999/02/22-rdf-syntax-ns#about",
    }
)

#: What a trailer, a form and a field of a signature may consist of; some of it by tools that we did not write.
TRAILER = frozenset(
    {"/Root", "/Info", "/ID", "/Size", "/Prev", "/Type", "/W", "/Index", "/Filter", "/DecodeParms", "/Length"}
)
FORMS = frozenset({"/AcroForm"})
FORM = frozenset({"/Fields", "/SigFlags", "/DA"})
FIELD = frozenset({"/FT", "/T", "/TU", "/Ff", "/V", "/Type", "/Subtype", "/F", "/Rect", "/P", "/DA", "/AP", "/NM"})


class Unjudged(Exception):
    """This machine lacks what it takes to judge signatures; the text says what."""


class PdfSignature(msgspec.Struct, frozen=True):
    """A signature that holds. What is said of the signer is what the certificate says.

    `claimed` is when they say they signed, "" where they do not. `doubt` is why the certificate leads to none of the
    roots that were given; "" when it leads to one.
    """

    signer: str
    serial: str
    claimed: str
    doubt: str
    certificate_sha256: str


class SignatureQuestion(msgspec.Struct):
    """A PDF of which the first `size` bytes are known, and the certificates that are trusted, as DER."""

    pdf: bytes
    size: int
    roots: list[bytes]


class SignatureAnswer(msgspec.Struct):
    """The signatures that hold, else what is wrong with the PDF, else what this machine lacks."""

    signatures: list[PdfSignature] = []
    wrong: str = ""
    lacking: str = ""


def read_signatures(pdf: bytes, size: int, roots: Iterable[bytes] = ()) -> list[PdfSignature]:
    """The signatures that were laid upon the first `size` bytes, in their order; `roots` are certificates as DER.

    Raises Malformed where anything else was added or a signature does not hold, and Unjudged.
    """
    try:
        done = subprocess.run(
            [sys.executable, "-m", programs.SIGNATURES],
            cwd=Path(__file__).parents[2],
            input=msgspec.msgpack.encode(SignatureQuestion(pdf, size, list(roots))),
            capture_output=True,
            timeout=PATIENCE,
            check=False,
        )
        found = msgspec.msgpack.decode(done.stdout, type=SignatureAnswer)
    except subprocess.TimeoutExpired:
        raise Malformed("it takes too long to judge its signatures") from None
    except msgspec.DecodeError:
        raise Malformed("its signatures cannot be judged") from None
    if found.lacking:
        raise Unjudged(found.lacking)
    if found.wrong:
        raise Malformed(found.wrong)
    return found.signatures


# The process ------------------------------------------------------------------------------------------


def main() -> None:
    """Judge what comes in, and write what is to be said of it."""
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    resource.setrlimit(resource.RLIMIT_CPU, (PATIENCE, PATIENCE))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    logging.disable()
    asked = msgspec.msgpack.decode(sys.stdin.buffer.read(), type=SignatureQuestion)
    sys.stdout.buffer.write(msgspec.msgpack.encode(judged(asked)))


def judged(asked: SignatureQuestion) -> SignatureAnswer:
    """What is to be said of these signatures, whatever the PDF makes of the library."""
    try:
        import pyhanko.sign.validation  # noqa: F401 - to say so when it is missing
    except ImportError as reason:
        return SignatureAnswer(lacking=f"pyhanko cannot be used ({reason})")
    try:
        return SignatureAnswer(asyncio.run(_judge(asked.pdf, asked.size, asked.roots)))
    except Malformed as reason:
        return SignatureAnswer(wrong=str(reason))
    except (Exception, RecursionError, MemoryError) as reason:  # noqa: BLE001 - what others made may lead anywhere
        return SignatureAnswer(
            wrong=f"more than signatures, or a broken one ({_plain(f'{type(reason).__name__}: {reason}')})"
        )


async def _judge(pdf: bytes, size: int, roots: Sequence[bytes]) -> list[PdfSignature]:
    """See `read_signatures`. Raises Malformed, and whatever the library raises."""
    from pyhanko.pdf_utils.reader import PdfFileReader

    reader = PdfFileReader(BytesIO(pdf))
    places = _places(reader, pdf, size)
    signed: dict[int, EmbeddedPdfSignature] = {}
    for one in reader.embedded_signatures:
        if one.signed_revision in signed:
            raise Malformed("an update with more than one signature")
        signed[one.signed_revision] = one
    if not signed:
        raise Malformed("updates, and no signature")
    end = size
    for revision in range(1, len(places)):
        old, new = reader.get_historical_resolver(revision - 1), reader.get_historical_resolver(revision)
        if one := signed.get(revision):
            end = _covered(one, pdf, end, places[revision])
            _check_form(old, new)
        elif "/DSS" not in new.root:
            raise Malformed("an update without a signature")
        # Where else an object is used, the library asks by walking every path: minutes over tagged pages. What an
        # update may touch is used once in what we print, and what it may bring is of a form that allows no other use.
        old._indirect_object_access_cache = {}  # noqa: SLF001 - the library has no other way to leave that out
        _policy(signing=revision in signed).apply(old, new)
    if end != len(pdf) and (len(places) - 1 in signed or not END_OF_UPDATE.search(pdf)):
        raise Malformed("bytes behind the last signature")
    return [await _held(signed[revision], roots) for revision in sorted(signed)]


def _places(reader: PdfFileReader, pdf: bytes, size: int) -> list[int]:
    """Where the table of each revision stands: the oldest is the PDF that was signed, the others lie behind it.

    Otherwise a whole PDF of somebody else's could stand behind ours, and be the one that is shown. Raises Malformed.
    """
    end = END.search(pdf, 0, size)
    count = reader.xrefs.total_revisions
    if reader.encrypted or reader.xrefs.hybrid_xrefs_present or count > MOST:
        raise Malformed("updates in a way in which nobody signs")
    places = [reader.xrefs.get_xref_container_info(number).start_location for number in range(count)]
    if (
        end is None
        or end.end() != size
        or count < 2
        or places[0] != int(end[1])
        or places[1] <= size
        or places != sorted(set(places))
    ):
        raise Malformed("bytes that do not continue it")
    return places


def _covered(one: EmbeddedPdfSignature, pdf: bytes, before: int, place: int) -> int:
    """Where the revision ends that a signature covers: all of it but the signature's own digits. Raises Malformed."""
    from asn1crypto.cms import ContentInfo

    start, length, resumed, rest = (int(number) for number in one.byte_range)
    end = resumed + rest
    digits = pdf[length + 1 : resumed - 1]
    if not (start == 0 and before < length < resumed < place < end <= len(pdf) and END_OF_UPDATE.search(pdf[:end])):
        raise Malformed("a signature that leaves bytes out")
    if pdf[length : length + 1] + pdf[resumed - 1 : resumed] != b"<>" or digits not in {digits.lower(), digits.upper()}:
        raise Malformed("a signature that leaves bytes out")
    content = bytes.fromhex(digits.decode("ascii"))
    message = ContentInfo.load(content)
    whole = message.contents == message["content_type"].dump() + message["content"].dump()
    if content != one.pkcs7_content or content[len(message.dump()) :].strip(b"\0") or not whole:
        raise Malformed("a signature that leaves bytes out")
    return end


def _check_form(old: HistoricalResolver, new: HistoricalResolver) -> None:
    """What is new in the form of a PDF is the field of a signature that nobody sees. Raises Malformed."""
    from pyhanko.pdf_utils.generic import ArrayObject, DictionaryObject

    if "/AcroForm" not in old.root:  # the library compares two forms, and asks for both
        old.root["/AcroForm"] = DictionaryObject({"/Fields": ArrayObject()})
    former = {field.reference for field in old.root["/AcroForm"]["/Fields"]}
    form = new.root["/AcroForm"]
    if not form.keys() <= FORM:
        raise Malformed("a form that is more than signatures")
    for field in form["/Fields"]:
        if field.reference not in former:
            _check_field(field.get_object())


def _check_field(field: Any) -> None:
    if not field.keys() <= FIELD or field.get("/FT") != "/Sig" or field.get("/Subtype", "/Widget") != "/Widget":
        raise Malformed("a form field that is more than a signature")
    if "/V" not in field or "/Reference" in field["/V"]:
        raise Malformed("a signature field that is empty, or restricts what others sign")
    left, low, right, high = field.get("/Rect", (0, 0, 0, 0))
    shown = field.get("/AP", {})  # tools give an invisible signature an appearance too: an empty one
    if (left, low) != (right, high) or not shown.keys() <= {"/N"} or ("/N" in shown and shown["/N"].data.strip()):
        raise Malformed("a signature that is seen on a page: sign without a stamp")


def _policy(*, signing: bool) -> StandardDiffPolicy:
    """The library's rules on what an update may change, narrowed to signatures; without one, to what checks them."""
    from pyhanko.sign.diff_analysis import (
        CatalogModificationRule,
        DocInfoRule,
        DSSCompareRule,
        FormUpdatingRule,
        MetadataUpdateRule,
        ModificationLevel,
        ObjectStreamRule,
        ReferenceUpdate,
        SigFieldCreationRule,
        SigFieldModificationRule,
        StandardDiffPolicy,
        XrefStreamRule,
    )

    class Trailer(DocInfoRule):
        """The catalog stays in its place, and what the PDF says of itself changes in when and by what it was written.

        Title, language and the claim to be an archive's PDF are shown by programs that read it.
        """

        def apply(self, old: HistoricalResolver, new: HistoricalResolver) -> Iterable[ReferenceUpdate]:
            if old.root_ref.idnum != new.root_ref.idnum or not new.trailer_view.keys() <= TRAILER:
                raise Malformed("an update with a catalog of its own")
            if _described(old) != _described(new) or _properties(old) != _properties(new):
                raise Malformed("an update that changes what the PDF says of itself")
            return super().apply(old, new)

    levels = ModificationLevel.LTA_UPDATES
    rules = [XrefStreamRule(), ObjectStreamRule(), DSSCompareRule(), Trailer(), MetadataUpdateRule()]
    return StandardDiffPolicy(
        [
            CatalogModificationRule(CATALOG if signing else CATALOG - FORMS),
            *(rule.as_qualified(levels) for rule in rules),
        ],
        FormUpdatingRule([SigFieldCreationRule(), SigFieldModificationRule()], FORM) if signing else None,
        ignore_orphaned_objects=False,
    )


def _described(revision: HistoricalResolver) -> dict[str, Any]:
    place = revision.trailer_view.get_value_as_reference("/Info", optional=True)
    described = revision(place) if place else {}
    return {name: described[name] for name in described if name not in WRITTEN}


def _properties(revision: HistoricalResolver) -> list[tuple[str, Any]]:
    from pyhanko.pdf_utils.metadata.xmp_xml import parse_xmp

    place = revision.root.get_value_as_reference("/Metadata", optional=True)
    said = parse_xmp(BytesIO(revision(place).data)) if place else []
    named = [(str(name), value) for part in said for name, value in part if str(name) not in WRITTEN_XMP]
    return sorted(named, key=lambda one: one[0])


async def _held(one: EmbeddedPdfSignature, roots: Sequence[bytes]) -> PdfSignature:
    """A signature, once it is found to be one over just these bytes. Raises Malformed, and the library's errors."""
    from asn1crypto.x509 import Certificate
    from pyhanko.sign.validation import async_validate_pdf_signature
    from pyhanko.sign.validation.settings import KeyUsageConstraints
    from pyhanko_certvalidator import ValidationContext

    claimed = one.self_reported_timestamp
    status = await async_validate_pdf_signature(
        one,
        ValidationContext(
            trust_roots=[Certificate.load(root) for root in roots],
            moment=claimed or datetime.now(UTC),
            allow_fetching=False,
            revocation_mode="soft-fail",
        ),
        key_usage_settings=KeyUsageConstraints(key_usage={"digital_signature", "non_repudiation"}),
        skip_diff=True,
    )
    if not (status.intact and status.valid):
        raise Malformed("a signature that does not hold")
    _check_unsigned(one)
    certificate = one.signer_cert
    problem = status.trust_problem_indic
    return PdfSignature(
        signer=_plain(certificate.subject.native.get("common_name") or certificate.subject.human_friendly),
        serial=f"{certificate.serial_number:x}",
        claimed=claimed.astimezone(UTC).isoformat(timespec="seconds") if claimed else "",
        doubt="" if status.trusted else problem.standard_name.replace("_", " ").lower() if problem else "no chain",
        certificate_sha256=certificate.sha256.hex(),
    )


def _check_unsigned(one: EmbeddedPdfSignature) -> None:
    """What frames a signature is not itself signed, and has the only value that it may have. Raises Malformed."""
    message, signer = one.signed_data, one.signer_info
    digest, named = signer["digest_algorithm"], signer["sid"]
    by_issuer = named.name == "issuer_and_serial_number"
    if (
        {message["version"].native, signer["version"].native} != {"v1" if by_issuer else "v3"}
        or [algorithm.dump() for algorithm in message["digest_algorithms"]] != [digest.dump()]
        or digest["parameters"].dump() not in {b"", b"\x05\x00"}
        or (by_issuer and named.chosen["issuer"].dump() != one.signer_cert.issuer.dump())
    ):
        raise Malformed("a signature that was altered")


def _plain(text: object) -> str:
    """What somebody wrote into their certificate, on one line."""
    return "".join(letter if letter.isprintable() else "?" for letter in str(text)[:200])


if __name__ == "__main__":
    main()
