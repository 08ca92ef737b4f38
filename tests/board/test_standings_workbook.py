import io
import re
import time
import zipfile
from datetime import UTC, date, datetime
from decimal import Decimal
from uuid import uuid4
from xml.etree import ElementTree as ET

import openpyxl
import pytest
import structlog
import xlsxwriter
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from openpyxl.utils import get_column_letter
from openpyxl.utils.escape import unescape
from openpyxl.worksheet.worksheet import Worksheet

from domain.assessment import Stage
from domain.fact import Recorded
from domain.measure import Answer, Kind, Measured, Outcome
from domain.meeting import VoteOutcome
from domain.recognition import Result
from domain.unit import Level, Unit, unit_stream
from infra.reference.rulebooks import load_rulebooks
from projections.tables.standings import Cell, Standing
from projections.tables.units import UnitRow
from services.board.standings_workbook import StandingsSource, board_columns, standings_workbook
from services.exports.workbook import CELL_LIMIT, CUT, HEAD, ROWS_LIMIT, Column, Value, WorkbookWriter
from services.i18n import Words, load_words
from services.inspection.trail import trail_workbook
from services.inspection.trail.search import FoundFacts, Names, TrailQuery
from services.visible import readable

MOMENT = datetime(2024, 2, 7, 7, 5, tzinfo=UTC)
DISTRICT = UnitRow("697", "Thị xã Chơn Thành", "Thị xã", Level.DISTRICT, "70")

#: What people may write, and a spreadsheet may run.
HOSTILE = (
    '=HYPERLINK("http://attacker.example","x")',
    "=1+1",
    "+1+cmd|' /C calc'!A0",
    "-2+3",
    "@SUM(A1:A9)",
    "\t=1+1",
    "\r=1+1",
    "#N/A",
    "TRUE",
    "<b>đậm</b>",
    "<r><t>=1+1</t></r>",
    "dòng 1\ndòng 2",
    "\x07 chuông",
)


@pytest.fixture(scope="module")
def words() -> Words:
    return load_words()["vi"]


def a_source(rulebook: str = "qd-25-2021", **other: object) -> StandingsSource:
    given = {
        "province": "Tỉnh Bình Phước",
        "season": "2023",
        "rulebook": load_rulebooks().newest(rulebook),
        "log": "minhchuan.example/t/2",
        "position": 214_881,
        "moment": MOMENT,
        "demonstration": False,
    }
    return StandingsSource(**(given | other))  # type: ignore[arg-type]


def a_standing(source: StandingsSource, commune: str, share: Decimal = Decimal("0.9"), **other: object) -> Standing:
    """A commune with this share of each indicator's points, or everything met."""
    cells = {
        one.code: Cell(changed=1, points=one.max_points * share, evidence=1)
        if one.max_points
        else Cell(changed=1, outcome=Outcome.MET, evidence=1)
        for one in source.rulebook.indicators
    }
    given = {
        "season": source.season,
        "commune": commune,
        "decided_by": "697",
        "rulebook": source.rulebook.id,
        "rulebook_sha256": source.rulebook.sha256,
        "unit_class": None,
        "version": 1,
        "cells": cells,
        "vetoes": {condition.code: Answer.NO for condition in source.rulebook.vetoes},
        "dossier": Stage.SUBMITTED,
    }
    return Standing(**(given | other))  # type: ignore[arg-type]


def units_named(**names: str) -> dict[str, UnitRow]:
    communes = {code: UnitRow(code, name, "Xã", Level.COMMUNE, "697") for code, name in names.items()}
    return communes | {"697": DISTRICT}


def sheets_of(content: bytes) -> dict[str, Worksheet]:
    return {sheet.title: sheet for sheet in openpyxl.load_workbook(io.BytesIO(content)).worksheets}


def lines_of(sheet: Worksheet) -> list[dict[str, object]]:
    heads = [cell.value for cell in sheet[HEAD]]
    return [dict(zip(map(str, heads), row, strict=True)) for row in sheet.iter_rows(min_row=HEAD + 1, values_only=True)]


def a_board(
    source: StandingsSource, rows: list[Standing], names: dict[str, str], words: Words
) -> list[dict[str, object]]:
    content = standings_workbook(source, rows, units_named(**names), words).content
    return lines_of(sheets_of(content)["Bảng đánh giá"])


