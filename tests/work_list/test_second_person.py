"""What one person prepared waits in the work list of exactly those who may confirm it, until it is done."""

from datetime import date
from uuid import uuid4

import pytest

from domain.official import Office
from infra.identity.tenants import IdentityProvider
from infra.platform.config import Settings
from services.assessment import sanction as sanctioning
from services.operations.create_tenant import NewTenant, as_operator, create_tenant
from services.season import organise
from services.wiring import wired
from tests.assessment.test_sanction import YEAR, a_sanction
from tests.provinces.story import COMMUNE, ISSUER, PROVINCE, TODAY, Story
from tests.rulebooks.test_rulebook_page import PAGE, edit
from tests.season.test_correct import adopted
from tests.web.desks import Desk, Desks, Page, desks, desks_of, season, workplace

__all__ = ["desks", "season", "workplace"]

SIGN_OFF = f"{PAGE}/ky-duyet"
CALENDAR = "/quan-tri/ngay-nghi"


@pytest.fixture
async def editor(desks: Desks) -> Desk:
    """The administrator, who has changed one value of a rulebook; no change of an earlier test is left."""
    desk = await desks.of("administrator")
    page = await desk.open(PAGE)
    if page.offers("/bo"):
        await desk.send(page, "/bo", {"reason": "Kết thúc"})
    await edit(desk, "TC1.name", value=f"Ban hành văn bản {uuid4().hex[:6]}")
    return desk


@pytest.fixture
async def second(desks: Desks, season: Story) -> Desk:
    subject = f"second-{uuid4().hex[:8]}"
    await season.enrol(subject, Office.ADMINISTRATOR, PROVINCE)
    return await desks.of(subject)


def leads_to(page: Page, desk: Desk, path: str) -> bool:
    return f'href="{desk.home}{path}"' in page.html


async def test_a_changed_rulebook_waits_for_those_who_may_sign_off_and_not_for_its_editor(
    editor: Desk, second: Desk, desks: Desks
):
    department, officer = await desks.department(), await desks.officer()

    for desk in (second, department):
        page = await desk.open("/viec?loai=doi-chieu")
        assert leads_to(page, desk, SIGN_OFF)
        assert "Đối chiếu, ký duyệt 1 thay đổi của bộ tiêu chí Bộ tiêu chí 25/2021" in page.text
    for desk in (editor, officer):
        assert not leads_to(await desk.open("/viec"), desk, SIGN_OFF)


async def test_a_rulebook_waits_for_nobody_once_it_is_signed_off(editor: Desk, second: Desk):
    page = await second.open(SIGN_OFF)

    await second.send(page, "/ky-duyet/ky", {"acknowledged": "1"}, document_no="1342/STP")

    assert not leads_to(await second.open("/viec"), second, SIGN_OFF)


async def test_a_draft_whose_numbers_do_not_close_waits_for_who_changed_it(editor: Desk, second: Desk):
    await edit(editor, "TC1.points", value="99")

    own, page = await editor.open("/viec?loai=tra-lai"), await second.open("/viec")
    assert "chỗ chưa khớp để bản sửa bộ tiêu chí ký duyệt được" in own.text
    assert leads_to(own, editor, f"{PAGE}?loc=changed")
    assert not leads_to(page, second, SIGN_OFF)
    assert "chỗ chưa khớp" not in page.text


async def test_the_sign_off_names_those_who_may_sign(editor: Desk, desks: Desks):
    page = await editor.open(SIGN_OFF)

    assert "giữ một trong các chức danh: Chuyên viên Sở Tư pháp, Quản trị viên của tỉnh" in page.text
    assert f"Người {Office.JUSTICE_DEPARTMENT} , Chuyên viên Sở Tư pháp" in page.text
    assert "Người administrator ," not in page.text
    assert "Người sửa bộ tiêu chí không tự ký duyệt" in page.text


