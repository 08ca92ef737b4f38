"""The pages of a proof package, made of its other files alone, which are attached to them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import cache
from hashlib import sha256
from importlib.metadata import version
from pathlib import Path
from typing import NamedTuple, Protocol

import msgspec

from services import documents
from services.documents.glyphs import Printable, coded, printable
from services.documents.typesetting import typeset
from services.i18n import Words
from services.proof_package.package_files import DOSSIER, Files
from services.proof_package.sentences import YEAR, worded, words_of_pages

ASSETS = Path(documents.__file__).parent


class Prints(Protocol):
    """What makes PDFs: `infra.pdf.printer.Printer`."""

    async def print(self, html: str, identifier: bytes, attached: Files | None = None) -> bytes: ...


#: The form of the pages. It is raised by hand with every change of template, styles, fonts or code after which the
#: same files give other pages; the former form is kept then (`FORMER`). Sentences are hashed, and not part of it.
FORM = 4


class PackageForm(NamedTuple):
    """One form of the pages: a template, and the sentences that fill it.

    `looked_at` is what becomes of signs; `former_members` where the agency of who left the council is named too; `year`
    what the procedure of a year is called; `in_writing` where a consultation is told in words of its own.
    """

    template: str
    words: Words
    looked_at: Callable[[str], Printable] = printable
    former_members: bool = True
    year: str = YEAR
    in_writing: bool = True


def _unseen(html: str) -> Printable:
    """Signs as they were before they were looked at: one that no font has is an empty box."""
    return Printable(html, ())


class Former(NamedTuple):
    """A form that pages had until a day: its folder, and the rules of that day. See `PackageForm`."""

    folder: str
    looked_at: Callable[[str], Printable]
    former_members: bool = True
    year: str = "mùa đánh giá năm %s"


#: The forms that pages had before, the latest first. A package is for ever: what was handed out in one of these forms
#: is made again in it and compared. The stylesheets, the template and the sentences of that day lie in its folder.
FORMER = (
    Former("former/2026-11-30", printable),
    Former("former/2026-11-29", coded),
    Former("former/2026-11-27", _unseen, former_members=False),
)


@cache
def printer() -> str:
    """What makes the pages, by name: two programs of one name give the same bytes."""
    return printer_of(words_of_pages())


def printer_of(words: Words) -> str:
    """The name of what makes pages of these sentences, all of which count."""
    sentences = sha256(msgspec.json.encode(words.sentences, order="sorted")).hexdigest()
    return f"weasyprint {version('weasyprint')}, form {FORM}, sentences {sentences[:16]}"


def present() -> PackageForm:
    """The form in which pages are made today."""
    return PackageForm("dossier.html", words_of_pages())


def forms() -> Iterator[PackageForm]:
    """The form of today, then the former ones: until 30/11/2026 a consultation was told in the words of a meeting."""
    yield present()
    yield present()._replace(in_writing=False)
    for former in FORMER:
        sentences = msgspec.json.decode((ASSETS / former.folder / "sentences.json").read_bytes(), type=dict[str, str])
        words = Words("vi", sentences)
        template = f"{former.folder}/dossier.html"
        yield PackageForm(template, words, former.looked_at, former.former_members, former.year, in_writing=False)


class Bound(NamedTuple):
    """The PDF, and the signs, by name, for which a code stands on its pages."""

    content: bytes
    unprinted: tuple[str, ...]


def pages(files: Files, form: PackageForm | None = None) -> Printable:
    """The pages as HTML, of what lies in the proof package alone."""
    form = form or present()
    told = worded(files, form.words, former_members=form.former_members, year=form.year, in_writing=form.in_writing)
    html = typeset(form.template, said=msgspec.json.decode(files[DOSSIER]), told=told)
    return form.looked_at(html)


async def bound(files: Files, prints: Prints, form: PackageForm | None = None) -> Bound:
    """The proof package as a PDF. Raises PrintingFailed."""
    made = pages(files, form)
    return Bound(await prints.print(made.html, sha256(files[DOSSIER]).digest()[:16], files), made.unprinted)
