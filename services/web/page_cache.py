"""Pages that everybody without a session sees alike, kept for a moment: whoever asks for them a thousand times a second
takes little from those at work.

There is nothing personal in them, and who is signed in neither gets one from here nor leaves one. When its moment is
over, one request makes the page anew; those that come meanwhile get the former one, and nobody one that is too old.
"""

import time
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Hashable
from dataclasses import dataclass
from typing import Any

from litestar import Response

#: Seconds for which a page is handed out as it is, and after which it is not, whoever makes it anew.
MOMENT, OLDEST = 1.0, 3.0

#: Pages of one process, and their bytes.
MOST, ROOM = 64, 8_000_000


@dataclass
class _Page:
    """An answer, and the moment at which its making began."""

    body: bytes
    status: int
    headers: dict[str, str]
    media_type: str
    begun: float
    being_renewed: bool = False


class PageCache:
    """The pages of one process."""

    def __init__(self, clock: Callable[[], float] = time.monotonic, *, most: int = MOST, room: int = ROOM) -> None:
        self._clock = clock
        self._most = most
        self._room = room
        self._pages: OrderedDict[Hashable, _Page] = OrderedDict()

    async def answer(self, key: Hashable, make: Callable[[], Awaitable[Response[Any]]]) -> Response[Any]:
        """The page under this key, made by `make` where none is kept."""
        known, now = self._pages.get(key), self._clock()
        if known is not None:
            age = now - known.begun
            if age < MOMENT or (known.being_renewed and age < OLDEST):
                self._pages.move_to_end(key)
                return _answer(known)
            known.being_renewed = True
        try:
            response = await make()
        finally:
            if known is not None:
                known.being_renewed = False
        if not response.cookies:
            self._keep(
                key, _Page(response.content, response.status_code or 200, dict(response.headers), "text/html", now)
            )
        return response

    def _keep(self, key: Hashable, page: _Page) -> None:
        self._pages[key] = page
        self._pages.move_to_end(key)
        while len(self._pages) > self._most or sum(len(one.body) for one in self._pages.values()) > self._room:
            self._pages.popitem(last=False)


def _answer(page: _Page) -> Response[Any]:
    return Response(page.body, status_code=page.status, media_type=page.media_type, headers=page.headers)
