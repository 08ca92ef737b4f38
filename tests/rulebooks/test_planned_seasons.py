"""What a sign-off means for seasons: planned ones follow at once, open ones stay, closed ones stay for ever."""

from uuid import uuid4

import pytest

from domain.errors import IndicatorsUnassigned
from domain.official import Office
from domain.season import Participant, Season, season_stream
from infra.reference.rulebooks import shipped_texts
from projections.fold import fold
from projections.tables.seasons import SEASONS
from services.rulebooks import keep
from services.season import organise
from tests.provinces.story import COMMUNE, DISTRICT, TODAY, Story
from tests.rulebooks.test_draft import RULEBOOK, as_second, change, sign_off

PLANNED, OPEN, CLOSED = "2025", "2024", "2023"


async def plan(story: Story, season: str, rulebook: str = RULEBOOK) -> None:
    work = await story.as_administrator()
    await organise.plan_season(work, int(season), rulebook, [Participant(COMMUNE, DISTRICT)])


async def assign(story: Story, season: str) -> None:
    matrix = [(code, Office.JUSTICE_OFFICER, ()) for code in (await season_of(story, season)).indicators]
    await organise.assign_indicators(await story.as_administrator(), season, matrix, "02/QĐ")


async def season_of(story: Story, season: str) -> Season:
    return await (await story.as_administrator()).look(Season, season_stream(season))


async def texts(story: Story, *seasons: str) -> list[str]:
    return [(await season_of(story, one)).rulebook_sha256 for one in seasons]


@pytest.fixture
async def years(own_story: Story) -> Story:
    """A year that has ended, one under way, one that is planned: all under the text that ships."""
    for season in (CLOSED, OPEN, PLANNED):
        await plan(own_story, season)
        await assign(own_story, season)
    for season in (CLOSED, OPEN):
        await organise.open_season(await own_story.as_administrator(), season, TODAY)
    await organise.close_season(await own_story.as_administrator(), CLOSED, TODAY)
    return own_story


async def test_a_planned_season_follows_the_sign_off_and_no_other_does(years: Story):
    former = years.rulebook.sha256
    assert await texts(years, CLOSED, OPEN, PLANNED) == [former] * 3
    await change(await years.as_administrator(), "TC1.name", "Ban hành văn bản")

    await sign_off(await as_second(years))

    closed, running, planned = await texts(years, CLOSED, OPEN, PLANNED)
    assert (closed, running) == (former, former)
    assert planned == (await keep.adopted_rulebook(await years.as_administrator(), RULEBOOK)).sha256 != former
    years.season = PLANNED
    (row,) = fold(SEASONS, await years.facts()).values()
    assert row.corrected is not None
    assert (row.corrected.reason, row.corrected.document_no) == ("", "1342/STP-PBGDPL")
    await organise.open_season(await years.as_administrator(), PLANNED, TODAY)


async def test_a_planned_season_follows_a_text_that_is_adopted_as_a_whole(years: Story):
    text = next(text.decode() for text in reversed(shipped_texts()) if b"id: qd-25-2021" in text) + f"# {uuid4()}\n"
    await keep.keep_text(await years.as_administrator(), text)
    sha256 = keep.text_hash(text)
    unverified = [one.path for one in (await (await years.as_administrator()).rulebooks()).text(sha256).unverified]

    await keep.adopt_text(await years.as_administrator(), sha256, unverified, "15/STP")

    assert await texts(years, CLOSED, OPEN, PLANNED) == [years.rulebook.sha256, years.rulebook.sha256, sha256]


async def test_a_further_round_that_is_planned_follows_and_the_round_that_was_cancelled_does_not(own_story: Story):
    await plan(own_story, PLANNED)
    await organise.cancel_season(await own_story.as_administrator(), PLANNED, "Chờ hướng dẫn", "7/UBND")
    await organise.plan_season(
        await own_story.as_administrator(),
        int(PLANNED),
        RULEBOOK,
        [Participant(COMMUNE, DISTRICT)],
        further_round=True,
    )
    await change(await own_story.as_administrator(), "TC1.name", "Ban hành văn bản")

    await sign_off(await as_second(own_story))

    cancelled, planned = await texts(own_story, PLANNED, f"{PLANNED}-2")
    assert cancelled == own_story.rulebook.sha256 != planned


async def test_a_practice_round_that_is_planned_follows_too(own_story: Story):
    work, participants = await own_story.as_administrator(), [Participant(COMMUNE, DISTRICT)]
    await organise.plan_season(work, int(PLANNED), RULEBOOK, participants, practice=True)
    await change(await own_story.as_administrator(), "TC1.name", "Ban hành văn bản")

    await sign_off(await as_second(own_story))

    assert await texts(own_story, f"{PLANNED}-thu") != [own_story.rulebook.sha256]


async def test_a_season_under_another_rulebook_does_not_follow(own_story: Story):
    await plan(own_story, PLANNED, "qd-619-2017")
    (before,) = await texts(own_story, PLANNED)
    await change(await own_story.as_administrator(), "TC1.name", "Ban hành văn bản")

    await sign_off(await as_second(own_story))

    assert await texts(own_story, PLANNED) == [before]


async def test_an_indicator_that_the_text_adds_is_assigned_before_the_opening(years: Story):
    # Given a text in which an indicator has another code: one fewer, one more
    shipped = next(text.decode() for text in reversed(shipped_texts()) if b"id: qd-25-2021" in text)
    text = shipped.replace("TC2.CT6", "TC2.CT9")
    await keep.keep_text(await years.as_administrator(), text)
    sha256 = keep.text_hash(text)
    unverified = [one.path for one in (await (await years.as_administrator()).rulebooks()).text(sha256).unverified]

    # When the province takes it
    await keep.adopt_text(await years.as_administrator(), sha256, unverified, "15/STP")

    # Then the planned season follows, whose opening names the one that nobody leads
    planned = await season_of(years, PLANNED)
    assert "TC2.CT6" not in planned.assignments
    assert planned.unassigned == ("TC2.CT9",)
    with pytest.raises(IndicatorsUnassigned):
        await organise.open_season(await years.as_administrator(), PLANNED, TODAY)
    await assign(years, PLANNED)
    await organise.open_season(await years.as_administrator(), PLANNED, TODAY)
