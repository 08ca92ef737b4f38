"""The web process, `minhchuan serve`: granian around the application, a few workers by the processors that there are.

Each worker reads the settings from the environment and opens connections of its own. What it keeps between requests it
made of the log and of tables up to a position, and asks at each request whether that is still the last; whatever
requests must agree on lies in PostgreSQL and Redis. So it does not matter which worker answers.
"""

import gc
import multiprocessing
import os
import resource
import threading
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

from granian import Granian
from granian.constants import HTTPModes, Interfaces
from granian.http import HTTP1Settings
from granian.utils.proxies import wrap_asgi_with_proxy_headers
from litestar.types import ASGIApp

from infra.platform import programs
from infra.platform.child_processes import KILL_WORKER_AFTER
from infra.platform.config import Settings, read_settings
from infra.platform.database import PATIENCE
from services.app import App
from services.processes.logging_setup import structured_logs
from services.processes.supervise import kept_port
from services.visible import shown
from services.web.app import web_application
from services.wiring import wired

#: Connections of one worker, open or waiting to be let in; of these only the bodies of some are read at a time
#: (services/web/bodies.py).
CONNECTIONS = 4_096

#: Files and connections that a worker has besides.
OWN_FILES = 512

#: Seconds and bytes that the head of a request may take.
HEAD_PATIENCE = 10
HEAD_LIMIT = 64 * 1_024


def run(settings: Settings) -> None:
    """Serve until told to stop."""
    settings = settings.listening(settings.port or kept_port(settings.folder, "web", settings.host))
    os.environ.update(settings.environment())
    print(shown(settings.public_url), flush=True)
    granian(programs.WEB, settings.host, settings.port, settings.workers)


def granian(target: str, host: str, port: int, workers: int = 1) -> None:
    """Workers on the event loop of the platform; the parent ends them on a signal, and replaces one that fell."""
    open_files(CONNECTIONS + OWN_FILES)
    Granian(
        target,
        address=host,
        port=port,
        interface=Interfaces.ASGI,
        factory=True,
        workers=workers,
        respawn_failed_workers=True,
        workers_kill_timeout=KILL_WORKER_AFTER,
        http=HTTPModes.http1,
        http1_settings=HTTP1Settings(header_read_timeout=HEAD_PATIENCE * 1_000, max_buffer_size=HEAD_LIMIT),
        websockets=False,
        backlog=CONNECTIONS,
        backpressure=CONNECTIONS,
        log_access=False,
        log_level="warning",  # type: ignore[arg-type]
    ).serve()


def application() -> ASGIApp:
    """The application of a worker; its parts are opened when the server says that it starts, in the server's loop."""
    structured_logs()
    return behind(read_settings().proxies, web_application(opened))


def behind(proxies: Sequence[str], app: ASGIApp) -> ASGIApp:
    """The application as it is reached through these proxies: they, and nobody else, say whom they speak for."""
    wrapped: ASGIApp = wrap_asgi_with_proxy_headers(app, list(proxies))
    return wrapped if proxies else app


@asynccontextmanager
async def opened() -> AsyncIterator[App]:
    """The parts of this process, from the settings in its environment."""
    end_with_parent()
    async with wired(read_settings(), PATIENCE) as app:
        settle()
        yield app


def end_with_parent() -> None:
    """End at once when the parent was killed, which leaves its workers at the port: nobody else would end them."""
    parent = multiprocessing.parent_process()

    def watch() -> None:
        if parent is not None:
            parent.join()
            os._exit(1)

    threading.Thread(target=watch, daemon=True).start()


def open_files(wanted: int) -> None:
    """Let this process and its workers hold so many files and connections, or as many as the system allows."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard == resource.RLIM_INFINITY or soft < wanted:
        allowed = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
        resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, allowed), hard))


def settle() -> None:
    """Look for garbage as a process should that makes many values, few cycles, and others wait meanwhile."""
    gc.freeze()  # templates, rulebooks and words live as long as the process
    # Often and briefly: some 20,000 values are looked at in 4 ms. All of them now and then, for what is garbage all the
    # same; a request leaves none that waits for it.
    gc.set_threshold(5_000, 3, 100)
