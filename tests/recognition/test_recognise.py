from datetime import date
from decimal import Decimal
from hashlib import sha256

import pytest

from domain.appraised import spelled
from domain.errors import (
    AgainstTheRules,
    AlreadyDecided,
    BasisMissing,
    NotPermitted,
    OutOfOrder,
    ReasonMissing,
)
from domain.judging import Sheet
from domain.measure import Answer
from domain.meeting import Choice
from domain.official import Office
from domain.recognition import Recognition, Result, recognition_stream
from infra.ledger.canonical_json import canonical
from services.appraisal import appraise
from services.assessment import assess
from services.documents.reading import AsItStood
from services.recognition import decision_document, recognise
from tests.provinces.story import COMMUNE, Story


async def decision(story: Story) -> Recognition:
    return await (await story.decider()).look(Recognition, recognition_stream(story.season, COMMUNE))


async def decide(story: Story, result: Result, reason: str | None = None) -> None:
    await recognise.decide(await story.decider(), story.season, COMMUNE, result, "41/QĐ-UBND", date(2024, 2, 5), reason)


async def test_a_decided_commune_is_signed_and_published(story: Story):
    await story.decided()

    await recognise.sign(await story.decider(), story.season, COMMUNE, "ab" * 32)
    await recognise.publish(await story.appraiser(), story.season, COMMUNE, "Cổng thông tin")

    assert (await decision(story)).published_on is not None


async def test_a_decision_records_what_it_relied_on_as_it_stood(story: Story):
    await story.decided()

    for relied_on in (await decision(story)).relied_on:
        async with story.house.database.reading(story.tenant) as connection:
            row = await connection.fetchrow(
                f"SELECT kind, version, leaf_hash FROM {story.tenant.id}.events"
                " WHERE stream_id = $1 ORDER BY version DESC LIMIT 1",
                relied_on.stream,
            )
        assert row is not None
        assert tuple(row) == (relied_on.kind, relied_on.version, bytes.fromhex(relied_on.leaf_hash))
    assert [one.kind for one in (await decision(story)).relied_on] == ["season", "assessment", "appraisal", "meeting"]


async def test_the_hash_of_what_was_judged_can_be_computed_again(story: Story):
    await story.decided()

    sheet = Sheet(values={one.code: one.max_points for one in story.rulebook.indicators})
    expected = sha256(canonical(spelled(sheet, story.rulebook))).hexdigest()
    assert (await decision(story)).state_sha256 == expected


async def test_a_decision_needs_the_appraisal_and_the_vote(story: Story):
    with pytest.raises(BasisMissing) as without_appraisal:
        await decide(story, Result.RECOGNISED)
    await story.concluded()
    with pytest.raises(BasisMissing) as without_vote:
        await decide(story, Result.RECOGNISED)

    assert without_appraisal.value.details["missing"] == "appraisal"
    assert without_vote.value.details["missing"] == "vote"


async def test_deciding_against_the_vote_needs_a_written_reason(story: Story):
    await story.voted(Choice.AGAINST)

    with pytest.raises(ReasonMissing):
        await decide(story, Result.RECOGNISED)
    with pytest.raises(ReasonMissing):
        await decide(story, Result.RECOGNISED, reason="   ")
    await decide(story, Result.RECOGNISED, reason="Hội đồng hiểu nhầm chỉ tiêu 3")

    assert (await decision(story)).reason == "Hội đồng hiểu nhầm chỉ tiêu 3"


async def test_not_recognising_who_meets_the_standard_needs_a_written_reason(story: Story):
    await story.voted()

    with pytest.raises(ReasonMissing):
        await decide(story, Result.NOT_RECOGNISED)
    await decide(story, Result.NOT_RECOGNISED, reason="Đang bị điều tra")


async def test_no_reason_helps_against_a_condition_that_is_verified_law(story: Story):
    await story.filled()
    await assess.declare_veto(await story.officer(), story.season, COMMUNE, "C3", Answer.YES, "QĐ kỷ luật 9")
    await through_the_council(story)

    with pytest.raises(AgainstTheRules) as refusal:
        await decide(story, Result.RECOGNISED, reason="Đã khắc phục")
    await decide(story, Result.NOT_RECOGNISED, reason="Theo quy định")

    assert refusal.value.details["conditions"] == ("C3",)
    assert (await decision(story)).computed is Result.NOT_RECOGNISED


