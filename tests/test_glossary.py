"""The glossary leads newcomers to what is there."""

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
LINES = (ROOT / "docs" / "glossary.md").read_text().splitlines()
ROWS = [line.strip("|").split("|") for line in LINES if line.startswith("| ") and "`" in line]


def names_of(path: Path) -> set[str]:
    """What a module defines, and what stands in its classes, as `Class.name`."""
    found = set()
    for node in ast.parse(path.read_text()).body:
        names = list(defined_by(node))
        found.update(names)
        if isinstance(node, ast.ClassDef):
            found.update(f"{node.name}.{name}" for inner in node.body for name in defined_by(inner))
    return found


def defined_by(node: ast.stmt) -> list[str]:
    if isinstance(node, (ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)):
        return [node.name]
    targets = node.targets if isinstance(node, ast.Assign) else [node.target] if isinstance(node, ast.AnnAssign) else []
    return [target.id for target in targets if isinstance(target, ast.Name)]


@pytest.mark.parametrize("row", ROWS, ids=[row[1].strip() for row in ROWS])
def test_a_term_stands_where_the_glossary_says(row: list[str]):
    path, *names = re.findall(r"`([^`]+)`", row[3])

    assert (ROOT / path).is_file()
    assert set(names) - names_of(ROOT / path) == set()


def test_every_path_of_the_glossary_exists():
    paths = {found for line in LINES for found in re.findall(r"`([\w./-]+/[\w./-]+)`", line)}

    assert {path for path in paths if not (ROOT / path).exists()} == set()


def test_every_term_has_a_word_a_meaning_and_a_place_and_stands_once():
    assert {len(row) for row in ROWS} == {4}
    assert all(cell.strip() for row in ROWS for cell in row)
    words = [row[1].strip() for row in ROWS]
    assert sorted(words) == sorted(set(words))
