"""Projections: each answers one question by a pure fold over facts.

The same fold makes the live table, its rebuild, the page as of an earlier moment, and the what-if replay in which
some facts are left out or replaced. So the past cannot drift from the present, and nothing here reads a clock, a
database or another row.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, MutableMapping
from operator import attrgetter
from typing import Any, Generic, NamedTuple, Protocol, TypeAlias, TypeVar

import msgspec
from msgspec.structs import replace as changed_in

from domain.catalogue import FACTS
from domain.fact import Fact, Recorded, StreamName, Unreadable


class Row(msgspec.Struct, frozen=True, omit_defaults=True):
    """A row of a read model: codes, ids and values as they are; sentences and verdicts are made when it is read."""


class RowPart(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """A value inside a row; written without the names of its fields, for there are many of them."""


R = TypeVar("R", bound=Row)
F = TypeVar("F", bound=Fact)
P = TypeVar("P")
F_contra = TypeVar("F_contra", bound=Fact, contravariant=True)

Keys: TypeAlias = Callable[[Recorded], Iterable[str]]


class Effect(Protocol[R, F_contra]):
    """What a fact does to a row that is there; None takes the row away."""

    def __call__(self, row: R, fact: F_contra, recorded: Recorded, /) -> R | None: ...


class PartEffect(Protocol[P, F_contra]):
    """What a fact does to one part of a row, which may not be there yet."""

    def __call__(self, part: P | None, fact: F_contra, recorded: Recorded, /) -> P: ...


def of_stream(recorded: Recorded) -> tuple[str]:
    """The row with the stream's own name: `season/subject`, or the subject alone where that says it all."""
    _, season, subject = recorded.stream
    return (f"{season}/{subject}",) if season and season != subject else (subject,)


def everything_together(row: Row) -> str:
    """One scope for all rows of a projection."""
    return ""


class _Step(NamedTuple):
    effect: Callable[..., Any]
    keys: Keys = of_stream
    begins: bool = False
    part: _PartRule | None = None


class _PartRule(NamedTuple):
    field: str
    named: Callable[[Any], Any]
    stamp: str | None


#: Facts that concern one row, in their order, each with what it does.
Run: TypeAlias = list[tuple[Any, Recorded]]


