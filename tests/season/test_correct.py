"""An open season goes on under a corrected text: what is decided stays, what is not is judged by the new one."""

from uuid import uuid4

import pytest

from domain.appraisal import appraisal_stream
from domain.assessment import Assessment, Stage, assessment_stream
from domain.errors import NotPermitted, OutOfOrder, ReasonMissing, Stale
from domain.measure import Kind, Measured
from domain.recognition import Recognition, recognition_stream
from domain.season import Season, season_stream
from infra.reference.rulebooks import shipped_texts
from projections.fold import fold
from projections.tables.standings import STANDINGS
from services.assessment import assess
from services.case.verdicts import judged
from services.rulebooks import keep
from services.season import organise
from services.season.correct import correct_rulebook, state_seen
from tests.provinces.story import COMMUNE, OTHER, TODAY, Story
from tests.recognition.test_recognise import appraised_anew, decide_on, voted_anew

SHIPPED = [text.decode() for text in shipped_texts() if b"id: qd-25-2021" in text][-1]


async def adopted(story: Story, *changes: tuple[str, str]) -> str:
    """The hash of a text that the province has adopted: the one that ships, with these changes."""
    text = f"{SHIPPED}\n# {uuid4()}\n"
    for old, new in changes:
        assert old in text, old
        text = text.replace(old, new, 1)
    await keep.keep_text(await story.as_administrator(), text)
    work = await story.as_administrator()
    sha256 = keep.text_hash(text)
    unverified = [one.path for one in (await work.rulebooks()).text(sha256).unverified]
    await keep.adopt_text(work, sha256, unverified, "1342/STP")
    return sha256


async def seen(story: Story, sha256: str) -> str:
    """What a preview of this moment stands for."""
    work = await story.as_administrator()
    season = await work.look(Season, season_stream(story.season))
    versions, keeping = {}, []
    for code in season.participants:
        dossier = await work.find(Assessment, assessment_stream(story.season, code))
        decided = await work.find(Recognition, recognition_stream(story.season, code))
        if decided or (dossier and dossier.stage is Stage.LISTED):
            keeping.append(code)
        else:
            streams = [await work.stream(of(story.season, code)) for of in (assessment_stream, appraisal_stream)]
            versions[code] = (streams[0].version, streams[1].version)
    return state_seen(sha256, season.version, versions, keeping)


async def correct(story: Story, sha256: str) -> None:
    await correct_rulebook(
        await story.as_administrator(), story.season, sha256, "Đối chiếu", "1342/STP", seen=await seen(story, sha256)
    )


async def test_an_open_season_and_its_undecided_communes_go_on_under_the_corrected_text(own_story: Story):
    await own_story.opened()
    await own_story.score("TC2.CT5")
    sha256 = await adopted(own_story)

    await correct(own_story, sha256)

    work = await own_story.as_administrator()
    season = await work.look(Season, season_stream(own_story.season))
    assert (season.rulebook_sha256, season.unassigned) == (sha256, ())
    for code in (COMMUNE, OTHER):
        dossier = await work.look(Assessment, assessment_stream(own_story.season, code))
        assert dossier.rulebook_sha256 == sha256
    await own_story.score("TC2.CT6")  # everybody works on


async def test_a_decided_commune_keeps_its_text_and_is_judged_by_it_for_ever(own_story: Story):
    await own_story.opened()
    await own_story.decided()
    former = own_story.rulebook.sha256
    before = (await own_story.facts())[-1].position
    sha256 = await adopted(own_story)

    await correct(own_story, sha256)

    rows = fold(STANDINGS, await own_story.facts())
    decided, other = rows[f"{own_story.season}/{COMMUNE}"], rows[f"{own_story.season}/{OTHER}"]
    assert (decided.rulebook_sha256, other.rulebook_sha256) == (former, sha256)
    then = fold(STANDINGS, [one for one in await own_story.facts() if one.position <= before])
    assert then[f"{own_story.season}/{COMMUNE}"] == decided
    rulebooks = await (await own_story.as_administrator()).rulebooks()
    assert judged(decided, rulebooks.text(decided.rulebook_sha256)).verdict.complete


