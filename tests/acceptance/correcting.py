"""The steps of a correction, walked over HTTP in Bình Phước: a shipped text is corrected while everybody works on.

The year that the walk has closed stays as it was judged, on every page and in its proof package. The year after it is
under way and goes over after its preview; the year after that is only planned and follows at once.
"""

from __future__ import annotations

import asyncio
import re
import tempfile
import time
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import TypeAlias
from uuid import uuid4

from domain.log import LOG, Log
from domain.official import Office
from domain.season import Season, season_stream
from infra.ledger.witness_policy import Policy
from infra.pdf.attachments import read_attachments
from infra.pdf.printer import Printer
from infra.reference.rulebooks import load_calendar, load_rulebooks
from services.demo import provider_of
from services.demo.figures import EnteredFigure, figures
from services.demo.offices import office_key
from services.demo.provinces import BINH_PHUOC, Dossier
from services.demo.telling import ADMINISTRATOR, StoryBuilder
from services.i18n import Words, load_words
from services.proof_package.package_files import TOTAL_LIMIT
from services.proof_package.pages import ASSETS
from services.proof_package.verify import Law, verify
from services.seals.trusted_policy import Trust
from services.seals.verify_answer import ExitCode
from services.work import SYSTEM
from tests.acceptance.browsing import Page, Unexpected
from tests.acceptance.steps import UNIT, said_value, typed, typed_matrix
from tests.acceptance.walking import WALKED, Walk, position_of

Correcting: TypeAlias = Callable[[Walk], Awaitable[None]]

WORDS: Words = load_words()["vi"]
ROOT = f"/t/{BINH_PHUOC.slug}"
RULEBOOK = f"{ROOT}/bo-tieu-chi/{BINH_PHUOC.rulebook}"
CLOSED, OPEN, PLANNED = (str(BINH_PHUOC.year + years) for years in range(3))

#: Seconds until a document must be made; a proof package waits for its witnesses.
PATIENCE = 120.0

#: A commune of the open year whose data are complete, and one that has only begun.
COMPLETE, BEGUN = WALKED.commune, BINH_PHUOC.dossiers[1].commune
#: The indicator that is measured otherwise, and one that is entered after the correction.
MEASURED_ANEW, WORKED_ON = "TC2.CT5", "TC1.CT2"

#: What is corrected: a label, a number, what an indicator asks for. Of each its path and what is typed.
NAME, POINTS = "Tiếp cận thông tin và phổ biến, giáo dục pháp luật", "85"
CHANGES: tuple[tuple[str, str, dict[str, str]], ...] = (
    ("TC2.name", "", {"value": NAME}),
    ("C1", "", {"value-threshold": POINTS}),
    ("TC2.CT5.1.measure", "ratio", {}),
)
SOURCE = {
    "known": "sourced",
    "source_document": "Thông tư",
    "source_number": "09/2021/TT-BTP",
    "source_dated": "15/11/2021",
    "source_article": "Phụ lục I",
    "source_page": "12",
}
DOCUMENT = "1342/STP-PBGDPL"

#: Pages of the year that has ended, as somebody signed in sees them, and as anybody does.
SEEN = (
    f"{ROOT}/bang/{CLOSED}",
    f"{ROOT}/ho-so/{CLOSED}/{COMPLETE}",
    f"{ROOT}/ho-so/{CLOSED}/{COMPLETE}?chi-tieu={MEASURED_ANEW}",
    f"{ROOT}/quyet-dinh/{CLOSED}/{COMPLETE}",
    f"{ROOT}/phat-lai/{CLOSED}/{COMPLETE}",
    f"{ROOT}/mua/{CLOSED}",
)
#: Today's what-if offers one text more to try; as of before it does not.
TRIED = f"{ROOT}/gia-dinh/{CLOSED}/{COMPLETE}"
PUBLIC = (f"{ROOT}/cong-khai/{CLOSED}/{COMPLETE}", f"{ROOT}/cong-khai?nam={CLOSED}")


async def next_years(walk: Walk) -> None:
    """The department plans two more years under the same text, and opens the first; a commune enters its data."""
    department = await walk.department()
    for year in (OPEN, PLANNED):
        page = await department.get(f"{ROOT}/mua")
        chosen = {"year": year, "rulebook": BINH_PHUOC.rulebook, "unit": UNIT}
        page = await department.send(page, page.form("lap-ke-hoach"), chosen)
        page = await department.send(page, page.form("phan-cong"), typed_matrix(walk.teller.matrix()))
        if year == OPEN:
            await department.send(page, page.form("mo"), {"on": WORDS.date(date(int(OPEN), 1, 10))})
    teller = _of_open_year(walk)
    await teller.enter(replace(WALKED, returned=None))
    await teller.consolidate(WALKED)
    await _enter(walk, MEASURED_ANEW, BINH_PHUOC.dossiers[1])


async def keep_what_was(walk: Walk) -> None:
    """Every page of the closed year is kept, now and as of this moment, with its proof package, which verifies."""
    inspector = await walk.inspector()
    walk.uncorrected = position_of(await inspector.get(SEEN[0]))
    walk.pages = await _pages(walk)
    walk.proven = await _proven(walk, await _proof_package(walk))


