"""A rulebook as a file of YAML: its text, and from what the file was made."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeAlias

import yaml

from domain.errors import RulebookFileUnusable
from domain.rulebook_text import BYTES
from infra.reference.rulebook_file import load
from infra.reference.rulebook_values import LISTED, Tree, text_of
from services.rulebooks.file_workbook import FileOrigin

#: Characters of a key that a refusal shows.
SHOWN = 50

#: The key under which the file says from what it was made.
ORIGIN = "made_from"

#: Where a value stands: the keys and the places in lists that lead to it.
Pointer: TypeAlias = tuple[str | int, ...]


@dataclass(frozen=True)
class ReadYaml:
    """What a file of YAML holds; `line` of each place, by pointer."""

    origin: FileOrigin
    tree: Tree
    lines: Mapping[Pointer, int] = field(default_factory=dict)

    def line(self, pointer: Pointer) -> int:
        """The line of this place, or of what holds it."""
        while pointer and pointer not in self.lines:
            pointer = pointer[:-1]
        return self.lines.get(pointer, 1)


def write_yaml(origin: FileOrigin, tree: Tree) -> bytes:
    """The file of this text."""
    return text_of({ORIGIN: origin._asdict(), **tree}).encode()


def read_yaml(content: bytes) -> ReadYaml:
    """What the file holds. RulebookFileUnusable with the reason, and the line where there is one."""
    if len(content) > BYTES:
        raise RulebookFileUnusable(reason="yaml-size", size=len(content) // 1_000, limit=BYTES // 1_000)
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content[: error.start].count(b"\n") + 1
        raise RulebookFileUnusable(reason="yaml-signs", line=line) from error
    try:
        tree = load(text.encode())
        lines = dict(_lines(yaml.compose(text, yaml.SafeLoader), ()))
    except (yaml.YAMLError, ValueError, TypeError, RecursionError) as error:
        raise _refusal_of(error) from error
    if not isinstance(tree, dict):
        raise RulebookFileUnusable(reason="yaml-form", line=1, place="")
    made_from = tree.pop(ORIGIN, None)
    if not isinstance(made_from, dict) or {*made_from} != {*FileOrigin._fields}:
        raise RulebookFileUnusable(reason="not-ours")
    read = ReadYaml(FileOrigin(**{name: str(value) for name, value in made_from.items()}), tree, lines)
    for at, key in _keys_without_text(tree):
        raise RulebookFileUnusable(reason="yaml-key", line=read.line((*at, str(key))), key=str(key)[:SHOWN])
    for pointer, code in _twice(tree):
        raise RulebookFileUnusable(reason="code-twice", line=read.line(pointer), code=code)
    return read


def _keys_without_text(one: Any, at: Pointer = ()) -> Iterator[tuple[Pointer, Any]]:
    """Keys that YAML reads as a number, a day, yes or no, or nothing."""
    if isinstance(one, dict):
        yield from ((at, key) for key in one if not isinstance(key, str))
    for key, held in one.items() if isinstance(one, dict) else enumerate(one) if isinstance(one, list) else ():
        yield from _keys_without_text(held, (*at, key))


def difference(one: Any, other: Any, at: Pointer = ()) -> Iterator[Pointer]:
    """Where two trees differ: the pointers into `one`."""
    if isinstance(one, dict) and isinstance(other, dict):
        for key, held in one.items():
            if key in other:
                yield from difference(held, other[key], (*at, key))
            else:
                yield (*at, key)
        if not {*other} <= {*one}:
            yield at
    elif isinstance(one, list) and isinstance(other, list) and len(one) == len(other):
        for number, (held, against) in enumerate(zip(one, other, strict=True)):
            yield from difference(held, against, (*at, number))
    elif one != other:
        yield at


def pointer_of(tree: Tree, path: str) -> Pointer:
    """Where the value at a path stands, as near as can be said: its node, its entry, or its first word."""
    best: Pointer = ()
    longest = 0
    for pointer, code in _codes(tree):
        if (path == code or path.startswith(f"{code}.")) and len(code) > longest:
            best, longest = pointer, len(code)
    if best:
        return best
    first, _, rest = path.partition(".")
    if first in LISTED:
        for number, entry in enumerate(tree.get(first) or []):
            if str(entry.get(LISTED[first])) == rest:
                return (first, number)
    return (first, int(rest) - 1) if first == "legal_bases" and rest.isdecimal() else (first, *filter(None, [rest]))


def place_in_words(pointer: Pointer) -> str:
    """A pointer as people read it: "criteria, 2, indicators, 1"."""
    return ", ".join(str(part + 1) if isinstance(part, int) else part for part in pointer)


def _refusal_of(error: Exception) -> RulebookFileUnusable:
    mark = getattr(error, "problem_mark", None)
    said = re.search(r"line (\d+)", str(error))
    line = mark.line + 1 if mark else int(said[1]) if said else 1
    reason = "yaml-syntax"
    if "an alias" in str(error):
        reason = "yaml-alias"
    elif "stands twice" in str(error):
        reason = "yaml-twice"
    return RulebookFileUnusable(reason=reason, line=line)


def _lines(node: yaml.Node | None, at: Pointer) -> Iterator[tuple[Pointer, int]]:
    if isinstance(node, yaml.MappingNode):
        for key, held in node.value:
            yield (*at, key.value), key.start_mark.line + 1
            yield from _lines(held, (*at, key.value))
    elif isinstance(node, yaml.SequenceNode):
        for number, held in enumerate(node.value):
            yield (*at, number), held.start_mark.line + 1
            yield from _lines(held, (*at, number))


def _codes(tree: Tree) -> Iterator[tuple[Pointer, str]]:
    """The codes of criteria, indicators, parts and conditions with where they stand."""
    waiting: list[tuple[Pointer, Any]] = [
        ((name,), entry) for name, entry in tree.items() if name in ("criteria", "conditions")
    ]
    while waiting:
        at, entries = waiting.pop(0)
        for number, entry in enumerate(entries if isinstance(entries, list) else []):
            if isinstance(entry, dict):
                yield (*at, number), str(entry.get("code"))
                waiting += [((*at, number, key), entry[key]) for key in ("indicators", "parts") if key in entry]


def _twice(tree: Tree) -> Iterator[tuple[Pointer, str]]:
    found: list[tuple[Pointer, str]] = list(_codes(tree))
    for name, key in LISTED.items():
        entries: Sequence[Any] = tree.get(name) or []
        found += [((name, n), f"{name}.{one.get(key)}") for n, one in enumerate(entries) if isinstance(one, dict)]
    counted = Counter(code for _, code in found)
    for pointer, code in reversed(found):
        if counted[code] > 1:
            yield pointer, code
