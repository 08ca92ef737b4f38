"""A province corrects and completes a rulebook: values are changed with their sources, and another person signs off.

A value that cannot be read is refused at once. Numbers that do not close yet, such as points entered one by one, stand
in the draft and keep it from being signed off.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from datetime import date
from functools import cached_property
from types import MappingProxyType

import msgspec
import yaml

from domain.adoption import Adoption, acknowledge, adoption_stream
from domain.days import must_be_possible
from domain.errors import (
    DayInTheFuture,
    DraftMoved,
    DraftNotClosed,
    MarksPiledUp,
    NotFound,
    Refused,
    SignNotAllowed,
    ValueUnusable,
)
from domain.fact import Fact
from domain.permissions import Act
from domain.rulebook import Provenance, Rulebook
from domain.rulebook_draft import DraftChange, DraftValue, RulebookDraft, ValueSource, rulebook_draft_stream
from domain.rulebook_text import RulebookText, hash_of, kept_form, rulebook_text_stream
from domain.text import cleaned
from infra.reference.rulebook_closing import RulebookProblem, problems_of, unit_problems_of
from infra.reference.rulebook_file import RulebookInvalid
from infra.reference.rulebook_values import (
    CODE,
    RulebookChange,
    RulebookValue,
    Tree,
    is_node,
    text_of,
    tree_of,
    value_at,
    value_of,
    values_of,
    with_changes,
    yaml_of,
)
from infra.reference.rulebooks import Rulebooks, parse_draft
from infra.storage.files import Received
from services.rulebooks.absent_values import absent_of
from services.rulebooks.planned_seasons import follow, planned_under
from services.work import CommandResult, Streams, Work, use_case

#: The codes, names and numbers that a value may hold are short: what is longer was not typed.
LONGEST_PATH = 100
LONGEST_VALUE = 20_000

#: What a release sets, not a province.
OF_THE_RELEASE = {"id", "model", "status"}

NO_COMMENTS: Mapping[str, str] = MappingProxyType({})

#: What reading a text raises that is none.
UNREADABLE = (RulebookInvalid, yaml.YAMLError, ValueError, ArithmeticError, RecursionError)


@dataclass(frozen=True)
class DraftText:
    """A text with the changes of a draft made to it; `sha256` is the hash that it has once it is signed off."""

    base: Rulebook
    tree: Tree
    changes: tuple[DraftChange, ...]

    @cached_property
    def text(self) -> str:
        """The text in its one form."""
        return kept_form(text_of(self.tree))

    @cached_property
    def sha256(self) -> str:
        """What a page shows of it, so that nobody signs off what they did not see."""
        return hash_of(self.text)

    @cached_property
    def rulebook(self) -> Rulebook:
        """The rulebook in this text, whose numbers need not close."""
        return parse_draft(self.text.encode())

    @cached_property
    def problems(self) -> tuple[RulebookProblem, ...]:
        """What keeps it from being signed off."""
        return (*problems_of(self.rulebook), *unit_problems_of(self.rulebook))

    @cached_property
    def values(self) -> dict[str, DraftValue]:
        """Every value by its path, as it stands in the draft."""
        return {path: stored_value(value) for path, value in values_of(self.tree).items()}

    @cached_property
    def absent(self) -> dict[str, DraftValue]:
        """By path what the draft could say and does not: `absent_of`."""
        return {path: stored_value(value) for path, value in absent_of(self.tree).items()}

    @cached_property
    def scans(self) -> frozenset[str]:
        """The scanned files that its sources name, by hash."""
        return frozenset(source.sha256 for source in self.rulebook.sources.values() if source.sha256)

    def value(self, path: str) -> DraftValue | None:
        """The value at a path, or the node with all that it holds; None where there is none."""
        found = value_at(self.tree, path)
        return None if found is None else stored_value(found)


def draft_text(base: Rulebook, text: str, draft: RulebookDraft | None) -> DraftText:
    """The text with what the draft holds; the text itself where there is no draft."""
    changes = tuple(draft.changes.values()) if draft else ()
    return DraftText(base, with_changes(tree_of(text.encode()), [read_change(one) for one in changes]), changes)


async def draft_of(work: Work, rulebook: str) -> DraftText:
    """The draft of a rulebook as it stands; without changes where nobody has begun one. NotFound for one
    that neither ships nor is kept.
    """
    rulebooks = await work.rulebooks()
    draft = await work.find(RulebookDraft, rulebook_draft_stream(rulebook))
    base = await _base(work, rulebooks, rulebook, draft)
    return draft_text(base, rulebooks.written(base.sha256), draft)


# Changing ----------------------------------------------------------------------------------------------


@use_case("rulebooks.change_values", "rulebook", "changes", "scan")
async def change_values(
    work: Work,
    rulebook: str,
    changes: Sequence[DraftChange],
    scan: Received | None = None,
    comments: Mapping[str, str] = NO_COMMENTS,
) -> CommandResult:
    """Change values of the draft, which begins where there is none; `before` of each is what its author saw.

    `scan` is the scanned file of the document that the changes name as their source; a source names no other file
    than one that the text names already. `comments` are what is said besides, by the path of a value that is there
    then; what has been said of it in the same words is left out. Raises DraftMoved, ValueUnusable, SourceMissing,
    DayInTheFuture, DayOutOfRange, UploadsExhausted.
    """
    work.require(Act.CORRECT_RULEBOOK)
    for change in changes:
        _must_be_short(change)
    before = await draft_of(work, rulebook)
    scanned = [_as_it_was(_with_scan(change, scan), before) for change in changes]
    for change in scanned:
        if before.value(change.path) not in (change.before, change.after):
            raise DraftMoved(path=change.path)
        _must_be_the_provinces(change, before)
        _must_be_read_somewhere(change, before, scan, work.today)
    _must_be_readable(before, scanned)
    _must_be_there(comments, before, scanned)
    if scan is not None:
        await work.require_room(scan.size)
    async with work.changing(rulebook_draft_stream(rulebook)) as streams:
        draft = _begun(work, streams, before)
        draft.change(scanned, work.actor.person)
        said = {(one.path, one.text) for one in draft.comments}
        for path, text in comments.items():
            if (path, text) not in said:
                draft.comment(path, text, work.actor.person)
        if scan is not None:
            await work.files.keep(scan)  # the bytes are there before a fact names them
        return await streams.record(_scans_of)


@use_case("rulebooks.comment", "rulebook", "path", "text")
async def comment(work: Work, rulebook: str, path: str, text: str) -> CommandResult:
    """Say something about a value that the draft has. ReasonMissing, ValueUnusable."""
    work.require(Act.CORRECT_RULEBOOK)
    before = await draft_of(work, rulebook)
    if path not in before.values:
        raise ValueUnusable(path=path[:LONGEST_PATH], why="no such value")
    name = rulebook_draft_stream(rulebook)
    async with work.changing(name) as streams:
        _begun(work, streams, before).comment(path, text, work.actor.person)
        return await streams.record()


@use_case("rulebooks.sign_off", "rulebook", "seen", "acknowledged", "document_no")
async def sign_off(
    work: Work, rulebook: str, seen: str, acknowledged: Sequence[str], document_no: str | None = None
) -> CommandResult:
    """Make the draft the text that the province uses, as another person than those who changed it.

    `seen` is the hash of the draft that was looked at, `acknowledged` the paths that still have no original text. The
    text is kept, adopted and recorded as signed off, and planned seasons follow it, or nothing is. Raises DraftMoved,
    DraftNotClosed, NothingChanged, OwnDraft, UnverifiedNotAcknowledged. Seasons that run go on under their text.
    """
    work.require(Act.SIGN_OFF_RULEBOOK)
    made = await draft_of(work, rulebook)
    if made.sha256 != seen:
        raise DraftMoved(path=rulebook, reason="sign-off")
    if made.problems:
        raise DraftNotClosed(places=tuple(problem.path for problem in made.problems))
    unverified = acknowledge([entry.path for entry in made.rulebook.unverified], acknowledged)
    known = (await work.rulebooks()).find(made.sha256)
    draft_name, text_name = rulebook_draft_stream(rulebook), rulebook_text_stream(made.sha256)
    adoption_name = adoption_stream(rulebook)
    planned = await planned_under(work, rulebook)
    async with work.changing(draft_name, text_name, adoption_name, *planned) as streams:
        draft = streams.get(RulebookDraft, draft_name)
        draft.sign_off(made.sha256, unverified, work.actor.person, document_no)
        if known is None and streams.find(RulebookText, text_name) is None:
            kept = RulebookText(id=work.id_of(text_name), rulebook=rulebook, sha256=made.sha256, text=made.text)
            streams.begin(text_name, kept)
        adoption = streams.find(Adoption, adoption_name)
        if adoption is not None:
            adoption.adopt_text(made.sha256, unverified, document_no, None)
        else:
            streams.begin(
                adoption_name,
                Adoption(
                    id=work.id_of(adoption_name),
                    rulebook=rulebook,
                    sha256=made.sha256,
                    acknowledged=unverified,
                    document_no=document_no,
                ),
            )
        follow(streams, planned, made.rulebook, document_no)
        return await streams.record()


@use_case("rulebooks.send_back", "rulebook", "seen", "reason")
async def send_back(work: Work, rulebook: str, seen: str, reason: str) -> CommandResult:
    """Send the draft back to those who changed it, as another person. DraftMoved, NothingChanged, OwnDraft,
    ReasonMissing.
    """
    work.require(Act.SIGN_OFF_RULEBOOK)
    if (await draft_of(work, rulebook)).sha256 != seen:
        raise DraftMoved(path=rulebook, reason="send-back")
    return await work.change(
        RulebookDraft, rulebook_draft_stream(rulebook), lambda draft: draft.send_back(reason, work.actor.person)
    )


@use_case("rulebooks.discard", "rulebook", "seen", "reason")
async def discard(work: Work, rulebook: str, seen: str, reason: str) -> CommandResult:
    """Give all changes of the draft up; the next one begins from the text in use. DraftMoved, ReasonMissing."""
    work.require(Act.CORRECT_RULEBOOK)
    if (await draft_of(work, rulebook)).sha256 != seen:
        raise DraftMoved(path=rulebook, reason="discard")
    return await work.change(
        RulebookDraft, rulebook_draft_stream(rulebook), lambda draft: draft.discard(reason, work.actor.person)
    )


def _begun(work: Work, streams: Streams, before: DraftText) -> RulebookDraft:
    name = rulebook_draft_stream(before.base.id)
    draft = streams.find(RulebookDraft, name)
    if draft is None:
        new = RulebookDraft(id=work.id_of(name), rulebook=before.base.id, base_sha256=before.base.sha256)
        return streams.begin(name, new)
    draft.begin_from(before.base.sha256)
    return draft


async def _base(work: Work, rulebooks: Rulebooks, rulebook: str, draft: RulebookDraft | None) -> Rulebook:
    """The text that a draft is made to: a draft's own; the one in use; the newest that ships."""
    if draft is not None and draft.changes:
        return rulebooks.text(draft.base_sha256)
    if rulebook not in rulebooks:
        raise NotFound(rulebook=rulebook[:LONGEST_PATH])
    adoption = await work.find(Adoption, adoption_stream(rulebook))
    return rulebooks.text(adoption.sha256) if adoption else rulebooks.newest(rulebook)


