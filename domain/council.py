"""The assessment council: who sits in it, in which role, for which agency, by which decision."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from uuid import UUID

from domain.errors import CouncilIncomplete, CouncilTooLarge, NotFound, TooManyInRole
from domain.fact import Fact, FirstFact, Stream, StreamName


class Role(StrEnum):
    """A member's role."""

    CHAIR = "chair"
    VICE_CHAIR = "vice-chair"
    SECRETARY = "secretary"
    MEMBER = "member"


@dataclass(frozen=True, slots=True)
class Member:
    """A person in the council; the opinion is the agency's opinion (TT 07/2017)."""

    person: UUID
    role: Role
    agency: str


class Council(Stream):
    """The council of one deciding unit in one season."""

    TOPIC = "council"

    class Constituted(FirstFact):
        """The council was set up by a decision."""

        TOPIC = "council.constituted"
        unit: str
        decision_no: str
        on: date
        members: tuple[Member, ...]

    class MemberReplaced(Fact):
        """One member left and another took the seat."""

        TOPIC = "council.member-replaced"
        leaving: UUID
        member: Member
        decision_no: str
        on: date

        def apply(self, council: Council) -> None:
            del council.members[self.leaving]
            council.members[self.member.person] = self.member
            council.replaced = (*council.replaced, (self.on, self.leaving, self.member))

    def __init__(self, id: UUID, unit: str, decision_no: str, on: date, members: tuple[Member, ...]) -> None:
        self.unit = unit
        self.decision_no = decision_no
        self.members = {member.person: member for member in members}
        self.constituted = members
        self.replaced: tuple[tuple[date, UUID, Member], ...] = ()

    def members_on(self, day: date) -> dict[UUID, Member]:
        """Who is a member on a day: a replacement counts from the day of its decision."""
        seated = {member.person: member for member in self.constituted}
        for on, leaving, member in self.replaced:
            if on <= day and leaving in seated:
                del seated[leaving]
                seated[member.person] = member
        return seated

    def replace(
        self, leaving: UUID, member: Member, decision_no: str, on: date, vice_chairs: int | None = None
    ) -> None:
        """Replace a member; the council must stay complete, with at most so many `vice_chairs`."""
        if leaving not in self.members:
            raise NotFound(member=leaving)
        rest = [one for person, one in self.members.items() if person != leaving]
        seats((*rest, member), None, vice_chairs)
        self.trigger_event(self.MemberReplaced, leaving=leaving, member=member, decision_no=decision_no, on=on)

    @property
    def conducting(self) -> frozenset[UUID]:
        """Those who may conduct every meeting: the chair, and the secretary at the chair's side."""
        return self.in_role(*CONDUCTING)

    def in_role(self, *roles: Role) -> frozenset[UUID]:
        """The members in these roles."""
        return frozenset(person for person, one in self.members.items() if one.role in roles)


#: A vice-chair conducts only the meeting for which the chair authorised them (TT 09/2021 Điều 5.4d).
CONDUCTING = (Role.CHAIR, Role.SECRETARY)


def seats(members: Sequence[Member], limit: int | None, vice_chairs: int | None = None) -> tuple[Member, ...]:
    """The members as a valid council: one chair, one secretary, nobody twice, at most `limit` and `vice_chairs`.

    CouncilIncomplete, CouncilTooLarge, TooManyInRole.
    """
    roles = [one.role for one in members]
    people = {one.person for one in members}
    if roles.count(Role.CHAIR) != 1 or roles.count(Role.SECRETARY) != 1 or len(people) != len(members):
        raise CouncilIncomplete
    if limit is not None and len(members) > limit:
        raise CouncilTooLarge(limit=limit, members=len(members))
    if vice_chairs is not None and roles.count(Role.VICE_CHAIR) > vice_chairs:
        raise TooManyInRole(role=Role.VICE_CHAIR, limit=vice_chairs)
    return tuple(members)


def everybody(facts: Iterable[Fact]) -> dict[UUID, Member]:
    """All who ever had a seat by these facts, the former members too, each with the seat that was theirs last."""
    found: dict[UUID, Member] = {}
    for fact in facts:
        match fact:
            case Council.Constituted(members=members):
                found.update((member.person, member) for member in members)
            case Council.MemberReplaced(member=member):
                found[member.person] = member
    return found


def council_stream(season: str, unit: str) -> StreamName:
    """The stream of a deciding unit's council in a season."""
    return StreamName("council", season, unit)
