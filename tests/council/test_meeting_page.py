"""A council meeting through its pages: the chair leads it, members vote, nobody sees too early how."""

import re
from datetime import timedelta
from uuid import uuid4

import pytest

from domain.council import Member, Role
from domain.fact import Recorded
from domain.meeting import Choice, Meeting, VoteRule, meeting_stream
from domain.official import Office
from domain.rulebook import Majority
from projections.tables.exports import EXPORTS
from services.clock import today
from services.council import voting
from services.council.meeting_view import seats
from tests.exports.test_exports_page import worked_off
from tests.infra.locked import encrypted
from tests.provinces.story import AGENCIES, COMMUNE, DISTRICT, DISTRICT_OFFICES, OTHER, PDF, Story
from tests.web.desks import Desk, Desks, Page, desks, season, workplace

__all__ = ["desks", "season", "workplace"]

CHAIR = Office.DISTRICT_CHAIRMAN.value
CODE = re.compile(r'class="code">([A-Z2-7]{4}-[A-Z2-7]{4})<')


def meeting(story: Story, key: str, **query: str) -> str:
    asked = "&".join(f"{name}={value}" for name, value in query.items())
    return f"/hop/{story.season}/{key}" + (f"?{asked}" if asked else "")


async def ballots(story: Story, key: str) -> list[Recorded]:
    facts = await story.facts(meeting_stream(story.season, key))
    return [one for one in facts if isinstance(one.fact, Meeting.BallotCast)]


async def vote(desk: Desk, story: Story, key: str, choice: str = "for", reason: str = "") -> Page:
    page = await desk.open(meeting(story, key, xem="phieu"))
    return await desk.send(page, "/ghi-phieu", choice=choice, reason=reason)


async def test_the_chair_leads_an_item_from_attendance_to_its_result(desks: Desks, season: Story):
    await season.concluded()
    await season.council()
    _, key = await voting.convene(
        await season.appraiser(), season.season, DISTRICT, (await season.decider()).today, "Phòng họp 1", [COMMUNE]
    )
    chair = await desks.of(CHAIR)

    page = await chair.open(meeting(season, key, xem="hop"))
    page = await chair.send(page, "/diem-danh", present=[str(one) for one in season.members])
    page = await chair.send(page, "/chuyen-muc")
    page = await chair.send(page, "/mo-bieu-quyet")
    assert "Đang biểu quyết, vòng 1" in page.text
    for subject in (*DISTRICT_OFFICES, *AGENCIES):
        await vote(await desks.of(subject), season, key)
    page = await chair.open(meeting(season, key, xem="hop"))
    page = await chair.send(page, "/dong-bieu-quyet")

    assert "5 tán thành, 0 không tán thành, 0 ý kiến khác" in page.text
    assert "Tán thành công nhận" in page.text
    assert len(await ballots(season, key)) == 5


async def test_without_a_quorum_no_vote_is_offered_and_none_can_be_opened(desks: Desks, season: Story):
    await season.concluded()
    key = await season.meeting(present=DISTRICT_OFFICES)
    chair = await desks.of(CHAIR)

    page = await chair.open(meeting(season, key, xem="hop"))
    asked = await chair.send(page, "/diem-danh", present=[])
    forced = await chair.post(
        f"{chair.home}{meeting(season, key)}/mo-bieu-quyet",
        {"csrf": asked.form("/diem-danh").value("csrf"), "command": str(uuid4()), "item": COMMUNE},
    )

    assert not page.offers("/mo-bieu-quyet")
    assert "Chưa mở được biểu quyết: chưa đủ số thành viên dự họp theo quy định." in page.text
    assert (forced.status, forced.refused) == (409, "no-quorum")


async def test_who_is_nobody_is_not_present(desks: Desks, season: Story):
    await season.concluded()
    key = await season.meeting()
    chair = await desks.of(CHAIR)
    page = await chair.open(meeting(season, key, xem="hop"))

    asked = await chair.send(page, "/diem-danh", present=["18446744073709551616"])

    assert (asked.status, asked.refused) == (404, "not-found")


async def test_a_dossier_whose_appraisal_is_not_concluded_is_not_voted_on(desks: Desks, season: Story):
    await season.submitted()
    key = await season.meeting()

    page = await (await desks.of(CHAIR)).open(meeting(season, key, xem="hop"))

    assert not page.offers("/mo-bieu-quyet")
    assert "thẩm định chưa kết luận" in page.text