async def test_a_commune_that_is_decided_on_anew_is_judged_by_its_own_text_not_the_seasons(own_story: Story):
    """Given a decided commune whose season was corrected after it, when its recognition is taken back and it is
    appraised, voted and decided on again, then by the text that its dossier has stood under all along.
    """
    await own_story.opened()
    await own_story.decided()
    former = own_story.rulebook.sha256
    sha256 = await adopted(own_story)
    await correct(own_story, sha256)
    await own_story.under_review()
    await own_story.revoke(on=TODAY)

    await appraised_anew(own_story)
    await voted_anew(own_story)
    await decide_on(own_story, TODAY)

    work = await own_story.as_administrator()
    season = await work.look(Season, season_stream(own_story.season))
    dossier = await work.look(Assessment, assessment_stream(own_story.season, COMMUNE))
    (again,) = [one.fact for one in await own_story.facts() if isinstance(one.fact, Recognition.DecidedAgain)]
    assert season.rulebook_sha256 == sha256
    assert again.rulebook_sha256 == dossier.rulebook_sha256 == former


async def test_a_season_that_is_over_stays_as_it_was_judged(own_story: Story):
    await own_story.opened()
    await organise.close_season(await own_story.as_administrator(), own_story.season, TODAY)
    sha256 = await adopted(own_story)

    with pytest.raises(OutOfOrder):
        await correct(own_story, sha256)
    assert "Season.RulebookCorrected" not in await own_story.kinds()


async def test_what_has_moved_since_the_preview_is_previewed_again(own_story: Story):
    await own_story.opened()
    sha256 = await adopted(own_story)
    looked_at = await seen(own_story, sha256)
    await own_story.score("TC2.CT5")

    with pytest.raises(Stale):
        await correct_rulebook(
            await own_story.as_administrator(), own_story.season, sha256, "Đối chiếu", "1342/STP", seen=looked_at
        )
    assert "Season.RulebookCorrected" not in await own_story.kinds()


async def test_a_planned_season_follows_without_a_preview(own_story: Story):
    await own_story.planned()
    sha256 = await adopted(own_story)

    await correct_rulebook(await own_story.as_administrator(), own_story.season, sha256, "Đối chiếu", "1342/STP")

    season = await (await own_story.as_administrator()).look(Season, season_stream(own_story.season))
    assert season.rulebook_sha256 == sha256


async def test_a_text_that_is_not_the_adopted_one_is_not_applied(own_story: Story):
    await own_story.planned()

    with pytest.raises(Stale):
        await correct_rulebook(await own_story.as_administrator(), own_story.season, "ab" * 32, "Đối chiếu", "1/STP")


async def test_a_correction_needs_a_reason_and_somebody_who_runs_the_season(own_story: Story):
    await own_story.planned()
    sha256 = await adopted(own_story)

    with pytest.raises(ReasonMissing):
        await correct_rulebook(await own_story.as_administrator(), own_story.season, sha256, " ", "1342/STP")
    with pytest.raises(NotPermitted):
        await correct_rulebook(await own_story.officer(), own_story.season, sha256, "Đối chiếu", "1342/STP")


async def test_the_same_text_twice_is_refused(own_story: Story):
    await own_story.opened()
    sha256 = await adopted(own_story)
    await correct(own_story, sha256)

    with pytest.raises(OutOfOrder):
        await correct(own_story, sha256)


async def test_a_value_that_was_the_rules_is_the_one_that_the_corrected_rule_gives(own_story: Story):
    await own_story.opened()
    measures = {"TC2.CT5.1": Measured(Kind.RATIO_BANDS, numerator=19, denominator=22)}  # 86 %
    await assess.score_indicator(await own_story.officer(), own_story.season, COMMUNE, "TC2.CT5", measures)
    before = (await own_story.dossier()).entry("TC2.CT5").points
    sha256 = await adopted(own_story, ("at_least: 90", "at_least: 86"))

    await correct(own_story, sha256)

    after = (await own_story.dossier()).entry("TC2.CT5")
    assert before is not None
    assert after.points is not None
    assert after.points > before
    assert dict(after.measures) == measures
    row = fold(STANDINGS, await own_story.facts())[f"{own_story.season}/{COMMUNE}"]
    assert row.cells["TC2.CT5"].points == after.points
