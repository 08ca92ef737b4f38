"""Folding facts into rows such that a fact that cannot be read or folded stops the rows that it concerns, no others.

A row that is stopped stays as it was before the fact, so that no row ever rests on a history with a hole in it; who
reads it is told (`Stopped`). The live table, a rebuild and an earlier moment stop the same rows at the same facts.
"""

from __future__ import annotations

import traceback
from collections.abc import Callable, Iterable, Mapping, MutableMapping, Sequence
from typing import Any, NamedTuple, TypeAlias

import structlog

from domain.fact import Fact, Recorded, Unreadable
from domain.text import bounded
from infra.readmodels.question import Question, Run

#: Facts read and folded at a time: so many that they are still in the processor's cache when they are folded.
PAGE = 500

log = structlog.get_logger("projector")


class Stopped(NamedTuple):
    """The fact before which a row stands, and why it goes on no more."""

    position: int
    reason: str


#: The stopped rows of a projection, by key as it is stored; `every_row(season)` stands for all rows of a season.
Stops: TypeAlias = MutableMapping[str, Stopped]


def every_row(season: str) -> str:
    """The key that stands for all rows of a season; of what belongs to none with ""."""
    return f"{season}/*"


def stop_of(question: Question[Any], key: str, stops: Mapping[str, Stopped]) -> Stopped | None:
    """Where this row is stopped, if it is."""
    if not stops:
        return None
    season = key.partition("/")[0] if question.seasonal else ""
    found = [one for one in (stops.get(bounded(key)), stops.get(every_row(season))) if one is not None]
    return min(found, default=None)


def heard(projections: Sequence[Question[Any]], facts: Iterable[Recorded]) -> dict[str, list[Recorded]]:
    """Each projection's own facts, by one look at each fact; all get those that cannot be read."""
    mine: dict[str, list[Recorded]] = {one.name: [] for one in projections}
    told: dict[type[Fact], list[Callable[[Recorded], None]]] = {}
    for one in projections:
        heard_by: tuple[type[Fact], ...] = (*one.facts, Unreadable)
        for fact in heard_by:
            told.setdefault(fact, []).append(mine[one.name].append)
    for recorded in facts:
        for tell in told.get(type(recorded.fact), ()):
            tell(recorded)
    return mine


def fold(question: Question[Any], facts: Sequence[Recorded], rows: dict[str, Any], stops: Stops) -> dict[str, int]:
    """Fold the facts into the rows: which changed, at which position. Rows that stop are added to `stops`."""
    return fold_runs(question, facts, runs_of(question, facts, stops), rows, stops)


def runs_of(question: Question[Any], facts: Sequence[Recorded], stops: Stops) -> dict[str, Run]:
    """The facts that concern each row. One of which this cannot be said stops all rows that it may concern."""
    try:
        return question.runs(facts)
    except Exception:  # noqa: BLE001 - fact by fact it shows which it was
        return _told_one_by_one(question, facts, stops)


def _told_one_by_one(question: Question[Any], facts: Sequence[Recorded], stops: Stops) -> dict[str, Run]:
    runs: dict[str, Run] = {}
    for recorded in facts:
        try:
            told = question.runs([recorded])
        except Exception as reason:  # noqa: BLE001 - named
            for key in question.concerned(recorded):
                _stop(question, key, stops, recorded.position, short_reason(reason))
            _log_failure(question, recorded.position, reason)
        else:
            for key, run in told.items():
                runs.setdefault(key, []).extend(run)
    return runs


def fold_runs(
    question: Question[Any], facts: Iterable[Recorded], runs: Mapping[str, Run], rows: dict[str, Any], stops: Stops
) -> dict[str, int]:
    """Like `fold`, with facts already told apart into `runs` (`runs_of`)."""
    for recorded in facts:
        if isinstance(recorded.fact, Unreadable):
            for key in question.concerned(recorded):
                _stop(question, key, stops, recorded.position, recorded.fact.why)
    if stops:
        runs = {key: run for key, whole in runs.items() if (run := _before(whole, stop_of(question, key, stops)))}
    try:
        return question.fold_runs(runs, rows)
    except Exception:  # noqa: BLE001 - no row has changed; row by row, fact by fact it shows which it was
        return _fold_one_by_one(question, runs, rows, stops)


def _before(run: Run, stop: Stopped | None) -> Run:
    return run if stop is None else [one for one in run if one[1].position < stop.position]


def _fold_one_by_one(
    question: Question[Any], runs: Mapping[str, Run], rows: dict[str, Any], stops: Stops
) -> dict[str, int]:
    changed: dict[str, int] = {}
    for key, run in runs.items():
        for step in run:
            try:
                changed |= question.fold_runs({key: [step]}, rows)
            except Exception as reason:  # noqa: BLE001 - named
                position = step[1].position
                _stop(question, key, stops, position, short_reason(reason))
                _log_failure(question, position, reason)
                break
    return changed


def _log_failure(question: Question[Any], position: int, reason: Exception) -> None:
    trace = "".join(traceback.format_exception(reason))
    log.error("a fact cannot be folded", projection=question.name, position=position, trace=trace)


def _stop(question: Question[Any], key: str, stops: Stops, position: int, reason: str) -> None:
    """A row stops once, at the first fact that stops it. It is said without the values at hand, which are people's."""
    if bounded(key) not in stops:
        stops[bounded(key)] = Stopped(position, reason)
        log.error("a row stands before a fact", projection=question.name, key=key[:100], position=position)


def short_reason(reason: BaseException) -> str:
    """Of one error in one line."""
    return f"{type(reason).__name__}: {reason}"[:500]
