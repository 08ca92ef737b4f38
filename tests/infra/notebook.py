"""A small aggregate of the tests' own: a notebook in which lines are written, scored and struck out."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from enum import StrEnum
from uuid import UUID, uuid4

from domain.fact import Fact, FirstFact, Stream, StreamName
from infra.log.eventstore import Command, CommandResult, EventStore, Loaded, LogOwner
from infra.log.mapper import Decided, Mapper


class Colour(StrEnum):
    RED = "red"
    BLUE = "blue"


@dataclass(frozen=True, slots=True)
class Ratio:
    part: int
    whole: int
    note: str | None = None


class Notebook(Stream):
    TOPIC = "notebook"
    rule = staticmethod(lambda topic, values: dict(values))  # none: what the log itself refuses is tried with it

    class Opened(FirstFact):
        TOPIC = "notebook.opened"
        title: str

    class LineWritten(Fact):
        TOPIC = "notebook.line-written"
        text: str

        def apply(self, notebook: Notebook) -> None:
            notebook.lines = (*notebook.lines, self.text)

    class LineScored(Fact):
        TOPIC = "notebook.line-scored"
        line: int
        points: Decimal
        on: date
        seen: datetime
        by: UUID
        colour: Colour
        ratios: tuple[Ratio, ...] = ()
        reason: str | None = None
        second: Decimal | None = None

    class Renamed(Fact):
        """Once held `name`; since version 2 `title` and the language of it."""

        TOPIC = "notebook.renamed"
        class_version = 2
        title: str
        language: str

        @staticmethod
        def upcast_v1_v2(state: dict[str, object]) -> None:
            state["title"] = state.pop("name")
            state["language"] = "vi"

    def __init__(self, title: str) -> None:
        self.title = title
        self.lines: tuple[str, ...] = ()

    def write(self, text: str) -> None:
        self.trigger_event(self.LineWritten, text=text)


AGGREGATES = {"notebook": Notebook}
FACTS: dict[str, type[Fact]] = {
    fact.TOPIC: fact for fact in (Notebook.Opened, Notebook.LineWritten, Notebook.LineScored, Notebook.Renamed)
}
MAPPER = Mapper(FACTS, AGGREGATES)


def a_name(subject: str = "n1", season: str = "2023") -> StreamName:
    return StreamName("notebook", season, subject)


def a_notebook(tenant: LogOwner, name: StreamName, title: str = "Sổ") -> Notebook:
    return Notebook._create(Notebook.Opened, id=name.id(tenant.id), title=title)


async def loaded(store: EventStore, tenant: LogOwner, name: StreamName) -> Loaded:
    return await store.load(tenant, name)


def a_command(*streams: Loaded, id: UUID | None = None, body: bytes = b"", actor: str = "u-1") -> Command:
    """All that the loaded aggregates have decided, as one command."""
    facts = [(stream.name, fact) for stream in streams for fact in stream.aggregate.collect_events()]
    return Command(id=id or uuid4(), facts=facts, actor=actor, unit="25195", mandate="m-1", body_sha256=body)


async def write_line(
    store: EventStore, tenant: LogOwner, name: StreamName, text: str, *, id: UUID | None = None, body: bytes = b""
) -> CommandResult:
    """Write a line, in a new notebook where there is none, as a use case would."""
    async with store.holding(tenant, name):
        if id is not None and (first := await store.answered(tenant, id, body)):
            return first
        stream = await store.load(tenant, name)
        if stream.aggregate is None:
            stream.aggregate = a_notebook(tenant, name)
        stream.aggregate.write(text)
        return await store.append(tenant, a_command(stream, id=id, body=body), [stream])


def a_scored(notebook: Notebook, **changes: object) -> Decided:
    """A fact with a field of every type, whatever it holds: past the rules of the domain."""
    fields = {
        "line": 1,
        "points": Decimal("29.50"),
        "on": date(2023, 1, 5),
        "seen": datetime(2023, 1, 5, 8, 0, tzinfo=UTC),
        "by": UUID(int=7),
        "colour": Colour.RED,
        "ratios": (Ratio(41, 45), Ratio(1, 2, "thiếu biên bản")),
        "reason": "Phước",
    }
    super(Stream, notebook).trigger_event(Notebook.LineScored, **{**fields, **changes})
    return notebook.pending_events[-1]
