"""A province in which seasons of 200 communes were entered, appraised, voted on and decided, past the append path.

Six officers in each commune, a council of nine, dossiers of about 300 facts worked on side by side: what the pages of
an inspection read. Every dossier of a season is the same, but for its commune and the people.
"""

from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from operator import methodcaller
from typing import Any, NamedTuple
from uuid import UUID, uuid4, uuid5

from domain.appraisal import Appraisal, Proposal, appraisal_stream
from domain.assessment import Assessment, Evidence, assessment_stream
from domain.council import Council, Member, Role, council_stream
from domain.fact import STREAMS, Fact, Recorded, StreamName
from domain.judging import VerdictResult
from domain.measure import Answer
from domain.meeting import Choice, Meeting, meeting_stream
from domain.official import COMMUNE_OFFICERS, Mandate, Office, Official, official_stream
from domain.recognition import Recognition, Result, recognition_stream
from domain.season import Deadline, Participant, Season, Step, season_stream
from infra.identity.tenants import IdentityProvider, Tenant
from infra.platform.config import Settings
from infra.reference.rulebooks import load_calendar, load_rulebooks
from infra.reference.units import Era, units_of
from projections.analysis.what_if import Otherwise, what_if
from services.administration.administer import NewMandate, enrolling
from services.demo.figures import EnteredFigure, figures
from services.demo.provinces import Dossier
from services.operations.create_tenant import NewTenant, as_operator, create_tenant
from services.processes.projector import projecting
from services.wiring import wired
from tests.bench.projecting import COMMUNES, NOBODY, Who, Writing, copied
from tests.domain.rulebooks import a_council_rule
from tests.infra.logs import MAPPER
from tests.projections.histories import Province

RULEBOOK = load_rulebooks().newest("qd-25-2021")
CALENDAR = load_calendar()

PROVINCE, DISTRICT = "01", "019"
ISSUER, INSPECTOR = "http://127.0.0.1/nobody", "inspector"

#: Stands for each commune in the facts of a dossier.
COMMUNE = "COMMUNE"
SEASON = "2000"
DOSSIER, APPRAISAL = assessment_stream(SEASON, COMMUNE), appraisal_stream(SEASON, COMMUNE)
DECISION = recognition_stream(SEASON, COMMUNE)
DAY = date(2023, 11, 20)

#: What is entered one after the other, in shares of the maximum, and how often it is appraised.
SHARES = ("0.5", "0.6", "0.7", "0.84")
TURNS = 4

SEATS, AT_A_MEETING = 9, 25

#: Facts of a season beside those of its dossiers.
AROUND = 3_000


class Ground(NamedTuple):
    """The province with its read models: seasons and communes by their codes, `ends` where each season ends."""

    tenant: Tenant
    seasons: list[str]
    communes: list[str]
    ends: dict[str, int]


