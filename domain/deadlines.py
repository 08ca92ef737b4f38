"""The deadlines of a season held against the terms of its text."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from datetime import date
from types import MappingProxyType
from typing import NamedTuple

from domain.errors import DeadlineOutsideTerm
from domain.rulebook import Rulebook
from domain.season import Deadline, Step
from domain.working_days import Calendar, CalendarUnknown

#: The rulebooks' own words for the steps that have a deadline.
TERMS_OF: Mapping[Step, tuple[str, ...]] = MappingProxyType({
    Step.SCORED: ("self_assessed", "scored"),
    Step.POSTED: ("posted",),
    Step.SUBMITTED: ("submitted",),
    Step.APPRAISED: ("appraised",),
    Step.VOTED: ("voted",),
    Step.DECIDED: ("recognised", "decided"),
})  # fmt: skip

#: The step whose deadline a term of the text is counted from, where that is a step with a deadline. The deadline of the
#: posting is the last day on which it begins.
COUNTED_FROM: Mapping[str, Step] = MappingProxyType({
    "posted": Step.POSTED,
    "council_papers": Step.VOTED,
    "published": Step.DECIDED,
})  # fmt: skip


class Bounds(NamedTuple):
    """The days between which the text lets something end; None where it has no such bound."""

    earliest: date | None = None
    latest: date | None = None


def bounds_of(
    term_step: str, rulebook: Rulebook, year: int, deadlines: Mapping[Step, Deadline], calendar: Calendar
) -> Bounds:
    """The bounds of what a term of the text is about, by the name that it has there, in a season with these deadlines.

    There are none where the text has no such term, where it runs from an event of which nobody knows beforehand, and
    where the days off are not known. A fixed day is given as it stands in the text, also on a day off.
    """
    term = rulebook.term(term_step)
    if term is None:
        return Bounds()
    if (last := term.last_day(year)) is not None:
        return Bounds(latest=last)
    counted_from = deadlines.get(COUNTED_FROM[term_step]) if term_step in COUNTED_FROM else None
    if counted_from is None:
        return Bounds()
    try:
        counted = term.ends_after(counted_from.on, calendar)
    except CalendarUnknown:
        return Bounds()
    return Bounds(earliest=counted) if term.minimum else Bounds(latest=counted)


def bounds_of_step(
    step: Step, rulebook: Rulebook, year: int, deadlines: Mapping[Step, Deadline], calendar: Calendar
) -> Bounds:
    """The days between which the text lets the deadline of a step lie.

    The dossier goes up once the result was posted as long as the text says at least. The term of the posting does not
    bind the day on which it begins.
    """
    if step is Step.POSTED:
        return Bounds()
    term = rulebook.term(*TERMS_OF[step])
    own = bounds_of(term.step, rulebook, year, deadlines, calendar) if term else Bounds()
    if step is Step.SUBMITTED:
        return own._replace(earliest=bounds_of("posted", rulebook, year, deadlines, calendar).earliest)
    return own


def must_keep_terms(
    deadlines: Mapping[Step, Deadline],
    changed: Collection[Step],
    rulebook: Rulebook,
    year: int,
    calendar: Calendar,
    read_day: Callable[[Step, date], date],
) -> None:
    """Raise DeadlineOutsideTerm for the first deadline that the text does not allow and no document does, among those
    `changed`, and the submission where the posting is.

    `read_day` says what a fixed day on a day off counts as: the day itself unless the province chose the next working
    day (Bộ luật Dân sự 2015, Điều 148 khoản 5).
    """
    concerned = {*changed, Step.SUBMITTED} if Step.POSTED in changed else {*changed}
    for step in (step for step in Step if step in concerned and step in deadlines):
        deadline = deadlines[step]
        if deadline.outside_term_by.strip():
            continue
        bounds = bounds_of_step(step, rulebook, year, deadlines, calendar)
        where = {"field": f"on.{step}", "step": step, "on": deadline.on}
        if bounds.earliest and deadline.on < bounds.earliest:
            raise DeadlineOutsideTerm(**where, reason="early", term=bounds.earliest)
        if bounds.latest and deadline.on > (latest := read_day(step, bounds.latest)):
            raise DeadlineOutsideTerm(**where, reason="late", term=latest)
