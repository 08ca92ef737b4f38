"""Documents that people signed outside and bring back: scans or signed PDFs of a few pages."""

from __future__ import annotations

from litestar.datastructures import UploadFile

from domain.errors import FileTypeForbidden
from infra.files import Files
from services.exporting import PDF

#: Bytes of a signed document, and of the form that it comes with.
SIGNED_LIMIT = 20_000_000
SIGNED_BODY = SIGNED_LIMIT + 10_000


async def keep_signed(files: Files, upload: UploadFile) -> str:
    """Keep the signed document; its hash. FileTypeForbidden for anything but a PDF."""
    try:
        async with files.receiving(upload.filename, await upload.read()) as received:
            if received.media_type != PDF:
                raise FileTypeForbidden(found=received.media_type)
            await files.keep(received)
            return received.sha256
    except FileTypeForbidden as refused:
        raise FileTypeForbidden(**refused.details, reason="not-pdf", field="file") from None
