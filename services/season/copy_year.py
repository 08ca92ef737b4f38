"""What a season takes over from the one before it: who leads which indicator, and the deadlines, moved by the years."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date
from typing import NamedTuple

from domain.deadlines import must_keep_terms
from domain.errors import DeadlineOutsideTerm, NotFound, PeriodReversed, ReasonMissing, Refused, Stale
from domain.permissions import Act
from domain.rulebook import Rulebook
from domain.season import Assignment, Deadline, Season, Step, is_practice, must_follow, season_stream
from domain.working_days import Calendar, months_later
from projections.tables.seasons import SeasonRow
from projections.tables.units import UnitRow
from services.season.calendar import calendar_of
from services.season.organise import with_rulebook
from services.work import CommandResult, Work, use_case


class TakenOver(NamedTuple):
    """What is copied, and what is not.

    `deadlines` have no document yet; `refused` says of each deadline that cannot be copied why. `kept` are indicators
    and `set_already` steps that the season has already, which stay as they are. `left_out` are indicators of the former
    season that the text of the new one does not have under the same number and name.
    """

    deadlines: Mapping[Step, date]
    refused: Mapping[Step, Refused]
    set_already: tuple[Step, ...]
    assignments: Mapping[str, Assignment]
    kept: tuple[str, ...]
    left_out: tuple[str, ...]

    @property
    def is_nothing(self) -> bool:
        """Whether there is nothing to copy."""
        return not self.deadlines and not self.assignments


def earlier(rows: Iterable[SeasonRow], row: SeasonRow) -> SeasonRow | None:
    """The last season before this one in which something was assigned or due; None where there is none.

    A round for practice is tried out before its year or takes after it: either may take over from the other. Years take
    over from a round for practice only where there is no year before them.
    """
    before = [one for one in rows if _comes_before(one, row) and (one.assignments or one.deadlines)]
    return max(before, key=lambda one: one.order, default=None)


def _comes_before(one: SeasonRow, row: SeasonRow) -> bool:
    if one.is_practice == row.is_practice:
        return one.order < row.order
    return one.year <= row.year


def taken_over(
    former: Season | SeasonRow,
    planned: Season | SeasonRow,
    text_before: Rulebook | None,
    rulebook: Rulebook,
    calendar: Calendar,
    *,
    keeps_terms: bool = True,
) -> TakenOver:
    """What the planned season can take over. `text_before` is None where this program cannot read it any more: then
    only a season under the same rulebook takes over who leads. Only a round for practice keeps no terms of the text.
    """
    same = [code for code in former.assignments if _is_same(code, text_before, rulebook, former, planned)]
    moved = {
        step: months_later(deadline.on, 12 * (planned.year - former.year))
        for step, deadline in former.deadlines.items()
        if step not in planned.deadlines
    }
    refused = _refused(moved, planned, rulebook, calendar, keeps_terms=keeps_terms)
    return TakenOver(
        {step: on for step, on in moved.items() if step not in refused},
        refused,
        tuple(step for step in former.deadlines if step in planned.deadlines),
        {code: former.assignments[code] for code in same if code not in planned.assignments},
        tuple(code for code in same if code in planned.assignments),
        tuple(code for code in former.assignments if code not in same),
    )


def _is_same(
    code: str, text_before: Rulebook | None, rulebook: Rulebook, former: Season | SeasonRow, planned: Season | SeasonRow
) -> bool:
    """Whether the indicator is one of the new text, too: numbers of another rulebook stand for something else."""
    if code not in planned.indicators:
        return False
    if former.rulebook == planned.rulebook:
        return True
    return text_before is not None and text_before.indicator(code).name == rulebook.indicator(code).name


def _refused(
    moved: Mapping[Step, date],
    planned: Season | SeasonRow,
    rulebook: Rulebook,
    calendar: Calendar,
    *,
    keeps_terms: bool,
) -> dict[Step, Refused]:
    found: dict[Step, Refused] = {}
    sound = dict(planned.deadlines)
    for step in (step for step in Step if step in moved):
        becomes = {**sound, step: Deadline(moved[step], "")}
        try:
            must_follow(becomes, (step,))
            if keeps_terms:
                must_keep_terms(becomes, (step,), rulebook, planned.year, calendar, planned.read_day)
            sound = becomes
        except (PeriodReversed, DeadlineOutsideTerm) as refused:
            found[step] = refused
    return found


def ended_since(former: SeasonRow, units: Mapping[str, UnitRow], today: date) -> list[UnitRow]:
    """The communes of the former season that are there no more."""
    return [units[code] for code in former.participants if code in units and not units[code].is_there(today)]


@use_case("season.copy_year", "season", "former", "document_no", "seen")
async def copy_year(work: Work, season: str, former: str, document_no: str, seen: int) -> CommandResult:
    """Take over who leads, and the deadlines moved by the years, by a document, as it was shown.

    `seen` are the versions of both seasons, added up, when it was shown: Stale when one of them has grown since.
    ReasonMissing without a document, NotFound where there is nothing to take over.
    """
    work.require(Act.ASSIGN_INDICATOR)
    work.require(Act.SET_DEADLINE)
    if not document_no.strip():
        raise ReasonMissing(act="copy-year", field="document_no")
    planned, rulebook = await with_rulebook(work, season)
    before = await work.look(Season, season_stream(former))
    if planned.version + before.version != seen:
        raise Stale(reason="copy-year")
    text_before = (await work.rulebooks()).find(before.rulebook_sha256)
    calendar = await calendar_of(work)
    found = taken_over(before, planned, text_before, rulebook, calendar, keeps_terms=not is_practice(season))
    if found.is_nothing:
        raise NotFound(season=former)

    def deed(one: Season) -> None:
        one.set_deadlines({step: Deadline(on, document_no) for step, on in found.deadlines.items()})
        for code, assignment in found.assignments.items():
            one.assign(code, assignment.lead, assignment.coordinating, document_no)

    return await work.change(Season, season_stream(season), deed, version=planned.version)
