"""What a projection is: one question, answered by a pure fold over facts.

The same fold makes the live table, its rebuild, the page as of an earlier moment, and the what-if replay in which
some facts are left out or replaced. So the past cannot drift from the present, and nothing here reads a clock, a
database or another row.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, MutableMapping
from typing import Any, Generic, NamedTuple, Protocol, TypeAlias, TypeVar

import msgspec

from domain.fact import Fact, Recorded, StreamName


class Row(msgspec.Struct, frozen=True, omit_defaults=True):
    """A row of a read model: codes, ids and values as they are; sentences and verdicts are made when it is read."""


class Part(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """A value inside a row; written without the names of its fields, for there are many of them."""


R = TypeVar("R", bound=Row)
F = TypeVar("F", bound=Fact)
F_contra = TypeVar("F_contra", bound=Fact, contravariant=True)

Keys: TypeAlias = Callable[[Recorded], Iterable[str]]


class Effect(Protocol[R, F_contra]):
    """What a fact does to a row that is there; None takes the row away."""

    def __call__(self, row: R, fact: F_contra, recorded: Recorded, /) -> R | None: ...


def of_stream(recorded: Recorded) -> tuple[str]:
    """The row with the stream's own name: `season/subject`, or the subject alone where that says it all."""
    _, season, subject = recorded.stream
    return (f"{season}/{subject}",) if season and season != subject else (subject,)


def everything_together(row: Row) -> str:
    """One scope for all rows of a projection."""
    return ""


class _Step(NamedTuple):
    keys: Keys
    begins: bool
    effect: Callable[..., Any]

    def evolve(self, row: Any, recorded: Recorded) -> Any:
        if self.begins:
            return self.effect(recorded.fact, recorded)
        return None if row is None else self.effect(row, recorded.fact, recorded)


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
            self._steps[fact] = _Step(of_stream, begins=True, effect=effect)
            return effect

        return declare

    def on(self, fact: type[F], keys: Keys = of_stream) -> Callable[[Effect[R, F]], Effect[R, F]]:
        """Declare what a fact does to the rows that `keys` names.

        Rows that are not there stay away: in a what-if replay the fact that made them may have been left out.
        """

        def declare(effect: Effect[R, F]) -> Effect[R, F]:
            self._steps[fact] = _Step(keys, begins=False, effect=effect)
            self._scattered |= keys is not of_stream
            return effect

        return declare

    # The fold ---------------------------------------------------------------------------------------------

    def keys(self, recorded: Recorded) -> Iterable[str]:
        """The rows that the fact may touch."""
        step = self._steps.get(type(recorded.fact))
        return step.keys(recorded) if step else ()

    def evolve(self, row: R | None, recorded: Recorded) -> R | None:
        """The row after the fact; the same object where nothing changed."""
        step = self._steps.get(type(recorded.fact))
        evolved: R | None = step.evolve(row, recorded) if step else row
        return evolved

    def fold(self, facts: Iterable[Recorded], rows: MutableMapping[str, R]) -> dict[str, int]:
        """Fold the facts into the rows; the keys of the rows that changed, with the position that changed them last."""
        changed: dict[str, int] = {}
        steps = self._steps
        for recorded in facts:
            fact = recorded.fact
            step = steps.get(type(fact))
            if step is None:
                continue
            keys, begins, effect = step  # `evolve` spelled out: every read model passes here a million times
            for key in keys(recorded):
                before = rows.get(key)
                if begins:
                    after = effect(fact, recorded)
                elif before is None:
                    continue
                else:
                    after = effect(before, fact, recorded)
                if after is before:
                    continue
                if after is None:
                    del rows[key]
                else:
                    rows[key] = after
                changed[key] = recorded.position
        return changed

    def streams(self, key: str) -> tuple[StreamName, ...] | None:
        """The streams whose facts alone make this row, or None where it takes the whole season to know."""
        if self._scattered:
            return None
        season, _, subject = key.rpartition("/")
        if self.seasonal and not season:
            season = subject
        kinds = dict.fromkeys(str(fact.TOPIC).partition(".")[0] for fact in self._steps)  # type: ignore[attr-defined]
        return tuple(StreamName(kind, season, subject) for kind in kinds)


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
