"""Checkpoint status of a position: sealed at which checkpoint, cosigned by how many, halted for what.

The one door by which pages learn it. Nothing counts as witnessed here but a stored checkpoint that the policy of its
epoch accepts, signatures and all; and a log without witnesses is never said to have any.
"""

import asyncio
from datetime import datetime
from enum import StrEnum

import asyncpg
import msgspec

from infra.ledger.note import Note, read_signatures
from infra.ledger.text import LARGEST, Invalid
from infra.ledger.witness_policy import Cosigned, Policy
from infra.platform.database import Connection, Database, begun_again, schema_of
from infra.platform.notifications import Waiter
from infra.transparency.sealer import SEALED
from infra.transparency.sealer_store import KeyOwner
from infra.transparency.witness_policies import PolicyEpoch, read_eras


class CheckpointState(StrEnum):
    """How far a position has come."""

    RECEIVED = "received"
    """It is in the log, and no checkpoint covers it yet: whoever runs the database could still drop it unseen."""

    SEALED = "sealed"
    """A checkpoint covers it, and nobody is asked to cosign: no policy was published, or its quorum is 0."""

    AWAITING = "awaiting"
    """A checkpoint covers it, and too few witnesses have cosigned one that does."""

    WITNESSED = "witnessed"
    """A checkpoint that covers it carries the quorum."""


class SignedCheckpoint(msgspec.Struct, frozen=True):
    """A checkpoint of so many facts, and when it was signed, by the clock of the database."""

    size: int
    at: datetime


class CheckpointStatus(msgspec.Struct, frozen=True):
    """What is known of one position.

    `first` is the first checkpoint that covers it, `latest` the log's last one, covering it or not. `cosigned` are
    the witnesses under `by`: the first covering checkpoint that carries the quorum (the last that does, where a key
    signed the first that the policy names no more) or, until there is one, the last that anybody has cosigned.
    `quorum` is None where no policy was published; in a new epoch it is that of the last policy before it, which
    nothing meets there, until the epoch has one of its own. `halted` says why the log is not sealed any further; what
    was witnessed before remains so.
    """

    position: int
    first: SignedCheckpoint | None = None
    latest: SignedCheckpoint | None = None
    by: SignedCheckpoint | None = None
    cosigned: tuple[Cosigned, ...] = ()
    witnesses: int = 0
    quorum: int | None = None
    witnessed: bool = False
    halted: str | None = None

    @property
    def state(self) -> CheckpointState:
        if self.first is None:
            return CheckpointState.RECEIVED
        if self.witnessed:
            return CheckpointState.WITNESSED
        return CheckpointState.AWAITING if self.has_witnesses else CheckpointState.SEALED

    @property
    def has_witnesses(self) -> bool:
        """Somebody must cosign. Where nobody must, that has to be said wherever the seal is shown."""
        return bool(self.quorum)

    @property
    def is_recorded(self) -> bool:
        """It may be answered "recorded": sealed, and witnessed where there are witnesses."""
        return self.state in {CheckpointState.SEALED, CheckpointState.WITNESSED}


