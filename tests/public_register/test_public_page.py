"""What anybody sees without signing in: nothing before it is public, the result in plain words afterwards."""

import re
from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from ipaddress import IPv4Network
from urllib.parse import quote
from uuid import uuid4

import httpx
import pytest
from limits import parse

from domain.meeting import Choice
from domain.official import Office
from domain.recognition import Result
from domain.text import COMMENT
from services.assessment import assess
from services.clock import today
from services.processes.serve import behind
from services.recognition import recognise
from services.web import public_limits
from services.web.client_address import network_of
from tests.provinces.story import COMMUNE, OTHER, PROVINCE, Story
from tests.web.desks import Desk, Desks, desks, season, workplace
from tests.web.signing import WEB

__all__ = ["desks", "season", "workplace"]

CODE = re.compile(r'class="code">([A-Z2-7]{4}-[A-Z2-7]{4})<')


#: Every passer-by comes from an address of their own.
addresses = map(str, IPv4Network("198.51.100.0/24").hosts())


@pytest.fixture
async def passer_by(desks: Desks) -> Desk:
    """Somebody without an account."""
    return await from_address(desks, next(addresses))


async def from_address(desks: Desks, address: str, proxies: Sequence[str] = ()) -> Desk:
    app = behind(proxies, desks.app)
    client = httpx.AsyncClient(transport=httpx.ASGITransport(app=app, client=(address, 4711)), base_url=WEB)  # type: ignore[arg-type]
    desks._open.append(client)
    return Desk(client, desks.house, desks.tenant)


def public(story: Story, commune: str = COMMUNE) -> str:
    return f"/cong-khai/{story.season}/{commune}"


async def publish(story: Story) -> None:
    await recognise.sign(await story.decider(), story.season, COMMUNE, "ab" * 32, date(2024, 2, 6))
    await recognise.publish(await story.decider(), story.season, COMMUNE, "cổng thông tin", date(2024, 2, 7))


async def test_a_further_round_of_a_year_is_named_in_public(desks: Desks, passer_by: Desk):
    story = await (await Story(desks.house, desks.tenant, "", round_no=2).opened()).decided()
    await publish(story)

    page = await passer_by.open(public(story))
    register = await passer_by.open(f"/cong-khai?nam={story.season}")

    assert f"kết quả năm {story.season[:4]} (đợt 2)" in page.text
    assert f"Năm {story.season[:4]} (đợt 2)" in register.text


async def test_before_posting_nothing_of_the_dossier_is_public(passer_by: Desk, season: Story):
    await season.filled()

    page = await passer_by.open(public(season))

    assert page.status == 200
    assert "Chưa công bố kết quả" in page.text
    assert "100,0" not in page.text
    assert not page.offers("/gop-y")


async def test_what_the_appraiser_and_the_council_say_is_not_public_before_publication(passer_by: Desk, season: Story):
    await season.decided()

    page = await passer_by.open(public(season))

    assert "Chưa công bố kết quả" in page.text
    assert "41/QĐ-UBND" not in page.text
    assert "100,0" not in page.text
    assert "tán thành" not in page.text


@pytest.mark.parametrize("voted", [Choice.FOR, Choice.AGAINST])
async def test_the_public_is_told_of_a_difference_only_where_there_is_one(
    passer_by: Desk, season: Story, voted: Choice
):
    await season.voted(voted)
    await recognise.decide(
        await season.decider(), season.season, COMMUNE, Result.RECOGNISED, "41/QĐ-UBND", reason="Hồ sơ đủ căn cứ"
    )
    await publish(season)

    page = await passer_by.open(public(season))

    assert "Lý do: Hồ sơ đủ căn cứ" in page.text
    different = "Chủ tịch quyết định khác kết quả tính hoặc khác biểu quyết." in page.text
    assert different is (voted is Choice.AGAINST)


