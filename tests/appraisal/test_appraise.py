from datetime import date
from decimal import Decimal
from uuid import uuid4

import pytest

from domain.appraisal import Appraisal, Proposal, appraisal_stream
from domain.assessment import Returned, Stage
from domain.errors import (
    AlreadyDecided,
    AlreadyReturned,
    FileDamaged,
    IndicatorsUnappraised,
    NotPermitted,
    OutOfOrder,
    ReasonMissing,
    ReturnsOutstanding,
    ScoreAboveMaximum,
    Stale,
    UnknownEvidence,
)
from domain.official import Office
from services.administration import administer
from services.administration.administer import NewMandate
from services.appraisal import appraise as appraising
from services.assessment import assess
from tests.provinces.story import COMMUNE, DISTRICT, PDF, TODAY, Story

DUE = date(2024, 1, 22)
CODE = "TC1.CT1"


async def appraisal(story: Story) -> Appraisal:
    return await (await story.appraiser()).look(Appraisal, appraisal_stream(story.season, COMMUNE))


async def appraise(story: Story, code: str, points: str, reason: str | None = None, seen: int | None = None) -> None:
    await appraising.appraise_indicator(
        await story.appraiser(), story.season, COMMUNE, code, Decimal(points), reason, seen
    )


async def test_a_dossier_is_appraised_to_its_conclusion(story: Story):
    await story.concluded()

    assert (await appraisal(story)).proposal is Proposal.RECOGNISE


async def test_nothing_is_appraised_before_it_is_submitted(story: Story):
    await story.posted()

    with pytest.raises(OutOfOrder):
        await appraise(story, CODE, "3")
    with pytest.raises(OutOfOrder):
        await appraising.conclude(await story.appraiser(), story.season, COMMUNE)


async def test_another_value_than_the_communes_needs_a_reason(story: Story):
    await story.submitted()

    with pytest.raises(ReasonMissing):
        await appraise(story, CODE, "2")
    await appraise(story, CODE, "2", reason="Thiếu một văn bản")

    assert (await appraisal(story)).values[CODE].points == Decimal(2)


async def test_an_appraised_value_keeps_to_the_indicator(story: Story):
    await story.submitted()

    with pytest.raises(ScoreAboveMaximum):
        await appraise(story, CODE, "3.25", reason="…")


async def test_a_value_formed_on_what_has_changed_since_is_stale_and_shows_both(story: Story):
    await story.submitted()
    seen = (await story.dossier()).version
    await appraising.return_indicator(await story.appraiser(), story.season, COMMUNE, CODE, "Bổ sung", DUE)
    await story.attach(CODE, content=b"%PDF-1 added")
    await assess.resubmit(await story.chairman(), story.season, COMMUNE)

    with pytest.raises(Stale) as refusal:
        await appraise(story, CODE, "2", reason="…", seen=seen)

    assert refusal.value.details["yours"] == Decimal(2)
    assert refusal.value.details["theirs"] == story.indicator(CODE).max_points


async def test_who_proposed_a_value_does_not_appraise_it(story: Story):
    mandate = NewMandate(Office.DISTRICT_JUSTICE, DISTRICT, date(2020, 1, 1), "3/QĐ")
    proposer = story.person(f"{COMMUNE} {Office.JUSTICE_OFFICER}")
    await administer.grant_mandate(await story.as_administrator(), proposer, mandate)
    await story.submitted()
    both = await story.officer()

    with pytest.raises(NotPermitted):
        await appraising.appraise_indicator(both, story.season, COMMUNE, CODE, Decimal(3))
    with pytest.raises(NotPermitted):
        await appraising.agree_all_unchanged(await story.officer(), story.season, COMMUNE)

    (held,) = [one.id for one in (await story.officer()).actor.mandates if one.position is Office.DISTRICT_JUSTICE]
    await administer.end_mandate(await story.as_administrator(), proposer, held, date(2020, 1, 2), "4/QĐ")


async def test_agreeing_to_all_leaves_what_raises_a_question(story: Story):
    await story.filled()
    differing, explained = story.codes[0], story.codes[1]
    less = story.indicator(differing).max_points - 1
    await assess.score_indicator(await story.officer(), story.season, COMMUNE, differing, {}, less, reason="Chậm")
    (evidence,) = (await story.dossier()).entry(explained).evidence
    await assess.withdraw_evidence(await story.officer(), story.season, COMMUNE, explained, evidence, "Sai")
    await assess.explain(await story.officer(), story.season, COMMUNE, explained, "Không có")
    await story.submit_filled()

    await appraising.agree_all_unchanged(await story.appraiser(), story.season, COMMUNE)

    assert set(story.codes) - set((await appraisal(story)).values) == {differing, explained}


