"""Export of the trail: the result of a search as a workbook."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import ClassVar

from domain.errors import Refused
from domain.export import Document
from domain.permissions import Act
from projections.tables.exports import ExportRow
from projections.tables.units import UnitRow
from services.exports import workbook
from services.exports.kind import ExportKind, ExportRequest, ExportTask, FinishedDocument, Progress, Workshop
from services.exports.making import moment_of
from services.i18n import Words, load_words
from services.inspection.trail import trail_workbook
from services.inspection.trail.search import Searching, TrailQuery, read_names, search_of
from services.work import Work

#: Facts of a trail that are read and told at a time.
PAGE = 500


class TooManyFacts(Refused):
    """A trail of more than `most` facts is no document that anybody reads."""

    code: ClassVar[str] = "too-many-facts"


class TrailExport(ExportKind):
    """Every fact that the search finds, made from the log as it is when it is asked for; it belongs to no season."""

    code = Document.TRAIL
    act = Act.VIEW_TRAIL_OF_PROVINCE
    media_type = workbook.MEDIA_TYPE
    form_field = "asked"
    has_season = False

    async def require(self, work: Work, season: str, about: str) -> None:
        """Ask the policy, then read the search. NotPermitted, SearchUnreadable, SearchTooLong, PeriodReversed."""
        work.require(self.act)
        TrailQuery.spelled(about).require_short()

    def stored(self, asked: ExportRequest) -> Mapping[str, str | None]:
        """The search, as the address of its page spells it."""
        return {"asked": asked.about}

    async def make(self, shop: Workshop, work: Work, task: ExportTask, progress: Progress) -> FinishedDocument:
        """The workbook of what the person may find up to the position. Raises TooManyFacts."""
        position, looked_for = task.asked.at_position, TrailQuery.spelled(task.asked.asked or "")
        searching = Searching(shop.database, work.store)
        while (reached := await searching.learn(work.tenant)).position < position:
            await progress(reached.position, position)
        async with shop.reads.at(work.tenant, position) as view:
            names = await read_names(view)
        search = search_of(looked_for, task.person, names)
        total = await searching.count(work.tenant, search, position, trail_workbook.MOST + 1)
        if total > trail_workbook.MOST:
            raise TooManyFacts(most=trail_workbook.MOST)
        words = load_words()["vi"]
        lines: list[trail_workbook.TrailSheetRow] = []
        after = 0
        while len(lines) < total:
            await progress(len(lines), total)
            positions = await searching.find(work.tenant, search, position, PAGE, after=after)
            found = await searching.read(work.tenant, positions, position)
            lines += trail_workbook.lines_of(found, names, words, await work.rulebooks())
            after = positions[-1]
        source = trail_workbook.TrailSource(
            province=work.tenant.name,
            log=await work.store.origin_at(work.tenant, position),
            position=position,
            moment=await moment_of(work, position),
            demonstration=work.tenant.demonstration,
            season=looked_for.season,
        )
        made = await asyncio.to_thread(trail_workbook.trail_workbook, source, looked_for, lines, words)
        return FinishedDocument(made.content, f"nhat-ky-{position}.xlsx", self.media_type, cut=made.cut)

    def label(self, row: ExportRow, units: Mapping[str, UnitRow], words: Words) -> str:
        """The trail."""
        return words.say("Nhật ký toàn tỉnh")

    def detail(self, row: ExportRow, words: Words) -> str:
        """What was searched for."""
        filters = [f"{label}: {value}" for label, value in trail_workbook.filters_of(row.asked or "", words)]
        return "; ".join(filters) or words.say("mọi mục nhật ký")


KIND = TrailExport()
