"""A dossier played back: each step in words, the moment as it was, and what changed since and why."""

import re
from decimal import Decimal

import pytest

from domain.official import Position
from services import assessing
from tests.services.story import COMMUNE, OTHER, Story
from tests.web.desks import Desk, Desks, desks, season, workplace

__all__ = ["desks", "season", "workplace"]


def replay(story: Story, asked: str = "") -> str:
    return f"/phat-lai/{story.season}/{COMMUNE}{asked}"


@pytest.fixture
async def inspector(desks: Desks) -> Desk:
    return await desks.of(Position.INSPECTOR.value)


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
    receipt = await assessing.score_indicator(
        await season.officer(),
        season.season,
        COMMUNE,
        "TC1.CT1",
        dict(entry.measures),
        entry.points - 1,
        "Thiếu một văn bản",
    )

    page = await inspector.open(replay(season, f"?den={then}"))

    (line,) = re.findall(r'<tr role="row"><th scope="row" role="rowheader">1\.1 đề xuất</th>.*?</tr>', page.html)
    values = [re.sub("<[^>]+>", "", one) for one in re.findall(r"<td.*?</td>", line)]
    assert [Decimal(one.replace(",", ".")) for one in values[:2]] == [entry.points, entry.points - 1]
    assert f"den={receipt.last}" in line


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
    desk = await desks.of(f"{OTHER} {Position.JUSTICE_OFFICER}")

    assert (await desk.open(replay(season))).status == 403
