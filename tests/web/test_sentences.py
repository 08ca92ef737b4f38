"""Sentences of a page that follow each other stand apart, whatever each of them depends on."""

import re

from domain.official import Office
from tests.provinces.story import COMMUNE, PROVINCE, Story
from tests.web.desks import Desk, Desks, Page, desks, season, workplace

__all__ = ["desks", "season", "workplace"]

#: The end of a sentence, and the beginning of the next one right behind it.
JOINED = re.compile(r"\b.{0,30}(?:[a-zà-ỹ)]|\d{4})\.[A-ZĐ][a-zà-ỹ]+")
INLINE = re.compile(r"</?(?:a|abbr|b|small|span)(?: [^>]*)?>")


def joined(page: Page) -> list[str]:
    main = page.html.partition("<main")[2].partition("</main>")[0]
    return JOINED.findall(re.sub(r"<[^>]*>", "\n", INLINE.sub("", main)))


async def council_of(desk: Desk, story: Story) -> Page:
    return await desk.open(f"/hoi-dong/{story.season}")


async def test_what_a_council_needs_is_told_in_sentences_apart(desks: Desks, season: Story):
    page = await council_of(await desks.of(Office.DISTRICT_JUSTICE.value), season)

    assert "Hội đồng có" in page.text
    assert joined(page) == []


async def test_what_a_survey_found_and_where_a_result_hangs_are_told_in_sentences_apart(desks: Desks):
    story = await Story(desks.house, desks.tenant, "", "qd-27-2025").opened(decided_by=PROVINCE)
    await story.posted()

    page = await (await desks.of(f"{COMMUNE} commune-chairman")).open(f"/ho-so/{story.season}/{COMMUNE}")

    assert "Xem trang công khai" in page.text
    assert joined(page) == []
