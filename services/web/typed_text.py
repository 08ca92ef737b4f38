"""Typed text: what a page that answers a refused form holds of it; the rest is shown beside the refusal.

While somebody wrote, the thing may have passed on to where the page no longer offers the form. What it does not hold in
its fields is listed then, to be copied. Nothing that was typed is lost.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from html.parser import HTMLParser
from typing import Final, NamedTuple
from uuid import UUID

from infra.platform.slicing import in_slices
from services.web.refusals import Refusal

#: Letters of what was typed that an answer repeats outside of its form.
ECHOED: Final = 100_000

#: Letters of a page that are read at a time.
BLOCK: Final = 20_000

#: What forms hold unseen, or their buttons: nobody typed it.
UNSEEN: Final = frozenset({
    "appraisal",
    "back",
    "carried",
    "change",
    "chi-tieu",
    "command",
    "condition",
    "content",
    "csrf",
    "day",
    "di-tiep",
    "document",
    "form",
    "former",
    "giu",
    "halt",
    "handle",
    "indicator",
    "inquiry",
    "kept_fields",
    "kept_path",
    "made",
    "mandate",
    "marked",
    "meeting",
    "path",
    "person",
    "phan",
    "rate",
    "round",
    "sanction",
    "seen",
    "sha256",
    "step",
    "sua",
    "thay",
    "tiep",
    "to",
    "version",
    "xep",
})  # fmt: skip


class FieldPlace(NamedTuple):
    """Where a field stands on a page: the id of its first input, and its label or the legend of its group."""

    id: str
    label: str


class Echo(NamedTuple):
    """What a page holds of a form that was refused.

    `left_out` is what it does not, as far as it is repeated; `cut` says that there is more of it. A choice is repeated
    by its label, and not at all where the page does not offer it. `holds_some` is whether anything stands in a field,
    `places` are the ids to which a link can lead. `offered`: the page has the form that was refused, in which `within`
    says where each field stands.
    """

    left_out: list[tuple[str, str]]
    cut: bool
    holds_some: bool
    places: frozenset[str]
    offered: bool = True
    within: Mapping[str, FieldPlace] = {}

    def place_of(self, field: str) -> str:
        """The id to which a link to this field of the refused form leads; "" where there is none."""
        found = self.within.get(field)
        return found.id if found and found.id else field if field in self.places else ""

    def label_of(self, field: str) -> str:
        """What the page calls this field of the refused form; "" where it does not."""
        found = self.within.get(field)
        return found.label if found else ""

    def holds_all(self, refusal: Refusal) -> bool:
        """Whether the page holds all that was typed, and every field that the refusal leads to."""
        wanted = {refusal.field} - {""} | {one.field for one in refusal.details.get("problems", ())}
        return not self.left_out and self.holds_some and wanted <= self.places


async def echo_of(html: str, pairs: Iterable[tuple[str, str]], path: str = "") -> Echo:
    """What this page holds of these fields, sent to this path; read in slices, for it may be large."""
    page = _Fields(path)
    await in_slices(page.reading(html))
    written = typed_by_hand(pairs)
    missing = [(name, value) for name, value in written if (name, _bare(value)) not in page.fields]
    said = ((name, page.said(name, value)) for name, value in missing)
    left_out, cut = shortened([(name, text) for name, text in said if text])
    held_some = len(missing) < len(written)
    return Echo(left_out, cut, held_some, frozenset(page.ids), page.offers_form, page.within())


def typed_by_hand(pairs: Iterable[tuple[str, str]]) -> list[tuple[str, str]]:
    """The fields that a person filled, without the empty ones and the ids that stand for what was chosen."""
    return [(name, value) for name, value in pairs if value and name not in UNSEEN and not _ends_in_id(value)]


def shortened(pairs: Sequence[tuple[str, str]]) -> tuple[list[tuple[str, str]], bool]:
    """As many of the fields as are shown again where no form of their own shows them, and whether any is left out."""
    room, kept = ECHOED, list[tuple[str, str]]()
    for name, value in pairs:
        room -= len(name) + len(value)
        if room < 0:
            return kept, True
        kept.append((name, value))
    return kept, False


class _Fields(HTMLParser):
    """Names and values of all fields of a page as they would be sent, what they offer to choose from, and its ids."""

    def __init__(self, path: str) -> None:
        super().__init__()
        self.fields: set[tuple[str, str]] = set()
        self.ids: set[str] = set()
        self.offers_form = False
        self._path = path
        self._in_form = False
        #: Of the form that was refused: the first id of each field, the label of each id, the legend of each field.
        self._first_ids: dict[str, str] = {}
        self._labels: dict[str, str] = {}
        self._legends: dict[str, str] = {}
        self._label_for = ""
        self._legend: str | None = None
        #: By field and value, the label of each choice that is offered.
        self._offered: dict[tuple[str, str], str] = {}
        self._chosen: set[str] = set()
        self._written: set[str] = set()
        self._area: list[str] | None = None
        self._label: list[str] | None = None
        self._labelled: list[tuple[str, str]] = []
        self._name = ""
        self._select = ""
        self._first = False

    def said(self, name: str, value: str) -> str:
        """What was sent in this field: text as it is, a choice by its label, "" for what is no choice."""
        if name in self._written or name not in self._chosen:
            return value
        label = self._offered.get((name, _bare(value)))
        return "" if label is None else label or value

    def within(self) -> dict[str, FieldPlace]:
        """Where each field of the refused form stands."""
        return {
            name: FieldPlace(place, self._labels.get(place, "") or self._legends.get(name, ""))
            for name, place in self._first_ids.items()
        }

    def reading(self, html: str) -> Iterator[None]:
        """Read the page, a block at each turn."""
        for place in range(0, len(html), BLOCK):
            self.feed(html[place : place + BLOCK])
            yield
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if "id" in given:
            self.ids.add(given["id"])
        self._find_form(tag, given)
        if tag == "input":
            self._input(given)
        elif tag == "textarea":
            self._name, self._area = given.get("name", ""), []
            self._written.add(self._name)
        elif tag == "select":
            self._select, self._first = given.get("name", ""), True
        elif tag == "option":
            self._offer(self._select, given.get("value", ""))
            if self._first or "selected" in given:
                self._hold(self._select, given.get("value", ""))
            self._first = False

    def _find_form(self, tag: str, given: Mapping[str, str]) -> None:
        """What belongs to the refused form: its fields, and what they are called."""
        if tag == "form":
            self._in_form = given.get("action", "").partition("#")[0] == self._path
        self.offers_form |= self._in_form or given.get("formaction") == self._path
        if tag == "span" and given.get("class") in {"hint", "mut"}:
            self._end_label()
        if tag in {"label", "option", "legend"}:
            self._end_label()
            self._label, self._label_for = [], given.get("for", "")
        if self._in_form and given.get("type") != "hidden" and tag in {"input", "select", "textarea"}:
            self._stands(given.get("name", ""), given.get("id", ""))

    def _input(self, given: Mapping[str, str]) -> None:
        name, value, kind = given.get("name", ""), given.get("value", ""), given.get("type")
        ticked = kind in {"radio", "checkbox"}
        if ticked:
            self._offer(name, value)
        elif kind != "hidden":
            self._written.add(name)
        if not ticked or "checked" in given:
            self._hold(name, value)

    def handle_endtag(self, tag: str) -> None:
        if tag == "textarea" and self._area is not None:
            self._hold(self._name, "".join(self._area))
            self._area = None
        if tag in {"label", "option", "select", "legend"}:
            if tag == "legend":
                self._legend = _bare("".join(self._label or []))
            self._end_label()
        if tag == "fieldset":
            self._legend = None
        if tag == "form":
            self._in_form = False

    def _stands(self, name: str, place: str) -> None:
        self._first_ids.setdefault(name, place)
        if self._legend:
            self._legends.setdefault(name, self._legend)

    def handle_data(self, data: str) -> None:
        if self._area is not None:
            self._area.append(data)
        if self._label is not None:
            self._label.append(data)

    def _offer(self, name: str, value: str) -> None:
        choice = name, _bare(value)
        self._chosen.add(name)
        self._offered.setdefault(choice, "")
        if self._label is not None:
            self._labelled.append(choice)

    def _end_label(self) -> None:
        if self._label is not None:
            label = _bare("".join(self._label))
            self._offered |= dict.fromkeys(self._labelled, label)
            if self._label_for and self._in_form:
                self._labels.setdefault(self._label_for, label)
        self._label, self._labelled = None, []

    def _hold(self, name: str, value: str) -> None:
        self.fields.add((name, _bare(value)))


def _bare(text: str) -> str:
    """Without differences of white space: browsers send other ends of lines than pages hold."""
    return " ".join(text.split())


def _ends_in_id(value: str) -> bool:
    try:
        UUID(value.rpartition(" ")[2])
    except ValueError:
        return False
    return True
