"""Epochs of a log, by the names of their origins: `example.org/t/17`, then `example.org/t/17/e2`, `/e3` and so on.

A new epoch keeps every leaf that is left, with the origin under which it was written. So under a checkpoint of one
epoch stand leaves of that epoch and of those before it, never of a later one or of another log; and from one leaf to
the next epochs never fall.
"""

import re
from functools import lru_cache

import msgspec

#: Epochs that a log may come to. Who has lost that many backups needs something else than one more.
MOST = 999

_LATER = re.compile(r"(.+)/e([2-9]|[1-9][0-9]{1,2})", re.DOTALL)


class Epoch(msgspec.Struct, frozen=True, order=True):
    """One epoch of the log of this name. A name with another ending (`/e1`, `/e02`, `/e1000`) is just another name."""

    log: str
    number: int

    @classmethod
    def read(cls, origin: str) -> "Epoch":
        """Which epoch of which log an origin names."""
        later = _LATER.fullmatch(origin)
        return cls(later[1], int(later[2])) if later else cls(origin, 1)

    @property
    def origin(self) -> str:
        return self.log if self.number == 1 else f"{self.log}/e{self.number}"

    def next(self) -> "Epoch":
        """The epoch after it. Raises ValueError after the last one that there may be."""
        if self.number >= MOST:
            raise ValueError(f"{self.origin} is the last epoch that a log may have")
        return Epoch(self.log, self.number + 1)


@lru_cache(maxsize=10_000)
def covers(head: str, origin: str) -> bool:
    """Whether a leaf or an older checkpoint of `origin` may stand under a checkpoint of `head`."""
    own, other = Epoch.read(head), Epoch.read(origin)
    return own.log == other.log and other.number <= own.number