def _as_it_was(change: DraftChange, before: DraftText) -> DraftChange:
    """The change; one to a value that the draft or its text has already is to that very value, however it is written:
    what is set back is no change.
    """
    first = next((one.before for one in before.changes if one.path == change.path), None)
    same = next((held for held in (change.before, first) if _is_same(held, change.after)), change.after)
    return replace(change, after=same)


def _is_same(held: DraftValue | None, after: DraftValue | None) -> bool:
    if held is None or after is None or held.source != after.source:
        return False
    unsourced = {Provenance.RECALLED, Provenance.PROVISIONAL}
    if held.provenance != after.provenance and not unsourced.issuperset((held.provenance, after.provenance)):
        return False
    try:
        return bool(value_of(held.yaml) == value_of(after.yaml))
    except RulebookInvalid:
        return False


def _with_scan(change: DraftChange, scan: Received | None) -> DraftChange:
    if scan is None or change.after is None or change.after.source is None:
        return change
    source = replace(change.after.source, sha256=scan.sha256)
    return replace(change, after=replace(change.after, source=source))


def _scans_of(fact: Fact) -> tuple[str, ...]:
    if not isinstance(fact, RulebookDraft.ValueChanged):
        return ()
    named = (source.sha256 for source in _sources_of(fact.path, fact.after))
    return tuple(dict.fromkeys(sha256 for sha256 in named if sha256))


