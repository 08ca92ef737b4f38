"""The trail through its page: every fact has a sentence; who, under which mandate, when, in time or late."""

import dataclasses
import re
from datetime import timedelta

import pytest
from eventsourcing.utils import get_topic

from domain.catalogue import FACTS
from domain.fact import Fact
from domain.official import Office
from domain.season import Deadline, Step
from services.assessment import assess
from services.i18n import LOCALES, load_words
from services.season import organise
from tests.provinces.story import COMMUNE, OTHER, TODAY, Story
from tests.web.desks import Desks, desks, season, workplace

__all__ = ["desks", "season", "workplace"]

#: Slots that the teller adds to a fact's own fields.
ADDED = {"value", "rule", "unit_name", "subject", "season", "count", "before", "file", "held", "corrected"}
WORDS = load_words()


@pytest.mark.parametrize("locale", LOCALES)
@pytest.mark.parametrize("fact", FACTS.values(), ids=get_topic)
def test_every_fact_has_a_sentence_whose_slots_it_can_fill(fact: type[Fact], locale: str):
    key = f"trail.{get_topic(fact)}"
    said = {name: text for name, text in WORDS[locale].sentences.items() if name == key or name.startswith(f"{key}.")}

    assert key in said
    for text in said.values():
        slots = set(re.findall(r"%\((\w+)\)s", text))
        assert slots <= ADDED | {field.name for field in dataclasses.fields(fact)}


def trail(story: Story, asked: str = "") -> str:
    return f"/nhat-ky/{story.season}/{COMMUNE}{asked}"


async def test_every_fact_of_the_commune_stands_in_the_trail_newest_first(desks: Desks, season: Story):
    await season.decided()
    facts = await season.facts()

    page = await (await desks.of(Office.INSPECTOR.value)).open(trail(season))

    positions = [int(found) for found in re.findall(r'<tr role="row" id="p(\d+)"', page.html)]
    elsewhere = {one.position for one in facts if one.stream.subject == OTHER}
    assert positions == sorted(positions, reverse=True)
    assert set(positions) == {one.position for one in facts} - elsewhere
    assert "%(" not in page.text
    assert "trail." not in page.text
    assert "Quyết định 41/QĐ-UBND" in page.text


async def test_an_entry_names_the_position_the_unit_and_the_decision_of_the_mandate(desks: Desks, season: Story):
    await season.score("TC2.CT5")

    page = await (await desks.of(Office.INSPECTOR.value)).open(trail(season, "?chi-tieu=TC2.CT5"))

    assert "Công chức phụ trách tư pháp, hộ tịch, thị trấn Bến Lụa" in page.text
    assert "theo 01/QĐ" in page.text
    assert "Tự đánh giá chỉ tiêu 2.5" in page.text


async def test_a_changed_value_is_told_with_the_one_before(desks: Desks, season: Story):
    await season.score("TC1.CT1")
    entry = (await season.dossier()).entry("TC1.CT1")
    assert entry.points
    await assess.score_indicator(
        await season.officer(),
        season.season,
        COMMUNE,
        "TC1.CT1",
        dict(entry.measures),
        entry.points - 1,
        "Thiếu một văn bản",
    )

    page = await (await desks.of(Office.INSPECTOR.value)).open(trail(season))

    assert "Sửa kết quả tự đánh giá chỉ tiêu 1.1 từ 3,0 thành 2,0 (tính theo quy định: 3,0)" in page.text
    assert "Lý do: Thiếu một văn bản" in page.text


async def test_a_step_after_its_deadline_is_marked_by_its_legal_date(desks: Desks, season: Story):
    await season.filled()
    due = TODAY - timedelta(days=4)
    deadline = Deadline(due, "KH 1", "Công văn 2")
    await organise.set_deadlines(await season.as_administrator(), season.season, [(Step.SUBMITTED, deadline)])
    await (await season.post_filled()).agree()
    await assess.submit(await season.chairman(), season.season, COMMUNE, "12/BC", TODAY)

    page = await (await desks.of(Office.INSPECTOR.value)).open(trail(season))

    assert "chậm 4 ngày" in page.text


async def test_the_filters_stand_in_the_address(desks: Desks, season: Story):
    await season.submitted()
    inspector = await desks.of(Office.INSPECTOR.value)

    every = await inspector.open(trail(season))
    of_season = await inspector.open(trail(season, "?loai=season"))
    of_chairman = await inspector.open(trail(season, "?ai=Chủ tịch UBND cấp xã, thị trấn Bến Lụa"))
    none = await inspector.open(trail(season, "?chi-tieu=TC9.CT9"))

    assert "Gửi hồ sơ thẩm định" in every.text
    assert "Gửi hồ sơ thẩm định" not in of_season.text
    assert "Mở đợt đánh giá" in of_season.text
    assert of_chairman.html.count('<tr role="row" id="p') == 1
    assert "Không có mục nhật ký nào khớp bộ lọc" in none.text


async def test_a_commune_does_not_read_its_neighbours_trail(desks: Desks, season: Story):
    page = await (await desks.officer(commune=OTHER)).open(trail(season))

    assert (page.status, page.refused) == (403, "not-permitted")


async def test_the_trail_as_of_a_position_ends_there(desks: Desks, season: Story):
    await season.submitted()
    facts = [one for one in await season.facts() if one.stream.subject != OTHER]
    middle = facts[len(facts) // 2].position

    page = await (await desks.of(Office.INSPECTOR.value)).open(trail(season, f"?asof={middle}"))

    positions = [int(found) for found in re.findall(r'<tr role="row" id="p(\d+)"', page.html)]
    assert positions[0] == middle
    assert set(positions) == {one.position for one in facts if one.position <= middle}
