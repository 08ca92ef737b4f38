"""A rulebook value by value, as its page shows it: what is used, where it was read, and what is being changed."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, NamedTuple

from domain.errors import DraftMoved, DraftNotClosed, SourceMissing, ValueUnusable
from domain.rulebook import Provenance, Rulebook
from domain.rulebook_draft import DraftValue, RulebookDraft, ValueSource
from infra.reference.rulebook_closing import RulebookProblem
from infra.reference.rulebook_values import CODE, RulebookChange, Tree, changes_between, value_of
from services.i18n import Words
from services.rulebooks.draft import OF_THE_RELEASE, DraftText, read_change
from services.rulebooks.former_numbers import former_numbers
from services.rulebooks.value_fields import is_editable
from services.rulebooks.value_sources import (
    CHANGED,
    STATES,
    UNVERIFIED,
    known_of,
    known_words,
    source_in_words,
    state_of,
)
from services.rulebooks.value_words import (
    is_hidden,
    label_of,
    number_in_words,
    number_of,
    parts_in_words,
    value_in_words,
    without_numbers,
)


class Remark(NamedTuple):
    """What somebody said about a value."""

    text: str
    by: str


class ValueLine(NamedTuple):
    """A value. `was` is what the text in use says where it is being changed, None where it is not; `seen` is a hash of
    the value, so that nobody changes what they did not see; `edits` is the path of the form in which it is changed, ""
    where there is none.
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
    edits: str
    by_file: bool
    comments: list[Remark]
    problems: list[str]


class ValueGroup(NamedTuple):
    """The values of a criterion, or of none ("")."""

    code: str
    number: str
    name: str
    lines: list[ValueLine]


