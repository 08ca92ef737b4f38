from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import replace
from datetime import date
from decimal import Decimal
from pathlib import Path
from uuid import uuid4

import pytest

from domain.assessment import Assessment, Stage
from domain.errors import (
    AssessmentLocked,
    EvidenceAlreadyAttached,
    EvidenceMissing,
    FileEmpty,
    FileNameHostile,
    FileTooLarge,
    FileTypeForbidden,
    IndicatorsUnassigned,
    IndicatorsUnscored,
    MeasureInvalid,
    NotPermitted,
    OutOfOrder,
    PostingClosed,
    PostingUnfinished,
    ReasonMissing,
    Refused,
    SatisfactionMissing,
    ScoreAboveMaximum,
    ScoreBelowMinimum,
    SeasonNotOpen,
    Stale,
    TextTooLong,
    UnknownCommune,
    UnknownEvidence,
    UnknownIndicator,
    VetoUndeclared,
)
from domain.measure import Answer, Kind, Measured, Outcome
from domain.official import Office
from domain.permissions import Actor
from infra.log.eventstore import CommandReused
from infra.log.group_commit import CommandResult
from infra.storage.files import Files
from services.assessment import assess
from services.assessment.assess import Upload
from services.season import organise
from services.work import Work, body_sha256
from tests.provinces.story import COMMUNE, OTHER, PDF, PROVINCE, TODAY, Story, best

TC1_CT2 = "TC1.CT2"

Deed = Callable[[Story, Work, int], Awaitable[CommandResult]]
Settling = Callable[..., Awaitable[CommandResult]]


async def evidence_of(story: Story, code: str) -> list[str]:
    return [held.name for held in (await story.dossier()).entry(code).evidence.values()]


def stored(work: Work) -> list[Path]:
    folder = work.files._folder
    return [path for path in folder.rglob("*") if path.is_file()] if folder.exists() else []


# Values -----------------------------------------------------------------------------------------------


async def test_without_a_proposal_the_value_is_what_the_rule_gives(story: Story):
    await story.score("TC1.CT1")

    entry = (await story.dossier()).entry("TC1.CT1")
    assert entry.points == story.indicator("TC1.CT1").max_points


async def test_another_value_than_the_rules_needs_a_reason(story: Story):
    await story.score("TC1.CT1")
    less = story.indicator("TC1.CT1").max_points - 1

    with pytest.raises(ReasonMissing):
        await assess.score_indicator(await story.officer(), story.season, COMMUNE, "TC1.CT1", {}, less)
    await assess.score_indicator(
        await story.officer(), story.season, COMMUNE, "TC1.CT1", {}, less, reason="Một văn bản chậm"
    )

    assert (await story.dossier()).entry("TC1.CT1").points == less


@pytest.mark.parametrize(
    ("points", "refusal"),
    [
        ("3.5", ScoreAboveMaximum),
        ("-0.25", ScoreBelowMinimum),
        ("NaN", Refused),
        ("2.333", MeasureInvalid),
    ],
)
async def test_points_outside_the_indicator_are_refused_and_nothing_is_written(
    story: Story, points: str, refusal: type[Refused]
):
    before = await story.kinds()
    measures = {part.code: best(part) for part in story.indicator("TC1.CT1").parts}

    with pytest.raises(refusal):
        await assess.score_indicator(
            await story.officer(), story.season, COMMUNE, "TC1.CT1", measures, Decimal(points), reason="…"
        )

    assert await story.kinds() == before


async def test_points_where_a_rulebook_has_none_are_refused(province_story: Story):
    province_story.rulebook_id = "qd-27-2025"
    story = await province_story.opened()

    with pytest.raises(MeasureInvalid):
        await assess.score_indicator(await story.officer(), story.season, COMMUNE, "TC1.CT1", {}, Decimal(1))


