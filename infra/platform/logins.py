"""The login of a connection to PostgreSQL, and what it may do: asked of the server as that login."""

from typing import NamedTuple

from infra.platform.database import Connection

#: What a login could do beside its work, each with what closes the door. Read as that login.
_SIDE_DOORS = """
    SELECT format('REVOKE CONNECT ON DATABASE %I FROM PUBLIC', datname) AS close FROM pg_database
    WHERE datname <> current_database() AND datallowconn AND has_database_privilege(datname, 'CONNECT')
    UNION ALL
    SELECT format('REVOKE TEMPORARY ON DATABASE %I FROM PUBLIC', current_database())
    WHERE has_database_privilege(current_database(), 'TEMPORARY')
    UNION ALL
    SELECT format('REVOKE EXECUTE ON FUNCTION %s FROM PUBLIC', name::regprocedure)
    FROM unnest(ARRAY['lo_create(oid)', 'lo_creat(integer)', 'lo_from_bytea(oid,bytea)']) name
    WHERE has_function_privilege(name, 'EXECUTE')
"""


class Login(NamedTuple):
    """The attributes of a login's role in PostgreSQL."""

    is_superuser: bool
    inherits: bool
    bypasses_row_security: bool


async def server_version(connection: Connection) -> int:
    """The server's version as PostgreSQL writes it in one number: 150004 is 15.4."""
    return int(await connection.fetchval("SHOW server_version_num"))


async def read_login(connection: Connection) -> Login | None:
    """The login's role; None where the server does not show it."""
    row = await connection.fetchrow(
        "SELECT rolsuper, rolinherit, rolbypassrls FROM pg_roles WHERE rolname = current_user"
    )
    return None if row is None else Login(*row)


async def may_create(connection: Connection) -> bool:
    """Whether the login may create roles, and schemas in this database."""
    may: bool | None = await connection.fetchval(
        "SELECT (rolcreaterole OR rolsuper) AND has_database_privilege(current_database(), 'CREATE')"
        " FROM pg_roles WHERE rolname = current_user"
    )
    return bool(may)


async def has_table(connection: Connection, name: str) -> bool:
    """Whether this table, named with its schema, is there for the login."""
    there: bool = await connection.fetchval("SELECT to_regclass($1) IS NOT NULL", name)
    return there


async def side_doors(connection: Connection) -> list[str]:
    """What the login may do beside its work: of each the statement with which a superuser ends it."""
    return [row["close"] for row in await connection.fetch(_SIDE_DOORS)]
