"""Names that outlive a rename: what a log, a database, Redis, a browser, a file or somebody's script holds of ours.

`names.toml` has them written out. What the program stores today must be just that: a line may be added to the list,
and none that is there may be changed or removed.
"""

import argparse
import ast
import dataclasses
import importlib
import pkgutil
import re
import tomllib
import typing
from collections.abc import AsyncIterator, Iterator, Mapping
from enum import StrEnum
from itertools import groupby
from pathlib import Path
from types import ModuleType
from typing import Any

import asyncpg
import msgspec
import pikepdf
import pytest
from eventsourcing.utils import get_topic
from limits import parse
from redis.asyncio import Redis

import infra
import services
from domain.catalogue import AGGREGATES, FACTS
from domain.errors import Refused
from domain.fact import Stream, StreamName
from domain.official import person_of
from domain.permissions import Act
from infra.encryption.cipher import Encryption
from infra.identity.sessions import KeptForm, Sessions
from infra.identity.tenants import Tenant
from infra.identity.throttle import Throttle
from infra.jobs.export_runs import Run
from infra.jobs.queue import Jobs
from infra.ledger.note import Note
from infra.log import eventstore
from infra.log.mapper import COLUMNS
from infra.platform import config, programs
from infra.platform.config import Settings
from infra.readmodels import reading
from infra.schema import migrate
from infra.storage.access_log import Access
from infra.storage.files import Files
from infra.transparency import sealer
from infra.transparency.sealer_store import SealerStore
from infra.transparency.witness_server import Cosigner
from projections.catalogue import PROJECTIONS
from services import cli
from services.command_ids import derived, sent_by
from services.privacy import accesses
from services.processes import supervise, sweeper
from services.proof_package import content, evidence_zip, package_files, pages
from services.web.routes import all_routes
from services.web.security import Cookies
from tests.stored.commands import ID, use_cases
from tests.stored.commands import known as known_as

LIST = tomllib.loads((Path(__file__).parent / "names.toml").read_text())
ROOT = Path(services.__file__).parents[1]
PROVINCE = Tenant("t_1", "mau", "Tỉnh Mẫu", "99", "vi", "", False, "minhchuan.example/t/1", "active", 1)
SAMPLE = ROOT / "tests" / "proof_package" / f"form-{pages.FORM}" / "dossier.pdf"


# Facts ------------------------------------------------------------------------------------------------


def test_facts_have_these_topics_and_each_has_a_sample():
    samples = {one.name.rpartition(".v")[0] for one in (ROOT / "tests" / "ledger").iterdir()}

    assert sorted(FACTS) == LIST["facts"]["topics"]
    assert samples == set(FACTS)


def test_streams_are_of_these_kinds():
    assert {kind: get_topic(aggregate) for kind, aggregate in AGGREGATES.items()} == LIST["facts"]["streams"]


def test_fields_of_facts_have_these_names():
    fields = {
        topic: " ".join(field.name for field in dataclasses.fields(fact) if field.name not in COLUMNS)
        for topic, fact in FACTS.items()
    }

    assert fields == LIST["facts"]["fields"]


def test_fields_that_have_one_of_some_values_have_these_values():
    values: dict[str, set[str]] = {}
    for fact in FACTS.values():
        for name, kind in fields_within(fact):
            for enum in enums_of(kind):
                values.setdefault(name, set()).update(one.value for one in enum)

    assert {name: " ".join(sorted(found)) for name, found in values.items()} == LIST["facts"]["values"]


def fields_within(kind: Any) -> Iterator[tuple[str, Any]]:
    """The fields of a fact and of the values within it."""
    for name, of in typing.get_type_hints(kind).items():
        yield name, of
        for inner in parts_of(of):
            if dataclasses.is_dataclass(inner) and not issubclass(inner, Stream):
                yield from fields_within(inner)


def parts_of(kind: Any) -> Iterator[type]:
    """The classes that a type is made of."""
    if isinstance(kind, type):
        yield kind
    for part in typing.get_args(kind):
        yield from parts_of(part)


def enums_of(kind: Any) -> Iterator[type[StrEnum]]:
    yield from (one for one in parts_of(kind) if issubclass(one, StrEnum))


# Commands and ids -------------------------------------------------------------------------------------


def test_a_log_knows_use_cases_by_these_verbs_and_hashes():
    assert sorted(map(list, map(known_as, use_cases()))) == LIST["commands"]["known"]


def test_only_these_verbs_stand_for_two_use_cases():
    verbs = sorted(command.verb for command in use_cases())

    assert [verb for verb, several in groupby(verbs) if len(list(several)) > 1] == LIST["commands"]["shared"]


