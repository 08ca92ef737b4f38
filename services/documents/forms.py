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

FOLDER = Path(__file__).parent


class DocumentForm(NamedTuple):
    """A form of documents: the folder of its templates and sentences, "" for that of today.

    What a former form does not have in its folder is as it is today.
    """

    folder: str = ""

    def template(self, name: str) -> str:
        """The template of this name in this form."""
        former = f"{self.folder}/{name}"
        return former if self.folder and (FOLDER / former).exists() else name

    @property
    def words(self) -> Words:
        """The sentences of this form."""
        return _words_in(self.folder)


@cache
def _words_in(folder: str) -> Words:
    former = FOLDER / folder / "sentences.json"
    if not folder or not former.exists():
        return vietnamese()
    return Words("vi", msgspec.json.decode(former.read_bytes(), type=dict[str, str]))


PRESENT = DocumentForm()

#: Until the words of the field came into all documents: CHỦ TRÌ, Vướng, 100 %.
UNTIL_2026_11_30 = DocumentForm("former/2026-11-30")

#: Later on that day, until decisions said when a consultation was summed up and what is found of officials sanctioned.
LATER_ON_2026_11_30 = DocumentForm("former/2026-11-30-2")

#: The forms that documents had before, the latest first.
FORMER = (LATER_ON_2026_11_30, UNTIL_2026_11_30)
