"""A province's own books: people in office with their mandates, units, and the rulebooks it adopted."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from itertools import groupby
from typing import NamedTuple
from uuid import UUID

from domain.errors import NotFound
from domain.official import Capacity, Office
from domain.permissions import Act, permit
from domain.rulebook import Rulebook, Unverified
from domain.unit import Extent, Level
from domain.vietnamese import person_key, sort_key
from infra.reference.rulebooks import Rulebooks
from projections.tables.adoptions import ADOPTIONS, AdoptionRow
from projections.tables.officials import OFFICIALS, OfficialRow
from projections.tables.units import UNITS, UnitRow
from services.administration import administer
from services.administration.administer import NewMandate, NewUnit
from services.rulebooks import keep
from services.rulebooks.in_words import ChangeLine, change_lines
from services.sentences import Holder
from services.web import urls
from services.web.form_fields import FieldMissing
from services.web.handlers import act, page
from services.web.name_search import Sought, sought
from services.web.visit import PageResponse, Visit

#: Rows of a list on one page; the search finds the others.
MANY = 100

PEOPLE, PLACES, RULES = "nguoi", "don-vi", "bo-tieu-chi"


class UnverifiedGroup(NamedTuple):
    """Unverified values that belong together: a criterion, or the conditions and the council."""

    name: str
    values: tuple[Unverified, ...]


class Book(NamedTuple):
    """A rulebook that ships, and how the province adopted it. `is_offered`: it has not, or what it uses is older."""

    rulebook: Rulebook
    adoption: AdoptionRow | None
    by: Holder | None
    groups: list[UnverifiedGroup]
    changes: list[ChangeLine]
    is_offered: bool


@page(urls.ADMIN)
async def show(visit: Visit) -> PageResponse:
    """One of the books, `?phan=`; `?ai=` one person, `?ma=` one unit, `?tim=` a search."""
    permit(visit.actor, Act.PLAN_SEASON)
    part = visit.query("phan") or visit.typed.text("phan") or PEOPLE
    if part not in (PEOPLE, PLACES, RULES):
        raise NotFound(part=part)
    await visit.own_write(OFFICIALS, UNITS, ADOPTIONS)
    rulebooks = await visit.rulebooks()
    async with visit.reads() as view:
        officials = await view.all(OFFICIALS)
        units = {unit.code: unit for unit in await view.all(UNITS)}
        adoptions = {row.rulebook: row for row in await view.all(ADOPTIONS)}
        position = view.position
    provider = await visit.app.tenants.identity_provider(visit.tenant)
    asked = sought(visit)
    people = [one for one in officials if matches(asked, one, units)]
    places = [unit for unit in units.values() if asked.finds(f"{unit.full_name} {unit.code}")]
    return await visit.page(
        "admin/index.html",
        part=part,
        asked=asked.typed,
        people=sorted(people, key=lambda one: person_key(one.name))[:MANY],
        found=len(people) if part == PEOPLE else len(places),
        many=MANY,
        person=chosen(visit, officials),
        places=sorted(places, key=lambda unit: (unit.level != Level.PROVINCE, unit.parent or "", sort_key(unit.name)))[
            :MANY
        ],
        unit=units.get(visit.query("ma") or visit.typed.text("ma")),
        units=units,
        choices=sorted(
            (unit for unit in units.values() if unit.is_there(visit.today)), key=lambda unit: sort_key(unit.name)
        ),
        books=await books_of(visit, rulebooks, adoptions, officials) if part == RULES else [],
        positions=list(Office),
        capacities=list(Capacity),
        levels=list(Level),
        issuer=provider.issuer if provider else "",
        today=visit.today,
        position=position,
    )


def matches(asked: Sought, official: OfficialRow, units: dict[str, UnitRow]) -> bool:
    """Whether the search finds the person: by name, sign-in name, agency, or a unit of a mandate."""
    held = " ".join(units[one.unit].full_name for one in official.mandates if one.unit in units)
    return asked.finds(f"{official.name} {official.subject} {official.agency or ''} {held}")


def chosen(visit: Visit, officials: Iterable[OfficialRow]) -> OfficialRow | None:
    """The person that the page is about."""
    asked = visit.query("ai") or visit.typed.text("person")
    return next((one for one in officials if one.person == asked), None)


async def books_of(
    visit: Visit, rulebooks: Rulebooks, adoptions: dict[str, AdoptionRow], officials: Iterable[OfficialRow]
) -> list[Book]:
    """The rulebooks in their newest text that ships, the latest first, each with what differs from the one in use."""
    holders = {row.person: Holder(row.name, row.mandates[0]) for row in officials if row.mandates}
    found = []
    for rulebook in rulebooks.newest_of_each():
        adoption = adoptions.get(rulebook.id)
        used = rulebooks.find(adoption.sha256) if adoption else None
        changes = change_lines(used, rulebook, visit.words) if used else []
        by = holders.get(adoption.by) if adoption else None
        offered = adoption is None or await keep.newer_text(visit.work(), rulebook.id) is not None
        found.append(Book(rulebook, adoption, by, groups_of(rulebook), changes, offered))
    return sorted(found, key=lambda book: book.rulebook.in_force_from.value or date.min, reverse=True)


def groups_of(rulebook: Rulebook) -> list[UnverifiedGroup]:
    """The unverified values by criterion, in the order of the rulebook; what belongs to none stands together."""

    def group(one: Unverified) -> str:
        head = one.path.partition(".")[0]
        return head if head.startswith("TC") else ""

    ordered = sorted(rulebook.unverified, key=group)
    return [UnverifiedGroup(name, tuple(values)) for name, values in groupby(ordered, group)]


# People -----------------------------------------------------------------------------------------------


@act(urls.ADMIN + "/ghi-danh", again=show)
async def enrol(visit: Visit) -> PageResponse:
    """Enrol a person with a first mandate."""
    typed = visit.typed
    result = await administer.enrol_official(
        visit.work(),
        typed.needed("name"),
        typed.needed("issuer"),
        typed.needed("subject"),
        typed.text("agency") or None,
        [mandate_typed(visit)],
    )
    return await visit.done(result, to=visit.url.admin(phan=PEOPLE, tim=typed.text("name")))


@act(urls.ADMIN + "/giao-nhiem-vu", again=show)
async def grant(visit: Visit) -> PageResponse:
    """Give a person another mandate."""
    person = needed_id(visit, "person")
    result = await administer.grant_mandate(visit.work(), person, mandate_typed(visit))
    return await visit.done(result, to=visit.url.admin(phan=PEOPLE, ai=person))


@act(urls.ADMIN + "/thoi-nhiem-vu", again=show)
async def end(visit: Visit) -> PageResponse:
    """End a mandate on its last day."""
    person, mandate = needed_id(visit, "person"), needed_id(visit, "mandate")
    result = await administer.end_mandate(
        visit.work(), person, mandate, needed_day(visit, "on"), visit.typed.needed("decision_no")
    )
    return await visit.done(result, to=visit.url.admin(phan=PEOPLE, ai=person))


def mandate_typed(visit: Visit) -> NewMandate:
    """The mandate as the form says."""
    typed = visit.typed
    try:
        position = Office(typed.needed("position"))
        signs = Capacity(typed.text("signs")) if typed.text("signs") else None
    except ValueError:
        raise FieldMissing(field="position") from None
    return NewMandate(
        position,
        typed.needed("unit"),
        needed_day(visit, "valid_from"),
        typed.needed("decision_no"),
        typed.day("valid_to"),
        signs,
    )


# Units ------------------------------------------------------------------------------------------------


@act(urls.ADMIN + "/them-don-vi", again=show)
async def register(visit: Visit) -> PageResponse:
    """Take a unit into the books."""
    typed = visit.typed
    try:
        level = Level(typed.needed("level"))
    except ValueError:
        raise FieldMissing(field="level") from None
    unit = NewUnit(
        typed.needed("code"),
        typed.needed("name"),
        typed.needed("unit_type"),
        level,
        typed.text("parent") or None,
        typed.day("valid_from"),
    )
    result = await administer.register_units(visit.work(), [unit])
    return await visit.done(result, to=visit.url.admin(phan=PLACES, ma=unit.code))


@act(urls.ADMIN + "/xep-loai", again=show)
async def classify(visit: Visit) -> PageResponse:
    """Record the class of a commune."""
    typed = visit.typed
    code = typed.needed("ma")
    result = await administer.classify_unit(visit.work(), code, typed.needed("unit_class"), typed.needed("decision_no"))
    return await visit.done(result, to=visit.url.admin(phan=PLACES, ma=code))


@act(urls.ADMIN + "/doi-ten", again=show)
async def rename(visit: Visit) -> PageResponse:
    """Record a unit's new name."""
    typed = visit.typed
    code = typed.needed("ma")
    result = await administer.rename_unit(
        visit.work(), code, typed.needed("name"), needed_day(visit, "on"), typed.needed("decision_no")
    )
    return await visit.done(result, to=visit.url.admin(phan=PLACES, ma=code))


