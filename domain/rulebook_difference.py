"""What differs between two texts of a rulebook, value by value, and what each difference touches: pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import fields, is_dataclass, replace
from enum import StrEnum
from typing import Any, NamedTuple

from domain.measure import Checklist, Options
from domain.rulebook import Condition, CouncilRule, Criterion, Indicator, Part, Provenance, Rulebook, Term


class Effect(StrEnum):
    """What a difference touches."""

    WORDING = "wording"  # names, sources, hints: nobody enters anything again
    PROCEDURE = "procedure"  # who acts, and until when
    JUDGING = "judging"  # what is entered stays and is judged otherwise
    DATA = "data"  # what is measured is another thing: it is entered again


class TextChange(NamedTuple):
    """One value that differs, by its path ("TC2.CT5.1.measure", "council.quorum"); None where it is missing."""

    path: str
    before: Any
    after: Any
    effect: Effect


#: Fields that only people read.
WORDS = frozenset(
    {
        *("name", "title", "short", "status", "text", "evidence", "formula", "provenance", "points_provenance"),
        *("name_provenance", "not_arisen_provenance", "legal_bases", "in_force_from"),
        *("in_force_to", "recognising_level_provenance", "quorum_provenance", "majority_provenance", "instruments"),
        *("max_members_provenance", "written_opinions_provenance", "suspended_years", "pass_level", "local"),
    }
)
#: Fields of the procedure beside those of the council.
PROCEDURE = frozenset({"commune_steps", "recognising_level", "unit_types", "unit_classes"})
#: Fields that are compared one by one below, or follow from others.
WITHIN = frozenset(
    {
        *("id", "sha256", "criteria", "conditions", "indicators", "parts", "council", "code", "criterion", "doubtful"),
        *("terms", "sources"),
    }
)


def difference(before: Rulebook, after: Rulebook) -> tuple[TextChange, ...]:
    """What differs, in the order of the new text; what is gone comes last."""
    return tuple(_difference(before, after))


def _difference(before: Rulebook, after: Rulebook) -> Iterator[TextChange]:
    yield from _fields("", before, after)
    yield from _fields("council", before.council, after.council)
    yield from _terms(before.terms, after.terms)
    yield from _listed(_by_code(before.criteria), _by_code(after.criteria), Effect.JUDGING)
    yield from _listed(before.by_code, after.by_code, Effect.DATA)
    yield from _listed(before.parts, after.parts, Effect.DATA)
    yield from _listed(_by_code(before.conditions), _by_code(after.conditions), Effect.JUDGING)


def _terms(before: tuple[Term, ...], after: tuple[Term, ...]) -> Iterator[TextChange]:
    """Each deadline that differs, by its step; how well it is known is no difference."""
    then, now = ({one.step: replace(one, provenance=Provenance.SOURCED) for one in terms} for terms in (before, after))
    for step in {**now, **then}:
        if then.get(step) != now.get(step):
            yield TextChange(f"deadlines.{step}", then.get(step), now.get(step), Effect.PROCEDURE)


def _by_code(every: tuple[Criterion, ...] | tuple[Condition, ...]) -> dict[str, Any]:
    return {one.code: one for one in every}


def _listed(before: Mapping[str, Any], after: Mapping[str, Any], there: Effect) -> Iterator[TextChange]:
    for code, now in after.items():
        if code in before:
            yield from _fields(code, before[code], now)
        else:
            yield TextChange(code, None, _named(now), there)
    for code, then in before.items():
        if code not in after:
            yield TextChange(code, _named(then), None, Effect.JUDGING)


def _fields(path: str, before: Any, after: Any) -> Iterator[TextChange]:
    assert is_dataclass(after)  # noqa: S101 - the parts of a rulebook are
    for field in fields(after):
        then, now = getattr(before, field.name), getattr(after, field.name)
        if field.name not in WITHIN and then != now:
            yield TextChange(f"{path}.{field.name}".lstrip("."), then, now, _effect(field.name, then, now, after))


def _effect(name: str, then: Any, now: Any, held: Any) -> Effect:
    if name in PROCEDURE or isinstance(held, CouncilRule):
        return Effect.WORDING if name in WORDS else Effect.PROCEDURE
    if name in WORDS and not (isinstance(held, Condition) and name == "text"):
        return Effect.WORDING
    if name == "measure":
        if _without_words(then) == _without_words(now):
            return Effect.WORDING
        return Effect.DATA if then.kind is not now.kind or _choices(then) - _choices(now) else Effect.JUDGING
    return Effect.JUDGING


def _without_words(measure: Any) -> Any:
    """The measure with its choices worded alike: what was chosen is known by its key."""
    if isinstance(measure, Options):
        return Options(tuple(one._replace(text="") for one in measure.options))
    if isinstance(measure, Checklist):
        return replace(measure, choices=tuple(one._replace(text="") for one in measure.choices))
    return measure


def _choices(measure: Any) -> frozenset[str]:
    """The keys among which an officer chooses; one that is gone makes a choice of it unusable."""
    found = getattr(measure, "options", None) or getattr(measure, "choices", None) or ()
    return frozenset(one.key for one in found)


def _named(one: Criterion | Indicator | Part | Condition) -> str:
    return one.text if isinstance(one, Condition) else one.name
