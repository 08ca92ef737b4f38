"""A dossier that is followed step by step is the one that the whole log gives, now and at every earlier position."""

from domain.assessment import Stage
from projections.tables.seasons import SEASONS
from projections.tables.sheets import SHEETS
from services.case.case_cache import Dossiers
from tests.provinces.story import COMMUNE, Story


async def test_a_followed_dossier_is_the_one_read_at_once(story: Story) -> None:
    followed = Dossiers(story.house.store)
    await followed.now(story.tenant, story.season, COMMUNE)

    for step in (story.submitted, story.appraised, story.meeting):
        await step()
        continued = await followed.now(story.tenant, story.season, COMMUNE)
        afresh = await Dossiers(story.house.store).now(story.tenant, story.season, COMMUNE)

        assert continued.rows == afresh.rows
        assert sorted(continued.facts) == sorted(afresh.facts)
        assert continued.position == afresh.position


async def test_the_past_is_not_touched_by_what_was_followed_since(story: Story) -> None:
    followed = Dossiers(story.house.store)
    await story.filled()
    before = await followed.now(story.tenant, story.season, COMMUNE)
    await story.submit_filled()
    await followed.now(story.tenant, story.season, COMMUNE)

    then = await followed.then(story.tenant, story.season, COMMUNE, before.position)

    assert then.rows == before.rows
    assert then.row(SHEETS, f"{story.season}/{COMMUNE}").stage is Stage.COLLECTING


async def test_who_decides_is_no_part_of_the_dossiers_own_history(story: Story) -> None:
    await story.council()

    seen = await Dossiers(story.house.store).now(story.tenant, story.season, COMMUNE)

    assert "council" in {recorded.stream.kind for recorded in seen.facts}
    assert {recorded.stream.kind for recorded in seen.own} == {"season", "assessment", "unit"}


async def test_only_so_many_dossiers_are_kept(story: Story) -> None:
    followed = Dossiers(story.house.store, kept=1)

    for commune in (COMMUNE, "no-such-commune", COMMUNE):
        seen = await followed.now(story.tenant, story.season, commune)

        assert seen.row(SEASONS, story.season) is not None