def _sources_of(path: str, value: DraftValue | None) -> list[ValueSource]:
    """The source of a value, or those of all that a node holds. ValueUnusable where they are none."""
    if value is None:
        return []
    if not CODE.fullmatch(path):
        return [value.source] if value.source else []
    try:
        held = read_value(path, value)
        return list(msgspec.convert(held.source, dict[str, ValueSource]).values()) if held else []
    except (RulebookInvalid, msgspec.ValidationError, TypeError, ValueError) as error:
        raise ValueUnusable(path=path, why=str(error)[:200]) from error


# What a change may be ------------------------------------------------------------------------------------


def _must_be_short(change: DraftChange) -> None:
    if len(change.path) > LONGEST_PATH:
        raise ValueUnusable(path=change.path[:LONGEST_PATH], why="path too long")
    if change.after is not None and len(change.after.yaml) > LONGEST_VALUE:
        length, limit = len(change.after.yaml), LONGEST_VALUE
        raise ValueUnusable(path=change.path, reason="too-long", length=length, limit=limit)


def _must_be_the_provinces(change: DraftChange, before: DraftText) -> None:
    """Refuse a change of what a release sets; one that stands in a draft of before may be taken back."""
    if change.path in OF_THE_RELEASE and all(one.path != change.path for one in before.changes):
        raise ValueUnusable(path=change.path, why="of the release")


