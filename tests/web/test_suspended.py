"""A province that whoever runs the system has suspended: its people look on, and nothing is recorded or made."""

import argparse
from collections.abc import AsyncIterator
from uuid import uuid4

import httpx
import pytest
from structlog.testing import capture_logs

from domain.errors import ProvinceSuspended
from domain.export import Document
from domain.official import Office
from infra.identity.tenants import Registered, Resumed, Suspended, Tenant, Tenants
from infra.jobs.export_runs import ExportRuns
from infra.platform.config import Settings
from services.assessment import assess
from services.exports.requests import export_id, fetch_export, request_export
from services.operations import create_tenant
from services.operations.create_tenant import Impossible, as_operator
from services.processes import sealer
from services.processes.sweeper import Sweeper
from services.processes.worker import Workplace
from services.web.site import REMEMBERED
from tests.provinces.papers import workshop
from tests.provinces.story import COMMUNE, Story
from tests.web.desks import Desk, Desks, desks, season, workplace
from tests.web.signing import WEB

__all__ = ["desks", "season", "workplace"]

REASON = "Sáp nhập, bàn giao hồ sơ từ 01/12/2026"


def given(slug: str, reason: str = REASON) -> argparse.Namespace:
    return argparse.Namespace(slug=slug, reason=reason)


@pytest.fixture
async def operator(services: Settings, desks: Desks) -> AsyncIterator[Tenants]:
    """Whoever runs the system; the province is at work again when the test is over."""
    async with as_operator(services) as registry:
        yield registry
        tenant = await registry.by_slug(desks.tenant.slug)
        assert tenant is not None
        if tenant.is_suspended:
            await registry.resume(tenant, "hết phép thử")


async def suspended(operator: Tenants, desks: Desks, story: Story) -> None:
    """It is suspended, and web processes have come to know; the story goes on with what they know."""
    tenant = await operator.suspend(desks.tenant, REASON)
    some_time_passes(desks)
    desks.tenant = story.tenant = tenant


def some_time_passes(desks: Desks) -> None:
    """What a web process remembers of the registry is as old as it may become."""
    web = desks.app.state.site
    web._provinces = {slug: (*held[:-1], held[-1] - REMEMBERED) for slug, held in web._provinces.items()}


async def passer_by(desks: Desks) -> Desk:
    transport = httpx.ASGITransport(app=desks.app)  # type: ignore[arg-type]
    client = httpx.AsyncClient(transport=transport, base_url=WEB)
    desks._open.append(client)
    return Desk(client, desks.house, desks.tenant)


# The operator -----------------------------------------------------------------------------------------


async def test_the_operator_suspends_and_resumes_with_reasons_that_stay(
    services, tenants: Tenants, tenant: Tenant, capsys
):
    slug = tenant.slug

    await create_tenant.suspend(services, given(slug))
    with pytest.raises(Impossible, match="is suspended, not at work"):
        await create_tenant.suspend(services, given(slug))
    await create_tenant.show(services)
    listed = capsys.readouterr().out
    await create_tenant.resume(services, given(slug, "bàn giao xong"))
    with pytest.raises(Impossible, match="is active, not suspended"):
        await create_tenant.resume(services, given(slug))

    assert f"suspended: {REASON}" in listed
    last = (await tenants.history(tenant.id))[-2:]
    assert last == [Suspended(reason=REASON), Resumed(reason="bàn giao xong")]
    resumed = await tenants.by_slug(slug)
    assert resumed is not None
    assert (resumed.state, resumed.suspended_for) == ("active", "")


@pytest.mark.parametrize("reason", ["", "  ", "x" * 501, "xong\u202e"])
async def test_a_reason_is_a_line_of_text(services, tenants: Tenants, tenant: Tenant, reason):
    with pytest.raises(Impossible, match="1 to 500 printable"):
        await create_tenant.suspend(services, given(tenant.slug, reason))

    assert await tenants.by_slug(tenant.slug) == tenant