def test_the_same_names_give_the_same_ids():
    person = str(ID)
    ids = {
        "stream": StreamName("assessment", "2026", "25435").id("t_1"),
        "person": person_of("t_1", "https://id.example", "an"),
        "sent": sent_by(person, ID).id,
        "derived": derived(f"finish export {ID}").id,
    }

    assert {name: str(one) for name, one in ids.items()} == LIST["ids"]["examples"]


def test_what_commands_bring_into_being_is_named_by_these_words():
    assert sorted(arguments_of("new_id", 0)) == LIST["ids"]["made_by_commands"]


def test_commands_of_the_system_are_named_by_these_words():
    assert sorted(arguments_of("derived", 0)) == LIST["ids"]["commands_of_the_system"]


# Queues, Redis and PostgreSQL -------------------------------------------------------------------------


def test_jobs_and_queues_have_these_names():
    run = Run(export=ID, attempts=2, done=0, total=0, running=False, over=False, trouble="")
    job = sweeper.job_name(PROVINCE, run, 0.0)

    assert {"queue": sweeper.LONG, "function": sweeper.MAKE_EXPORT, "job": job} == LIST["jobs"]


@pytest.fixture
def redis_url(services: Settings) -> str:
    """A database of Redis that no other test uses, so that no key stands there before."""
    return f"{services.redis_url}?db=15"


@pytest.fixture
async def redis(redis_url: str) -> AsyncIterator[Redis]:
    redis = Redis.from_url(redis_url)
    yield redis
    await redis.flushdb()
    await redis.aclose()


async def test_redis_holds_these_keys(redis: Redis, redis_url: str, services: Settings):
    # Given one of everything that lies there: a session, a sign-in that was used, a form that is kept, a count, a job
    sessions = Sessions(redis, Encryption(services.secret, "sessions"))
    await sessions.open(tenant="t_1", issuer="https://id.example", subject="an", id_token="")
    await sessions.spend("state")
    await sessions.keep(KeptForm("/t/mau", ()))
    await Throttle(redis).wait(parse("2 per minute"), "comment-from", "::1")
    jobs = Jobs.at(redis_url, services.secret)
    await jobs.ask(sweeper.LONG, "t_1:export:1:0", sweeper.MAKE_EXPORT, "t_1")
    await jobs.close()

    # Then its keys are known, but for hashes
    keys = {re.sub("[0-9a-f]{64}", "HASH", key.decode()) for key in await redis.keys()}
    assert sorted(keys) == LIST["redis"]["keys"]


def test_what_is_encrypted_elsewhere_is_so_for_these_purposes():
    assert sorted(arguments_of("Encryption", 1)) == LIST["redis"]["purposes"]


def test_postgresql_tells_of_news_on_these_channels():
    assert LIST["postgresql"]["channels"] == [eventstore.GROWN, reading.FOLDED, sealer.SEALED]


def test_logins_and_schemas_have_these_names(tenant: Tenant):
    logins = [config.APP_ROLE, config.SEALER_ROLE, config.VERIFIER_ROLE, config.KEYS_ROLE]
    assert logins == LIST["postgresql"]["logins"]
    assert config.beside("postgresql://host/minhchuan", "_keys") == LIST["postgresql"]["database_of_keys"]
    assert re.sub("[0-9]+", "1", tenant.id) == LIST["postgresql"]["schema_of_a_province"]
    assert re.sub("[0-9]+", "1", tenant.log) == LIST["postgresql"]["log_of_a_province"]


def test_migrations_have_these_names():
    found = sorted(one.relative_to(migrate.MIGRATIONS).as_posix() for one in migrate.MIGRATIONS.rglob("*.sql"))

    assert found == LIST["postgresql"]["migrations"]


async def test_tables_have_these_columns(services: Settings, tenant: Tenant):
    found = {
        **await tables_of(services.database_url, "control"),
        **await tables_of(services.keys_owner_url, "keys"),
        **await tables_of(services.database_url, tenant.id),
    }

    assert found == LIST["postgresql"]["tables"]


async def tables_of(url: str, schema: str) -> dict[str, str]:
    """The tables and views of a schema, each with its columns."""
    connection = await asyncpg.connect(url)
    try:
        rows = await connection.fetch(
            """
            SELECT relname AS name, string_agg(attname, ' ' ORDER BY attname) AS columns
            FROM pg_class JOIN pg_attribute ON attrelid = pg_class.oid
            WHERE relnamespace = $1::regnamespace AND relkind IN ('r', 'p', 'v') AND attnum > 0 AND NOT attisdropped
            GROUP BY relname
            """,
            schema,
        )
    finally:
        await connection.close()
    return {f"{'t_1' if schema.startswith('t_') else schema}.{row['name']}": row["columns"] for row in rows}


