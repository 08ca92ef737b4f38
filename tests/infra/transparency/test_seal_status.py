import asyncio
import json
from collections import Counter
from collections.abc import Iterable
from random import Random

import msgspec
import pytest

from infra.ledger.checkpoint import Checkpoint
from infra.ledger.text import LARGEST, base64
from infra.ledger.witness_policy import Cosigned
from infra.log.eventstore import EventStore
from infra.platform.notifications import Waiter
from infra.transparency import seal_status
from infra.transparency.seal_status import CheckpointState, CheckpointStatus
from infra.transparency.sealer import SEALED
from tests.infra import logs
from tests.infra.witnesses import House, a_key, a_policy, cosigned, grow, in_log, knows, publish

PATIENCE = 10.0
KEY = a_key("lies")
OTHER = a_key("other")
AT = 1_800_000_000


async def line_by(house: House, size: int, key=KEY, *, text: str = "", owner=None) -> None:
    """A cosignature put into the table by hand."""
    note = await house.superuser.fetchval(f"SELECT note FROM {house.tenant.id}.sealings WHERE size = $1", size)
    signed = text or note.decode().partition("\n\n")[0] + "\n"
    await house.superuser.execute(
        f"INSERT INTO {house.tenant.id}.cosignatures (size, witness, line) VALUES ($1, $2, $3)",
        size,
        str((owner or key).verifier),
        key.sign(signed, AT).line,
    )


# States -----------------------------------------------------------------------------------------------


async def test_a_position_that_no_checkpoint_covers_is_only_received(house):
    await grow(house.store, house.tenant)

    seal = await house.of(3)

    assert (seal.state, seal.is_recorded, seal.first) == (CheckpointState.RECEIVED, False, None)
    assert seal.latest is not None
    assert seal.latest.size == 2


async def test_without_a_policy_a_sealed_position_is_recorded_and_said_to_have_no_witnesses(house):
    seal = await house.of(2)

    assert (seal.state, seal.is_recorded) == (CheckpointState.SEALED, True)
    assert (seal.has_witnesses, seal.quorum, seal.witnesses, seal.cosigned, seal.by) == (False, None, 0, (), None)


async def test_a_quorum_of_nobody_is_no_witness_however_many_cosign(house):
    await publish(house.store, house.tenant, f"log {house.log}\nwitness w {KEY.verifier} http://w\nquorum 0\n")
    await house.seal()
    await line_by(house, 3)

    seal = await house.of(1)

    assert (seal.state, seal.is_recorded, seal.has_witnesses) == (CheckpointState.SEALED, True, False)
    assert (seal.quorum, seal.witnesses, seal.cosigned) == (0, 1, (Cosigned("w", AT),))


async def test_the_first_checkpoint_with_the_quorum_counts_and_until_then_the_last_that_anybody_cosigned(house):
    keys = f"witness a {KEY.verifier} http://a\nwitness b {OTHER.verifier} http://b\n"
    await publish(house.store, house.tenant, f"log {house.log}\n{keys}quorum 2\n")
    await house.seal()
    for _ in range(4):
        await house.grow()
    seen = []
    for size, key in ((3, KEY), (5, KEY), (4, KEY), (4, OTHER), (5, OTHER), (6, OTHER)):
        await line_by(house, size, key)
        seal = await house.of(3)
        assert seal.by is not None
        seen.append((seal.by.size, [one.witness for one in seal.cosigned], seal.state))

    awaiting, witnessed = CheckpointState.AWAITING, CheckpointState.WITNESSED
    assert seen == [
        (3, ["a"], awaiting),
        (5, ["a"], awaiting),
        (5, ["a"], awaiting),
        (4, ["a", "b"], witnessed),
        (4, ["a", "b"], witnessed),
        (4, ["a", "b"], witnessed),
    ]
    later = [await house.of(position) for position in (5, 6, 7)]
    assert [(one.by.size if one.by else 0, len(one.cosigned), one.state) for one in later] == [
        (5, 2, witnessed),
        (6, 1, awaiting),
        (0, 0, awaiting),
    ]
    assert [one.first.size for one in later if one.first] == [5, 6, 7]


