"""Whatever is said, counted or drawn for each member of an enumeration is there for every member.

So a member that is added later makes a test fail at each place that would else forget it, or stop at it.
"""

import ast
import importlib
import re
from collections.abc import Iterable, Iterator, Mapping
from enum import Enum
from pathlib import Path
from types import ModuleType
from typing import NamedTuple

import pytest
from jinja2 import Environment, nodes

from domain.appraisal import Proposal
from domain.council import Role
from domain.measure import Answer, Outcome
from domain.meeting import Choice, VoteOutcome
from domain.recognition import Result
from domain.review import Degree, Ground, Ruling

ROOT = Path(__file__).parents[1]
PACKAGES = ("domain", "projections", "infra", "services")

#: Mappings that leave members out on purpose, by module, name (of a constant, or of the function around it) and
#: enumeration, and why.
PARTIAL = {
    (
        "projections.analysis.differences",
        "PARTS",
        "Matter",
    ): "the matters of one indicator; the others are the dossier's",
    ("services.demo.offices", "COMMUNE", "Office"): "the offices of a commune",
    ("services.proof_package.verify", "MEANING", "ExitCode"): "VALID needs no warning; a promise is no answer here",
    ("services.proof_package.verify", "NOT_GIVEN", "FileState"): "why a file is not there; GIVEN is there",
    ("services.inspection.what_if.assumptions", "OUTCOMES", "Outcome"): "nobody assumes `not_verifiable`",
    ("services.assessment.measure_fields", "_BY_KIND", "Kind"): "kinds with a form; shares are read by one, NOT_ARISEN",
    ("services.inspection.trail.trail_page", "COMPLETES", "Step"): "steps that one fact of a dossier completes",
    ("domain.deadlines", "COUNTED_FROM", "Step"): "terms by the text's own names, counted from a deadline",
    ("services.work_list.work_list_page", "BEFORE_THE_OPENING", "Duty"): "what a season waits for before it opens",
    ("services.season.deadlines_view", "AFTER", "Step"): "steps that the text has others after",
}

#: The same of templates, by template, way of writing out and enumeration.
PARTLY_SHOWN: dict[tuple[str, str, str], str] = {
    (
        "services/assessment/templates/dossier/_meeting.html",
        "fields",
        "Outcome",
    ): "a meeting finds one or the other",
}

#: What people choose from and documents count: a template lists these whole.
SHOWN = (Choice, Role, Ground, Degree, Outcome, VoteOutcome, Result, Proposal, Ruling, Answer)


class Table(NamedTuple):
    """A mapping over an enumeration, and where it stands."""

    module: str
    name: str
    enumeration: type[Enum]
    members: frozenset[Enum]

    @property
    def place(self) -> tuple[str, str, str]:
        return self.module, self.name, self.enumeration.__name__

    @property
    def forgotten(self) -> list[str]:
        return [one.name for one in self.enumeration if one not in self.members]


def module_names() -> Iterator[str]:
    for package in PACKAGES:
        for path in sorted((ROOT / package).rglob("*.py")):
            parts = path.relative_to(ROOT).with_suffix("").parts
            yield ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def table(module: str, name: str, members: list[object]) -> Iterator[Table]:
    """These members as a table, where all of them are of one enumeration of ours."""
    kinds = {type(one) for one in members if one is not None}
    if len(kinds) == 1 and issubclass(kind := kinds.pop(), Enum) and kind.__module__.split(".")[0] in PACKAGES:
        yield Table(module, name, kind, frozenset(one for one in members if isinstance(one, Enum)))


def constants_of(module: ModuleType) -> Iterator[Table]:
    """Mappings that a module holds, from members to something or from something to members."""
    for name, value in vars(module).items():
        if isinstance(value, Mapping) and not name.startswith("__") and value:
            yield from table(module.__name__, name, list(value))
            yield from table(module.__name__, name, list(value.values()))


def literals_of(module: ModuleType) -> Iterator[Table]:
    """Mappings that are written out within a function."""
    assert module.__file__
    for function in ast.walk(ast.parse(Path(module.__file__).read_text())):
        if not isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef):
            continue
        for written in ast.walk(function):
            if isinstance(written, ast.Dict):
                keys = [member_of(module, key) for key in written.keys]
                if keys and all(keys):
                    yield from table(module.__name__, function.name, [key[0] for key in keys if key])


def member_of(module: ModuleType, key: ast.expr | None) -> tuple[object] | None:
    """The member that a key names, or None within the tuple for `None:`; nothing for any other key."""
    match key:
        case ast.Constant(value=None):
            return (None,)
        case ast.Attribute(value=ast.Name(id=kind), attr=name):
            found = getattr(module, kind, None)
            if isinstance(found, type) and issubclass(found, Enum):
                return (found[name],)
    return None