async def test_ninety_two_points_with_a_criterion_below_half_are_not_recognised(story: Story):
    await story.filled()
    await lower(story, "TC1", Decimal(8))
    await through_the_council(story)

    with pytest.raises(AgainstTheRules) as refusal:
        await decide(story, Result.RECOGNISED, reason="Điểm cao")

    assert refusal.value.details["conditions"] == ("C2",)


async def lower(story: Story, criterion: str, by: Decimal) -> None:
    """Take points off the indicators of a criterion, with a reason."""
    for indicator in story.rulebook.criterion(criterion).indicators:
        less = min(by, indicator.max_points)
        by -= less
        await assess.score_indicator(
            await story.officer(),
            story.season,
            COMMUNE,
            indicator.code,
            {},
            indicator.max_points - less,
            reason="Thiếu tài liệu",
        )


async def through_the_council(story: Story) -> None:
    """From a filled sheet to the council's vote in favour."""
    await story.submit_filled()
    await story.appraised()
    await appraise.conclude(await story.appraiser(), story.season, COMMUNE)
    await story.vote_on_concluded()


async def test_a_commune_is_decided_on_once(story: Story):
    await story.decided()

    with pytest.raises(AlreadyDecided):
        await decide(story, Result.RECOGNISED)


async def test_the_chairman_of_the_deciding_unit_decides(story: Story):
    await story.voted()

    for work in (await story.appraiser(), await story.by(Office.PROVINCE_CHAIRMAN), await story.chairman()):
        with pytest.raises(NotPermitted):
            await recognise.decide(work, story.season, COMMUNE, Result.RECOGNISED, "1")


async def test_where_no_council_is_required_the_chairman_decides_on_the_appraisal(province_story: Story):
    province_story.rulebook_id = "qd-27-2025"
    story = await province_story.opened(decided_by="99")
    await story.submitted()
    department = await story.by(Office.JUSTICE_DEPARTMENT)
    await appraise.agree_all_unchanged(department, story.season, COMMUNE)
    await appraise.conclude(await story.by(Office.JUSTICE_DEPARTMENT), story.season, COMMUNE)

    await recognise.decide(
        await story.by(Office.PROVINCE_CHAIRMAN), story.season, COMMUNE, Result.RECOGNISED, "5/QĐ-UBND"
    )

    assert (await decision(story)).voted is None


async def test_a_condition_without_text_is_not_in_the_annex_and_what_is_left_out_is(province_story: Story):
    province_story.rulebook_id = "qd-27-2025"
    story = await province_story.opened(decided_by="99")
    await story.submitted()
    department = await story.by(Office.JUSTICE_DEPARTMENT)
    await appraise.agree_all_unchanged(department, story.season, COMMUNE)
    await appraise.conclude(await story.by(Office.JUSTICE_DEPARTMENT), story.season, COMMUNE)
    chairman = await story.by(Office.PROVINCE_CHAIRMAN)
    await recognise.decide(chairman, story.season, COMMUNE, Result.RECOGNISED, "5/QĐ-UBND")
    house = story.house
    then = AsItStood(house.store, story.tenant, await house.store.position(story.tenant))

    paper = await decision_document.read_paper(then, story.season, COMMUNE, house.rulebooks, house.calendar)

    assert [line.cells[0] for line in paper.conditions] == ["Đáp ứng đầy đủ các tiêu chí, chỉ tiêu"]
    html = decision_document.render(paper)
    assert "Chưa đối chiếu được" not in html
    assert "Không xét 5 nội dung của bộ tiêu chí chưa có văn bản gốc" in html


async def test_a_decision_is_published_after_it_is_signed_and_each_once(story: Story):
    await story.decided()

    with pytest.raises(OutOfOrder):
        await recognise.publish(await story.appraiser(), story.season, COMMUNE, "Cổng")
    await recognise.sign(await story.decider(), story.season, COMMUNE, "ab" * 32)
    with pytest.raises(OutOfOrder):
        await recognise.sign(await story.decider(), story.season, COMMUNE, "cd" * 32)
