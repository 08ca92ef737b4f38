"""Acts of an administrator: set local values, enrol officials and give them mandates, keep the units."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from domain.adoption import Adoption, adoption_stream
from domain.errors import AlreadyThere, NotFound, OwnMandate, ParameterNotLocal, ParentImpossible
from domain.official import Capacity, Mandate, Office, Official, official_stream, person_of
from domain.permissions import Act
from domain.text import LINE, clean
from domain.unit import UNIT_CLASSES, Extent, Level, Unit, unit_stream
from services.rulebooks.keep import adopted_rulebook
from services.work import CommandResult, Work, use_case


@dataclass(frozen=True, slots=True)
class NewMandate:
    """A position to be held for a unit, by a decision; `valid_to` is the last day, None while open."""

    position: Office
    unit: str
    valid_from: date
    decision_no: str
    valid_to: date | None = None
    signs: Capacity | None = None

    def named(self, id: UUID) -> Mandate:
        """The mandate under this id."""
        return Mandate(id, self.position, self.unit, self.valid_from, self.valid_to, self.decision_no, self.signs)


@dataclass(frozen=True, slots=True)
class NewUnit:
    """A unit to be taken into the province's books; `name` with its type ("Phường Cầu Diễn")."""

    code: str
    name: str
    unit_type: str
    level: Level
    parent: str | None = None
    valid_from: date | None = None


# Rulebooks --------------------------------------------------------------------------------------------


@use_case("set_parameter", "rulebook", "path", "value", "basis")
async def set_parameter(work: Work, rulebook: str, path: str, value: str, basis: str) -> CommandResult:
    """Record a local value of an adopted rulebook, and the document it comes from.

    ParameterNotLocal for whatever the rulebook does not leave to provinces, so that nothing is recorded that is not
    applied.
    """
    work.require(Act.ADOPT_RULEBOOK)
    if path not in (await adopted_rulebook(work, rulebook)).local:
        raise ParameterNotLocal(rulebook=rulebook, path=path)
    return await work.change(Adoption, adoption_stream(rulebook), lambda one: one.set_parameter(path, value, basis))


# Officials --------------------------------------------------------------------------------------------


@use_case("enrol_official", "name", "issuer", "subject", "agency", "mandates")
async def enrol_official(
    work: Work,
    name: str,
    issuer: str,
    subject: str,
    agency: str | None = None,
    mandates: Sequence[NewMandate] = (),
) -> CommandResult:
    """Let a person sign in, with the mandates they hold; the person's id is `person_of(tenant, issuer, subject)`."""
    work.require(Act.ENROL_OFFICIAL)
    return await enrolling(work, name, issuer, subject, agency, mandates)


@use_case("grant_mandate", "person", "mandate")
async def grant_mandate(work: Work, person: UUID, mandate: NewMandate) -> CommandResult:
    """Give an enrolled person a position for a unit. OwnMandate: an administrator gets positions from another one.

    Whoever takes a province in enrols its first administrator (`enrolling`), who enrols the second.
    """
    work.require(Act.ENROL_OFFICIAL)
    if work.actor.person == str(person):
        raise OwnMandate
    await work.look(Unit, unit_stream(mandate.unit))
    named = mandate.named(work.new_id("mandate"))
    return await work.change(Official, official_stream(person), lambda one: one.grant(named))


@use_case("end_mandate", "person", "mandate", "on", "decision_no")
async def end_mandate(work: Work, person: UUID, mandate: UUID, on: date, decision_no: str) -> CommandResult:
    """End a mandate; `on` is its last day. MandateProlonged when it ends earlier already."""
    work.require(Act.ENROL_OFFICIAL)
    return await work.change(Official, official_stream(person), lambda one: one.end(mandate, on, decision_no))


async def enrolling(
    work: Work,
    name: str,
    issuer: str,
    subject: str,
    agency: str | None = None,
    mandates: Sequence[NewMandate] = (),
) -> CommandResult:
    """Enrol without asking the policy, for the operator who takes a province in."""
    for mandate in mandates:
        await work.look(Unit, unit_stream(mandate.unit))
    # The person's id is made of what is recorded, else nobody could sign in by it.
    issuer, subject = (clean(text, name, LINE) for name, text in (("issuer", issuer), ("subject", subject)))
    stream = official_stream(person_of(work.tenant.id, issuer, subject))
    async with work.changing(stream) as streams:
        official = streams.begin(
            stream, Official(id=work.id_of(stream), name=name, issuer=issuer, subject=subject, agency=agency)
        )
        for number, mandate in enumerate(mandates, start=1):
            official.grant(mandate.named(work.new_id(f"mandate {number}")))
        return await streams.record()


