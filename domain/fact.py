"""Facts: their base class, the names of their streams, and how a fact stands in the log.

A fact is a class nested in the aggregate it belongs to. It names itself by a `TOPIC` that is stored for ever, and
its `apply` only assigns: what may be asked is checked by the aggregate's public methods, once, before the fact is
made. So a rule that is tightened later can never make an old stream unreadable.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from functools import lru_cache
from typing import Any, NamedTuple, Self
from uuid import UUID, uuid5

from eventsourcing.domain import AggregateCreated, AggregateEvent, BaseAggregate

from domain.text import cleaned

#: Root of every deterministic stream id. Never change it: stored ids derive from it.
STREAMS = UUID("6d696e68-6368-5561-8e00-746370600001")

Fact = AggregateEvent
FirstFact = AggregateCreated


class Unreadable(Fact):
    """Stands where a fact is that this program cannot read: of a topic or form that it does not know, or damaged.

    Whoever reads many streams gets it instead of a refusal, to leave out what it concerns and go on with the rest.
    It is never recorded. `topic` is that of the fact it stands for.
    """

    TOPIC = "fact.unreadable"
    topic: str
    why: str


class Stream(BaseAggregate[UUID]):
    """An aggregate: the state that the facts of one stream make, and what may be asked of it."""

    class Event(Fact):
        """Base of the facts of an aggregate; the library asks for it by this name."""

    #: What is asked of all values of a fact before it is made (`domain/text.py`); it may refuse.
    rule = staticmethod(cleaned)

    def trigger_event(self, event_class: type[Any], **kwargs: Any) -> None:
        """Make the next fact, of values that pass the rule."""
        super().trigger_event(event_class, **self.rule(event_class.TOPIC, kwargs))

    @classmethod
    def _create(cls, event_class: type[Any], *, id: UUID | None = None, **kwargs: Any) -> Self:
        return super()._create(event_class, id=id, **cls.rule(event_class.TOPIC, kwargs))


class StreamName(NamedTuple):
    """What a stream is about: its kind, the season it belongs to ("" where none) and its subject.

    The subject is a commune or unit code, a person, a council's or meeting's key, a rulebook id.
    """

    kind: str
    season: str
    subject: str

    def id(self, tenant: str) -> UUID:
        """The stream's id in the tenant's log; the same name gives the same id for ever.

        So a stream of which there may be only one (one recognition per commune and season) is unique by
        the log's own rule, without asking first.
        """
        return _stream_id(tenant, self)


@lru_cache(maxsize=10_000)
def _stream_id(tenant: str, name: StreamName) -> UUID:
    return uuid5(STREAMS, f"{tenant}/{name.kind}/{name.season}/{name.subject}")


class Recorded(NamedTuple):
    """One fact as it stands in the log. `at` is the server's clock, UTC; `actor` an opaque id of who acted,
    `unit` the code of the unit acted for, `mandate` the mandate's id ("" for the system).
    """

    position: int
    stream: StreamName
    version: int
    at: datetime
    actor: str
    unit: str
    mandate: str
    command: UUID
    fact: Fact


def replay(facts: Iterable[Fact]) -> Any:
    """The aggregate that the facts of one stream make, or None when there are none."""
    aggregate: Any = None
    for fact in facts:
        aggregate = fact.mutate(aggregate)
    return aggregate
