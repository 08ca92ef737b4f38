"""The end of a review as a PDF: the chairman's decision, with the conclusion behind it."""

from dataclasses import replace
from datetime import date, timedelta

import pytest

from domain.errors import NotFound, NotPermitted, OutOfOrder
from domain.export import Document
from domain.official import Office, Official, official_stream
from domain.review import Degree
from services.exports.requests import export_id, request_export
from services.inspection.review import conduct_review
from services.work import Work
from tests.provinces.papers import made, text_of, workshop
from tests.provinces.story import COMMUNE, OTHER, TODAY, Story

OFFICER = f"{COMMUNE} {Office.JUSTICE_OFFICER}"
ABOUT = f"{COMMUNE}-1"


async def said(story: Story) -> str:
    work = await story.inspector()
    await request_export(work, Document.REVIEW, story.season, ABOUT)
    async with workshop(story.house) as shop:
        document = await made(shop, story, export_id(work))
    assert document.name == f"ket-luan-xem-xet-{story.season}-{ABOUT}.pdf"
    return text_of(document.content)


async def hold_the_officer_responsible(story: Story) -> int:
    """The officer was asked, did not explain, and answers for a score; its position."""
    person = story.person(OFFICER)
    official = await (await story.decider()).look(Official, official_stream(person))
    mandate = next(iter(official.mandates))  # other tests may have given the officer further ones
    mine = [one for one in await story.facts() if one.stream.subject == COMMUNE]
    scored = [one.position for one in mine if type(one.fact).__qualname__ == "Assessment.IndicatorScored"][-1]
    await conduct_review.ask_official(
        await story.inspector(), story.season, COMMUNE, 1, person, mandate, "Danh sách lập từ đâu?", TODAY
    )
    day_after = replace(await story.inspector(), today=TODAY + timedelta(days=1))
    await conduct_review.determine_responsibility(
        day_after, story.season, COMMUNE, 1, person, mandate, scored, Degree.DIRECT, "Điều 7 Quy chế"
    )
    return scored


async def test_a_revocation_is_a_decision_with_its_conclusion(story: Story):
    await (await story.decided()).under_review()
    scored = await hold_the_officer_responsible(story)
    await story.revoke("915/QĐ-UBND", date(2024, 5, 15), today=TODAY + timedelta(days=1))

    text = await said(story)

    assert "Số: 915/QĐ-UBND" in text
    assert "ngày 15 tháng 5 năm 2024" in text
    assert "Điều 1. Thu hồi Quyết định số 41/QĐ-UBND ngày 15 tháng 01 năm 2024 công nhận" in text
    assert "Lý do: minh chứng không đúng." in text
    assert "KẾT LUẬN XEM XÉT" in text
    assert "theo Văn bản số 21/QĐ-TTr" in text
    assert "Không giải trình." in text
    assert "Sổ gốc có 13 chữ ký." in text
    assert f"#{scored}" in text
    assert "trực tiếp" in text
    assert "Điều 7" in text


async def test_a_confirmation_says_that_the_recognition_stands(story: Story):
    await (await (await story.decided()).under_review()).confirm()

    text = await said(story)

    assert "Điều 1. Giữ nguyên Quyết định số 41/QĐ-UBND" in text
    assert "Không xác định trách nhiệm cá nhân." in text
    assert "Không có yêu cầu giải trình nào." in text
    assert "hu hồi" not in text


async def asked_for(work: Work, story: Story, about: str = ABOUT) -> None:
    await request_export(work, Document.REVIEW, story.season, about)


async def test_there_is_no_conclusion_before_it_was_concluded_nor_of_a_review_that_is_not(story: Story):
    await (await story.decided()).under_review()

    with pytest.raises(OutOfOrder):
        await asked_for(await story.inspector(), story)
    for about in (f"{COMMUNE}-2", COMMUNE, "", "x-y"):
        with pytest.raises(NotFound):
            await asked_for(await story.inspector(), story, about)


async def test_who_may_not_see_the_dossier_may_not_have_the_conclusion(story: Story):
    await (await (await story.decided()).under_review()).confirm()

    with pytest.raises(NotPermitted):
        await asked_for(await story.officer(commune=OTHER), story)
