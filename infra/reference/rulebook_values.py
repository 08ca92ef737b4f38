"""The values of a rulebook's text by their paths, what differs between two texts, and a text with changes made to it.

A path is the code of a node with the name of a value ("TC2.CT5.1.measure", "TC1.points"), a condition ("C3"), a value
of the whole text ("council.quorum", "deadlines.posted"), or the code of a node alone, for one that is added or taken
out with all that it holds. They are the paths of `Rulebook.provenances` and of `sources`, and some more.
"""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Any, NamedTuple, TypeAlias

import yaml

from infra.reference.rulebook_file import RulebookInvalid, load

Tree: TypeAlias = dict[str, Any]

#: A criterion, an indicator of it, a part of that.
CODE = re.compile(r"(TC\d{1,3})(\.CT\d{1,3})?(\.\d{1,3})?")
CONDITION = re.compile(r"C\d{1,3}")


class Place(NamedTuple):
    """Where a value stands in its node: under which keys, and under which one its provenance (None: it has none)."""

    keys: tuple[str, ...]
    provenance: str | None


#: What a criterion, an indicator and a part hold, by the last word of the path.
OF_CRITERION = {
    "name": Place(("name",), "name_provenance"),
    "points": Place(("max_points",), "points_provenance"),
}
OF_INDICATOR = {
    **OF_CRITERION,
    "pass_level": Place(("pass_level",), "pass_level_provenance"),
    "measure": Place(("measure",), "measure_provenance"),
    "counts": Place(("counts",), None),
    "without_text": Place(("without_text",), None),
}
OF_PART = {
    "name": Place(("name",), None),
    "points": Place(("max_points",), "points_provenance"),
    "measure": Place(("measure",), "provenance"),
    "not_arisen": Place(("not_arisen",), "not_arisen_provenance"),
    "evidence": Place(("evidence",), None),
    "formula": Place(("formula",), None),
    "counts": Place(("counts",), None),
}
#: The level of a code by the number of its words: what it holds, and the key of the nodes below it.
LEVELS = ((OF_CRITERION, "indicators"), (OF_INDICATOR, "parts"), (OF_PART, ""))

#: Values of the whole text, by the first word of the path: {value, provenance} under a second word.
VALUED = ("in_force", "council")
#: Lists of the whole text whose entries are known by a key of theirs.
LISTED = {"deadlines": "step", "suspended_years": "year"}


@dataclass(frozen=True, slots=True)
class RulebookValue:
    """One value as the text has it. `value` is what YAML makes of it; `provenance` is None where it carries none."""

    value: Any
    provenance: str | None = None
    source: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class RulebookChange:
    """A value at a path before and after; None where it is not there. One of the two is there."""

    path: str
    before: RulebookValue | None
    after: RulebookValue | None


def is_node(value: RulebookValue) -> bool:
    """Whether it is a criterion, an indicator or a part with all that it holds; its sources are then by path."""
    return isinstance(value.value, dict) and CODE.fullmatch(str(value.value.get("code", ""))) is not None


def yaml_of(value: Any) -> str:
    """A value in YAML on one line, always the same for the same value."""
    dumped = yaml.dump(
        [value], Dumper=_Dumper, allow_unicode=True, sort_keys=False, width=10**9, default_flow_style=True
    )
    return dumped.strip()[1:-1]


def value_of(text: str) -> Any:
    """The value in such YAML. RulebookInvalid where it is none."""
    try:
        [value] = load(f"[{text}]".encode())
    except (yaml.YAMLError, ValueError, TypeError, RecursionError) as error:
        raise RulebookInvalid(str(error)) from error
    return value


def tree_of(text: bytes) -> Tree:
    """The text as YAML has it. RulebookInvalid where it is no YAML, or no mapping."""
    try:
        tree = load(text)
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        raise RulebookInvalid(str(error)) from error
    if not isinstance(tree, dict):
        raise RulebookInvalid("the text is no mapping")
    return tree


def text_of(tree: Tree) -> str:
    """The tree as a text, always the same one for the same tree."""
    return yaml.dump(tree, Dumper=_Dumper, allow_unicode=True, sort_keys=False, width=120)


def values_of(tree: Tree) -> dict[str, RulebookValue]:
    """Every value of the text by its path, in the order of the text. Nodes are not among them, what they hold is."""
    sources = tree.get("sources") or {}
    return {
        path: RulebookValue(value, provenance, dict(sources.get(path) or {}))
        for path, value, provenance in _values(tree)
    }


def value_at(tree: Tree, path: str) -> RulebookValue | None:
    """The value at a path, or the node with all that it holds; None where there is none."""
    if CODE.fullmatch(path):
        return _whole(_nodes(tree).get(path), tree.get("sources") or {}, path)
    return values_of(tree).get(path)


