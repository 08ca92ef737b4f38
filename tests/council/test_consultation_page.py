"""A consultation in writing, papers, authorisation and absent members' opinions through their pages."""

import re
from collections.abc import Awaitable, Callable
from datetime import date, timedelta
from uuid import uuid4

import pytest

from domain.council import Member, Role
from domain.meeting import Choice, Meeting
from domain.official import Office
from services.council import consulting, voting
from tests.council.test_meeting_page import CHAIR, meeting
from tests.provinces.story import AGENCIES, COMMUNE, DISTRICT, DISTRICT_OFFICES, PDF, Story
from tests.web.desks import Desk, Desks, Page, desks, season, workplace

__all__ = ["desks", "season", "workplace"]

SECRETARY = Office.DISTRICT_JUSTICE.value
ALL = (*DISTRICT_OFFICES, *AGENCIES)
SCAN = {"file": ("phieu.pdf", PDF, "application/pdf")}


async def asked(story: Story, days: int = 7) -> str:
    """The council is asked about the commune; the consultation's key."""
    await story.concluded()
    await story.council()
    work = await story.decider()
    _, key = await consulting.open_consultation(
        work, story.season, DISTRICT, work.today + timedelta(days=days), [COMMUNE]
    )
    return key


async def answer(desk: Desk, story: Story, key: str, choice: str = "for") -> Page:
    page = await desk.open(meeting(story, key))
    return await desk.send(page, "/ghi-phieu", choice=choice)


async def facts(story: Story, kind: type) -> list[object]:
    return [one.fact for one in await story.facts() if isinstance(one.fact, kind)]


async def test_the_chair_asks_in_writing_members_answer_and_the_result_stands_without_a_meeting(
    desks: Desks, season: Story
):
    await season.concluded()
    await season.council()
    chair = await desks.of(CHAIR)
    page = await chair.open(f"/hoi-dong/{season.season}")
    until = date.today() + timedelta(days=7)  # noqa: DTZ011 - the day of the pages
    page = await chair.send(page, "/lay-y-kien", answer_by=f"{until:%d/%m/%Y}")
    assert "không tổ chức cuộc họp" in page.text
    key = f"{DISTRICT}-1"

    early = await chair.send(page, "/ket-thuc-lay-y-kien")
    assert (early.status, early.refused) == (409, "consultation-running")
    for subject in ALL:
        page = await answer(await desks.of(subject), season, key)
    page = await chair.send(await chair.open(meeting(season, key)), "/ket-thuc-lay-y-kien")

    assert "Bản tổng hợp ý kiến thẩm định" in page.text
    assert page.text.count("5 tán thành, 0 không tán thành, 0 ý kiến khác") == 1
    assert page.text.count("Tán thành công nhận") == 1
    listed = await chair.open(f"/hoi-dong/{season.season}")
    assert "lấy ý kiến bằng văn bản đến" in listed.text


async def test_a_paper_is_entered_with_its_file_which_is_handed_out_after_the_end(desks: Desks, season: Story):
    key = await asked(season)
    secretary = await desks.of(SECRETARY)
    member = str(season.person(AGENCIES[0]))
    page = await secretary.open(meeting(season, key))

    bare = await secretary.send(page, "/y-kien-giay", member=member, choice="for", document_no="12/CV")
    page = await secretary.send(
        page, "/y-kien-giay", {"member": member, "choice": "for", "document_no": "12/CV"}, files=SCAN
    )

    assert (bare.status, bare.refused) == (422, "file-not-chosen")
    (position,) = [one.position for one in await season.facts() if isinstance(one.fact, Meeting.WrittenOpinionReceived)]
    early = await secretary.fetch(f"{meeting(season, key)}/van-ban/{position}")
    page = await secretary.send(page, "/ket-thuc-lay-y-kien")
    assert (early.status_code, "bằng văn bản 12/CV" in page.text) == (404, True)
    paper = await secretary.fetch(f"{meeting(season, key)}/van-ban/{position}")
    assert paper.content == PDF


