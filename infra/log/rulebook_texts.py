"""The texts of rulebooks as each province knows them: those that ship, and those that it keeps in its own log."""

from __future__ import annotations

from typing import NamedTuple

from domain.rulebook_text import RulebookText, hash_of
from infra.log.eventstore import EventStore
from infra.platform.database import HasId
from infra.reference.rulebooks import Rulebooks


class _Known(NamedTuple):
    """The rulebooks of a province with what its log keeps up to this position."""

    position: int
    rulebooks: Rulebooks
    own: dict[str, str]


class RulebookTexts:
    """The rulebooks of all provinces in one process. What a log keeps is read once, for no text ever changes."""

    def __init__(self, store: EventStore, shipped: Rulebooks) -> None:
        self._store = store
        self._shipped = shipped
        self._known: dict[str, _Known] = {}

    async def of(self, tenant: HasId, since: float | None = None) -> Rulebooks:
        """The rulebooks of this province as of `since` (time.monotonic()) or later; None for now."""
        tail = await self._store.tail(tenant, since)
        known = self._known.get(tenant.id) or _Known(0, self._shipped, {})
        if known.position < tail.position:
            pages = self._store.read(tenant, after=known.position, upto=tail.position, facts=[RulebookText.Kept])
            facts = [one.fact async for page in pages for one in page]
            kept = {hash_of(fact.text): fact.text for fact in facts if isinstance(fact, RulebookText.Kept)}
            own = {**known.own, **kept}
            rulebooks = self._shipped.with_own(own) if kept else known.rulebooks
            known = self._known[tenant.id] = _Known(tail.position, rulebooks, own)
        return known.rulebooks
