"""The pages of a dossier, made of its other files alone, which are attached to them."""

from __future__ import annotations

from functools import cache
from hashlib import sha256
from importlib.metadata import version
from pathlib import Path
from typing import Protocol

import msgspec

from services import documents, telling
from services.documents.typesetting import typeset
from services.dossier import wording
from services.dossier.files import DOSSIER, Files
from services.dossier.wording import vietnamese, worded

ASSETS = Path(documents.__file__).parent


class Prints(Protocol):
    """What makes PDFs: `infra.pdf.Printer`."""

    async def print(self, html: str, identifier: bytes, attached: Files | None = None) -> bytes: ...


#: What pages are made by, beside the library that sets them.
FORMS = (
    ASSETS / "dossier.html",
    ASSETS / "dossier.css",
    ASSETS / "print.css",
    Path(wording.__file__),
    Path(telling.__file__),
)


@cache
def printer() -> str:
    """What makes the pages, by name: two programs of one name give the same bytes."""
    form = sha256(b"".join(file.read_bytes() for file in FORMS))
    form.update(msgspec.json.encode(vietnamese().sentences, order="sorted"))
    return f"weasyprint {version('weasyprint')}, pages {form.hexdigest()[:16]}"


def pages(files: Files) -> str:
    """The pages as HTML, of what lies in the dossier alone."""
    return typeset("dossier.html", said=msgspec.json.decode(files[DOSSIER]), told=worded(files))


async def bound(files: Files, prints: Prints) -> bytes:
    """The PDF. Raises PrintingFailed."""
    return await prints.print(pages(files), sha256(files[DOSSIER]).digest()[:16], files)