class CheckpointStatuses:
    """The seals of all logs, for one process: looked up, or waited for."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._news = Waiter(database.dsn, SEALED)

    async def close(self) -> None:
        await self._news.close()

    @begun_again
    async def of(self, tenant: KeyOwner, position: int) -> CheckpointStatus:
        """The seal of a position, now."""
        async with self._database.reading(tenant) as connection:
            return await _seal(connection, tenant, position)

    async def recorded(
        self,
        tenant: KeyOwner,
        position: int,
        timeout: float = 5.0,  # noqa: ASYNC109 - it answers with what it has, and raises nothing
    ) -> CheckpointStatus:
        """Wait until the position may be answered "recorded"; the seal as it is then, or when that took too long.

        A log that is halted is not waited for.
        """
        seal = None
        try:
            async with asyncio.timeout(timeout), self._news.of(tenant) as news:
                while True:
                    news.clear()
                    seal = await self.of(tenant, position)
                    if seal.is_recorded or seal.halted:
                        return seal
                    await news.wait()
        except TimeoutError:
            return seal or await self.of(tenant, position)


async def _seal(connection: Connection, tenant: KeyOwner, position: int) -> CheckpointStatus:
    schema = schema_of(tenant)
    first = await _sealing(connection, schema, "size >= $1 ORDER BY size", position)
    latest = await _sealing(connection, schema, "size >= $1 ORDER BY size DESC", 0)
    halted = await connection.fetchval(
        f"SELECT reason FROM {schema}.halts WHERE size >= $1 ORDER BY number DESC LIMIT 1",
        latest["size"] if latest else 0,
    )
    seal = CheckpointStatus(position, _dated(first), _dated(latest), halted=halted)
    try:
        for era in await read_eras(connection, tenant):  # the first whose policy is met says it, else the present one
            policy = era.policy
            if policy is None:
                continue
            seal = msgspec.structs.replace(seal, witnesses=len(policy.witnesses), quorum=policy.quorum)
            if era.end is None or era.end >= position:
                judged = await _judged(connection, schema, seal, policy, era)
                if judged.witnessed or era.end is None:
                    return judged
    except Invalid as reason:
        # Somebody has written into the tables by hand. The quorum is not lowered for that.
        quorum = seal.quorum or 1
        return msgspec.structs.replace(seal, quorum=quorum, halted=halted or f"what is stored does not hold: {reason}")
    return seal


async def _judged(
    connection: Connection, schema: str, seal: CheckpointStatus, policy: Policy, era: PolicyEpoch
) -> CheckpointStatus:
    """The seal with the cosignatures of the checkpoint that has enough of them, or else of the last that has any.

    Where the log has changed its key since the first that has enough, that may be none of the policy's: then the last
    that has enough will do as well.
    """
    keys = [str(one.key) for one in policy.witnesses]
    start, end = max(seal.position, era.start), LARGEST if era.end is None else era.end
    for enough, which in ((max(1, policy.quorum), _FIRST), (max(1, policy.quorum), _LAST), (1, _LAST)):
        size = await connection.fetchval(which.format(schema, end), start, keys, enough)
        row = await _sealing(connection, schema, "size = $1", size) if size is not None else None
        if row is not None and policy.knows(Note.read(row["note"])):
            return await _witnessed(connection, schema, seal, policy, row)
    return seal


async def _witnessed(
    connection: Connection, schema: str, seal: CheckpointStatus, policy: Policy, row: asyncpg.Record
) -> CheckpointStatus:
    """The seal as cosigned under this checkpoint. Raises Invalid."""
    size = row["size"]
    lines = await connection.fetch(f"SELECT line FROM {schema}.cosignatures WHERE size = $1 ORDER BY witness", size)
    signatures = [one for (line,) in lines for one in read_signatures(line)]
    verdict = policy.judge(Note.read(row["note"]).also(signatures))
    if verdict.checkpoint.size != size:
        raise Invalid(f"the checkpoint stored as that of {size} is one of {verdict.checkpoint.size}")
    return msgspec.structs.replace(seal, by=_dated(row), cosigned=verdict.cosigned, witnessed=verdict.witnessed)


#: The first size from $1 on that $3 of the witnesses $2 have cosigned. Each witness says what it cosigned next; the
#: size that so many have reached by then is the next that can be it. So one that is gone ends the search at once,
#: however much the others have cosigned since. Witness and size are compared as a row, which only the index of both in
#: this order can answer; the other walks past all that the others have cosigned.
_FIRST = """
WITH RECURSIVE step AS (
  SELECT $1::bigint AS size, false AS enough
  UNION ALL
  SELECT next.size, (SELECT count(*) >= $3 FROM {0}.cosignatures WHERE size = next.size AND witness = ANY($2))
  FROM step, LATERAL (
    SELECT its.size
    FROM unnest($2::text[]) AS key, LATERAL (
      SELECT size FROM {0}.cosignatures WHERE (witness, size) BETWEEN (key, step.size) AND (key, {1})
      ORDER BY witness, size LIMIT 1) its
    ORDER BY its.size OFFSET $3 - 1 LIMIT 1) next
  WHERE NOT step.enough)
SELECT size FROM step WHERE enough
"""

#: The last size from $1 on that enough of the witnesses $2 have cosigned, at least $3 of them; found likewise.
_LAST = """
WITH RECURSIVE step AS (
  SELECT {1}::bigint AS size, false AS enough
  UNION ALL
  SELECT next.size, (SELECT count(*) >= $3 FROM {0}.cosignatures WHERE size = next.size AND witness = ANY($2))
  FROM step, LATERAL (
    SELECT its.size
    FROM unnest($2::text[]) AS key, LATERAL (
      SELECT size FROM {0}.cosignatures WHERE (witness, size) BETWEEN (key, $1) AND (key, step.size)
      ORDER BY witness DESC, size DESC LIMIT 1) its
    ORDER BY its.size DESC OFFSET $3 - 1 LIMIT 1) next
  WHERE NOT step.enough)
SELECT size FROM step WHERE enough
"""


async def _sealing(connection: Connection, schema: str, which: str, size: int) -> asyncpg.Record | None:
    return await connection.fetchrow(f"SELECT size, at, note FROM {schema}.sealings WHERE {which} LIMIT 1", size)


def _dated(row: asyncpg.Record | None) -> SignedCheckpoint | None:
    return None if row is None else SignedCheckpoint(row["size"], row["at"])