async def test_while_it_is_posted_anybody_comments_and_finds_the_answer_by_the_code(passer_by: Desk, season: Story):
    await season.posted(until=today())

    page = await passer_by.open(public(season))
    sent = await passer_by.send(page, "/gop-y", text="Bảng tin thôn 3 chưa niêm yết thủ tục mới.")
    code = CODE.search(sent.html)
    assert code
    (comment,) = (await season.dossier()).comments
    await assess.answer_comment(await season.officer(), season.season, COMMUNE, comment, "Đã niêm yết ngày 16/01.")
    found = await passer_by.open(f"{public(season)}?ma={code.group(1).lower()}")
    wrong = await passer_by.open(f"{public(season)}?ma=AAAA-AAAA")

    assert "Tổng 100,00 trên 100 điểm" in page.text
    assert "chưa được thẩm định" in page.text
    assert "Chưa trả lời" in sent.text
    assert "UBND trả lời: Đã niêm yết ngày 16/01." in found.text
    assert "Không có ý kiến góp ý nào mang mã AAAA-AAAA" in wrong.text


async def test_a_code_is_found_however_it_was_written_down(passer_by: Desk, season: Story):
    await season.posted(until=today())
    sent = await passer_by.send(await passer_by.open(public(season)), "/gop-y", text="Bảng tin chưa niêm yết.")
    code = CODE.search(sent.html)
    assert code
    first, last = code.group(1).split("-")

    written = (f"{first}{last}", f"{first} {last}", f" {first.lower()} - {last.lower()} ", f"{first}\N{EN DASH}{last}")
    found = [await passer_by.open(f"{public(season)}?ma={quote(one)}") for one in written]
    half = await passer_by.open(f"{public(season)}?ma={first}")

    assert [CODE.search(page.html) is not None for page in found] == [True] * 4
    assert {one[1] for page in found if (one := CODE.search(page.html))} == {code.group(1)}
    assert "Không có ý kiến góp ý nào" in half.text


async def test_the_same_press_twice_is_one_comment_with_one_code(passer_by: Desk, season: Story):
    await season.posted(until=today())
    page = await passer_by.open(public(season))

    answers = [await passer_by.send(page, "/gop-y", text="Một lần thôi.") for _ in range(2)]

    codes = [CODE.search(answer.html) for answer in answers]
    assert codes[0]
    assert codes[1]
    assert codes[0].group(1) == codes[1].group(1)
    assert len((await season.dossier()).comments) == 1


async def test_an_empty_or_endless_comment_is_refused_and_kept(passer_by: Desk, season: Story):
    await season.posted(until=today())
    page = await passer_by.open(public(season))
    endless = "a" * (COMMENT.limit + 1)

    empty = await passer_by.send(page, "/gop-y", text="  ")
    long = await passer_by.send(page, "/gop-y", text=endless)

    assert (empty.status, empty.refused) == (422, "field-missing")
    assert long.refused == "text-too-long"
    assert long.form("/gop-y").value("text") == endless
    assert (await season.dossier()).comments == {}


async def test_a_comment_that_cannot_be_taken_takes_nobodys_turn(
    desks: Desks, season: Story, monkeypatch: pytest.MonkeyPatch
):
    await season.posted(until=today())
    monkeypatch.setattr(public_limits, "PER_ADDRESS", parse("1 per 10 minutes"))
    somebody = await from_address(desks, next(addresses))
    page = await somebody.open(public(season))
    await assess.reopen(await season.officer(), season.season, COMMUNE, "Sửa số liệu")

    answers = [await somebody.send(page, "/gop-y", text=f"Lần {number}.") for number in range(3)]

    assert {answer.status for answer in answers} == {409}


@pytest.mark.parametrize(
    ("limit", "neighbour"), [("PER_ADDRESS", 200), ("PER_DOSSIER", 429)], ids=["from one address", "on one dossier"]
)
async def test_who_comments_too_often_waits_and_loses_nothing(
    desks: Desks, season: Story, monkeypatch: pytest.MonkeyPatch, limit: str, neighbour: int
):
    await season.posted(until=today())
    monkeypatch.setattr(public_limits, limit, parse("2 per 10 minutes"))
    somebody, other = [await from_address(desks, next(addresses)) for _ in range(2)]
    page = await somebody.open(public(season))
    await somebody.send(page, "/gop-y", text="Lần một.")
    again = await somebody.send(page, "/gop-y", text="Lần một.")
    await somebody.send(await somebody.open(public(season)), "/gop-y", text="Lần hai.")

    refused = await somebody.send(await somebody.open(public(season)), "/gop-y", text="Lần ba, viết rất dài.")
    repeated = await somebody.send(page, "/gop-y", text="Lần một.")
    elsewhere = await other.send(await other.open(public(season)), "/gop-y", text="Người khác.")

    assert (refused.status, refused.refused) == (429, "too-often")
    assert "Chờ 10 phút rồi gửi lại" in refused.text
    assert refused.form("/gop-y").value("text") == "Lần ba, viết rất dài."
    assert (again.status, repeated.status, elsewhere.status) == (200, 200, neighbour)
    assert len((await season.dossier()).comments) == (3 if neighbour == 200 else 2)


