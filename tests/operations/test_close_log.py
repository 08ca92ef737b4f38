"""Provinces merge: their logs end, and the successor's names how. From end to end, with what is refused on the way."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from uuid import uuid5

import asyncpg
import pytest

from domain.errors import LogClosed
from domain.fact import STREAMS
from domain.log import LOG, Log
from domain.permissions import Actor
from infra.identity.tenants import Tenant
from infra.ledger.checkpoint import Checkpoint
from infra.ledger.note import KeyKind, Note, SignerKey
from infra.ledger.text import base64
from infra.log.epochs import admit_end, hold
from infra.platform.config import Settings
from infra.platform.database import Connection
from infra.transparency.proofs import reading_log
from infra.transparency.sealer_store import SealerStore
from services.app import App
from services.operations.close_log import ClosingRefused, close_log, succeed
from services.operations.create_tenant import as_operator, create_tenant
from services.operations.export_log import export
from services.operations.publish_policy import _announce, announce, publish
from services.operations.verify_log import verify_log
from services.processes import sealer
from services.seals.published_trust import trust_of
from services.wiring import wired
from tests.operations.test_create_tenant import new
from tests.provinces.telling import put_back

BASIS = "Nghị quyết 202/2025/QH15"


@pytest.fixture
async def house(services: Settings, tmp_path: Path) -> AsyncIterator[App]:
    """The house with a folder of its own, so with a sealer of its own."""
    async with wired(replace(services, folder=tmp_path)) as house:
        yield house


async def a_province(house: App) -> Tenant:
    async with as_operator(house.settings) as operator:
        tenant = await create_tenant(house, operator, new(province_code="99"))
    await seal(house, tenant)
    return tenant


@pytest.fixture
async def old(house: App) -> Tenant:
    return await a_province(house)


@pytest.fixture
async def successor(house: App) -> Tenant:
    return await a_province(house)


async def seal(house: App, *tenants: Tenant) -> None:
    assert await sealer.run(house.settings, once=True, only=[tenant.slug for tenant in tenants]) == 0


async def grow(house: App, tenant: Tenant) -> None:
    await announce(house, tenant, str(SignerKey.new(tenant.log, KeyKind.NOTE).verifier))


async def facts(house: App, tenant: Tenant) -> list[object]:
    return [one.fact async for page in house.store.read(tenant, streams=[LOG]) for one in page]


async def predecessors(house: App, tenant: Tenant) -> list[tuple[str, int, str]]:
    return [
        (one.predecessor_origin, one.predecessor_size, one.predecessor_root)
        for one in await facts(house, tenant)
        if isinstance(one, Log.PredecessorRecorded)
    ]


async def test_provinces_merge_and_the_successor_names_the_end_of_each_log(house, successor, superuser, tmp_path):
    merged = [await a_province(house), await a_province(house)]
    for tenant in merged:
        await close_log(house, tenant, successor, BASIS)
        await seal(house, tenant)
        await succeed(house, successor, tenant)
    await seal(house, successor)

    finals = [SealerStore(house.settings.seals).checkpoint(tenant) for tenant in merged]
    heads = [Checkpoint.read(note.text) for note in finals if note]
    assert await predecessors(house, successor) == [(one.origin, one.size, base64(one.root)) for one in heads]
    for tenant, head in zip(merged, heads, strict=True):
        last = (await facts(house, tenant))[-1]
        assert isinstance(last, Log.Closed)
        assert (last.successor_origin, last.basis) == (successor.log, BASIS)
        assert await house.store.position(tenant) == head.size
        assert (await verify_log(house.settings, tenant, None, others=merged)).ok  # what is closed is still verified,
        async with reading_log(house.settings.app_url, tenant) as connection:  # and taken away
            trust = await trust_of(house.settings, connection, tenant, None)
            await export(connection, tenant, trust, tmp_path / tenant.slug)
    found = await verify_log(house.settings, successor, None, others=[successor, *merged])
    assert found.ok
    assert [(one.origin, one.size, one.compared) for one in found.predecessors] == [
        (one.origin, one.size, True) for one in heads
    ]


async def test_nothing_is_added_to_a_closed_log_by_anybody(house, old, successor, superuser):
    last = await close_log(house, old, successor, BASIS)

    with pytest.raises(LogClosed):
        await grow(house, old)
    async with wired(house.settings) as other:
        with pytest.raises(LogClosed):
            await grow(other, old)
    for change in ("position = position + 1", f"position = {last + 1}, topic = 'log.closed'"):
        with pytest.raises(asyncpg.CheckViolationError):
            await superuser.execute(f"UPDATE {old.id}.events SET {change} WHERE position = {last}")
    assert await house.store.position(old) == last
    await grow(house, successor)


async def test_both_commands_may_be_given_again(house, old, successor):
    last = await close_log(house, old, successor, BASIS)
    assert await close_log(house, old, successor, BASIS) == last
    await seal(house, old)
    await succeed(house, successor, old)
    await succeed(house, successor, old)

    assert len(await predecessors(house, successor)) == 1
    assert [type(one) for one in await facts(house, old)].count(Log.Closed) == 1


async def test_a_closing_that_was_broken_off_lets_nothing_in_and_is_taken_up_again(house, old, successor):
    before = await house.store.position(old)
    owner = await asyncpg.connect(house.settings.database_url)
    async with owner.transaction():
        await admit_end(owner, old, await hold(owner, old))
    await owner.close()
    with pytest.raises(LogClosed):
        await grow(house, old)

    assert await close_log(house, old, successor, BASIS) == before + 1


async def test_a_closing_that_an_earlier_version_could_not_finish_is_finished_by_the_same_command(
    house, old, successor
):
    """Somebody had a command under the public id that the closing used to have: the log took nothing any more."""
    squatted = house.work(old, Actor("public", ()), uuid5(STREAMS, f"{old.id} close"))
    await _announce(squatted, "ab" * 32, None)
    before = await house.store.position(old)
    owner = await asyncpg.connect(house.settings.database_url)
    async with owner.transaction():
        await admit_end(owner, old, await hold(owner, old))
    await owner.close()

    assert await close_log(house, old, successor, BASIS) == before + 1
    assert await close_log(house, old, successor, BASIS) == before + 1


@pytest.mark.parametrize("basis", ["Nghị quyê\u0301t", "NQ\0"])
async def test_a_basis_that_cannot_be_recorded_closes_nothing(house, old, successor, basis):
    with pytest.raises(ClosingRefused):
        await close_log(house, old, successor, basis)

    await grow(house, old)


async def test_of_two_logs_closed_for_each_other_at_one_moment_one_stays(house, old, successor):
    outcomes = await asyncio.gather(
        close_log(house, old, successor, BASIS), close_log(house, successor, old, BASIS), return_exceptions=True
    )

    assert sorted(type(one).__name__ for one in outcomes) == ["ClosingRefused", "int"]


async def test_a_log_is_closed_for_one_other_log_that_is_open(house, old, successor):
    third = await a_province(house)
    with pytest.raises(ClosingRefused, match="cannot succeed itself"):
        await close_log(house, old, old, BASIS)
    await close_log(house, old, successor, BASIS)

    with pytest.raises(ClosingRefused, match="closed in favour of"):
        await close_log(house, old, third, BASIS)
    with pytest.raises(ClosingRefused, match="itself closed"):
        await close_log(house, successor, old, BASIS)
    with pytest.raises(ClosingRefused, match="not closed in favour of"):
        await succeed(house, third, old)
    with pytest.raises(ClosingRefused, match="not closed in favour of"):
        await succeed(house, successor, third)


async def test_a_successor_waits_for_the_final_checkpoint(house, old, successor):
    await close_log(house, old, successor, BASIS)

    with pytest.raises(ClosingRefused, match="the sealer has not signed it"):
        await succeed(house, successor, old)

    assert not await predecessors(house, successor)


async def test_a_successor_waits_for_the_witnesses_of_the_final_checkpoint(house, old, successor, superuser):
    witness = SignerKey.new("witness.example/w", KeyKind.COSIGNATURE)
    text = (
        f"log {SealerStore(house.settings.seals).key(old).verifier}\nwitness w {witness.verifier} http://127.0.0.1:9\n"
    )
    await publish(house, old, f"{text}quorum 1\n".encode())
    last = await close_log(house, old, successor, BASIS)
    await seal(house, old)

    with pytest.raises(ClosingRefused, match="0 of 1 witnesses have cosigned it, and 1 must"):
        await succeed(house, successor, old)

    note = Note.read(await superuser.fetchval(f"SELECT note FROM {old.id}.sealings WHERE size = $1", last))
    await superuser.execute(
        f"INSERT INTO {old.id}.cosignatures (size, witness, line) VALUES ($1, $2, $3)",
        *(last, str(witness.verifier), witness.sign(note.text, 1_800_000_000).line),
    )
    assert (await succeed(house, successor, old)).size == last


async def test_a_closed_log_that_is_changed_is_not_recorded_and_where_it_is_the_successor_shows_it(
    house, old, successor, superuser
):
    last = await close_log(house, old, successor, BASIS)
    await seal(house, old)
    async with put_back(superuser, old.id):
        await forge(superuser, old, 3)
        with pytest.raises(ClosingRefused, match="not what was signed"):
            await succeed(house, successor, old)
    await succeed(house, successor, old)
    position = await house.store.position(successor)

    async def findings() -> list[str]:
        found = await verify_log(house.settings, successor, None, others=[old, successor])
        return [one.text for one in found.findings if one.position == position]

    assert not await findings()
    async with put_back(superuser, old.id):
        await forge(superuser, old, 3)
        assert await findings() == [f"{old.log} of {last} facts is not the log that is named as predecessor"]
    await superuser.execute(f"ALTER TABLE {old.id}.events DROP CONSTRAINT closed")
    async with put_back(superuser, old.id):
        await superuser.execute(f"UPDATE {old.id}.events SET topic = 'log.opened' WHERE position = {last}")
        assert await findings() == [f"{old.log} is named as predecessor with {last} facts, and does not end there"]
    async with put_back(superuser, old.id):
        await superuser.execute(
            f"""UPDATE {old.id}.events SET data = data || '{{"successor_origin": "x"}}' WHERE position = {last}"""
        )
        assert await findings() == [f"{old.log} is named as predecessor, and was closed for x"]
    found = await verify_log(house.settings, successor, None)
    assert [one.compared for one in found.predecessors] == [False]


async def forge(superuser: Connection, tenant: Tenant, position: int) -> None:
    await superuser.execute(
        f"UPDATE {tenant.id}.events SET leaf = leaf || ' ', leaf_hash = sha256('\\x00'::bytea || leaf || ' ')"
        f" WHERE position = {position}"
    )
