"""kill -9 of web, projector and workers while people work: nothing acknowledged is lost, nothing happens twice."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Mapping
from dataclasses import replace
from decimal import Decimal
from itertools import groupby
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx2
import pytest

from domain.assessment import Assessment, assessment_stream
from domain.export import ExportState
from domain.fact import Recorded
from domain.meeting import Meeting
from domain.official import Office
from domain.recognition import Recognition, recognition_stream
from infra.platform.config import Settings
from projections.catalogue import PROJECTIONS
from projections.tables.exports import EXPORTS
from services.app import App
from services.assessment.assess import value_of
from services.demo import WITH_SIGN_IN, provider_of
from services.demo.figures import EnteredFigure, figures
from services.demo.offices import SEATS, office_key, seat_key
from services.demo.provinces import TINH_MAU, Dossier, Story, Until
from services.demo.telling import StoryBuilder, take_in, together
from services.operations.create_tenant import as_operator
from services.processes.projector import projecting
from services.processes.supervise import Supervisor, kept_port, supervised
from services.wiring import wired
from tests.acceptance.browsing import Browser, HtmlForm, Page, Typed
from tests.acceptance.steps import typed
from tests.acceptance.walking import Walk

pytestmark = pytest.mark.fault

#: What falls, one after the other; everything but the sign-in, which keeps its codes in memory.
FALLS = ("web", "worker-long", "projector", "web", "worker-short", "projector", "web", "worker-long", "web")

SCORED = ("99001", "99004", "99007")
VOTED = ("99010", "99013", "99016")
MEMBERS = range(len(SEATS) - 1)


class Crowd(Walk):
    """People who work while the house falls down around them: what is not answered is sent again as it was."""

    def __init__(self, house: App, operator: Any, story: Story) -> None:
        super().__init__(house, operator)
        self.story = story
        self.unanswered = 0
        self.acknowledged: dict[tuple[str, str], EnteredFigure] = {}

    def address(self, place: str, *rest: str) -> str:
        return "/".join([f"/t/{self.story.slug}/{place}/{self.story.year}", *rest])

    async def sign_in(self) -> None:
        """Everybody, before the first fall: a sign-in that was broken off is begun anew by hand."""
        leads = {lead for _, lead, _ in self.teller.matrix()}
        officers = [office_key(commune, lead) for commune in SCORED for lead in leads]
        members = [seat_key(self.story.decided_by, number) for number in MEMBERS]
        department = office_key(self.story.province, Office.JUSTICE_DEPARTMENT)
        await together(self.by(key, self.story) for key in (*officers, *members, department))

    async def get(self, browser: Browser, address: str) -> Page:
        while True:
            try:
                return await browser.get(address)
            except httpx2.TransportError:
                await asyncio.sleep(0.1)

    async def send(
        self, browser: Browser, page: Page, form: HtmlForm, values: Mapping[str, Typed] | None = None
    ) -> Page:
        """Send a form until it is answered: always the same command."""
        while True:
            try:
                return await browser.send(page, form, values)
            except httpx2.TransportError:
                self.unanswered += 1
                await asyncio.sleep(0.1)

    async def score(self, commune: str, done: asyncio.Event) -> None:
        """The officers of a commune enter figures, and others again, until everything has fallen often enough."""
        shares = ("0.90", "0.80", "0.70", "0.95", "0.85", "0.75", "0.65", "0.60")
        for round_ in range(1_000):
            one = Dossier(commune, share=Decimal(shares[round_ % len(shares)]))
            for figure in figures(self.teller.rulebook, self.house.calendar, one, self.story.year):
                lead = next(line[1] for line in self.teller.matrix() if line[0] == figure.indicator)
                browser = await self.by(office_key(commune, lead), self.story)
                page = await self.get(browser, f"{self.address('ho-so', commune)}?chi-tieu={figure.indicator}")
                await self.send(browser, page, page.form("cham-diem"), typed(figure.measures))
                self.acknowledged[commune, figure.indicator] = figure
                if done.is_set():
                    return

    async def vote(self, meeting: str) -> None:
        """The council votes on one commune after another, each member by a press that may have to be repeated."""
        chair = await self.by(seat_key(self.story.decided_by, 0), self.story)
        for item in VOTED:
            address = f"{self.address('hop', meeting)}?xem=hop&muc={item}"
            for verb in ("chuyen-muc", "mo-bieu-quyet"):
                page = await self.get(chair, address)
                await self.send(chair, page, page.form(verb, item=item))
            await together((self.cast(meeting, item, number) for number in MEMBERS), at_once=3)
            page = await self.get(chair, address)
            await self.send(chair, page, page.form("dong-bieu-quyet", item=item))

    async def cast(self, meeting: str, item: str, number: int) -> None:
        browser = await self.by(seat_key(self.story.decided_by, number), self.story)
        page = await self.get(browser, f"{self.address('hop', meeting)}?xem=phieu&muc={item}")
        ballot = page.form("ghi-phieu")
        await self.send(browser, page, ballot, {"choice": "for"})
        await asyncio.sleep(0.3)
        await self.send(browser, page, ballot, {"choice": "for"})  # and once more, by an impatient hand

    async def export(self, done: asyncio.Event) -> None:
        """The department asks for the board now and then."""
        browser = await self.by(office_key(self.story.province, Office.JUSTICE_DEPARTMENT), self.story)
        while not done.is_set():
            page = await self.get(browser, f"/t/{self.story.slug}/ket-xuat")
            await self.send(browser, page, page.form("yeu-cau", document="standings"))
            await asyncio.sleep(2)


async def fell(supervisor: Supervisor, done: asyncio.Event) -> None:
    """One process after the other dies at once and is started again by whoever keeps them."""
    for name in FALLS:
        await asyncio.sleep(1)
        await asyncio.to_thread(supervisor.kill, name)
        revived = await asyncio.to_thread(supervisor.revive)
        assert revived == [name]
        if name == "web":
            await asyncio.to_thread(supervisor.wait)
    done.set()


@pytest.fixture
def settings(own_services: Settings, tmp_path: Path) -> Settings:
    return replace(own_services, folder=tmp_path, demonstration=True).listening(kept_port(tmp_path, "web"))


@pytest.fixture
async def crowd(settings: Settings) -> AsyncIterator[tuple[Crowd, Supervisor, str]]:
    """A season in which some communes enter figures, and the council has met on the others."""
    story = replace(
        TINH_MAU,
        slug=f"tinh-mau-{uuid4().hex}",
        dossiers=(
            *(Dossier(commune, Until.NOTHING) for commune in SCORED),
            *(Dossier(commune, Until.APPRAISED) for commune in VOTED),
        ),
    )
    with supervised(settings, WITH_SIGN_IN) as supervisor:
        async with wired(settings) as house, as_operator(settings) as operator:
            teller = await take_in(house, operator, story, provider_of(settings, story))
            await teller.enrol()
            await teller.plan()
            await teller.open()
            await together(teller.tell(one) for one in story.dossiers)
            await teller.constitute()
            meeting = await teller.convene(VOTED)
            await house.reads.reached(teller.tenant, await house.store.position(teller.tenant), PROJECTIONS, 20)
            supervisor.wait()
            async with Crowd(house, operator, story) as crowd:
                crowd.teller = teller
                await crowd.sign_in()
                yield crowd, supervisor, meeting


async def log_of(teller: StoryBuilder) -> list[Recorded]:
    return [recorded async for page in teller.house.store.read(teller.tenant) for recorded in page]


async def rows_of(teller: StoryBuilder) -> dict[str, list[Any]]:
    """The live rows of every projection, when they hold the whole log."""
    house, tenant = teller.house, teller.tenant
    assert await house.reads.reached(tenant, await house.store.position(tenant), PROJECTIONS, 20)
    async with house.reads.at(tenant) as view:
        return {question.name: await view.all(question) for question in PROJECTIONS}


async def exports_settled(teller: StoryBuilder) -> list[ExportState]:
    """The states of all exports, when none waits any more."""
    async with asyncio.timeout(60):
        while True:
            async with teller.house.reads.at(teller.tenant) as view:
                states = [row.state for row in await view.all(EXPORTS)]
            if ExportState.QUEUED not in states:
                return states
            await asyncio.sleep(0.3)


async def test_whatever_is_killed_nothing_acknowledged_is_lost_and_no_ballot_is_cast_twice(crowd):
    people, supervisor, meeting = crowd
    teller, done = people.teller, asyncio.Event()

    # When officers score, the council votes and documents are made while one process after the other is killed
    await asyncio.gather(
        fell(supervisor, done),
        people.vote(meeting),
        people.export(done),
        *(people.score(commune, done) for commune in SCORED),
    )
    await together(teller.decide(commune, number) for number, commune in enumerate(VOTED, start=101))

    # Then people had to send again, and every position is there once, each command in one piece
    assert people.unanswered > 0
    log = await log_of(teller)
    assert [one.position for one in log] == list(range(1, len(log) + 1))
    commands = [command for command, _ in groupby(one.command for one in log)]
    assert len(commands) == len(set(commands))

    # Then every figure that was acknowledged is in its dossier
    for commune in SCORED:
        loaded = await teller.house.store.load(teller.tenant, assessment_stream(teller.season, commune))
        assert isinstance(loaded.aggregate, Assessment)
        entries = loaded.aggregate.entries
        mine = {code: figure for (of, code), figure in people.acknowledged.items() if of == commune}
        assert {code: value_of(entries[code]) for code in mine} == {code: one.value for code, one in mine.items()}
        assert {code: dict(entries[code].measures) for code in mine} == {c: one.measures for c, one in mine.items()}

    # Then each member has voted once on each commune
    ballots = Counter((one.fact.item, one.fact.member) for one in log if isinstance(one.fact, Meeting.BallotCast))
    members = {teller.person(seat_key(teller.story.decided_by, number)) for number in MEMBERS}
    assert ballots == Counter((item, member) for item in VOTED for member in members)

    # Then every document asked for is ready, and every decision is published
    states = await exports_settled(teller)
    assert len(states) > len(VOTED)
    assert set(states) == {ExportState.READY}
    for commune in VOTED:
        loaded = await teller.house.store.load(teller.tenant, recognition_stream(teller.season, commune))
        assert isinstance(loaded.aggregate, Recognition)
        assert loaded.aggregate.published_on == teller.story.calendar.decided

    # Then the read models say what a rebuild from the log says
    live = await rows_of(teller)
    async with projecting(people.house.settings) as (projector, _):
        assert await projector.rebuild(teller.tenant) is not None
    assert await rows_of(teller) == live
