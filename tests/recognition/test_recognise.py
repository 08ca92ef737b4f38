from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from hashlib import sha256
from uuid import UUID

import pytest

from domain.appraised import spelled
from domain.errors import (
    AgainstTheRules,
    AlreadyDecided,
    BasisMissing,
    DayInTheFuture,
    GroundReviewed,
    NotARounding,
    NotFound,
    NoTotal,
    NotPermitted,
    OutOfOrder,
    PeriodReversed,
    ReasonMissing,
)
from domain.judging import Sheet
from domain.measure import Answer
from domain.meeting import Choice
from domain.official import Office
from domain.recognition import Recognition, Result, recognition_stream
from domain.review import Ground, Ruling
from infra.ledger.canonical_json import canonical
from projections.fold import fold
from projections.tables.register import REGISTER
from services.appraisal import appraise
from services.assessment import assess
from services.council import voting
from services.documents.reading import AsItStood
from services.inspection.review import conduct_review
from services.recognition import decision_document, recognise
from tests.provinces.story import AGENCIES, COMMUNE, DISTRICT, DISTRICT_OFFICES, PROVINCE, TODAY, Story


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


async def test_the_hash_of_what_was_judged_can_be_computed_again(own_story: Story):
    story = await own_story.opened()
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


async def test_a_decision_is_no_older_than_the_vote_that_it_rests_on(story: Story):
    await story.voted()
    before = TODAY - timedelta(days=1)

    with pytest.raises(PeriodReversed) as refused:
        await recognise.decide(
            await story.decider(), story.season, COMMUNE, Result.RECOGNISED, "41/QĐ-UBND", before, "Lý do"
        )
    assert (refused.value.details["reason"], refused.value.details["field"]) == ("council", "on")
    assert "Recognition.Decided" not in await story.kinds()

    await story.decide()
    with pytest.raises(PeriodReversed) as refused:
        await recognise.correct(
            await story.decider(), story.season, COMMUNE, "Ghi nhầm ngày", "5/QĐ", TODAY, decided_on=before
        )
    assert (refused.value.details["reason"], refused.value.details["field"]) == ("council", "decided_on")
    assert "Recognition.Corrected" not in await story.kinds()


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


async def appraised_anew(story: Story) -> None:
    """The appraiser takes the dossier up again and concludes."""
    await appraise.resume(await story.appraiser(), story.season, COMMUNE, "Thẩm định lại sau thu hồi")
    await appraise.conclude(await story.appraiser(), story.season, COMMUNE)


async def voted_anew(story: Story) -> None:
    """The council meets a second time and votes in favour."""
    _, key = await voting.convene(await story.appraiser(), story.season, DISTRICT, TODAY, "Phòng họp 1", [COMMUNE])
    await story.attend(key, *DISTRICT_OFFICES, *AGENCIES)
    await voting.open_vote(await story.decider(), story.season, key, COMMUNE)
    for subject in (*DISTRICT_OFFICES, *AGENCIES):
        await voting.cast_ballot(await story.by(subject), story.season, key, COMMUNE, Choice.FOR)
    await voting.conclude_vote(await story.decider(), story.season, key, COMMUNE)


async def revoked(story: Story) -> Story:
    """A recognition that an inspection had taken back."""
    await story.decided()
    await story.under_review()
    await story.revoke(on=TODAY)
    return story


async def decide_on(story: Story, day: date) -> None:
    await recognise.decide(await story.decider(), story.season, COMMUNE, Result.RECOGNISED, "2107/QĐ-UBND", day)


async def test_after_a_revocation_appraisal_and_vote_are_done_anew_and_a_second_decision_is_made(story: Story):
    await revoked(story)

    await appraised_anew(story)
    await voted_anew(story)
    await decide_on(story, date(2024, 8, 20))

    decided = await decision(story)
    assert (decided.number, decided.decision_no, decided.revoked_on) == (2, "2107/QĐ-UBND", None)
    assert decided.voted is Result.RECOGNISED


