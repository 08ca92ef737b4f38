"""A rulebook as a file: taken, sent back, shown with each change and each error, and recorded when confirmed."""

from __future__ import annotations

from typing import Any, NamedTuple
from uuid import uuid4

from litestar import Response

from domain.adoption import Adoption, adoption_stream
from domain.errors import FileTooLarge, NotFound
from domain.permissions import Act, permit
from infra.reference.rulebook_values import RulebookValue, tree_of
from services.exports.workbook import MEDIA_TYPE
from services.rulebooks.draft import DraftText, change_values, draft_of
from services.rulebooks.file_import import (
    FileChange,
    FileReading,
    carried_changes,
    must_be_seen,
    read_file,
    workbook_of,
    yaml_of_text,
)
from services.rulebooks.file_rows import about, value_shown
from services.rulebooks.file_workbook import FileOrigin
from services.web import urls
from services.web.handlers import act, page
from services.web.visit import PageResponse, Visit
from services.work import Work

#: Bytes of a file, and of the form that brings it.
LIMIT = 20_000_000
BODY_LIMIT = LIMIT + 10_000

MEDIA = {"xlsx": MEDIA_TYPE, "yaml": "application/yaml; charset=utf-8"}


class ChangeLine(NamedTuple):
    """A change of a file as the page shows it."""

    place: str
    path: str
    about: str
    was: str
    becomes: str
    now: str = ""


class FileText(NamedTuple):
    """A text that can be taken as a file: what it is, and its hash, "" for the draft."""

    name: str
    sha256: str


@page(urls.RULEBOOK_FILE, past=False)
async def show(visit: Visit, rulebook: str) -> PageResponse:
    """The files to take, and the form to send one back."""
    work = _looking(visit)
    draft = await draft_of(work, rulebook)
    return await visit.page("rulebook-file/index.html", **await _shown(visit, work, draft), reading=None)


@page(urls.RULEBOOK_FILE + "/{ending:str}", past=False)
async def take(visit: Visit, rulebook: str, ending: str) -> PageResponse:
    """The file of the draft, or of the text of the hash `?ban=`. NotFound, RulebookUnusable."""
    work = _looking(visit)
    draft = await draft_of(work, rulebook)
    sha256 = visit.query("ban")
    if ending not in MEDIA:
        raise NotFound(kind="file", subject=ending)
    tree, base, shown = draft.tree, draft.base.sha256, draft.sha256 if draft.changes else draft.base.sha256
    if sha256:
        tree, base, shown = tree_of((await work.rulebooks()).written(sha256).encode()), sha256, sha256
    if tree.get("id") != draft.base.id:
        raise NotFound(kind="rulebook-text", subject=sha256)
    origin = FileOrigin(visit.tenant.slug, draft.base.id, base, shown)
    if ending == "yaml":
        content = yaml_of_text(origin, tree)
    else:
        content = workbook_of(f"Bộ tiêu chí {draft.base.short}", visit.tenant.name, origin, tree)
    named = f'attachment; filename="bo-tieu-chi-{draft.base.id}-{shown[:8]}.{ending}"'
    headers = {"Content-Disposition": named, "Cache-Control": "private, no-store"}
    return Response(content, media_type=MEDIA[ending], headers=headers)


@act(urls.RULEBOOK_FILE + "/kiem-tra", again=show, request_max_body_size=BODY_LIMIT)
async def check(visit: Visit, rulebook: str) -> PageResponse:
    """Show what the file would change and what is wrong with it. Nothing is recorded."""
    permit(visit.actor, Act.CORRECT_RULEBOOK)
    upload = visit.typed.needed_file("file")
    content = await upload.read(LIMIT + 1)
    if len(content) > LIMIT:
        raise FileTooLarge(field="file")
    work = visit.work()
    draft = await draft_of(work, rulebook)
    rulebooks = await work.rulebooks()
    reading = await read_file(upload.filename, content, visit.tenant.slug, draft, rulebooks, visit.today)
    return await visit.page(
        "rulebook-file/index.html", **await _shown(visit, work, draft), reading=reading, **_lines(reading)
    )


@act(urls.RULEBOOK_FILE + "/nhap", again=show)
async def bring_in(visit: Visit, rulebook: str) -> PageResponse:
    """Record the changes of a file that were shown, in the draft. DraftMoved where it has moved since."""
    work = visit.work()
    changes = carried_changes(visit.typed.needed("carried"))
    must_be_seen(await draft_of(work, rulebook), visit.typed.text("seen"))
    result = await change_values(work, rulebook, changes)
    return await visit.done(result, to=visit.url.rulebook_file(rulebook, da_nhap=len(changes)))


def _looking(visit: Visit) -> Work:
    """What reads the log for a page that records nothing."""
    return visit.app.work(visit.tenant, visit.actor, uuid4())


async def _shown(visit: Visit, work: Work, draft: DraftText) -> dict[str, Any]:
    adoption = await work.find(Adoption, adoption_stream(draft.base.id))
    texts = [FileText("file-text.draft", "")] if draft.changes else []
    texts.append(FileText("file-text.in-use" if adoption else "file-text.shipped", draft.base.sha256))
    recorded = visit.query("da-nhap")
    return {
        "rulebook": draft.base,
        "draft": draft,
        "texts": texts,
        "recorded": int(recorded)
        if recorded.isascii() and recorded.isdecimal() and len(recorded) < len("10000")
        else 0,
    }


def _lines(reading: FileReading) -> dict[str, Any]:
    return {
        "changes": [_line(one) for one in reading.changes],
        "conflicts": [_line(one.change, one.now) for one in reading.conflicts],
        "errors": sorted(reading.errors, key=lambda one: (len(one.place), one.place)),
        "problems": [(about(one.path), one) for one in reading.problems],
    }


def _line(change: FileChange, now: RulebookValue | None = None) -> ChangeLine:
    values = (change.before, change.after, now)
    return ChangeLine(change.place, change.path, about(change.path), *(value_shown(change.path, one) for one in values))


ROUTES = [show, take, check, bring_in]
