"""Steps of a replay: the one looked at, those around it, milestones on a time line, facts in words."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Collection, Iterable, Mapping, Sequence
from types import MappingProxyType
from typing import NamedTuple

from domain.council import Member
from domain.errors import NotFound
from domain.fact import Recorded
from domain.rulebook import Rulebook
from projections.tables.officials import OFFICIALS
from projections.tables.units import UNITS
from services.assessment.personal_view import values_said
from services.sentences import FactSentence, SentenceWriter, called, holders_of, known_votes
from services.web.request_target import DIGITS
from services.web.visit import Visit

#: Steps listed before and after the one that is looked at.
AROUND = 6


class ReplayStep(NamedTuple):
    """One fact of the replay; `later` than the one looked at or not. `about` names the commune, "" where all are."""

    told: FactSentence
    current: bool
    later: bool
    about: str = ""


class Stone(NamedTuple):
    """A milestone: the fact's position, its topic or what it is called of a consultation in writing, and where it lies
    on the time line, in percent of its length.
    """

    position: int
    topic: str
    x: float
    about: str = ""


class Reel(NamedTuple):
    """A replay at one of its steps: `number` of `total`, the positions one step back and one on, where there are."""

    number: int
    total: int
    here: FactSentence
    back: int | None
    on: int | None
    steps: list[ReplayStep]
    stones: list[Stone]
    cursor: float


def reel_of(
    told: Sequence[FactSentence], at: int, milestones: Collection[str], names: Mapping[str, str] = MappingProxyType({})
) -> Reel:
    """The replay of facts that are all told, in the order of the log, at one of them. `names` are those of communes
    by code, for a replay that is about several.
    """
    first, last = around(at, len(told))
    return Reel(
        at + 1,
        len(told),
        told[at],
        told[at - 1].entry.position if at else None,
        told[at + 1].entry.position if at + 1 < len(told) else None,
        [ReplayStep(one, index == at, index > at) for index, one in enumerate(told[first:last], start=first)],
        [
            Stone(one.entry.position, milestone(one), along(index, len(told)), names.get(one.entry.commune or "", ""))
            for index, one in enumerate(told)
            if one.entry.topic in milestones
        ],
        along(at, len(told)),
    )


def milestone(told: FactSentence) -> str:
    """What the milestone is called: a step that meetings have too has a word of its own in a consultation."""
    topic = told.entry.topic
    return f"{topic}.in-writing" if told.in_writing and topic != "meeting.consultation-opened" else topic


def around(at: int, count: int) -> tuple[int, int]:
    """From which to before which step the list goes."""
    return max(at - AROUND, 0), min(at + AROUND + 1, count)


def along(index: int, count: int) -> float:
    """Where a step lies on a line on which all are equally far apart, in percent."""
    return round(100 * index / max(count - 1, 1), 2)


def asked(visit: Visit, positions: Sequence[int]) -> int:
    """Which of the facts is looked at: the one at the position `?den=`, or the last before it; else the last of all.

    NotFound for a position that lies outside.
    """
    asked_for = visit.query("den") or visit.typed.text("marked")
    text = asked_for.removeprefix("#").replace(visit.words.thousands, "")
    if not text and positions:
        return len(positions) - 1
    position = int(text) if text.isascii() and text.isdecimal() and len(text) < DIGITS else 0
    if not positions or not positions[0] <= position <= positions[-1]:
        raise NotFound(den=visit.query("den"))
    return bisect_right(positions, position) - 1


async def replay_writer_of(
    visit: Visit, facts: Collection[Recorded], members: Iterable[Member], votes: Iterable[Recorded], rulebook: Rulebook
) -> SentenceWriter:
    """Tells these facts, with names as of the visit's moment. `votes` say which rounds were open then: how somebody
    voted in them is not told.
    """
    async with visit.reads() as view:
        people = {one.actor for one in facts if one.actor}
        officials = [row for person in sorted(people) if (row := await view.one(OFFICIALS, person)) is not None]
        units = {unit.code: unit.inside for unit in await view.all(UNITS)}
    return SentenceWriter(
        visit.words,
        units,
        holders_of(officials),
        members,
        known_votes(votes),
        await values_said(visit, facts),
        called(rulebook),
    )
