"""The keys: made once, destroyed for ever, apart by province, and gone without harm when their database is."""

from collections.abc import AsyncIterator
from dataclasses import replace
from uuid import uuid4

import asyncpg
import pytest

from domain.errors import KeyDestroyed, KeysUnavailable
from infra.encryption.personal_keys import PersonalKeys
from infra.encryption.personal_values import ValuePlace, unseal
from infra.identity.tenants import Tenant
from infra.platform.config import Settings, read_settings

KEK = b"k" * 32
PLACE = ValuePlace("log", uuid4(), 1, "text")


@pytest.fixture
async def keys(services: Settings) -> AsyncIterator[PersonalKeys]:
    opened = PersonalKeys(services.keys_url, lambda: KEK)
    yield opened
    await opened.close()


@pytest.fixture
async def owner(services: Settings) -> AsyncIterator[asyncpg.Connection]:
    """The database of keys as whoever owns it."""
    connection = await asyncpg.connect(services.keys_owner_url)
    yield connection
    await connection.close()


async def test_a_subject_has_one_key_whoever_asks_first(keys: PersonalKeys, tenant: Tenant):
    subject = uuid4()

    first, second = [await keys.cover(tenant, subject, text) for text in ("một", "hai")]

    found = await keys.find(tenant, [subject])
    assert [unseal(one.seal(PLACE), found[subject], PLACE) for one in (first, second)] == ["một", "hai"]


async def test_what_lies_in_the_database_is_wrapped(keys: PersonalKeys, tenant: Tenant, owner: asyncpg.Connection):
    subject = uuid4()
    await keys.cover(tenant, subject, "một")

    (key,) = (await keys.find(tenant, [subject])).values()
    wrapped = await owner.fetchval("SELECT wrapped FROM keys.keys WHERE subject = $1", subject)

    assert len(key) == 32
    assert key not in wrapped


async def test_a_destroyed_key_is_found_no_more_and_no_other_is_made(
    keys: PersonalKeys, tenant: Tenant, owner: asyncpg.Connection
):
    subject, never_used = uuid4(), uuid4()
    await keys.cover(tenant, subject, "một")

    for _ in range(2):
        await keys.destroy(tenant, subject, never_used)

    assert await keys.find(tenant, [subject, never_used]) == {}
    for one in (subject, never_used):
        with pytest.raises(KeyDestroyed):
            await keys.cover(tenant, one, "hai")
    rows = await owner.fetch("SELECT wrapped, destroyed_at FROM keys.keys WHERE subject = $1", subject)
    assert [(row["wrapped"], row["destroyed_at"] is None) for row in rows] == [(None, False)]


async def test_the_same_subject_in_two_provinces_has_two_keys(keys: PersonalKeys, tenant: Tenant, other_tenant: Tenant):
    subject = uuid4()
    for one in (tenant, other_tenant):
        await keys.cover(one, subject, "một")

    here, there = [(await keys.find(one, [subject]))[subject] for one in (tenant, other_tenant)]
    await keys.destroy(tenant, subject)

    assert here != there
    assert await keys.find(tenant, [subject]) == {}
    assert await keys.find(other_tenant, [subject]) == {subject: there}


async def test_a_key_moved_to_another_province_or_subject_is_no_key(
    keys: PersonalKeys, tenant: Tenant, other_tenant: Tenant, owner: asyncpg.Connection
):
    subject, other = uuid4(), uuid4()
    await keys.cover(tenant, subject, "một")
    for province, moved in ((other_tenant, subject), (tenant, other)):
        await owner.execute(
            "INSERT INTO keys.keys (tenant, subject, wrapped) SELECT $1, $2, wrapped FROM keys.keys WHERE tenant = $3",
            province.id,
            moved,
            tenant.id,
        )

    assert await keys.find(other_tenant, [subject]) == {}
    assert (await keys.find(tenant, [subject, other])).keys() == {subject}


async def test_under_another_key_encryption_key_there_are_no_keys(
    keys: PersonalKeys, services: Settings, tenant: Tenant
):
    subject = uuid4()
    await keys.cover(tenant, subject, "một")
    stranger = PersonalKeys(services.keys_url, lambda: b"s" * 32)

    assert await stranger.find(tenant, [subject]) == {}
    with pytest.raises(KeysUnavailable):
        await stranger.cover(tenant, subject, "hai")
    await stranger.close()


