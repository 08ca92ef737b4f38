"""The councils of a season: who sits in them by which decision, their meetings, what they still have to vote on."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple
from uuid import UUID

from domain.council import Council, Member, Role, council_stream
from domain.errors import NotFound
from domain.meeting import number_of
from domain.official import Office
from domain.permissions import Act, Subject, may, may_sit, permit
from domain.vietnamese import person_key, sort_key
from projections.tables.councils import COUNCILS, CouncilRow
from projections.tables.officials import OFFICIALS, OfficialRow
from projections.tables.seasons import SEASONS
from projections.tables.standings import STANDINGS, CommuneStage, Standing, counted
from projections.tables.tallies import TALLIES, MeetingRow
from projections.tables.units import UNITS, UnitRow
from services.case.council_meetings import conducted
from services.council import consulting, voting
from services.web import urls
from services.web.form_fields import FieldMissing
from services.web.handlers import act, page
from services.web.visit import PageResponse, Visit

#: Dossiers that a council may be called together on.
READY = (CommuneStage.APPRAISED, CommuneStage.VOTED)


class CouncilCandidate(NamedTuple):
    """Somebody who could sit in the council: by position, for an agency; the role they have or were given."""

    person: str
    name: str
    position: Office | None
    agency: str
    role: str


class UnitCouncil(NamedTuple):
    """The council of one deciding unit, as far as it is there."""

    unit: UnitRow
    council: CouncilRow | None
    meetings: list[MeetingRow]
    ready: list[UnitRow]
    waiting: int
    subject: Subject
    seats: list[CouncilCandidate]


@page(urls.COUNCIL)
async def show(visit: Visit, season: str) -> PageResponse:
    """The councils that the person may see: their own unit's, those they sit in, all for those who oversee."""
    await visit.own_write(COUNCILS, TALLIES, OFFICIALS)
    async with visit.reads() as view:
        row = await view.one(SEASONS, season)
        if row is None:
            raise NotFound(season=season)
        councils = {one.unit: one for one in await view.all(COUNCILS, season)}
        meetings = await view.all(TALLIES, season)
        standings = counted(await view.all(STANDINGS, season))
        officials = await view.all(OFFICIALS)
        units = {unit.code: unit for unit in await view.all(UNITS)}
        position = view.position
    held = [
        held_of(
            visit,
            units,
            unit,
            councils.get(unit),
            [one for one in meetings if one.unit == unit],
            officials,
            [one for one in standings if one.decided_by == unit],
        )
        for unit in row.deciding_units
        if may_see(visit, councils, unit)
    ]
    return await visit.page(
        "council/index.html",
        season=season,
        row=row,
        rulebook=(await visit.rulebooks()).text(row.rulebook_sha256),
        held=sorted(held, key=lambda one: sort_key(one.unit.bare_name)),
        units=units,
        roles=list(Role),
        position=position,
    )


def may_see(visit: Visit, councils: dict[str, CouncilRow], unit: str) -> bool:
    """Whether the person may look at this council, today and in the past."""
    council = councils.get(unit)
    subject = Subject(decided_by=unit, members=council.people if council else frozenset())
    return may(visit.actor, Act.VIEW_DOSSIER, subject)


def held_of(
    visit: Visit,
    units: dict[str, UnitRow],
    code: str,
    council: CouncilRow | None,
    meetings: list[MeetingRow],
    officials: list[OfficialRow],
    standings: list[Standing],
) -> UnitCouncil:
    """One council with its meetings, the dossiers that await it, and who could sit in it."""
    unit = units[code]
    planned = {item for one in meetings for item in one.pending}
    ready = [one.commune for one in standings if one.stage in READY and one.voted is None]
    return UnitCouncil(
        unit,
        council,
        sorted(meetings, key=lambda one: number_of(one.meeting), reverse=True),
        sorted((units[code] for code in ready if code not in planned), key=lambda one: sort_key(one.bare_name)),
        sum(one.stage not in READY and one.voted is None for one in standings),
        Subject(
            decided_by=unit.code,
            members=council.people if council else frozenset(),
            conducting=council.conducting if council else frozenset(),
        ),
        seats_of(visit, officials, unit.code, council),
    )