async def test_nobody_suspends_a_province_that_is_not_there(services):
    with pytest.raises(Impossible, match="no such province"):
        await create_tenant.suspend(services, given("khong-co"))
    with pytest.raises(Impossible, match="no such province"):
        await create_tenant.resume(services, given("khong-co"))


async def test_a_province_that_was_not_made_yet_is_not_suspended_and_has_no_pages(services, desks, operator):
    ((number,),) = await operator._fetch("SELECT nextval('control.tenant_number')")
    half = registered(f"t_{number}")
    await operator.record(f"t_{number}", half)

    with pytest.raises(Impossible, match="is registered, not at work"):
        await create_tenant.suspend(services, given(half.slug))

    desk = await passer_by(desks)
    assert (await desk.client.get(f"/t/{half.slug}/cong-khai")).status_code == 404


def registered(tenant_id: str) -> Registered:
    return Registered(
        slug=f"p-{uuid4().hex}",
        name="Tỉnh Dở",
        province_code="99",
        locale="vi",
        placement="main",
        demonstration=False,
        log=f"minhchuan.example/t/{tenant_id}",
    )


# Pages ------------------------------------------------------------------------------------------------


async def test_officials_read_on_are_told_why_and_are_offered_nothing_to_send(desks, season, operator):
    await season.filled()
    await suspended(operator, desks, season)
    desk = await desks.officer()

    for path in ("/viec", f"/ho-so/{season.season}/{COMMUNE}", f"/bang/{season.season}", "/ket-xuat", "/them"):
        page = await desk.open(path)
        assert page.status == 200, path
        assert "Tỉnh đang tạm dừng làm việc trên hệ thống" in page.text
        assert REASON in page.text


async def test_an_act_is_refused_in_words_and_what_was_typed_is_kept(desks, season, operator):
    await season.filled()
    desk = await desks.officer()
    page = await desk.open(f"/ho-so/{season.season}/{COMMUNE}?chi-tieu={season.codes[0]}")
    before = await desks.house.store.position(desks.tenant)
    await suspended(operator, desks, season)

    answer = await desk.send(page, "/giai-trinh", explanation="Đã rà soát lại")

    assert answer.status == 409
    assert answer.refused == "province-suspended"
    assert "Chưa ghi nhận gì" in answer.text
    assert ("explanation", "Đã rà soát lại") in answer.form("/giai-trinh").fields
    assert await desks.house.store.position(desks.tenant) == before


async def test_nobody_signs_in_and_who_is_in_signs_out(desks, season, operator):
    before = await (await passer_by(desks)).open("/dang-nhap")
    await suspended(operator, desks, season)
    outside = await passer_by(desks)

    shown = await outside.open("/dang-nhap")
    pressed = await outside.send(before, "/dang-nhap")
    returned = await outside.fetch("/dang-nhap/ve?state=x&code=y")
    desk = await desks.officer()
    page = await desk.open("/them")
    out = await desk.send(page, "/dang-xuat")

    assert not shown.offers("/dang-nhap")
    assert "Chưa đăng nhập được" in shown.text
    assert (pressed.status, pressed.refused) == (409, "province-suspended")
    assert returned.status_code == 403
    assert "session" not in returned.headers.get("set-cookie", "")
    assert "Tỉnh đang tạm dừng" in returned.text
    assert out.status == 200


async def test_the_public_reads_the_register_with_a_sentence_and_without_the_reason(desks, season, operator):
    await season.decided()
    await suspended(operator, desks, season)
    desk = await passer_by(desks)

    page = await desk.open("/cong-khai")

    assert page.status == 200
    assert "Tỉnh đang tạm dừng làm việc trên hệ thống" in page.text
    assert "Nội dung đã công khai vẫn xem được" in page.text
    assert REASON not in page.text


