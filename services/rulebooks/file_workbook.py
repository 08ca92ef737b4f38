"""A rulebook as a workbook that an official fills: one row for each value, a sheet that explains, and where it is from.

What comes back is measured before it is opened: a small file can stand for a very large one.
"""

from __future__ import annotations

import io
import re
import warnings
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any, NamedTuple
from xml.parsers import expat

import openpyxl
from openpyxl.utils import column_index_from_string, get_column_letter
from xlsxwriter import Workbook
from xlsxwriter.format import Format
from xlsxwriter.worksheet import Worksheet

from domain.errors import RulebookFileUnusable
from infra.reference.rulebook_file import in_range
from services.exports.workbook import DAY, FIRST_DAY, NO_TIME, PADDING, fitting
from services.rulebooks.file_rows import COLUMNS, DATES, FORMER_HEADS, OUT, Cell, FileError, FileRow, words_of_choices
from services.rulebooks.file_words import EXAMPLES, KINDS, STATES

SHEET, GUIDE, LISTS_SHEET, ORIGIN_SHEET = "Giá trị", "Hướng dẫn", "Danh mục", "Nguồn tệp"

LINE_HEIGHT, GUIDE_WIDTH = 16, 115  # of the sheet that explains, in points and characters
HEAD = 3  # the row of the column heads, under title and source

#: What a file may hold. Ours has some 100 rows, and 100 KB when unpacked.
MOST_BYTES = 2_000_000
MOST_ENTRIES = 100
MOST_TAGS = 120_000  # of XML: cells, rows, texts, styles
MOST_ROWS = 1_000
MOST_COLUMNS = 30
LONGEST_NUMBER = 40  # signs of a number in a cell
#: A row of the sheet behind which nothing is read.
LAST_ROW = 5_000

#: The digits that a spreadsheet keeps of a number.
DIGITS = 15

ENCRYPTED = 0x1
OLE = b"\xd0\xcf\x11\xe0"

GUIDANCE = (
    "Mỗi dòng của trang tính “Giá trị” là một giá trị của bộ tiêu chí. Ô nền xám chỉ để đọc.",
    "Dòng nền vàng là nội dung chưa có lời văn: ghi tên ở cột C, chọn cách tính ở cột D, chọn nguồn ở cột F.",
    "Điều kiện nền vàng: ghi lời văn sau chữ “nội dung:” ở cột C, chọn nguồn ở cột F.",
    "Giá trị khác sửa ở cột C; cách tính chọn ở cột D, chi tiết ghi ở cột E, mỗi mục một dòng như bảng dưới đây.",
    "Cột F ghi nguồn của giá trị. Đã có văn bản gốc thì chọn “theo văn bản gốc” và ghi văn bản ở các cột G đến L.",
    "Các dòng cuối ghi “chưa có” ở cột B là giá trị mà bộ tiêu chí chưa có: cần thì ghi ở cột C và chọn nguồn ở cột F.",
    "Ô để trống không có nghĩa là bỏ giá trị. Muốn bỏ một giá trị, chọn “xóa” ở cột M (“Xóa”).",
    "Muốn bỏ một thông tin về văn bản nguồn, ghi “xóa” vào ô đó.",
    "Cột N ghi ý kiến về giá trị, nếu có; ý kiến hiện ở trang của bộ tiêu chí cho người ký duyệt.",
    "Ngày ghi dạng ngày/tháng/năm. Số thập phân ghi theo cách của máy tính đang dùng.",
    "Không thêm dòng, không sửa mã ở cột A, không đổi tên trang tính. Xuống dòng trong một ô: bấm Alt+Enter.",
    "Gửi tệp lên thì hệ thống liệt kê từng thay đổi và từng lỗi theo ô; chưa ghi gì cho đến khi người gửi xác nhận.",
    "Bộ tiêu chí đã sửa chỉ được dùng khi một người khác ký duyệt.",
)


class FileOrigin(NamedTuple):
    """From what a file was made: the province by its address, the rulebook, the text that the draft changes, and the
    very text that the file shows, by their hashes.
    """

    province: str
    rulebook: str
    base: str
    shown: str


