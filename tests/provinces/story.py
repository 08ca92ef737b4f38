"""The invented province for tests of use cases: its people by position, and short ways to each stage of a dossier."""

import asyncio
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date, timedelta
from decimal import Decimal
from itertools import count
from uuid import UUID, uuid4

from domain.appraisal import Proposal
from domain.assessment import Assessment, assessment_stream
from domain.commune_steps import NAMED_GROUPS, Attended, Channel, Display, Leader
from domain.council import Member, Role
from domain.errors import ResultLeftOpen
from domain.fact import Recorded, StreamName
from domain.measure import (
    Amount,
    Answer,
    Checklist,
    Kind,
    ManualPoints,
    Measured,
    Options,
    Outcome,
    Penalty,
    SurveyRatio,
    WorkingDayTerm,
    YesNo,
)
from domain.meeting import Choice
from domain.official import COMMUNE_OFFICERS, Office, person_of
from domain.permissions import Act
from domain.recognition import Result
from domain.review import Ground, Ruling
from domain.rulebook import Indicator, Part, Rulebook
from domain.season import Participant, Season, season_name, season_stream
from infra.identity.tenants import IdentityProvider, Tenant, Tenants
from infra.platform.config import Settings
from services.administration import administer
from services.administration.administer import NewMandate
from services.app import App
from services.appraisal import appraise
from services.assessment import assess, commune_steps
from services.assessment.assess import Upload
from services.council import consulting, preparing, voting
from services.inspection.review import conduct_review
from services.operations.create_tenant import NewTenant, as_operator, create_tenant
from services.recognition import recognise
from services.season import organise
from services.wiring import wired
from services.work import Work

ISSUER = "https://id.example"
TODAY = date(2024, 1, 15)
DISTRICT = "990"
PROVINCE = "99"
COMMUNE, OTHER = "99001", "99004"
PDF = b"%PDF-1.7\n% a page that shows what it should\n"

#: The first day of a posting, the day on which the commune meets once it is over, and the groups that come.
POSTED, MET = date(2024, 1, 2), date(2024, 1, 13)
EVERYBODY = [Attended(group, 2) for group in NAMED_GROUPS]

#: Who sits in the council beside the chairman and the justice office.
AGENCIES = ("police", "fatherland-front", "office")
DISTRICT_OFFICES = (Office.DISTRICT_JUSTICE, Office.DISTRICT_CHAIRMAN)
PROVINCE_OFFICES = (Office.JUSTICE_DEPARTMENT, Office.PROVINCE_CHAIRMAN, Office.INSPECTOR)

_years = count(1001)


def prepared(settings: Settings) -> Tenant:
    """The province with everybody enrolled; its seasons are each test's own."""

    async def prepare() -> Tenant:
        async with wired(settings) as house, as_operator(settings) as operator:
            return await a_province(house, operator)

    return asyncio.run(prepare())


async def a_province(house: App, operator: Tenants) -> Tenant:
    """A province with everybody enrolled, which has adopted every rulebook in its newest text."""
    tenant = await create_tenant(
        house,
        operator,
        NewTenant(
            slug=f"mau-{uuid4().hex}",
            province_code=PROVINCE,
            rulebooks=("qd-25-2021", "qd-619-2017", "qd-27-2025"),
            provider=IdentityProvider(ISSUER, "minhchuan"),
            administrator="administrator",
        ),
    )
    story = Story(house, tenant, "")
    for commune in (COMMUNE, OTHER):
        for position in (*COMMUNE_OFFICERS, Office.COMMUNE_CHAIRMAN):
            await story.enrol(f"{commune} {position}", position, commune)
    for position in DISTRICT_OFFICES:
        await story.enrol(position.value, position, DISTRICT)
    for position in PROVINCE_OFFICES:
        await story.enrol(position.value, position, PROVINCE)
    for agency in (*AGENCIES, "substitute"):
        await story.enrol(agency, Office.AGENCY_REPRESENTATIVE, DISTRICT)
    return tenant


