"""Personal data: erased by order, and the one door through which any of it is seen.

What the log says is erased is erased, in this order: the fact is recorded, then the key is destroyed, then the person
is answered. The fact carries the order and who acted, so nobody's data ends without it; and because it is there first,
whatever comes between (a killed process, a database of keys brought back from a backup) is set right from the log: the
door opens nothing that a fact says is erased, and the sweeper destroys the key again.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import date
from typing import NamedTuple, Self
from uuid import UUID

import structlog

from domain.assessment import Assessment, assessment_stream
from domain.errors import KeysUnavailable, ReasonMissing
from domain.fact import Recorded, StreamName, Unreadable
from domain.permissions import Act
from domain.personal import DataSubject, EncryptedValue, Personal, subject_stream
from infra.encryption.personal_keys import PersonalKeys
from infra.encryption.personal_values import Unopened, ValuePlace, unseal
from infra.identity.tenants import Tenant
from infra.log.eventstore import EventStore
from services.app import App
from services.work import CommandResult, Work, use_case

log = structlog.get_logger("personal")


# Erasing ----------------------------------------------------------------------------------------------


async def shred_subject(
    work: Work, season: str, commune: str, comment: UUID, order_no: str, reason: str, on: date | None = None
) -> CommandResult:
    """Erase what the person who made this comment said: record it, and destroy the key of the subject.

    A second time nothing happens. KeysUnavailable before anything is recorded while the keys cannot be reached; after
    the fact was recorded the sweeper goes on trying.
    """
    result = await order_shredding(work, season, commune, comment, order_no, reason, on)
    dossier = await work.look(Assessment, assessment_stream(season, commune))
    await work.keys.destroy(work.tenant, dossier.erasable_of(comment))
    return result


@use_case("order_shredding", "season", "commune", "comment", "order_no", "reason", "on")
async def order_shredding(
    work: Work, season: str, commune: str, comment: UUID, order_no: str, reason: str, on: date | None = None
) -> CommandResult:
    """Record that the subject of this comment is erased. The first half of `shred_subject`."""
    work.require(Act.SHRED_SUBJECT)
    if not reason.strip():
        raise ReasonMissing(act="shred-subject")
    dossier = await work.look(Assessment, assessment_stream(season, commune))
    subject = dossier.erasable_of(comment)
    await work.keys.answer()
    name = subject_stream(subject)
    async with work.changing(name) as streams:
        if streams.find(DataSubject, name) is None and work.mandate:
            streams.begin(
                name,
                DataSubject(
                    id=work.id_of(name),
                    subject=subject,
                    season=season,
                    commune=commune,
                    order_no=order_no,
                    reason=reason,
                    on=on or work.today,
                    official=work.actor.name,
                    position=work.mandate.position,
                ),
            )
        return await streams.record()


class Shredder:
    """Destroys the keys of all whom the log says are erased, whoever failed to; it reads each log once and follows."""

    def __init__(self, store: EventStore, keys: PersonalKeys) -> None:
        self._store = store
        self._keys = keys
        self._seen: dict[str, int] = {}

    async def sweep(self, tenant: Tenant) -> None:
        """Look at what was recorded since the last time. KeysUnavailable when that has to be done again."""
        seen, position = self._seen.get(tenant.id, 0), await self._store.position(tenant)
        if position <= seen:
            return
        pages = self._store.read(tenant, after=seen, upto=position, facts=[DataSubject.Shredded], unreadable=True)
        found = [subject async for page in pages for one in page if (subject := _erased_by(one))]
        if found:
            await self._keys.destroy(tenant, *found)
        self._seen[tenant.id] = position


def _erased_by(recorded: Recorded) -> UUID | None:
    """Whose data the fact erases. Its stream says so too: an order is carried out even if the rest is damaged."""
    fact = recorded.fact
    if isinstance(fact, Unreadable) and fact.topic == DataSubject.Shredded.TOPIC:
        return UUID(recorded.stream.subject)
    return fact.subject if isinstance(fact, DataSubject.Shredded) else None


# Seeing -----------------------------------------------------------------------------------------------


class PersonalValue(NamedTuple):
    """A value of the log with the place at which it stands: fact `version` of its stream, the field's name."""

    value: Personal
    stream: StreamName
    version: int
    field: str


class VisibleValue(NamedTuple):
    """What there is to see of a value: its text; or since when, and by which order, there is none; or neither.

    Neither: the key cannot be had, and nobody ordered its end.
    """

    text: str | None = None
    erased_on: date | None = None
    order_no: str = ""


class PersonalDataReader:
    """Opens personal data for pages and documents. Nothing else does, and what it gives is not kept."""

    def __init__(self, store: EventStore, keys: PersonalKeys) -> None:
        self._store = store
        self._keys = keys

    @classmethod
    def of(cls, app: App) -> Self:
        return cls(app.store, app.keys)

    async def see(self, tenant: Tenant, kept: Collection[PersonalValue]) -> Mapping[Personal, VisibleValue]:
        """What there is to see of each value now, whatever moment the page is about: erased is erased at all times."""
        sealed = {one.value.subject for one in kept if isinstance(one.value, EncryptedValue)}
        erased = await self._erased(tenant, sealed) if sealed else {}
        keys = await self._living(tenant, sealed - erased.keys())
        facts = {(one.stream.id(tenant.id), one.version) for one in kept if isinstance(one.value, EncryptedValue)}
        origins = await self._store.origins_of(tenant, facts) if keys else {}
        return {one.value: self._seen(tenant, one, keys, erased, origins) for one in kept}

    def _seen(
        self,
        tenant: Tenant,
        kept: PersonalValue,
        keys: Mapping[UUID, bytes],
        erased: Mapping[UUID, DataSubject.Shredded],
        origins: Mapping[tuple[UUID, int], str],
    ) -> VisibleValue:
        value = kept.value
        if isinstance(value, str):
            return VisibleValue(value)
        if fact := erased.get(value.subject):
            return VisibleValue(erased_on=fact.on, order_no=fact.order_no)
        if (key := keys.get(value.subject)) is None:
            return VisibleValue()
        try:
            return VisibleValue(str(unseal(value, key, _place(tenant, kept, origins))))
        except Unopened as reason:
            log.warning("not opened", tenant=tenant.id, subject=str(value.subject), reason=str(reason))
            return VisibleValue()

    async def _erased(self, tenant: Tenant, subjects: Collection[UUID]) -> dict[UUID, DataSubject.Shredded]:
        pages = self._store.read(tenant, streams=[subject_stream(one) for one in subjects], unreadable=True)
        facts = [one.fact async for page in pages for one in page]
        return {fact.subject: fact for fact in facts if isinstance(fact, DataSubject.Shredded)}

    async def _living(self, tenant: Tenant, subjects: Collection[UUID]) -> dict[UUID, bytes]:
        try:
            return await self._keys.find(tenant, subjects) if subjects else {}
        except KeysUnavailable:
            return {}


def _place(tenant: Tenant, kept: PersonalValue, origins: Mapping[tuple[UUID, int], str]) -> ValuePlace:
    """Where a value was sealed; its log is called as it was then."""
    stream = kept.stream.id(tenant.id)
    return ValuePlace(origins.get((stream, kept.version), tenant.log), stream, kept.version, kept.field)
