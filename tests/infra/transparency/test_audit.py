import asyncio
from datetime import UTC, datetime, timedelta

import asyncpg
import pytest

from infra.identity.tenants import Tenant
from infra.ledger.checkpoint import Checkpoint
from infra.ledger.note import KeyKind, Note, SignerKey
from infra.ledger.witness_policy import Policy
from infra.platform.database import schema_of
from infra.transparency import audit, last_audit
from infra.transparency.audit_result import AuditFinding, AuditResult
from tests.infra.forging import FORGERIES, rows_of, write_rows
from tests.infra.notebook import a_name, write_line
from tests.infra.sealed import a_policy, seal_anew
from tests.infra.witnesses import House, in_log


@pytest.fixture
def check(services, tenant, keep):
    """Verify the log of this test as the verifier, by the policy that knows its key."""

    async def check(*held: Note, processes: int = 1, policy: Policy | None = None) -> AuditResult:
        judge = policy or a_policy(keep.key(tenant))
        return await audit.verify(services.verifier_url, tenant, policy=judge, held=held, processes=processes)

    return check


@pytest.fixture
async def signed(store, tenant, sealer) -> Note:
    """The checkpoint over facts 1 to 6: a notebook and its lines 0 to 4."""
    await write(store, tenant, 5)
    note: Note | None = await sealer.seal(tenant)
    assert note is not None
    return note


async def write(store, tenant, lines: int, name: str = "n1") -> None:
    for number in range(lines):
        await write_line(store, tenant, a_name(name), f"dòng {number}")


# What fits --------------------------------------------------------------------------------------------


async def test_an_untampered_log_agrees_with_checkpoints_stored_and_held(check, signed):
    result = await check(signed)

    assert result.findings == ()
    assert (result.ok, result.facts, result.held, result.beyond) == (True, 6, (6,), 0)
    assert result.sealed is not None
    assert result.sealed.size == 6


async def test_what_is_not_sealed_yet_is_counted_and_not_vouched_for(check, signed, store, tenant):
    await write(store, tenant, 3)

    result = await check(signed)

    assert (result.ok, result.facts, result.covered, result.beyond) == (True, 9, 6, 3)


async def test_a_log_without_a_checkpoint_is_beyond_everything(services, check, store, tenant):
    await write(store, tenant, 2)

    result = await audit.verify(services.verifier_url, tenant)

    assert (result.ok, result.beyond, result.sealed) == (True, 3, None)


async def test_several_processes_find_what_one_does(check, signed, store, tenant, sealer, superuser, monkeypatch):
    monkeypatch.setattr("infra.transparency.audit.SPAN", 3)
    for number in range(6):
        await write(store, tenant, 4, f"n{number % 3}")
        await sealer.seal(tenant)
    assert (await check(signed, processes=3)).findings == ()
    await superuser.execute(f"UPDATE {tenant.id}.events SET actor = 'u-9' WHERE position IN (3, 14, 22)")
    await superuser.execute(f"DELETE FROM {tenant.id}.events WHERE position = 19")

    one, several = await check(signed), await check(signed, processes=3)

    assert one.findings == several.findings
    assert {3, 14, 19, 22} <= {finding.position for finding in several.findings}


# What does not fit in itself --------------------------------------------------------------------------

