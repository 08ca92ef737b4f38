"""The rules of the house that a machine can check."""

import ast
import re
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest
import yaml

from infra import config
from services import cli
from services.supervise import PROGRAMS

ROOT = Path(__file__).parents[1]
LOCKS = sorted(ROOT.glob("requirements*.lock"))


def modules_of(package: str) -> list[Path]:
    return sorted((ROOT / package).rglob("*.py"))


def imports_of(module: Path) -> set[str]:
    nodes = list(ast.walk(ast.parse(module.read_text())))
    plain = {alias.name for node in nodes if isinstance(node, ast.Import) for alias in node.names}
    return plain | {node.module for node in nodes if isinstance(node, ast.ImportFrom) and node.module}


# Directions -------------------------------------------------------------------------------------------


def test_imports_go_in_the_directions_of_the_house():
    done = subprocess.run(
        [Path(sys.executable).with_name("lint-imports"), "--no-cache"], cwd=ROOT, check=False, capture_output=True
    )

    assert done.returncode == 0, done.stdout.decode()


def test_the_domain_knows_the_standard_library_the_event_library_and_itself():
    allowed = {*sys.stdlib_module_names, "domain"}

    strangers = {
        f"{module.name}: {name}"
        for module in modules_of("domain")
        for name in imports_of(module)
        if name.partition(".")[0] not in allowed and name not in {"eventsourcing.domain", "eventsourcing.utils"}
    }

    assert strangers == set()


def test_the_domain_reads_no_clock_no_environment_and_no_files():
    strangers = {
        f"{module.name}: {name}"
        for module in modules_of("domain")
        for name in imports_of(module)
        if name.partition(".")[0] in {"os", "io", "pathlib", "socket", "subprocess", "time", "random", "asyncio"}
    }
    clocks = [m.name for m in modules_of("domain") if re.search(r"\b(now|today|utcnow)\(\)", m.read_text())]

    assert strangers == set()
    assert clocks == []


def test_nothing_is_pickled():
    users = [
        str(module.relative_to(ROOT))
        for package in ("domain", "projections", "infra", "services")
        for module in modules_of(package)
        if imports_of(module) & {"pickle", "marshal", "shelve", "dill"}
    ]

    assert users == []


def test_what_opens_and_signs_pdfs_is_loaded_only_where_that_is_done():
    large = {"asn1crypto", "pikepdf", "pyhanko", "pyhanko_certvalidator"}
    loading = {
        f"{module.relative_to(ROOT)}: {name}"
        for package in ("infra", "services")
        for module in modules_of(package)
        for node in ast.parse(module.read_text()).body
        for name in (
            [node.module] if isinstance(node, ast.ImportFrom) else [one.name for one in getattr(node, "names", [])]
        )
        if name and name.partition(".")[0] in large
    }

    assert loading == set()


# Dependencies -----------------------------------------------------------------------------------------


def locked(lock: Path) -> dict[str, str]:
    return dict(re.findall(r"^([a-z0-9._-]+)(?:\[[^\]]*\])?==(\S+)", lock.read_text(), re.MULTILINE))


@pytest.mark.parametrize("lock", LOCKS, ids=lambda lock: lock.name)
def test_every_locked_package_has_a_hash_and_no_address(lock):
    text = lock.read_text()
    blocks = re.split(r"\n(?=[a-z0-9])", text)

    assert [block for block in blocks if "--hash=sha256:" not in block] == []
    assert re.findall(r"\w+://\S+|^--.*index.*", text, re.MULTILINE) == []


def test_tests_run_with_the_versions_that_the_demo_runs_with():
    demo, dev = locked(ROOT / "requirements.lock"), locked(ROOT / "requirements-dev.lock")

    assert len(demo) > 40
    assert {name: dev.get(name) for name in demo} == demo


