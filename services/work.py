"""One person's command in one province: what every use case is given, and how it changes streams.

A use case asks the policy, loads what it needs, lets the aggregates decide, and records their facts: all of them or
none. `@use_case` makes it one command. A command id that was answered before is answered again before anything
is decided; when somebody else was faster, the whole use case is decided again on what is there now.

Somebody was faster when a stream has grown that the use case loaded or looked at: what a decision rests on is recorded
against the versions that were seen. So a rule may rest on any stream that is looked at in the use case, and on nothing
that was read before it.
"""

from __future__ import annotations

import functools
import hashlib
import inspect
import time
from collections.abc import AsyncIterator, Callable, Coroutine, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from types import MappingProxyType
from typing import Any, Concatenate, Generic, ParamSpec, TypeVar
from uuid import UUID, uuid5

import msgspec

from domain.adoption import Adoption
from domain.days import must_name_possible_days
from domain.errors import (
    AlreadyThere,
    NotFound,
    NotPermitted,
    NotRecordable,
    ProvinceSuspended,
    Refused,
    Stale,
)
from domain.fact import Fact, Recorded, Stream, StreamName
from domain.official import Mandate, Official, official_stream
from domain.permissions import Act, Actor, Subject, permit
from domain.rulebook_draft import RulebookDraft
from domain.rulebook_text import RulebookText
from domain.working_days import Calendar
from infra.encryption.personal_keys import PersonalKeys
from infra.encryption.personal_values import Covered
from infra.identity.tenants import Tenant
from infra.ledger.canonical_json import NotCanonical
from infra.log.eventstore import Command, CommandResult, Conflict, EventStore, Loaded
from infra.log.rulebook_texts import RulebookTexts
from infra.platform.database import OUTDATED
from infra.reference.rulebooks import Rulebooks
from infra.storage.files import Files, Received
from infra.storage.uploads import Uploads
from services.command_ids import CommandId

__all__ = ["SYSTEM", "CommandResult", "Streams", "UseCase", "Work", "use_case"]

#: Who acts when nobody does: the worker, the operator's command line. It holds no mandate.
SYSTEM = Actor("system", ())

#: How often a use case is decided anew when others keep being faster. That wears out only where many write to one
#: stream at the same moment. Those who change it hold it first and look at it then (`changing`), and so queue. What is
#: looked at from outside, besides, hardly grows while work goes on: the season, mandates, the council, units, whether
#: there is a decision. A meeting during its ballots is the busiest; a try rests on it for some milliseconds.
ATTEMPTS = 30

A = TypeVar("A", bound=Stream)
P = ParamSpec("P")
Evidence = Callable[[Fact], tuple[str, ...]]


