"""Communes are added to a season and withdrawn from it, each for a reason and by a document."""

import pytest

from domain.assessment import Assessment, assessment_stream
from domain.errors import (
    AlreadyDecided,
    CommuneWithdrawn,
    NotPermitted,
    TakesPartAlready,
    UnitsUnsuitable,
    UnknownCommune,
)
from projections.tables.seasons import SEASONS, SeasonRow
from services.season import organise
from tests.provinces.story import COMMUNE, DISTRICT, OTHER, Story
from tests.web.desks import Desks, desks, season, workplace

__all__ = ["desks", "season", "workplace"]

REASON, DOCUMENT = "Nhập vào xã khác", "52/STP"


async def row_of(story: Story) -> SeasonRow:
    async with story.house.reads.at(story.tenant, (await story.house.store.tail(story.tenant)).position) as view:
        row = await view.one(SEASONS, story.season)
    assert row is not None
    return row


async def withdraw(story: Story, commune: str = COMMUNE) -> None:
    await organise.withdraw_participant(await story.as_administrator(), story.season, commune, REASON, DOCUMENT)


async def add(story: Story, commune: str) -> None:
    await organise.add_participant(await story.as_administrator(), story.season, commune, DISTRICT, "Bổ sung", "41/KH")


async def test_a_commune_that_is_added_to_an_open_season_begins_its_dossier(province_story: Story):
    story = await province_story.opened(communes=[COMMUNE])

    await add(story, OTHER)

    assert set((await row_of(story)).participants) == {COMMUNE, OTHER}
    assert (await story.dossier(OTHER)).decided_by == DISTRICT
    await story.score("TC1.CT1", OTHER)


async def test_a_commune_that_is_added_to_a_planned_season_begins_with_the_others(province_story: Story):
    story = await province_story.planned(communes=[COMMUNE])

    await add(story, OTHER)

    assert await (await story.as_administrator()).find(Assessment, assessment_stream(story.season, OTHER)) is None


async def test_nothing_more_is_recorded_of_a_commune_that_was_withdrawn(story: Story):
    await withdraw(story)

    with pytest.raises(CommuneWithdrawn):
        await story.score("TC1.CT1")
    assert (await row_of(story)).withdrawn[COMMUNE].document_no == DOCUMENT
    await add(story, COMMUNE)
    await story.score("TC1.CT1")


async def test_a_commune_that_was_decided_on_is_not_withdrawn(province_story: Story):
    story = await province_story.opened()
    await story.decided()

    with pytest.raises(AlreadyDecided):
        await withdraw(story)

    assert COMMUNE in (await row_of(story)).participants


async def test_what_cannot_be_meant_is_refused(story: Story):
    with pytest.raises(TakesPartAlready):
        await add(story, COMMUNE)
    with pytest.raises(UnitsUnsuitable):
        await add(story, "12345")
    with pytest.raises(UnknownCommune):
        await withdraw(story, "12345")
    with pytest.raises(NotPermitted):
        await organise.withdraw_participant(await story.officer(), story.season, COMMUNE, REASON, DOCUMENT)


async def test_the_board_and_the_work_list_do_without_it_and_its_dossier_is_still_read(desks: Desks, season: Story):
    desk, officer = await desks.department(), await desks.officer()
    name = "Bến Lụa"
    assert name in (await desk.open(f"/bang/{season.season}")).text
    page = await desk.open(f"/mua/{season.season}")

    bare = await desk.send(page, "/rut-don-vi", commune=COMMUNE, document_no=DOCUMENT)
    nobody = await desk.send(page, "/rut-don-vi", reason=REASON, document_no=DOCUMENT, command="")
    page = await desk.send(page, "/rut-don-vi", commune=COMMUNE, reason=REASON, document_no=DOCUMENT, command="")

    assert (bare.refused, nobody.refused) == ("reason-missing", "field-missing")
    assert "Đơn vị không còn tham gia" in page.text
    assert f"{REASON}. Căn cứ: {DOCUMENT}" in page.text
    assert name not in (await desk.open(f"/bang/{season.season}")).text
    assert f"/ho-so/{season.season}/{COMMUNE}" not in (await officer.open("/viec")).html.partition("<main")[2]
    dossier = await officer.open(f"/ho-so/{season.season}/{COMMUNE}?chi-tieu=TC2.CT5")
    assert "Đơn vị không còn tham gia đợt đánh giá" in dossier.text
    assert not dossier.offers("/cham-diem")
    trail = await desk.open(f"/nhat-ky/{season.season}/{COMMUNE}")
    assert "ra khỏi danh sách đơn vị tham gia đánh giá" in trail.text

    page = await desk.send(page, "/bo-sung-don-vi", commune=COMMUNE, reason="Bổ sung", document_no="41/KH", command="")

    assert "Đơn vị không còn tham gia" not in page.text
    assert name in (await desk.open(f"/bang/{season.season}")).text
