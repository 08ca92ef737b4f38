"""The trail of a province, searched: by who acted, what was done, about what, when, and in which words.

What is asked for stands in an address (`TrailQuery`) and means the same wherever it is asked: on the page, as of a
moment, and in the workbook made from it. Names are those of the moment looked at, so that what was named later finds
nothing.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from functools import cache
from typing import ClassVar, NamedTuple, Self
from urllib.parse import parse_qsl, urlencode

import structlog

from domain.catalogue import FACTS
from domain.errors import PeriodReversed, Refused
from domain.fact import Recorded
from domain.meeting import number_of, unit_of
from domain.official import Office, Official
from domain.permissions import Act, Actor, Subject, may, permit
from domain.personal import Personal
from domain.text import KINDS, bounded
from infra.identity.tenants import Tenant
from infra.log.eventstore import CLOCK_DRIFT, EventStore
from infra.platform.database import LOST, Database
from infra.readmodels.reading import View
from infra.readmodels.search_index import Reached, TrailIndex
from infra.reference.rulebooks import Rulebooks
from projections.analysis.search_terms import (
    ASKED_LETTERS,
    ASKED_WORDS,
    VERSION,
    IndexedFact,
    Search,
    SearchTooLong,
    index,
    index_by_act,
    is_short,
    reach,
    words_of,
    words_of_name,
)
from projections.analysis.trail import TOLD_WITH, entries, streams_around
from projections.tables.councils import COUNCILS, CouncilRow
from projections.tables.officials import OFFICIALS, OfficialRow
from projections.tables.seasons import SEASONS, SeasonRow
from projections.tables.units import UNITS, UnitRow
from services.app import App
from services.clock import is_looked_at
from services.i18n import Words, load_words
from services.sentences import FactSentence, SentenceWriter, called, holders_of, known_votes

log = structlog.get_logger("searching")

#: Facts indexed in one transaction, which takes some tenths of a second.
MARKED = 5_000

#: What people do, each a name under `doing.` in the locale and the facts it means, by topic or its beginning.
ACTS: Mapping[str, tuple[str, ...]] = {
    "cham": (
        "assessment.opened",
        "assessment.indicator-measured",
        "assessment.indicator-scored",
        "assessment.explained",
        "assessment.satisfaction-measured",
        "assessment.veto-declared",
        "assessment.sanction-declared",
        "assessment.sanction-confirmed",
        "assessment.sanction-set-aside",
        "assessment.opinion-sheets-tallied",
        "assessment.rulebook-corrected",
    ),
    "minh-chung": (
        "assessment.evidence-attached",
        "assessment.evidence-reused",
        "assessment.evidence-withdrawn",
        "appraisal.evidence-opened",
    ),
    "nop": (
        "assessment.consolidated",
        "assessment.reopened",
        "assessment.posted",
        "assessment.result-agreed",
        "assessment.submitted",
        "assessment.reported",
        "assessment.listed",
        "assessment.resubmitted",
    ),
    "y-kien": ("assessment.comment-received", "assessment.comment-answered", "assessment.comments-", "subject."),
    "tham-dinh": (
        "appraisal.started",
        "appraisal.indicator-appraised",
        "appraisal.concluded",
        "appraisal.resumed",
        "assessment.indicator-returned",
    ),
    "hop": (
        "council.",
        "meeting.convened",
        "meeting.consultation-opened",
        "meeting.papers-",
        "meeting.vice-chair-authorised",
        "meeting.attendance-recorded",
        "meeting.item-taken-up",
        "meeting.closed",
        "meeting.minutes-issued",
    ),
    "bieu-quyet": (
        "meeting.vote-",
        "meeting.ballot-cast",
        "meeting.written-opinion-received",
        "meeting.absent-opinion-received",
    ),
    "cong-nhan": ("recognition.",),
    "xem-xet": ("review.", "flag."),
    "mua": ("season.", "rulebook.", "rulebook-text.", "rulebook-draft.", "rate.", "calendar."),
    "can-bo": ("official.", "unit."),
    "ket-xuat": ("export.",),
    "nhat-ky": ("log.", "policy."),
}


class SearchUnreadable(Refused):
    """What a workbook of the trail is to be made of is no search that a page spells: `typed` keeps it."""

    code: ClassVar[str] = "search-unreadable"


class TrailQuery(NamedTuple):
    """What the address asks for, as typed; empty strings ask for everything.

    `who` and `official` are a person's id or a part of a name, `act` is one of `ACTS`, `meeting` a season and a meeting
    in it. The moments are both included.
    """

    who: str = ""
    position: str = ""
    act: str = ""
    season: str = ""
    unit: str = ""
    indicator: str = ""
    meeting: str = ""
    official: str = ""
    text: str = ""
    since: datetime | None = None
    until: datetime | None = None

    @classmethod
    def read(
        cls, given: Callable[[str], str], since: datetime | None = None, until: datetime | None = None
    ) -> TrailQuery:
        """From the parameters of an address. PeriodReversed."""
        if since and until and until < since:
            raise PeriodReversed(reason="search", field="den")
        return cls(
            given("ai"),
            given("chuc-vu"),
            given("viec"),
            given("mua"),
            given("xa"),
            given("chi-tieu"),
            given("hop"),
            given("can-bo"),
            given("tim"),
            since,
            until,
        )

    def require_short(self) -> None:
        """SearchTooLong for a text that is looked up by its words and has too many."""
        for field, text in (("tim", self.text), ("ai", self.who), ("can-bo", self.official)):
            if not is_short(text):
                raise SearchTooLong(field=field, letters=ASKED_LETTERS, words=ASKED_WORDS)

    @classmethod
    def spelled(cls, text: str) -> TrailQuery:
        """From what `spell` gave. SearchUnreadable for anything that it never gives, PeriodReversed."""
        if len(text) > KINDS["asked"].limit or text.count("&") >= len(PARAMETERS):
            raise SearchUnreadable(typed=text)
        given = dict(parse_qsl(text))
        since, until = (_spelled_moment(given[name], text) if name in given else None for name in ("tu", "den"))
        if any("\0" in value for value in given.values()):
            raise SearchUnreadable(typed=text)
        return cls.read(lambda name: given.get(name, ""), since, until)

    def spell(self) -> str:
        """All of it in one line, always the same."""
        return urlencode(
            [
                (name, value.isoformat() if isinstance(value, datetime) else value)
                for name, value in zip(PARAMETERS, self, strict=True)
                if value
            ]
        )


def _spelled_moment(moment: str, text: str) -> datetime:
    """A moment with its zone, of a year that is looked at."""
    try:
        read = datetime.fromisoformat(moment)
    except ValueError:
        read = None
    if read is None or read.tzinfo is None or not is_looked_at(read):
        raise SearchUnreadable(typed=text)
    return read


#: The parameters of the address, in the order of `TrailQuery`.
PARAMETERS = ("ai", "chuc-vu", "viec", "mua", "xa", "chi-tieu", "hop", "can-bo", "tim", "tu", "den")


class Names(NamedTuple):
    """Who and what there was at a moment."""

    officials: Sequence[OfficialRow]
    units: Sequence[UnitRow]
    seasons: Sequence[SeasonRow]
    councils: Sequence[CouncilRow]


class Object(NamedTuple):
    """What a fact is about, and the filter (parameter and value) that finds all else about it."""

    label: str
    name: str
    value: str


class FoundFacts(NamedTuple):
    """Facts that were looked for, and those that they are told with."""

    facts: tuple[Recorded, ...]
    around: tuple[Recorded, ...]


class Searching:
    """Searches the logs of all provinces, in one process."""

    def __init__(self, database: Database, store: EventStore) -> None:
        self._store = store
        self._index = TrailIndex(database, VERSION)
        self._granted: dict[str, tuple[int, dict[str, Office]]] = {}

    @classmethod
    def of(cls, app: App) -> Self:
        return cls(app.database, app.store)

    async def learn(self, tenant: Tenant, most: int = MARKED) -> Reached:
        """Mark what the log has grown by, at most so many facts; how far it is then."""

        async def index_between(after: int, upto: int) -> list[IndexedFact]:
            known, positions = self._granted.get(tenant.id, (0, {}))
            if known != after:
                positions = await self._mandates(tenant, after)
            pages = self._store.read(tenant, after=after, upto=upto, unreadable=True)
            found = [one async for page in pages for one in _indexed(page, positions)]
            self._granted[tenant.id] = (upto, positions)
            return found

        return await self._index.learn(tenant, index_between, most)

    async def freshened(self, tenant: Tenant) -> Reached:
        """Like `learn`, for a page: what goes wrong is the sweeper's to say, and the page shows what is indexed."""
        try:
            return await self.learn(tenant)
        except LOST:
            raise
        except Exception:
            log.exception("the trail could not be indexed", tenant=tenant.id)
            return await self._index.reached(tenant)

    async def find(
        self,
        tenant: Tenant,
        search: Search,
        upto: int,
        many: int,
        *,
        before: int | None = None,
        after: int | None = None,
    ) -> list[int]:
        """The positions that are looked for, up to `upto`: the newest, the next before a position, or after one.

        Newest first; those after a position oldest first.
        """
        low, high = await self._within(tenant, search, upto)
        if before is not None:
            high = min(high, before - 1)
        if after is not None:
            low = max(low, after)
        return await self._index.find(tenant, search, low, high, many, rising=after is not None)

    async def count(self, tenant: Tenant, search: Search, upto: int, most: int) -> int:
        """How many there are up to a position, at most `most`."""
        low, high = await self._within(tenant, search, upto)
        return await self._index.count(tenant, search, low, high, most)

    async def read(self, tenant: Tenant, positions: Collection[int], upto: int) -> FoundFacts:
        """The facts at these positions with all that they are told with, up to a position of the log."""
        pages = self._store.read(tenant, positions=positions, upto=upto, unreadable=True)
        facts = [recorded async for page in pages for recorded in page]
        pages = self._store.read(tenant, streams=streams_around(facts), facts=TOLD_WITH, upto=upto, unreadable=True)
        return FoundFacts(tuple(facts), tuple([recorded async for page in pages for recorded in page]))

    async def _within(self, tenant: Tenant, search: Search, upto: int) -> tuple[int, int]:
        """Between which positions the moments lie that are looked for: nothing outside is of them."""
        low, high = 0, upto
        if search.since is not None:
            low = await self._store.position_at(tenant, search.since - timedelta(microseconds=1))
        if search.until is not None:
            high = min(upto, await self._store.position_at(tenant, search.until + CLOCK_DRIFT))
        return low, high

    async def _mandates(self, tenant: Tenant, upto: int) -> dict[str, Office]:
        pages = self._store.read(tenant, upto=upto, season="", facts=[Official.MandateGranted], unreadable=True)
        return {
            str(one.fact.mandate): one.fact.position
            async for page in pages
            for one in page
            if isinstance(one.fact, Official.MandateGranted)
        }


