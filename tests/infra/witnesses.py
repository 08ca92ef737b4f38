"""Logs with a policy, and witnesses at an address: honest ones, and ones that answer whatever a test says."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from uuid import uuid4

from domain.log import LOG, Log
from infra.cosigning import Cosigner
from infra.eventstore import Command, EventStore
from infra.ledger.note import Kind, SignerKey, VerifierKey
from infra.ledger.witness import Answer
from infra.tenants import Tenant

#: What a witness answers to a body; None: it never does.
Answering = Callable[[bytes], Answer | None]


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
    return SignerKey.new(f"{name}.example/w", Kind.COSIGNATURE)


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
