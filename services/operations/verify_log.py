"""`minhchuan verify` says whether every log still is what was signed, and what of it nobody has vouched for yet.

It signs in as the verifier, reads everything, changes nothing, and leaves its result where pages show it.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Sequence

from infra.identity.tenants import Tenant, Tenants
from infra.ledger.canonical_json import instant
from infra.ledger.checkpoint import Checkpoint
from infra.ledger.epoch import covers
from infra.ledger.note import Note
from infra.platform.config import Settings
from infra.transparency import audit, audit_rows, last_audit
from infra.transparency.audit_result import AuditedCheckpoint, AuditResult
from services.seals.published_trust import published_trust
from services.seals.trusted_policy import Trust, TrustFileUnreadable, read_checkpoint, read_trust
from services.visible import shown

#: Findings that are printed of one log.
PRINTED = 100


async def run(settings: Settings, given: argparse.Namespace) -> int:
    """Verify the log of one province, or of all. 1 when something does not fit."""
    trust = read_trust(given.policy) if given.policy else None
    held = [read_checkpoint(file) for file in given.checkpoint]
    registry = Tenants(settings.verifier_url)
    try:
        every = await registry.all()
        tenants = [one for one in every if given.tenant in {None, one.slug}]
    finally:
        await registry.close()
    if not tenants:
        raise TrustFileUnreadable(
            f"there is no province {given.tenant}" if given.tenant else "there is no province yet"
        )
    _check_origins(held, tenants)
    results = [await verify_log(settings, tenant, trust, held, others=every) for tenant in tenants]
    return int(not all(result.ok for result in results))


async def verify_log(
    settings: Settings,
    tenant: Tenant,
    trust: Trust | None,
    held: Sequence[Note] = (),
    *,
    others: Sequence[Tenant] = (),
) -> AuditResult:
    """Verify one log, say and record what was found. Without a policy that of the log itself tells who must sign."""
    own = [note for note in held if covers(tenant.log, Checkpoint.read(note.text).origin)]
    async with audit_rows.looking(settings.verifier_url) as connection:
        published = None if trust else await published_trust(connection, tenant)
    policy = trust.policy if trust else None
    result = await audit.verify(settings.verifier_url, tenant, policy=policy, held=own, others=others)
    for line in lines_of(tenant, result, from_outside=trust is not None):
        print(shown(line), flush=True)
    judge = trust or published
    await last_audit.record(settings.verifier_url, tenant, result, judge.sha256 if judge and result.policy else "")
    return result


def lines_of(tenant: Tenant, result: AuditResult, *, from_outside: bool) -> Iterator[str]:
    """The result in lines for people."""
    yield f"{tenant.slug}: {tenant.log}, {result.facts:,} facts in {result.seconds:.1f} s"
    for finding in result.findings[:PRINTED]:
        yield f"  {finding}"
    if result.found > PRINTED:
        yield f"  and {result.found - PRINTED:,} more"
    yield f"  checkpoints: {result.checkpoints} stored, the last that agrees is {_checkpoint(result.sealed)}"
    if result.policy and result.witnessed != result.sealed:
        yield f"  witnessed as the policy asks: {_checkpoint(result.witnessed)}"
    if result.former:
        yield f"  signed by keys of before, which the policy does not name: {result.former:,} of them"
    if result.held:
        yield f"  held elsewhere and in agreement: {', '.join(f'{size:,}' for size in result.held)}"
    for one in result.predecessors:
        how = "compared" if one.compared else "NOT compared, for it is not here"
        yield f"  predecessor {one.origin} with {one.size:,} facts: {how}"
    yield f"  above the last checkpoint: {result.beyond:,} facts, for which nobody has vouched yet"
    if not result.policy:
        yield "  no policy was given and none is published for this epoch: signatures were not checked"
    elif not from_outside:
        yield "  the policy is the one in this very log: who can change the log can change it; give --policy"
    if not result.held:
        yield "  nothing held elsewhere was given: a log signed anew as a whole would pass; give --checkpoint"
    yield "  ok" if result.ok else f"  FAILS: {result.found:,} findings"


def _checkpoint(sealing: AuditedCheckpoint | None) -> str:
    if sealing is None:
        return "none"
    cosigned = f", {sealing.verdict}" if sealing.verdict else ""
    return f"of {sealing.size:,} facts at {instant(sealing.at)}{cosigned}"


def _check_origins(held: Sequence[Note], tenants: Sequence[Tenant]) -> None:
    """A checkpoint that is of none of these logs was handed in by mistake, or to be passed over."""
    for note in held:
        origin = Checkpoint.read(note.text).origin
        if not any(covers(tenant.log, origin) for tenant in tenants):
            raise TrustFileUnreadable(f"a checkpoint of {origin} is of none of these logs")