def _indexed(facts: Sequence[Recorded], positions: dict[str, Office]) -> list[IndexedFact]:
    """The facts with their terms. One whose terms cannot be made is logged and found by its act alone."""
    try:
        return list(index(facts, positions))
    except Exception:
        if len(facts) > 1:
            return [found for one in facts for found in _indexed([one], positions)]
        log.exception("the terms of a fact cannot be made", position=facts[0].position)
        return [index_by_act(facts[0])]


async def read_names(view: View) -> Names:
    """Those of the view's moment."""
    return Names(await view.all(OFFICIALS), await view.all(UNITS), await view.all(SEASONS), await view.all(COUNCILS))


# What is looked for -----------------------------------------------------------------------------------


def topics(act: str) -> frozenset[str]:
    """The facts that are meant by an act; none by what is no act."""
    meant = ACTS.get(act, ())
    return frozenset(topic for topic in FACTS if any(topic == one or _begins(topic, one) for one in meant))


def _begins(topic: str, one: str) -> bool:
    return one.endswith((".", "-")) and topic.startswith(one)


def search_of(asked: TrailQuery, actor: Actor, names: Names, meant: Callable[[str], Iterable[str]] = topics) -> Search:
    """The search that this person may make of it. NotPermitted for whoever sees no trail at all.

    `meant` gives what is meant by an act, where that is not a choice of facts.
    """
    seen, without = _seen(actor, names)
    sets = [
        _people(asked.who, names, "p") if asked.who else None,
        frozenset({f"v:{asked.position}"}) if asked.position else None,
        frozenset(f"a:{one}" for one in meant(asked.act)) if asked.act else None,
        frozenset({f"x:{asked.unit}"}) if asked.unit else None,
        frozenset({f"c:{asked.indicator}"}) if asked.indicator else None,
        frozenset({f"h:{asked.meeting}"}) if asked.meeting else None,
        _people(asked.official, names, "o") if asked.official else None,
        *_worded(words_of(asked.text), names),
        seen,
    ]
    wanted = tuple(frozenset(map(bounded, one)) for one in sets if one is not None)
    return Search(wanted, bounded(asked.season), asked.since, asked.until, without)


