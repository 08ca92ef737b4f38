"""Accesses: evidence opened and acts refused, noted beside the log, and found by the filters of the trail.

An access that cannot be noted holds nobody up: what was asked for goes on, and the process's own log says what is
missing. Notes hold who, as what, which act, on what and when; nothing that was typed.
"""

from __future__ import annotations

import asyncio
from collections.abc import Collection
from functools import cache
from typing import Self

import structlog

from infra.identity.tenants import Tenant
from infra.platform.database import Database
from infra.storage.access_log import Access, AccessLog, LoggedAccess
from projections.analysis.search_terms import Search, words_of
from services.app import App
from services.i18n import Words, load_words

log = structlog.get_logger("accesses")

#: The act of who opens a file, and of who takes all files of a dossier.
OPENED = "evidence:opened"
TAKEN = "evidence:taken"

#: What the filter tells apart, each a name under `doing.` in the locale.
DOINGS = ("mo", "tu-choi")

#: Seconds that a note may take.
PATIENCE = 1.0

_words = cache(load_words)


class Accesses:
    """The accesses of all provinces, in one process."""

    def __init__(self, database: Database) -> None:
        self._log = AccessLog(database)

    @classmethod
    def of(cls, app: App) -> Self:
        return cls(app.database)

    async def note(self, tenant: Tenant, access: Access, *further: str) -> None:
        """Note it, under its own terms and these."""
        try:
            async with asyncio.timeout(PATIENCE):
                await self._log.write(tenant, access, {*terms_of(access), *further})
        except Exception:
            log.exception("access not noted", tenant=tenant.id, person=access.person, act=access.act)

    async def find(
        self,
        tenant: Tenant,
        search: Search,
        upto: int,
        many: int,
        *,
        before: int | None = None,
        after: int | None = None,
    ) -> list[int]:
        """Like `Searching.find`."""
        high = upto if before is None else min(upto, before - 1)
        return await self._log.find(tenant, search, after or 0, high, many, rising=after is not None)

    async def count(self, tenant: Tenant, search: Search, upto: int, most: int) -> int:
        """How many there are, at most `most`."""
        return await self._log.count(tenant, search, 0, upto, most)

    async def last(self, tenant: Tenant) -> int:
        """The position of the latest."""
        return await self._log.last(tenant)

    async def read(self, tenant: Tenant, positions: Collection[int]) -> list[LoggedAccess]:
        """Those at these positions, newest first."""
        return await self._log.read(tenant, positions)

    async def forget(self, tenant: Tenant) -> None:
        """Let go what is older than two years."""
        if gone := await self._log.forget(tenant):
            log.info("accesses forgotten", tenant=tenant.id, count=gone)


def terms_of(access: Access) -> set[str]:
    """By which it is found: as facts are, and by the words of what was done."""
    said = {word for words in _words().values() for word in words_of(called(access.act, words))}
    named = (("p", access.person), ("v", access.office), ("u", access.unit), ("x", access.commune), ("a", access.act))
    return {
        f"a:{'tu-choi' if access.refused else 'mo'}",
        *(f"{sign}:{value}" for sign, value in named if value),
        *(f"w:{word}" for word in said),
    }


def called(act: str, words: Words) -> str:
    """The act in words; as it is where it has none."""
    key = f"act.{act.replace(':', '.')}"
    return words.say(key) if words.knows(key) else act
