"""The past through the pages: what was so then is shown so, nothing of later is, and nothing can be done there."""

import re
from collections.abc import Callable
from datetime import date

import pytest

from domain.meeting import Meeting
from domain.official import Office
from domain.recognition import Result
from services.appraisal import appraise
from services.recognition import recognise
from tests.provinces.story import COMMUNE, DISTRICT, Story
from tests.web.desks import Desk, Desks, Page, desks, season, workplace

__all__ = ["desks", "season", "workplace"]

PATHS: dict[str, Callable[[Story], str]] = {
    "board": lambda story: f"/bang/{story.season}",
    "dossier": lambda story: f"/ho-so/{story.season}/{COMMUNE}",
    "indicator": lambda story: f"/ho-so/{story.season}/{COMMUNE}?chi-tieu=TC1.CT1",
    "council": lambda story: f"/hoi-dong/{story.season}",
    "meeting": lambda story: f"/hop/{story.season}/{DISTRICT}-1",
    "decision": lambda story: f"/quyet-dinh/{story.season}/{COMMUNE}",
    "reviews": lambda story: f"/thanh-tra/xem-xet/{story.season}",
    "trail": lambda story: f"/nhat-ky/{story.season}/{COMMUNE}",
    "flags": lambda story: f"/dau-hieu/{story.season}",
    "what-if": lambda story: f"/gia-dinh/{story.season}/{COMMUNE}",
    "what-if of the season": lambda story: f"/gia-dinh/{story.season}?nguong=C1:90",
}


def then(path: str, asof: object) -> str:
    return f"{path}{'&' if '?' in path else '?'}asof={asof}"


@pytest.fixture
async def inspector(desks: Desks) -> Desk:
    return await desks.of(Office.INSPECTOR.value)


def essence(page: Page) -> str:
    """What the page says, without what only today has: acts, and why or by whom they can or cannot be done."""
    main = page.html.partition("<main")[2].partition("</main>")[0]
    acts = r"<form.*?</form>|<details.*?</details>|<a class=\"btn.*?</a>|<p class=\"sm mut\">.*?</p>"
    asking = r"<section[^>]* id=\"(?:ho-so-doi-chung|ban-pdf)\".*?</section>"
    main = re.sub(f"{asking}|{acts}", "", main, flags=re.DOTALL)
    main = re.sub(r"[?&](amp;)?asof=\d+|\bhx-[a-z]+=\"[^\"]*\"", "", main)
    text = re.sub(r"<[^>]*>", " ", main)
    return " ".join(text.split())


@pytest.mark.parametrize("name", PATHS)
async def test_the_page_as_of_the_last_position_is_todays_page(inspector: Desk, season: Story, name: str):
    await season.decided()
    path = PATHS[name](season)
    last = await inspector.house.store.position(inspector.tenant)
    await inspector.house.seals.recorded(inspector.tenant, last)

    now, past = await inspector.open(path), await inspector.open(then(path, last))

    assert (now.status, past.status) == (200, 200)
    assert essence(past) == essence(now)
    assert 'class="past"' in past.html


@pytest.mark.parametrize("name", PATHS)
async def test_nothing_can_be_done_in_the_past(desks: Desks, season: Story, name: str):
    await season.vote_open()
    path = PATHS[name](season)

    for subject in (Office.DISTRICT_CHAIRMAN.value, Office.DISTRICT_JUSTICE.value, f"{COMMUNE} commune-chairman"):
        desk = await desks.of(subject)
        last = await desk.house.store.position(desk.tenant)
        page = await desk.open(then(path, last))
        assert page.status == (403 if name == "meeting" and COMMUNE in subject else 200), subject
        acts = [form.action for form in page.forms if form.action != "/ngon-ngu" and "csrf" in dict(form.fields)]
        assert acts == [], (subject, acts)


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("board", "hệ thống chưa ghi việc mở năm đánh giá này"),
        ("flags", "hệ thống chưa ghi việc mở năm đánh giá này"),
        ("council", "hệ thống chưa ghi việc mở năm đánh giá này"),
        ("dossier", "hệ thống chưa ghi hồ sơ này"),
        ("trail", "hệ thống chưa ghi hồ sơ này"),
        ("meeting", "hệ thống chưa ghi nội dung này"),
    ],
)
async def test_before_it_was_there_a_page_says_so_and_leads_to_today_with_its_filter(
    inspector: Desk, season: Story, name: str, words: str
):
    path = PATHS[name](season)
    path += f"{'&' if '?' in path else '?'}tim=suoi"

    for moment in ("01/01/2019", "1"):
        page = await inspector.open(then(path, moment))

        assert (page.status, page.refused) == (404, "not-there-then"), moment
        assert words in page.text
        assert "không theo ngày của sự việc" in page.text
        assert "gõ sai" not in page.text
        assert f'href="{inspector.home}{path}">Về hiện tại' in page.html
        assert ("tim", "suoi") in page.form(path.partition("?")[0]).fields


async def test_no_page_tells_what_came_later(inspector: Desk, season: Story):
    await season.submitted()
    before = await inspector.house.store.position(inspector.tenant)
    await appraise.return_indicator(
        await season.appraiser(), season.season, COMMUNE, "TC1.CT1", "Thiếu biên bản SAU-NÀY", date(2024, 1, 20)
    )

    for name, path in PATHS.items():
        page = await inspector.open(then(path(season), before))
        assert page.status == (404 if name == "meeting" else 200), name
        assert "SAU-NÀY" not in page.html, name
        assert f"#p{before + 1}" not in page.html, name
    assert "SAU-NÀY" in (await inspector.open(PATHS["trail"](season))).html


