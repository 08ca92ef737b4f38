"""Sentences of facts: each fact of the log in the reader's language.

A fact `meeting.vote-opened` has its sentence under the key `trail.meeting.vote-opened`, its slots filled here; what
does not fit a sentence (a reason, a document) follows as labelled details. How somebody voted is told only after the
vote was closed.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from types import MappingProxyType
from typing import Any, NamedTuple, TypeAlias
from uuid import UUID

from domain.commune_steps import SheetsTally
from domain.council import Member, everybody
from domain.fact import Recorded, StreamName
from domain.measure import Kind, Measured
from domain.meeting import Meeting
from domain.official import Mandate, Office, Official
from domain.personal import EncryptedValue, Personal
from domain.rate import RateName
from domain.recognition import Signer
from domain.review import Reference
from domain.rulebook import Rulebook
from domain.sanction import Sanction
from domain.working_days import DayKind
from projections.analysis.trail import TrailEntry, entries
from projections.tables.officials import OfficialRow
from services.i18n import Words, indicator_number


class Detail(NamedTuple):
    """What follows a sentence: "Lý do", and the reason."""

    label: str
    text: str


class FactSentence(NamedTuple):
    """A fact in words; `who` by position and unit, `decision_no` of the mandate acted under.

    `in_writing` where it happened in a consultation in writing.
    """

    entry: TrailEntry
    who: str
    name: str
    decision_no: str
    sentence: str
    details: tuple[Detail, ...]
    in_writing: bool = False


class Holder(NamedTuple):
    """Who held a mandate."""

    name: str
    mandate: Mandate


#: One round of voting: the meeting, the item, the number of the round.
Round: TypeAlias = tuple[StreamName, str, int]


class KnownVotes(NamedTuple):
    """What facts say of votes: the rounds that are `open`, and the meetings that were held `in_writing`."""

    open: frozenset[Round] = frozenset()
    in_writing: frozenset[StreamName] = frozenset()


NO_VOTES = KnownVotes()

#: Facts that say how somebody voted.
BALLOTS = frozenset({"meeting.ballot-cast", "meeting.written-opinion-received"})

#: Slots that follow the sentence as details, in this order, with the key of their label.
DETAILS = ("reason", "note", "ground", "basis", "outside_term_by", "document_no", "decision_no", "references")


class SentenceWriter:
    """Tells facts in one language, with the names of units, office-holders and council members.

    `personal` holds what is to be said of sealed values, for pages that show any; `called` what rulebooks and
    conditions are called, by code.
    """

    def __init__(
        self,
        words: Words,
        units: Mapping[str, str],
        holders: Mapping[str, Holder],
        members: Iterable[Member] = (),
        votes: KnownVotes = NO_VOTES,
        personal: Mapping[Personal, str] = MappingProxyType({}),
        called: Mapping[str, str] = MappingProxyType({}),
    ) -> None:
        self._words = words
        self._units = units
        self._holders = holders
        self._agencies = {member.person: member.agency for member in members}
        self._votes = votes
        self._personal = personal
        self._called = called

    def tell(self, entry: TrailEntry) -> FactSentence:
        """The entry in words."""
        words = self._words
        held = self._holders.get(entry.mandate)
        slots = self._slots(entry)
        key = f"trail.{entry.topic}"
        for narrow in self._variants(entry):
            if words.knows(f"{key}.{narrow}"):
                key = f"{key}.{narrow}"
                break
        sentence = words.say(key, **slots)
        details = tuple(
            Detail(words.say(f"trail.detail.{name}"), slots[name])
            for name in DETAILS
            if slots.get(name) and f"%({name})s" not in words.say(key)
        )
        return FactSentence(
            entry,
            self._who(entry, held),
            held.name if held and not says_position(held.name, held.mandate.position, words) else "",
            held.mandate.decision_no if held else "",
            sentence,
            details,
            entry.stream in self._votes.in_writing,
        )

    def _who(self, entry: TrailEntry, held: Holder | None) -> str:
        say = self._words.say
        if held is not None:
            position = say(f"position.{held.mandate.position.value}")
            return say("%(position)s, %(unit)s", position=position, unit=self.unit(held.mandate.unit))
        return say("Hệ thống") if entry.actor == "system" else say("Người dân")

    def unit(self, code: str) -> str:
        """The unit's name; its code where the name is not known."""
        return self._units.get(code, code)

    def _variants(self, entry: TrailEntry) -> list[str]:
        """Narrower sentences for the same fact, the narrowest first: a changed value, a hidden ballot, an answer."""
        found = []
        if entry.topic in BALLOTS and self._is_open(entry):
            found.append("hidden")
        if "before" in entry.args:
            found.append("again")
        for name in ("occurred", "proposal", "result", "outcome", "document", "extent"):
            value = entry.args.get(name)
            if isinstance(value, StrEnum):
                found.append(value.value)
        if entry.args.get("coordinating"):
            found.append("together")
        if entry.stream in self._votes.in_writing:
            return ["hidden-in-writing" if "hidden" in found else "in-writing", *found]
        return found

    def _is_open(self, entry: TrailEntry) -> bool:
        return (entry.stream, entry.args["item"], entry.args["round"]) in self._votes.open

    def _slots(self, entry: TrailEntry) -> dict[str, str]:
        args = entry.args
        slots = {name: self._said(name, value) for name, value in args.items()}
        slots.setdefault("value", self._said("value", args.get("points", args.get("outcome"))))
        slots["rule"] = self._said("value", args.get("by_rule", args.get("outcome_by_rule")))
        slots["unit_name"] = self.unit(str(args.get("unit", entry.stream.subject)))
        slots["subject"] = self.unit(entry.stream.subject)
        slots.setdefault("season", entry.stream.season)
        slots.setdefault("file", "–")  # in a replay without the fact that attached it
        if entry.topic.startswith("recognition.decided"):
            slots.setdefault("computed", self._said("computed", None))  # left open by the rules
        if entry.topic in BALLOTS and self._is_open(entry):
            slots.pop("reason", None)
        if entry.topic == "recognition.corrected":
            slots["corrected"] = self._corrected(args, slots)
            slots.pop("decision_no", None)  # it is part of the sentence already
        slots["count"] = str(next((len(args[name]) for name in COUNTED if name in args), 0))
        return slots

    def _corrected(self, args: Mapping[str, Any], slots: Mapping[str, str]) -> str:
        """What a correction says, one after the other."""
        told = ("decision_no", "decided_on", "signer")
        return ", ".join(
            self._words.say(f"trail.recognition.corrected.{name}", value=slots[name]) for name in told if args.get(name)
        )

    def _said(self, name: str, value: Any) -> str:  # noqa: C901, PLR0911, PLR0912 - one flat match over kinds of values
        words = self._words
        match value:
            case None:
                return words.say("computed.left-open") if name == "computed" else "–"
            case EncryptedValue():
                return self._personal.get(value, "–")
            case Measured():
                return measured_in_words(value, words)
            case Mandate() | Official.MandateGranted():
                position = words.say(f"position.{value.position.value}")
                return words.say("%(position)s, %(unit)s", position=position, unit=self.unit(value.unit))
            case SheetsTally():
                collected, given = words.number(value.collected), words.number(value.handed_out)
                return words.say("thu về %(collected)s/%(given)s phiếu", collected=collected, given=given)
            case Member():
                return value.agency
            case Signer(mandate=mandate):
                return self._holders[str(mandate)].name if str(mandate) in self._holders else "–"
            case Sanction():
                return self._sanction(value)
            case UUID():
                return self._agencies.get(value, str(value)[:8])
            case Reference():
                return f"#{words.number(value.position)}"
            case StrEnum():
                return self._word(name, value)
            case Decimal():
                return words.number(value) if name == "total" else words.points(value)
            case datetime():
                return words.instant(value)
            case date():
                return words.date(value)
            case tuple():
                return ", ".join(self._said(name, one) for one in value)
            case int():
                return str(value) if name == "year" else words.number(value)
            case dict():
                return ", ".join(value)
        if name in UNITS:
            return self.unit(str(value))
        if name in CALLED:
            return self._called.get(str(value), str(value))
        return indicator_number(str(value)) if name in INDICATORS else str(value)

    def _sanction(self, sanction: Sanction) -> str:
        return sanction_in_words(sanction, self._words, self.unit(sanction.unit))

    def _word(self, name: str, value: StrEnum) -> str:
        words = self._words
        if isinstance(value, Office):
            return words.say(f"position.{value.value}")
        if isinstance(value, RateName):
            return words.say(f"rate.{value.value}")
        if isinstance(value, DayKind):
            return words.say(f"day-kind.{value.value}")
        for key in (f"{name}.{value.value}", f"word.{value.value}"):
            if words.knows(key):
                return words.say(key)
        return value.value


