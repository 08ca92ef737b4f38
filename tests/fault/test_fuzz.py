"""A short run of `make fuzz` and of `make slow-bodies`; that the fuzz bites; and that memory is given back."""

import asyncio
from collections.abc import Iterator
from dataclasses import replace

import pytest

from infra.platform.config import Settings
from infra.storage.files import LIMIT
from services.processes.supervise import kept_port
from services.web import bodies
from tests.fault.canary import PATH
from tests.fault.fuzz import Route, routes, send_all
from tests.fault.memory import HANDED_OUT, downloads
from tests.fault.slow import begin_bodies
from tests.fault.street import Street, opened, request

pytestmark = pytest.mark.fault

SEED = 2026
#: What a web process may grow by, whatever is sent: caches fill, and the allocator keeps some of it.
GROWTH = 60_000_000


@pytest.fixture(scope="module")
def street(services: Settings, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Street]:
    folder = tmp_path_factory.mktemp("street")
    settings = replace(services, folder=folder).listening(kept_port(folder, "web"))
    with opened(settings) as there:
        yield there


def test_whatever_is_sent_by_whomever_is_no_server_error(street: Street):
    run = asyncio.run(send_all(street, routes(), range(500), SEED))

    assert run.faults == []
    assert {200, 303, 400, 403, 404, 405, 422} <= run.statuses.keys()


def test_bodies_that_are_not_ended_keep_nobody_out(street: Street):
    seen = asyncio.run(begin_bodies(street, 1_100))

    assert seen.ok
    assert seen.ended["408 body-too-slow"] == bodies.MOST_FROM_ONE
    assert seen.ended["503 too-many-bodies"] == 1_100 - bodies.MOST_FROM_ONE


def test_what_was_sent_is_given_back(street: Street):
    form = {b"Origin": street.settings.public_url.encode(), b"Content-Type": b"application/x-www-form-urlencoded"}
    large = request("POST", b"/ngon-ngu", form, b"a=" + b"1" * (bodies.PUBLIC_FORM_LIMIT - 10))
    many = request("POST", b"/ngon-ngu", form, b"a=1&" * 249_000)

    async def send(times: int) -> int:
        for _ in range(times):
            assert (await street.ask(large)).status == 303
            assert (await street.ask(many)).status in {413, 499}
            assert (await street.get(f"/t/{street.tenant.slug}/cong-khai")).status == 200
        return street.resident()

    before = asyncio.run(send(20))

    assert asyncio.run(send(200)) < before + GROWTH


def test_files_taken_away_side_by_side_are_not_held_in_memory(street: Street):
    found = asyncio.run(downloads(street, 4))

    assert found.taken >= 4 * LIMIT
    assert found.most < found.before + HANDED_OUT


def test_the_fuzz_finds_an_address_that_crashes(services: Settings, tmp_path_factory: pytest.TempPathFactory):
    folder = tmp_path_factory.mktemp("canary")
    settings = replace(services, folder=folder).listening(kept_port(folder, "web"))

    with opened(settings, "tests.fault.canary:application") as there:
        alone = [Route(PATH, ("GET",))]
        run = asyncio.run(send_all(there, alone, range(300), SEED))

    assert any(PATH in fault.sent.raw.decode("latin-1") and fault.answer.status == 500 for fault in run.faults)
