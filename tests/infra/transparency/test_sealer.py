import asyncio
from collections.abc import AsyncIterator

import asyncpg
import pytest

from infra.identity.tenants import Tenant
from infra.ledger.checkpoint import Checkpoint
from infra.ledger.leaf import leaf_hash
from infra.ledger.note import KeyKind, Note, SignerKey
from infra.ledger.tiles import TilePlace, inclusion_proof, replay
from infra.ledger.tree import verify_inclusion
from infra.log.eventstore import EventStore
from infra.platform.config import Settings
from infra.platform.database import schema_of
from infra.platform.durable_files import put_in_place
from infra.transparency.sealer import SealedElsewhere, Sealer, connect
from infra.transparency.sealer_store import Halted, SealerStore
from tests.infra.forging import rows_of, write_rows
from tests.infra.notebook import a_name, write_line
from tests.infra.witnesses import House, grow, in_log


@pytest.fixture
async def again(services: Settings, keep: SealerStore, sealer: Sealer) -> AsyncIterator[Sealer]:
    """The sealer started again: what it knows is in its folder and in the database."""
    await sealer.close()
    again = Sealer(await connect(services.sealer_url), keep)
    yield again
    await again.close()


async def a_sealed_log(store: EventStore, tenant: Tenant, sealer: Sealer, lines: int = 5) -> Note:
    """Facts 1 to `lines` + 1, sealed."""
    await write_lines(store, tenant, lines)
    note = await sealer.seal(tenant)
    assert note is not None
    return note


async def write_lines(store: EventStore, tenant: Tenant, lines: int) -> None:
    for number in range(lines):
        await write_line(store, tenant, a_name(), f"dòng {number}")


async def leaves_of(superuser: asyncpg.Connection, tenant: Tenant) -> list[bytes]:
    return [row["leaf"] for row in await superuser.fetch(f"SELECT leaf FROM {tenant.id}.events ORDER BY position")]


async def checkpoints_of(superuser: asyncpg.Connection, tenant: Tenant) -> list[Checkpoint]:
    rows = await superuser.fetch(f"SELECT note FROM {tenant.id}.sealings ORDER BY size")
    return [Checkpoint.read(Note.read(row["note"]).text) for row in rows]


# What is signed ---------------------------------------------------------------------------------------


async def test_a_checkpoint_is_signed_over_everything_that_the_log_holds(store, tenant, sealer, keep, superuser):
    note = await a_sealed_log(store, tenant, sealer)

    checkpoint = Checkpoint.read(note.text)
    assert (checkpoint.origin, checkpoint.size) == (tenant.log, 6)
    assert checkpoint.root == replay(await leaves_of(superuser, tenant))[6]
    assert note.check([keep.key(tenant).verifier])
    assert keep.checkpoint(tenant) == note
    assert await checkpoints_of(superuser, tenant) == [checkpoint]


async def test_a_log_that_has_not_grown_is_not_signed_again(store, tenant, sealer):
    await a_sealed_log(store, tenant, sealer)

    assert await sealer.seal(tenant) is None


async def test_proofs_of_every_fact_come_from_the_stored_tiles(store, tenant, sealer, superuser):
    for _ in range(3):
        note = await a_sealed_log(store, tenant, sealer, lines=100)
    checkpoint = Checkpoint.read(note.text)
    rows = await superuser.fetch(f"SELECT level, number, hashes FROM {tenant.id}.tiles")
    tiles = {TilePlace(row["level"], row["number"]): row["hashes"] for row in rows}

    for index, leaf in enumerate(await leaves_of(superuser, tenant)):
        proof = inclusion_proof(index, checkpoint.size, tiles)
        verify_inclusion(index, checkpoint.size, leaf_hash(leaf), proof, checkpoint.root)