UNCHECKED = "ALTER TABLE SCHEMA.events DROP CONSTRAINT leaf_hashed; "
CHANGED_LEAF = "convert_to(replace(convert_from(leaf, 'UTF8'), 'u-1', 'u-2'), 'UTF8')"
HASHED = f"sha256('\\x00'::bytea || {CHANGED_LEAF})"
SWAPPED = (
    "UPDATE SCHEMA.events SET position = 1007 - position WHERE position IN (3, 4); "
    "UPDATE SCHEMA.events SET position = position - 1000 WHERE position > 1000"
)
TAMPERINGS = {
    "a payload is changed": (
        "UPDATE SCHEMA.events SET data = jsonb_set(data, '{text}', '\"khác\"') WHERE position = 4",
        {4},
    ),
    "a leaf is changed": (UNCHECKED + f"UPDATE SCHEMA.events SET leaf = {CHANGED_LEAF} WHERE position = 4", {4}),
    "a leaf is changed and hashed": (
        f"UPDATE SCHEMA.events SET leaf = {CHANGED_LEAF}, leaf_hash = {HASHED} WHERE position = 4",
        {4, 5},
    ),
    "a moment is changed": ("UPDATE SCHEMA.events SET at = at - interval '1 day' WHERE position = 4", {4}),
    "a stream is renamed": ("UPDATE SCHEMA.events SET subject = 'n2' WHERE position = 4", {4}),
    "a fact is removed": ("DELETE FROM SCHEMA.events WHERE position = 4", {4, 5}),
    "several facts are removed": ("DELETE FROM SCHEMA.events WHERE position IN (3, 4)", {3, 5}),
    "the last fact is removed": ("DELETE FROM SCHEMA.events WHERE position = 6", {0}),
    "two facts are swapped": (
        SWAPPED,
        {3, 4, 5},
    ),
    "a fact stands far above": ("UPDATE SCHEMA.events SET position = 9000000000000 WHERE position = 6", {6}),
    "the first fact stands below": ("UPDATE SCHEMA.events SET position = -5 WHERE position = 1", {-5}),
    "the head says otherwise": ("UPDATE SCHEMA.head SET position = 7", {0}),
    "the last checkpoint is another log's": (
        "UPDATE SCHEMA.sealings SET note = convert_to(replace(convert_from(note, 'UTF8'), '/t/', '/x/'), 'UTF8')",
        {0},
    ),
    "the last checkpoint is no checkpoint": ("UPDATE SCHEMA.sealings SET note = 'x'", {0}),
    "a checkpoint is stored for another size": ("UPDATE SCHEMA.sealings SET size = 5", {0}),
    "the sealer has stopped": ("INSERT INTO SCHEMA.halts (size, reason) VALUES (6, 'nothing fits')", {0}),
}


@pytest.mark.parametrize(("tampering", "positions"), TAMPERINGS.values(), ids=TAMPERINGS)
async def test_what_does_not_fit_is_found_at_its_position(check, signed, superuser, tenant, tampering, positions):
    assert (await check()).ok  # canary
    await superuser.execute(
        "ALTER TABLE SCHEMA.events DROP CONSTRAINT events_position_check".replace("SCHEMA", tenant.id)
    )
    await superuser.execute(tampering.replace("SCHEMA", schema_of(tenant)))

    result = await check()

    assert not result.ok
    assert positions <= {finding.position for finding in result.findings}


async def test_a_checkpoint_by_a_key_that_the_policy_does_not_know_does_not_count(check, signed, tenant):
    stranger = SignerKey.new(tenant.log, KeyKind.NOTE)

    result = await check(policy=a_policy(stranger))

    assert not result.ok
    assert result.sealed is None
    assert result.beyond == 6


async def test_a_checkpoint_of_another_log_held_elsewhere_is_a_finding(check, signed, other_tenant, keep, tenant):
    key = keep.key(tenant)
    other = Checkpoint(other_tenant.log, 3, bytes(32)).sign(key)

    result = await check(other)

    assert [finding.position for finding in result.findings] == [0]


# What only a checkpoint held elsewhere can tell -------------------------------------------------------


@pytest.mark.parametrize("forge", FORGERIES.values(), ids=FORGERIES)
async def test_a_log_forged_and_sealed_anew_with_its_real_key_does_not_agree_with_the_checkpoint_held(
    check, signed, superuser, tenant, keep, forge
):
    await superuser.execute(f"UPDATE {tenant.id}.sealings SET at = at + interval '1 second'")
    assert (await check(signed)).ok  # canary
    await forge(superuser, tenant.id)
    await seal_anew(superuser, tenant, keep.key(tenant))

    result = await check(signed)

    assert not result.ok
    assert any("held elsewhere" in finding.text for finding in result.findings)
    assert result.held == ()


@pytest.mark.parametrize("forge", FORGERIES.values(), ids=FORGERIES)
async def test_a_forged_log_that_was_not_sealed_anew_does_not_agree_with_its_own_checkpoint(
    check, signed, superuser, tenant, forge
):
    await forge(superuser, tenant.id)

    assert not (await check()).ok


async def test_every_fact_dropped_from_the_end_is_missed_by_whoever_holds_the_checkpoint(
    check, signed, superuser, tenant, keep
):
    for left in range(5, 0, -1):
        await superuser.execute(f"DELETE FROM {tenant.id}.events WHERE position > {left}")
        await seal_anew(superuser, tenant, keep.key(tenant))

        result = await check(signed)

        lost = f"the log ends at {left}, so it has lost {6 - left} facts that were sealed"
        assert AuditFinding(0, f"checkpoint of 6, held elsewhere: {lost}") in result.findings


