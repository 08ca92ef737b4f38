import asyncio
import re
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import date
from html import unescape
from uuid import uuid4

import httpx
import pytest
from litestar import Litestar

from domain.assessment import Assessment, assessment_stream
from domain.fact import Recorded
from domain.measure import Outcome
from domain.official import Office
from domain.permissions import Actor
from domain.recognition import Result
from domain.season import Participant
from infra.identity.tenants import IdentityProvider, Tenant
from infra.platform.config import Settings
from infra.reference.units import units_of
from projections.catalogue import PROJECTIONS
from projections.fold import fold
from projections.tables.exports import EXPORTS
from projections.tables.seasons import SEASONS
from projections.tables.standings import STANDINGS, CommuneStage, Standing
from services.app import App
from services.assessment.assess import value_of
from services.case.verdicts import Status, judged
from services.demo.offices import offices
from services.demo.papers import FALSE, Papers
from services.demo.provinces import (
    BINH_PHUOC,
    DONG_NAI,
    FALSE_EVIDENCE,
    HA_NOI,
    STORIES,
    THANH_HOA,
    TINH_MAU,
    Story,
    Until,
)
from services.demo.telling import ADMINISTRATOR, DocumentNotMade, StoryBuilder, take_in, tell_all, together
from services.operations.check_consistency import disagreements
from services.operations.create_tenant import as_operator
from services.processes.projector import projecting
from services.processes.supervise import PROGRAMS, supervised
from services.season import organise
from services.web.app import web_application
from services.wiring import wired
from services.work import Work
from tests.web.signing import WEB

PROVIDER = IdentityProvider("https://id.example", "minhchuan")

#: The five stories in short.
SHORT = (
    replace(HA_NOI, dossiers=HA_NOI.dossiers[:2], closes=False),
    replace(BINH_PHUOC, dossiers=BINH_PHUOC.dossiers[:2]),
    replace(THANH_HOA, dossiers=THANH_HOA.dossiers[:1]),
    replace(DONG_NAI, dossiers=DONG_NAI.dossiers[:1]),
    replace(TINH_MAU, dossiers=TINH_MAU.dossiers[:5]),
)

READERS_AND_WORKERS = {name: PROGRAMS[name] for name in ("projector", "worker-short", "worker-long")}


@pytest.fixture(scope="module")
def working(services: Settings, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Settings]:
    """Read models are kept up and documents are made, as in the demonstration; there is no web."""
    settings = replace(services, folder=tmp_path_factory.mktemp("demo"))
    with supervised(settings, READERS_AND_WORKERS):
        yield settings


@pytest.fixture
async def house(working: Settings) -> AsyncIterator[App]:
    async with wired(working) as house:
        yield house


async def taken_in(house: App, story: Story) -> StoryBuilder:
    """The province of the story, under a name of this test's own."""
    own = replace(story, slug=f"{story.slug}-{uuid4().hex}")
    async with as_operator(house.settings) as operator:
        return await take_in(house, operator, own, PROVIDER)


@pytest.fixture(scope="module")
def told(working: Settings) -> dict[str, tuple[Story, Tenant]]:
    """Each story told once with some of its communes, by its slug."""

    async def tell() -> dict[str, tuple[Story, Tenant]]:
        async with wired(working) as house:
            tellers = [await taken_in(house, story) for story in SHORT]
            await together(tell_all(teller) for teller in tellers)
        return {story.slug: (teller.story, teller.tenant) for story, teller in zip(SHORT, tellers, strict=True)}

    try:
        return asyncio.run(tell())
    except DocumentNotMade:
        for one in READERS_AND_WORKERS:  # shown with what failed
            print(one, (working.folder / f"{one}.log").read_text()[-4_000:], sep="\n")
        raise


def teller_of(house: App, told: dict[str, tuple[Story, Tenant]], story: Story) -> StoryBuilder:
    """Who tells a story of these again, as another start on the same folder would."""
    return StoryBuilder(house, *told[story.slug], PROVIDER)


async def log_of(teller: StoryBuilder) -> list[Recorded]:
    return [recorded async for page in teller.house.store.read(teller.tenant) for recorded in page]


async def standings(teller: StoryBuilder) -> dict[str, Standing]:
    return {row.commune: row for row in fold(STANDINGS, await log_of(teller)).values()}


