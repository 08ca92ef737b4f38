"""The members of each council: their role, their agency, and the decision that appointed them."""

from __future__ import annotations

from datetime import date
from uuid import UUID

from msgspec.structs import replace

from domain.council import CONDUCTING, Council, Member, Role
from domain.fact import Recorded
from projections.fold import Projection, Row


class CouncilRow(Row, frozen=True):
    """The council of one deciding unit in one season, as it sits now."""

    season: str
    unit: str
    decision_no: str
    on: date
    members: tuple[Member, ...]
    version: int
    replaced: tuple[UUID, ...] = ()

    @property
    def people(self) -> frozenset[str]:
        """The members' person ids, as facts name their actors."""
        return frozenset(str(member.person) for member in self.members)

    @property
    def conducting(self) -> frozenset[str]:
        """Those who may conduct every meeting: the chair, and the secretary at the chair's side."""
        return self.in_role(*CONDUCTING)

    def in_role(self, *roles: Role) -> frozenset[str]:
        """The members in these roles, as facts name their actors."""
        return frozenset(str(member.person) for member in self.members if member.role in roles)


COUNCILS = Projection("councils", version=1, row=CouncilRow, scope=lambda row: row.season)


@COUNCILS.begins(Council.Constituted)
def _constituted(fact: Council.Constituted, recorded: Recorded) -> CouncilRow:
    return CouncilRow(recorded.stream.season, fact.unit, fact.decision_no, fact.on, fact.members, recorded.version)


@COUNCILS.on(Council.MemberReplaced)
def _replaced(row: CouncilRow, fact: Council.MemberReplaced, recorded: Recorded) -> CouncilRow:
    staying = tuple(member for member in row.members if member.person != fact.leaving)
    return replace(
        row,
        version=recorded.version,
        members=(*staying, fact.member),
        replaced=(*row.replaced, fact.leaving),
    )
