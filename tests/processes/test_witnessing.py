"""Facts to cosigned checkpoints, through the processes as they run."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import ExitStack
from dataclasses import replace
from http import HTTPStatus
from pathlib import Path
from uuid import uuid4

import pytest

from domain.log import LOG, Log
from infra.identity.tenants import Tenant
from infra.ledger.checkpoint import Checkpoint
from infra.ledger.note import Note, read_signatures
from infra.ledger.witness import Request
from infra.ledger.witness_policy import Policy
from infra.platform.config import Settings
from infra.platform.database import schema_of
from infra.transparency.seal_status import CheckpointState, CheckpointStatus
from infra.transparency.sealer_store import SealerStore
from services.app import App
from services.operations.create_tenant import as_operator, create_tenant
from services.operations.publish_policy import publish
from services.processes import sealer
from services.processes.supervise import Supervisor, supervised
from services.wiring import wired
from tests.operations.test_create_tenant import new
from tests.provinces.witnesses import Process, running

PATIENCE = 120.0


@pytest.fixture
def settings(services: Settings, tmp_path: Path) -> Settings:
    """The house with a folder of its own, where no sealer has signed yet."""
    return replace(services, folder=tmp_path)


@pytest.fixture
async def house(settings: Settings) -> AsyncIterator[App]:
    async with wired(settings) as house:
        yield house


@pytest.fixture
async def tenant(house: App, settings: Settings) -> Tenant:
    async with as_operator(settings) as operator:
        return await create_tenant(house, operator, new(province_code="99"))


@pytest.fixture
def sealing(settings: Settings, tenant: Tenant) -> Iterator[Supervisor]:
    with supervised(settings, {"sealer": ("sealer", "--tenant", tenant.slug)}) as supervisor:
        yield supervisor


async def sealed(house: App, tenant: Tenant) -> CheckpointStatus:
    """Once there is a checkpoint, and so a key."""
    seal = await house.seals.recorded(tenant, 1, PATIENCE)
    assert seal.state is CheckpointState.SEALED
    return seal


async def announce(house: App, tenant: Tenant) -> int:
    """One more fact; its position."""
    work = house.system(tenant, uuid4())
    return (await work.change(Log, LOG, lambda log: log.announce_key(uuid4().hex))).last


async def trust(house: App, tenant: Tenant, quorum: int, *witnesses: Process) -> Policy:
    key = SealerStore(house.settings.seals).key(tenant).verifier
    for witness in witnesses:
        (witness.folder / "logs").write_text(f"{key}\n")
    lines = "".join(f"witness w{number} {one.vkey} {one.url}\n" for number, one in enumerate(witnesses))
    return await publish(house, tenant, f"log {key}\n{lines}quorum {quorum}\n".encode())


async def accepted(house: App, tenant: Tenant, policy: Policy, size: int) -> bool:
    """Whether an inspector, with the policy and the files alone, accepts this checkpoint; raises what they object."""
    schema = schema_of(tenant)
    ((note,),) = await house.database.ask(tenant, f"SELECT note FROM {schema}.sealings WHERE size = $1", size)
    lines = await house.database.ask(tenant, f"SELECT line FROM {schema}.cosignatures WHERE size = $1", size)
    file = bytes(Note.read(note).also(one for (line,) in lines for one in read_signatures(line)))
    return policy.verify(Note.read(file)).witnessed


async def test_facts_are_sealed_cosigned_by_two_witnesses_and_accepted_by_a_policy(house, tenant, sealing, tmp_path):
    assert (await house.seals.of(tenant, 1)).quorum is None
    await sealed(house, tenant)
    with ExitStack() as stack:
        witnesses = [
            stack.enter_context(running(tmp_path / name, name=f"{name}.example/w")) for name in ("thanhtra", "tinhban")
        ]
        policy = await trust(house, tenant, 2, *witnesses)
        for _ in range(3):
            position = await announce(house, tenant)
            seal = await house.seals.recorded(tenant, position, PATIENCE)

            assert (seal.state, len(seal.cosigned), seal.witnesses, seal.quorum) == (CheckpointState.WITNESSED, 2, 2, 2)
            assert seal.by is not None
            assert seal.first is not None
            assert position <= seal.first.size <= seal.by.size
            assert await accepted(house, tenant, policy, seal.by.size)


@pytest.mark.fault
async def test_while_a_witness_is_killed_nothing_is_witnessed_and_afterwards_everything_is(
    house, tenant, sealing, tmp_path
):
    await sealed(house, tenant)
    with running(tmp_path / "w") as witness:
        policy = await trust(house, tenant, 1, witness)
        for _ in range(2):
            assert (await house.seals.recorded(tenant, await announce(house, tenant), PATIENCE)).is_recorded
            await asyncio.to_thread(witness.kill)
            position = await announce(house, tenant)
            gone = await house.seals.recorded(tenant, position, 1.5)

            assert (gone.state, gone.cosigned, gone.halted) == (CheckpointState.AWAITING, (), None)

            await asyncio.to_thread(witness.start)
            back = await house.seals.recorded(tenant, position, PATIENCE)
            assert back.by is not None
            assert await accepted(house, tenant, policy, back.by.size)


@pytest.mark.fault
async def test_a_killed_sealer_has_its_last_checkpoint_cosigned_when_it_is_started_again(
    house, tenant, sealing, tmp_path
):
    await sealed(house, tenant)
    with running(tmp_path / "w") as witness:
        await trust(house, tenant, 1, witness)
        await asyncio.to_thread(witness.kill)
        position = await announce(house, tenant)
        assert (await house.seals.recorded(tenant, position, 1.0)).state is CheckpointState.AWAITING
        sealing.kill("sealer")
        await asyncio.to_thread(witness.start)

        sealing.start("sealer")

        assert (await house.seals.recorded(tenant, position, PATIENCE)).state is CheckpointState.WITNESSED


async def test_a_log_of_which_a_witness_has_cosigned_another_history_is_halted_and_the_sealer_fails(
    house, tenant, settings, tmp_path
):
    assert await sealer.run(settings, once=True, only=[tenant.slug]) == 0
    key = SealerStore(settings.seals).key(tenant)
    with running(tmp_path / "w", key.verifier) as witness:
        elsewhere = Checkpoint(tenant.log, 999, bytes(32)).sign(key)
        assert witness.ask(Request.of(0, (), elsewhere)).status_code == HTTPStatus.OK
        await trust(house, tenant, 1, witness)

        async with asyncio.timeout(PATIENCE):
            assert await sealer.run(settings, only=[tenant.slug]) == 1

    seal = await house.seals.recorded(tenant, 1, PATIENCE)
    assert (seal.state, seal.is_recorded) == (CheckpointState.AWAITING, False)
    assert "w0 has cosigned 999 facts" in (seal.halted or "")

    # and the sealer that is started again signs nothing more, whatever is recorded
    position = await announce(house, tenant)
    assert await sealer.run(settings, once=True, only=[tenant.slug]) == 1
    assert (await house.seals.of(tenant, position)).state is CheckpointState.RECEIVED
    assert (await house.seals.of(tenant, position)).halted == seal.halted
    rows = await house.database.ask(tenant, f"SELECT reason FROM {schema_of(tenant)}.halts")
    assert [row["reason"] for row in rows] == [seal.halted]

    # until somebody has found out why
    (settings.seals / f"{tenant.id}.halted").unlink()
    await publish(house, tenant, f"log {key.verifier}\nquorum 0\n".encode())
    assert await sealer.run(settings, once=True, only=[tenant.slug]) == 0
    assert (await house.seals.of(tenant, position)).state is CheckpointState.SEALED
