"""The forms of official documents: that of today, and those that they had until a day.

A paper that was made in a former form, and perhaps signed, is made again in it (`exports.making.printed_as_before`).
The templates of that day lie in the form's folder; they say `asset:/print.css` as they did, since the address is part
of what is printed, so that style sheet has to stay as it is.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import NamedTuple

import msgspec

from services.i18n import Words, vietnamese


class DocumentForm(NamedTuple):
    """A form of documents: the folder of its templates, "" for that of today."""

    folder: str = ""

    def template(self, name: str) -> str:
        """The template of this name in this form."""
        return f"{self.folder}/{name}" if self.folder else name

    @property
    def words(self) -> Words:
        """The sentences of this form."""
        return _former_words(self.folder) if self.folder else vietnamese()


@cache
def _former_words(folder: str) -> Words:
    content = (Path(__file__).parent / folder / "sentences.json").read_bytes()
    return Words("vi", msgspec.json.decode(content, type=dict[str, str]))


PRESENT = DocumentForm()

#: Until the words of the field came into all documents: CHỦ TRÌ, Vướng, 100 %.
UNTIL_2026_11_30 = DocumentForm("former/2026-11-30")

#: The forms that documents had before, the latest first.
FORMER = (UNTIL_2026_11_30,)