def _must_be_read_somewhere(change: DraftChange, before: DraftText, scan: Received | None, today: date) -> None:
    known = before.scans | ({scan.sha256} if scan else set())
    for source in _sources_of(change.path, change.after):
        cleaned(RulebookDraft.ValueChanged.TOPIC, {"source": source})  # also where it is to stand within a node
        if source.dated is not None:
            must_be_possible(source.dated, today, "source_dated")
            if source.dated > today:
                raise DayInTheFuture(field="source_dated", day=source.dated, today=today)
        if source.sha256 and source.sha256 not in known:
            raise ValueUnusable(path=change.path, why="no such file")


def _must_be_readable(before: DraftText, changes: Sequence[DraftChange]) -> None:
    """Refuse the first change after which the text could not be read any more."""
    read, tree = [], before.tree
    for change in changes:
        with _unusable(change.path):
            read.append(read_change(change))
    if is_readable(tree, read):
        return
    for change, made in zip(changes, read, strict=True):
        with _unusable(change.path):
            tree = with_changes(tree, [made])
            parse_draft(kept_form(text_of(tree)).encode())


def _must_be_there(comments: Mapping[str, str], before: DraftText, changes: Sequence[DraftChange]) -> None:
    """Refuse what is said of a value that is not there once the changes are made."""
    if not comments:
        return
    there = values_of(with_changes(before.tree, [read_change(change) for change in changes]))
    for path in comments:
        if path not in there:
            raise ValueUnusable(path=path[:LONGEST_PATH], why="no such value")


@contextmanager
def _unusable(path: str) -> Iterator[None]:
    try:
        yield
    except SignNotAllowed as refused:
        raise ValueUnusable(path=path, reason="sign", sign=refused.details["sign"]) from refused
    except MarksPiledUp as refused:
        raise ValueUnusable(path=path, reason="marks") from refused
    except UNREADABLE as error:
        raise ValueUnusable(path=path, why=str(error)[:200]) from error


def is_readable(tree: Tree, changes: Sequence[RulebookChange]) -> bool:
    """Whether the text with all these changes made can be read and kept."""
    try:
        parse_draft(kept_form(text_of(with_changes(tree, changes))).encode())
    except (*UNREADABLE, Refused):
        return False
    return True


# Between the log and the text ----------------------------------------------------------------------------


def stored_value(value: RulebookValue) -> DraftValue:
    """A value of the text as the log holds it."""
    if is_node(value):
        return DraftValue(yaml_of({**value.value, "sources": dict(value.source)}))
    source = ValueSource(**value.source) if value.source else None
    return DraftValue(yaml_of(value.value), None if value.provenance is None else Provenance(value.provenance), source)


def read_change(change: DraftChange) -> RulebookChange:
    """A change of the log as it is made to a text. RulebookInvalid where its values are no YAML."""
    return RulebookChange(change.path, *(read_value(change.path, value) for value in (change.before, change.after)))


def read_value(path: str, value: DraftValue | None) -> RulebookValue | None:
    """A value of the log as the text holds it. RulebookInvalid where it is no YAML."""
    if value is None:
        return None
    content = value_of(value.yaml)
    if CODE.fullmatch(path) and isinstance(content, dict):
        return RulebookValue(content, None, content.pop("sources", None) or {})
    source = {} if value.source is None else {name: held for name, held in asdict(value.source).items() if held}
    return RulebookValue(content, None if value.provenance is None else value.provenance.value, source)
