"""Documents that somebody asks for: the request, what the worker makes of it, its end, its download.

A request names the position of the log that the document is made from, so that it can be made again. Only who asked
may fetch it, and only while still permitted: the worker and every download ask the policy again.
"""

from __future__ import annotations

import asyncio
import io
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace
from datetime import datetime
from hashlib import sha256
from typing import ClassVar, NamedTuple
from uuid import UUID, uuid5

import msgspec

from domain.assessment import Assessment, assessment_stream
from domain.errors import FactUnreadable, FileDamaged, FileMissing, NotFound, NotPermitted, Refused, VoteIsOpen
from domain.export import Document, Export, export_stream
from domain.fact import Recorded, StreamName
from domain.log import LOG, Log
from domain.meeting import Meeting, meeting_stream
from domain.policy import Act, Actor
from domain.review import Review, commune_and_number
from domain.rulebook import Rulebook
from domain.season import Season, season_stream
from infra.files import MEGABYTE, Stored
from infra.pdf import Printer
from infra.readmodels import ReadModels
from projections.seasons import SEASONS
from projections.standings import STANDINGS
from projections.units import UNITS
from services import trail_workbook, workbook
from services.assessing import viewed_by
from services.command_ids import derived
from services.documents import decision, minutes, responsibility, review
from services.documents.glyphs import printable
from services.documents.reading import AsItStood
from services.dossier import archive, asking
from services.dossier.archive import Decided, Wanted, wanted_by
from services.dossier.asking import PolicyMissing
from services.following import Dossiers
from services.i18n import load_words
from services.meetings import conducted_by, meetings_of
from services.people import People
from services.searching import Asked, Searching, read_names, search_of
from services.seasons import commune_of
from services.work import Receipt, Work, use_case

#: Documents about one commune.
OF_A_COMMUNE = frozenset({Document.DECISION, Document.DOSSIER, Document.EVIDENCE, Document.RESPONSIBILITY})

#: How far the making is: `done` of `total` steps. Raises TakenAway when it should stop.
Progress = Callable[[int, int], Awaitable[None]]

ACTS = {
    Document.DECISION: Act.EXPORT_DECISION,
    Document.STANDINGS: Act.EXPORT_STANDINGS,
    Document.MINUTES: Act.CONDUCT_MEETING,
    Document.DOSSIER: Act.EXPORT_DOSSIER,
    Document.REVIEW: Act.EXPORT_REVIEW,
    Document.TRAIL: Act.VIEW_TRAIL_OF_PROVINCE,
    Document.RESPONSIBILITY: Act.VIEW_TRAIL,
    Document.EVIDENCE: Act.EXPORT_DOSSIER,
}

PDF = "application/pdf"
ZIP = "application/zip"

#: Bytes of the files in one archive: it is made, kept and handed out in memory, and two may be made at a time. Ten
#: files of the largest size, or some hundred scans of an ordinary one.
EVIDENCE_LIMIT = 200 * MEGABYTE

#: Facts of a trail that are read and told at a time.
PAGE = 500


class TooManyFacts(Refused):
    """A trail of more than `most` facts is no document that anybody reads."""

    code: ClassVar[str] = "too-many-facts"


class Made(NamedTuple):
    """A finished document; `unprinted` names the signs for which a code stands in it, `cut` counts texts not whole."""

    content: bytes
    name: str
    media_type: str
    unprinted: tuple[str, ...] = ()
    cut: int = 0


class Fetched(NamedTuple):
    """A document on its way to who asked for it; `asked` is the request."""

    content: Stored
    name: str
    media_type: str
    receipt: Receipt
    asked: Export.Requested


# People -----------------------------------------------------------------------------------------------


