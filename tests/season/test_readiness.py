"""Before the opening the pages name the communes in which nobody holds an office that leads."""

from datetime import date
from uuid import uuid4

from domain.official import Mandate, Office
from domain.season import Assignment
from domain.unit import Level
from projections.tables.officials import OfficialRow
from projections.tables.seasons import SeasonRow
from projections.tables.units import UnitRow
from services.season import organise
from services.season.readiness import lacking
from tests.provinces.story import COMMUNE, DISTRICT, OTHER, Story
from tests.web.desks import Desks, desks, season, workplace

__all__ = ["desks", "season", "workplace"]

TODAY = date(2024, 1, 15)


def an_official(unit: str, office: Office, until: date | None = None) -> OfficialRow:
    mandate = Mandate(uuid4(), office, unit, date(2015, 1, 1), until, "01/QĐ")
    return OfficialRow("1", "Người", "issuer", "subject", mandates=(mandate,))


def test_an_office_that_leads_and_that_nobody_holds_today_is_named():
    units = {
        code: UnitRow(code, name, "Xã", Level.COMMUNE, DISTRICT)
        for code, name in ((COMMUNE, "Xã Suối Gấm"), (OTHER, "Xã Bến Lụa"))
    }
    leads = {"TC1.CT1": Assignment(Office.JUSTICE_OFFICER, ()), "TC5.CT1": Assignment(Office.POLICE_CHIEF, ())}
    row = SeasonRow(
        "2023", 2023, "qd-25-2021", "ab" * 32, tuple(leads), dict.fromkeys(units, DISTRICT), 1, assignments=leads
    )
    officials = [
        an_official(COMMUNE, Office.JUSTICE_OFFICER),
        an_official(COMMUNE, Office.POLICE_CHIEF),
        an_official(OTHER, Office.JUSTICE_OFFICER),
        an_official(OTHER, Office.POLICE_CHIEF, until=date(2023, 12, 31)),
        an_official(DISTRICT, Office.DISTRICT_JUSTICE),
    ]

    found = lacking(row, officials, units, TODAY)

    assert [(one.commune.code, one.offices) for one in found] == [(OTHER, (Office.POLICE_CHIEF,))]


async def test_the_page_of_the_season_and_the_board_name_them_before_the_opening(desks: Desks):
    story = await Story(desks.house, desks.tenant, "", "qd-619-2017").planned([COMMUNE, "99007"])
    leads: list[organise.Assignment] = [(story.codes[0], Office.FINANCE_ACCOUNTING, [])]
    await organise.assign_indicators(await story.as_administrator(), story.season, leads)
    desk = await desks.department()

    for address in (f"/mua/{story.season}", f"/bang/{story.season}"):
        page = await desk.open(address)
        assert "đơn vị chưa có cán bộ ở chức danh chủ trì" in page.text
        assert "tài chính, kế toán" in page.html.partition('id="thieu-can-bo"')[2].partition("</details>")[0]
        assert "chỉ tiêu chưa phân công chủ trì" in page.text
