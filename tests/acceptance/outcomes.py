"""What the story promises of the five provinces, read over HTTP from their boards, dossiers and public pages."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable
from typing import TypeAlias

from domain.official import Office
from domain.recognition import Result
from infra.transparency.seal_status import CheckpointState
from projections.tables.standings import CommuneStage
from services.case.verdicts import Status
from services.demo import witnesses
from services.demo.offices import office_key
from services.demo.provinces import BINH_PHUOC, DONG_NAI, FALSE_EVIDENCE, HA_NOI, THANH_HOA, TINH_MAU, Story
from services.i18n import Words, indicator_number, load_words
from services.operations.check_consistency import disagreements
from services.processes.projector import projecting
from tests.acceptance.browsing import Page, Unexpected
from tests.acceptance.walking import Walk

Outcome: TypeAlias = Callable[[Walk], Awaitable[None]]

WORDS: Words = load_words()["vi"]

#: Points as a board would write them; a place ("địa điểm") or a moment ("thời điểm") is no such thing.
POINTS = re.compile(r"(?<![Tt]hời )(?<![Đđ]ịa )\b[Đđ]iểm\b|[+\u2212]\d+,\d")


async def ha_noi(walk: Walk) -> None:
    """Nam Từ Liêm 2021: all ten wards are recognised; TC5.CT3 to CT5 were assigned before the opening."""
    await _all_recognised(walk, HA_NOI)
    browser = await walk.inspector(HA_NOI)
    season = await browser.get(f"/t/{HA_NOI.slug}/mua/{HA_NOI.year}")
    lead = WORDS.say(f"office.{Office.OFFICE_STATISTICS}")
    for code in ("TC5.CT3", "TC5.CT4", "TC5.CT5"):
        row = next((row for row in season.rows if row.cells[0].startswith(f"{indicator_number(code)} ")), None)
        if row is None or lead not in row.cells[1]:
            raise Unexpected(f"expected {code} with {lead}; there is {row}")


async def binh_phuoc(walk: Walk) -> None:
    """Chơn Thành 2023: all nine units are recognised."""
    await _all_recognised(walk, BINH_PHUOC)


async def thanh_hoa(walk: Walk) -> None:
    """Bỉm Sơn 2018: in flight, with the class of each commune and the satisfaction of its people."""
    browser = await walk.inspector(THANH_HOA)
    board = await browser.get(f"/t/{THANH_HOA.slug}/bang/{THANH_HOA.year}")
    required = {"I": "90", "II": "80", "III": "70"}
    for one in THANH_HOA.dossiers:
        _expect(board, one.commune, stage=CommuneStage.SUBMITTED)
        if not (margin := board.row(f"/{one.commune}").cells[3]).endswith(f"/{required[one.unit_class or '']}"):
            raise Unexpected(f"expected {one.commune} held to its class {one.unit_class}; there is {margin!r}")
        dossier = await browser.get(f"/t/{THANH_HOA.slug}/ho-so/{THANH_HOA.year}/{one.commune}")
        dossier.says(f"{one.satisfied},00%")
    await _published(walk, THANH_HOA, 0)


async def dong_nai(walk: Walk) -> None:
    """Đồng Nai 2026: communes under way, met or not met, no points on any page, no result."""
    browser = await walk.inspector(DONG_NAI)
    department = await walk.by(office_key(DONG_NAI.province, Office.JUSTICE_DEPARTMENT), DONG_NAI)
    root, year = f"/t/{DONG_NAI.slug}", DONG_NAI.year
    board = await browser.get(f"{root}/bang/{year}")
    pages = [board, await browser.get(f"{root}/nhat-ky/{year}/{DONG_NAI.dossiers[0].commune}")]
    places = (f"mua/{year}", f"tham-dinh/{year}", f"hoi-dong/{year}", "viec", "ket-xuat")
    pages += [await department.get(f"{root}/{place}") for place in places]
    for one in DONG_NAI.dossiers:
        pages.append(await browser.get(f"{root}/ho-so/{year}/{one.commune}"))
        pages.append(await browser.get(f"{root}/ho-so/{year}/{one.commune}?chi-tieu=TC1.CT1"))
        pages.append(await walk.anybody().get(f"{root}/cong-khai/{year}/{one.commune}"))
    for page in pages:
        if found := POINTS.search(page.text):
            around = page.text[max(0, found.start() - 60) : found.end() + 40]
            raise Unexpected(f"expected no points on {page.url}; it says: … {around} …")
    for one in DONG_NAI.dossiers:
        _expect(board, one.commune, stage=CommuneStage.COLLECTING)
    await _published(walk, DONG_NAI, 0)


async def tinh_mau(walk: Walk) -> None:
    """Tỉnh Mẫu 2023: listed for its total, fails on one criterion, on the veto; recognised at 80.5; never scored."""
    browser = await walk.inspector(TINH_MAU)
    board = await browser.get(f"/t/{TINH_MAU.slug}/bang/{TINH_MAU.year}")
    _expect(board, "99001", "74,0", Status.NO, CommuneStage.LISTED)
    _expect(board, "99004", "92,0", Status.NO, CommuneStage.PUBLISHED, Result.NOT_RECOGNISED)
    _expect(board, "99007", "94,0", Status.VETO, CommuneStage.PUBLISHED, Result.NOT_RECOGNISED)
    _expect(board, "99010", "80,5", Status.NEAR, CommuneStage.PUBLISHED, Result.RECOGNISED)
    _expect(board, "99013", "–", Status.TODO, CommuneStage.COLLECTING)
    if (low := board.row("/99004").cells[6]) != f"{WORDS.say('status.no')} 7,0":
        raise Unexpected(f"expected TC3 of 99004 below half; there is {low!r}")
    commune, code = FALSE_EVIDENCE
    false = await browser.get(f"/t/{TINH_MAU.slug}/ho-so/{TINH_MAU.year}/{commune}?chi-tieu={code}")
    paper = await browser.get(false.link("/minh-chung/"))
    if not paper.content.startswith(b"%PDF"):
        raise Unexpected(f"expected the false paper at {paper.url}")


async def steps_of_tinh_mau(walk: Walk) -> None:
    """Tỉnh Mẫu 2023: the communes' own steps. One reported and stands on the list; one asked despite its sheet."""
    browser = await walk.inspector(TINH_MAU)
    root, year = f"/t/{TINH_MAU.slug}", TINH_MAU.year
    dossier = await browser.get(f"{root}/ho-so/{year}/99001")
    dossier.says("Trang thông tin điện tử của xã", "chưa đủ điều kiện công nhận", "02/BC-UBND", "105/QĐ-UBND")
    record = await browser.get(dossier.link("/bien-ban-hop$"))
    if not record.content.startswith(b"%PDF"):
        raise Unexpected(f"expected the record of the meeting at {record.url}")
    public = await walk.anybody().get(f"{root}/cong-khai/{year}/99001")
    public.says("không đề nghị công nhận", "105/QĐ-UBND")
    asked = await browser.get(f"{root}/ho-so/{year}/99007")
    asked.says("Khác phiếu chấm, lý do: Quyết định kỷ luật đang được khiếu nại")


