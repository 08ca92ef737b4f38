"""A rulebook goes out as a file and comes back: as changes of the draft, with each error at its place."""

import io
import zipfile
from collections.abc import Callable
from datetime import date
from decimal import Decimal
from typing import Any

import openpyxl
import pytest
from openpyxl.chart import BarChart

from domain.errors import RulebookFileUnusable
from infra.reference.rulebook_values import (
    RulebookChange,
    RulebookValue,
    text_of,
    tree_of,
    value_at,
    with_changes,
)
from infra.reference.rulebooks import parse_rulebook
from services.i18n import load_words
from services.rulebooks.draft import DraftText
from services.rulebooks.file_import import read_carried
from services.rulebooks.file_rows import COLUMNS, STEPS, choices_of
from services.rulebooks.file_words import CHOICES, EXAMPLES, KINDS, STATES
from services.rulebooks.file_workbook import GUIDE, ORIGIN_SHEET, SHEET
from services.rulebooks.file_yaml import write_yaml
from services.rulebooks.value_sources import STATES as VALUE_STATES
from tests.rulebooks.files import (
    LEVELS,
    POINTS,
    TEXTS,
    cell_of_sheet,
    edited,
    filled,
    inserted,
    lying,
    origin_of,
    read,
    repacked,
    row_of,
    rows_of_sheet,
    the_draft,
    with_part,
    workbook,
    yaml_file,
)

SOURCED = {"state": "theo văn bản gốc", "document": "Thông tư", "number": "15/2025/TT-BTP", "dated": date(2025, 9, 11)}


def of(path: str, /, **cells: Any) -> dict[tuple[str, str], Any]:
    return {(path, name): value for name, value in cells.items()}


# What comes back as it went out -------------------------------------------------------------------------


@pytest.mark.parametrize("text", TEXTS, ids=lambda text: text.split(b"\nid: ")[1].split(b"\n")[0].decode())
@pytest.mark.parametrize("ending", ["xlsx", "yaml"])
async def test_a_file_that_nobody_edited_changes_nothing(text: bytes, ending: str):
    draft = the_draft(text)
    content = workbook(draft) if ending == "xlsx" else yaml_file(draft)

    reading = await read(f"tep.{ending}", content, draft)

    assert (reading.changes, reading.errors, reading.conflicts, reading.problems) == ((), (), (), ())
    assert (reading.absent, reading.is_older) == (0, False)
    assert reading.same > 100


def older_draft() -> DraftText:
    """A draft of a text whose values are said to be sourced: TC1.name names a legal text, TC2.CT1.name a paper without
    number and day, TC2.CT2.name nothing.
    """
    tree = tree_of(POINTS)
    for path in ("TC2.CT1.name", "TC2.CT2.name"):
        value = value_at(tree, path)
        assert value is not None
        source = {"document": "Kế hoạch của tỉnh"} if path == "TC2.CT1.name" else {}
        older = RulebookValue(value.value, "sourced", source)
        tree = with_changes(tree, [RulebookChange(path, value, older)])
    text = text_of(tree).encode()
    return DraftText(parse_rulebook(text), tree, ())


SAID = {
    "TC1.name": ("sourced", "theo văn bản gốc"),
    "TC2.CT1.name": ("reported", "theo tài liệu khác"),
    "TC2.CT2.name": ("recalled", "chưa có nguồn"),
}


@pytest.mark.parametrize("ending", ["xlsx", "yaml"])
async def test_a_file_says_of_a_source_what_the_page_says_and_comes_back_without_a_change(ending: str):
    # Given a text in which values are said to be sourced that name no number and day
    draft = older_draft()
    book, text = workbook(draft), yaml_file(draft)

    # Then the file says of them what the rulebook, and so its page, says
    sheet = openpyxl.load_workbook(io.BytesIO(book))
    for path, (known, words) in SAID.items():
        value = value_at(tree_of(text.encode()), path)
        assert draft.rulebook.provenances[path] == known
        assert sheet[SHEET].cell(row_of(sheet, path), list(COLUMNS).index("state") + 1).value == words
        assert value is not None
        assert value.provenance == known

    # And as it came it changes nothing
    reading = await read(f"tep.{ending}", book if ending == "xlsx" else text, draft)
    assert (reading.changes, reading.errors, reading.conflicts) == ((), (), ())