async def test_the_old_appraisal_and_the_old_vote_are_no_basis_of_a_second_decision(story: Story):
    await revoked(story)

    with pytest.raises(BasisMissing) as without_vote:
        await decide_on(story, TODAY)
    await appraised_anew(story)
    with pytest.raises(BasisMissing) as still_without:
        await decide_on(story, TODAY)

    assert without_vote.value.details["missing"] == still_without.value.details["missing"] == "vote"


async def test_a_recognition_that_stands_is_neither_appraised_nor_decided_on_again(story: Story):
    await story.decided()

    with pytest.raises(AlreadyDecided):
        await appraise.resume(await story.appraiser(), story.season, COMMUNE, "Xem lại")
    with pytest.raises(AlreadyDecided):
        await decide_on(story, TODAY)


async def test_two_tabs_make_one_second_decision(story: Story):
    await revoked(story)
    await appraised_anew(story)
    await voted_anew(story)

    await decide_on(story, TODAY)
    with pytest.raises(AlreadyDecided):
        await decide_on(story, TODAY)

    assert (await decision(story)).number == 2


async def test_the_appeal_of_a_commune_that_was_not_recognised_leads_to_a_new_decision(story: Story):
    await story.voted()
    work = await story.decider()
    await recognise.decide(work, story.season, COMMUNE, Result.NOT_RECOGNISED, "41/QĐ-UBND", TODAY, "Đang bị điều tra")

    await recognise.uphold_appeal(
        await story.decider(), story.season, COMMUNE, "Kết luận điều tra: không vi phạm", "1502/QĐ-UBND"
    )
    await appraised_anew(story)
    await voted_anew(story)
    await decide_on(story, date(2024, 6, 20))

    assert (await decision(story)).result is Result.RECOGNISED


async def test_only_the_chairman_who_decides_upholds_an_appeal_or_corrects(story: Story):
    await story.decided()

    for work in (await story.appraiser(), await story.by(Office.PROVINCE_CHAIRMAN), await story.chairman()):
        with pytest.raises(NotPermitted):
            await recognise.uphold_appeal(work, story.season, COMMUNE, "Đúng", "1/QĐ")
        with pytest.raises(NotPermitted):
            await recognise.correct(work, story.season, COMMUNE, "Nhầm", "1/QĐ", decision_no="14/QĐ-UBND")


async def test_a_slip_is_corrected_and_the_old_number_stays_in_the_trail(story: Story):
    await story.decided()
    chairman = story.person(Office.DISTRICT_CHAIRMAN)
    mandate = (await story.decider()).actor.mandates[0].id

    await recognise.correct(
        await story.decider(),
        story.season,
        COMMUNE,
        "Đánh máy nhầm",
        "52/QĐ-UBND",
        decision_no="14/QĐ-UBND",
        signer=chairman,
        mandate=mandate,
    )

    facts = await story.facts(recognition_stream(story.season, COMMUNE))
    row = fold(REGISTER, facts)[f"{story.season}/{COMMUNE}"]
    assert (row.decision_no, row.corrections[0].decision_no) == ("14/QĐ-UBND", "41/QĐ-UBND")
    assert row.signer is not None
    assert row.signer.official == chairman


async def test_nobody_without_a_chairmans_mandate_is_named_as_the_signer(story: Story):
    await story.decided()
    officer = await story.officer()

    with pytest.raises(NotFound):
        await recognise.correct(
            await story.decider(),
            story.season,
            COMMUNE,
            "Đánh máy nhầm",
            "52/QĐ-UBND",
            signer=UUID(officer.actor.person),
            mandate=officer.actor.mandates[0].id,
        )


async def test_a_second_decision_is_reviewed_on_the_same_ground_and_an_old_review_leaves_it_alone(story: Story):
    await story.decided()
    await story.under_review(Ground.COMPLAINT)
    await story.under_review(Ground.FALSE_EVIDENCE, number=2)
    await story.revoke(on=TODAY, number=2)
    await appraised_anew(story)
    await voted_anew(story)
    await decide_on(story, TODAY)

    await story.under_review(Ground.FALSE_EVIDENCE, number=3)
    await story.revoke("990/QĐ-UBND", TODAY, number=1)

    assert (await decision(story)).revoked_on is None
    with pytest.raises(GroundReviewed):
        await story.under_review(Ground.FALSE_EVIDENCE, number=4)