#: Fields whose values are codes of units, and of indicators or parts.
UNITS = frozenset({"item", "items", "commune", "unit", "into", "parent", "decided_by"})
INDICATORS = frozenset({"indicator", "indicators", "part", "from_indicator"})
#: Fields whose values are codes of rulebooks, and of their conditions.
CALLED = frozenset({"rulebook", "condition"})
#: Fields that are told by how many they hold.
COUNTED = ("participants", "present", "roll", "items", "members", "indicators", "acknowledged", "comments", "contents")


def measured_in_words(measured: Measured, words: Words) -> str:  # noqa: PLR0911 - one way of measuring below the other
    """Measured data in short: `22/24`, a date, the option chosen."""
    if measured.kind is Kind.NOT_ARISEN:
        return words.say("không phát sinh")
    if measured.numerator is not None:
        ratio = f"{words.number(measured.numerator)}/{words.number(measured.denominator)}"
        spent = (
            words.say("%(amount)s đồng", amount=words.number(measured.amount)) if measured.amount is not None else ""
        )
        return f"{ratio}, {spent}" if spent else ratio
    if measured.amount is not None:
        return words.say("%(amount)s đồng", amount=words.number(measured.amount))
    if measured.option is not None:
        return words.say("mức %(key)s", key=measured.option)
    if measured.answer is not None:
        return words.say(f"word.{measured.answer.value}")
    if measured.on is not None:
        return words.date(measured.on)
    if measured.points is not None:
        return words.points(measured.points)
    return words.say("%(count)s mục", count=words.number(len(measured.checked)))