@pytest.mark.parametrize("ending", ["xlsx", "yaml"])
async def test_a_file_from_before_that_calls_such_values_sourced_changes_nothing_either(ending: str):
    draft = older_draft()
    older = write_yaml(origin_of(draft), draft.tree).decode()
    content: Any = older
    if ending == "xlsx":
        cells = {(path, "state"): "theo văn bản gốc" for path in SAID}
        content = filled(workbook(draft), cells)

    reading = await read(f"tep.{ending}", content, draft)

    assert (reading.changes, reading.errors, reading.conflicts) == ((), (), ())


@pytest.mark.parametrize("ending", ["xlsx", "yaml"])
async def test_a_value_edited_in_such_a_file_is_the_only_change(ending: str):
    draft = older_draft()
    content: Any = yaml_file(draft).replace("threshold: 80", "threshold: 81")
    if ending == "xlsx":
        content = filled(workbook(draft), {("TC2.CT1.name", "value"): "Tên khác"})

    reading = await read(f"tep.{ending}", content, draft)

    [change] = reading.changes
    assert change.before == value_at(draft.tree, change.path)
    assert change.path == ("TC2.CT1.name" if ending == "xlsx" else "C1")
    assert reading.errors == ()
    assert change.after is not None
    assert change.after.provenance == ("reported" if ending == "xlsx" else "sourced")


@pytest.mark.parametrize("text", TEXTS, ids=lambda text: text.split(b"\nid: ")[1].split(b"\n")[0].decode())
async def test_a_workbook_that_another_program_saved_changes_nothing(text: bytes):
    draft = the_draft(text)

    reading = await read("tep.xlsx", edited(workbook(draft), lambda book: None), draft)

    assert (reading.changes, reading.errors) == ((), ())


def test_the_same_text_gives_the_same_bytes():
    draft = the_draft(LEVELS)

    assert workbook(draft) == workbook(draft)


def test_the_workbook_says_where_to_write_and_locks_the_rest():
    book = openpyxl.load_workbook(io.BytesIO(workbook(the_draft(LEVELS))))
    sheet = book[SHEET]
    row = row_of(book, "TC2.CT6.1")

    assert (sheet.freeze_panes, sheet.protection.sheet) == ("C5", True)
    assert [sheet.cell(row, column).protection.locked for column in (1, 2, 3, 4, 5)] == [
        True,
        True,
        False,
        False,
        False,
    ]
    assert sheet.cell(row, 2).value == "Tiêu chí 2, chỉ tiêu 6, nội dung 1: tên và cách tính"
    assert book[GUIDE]["A1"].value == "Hướng dẫn ghi tệp"
    assert book[ORIGIN_SHEET].sheet_state == "veryHidden"


# What is filled ---------------------------------------------------------------------------------------


async def test_a_part_without_text_gets_its_text_and_is_asked_for():
    draft = the_draft(LEVELS)
    cells = {"value": "Có người làm công tác này", "kind": "tỷ lệ đạt từ mức", "numbers": "ít nhất: 100", **SOURCED}
    parts = of("TC2.CT7.1", **cells) | of("TC2.CT7.3", **cells)

    reading = await read("tep.xlsx", filled(workbook(draft), parts), draft)

    assert [change.path for change in reading.changes] == ["TC2.CT7.1", "TC2.CT7.without_text", "TC2.CT7.3"]
    assert (reading.errors, reading.problems) == ((), ())
    tree = with_changes(draft.tree, [RulebookChange(one.path, one.before, one.after) for one in reading.changes])
    assert value_at(tree, "TC2.CT7.without_text") is None
    assert value_at(tree, "TC2.CT7.1.measure") == RulebookValue(
        {"kind": "ratio_threshold", "at_least": 100},
        "sourced",
        {"document": "Thông tư", "number": "15/2025/TT-BTP", "dated": date(2025, 9, 11)},
    )