# Units ------------------------------------------------------------------------------------------------


@use_case("register_units", "units")
async def register_units(work: Work, units: Sequence[NewUnit]) -> CommandResult:
    """Take units into the books. AlreadyThere for a code that is in them, ParentImpossible."""
    work.require(Act.REGISTER_UNIT)
    for unit in units:
        if await work.find(Unit, unit_stream(unit.code)) is not None:
            raise AlreadyThere(kind="unit", field="code")
    return await registering(work, units)


@use_case("classify_unit", "code", "unit_class", "decision_no")
async def classify_unit(work: Work, code: str, unit_class: str, decision_no: str) -> CommandResult:
    """Record the class of a commune: I, II or III."""
    work.require(Act.REGISTER_UNIT)
    if unit_class not in UNIT_CLASSES:
        raise NotFound(unit_class=unit_class)
    return await work.change(
        Unit, unit_stream(code), lambda one: one.classify(unit_class, decision_no, today=work.today)
    )


@use_case("rename_unit", "code", "name", "on", "decision_no")
async def rename_unit(work: Work, code: str, name: str, on: date, decision_no: str) -> CommandResult:
    """Record that a unit has another name from a day on."""
    work.require(Act.REGISTER_UNIT)
    return await work.change(Unit, unit_stream(code), lambda one: one.rename(name, on, decision_no, today=work.today))


@use_case("merge_unit", "code", "into", "on", "decision_no")
async def merge_unit(
    work: Work, code: str, into: str, on: date, decision_no: str, extent: Extent = Extent.WHOLE
) -> CommandResult:
    """Record that a unit went into another, whole or in part. MergerImpossible, UnitEnded, PeriodReversed."""
    work.require(Act.REGISTER_UNIT)
    target = await work.look(Unit, unit_stream(into))
    successors, joined = await _successors(work, target), await _joined(work, code)
    return await work.change(
        Unit,
        unit_stream(code),
        lambda one: one.merge(target, on, decision_no, extent=extent, successors=successors, joined=joined),
    )


@use_case("dissolve_unit", "code", "on", "decision_no")
async def dissolve_unit(work: Work, code: str, on: date, decision_no: str) -> CommandResult:
    """Record that a unit ceased to exist. UnitEnded, PeriodReversed."""
    work.require(Act.REGISTER_UNIT)
    joined = await _joined(work, code)
    return await work.change(Unit, unit_stream(code), lambda one: one.dissolve(on, decision_no, joined=joined))


async def _successors(work: Work, unit: Unit) -> frozenset[str]:
    """The codes of all units that this one went into, directly or through others."""
    found: set[str] = set()
    ahead = [unit]
    while ahead:
        for code in ahead.pop().merged_into:
            if code not in found:  # the books of before may hold a circle
                found.add(code)
                ahead.append(await work.look(Unit, unit_stream(code)))
    return frozenset(found)


async def _joined(work: Work, code: str) -> list[Unit]:
    """The units that went into this one. All units are looked at, for any of them may go into it at this moment."""
    pages = work.store.read(work.tenant, facts=[Unit.Registered])
    codes = [one.fact.code async for page in pages for one in page if isinstance(one.fact, Unit.Registered)]
    units = [await work.look(Unit, unit_stream(one)) for one in codes if one != code]
    return [unit for unit in units if code in unit.merged_into]


async def registering(work: Work, units: Sequence[NewUnit]) -> CommandResult:
    """Register without asking the policy, for the operator who takes a province in; what is there already stays as it
    is, so that it can be done again. ParentImpossible when a unit above is not of a higher level.
    """
    coming = {unit.code: unit.level for unit in units}
    for unit in units:
        if unit.parent is not None:
            above = coming.get(unit.parent) or (await work.look(Unit, unit_stream(unit.parent))).level
            if not above.is_above(unit.level):
                raise ParentImpossible(field="parent")
    names = {unit.code: unit_stream(unit.code) for unit in units}
    if len(names) != len(units):
        raise AlreadyThere(kind="unit")
    async with work.changing(*names.values()) as streams:
        for unit in units:
            name = names[unit.code]
            if streams.find(Unit, name) is None:
                streams.begin(
                    name,
                    Unit(
                        id=work.id_of(name),
                        code=unit.code,
                        name=unit.name,
                        unit_type=unit.unit_type,
                        level=unit.level,
                        parent=unit.parent,
                        valid_from=unit.valid_from,
                    ),
                )
        return await streams.record()