async def cosigned_by(house: House, witness: str, sizes: Iterable[int]) -> None:
    """Rows of a witness as they would lie there; nobody has signed them."""
    for table, columns, row in (("sealings", "note", "''"), ("cosignatures", "witness, line", "$2, ''")):
        given = [list(sizes), witness][: 1 + ("$2" in row)]
        await house.superuser.execute(
            f"INSERT INTO {house.tenant.id}.{table} (size, {columns}) SELECT size, {row} FROM unnest($1::bigint[]) size"
            " ON CONFLICT DO NOTHING",
            *given,
        )


async def cosigned_size(house: House, which: str, position: int, quorum: int) -> int | None:
    found: int | None = await house.superuser.fetchval(
        which.format(house.tenant.id, LARGEST), position, WITNESSES, quorum
    )
    return found


WITNESSES = ["a", "b", "c"]


async def test_the_first_and_the_last_size_with_a_quorum_are_found_whoever_has_cosigned_which(house):
    random = Random(7)
    cosigned = {one: sorted(random.sample(range(10, 90), 25)) for one in WITNESSES}
    for one, sizes in cosigned.items():
        await cosigned_by(house, one, sizes)
    await cosigned_by(house, "a stranger", range(10, 90))
    times = Counter(size for sizes in cosigned.values() for size in sizes)

    for quorum in (1, 2, 3):
        for position in range(1, 95):
            covering = [size for size, count in times.items() if count >= quorum and size >= position]
            assert await cosigned_size(house, seal_status._FIRST, position, quorum) == min(covering, default=None)
            assert await cosigned_size(house, seal_status._LAST, position, quorum) == max(covering, default=None)


@pytest.mark.parametrize("which", [seal_status._FIRST, seal_status._LAST], ids=["first", "last"])
async def test_a_witness_that_is_gone_makes_nobody_walk_past_what_the_others_have_cosigned_since(house, which):
    await cosigned_by(house, "a", range(10, 20_000))
    await cosigned_by(house, "b", range(10, 100))
    await house.superuser.execute(f"ANALYZE {house.tenant.id}.cosignatures")
    sql = which.format(house.tenant.id, LARGEST)

    ((plan,),) = await house.superuser.fetch(f"EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) {sql}", 100, WITNESSES, 2)

    assert json.loads(plan)[0]["Plan"]["Shared Hit Blocks"] < 50


FORGERIES = {
    "another key signed": lambda house: line_by(house, 3, a_key("lies"), owner=KEY),
    "another root was signed": lambda house: line_by(house, 3, text=Checkpoint(house.tenant.log, 3, bytes(32)).text),
    "another size was signed": lambda house: line_by(house, 3, text=Checkpoint(house.tenant.log, 2, bytes(32)).text),
}


@pytest.mark.parametrize("forge", FORGERIES.values(), ids=FORGERIES)
async def test_a_cosignature_that_was_written_by_hand_witnesses_nothing(house, forge):
    await publish(house.store, house.tenant, f"log {house.log}\nwitness w {KEY.verifier} http://w\nquorum 1\n")
    await house.seal()
    await forge(house)

    seal = await house.of(1)

    assert (seal.state, seal.is_recorded) == (CheckpointState.AWAITING, False)


async def test_a_checkpoint_filed_under_a_larger_size_covers_nothing_more(house):
    await publish(house.store, house.tenant, f"log {house.log}\nwitness w {KEY.verifier} http://w\nquorum 1\n")
    await house.seal()
    await grow(house.store, house.tenant)
    table = f"{house.tenant.id}.sealings"
    await house.superuser.execute(f"INSERT INTO {table} SELECT 4, note FROM {table} WHERE size = 3")
    await line_by(house, 4)

    seal = await house.of(4)

    assert (seal.state, seal.is_recorded) == (CheckpointState.AWAITING, False)
    assert "is one of 3" in (seal.halted or "")


async def test_a_halt_is_told_until_a_later_checkpoint_is_signed(house):
    await house.superuser.execute(f"INSERT INTO {house.tenant.id}.halts (size, reason) VALUES (2, 'because')")
    halted = (await house.of(1)).halted
    await house.grow()

    assert (halted, (await house.of(1)).halted) == ("because", None)


def test_a_seal_that_knows_nothing_promises_nothing():
    assert (CheckpointStatus(1).state, CheckpointStatus(1).is_recorded) == (CheckpointState.RECEIVED, False)


# Waiting ----------------------------------------------------------------------------------------------