async def edit(walk: Walk) -> None:
    """The administrator changes a label, a number and an indicator, each with the document where it was read."""
    browser = await walk.by(ADMINISTRATOR)
    await browser.get((await browser.get(f"{ROOT}/viec")).link(r"/bo-tieu-chi$"))
    for path, kind, values in CHANGES:
        page = await browser.get(f"{RULEBOOK}?sua={path}{f'&cach={kind}' if kind else ''}")
        page = await browser.send(page, page.form("sua", path=path), {**SOURCE, **values})
    page.says("3 giá trị chờ ký duyệt", NAME)
    page = await browser.get(f"{RULEBOOK}/ky-duyet")
    page.says("Người sửa bộ tiêu chí không tự ký duyệt").lacks("ky")


async def sign_off(walk: Walk) -> None:
    """Another person signs off what they see; the planned year follows, and the page leads to the open one."""
    department = await walk.department()
    page = await department.get(f"{RULEBOOK}/ky-duyet")
    page.says("3 thay đổi", NAME, POINTS)
    page.link(rf"/mua/{OPEN}$")
    page = await department.send(page, page.form("ky"), {"acknowledged": "1", "document_no": DOCUMENT})
    page.says(f"Năm đánh giá {OPEN} vẫn theo bản cũ", DOCUMENT).link(rf"/mua/{OPEN}/ban-sua$")

    former = walk.teller.rulebook.sha256
    adopted = await _text_of(walk, PLANNED)
    if adopted == former or [await _text_of(walk, year) for year in (CLOSED, OPEN)] != [former, former]:
        raise Unexpected(f"expected only the planned year {PLANNED} to follow; it has {adopted}")
    planned = await department.get(f"{ROOT}/mua/{PLANNED}")
    planned.says("Đã áp dụng bản sửa bộ tiêu chí", DOCUMENT, NAME)


async def work_on(walk: Walk) -> None:
    """Meanwhile an officer enters what they entered yesterday, under the text of the open year."""
    page = await _enter(walk, WORKED_ON, BINH_PHUOC.dossiers[1])
    page.lacks("ap-dung-ban-sua")
    if NAME in (await (await walk.inspector()).get(f"{ROOT}/ho-so/{OPEN}/{COMPLETE}")).text:
        raise Unexpected(f"expected the open year {OPEN} under its own text until it is corrected")


async def correct(walk: Walk) -> None:
    """The open year goes over from its page: the preview says whose result changes, and who enters what again."""
    department = await walk.department()
    page = await department.get(f"{ROOT}/mua/{OPEN}")
    page = await department.get(page.link(r"/ban-sua$"))
    page.says(NAME, "chỉ lời văn: không ai phải nhập lại", POINTS, "1 đơn vị đổi kết quả tạm tính")
    page.says("nhập lại số liệu", WORDS.say(f"office.{_lead(walk, MEASURED_ANEW)}"))
    asked = next(row for row in page.rows if "nhập lại số liệu" in row.cells[0])
    if asked.cells[-1] != "2":
        raise Unexpected(f"expected data of two dossiers to be entered again; there is {asked}")
    filled = {"reason": "Đối chiếu với văn bản gốc.", "document_no": DOCUMENT}
    page = await department.send(page, page.form("ap-dung-ban-sua"), filled)
    page.says("Đã áp dụng bản sửa bộ tiêu chí", DOCUMENT)


async def work_after(walk: Walk) -> None:
    """What was asked for is entered again and judged by the corrected text; what was not asked for stands."""
    inspector = await walk.inspector()
    dossier = await inspector.get(f"{ROOT}/ho-so/{OPEN}/{BEGUN}")
    dossier.says(NAME)
    kept = await inspector.get(f"{ROOT}/ho-so/{OPEN}/{BEGUN}?chi-tieu={WORKED_ON}")
    kept.says(said_value(_figure(walk, WORKED_ON, BINH_PHUOC.dossiers[1]).value))
    lead = await walk.by(office_key(BEGUN, _lead(walk, MEASURED_ANEW)))
    page = await lead.get(f"{ROOT}/ho-so/{OPEN}/{BEGUN}?chi-tieu={MEASURED_ANEW}")
    trained = {f"{MEASURED_ANEW}.1.numerator": "19", f"{MEASURED_ANEW}.1.denominator": "22"}
    page = await lead.send(page, page.form("cham-diem"), trained)
    page.says("1,72")  # 19 of 22 of 2 points, where the text that shipped gave 1


async def closed_year_stays(walk: Walk) -> None:
    """Every page of the closed year, now and then, and its proof package are as they were, and nothing can change."""
    changed = [place for place, said in (await _pages(walk)).items() if walk.pages[place] != said]
    if changed:
        raise Unexpected(f"expected {changed} as before; there is {(await _pages(walk))[changed[0]][:400]}")
    department = await walk.department()
    (await department.get(f"{ROOT}/mua/{CLOSED}/ban-sua")).says("Năm đánh giá đã kết thúc").lacks("ap-dung-ban-sua")
    if await _proven(walk, await _proof_package(walk)) != walk.proven:
        raise Unexpected(f"expected the proof package of {CLOSED} to hold the same facts after the correction")


