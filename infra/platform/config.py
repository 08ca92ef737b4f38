"""Settings: addresses, folders and secrets, from environment variables only.

| variable | meaning |
|---|---|
| `DATABASE_URL` | PostgreSQL 15 or later as the login that may create schemas and roles; absent: the embedded one |
| `DATABASE_APP_URL` | the same database as the login role `app`; absent: derived from `DATABASE_URL` |
| `DATABASE_SEALER_URL` | the same database as the login role `sealer`; for the sealer alone; absent: derived too |
| `DATABASE_VERIFIER_URL` | the same as the login role `verifier`; for `minhchuan verify` alone; absent: derived |
| `KEYS_DATABASE_URL` | keys of personal data, as the login role `keyholder`; absent: `<name>_keys` beside the other |
| `KEYS_DATABASE_OWNER_URL` | the same as its owner, for migrations; absent: the login of `DATABASE_URL` |
| `REDIS_URL` | Redis or Valkey; absent: the embedded one |
| `MINHCHUAN_FOLDER` | data folder: embedded services, evidence files, secret; `--folder` goes first |
| `MINHCHUAN_SEALER_FOLDER` | keys and last checkpoints of the sealer; absent: `sealer` in the data folder |
| `MINHCHUAN_UPLOADS_A_PERSON` | megabytes of evidence that one person may send in 24 hours; absent: 2,000 |
| `MINHCHUAN_UPLOADS_A_PROVINCE` | the same of a province; absent: 20,000 |
| `MINHCHUAN_STORAGE_A_PROVINCE` | megabytes of evidence in all, also of what was taken off; absent: 500,000 |
| `MINHCHUAN_FREE_SPACE` | megabytes that stay free where files lie, so that nothing else fails; absent: 1,000 |
| `MINHCHUAN_SECRET` | at least 32 characters; absent: made once and kept in the data folder |
| `MINHCHUAN_KEK` | 64 hex digits that wrap the keys of personal data; absent: made once and kept in the data folder |
| `MINHCHUAN_HOST`, `MINHCHUAN_PORT` | where `serve` listens; port 0 is any free port |
| `MINHCHUAN_WORKERS` | web processes at that port; absent: one a processor, at most 4 (embedded: 2) |
| `MINHCHUAN_PUBLIC_URL` | the address people type, without a final slash; absent: made of host and port |
| `MINHCHUAN_PROXIES` | proxies whose `X-Forwarded-For` is believed, as addresses or networks by commas; absent: none |
| `MINHCHUAN_PASSPHRASE` | of the key that `minhchuan dossier sign` signs with; absent: asked for at the terminal |
| `MINHCHUAN_SECRET_FILE`, `MINHCHUAN_KEK_FILE` | files with the secret and with the KEK, where these are not given |
| `MINHCHUAN_BEATS` | folder in which a process shows that it lives, for `minhchuan health`; absent: nowhere |
| `MINHCHUAN_KEYS_KEPT_DAYS` | days for which backups of the keys' database are kept; absent: people are not told |
| `MINHCHUAN_DEMONSTRATION` | `1` switches the demonstration identity provider on; never where people work |
"""

import contextlib
import os
import re
import secrets
import tempfile
from collections.abc import Callable, Mapping, MutableMapping
from dataclasses import dataclass, replace
from ipaddress import ip_network
from pathlib import Path
from typing import NamedTuple
from urllib.parse import urlsplit, urlunsplit

MEGABYTE = 1_000_000

#: No number of megabytes has more.
DIGITS = 12

#: The login role of the application; it can do nothing until it takes a tenant's role.
APP_ROLE = "app"

#: The login role of the sealer: it reads every log and writes checkpoints, and nothing else.
SEALER_ROLE = "sealer"

#: The login role of who verifies: it reads every log and writes what it found, and nothing else.
VERIFIER_ROLE = "verifier"

#: The login of whoever opens personal data: it reads, makes and destroys keys, in a database of their own.
KEYS_ROLE = "keyholder"


class Lacking(Exception):
    """The surroundings lack what a command needs; the text says what, in one line."""


class Misconfigured(Lacking):
    """A setting is missing or makes no sense; the text names the variable."""


