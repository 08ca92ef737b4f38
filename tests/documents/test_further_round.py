"""A further round of a year is named on whatever leaves the house."""

import re

from domain.export import Document
from services.assessment import commune_papers
from services.council import minutes_document, voting
from services.documents.reading import AsItStood
from services.exports.requests import export_id, request_export
from services.recognition import decision_document
from tests.provinces.papers import made, text_of, workshop
from tests.provinces.story import COMMUNE, DISTRICT, Story


async def second_round(story: Story) -> Story:
    story.round_no = 2
    await (await story.opened()).decided()
    await voting.close_meeting(await story.decider(), story.season, f"{DISTRICT}-1")
    return story


def plain(html: str) -> str:
    return " ".join(re.sub(r"<[^>]*>", " ", html).split())


async def test_decision_minutes_and_papers_of_the_commune_name_the_round(province_story: Story):
    story = await second_round(province_story)
    house, named = story.house, f"năm {story.season[:4]} (đợt 2)"
    then = AsItStood(house.store, story.tenant, await house.store.position(story.tenant))

    decision = await decision_document.read_paper(then, story.season, COMMUNE, house.rulebooks, house.calendar)
    minutes = await minutes_document.read_paper(then, story.season, f"{DISTRICT}-1", "03/HĐ")
    meeting = await commune_papers.meeting_paper(then, story.season, COMMUNE)

    assert named in plain(decision_document.render(decision))
    assert named in plain(minutes_document.render(minutes))
    assert named in plain(meeting)


async def test_the_lists_of_communes_name_the_round(province_story: Story):
    story = await second_round(province_story)
    work = await story.as_administrator()
    await request_export(work, Document.LISTS, story.season, "")

    async with workshop(story.house) as shop:
        document = await made(shop, story, export_id(work))

    assert f"năm {story.season[:4]} (đợt 2)" in text_of(document.content)
