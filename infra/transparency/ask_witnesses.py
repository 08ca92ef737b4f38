"""Asks witnesses to cosign what was sealed: those that a log's policy names, each for the latest checkpoint.

Sealing never waits for this: it happens over connections of its own, a task for each log and witness, so that one
that is slow or gone delays nobody else. What fails is tried again after a pause that grows; by then there may be a
later checkpoint, and only that one is asked for.

A witness that says that it has cosigned another history of the log, be it longer or with another root, is believed:
the log is halted. Anything else that it says but a cosignature that holds is no cosignature.
"""

import asyncio
import traceback
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from http import HTTPStatus
from typing import NamedTuple

import asyncpg
import httpx2
import structlog

from infra.ledger.checkpoint import Checkpoint
from infra.ledger.note import Note, read_signatures
from infra.ledger.text import LARGEST, BadProof, Invalid, Malformed, read_decimal, read_utf8
from infra.ledger.tiles import consistency_path, consistency_proof, places, root
from infra.ledger.tree import verify_consistency
from infra.ledger.witness import SIZE_TYPE, Request
from infra.ledger.witness_policy import TrustedWitness
from infra.log.epochs import beginning_of
from infra.platform.database import LOST, Connection, Pool, schema_of
from infra.transparency.sealer import SEALED, read_tiles
from infra.transparency.sealer_store import KeyOwner, Unkept
from infra.transparency.witness_policies import read_policy

#: Seconds that a witness may take for a whole answer.
TIMEOUT = 5.0

#: Seconds of the first pause before a witness is asked again; each is twice as long as the one before, up to the last.
FIRST_PAUSE = 0.5
LONGEST_PAUSE = 16.0

#: Bytes of an answer: some signature lines.
ANSWER_LIMIT = 64 * 1_024

#: Sizes that a witness may name, one after the other, before it is left alone for a while.
TRIES = 3

log = structlog.get_logger("sealer")


class NotCosigned(Exception):
    """The witness has not cosigned this time; the text says why."""


class Contradicted(Exception):
    """The witness has cosigned another history of this log; the text says which."""


Halt = Callable[[KeyOwner, Connection, str], Awaitable[None]]


class _Latest(NamedTuple):
    """The last checkpoint of a log, and the size that a witness has cosigned last of its epoch, as far as we know."""

    note: Note
    checkpoint: Checkpoint
    cosigned: int


