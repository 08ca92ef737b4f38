import re
from datetime import timedelta
from uuid import UUID, uuid4

import pytest

from domain.official import Office
from infra.jobs.export_runs import ExportRuns
from services.assessment import assess
from services.exports.requests import fail_export
from services.processes.worker import Workplace
from tests.provinces.papers import workshop
from tests.provinces.story import COMMUNE, Story
from tests.web.desks import Desk, Desks, Page, desks, season, workplace
from tests.web.signing import WEB

__all__ = ["desks", "season", "workplace"]

EXPORTS = "/ket-xuat"


async def worked_off(desk: Desk) -> None:
    """What a worker does with everything that is owed."""
    runs = ExportRuns(desk.house.database)
    await runs.learn(desk.tenant)
    async with workshop(desk.house) as shop:
        place = Workplace(desk.house, runs, shop)
        for run in await runs.owed(desk.tenant):
            await place.make_export({}, desk.tenant.id, str(run.export))
    await runs.learn(desk.tenant)


def newest(page: Page) -> tuple[str, str]:
    """State and id of the export on top of the list; the id is "" where nothing can be done with it."""
    state = re.search(r'data-state="([a-z]+)"(.*?)</tr>', page.html, re.DOTALL)
    assert state is not None
    found = re.search(r"/ket-xuat/([0-9a-f-]{36})/", state.group(2))
    return state.group(1), found.group(1) if found else ""


@pytest.fixture
async def department(desks: Desks) -> Desk:
    return await desks.department()


async def ask_for_board(desk: Desk, season: Story) -> Page:
    page = await desk.open(f"{EXPORTS}?season={season.season}")
    form = page.form("/yeu-cau")
    assert ("season", season.season) in form.fields
    await desk.send(page, "/yeu-cau")
    return await desk.open(EXPORTS)


async def test_a_board_is_asked_for_waits_and_is_taken_away(department, season):
    page = await ask_for_board(department, season)
    state, export = newest(page)
    assert state == "queued"
    assert 'hx-trigger="every 2s"' in page.html
    assert "Cập nhật trạng thái" in page.text

    await worked_off(department)
    page = await department.open(EXPORTS)

    assert newest(page) == ("ready", export)
    assert "hx-trigger" not in page.html
    form = page.form(f"/{export}/tai-ve")
    answer = await department.client.post(form.action, data=dict(form.fields), headers={"origin": WEB})
    assert answer.status_code == 200
    assert answer.headers["content-disposition"].startswith('attachment; filename="bang-danh-gia-')
    assert answer.content[:2] == b"PK"
    page = await department.open(EXPORTS)
    assert newest(page)[0] == "ready"


async def test_who_decides_gets_the_decision_as_pdf(desks, season):
    await season.decided()
    desk = await desks.of(Office.DISTRICT_CHAIRMAN)
    page = await desk.open(EXPORTS)
    assert f'value="{season.season}/{COMMUNE}"' in page.html

    form = next(form for form in page.forms if ("document", "decision") in form.fields)
    await desk.post(form.action, dict(form.fields) | {"which": f"{season.season}/{COMMUNE}"})
    await worked_off(desk)
    page = await desk.open(EXPORTS)

    state, export = newest(page)
    assert state == "ready"
    form = page.form(f"/{export}/tai-ve")
    answer = await desk.client.post(form.action, data=dict(form.fields), headers={"origin": WEB})
    assert answer.content.startswith(b"%PDF-")
    assert answer.headers["content-type"] == "application/pdf"
    assert answer.headers["x-content-type-options"] == "nosniff"


async def test_who_asked_is_told_that_it_was_received(department, season):
    page = await department.open(f"{EXPORTS}?season={season.season}")

    asked = await department.send(page, "/yeu-cau")

    assert "Đã nhận yêu cầu" not in page.text
    assert "Đã nhận yêu cầu" in asked.text
    assert newest(asked)[0] == "queued"