async def test_which_fact_was_changed_is_told_by_the_hashes_that_the_sealer_stored(check, signed, superuser, tenant):
    await FORGERIES["an actor is changed, and everything hashed again"](superuser, tenant.id)

    result = await check(signed)

    assert {finding.position for finding in result.findings if "whose hash was sealed" in finding.text} == {3, 4, 5, 6}


# Keys -------------------------------------------------------------------------------------------------


async def rotated(house: House) -> tuple[SignerKey, SignerKey]:
    """A log that the first key has signed alone, then both, then the second one alone."""
    first, second = house.keep.key(house.tenant), house.keep.make_next_key(house.tenant)
    await in_log(house.store, house.tenant, lambda log: log.announce_key(second.verifier.sha256))
    await house.seal()
    await house.grow()
    house.keep.retire(house.tenant, first)
    await house.grow()
    return first, second


def naming(*keys: SignerKey) -> Policy:
    """A policy of these keys alone."""
    return Policy.read(("".join(f"log {key.verifier}\n" for key in keys) + "quorum 0\n").encode())


async def found(house: House, *keys: SignerKey) -> AuditResult:
    """By a policy of these keys, or by none."""
    policy = naming(*keys) if keys else None
    return await audit.verify(house.services.verifier_url, house.tenant, policy=policy, processes=1)


async def sign_last(superuser: asyncpg.Connection, tenant: Tenant, *keys: SignerKey) -> None:
    """The last stored checkpoint with these signatures instead of those that it had."""
    (row,) = await superuser.fetch(f"SELECT size, note FROM {tenant.id}.sealings ORDER BY size DESC LIMIT 1")
    note = Checkpoint.read(Note.read(row["note"]).text).sign(*keys)
    await superuser.execute(f"UPDATE {tenant.id}.sealings SET note = $1 WHERE size = $2", bytes(note), row["size"])


def unannounced(size: int, key: SignerKey) -> AuditFinding:
    said = f"nothing announces the key {key.verifier.id.hex()}, which signs from there on"
    return AuditFinding(0, f"checkpoint of {size}: {said}")


async def test_a_log_that_has_changed_its_key_in_the_open_fits(house):
    first, second = await rotated(house)

    results = [await found(house, *keys) for keys in ((first, second), (second,), ())]

    assert [(one.findings, one.former, one.beyond) for one in results] == [((), 0, 0), ((), 2, 0), ((), 0, 0)]


async def test_by_the_first_key_alone_later_checkpoints_do_not_count(house):
    first, _ = await rotated(house)

    result = await found(house, first)

    assert result.findings == (AuditFinding(0, "stored checkpoint of 5: no trusted key of the log has signed it"),)
    assert (result.covered, result.beyond) == (4, 1)


async def test_checkpoints_of_before_are_still_compared_with_the_log(house):
    _, second = await rotated(house)
    await house.superuser.execute(
        f"UPDATE {house.tenant.id}.sealings SET note = $1 WHERE size = 3",
        bytes(Checkpoint(house.tenant.log, 3, bytes(32)).sign(a_stranger(house.tenant))),
    )

    assert any("checkpoint of 3, stored" in finding.text for finding in (await found(house, second)).findings)


def a_stranger(tenant: Tenant) -> SignerKey:
    return SignerKey.new(tenant.log, KeyKind.NOTE)


@pytest.mark.parametrize("alone", [True, False], ids=["alone", "beside the log's own"])
@pytest.mark.parametrize("trusted", ["all", "own", "stranger", "nobody"])
async def test_a_checkpoint_that_is_signed_by_a_key_that_nothing_announces_is_invalid(
    services, signed, store, tenant, sealer, superuser, keep, alone, trusted
):
    own, stranger = keep.key(tenant), a_stranger(tenant)
    await write(store, tenant, 2)
    await sealer.seal(tenant)
    policies = {"all": naming(own, stranger), "own": naming(own), "stranger": naming(stranger), "nobody": None}
    assert (await audit.verify(services.verifier_url, tenant, policy=naming(own))).ok  # canary
    await sign_last(superuser, tenant, *([stranger] if alone else [own, stranger]))

    result = await audit.verify(services.verifier_url, tenant, policy=policies[trusted])

    assert unannounced(8, stranger) in result.findings


async def test_a_key_that_signs_the_very_checkpoint_that_first_covers_its_announcement_is_invalid(house):
    first, second = house.keep.key(house.tenant), house.keep.make_next_key(house.tenant)
    await in_log(house.store, house.tenant, lambda log: log.announce_key(second.verifier.sha256))
    await house.seal()
    await sign_last(house.superuser, house.tenant, first, second)

    assert (await found(house, first, second)).findings == (unannounced(3, second),)


