"""The history of an indicator or of a whole dossier: the entries of the log, newest first."""

from collections.abc import Iterable, Mapping
from typing import NamedTuple

from domain.official import Office
from projections.analysis.trail import TrailEntry, entries
from projections.tables.officials import OFFICIALS, OfficialRow
from services.assessment.dossier_view import Case
from services.web.visit import Visit

#: What moves a dossier as a whole. Comments stand with the posting: there may be thousands.
MILESTONES = {
    "assessment.opened",
    "assessment.consolidated",
    "assessment.reopened",
    "assessment.posted",
    "assessment.result-agreed",
    "assessment.submitted",
    "assessment.reported",
    "assessment.listed",
    "assessment.indicator-returned",
    "assessment.rulebook-corrected",
    "assessment.resubmitted",
    "appraisal.concluded",
    "appraisal.resumed",
    "recognition.decided",
    "recognition.signed",
    "recognition.published",
    "recognition.revoked",
    "recognition.appeal-upheld",
    "recognition.decided-again",
    "recognition.corrected",
    "recognition.published-total-noted",
}


class Person(NamedTuple):
    """Somebody who acted: by position and name, "" where the log does not say."""

    position: Office | None
    name: str


def history_of(case: Case, indicator: str | None) -> list[TrailEntry]:
    """What happened to the indicator; without one, the milestones of the dossier."""
    told = [
        entry
        for entry in entries(case.facts)
        if (indicator and _concerns(entry, indicator)) or (not indicator and entry.topic in MILESTONES)
    ]
    return told[::-1]


def _concerns(entry: TrailEntry, indicator: str) -> bool:
    sent_back = entry.args.get("indicators", ()) if entry.topic == "assessment.resubmitted" else ()
    corrected = (
        {one.indicator for one in (*entry.args["again"], *entry.args["values"])}
        if entry.topic == "assessment.rulebook-corrected"
        else ()
    )
    return entry.indicator == indicator or indicator in sent_back or indicator in corrected


async def people_of(visit: Visit, told: Iterable[TrailEntry]) -> Mapping[str, Person]:
    """Who acted in these entries, by the mandate that they acted under, and by person."""
    people: dict[str, Person] = {}
    rows: list[OfficialRow] = []
    async with visit.reads() as view:
        for person in {entry.actor for entry in told}:
            row = await view.one(OFFICIALS, person)
            if row is not None:
                rows.append(row)
    for row in rows:
        people[row.person] = Person(row.mandates[0].position if row.mandates else None, row.name)
        for mandate in row.mandates:
            people[str(mandate.id)] = Person(mandate.position, row.name)
    return people