async def test_who_waits_is_told_by_the_hint_of_the_sealer(house):
    await grow(house.store, house.tenant)
    await house.seals.close()
    house.seals._news = Waiter(house.seals._database.dsn, SEALED, poll=3_600)  # nobody looks by himself
    waiting = asyncio.create_task(house.seals.recorded(house.tenant, 3, 3_600))
    while not house.seals._news._waiting:  # noqa: ASYNC110 - nobody is told that somebody begins to wait
        await asyncio.sleep(0)
    assert not waiting.done()

    await house.seal()

    assert (await asyncio.wait_for(waiting, 60)).state is CheckpointState.SEALED


async def test_who_waits_where_there_are_witnesses_is_not_told_before_they_have_cosigned(house):
    lets = asyncio.Event()
    witness = await house.playing("lies", lambda request: cosigned(request, KEY) if lets.is_set() else None, KEY)
    await publish(house.store, house.tenant, a_policy(house.log, 1, witness))
    waiting = asyncio.create_task(house.seals.recorded(house.tenant, 3, 2 * PATIENCE))
    await house.seal()
    house.witnesses.ask(house.tenant)
    await asyncio.sleep(0.5)
    assert not waiting.done()

    lets.set()

    assert (await waiting).state is CheckpointState.WITNESSED


@pytest.mark.parametrize("policy", [False, True])
async def test_who_has_waited_long_enough_gets_what_there_is(house, policy):
    if policy:
        await publish(house.store, house.tenant, f"log {house.log}\nwitness w {KEY.verifier} http://w\nquorum 1\n")
        await house.seal()
    else:
        await grow(house.store, house.tenant)

    seal = await house.seals.recorded(house.tenant, 3, 0.3)

    assert seal.state is (CheckpointState.AWAITING if policy else CheckpointState.RECEIVED)


async def test_a_halted_log_is_not_waited_for(house):
    await grow(house.store, house.tenant)
    await house.superuser.execute(f"INSERT INTO {house.tenant.id}.halts (size, reason) VALUES (2, 'because')")

    async with asyncio.timeout(PATIENCE / 2):
        seal = await house.seals.recorded(house.tenant, 3, PATIENCE)

    assert (seal.state, seal.halted) == (CheckpointState.RECEIVED, "because")


# A new epoch ------------------------------------------------------------------------------------------


async def lose(house: House, kept: int) -> None:
    """What is left when a backup of so many facts was restored."""
    columns = {"events": "position", "commands": "last_position", "cosignatures": "size", "sealings": "size"}
    for table, column in columns.items():
        await house.superuser.execute(f"DELETE FROM {house.tenant.id}.{table} WHERE {column} > {kept}")
    await house.superuser.execute(f"DELETE FROM {house.tenant.id}.tiles")
    await house.superuser.execute(f"UPDATE {house.tenant.id}.head SET position = {kept}")


async def test_in_a_new_epoch_nothing_counts_as_witnessed_until_a_policy_of_its_own_is_published(house, database):
    witness = await house.honest("a")
    await house.trust(1, witness)
    kept = (await house.witnessed()).position
    large = Checkpoint.read((await house.grow(3)).text)
    await lose(house, kept)
    old = house.tenant
    house.tenant = msgspec.structs.replace(old, log=f"{old.log}/e2")
    house.store = EventStore(database, logs.MAPPER)
    house.stack.push_async_callback(house.store.close)
    await in_log(
        house.store,
        house.tenant,
        lambda log: log.restore(house.tenant.log, old.log, large.size, base64(large.root), kept, "hỏng", "21/QĐ"),
    )
    first = Checkpoint.read((await house.seal()).text)
    knows(house.folder / "a", house.keep.key(old).verifier, house.log)
    await house.witnesses.ask_once(house.tenant)

    cosigned = f"SELECT count(*) FROM {house.tenant.id}.cosignatures WHERE size = $1"
    assert await house.superuser.fetchval(cosigned, first.size) == 1
    seal = await house.of(kept + 1)
    assert (seal.state, seal.cosigned, seal.quorum, seal.halted) == (CheckpointState.AWAITING, (), 1, None)
    assert (await house.of(kept)).state is CheckpointState.WITNESSED

    await house.trust(1, witness)

    seal = await house.witnessed()
    assert seal.by is not None
    assert seal.by.size > kept
    former = await house.of(kept)
    assert former.state is CheckpointState.WITNESSED
    assert former.by is not None
    assert former.by.size == kept
