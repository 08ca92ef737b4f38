"""Aggregates in the state that a test begins with, and what their facts say."""

from datetime import date
from decimal import Decimal
from uuid import UUID, uuid4, uuid5

from domain.assessment import Assessment, Evidence
from domain.fact import STREAMS, Fact, Stream, replay
from domain.measure import Answer
from domain.meeting import Meeting
from domain.official import Office
from domain.season import Participant, Season
from domain.working_days import Calendar
from tests.domain.rulebooks import a_council_rule

DAY = date(2024, 1, 15)
#: Every Monday to Friday is a working day.
CALENDAR = Calendar(2020, 2030, frozenset())
COMMUNE, OTHER, DISTRICT = "99001", "99004", "990"
CODES = ("TC1.CT1", "TC1.CT2")
MEMBERS = tuple(sorted(uuid5(STREAMS, f"member {number}") for number in range(5)))


def a_season(*, assigned: bool = True) -> Season:
    season = Season(
        id=uuid4(),
        year=2023,
        rulebook="qd-25-2021",
        rulebook_sha256="ab" * 32,
        indicators=CODES,
        participants=(Participant(COMMUNE, DISTRICT), Participant(OTHER, DISTRICT)),
    )
    if assigned:
        for code in CODES:
            season.assign(code, Office.JUSTICE_OFFICER)
    return season


def a_dossier() -> Assessment:
    return Assessment(
        id=uuid4(), commune=COMMUNE, rulebook="qd-25-2021", rulebook_sha256="ab" * 32, decided_by=DISTRICT
    )


def a_file(content: str = "a") -> Evidence:
    return Evidence(uuid4(), uuid5(STREAMS, content).hex * 2, f"{content}.pdf", 1_000, "application/pdf")


def score(dossier: Assessment, code: str, points: str = "3") -> None:
    dossier.score(code, Decimal(points), minimum=Decimal(0), maximum=Decimal(5))


def a_complete_dossier() -> Assessment:
    dossier = a_dossier()
    for code in CODES:
        score(dossier, code)
        dossier.attach(code, a_file(code))
    dossier.declare_veto("C3", Answer.NO, "Công văn 5")
    return dossier


def a_posted_dossier() -> Assessment:
    dossier = a_complete_dossier()
    dossier.consolidate(DAY, indicators=CODES, vetoes=["C3"], needs_satisfaction=False)
    dossier.post(DAY, date(2024, 1, 29), "Trụ sở")
    return dossier


def a_submitted_dossier() -> Assessment:
    dossier = a_posted_dossier()
    dossier.submit(date(2024, 1, 29), "12/BC", indicators=CODES)
    return dossier


def a_meeting(present: tuple[UUID, ...] = MEMBERS, items: tuple[str, ...] = (COMMUNE,)) -> Meeting:
    meeting = Meeting(id=uuid4(), unit=DISTRICT, on=DAY, place="Phòng họp", members=MEMBERS, items=items)
    meeting.record_attendance(present)
    return meeting


def a_vote(present: tuple[UUID, ...] = MEMBERS) -> Meeting:
    meeting = a_meeting(present)
    meeting.open_vote(COMMUNE, a_council_rule())
    return meeting


def facts_of(aggregate: Stream) -> list[str]:
    """The facts not collected yet, by name."""
    return [type(fact).__name__ for fact in aggregate.pending_events]


def state(aggregate: Stream) -> dict[str, object]:
    """What an aggregate knows, without what it has to be recorded yet."""
    return {key: value for key, value in vars(aggregate).items() if not key.startswith("_")}


def replayed(aggregate: Stream) -> dict[str, object]:
    """What its facts alone make of it."""
    facts = [fact for fact in aggregate.pending_events if isinstance(fact, Fact)]
    return state(replay(facts))