@pytest.fixture(scope="module")
def tables() -> list[Table]:
    modules = [importlib.import_module(name) for name in module_names()]
    found = [one for module in modules for one in (*constants_of(module), *literals_of(module))]
    return list({(one.place, one.members): one for one in found}.values())


def test_a_mapping_over_an_enumeration_covers_it_or_says_why_not(tables):
    assert len(tables) > 20
    assert {one.place: one.forgotten for one in tables if one.forgotten and one.place not in PARTIAL} == {}


def test_no_reason_outlives_its_mapping(tables):
    assert set(PARTIAL) - {one.place for one in tables if one.forgotten} == set()


def test_a_member_that_a_mapping_forgets_is_found():
    class Colour(Enum):
        RED = "red"
        GREEN = "green"

    module = ModuleType("domain.colours")
    module.NAMES = {Colour.RED: "rot"}  # type: ignore[attr-defined]
    Colour.__module__ = module.__name__

    assert [one.forgotten for one in constants_of(module)] == [["GREEN"]]


# Templates --------------------------------------------------------------------------------------------


class Listed(NamedTuple):
    """Members of an enumeration that a template writes out in one way: `how`."""

    template: str
    how: str
    enumeration: type[Enum]
    members: frozenset[Enum]


def values_listed(template: str, how: str, values: Iterable[object]) -> Iterator[Listed]:
    """These values, where two or more of them are there and all are members of one enumeration."""
    written = {value for value in values if isinstance(value, str)}
    for kind in SHOWN:
        members = frozenset(one for one in kind if one.value in written)
        if len(members) > 1 and (how in PICKED or len(members) == len(written)):
            yield Listed(template, how, kind, members)


#: Ways of writing out whose values are gathered from a whole template, among those of other enumerations.
PICKED = ("keys", "fields")


def listed_in(name: str, text: str) -> Iterator[Listed]:
    """Whatever a template writes out: `Choice.FOR`, `counts["for"]`, `value="for"`, lists and mappings."""
    tree = Environment(extensions=["jinja2.ext.i18n"]).parse(text)
    for kind in SHOWN:
        named = {
            found.attr
            for found in tree.find_all(nodes.Getattr)
            if isinstance(found.node, nodes.Name) and found.node.name == kind.__name__
        }
        if named:
            yield Listed(name, "names", kind, frozenset(one for one in kind if one.name in named))
    keys = [found.arg.value for found in tree.find_all(nodes.Getitem) if isinstance(found.arg, nodes.Const)]
    yield from values_listed(name, "keys", keys)
    yield from values_listed(name, "fields", re.findall(r'<(?:input|option)[^>]* value="([^"{]+)"', text))
    lists: list[nodes.List | nodes.Tuple] = [*tree.find_all(nodes.List), *tree.find_all(nodes.Tuple)]
    for written in lists:
        items = [one.value for one in written.items if isinstance(one, nodes.Const)]
        yield from values_listed(name, "list", items)
    for mapping in tree.find_all(nodes.Dict):
        items = [pair.key.value for pair in mapping.items if isinstance(pair.key, nodes.Const)]
        yield from values_listed(name, "mapping", items)


def templates() -> Iterator[tuple[str, str]]:
    for folder in ("services", "infra"):
        for path in sorted((ROOT / folder).rglob("*.html")):
            if "former" not in path.parts:  # what was handed out in former forms is made again in them
                yield str(path.relative_to(ROOT)), path.read_text()


def test_a_template_that_writes_out_two_members_writes_out_all():
    found = [one for name, text in templates() for one in listed_in(name, text)]

    assert len(found) > 4
    assert [
        (one.template, one.how, member)
        for one in found
        for member in one.enumeration
        if member not in one.members and (one.template, one.how, one.enumeration.__name__) not in PARTLY_SHOWN
    ] == []


def test_a_template_repeats_over_what_it_is_given_and_over_no_list_of_its_own():
    own = [
        (name, loop.lineno)
        for name, text in templates()
        for loop in Environment(extensions=["jinja2.ext.i18n"]).parse(text).find_all(nodes.For)
        if isinstance(loop.iter, nodes.List | nodes.Tuple)
        and list(values_listed(name, "list", [one.value for one in loop.iter.items if isinstance(one, nodes.Const)]))
    ]

    assert own == []


def test_a_choice_that_a_template_forgets_is_found():
    forgetful = 'Tán thành {{ tally.count(Choice.FOR) }}, khác {{ counts["for"] }} {{ counts["other"] }}'

    assert [one.members for one in listed_in("a", forgetful)] == [{Choice.FOR}, {Choice.FOR, Choice.OTHER}]


def test_every_choice_has_its_colour_in_the_picture_of_a_vote():
    styles = (ROOT / "services/web/static/app.css").read_text()

    assert set(re.findall(r"\.votes \.([a-z-]+)", styles)) - {"base", "cut"} == {choice.value for choice in Choice}
