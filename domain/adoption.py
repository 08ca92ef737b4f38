"""A province adopts a rulebook: the text is pinned by its hash, and what is unverified in it is acknowledged."""

from __future__ import annotations

from collections.abc import Collection
from uuid import UUID

from domain.errors import UnverifiedNotAcknowledged
from domain.fact import Fact, FirstFact, Stream, StreamName


class Adoption(Stream):
    """One rulebook as a province uses it: the national text by hash, and the province's own parameters; `former` are
    the texts that it went over from.
    """

    TOPIC = "rulebook"

    class Adopted(FirstFact):
        """The province uses this text; `acknowledged` lists the fields that were still unverified at that moment."""

        TOPIC = "rulebook.adopted"
        rulebook: str
        sha256: str
        acknowledged: tuple[str, ...]
        document_no: str | None = None

    class TextAdopted(Fact):
        """The province goes over to another text of the rulebook. Planned seasons follow by facts of their own; those
        that run go on under theirs.

        `acknowledged` lists what was still unverified in this text.
        """

        TOPIC = "rulebook.text-adopted"
        sha256: str
        acknowledged: tuple[str, ...]
        document_no: str | None = None
        reason: str | None = None

        def apply(self, adoption: Adoption) -> None:
            adoption.former = (*adoption.former, adoption.sha256)
            adoption.sha256 = self.sha256
            adoption.acknowledged = self.acknowledged
            adoption.document_no = self.document_no

    class ParameterSet(Fact):
        """A local value (such as a rate of pay) and the document it comes from."""

        TOPIC = "rulebook.parameter-set"
        path: str
        value: str
        basis: str

        def apply(self, adoption: Adoption) -> None:
            adoption.parameters[self.path] = self.value

    def __init__(
        self,
        id: UUID,
        rulebook: str,
        sha256: str,
        acknowledged: tuple[str, ...],
        document_no: str | None = None,
    ) -> None:
        self.rulebook = rulebook
        self.sha256 = sha256
        self.acknowledged = acknowledged
        self.document_no = document_no
        self.parameters: dict[str, str] = {}
        self.former: tuple[str, ...] = ()

    def adopt_text(
        self, sha256: str, acknowledged: tuple[str, ...], document_no: str | None = None, reason: str | None = None
    ) -> None:
        """Go over to another text of the rulebook; nothing happens when it is the one in use."""
        if self.sha256 != sha256:
            self.trigger_event(
                self.TextAdopted,
                sha256=sha256,
                acknowledged=acknowledged,
                document_no=document_no or None,
                reason=reason or None,
            )

    def set_parameter(self, path: str, value: str, basis: str) -> None:
        """Record a local value; nothing happens when it is already so."""
        if self.parameters.get(path) != value:
            self.trigger_event(self.ParameterSet, path=path, value=value, basis=basis)


def acknowledge(unverified: Collection[str], acknowledged: Collection[str]) -> tuple[str, ...]:
    """The acknowledged fields, sorted; UnverifiedNotAcknowledged names those of the text that are missing."""
    missing = sorted(set(unverified) - set(acknowledged))
    if missing:
        raise UnverifiedNotAcknowledged(missing=tuple(missing))
    return tuple(sorted(unverified))


def adoption_stream(rulebook: str) -> StreamName:
    """The stream of the province's adoption of this rulebook."""
    return StreamName("rulebook", "", rulebook)