@dataclass
class Story:
    """One season of the province, told by the right people. `season` is a year that no other test uses."""

    house: App
    tenant: Tenant
    season: str
    rulebook_id: str = "qd-25-2021"
    #: The year that the season is about, where it has to be one that can be meant.
    year: int = 0
    round_no: int = 1
    practice: bool = False

    @property
    def rulebook(self) -> Rulebook:
        return self.house.rulebooks.newest(self.rulebook_id)

    @property
    def codes(self) -> list[str]:
        return [indicator.code for indicator in self.rulebook.indicators]

    def indicator(self, code: str) -> Indicator:
        return self.rulebook.indicator(code)

    # Who --------------------------------------------------------------------------------------------------

    def person(self, subject: str) -> UUID:
        return person_of(self.tenant.id, ISSUER, subject)

    async def by(self, subject: str, command: UUID | None = None) -> Work:
        """A command of the person who signs in as this subject."""
        actor = await self.house.people.actor_of(self.tenant, ISSUER, subject, TODAY)
        assert actor is not None, subject
        return self.house.work(self.tenant, actor, command or uuid4(), TODAY)

    async def officer(
        self, position: Office = Office.JUSTICE_OFFICER, commune: str = COMMUNE, command: UUID | None = None
    ) -> Work:
        return await self.by(f"{commune} {position}", command)

    async def chairman(self, commune: str = COMMUNE) -> Work:
        return await self.officer(Office.COMMUNE_CHAIRMAN, commune)

    async def appraiser(self, command: UUID | None = None) -> Work:
        return await self.by(Office.DISTRICT_JUSTICE, command)

    async def decider(self, command: UUID | None = None) -> Work:
        return await self.by(Office.DISTRICT_CHAIRMAN, command)

    async def inspector(self, command: UUID | None = None) -> Work:
        return await self.by(Office.INSPECTOR, command)

    async def enrol(self, subject: str, position: Office, unit: str) -> None:
        mandate = NewMandate(position, unit, date(2015, 1, 1), "01/QĐ")
        await administer.enrol_official(
            await self.as_administrator(), f"Người {subject}", ISSUER, subject, mandates=[mandate]
        )

    async def as_administrator(self) -> Work:
        actor = await self.house.people.actor_of(self.tenant, ISSUER, "administrator", date(2100, 1, 1))
        assert actor is not None
        return self.house.work(self.tenant, actor, uuid4(), TODAY)

    # What was recorded ------------------------------------------------------------------------------------

    async def facts(self, *streams: StreamName) -> list[Recorded]:
        pages = self.house.store.read(self.tenant, season=self.season, streams=streams or None)
        return [recorded async for page in pages for recorded in page]

    async def kinds(self) -> list[str]:
        return [type(recorded.fact).__qualname__ for recorded in await self.facts()]

    async def dossier(self, commune: str = COMMUNE) -> Assessment:
        return await (await self.officer()).look(Assessment, assessment_stream(self.season, commune))

    # From stage to stage ----------------------------------------------------------------------------------

    async def planned(self, communes: Iterable[str] = (COMMUNE, OTHER), decided_by: str = DISTRICT) -> "Story":
        """A season as an old log may hold it: its year cannot be meant, and is no other test's."""
        year = next(_years)
        self.season = season_name(year, self.round_no, practice=self.practice)
        work = await self.as_administrator()
        work.require(Act.PLAN_SEASON)
        name = season_stream(self.season)
        await work.create(
            name,
            Season(
                id=work.id_of(name),
                year=self.year or year,
                rulebook=self.rulebook.id,
                rulebook_sha256=self.rulebook.sha256,
                indicators=tuple(self.codes),
                participants=tuple(Participant(commune, decided_by) for commune in communes),
            ),
        )
        return self

    async def opened(self, communes: Iterable[str] = (COMMUNE, OTHER), decided_by: str = DISTRICT) -> "Story":
        """Every indicator is led by the justice officer; the office coordinates."""
        await self.planned(communes, decided_by)
        await organise.assign_indicators(
            await self.as_administrator(),
            self.season,
            [(code, Office.JUSTICE_OFFICER, [Office.OFFICE_STATISTICS]) for code in self.codes],
            "02/QĐ",
        )
        if lacking := self.rulebook.without_text:
            await organise.leave_out_contents(await self.as_administrator(), self.season, lacking, "03/QĐ", TODAY)
        await organise.open_season(await self.as_administrator(), self.season, TODAY)
        return self

    async def score(self, code: str, commune: str = COMMUNE) -> None:
        measures = {part.code: best(part) for part in self.indicator(code).parts}
        await assess.score_indicator(await self.officer(commune=commune), self.season, commune, code, measures)

    async def attach(self, code: str, commune: str = COMMUNE, content: bytes = PDF) -> None:
        await assess.attach_evidence(
            await self.officer(commune=commune), self.season, commune, code, Upload("Báo cáo.pdf", content)
        )

    async def filled(self, commune: str = COMMUNE) -> "Story":
        for code in self.codes:
            await self.score(code, commune)
            await self.attach(code, commune)
        for condition in assess.declarable(self.rulebook):
            await assess.declare_veto(
                await self.officer(commune=commune), self.season, commune, condition, Answer.NO, "Công văn 5"
            )
        if self.rulebook.asks_satisfaction:
            await assess.measure_satisfaction(await self.officer(commune=commune), self.season, commune, 98, 100)
        return self

    async def posted(self, commune: str = COMMUNE, until: date = date(2024, 1, 12)) -> "Story":
        await self.filled(commune)
        return await self.post_filled(commune, until)

    async def post_filled(self, commune: str = COMMUNE, until: date = date(2024, 1, 12)) -> "Story":
        await assess.consolidate(await self.officer(commune=commune), self.season, commune, POSTED)
        return await self.post_consolidated(commune, until)

    async def post_consolidated(self, commune: str = COMMUNE, until: date = date(2024, 1, 12)) -> "Story":
        """Where the text of the year names the commune's steps, the result is posted as they say."""
        work = await self.officer(commune=commune)
        if self.rulebook.commune_steps is None:
            await assess.post(work, self.season, commune, "Trụ sở", POSTED, until)
        else:
            await commune_steps.display_result(work, self.season, commune, displays(POSTED, until))
        return self

    async def agree(self, commune: str = COMMUNE, on: date = MET, content: bytes = PDF) -> "Story":
        """The commune's meeting asks for recognition, where the text of the year has it meet."""
        if self.rulebook.commune_steps is not None:
            await commune_steps.agree_on_result(
                await self.officer(commune=commune),
                self.season,
                commune,
                on,
                "Hội trường",
                Leader.VICE_CHAIRMAN,
                EVERYBODY,
                Upload("biên bản.pdf", content),
                Outcome.MET,
                "Cuộc họp xác định",
            )
        return self

    async def submitted(self, commune: str = COMMUNE) -> "Story":
        await self.filled(commune)
        return await self.submit_filled(commune)

    async def submit_filled(self, commune: str = COMMUNE) -> "Story":
        await self.post_filled(commune)
        return await self.submit_posted(commune)

    async def submit_posted(self, commune: str = COMMUNE) -> "Story":
        await self.agree(commune)
        await assess.submit(await self.chairman(commune), self.season, commune, "12/BC", date(2024, 1, 15))
        return self

    async def appraised(self, commune: str = COMMUNE, without: Iterable[str] = ()) -> "Story":
        """Every value of the commune is agreed to."""
        await appraise.agree_all_unchanged(await self.appraiser(), self.season, commune)
        done = {*without, *(await self.appraised_codes(commune))}
        left = [code for code in self.codes if code not in done]
        for code in left:
            proposed = assess.value_of((await self.dossier(commune)).entry(code))
            assert proposed is not None
            await appraise.appraise_indicator(await self.appraiser(), self.season, commune, code, proposed)
        return self

    async def appraised_codes(self, commune: str = COMMUNE) -> set[str]:
        return {
            recorded.fact.indicator  # type: ignore[attr-defined]
            for recorded in await self.facts()
            if type(recorded.fact).__qualname__ == "Appraisal.IndicatorAppraised" and recorded.stream.subject == commune
        }

    async def concluded(self, commune: str = COMMUNE) -> "Story":
        await self.submitted(commune)
        await self.appraised(commune)
        try:
            await appraise.conclude(await self.appraiser(), self.season, commune)
        except ResultLeftOpen:  # a text that lacks a threshold: the appraiser says why, and on what it rests
            work = await self.appraiser()
            await appraise.conclude(
                work, self.season, commune, Proposal.RECOGNISE, "Đã kiểm tra", basis="12/CV ngày 12/01/2024"
            )
        return self

    async def council(self) -> None:
        members = [
            Member(self.person(Office.DISTRICT_CHAIRMAN), Role.CHAIR, "UBND huyện"),
            Member(self.person(Office.DISTRICT_JUSTICE), Role.SECRETARY, "Phòng Tư pháp"),
            *(Member(self.person(agency), Role.MEMBER, agency) for agency in AGENCIES),
        ]
        await voting.constitute_council(
            await self.decider(), self.season, DISTRICT, "33/QĐ-UBND", date(2024, 1, 16), members
        )

    @property
    def members(self) -> list[UUID]:
        return [self.person(subject) for subject in (*DISTRICT_OFFICES, *AGENCIES)]

    async def meeting(self, present: Iterable[str] = (*DISTRICT_OFFICES, *AGENCIES)) -> str:
        """The council meets, with these present (by subject), on the one commune."""
        await self.council()
        _, key = await voting.convene(await self.appraiser(), self.season, DISTRICT, TODAY, "Phòng họp 1", [COMMUNE])
        await self.attend(key, *present)
        await voting.take_up(await self.decider(), self.season, key, COMMUNE)
        return key

    async def attend(self, key: str, *present: str) -> None:
        await voting.record_attendance(
            await self.decider(), self.season, key, [self.person(subject) for subject in present]
        )

    async def replace_police(self, on: date | None = None) -> None:
        """The substitute takes the seat of the police in the council."""
        substitute = Member(self.person("substitute"), Role.MEMBER, "police")
        await voting.replace_member(
            await self.decider(), self.season, DISTRICT, self.person("police"), substitute, "34/QĐ", on
        )

    async def voted_after_a_replacement(self) -> str:
        """The first round was void; then the substitute sat where the police had, and everybody voted."""
        key = await self.voted()
        await self.replace_police()
        await voting.reopen_vote(await self.decider(), self.season, key, COMMUNE, "Đếm nhầm")
        members = [*DISTRICT_OFFICES, "substitute", *(one for one in AGENCIES if one != "police")]
        await self.attend(key, *members)
        await voting.open_vote(await self.decider(), self.season, key, COMMUNE)
        for subject in members:
            choice = Choice.AGAINST if subject == "substitute" else Choice.FOR
            await voting.cast_ballot(await self.by(subject), self.season, key, COMMUNE, choice)
        await voting.conclude_vote(await self.decider(), self.season, key, COMMUNE)
        return key

    async def vote_open(self, present: Iterable[str] = (*DISTRICT_OFFICES, *AGENCIES)) -> str:
        await self.concluded()
        key = await self.meeting(present)
        await voting.open_vote(await self.decider(), self.season, key, COMMUNE)
        return key

    async def voted(self, choice: Choice = Choice.FOR) -> str:
        await self.concluded()
        return await self.vote_on_concluded(choice)

    async def vote_on_concluded(self, choice: Choice = Choice.FOR) -> str:
        key = await self.meeting()
        await voting.open_vote(await self.decider(), self.season, key, COMMUNE)
        for subject in (*DISTRICT_OFFICES, *AGENCIES):
            await voting.cast_ballot(await self.by(subject), self.season, key, COMMUNE, choice)
        await voting.conclude_vote(await self.decider(), self.season, key, COMMUNE)
        return key

    async def consulted(self) -> str:
        """The council was asked in writing: all but one answered here, the last on paper; the consultation's key."""
        await self.concluded()
        await self.council()
        until = TODAY + timedelta(days=7)
        _, key = await consulting.open_consultation(await self.decider(), self.season, DISTRICT, until, [COMMUNE])
        *here, on_paper = (*DISTRICT_OFFICES, *AGENCIES)
        for subject in here:
            await voting.cast_ballot(await self.by(subject), self.season, key, COMMUNE, Choice.FOR)
        member = self.person(on_paper)
        await consulting.receive_paper_answer(
            await self.appraiser(), self.season, key, COMMUNE, member, Choice.FOR, "12/CV", "ab" * 32
        )
        await consulting.close_consultation(await self.decider(), self.season, key)
        return key

    async def voted_with_an_absent_opinion(self) -> str:
        """Four members voted at a meeting, the fifth wrote against it; the meeting's key."""
        await self.concluded()
        *present, absent = (*DISTRICT_OFFICES, *AGENCIES)
        key = await self.meeting(present)
        await preparing.receive_absent_opinion(
            await self.appraiser(), self.season, key, COMMUNE, self.person(absent), Choice.AGAINST, "7/CV", "ab" * 32
        )
        await voting.open_vote(await self.decider(), self.season, key, COMMUNE)
        for subject in present:
            await voting.cast_ballot(await self.by(subject), self.season, key, COMMUNE, Choice.FOR)
        await voting.conclude_vote(await self.decider(), self.season, key, COMMUNE)
        return key

    async def decided_at_99_74(self) -> "Story":
        """The commune has 99,74 of 100 points, is voted for and recognised."""
        await self.filled()
        indicator = next(iter(self.rulebook.indicators))
        points = indicator.max_points - Decimal("0.26")
        work = await self.officer()
        await assess.score_indicator(work, self.season, COMMUNE, indicator.code, {}, points, reason="Thiếu tài liệu")
        await self.submit_filled()
        await self.appraised()
        await appraise.conclude(await self.appraiser(), self.season, COMMUNE)
        await self.vote_on_concluded()
        return await self.decide()

    async def decided(self) -> "Story":
        await self.voted()
        return await self.decide()

    async def decide(self) -> "Story":
        await recognise.decide(await self.decider(), self.season, COMMUNE, Result.RECOGNISED, "41/QĐ-UBND")
        return self

    async def under_review(self, ground: Ground = Ground.FALSE_EVIDENCE, number: int = 1) -> "Story":
        """An inspector has opened a review of the recognition and found something."""
        await conduct_review.open_review(
            await self.inspector(),
            self.season,
            COMMUNE,
            ground,
            "Danh sách không khớp sổ gốc",
            "21/QĐ-TTr",
            date(2024, 1, 10),
        )
        await conduct_review.record_finding(await self.inspector(), self.season, COMMUNE, number, "Sổ gốc có 13 chữ ký")
        return self

    async def confirm(self, number: int = 1) -> None:
        """The review ends with the recognition standing."""
        await conduct_review.propose(
            await self.inspector(), self.season, COMMUNE, number, Ruling.CONFIRMED, "Không có căn cứ"
        )
        await conduct_review.conclude(
            await self.decider(), self.season, COMMUNE, number, Ruling.CONFIRMED, "914/QĐ-UBND"
        )

    async def revoke(
        self,
        decision_no: str = "915/QĐ-UBND",
        on: date = date(2024, 5, 15),
        number: int = 1,
        *,
        today: date = TODAY,
    ) -> None:
        """The review ends with the recognition taken back."""
        await conduct_review.propose(
            replace(await self.inspector(), today=today),
            self.season,
            COMMUNE,
            number,
            Ruling.REVOKED,
            "Minh chứng không đúng",
        )
        await conduct_review.conclude(
            await self.decider(), self.season, COMMUNE, number, Ruling.REVOKED, decision_no, on
        )