async def test_in_tinh_mau_each_commune_passes_or_fails_as_the_story_has_it(house, told):
    teller = teller_of(house, told, TINH_MAU)

    rows = await standings(teller)
    verdicts = {commune: judged(row, teller.rulebook) for commune, row in rows.items()}
    assert {commune: (str(one.verdict.total), one.status) for commune, one in verdicts.items()} == {
        "99001": ("74.00", Status.NO),
        "99004": ("92.00", Status.NO),
        "99007": ("94.00", Status.VETO),
        "99010": ("80.50", Status.NEAR),
        "99013": ("0", Status.TODO),
    }
    assert {commune: row.result for commune, row in rows.items()} == {
        "99001": None,
        "99004": Result.NOT_RECOGNISED,
        "99007": Result.NOT_RECOGNISED,
        "99010": Result.RECOGNISED,
        "99013": None,
    }
    assert (rows["99001"].stage, rows["99007"].stage) == (CommuneStage.LISTED, CommuneStage.PUBLISHED)
    low = next(one for one in verdicts["99004"].verdict.criteria if one.code == "TC3")
    assert (str(low.points), low.met) == ("7.00", Outcome.NOT_MET)
    assert rows["99013"].cells == {}


@pytest.mark.parametrize("story", [HA_NOI, BINH_PHUOC], ids=["open", "closed"])
async def test_a_story_told_twice_adds_no_fact(house, told, story):
    # Given a season with two communes, which was closed or not
    teller = teller_of(house, told, story)
    before = await log_of(teller)

    # When it is told again, as by another start on the same folder
    await tell_all(teller)

    # Then nothing has been added, and both communes are recognised
    assert [one.position for one in await log_of(teller)] == [one.position for one in before]
    assert {row.result for row in (await standings(teller)).values()} == {Result.RECOGNISED}
    documents = [(row.document, row.state) for row in fold(EXPORTS, before).values()]
    assert Counter(documents) == {("decision", "ready"): 2, ("minutes", "ready"): 1}


@pytest.mark.parametrize("story", STORIES, ids=lambda story: story.slug)
async def test_rows_kept_up_live_made_anew_and_folded_as_of_the_end_are_the_same(house, told, working, story):
    _, tenant = told[story.slug]
    await settled(house, tenant)

    async with projecting(working) as (projector, _):
        assert await disagreements(house.reads, projector, tenant) == []


async def test_a_row_that_is_wrong_or_missing_in_the_table_is_named(house, told, working, superuser):
    # Given a table in which somebody has changed a dossier's row and taken away a season's
    _, tenant = told[THANH_HOA.slug]
    await settled(house, tenant)
    table = f"{tenant.id}.projected"
    await superuser.execute(
        f"UPDATE {table} SET body = (body::jsonb || '{{\"version\": 1}}')::json WHERE projection = 'sheets'"
    )
    await superuser.execute(f"DELETE FROM {table} WHERE projection = 'seasons'")

    # When the rows are held against the log
    async with projecting(working) as (projector, _):
        found = {one.projection: one for one in await disagreements(house.reads, projector, tenant)}
        again = await disagreements(house.reads, projector, tenant)

    # Then both are named, and the table that was made anew is right
    assert set(found) == {"sheets", "seasons"}
    assert found["seasons"].live == ""
    assert all(one.rebuilt == one.folded for one in found.values())
    assert again == []


async def settled(house: App, tenant: Tenant) -> None:
    """Until the read models hold everything."""
    assert await house.reads.reached(tenant, await house.store.position(tenant), PROJECTIONS, 60)


async def test_the_indicators_that_nobody_leads_are_named_before_the_season_opens(house):
    teller = await taken_in(house, replace(HA_NOI, dossiers=HA_NOI.dossiers[:1]))
    await teller.enrol()
    await teller.plan()

    assert await teller.open() == ("TC5.CT3", "TC5.CT4", "TC5.CT5")


async def test_a_season_that_people_have_planned_is_left_alone(house):
    # Given a season of the same year that an official planned for another commune
    story = replace(DONG_NAI, dossiers=DONG_NAI.dossiers[:1])
    people = await taken_in(house, story)
    await people.enrol()
    official = await people.held(story.province, Office.JUSTICE_DEPARTMENT, "planned by hand", story.calendar.planned)
    other = [Participant(DONG_NAI.dossiers[1].commune, story.decided_by)]
    await organise.plan_season(official, story.year, story.rulebook, other)
    planned = len(await log_of(people))

    # When the demonstration starts
    await tell_all(StoryBuilder(house, story, people.tenant, PROVIDER))

    # Then it adds nothing to it
    assert len(await log_of(people)) == planned


async def test_a_story_that_an_earlier_version_told_in_other_words_is_left_as_it_was_told(house):
    # Given a folder that another version has told: there the officials were appointed by other decisions
    story = replace(DONG_NAI, dossiers=DONG_NAI.dossiers[-2:])
    earlier = await taken_in(house, replace(story, dossiers=story.dossiers[::-1]))
    await tell_all(earlier)
    before = len(await log_of(earlier))

    # When the demonstration starts on this folder
    await tell_all(StoryBuilder(house, story, earlier.tenant, PROVIDER))

    # Then it says nothing against that, and adds nothing
    assert len(await log_of(earlier)) == before


class UnderFormerIds(StoryBuilder):
    """Tells as the version of 27/11/2026 did, by the ids that its commands had."""

    def _command(self, actor: Actor, what: str, day: date) -> Work:
        work = super()._command(actor, what, day)
        assert work.former_id is not None
        return work.again(work.former_id)


