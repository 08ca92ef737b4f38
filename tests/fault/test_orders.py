"""Orders that end a log or begin an epoch, given on the command line and killed after each step; then given again.

The process that is killed is the operator's own: `minhchuan log close`, `log succeed`, `log restore`.
"""

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import asyncpg
import pytest

from domain.errors import LogClosed
from domain.log import Log
from infra.identity.tenants import Tenant
from infra.log.eventstore import Conflict
from infra.platform.config import Settings
from infra.transparency.sealer_store import SealerStore
from services.app import App
from services.operations.create_tenant import as_operator, create_tenant
from services.operations.verify_log import verify_log
from services.wiring import wired
from tests.operations.test_close_log import facts, grow, predecessors
from tests.operations.test_create_tenant import new
from tests.operations.test_restore_log import ORDER, beginnings, losing, seal

pytestmark = pytest.mark.fault

#: Runs a command of the command line and dies before or after a step of it, a function named by its module.
CUT = """
import importlib, inspect, os, signal, sys
from services import cli

def cut(step, when):
    place, _, name = step.rpartition(".")
    owner = importlib.import_module(place.removesuffix(".Tenants"))
    owner = getattr(owner, "Tenants") if place.endswith(".Tenants") else owner
    whole = getattr(owner, name)

    async def until(*given, **named):
        if when == "before":
            os.kill(os.getpid(), signal.SIGKILL)
        await whole(*given, **named)
        os.kill(os.getpid(), signal.SIGKILL)

    setattr(owner, name, until)

cut(*sys.argv[1:3])
sys.argv[1:3] = []
cli.main()
"""


async def give(settings: Settings, *order: str, cut: tuple[str, str] | None = None) -> int:
    """Give an order on the command line, as a process of its own; how it ended."""
    program = ["-m", "services.cli"] if cut is None else ["-c", CUT, *cut]
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, *program, *order),
        cwd=Path(__file__).parents[2],
        env=os.environ | settings.environment(),
        stdout=subprocess.DEVNULL,
    )
    return await process.wait()


@pytest.fixture
def settings(services: Settings, tmp_path: Path) -> Settings:
    """The house with a folder of its own, so with a sealer of its own."""
    return replace(services, folder=tmp_path)


@pytest.fixture
async def house(settings: Settings) -> AsyncIterator[App]:
    async with wired(settings) as house:
        yield house


async def a_province(house: App) -> Tenant:
    async with as_operator(house.settings) as operator:
        tenant = await create_tenant(house, operator, new(province_code="99"))
    await seal(house.settings, tenant)
    return tenant


CLOSE = [
    ("services.operations.close_log.hold", "after"),
    ("services.operations.close_log.admit_end", "after"),
    ("services.operations.close_log._close", "before"),
    ("services.operations.close_log._close", "after"),
]


@pytest.mark.parametrize(("step", "when"), CLOSE)
async def test_a_closing_killed_after_any_step_is_ended_by_the_same_order(house, step: str, when: str):
    old, successor = await a_province(house), await a_province(house)
    before = await house.store.position(old)
    order = ("log", "close", old.slug, "--successor", successor.slug, "--basis", "Nghị quyết 202/2025/QH15")

    assert await give(house.settings, *order, cut=(step, when)) == -signal.SIGKILL
    if step == "services.operations.close_log._close":  # from here on the log takes nothing but its end
        with pytest.raises(LogClosed):
            await grow(house, old)
    else:  # the log goes on as if nobody had ordered anything
        await grow(house, old)
        before += 1
    assert await give(house.settings, *order) == 0

    assert await house.store.position(old) == before + 1
    assert [type(one) for one in await facts(house, old)].count(Log.Closed) == 1
    await grow(house, successor)
    await seal(house.settings, old)
    assert (await verify_log(house.settings, old, None)).ok


@pytest.mark.parametrize(("step", "when"), [("_final", "after"), ("_succeed", "before"), ("_succeed", "after")])
async def test_a_succession_killed_after_any_step_is_recorded_once_by_the_same_order(house, step: str, when: str):
    old, successor = await a_province(house), await a_province(house)
    close = ("log", "close", old.slug, "--successor", successor.slug, "--basis", "Nghị quyết 202/2025/QH15")
    assert await give(house.settings, *close) == 0
    await seal(house.settings, old)
    order = ("log", "succeed", successor.slug, "--predecessor", old.slug)

    assert await give(house.settings, *order, cut=(f"services.operations.close_log.{step}", when)) == -signal.SIGKILL
    assert await give(house.settings, *order) == 0

    assert len(await predecessors(house, successor)) == 1
    await seal(house.settings, successor)
    assert (await verify_log(house.settings, successor, None, others=[old])).ok


RESTORE = [
    ("services.operations.restore_log.admit_only", "after"),
    ("services.operations.restore_log._admit", "after"),
    ("infra.identity.tenants.Tenants.record", "after"),
    ("services.operations.restore_log._restore", "after"),
]


@pytest.mark.parametrize(("step", "when"), RESTORE)
async def test_a_restoring_killed_after_any_step_begins_one_epoch_by_the_same_order(
    house, superuser: asyncpg.Connection, step: str, when: str
):
    settings, tenant = house.settings, await a_province(house)
    async with losing(superuser, settings, tenant):
        pass
    order = ("log", "restore", tenant.slug, "--reason", ORDER.reason, "--basis", ORDER.basis)

    assert await give(settings, *order, cut=(step, when)) == -signal.SIGKILL
    if step != "services.operations.restore_log.admit_only":  # what was not committed binds nobody
        async with wired(settings) as other:
            with pytest.raises(Conflict):
                await grow(other, tenant)
    assert await give(settings, *order) == 0

    async with wired(settings) as other:
        now = await other.tenants.by_id(tenant.id)
        assert now is not None
        assert now.log == f"{tenant.log}/e2"
        await grow(other, now)
    assert len(await beginnings(settings, now)) == 1
    await seal(settings, now)
    assert SealerStore(settings.seals).checkpoint(now) is not None
    assert (await verify_log(settings, now, None)).ok
