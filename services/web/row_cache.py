"""The cache of rows that pages made: only rows that changed are made anew.

A row of a read model is never changed; another stands in its place. So what was made of a row is right for as long as
it is the very same object, whichever position the log has reached meanwhile.
"""

from collections import OrderedDict
from collections.abc import Callable, Hashable
from operator import is_
from typing import Any, Generic, TypeVar, TypeVarTuple

V = TypeVar("V")
Ts = TypeVarTuple("Ts")


class KeyedCache(Generic[V]):
    """One value under each key, with what it was made of."""

    def __init__(self) -> None:
        self._made: dict[Hashable, tuple[tuple[object, ...], V]] = {}

    def of(self, key: Hashable, make: Callable[[*Ts], V], *parts: *Ts) -> V:
        """What `make` makes of these parts. Whatever else it depends on is in the key, and so are the parts' places."""
        known = self._made.get(key)
        if known is None or not all(map(is_, known[0], parts)):
            known = self._made[key] = parts, make(*parts)
        return known[1]


class KeptValue:
    """What pages made of a moment of the read models, for the next request that looks at the same moment."""

    def __init__(self, most: int = 64) -> None:
        self._most = most
        self._values: OrderedDict[Hashable, object] = OrderedDict()

    def get(self, key: Hashable) -> object | None:
        """What was kept under this key, or None."""
        if key in self._values:
            self._values.move_to_end(key)
        return self._values.get(key)

    def put(self, key: Hashable, value: object) -> None:
        """Keep it until it is one of the longest unused."""
        self._values[key] = value
        if len(self._values) > self._most:
            self._values.popitem(last=False)

    def made(self, *key: Hashable) -> KeyedCache[Any]:
        """What was made of rows for this purpose."""
        found = self.get(key)
        if not isinstance(found, KeyedCache):
            found = KeyedCache()
            self.put(key, found)
        return found