@pytest.mark.parametrize(
    ("path", "cells", "expected"),
    [
        ("TC2.CT1.points", {"value": 6.1234567, "state": "theo văn bản gốc", **SOURCED}, Decimal("6.1234567")),
        ("TC2.CT1.points", {"value": 123456789, **SOURCED}, 123456789),
        ("TC2.CT1.points", {"value": 7.0000001, **SOURCED}, Decimal("7.0000001")),
        ("TC2.CT1.points", {"value": "6,5", **SOURCED}, Decimal("6.5")),
        ("short", {"value": "25.10"}, "25.10"),
        ("council.quorum", {"value": "3/4"}, "3/4"),
        ("in_force.from", {"value": date(2022, 2, 1)}, date(2022, 2, 1)),
        ("in_force.from", {"value": "1/2/2022"}, date(2022, 2, 1)),
        ("recognising_level", {"value": "Cấp tỉnh"}, "province"),
        ("deadlines.submitted", {"value": "trước ngày: 15/01\nsau số năm: 1"}, {"before": "01-15", "years_later": 1}),
        (
            "TC2.CT1.measure",
            {"kind": "điểm theo mức tỷ lệ", "numbers": "- ít nhất: 50 | điểm: 6\n- ít nhất: 0 | điểm: 0,25"},
            {
                "kind": "ratio_bands",
                "bands": [{"at_least": 50, "points": 6}, {"at_least": 0, "points": Decimal("0.25")}],
            },
        ),
    ],
)
async def test_a_cell_becomes_the_value_it_says(path: str, cells: dict[str, Any], expected: Any):
    draft = the_draft(POINTS)

    reading = await read("tep.xlsx", filled(workbook(draft), of(path, **cells)), draft)

    assert reading.errors == ()
    [change] = reading.changes
    assert change.path == path
    assert change.after is not None
    assert change.after.value == expected


async def test_a_value_is_taken_out_by_saying_so():
    draft = the_draft(POINTS)

    reading = await read("tep.xlsx", filled(workbook(draft), of("TC1.CT1.1.evidence", out="xóa")), draft)

    [change] = reading.changes
    assert (change.path, change.after) == ("TC1.CT1.1.evidence", None)


async def test_the_changes_come_back_from_the_page_as_they_were_shown():
    draft = the_draft(POINTS)
    reading = await read("tep.xlsx", filled(workbook(draft), of("TC2.CT1.points", value=5, **SOURCED)), draft)

    [carried] = read_carried(reading.carried).changes

    assert carried.path == "TC2.CT1.points"
    assert carried.after is not None
    assert (carried.after.yaml, carried.before) == ("5", draft.value("TC2.CT1.points"))


async def test_changes_that_do_not_add_up_are_shown_with_what_does_not_close():
    draft = the_draft(POINTS)

    reading = await read("tep.xlsx", filled(workbook(draft), of("TC1.CT1.points", value=4)), draft)

    assert [(problem.path, problem.code) for problem in reading.problems] == [
        ("TC1.points", "sum"),
        ("TC1.CT1.points", "sum"),
    ]


