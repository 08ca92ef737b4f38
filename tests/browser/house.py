"""A whole house with its story told once for the session: every process, the sign-in, and provinces at all stages."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from domain.assessment import Assessment, assessment_stream
from domain.meeting import Choice
from domain.official import Office, Official, official_stream
from domain.review import Degree, Ground, Ruling
from domain.season import Participant
from infra.platform.config import Settings
from infra.transparency.sealer_store import SealerStore
from projections.catalogue import PROJECTIONS
from services.administration.administer import NewMandate, enrolling
from services.app import App
from services.appraisal import appraise
from services.council import voting
from services.demo import WITH_SIGN_IN, provider_of
from services.demo.figures import figures
from services.demo.offices import SINCE, office_key, seat_key
from services.demo.provinces import BINH_PHUOC, DONG_NAI, HA_NOI, TINH_MAU, Dossier, Story, Until
from services.demo.telling import StoryBuilder, take_in, tell_all, together
from services.inspection.review import conduct_review
from services.operations.create_tenant import as_operator
from services.operations.publish_policy import publish
from services.processes.supervise import kept_port, supervised
from services.season import organise
from services.wiring import wired

#: The invented province once more, in the middle of its season: a dossier at every stage, a vote open.
MIDDLE = replace(
    TINH_MAU,
    slug="giua-mua",
    dossiers=(
        Dossier("99001", Until.APPRAISED, Decimal("0.93")),
        Dossier("99004", Until.APPRAISED, Decimal("0.88")),
        Dossier("99007", Until.SUBMITTED),
        Dossier("99010", Until.CONSOLIDATED),
        Dossier("99013", Until.ENTERED, entered=8),
        Dossier("99016", Until.NOTHING),
    ),
)
#: A province as large as they come: 200 communes, every indicator scored.
LARGE = replace(HA_NOI, slug="hai-tram", rulebook="qd-25-2021", year=2023, calendar=MIDDLE.calendar, dossiers=())
COMMUNES = 200

MEETING, ENDED = f"{MIDDLE.decided_by}-1", f"{MIDDLE.decided_by}-2"
VOTED, AT_VOTE, RETURNED = "99001", "99004", "99007"
#: Communes of Tỉnh Mẫu whose recognition is reviewed, and was.
REVIEWED, REVOKED = "99010", "99016"
#: Seats that have cast their ballot when the tests begin; the others are present, but for the last.
CAST = (0, 1, 3)
#: A season that is planned and has indicators without a lead.
PLANNED = "2024"


@dataclass(frozen=True)
class Told:
    """The running house. `positions`: the end of a province's log when its story had been told; `middle` before."""

    house: App
    tellers: dict[str, StoryBuilder]
    positions: dict[str, int]

    @property
    def base(self) -> str:
        return self.house.settings.public_url

    def address(self, path: str) -> str:
        """`{giua-mua}` in a path is the position at which the telling of that province ended."""
        for slug, position in self.positions.items():
            path = path.replace(f"{{{slug}}}", str(position))
        return self.base + path

    async def settled(self) -> None:
        """Until the read models hold everything."""
        for teller in self.tellers.values():
            last = await self.house.store.position(teller.tenant)
            assert await self.house.reads.reached(teller.tenant, last, PROJECTIONS, 60)


@asynccontextmanager
async def told(settings: Settings) -> AsyncIterator[Told]:
    """Everything started and told. `settings` name a folder of our own and services that run."""
    settings = replace(settings, demonstration=True).listening(kept_port(settings.folder, "web"))
    async with wired(settings) as house, as_operator(settings) as operator:
        with supervised(settings, WITH_SIGN_IN) as supervisor:
            await asyncio.to_thread(supervisor.wait)

            async def teller(story: Story) -> StoryBuilder:
                return await take_in(house, operator, story, provider_of(settings, story))

            tellers = {story.slug: await teller(story) for story in (TINH_MAU, BINH_PHUOC, DONG_NAI, MIDDLE, LARGE)}
            for story in (TINH_MAU, BINH_PHUOC, DONG_NAI):
                await tell_all(tellers[story.slug])
            await trust(house, tellers[BINH_PHUOC.slug])
            await tell_reviews(tellers[TINH_MAU.slug])
            await tell_middle(tellers[MIDDLE.slug])
            await tell_large(tellers[LARGE.slug])
            positions = {slug: await house.store.position(one.tenant) for slug, one in tellers.items()}
            result = Told(house, tellers, positions)
            await result.settled()
            yield result


async def trust(house: App, teller: StoryBuilder) -> None:
    """The province publishes who signs its log, so that its decisions can be taken away proven."""
    await house.seals.recorded(teller.tenant, 1, 60)
    key = SealerStore(house.settings.seals).key(teller.tenant).verifier
    await publish(house, teller.tenant, f"log {key}\nquorum 0\n".encode())


