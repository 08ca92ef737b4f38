"""A commune of a season whose rulebook was corrected: its proof package holds the texts, and verifies by them."""

from pathlib import Path

import asyncpg

from domain.recognition import Result
from domain.rulebook_text import RulebookText
from infra.platform.config import Settings
from infra.transparency.sealer import Sealer, connect
from infra.transparency.sealer_store import SealerStore
from services.app import App
from services.recognition import recognise
from services.seals.verify_answer import ExitCode
from tests.proof_package.test_package_on_request import Sealed, asked_by_inspector, kept, worth
from tests.provinces.papers import made, workshop
from tests.provinces.story import COMMUNE, Story
from tests.season.test_correct import adopted, correct

__all__ = ["kept"]


async def test_the_proof_package_of_a_corrected_season_holds_every_text_it_went_by_and_verifies(
    house: App,
    services: Settings,
    own_story: Story,
    kept: SealerStore,
    superuser: asyncpg.Connection,
    tmp_path: Path,
):
    # Given a season that went over to one text of the province and then to another, and a commune decided under that
    story = await own_story.opened()
    first = await adopted(story, ("name: Ban hành văn bản", "name: Ban hành các văn bản"))
    await correct(story, first)
    await story.voted()
    second = await adopted(story, ("threshold: 80", "threshold: 85"))
    await correct(story, second)
    await recognise.decide(await story.decider(), story.season, COMMUNE, Result.RECOGNISED, "42/QĐ-UBND")
    log = Sealed(story, Sealer(await connect(services.sealer_url), kept), kept, superuser)
    trust = await log.trust()

    # When its proof package is asked for
    export = await asked_by_inspector(story)
    await log.seal()
    await log.sealer.close()
    async with workshop(house) as shop:
        found = await worth((await made(shop, story, export)).content, trust, tmp_path)

    # Then somebody who has only what ships finds both texts in it, and that it holds
    assert (found.answer, found.reason) == (ExitCode.UNWITNESSED, "")
    assert found.history is not None
    texts = {
        line.recorded.fact.sha256 for line in found.history.lines if isinstance(line.recorded.fact, RulebookText.Kept)
    }
    assert texts == {first, second}
