"""The board: every commune of a season, its verdict first, then the margin, then what it is made of."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from decimal import Decimal
from enum import StrEnum
from operator import attrgetter
from typing import Any, NamedTuple

from domain.errors import NotFound
from domain.judging import CriterionResult
from domain.measure import Outcome, percent
from domain.permissions import Act, Subject, may, permit
from domain.recognition import Result
from domain.rulebook import ConditionKind, Model, Rulebook
from domain.vietnamese import sort_key
from infra.platform.slicing import in_slices
from infra.readmodels.reading import View
from projections.tables.seasons import SEASONS, SeasonRow
from projections.tables.standings import STANDINGS, CommuneStage, Standing, counted
from projections.tables.units import UNITS, UnitRow
from services.case.verdicts import Gate, Status, criterion_status, judged
from services.seals.verified_view import last_verified
from services.season.readiness import unstaffed
from services.web import urls
from services.web.handlers import page
from services.web.name_search import ANYTHING, Sought, sought
from services.web.row_cache import KeyedCache
from services.web.viewing import in_the_past
from services.web.visit import PageResponse, Visit

#: Half the width of the margin bar stands for this many points.
MARGIN_REACH = Decimal(20)
#: Width of the margin bar left and right of the line, in pixels.
LEFT, RIGHT = 25, 39

BIN = Decimal("2.5")


class CriterionCell(NamedTuple):
    """One criterion of one commune: points and share, or how many indicators are met, one pip each."""

    status: Status
    points: Decimal | None
    share: int
    met: int | None
    indicators: int
    pips: tuple[Status, ...]


class BoardRow(NamedTuple):
    """One commune on the board."""

    code: str
    name: str
    full_name: str
    district: str
    status: Status
    gate: Gate
    total: Decimal | None
    required: Decimal | None
    margin: Decimal | None
    criteria: tuple[CriterionCell, ...]
    criteria_met: int
    support: int
    stage: CommuneStage
    result: Result | None
    decision_no: str | None

    @property
    def bar(self) -> tuple[Decimal, Decimal] | None:
        """Start and width of the margin bar in pixels."""
        if self.margin is None:
            return None
        reach = min(abs(self.margin), MARGIN_REACH) / MARGIN_REACH
        if self.margin >= 0:
            return Decimal(LEFT), (reach * RIGHT).quantize(Decimal("0.1"))
        width = (reach * LEFT).quantize(Decimal("0.1"))
        return LEFT - width, width


class Bin(NamedTuple):
    """One bar of the histogram of totals; x, width and height in percent and pixels."""

    low: Decimal
    high: Decimal
    communes: int
    x: Decimal
    height: Decimal
    kind: str


class Axis(NamedTuple):
    """The scale under the histogram, in percent of its width."""

    width: Decimal
    gap: Decimal
    cut: Decimal | None
    labels: tuple[tuple[int, Decimal, str], ...]


class Filters(NamedTuple):
    """What the address asks for; empty strings ask for everything."""

    unit: str = ""
    status: str = ""
    stage: str = ""
    search: Sought = ANYTHING
    sort: str = ""

    def wants(self, line: BoardRow) -> bool:
        """Whether the line is asked for."""
        return (
            self.unit in ("", line.district)
            and self.status in ("", line.status)
            and self.stage in ("", line.stage)
            and self.search.finds(line.full_name)
        )


class Board(NamedTuple):
    """All that the page shows of a season at one moment."""

    lines: list[BoardRow]
    total: int
    counts: dict[Status, int]
    shares: list[tuple[Status, Decimal, Decimal]]
    bins: list[Bin]
    cut: Decimal | None
    stages: list[CommuneStage]
    districts: tuple[UnitRow, ...]


class Table(NamedTuple):
    """All that a season's board is made of at one moment, before anybody filters or sorts it."""

    row: SeasonRow
    lines: tuple[BoardRow, ...]
    districts: tuple[UnitRow, ...]


class NamedRow(NamedTuple):
    """A line and its place by name."""

    place: Any
    line: BoardRow


