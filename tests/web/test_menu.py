"""The menu: everybody is led to the pages that the policy opens to them, and to no other."""

from collections.abc import Iterable
from datetime import date

import pytest

from domain.official import Office
from domain.season import State
from infra.reference.rulebooks import load_rulebooks
from projections.tables.seasons import SeasonRow
from services.web.frame import chip_among
from tests.provinces.story import COMMUNE, OTHER, PROVINCE, Story
from tests.web.desks import Desk, Desks, desks, season, workplace

__all__ = ["desks", "season", "workplace"]

ALL = {"board", "season", "exports", "register"}
MENUS: dict[Office, set[str]] = {
    Office.JUSTICE_OFFICER: {"dossier", "trail"},
    Office.COMMUNE_CHAIRMAN: {"dossier", "trail"},
    Office.DISTRICT_JUSTICE: {"appraisals", "council"},
    Office.DISTRICT_CHAIRMAN: {"council", "reviews"},
    Office.JUSTICE_DEPARTMENT: {"council", "reviews", "trail_of_province", "plan", "admin"},
    Office.INSPECTOR: {"council", "reviews", "trail_of_province"},
    Office.ADMINISTRATOR: {"council", "trail_of_province", "plan", "admin"},
}


def led_to(desk: Desk, html: str, year: str, names: Iterable[str]) -> set[str]:
    """Which of these pages the menu of a page leads to."""
    menu = html.partition("<main")[0]
    address = {
        "board": f"/bang/{year}",
        "season": f"/mua/{year}",
        "plan": "/mua",
        "dossier": f"/ho-so/{year}/{COMMUNE}",
        "trail": f"/nhat-ky/{year}/{COMMUNE}",
        "appraisals": f"/tham-dinh/{year}",
        "council": f"/hoi-dong/{year}",
        "reviews": f"/thanh-tra/xem-xet/{year}",
        "trail_of_province": "/nhat-ky",
        "admin": "/quan-tri",
        "exports": "/ket-xuat",
        "register": "/cong-khai",
    }
    return {name for name in names if f'href="{desk.home}{address[name]}"' in menu}


@pytest.mark.parametrize("position", MENUS)
async def test_the_menu_leads_everybody_to_the_pages_of_their_office(position: Office, desks: Desks, season: Story):
    of_a_commune = position in {Office.JUSTICE_OFFICER, Office.COMMUNE_CHAIRMAN}
    desk = await (desks.officer(position) if of_a_commune else desks.of(position))

    page = await desk.open("/viec")

    every = {*ALL, *(name for names in MENUS.values() for name in names)}
    assert led_to(desk, page.html, season.season, every) == ALL | MENUS[position]


async def test_the_department_is_led_to_the_appraisals_of_a_year_that_the_province_decides(desks: Desks):
    story = await Story(desks.house, desks.tenant, "", rulebook_id="qd-27-2025").opened(decided_by=PROVINCE)

    found = {}
    for position in (Office.JUSTICE_DEPARTMENT, Office.DISTRICT_JUSTICE):
        desk = await desks.of(position)
        page = await desk.open(f"/bang/{story.season}")
        found[position] = led_to(desk, page.html, story.season, ["appraisals"])

    assert found == {Office.JUSTICE_DEPARTMENT: {"appraisals"}, Office.DISTRICT_JUSTICE: set()}


async def test_whose_commune_has_no_dossier_in_the_year_is_led_to_none(desks: Desks):
    story = await Story(desks.house, desks.tenant, "").opened(communes=[OTHER])
    desk = await desks.officer()

    page = await desk.open(f"/bang/{story.season}")

    assert led_to(desk, page.html, story.season, ["board", "dossier", "trail"]) == {"board"}


@pytest.mark.parametrize(
    ("states", "named"),
    [
        ({"2025": State.CLOSED, "2026": State.OPEN, "2027": State.OPEN}, "2026"),
        ({"2025": State.OPEN, "2026": State.OPEN, "2027": State.PLANNED}, "2026"),
        ({"2026": State.CLOSED, "2027": State.OPEN}, "2027"),
        ({"2025": State.CLOSED, "2026": State.CLOSED}, "2026"),
        ({"2026": State.CLOSED, "2026-thu": State.OPEN}, "2026"),
        ({"2026-thu": State.CANCELLED, "2026-thu-2": State.OPEN}, "2026-thu-2"),
    ],
    ids=[
        "the next is open too",
        "two have begun",
        "only the next is open",
        "none is open",
        "only a practice round is open",
        "there are practice rounds only",
    ],
)
def test_the_menu_leads_to_the_open_year_that_has_begun(states: dict[str, State], named: str):
    chip = chip_among(rows(states), None, load_rulebooks(), date(2026, 11, 30))

    assert chip is not None
    assert chip.season == named


def test_an_open_practice_round_is_chosen_from_the_menu_and_so_is_the_way_back():
    states = {"2026": State.OPEN, "2026-thu": State.CLOSED, "2026-thu-2": State.OPEN, "2027-thu": State.OPEN}

    def others(season: str | None) -> tuple[str, ...]:
        chip = chip_among(rows(states), season, load_rulebooks(), date(2026, 11, 30))
        assert chip is not None
        return chip.others

    assert others(None) == ("2026-thu-2", "2027-thu")
    assert others("2027-thu") == ("2026", "2026-thu-2")
    assert others("2026-thu") == ("2026", "2026-thu-2", "2027-thu")


def rows(states: dict[str, State]) -> list[SeasonRow]:
    return [SeasonRow(name, int(name[:4]), "qd-27-2025", "", (), {}, 1, state=state) for name, state in states.items()]
