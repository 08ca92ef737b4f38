"""Officials and their mandates: who holds which position, for which unit, from when to when, by which decision."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date
from enum import StrEnum
from uuid import UUID, uuid5

from domain.days import must_not_end_early
from domain.errors import MandateProlonged, NotFound, PeriodReversed
from domain.fact import STREAMS, Fact, FirstFact, Stream, StreamName


class Office(StrEnum):
    """A post (chức danh). Rights come from positions held under a mandate, never from a sign-in claim."""

    # Commune
    JUSTICE_OFFICER = "justice-and-civil-status"
    OFFICE_STATISTICS = "office-and-statistics"
    LAND_CONSTRUCTION = "land-and-construction"
    CULTURE_SOCIAL = "culture-and-social"
    FINANCE_ACCOUNTING = "finance-and-accounting"
    POLICE_CHIEF = "police-chief"
    COMMUNE_CHAIRMAN = "commune-chairman"
    # District, until 30/6/2025
    DISTRICT_JUSTICE = "district-justice-office"
    DISTRICT_CHAIRMAN = "district-chairman"
    # Province
    JUSTICE_DEPARTMENT = "justice-department"
    PROVINCE_CHAIRMAN = "province-chairman"
    INSPECTOR = "inspector"
    ADMINISTRATOR = "administrator"
    # Any level: speaks for an agency in a council
    AGENCY_REPRESENTATIVE = "agency-representative"


class Capacity(StrEnum):
    """How the holder signs, where it is not simply as the position says (Nghị định 30/2020, Phụ lục I)."""

    ON_BEHALF_OF_COMMITTEE = "tm"
    FOR_THE_HEAD = "kt"
    ACTING = "q"


#: Those who can lead or coordinate an indicator in a commune.
COMMUNE_OFFICERS = (
    Office.JUSTICE_OFFICER,
    Office.OFFICE_STATISTICS,
    Office.LAND_CONSTRUCTION,
    Office.CULTURE_SOCIAL,
    Office.FINANCE_ACCOUNTING,
    Office.POLICE_CHIEF,
)


@dataclass(frozen=True, slots=True)
class Mandate:
    """A position held for a unit within a time, by a decision. `valid_to` is the last day, None while open.

    A deputy who decides holds the head's position and signs `FOR_THE_HEAD`.
    """

    id: UUID
    position: Office
    unit: str
    valid_from: date
    valid_to: date | None
    decision_no: str
    signs: Capacity | None = None

    def holds_on(self, day: date) -> bool:
        """Whether the mandate was in force on that day."""
        return self.valid_from <= day and (self.valid_to is None or day <= self.valid_to)


class Official(Stream):
    """A person in office, known to the sign-in by (issuer, subject)."""

    TOPIC = "official"

    class Enrolled(FirstFact):
        """The person may sign in through this identity; without a mandate there is nothing they may do."""

        TOPIC = "official.enrolled"
        name: str
        issuer: str
        subject: str
        agency: str | None = None

    class MandateGranted(Fact):
        """The person holds a position for a unit from a day on."""

        TOPIC = "official.mandate-granted"
        mandate: UUID
        position: Office
        unit: str
        valid_from: date
        decision_no: str
        valid_to: date | None = None
        signs: Capacity | None = None

        def apply(self, official: Official) -> None:
            official.mandates[self.mandate] = Mandate(
                self.mandate,
                self.position,
                self.unit,
                self.valid_from,
                self.valid_to,
                self.decision_no,
                self.signs,
            )

    class MandateEnded(Fact):
        """The mandate's last day is `on`."""

        TOPIC = "official.mandate-ended"
        mandate: UUID
        on: date
        decision_no: str

        def apply(self, official: Official) -> None:
            official.mandates[self.mandate] = replace(official.mandates[self.mandate], valid_to=self.on)

    def __init__(self, id: UUID, name: str, issuer: str, subject: str, agency: str | None = None) -> None:
        self.name = name
        self.issuer = issuer
        self.subject = subject
        self.agency = agency
        self.mandates: dict[UUID, Mandate] = {}

    def grant(self, mandate: Mandate) -> None:
        """Record a mandate."""
        must_not_end_early(mandate.valid_from, mandate.valid_to, "valid_to", "day")
        self.trigger_event(
            self.MandateGranted,
            mandate=mandate.id,
            position=mandate.position,
            unit=mandate.unit,
            valid_from=mandate.valid_from,
            valid_to=mandate.valid_to,
            decision_no=mandate.decision_no,
            signs=mandate.signs,
        )

    def end(self, mandate: UUID, on: date, decision_no: str) -> None:
        """End a mandate on a day. NotFound when the person never held it.

        What has a last day already can only be shortened (MandateProlonged). The earliest last day is the one before
        the first: then the mandate was never in force.
        """
        held = self.mandates.get(mandate)
        if held is None:
            raise NotFound(mandate=mandate)
        if (held.valid_from - on).days > 1:
            raise PeriodReversed(reason="mandate", field="on", begins=held.valid_from, ends=on)
        if held.valid_to is not None and on >= held.valid_to:
            raise MandateProlonged(field="on", ends=held.valid_to)
        self.trigger_event(self.MandateEnded, mandate=mandate, on=on, decision_no=decision_no)


def official_stream(person: UUID) -> StreamName:
    """The stream of this person."""
    return StreamName("official", "", str(person))


def person_of(tenant: str, issuer: str, subject: str) -> UUID:
    """The person who signs in as this subject of this issuer: one identity is one person, by the log's own rule."""
    return uuid5(STREAMS, f"{tenant}\n{issuer}\n{subject}")
