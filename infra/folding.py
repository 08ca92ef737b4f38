"""Folding facts into rows such that a fact that cannot be read or folded is found and named."""

from __future__ import annotations

import traceback
from collections.abc import AsyncGenerator, Callable, Iterable, Mapping, Sequence
from typing import Any, NamedTuple

import asyncpg
import structlog

from domain.fact import Fact, Recorded
from infra.database import LOST, HasId
from infra.readmodels import Log, Question, Run

#: Facts read and folded at a time: so many that they are still in the processor's cache when they are folded.
PAGE = 500

log = structlog.get_logger("projector")


class Failure(NamedTuple):
    """The fact at which a fold stopped, and why."""

    position: int
    reason: str


async def read(
    facts_of: Log, tenant: HasId, after: int, limit: int | None = None
) -> AsyncGenerator[tuple[list[Recorded], Failure | None], None]:
    """The next facts, page by page; they end before one that cannot be read. What the database says is raised."""
    try:
        async for facts in facts_of.read(tenant, after=after, limit=limit, page=PAGE):
            after = facts[-1].position
            yield facts, None
    except (*LOST, asyncpg.PostgresError):
        raise
    except Exception:  # noqa: BLE001 - one by one it shows at which fact
        yield await _read_one_by_one(facts_of, tenant, after)


async def _read_one_by_one(facts_of: Log, tenant: HasId, after: int) -> tuple[list[Recorded], Failure | None]:
    facts: list[Recorded] = []
    try:
        async for page in facts_of.read(tenant, after=after, limit=PAGE, page=1):
            facts += page
    except (*LOST, asyncpg.PostgresError):
        raise
    except Exception as reason:  # noqa: BLE001 - said in the checkpoints
        position = (facts[-1].position if facts else after) + 1  # positions have no gaps
        say("a fact cannot be read", "all", position, reason)
        return facts, Failure(position, said(reason))
    return facts, None


def heard(projections: Sequence[Question[Any]], facts: Iterable[Recorded]) -> dict[str, list[Recorded]]:
    """Each projection's own facts, by one look at each fact."""
    mine: dict[str, list[Recorded]] = {one.name: [] for one in projections}
    told: dict[type[Fact], list[Callable[[Recorded], None]]] = {}
    for one in projections:
        for fact in one.facts:
            told.setdefault(fact, []).append(mine[one.name].append)
    for recorded in facts:
        for tell in told.get(type(recorded.fact), ()):
            tell(recorded)
    return mine


def fold(
    projection: Question[Any], runs: Mapping[str, Run], rows: dict[str, Any]
) -> tuple[dict[str, int], Failure | None]:
    """Fold the facts into the rows, up to one that cannot be folded: which changed at which position."""
    try:
        return projection.fold_runs(runs, rows), None
    except Exception:  # noqa: BLE001 - no row has changed; one by one it shows at which fact
        return _fold_one_by_one(projection, runs, rows)


def _fold_one_by_one(
    projection: Question[Any], runs: Mapping[str, Run], rows: dict[str, Any]
) -> tuple[dict[str, int], Failure | None]:
    changed: dict[str, int] = {}
    facts = {recorded.position: recorded for run in runs.values() for _, recorded in run}
    for position, recorded in sorted(facts.items()):
        try:
            changed |= projection.fold([recorded], rows)
        except Exception as reason:  # noqa: BLE001 - said in the checkpoint
            say("a fact cannot be folded", projection.name, position, reason)
            return changed, Failure(position, said(reason))
    return changed, None


def say(what: str, projection: str, position: int, reason: Exception) -> None:
    """For the operator: where in the code it happened, without the values that were at hand, which are people's."""
    log.error(what, projection=projection, position=position, trace="".join(traceback.format_exception(reason)))


def said(reason: BaseException) -> str:
    """For the checkpoint."""
    return f"{type(reason).__name__}: {reason}"[:500]
