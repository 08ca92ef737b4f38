"""The trail of one commune in one season: every fact of the log as a sentence, with position and mandate."""

from __future__ import annotations

from datetime import date
from typing import NamedTuple

from domain.permissions import Act, permit
from domain.season import Step
from projections.analysis.trail import TrailEntry
from services.assessment.dossier_view import Case, open_case
from services.inspection.dossier_facts import dossier_in_words, facts_about
from services.seals.verified_view import last_verified
from services.sentences import FactSentence
from services.web import urls
from services.web.handlers import page
from services.web.request_target import DIGITS
from services.web.visit import PageResponse, Visit

#: Entries on one page.
MANY = 250

#: Steps of a season that a fact completes; its legal date is held against the step's deadline.
COMPLETES = {
    "assessment.posted": Step.POSTED,
    "assessment.submitted": Step.SUBMITTED,
    "assessment.reported": Step.SUBMITTED,
    "assessment.listed": Step.DECIDED,
    "appraisal.concluded": Step.APPRAISED,
    "recognition.decided": Step.DECIDED,
}

KINDS = ("season", "assessment", "appraisal", "council", "meeting", "recognition", "review", "subject")


class DossierTrailQuery(NamedTuple):
    """What the address asks for; empty strings ask for everything."""

    kind: str = ""
    who: str = ""
    indicator: str = ""

    def wants(self, told: FactSentence) -> bool:
        entry = told.entry
        about = (entry.indicator or "", *entry.args.get("indicators", ()))
        return (
            self.kind in ("", entry.stream.kind)
            and self.who in ("", told.who)
            and (not self.indicator or self.indicator in about)
        )


class TrailRow(NamedTuple):
    """One entry of the page; `late` in days after the deadline, 0 in time."""

    told: FactSentence
    late: int


@page(urls.TRAIL)
async def show(visit: Visit, season: str, commune: str) -> PageResponse:
    """The trail, newest first; `?loai=` kind, `?ai=` who, `?chi-tieu=` indicator, `?truoc=` older than a position."""
    case = await open_case(visit, season, commune)
    permit(visit.actor, Act.VIEW_TRAIL, case.subject())
    facts = await facts_about(visit, case)
    every = (await dossier_in_words(visit, case, facts)).told[::-1]
    asked = DossierTrailQuery(*(visit.query(name) for name in ("loai", "ai", "chi-tieu")))
    before = visit.query("truoc")
    upto = int(before) if before.isdecimal() and len(before) < DIGITS else case.position + 1
    matching = [told for told in every if asked.wants(told)]
    older = [told for told in matching if told.entry.position < upto]
    return await visit.page(
        "trail/index.html",
        season=season,
        case=case,
        lines=[TrailRow(told, late(case, told.entry)) for told in older[:MANY]],
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


def late(case: Case, entry: TrailEntry) -> int:
    """By how many days the step was late by its legal date."""
    step = COMPLETES.get(entry.topic)
    due, on = (case.season.due(step), entry.args.get("on")) if step else (None, None)
    return max((on - due).days, 0) if due is not None and isinstance(on, date) else 0


ROUTES = [show]