@use_case
async def request_export(
    work: Work,
    document: Document,
    season: str,
    about: str | None = None,
    document_no: str | None = None,
    indicator: str | None = None,
    upto: int | None = None,
) -> Receipt:
    """Ask for a document about a commune, a meeting, a review, a search or a season. Its id is `export_id(work)`.

    A decision and its evidence are made from the log up to the decision itself, minutes up to the closing of the
    meeting and the end of a review up to its conclusion, so that they always come out the same; standings and trail
    from the log as it is now, which a dossier covers at least, a chain of responsibility, of one `indicator` or of all,
    as of now or `upto` an earlier position. OutOfOrder where there is no decision or conclusion yet, or while the
    meeting goes on; for a dossier also VoteIsOpen and PolicyMissing, for evidence EvidenceTooLarge, for a chain
    NotFound where there was no dossier or no such indicator. `document_no` is the number that minutes are to bear.
    """
    await require(work, document, season, about)
    position = await work.store.position(work.tenant)
    then = AsItStood(work.store, work.tenant, position)
    match document:
        case Document.DECISION:
            position = (await decision.decided_at(then, season, about or "")).position
        case Document.MINUTES:
            position = (await minutes.closed_at(then, season, about or "")).position
        case Document.DOSSIER:
            await decision.decided_at(then, season, about or "")
            await _may_be_proven(work, season, about or "")
        case Document.EVIDENCE:
            position = (await decision.decided_at(then, season, about or "")).position
            (await evidence_at(work, season, about or "", position)).must_fit(EVIDENCE_LIMIT)
        case Document.REVIEW:
            position = (await review.concluded_at(then, season, about or "")).position
        case Document.RESPONSIBILITY:
            position = min(upto or position, position)
            await _must_have_a_chain(then._replace(position=position), work.rulebooks, season, about or "", indicator)
    name = export_stream(export_id(work))
    asked = Export(
        id=work.id_of(name),
        document=document,
        season=season,
        at_position=position,
        commune=_commune(document, about),
        meeting=about if document is Document.MINUTES else None,
        document_no=document_no,
        review=about if document is Document.REVIEW else None,
        asked=about if document is Document.TRAIL else None,
        indicator=indicator if document is Document.RESPONSIBILITY else None,
    )
    return await work.create(name, asked)


async def _must_have_a_chain(
    then: AsItStood, rulebooks: Mapping[str, Rulebook], season: str, commune: str, indicator: str | None
) -> None:
    if await then.find(Assessment, assessment_stream(season, commune)) is None:
        raise NotFound(kind="assessment", subject=commune)
    planned = await then.find(Season, season_stream(season))
    if indicator is not None and (planned is None or indicator not in rulebooks[planned.rulebook].by_code):
        raise NotFound(indicator=indicator)


async def _may_be_proven(work: Work, season: str, commune: str) -> None:
    """A dossier holds whatever the council did until the decision: no ballot of a vote that is open, then."""
    if (await work.look(Log, LOG)).policy is None:
        raise PolicyMissing
    unit = commune_of(await work.look(Season, season_stream(season)), commune).decided_by
    for _, meeting in await meetings_of(work, season, unit):
        for item, vote in meeting.votes.items():
            if vote.is_open:
                raise VoteIsOpen(item=item)


def _commune(document: Document, about: str | None) -> str | None:
    if document is Document.REVIEW:
        return commune_and_number(about or "")[0]
    return about if document in OF_A_COMMUNE else None


@use_case
async def cancel_export(work: Work, export: UUID) -> Receipt:
    """Give up what one asked for oneself. NotFound for anybody else's, OutOfOrder when it is over."""
    await asked_by_oneself(work, export)
    return await work.change(Export, export_stream(export), Export.cancel)


@use_case
async def download_export(work: Work, export: UUID) -> Receipt:
    """Record that who asked for it takes the finished document away."""
    asked = await asked_by_oneself(work, export)
    await require(work, asked.document, asked.season, about_of(asked))
    return await work.change(Export, export_stream(export), Export.download)


async def fetch_export(work: Work, export: UUID) -> Fetched:
    """The finished document, its download recorded. NotFound, NotPermitted, OutOfOrder."""
    receipt = await download_export(work, export)
    asked = await asked_by_oneself(work, export)
    await require(work, asked.document, asked.season, about_of(asked))  # a repeat gives the receipt, not the bytes
    ready = await work.look(Export, export_stream(export))
    if ready.sha256 is None or ready.name is None or ready.media_type is None:
        raise NotFound(kind="export", subject=str(export))
    return Fetched(await work.files.open(ready.sha256), ready.name, ready.media_type, receipt, asked)