def _seen(actor: Actor, names: Names) -> tuple[frozenset[str] | None, frozenset[str]]:
    """To whose trails the facts must belong, None for all; and what is left out even so."""
    if may(actor, Act.VIEW_TRAIL_OF_PROVINCE):
        hidden = () if may(actor, Act.VIEW_REVIEW) else topics("xem-xet")
        return None, frozenset(f"a:{topic}" for topic in hidden)
    members = {(one.season, one.unit): one.people for one in names.councils}
    terms: set[str] = set()
    for season in names.seasons:
        for commune, decided_by in season.ever.items():
            subject = Subject(commune, decided_by, members=members.get((season.season, decided_by), frozenset()))
            if may(actor, Act.VIEW_TRAIL, subject):
                terms |= reach(season.season, commune, decided_by)
    if not terms:
        permit(actor, Act.VIEW_TRAIL_OF_PROVINCE)
    return frozenset(terms), frozenset()


def _people(asked: str, names: Names, sign: str) -> frozenset[str]:
    """A person by id, or everybody whose name has all these words."""
    wanted = set(words_of(asked))
    return frozenset(
        f"{sign}:{row.person}"
        for row in names.officials
        if row.person == asked or (wanted and wanted <= words_of_name(row.name))
    ) | ({f"{sign}:system"} if asked == "system" else frozenset())