async def tell_reviews(teller: StoryBuilder) -> None:
    """Two recognitions under review: of one an officer is asked to explain, the other was taken back."""
    days, season = teller.story.calendar, teller.season
    day_after = days.decided + timedelta(days=1)  # who was asked by the day of the decision has let it pass

    async def inspector(what: str, on: date = days.decided) -> Any:
        return await teller.held(teller.story.province, Office.INSPECTOR, what, on)

    for commune in (REVIEWED, REVOKED):
        pages = teller.house.store.read(teller.tenant, streams=[assessment_stream(season, commune)])
        positions = [one.position async for page in pages for one in page][1:3]
        statement = "Danh sách tập huấn ghi 22/22 người, sổ đăng ký lớp học chỉ có 13 người ký tên."
        await conduct_review.open_review(
            await inspector(f"open {commune}"),
            season,
            commune,
            Ground.FALSE_EVIDENCE,
            statement,
            "21/QĐ-TTr",
            days.decided,
            positions,
        )
        lead = teller.person(office_key(commune, Office.JUSTICE_OFFICER))
        official = await (await inspector("look")).look(Official, official_stream(lead))
        (mandate,) = official.mandates
        work = await inspector(f"ask {commune}")
        question = "Danh sách tập huấn được lập từ đâu?"
        await conduct_review.ask_official(work, season, commune, 1, lead, mandate, question, days.decided)
        work = await inspector(f"find {commune}")
        await conduct_review.record_finding(work, season, commune, 1, "Danh sách không đúng với sổ.", positions)
        await conduct_review.add_note(
            await inspector(f"note {commune}"), season, commune, 1, positions[0], "Xem ai mở tệp."
        )
    work = await inspector("determine", day_after)
    basis = "Người chủ trì chỉ tiêu chịu trách nhiệm về số liệu (minh họa)"
    await conduct_review.determine_responsibility(
        work, season, REVOKED, 1, lead, mandate, positions[0], Degree.DIRECT, basis
    )
    reason = "Minh chứng của chỉ tiêu 2.5 không đúng thực tế."
    await conduct_review.propose(await inspector("propose", day_after), season, REVOKED, 1, Ruling.REVOKED, reason)
    chairman = await teller.held(teller.story.decided_by, Office.DISTRICT_CHAIRMAN, "revoke", day_after)
    await conduct_review.conclude(chairman, season, REVOKED, 1, Ruling.REVOKED, "0915/QĐ-UBND", day_after)


async def tell_middle(teller: StoryBuilder) -> None:
    """A season in which something waits for everybody, and the next one being planned."""
    story, days = teller.story, teller.story.calendar
    await teller.enrol()
    await teller.plan()
    await teller.open()
    await together(teller.tell(one) for one in story.dossiers)

    appraiser = await teller.by(seat_key(story.decided_by, 2), "return", days.submitted)
    due = teller.house.calendar.after(days.submitted, 5)
    reason = "Đề nghị bổ sung biên bản của các hội nghị trong năm."
    await appraise.return_indicator(appraiser, teller.season, RETURNED, "TC2.CT4", reason, due)

    await teller.constitute()
    meeting = await teller.convene([VOTED, AT_VOTE])
    await teller.vote(meeting, VOTED)
    chair = seat_key(story.decided_by, 0)
    await voting.take_up(await teller.by(chair, "take up", days.met), teller.season, meeting, AT_VOTE)
    await voting.open_vote(await teller.by(chair, "open vote", days.met), teller.season, meeting, AT_VOTE)
    for number in CAST:
        await cast(teller, number)

    chair_again = await teller.by(chair, "convene again", days.met)
    place = "Phòng họp Ủy ban nhân dân"
    _, ended = await voting.convene(chair_again, teller.season, story.decided_by, days.met, place, [RETURNED])
    await voting.close_meeting(await teller.by(chair, "close again", days.met), teller.season, ended, days.met)

    department = await teller.held(story.province, Office.JUSTICE_DEPARTMENT, "plan next", days.met)
    taking_part = [Participant(one.commune, story.decided_by) for one in story.dossiers]
    await organise.plan_season(department, int(PLANNED), story.rulebook, taking_part)
    department = await teller.held(story.province, Office.JUSTICE_DEPARTMENT, "assign next", days.met)
    await organise.assign_indicators(department, PLANNED, teller.matrix()[:-3], "8/KH-UBND")


async def cast(teller: StoryBuilder, number: int, choice: Choice = Choice.FOR) -> None:
    """The holder of a seat casts a ballot in the vote that is open."""
    work = await teller.by(seat_key(MIDDLE.decided_by, number), f"cast {number} {choice}", MIDDLE.calendar.met)
    await voting.cast_ballot(work, teller.season, MEETING, AT_VOTE, choice)


async def tell_large(teller: StoryBuilder) -> None:
    """200 communes with every indicator scored, each commune's figures as one command."""
    house, story = teller.house, teller.story
    communes = [unit for unit in teller.units if unit.level == "commune"][:COMMUNES]
    mandate = NewMandate(Office.JUSTICE_DEPARTMENT, story.province, SINCE, "1/QĐ")
    key = office_key(story.province, Office.JUSTICE_DEPARTMENT)
    who = house.system(teller.tenant, teller.person(key))
    await enrolling(who, "Chuyên viên Sở Tư pháp", teller.issuer, key, mandates=[mandate])

    async def department(what: str) -> Any:
        return await teller.by(key, what, story.calendar.opened)

    taking_part = [Participant(one.code, one.parent or "") for one in communes]
    await organise.plan_season(await department("plan"), story.year, story.rulebook, taking_part)
    await organise.assign_indicators(await department("matrix"), teller.season, teller.matrix(), story.basis)
    await organise.open_season(await department("open"), teller.season, story.calendar.opened)

    async def fill(number: int, commune: str) -> None:
        share = Decimal(86 + number % 13) / 100
        work = await department(f"fill {commune}")
        name = assessment_stream(teller.season, commune)
        async with work.changing(name) as streams:
            dossier = streams.get(Assessment, name)
            for one in figures(teller.rulebook, house.calendar, Dossier(commune, share=share), story.year):
                scored = teller.rulebook.indicator(one.indicator)
                for part, measured in one.measures.items():
                    dossier.measure(one.indicator, part, measured)
                assert isinstance(one.value, Decimal)
                dossier.score(
                    one.indicator,
                    one.value,
                    by_rule=one.value,
                    minimum=scored.min_points,
                    maximum=scored.max_points,
                )
            await streams.record()

    await together((fill(number, one.code) for number, one in enumerate(communes)), at_once=16)
