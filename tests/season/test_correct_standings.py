"""What the preview of a correction says of a commune is what applying it does, wherever the commune stands."""

from collections.abc import Awaitable, Callable
from datetime import date

import pytest

from domain.errors import CouncilVoted
from domain.measure import Answer
from domain.official import COMMUNE_OFFICERS, Office
from domain.rulebook import Rulebook
from infra.reference.rulebooks import load_calendar
from projections.analysis.correction_preview import CorrectionPreview, preview
from projections.fold import fold
from projections.lists.corrected import asked_by_corrections
from projections.lists.due_list import Duty, Task, of_commune
from projections.tables.seasons import SEASONS, SeasonRow
from projections.tables.sheets import SHEETS
from projections.tables.standings import STANDINGS, Standing
from services.appraisal import appraise
from services.assessment import assess, commune_steps
from services.case.verdicts import judged
from services.recognition.listing import list_not_meeting
from services.season import organise
from tests.provinces.steps import StepsStory
from tests.provinces.story import COMMUNE, DISTRICT_OFFICES, TODAY, Story
from tests.season.test_correct import adopted
from tests.season.test_corrected_dossiers import ADDED, LAST, ONE_MORE, with_a_lead

Told = Callable[[StepsStory], Awaitable[object]]

#: The text lowers what an indicator gives at most, so that its value is proposed again, and adds another.
SET_ASIDE = "TC5.CT4"


async def collecting(story: StepsStory) -> None:
    await story.filled()


async def consolidated(story: StepsStory) -> None:
    await story.filled()
    await assess.consolidate(await story.officer(), story.season, COMMUNE, TODAY)


async def posted(story: StepsStory) -> None:
    await story.posted()


async def agreed(story: StepsStory) -> None:
    await story.posted()
    await story.agree()


async def reported(story: StepsStory) -> None:
    """A head was disciplined: the commune reports that it does not meet the conditions."""
    await story.filled()
    await assess.declare_veto(await story.officer(), story.season, COMMUNE, "C3", Answer.YES, "Quyết định kỷ luật 5")
    await story.display_filled()
    await story.agreed()
    await commune_steps.report_not_meeting(await story.chairman(), story.season, COMMUNE, "12/BC", date(2024, 1, 9))


async def listed(story: StepsStory) -> None:
    await reported(story)
    await list_not_meeting(await story.decider(), story.season, COMMUNE, "108/QĐ-UBND", TODAY)


async def submitted(story: StepsStory) -> None:
    await story.submitted()


async def supplementing(story: StepsStory) -> None:
    """The appraiser gave another indicator back, and agreed to all the rest."""
    await story.submitted()
    work = await story.appraiser()
    await appraise.return_indicator(work, story.season, COMMUNE, "TC2.CT5", "Thiếu danh sách", TODAY)
    await appraise.agree_all_unchanged(await story.appraiser(), story.season, COMMUNE)


async def appraised(story: StepsStory) -> None:
    await story.submitted()
    await story.appraised()


async def concluded(story: StepsStory) -> None:
    await story.concluded()


async def convened(story: StepsStory) -> None:
    await story.concluded()
    await story.meeting()


async def voting(story: StepsStory) -> None:
    await story.vote_open()


async def voted(story: StepsStory) -> None:
    await story.voted()


async def decided(story: StepsStory) -> None:
    await story.decided()


async def revoked(story: StepsStory) -> None:
    await story.decided()
    await story.under_review()
    await story.revoke(on=TODAY)


async def withdrawn(story: StepsStory) -> None:
    await story.filled()
    work = await story.as_administrator()
    await organise.withdraw_participant(work, story.season, COMMUNE, "Sáp nhập", "9/NQ")


#: Whose part it is to act once the season has gone over.
COMMUNE_ITSELF, APPRAISER, NOBODY = "commune", "appraiser", "nobody"

STANDING: list[tuple[Told, str]] = [
    (collecting, COMMUNE_ITSELF),
    (consolidated, COMMUNE_ITSELF),
    (posted, COMMUNE_ITSELF),
    (agreed, COMMUNE_ITSELF),
    (reported, COMMUNE_ITSELF),
    (submitted, APPRAISER),
    (supplementing, APPRAISER),
    (appraised, APPRAISER),
    (concluded, APPRAISER),
    (convened, APPRAISER),
    (listed, NOBODY),
    (decided, NOBODY),
    (revoked, NOBODY),
    (withdrawn, NOBODY),
]

each_standing = pytest.mark.parametrize(
    ("told", "who"), STANDING, ids=lambda one: one.__name__ if callable(one) else str(one)
)