async def test_a_sealer_that_is_started_again_goes_on_where_it_was(store, tenant, sealer, again):
    # the fixture `again` has closed the first one, which had signed nothing yet
    await a_sealed_log(store, tenant, again)
    await write_lines(store, tenant, 3)

    note = await again.seal(tenant)

    assert note is not None
    assert Checkpoint.read(note.text).size == 9


async def test_of_two_sealers_one_holds_a_log(services, store, tenant, sealer, keep):
    await a_sealed_log(store, tenant, sealer)
    other = Sealer(await connect(services.sealer_url), keep)

    with pytest.raises(SealedElsewhere):
        await other.seal(tenant)
    await sealer.close()
    await write_lines(store, tenant, 1)

    assert await other.seal(tenant) is not None
    await other.close()


async def test_a_crash_between_disk_and_database_publishes_the_very_checkpoint_that_was_signed(
    services, store, tenant, sealer, keep, superuser
):
    first = await a_sealed_log(store, tenant, sealer)
    await write_lines(store, tenant, 4)
    signed = await sealer.seal(tenant)
    await superuser.execute(f"DELETE FROM {tenant.id}.sealings WHERE size = 10")
    await superuser.execute(f"DELETE FROM {tenant.id}.tiles")
    await sealer.close()
    await write_lines(store, tenant, 2)
    again = Sealer(await connect(services.sealer_url), keep)

    last = await again.seal(tenant)

    assert signed is not None
    assert last is not None
    notes = [row["note"] for row in await superuser.fetch(f"SELECT note FROM {tenant.id}.sealings ORDER BY size")]
    assert notes == [bytes(first), bytes(signed), bytes(last)]
    await again.close()


async def test_many_facts_are_sealed_in_several_steps(store, tenant, sealer, superuser, monkeypatch):
    monkeypatch.setattr("infra.transparency.sealer.MOST", 4)
    await write_lines(store, tenant, 10)

    while await sealer.seal(tenant):
        pass

    assert [checkpoint.size for checkpoint in await checkpoints_of(superuser, tenant)] == [4, 8, 11]


async def test_facts_go_on_being_recorded_while_the_log_is_sealed(store, tenant, sealer, superuser):
    writing = asyncio.create_task(write_lines(store, tenant, 60))
    while not writing.done():
        await sealer.seal(tenant)
        await asyncio.sleep(0)
    await sealer.seal(tenant)

    checkpoints = await checkpoints_of(superuser, tenant)
    roots = replay(await leaves_of(superuser, tenant), [one.size for one in checkpoints])
    assert checkpoints[-1].size == 61
    assert all(roots[one.size] == one.root for one in checkpoints)


# What is not signed -----------------------------------------------------------------------------------

UNCHECKED = "ALTER TABLE SCHEMA.events DROP CONSTRAINT leaf_hashed; "
FORGED = "jsonb_set(data, '{text}', '\"khác\"')"
TAMPERINGS = {
    "a payload is changed": "UPDATE SCHEMA.events SET data = " + FORGED + " WHERE position = 8",
    "a leaf is changed": UNCHECKED
    + "UPDATE SCHEMA.events SET leaf = convert_to(replace(convert_from(leaf, 'UTF8'), 'u-1', 'u-2'), "
    "'UTF8') WHERE position = 8",
    "a leaf is changed and hashed": "UPDATE SCHEMA.events SET leaf = changed, leaf_hash = sha256('\\x00'::bytea || "
    "changed) FROM (SELECT convert_to(replace(convert_from(leaf, 'UTF8'), 'u-1', 'u-2'), 'UTF8') AS changed "
    "FROM SCHEMA.events WHERE position = 8) other WHERE position = 8",
    "an actor is changed": "UPDATE SCHEMA.events SET actor = 'u-2' WHERE position = 8",
    "a moment is changed": "UPDATE SCHEMA.events SET at = at - interval '1 day' WHERE position = 8",
    "a stream is renamed": "UPDATE SCHEMA.events SET subject = 'n2' WHERE position = 8",
    "a fact is removed": "DELETE FROM SCHEMA.events WHERE position = 8",
    "two facts are swapped": "UPDATE SCHEMA.events SET position = 1017 - position WHERE position IN (8, 9); "
    "UPDATE SCHEMA.events SET position = position - 1000 WHERE position > 1000",
}


