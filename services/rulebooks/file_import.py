"""A file of a rulebook that comes back: what it would change in the draft, and what is wrong with it, place by place.

Nothing is written here. The changes are those against the text that the file was made from; what somebody else has
changed in the draft meanwhile stands as a conflict and is left as it is.
"""

from __future__ import annotations

import asyncio
import base64
import binascii
import zlib
from collections.abc import Callable, Container, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any, NamedTuple

import msgspec

from domain.days import must_be_possible
from domain.errors import DraftMoved, Refused, RulebookFileUnusable, TextTooLong
from domain.rulebook import Provenance
from domain.rulebook_draft import DraftChange, DraftComment, RulebookDraft, ValueSource
from domain.text import cleaned
from infra.reference.rulebook_closing import RulebookProblem
from infra.reference.rulebook_file import RulebookInvalid
from infra.reference.rulebook_values import (
    CODE,
    RulebookChange,
    RulebookValue,
    Tree,
    changes_between,
    tree_of,
    value_at,
    values_of,
    with_changes,
)
from infra.reference.rulebooks import Rulebooks
from services.rulebooks.draft import (
    LONGEST_PATH,
    LONGEST_VALUE,
    OF_THE_RELEASE,
    UNREADABLE,
    DraftText,
    is_readable,
    stored_value,
)
from services.rulebooks.file_rows import FileError, FileRow, RowReader, rows_of, same_cell, text_of_cell
from services.rulebooks.file_words import FORMER_STATES
from services.rulebooks.file_workbook import FileOrigin, ReadWorkbook, place_of, read_workbook, write_workbook
from services.rulebooks.file_yaml import ReadYaml, difference, place_in_words, pointer_of, read_yaml, write_yaml
from services.rulebooks.value_sources import as_known

#: Seconds that reading a file may take.
PATIENCE = 30.0

#: The signs of what is said of one value.
LONGEST_COMMENT = 2_000

#: Of the changes of a file on their way from the page that shows them to the one that records them.
MOST_CARRIED = 2_000_000


@dataclass(frozen=True, slots=True)
class FileChange:
    """A change that a file makes, and the place in the file where it stands."""

    place: str
    path: str
    before: RulebookValue | None
    after: RulebookValue | None


@dataclass(frozen=True, slots=True)
class FileConflict:
    """A value that the file changes and that somebody else has changed in the draft: now it is another one."""

    change: FileChange
    now: RulebookValue | None


@dataclass(frozen=True, slots=True)
class FileComment:
    """What a file says of the value at a path, and the place in the file where it stands."""

    place: str
    path: str
    text: str


class Carried(NamedTuple):
    """What a form brings back of a file: its changes, and what it says of values."""

    changes: list[DraftChange]
    comments: dict[str, str]


@dataclass(frozen=True)
class FileReading:
    """What a file would do to the draft `seen`. `same` counts the values that it leaves, `absent` those it has not.

    `is_older` says that the draft has moved since the file was made, `problems` what keeps the draft with all changes
    of the file from being signed off.
    """

    seen: str
    changes: tuple[FileChange, ...]
    errors: tuple[FileError, ...]
    conflicts: tuple[FileConflict, ...]
    problems: tuple[RulebookProblem, ...]
    same: int
    absent: int = 0
    is_older: bool = False
    comments: tuple[FileComment, ...] = ()

    @property
    def carried(self) -> str:
        """What the form that records it carries."""
        changes = [DraftChange(one.path, _stored(one.before), _stored(one.after)) for one in self.changes]
        stored = Carried(changes, {one.path: one.text for one in self.comments})
        return base64.b85encode(zlib.compress(msgspec.json.encode(stored), 9)).decode()


def _stored(value: RulebookValue | None) -> Any:
    return None if value is None else stored_value(value)


def read_carried(text: str) -> Carried:
    """What a form brings back. RulebookFileUnusable where it is spoilt."""
    try:
        unpacking = zlib.decompressobj()
        content = unpacking.decompress(base64.b85decode(text), MOST_CARRIED)
        if unpacking.unconsumed_tail:
            raise RulebookFileUnusable(reason="carried")
        return msgspec.json.decode(content, type=Carried)
    except (ValueError, binascii.Error, zlib.error, msgspec.MsgspecError) as error:
        raise RulebookFileUnusable(reason="carried") from error


# Writing -----------------------------------------------------------------------------------------------


