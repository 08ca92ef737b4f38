"""Parts that several kinds of exports share: the log as it stood, a printed page, the moment of a position."""

from __future__ import annotations

from datetime import datetime
from hashlib import sha256

import msgspec

from domain.errors import NotFound
from services.documents.glyphs import printable
from services.documents.reading import AsItStood
from services.documents.typesetting import PDF
from services.exports.kind import FinishedDocument, Workshop
from services.work import Work


async def as_it_stood(work: Work, position: int) -> AsItStood:
    """The log up to this position. It has the origin of that time: in a later epoch a document comes out the same."""
    tenant = msgspec.structs.replace(work.tenant, log=await work.store.origin_at(work.tenant, position))
    return AsItStood(work.store, tenant, position)


async def printed(shop: Workshop, html: str, name: str) -> FinishedDocument:
    """A page as a PDF of this name. Raises PrintingFailed."""
    page = printable(html)
    pdf = await shop.printer.print(page.html, sha256(page.html.encode()).digest()[:16])
    return FinishedDocument(pdf, name, PDF, page.unprinted)


async def moment_of(work: Work, position: int) -> datetime:
    """When the fact at this position was recorded."""
    async for page in work.store.read(work.tenant, after=position - 1, upto=position):
        return page[0].at
    raise NotFound(kind="position", subject=str(position))