class Witnessing:
    """The witnesses of all logs that one sealer seals. `halt` is told of a log that must not be sealed any further."""

    def __init__(self, pool: Pool, http: httpx2.AsyncClient, halt: Halt, first_pause: float) -> None:
        self._pool = pool
        self._http = http
        self._halt = halt
        self._first_pause = first_pause
        self._logs: dict[str, _WitnessTask] = {}
        self._halted: set[str] = set()

    async def close(self) -> None:
        """Ask no more."""
        await asyncio.gather(*(errand.end() for errand in self._logs.values()))

    def ask(self, tenant: KeyOwner) -> None:
        """Have the latest checkpoint of this log cosigned, in tasks that go on until it is; returns at once."""
        if tenant.id not in self._logs:
            self._logs[tenant.id] = _WitnessTask(lambda errand: self._look_after(tenant, errand))
        self._logs[tenant.id].wanted.set()

    async def ask_once(self, tenant: KeyOwner) -> None:
        """Ask every witness of this log for the latest checkpoint, and leave it at what they say."""
        witnesses = await self._witnesses(tenant)
        await asyncio.gather(*(self._try(tenant, witness, _LastReport()) for witness in witnesses or ()))

    # Tasks --------------------------------------------------------------------------------------------

    async def _look_after(self, tenant: KeyOwner, errand: "_WitnessTask") -> None:
        """One log: whenever it was sealed, send for each witness of the policy in force, and for no other."""
        sent: dict[TrustedWitness, _WitnessTask] = {}
        try:
            while True:
                await errand.wanted.wait()
                errand.wanted.clear()
                wanted = await self._witnesses(tenant)
                if wanted is None:
                    errand.wanted.set()
                    await asyncio.sleep(FIRST_PAUSE)
                    continue
                for witness in sent.keys() - set(wanted):
                    await sent.pop(witness).end()
                for witness in wanted:
                    if witness not in sent:
                        sent[witness] = _WitnessTask(self._pursuing(tenant, witness))
                    sent[witness].wanted.set()
        finally:
            for one in sent.values():
                await one.end()

    async def _witnesses(self, tenant: KeyOwner) -> tuple[TrustedWitness, ...] | None:
        """Those of the policy in force; nobody where there is none that can be read, None when we could not look."""
        try:
            async with self._connection() as connection:
                policy = await read_policy(connection, tenant)
        except Exception as reason:  # noqa: BLE001 - whatever it is, sealing goes on
            log.error("the policy cannot be read", tenant=tenant.id, reason=_short_reason(reason))  # noqa: TRY400 - it says all
            return () if isinstance(reason, Invalid) else None
        return policy.witnesses if policy else ()

    def _pursuing(self, tenant: KeyOwner, witness: TrustedWitness) -> "Callable[[_WitnessTask], Awaitable[None]]":
        async def pursue(errand: _WitnessTask) -> None:
            said = _LastReport()
            pause = self._first_pause
            while True:
                await errand.wanted.wait()
                errand.wanted.clear()
                if await self._try(tenant, witness, said):
                    pause = self._first_pause
                else:
                    errand.wanted.set()
                    await asyncio.sleep(pause)
                    pause = min(2 * pause, LONGEST_PAUSE)

        return pursue

    async def _try(self, tenant: KeyOwner, witness: TrustedWitness, said: "_LastReport") -> bool:
        """Ask once; whether there is nothing left to ask for. What is wrong is said when it is something new."""
        if tenant.id in self._halted:
            return True
        try:
            try:
                await self._cosigned(tenant, witness)
            except Contradicted as reason:
                async with self._connection() as connection:
                    await self._halt(tenant, connection, str(reason))
                self._halted.add(tenant.id)
        except (NotCosigned, Unkept, *LOST, asyncpg.PostgresError, Invalid) as reason:
            if said.is_new(_short_reason(reason)):
                log.warning("not cosigned", tenant=tenant.id, witness=witness.name, reason=_short_reason(reason))
            return False
        except Exception as reason:  # noqa: BLE001 - tried again
            if said.is_new(_short_reason(reason)):
                trace = traceback.format_exc()
                log.error("a witness could not be asked", witness=witness.name, trace=trace)  # noqa: TRY400 - it has it
            return False
        if said.is_new(""):
            log.warning("cosigned again", tenant=tenant.id, witness=witness.name)
        return True

    # One request --------------------------------------------------------------------------------------

    async def _cosigned(self, tenant: KeyOwner, witness: TrustedWitness) -> None:
        """Have the latest checkpoint cosigned, if it is not yet. Raises NotCosigned, Contradicted, Invalid."""
        async with self._connection() as connection:
            latest = await _latest(connection, tenant, witness)
        if latest is None or latest.cosigned == latest.checkpoint.size:
            return
        old = latest.cosigned
        for _ in range(TRIES):
            async with self._connection() as connection:
                request = await _request(connection, tenant, old, latest)
            answer = await self._send(witness.url, request)
            if answer.status == HTTPStatus.OK:
                await self._store(tenant, witness, latest, answer)
                return
            if answer.status == HTTPStatus.UNPROCESSABLE_ENTITY:
                size = latest.checkpoint.size
                raise Contradicted(f"{witness.name} refuses {size} facts: it has cosigned others for the first {old}")
            if answer.status != HTTPStatus.CONFLICT:
                raise NotCosigned(f"status {answer.status}: {answer.text[:200].strip()}")
            told = answer.size()
            if told < latest.cosigned:  # it may cosign anything now; what it says is worth nothing until it is replaced
                raise NotCosigned(f"it has cosigned {latest.cosigned} facts and remembers {told}: it is to be retired")
            if told == old:
                raise NotCosigned(f"it was asked from {old}, and says that it has cosigned {old}")
            if told > latest.checkpoint.size:
                await self._beyond(tenant, witness, told)
            old = told
        raise NotCosigned(f"it names one size after the other, the last one being {old}")

    async def _beyond(self, tenant: KeyOwner, witness: TrustedWitness, told: int) -> None:
        """A witness has cosigned a size beyond ours. Contradicted, unless another sealer has got there meanwhile."""
        async with self._connection() as connection:
            latest = await _latest(connection, tenant, witness)
        size = latest.checkpoint.size if latest else 0
        if told > size:
            raise Contradicted(f"{witness.name} has cosigned {told} facts, and no more than {size} were sealed")
        raise NotCosigned(f"a later checkpoint, of {size}, was sealed meanwhile")

    async def _send(self, url: str, request: Request) -> "_Answer":
        """Raises NotCosigned when there is no answer in time, or none that could be one."""
        try:
            async with (
                asyncio.timeout(TIMEOUT),
                self._http.stream("POST", f"{url.rstrip('/')}/add-checkpoint", content=bytes(request)) as response,
            ):
                raw = b""
                async for chunk in response.aiter_raw():
                    raw += chunk
                    if len(raw) > ANSWER_LIMIT:
                        raise NotCosigned(f"an answer of more than {ANSWER_LIMIT} bytes")
                kind = response.headers.get("content-type", "")
                return _Answer(response.status_code, kind, raw)
        except TimeoutError:
            raise NotCosigned(f"no answer within {TIMEOUT:.0f} s") from None
        except (httpx2.HTTPError, httpx2.InvalidURL) as reason:
            raise NotCosigned(f"no answer: {_short_reason(reason)}") from None

    async def _store(self, tenant: KeyOwner, witness: TrustedWitness, latest: _Latest, answer: "_Answer") -> None:
        """Keep the cosignature, if it is one of this witness under this checkpoint. Raises Invalid, NotCosigned."""
        note = Note(latest.note.text, read_signatures(answer.text))
        if not note.check([witness.key]):
            raise NotCosigned("what it answers is signed by somebody else")
        line = next(one.line for one in note.signatures if (one.name, one.id) == (witness.key.name, witness.key.id))
        async with self._connection() as connection:
            await connection.execute(
                f"""
                INSERT INTO {schema_of(tenant)}.cosignatures (size, witness, line) VALUES ($1, $2, $3)
                ON CONFLICT DO NOTHING
                """,
                latest.checkpoint.size,
                str(witness.key),
                line,
            )
            await connection.execute("SELECT pg_notify($1, $2)", SEALED, tenant.id)

    @asynccontextmanager
    async def _connection(self) -> AsyncIterator[Connection]:
        async with self._pool.acquire() as connection:
            yield connection  # type: ignore[misc]  # the pool's proxy has all of a connection