# What it says -----------------------------------------------------------------------------------------


def test_the_board_has_one_line_for_each_commune_in_vietnamese_order(words):
    source = a_source()
    rows = [a_standing(source, code) for code in ("1", "2", "3", "4")]

    lines = a_board(source, rows, {"1": "Đỗ Động", "2": "Ân Thi", "3": "An Bình", "4": "Ăn Thịnh"}, words)

    assert [line["Đơn vị"] for line in lines] == ["An Bình", "Ăn Thịnh", "Ân Thi", "Đỗ Động"]


def test_numbers_are_numbers_and_days_are_days(words):
    source = a_source()
    row = a_standing(
        source,
        "1",
        voted=VoteOutcome.CARRIED,
        result=Result.RECOGNISED,
        decision_no="512/QĐ-UBND",
        decided_on=date(2024, 2, 7),
        published_on=date(2024, 2, 8),
    )

    (line,) = a_board(source, [row], {"1": "Minh Thắng"}, words)

    assert (line["Tổng điểm"], line["Mức tối thiểu"], line["Chênh lệch"]) == (90, 80, 10)
    assert line["TC2 (/30)"] == 27
    assert line["Kết quả tính"] == "đạt"
    assert (line["Hội đồng"], line["Quyết định"], line["Số quyết định"]) == ("thông qua", "công nhận", "512/QĐ-UBND")
    assert line["Ngày quyết định"] == datetime(2024, 2, 7)  # noqa: DTZ001 - a day of a spreadsheet
    assert line["Trạng thái hồ sơ"] == "Đã công bố"


def test_a_veto_is_said_before_any_score(words):
    source = a_source()
    (veto,) = [condition.code for condition in source.rulebook.vetoes]

    (line,) = a_board(source, [a_standing(source, "1", vetoes={veto: Answer.YES})], {"1": "Minh Lập"}, words)

    assert (line["Điều kiện về kỷ luật"], line["Kết quả tính"]) == ("chưa bảo đảm điều kiện", "chưa bảo đảm điều kiện")
    assert list(line).index("Điều kiện về kỷ luật") < list(line).index("Tổng điểm")


def test_a_commune_that_was_never_scored_has_empty_cells_not_zeroes(words):
    source = a_source()

    (line,) = a_board(source, [a_standing(source, "1", cells={}, vetoes={})], {"1": "Minh Lập"}, words)

    assert line["Tổng điểm"] is None
    assert line["TC1 (/10)"] is None
    assert (line["Kết quả tính"], line["Điều kiện về kỷ luật"]) == ("chưa chấm", "chưa xác nhận điều kiện")


def test_without_points_the_word_for_points_never_occurs(words):
    source = a_source("qd-27-2025")
    content = standings_workbook(source, [a_standing(source, "1")], units_named(**{"1": "Long Hà"}), words).content

    (line,) = lines_of(sheets_of(content)["Bảng đánh giá"])
    assert (line["Chỉ tiêu đạt"], line["TC2: đạt/7"]) == (14, 7)
    rulebook_words = " ".join(one.name for one in source.rulebook.indicators)
    assert "điểm" not in rulebook_words
    for sheet in sheets_of(content).values():
        said = " ".join(str(cell.value) for row in sheet.iter_rows() for cell in row if cell.value is not None)
        assert not re.search(r"\bđiểm\b", said.replace("Thời điểm", "").lower()), sheet.title


def test_class_and_satisfaction_have_columns_where_the_rulebook_asks_for_them(words):
    source = a_source("qd-619-2017")
    row = a_standing(source, "1", unit_class="II", satisfied=961, asked=1000)

    (line,) = a_board(source, [row], {"1": "Ba Đình"}, words)

    assert (line["Loại"], line["Mức tối thiểu"]) == ("II", 80)
    assert line["Hài lòng (%)"] == pytest.approx(96.1)
    assert "Hài lòng (%)" not in [column.head for column in board_columns(a_source())]