async def test_while_the_vote_is_open_no_page_says_how_somebody_voted(desks: Desks, season: Story):
    key = await season.vote_open()
    await vote(await desks.of(AGENCIES[0]), season, key, "other", "ảnh bảng tin chưa rõ")
    paths = [
        meeting(season, key, xem="hop"),
        meeting(season, key, xem="hop", phan="dem"),
        meeting(season, key, xem="phieu"),
        f"/nhat-ky/{season.season}/{COMMUNE}",
    ]

    for reader in (CHAIR, AGENCIES[1]):
        desk = await desks.of(reader)
        for path in paths:
            page = await desk.open(path)
            assert page.status == 200
            assert "ảnh bảng tin chưa rõ" not in page.html, path
    chair = await (await desks.of(CHAIR)).open(paths[0])
    assert AGENCIES[0] not in chair.text.partition("Chưa bỏ phiếu:")[2].partition("Số phiếu")[0]
    assert AGENCIES[1] in chair.text.partition("Chưa bỏ phiếu:")[2].partition("Số phiếu")[0]


async def test_after_it_was_closed_every_ballot_stands_with_its_name(desks: Desks, season: Story):
    key = await season.vote_open()
    await vote(await desks.of(AGENCIES[0]), season, key, "other", "ảnh bảng tin chưa rõ")
    chair = await desks.of(CHAIR)

    page = await chair.open(meeting(season, key, xem="hop"))
    refused = await chair.send(page, "/dong-bieu-quyet")
    page = await chair.send(page, "/dong-bieu-quyet", without_missing="1")

    assert (refused.status, refused.refused) == (409, "ballots-outstanding")
    assert "Chờ đủ phiếu, hoặc đánh dấu “Đóng cả khi còn thành viên có mặt chưa bỏ phiếu”" in refused.text
    assert refused.text.count("Đóng cả khi còn thành viên có mặt chưa bỏ phiếu") == 2
    assert "Không đủ tỷ lệ tán thành công nhận" in page.text
    assert "Không tán thành công nhận" not in page.text
    assert "ảnh bảng tin chưa rõ" in page.text
    trail = await chair.open(f"/nhat-ky/{season.season}/{COMMUNE}?loai=meeting")
    assert "ảnh bảng tin chưa rõ" in trail.text


async def test_a_ballot_sent_again_from_another_page_gives_the_same_code_and_one_fact(desks: Desks, season: Story):
    key = await season.vote_open()
    member = await desks.of(AGENCIES[0])
    first = await member.open(meeting(season, key, xem="phieu"))
    second = await member.open(meeting(season, key, xem="phieu"))

    pages = [await member.send(page, "/ghi-phieu", choice="for") for page in (first, first, second)]

    codes = {found.group(1) for page in pages if (found := CODE.search(page.html))}
    assert len(codes) == 1
    assert all(CODE.search(page.html) for page in pages)
    assert len(await ballots(season, key)) == 1


async def test_another_choice_afterwards_is_refused_and_the_first_ballot_stands(desks: Desks, season: Story):
    key = await season.vote_open()
    member = await desks.of(AGENCIES[0])
    left_open = await member.open(meeting(season, key, xem="phieu"))
    await vote(member, season, key, "for")

    page = await member.send(left_open, "/ghi-phieu", choice="against")

    assert (page.status, page.refused) == (409, "already-voted")
    (ballot,) = await ballots(season, key)
    assert ballot.fact.choice is Choice.FOR  # type: ignore[attr-defined]


@pytest.mark.parametrize("headers", [{}, {"hx-request": "true"}])
async def test_a_ballot_refused_after_another_tab_voted_shows_what_is_recorded_and_no_form(
    desks: Desks, season: Story, headers: dict[str, str]
):
    key = await season.vote_open()
    member = await desks.of(AGENCIES[0])
    form = (await member.open(meeting(season, key, xem="phieu"))).form("/ghi-phieu")
    code = CODE.search((await vote(member, season, key, "for")).html)
    assert code

    page = await member.post(form.action, {**dict(form.fields), "choice": "against"}, **headers)

    assert page.refused == "already-voted"
    assert f'class="code">{code.group(1)}<' in page.html
    assert not page.offers("/ghi-phieu")
    assert "Tải biên nhận" in page.text
    assert 'id="bo-phieu"' in page.html