@dataclass(frozen=True)
class ReadWorkbook:
    """What a workbook holds: its cells by row and column, and what could not be read, by cell."""

    origin: FileOrigin
    rows: Mapping[int, Mapping[str, Cell]]
    errors: tuple[FileError, ...]


def place_of(row: int, column: str) -> str:
    """The name of a cell: "C14"."""
    return f"{get_column_letter(list(COLUMNS).index(column) + 1)}{row}"


# Writing -----------------------------------------------------------------------------------------------

_TEXT: dict[str, Any] = {"font_name": "Times New Roman", "font_size": 11}
_CELL = {**_TEXT, "border": 1, "border_color": "#9AA5B0", "valign": "top", "text_wrap": True}
_FIXED = {**_CELL, "bg_color": "#F2F4F7"}
_OPEN = {**_CELL, "locked": False}
_TO_FILL = {"bg_color": "#FFF4CC"}
_HEAD = {**_FIXED, "bold": True, "align": "center", "valign": "vcenter"}


#: When every workbook says that it was made: the same rows give the same bytes. A workbook knows no zone.
A_DAY = datetime(2000, 1, 1)  # noqa: DTZ001 - see above


def write_workbook(title: str, source: str, origin: FileOrigin, rows: Sequence[FileRow]) -> bytes:
    """The workbook of these rows; the same bytes for the same rows."""
    made = io.BytesIO()
    book = Workbook(made)
    book.set_properties({"author": "Minh Chuẩn", "title": title, "created": A_DAY})
    sheet, guide = book.add_worksheet(SHEET), book.add_worksheet(GUIDE)
    lists = _write_lists(book)
    _write_origin(book, origin)
    _write_guide(book, guide)
    sheet.write_string(0, 0, title, book.add_format({**_TEXT, "bold": True, "font_size": 14}))
    sheet.write_string(1, 0, source, book.add_format(_TEXT))
    head = book.add_format(_HEAD)
    for place, column in enumerate(COLUMNS.values()):
        sheet.set_column(place, place, column.width - PADDING)
        sheet.write_string(HEAD, place, column.head, head)
    writer = _RowWriter(book, sheet, lists)
    for number, row in enumerate(rows, start=HEAD + 1):
        writer.write(number, row)
    sheet.freeze_panes(HEAD + 1, 2)
    sheet.autofilter(HEAD, 0, HEAD + len(rows), len(COLUMNS) - 1)
    sheet.protect("", {"autofilter": True, "format_columns": True, "format_rows": True, "sort": True})
    sheet.set_landscape()
    sheet.set_paper(8)
    sheet.fit_to_pages(1, 0)
    sheet.repeat_rows(HEAD)
    book.close()
    return _settled(made)


class _RowWriter:
    def __init__(self, book: Workbook, sheet: Worksheet, lists: Mapping[tuple[str, ...], str]) -> None:
        self._sheet = sheet
        self._lists = lists
        self._book = book
        self._formats: dict[tuple[object, ...], Format] = {}

    def write(self, number: int, row: FileRow) -> None:
        for place, name in enumerate(COLUMNS):
            self._write(number, place, row.cells.get(name), self._look(row, name))
            if choices := _choices(row, name):
                self._sheet.data_validation(number, place, number, place, _validation(self._lists[choices]))

    def _look(self, row: FileRow, name: str) -> dict[str, Any]:
        if not _is_open(row, name):
            return _FIXED
        look = {**_OPEN, **_TO_FILL} if row.is_open and name in ("value", "kind", "numbers", "state") else _OPEN
        if name == "dated" or (name == "value" and row.path in DATES):
            return {**look, "num_format": DAY}
        return look if isinstance(row.cells.get(name), Decimal) else {**look, "num_format": "@"}

    def _write(self, number: int, place: int, cell: Cell, look: dict[str, Any]) -> None:
        key = tuple(sorted(look.items()))
        if key not in self._formats:
            self._formats[key] = self._book.add_format(look)
        written = self._formats[key]
        if isinstance(cell, date) and cell >= FIRST_DAY:
            self._sheet.write_datetime(number, place, cell, written)
        elif isinstance(cell, Decimal) and len(cell.as_tuple().digits) <= DIGITS:
            self._sheet.write_number(number, place, cell, written)
        elif cell is None:
            self._sheet.write_blank(number, place, None, written)
        else:
            self._sheet.write_string(number, place, fitting(str(cell)), written)