def test_every_declared_dependency_is_locked():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    extras = project["optional-dependencies"]
    name_of = re.compile(r"^[A-Za-z0-9._-]+")
    missing = [
        (lock, requirement)
        for lock, wanted in (
            ("requirements.lock", [*project["dependencies"], *extras["embedded"]]),
            ("requirements-dev.lock", extras["dev"]),
        )
        for requirement in wanted
        if (found := name_of.match(requirement)) and found[0] not in {*locked(ROOT / lock), "minhchuan"}
    ]

    assert missing == []


def test_packages_of_the_browser_s_and_provider_s_tests_are_locked_without_addresses():
    for lock in ROOT.glob("tests/**/package-lock.json"):
        if "node_modules" not in lock.parts:
            assert '"resolved"' not in lock.read_text(), lock


# Running ----------------------------------------------------------------------------------------------


@pytest.fixture
def compose() -> dict[str, Any]:
    content: dict[str, Any] = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
    return content


def test_compose_runs_the_processes_of_the_supervisor_on_official_images(compose):
    services = compose["services"]
    ours = {name: tuple(s["command"]) for name, s in services.items() if s["image"] == "minhchuan"}
    theirs = {name: s["image"] for name, s in services.items() if s["image"] != "minhchuan"}

    assert {name: ours[name] for name in PROGRAMS} == PROGRAMS
    assert set(ours) == {*PROGRAMS, "migrate", "operator", "witness", "verify"}
    assert set(theirs) == {"postgres", "redis"}
    assert int(theirs["postgres"].removeprefix("postgres:")) >= 15
    assert re.fullmatch(r"redis:\d+", theirs["redis"])


def test_every_command_in_compose_is_one_of_the_command_line(compose):
    commands = [s["command"] for s in compose["services"].values() if s["image"] == "minhchuan"]

    assert [cli.arguments().parse_args(command).run is not None for command in commands] == [True] * len(commands)


def test_compose_sets_only_variables_that_are_documented_and_holds_no_secret(compose):
    ours = [s["environment"] for s in compose["services"].values() if s["image"] == "minhchuan"]
    documented = set(re.findall(r"`([A-Z_]{6,})`", config.__doc__ or ""))
    secrets = re.findall(r"(?:PASSWORD|SECRET)\S*", (ROOT / "docker-compose.yml").read_text().partition("services:")[2])

    assert {name for environment in ours for name in environment} <= documented
    assert [text for text in secrets if "${" in text and ":?" not in text] == []


def test_the_keys_of_personal_data_are_for_those_who_show_them(compose):
    knowing = {name for name, s in compose["services"].items() if "KEYS_PASSWORD" in str(s)}

    assert knowing == {"migrate", "operator", "web", "projector", "worker-short", "worker-long"}


def test_only_migrations_and_the_operator_know_the_owner_of_the_database(compose):
    knowing = {name for name, s in compose["services"].items() if "OWNER_PASSWORD" in str(s)}

    assert knowing == {"postgres", "migrate", "operator"}


def test_the_sealer_has_its_login_and_its_keys_to_itself(compose):
    sealer = compose["services"]["sealer"]
    others = [s for name, s in compose["services"].items() if name not in {"sealer", "migrate", "operator"}]

    assert "SEALER_PASSWORD" in str(sealer)
    assert [s for s in others if "SEALER_PASSWORD" in str(s) or "sealer:" in str(s.get("volumes"))] == []
    assert {name for name in sealer["environment"] if name.startswith(("DATABASE", "REDIS"))} == {"DATABASE_SEALER_URL"}


def test_a_witness_is_another_body_s_and_gets_nothing_of_the_house(compose):
    witness = compose["services"]["witness"]

    assert witness["profiles"] == ["witness"]
    assert (witness["environment"], witness["depends_on"]) == ({}, {})
    assert [name for name, s in compose["services"].items() if "witness:" in str(s.get("volumes"))] == ["witness"]


