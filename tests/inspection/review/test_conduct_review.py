from datetime import date, timedelta
from uuid import UUID, uuid4

import pytest

from domain.errors import (
    DocumentMissing,
    GroundReviewed,
    NotAsked,
    NotFound,
    NothingToReview,
    NotInTheDossier,
    NotPermitted,
    OutOfOrder,
    Unheard,
)
from domain.meeting import Choice
from domain.official import Office, Official, official_stream
from domain.recognition import Recognition, Result, recognition_stream
from domain.review import Degree, Ground, Review, Ruling, review_stream
from services.inspection.review import conduct_review
from services.recognition import recognise
from services.season import organise
from tests.provinces.story import COMMUNE, OTHER, TODAY, Story

OFFICER = f"{COMMUNE} {Office.JUSTICE_OFFICER}"
DAY = date(2024, 1, 10)


async def open_review(story: Story, ground: Ground = Ground.FALSE_EVIDENCE, positions: tuple[int, ...] = ()) -> None:
    await conduct_review.open_review(
        await story.inspector(), story.season, COMMUNE, ground, "Không khớp sổ gốc", "21/QĐ-TTr", DAY, positions
    )


async def recognition(story: Story) -> Recognition:
    return await (await story.decider()).look(Recognition, recognition_stream(story.season, COMMUNE))


async def review(story: Story, number: int = 1) -> Review:
    return await (await story.decider()).look(Review, review_stream(story.season, COMMUNE, number))


async def reviewed(story: Story) -> list[str]:
    return [kind for kind in await story.kinds() if kind.startswith(("Review.", "Recognition.R"))]


async def mandate(story: Story, subject: str) -> UUID:
    official = await (await story.decider()).look(Official, official_stream(story.person(subject)))
    return next(iter(official.mandates))


async def ask(story: Story, subject: str = OFFICER, due: date = TODAY + timedelta(days=7)) -> UUID:
    """The official is asked; the inquiry."""
    work = await story.inspector()
    held = await mandate(story, subject)
    person = story.person(subject)
    await conduct_review.ask_official(work, story.season, COMMUNE, 1, person, held, "Danh sách lập từ đâu?", due)
    return work.new_id("inquiry")


async def position_of(story: Story, kind: str, commune: str = COMMUNE) -> int:
    """Where the last fact of this kind about the commune stands in the log."""
    mine = [one for one in await story.facts() if one.stream.subject == commune]
    return [one.position for one in mine if type(one.fact).__qualname__ == kind][-1]


async def test_a_recognition_is_reviewed_and_revoked_in_one_command_with_the_conclusion(story: Story):
    await story.decided()
    await organise.close_season(await story.as_administrator(), story.season)
    scored = await position_of(story, "Assessment.IndicatorScored")

    await open_review(story, positions=(scored,))
    inquiry = await ask(story)
    await conduct_review.explain(await story.by(OFFICER), story.season, COMMUNE, 1, inquiry, "Theo số người được mời")
    await conduct_review.record_finding(await story.inspector(), story.season, COMMUNE, 1, "Sổ có 13 chữ ký", [scored])
    await conduct_review.add_note(await story.inspector(), story.season, COMMUNE, 1, scored)
    await conduct_review.determine_responsibility(
        await story.inspector(),
        story.season,
        COMMUNE,
        1,
        story.person(OFFICER),
        await mandate(story, OFFICER),
        scored,
        Degree.DIRECT,
        "Điều 7",
    )
    await conduct_review.propose(
        await story.inspector(), story.season, COMMUNE, 1, Ruling.REVOKED, "Tiêu chí 2 dưới một nửa"
    )
    result = await conduct_review.conclude(
        await story.decider(), story.season, COMMUNE, 1, Ruling.REVOKED, "915/QĐ-UBND", date(2024, 5, 15)
    )

    assert await reviewed(story) == [
        "Review.Opened",
        "Review.OfficialAsked",
        "Review.ExplanationGiven",
        "Review.FindingRecorded",
        "Review.NoteAdded",
        "Review.ResponsibilityDetermined",
        "Review.Proposed",
        "Review.Concluded",
        "Recognition.Revoked",
    ]
    assert result.last - result.first == 1
    revoked = [one.fact for one in await story.facts() if isinstance(one.fact, Recognition.Revoked)]
    assert [(one.ground, one.decision_no, one.review) for one in revoked] == [
        ("Tiêu chí 2 dưới một nửa", "915/QĐ-UBND", 1)
    ]
    determined = [one.fact for one in await story.facts() if isinstance(one.fact, Review.ResponsibilityDetermined)]
    assert [(one.position, one.unit, one.act.position) for one in determined] == [
        (Office.JUSTICE_OFFICER, COMMUNE, scored)
    ]


