"""No room on a disk: the sealer's, a witness's, the database's. It is said, nothing is shown that is not kept, and
everything goes on by itself once there is room. The disks are full indeed; what needs a file system of its own, small
enough to be filled, is left out for those who may not make one.
"""

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import suppress
from http import HTTPStatus
from pathlib import Path
from tempfile import gettempdir, mkdtemp
from typing import NamedTuple

import asyncpg
import pytest

from infra.identity.tenants import Tenant
from infra.ledger.checkpoint import Checkpoint
from infra.ledger.note import Note
from infra.log.eventstore import EventStore
from infra.platform.config import Settings
from infra.transparency.sealer import Paused, Sealer, connect
from infra.transparency.sealer_store import SealerStore, Unkept
from infra.transparency.witness_server import Cosigner
from tests.infra.ledger.example import LOG
from tests.infra.ledger.test_witness import a_request
from tests.infra.notebook import a_name, write_line


class SmallDisk:
    """A file system of some kilobytes."""

    def __init__(self, place: Path) -> None:
        self.place = place

    def fill(self) -> None:
        """Not a byte more goes in."""
        with suppress(OSError), (self.place / "filler").open("wb", buffering=0) as filler:
            while filler.write(b"x" * 512):
                pass

    def clear(self) -> None:
        (self.place / "filler").unlink()


@pytest.fixture
def small_disk() -> Iterator[SmallDisk]:
    place = Path(mkdtemp(dir=gettempdir()))
    place.chmod(0o755)
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=256k,mode=0777", "tmpfs", str(place)], capture_output=True, check=False
    )
    if mounted.returncode:
        place.rmdir()
        pytest.skip("only root can make a file system that is small enough to be filled")
    yield SmallDisk(place)
    subprocess.run(["umount", "--lazy", str(place)], check=True)
    place.rmdir()


def checkpoints(keep: SealerStore, tenant: Tenant) -> int:
    """How many facts the sealer has signed for last."""
    note = keep.checkpoint(tenant)
    return Checkpoint.read(note.text).size if note else 0


async def published(superuser: asyncpg.Connection, tenant: Tenant) -> list[int]:
    return [row["size"] for row in await superuser.fetch(f"SELECT size FROM {tenant.id}.sealings ORDER BY size")]


async def halts(superuser: asyncpg.Connection, tenant: Tenant) -> list[str]:
    return [row["reason"] for row in await superuser.fetch(f"SELECT reason FROM {tenant.id}.halts ORDER BY number")]


# The sealer's -----------------------------------------------------------------------------------------


async def test_where_the_sealer_s_disk_takes_nothing_nothing_is_signed_and_it_is_said_once(
    store, tenant, sealer, keep, superuser, tmp_path
):
    await write_line(store, tenant, a_name(), "một")
    await sealer.seal(tenant)
    await write_line(store, tenant, a_name(), "hai")
    full = tmp_path / "sealer" / f"{tenant.id}.checkpoint.new"
    full.symlink_to("/dev/full")

    for _ in range(3):
        with pytest.raises(Paused, match=f"cannot keep .*{tenant.id}.checkpoint: No space left on device"):
            await sealer.seal(tenant)

    assert await published(superuser, tenant) == [checkpoints(keep, tenant)] == [2]
    (said,) = await halts(superuser, tenant)
    assert said.endswith("No space left on device; it is tried again until there is room")

    full.unlink()
    await sealer.seal(tenant)

    assert await published(superuser, tenant) == [2, 3]
    assert checkpoints(keep, tenant) == 3


async def test_a_new_log_whose_key_cannot_be_kept_is_not_sealed(store, tenant, sealer, keep, superuser, tmp_path):
    await write_line(store, tenant, a_name(), "một")
    full = tmp_path / "sealer" / f"{tenant.id}.key.new"
    full.parent.mkdir()
    full.symlink_to("/dev/full")

    with pytest.raises(Paused, match="key: No space left on device"):
        await sealer.seal(tenant)
    assert await published(superuser, tenant) == []

    full.unlink()
    assert await sealer.seal(tenant)


class Owner(NamedTuple):
    id: str
    log: str


@pytest.mark.parametrize("epoch", ["", "e2"])
def test_whatever_a_sealer_must_keep_of_any_epoch_is_said_to_be_unkept_where_nothing_goes_in(keep, tmp_path, epoch):
    log = Owner("t_17", "/".join(["example.org/t/17", *filter(None, [epoch])]))
    key = keep.key(log, new=True)
    deeds: dict[str, Callable[[], object]] = {
        "halted": lambda: keep.halt(log, "why"),
        "checkpoint": lambda: keep.keep(log, Checkpoint(log.log, 0, bytes(32)).sign(key)),
        "next.key": lambda: keep.make_next_key(log),
        f"retired-{key.verifier.id.hex()}.key": lambda: keep.retire(log, key),
    }

    for kind, deed in deeds.items():
        name = ".".join(filter(None, [log.id, epoch, kind]))
        (tmp_path / "sealer" / f"{name}.new").symlink_to("/dev/full")
        with pytest.raises(Unkept, match=f"{name}: No space left on device"):
            deed()
    assert keep.key(log) == key


