"""How fast does the tree of a log grow, how long does a proof take, and how long the whole log again from its leaves?

Arithmetic only, no database: what the sealer and the verifier do with a million leaves, in seconds of one processor,
which other programs on the machine do not stretch. MINHCHUAN_BENCH_LEAVES makes the log smaller.
"""

import asyncio
import hashlib
import os
import statistics
import time
from collections.abc import Callable
from random import Random
from typing import Any

from infra.ledger.leaf import leaf_hash
from infra.ledger.tiles import (
    Edge,
    TilePlace,
    consistency_path,
    consistency_proof,
    inclusion_path,
    inclusion_proof,
    places,
    replay,
    root,
)
from infra.ledger.tree import verify_consistency, verify_inclusion
from infra.platform.config import Settings

LEAVES = int(os.environ.get("MINHCHUAN_BENCH_LEAVES", "1000000"))
BATCH = 500
PROOFS = 2_000

Row = dict[str, Any]


async def rows(services: Settings) -> list[Row]:
    """ledger-grow, ledger-replay, ledger-inclusion, ledger-consistency and ledger-verify."""
    return await asyncio.to_thread(measured)


def measured() -> list[Row]:
    leaves = [b'{"at":"2026-11-22T08:00:00.000000Z","leaf":%d}' % number + b" " * 400 for number in range(LEAVES)]
    hashes = [leaf_hash(leaf) for leaf in leaves]
    growing, tiles = grown(hashes)
    bare = seconds(lambda: [hashlib.sha256(b"\x01" + one + one).digest() for one in hashes])
    whole = root(LEAVES, tiles)
    replaying = seconds(lambda: replay(leaves))
    random = Random(1)
    proving: dict[str, list[float]] = {"inclusion": [], "consistency": []}
    verifying: list[float] = []
    read = 0
    for _ in range(PROOFS):
        index, old = random.randrange(LEAVES), random.randrange(1, LEAVES)
        began = time.thread_time()
        path = inclusion_proof(index, LEAVES, tiles)
        proven = time.thread_time()
        verify_inclusion(index, LEAVES, hashes[index], path, whole)
        verified = time.thread_time()
        proof = consistency_proof(old, LEAVES, tiles)
        done = time.thread_time()
        verify_consistency(old, root(old, tiles), LEAVES, whole, proof)
        proving["inclusion"].append(proven - began)
        proving["consistency"].append(done - verified)
        verifying.append(verified - proven)
        read = max(read, len(places(inclusion_path(index, LEAVES))), len(places(consistency_path(old, LEAVES))))
    return [
        {
            "name": "ledger-grow",
            "value": round(LEAVES / growing),
            "unit": "leaves/s",
            "against": f"the hashes alone {LEAVES / bare:,.0f}/s; batches of {BATCH}; budget 400,000",
            "ratio": round(bare / growing, 2),
        },
        {
            "name": "ledger-replay",
            "value": round(replaying, 2),
            "unit": "s",
            "against": f"{LEAVES:,} leaves of {len(leaves[-1])} bytes; budget 20 s",
            "ratio": None,
        },
        *(
            {
                "name": f"ledger-{kind}",
                "value": round(1_000 * at(times, 0.99), 3),
                "unit": "ms p99",
                "against": f"p50 {1_000 * statistics.median(times):.3f} ms; at most {read} tiles read; budget 10 ms",
                "ratio": None,
            }
            for kind, times in proving.items()
        ),
        {
            "name": "ledger-verify",
            "value": round(1_000 * at(verifying, 0.99), 3),
            "unit": "ms p99",
            "against": f"p50 {1_000 * statistics.median(verifying):.3f} ms, one inclusion proof",
            "ratio": None,
        },
    ]


def grown(hashes: list[bytes]) -> tuple[float, dict[TilePlace, bytes]]:
    """Seconds to grow the tree in the batches that group commit makes, and its tiles."""
    tiles: dict[TilePlace, bytes] = {}
    edge = Edge()
    began = time.thread_time()
    for start in range(0, len(hashes), BATCH):
        edge, changed = edge.grow(hashes[start : start + BATCH])
        tiles.update(changed)
    return time.thread_time() - began, tiles


def seconds(work: Callable[[], object]) -> float:
    began = time.thread_time()
    work()
    return time.thread_time() - began


def at(times: list[float], quantile: float) -> float:
    return sorted(times)[round(quantile * (len(times) - 1))]
