"""The standings of a season as a workbook: all that the board shows, as values that can be counted with.

Whatever people wrote stays text: a spreadsheet would run "=…" as a formula. The same rows made at the same position
give the same bytes: no clock, no random part.
"""

import io
import re
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any, NamedTuple, Protocol, TypeAlias

from xlsxwriter import Workbook
from xlsxwriter.format import Format
from xlsxwriter.worksheet import Worksheet

from domain.judging import CriterionResult
from domain.measure import Outcome
from domain.meeting import VoteOutcome
from domain.rulebook import Model, Provenance, Rulebook
from domain.vietnamese import sort_key
from projections.tables.standings import Basis, Standing
from projections.tables.units import UnitRow
from services.clock import VIETNAM
from services.i18n import Words, vietnamese
from services.verdicts import Gate, JudgedStanding, criterion_status, judged
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


class StandingsSource(NamedTuple):
    """Where the workbook comes from: the log, how far it was read, and the moment of the last fact read."""

    province: str
    season: str
    rulebook: Rulebook
    log: str
    position: int
    moment: datetime
    demonstration: bool

    @property
    def levels(self) -> bool:
        """Whether the rulebook has no points."""
        return self.rulebook.model is Model.LEVELS

    @property
    def about(self) -> str:
        return f"{self.province}, năm {self.season}"

    @property
    def made_from(self) -> str:
        return f"Lập từ nhật ký đến vị trí {self.position} · bộ tiêu chí {self.rulebook.short}"


class WorkbookOrigin(Protocol):
    """What every sheet says of itself: about what it is, from which log up to which position and moment."""

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


def standings_workbook(
    source: StandingsSource, rows: Sequence[Standing], units: Mapping[str, UnitRow], words: Words
) -> Written:
    """The workbook of these communes, ordered as on the board."""
    lines = sorted((judged(row, source.rulebook) for row in rows), key=lambda one: _order(one.row, units))
    book = StandingsBook()
    values = [_board(one, source, units, words) for one in lines]
    book.add("Bảng đánh giá", source, "Bảng đánh giá", board_columns(source), values)
    for basis, title in (
        (Basis.PROPOSED, "Tự đánh giá" if source.levels else "Tự chấm"),
        (Basis.APPRAISED, "Thẩm định"),
    ):
        values = [_indicators(one.row, basis, source, units) for one in lines]
        book.add(title, source, f"{title} theo chỉ tiêu", indicator_columns(source), values)
    listed, origin = "Danh mục chỉ tiêu", "Nguồn gốc"
    book.add(listed, source, listed, list_columns(source), list(_list(source)))
    book.add(origin, source, origin, [Column("Mục", 30), Column("Giá trị", 90)], _origin(source))
    return Written(book.saved(source, f"Bảng đánh giá năm {source.season}, {source.province}"), book.cut)


# What it says -----------------------------------------------------------------------------------------


def board_columns(source: StandingsSource) -> list[Column]:
    """The board's columns: the verdict first, then the margin, then what it is made of."""
    rulebook = source.rulebook
    columns = [Column("Mã", 8), Column("Đơn vị", 26), Column("Loại hình", 11), Column("Đơn vị quyết định", 26)]
    if rulebook.unit_classes:
        columns.append(Column("Loại", 7))
    columns += [Column("Điều kiện loại trừ", 18), Column("Kết quả tính", 16)]
    if source.levels:
        columns.append(Column("Chỉ tiêu đạt"))
        columns += [Column(f"{one.code}: đạt/{len(one.indicators)}") for one in rulebook.criteria]
    else:
        columns += [Column("Tổng điểm", 11, POINTS), Column("Mức chuẩn", 11, POINTS), Column("Cách chuẩn", 11, POINTS)]
        for one in rulebook.criteria:
            columns += [Column(f"{one.code} (/{one.max_points:f})", 11, POINTS), Column(f"{one.code}: kết quả", 14)]
    if rulebook.asks_satisfaction:
        columns.append(Column("Hài lòng (%)", 11, POINTS))
    return [
        *columns,
        Column("Chỉ tiêu có giá trị"),
        Column("Có minh chứng, thuyết minh", 14, SHARE),
        Column("Giai đoạn", 16),
        Column("Hội đồng", 15),
        Column("Quyết định", 18),
        Column("Số quyết định", 18),
        Column("Ngày quyết định", 12, DAY),
        Column("Ngày công bố", 12, DAY),
        Column("Ngày thu hồi", 12, DAY),
    ]