async def test_without_points_an_indicator_is_met_or_not_met(province_story: Story):
    province_story.rulebook_id = "qd-27-2025"
    story = await province_story.opened()

    await story.score("TC1.CT1")
    with pytest.raises(ReasonMissing):
        await assess.score_indicator(await story.officer(), story.season, COMMUNE, "TC1.CT1", {}, Outcome.NOT_MET)

    assert (await story.dossier()).entry("TC1.CT1").outcome is Outcome.MET


async def test_a_value_cannot_follow_from_data_that_are_missing(story: Story):
    with pytest.raises(MeasureInvalid) as refusal:
        await assess.score_indicator(await story.officer(), story.season, COMMUNE, "TC1.CT1", {})

    assert refusal.value.details["reason"] == "missing"


async def test_one_wrong_part_refuses_all_of_them(story: Story):
    parts = story.indicator("TC1.CT1").parts
    measures = {parts[0].code: best(parts[0]), parts[1].code: Measured(Kind.OPTIONS, option="zz")}

    with pytest.raises(MeasureInvalid):
        await assess.measure_indicator(await story.officer(), story.season, COMMUNE, "TC1.CT1", measures)
    with pytest.raises(UnknownIndicator):
        await assess.measure_indicator(
            await story.officer(), story.season, COMMUNE, "TC1.CT1", {"TC1.CT2": best(parts[0])}
        )

    assert not (await story.dossier()).entry("TC1.CT1").measures


async def test_an_edit_of_what_somebody_else_has_changed_shows_both_values(story: Story):
    await story.score("TC1.CT1")
    seen = (await story.dossier()).version
    parts = story.indicator("TC1.CT1").parts
    theirs = Measured(Kind.NOT_ARISEN)
    await assess.measure_indicator(
        await story.officer(Office.OFFICE_STATISTICS), story.season, COMMUNE, "TC1.CT1", {parts[0].code: theirs}
    )

    with pytest.raises(Stale) as refusal:
        await assess.score_indicator(
            await story.officer(), story.season, COMMUNE, "TC1.CT1", {}, Decimal(2), reason="…", version=seen
        )

    assert refusal.value.details["yours"]["value"] == Decimal(2)
    assert refusal.value.details["theirs"]["measures"][parts[0].code] == theirs


async def test_a_file_attached_meanwhile_does_not_make_an_edit_stale(story: Story):
    seen = (await story.dossier()).version
    await story.attach("TC1.CT1")
    measures = {part.code: best(part) for part in story.indicator("TC1.CT1").parts}

    await assess.score_indicator(await story.officer(), story.season, COMMUNE, "TC1.CT1", measures, version=seen)

    assert (await story.dossier()).entry("TC1.CT1").is_scored


async def test_who_coordinates_measures_and_does_not_score(story: Story):
    office = Office.OFFICE_STATISTICS
    part = story.indicator("TC1.CT1").parts[0]

    await assess.measure_indicator(
        await story.officer(office), story.season, COMMUNE, "TC1.CT1", {part.code: best(part)}
    )
    with pytest.raises(NotPermitted):
        await assess.score_indicator(await story.officer(office), story.season, COMMUNE, "TC1.CT1", {})


async def test_nobody_writes_into_another_communes_dossier(story: Story):
    with pytest.raises(NotPermitted):
        await assess.explain(await story.officer(commune=OTHER), story.season, COMMUNE, "TC1.CT1", "Vì…")
    with pytest.raises(UnknownCommune):
        await assess.explain(await story.officer(), story.season, "99007", "TC1.CT1", "Vì…")


async def test_a_score_refers_to_the_files_that_were_there(story: Story):
    await story.attach("TC1.CT1")
    await story.score("TC1.CT1")

    async with story.house.database.reading(story.tenant) as connection:
        leaves = await connection.fetch(
            f"SELECT topic, convert_from(leaf, 'UTF8') AS leaf FROM {story.tenant.id}.events WHERE season = $1",
            story.season,
        )
    (held,) = (await story.dossier()).entry("TC1.CT1").evidence.values()
    with_file = {row["topic"] for row in leaves if f'"evidence":["{held.sha256}"]' in row["leaf"]}
    assert with_file == {"assessment.evidence-attached", "assessment.indicator-scored"}


