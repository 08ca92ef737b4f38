"""The people who may sign in, with the offices that each holds."""

from __future__ import annotations

import dataclasses
from datetime import date, datetime
from uuid import UUID

from msgspec.structs import replace

from domain.fact import Recorded
from domain.official import Mandate, Official
from projections.fold import Projection, Row, RowPart


class Grant(RowPart, frozen=True):
    """Who recorded that somebody holds a mandate, and when: the decision and its first day may be older."""

    mandate: UUID
    to: str
    by: str
    at: datetime


class OfficialRow(Row, frozen=True):
    """A person in office; `person` is the id that facts name as their actor."""

    person: str
    name: str
    issuer: str
    subject: str
    agency: str | None = None
    mandates: tuple[Mandate, ...] = ()
    grants: tuple[Grant, ...] = ()

    def in_force(self, day: date) -> tuple[Mandate, ...]:
        """The mandates that hold on the day."""
        return tuple(mandate for mandate in self.mandates if mandate.holds_on(day))


def identity(issuer: str, subject: str) -> str:
    """The scope under which a person who signs in is found."""
    return f"{issuer} {subject}"


OFFICIALS = Projection(
    "officials", version=2, row=OfficialRow, scope=lambda row: identity(row.issuer, row.subject), seasonal=False
)


@OFFICIALS.begins(Official.Enrolled)
def _enrolled(fact: Official.Enrolled, recorded: Recorded) -> OfficialRow:
    return OfficialRow(recorded.stream.subject, fact.name, fact.issuer, fact.subject, fact.agency)


@OFFICIALS.on(Official.MandateGranted)
def _granted(row: OfficialRow, fact: Official.MandateGranted, recorded: Recorded) -> OfficialRow:
    mandate = Mandate(
        fact.mandate, fact.position, fact.unit, fact.valid_from, fact.valid_to, fact.decision_no, fact.signs
    )
    others = tuple(one for one in row.mandates if one.id != fact.mandate)
    grant = Grant(fact.mandate, row.person, recorded.actor, recorded.at)
    return replace(row, mandates=(*others, mandate), grants=(*row.grants, grant))


@OFFICIALS.on(Official.MandateEnded)
def _ended(row: OfficialRow, fact: Official.MandateEnded, recorded: Recorded) -> OfficialRow:
    mandates = tuple(
        dataclasses.replace(one, valid_to=fact.on) if one.id == fact.mandate else one for one in row.mandates
    )
    return replace(row, mandates=mandates)
