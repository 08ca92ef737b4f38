"""The chain of responsibility as a PDF: what the page says, of one indicator or of all, as of a position."""

import pytest

from domain.assessment import Assessment
from domain.errors import NotFound, NotPermitted
from domain.export import Document
from domain.recognition import Recognition
from services.exports.kind import FinishedDocument
from services.exports.requests import export_id, request_export
from tests.provinces.papers import made, text_of, workshop
from tests.provinces.story import COMMUNE, OTHER, Story


async def printed(story: Story, indicator: str | None = None, upto: int | None = None) -> FinishedDocument:
    work = await story.inspector()
    await request_export(work, Document.RESPONSIBILITY, story.season, COMMUNE, indicator=indicator, upto=upto)
    async with workshop(story.house) as shop:
        return await made(shop, story, export_id(work))


async def test_the_chain_is_filed_with_who_acted_on_what_under_which_mandate(story: Story):
    await story.decided()
    facts = await story.facts()
    decided = next(one.position for one in facts if isinstance(one.fact, Recognition.Decided))
    attached = next(one for one in facts if isinstance(one.fact, Assessment.EvidenceAttached))

    whole, value = await printed(story), await printed(story, "TC1.CT1")
    before = await printed(story, upto=decided - 1)

    text = text_of(whole.content)
    assert f"Chuẩn tiếp cận pháp luật năm {story.season}, toàn bộ hồ sơ và quyết định" in text
    assert "Công nhận, Quyết định số 41/QĐ-UBND" in text
    assert "Kết quả biểu quyết của 5 thành viên Hội đồng" in text

    text = text_of(value.content)
    assert f"#{attached.position}" in text.replace(".", "")
    for said in ("Báo cáo.pdf (không mở)", "Được giao, chưa thực hiện", "01/QĐ", "Thẩm định khi chưa mở hết tệp"):
        assert set(said.split()) <= set(text.split()), said

    assert before.name == f"trach-nhiem-{story.season}-{COMMUNE}-{decided - 1}.pdf"
    text = text_of(before.content)
    assert "Chưa có quyết định" in text
    assert "41/QĐ-UBND" not in text


async def test_who_took_a_seat_in_the_council_answers_for_the_ballot(story: Story):
    await story.voted_after_a_replacement()
    await story.decide()

    text = text_of((await printed(story)).content)
    ballots = text[text.index("Kết quả biểu quyết của 6 thành viên Hội đồng") :]
    for said in ("vòng 1: Tán thành (police)", "vòng 2: Không tán thành (police)", "Người police", "Người substitute"):
        assert said in ballots
    assert ballots.count("(police)") == 2


async def test_there_is_no_chain_of_what_was_not_there_nor_for_who_may_not_see_it(story: Story):
    await story.score("TC1.CT1")
    opened = next(one.position for one in await story.facts() if isinstance(one.fact, Assessment.Opened))

    for asked in ({"indicator": "TC9.CT9"}, {"upto": opened - 1}):
        with pytest.raises(NotFound):
            await printed(story, **asked)
    with pytest.raises(NotPermitted):
        await request_export(await story.officer(commune=OTHER), Document.RESPONSIBILITY, story.season, COMMUNE)
