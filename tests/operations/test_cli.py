import json
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from infra.platform import child_processes, config, embedded
from services import cli
from services.operations import judge_sheet

SHEET = {"rulebook": "qd-619-2017", "unit_class": "I", "satisfaction": "96.10", "vetoes": [], "criteria": {"TC1": "15"}}


@pytest.fixture(autouse=True)
def bare_environment(monkeypatch):
    for name in ("DATABASE_URL", "DATABASE_APP_URL", "REDIS_URL", "MINHCHUAN_FOLDER"):
        monkeypatch.delenv(name, raising=False)


def test_a_command_works_on_its_folder_and_leaves_nothing_running(tmp_path, capsys):
    assert cli.main(["migrate", "--folder", str(tmp_path)]) == 0

    assert capsys.readouterr().out.split() == ["control", "keys"]
    assert (tmp_path / "postgres").is_dir()
    assert [mark.name for mark in tmp_path.glob("*.pid")] == []


def test_a_folder_that_cannot_be_used_is_said_in_one_line(tmp_path, capsys):
    (tmp_path / "file").write_text("")

    assert cli.main(["migrate", "--folder", str(tmp_path / "file")]) == 2

    said = capsys.readouterr().err
    assert said.startswith("minhchuan: ")
    assert len(said.splitlines()) == 1


def test_on_a_database_that_was_not_migrated_a_command_says_what_to_run(tmp_path, capsys):
    with embedded.services(config.read_settings(tmp_path, {}), redis=False):
        for command in (
            ["serve"],
            ["projector"],
            ["worker", "short"],
            ["verify"],
            ["sealer"],
            ["sealer", "--once"],
            ["sealer", "--vkeys"],
            ["rebuild"],
        ):
            assert cli.main([*command, "--folder", str(tmp_path)]) == 2

            said = capsys.readouterr().err
            assert said.endswith("does not exist): run `minhchuan migrate`\n")
            assert len(said.splitlines()) == 1


def test_a_sheet_is_judged_without_any_service_or_folder(tmp_path, capsys, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    (tmp_path / "sheet.json").write_text(json.dumps(SHEET))

    assert cli.main(["judge", str(tmp_path / "sheet.json")]) == 0

    assert json.loads(capsys.readouterr().out)["total"] == "15.00"
    assert not (tmp_path / "home").exists()


@pytest.mark.parametrize("arguments", [[], ["nothing"], ["worker", "medium"], ["tenant"], ["tenant", "create", "x"]])
def test_what_is_no_command_is_answered_with_the_usage(arguments, capsys):
    with pytest.raises(SystemExit) as end:
        cli.main(arguments)

    assert end.value.code == 2
    assert "usage: minhchuan" in capsys.readouterr().err


def test_an_interrupt_at_a_bad_moment_is_still_an_interrupt(tmp_path, capsys, monkeypatch):
    def interrupted_while_it_cleans_up(*_):
        lock = threading.Lock()
        try:
            signal.raise_signal(signal.SIGINT)
        finally:
            lock.release()  # as the standard library does with a lock that the interrupt kept it from taking

    monkeypatch.setattr(judge_sheet, "main", interrupted_while_it_cleans_up)

    assert cli.main(["judge", str(tmp_path / "sheet.json")]) == 130

    assert "interrupted (RuntimeError" in capsys.readouterr().err


@pytest.mark.fault
@pytest.mark.parametrize("name", ["SIGINT", "SIGTERM"])
@pytest.mark.parametrize("began", ["at a terminal", "in the background of a script, which has SIGINT ignored"])
def test_a_command_that_is_told_to_end_stops_its_services(tmp_path, name, began):
    assert cli.main(["migrate", "--folder", str(tmp_path)]) == 0
    command = [sys.executable, "-m", "services.cli", "serve", "--folder", tmp_path]
    if "ignored" in began:
        command = ["sh", "-c", "trap '' INT; exec \"$@\"", "sh", *command]
    with subprocess.Popen(command, cwd=Path(__file__).parents[2], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        assert "http://" in process.stdout.readline()  # its services run
        assert child_processes.marked(tmp_path / "postgres.pid")

        process.send_signal(signal.Signals[name])

    assert process.returncode in {0, 130}
    assert list(tmp_path.glob("*.pid")) == []
