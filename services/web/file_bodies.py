"""Files on their way from and to a browser: a little at a time, so that none lies whole in memory."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from litestar import Response
from litestar.datastructures import UploadFile
from litestar.response import Stream

from domain.errors import FileEmpty, FileNameHostile, FileTooLarge, FileTypeForbidden, UploadsExhausted
from infra.storage.files import PIECE, StoredFile

#: Refusals of the file itself: another one has to be chosen.
OF_FILES = (FileEmpty, FileNameHostile, FileTooLarge, FileTypeForbidden, UploadsExhausted)


async def pieces_of(upload: UploadFile) -> AsyncIterator[bytes]:
    """What was sent."""
    await asyncio.to_thread(upload.file.seek, 0)
    while piece := await asyncio.to_thread(upload.file.read, PIECE):
        yield piece


@contextmanager
def chosen_in(field: str) -> Iterator[None]:
    """Let a refusal of the file say in which field of the form it was chosen."""
    try:
        yield
    except OF_FILES as refused:
        refused.details.setdefault("field", field)
        raise


def handed_out(
    file: StoredFile, media_type: str, disposition: str, headers: Mapping[str, str] | None = None
) -> Response[Any]:
    """The file as an answer. `disposition` says whether it is shown or saved, and its name."""
    told = {"Content-Disposition": disposition, "Cache-Control": "private, no-store", "Content-Length": str(file.size)}
    return Stream(file.pieces(), status_code=200, media_type=media_type, headers={**told, **(headers or {})})