def _is_open(row: FileRow, name: str) -> bool:
    """Whether somebody may fill this cell."""
    is_part, is_measure = row.is_part, row.path.endswith(".measure")
    held = row.base or row.absent
    if name in ("path", "about"):
        return False
    if name == "value":
        return not is_measure
    if name in ("kind", "numbers"):
        return is_part or is_measure
    if name == "out":
        return row.absent is None
    return name == "comment" or is_part or (held is not None and held.provenance is not None)


def _choices(row: FileRow, name: str) -> tuple[str, ...]:
    if not _is_open(row, name):
        return ()
    tables = {"kind": KINDS.values(), "state": STATES.values(), "out": (OUT,), "value": words_of_choices(row.path)}
    return tuple(tables.get(name, ()))


def _validation(source: str) -> dict[str, Any]:
    return {
        "validate": "list",
        "source": source,
        "error_title": "Giá trị không có trong danh sách",
        "error_message": "Chọn một giá trị trong danh sách của ô.",
    }


def _write_lists(book: Workbook) -> dict[tuple[str, ...], str]:
    """The sheet that holds all lists of choices; the address of each."""
    sheet = book.add_worksheet(LISTS_SHEET)
    sheet.hide()
    paths = ("recognising_level", "council.majority", ".not_arisen", "rounding", "unknown")
    every = [tuple(KINDS.values()), tuple(STATES.values()), (OUT,), *(tuple(words_of_choices(path)) for path in paths)]
    places = {}
    for place, choices in enumerate(every):
        for number, words in enumerate(choices):
            sheet.write_string(number, place, words)
        letter = get_column_letter(place + 1)
        places[choices] = f"='{LISTS_SHEET}'!${letter}$1:${letter}${len(choices)}"
    return places


def _write_origin(book: Workbook, origin: FileOrigin) -> None:
    sheet = book.add_worksheet(ORIGIN_SHEET)
    sheet.very_hidden()
    for number, (name, content) in enumerate(origin._asdict().items()):
        sheet.write_string(number, 0, name)
        sheet.write_string(number, 1, content)


