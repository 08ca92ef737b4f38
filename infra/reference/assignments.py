"""Published matrices of who leads which indicator, to begin a season with."""

from __future__ import annotations

from functools import cache
from importlib import resources
from typing import Any

import msgspec
import yaml

from domain.official import Office
from domain.season import Assignment


class Matrix(msgspec.Struct, frozen=True):
    """A matrix as it was published; indicators that it gives to nobody are not in it."""

    rulebook: str
    source: str
    lines: dict[str, Assignment]


class _Assignment(msgspec.Struct, forbid_unknown_fields=True):
    lead: Office
    coordinating: tuple[Office, ...] = ()


class _MatrixText(msgspec.Struct, forbid_unknown_fields=True):
    rulebook: str
    source: str
    lines: dict[str, _Assignment]


@cache
def load_matrices() -> dict[str, Matrix]:
    """The shipped matrices, by rulebook."""
    folder = resources.files("domain") / "assignments"
    read = [_read(yaml.safe_load(file.read_text("utf-8"))) for file in folder.iterdir() if file.name.endswith(".yaml")]
    return {matrix.rulebook: matrix for matrix in read}


def _read(text: Any) -> Matrix:
    given = msgspec.convert(text, _MatrixText)
    lines = {indicator: Assignment(line.lead, line.coordinating) for indicator, line in given.lines.items()}
    return Matrix(given.rulebook, given.source, lines)