# What is wrong in a cell ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("path", "cells", "error"),
    [
        ("TC2.CT1.points", {"value": None}, ("C", "emptied")),
        ("TC2.CT1.points", {"value": "sáu"}, ("C", "no-number")),
        ("TC2.CT1.points", {"value": "=1+5"}, ("C", "formula")),
        ("TC2.CT1.points", {"value": True}, ("C", "cell-of-another-kind")),
        ("TC2.CT1.points", {"value": date(2024, 1, 1)}, ("C", "no-number")),
        ("TC1.CT1.1.evidence", {"value": date(2024, 1, 1)}, ("C", "day-for-text")),
        ("in_force.from", {"value": "31/02/2022"}, ("C", "no-day")),
        ("council.required", {"value": "đúng"}, ("C", "yes-or-no")),
        ("recognising_level", {"value": "cấp xã"}, ("C", "no-such-choice")),
        ("deadlines.submitted", {"value": "trước ngày: 30/02"}, ("C", "no-day-of-year")),
        ("deadlines.submitted", {"value": "hạn: 10/01"}, ("C", "no-such-name")),
        ("TC2.CT1.measure", {"kind": "theo cảm nhận"}, ("D", "no-such-choice")),
        ("TC2.CT1.measure", {"numbers": None}, ("E", "emptied")),
        ("TC2.CT1.measure", {"numbers": "bước điểm: nhỏ"}, ("E", "no-number")),
        ("TC2.CT1.measure", {"value": "có"}, ("C", "not-here")),
        ("TC2.CT1.points", {"kind": "có hoặc không"}, ("D", "not-here")),
        ("TC2.CT1.points", {"state": None}, ("F", "emptied")),
        ("TC2.CT1.points", {"state": "theo văn bản gốc"}, ("G", "source-needed")),
        ("TC2.CT1.points", {"document": "Thông tư"}, ("F", "state-of-source")),
        ("TC1.CT1.1.evidence", {"document": "Thông tư"}, ("G", "no-source-here")),
        ("TC1.CT1.name", {"document": None}, ("G", "source-emptied")),
        ("TC1.CT1.name", {"document": "x" * 501}, ("G", "source-too-long")),
        ("TC1.CT1.name", {"number": "9" * 101}, ("H", "source-too-long")),
        ("TC1.CT1.name", {"page": "trang\u202e 4"}, ("K", "source-unusable")),
        ("TC1.CT1.name", {"dated": "hôm qua"}, ("I", "no-day")),
        ("TC1.CT1.name", {"dated": date(2031, 1, 1)}, ("I", "day-in-the-future")),
        ("TC1.CT1.name", {"dated": date(1205, 1, 1)}, ("I", "day-out-of-range")),
        ("TC1.CT1.name", {"out": "bỏ"}, ("M", "only-out")),
        ("TC1.CT1.name", {"out": "xóa", "value": "Tên khác"}, ("M", "out-and-edited")),
        ("TC1.CT1.name", {"path": 12}, ("A", "no-such-path")),
        ("TC1.CT1.name", {"path": "TC9.name"}, ("A", "no-such-path")),
        ("TC1.CT1.name", {"path": "TC1.name"}, ("A", "path-twice")),
        ("TC1.CT1.name", {"value": "Tên\u202e"}, ("C", "not-usable")),
        ("TC1.CT1.name", {"value": "x" * 21_000}, ("C", "too-long")),
        ("TC2.CT1.points", {"value": "9" * 5_000}, ("C", "no-number")),
        ("TC2.CT1.points", {"value": 1e300}, ("C", "number-out-of-range")),
        ("TC2.CT1.points", {"value": 10**20}, ("C", "number-out-of-range")),
        (
            "TC2.CT1.measure",
            {"kind": "chấm điểm theo bước", "numbers": "bước điểm: " + "9" * 5_000},
            ("E", "no-number"),
        ),
        ("TC1.CT1.name", {"dated": date(1944, 12, 31)}, ("I", "day-out-of-range")),
        ("TC1.CT1.name", {"comment": "x" * 2_001}, ("N", "comment-too-long")),
    ],
)
async def test_a_wrong_cell_is_named_and_stops_no_other(path: str, cells: dict[str, Any], error: tuple[str, str]):
    draft = the_draft(POINTS)
    content = filled(workbook(draft), of("TC5.CT4.name", value="An ninh") | of(path, **cells))

    reading = await read("tep.xlsx", content, draft)

    assert [change.path for change in reading.changes] == ["TC5.CT4.name"]
    assert [(found.place.rstrip("0123456789"), found.code) for found in reading.errors][:1] == [error]
    assert "TC1.CT1.name" not in {change.path for change in reading.changes}


async def test_a_part_that_is_half_filled_says_what_it_needs():
    draft = the_draft(LEVELS)

    reading = await read("tep.xlsx", filled(workbook(draft), of("TC2.CT6.1", value="Nguồn lực")), draft)

    assert {(found.place[0], found.code) for found in reading.errors} >= {("D", "part-needs"), ("F", "part-needs")}
    assert reading.changes == ()


async def test_a_row_that_was_deleted_leaves_its_value():
    draft = the_draft(POINTS)

    reading = await read("tep.xlsx", edited(workbook(draft), lambda book: book[SHEET].delete_rows(20, 3)), draft)

    assert (reading.changes, reading.errors, reading.absent) == ((), (), 3)


# What is said of values ---------------------------------------------------------------------------------


async def test_what_is_said_of_a_value_comes_along():
    draft = the_draft(LEVELS)
    said_of_a_part = of("TC2.CT6.1", comment="Chưa tìm thấy văn bản")
    said_of_values = of("TC1.name", comment="Đề nghị đối chiếu") | of("TC2.CT7.1", comment="Theo phụ lục")
    cells = {"value": "Có người làm công tác này", "kind": "có hoặc không", **SOURCED}

    reading = await read(
        "tep.xlsx", filled(workbook(draft), said_of_a_part | said_of_values | of("TC2.CT7.1", **cells)), draft
    )

    assert reading.errors == ()
    assert [(one.path, one.text) for one in reading.comments] == [
        ("TC1.name", "Đề nghị đối chiếu"),
        ("TC2.CT6.name", "Chưa tìm thấy văn bản"),
        ("TC2.CT7.1.name", "Theo phụ lục"),
    ]
    assert read_carried(reading.carried).comments == {one.path: one.text for one in reading.comments}


async def test_what_is_said_of_a_value_that_does_not_exist_is_an_error_of_its_row():
    draft = the_draft(POINTS)

    reading = await read("tep.xlsx", filled(workbook(draft), of("TC1.name", comment="x", path="TC99.name")), draft)

    assert [error.code for error in reading.errors] == ["no-such-path"]
    assert reading.comments == ()


