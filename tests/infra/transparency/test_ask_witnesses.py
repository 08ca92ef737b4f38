import asyncio
import sqlite3
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from http import HTTPStatus

import msgspec
import pytest

from infra.ledger.checkpoint import Checkpoint
from infra.ledger.note import Note, read_signatures
from infra.ledger.tiles import TilePlace, consistency_proof
from infra.ledger.witness import SIZE_TYPE, TEXT_TYPE, Request, WitnessAnswer
from infra.platform.durable_files import write_durably
from infra.transparency import ask_witnesses
from infra.transparency.ask_witnesses import Witnessing
from infra.transparency.seal_status import CheckpointState
from infra.transparency.sealer import read_tiles
from infra.transparency.witness_policies import read_policy
from infra.transparency.witness_server import Cosigner
from tests.infra.witnesses import AtAddress, House, a_key, a_policy, cosigned, publish

PATIENCE = 10.0

#: Long enough for something wrong to happen, where nothing should.
A_WHILE = 0.4


@pytest.fixture
async def second(services, seals, house, other_tenant, tmp_path) -> AsyncIterator[House]:
    """Another history of the same log, sealed elsewhere with the log's own key."""
    same_log = msgspec.structs.replace(other_tenant, log=house.tenant.log)
    second = House(services, house.store, seals, same_log, tmp_path / "second")
    key = house.keep.key(house.tenant).secret_text().encode()
    write_durably(second.folder / "sealer" / f"{same_log.id}.key", key)
    async with second.stack:
        await second.begin()
        yield second


async def until(true: Callable[[], bool | Awaitable[bool]]) -> None:
    limit = time.monotonic() + PATIENCE
    while time.monotonic() < limit:
        found = true()
        if found if isinstance(found, bool) else await found:
            return
        await asyncio.sleep(0.01)
    raise AssertionError("it does not happen")


# Cosigned ---------------------------------------------------------------------------------------------


async def test_what_was_sealed_is_cosigned_by_every_witness_of_the_policy(house):
    witnesses = [await house.honest(name) for name in ("thanhtra", "tinhban")]
    await house.trust(2, *witnesses)

    seal = await house.witnessed()

    assert [one.witness for one in seal.cosigned] == ["thanhtra", "tinhban"]
    assert (seal.witnesses, seal.quorum, seal.halted) == (2, 2, None)
    assert seal.by is not None
    assert (await house.verdict(seal.by.size)).witnessed
    assert house.halted == []


async def test_a_growing_log_is_cosigned_again_and_again(house):
    await house.trust(1, await house.honest("thanhtra"))
    for facts in (1, 300, 2):
        await house.witnessed()
        await house.grow(facts)
        house.witnesses.ask(house.tenant)

    assert (await house.witnessed()).position == 1 + 1 + 1 + 303


async def test_a_witness_that_is_asked_late_is_asked_for_the_latest_checkpoint_only(house):
    witness = await house.honest("thanhtra")
    await publish(house.store, house.tenant, a_policy(house.log, 1, witness))
    for _ in range(5):
        await house.grow()

    house.witnesses.ask(house.tenant)
    await house.witnessed()

    assert len(witness.asked) == 1


async def test_asking_once_asks_every_witness_once(house):
    gone = await house.playing("tinhban", lambda _: WitnessAnswer(HTTPStatus.BAD_GATEWAY, ""), a_key("tinhban"))
    there = await house.honest("thanhtra")
    await publish(house.store, house.tenant, a_policy(house.log, 1, gone, there))
    await house.grow()

    await house.witnesses.ask_once(house.tenant)

    assert (await house.of()).state is CheckpointState.WITNESSED
    assert (len(gone.asked), len(there.asked)) == (1, 1)


async def test_a_witness_that_knows_more_than_we_remember_is_asked_from_there(house):
    witness = await house.honest("thanhtra")
    await house.trust(1, witness)
    await house.witnessed()
    await house.superuser.execute(f"DELETE FROM {house.tenant.id}.cosignatures")
    await house.grow(4)

    house.witnesses.ask(house.tenant)
    await house.witnessed()

    assert [Request.read(raw).old for raw in witness.asked] == [0, 0, 3]