def lines_of(
    rows: Iterable[Standing],
    units: Mapping[str, UnitRow],
    text_of: Callable[[Standing], Rulebook],
    made: KeyedCache[NamedRow] | None = None,
) -> Iterator[NamedRow]:
    """Each commune judged by its own text, or what was `made` of the very same rows before."""
    known = KeyedCache() if made is None else made
    return (known.of(row.commune, _named, row, units.get(row.commune), text_of(row)) for row in rows)


def _named(row: Standing, unit: UnitRow | None, rulebook: Rulebook) -> NamedRow:
    line = _line(row, unit, rulebook)
    return NamedRow(_by_name(line), line)


def table_of(lines: Iterable[NamedRow], season: SeasonRow, units: Mapping[str, UnitRow]) -> Table:
    """The communes by name."""
    districts = [units[code] for code in season.deciding_units if code in units]
    return Table(
        season,
        tuple(one.line for one in sorted(lines, key=attrgetter("place"))),
        tuple(sorted(districts, key=lambda unit: sort_key(unit.name))),
    )


def board_of(table: Table, filters: Filters = Filters()) -> Board:  # noqa: B008 - Filters is a tuple
    """The board of a table: counts over all communes, lines of those asked for."""
    every = table.lines
    counts = Counter(line.status for line in every)
    lines = list(filter(filters.wants, every))
    if order := SORTS.get(filters.sort.lstrip("-")):
        lines.sort(key=order, reverse=filters.sort.startswith("-"))
    cut = next((line.required for line in every if line.required is not None), None)
    same_cut = cut if all(line.required == cut for line in every) else None
    return Board(
        lines=lines,
        total=len(every),
        counts={status: counts[status] for status in Status},
        shares=_shares(counts, len(every)),
        bins=_bins([line.total for line in every if line.total is not None and line.status is not Status.TODO], cut),
        cut=same_cut,
        stages=[stage for stage in CommuneStage if any(line.stage is stage for line in every)],
        districts=table.districts,
    )


def _line(row: Standing, unit: UnitRow | None, rulebook: Rulebook) -> BoardRow:
    """The commune judged."""
    commune = judged(row, rulebook)
    verdict = commune.verdict
    criteria = tuple(_criterion(result, row, rulebook) for result in verdict.criteria)
    count = len(rulebook.indicators)
    return BoardRow(
        code=row.commune,
        name=unit.name if unit else row.commune,
        full_name=unit.full_name if unit else row.commune,
        district=row.decided_by,
        status=commune.status,
        gate=commune.gate,
        total=verdict.total if row.scored else None,
        required=verdict.required_total,
        margin=verdict.margin if row.scored else None,
        criteria=criteria,
        criteria_met=sum(one.status in (Status.OK, Status.NEAR) for one in criteria),
        support=int(percent(min(row.supported, count), count)),
        stage=row.stage,
        result=row.result,
        decision_no=row.decision_no,
    )


def _criterion(result: CriterionResult, row: Standing, rulebook: Rulebook) -> CriterionCell:
    status = criterion_status(result, row, rulebook)
    share = int(result.share * 100) if result.share is not None else 0
    pips: tuple[Status, ...] = ()
    if result.indicators_met is not None:
        values = row.values()
        pips = tuple(_pip(values.get(one.code)) for one in rulebook.criterion(result.code).indicators)
    return CriterionCell(status, result.points, max(0, min(share, 100)), result.indicators_met, result.indicators, pips)


def _pip(value: object) -> Status:
    if value is None:
        return Status.TODO
    return Status.OK if value is Outcome.MET else Status.NO


def _shares(counts: Counter[Status], total: int) -> list[tuple[Status, Decimal, Decimal]]:
    """Start and width, in percent, of each status in the stacked bar."""
    shares, start = [], Decimal(0)
    for status in Status:
        width = Decimal(counts[status] * 100) / total if total else Decimal(0)
        if width:
            shares.append((status, start.quantize(Decimal("0.01")), width.quantize(Decimal("0.01"))))
        start += width
    return shares