def sanction_in_words(sanction: Sanction, words: Words, unit: str) -> str:
    """An official's sanction: who by position, how, by which decision, for an act of which day and where."""
    return words.say(
        "sanction.told",
        form=words.say(f"sanction.form.{sanction.form}"),
        title=sanction.title,
        decision_no=sanction.decision_no,
        decided_on=words.date(sanction.decided_on),
        act_on=words.date(sanction.act_on),
        unit=unit,
    )


def holder_in_words(holder: Holder, words: Words, unit: str) -> str:
    """Somebody by name, position and unit; without the name where it is the position itself."""
    position = words.say(f"position.{holder.mandate.position.value}")
    office = words.say("%(position)s, %(unit)s", position=position, unit=unit)
    return office if says_position(holder.name, holder.mandate.position, words) else f"{holder.name} – {office}"


def holders_of(officials: Iterable[OfficialRow]) -> dict[str, Holder]:
    """Everybody who ever held a mandate, by the mandate's id."""
    return {str(mandate.id): Holder(row.name, mandate) for row in officials for mandate in row.mandates}


def called(rulebook: Rulebook) -> dict[str, str]:
    """A rulebook by its number, its conditions by code and text."""
    conditions = {one.code: f"{one.code} ({one.text})" for one in rulebook.conditions if one.text}
    return {rulebook.id: rulebook.short, **conditions}


def sentence_writer_of(
    facts: Sequence[Recorded],
    officials: Iterable[OfficialRow],
    units: Mapping[str, str],
    rulebook: Rulebook,
    words: Words,
    personal: Mapping[Personal, str] = MappingProxyType({}),
) -> SentenceWriter:
    """Who tells these facts of one commune's year."""
    members = everybody(recorded.fact for recorded in facts).values()
    return SentenceWriter(words, units, holders_of(officials), members, known_votes(facts), personal, called(rulebook))


def known_votes(facts: Iterable[Recorded]) -> KnownVotes:
    """The votes among these facts that are not closed, and the consultations in writing."""
    found: set[Round] = set()
    in_writing: set[StreamName] = set()
    for recorded in facts:
        match recorded.fact:
            case Meeting.VoteOpened() as fact:
                found.add((recorded.stream, fact.item, fact.round))
            case Meeting.VoteConcluded() as fact:
                found.discard((recorded.stream, fact.item, fact.round))
            case Meeting.ConsultationOpened():
                in_writing.add(recorded.stream)
    return KnownVotes(frozenset(found), frozenset(in_writing))


def meeting_steps(facts: Sequence[Recorded], meeting: str, teller: SentenceWriter) -> list[FactSentence]:
    """What the meeting did, newest first; ballots are counted elsewhere."""
    steps = [one for one in facts if one.stream.kind == "meeting" and one.stream.subject == meeting]
    told = [teller.tell(entry) for entry in entries(steps) if entry.topic != "meeting.ballot-cast"]
    return told[::-1]


def says_position(name: str, position: Office, words: Words) -> bool:
    """Whether the name is the position itself, as demonstration officials are called."""
    post = words.say(f"position.{position.value}").partition(" UBND")[0]
    return post.casefold() in name.casefold()
