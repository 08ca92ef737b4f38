"""The facts of a proof package in words, for its pages: sentences, units as they were called, posts, indicators.

Made of the proof package's own files and of what this program ships, so that a verifier makes the same words offline.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from datetime import date
from functools import cache
from typing import Any, NamedTuple

import msgspec

from domain.council import Member, everybody
from domain.fact import Recorded, StreamName
from domain.measure import Outcome
from domain.official import Mandate
from domain.rulebook import Rulebook
from domain.vietnamese import sort_key
from infra.ledger.leaf import leaf_hash, read_leaf
from infra.reference.rulebooks import load_rulebooks
from projections.analysis.trail import TrailEntry, concerns, entries
from projections.fold import fold
from projections.tables.councils import COUNCILS
from projections.tables.officials import OFFICIALS, OfficialRow
from projections.tables.sheets import SHEETS, EntryRow
from projections.tables.units import UNITS
from services.clock import VIETNAM
from services.documents.typesetting import NUMBERS
from services.i18n import Words, indicator_number, load_words
from services.proof_package.content import rulebooks_with
from services.proof_package.package_files import DOSSIER, EVIDENCE, LEAVES, Files, payload_name
from services.proof_package.package_log import History, line_of, shown
from services.sentences import FactSentence, SentenceWriter, called, holders_of, known_votes

#: What comments say is no business of whoever reads the pages, sealed or not.
NOT_PRINTED = "nội dung không in trong hồ sơ"

#: Kinds of streams that tell the story; all others say who and what there was.
STORY = frozenset({"season", "assessment", "appraisal", "council", "meeting", "recognition"})

#: Kinds of streams whose facts stand in a proof package.
KINDS = (*sorted(STORY), "official", "rulebook", "unit")

#: How the keys of the sentences begin of which pages are made: of facts, of the labels of their details, of positions,
#: and of the values of their fields.
SENTENCES = (
    *(f"trail.{kind}." for kind in KINDS),
    "trail.detail.",
    "position.",
    *(
        "choice.",
        "computed.",
        "leader.",
        "majority.",
        "outcome.",
        "proposal.",
        "result.",
        "sender.",
        "step.",
        "treatment.",
        "word.",
    ),
)


#: What the procedure of a year is called.
YEAR = "năm đánh giá %s"


class PrintedFact(NamedTuple):
    """A fact as it is printed: when in Viet Nam, who, what; `details` are labels with what follows them."""

    position: int
    at: str
    who: str
    name: str
    sentence: str
    details: tuple[tuple[str, str], ...]
    leaf_hash: str


class Scored(NamedTuple):
    """An indicator by number and name: what was proposed, what the appraiser made of it, how many files support it."""

    number: str
    name: str
    proposed: str
    appraised: str
    files: int


class PrintedFile(NamedTuple):
    """What the file of an indicator is called."""

    number: str
    name: str
    size: str
    sha256: str


class Pages(NamedTuple):
    """All that the pages say beside what `dossier.json` says.

    `streams` names each stream by its id, `of_stream` by how `dossier.json` spells it; `people` are in the order of
    their names. `in_writing` where the decision rests on what members answered in writing.
    """

    story: tuple[PrintedFact, ...]
    others: tuple[PrintedFact, ...]
    since: tuple[PrintedFact, ...]
    scored: tuple[Scored, ...]
    papers: tuple[PrintedFile, ...]
    streams: Mapping[str, str]
    of_stream: Mapping[str, str]
    people: tuple[Mapping[str, Any], ...]
    units: Mapping[str, str]
    posts: Mapping[str, str]
    agencies: Mapping[str, str]
    in_writing: bool


@cache
def words_of_pages() -> Words:
    """The sentences of the pages: proof packages speak Vietnamese, wherever they are printed."""
    return sentences_of_pages(load_words()["vi"])


def sentences_of_pages(words: Words) -> Words:
    """Those among these sentences that pages may use. The pages are made of them and know no others."""
    used = {key: text for key, text in words.sentences.items() if key.startswith(SENTENCES)}
    return Words(words.locale, used)


def worded(
    files: Files, words: Words, *, former_members: bool = True, year: str = YEAR, in_writing: bool = True
) -> Pages:
    """The words for these files, which have been proven, or come from a log that was.

    Without `former_members` the agency is named only of who sits in the council at the end. `year` is what the
    procedure of a year is called. Without `in_writing` a consultation is told in the words of a meeting.
    """
    said = msgspec.json.decode(files[DOSSIER])
    history = _history(files, said)
    facts = [line.recorded for line in history.by_position()]
    people: dict[str, OfficialRow] = fold(OFFICIALS, facts)
    units = {row.code: row.inside for row in fold(UNITS, facts).values()}
    members: Collection[Member] = everybody(recorded.fact for recorded in facts).values()
    if not former_members:
        members = [member for council in fold(COUNCILS, facts).values() for member in council.members]
    rulebooks = rulebooks_with(load_rulebooks(), history.facts)
    rulebook = rulebooks.text(said["decision"]["rulebook_sha256"])
    votes = known_votes(facts) if in_writing else known_votes(facts)._replace(in_writing=frozenset())
    teller = SentenceWriter(words, units, holders_of(people.values()), members, votes, called=called(rulebook))
    told = _Told(teller, people, words)
    hashes = {line.position: line.hash for line in history.lines}
    facts = [told.acting(recorded) for recorded in facts]
    steps = {entry.position: told.step(entry, hashes[entry.position]) for entry in entries(facts)}
    of_story = {one.position for one in facts if one.stream.kind in STORY and concerns(one, said["commune"]["code"])}
    sheet = fold(SHEETS, facts)[f"{said['season']}/{said['commune']['code']}"]
    names = {
        one["stream"]: _called(_name(one), units, people, year, in_writing=_name(one) in votes.in_writing)
        for one in said["streams"]
    }
    relied_on = {one["stream"] for one in said["relied_on"]}
    return Pages(
        story=tuple(steps[one.position] for one in facts if one.position in of_story),
        others=tuple(steps[one.position] for one in facts if one.position not in of_story),
        since=tuple(steps[one["position"]] for one in said["since"]),
        scored=tuple(_scored(rulebook, sheet.entries, words)),
        papers=tuple(_papers(msgspec.json.decode(files[EVIDENCE]), words)),
        streams=names,
        of_stream={shown(_name(one)): names[one["stream"]] for one in said["streams"]},
        people=tuple(sorted(said["people"], key=lambda one: sort_key(one["name"]))),
        units=units,
        posts={key.removeprefix("position."): text for key, text in words.sentences.items() if key[:9] == "position."},
        agencies={str(member.person): member.agency for member in members},
        in_writing=any(_name(one) in votes.in_writing for one in said["streams"] if one["stream"] in relied_on),
    )


def _history(files: Files, said: Mapping[str, Any]) -> History:
    names = {one["stream"]: _name(one) for one in said["streams"]}
    positions = {one["leaf_hash"]: one["position"] for one in said["acts"]}
    lines = []
    for leaf in files[LEAVES].split(b"\n")[:-1]:
        one = read_leaf(leaf)
        position = positions[leaf_hash(leaf).hex()]
        lines.append(line_of(position, names[one.stream], leaf, files[payload_name(one.payload_sha256)]))
    return History(said["circumstances"]["tenant"], lines)


def _name(one: Mapping[str, str]) -> StreamName:
    return StreamName(one["kind"], one["season"], one["subject"])


# Who and what -----------------------------------------------------------------------------------------


class _Told:
    """Facts in sentences, each with the post that its actor held then: leaves name the person and the unit alone."""

    def __init__(self, teller: SentenceWriter, people: Mapping[str, OfficialRow], words: Words) -> None:
        self._teller = teller
        self._people = people
        self._words = words

    def acting(self, recorded: Recorded) -> Recorded:
        """The fact with the mandate under which its actor may have acted: in force that day, for the fact's unit."""
        held = self._held(recorded.actor, recorded.unit, recorded.at.astimezone(VIETNAM).date())
        return recorded._replace(mandate=str(held.id)) if held else recorded

    def step(self, entry: TrailEntry, hashed: str) -> PrintedFact:
        if entry.topic == "assessment.comment-received":
            entry = entry._replace(args={**entry.args, "text": NOT_PRINTED})
        told = self._teller.tell(entry)
        who, name = self._who(entry, told)
        at = self._words.instant(entry.at)
        return PrintedFact(entry.position, at, who, name, told.sentence, told.details, hashed)

    def _held(self, actor: str, unit: str, day: date) -> Mandate | None:
        row = self._people.get(actor)
        return next((one for one in row.in_force(day) if one.unit == unit), None) if row else None

    def _who(self, entry: TrailEntry, told: FactSentence) -> tuple[str, str]:
        """Post and name; the name alone where no post is known, the post alone where the name is the post."""
        row = self._people.get(entry.actor)
        if entry.mandate or row is None:
            return told.who, told.name
        return row.name, ""