class Counts(NamedTuple):
    """How many values are known how well; the states add up to `total`. `unverified` are those that are not sourced,
    `changed` is how many changes there are.
    """

    total: int
    by_state: dict[str, int]
    unverified: int
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
        #: Why the changes were sent back since something was last changed, the latest first.
        self.returns = [Remark(one.reason, names.get(one.by, "")) for one in reversed(draft.returns if draft else ())]
        self._parts = parts_in_words(text.tree)
        self._was = {change.path: change.before for change in text.changes}
        self._problems = problems_by_path(text.problems, words)

    def lines(self) -> list[ValueLine]:
        """Every value in the order of the text, each whose source is asked for among them."""
        values = self.text.values
        lines = [self.line(path, value) for path, value in values.items() if not is_hidden(path)]
        for path in self.text.rulebook.provenances:
            if path in values:
                continue
            line = self._unsaid(path) if path in self.text.absent else self._within(path)
            lines.insert(_place(path, lines), line)
        return lines

    def _unsaid(self, path: str) -> ValueLine:
        """What the text does not say and is judged by all the same, as the law has it without a word."""
        content = value_of(self.text.absent[path].yaml)
        state = state_of(self.text.rulebook.provenances[path])
        said, label = value_in_words(content, self._words), label_of(path, content, self._words)
        return ValueLine(path, number_of(path), label, "", said, None, state, "", "", "", path, False, [], [])

    def _within(self, path: str) -> ValueLine:
        """What is no value of its own: a part without text, a number of a measure, figures that have to agree."""
        words, code = self._words, _code(path)
        of = path.removeprefix(f"{code}.")
        rulebook, number = self.text.rulebook, number_of(path)
        edits, by_file = f"{code}.measure", False
        match of.split("."):
            case ["text"]:
                label, said, edits = words.say("value-of-rulebook.text"), words.say("chưa có"), code
            case [_, "agrees_with"]:
                label, said = words.say("value-of-rulebook.agreements"), _agreement(path, rulebook, words)
                edits, by_file = "", True
            case _:
                label, measure = words.say("số trong cách tính"), value_of(self.text.values[edits].yaml)
                said, edits = number_in_words(measure, of, words), ""  # the form of the measure has it
        state = state_of(rulebook.provenances[path])
        return ValueLine(
            path, number, label, self._parts.get(code, ""), said, None, state, "", "", "", edits, by_file, [], []
        )

    def line(self, path: str, value: DraftValue) -> ValueLine:
        """One value in words."""
        words, source, before = self._words, value.source, self._before(path)
        content = value_of(value.yaml)
        shown = content
        if path.endswith(".measure") and before is None:  # beside what it was it is said as a whole
            shown = without_numbers(content, self._numbers_of(path.removesuffix(".measure")))
        return ValueLine(
            path,
            number_of(path),
            label_of(path, content, words),
            self._parts.get(_code(path), ""),
            value_in_words(shown, words),
            before,
            state_of(self.text.rulebook.provenances.get(path)),
            source_in_words(source, words),
            source.sha256 if source else "",
            seen_of(value),
            path if is_editable(path) else "",
            not is_editable(path) and path not in OF_THE_RELEASE,
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

    def counts(self) -> Counts:
        """How many values are in which state."""
        rulebook = self.text.rulebook
        by_state = Counter(map(state_of, rulebook.provenances.values()))
        changed = len(told_apart([read_change(one) for one in self.text.changes]))
        return Counts(by_state.total(), {state: by_state[state] for state in STATES}, len(rulebook.unverified), changed)

    def absent(self) -> list[ValueGroup]:
        """What the text could say and does not, by criterion: path, number and label of each."""
        words, groups = self._words, dict[str, ValueGroup]()
        for path, value in self.text.absent.items():
            if path in self.text.rulebook.provenances:  # among the values already
                continue
            code = criterion_of(path)
            group = groups.setdefault(code, ValueGroup(code, number_of(code), self._parts.get(code, ""), []))
            label = label_of(path, value_of(value.yaml), words)
            of = self._parts.get(_code(path), "")
            line = ValueLine(path, number_of(path), label, of, "", None, "", "", "", "", path, False, [], [])
            group.lines.append(line)
        return list(groups.values())

    def without_text(self) -> list[str]:
        """The contents and conditions that have no wording: nobody is asked for them."""
        return list(self.text.rulebook.without_text)

    def problems(self) -> list[tuple[str, str]]:
        """What keeps the draft from being signed off: path and sentence."""
        return [(path, sentence) for path, sentences in self._problems.items() for sentence in sentences]

    def former_numbers(self) -> list[tuple[str, str]]:
        """Where words still have a number that was changed: path and sentence. It keeps nobody from signing off."""
        words, found = self._words, former_numbers(self.text.changes, self.text.values, self._words)
        return [
            (
                one.path,
                words.say(
                    "%(label)s vẫn ghi “%(said)s”, mà %(number)s đã sửa số này; kiểm tra lại lời văn",
                    label=label_of(one.path, value_of(self.text.values[one.path].yaml), words),
                    said=one.said,
                    number=number_of(one.changed),
                ),
            )
            for one in found
        ]

    def _numbers_of(self, code: str) -> list[str]:
        """The numbers of this measure that have lines of their own: they are known otherwise than the measure."""
        part = self.text.rulebook.parts.get(code)
        return [one.path.removeprefix(f"{code}.") for one in part.doubtful] if part else []

    def _before(self, path: str) -> str | None:
        for changed, before in self._was.items():
            if path == changed or path.startswith(f"{changed}."):
                return value_in_words(value_of(before.yaml) if before else None, self._words)
        return None


@contextmanager
def named(text: DraftText, words: Words, field: str = "") -> Iterator[None]:
    """What is refused of a value is said by what the page calls it; `field` is where it is typed, "" for nowhere."""
    try:
        yield
    except DraftNotClosed as refused:
        places = tuple(_called(path, text, words) for path in refused.details["places"])
        raise DraftNotClosed(places=tuple(dict.fromkeys(places))) from refused
    except (DraftMoved, ValueUnusable, SourceMissing) as refused:
        found = {"value": _called(str(refused.details.get("path", "")), text, words), "field": field}
        raise type(refused)(**refused.details, **{name: said for name, said in found.items() if said}) from refused


def _called(path: str, text: DraftText, words: Words) -> str:
    value = text.values.get(path) or text.absent.get(path)
    label = label_of(path, value_of(value.yaml), words) if value else ""
    return f"{number_of(path)} {label}".strip() or words.say("không có trong bộ tiêu chí")


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
    return [change_in_words(one, parts, words) for one in told_apart(changes_between(before, after))]


def told_apart(changes: Sequence[RulebookChange]) -> list[RulebookChange]:
    """The changes without those that follow from others, such as that a part that gets its text is no more among those
    without, and without those that only write a value otherwise.
    """
    added = {change.path for change in changes if change.before is None}
    return [
        one
        for one in changes
        if one.before != one.after and not (one.path.endswith(".without_text") and _left(one) <= added)
    ]


def _left(change: RulebookChange) -> set[str]:
    """The parts that are no more without text; all that are said to be, where one is new among them."""
    before, after = (set(one.value) if one else set() for one in (change.before, change.after))
    return before - after if after < before else before | after


def change_in_words(change: RulebookChange, parts: Mapping[str, str], words: Words) -> ChangeInWords:
    """What differs at one value; `parts` is what criteria, indicators and parts are called, by code."""
    path, was, becomes = change.path, change.before, change.after
    there = becomes or was
    sources: Iterable[Mapping[str, Any]] = ()
    if becomes and becomes.source:
        sources = becomes.source.values() if CODE.fullmatch(path) else (becomes.source,)
    named = dict.fromkeys(source_in_words(ValueSource(**source), words) for source in sources)
    before, after = (value_in_words(one.value if one else None, words) for one in (was, becomes))
    if was and becomes and was.value == becomes.value:
        known = [known_words(of, words) if (of := known_of(one)) else "" for one in (was, becomes)]
        before = f"{before} ({known[0]})" if known[0] else before
        after = words.say("giữ nguyên, chỉ đổi nguồn")
        after = f"{after} ({known[1]})" if known[0] != known[1] else after
    return ChangeInWords(
        path,
        number_of(path),
        label_of(path, there.value if there else None, words),
        "" if CODE.fullmatch(path) else parts.get(_code(path), ""),
        before,
        after,
        "; ".join(named),
    )


def is_in(line: ValueLine, state: str) -> bool:
    """Whether the list that is narrowed to this state shows the value; "" is the whole list."""
    if state == CHANGED:
        return line.was is not None
    if state == UNVERIFIED:
        return line.state not in ("", Provenance.SOURCED)
    return state in ("", line.state)


def seen_of(value: DraftValue | None) -> str:
    """A hash of a value with its source."""
    return hashlib.sha256(repr(value).encode()).hexdigest()[:32]


def criterion_of(path: str) -> str:
    """The criterion to which a value belongs; "" for what holds for all."""
    return path.partition(".")[0] if CODE.match(path) else ""


def _place(path: str, lines: Sequence[ValueLine]) -> int:
    """Behind what belongs to the same content, else to the same indicator."""
    code = _code(path)
    for above in (code, code.rpartition(".")[0]):
        at = [place for place, line in enumerate(lines, start=1) if line.path.startswith(f"{above}.")]
        if at:
            return at[-1]
    return len(lines)


def _agreement(path: str, rulebook: Rulebook, words: Words) -> str:
    """Which figures have to agree: "mẫu số 2.2.1, mẫu số 2.1.1"."""
    one = next(one for one in rulebook.agreements if path == f"{one.part}.{one.figure}.agrees_with")
    pairs = ((one.part, one.figure), (one.other_part, one.other_figure))
    return ", ".join(f"{words.say(f'rulebook-figure.{figure.value}')} {number_of(part)}" for part, figure in pairs)


def _code(path: str) -> str:
    found = CODE.match(path)
    return found[0] if found else ""