@pytest.mark.parametrize("tampering", TAMPERINGS.values(), ids=TAMPERINGS)
async def test_what_was_tampered_with_before_it_was_sealed_is_not_signed(
    store, tenant, sealer, keep, superuser, tampering
):
    signed = await a_sealed_log(store, tenant, sealer)
    await write_lines(store, tenant, 5)
    await superuser.execute(tampering.replace("SCHEMA", schema_of(tenant)))

    with pytest.raises(Halted):
        await sealer.seal(tenant)

    assert keep.checkpoint(tenant) == signed
    assert len(await checkpoints_of(superuser, tenant)) == 1
    assert await superuser.fetchval(f"SELECT count(*) FROM {tenant.id}.halts WHERE size = 6") == 1


PAST = {
    "the last fact is changed": UNCHECKED + "UPDATE SCHEMA.events SET leaf = leaf || ' ' WHERE position = 6",
    "the last fact is removed": "DELETE FROM SCHEMA.events WHERE position = 6; UPDATE SCHEMA.head SET position = 5",
    "the log is truncated": "DELETE FROM SCHEMA.events WHERE position > 2; UPDATE SCHEMA.head SET position = 2",
}


@pytest.mark.parametrize("tampering", PAST.values(), ids=PAST)
async def test_a_running_sealer_signs_nothing_above_an_end_that_was_changed(
    store, tenant, sealer, keep, superuser, tampering
):
    signed = await a_sealed_log(store, tenant, sealer)
    await superuser.execute(tampering.replace("SCHEMA", schema_of(tenant)))

    with pytest.raises(Halted):
        await sealer.seal(tenant)

    assert keep.checkpoint(tenant) == signed


ANYWHERE = {
    **PAST,
    "an early fact is changed, and the tiles are gone": "UPDATE SCHEMA.events SET data = "
    + FORGED
    + " WHERE position = 3; DELETE FROM SCHEMA.tiles",
    "an old checkpoint was put back": "DELETE FROM SCHEMA.sealings; DELETE FROM SCHEMA.events WHERE position > 3; "
    "UPDATE SCHEMA.head SET position = 3",
}


@pytest.mark.parametrize("tampering", ANYWHERE.values(), ids=ANYWHERE)
async def test_a_sealer_that_is_started_on_another_past_signs_nothing(
    services, store, tenant, sealer, keep, superuser, tampering
):
    signed = await a_sealed_log(store, tenant, sealer)
    await sealer.close()
    await superuser.execute(tampering.replace("SCHEMA", schema_of(tenant)))
    again = Sealer(await connect(services.sealer_url), keep)

    with pytest.raises(Halted):
        await again.seal(tenant)

    assert keep.checkpoint(tenant) == signed
    await again.close()


async def test_wrong_tiles_are_made_again_from_the_leaves(services, store, tenant, sealer, keep, superuser):
    await a_sealed_log(store, tenant, sealer)
    await sealer.close()
    await superuser.execute(f"UPDATE {tenant.id}.tiles SET hashes = sha256('') || substr(hashes, 33)")
    again = Sealer(await connect(services.sealer_url), keep)
    await write_lines(store, tenant, 1)

    note = await again.seal(tenant)

    assert note is not None
    assert Checkpoint.read(note.text).root == replay(await leaves_of(superuser, tenant))[7]
    assert len(await superuser.fetchval(f"SELECT hashes FROM {tenant.id}.tiles WHERE level = 0")) == 7 * 32
    await again.close()