# Evidence ---------------------------------------------------------------------------------------------


async def test_an_attached_file_is_kept_by_its_hash_and_read_back(story: Story):
    await story.attach("TC1.CT1")

    (held,) = (await story.dossier()).entry("TC1.CT1").evidence.values()

    assert await (await story.officer()).files.read(held.sha256) == PDF
    assert (held.name, held.media_type, held.size) == ("Báo cáo.pdf", "application/pdf", len(PDF))


@pytest.mark.parametrize(
    ("upload", "refusal"),
    [
        (Upload("trống.pdf", b""), FileEmpty),
        (Upload("báo cáo.pdf", b"<html><script>alert(1)</script>"), FileTypeForbidden),
        (Upload("a\u202efdp.exe", PDF), FileNameHostile),
        (Upload("../../etc/passwd", PDF), FileNameHostile),
    ],
    ids=["empty", "forbidden-type", "reversed-name", "path-in-name"],
)
async def test_a_file_that_may_not_be_taken_leaves_nothing_behind(story: Story, upload: Upload, refusal: type[Refused]):
    before = await story.kinds()
    work = await story.officer()
    held = stored(work)

    with pytest.raises(refusal):
        await assess.attach_evidence(work, story.season, COMMUNE, "TC1.CT1", upload)

    assert stored(work) == held
    assert await story.kinds() == before


async def test_a_file_too_large_is_refused_while_it_arrives(story: Story, tmp_path: Path):
    work = await story.officer()
    work.files = Files(tmp_path, limit=1_000)
    taken = 0

    async def endless() -> AsyncIterator[bytes]:
        nonlocal taken
        while True:
            taken += 400
            yield b"%PDF-" + b"x" * 395

    with pytest.raises(FileTooLarge):
        await assess.attach_evidence(work, story.season, COMMUNE, "TC1.CT1", Upload("to.pdf", endless()))

    assert taken == 1_200
    assert stored(work) == []


async def test_who_may_not_attach_leaves_no_bytes_behind(story: Story):
    work = await story.chairman()
    held = stored(work)

    with pytest.raises(NotPermitted):
        await assess.attach_evidence(work, story.season, COMMUNE, "TC1.CT1", Upload("a.pdf", b"%PDF-1 other"))

    assert stored(work) == held


async def test_the_same_upload_pressed_twice_is_one_piece_of_evidence(story: Story):
    command = uuid4()
    for _ in range(2):
        await assess.attach_evidence(
            await story.officer(command=command), story.season, COMMUNE, "TC1.CT1", Upload("a.pdf", PDF)
        )

    assert await evidence_of(story, "TC1.CT1") == ["a.pdf"]


async def test_an_upload_repeated_after_its_season_closed_gets_its_first_receipt(story: Story):
    work = await story.officer()
    first = await assess.attach_evidence(work, story.season, COMMUNE, "TC1.CT1", Upload("a.pdf", PDF))
    await organise.close_season(await story.as_administrator(), story.season)

    again = await assess.attach_evidence(work, story.season, COMMUNE, "TC1.CT1", Upload("a.pdf", PDF))

    assert (again.first, again.repeated) == (first.first, True)
    with pytest.raises(CommandReused):
        await assess.attach_evidence(work, story.season, COMMUNE, "TC1.CT1", Upload("a.pdf", PDF + b"another"))
    with pytest.raises(SeasonNotOpen):
        await assess.attach_evidence(work.again(uuid4()), story.season, COMMUNE, "TC1.CT1", Upload("a.pdf", PDF))


async def test_the_same_content_under_another_name_is_refused(story: Story):
    await story.attach("TC1.CT1")

    with pytest.raises(EvidenceAlreadyAttached):
        await story.attach("TC1.CT1")


