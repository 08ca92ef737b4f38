"""Replays: each step in words, the moment as it was, what changed since and why; and the steps that are marked."""

import re
from decimal import Decimal

import pytest

from domain.meeting import Choice, Meeting, meeting_stream
from domain.official import Office
from domain.recognition import Recognition
from domain.review import Review
from services.appraisal import appraise
from services.assessment import assess
from tests.provinces.story import COMMUNE, OTHER, Story
from tests.web.desks import Desk, Desks, Page, desks, season, workplace

__all__ = ["desks", "season", "workplace"]


def replay(story: Story, asked: str = "") -> str:
    return f"/phat-lai/{story.season}/{COMMUNE}{asked}"


@pytest.fixture
async def inspector(desks: Desks) -> Desk:
    return await desks.of(Office.INSPECTOR.value)


async def test_one_goes_through_the_dossier_step_by_step(inspector: Desk, season: Story):
    await season.decided()
    page = await inspector.open(replay(season))
    count = int(re.findall(r"Bước (\d+)/(\d+)", page.text)[0][1])
    assert "Bước kế" not in page.text
    assert "hồ sơ không đổi" in page.text

    seen = 1
    while (back := re.search(r'rel="prev"[^>]*href="[^"]*\?den=(\d+)"', page.html)) and seen < 5:
        page = await inspector.open(replay(season, f"?den={back[1]}"))
        seen += 1
        assert f"Bước {count - seen + 1}/{count}" in page.text
    assert seen == 5
    assert "Bước kế" in page.text


async def test_a_value_that_changed_later_is_shown_as_it_was_with_the_fact_that_changed_it(
    inspector: Desk, season: Story
):
    await season.score("TC1.CT1")
    entry = (await season.dossier()).entry("TC1.CT1")
    then = await inspector.house.store.position(inspector.tenant)
    assert entry.points
    result = await assess.score_indicator(
        await season.officer(),
        season.season,
        COMMUNE,
        "TC1.CT1",
        dict(entry.measures),
        entry.points - 1,
        "Thiếu một văn bản",
    )

    page = await inspector.open(replay(season, f"?den={then}"))

    (line,) = re.findall(r'<tr role="row"><th scope="row" role="rowheader">1\.1 tự đánh giá</th>.*?</tr>', page.html)
    values = [re.sub("<[^>]+>", "", one) for one in re.findall(r"<td.*?</td>", line)]
    assert [Decimal(one.replace(",", ".")) for one in values[:2]] == [entry.points, entry.points - 1]
    assert f"den={result.last}" in line


async def test_milestones_lead_to_their_steps(inspector: Desk, season: Story):
    await season.decided()

    page = await inspector.open(replay(season))

    for stone in ("Mở hồ sơ", "Tổng hợp", "Gửi thẩm định", "Thẩm định xong", "Mở biểu quyết", "Quyết định"):
        assert stone in page.text
    assert "milestone." not in page.text
    assert "matter." not in page.text


async def test_as_of_an_earlier_moment_the_replay_ends_there(inspector: Desk, season: Story):
    await season.submitted()
    before = await inspector.house.store.position(inspector.tenant)
    await season.appraised()

    page = await inspector.open(replay(season, f"?asof={before}"))

    assert "Bước kế" not in page.text
    assert f"den={before + 1}" not in page.html
    assert (await inspector.open(replay(season, f"?asof={before}&den={before + 1}"))).status == 404


@pytest.mark.parametrize("asked", ["0", "-1", "999999999", "hôm qua"])
async def test_a_step_that_there_is_not_is_not_found(inspector: Desk, season: Story, asked: str):
    assert (await inspector.open(replay(season, f"?den={asked}"))).status == 404


async def test_another_communes_officers_do_not_see_the_replay(desks: Desks, season: Story):
    desk = await desks.of(f"{OTHER} {Office.JUSTICE_OFFICER}")

    assert (await desk.open(replay(season))).status == 403