@pytest.mark.parametrize(
    ("lost", "said"), [("checkpoint", "copy of its last checkpoint is gone"), ("key", "is gone: this log was signed")]
)
async def test_a_sealer_without_what_it_kept_signs_nothing(services, store, tenant, sealer, tmp_path, keep, lost, said):
    await a_sealed_log(store, tenant, sealer)
    await sealer.close()
    (tmp_path / "sealer" / f"{tenant.id}.{lost}").unlink()
    again = Sealer(await connect(services.sealer_url), keep)

    with pytest.raises(Halted, match=said):
        await again.seal(tenant)
    await again.close()


# The next key -----------------------------------------------------------------------------------------


async def announce(house: House, key: SignerKey) -> None:
    await in_log(house.store, house.tenant, lambda log: log.announce_key(key.verifier.sha256))


async def begin_again(house: House) -> None:
    await house.sealer.close()
    await house.start_sealer()


async def overlapping(house: House) -> tuple[SignerKey, SignerKey]:
    """The present key and the next one, both of which have signed the last checkpoint."""
    present, coming = house.keep.key(house.tenant), house.keep.make_next_key(house.tenant)
    await announce(house, coming)
    await house.seal()
    assert signers(await house.grow()) == [present.verifier.id, coming.verifier.id]
    return present, coming


def signers(note: Note) -> list[bytes]:
    return [line.id for line in note.signatures]


async def test_a_next_key_is_made_once_for_its_owner_alone(house):
    made = house.keep.make_next_key(house.tenant)

    assert house.keep.make_next_key(house.tenant) == house.keep.next_key(house.tenant) == made
    assert (made.name, made.kind) == (house.tenant.log, KeyKind.NOTE)
    assert made != house.keep.key(house.tenant)
    file = house.folder / "sealer" / f"{house.tenant.id}.next.key"
    assert oct(file.stat().st_mode & 0o777) == "0o600"


async def test_a_next_key_that_nothing_announces_never_signs_and_that_is_said_once(house, capsys):
    present = house.keep.key(house.tenant)
    house.keep.make_next_key(house.tenant)
    await announce(house, SignerKey.new(house.tenant.log, KeyKind.NOTE))

    notes = [await house.seal(), await house.grow(), await house.grow()]

    assert [signers(note) for note in notes] == [[present.verifier.id]] * 3
    assert capsys.readouterr().out.count("the next key is not used") == 1


async def test_an_announced_key_signs_once_its_announcement_lies_below_a_checkpoint(house):
    present, coming = house.keep.key(house.tenant), house.keep.make_next_key(house.tenant)
    await announce(house, coming)

    covering, above, later = await house.seal(), await house.grow(), await house.grow()

    assert signers(covering) == [present.verifier.id]
    assert signers(above) == signers(later) == [present.verifier.id, coming.verifier.id]
    assert len(above.check([present.verifier, coming.verifier])) == 2
    assert house.keep.checkpoint(house.tenant) == later
    stored = await house.superuser.fetch(f"SELECT note FROM {house.tenant.id}.sealings ORDER BY size DESC LIMIT 2")
    assert [row["note"] for row in stored] == [bytes(later), bytes(above)]


async def test_a_sealer_started_again_goes_on_with_the_keys_it_had(house):
    present, coming = house.keep.key(house.tenant), house.keep.make_next_key(house.tenant)
    await announce(house, coming)
    await house.seal()
    await begin_again(house)
    first = await house.grow()
    await begin_again(house)

    assert signers(first) == signers(await house.grow()) == [present.verifier.id, coming.verifier.id]


async def test_a_crash_between_disk_and_database_publishes_both_signatures_as_they_were_made(house):
    await overlapping(house)
    signed = await house.grow()
    await house.superuser.execute(f"DELETE FROM {house.tenant.id}.sealings WHERE size = {house_size(signed)}")
    await begin_again(house)

    assert await house.sealer.seal(house.tenant) is None

    stored = await house.superuser.fetchval(f"SELECT note FROM {house.tenant.id}.sealings ORDER BY size DESC LIMIT 1")
    assert stored == bytes(signed)


