"""The export centre: ask for a document, watch it being made, take it away."""

from __future__ import annotations

from uuid import UUID

from domain.errors import NotFound
from domain.export import Document
from domain.season import is_practice
from infra.readmodels.reading import View
from projections.tables.exports import EXPORTS
from projections.tables.units import UNITS
from services.exports import requests
from services.exports.kind import Asker, Offer
from services.exports.own_exports import export_lines
from services.exports.registry import export_kinds
from services.web import urls
from services.web.file_bodies import handed_out
from services.web.form_fields import FieldMissing
from services.web.handlers import act, page
from services.web.note_access import note_taken
from services.web.visit import PageResponse, Visit


@page(urls.EXPORTS)
async def show(visit: Visit) -> PageResponse:
    """The person's own exports, and what can be asked for, also by the address; `?vua=` was asked for just now."""
    await visit.own_write(EXPORTS)
    async with visit.reads() as view:
        own = [row for row in await view.all(EXPORTS) if row.requested_by == visit.actor.person]
        units = {unit.code: unit for unit in await view.all(UNITS)}
        offers = [] if visit.past else await offers_for(visit, view)
        position = view.position
    own.sort(key=lambda row: row.requested_at, reverse=True)
    lines = await export_lines(visit, own)
    return await visit.page(
        "exports/index.html",
        fragment="exports/_list.html",
        lines=lines,
        kinds=export_kinds(),
        units=units,
        under_way=any(line.is_under_way for line in lines),
        offers=offers,
        just_asked=any(str(line.row.export) == visit.query("vua") for line in lines),
        practised=sorted({row.season for row in own if row.season and is_practice(row.season)}),
        position=position,
    )


async def offers_for(visit: Visit, view: View) -> list[tuple[Document, Offer]]:
    """What the person can ask for here, in the order of the page."""
    asker = Asker(visit.may, visit.query, visit.words)
    found = [(code, await kind.offer(view, asker)) for code, kind in export_kinds().items()]
    return sorted(((code, offer) for code, offer in found if offer), key=lambda offered: offered[1].order)


@act(urls.EXPORTS + "/yeu-cau", again=show)
async def request(visit: Visit) -> PageResponse:
    """Ask for a document. Season and commune may stand in one field (`which`)."""
    typed, work = visit.typed, visit.work()
    try:
        kind = export_kinds()[Document(typed.needed("document"))]
    except ValueError:
        raise FieldMissing(field="document") from None
    season, _, commune = typed.text("which").partition("/")
    if kind.has_season:
        season = season or typed.needed("season")
    result = await requests.request_export(
        work,
        kind.code,
        season,
        (typed.text(kind.form_field) or commune) if kind.form_field else None,
        typed.needed("document_no") if kind.has_number else None,
        indicator=typed.text("indicator") or None,
        upto=typed.whole("position"),
    )
    return await visit.done(result, to=visit.url.exports(vua=requests.export_id(work)))


@act(urls.EXPORTS + "/{export:str}/huy", again=show)
async def cancel(visit: Visit, export: str) -> PageResponse:
    """Give up one's own export."""
    result = await requests.cancel_export(visit.work(), identifier(export))
    return await visit.done(result, to=visit.url.exports())


@act(urls.EXPORTS + "/{export:str}/tai-ve", again=show)
async def download(visit: Visit, export: str) -> PageResponse:
    """Take one's own finished document away; that is recorded. Evidence is opened by it, which is noted as well."""
    work = visit.work()
    fetched = await requests.fetch_export(work, identifier(export))
    asked = fetched.asked
    indicators = await export_kinds()[asked.document].evidence_in(work, asked)
    if indicators is not None:
        await note_taken(visit, asked.season, asked.commune or "", indicators, fetched.name)
    return handed_out(fetched.content, fetched.media_type, f'attachment; filename="{fetched.name}"')


def identifier(text: str) -> UUID:
    """The export that an address names. NotFound for what is no id."""
    try:
        return UUID(text)
    except ValueError:
        raise NotFound(kind="export", subject=text) from None


ROUTES = [show, request, cancel, download]
