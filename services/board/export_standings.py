"""The standings of a season as a workbook that can be asked for."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping

from domain.errors import FactUnreadable, NotFound
from domain.export import Document
from domain.permissions import Act, Subject
from domain.season import Season, season_stream
from infra.readmodels.reading import View
from projections.tables.exports import ExportRow
from projections.tables.seasons import SEASONS
from projections.tables.standings import STANDINGS, counted
from projections.tables.units import UNITS, UnitRow
from services.board import standings_workbook
from services.exports import workbook
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
from services.exports.making import moment_of
from services.i18n import Words, load_words
from services.work import Work


class StandingsExport(ExportKind):
    """Every column of the board, made from the log as it is when it is asked for."""

    code = Document.STANDINGS
    act = Act.EXPORT_STANDINGS
    media_type = workbook.MEDIA_TYPE

    async def require(self, work: Work, season: str, about: str) -> None:
        """Ask the policy, then whether there is such a season. NotPermitted, NotFound."""
        work.require(self.act)
        await work.look(Season, season_stream(season))

    def stored(self, asked: ExportRequest) -> Mapping[str, str | None]:
        """Nothing: it is of the whole season."""
        return {}

    async def make(self, shop: Workshop, work: Work, task: ExportTask, progress: Progress) -> FinishedDocument:
        """The workbook. Raises FactUnreadable where a row stands still at a fact that cannot be read."""
        asked = task.asked
        async with shop.reads.at(work.tenant, asked.at_position) as view:
            season = await view.one(SEASONS, asked.season)
            rows = counted(await view.all(STANDINGS, asked.season))
            units = {unit.code: unit for unit in await view.all(UNITS)}
            if view.lacks:  # a document cannot say so beside each row, and nobody may take it for whole
                raise FactUnreadable(position=min(view.lacks), topic="standings", why="stopped")
        if season is None:
            raise NotFound(kind="season", subject=asked.season)
        await progress(0, len(rows))
        rulebooks = await work.rulebooks()
        source = standings_workbook.StandingsSource(
            province=work.tenant.name,
            season=asked.season,
            rulebook=rulebooks.text(season.rulebook_sha256),
            log=await work.store.origin_at(work.tenant, asked.at_position),
            position=asked.at_position,
            moment=await moment_of(work, asked.at_position),
            demonstration=work.tenant.demonstration,
            rulebooks=rulebooks,
        )
        made = await asyncio.to_thread(standings_workbook.standings_workbook, source, rows, units, load_words()["vi"])
        await progress(len(rows), len(rows))
        name = f"bang-danh-gia-{asked.season}-{asked.at_position}.xlsx"
        return FinishedDocument(made.content, name, self.media_type, cut=made.cut)

    def label(self, row: ExportRow, units: Mapping[str, UnitRow], words: Words) -> str:
        """The board."""
        return words.say("Bảng đánh giá")

    async def offer(self, view: View, asker: Asker) -> Offer | None:
        """The seasons, the latest first and rounds for practice last; the one that the address names is preselected."""
        rows = sorted(await view.all(SEASONS), key=lambda row: row.order, reverse=True)
        seasons = [row.season for row in rows]
        if not seasons or not asker.may(self.act, Subject()):
            return None
        words = asker.words
        return Offer(
            order=1,
            title=words.say("Bảng đánh giá (XLSX)"),
            explanation=words.say("Mọi cột của bảng, giá trị từng chỉ tiêu, nguồn gốc số liệu."),
            button=words.say("Lập bảng đánh giá"),
            field="season",
            choices=tuple(ExportChoice(season, words.say("Năm %(season)s", season=season)) for season in seasons),
            chosen=asker.query("season"),
        )


KIND = StandingsExport()
