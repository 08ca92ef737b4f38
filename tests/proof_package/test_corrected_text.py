"""A commune of a season whose rulebook was corrected: its proof package holds the texts, and verifies by them."""

from domain.recognition import Result
from domain.rulebook_text import RulebookText
from services.recognition import recognise
from services.seals.verify_answer import ExitCode
from tests.proof_package.conftest import Packaged
from tests.provinces.story import COMMUNE, Story
from tests.season.test_correct import adopted, correct


async def test_the_proof_package_of_a_corrected_season_holds_every_text_it_went_by_and_verifies(
    own_story: Story, packaged: Packaged
):
    # Given a season that went over to one text of the province and then to another, and a commune decided under that
    story = await own_story.opened()
    first = await adopted(story, ("name: Ban hành văn bản", "name: Ban hành các văn bản"))
    await correct(story, first)
    await story.voted()
    second = await adopted(story, ("threshold: 80", "threshold: 85"))
    await correct(story, second)
    await recognise.decide(await story.decider(), story.season, COMMUNE, Result.RECOGNISED, "42/QĐ-UBND")

    # When its proof package is asked for
    found = await packaged(story)

    # Then somebody who has only what ships finds both texts in it, and that it holds
    assert (found.answer, found.reason) == (ExitCode.UNWITNESSED, "")
    assert found.history is not None
    texts = {
        line.recorded.fact.sha256 for line in found.history.lines if isinstance(line.recorded.fact, RulebookText.Kept)
    }
    assert texts == {first, second}
