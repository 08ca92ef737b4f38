"""An export that somebody asked for: a document made from the log at a position."""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum
from uuid import UUID

from domain.errors import OutOfOrder
from domain.fact import Fact, FirstFact, Stream, StreamName

#: Signs that are named where a document lacks some; more are counted.
NAMED = 20


class Document(StrEnum):
    """What can be asked for."""

    DECISION = "decision"
    STANDINGS = "standings"
    MINUTES = "minutes"
    DOSSIER = "dossier"
    REVIEW = "review"
    TRAIL = "trail"
    RESPONSIBILITY = "responsibility"
    EVIDENCE = "evidence"
    COMMUNE_OPINIONS = "commune-opinions"
    OPINION_SHEET = "opinion-sheet"
    OPINION_TALLY = "opinion-tally"
    COMMUNE_MEETING = "commune-meeting"
    LISTS = "lists"
    MEMBER_SHEET = "member-sheet"


class ExportState(StrEnum):
    """Where an export stands; `running` is progress, not a fact, and lives beside the log."""

    QUEUED = "queued"
    READY = "ready"
    FAILED = "failed"
    CANCELLED = "cancelled"


class Export(Stream):
    """One requested document."""

    TOPIC = "export"

    class Requested(FirstFact):
        """Somebody asked for a document made from the log up to `at_position`; a dossier covers at least so much.

        Of a commune, of a meeting, of a review (by its key, `99010-1`), or of the whole season; `document_no` is the
        number that minutes are to bear, `indicator` the one whose chain of responsibility is asked for. Of the
        province's trail what is `asked`, spelled as in the page's address; it belongs to no season ("").
        """

        TOPIC = "export.requested"
        document: Document
        season: str
        at_position: int
        commune: str | None = None
        meeting: str | None = None
        document_no: str | None = None
        review: str | None = None
        asked: str | None = None
        indicator: str | None = None

    class CheckpointTaken(Fact):
        """The dossier is made under this checkpoint of the log, and shows that it continues the earlier one.

        Both are whole notes with the cosignatures that they had: those that come later change nothing in it.
        """

        TOPIC = "export.checkpoint-taken"
        checkpoint: str
        previous: str

        def apply(self, export: Export) -> None:
            export.checkpoint = self.checkpoint

    class Finished(Fact):
        """The document is there: made again at the same position it has the same hash.

        What it could not show as it was typed: the first of the signs that no font draws, by name (`U+1F44D`), how
        many such signs there are, and how many texts were `cut` because a cell holds no more.
        """

        TOPIC = "export.finished"
        sha256: str
        size: int
        name: str
        media_type: str
        unprinted: tuple[str, ...] = ()
        unprinted_count: int = 0
        cut: int = 0

        def apply(self, export: Export) -> None:
            export.state = ExportState.READY
            export.sha256 = self.sha256
            export.name = self.name
            export.media_type = self.media_type

    class Failed(Fact):
        """It could not be made; `reason` is a code for people to see."""

        TOPIC = "export.failed"
        reason: str

        def apply(self, export: Export) -> None:
            export.state = ExportState.FAILED

    class Cancelled(Fact):
        """The person no longer wants it."""

        TOPIC = "export.cancelled"

        def apply(self, export: Export) -> None:
            export.state = ExportState.CANCELLED

    class Downloaded(Fact):
        """Somebody took the document away."""

        TOPIC = "export.downloaded"

    def __init__(
        self,
        id: UUID,
        document: Document,
        season: str,
        at_position: int,
        commune: str | None = None,
        meeting: str | None = None,
        document_no: str | None = None,
        review: str | None = None,
        asked: str | None = None,
        indicator: str | None = None,
    ) -> None:
        self.document = document
        self.season = season
        self.at_position = at_position
        self.commune = commune
        self.meeting = meeting
        self.document_no = document_no
        self.review = review
        self.asked = asked
        self.indicator = indicator
        self.state = ExportState.QUEUED
        self.checkpoint: str | None = None
        self.sha256: str | None = None
        self.name: str | None = None
        self.media_type: str | None = None

    def take_checkpoint(self, checkpoint: str, previous: str) -> None:
        """Say under which checkpoint the dossier is made; whoever says so first says it for good."""
        if self.state is ExportState.QUEUED and self.checkpoint is None:
            self.trigger_event(self.CheckpointTaken, checkpoint=checkpoint, previous=previous)

    def finish(
        self, sha256: str, size: int, name: str, media_type: str, *, unprinted: Sequence[str] = (), cut: int = 0
    ) -> None:
        """Record the finished document; a second time nothing happens, since jobs may run twice.

        `unprinted` are all signs, by name, for which a code stands in it; only the first NAMED are recorded by name.
        """
        if self.state is ExportState.QUEUED:
            self.trigger_event(
                self.Finished,
                sha256=sha256,
                size=size,
                name=name,
                media_type=media_type,
                unprinted=tuple(unprinted[:NAMED]),
                unprinted_count=len(unprinted),
                cut=cut,
            )

    def fail(self, reason: str) -> None:
        """Record that it could not be made."""
        if self.state is ExportState.QUEUED:
            self.trigger_event(self.Failed, reason=reason)

    def cancel(self) -> None:
        """Give it up while it is queued."""
        if self.state is not ExportState.QUEUED:
            raise OutOfOrder(step="cancel-export", state=self.state)
        self.trigger_event(self.Cancelled)

    def download(self) -> None:
        """Record that the document was taken away."""
        if self.state is not ExportState.READY:
            raise OutOfOrder(step="download-export", state=self.state)
        self.trigger_event(self.Downloaded)


def export_stream(export: UUID) -> StreamName:
    """The stream of this export. It stands outside the season: exports change no standing."""
    return StreamName("export", "", str(export))