async def test_an_answer_after_the_end_is_refused_and_the_result_is_shown(desks: Desks, season: Story):
    key = await asked(season, days=0)
    late = await desks.of(AGENCIES[0])
    left_open = await late.open(meeting(season, key))
    chair = await desks.of(CHAIR)
    await chair.send(await chair.open(meeting(season, key)), "/ket-thuc-lay-y-kien")

    refused = await late.send(left_open, "/ghi-phieu", choice="for")

    assert (refused.status, refused.refused) == (409, "vote-closed")
    assert "Việc lấy ý kiến về hồ sơ này đã kết thúc" in refused.text
    assert await facts(season, Meeting.BallotCast) == []


async def test_while_opinions_are_awaited_nobody_sees_how_others_answered(desks: Desks, season: Story):
    key = await asked(season)
    await answer(await desks.of(AGENCIES[0]), season, key, "against")

    page = await (await desks.of(CHAIR)).open(meeting(season, key))

    assert "1/5 ý kiến" in page.text
    assert "1 không tán thành" not in page.text


#: Words of a meeting, which nobody held.
OF_A_MEETING = re.compile(r"có mặt|vắng|phiên họp|biên bản|biểu quyết|bỏ phiếu|chủ tọa", re.IGNORECASE)


async def words_of_a_meeting(desk: Desk, address: str) -> list[str]:
    """Those that the page says of the consultation, its navigation and footer apart."""
    page = await desk.open(address)
    assert page.status == 200, address
    (said,) = re.findall(r"<main.*</main>", page.html, re.DOTALL)
    return OF_A_MEETING.findall(re.sub(r"<[^>]*>", " ", said))


async def awaited(story: Story) -> str:
    """A consultation that one member has answered; its key."""
    key = await asked(story)
    await voting.cast_ballot(await story.by(AGENCIES[0]), story.season, key, COMMUNE, Choice.FOR)
    return key


@pytest.mark.parametrize(
    "consulted", [awaited, Story.consulted], ids=["while opinions are awaited", "once it is closed"]
)
async def test_a_consultation_has_words_of_its_own_on_its_page_in_its_replay_and_in_the_trail(
    desks: Desks, season: Story, consulted: Callable[[Story], Awaitable[str]]
):
    key = await consulted(season)
    chair, member, inspector = await desks.of(CHAIR), await desks.of(AGENCIES[1]), await desks.of(Office.INSPECTOR)
    first, *_, last = [one.position for one in await season.facts() if one.stream.kind == "meeting"]

    for desk in (chair, member, inspector):
        assert await words_of_a_meeting(desk, meeting(season, key)) == []
        for at in (first, last):
            assert await words_of_a_meeting(desk, f"{meeting(season, key)}/phat-lai?den={at}") == []
    trail = await inspector.open(f"/nhat-ky?hop={season.season}/{key}")
    told = re.findall(r"<main.*</main>", trail.html, re.DOTALL)[0]
    assert ("Kết thúc lấy ý kiến ngày" in told) is (consulted is not awaited)
    assert "lấy ý kiến 1, " in told
    assert "Mở biểu quyết" not in told
    assert "của 1 thành viên" not in told  # which is the number of dossiers
    assert "Kết thúc phiên họp" not in told


# Before a meeting -------------------------------------------------------------------------------------


async def convened(story: Story) -> str:
    """A meeting of a council with a vice-chair, today; its key."""
    await story.concluded()
    seats = [
        Member(story.person(Office.DISTRICT_CHAIRMAN), Role.CHAIR, "UBND huyện"),
        Member(story.person(Office.DISTRICT_JUSTICE), Role.SECRETARY, "Phòng Tư pháp"),
        Member(story.person(AGENCIES[0]), Role.VICE_CHAIR, "Công an huyện"),
        *(Member(story.person(one), Role.MEMBER, one) for one in AGENCIES[1:]),
    ]
    work = await story.decider()
    await voting.constitute_council(work, story.season, DISTRICT, "33/QĐ", work.today, seats)
    work = await story.appraiser()
    _, key = await voting.convene(work, story.season, DISTRICT, work.today, "Phòng họp 1", [COMMUNE])
    return key


