"""The second tab of the trail: evidence opened and acts refused, by whom, found by the same filters."""

import asyncpg

from domain.export import Document
from domain.official import Office
from infra.platform.config import Settings
from infra.storage.access_log import Access
from services.exports.requests import export_id, request_export
from services.privacy.accesses import TAKEN, Accesses
from services.work import SYSTEM
from tests.provinces.story import COMMUNE, OTHER, Story
from tests.web.desks import Desks, Page, desks, season, workplace

__all__ = ["desks", "season", "workplace"]

CODE = "TC2.CT5"


async def file_of(season: Story) -> tuple[str, str]:
    """The address of a file of the dossier, and its name."""
    await season.attach(CODE)
    (file,) = (await season.dossier()).entry(CODE).evidence.values()
    return f"/ho-so/{season.season}/{COMMUNE}/minh-chung/{file.id}", file.name


async def looked_at(desks: Desks, season: Story, asked: str = "") -> Page:
    """The tab as the inspector sees it, of this season alone."""
    return await (await desks.of(Office.INSPECTOR.value)).open(f"/nhat-ky/truy-cap?mua={season.season}{asked}")


def rows(page: Page, kind: str) -> int:
    return page.html.count(f'data-access="{kind}"')


async def test_who_opened_a_file_is_noted_with_its_name(desks: Desks, season: Story):
    address, name = await file_of(season)

    assert (await (await desks.officer()).fetch(address)).status_code == 200

    page = await looked_at(desks, season)
    assert rows(page, "granted") == 1
    assert f"Mở minh chứng {name}" in page.text
    assert "Công chức phụ trách tư pháp, hộ tịch, thị trấn Bến Lụa" in page.text


async def test_what_somebody_was_refused_is_noted_and_found_by_the_filters(desks: Desks, season: Story):
    neighbour = await desks.officer(commune=OTHER)
    assert (await neighbour.open(f"/ho-so/{season.season}/{COMMUNE}")).status == 403
    inspector = await desks.of(Office.INSPECTOR.value)
    refused = await inspector.post(
        f"{inspector.home}/mua/{season.season}/tam-dung",
        {"csrf": _token(await inspector.open("/ket-xuat")), "reason": "thử", "document_no": "1/CV"},
    )
    assert refused.status == 403

    assert rows(await looked_at(desks, season), "refused") == 2
    by_neighbour = await looked_at(desks, season, f"&tim=xem+ho+so&xa={COMMUNE}&viec=tu-choi")
    assert rows(by_neighbour, "refused") == 1
    assert "Xem hồ sơ" in by_neighbour.text
    assert "xã Suối Gấm" in by_neighbour.text
    assert rows(await looked_at(desks, season, "&chuc-vu=inspector&tim=tam+dung"), "refused") == 1
    none = await looked_at(desks, season, "&viec=mo")
    assert "Không có lần truy cập nào khớp bộ lọc" in none.text


async def test_a_try_at_somebody_elses_export_is_noted(desks: Desks, season: Story):
    work = await season.by(Office.JUSTICE_DEPARTMENT)
    await request_export(work, Document.STANDINGS, season.season)
    address = f"/ket-xuat/{export_id(work)}/tai-ve"
    inspector = await desks.of(Office.INSPECTOR.value)

    page = await inspector.post(f"{inspector.home}{address}", {"csrf": _token(await inspector.open("/ket-xuat"))})

    assert page.status == 404
    assert address in (await inspector.open("/nhat-ky/truy-cap?tim=tai+lieu+nguoi+khac")).text


async def test_what_the_operator_took_by_a_command_is_said_of_the_system(desks: Desks, season: Story):
    taken = Access(SYSTEM.person, "", "", TAKEN, season.season, COMMUNE, "evidence.zip", "")
    await season.house.part(Accesses).note(season.tenant, taken, f"c:{CODE}")

    page = await looked_at(desks, season, f"&ai=system&chi-tieu={CODE}")

    assert rows(page, "granted") == 1
    assert "Hệ thống" in page.text
    assert "Lấy cả bộ tệp minh chứng của hồ sơ evidence.zip" in page.text


async def test_only_who_sees_the_whole_province_sees_it(desks: Desks, season: Story):
    officer = await desks.officer()

    page = await officer.open(f"/nhat-ky/truy-cap?mua={season.season}")

    assert (page.status, page.refused) == (403, "not-permitted")
    assert "/nhat-ky/truy-cap" not in (await officer.open("/nhat-ky")).html


async def test_in_the_past_there_is_nothing_of_later(desks: Desks, season: Story):
    address, _ = await file_of(season)
    before = await season.house.store.position(season.tenant)
    await (await desks.officer()).fetch(address)

    assert rows(await looked_at(desks, season, f"&asof={before}"), "granted") == 0


async def test_a_file_is_handed_out_though_nobody_can_note_it(desks: Desks, season: Story, services: Settings):
    address, _ = await file_of(season)
    owner = await asyncpg.connect(services.database_url)
    await owner.execute(f"ALTER TABLE {season.tenant.id}.accesses RENAME TO away")
    try:
        answer = await (await desks.officer()).fetch(address)
    finally:
        await owner.execute(f"ALTER TABLE {season.tenant.id}.away RENAME TO accesses")
        await owner.close()

    assert answer.status_code == 200


def _token(page: Page) -> str:
    return next(form.value("csrf") for form in page.forms if "csrf" in dict(form.fields))