@pytest.mark.parametrize(("proxies", "second"), [((), 429), (("203.0.113.0/24",), 200)], ids=["unknown", "trusted"])
async def test_a_proxy_is_believed_only_where_it_is_named(
    desks: Desks, season: Story, monkeypatch: pytest.MonkeyPatch, proxies: Sequence[str], second: int
):
    await season.posted(until=today())
    monkeypatch.setattr(public_limits, "PER_ADDRESS", parse("1 per 10 minutes"))
    proxy = await from_address(desks, "203.0.113.9" if proxies else next(addresses), proxies)

    answers = []
    for sender in ("192.0.2.1", "192.0.2.2"):
        proxy.client.headers["x-forwarded-for"] = f"192.0.2.250, {sender}"
        page = await proxy.open(public(season))
        answers.append((await proxy.send(page, "/gop-y", text=f"Từ {sender}.")).status)

    assert answers == [200, second]


def test_of_an_ipv6_connection_the_network_counts():
    one, other, elsewhere = [network_of(text) for text in ("2001:db8:1:2::7", "2001:db8:1:2:ffff::", "2001:db8:1:3::7")]

    assert one == other != elsewhere
    assert network_of("::ffff:192.0.2.1") == network_of("192.0.2.1") == "192.0.2.1"


async def test_a_comment_sent_from_a_foreign_page_is_refused(passer_by: Desk, season: Story):
    await season.posted(until=today())
    page = await passer_by.open(public(season))

    answer = await passer_by.post(
        page.form("/gop-y").action,
        {"text": "Từ nơi khác", "command": str(uuid4())},
        origin="https://elsewhere.example",
    )

    assert (answer.status, answer.refused) == (403, "foreign-request")
    assert (await season.dossier()).comments == {}


async def test_the_published_result_stands_in_plain_words_with_its_decision(passer_by: Desk, season: Story):
    await season.decided()
    await publish(season)

    page = await passer_by.open(public(season))

    assert "Đạt chuẩn tiếp cận pháp luật" in page.text
    assert "Tổng 100,00 trên 100 điểm, mức điểm tối thiểu: 80." in page.text
    assert "Cả 5 tiêu chí đều từ 50% trở lên." in page.html
    assert "41/QĐ-UBND" in page.text
    assert "5 tán thành, 0 không tán thành, 0 ý kiến khác, 0 không bỏ phiếu" in page.text
    assert not page.offers("/gop-y")


async def test_a_revoked_recognition_says_so_first_with_the_ground(passer_by: Desk, season: Story):
    await season.decided()
    await publish(season)
    await (await season.under_review()).revoke("915/QĐ-UBND", date(2024, 5, 15))

    page = await passer_by.open(public(season))

    assert "Quyết định công nhận đã bị thu hồi" in page.text
    assert "Minh chứng không đúng" in page.text
    assert "15/05/2024" in page.text
    assert 'class="was"' in page.html


async def test_a_commune_that_was_not_recognised_reads_why(passer_by: Desk, season: Story):
    await season.voted()
    await recognise.decide(
        await season.decider(),
        season.season,
        COMMUNE,
        Result.NOT_RECOGNISED,
        "42/QĐ-UBND",
        reason="Đang có đoàn kiểm tra",
    )
    await publish(season)

    page = await passer_by.open(public(season))

    assert "Chưa đạt chuẩn tiếp cận pháp luật" in page.text
    assert "Đang có đoàn kiểm tra" in page.text