async def test_a_new_policy_has_its_witnesses_asked_and_the_former_left_alone(house):
    former, later = await house.honest("thanhtra"), await house.honest("tinhban")
    await house.trust(1, former)
    await house.witnessed()
    asked = len(former.asked)

    await house.trust(1, later)
    seal = await house.witnessed()

    assert [one.witness for one in seal.cosigned] == ["tinhban"]
    assert len(former.asked) == asked


async def test_without_a_policy_nobody_is_asked_and_nobody_said_to_have_cosigned(house):
    house.witnesses.ask(house.tenant)
    await house.witnesses.ask_once(house.tenant)

    seal = await house.of()

    assert (seal.state, seal.quorum, seal.cosigned, seal.has_witnesses) == (CheckpointState.SEALED, None, (), False)


# Not cosigned -----------------------------------------------------------------------------------------

KEY = a_key("lies")


def another(request: Request) -> str:
    return Checkpoint(request.checkpoint.origin, request.checkpoint.size, bytes(32)).text


LIES: dict[str, Callable[[Request], WitnessAnswer | None]] = {
    "signs with another key": lambda request: cosigned(request, a_key("lies")),
    "signs with another key in its own name": lambda request: WitnessAnswer(
        HTTPStatus.OK, _with_id(cosigned(request, a_key("lies")).body)
    ),
    "signs another root": lambda request: cosigned(request, KEY, text=another(request)),
    "signs rightly and wrongly": lambda request: WitnessAnswer(
        HTTPStatus.OK, cosigned(request, KEY).body + cosigned(request, KEY, text=another(request)).body
    ),
    "gives itself another name": lambda request: cosigned(request, KEY, name="other.example/w"),
    "sends nothing": lambda _: WitnessAnswer(HTTPStatus.OK, ""),
    "sends rubbish": lambda _: WitnessAnswer(HTTPStatus.OK, "<html>"),
    "sends too much": lambda request: WitnessAnswer(HTTPStatus.OK, cosigned(request, KEY).body * 4_000),
    "sends the checkpoint as the log signed it": lambda request: WitnessAnswer(
        HTTPStatus.OK, request.note.signatures[0].line
    ),
    "is broken": lambda _: WitnessAnswer(HTTPStatus.INTERNAL_SERVER_ERROR, "oh"),
    "is forbidden": lambda _: WitnessAnswer(HTTPStatus.FORBIDDEN, "no trusted key"),
    "does not know the log": lambda _: WitnessAnswer(HTTPStatus.NOT_FOUND, "unknown log"),
    "sends elsewhere": lambda _: WitnessAnswer(HTTPStatus.PERMANENT_REDIRECT, ""),
    "says yes in another way": lambda request: WitnessAnswer(HTTPStatus.ACCEPTED, cosigned(request, KEY).body),
    "never answers": lambda _: None,
    "conflicts without a size": lambda _: WitnessAnswer(HTTPStatus.CONFLICT, "no", SIZE_TYPE),
    "conflicts with a size that is none": lambda _: WitnessAnswer(HTTPStatus.CONFLICT, "09\n", SIZE_TYPE),
    "conflicts as other servers do": lambda _: WitnessAnswer(HTTPStatus.CONFLICT, "999\n", TEXT_TYPE),
    "conflicts with what it was asked from": lambda request: WitnessAnswer(
        HTTPStatus.CONFLICT, f"{request.old}\n", SIZE_TYPE
    ),
    "conflicts for ever": lambda request: WitnessAnswer(HTTPStatus.CONFLICT, f"{1 - min(request.old, 1)}\n", SIZE_TYPE),
}


def _with_id(line: str) -> str:
    """The line of another key, under the id of the one that is trusted."""
    (signature,) = read_signatures(line)
    return type(signature)(KEY.name, KEY.verifier.id, signature.value).line


@pytest.mark.parametrize("lie", LIES.values(), ids=LIES)
async def test_a_witness_that_is_gone_slow_or_lies_has_cosigned_nothing_and_delays_nobody(house, monkeypatch, lie):
    monkeypatch.setattr(ask_witnesses, "TIMEOUT", 0.2)
    lying = await house.playing("lies", lie, KEY)
    there = await house.honest("thanhtra")
    await house.trust(2, lying, there)

    await until(lambda: len(lying.asked) > 2)
    await until(lambda: _is_cosigned_by(house, "thanhtra"))

    seal = await house.of()
    assert (seal.state, seal.is_recorded, seal.witnesses, seal.quorum) == (CheckpointState.AWAITING, False, 2, 2)
    assert [one.witness for one in seal.cosigned] == ["thanhtra"]
    assert (house.halted, seal.halted) == ([], None)
    assert await house.superuser.fetchval(f"SELECT count(DISTINCT witness) FROM {house.tenant.id}.cosignatures") == 1


