"""What the pages stand on: everything the web asks of the house behind it, handed to `create_app`.

`services/wiring.py` puts it together; a test may put together another one of the same parts.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import TYPE_CHECKING, NamedTuple, Protocol

from domain.policy import Actor
from infra.encryption import Encryption
from infra.identity import Identity
from infra.pool import Pool
from infra.sessions import Sessions
from infra.tenants import IdentityProvider, Tenant
from infra.throttle import Throttle
from services.command_ids import CommandId

if TYPE_CHECKING:
    from services.wiring import Wiring
    from services.work import Work


class Chip(NamedTuple):
    """The season that the frame of a page names: `Mùa 2023`, `Bộ tiêu chí 25/2021`."""

    season: str
    rulebook: str


class Provinces(Protocol):
    """The registry of provinces."""

    async def all(self) -> list[Tenant]: ...
    async def by_slug(self, slug: str) -> Tenant | None: ...
    async def by_id(self, tenant_id: str) -> Tenant | None: ...
    async def identity_provider(self, tenant: Tenant) -> IdentityProvider | None: ...


class People(Protocol):
    """Who a signed-in person is in the province; None when nobody enrolled them."""

    async def __call__(self, tenant: Tenant, issuer: str, subject: str) -> Actor | None: ...


class Clock(StrEnum):
    """By which clock a moment is meant: when things were recorded, or when they took effect."""

    RECORDED = "recorded"
    EFFECTIVE = "effective"


class Past(NamedTuple):
    """The moment a page is seen as of: everything up to this position, which is what was recorded by `moment`, or what
    had taken effect by then. Of the latter `known` had been recorded, `later` was recorded afterwards; `missed` was in
    effect but lies beyond.
    """

    position: int
    moment: datetime
    clock: Clock = Clock.RECORDED
    known: int = 0
    later: int = 0
    missed: int = 0


@dataclass(frozen=True, slots=True)
class Backing:
    """The parts, each replaceable alone."""

    provinces: Provinces
    sessions: Sessions
    #: For what lies in browsers until they come back from signing in.
    encryption: Encryption
    identity: Identity
    people: People
    throttle: Throttle
    #: Begin a command of this actor under this id.
    work: Callable[[Tenant, Actor, CommandId], "Work"]
    #: Wait (at most so many seconds) until these read models, by name, reached the position; whether they did.
    reached: Callable[[Tenant, tuple[str, ...], int, float], Awaitable[bool]]
    #: The season a page's frame names: the one asked for, or the province's current one.
    chip: Callable[[Tenant, str | None, int | None], Awaitable[Chip | None]]
    #: The past that a position, or the last position at a moment, stands for; None when there is none such.
    past: Callable[[Tenant, int | datetime], Awaitable[Past | None]]
    #: The past of one dossier (season, commune) by what had taken effect at a moment; None when nothing of it had.
    effective: Callable[[Tenant, datetime, str, str], Awaitable[Past | None]]
    #: What `/readyz` asks: the services that do not answer in time.
    missing: Callable[[], Awaitable[list[str]]]
    #: The address people type, without a final slash; its scheme decides about secure cookies.
    public_url: str = "http://127.0.0.1"
    #: Whether the address of a connection is the sender's, and not a proxy's for everybody.
    knows_senders: bool = True
    #: The processes that make heavy pages; None where they are made here.
    pool: Pool | None = None
    #: The whole house, for what single pages need besides: read models, the log, files, rulebooks.
    house: "Wiring | None" = None
