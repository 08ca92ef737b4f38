"""Files of a rulebook as an official, or somebody else, has spoilt them."""

import io
import zipfile
from collections.abc import Callable
from datetime import date
from functools import cache
from typing import Any

import openpyxl

from domain.rulebook import Rulebook
from domain.rulebook_draft import DraftChange
from infra.reference.rulebook_values import RulebookChange, tree_of, with_changes
from infra.reference.rulebooks import Rulebooks, parse_rulebook, shipped_texts
from services.rulebooks.draft import DraftText, stored_value
from services.rulebooks.file_import import FileReading, read_file, workbook_of, yaml_of_text
from services.rulebooks.file_rows import COLUMNS
from services.rulebooks.file_workbook import HEAD, SHEET, FileOrigin

TODAY = date(2026, 11, 29)
TEXTS = list(shipped_texts())
#: The text of each rulebook that is completed: points, and levels with parts without text.
POINTS = next(text for text in reversed(TEXTS) if b"id: qd-25-2021" in text)
LEVELS = next(text for text in reversed(TEXTS) if b"id: qd-27-2025" in text)


@cache
def the_rulebook(text: bytes) -> Rulebook:
    """The rulebook in a text."""
    return parse_rulebook(text)


@cache
def the_rulebooks() -> Rulebooks:
    """All texts that ship."""
    return Rulebooks([the_rulebook(text) for text in TEXTS])


def the_draft(text: bytes, *changes: RulebookChange) -> DraftText:
    """The draft of this text with these changes."""
    stored = tuple(
        DraftChange(one.path, *(None if value is None else stored_value(value) for value in (one.before, one.after)))
        for one in changes
    )
    return DraftText(the_rulebook(text), with_changes(tree_of(text), changes), stored)


def origin_of(draft: DraftText, province: str = "mau") -> FileOrigin:
    """What a file says that is made from this draft."""
    shown = draft.sha256 if draft.changes else draft.base.sha256
    return FileOrigin(province, draft.base.id, draft.base.sha256, shown)


def workbook(draft: DraftText) -> bytes:
    """The draft as a workbook."""
    return workbook_of("Bộ tiêu chí", "Tỉnh Mẫu", origin_of(draft), draft.tree)


def yaml_file(draft: DraftText) -> str:
    """The draft as YAML."""
    return yaml_of_text(origin_of(draft), draft.tree).decode()


def edited(content: bytes, edit: Callable[[Any], object]) -> bytes:
    """The workbook after somebody has worked on its book."""
    book = openpyxl.load_workbook(io.BytesIO(content))
    edit(book)
    saved = io.BytesIO()
    book.save(saved)
    return saved.getvalue()


def row_of(book: Any, path: str) -> int:
    """The row of a value."""
    return next(row for row in range(HEAD + 2, 400) if book[SHEET].cell(row, 1).value == path)


def filled(content: bytes, cells: dict[tuple[str, str], Any]) -> bytes:
    """The workbook with these contents by path and column."""

    def fill(book: Any) -> None:
        for (path, column), value in cells.items():
            book[SHEET].cell(row_of(book, path), list(COLUMNS).index(column) + 1).value = value

    return edited(content, fill)


def repacked(content: bytes, change: Callable[[str, bytes], bytes], **extra: bytes) -> bytes:
    """The archive with its entries changed, and more of them."""
    made = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as old, zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as new:
        for name in old.namelist():
            new.writestr(name, change(name, old.read(name)))
        for name, held in extra.items():
            new.writestr(name, held)
    return made.getvalue()


def with_part(name: str, change: Callable[[bytes], bytes]) -> Callable[[bytes], bytes]:
    """What repacks a workbook with one of its entries changed."""
    return lambda content: repacked(content, lambda entry, held: change(held) if entry == name else held)


def inserted(before: bytes, more: bytes) -> Callable[[bytes], bytes]:
    """What puts something before the last place at which this stands."""

    def insert(held: bytes) -> bytes:
        at = held.rindex(before)
        return held[:at] + more + held[at:]

    return insert


def lying(size: int) -> bytes:
    """An archive whose entry unpacks to much more than it says."""
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/workbook.xml", b"0" * size)
    raw = bytearray(made.getvalue())
    told, said = size.to_bytes(4, "little"), (10).to_bytes(4, "little")
    while (at := raw.find(told)) >= 0:
        raw[at : at + 4] = said
    return bytes(raw)


def cell_of_sheet(cell: bytes) -> Callable[[bytes], bytes]:
    """What puts a cell of its own, written as XML, behind the last row of the values."""
    row = b'<row r="400">' + cell + b"</row>"
    return with_part("xl/worksheets/sheet1.xml", inserted(b"</sheetData>", row))


def rows_of_sheet(count: int) -> Callable[[bytes], bytes]:
    """What puts many rows behind the last one."""
    rows = b"".join(b'<row r="%d"><c><v>1</v></c></row>' % number for number in range(400, 400 + count))
    return with_part("xl/worksheets/sheet1.xml", inserted(b"</sheetData>", rows))


async def read(name: str, content: bytes | str, draft: DraftText, province: str = "mau") -> FileReading:
    """What the file would change in the draft."""
    raw = content.encode() if isinstance(content, str) else content
    return await read_file(name, raw, province, draft, the_rulebooks(), TODAY)