async def test_a_confirmed_recognition_stands(story: Story):
    await (await story.decided()).under_review()
    await conduct_review.propose(await story.inspector(), story.season, COMMUNE, 1, Ruling.CONFIRMED, "Không có căn cứ")

    await conduct_review.conclude(await story.decider(), story.season, COMMUNE, 1, Ruling.CONFIRMED, "915/QĐ-UBND")

    assert (await recognition(story)).revoked_on is None
    assert (await review(story)).concluded is Ruling.CONFIRMED


async def test_what_was_never_decided_is_not_reviewed(story: Story):
    await story.voted()

    with pytest.raises(NothingToReview) as refusal:
        await open_review(story)

    assert refusal.value.details["reason"] == "undecided"
    assert await reviewed(story) == []


async def test_a_refusal_to_recognise_is_not_reviewed(story: Story):
    await story.voted(Choice.AGAINST)
    await recognise.decide(
        await story.decider(), story.season, COMMUNE, Result.NOT_RECOGNISED, "42/QĐ-UBND", reason="Hội đồng"
    )

    with pytest.raises(NothingToReview) as refusal:
        await open_review(story)

    assert refusal.value.details["reason"] == "not-recognised"


async def test_what_was_revoked_is_not_reviewed_again(story: Story):
    await (await (await story.decided()).under_review()).revoke()

    with pytest.raises(NothingToReview) as refusal:
        await open_review(story, Ground.COMPLAINT)

    assert refusal.value.details["reason"] == "revoked"


async def test_a_second_review_on_the_same_ground_is_refused_and_another_ground_gets_the_next_number(story: Story):
    await (await story.decided()).under_review()

    with pytest.raises(GroundReviewed) as refusal:
        await open_review(story)
    await open_review(story, Ground.COMPLAINT)

    assert refusal.value.details == {"ground": Ground.FALSE_EVIDENCE, "number": 1}
    assert (await review(story, 2)).ground is Ground.COMPLAINT


async def test_the_second_of_two_reviews_ends_with_what_the_first_revoked(story: Story):
    await (await story.decided()).under_review()
    await story.under_review(Ground.COMPLAINT, number=2)
    await story.revoke()
    await conduct_review.propose(await story.inspector(), story.season, COMMUNE, 2, Ruling.CONFIRMED, "Không có căn cứ")

    with pytest.raises(NothingToReview):
        await conduct_review.conclude(await story.decider(), story.season, COMMUNE, 2, Ruling.CONFIRMED, "916/QĐ-UBND")
    await conduct_review.conclude(
        await story.decider(), story.season, COMMUNE, 2, Ruling.REVOKED, "915/QĐ-UBND", reason="Đã thu hồi"
    )

    assert (await reviewed(story)).count("Recognition.Revoked") == 1


async def test_only_an_inspector_with_a_mandate_in_force_conducts_a_review(story: Story):
    await (await story.decided()).under_review()
    former = await story.house.people.actor_of(story.tenant, "https://id.example", "inspector", date(2014, 1, 1))
    assert former is not None
    without_mandate = story.house.work(story.tenant, former, uuid4(), TODAY)

    for work in (without_mandate, await story.decider(), await story.appraiser(), await story.officer()):
        for refused in (
            conduct_review.open_review(work, story.season, COMMUNE, Ground.FLAG, "…", "21/QĐ", DAY),
            conduct_review.record_finding(work.again(uuid4()), story.season, COMMUNE, 1, "…"),
            conduct_review.propose(work.again(uuid4()), story.season, COMMUNE, 1, Ruling.REVOKED, "…"),
        ):
            with pytest.raises(NotPermitted):
                await refused
    assert await reviewed(story) == ["Review.Opened", "Review.FindingRecorded"]


async def test_an_inspection_is_ordered_by_a_document(story: Story):
    await story.decided()

    with pytest.raises(DocumentMissing):
        await conduct_review.open_review(await story.inspector(), story.season, COMMUNE, Ground.FLAG, "…", " ", DAY)


