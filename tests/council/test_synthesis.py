"""The documents that a council leaves: minutes that say how the meeting was prepared, and the synthesis of opinions."""

import re
from datetime import date, timedelta

import pytest

from domain.errors import NotPermitted, OutOfOrder
from domain.export import Document
from domain.meeting import Meeting, meeting_stream
from services.council import consulting, minutes_document, preparing, voting
from services.documents.forms import LATER_ON_2026_11_30, PRESENT, UNTIL_2026_11_30, DocumentForm
from services.documents.reading import AsItStood
from services.exports.requests import export_id, request_export
from tests.provinces import papers
from tests.provinces.story import AGENCIES, COMMUNE, DISTRICT, TODAY, Story


async def text_of(story: Story, key: str, form: DocumentForm = PRESENT) -> str:
    then = AsItStood(story.house.store, story.tenant, await story.house.store.position(story.tenant))
    paper = await minutes_document.read_paper(then, story.season, key, "03/HĐ")
    plain = re.sub(r"<[^>]*>", " ", minutes_document.render(paper, form))
    return " ".join(plain.split())


async def test_the_synthesis_takes_the_place_of_minutes_and_names_every_opinion(story: Story):
    key = await story.consulted()

    text = await text_of(story, key)

    assert "BẢN TỔNG HỢP" in text
    assert "không tổ chức cuộc họp" in text
    assert "5 thành viên có ý kiến, 0 thành viên không có ý kiến" in text
    assert "bằng văn bản 12/CV" in text
    assert "Thông tư không quy định tỷ lệ" in text
    assert "biên bản" not in text.lower()


async def test_a_synthesis_that_was_made_before_is_made_again_in_its_form(story: Story):
    key = await story.consulted()

    assert "số biên bản được đúng tệp này" in await text_of(story, key, UNTIL_2026_11_30)
    assert "số được đúng tệp này" in await text_of(story, key)


async def test_minutes_say_when_papers_came_who_presided_and_what_absent_members_wrote(story: Story):
    key = await story.voted_with_an_absent_opinion()
    await preparing.send_papers(await story.appraiser(), story.season, key, date(2024, 1, 15))
    await preparing.acknowledge_papers(await story.by(AGENCIES[0]), story.season, key)
    await voting.close_meeting(await story.decider(), story.season, key)

    text = await text_of(story, key)

    assert "muộn so với hạn" in text
    assert "1/5 thành viên đã nhận" in text
    assert "Ý kiến bằng văn bản của thành viên vắng mặt" in text
    assert "7/CV" in text
    assert "1. Có mặt: 4 thành viên" in text


async def test_minutes_do_not_say_of_a_member_who_came_after_writing_that_they_were_away(story: Story):
    key = await story.voted_with_an_absent_opinion()
    meeting = await (await story.appraiser()).look(Meeting, meeting_stream(story.season, key))
    await voting.record_attendance(await story.appraiser(), story.season, key, sorted(meeting.members))
    await voting.close_meeting(await story.decider(), story.season, key)

    text = await text_of(story, key)

    assert "1. Có mặt: 5 thành viên" in text
    assert "7/CV; sau đó có mặt tại phiên họp" in text
    assert "sau đó có mặt" not in await text_of(story, key, LATER_ON_2026_11_30)


async def test_minutes_of_a_meeting_that_recorded_none_of_it_say_none_of_it(story: Story):
    key = await story.voted()
    await voting.close_meeting(await story.decider(), story.season, key)

    text = await text_of(story, key)

    assert "BIÊN BẢN" in text
    for word in ("Tài liệu họp", "ủy quyền", "Ý kiến bằng văn bản của thành viên vắng mặt"):
        assert word not in text


async def test_a_sheet_to_be_filled_in_is_printed_for_whoever_conducts_while_members_are_asked(story: Story):
    await story.concluded()
    await story.council()
    answer_by = TODAY + timedelta(days=7)
    _, key = await consulting.open_consultation(await story.decider(), story.season, DISTRICT, answer_by, [COMMUNE])
    work = await story.decider()
    await request_export(work, Document.MEMBER_SHEET, story.season, key)

    async with papers.workshop(story.house) as shop:
        document = await papers.made(shop, story, export_id(work))

    said = papers.text_of(document.content)
    assert "PHIẾU LẤY Ý KIẾN THẨM ĐỊNH" in said
    assert "trước khi hết" in said
    assert "Họ và tên: ....." in said
    assert "Người police" not in said


async def test_members_who_meet_have_no_sheet_and_a_member_does_not_hand_it_out(story: Story):
    key = await story.vote_open()
    with pytest.raises(OutOfOrder):
        await request_export(await story.decider(), Document.MEMBER_SHEET, story.season, key)
    with pytest.raises(NotPermitted):
        await request_export(await story.by("police"), Document.MEMBER_SHEET, story.season, key)