@each_standing
async def test_applying_a_correction_does_what_its_preview_says_and_asks_somebody_for_what_is_missing(
    own_story: Story, told: Told, who: str
):
    # Given a commune that stands there, and a text that sets one of its values aside and adds an indicator
    story = StepsStory(own_story.house, own_story.tenant, "")
    await story.opened([COMMUNE])
    await told(story)
    sha256 = await adopted(story, (LAST, ONE_MORE))
    found, before = await previewed(story, sha256), await standing(story)

    # When the season goes over
    await with_a_lead(story, sha256)

    # Then the commune is asked for what the preview lists, judged as it says, and left alone where it says so
    after, season = await standing(story), await season_row(story)
    if who is NOBODY:
        assert found.open == ()
        assert {*found.data_again, *found.values_again, *found.added} == set()
        assert (after.rulebook_sha256, after.cells) == (before.rulebook_sha256, before.cells)
        assert await corrected_tasks(story) == {}
        return
    (one,) = found.open
    rulebook = await text(story, sha256)
    assert after.rulebook_sha256 == sha256
    assert judged(after, rulebook).verdict == one.after
    assert (after.proposal is None) is (one.anew or before.proposal is None)
    assert set(asked_by_corrections(after, season)) == {*found.values_again, *found.added} == {SET_ASIDE, ADDED}
    # And it is the task of somebody who can do something about it, with the reason
    tasks = await corrected_tasks(story)
    assert set(tasks) == {who}
    assert all(task.corrected and task.corrected.reason == "Đối chiếu" for task in tasks[who])


@pytest.mark.parametrize("told", [voting, voted], ids=lambda one: one.__name__)
async def test_what_the_council_votes_on_is_named_by_the_preview_as_by_the_refusal(own_story: Story, told: Told):
    story = StepsStory(own_story.house, own_story.tenant, "")
    await story.opened([COMMUNE])
    await told(story)
    sha256 = await adopted(story, (LAST, ONE_MORE))

    found = await previewed(story, sha256)

    assert [one.standing.commune for one in found.open if one.anew] == [COMMUNE]
    with pytest.raises(CouncilVoted):
        await with_a_lead(story, sha256)


async def test_a_sheet_that_was_brought_together_goes_on_once_it_was_taken_back(own_story: Story):
    story = StepsStory(own_story.house, own_story.tenant, "")
    await story.opened([COMMUNE])
    await posted(story)
    await with_a_lead(story, await adopted(story, (LAST, ONE_MORE)))
    (task,) = (await corrected_tasks(story))[COMMUNE_ITSELF]

    await assess.reopen(await story.officer(), story.season, COMMUNE, "Bộ tiêu chí đã sửa")

    entering = (await corrected_tasks(story))[COMMUNE_ITSELF]
    assert (task.duty, task.how_many) == (Duty.REOPEN, 2)
    assert {(one.duty, one.indicator) for one in entering} == {(Duty.ENTER, SET_ASIDE), (Duty.ENTER, ADDED)}


# What there is ------------------------------------------------------------------------------------------


async def previewed(story: Story, sha256: str) -> CorrectionPreview:
    facts = await story.facts()
    sheets = {row.commune: row for row in fold(SHEETS, facts).values()}
    return preview(fold(STANDINGS, facts).values(), sheets, story.rulebook, await text(story, sha256), load_calendar())


async def standing(story: Story) -> Standing:
    return fold(STANDINGS, await story.facts())[f"{story.season}/{COMMUNE}"]


async def season_row(story: Story) -> SeasonRow:
    return fold(SEASONS, await story.facts())[story.season]


async def text(story: Story, sha256: str) -> Rulebook:
    return (await (await story.as_administrator()).rulebooks()).text(sha256)


async def corrected_tasks(story: Story) -> dict[str, list[Task]]:
    """The tasks that the correction gives to somebody: of the commune's people, and of the appraiser."""
    row, season = await standing(story), await season_row(story)
    if row.withdrawn:
        return {}
    rulebook = await text(story, row.rulebook_sha256)
    people = {
        COMMUNE_ITSELF: [f"{COMMUNE} {office}" for office in (*COMMUNE_OFFICERS, Office.COMMUNE_CHAIRMAN)],
        APPRAISER: [str(office) for office in DISTRICT_OFFICES],
    }
    found: dict[str, list[Task]] = {}
    for who, subjects in people.items():
        for subject in subjects:
            actor = (await story.by(subject)).actor
            tasks = [one for one in of_commune(row, season, rulebook, actor) if one.corrected]
            if tasks and (leading := [one for one in tasks if one.leads]):
                found.setdefault(who, []).extend(leading)
    return found
