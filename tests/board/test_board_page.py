"""The board: the verdict first, whatever the model; the address keeps filters and order."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

import pytest
from msgspec.structs import replace

from domain.measure import Answer, Outcome
from domain.official import Office
from domain.rulebook import Rulebook
from domain.season import State
from domain.unit import Level
from infra.reference.rulebooks import load_rulebooks
from projections.tables.seasons import SeasonRow
from projections.tables.standings import Cell, Standing
from projections.tables.units import UnitRow
from services.board.board_page import Board, BoardRow, Filters, board_of, lines_of, table_of
from services.case.verdicts import Gate, Status
from services.web.name_search import search_for
from tests.provinces.story import COMMUNE, OTHER, Story
from tests.web.desks import Desks, desks, season, workplace

__all__ = ["desks", "season", "workplace"]

POINTS = load_rulebooks().newest("qd-25-2021")
LEVELS = load_rulebooks().newest("qd-27-2025")
CLASSES = load_rulebooks().newest("qd-619-2017")


def a_row(
    rulebook: Rulebook, share: str = "1", commune: str = "1", *, less: Mapping[str, str] | None = None, **more: Any
) -> Standing:
    """A commune with this share of the maximum in every indicator, but for the points of some (`less`)."""
    points = {one.code: one.max_points * Decimal(share) for one in rulebook.indicators}
    points |= {code: Decimal(value) for code, value in (less or {}).items()}
    cells = {code: Cell(points=value, evidence=1) for code, value in points.items()}
    vetoes = {condition.code: Answer.NO for condition in rulebook.vetoes}
    row = Standing("2023", commune, "9", rulebook.id, rulebook.sha256, None, 1, cells=cells, vetoes=vetoes)
    return replace(row, **more)


def board(rulebook: Rulebook, *rows: Standing, filters: Filters | None = None) -> Board:
    """The board of these communes, all decided on by one district."""
    units = {row.commune: UnitRow(row.commune, f"Đông {row.commune}", "Xã", Level.COMMUNE, "9") for row in rows}
    communes = {row.commune: row.decided_by for row in rows}
    season = SeasonRow("2023", 2023, rulebook.id, rulebook.sha256, (), communes, 1, state=State.OPEN)
    return board_of(table_of(lines_of(rows, units, lambda _: rulebook), season, units), filters or Filters())


def shown(rulebook: Rulebook, *rows: Standing) -> list[BoardRow]:
    return board(rulebook, *rows).lines


def test_a_commune_with_full_points_meets_the_standard_by_twenty():
    (line,) = shown(POINTS, a_row(POINTS))

    assert (line.status, line.total, line.margin) == (Status.OK, Decimal(100), Decimal(20))
    assert line.gate is Gate.CLEAR
    assert line.support == 100


def test_a_margin_under_one_point_is_near():
    (line,) = shown(POINTS, a_row(POINTS, "0.805"))

    assert (line.status, line.margin) == (Status.NEAR, Decimal("0.5"))


def test_a_veto_stands_before_any_score():
    (line,) = shown(POINTS, a_row(POINTS, vetoes={"C3": Answer.YES}))

    assert (line.status, line.gate, line.total) == (Status.VETO, Gate.SHUT, Decimal(100))


def test_a_criterion_below_half_fails_a_commune_of_92_points_and_is_marked():
    half = {"TC3.CT1": "4", "TC3.CT2": "1", "TC3.CT3": "2"}

    (line,) = shown(POINTS, a_row(POINTS, less=half))

    assert (line.status, line.total) == (Status.NO, Decimal(92))
    assert [one.status for one in line.criteria] == [Status.OK, Status.OK, Status.NO, Status.OK, Status.OK]


def test_a_commune_that_nobody_scored_has_no_total_and_no_bar():
    (line,) = shown(POINTS, a_row(POINTS, cells={}, vetoes={}))

    assert (line.status, line.total, line.bar, line.gate) == (Status.TODO, None, None, Gate.UNDECLARED)


def test_without_points_the_board_counts_criteria_and_shows_a_pip_for_each_indicator():
    cells = {one.code: Cell(outcome=Outcome.MET, evidence=1) for one in LEVELS.indicators}
    cells["TC2.CT3"] = Cell(outcome=Outcome.NOT_MET)

    (line,) = shown(LEVELS, a_row(LEVELS, cells=cells))

    assert (line.status, line.total, line.criteria_met) == (Status.NO, None, 2)
    assert [one.met for one in line.criteria] == [3, 6, 4]
    assert line.criteria[1].pips[2] is Status.NO
    assert line.gate is Gate.UNKNOWN


def test_under_619_each_class_has_its_own_line():
    strict, mild = a_row(CLASSES, "0.8", "1", unit_class="I"), a_row(CLASSES, "0.8", "2", unit_class="III")

    first, second = shown(CLASSES, *(replace(row, satisfied=98, asked=100) for row in (strict, mild)))

    assert (first.required, first.status) == (Decimal(90), Status.NO)
    assert (second.required, second.status) == (Decimal(70), Status.OK)
    assert board(CLASSES, strict, mild).cut is None


@pytest.mark.parametrize(
    ("filters", "left"),
    [
        (Filters(), ["1", "2", "3"]),
        (Filters(status="no"), ["2"]),
        (Filters(search=search_for("dong 3")), ["3"]),
        (Filters(search=search_for("ĐÔNG")), ["1", "2", "3"]),
        (Filters(unit="9"), ["1", "2", "3"]),
        (Filters(unit="8"), []),
        (Filters(stage="collecting"), ["1", "2", "3"]),
        (Filters(sort="tong"), ["2", "3", "1"]),
        (Filters(sort="-tong"), ["1", "3", "2"]),
        (Filters(sort="-ten"), ["3", "2", "1"]),
        (Filters(sort="no such order"), ["1", "2", "3"]),
    ],
)
def test_filters_and_orders_choose_lines_and_leave_the_counts(filters: Filters, left: list[str]):
    rows = [a_row(POINTS, share, code) for code, share in (("1", "1"), ("2", "0.7"), ("3", "0.9"))]

    shown = board(POINTS, *rows, filters=filters)

    assert [line.code for line in shown.lines] == left
    assert (shown.total, shown.counts[Status.OK], shown.counts[Status.NO]) == (3, 2, 1)


def test_the_histogram_colours_only_what_lies_just_below_and_just_above_the_line():
    rows = [a_row(POINTS, share, str(number)) for number, share in enumerate(("0.74", "0.81", "0.9", "1"))]

    kinds = [one.kind for one in board(POINTS, *rows).bins]

    assert kinds == ["bad", "nx", "", ""]


# Over the page ------------------------------------------------------------------------------------------


async def test_everybody_in_the_province_sees_the_board_but_only_some_open_a_dossier(desks: Desks, season: Story):
    await season.filled()
    officer = await desks.of(f"{COMMUNE} {Office.JUSTICE_OFFICER}")

    page = await officer.open(f"/bang/{season.season}")

    assert page.status == 200
    assert "tổng từ 80" in page.text
    assert f"/ho-so/{season.season}/{COMMUNE}" in page.html
    assert f"/ho-so/{season.season}/{OTHER}" not in page.html
    assert f"/cong-khai/{season.season}/{OTHER}" in page.html


async def test_a_page_after_ones_own_command_never_shows_the_old_value(desks: Desks, season: Story):
    officer = await desks.of(f"{COMMUNE} {Office.JUSTICE_OFFICER}")
    before = await officer.open(f"/bang/{season.season}")
    dossier = await officer.open(f"/ho-so/{season.season}/{COMMUNE}?chi-tieu=TC2.CT1")

    await officer.send(dossier, "/cham-diem", {"TC2.CT1.points": "5,5"})
    after = await officer.open(f"/bang/{season.season}")

    assert "5,5" not in before.text
    assert "5,5" in after.text


async def test_rows_drawn_for_one_person_are_not_shown_to_another_nor_in_another_language(desks: Desks, season: Story):
    await season.filled()
    officer = await desks.of(f"{COMMUNE} {Office.JUSTICE_OFFICER}")
    neighbour = await desks.of(f"{OTHER} {Office.JUSTICE_OFFICER}")
    own, others = f"/ho-so/{season.season}/{COMMUNE}", f"/ho-so/{season.season}/{OTHER}"
    address = f"/bang/{season.season}"

    mine, theirs, mine_again = [await desk.open(address) for desk in (officer, neighbour, officer)]
    neighbour.client.cookies.set("language", "en")
    in_english = await neighbour.open(address)

    assert (own in mine.html, others in mine.html) == (True, False)
    assert (own in theirs.html, others in theirs.html) == (False, True)
    assert table_in(mine_again.html) == table_in(mine.html)
    assert "Đang tự đánh giá" in table_in(theirs.html)
    assert "Đang tự đánh giá" not in table_in(in_english.html)
    assert others in table_in(in_english.html)


async def test_a_board_of_the_past_links_to_that_past_after_one_of_today_was_drawn(desks: Desks, season: Story):
    await season.filled()
    officer = await desks.of(f"{COMMUNE} {Office.JUSTICE_OFFICER}")
    today = await officer.open(f"/bang/{season.season}")
    position = await desks.house.store.position(desks.tenant)

    then = await officer.open(f"/bang/{season.season}?asof={position}")
    today_again = await officer.open(f"/bang/{season.season}")

    assert f"/ho-so/{season.season}/{COMMUNE}?asof={position}" in then.html
    assert "asof=" not in table_in(today.html)
    assert table_in(today_again.html) == table_in(today.html)


def table_in(html: str) -> str:
    return html[html.index("<tbody>") : html.index("</tbody>")]


async def test_a_season_that_is_not_there_is_not_found(desks: Desks, season: Story):
    page = await (await desks.of(f"{COMMUNE} {Office.JUSTICE_OFFICER}")).open("/bang/1999")

    assert page.status == 404