@dataclass(slots=True)
class Work:
    """A person, a province, the day, and one command to be recorded there.

    `command_id` names the command for ever, `former_id` did so in logs of long ago: one Work serves one use case.
    `verb` and `body`, the hash of what was asked, say which; `mandate` is the one under which the policy let the `act`
    pass, `basis` the versions of the streams that were looked at. All of these are set on the way. Within a use case
    streams are read as of `since` (time.monotonic()), when it was begun, or later; outside of one, as they are now.
    """

    tenant: Tenant
    actor: Actor
    command_id: UUID
    today: date
    store: EventStore
    files: Files
    keys: PersonalKeys
    uploads: Uploads
    texts: RulebookTexts
    calendar: Calendar
    cause: UUID | None = None
    former_id: UUID | None = None
    verb: str = ""
    body: bytes = b""
    act: Act | None = None
    mandate: Mandate | None = None
    since: float | None = None
    basis: dict[StreamName, int] = field(default_factory=dict)

    def again(self, command: UUID | CommandId) -> Work:
        """The same person's next command."""
        named = command if isinstance(command, CommandId) else CommandId(command)
        return replace(
            self,
            command_id=named.id,
            former_id=named.former,
            verb="",
            body=b"",
            act=None,
            mandate=None,
            since=None,
            basis={},
        )

    def require(self, act: Act, subject: Subject = Subject()) -> None:  # noqa: B008 - Subject is frozen
        """Ask the policy, before anything is recorded. NotPermitted when no mandate allows it."""
        self.mandate = permit(self.actor, act, subject)
        self.act = act

    async def must_still_hold(self) -> None:
        """Raise NotPermitted when the mandate that was asked for has ended since the person came in.

        The person's stream is looked at, so it is part of what the command rests on.
        """
        if self.mandate is None or self.act is None:
            return
        official = await self.find(Official, official_stream(UUID(self.actor.person)))
        held = official.mandates.get(self.mandate.id) if official else None
        if held is not None and held != self.mandate and not held.holds_on(self.today):
            raise NotPermitted(act=self.act, who=(held.position,), reason="mandate-ended")

    def require_at_work(self) -> None:
        """ProvinceSuspended to people while the work of the province is stopped; the system ends what was begun."""
        if self.tenant.is_suspended and self.actor != SYSTEM:
            raise ProvinceSuspended

    async def require_room(self, size: int) -> None:
        """UploadsExhausted when a file of so many bytes is more than the person or the province may send."""
        a_day_ago = await self.store.position_at(self.tenant, datetime.now(UTC) - timedelta(days=1))
        await self.uploads.require_room(self.tenant, self.actor.person, size, a_day_ago)

    def new_id(self, what: str) -> UUID:
        """An id for something that this command brings into being; the same when the command is decided again."""
        return uuid5(self.command_id, what)

    # Looking ------------------------------------------------------------------------------------------

    async def answered(self) -> CommandResult | None:
        """The result that this command got before, if it did. CommandReused when something else was asked then."""
        return await self.store.answered(
            self.tenant,
            self.command_id,
            self.body,
            actor=self.actor.person,
            verb=self.verb,
            former=self.former_id,
        )

    async def stream(self, name: StreamName) -> Loaded:
        """A stream as it stands, to rest a rule on: what is recorded then is recorded only if it stands so still."""
        seen = await self.store.look(self.tenant, name, self.since)
        self.basis.setdefault(name, seen.version)  # looked at twice, it must not have grown in between either
        return seen

    async def find(self, kind: type[A], name: StreamName) -> A | None:
        """The aggregate of a stream that may not have begun."""
        return _of_kind(kind, await self.stream(name))

    async def look(self, kind: type[A], name: StreamName) -> A:
        """The aggregate of a stream; NotFound when there is none. It is to be read, not changed."""
        return _begun(await self.find(kind, name), name)

    async def rulebooks(self) -> Rulebooks:
        """The rulebooks as the province knows them: the texts that ship, and those that it keeps."""
        return await self.texts.of(self.tenant, self.since)

    async def known(self) -> Work | None:
        """This command under the id by which the log has it, if it was recorded for this person, whatever it asked."""
        ids = [one for one in (self.command_id, self.former_id) if one is not None]
        found = await self.store.known(self.tenant, ids, self.actor.person)
        return None if found is None else self.again(found)

    async def recorded(self, result: CommandResult) -> list[Recorded]:
        """The facts that a command recorded, as they stand in the log."""
        pages = self.store.read(self.tenant, after=result.first - 1, upto=result.last)
        return [one async for page in pages for one in page]

    # Changing -----------------------------------------------------------------------------------------

    @asynccontextmanager
    async def changing(self, *names: StreamName) -> AsyncIterator[Streams]:
        """Hold these streams, loaded, until they are recorded. A stream that has not begun may begin here."""
        async with self.store.holding(self.tenant, *names):
            loaded = {name: await self.store.load(self.tenant, name, self.since) for name in names}
            if any(self.basis.get(name, one.version) < one.version for name, one in loaded.items()):
                raise Conflict  # what was seen of it before is outdated, and so is what a refusal would rest on
            yield Streams(self, loaded)

    async def change(
        self,
        kind: type[A],
        name: StreamName,
        deed: Callable[[A], None],
        *,
        version: int | None = None,
        evidence: Evidence | None = None,
    ) -> CommandResult:
        """Load a stream, do the deed, record its facts. Stale when it has passed the `version` that was seen."""
        async with self.changing(name) as streams:
            aggregate = streams.get(kind, name)
            if version is not None and aggregate.version > version:
                raise Stale(reason="moved", version=aggregate.version)
            deed(aggregate)
            return await streams.record(evidence)

    async def create(self, name: StreamName, aggregate: Stream) -> CommandResult:
        """Begin a stream with a new aggregate of this id (`id_of`). AlreadyThere when it has begun."""
        async with self.changing(name) as streams:
            streams.begin(name, aggregate)
            return await streams.record()

    def id_of(self, name: StreamName) -> UUID:
        """The id of a stream in this province."""
        return name.id(self.tenant.id)