async def test_agreeing_to_all_leaves_what_changed_since_the_page_was_shown(story: Story):
    await story.submitted()
    seen = (await story.dossier()).version
    await appraising.return_indicator(await story.appraiser(), story.season, COMMUNE, CODE, "Bổ sung", DUE)
    await story.attach(CODE, content=b"%PDF-1 added")
    await assess.resubmit(await story.chairman(), story.season, COMMUNE)

    await appraising.agree_all_unchanged(await story.appraiser(), story.season, COMMUNE, seen=seen)

    assert CODE not in (await appraisal(story)).values


async def test_a_returned_indicator_alone_is_open_to_the_commune_until_it_comes_back(story: Story):
    await story.submitted()
    with pytest.raises(ReasonMissing):
        await appraising.return_indicator(await story.appraiser(), story.season, COMMUNE, CODE, " ", DUE)
    await appraising.return_indicator(await story.appraiser(), story.season, COMMUNE, CODE, "Bổ sung", DUE)
    await story.appraised(without=[CODE])

    with pytest.raises(ReturnsOutstanding):
        await appraising.conclude(await story.appraiser(), story.season, COMMUNE)
    with pytest.raises(OutOfOrder):
        await appraise(story, CODE, "3")
    await story.attach(CODE, content=b"%PDF-1 added")
    await assess.resubmit(await story.chairman(), story.season, COMMUNE)

    assert (await story.dossier()).stage is Stage.SUBMITTED
    with pytest.raises(IndicatorsUnappraised) as refusal:
        await appraising.conclude(await story.appraiser(), story.season, COMMUNE)
    assert refusal.value.details["indicators"] == (CODE,)


async def test_an_appraised_indicator_that_came_back_changed_is_appraised_again(story: Story):
    await story.submitted()
    await story.appraised()
    await appraising.return_indicator(await story.appraiser(), story.season, COMMUNE, CODE, "Bổ sung", DUE)
    await story.attach(CODE, content=b"%PDF-1 added")
    await assess.resubmit(await story.chairman(), story.season, COMMUNE)

    with pytest.raises(IndicatorsUnappraised):
        await appraising.conclude(await story.appraiser(), story.season, COMMUNE)
    await appraise(story, CODE, "3")
    await appraising.conclude(await story.appraiser(), story.season, COMMUNE)


async def test_a_proposal_against_the_computed_result_needs_a_reason(story: Story):
    await story.submitted()
    await story.appraised()

    with pytest.raises(ReasonMissing):
        await appraising.conclude(await story.appraiser(), story.season, COMMUNE, Proposal.NOT_RECOGNISE)
    await appraising.conclude(
        await story.appraiser(), story.season, COMMUNE, Proposal.NOT_RECOGNISE, "Đang có đơn tố cáo"
    )


async def test_a_concluded_appraisal_rests_until_it_is_resumed_with_a_reason(story: Story):
    await story.concluded()

    with pytest.raises(OutOfOrder):
        await appraise(story, CODE, "2", reason="…")
    with pytest.raises(OutOfOrder):
        await appraising.return_indicator(await story.appraiser(), story.season, COMMUNE, CODE, "…", DUE)
    await appraising.resume(await story.appraiser(), story.season, COMMUNE, "Có tài liệu mới")
    await appraise(story, CODE, "2", reason="Tài liệu mới")


async def test_an_appraisal_is_not_resumed_under_a_standing_vote_or_after_the_decision(story: Story):
    await story.voted()
    with pytest.raises(OutOfOrder) as voted:
        await appraising.resume(await story.appraiser(), story.season, COMMUNE, "Có tài liệu mới")
    assert voted.value.details["state"] == "voted"

    await story.decide()
    with pytest.raises(AlreadyDecided):
        await appraising.resume(await story.appraiser(), story.season, COMMUNE, "Có tài liệu mới")
    with pytest.raises(AlreadyDecided):
        await appraising.return_indicator(await story.appraiser(), story.season, COMMUNE, CODE, "…", DUE)