async def council_of_tinh_mau(walk: Walk) -> None:
    """Tỉnh Mẫu 2023: a meeting inside the year with an absent member's opinion, one in January whose papers came
    late, and a consultation in writing without a meeting, each with its document.
    """
    browser = await walk.inspector(TINH_MAU)
    root, unit = f"/t/{TINH_MAU.slug}/hop/{TINH_MAU.year}", TINH_MAU.decided_by
    council = await browser.get(f"/t/{TINH_MAU.slug}/hoi-dong/{TINH_MAU.year}")
    council.says("20/11/2023", "30/01/2024", "lấy ý kiến bằng văn bản đến 02/02/2024")
    early = await browser.get(f"{root}/{unit}-1?xem=hop")
    early.says("17/CV-BDV", "không phải phiếu biểu quyết", "8/9 thành viên đã nhận", "02/BB-HĐ")
    opinion = await browser.get(early.link("/van-ban/"))
    january = await browser.get(f"{root}/{unit}-2?xem=hop")
    january.says("gửi muộn, hạn 25/01/2024", "03/BB-HĐ")
    asked = await browser.get(f"{root}/{unit}-3")
    asked.says("không tổ chức cuộc họp", "21/CV-MTTQ", "01/TH-HĐ")
    papers = [opinion, *[await browser.get(f"{root}/{unit}-{number}/bien-ban") for number in (1, 2, 3)]]
    for paper in papers:
        if not paper.content.startswith(b"%PDF"):
            raise Unexpected(f"expected a PDF at {paper.url}; there is {paper.content[:20]!r}")
    decision = await browser.get(f"/t/{TINH_MAU.slug}/quyet-dinh/{TINH_MAU.year}/99016")
    decision.says("24/11/2023")


