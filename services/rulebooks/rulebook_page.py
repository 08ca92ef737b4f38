"""The rulebooks of a province: what their values say, where each was read, how they are corrected and signed off."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import asdict
from typing import Any, ClassVar, NamedTuple
from urllib.parse import quote

from domain.adoption import Adoption, adoption_stream
from domain.errors import DraftMoved, NotFound, Refused, ValueUnusable
from domain.official import Office
from domain.permissions import Act, positions_for
from domain.rulebook import Provenance, Rulebook
from domain.rulebook_draft import DraftChange, DraftValue, RulebookDraft, ValueSource, rulebook_draft_stream
from infra.reference.rulebook_values import tree_of, value_of, yaml_of
from infra.reference.rulebooks import Rulebooks
from infra.storage.files import LIMIT, Received
from projections.tables.officials import OFFICIALS
from projections.tables.seasons import SeasonRow
from services.i18n import Words
from services.rulebooks import draft as drafting
from services.rulebooks.draft import DraftText, read_change
from services.rulebooks.keep import newer_text
from services.rulebooks.planned_seasons import follows, seasons_under
from services.rulebooks.rulebook_view import (
    RulebookView,
    changes_in_words,
    criterion_of,
    is_in,
    named,
    seen_of,
    told_apart,
)
from services.rulebooks.second_person import signers
from services.rulebooks.value_fields import (
    MEASURES,
    fields_of,
    is_editable,
    measure_typed,
    of_measure,
    part_code,
    written,
)
from services.rulebooks.value_fields import value_typed as read_value
from services.rulebooks.value_sources import KNOWN, LISTED, UNVERIFIED, known_words
from services.rulebooks.value_words import is_hidden, number_of
from services.web import urls
from services.web.file_bodies import chosen_in, handed_out, pieces_of
from services.web.form_fields import FieldMissing
from services.web.handlers import act, page
from services.web.visit import PageResponse, Visit

#: The scanned file itself and the fields around it.
BODY_LIMIT = LIMIT + 500_000


class SourceNotChosen(Refused):
    """A value came without a choice of where it was read, or with one that the fields beside it contradict; `field`
    says where it is chosen.
    """

    code: ClassVar[str] = "source-not-chosen"


class Seen(NamedTuple):
    """A rulebook as a request sees it."""

    rulebooks: Rulebooks
    adoption: Adoption | None
    draft: RulebookDraft | None
    text: DraftText
    view: RulebookView


async def seen_of_rulebook(visit: Visit, rulebook: str) -> Seen:
    """The rulebook with its draft. NotFound for one that does not ship."""
    work = visit.work()
    rulebooks = await visit.rulebooks()
    if rulebook not in rulebooks:
        raise NotFound(rulebook=rulebook)
    adoption = await work.find(Adoption, adoption_stream(rulebook))
    held = await work.find(RulebookDraft, rulebook_draft_stream(rulebook))
    text = await drafting.draft_of(work, rulebook)
    async with visit.reads() as view:
        names = {one.person: one.name for one in await view.all(OFFICIALS)}
    return Seen(rulebooks, adoption, held, text, RulebookView(text, held, names, visit.words))


# The list ----------------------------------------------------------------------------------------------


class Listed(NamedTuple):
    """A rulebook in the list: the text in use, in how many values a newer one that ships differs from it, and the years
    that are judged by it.
    """

    newest: Rulebook
    used: Rulebook | None
    changes: int
    differing: int
    years: list[SeasonRow]


@page(urls.RULEBOOKS, past=False)
async def show_all(visit: Visit) -> PageResponse:
    """The rulebooks, the latest first."""
    work, rulebooks = visit.work(), await visit.rulebooks()
    async with visit.reads() as view:
        years = {newest.id: await seasons_under(view, newest.id) for newest in rulebooks.newest_of_each()}
    found = []
    for newest in rulebooks.newest_of_each():
        adoption = await work.find(Adoption, adoption_stream(newest.id))
        used = rulebooks.find(adoption.sha256) if adoption else None
        held = await work.find(RulebookDraft, rulebook_draft_stream(newest.id))
        newer = await newer_text(work, newest.id)
        differing = len(difference(rulebooks, used, newer, visit)) if used and newer else 0
        changes = told_apart([read_change(one) for one in held.changes.values()]) if held else []
        found.append(Listed(newest, used, len(changes), differing, years[newest.id]))
    found.sort(key=lambda one: str(one.newest.in_force_from.value or ""), reverse=True)
    return await visit.page("rulebooks/index.html", listed=found)


def difference(rulebooks: Rulebooks, before: Rulebook, after: Rulebook, visit: Visit) -> list[Any]:
    """What differs between two texts, in words."""
    if before.sha256 == after.sha256:
        return []
    trees = [tree_of(rulebooks.written(one.sha256).encode()) for one in (before, after)]
    return changes_in_words(trees[0], trees[1], visit.words)


# One rulebook ------------------------------------------------------------------------------------------


@page(urls.RULEBOOK, past=False)
async def show(visit: Visit, rulebook: str) -> PageResponse:
    """Every value with its source; `?sua=` opens the form of one, `?loc=` and `?tieu-chi=` narrow the list."""
    seen = await seen_of_rulebook(visit, rulebook)
    lines = await asyncio.to_thread(seen.view.lines)
    state, criterion = visit.query("loc") or "", visit.query("tieu-chi") or ""
    shown = [line for line in lines if is_in(line, state) and (not criterion or criterion_of(line.path) == criterion)]
    path = visit.query("sua") or visit.typed.text("path")
    editing = form_of(visit, seen, path) if visit.may(Act.CORRECT_RULEBOOK) else None
    if editing:  # among what stands around it: all values together are a long page
        criterion = criterion_of(path)
        shown = [line for line in lines if criterion_of(line.path) == criterion]
    used, newer = seen.text.base, await newer_text(visit.work(), rulebook)
    return await visit.page(
        "rulebooks/rulebook.html",
        rulebook=seen.text.rulebook,
        number_of=number_of,
        seen=seen,
        adoption=seen.adoption,
        groups=seen.view.groups(shown),
        shown=len(shown),
        counts=seen.view.counts(),
        before=len(used.unverified),
        states=LISTED,
        state=state,
        criterion=criterion,
        criteria=seen.text.rulebook.criteria,
        editing=editing,
        # A refused form stands first, under what was refused.
        refused_line=next((one for one in lines if editing and visit.refusal and one.path == path), None),
        without_text=seen.view.without_text(),
        absent=seen.view.absent(),
        problems=seen.view.problems(),
        former_numbers=seen.view.former_numbers(),
        offered=difference(seen.rulebooks, used, newer, visit) if newer else [],
    )


class EditForm(NamedTuple):
    """The form of one value, of a content without text that is to become one, or of a value that the text lacks.

    `known_so` is how well a value with a source is known so far: it is not chosen again.
    """

    path: str
    seen: str
    kind: str
    kinds: tuple[str, ...]
    fields: list[tuple[Any, str]]
    known: dict[Provenance, str]
    source: ValueSource
    added: bool
    absent: bool = False
    known_so: str = ""


def form_of(visit: Visit, seen: Seen, path: str) -> EditForm | None:
    """The form that is open; None where there is none for the path."""
    asked = visit.query("cach") or visit.typed.text("kind")
    if part_code(path) and path in seen.view.without_text():
        kind = asked if asked in MEASURES else "boolean"
        fields = [(field, "") for field in of_measure(kind)]
        return EditForm(
            path, seen_of(None), kind, tuple(MEASURES), fields, known_in(visit.words), ValueSource(""), added=True
        )
    value = seen.text.values.get(path)
    if value is None and path in seen.text.absent:
        value = seen.text.absent[path]
        fields = [(field, "") for field in fields_of(path, value_of(value.yaml))]
        known = known_in(visit.words) if value.provenance else {}
        return EditForm(path, seen_of(None), "", (), fields, known, ValueSource(""), added=False, absent=True)
    if value is None or not is_editable(path):
        return None
    content = value_of(value.yaml)
    is_measure = path.endswith(".measure")
    own = str(content.get("kind", "")) if is_measure else ""
    kind = asked if is_measure and (asked in MEASURES or asked == own) else own
    kinds = tuple(dict.fromkeys([own, *MEASURES])) if is_measure else ()
    fields = [(field, written(field, content) if kind == own else "") for field in fields_of(path, content, kind)]
    known = known_in(visit.words) if value.provenance is not None else {}
    source = value.source or ValueSource("")
    known_so = str(seen.text.rulebook.provenances.get(path, "")) if value.source else ""
    return EditForm(path, seen_of(value), kind, kinds, fields, known, source, added=False, known_so=known_so)


def known_in(words: Words) -> dict[Provenance, str]:
    """How well a value may be said to be known, in words; none is chosen before somebody chooses."""
    return {one: known_words(one, words) for one in KNOWN}


@act(urls.RULEBOOK + "/sua", again=show, request_max_body_size=BODY_LIMIT)
async def change(visit: Visit, rulebook: str) -> PageResponse:
    """Change a value, or only its source; a content without text gets its wording and its measure."""
    visit.work().require(Act.CORRECT_RULEBOOK)
    seen = await seen_of_rulebook(visit, rulebook)
    path = visit.typed.text("path")
    adds = part_code(path) and path in seen.view.without_text()
    was = seen.text.value(path)
    with named(seen.text, visit.words, _first_field(form_of(visit, seen, path))):
        if visit.typed.text("seen") != seen_of(was):
            raise DraftMoved(path=path[:100])
        async with scanned(visit) as scan:
            changes = _added(visit, seen, path, scan) if adds else [_changed(visit, seen, path, was)]
            result = await drafting.change_values(visit.work(), rulebook, changes, scan)
    return await visit.done(result, to=f"{visit.url.rulebook(rulebook)}#v-{path}")


def _first_field(form: EditForm | None) -> str:
    return [*(field.name for field, _ in form.fields), "known"][0] if form else ""


def _changed(visit: Visit, seen: Seen, path: str, was: DraftValue | None) -> DraftChange:
    held = was or seen.text.absent.get(path)
    if held is None or not is_editable(path):
        raise ValueUnusable(path=path[:100], why="no such value")
    provenance, source = source_typed(visit, held)
    content = read_value(path, value_of(held.yaml), visit.typed, doubtless=provenance is Provenance.SOURCED)
    if was is None and content in (None, "", [], {}):
        raise FieldMissing(field=fields_of(path, content or {})[0].name)
    return DraftChange(path, was, DraftValue(yaml_of(content), provenance, source))


def _added(visit: Visit, seen: Seen, path: str, scan: Received | None) -> list[DraftChange]:
    indicator = path.rpartition(".")[0]
    listed = f"{indicator}.without_text"
    left = seen.text.values[listed]
    name = visit.typed.needed("name")
    provenance, source = source_typed(visit, DraftValue("", Provenance.RECALLED))
    part = {
        "code": path,
        "name": name,
        "measure": measure_typed(visit.typed, {}, doubtless=True),
        "provenance": (provenance or Provenance.RECALLED).value,
    }
    read = {key: held for key, held in asdict(source).items() if held} if source else {}
    if scan is not None and source:
        read["sha256"] = scan.sha256
    sources = {f"{path}.measure": read} if read else {}
    rest = [code for code in value_of(left.yaml) if code != path]
    return [
        DraftChange(listed, left, DraftValue(yaml_of(rest), left.provenance, left.source)),
        DraftChange(path, None, DraftValue(yaml_of({**part, "sources": sources}))),
    ]


def source_typed(visit: Visit, was: DraftValue) -> tuple[Provenance | None, ValueSource | None]:
    """How well the value is known, and where it was read. FieldMissing without a document where there has to be one."""
    if was.provenance is None:
        return None, None
    typed = visit.typed
    if typed.text("known") not in KNOWN:
        raise SourceNotChosen(field="known")
    known = Provenance(typed.text("known"))
    if known is Provenance.RECALLED:
        if typed.text("source_document"):
            raise SourceNotChosen(field="known", reason="document-named")
        return (was.provenance if was.provenance is Provenance.PROVISIONAL else known), None
    held = was.source.sha256 if was.source else ""
    dated = typed.day("source_dated")
    if known is Provenance.SOURCED and typed.text("source_document"):  # a legal text is found by both
        typed.needed("source_number")
        if dated is None:
            raise FieldMissing(field="source_dated")
    source = ValueSource(
        typed.needed("source_document"),
        typed.text("source_number"),
        dated,
        typed.text("source_article"),
        typed.text("source_page"),
        was.source.address if was.source else "",
        "" if typed.text("scan_gone") else held,
    )
    return known, source


@asynccontextmanager
async def scanned(visit: Visit) -> AsyncIterator[Received | None]:
    """The scanned document that came with the form, in quarantine; None without one."""
    file = visit.typed.file("scan")
    if file is None:
        yield None
        return
    with chosen_in("scan"):
        async with visit.app.files(visit.tenant).receiving(file.filename, pieces_of(file)) as received:
            yield received


@act(urls.RULEBOOK + "/lay-lai", again=show)
async def take_back(visit: Visit, rulebook: str) -> PageResponse:
    """Take one change back: the value is again what the text in use says."""
    visit.work().require(Act.CORRECT_RULEBOOK)
    seen = await seen_of_rulebook(visit, rulebook)
    path = visit.typed.text("path")
    made = next((one for one in seen.text.changes if one.path == path), None)
    with named(seen.text, visit.words):
        if made is None or visit.typed.text("seen") != seen_of(seen.text.value(path)):
            raise DraftMoved(path=path[:100])
        changes = [DraftChange(path, made.after, made.before)]
        result = await drafting.change_values(visit.work(), rulebook, changes)
    return await visit.done(result, to=f"{visit.url.rulebook(rulebook)}#v-{path}")


@act(urls.RULEBOOK + "/y-kien", again=show)
async def comment(visit: Visit, rulebook: str) -> PageResponse:
    """Say something about a value."""
    path = visit.typed.text("path")
    with named((await seen_of_rulebook(visit, rulebook)).text, visit.words):
        if is_hidden(path):
            raise ValueUnusable(path=path[:100], why="nobody would see it")
        result = await drafting.comment(visit.work(), rulebook, path, visit.typed.needed("comment"))
    return await visit.done(result, to=f"{visit.url.rulebook(rulebook)}#v-{path}")


@act(urls.RULEBOOK + "/bo", again=show)
async def discard(visit: Visit, rulebook: str) -> PageResponse:
    """Give all changes up."""
    result = await drafting.discard(visit.work(), rulebook, visit.typed.text("seen"), visit.typed.needed("reason"))
    return await visit.done(result, to=visit.url.rulebook(rulebook))


@page(urls.RULEBOOK + "/van-ban/{sha256:str}", past=False)
async def hand_out_scan(visit: Visit, rulebook: str, sha256: str) -> PageResponse:
    """A scanned document that a source of the rulebook names."""
    seen = await seen_of_rulebook(visit, rulebook)
    if sha256 not in seen.text.scans:
        raise NotFound(kind="scan", subject=sha256)
    file = await visit.app.files(visit.tenant).open(sha256)
    name = quote(f"{sha256[:12]}", safe="")
    return handed_out(
        file,
        "application/octet-stream",
        f"attachment; filename*=UTF-8''{name}",
        {"Content-Security-Policy": "default-src 'none'; sandbox"},
    )


# Signing off -------------------------------------------------------------------------------------------


@page(urls.RULEBOOK + "/ky-duyet", past=False)
async def show_sign_off(visit: Visit, rulebook: str) -> PageResponse:
    """All changes and all that stays without an original text, for the person who signs off."""
    seen = await seen_of_rulebook(visit, rulebook)
    base = tree_of(seen.rulebooks.written(seen.text.base.sha256).encode())
    lines = await asyncio.to_thread(seen.view.lines)
    async with visit.reads() as view:
        seasons = await seasons_under(view, rulebook)
        officials = await view.all(OFFICIALS)
    names = {one.person: one.name for one in officials}
    editors = sorted(seen.draft.editors) if seen.draft and seen.text.changes else []
    return await visit.page(
        "rulebooks/sign_off.html",
        rulebook=seen.text.rulebook,
        number_of=number_of,
        seen=seen,
        changes=changes_in_words(base, seen.text.tree, visit.words),
        problems=seen.view.problems(),
        former_numbers=seen.view.former_numbers(),
        unverified=seen.view.groups([line for line in lines if is_in(line, UNVERIFIED)]),
        counts=seen.view.counts(),
        before=len(seen.text.base.unverified),
        editors=[names.get(one, "") for one in editors],
        is_editor=visit.actor.person in editors,
        signers=signers(officials, editors, visit.today),
        signing_offices=[one for one in Office if one in positions_for(Act.SIGN_OFF_RULEBOOK)],
        planned=[row for row in seasons if follows(row)],
        running=[row for row in seasons if not row.has_ended and not follows(row)],
    )


@act(urls.RULEBOOK + "/ky-duyet/ky", again=show_sign_off)
async def sign_off(visit: Visit, rulebook: str) -> PageResponse:
    """Make the draft the text in use."""
    visit.work().require(Act.SIGN_OFF_RULEBOOK)
    seen = await seen_of_rulebook(visit, rulebook)
    typed = visit.typed
    unverified = [entry.path for entry in seen.text.rulebook.unverified] if typed.text("acknowledged") else []
    with named(seen.text, visit.words):
        result = await drafting.sign_off(
            visit.work(), rulebook, typed.text("seen"), unverified, typed.text("document_no") or None
        )
    return await visit.done(result, to=visit.url.rulebook(rulebook) + "/cac-ban")


@act(urls.RULEBOOK + "/ky-duyet/tra-lai", again=show_sign_off)
async def send_back(visit: Visit, rulebook: str) -> PageResponse:
    """Send the changes back to those who made them, with the reason."""
    result = await drafting.send_back(visit.work(), rulebook, visit.typed.text("seen"), visit.typed.text("reason"))
    return await visit.done(result, to=visit.url.rulebook(rulebook) + "/ky-duyet")


ROUTES = [
    show_all,
    show,
    change,
    take_back,
    comment,
    discard,
    hand_out_scan,
    show_sign_off,
    sign_off,
    send_back,
]