# A meeting --------------------------------------------------------------------------------------------


async def test_a_meeting_is_played_back_and_an_open_vote_shows_who_voted_not_how(desks: Desks, season: Story):
    key = await season.voted(Choice.AGAINST)
    facts = await season.facts(meeting_stream(season.season, key))
    cast = next(one.position for one in facts if isinstance(one.fact, Meeting.BallotCast))
    chair = await desks.of(Office.DISTRICT_CHAIRMAN.value)
    path = f"/hop/{season.season}/{key}/phat-lai"

    now = await chair.open(path)
    then = await chair.open(f"{path}?den={cast}")
    live = await chair.open(f"{path}?asof={cast}")

    assert f"{path}" in (await chair.open(f"/hop/{season.season}/{key}?xem=hop")).html
    assert f"Bước {len(facts)}/{len(facts)}" in now.text
    assert "phiên họp không đổi" in now.text
    assert "1 phiếu đã ghi, 5 thành viên có mặt" in then.text
    assert "đang biểu quyết, 1/5 phiếu" in then.text
    assert "không đủ tỷ lệ tán thành công nhận (0 tán thành, 5 không tán thành, 0 ý kiến khác)" in then.text
    assert f"den={facts[-1].position}" in then.html
    assert "Không tán thành" not in live.text
    for stone in ("Triệu tập", "Điểm danh", "Mở biểu quyết", "Đóng biểu quyết"):
        assert stone in now.text


# A season ---------------------------------------------------------------------------------------------


async def test_a_season_is_played_back_from_its_plan_to_its_decisions(inspector: Desk, season: Story):
    await season.submitted()
    submitted = await inspector.house.store.position(inspector.tenant)
    await season.appraised()
    await appraise.conclude(await season.appraiser(), season.season, COMMUNE)
    facts = [one for one in await season.facts() if one.stream.season == season.season]
    path = f"/phat-lai/{season.season}"

    page = await inspector.open(path)
    then = await inspector.open(f"{path}?den={submitted}&xa={COMMUNE}")
    first = await inspector.open(f"{path}?den={facts[0].position}")
    past = await inspector.open(f"{path}?asof={submitted}")

    assert path in (await inspector.open(f"/bang/{season.season}")).html
    assert path in (await inspector.open(f"/mua/{season.season}")).html
    assert f"Bước {len(facts)}/{len(facts)}" in page.text
    assert "Thẩm định xong 1 1" in page.text
    assert "Thẩm định xong 0 1" in then.text
    assert f"den={facts[-1].position}&amp;xa={COMMUNE}" in then.html
    assert "Diễn biến hồ sơ" in then.text
    assert f"Bước 1/{len(facts)}" in first.text
    assert "Bước trước" not in first.text
    assert "Thẩm định xong" not in past.text
    assert "Bước kế" not in past.text
    for stone in ("Lập kế hoạch", "Phân công", "Mở đợt đánh giá"):
        assert stone in page.text
    assert "milestone." not in page.text


async def test_each_step_of_a_season_says_the_sentence_that_its_dossier_says(inspector: Desk, season: Story):
    await season.score("TC1.CT1")
    entry = (await season.dossier()).entry("TC1.CT1")
    assert entry.points
    again = dict(entry.measures), entry.points - 1, "Thiếu một văn bản"
    await assess.score_indicator(await season.officer(), season.season, COMMUNE, "TC1.CT1", *again)

    of_season = await inspector.open(f"/phat-lai/{season.season}")
    of_dossier = await inspector.open(replay(season))

    last = re.compile(r'aria-current="step">.*?<br>(?:<b>[^<]*</b>: )?(.*?)</span>')
    assert last.findall(of_season.html)[-1] == last.findall(of_dossier.html)[-1]