async def test_nobody_explains_who_was_not_asked_nor_for_another(story: Story):
    await (await story.decided()).under_review()
    inquiry = await ask(story)
    chairmans = await ask(story, f"{COMMUNE} {Office.COMMUNE_CHAIRMAN}")

    for who, what in ((await story.appraiser(), inquiry), (await story.by(OFFICER), chairmans)):
        with pytest.raises(NotAsked):
            await conduct_review.explain(who, story.season, COMMUNE, 1, what, "…")
    assert "Review.ExplanationGiven" not in await reviewed(story)


async def test_a_position_that_an_official_never_held_is_not_asked_about(story: Story):
    await (await story.decided()).under_review()

    with pytest.raises(NotFound):
        await conduct_review.ask_official(
            await story.inspector(), story.season, COMMUNE, 1, story.person(OFFICER), uuid4(), "?", TODAY
        )


async def test_responsibility_for_a_fact_of_another_dossier_is_refused(story: Story):
    await (await story.decided()).under_review()
    await story.score(story.codes[0], OTHER)
    elsewhere = await position_of(story, "Assessment.IndicatorScored", OTHER)
    await ask(story)
    who, held = story.person(OFFICER), await mandate(story, OFFICER)

    for position in (elsewhere, 0, 10**9):
        with pytest.raises(NotInTheDossier) as refusal:
            await conduct_review.determine_responsibility(
                await story.inspector(), story.season, COMMUNE, 1, who, held, position, Degree.DIRECT, "Điều 7"
            )
        assert refusal.value.details == {"positions": (position,)}
    assert "Review.ResponsibilityDetermined" not in await reviewed(story)


async def test_facts_of_the_council_that_decided_belong_to_the_dossier(story: Story):
    await (await story.decided()).under_review()
    ballot = [one.position for one in await story.facts() if type(one.fact).__qualname__ == "Meeting.BallotCast"][-1]

    await conduct_review.add_note(await story.inspector(), story.season, COMMUNE, 1, ballot, "Tán thành 5/5")

    noted = [one.fact for one in await story.facts() if isinstance(one.fact, Review.NoteAdded)]
    assert [(one.marked.kind, one.marked.position, one.text) for one in noted] == [("meeting", ballot, "Tán thành 5/5")]


async def test_nobody_is_held_responsible_unheard(story: Story):
    await (await story.decided()).under_review()
    scored = await position_of(story, "Assessment.IndicatorScored")
    who, held = story.person(OFFICER), await mandate(story, OFFICER)

    with pytest.raises(Unheard):
        await conduct_review.determine_responsibility(
            await story.inspector(), story.season, COMMUNE, 1, who, held, scored, Degree.DIRECT, "Điều 7"
        )


async def test_nothing_is_concluded_before_the_proposal(story: Story):
    await (await story.decided()).under_review()

    with pytest.raises(OutOfOrder) as refusal:
        await conduct_review.conclude(await story.decider(), story.season, COMMUNE, 1, Ruling.REVOKED, "915/QĐ-UBND")

    assert refusal.value.details["state"] == "not-proposed"
    assert (await recognition(story)).revoked_on is None


async def test_the_chairman_of_the_deciding_unit_concludes(story: Story):
    await (await story.decided()).under_review()
    await conduct_review.propose(await story.inspector(), story.season, COMMUNE, 1, Ruling.REVOKED, "Sai")

    for work in (await story.inspector(), await story.by(Office.PROVINCE_CHAIRMAN), await story.chairman()):
        with pytest.raises(NotPermitted):
            await conduct_review.conclude(work, story.season, COMMUNE, 1, Ruling.REVOKED, "915/QĐ-UBND")


async def test_a_conclusion_pressed_twice_is_one(story: Story):
    await (await story.decided()).under_review()
    await conduct_review.propose(await story.inspector(), story.season, COMMUNE, 1, Ruling.REVOKED, "Sai")
    command = uuid4()

    first, again = [
        await conduct_review.conclude(
            await story.decider(command), story.season, COMMUNE, 1, Ruling.REVOKED, "915/QĐ-UBND", TODAY
        )
        for _ in range(2)
    ]

    assert (again.first, again.last, again.repeated) == (first.first, first.last, True)
