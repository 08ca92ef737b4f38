"""What anybody sees without signing in: nothing before it is public, the result in plain words afterwards."""

import re
from datetime import date
from uuid import uuid4

import httpx
import pytest

from domain.official import Position
from domain.recognition import Result
from services import assessing, recognising
from services.assessing import COMMENT_LIMIT
from tests.services.story import COMMUNE, OTHER, PROVINCE, Story
from tests.web.desks import Desk, Desks, desks, season, workplace
from tests.web.signing import WEB

__all__ = ["desks", "season", "workplace"]

CODE = re.compile(r'class="code">([A-Z2-7]{4}-[A-Z2-7]{4})<')


@pytest.fixture
async def passer_by(desks: Desks) -> Desk:
    """Somebody without an account."""
    client = httpx.AsyncClient(transport=httpx.ASGITransport(app=desks.app), base_url=WEB)  # type: ignore[arg-type]
    desks._open.append(client)
    return Desk(client, desks.house, desks.tenant)


def public(story: Story, commune: str = COMMUNE) -> str:
    return f"/cong-khai/{story.season}/{commune}"


async def publish(story: Story) -> None:
    await recognising.sign(await story.decider(), story.season, COMMUNE, "ab" * 32, date(2024, 2, 6))
    await recognising.publish(await story.decider(), story.season, COMMUNE, "cổng thông tin", date(2024, 2, 7))


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


async def test_while_it_is_posted_anybody_comments_and_finds_the_answer_by_the_code(passer_by: Desk, season: Story):
    await season.posted()

    page = await passer_by.open(public(season))
    sent = await passer_by.send(page, "/gop-y", text="Bảng tin thôn 3 chưa niêm yết thủ tục mới.")
    code = CODE.search(sent.html)
    assert code
    (comment,) = (await season.dossier()).comments
    await assessing.answer_comment(await season.officer(), season.season, COMMUNE, comment, "Đã niêm yết ngày 16/01.")
    found = await passer_by.open(f"{public(season)}?ma={code.group(1).lower()}")
    wrong = await passer_by.open(f"{public(season)}?ma=AAAA-AAAA")

    assert "Tổng 100,0 trên 100 điểm" in page.text
    assert "chưa được thẩm định" in page.text
    assert "Chưa trả lời" in sent.text
    assert "UBND trả lời: Đã niêm yết ngày 16/01." in found.text
    assert "Không có phản ánh nào mang mã AAAA-AAAA" in wrong.text


async def test_the_same_press_twice_is_one_comment_with_one_code(passer_by: Desk, season: Story):
    await season.posted()
    page = await passer_by.open(public(season))

    answers = [await passer_by.send(page, "/gop-y", text="Một lần thôi.") for _ in range(2)]

    codes = [CODE.search(answer.html) for answer in answers]
    assert codes[0]
    assert codes[1]
    assert codes[0].group(1) == codes[1].group(1)
    assert len((await season.dossier()).comments) == 1


async def test_an_empty_or_endless_comment_is_refused_and_kept(passer_by: Desk, season: Story):
    await season.posted()
    page = await passer_by.open(public(season))
    endless = "a" * (COMMENT_LIMIT + 1)

    empty = await passer_by.send(page, "/gop-y", text="  ")
    long = await passer_by.send(page, "/gop-y", text=endless)

    assert (empty.status, empty.refused) == (422, "field-missing")
    assert long.refused == "text-too-long"
    assert long.form("/gop-y").value("text") == endless
    assert (await season.dossier()).comments == {}


async def test_a_comment_sent_from_a_foreign_page_is_refused(passer_by: Desk, season: Story):
    await season.posted()
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
    assert "Tổng 100,0 trên 100 điểm, mức cần là 80." in page.text
    assert "Cả 5 tiêu chí đều từ 50\u00a0% trở lên." in page.html
    assert "41/QĐ-UBND" in page.text
    assert "5 tán thành, 0 không tán thành, 0 ý kiến khác, 0 không bỏ phiếu" in page.text
    assert not page.offers("/gop-y")


async def test_a_revoked_recognition_says_so_first_with_the_ground(passer_by: Desk, season: Story):
    await season.decided()
    await publish(season)
    await recognising.revoke(
        await season.decider(), season.season, COMMUNE, "Minh chứng không đúng", "915/QĐ-UBND", date(2024, 5, 15)
    )

    page = await passer_by.open(public(season))

    assert "Quyết định công nhận đã bị thu hồi" in page.text
    assert "Minh chứng không đúng" in page.text
    assert "15/05/2024" in page.text
    assert 'class="was"' in page.html


async def test_a_commune_that_was_not_recognised_reads_why(passer_by: Desk, season: Story):
    await season.voted()
    await recognising.decide(
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
    await story.posted()
    last = await desks.house.store.position(desks.tenant)
    paths = [public(story), f"/quyet-dinh/{story.season}/{COMMUNE}", f"/hoi-dong/{story.season}"]
    paths += [f"/nhat-ky/{story.season}/{COMMUNE}", f"/bang/{story.season}", f"/ho-so/{story.season}/{COMMUNE}"]
    paths += [f"{paths[-1]}?chi-tieu=TC1.CT1", f"{paths[-1]}?asof={last}", f"/mua/{story.season}", "/viec"]
    inspector = await desks.of(Position.INSPECTOR.value)

    pages = [await (passer_by if path == paths[0] else inspector).open(path) for path in paths]

    assert [page.status for page in pages] == [200] * len(paths)
    assert "Đạt 3 trên 3 tiêu chí." in pages[0].text
    for path, page in zip(paths, pages, strict=True):
        assert "điểm" not in page.text.lower(), path


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
    assert "Không có xã, phường nào khớp “xyz”" in none.text


async def test_what_is_not_there_is_not_found(passer_by: Desk, season: Story):
    assert (await passer_by.open(public(season, "00001"))).status == 404
    assert (await passer_by.open(f"/cong-khai/1/{COMMUNE}")).status == 404
    assert (await passer_by.open("/cong-khai?nam=1")).status == 404
