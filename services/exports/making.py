"""Parts that several kinds of exports share: the log as it stood, a printed page, the moment of a position."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import datetime
from hashlib import sha256

import msgspec

from domain.errors import NotFound
from projections.tables.exports import EXPORTS, ExportRow
from services.documents.forms import FORMER, PRESENT, DocumentForm
from services.documents.glyphs import printable
from services.documents.reading import AsItStood
from services.documents.typesetting import PDF
from services.exports.kind import ExportTask, FinishedDocument, Workshop
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


async def printed_as_before(
    shop: Workshop, work: Work, task: ExportTask, render: Callable[[DocumentForm], Awaitable[str]], name: str
) -> FinishedDocument:
    """The page as a PDF, in the form in which the same document was made before; in that of today where it never was.

    Raises PrintingFailed and whatever `render` raises.
    """
    before = await _made_before(shop, work, task)
    present = await printed(shop, await render(PRESENT), name)
    if not before or _hash_of(present) in before:
        return present
    for form in FORMER:
        made = await printed(shop, await render(form), name)
        if _hash_of(made) in before:
            return made
    return present


def _hash_of(made: FinishedDocument) -> str:
    return sha256(made.content).hexdigest()


async def _made_before(shop: Workshop, work: Work, task: ExportTask) -> set[str]:
    """The hashes of what earlier requests for the same document gave."""
    now = await work.store.position(work.tenant)
    async with shop.reads.at(work.tenant, now) as view:
        rows = await view.all(EXPORTS, task.asked.season)
    mine = next((_asked_for(row) for row in rows if row.export == task.export), None)
    return {row.sha256 for row in rows if row.sha256 and row.export != task.export and _asked_for(row) == mine}


def _asked_for(row: ExportRow) -> tuple[object, ...]:
    """What was asked for, whoever asked."""
    about = row.commune, row.meeting, row.review, row.asked, row.indicator
    return row.document, row.season, row.at_position, row.document_no, *about


async def moment_of(work: Work, position: int) -> datetime:
    """When the fact at this position was recorded."""
    async for page in work.store.read(work.tenant, after=position - 1, upto=position):
        return page[0].at
    raise NotFound(kind="position", subject=str(position))
