"""Policies for logs that are sealed, and how they are sealed anew by somebody who has the database and the key."""

import asyncpg

from infra.identity.tenants import Tenant
from infra.ledger.checkpoint import Checkpoint
from infra.ledger.note import Note, SignerKey
from infra.ledger.tiles import Edge
from infra.ledger.witness_policy import Policy


def a_policy(key: SignerKey) -> Policy:
    """This log's key and nobody beside."""
    return Policy.read(policy_text(key))


def policy_text(key: SignerKey) -> bytes:
    return f"log {key.verifier}\nquorum 0\n".encode()


async def seal_anew(superuser: asyncpg.Connection, tenant: Tenant, key: SignerKey) -> Note:
    """What somebody does who has the database and the log's real key: everything is signed anew, as if it were so."""
    hashes = [row["leaf_hash"] for row in await superuser.fetch(f"SELECT * FROM {tenant.id}.events ORDER BY position")]
    edge, tiles = Edge().grow(hashes)
    note = Checkpoint(tenant.log, edge.size, edge.root()).sign(key)
    await superuser.execute(f"DELETE FROM {tenant.id}.sealings; DELETE FROM {tenant.id}.tiles")
    await superuser.execute(f"UPDATE {tenant.id}.head SET position = {edge.size}")
    await superuser.execute(f"INSERT INTO {tenant.id}.sealings VALUES ($1, $2, now())", edge.size, bytes(note))
    await superuser.executemany(
        f"INSERT INTO {tenant.id}.tiles VALUES ($1, $2, $3)", [(*place, stored) for place, stored in tiles]
    )
    return note