async def evidence_at(work: Work, season: str, commune: str, position: int) -> Wanted:
    """The files that belong to the decision at this position."""
    then = AsItStood(work.store, work.tenant, position)
    log = await work.store.origin_at(work.tenant, position)
    return wanted_by(Decided(log, season, commune, position), await then.facts(assessment_stream(season, commune)))


def export_id(work: Work) -> UUID:
    """The id of the export that this command asks for."""
    return work.new_id("export")


def about_of(asked: Export.Requested) -> str | None:
    """What the document is of: the review, commune or meeting of its season, the search; None for all of the season."""
    return asked.review or asked.commune or asked.meeting or asked.asked


async def require(work: Work, document: Document, season: str, about: str | None) -> None:
    """Ask the policy whether the actor may have this document. NotFound, NotPermitted, of a trail SearchUnreadable."""
    match document:
        case Document.STANDINGS:
            work.require(ACTS[document])
            await work.look(Season, season_stream(season))
        case Document.TRAIL:
            work.require(ACTS[document])
            Asked.spelled(about or "").require_short()
        case Document.DECISION | Document.DOSSIER | Document.EVIDENCE | Document.RESPONSIBILITY:
            subject = commune_of(await work.look(Season, season_stream(season)), about or "")
            work.require(ACTS[document], await viewed_by(work, season, subject))
        case Document.MINUTES:
            await work.look(Meeting, meeting_stream(season, about or ""))
            work.require(ACTS[document], await conducted_by(work, season, about or ""))
        case Document.REVIEW:
            stream = StreamName("review", season, about or "")
            subject = commune_of(
                await work.look(Season, season_stream(season)), (await work.look(Review, stream)).commune
            )
            work.require(ACTS[document], await viewed_by(work, season, subject))


async def asked_by_oneself(work: Work, export: UUID) -> Export.Requested:
    """The request, when the actor made it; for everybody else it does not exist."""
    asked = await request_of(work, export)
    if asked.actor != work.actor.person or not isinstance(asked.fact, Export.Requested):
        raise NotFound(kind="export", subject=str(export))
    return asked.fact


async def request_of(work: Work, export: UUID) -> Recorded:
    """The request as it stands in the log. NotFound."""
    async for page in work.store.read(work.tenant, streams=[export_stream(export)], limit=1):
        return page[0]
    raise NotFound(kind="export", subject=str(export))


# The worker -------------------------------------------------------------------------------------------


class Workshop(NamedTuple):
    """What the worker makes documents with."""

    people: People
    reads: ReadModels
    printer: Printer
    sealed: asking.Sealed
    searching: Searching


async def make(workshop: Workshop, work: Work, export: UUID, progress: Progress) -> Made:
    """Make what was asked for, after asking the policy again for who asked.

    Any Refused is the reason it cannot be; Unsealed says why it cannot be yet.
    """
    recorded = await request_of(work, export)
    asked = recorded.fact
    if not isinstance(asked, Export.Requested):
        raise NotFound(kind="export", subject=str(export))
    actor = await _person(workshop.people, work, recorded.actor)
    await require(replace(work, actor=actor), asked.document, asked.season, about_of(asked))
    match asked.document:
        case Document.DECISION:
            return await _decision(workshop, work, asked, progress)
        case Document.STANDINGS:
            return await _standings(workshop, work, asked, progress)
        case Document.MINUTES:
            return await _minutes(workshop, work, asked, progress)
        case Document.DOSSIER:
            return await _dossier(workshop, work, export, asked, progress)
        case Document.REVIEW:
            return await _review(workshop, work, asked, progress)
        case Document.TRAIL:
            return await _trail(workshop, replace(work, actor=actor), asked, progress)
        case Document.RESPONSIBILITY:
            return await _responsibility(workshop, work, asked, progress)
        case Document.EVIDENCE:
            return await _evidence(work, asked, progress)