async def test_papers_that_go_out_late_are_flagged_and_members_confirm_them(desks: Desks, season: Story):
    key = await convened(season)
    secretary, member = await desks.of(SECRETARY), await desks.of(AGENCIES[1])

    page = await secretary.open(meeting(season, key, xem="hop"))
    page = await secretary.send(page, "/gui-tai-lieu", sent="15/01/2024")
    assert "gửi muộn, hạn 10/01/2024" in page.text
    page = await member.send(await member.open(meeting(season, key)), "/nhan-tai-lieu")
    assert not page.offers("/nhan-tai-lieu")
    page = await secretary.send(
        await secretary.open(meeting(season, key, xem="hop")),
        "/ghi-nhan-tai-lieu",
        receiver=str(season.person(AGENCIES[2])),
        received="15/01/2024",
    )

    assert "2/5 thành viên đã nhận" in page.text
    assert "thành viên xác nhận" in page.text
    assert "Thư ký ghi" in page.text


async def test_the_chair_authorises_the_vice_chair_by_a_note_and_the_page_says_so(desks: Desks, season: Story):
    key = await convened(season)
    chair = await desks.of(CHAIR)
    page = await chair.open(meeting(season, key, xem="hop"))
    vice_chair = str(season.person(AGENCIES[0]))

    bare = await chair.send(page, "/uy-quyen", vice_chair=vice_chair)
    page = await chair.send(page, "/uy-quyen", vice_chair=vice_chair, note="Đi công tác")

    assert (bare.status, bare.refused) == (422, "reason-missing")
    assert "ủy quyền cho Phó Chủ tịch (Công an huyện)" in page.text
    conducting = await (await desks.of(AGENCIES[0])).open(meeting(season, key, xem="hop"))
    assert conducting.offers("/diem-danh")


async def test_an_absent_members_opinion_stands_apart_from_the_ballots_with_its_file(desks: Desks, season: Story):
    key = await convened(season)
    secretary = await desks.of(SECRETARY)
    page = await secretary.open(meeting(season, key, xem="hop"))
    absent = str(season.person(AGENCIES[2]))

    page = await secretary.send(
        page, "/y-kien-vang", {"member": absent, "choice": "for", "document_no": "12/CV"}, files=SCAN
    )
    again = await secretary.send(
        page,
        "/y-kien-vang",
        {"member": str(season.person(AGENCIES[1])), "choice": "other", "document_no": "13/CV"},
        files=SCAN,
    )

    assert "không phải phiếu biểu quyết" in page.text
    (opinion,) = [one for one in await season.facts() if isinstance(one.fact, Meeting.AbsentOpinionReceived)]
    paper = await secretary.fetch(f"{meeting(season, key)}/van-ban/{opinion.position}")
    assert paper.content == PDF
    assert (again.status, again.refused) == (422, "reason-missing")


async def test_administrators_and_inspectors_are_not_offered_as_members(desks: Desks, season: Story):
    page = await (await desks.of(CHAIR)).open(f"/hoi-dong/{season.season}")

    assert f'name="role-{season.person(AGENCIES[0])}"' in page.html
    assert f'name="role-{season.person("administrator")}"' not in page.html
    assert f'name="role-{season.person(Office.INSPECTOR)}"' not in page.html


async def test_a_sixteenth_member_is_refused_on_the_page_with_the_number(desks: Desks, season: Story):
    chair = await desks.of(CHAIR)
    people = [season.person(one) for one in ALL] + [uuid4() for _ in range(11)]
    roles = ["secretary", "chair", *["member"] * 14]
    fields = {"decision_no": "33/QĐ", "on": "16/1/2024"}
    fields |= {f"role-{person}": role for person, role in zip(people, roles, strict=True)}
    fields |= {f"agency-{person}": "Cơ quan" for person in people}

    page = await chair.send(await chair.open(f"/hoi-dong/{season.season}"), "/thanh-lap", fields)

    assert (page.status, page.refused) == (409, "council-too-large")
    assert "Hội đồng có 16 người, nhiều hơn mức 15" in page.text
