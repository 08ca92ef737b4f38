"""The trail of a commune: who did what, when, under which mandate.

The log itself, read as entries: a topic, which is the key of a sentence, and the slots of that sentence. No rows of
its own; what a later fact only names by its id (a file, a former value) is remembered while reading.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Iterator
from datetime import datetime
from functools import cache
from typing import Any, NamedTuple
from uuid import UUID

from eventsourcing.utils import get_topic

from domain.appraisal import Appraisal
from domain.assessment import Assessment, assessment_stream
from domain.fact import Fact, Recorded, StreamName
from domain.meeting import Meeting
from domain.official import Official
from domain.personal import DataSubject
from domain.review import commune_and_number
from domain.season import Season

#: Facts that later ones are told with: a value before it was changed, the name of a file, whether a vote is open
#: and whether it was held in writing.
TOLD_WITH: tuple[type[Fact], ...] = (
    Appraisal.IndicatorAppraised,
    Assessment.EvidenceAttached,
    Assessment.IndicatorMeasured,
    Assessment.IndicatorScored,
    Meeting.ConsultationOpened,
    Meeting.VoteConcluded,
    Meeting.VoteOpened,
    Official.MandateGranted,
    Season.DeadlineSet,
    Season.IndicatorAssigned,
)

_COLUMNS = frozenset({"originator_id", "originator_version", "timestamp", "originator_topic"})


class TrailEntry(NamedTuple):
    """One fact, to be told in a sentence.

    `args` are the fact's own fields, and beside them, where there are such: `before` (the value that this one
    replaces), `file` (the name of the file meant), `held` (the mandate meant).
    """

    position: int
    at: datetime
    actor: str
    unit: str
    mandate: str
    topic: str
    stream: StreamName
    version: int
    args: dict[str, Any]

    @property
    def indicator(self) -> str | None:
        """The indicator that the fact is about."""
        return self.args.get("indicator")

    @property
    def commune(self) -> str | None:
        """The commune that the fact is about."""
        if self.stream.kind in {"assessment", "appraisal", "recognition"}:
            return self.stream.subject
        if self.stream.kind == "review":
            return commune_and_number(self.stream.subject)[0]
        return self.args.get("item") or self.args.get("commune")


def entries(facts: Iterable[Recorded]) -> Iterator[TrailEntry]:
    """The facts as entries, in their order."""
    known: dict[object, Any] = {}
    for recorded in facts:
        fact = recorded.fact
        args = {name: value for name in _fields(type(fact)) if (value := getattr(fact, name)) is not None}
        args.update(_context(recorded, known))
        yield TrailEntry(
            recorded.position,
            recorded.at,
            recorded.actor,
            recorded.unit,
            recorded.mandate,
            get_topic(type(fact)),
            recorded.stream,
            recorded.version,
            args,
        )


def concerns(recorded: Recorded, commune: str) -> bool:
    """Whether a season's fact belongs into the trail of this commune: its own, or one that touches every commune."""
    kind, _, subject = recorded.stream
    if isinstance(recorded.fact, DataSubject.Shredded):
        return recorded.fact.commune == commune
    if kind in {"assessment", "appraisal", "recognition"}:
        return subject == commune
    if kind == "review":
        return commune_and_number(subject)[0] == commune
    if kind == "meeting":
        fact: Any = recorded.fact
        return commune in getattr(fact, "items", ()) or getattr(fact, "item", None) in {None, commune}
    if kind == "season":
        return getattr(recorded.fact, "commune", commune) == commune
    return kind == "council"


def streams_around(facts: Iterable[Recorded]) -> set[StreamName]:
    """Where those of `TOLD_WITH` stand that these facts need to be told."""
    found = set()
    for recorded in facts:
        kind, season, subject = recorded.stream
        if isinstance(recorded.fact, Appraisal.EvidenceOpened):
            found.add(assessment_stream(season, subject))
        elif kind in {"appraisal", "assessment", "meeting", "official", "season"}:
            found.add(recorded.stream)
    return found


@cache
def _fields(fact: type[Fact]) -> tuple[str, ...]:
    return tuple(field.name for field in dataclasses.fields(fact) if field.name not in _COLUMNS)


def _context(recorded: Recorded, known: dict[object, Any]) -> dict[str, Any]:  # noqa: PLR0911 - one flat match over facts
    """What the sentence needs beside the fact's own fields, from the facts read before."""
    stream = recorded.stream
    match recorded.fact:
        case Assessment.IndicatorScored() as fact:
            return _instead((stream, "score", fact.indicator), _value(fact.points, fact.outcome), known)
        case Assessment.IndicatorMeasured() as fact:
            return _instead((stream, "measured", fact.part), fact.measured, known)
        case Appraisal.IndicatorAppraised() as fact:
            return _instead((stream, "appraised", fact.indicator), _value(fact.points, fact.outcome), known)
        case Season.DeadlineSet() as fact:
            return _instead((stream, "deadline", fact.step), fact.on, known)
        case Season.IndicatorAssigned() as fact:
            return _instead((stream, "lead", fact.indicator), fact.lead, known)
        case Assessment.EvidenceAttached() as fact:
            known[fact.evidence] = fact.name
        case Assessment.EvidenceReused() | Assessment.EvidenceWithdrawn() | Appraisal.EvidenceOpened() as fact:
            return _named("file", fact.evidence, known)
        case Official.MandateGranted() as fact:
            known[fact.mandate] = fact
        case Official.MandateEnded() as fact:
            return _named("held", fact.mandate, known)
    return {}


def _instead(key: object, value: Any, known: dict[object, Any]) -> dict[str, Any]:
    before = known.get(key)
    known[key] = value
    return {} if before is None or before == value else {"before": before}


def _named(slot: str, key: UUID, known: dict[object, Any]) -> dict[str, Any]:
    return {slot: known[key]} if key in known else {}


def _value(points: Any, outcome: Any) -> Any:
    return outcome if points is None else points