async def finish_export(work: Work, export: UUID, made: Made) -> Receipt:
    """Keep the finished document and record it. Made again it must be the same: another content is refused."""
    digest = await work.files.put(made.content)
    # One command, however often the job runs.
    command = work.again(derived(f"finish export {export}", former=uuid5(export, "finish")))
    return await _finish(
        command, export, digest, len(made.content), made.name, made.media_type, made.unprinted, made.cut
    )


async def fail_export(work: Work, export: UUID, reason: str) -> Receipt:
    """Record that it could not be made; `reason` is a code."""
    return await _fail(work.again(derived(f"fail export {export}", former=uuid5(export, "fail"))), export, reason)


@use_case
async def _finish(
    work: Work,
    export: UUID,
    digest: str,
    size: int,
    name: str,
    media_type: str,
    unprinted: tuple[str, ...],
    cut: int,
) -> Receipt:
    return await work.change(
        Export,
        export_stream(export),
        lambda one: one.finish(digest, size, name, media_type, unprinted=unprinted, cut=cut),
    )


@use_case
async def _fail(work: Work, export: UUID, reason: str) -> Receipt:
    return await work.change(Export, export_stream(export), lambda one: one.fail(reason))


async def _person(people: People, work: Work, person: str) -> Actor:
    """Who asked, with the mandates of today."""
    try:
        actor = await people.actor(work.tenant, UUID(person), work.today)
    except ValueError:
        actor = None
    if actor is None:
        raise NotPermitted(act="export", who=())
    return actor


async def _decision(workshop: Workshop, work: Work, asked: Export.Requested, progress: Progress) -> Made:
    await progress(0, 2)
    then = await _as_it_stood(work, asked.at_position)
    paper = await decision.read_paper(then, asked.season, asked.commune or "", work.rulebooks, work.calendar)
    await progress(1, 2)
    return await _printed(workshop, decision.render(paper), f"quyet-dinh-{asked.season}-{asked.commune}.pdf")


async def _minutes(workshop: Workshop, work: Work, asked: Export.Requested, progress: Progress) -> Made:
    await progress(0, 2)
    then = await _as_it_stood(work, asked.at_position)
    paper = await minutes.read_paper(then, asked.season, asked.meeting or "", asked.document_no or "")
    await progress(1, 2)
    return await _printed(workshop, minutes.render(paper), f"bien-ban-{asked.season}-{asked.meeting}.pdf")


async def _dossier(workshop: Workshop, work: Work, export: UUID, asked: Export.Requested, progress: Progress) -> Made:
    await progress(0, 2)
    await asking.take_checkpoint(workshop.sealed, work, export)
    await progress(1, 2)
    pdf = await asking.bind(workshop.sealed, work, export, workshop.printer)
    return Made(pdf.content, f"ho-so-doi-chung-{asked.season}-{asked.commune}.pdf", PDF, pdf.unprinted)


async def _evidence(work: Work, asked: Export.Requested, progress: Progress) -> Made:
    """The archive, whole: raises FileMissing and FileDamaged rather than leave out what the decision rests on."""
    wanted = await evidence_at(work, asked.season, asked.commune or "", asked.at_position)
    wanted.must_fit(EVIDENCE_LIMIT)
    out = io.BytesIO()
    states = await archive.write(out, wanted, work.files, progress)
    for hashed, state in archive.lacking(states).items():
        raise FileMissing(sha256=hashed) if state is archive.State.MISSING else FileDamaged(sha256=hashed)
    return Made(out.getvalue(), f"minh-chung-{asked.season}-{asked.commune}.zip", ZIP)


async def _review(workshop: Workshop, work: Work, asked: Export.Requested, progress: Progress) -> Made:
    await progress(0, 2)
    then = await _as_it_stood(work, asked.at_position)
    paper = await review.read_paper(then, asked.season, asked.review or "", work.rulebooks)
    await progress(1, 2)
    return await _printed(workshop, review.render(paper), f"ket-luan-xem-xet-{asked.season}-{asked.review}.pdf")


