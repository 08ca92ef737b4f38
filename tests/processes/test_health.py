"""Each process of docker-compose.yml, started with just the variables that it has there, lives and does its work."""

import asyncio
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml

from domain.export import ExportState
from infra.identity.tenants import Tenant
from infra.platform.config import Misconfigured, Settings
from projections.catalogue import PROJECTIONS
from services.processes import health
from services.processes.health import beating
from services.processes.supervise import kept_port
from tests.processes.test_worker import ask, settled, until
from tests.provinces.story import Story, prepared

PROCESSES = ("web", "projector", "sealer", "worker-short", "worker-long")


@pytest.fixture(scope="module")
def services(own_services: Settings) -> Settings:
    return own_services


@pytest.fixture(scope="module")
def province(services: Settings) -> Tenant:
    return prepared(services)


@pytest.fixture
def surroundings(services: Settings, tmp_path: Path) -> dict[str, str]:
    """What the variables of compose are here. Secrets are in files, as they are there."""
    (tmp_path / "beats").mkdir()
    (tmp_path / "server").write_text(services.secret)
    (tmp_path / "kek").write_text(services.key_encryption_key().hex())
    port = kept_port(tmp_path, "web")
    return services.environment() | {
        "MINHCHUAN_PORT": str(port),
        "MINHCHUAN_PUBLIC_URL": f"http://127.0.0.1:{port}",
        "MINHCHUAN_SECRET_FILE": str(tmp_path / "server"),
        "MINHCHUAN_KEK_FILE": str(tmp_path / "kek"),
        "MINHCHUAN_BEATS": str(tmp_path / "beats"),
        "MINHCHUAN_KEYS_KEPT_DAYS": "7",
    }


@contextmanager
def container(name: str, surroundings: dict[str, str], home: Path) -> Iterator[dict[str, str]]:
    """The process with the variables that compose gives it and no others; what `minhchuan health` sees beside it."""
    compose: dict[str, Any] = yaml.safe_load((Path(__file__).parents[2] / "docker-compose.yml").read_text())
    process = compose["services"][name]
    given = {variable: surroundings[variable] for variable in process["environment"]}
    if not any(":/var/lib/minhchuan" in mount for mount in process.get("volumes", [])):
        assert "MINHCHUAN_FOLDER" not in given, name
    elif name == "sealer":
        given["MINHCHUAN_FOLDER"] = str(home / "of-the-sealer")
    environment = {"PATH": os.environ["PATH"], "HOME": str(home), **given}
    command = [sys.executable, "-m", "services.cli", *process["command"]]
    with subprocess.Popen(command, env=environment, cwd=Path(__file__).parents[2]) as running:
        try:
            yield environment
        finally:
            running.terminate()


async def lives(name: str, environment: dict[str, str]) -> bool:
    asked = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "services.cli", "health", name, env=environment, stderr=asyncio.subprocess.DEVNULL
    )
    return await asked.wait() == 0


@pytest.mark.fault
async def test_every_process_works_with_what_compose_gives_it(
    story: Story, surroundings: dict[str, str], tmp_path: Path
):
    home = tmp_path / "home"  # as on a read-only root: nobody may make it
    tmp_path.chmod(0o755)
    with ExitStack() as stack:
        started = {name: stack.enter_context(container(name, surroundings, home)) for name in PROCESSES}
        for name, environment in started.items():

            async def living(name: str = name, environment: dict[str, str] = environment) -> bool:
                return await lives(name, environment)

            await until(living, 0.5)

        export = await ask(story)
        assert await settled(story, export) == {ExportState.READY}
        last = await story.house.store.position(story.tenant)
        assert (await story.house.seals.recorded(story.tenant, last, timeout=60)).is_recorded
        names = tuple(one.name for one in PROJECTIONS)
        assert await story.house.reached(story.tenant, names, last, 60)
        async with httpx.AsyncClient() as client:
            url = surroundings["MINHCHUAN_PUBLIC_URL"]
            assert (await client.get(f"{url}/readyz")).status_code == 200
            assert (await client.get(f"{url}/t/{story.tenant.slug}/cong-khai")).status_code == 200
    assert not (home / ".local").exists()


def test_a_process_that_is_not_there_is_dead(services: Settings, tmp_path: Path, capsys):
    settings = replace(services, beats=tmp_path, port=1)

    assert health.run(settings, "projector") == 1
    assert health.run(settings, "web") == 1
    said = capsys.readouterr().err
    assert re.search(r"projector: has shown no sign of life yet\nweb: does not answer on port 1", said)


async def test_one_that_hangs_is_dead_and_one_that_goes_round_lives(services: Settings, tmp_path: Path):
    settings = replace(services, beats=tmp_path / "beats")
    file = tmp_path / "beats" / "sealer"
    async with beating(settings, "sealer"):

        async def beaten() -> bool:
            return file.exists()

        await until(beaten)
        assert health.run(settings, "sealer") == 0

    then = file.stat().st_mtime - health.LATE - 1
    os.utime(file, (then, then))
    assert health.run(settings, "sealer") == 1


def test_what_cannot_be_asked_is_said(services: Settings):
    with pytest.raises(Misconfigured, match="MINHCHUAN_BEATS"):
        health.run(services, "sealer")
    with pytest.raises(Misconfigured, match="MINHCHUAN_PORT"):
        health.run(replace(services, port=0), "web")


async def test_where_no_folder_for_beats_is_given_nothing_is_written(services: Settings, tmp_path: Path):
    async with beating(services, "projector"):
        assert services.beats is None