def seats_of(
    visit: Visit, officials: Iterable[OfficialRow], unit: str, council: CouncilRow | None
) -> list[CouncilCandidate]:
    """Everybody with a mandate of the unit in force today, members first; what was typed stays."""
    seated = {str(member.person): member for member in council.members} if council else {}
    found = []
    for official in officials:
        held = list(official.in_force(visit.today))
        mandates = [one for one in held if one.unit == unit] if may_sit(held) else []
        member = seated.get(official.person)
        if not mandates and member is None:
            continue
        position = mandates[0].position if mandates else None
        agency = visit.typed.text(f"agency-{official.person}") if visit.refusal else ""
        agency = agency or (member.agency if member else official.agency or "")
        role = visit.typed.text(f"role-{official.person}") if visit.refusal else ""
        found.append(
            CouncilCandidate(
                official.person, official.name, position, agency, role or (member.role.value if member else "")
            )
        )
    return sorted(found, key=lambda seat: (seat.person not in seated, person_key(seat.name)))


# Acts -------------------------------------------------------------------------------------------------


@act(urls.COUNCIL + "/thanh-lap", again=show)
async def constitute(visit: Visit, season: str) -> PageResponse:
    """Set the council up: everybody who was given a role."""
    typed, unit = visit.typed, await required(visit, season, Act.CONSTITUTE_COUNCIL)
    on = typed.day_gone("on")
    if on is None:
        raise FieldMissing(field="on")
    result = await voting.constitute_council(
        visit.work(), season, unit, typed.needed("decision_no"), on, members_typed(visit)
    )
    return await visit.done(result, to=visit.url.council(season))


@act(urls.COUNCIL + "/thay", again=show)
async def replace(visit: Visit, season: str) -> PageResponse:
    """Give a member's seat to somebody else."""
    typed, unit = visit.typed, await required(visit, season, Act.CONSTITUTE_COUNCIL)
    leaving, joining = typed.identifier("leaving"), typed.identifier("joining")
    if leaving is None or joining is None:
        raise FieldMissing(field="leaving" if leaving is None else "joining")
    member = Member(joining, read_role(typed.needed("role")), typed.needed("agency"))
    result = await voting.replace_member(
        visit.work(), season, unit, leaving, member, typed.needed("decision_no"), typed.day("on")
    )
    return await visit.done(result, to=visit.url.council(season))


@act(urls.COUNCIL + "/trieu-tap", again=show)
async def convene(visit: Visit, season: str) -> PageResponse:
    """Call the council together."""
    typed, unit = visit.typed, await required(visit, season, Act.CONVENE_MEETING)
    on, items = typed.day("on"), typed.every("item")
    if on is None or not items:
        raise FieldMissing(field="item" if on else "on")
    result, meeting = await voting.convene(visit.work(), season, unit, on, typed.needed("place"), items)
    return await visit.done(result, to=visit.url.meeting(season, meeting))


@act(urls.COUNCIL + "/lay-y-kien", again=show)
async def consult(visit: Visit, season: str) -> PageResponse:
    """Ask the council in writing instead of calling it together."""
    typed, unit = visit.typed, await required(visit, season, Act.OPEN_CONSULTATION)
    answer_by, items = typed.day("answer_by"), typed.every("item")
    if answer_by is None or not items:
        raise FieldMissing(field="item" if answer_by else "answer_by")
    result, meeting = await consulting.open_consultation(visit.work(), season, unit, answer_by, items)
    return await visit.done(result, to=visit.url.meeting(season, meeting))


async def required(visit: Visit, season: str, act: Act) -> str:
    """The unit whose council it is about. NotPermitted before any other field is judged."""
    unit = visit.typed.text("unit")
    council = await visit.work().find(Council, council_stream(season, unit))
    permit(visit.actor, act, conducted(council, unit))
    return visit.typed.needed("unit")


def members_typed(visit: Visit) -> list[Member]:
    """The members as the form says, each with role and agency."""
    found: list[Member] = []
    for name, value in visit.typed.pairs:
        if not name.startswith("role-") or not value:
            continue
        person = name.removeprefix("role-")
        agency = visit.typed.text(f"agency-{person}")
        if not agency:
            raise FieldMissing(field=f"agency-{person}")
        try:
            found.append(Member(UUID(person), read_role(value), agency))
        except ValueError:
            raise NotFound(member=person) from None
    return found


def read_role(text: str) -> Role:
    """The role chosen; FieldMissing where none was."""
    try:
        return Role(text)
    except ValueError:
        raise FieldMissing(field="role") from None


ROUTES = [show, constitute, replace, convene, consult]
