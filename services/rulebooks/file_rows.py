"""A text of a rulebook as rows of a table, one for each value, and what an edited row makes of its value."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Any, NamedTuple, TypeAlias

from domain.days import must_be_possible
from domain.errors import Refused
from domain.rulebook import ConditionKind
from infra.reference.rulebook_values import CODE, CONDITION, RulebookChange, RulebookValue, Tree, values_of
from services.i18n import vietnamese
from services.rulebooks.absent_values import absent_of
from services.rulebooks.draft import OF_THE_RELEASE
from services.rulebooks.file_words import (
    CHOICES,
    KINDS,
    LISTS,
    NO,
    STATES,
    YES,
    WordsUnreadable,
    from_lines,
    in_lines,
    plain,
    read_choice,
    read_state,
    read_yes,
    whole_or_decimal,
)
from services.rulebooks.value_sources import known_of, known_words
from services.web.form_fields import read_day, read_number

Cell: TypeAlias = str | Decimal | date | None


class FileColumn(NamedTuple):
    """A column of the table: what it is called, and its width in characters."""

    head: str
    width: int


COLUMNS = {
    "path": FileColumn("Mã giá trị", 20),
    "about": FileColumn("Nội dung trong bộ tiêu chí", 34),
    "value": FileColumn("Giá trị", 52),
    "kind": FileColumn("Cách tính", 24),
    "numbers": FileColumn("Chi tiết cách tính", 42),
    "state": FileColumn("Nguồn", 24),
    "document": FileColumn("Tên văn bản", 28),
    "number": FileColumn("Số, ký hiệu", 18),
    "dated": FileColumn("Ngày văn bản", 15),
    "article": FileColumn("Điều, khoản, phụ lục", 20),
    "page": FileColumn("Trang", 8),
    "address": FileColumn("Địa chỉ mạng", 26),
    "out": FileColumn("Xóa", 10),
    "comment": FileColumn("Ý kiến", 34),
}
#: What older files call a column.
FORMER_HEADS = {"out": "Lấy ra"}

SOURCE = ("document", "number", "dated", "article", "page", "address")
#: What is written where something is to be taken out; an emptied cell takes nothing out.
OUT = "xóa"

PATHS_OF_CHOICES: Mapping[str, Mapping[str, str]] = {
    "recognising_level": {"district": "cấp huyện", "province": "cấp tỉnh"},
    "council.majority": {"more_than_half_of_all_members": "quá nửa tổng số thành viên"},
    "not_arisen": {
        "part": "nội dung được tính điểm tối đa hoặc đạt",
        "indicator": "chỉ tiêu được tính điểm tối đa hoặc đạt",
    },
    "rounding": {"half_up": "làm tròn lên từ một nửa", "down": "bỏ phần lẻ"},
    "unknown": {"passed_over": "không xét", "left_open": "chưa kết luận"},
}
DATES = {"in_force.from", "in_force.to"}

ABOUT = {
    "title": "Tên đầy đủ của bộ tiêu chí",
    "short": "Tên gọi của bộ tiêu chí",
    "in_force.from": "Ngày có hiệu lực",
    "in_force.to": "Ngày hết hiệu lực",
    "unit_types": "Loại đơn vị hành chính",
    "unit_classes": "Loại xã",
    "recognising_level": "Cấp công nhận",
    "score_decimals": "Số chữ số thập phân của điểm",
    "rounding": "Cách làm tròn điểm tính theo tỷ lệ",
    "unknown": "Khi điều kiện chưa có văn bản gốc",
    "council.required": "Phải lấy ý kiến Hội đồng đánh giá",
    "council.quorum": "Hội đồng: tỷ lệ thành viên có mặt tối thiểu",
    "council.majority": "Hội đồng: tỷ lệ thông qua",
    "council.max_members": "Hội đồng: số thành viên tối đa",
    "council.max_vice_chairs": "Hội đồng: số phó chủ tịch tối đa",
    "council.written_opinion_votes": "Hội đồng: ý kiến bằng văn bản được tính là phiếu biểu quyết",
    "council.consultation": "Hội đồng: lấy ý kiến bằng văn bản không họp",
    "council.written_opinions": "Hội đồng: thành viên vắng mặt gửi ý kiến bằng văn bản",
    "council.instruments": "Hội đồng: giấy tờ của hội đồng",
    "agreements": "Số liệu phải khớp nhau",
    "commune_steps": "Các bước ở cấp xã",
}
STEPS = {
    "assigned": "phân công chỉ tiêu",
    "self_assessed": "cấp xã tự đánh giá",
    "posted": "niêm yết công khai",
    "submitted": "nộp hồ sơ",
    "supplemented": "bổ sung hồ sơ",
    "council_papers": "gửi tài liệu cho hội đồng",
    "recognised": "quyết định công nhận",
    "published": "công bố kết quả",
    "district_report": "cấp huyện báo cáo",
    "province_report": "cấp tỉnh báo cáo",
    "six_month_report": "báo cáo 6 tháng",
    "year_report": "báo cáo năm",
}
OF_NODES = {
    "name": "tên",
    "points": "điểm tối đa",
    "pass_level": "mức đạt",
    "measure": "cách tính",
    "not_arisen": "khi không phát sinh",
    "evidence": "tài liệu kiểm chứng",
    "formula": "công thức",
    "counts": "trường hợp được tính",
    "without_text": "nội dung chưa có lời văn",
}


@dataclass(frozen=True, slots=True)
class FileRow:
    """A value in cells by column. `base` is the value as the text has it, None for a part without text and for a value
    that the text lacks; `absent` is then one of its kind.
    """

    path: str
    cells: Mapping[str, Cell]
    base: RulebookValue | None
    absent: RulebookValue | None = None

    @property
    def is_part(self) -> bool:
        """Whether it is a part without text, which gets its name and its measure."""
        return self.base is None and self.absent is None

    @property
    def is_open(self) -> bool:
        """Whether it waits for its text."""
        if self.base is None:
            return self.is_part
        return lacks_text(self.path, self.base.value)


@dataclass(frozen=True, slots=True)
class FileError:
    """What is wrong at a place, a cell such as "C14" or a line; `code` is one that the page has a sentence for, `what`
    its slot.
    """

    place: str
    code: str
    what: str = ""


@dataclass
class RowReader:
    """Reads one edited row. Whatever is wrong is collected in `errors` by the column in which it stands."""

    row: FileRow
    cells: Mapping[str, Cell]
    today: date
    errors: list[tuple[str, str, str]] = field(default_factory=list)

    def change(self, without: list[str]) -> list[RulebookChange]:  # noqa: PLR0911 - one way out for each case
        """The changes that the row makes; none where every cell is as it was. `without` are the codes of the parts
        without text of the same indicator, from which a part that gets its text is taken.
        """
        path, base = self.row.path, self.row.base
        edited = {name for name in self.row.cells if not same_cell(self.row.cells[name], self.cells.get(name))}
        out = text_of_cell(self.cells.get("out"))
        if out and out.casefold() != OUT:
            self._bad("out", "only-out", out)
            return []
        if self.row.absent is not None:
            return self._added(self.row.absent, edited - {"path", "about"}, out)
        if base is None:
            return self._part(without) if edited or out else []
        if out:
            if edited:
                self._bad("out", "out-and-edited")
                return []
            return [RulebookChange(path, base, None)]
        edited -= {"path", "about"}
        if (said := STATES.get(base.provenance or "")) and same_cell(said, self.cells.get("state")):
            edited.discard("state")  # older files call every value sourced that is said to be so
        if not edited:
            return []
        value = self._value(edited)
        provenance = self._state(base.provenance)
        source = self._source(base, provenance, edited)
        if self.errors:
            return []
        return [RulebookChange(path, base, RulebookValue(value, provenance, source))]

    def _added(self, kind: RulebookValue, edited: set[str], out: str) -> list[RulebookChange]:
        """A value that the text lacks so far."""
        if out:
            self._bad("out", "not-here")
        for name in edited & {"kind", "numbers"}:
            self._bad(name, "not-here")
        if not edited:
            return []
        value = self._plain_value(kind.value)
        provenance = self._state(kind.provenance)
        source = self._source(kind, provenance, {"state", *SOURCE})
        return [] if self.errors else [RulebookChange(self.row.path, None, RulebookValue(value, provenance, source))]

    def _part(self, without: list[str]) -> list[RulebookChange]:
        code = self.row.path
        for name in ("value", "kind", "state"):
            if text_of_cell(self.cells.get(name)) == "":
                self._bad(name, "part-needs")
        kind, numbers = self._kind_and_numbers()
        provenance = self._state("")
        source = self._source(RulebookValue(None), provenance, {"state", *SOURCE})
        if self.errors:
            return []
        points = numbers.pop("max_points", None)
        node = {
            "code": code,
            "name": text_of_cell(self.cells["value"]),
            **({} if points is None else {"max_points": points}),
            "measure": {"kind": kind, **numbers},
            "provenance": provenance,
        }
        indicator = code.rpartition(".")[0]
        before = RulebookValue(list(without))
        without.remove(code)
        after = RulebookValue(list(without)) if without else None
        by_path = {f"{code}.measure": source} if source else {}
        return [
            RulebookChange(code, None, RulebookValue(node, None, by_path)),
            RulebookChange(f"{indicator}.without_text", before, after),
        ]

    def _value(self, edited: set[str]) -> Any:
        base = self.row.base
        if base is None or not edited & {"value", "kind", "numbers"}:
            return base.value if base else None
        if self.row.path.endswith(".measure"):
            if "value" in edited:
                self._bad("value", "not-here")
            kind, numbers = self._kind_and_numbers()
            return {"kind": kind, **numbers}
        for name in edited & {"kind", "numbers"}:
            self._bad(name, "not-here")
        return self._plain_value(base.value)

    def _kind_and_numbers(self) -> tuple[str, dict[str, Any]]:
        kind = self._tried("kind", lambda: read_choice(KINDS, self._needed("kind")))
        if kind is None:
            return "", {}
        text = text_of_cell(self.cells.get("numbers"))
        if not text and text_of_cell(self.row.cells.get("numbers")) and KINDS[kind] == self.row.cells.get("kind"):
            self._bad("numbers", "emptied")
        return kind, self._tried("numbers", lambda: from_lines(text, LISTS.get(kind, ""))) or {}

    def _needed(self, name: str) -> str:
        text = text_of_cell(self.cells.get(name))
        if not text:
            raise WordsUnreadable("emptied", "")
        return text

    def _plain_value(self, base: Any) -> Any:  # noqa: PLR0911 - one line for each kind of value
        path, cell = self.row.path, self.cells.get("value")
        if text_of_cell(cell) == "":
            self._bad("value", "emptied")
            return None
        if (choices := choices_of(path)) is not None:
            return self._tried("value", lambda: read_choice(choices, text_of_cell(cell)))
        if path in DATES:
            return self._day("value", cell)
        if isinstance(base, bool):
            return self._tried("value", lambda: read_yes(text_of_cell(cell)))
        if isinstance(base, int | Decimal) or path == "council.max_members":
            return self._number(cell)
        if isinstance(base, dict | list):
            value = self._tried("value", lambda: from_lines(text_of_cell(cell)))
            return {name: held for name, held in value.items() if held != ""} if isinstance(value, dict) else value
        if isinstance(cell, date):
            self._bad("value", "day-for-text")
        return text_of_cell(cell)

    def _number(self, cell: Cell) -> int | Decimal | None:
        if isinstance(cell, date):
            self._bad("value", "no-number", text_of_cell(cell))
            return None
        number = cell if isinstance(cell, Decimal) else read_number(text_of_cell(cell))
        if number is None or text_of_cell(cell).endswith("%"):
            self._bad("value", "no-number", text_of_cell(cell))
            return None
        return whole_or_decimal(number)

    def _day(self, name: str, cell: Cell) -> date | None:
        day = cell if isinstance(cell, date) else read_day(text_of_cell(cell))
        if day is None:
            self._bad(name, "no-day", text_of_cell(cell))
        return day

    def _state(self, before: str | None) -> str | None:
        if before is None:
            if text_of_cell(self.cells.get("state")):
                self._bad("state", "no-state-here")
            return None
        state: str | None = self._tried("state", lambda: read_state(self._needed("state"), before))
        return state

    def _source(self, base: RulebookValue, provenance: str | None, edited: set[str]) -> dict[str, Any]:
        source = dict(base.source) if not edited & {"state", *SOURCE} else self._written_source(base)
        if provenance == "sourced" and not source.get("document") and not self.errors:
            self._bad("document", "source-needed")
        if provenance not in ("sourced", "reported") and source:
            if self.row.base is not None and base.provenance is None:
                self._bad("document", "no-source-here")
            else:
                self._bad("state", "state-of-source")
        return source

    def _written_source(self, base: RulebookValue) -> dict[str, Any]:
        written = {name: self.cells.get(name) for name in SOURCE}
        other = any(
            text_of_cell(written[name]) and not same_cell(written[name], self.row.cells.get(name))
            for name in ("document", "number")
        )
        source: dict[str, Any] = {}
        for name, cell in written.items():
            text = text_of_cell(cell)
            if text.casefold() == OUT:
                continue
            if not text and not other and text_of_cell(self.row.cells.get(name)):
                self._bad(name, "source-emptied")
            elif text and name == "dated":
                source[name] = self._source_day(cell)
            elif text and isinstance(cell, date):
                self._bad(name, "day-for-text")
            elif text:
                source[name] = text
        if base.source.get("sha256") and not other:
            source["sha256"] = base.source["sha256"]
        return source

    def _source_day(self, cell: Cell) -> date | None:
        day = self._day("dated", cell)
        if day is None:
            return None
        try:
            must_be_possible(day, self.today, "dated", text_of_cell(cell))
        except Refused:
            self._bad("dated", "day-out-of-range", text_of_cell(cell))
        if day > self.today:
            self._bad("dated", "day-in-the-future", text_of_cell(cell))
        return day

    def _tried(self, name: str, read: Any) -> Any:
        try:
            return read()
        except WordsUnreadable as unreadable:
            self._bad(name, unreadable.code, unreadable.what)
            return None

    def _bad(self, name: str, code: str, what: str = "") -> None:
        self.errors.append((name, code, what))


def rows_of(tree: Tree) -> list[FileRow]:
    """The rows of a text in its order; a part without text has a row to be filled."""
    return list(_rows(tree))


def choices_of(path: str) -> Mapping[str, str] | None:
    """The words of the value at this path by what the text has, where it is one of several."""
    return PATHS_OF_CHOICES.get(path) or (PATHS_OF_CHOICES["not_arisen"] if path.endswith(".not_arisen") else None)


def about(path: str) -> str:
    """What the value at this path is, in words."""
    if path in ABOUT:
        return ABOUT[path]
    if match := CODE.match(path):
        numbers = re.findall(r"\d+", match[0])
        names = ("Tiêu chí", "chỉ tiêu", "nội dung")
        place = ", ".join(f"{name} {number}" for name, number in zip(names, numbers, strict=False))
        of = path[match.end() + 1 :]
        return f"{place}: {OF_NODES.get(of, 'tên và cách tính')}"
    first, _, rest = path.partition(".")
    if first == "deadlines":
        return f"Thời hạn: {STEPS.get(rest, rest)}"
    if first == "suspended_years":
        return f"Năm {rest} tạm dừng đánh giá"
    if first == "legal_bases":
        return f"Căn cứ pháp lý {rest}"
    return f"Điều kiện {path.removeprefix('C')}" if re.fullmatch(r"C\d+", path) else path


def lacks_text(path: str, content: Any) -> bool:
    """Whether it is a veto whose wording is not known: nobody is asked for it."""
    return bool(CONDITION.fullmatch(path)) and content.get("kind") == ConditionKind.VETO and not content.get("text")


def same_cell(one: Cell, other: Cell) -> bool:
    """Whether two cells say the same."""
    if isinstance(one, Decimal) and isinstance(other, Decimal):
        return one == other
    return text_of_cell(one) == text_of_cell(other)


def text_of_cell(cell: Cell) -> str:
    """What a cell says, "" for nothing."""
    if cell is None:
        return ""
    if isinstance(cell, date):
        return f"{cell.day:02}/{cell.month:02}/{cell.year:04}"
    if isinstance(cell, Decimal):
        return plain(cell)
    return "\n".join(line.strip() for line in cell.splitlines()).strip()


# Rows --------------------------------------------------------------------------------------------------


def _rows(tree: Tree) -> Iterator[FileRow]:
    for path, value in values_of(tree).items():
        if path in OF_THE_RELEASE:
            continue
        if path.endswith(".without_text"):
            yield from (_row(code, None, {}) for code in value.value)
        elif (cells := _cells(path, value)) is not None:
            yield _row(path, value, cells)
    for path, kind in absent_of(tree).items():
        row = _row(path, None, {})
        yield FileRow(path, {**row.cells, "about": f"{about(path)} ({_hint(path)})"}, None, kind)


def _hint(path: str) -> str:
    """That the text lacks the value, and how one is written that has several entries."""
    example = {"deadlines": "số ngày làm việc: 3", "commune_steps": "số lần phát thanh ít nhất: 2"}
    shown = example.get(path.partition(".")[0])
    return f"chưa có; ví dụ: {shown}" if shown else "chưa có"


def _row(path: str, value: RulebookValue | None, cells: Mapping[str, Cell]) -> FileRow:
    source = value.source if value else {}
    known = known_of(value) if value else None
    whole = {
        **dict.fromkeys(COLUMNS),
        "path": path,
        "about": about(path),
        "state": known_words(known, vietnamese()) if known else None,
        **{name: source.get(name) for name in SOURCE},
        **cells,
    }
    del whole["out"], whole["comment"]
    return FileRow(path, whole, value)


def _cells(path: str, value: RulebookValue) -> dict[str, Cell] | None:
    """The cells of the value itself; None for one that has no words, which can only be edited on the page."""
    content = value.value
    try:
        if path.endswith(".measure"):
            numbers = {name: held for name, held in content.items() if name != "kind"}
            return {"kind": KINDS[content["kind"]], "numbers": in_lines(numbers)}
        if (choices := choices_of(path)) is not None:
            return {"value": choices[content]}
        if isinstance(content, dict):
            return {"value": in_lines({**content, "text": ""} if lacks_text(path, content) else content)}
        if isinstance(content, list):
            return {"value": in_lines(content)}
    except KeyError:
        return None
    return {"value": _cell(path, content)}


def _cell(path: str, content: Any) -> Cell:
    if path in DATES:
        return date.fromisoformat(content) if isinstance(content, str) else content
    if isinstance(content, bool):
        return YES if content else NO
    return Decimal(content) if isinstance(content, int | Decimal) else content


def words_of_choices(path: str) -> Iterable[str]:
    """What may stand in the value's cell where it is one of several; nothing where it is not."""
    return (choices_of(path) or {}).values()


__all__ = ["CHOICES", "COLUMNS", "FileError", "FileRow", "RowReader", "about", "rows_of", "same_cell", "text_of_cell"]
