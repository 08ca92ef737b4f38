"""Whatever is exported of a practice round says so: each page of each document, each sheet, the head of each file."""

import io
import json
import subprocess
import zipfile
from collections.abc import Awaitable, Callable
from pathlib import Path

import asyncpg
import openpyxl
import pytest

from domain.commune_steps import FormTally, SheetsTally
from domain.export import Document
from domain.review import Ground
from infra.identity.tenants import Tenant
from infra.transparency.sealer import Sealer
from infra.transparency.sealer_store import SealerStore
from services.app import App
from services.assessment import commune_steps
from services.council import voting
from services.documents.typesetting import PDF
from services.documents.wording import mark_of
from services.exports.kind import FinishedDocument
from services.exports.registry import export_kinds
from services.exports.requests import export_id, request_export
from services.exports.workbook import MEDIA_TYPE as WORKBOOK
from services.proof_package.verify import lines
from services.work import Work
from tests.proof_package.sealed import Sealed, worth
from tests.provinces.papers import made, workshop
from tests.provinces.story import COMMUNE, DISTRICT, Story

LINE = "ĐỢT ĐÁNH GIÁ THỬ – không công bố, không có giá trị pháp lý, không tính vào kết quả"
MEETING = f"{DISTRICT}-1"
TALLY = SheetsTally(100, 90, (FormTally("Câu lạc bộ pháp luật", 80, 10),))


class Practice(Story):
    """A commune that asked people's opinions on sheets as well."""

    async def filled(self, commune: str = COMMUNE) -> Story:
        await super().filled(commune)
        await commune_steps.tally_sheets(await self.officer(commune=commune), self.season, commune, TALLY)
        return self


#: Who asks for each kind of document, and about what. A new kind has its line here.
Asking = Callable[[Story], Awaitable[Work]]


def inspector(story: Story) -> Awaitable[Work]:
    return story.inspector()


ASKED: dict[Document, tuple[Asking, str]] = {
    Document.DECISION: (inspector, COMMUNE),
    Document.STANDINGS: (inspector, ""),
    Document.MINUTES: (Story.appraiser, MEETING),
    Document.DOSSIER: (inspector, COMMUNE),
    Document.REVIEW: (inspector, f"{COMMUNE}-1"),
    Document.TRAIL: (inspector, "mua={}"),
    Document.RESPONSIBILITY: (inspector, COMMUNE),
    Document.EVIDENCE: (inspector, COMMUNE),
    Document.COMMUNE_OPINIONS: (Story.officer, COMMUNE),
    Document.OPINION_SHEET: (Story.officer, COMMUNE),
    Document.OPINION_TALLY: (Story.officer, COMMUNE),
    Document.COMMUNE_MEETING: (Story.officer, COMMUNE),
    Document.LISTS: (inspector, ""),
    Document.MEMBER_SHEET: (Story.decider, MEETING),
}

#: What is made of a council that was asked in writing.
IN_WRITING = {Document.MEMBER_SHEET}


@pytest.fixture
async def log(
    house: App, sealed_province: Tenant, sealer: Sealer, kept: SealerStore, superuser: asyncpg.Connection
) -> Sealed:
    """A practice round from the first entry to the end of a review."""
    story = Practice(house, sealed_province, "", practice=True)
    await story.opened()
    await story.decided()
    await voting.close_meeting(await story.decider(), story.season, MEETING)
    await (await story.under_review(Ground.COMPLAINT)).confirm()
    return Sealed(story, sealer, kept, superuser)


async def ask(story: Story, document: Document) -> Work:
    asking, about = ASKED[document]
    work = await asking(story)
    number = "03/HĐ" if document is Document.MINUTES else None
    season = story.season if export_kinds()[document].has_season else ""
    await request_export(work, document, season, about.format(story.season), number)
    return work


def pages(pdf: bytes) -> list[str]:
    """The text of each page, each run of spaces as one."""
    said = subprocess.run(["pdftotext", "-", "-"], input=pdf, capture_output=True, check=True)
    return [" ".join(page.split()) for page in said.stdout.decode().removesuffix("\f").split("\f")]


def must_be_marked(document: FinishedDocument) -> None:
    if document.media_type == PDF:
        for page in pages(document.content):
            assert LINE in page
    elif document.media_type == WORKBOOK:
        for sheet in openpyxl.load_workbook(io.BytesIO(document.content)).worksheets:
            assert str(sheet["A3"].value).startswith("Đợt đánh giá thử, không có giá trị pháp lý")
    else:
        with zipfile.ZipFile(io.BytesIO(document.content)) as archive:
            assert json.loads(archive.read("manifest.json"))["practice"] == "yes"


async def test_every_kind_of_document_of_a_practice_round_says_so_on_every_page(log: Sealed, tmp_path: Path):
    trust = await log.trust()
    consulted = Practice(log.story.house, log.story.tenant, "", practice=True)
    await consulted.opened()
    await consulted.consulted()
    asked = {
        document: await ask(consulted if document in IN_WRITING else log.story, document) for document in export_kinds()
    }
    synthesis = await ask(consulted, Document.MINUTES)
    await log.seal()

    async with workshop(log.story.house) as shop:
        documents = {document: await made(shop, log.story, export_id(work)) for document, work in asked.items()}
        in_writing = await made(shop, consulted, export_id(synthesis))

    for document in (*documents.values(), in_writing):
        must_be_marked(document)
    package = await worth(documents[Document.DOSSIER].content, trust, tmp_path)
    assert package.said is not None
    assert package.said["practice"] == "yes"
    assert "-thu, ĐÁNH GIÁ THỬ, không có giá trị pháp lý" in "\n".join(lines(package))


async def test_the_same_documents_of_a_year_say_nothing_of_practice(story: Story):
    await story.decided()
    documents = (Document.DECISION, Document.STANDINGS, Document.LISTS, Document.EVIDENCE)
    asked = [await ask(story, document) for document in documents]

    async with workshop(story.house) as shop:
        for work in asked:
            document = await made(shop, story, export_id(work))
            with pytest.raises((AssertionError, KeyError)):
                must_be_marked(document)


def test_a_demonstration_of_a_practice_round_says_both():
    both, year = mark_of("2027-thu", demonstration=True), mark_of("2027", demonstration=True)

    assert both == (
        "ĐỢT ĐÁNH GIÁ THỬ, DỮ LIỆU MINH HỌA – không có giá trị pháp lý, không tính vào kết quả",
        "ĐỢT ĐÁNH GIÁ THỬ",
    )
    assert year == ("DỮ LIỆU MINH HỌA – không phải văn bản có giá trị pháp lý", "DỮ LIỆU MINH HỌA")
    assert mark_of("2027", demonstration=False) is None
