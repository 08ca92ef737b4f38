"""The pages of a dossier, made of `dossier.json` alone, with all its other files attached."""

from __future__ import annotations

from functools import cache
from hashlib import sha256
from importlib.metadata import version
from pathlib import Path
from typing import Protocol

import msgspec

from domain.official import Position
from services import documents
from services.documents.typesetting import typeset
from services.dossier.files import DOSSIER, Files
from services.i18n import load_words

ASSETS = Path(documents.__file__).parent


class Prints(Protocol):
    """What makes PDFs: `infra.pdf.Printer`."""

    async def print(self, html: str, identifier: bytes, attached: Files | None = None) -> bytes: ...


@cache
def printer() -> str:
    """What makes the pages, by name: two programs of one name give the same bytes."""
    form = sha256((ASSETS / "dossier.html").read_bytes() + (ASSETS / "print.css").read_bytes())
    form.update(msgspec.json.encode(positions()))
    return f"weasyprint {version('weasyprint')}, pages {form.hexdigest()[:16]}"


@cache
def positions() -> dict[str, str]:
    """What the posts are called."""
    words = load_words()["vi"]
    return {position.value: words.say(f"position.{position}") for position in Position}


def pages(dossier: bytes) -> str:
    """The pages as HTML."""
    return typeset("dossier.html", said=msgspec.json.decode(dossier), positions=positions())


async def bound(files: Files, prints: Prints) -> bytes:
    """The PDF. Raises PrintingFailed."""
    return await prints.print(pages(files[DOSSIER]), sha256(files[DOSSIER]).digest()[:16], files)
