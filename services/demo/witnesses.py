"""The two witnesses of the demonstration, where an inspectorate and a neighbouring province would run theirs.

Each has a folder, a key and a process of its own; that all of it lies on one machine is what makes it a demonstration.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from infra.identity.tenants import Tenant
from infra.ledger.note import VerifierKey
from infra.platform.config import Settings
from infra.platform.durable_files import write_durably
from infra.transparency.seal_status import CheckpointStatus
from infra.transparency.sealer_store import SealerStore
from infra.transparency.witness_server import Cosigner
from services.app import App
from services.operations.publish_policy import publish
from services.processes.supervise import NotReady, kept_port

#: What policies call them, and the names of their keys.
WITNESSES = {"thanh-tra": "thanh-tra.example/witness", "tinh-ban": "tinh-ban.example/witness"}

#: All of them must cosign.
QUORUM = len(WITNESSES)

#: Seconds until a log is sealed, and cosigned.
PATIENCE = 60.0


def programs(settings: Settings) -> Mapping[str, Sequence[str]]:
    """Their processes, for the supervisor; keys and ports are there before they start."""
    for name, key in WITNESSES.items():
        Cosigner.open(_folder(settings, name), key)
        kept_port(_folder(settings, name), "witness")
    return {f"witness-{name}": ("witness", "--folder", str(_folder(settings, name))) for name in WITNESSES}


async def trust(house: App, tenant: Tenant) -> None:
    """Make the witnesses know the province's log, and have its policy ask for them. Raises NotReady."""
    settings = house.settings
    seal = await house.seals.recorded(tenant, 1, PATIENCE)
    if seal.first is None:
        raise NotReady(f"the log of {tenant.slug} is not sealed; see {settings.folder / 'sealer.log'}")
    log = SealerStore(settings.seals).key(tenant).verifier
    lines = [f"log {log}"]
    for name in WITNESSES:
        folder = _folder(settings, name)
        _make_known(folder / "logs", log)
        port = (folder / "witness.port").read_text().strip()
        lines.append(f"witness {name} {Cosigner.open(folder).vkey} http://127.0.0.1:{port}")
    lines.append(f"quorum {QUORUM}")
    await publish(house, tenant, "".join(f"{line}\n" for line in lines).encode())


async def cosigned(house: App, tenant: Tenant) -> CheckpointStatus:
    """The seal of all that the province's log holds now, once it is witnessed; or as it is when that takes long."""
    return await house.seals.recorded(tenant, await house.store.position(tenant), PATIENCE)


def _folder(settings: Settings, name: str) -> Path:
    return settings.folder / f"witness-{name}"


def _make_known(file: Path, log: VerifierKey) -> None:
    known = file.read_text().splitlines() if file.exists() else []
    if str(log) not in known:
        write_durably(file, "".join(f"{line}\n" for line in (*known, log)).encode())