def house_size(note: Note) -> int:
    return Checkpoint.read(note.text).size


async def test_wrong_tiles_are_made_again_before_an_announcement_is_believed(house):
    coming = house.keep.make_next_key(house.tenant)
    await announce(house, coming)
    for _ in range(260):
        await grow(house.store, house.tenant)
    await house.seal()
    await house.superuser.execute(f"UPDATE {house.tenant.id}.tiles SET hashes = sha256('') || substr(hashes, 33)")

    assert signers(await house.grow())[1:] == [coming.verifier.id]


@pytest.mark.parametrize(
    "forge",
    [
        "UPDATE SCHEMA.events SET data = jsonb_set(data, '{vkey_sha256}', to_jsonb('SHA'::text)) WHERE position = 2",
        "UPDATE SCHEMA.events SET data = '{\"vkey_sha256\": \"SHA\"}', topic = 'log.key-announced' WHERE position = 1",
    ],
    ids=["an announcement is changed", "an opening is turned into one"],
)
async def test_an_announcement_that_is_not_the_fact_that_was_sealed_lets_no_key_sign(house, forge):
    coming = house.keep.make_next_key(house.tenant)
    signed = await house.grow()
    await house.superuser.execute(forge.replace("SCHEMA", house.tenant.id).replace("SHA", coming.verifier.sha256))
    await grow(house.store, house.tenant)

    with pytest.raises(Halted, match="position"):
        await house.sealer.seal(house.tenant)

    assert house.keep.checkpoint(house.tenant) == signed


async def test_a_leaf_forged_into_the_sealed_part_announces_nothing(house):
    coming = house.keep.make_next_key(house.tenant)
    signed = await house.grow()
    rows = await rows_of(house.superuser, house.tenant.id)
    rows[1]["data"] = f'{{"vkey_sha256":"{coming.verifier.sha256}"}}'
    await grow(house.store, house.tenant)
    grown = await rows_of(house.superuser, house.tenant.id)
    await write_rows(house.superuser, house.tenant.id, [*rows[:2], *grown[2:]])
    await house.superuser.execute(
        f"UPDATE {house.tenant.id}.events SET leaf_hash = $1, leaf = $2 WHERE position = {house_size(signed)}",
        grown[house_size(signed) - 1]["leaf_hash"],
        grown[house_size(signed) - 1]["leaf"],
    )

    with pytest.raises(Halted, match="position"):
        await house.sealer.seal(house.tenant)

    assert house.keep.checkpoint(house.tenant) == signed


async def test_a_next_key_that_is_lost_halts_the_log_until_somebody_decides_what_becomes_of_it(house):
    present, coming = await overlapping(house)
    file = house.folder / "sealer" / f"{house.tenant.id}.next.key"
    copy = file.read_bytes()
    signed = house.keep.checkpoint(house.tenant)
    lost = coming.verifier.id.hex()
    for again in (False, True):
        file.unlink(missing_ok=True)
        if again:
            await begin_again(house)
        await grow(house.store, house.tenant)
        with pytest.raises(Halted, match=f"is signed by the key {lost} too, and that is gone: put its file back"):
            await house.sealer.seal(house.tenant)
        assert house.keep.checkpoint(house.tenant) == signed

    file.write_bytes(copy)
    assert signers(await house.seal()) == [present.verifier.id, coming.verifier.id]

    file.unlink()
    file.with_name(f"{house.tenant.id}.retired-{lost}.key").touch()
    assert signers(await house.grow()) == [present.verifier.id]


async def test_another_key_in_the_place_of_the_next_one_halts_the_log_too(house):
    await overlapping(house)
    (house.folder / "sealer" / f"{house.tenant.id}.next.key").unlink()
    await announce(house, house.keep.make_next_key(house.tenant))

    with pytest.raises(Halted, match="is gone"):
        await house.sealer.seal(house.tenant)