async def test_when_the_district_has_ended_the_provincial_chairman_concludes_the_review_of_its_decision(story: Story):
    await story.decided()
    await story.under_review()
    province_chairman = await story.by(Office.PROVINCE_CHAIRMAN)
    ended = replace(province_chairman.actor, succeeded={PROVINCE: frozenset({DISTRICT})})

    await conduct_review.propose(
        await story.inspector(), story.season, COMMUNE, 1, Ruling.REVOKED, "Minh chứng không đúng"
    )
    with pytest.raises(NotPermitted):
        await conduct_review.conclude(province_chairman, story.season, COMMUNE, 1, Ruling.REVOKED, "15/QĐ-UBND", TODAY)
    await conduct_review.conclude(
        replace(await story.by(Office.PROVINCE_CHAIRMAN), actor=ended),
        story.season,
        COMMUNE,
        1,
        Ruling.REVOKED,
        "15/QĐ-UBND",
        TODAY,
    )

    assert (await decision(story)).revoked_on == TODAY


# A total that others published rounded -----------------------------------------------------------------


async def note(story: Story, total: str, by: str = "Sở Tư pháp", day: date = TODAY) -> None:
    await recognise.note_published_total(
        await story.appraiser(), story.season, COMMUNE, Decimal(total), by, "15/BC-STP", day
    )


async def test_a_published_total_stands_beside_the_exact_one_and_is_corrected_by_another(story: Story):
    await story.decided_at_99_74()
    before = await decision(story)

    await note(story, "99")
    await note(story, "100", by="UBND huyện")

    row = fold(REGISTER, await story.facts(recognition_stream(story.season, COMMUNE)))[f"{story.season}/{COMMUNE}"]
    noted = row.published_total
    assert noted is not None
    assert (str(noted.total), noted.exact, noted.published_by) == ("100", Decimal("99.74"), "UBND huyện")
    assert (noted.document_no, noted.on) == ("15/BC-STP", TODAY)
    assert (await decision(story)).state_sha256 == before.state_sha256


async def test_what_is_no_rounding_or_not_published_yet_is_not_recorded(story: Story):
    await story.decided_at_99_74()
    facts = len(await story.facts())

    with pytest.raises(NotARounding) as refusal:
        await note(story, "98")
    with pytest.raises(DayInTheFuture):
        await note(story, "100", day=TODAY + timedelta(days=1))

    assert refusal.value.details["exact"] == Decimal("99.74")
    assert len(await story.facts()) == facts


async def test_only_who_keeps_the_results_notes_a_published_total(story: Story):
    await story.decided_at_99_74()

    for work in (await story.officer(), await story.chairman(), await story.by(Office.PROVINCE_CHAIRMAN)):
        with pytest.raises(NotPermitted):
            await recognise.note_published_total(
                work, story.season, COMMUNE, Decimal(100), "Sở Tư pháp", "15/BC-STP", TODAY
            )


async def test_where_the_criteria_count_no_points_there_is_no_total_to_publish(province_story: Story):
    province_story.rulebook_id = "qd-27-2025"
    story = await province_story.opened(decided_by="99")
    await story.submitted()
    department = await story.by(Office.JUSTICE_DEPARTMENT)
    await appraise.agree_all_unchanged(department, story.season, COMMUNE)
    await appraise.conclude(await story.by(Office.JUSTICE_DEPARTMENT), story.season, COMMUNE)
    chairman = await story.by(Office.PROVINCE_CHAIRMAN)
    await recognise.decide(chairman, story.season, COMMUNE, Result.RECOGNISED, "5/QĐ-UBND")
    again = await story.by(Office.PROVINCE_CHAIRMAN)

    with pytest.raises(NoTotal):
        await recognise.note_published_total(
            again, story.season, COMMUNE, Decimal(90), "Sở Tư pháp", "15/BC-STP", TODAY
        )
