"""The menu: everybody is led to the pages that the policy opens to them, and to no other."""

from collections.abc import Iterable

import pytest

from domain.official import Position
from tests.provinces.story import COMMUNE, Story
from tests.web.desks import Desk, Desks, desks, season, workplace

__all__ = ["desks", "season", "workplace"]

ALL = {"board", "season", "exports", "register"}
MENUS: dict[Position, set[str]] = {
    Position.JUSTICE_OFFICER: {"dossier", "trail"},
    Position.COMMUNE_CHAIRMAN: {"dossier", "trail"},
    Position.DISTRICT_JUSTICE: {"appraisals", "council"},
    Position.DISTRICT_CHAIRMAN: {"council", "reviews"},
    Position.JUSTICE_DEPARTMENT: {"appraisals", "council", "reviews", "trail_of_province", "admin"},
    Position.INSPECTOR: {"council", "reviews", "trail_of_province"},
    Position.ADMINISTRATOR: {"council", "trail_of_province", "admin"},
}


def led_to(desk: Desk, html: str, year: str, names: Iterable[str]) -> set[str]:
    """Which of these pages the menu of a page leads to."""
    menu = html.partition("<main")[0]
    address = {
        "board": f"/bang/{year}",
        "season": f"/mua/{year}",
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
async def test_the_menu_leads_everybody_to_the_pages_of_their_office(position: Position, desks: Desks, season: Story):
    of_a_commune = position in {Position.JUSTICE_OFFICER, Position.COMMUNE_CHAIRMAN}
    desk = await (desks.officer(position) if of_a_commune else desks.of(position))

    page = await desk.open("/viec")

    every = {*ALL, *(name for names in MENUS.values() for name in names)}
    assert led_to(desk, page.html, season.season, every) == ALL | MENUS[position]
