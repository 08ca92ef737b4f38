"""Names, dates and numbers as official documents write them (Nghị định 30/2020/NĐ-CP, Phụ lục I)."""

from __future__ import annotations

from datetime import date
from typing import NamedTuple

from domain.official import Capacity
from domain.season import is_practice
from domain.unit import Level

COMMITTEE = "Ủy ban nhân dân"


class Mark(NamedTuple):
    """What stands on every page of a document that nobody may take for a real one: a line, and words across it."""

    line: str
    across: str


def mark_of(season: str, demonstration: bool) -> Mark | None:  # noqa: FBT001 - a template says it by its place
    """The mark of a document about this season; None for a real one."""
    if is_practice(season):
        kind = "ĐỢT ĐÁNH GIÁ THỬ"
        said = f"{kind}, DỮ LIỆU MINH HỌA – không" if demonstration else f"{kind} – không công bố, không"
        return Mark(f"{said} có giá trị pháp lý, không tính vào kết quả", kind)
    if demonstration:
        return Mark("DỮ LIỆU MINH HỌA – không phải văn bản có giá trị pháp lý", "DỮ LIỆU MINH HỌA")
    return None


class NamedUnit(NamedTuple):
    """An administrative unit with the one above it; `unit_type` as the law calls it ("Thị xã")."""

    unit_type: str
    name: str
    level: Level
    above: NamedUnit | None

    @property
    def full(self) -> str:
        """The name with its type, at the beginning of a sentence: "Thị xã Chơn Thành"."""
        if not self.unit_type or self.name.startswith(f"{self.unit_type} "):
            return self.name
        return f"{self.unit_type} {self.name}"

    @property
    def inside(self) -> str:
        """The name within a sentence: "thị xã Chơn Thành"."""
        return lower_first(self.full)

    @property
    def kind(self) -> str:
        """The type within a sentence: "thị xã"."""
        return lower_first(self.unit_type)

    @property
    def bare(self) -> str:
        """The name alone, as it stands before a date; a number or nothing but a type keeps its type ("Quận 1")."""
        name = self.full.removeprefix(f"{self.unit_type} ")
        return self.full if name.isdigit() or name == "Hồ Chí Minh" else name

    @property
    def whole(self) -> str:
        """With all units above: "xã Minh Lập, thị xã Chơn Thành, tỉnh Bình Phước"."""
        return self.inside + (f", {self.above.whole}" if self.above else "")


def lower_first(text: str) -> str:
    """The text with a small first letter."""
    return text[:1].lower() + text[1:]


def upper_first(text: str) -> str:
    """The text with a capital first letter."""
    return text[:1].upper() + text[1:]


def day_in_words(day: date) -> str:
    """The day as documents write it: a zero before days under 10 and before January and February.

    So "ngày 07 tháng 02 năm 2023", but "ngày 10 tháng 3 năm 2023".
    """
    month = f"{day.month:02}" if day.month < 3 else str(day.month)
    return f"ngày {day.day:02} tháng {month} năm {day.year}"


def number_of(document_no: str) -> str:
    """The number of a document with a zero before those under 10: "5/QĐ-UBND" is written "05/QĐ-UBND"."""
    number, slash, symbol = document_no.partition("/")
    return f"{int(number):02}{slash}{symbol}" if number.isascii() and number.isdecimal() else document_no


def signature(place: NamedUnit, capacity: Capacity | None) -> tuple[str, ...]:
    """The lines above a signature of the chairman of the unit's committee."""
    match capacity:
        case Capacity.ON_BEHALF_OF_COMMITTEE:
            return (f"TM. {COMMITTEE}".upper(), "CHỦ TỊCH")
        case Capacity.FOR_THE_HEAD:
            return ("KT. CHỦ TỊCH", "PHÓ CHỦ TỊCH")
        case Capacity.ACTING:
            return ("Q. CHỦ TỊCH",)
        case None:
            return ("CHỦ TỊCH",)
