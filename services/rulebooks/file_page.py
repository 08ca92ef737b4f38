"""A rulebook as a file: taken, sent back, shown with each change and each error, and recorded when confirmed."""

from __future__ import annotations

from typing import Any, NamedTuple
from uuid import uuid4

from litestar import Response

from domain.adoption import Adoption, adoption_stream
from domain.errors import FileTooLarge, NotFound, RulebookUnusable
from domain.permissions import Act, permit
from domain.rulebook_draft import RulebookDraft, rulebook_draft_stream
from infra.reference.rulebook_values import RulebookChange, RulebookValue, tree_of, with_changes
from services.exports.workbook import MEDIA_TYPE
from services.i18n import Words
from services.rulebooks.draft import DraftText, change_values, draft_of, read_change
from services.rulebooks.file_import import (
    FileChange,
    FileReading,
    must_be_seen,
    read_carried,
    read_file,
    without_said,
    workbook_of,
    yaml_of_text,
)
from services.rulebooks.file_workbook import FileOrigin
from services.rulebooks.rulebook_view import ChangeInWords, change_in_words, named, problems_by_path, told_apart
from services.rulebooks.value_words import number_of, parts_in_words, value_in_words
from services.web import urls
from services.web.handlers import act, page
from services.web.visit import PageResponse, Visit
from services.work import Work

#: Bytes of a file, and of the form that brings it.
LIMIT = 20_000_000
BODY_LIMIT = LIMIT + 10_000

MEDIA = {"xlsx": MEDIA_TYPE, "yaml": "application/yaml; charset=utf-8"}


class ChangeLine(NamedTuple):
    """A change of a file as the page shows it; `now` is what the draft says where somebody else has changed it."""

    place: str
    said: ChangeInWords
    now: str = ""


class CommentLine(NamedTuple):
    """What a file says of a value, as the page shows it."""

    place: str
    number: str
    text: str


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
    """The file of the draft, or of the text of the hash `?ban=`. NotFound."""
    work = _looking(visit)
    draft = await draft_of(work, rulebook)
    sha256 = visit.query("ban")
    if ending not in MEDIA:
        raise NotFound(kind="file", subject=ending)
    tree, base, shown = draft.tree, draft.base.sha256, draft.sha256 if draft.changes else draft.base.sha256
    if sha256:
        try:
            tree, base, shown = tree_of((await work.rulebooks()).written(sha256).encode()), sha256, sha256
        except RulebookUnusable:
            raise _no_such_text(rulebook, sha256) from None
    if tree.get("id") != draft.base.id:
        raise _no_such_text(rulebook, sha256)
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
    held = await work.find(RulebookDraft, rulebook_draft_stream(rulebook))
    reading = await read_file(upload.filename, content, visit.tenant.slug, draft, rulebooks, visit.today)
    reading = without_said(reading, held.comments if held else [])
    return await visit.page(
        "rulebook-file/index.html",
        **await _shown(visit, work, draft),
        reading=reading,
        **_lines(reading, draft, visit.words),
    )


@act(urls.RULEBOOK_FILE + "/nhap", again=show)
async def bring_in(visit: Visit, rulebook: str) -> PageResponse:
    """Record the changes of a file that were shown, in the draft. DraftMoved where it has moved since."""
    permit(visit.actor, Act.CORRECT_RULEBOOK)
    work = visit.work()
    carried = read_carried(visit.typed.text("carried"))
    draft = await draft_of(work, rulebook)
    must_be_seen(draft, visit.typed.text("seen"))
    with named(draft, visit.words):
        result = await change_values(work, rulebook, carried.changes, comments=carried.comments)
    count = len(told_apart([read_change(one) for one in carried.changes])) + len(carried.comments)
    return await visit.done(result, to=visit.url.rulebook_file(rulebook, da_nhap=count))


def _no_such_text(rulebook: str, sha256: str) -> NotFound:
    return NotFound(kind="rulebook-text", found="rulebook-text", subject=sha256[:64], versions_of=rulebook)


def _looking(visit: Visit) -> Work:
    """What reads the log for a page that records nothing."""
    return visit.app.work(visit.tenant, visit.actor, uuid4())


async def _shown(visit: Visit, work: Work, draft: DraftText) -> dict[str, Any]:
    adoption = await work.find(Adoption, adoption_stream(draft.base.id))
    texts = [FileText("file-text.draft", "")] if draft.changes else []
    texts.append(FileText("file-text.in-use" if adoption else "file-text.shipped", draft.base.sha256))
    recorded = visit.query("da-nhap")
    held = await work.find(RulebookDraft, rulebook_draft_stream(draft.base.id))
    most = held.version if held else 0  # the address alone confirms no more than the draft was ever told
    return {
        "rulebook": draft.base,
        "number_of": number_of,
        "waiting": len(told_apart([read_change(one) for one in draft.changes])),
        "texts": texts,
        "recorded": int(recorded)
        if recorded.isascii() and recorded.isdecimal() and len(recorded) < len("10000") and int(recorded) <= most
        else 0,
    }


def _lines(reading: FileReading, draft: DraftText, words: Words) -> dict[str, Any]:
    changes = [RulebookChange(one.path, one.before, one.after) for one in reading.changes]
    told = {one.path for one in told_apart(changes)}
    parts = {**parts_in_words(draft.tree), **parts_in_words(with_changes(draft.tree, changes))}

    def line(change: FileChange, now: RulebookValue | None = None) -> ChangeLine:
        made = RulebookChange(change.path, change.before, change.after)
        shown = value_in_words(now.value if now else None, words)
        return ChangeLine(change.place, change_in_words(made, parts, words), shown)

    return {
        "changes": [line(one) for one, made in zip(reading.changes, changes, strict=True) if made.path in told],
        "conflicts": [line(one.change, one.now) for one in reading.conflicts],
        "errors": sorted(reading.errors, key=lambda one: (len(one.place), one.place)),
        "comments": [CommentLine(one.place, number_of(one.path), one.text) for one in reading.comments],
        "problems": [(path, said) for path, each in problems_by_path(reading.problems, words).items() for said in each],
    }


ROUTES = [show, take, check, bring_in]
