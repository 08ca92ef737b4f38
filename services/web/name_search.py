"""Finding things by name as people type: without marks, in capitals, by initials.

What is typed into a search box is read here, once for a request: its key is made once, and a text that is longer than
anybody types is refused before a list is looked through with it.
"""

from __future__ import annotations

from typing import NamedTuple

from domain.vietnamese import name_key, search_key
from projections.analysis.search_terms import ASKED_LETTERS, ASKED_WORDS, SearchTooLong, is_short
from services.web.visit import Visit


class Sought(NamedTuple):
    """What is searched for: `typed` stands in the field again; `key` is None where it was refused and finds nothing."""

    typed: str
    key: str | None

    def finds(self, name: str) -> bool:
        """Whether the name has what is sought as a part."""
        return self.key is not None and self.key in name_key(name)

    def finds_initials(self, name: str) -> bool:
        """The same, or the name's initials have it: hg for Hà Giang."""
        if self.key is None or self.finds(name):
            return self.key is not None
        initials = "".join(word[0] for word in name_key(name).split())
        return len(self.key) > 1 and self.key.replace(" ", "") in initials


def search_for(typed: str) -> Sought:
    """A search for this text."""
    return Sought(typed, search_key(typed) if is_short(typed) else None)


def sought(visit: Visit, name: str = "tim") -> Sought:
    """The search text of the page's address. One that is too long is refused on top of the page, and finds nothing."""
    search = search_for(visit.query(name))
    if search.key is None:
        visit.object_to(SearchTooLong(field=name, letters=ASKED_LETTERS, words=ASKED_WORDS))
    return search


#: What everything answers.
ANYTHING = Sought("", "")
