"""The versions of a rulebook: which years follow each, and which one a new year will follow."""

from tests.provinces.story import COMMUNE, OTHER, Story
from tests.rulebooks.test_rulebook_page import PAGE
from tests.season.test_correct import adopted, correct
from tests.web.desks import Desk, Desks, desks, season, workplace

__all__ = ["desks", "season", "workplace"]

VERSIONS = f"{PAGE}/cac-ban"
NEXT = "theo bản này</span>"


async def rows(desk: Desk) -> list[str]:
    """The lines of the table, one for each version."""
    table = (await desk.open(VERSIONS)).html.partition("<tbody>")[2].partition("</tbody>")[0]
    return table.split("<tr>")[1:]


async def test_each_version_names_the_years_that_follow_it_and_one_is_for_new_years(desks: Desks, season: Story):
    # Given an open year, and a newer version that it does not follow yet
    desk = await desks.department()
    sha256 = await adopted(season)

    # Then the year stands at its own version, and a new one would follow the other
    lines = await rows(desk)
    (own,) = [line for line in lines if f">{season.season}</a>" in line]
    (following,) = [line for line in lines if NEXT in line]
    assert "(đang mở)" in own
    assert own != following
    assert "đang áp dụng" not in (await desk.open(VERSIONS)).text
    assert f"Năm đánh giá {season.season} vẫn theo bản cũ (bản " in (await desk.open(VERSIONS)).text

    # When the year goes over, then it stands at that one
    await correct(season, sha256)
    (own,) = [line for line in await rows(desk) if f">{season.season}</a>" in line]
    assert NEXT in own


async def test_a_version_by_which_communes_were_decided_says_so(desks: Desks):
    story = await Story(desks.house, desks.tenant, "").opened([COMMUNE, OTHER])
    await story.decided()
    desk = await desks.department()

    await correct(story, await adopted(story))

    (kept,) = [line for line in await rows(desk) if f">{story.season}</a>:" in line]
    assert "1 đơn vị đã có quyết định hoặc đã vào danh sách chưa đạt chuẩn giữ bản này" in kept
    assert NEXT not in kept


async def test_what_if_calls_a_version_as_the_page_of_versions_does(desks: Desks, season: Story):
    desk = await desks.department()
    await adopted(season)
    numbers = [line.partition('<th scope="row">')[2].partition("<")[0] for line in await rows(desk) if NEXT in line]

    page = await desk.open(f"/gia-dinh/{season.season}")

    assert f"25/2021, bản {numbers[0]}" in page.html
    assert "văn bản khác" not in page.text