async def test_where_nobody_else_may_sign_the_page_says_what_to_do(services: Settings):
    # Given a province with nobody in office but its administrator
    async with wired(services) as house, as_operator(services) as operator:
        lone = NewTenant(
            slug=f"mot-{uuid4().hex}",
            province_code=PROVINCE,
            rulebooks=("qd-25-2021",),
            provider=IdentityProvider(ISSUER, "minhchuan"),
            administrator="administrator",
        )
        tenant = await create_tenant(house, operator, lone)

    # When that person changes a value
    async with desks_of(services, tenant) as desks:
        desk = await desks.of("administrator")
        await edit(desk, "TC1.name", value="Ban hành văn bản")
        page = await desk.open(SIGN_OFF)

    # Then the page says that another one is needed, and where to enrol them
    assert "Chưa có người khác ký duyệt được" in page.text
    assert f'<a href="{desk.home}/quan-tri">Cấp tài khoản ở trang Quản trị' in page.html
    assert not page.offers("/ky-duyet/ky")


async def test_a_day_off_waits_for_another_than_who_proposed_it(desks: Desks, second: Desk):
    administrator = await desks.of("administrator")
    page = await administrator.open(f"{CALENDAR}?nam=2019")
    day = date(2019, 11, 25)
    await administrator.send(
        page, "/de-xuat", day=f"{day:%d/%m/%Y}", kind="off", name="Ngày nghỉ của tỉnh", source="Thông báo 1/TB-UBND"
    )
    there = f"{CALENDAR}?nam=2019#cho-xac-nhan"

    assert leads_to(await second.open("/viec"), second, there)
    assert not leads_to(await administrator.open("/viec"), administrator, there)

    await second.send(await second.open(f"{CALENDAR}?nam=2019"), "/xac-nhan")
    assert not leads_to(await second.open("/viec"), second, there)


async def test_a_year_is_not_offered_to_be_opened_while_contents_without_text_hinder_it(desks: Desks):
    story = await Story(desks.house, desks.tenant, "", "qd-27-2025").planned()
    led: list[organise.Assignment] = [(code, Office.JUSTICE_OFFICER, []) for code in story.codes]
    await organise.assign_indicators(await story.as_administrator(), story.season, led, "02/QĐ")
    desk = await desks.department()
    there = f"/mua/{story.season}"

    hindered = await desk.open("/viec?loai=buoc")
    lacking = story.rulebook.without_text
    await organise.leave_out_contents(await story.as_administrator(), story.season, lacking, "03/QĐ", TODAY)
    free = await desk.open("/viec?loai=buoc")

    assert leads_to(hindered, desk, f"{there}#khong-xet")
    assert f"không xét {len(lacking)} nội dung, để mở được đợt đánh giá" in hindered.text
    assert not leads_to(hindered, desk, f"{there}#mo-mua")
    assert not leads_to(free, desk, f"{there}#khong-xet")
    assert leads_to(free, desk, f"{there}#mo-mua")


async def test_a_year_under_a_former_text_waits_for_those_who_run_it_until_it_is_corrected(desks: Desks, season: Story):
    department, officer = await desks.department(), await desks.officer()
    await adopted(season)
    there = f"/mua/{season.season}/ban-sua"

    page = await department.open("/viec?loai=buoc")
    assert leads_to(page, department, there)
    assert "Xem trước và áp dụng bản sửa bộ tiêu chí" in page.text
    assert not leads_to(await officer.open("/viec"), officer, there)

    await department.send(
        await department.open(there), "/ap-dung-ban-sua", reason="Đối chiếu với văn bản gốc", document_no="1342/STP"
    )
    assert not leads_to(await department.open("/viec"), department, there)


async def test_a_sanction_waits_for_the_appraiser_until_it_is_confirmed(desks: Desks):
    season = await Story(desks.house, desks.tenant, "", year=YEAR).opened()
    dossier = f"/ho-so/{season.season}/{COMMUNE}"
    await sanctioning.declare_sanction(await season.officer(), season.season, COMMUNE, a_sanction())
    appraiser, officer = await desks.appraiser(), await desks.officer()

    assert leads_to(await appraiser.open("/viec?loai=doi-chieu"), appraiser, f"{dossier}#xu-ly")
    assert not leads_to(await officer.open("/viec"), officer, f"{dossier}#xu-ly")

    page = await appraiser.open(dossier)
    await appraiser.send(page, "/xac-nhan", body="Ủy ban Kiểm tra", document_no="41-TB/UBKT", document_on="02/10/2024")
    assert not leads_to(await appraiser.open("/viec"), appraiser, f"{dossier}#xu-ly")
