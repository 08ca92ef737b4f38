"""Assumptions of a what-if page, read from its address and written into addresses again.

    bo=131              the fact at this position is struck out (of a file, all its attachments and reuses)
    thay=131:7,5        its value is another: points, met or not met, 20/24, yes or no, a choice
    nguong=C1:85        a threshold is another
    bo-tieu-chi=…       the dossier is judged under this text of a rulebook, by its hash or the rulebook's id
    ben-trai=…          and compared with what comes out under this text, not with what is recorded

A form has fields of its own for what is being added: `vi-tri` with `gia-tri`, and `nguong.C1`. Its `nguong-cua` is the
text whose thresholds it showed: one that nobody changed is no assumption about the text that is chosen in its place.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Collection, Iterable, Mapping
from decimal import Decimal
from functools import partial
from typing import NamedTuple, TypeVar

from domain.appraisal import Appraisal
from domain.assessment import Assessment
from domain.errors import Refused, RulebookUnusable, WhatIfInvalid
from domain.fact import Fact, Recorded
from domain.measure import Answer, Kind, Measured, Outcome
from domain.meeting import Choice, Meeting
from domain.rulebook import Rulebook
from domain.vietnamese import search_key
from infra.reference.rulebooks import Rulebooks
from projections.analysis.what_if import Other, Otherwise, parameters
from services.i18n import vietnamese
from services.web.form_fields import FieldMissing, read_day, read_number
from services.web.visit import Visit

T = TypeVar("T")

#: The fields of what is being added: the position of a fact, and the value that it is to have.
FIELDS = ("vi-tri", "gia-tri")

#: Reasons that speak of the fact that is to be replaced, not of its value.
ABOUT_FACT = {"no-such-fact", "not-judged", "replaced-twice", "struck-and-replaced"}

#: Digits of a position; a longer one is none.
DIGITS = 18

#: Words that may stand for a value, without marks.
OUTCOMES = {"dat": Outcome.MET, "met": Outcome.MET, "khong dat": Outcome.NOT_MET, "not_met": Outcome.NOT_MET}
ANSWERS = {"co": Answer.YES, "yes": Answer.YES, "khong": Answer.NO, "no": Answer.NO}
CHOICES = {
    **{search_key(vietnamese().say(f"choice.{choice}")): choice for choice in Choice},
    **{choice.value: choice for choice in Choice},
}
RATIOS = (Kind.RATIO, Kind.RATIO_BANDS, Kind.RATIO_THRESHOLD, Kind.SURVEY)


class Assumed(NamedTuple):
    """The address's assumptions: positions struck out, texts by position, numbers by parameter, and hashes of texts of
    rulebooks: the one to judge by, and the one to compare with ("" for the own one).
    """

    struck: tuple[int, ...] = ()
    replaced: tuple[tuple[int, str], ...] = ()
    thresholds: tuple[tuple[str, Decimal], ...] = ()
    rulebook: str = ""
    left: str = ""

    def __bool__(self) -> bool:
        return bool(self.struck or self.replaced or self.thresholds or self.rulebook or self.left)

    def query(self, visit: Visit) -> list[tuple[str, str]]:
        """The address of these assumptions."""
        return [
            *(("bo", str(position)) for position in self.struck),
            *(("thay", f"{position}:{text}") for position, text in self.replaced),
            *(("nguong", f"{code}:{visit.words.number(number)}") for code, number in self.thresholds),
            *([("ben-trai", self.left)] if self.left else []),
            *([("bo-tieu-chi", self.rulebook)] if self.rulebook else []),
        ]

    def with_struck(self, positions: Iterable[int]) -> Assumed:
        return self._replace(struck=tuple(dict.fromkeys((*self.struck, *positions))))

    def without(self, position: int) -> Assumed:
        """The same without what is assumed of the fact at this position."""
        return self._replace(
            struck=tuple(one for one in self.struck if one != position),
            replaced=tuple(one for one in self.replaced if one[0] != position),
        )

    def without_threshold(self, code: str) -> Assumed:
        return self._replace(thresholds=tuple(one for one in self.thresholds if one[0] != code))

    def otherwise(self, facts: Iterable[Recorded]) -> Otherwise:
        """What the folds are asked; WhatIfInvalid for a text that is no value of its fact."""
        known = {one.position: one.fact for one in facts}
        replace: dict[int, Other] = {}
        for position, text in self.replaced:
            if position not in known:
                raise WhatIfInvalid(reason="no-such-fact", position=position)
            if position in replace:
                raise WhatIfInvalid(reason="replaced-twice", position=position)
            replace[position] = _other(known[position], text, position)
        return Otherwise(frozenset(self.struck), replace, dict(self.thresholds))


class Asked(NamedTuple):
    """What the address assumes, as far as it can be read, and as it was typed.

    `adding` is what the form adds, position and value; `numbers` are thresholds by parameter; `refused` is why the
    first of what cannot be read cannot.
    """

    kept: Assumed = Assumed()
    adding: tuple[str, str] = ("", "")
    numbers: Mapping[str, str] = {}
    refused: Refused | None = None

    def assumed(self) -> Assumed:
        """All of it. Raises FieldMissing for half a replacement, WhatIfInvalid for what cannot be read."""
        if self.refused is not None:
            raise self.refused
        position, text = self.adding
        if not (position or text):
            return self.kept
        for field, typed in zip(FIELDS, self.adding, strict=True):
            if not typed:
                raise FieldMissing(field=field)
        added = (_position(position, FIELDS[0]), text)
        return self.kept._replace(replaced=tuple(dict.fromkeys((*self.kept.replaced, added))))

    def placed(self, refused: Refused, *, by_added: bool) -> Refused:
        """The refusal with the field that it concerns. `by_added`: what the address keeps is not to blame."""
        details = dict(refused.details)
        if "parameter" in details:
            details["field"] = f"nguong.{details['parameter']}"
        elif by_added:
            details["field"] = FIELDS[0] if details.get("reason") in ABOUT_FACT else FIELDS[1]
        return type(refused)(**details)


def read_asked(visit: Visit, rulebooks: Rulebooks, rulebook: Rulebook) -> Asked:
    """What the address assumes."""
    wrong: list[Refused] = []

    def read(reading: Callable[..., T], *typed: str) -> list[T]:
        try:
            return [reading(*typed)]
        except WhatIfInvalid as refused:
            wrong.append(refused)
            return []

    left, right = (
        next(iter(read(partial(_text, rulebooks, rulebook, visit.query(field), field))), rulebook)
        for field in ("ben-trai", "bo-tieu-chi")
    )
    known = parameters(right)
    numbers = dict(pair for text in visit.queries("nguong") for pair in read(_pair, text))
    numbers |= _typed(visit, known, rulebooks.named(visit.query("nguong-cua")))
    thresholds = [pair for code, text in numbers.items() for pair in read(_threshold, code, text)]
    replaced = [pair for text in visit.queries("thay") for pair in read(_replacement, text)]
    kept = Assumed(
        tuple(dict.fromkeys(position for text in visit.queries("bo") for position in read(_position, text))),
        tuple(dict.fromkeys(replaced)),
        tuple((code, number) for code, number in thresholds if code not in known or known[code][0] != number),
        *("" if one.sha256 == rulebook.sha256 else one.sha256 for one in (right, left)),
    )
    adding = (visit.query(FIELDS[0]).removeprefix("#"), visit.query(FIELDS[1]))
    return Asked(kept, adding, numbers, wrong[0] if wrong else None)


def _text(rulebooks: Rulebooks, own: Rulebook, name: str, field: str) -> Rulebook:
    """The text of this hash, or a rulebook's newest of this id; the own one where none or its rulebook is named."""
    if not name or name == own.id:
        return own
    found = rulebooks.named(name)
    if found is None:
        raise WhatIfInvalid(reason=_why_not(rulebooks, name), typed=name, field=field)
    return found


