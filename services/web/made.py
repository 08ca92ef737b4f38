"""What pages made of rows, for the next page: it makes anew what its rows have changed, and nothing else.

A row of a read model is never changed; another stands in its place. So what was made of a row is right for as long as
it is the very same object, whichever position the log has reached meanwhile.
"""

from collections.abc import Callable, Hashable
from operator import is_
from typing import Generic, TypeVar, TypeVarTuple

V = TypeVar("V")
Ts = TypeVarTuple("Ts")


class Made(Generic[V]):
    """One value under each key, with what it was made of."""

    def __init__(self) -> None:
        self._made: dict[Hashable, tuple[tuple[object, ...], V]] = {}

    def of(self, key: Hashable, make: Callable[[*Ts], V], *parts: *Ts) -> V:
        """What `make` makes of these parts. Whatever else it depends on is in the key, and so are the parts' places."""
        known = self._made.get(key)
        if known is None or not all(map(is_, known[0], parts)):
            known = self._made[key] = parts, make(*parts)
        return known[1]