async def test_opening_evidence_is_recorded_once(story: Story):
    await story.submitted()
    (evidence,) = (await story.dossier()).entry(CODE).evidence

    for _ in range(2):
        await appraising.open_evidence(await story.appraiser(), story.season, COMMUNE, CODE, evidence)

    assert (await story.kinds()).count("Appraisal.EvidenceOpened") == 1
    with pytest.raises(UnknownEvidence):
        await appraising.open_evidence(await story.appraiser(), story.season, COMMUNE, CODE, uuid4())


async def test_a_file_that_was_changed_is_not_recorded_as_looked_at(story: Story):
    content = PDF + story.season.encode()
    await story.filled()
    await story.attach(CODE, content=content)
    await story.submit_filled()
    held = next(one for one in (await story.dossier()).entry(CODE).evidence.values() if one.size == len(content))
    place = (await story.appraiser()).files._place(held.sha256)
    place.chmod(0o600)
    place.write_bytes(content.replace(b"page", b"pale"))

    with pytest.raises(FileDamaged):
        await appraising.open_evidence(await story.appraiser(), story.season, COMMUNE, CODE, held.id)

    assert "Appraisal.EvidenceOpened" not in await story.kinds()
    place.write_bytes(content)


async def test_an_appraiser_of_another_unit_does_not_appraise(story: Story):
    await story.submitted()
    department = await story.by(Office.JUSTICE_DEPARTMENT)

    with pytest.raises(NotPermitted):
        await appraising.appraise_indicator(department, story.season, COMMUNE, CODE, Decimal(3))


async def test_the_department_appraises_where_the_province_decides(province_story: Story):
    province_story.rulebook_id = "qd-27-2025"
    story = await province_story.opened(decided_by="99")
    await story.submitted()

    department = await story.by(Office.JUSTICE_DEPARTMENT)
    await appraising.agree_all_unchanged(department, story.season, COMMUNE)
    await appraising.conclude(department.again(uuid4()), story.season, COMMUNE)

    assert (await appraisal(story)).proposal is Proposal.RECOGNISE


async def test_a_second_return_leaves_what_was_asked_and_what_the_commune_added(story: Story):
    await story.submitted()
    await appraising.return_indicator(await story.appraiser(), story.season, COMMUNE, CODE, "Thiếu chữ ký", DUE)
    await assess.explain(await story.officer(), story.season, COMMUNE, CODE, "Đã ký bổ sung")

    with pytest.raises(AlreadyReturned):
        await appraising.return_indicator(await story.appraiser(), story.season, COMMUNE, CODE, "Thiếu", TODAY)

    entry = (await story.dossier()).entry(CODE)
    assert (entry.returned, entry.supplemented) == (Returned("Thiếu chữ ký", DUE), True)
    await assess.resubmit(await story.chairman(), story.season, COMMUNE)


async def test_an_indicator_that_was_supplemented_since_the_page_was_shown_is_not_returned_unseen(story: Story):
    await story.submitted()
    seen = (await story.dossier()).version
    await appraising.return_indicator(await story.appraiser(), story.season, COMMUNE, CODE, "Thiếu", DUE, seen=seen)
    await assess.explain(await story.officer(), story.season, COMMUNE, CODE, "Đã ký bổ sung")
    await assess.resubmit(await story.chairman(), story.season, COMMUNE)

    with pytest.raises(Stale):
        await appraising.return_indicator(await story.appraiser(), story.season, COMMUNE, CODE, "Thiếu", DUE, seen=seen)

    assert (await story.dossier()).stage is Stage.SUBMITTED


async def test_of_two_appraisers_the_second_sees_the_value_of_the_first_before_replacing_it(story: Story):
    await story.submitted()
    await appraise(story, story.codes[1], "2", reason="…")
    seen = (await appraisal(story)).version

    async def judge(points: str, reason: str | None) -> None:
        work = await story.appraiser()
        await appraising.appraise_indicator(
            work, story.season, COMMUNE, CODE, Decimal(points), reason, appraisal_seen=seen
        )

    await judge("2", "Thiếu một văn bản")
    with pytest.raises(Stale) as refused:
        await judge("1", "Thiếu hai văn bản")
    await judge("2", "Thiếu một văn bản")

    assert (refused.value.details["yours"], refused.value.details["theirs"]) == (Decimal(1), Decimal(2))
    held = (await appraisal(story)).values[CODE]
    assert (held.value, held.reason) == (Decimal(2), "Thiếu một văn bản")