def _why_not(rulebooks: Rulebooks, name: str) -> str:
    try:
        rulebooks.written(name)
    except RulebookUnusable:
        return "no-such-rulebook"
    return "text-unreadable"


def _typed(visit: Visit, known: Collection[str], shown: Rulebook | None) -> dict[str, str]:
    """The form's thresholds; without those that it showed of a text and nobody changed."""
    found = {code: text for code in known if (text := visit.query(f"nguong.{code}"))}
    held = parameters(shown) if shown else {}
    return {code: text for code, text in found.items() if code not in held or read_number(text) != held[code][0]}


def _threshold(code: str, text: str) -> tuple[str, Decimal]:
    number = read_number(text)
    if number is None:
        raise WhatIfInvalid(reason="unreadable", typed=text, field=f"nguong.{code}")
    return code, number


def _replacement(text: str) -> tuple[int, str]:
    position, value = _pair(text)
    return _position(position), value


def _pair(text: str) -> tuple[str, str]:
    name, colon, value = text.partition(":")
    if not colon or not value.strip():
        raise WhatIfInvalid(reason="unreadable", typed=text)
    return name.strip(), value.strip()


def _position(text: str, field: str = "") -> int:
    if not (text.isascii() and text.isdecimal() and len(text) < DIGITS):
        raise WhatIfInvalid(reason="unreadable", typed=text, field=field)
    return int(text)


