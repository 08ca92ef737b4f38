"""The lists of communes that meet the standard and that do not (Mẫu 08), as a document that can be asked for."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import NamedTuple

from domain.errors import FactUnreadable, NotFound
from domain.export import Document
from domain.permissions import Act, Subject
from domain.recognition import Result
from domain.rulebook import Model, Rulebook
from domain.season import Season, season_stream
from domain.vietnamese import sort_key
from infra.readmodels.reading import View
from projections.tables.exports import ExportRow
from projections.tables.seasons import SEASONS
from projections.tables.standings import STANDINGS, Standing, counted
from projections.tables.units import UNITS, UnitRow
from services.case.verdicts import judged
from services.documents.typesetting import NUMBERS, PDF, typeset
from services.exports.kind import (
    Asker,
    ExportChoice,
    ExportKind,
    ExportRequest,
    ExportTask,
    FinishedDocument,
    Offer,
    Progress,
    Workshop,
)
from services.exports.making import printed
from services.i18n import Words
from services.work import Work


class ListLine(NamedTuple):
    """A commune on one of the lists: its points, "" under a rulebook without points, and what it rests on."""

    name: str
    points: str
    basis: str


class UnitLists(NamedTuple):
    """The two lists of one deciding unit."""

    unit: str
    meeting: tuple[ListLine, ...]
    not_meeting: tuple[ListLine, ...]


class ListsExport(ExportKind):
    """Made from the log as it is when it is asked for: the two lists of each deciding unit of a season."""

    code = Document.LISTS
    act = Act.EXPORT_STANDINGS
    media_type = PDF

    async def require(self, work: Work, season: str, about: str) -> None:
        """Ask the policy, then whether there is such a season. NotPermitted, NotFound."""
        work.require(self.act)
        await work.look(Season, season_stream(season))

    def stored(self, asked: ExportRequest) -> Mapping[str, str | None]:
        """Nothing: it is of the whole season."""
        return {}

    async def make(self, shop: Workshop, work: Work, task: ExportTask, progress: Progress) -> FinishedDocument:
        """The lists as a PDF. Raises FactUnreadable where a row stands still at a fact that cannot be read."""
        asked = task.asked
        async with shop.reads.at(work.tenant, asked.at_position) as view:
            season = await view.one(SEASONS, asked.season)
            rows: list[Standing] = counted(await view.all(STANDINGS, asked.season))
            units = {unit.code: unit for unit in await view.all(UNITS)}
            if view.lacks:  # nobody may take a list for whole that is not
                raise FactUnreadable(position=min(view.lacks), topic="standings", why="stopped")
        if season is None:
            raise NotFound(kind="season", subject=asked.season)
        rulebook = (await work.rulebooks()).text(season.rulebook_sha256)
        lists = lists_of(rows, units, rulebook)
        html = typeset(
            "lists.html",
            lists=lists,
            types=rulebook.unit_types,
            year=NUMBERS.season(asked.season),
            season=asked.season,
            log=await work.store.origin_at(work.tenant, asked.at_position),
            position=asked.at_position,
            demonstration=work.tenant.demonstration,
        )
        return await printed(shop, html, f"danh-sach-{asked.season}-{asked.at_position}.pdf")

    def label(self, row: ExportRow, units: Mapping[str, UnitRow], words: Words) -> str:
        """The lists."""
        return words.say("Danh sách đạt chuẩn, chưa đạt chuẩn")

    async def offer(self, view: View, asker: Asker) -> Offer | None:
        """The seasons, the latest first and rounds for practice last; the one that the address names is preselected."""
        rows = sorted(await view.all(SEASONS), key=lambda row: row.order, reverse=True)
        seasons = [row.season for row in rows]
        if not seasons or not asker.may(self.act, Subject()):
            return None
        words = asker.words
        return Offer(
            order=3,
            title=words.say("Danh sách đạt chuẩn, chưa đạt chuẩn (PDF)"),
            explanation=words.say("Hai danh sách kèm theo quyết định, của từng đơn vị quyết định."),
            button=words.say("Lập danh sách"),
            field="season",
            choices=tuple(ExportChoice(season, words.say("Năm %(season)s", season=season)) for season in seasons),
            chosen=asker.query("season"),
        )


def lists_of(rows: list[Standing], units: Mapping[str, UnitRow], rulebook: Rulebook) -> list[UnitLists]:
    """The two lists of each deciding unit. A commune that nobody has decided on or listed yet is on neither."""

    def name(code: str) -> str:
        return units[code].full_name if code in units else code

    def lines(chosen: list[Standing]) -> tuple[ListLine, ...]:
        ordered = sorted(chosen, key=lambda row: sort_key(name(row.commune)))
        return tuple(ListLine(name(row.commune), _points(row, rulebook), _basis(row)) for row in ordered)

    found = []
    for unit in sorted({row.decided_by for row in rows}, key=lambda code: sort_key(name(code))):
        own = [row for row in rows if row.decided_by == unit]
        meeting = [row for row in own if row.result is Result.RECOGNISED and row.revoked_on is None]
        not_meeting = [row for row in own if row.listed_on or row.result is Result.NOT_RECOGNISED]
        found.append(UnitLists(name(unit), lines(meeting), lines(not_meeting)))
    return found


def _points(row: Standing, rulebook: Rulebook) -> str:
    total = judged(row, rulebook).verdict.total
    return NUMBERS.total(total, rulebook.score_decimals) if rulebook.model is Model.POINTS and total is not None else ""


def _basis(row: Standing) -> str:
    if row.result is not None:
        return f"Quyết định số {row.decision_no} {_on(row.decided_on)}"
    return f"Báo cáo số {row.report_no} {_on(row.submitted_on)}; Quyết định số {row.list_no} {_on(row.listed_on)}"


def _on(day: date | None) -> str:
    return f"ngày {NUMBERS.date(day)}" if day else ""


KIND = ListsExport()
