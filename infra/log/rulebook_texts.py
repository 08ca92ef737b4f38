"""The texts of rulebooks as each province knows them: those that ship, and those that it keeps in its own log."""

from __future__ import annotations

from typing import NamedTuple

from domain.rulebook_text import RulebookText, hash_of
from infra.log.eventstore import EventStore
from infra.platform.database import HasId
from infra.reference.rulebooks import Rulebooks


class _Known(NamedTuple):
    """The rulebooks of a province with what its log keeps up to this position; of each text since which position."""

    position: int
    rulebooks: Rulebooks
    own: dict[str, str]
    kept_at: dict[str, int]


class RulebookTexts:
    """The rulebooks of all provinces in one process. What a log keeps is read once, for no text ever changes."""

    def __init__(self, store: EventStore, shipped: Rulebooks) -> None:
        self._store = store
        self._shipped = shipped
        self._known: dict[str, _Known] = {}

    async def of(self, tenant: HasId, since: float | None = None, upto: int | None = None) -> Rulebooks:
        """The rulebooks of this province as of `since` (time.monotonic()) or later, None for now; with `upto` those
        that its log kept at this position.
        """
        tail = await self._store.tail(tenant, since)
        known = self._known.get(tenant.id) or _Known(0, self._shipped, {}, {})
        if known.position < tail.position:
            pages = self._store.read(tenant, after=known.position, upto=tail.position, facts=[RulebookText.Kept])
            own, kept_at = dict(known.own), dict(known.kept_at)
            async for page in pages:
                for one in page:
                    if isinstance(one.fact, RulebookText.Kept):
                        sha256 = hash_of(one.fact.text)
                        own[sha256] = one.fact.text
                        kept_at.setdefault(sha256, one.position)
            rulebooks = self._shipped.with_own(own) if len(own) > len(known.own) else known.rulebooks
            known = self._known[tenant.id] = _Known(tail.position, rulebooks, own, kept_at)
        if upto is None or all(position <= upto for position in known.kept_at.values()):
            return known.rulebooks
        return self._shipped.with_own({sha256: known.own[sha256] for sha256, at in known.kept_at.items() if at <= upto})
