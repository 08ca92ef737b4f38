"""A year that went over to another rulebook: pages, board and commands judge each commune by the same text."""

import re
from decimal import Decimal

from domain.official import Office
from services.recognition import recognise
from services.season import organise
from tests.provinces.story import COMMUNE, OTHER, Story
from tests.web.desks import Desk, Desks, desks, season, workplace

__all__ = ["desks", "season", "workplace"]

FORMER, LATER = "qd-25-2021", "qd-619-2017"

#: An indicator that only the later rulebook has.
NEW_CODE = "TC3.CT9"
#: One that only the former has.
GONE_CODE = "TC4.CT5"


async def converted(story: Story) -> int:
    """The year goes over to the other rulebook and is opened again; the position before it did."""
    before = await story.house.store.position(story.tenant)
    administrator = story.as_administrator
    await organise.suspend_season(await administrator(), story.season, "Đổi", "1/UBND")
    await organise.convert_season(await administrator(), story.season, LATER, "Đổi", "2/UBND")
    story.rulebook_id = LATER
    assigned: list[tuple[str, Office, list[Office]]] = [(code, Office.JUSTICE_OFFICER, []) for code in story.codes]
    await organise.assign_indicators(await administrator(), story.season, assigned)
    await organise.open_season(await administrator(), story.season)
    return before


async def by_commands(story: Story, commune: str) -> str:
    work = await story.officer(commune=commune)
    running = await organise.with_rulebook(work, story.season)
    return (await organise.rulebook_of(work, running[0], story.season, commune)).id


async def by_page(desk: Desk, story: Story, commune: str, **query: object) -> str:
    """The rulebook of the dossier's page."""
    asked = "&".join(f"{name}={value}" for name, value in query.items())
    page = await desk.open(f"/ho-so/{story.season}/{commune}?{asked}")
    assert page.status == 200
    return LATER if f"chi-tieu={NEW_CODE}" in page.html else FORMER


async def on_board(desk: Desk, story: Story, commune: str) -> str:
    """The commune's total on the board."""
    page = await desk.open(f"/bang/{story.season}")
    row = page.html.partition(f"/{story.season}/{commune}")[2].partition("</tr>")[0]
    (total,) = re.findall(r'class="tot">([^<]*)<', row)
    return str(total)


async def test_an_undecided_dossier_is_judged_by_the_later_rulebook_wherever_it_is_shown_or_changed(
    desks: Desks, season: Story
):
    # Given a commune that has begun under the former rulebook
    for code in ("TC1.CT1", GONE_CODE):
        await season.score(code)
    await season.attach(GONE_CODE)
    begun = season.indicator("TC1.CT1").max_points
    before = await converted(season)
    officer, department = await desks.officer(), await desks.department()

    # When it goes on under the later one
    await season.score(NEW_CODE)

    # Then all judge by that one, and the page of the past by the former
    assert await by_commands(season, COMMUNE) == LATER
    assert await by_page(officer, season, COMMUNE) == LATER
    total = begun + season.indicator(NEW_CODE).max_points
    assert (await on_board(department, season, COMMUNE)).replace(",", ".") == f"{total:.2f}"
    assert await by_page(officer, season, COMMUNE, asof=before) == FORMER
    for path in ("", f"?chi-tieu={NEW_CODE}", "?chi-tieu=TC1.CT1"):
        assert (await officer.open(f"/ho-so/{season.season}/{COMMUNE}{path}")).status == 200
    assert (await officer.open(f"/ho-so/{season.season}/{COMMUNE}?chi-tieu={GONE_CODE}")).status == 404
    appraiser = await desks.appraiser()
    for path in ("phat-lai", "trach-nhiem", "gia-dinh", "tham-dinh", "quyet-dinh", "nhat-ky", "cong-khai"):
        assert (await appraiser.open(f"/{path}/{season.season}/{COMMUNE}")).status == 200, path


async def test_a_commune_that_was_decided_on_keeps_the_rulebook_of_its_decision(desks: Desks, season: Story):
    await season.decided_at_99_74()
    await converted(season)
    officer, department = await desks.officer(), await desks.department()

    assert await by_commands(season, COMMUNE) == FORMER
    assert await by_page(officer, season, COMMUNE) == FORMER
    assert await on_board(department, season, COMMUNE) == "99,74"
    assert await by_commands(season, OTHER) == LATER
    work = await season.decider()
    await recognise.note_published_total(work, season.season, COMMUNE, Decimal("99.7"), "Cổng", "1/TB", work.today)