@pytest.mark.parametrize("headers", [{}, {"hx-request": "true"}])
@pytest.mark.parametrize("voted", [True, False])
async def test_after_the_vote_is_closed_a_refused_ballot_says_so_and_offers_none(
    desks: Desks, season: Story, headers: dict[str, str], *, voted: bool
):
    key = await season.vote_open()
    member = await desks.of(AGENCIES[0])
    form = (await member.open(meeting(season, key, xem="phieu"))).form("/ghi-phieu")
    if voted:
        await vote(member, season, key, "for")
    await voting.conclude_vote(await season.decider(), season.season, key, COMMUNE, without_missing=True)

    page = await member.post(form.action, {**dict(form.fields), "choice": "against"}, **headers)

    assert page.refused
    assert "Biểu quyết đã đóng lúc" in page.text
    assert bool(CODE.search(page.html)) is voted
    assert not page.offers("/ghi-phieu")
    assert "Bỏ phiếu" not in page.text


async def test_a_ballot_that_lacks_its_reason_stays_as_it_is_on_the_page(desks: Desks, season: Story):
    key = await season.vote_open()
    member = await desks.of(AGENCIES[0])
    form = (await member.open(meeting(season, key, xem="phieu"))).form("/ghi-phieu")

    page = await member.post(form.action, {**dict(form.fields), "choice": "other"}, **{"hx-request": "true"})

    assert page.refused == "reason-missing"
    assert 'id="bo-phieu"' not in page.html


async def test_two_in_favour_and_nobody_against_are_too_few_and_not_called_against(desks: Desks, season: Story):
    key = await season.vote_open()
    for subject, choice in zip(AGENCIES, ("for", "for", "other"), strict=True):
        await vote(await desks.of(subject), season, key, choice, "cần bổ sung" if choice == "other" else "")
    await voting.conclude_vote(await season.decider(), season.season, key, COMMUNE, without_missing=True)

    page = await (await desks.of(CHAIR)).open(meeting(season, key, xem="hop"))

    assert "2 tán thành, 0 không tán thành, 1 ý kiến khác" in page.text
    assert "Không đủ tỷ lệ tán thành công nhận" in page.text
    assert "Không tán thành công nhận" not in page.text


async def test_another_opinion_needs_a_reason_and_the_choice_stays_on_the_page(desks: Desks, season: Story):
    key = await season.vote_open()
    member = await desks.of(AGENCIES[0])

    page = await vote(member, season, key, "other")

    assert (page.status, page.refused) == (422, "reason-missing")
    assert ("choice", "other") in page.form("/ghi-phieu").fields
    assert await ballots(season, key) == []


async def test_who_was_absent_when_the_vote_opened_has_no_ballot(desks: Desks, season: Story):
    key = await season.vote_open(present=(*DISTRICT_OFFICES, *AGENCIES[:2]))
    absent = await desks.of(AGENCIES[2])

    page = await absent.open(meeting(season, key, xem="phieu"))
    forced = await absent.post(
        f"{absent.home}{meeting(season, key)}/ghi-phieu",
        {"csrf": csrf_of(page, await absent.open("/them")), "item": COMMUNE, "choice": "for", "round": "1"},
    )

    assert not page.offers("/ghi-phieu")
    assert "Không có tên trong danh sách biểu quyết" in page.text
    assert (forced.status, forced.refused) == (409, "not-on-the-roll")
    assert await ballots(season, key) == []


def csrf_of(*pages: Page) -> str:
    """The token of some form of these pages."""
    return next(value for page in pages for form in page.forms for name, value in form.fields if name == "csrf")


