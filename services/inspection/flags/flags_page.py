"""Flags: signs that a recognition was a formality or wrong, each with its rule and its facts. None is a verdict."""

from __future__ import annotations

from typing import NamedTuple

from domain.errors import NotFound
from domain.permissions import Act, Subject, may, permit
from domain.vietnamese import sort_key
from projections.analysis.flags import RaisedFlag, Sign
from projections.tables.register import REGISTER, RegisterRow
from projections.tables.seasons import SEASONS, SeasonRow
from projections.tables.standings import STANDINGS
from projections.tables.units import UNITS, UnitRow
from services.inspection.flags import dismiss_flag
from services.inspection.flags.flags_view import flags_at
from services.web import urls
from services.web.handlers import act, page
from services.web.visit import PageResponse, Visit

#: Positions that are shown of a flag; the page says how many there are.
SHOWN = 8


class Flagged(NamedTuple):
    """One commune with its flags, and the decision on it where there is one."""

    code: str
    name: str
    flags: list[RaisedFlag]
    decided: RegisterRow | None


@page(urls.FLAGS, heavy=True)
async def show(visit: Visit, season: str) -> PageResponse:
    """The flags of a season; `?xa=` commune, `?loai=` sign, `?xem=tat-ca` also those set aside.

    To the board, where somebody asks there, how many of each commune: folding them takes longer than the board.
    """
    permit(visit.actor, Act.VIEW_BOARD)
    await visit.own_write(SEASONS, STANDINGS, REGISTER)
    row, raised, position = await flags_at(visit, season)
    async with visit.reads() as view:
        units = {unit.code: unit for unit in await view.all(UNITS)}
        decided = {one.commune: one for one in await view.all(REGISTER, season)}
    every = [flag for flag in raised if _may_see(visit, row, flag.commune)]
    commune, sign, everything = visit.query("xa"), visit.query("loai"), visit.query("xem") == "tat-ca"
    flags = [
        flag
        for flag in every
        if commune in ("", flag.commune) and sign in ("", flag.sign) and (everything or flag.dismissed is None)
    ]
    return await visit.page(
        "flags/index.html",
        fragment="flags/_counts.html",
        season=season,
        groups=_by_commune(flags, units, decided),
        shown=SHOWN,
        total=sum(flag.dismissed is None for flag in every),
        set_aside=sum(flag.dismissed is not None for flag in every),
        signs=[(one, sum(flag.sign is one and flag.dismissed is None for flag in every)) for one in Sign],
        units=units,
        communes=sorted(
            (units[code] for code in {flag.commune for flag in every} if code in units),
            key=lambda unit: (sort_key(unit.name), unit.code),
        ),
        asked={"xa": commune, "loai": sign, "xem": "tat-ca" if everything else ""},
        position=position,
    )


def _may_see(visit: Visit, row: SeasonRow, commune: str) -> bool:
    subject = Subject(commune=commune, decided_by=row.participants.get(commune, ""))
    return may(visit.actor, Act.VIEW_FLAGS, subject)


def _by_commune(flags: list[RaisedFlag], units: dict[str, UnitRow], decided: dict[str, RegisterRow]) -> list[Flagged]:
    found: dict[str, list[RaisedFlag]] = {}
    for flag in flags:
        found.setdefault(flag.commune, []).append(flag)
    groups = [
        Flagged(code, units[code].full_name if code in units else code, mine, decided.get(code))
        for code, mine in found.items()
    ]
    return sorted(groups, key=lambda group: (-len(group.flags), sort_key(group.name)))


@act(urls.FLAGS + "/bo-qua", again=show, heavy=True)
async def dismiss(visit: Visit, season: str) -> PageResponse:
    """Set a flag aside with a reason: as the page showed it, by its commune, sign and last fact."""
    typed = visit.typed
    commune, sign, last = typed.needed("xa"), typed.needed("loai"), typed.whole("den")
    flags = (await flags_at(visit, season)).flags
    flag = next((one for one in flags if (one.commune, one.sign, one.positions[-1]) == (commune, sign, last)), None)
    if flag is None:
        raise NotFound(flag=sign)
    result = await dismiss_flag.dismiss_flag(
        visit.work(), season, commune, flag.sign.value, flag.positions, typed.text("reason")
    )
    return await visit.done(result, to=visit.url.flags(season, xa=commune, xem="tat-ca"))


ROUTES = [show, dismiss]