def test_read_models_have_these_names():
    assert sorted(projection.name for projection in PROJECTIONS) == LIST["postgresql"]["read_models"]


def test_whoever_holds_a_whole_log_holds_it_under_these_names():
    found = {one for one in texts_of(infra) if re.fullmatch(r"(seal|rebuild) \{\}", one)}

    assert sorted(found) == LIST["postgresql"]["locks"]


# Who opened what --------------------------------------------------------------------------------------


def test_the_access_log_has_these_acts_and_refusals():
    assert sorted([*Act, accesses.OPENED, accesses.TAKEN]) == LIST["accesses"]["acts"]
    assert sorted({one.code for one in refusals()}) == LIST["accesses"]["refused"]


def test_accesses_are_found_by_these_marks():
    access = Access(str(ID), "inspector", "75", Act.OPEN_EVIDENCE, "2026", "25435", "tệp", "not-permitted")
    terms = accesses.terms_of(access) | accesses.terms_of(access._replace(refused=""))

    assert sorted({re.sub("^w:.*", "w:WORD", term) for term in terms}) == LIST["accesses"]["marks"]


def refusals() -> set[type[Refused]]:
    """Every refusal that our code knows."""
    list(modules_of(services))  # so that all are imported
    return {one for one in below(Refused) if not one.__module__.startswith("tests.")}


def below(kind: type[Refused]) -> Iterator[type[Refused]]:
    for one in kind.__subclasses__():
        yield one
        yield from below(one)


# Browsers ---------------------------------------------------------------------------------------------


def test_browsers_hold_these_cookies():
    for address in ("https://minhchuan.example", "http://localhost"):
        cookies = Cookies(address)
        names = [cookies.session, cookies.attempt, cookies.language, cookies.province]
        assert names == LIST["browser"]["cookies"][address.partition(":")[0]]


def test_browsers_keep_these_things_for_the_script():
    script = (ROOT / "services" / "web" / "static" / "app.js").read_text()

    assert sorted(set(re.findall(r"Storage\.\w+\(\"([^\"]+)\"", script))) == LIST["browser"]["storage"]
    assert "document.cookie" not in script


def test_pages_have_these_addresses():
    addresses = [
        f"{method} {re.sub('{[^}]*}', '{}', path)}"
        for handler in all_routes()
        for path in handler.paths
        for method in handler.http_methods
        if method in {"GET", "POST"}
    ]

    assert sorted(addresses, key=lambda one: one.split()[::-1]) == LIST["browser"]["addresses"]


# Files ------------------------------------------------------------------------------------------------


def test_a_proof_package_has_these_forms_files_and_fields():
    files, pdf = package_files.read_files(SAMPLE)
    single = sorted(name for name in files if "/" not in name)
    many = sorted({re.sub("[0-9a-f]{64}", "HASH", name) for name in files if "/" in name})
    assert pdf is not None

    assert {
        "pages": pages.FORM,
        "document": content.FORM,
        "archive": evidence_zip.FORM,
        "files": [*single, *many, package_files.PAGES, package_files.ARCHIVE],
        "archive_files": [evidence_zip.MANIFEST],
        "fields": sorted(paths_of(msgspec.json.decode(files[package_files.DOSSIER]))),
        "evidence_fields": sorted(paths_of(msgspec.json.decode(files[package_files.EVIDENCE]))),
    } == LIST["proof_package"]


def test_the_pdf_of_a_package_says_this_of_itself():
    with pikepdf.open(SAMPLE) as pdf, pdf.open_metadata() as metadata:
        assert {
            "information": sorted(pdf.docinfo.keys()),
            "metadata": sorted(metadata),
            "attached": sorted({re.sub("[0-9a-f]{64}", "HASH", name) for name in pdf.attachments}),
        } == LIST["pdf"]


def paths_of(document: Any, path: str = "") -> set[str]:
    """Where values stand in a document: `acts.actor` for the actor of each act."""
    if isinstance(document, Mapping):
        return set().union(*(paths_of(value, f"{path}.{name}".strip(".")) for name, value in document.items()))
    if isinstance(document, list):
        return set().union(*(paths_of(value, path) for value in document))
    return {path}


