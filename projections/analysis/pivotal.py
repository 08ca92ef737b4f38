"""Facts that carry a verdict: the smallest sets without which the commune fails, or would not have failed.

Exact, and yet not every set is tried. A verdict fails by one of its conditions, and each looks at a sum over
indicators, at one indicator, or at facts of its own. So, for a set that fails while none of its subsets does:

- of data, scores and appraised values only the last count, so only ends of those rows of facts come into question,
  and of files only all that support an indicator together;
- each of its facts lowers what it belongs to, else the set would fail without it too;
- what it takes from different indicators adds up, and a sum is compared with the margin without judging again.

Every value and every verdict comes from where `what_if` has its own (`projections/analysis/counterfactual.py`).

Files that support several indicators are tried first, by themselves; the rest is then found for each choice of them.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from decimal import Decimal
from itertools import combinations
from typing import NamedTuple, TypeAlias

from domain.appraisal import Appraisal
from domain.assessment import Assessment
from domain.fact import Recorded
from domain.judging import Value, Verdict, VerdictResult
from domain.measure import Outcome
from domain.rulebook import ZERO, Indicator, Rulebook
from domain.working_days import Calendar
from projections.analysis.counterfactual import JUDGED, Counterfactual, files

#: The largest sets that are looked for.
LARGEST = 3

#: A fact to strike out, by its place among all of them: a file stands there once, with all its positions.
Items: TypeAlias = frozenset[int]
NOTHING: Items = frozenset()


class Pivotal(NamedTuple):
    """Sets of positions. Of a file all attachments and reuses belong together and count once.

    `carrying`: without any one of these sets the commune fails, by size and with no smaller one inside. `failing`:
    without any one of these, each a single fact or file, a commune that fails would meet the standard.
    """

    carrying: tuple[frozenset[frozenset[int]], ...]
    failing: tuple[frozenset[int], ...]

    def of_size(self, size: int) -> list[frozenset[frozenset[int]]]:
        """The carrying sets of so many facts."""
        return [one for one in self.carrying if len(one) == size]


def pivotal(
    facts: Iterable[Recorded], commune: str, rulebook: Rulebook, calendar: Calendar, largest: int = LARGEST
) -> Pivotal:
    """The pivotal sets of a dossier, of up to `largest` facts each."""
    search = _Search(Counterfactual(facts, commune, rulebook, calendar))
    if search.case.verdict.result is not VerdictResult.MET:
        return Pivotal((), tuple(search.positions[one] for one in search.rescuing()))
    found = sorted(search.carrying(largest), key=lambda items: (len(items), sorted(items)))
    return Pivotal(tuple(frozenset(search.positions[one] for one in items) for items in found), ())


class _Block(NamedTuple):
    """Items of one indicator that lower its value, none of them in vain; what they take away."""

    items: Items
    indicator: str
    drop: Decimal
    criterion: int


class _Search:
    """The sets of one dossier. What is left without a set, and the verdict on it, `case` says."""

    def __init__(self, case: Counterfactual) -> None:
        self.case = case
        self.rulebook = case.rulebook
        together = files(case.facts)
        sets = {position: frozenset(file) for file in together.values() for position in file}
        judged = [one.position for one in case.facts if isinstance(one.fact, JUDGED)]
        self.positions = list(dict.fromkeys(sets.get(position, frozenset((position,))) for position in judged))
        self._number = {position: n for n, positions in enumerate(self.positions) for position in positions}
        self._files = {sha256: self._number[file[0]] for sha256, file in together.items()}
        self._criterion = {
            indicator.code: number
            for number, criterion in enumerate(self.rulebook.criteria)
            for indicator in criterion.indicators
        }

    def without(self, items: Items) -> Verdict:
        """The verdict that comes out without these."""
        return self.case.verdict_without(self._positions_of(items))

    def _value(self, indicator: Indicator, items: Items) -> Value | None:
        return self.case.value_without(indicator.code, self._positions_of(items))

    def _positions_of(self, items: Items) -> frozenset[int]:
        return NOTHING.union(*[self.positions[one] for one in items])

    def _fails(self, items: Items) -> bool:
        return self.without(items).result is not VerdictResult.MET

    # The sets -----------------------------------------------------------------------------------------

    def rescuing(self) -> list[int]:
        """The single items without which a commune that fails would meet the standard."""
        return [one for one in range(len(self.positions)) if not self._fails(frozenset((one,)))]

    def carrying(self, largest: int) -> set[Items]:
        """All minimal sets without which the commune fails."""
        alone = {one for one in range(len(self.positions)) if self._fails(frozenset((one,)))}
        found: set[Items] = {frozenset((one,)) for one in alone}
        ends = {code: self._ends(code, alone) for code in self.case.bearing}
        shared = _several(ends.values())
        for size in range(2, largest + 1):
            smaller = frozenset(found)
            candidates = {*self._of_conditions(ends.get("", []), size), *self._of_indicators(ends, shared, size)}
            found |= {items for items in candidates if not _holds_one_of(smaller, items)}
        return found

    def _ends(self, code: str, alone: set[int]) -> list[Items]:
        """What may be taken from the indicator (or from conditions) to any effect, without items that fail alone."""
        rows: dict[object, list[int]] = {}
        for one in self.case.bearing[code]:
            number = self._number[one.position]
            match one.fact:
                case Assessment.IndicatorMeasured() as fact:
                    rows.setdefault(("measured", fact.part), []).append(number)
                case Assessment.IndicatorScored() | Appraisal.IndicatorAppraised() as fact:
                    rows.setdefault(type(fact), []).append(number)
                case Assessment.SatisfactionMeasured() as fact:
                    rows.setdefault(type(fact), []).append(number)
                case Assessment.VetoDeclared() as fact:
                    rows.setdefault(("veto", fact.condition), []).append(number)
                case (
                    Assessment.SanctionDeclared() | Assessment.SanctionConfirmed() | Assessment.SanctionSetAside()
                ) as fact:
                    rows.setdefault(("sanction", fact.sanction), []).append(number)
        ends = [frozenset(row[-size:]) for row in rows.values() for size in range(1, min(LARGEST, len(row)) + 1)]
        entry = self.case.row.entries.get(code)
        if entry is not None and entry.is_supported:
            explained = [self._number[one.position] for one in self.case.bearing[code] if _is_explanation(one)]
            ends.append(frozenset((*(self._files[file.sha256] for file in entry.evidence), *explained)))
        return [end for end in ends if len(end) <= LARGEST and not end & alone]

    def _of_conditions(self, ends: list[Items], size: int) -> set[Items]:
        return {end for end in ends if len(end) == size and self._fails(end)}

    def _of_indicators(self, ends: dict[str, list[Items]], shared: Items, size: int) -> Iterator[Items]:
        for many in range(min(size, len(shared)) + 1):
            for chosen in map(frozenset, combinations(sorted(shared), many)):
                if many == size:
                    if self._fails(chosen):
                        yield chosen
                elif not (chosen and self._fails(chosen)):
                    yield from self._with(chosen, ends, shared, size - many)

    def _with(self, chosen: Items, ends: dict[str, list[Items]], shared: Items, size: int) -> Iterator[Items]:
        """Sets that hold exactly these of the shared files and `size` items besides."""
        blocks: dict[int, list[_Block]] = {one: [] for one in range(1, size + 1)}
        for code, mine in ends.items():
            if code in self._criterion:
                own = {end - chosen for end in mine if not (end - chosen) & shared} - {NOTHING}
                for block in self._blocks(self.rulebook.by_code[code], own, chosen, size):
                    blocks[len(block.items)].append(block)
        for block in blocks[size]:
            if self._fails(chosen | block.items):
                yield chosen | block.items
        slack = _slack(self.without(chosen))
        for one in blocks.values():
            one.sort(key=lambda block: -block.drop)
        for parts in _failing_together(blocks, size, slack):
            yield chosen.union(*(part.items for part in parts))

    def _blocks(self, indicator: Indicator, ends: set[Items], chosen: Items, size: int) -> Iterator[_Block]:
        unions = {
            union
            for many in range(1, size + 1)
            for some in combinations(ends, many)
            if len(union := NOTHING.union(*some)) <= size
        }
        before = self._value(indicator, chosen)
        for items in unions:
            after = self._value(indicator, chosen | items)
            if all(_lower(after, self._value(indicator, chosen | items - {one})) for one in items):
                drop = before - after if isinstance(before, Decimal) and isinstance(after, Decimal) else ZERO
                yield _Block(items, indicator.code, drop, self._criterion[indicator.code])


def _is_explanation(recorded: Recorded) -> bool:
    return isinstance(recorded.fact, Assessment.Explained) and bool(recorded.fact.explanation)


def _several(ends: Iterable[list[Items]]) -> Items:
    """The items that more than one indicator ends with: files."""
    once: set[int] = set()
    more: set[int] = set()
    for mine in ends:
        touched = NOTHING.union(*mine)
        more |= once & touched
        once |= touched
    return frozenset(more)


def _lower(value: Value | None, other: Value | None) -> bool:
    """Whether the value is less than the other one."""
    if isinstance(value, Decimal) and isinstance(other, Decimal):
        return value < other
    return value is not Outcome.MET and other is Outcome.MET


class _Slack(NamedTuple):
    """What may be lost without failing: over all, and in each criterion; None where nothing limits it."""

    total: Decimal | None
    criteria: tuple[Decimal | None, ...]

    @property
    def least(self) -> Decimal | None:
        return min((one for one in (self.total, *self.criteria) if one is not None), default=None)

    def exceeded(self, blocks: Sequence[_Block]) -> bool:
        if self.total is not None and sum((one.drop for one in blocks), ZERO) > self.total:
            return True
        lost: dict[int, Decimal] = {}
        for one in blocks:
            lost[one.criterion] = lost.get(one.criterion, ZERO) + one.drop
        limits = self.criteria
        return any((limit := limits[number]) is not None and drop > limit for number, drop in lost.items())


def _slack(verdict: Verdict) -> _Slack:
    criteria = tuple(
        None if one.needed is None or one.points is None else one.points - one.needed for one in verdict.criteria
    )
    return _Slack(verdict.margin, criteria)


def _failing_together(blocks: dict[int, list[_Block]], size: int, slack: _Slack) -> Iterator[tuple[_Block, ...]]:
    """Blocks of different indicators, `size` items in all, that take away more than may be lost."""
    least = slack.least
    if least is None:
        return
    if size == 2:
        yield from _pairs(blocks[1], blocks[1], least, slack)
    elif size == 3:
        yield from _pairs(blocks[2], blocks[1], least, slack)
        ones = blocks[1]
        for number, first in enumerate(ones):
            rest = ones[number + 1 :]
            if not rest or first.drop + 2 * rest[0].drop <= least:
                break
            for second, third in _reaching(rest, least - first.drop):
                parts = (first, second, third)
                if len({one.indicator for one in parts}) == size and slack.exceeded(parts):
                    yield parts


def _pairs(some: list[_Block], others: list[_Block], least: Decimal, slack: _Slack) -> Iterator[tuple[_Block, ...]]:
    same = some is others
    for number, first in enumerate(some):
        for second in others[number + 1 :] if same else others:
            if first.drop + second.drop <= least:
                break
            if first.indicator != second.indicator and slack.exceeded((first, second)):
                yield first, second


def _reaching(blocks: list[_Block], least: Decimal) -> Iterator[tuple[_Block, _Block]]:
    """Pairs, sorted by what they take away, that take more than this together."""
    drops = [-block.drop for block in blocks]
    for number, first in enumerate(blocks):
        end = bisect_right(drops, -(least - first.drop))
        if end <= number + 1:
            break
        for second in blocks[number + 1 : end]:
            yield first, second


def _holds_one_of(sets: frozenset[Items], items: Items) -> bool:
    return any(frozenset(some) in sets for size in range(1, len(items)) for some in combinations(sorted(items), size))