@act(urls.ADMIN + "/sap-nhap", again=show)
async def merge(visit: Visit) -> PageResponse:
    """Record that a unit went into another."""
    typed = visit.typed
    code = typed.needed("ma")
    result = await administer.merge_unit(
        visit.work(),
        code,
        typed.needed("into"),
        needed_day(visit, "on"),
        typed.needed("decision_no"),
        Extent.PART if typed.text("extent") == Extent.PART else Extent.WHOLE,
    )
    return await visit.done(result, to=visit.url.admin(phan=PLACES, ma=code))


# Rulebooks --------------------------------------------------------------------------------------------


@act(urls.ADMIN + "/ap-dung", again=show)
async def adopt(visit: Visit) -> PageResponse:
    """Adopt a rulebook, or go over to its newest text; each group of unverified values ticked is acknowledged."""
    typed = visit.typed
    rulebook = (await visit.rulebooks()).newest(typed.needed("rulebook"))
    ticked = set(typed.every("group"))
    seen = [one.path for group in groups_of(rulebook) if f"g{group.name}" in ticked for one in group.values]
    document_no = typed.text("document_no") or None
    if sha256 := typed.text("sha256"):
        result = await keep.adopt_text(visit.work(), sha256, seen, document_no, typed.text("reason") or None)
    else:
        result = await keep.adopt_rulebook(visit.work(), rulebook.id, seen, document_no)
    return await visit.done(result, to=visit.url.admin(phan=RULES))


def needed_id(visit: Visit, name: str) -> UUID:
    """An id that must be there."""
    found = visit.typed.identifier(name)
    if found is None:
        raise NotFound(**{name: visit.typed.text(name)})
    return found


def needed_day(visit: Visit, name: str) -> date:
    """A day that must be there."""
    found = visit.typed.day(name)
    if found is None:
        raise FieldMissing(field=name)
    return found


ROUTES = [show, enrol, grant, end, register, classify, rename, merge, adopt]
