"""`minhchuan demo --check` runs the acceptance walk of the clone, which is not a part of the product."""

import subprocess
import sys
from pathlib import Path

import pytest

from infra.platform.config import Misconfigured
from services import cli, demo

ROOT = Path(__file__).parents[2]


def test_the_installed_command_finds_the_walk_of_its_clone_wherever_it_is_called(tmp_path):
    (tmp_path / "web.port").write_text("8080\n")  # refused by the walk itself, before anything starts
    command = [Path(sys.executable).with_name("minhchuan"), "demo", "--check", "--folder", tmp_path]

    done = subprocess.run(command, cwd=tmp_path, check=False, capture_output=True, text=True)

    assert done.returncode == 2
    assert done.stderr == (
        f"minhchuan: {tmp_path} holds a demonstration already; --check walks a fresh one: name another folder\n"
    )


def test_where_no_clone_is_at_hand_it_is_said_what_to_do(tmp_path, capsys, monkeypatch):
    monkeypatch.setattr(demo, "CLONE", tmp_path)

    assert cli.main(["demo", "--check"]) == 2

    said = capsys.readouterr().err
    assert "clone the repository and type `make demo ARGS=--check` there" in said
    assert len(said.splitlines()) == 1


def test_the_product_imports_nothing_of_the_walk_without_being_asked(tmp_path, monkeypatch):
    monkeypatch.setattr(demo, "CLONE", tmp_path)

    with pytest.raises(Misconfigured):
        demo.check(None)

    assert list(tmp_path.iterdir()) == []