def _other(fact: Fact, text: str, position: int) -> Other:
    """The value that the text says, of the fact's kind."""
    word = search_key(text)
    found: Other | None = None
    match fact:
        case Assessment.IndicatorScored() | Appraisal.IndicatorAppraised():
            found = OUTCOMES.get(word) or read_number(text)
        case Assessment.IndicatorMeasured():
            found = _measured(fact.measured, text)
        case Assessment.VetoDeclared():
            found = ANSWERS.get(word)
        case Meeting.BallotCast() | Meeting.WrittenOpinionReceived():
            found = CHOICES.get(word)
        case Assessment.SatisfactionMeasured():
            found = _ratio(text)
        case _:
            raise WhatIfInvalid(reason="not-judged", position=position)
    if found is None:
        raise WhatIfInvalid(reason="unreadable", typed=text)
    return found


def _measured(measured: Measured, text: str) -> Measured | None:  # noqa: PLR0911 - one way of measuring below the other
    kind = measured.kind
    if kind in RATIOS and (ratio := _ratio(text)):
        return Measured(kind, numerator=ratio[0], denominator=ratio[1])
    if kind is Kind.POINTS and (points := read_number(text)) is not None:
        return Measured(kind, points=points)
    if kind is Kind.OPTIONS:
        return Measured(kind, option=text)
    if kind is Kind.CHECKLIST:
        return Measured(kind, checked=tuple(one.strip() for one in text.split(",")))
    if kind in (Kind.BOOLEAN, Kind.PENALTY) and (answer := ANSWERS.get(search_key(text))):
        return Measured(kind, answer=answer)
    if kind is Kind.DEADLINE and (day := read_day(text)):
        return dataclasses.replace(measured, on=day)
    if kind is Kind.AMOUNT and (amount := read_number(text)) is not None and amount == amount.to_integral_value():
        return dataclasses.replace(measured, amount=int(amount))
    return None


def _ratio(text: str) -> tuple[int, int] | None:
    numerator, slash, denominator = (part.strip() for part in text.partition("/"))
    if not (
        slash and numerator.isascii() and numerator.isdecimal() and denominator.isascii() and denominator.isdecimal()
    ):
        return None
    return (int(numerator), int(denominator)) if len(text) < DIGITS else None
