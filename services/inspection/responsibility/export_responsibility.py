"""A chain of responsibility as a document that can be asked for."""

from __future__ import annotations

from collections.abc import Mapping

from domain.assessment import Assessment, assessment_stream
from domain.errors import NotFound
from domain.export import Document
from domain.permissions import Act
from domain.season import Season, season_stream
from infra.readmodels.reading import View
from projections.tables.exports import ExportRow
from projections.tables.units import UNITS, UnitRow
from services.assessment.commune_export import CommuneExport
from services.case.case_cache import Dossiers
from services.documents.reading import AsItStood
from services.documents.typesetting import PDF
from services.exports.kind import Asker, ExportRequest, ExportTask, FinishedDocument, Offer, Progress, Workshop, name_of
from services.exports.making import as_it_stood, moment_of, printed
from services.i18n import Words, indicator_number
from services.inspection.responsibility import responsibility_document
from services.work import Work


class ResponsibilityExport(CommuneExport):
    """The chain of one indicator, or of the whole dossier, as of now or of an earlier position."""

    code = Document.RESPONSIBILITY
    act = Act.VIEW_TRAIL
    media_type = PDF

    async def check(self, work: Work, asked: ExportRequest, now: int) -> int:
        """The position asked for. NotFound where there was no dossier then, or is no such indicator."""
        position = min(asked.upto or now, now)
        then = AsItStood(work.store, work.tenant, position)
        if await then.find(Assessment, assessment_stream(asked.season, asked.about)) is None:
            raise NotFound(kind="assessment", subject=asked.about)
        planned = await then.find(Season, season_stream(asked.season))
        indicator = asked.indicator
        if indicator is not None and (planned is None or indicator not in planned.indicators):
            raise NotFound(indicator=indicator)
        return position

    def stored(self, asked: ExportRequest) -> Mapping[str, str | None]:
        """The commune and the indicator."""
        return {"commune": asked.about, "indicator": asked.indicator}

    async def make(self, shop: Workshop, work: Work, task: ExportTask, progress: Progress) -> FinishedDocument:
        """The chain as a PDF."""
        asked = task.asked
        await progress(0, 2)
        then = await as_it_stood(work, asked.at_position)
        seen = await Dossiers(work.store).then(work.tenant, asked.season, asked.commune or "", then.position)
        at = await moment_of(work, then.position)
        paper = await responsibility_document.read_paper(
            then, seen, shop.reads, asked.indicator, await work.rulebooks(), at
        )
        await progress(1, 2)
        about = "-".join(part for part in (asked.season, asked.commune, asked.indicator, str(then.position)) if part)
        made = await printed(shop, responsibility_document.render(paper), f"trach-nhiem-{about}.pdf")
        return made._replace(cut=paper.cut)

    def label(self, row: ExportRow, units: Mapping[str, UnitRow], words: Words) -> str:
        """The chain, by the name of the commune and the number of the indicator."""
        chain = words.say("Trách nhiệm của tổ chức, cá nhân, %(name)s", name=name_of(row.commune, units))
        return f"{chain}, {indicator_number(row.indicator)}" if row.indicator else chain

    async def offer(self, view: View, asker: Asker) -> Offer | None:
        """The chain that the address names: `?ho-so=2023/99010`, with `&chi-tieu=` and `&vi-tri=`."""
        season, _, commune = asker.query("ho-so").partition("/")
        units = {unit.code: unit for unit in await view.all(UNITS)}
        if commune not in units:
            return None
        words, indicator, position = asker.words, asker.query("chi-tieu"), asker.query("vi-tri")
        name = units[commune].full_name
        if indicator:
            number = indicator_number(indicator)
            said = words.say("%(name)s, năm %(season)s, chỉ tiêu %(number)s.", name=name, season=season, number=number)
        else:
            said = words.say("%(name)s, năm %(season)s, cả hồ sơ.", name=name, season=season)
        if position:
            said += f" {words.say('Tính đến mục nhật ký số')} {position}."
        return Offer(
            order=0,
            title=words.say("Trách nhiệm của tổ chức, cá nhân (PDF)"),
            explanation=said,
            button=words.say("Lập bảng trách nhiệm của tổ chức, cá nhân"),
            hidden=(("which", f"{season}/{commune}"), ("indicator", indicator), ("position", position)),
        )


KIND = ResponsibilityExport()
