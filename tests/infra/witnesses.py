"""Logs with a policy, and witnesses at an address: honest ones, and ones that answer whatever a test says."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from http import HTTPStatus
from pathlib import Path
from uuid import uuid4

import asyncpg

from domain.log import LOG, Log
from infra.identity.tenants import Tenant
from infra.ledger.note import KeyKind, Note, SignerKey, VerifierKey, read_signatures
from infra.ledger.witness import Request, WitnessAnswer
from infra.ledger.witness_policy import Policy, PolicyVerdict
from infra.log.eventstore import Command, EventStore
from infra.platform.config import Settings
from infra.platform.database import Connection
from infra.transparency.ask_witnesses import Witnessing, witnessing
from infra.transparency.seal_status import CheckpointState, CheckpointStatus, CheckpointStatuses
from infra.transparency.sealer import Sealer, connect, record_halt
from infra.transparency.sealer_store import KeyOwner, SealerStore
from infra.transparency.witness_policies import read_policy
from infra.transparency.witness_server import Cosigner

#: What a witness answers to a body; None: it never does.
Answering = Callable[[bytes], WitnessAnswer | None]


class AtAddress:
    """A witness that is asked at `url`, and what it was asked."""

    def __init__(self, name: str, vkey: VerifierKey, answering: Answering) -> None:
        self.name = name
        self.vkey = vkey
        self.answering = answering
        self.asked: list[bytes] = []
        self.url = ""

    @property
    def line(self) -> str:
        """What a policy says of it."""
        return f"witness {self.name} {self.vkey} {self.url}\n"

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            head = (await reader.readuntil(b"\r\n\r\n")).decode().lower()
            length = int(head.partition("content-length: ")[2].partition("\r")[0])
            body = await reader.readexactly(length)
            self.asked.append(body)
            answer = self.answering(body)
            if answer is None:
                await reader.read()  # until the other side has had enough
                return
            raw = answer.body.encode()
            writer.write(
                f"HTTP/1.1 {int(answer.status)} X\r\nContent-Type: {answer.type}\r\n"
                f"Content-Length: {len(raw)}\r\nConnection: close\r\n\r\n".encode()
                + raw
            )
            await writer.drain()
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()


@asynccontextmanager
async def at_address(name: str, vkey: VerifierKey, answering: Answering) -> AsyncIterator[AtAddress]:
    witness = AtAddress(name, vkey, answering)
    server = await asyncio.start_server(witness.serve, "127.0.0.1", 0)
    witness.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    try:
        yield witness
    finally:
        server.close()


@asynccontextmanager
async def honest(folder: Path, name: str, *logs: VerifierKey) -> AsyncIterator[AtAddress]:
    """A witness as it is, that knows these logs."""
    cosigner = Cosigner.open(folder / name, f"{name}.example/w")
    knows(folder / name, *logs)
    async with at_address(name, cosigner.vkey, cosigner.answer) as witness:
        yield witness


def knows(folder: Path, *logs: VerifierKey) -> None:
    (folder / "logs").write_text("".join(f"{log}\n" for log in logs))


def a_key(name: str) -> SignerKey:
    """The key of a witness that a test plays itself."""
    return SignerKey.new(f"{name}.example/w", KeyKind.COSIGNATURE)


def cosigned(request: Request, key: SignerKey, *, text: str = "", name: str = "") -> WitnessAnswer:
    """A cosignature, under another text or name where one is given."""
    line = key.sign(text or request.checkpoint.text, 1_800_000_000).line
    return WitnessAnswer(HTTPStatus.OK, line.replace(key.name, name) if name else line)


def a_policy(log: VerifierKey, quorum: int, *witnesses: AtAddress) -> str:
    return f"log {log}\n{''.join(one.line for one in witnesses)}quorum {quorum}\n"


async def publish(store: EventStore, tenant: Tenant, policy: str) -> None:
    await in_log(store, tenant, lambda log: log.publish_policy(policy))


async def grow(store: EventStore, tenant: Tenant, facts: int = 1) -> None:
    """So many facts more in the log, and its first one where it has none."""

    def announce(log: Log) -> None:
        for _ in range(facts):
            log.announce_key(uuid4().hex)

    await in_log(store, tenant, announce)


async def in_log(store: EventStore, tenant: Tenant, deed: Callable[[Log], None]) -> None:
    loaded = await store.load(tenant, LOG)
    if loaded.aggregate is None:
        loaded.aggregate = Log(
            id=LOG.id(tenant.id), origin=tenant.log, province_code=tenant.province_code, province=tenant.name
        )
    deed(loaded.aggregate)
    facts = [(LOG, fact) for fact in loaded.aggregate.collect_events()]
    await store.append(tenant, Command(id=uuid4(), facts=facts, actor="operator", unit="", mandate=""), [loaded])


PATIENCE = 10.0


class House:
    """A log, its sealer, and the witnesses of one test."""

    def __init__(
        self, services: Settings, store: EventStore, seals: CheckpointStatuses, tenant: Tenant, folder: Path
    ) -> None:
        self.services = services
        self.store = store
        self.seals = seals
        self.tenant = tenant
        self.folder = folder
        self.keep = SealerStore(folder / "sealer")
        self.halted: list[str] = []
        self.stack = AsyncExitStack()
        self.sealer: Sealer
        self.witnesses: Witnessing
        self.superuser: asyncpg.Connection

    async def begin(self) -> None:
        self.superuser = await asyncpg.connect(self.services.database_url.replace("minhchuan@", "postgres@"))
        await self.superuser.execute("SET session_replication_role = replica")
        self.stack.push_async_callback(self.superuser.close)
        await self.start_sealer()
        self.witnesses = await self.stack.enter_async_context(
            witnessing(self.services.sealer_url, self.halt, first_pause=0.05)
        )
        await self.grow()

    async def start_sealer(self) -> None:
        """A sealer that knows what is in its folder and in the database; the one before has to be closed."""
        self.sealer = Sealer(await connect(self.services.sealer_url), self.keep)
        self.stack.push_async_callback(self.sealer.close)

    async def halt(self, tenant: KeyOwner, connection: Connection, reason: str) -> None:
        await record_halt(connection, tenant, reason)
        self.halted.append(reason)

    @property
    def log(self) -> VerifierKey:
        return self.keep.key(self.tenant).verifier

    async def honest(self, name: str) -> AtAddress:
        return await self.stack.enter_async_context(honest(self.folder, name, self.log))

    async def playing(
        self, name: str, answering: Callable[[Request], WitnessAnswer | None], key: SignerKey
    ) -> AtAddress:
        """A witness that answers as it is told."""
        return await self.stack.enter_async_context(
            at_address(name, key.verifier, lambda raw: answering(Request.read(raw)))
        )

    async def grow(self, facts: int = 1) -> Note:
        """More facts, sealed."""
        await grow(self.store, self.tenant, facts)
        return await self.seal()

    async def seal(self) -> Note:
        note = await self.sealer.seal(self.tenant)
        assert note is not None
        return note

    async def trust(self, quorum: int, *witnesses: AtAddress) -> None:
        """Publish the policy, seal, and ask."""
        await publish(self.store, self.tenant, a_policy(self.log, quorum, *witnesses))
        await self.seal()
        self.witnesses.ask(self.tenant)

    async def of(self, position: int | None = None) -> CheckpointStatus:
        return await self.seals.of(self.tenant, position or await self.store.position(self.tenant))

    async def witnessed(self) -> CheckpointStatus:
        """The seal of the last fact, once it is witnessed."""
        seal = await self.seals.recorded(self.tenant, await self.store.position(self.tenant), PATIENCE)
        assert seal.state is CheckpointState.WITNESSED, seal
        return seal

    async def verdict(self, size: int) -> PolicyVerdict:
        """What an inspector's policy says of a checkpoint with what is stored under it. Raises QuorumMissed."""
        schema = self.tenant.id
        note = await self.superuser.fetchval(f"SELECT note FROM {schema}.sealings WHERE size = $1", size)
        lines = await self.superuser.fetch(f"SELECT line FROM {schema}.cosignatures WHERE size = $1", size)
        policy = await read_policy(self.superuser, self.tenant)
        assert policy is not None
        return Policy.read(bytes(policy)).verify(
            Note.read(note).also(one for row in lines for one in read_signatures(row["line"]))
        )