async def a_province(services: Settings, facts: int) -> Ground:
    """A province with about so many facts, at least two seasons of them."""
    async with wired(services) as house, as_operator(services) as operator:
        new = NewTenant(
            slug=f"bench-{uuid4().hex[:8]}",
            province_code=PROVINCE,
            era=Era.UNTIL_2025,
            rulebooks=(RULEBOOK.id,),
            provider=IdentityProvider(ISSUER, "bench"),
        )
        tenant = await create_tenant(house, operator, new)
        mandate = NewMandate(Office.INSPECTOR, PROVINCE, date(2000, 1, 1), "1/QĐ-TTr")
        await enrolling(house.system(tenant, uuid4()), "Thanh tra viên", ISSUER, INSPECTOR, mandates=[mandate])
        before = await house.store.position(tenant)
    communes = [unit.code for unit in units_of(PROVINCE, Era.UNTIL_2025) if unit.level == "commune"][:COMMUNES]
    dossier = a_judged_dossier()
    many = max(2, facts // (len(dossier) * COMMUNES + AROUND))
    seasons = [str(2000 + number) for number in range(many)]
    ends: dict[str, int] = {}
    await copied(services, tenant, a_log(Writing(tenant, before), dossier, seasons, communes, ends))
    async with projecting(services) as (projector, _):
        await projector.rebuild(tenant)
    return Ground(tenant, seasons, communes, ends)


def a_log(
    writing: Writing, dossier: list[Recorded], seasons: list[str], communes: list[str], ends: dict[str, int]
) -> Iterator[tuple[Any, ...]]:
    """The officials, then season after season: planned, worked on, voted on; where each ends is noted."""
    yield from written(writing, officials(communes))
    facts = spelled(dossier)
    for season in seasons:
        yield from written(writing, a_plan(season, communes))
        yield from writing.side_by_side(season, facts, communes, who=at_work)
        yield from written(writing, votes(season, communes))
        ends[season] = writing.position


def spelled(log: list[Recorded]) -> list[tuple[str, str, int, str]]:
    """Kind of the stream, topic, schema and payload of each fact, in order."""
    found = []
    for recorded in log:
        payload = MAPPER.payload(recorded.fact)
        found.append((recorded.stream.kind, payload.topic, payload.schema, payload.data.decode()))
    return found


def written(writing: Writing, log: list[Recorded]) -> Iterator[tuple[Any, ...]]:
    """These facts as rows of the log."""
    for recorded, (_, topic, schema, data) in zip(log, spelled(log), strict=True):
        yield writing.row(recorded.stream, topic, schema, data, whose(recorded.fact))


# Who acts ---------------------------------------------------------------------------------------------


def person(unit: str, post: str) -> UUID:
    return uuid5(STREAMS, f"bench {unit} {post}")


def mandate_of(unit: str, post: str) -> UUID:
    return uuid5(STREAMS, f"bench mandate {unit} {post}")


def holder(unit: str, post: str) -> Who:
    return Who(str(person(unit, post)), unit, str(mandate_of(unit, post)))


def at_work(kind: str, commune: str) -> Who:
    """Who records the facts of a dossier, by the kind of their stream."""
    if kind == "assessment":
        return holder(commune, Office.JUSTICE_OFFICER)
    return holder(DISTRICT, Office.DISTRICT_JUSTICE if kind == "appraisal" else Office.DISTRICT_CHAIRMAN)


def whose(fact: Fact) -> Who:
    match fact:
        case Meeting.BallotCast():
            seat = next(number for number in range(SEATS) if person(DISTRICT, f"seat {number}") == fact.member)
            return holder(DISTRICT, f"seat {seat}")
        case Season.Planned() | Official.Enrolled() | Official.MandateGranted():
            return NOBODY
    return holder(DISTRICT, "seat 0")


def officials(communes: list[str]) -> list[Recorded]:
    """Everybody in office, each with one mandate."""
    province = Province()
    posts = [(commune, position.value, position) for commune in communes for position in COMMUNE_OFFICERS]
    posts += [(DISTRICT, one.value, one) for one in (Office.DISTRICT_JUSTICE, Office.DISTRICT_CHAIRMAN)]
    posts += [(DISTRICT, f"seat {number}", Office.AGENCY_REPRESENTATIVE) for number in range(SEATS)]
    for unit, post, position in posts:
        name = official_stream(person(unit, post))
        province.begin(name, Official, name="Nguyễn Thị Mẫu", issuer=ISSUER, subject=f"{unit} {post}")
        mandate = Mandate(mandate_of(unit, post), position, unit, date(2000, 1, 1), None, "2/QĐ-UBND")
        assert province.do(name, methodcaller("grant", mandate))
    return province.log


# A season ---------------------------------------------------------------------------------------------


def a_plan(season: str, communes: list[str]) -> list[Recorded]:
    province = Province()
    name = season_stream(season)
    codes = tuple(RULEBOOK.by_code)
    province.begin(
        name,
        Season,
        year=int(season),
        rulebook=RULEBOOK.id,
        rulebook_sha256=RULEBOOK.sha256,
        indicators=codes,
        participants=tuple(Participant(commune, DISTRICT) for commune in communes),
    )
    for code in codes:
        assert province.do(name, methodcaller("assign", code, Office.JUSTICE_OFFICER, (Office.OFFICE_STATISTICS,)))
    deadlines = {step: Deadline(DAY, "12/KH-UBND") for step in Step}
    assert province.do(name, methodcaller("set_deadlines", deadlines))
    assert province.do(name, lambda it: it.open(DAY))
    return province.log


def votes(season: str, communes: list[str]) -> list[Recorded]:
    """The council, and its meetings, at each of which it votes on some communes."""
    province = Province()
    people = [person(DISTRICT, f"seat {number}") for number in range(SEATS)]
    roles = (Role.CHAIR, Role.SECRETARY, *[Role.MEMBER] * (SEATS - 2))
    members = tuple(Member(one, role, "Cơ quan mẫu") for one, role in zip(people, roles, strict=True))
    council = {"unit": DISTRICT, "decision_no": "35/QĐ-UBND", "on": DAY, "members": members}
    province.begin(council_stream(season, DISTRICT), Council, **council)
    for number, first in enumerate(range(0, len(communes), AT_A_MEETING), start=1):
        name = meeting_stream(season, f"{DISTRICT}-{number}")
        items = tuple(communes[first : first + AT_A_MEETING])
        meeting = {"unit": DISTRICT, "on": DAY, "place": "Phòng họp", "members": tuple(people), "items": items}
        province.begin(name, Meeting, **meeting)
        assert province.do(name, lambda it: it.record_attendance(people))
        for item in items:
            _vote(province, name, item, people)
        assert province.do(name, lambda it: it.close(DAY))
    return province.log


def _vote(province: Province, name: StreamName, item: str, people: list[UUID]) -> None:
    assert province.do(name, lambda it: it.take_up(item))
    assert province.do(name, lambda it: it.open_vote(item, a_council_rule()))
    for member in people:
        assert province.do(name, methodcaller("cast_ballot", item, member, Choice.FOR))
    assert province.do(name, lambda it: it.conclude_vote(item))


# The dossier ------------------------------------------------------------------------------------------


def a_judged_dossier() -> list[Recorded]:
    """About 300 facts that meet 25/2021 at 83 points or so, as far as the decision's publication."""
    province = Province()
    province.begin(
        DOSSIER,
        Assessment,
        commune=COMMUNE,
        rulebook=RULEBOOK.id,
        rulebook_sha256=RULEBOOK.sha256,
        decided_by=DISTRICT,
    )
    drafts = [figures(RULEBOOK, CALENDAR, Dossier(COMMUNE, share=Decimal(share)), 2023) for share in SHARES]
    final = drafts[-1]
    for number, one in enumerate(final):
        for draft in drafts:
            _enter(province, draft[number])
        for file in range(1 + number % 3):
            _attach(province, one.indicator, number * 10 + file)
    assert province.do(DOSSIER, lambda it: it.declare_veto("C3", Answer.NO, "Công văn 15/CV-CA"))
    codes = tuple(RULEBOOK.by_code)
    for deed in (
        lambda it: it.consolidate(DAY, indicators=codes, vetoes=("C3",), needs_satisfaction=False),
        lambda it: it.post(DAY, DAY, "trụ sở UBND, nhà văn hóa các thôn"),
        lambda it: it.submit(DAY, "12/BC-UBND", indicators=codes),
    ):
        assert province.do(DOSSIER, deed)
    _judge(province, final)
    assert what_if(province.log, COMMUNE, RULEBOOK, CALENDAR, Otherwise()).before.result is VerdictResult.MET
    return province.log


def _enter(province: Province, entered: EnteredFigure) -> None:
    indicator = RULEBOOK.indicator(entered.indicator)
    bounds = {"minimum": indicator.min_points, "maximum": indicator.max_points}

    def data(it: Any) -> None:
        for part, measured in entered.measures.items():
            it.measure(indicator.code, part, measured)
        it.score(indicator.code, entered.value, by_rule=entered.value, **bounds)

    assert province.do(DOSSIER, data)


def _attach(province: Province, indicator: str, key: int) -> None:
    file = Evidence(UUID(int=key), f"{key:057x}{COMMUNE}", f"biên bản {key}.pdf", 90_000, "application/pdf")
    assert province.do(DOSSIER, lambda it: it.attach(indicator, file))


def _judge(province: Province, final: list[EnteredFigure]) -> None:
    province.begin(APPRAISAL, Appraisal, commune=COMMUNE)
    for turn in range(TURNS):
        for one in final:
            _appraise(province, one, turn)
    meets = Proposal.RECOGNISE
    assert province.do(APPRAISAL, lambda it: it.conclude(DAY, meets, computed=meets, changed={}))
    province.begin(
        DECISION,
        Recognition,
        commune=COMMUNE,
        result=Result.RECOGNISED,
        decision_no="321/QĐ-UBND",
        on=DAY,
        rulebook=RULEBOOK.id,
        rulebook_sha256=RULEBOOK.sha256,
        computed=Result.RECOGNISED,
        state_sha256="ef" * 32,
        relied_on=(),
    )
    assert province.do(DECISION, lambda it: it.sign(DAY, "01" * 32, CALENDAR))
    assert province.do(DECISION, lambda it: it.publish(DAY, "Cổng thông tin điện tử"))


def _appraise(province: Province, entered: EnteredFigure, turn: int) -> None:
    indicator = RULEBOOK.indicator(entered.indicator)
    bounds = {"minimum": indicator.min_points, "maximum": indicator.max_points}
    for file in province.streams[DOSSIER].entry(indicator.code).evidence:
        assert province.do(APPRAISAL, methodcaller("open_evidence", indicator.code, file))
    given = {"proposed": entered.value, "seen": 1_000 + turn, **bounds}
    assert province.do(APPRAISAL, lambda it: it.appraise(indicator.code, entered.value, **given))
