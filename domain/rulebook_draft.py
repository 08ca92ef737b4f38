"""A province corrects and completes a rulebook: one person changes values with their sources, another signs off.

A draft begins from one text and holds changes by path (`infra/reference/rulebook_values.py`). Signing off makes a new
text, which the province keeps and adopts; the next draft begins from that one. Values are stored as YAML, so that a
draft can be read by whatever reads the text.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from domain.errors import DraftMoved, NothingChanged, OwnDraft, ReasonMissing, SourceMissing
from domain.fact import Fact, FirstFact, Stream, StreamName
from domain.rulebook import Provenance


@dataclass(frozen=True)  # no slots: a default that stands in the class need not be set when a fact is read
class ValueSource:
    """Where a value was read: the document by its name, number and day, the place in it, and its scanned file."""

    document: str
    number: str = ""
    dated: date | None = None
    article: str = ""
    page: str = ""
    address: str = ""
    sha256: str = ""


@dataclass(frozen=True)
class DraftValue:
    """A value in YAML, how well it is known (None: such a value carries no provenance), and its source.

    Of a node with all that it holds, `yaml` is the node with the sources of its values by path, under "sources".
    """

    yaml: str
    provenance: Provenance | None = None
    source: ValueSource | None = None


@dataclass(frozen=True)
class DraftChange:
    """A value at a path before and after the change; None where it is not there."""

    path: str
    before: DraftValue | None
    after: DraftValue | None


class RulebookDraft(Stream):
    """One rulebook as a province is correcting it; `changes` by path, in the order in which they were first made.

    `base_sha256` is the text that the changes are made to, `editors` are those who changed something since it began,
    `returns` is why it was sent back each time since something was last changed. `bases` are the texts whose drafts
    were signed off.
    """

    TOPIC = "rulebook-draft"

    class Begun(FirstFact):
        """The province begins to correct this text."""

        TOPIC = "rulebook-draft.begun"
        rulebook: str
        base_sha256: str

    class ValueChanged(Fact):
        """A value of the draft is another one, or only its source or how well it is known; `by` is who changed it.

        `before` is the value as it stood in the draft, not in the text from which it began.
        """

        TOPIC = "rulebook-draft.value-changed"
        path: str
        before: DraftValue | None
        after: DraftValue | None
        by: str

        def apply(self, draft: RulebookDraft) -> None:
            first = draft.changes.get(self.path)
            before = first.before if first else self.before
            draft.changes[self.path] = DraftChange(self.path, before, self.after)
            if before == self.after:
                del draft.changes[self.path]
            draft.editors.add(self.by)
            draft.returns = ()

    class Commented(Fact):
        """Somebody says something about a value."""

        TOPIC = "rulebook-draft.commented"
        path: str
        text: str
        by: str

        def apply(self, draft: RulebookDraft) -> None:
            draft.comments.append(DraftComment(self.path, self.text, self.by))

    class Returned(Fact):
        """Somebody else has compared the changes with their sources and sends them back to those who made them, with
        the reason. It is settled by the next change of a value.
        """

        TOPIC = "rulebook-draft.returned"
        reason: str
        by: str

        def apply(self, draft: RulebookDraft) -> None:
            draft.returns = (*draft.returns, DraftReturn(self.reason, self.by))

    class SignedOff(Fact):
        """Somebody else has compared the changes with their sources: the draft is the text `sha256`, from which the
        next draft begins. `unverified` are the paths of what still has no original text.
        """

        TOPIC = "rulebook-draft.signed-off"
        sha256: str
        base_sha256: str
        unverified: tuple[str, ...]
        by: str
        document_no: str | None = None

        def apply(self, draft: RulebookDraft) -> None:
            draft.bases = (*draft.bases, self.base_sha256)
            draft.base_sha256 = self.sha256
            draft.changes = {}
            draft.editors = set()
            draft.comments = []
            draft.returns = ()

    class Rebased(Fact):
        """Nothing is changed so far, and what will be is changed in this text, which the province went over to."""

        TOPIC = "rulebook-draft.rebased"
        base_sha256: str

        def apply(self, draft: RulebookDraft) -> None:
            draft.base_sha256 = self.base_sha256
            draft.editors = set()

    class Discarded(Fact):
        """All changes are given up."""

        TOPIC = "rulebook-draft.discarded"
        reason: str
        by: str

        def apply(self, draft: RulebookDraft) -> None:
            draft.changes = {}
            draft.editors = set()
            draft.comments = []
            draft.returns = ()

    def __init__(self, id: UUID, rulebook: str, base_sha256: str) -> None:
        self.rulebook = rulebook
        self.base_sha256 = base_sha256
        self.changes: dict[str, DraftChange] = {}
        self.editors: set[str] = set()
        self.comments: list[DraftComment] = []
        self.returns: tuple[DraftReturn, ...] = ()
        self.bases: tuple[str, ...] = ()

    def change(self, changes: Sequence[DraftChange], by: str) -> None:
        """Change values; `before` of each is what its author saw. What is so already is left out.

        Raises DraftMoved naming the path when a value has become another one meanwhile, SourceMissing for a value that
        is said to be sourced without a document.
        """
        for change in changes:
            held = self.changes.get(change.path)
            if held is not None and held.after not in (change.before, change.after):
                raise DraftMoved(path=change.path)
            _must_name_its_source(change)
        for change in changes:
            if change.before != change.after:
                self.trigger_event(self.ValueChanged, path=change.path, before=change.before, after=change.after, by=by)

    def comment(self, path: str, text: str, by: str) -> None:
        """Say something about a value. ReasonMissing for nothing said."""
        if not text.strip():
            raise ReasonMissing(act="rulebook-comment")
        self.trigger_event(self.Commented, path=path, text=text, by=by)

    def sign_off(self, sha256: str, unverified: Sequence[str], by: str, document_no: str | None = None) -> None:
        """Make the draft the text `sha256`. OwnDraft to who changed something, NothingChanged where nothing is."""
        self._must_be_anothers(by)
        self.trigger_event(
            self.SignedOff,
            sha256=sha256,
            base_sha256=self.base_sha256,
            unverified=tuple(unverified),
            by=by,
            document_no=document_no,
        )

    def send_back(self, reason: str, by: str) -> None:
        """Send the changes back to those who made them. NothingChanged, OwnDraft as for `sign_off`, ReasonMissing."""
        self._must_be_anothers(by)
        if not reason.strip():
            raise ReasonMissing(act="return-rulebook-draft")
        self.trigger_event(self.Returned, reason=reason, by=by)

    def _must_be_anothers(self, person: str) -> None:
        if not self.changes:
            raise NothingChanged(reason="settled", rulebook=self.rulebook)
        if person in self.editors:
            raise OwnDraft(rulebook=self.rulebook)

    def discard(self, reason: str, by: str) -> None:
        """Give the changes up. NothingChanged where there is none, ReasonMissing."""
        if not self.changes:
            raise NothingChanged(rulebook=self.rulebook)
        if not reason.strip():
            raise ReasonMissing(act="rulebook-discard")
        self.trigger_event(self.Discarded, reason=reason, by=by)

    def begin_from(self, base_sha256: str) -> None:
        """Change this text from now on, where nothing is changed yet."""
        if not self.changes and self.base_sha256 != base_sha256:
            self.trigger_event(self.Rebased, base_sha256=base_sha256)


@dataclass(frozen=True)
class DraftReturn:
    """Why the changes were sent back, and by whom."""

    reason: str
    by: str


@dataclass(frozen=True)
class DraftComment:
    """What somebody said about a value of the draft."""

    path: str
    text: str
    by: str


def _must_name_its_source(change: DraftChange) -> None:
    value = change.after
    if value is None or value.provenance is not Provenance.SOURCED:
        return
    if value.source is None or not value.source.document.strip():
        raise SourceMissing(path=change.path)


def rulebook_draft_stream(rulebook: str) -> StreamName:
    """The stream of the province's work on this rulebook."""
    return StreamName("rulebook-draft", "", rulebook)