def test_proposed_and_appraised_values_stand_on_sheets_of_their_own(words):
    source = a_source()
    code = source.rulebook.indicators[0].code
    row = a_standing(source, "1")
    cell = Cell(changed=1, points=Decimal("2.5"), seen=1, appraised_points=Decimal("1.75"))
    row = Standing(**{field: getattr(row, field) for field in row.__struct_fields__} | {"cells": {code: cell}})

    sheets = sheets_of(standings_workbook(source, [row], units_named(**{"1": "Minh Lập"}), words).content)

    assert lines_of(sheets["Tự chấm"])[0][code] == pytest.approx(2.5)
    assert lines_of(sheets["Thẩm định"])[0][code] == pytest.approx(1.75)


def test_every_sheet_names_the_position_and_the_rulebook(words):
    source = a_source()
    sheets = sheets_of(
        standings_workbook(source, [a_standing(source, "1")], units_named(**{"1": "Minh Lập"}), words).content
    )

    for sheet in sheets.values():
        assert "214881" in str(sheet["A2"].value)
        assert "25/2021" in str(sheet["A2"].value)
    origin = {line["Nội dung"]: line["Giá trị"] for line in lines_of(sheets["Nguồn gốc"])}
    assert origin["SHA-256 của bộ tiêu chí"] == source.rulebook.sha256
    assert origin["Số liệu cập nhật đến mục nhật ký số"] == 214_881
    assert origin["Thời điểm của mục nhật ký cuối"] == "14:05:00 07/02/2024"


def test_a_further_round_of_a_year_is_named(words):
    source = a_source(season="2023-2")
    content = standings_workbook(source, [a_standing(source, "1")], units_named(**{"1": "Minh Lập"}), words).content

    sheets = sheets_of(content)
    origin = {line["Nội dung"]: line["Giá trị"] for line in lines_of(sheets["Nguồn gốc"])}
    assert origin["Năm đánh giá"] == "2023 (đợt 2)"
    assert all("2023 (đợt 2)" in str(sheet["A1"].value) + str(sheet["A2"].value) for sheet in sheets.values())


def test_only_a_demonstration_is_marked_as_one(words):
    rows = [a_standing(a_source(), "1")]
    names = units_named(**{"1": "Minh Lập"})

    shown = sheets_of(standings_workbook(a_source(demonstration=True), rows, names, words).content)
    real = sheets_of(standings_workbook(a_source(), rows, names, words).content)

    assert all("Dữ liệu minh họa" in str(sheet["A3"].value) for sheet in shown.values())
    assert all(sheet["A3"].value is None for sheet in real.values())


def test_every_sheet_keeps_heads_in_sight_can_be_filtered_and_is_printed_on_one_page_across(words):
    rows = [a_standing(a_source(), "1", decision_no="12/QĐ", decided_on=date(2024, 2, 7))]

    sheets = sheets_of(standings_workbook(a_source(), rows, units_named(**{"1": "Minh Lập"}), words).content)

    for sheet in sheets.values():
        fitted, footer = sheet.sheet_properties.pageSetUpPr, sheet.oddFooter
        assert fitted is not None
        assert footer is not None
        assert sheet.freeze_panes == f"C{HEAD + 1}"
        assert sheet.auto_filter.ref == f"A{HEAD}:{get_column_letter(sheet.max_column)}{sheet.max_row}"
        assert (sheet.page_setup.orientation, str(sheet.page_setup.paperSize)) == ("landscape", "9")
        assert (fitted.fitToPage, str(sheet.page_setup.fitToHeight)) == (True, "0")
        assert sheet.print_title_rows == f"${HEAD}:${HEAD}"
        assert (footer.left.text, footer.right.text) == ("Số liệu cập nhật đến mục nhật ký số 214881", "&P/&N")
    board = sheets["Bảng đánh giá"]
    columns = board_columns(a_source())
    assert [board.column_dimensions[letter].width for letter in "AB"] == [8, 26]
    shown = {column.head: board.cell(HEAD + 1, at) for at, column in enumerate(columns, start=1)}
    assert shown["Tổng điểm"].number_format == "0.00"
    assert shown["Có minh chứng, giải trình"].number_format == "0%"
    assert shown["Ngày quyết định"].number_format == "dd/mm/yyyy"
    assert (shown["Đơn vị"].alignment.wrap_text, shown["Đơn vị"].alignment.vertical) == (True, "top")
    assert all(cell.border.left.style == "thin" and cell.font.name == "Times New Roman" for cell in shown.values())
    head = board.cell(HEAD, 1)
    assert (head.font.bold, head.fill.fgColor.rgb, head.alignment.horizontal) == (True, "FFE8ECF1", "center")