def changes_between(before: Tree, after: Tree) -> tuple[RulebookChange, ...]:
    """What differs between two texts. A node that only one of them has is one change, with all that it holds."""
    return tuple(_between(before, after))


def with_changes(tree: Tree, changes: Sequence[RulebookChange]) -> Tree:
    """The text with these changes made, one after the other. RulebookInvalid where a path names nothing."""
    changed: Tree = _copy(tree)
    for change in changes:
        _put(changed, change.path, change.after)
    return changed


# Reading -----------------------------------------------------------------------------------------------


Found: TypeAlias = tuple[str, Any, str | None]


def _values(tree: Tree) -> Iterator[Found]:
    for name, content in tree.items():
        if name != "sources":
            yield from READERS.get(name, _plain)(name, content)


def _plain(name: str, content: Any) -> Iterator[Found]:
    yield name, content, None


def _single(name: str, content: Tree) -> Iterator[Found]:
    yield name, content.get("value"), content.get("provenance")


def _valued(name: str, content: Tree) -> Iterator[Found]:
    for key, entry in content.items():
        of_entry = _single if isinstance(entry, dict) else _plain
        yield from of_entry(f"{name}.{key}", entry)


def _listed(name: str, content: list[Tree]) -> Iterator[Found]:
    key = LISTED[name]
    for entry in content:
        yield f"{name}.{entry[key]}", _rest(entry, key), entry.get("provenance")


def _bases(name: str, content: list[Tree]) -> Iterator[Found]:
    for number, basis in enumerate(content, start=1):
        yield f"{name}.{number}", basis.get("text"), basis.get("provenance")


def _conditions(name: str, content: list[Tree]) -> Iterator[Found]:
    for condition in content:
        yield condition["code"], _rest(condition, "code"), condition.get("provenance")


def _criteria(name: str, content: list[Tree]) -> Iterator[Found]:
    for criterion in content:
        yield from _of_node(criterion, 0)


def _block(name: str, content: Tree | None) -> Iterator[Found]:
    yield name, _rest(content or {}), (content or {}).get("provenance")


READERS: dict[str, Callable[[str, Any], Iterator[Found]]] = {
    **dict.fromkeys(VALUED, _valued),
    **dict.fromkeys(LISTED, _listed),
    "recognising_level": _single,
    "legal_bases": _bases,
    "conditions": _conditions,
    "criteria": _criteria,
    "commune_steps": _block,
}


def _of_node(node: Tree, level: int) -> Iterator[Found]:
    places, below = LEVELS[level]
    for name, place in places.items():
        [key] = place.keys
        if key in node:
            yield f"{node['code']}.{name}", node[key], node.get(place.provenance or "")
    for child in node.get(below) or []:
        yield from _of_node(child, level + 1)


def _rest(entry: Tree, *without: str) -> Tree:
    return {key: value for key, value in entry.items() if key not in (*without, "provenance")}


def _nodes(tree: Tree) -> dict[str, Tree]:
    """Criteria, indicators and parts by code."""
    found: dict[str, Tree] = {}
    waiting = [(criterion, 0) for criterion in tree.get("criteria") or []]
    for node, level in waiting:
        found[node["code"]] = node
        waiting += [(child, level + 1) for child in node.get(LEVELS[level][1]) or []]
    return found


# Comparing ---------------------------------------------------------------------------------------------


def _between(before: Tree, after: Tree) -> Iterator[RulebookChange]:
    nodes = (_nodes(before), _nodes(after))
    alone = [code for code in {**nodes[0], **nodes[1]} if (code in nodes[0]) != (code in nodes[1])]
    highest = [code for code in alone if not any(code.startswith(f"{other}.") for other in alone)]
    was, becomes = values_of(before), values_of(after)
    sources = (before.get("sources") or {}, after.get("sources") or {})
    for code in highest:
        yield RulebookChange(code, *(_whole(have.get(code), of, code) for have, of in zip(nodes, sources, strict=True)))
    for path in {**was, **becomes}:
        held = any(path == code or path.startswith(f"{code}.") for code in highest)
        if not held and was.get(path) != becomes.get(path):
            yield RulebookChange(path, was.get(path), becomes.get(path))


def _whole(node: Tree | None, sources: Mapping[str, Any], code: str) -> RulebookValue | None:
    if node is None:
        return None
    own = {path: source for path, source in sources.items() if path == code or path.startswith(f"{code}.")}
    return RulebookValue(node, None, own)


# Changing ----------------------------------------------------------------------------------------------


def _put(tree: Tree, path: str, value: RulebookValue | None) -> None:
    if CODE.fullmatch(path):
        _put_node(tree, path, value)
        return
    try:
        _put_value(tree, path, value)
    except (KeyError, IndexError, TypeError, ValueError, AttributeError) as error:
        raise RulebookInvalid(f"{path}: no such value") from error
    sources = tree.setdefault("sources", {})
    sources.pop(path, None)
    if value is not None and value.source:
        sources[path] = dict(value.source)


