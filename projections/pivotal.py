"""Which facts carry the verdict: the smallest sets without which a commune fails, or would not have failed?

Exact, and yet not every set is tried. A verdict fails by one of its conditions, and each looks at a sum over
indicators, at one indicator, or at facts of its own. So, for a set that fails while none of its subsets does:

- of data, scores and appraised values only the last count, so only ends of those rows of facts come into question,
  and of files only all that support an indicator together;
- each of its facts lowers what it belongs to, else the set would fail without it too;
- what it takes from different indicators adds up, and a sum is compared with the margin without judging again.

Files that support several indicators are tried first, by themselves; the rest is then found for each choice of them.
"""

from __future__ import annotations

import dataclasses
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from decimal import Decimal
from itertools import combinations
from typing import NamedTuple, TypeAlias

from domain.appraisal import Appraisal
from domain.assessment import Assessment
from domain.fact import Recorded
from domain.judging import Sheet, Value, Verdict, judge
from domain.measure import Outcome
from domain.rulebook import ZERO, ConditionKind, Indicator, Rulebook
from domain.working_days import Calendar
from projections.fold import fold
from projections.sheets import SHEETS, SheetRow
from projections.standings import STANDINGS, sheet_of
from projections.whatif import JUDGED, files, value_of, ways

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
    search = _Search([one for one in facts if _belongs(one, commune)], rulebook, calendar)
    if search.verdict.result is not Outcome.MET:
        return Pivotal((), tuple(search.positions[one] for one in search.rescuing()))
    found = sorted(search.carrying(largest), key=lambda items: (len(items), sorted(items)))
    return Pivotal(tuple(frozenset(search.positions[one] for one in items) for items in found), ())


def _belongs(recorded: Recorded, commune: str) -> bool:
    return recorded.stream.kind in {"assessment", "appraisal"} and recorded.stream.subject == commune


class _Block(NamedTuple):
    """Items of one indicator that lower its value, none of them in vain; what they take away."""

    items: Items
    indicator: str
    drop: Decimal
    criterion: int


class _Search:
    def __init__(self, facts: Sequence[Recorded], rulebook: Rulebook, calendar: Calendar) -> None:
        self.rulebook = rulebook
        self._calendar = calendar
        self._opened = [one for one in facts if isinstance(one.fact, Assessment.Opened)]
        self._row: SheetRow = next(iter(fold(SHEETS, facts).values()))
        self._sheet = sheet_of(next(iter(fold(STANDINGS, facts).values())), rulebook)
        self.verdict = judge(self._sheet, rulebook)
        together = files(facts)
        sets = {position: frozenset(file) for file in together.values() for position in file}
        judged = [one for one in facts if isinstance(one.fact, JUDGED)]
        self.positions = list(dict.fromkeys(sets.get(one.position, frozenset((one.position,))) for one in judged))
        self._number = {position: n for n, positions in enumerate(self.positions) for position in positions}
        self._files = {sha256: self._number[file[0]] for sha256, file in together.items()}
        #: By indicator, "" for conditions: what its value comes of, in order, with all that its files came by.
        self._facts: dict[str, list[Recorded]] = {}
        self._touching: dict[str, Items] = {}
        came = ways(facts)
        touching: dict[str, dict[int, Recorded]] = {}
        for recorded in judged:
            way = came.get(recorded.position)
            mine = touching.setdefault(getattr(recorded.fact, "indicator", ""), {})
            mine.update((one.position, one) for one in (way.facts if way else (recorded,)))
        for code, known in touching.items():
            self._facts[code] = [known[position] for position in sorted(known)]
            self._touching[code] = frozenset(self._number[position] for position in known)
        self._values: dict[tuple[str, Items], Value | None] = {}
        self._criterion = {
            indicator.code: number
            for number, criterion in enumerate(rulebook.criteria)
            for indicator in criterion.indicators
        }

    # What is left without some items ------------------------------------------------------------------

    def without(self, items: Items) -> Verdict:
        """The verdict that comes out without these."""
        values = dict(self._sheet.values)
        for code, indicator in self.rulebook.by_code.items():
            if items & self._touching.get(code, NOTHING):
                value = self._value(indicator, items)
                if value is None:
                    values.pop(code, None)
                else:
                    values[code] = value
        sheet = dataclasses.replace(self._sheet, values=values)
        if items & self._touching.get("", NOTHING):
            sheet = self._conditions(sheet, items)
        return judge(sheet, self.rulebook)

    def _value(self, indicator: Indicator, items: Items) -> Value | None:
        """The indicator's value without these, remembered."""
        code = indicator.code
        if code not in self._touching:
            return self._sheet.values.get(code)
        key = code, items & self._touching[code]
        if key not in self._values:
            value = self._sheet.values.get(code)
            if key[1]:
                rows = fold(SHEETS, [*self._opened, *self._left(code, key[1])])
                entry = next(iter(rows.values())).entries.get(code)
                before = self._row.entries.get(code)
                if entry != before:
                    value = value_of(before, entry, indicator, self._calendar)
            self._values[key] = value
        return self._values[key]

    def _conditions(self, sheet: Sheet, items: Items) -> Sheet:
        standing = next(iter(fold(STANDINGS, [*self._opened, *self._left("", items)]).values()))
        other = sheet_of(standing, self.rulebook)
        return dataclasses.replace(sheet, satisfaction=other.satisfaction, vetoes=other.vetoes)

    def _left(self, code: str, items: Items) -> Iterator[Recorded]:
        return (one for one in self._facts[code] if self._number[one.position] not in items)

    def _fails(self, items: Items) -> bool:
        return self.without(items).result is not Outcome.MET

    # The sets -----------------------------------------------------------------------------------------

    def rescuing(self) -> list[int]:
        """The single items without which a commune that fails would meet the standard."""
        return [one for one in range(len(self.positions)) if not self._fails(frozenset((one,)))]

    def carrying(self, largest: int) -> set[Items]:
        """All minimal sets without which the commune fails."""
        alone = {one for one in range(len(self.positions)) if self._fails(frozenset((one,)))}
        found: set[Items] = {frozenset((one,)) for one in alone}
        ends = {code: self._ends(code, alone) for code in self._facts}
        shared = _several(ends.values())
        for size in range(2, largest + 1):
            smaller = frozenset(found)
            candidates = {*self._of_conditions(ends.get("", []), size), *self._of_indicators(ends, shared, size)}
            found |= {items for items in candidates if not _holds_one_of(smaller, items)}
        return found

    def _ends(self, code: str, alone: set[int]) -> list[Items]:
        """What may be taken from the indicator (or from conditions) to any effect, without items that fail alone."""
        rows: dict[object, list[int]] = {}
        for one in self._facts[code]:
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
        ends = [frozenset(row[-size:]) for row in rows.values() for size in range(1, min(LARGEST, len(row)) + 1)]
        entry = self._row.entries.get(code)
        if entry is not None and entry.is_supported:
            explained = [self._number[one.position] for one in self._facts[code] if _is_explanation(one)]
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
        slack = _slack(self.without(chosen), self.rulebook)
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


def _slack(verdict: Verdict, rulebook: Rulebook) -> _Slack:
    least = rulebook.least_share
    decides = any(one.kind is ConditionKind.MIN_EACH_CRITERION_RATIO for one in verdict.conditions)
    criteria = tuple(
        one.points - least * one.max_points
        if decides and least is not None and one.points is not None and one.max_points is not None
        else None
        for one in verdict.criteria
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
