"""Search terms of facts: who acted, in which office, what was done, about whom and what, in which words.

A term is a short text: `a:` the act (a topic), `p:` the person who acted, `v:` in which office, `u:` for which unit;
`x:` a unit that it is about, `o:` an official, `c:` an indicator, `h:` a meeting; `w:` a word that somebody wrote, bare
of accents and capitals; `s:` to whose trail it belongs. A search asks for sets of terms, and finds the facts that have
one of each set.
The same search is a query over the rows that the projector keeps, and `wants` over facts at hand.

Nothing is found by what nobody may see: words of sealed values, of an inspector's notes and of ballots are no terms.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, MutableMapping
from datetime import datetime
from functools import lru_cache
from itertools import islice
from typing import Any, ClassVar, NamedTuple
from uuid import UUID

from eventsourcing.utils import get_topic

from domain.council import Member
from domain.errors import Refused
from domain.fact import Recorded, Unreadable
from domain.meeting import unit_of
from domain.official import Office, Official
from domain.review import commune_and_number
from domain.text import bounded
from domain.vietnamese import search_key

#: Raised when other terms are made of the same fact.
VERSION = 3

#: Fields that hold what somebody wrote and the trail tells.
WRITTEN = (
    "answer",
    "basis",
    "decision_no",
    "document_no",
    "explanation",
    "name",
    "order_no",
    "place",
    "question",
    "reason",
    "statement",
    "text",
)

#: Facts whose words are not for everybody who may know that they happened.
SILENT = frozenset(
    {
        "assessment.comment-received",
        "meeting.ballot-cast",
        "meeting.written-opinion-received",
        "review.note-added",
    }
)

#: A word is found by so many letters of it, and a fact by so many words: an index takes no more.
LETTERS, WORDS = 64, 5_000

_WORD = re.compile(r"\w+")


class IndexedFact(NamedTuple):
    """A fact as it is found; `season` also of what stands outside the seasons and names one."""

    position: int
    season: str
    at: datetime
    terms: frozenset[str]


class Search(NamedTuple):
    """What is looked for: one term of each set, none of `without`, within these moments (both included)."""

    sets: tuple[frozenset[str], ...] = ()
    season: str = ""
    since: datetime | None = None
    until: datetime | None = None
    without: frozenset[str] = frozenset()

    def wants(self, one: IndexedFact) -> bool:
        """Whether the fact is among those looked for."""
        return (
            all(wanted & one.terms for wanted in self.sets)
            and not self.without & one.terms
            and self.season in {"", one.season}
            and (self.since is None or self.since <= one.at)
            and (self.until is None or one.at <= self.until)
        )


def index(facts: Iterable[Recorded], offices: MutableMapping[str, Office]) -> Iterator[IndexedFact]:
    """The facts with their terms; `offices` are those of the mandates granted before, and learns of more."""
    for recorded in facts:
        fact: Any = recorded.fact
        if isinstance(fact, Official.MandateGranted):
            offices[str(fact.mandate)] = fact.position
        season = recorded.stream.season or str(getattr(fact, "season", ""))
        yield IndexedFact(recorded.position, bounded(season), recorded.at, _terms(recorded, season, offices))


def index_by_act(recorded: Recorded) -> IndexedFact:
    """A fact whose terms cannot be made: it is found by what was done and who did it alone."""
    return IndexedFact(recorded.position, bounded(recorded.stream.season), recorded.at, frozenset(_who(recorded, {})))


def _terms(recorded: Recorded, season: str, offices: Mapping[str, Office]) -> frozenset[str]:
    found = set(islice(_written(recorded), WORDS))
    found.update(map(bounded, (*_who(recorded, offices), *_about(recorded, season))))
    return frozenset(found)


def words_of(text: str) -> list[str]:
    """The words by which a text is found: `QĐ 12/UBND, Minh Thắng` is qd, 12, ubnd, minh, thang.

    Of a word too long for an index its first letters.
    """
    return [word[:LETTERS] for word in _WORD.findall(search_key(text))]


@lru_cache(maxsize=16_384)
def words_of_name(name: str) -> frozenset[str]:
    """The words of a name, kept: each search of a trail looks through the names of all units and officials."""
    return frozenset(words_of(name))


def reach(season: str, commune: str, decided_by: str) -> frozenset[str]:
    """The terms of what `projections.analysis.trail.concerns` counts to the trail of a commune in a season."""
    return frozenset(map(bounded, (f"s:{season}/{commune}", f"s:{season}/", f"s:{season}/@{decided_by}")))


def _who(recorded: Recorded, offices: Mapping[str, Office]) -> Iterator[str]:
    fact = recorded.fact
    yield f"a:{fact.topic if isinstance(fact, Unreadable) else get_topic(type(fact))}"
    yield f"p:{recorded.actor}"
    if recorded.unit:
        yield f"u:{recorded.unit}"
    if recorded.mandate in offices:
        yield f"v:{offices[recorded.mandate]}"


def _about(recorded: Recorded, season: str) -> Iterator[str]:
    kind, _, subject = recorded.stream
    fact: Any = recorded.fact
    communes = {getattr(fact, name, None) for name in ("commune", "item")} - {None}
    match kind:
        case "assessment" | "appraisal" | "recognition":
            communes.add(subject)
            yield f"s:{season}/{subject}"
        case "review":
            commune, _ = commune_and_number(subject)
            communes.add(commune)
            yield f"s:{season}/{commune}"
        case "meeting":
            unit = unit_of(subject)
            item = getattr(fact, "item", None)
            communes.update(getattr(fact, "items", ()))
            yield f"h:{season}/{subject}"
            yield f"x:{unit}"
            yield f"s:{season}/{item or '@' + unit}"
        case "council":
            yield f"x:{subject}"
            yield f"s:{season}/@{subject}"
        case "season":
            yield f"s:{season}/{getattr(fact, 'commune', '')}"
        case "subject" if communes:
            yield f"s:{season}/{fact.commune}"
        case "unit":
            yield f"x:{subject}"
        case "official":
            yield f"o:{subject}"
        case "export" if getattr(fact, "meeting", None):
            yield f"h:{season}/{fact.meeting}"
    yield from (f"x:{commune}" for commune in communes)
    yield from (f"x:{unit}" for unit in (getattr(fact, "into", None), getattr(fact, "unit", None)) if unit)
    yield from (f"o:{person}" for person in map(_person, _named(fact, "official", "member", "leaving")) if person)
    codes = _named(fact, "indicator", "from_indicator")
    yield from (f"c:{code}" for code in (*codes, *(getattr(fact, "indicators", ()) if kind == "assessment" else ())))


def _named(fact: Any, *names: str) -> list[Any]:
    return [value for name in names if (value := getattr(fact, name, None)) is not None]


def _person(value: Any) -> str:
    if isinstance(value, Member):
        return str(value.person)
    return str(value) if isinstance(value, UUID) else ""


def _written(recorded: Recorded) -> Iterator[str]:
    if isinstance(recorded.fact, Unreadable) or get_topic(type(recorded.fact)) in SILENT:
        return
    words = (word for value in _named(recorded.fact, *WRITTEN) if isinstance(value, str) for word in words_of(value))
    yield from dict.fromkeys(f"w:{word}" for word in words)


# What may be asked for --------------------------------------------------------------------------------

#: What a search text holds at most: each word is looked up, among all names and in what was written.
ASKED_LETTERS, ASKED_WORDS = 100, 10


def is_short(text: str) -> bool:
    """Whether the text can be searched for."""
    return len(text) <= ASKED_LETTERS and len(text.split()) <= ASKED_WORDS and len(words_of(text)) <= ASKED_WORDS


class SearchTooLong(Refused):
    """A search text of more than `letters` characters or `words` words; nothing is looked for. `field` says where."""

    code: ClassVar[str] = "search-too-long"
