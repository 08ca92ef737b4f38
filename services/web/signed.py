"""Documents that people signed outside and bring back: scans or signed PDFs of a few pages."""

from __future__ import annotations

from litestar.datastructures import UploadFile

from domain.errors import FileTypeForbidden
from infra.files import Files
from services.exporting import PDF
from services.web.files import pieces_of

#: Bytes of a signed document, and of the form that it comes with.
SIGNED_LIMIT = 20_000_000
SIGNED_BODY = SIGNED_LIMIT + 10_000


async def keep_signed(files: Files, upload: UploadFile) -> str:
    """Keep the signed document; its hash. FileTypeForbidden for anything but a PDF."""
    try:
        async with files.receiving(upload.filename, pieces_of(upload)) as received:
            kind = received.media_type
            if kind == PDF:
                await files.keep(received)
                return received.sha256
    except FileTypeForbidden as refused:
        kind = refused.details["found"]
    raise FileTypeForbidden(found=kind, reason="not-pdf", field="file")
