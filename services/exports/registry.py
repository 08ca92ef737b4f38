"""Every kind of export, found by itself: each module `export_<kind>.py` of the program holds one, named `KIND`."""

from __future__ import annotations

import importlib
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from types import MappingProxyType

import services
from domain.export import Document
from services.exports.kind import ExportKind

ROOT = Path(services.__path__[0])


@cache
def export_kinds() -> Mapping[Document, ExportKind]:
    """The kinds by their stored code, in the order in which `Document` lists these."""
    found: dict[Document, ExportKind] = {}
    for name in module_names():
        kind = importlib.import_module(name).KIND
        if not isinstance(kind, ExportKind):
            raise TypeError(f"{name}.KIND is no kind of export")
        if kind.code in found:
            raise ValueError(f"{name}: {kind.code} is the code of {type(found[kind.code]).__name__} already")
        found[kind.code] = kind
    return MappingProxyType({code: found[code] for code in Document if code in found})


def module_names() -> Iterator[str]:
    """The modules that hold a kind each. `operations/export_log.py` is a command of operators, not a kind."""
    for path in sorted(ROOT.rglob("export_*.py")):
        if path.parent.name == "operations":
            continue
        yield ".".join((services.__name__, *path.relative_to(ROOT).with_suffix("").parts))