@asynccontextmanager
async def witnessing(dsn: str, halt: Halt, *, first_pause: float = FIRST_PAUSE) -> AsyncIterator[Witnessing]:
    """Ask witnesses while the block lasts, with the sealer's login."""
    settings = {"lock_timeout": "2s", "jit": "off", "TimeZone": "UTC"}
    async with (
        asyncpg.create_pool(dsn, min_size=0, max_size=4, server_settings=settings) as pool,
        httpx2.AsyncClient(
            timeout=TIMEOUT, follow_redirects=False, trust_env=False, headers={"Accept-Encoding": "identity"}
        ) as http,
    ):
        found = Witnessing(pool, http, halt, first_pause)
        try:
            yield found
        finally:
            await found.close()


class _WitnessTask:
    """A task that does something whenever it is wanted."""

    def __init__(self, run: "Callable[[_WitnessTask], Awaitable[None]]") -> None:
        self.wanted = asyncio.Event()
        self._task = asyncio.ensure_future(run(self))

    async def end(self) -> None:
        self._task.cancel()
        await asyncio.gather(self._task, return_exceptions=True)


class _LastReport:
    """What was said of a witness last: it is not said again until it changes."""

    def __init__(self) -> None:
        self._last = ""

    def is_new(self, reason: str) -> bool:
        changed, self._last = reason != self._last, reason
        return changed


class _Answer(NamedTuple):
    status: int
    kind: str
    raw: bytes

    @property
    def text(self) -> str:
        return read_utf8(self.raw, ANSWER_LIMIT, "answer")

    def size(self) -> int:
        """The size that it has cosigned last. Raises Malformed, NotCosigned."""
        if self.kind != SIZE_TYPE:  # another server on the way may have its own conflicts
            raise NotCosigned(f"status {self.status} of type {self.kind[:80]}")
        return read_decimal(self.text.removesuffix("\n"), "size of a witness")


async def _latest(connection: Connection, tenant: KeyOwner, witness: TrustedWitness) -> _Latest | None:
    schema = schema_of(tenant)
    row = await connection.fetchrow(
        f"""
        SELECT note, coalesce((
          SELECT size FROM {schema}.cosignatures WHERE (witness, size) BETWEEN ($1, $2) AND ($1, {LARGEST})
          ORDER BY witness DESC, size DESC LIMIT 1), 0) AS cosigned
        FROM {schema}.sealings WHERE size >= $2 ORDER BY size DESC LIMIT 1
        """,
        str(witness.key),
        await beginning_of(connection, tenant),
    )
    if row is None:
        return None
    note = Note.read(row["note"])
    return _Latest(note, Checkpoint.read(note.text), row["cosigned"])


async def _request(connection: Connection, tenant: KeyOwner, old: int, latest: _Latest) -> Request:
    """What to send: the checkpoint, and the proof that it continues the one of `old`.

    Raises Malformed, BadProof when the stored tiles do not lead to the signed root: then they are wrong, and the
    witness, who could only say that the log is, is not asked.
    """
    new = latest.checkpoint
    path = consistency_path(old, new.size)
    tiles = await read_tiles(connection, tenant, places([*path, (0, old)]))
    try:
        proof = consistency_proof(old, new.size, tiles)
        verify_consistency(old, root(old, tiles), new.size, new.root, proof)
    except (Malformed, BadProof) as reason:
        raise Malformed(f"no proof from {old} to {new.size}, the stored tiles are wrong: {reason}") from None
    return Request.of(old, proof, latest.note)


def _short_reason(reason: BaseException) -> str:
    return str(reason) or type(reason).__name__
