"""The standings of a season as a workbook: all that the board shows, as values that can be counted with."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import NamedTuple

from domain.judging import CriterionResult
from domain.measure import Outcome
from domain.meeting import VoteOutcome
from domain.rulebook import Model, Provenance, Rulebook
from domain.vietnamese import sort_key
from infra.reference.rulebooks import Rulebooks
from projections.tables.standings import Basis, Standing
from projections.tables.units import UnitRow
from services.case.verdicts import Gate, JudgedStanding, criterion_status, judged
from services.clock import VIETNAM
from services.exports.workbook import DAY, POINTS, SHARE, Column, Value, WorkbookWriter, Written
from services.i18n import Words, vietnamese


class StandingsSource(NamedTuple):
    """Where the workbook comes from: the log, how far it was read, and the moment of the last fact read."""

    province: str
    season: str
    rulebook: Rulebook
    log: str
    position: int
    moment: datetime
    demonstration: bool
    rulebooks: Rulebooks = Rulebooks(())

    @property
    def levels(self) -> bool:
        """Whether the rulebook has no points."""
        return self.rulebook.model is Model.LEVELS

    def text_of(self, row: Standing) -> Rulebook:
        """The text by which the commune is judged."""
        return self.rulebooks.own_text(self.rulebook, row.rulebook_sha256, decided=not row.may_be_decided)

    @property
    def about(self) -> str:
        return f"{self.province}, năm {self.year}"

    @property
    def year(self) -> str:
        """The year as people name it, with the round where it is a further one."""
        return vietnamese().season(self.season)

    @property
    def made_from(self) -> str:
        return f"Số liệu cập nhật đến mục nhật ký số {self.position} · bộ tiêu chí {self.rulebook.short}"


def standings_workbook(
    source: StandingsSource, rows: Sequence[Standing], units: Mapping[str, UnitRow], words: Words
) -> Written:
    """The workbook of these communes, ordered as on the board."""
    lines = sorted((judged(row, source.text_of(row)) for row in rows), key=lambda one: _order(one.row, units))
    book = WorkbookWriter()
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
    book.add(origin, source, origin, [Column("Nội dung", 30), Column("Giá trị", 90)], _origin(source))
    return Written(book.saved(source, f"Bảng đánh giá năm {source.year}, {source.province}"), book.cut)


# What it says -----------------------------------------------------------------------------------------


def board_columns(source: StandingsSource) -> list[Column]:
    """The board's columns: the verdict first, then the margin, then what it is made of."""
    rulebook = source.rulebook
    columns = [Column("Mã", 8), Column("Đơn vị", 26), Column("Loại hình", 11), Column("Thẩm quyền công nhận", 26)]
    if rulebook.unit_classes:
        columns.append(Column("Loại", 7))
    columns += [Column("Điều kiện về kỷ luật", 18), Column("Kết quả tính", 16)]
    if source.levels:
        columns.append(Column("Chỉ tiêu đạt"))
        columns += [Column(f"{one.code}: đạt/{len(one.indicators)}") for one in rulebook.criteria]
    else:
        columns += [
            Column("Tổng điểm", 11, POINTS),
            Column("Mức tối thiểu", 11, POINTS),
            Column("Chênh lệch", 11, POINTS),
        ]
        for one in rulebook.criteria:
            columns += [Column(f"{one.code} (/{one.max_points:f})", 11, POINTS), Column(f"{one.code}: kết quả", 14)]
    if rulebook.asks_satisfaction:
        columns.append(Column("Hài lòng (%)", 11, POINTS))
    return [
        *columns,
        Column("Chỉ tiêu có kết quả"),
        Column("Có minh chứng, giải trình", 14, SHARE),
        Column("Trạng thái hồ sơ", 16),
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
    return {
        Gate.CLEAR: "bảo đảm điều kiện",
        Gate.SHUT: "chưa bảo đảm điều kiện",
        Gate.UNDECLARED: "chưa xác nhận điều kiện",
        Gate.UNKNOWN: "",
    }[gate]


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
                "đã đối chiếu" if sourced else "nội dung tạm thời, chờ văn bản hướng dẫn",
            ]


def _origin(source: StandingsSource) -> list[list[Value]]:
    rulebook = source.rulebook
    return [
        ["Tỉnh, thành phố", source.province],
        ["Năm đánh giá", source.year],
        ["Bộ tiêu chí", rulebook.title],
        ["SHA-256 của bộ tiêu chí", rulebook.sha256],
        ["Số giá trị chưa có văn bản gốc để đối chiếu", len(rulebook.unverified)],
        ["Nhật ký", source.log],
        ["Số liệu cập nhật đến mục nhật ký số", source.position],
        ["Thời điểm của mục nhật ký cuối", f"{source.moment.astimezone(VIETNAM):%H:%M:%S %d/%m/%Y}"],
        [
            "Lập lại",
            "Lập lại từ mục nhật ký này được đúng tệp này; SHA-256 của tệp ghi trong nhật ký khi kết xuất xong.",
        ],
    ]


def _order(row: Standing, units: Mapping[str, UnitRow]) -> tuple[object, str]:
    unit = units.get(row.commune)
    return sort_key(unit.bare_name if unit else row.commune), row.commune
