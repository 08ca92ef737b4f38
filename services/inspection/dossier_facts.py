"""Everything that concerns one commune's year: the facts read from the log, and told in the reader's language."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import NamedTuple

from domain.fact import Recorded
from infra.platform.slicing import in_slices
from projections.analysis.trail import entries
from projections.tables.officials import OFFICIALS, OfficialRow
from projections.tables.units import UNITS
from services.assessment.dossier_view import Case, read_facts
from services.assessment.personal_view import values_said
from services.case import case_cache
from services.sentences import FactSentence, sentence_writer_of
from services.web.visit import Visit


class DossierInWords(NamedTuple):
    """The facts in words, in the order of the log, and what was read to tell them: `units` are names by code."""

    told: tuple[FactSentence, ...]
    officials: tuple[OfficialRow, ...]
    units: Mapping[str, str]

    @property
    def by_position(self) -> dict[int, FactSentence]:
        return {one.entry.position: one for one in self.told}


async def facts_about(visit: Visit, case: Case) -> list[Recorded]:
    """Everything that concerns the commune's year, in the order of the log."""
    return await case_cache.facts_about(case.followed, partial(read_facts, visit))


async def dossier_in_words(visit: Visit, case: Case, facts: list[Recorded]) -> DossierInWords:
    """The facts in words; names as of the moment looked at."""
    async with visit.reads() as view:
        officials: list[OfficialRow] = await view.all(OFFICIALS)
        units = {unit.code: unit.inside for unit in await view.all(UNITS)}
    teller = sentence_writer_of(facts, officials, units, case.rulebook, visit.words, await values_said(visit, facts))
    return DossierInWords(tuple(await in_slices(map(teller.tell, entries(facts)))), tuple(officials), units)
