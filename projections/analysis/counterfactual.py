"""One dossier as it was judged, and what is left of it without some of its facts or with others in their places.

`what_if` and `pivotal` both ask here, so they cannot disagree.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from typing import NamedTuple, TypeAlias
from uuid import UUID

from domain.appraisal import Appraisal
from domain.assessment import Assessment
from domain.fact import Fact, Recorded
from domain.judging import Sheet, Value, Verdict, assess, judge
from domain.measure import Outcome
from domain.rulebook import ZERO, Indicator, Rulebook
from domain.working_days import Calendar
from projections.fold import fold
from projections.tables.sheets import SHEETS, EntryRow, SheetRow
from projections.tables.standings import STANDINGS, Standing, sheet_of

#: Facts of a dossier that its verdict rests on.
Judged: TypeAlias = (
    Assessment.IndicatorMeasured
    | Assessment.IndicatorScored
    | Assessment.EvidenceAttached
    | Assessment.EvidenceReused
    | Assessment.EvidenceWithdrawn
    | Assessment.Explained
    | Assessment.SatisfactionMeasured
    | Assessment.VetoDeclared
    | Assessment.SanctionDeclared
    | Assessment.SanctionConfirmed
    | Assessment.SanctionSetAside
    | Appraisal.IndicatorAppraised
)
JUDGED = Judged.__args__

NO_FACTS: frozenset[int] = frozenset()
UNCHANGED: Mapping[int, Fact] = {}


class Counterfactual:
    """One dossier as it was judged, to be judged again without some of its facts, or with others in their places.

    Facts are named by their positions. Only what they bear on is folded again: of an indicator its own facts, and
    those by which its files came to it. What comes out without facts is remembered, so that many sets can be tried.
    """

    def __init__(self, facts: Iterable[Recorded], commune: str, rulebook: Rulebook, calendar: Calendar) -> None:
        self.facts = [one for one in facts if _belongs(one, commune)]
        self.rulebook = rulebook
        self._calendar = calendar
        self.row: SheetRow = next(iter(fold(SHEETS, self.facts).values()))
        self.sheet = sheet_of(next(iter(fold(STANDINGS, self.facts).values())), rulebook)
        self.verdict = judge(self.sheet, rulebook)
        self._opened = [one for one in self.facts if isinstance(one.fact, Assessment.Opened)]
        #: By indicator, "" for conditions: the facts that its value comes of, in order.
        self.bearing = _bearing(self.facts)
        self._touching = {code: frozenset(one.position for one in facts) for code, facts in self.bearing.items()}
        self._of_position: dict[int, set[str]] = {}
        for code, touching in self._touching.items():
            for position in touching:
                self._of_position.setdefault(position, set()).add(code)
        self._values: dict[tuple[str, frozenset[int]], Value | None] = {}

    def verdict_without(self, positions: frozenset[int]) -> Verdict:
        """The verdict that comes out without the facts at these positions."""
        return judge(self.sheet_without(positions), self.rulebook)

    def sheet_without(self, positions: frozenset[int], replace: Mapping[int, Fact] = UNCHANGED) -> Sheet:
        """The sheet that is left, with `replace` at these positions. Its slacks are those of before."""
        changed = positions.union(replace) if replace else positions
        touched = {code for position in changed for code in self._of_position.get(position, ())}
        values = dict(self.sheet.values)
        for code in touched & self.rulebook.by_code.keys():
            value = self.value_without(code, positions, replace)
            if value is None:
                values.pop(code, None)
            else:
                values[code] = value
        sheet = dataclasses.replace(self.sheet, values=values)
        if "" not in touched:
            return sheet
        other = sheet_of(self._standing(self.bearing[""], positions, replace), self.rulebook)
        return dataclasses.replace(
            sheet, satisfaction=other.satisfaction, vetoes=other.vetoes, unconfirmed=other.unconfirmed
        )

    def sheet_with_slacks(self, positions: frozenset[int], replace: Mapping[int, Fact]) -> Sheet:
        """The same with the slacks of what is left."""
        left = self._standing(self.facts, positions, replace)
        return dataclasses.replace(self.sheet_without(positions, replace), slacks=sheet_of(left, self.rulebook).slacks)

    def value_without(
        self, code: str, positions: frozenset[int], replace: Mapping[int, Fact] = UNCHANGED
    ) -> Value | None:
        """The indicator's value that is left; None where it has none."""
        if replace:
            return self._value(code, positions, replace)
        touched = positions & self._touching.get(code, NO_FACTS)
        if not touched:
            return self.sheet.values.get(code)
        key = code, touched
        if key not in self._values:
            self._values[key] = self._value(code, touched, replace)
        return self._values[key]

    def loses_support(self, code: str, positions: frozenset[int], replace: Mapping[int, Fact]) -> bool:
        """Whether the indicator has lost its last evidence or explanation."""
        before = self.row.entries.get(code)
        if before is None or not before.is_supported or positions.isdisjoint(self._touching.get(code, NO_FACTS)):
            return False
        after = self._entry(code, positions, replace)
        return after is None or not after.is_supported

    def _value(self, code: str, positions: frozenset[int], replace: Mapping[int, Fact]) -> Value | None:
        after = self._entry(code, positions, replace)
        indicator = self.rulebook.by_code[code]
        return value_of(self.row.entries.get(code), after, indicator, self._calendar, *_given(replace, code))

    def _entry(self, code: str, positions: frozenset[int], replace: Mapping[int, Fact]) -> EntryRow | None:
        rows = fold(SHEETS, [*self._opened, *self.bearing[code]], without=positions, replace=replace)
        entry: EntryRow | None = next(iter(rows.values())).entries.get(code)
        return entry

    def _standing(self, facts: Sequence[Recorded], positions: frozenset[int], replace: Mapping[int, Fact]) -> Standing:
        facts = facts if facts is self.facts else [*self._opened, *facts]
        standing: Standing = next(iter(fold(STANDINGS, facts, without=positions, replace=replace).values()))
        return standing