def _write_guide(book: Workbook, sheet: Worksheet) -> None:
    sheet.set_column(0, 0, 32)
    sheet.set_column(1, 1, GUIDE_WIDTH - 32)
    look = book.add_format({**_TEXT, "text_wrap": True, "valign": "top"})
    sheet.write_string(0, 0, "Hướng dẫn ghi tệp", book.add_format({**_TEXT, "bold": True, "font_size": 14}))
    for number, line in enumerate(GUIDANCE, start=1):
        sheet.merge_range(number, 0, number, 1, f"{number}. {line}", look)
        sheet.set_row(number, LINE_HEIGHT * (1 + len(line) // GUIDE_WIDTH))
    first = len(GUIDANCE) + 2
    head, cell = book.add_format(_HEAD), book.add_format(_FIXED)
    for place, column in enumerate(("kind", "numbers")):
        sheet.write_string(first, place, COLUMNS[column].head, head)
    for number, (kind, words) in enumerate(KINDS.items(), start=first + 1):
        sheet.write_string(number, 0, words, cell)
        sheet.write_string(number, 1, EXAMPLES[kind] or "(để trống)", cell)
        sheet.set_row(number, LINE_HEIGHT * (1 + EXAMPLES[kind].count("\n")))
    sheet.set_portrait()
    sheet.set_paper(9)
    sheet.fit_to_pages(1, 0)
    sheet.protect()


def _settled(made: io.BytesIO) -> bytes:
    settled = io.BytesIO()
    with zipfile.ZipFile(made) as old, zipfile.ZipFile(settled, "w", zipfile.ZIP_DEFLATED) as new:
        for name in old.namelist():
            entry = zipfile.ZipInfo(name, NO_TIME)
            entry.compress_type = zipfile.ZIP_DEFLATED
            new.writestr(entry, old.read(name))
    return settled.getvalue()


# Reading -----------------------------------------------------------------------------------------------


def read_workbook(content: bytes) -> ReadWorkbook:
    """What the workbook holds. RulebookFileUnusable with the reason where it is none of ours, or beyond the limits."""
    _must_be_plain(content)
    formulas, values = _opened(content, values=False), _opened(content, values=True)
    if SHEET not in formulas.sheetnames or ORIGIN_SHEET not in formulas.sheetnames:
        raise RulebookFileUnusable(reason="sheet", sheet=SHEET)
    if not all(hasattr(book[name], "iter_rows") for book in (formulas, values) for name in (SHEET, ORIGIN_SHEET)):
        raise RulebookFileUnusable(reason="sheet", sheet=SHEET)
    try:
        origin = _origin(values[ORIGIN_SHEET])
        return _rows_read(origin, formulas[SHEET], values[SHEET])
    except RulebookFileUnusable:
        raise
    except Exception as error:  # the library raises whatever the file makes it stumble over
        raise RulebookFileUnusable(reason="damaged", why=str(error)[:200]) from error


def _must_be_plain(content: bytes) -> None:
    """Refuse what is no workbook, is locked or damaged, or would be too large unpacked."""
    if content.startswith(OLE):
        raise RulebookFileUnusable(reason="locked")
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            entries = archive.infolist()
            _must_be_small(entries)
            _must_be_sound({entry.filename: archive.read(entry) for entry in entries})
    except zipfile.BadZipFile:
        raise RulebookFileUnusable(reason="no-workbook" if content[:2] != b"PK" else "damaged") from None
    except RulebookFileUnusable:
        raise
    except Exception as error:  # a stream that does not unpack raises many things
        raise RulebookFileUnusable(reason="damaged", why=str(error)[:200]) from error


def _must_be_small(entries: Sequence[zipfile.ZipInfo]) -> None:
    if len(entries) > MOST_ENTRIES:
        raise RulebookFileUnusable(reason="entries", count=len(entries), limit=MOST_ENTRIES)
    if len({entry.filename for entry in entries}) < len(entries):
        raise RulebookFileUnusable(reason="damaged")
    if any(entry.flag_bits & ENCRYPTED for entry in entries):
        raise RulebookFileUnusable(reason="locked")
    if any(entry.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED) for entry in entries):
        raise RulebookFileUnusable(reason="packing")
    size = sum(entry.file_size for entry in entries)
    if size > MOST_BYTES:
        raise RulebookFileUnusable(reason="unpacked", size=size // 1_000, limit=MOST_BYTES // 1_000)


def _must_be_sound(parts: Mapping[str, bytes]) -> None:
    """Refuse more of XML than the library could read in time, and XML that is none of a workbook's."""
    if sum(content.count(b"<") for content in parts.values()) > MOST_TAGS:
        raise RulebookFileUnusable(reason="elements", limit=MOST_TAGS)
    for name, content in parts.items():
        if name.endswith((".xml", ".rels")):
            _XmlCheck().take(name, content)


class _XmlCheck:
    """Refuses XML with a mistake, or with a document type, by which a short text can stand for one without end; rows
    and cells beyond the table; numbers that no spreadsheet writes.
    """

    def __init__(self) -> None:
        self._rows = 0
        self._cell: Mapping[str, str] = {}
        self._number = 0
        self._in_number = False

    def take(self, name: str, content: bytes) -> None:
        """Look through one part of the workbook."""
        parser = expat.ParserCreate(namespace_separator=" ")
        parser.StartDoctypeDeclHandler = _refuse_doctype
        if name.startswith("xl/worksheets/"):
            parser.StartElementHandler = self._begin
            parser.CharacterDataHandler = self._text
            parser.EndElementHandler = self._end
        try:
            parser.Parse(content, True)
        except expat.ExpatError as error:
            raise RulebookFileUnusable(reason="xml", place=name, line=error.lineno) from error

    def _begin(self, name: str, attributes: dict[str, str]) -> None:
        match name.rpartition(" ")[2]:
            case "row":
                self._rows += 1
                if self._rows > LAST_ROW:
                    raise RulebookFileUnusable(reason="rows", count=self._rows, limit=MOST_ROWS)
            case "c":
                self._cell = attributes
            case "v" | "is" | "f" as inner if (place := self._cell.get("r", "")) and self._cell:
                if _is_far(place):
                    raise RulebookFileUnusable(reason="columns", place=place[:20])
                self._in_number = inner == "v" and self._cell.get("t", "n") == "n"
                self._number = 0

    def _text(self, text: str) -> None:
        self._number += len(text) if self._in_number else 0
        if self._number > LONGEST_NUMBER:
            raise RulebookFileUnusable(reason="number", place=self._cell.get("r", "")[:20])

    def _end(self, name: str) -> None:
        if name.rpartition(" ")[2] == "v":
            self._in_number = False


def _is_far(place: str) -> bool:
    """Whether a cell stands beyond the last column that is looked at."""
    letters = place.rstrip("0123456789")
    return len(letters) > 2 or column_index_from_string(letters or "A") > MOST_COLUMNS


def _refuse_doctype(*_: object) -> None:
    raise RulebookFileUnusable(reason="damaged", why="document type")


def _opened(content: bytes, *, values: bool) -> Any:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return openpyxl.load_workbook(io.BytesIO(content), read_only=True, data_only=values, keep_links=False)
    except Exception as error:  # the library raises whatever the file makes it stumble over
        raise RulebookFileUnusable(reason="damaged", why=str(error)[:200]) from error


def _origin(sheet: Any) -> FileOrigin:
    read = {str(row[0]): str(row[1]) for row in sheet.iter_rows(max_row=10, max_col=2, values_only=True) if row[0]}
    if not set(FileOrigin._fields) <= read.keys():
        raise RulebookFileUnusable(reason="not-ours")
    return FileOrigin(*(read[name] for name in FileOrigin._fields))


def _rows_read(origin: FileOrigin, formulas: Any, values: Any) -> ReadWorkbook:
    rows: dict[int, dict[str, Cell]] = {}
    errors: list[FileError] = []
    for number, (shown, held) in enumerate(zip(_lines(formulas), _lines(values), strict=True), start=1):
        if number == HEAD + 1:
            _must_be_heads(held)
        if number <= HEAD + 1 or all(value is None for value in (*shown, *held)):
            continue
        rows[number] = {}
        for name, formula, value in zip(COLUMNS, shown, held, strict=False):
            cell, code = _cell_read(formula, value)
            rows[number][name] = cell
            if code:
                errors.append(FileError(place_of(number, name), code))
        extra = [place for place in range(len(COLUMNS), len(held)) if held[place] is not None]
        errors += [FileError(f"{get_column_letter(place + 1)}{number}", "outside") for place in extra]
    if len(rows) > MOST_ROWS:
        raise RulebookFileUnusable(reason="rows", count=len(rows), limit=MOST_ROWS)
    return ReadWorkbook(origin, rows, tuple(errors))


def _lines(sheet: Any) -> Iterator[tuple[Any, ...]]:
    for number, line in enumerate(sheet.iter_rows(max_col=MOST_COLUMNS, values_only=True), start=1):
        if number > LAST_ROW:
            raise RulebookFileUnusable(reason="rows", count=number, limit=MOST_ROWS)
        yield line


def _must_be_heads(held: Sequence[Any]) -> None:
    for name, (place, column) in zip(COLUMNS, enumerate(COLUMNS.values()), strict=True):
        if place >= len(held) or str(held[place] or "").strip() not in (column.head, FORMER_HEADS.get(name)):
            raise RulebookFileUnusable(reason="heads", place=place_of(HEAD + 1, name), head=column.head)


def _cell_read(formula: Any, value: Any) -> tuple[Cell, str]:  # noqa: PLR0911 - one line for each kind of cell
    """What a cell holds, and what is wrong with it, "" for nothing."""
    if formula is not None and value is None:
        return None, "formula"
    if isinstance(value, bool):
        return None, "cell-of-another-kind"
    if isinstance(value, datetime):
        return value.date(), ""
    if value is None or isinstance(value, date):
        return value, ""
    if isinstance(value, int | float):
        number = Decimal(format(value, f".{DIGITS}g") if isinstance(value, float) else value)
        return (number, "") if in_range(number) else (None, "number-out-of-range")
    if not isinstance(value, str):
        return None, "cell-of-another-kind"
    if re.fullmatch(r"#(N/A|REF!|VALUE!|DIV/0!|NAME\?|NUM!|NULL!)", value):
        return None, "formula"
    return value.replace("_x000D_", ""), ""
