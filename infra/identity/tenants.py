"""The control plane: which provinces there are, where they live, how their people sign in.

What happens to a province (registered, provisioned, its identity provider configured, suspended …) is a fact in the
operator log; the registry is the fold of these facts, written in the same transaction. No province's own facts
are here.
"""

import asyncio
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, TypeAlias

import asyncpg
import msgspec

from infra.encryption.client_secrets import ClientSecrets
from infra.platform.database import NoTenant, Pool, PooledConnection, begun_again, lent
from infra.schema import migrate

_SLUG = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")

#: The states of a province: its id is taken and its schema not made yet; work goes on; work has stopped for a while.
REGISTERED, ACTIVE, SUSPENDED = "registered", "active", "suspended"

#: Characters at most, as the tables have it too.
REASON, LONGEST_SLUG, LONGEST_NAME = 500, 100, 300


class Tenant(msgspec.Struct, frozen=True):
    """A province. `id` is stable: its schema, its role, and in the name of its log; everything else may change.

    `log` is the origin of the log's present epoch. `suspended_for` is the reason while it is suspended, else "".
    """

    id: str
    slug: str
    name: str
    province_code: str
    locale: str
    placement: str
    demonstration: bool
    log: str
    state: str
    version: int
    suspended_for: str = ""

    @property
    def is_suspended(self) -> bool:
        """People may look and do nothing; what reads, signs and checks the log goes on."""
        return self.state == SUSPENDED


#: The columns of the registry by name: one that a later version has added disturbs nobody.
_COLUMNS = ", ".join(Tenant.__struct_fields__)


class IdentityProvider(msgspec.Struct, frozen=True):
    """Where a province's people sign in. A public client has no secret."""

    issuer: str
    client_id: str
    client_secret: str = ""
    scopes: str = "openid"


# Facts ------------------------------------------------------------------------------------------------


class Registered(msgspec.Struct, frozen=True, tag_field="topic", tag="tenant.registered"):
    """A province was given its id, its log's origin and its place."""

    slug: str
    name: str
    province_code: str
    locale: str
    placement: str
    demonstration: bool
    log: str


class Provisioned(msgspec.Struct, frozen=True, tag_field="topic", tag="tenant.provisioned"):
    """Its schema and role exist."""


class IdentityProviderConfigured(
    msgspec.Struct, frozen=True, tag_field="topic", tag="tenant.identity-provider-configured"
):
    """Its people sign in there from now on. The client's secret is not part of the fact."""

    issuer: str
    client_id: str


class Renamed(msgspec.Struct, frozen=True, tag_field="topic", tag="tenant.renamed"):
    """The province has another name or address."""

    slug: str
    name: str


class Suspended(msgspec.Struct, frozen=True, tag_field="topic", tag="tenant.suspended"):
    """Nobody may work in it until it is resumed: they look on, and nothing is recorded for them."""

    reason: str


class Resumed(msgspec.Struct, frozen=True, tag_field="topic", tag="tenant.resumed"):
    """Work goes on."""

    reason: str


class EpochBegun(msgspec.Struct, frozen=True, tag_field="topic", tag="tenant.epoch-begun"):
    """Its log goes on under another origin, for some of it was lost; the log itself says how much, and why."""

    log: str


TenantFact: TypeAlias = (
    Registered | Provisioned | IdentityProviderConfigured | Renamed | Suspended | Resumed | EpochBegun
)


def evolve(tenant: Tenant | None, tenant_id: str, fact: TenantFact) -> Tenant:
    """What is known of the province after the fact."""
    match fact:
        case Registered():
            return Tenant(
                id=tenant_id,
                slug=fact.slug,
                name=fact.name,
                province_code=fact.province_code,
                locale=fact.locale,
                placement=fact.placement,
                demonstration=fact.demonstration,
                log=fact.log,
                state=REGISTERED,
                version=1,
            )
        case _ if tenant is None:
            raise NoTenant(tenant_id)
        case Provisioned() | Resumed():
            changes: dict[str, Any] = {"state": ACTIVE, "suspended_for": ""}
        case Suspended():
            changes = {"state": SUSPENDED, "suspended_for": fact.reason}
        case Renamed():
            changes = {"slug": fact.slug, "name": fact.name}
        case EpochBegun():
            changes = {"log": fact.log}
        case IdentityProviderConfigured():
            changes = {}
    return msgspec.structs.replace(tenant, version=tenant.version + 1, **changes)