async def test_a_row_whose_code_was_emptied_or_merged_away_is_named():
    draft = the_draft(POINTS)

    reading = await read("tep.xlsx", filled(workbook(draft), of("TC1.name", path=None)), draft)

    [error] = reading.errors
    assert (error.place[0], error.code, error.what) == ("A", "path-empty", error.place[1:])
    assert reading.changes == ()


# A veto without text ------------------------------------------------------------------------------------


async def test_a_veto_gets_its_text_behind_the_words_that_wait_for_it():
    draft = the_draft(LEVELS)
    row = "loại điều kiện: điều kiện loại trừ\nnội dung:"
    content = workbook(draft)
    book = openpyxl.load_workbook(io.BytesIO(content))
    assert str(book[SHEET].cell(row_of(book, "C2"), 3).value).strip() == row

    reading = await read("tep.xlsx", filled(content, of("C2", value=f"{row} Có người bị kỷ luật", **SOURCED)), draft)

    [change] = reading.changes
    assert change.after is not None
    assert change.after.value == {"kind": "veto", "text": "Có người bị kỷ luật"}


async def test_a_veto_whose_source_alone_is_filled_has_no_text_still():
    draft = the_draft(LEVELS)

    reading = await read("tep.xlsx", filled(workbook(draft), of("C2", **SOURCED)), draft)

    [change] = reading.changes
    assert change.after is not None
    assert change.after.value == {"kind": "veto"}


# What the text lacks ---------------------------------------------------------------------------------


async def test_what_the_text_lacks_has_rows_that_can_be_filled():
    draft = the_draft(LEVELS)
    cells = of("deadlines.submitted", value="trước ngày: 10/01\nsau số năm: 1", **SOURCED)
    cells |= of("council.max_members", value=15, **SOURCED) | of("TC2.CT2.1.formula", value="a / b x 100")

    reading = await read("tep.xlsx", filled(workbook(draft), cells), draft)

    assert reading.errors == ()
    assert reading.absent == 0
    found = {change.path: change.after.value for change in reading.changes if change.after}
    assert found == {
        "deadlines.submitted": {"before": "01-10", "years_later": 1},
        "council.max_members": 15,
        "TC2.CT2.1.formula": "a / b x 100",
    }
    assert all(change.before is None for change in reading.changes)


async def test_a_value_that_the_text_lacks_needs_its_source_and_cannot_be_taken_out():
    draft = the_draft(LEVELS)
    cells = of("council.max_members", value=15) | of("council.consultation", out="xóa")

    reading = await read("tep.xlsx", filled(workbook(draft), cells), draft)

    assert reading.changes == ()
    assert [error.code for error in reading.errors] == ["emptied", "not-here"]


async def test_a_file_that_was_taken_before_its_words_changed_changes_nothing():
    draft = the_draft(LEVELS)
    book = openpyxl.load_workbook(io.BytesIO(workbook(draft)))
    sheet = book[SHEET]
    sheet["M4"] = "Lấy ra"
    for line in sheet.iter_rows(min_row=5):
        for cell in line:
            if cell.value == "chưa có nguồn":
                cell.value = "nội dung tạm thời"
    made = io.BytesIO()
    book.save(made)

    reading = await read("tep.xlsx", made.getvalue(), draft)

    assert (reading.changes, reading.errors) == ((), ())


# The words of the file -------------------------------------------------------------------------------


def test_the_file_calls_things_as_the_pages_do():
    words = load_words()["vi"]

    assert {kind: words.say(f"measure-kind.{kind}") for kind in KINDS} == KINDS
    kinds = CHOICES["kind"]
    assert {kind: words.say(f"condition-kind.{kind}") for kind in kinds} == kinds
    assert {step: words.say(f"rulebook-step.{step}") for step in STEPS} == STEPS
    assert list(STATES.values()) == [words.say(f"value-state.{one}") for one in VALUE_STATES]
    for name in ("officials", "discipline_from"):
        assert {one: words.say(f"rulebook-word.{one}") for one in CHOICES[name]} == CHOICES[name]
    for path in ("recognising_level", "council.majority", "not_arisen", "rounding", "unknown"):
        choices = choices_of(path) or {}
        assert {one: words.say(f"rulebook-word.{one}") for one in choices} == choices