async def _is_cosigned_by(house: House, name: str) -> bool:
    return name in {one.witness for one in (await house.of()).cosigned}


async def test_sealing_goes_on_while_a_witness_says_nothing_and_it_is_asked_ever_less(house):
    silent = await house.playing("lies", lambda _: WitnessAnswer(HTTPStatus.SERVICE_UNAVAILABLE, ""), KEY)
    await house.trust(1, silent)
    begun = time.monotonic()
    while time.monotonic() - begun < 1.5:
        await house.grow()
        house.witnesses.ask(house.tenant)

    assert len(silent.asked) <= 6  # at 0, 0.05, 0.15, 0.35, 0.75, 1.55 s
    sizes = [Request.read(raw).checkpoint.size for raw in silent.asked]
    assert sizes == sorted(set(sizes))


async def test_a_witness_that_comes_back_cosigns_what_was_sealed_meanwhile(house):
    answers = [WitnessAnswer(HTTPStatus.BAD_GATEWAY, "")] * 2
    witness = await house.playing("lies", lambda request: answers.pop() if answers else cosigned(request, KEY), KEY)
    await house.trust(1, witness)

    await house.witnessed()

    assert len(witness.asked) == 3


async def test_a_witness_that_has_forgotten_what_it_cosigned_is_not_begun_anew_with(house):
    witness = await house.honest("thanhtra")
    await house.trust(1, witness)
    await house.witnessed()
    (house.folder / "thanhtra" / "cosigned.sqlite").unlink()
    (house.folder / "thanhtra" / "key").rename(house.folder / "key")
    begun = Cosigner.open(house.folder / "thanhtra", "other.example/w")
    (house.folder / "key").rename(house.folder / "thanhtra" / "key")
    with sqlite3.connect(house.folder / "thanhtra" / "cosigned.sqlite") as memory:
        memory.execute("UPDATE witness SET vkey = ?", (str(witness.vkey),))
    memory.close()
    assert begun.vkey != Cosigner.open(house.folder / "thanhtra").vkey == witness.vkey

    await house.grow()
    house.witnesses.ask(house.tenant)
    await until(lambda: len(witness.asked) > 2)

    assert (house.halted, (await house.of()).state) == ([], CheckpointState.AWAITING)


async def test_stored_tiles_that_are_wrong_are_never_held_against_the_log(house):
    witness = await house.honest("thanhtra")
    await house.trust(1, witness)
    await house.witnessed()
    await house.grow(2)
    await house.superuser.execute(f"UPDATE {house.tenant.id}.tiles SET hashes = sha256('') || substr(hashes, 33)")

    house.witnesses.ask(house.tenant)
    await asyncio.sleep(A_WHILE)

    assert len(witness.asked) == 1
    assert (house.halted, (await house.of()).state) == ([], CheckpointState.AWAITING)


async def test_a_row_that_is_no_policy_asks_nobody_and_lowers_no_quorum(house):
    witness = await house.honest("thanhtra")
    await house.trust(1, witness)
    await house.witnessed()
    await house.superuser.execute(
        f"UPDATE {house.tenant.id}.events SET data = '{{\"text\": \"quorum 0\"}}' WHERE topic = 'policy.published'"
    )

    house.witnesses.ask(house.tenant)
    await house.witnesses.ask_once(house.tenant)
    seal = await house.of()

    assert (seal.state, seal.is_recorded) == (CheckpointState.AWAITING, False)
    assert "names no log" in (seal.halted or "")
    assert len(witness.asked) == 1


async def test_asking_goes_on_after_the_database_had_ended_every_connection(house):
    witness = await house.honest("thanhtra")
    await house.trust(1, witness)
    await house.witnessed()
    await house.grow()
    await house.superuser.execute(
        """
        SELECT pg_terminate_backend(pid) FROM pg_stat_activity
        WHERE usename = 'sealer' AND pid <> pg_backend_pid() AND query NOT LIKE '%advisory%'
        """
    )

    house.witnesses.ask(house.tenant)

    await house.witnessed()