async def test_cells_that_were_cut_are_counted_in_the_list(desks, season):
    inspector = await desks.of(Office.INSPECTOR)
    long = "_x0041_" * 2_850  # which a workbook spells with more signs than a cell holds
    await assess.explain(await season.officer(), season.season, COMMUNE, season.codes[0], long)
    page = await inspector.open(f"/nhat-ky?mua={season.season}")

    await inspector.send(page, "/yeu-cau")
    await worked_off(inspector)
    page = await inspector.open(EXPORTS)

    assert "1 ô bị cắt vì quá dài, xem đủ trên trang" in page.text


async def test_the_same_press_twice_is_one_export(department, season):
    page = await department.open(f"{EXPORTS}?season={season.season}")
    await department.send(page, "/yeu-cau")
    before = (await department.open(EXPORTS)).html.count("data-state=")

    await department.send(page, "/yeu-cau")

    assert (await department.open(EXPORTS)).html.count("data-state=") == before


async def test_another_person_sees_and_gets_nothing_of_it(desks, department, season):
    _, export = newest(await ask_for_board(department, season))
    await worked_off(department)
    other = await desks.of(Office.INSPECTOR)

    page = await other.open(EXPORTS)
    assert export not in page.html
    token = page.form("/yeu-cau").value("csrf")
    for verb in ("tai-ve", "huy"):
        answer = await other.post(f"{other.home}{EXPORTS}/{export}/{verb}", {"csrf": token, "command": str(uuid4())})
        assert (answer.status, answer.refused) == (404, "not-found")


@pytest.mark.parametrize("name", [str(UUID(int=7)), "..", "x"])
async def test_what_is_no_export_is_not_found(department, season, name):
    page = await department.open(EXPORTS)
    token = page.form("/yeu-cau").value("csrf")

    answer = await department.post(
        f"{department.home}{EXPORTS}/{name}/tai-ve", {"csrf": token, "command": str(uuid4())}
    )

    assert answer.status == 404


async def test_an_export_is_given_up(department, season):
    page = await ask_for_board(department, season)
    _, export = newest(page)

    await department.send(page, f"/{export}/huy")

    assert newest(await department.open(EXPORTS))[0] == "cancelled"


async def test_a_failure_says_why_and_what_to_do(department, season):
    _, export = newest(await ask_for_board(department, season))
    await fail_export(department.house.system(department.tenant, uuid4()), UUID(export), "attempts-exhausted")

    page = await department.open(EXPORTS)

    assert newest(page)[0] == "failed"
    assert "Đã thử nhiều lần nhưng không lập được. Yêu cầu lại" in page.text
    assert "attempts-exhausted" in page.text


async def test_while_a_worker_is_at_it_the_progress_is_shown(department, season):
    _, export = newest(await ask_for_board(department, season))
    runs = ExportRuns(department.house.database)
    await runs.learn(department.tenant)
    await runs.take(department.tenant, UUID(export), "one", timedelta(seconds=30))
    await runs.go_on(department.tenant, UUID(export), "one", timedelta(seconds=30), 3, 9)

    page = await department.open(EXPORTS)

    assert newest(page)[0] == "running"
    assert "đang lập 3/9" in page.text
    assert '<progress max="9" value="3"' in page.html


async def test_htmx_gets_the_list_alone(department, season):
    await ask_for_board(department, season)

    page = await department.open(EXPORTS, **{"HX-Request": "true"})

    assert page.html.lstrip().startswith('<div id="exports"')
    assert "<html" not in page.html


async def test_who_may_have_nothing_is_told_so(desks, season):
    desk = await desks.officer()
    page = await desk.open(EXPORTS)

    assert page.status == 200
    assert not any(("document", "standings") in form.fields for form in page.forms)
    token = (await desk.open("/them")).form("/dang-xuat").value("csrf")
    answer = await desk.post(
        f"{desk.home}{EXPORTS}/yeu-cau",
        {"csrf": token, "command": str(uuid4()), "document": "standings", "season": season.season},
    )
    assert (answer.status, answer.refused) == (403, "not-permitted")


@pytest.mark.parametrize("document", ["", "everything"])
async def test_what_is_no_document_is_refused_by_the_field(department, season, document):
    page = await department.open(EXPORTS)

    answer = await department.send(page, "/yeu-cau", document=document)

    assert (answer.status, answer.refused) == (422, "field-missing")
