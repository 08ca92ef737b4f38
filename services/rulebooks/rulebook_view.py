"""A rulebook value by value, as its page shows it: what is used, where it was read, and what is being changed."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Mapping
from typing import NamedTuple

from domain.rulebook import Provenance
from domain.rulebook_draft import DraftValue, RulebookDraft, ValueSource
from infra.reference.rulebook_closing import RulebookProblem
from infra.reference.rulebook_values import CODE, RulebookChange, Tree, changes_between, value_of
from services.i18n import Words
from services.rulebooks.draft import DraftText
from services.rulebooks.value_fields import is_editable
from services.rulebooks.value_words import HIDDEN, label_of, number_of, parts_in_words, value_in_words

#: States of the values that have a provenance: each value is in one of them.
STATES = ("sourced", "reported", "unsourced")
#: What a list may be narrowed to besides.
CHANGED = "changed"


class Remark(NamedTuple):
    """What somebody said about a value."""

    text: str
    by: str


class ValueLine(NamedTuple):
    """A value. `was` is what the text in use says where it is being changed, None where it is not; `seen` is a hash of
    the value, so that nobody changes what they did not see.
    """

    path: str
    number: str
    label: str
    of: str
    said: str
    was: str | None
    state: str
    source: str
    scan: str
    seen: str
    editable: bool
    comments: list[Remark]
    problems: list[str]


class ValueGroup(NamedTuple):
    """The values of a criterion, or of none ("")."""

    code: str
    number: str
    name: str
    lines: list[ValueLine]


class Counts(NamedTuple):
    """How many values are known how well; the states add up to `total`. `changed` are among them."""

    total: int
    by_state: dict[str, int]
    changed: int


class ChangeInWords(NamedTuple):
    """A difference between two texts, value by value."""

    path: str
    number: str
    label: str
    of: str
    before: str
    after: str
    source: str


class RulebookView:
    """One rulebook in the text that a draft makes of it."""

    def __init__(self, text: DraftText, draft: RulebookDraft | None, names: Mapping[str, str], words: Words) -> None:
        self.text = text
        self._words = words
        self._names = names
        self._comments = draft.comments if draft else []
        self._parts = parts_in_words(text.tree)
        self._was = {change.path: change.before for change in text.changes}
        self._problems = problems_by_path(text.problems, words)

    def lines(self) -> list[ValueLine]:
        """Every value, in the order of the text."""
        return [self.line(path, value) for path, value in self.text.values.items() if path not in HIDDEN]

    def line(self, path: str, value: DraftValue) -> ValueLine:
        """One value in words."""
        words, source = self._words, value.source
        content = value_of(value.yaml)
        return ValueLine(
            path,
            number_of(path),
            label_of(path, content, words),
            self._parts.get(_code(path), ""),
            value_in_words(content, words),
            self._before(path),
            state_of(value),
            source_in_words(source, words),
            source.sha256 if source else "",
            seen_of(value),
            is_editable(path),
            [Remark(one.text, self._names.get(one.by, "")) for one in self._comments if one.path == path],
            self._problems.get(path, []),
        )

    def groups(self, lines: list[ValueLine]) -> list[ValueGroup]:
        """These values by criterion."""
        groups: dict[str, ValueGroup] = {}
        for line in lines:
            code = criterion_of(line.path)
            group = groups.setdefault(code, ValueGroup(code, number_of(code), self._parts.get(code, ""), []))
            group.lines.append(line)
        return list(groups.values())

    def counts(self, lines: list[ValueLine]) -> Counts:
        """How many values are in which state."""
        by_state = Counter(line.state for line in lines if line.state)
        changed = sum(line.was is not None for line in lines)
        return Counts(sum(by_state.values()), {state: by_state[state] for state in STATES}, changed)

    def without_text(self) -> list[str]:
        """The contents that have no wording: nobody is asked for them."""
        return [code for indicator in self.text.rulebook.indicators for code in indicator.without_text]

    def problems(self) -> list[tuple[str, str]]:
        """What keeps the draft from being signed off: path and sentence."""
        return [(path, sentence) for path, sentences in self._problems.items() for sentence in sentences]

    def _before(self, path: str) -> str | None:
        for changed, before in self._was.items():
            if path == changed or path.startswith(f"{changed}."):
                return value_in_words(value_of(before.yaml) if before else None, self._words)
        return None


def problems_by_path(problems: tuple[RulebookProblem, ...], words: Words) -> dict[str, list[str]]:
    """What does not close, in sentences."""
    found: dict[str, list[str]] = {}
    for one in problems:
        said = {name: arg if isinstance(arg, str) else words.number(arg) for name, arg in one.args.items()}
        found.setdefault(one.path, []).append(words.say(f"rulebook-problem.{one.code}", **said))
    return found


def changes_in_words(before: Tree, after: Tree, words: Words) -> list[ChangeInWords]:
    """What differs between two texts."""
    parts = {**parts_in_words(before), **parts_in_words(after)}
    return [_in_words(change, parts, words) for change in changes_between(before, after)]


def _in_words(change: RulebookChange, parts: Mapping[str, str], words: Words) -> ChangeInWords:
    path, was, becomes = change.path, change.before, change.after
    there = becomes or was
    named = becomes.source if becomes else {}

    def source(key: str) -> str:
        return str(named.get(key) or "")

    known = None
    if becomes and becomes.source and not CODE.fullmatch(path):
        known = ValueSource(
            source("document"), source("number"), becomes.source.get("dated"), source("article"), source("page")
        )
    return ChangeInWords(
        path,
        number_of(path),
        label_of(path, there.value if there else None, words),
        parts.get(_code(path), ""),
        value_in_words(was.value if was else None, words),
        value_in_words(becomes.value if becomes else None, words),
        source_in_words(known, words),
    )


def state_of(value: DraftValue) -> str:
    """One of STATES, "" for a value that carries no provenance."""
    match value.provenance:
        case None:
            return ""
        case Provenance.SOURCED | Provenance.REPORTED:
            return value.provenance.value
    return "unsourced"


def seen_of(value: DraftValue | None) -> str:
    """A hash of a value with its source."""
    return hashlib.sha256(repr(value).encode()).hexdigest()[:32]


def source_in_words(source: ValueSource | None, words: Words) -> str:
    """Where a value was read: "Thông tư số 09/2021/TT-BTP ngày 15/11/2021, Điều 5, trang 4"."""
    if source is None:
        return ""
    said = [source.document, *([words.say("số %(number)s", number=source.number)] if source.number else [])]
    if source.dated:
        said.append(words.say("ngày %(day)s", day=words.date(source.dated)))
    page = [words.say("trang %(page)s", page=source.page)] if source.page else []
    return ", ".join([" ".join(said), *filter(None, [source.article]), *page])


def criterion_of(path: str) -> str:
    """The criterion to which a value belongs; "" for what holds for all."""
    return path.partition(".")[0] if CODE.match(path) else ""


def _code(path: str) -> str:
    found = CODE.match(path)
    return found[0] if found else ""