# What it must never do --------------------------------------------------------------------------------


def test_text_written_plainly_would_be_a_formula():
    """The canary: this is what the library does by itself."""
    sheet = written_plainly("=1+1")

    assert sheet["A1"].data_type == "f"


def test_a_text_that_looks_like_codes_written_plainly_would_be_read_as_another():
    """The canary of `fitting`: the library leaves the second of two codes that touch as it is."""
    assert unescape(str(written_plainly("_x0041_x0042_")["A1"].value)) != "_x0041_x0042_"


def test_a_text_between_marks_of_the_library_written_plainly_would_be_markup():
    """The canary of `spelled`."""
    assert written_plainly("<r><t>=1+1</t></r>")["A1"].value != "<r><t>=1+1</t></r>"


def written_plainly(text: str) -> Worksheet:
    """A sheet with this text as the library writes it by itself."""
    kept = io.BytesIO()
    with xlsxwriter.Workbook(kept, {"constant_memory": True}) as book:
        book.add_worksheet().write("A1", text)
    return openpyxl.load_workbook(kept).worksheets[0]


def test_what_people_wrote_is_never_a_formula(words):
    source = a_source(province=HOSTILE[0])
    names = {str(number): text for number, text in enumerate(HOSTILE)}
    rows = [a_standing(source, code, decision_no=text) for code, text in names.items()]

    content = standings_workbook(source, rows, units_named(**names), words).content

    with zipfile.ZipFile(io.BytesIO(content)) as file:
        for name in file.namelist():
            if name.startswith("xl/worksheets/"):
                assert b"<f>" not in file.read(name), name
        assert not [name for name in file.namelist() if "externalLink" in name]
    written = {unescape(str(line["Số quyết định"])) for line in lines_of(sheets_of(content)["Bảng đánh giá"])}
    assert set(HOSTILE) - {"\x07 chuông", "\r=1+1"} <= written
    assert "[U+0007] chuông" in written
    for sheet in sheets_of(content).values():
        for row in sheet.iter_rows():
            assert all(cell.data_type in ("s", "n", "d") for cell in row)


def test_what_looks_like_a_formula_is_marked_as_text_for_whoever_edits_it(words):
    source = a_source()
    row = a_standing(source, "1", decision_no="=1+1")
    content = standings_workbook(source, [row], units_named(**{"1": "Minh Lập"}), words).content

    sheet = sheets_of(content)["Bảng đánh giá"]
    (cell,) = [cell for cell in sheet[HEAD + 1] if cell.value == "=1+1"]
    assert cell.quotePrefix


def test_the_same_rows_give_the_same_bytes_in_another_second(words):
    source = a_source()
    rows = [a_standing(source, code) for code in ("1", "2")]
    names = units_named(**{"1": "Minh Lập", "2": "Minh Long"})
    first = standings_workbook(source, rows, names, words)

    time.sleep(1.1)  # the library writes the second of saving
    second = standings_workbook(source, list(reversed(rows)), names, words)

    assert first == second


def test_two_positions_give_two_files(words):
    rows = [a_standing(a_source(), "1")]
    names = units_named(**{"1": "Minh Lập"})

    one = standings_workbook(a_source(), rows, names, words)
    other = standings_workbook(a_source(position=214_882), rows, names, words)

    assert one != other


# What people may write --------------------------------------------------------------------------------


SPREADSHEET = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"