def workbook_of(title: str, source: str, origin: FileOrigin, tree: Tree) -> bytes:
    """The text as a workbook."""
    return write_workbook(title, source, origin, rows_of(tree))


def yaml_of_text(origin: FileOrigin, tree: Tree) -> bytes:
    """The text as a file of YAML."""
    return write_yaml(origin, as_known(tree))


# Reading -----------------------------------------------------------------------------------------------


async def read_file(
    name: str, content: bytes, province: str, draft: DraftText, rulebooks: Rulebooks, today: date
) -> FileReading:
    """What the file would change in the draft. RulebookFileUnusable where it cannot be read at all, is another
    rulebook's or another province's, or was made from a text that is not here.
    """
    ending = name.rpartition(".")[2].lower()
    read: Callable[[bytes], ReadWorkbook | ReadYaml]
    if ending == "xlsx":
        read = read_workbook
    elif ending in ("yaml", "yml"):
        read = read_yaml
    else:
        raise RulebookFileUnusable(reason="ending")

    def whole() -> FileReading:
        held = read(content)
        base, is_older = _base_of(held.origin, province, draft, rulebooks)
        found = _of_workbook(held, base, today) if isinstance(held, ReadWorkbook) else _of_yaml(held, base)
        return _reading(found, draft, today, is_older=is_older)

    try:
        return await asyncio.wait_for(asyncio.to_thread(whole), PATIENCE)
    except TimeoutError:
        raise RulebookFileUnusable(reason="too-slow") from None


@dataclass(frozen=True)
class _Found:
    """What stands in a file against the text it was made from."""

    changes: Sequence[FileChange]
    errors: Sequence[FileError]
    same: int
    absent: int = 0
    comments: tuple[FileComment, ...] = ()


def _base_of(origin: FileOrigin, province: str, draft: DraftText, rulebooks: Rulebooks) -> tuple[Tree, bool]:
    """The text that the file was made from, and whether the draft has moved since."""
    if origin.province != province:
        raise RulebookFileUnusable(reason="other-province")
    if origin.rulebook != draft.base.id:
        raise RulebookFileUnusable(reason="other-rulebook", rulebook=origin.rulebook[:LONGEST_PATH])
    if origin.shown == draft.sha256:
        return draft.tree, False
    for sha256, is_older in ((origin.shown, bool(draft.changes)), (origin.base, True)):
        try:
            tree = tree_of(rulebooks.written(sha256).encode())
        except (Refused, RulebookInvalid):
            continue
        if tree.get("id") == draft.base.id:
            return tree, is_older
    raise RulebookFileUnusable(reason="base")


def _of_workbook(read: ReadWorkbook, base: Tree, today: date) -> _Found:
    rows = {row.path: row for row in rows_of(base)}
    errors, placed = _placed(read, rows)
    broken = {error.place for error in read.errors}
    without = {path: list(value) for path, value in _without_text(base)}
    changes: dict[str, FileChange] = {}
    same = 0
    for path, number in placed.items():
        reader = RowReader(rows[path], _whole_cells(rows[path], read, number, broken), today)
        made = reader.change(without.get(path.rpartition(".")[0], []))
        errors += [FileError(place_of(number, name), code, what) for name, code, what in reader.errors]
        same += not made and not reader.errors and rows[path].absent is None
        for change in made:
            earlier = changes.get(change.path)
            before = earlier.before if earlier else change.before
            changes[change.path] = FileChange(f"{number}", change.path, before, change.after)
    placed_changes = [replace(one, place=_column_place(one, read, rows)) for one in changes.values()]
    comments, too_long = _comments(read, rows, placed, changes.keys())
    return _Found(placed_changes, [*errors, *too_long], same, _missing(rows, placed), comments)


def _missing(rows: Mapping[str, FileRow], placed: Container[str]) -> int:
    """How many values of the text the sheet does not show."""
    return sum(path not in placed for path, row in rows.items() if row.absent is None)


def _comments(
    read: ReadWorkbook, rows: Mapping[str, FileRow], placed: Mapping[str, int], changed: Container[str]
) -> tuple[tuple[FileComment, ...], list[FileError]]:
    """What is said of values: of a part without text, of the name that it gets, or of its indicator's name."""
    said, errors = dict[str, FileComment](), list[FileError]()
    for path, number in placed.items():
        text, place = text_of_cell(read.rows[number].get("comment")), place_of(number, "comment")
        if not text:
            continue
        if len(text) > LONGEST_COMMENT:
            errors.append(FileError(place, "comment-too-long", str(LONGEST_COMMENT)))
            continue
        of = path
        if rows[path].is_part:
            of = f"{path}.name" if path in changed else f"{path.rpartition('.')[0]}.name"
        text = f"{said[of].text}\n{text}" if of in said else text
        said[of] = FileComment(place, of, text)
    return tuple(said.values()), errors


