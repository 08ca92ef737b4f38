"""The tiles of the register count every commune once, and under the very word that its line has."""

import re
from collections.abc import Awaitable, Callable
from datetime import date

import pytest
from hypothesis import given

from domain.measure import Answer
from domain.recognition import Result
from projections.fold import fold
from projections.tables.register import REGISTER
from projections.tables.standings import STANDINGS, counted
from projections.tables.units import UNITS
from services.assessment import assess, commune_steps
from services.clock import today
from services.public_register.public_page import PublicState, line_of, tally
from services.recognition import recognise
from services.recognition.listing import list_not_meeting
from tests.projections.histories import Province, histories
from tests.provinces.steps import StepsStory
from tests.provinces.story import COMMUNE, TODAY
from tests.public_register.test_public_page import passer_by, publish
from tests.web.desks import Desk, Desks, Page, desks, season, workplace

__all__ = ["desks", "passer_by", "season", "workplace"]

Told = Callable[[StepsStory], Awaitable[object]]

TILE = re.compile(r"<b>(\d+)</b>\s*([^<]+?)\s*</span>")
LINE = re.compile(r'<td class="nw">\s*<span[^>]*>(?:<svg.*?</svg>|<[^>]*>|\s)*([^<]+?)\s*</span>', re.DOTALL)


async def not_begun(story: StepsStory) -> None:
    """Nothing is known of the commune in public."""


async def posted(story: StepsStory) -> None:
    await story.posted(until=today())


async def listed(story: StepsStory) -> None:
    """A head was disciplined: the commune reports that it does not meet, and nobody decides on it."""
    await story.filled()
    await assess.declare_veto(await story.officer(), story.season, COMMUNE, "C3", Answer.YES, "Quyết định kỷ luật 5")
    await story.display_filled()
    await story.agreed()
    await commune_steps.report_not_meeting(await story.chairman(), story.season, COMMUNE, "12/BC", date(2024, 1, 9))
    await list_not_meeting(await story.decider(), story.season, COMMUNE, "108/QĐ-UBND", TODAY)


async def recognised(story: StepsStory) -> None:
    await story.decided()
    await publish(story)


async def not_recognised(story: StepsStory) -> None:
    await story.voted()
    work = await story.decider()
    await recognise.decide(work, story.season, COMMUNE, Result.NOT_RECOGNISED, "41/QĐ-UBND", reason="Chưa đủ căn cứ")
    await publish(story)


async def revoked(story: StepsStory) -> None:
    await recognised(story)
    await story.under_review()
    await story.revoke()


@pytest.mark.parametrize(
    ("told", "named"),
    [
        (not_begun, "chưa công bố"),
        (posted, "đang lấy ý kiến"),
        (listed, "chưa đạt chuẩn"),
        (recognised, "đạt chuẩn"),
        (not_recognised, "chưa đạt chuẩn"),
        (revoked, "đã thu hồi"),
    ],
    ids=lambda one: one.__name__ if callable(one) else "",
)
async def test_a_commune_is_counted_under_the_word_of_its_line(desks: Desks, passer_by: Desk, told: Told, named: str):
    story = StepsStory(desks.house, desks.tenant, "")
    await story.opened()
    await told(story)

    page = await passer_by.open(f"/cong-khai?nam={story.season}")
    lines = [line.lower().partition(" đến ")[0] for line in LINE.findall(page.html)]

    assert sorted(lines) == sorted([named, "chưa công bố"])  # the other commune has not begun
    assert {word: count for word, count in tiles(page).items() if count} == {one: lines.count(one) for one in lines}


async def test_a_listed_commune_has_the_decision_on_its_list_wherever_decisions_are(desks: Desks, passer_by: Desk):
    story = StepsStory(desks.house, desks.tenant, "")
    await story.opened()
    await listed(story)

    register = await passer_by.open(f"/cong-khai?nam={story.season}")
    own = await passer_by.open(f"/cong-khai/{story.season}/{COMMUNE}")

    assert f"Chưa đạt chuẩn 108/QĐ-UBND, {TODAY:%d/%m/%Y}" in register.text
    assert f"Quyết định và niêm yết Quyết định 108/QĐ-UBND ngày {TODAY:%d/%m/%Y}" in own.text


async def test_what_a_condition_requires_is_told_apart_from_what_there_was(desks: Desks, passer_by: Desk):
    story = StepsStory(desks.house, desks.tenant, "")
    await story.opened()
    await listed(story)

    page = await passer_by.open(f"/cong-khai/{story.season}/{COMMUNE}")

    box = page.text.partition("không bảo đảm Yêu cầu: ")[2]
    required, _, found = box.partition(". Thực tế: ")
    assert required.startswith("Trong năm đánh giá, không có cán bộ, công chức")
    assert found.startswith(
        "có cán bộ, công chức bị xử lý thuộc trường hợp này. Xác nhận: Quyết định kỷ luật 5, ghi nhận"
    )


def tiles(page: Page) -> dict[str, int]:
    above = page.html.partition('class="tally')[2].partition("<form")[0]
    return {word: int(count) for count, word in TILE.findall(above)}


@given(province=histories())
def test_the_tiles_add_up_whatever_happened(province: Province):
    units, decisions = fold(UNITS, province.log), fold(REGISTER, province.log)
    rows = counted(fold(STANDINGS, province.log).values())

    lines = [
        line_of(row, decisions.get(f"{row.season}/{row.commune}"), units[row.commune], units.get(row.decided_by))
        for row in rows
    ]

    assert sum(tally(lines).values()) == len(rows)


def test_every_state_is_counted_under_one_that_has_a_tile():
    assert set(tally([])) == {state.counted_as for state in PublicState}
