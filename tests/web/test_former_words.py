"""Words that went from texts for people stay away: from templates, sentences, documents, workbooks, rulebooks."""

import ast
import re
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest
from babel.messages.pofile import read_po

ROOT = Path(__file__).parents[2]
WORDS = tomllib.loads((Path(__file__).parent / "former_words.toml").read_text())["word"]
TEXTS = (
    "services/**/*.html",
    "services/**/*.po",
    "services/**/*.py",
    "domain/rulebooks/*.yaml",
    "infra/reference/**/*.yaml",
)


def said_by(path: Path) -> Iterator[str]:
    """What a file says to people: without comments, and without what its strings are for."""
    source = path.read_text()
    match path.suffix:
        case ".html":
            yield re.sub(r'"\s+"', "", re.sub(r"\{#.*?#\}", "", source, flags=re.DOTALL))
        case ".po":
            with path.open("rb") as file:
                yield from (str(text) for one in read_po(file) for text in (one.id, one.string))
        case ".py":
            tree = ast.parse(source)
            told = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}  # docstrings
            for node in ast.walk(tree):
                if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in told:
                    yield node.value
        case _:
            yield re.sub(r"^\s*#.*$", "", source, flags=re.MULTILINE)


@pytest.fixture(scope="module")
def texts() -> list[tuple[str, str]]:
    paths = {path for pattern in TEXTS for path in ROOT.glob(pattern) if "former" not in path.parts}
    return [(str(path.relative_to(ROOT)), " ".join(text.split())) for path in sorted(paths) for text in said_by(path)]


@pytest.mark.parametrize("word", WORDS, ids=[word["gone"] for word in WORDS])
def test_a_word_that_went_does_not_come_back(word: dict[str, str], texts: list[tuple[str, str]]):
    gone = re.compile(word["gone"], re.IGNORECASE)
    beside = tuple(word.get("beside", ()))

    assert len(texts) > 3_000
    found = [(path, text[max(0, at.start() - 30) : at.end() + 30]) for path, text in texts if (at := gone.search(text))]
    assert [(path, text) for path, text in found if not path.startswith(beside or "\0")] == []


def test_where_a_word_stays_it_is_still_said(texts: list[tuple[str, str]]):
    for word in WORDS:
        gone = re.compile(word["gone"], re.IGNORECASE)
        for beside in word.get("beside", ()):
            assert any(path.startswith(beside) and gone.search(text) for path, text in texts), (word["gone"], beside)


def test_each_word_has_its_reason():
    assert [word["gone"] for word in WORDS if not word["why"].endswith(".")] == []