async def test_a_ballot_of_an_earlier_round_is_none_in_the_next(desks: Desks, season: Story):
    key = await season.vote_open()
    member, chair = await desks.of(AGENCIES[0]), await desks.of(CHAIR)
    left_open = await member.open(meeting(season, key, xem="phieu"))
    page = await chair.open(meeting(season, key, xem="hop"))
    page = await chair.send(page, "/dong-bieu-quyet", without_missing="1")

    refused = await chair.send(page, "/bo-phieu-lai", reason="")
    page = await chair.send(page, "/bo-phieu-lai", reason="Hai thành viên vào muộn")
    page = await chair.send(page, "/mo-bieu-quyet")
    late = await member.send(left_open, "/ghi-phieu", choice="for")

    assert (refused.status, refused.refused) == (422, "field-missing")
    assert "Đang biểu quyết, vòng 2" in page.text
    assert "Vòng 1, đã hủy" in page.text
    assert "Hai thành viên vào muộn" in page.text
    assert (late.status, late.refused) == (409, "vote-closed")


async def test_a_written_opinion_of_an_absent_member_is_a_ballot_where_the_rulebook_knows_it(desks: Desks):
    story = await Story(desks.house, desks.tenant, "", "qd-619-2017").opened()
    key = await story.vote_open(present=(*DISTRICT_OFFICES, *AGENCIES[:2]))
    chair = await desks.of(CHAIR)

    page = await chair.open(meeting(story, key, xem="hop"))
    absent = str(story.person(AGENCIES[2]))
    unnumbered = await chair.send(page, "/y-kien-van-ban", member=absent, choice="for")
    page = await chair.send(page, "/y-kien-van-ban", member=absent, choice="for", document_no="12/CV ngày 29/01")

    assert (unnumbered.status, unnumbered.refused) == (422, "field-missing")
    assert ("choice", "for") in unnumbered.form("/y-kien-van-ban").fields
    assert "văn bản" in page.text
    (opinion,) = [one for one in await story.facts() if isinstance(one.fact, Meeting.WrittenOpinionReceived)]
    assert opinion.fact.choice is Choice.FOR  # type: ignore[attr-defined]


async def test_the_ballot_is_answered_in_place_when_the_page_asks_so(desks: Desks, season: Story):
    key = await season.vote_open()
    member = await desks.of(AGENCIES[0])
    form = (await member.open(meeting(season, key, xem="phieu"))).form("/ghi-phieu")

    sent = {**dict(form.fields), "choice": "for"}
    result = await member.post(form.action, sent, **{"hx-request": "true"})
    refused = await member.post(form.action, {**sent, "choice": "against"}, **{"hx-request": "true"})

    assert CODE.search(result.html)
    assert "<html" not in result.html
    assert refused.headers["hx-retarget"] == "#refusal"
    assert refused.refused in ("already-voted", "command-reused")


@pytest.mark.parametrize("part", ["dem", "thanh-vien", "trang-thai"])
async def test_what_the_page_fetches_again_holds_no_field(desks: Desks, season: Story, part: str):
    key = await season.vote_open()
    member = await desks.of(AGENCIES[0])

    page = await member.open(meeting(season, key, phan=part), **{"hx-request": "true"})

    assert page.status == 200
    assert "<html" not in page.html
    assert not re.search(r"<(form|input|textarea|select|button)\b", page.html)


async def test_a_member_who_waits_is_told_when_the_vote_opens(desks: Desks, season: Story):
    await season.concluded()
    key = await season.meeting()
    member = await desks.of(AGENCIES[0])
    waiting = await member.open(meeting(season, key, xem="phieu"))
    asked = re.search(r'hx-get="([^"]+)"', waiting.html)
    assert asked
    path = asked.group(1).replace("&amp;", "&")

    before = await member.client.get(path, headers={"hx-request": "true"})
    await voting.open_vote(await season.decider(), season.season, key, COMMUNE)
    after = await member.client.get(path, headers={"hx-request": "true"})

    assert "Mở phiếu" not in before.text
    assert "Mở phiếu" in after.text


async def test_a_closed_meeting_offers_nothing_and_is_not_asked_again(desks: Desks, season: Story):
    key = await season.voted()
    chair = await desks.of(CHAIR)

    page = await chair.open(meeting(season, key, xem="hop"))
    early = await chair.send(page, "/ket-thuc", on=f"{today() + timedelta(days=1):%d/%m/%Y}")
    assert early.refused == "day-in-the-future"
    page = await chair.send(page, "/ket-thuc", on="30/01/2024")
    asked = await chair.client.get(f"{chair.home}{meeting(season, key, phan='dem')}", headers={"hx-request": "true"})

    assert "Phiên họp đã kết thúc ngày 30/01/2024" in page.text
    assert [form.action for form in page.forms if "/hop/" in form.action] == []
    assert "hx-get" not in page.html
    assert asked.status_code == 286


