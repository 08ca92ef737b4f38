"""The limit of heavy pages: how many one person may wait for at a time."""

from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import ClassVar

from domain.errors import Refused

#: Pages that one person may ask of each web process at a time.
AT_ONCE = 3


class TooManyQuestions(Refused):
    """The person has asked for as many pages of this kind as one may have at a time; `seconds` to wait."""

    code: ClassVar[str] = "too-many-questions"


class Turns:
    """How many such pages each person waits for in this process."""

    def __init__(self) -> None:
        self._waiting: Counter[str] = Counter()

    @asynccontextmanager
    async def one(self, person: str) -> AsyncIterator[None]:
        """One more page for this person. TooManyQuestions."""
        if self._waiting[person] >= AT_ONCE:
            raise TooManyQuestions(seconds=1)
        self._waiting[person] += 1
        try:
            yield
        finally:
            self._waiting[person] -= 1
            if not self._waiting[person]:
                del self._waiting[person]