def _board(line: JudgedStanding, source: StandingsSource, units: Mapping[str, UnitRow], words: Words) -> list[Value]:
    row, verdict, rulebook = line.row, line.verdict, source.rulebook
    unit, deciding = units.get(row.commune), units.get(row.decided_by)
    count = len(rulebook.indicators)
    values: list[Value] = [
        row.commune,
        unit.bare_name if unit else row.commune,
        unit.unit_type if unit else None,
        deciding.full_name if deciding else row.decided_by,
    ]
    if rulebook.unit_classes:
        values.append(row.unit_class)
    levels = ".levels" if source.levels else ""
    values += [_gate(line.gate), words.say(f"status.{line.status}{levels}")]
    if source.levels:
        values.append(sum(one.indicators_met or 0 for one in verdict.criteria))
        values += [one.indicators_met for one in verdict.criteria]
    else:
        scored = bool(row.scored)
        values += [verdict.total if scored else None, verdict.required_total, verdict.margin if scored else None]
        for result in verdict.criteria:
            values += [result.points if scored else None, _criterion(result, row, rulebook, words)]
    if rulebook.asks_satisfaction:
        values.append(row.satisfaction)
    return [
        *values,
        len(row.values()),
        Decimal(row.supported) / count,
        words.say(f"stage.{row.stage}"),
        {None: None, VoteOutcome.CARRIED: "thông qua", VoteOutcome.NOT_CARRIED: "không thông qua"}[row.voted],
        row.result and words.say(f"result.{row.result}"),
        row.decision_no,
        row.decided_on,
        row.published_on,
        row.revoked_on,
    ]


def _gate(gate: Gate) -> str:
    return {Gate.CLEAR: "không vướng", Gate.SHUT: "vướng", Gate.UNDECLARED: "chưa xác nhận", Gate.UNKNOWN: ""}[gate]


def _criterion(result: CriterionResult, row: Standing, rulebook: Rulebook, words: Words) -> str:
    return words.say(f"status.{criterion_status(result, row, rulebook)}")


def indicator_columns(source: StandingsSource) -> list[Column]:
    """One column for each indicator."""
    shown = "General" if source.levels else POINTS
    codes = [Column(one.code, 10, shown) for one in source.rulebook.indicators]
    return [Column("Mã", 8), Column("Đơn vị", 26), *codes]


def _indicators(row: Standing, basis: Basis, source: StandingsSource, units: Mapping[str, UnitRow]) -> list[Value]:
    found = row.values(basis)
    unit = units.get(row.commune)
    values: list[Value] = [row.commune, unit.bare_name if unit else row.commune]
    for indicator in source.rulebook.indicators:
        value = found.get(indicator.code)
        values.append(vietnamese().say(f"word.{value}") if isinstance(value, Outcome) else value)
    return values


def list_columns(source: StandingsSource) -> list[Column]:
    """What is said of each indicator."""
    points = [] if source.levels else [Column("Điểm tối đa", 10, POINTS)]
    return [
        Column("Mã", 10),
        Column("Tiêu chí", 40),
        Column("Chỉ tiêu", 70),
        *points,
        Column("Đối chiếu với văn bản", 20),
    ]


def _list(source: StandingsSource) -> Iterator[list[Value]]:
    for criterion in source.rulebook.criteria:
        for one in criterion.indicators:
            sourced = one.name_provenance is Provenance.SOURCED
            if not source.levels:
                sourced = sourced and one.points_provenance is Provenance.SOURCED
            points: list[Value] = [] if source.levels else [one.max_points]
            yield [
                one.code,
                criterion.name,
                one.name,
                *points,
                "đã đối chiếu" if sourced else "tạm đặt, chưa đối chiếu",
            ]


def _origin(source: StandingsSource) -> list[list[Value]]:
    rulebook = source.rulebook
    return [
        ["Tỉnh, thành phố", source.province],
        ["Năm đánh giá", source.season],
        ["Bộ tiêu chí", rulebook.title],
        ["SHA-256 của bộ tiêu chí", rulebook.sha256],
        ["Số giá trị chưa đối chiếu với văn bản đã công bố", len(rulebook.unverified)],
        ["Nhật ký", source.log],
        ["Lập từ nhật ký đến vị trí", source.position],
        ["Thời điểm của sự kiện cuối", f"{source.moment.astimezone(VIETNAM):%H:%M:%S %d/%m/%Y}"],
        ["Lập lại", "Lập lại tại vị trí này được đúng tệp này; SHA-256 của tệp ghi trong nhật ký khi kết xuất xong."],
    ]


def _order(row: Standing, units: Mapping[str, UnitRow]) -> tuple[object, str]:
    unit = units.get(row.commune)
    return sort_key(unit.bare_name if unit else row.commune), row.commune


# How it is written ------------------------------------------------------------------------------------


class _Sheet(Worksheet):  # type: ignore[misc]  # the library ships no types
    """A worksheet whose texts are spelled by `fitting`: the library itself would read "_x0041_x0042_" as two codes."""

    @staticmethod
    def _escape_control_characters(text: str) -> str:
        return text


class StandingsBook:
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
        if source.demonstration:
            self._put(sheet, 2, 0, "Dữ liệu minh hoạ, không phải kết quả chính thức", _MARK)
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
        sheet.set_footer(f"&LLập từ nhật ký đến vị trí {source.position}&R&P/&N")

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
