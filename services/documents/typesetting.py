"""Documents as HTML for print, from the templates beside this file and those of the areas."""

from __future__ import annotations

from datetime import date, datetime
from pathlib import Path
from typing import Any

import jinja2

from services.documents.wording import day_in_words, lower_first, mark_of, number_of, upper_first
from services.i18n import Words, indicator_number
from services.indents import Unindented

#: The media type of a printed document.
PDF = "application/pdf"

NUMBERS = Words("vi", {})

#: The letterhead and what all documents share stand here; each area has the templates of its own documents.
FOLDERS = [Path(__file__).parent, *sorted(Path(__file__).parents[1].rglob("templates/documents"))]

_TEMPLATES = jinja2.Environment(
    loader=jinja2.FileSystemLoader(FOLDERS),
    autoescape=True,
    undefined=jinja2.StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
    extensions=[Unindented],
)
_TEMPLATES.filters.update(
    no=indicator_number,
    day=day_in_words,
    day_of=lambda day: NUMBERS.date(date.fromisoformat(day)),
    document_no=number_of,
    lower_first=lower_first,
    moment_of=lambda at: NUMBERS.instant(datetime.fromisoformat(at)),
    num=NUMBERS.number,
    season=NUMBERS.season,
    upper_first=upper_first,
)


_TEMPLATES.globals["mark_of"] = mark_of


def typeset(template: str, **said: Any) -> str:
    """The template filled with what the document says."""
    return _TEMPLATES.get_template(template).render(said)
