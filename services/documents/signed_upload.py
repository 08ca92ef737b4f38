"""Documents that people signed outside and bring back: scans or signed PDFs of a few pages."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from hashlib import sha256
from typing import ClassVar

from litestar.datastructures import UploadFile

from domain.errors import FileTypeForbidden, Refused
from infra.storage.files import Files
from projections.tables.exports import EXPORTS, ExportRow
from services.documents.typesetting import PDF
from services.web.file_bodies import chosen_in, pieces_of
from services.web.visit import Visit

#: Bytes of a signed document, and of the form that it comes with.
SIGNED_LIMIT = 20_000_000
SIGNED_BODY = SIGNED_LIMIT + 10_000

#: What is found of a PDF that nobody can open without a password.
LOCKED = "locked-pdf"

#: What every digital signature in a PDF has: which bytes it covers.
SIGNATURE = b"/ByteRange"


class NotSigned(Refused):
    """The PDF is one that this system made, as it was made or with something behind it that is no signature."""

    code: ClassVar[str] = "not-signed"


async def signed_paper(visit: Visit, files: Files, season: str) -> str:
    """Keep the signed document of the form's field `file`; its hash.

    Raises FileNotChosen, FileTypeForbidden for anything but a PDF that opens without a password, NotSigned for what we
    made and nobody signed.
    """
    upload = visit.typed.needed_file("file")
    async with visit.reads() as view:
        made: list[ExportRow] = await view.all(EXPORTS, season)
    with chosen_in("file"):
        return await keep_signed(files, upload, made)


async def keep_signed(files: Files, upload: UploadFile, made: Iterable[ExportRow]) -> str:
    """Keep a signed document; its hash. `made` are the documents of ours that it may not be."""
    try:
        async with files.receiving(upload.filename, pieces_of(upload)) as received:
            kind = received.media_type
            if kind == PDF:
                must_be_signed(await asyncio.to_thread(received.path.read_bytes), made)
                await files.keep(received)
                return received.sha256
    except FileTypeForbidden as refused:
        kind = refused.details["found"]
        if kind == LOCKED:
            raise FileTypeForbidden(found=kind, reason="locked-signed", field="file") from None
    raise FileTypeForbidden(found=kind, reason="not-pdf", field="file")


def must_be_signed(content: bytes, made: Iterable[ExportRow]) -> None:
    """Raise NotSigned for a document of ours without a signature behind it; a scan is none of them."""
    for size, hashed in {(row.size, row.sha256) for row in made if row.size and row.sha256}:
        if sha256(content[:size]).hexdigest() == hashed and SIGNATURE not in content[size:]:
            raise NotSigned(field="file")