async def _responsibility(workshop: Workshop, work: Work, asked: Export.Requested, progress: Progress) -> Made:
    await progress(0, 2)
    then = await _as_it_stood(work, asked.at_position)
    seen = await Dossiers(work.store).then(then.tenant, asked.season, asked.commune or "", then.position)
    at = await _moment(work, then.position)
    paper = await responsibility.read_paper(then, seen, workshop.reads, asked.indicator, work.rulebooks, at)
    await progress(1, 2)
    about = "-".join(part for part in (asked.season, asked.commune, asked.indicator, str(then.position)) if part)
    made = await _printed(workshop, responsibility.render(paper), f"trach-nhiem-{about}.pdf")
    return made._replace(cut=paper.cut)


async def _as_it_stood(work: Work, position: int) -> AsItStood:
    """What is printed names the origin of that time: in a later epoch a document still comes out the same."""
    tenant = msgspec.structs.replace(work.tenant, log=await work.store.origin_at(work.tenant, position))
    return AsItStood(work.store, tenant, position)


async def _printed(workshop: Workshop, html: str, name: str) -> Made:
    page = printable(html)
    pdf = await workshop.printer.print(page.html, sha256(page.html.encode()).digest()[:16])
    return Made(pdf, name, PDF, page.unprinted)


async def _standings(workshop: Workshop, work: Work, asked: Export.Requested, progress: Progress) -> Made:
    async with workshop.reads.at(work.tenant, asked.at_position) as view:
        season = await view.one(SEASONS, asked.season)
        rows = await view.all(STANDINGS, asked.season)
        units = {unit.code: unit for unit in await view.all(UNITS)}
        if view.lacks:  # a document cannot say so beside each row, and nobody may take it for whole
            raise FactUnreadable(position=min(view.lacks), topic="standings", why="stopped")
    if season is None:
        raise NotFound(kind="season", subject=asked.season)
    await progress(0, len(rows))
    source = workbook.Source(
        province=work.tenant.name,
        season=asked.season,
        rulebook=work.rulebook(season.rulebook, season.rulebook_sha256),
        log=await work.store.origin_at(work.tenant, asked.at_position),
        position=asked.at_position,
        moment=await _moment(work, asked.at_position),
        demonstration=work.tenant.demonstration,
    )
    made = await asyncio.to_thread(workbook.standings_workbook, source, rows, units, load_words()["vi"])
    await progress(len(rows), len(rows))
    name = f"bang-danh-gia-{asked.season}-{asked.at_position}.xlsx"
    return Made(made.content, name, workbook.MEDIA_TYPE, cut=made.cut)


async def _trail(workshop: Workshop, work: Work, asked: Export.Requested, progress: Progress) -> Made:
    """Every fact that the search finds up to the position. Raises TooManyFacts."""
    position, looked_for = asked.at_position, Asked.spelled(asked.asked or "")
    while (reached := await workshop.searching.learn(work.tenant)).position < position:
        await progress(reached.position, position)
    async with workshop.reads.at(work.tenant, position) as view:
        names = await read_names(view)
    search = search_of(looked_for, work.actor, names)
    total = await workshop.searching.count(work.tenant, search, position, trail_workbook.MOST + 1)
    if total > trail_workbook.MOST:
        raise TooManyFacts(most=trail_workbook.MOST)
    words = load_words()["vi"]
    lines: list[trail_workbook.Line] = []
    after = 0
    while len(lines) < total:
        await progress(len(lines), total)
        positions = await workshop.searching.find(work.tenant, search, position, PAGE, after=after)
        found = await workshop.searching.read(work.tenant, positions, position)
        lines += trail_workbook.lines_of(found, names, words, work.rulebooks)
        after = positions[-1]
    source = trail_workbook.Source(
        province=work.tenant.name,
        log=await work.store.origin_at(work.tenant, position),
        position=position,
        moment=await _moment(work, position),
        demonstration=work.tenant.demonstration,
    )
    made = await asyncio.to_thread(trail_workbook.trail_workbook, source, looked_for, lines, words)
    return Made(made.content, f"nhat-ky-{position}.xlsx", workbook.MEDIA_TYPE, cut=made.cut)


async def _moment(work: Work, position: int) -> datetime:
    """When the fact at this position was recorded."""
    async for page in work.store.read(work.tenant, after=position - 1, upto=position):
        return page[0].at
    raise NotFound(kind="position", subject=str(position))
