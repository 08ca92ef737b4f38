"""Exports about one commune: whoever may see its dossier is asked for by the policy as for the dossier itself."""

from __future__ import annotations

from abc import ABC
from collections.abc import Mapping

from domain.permissions import Subject
from domain.season import Season, season_stream
from services.assessment.assess import viewed_by
from services.exports.kind import ExportKind, ExportRequest
from services.season.organise import read_of
from services.work import Work


class CommuneExport(ExportKind, ABC):
    """A document about one commune in a season."""

    form_field = "commune"

    async def subject(self, work: Work, season: str, about: str) -> Subject:
        """The commune with the members of its council. NotFound."""
        return await viewed_by(work, season, read_of(await work.look(Season, season_stream(season)), about))

    def stored(self, asked: ExportRequest) -> Mapping[str, str | None]:
        """The commune."""
        return {"commune": asked.about}