async def test_a_rulebook_without_points_never_says_the_word(desks: Desks, passer_by: Desk):
    story = await Story(desks.house, desks.tenant, "", "qd-27-2025").opened(decided_by=PROVINCE)
    await story.posted(until=today())
    last = await desks.house.store.position(desks.tenant)
    paths = [public(story), f"/quyet-dinh/{story.season}/{COMMUNE}", f"/hoi-dong/{story.season}"]
    paths += [f"/nhat-ky/{story.season}/{COMMUNE}", f"/bang/{story.season}", f"/ho-so/{story.season}/{COMMUNE}"]
    paths += [f"{paths[-1]}?chi-tieu=TC1.CT1", f"{paths[-1]}?asof={last}", f"/mua/{story.season}", "/viec"]
    inspector = await desks.of(Office.INSPECTOR.value)

    pages = [await (passer_by if path == paths[0] else inspector).open(path) for path in paths]

    assert [page.status for page in pages] == [200] * len(paths)
    assert "Đạt 3 trên 3 tiêu chí." in pages[0].text
    for path, page in zip(paths, pages, strict=True):
        assert "điểm" not in page.text.lower().replace("thời điểm", ""), path


async def test_the_public_reads_how_much_of_the_criteria_has_no_original_text(passer_by: Desk, season: Story):
    await season.posted(until=today())

    page = await passer_by.open(public(season))

    assert "Chưa có văn bản gốc để đối chiếu" in page.text
    assert "28 mức điểm, 22 cách tính" in page.text
    assert "trí nhớ" not in page.text


async def test_the_public_reads_which_document_leaves_contents_out(desks: Desks, passer_by: Desk):
    story = await Story(desks.house, desks.tenant, "", "qd-27-2025").opened(decided_by=PROVINCE)
    await story.posted(until=today())

    page = await passer_by.open(public(story))

    assert "5 nội dung chưa có lời văn, theo văn bản số 03/QĐ ngày 15/01/2024" in page.text
    assert "khi có văn bản gốc, tỉnh đối chiếu và sửa lại nếu khác" in page.text
    # The page of the rulebook is for officials: a citizen is not sent there
    assert "/bo-tieu-chi/" not in page.html
    officer = await desks.department()
    assert "/bo-tieu-chi/qd-27-2025" in (await officer.open(public(story))).html


async def test_the_register_lists_the_year_and_finds_names_typed_without_marks(passer_by: Desk, season: Story):
    await season.decided()
    await publish(season)
    await season.posted(OTHER)

    page = await passer_by.open(f"/cong-khai?nam={season.season}")
    found = await passer_by.open(f"/cong-khai?nam={season.season}&tim=suoi gam")
    none = await passer_by.open(f"/cong-khai?nam={season.season}&tim=xyz")

    assert page.text.index("Bến Lụa") < page.text.index("Suối Gấm")
    assert "41/QĐ-UBND" in page.text
    assert "Đang lấy ý kiến đến 12/01/2024" in page.text
    assert "Bến Lụa" not in found.text
    assert "Suối Gấm" in found.text
    assert "Không có đơn vị nào khớp “xyz”" in none.text


async def test_the_register_opens_with_the_latest_year_of_which_anything_is_public(
    desks: Desks, passer_by: Desk, season: Story
):
    await season.posted()
    later = await Story(desks.house, desks.tenant, "").opened()

    page = await passer_by.open("/cong-khai")
    asked = await passer_by.open(f"/cong-khai?nam={later.season}")
    await later.posted()
    told = await (await desks.chairman()).open("/cong-khai")  # to whom no page a moment old is shown

    assert f"Năm {season.season}, 2" in page.text
    assert f"Năm {later.season}, 2" in asked.text
    assert f"Năm {later.season}, 2" in told.text


async def test_what_is_not_there_is_not_found(passer_by: Desk, season: Story):
    assert (await passer_by.open(public(season, "00001"))).status == 404
    assert (await passer_by.open(f"/cong-khai/1/{COMMUNE}")).status == 404
    assert (await passer_by.open("/cong-khai?nam=1")).status == 404