# Another history --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (WitnessAnswer(HTTPStatus.UNPROCESSABLE_ENTITY, "no"), "has cosigned others for the first 0"),
        (
            WitnessAnswer(HTTPStatus.CONFLICT, "999\n", SIZE_TYPE),
            "has cosigned 999 facts, and no more than 3 were sealed",
        ),
    ],
    ids=["refuses the proof", "has seen more"],
)
async def test_a_witness_that_has_cosigned_another_history_halts_the_log(house, answer, said):
    witness = await house.playing("lies", lambda _: answer, KEY)
    await house.trust(1, witness)

    await until(lambda: bool(house.halted))
    house.witnesses.ask(house.tenant)
    await asyncio.sleep(A_WHILE)

    seal = await house.of()
    assert (seal.state, seal.is_recorded) == (CheckpointState.AWAITING, False)
    assert seal.halted == house.halted[0]
    assert said in house.halted[0]
    assert (len(witness.asked), len(house.halted)) == (1, 1)


async def test_a_size_that_another_sealer_has_reached_meanwhile_halts_nothing(house):
    async def seal_more() -> None:
        await house.grow(5)

    grown: list[asyncio.Task[None]] = []

    def answer(request: Request) -> WitnessAnswer | None:
        if grown:
            return cosigned(request, KEY) if grown[0].done() else WitnessAnswer(HTTPStatus.SERVICE_UNAVAILABLE, "")
        grown.append(asyncio.ensure_future(seal_more()))
        return None

    witness = await house.playing("lies", answer, KEY)
    await house.trust(1, witness)
    await until(lambda: bool(grown) and grown[0].done())

    assert await _beyond(house, witness) == "a later checkpoint, of 8, was sealed meanwhile"


async def _beyond(house: House, witness: AtAddress) -> str:
    policy = await read_policy(house.superuser, house.tenant)
    assert policy is not None
    with pytest.raises(ask_witnesses.NotCosigned) as said:
        await house.witnesses._beyond(house.tenant, policy.witnesses[0], 8)
    return str(said.value)


@pytest.mark.parametrize("facts", [0, 4], ids=["of the same size", "longer"])
@pytest.mark.parametrize("asked", [Witnessing.ask, Witnessing.ask_once], ids=["always", "once"])
async def test_of_two_histories_with_one_witness_the_second_is_refused_halted_and_kept_as_evidence(
    house, second, facts, asked
):
    witness = await house.honest("thanhtra")
    await house.trust(1, witness)
    await house.witnessed()

    await publish(house.store, second.tenant, a_policy(house.log, 1, witness))
    await second.grow(facts) if facts else await second.seal()
    await (asked(second.witnesses, second.tenant) or asyncio.sleep(0))
    await until(lambda: bool(second.halted))

    seal = await second.of()
    assert (seal.state, seal.is_recorded, seal.cosigned) == (CheckpointState.AWAITING, False, ())
    assert seal.halted == second.halted[0]
    assert f"refuses {3 + facts} facts: it has cosigned others for the first 3" in second.halted[0]
    (kept,) = (house.folder / "thanhtra" / "contradictions").iterdir()
    notes = [Note.read((kept / "cosigned").read_bytes()), Request.read((kept / "request").read_bytes()).note]
    assert all(note.check([house.log]) for note in notes)
    assert (house.halted, (await house.of()).state) == ([], CheckpointState.WITNESSED)


async def test_of_two_histories_with_one_witness_the_shorter_is_halted_too(house, second):
    witness = await house.honest("thanhtra")
    await house.grow(7)
    await house.trust(1, witness)
    await house.witnessed()

    await second.trust(1, witness)
    await until(lambda: bool(second.halted))

    assert "has cosigned 10 facts, and no more than 3 were sealed" in second.halted[0]


async def test_a_proof_that_is_sent_holds(house):
    witness = await house.honest("thanhtra")
    await house.trust(1, witness)
    await house.witnessed()
    note = await house.grow(700)
    house.witnesses.ask(house.tenant)
    await house.witnessed()

    sent = Request.read(witness.asked[-1])
    tiles = await read_tiles(house.superuser, house.tenant, [TilePlace(0, n) for n in range(3)] + [TilePlace(1, 0)])
    assert (sent.old, sent.note) == (3, note)
    assert list(sent.proof) == consistency_proof(3, sent.checkpoint.size, tiles)