async def test_a_file_can_support_a_second_indicator_and_be_withdrawn_from_the_first(story: Story):
    await story.attach("TC1.CT1")
    (evidence,) = (await story.dossier()).entry("TC1.CT1").evidence

    await assess.reuse_evidence(await story.officer(), story.season, COMMUNE, TC1_CT2, evidence, "TC1.CT1")
    with pytest.raises(ReasonMissing):
        await assess.withdraw_evidence(await story.officer(), story.season, COMMUNE, "TC1.CT1", evidence, " ")
    await assess.withdraw_evidence(await story.officer(), story.season, COMMUNE, "TC1.CT1", evidence, "Nhầm chỉ tiêu")

    assert await evidence_of(story, "TC1.CT1") == []
    assert await evidence_of(story, TC1_CT2) == ["Báo cáo.pdf"]
    with pytest.raises(UnknownEvidence):
        await assess.withdraw_evidence(await story.officer(), story.season, COMMUNE, "TC1.CT1", evidence, "…")


# Steps ------------------------------------------------------------------------------------------------


async def test_a_sheet_is_consolidated_only_when_everything_is_there(story: Story):
    officer = story.officer
    with pytest.raises(IndicatorsUnscored) as unscored:
        await assess.consolidate(await officer(), story.season, COMMUNE)
    assert list(unscored.value.details["indicators"]) == story.codes

    for code in story.codes:
        await story.score(code)
    with pytest.raises(EvidenceMissing) as unsupported:
        await assess.consolidate(await officer(), story.season, COMMUNE)
    assert list(unsupported.value.details["indicators"]) == story.codes

    for code in story.codes:
        await assess.explain(await officer(), story.season, COMMUNE, code, "Không phát sinh văn bản")
    with pytest.raises(VetoUndeclared):
        await assess.consolidate(await officer(), story.season, COMMUNE)

    await assess.declare_veto(await officer(), story.season, COMMUNE, "C3", Answer.NO, "Công văn 5")
    await assess.consolidate(await officer(), story.season, COMMUNE)
    assert (await story.dossier()).stage is Stage.CONSOLIDATED


async def test_a_rulebook_that_asks_for_satisfaction_gets_it(province_story: Story):
    province_story.rulebook_id = "qd-619-2017"
    story = await province_story.opened()
    for code in story.codes:
        await story.score(code)
        await assess.explain(await story.officer(), story.season, COMMUNE, code, "…")
    for condition in assess.declarable(story.rulebook):
        await assess.declare_veto(await story.officer(), story.season, COMMUNE, condition, Answer.NO, "CV 5")

    with pytest.raises(SatisfactionMissing):
        await assess.consolidate(await story.officer(), story.season, COMMUNE)
    with pytest.raises(MeasureInvalid):
        await assess.measure_satisfaction(await story.officer(), story.season, COMMUNE, 101, 100)
    await assess.measure_satisfaction(await story.officer(), story.season, COMMUNE, 96, 100)
    await assess.consolidate(await story.officer(), story.season, COMMUNE)


async def test_satisfaction_and_vetoes_are_those_of_the_rulebook(story: Story):
    with pytest.raises(UnknownIndicator):
        await assess.measure_satisfaction(await story.officer(), story.season, COMMUNE, 96, 100)
    with pytest.raises(UnknownIndicator):
        await assess.declare_veto(await story.officer(), story.season, COMMUNE, "C9", Answer.NO, "CV 5")
    with pytest.raises(ReasonMissing):
        await assess.declare_veto(await story.officer(), story.season, COMMUNE, "C3", Answer.NO, "")


async def test_posting_lasts_five_days_where_the_rulebook_sets_no_term(province_story: Story):
    province_story.rulebook_id = "qd-27-2025"
    story = await province_story.opened(decided_by=PROVINCE)
    await story.filled()
    await assess.consolidate(await story.officer(), story.season, COMMUNE, date(2024, 1, 2))

    await assess.post(await story.officer(), story.season, COMMUNE, "Trụ sở", on=date(2024, 1, 2))

    assert (await story.dossier()).posted_until == date(2024, 1, 7)


