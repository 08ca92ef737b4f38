"""Evidence opened and acts refused: the second tab of the trail, with the same filters."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from domain.assessment import Assessment, assessment_stream
from domain.permissions import Act, permit
from infra.storage.access_log import LoggedAccess
from services.inspection.trail.filters import filter_of, part_of, practised, view_of
from services.inspection.trail.search import Names, Object, search_of
from services.privacy.accesses import DOINGS, OPENED, Accesses, called
from services.web import urls
from services.web.handlers import page
from services.web.visit import PageResponse, Visit
from services.work import SYSTEM


class Try(NamedTuple):
    """One access of the page: by whom, to what, and why it was refused, "" when it was granted."""

    kept: LoggedAccess
    who: str
    name: str
    act: str
    what: str
    reason: str
    objects: list[Object]


@page(urls.ACCESSES)
async def show(visit: Visit) -> PageResponse:
    """Evidence opened and acts refused, by the same filters; in the past those up to its moment."""
    permit(visit.actor, Act.VIEW_TRAIL_OF_PROVINCE)
    noted = visit.app.part(Accesses)
    filtered = await filter_of(visit)
    search = search_of(filtered.asked, visit.actor, filtered.names, lambda act: (act,))
    if visit.past:
        until = visit.past.moment
        search = search._replace(until=min(search.until or until, until))
    part = await part_of(visit, noted, search, await noted.last(visit.tenant), filtered)
    lines = await tries_of(visit, await noted.read(visit.tenant, part.positions), filtered.names)
    return await visit.page(
        "trail/accesses.html",
        **await view_of(visit, filtered, part, DOINGS),
        tab="accesses",
        tab_url=visit.url.accesses,
        here=visit.url.now().accesses(),
        lines=lines,
        practised=practised(one for line in lines for one in line.objects),
    )


async def tries_of(visit: Visit, kept: Sequence[LoggedAccess], names: Names) -> list[Try]:
    """The accesses as the page shows them. Files are named as when they were attached."""
    say, units = visit.words.say, {unit.code: unit.inside for unit in names.units}
    people = {row.person: row.name for row in names.officials}
    opened = {(one.access.season, one.access.commune) for one in kept if one.access.act == OPENED}
    attached = [assessment_stream(*place) for place in opened]
    pages = visit.app.store.read(visit.tenant, streams=attached, facts=[Assessment.EvidenceAttached], upto=visit.upto)
    facts = [recorded.fact async for page in pages for recorded in page]
    files = {str(fact.evidence): fact.name for fact in facts if isinstance(fact, Assessment.EvidenceAttached)}
    found = []
    for one in kept:
        access = one.access
        if access.office:
            office, unit = say(f"position.{access.office}"), units.get(access.unit, access.unit)
            who = say("%(position)s, %(unit)s", position=office, unit=unit)
        else:
            who = say("Hệ thống") if access.person == SYSTEM.person else say("Chưa có trong danh sách người dùng")
        objects = [Object(units.get(access.commune, access.commune), "xa", access.commune)] if access.commune else []
        if access.season:
            objects.append(Object(say("năm %(season)s", season=access.season), "mua", access.season))
        what = files.get(access.object, access.object)
        reason = say(f"refused.{access.refused}") if access.refused else ""
        found.append(
            Try(one, who, people.get(access.person, ""), called(access.act, visit.words), what, reason, objects)
        )
    return found


ROUTES = [show]