async def test_after_the_posting_nobody_comments_and_the_page_says_until_when_one_could(passer_by: Desk, season: Story):
    await season.posted(until=today())
    page = await passer_by.open(public(season))
    form = page.form("/gop-y")
    await assess.reopen(await season.officer(), season.season, COMMUNE, "Ghi nhầm ngày")
    await season.post_filled()  # until 12/01/2024

    late = await passer_by.send(page, "/gop-y", text="Gửi muộn, từ trang mở trước đó.")

    assert form
    assert (late.status, late.refused) == (409, "posting-closed")
    assert "từ ngày 02/01/2024 đến hết ngày 12/01/2024" in late.text
    assert not (await passer_by.open(public(season))).offers("/gop-y")
    assert "Thời gian lấy ý kiến đã hết ngày 12/01/2024" in late.text
    assert (await season.dossier()).comments == {}


async def test_comments_on_one_dossier_silence_nobody_on_another(
    desks: Desks, season: Story, monkeypatch: pytest.MonkeyPatch
):
    for commune in (COMMUNE, OTHER):
        await season.posted(commune, until=today())
    monkeypatch.setattr(public_limits, "PER_ADDRESS", parse("1 per 10 minutes"))
    village = await from_address(desks, next(addresses))

    answers = [
        (await village.send(await village.open(public(season, commune)), "/gop-y", text="Một ý kiến.")).status
        for commune in (COMMUNE, COMMUNE, OTHER)
    ]

    assert answers == [200, 429, 200]


async def test_the_officer_answers_a_flood_in_one_act_and_each_sender_reads_it(
    desks: Desks, passer_by: Desk, season: Story
):
    await season.posted(until=today())
    codes = []
    for number in range(4):
        sent = await passer_by.send(await passer_by.open(public(season)), "/gop-y", text=f"Nội dung {number}")
        codes.append(CODE.search(sent.html).group(1))  # type: ignore[union-attr] # it has one
    officer = await desks.officer()
    first, *rest = (await season.dossier()).comments
    page = await officer.open(f"/ho-so/{season.season}/{COMMUNE}")
    assert "4 ý kiến góp ý chưa trả lời" in page.text

    nothing = await officer.send(page, "/tra-loi", answer="Không chọn ý kiến nào")
    page = await officer.send(page, "/tra-loi", comment=[str(first)], answer="Đã niêm yết lại")
    form = page.form("/tra-loi")
    aside_at = f"{form.action.removesuffix('/tra-loi')}/khong-phai-gop-y"
    ticked = {**dict(form.fields), "all": "1"}
    reasonless = await officer.post(aside_at, ticked)
    await officer.post(aside_at, {**ticked, "reason": "Quảng cáo"})

    assert nothing.refused == reasonless.refused == "field-missing"
    assert (await season.dossier()).unanswered == {}
    answered = await passer_by.open(f"{public(season)}?ma={codes[0]}")
    aside = await passer_by.open(f"{public(season)}?ma={codes[1]}")
    assert "UBND trả lời: Đã niêm yết lại" in answered.text
    assert "không phải ý kiến góp ý về kết quả niêm yết. Lý do: Quảng cáo" in aside.text
    assert "Nội dung 1" not in answered.text  # what was set aside is no comment of the public page
    assert len(rest) == 3


async def test_who_writes_while_the_posting_is_paused_is_told_so_and_keeps_the_text(passer_by: Desk, season: Story):
    await season.posted(until=today())
    page = await passer_by.open(public(season))
    await assess.reopen(await season.officer(), season.season, COMMUNE, "Sửa số liệu")

    page = await passer_by.send(page, "/gop-y", text="Bảng tin thôn 3 chưa niêm yết.")

    assert (page.status, page.refused) == (409, "posting-closed")
    assert "hiện không niêm yết để lấy ý kiến" in page.text
    assert "xã tạm dừng niêm yết" in page.text
    assert "Nội dung góp ý Bảng tin thôn 3 chưa niêm yết." in page.text


async def test_the_total_that_others_published_stands_beside_the_exact_one(passer_by: Desk, season: Story):
    await season.decided_at_99_74()
    await recognise.note_published_total(
        await season.appraiser(), season.season, COMMUNE, Decimal(100), "Sở Tư pháp", "15/BC-STP", date(2024, 1, 10)
    )

    before = await passer_by.open(public(season))
    await publish(season)
    page = await passer_by.open(public(season))

    assert "15/BC-STP" not in before.text
    assert "99,74 trên 100 điểm, mức điểm tối thiểu: 80; công bố: 100 điểm theo văn bản 15/BC-STP" in page.text
