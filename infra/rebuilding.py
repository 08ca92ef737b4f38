"""The rows of a season, folded anew from the log and written beside those that pages read.

Rows never cross seasons, so seasons can be folded one after the other, or side by side in several processes.
"""

from __future__ import annotations

import gc
from collections.abc import Iterator, Mapping, Sequence
from contextlib import aclosing, contextmanager
from typing import Any, NamedTuple, Protocol

import asyncpg
import msgspec

from domain.fact import Recorded
from infra.database import LOST, Connection, Database, HasId, schema_of
from infra.folding import PAGE, Failure, fold, heard, read
from infra.readmodels import Log, Question


class Folded(NamedTuple):
    """What folding a season gave: facts, rows written, and the projections that stopped at a fact."""

    facts: int
    rows: int
    failures: dict[str, Failure]


class FoldSeason(Protocol):
    """Fold one season ("" is what belongs to none) up to a position, here or in another process.

    `generations` names the projections and the generation that their rows become.
    """

    async def __call__(self, tenant: HasId, season: str, upto: int, generations: Mapping[str, int]) -> Folded: ...


async def fold_season(
    database: Database,
    log: Log,
    projections: Sequence[Question[Any]],
    tenant: HasId,
    season: str,
    upto: int,
    generations: Mapping[str, int],
) -> Folded:
    """Fold the season in memory, then copy its rows into the table."""
    folding = _Folding([one for one in projections if one.name in generations and one.seasonal == bool(season)])
    with _uncollected():
        try:
            async for facts in log.read(tenant, upto=upto, season=season, page=PAGE):
                folding.fold(facts)
        except (*LOST, asyncpg.PostgresError):
            raise
        except Exception:  # noqa: BLE001 - found again and named
            folding.stop(await _unreadable(log, tenant, folding.position))
        async with database.writing(tenant) as connection:
            rows = await _copy(connection, schema_of(tenant), folding, generations)
    return Folded(folding.facts, rows, folding.failures)


@contextmanager
def _uncollected() -> Iterator[None]:
    """Folding makes many values and no cycles; looking for cycles takes a third of the time.

    Not where pages are served: all that was made meanwhile would be looked at in one go afterwards.
    """
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()


async def _unreadable(log: Log, tenant: HasId, after: int) -> Failure:
    """The first fact that cannot be read."""
    async with aclosing(read(log, tenant, after)) as pages:
        async for _, failure in pages:
            if failure is not None:
                return failure
    raise AssertionError("unreachable")


class _Folding:
    """Several projections folded in memory. One that fails is left out from there."""

    def __init__(self, projections: Sequence[Question[Any]]) -> None:
        self.going = list(projections)
        self.rows: dict[str, dict[str, Any]] = {one.name: {} for one in projections}
        self.changed: dict[str, dict[str, int]] = {one.name: {} for one in projections}
        self.failures: dict[str, Failure] = {}
        self.position = 0
        self.facts = 0

    def fold(self, facts: list[Recorded]) -> None:
        mine = heard(self.going, facts)
        for one in list(self.going):
            changed, failure = fold(one, one.runs(mine[one.name]), self.rows[one.name])
            self.changed[one.name].update(changed)
            if failure is not None:
                self.failures[one.name] = failure
                self.going.remove(one)
        self.position = facts[-1].position
        self.facts += len(facts)

    def stop(self, failure: Failure) -> None:
        self.failures |= {one.name: failure for one in self.going}
        self.going = []


async def _copy(connection: Connection, schema: str, folding: _Folding, generations: Mapping[str, int]) -> int:
    """Write the rows under their generation, which nobody reads yet; how many."""
    encode = msgspec.json.encode
    records = [
        (one.name, generations[one.name], key, one.scope(row), folding.changed[one.name][key], encode(row).decode())
        for one in folding.going
        for key, row in folding.rows[one.name].items()
    ]
    await connection.copy_records_to_table(
        "projected",
        schema_name=schema,
        columns=["projection", "generation", "key", "scope", "position", "body"],
        records=records,
    )
    return len(records)
