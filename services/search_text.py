"""The text of a search: how long it may be, and its refusal."""

from typing import ClassVar

from domain.errors import Refused
from projections.analysis.search_terms import words_of

#: What a search text holds at most: each word is looked up, among all names and in what was written.
LETTERS, WORDS = 100, 10


def is_short(text: str) -> bool:
    """Whether the text can be searched for."""
    return len(text) <= LETTERS and len(text.split()) <= WORDS and len(words_of(text)) <= WORDS


class SearchTooLong(Refused):
    """A search text of more than `letters` characters or `words` words; nothing is looked for. `field` says where."""

    code: ClassVar[str] = "search-too-long"
