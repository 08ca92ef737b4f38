"""What was acknowledged is in the log, once, whatever is killed and whenever.

Writers are processes of their own that repeat each command until it is answered and note the answer in a file. They,
or the database under them, are killed without warning; then the log is compared with the notes.
"""

import asyncio
import itertools
import json
import os
import random
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path
from uuid import UUID, uuid5

import msgspec
import pytest

from infra.identity.tenants import Tenant, Tenants
from infra.ledger.canonical_json import canonical
from infra.ledger.leaf import leaf_hash, payload_hash
from infra.log.eventstore import Conflict, EventStore, OutcomeUnknown
from infra.platform import embedded
from infra.platform.child_processes import marked
from infra.platform.config import Settings, read_settings
from infra.platform.database import LOST, Database
from infra.schema import migrate
from tests.infra.notebook import MAPPER, a_name, write_line

STREAMS, CLIENTS = 5, 8
COMMANDS = UUID(int=1)


def command_of(client: int, number: int) -> UUID:
    return uuid5(COMMANDS, f"{client}/{number}")


async def write_until_killed(dsn: str, tenant: Tenant, notes: Path, first_client: int) -> None:
    """Each client writes its lines in order, going on after the last one that is noted as answered."""
    database = await Database.open(dsn)
    store = EventStore(database, MAPPER)
    answered = [json.loads(line) for line in notes.read_text().splitlines() if line.endswith("}")]
    with notes.open("a", buffering=1) as file:

        async def write(client: int) -> None:
            begin = max((note["number"] for note in answered if note["client"] == client), default=-1) + 1
            for number in itertools.count(begin):
                name = a_name(f"n{(client + number) % STREAMS}")
                command = command_of(client, number)
                while True:
                    try:
                        result = await write_line(store, tenant, name, f"{client}/{number}", id=command)
                    except (OutcomeUnknown, Conflict, *LOST):
                        await asyncio.sleep(0.02)
                    else:
                        break
                file.write(json.dumps({"client": client, "number": number, "last": result.last}) + "\n")

        await asyncio.gather(*(write(client) for client in range(first_client, first_client + CLIENTS)))


def start_writer(dsn: str, tenant: Tenant, notes: Path, first_client: int = 0) -> subprocess.Popen[bytes]:
    program = (
        "import asyncio, sys\n"
        "from pathlib import Path\n"
        "from infra.identity.tenants import Tenant\n"
        "from tests.infra.log.test_crash import write_until_killed\n"
        "import msgspec\n"
        "tenant = msgspec.json.decode(sys.argv[2], type=Tenant)\n"
        "asyncio.run(write_until_killed(sys.argv[1], tenant, Path(sys.argv[3]), int(sys.argv[4])))\n"
    )
    arguments = [dsn, msgspec.json.encode(tenant).decode(), str(notes), str(first_client)]
    return subprocess.Popen([sys.executable, "-c", program, *arguments], cwd=Path(__file__).parents[3])


async def more_acknowledged(notes: Path) -> None:
    """Until the writer, which may just have begun, has been answered."""
    size = notes.stat().st_size
    async with asyncio.timeout(60):
        while notes.stat().st_size == size:  # noqa: ASYNC110 - another process writes it
            await asyncio.sleep(0.02)


async def check(dsn: str, tenant: Tenant, notes: Path) -> None:
    """Every acknowledged command is in the log where its result says, once; positions and chains are whole."""
    database = await Database.open(dsn)
    async with database.reading(tenant) as connection:
        log = await connection.fetch(f"SELECT * FROM {tenant.id}.events ORDER BY position")
        head = await connection.fetchval(f"SELECT position FROM {tenant.id}.head")

    assert [event["position"] for event in log] == [*range(1, head + 1)]
    acknowledged = [json.loads(line) for line in notes.read_text().splitlines() if line.endswith("}")]
    at = {event["position"]: event for event in log}
    for note in acknowledged:
        event = at[note["last"]]
        assert event["command_id"] == command_of(note["client"], note["number"])
        assert json.loads(event["data"]) == {"text": f"{note['client']}/{note['number']}"}
    lines = [event["command_id"] for event in log if event["topic"] == "notebook.line-written"]
    assert len(lines) == len(set(lines))
    heads: dict[UUID, tuple[int, str]] = {}
    for event in log:
        version, prev = heads.get(event["stream_id"], (0, ""))
        leaf = json.loads(event["leaf"])
        assert (event["version"], leaf["version"], leaf["prev"]) == (version + 1, version + 1, prev)
        assert leaf["payload_sha256"] == payload_hash(canonical(json.loads(event["data"])))
        assert leaf_hash(event["leaf"]) == event["leaf_hash"]
        heads[event["stream_id"]] = (event["version"], event["leaf_hash"].hex())
    store = EventStore(database, MAPPER)
    for number in range(STREAMS):
        await store.load(tenant, a_name(f"n{number}"))
    await store.close()
    await database.close()


@pytest.mark.fault
async def test_killed_writers_lose_nothing_they_acknowledged_and_write_nothing_twice(
    services: Settings, tenant: Tenant, tmp_path: Path
):
    seed = random.Random(20261122)
    notes = [tmp_path / "one", tmp_path / "two"]
    for file in notes:
        file.touch()
    writers = [start_writer(services.app_url, tenant, file, CLIENTS * place) for place, file in enumerate(notes)]
    try:
        for turn in range(12):
            victim = turn % 2
            await more_acknowledged(notes[victim])
            await asyncio.sleep(seed.random() * 0.5)
            assert writers[victim].poll() is None
            writers[victim].kill()
            writers[victim].wait()
            writers[victim] = start_writer(services.app_url, tenant, notes[victim], CLIENTS * victim)
    finally:
        for writer in writers:
            writer.kill()
            writer.wait()

    for file in notes:
        assert file.read_text()
        await check(services.app_url, tenant, file)


@pytest.mark.fault
async def test_a_killed_database_loses_nothing_that_was_acknowledged(tmp_path: Path):
    """SIGKILL to the postmaster and all it started: what a crash leaves is on the disk and in the write-ahead log."""
    postgres = embedded.Postgres(tmp_path / "data", durable=True)
    postgres.data.parent.mkdir()
    notes = tmp_path / "notes"
    notes.write_text("")
    postgres.start()
    try:
        settings = read_settings(tmp_path / "data", {"DATABASE_URL": postgres.url()})
        await migrate.control(settings)
        tenants = Tenants(settings.database_url)
        tenant = await tenants.create(slug="mau", province_code="99", name="Tỉnh Mẫu")
        await tenants.close()
        writer = start_writer(settings.app_url, tenant, notes)
        try:
            for _ in range(3):
                await asyncio.sleep(1.5)
                await asyncio.to_thread(kill_and_restart, postgres)
                assert writer.poll() is None
            acknowledged = len(notes.read_text().splitlines())
            async with asyncio.timeout(60):
                while len(notes.read_text().splitlines()) <= acknowledged:  # noqa: ASYNC110 - a file of another process
                    await asyncio.sleep(0.1)
        finally:
            writer.kill()
            writer.wait()

        await check(settings.app_url, tenant, notes)
    finally:
        postgres.stop()


def kill_and_restart(postgres: embedded.Postgres) -> None:
    living = marked(postgres.mark)
    assert living is not None
    children = subprocess.run(
        ["ps", "-o", "pid=", "--ppid", str(living.pid)], capture_output=True, text=True, check=False
    ).stdout.split()
    for pid in (living.pid, *map(int, children)):
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    time.sleep(0.1)
    postgres.start()