async def test_nobody_outside_sees_the_meeting(desks: Desks, season: Story):
    key = await season.vote_open()

    page = await (await desks.officer(commune=OTHER)).open(meeting(season, key))

    assert (page.status, page.refused) == (403, "not-permitted")


async def test_a_meeting_or_an_item_that_is_not_there_is_not_found(desks: Desks, season: Story):
    key = await season.vote_open()
    chair = await desks.of(CHAIR)

    assert (await chair.open(meeting(season, f"{DISTRICT}-9"))).status == 404
    assert (await chair.open(meeting(season, "nowhere"))).status == 404
    assert (await chair.open(meeting(season, key, muc=OTHER))).status == 404


def test_the_line_of_the_quorum_stands_after_as_many_seats_as_must_be_present():
    drawn = seats(VoteRule(11, 8, Majority.MORE_THAN_HALF_OF_ALL_MEMBERS), present=9, voted=7)

    assert [seat.kind for seat in drawn.seats] == ["in"] * 7 + ["un"] * 2 + ["aw"] * 2
    before = [seat.x for seat in drawn.seats if seat.x < drawn.line]
    assert len(before) == 8


async def draft(season: Story) -> bytes:
    """The minutes as the worker made them last."""
    async with season.house.reads.at(season.tenant) as view:
        made = [row.sha256 for row in await view.all(EXPORTS, season.season) if row.sha256]
    return await season.house.files(season.tenant).read(made[-1])


async def test_the_secretary_issues_the_minutes_and_every_member_takes_them_away(desks: Desks, season: Story):
    key = await season.voted()
    await voting.close_meeting(await season.decider(), season.season, key)
    secretary, member = await desks.appraiser(), await desks.of(AGENCIES[0])
    path = meeting(season, key, xem="hop")

    page = await secretary.open(path)
    refused = await secretary.send(page, "/lap-bien-ban")
    page = await secretary.send(page, "/lap-bien-ban", document_no="3/BB-HĐ")
    assert (refused.status, refused.refused) == (422, "field-missing")
    assert "đang lập văn bản 3/BB-HĐ" in page.text
    part = await secretary.open(meeting(season, key, phan="bien-ban"), **{"hx-request": "true"})
    assert (part.status, part.forms) == (200, [])
    await worked_off(secretary)
    part = await secretary.open(meeting(season, key, phan="bien-ban"), **{"hx-request": "true"})
    assert (part.status, "đã lập văn bản 3/BB-HĐ" in part.text) == (286, True)
    waiting = await member.open(path)
    page = await secretary.open(path)
    made = await draft(season)
    unsigned = await secretary.send(page, "/ban-hanh-bien-ban", files={"file": ("a.pdf", made, "application/pdf")})
    missing = await secretary.send(page, "/ban-hanh-bien-ban")
    page = await secretary.send(page, "/ban-hanh-bien-ban", files={"file": ("ky.pdf", PDF, "application/pdf")})

    assert [(one.status, one.refused) for one in (unsigned, missing)] == [(422, "not-signed"), (422, "file-not-chosen")]
    assert refused.offers("/lap-bien-ban")
    assert unsigned.offers("/ban-hanh-bien-ban")
    assert missing.offers("/ban-hanh-bien-ban")
    assert "Chưa có biên bản" in waiting.text
    assert "Biên bản số 3/BB-HĐ đã ký." in page.text
    assert not page.offers("/lap-bien-ban")
    taken = await member.fetch(f"/hop/{season.season}/{key}/bien-ban")
    assert (taken.headers["content-type"], taken.content[:5]) == ("application/pdf", b"%PDF-")
    assert (await (await desks.officer(commune=OTHER)).fetch(f"/hop/{season.season}/{key}/bien-ban")).status_code == 403


