"""Documents that somebody asks for: the request, what the worker makes of it, its end, its download.

A request names the position of the log that the document is made from, so that it can be made again. Only who asked
may fetch it, and only while still permitted: the worker and every download ask the policy again.
"""

from __future__ import annotations

from dataclasses import replace
from typing import NamedTuple
from uuid import UUID, uuid5

from domain.errors import NotFound, NotPermitted
from domain.export import Document, Export, export_stream
from domain.fact import Recorded
from domain.permissions import Actor
from infra.storage.files import StoredFile
from services.command_ids import derived
from services.exports.kind import ExportRequest, ExportTask, FinishedDocument, Progress, Workshop
from services.exports.registry import export_kinds
from services.people import People
from services.work import CommandResult, Work, use_case


class Fetched(NamedTuple):
    """A document on its way to who asked for it; `asked` is the request."""

    content: StoredFile
    name: str
    media_type: str
    result: CommandResult
    asked: Export.Requested


# People -----------------------------------------------------------------------------------------------


@use_case("request_export", "document", "season", "about", "document_no", "indicator", "upto")
async def request_export(
    work: Work,
    document: Document,
    season: str,
    about: str | None = None,
    document_no: str | None = None,
    indicator: str | None = None,
    upto: int | None = None,
) -> CommandResult:
    """Ask for a document; `about` names the commune, meeting, review or search that it is about.

    It is made from the log up to a position that its kind chooses (`ExportKind.check`), which also refuses what cannot
    be made. `document_no` is the number that it is to bear, `indicator` the one that it is limited to, and `upto` an
    earlier position that it is to be made from. Its id is `export_id(work)`.
    """
    kind = export_kinds()[document]
    asked = ExportRequest(season, about or "", document_no, indicator, upto)
    await kind.require(work, season, asked.about)
    position = await kind.check(work, asked, await work.store.position(work.tenant))
    name = export_stream(export_id(work))
    export = Export(id=work.id_of(name), document=document, season=season, at_position=position, **kind.stored(asked))
    return await work.create(name, export)


@use_case("cancel_export", "export")
async def cancel_export(work: Work, export: UUID) -> CommandResult:
    """Give up what one asked for oneself. NotFound for anybody else's, OutOfOrder when it is over."""
    await asked_by_oneself(work, export)
    return await work.change(Export, export_stream(export), Export.cancel)


@use_case("download_export", "export")
async def download_export(work: Work, export: UUID) -> CommandResult:
    """Record that who asked for it takes the finished document away."""
    asked = await asked_by_oneself(work, export)
    await _require(work, asked)
    return await work.change(Export, export_stream(export), Export.download)


async def fetch_export(work: Work, export: UUID) -> Fetched:
    """The finished document, its download recorded. NotFound, NotPermitted, OutOfOrder."""
    result = await download_export(work, export)
    asked = await asked_by_oneself(work, export)
    await _require(work, asked)  # a repeat gives the receipt, not the bytes
    ready = await work.look(Export, export_stream(export))
    if ready.sha256 is None or ready.name is None or ready.media_type is None:
        raise NotFound(kind="export", subject=str(export))
    return Fetched(await work.files.open(ready.sha256), ready.name, ready.media_type, result, asked)


def export_id(work: Work) -> UUID:
    """The id of the export that this command asks for."""
    return work.new_id("export")


def about_of(asked: Export.Requested) -> str:
    """The review, commune, meeting or search that the document is about; "" for all of the season."""
    return asked.review or asked.commune or asked.meeting or asked.asked or ""


async def _require(work: Work, asked: Export.Requested) -> None:
    """Ask the policy whether the actor may have this document. NotFound, NotPermitted."""
    await export_kinds()[asked.document].require(work, asked.season, about_of(asked))


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


async def make(workshop: Workshop, work: Work, export: UUID, progress: Progress) -> FinishedDocument:
    """Make what was asked for, after asking the policy again for who asked.

    Any Refused is the reason it cannot be; Unsealed says why it cannot be yet.
    """
    recorded = await request_of(work, export)
    asked = recorded.fact
    if not isinstance(asked, Export.Requested):
        raise NotFound(kind="export", subject=str(export))
    actor = await _person(workshop.people, work, recorded.actor)
    await _require(replace(work, actor=actor), asked)
    task = ExportTask(export, asked, actor)
    return await export_kinds()[asked.document].make(workshop, work, task, progress)


async def finish_export(work: Work, export: UUID, made: FinishedDocument) -> CommandResult:
    """Keep the finished document and record it. Made again it must be the same: another content is refused."""
    digest = await work.files.put(made.content)
    # One command, however often the job runs.
    command = work.again(derived(f"finish export {export}", former=uuid5(export, "finish")))
    return await _finish(
        command, export, digest, len(made.content), made.name, made.media_type, made.unprinted, made.cut
    )


async def fail_export(work: Work, export: UUID, reason: str) -> CommandResult:
    """Record that it could not be made; `reason` is a code."""
    return await _fail(work.again(derived(f"fail export {export}", former=uuid5(export, "fail"))), export, reason)


@use_case("_finish", "export", "digest", "size", "name", "media_type")
async def _finish(
    work: Work,
    export: UUID,
    digest: str,
    size: int,
    name: str,
    media_type: str,
    unprinted: tuple[str, ...] = (),
    cut: int = 0,
) -> CommandResult:
    return await work.change(
        Export,
        export_stream(export),
        lambda one: one.finish(digest, size, name, media_type, unprinted=unprinted, cut=cut),
    )


@use_case("_fail", "export", "reason")
async def _fail(work: Work, export: UUID, reason: str) -> CommandResult:
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