# ------------------------------------------------------------------------------------------------------


async def _pages(walk: Walk) -> dict[str, str]:
    """What the pages of the closed year say, today and as of before the correction. The end of the log moves on."""
    await walk.settled()
    inspector = await walk.inspector()
    found = {}
    for browser, places in ((inspector, SEEN), (walk.anybody(), PUBLIC)):
        for place in places:
            then = f"{place}{'&' if '?' in place else '?'}asof={walk.uncorrected}"
            found[place] = re.sub(r"Số liệu cập nhật đến mục nhật ký số #[\d.]+", "", (await browser.get(place)).text)
            found[then] = (await browser.get(then)).text
    tried = f"{TRIED}?asof={walk.uncorrected}"
    found[tried] = (await inspector.get(tried)).text
    return found


async def _proof_package(walk: Walk) -> bytes:
    """The proof package of the closed year's decision, asked for by the chairman and taken away."""
    browser = await walk.decider()
    page = await browser.get(f"{ROOT}/quyet-dinh/{CLOSED}/{COMPLETE}")
    await browser.send(page, page.form("ho-so-doi-chung"))
    last = time.monotonic() + PATIENCE
    while True:
        page = await browser.get(f"{ROOT}/ket-xuat")
        newest = " ".join(page.rows[1].cells)
        if "Bộ hồ sơ kiểm chứng" in newest and "sẵn sàng" in newest:
            break
        if time.monotonic() > last:
            raise Unexpected(f"expected the proof package within {PATIENCE:.0f} s; the page says: {page.gist}")
        await asyncio.sleep(0.5)
    return (await browser.send(page, page.form("tai-ve"))).content


async def _proven(walk: Walk, package: bytes) -> set[str]:
    """The facts that a proof package holds, by the hashes of their payloads, once it verifies under the policy that the
    province published.
    """
    work = walk.house.work(walk.teller.tenant, SYSTEM, uuid4(), date.today())  # noqa: DTZ011 - as of the machine, like the walk
    policy = ((await work.look(Log, LOG)).policy or "").encode()
    law = Law(load_rulebooks(), load_calendar())
    with tempfile.NamedTemporaryFile(suffix=".pdf") as file:
        path = Path(file.name)
        path.write_bytes(package)
        async with Printer(ASSETS) as prints:
            found = await verify(path, Trust(Policy.read(policy), policy), law, prints=prints)
        files = read_attachments(path, TOTAL_LIMIT) if found.holds else {}
    if found.answer is not ExitCode.VALID:
        raise Unexpected(f"expected the proof package of {CLOSED} to verify; it is {found.answer}: {found.reason}")
    return {name for name in files if name.startswith("payloads/")}


async def _enter(walk: Walk, indicator: str, dossier: Dossier) -> Page:
    """The lead enters an indicator of a commune in the open year, as the story has it."""
    figure = _figure(walk, indicator, dossier)
    browser = await walk.by(office_key(dossier.commune, _lead(walk, indicator)))
    page = await browser.get(f"{ROOT}/ho-so/{OPEN}/{dossier.commune}?chi-tieu={indicator}")
    return await browser.send(page, page.form("cham-diem"), typed(figure.measures))


def _figure(walk: Walk, indicator: str, dossier: Dossier) -> EnteredFigure:
    """What the lead enters under the text that ships."""
    told = figures(walk.teller.rulebook, walk.house.calendar, dossier, int(OPEN))
    return next(one for one in told if one.indicator == indicator)


def _of_open_year(walk: Walk) -> StoryBuilder:
    days = BINH_PHUOC.calendar
    scored = replace(days, scored=days.scored.replace(year=days.scored.year + 1))
    story = replace(BINH_PHUOC, year=int(OPEN), calendar=scored)
    return StoryBuilder(walk.house, story, walk.teller.tenant, provider_of(walk.house.settings, BINH_PHUOC))


def _lead(walk: Walk, indicator: str) -> Office:
    return next(lead for code, lead, _ in walk.teller.matrix() if code == indicator)


async def _text_of(walk: Walk, year: str) -> str:
    """The hash of the text that a year goes by."""
    work = walk.house.work(walk.teller.tenant, SYSTEM, uuid4(), date.today())  # noqa: DTZ011 - as of the machine, like the walk
    return (await work.look(Season, season_stream(year))).rulebook_sha256


CORRECTING: tuple[tuple[str, Correcting], ...] = (
    ("the next two years planned under the same text, one opened", next_years),
    ("closed year: pages now and then, proof package kept", keep_what_was),
    ("rulebook: label, number, indicator changed with sources", edit),
    ("rulebook: signed off by another; the planned year follows", sign_off),
    ("meanwhile everybody works on in the open year", work_on),
    ("open year corrected after its preview", correct),
    ("open year: entered again, judged by the corrected text", work_after),
    ("closed year: pages and proof package as they were", closed_year_stays),
)