def _bins(totals: Sequence[Decimal], cut: Decimal | None) -> list[Bin]:
    """The histogram from the lowest full ten to 100; coloured only just above and below the required total."""
    if not totals or cut is None:
        return []
    floor = min(*totals, cut - 10) // 10 * 10
    width = Decimal(100) - floor
    found = Counter(min((total - floor) // BIN, width // BIN - 1) for total in totals)
    most = max(found.values())
    bins = []
    for number, count in sorted(found.items()):
        low = floor + number * BIN
        kind = "bad" if low + BIN <= cut else "nx" if low <= cut < low + BIN else ""
        height = (Decimal(count * 40) / most).quantize(Decimal("0.1"))
        bins.append(Bin(low, low + BIN, count, ((low - floor) * 100 / width).quantize(Decimal("0.01")), height, kind))
    return bins


def _by_name(line: BoardRow) -> Any:
    return sort_key(line.name)


def _criterion_points(number: int) -> Callable[[BoardRow], Decimal]:
    return lambda line: line.criteria[number].points or Decimal(line.criteria[number].met or 0)


#: Orders that the heads of the table offer; "-" before the name reverses.
SORTS: dict[str, Callable[[BoardRow], Any]] = {
    "ten": _by_name,
    "tong": lambda line: line.total if line.total is not None else Decimal(-1),
    "cach-chuan": lambda line: line.margin if line.margin is not None else Decimal(-1000),
    "dat": lambda line: line.criteria_met,
    "minh-chung": lambda line: line.support,
    "giai-doan": lambda line: list(CommuneStage).index(line.stage),
} | {f"tc{number + 1}": _criterion_points(number) for number in range(5)}


@page(urls.BOARD, heavy=in_the_past)
async def show(visit: Visit, season: str) -> PageResponse:
    """The season's board, now or as of a moment; the address keeps filters, order and moment."""
    permit(visit.actor, Act.VIEW_BOARD)
    await visit.own_write(STANDINGS, SEASONS)
    async with visit.reads() as view:
        table = await _table(visit, view, season)
        lacking = await unstaffed(visit, view, table.row)
        position = view.position
    row = table.row
    rulebook = (await visit.rulebooks()).text(row.rulebook_sha256)
    unit, status, stage, sort = (visit.query(name) for name in ("don-vi", "trang-thai", "giai-doan", "xep"))
    filters = Filters(unit, status, stage, sought(visit), sort)
    board = board_of(table, filters)
    readable = _readable(visit, table.lines)
    return await visit.page(
        "board/index.html",
        season=season,
        row=row,
        rulebook=rulebook,
        levels=rulebook.model is Model.LEVELS,
        board=board,
        unstaffed=lacking,
        axis=_axis(board),
        filters=filters,
        rule=_rule(visit, rulebook),
        readable=readable,
        drawn=_drawn(visit, season, readable, board),
        order=lambda key: visit.url.board(season, **_asked(filters, key)),
        terms=_terms(visit, levels=rulebook.model is Model.LEVELS),
        oversees=may(visit.actor, Act.VIEW_TRAIL),
        position=position,
        verified=await last_verified(visit),
    )


async def _table(visit: Visit, view: View, season: str) -> Table:
    """The season's communes by name. One is judged again when its row is another one than it was."""
    row = await view.one(SEASONS, season)
    if row is None:
        raise NotFound(season=season)
    units = {unit.code: unit for unit in await view.all(UNITS)}
    made = visit.site.kept.made("board", visit.tenant.id, season, visit.upto)
    rows = counted(await view.all(STANDINGS, season))
    rulebooks = await visit.rulebooks()
    rulebook = rulebooks.text(row.rulebook_sha256)

    def text_of(standing: Standing) -> Rulebook:
        return rulebooks.own_text(rulebook, standing.rulebook_sha256, decided=not standing.may_be_decided)

    return table_of(await in_slices(lines_of(rows, units, text_of, made)), row, units)


def _drawn(
    visit: Visit, season: str, readable: Collection[str], board: Board
) -> Callable[[BoardRow, Callable[..., str]], str]:
    """Draws a line, or hands out what was drawn of the very same line; addresses of the past differ at each moment."""
    made = visit.site.kept.made("board drawn", visit.tenant.id, season)
    seen = (visit.tenant.slug, visit.locale, bool(board.cut))

    def drawn(line: BoardRow, draw: Callable[[BoardRow], str]) -> str:
        return draw(line) if visit.past else made.of((line.code, line.code in readable, *seen), draw, line)

    return drawn


def _terms(visit: Visit, *, levels: bool) -> dict[StrEnum, str]:
    """The words of the table, looked up once: it holds thousands of them."""
    say = visit.words.say
    return {
        **{status: say(f"status.{status}{'.levels' if levels else ''}") for status in Status},
        **{stage: say(f"stage.{stage}") for stage in CommuneStage},
        **{result: say(f"result.{result}") for result in Result},
        Gate.SHUT: say("chưa bảo đảm điều kiện"),
        Gate.CLEAR: say("bảo đảm điều kiện"),
        Gate.UNDECLARED: say("chưa xác nhận điều kiện"),
        Gate.UNKNOWN: say("bộ tiêu chí chưa có văn bản gốc để đối chiếu nội dung điều kiện"),
    }


def _asked(filters: Filters, key: str) -> dict[str, str | None]:
    """The query of a head's link: the same filters, ordered by this column; a second press turns the order."""
    turned = f"-{key}" if filters.sort == key or (key == "ten" and not filters.sort) else key
    values = (filters.unit, filters.status, filters.stage, filters.search.typed, turned)
    names = ("don-vi", "trang-thai", "giai-doan", "tim", "xep")
    return {name: value or None for name, value in zip(names, values, strict=True)}


def _readable(visit: Visit, lines: Iterable[BoardRow]) -> frozenset[str]:
    """The communes whose dossiers the person may open; the others lead to their public pages."""
    subjects = {line.code: Subject(commune=line.code, decided_by=line.district) for line in lines}
    return frozenset(code for code, subject in subjects.items() if may(visit.actor, Act.VIEW_DOSSIER, subject))


def _axis(board: Board) -> Axis:
    """The scale from the lowest full ten to 100."""
    if not board.bins:
        return Axis(Decimal(0), Decimal(0), None, ())
    first = board.bins[0]
    span = (first.low - 100) / (first.x / 100 - 1) if first.x else 100 - first.low
    floor = int(100 - span)

    def at(value: Decimal | int) -> Decimal:
        return ((value - floor) * 100 / span).quantize(Decimal("0.01"))

    marks = range(floor, 101, 10 if span <= 50 else 20)
    labels = tuple((mark, at(mark), "start" if mark == floor else "end" if mark == 100 else "middle") for mark in marks)
    width = (BIN * 100 / span).quantize(Decimal("0.01"))
    gap = Decimal("0.4")
    return Axis(width - 2 * gap, gap, at(board.cut) if board.cut is not None else None, labels)


def _rule(visit: Visit, rulebook: Rulebook) -> str:
    """What it takes to meet the standard, in one sentence for each condition of the rulebook."""
    say, words = visit.words.say, visit.words
    told = []
    for condition in rulebook.conditions:
        slots: dict[str, str] = {}
        if condition.kind is ConditionKind.MIN_TOTAL_BY_CLASS:
            slots["by_class"] = ", ".join(f"{name}: {words.number(points)}" for name, points in condition.by_class)
        elif condition.kind is ConditionKind.MIN_EACH_CRITERION_RATIO and condition.threshold is not None:
            slots["least"] = words.percent(condition.threshold * 100)
        elif condition.threshold is not None:
            slots["least"] = words.number(condition.threshold)
        elif condition.kind is ConditionKind.MIN_SATISFACTION or (
            condition.kind is ConditionKind.VETO and not condition.text
        ):
            continue
        told.append(say(f"board.condition.{condition.kind.value}", **slots))
    return say("Đạt khi %(conditions)s.", conditions="; ".join(told))


ROUTES = [show]