def read_independently(content: bytes) -> dict[tuple[str, str], str]:
    """The texts of a workbook by sheet and place, read as ECMA-376 says by other means than what wrote it."""
    found = {}
    with zipfile.ZipFile(io.BytesIO(content)) as file:
        listed = file.read("xl/sharedStrings.xml") if "xl/sharedStrings.xml" in file.namelist() else b"<none/>"
        shared = list(ET.fromstring(listed))
        for name in file.namelist():
            if name.startswith("xl/worksheets/sheet"):
                for cell in ET.fromstring(file.read(name)).iter(f"{SPREADSHEET}c"):
                    if cell.get("t") in ("s", "inlineStr"):
                        text = shared[int(cell.findtext(f"{SPREADSHEET}v") or "")] if cell.get("t") == "s" else cell
                        spelled = "".join(part.text or "" for part in text.iter(f"{SPREADSHEET}t"))
                        said = re.sub("_x([0-9A-Fa-f]{4})_", lambda code: chr(int(code[1], 16)), spelled)
                        found[name, cell.get("r") or ""] = said
    return found


def sheet_of(*values: Value) -> bytes:
    """A workbook of one sheet with one line of these values."""
    book = WorkbookWriter()
    columns = [Column(f"Cột {number}") for number, _ in enumerate(values)]
    book.add("Thử", a_source(), "Thử", columns, [values])
    return book.saved(a_source(), f"Thử {values[0]}")


def written(content: bytes) -> tuple[str, str]:
    """What the first cell says, as each of the two readers reads it."""
    sheet = openpyxl.load_workbook(io.BytesIO(content)).worksheets[0]
    own = read_independently(content).get(("xl/worksheets/sheet1.xml", f"A{HEAD + 1}"), "")
    return str(unescape(str(sheet.cell(HEAD + 1, 1).value or ""))), own


#: Texts with what spreadsheets and XML take for something else, more often than chance would bring it.
TRICKY = st.lists(
    st.one_of(
        st.text(max_size=20),
        st.text(st.characters(max_codepoint=0x9F), max_size=5),
        st.sampled_from(
            [
                "_x0041_",
                "_x005F_",
                "_x005f_x0041_",
                "_x000D_",
                "_",
                "<r>",
                "</r>",
                "\ufffe",
                "\uffff",
                "\ud800",
                "=1",
                "\r\n",
            ]
        ),
        st.characters(min_codepoint=0x10000),
        st.sampled_from([40_000, 32_767, 32_760, 16_384]).map(lambda count: "ệ𝒳_x0041_"[count % 8] * count),
    ),
    max_size=6,
).map("".join)


@settings(max_examples=100, suppress_health_check=[HealthCheck.data_too_large])
@given(TRICKY)
def test_any_text_gives_a_workbook_that_two_readers_read_alike(text: str):
    content = sheet_of(text)

    by_openpyxl, by_hand = written(content)

    assert by_openpyxl == by_hand
    assert len(by_hand.encode("utf-16-le")) // 2 <= CELL_LIMIT
    cut = re.fullmatch(r"(.*)… \(còn (\d+) ký tự\)", by_hand, re.DOTALL) if len(text) > 16_000 else None
    if cut:
        assert readable(text).startswith(cut[1])
        assert len(readable(text)) == len(cut[1]) + int(cut[2])
    else:
        assert by_hand == readable(text)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("mã _x0041_ và _x000D_ hết", "mã _x0041_ và _x000D_ hết"),
        ("_x0041_x0042_", "_x0041_x0042_"),
        ("a\ufffeb\uffffc\ud800d\x01", "a[U+FFFE]b[U+FFFF]c[U+D800]d[U+0001]"),
        ("dòng 1\r\ndòng 2\rdòng 3", "dòng 1\ndòng 2\ndòng 3"),
        ("ngược \u202e xuôi", "ngược [U+202E] xuôi"),
        ("họ 👍 tên 𝒳", "họ 👍 tên 𝒳"),
        ("<r><t>đậm</t></r>", "<r><t>đậm</t></r>"),
        ("<r></r>", "<r></r>"),
        (" hai đầu có khoảng trắng ", " hai đầu có khoảng trắng "),
    ],
)
def test_what_a_spreadsheet_would_read_as_something_else_comes_out_as_it_went_in(text: str, said: str):
    assert written(sheet_of(text)) == (said, said)