async def test_a_dossier_is_submitted_after_the_posting_with_its_comments_answered(province_story: Story):
    province_story.rulebook_id = "qd-619-2017"
    story = await (await province_story.opened()).posted()
    public = story.house.work(story.tenant, Actor("public", ()), uuid4(), TODAY)
    await assess.receive_comment(public, story.season, COMMUNE, "Điểm hòa giải chưa đúng", date(2024, 1, 10))

    with pytest.raises(PostingUnfinished):
        await assess.submit(await story.chairman(), story.season, COMMUNE, "12/BC", date(2024, 1, 11))
    with pytest.raises(OutOfOrder) as unanswered:
        await assess.submit(await story.chairman(), story.season, COMMUNE, "12/BC")
    (comment,) = (await story.dossier()).comments
    await assess.answer_comment(await story.officer(), story.season, COMMUNE, comment, "Đã kiểm tra lại")
    await assess.submit(await story.chairman(), story.season, COMMUNE, "12/BC")

    assert unanswered.value.details["state"] == "comments-unanswered"
    assert (await story.dossier()).stage is Stage.SUBMITTED


async def test_a_comment_is_neither_empty_nor_endless_and_only_on_a_posted_result(story: Story):
    public = story.house.work(story.tenant, Actor("public", ()), uuid4(), TODAY)

    with pytest.raises(PostingClosed):
        await assess.receive_comment(public, story.season, COMMUNE, "Chưa niêm yết")
    with pytest.raises(TextTooLong):
        await assess.receive_comment(public, story.season, COMMUNE, "a" * 4_001)
    await story.posted()
    with pytest.raises(ReasonMissing):
        await assess.receive_comment(public, story.season, COMMUNE, "  ")


async def test_a_dossier_without_evidence_or_explanation_is_not_submitted(story: Story):
    await story.posted()
    await assess.reopen(await story.officer(), story.season, COMMUNE, "Rút một tệp")
    (evidence,) = (await story.dossier()).entry("TC1.CT1").evidence
    await assess.withdraw_evidence(await story.officer(), story.season, COMMUNE, "TC1.CT1", evidence, "Sai tệp")

    with pytest.raises(EvidenceMissing) as refusal:
        await assess.submit(await story.chairman(), story.season, COMMUNE, "12/BC")

    assert refusal.value.details["indicators"] == ("TC1.CT1",)


async def test_a_dossier_is_not_submitted_while_indicators_are_led_by_nobody(story: Story):
    await story.posted()
    administrator = story.as_administrator
    await organise.suspend_season(await administrator(), story.season, "Đổi", "1/UBND")
    await organise.convert_season(await administrator(), story.season, "qd-619-2017", "Đổi", "1/UBND")

    with pytest.raises(IndicatorsUnassigned) as refusal:
        await assess.submit(await story.chairman(), story.season, COMMUNE, "12/BC")

    assert "TC3.CT9" in refusal.value.details["indicators"]


async def test_a_submitted_dossier_is_locked(story: Story):
    await story.submitted()

    with pytest.raises(AssessmentLocked):
        await story.score("TC1.CT1")
    with pytest.raises(AssessmentLocked):
        await story.attach("TC1.CT1", content=b"%PDF-1 late")
    with pytest.raises(OutOfOrder):
        await assess.reopen(await story.officer(), story.season, COMMUNE, "Sửa")


async def test_only_the_chairman_submits(story: Story):
    await story.posted()

    with pytest.raises(NotPermitted):
        await assess.submit(await story.officer(), story.season, COMMUNE, "12/BC")


