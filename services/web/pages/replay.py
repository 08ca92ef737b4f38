"""A dossier played back: fact by fact in sentences, what was known then, and what is otherwise now and why."""

from __future__ import annotations

from typing import Any, NamedTuple

from domain.errors import NotFound
from domain.fact import Recorded
from domain.policy import Act, permit
from projections.differences import Difference, differences
from projections.register import REGISTER, RegisterRow
from projections.sheets import SHEETS, SheetRow
from projections.standings import STANDINGS, Standing
from services.following import Followed
from services.telling import Told
from services.verdicts import Judged, judged
from services.web import urls
from services.web.dossiers import Case, open_case
from services.web.history import MILESTONES
from services.web.request import DIGITS, Answer, Visit, page
from services.web.telling import facts_about, told_of

#: Steps listed before and after the one that is looked at.
AROUND = 6

#: What a time line marks beside the dossier's own milestones.
STONES = MILESTONES | {"season.opened", "meeting.vote-opened", "meeting.vote-concluded"}


class Step(NamedTuple):
    """One fact of the replay; `later` than the one looked at or not."""

    told: Told
    current: bool
    later: bool


class Stone(NamedTuple):
    """A milestone: where it lies on the time line, in percent of its length."""

    told: Told
    x: float


class Moment(NamedTuple):
    """What the dossier was at one moment; None where there was none yet."""

    sheet: SheetRow | None
    judged: Judged | None
    decision: RegisterRow | None


@page(urls.REPLAY)
async def show(visit: Visit, season: str, commune: str) -> Answer:
    """The replay up to the visit's moment; `?den=` the position that is looked at, else the last fact.

    NotFound for a position that is none of these facts'.
    """
    case = await open_case(visit, season, commune)
    permit(visit.actor, Act.VIEW_TRAIL, case.subject())
    facts = await facts_about(visit, case)
    told = (await told_of(visit, case, facts)).told
    at = asked(visit, facts)
    here = facts[at]
    followed: Followed = await visit.house.dossiers.then(visit.tenant, season, commune, here.position)
    then, now = moment_of(followed, visit), moment_of(case.followed, visit)
    first, last = max(at - AROUND, 0), at + AROUND + 1
    return await visit.page(
        "replay/index.html",
        season=season,
        case=case,
        told=told,
        at=at,
        here=told[at],
        steps=[Step(one, index == at, index > at) for index, one in enumerate(told)][first:last],
        stones=[Stone(one, along(index, len(told))) for index, one in enumerate(told) if one.entry.topic in STONES],
        cursor=along(at, len(told)),
        then=then,
        now=now,
        differences=changed(case, then, here.position),
        position=case.position,
    )


def asked(visit: Visit, facts: list[Recorded]) -> int:
    """Which of the facts is looked at: the one at the position asked for, or the last before it."""
    text = visit.query("den").removeprefix("#")
    if not text:
        return len(facts) - 1
    position = int(text) if text.isascii() and text.isdecimal() and len(text) < DIGITS else 0
    if not facts or not facts[0].position <= position <= facts[-1].position:
        raise NotFound(den=visit.query("den"))
    return max(index for index, one in enumerate(facts) if one.position <= position)


def moment_of(seen: Followed, visit: Visit) -> Moment:
    """The dossier's rows, judged by the rulebook it had."""
    key = f"{seen.season}/{seen.commune}"
    sheet: SheetRow | None = seen.row(SHEETS, key)
    standing: Standing | None = seen.row(STANDINGS, key)
    if sheet is None or standing is None:
        return Moment(None, None, None)
    decided: dict[str, Any] = {}
    REGISTER.fold(seen.own, decided)
    return Moment(sheet, judged(standing, visit.house.rulebooks[sheet.rulebook]), decided.get(key))


def changed(case: Case, then: Moment, position: int) -> tuple[Difference, ...]:
    """What is otherwise at the visit's moment than it was at the position."""
    later = [recorded for recorded in case.facts if recorded.position > position]
    return differences(then.sheet, case.sheet, later)


def along(index: int, facts: int) -> float:
    """Where the fact lies on a line on which all are equally far apart, in percent."""
    return round(100 * index / max(facts - 1, 1), 2)


ROUTES = [show]