async def every_log(walk: Walk) -> None:
    """What all five provinces have recorded is sealed and cosigned by both witnesses."""
    for tenant in await walk.operator.all():
        seal = await witnesses.cosigned(walk.house, tenant)
        if not (seal.state is CheckpointState.WITNESSED and len(seal.cosigned) == witnesses.QUORUM):
            raise Unexpected(f"expected the {seal.position} facts of {tenant.slug} witnessed; there is {seal}")


async def every_read_model(walk: Walk) -> None:
    """All rows of all five provinces are the same however they are made."""
    async with projecting(walk.house.settings) as (projector, _):
        for tenant in await walk.operator.all():
            if found := await disagreements(walk.house.reads, projector, tenant):
                raise Unexpected(f"expected the read models of {tenant.slug} the same three ways; there is {found[0]}")


# ------------------------------------------------------------------------------------------------------


async def _all_recognised(walk: Walk, story: Story) -> None:
    browser = await walk.inspector(story)
    board = await browser.get(f"/t/{story.slug}/bang/{story.year}")
    for one in story.dossiers:
        _expect(board, one.commune, stage=CommuneStage.PUBLISHED, result=Result.RECOGNISED)
    await _published(walk, story, len(story.dossiers))


async def _published(walk: Walk, story: Story, decisions: int) -> None:
    """The province's public register has this many decisions."""
    page = await walk.anybody().get(f"/t/{story.slug}/cong-khai?nam={story.year}")
    found = sum("QĐ-UBND" in page.row(f"/{one.commune}").cells[-1] for one in story.dossiers)
    if found != decisions:
        raise Unexpected(f"expected {decisions} published decisions on {page.url}; there are {found}")


def _expect(
    board: Page,
    commune: str,
    total: str = "",
    status: Status | None = None,
    stage: CommuneStage | None = None,
    result: Result | None = None,
) -> None:
    """The commune's row says this; None: whatever it says."""
    cells = board.row(f"/{commune}").cells
    ended = f"{WORDS.say(f'stage.{stage}')} {WORDS.say(f'result.{result}') if result else ''}".strip()
    judged = WORDS.say(f"status.{status}") if status else ""
    if not (cells[-1].startswith(ended) and total in cells[2] and judged in cells[2]):
        raise Unexpected(f"expected {commune} with {total} {judged}, {ended}; there is {cells}")


OUTCOMES: tuple[tuple[str, Outcome], ...] = (
    ("outcome: Nam Từ Liêm 2021, 10 of 10 recognised", ha_noi),
    ("outcome: Chơn Thành 2023, 9 of 9 recognised", binh_phuoc),
    ("outcome: Bỉm Sơn 2018 in flight, classes and satisfaction", thanh_hoa),
    ("outcome: Đồng Nai 2026 without points or result", dong_nai),
    ("outcome: Tỉnh Mẫu 2023, each fails or passes as told", tinh_mau),
    ("outcome: Tỉnh Mẫu 2023, the communes' steps, one listed", steps_of_tinh_mau),
    ("outcome: Tỉnh Mẫu 2023, early sitting, opinions, consultation", council_of_tinh_mau),
    ("outcome: every log sealed, cosigned 2 of 2", every_log),
)

#: Held at the very end, over all that was told and walked.
AGREEMENT: tuple[tuple[str, Outcome], ...] = (
    ("agreement: read models live, rebuilt, folded as of the end", every_read_model),
)
