"""The secrets by which identity providers know us, as the registry keeps them: encrypted under the server's secret.

Whoever reads the database, or a backup of it, cannot speak for a province at its provider.
"""

import base64
import binascii

import asyncpg
import structlog

from infra.encryption.cipher import Encryption, Forged

MARK = "encrypted:"

log = structlog.get_logger("tenants")


class ClientSecrets:
    """Encrypts and reads them; `secret` is the server's."""

    def __init__(self, secret: str) -> None:
        self._encryption = Encryption(secret, "client secrets")

    def stored(self, tenant_id: str, secret: str) -> str:
        """As it is kept, bound to the province; a public client has none, and nothing is kept."""
        if not secret:
            return ""
        return MARK + base64.b64encode(self._encryption.encrypt(secret.encode(), tenant_id)).decode()

    def read(self, tenant_id: str, stored: str) -> str:
        """The secret; one that was kept before secrets were encrypted is read as it is.

        "" where it cannot be read, which is said to the operator: the provider then refuses us.
        """
        if not stored.startswith(MARK):
            return stored
        try:
            return self._encryption.decrypt(base64.b64decode(stored.removeprefix(MARK)), tenant_id).decode()
        except (Forged, binascii.Error, UnicodeDecodeError):
            log.warning(
                "the client secret cannot be read: it was kept under another MINHCHUAN_SECRET; configure it again",
                tenant=tenant_id,
            )
            return ""

    async def encrypt_all(self, connection: asyncpg.Connection) -> None:
        """Encrypt those that were kept in clear; as the owner of the registry."""
        rows = await connection.fetch(
            """
            SELECT tenant, client_secret FROM control.identity_providers
            WHERE client_secret <> '' AND NOT starts_with(client_secret, $1)
            """,
            MARK,
        )
        for row in rows:
            await connection.execute(
                "UPDATE control.identity_providers SET client_secret = $3 WHERE tenant = $1 AND client_secret = $2",
                *row,
                self.stored(*row),
            )