def displays(on: date, until: date) -> tuple[Display, Display]:
    """A result on display at the office and on the portal of the commune."""
    return (
        Display(Channel.OFFICE, "Trụ sở Ủy ban nhân dân xã", on, until),
        Display(Channel.PORTAL, "Trang thông tin điện tử xã", on, until),
    )


def best(part: Part) -> Measured:  # noqa: PLR0911 - one flat match over measures
    """A value that earns all there is to earn."""
    day = date(2023, 3, 1)
    match part.measure:
        case Options(options=options):
            return Measured(Kind.OPTIONS, option=max(options, key=lambda option: option.points).key)
        case YesNo():
            return Measured(Kind.BOOLEAN, answer=Answer.YES)
        case Checklist(choices=choices):
            return Measured(Kind.CHECKLIST, checked=tuple(choice.key for choice in choices))
        case WorkingDayTerm():
            return Measured(Kind.DEADLINE, on=day, from_on=day)
        case Amount(rates=rates):
            counts = (1,) * len(rates)
            money = sum(rate.dong for rate in rates)
            return Measured(
                Kind.AMOUNT, numerator=len(rates), denominator=len(rates), amount=money, counts=counts[: len(rates)]
            )
        case Penalty():
            return Measured(Kind.PENALTY, answer=Answer.NO)
        case ManualPoints():
            return Measured(Kind.POINTS, points=part.max_points)
        case SurveyRatio():
            return Measured(Kind.SURVEY, numerator=40, denominator=40, counts=(50,))
        case measure:
            return Measured(measure.kind, numerator=40, denominator=40)
