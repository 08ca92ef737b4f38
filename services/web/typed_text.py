"""Typed text: what a page that answers a refused form holds of it; the rest is shown beside the refusal.

While somebody wrote, the thing may have passed on to where the page no longer offers the form. What it does not hold in
its fields is listed then, to be copied. Nothing that was typed is lost.
"""

from collections.abc import Iterable, Iterator, Sequence
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


class Echo(NamedTuple):
    """What a page holds of a form that was refused.

    `left_out` is what it does not, as far as it is repeated; `cut` says that there is more of it. `holds_some` is
    whether anything stands in a field, `places` are the ids to which a link can lead.
    """

    left_out: list[tuple[str, str]]
    cut: bool
    holds_some: bool
    places: frozenset[str]

    def holds_all(self, refusal: Refusal) -> bool:
        """Whether the page holds all that was typed, and every field that the refusal leads to."""
        wanted = {refusal.field} - {""} | {one.field for one in refusal.details.get("problems", ())}
        return not self.left_out and self.holds_some and wanted <= self.places


async def echo_of(html: str, pairs: Iterable[tuple[str, str]]) -> Echo:
    """What this page holds of these fields; read in slices, for it may be large."""
    page = _Fields()
    await in_slices(page.reading(html))
    written = typed_by_hand(pairs)
    missing = [(name, value) for name, value in written if (name, _bare(value)) not in page.fields]
    left_out, cut = shortened(missing)
    return Echo(left_out, cut, len(missing) < len(written), frozenset(page.ids))


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
    """Names and values of all fields of a page as they would be sent, and its ids."""

    def __init__(self) -> None:
        super().__init__()
        self.fields: set[tuple[str, str]] = set()
        self.ids: set[str] = set()
        self._area: list[str] | None = None
        self._name = ""
        self._select = ""
        self._first = False

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
        if tag == "input":
            if given.get("type") not in {"radio", "checkbox"} or "checked" in given:
                self._hold(given.get("name", ""), given.get("value", ""))
        elif tag == "textarea":
            self._name, self._area = given.get("name", ""), []
        elif tag == "select":
            self._select, self._first = given.get("name", ""), True
        elif tag == "option":
            if self._first or "selected" in given:
                self._hold(self._select, given.get("value", ""))
            self._first = False

    def handle_endtag(self, tag: str) -> None:
        if tag == "textarea" and self._area is not None:
            self._hold(self._name, "".join(self._area))
            self._area = None

    def handle_data(self, data: str) -> None:
        if self._area is not None:
            self._area.append(data)

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