async def test_the_replay_of_a_season_is_for_those_who_oversee_all_of_it(desks: Desks, season: Story):
    path = f"/phat-lai/{season.season}"
    officer, department = await desks.officer(), await desks.department()

    assert (await officer.open(path)).status == 403
    assert path not in (await officer.open(f"/mua/{season.season}")).html
    assert (await department.open(path)).status == 200
    assert [(await department.open(f"{path}{asked}")).status for asked in ("?den=0", "?xa=1", "x")] == [404] * 3


# Marks ------------------------------------------------------------------------------------------------


async def at_decision(desk: Desk, story: Story) -> tuple[int, Page]:
    """The replay at the step that decided, with its position."""
    position = next(one.position for one in await story.facts() if isinstance(one.fact, Recognition.Decided))
    return position, await desk.open(replay(story, f"?den={position}"))


async def test_an_inspector_marks_a_step_and_finds_it_at_the_step_and_in_the_review(
    desks: Desks, inspector: Desk, season: Story
):
    await season.decided()
    await season.under_review()
    position, page = await at_decision(inspector, season)

    page = await inspector.send(page, "/danh-dau", note="Đối chiếu sổ gốc")
    page = await inspector.send(page, "/danh-dau")
    elsewhere = await inspector.open(replay(season))
    review = await inspector.open(f"/thanh-tra/xem-xet/{season.season}/{COMMUNE}/1")
    chairman = (await at_decision(await desks.of(Office.DISTRICT_CHAIRMAN.value), season))[1]

    notes = [one.fact for one in await season.facts() if isinstance(one.fact, Review.NoteAdded)]
    assert [(note.marked.position, note.text) for note in notes] == [(position, "Đối chiếu sổ gốc"), (position, None)]
    assert f"den={position}" in page.url
    assert "Đối chiếu sổ gốc" in page.text
    assert "Đã đánh dấu bước này." in page.text
    assert f"den={position}#danh-dau" in elsewhere.html
    assert "Đối chiếu sổ gốc" not in elsewhere.text
    assert "Đối chiếu sổ gốc" in review.text
    assert "Đối chiếu sổ gốc" not in chairman.text
    assert not chairman.offers("/danh-dau")


async def test_where_no_review_takes_marks_the_page_says_how_to_open_one(inspector: Desk, season: Story):
    await season.concluded()
    undecided = await inspector.open(replay(season))
    await season.vote_on_concluded()
    await season.decide()
    decided = await inspector.open(replay(season))

    assert "Mở được khi có quyết định công nhận còn hiệu lực." in undecided.text
    assert f"/thanh-tra/xem-xet/{season.season}?xa={COMMUNE}" in decided.html
    assert not decided.offers("/danh-dau")


async def test_what_cannot_be_marked_is_refused_in_words(inspector: Desk, season: Story):
    await season.decided()
    await season.under_review()
    _, page = await at_decision(inspector, season)

    nowhere = await inspector.send(page, "/danh-dau", review="4", note="Giữ lại")
    await season.confirm()
    late = await inspector.send(page, "/danh-dau", note="Giữ lại")

    assert nowhere.status == 404
    assert (late.status, late.refused) == (409, "out-of-order")
    assert "Chưa làm được bước này (đã kết luận việc xem xét lại)" in late.text
    assert not [one for one in await season.facts() if isinstance(one.fact, Review.NoteAdded)]


async def test_who_is_no_inspector_cannot_mark(desks: Desks, inspector: Desk, season: Story):
    await season.decided()
    await season.under_review()
    chairman = await desks.of(Office.DISTRICT_CHAIRMAN.value)
    page = await inspector.open(replay(season))
    form = dict(page.form("/danh-dau").fields)
    csrf = (await chairman.open("/them")).form("/dang-xuat").value("csrf")

    refused = await chairman.post(chairman.home + replay(season, "/danh-dau"), form | {"csrf": csrf})

    assert (refused.status, refused.refused) == (403, "not-permitted")