def _called(  # noqa: C901, PLR0911 - one flat match over streams
    name: StreamName, units: Mapping[str, str], people: Mapping[str, OfficialRow], year: str, *, in_writing: bool
) -> str:
    """What people call a stream."""
    unit = units.get(name.subject, name.subject)
    match name.kind:
        case "season":
            return year % NUMBERS.season(name.season)
        case "assessment":
            return f"hồ sơ tự đánh giá của {unit}"
        case "appraisal":
            return f"thẩm định hồ sơ của {unit}"
        case "council":
            return f"Hội đồng của {unit}"
        case "meeting":
            of, _, number = name.subject.rpartition("-")
            held = "lần lấy ý kiến bằng văn bản" if in_writing else "phiên họp"
            return f"{held} thứ {number} của Hội đồng {units.get(of, of)}"
        case "recognition":
            return f"quyết định về {unit}"
        case "rulebook":
            rulebooks = load_rulebooks()
            short = rulebooks.newest(name.subject).short if name.subject in rulebooks else name.subject
            return f"bộ tiêu chí {short}"
        case "rulebook-text":
            return "văn bản bộ tiêu chí của tỉnh"
        case "unit":
            return f"đơn vị hành chính: {unit}"
        case "official":
            row = people.get(name.subject)
            return f"nhiệm vụ của {row.name if row else name.subject}"
        case _:
            return f"{name.kind} {name.subject}"


# The sheet --------------------------------------------------------------------------------------------


def _scored(rulebook: Rulebook, sheet: Mapping[str, EntryRow], words: Words) -> Iterator[Scored]:
    for indicator in rulebook.indicators:
        entry = sheet.get(indicator.code)
        appraised = entry.appraised.value if entry and entry.appraised else None
        yield Scored(
            indicator_number(indicator.code),
            indicator.name,
            _value(entry.value if entry else None, words),
            _value(appraised, words),
            len(entry.evidence) if entry else 0,
        )


def _value(value: Any, words: Words) -> str:
    if value is None:
        return "–"
    return words.say(f"word.{value.value}") if isinstance(value, Outcome) else words.points(value)


def _papers(evidence: Iterable[Mapping[str, Any]], words: Words) -> Iterator[PrintedFile]:
    for one in evidence:
        yield PrintedFile(indicator_number(one["indicator"]), one["name"], words.size(one["size"]), one["sha256"])