@pytest.mark.parametrize("known", [True, False], ids=["is known", "is unknown"])
async def test_a_checkpoint_held_elsewhere_that_a_stranger_has_signed_too_is_invalid(
    check, signed, store, tenant, sealer, keep, known
):
    stranger = a_stranger(tenant)
    await write(store, tenant, 2)
    held = await sealer.seal(tenant)
    policy = naming(keep.key(tenant), *([stranger] if known else []))
    assert (await check(held, policy=policy)).ok  # canary

    result = await check(held.also([stranger.sign(held.text)]), policy=policy)

    assert result.findings == (unannounced(8, stranger),)


# Moments ----------------------------------------------------------------------------------------------


async def _moved(superuser: asyncpg.Connection, tenant, position: int, by: timedelta) -> None:
    rows = await rows_of(superuser, tenant.id)
    rows[position - 1]["at"] += by
    await write_rows(superuser, tenant.id, rows)


@pytest.mark.parametrize(
    ("position", "by", "said"),
    [
        (8, timedelta(days=-2), {8: "an earlier checkpoint was there"}),
        (8, timedelta(days=2), {8: "its checkpoint was there before", 9: "falls back in time"}),
        (8, timedelta(seconds=-30), {8: "falls back in time"}),
        (8, timedelta(seconds=-3), {}),
    ],
)
async def test_a_moment_that_cannot_be_is_a_finding(
    check, signed, store, tenant, sealer, superuser, keep, position, by, said
):
    await write(store, tenant, 4)
    await sealer.seal(tenant)
    stored = await superuser.fetch(f"SELECT size, at FROM {tenant.id}.sealings ORDER BY size")
    await _moved(superuser, tenant, position, by)
    await seal_anew(superuser, tenant, keep.key(tenant))
    key = keep.key(tenant)
    await superuser.execute(f"INSERT INTO {tenant.id}.sealings VALUES (6, $1, $2)", bytes(signed), stored[0]["at"])

    result = await check(policy=a_policy(key))

    assert {one.position: one.text for one in result.findings if one.position}.keys() == said.keys()
    for place, text in said.items():
        assert any(text in finding.text for finding in result.findings if finding.position == place)


# What is recorded -------------------------------------------------------------------------------------


async def test_the_last_result_is_there_for_the_application_to_show(
    services, database, check, signed, tenant, superuser
):
    async with database.reading(tenant) as connection:
        assert await last_audit.last_result(connection, tenant) is None
    await last_audit.record(services.verifier_url, tenant, await check(signed), "ab" * 32)
    await superuser.execute(f"UPDATE {tenant.id}.events SET actor = 'u-9' WHERE position = 3")
    await last_audit.record(services.verifier_url, tenant, await check(signed), "ab" * 32)

    async with database.reading(tenant) as connection:
        last = await last_audit.last_result(connection, tenant)

    assert last is not None
    assert (last.ok, last.facts, last.covered, last.held, last.found) == (False, 6, 6, 1, 1)
    assert last.findings[0].position == 3
    assert datetime.now(UTC) - last.at < timedelta(minutes=1)


@pytest.mark.parametrize(
    "deed",
    [
        "INSERT INTO SCHEMA.sealings (size, note) VALUES (99, '')",
        "UPDATE SCHEMA.head SET position = 0",
        "UPDATE SCHEMA.verifications SET found = 0",
        "DELETE FROM SCHEMA.verifications",
        "DELETE FROM SCHEMA.events",
    ],
)
async def test_the_verifier_s_login_may_write_nothing_but_results(services, tenant, signed, deed):
    connection = await asyncpg.connect(services.verifier_url)

    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await connection.execute(deed.replace("SCHEMA", tenant.id))
    await connection.close()


@pytest.mark.parametrize("login", ["app_url", "sealer_url"])
async def test_nobody_else_may_say_that_a_log_was_verified(services, tenant, check, signed, login):
    dsn = getattr(services, login)

    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await last_audit.record(dsn, tenant, await check(signed), "")


async def test_facts_go_on_being_recorded_and_sealed_while_the_log_is_verified(check, signed, store, tenant, sealer):
    writing = asyncio.create_task(write(store, tenant, 40))
    while not writing.done():
        await sealer.seal(tenant)
        assert (await check(signed)).findings == ()
    await writing
