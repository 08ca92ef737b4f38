"""Before the opening the pages name the communes in which nobody holds an office that leads."""

from datetime import date, timedelta
from uuid import uuid4

from domain.official import Mandate, Office
from domain.season import Assignment, Deadline, Season, Step, season_stream
from domain.unit import Level
from projections.tables.officials import OfficialRow
from projections.tables.seasons import SeasonRow
from projections.tables.units import UnitRow
from services.clock import today
from services.season import organise
from services.season.readiness import lacking
from tests.provinces.story import COMMUNE, DISTRICT, OTHER, Story
from tests.rulebooks.test_rulebook_page import SOURCE
from tests.web.desks import Desks, Page, desks, season, workplace

__all__ = ["desks", "season", "workplace"]

TODAY = date(2024, 1, 15)
#: Every point of the report, in its order.
POINTS = (
    *("chua-co-don-vi", "chua-phan-cong", "thieu-noi-dung"),
    *(
        "thieu-can-bo",
        "chua-dat-han",
        "han-da-qua",
        "lich-nghi",
        "cach-tinh-han",
        "ban-sua-cho-ky",
        "theo-ban-cu",
        "chua-doi-chieu",
    ),
)


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


def section(page: Page, key: str) -> str:
    """What the report says under this point."""
    return page.html.partition(f'<li id="{key}">')[2].partition("</li>")[0]


async def test_one_list_tells_what_hinders_the_opening_from_what_does_not(desks: Desks):
    # Given a year of a text that lacks contents, with no leads, no deadlines, and changes that nobody signed off
    story = await Story(desks.house, desks.tenant, "", "qd-27-2025", year=2029).planned([COMMUNE, "99007"])
    await organise.assign_indicators(
        await story.as_administrator(), story.season, [(story.codes[0], Office.FINANCE_ACCOUNTING, [])]
    )
    await organise.set_deadline(
        await story.as_administrator(), story.season, Step.SCORED, date(2029, 11, 20), "Kế hoạch 1/KH"
    )
    administrator = await desks.of("administrator")
    rulebook = "/bo-tieu-chi/qd-27-2025"
    form = await administrator.open(f"{rulebook}?sua=TC1.name")
    await administrator.send(form, "/sua", {**SOURCE, "value": f"Ban hành văn bản {uuid4().hex[:6]}"})

    # When somebody who runs the year looks at it
    page = await (await desks.department()).open(f"/mua/{story.season}")

    # Then each point stands in the list with where it is mended, and only what the domain refuses hinders
    report = page.html.partition('id="chuan-bi"')[2].partition("</form>")[0]
    hindering, _, others = report.partition("không cản việc mở")
    assert [key for key in POINTS if f'<li id="{key}">' in hindering] == ["chua-phan-cong", "thieu-noi-dung"]
    assert [key for key in POINTS if f'<li id="{key}">' in others] == [
        *("thieu-can-bo", "chua-dat-han", "lich-nghi", "ban-sua-cho-ky", "chua-doi-chieu"),
    ]
    assert f'href="#dong-{story.codes[1]}"' in section(page, "chua-phan-cong")
    assert "#khong-xet" in section(page, "thieu-noi-dung")
    assert "tài chính, kế toán" in section(page, "thieu-can-bo")
    assert "5 bước chưa đặt hạn" in section(page, "chua-dat-han")
    assert f"{rulebook}/ky-duyet" in section(page, "ban-sua-cho-ky")
    assert not page.offers("/mo")
    await administrator.send(await administrator.open(rulebook), "/bo", {"reason": "Kết thúc"})


async def test_a_year_with_nothing_in_the_way_offers_to_open_and_says_that_nothing_hinders(desks: Desks):
    story = await Story(desks.house, desks.tenant, "", "qd-619-2017").planned([COMMUNE])
    leads: list[organise.Assignment] = [(code, Office.JUSTICE_OFFICER, []) for code in story.codes]
    await organise.assign_indicators(await story.as_administrator(), story.season, leads)

    page = await (await desks.department()).open(f"/mua/{story.season}")

    assert "Phải xong trước khi mở không còn việc nào" in page.text
    assert "Nên xem trước khi mở, không cản việc mở" in page.text
    assert page.offers("/mo")


async def test_the_page_of_the_season_and_the_board_name_them_before_the_opening(desks: Desks):
    story = await Story(desks.house, desks.tenant, "", "qd-619-2017").planned([COMMUNE, "99007"])
    leads: list[organise.Assignment] = [(story.codes[0], Office.FINANCE_ACCOUNTING, [])]
    await organise.assign_indicators(await story.as_administrator(), story.season, leads)
    desk = await desks.department()

    for address, end in ((f"/mua/{story.season}", "</li>"), (f"/bang/{story.season}", "</details>")):
        page = await desk.open(address)
        assert "đơn vị chưa có cán bộ ở chức danh chủ trì" in page.text
        assert "tài chính, kế toán" in page.html.partition('id="thieu-can-bo"')[2].partition(end)[0]
        assert "chỉ tiêu chưa phân công chủ trì" in page.text


async def test_last_days_that_are_over_are_a_finding_before_the_opening_and_do_not_hinder_it(desks: Desks):
    # Given a year that is planned with a day that is over and one that is not
    story = await Story(desks.house, desks.tenant, "", year=today().year).planned()
    desk = await desks.department()
    over, ahead = today() - timedelta(days=40), today() + timedelta(days=40)
    work = await story.as_administrator()
    name = season_stream(story.season)
    days = {Step.SCORED: Deadline(over, "KH 1"), Step.DECIDED: Deadline(ahead, "KH 1")}
    await work.change(Season, name, lambda one: one.set_deadlines(days))

    # When somebody who opens it looks at it
    page = await desk.open(f"/mua/{story.season}")

    # Then the day that is over stands under what is no hindrance, with where it is set anew, and in the table
    hindering = page.html.partition("không cản việc mở")[0]
    assert 'id="han-da-qua"' not in hindering
    found = section(page, "han-da-qua")
    assert "1 bước có hạn đã qua" in found
    assert f"{over:%d/%m/%Y}" in found
    assert f"{ahead:%d/%m/%Y}" not in found
    assert f'href="{desk.home}/mua/{story.season}#han"' in found
    lines = {step: page.html.partition(f'id="han-{step}"')[2].partition("</tr>")[0] for step in days}
    assert ["Ngày đã qua." in line for line in lines.values()] == [True, False]
