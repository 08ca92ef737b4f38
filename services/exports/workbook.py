"""Workbooks: sheets of values that can be counted with, each saying from which log it was made.

Whatever people wrote stays text: a spreadsheet would run "=…" as a formula. The same rows made at the same position
give the same bytes: no clock, no random part.
"""

import io
import re
import zipfile
from collections.abc import Sequence
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any, NamedTuple, Protocol, TypeAlias

from xlsxwriter import Workbook
from xlsxwriter.format import Format
from xlsxwriter.worksheet import Worksheet

from domain.season import is_practice
from services.visible import readable

MEDIA_TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"

#: Workbooks number days from here on; before it they hold a day that never was (29/2/1900).
FIRST_DAY = date(1900, 3, 1)

Value: TypeAlias = str | int | Decimal | date | None

#: Text that begins so is a formula, or a command, to some spreadsheet.
DANGEROUS = ("=", "+", "-", "@", "\t", "\r", "\n")

#: What a cell holds, in units of UTF-16, and what a sheet holds in rows; larger whole numbers lose their last digits.
CELL_LIMIT = 32_767
ROWS_LIMIT = 1_048_576
WHOLE_LIMIT = 10**15

#: Spreadsheets read "_x0041_" as "A"; what looks so has its first sign spelled so.
ESCAPE = re.compile("_(?=x[0-9A-Fa-f]{4}_)")
ESCAPED = "_x005F_"
LESS = "_x003C_"

#: Zip files cannot say an earlier day.
NO_TIME = (1980, 1, 1, 0, 0, 0)

#: What a sheet says of its cells that were cut.
CUT = "ô bị cắt vì quá dài đối với bảng tính: cuối ô ghi số ký tự còn lại; nội dung đủ xem trên trang"

HEAD = 4  # the row of the column heads, under title, source and mark

#: The library takes a width for that of the signs alone, and adds what stands around them.
PADDING = 5 / 7
A4 = 9

#: How a cell looks, in the library's words.
Look: TypeAlias = dict[str, Any]

_TEXT: Look = {"font_name": "Times New Roman", "font_size": 11}
_TITLE: Look = {**_TEXT, "font_size": 14, "bold": True}
_MARK: Look = {**_TEXT, "bold": True, "font_color": "#9C1F0C"}
_CELL: Look = {**_TEXT, "border": 1, "border_color": "#9AA5B0", "valign": "top"}
_HEAD: Look = {**_CELL, "bold": True, "bg_color": "#E8ECF1", "align": "center", "valign": "vcenter", "text_wrap": True}


class WorkbookOrigin(Protocol):
    """What every sheet says of itself: about what it is, from which log up to which position and moment.

    `season` is the one that it is about, "" for none in particular.
    """

    @property
    def about(self) -> str: ...
    @property
    def made_from(self) -> str: ...
    @property
    def position(self) -> int: ...
    @property
    def moment(self) -> datetime: ...
    @property
    def demonstration(self) -> bool: ...
    @property
    def season(self) -> str: ...


class Column(NamedTuple):
    """A column: its head, its width in characters, how its numbers are shown."""

    head: str
    width: int = 12
    shown: str = "General"


class Written(NamedTuple):
    """A workbook, and how many of its cells hold less than they should."""

    content: bytes
    cut: int


POINTS = "0.00"
DAY = "dd/mm/yyyy"
SHARE = "0%"


class _Sheet(Worksheet):  # type: ignore[misc]  # the library ships no types
    """A worksheet whose texts are spelled by `fitting`: the library itself would read "_x0041_x0042_" as two codes."""

    @staticmethod
    def _escape_control_characters(text: str) -> str:
        return text


