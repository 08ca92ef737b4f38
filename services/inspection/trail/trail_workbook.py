"""The workbook of a trail: one row for each fact, in the order of the log, and the search that found them.

Personal data that lies under keys is not in it: nobody could destroy it in a file that was taken away.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple
from urllib.parse import parse_qsl

import structlog

from infra.reference.rulebooks import Rulebooks
from services.clock import VIETNAM
from services.exports.workbook import Column, Value, WorkbookWriter, Written
from services.i18n import Words
from services.inspection.trail.search import FoundFacts, Names, Object, TrailQuery, about, describe
from services.sentences import FactSentence

#: Facts in one workbook; more are refused rather than cut off.
MOST = 20_000

COLUMNS = (
    Column("Số", 10),
    Column("Thời điểm ghi nhận", 20),
    Column("Người thực hiện", 36),
    Column("Họ tên", 26),
    Column("Theo văn bản", 18),
    Column("Việc", 70),
    Column("Chi tiết", 50),
    Column("Về", 36),
)


log = structlog.get_logger("trail")


class TrailSheetRow(NamedTuple):
    """One fact in words, and what it is about; `failure` says what went wrong where it cannot be told."""

    position: int
    told: FactSentence | None
    about: tuple[Object, ...] = ()
    failure: str = ""


class TrailSource(NamedTuple):
    """Where it comes from: the log, how far it was read, and the moment of the last fact read; `season` is the one that
    the search is limited to, "" for none.
    """

    province: str
    log: str
    position: int
    moment: datetime
    demonstration: bool
    season: str = ""

    @property
    def about(self) -> str:
        return self.province

    @property
    def made_from(self) -> str:
        return f"Số liệu cập nhật đến mục nhật ký số {self.position}"


def lines_of(found: FoundFacts, names: Names, words: Words, rulebooks: Rulebooks) -> list[TrailSheetRow]:
    """These facts as lines. A fact that cannot be told is named and stops no other: it stands in the log for ever."""
    try:
        return [
            TrailSheetRow(one.entry.position, one, about(one, names, words))
            for one in describe(found, names, words, rulebooks, {})
        ]
    except Exception as reason:
        if len(found.facts) > 1:
            around = (*found.around, *found.facts)
            each = (found._replace(facts=(one,), around=around) for one in found.facts)
            return [line for one in each for line in lines_of(one, names, words, rulebooks)]
        position = found.facts[0].position
        log.exception("a fact cannot be told", position=position)
        return [TrailSheetRow(position, None, failure=type(reason).__name__)]


def trail_workbook(source: TrailSource, asked: TrailQuery, lines: Sequence[TrailSheetRow], words: Words) -> Written:
    """The workbook of these facts. Made again it has the same bytes."""
    book = WorkbookWriter()
    book.add("Nhật ký", source, "Nhật ký", COLUMNS, [_line(one, words) for one in lines])
    origin = [Column("Nội dung", 30), Column("Giá trị", 90)]
    book.add("Nguồn gốc", source, "Nguồn gốc", origin, _origin(source, asked, len(lines), words))
    return Written(book.saved(source, f"Nhật ký, {source.province}"), book.cut)


def filters_of(spelled: str, words: Words) -> list[tuple[str, str]]:
    """What a search is limited to, each with its label; a season as people name it."""
    return [
        (words.say(f"filter.{name}"), words.season(value) if name == "mua" else value)
        for name, value in parse_qsl(spelled)
    ]


def _line(line: TrailSheetRow, words: Words) -> list[Value]:
    told = line.told
    if told is None:
        said = f"Không ghi được mục nhật ký này vào bảng tính ({line.failure}); báo quản trị viên kèm số mục."
        return [line.position, None, None, None, None, said, None, None]
    return [
        told.entry.position,
        words.instant(told.entry.at),
        told.who,
        told.name,
        told.decision_no,
        told.sentence,
        "; ".join(f"{detail.label}: {detail.text}" for detail in told.details),
        ", ".join(one.label for one in line.about),
    ]


def _origin(source: TrailSource, asked: TrailQuery, count: int, words: Words) -> list[list[Value]]:
    filters: list[list[Value]] = [[f"Bộ lọc: {label}", value] for label, value in filters_of(asked.spell(), words)]
    return [
        ["Tỉnh, thành phố", source.province],
        *filters,
        ["Số mục nhật ký", count],
        ["Nhật ký", source.log],
        ["Số liệu cập nhật đến mục nhật ký số", source.position],
        ["Thời điểm của mục nhật ký cuối", f"{source.moment.astimezone(VIETNAM):%H:%M:%S %d/%m/%Y}"],
        ["Dữ liệu cá nhân", "Không có trong tệp này: xem trên trang Nhật ký."],
    ]