def _belongs(recorded: Recorded, commune: str) -> bool:
    return recorded.stream.kind in {"assessment", "appraisal"} and recorded.stream.subject == commune


def _bearing(facts: Sequence[Recorded]) -> dict[str, list[Recorded]]:
    came = ways(facts)
    found: dict[str, dict[int, Recorded]] = {}
    for recorded in facts:
        if isinstance(recorded.fact, Assessment.RulebookCorrected):
            for code in recorded.fact.indicators:
                found.setdefault(code, {})[recorded.position] = recorded
        if isinstance(recorded.fact, JUDGED):
            way = came.get(recorded.position)
            mine = found.setdefault(getattr(recorded.fact, "indicator", ""), {})
            mine.update((one.position, one) for one in (way.facts if way else (recorded,)))
    return {code: [mine[position] for position in sorted(mine)] for code, mine in found.items()}


# Files and how they came ------------------------------------------------------------------------------


class Way(NamedTuple):
    """A file by its SHA-256, and the facts that it came by: its attachment, then each reuse, in order."""

    sha256: str
    facts: tuple[Recorded, ...]


def files(facts: Iterable[Recorded]) -> dict[str, list[int]]:
    """By SHA-256: the positions at which a file was attached or reused."""
    found: dict[str, list[int]] = {}
    for way in ways(facts).values():
        found.setdefault(way.sha256, []).append(way.facts[-1].position)
    return found


def ways(facts: Iterable[Recorded]) -> dict[int, Way]:
    """How each file came to its indicator, by the position of the fact that put it there.

    An id of evidence names a file of its indicator only: two indicators may have files of one id.
    """
    latest: dict[tuple[str, UUID], Way] = {}
    found: dict[int, Way] = {}
    for recorded in facts:
        match recorded.fact:
            case Assessment.EvidenceAttached() as fact:
                way = Way(fact.sha256, (recorded,))
            case Assessment.EvidenceReused() as fact if source := latest.get((fact.from_indicator, fact.evidence)):
                way = Way(source.sha256, (*source.facts, recorded))
            case _:
                continue
        latest[fact.indicator, fact.evidence] = found[recorded.position] = way
    return found


# What an indicator would be worth ---------------------------------------------------------------------


def value_of(
    before: EntryRow | None,
    after: EntryRow | None,
    indicator: Indicator,
    calendar: Calendar,
    scored: bool = False,  # noqa: FBT001, FBT002 - the what-if states the score itself
    appraised: bool = False,  # noqa: FBT001, FBT002 - or the appraised value
) -> Value | None:
    """The indicator's value with the entry that is left of the one that was there; None where there was none."""
    if before is None or _best_known(before) is None:
        return None
    nothing: Value = ZERO if indicator.max_points else Outcome.NOT_MET
    if after is None:
        return nothing
    proposed = nothing if after.value is None else after.value
    if not scored and after.measures != before.measures:
        proposed = _follow(proposed, _rule(before, indicator, calendar), _rule(after, indicator, calendar))
    value = proposed
    if after.appraised is not None and after.appraised.value is not None:
        value = after.appraised.value
        if not appraised and before.value is not None:
            value = _follow(value, before.value, proposed)
    if before.is_supported and not after.is_supported:
        return min(ZERO, value) if isinstance(value, Decimal) else nothing
    return value


def _best_known(entry: EntryRow) -> Value | None:
    appraised = entry.appraised.value if entry.appraised else None
    return entry.value if appraised is None else appraised


def _rule(entry: EntryRow, indicator: Indicator, calendar: Calendar) -> Value:
    """What the rule gives for what is measured; parts that are not measured earn nothing."""
    assessed = assess(indicator, entry.measures, calendar)
    if indicator.max_points:
        return assessed.points or ZERO
    return assessed.met or Outcome.NOT_MET


def _follow(value: Value, before: Value, after: Value) -> Value:
    """What becomes of a value when what it was taken from becomes another."""
    if value == before:
        return after
    if _rank(after) < _rank(before) and _rank(after) < _rank(value):
        return after
    return value


def _rank(value: Value) -> Decimal:
    return value if isinstance(value, Decimal) else Decimal(value is Outcome.MET)


def _given(replace: Mapping[int, Fact], indicator: str) -> tuple[bool, bool]:
    """Whether the what-if itself states the indicator's score, and its appraised value."""
    mine = [fact for fact in replace.values() if getattr(fact, "indicator", None) == indicator]
    return (
        any(isinstance(fact, Assessment.IndicatorScored) for fact in mine),
        any(isinstance(fact, Appraisal.IndicatorAppraised) for fact in mine),
    )
