"""The exports that were asked for: by whom, from which position, and which are ready."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from msgspec.structs import replace

from domain.export import Document, Export, ExportState
from domain.fact import Recorded
from projections.fold import Projection, Row


class ExportRow(Row, frozen=True):
    """A requested document; `reason` is the code of why it could not be made. Progress lives beside the log.

    `unprinted` names the first of the `unprinted_count` signs for which a code stands in it; `cut` texts are not whole.
    """

    export: UUID
    document: Document
    season: str
    commune: str | None
    at_position: int
    requested_by: str
    requested_for: str
    requested_at: datetime
    state: ExportState = ExportState.QUEUED
    settled_at: datetime | None = None
    sha256: str | None = None
    size: int | None = None
    name: str | None = None
    media_type: str | None = None
    reason: str | None = None
    downloads: int = 0
    meeting: str | None = None
    document_no: str | None = None
    review: str | None = None
    asked: str | None = None
    indicator: str | None = None
    unprinted: tuple[str, ...] = ()
    unprinted_count: int = 0
    cut: int = 0


EXPORTS = Projection("exports", version=5, row=ExportRow, scope=lambda row: row.season, seasonal=False)


@EXPORTS.begins(Export.Requested)
def _requested(fact: Export.Requested, recorded: Recorded) -> ExportRow:
    return ExportRow(
        UUID(recorded.stream.subject),
        fact.document,
        fact.season,
        fact.commune,
        fact.at_position,
        recorded.actor,
        recorded.unit,
        recorded.at,
        meeting=fact.meeting,
        document_no=fact.document_no,
        review=fact.review,
        asked=fact.asked,
        indicator=fact.indicator,
    )


@EXPORTS.on(Export.Finished)
def _finished(row: ExportRow, fact: Export.Finished, recorded: Recorded) -> ExportRow:
    return replace(
        row,
        state=ExportState.READY,
        settled_at=recorded.at,
        sha256=fact.sha256,
        size=fact.size,
        name=fact.name,
        media_type=fact.media_type,
        unprinted=fact.unprinted,
        unprinted_count=fact.unprinted_count,
        cut=fact.cut,
    )


@EXPORTS.on(Export.Failed)
def _failed(row: ExportRow, fact: Export.Failed, recorded: Recorded) -> ExportRow:
    return replace(row, state=ExportState.FAILED, settled_at=recorded.at, reason=fact.reason)


@EXPORTS.on(Export.Cancelled)
def _cancelled(row: ExportRow, fact: Export.Cancelled, recorded: Recorded) -> ExportRow:
    return replace(row, state=ExportState.CANCELLED, settled_at=recorded.at)


@EXPORTS.on(Export.Downloaded)
def _downloaded(row: ExportRow, fact: Export.Downloaded, recorded: Recorded) -> ExportRow:
    return replace(row, downloads=row.downloads + 1)