async def test_files_lie_in_these_places(tmp_path: Path, keep: SealerStore, tenant: Tenant):
    # Given a file of evidence, and a sealer that has signed and is to have another key
    await Files(tmp_path / "files" / tenant.id).put(b"")
    keep.key(tenant, new=True)
    keep.make_next_key(tenant)
    keep.keep(tenant, Note.read(package_files.read_files(SAMPLE)[0][package_files.CHECKPOINT]))

    found = (one.relative_to(tmp_path).as_posix() for one in tmp_path.rglob("*") if one.is_file())
    assert sorted(one.replace(tenant.id, "t_1") for one in found) == LIST["files"]["places"]


def test_a_data_folder_has_these_files(tmp_path: Path):
    # Given the folder of somebody who gives no secret, and one of a witness
    settings = Settings(folder=tmp_path)
    assert settings.secret
    assert settings.key_encryption_key()
    Cosigner.open(tmp_path / "witness", "witness.example/w")

    found = {one.relative_to(tmp_path).as_posix() for one in tmp_path.rglob("*") if one.is_file()}
    assert sorted(found | {settings.files.name, settings.seals.name}) == LIST["files"]["data_folder"]


# Scripts of people ------------------------------------------------------------------------------------


def test_the_command_line_has_these_commands():
    assert dict(commands_of(cli.arguments())) == LIST["commands_of_the_command_line"]


def commands_of(parser: argparse.ArgumentParser, path: str = "") -> Iterator[tuple[str, str]]:
    """Every command with its options and arguments."""
    nested = [one for one in parser._actions if isinstance(one, argparse._SubParsersAction)]
    for one in nested:
        for name, command in one.choices.items():
            yield from commands_of(command, f"{path} {name}".strip())
    if not nested:
        options = {text for one in parser._actions for text in one.option_strings if text.startswith("--")}
        arguments = [one.dest for one in parser._actions if not one.option_strings]
        yield path, " ".join([*sorted(options - {"--help"}), *arguments])


def test_the_surroundings_have_these_variables():
    names = {one for one in texts_of(infra, services) if re.fullmatch(r"(MINHCHUAN|DATABASE|KEYS|REDIS)_[A-Z_]+", one)}

    assert sorted(names | {"DATABASE_URL"}) == LIST["surroundings"]["variables"]


def test_processes_are_started_and_asked_after_by_these_names():
    assert {name: " ".join(words) for name, words in supervise.PROGRAMS.items()} == LIST["processes"]["supervised"]
    assert list(cli.HEALTH) == LIST["processes"]["health"]


# Programs ---------------------------------------------------------------------------------------------


def test_processes_start_each_other_by_the_names_in_one_file():
    started = {value for name, value in vars(programs).items() if name.isupper()}
    modules = {
        one.name for whole in (infra, services) for one in pkgutil.walk_packages(whole.__path__, whole.__name__ + ".")
    }

    for path, text in strings_of(infra, services):
        assert text not in modules | started or path.name == "programs.py", (path, text)


@pytest.mark.parametrize("program", sorted(value for name, value in vars(programs).items() if name.isupper()))
def test_each_of_them_can_be_started(program: str):
    module, _, application = program.partition(":")
    source = Path(str(importlib.import_module(module).__file__)).read_text()

    assert hasattr(importlib.import_module(module), application) if application else "__main__" in source


# Reading our own code ---------------------------------------------------------------------------------


def modules_of(*packages: ModuleType) -> Iterator[tuple[Path, ast.Module]]:
    """Every module of these packages, imported, and as it is written."""
    for whole in packages:
        for found in pkgutil.walk_packages(whole.__path__, f"{whole.__name__}."):
            module = importlib.import_module(found.name)
            if module.__file__:
                path = Path(module.__file__)
                yield path, ast.parse(path.read_text())


def strings_of(*packages: ModuleType) -> Iterator[tuple[Path, str]]:
    """Every string in the code; where a value is put in, `{}`."""
    for path, tree in modules_of(*packages):
        for node in ast.walk(tree):
            if text := text_of(node):
                yield path, text


def texts_of(*packages: ModuleType) -> set[str]:
    return {text for _, text in strings_of(*packages)}


def arguments_of(function: str, place: int) -> set[str]:
    """What stands at this place in calls of a function, where that is text."""
    calls = (node for _, tree in modules_of(infra, services) for node in ast.walk(tree) if isinstance(node, ast.Call))
    named = (one for one in calls if getattr(one.func, "attr", getattr(one.func, "id", "")) == function)
    return {text for one in named if len(one.args) > place and (text := text_of(one.args[place]))}


def text_of(node: ast.AST) -> str:
    """The text of a literal, or ""."""
    if isinstance(node, ast.JoinedStr):
        return "".join(text_of(one) if isinstance(one, ast.Constant) else "{}" for one in node.values)
    return node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else ""
