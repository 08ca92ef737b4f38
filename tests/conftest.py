"""What every test may ask for: real services, started once when first asked for; no way out to the network."""

import asyncio
import sys
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from infra import embedded, migrate
from infra.config import Settings, read_settings

LOCAL = {"127.0.0.1", "::1", "localhost"}


def stay_at_home(event: str, arguments: tuple[object, ...]) -> None:
    if event == "socket.connect":
        address = arguments[1]
        if isinstance(address, tuple) and address[0] not in LOCAL:
            raise ConnectionRefusedError(f"tests do not leave this machine: {address}")


sys.addaudithook(stay_at_home)


@pytest.fixture(scope="session")
def services() -> Iterator[Settings]:
    """PostgreSQL with a migrated control schema, and Redis: those of the environment, else embedded ones."""
    with (
        TemporaryDirectory(prefix="minhchuan-") as folder,
        embedded.services(read_settings(Path(folder)), durable=False) as settings,
    ):
        asyncio.run(migrate.control(settings.database_url, settings.app_url))
        yield settings
