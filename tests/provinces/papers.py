"""Making documents as the worker does, without a worker."""

import subprocess
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from uuid import UUID

from infra.pdf.printer import Printer
from services import documents
from services.app import App
from services.exports.kind import FinishedDocument, Workshop
from services.exports.requests import finish_export, make
from services.processes.worker import workshop_of
from tests.provinces.story import Story


class Remembering:
    """A printer that prints the same pages once."""

    def __init__(self) -> None:
        self._known: dict[Any, bytes] = {}

    async def print(self, html: str, identifier: bytes, attached: Mapping[str, bytes] | None = None) -> bytes:
        key = html, identifier, tuple((attached or {}).items())
        if key not in self._known:
            async with Printer(Path(documents.__file__).parent) as printer:
                self._known[key] = await printer.print(html, identifier, attached)
        return self._known[key]


async def no_progress(done: int, total: int) -> None: ...


@asynccontextmanager
async def workshop(house: App) -> AsyncIterator[Workshop]:
    async with Printer(Path(documents.__file__).parent) as printer:
        yield workshop_of(house, printer)


async def made(shop: Workshop, story: Story, export: UUID) -> FinishedDocument:
    return await make(shop, story.house.system(story.tenant, export), export, no_progress)


async def finished(shop: Workshop, story: Story, export: UUID) -> FinishedDocument:
    document = await made(shop, story, export)
    await finish_export(story.house.system(story.tenant, export), export, document)
    return document


def text_of(pdf: bytes) -> str:
    """What the document says, each run of spaces as one."""
    said = subprocess.run(["pdftotext", "-layout", "-", "-"], input=pdf, capture_output=True, check=True)
    return " ".join(said.stdout.decode().split())
