"""All steps that the text of a season has, with their terms in words, and the form that sets the deadlines."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import date

from domain.deadlines import TERMS_OF, Bounds, bounds_of, bounds_of_step, must_keep_terms
from domain.errors import DayOutOfRange, DeadlineOutsideTerm, PeriodReversed, Refused
from domain.rulebook import Provenance, Rulebook, Source
from domain.season import Deadline, Step, must_follow
from domain.working_days import Calendar
from projections.tables.seasons import SeasonRow
from services.i18n import Words
from services.rulebooks.value_sources import cited
from services.season.calendar import following_day_off
from services.season.terms import term_words
from services.web.form_fields import NotADate, Typed
from services.web.refusals import Refusal, explain

#: What the form's hidden field says, and so whether it is the form that was refused.
FORM = "deadlines"

#: Steps of a text that have no deadline of their own, each after the step that it follows in the procedure.
AFTER: Mapping[Step, tuple[str, ...]] = {
    Step.SUBMITTED: ("supplemented",),
    Step.APPRAISED: ("council_papers",),
    Step.DECIDED: ("published", "six_month_report", "year_report", "district_report", "province_report"),
}


UNBOUNDED = Bounds()


@dataclass(frozen=True, slots=True)
class DeadlineLine:
    """A step of the season, or of its text alone (`step` is None), with its term in words and by what it is checked.

    `ends` is when a posting that begins on its last day ends at the soonest; `day_off` the next working day where the
    fixed day of the text is none.
    `typed_*` is what stands in the fields, `on` its day; `fault` says why it could not be saved.
    """

    key: str
    name: str
    step: Step | None = None
    law: str = ""
    source: str = ""
    unverified: bool = False
    bounds: Bounds = UNBOUNDED
    fixed: bool = False
    ends: date | None = None
    day_off: date | None = None
    deadline: Deadline | None = None
    on: date | None = None
    typed_on: str = ""
    typed_basis: str = ""
    typed_outside: str = ""
    fault: str = ""
    outside: bool = False


@dataclass(frozen=True, slots=True)
class DeadlineForm:
    """The table of all steps; `basis` is the document that sets those deadlines that name none of their own."""

    lines: Sequence[DeadlineLine]
    basis: str = ""
    basis_fault: str = ""


def read_deadlines(typed: Typed, row: SeasonRow) -> list[tuple[Step, Deadline]]:
    """What the form holds: each step with a day, by the document beside it or the one for all.

    FieldMissing for a day that was there and is not, or a document; NotADate, DayOutOfRange.
    """
    read = []
    for step in Step:
        on = typed.needed_day(f"on.{step}") if step in row.deadlines else typed.day(f"on.{step}")
        if on is None:
            continue
        basis = typed.text(f"basis.{step}") or typed.needed("basis")
        read.append((step, Deadline(on, basis, typed.text(f"outside.{step}"))))
    return read


def deadline_form(
    row: SeasonRow, rulebook: Rulebook, calendar: Calendar, words: Words, typed: Typed, refusal: Refusal | None
) -> DeadlineForm:
    """The table with what is recorded, or with what was typed where this form was refused.

    A step without a deadline shows the last day of the text.
    """
    sent = typed if refusal is not None and typed.text("form") == FORM else None
    common = _common(row.deadlines)
    by_law = {step: Deadline(on, common) for step, on in _by_law(row, rulebook)}
    shown = {**by_law, **row.deadlines} if sent is None else _typed(sent)
    faults = faults_of(shown, row, rulebook, calendar) if sent else {}
    lines = []
    for name in _order(rulebook):
        step = Step(name) if name in set(Step) else None
        line = _of_text(name, step, row, rulebook, shown, calendar, words)
        if step is not None:
            fault = explain(faults[step], words).sentence if step in faults else ""
            if refusal is not None and refusal.field == f"on.{step}":
                fault = refusal.sentence
            outside = isinstance(faults.get(step), DeadlineOutsideTerm)
            line = _filled(replace(line, fault=fault, outside=outside), step, row, shown, common, sent, words)
        lines.append(line)
    lacking = refusal.sentence if refusal is not None and sent and refusal.field == "basis" else ""
    return DeadlineForm(lines, sent.text("basis") if sent else common, lacking)


def _common(deadlines: Mapping[Step, Deadline]) -> str:
    """The document of most deadlines, the first of several."""
    named = [one.basis for one in deadlines.values()]
    return max(dict.fromkeys(named), key=named.count, default="")


def _typed(typed: Typed) -> dict[Step, Deadline]:
    """What was typed, as far as it can be read."""
    found = {}
    for step in Step:
        with suppress(NotADate, DayOutOfRange):
            if (on := typed.day(f"on.{step}")) is not None:
                found[step] = Deadline(
                    on, typed.text(f"basis.{step}") or typed.text("basis"), typed.text(f"outside.{step}")
                )
    return found


def _by_law(row: SeasonRow, rulebook: Rulebook) -> list[tuple[Step, date]]:
    terms = {step: rulebook.term(*names) for step, names in TERMS_OF.items()}
    return [(step, on) for step, term in terms.items() if term and (on := term.last_day(row.year))]


def faults_of(
    deadlines: Mapping[Step, Deadline], row: SeasonRow, rulebook: Rulebook, calendar: Calendar
) -> dict[Step, Refused]:
    """Why these deadlines cannot stand together, each at its step; with one at fault the next is not compared."""
    found: dict[Step, Refused] = {}
    sound: dict[Step, Deadline] = {}
    for step in (step for step in Step if step in deadlines):
        becomes = {**sound, step: deadlines[step]}
        changed = [one for one in becomes if becomes[one] != row.deadlines.get(one)]
        try:
            must_follow(becomes, (step,))
            if not row.is_practice:
                must_keep_terms(becomes, changed, rulebook, row.year, calendar, row.read_day)
            sound = becomes
        except (PeriodReversed, DeadlineOutsideTerm) as refused:
            found[step] = refused
    return found


def _order(rulebook: Rulebook) -> list[str]:
    """The steps with a deadline and those of the text alone, as the procedure has them."""
    own = {name for names in TERMS_OF.values() for name in names}
    of_text = [term.step for term in rulebook.terms if term.step not in own]
    order = ["assigned"] if "assigned" in of_text else []
    for step in Step:
        order += [step, *(name for name in AFTER.get(step, ()) if name in of_text)]
    return [*order, *(name for name in of_text if name not in order)]


def _of_text(
    name: str,
    step: Step | None,
    row: SeasonRow,
    rulebook: Rulebook,
    shown: Mapping[Step, Deadline],
    calendar: Calendar,
    words: Words,
) -> DeadlineLine:
    """What the text says of a step."""
    said = words.say(f"step-name.{step}") if step else _capital(words.say(f"rulebook-step.{name}"))
    term = rulebook.term(*(TERMS_OF[step] if step else (name,)))
    bounds = (
        bounds_of_step(step, rulebook, row.year, shown, calendar)
        if step
        else bounds_of(name, rulebook, row.year, shown, calendar)
    )
    if term is None:
        return DeadlineLine(name, said, step, bounds=bounds)
    last = term.last_day(row.year)
    return DeadlineLine(
        name,
        said,
        step,
        law=term_words(words, term, row.year),
        source=article_in_words(rulebook.sources.get(f"deadlines.{term.step}"), words),
        unverified=rulebook.provenances[f"deadlines.{term.step}"] is not Provenance.SOURCED,
        bounds=bounds,
        fixed=last is not None,
        ends=bounds_of("posted", rulebook, row.year, shown, calendar).earliest if step is Step.POSTED else None,
        day_off=following_day_off(last, calendar) if last else None,
    )


def _filled(
    line: DeadlineLine,
    step: Step,
    row: SeasonRow,
    shown: Mapping[Step, Deadline],
    common: str,
    sent: Typed | None,
    words: Words,
) -> DeadlineLine:
    """The line with what stands in its fields."""
    deadline = shown.get(step)
    outside_term_by = sent.text(f"outside.{step}") if sent else deadline.outside_term_by if deadline else ""
    return replace(
        line,
        deadline=row.deadlines.get(step),
        on=deadline.on if deadline else None,
        typed_on=sent.text(f"on.{step}") if sent else words.date(deadline.on if deadline else None),
        typed_basis=sent.text(f"basis.{step}") if sent else _own(deadline, common),
        typed_outside=outside_term_by,
        outside=line.outside or bool(outside_term_by),
    )


def _own(deadline: Deadline | None, common: str) -> str:
    """The document that the deadline does not share with the others."""
    return deadline.basis if deadline and deadline.basis != common else ""


def article_in_words(source: Source | None, words: Words) -> str:
    """Where the term stands: "Điều 5 khoản 2 Quyết định số 25/2021/QĐ-TTg"."""
    if source is None:
        return ""
    return " ".join(filter(None, [source.article, cited(replace(source, dated=None), words)]))


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]
