import os
import signal
import time
from pathlib import Path

import pytest

from infra.platform import child_processes


@pytest.fixture
def mark(tmp_path: Path) -> Path:
    return tmp_path / "it.pid"


def start(mark: Path, script: str) -> int:
    child_processes.start(["sh", "-c", script], mark=mark, log=mark.with_suffix(".log"))
    return int(mark.read_text().split()[0])


def until(condition) -> None:
    deadline = time.monotonic() + 10
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def test_a_process_that_listens_to_reason_is_asked_to_end(mark):
    pid = start(mark, "trap 'echo asked; exit' TERM; echo ready; while :; do sleep 0.05; done")
    until(lambda: "ready" in mark.with_suffix(".log").read_text())

    child_processes.end(mark)

    assert child_processes.living(pid) is None
    assert mark.with_suffix(".log").read_text().split() == ["ready", "asked"]
    assert not mark.exists()


def test_a_process_that_does_not_listen_is_killed(mark):
    pid = start(mark, "trap '' TERM; echo ready; while :; do sleep 0.05; done")
    until(lambda: "ready" in mark.with_suffix(".log").read_text())

    child_processes.end(mark, patience=0.2)

    assert child_processes.living(pid) is None


def test_children_of_a_process_that_was_killed_are_killed_too(mark):
    leader = start(mark, "sleep 60 & echo $!; wait")
    until(lambda: mark.with_suffix(".log").read_text().endswith("\n"))
    child = int(mark.with_suffix(".log").read_text())
    os.kill(leader, signal.SIGKILL)
    until(lambda: child_processes.marked(mark) is None)
    assert child_processes.living(child)

    child_processes.end(mark)

    until(lambda: child_processes.living(child) is None)


def test_ending_what_never_began_does_nothing(mark):
    child_processes.end(mark)

    mark.write_text("no number at all")
    assert child_processes.marked(mark) is None
    child_processes.end(mark)
    assert not mark.exists()


def test_a_process_is_told_from_a_later_one_with_its_number(mark):
    mark.write_text(f"{os.getpid()} 1\n")

    assert child_processes.marked(mark) is None
    child_processes.end(mark)  # else this test would end here