class WorkbookWriter:
    """A workbook while it is written: sheet after sheet and row after row, each row to disk before the next.

    `cut` counts its cells that hold less than they should.
    """

    def __init__(self) -> None:
        self.cut = 0
        self._file = io.BytesIO()
        self._book = Workbook(self._file, {"constant_memory": True})
        self._formats: dict[tuple[object, ...], Format] = {}

    def add(
        self, name: str, source: WorkbookOrigin, title: str, columns: Sequence[Column], lines: Sequence[Sequence[Value]]
    ) -> None:
        """Write a sheet with title, source, mark, heads and lines."""
        sheet: Worksheet = self._book.add_worksheet(name, worksheet_class=_Sheet)
        cut = sum(is_cut(value) for line in lines for value in line)
        self.cut += cut
        self._put(sheet, 0, 0, f"{title}: {source.about}", _TITLE)
        self._put(sheet, 1, 0, source.made_from + (f" · {cut} {CUT}" if cut else ""), _TEXT)
        if marks := _marks(source):
            self._put(sheet, 2, 0, " · ".join(marks), _MARK)
        for place, column in enumerate(columns):
            sheet.set_column(place, place, column.width - PADDING)
            self._put(sheet, HEAD - 1, place, column.head, _HEAD)
        for row, line in enumerate(lines, start=HEAD):
            for place, (column, value) in enumerate(zip(columns, line, strict=True)):
                self._put(sheet, row, place, value, _CELL, column.shown)
        sheet.autofilter(HEAD - 1, 0, HEAD - 1 + len(lines), len(columns) - 1)
        sheet.freeze_panes(HEAD, 2)
        sheet.set_landscape()
        sheet.set_paper(A4)
        sheet.fit_to_pages(1, 0)
        sheet.repeat_rows(HEAD - 1)
        sheet.set_footer(f"&LSố liệu cập nhật đến mục nhật ký số {source.position}&R&P/&N")

    def saved(self, source: WorkbookOrigin, title: str) -> bytes:
        """The file's bytes, with the log's time in place of the clock's and nothing that changes from run to run."""
        moment = source.moment.astimezone(UTC).replace(microsecond=0, tzinfo=None)
        self._book.set_properties({"author": "Minh Chuẩn", "title": readable(title), "created": moment})
        self._book.close()
        settled = io.BytesIO()
        with zipfile.ZipFile(self._file) as old, zipfile.ZipFile(settled, "w", zipfile.ZIP_DEFLATED) as new:
            for name in sorted(old.namelist()):
                entry = zipfile.ZipInfo(name, NO_TIME)
                entry.compress_type = zipfile.ZIP_DEFLATED
                new.writestr(entry, old.read(name))
        return settled.getvalue()

    def _put(self, sheet: Worksheet, row: int, place: int, value: Value, look: Look, shown: str = "General") -> None:
        """The only way into a cell.

        Text stays text, whatever it looks like; numbers and days stay what they are, unless a spreadsheet has none
        such.
        """
        value = countable(value)
        if isinstance(value, str):
            text = readable(value)
            look = {**look, "text_wrap": True} if look is _CELL else look
            quoted = text.startswith(DANGEROUS)
            sheet.write_string(row, place, fitting(text), self._format({**look, "quote_prefix": quoted}))
        elif isinstance(value, date):
            sheet.write_datetime(row, place, value, self._format({**look, "num_format": DAY}))
        elif value is None:
            sheet.write_blank(row, place, None, self._format(look))
        else:
            sheet.write_number(row, place, value, self._format({**look, "num_format": shown}))

    def _format(self, look: Look) -> Format:
        """One format for each look: a workbook has room for some 64,000."""
        key = tuple(sorted(look.items()))
        if key not in self._formats:
            self._formats[key] = self._book.add_format(look)
        return self._formats[key]


def _marks(source: WorkbookOrigin) -> list[str]:
    """What a sheet says of itself that nobody may take for a result."""
    found = ["Đợt đánh giá thử, không có giá trị pháp lý, không công bố, không tính vào kết quả"]
    found = found if is_practice(source.season) else []
    return [*found, "Dữ liệu minh họa, không phải kết quả chính thức"] if source.demonstration else found


def countable(value: Value) -> Value:
    """The value as spreadsheets have it: a day before the first, or a number with too many digits, is text."""
    if isinstance(value, date) and value < FIRST_DAY:
        return f"{value.day:02}/{value.month:02}/{value.year:04}"
    if isinstance(value, int) and abs(value) >= WHOLE_LIMIT:
        return str(value)
    return value


def is_cut(value: Value) -> bool:
    """Whether a cell cannot hold the whole text."""
    return isinstance(value, str) and _units(spelled(readable(value))) > CELL_LIMIT


def spelled(text: str) -> str:
    """The text as a cell spells it. The library takes what stands between "<r>" and "</r>" for markup of its own."""
    whole = ESCAPE.sub(ESCAPED, text)
    return LESS + whole[1:] if whole.startswith("<r>") else whole


def fitting(text: str) -> str:
    """The text as it is spelled in a cell; one that is too long ends in how many signs are left."""
    whole = spelled(text)
    if _units(whole) <= CELL_LIMIT:
        return whole
    room = CELL_LIMIT - _units(_left(text))
    low, high = 0, min(len(text), room)
    while low < high:
        middle = (low + high + 1) // 2
        if _units(spelled(text[:middle])) <= room:
            low = middle
        else:
            high = middle - 1
    return spelled(text[:low]) + _left(text[low:])


def _left(text: str) -> str:
    return f"… (còn {len(text)} ký tự)"


def _units(text: str) -> int:
    return len(text.encode("utf-16-le")) // 2
