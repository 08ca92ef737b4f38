"""The pace of addresses without a session: who asks faster than people do waits, then is refused.

Each worker counts for itself and in its own memory, so that counting costs nothing and does not need Redis. The rate is
that of a whole office behind one address. Who is signed in is not slowed by what others do behind the same address.
"""

import asyncio
import math
import time
from collections import OrderedDict
from collections.abc import Callable
from typing import ClassVar

import structlog

from domain.errors import Refused

#: Requests a second that one address gets answered, and those that it may send at once before the rate holds.
RATE, BURST = 200.0, 400

#: Seconds that a request waits for its turn at most; one that would wait longer is refused.
LONGEST = 5.0

#: Addresses that are remembered.
MOST = 10_000

#: Seconds for which the same of one worker leaves no further line in the log.
QUIET = 10.0

log = structlog.get_logger("web")


class TooFast(Refused):
    """The address sends requests faster than they are answered; `seconds` to wait."""

    code: ClassVar[str] = "too-fast"


class Seldom:
    """What is said once in QUIET seconds, however often it happens."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._said: dict[str, float] = {}

    def is_due(self, what: str) -> bool:
        """Whether it is time to say this again; then it counts as said."""
        now = self._clock()
        if now - self._said.get(what, -math.inf) < QUIET:
            return False
        self._said[what] = now
        return True


class Pace:
    """When the next request of each address has its turn."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        #: The moment at which all that an address has sent is answered at `RATE`, the longest unheard address first.
        self._answered: OrderedDict[str, float] = OrderedDict()
        self._seldom = Seldom(clock)

    async def turn(self, sender: str) -> None:
        """Wait until a request of this address has its turn; nobody waits who is not known (""). Raises TooFast."""
        if sender and (seconds := self.wait(sender)):
            await asyncio.sleep(seconds)

    def wait(self, sender: str) -> float:
        """Count a request of this address, and say how many seconds it waits. Raises TooFast, which counts nothing."""
        now = self._clock()
        answered = max(self._answered.get(sender, now), now) + 1 / RATE
        seconds = answered - now - BURST / RATE
        if seconds > LONGEST:
            if self._seldom.is_due("too fast"):
                log.warning("an address sends requests faster than they are answered", sender=sender)
            raise TooFast(seconds=math.ceil(seconds))
        self._answered[sender] = answered
        self._answered.move_to_end(sender)
        if len(self._answered) > MOST:
            self._answered.popitem(last=False)
        return max(0.0, seconds)
