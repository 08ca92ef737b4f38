"""A kind of export: who may have it, from which position it is made, how it is made and what it is called.

A new kind is a module `export_<kind>.py` anywhere in `services/` that holds one object `KIND` of a class like these.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable, Mapping
from typing import ClassVar, NamedTuple, TypeAlias
from uuid import UUID

from domain.export import Document, Export
from domain.permissions import Act, Actor, Subject
from infra.pdf.printer import Printer
from infra.platform.database import Database
from infra.readmodels.reading import ReadModels, View
from infra.transparency.seal_status import CheckpointStatuses
from projections.tables.exports import ExportRow
from projections.tables.units import UnitRow
from services.i18n import Words
from services.people import People
from services.privacy.personal_data import PersonalDataReader
from services.work import Work

#: How far the making is: `done` of `total` steps. Raises TakenAway when it should stop.
Progress: TypeAlias = Callable[[int, int], Awaitable[None]]

#: Why there is no document yet, by code: the log is not sealed or cosigned far enough. These pass by themselves.
WAITING = frozenset({"not-sealed", "not-cosigned", "sealing-halted"})


class Unsealed(Exception):
    """The log is not sealed or cosigned as far as the document needs it; `code`, of WAITING, says what is missing."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


class ExportRequest(NamedTuple):
    """What somebody asks for: `about` names the commune, meeting, review or search, "" for all of the season.

    `document_no` is the number that the document is to bear, `indicator` the one that it is limited to, and `upto` an
    earlier position that it is to be made from.
    """

    season: str
    about: str = ""
    document_no: str | None = None
    indicator: str | None = None
    upto: int | None = None


class ExportTask(NamedTuple):
    """A recorded request that is being made; `person` asked for it and has the mandates of today."""

    export: UUID
    asked: Export.Requested
    person: Actor


class Workshop(NamedTuple):
    """What the worker makes documents with, besides the `Work` of the province."""

    people: People
    reads: ReadModels
    printer: Printer
    database: Database
    seals: CheckpointStatuses
    personal: PersonalDataReader


class FinishedDocument(NamedTuple):
    """A finished document; `unprinted` names the signs for which a code stands in it, `cut` counts texts not whole."""

    content: bytes
    name: str
    media_type: str
    unprinted: tuple[str, ...] = ()
    cut: int = 0


class Asker(NamedTuple):
    """Who looks at the page of exports: what they may do, the parameters of the address, and their language."""

    may: Callable[[Act, Subject], bool]
    query: Callable[[str], str]
    words: Words


class ExportChoice(NamedTuple):
    """One value that may be chosen in a form, and how it is called."""

    value: str
    name: str


class Offer(NamedTuple):
    """A form on the page of exports by which a document is asked for.

    It has either one field with `choices`, of which `chosen` is preselected, or nothing but what the address said,
    which stands in `hidden`. Offers of lower `order` come first.
    """

    order: int
    title: str
    explanation: str
    button: str
    field: str = ""
    choices: tuple[ExportChoice, ...] = ()
    chosen: str = ""
    hidden: tuple[tuple[str, str], ...] = ()


class ExportKind(ABC):
    """One kind of document that can be asked for.

    `code` is stored with every request, `act` is what the policy is asked for, `media_type` that of the finished file.
    `form_field` is the field of a form that says what the document is about, "" where it is about the whole season;
    `has_season` and `has_number` say whether a request names a season, and the number that the document is to bear.
    """

    code: ClassVar[Document]
    act: ClassVar[Act]
    media_type: ClassVar[str]
    form_field: ClassVar[str] = ""
    has_season: ClassVar[bool] = True
    has_number: ClassVar[bool] = False

    # Asking for it ------------------------------------------------------------------------------------

    async def require(self, work: Work, season: str, about: str) -> None:
        """Ask the policy whether the actor may have this document. NotFound, NotPermitted."""
        work.require(self.act, await self.subject(work, season, about))

    async def subject(self, work: Work, season: str, about: str) -> Subject:
        """Whom the document is about, for the policy; nobody in particular unless a kind says so."""
        return Subject()

    async def check(self, work: Work, asked: ExportRequest, now: int) -> int:
        """The position of the log that the document is made from, `now` at the most; refusals where it cannot be."""
        return now

    @abstractmethod
    def stored(self, asked: ExportRequest) -> Mapping[str, str | None]:
        """The fields of `Export.Requested` that say what is asked for, beside season and position."""

    # Making it ----------------------------------------------------------------------------------------

    @abstractmethod
    async def make(self, shop: Workshop, work: Work, task: ExportTask, progress: Progress) -> FinishedDocument:
        """Make the document. `work` is the system's; any Refused is the reason it cannot be made."""

    async def evidence_in(self, work: Work, asked: Export.Requested) -> tuple[str, ...] | None:
        """The indicators whose evidence is opened by taking the document away; None where it holds no evidence."""
        return None

    # Showing it ---------------------------------------------------------------------------------------

    @abstractmethod
    def label(self, row: ExportRow, units: Mapping[str, UnitRow], words: Words) -> str:
        """What the list of exports calls this one; `units` by code."""

    def detail(self, row: ExportRow, words: Words) -> str:
        """What the list says in small print below the label, "" for nothing."""
        return ""

    async def offer(self, view: View, asker: Asker) -> Offer | None:
        """The form by which it is asked for on the page of exports; None where it is asked for elsewhere, or never."""
        return None


def name_of(code: str | None, units: Mapping[str, UnitRow]) -> str:
    """The name of a unit within a sentence, its code where there is no such unit."""
    unit = units.get(code or "")
    return unit.inside if unit else code or ""