class Streams:
    """The streams that one command may change; `record` writes what their aggregates decided, all or nothing."""

    def __init__(self, work: Work, loaded: dict[StreamName, Loaded]) -> None:
        self._work = work
        self._loaded = loaded

    def find(self, kind: type[A], name: StreamName) -> A | None:
        """The aggregate, or None where the stream has not begun."""
        return _of_kind(kind, self._loaded[name])

    def get(self, kind: type[A], name: StreamName) -> A:
        """The aggregate; NotFound where the stream has not begun."""
        return _begun(self.find(kind, name), name)

    def begin(self, name: StreamName, aggregate: A) -> A:
        """Begin the stream with a new aggregate. AlreadyThere when it has begun."""
        if self._loaded[name].version:
            raise AlreadyThere(kind=name.kind, season=name.season, subject=name.subject)
        self._loaded[name].aggregate = aggregate
        return aggregate

    def stands(self, name: StreamName) -> Loaded:
        """The stream as it was loaded: its version and the hash of its last leaf."""
        return self._loaded[name]

    async def record(self, evidence: Evidence | None = None) -> CommandResult:
        """Append the new facts of all the streams. DayOutOfRange when one of them names a day that cannot be meant.

        A command that changes nothing is not recorded: its result has no positions of its own (`first` is
        beyond `last`). `evidence` names the files that a fact refers to, for its leaf.
        """
        facts = [
            (name, fact)
            for name, loaded in self._loaded.items()
            if loaded.aggregate is not None
            for fact in loaded.aggregate.collect_events()
        ]
        work = self._work
        for _, fact in facts:
            must_name_possible_days(fact, work.today)
        if not facts:
            if first := await work.answered():  # a moment ago, and that is why there is nothing left to change
                return first
            position = (await work.store.tail(work.tenant, work.since)).position
            return CommandResult(work.command_id, position + 1, position, repeated=False, at=datetime.now(UTC))
        command = Command(
            id=work.command_id,
            facts=facts,
            actor=work.actor.person,
            unit=work.mandate.unit if work.mandate else "",
            mandate=str(work.mandate.id) if work.mandate else "",
            cause=work.cause,
            verb=work.verb,
            body_sha256=work.body,
            evidence=[(evidence or own_file)(fact) for _, fact in facts],
        )
        await work.must_still_hold()
        try:
            return await work.store.append(work.tenant, command, self._loaded.values(), work.basis)
        except NotCanonical as reason:  # the rules of the domain say the same before, in words of their own
            raise NotRecordable(field=reason.path or "fact", why=reason.reason) from reason


def _of_kind(kind: type[A], loaded: Loaded) -> A | None:
    if loaded.aggregate is not None and not isinstance(loaded.aggregate, kind):
        raise TypeError(f"{loaded.name} is a {type(loaded.aggregate).__name__}")
    return loaded.aggregate


def _begun(aggregate: A | None, name: StreamName) -> A:
    if aggregate is None:
        raise NotFound(kind=name.kind, season=name.season, subject=name.subject)
    return aggregate