class SlugTaken(Exception):
    """Another province has this address already."""


class OutOfTurn(Exception):
    """The province is not in a state in which this can happen to it; the text says in which it is."""


class Tenants:
    """The registry. As the application's login it can be read; to change it, open it as the database's owner.

    `secret` is the server's: only who has it reads or sets the secrets by which identity providers know us. With
    `patience`, TimeoutError is raised when the database does not answer for so many seconds.
    """

    def __init__(
        self,
        dsn: str,
        *,
        secret: str = "",
        operator: str = "operator",
        domain: str = "minhchuan.example",
        patience: float | None = None,
    ) -> None:
        self._dsn = dsn
        self._patience = patience
        self._secrets = ClientSecrets(secret) if secret else None
        self._operator = operator
        self._domain = domain
        self._pool: Pool | None = None
        self._opening = asyncio.Lock()

    async def close(self) -> None:
        if self._pool is not None:
            await self._pool.close()

    async def all(self) -> list[Tenant]:
        """Every province that can be worked in, by name."""
        rows = await self._fetch(f"SELECT {_COLUMNS} FROM control.tenants WHERE state <> $1", REGISTERED)
        return sorted((Tenant(**row) for row in rows), key=lambda tenant: tenant.name)

    async def by_slug(self, slug: str) -> Tenant | None:
        """The province at this address."""
        row = await self._fetchrow(f"SELECT {_COLUMNS} FROM control.tenants WHERE slug = $1", slug)
        return Tenant(**row) if row else None

    async def by_id(self, tenant_id: str) -> Tenant | None:
        row = await self._fetchrow(f"SELECT {_COLUMNS} FROM control.tenants WHERE id = $1", tenant_id)
        return Tenant(**row) if row else None

    async def create(
        self,
        *,
        slug: str,
        province_code: str,
        name: str,
        locale: str = "vi",
        placement: str = "main",
        demonstration: bool = False,
    ) -> Tenant:
        """Register a province and make its schema and role. Raises SlugTaken.

        Broken off half-way it can be called again with the same slug: what is missing is made.
        """
        if not _SLUG.fullmatch(slug):
            raise ValueError(f"not an address: {slug!r} (a-z, 0-9 and single hyphens)")
        if len(slug) > LONGEST_SLUG or not name or len(name) > LONGEST_NAME:
            raise ValueError(f"an address has at most {LONGEST_SLUG} characters, a name 1 to {LONGEST_NAME}")
        tenant = await self.by_slug(slug)
        if tenant is not None and tenant.state != REGISTERED:
            raise SlugTaken(slug)
        if tenant is None:
            (row,) = await self._fetch("SELECT nextval('control.tenant_number') AS number")
            number = row["number"]
            tenant = await self.record(
                f"t_{number}",
                Registered(
                    slug=slug,
                    name=name,
                    province_code=province_code,
                    locale=locale,
                    placement=placement,
                    demonstration=demonstration,
                    log=f"{self._domain}/t/{number}",
                ),
            )
        await migrate.tenant(self._dsn, tenant.id)
        return await self.record(tenant.id, Provisioned())

    @begun_again
    async def record(self, tenant_id: str, fact: TenantFact) -> Tenant:
        """Write the fact into the operator log and the registry, together. Raises SlugTaken, OutOfTurn."""
        try:
            async with self._connected() as connection, connection.transaction():
                await connection.execute("LOCK TABLE control.operator_log IN SHARE ROW EXCLUSIVE MODE")
                row = await connection.fetchrow(f"SELECT {_COLUMNS} FROM control.tenants WHERE id = $1", tenant_id)
                known = Tenant(**row) if row else None
                _require_turn(known, fact)
                tenant = evolve(known, tenant_id, fact)
                await connection.execute(
                    """
                    INSERT INTO control.operator_log (position, tenant, version, topic, operator, data)
                    SELECT coalesce(max(position), 0) + 1, $1, $2, $3, $4, $5 FROM control.operator_log
                    """,
                    tenant_id,
                    tenant.version,
                    type(fact).__struct_config__.tag,
                    self._operator,
                    msgspec.json.encode(fact).decode(),
                )
                await connection.execute(
                    """
                    INSERT INTO control.tenants (id, slug, name, province_code, locale, placement, demonstration, log,
                                                 state, version, suspended_for)
                    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)
                    ON CONFLICT (id) DO UPDATE SET slug = excluded.slug, name = excluded.name,
                      placement = excluded.placement, log = excluded.log, state = excluded.state,
                      version = excluded.version, suspended_for = excluded.suspended_for
                    """,
                    *msgspec.structs.astuple(tenant),
                )
        except asyncpg.UniqueViolationError as reason:
            raise SlugTaken(str(reason)) from reason
        return tenant

    async def suspend(self, tenant: Tenant, reason: str) -> Tenant:
        """Stop the work of a province until it is resumed. ValueError for no reason; OutOfTurn when it is at rest."""
        return await self.record(tenant.id, Suspended(reason=_checked_reason(reason)))

    async def resume(self, tenant: Tenant, reason: str) -> Tenant:
        """Let the work of a suspended province go on. ValueError for no reason; OutOfTurn when it is not suspended."""
        return await self.record(tenant.id, Resumed(reason=_checked_reason(reason)))

    async def history(self, tenant_id: str) -> list[TenantFact]:
        """What happened to the province, in order (readable by the owner only)."""
        rows = await self._fetch("SELECT data FROM control.operator_log WHERE tenant = $1 ORDER BY version", tenant_id)
        return [msgspec.json.decode(row["data"], type=TenantFact) for row in rows]

    async def configure_identity_provider(self, tenant: Tenant, provider: IdentityProvider) -> None:
        """From now on the province's people sign in there. ValueError for a client secret where ours is not known."""
        if provider.client_secret and self._secrets is None:
            raise ValueError("a client secret is kept under the server's secret, and that was not given")
        kept = self._secrets.stored(tenant.id, provider.client_secret) if self._secrets else ""
        await self._fetch(
            """
            INSERT INTO control.identity_providers (tenant, issuer, client_id, client_secret, scopes)
            VALUES ($1, $2, $3, $4, $5)
            ON CONFLICT (tenant) DO UPDATE SET issuer = excluded.issuer, client_id = excluded.client_id,
              client_secret = excluded.client_secret, scopes = excluded.scopes
            """,
            tenant.id,
            *msgspec.structs.astuple(msgspec.structs.replace(provider, client_secret=kept)),
        )
        await self.record(tenant.id, IdentityProviderConfigured(issuer=provider.issuer, client_id=provider.client_id))

    async def identity_provider(self, tenant: Tenant) -> IdentityProvider | None:
        row = await self._fetchrow(
            "SELECT issuer, client_id, client_secret, scopes FROM control.identity_providers WHERE tenant = $1",
            tenant.id,
        )
        if row is None:
            return None
        provider = IdentityProvider(**row)
        secret = self._secrets.read(tenant.id, provider.client_secret) if self._secrets else ""
        return msgspec.structs.replace(provider, client_secret=secret)

    async def _fetch(self, query: str, *arguments: Any) -> list[asyncpg.Record]:
        async with self._connected() as connection:
            return await connection.fetch(query, *arguments)

    async def _fetchrow(self, query: str, *arguments: Any) -> asyncpg.Record | None:
        async with self._connected() as connection:
            return await connection.fetchrow(query, *arguments)

    @asynccontextmanager
    async def _connected(self) -> AsyncIterator[PooledConnection]:
        async with self._opening:
            if self._pool is None:
                self._pool = await asyncpg.create_pool(
                    self._dsn, min_size=0, max_size=4, command_timeout=self._patience
                )
        async with lent(self._pool, self._patience) as connection:
            yield connection


def _require_turn(tenant: Tenant | None, fact: TenantFact) -> None:
    """OutOfTurn when this cannot happen to the province as it is."""
    match fact:
        case Suspended() if tenant is not None and tenant.state != ACTIVE:
            raise OutOfTurn(f"{tenant.slug} is {tenant.state}, not at work")
        case Resumed() if tenant is not None and tenant.state != SUSPENDED:
            raise OutOfTurn(f"{tenant.slug} is {tenant.state}, not suspended")


def _checked_reason(text: str) -> str:
    """The reason in one line. ValueError when there is none, or too much of it."""
    reason = " ".join(text.split())
    if not reason or len(reason) > REASON or not reason.isprintable():
        raise ValueError(f"a reason has 1 to {REASON} printable characters")
    return reason
