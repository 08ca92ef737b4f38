"""The menu: everybody is led to the pages that the policy opens to them, and to no other."""

from collections.abc import Iterable

import pytest

from domain.official import Office
from tests.provinces.story import COMMUNE, Story
from tests.web.desks import Desk, Desks, desks, season, workplace

__all__ = ["desks", "season", "workplace"]

ALL = {"board", "season", "exports", "register"}
MENUS: dict[Office, set[str]] = {
    Office.JUSTICE_OFFICER: {"dossier", "trail"},
    Office.COMMUNE_CHAIRMAN: {"dossier", "trail"},
    Office.DISTRICT_JUSTICE: {"appraisals", "council"},
    Office.DISTRICT_CHAIRMAN: {"council", "reviews"},
    Office.JUSTICE_DEPARTMENT: {"appraisals", "council", "reviews", "trail_of_province", "plan", "admin"},
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
