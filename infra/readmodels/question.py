"""A projection as the read models see it: what is folded, and by which keys its rows are found."""

from __future__ import annotations

from collections.abc import (
    Callable,
    Collection,
    Iterable,
    Mapping,
    MutableMapping,
)
from typing import Any, Protocol, TypeAlias, TypeVar

from domain.fact import Fact, Recorded, StreamName

R = TypeVar("R")


#: Facts that concern one row, in their order, each with what a projection makes of it.
Run: TypeAlias = list[tuple[Any, Recorded]]


class Question(Protocol[R]):
    """A projection, as far as reading and keeping it up to date is concerned."""

    @property
    def name(self) -> str: ...
    @property
    def version(self) -> int: ...
    @property
    def row(self) -> type[R]: ...
    @property
    def facts(self) -> tuple[type[Fact], ...]: ...
    @property
    def seasonal(self) -> bool: ...
    @property
    def scope(self) -> Callable[[R], str]: ...
    def fold(self, facts: Iterable[Recorded], rows: MutableMapping[str, R], /) -> dict[str, int]: ...
    def runs(self, facts: Iterable[Recorded], /) -> dict[str, Run]: ...
    def fold_runs(self, runs: Mapping[str, Run], rows: MutableMapping[str, R], /) -> dict[str, int]: ...
    def concerned(self, recorded: Recorded, /) -> Collection[str]: ...
    def streams(self, key: str, /) -> Collection[StreamName] | None: ...