def _placed(read: ReadWorkbook, rows: Mapping[str, FileRow]) -> tuple[list[FileError], dict[str, int]]:
    """The rows of the sheet by path; a path that the text has not, or that stands twice, is an error."""
    errors, placed = list(read.errors), dict[str, int]()
    for number, cells in read.rows.items():
        path = text_of_cell(cells.get("path"))
        if not path and any(error.place == place_of(number, "path") for error in read.errors):
            continue
        if not path:
            errors.append(FileError(place_of(number, "path"), "path-empty", str(number)))
        elif path not in rows:
            errors.append(FileError(place_of(number, "path"), "no-such-path", path[:LONGEST_PATH]))
        elif path in placed:
            errors.append(FileError(place_of(number, "path"), "path-twice", path))
        else:
            placed[path] = number
    return errors, placed


def _whole_cells(row: FileRow, read: ReadWorkbook, number: int, broken: set[str]) -> dict[str, Any]:
    """The cells of a row; one that could not be read counts as it was, so that it stops no other."""
    cells = dict(read.rows[number])
    for name in cells:
        if place_of(number, name) in broken:
            cells[name] = row.cells.get(name)
    state = text_of_cell(cells.get("state"))
    return {**cells, "state": FORMER_STATES.get(state.casefold(), state)}


def _column_place(change: FileChange, read: ReadWorkbook, rows: Mapping[str, FileRow]) -> str:
    """The first cell of the row that was edited."""
    number = int(change.place)
    cells = read.rows[number]
    row = rows.get(change.path) or rows.get(text_of_cell(cells["path"]))
    edited = (
        [name for name in (row.cells if row else ()) if not same_cell(row.cells[name], cells.get(name))] if row else []
    )
    return place_of(number, edited[0] if edited else "out")


def _without_text(base: Tree) -> Iterator[tuple[str, list[str]]]:
    for criterion in base.get("criteria") or []:
        for indicator in criterion.get("indicators") or []:
            yield indicator["code"], indicator.get("without_text") or []


def _of_yaml(read: ReadYaml, base: Tree) -> _Found:
    errors, shown = list(_of_sources(read)), as_known(base)
    try:
        made = changes_between(shown, read.tree)
    except (KeyError, TypeError, AttributeError, ValueError) as error:
        raise RulebookFileUnusable(reason="yaml-form", line=1, place=str(error)[:60]) from error
    applied, good = shown, list[RulebookChange]()
    for change in made:
        line = str(read.line(pointer_of(read.tree, change.path)))
        try:
            applied = with_changes(applied, [change])
        except RulebookInvalid:
            errors.append(FileError(line, "not-usable", change.path[:LONGEST_PATH]))
        else:
            good.append(change)
    left = [] if errors else list(difference(read.tree, applied))
    errors += [FileError(str(read.line(pointer)), "unknown-place", place_in_words(pointer)) for pointer in left]
    changes = [
        FileChange(str(read.line(pointer_of(read.tree, one.path))), one.path, before, one.after)
        for one in good
        if (before := value_at(base, one.path)) != one.after  # older files say of a value what the text says
    ]
    return _Found(changes, errors, len(list(_paths(base))) - len(changes))


def _paths(tree: Tree) -> Iterator[str]:
    for row in rows_of(tree):
        if row.absent is None:
            yield row.path


def _of_sources(read: ReadYaml) -> Iterator[FileError]:
    """Sources of another form; they are taken out of the tree, so that they stop nothing else."""
    sources = read.tree.get("sources")
    if sources is not None and not isinstance(sources, dict):
        read.tree["sources"] = {}
        yield FileError(str(read.line(("sources",))), "source-form", "sources")
        return
    for path, source in list((sources or {}).items()):
        if not _is_source(source):
            del read.tree["sources"][path]
            yield FileError(str(read.line(("sources", path))), "source-form", str(path)[:LONGEST_PATH])


def _is_source(source: Any) -> bool:
    if not isinstance(source, dict) or not {*source} <= {*ValueSource.__dataclass_fields__} or "document" not in source:
        return False
    days = isinstance(source.get("dated"), date | None)
    return days and all(isinstance(held, str) for name, held in source.items() if name != "dated")


