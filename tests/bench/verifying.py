"""How long does it take to verify a whole log from the database: every row, payload, link, moment and root?

MINHCHUAN_BENCH_LEAVES makes the log smaller.
"""

import os
import time
from typing import Any

from infra.ledger.note import Note
from infra.ledger.witness_policy import Policy
from infra.platform.config import Settings
from infra.transparency.audit import verify
from infra.transparency.audit_rows import looking
from tests.bench._log import FACTS, a_sealed_log

Row = dict[str, Any]


async def rows(services: Settings) -> list[Row]:
    """verify-log"""
    tenant, key = await a_sealed_log(services, FACTS)
    async with looking(services.verifier_url) as connection:
        held = Note.read(await connection.fetchval(f"SELECT note FROM {tenant.id}.sealings ORDER BY size LIMIT 1"))
    policy = Policy.read(f"log {key.verifier}\nquorum 0\n".encode())
    load = os.getloadavg()[0]
    began = time.process_time(), os.times().children_user + os.times().children_system
    result = await verify(services.verifier_url, tenant, policy=policy, held=[held])
    ended = time.process_time(), os.times().children_user + os.times().children_system
    if not result.ok or result.beyond:
        raise AssertionError(f"the log that was made does not fit: {result.findings[:3]}")
    busy = sum(ended) - sum(began)
    return [
        {
            "name": "verify-log",
            "value": round(result.seconds, 1),
            "unit": "s",
            "against": f"{result.facts:,} facts, {result.checkpoints} checkpoints, {busy:.1f} s of our own "
            f"processors; load before {load:.1f}; budget 20 s",
            "ratio": None,
        }
    ]
