import asyncio
import time
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import asyncpg
import pytest

from infra.identity.tenants import Tenant
from infra.ledger.checkpoint import Checkpoint
from infra.ledger.note import Note
from infra.ledger.tiles import replay
from infra.log.eventstore import EventStore
from infra.platform.config import Settings
from infra.platform.database import Database
from infra.transparency.sealer_store import SealerStore
from services.processes import sealer
from services.processes.supervise import supervised
from tests.infra.notebook import MAPPER, a_name, write_line

PATIENCE = 90.0


@pytest.fixture
def settings(services: Settings, tmp_path: Path) -> Settings:
    """The house with a folder of its own, where no sealer has signed yet."""
    return replace(services, folder=tmp_path)


@pytest.fixture
async def store(database: Database) -> AsyncIterator[EventStore]:
    store = EventStore(database, MAPPER)
    yield store
    await store.close()


async def sealed(superuser: asyncpg.Connection, tenant: Tenant, size: int) -> Checkpoint:
    """The first checkpoint that covers so many facts."""
    until = time.monotonic() + PATIENCE
    while time.monotonic() < until:
        note = await superuser.fetchval(f"SELECT note FROM {tenant.id}.sealings WHERE size >= $1 ORDER BY size", size)
        if note is not None:
            return Checkpoint.read(Note.read(note).text)
        await asyncio.sleep(0.02)
    raise AssertionError(f"{size} facts are not sealed after {PATIENCE} s")


async def truncate(superuser: asyncpg.Connection, tenant: Tenant, upto: int) -> None:
    await superuser.execute(f"DELETE FROM {tenant.id}.events WHERE position > {upto}")
    await superuser.execute(f"UPDATE {tenant.id}.head SET position = {upto}")


async def write(store: EventStore, tenant: Tenant, lines: int) -> None:
    for number in range(lines):
        await write_line(store, tenant, a_name(), f"dòng {number}")


@pytest.mark.fault
async def test_a_killed_sealer_goes_on_where_it_was_and_its_checkpoints_agree(store, tenant, settings, superuser):
    await write(store, tenant, 20)
    with supervised(settings, {"sealer": ("sealer", "--tenant", tenant.slug)}) as supervisor:
        await sealed(superuser, tenant, 21)
        for kill in range(1, 4):
            supervisor.kill("sealer")
            await write(store, tenant, 20)
            supervisor.start("sealer")
            await sealed(superuser, tenant, 21 + 20 * kill)

    rows = await superuser.fetch(f"SELECT note FROM {tenant.id}.sealings ORDER BY size")
    checkpoints = [Checkpoint.read(Note.read(row["note"]).text) for row in rows]
    leaves = [row["leaf"] for row in await superuser.fetch(f"SELECT leaf FROM {tenant.id}.events ORDER BY position")]
    roots = replay(leaves, [one.size for one in checkpoints])
    assert checkpoints[-1].size == 81
    assert all(roots[one.size] == one.root for one in checkpoints)


async def test_sealing_once_signs_for_everything_and_ends(store, tenant, settings, superuser):
    await write(store, tenant, 7)

    assert await sealer.run(settings, once=True, only=[tenant.slug]) == 0

    assert (await sealed(superuser, tenant, 8)).size == 8


async def test_sealing_once_takes_as_many_checkpoints_as_it_needs(store, tenant, settings, superuser, monkeypatch):
    monkeypatch.setattr("infra.transparency.sealer.MOST", 4)
    await write(store, tenant, 9)

    assert await sealer.run(settings, once=True, only=[tenant.slug]) == 0

    rows = await superuser.fetch(f"SELECT size FROM {tenant.id}.sealings ORDER BY size")
    assert [row["size"] for row in rows] == [4, 8, 10]


async def test_a_log_that_grows_all_the_time_rests_between_two_checkpoints(store, tenant, settings, superuser):
    begun = time.monotonic()
    running = asyncio.create_task(sealer.run(settings, only=[tenant.slug]))
    while time.monotonic() < begun + 10 * sealer.REST:
        await write(store, tenant, 5)
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)

    most = (time.monotonic() - begun) / sealer.REST + 1
    assert 0 < await superuser.fetchval(f"SELECT count(*) FROM {tenant.id}.sealings") <= most


async def test_a_running_sealer_signs_within_moments(store, tenant, settings, superuser):
    running = asyncio.create_task(sealer.run(settings, only=[tenant.slug]))
    for lines in (3, 4):
        await write(store, tenant, lines)
        await sealed(superuser, tenant, await store.position(tenant))

    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running


async def test_on_a_truncated_log_the_sealer_fails_signs_nothing_and_still_seals_the_others(
    store, tenant, other_tenant, settings, superuser
):
    await write(store, tenant, 7)
    assert await sealer.run(settings, once=True, only=[tenant.slug]) == 0
    signed = SealerStore(settings.seals).checkpoint(tenant)
    await truncate(superuser, tenant, 5)
    await write(store, other_tenant, 2)

    assert await sealer.run(settings, once=True, only=[tenant.slug, other_tenant.slug]) == 1

    assert SealerStore(settings.seals).checkpoint(tenant) == signed
    assert await superuser.fetchval(f"SELECT reason FROM {tenant.id}.halts") == (
        "the log ends at 5, and was sealed up to 8"
    )
    assert (await sealed(superuser, other_tenant, 3)).size == 3


async def test_a_sealer_whose_only_log_is_halted_ends(store, tenant, settings, superuser):
    await write(store, tenant, 7)
    await sealer.run(settings, once=True, only=[tenant.slug])
    await truncate(superuser, tenant, 5)

    async with asyncio.timeout(PATIENCE):
        assert await sealer.run(settings, only=[tenant.slug]) == 1


async def test_a_sealer_whose_disk_is_full_leaves_the_log_alone_and_goes_on_by_itself(
    store, tenant, other_tenant, settings, superuser, monkeypatch
):
    monkeypatch.setattr(sealer, "PAUSE", 0.3)
    settings.seals.mkdir()
    full = settings.seals / f"{tenant.id}.checkpoint.new"
    full.symlink_to("/dev/full")
    await write(store, tenant, 3)
    assert await sealer.run(settings, once=True, only=[tenant.slug]) == 1

    running = asyncio.create_task(sealer.run(settings, only=[tenant.slug, other_tenant.slug]))
    await write(store, other_tenant, 3)
    await sealed(superuser, other_tenant, 4)
    assert await superuser.fetchval(f"SELECT count(*) FROM {tenant.id}.sealings") == 0
    assert "No space left on device" in await superuser.fetchval(f"SELECT reason FROM {tenant.id}.halts")
    full.unlink()
    await sealed(superuser, tenant, 4)

    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running


async def test_the_keys_are_readable_by_their_owner_alone(store, tenant, settings):
    await write(store, tenant, 1)
    await sealer.run(settings, once=True, only=[tenant.slug])

    assert oct((settings.seals / f"{tenant.id}.key").stat().st_mode & 0o777) == "0o600"
    assert oct(settings.seals.stat().st_mode & 0o777) == "0o700"
