"""The exports that a person asked for, as pages show them: on the page of exports, and beside what they are about."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import NamedTuple
from uuid import UUID

from domain.export import Document, ExportState
from infra.jobs.export_runs import ExportRuns, Run
from projections.tables.exports import EXPORTS, ExportRow
from services.exports.kind import WAITING
from services.web.visit import Visit

#: What an export of no state of the log is while a worker holds it.
RUNNING = "running"


class OwnExport(NamedTuple):
    """One export of the person's own; `state` is the log's, or `running` while a worker is at it.

    `done` of `total` steps are made; `trouble` is the code of what went wrong in the last attempt.
    """

    row: ExportRow
    state: str
    done: int
    total: int
    trouble: str

    @property
    def is_under_way(self) -> bool:
        """Whether its state will change by itself."""
        return self.state in (RUNNING, ExportState.QUEUED)

    @property
    def is_unsealed(self) -> bool:
        """Whether it waits, or waited in vain, until the log is sealed and cosigned far enough."""
        return self.state is not ExportState.READY and (self.row.reason or self.trouble) in WAITING


async def export_lines(visit: Visit, rows: Iterable[ExportRow]) -> list[OwnExport]:
    """These exports with what the workers say of them, in the same order."""
    rows = list(rows)
    runs: Mapping[UUID, Run] = {}
    if rows and not visit.past:
        runs = await ExportRuns(visit.app.database).of(visit.tenant, [row.export for row in rows])
    return [line_of(row, runs.get(row.export)) for row in rows]


def line_of(row: ExportRow, run: Run | None) -> OwnExport:
    """The export as pages show it."""
    running = row.state is ExportState.QUEUED and run is not None and run.running
    done, total = (run.done, run.total) if run else (0, 0)
    return OwnExport(row, RUNNING if running else row.state, done, total, run.trouble if run else "")


async def own_last(visit: Visit, season: str, about: str, *documents: Document) -> dict[Document, OwnExport]:
    """Of each kind, about a commune or a meeting, the one that the person asked for last and did not give up."""
    async with visit.reads() as view:
        rows: list[ExportRow] = await view.all(EXPORTS, season)
    own = (
        row
        for row in rows
        if row.document in documents
        and (row.commune or row.meeting, row.requested_by) == (about, visit.actor.person)
        and row.state is not ExportState.CANCELLED
    )
    last = {row.document: row for row in sorted(own, key=lambda row: row.requested_at)}
    return {line.row.document: line for line in await export_lines(visit, last.values())}
