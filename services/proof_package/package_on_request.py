"""A proof package asked for on a page: it waits for the seal, takes a checkpoint, and is made under that one.

The checkpoint is recorded with the request, whole and with the cosignatures that it had. So the same request gives the
same bytes again, however far the log is sealed and cosigned by then.
"""

from __future__ import annotations

from typing import ClassVar, NamedTuple
from uuid import UUID, uuid4

from domain.errors import Refused
from domain.export import Export, export_stream
from domain.fact import Recorded
from infra.ledger.checkpoint import Checkpoint
from infra.ledger.note import Note
from infra.ledger.text import Invalid
from infra.platform.database import Connection, Database
from infra.transparency.proofs import StoredCheckpoint, first_over, judged, sealed_at
from infra.transparency.seal_status import CheckpointState, CheckpointStatuses
from services.exports.kind import Unsealed
from services.proof_package.build import Heads, Which, gather_under
from services.proof_package.pages import Bound, Prints, bound
from services.proof_package.verify import Law
from services.seals.published_trust import published_trust
from services.seals.trusted_policy import Trust, TrustFileUnreadable
from services.work import CommandResult, Work, use_case

#: Seconds that one attempt waits for the seal.
WAIT = 5.0


class PolicyMissing(Refused):
    """The province has not published who must sign and cosign its log: nobody could say what a package is worth."""

    code: ClassVar[str] = "policy-missing"


class NotProven(Refused):
    """The log is not what was signed, or lacks something that the decision rests on: nothing is handed out of it."""

    code: ClassVar[str] = "not-proven"


class CheckpointLookup(NamedTuple):
    """Where it is looked up how far a log is sealed."""

    database: Database
    seals: CheckpointStatuses


async def take_checkpoint(sealed: CheckpointLookup, work: Work, export: UUID) -> None:
    """Record under which checkpoint the proof package is made, unless that is settled.

    It is the first over the position asked for that the policy of that position accepts. Waits a little for it; raises
    Unsealed, PolicyMissing, NotProven.
    """
    asked = await work.look(Export, export_stream(export))
    if asked.checkpoint is not None:
        return
    seal = await sealed.seals.recorded(work.tenant, asked.at_position, timeout=WAIT)
    async with sealed.database.reading(work.tenant) as connection:
        trust = await _trust(connection, work, asked.at_position)
        found = await first_over(connection, work.tenant, trust.policy, asked.at_position)
    if found is None:
        halted = "sealing-halted" if seal.halted else "not-sealed"
        raise Unsealed(halted if seal.state is CheckpointState.RECEIVED else "not-cosigned")
    head, previous = found
    await _record(work.again(uuid4()), export, bytes(head.note).decode(), bytes(previous.note).decode())


async def bind(sealed: CheckpointLookup, work: Work, export: UUID, prints: Prints) -> Bound:
    """The package as a PDF with everything attached, under the checkpoint taken. Raises NotProven, PrintingFailed."""
    asked = await work.look(Export, export_stream(export))
    taken = await _taken(work, export)
    which = Which(asked.season, asked.commune or "")
    try:
        async with sealed.database.reading(work.tenant) as connection:
            trust = await _trust(connection, work, asked.at_position)
            heads = await _heads(connection, work, trust, taken)
            law = Law(await work.rulebooks(), work.calendar)
            made = await gather_under(connection, work.tenant, which, trust, law, heads)
    except Invalid as reason:
        raise NotProven(why=str(reason)) from None
    return await bound(made.files, prints)


@use_case("_record", "export", "checkpoint", "previous")
async def _record(work: Work, export: UUID, checkpoint: str, previous: str) -> CommandResult:
    return await work.change(Export, export_stream(export), lambda one: one.take_checkpoint(checkpoint, previous))


async def _taken(work: Work, export: UUID) -> Recorded:
    """The fact that names the checkpoint."""
    async for page in work.store.read(work.tenant, streams=[export_stream(export)]):
        for recorded in page:
            if isinstance(recorded.fact, Export.CheckpointTaken):
                return recorded
    raise LookupError(f"no checkpoint was taken for {export}")


async def _heads(connection: Connection, work: Work, trust: Trust, taken: Recorded) -> Heads:
    fact = taken.fact
    assert isinstance(fact, Export.CheckpointTaken)  # noqa: S101 - chosen by its type
    head = await _stored(connection, work, trust, fact.checkpoint)
    return Heads(head, await _stored(connection, work, trust, fact.previous), taken.position - 1 - head.size)


async def _stored(connection: Connection, work: Work, trust: Trust, text: str) -> StoredCheckpoint:
    note = Note.read(text.encode())
    at = await sealed_at(connection, work.tenant, Checkpoint.read(note.text).size)
    return judged(note, work.tenant, trust.policy, at)


async def _trust(connection: Connection, work: Work, position: int) -> Trust:
    """The policy that was in force where the proof package was asked for. Raises PolicyMissing."""
    try:
        trust = await published_trust(connection, work.tenant, position)
    except TrustFileUnreadable as reason:
        raise NotProven(why=str(reason)) from None
    if trust is None:
        raise PolicyMissing
    return trust