# Against the draft -------------------------------------------------------------------------------------


def _reading(found: _Found, draft: DraftText, today: date, *, is_older: bool) -> FileReading:
    changes, errors, conflicts = list[FileChange](), list(found.errors), list[FileConflict]()
    for change in found.changes:
        now = value_at(draft.tree, change.path)
        if now == change.after:
            continue
        if now != change.before:
            conflicts.append(FileConflict(change, now))
        elif code := _what_is_wrong(change, draft, today):
            errors.append(FileError(change.place, code, change.path[:LONGEST_PATH]))
        else:
            changes.append(change)
    usable = _usable(draft.tree, changes)
    kept = [change for change in changes if change.path in usable]
    errors += [FileError(one.place, "not-usable", one.path) for one in changes if one.path not in usable]
    return FileReading(
        seen=draft.sha256,
        changes=tuple(kept),
        errors=tuple(errors),
        conflicts=tuple(conflicts),
        problems=_problems(draft, kept),
        same=found.same,
        absent=found.absent,
        is_older=is_older,
        comments=_still_there(found.comments, draft, kept),
    )


def _still_there(
    comments: Sequence[FileComment], draft: DraftText, changes: Sequence[FileChange]
) -> tuple[FileComment, ...]:
    """The comments on values that are there once the changes are made."""
    made = [RulebookChange(one.path, one.before, one.after) for one in changes]
    there = values_of(with_changes(draft.tree, made)) if comments else {}
    return tuple(one for one in comments if one.path in there)


def _what_is_wrong(change: FileChange, draft: DraftText, today: date) -> str:  # noqa: PLR0911 - one line for each mistake
    """Why a change could not be recorded, "" where it can."""
    after = change.after
    if len(change.path) > LONGEST_PATH or change.path in OF_THE_RELEASE:
        return "not-usable"
    if after is None:
        return ""
    try:
        stored = stored_value(after)
    except (ValueError, TypeError):
        return "not-usable"
    if len(stored.yaml) > LONGEST_VALUE:
        return "too-long"
    sources = list(after.source.values()) if CODE.fullmatch(change.path) else [after.source]
    if stored.provenance is Provenance.SOURCED and not str(after.source.get("document") or "").strip():
        return "source-needed"
    for source in filter(None, sources):
        try:
            cleaned(RulebookDraft.ValueChanged.TOPIC, source)
        except Refused as refused:
            return "source-too-long" if isinstance(refused, TextTooLong) else "source-unusable"
        if source.get("sha256") and source["sha256"] not in draft.scans:
            return "no-such-scan"
        if code := _day_is_wrong(source["dated"], today) if source.get("dated") else "":
            return code
    return ""


def _day_is_wrong(day: date, today: date) -> str:
    try:
        must_be_possible(day, today, "dated")
    except Refused:
        return "day-out-of-range"
    return "day-in-the-future" if day > today else ""


def _usable(tree: Tree, changes: Sequence[FileChange]) -> set[str]:
    """The paths of the changes that can be made together; those that cannot are found by halves."""
    accepted: list[RulebookChange] = []

    def take(some: Sequence[FileChange]) -> None:
        made = [RulebookChange(one.path, one.before, one.after) for one in some]
        if is_readable(tree, [*accepted, *made]):
            accepted.extend(made)
        elif len(some) > 1:
            middle = len(some) // 2
            take(some[:middle])
            take(some[middle:])

    if changes:
        take(changes)
    return {change.path for change in accepted}


def _problems(draft: DraftText, changes: Sequence[FileChange]) -> tuple[RulebookProblem, ...]:
    made = [RulebookChange(one.path, one.before, one.after) for one in changes]
    try:
        return DraftText(draft.base, with_changes(draft.tree, made), draft.changes).problems
    except UNREADABLE:
        return ()


def without_said(reading: FileReading, said: Sequence[DraftComment]) -> FileReading:
    """The reading without comments that stand in the draft already."""
    there = {(one.path, one.text) for one in said}
    return replace(reading, comments=tuple(one for one in reading.comments if (one.path, one.text) not in there))


def must_be_seen(draft: DraftText, seen: str) -> None:
    """Raise DraftMoved where the draft is no more the one that the changes of a file were shown against."""
    if draft.sha256 != seen:
        raise DraftMoved(path=draft.base.id, reason="file")
