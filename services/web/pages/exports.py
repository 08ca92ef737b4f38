"""The export centre: ask for a document, watch it being made, take it away."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple
from urllib.parse import parse_qsl
from uuid import UUID

from domain.errors import NotFound
from domain.export import Document, ExportState
from domain.policy import Act, Subject
from domain.vietnamese import sort_key
from infra.export_runs import ExportRuns, Run
from projections.councils import COUNCILS, CouncilRow
from projections.exports import EXPORTS, ExportRow
from projections.seasons import SEASONS
from projections.standings import STANDINGS, Standing
from projections.units import UNITS, UnitRow
from services import exporting
from services.dossier.asking import WAITING
from services.meetings import unit_of
from services.web import urls
from services.web.access import note_taken
from services.web.files import handed_out
from services.web.forms import FieldMissing
from services.web.handlers import act, page
from services.web.visit import Answer, Visit

#: What an export of no state of the log is while a worker holds it.
RUNNING = "running"


class Line(NamedTuple):
    """One export of the person's own; `state` is the log's, or `running` while a worker is at it.

    `place` is the commune that it is about, or the unit whose council met; `trouble` is the code of what went wrong in
    the last attempt.
    """

    row: ExportRow
    state: str
    done: int
    total: int
    place: UnitRow | None
    trouble: str

    @property
    def asked(self) -> list[tuple[str, str]]:
        """The filter of a trail, as parameters of its page."""
        return parse_qsl(self.row.asked or "")

    @property
    def is_under_way(self) -> bool:
        """Whether its state will change by itself."""
        return self.state in (RUNNING, ExportState.QUEUED)

    @property
    def is_unsealed(self) -> bool:
        """Whether it waits, or waited in vain, until the log is sealed and cosigned far enough."""
        return self.state is not ExportState.READY and (self.row.reason or self.trouble) in WAITING


class Asked(NamedTuple):
    """A chain of responsibility that a page led here to print: of a dossier, or of one `indicator` of it."""

    season: str
    commune: str
    name: str
    indicator: str
    position: str


class Decided(NamedTuple):
    """A commune whose decision the person may have as a document."""

    season: str
    commune: str
    name: str
    decision_no: str


@page(urls.EXPORTS)
async def show(visit: Visit) -> Answer:
    """The person's own exports, and what can be asked for.

    `?ho-so=2023/99010` with `&chi-tieu=` and `&vi-tri=` offers that chain of responsibility as of a position, `?vua=`
    is the one that was asked for just now.
    """
    await visit.own_write(EXPORTS)
    async with visit.reads() as view:
        own = [row for row in await view.all(EXPORTS) if row.requested_by == visit.actor.person]
        units = {unit.code: unit for unit in await view.all(UNITS)}
        seasons = sorted((row.season for row in await view.all(SEASONS)), reverse=True)
        decided = [row for row in await view.all(STANDINGS) if row.result is not None]
        councils = {(row.season, row.unit): row for row in await view.all(COUNCILS)}
        position = view.position
    runs = {} if visit.past else await ExportRuns(visit.app.database).of(visit.tenant, [row.export for row in own])
    lines = [line_of(row, runs.get(row.export), units) for row in own]
    lines.sort(key=lambda line: line.row.requested_at, reverse=True)
    return await visit.page(
        "exports/index.html",
        fragment="exports/_list.html",
        lines=lines,
        under_way=any(line.is_under_way for line in lines),
        seasons=seasons,
        chosen=visit.query("season"),
        decisions=decisions_for(visit, decided, councils, units),
        chain=chain_asked(visit, units),
        just_asked=any(str(line.row.export) == visit.query("vua") for line in lines),
        position=position,
    )


def chain_asked(visit: Visit, units: Mapping[str, UnitRow]) -> Asked | None:
    """What the address asks for, None where it asks for no chain."""
    season, _, commune = visit.query("ho-so").partition("/")
    unit = units.get(commune)
    if unit is None:
        return None
    return Asked(season, commune, unit.full_name, visit.query("chi-tieu"), visit.query("vi-tri"))


def line_of(row: ExportRow, run: Run | None, units: Mapping[str, UnitRow]) -> Line:
    """The export as the page shows it."""
    running = row.state is ExportState.QUEUED and run is not None and run.running
    done, total = (run.done, run.total) if run else (0, 0)
    place = unit_of(row.meeting) if row.meeting else row.commune or ""
    return Line(row, RUNNING if running else row.state, done, total, units.get(place), run.trouble if run else "")


async def own_last(visit: Visit, season: str, about: str, *documents: Document) -> dict[Document, Line]:
    """Of each kind, about a commune or a meeting, the one that the person asked for last and did not give up."""
    async with visit.reads() as view:
        rows: list[ExportRow] = await view.all(EXPORTS, season)
    own = (
        row
        for row in rows
        if row.document in documents
        and (row.commune or row.meeting, row.requested_by) == (about, visit.actor.person)
        and row.state is not ExportState.CANCELLED
    )
    last = {row.document: row for row in sorted(own, key=lambda row: row.requested_at)}
    asked = [row.export for row in last.values()]
    runs = await ExportRuns(visit.app.database).of(visit.tenant, asked) if asked and not visit.past else {}
    return {document: line_of(row, runs.get(row.export), {}) for document, row in last.items()}


def decisions_for(
    visit: Visit,
    decided: list[Standing],
    councils: Mapping[tuple[str, str], CouncilRow],
    units: Mapping[str, UnitRow],
) -> list[Decided]:
    """The decisions that the person may have, latest season first, communes by name."""
    found = []
    for row in decided:
        council = councils.get((row.season, row.decided_by))
        members = council.people if council else frozenset()
        subject = Subject(commune=row.commune, decided_by=row.decided_by, members=members)
        if visit.may(Act.EXPORT_DECISION, subject):
            unit = units.get(row.commune)
            name = unit.full_name if unit else row.commune
            found.append(Decided(row.season, row.commune, name, row.decision_no or ""))
    found.sort(key=lambda one: sort_key(one.name))
    found.sort(key=lambda one: one.season, reverse=True)
    return found


@act(urls.EXPORTS + "/yeu-cau", again=show)
async def request(visit: Visit) -> Answer:
    """Ask for a document. A form may name review, commune or meeting, or season and commune in one field (`which`).

    Of the trail it names what is `asked`, "" for everything.
    """
    typed, work = visit.typed, visit.work()
    here = visit.url.exports(vua=exporting.export_id(work))
    season, _, commune = typed.text("which").partition("/")
    try:
        document = Document(typed.needed("document"))
    except ValueError:
        raise FieldMissing(field="document") from None
    if document is Document.TRAIL:
        receipt = await exporting.request_export(work, document, "", typed.text("asked"))
        return await visit.done(receipt, to=here)
    about = typed.text("review") or commune or typed.text("commune") or typed.text("meeting") or None
    number = typed.needed("document_no") if document is Document.MINUTES else None
    receipt = await exporting.request_export(
        work,
        document,
        season or typed.needed("season"),
        about,
        number,
        indicator=typed.text("indicator") or None,
        upto=typed.whole("position"),
    )
    return await visit.done(receipt, to=here)


@act(urls.EXPORTS + "/{export:str}/huy", again=show)
async def cancel(visit: Visit, export: str) -> Answer:
    """Give up one's own export."""
    receipt = await exporting.cancel_export(visit.work(), identifier(export))
    return await visit.done(receipt, to=visit.url.exports())


@act(urls.EXPORTS + "/{export:str}/tai-ve", again=show)
async def download(visit: Visit, export: str) -> Answer:
    """Take one's own finished document away; that is recorded. Evidence is opened by it, which is noted as well."""
    work = visit.work()
    fetched = await exporting.fetch_export(work, identifier(export))
    asked = fetched.asked
    if asked.document is Document.EVIDENCE:
        evidence = await exporting.evidence_at(work, asked.season, asked.commune or "", asked.at_position)
        await note_taken(visit, asked.season, asked.commune or "", evidence.indicators, fetched.name)
    return handed_out(fetched.content, fetched.media_type, f'attachment; filename="{fetched.name}"')


def identifier(text: str) -> UUID:
    """The export that an address names. NotFound for what is no id."""
    try:
        return UUID(text)
    except ValueError:
        raise NotFound(kind="export", subject=text) from None


ROUTES = [show, request, cancel, download]