# The former key ---------------------------------------------------------------------------------------


async def test_once_the_former_key_is_retired_the_next_one_signs_alone(house):
    present, coming = await overlapping(house)
    house.keep.retire(house.tenant, present)

    running = await house.grow()
    await begin_again(house)
    started_again = await house.grow()

    assert signers(running) == signers(started_again) == [coming.verifier.id]
    assert house.keep.next_key(house.tenant) is None
    retired = house.folder / "sealer" / f"{house.tenant.id}.retired-{present.verifier.id.hex()}.key"
    assert SignerKey.read(retired.read_text()) == present


async def test_a_sealer_is_started_on_its_last_checkpoint_that_both_keys_have_signed(house):
    present, coming = await overlapping(house)
    house.keep.retire(house.tenant, present)
    await begin_again(house)

    assert signers(await house.grow()) == [coming.verifier.id]


@pytest.mark.parametrize("step", [1, 2])
async def test_retiring_that_is_broken_off_leaves_both_keys_signing_and_can_be_done_again(house, monkeypatch, step):
    present, coming = await overlapping(house)
    steps = iter(range(1, 3))

    def broken_off(*arguments):
        if next(steps) == step:
            raise KeyboardInterrupt
        put_in_place(*arguments)

    with monkeypatch.context() as patched:
        patched.setattr("infra.transparency.sealer_store.put_in_place", broken_off)
        patched.setattr("infra.platform.durable_files.put_in_place", broken_off)
        with pytest.raises(KeyboardInterrupt):
            house.keep.retire(house.tenant, present)

    await begin_again(house)
    assert signers(await house.grow()) == [present.verifier.id, coming.verifier.id]
    house.keep.retire(house.tenant, present)
    await begin_again(house)
    assert signers(await house.grow()) == [coming.verifier.id]


@pytest.mark.parametrize("running", [True, False], ids=["while it runs", "when it is started"])
async def test_a_key_that_has_not_signed_the_last_checkpoint_does_not_take_over(house, running):
    present, coming = house.keep.key(house.tenant), house.keep.make_next_key(house.tenant)
    house.keep.retire(house.tenant, present)
    if not running:
        await begin_again(house)

    with pytest.raises(Halted, match="this sealer's key has not signed"):
        await house.grow()

    assert coming == house.keep.key(house.tenant)


async def test_a_log_changes_its_key_as_often_as_it_likes(house):
    first, second = await overlapping(house)
    house.keep.retire(house.tenant, first)
    await house.grow()
    second_again, third = await overlapping(house)
    house.keep.retire(house.tenant, second)

    assert signers(await house.grow()) == [third.verifier.id]
    assert second_again == second


# Its login --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "deed",
    [
        "INSERT INTO SCHEMA.commands SELECT gen_random_uuid(), 1, 1, '', now()",
        "UPDATE SCHEMA.head SET position = 0",
        "DELETE FROM SCHEMA.sealings",
        "UPDATE SCHEMA.sealings SET note = ''",
        "DELETE FROM SCHEMA.events",
    ],
)
async def test_the_sealer_s_login_may_write_nothing_but_checkpoints(services, store, tenant, sealer, deed):
    await a_sealed_log(store, tenant, sealer)
    connection = await connect(services.sealer_url)

    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await connection.execute(deed.replace("SCHEMA", tenant.id))
    await connection.close()


async def test_the_application_may_read_checkpoints_and_write_none(database, store, tenant, sealer):
    await a_sealed_log(store, tenant, sealer)

    assert len(await database.ask(tenant, f"SELECT size FROM {tenant.id}.sealings")) == 1
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        async with database.writing(tenant) as connection:
            await connection.execute(f"INSERT INTO {tenant.id}.sealings (size, note) VALUES (99, '')")
