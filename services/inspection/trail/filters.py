"""The filters of the trail's two tabs: read from the address, with what there was to choose from."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import datetime
from typing import Any, NamedTuple, Protocol

from domain.errors import Refused
from domain.official import Office
from domain.permissions import Act, may
from domain.season import is_practice
from domain.vietnamese import person_key, sort_key
from infra.identity.tenants import Tenant
from projections.analysis.search_terms import Search
from projections.tables.councils import COUNCILS
from projections.tables.officials import OFFICIALS
from projections.tables.seasons import SEASONS, SeasonRow
from projections.tables.tallies import TALLIES
from projections.tables.units import UNITS
from services.i18n import indicator_number
from services.inspection.trail.search import PARAMETERS, Names, Object, TrailQuery, meeting_called, read_names
from services.web.form_fields import NotADate
from services.web.refusals import explain
from services.web.request_target import DIGITS
from services.web.viewing import read_moment
from services.web.visit import Visit

#: Rows on one page.
MANY = 50

#: Rows are counted up to so many; beyond, the page says "more than".
COUNTED = 10_000


class Slice(NamedTuple):
    """The page's part of what was found. `newer` and `older` are where the neighbouring parts go on, None for none.

    `total` is how many there are, at most one more than `COUNTED`.
    """

    positions: list[int]
    newer: int | None
    older: int | None
    total: int


class Choices(NamedTuple):
    """What the filters offer, as of the moment looked at: values with their labels."""

    people: list[str]
    positions: list[tuple[str, str]]
    acts: list[tuple[str, str]]
    seasons: list[tuple[str, str]]
    units: list[tuple[str, str]]
    indicators: list[tuple[str, str]]
    meetings: list[tuple[str, str]]


class Filtered(NamedTuple):
    """What the address asks for, and why it cannot be found; `names` are those of the visit's moment."""

    asked: TrailQuery
    refused: Refused | None
    names: Names


class Finder(Protocol):
    """Where rows are found by their terms: the facts, or the accesses."""

    async def find(
        self,
        tenant: Tenant,
        search: Search,
        upto: int,
        many: int,
        *,
        before: int | None = None,
        after: int | None = None,
    ) -> list[int]: ...
    async def count(self, tenant: Tenant, search: Search, upto: int, most: int) -> int: ...


def practised(objects: Iterable[Object]) -> list[str]:
    """The rounds for practice among what the entries are about."""
    return sorted({one.value for one in objects if one.name == "mua" and is_practice(one.value)})


async def filter_of(visit: Visit) -> Filtered:
    """The filter of the address, read at the visit's moment."""
    asked, refused = read(visit)
    return Filtered(asked, refused, await names_of(visit))


def read(visit: Visit) -> tuple[TrailQuery, Refused | None]:
    """What the address asks for; and why it cannot be, with what of it can."""
    asked = TrailQuery.read(visit.query)
    try:
        asked.require_short()
    except Refused as refused:
        return TrailQuery(season=asked.season), refused
    try:
        return TrailQuery.read(visit.query, moment_of(visit, "tu"), moment_of(visit, "den")), None
    except Refused as refused:
        return asked, refused


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
        names = visit.site.kept.get(key)
        if not isinstance(names, Names):
            names = await read_names(view)
            visit.site.kept.put(key, names)
    return names


async def view_of(visit: Visit, filtered: Filtered, part: Slice, acts: Iterable[str]) -> dict[str, Any]:
    """What both tabs show alike."""
    if filtered.refused:
        visit.refusal = explain(filtered.refused, visit.words)
    typed = {name: value for name in PARAMETERS if (value := visit.query(name))}
    choices = await choices_of(visit, filtered.asked, filtered.names, acts)
    said = {
        "chuc-vu": choices.positions,
        "viec": choices.acts,
        "xa": choices.units,
        "chi-tieu": choices.indicators,
        "hop": choices.meetings,
    }
    return {
        "status": visit.refusal.status if visit.refusal else None,
        "part": part,
        "count": min(part.total, COUNTED),
        "more": part.total > COUNTED,
        "asked": typed,
        "active": [(name, value, dict(said.get(name, ())).get(value, value)) for name, value in typed.items()],
        "with_filter": list(typed.items()),
        "choices": choices,
        "all_of_it": may(visit.actor, Act.VIEW_TRAIL_OF_PROVINCE),
    }


async def part_of(visit: Visit, finder: Finder, search: Search, upto: int, filtered: Filtered) -> Slice:
    """The entries that the address asks for: the newest, or those next to a position."""
    if filtered.refused:
        return Slice([], None, None, 0)
    tenant = visit.tenant
    total = await finder.count(tenant, search, upto, COUNTED + 1)
    before, after = place(visit.query("truoc")), place(visit.query("sau"))
    if after is not None:
        rising = await finder.find(tenant, search, upto, MANY + 1, after=after)
        positions = rising[:MANY][::-1]
        if positions:
            return Slice(positions, positions[0] if len(rising) > MANY else None, positions[-1], total)
    positions = await finder.find(tenant, search, upto, MANY + 1, before=before)
    older = positions[MANY - 1] if len(positions) > MANY else None
    newer = positions[0] if positions and before is not None else None
    return Slice(positions[:MANY], newer, older, total)


def place(text: str) -> int | None:
    """A position of the address, None for what is none."""
    digits = text.removeprefix("#")
    return int(digits) if digits.isascii() and digits.isdecimal() and len(digits) < DIGITS else None


async def choices_of(visit: Visit, asked: TrailQuery, names: Names, acts: Iterable[str]) -> Choices:
    """What there was to choose from at the visit's moment."""
    units = {unit.code: unit.inside for unit in names.units}
    indicators = {code for row in names.seasons for code in row.indicators}
    meetings = []
    if asked.season:
        async with visit.reads() as view:
            rows = await view.all(TALLIES, asked.season)
        for key, in_writing in sorted({row.meeting: row.is_consultation for row in rows}.items()):
            name = meeting_called(key, units, visit.words, in_writing=in_writing)
            meetings.append((f"{asked.season}/{key}", name))
    return Choices(
        people=sorted({row.name for row in names.officials}, key=person_key),
        positions=[(one.value, visit.words.say(f"position.{one.value}")) for one in Office],
        acts=[(one, visit.words.say(f"doing.{one}")) for one in acts],
        seasons=[(row.season, visit.words.season(row.season)) for row in _latest_first(names.seasons)],
        units=[(unit.code, unit.full_name) for unit in sorted(names.units, key=lambda unit: sort_key(unit.bare_name))],
        indicators=[(one, indicator_number(one)) for one in sorted(indicators, key=natural)],
        meetings=meetings,
    )


def _latest_first(seasons: Iterable[SeasonRow]) -> list[SeasonRow]:
    return sorted(seasons, key=lambda row: row.order, reverse=True)


def natural(code: str) -> list[int]:
    """The place of an indicator: its numbers as numbers."""
    return [int(number) for number in re.findall(r"\d+", code)]