def _put_node(tree: Tree, code: str, value: RulebookValue | None) -> None:
    parent, _, _ = code.rpartition(".")
    level = code.count(".")
    if level == 0:
        siblings = tree.setdefault("criteria", [])
    else:
        above = _nodes(tree).get(parent)
        if above is None:
            raise RulebookInvalid(f"{code}: {parent} does not exist")
        siblings = above.setdefault(LEVELS[level - 1][1], [])
    siblings[:] = [node for node in siblings if node["code"] != code]
    sources = tree.setdefault("sources", {})
    for path in [path for path in sources if path == code or path.startswith(f"{code}.")]:
        del sources[path]
    if value is not None:
        if not isinstance(value.value, dict) or value.value.get("code") != code:
            raise RulebookInvalid(f"{code}: no node of this code")
        siblings.append(_copy(value.value))
        siblings.sort(key=lambda node: _numbers(node["code"]))
        sources.update(_copy(dict(value.source)))


def _put_value(tree: Tree, path: str, value: RulebookValue | None) -> None:
    first, _, rest = path.partition(".")
    if CONDITION.fullmatch(path):
        _put_entry(tree.setdefault("conditions", []), "code", path, value)
    elif first in LISTED and rest:
        key = LISTED[first]
        _put_entry(tree.setdefault(first, []), key, int(rest) if key == "year" else rest, value)
    elif first == "legal_bases" and rest:
        _put_basis(tree.setdefault(first, []), int(rest), value)
    elif first in VALUED and rest:
        _put_valued(tree[first], rest, value)
    elif path == "recognising_level" and value is not None:
        tree[path] = {"value": value.value, "provenance": value.provenance}
    elif path == "commune_steps":
        _put_steps(tree, value)
    elif match := CODE.match(path):
        _put_held(_nodes(tree)[match[0]], path[match.end() + 1 :], match[0].count("."), value)
    elif "." not in path and path not in ("criteria", "conditions", "sources", "id"):
        _set(tree, path, value)
    else:
        raise KeyError(path)


def _put_held(node: Tree, name: str, level: int, value: RulebookValue | None) -> None:
    place = LEVELS[level][0][name]
    [key] = place.keys
    _set(node, key, value)
    if place.provenance is None:
        return
    if value is not None and value.provenance is not None:
        node[place.provenance] = value.provenance
    elif value is None and place.provenance != "provenance":
        node.pop(place.provenance, None)


def _put_entry(entries: list[Tree], key: str, name: str | int, value: RulebookValue | None) -> None:
    index = next((index for index, entry in enumerate(entries) if entry[key] == name), len(entries))
    put = [] if value is None else [{key: name, **value.value, "provenance": value.provenance}]
    entries[index : index + 1] = put


def _put_basis(bases: list[Tree], number: int, value: RulebookValue | None) -> None:
    if not 1 <= number <= len(bases) + 1:
        raise IndexError(number)
    bases[number - 1 : number] = [] if value is None else [{"text": value.value, "provenance": value.provenance}]


def _put_valued(content: Tree, key: str, value: RulebookValue | None) -> None:
    if value is None:
        del content[key]
    elif value.provenance is None:
        content[key] = value.value
    else:
        content[key] = {"value": value.value, "provenance": value.provenance}


def _put_steps(tree: Tree, value: RulebookValue | None) -> None:
    tree.pop("commune_steps", None)
    if value is not None:
        tree["commune_steps"] = {**value.value, "provenance": value.provenance}


def _set(node: Tree, key: str, value: RulebookValue | None) -> None:
    if value is None:
        del node[key]
    else:
        node[key] = _copy(value.value)


def _numbers(code: str) -> tuple[int, ...]:
    return tuple(int(number) for number in re.findall(r"\d+", code))


def _copy(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _copy(held) for key, held in value.items()}
    if isinstance(value, list):
        return [_copy(held) for held in value]
    return value


class _Dumper(yaml.SafeDumper):
    """YAML whose decimals stand as they are, and that never refers from one place to another."""

    def ignore_aliases(self, data: Any) -> bool:
        """Always: a text is read by people."""
        return True


def _decimal(dumper: yaml.SafeDumper, number: Decimal) -> yaml.ScalarNode:
    plain = format(number, "f")
    return dumper.represent_scalar("tag:yaml.org,2002:float", plain if "." in plain else f"{plain}.0")


def _day(dumper: yaml.SafeDumper, day: date) -> yaml.ScalarNode:
    return dumper.represent_scalar("tag:yaml.org,2002:timestamp", day.isoformat())


_Dumper.add_representer(Decimal, _decimal)
_Dumper.add_representer(date, _day)