@pytest.mark.parametrize("kind", KINDS)
async def test_the_example_of_each_kind_can_be_written_as_it_stands(kind: str):
    draft = the_draft(POINTS)
    cells = {"kind": KINDS[kind], "numbers": EXAMPLES[kind] or None}

    reading = await read("tep.xlsx", filled(workbook(draft), of("TC2.CT1.measure", **cells)), draft)

    assert reading.errors == ()
    assert {change.path for change in reading.changes} <= {"TC2.CT1.measure"}


# What somebody else changed meanwhile ------------------------------------------------------------------


async def test_a_value_that_another_person_changed_meanwhile_is_a_conflict():
    before = the_draft(POINTS)
    content = filled(workbook(before), of("TC1.CT1.name", value="Tên thứ nhất") | of("TC1.CT2.name", value="Tên khác"))
    was = value_at(before.tree, "TC1.CT1.name")
    assert was is not None
    draft = the_draft(
        POINTS, RulebookChange("TC1.CT1.name", was, RulebookValue("Tên thứ hai", was.provenance, was.source))
    )

    reading = await read("tep.xlsx", content, draft)

    assert [change.path for change in reading.changes] == ["TC1.CT2.name"]
    [conflict] = reading.conflicts
    assert conflict.change.after is not None
    assert conflict.now is not None
    assert (conflict.change.after.value, conflict.now.value) == ("Tên thứ nhất", "Tên thứ hai")
    assert reading.is_older


# Workbooks that are none ------------------------------------------------------------------------------


def a_zip(count: int = 1, size: int = 10, packing: int = zipfile.ZIP_DEFLATED) -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", packing) as archive:
        for number in range(count):
            archive.writestr(f"{number}.bin", b"0" * size)
    return made.getvalue()


def an_ods() -> bytes:
    """A table of LibreOffice in its own form."""
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as archive:
        archive.writestr("mimetype", "application/vnd.oasis.opendocument.spreadsheet")
        archive.writestr("content.xml", "<office/>")
    return made.getvalue()


def encrypted(content: bytes) -> bytes:
    """The archive with the mark that its entries are locked."""
    raw = bytearray(content)
    for at in range(len(raw) - 4):
        if raw[at : at + 4] == b"PK\x01\x02":
            raw[at + 8] |= 1
    return bytes(raw)


def corrupted(content: bytes) -> bytes:
    """The archive with spoilt content behind its first head."""
    return content[:60] + bytes(200) + content[260:]


def broken_xml(name: str, held: bytes) -> bytes:
    return held[:-20] if name == "xl/worksheets/sheet1.xml" else held


def with_doctype(name: str, held: bytes) -> bytes:
    bomb = b'<!DOCTYPE x [<!ENTITY a "aaaaaaaa">]>'
    return held.replace(b"?>", b"?>" + bomb, 1) if name == "xl/workbook.xml" else held


def without(sheet: str) -> Callable[[bytes], bytes]:
    return lambda content: edited(content, lambda book: book.remove(book[sheet]))


def chart_first(book: Any) -> None:
    book.remove(book[SHEET])
    book.create_chartsheet(SHEET, 0).add_chart(BarChart())


def said(sheet: str, cell: str, value: Any) -> Callable[[bytes], bytes]:
    def edit(book: Any) -> None:
        book[sheet][cell] = value

    return lambda content: edited(content, edit)


def long_sheet(book: Any) -> None:
    for number in range(1_100):
        book[SHEET].cell(200 + number, 1).value = "TC1.name"


