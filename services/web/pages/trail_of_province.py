"""The trail of the whole province: who did what about whom, found by every part of it. The address is the filter."""

from __future__ import annotations

import re
from datetime import datetime
from typing import NamedTuple

from domain.errors import Refused
from domain.official import Position
from domain.vietnamese import person_key, sort_key
from projections.councils import COUNCILS
from projections.marks import Search
from projections.officials import OFFICIALS
from projections.seasons import SEASONS
from projections.tallies import TALLIES
from projections.units import UNITS
from services.i18n import indicator_number
from services.searching import (
    ACTS,
    PARAMETERS,
    Asked,
    Found,
    Names,
    Object,
    about,
    meeting_called,
    read_names,
    search_of,
    tell,
)
from services.telling import Told
from services.web import urls
from services.web.forms import NotADate
from services.web.personal import values_said
from services.web.refusals import explain
from services.web.request import DIGITS, Answer, Visit, page, read_moment

#: Entries on one page.
MANY = 50

#: Facts are counted up to so many; beyond, the page says "more than".
COUNTED = 10_000


class Line(NamedTuple):
    """One entry of the page."""

    told: Told
    objects: tuple[Object, ...]


class Slice(NamedTuple):
    """The page's part of what was found. `newer` and `older` are where the neighbouring parts go on, None for none."""

    positions: list[int]
    newer: int | None
    older: int | None


class Choices(NamedTuple):
    """What the filters offer, as of the moment looked at: values with their labels."""

    people: list[str]
    positions: list[tuple[str, str]]
    acts: list[tuple[str, str]]
    seasons: list[tuple[str, str]]
    units: list[tuple[str, str]]
    indicators: list[tuple[str, str]]
    meetings: list[tuple[str, str]]


@page(urls.TRAIL_OF_PROVINCE)
async def show(visit: Visit) -> Answer:
    """Newest first, 50 at a time; `?truoc=` the next before a position, `?sau=` those after it.

    The filters are the parameters of `Asked`. What cannot be read as a moment is refused above an empty list.
    """
    await visit.own_write(OFFICIALS, UNITS, SEASONS, COUNCILS, TALLIES)
    reached = await visit.house.searching.learn(visit.tenant)
    names = await names_of(visit)
    typed = {name: value for name in PARAMETERS if (value := visit.query(name))}
    asked, refused = read(visit)
    search = search_of(asked, visit.actor, names)
    upto = reached.position if visit.upto is None else visit.upto
    part = Slice([], None, None) if refused else await part_of(visit, search, upto)
    count = 0 if refused else await visit.house.searching.count(visit.tenant, search, upto, COUNTED + 1)
    found = await visit.house.searching.read(visit.tenant, part.positions, upto)
    if refused:
        visit.refusal = explain(refused, visit.words)
    return await visit.page(
        "trail/province.html",
        status=visit.refusal.status if visit.refusal else None,
        lines=await lines_of(visit, found, names),
        part=part,
        count=min(count, COUNTED),
        more=count > COUNTED,
        asked=typed,
        spelled=asked.spell(),
        active=list(typed.items()),
        choices=await choices_of(visit, asked, names),
        marked=reached.position if reached.position < (reached.last if visit.upto is None else visit.upto) else None,
        position=upto,
    )


def read(visit: Visit) -> tuple[Asked, Refused | None]:
    """What the address asks for; and why it cannot be, with what of it can."""
    try:
        return Asked.read(visit.query, moment_of(visit, "tu"), moment_of(visit, "den")), None
    except Refused as refused:
        return Asked.read(visit.query), refused


def moment_of(visit: Visit, name: str) -> datetime | None:
    """A moment of the address; a day is its beginning for `tu`, its end for `den`. NotADate."""
    text = visit.query(name)
    if not text:
        return None
    moment = read_moment(text)
    if not isinstance(moment, datetime):
        raise NotADate(field=name, typed=text)
    names_a_day = moment.microsecond and ":" not in text
    return moment.replace(hour=0, minute=0, second=0, microsecond=0) if name == "tu" and names_a_day else moment


async def names_of(visit: Visit) -> Names:
    """Who and what there was at the visit's moment; kept, for a page after the other asks for it."""
    async with visit.reads() as view:
        key = ("trail", visit.tenant.id, view.moment(OFFICIALS, UNITS, SEASONS, COUNCILS))
        names = visit.web.kept.get(key)
        if not isinstance(names, Names):
            names = await read_names(view)
            visit.web.kept.put(key, names)
    return names


async def part_of(visit: Visit, search: Search, upto: int) -> Slice:
    """The entries that the address asks for: the newest, or those next to a position."""
    searching, tenant = visit.house.searching, visit.tenant
    before, after = place(visit.query("truoc")), place(visit.query("sau"))
    if after is not None:
        rising = await searching.find(tenant, search, upto, MANY + 1, after=after)
        positions = rising[:MANY][::-1]
        if positions:
            return Slice(positions, positions[0] if len(rising) > MANY else None, positions[-1])
    positions = await searching.find(tenant, search, upto, MANY + 1, before=before)
    older = positions[MANY - 1] if len(positions) > MANY else None
    newer = positions[0] if positions and before is not None else None
    return Slice(positions[:MANY], newer, older)


def place(text: str) -> int | None:
    """A position of the address, None for what is none."""
    bare = text.removeprefix("#")
    return int(bare) if bare.isascii() and bare.isdecimal() and len(bare) < DIGITS else None


async def lines_of(visit: Visit, found: Found, names: Names) -> list[Line]:
    """The facts as the page shows them, newest first."""
    personal = await values_said(visit, found.facts)
    told = tell(found, names, visit.words, visit.house.rulebooks, personal)
    return [Line(one, about(one.entry, names, visit.words)) for one in told[::-1]]


async def choices_of(visit: Visit, asked: Asked, names: Names) -> Choices:
    """What there was to choose from at the visit's moment."""
    units = {unit.code: unit.inside for unit in names.units}
    indicators = {code for row in names.seasons for code in row.indicators}
    meetings = []
    if asked.season:
        async with visit.reads() as view:
            rows = await view.all(TALLIES, asked.season)
        for key in sorted({row.meeting for row in rows}):
            name = meeting_called(key, units, visit.words)
            meetings.append((f"{asked.season}/{key}", name))
    return Choices(
        people=sorted({row.name for row in names.officials}, key=person_key),
        positions=[(one.value, visit.words.say(f"position.{one.value}")) for one in Position],
        acts=[(one, visit.words.say(f"doing.{one}")) for one in ACTS],
        seasons=[(one, one) for one in sorted((row.season for row in names.seasons), reverse=True)],
        units=[(unit.code, unit.full_name) for unit in sorted(names.units, key=lambda unit: sort_key(unit.bare_name))],
        indicators=[(one, indicator_number(one)) for one in sorted(indicators, key=natural)],
        meetings=meetings,
    )


def natural(code: str) -> list[int]:
    """The place of an indicator: its numbers as numbers."""
    return [int(number) for number in re.findall(r"\d+", code)]


ROUTES = [show]