def _worded(words: Iterable[str], names: Names) -> Iterable[frozenset[str]]:
    """Of each word the terms of all that has it in it: what was written, a name, a position, what is said of the act.

    The names are gone through once, whatever the number of words.
    """
    terms = {word: {f"w:{word}", *_said().get(word, ())} for word in words}
    if terms:
        named = [("ux", row.code, row.full_name) for row in names.units]
        named += [("po", row.person, row.name) for row in names.officials]
        for signs, id_, name in named:
            for word in terms.keys() & words_of_name(name):
                terms[word].update(f"{sign}:{id_}" for sign in signs)
    return map(frozenset, terms.values())


@cache
def _said() -> Mapping[str, tuple[str, ...]]:
    """The terms of acts and positions by the words that they are told in, in any language."""
    found: dict[str, set[str]] = {}
    for words in load_words().values():
        for key, sentence in words.sentences.items():
            for sign, topic in _meant(key):
                for word in words_of(re.sub(r"%\(\w+\)s", " ", sentence)):
                    found.setdefault(word, set()).add(f"{sign}:{topic}")
    return {word: tuple(terms) for word, terms in found.items()}


def _meant(key: str) -> list[tuple[str, str]]:
    """What a sentence of the locale is said of."""
    family, _, rest = key.partition(".")
    if family == "position" and rest in set(Office):
        return [("v", rest)]
    topic = ".".join(rest.split(".")[:2])
    return [("a", topic)] if family == "trail" and topic in FACTS else []


# What was found, in words -----------------------------------------------------------------------------


def describe(
    found: FoundFacts, names: Names, words: Words, rulebooks: Rulebooks, personal: Mapping[Personal, str]
) -> list[FactSentence]:
    """The facts in words, in the order of the log; `personal` says what is told of sealed values."""
    wanted = {recorded.position for recorded in found.facts}
    every = sorted({one.position: one for one in (*found.around, *found.facts)}.values(), key=lambda one: one.position)
    units = {unit.code: unit.inside for unit in names.units}
    holders = holders_of(names.officials)
    members = [member for council in names.councils for member in council.members]
    votes = known_votes(every)
    tellers: dict[str, SentenceWriter] = {}
    told = []
    for entry in entries(every):
        if entry.position in wanted:
            season = entry.stream.season
            if season not in tellers:
                tellers[season] = SentenceWriter(
                    words, units, holders, members, votes, personal, _called(season, names.seasons, rulebooks)
                )
            told.append(tellers[season].tell(entry))
    return told


def about(told: FactSentence, names: Names, words: Words) -> tuple[Object, ...]:
    """A commune or unit, an official, a meeting; the season besides."""
    found = []
    entry = told.entry
    kind, season, subject = entry.stream
    units = {unit.code: unit.inside for unit in names.units}
    if code := entry.commune or (subject if kind in {"unit", "council"} else ""):
        found.append(Object(units.get(code, code), "xa", code))
    if kind == "official":
        name = next((row.name for row in names.officials if row.person == subject), subject[:8])
        found.append(Object(name, "can-bo", subject))
    if kind == "meeting":
        found.append(
            Object(meeting_called(subject, units, words, in_writing=told.in_writing), "hop", f"{season}/{subject}")
        )
    if season := season or str(entry.args.get("season", "")):
        found.append(Object(words.say("năm %(season)s", season=season), "mua", season))
    return tuple(found)


def meeting_called(key: str, units: Mapping[str, str], words: Words, *, in_writing: bool) -> str:
    """A meeting by its number and whose council met, or was asked in writing."""
    unit = unit_of(key)
    number, name = number_of(key), units.get(unit, unit)
    if in_writing:
        return words.say("lấy ý kiến %(number)s, %(unit)s", number=number, unit=name)
    return words.say("phiên %(number)s, %(unit)s", number=number, unit=name)


def _called(season: str, seasons: Iterable[SeasonRow], rulebooks: Rulebooks) -> Mapping[str, str]:
    """What rulebooks are called, and the conditions of the one that the season has."""
    used = rulebooks.find({row.season: row.rulebook_sha256 for row in seasons}.get(season, ""))
    every = {rulebook.id: rulebook.short for rulebook in rulebooks.newest_of_each()}
    return {**every, **called(used)} if used else every
