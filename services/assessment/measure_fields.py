"""Measured data in forms: which fields a part of an indicator has, what stands in them, what was typed into them.

A field is named by its part and what it is: `TC2.CT5.1.numerator`. All that was typed wrongly is reported at once,
field by field, and stays where it was typed; nothing of it is recorded.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any, ClassVar, NamedTuple

from domain.errors import DayOutOfRange, MeasureInvalid, NotANumber, Refused
from domain.measure import (
    Amount,
    Answer,
    Checklist,
    ChecklistEntry,
    Kind,
    ManualPoints,
    Measured,
    Options,
    Penalty,
    WorkingDayTerm,
    YesNo,
)
from domain.rate import Rate
from domain.rulebook import Indicator, NotArisen, Part, check
from services.i18n import Words
from services.web.form_fields import NotADate, Typed

RATIOS = (Kind.RATIO, Kind.RATIO_BANDS, Kind.RATIO_THRESHOLD, Kind.SURVEY, Kind.AMOUNT)

#: A formula such as "(số đã tập huấn / tổng số) x 100" names its two numbers.
#: "(số … / tổng số …) x 100", or the same without brackets.
_FORMULA = re.compile(r"(?P<open>\()?(?P<numerator>.+?) / (?P<denominator>.+?)(?(open)\) x 100)")


class FormInvalid(Refused):
    """Some fields cannot be read; `problems` says which and why. Nothing was recorded, everything typed is kept."""

    code: ClassVar[str] = "form-invalid"


class Problem(NamedTuple):
    """Why a field cannot be read: a key `invalid.<reason>` with slots."""

    field: str
    reason: str
    details: Mapping[str, Any]

    def said(self, words: Words) -> str:
        """The sentence in this language."""
        sentence = words.say(f"invalid.{self.reason}")
        slots = {name: words.listed(value) for name, value in self.details.items()}
        return sentence % slots if "%(" in sentence else sentence


@dataclass(frozen=True, slots=True)
class MeasureField:
    """One field of a part: its name in the form, the words beside it (a key or the rulebook's own), its content."""

    name: str
    label: str
    value: str
    #: The label is a key to be said in the reader's language; otherwise it is the rulebook's own text.
    spoken: bool = True


class Pick(NamedTuple):
    """One choice among several."""

    key: str
    text: str
    points: Decimal | None
    chosen: bool


@dataclass(frozen=True, slots=True)
class PartForm:
    """What is asked about one part. `kind` says how its fields are drawn."""

    code: str
    name: str
    kind: Kind
    max_points: Decimal
    formula: str
    evidence: str
    provenance: str
    fields: tuple[MeasureField, ...] = ()
    picks: tuple[Pick, ...] = ()
    #: Whether "nothing of the sort happened" may be said, whether it is, and whether it decides the whole indicator.
    may_not_arise: bool = False
    not_arisen: bool = False
    decides_all: bool = False
    #: Whether nothing may have happened (0 of 0) and the rulebook has no rule for it: the form says what to do then.
    silent_on_nothing: bool = False
    note: str = ""


def forms_of(
    indicator: Indicator, held: Mapping[str, Measured], words: Words, typed: Mapping[str, str] | None = None
) -> tuple[PartForm, ...]:
    """The parts of the indicator as they are asked about, filled with what is held, or with what was just typed."""
    return tuple(_form(part, held.get(part.code), words, typed) for part in indicator.parts)


def read_measures(
    indicator: Indicator, typed: Typed, held: Mapping[str, Measured]
) -> tuple[dict[str, Measured], list[Problem]]:
    """The measured data that was typed, by part, and every field that cannot be read.

    A part whose fields are all empty is left out; one that already holds a value must not be emptied.
    """
    measures: dict[str, Measured] = {}
    problems: list[Problem] = []
    for part in indicator.parts:
        try:
            measured = _read(part, typed, held.get(part.code))
            if measured is not None:
                check(part, measured)
                measures[part.code] = measured
        except (MeasureInvalid, NotANumber, NotADate, DayOutOfRange) as refused:
            problems.append(problem_of(refused, part.code))
    return measures, problems


def problem_of(refused: Refused, part: str) -> Problem:
    """The refusal as a problem of one field of this part."""
    details = refused.details
    field = str(details.get("field", ""))
    if not field.startswith(part):
        field = f"{part}.{field or 'not_arisen'}"
    return Problem(field, str(details.get("reason") or refused.code), details)


# Reading ----------------------------------------------------------------------------------------------


def _read(part: Part, typed: Typed, held: Measured | None) -> Measured | None:
    def name(field: str) -> str:
        return f"{part.code}.{field}"

    if part.not_arisen is not None and typed.text(name("not_arisen")):
        return Measured(Kind.NOT_ARISEN, text=typed.text(name("note")))
    measured = _BY_KIND.get(part.measure.kind, _read_ratio)(part, typed, name)
    if measured == Measured(part.measure.kind):
        asked_and_none = part.measure.kind is Kind.CHECKLIST and held is not None and held.kind is Kind.CHECKLIST
        return measured if held is not None and (asked_and_none or held.kind is part.measure.kind) else None
    return measured


_Name = Callable[[str], str]


def _read_ratio(part: Part, typed: Typed, name: _Name) -> Measured:
    return Measured(
        part.measure.kind, numerator=typed.whole(name("numerator")), denominator=typed.whole(name("denominator"))
    )


def _read_survey(part: Part, typed: Typed, name: _Name) -> Measured:
    handed_out = typed.whole(name("handed_out"))
    measured = replace(_read_ratio(part, typed, name), counts=() if handed_out is None else (handed_out,))
    if handed_out is None and measured != Measured(Kind.SURVEY):
        raise MeasureInvalid(reason="missing", field="handed_out")
    return measured


def _read_amount(part: Part, typed: Typed, name: _Name) -> Measured:
    assert isinstance(part.measure, Amount)  # noqa: S101 - chosen by kind
    counts = [typed.whole(name(f"count{n}")) for n in range(len(part.measure.rates))]
    several = part.measure.asks_counts and any(count is not None for count in counts)
    return Measured(
        Kind.AMOUNT,
        numerator=typed.whole(name("numerator")),
        denominator=typed.whole(name("denominator")),
        counts=tuple(count or 0 for count in counts) if several else (),
        amount=typed.whole(name("amount")),
    )


def _read_option(part: Part, typed: Typed, name: _Name) -> Measured:
    return Measured(Kind.OPTIONS, option=typed.text(name("option")) or None)


def _read_checklist(part: Part, typed: Typed, name: _Name) -> Measured:
    return Measured(Kind.CHECKLIST, checked=typed.every(name("checked")))


def _read_answer(part: Part, typed: Typed, name: _Name) -> Measured:
    said = typed.text(name("answer"))
    return Measured(part.measure.kind, answer=Answer(said) if said in set(Answer) else None)


def _read_deadline(part: Part, typed: Typed, name: _Name) -> Measured:
    return Measured(Kind.DEADLINE, on=typed.day(name("on")), from_on=typed.day(name("from_on")))


def _read_points(part: Part, typed: Typed, name: _Name) -> Measured:
    return Measured(Kind.POINTS, points=typed.decimal(name("points")))


_BY_KIND: dict[Kind, Callable[[Part, Typed, _Name], Measured]] = {
    Kind.AMOUNT: _read_amount,
    Kind.SURVEY: _read_survey,
    Kind.OPTIONS: _read_option,
    Kind.CHECKLIST: _read_checklist,
    Kind.BOOLEAN: _read_answer,
    Kind.PENALTY: _read_answer,
    Kind.DEADLINE: _read_deadline,
    Kind.POINTS: _read_points,
}


# Showing ----------------------------------------------------------------------------------------------


def _form(part: Part, held: Measured | None, words: Words, typed: Mapping[str, str] | None) -> PartForm:
    def name(field: str) -> str:
        return f"{part.code}.{field}"

    def said(field: str, value: str) -> str:
        return value if typed is None else typed.get(name(field), "")

    silent = held is not None and held.kind is Kind.NOT_ARISEN
    if typed is not None:
        silent = bool(typed.get(name("not_arisen")))
    usable = held if held is not None and held.kind is part.measure.kind else Measured(part.measure.kind)
    return PartForm(
        code=part.code,
        name=part.name,
        kind=part.measure.kind,
        max_points=part.max_points,
        formula=part.formula,
        evidence=part.evidence,
        provenance=part.provenance,
        fields=tuple(
            MeasureField(name(field), label, said(field, value), spoken)
            for field, label, value, spoken in _fields(part, usable, words)
        ),
        picks=_picks(part, usable, name, typed),
        may_not_arise=part.not_arisen is not None,
        silent_on_nothing=part.not_arisen is None and part.measure.kind in RATIOS,
        not_arisen=silent,
        decides_all=part.not_arisen is NotArisen.INDICATOR,
        note=said("note", held.text if held is not None else ""),
    )


def _fields(part: Part, held: Measured, words: Words) -> list[tuple[str, str, str, bool]]:
    """Name, label, content, and whether the label is a key, of every field that is typed into."""
    measure = part.measure
    if isinstance(measure, WorkingDayTerm):
        return [
            ("from_on", "measure.from_on", words.date(held.from_on), True),
            ("on", "measure.on", words.date(held.on), True),
        ]
    if isinstance(measure, ManualPoints):
        return [("points", "measure.points", words.points(held.points), True)]
    if measure.kind not in RATIOS:
        return []
    fields = [
        (field, *_label(part, field), _count(number, words))
        for field, number in (("numerator", held.numerator), ("denominator", held.denominator))
    ]
    shown = [(field, label, value, spoken) for field, label, spoken, value in fields]
    if measure.kind is Kind.SURVEY:
        shown.append(("handed_out", "measure.survey.handed_out", _count(held.handed_out, words), True))
    if isinstance(measure, Amount):
        if measure.asks_counts:
            fits = len(held.counts) == len(measure.rates)
            counts = held.counts if fits else (None,) * len(measure.rates)
            shown += [
                (f"count{n}", rate_in_words(rate, words), _count(count, words), False)
                for n, (rate, count) in enumerate(zip(measure.rates, counts, strict=True))
            ]
        shown.append(("amount", "measure.amount", _count(held.amount, words), True))
    return shown


def rate_in_words(rate: Rate, words: Words) -> str:
    """What is counted at a rate: "Số tháng hoạt động của tổ, từ tháng 01 đến tháng 06 (mức 150.000 đồng)"."""
    label = f"{rate.label[:1].upper()}{rate.label[1:]}"
    if not rate.local:
        return label
    if (rate.first_month, rate.last_month) != (1, 12):
        label = words.say(
            "%(label)s, từ tháng %(first)s đến tháng %(last)s",
            label=label,
            first=f"{rate.first_month:02}",
            last=f"{rate.last_month:02}",
        )
    return words.say("%(label)s (mức %(dong)s đồng)", label=label, dong=words.number(rate.dong))


def _count(number: int | None, words: Words) -> str:
    """A count as it stands in its field: grouped, unless it could not be read back so (1,234 on an English page)."""
    grouped = words.number(number)
    try:
        return grouped if Typed([("n", grouped)]).whole("n") == number else str(number)
    except NotANumber:
        return str(number)


def _label(part: Part, field: str) -> tuple[str, bool]:
    """What the number counts: the rulebook's formula says it, else words for this kind."""
    if found := _FORMULA.fullmatch(part.formula):
        text = found[field]
        return text[:1].upper() + text[1:], False
    kind = "survey" if part.measure.kind is Kind.SURVEY else "ratio"
    return f"measure.{kind}.{field}", True


def _picks(part: Part, held: Measured, name: _Name, typed: Mapping[str, str] | None) -> tuple[Pick, ...]:
    measure = part.measure
    if isinstance(measure, Options):
        chosen = held.option if typed is None else typed.get(name("option"))
        return tuple(Pick(one.key, one.text, one.points, one.key == chosen) for one in measure.options)
    if isinstance(measure, Checklist):
        checked = set(held.checked)
        if typed is not None:
            checked = set(typed.every(name("checked"))) if isinstance(typed, Typed) else set()
        return tuple(_ticked(choice, checked) for choice in measure.choices)
    if isinstance(measure, (YesNo, Penalty)):
        said = held.answer if typed is None else typed.get(name("answer"))
        kind = "penalty" if isinstance(measure, Penalty) else "answer"
        loss = measure.points if isinstance(measure, Penalty) else None
        return (
            Pick(Answer.YES, f"{kind}.yes", loss, said == Answer.YES),
            Pick(Answer.NO, f"{kind}.no", None, said == Answer.NO),
        )
    return ()


def _ticked(choice: ChecklistEntry, checked: set[str]) -> Pick:
    return Pick(choice.key, choice.text, None, choice.key in checked)
