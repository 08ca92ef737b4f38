"""The projector as a process of its own: it finds every province, and being killed costs it nothing."""

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from uuid import uuid4

import pytest

from infra.identity.tenants import Tenant, Tenants
from infra.log.eventstore import EventStore
from infra.platform.config import Settings
from infra.readmodels.reading import ReadModels
from projections.catalogue import PROJECTIONS
from projections.fold import fold
from services.processes import projector
from tests.infra.logs import write
from tests.projections.histories import a_long_history

PATIENCE = 120.0


async def expect_all(store: EventStore, models: ReadModels, tenant: Tenant) -> None:
    """Every table holds what one fold over the whole log makes."""
    assert await models.reached(tenant, await store.position(tenant), PROJECTIONS, timeout=PATIENCE)
    log = [one async for page in store.read(tenant) for one in page]
    async with models.at(tenant) as view:
        for projection in PROJECTIONS:
            assert await view.all(projection) == [row for _, row in sorted(fold(projection, log).items())]


async def test_a_running_projector_takes_in_provinces_that_come_later(services, tenants: Tenants, store, models):
    running = asyncio.create_task(projector.run(services))
    await asyncio.sleep(0)

    later = await tenants.create(slug=f"p-{uuid4().hex}", province_code="99", name="Tỉnh Mẫu")
    await write(store, later, a_long_history(120, 1, later.id).commands)

    await expect_all(store, models, later)
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)


async def test_rebuilding_says_what_it_did_and_leaves_the_same_rows(services, tenant, store, models, capsys):
    await write(store, tenant, a_long_history(120, 2, tenant.id).commands)

    await projector.rebuild(services, tenant=tenant.slug)
    await projector.rebuild(services, tenant=tenant.slug, projection="sheets")

    await expect_all(store, models, tenant)
    first, second = capsys.readouterr().out.splitlines()
    facts = await store.position(tenant)
    assert first.startswith(f"{tenant.slug}: {facts} facts")
    assert second.startswith(f"{tenant.slug}: {facts} facts")


async def test_a_large_log_is_folded_in_other_processes_to_the_same_rows(services, tenant, store, models, monkeypatch):
    monkeypatch.setattr("infra.readmodels.projector.LARGE", 1)
    await write(store, tenant, a_long_history(300, 4, tenant.id).commands)

    await projector.rebuild(services, tenant=tenant.slug)

    await expect_all(store, models, tenant)


@pytest.mark.parametrize(("tenant_slug", "projection"), [("nowhere", None), (None, "nothing")])
async def test_a_name_that_does_not_exist_is_said_and_nothing_is_rebuilt(services, tenant_slug, projection):
    with pytest.raises(SystemExit, match="no such"):
        await projector.rebuild(services, tenant=tenant_slug, projection=projection)


@pytest.mark.fault
async def test_a_projector_killed_again_and_again_folds_every_fact_exactly_once(services, tenant, store, models):
    commands = a_long_history(700, 3, tenant.id).commands
    share = len(commands) // 5 + 1

    for start in range(0, len(commands), share):
        with a_process(services) as process:
            await write(store, tenant, commands[start : start + share])
            await models.reached(tenant, await store.position(tenant) - share // 2, PROJECTIONS, timeout=PATIENCE)
            process.send_signal(signal.SIGKILL)
    with a_process(services):
        await expect_all(store, models, tenant)


@contextmanager
def a_process(services: Settings) -> Iterator["subprocess.Popen[bytes]"]:
    """`minhchuan projector`, ended at the end of the block."""
    environment = {**os.environ, **services.environment()}
    process = subprocess.Popen([sys.executable, "-m", "services.cli", "projector"], env=environment)
    try:
        yield process
    finally:
        process.kill()
        process.wait()
