"""What a correction of an open season means for dossiers on their way: voted on, sent, lacking what the text adds."""

from dataclasses import replace
from decimal import Decimal
from uuid import uuid4

import asyncpg
import pytest

from domain.assessment import Assessment, Stage, assessment_stream
from domain.errors import CouncilVoted, IndicatorsUnassigned, IndicatorsUnscored
from domain.judging import Verdict
from domain.measure import Kind, Measured
from domain.official import Office
from domain.recognition import Recognition, recognition_stream
from infra.platform.config import Settings
from projections.fold import fold
from projections.tables.standings import STANDINGS
from services.app import App
from services.appraisal import appraise
from services.assessment import assess
from services.case.verdicts import judged
from services.season.correct import correct_rulebook
from services.wiring import wired
from services.work import SYSTEM
from tests.provinces.story import COMMUNE, OTHER, TODAY, Story
from tests.provinces.telling import put_back
from tests.season.test_correct import adopted, correct, seen

#: A change of wording alone; and an indicator more, which takes two of the points of another.
WORDED = (("name: Ban hành văn bản", "name: Ban hành các văn bản"),)
ADDED = "TC5.CT5"
LAST = """        max_points: 5
        points_provenance: provisional
        measure: {kind: points, step: 0.25}
        measure_provenance: provisional
agreements: []"""
ONE_MORE = f"""        max_points: 3
        points_provenance: provisional
        measure: {{kind: points, step: 0.25}}
        measure_provenance: provisional
      - code: {ADDED}
        name: Tổ chức họp thôn, tổ dân phố bàn về an ninh, trật tự
        name_provenance: sourced
        max_points: 2
        points_provenance: provisional
        measure: {{kind: points, step: 0.25}}
        measure_provenance: provisional
agreements: []"""


async def dossier(story: Story) -> Assessment:
    work = await story.as_administrator()
    return await work.look(Assessment, assessment_stream(story.season, COMMUNE))


async def test_a_vote_stands_when_only_words_change_and_the_decision_is_made_by_the_new_text(own_story: Story):
    await own_story.opened()
    await own_story.voted()
    sha256 = await adopted(own_story, *WORDED)

    await correct(own_story, sha256)
    await own_story.decide()

    work = await own_story.as_administrator()
    decided = await work.look(Recognition, recognition_stream(own_story.season, COMMUNE))
    assert (await dossier(own_story)).rulebook_sha256 == sha256
    assert decided.rulebook_sha256 == sha256
    assert "Appraisal.Resumed" not in await own_story.kinds()


async def test_what_the_council_has_voted_on_is_not_changed_under_its_vote(own_story: Story):
    await own_story.opened()
    await own_story.voted()
    former = own_story.rulebook.sha256
    sha256 = await adopted(own_story, (LAST, ONE_MORE))

    with pytest.raises(CouncilVoted) as refusal:
        await with_a_lead(own_story, sha256)

    assert refusal.value.details["communes"] == (COMMUNE,)
    assert (await dossier(own_story)).rulebook_sha256 == former
    assert "Season.RulebookCorrected" not in await own_story.kinds()


async def test_an_indicator_that_the_text_adds_has_a_lead_and_is_entered_before_the_sheet_is_complete(own_story: Story):
    # Given a commune that has entered everything
    await own_story.opened()
    await own_story.filled()
    sha256 = await adopted(own_story, (LAST, ONE_MORE))

    # When the season goes over, then not without somebody who leads what is new
    with pytest.raises(IndicatorsUnassigned) as refusal:
        await correct(own_story, sha256)
    assert refusal.value.details["indicators"] == (ADDED,)
    await with_a_lead(own_story, sha256)

    # Then the sheet is not complete until that lead has entered it, and what was entered before stands
    values = {code: entry.points for code, entry in (await dossier(own_story)).entries.items()}
    assert values["TC5.CT4"] is None  # five points, of which the text leaves three: proposed again
    assert values["TC5.CT3"] == 5
    with pytest.raises(IndicatorsUnscored):
        await assess.consolidate(await own_story.officer(), own_story.season, COMMUNE, TODAY)
    for code, points in (("TC5.CT4", 3), (ADDED, 2)):
        await enter(own_story, code, points)
    await assess.consolidate(await own_story.officer(), own_story.season, COMMUNE, TODAY)


async def test_a_dossier_that_was_sent_is_returned_for_what_the_text_adds(own_story: Story):
    await own_story.opened()
    await own_story.submitted()
    sha256 = await adopted(own_story, (LAST, ONE_MORE))
    await with_a_lead(own_story, sha256)

    for code, points in (("TC5.CT4", 3), (ADDED, 2)):
        await appraise.return_indicator(
            await own_story.appraiser(), own_story.season, COMMUNE, code, "Bộ tiêu chí đã sửa", TODAY
        )
        await enter(own_story, code, points)
    await assess.resubmit(await own_story.chairman(), own_story.season, COMMUNE, TODAY)

    sent = await dossier(own_story)
    assert sent.stage is Stage.SUBMITTED
    assert (sent.entry("TC5.CT4").points, sent.entry(ADDED).points) == (Decimal(3), Decimal(2))


async def with_a_lead(story: Story, sha256: str) -> None:
    await correct_rulebook(
        await story.as_administrator(),
        story.season,
        sha256,
        "Đối chiếu",
        "1342/STP",
        [(ADDED, Office.JUSTICE_OFFICER, ())],
        await seen(story, sha256),
    )


async def enter(story: Story, code: str, points: int) -> None:
    measures = {code: Measured(Kind.POINTS, points=Decimal(points))}
    await assess.score_indicator(await story.officer(), story.season, COMMUNE, code, measures)
    if code == ADDED:
        await story.attach(code)


async def test_a_log_that_was_put_back_from_a_copy_judges_by_the_texts_that_it_holds(
    services: Settings, own_story: Story, superuser: asyncpg.Connection
):
    # Given a season that went over to a text of the province, and a copy of its log
    await own_story.opened()
    await own_story.decided()
    await own_story.filled(OTHER)
    kept = await adopted(own_story, ("threshold: 80", "threshold: 85"))
    await correct(own_story, kept)
    before = await judged_now(own_story, own_story.house)

    # When the season went over to one more, and the copy is put back in its place
    async with put_back(superuser, own_story.tenant.id):
        lost = await adopted(own_story, ("threshold: 80", "threshold: 90"))
        await correct(own_story, lost)

    # Then a house that was started again knows the text of the copy, and no other
    async with wired(services) as house:
        again = replace(own_story, house=house)
        rulebooks = await (await again.as_administrator()).rulebooks()
        assert await judged_now(again, house) == before
        assert [one.rulebook_sha256 for one in fold(STANDINGS, await again.facts()).values()] == [
            own_story.rulebook.sha256,
            kept,
        ]
        assert rulebooks.find(lost) is None


async def judged_now(story: Story, house: App) -> list[tuple[str, Verdict]]:
    """The verdict of each commune, by the text that its dossier goes by."""
    rulebooks = await house.work(story.tenant, SYSTEM, uuid4(), TODAY).rulebooks()
    rows = fold(STANDINGS, await story.facts()).values()
    return [(row.commune, judged(row, rulebooks.text(row.rulebook_sha256)).verdict) for row in rows]