#: Facts whose hash is that of a rulebook's text, which is no file.
OF_TEXTS = (Adoption.Adopted, Adoption.TextAdopted, RulebookDraft.SignedOff, RulebookText.Kept)


def own_file(fact: Fact) -> tuple[str, ...]:
    """The file that a fact itself names by its hash, if any."""
    sha256 = getattr(fact, "sha256", None)
    return (sha256,) if isinstance(sha256, str) and not isinstance(fact, OF_TEXTS) else ()


# One command ------------------------------------------------------------------------------------------


class UseCase(Generic[P]):
    """A function that is one command: repeated, it gives its first result; overtaken, it is decided anew.

    So it is when a migration has changed a table meanwhile. The one door to the log: people are refused here while
    their province is suspended.
    The same command id with other arguments, or from somebody else, is refused (CommandReused).
    """

    def __init__(
        self, deed: Callable[Concatenate[Work, P], Coroutine[Any, Any, CommandResult]], verb: str, hashed: Sequence[str]
    ) -> None:
        self.verb = verb
        self.hashed = tuple(hashed)
        self._deed = deed
        _, *parameters = inspect.signature(deed).parameters.values()
        self._asked = inspect.Signature(parameters)
        self._later = {one.name: one.default for one in parameters if one.name not in hashed}
        if lacking := [name for name in hashed if name not in self._asked.parameters]:
            raise TypeError(f"{verb}: {', '.join(lacking)} is hashed and no parameter")
        if lacking := [name for name, default in self._later.items() if default is inspect.Parameter.empty]:
            raise TypeError(f"{verb}: {', '.join(lacking)} is not hashed and has no default")
        functools.update_wrapper(self, deed)

    async def __call__(self, work: Work, /, *args: P.args, **kwargs: P.kwargs) -> CommandResult:
        body = self.body(*args, **kwargs)
        for attempt in range(ATTEMPTS):
            trying = replace(work, verb=self.verb, body=body, since=time.monotonic(), basis={})
            if first := await trying.answered():
                return first
            work.require_at_work()
            try:
                return await self._deed(trying, *args, **kwargs)
            except (Conflict, OUTDATED):
                if attempt + 1 == ATTEMPTS:
                    raise
            except Refused:
                if first := await trying.answered():  # pressed twice: the first press made the second impossible
                    return first
                raise
        raise AssertionError

    def body(self, *args: P.args, **kwargs: P.kwargs) -> bytes:
        """The hash of what is asked for with these arguments."""
        bound = self._asked.bind(*args, **kwargs)
        bound.apply_defaults()
        asked = bound.arguments
        later = {name: asked[name] for name, default in self._later.items() if asked[name] != default}
        return body_sha256(self.verb, [asked[name] for name in self.hashed], later)


def use_case(
    verb: str, *hashed: str
) -> Callable[[Callable[Concatenate[Work, P], Coroutine[Any, Any, CommandResult]]], UseCase[P]]:
    """Make a function one command that the log knows by this verb and by the hash of these arguments, in this order.

    Both stay as they are for ever, so that what was recorded once is known again: the function may get another name,
    its parameters another order. A parameter that it gains later is not named here and has a default; it is hashed
    when it is given another value. A new verb is `area.verb`; those without an area
    are stored and stay.
    """
    return lambda deed: UseCase(deed, verb, hashed)


def body_sha256(verb: str, arguments: Iterable[Any], later: Mapping[str, Any] = MappingProxyType({})) -> bytes:
    """The hash of what was asked, by which the same command is known again; `later` arguments by their names."""
    asked = [verb, *arguments, dict(later)] if later else [verb, *arguments]
    return hashlib.sha256(msgspec.json.encode(asked, enc_hook=_spell, order="deterministic")).digest()


def _spell(value: Any) -> Any:
    if isinstance(value, Received):
        return [value.name, value.sha256]
    if isinstance(value, Covered):
        return [str(value.subject), value.mark]
    raise TypeError(f"{type(value).__name__} is no argument of a command")
