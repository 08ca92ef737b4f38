from dataclasses import replace

import asyncpg
import pytest
from redis import Redis

from infra.platform.config import Settings
from services.operations import check_configuration


async def wrong(settings: Settings) -> dict[str, str]:
    return {
        found.about.partition(":")[0]: found.wrong
        async for found in check_configuration.findings(settings)
        if found.wrong
    }


async def test_the_services_of_the_tests_can_work(services, capsys):
    assert await check_configuration.run(services) == 0

    lines = capsys.readouterr().out.splitlines()
    assert len([line for line in lines if line.startswith("ok")]) == 11
    assert [line for line in lines if line.startswith("FAILS")] == []


async def test_a_superuser_is_no_login_for_the_application(services, capsys):
    careless = replace(services, app_url=services.database_url.replace("minhchuan@", "postgres@"))

    assert "DATABASE_APP_URL" in await wrong(careless)
    assert await check_configuration.run(careless) == 1
    assert "FAILS DATABASE_APP_URL" in capsys.readouterr().out


async def test_a_superuser_is_no_login_for_the_keys_either(services):
    careless = replace(services, keys_url=services.keys_url.replace("keyholder@", "postgres@"))

    assert "KEYS_DATABASE_URL" in await wrong(careless)


async def test_an_owner_who_may_not_create_roles_is_found(services):
    owner = await asyncpg.connect(services.database_url)
    await owner.execute("CREATE ROLE modest LOGIN")
    await owner.close()

    assert "DATABASE_URL" in await wrong(
        replace(services, database_url=services.database_url.replace("minhchuan@", "modest@"))
    )


async def test_services_that_do_not_answer_are_named(services, tmp_path):
    nobody_home = replace(
        services,
        database_url="postgresql://minhchuan@127.0.0.1:1/minhchuan",
        app_url="postgresql://app@127.0.0.1:1/minhchuan",
        keys_url="postgresql://keyholder@127.0.0.1:1/minhchuan_keys",
        redis_url="redis://127.0.0.1:1",
        folder=tmp_path / "missing",
    )

    assert list(await wrong(nobody_home)) == [
        "DATABASE_URL",
        "every schema has the migrations of this version",
        "DATABASE_APP_URL",
        "KEYS_DATABASE_URL",
        "REDIS_URL",
        f"the data folder {tmp_path / 'missing'} can be written",
    ]


async def test_a_redis_that_may_forget_sessions_is_found(services):
    with Redis.from_url(services.redis_url) as redis:
        redis.config_set("maxmemory-policy", "allkeys-lru")
        try:
            assert list(await wrong(services)) == ["REDIS_URL"]
        finally:
            redis.config_set("maxmemory-policy", "noeviction")


@pytest.mark.parametrize(
    ("address", "fine"),
    [
        ("", True),
        ("http://127.0.0.1:8000", True),
        ("http://localhost:8000", True),
        ("http://[::1]:8000", True),
        ("https://minhchuan.example", True),
        ("http://minhchuan.example", False),
        ("http://10.0.0.5:8000", False),
    ],
)
async def test_sessions_travel_in_the_clear_on_this_machine_only(services, address, fine):
    assert ("MINHCHUAN_PUBLIC_URL" not in await wrong(replace(services, public_url=address))) is fine


@pytest.mark.parametrize(
    ("address", "proxies", "fine"),
    [
        ("http://127.0.0.1:8000", (), True),
        ("https://minhchuan.example", (), False),
        ("https://minhchuan.example", ("10.0.0.1",), True),
    ],
)
async def test_who_is_reached_by_https_names_the_proxy_that_speaks_it(services, address, proxies, fine):
    found = await wrong(replace(services, public_url=address, proxies=proxies))

    assert ("MINHCHUAN_PROXIES" not in found) is fine