async def test_a_running_process_knows_within_seconds_and_again_when_it_is_over(desks, season, operator):
    desk = await desks.officer()
    assert "tạm dừng" not in (await desk.open("/viec")).text

    tenant = await operator.suspend(desks.tenant, REASON)
    some_time_passes(desks)
    assert "tạm dừng" in (await desk.open("/viec")).text
    await operator.resume(tenant, "xong")
    some_time_passes(desks)
    assert "tạm dừng" not in (await desk.open("/viec")).text
    assert REMEMBERED <= 5


# Use cases and processes ------------------------------------------------------------------------------


async def test_people_s_commands_are_refused_before_anything_is_written_and_repeats_get_their_result(
    desks, season, operator
):
    story = season
    await story.filled()
    done = await story.officer(command=uuid4())
    first = await assess.explain(done, story.season, COMMUNE, story.codes[0], "Trước khi dừng")
    await suspended(operator, desks, story)

    with pytest.raises(ProvinceSuspended):
        await assess.explain(await story.officer(), story.season, COMMUNE, story.codes[0], "Khi đã dừng")
    with pytest.raises(ProvinceSuspended):
        await request_export(await story.by(Office.INSPECTOR), Document.STANDINGS, story.season, None)
    repeated = await assess.explain(
        await story.officer(command=done.command_id), story.season, COMMUNE, story.codes[0], "Trước khi dừng"
    )

    assert (repeated.first, repeated.repeated) == (first.first, True)


async def test_a_file_is_not_even_stored(desks, season, operator):
    await season.filled()
    await suspended(operator, desks, season)
    folder = desks.house.settings.files / desks.tenant.id
    before = sorted(folder.rglob("*"))

    with pytest.raises(ProvinceSuspended):
        await season.attach(season.codes[0])

    assert sorted(folder.rglob("*")) == before


class Queue:
    """A queue that only listens."""

    def __init__(self) -> None:
        self.asked: list[str] = []

    async def ask(self, queue: str, job: str, function: str, *ids: str) -> bool:
        self.asked.append(job)
        return True


async def test_documents_wait_and_are_made_once_work_goes_on(desks, season, operator):
    work = await season.by(Office.INSPECTOR)
    await request_export(work, Document.STANDINGS, season.season, None)
    export = export_id(work)
    await suspended(operator, desks, season)
    runs, queue = ExportRuns(desks.house.database), Queue()
    sweeper = Sweeper(desks.house, runs, queue)

    with capture_logs() as said:
        await sweeper.sweep(desks.tenant)
        await sweeper.sweep(desks.tenant)
        async with workshop(desks.house) as shop:
            place = Workplace(desks.house, runs, shop)
            await place.make_export({}, desks.tenant.id, str(export))
            waiting = (await runs.of(desks.tenant, [export]))[export]
            resumed = await operator.resume(desks.tenant, "xong")
            await sweeper.sweep(resumed)
            await place.make_export({}, desks.tenant.id, str(export))
    season.tenant = resumed

    assert (waiting.attempts, waiting.over) == (0, False)
    assert [name for name in queue.asked if str(export) in name] == queue.asked[-1:]
    events = [one["event"] for one in said]
    assert events.count("no documents are made: the province is suspended") == 1
    assert "documents are made again" in events
    fetched = await fetch_export(await season.by(Office.INSPECTOR), export)
    assert fetched.content.path.read_bytes()[:2] == b"PK"


async def test_sealing_goes_on(services, desks, season, operator):
    await desks.stop_sealing()
    await season.filled()
    last = await desks.house.store.position(desks.tenant)
    await suspended(operator, desks, season)

    await sealer.run(services, once=True, only=[desks.tenant.slug])

    assert (await desks.house.seals.of(desks.tenant, last)).is_recorded


async def test_what_the_system_has_to_record_is_recorded(desks, season, operator):
    await suspended(operator, desks, season)

    desks.house.system(desks.tenant, uuid4()).require_at_work()
    with pytest.raises(ProvinceSuspended):
        (await season.officer()).require_at_work()
