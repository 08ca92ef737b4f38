"""A decision and minutes that an earlier version made are made again to the byte, however documents look today.

`former/2026-11-30/` has the decision and the minutes that the version of 29/11/2026 made of the facts in the proof
package of that form, with the meeting closed behind them and the minutes marked as demonstration.
`former/2026-11-30-2/` has the decision as it was later on that day, and the same as if it rested on a consultation.
"""

from collections.abc import AsyncIterator, Collection
from datetime import date
from hashlib import sha256
from pathlib import Path
from typing import Any

import msgspec
import pytest
from jinja2.meta import find_referenced_templates

from domain.fact import Recorded, StreamName
from domain.meeting import Meeting
from infra.ledger.checkpoint import Checkpoint
from infra.pdf.printer import Printer
from infra.reference.rulebooks import load_calendar, load_rulebooks
from services import documents
from services.council import minutes_document
from services.documents import typesetting
from services.documents.forms import FORMER, PRESENT, DocumentForm
from services.documents.glyphs import printable
from services.documents.reading import AsItStood
from services.proof_package.content import Circumstances, province_of
from services.proof_package.package_files import read_files
from services.proof_package.package_log import History
from services.proof_package.verify import Law, judge_files
from services.recognition import decision_document
from services.seals.trusted_policy import read_trust

PAPERS = Path(__file__).parent / "former"
PACKAGE = Path(__file__).parents[1] / "proof_package" / "former" / "2026-11-30"
ASSETS = Path(documents.__file__).parent
MINUTES_NO = "03/BB-HĐ"
FOLDERS = {form: PAPERS / Path(form.folder).name for form in FORMER}
SAMPLES = [(form, paper.name) for form, folder in FOLDERS.items() for paper in sorted(folder.glob("*.pdf"))]


class Closing:
    """The facts of a package, and behind them the closing of its last meeting."""

    def __init__(self, history: History, position: int) -> None:
        last = [one for one in history.facts if one.stream.kind == "meeting"][-1]
        facts: dict[str, Any] = {
            "originator_id": last.fact.originator_id,
            "originator_version": last.version + 1,
            "timestamp": last.fact.timestamp,
            "on": date(2024, 1, 30),
        }
        closed = Meeting.Closed(**facts)
        self._history = history
        self.closing = last._replace(fact=closed, position=position, version=last.version + 1)

    async def read(
        self, tenant: object, *, upto: int | None = None, streams: Collection[StreamName] | None = None
    ) -> AsyncIterator[list[Recorded]]:
        pages = self._history.read(tenant, upto=upto, streams=streams)
        found = [one async for page in pages for one in page]
        if self.closing.stream in (streams or ()) and (upto is None or upto >= self.closing.position):
            found.append(self.closing)
        if found:
            yield found


async def package(folder: Path) -> tuple[History, Checkpoint, Circumstances]:
    """What the package of a former form was made of."""
    files, _ = read_files(folder / "dossier.pdf")
    found = await judge_files(files, None, read_trust(folder / "policy"), Law(load_rulebooks(), load_calendar()))
    assert found.history is not None
    assert found.verdict is not None
    assert found.said is not None
    return found.history, found.verdict.checkpoint, msgspec.convert(found.said["circumstances"], Circumstances)


async def printed(html: str) -> bytes:
    page = printable(html)
    async with Printer(ASSETS) as printer:
        return await printer.print(page.html, sha256(page.html.encode()).digest()[:16])


async def decided_in(form: DocumentForm) -> decision_document.DecisionDocument:
    history, head, circumstances = await package(PACKAGE)
    then = AsItStood(history, province_of(circumstances, head.origin), head.size)
    decided = history.decision().recorded
    return await decision_document.read_paper(
        then, decided.stream.season, decided.stream.subject, load_rulebooks(), load_calendar(), form
    )


async def decision_in(form: DocumentForm) -> bytes:
    return await printed(decision_document.render(await decided_in(form), form))


async def decision_on_consultation_in(form: DocumentForm) -> bytes:
    paper = await decided_in(form)
    assert paper.ballots is not None
    asked = paper.ballots._replace(place="", summed_up_on=date(2024, 1, 20))
    return await printed(decision_document.render(paper._replace(ballots=asked), form))


async def minutes_in(form: DocumentForm) -> bytes:
    history, head, circumstances = await package(PACKAGE)
    store: Any = Closing(history, head.size + 1)
    tenant = province_of(circumstances, head.origin)._replace(demonstration=True)
    stream = store.closing.stream
    paper = await minutes_document.read_paper(
        AsItStood(store, tenant, head.size + 1), stream.season, stream.subject, MINUTES_NO
    )
    return await printed(minutes_document.render(paper, form))


MAKERS = {
    "decision.pdf": decision_in,
    "decision-on-consultation.pdf": decision_on_consultation_in,
    "minutes.pdf": minutes_in,
}


@pytest.mark.parametrize(("form", "document"), SAMPLES, ids=lambda one: getattr(one, "folder", one))
async def test_a_paper_of_an_earlier_version_is_made_again_to_the_byte(form: DocumentForm, document: str):
    assert await MAKERS[document](form) == (FOLDERS[form] / document).read_bytes()


@pytest.mark.parametrize(("form", "document"), SAMPLES, ids=lambda one: getattr(one, "folder", one))
async def test_today_s_paper_has_the_words_of_today(form: DocumentForm, document: str):
    assert await MAKERS[document](PRESENT) != (FOLDERS[form] / document).read_bytes()


def test_every_former_form_has_a_sample_of_what_it_prints_otherwise():
    assert {form for form, _ in SAMPLES} == set(FORMER)


def test_every_form_finds_the_parts_that_its_templates_include():
    environment = typesetting._TEMPLATES
    assert environment.loader is not None
    names = [name for name in environment.list_templates() if name.endswith(".html")]
    sources = [environment.loader.get_source(environment, name)[0] for name in names]

    included = {part for source in sources for part in find_referenced_templates(environment.parse(source))}

    assert "_mark.html" in included
    assert included <= set(names)
