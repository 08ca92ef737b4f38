import signal
import socket
import urllib.request
from dataclasses import replace
from pathlib import Path

import pytest
from redis import Redis

from infra.platform import child_processes, embedded
from infra.platform.config import Settings, read_settings
from services import demo
from services.processes import supervise
from services.processes.supervise import NotReady, supervised

WEB = {"web": ("serve",)}


@pytest.fixture
def settings(services: Settings, tmp_path: Path) -> Settings:
    return replace(services, folder=tmp_path).listening(supervise.kept_port(tmp_path, "web"))


def status(settings: Settings, path: str) -> int:
    with urllib.request.urlopen(settings.public_url + path, timeout=30) as response:
        return int(response.status)


@pytest.mark.fault
def test_the_web_answers_until_it_is_stopped_and_leaves_nothing(settings):
    with supervised(settings, WEB) as supervisor:
        supervisor.wait()
        assert status(settings, "/") == 200

    with pytest.raises(OSError):
        status(settings, "/")
    assert list(settings.folder.glob("*.pid")) == []


@pytest.mark.fault
def test_a_killed_web_is_started_again_at_the_same_address(settings):
    with supervised(settings, WEB) as supervisor:
        supervisor.wait()
        supervisor.kill("web")
        assert not supervisor.lives("web")

        assert supervisor.revive() == ["web"]

        supervisor.wait()
        assert status(settings, "/") == 200
        assert supervisor.revive() == []


@pytest.mark.fault
def test_a_web_whose_supervisor_was_killed_is_replaced_by_the_next(settings):
    orphan = supervise.Supervisor(settings, WEB)
    orphan.start("web")
    orphan.wait()
    old = child_processes.marked(orphan.mark("web"))

    with supervised(settings, WEB) as supervisor:
        supervisor.wait()

        assert child_processes.marked(orphan.mark("web")) != old
    assert list(settings.folder.glob("*.pid")) == []


def test_a_process_that_cannot_start_is_named_with_its_log(settings):
    with (
        supervised(settings, {"web": ("no-such-command",)}) as supervisor,
        pytest.raises(NotReady, match=r"web has ended; see .*web\.log"),
    ):
        supervisor.wait()

    assert "no-such-command" in (settings.folder / "web.log").read_text()


def test_a_folder_serves_one_run_at_a_time(settings):
    with supervised(settings, {}), pytest.raises(NotReady, match=str(settings.folder)), supervised(settings, {}):
        pass


def test_a_folder_keeps_its_port_and_says_when_somebody_took_it(tmp_path):
    port = supervise.kept_port(tmp_path, "web")
    assert supervise.kept_port(tmp_path, "web") == port

    with socket.socket() as taken:
        taken.bind(("127.0.0.1", port))
        taken.listen()

        with pytest.raises(NotReady, match=str(port)):
            supervise.kept_port(tmp_path, "web")


@pytest.mark.fault
def test_the_demonstration_starts_a_killed_server_again_and_says_so(tmp_path, capsys):
    with embedded.services(read_settings(tmp_path / "data", {}), durable=False) as used, supervised(used, {}) as none:
        child_processes.end(used.folder / "redis.pid", manners=(signal.SIGKILL,))

        demo.revive(used, none)

        said = capsys.readouterr().out
        assert "redis had ended and was started again" in said
        assert str(used.folder / "redis.log") in said
        with Redis.from_url(used.redis_url) as redis:
            assert redis.ping()
