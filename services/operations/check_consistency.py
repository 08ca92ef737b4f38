"""Consistency check: the table kept up with the log, its rebuild, and the fold as of the last fact must agree.

One fold makes all three, so they can differ only where a row was kept wrongly: a batch folded twice or not at all, a
table changed by hand, an effect that looks at more than its facts.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import zip_longest
from typing import NamedTuple, TypeAlias

import msgspec

from infra.platform.database import HasId
from infra.readmodels.projector import Projector
from infra.readmodels.reading import ReadModels
from projections.catalogue import PROJECTIONS
from projections.fold import Row

#: The rows of each projection, spelled, by key.
Rows: TypeAlias = dict[str, list[str]]


class ProjectionMismatch(NamedTuple):
    """The first row of a projection that is not the same three ways; "" where a way lacks it."""

    projection: str
    live: str
    rebuilt: str
    folded: str


async def disagreements(reads: ReadModels, projector: Projector, tenant: HasId) -> list[ProjectionMismatch]:
    """Where they do not agree, at most one row for each projection. The tables are made anew by it.

    The read models hold the whole log by now, and nothing is recorded meanwhile.
    """
    live = await _rows(reads, tenant)
    if await projector.rebuild(tenant) is None:
        raise RuntimeError("another process is making these read models anew")
    rebuilt = await _rows(reads, tenant)
    folded = await _rows(reads, tenant, (await reads.status(tenant)).position)
    return list(_different(live, rebuilt, folded))


async def _rows(reads: ReadModels, tenant: HasId, position: int | None = None) -> Rows:
    async with reads.at(tenant, position) as view:
        return {one.name: [_spelled(row) for row in await view.all(one)] for one in PROJECTIONS}


def _spelled(row: Row) -> str:
    """The row down to the last digit of its numbers; equal rows are spelled alike."""
    return msgspec.json.encode(msgspec.to_builtins(row, str_keys=True, order="deterministic")).decode()


def _different(live: Rows, rebuilt: Rows, folded: Rows) -> Iterator[ProjectionMismatch]:
    for name in live:
        for three in zip_longest(live[name], rebuilt[name], folded[name], fillvalue=""):
            if len(set(three)) > 1:
                yield ProjectionMismatch(name, *three)
                break