async def test_the_login_sees_one_province_at_a_time_and_can_only_make_and_destroy(
    keys: PersonalKeys, services: Settings, tenant: Tenant, other_tenant: Tenant
):
    subject, dead = uuid4(), uuid4()
    for one in (tenant, other_tenant):
        await keys.cover(one, subject, "một")
    await keys.destroy(tenant, dead)
    login = await asyncpg.connect(services.keys_url)
    try:
        assert await login.fetchval("SELECT count(*) FROM keys.keys") == 0
        await login.execute("SELECT set_config('keys.tenant', $1, false)", tenant.id)
        assert {row["tenant"] for row in await login.fetch("SELECT tenant FROM keys.keys")} == {tenant.id}
        for refused in (
            "DELETE FROM keys.keys",
            "TRUNCATE keys.keys",
            "UPDATE keys.keys SET subject = gen_random_uuid()",
            "UPDATE keys.keys SET wrapped = 'other' WHERE wrapped IS NOT NULL",
            "UPDATE keys.keys SET wrapped = 'back', destroyed_at = NULL WHERE wrapped IS NULL",
            f"INSERT INTO keys.keys (tenant, subject, wrapped) VALUES ('{other_tenant.id}', gen_random_uuid(), 'x')",
            "CREATE TABLE public.mine (x int)",
        ):
            with pytest.raises(asyncpg.InsufficientPrivilegeError):
                await login.execute(refused)
    finally:
        await login.close()


async def test_the_application_and_the_sealer_do_not_come_into_the_database_of_keys(services: Settings):
    for name in ("app", "sealer"):
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await asyncpg.connect(services.keys_url.replace("keyholder@", f"{name}@"))


async def test_the_keyholder_does_not_even_come_to_where_the_logs_are(services: Settings):
    with pytest.raises(asyncpg.InsufficientPrivilegeError, match="CONNECT"):
        await asyncpg.connect(services.keys_url.replace("/minhchuan_keys", "/minhchuan"))


@pytest.mark.parametrize("url", ["", "postgresql://keyholder@127.0.0.1:1/minhchuan_keys"], ids=["none", "away"])
async def test_a_database_that_does_not_answer_is_said_so(url: str, tenant: Tenant):
    gone = PersonalKeys(url, lambda: KEK)

    for asked in (
        gone.answer(),
        gone.find(tenant, [uuid4()]),
        gone.cover(tenant, uuid4(), "một"),
        gone.destroy(tenant, uuid4()),
    ):
        with pytest.raises(KeysUnavailable):
            await asked
    await gone.close()


def test_the_key_encryption_key_of_a_folder_is_made_once_for_its_owner_only_and_in_no_database(tmp_path):
    settings = read_settings(tmp_path, {})
    assert not (tmp_path / "kek").exists()

    first = settings.key_encryption_key()

    assert read_settings(tmp_path, {}).key_encryption_key() == first
    assert len(first) == 32
    assert (tmp_path / "kek").stat().st_mode & 0o077 == 0
    assert replace(settings, kek="0f" * 32).key_encryption_key() == bytes.fromhex("0f" * 32)


def test_addresses_of_the_keys_are_made_of_the_owner_s_unless_they_are_given(tmp_path):
    beside = read_settings(tmp_path, {"DATABASE_URL": "postgresql://owner:a%40b@db/minhchuan"})
    elsewhere = read_settings(
        tmp_path,
        {
            "DATABASE_URL": "postgresql://owner:secret@db/minhchuan",
            "KEYS_DATABASE_URL": "postgresql://keyholder:k@vault/keys",
        },
    )
    web = read_settings(tmp_path, {"DATABASE_APP_URL": "postgresql://app@db/minhchuan"})

    assert beside.keys_url == "postgresql://keyholder:a%40b@db/minhchuan_keys"
    assert beside.keys_owner_url == "postgresql://owner:a%40b@db/minhchuan_keys"
    assert elsewhere.keys_owner_url == "postgresql://owner:secret@vault/keys"
    assert (web.keys_url, web.keys_owner_url) == ("", "")