@pytest.mark.parametrize(
    ("spoil", "reason"),
    [
        (lambda _: b"", "no-workbook"),
        (lambda _: b"TC1,10", "no-workbook"),
        (lambda _: b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600), "locked"),
        (encrypted, "locked"),
        (corrupted, "damaged"),
        (lambda content: content[:4_000], "damaged"),
        (lambda content: repacked(content, broken_xml), "xml"),
        (lambda content: repacked(content, with_doctype), "damaged"),
        (lambda _: a_zip(count=101), "entries"),
        (lambda _: a_zip(size=2_000_001), "unpacked"),
        (lambda _: a_zip(packing=zipfile.ZIP_BZIP2), "packing"),
        (lambda _: a_zip(), "damaged"),
        (without(SHEET), "sheet"),
        (without(ORIGIN_SHEET), "sheet"),
        (lambda content: edited(content, chart_first), "sheet"),
        (said(SHEET, "C4", "Điểm"), "heads"),
        (said(ORIGIN_SHEET, "A1", "?"), "not-ours"),
        (said(ORIGIN_SHEET, "B1", "tinh-khac"), "other-province"),
        (said(ORIGIN_SHEET, "B2", "qd-619-2017"), "other-rulebook"),
        (lambda content: said(ORIGIN_SHEET, "B3", "0" * 64)(said(ORIGIN_SHEET, "B4", "0" * 64)(content)), "base"),
        (lambda content: edited(content, long_sheet), "rows"),
        (said(SHEET, "A1048576", "x"), "rows"),
        (said(SHEET, "XFD1", "x"), "columns"),
        (said(SHEET, "XFD1048576", "x"), "columns"),
        (said(SHEET, "AE20", "x"), "columns"),
        (rows_of_sheet(6_000), "rows"),
        (rows_of_sheet(50_000), "elements"),
        (rows_of_sheet(200_000), "unpacked"),
        (with_part("xl/styles.xml", inserted(b"</cellXfs>", b"<xf/>" * 120_000)), "elements"),
        (with_part("xl/sharedStrings.xml", inserted(b"</sst>", b"<si><t/></si>" * 60_000)), "elements"),
        (
            with_part("xl/sharedStrings.xml", inserted(b"</sst>", b"<si><t>" + b"x" * 2_000_000 + b"</t></si>")),
            "unpacked",
        ),
        (cell_of_sheet(b'<c r="C400"><v>' + b"9" * 5_000 + b"</v></c>"), "number"),
        (lambda _: lying(50_000_000), "damaged"),
        (lambda _: b"%PDF-1.7\n", "no-workbook"),
        (lambda _: an_ods(), "damaged"),
    ],
)
async def test_a_workbook_that_cannot_be_read_is_refused_for_its_reason(spoil: Callable[[bytes], bytes], reason: str):
    draft = the_draft(POINTS)

    with pytest.raises(RulebookFileUnusable) as refused:
        await read("tep.xlsx", spoil(workbook(draft)), draft)

    assert refused.value.details["reason"] == reason


async def test_a_file_of_another_kind_is_refused():
    with pytest.raises(RulebookFileUnusable) as refused:
        await read("tep.pdf", b"%PDF", the_draft(POINTS))

    assert refused.value.details["reason"] == "ending"


# YAML -------------------------------------------------------------------------------------------------


async def test_a_value_of_yaml_is_changed_at_its_line():
    draft = the_draft(POINTS)
    text = yaml_file(draft).replace("An toàn về an ninh, trật tự", "An toàn")

    reading = await read("tep.yaml", text, draft)

    [change] = reading.changes
    assert change.path == "TC5.CT4.name"
    assert "code: TC5.CT4" in text.splitlines()[int(change.place) - 1]
    assert reading.errors == ()


@pytest.mark.parametrize(
    ("spoil", "reason"),
    [
        (lambda text: text + "bom: &a [1]\nbom2: [*a, *a]\n", "yaml-alias"),
        (lambda text: text + "title: Hai lần\n", "yaml-twice"),
        (lambda text: text + "7: x\n", "yaml-key"),
        (lambda text: text + "yes: x\n", "yaml-key"),
        (lambda text: text + "2020-01-01: x\n", "yaml-key"),
        (lambda text: text.replace("code: C2\n", "code: C2\n  ~: x\n"), "yaml-key"),
        (lambda text: text + "  sai: [\n", "yaml-syntax"),
        (lambda text: text + "x: " + "[" * 5_000, "yaml-syntax"),
        (lambda text: text + "#" * 200_000, "yaml-size"),
        (lambda _: "- một\n", "yaml-form"),
        (lambda _: "", "yaml-form"),
        (lambda text: text.replace("made_from:", "made_by:"), "not-ours"),
        (lambda text: text.replace("province: mau", "province: khac"), "other-province"),
        (lambda text: text.replace("rulebook: qd-25-2021", "rulebook: qd-27-2025"), "other-rulebook"),
        (lambda text: text.replace("code: TC1.CT2\n", "code: TC1.CT1\n"), "code-twice"),
        (lambda text: text.replace("code: C2\n", "code: C1\n"), "code-twice"),
        (lambda text: text.split("criteria:")[0] + "criteria: [1, 2]\n", "yaml-form"),
        (lambda text: text.split("criteria:")[0] + "criteria: x\n", "yaml-form"),
        (lambda text: text.replace("score_decimals: 2", "score_decimals: " + "9" * 5_000), "yaml-syntax"),
    ],
)
async def test_yaml_that_cannot_be_read_is_refused_for_its_reason(spoil: Callable[[str], str], reason: str):
    draft = the_draft(POINTS)

    with pytest.raises(RulebookFileUnusable) as refused:
        await read("tep.yaml", spoil(yaml_file(draft)), draft)

    assert refused.value.details["reason"] == reason