class Projection(Generic[R]):
    """One question, the rows that answer it, and what each fact does to them.

    `version` goes up with every change of a row's form or of a fact's effect: the table is then rebuilt by itself.
    `scope` groups the rows that are read together. Facts without an effect do not concern the question.
    """

    def __init__(
        self, name: str, *, version: int, row: type[R], scope: Callable[[R], str], seasonal: bool = True
    ) -> None:
        self.name = name
        self.version = version
        self.row = row
        self.scope = scope
        self.seasonal = seasonal
        self._steps: dict[type[Fact], _Step] = {}
        self._scattered = False

    def __repr__(self) -> str:
        return f"Projection({self.name!r})"

    @property
    def facts(self) -> tuple[type[Fact], ...]:
        """The facts that concern the question."""
        return tuple(self._steps)

    # How facts change rows --------------------------------------------------------------------------------

    def begins(self, fact: type[F]) -> Callable[[Callable[[F, Recorded], R]], Callable[[F, Recorded], R]]:
        """Declare the fact that makes the row."""

        def declare(effect: Callable[[F, Recorded], R]) -> Callable[[F, Recorded], R]:
            self._steps[fact] = _Step(effect, begins=True)
            return effect

        return declare

    def on(self, fact: type[F], keys: Keys = of_stream) -> Callable[[Effect[R, F]], Effect[R, F]]:
        """Declare what a fact does to the rows that `keys` names.

        Rows that are not there stay away: in a what-if replay the fact that made them may have been left out.
        """

        def declare(effect: Effect[R, F]) -> Effect[R, F]:
            self._steps[fact] = _Step(effect, keys)
            self._scattered |= keys is not of_stream
            return effect

        return declare

    def on_part(
        self, fact: type[F], parts: str, named: str, *, stamp: str | None = None
    ) -> Callable[[PartEffect[P, F]], PartEffect[P, F]]:
        """Declare what a fact does to one part of the mapping `parts` in its row, the one that its field `named` names.

        The row's field `stamp` takes the fact's version. For facts that come by the thousand: neither the row nor the
        mapping is made anew for each of them.
        """

        def declare(effect: PartEffect[P, F]) -> PartEffect[P, F]:
            self._steps[fact] = _Step(effect, part=_PartRule(parts, attrgetter(named), stamp))
            return effect

        return declare

    # The fold ---------------------------------------------------------------------------------------------

    def evolve(self, row: R | None, recorded: Recorded) -> R | None:
        """The row after the fact; the same object where nothing changed."""
        step = self._steps.get(type(recorded.fact))
        return self._after(row, [(step, recorded)])[0] if step else row

    def fold(self, facts: Iterable[Recorded], rows: MutableMapping[str, R]) -> dict[str, int]:
        """Fold the facts into the rows; the keys of the rows that changed, with the position that changed them last.

        When a fact cannot be folded, no row has changed.
        """
        return self.fold_runs(self.runs(facts), rows)

    def runs(self, facts: Iterable[Recorded]) -> dict[str, Run]:
        """The facts that concern each row, by its key: a row sees no others, so it goes through all of them at once."""
        runs: dict[str, Run] = {}
        steps = self._steps
        for recorded in facts:
            step = steps.get(type(recorded.fact))
            if step is not None:
                for key in step.keys(recorded):
                    run = runs.get(key)
                    if run is None:
                        runs[key] = [(step, recorded)]
                    else:
                        run.append((step, recorded))
        return runs

    def fold_runs(self, runs: Mapping[str, Run], rows: MutableMapping[str, R]) -> dict[str, int]:
        """Like `fold`, with facts already told apart."""
        changed: dict[str, int] = {}
        after: dict[str, R | None] = {}
        for key, run in runs.items():
            row, position = self._after(rows.get(key), run)
            if position is not None:
                after[key] = row
                changed[key] = position
        for key, row in after.items():
            if row is not None:
                rows[key] = row
            else:
                rows.pop(key, None)
        return changed

    def _after(self, row: R | None, run: Run) -> tuple[R | None, int | None]:
        """The row after these facts, and the position of the last that changed it."""
        position = None
        changes: dict[str, Any] = {}  # fields that the row does not have yet, among them mappings of parts
        for (effect, _, begins, part), recorded in run:
            fact = recorded.fact
            if begins:
                row = effect(fact, recorded)
                changes = {}
            elif row is None:
                continue
            elif part is not None:
                field, named, stamp = part
                parts = changes.get(field)
                if parts is None:
                    parts = changes[field] = getattr(row, field).copy()
                name = named(fact)
                parts[name] = effect(parts.get(name), fact, recorded)
                if stamp is not None:
                    changes[stamp] = recorded.version
            else:
                if changes:
                    row = changed_in(row, **changes)
                    changes = {}
                before = row
                row = effect(row, fact, recorded)
                if row is before:
                    continue
            position = recorded.position
        if changes and row is not None:
            row = changed_in(row, **changes)
        return row, position

    def concerned(self, recorded: Recorded) -> tuple[str, ...]:
        """The keys of the rows that a fact may concern of which that cannot be said, by its stream and its name.

        `season/*` where only the fact itself could say which rows of its season, if it could be read.
        """
        own, kind = _meant(recorded.fact), recorded.stream.kind
        steps = [
            step
            for fact, step in self._steps.items()
            if (own is fact if own else str(fact.TOPIC).partition(".")[0] == kind)  # type: ignore[attr-defined]
        ]
        alone = of_stream(recorded) if any(step.keys is of_stream for step in steps) else ()
        others = (f"{recorded.stream.season}/*",) if any(step.keys is not of_stream for step in steps) else ()
        return (*alone, *others)

    def streams(self, key: str) -> tuple[StreamName, ...] | None:
        """The streams whose facts alone make this row, or None where it takes the whole season to know."""
        if self._scattered:
            return None
        season, _, subject = key.rpartition("/")
        if self.seasonal and not season:
            season = subject
        kinds = dict.fromkeys(str(fact.TOPIC).partition(".")[0] for fact in self._steps)  # type: ignore[attr-defined]
        return tuple(StreamName(kind, season, subject) for kind in kinds)


def _meant(fact: Fact) -> type[Fact] | None:
    """What kind of fact it is, or stands for; None when this program knows no such fact."""
    return FACTS.get(fact.topic) if isinstance(fact, Unreadable) else type(fact)


def fold(
    projection: Projection[R],
    facts: Iterable[Recorded],
    *,
    without: Collection[int] = (),
    replace: Mapping[int, Fact] | None = None,
) -> dict[str, R]:
    """The rows that these facts make, by key.

    What if? `without` leaves out the facts at these positions, `replace` puts others in their places.
    """
    rows: dict[str, R] = {}
    if without or replace:
        facts = _otherwise(facts, frozenset(without), replace or {})
    projection.fold(facts, rows)
    return rows


def _otherwise(facts: Iterable[Recorded], without: frozenset[int], replace: Mapping[int, Fact]) -> Iterable[Recorded]:
    for recorded in facts:
        if recorded.position in replace:
            yield recorded._replace(fact=replace[recorded.position])
        elif recorded.position not in without:
            yield recorded
