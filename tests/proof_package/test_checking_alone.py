"""Who checks us runs without what we serve with: neither loaded nor needed, by a witness and by `verify-dossier`."""

import os
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from infra.transparency.witness_server import Cosigner
from services.proof_package.package_files import read_files
from services.seals.verify_answer import ExitCode

ROOT = Path(__file__).parents[2]
FORMER = ROOT / "tests" / "proof_package" / "former"

CONTRACT = "Who checks us needs none of what we serve with: a witness, and the verifier of proof packages"

#: What the contract forbids, and what it cannot see: the library for fonts, which is asked by those who print alone.
FORBIDDEN = {
    "fontTools",
    *next(
        contract["forbidden_modules"]
        for contract in tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]["contracts"]
        if contract["name"] == CONTRACT
    ),
}

#: Runs a command and says at its end what was loaded.
TELLING = """
import atexit, sys
atexit.register(lambda: print("loaded:", *sorted(sys.modules), file=sys.stderr))
from services import cli
sys.exit(cli.main(sys.argv[1:]))
"""


@pytest.fixture
def bare(tmp_path: Path) -> dict[str, str]:
    """An environment in which none of the forbidden packages can be imported, here or in a process that is started."""
    bare = tmp_path / "bare"
    for name in FORBIDDEN:
        if "." not in name:
            (bare / name).mkdir(parents=True)
            (bare / name / "__init__.py").write_text(f"raise ImportError('{name} is not installed here')\n")
    return {**os.environ, "PYTHONPATH": os.pathsep.join([str(bare), str(ROOT)])}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The dossier of an earlier version as a folder, without its pages."""
    files, _ = read_files(FORMER / "dossier.pdf")
    for name, content in files.items():
        file = tmp_path / "dossier" / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content)
    return tmp_path / "dossier"


def run(*command: str | Path, **environment: str) -> tuple[int, str, set[str]]:
    """The status of a command, what it printed, and what its process had loaded at its end."""
    done = subprocess.run(
        [sys.executable, "-c", TELLING, *command],
        cwd=ROOT,
        env=environment or None,
        check=False,
        capture_output=True,
        text=True,
    )
    *_, loaded = done.stderr.partition("loaded: ")
    assert loaded, done.stderr
    return done.returncode, done.stdout, set(loaded.split())


def test_a_dossier_is_verified_pages_and_all_by_a_process_that_loads_nothing_we_serve_with():
    status, _, loaded = run("verify-dossier", FORMER / "dossier.pdf", "--policy", FORMER / "policy")

    assert status == ExitCode.UNWITNESSED
    assert loaded & FORBIDDEN == {"fontTools"}  # which signs our fonts can draw is a part of making pages again


def test_the_facts_of_a_dossier_are_verified_where_nothing_of_it_is_installed(folder, bare):
    status, said, loaded = run("verify-dossier", folder, "--policy", FORMER / "policy", **bare)

    assert (status, said.splitlines()[0]) == (ExitCode.UNWITNESSED, "HỢP LỆ - CHƯA ĐỒNG KÝ / VALID-UNWITNESSED")
    assert loaded & FORBIDDEN == set()


def test_where_pages_cannot_be_made_again_they_count_for_nothing_and_it_is_said_what_can_be_done(bare):
    status, said, _ = run("verify-dossier", FORMER / "dossier.pdf", "--policy", FORMER / "policy", **bare)

    assert status == ExitCode.INVALID
    assert "its facts hold, and its pages cannot be compared here" in said
    assert "is not installed here; verify the folder without the PDF" in said


def test_a_witness_loads_nothing_we_serve_with_and_needs_none_of_it(tmp_path, bare):
    Cosigner.open(tmp_path, "witness.example/w")
    answering = f"""
import os, signal, sys, threading, time, urllib.error, urllib.request
def ask():
    address = open({str(tmp_path / "witness.port")!r}).read().strip()
    request = urllib.request.Request("http://127.0.0.1:" + address + "/add-checkpoint", data=b"none")
    try:
        urllib.request.urlopen(request)
    except urllib.error.HTTPError as answer:
        print("answered", answer.code, flush=True)
    signal.raise_signal(signal.SIGTERM)
from services.processes import witness
begin = witness.WitnessServer.serve_forever
def serve_forever(self):
    threading.Thread(target=ask).start()
    begin(self)
witness.WitnessServer.serve_forever = serve_forever
"""
    done = subprocess.run(
        [sys.executable, "-c", answering + TELLING, "witness", "--folder", tmp_path],
        cwd=ROOT,
        env=bare,
        check=False,
        capture_output=True,
        text=True,
    )

    assert (done.returncode, done.stdout.splitlines()[-1]) == (0, "answered 400"), done.stderr
    assert set(done.stderr.partition("loaded: ")[2].split()) & FORBIDDEN == set()