class Allowance(NamedTuple):
    """Bytes of evidence that may be sent in 24 hours and be kept in all; `free` stays free on the disk."""

    person_a_day: int = 2_000 * MEGABYTE
    province_a_day: int = 20_000 * MEGABYTE
    province: int = 500_000 * MEGABYTE
    free: int = 1_000 * MEGABYTE


#: The variables of an allowance, in megabytes, in its order.
ALLOWED = (
    "MINHCHUAN_UPLOADS_A_PERSON",
    "MINHCHUAN_UPLOADS_A_PROVINCE",
    "MINHCHUAN_STORAGE_A_PROVINCE",
    "MINHCHUAN_FREE_SPACE",
)


@dataclass(frozen=True, slots=True)
class Settings:
    """The settings of one process. An empty address means an embedded service (`infra.platform.embedded`)."""

    folder: Path
    database_url: str = ""
    app_url: str = ""
    sealer_url: str = ""
    verifier_url: str = ""
    keys_url: str = ""
    keys_owner_url: str = ""
    redis_url: str = ""
    given_secret: str = ""
    kek: str = ""
    host: str = "127.0.0.1"
    port: int = 0
    public_url: str = ""
    proxies: tuple[str, ...] = ()
    demonstration: bool = False
    sealer_folder: Path | None = None
    workers: int = 1
    beats: Path | None = None
    keys_kept_days: int | None = None

    @property
    def secret(self) -> str:
        """The server's secret: the given one, else the folder's own, made at first use.

        A process that asks for none needs none, and no folder to keep it in.
        """
        return self.given_secret or made_once(self.folder / "secret", lambda: secrets.token_urlsafe(48))

    allowance: Allowance = Allowance()  # noqa: RUF009 - a tuple

    @property
    def seals(self) -> Path:
        """Where the sealer keeps its keys and the last checkpoint of each log: on a disk that is not the database's."""
        return self.sealer_folder or self.folder / "sealer"

    def derived(self) -> "Settings":
        """The same, the addresses that nobody gave made of the one of the owner, as far as there is one."""
        owner = self.database_url
        keys_url = self.keys_url or as_login(beside(owner, "_keys"), KEYS_ROLE)
        return replace(
            self,
            app_url=self.app_url or as_login(owner, APP_ROLE),
            sealer_url=self.sealer_url or as_login(owner, SEALER_ROLE),
            verifier_url=self.verifier_url or as_login(owner, VERIFIER_ROLE),
            keys_url=keys_url,
            keys_owner_url=self.keys_owner_url or as_login_of(keys_url, owner),
        )

    def key_encryption_key(self) -> bytes:
        """What wraps the keys of personal data: the given one, else the folder's own, made at first use."""
        text = self.kek or made_once(self.folder / "kek", lambda: secrets.token_hex(32))
        if not re.fullmatch(r"[0-9a-f]{64}", text):
            raise Misconfigured("MINHCHUAN_KEK must have 64 hex digits")
        return bytes.fromhex(text)

    @property
    def knows_senders(self) -> bool:
        """Whether the address of a connection is the sender's. We speak no TLS, so that https means that a proxy stands
        before us; unless it is named, all people come from its address.
        """
        return bool(self.proxies) or not self.public_url.startswith("https:")

    @property
    def files(self) -> Path:
        """Where evidence and documents lie, by hash."""
        return self.folder / "files"

    def listening(self, port: int) -> "Settings":
        """The same, once the port is known."""
        return replace(self, port=port, public_url=self.public_url or f"http://{self.host}:{port}")

    def environment(self) -> dict[str, str]:
        """The variables that give a child process these very settings."""
        return {
            "DATABASE_URL": self.database_url,
            "DATABASE_APP_URL": self.app_url,
            "DATABASE_SEALER_URL": self.sealer_url,
            "DATABASE_VERIFIER_URL": self.verifier_url,
            "KEYS_DATABASE_URL": self.keys_url,
            "KEYS_DATABASE_OWNER_URL": self.keys_owner_url,
            "REDIS_URL": self.redis_url,
            "MINHCHUAN_FOLDER": str(self.folder),
            "MINHCHUAN_SECRET": self.given_secret,
            "MINHCHUAN_KEK": self.kek,
            "MINHCHUAN_HOST": self.host,
            "MINHCHUAN_PORT": str(self.port),
            "MINHCHUAN_PUBLIC_URL": self.public_url,
            "MINHCHUAN_PROXIES": ",".join(self.proxies),
            "MINHCHUAN_DEMONSTRATION": "1" if self.demonstration else "",
            "MINHCHUAN_SEALER_FOLDER": str(self.sealer_folder or ""),
            "MINHCHUAN_WORKERS": str(self.workers),
            "MINHCHUAN_BEATS": str(self.beats or ""),
            "MINHCHUAN_KEYS_KEPT_DAYS": "" if self.keys_kept_days is None else str(self.keys_kept_days),
            **{name: str(value // MEGABYTE) for name, value in zip(ALLOWED, self.allowance, strict=True)},
        }


def read_settings(folder: Path | None = None, environ: Mapping[str, str] = os.environ) -> Settings:
    """Settings from the environment. Raises Misconfigured with the name of the variable."""
    folder = folder_of(folder, environ)
    postgres = {"postgres", "postgresql"}
    port = environ.get("MINHCHUAN_PORT") or "0"
    if not port.isdecimal() or int(port) > 65535:
        raise Misconfigured(f"MINHCHUAN_PORT is not a port: {port}")
    days = environ.get("MINHCHUAN_KEYS_KEPT_DAYS", "").strip()
    if days and not (days.isascii() and days.isdecimal() and len(days) < 5):
        raise Misconfigured(f"MINHCHUAN_KEYS_KEPT_DAYS is no number of days: {days}")
    settings = Settings(
        folder=folder,
        database_url=checked_url(environ, "DATABASE_URL", postgres),
        app_url=checked_url(environ, "DATABASE_APP_URL", postgres),
        sealer_url=checked_url(environ, "DATABASE_SEALER_URL", postgres),
        verifier_url=checked_url(environ, "DATABASE_VERIFIER_URL", postgres),
        keys_url=checked_url(environ, "KEYS_DATABASE_URL", postgres),
        keys_owner_url=checked_url(environ, "KEYS_DATABASE_OWNER_URL", postgres),
        redis_url=checked_url(environ, "REDIS_URL", {"redis", "rediss", "unix"}),
        given_secret=checked_secret(given_or_in_file(environ, "MINHCHUAN_SECRET", "MINHCHUAN_SECRET_FILE")),
        kek=given_or_in_file(environ, "MINHCHUAN_KEK", "MINHCHUAN_KEK_FILE"),
        host=environ.get("MINHCHUAN_HOST") or "127.0.0.1",
        port=int(port),
        public_url=checked_url(environ, "MINHCHUAN_PUBLIC_URL", {"http", "https"}).rstrip("/"),
        proxies=checked_networks(environ, "MINHCHUAN_PROXIES"),
        demonstration=environ.get("MINHCHUAN_DEMONSTRATION") == "1",
        sealer_folder=Path(given).absolute() if (given := environ.get("MINHCHUAN_SEALER_FOLDER")) else None,
        workers=workers_of(environ),
        beats=Path(given).absolute() if (given := environ.get("MINHCHUAN_BEATS")) else None,
        keys_kept_days=int(days) if days else None,
        allowance=allowance_of(environ),
    )
    if settings.kek:
        settings.key_encryption_key()
    return settings.derived()


def workers_of(environ: Mapping[str, str]) -> int:
    """How many web processes: as given, else one a processor, but few where everything runs on this machine."""
    given = environ.get("MINHCHUAN_WORKERS", "").strip()
    if not given:
        return min(len(os.sched_getaffinity(0)), 4 if environ.get("DATABASE_APP_URL") else 2)
    if not given.isdecimal() or not 1 <= int(given) <= 64:
        raise Misconfigured(f"MINHCHUAN_WORKERS is not a number from 1 to 64: {given}")
    return int(given)


def allowance_of(environ: Mapping[str, str]) -> Allowance:
    """What may be sent and kept: as given, in megabytes, else as usual."""
    given = {}
    for field, name in zip(Allowance._fields, ALLOWED, strict=True):
        if text := environ.get(name, "").strip():
            if not text.isdecimal() or len(text) > DIGITS:
                raise Misconfigured(f"{name} is no number of megabytes: {text}")
            given[field] = int(text) * MEGABYTE
    return Allowance(**given)


def folder_of(given: Path | None, environ: Mapping[str, str] = os.environ) -> Path:
    """The folder that a command works on: the given one, else that of the environment, else a default."""
    return Path(given or environ.get("MINHCHUAN_FOLDER") or default_folder()).absolute()


def take_passphrase(environ: MutableMapping[str, str] = os.environ) -> str | None:
    """The passphrase of the key that a person signs with; None where they are to be asked.

    It is taken out of the environment: processes that open PDFs of others do not inherit it.
    """
    return environ.pop("MINHCHUAN_PASSPHRASE", None)


def default_folder() -> Path:
    """Where data lies when nobody says: below the home of a person, below /var/lib for root."""
    if os.geteuid() == 0:
        return Path("/var/lib/minhchuan")
    return Path.home() / ".local" / "share" / "minhchuan"


def as_login(database_url: str, role: str) -> str:
    """The same database as another login, with the same password; "" when there is no address.

    Good for one machine; where processes must not know the owner's password, give each its own address.
    """
    if not database_url:
        return ""
    parts = urlsplit(database_url)
    login, _, place = parts.netloc.rpartition("@")
    _, colon, password = login.partition(":")
    return urlunsplit(parts._replace(netloc=f"{role}{colon}{password}@{place}"))


def as_login_of(database_url: str, owner_url: str) -> str:
    """The database of the first address as the login of the second, with its password; "" when one is missing."""
    if not (database_url and owner_url):
        return ""
    login, at, _ = urlsplit(owner_url).netloc.rpartition("@")
    parts = urlsplit(database_url)
    return urlunsplit(parts._replace(netloc=f"{login}{at}{parts.netloc.rpartition('@')[2]}"))


def beside(database_url: str, suffix: str) -> str:
    """A database of the same server, called like this one with a suffix; "" when there is no address."""
    if not database_url:
        return ""
    parts = urlsplit(database_url)
    name = parts.path.strip("/") or parts.username or ""
    return urlunsplit(parts._replace(path=f"/{name}{suffix}"))


def checked_url(environ: Mapping[str, str], name: str, schemes: set[str]) -> str:
    """The address in this variable, or "" when it is absent."""
    url = environ.get(name, "").strip()
    if url and urlsplit(url).scheme not in schemes:
        raise Misconfigured(f"{name} must begin with one of: {', '.join(sorted(s + '://' for s in schemes))}")
    return url


def checked_networks(environ: Mapping[str, str], name: str) -> tuple[str, ...]:
    """The addresses and networks in this variable."""
    networks = tuple(one.strip() for one in environ.get(name, "").split(",") if one.strip())
    for one in networks:
        try:
            ip_network(one)
        except ValueError as reason:
            raise Misconfigured(f"{name} is no list of addresses or networks: {reason}") from None
    return networks


def given_or_in_file(environ: Mapping[str, str], name: str, in_file: str) -> str:
    """What the variable says, else what the file says that the other one names; "" where neither is given."""
    if given := environ.get(name, "").strip():
        return given
    if not (file := environ.get(in_file, "").strip()):
        return ""
    try:
        return Path(file).read_text().strip()
    except (OSError, UnicodeDecodeError) as reason:
        raise Misconfigured(f"{in_file} names a file that cannot be read: {reason}") from reason


def checked_secret(given: str) -> str:
    """The secret that signs cookies and jobs, long enough or not given at all."""
    if given and len(given) < 32:
        raise Misconfigured("MINHCHUAN_SECRET must have at least 32 characters")
    return given


def made_once(kept: Path, make: Callable[[], str]) -> str:
    """The text of this file, made at first use: whole or not there, however many begin at once, and safe on disk."""
    try:
        kept.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        if not kept.exists():
            descriptor, fresh = tempfile.mkstemp(dir=kept.parent, prefix=f".{kept.name}-")  # 0600
            try:
                with os.fdopen(descriptor, "w") as new:
                    new.write(make())
                    new.flush()
                    os.fsync(descriptor)
                with contextlib.suppress(FileExistsError):
                    os.link(fresh, kept)
            finally:
                Path(fresh).unlink()
        return kept.read_text()
    except OSError as reason:
        raise Misconfigured(f"the data folder {kept.parent} cannot be used: {reason}") from reason