@pytest.mark.parametrize("letter", ["ệ", "𝒳", "_x0041_"])
def test_a_text_too_long_for_a_cell_says_how_much_is_left_and_so_does_the_sheet(letter: str):
    text = letter * (50_010 // len(letter))

    content = sheet_of(text, "ngắn", text)

    said = read_independently(content)
    cell = said["xl/worksheets/sheet1.xml", f"A{HEAD + 1}"]
    kept, left = re.fullmatch(r"(.*)… \(còn (\d+) ký tự\)", cell).groups()  # type: ignore[union-attr]
    assert text == kept + text[len(kept) :]
    assert int(left) == len(text) - len(kept)
    assert said["xl/worksheets/sheet1.xml", "A2"].endswith(f"· 2 {CUT}")
    assert CUT not in read_independently(sheet_of("ngắn"))["xl/worksheets/sheet1.xml", "A2"]


def test_a_text_that_just_fits_is_whole():
    text = "𝒳" * 16_383 + "x"

    assert written(sheet_of(text)) == (text, text)


@pytest.mark.parametrize(
    ("value", "said"),
    [
        (date(24, 2, 7), "07/02/0024"),
        (date(1899, 12, 31), "31/12/1899"),
        (10**15, "1000000000000000"),
        (-(10**20), "-100000000000000000000"),
    ],
)
def test_what_no_spreadsheet_counts_with_is_text(value: Value, said: str):
    assert written(sheet_of(value)) == (said, said)


def test_days_that_a_spreadsheet_knows_stay_days():
    for day in (date(1900, 3, 1), date(2024, 2, 7), date(9999, 12, 31)):
        sheet = openpyxl.load_workbook(io.BytesIO(sheet_of(day))).worksheets[0]
        assert sheet.cell(HEAD + 1, 1).value == datetime(day.year, day.month, day.day)  # noqa: DTZ001 - as it reads days


def test_no_workbook_has_more_lines_than_a_sheet():
    assert HEAD + trail_workbook.MOST <= ROWS_LIMIT


# The trail --------------------------------------------------------------------------------------------


def test_a_fact_that_cannot_be_told_is_named_and_stops_no_other(words):
    def registered(position: int, name: object) -> Recorded:
        unit = Unit(id=uuid4(), code=f"9900{position}", name=name, unit_type="Xã", level=Level.COMMUNE)  # type: ignore[arg-type]
        (fact,) = unit.collect_events()
        stream = unit_stream(unit.code)
        return Recorded(position, stream, 1, MOMENT, "system", "", "", uuid4(), fact)  # type: ignore[arg-type]

    broken = Measured(Kind.BOOLEAN, answer="có")  # type: ignore[arg-type]
    facts = tuple(registered(at, name) for at, name in ((1, "Minh Lập"), (2, broken), (3, "Minh Long")))

    with structlog.testing.capture_logs() as logged:
        lines = trail_workbook.lines_of(FoundFacts(facts, ()), Names((), (), (), ()), words, load_rulebooks())
    content = trail_workbook.trail_workbook(
        trail_workbook.TrailSource("Tỉnh Bình Phước", "minhchuan.example/t/2", 3, MOMENT, False),
        TrailQuery(),
        lines,
        words,
    ).content

    rows = lines_of(sheets_of(content)["Nhật ký"])
    assert [row["Số"] for row in rows] == [1, 2, 3]
    assert "Minh Lập" in str(rows[0]["Việc"])
    assert "Minh Long" in str(rows[2]["Việc"])
    assert str(rows[1]["Việc"]).startswith("Không ghi được mục nhật ký này vào bảng tính")
    assert {entry["position"] for entry in logged} == {2}


@pytest.mark.parametrize(
    ("day", "written"),
    [
        (date(24, 2, 7), "07/02/0024"),
        (date(1, 1, 1), "01/01/0001"),
        (date(1899, 12, 31), "31/12/1899"),
        (date(1900, 2, 28), "28/02/1900"),
        (date(1900, 3, 1), datetime(1900, 3, 1)),  # noqa: DTZ001 - as openpyxl reads a day
        (date(9999, 12, 31), datetime(9999, 12, 31)),  # noqa: DTZ001 - workbooks know no zones
    ],
)
def test_a_day_of_an_old_log_that_workbooks_cannot_number_is_text(day: date, written: object):
    sheet = openpyxl.load_workbook(io.BytesIO(sheet_of(day))).worksheets[0]

    assert sheet.cell(HEAD + 1, 1).value == written