async def test_facts_of_a_dossier_stand_in_its_own_stream(story: Story):
    await story.score("TC1.CT1")

    kinds = {type(one.fact) for one in await story.facts() if one.stream.kind == "assessment"}
    assert kinds >= {Assessment.Opened, Assessment.IndicatorMeasured, Assessment.IndicatorScored}


# Several people on one dossier ------------------------------------------------------------------------


def explaining(text: str) -> Deed:
    return lambda story, work, version: assess.explain(work, story.season, COMMUNE, TC1_CT2, text, version=version)


def declaring(occurred: Answer, basis: str) -> Deed:
    return lambda story, work, version: assess.declare_veto(
        work, story.season, COMMUNE, assess.declarable(story.rulebook)[0], occurred, basis, version=version
    )


def surveying(satisfied: int) -> Deed:
    return lambda story, work, version: assess.measure_satisfaction(
        work, story.season, COMMUNE, satisfied, 100, version=version
    )


@pytest.mark.parametrize(
    ("rulebook", "theirs", "yours"),
    [
        ("qd-25-2021", explaining("Danh sách lưu ở xã."), explaining("Không phát sinh.")),
        ("qd-25-2021", declaring(Answer.YES, "Kết luận 3"), declaring(Answer.NO, "Công văn 5")),
        ("qd-25-2021", declaring(Answer.NO, "Công văn 6"), declaring(Answer.NO, "Công văn 5")),
        ("qd-619-2017", surveying(80), surveying(95)),
    ],
    ids=["explanation", "condition", "basis", "survey"],
)
async def test_what_somebody_else_stored_since_the_page_was_shown_is_not_replaced_unseen(
    province_story: Story, rulebook: str, theirs: Deed, yours: Deed
):
    province_story.rulebook_id = rulebook
    story = await province_story.opened()
    seen = (await story.dossier()).version
    await theirs(story, await story.officer(), seen)
    stored = (await story.dossier()).version

    with pytest.raises(Stale):
        await yours(story, await story.officer(), seen)
    assert (await story.dossier()).version == stored
    await theirs(story, await story.officer(), seen)  # the same once more replaces nothing
    await yours(story, await story.officer(), stored)

    assert (await story.dossier()).version == stored + 1


async def test_a_file_that_came_meanwhile_does_not_make_an_explanation_stale(story: Story):
    seen = (await story.dossier()).version
    await story.attach(TC1_CT2)

    await assess.explain(await story.officer(), story.season, COMMUNE, TC1_CT2, "Danh sách", version=seen)

    assert (await story.dossier()).entry(TC1_CT2).explanation == "Danh sách"


@pytest.mark.parametrize("theirs", [assess.answer_comments, assess.set_comments_aside])
@pytest.mark.parametrize("yours", [assess.answer_comments, assess.set_comments_aside])
async def test_a_comment_that_was_settled_meanwhile_is_not_settled_again_unseen(
    story: Story, theirs: Settling, yours: Settling
):
    await story.posted()
    await assess.receive_comment(await story.officer(), story.season, COMMUNE, "Thiếu bảng tin", date(2024, 1, 3))
    dossier = await story.dossier()
    seen, comments = dossier.version, list(dossier.comments)
    await theirs(await story.officer(), story.season, COMMUNE, comments, "Đã treo lại", version=seen)
    before = (await story.dossier()).version

    with pytest.raises(Stale):
        await yours(await story.officer(), story.season, COMMUNE, comments, "Không liên quan", version=seen)

    assert (await story.dossier()).version == before


async def test_a_repeat_from_before_a_use_case_knew_the_version_is_known_again(story: Story):
    command = uuid4()
    asked = [story.season, COMMUNE, TC1_CT2, "Danh sách"]
    first = await assess.explain(await story.officer(command=command), story.season, COMMUNE, TC1_CT2, "Danh sách")

    work = replace(await story.officer(command=command), verb="explain", body=body_sha256("explain", asked))

    known = await work.answered()
    assert known is not None
    assert (known.first, known.last, known.repeated) == (first.first, first.last, True)