async def test_a_signed_copy_is_issued_in_place_of_the_one_made(desks: Desks, season: Story):
    key = await season.voted()
    await voting.close_meeting(await season.decider(), season.season, key)
    secretary = await desks.appraiser()
    await secretary.send(await secretary.open(meeting(season, key, xem="hop")), "/lap-bien-ban", document_no="3/BB-HĐ")
    await worked_off(secretary)
    page = await secretary.open(meeting(season, key, xem="hop"))

    refused = await secretary.send(page, "/ban-hanh-bien-ban", files={"file": ("ky.txt", b"no pdf", "text/plain")})
    await secretary.send(page, "/ban-hanh-bien-ban", files={"file": ("ky.pdf", PDF, "application/pdf")})

    assert (refused.status, refused.refused) == (415, "file-type-forbidden")
    taken = await secretary.fetch(f"/hop/{season.season}/{key}/bien-ban")
    assert taken.content == PDF


async def test_a_refused_copy_is_answered_with_the_form_and_sent_again_from_there(desks: Desks, season: Story):
    key = await season.voted()
    await voting.close_meeting(await season.decider(), season.season, key)
    secretary = await desks.appraiser()
    page = await secretary.open(meeting(season, key, xem="hop"))
    long = await secretary.send(page, "/lap-bien-ban", document_no="9" * 101)
    await secretary.send(long, "/lap-bien-ban", document_no="3/BB-HĐ")
    await worked_off(secretary)
    page = await secretary.open(meeting(season, key, xem="hop"))

    locked = {"file": ("ky.pdf", encrypted("mo", 6), "application/pdf")}
    refused = await secretary.send(page, "/ban-hanh-bien-ban", files=locked)
    page = await secretary.send(refused, "/ban-hanh-bien-ban", files={"file": ("ky.pdf", PDF, "application/pdf")})

    assert long.refused == "text-too-long"
    assert long.form("/lap-bien-ban").value("document_no") == "9" * 101
    assert (refused.status, refused.refused) == (415, "file-type-forbidden")
    assert "Bản đã ký đặt mật khẩu nên không được nhận" in refused.text
    assert "Biên bản số 3/BB-HĐ đã ký." in page.text


async def test_the_chair_whose_ballot_is_refused_gets_the_ballot_back(desks: Desks, season: Story):
    key = await season.vote_open()
    chair = await desks.of(CHAIR)

    refused = await vote(chair, season, key, "other")
    page = await chair.send(refused, "/ghi-phieu", reason="Cần xác minh")

    assert (refused.status, refused.refused) == (422, "reason-missing")
    assert refused.form("/ghi-phieu").value("choice") == "other"
    assert page.refused == ""
    assert len(await ballots(season, key)) == 1


async def test_what_minutes_could_not_print_is_named_on_the_page(desks: Desks, season: Story):
    key = await season.voted()
    await voting.close_meeting(await season.decider(), season.season, key)
    secretary = await desks.appraiser()
    page = await secretary.open(meeting(season, key, xem="hop"))

    await secretary.send(page, "/lap-bien-ban", document_no="3/BB-HĐ 👍")
    await worked_off(secretary)
    page = await secretary.open(meeting(season, key, xem="hop"))

    assert "1 ký tự không in được: U+1F44D" in page.text


async def test_who_took_a_seat_since_the_meeting_was_called_is_marked_present_and_votes(desks: Desks, season: Story):
    await season.concluded()
    key = await season.meeting()
    await voting.replace_member(
        await season.decider(),
        season.season,
        DISTRICT,
        season.person("police"),
        Member(season.person("substitute"), Role.MEMBER, "Công an mới"),
        "34/QĐ",
    )
    chair = await desks.of(CHAIR)

    page = await chair.open(meeting(season, key, xem="hop"))
    assert "Đủ số thành viên dự họp theo quy định: 4/5 có mặt" in page.text
    seated = [one for one in season.members if one != season.person("police")]
    page = await chair.send(page, "/diem-danh", present=[str(one) for one in (*seated, season.person("substitute"))])
    await chair.send(page, "/mo-bieu-quyet")
    await vote(await desks.of("substitute"), season, key)

    (ballot,) = await ballots(season, key)
    assert ballot.actor == str(season.person("substitute"))
    leaver = await desks.of("police")
    own = await leaver.open(meeting(season, key, xem="phieu"))
    assert (own.status, own.offers("/ghi-phieu")) == (200, False)
    page = await chair.open(meeting(season, key, xem="hop"))
    assert "Công an mới" in page.text
    assert (await (await desks.of("substitute")).open(meeting(season, key, xem="hop"))).status == 200