async def test_a_decision_is_not_there_before_it_was_made(inspector: Desk, season: Story):
    await season.voted()
    before = await inspector.house.store.position(inspector.tenant)
    await recognise.decide(await season.decider(), season.season, COMMUNE, Result.RECOGNISED, "LATER-1/QĐ")

    for path in PATHS.values():
        page = await inspector.open(then(path(season), before))
        assert page.status == 200
        assert "LATER-1" not in page.html
    assert "LATER-1" in (await inspector.open(PATHS["decision"](season))).html


async def test_a_vote_that_was_open_then_stays_secret_though_it_is_closed_today(inspector: Desk, season: Story):
    await season.voted()
    cast = [one.position for one in await season.facts() if isinstance(one.fact, Meeting.BallotCast)]

    meeting = await inspector.open(then(PATHS["meeting"](season), cast[-1]))
    trail = await inspector.open(then(PATHS["trail"](season), cast[-1]))

    assert "Đang biểu quyết, vòng 1" in meeting.text
    assert "5 tán thành" not in meeting.text
    assert "Bỏ phiếu về thị trấn Bến Lụa, vòng 1: Tán thành" not in trail.text
    assert "ý kiến hiện khi đóng biểu quyết" in trail.text


async def test_links_in_the_past_stay_in_the_past_and_one_leads_back(inspector: Desk, season: Story):
    await season.voted()
    last = await inspector.house.store.position(inspector.tenant)

    page = await inspector.open(then(PATHS["decision"](season), last))

    main = page.html.partition("<main")[2].partition("</main>")[0]
    links = [one for one in re.findall(r'href="([^"]+)"', main) if "/cong-khai/" not in one and one.startswith("/t/")]
    assert links
    assert all(f"asof={last}" in one for one in links), links
    assert f'href="{inspector.home}{PATHS["decision"](season)}">Về hiện tại' in page.html


@pytest.mark.parametrize("asof", ["0", "999999999", "1/1/1990"])
async def test_a_moment_without_facts_is_not_found(inspector: Desk, season: Story, asof: str):
    page = await inspector.open(then(PATHS["board"](season), asof))

    assert page.status == 404


@pytest.mark.parametrize("asof", ["hôm qua", "0001-01-01", "9999-12-31", "9999-12-31T23:59:59-12:00", "-1"])
async def test_what_is_no_moment_is_said_where_it_was_typed(inspector: Desk, season: Story, asof: str):
    page = await inspector.open(then(PATHS["board"](season), asof) + "&loc=x")

    assert (page.status, page.refused) == (422, "not-a-moment")
    form = page.form(inspector.home + PATHS["board"](season))
    assert dict(form.fields) == {"loc": "x", "asof": asof}
    assert "#131" in page.text
    assert "Việc của tôi" in page.text


# The other clock --------------------------------------------------------------------------------------


def bar(page: Page) -> str:
    """What the page says of the moment it shows."""
    text = page.html.partition('class="pastbar"')[2].partition("</div>")[0].partition(">")[2]
    return " ".join(re.sub("<[^>]*>", " ", text).split())


async def test_by_the_effective_clock_a_dossier_is_seen_as_far_as_it_had_come_on_the_day(
    inspector: Desk, season: Story
):
    await season.decided()
    trail = f"/nhat-ky/{season.season}/{COMMUNE}"

    before = await inspector.open(f"{trail}?asof=14/1/2024&clock=effective")
    then = await inspector.open(f"{trail}?asof=15/1/2024&clock=effective")
    after = await inspector.open(f"{trail}?asof=16/1/2024&clock=effective")
    decision = await inspector.open(f"/quyet-dinh/{season.season}/{COMMUNE}?asof=16/1/2024&clock=effective")

    assert (before.status, then.status, after.status) == (404, 200, 200)
    assert "Thành lập Hội đồng" not in then.text
    assert "41/QĐ-UBND" not in then.text
    assert "Đang xem theo ngày hiệu lực" in bar(then)
    assert "mục nhật ký ghi sau thời điểm này" in bar(then)
    assert "1 mục nhật ký đã có hiệu lực nhưng ghi sau một việc có hiệu lực muộn hơn" in bar(then)
    assert "41/QĐ-UBND" in after.text
    assert "không hiện" not in bar(after)
    assert "41/QĐ-UBND" in decision.text
    assert re.search(r'href="[^"]*/ho-so/[^"]*asof=15%2F1%2F2024&amp;clock=effective"', then.html)
    assert "Xem theo" not in bar(then)


async def test_a_page_that_has_no_effective_past_says_so_and_shows_the_record(inspector: Desk, season: Story):
    await season.submitted()
    last = await inspector.house.store.position(inspector.tenant)

    board = await inspector.open(f"/bang/{season.season}?asof=1/1/2100&clock=effective")
    position = await inspector.open(f"/ho-so/{season.season}/{COMMUNE}?asof={last}&clock=effective")
    recorded = await inspector.open(f"/ho-so/{season.season}/{COMMUNE}?asof=1/1/2100")
    effective = await inspector.open(f"/ho-so/{season.season}/{COMMUNE}?asof=1/1/2100&clock=effective")

    assert "Chưa xem được theo ngày hiệu lực ở đây; đang xem theo thời điểm cập nhật." in bar(board)
    assert "Chưa xem được theo ngày hiệu lực ở đây; đang xem theo thời điểm cập nhật." in bar(position)
    assert "Xem theo" not in bar(board) + bar(position)
    assert "Xem theo ngày hiệu lực" in bar(recorded)
    assert "Xem theo thời điểm cập nhật" in bar(effective)
