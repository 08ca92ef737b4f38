from collections import Counter
from collections.abc import AsyncIterator, Iterator
from dataclasses import replace
from uuid import uuid4

import pytest

from domain.assessment import Assessment, assessment_stream
from domain.fact import Recorded
from domain.measure import Outcome
from domain.official import Position
from domain.recognition import Result
from domain.season import Participant
from infra.config import Settings
from infra.tenants import IdentityProvider
from infra.units import units_of
from projections.exports import EXPORTS
from projections.fold import fold
from projections.standings import STANDINGS, Standing
from services import seasons
from services.assessing import value_of
from services.demo.papers import FALSE, Papers
from services.demo.provinces import DONG_NAI, FALSE_EVIDENCE, HA_NOI, STORIES, TINH_MAU, Story, Until
from services.demo.telling import Teller, take_in, tell_all
from services.supervise import PROGRAMS, supervised
from services.tenancy import as_operator
from services.verdicts import Status, judged
from services.wiring import Wiring, wired

READERS_AND_WORKERS = {name: PROGRAMS[name] for name in ("projector", "worker-short", "worker-long")}


@pytest.fixture(scope="module")
def working(services: Settings, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Settings]:
    """Read models are kept up and documents are made, as in the demonstration; there is no web."""
    settings = replace(services, folder=tmp_path_factory.mktemp("demo"))
    with supervised(settings, READERS_AND_WORKERS):
        yield settings


@pytest.fixture
async def house(working: Settings) -> AsyncIterator[Wiring]:
    async with wired(working) as house:
        yield house


async def taken_in(house: Wiring, story: Story) -> Teller:
    """The province of the story, under a name of this test's own."""
    own = replace(story, slug=f"{story.slug}-{uuid4().hex}")
    async with as_operator(house.settings) as operator:
        return await take_in(house, operator, own, IdentityProvider("https://id.example", "minhchuan"))


async def log_of(teller: Teller) -> list[Recorded]:
    return [recorded async for page in teller.house.store.read(teller.tenant) for recorded in page]


async def standings(teller: Teller) -> dict[str, Standing]:
    return {row.commune: row for row in fold(STANDINGS, await log_of(teller)).values()}


async def test_in_tinh_mau_each_commune_passes_or_fails_as_the_story_has_it(house):
    teller = await taken_in(house, replace(TINH_MAU, dossiers=TINH_MAU.dossiers[:5]))

    await tell_all(teller)

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
        "99001": Result.NOT_RECOGNISED,
        "99004": Result.NOT_RECOGNISED,
        "99007": Result.NOT_RECOGNISED,
        "99010": Result.RECOGNISED,
        "99013": None,
    }
    low = next(one for one in verdicts["99004"].verdict.criteria if one.code == "TC3")
    assert (str(low.points), low.met) == ("7.00", Outcome.NOT_MET)
    assert rows["99013"].cells == {}


@pytest.mark.parametrize("closes", [False, True], ids=["open", "closed"])
async def test_a_story_told_twice_adds_no_fact(house, closes):
    # Given a season in which three indicators have nobody to lead them, with two wards
    story = replace(HA_NOI, dossiers=HA_NOI.dossiers[:2], closes=closes)
    teller = await taken_in(house, story)
    await tell_all(teller)
    told = await log_of(teller)

    # When it is told again, as by another start on the same folder
    await tell_all(Teller(house, teller.story, teller.tenant, IdentityProvider(teller.issuer, "minhchuan")))

    # Then nothing has been added, and both wards are recognised
    assert [one.position for one in await log_of(teller)] == [one.position for one in told]
    assert {row.result for row in (await standings(teller)).values()} == {Result.RECOGNISED}
    documents = [(row.document, row.state) for row in fold(EXPORTS, told).values()]
    assert Counter(documents) == {("decision", "ready"): 2, ("minutes", "ready"): 1}


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
    official = await people.held(story.province, Position.JUSTICE_DEPARTMENT, "planned by hand", story.calendar.planned)
    other = [Participant(DONG_NAI.dossiers[1].commune, story.decided_by)]
    await seasons.plan_season(official, story.year, story.rulebook, other)
    planned = len(await log_of(people))

    # When the demonstration starts
    await tell_all(Teller(house, story, people.tenant, IdentityProvider(people.issuer, "minhchuan")))

    # Then it adds nothing to it
    assert len(await log_of(people)) == planned


async def test_under_todays_rules_every_value_is_met_or_not_met(house):
    teller = await taken_in(house, replace(DONG_NAI, dossiers=DONG_NAI.dossiers[:1]))
    await tell_all(teller)

    dossier = fold_assessment(await log_of(teller), teller)
    assert {value_of(entry) for entry in dossier.values()} == {Outcome.MET}


def fold_assessment(facts: list[Recorded], teller: Teller):
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