@pytest.mark.parametrize("number", [".nan", ".inf", "-.inf", "1:30.5"])
async def test_what_yaml_takes_for_a_number_and_no_rulebook_can_have_is_refused_with_its_line(number: str):
    draft = the_draft(POINTS)
    text = yaml_file(draft).replace("score_decimals: 2", f"score_decimals: {number}")
    line = text[: text.index("score_decimals")].count("\n") + 1

    with pytest.raises(RulebookFileUnusable) as refused:
        await read("tep.yaml", text, draft)

    assert (refused.value.details["reason"], refused.value.details["line"]) == ("yaml-syntax", line)


@pytest.mark.parametrize("again", ["title: Hai lần\n", "criteria: []\n"])
async def test_a_key_that_stands_twice_is_named_by_the_line_where_it_stands_again(again: str):
    draft = the_draft(POINTS)
    text = yaml_file(draft)

    with pytest.raises(RulebookFileUnusable) as refused:
        await read("tep.yaml", text + again, draft)

    assert (refused.value.details["reason"], refused.value.details["line"]) == ("yaml-twice", text.count("\n") + 1)


async def test_yaml_that_is_no_utf_8_is_refused_with_its_line():
    draft = the_draft(POINTS)

    with pytest.raises(RulebookFileUnusable) as refused:
        await read("tep.yml", "made_from: x\ntitle: Quyết".encode("utf-16"), draft)

    assert refused.value.details["reason"] == "yaml-signs"


@pytest.mark.parametrize(
    ("was", "becomes", "code"),
    [
        ("code: TC1.CT2\n", "code: TC1.CT2\n    colour: red\n", "unknown-place"),
        ("score_decimals: 2", "score_decimals: hai", "not-usable"),
        ("status: draft", "status: verified", "not-usable"),
        ("kind: ratio\n", "kind: magic\n", "not-usable"),
        ("article: Điều 3 khoản 1\n", "article: Điều 3 khoản 1\n    colour: red\n", "source-form"),
        ("sources:\n", "sources:\n  TC1.CT1.1.name: x\n", "source-form"),
    ],
)
async def test_a_wrong_value_of_yaml_is_named_by_its_line_and_stops_no_other(was: str, becomes: str, code: str):
    draft = the_draft(POINTS)
    text = yaml_file(draft).replace("An toàn về an ninh, trật tự", "An toàn")
    assert was in text

    reading = await read("tep.yaml", text.replace(was, becomes, 1), draft)

    assert code in {error.code for error in reading.errors}
    assert all(error.place.isdecimal() and int(error.place) > 1 for error in reading.errors)
    assert "TC5.CT4.name" in {change.path for change in reading.changes}


@pytest.mark.parametrize(
    ("source", "code"),
    [
        ("{document: Thông tư, dated: 1944-12-31}", "day-out-of-range"),
        ("{document: Thông tư, dated: 2031-01-01}", "day-in-the-future"),
        (f"{{document: Thông tư, sha256: {'a' * 64}}}", "no-such-scan"),
        ("{dated: 2026-01-01}", "source-form"),
        (f"{{document: {'x' * 501}}}", "source-too-long"),
    ],
)
async def test_the_source_of_a_new_part_is_held_against_the_same_rules(source: str, code: str):
    draft = the_draft(LEVELS)
    part = "{code: TC2.CT6.1, name: Nguồn lực, measure: {kind: boolean}, provenance: sourced}"
    text = yaml_file(draft).replace("    without_text:\n    - TC2.CT6.1\n", "")
    text = text.replace("    - code: TC2.CT6.2\n", f"    - {part}\n    - code: TC2.CT6.2\n")
    text = text.replace("\nsources:\n", f"\nsources:\n  TC2.CT6.1.measure: {source}\n")

    reading = await read("tep.yaml", text, draft)

    assert code in {error.code for error in reading.errors}


async def test_a_condition_or_agreement_that_names_nothing_keeps_the_draft_from_being_signed_off():
    draft = the_draft(POINTS)
    agreement = (
        "{part: TC9.CT9.9, figure: numerator, other_part: TC1.CT1.1, other_figure: numerator, provenance: sourced}"
    )
    text = yaml_file(draft).replace("agreements: []", f"agreements: [{agreement}]")

    reading = await read("tep.yaml", text, draft)

    assert [(problem.path, problem.code) for problem in reading.problems] == [("agreements", "no-such-part")]