async def test_so_is_one_that_was_told_in_other_words_under_the_former_ids_of_its_commands(house):
    # Given a folder of that version, in which officials were appointed by other decisions
    story = replace(DONG_NAI, dossiers=DONG_NAI.dossiers[-3:-1])
    teller = await taken_in(house, story)
    earlier = UnderFormerIds(house, replace(story, dossiers=story.dossiers[::-1]), teller.tenant, PROVIDER)
    await tell_all(earlier)
    before = len(await log_of(earlier))
    assert before > len(teller.units)

    # When the demonstration starts on this folder
    await tell_all(teller)

    # Then it says nothing against that, and adds nothing
    assert len(await log_of(teller)) == before


async def test_under_todays_rules_every_value_is_met_or_not_met(house, told):
    teller = teller_of(house, told, DONG_NAI)

    dossier = fold_assessment(await log_of(teller), teller)
    assert {value_of(entry) for entry in dossier.values()} == {Outcome.MET}


def fold_assessment(facts: list[Recorded], teller: StoryBuilder):
    """The entries of the story's first commune."""
    stream = assessment_stream(teller.season, teller.story.dossiers[0].commune)
    mine = [recorded.fact for recorded in facts if recorded.stream == stream]
    dossier = None
    for fact in mine:
        dossier = fact.mutate(dossier)
    assert isinstance(dossier, Assessment)
    return dossier.entries


async def test_the_false_paper_says_another_thing_than_the_register_that_it_names():
    commune, indicator = FALSE_EVIDENCE
    papers = Papers("Tỉnh Mẫu", 2023)

    assert papers.paper(commune, indicator, FALSE) != papers.paper(commune, indicator)
    assert papers.paper(commune, indicator) != papers.paper(commune, "TC1.CT1")
    assert papers.paper(commune, indicator) == Papers("Tỉnh Mẫu", 2023).paper(commune, indicator)


@pytest.mark.parametrize("story", STORIES, ids=lambda story: story.slug)
def test_every_place_of_a_story_is_there_and_its_days_follow_each_other(story):
    units = {unit.code: unit for unit in units_of(story.province, story.era)}
    days = story.calendar

    assert {story.decided_by, *(one.commune for one in story.dossiers)} <= units.keys()
    assert [days.planned, days.opened, days.scored, days.posted, days.posted_until, days.submitted] == sorted(
        [days.planned, days.opened, days.scored, days.posted, days.posted_until, days.submitted]
    )
    assert days.submitted <= days.appraised <= days.met <= days.decided


def test_only_the_invented_province_has_anything_unfavourable():
    for story in STORIES:
        published = [one for one in story.dossiers if one.until is Until.PUBLISHED]
        if story is not TINH_MAU:
            assert all(one.veto == "no" and not one.criteria for one in published)


async def test_the_menu_leads_nobody_in_any_province_or_year_to_a_page_that_stays_shut(house, told):
    app = web_application(replace(house, settings=replace(house.settings, public_url=WEB), pool=None))
    shut = {}
    opened = 0
    for story, tenant in told.values():
        teller = StoryBuilder(house, story, tenant, PROVIDER)
        people = [office.key for office in offices(story, teller.units)]
        seasons = {row.season for row in fold(SEASONS, await log_of(teller)).values()}
        for key in [*people, ADMINISTRATOR]:
            async with signed_in(app, house, tenant, key) as client:
                for start in [f"/t/{tenant.slug}/viec", *(f"/t/{tenant.slug}/bang/{one}" for one in seasons)]:
                    page = await client.get(start)
                    for link in {start, *links_of_the_menu(page.text)}:
                        answer = page if link == start else await client.get(link)
                        opened += 1
                        if answer.status_code != 200:
                            shut[key, link] = answer.status_code

    assert shut == {}
    assert opened > 1_000


@asynccontextmanager
async def signed_in(app: Litestar, house: App, tenant: Tenant, key: str) -> AsyncIterator[httpx.AsyncClient]:
    """The person of this key in a browser of their own."""
    session_id, _ = await house.sessions.open(tenant=tenant.id, issuer=PROVIDER.issuer, subject=key, id_token="")
    transport = httpx.ASGITransport(app=app)  # type: ignore[arg-type]
    cookies, headers = {"session": session_id}, {"accept": "text/html"}
    async with httpx.AsyncClient(transport=transport, base_url=WEB, cookies=cookies, headers=headers) as client:
        yield client


def links_of_the_menu(html: str) -> set[str]:
    """Where the menu leads, beside the page or, on the phone, below it."""
    menus = re.findall(r'<nav class="rail".*?</nav>', html, re.DOTALL)
    return {unescape(href) for menu in menus for href in re.findall(r'href="([^"]+)"', menu)}