async def test_a_full_file_system_of_the_sealer_is_waited_for(services, store, tenant, superuser, small_disk):
    keep = SealerStore(small_disk.place / "sealer")
    sealer = Sealer(await connect(services.sealer_url), keep)
    await write_line(store, tenant, a_name(), "một")
    await sealer.seal(tenant)
    await write_line(store, tenant, a_name(), "hai")
    small_disk.fill()

    with pytest.raises(Paused, match="No space left on device"):
        await sealer.seal(tenant)
    assert await published(superuser, tenant) == [checkpoints(keep, tenant)] == [2]

    small_disk.clear()
    await sealer.seal(tenant)
    assert await published(superuser, tenant) == [2, 3]
    assert checkpoints(keep, tenant) == 3
    await sealer.close()


# A witness's ------------------------------------------------------------------------------------------

#: A witness that may write no file any further than so many bytes, asked; and asked again when it may.
ASKED = """
import json, resource, sys
from pathlib import Path
from infra.transparency.witness_server import Cosigner
from tests.infra.ledger.test_witness import a_request

witness = Cosigner.open(Path(sys.argv[1]))
found = [witness.answer(bytes(a_request(0, 5))).status]
unlimited = resource.getrlimit(resource.RLIMIT_FSIZE)
resource.setrlimit(resource.RLIMIT_FSIZE, (1024, unlimited[1]))
found.append(witness.answer(bytes(a_request(5, 9))).status)
resource.setrlimit(resource.RLIMIT_FSIZE, unlimited)
behind = witness.answer(bytes(a_request(0, 9)))
found += [behind.body.strip(), witness.answer(bytes(a_request(5, 9))).status]
print("found", json.dumps(found))
"""


def test_a_witness_that_can_write_no_further_cosigns_nothing_says_why_and_goes_on_when_it_can(tmp_path):
    Cosigner.open(tmp_path, "witness.example/w")
    (tmp_path / "logs").write_text(f"{LOG.verifier}\n")

    said = subprocess.run(
        [sys.executable, "-c", ASKED, str(tmp_path)],
        cwd=Path(__file__).parents[3],
        capture_output=True,
        text=True,
        check=True,
    ).stdout

    refused = HTTPStatus.SERVICE_UNAVAILABLE
    assert json.loads(said.partition("found ")[2]) == [HTTPStatus.OK, refused, "5", HTTPStatus.OK]
    assert "nothing can be stored, so nothing is cosigned" in said


def test_a_full_file_system_of_a_witness_is_waited_for(small_disk):
    folder = small_disk.place / "w"
    witness = Cosigner.open(folder, "witness.example/w")
    (folder / "logs").write_text(f"{LOG.verifier}\n")
    assert witness.answer(bytes(a_request(0, 5))).status == HTTPStatus.OK

    small_disk.fill()
    assert witness.answer(bytes(a_request(5, 9))).status == HTTPStatus.SERVICE_UNAVAILABLE
    assert witness.answer(bytes(a_request(0, 9))).body == "5\n"

    small_disk.clear()
    assert witness.answer(bytes(a_request(5, 9))).status == HTTPStatus.OK


# The database's ---------------------------------------------------------------------------------------


@pytest.fixture
async def small_table(
    services: Settings, superuser: asyncpg.Connection, tenant: Tenant, small_disk: SmallDisk
) -> SmallDisk:
    """The table of checkpoints on a disk of its own."""
    data = services.folder / "postgres"
    if not data.exists():
        pytest.skip("the server of the environment cannot be given a disk")
    place = small_disk.place / "postgres"
    place.mkdir(mode=0o700)
    os.chown(place, data.stat().st_uid, data.stat().st_gid)
    await superuser.execute(f"CREATE TABLESPACE {tenant.id} LOCATION '{place}'")
    await superuser.execute(f"ALTER TABLE {tenant.id}.sealings SET TABLESPACE {tenant.id}")
    return small_disk


async def seal_on_and_on(store: EventStore, tenant: Tenant, sealer: Sealer) -> None:
    for number in range(100):
        await write_line(store, tenant, a_name(), f"dòng {number}")
        await sealer.seal(tenant)


async def test_a_database_without_room_is_waited_for_and_gets_what_was_signed(
    services: Settings, store: EventStore, tenant: Tenant, keep: SealerStore, superuser: asyncpg.Connection, small_table
):
    sealer = Sealer(await connect(services.sealer_url), keep)
    await write_line(store, tenant, a_name(), "một")
    await sealer.seal(tenant)
    small_table.fill()

    with pytest.raises(Paused, match="No space left on device"):
        await seal_on_and_on(store, tenant, sealer)

    sizes = await published(superuser, tenant)
    assert checkpoints(keep, tenant) > max(sizes)
    (said,) = await halts(superuser, tenant)
    assert "could not extend file" in said
    await sealer.close()

    small_table.clear()
    again = Sealer(await connect(services.sealer_url), keep)
    await write_line(store, tenant, a_name(), "cuối")
    while await again.seal(tenant):
        pass

    later = await published(superuser, tenant)
    assert later[: len(sizes)] == sizes
    assert later[-1] == checkpoints(keep, tenant) == await store.position(tenant)
    notes = [
        Note.read(row["note"]) for row in await superuser.fetch(f"SELECT note FROM {tenant.id}.sealings ORDER BY size")
    ]
    assert all(note.check([keep.key(tenant).verifier]) for note in notes)
    await again.close()
    await superuser.execute(f"ALTER TABLE {tenant.id}.sealings SET TABLESPACE pg_default")
    await superuser.execute(f"DROP TABLESPACE {tenant.id}")
