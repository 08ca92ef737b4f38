"""Kinds of exports are found by themselves, each once, and nothing but the registry knows them."""

import ast
import textwrap
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID

import pytest
from msgspec.structs import replace

import services
from domain.export import Document
from domain.permissions import TABLE
from projections.tables.exports import ExportRow
from services.exports import registry
from services.exports.kind import ExportKind, ExportRequest
from services.exports.registry import export_kinds, module_names
from services.i18n import load_words

ROOT = Path(services.__path__[0])


def test_every_document_that_can_be_asked_for_has_its_kind():
    assert list(export_kinds()) == list(Document)
    assert {code: kind.code for code, kind in export_kinds().items()} == {code: code for code in Document}


@pytest.mark.parametrize("kind", export_kinds().values(), ids=lambda kind: kind.code)
def test_a_kind_says_what_the_policy_is_asked_and_what_is_made(kind: ExportKind):
    assert kind.act in TABLE
    assert "/" in kind.media_type
    stored = kind.stored(ExportRequest("2023", "99010-1", "3/BB", "TC1.CT1"))
    assert set(stored) <= {"commune", "meeting", "review", "asked", "document_no", "indicator"}
    assert (kind.form_field in stored) == bool(kind.form_field)
    assert ("document_no" in stored) == kind.has_number


def test_a_file_of_that_name_is_enough(tmp_path, monkeypatch):
    area = tmp_path / "services" / "area"
    area.mkdir(parents=True)
    (area / "export_what.py").write_text("KIND = None")
    (area / "exporting.py").write_text("")
    monkeypatch.setattr(registry, "ROOT", tmp_path / "services")

    assert list(module_names()) == ["services.area.export_what"]


def test_two_kinds_of_one_code_are_refused(tmp_path, monkeypatch):
    second = """
    from services.board.export_standings import StandingsExport
    KIND = StandingsExport()
    """
    (tmp_path / "second_kind.py").write_text(textwrap.dedent(second))
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setattr(registry, "module_names", lambda: ["services.board.export_standings", "second_kind"])

    with pytest.raises(ValueError, match="standings is the code of StandingsExport already"):
        export_kinds.__wrapped__()


def test_what_is_no_kind_is_refused(tmp_path, monkeypatch):
    (tmp_path / "no_kind.py").write_text("KIND = None")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setattr(registry, "module_names", lambda: ["no_kind"])

    with pytest.raises(TypeError, match="no_kind"):
        export_kinds.__wrapped__()


def imports_of(module: Path) -> set[str]:
    nodes = list(ast.walk(ast.parse(module.read_text())))
    plain = {alias.name for node in nodes if isinstance(node, ast.Import) for alias in node.names}
    named = {
        f"{node.module}.{alias.name}"
        for node in nodes
        if isinstance(node, ast.ImportFrom) and node.module
        for alias in node.names
    }
    return plain | named


def test_no_module_imports_a_kind_or_the_page_of_exports():
    kinds = set(module_names())
    known = {
        (module.relative_to(ROOT).as_posix(), name)
        for module in ROOT.rglob("*.py")
        for name in imports_of(module)
        if {name, name.rpartition(".")[0]} & {*kinds, "services.exports.exports_page"}
    }

    assert known == set()


def a_row(document: Document) -> ExportRow:
    at = datetime(2024, 1, 5, tzinfo=UTC)
    row = ExportRow(UUID(int=1), document, "2023", "99010", 7, "somebody", "99", at)
    return replace(row, meeting="99010-1", document_no="3/BB", indicator="TC1.CT1", asked="viec=cham")


def test_every_document_is_called_by_its_own_name_in_both_languages():
    labels = {
        text
        for words in load_words().values()
        for text in (kind.label(a_row(code), {}, words) for code, kind in export_kinds().items())
    }

    assert len(labels) == 2 * len(Document)
