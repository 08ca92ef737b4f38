"""Who did what about one commune in one season: every fact of the log as a sentence, with position and mandate."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from typing import NamedTuple

from domain.council import Member, council_stream
from domain.fact import Recorded
from domain.meeting import meeting_stream
from domain.personal import subject_stream
from domain.policy import Act, permit
from domain.season import Step
from projections.councils import COUNCILS
from projections.fold import fold
from projections.officials import OFFICIALS
from projections.trail import Entry, concerns, entries
from projections.units import UNITS
from services.meetings import meeting_key
from services.telling import Teller, Told, called, holders_of, open_rounds
from services.web import urls
from services.web.dossiers import Case, open_case, read_facts
from services.web.personal import values_said
from services.web.request import Answer, Visit, page
from services.web.verified import last_verified

#: Entries on one page.
MANY = 250

#: Meetings of one council that are looked for at a time.
MEETINGS = 16

#: Steps of a season that a fact completes; its legal date is held against the step's deadline.
COMPLETES = {
    "assessment.posted": Step.POSTED,
    "assessment.submitted": Step.SUBMITTED,
    "appraisal.concluded": Step.APPRAISED,
    "recognition.decided": Step.DECIDED,
}

KINDS = ("season", "assessment", "appraisal", "council", "meeting", "recognition", "review", "subject")


class Asked(NamedTuple):
    """What the address asks for; empty strings ask for everything."""

    kind: str = ""
    who: str = ""
    indicator: str = ""

    def wants(self, told: Told) -> bool:
        entry = told.entry
        about = (entry.indicator or "", *entry.args.get("indicators", ()))
        return (
            self.kind in ("", entry.stream.kind)
            and self.who in ("", told.who)
            and (not self.indicator or self.indicator in about)
        )


class Line(NamedTuple):
    """One entry of the page; `late` in days after the deadline, 0 in time."""

    told: Told
    late: int


@page(urls.TRAIL)
async def show(visit: Visit, season: str, commune: str) -> Answer:
    """The trail, newest first; `?loai=` kind, `?ai=` who, `?chi-tieu=` indicator, `?truoc=` older than a position."""
    case = await open_case(visit, season, commune)
    permit(visit.actor, Act.VIEW_TRAIL, case.subject())
    facts = await facts_about(visit, case)
    every = await told_of(visit, case, facts)
    asked = Asked(*(visit.query(name) for name in ("loai", "ai", "chi-tieu")))
    before = visit.query("truoc")
    upto = int(before) if before.isdecimal() else case.position + 1
    matching = [told for told in every if asked.wants(told)]
    older = [told for told in matching if told.entry.position < upto]
    return await visit.page(
        "trail/index.html",
        season=season,
        case=case,
        lines=[Line(told, late(case, told.entry)) for told in older[:MANY]],
        older=older[MANY - 1].entry.position if len(older) > MANY else None,
        found=len(matching),
        total=len(every),
        asked=asked,
        kinds=[kind for kind in KINDS if any(told.entry.stream.kind == kind for told in every)],
        people=sorted({told.who for told in every}),
        indicators=case.rulebook.indicators,
        position=case.position,
        verified=await last_verified(visit),
    )


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


async def told_of(visit: Visit, case: Case, facts: list[Recorded]) -> list[Told]:
    """The facts in words, newest first; names as of the moment looked at."""
    async with visit.reads() as view:
        officials = await view.all(OFFICIALS)
        units = {unit.code: unit.inside for unit in await view.all(UNITS)}
    seated = members_of(facts)
    teller = Teller(
        visit.words,
        units,
        holders_of(officials),
        seated,
        open_rounds(facts),
        await values_said(visit, facts),
        called(case.rulebook),
    )
    return [teller.tell(entry) for entry in entries(facts)][::-1]


def members_of(facts: Iterable[Recorded]) -> tuple[Member, ...]:
    """Those who sit in the council that these facts set up."""
    councils = fold(COUNCILS, facts).values()
    return tuple(member for council in councils for member in council.members)


def late(case: Case, entry: Entry) -> int:
    """By how many days the step was late by its legal date."""
    step = COMPLETES.get(entry.topic)
    due, on = (case.season.due(step), entry.args.get("on")) if step else (None, None)
    return max((on - due).days, 0) if due is not None and isinstance(on, date) else 0


ROUTES = [show]