def test_the_verifier_has_its_login_to_itself(compose):
    verifier = compose["services"]["verify"]
    others = [s for name, s in compose["services"].items() if name not in {"verify", "migrate", "operator"}]

    assert [s for s in others if "VERIFIER_PASSWORD" in str(s)] == []
    assert {name for name in verifier["environment"] if name.startswith(("DATABASE", "REDIS"))} == {
        "DATABASE_VERIFIER_URL"
    }


def test_every_variable_that_is_read_is_documented():
    read = set(re.findall(r'"((?:MINHCHUAN|DATABASE|KEYS|REDIS)_[A-Z_]+)"', (ROOT / "infra" / "config.py").read_text()))

    assert read == set(re.findall(r"`((?:MINHCHUAN|DATABASE|KEYS|REDIS)_[A-Z_]+)`", config.__doc__ or ""))


def test_the_environment_of_a_child_process_gives_it_the_same_settings(tmp_path):
    settings = config.Settings(
        folder=tmp_path,
        database_url="postgresql://owner:a%40b@/db?host=%2Frun",
        app_url="postgresql://app@/db?host=%2Frun",
        sealer_url="postgresql://sealer@/db?host=%2Frun",
        verifier_url="postgresql://verifier@/db?host=%2Frun",
        keys_url="postgresql://keyholder@/db_keys?host=%2Frun",
        keys_owner_url="postgresql://guard@/db_keys?host=%2Frun",
        redis_url="unix:///run/redis.sock",
        secret="s" * 32,
        kek="0f" * 32,
        host="::1",
        port=8123,
        public_url="https://minhchuan.example",
        proxies=("10.0.0.7", "fd00::/8"),
        demonstration=True,
        sealer_folder=tmp_path / "keys",
    )

    assert config.read_settings(environ=settings.environment()) == settings


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("DATABASE_URL", "mysql://db"),
        ("REDIS_URL", "localhost:6379"),
        ("MINHCHUAN_PORT", "eighty"),
        ("MINHCHUAN_PORT", "70000"),
        ("KEYS_DATABASE_URL", "localhost"),
        ("MINHCHUAN_KEK", "short"),
        ("MINHCHUAN_SECRET", "short"),
        ("MINHCHUAN_PUBLIC_URL", "minhchuan.example"),
        ("MINHCHUAN_PROXIES", "10.0.0.0/8, the-proxy"),
    ],
)
def test_a_setting_that_makes_no_sense_is_refused_by_its_name(tmp_path, name, value):
    with pytest.raises(config.Misconfigured, match=name):
        config.read_settings(tmp_path, {name: value})


def test_the_secret_of_a_folder_is_made_once_and_readable_by_its_owner_only(tmp_path):
    first = config.read_settings(tmp_path, {}).secret

    assert config.read_settings(tmp_path, {}).secret == first
    assert len(first) >= 32
    assert (tmp_path / "secret").stat().st_mode & 0o077 == 0


# README -----------------------------------------------------------------------------------------------


def test_every_command_that_the_readme_names_exists():
    readme = (ROOT / "README.md").read_text()
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    made = set(re.findall(r"(?:`|^ {4})make ([a-z-]+)", readme, re.MULTILINE))
    called = set(re.findall(r"`minhchuan ([a-z]+)", readme))

    assert {"demo", "test"} <= made <= targets
    assert called <= set(cli.arguments()._actions[-1].choices or ())


def test_every_folder_and_file_on_the_readme_s_map_exists():
    mapped = re.findall(
        r"`((?:domain|projections|infra|services|tests|docs)/[^`*<]*)`", (ROOT / "README.md").read_text()
    )

    assert len(mapped) > 10
    assert [path for path in mapped if not (ROOT / path).exists()] == []


def test_continuous_integration_runs_the_readme_s_test_command():
    script = (ROOT / ".ci" / "run").read_text()

    assert script.rstrip().endswith("exec make test")
    assert "make test" in (ROOT / "README.md").read_text()
