"""The pages of a dossier, made of its other files alone, which are attached to them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import cache
from hashlib import sha256
from importlib.metadata import version
from pathlib import Path
from typing import NamedTuple, Protocol

import msgspec

from services import documents, telling, visible
from services.documents import glyphs
from services.documents.glyphs import Printable, coded, printable
from services.documents.typesetting import typeset
from services.dossier import wording
from services.dossier.files import DOSSIER, Files
from services.dossier.wording import vietnamese, worded
from services.i18n import Words

ASSETS = Path(documents.__file__).parent


class Prints(Protocol):
    """What makes PDFs: `infra.pdf.Printer`."""

    async def print(self, html: str, identifier: bytes, attached: Files | None = None) -> bytes: ...


#: What pages are made by, beside the library that sets them.
FORMS = (
    ASSETS / "dossier.html",
    ASSETS / "dossier.css",
    ASSETS / "print.css",
    Path(glyphs.__file__),
    Path(visible.__file__),
    Path(wording.__file__),
    Path(telling.__file__),
)


class Form(NamedTuple):
    """One form of the pages: a template, and the sentences that fill it.

    `looked_at` is what becomes of signs; `former_members` where the agency of who left the council is named too.
    """

    template: str
    words: Words
    looked_at: Callable[[str], Printable] = printable
    former_members: bool = True


def _unseen(html: str) -> Printable:
    """Signs as they were before they were looked at: one that no font has is an empty box."""
    return Printable(html, ())


class Former(NamedTuple):
    """A form that pages had until a day: its folder, and the rules of that day. See `Form`."""

    folder: str
    looked_at: Callable[[str], Printable]
    former_members: bool = True


#: The forms that pages had before, the latest first. A dossier is for ever: what was handed out in one of these forms
#: is made again in it and compared. The stylesheets, the template and the sentences of that day lie in its folder.
FORMER = (
    Former("former/2026-11-29", coded),
    Former("former/2026-11-27", _unseen, former_members=False),
)


@cache
def printer() -> str:
    """What makes the pages, by name: two programs of one name give the same bytes."""
    form = sha256(b"".join(file.read_bytes() for file in FORMS))
    form.update(msgspec.json.encode(vietnamese().sentences, order="sorted"))
    return f"weasyprint {version('weasyprint')}, pages {form.hexdigest()[:16]}"


def present() -> Form:
    """The form in which pages are made today."""
    return Form("dossier.html", vietnamese())


def forms() -> Iterator[Form]:
    """The form of today, then the former ones."""
    yield present()
    for former in FORMER:
        sentences = msgspec.json.decode((ASSETS / former.folder / "sentences.json").read_bytes(), type=dict[str, str])
        words = Words("vi", sentences)
        yield Form(f"{former.folder}/dossier.html", words, former.looked_at, former.former_members)


class Bound(NamedTuple):
    """The PDF, and the signs, by name, for which a code stands on its pages."""

    content: bytes
    unprinted: tuple[str, ...]


def pages(files: Files, form: Form | None = None) -> Printable:
    """The pages as HTML, of what lies in the dossier alone."""
    form = form or present()
    told = worded(files, form.words, former_members=form.former_members)
    html = typeset(form.template, said=msgspec.json.decode(files[DOSSIER]), told=told)
    return form.looked_at(html)


async def bound(files: Files, prints: Prints, form: Form | None = None) -> Bound:
    """The dossier as a PDF. Raises PrintingFailed."""
    made = pages(files, form)
    return Bound(await prints.print(made.html, sha256(files[DOSSIER]).digest()[:16], files), made.unprinted)
