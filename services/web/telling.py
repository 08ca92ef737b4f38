"""Everything that concerns one commune's year: the facts read from the log, and told in the reader's language."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import NamedTuple

from domain.council import Member, council_stream
from domain.fact import Recorded
from domain.meeting import meeting_stream
from domain.personal import subject_stream
from projections.councils import COUNCILS
from projections.fold import fold
from projections.officials import OFFICIALS, OfficialRow
from projections.trail import concerns, entries
from projections.units import UNITS
from services.meetings import meeting_key
from services.telling import Teller, Told, called, holders_of, open_rounds
from services.web.dossiers import Case, read_facts
from services.web.personal import values_said
from services.web.request import Visit

#: Meetings of one council that are looked for at a time.
MEETINGS = 16


class Account(NamedTuple):
    """The facts in words, in the order of the log, and what was read to tell them: `units` are names by code."""

    told: tuple[Told, ...]
    officials: tuple[OfficialRow, ...]
    units: Mapping[str, str]

    @property
    def by_position(self) -> dict[int, Told]:
        return {one.entry.position: one for one in self.told}


async def facts_about(visit: Visit, case: Case) -> list[Recorded]:
    """Everything that concerns the commune's year, in the order of the log."""
    season, unit = case.sheet.season, case.sheet.decided_by
    facts = [recorded for recorded in case.facts if recorded.stream.season == season]
    facts += await read_facts(visit, council_stream(season, unit))
    number = 1
    while True:
        names = [meeting_stream(season, meeting_key(unit, one)) for one in range(number, number + MEETINGS)]
        found = await read_facts(visit, *names)
        facts += found
        if not any(recorded.stream == names[-1] for recorded in found):
            break
        number += MEETINGS
    if case.sheet.comments:
        facts += await read_facts(visit, *map(subject_stream, case.sheet.comments))
    mine = (recorded for recorded in facts if concerns(recorded, case.sheet.commune))
    return sorted(mine, key=lambda recorded: recorded.position)


async def told_of(visit: Visit, case: Case, facts: list[Recorded]) -> Account:
    """The facts in words; names as of the moment looked at."""
    async with visit.reads() as view:
        officials: list[OfficialRow] = await view.all(OFFICIALS)
        units = {unit.code: unit.inside for unit in await view.all(UNITS)}
    teller = Teller(
        visit.words,
        units,
        holders_of(officials),
        members_of(facts),
        open_rounds(facts),
        await values_said(visit, facts),
        called(case.rulebook),
    )
    return Account(tuple(map(teller.tell, entries(facts))), tuple(officials), units)


def members_of(facts: Iterable[Recorded]) -> tuple[Member, ...]:
    """Those who sit in the council that these facts set up."""
    councils = fold(COUNCILS, facts).values()
    return tuple(member for council in councils for member in council.members)
