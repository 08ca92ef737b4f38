"""The steps that are walked over HTTP: one commune of Chơn Thành from the plan of the season to the published decision.

Each step is a function of the walk; it raises Unexpected, with what was expected and what was there, when a page is
not as the story has it.
"""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import Awaitable, Callable, Sequence
from decimal import Decimal
from hashlib import sha256
from typing import TypeAlias
from uuid import uuid4

from domain.commune_steps import NAMED_GROUPS
from domain.judging import Value
from domain.measure import Measured
from domain.official import Office
from domain.season import Step
from projections.analysis.flags import Sign
from services.assessment import assess
from services.demo import provider_of, witnesses
from services.demo.figures import EnteredFigure, figures
from services.demo.offices import SEATS, office_key, seat_key
from services.demo.papers import SIGNED
from services.demo.provinces import BINH_PHUOC, DONG_NAI, FALSE_EVIDENCE, STORIES, TINH_MAU, Story
from services.demo.telling import StoryBuilder, take_in, tell_all, together
from services.i18n import Words, indicator_number, load_words
from tests.acceptance.browsing import FileToSend, Page, Typed, Unexpected
from tests.acceptance.walking import WALKED, Walk, position_of

StepOfWalk: TypeAlias = Callable[[Walk], Awaitable[None]]

#: Indicators with which something happens beside the plain way.
DIFFERENT = "TC1.CT2"  # proposed other than the rule gives, with a reason
LOWERED = "TC3.CT1"  # appraised other than proposed, with a reason
RETURNED = "TC2.CT4"  # returned for a supplement

#: A commune of today's rules, in which one indicator of each kind of measure is entered.
OF_TODAY = "25270"
KINDS = ("TC1.CT1", "TC2.CT1", "TC2.CT4", "TC2.CT5", "TC3.CT4")

#: Seconds until a document must be made.
PATIENCE = 60.0

DAYS = BINH_PHUOC.calendar
SEASON = str(BINH_PHUOC.year)
UNIT = BINH_PHUOC.decided_by
OTHERS = BINH_PHUOC.dossiers[1:]
PRESENT = range(len(SEATS) - 1)
WORDS: Words = load_words()["vi"]

# The season -------------------------------------------------------------------------------------------


async def take_provinces_in(walk: Walk) -> None:
    """The walked province is taken in and its people enrolled; the others are told in the background."""

    async def teller(story: Story) -> StoryBuilder:
        found = await take_in(walk.house, walk.operator, story, provider_of(walk.house.settings, story))
        await witnesses.trust(walk.house, found.tenant)
        return found

    async def tell_others() -> None:
        for story in STORIES:
            if story is not BINH_PHUOC:
                await tell_all(await teller(story))

    walk.teller = await teller(BINH_PHUOC)
    await walk.teller.enrol()
    walk.meanwhile("other provinces", tell_others())


async def sign_in(walk: Walk) -> None:
    """Everybody signs in, each in a browser of their own."""
    commune = (Office.JUSTICE_OFFICER, Office.OFFICE_STATISTICS, Office.POLICE_CHIEF, Office.COMMUNE_CHAIRMAN)
    await together([walk.department(), walk.decider(), walk.inspector(), *map(walk.officer, commune)])
    await together(walk.member(number) for number in range(len(SEATS)))


async def plan(walk: Walk) -> None:
    """The department plans the season: rulebook, communes."""
    browser = await walk.department()
    page = await browser.get(f"/t/{BINH_PHUOC.slug}/mua")
    chosen = {"year": SEASON, "rulebook": BINH_PHUOC.rulebook, "unit": UNIT}
    planned = await browser.send(page, page.form("lap-ke-hoach"), chosen)
    planned.says(walk.teller.rulebook.short, str(len(BINH_PHUOC.dossiers))).form("phan-cong")


async def set_deadlines(walk: Walk) -> None:
    """The department sets the last day of each step."""
    browser = await walk.department()
    page = await browser.get(walk.season())
    last = {
        Step.SCORED: DAYS.scored,
        Step.POSTED: DAYS.posted,
        Step.SUBMITTED: DAYS.submitted,
        Step.APPRAISED: DAYS.appraised,
        Step.VOTED: DAYS.met,
        Step.DECIDED: DAYS.decided,
    }
    days = {f"on.{step}": WORDS.date(on) for step, on in last.items()}
    page = await browser.send(page, page.form("dat-han"), {**days, "basis": BINH_PHUOC.basis})
    form = page.form("dat-han")
    for name, on in days.items():
        if (kept := form.value(name)) != on:
            raise Unexpected(f"expected {name} to be {on}; it is {kept}")


async def assign(walk: Walk) -> None:
    """The matrix: with one line missing the page names it and offers no opening; then it is complete."""
    browser = await walk.department()
    page = await browser.get(walk.season())
    matrix = walk.teller.matrix()
    page = await browser.send(page, page.form("phan-cong"), typed_matrix(matrix[:-1]))
    page.link(f"#dong-{matrix[-1][0]}$")
    page.lacks("mo")
    page = await browser.send(page, page.form("phan-cong"), typed_matrix(matrix[-1:]))
    page.form("mo")


def typed_matrix(lines: Sequence[tuple[str, Office, Sequence[Office]]]) -> dict[str, Typed]:
    filled: dict[str, Typed] = {"decision_no": BINH_PHUOC.basis}
    for indicator, lead, coordinating in lines:
        filled[f"lead.{indicator}"] = lead.value
        filled[f"with.{indicator}"] = [one.value for one in coordinating]
    return filled


async def open_season(walk: Walk) -> None:
    """The season opens; the other communes are told from here on."""
    browser = await walk.department()
    page = await browser.get(walk.season())
    opened = await browser.send(page, page.form("mo"), {"on": WORDS.date(DAYS.opened)})
    opened.lacks("mo").form("tam-dung")
    walk.meanwhile("other communes", together(walk.teller.tell(one) for one in OTHERS))


# The dossier ------------------------------------------------------------------------------------------


async def enter_figures(walk: Walk) -> None:
    """Each lead enters the data of each indicator, and sees the score that the rule gives."""
    for figure in _figures(walk):
        browser = await walk.officer(_lead(walk, figure.indicator))
        page = await browser.get(f"{walk.at('ho-so')}?chi-tieu={figure.indicator}")
        page = await browser.send(page, page.form("cham-diem"), typed(figure.measures))
        page.says(said_value(figure.value))
        if figure.indicator == DIFFERENT:
            page.says(f"Điểm tính theo quy định: {said_value(figure.value)}")


async def refuse_wrong_scores(walk: Walk) -> None:
    """Too high a score, and a word in place of a number: refused in Vietnamese, what was typed stays."""
    browser = await walk.officer(_lead(walk, DIFFERENT))
    page = await browser.get(f"{walk.at('ho-so')}?chi-tieu={DIFFERENT}")
    for wrong, why in (("9,5", "points-above-maximum"), ("bảy", "not-a-number")):
        again = await browser.send(page, page.form("cham-diem"), {"proposed": wrong}, refused="form-invalid")
        again.says(WORDS.say(f"invalid.{why}") % {"typed": wrong, "maximum": "7"})
        if (kept := again.form("cham-diem").value("proposed")) != wrong:
            raise Unexpected(f"expected {wrong!r} to stay where it was typed; there is {kept!r}")


async def propose_differently(walk: Walk) -> None:
    """A score other than the rule's: not without a reason, and not over somebody else's edit."""
    browser = await walk.officer(_lead(walk, DIFFERENT))
    address = f"{walk.at('ho-so')}?chi-tieu={DIFFERENT}"
    first, second = await browser.get(address), await browser.get(address)
    await browser.send(first, first.form("cham-diem"), {"proposed": "6,25"}, refused="reason-missing")
    proposal = {"proposed": "6,25", "reason": "Hai hồ sơ giải quyết chậm một ngày do mất điện."}
    saved = await browser.send(first, first.form("cham-diem"), proposal)
    saved.says("6,25")
    late = await browser.send(second, second.form("cham-diem"), {**proposal, "proposed": "6,0"}, refused="stale")
    late.says("6,25", "6,0")


async def attach_evidence(walk: Walk) -> None:
    """A file for each indicator; a program among them is refused."""
    for number, figure in enumerate(_figures(walk)):
        code = figure.indicator
        browser = await walk.officer(_lead(walk, code))
        page = await browser.get(f"{walk.at('ho-so')}?chi-tieu={code}")
        form = page.form("minh-chung")
        if number == 0:
            program = FileToSend("minh-chung.pdf.exe", b"MZ\x90\x00 a program")
            await browser.send(page, form, refused="file-type-forbidden", tep=program)
            await browser.send(page, form, refused="file-empty", tep=FileToSend("trong.pdf", b""))
        paper = FileToSend(f"minh-chung-{code.lower()}.pdf", walk.teller.papers.paper(WALKED.commune, code))
        (await browser.send(page, form, tep=paper)).says(paper.name)


async def consolidate(walk: Walk) -> None:
    """The justice officer declares the conditions and brings the sheet together."""
    browser = await walk.officer(Office.JUSTICE_OFFICER)
    page = await browser.get(walk.at("ho-so"))
    for condition in assess.declarable(walk.teller.rulebook):
        form = page.form("dieu-kien", condition=condition)
        page = await browser.send(page, form, {"occurred": "no", "basis": "Phòng Nội vụ xác nhận bằng văn bản"})
    page = await browser.send(page, page.form("tong-hop"), {"on": WORDS.date(DAYS.scored)})
    page.says("Phòng Nội vụ xác nhận bằng văn bản").form("niem-yet-cac-noi")


async def post(walk: Walk) -> None:
    """The result is posted at three places; at the office alone is refused."""
    browser = await walk.officer(Office.JUSTICE_OFFICER)
    page = await browser.get(walk.at("ho-so"))
    on, until = WORDS.date(DAYS.posted), WORDS.date(DAYS.posted_until)
    channels = ("office", "portal", "loudspeaker")
    days = {f"{one}_on": on for one in channels} | {f"{one}_until": until for one in channels}
    office: dict[str, Typed] = {**days, "office_place": "Trụ sở Ủy ban nhân dân, nhà văn hóa ấp"}
    page = await browser.send(page, page.form("niem-yet-cac-noi"), office, refused="posting-place-missing")
    told: dict[str, Typed] = {
        **office,
        "portal_place": "minhlap.example.vn",
        "loudspeaker_place": "Đài xã",
        "loudspeaker_times": "3",
    }
    page = await browser.send(page, page.form("niem-yet-cac-noi"), told)
    page.says("nhà văn hóa ấp", "minhlap.example.vn", until)


async def comment(walk: Walk) -> None:
    """Somebody commented while the result was posted; until it is answered nothing can be submitted.

    The posting ended long before this walk, so the page takes no comment any more: this one is told.
    """
    chairman = await walk.officer(Office.COMMUNE_CHAIRMAN)
    (await walk.anybody().get(walk.at("cong-khai"))).lacks("gop-y")
    text = "Bảng niêm yết ở ấp 3 chữ nhỏ, khó đọc."
    told = walk.house.work(walk.teller.tenant, assess.ANYBODY, uuid4(), DAYS.posted)
    await assess.receive_comment(told, SEASON, WALKED.commune, text, DAYS.posted)

    page = await chairman.get(walk.at("ho-so"))
    page = await chairman.send(
        page.lacks("hop-thong-nhat"), page.form("tra-loi"), {"answer": "Đã in lại khổ lớn và niêm yết lại."}
    )
    page.form("hop-thong-nhat")


async def agree(walk: Walk) -> None:
    """The commune's meeting, led by the chairman, agrees that it meets the conditions; its record is a file."""
    browser = await walk.officer(Office.JUSTICE_OFFICER)
    page = await browser.get(walk.at("ho-so"))
    met: dict[str, Typed] = {"met_on": WORDS.date(DAYS.submitted), **{group.value: "2" for group in NAMED_GROUPS}}
    page = await browser.send(page, page.form("hop-thong-nhat"), met, refused="file-not-chosen")
    record = FileToSend("bien-ban-hop.pdf", walk.teller.papers.paper(WALKED.commune, "bien-ban-hop", SIGNED))
    page = await browser.send(page, page.form("hop-thong-nhat"), met, record=record)
    page.says("Thống nhất: đủ điều kiện đề nghị công nhận.")


async def submit(walk: Walk) -> None:
    """The chairman sends the dossier for appraisal; this moment is looked back at later."""
    chairman = await walk.officer(Office.COMMUNE_CHAIRMAN)
    page = await chairman.get(walk.at("ho-so"))
    page = await chairman.send(page, page.form("gui"), {"document_no": "02/TTr-UBND", "on": WORDS.date(DAYS.submitted)})
    page.says("02/TTr-UBND")
    walk.submitted = position_of(page)


# The appraisal ----------------------------------------------------------------------------------------


async def appraise(walk: Walk) -> None:
    """The appraiser opens the evidence and judges each indicator; one is returned with a reason and a date."""
    browser = await walk.member(2)
    queue = await browser.get(walk.season("tham-dinh"))
    queue.row(f"/{WALKED.commune}")
    for figure in _figures(walk):
        code = figure.indicator
        page = await browser.get(f"{walk.at('tham-dinh')}?chi-tieu={code}")
        paper = await browser.send(page, page.form("mo-minh-chung"))
        if not paper.content.startswith(b"%PDF"):
            raise Unexpected(f"expected the paper of {code}; there is {paper.content[:20]!r}")
        if code == RETURNED:
            due = walk.house.calendar.after(DAYS.submitted, 5)
            ask = {"reason": "Đề nghị bổ sung biên bản của các hội nghị trong năm.", "due": WORDS.date(due)}
            await browser.send(page, page.form("tra-lai"), ask)
        elif code == LOWERED:
            lower = {"value": "7,0", "reason": "Một vụ việc hòa giải chưa có biên bản."}
            await browser.send(page, page.form("cham"), lower)
        else:
            await browser.send(page, page.form("dong-y"))
    page = await browser.get(walk.at("tham-dinh"))
    page.lacks("ket-luan")


async def supplement(walk: Walk) -> None:
    """The lead finds it among their work and adds a file; the chairman sends it back."""
    lead = await walk.officer(_lead(walk, RETURNED))
    work = await lead.get(f"/t/{BINH_PHUOC.slug}/viec")
    page = await lead.get(work.link(rf"{walk.at('ho-so')}\?chi-tieu={RETURNED}"))
    page.says("biên bản của các hội nghị")
    paper = FileToSend("bien-ban-bo-sung.pdf", walk.teller.papers.paper(WALKED.commune, f"{RETURNED}.bo-sung"))
    (await lead.send(page, page.form("minh-chung"), tep=paper)).says(paper.name)

    chairman = await walk.officer(Office.COMMUNE_CHAIRMAN)
    page = await chairman.get(walk.at("ho-so"))
    on = WORDS.date(walk.house.calendar.after(DAYS.submitted, 5))
    (await chairman.send(page, page.form("gui-lai"), {"on": on})).lacks("gui-lai").says(on)


async def conclude(walk: Walk) -> None:
    """The appraiser agrees to what came back, and proposes to recognise."""
    browser = await walk.member(2)
    page = await browser.get(f"{walk.at('tham-dinh')}?chi-tieu={RETURNED}")
    page = await browser.send(page, page.form("dong-y"))
    proposal = {"proposal": "recognise", "on": WORDS.date(DAYS.appraised)}
    page = await browser.send(page, page.form("ket-luan"), proposal)
    page.says(WORDS.date(DAYS.appraised)).form("tham-dinh-lai")


# The council ------------------------------------------------------------------------------------------


async def constitute(walk: Walk) -> None:
    """The council is constituted by a decision: every member with a role and an agency."""
    browser = await walk.decider()
    page = await browser.get(walk.season("hoi-dong"))
    filled: dict[str, Typed] = {"decision_no": "35/QĐ-UBND", "on": WORDS.date(DAYS.council)}
    for number, seat in enumerate(SEATS):
        person = walk.teller.person(seat_key(UNIT, number))
        filled |= {f"role-{person}": seat.role.value, f"agency-{person}": seat.agency}
    page = await browser.send(page, page.form("thanh-lap"), filled)
    page.says("35/QĐ-UBND", *(seat.agency for seat in SEATS)).form("thay")


async def convene(walk: Walk) -> None:
    """The chair calls the council together on all dossiers."""
    await walk.told("other communes")
    browser = await walk.member(0)
    page = await browser.get(walk.season("hoi-dong"))
    communes = [one.commune for one in BINH_PHUOC.dossiers]
    called = {"on": WORDS.date(DAYS.met), "place": "Phòng họp Ủy ban nhân dân", "item": communes}
    page = await browser.send(page, page.form("trieu-tap"), called)
    walk.meeting = page.url.partition(f"{walk.season('hop')}/")[2].partition("?")[0]
    if not walk.meeting:
        raise Unexpected(f"expected the meeting's page; came to {page.url}")


async def send_papers(walk: Walk) -> None:
    """The secretary records that the papers went out in time; a member confirms having them."""
    secretary, member = await walk.member(2), await walk.member(3)
    address = walk.at("hop", walk.meeting)
    page = await secretary.get(f"{address}?xem=hop")
    page = await secretary.send(page, page.form("gui-tai-lieu"), {"sent": WORDS.date(DAYS.papers or DAYS.council)})
    page.says("đã gửi 24/01/2024")
    page = await member.get(address)
    page = await member.send(page, page.form("nhan-tai-lieu"))
    page.lacks("nhan-tai-lieu")


async def meet(walk: Walk) -> None:
    """Too few members make no quorum; with all but one present the vote on the dossier can open."""
    chair = await walk.member(0)
    address = f"{walk.at('hop', walk.meeting)}?xem=hop&muc={WALKED.commune}"
    people = [str(walk.teller.person(seat_key(UNIT, number))) for number in range(len(SEATS))]
    page = await chair.get(address)
    page = await chair.send(page, page.form("diem-danh"), {"present": people[:5]})
    page = await chair.get(address)
    page = await chair.send(page, page.form("chuyen-muc", item=WALKED.commune))
    page = await chair.send(page.lacks("mo-bieu-quyet"), page.form("diem-danh"), {"present": people[: len(PRESENT)]})
    page = await chair.get(address)
    page = await chair.send(page, page.form("mo-bieu-quyet", item=WALKED.commune))
    page.form("dong-bieu-quyet")


async def vote(walk: Walk) -> None:
    """The members cast named ballots; one presses twice and gets the same receipt, the absent one gets no ballot."""
    receipts = await together(_ballot(walk, number) for number in PRESENT)
    if len(set(receipts)) != len(PRESENT):
        raise Unexpected(f"expected {len(PRESENT)} receipts; there are {receipts}")
    absent = await (await walk.member(len(PRESENT))).get(f"{walk.at('hop', walk.meeting)}?xem=phieu")
    absent.lacks("ghi-phieu")


async def _ballot(walk: Walk, number: int) -> str:
    """The member's receipt."""
    browser = await walk.member(number)
    page = await browser.get(f"{walk.at('hop', walk.meeting)}?xem=phieu")
    form = page.form("ghi-phieu")
    receipt = _receipt(await browser.send(page, form, {"choice": "for"}))
    if number == 1 and (again := _receipt(await browser.send(page, form, {"choice": "for"}))) != receipt:
        raise Unexpected(f"expected the receipt {receipt} again; got {again}")
    return receipt


def _receipt(page: Page) -> str:
    found = re.search(r"\b[A-Z2-7]{4}-[A-Z2-7]{4}\b", page.text)
    if found is None:
        raise Unexpected(f"expected the receipt of a ballot on {page.url}: {page.gist}")
    return found[0]


async def close_vote(walk: Walk) -> None:
    """The chair concludes the vote; the council votes on the other communes (told), and the meeting ends."""
    chair = await walk.member(0)
    address = f"{walk.at('hop', walk.meeting)}?xem=hop&muc={WALKED.commune}"
    page = await chair.get(address)
    page = await chair.send(page, page.form("dong-bieu-quyet", item=WALKED.commune))
    named = [row for row in page.rows if WORDS.say("choice.for") in row.cells]
    if len(named) != len(PRESENT):
        raise Unexpected(f"expected {len(PRESENT)} named ballots for; there are {len(named)} on {page.url}")
    for other in OTHERS:
        await walk.teller.vote(walk.meeting, other.commune)
    page = await chair.get(address)
    page = await chair.send(page, page.form("ket-thuc"), {"on": WORDS.date(DAYS.met)})
    page.lacks("diem-danh")


async def issue_minutes(walk: Walk) -> None:
    """The worker makes the minutes as a PDF; the secretary issues them, a member takes them away."""
    secretary = await walk.member(2)
    address = walk.at("hop", walk.meeting)
    page = await secretary.get(f"{address}?xem=hop")
    page = await secretary.send(page, page.form("lap-bien-ban"), {"document_no": "03/BB-HĐ"})
    last = time.monotonic() + PATIENCE
    while not page.has_form("ban-hanh-bien-ban"):
        if page.has_form("lap-bien-ban") or time.monotonic() > last:
            raise Unexpected(f"expected the minutes within {PATIENCE:.0f} s; the page says: {page.gist}")
        await asyncio.sleep(0.2)
        page = await secretary.get(f"{address}?xem=hop")
    scan = FileToSend("bien-ban-da-ky.pdf", walk.teller.papers.paper(walk.meeting, "bien-ban", SIGNED))
    page = await secretary.send(page, page.form("ban-hanh-bien-ban"), file=scan)
    page.says("03/BB-HĐ").lacks("lap-bien-ban")
    paper = await (await walk.member(3)).get(f"{address}/bien-ban")
    if not paper.content.startswith(b"%PDF"):
        raise Unexpected(f"expected a PDF; there is {paper.content[:20]!r}")


# The decision -----------------------------------------------------------------------------------------


async def decide(walk: Walk) -> None:
    """The chairman decides: against the vote not without a reason; then as the council advised."""
    browser = await walk.decider()
    page = await browser.get(walk.at("quyet-dinh"))
    decision = {"decision_no": "101/QĐ-UBND", "on": WORDS.date(DAYS.decided)}
    against = {**decision, "result": "not-recognised"}
    await browser.send(page, page.form("quyet-dinh"), against, refused="reason-missing")
    page = await browser.get(walk.at("quyet-dinh"))
    page = await browser.send(page, page.form("quyet-dinh"), {**decision, "result": "recognised"})
    page.says("101/QĐ-UBND").form("lap-quyet-dinh")


async def make_document(walk: Walk) -> None:
    """The worker makes the decision as a PDF; the chairman takes it away."""
    browser = await walk.decider()
    page = await browser.get(walk.at("quyet-dinh"))
    page = await browser.send(page, page.form("lap-quyet-dinh"))
    last = time.monotonic() + PATIENCE
    while not page.has_form("tai-ve"):
        if "không lập được" in page.text or time.monotonic() > last:
            raise Unexpected(f"expected the document within {PATIENCE:.0f} s; the page says: {page.gist}")
        await asyncio.sleep(0.2)
        page = await browser.get(walk.at("quyet-dinh"))
    paper = await browser.send(page, page.form("tai-ve"))
    if not paper.content.startswith(b"%PDF"):
        raise Unexpected(f"expected a PDF; there is {paper.content[:20]!r}")
    walk.sha256 = sha256(paper.content).hexdigest()


async def sign_and_publish(walk: Walk) -> None:
    """The document is signed and published; the other decisions are told."""
    browser = await walk.decider()
    page = await browser.get(walk.at("quyet-dinh"))
    signed = {"on": WORDS.date(DAYS.decided)}
    draft = await walk.house.files(walk.teller.tenant).read(walk.sha256)
    await browser.send(page, page.form("ky"), signed, refused="not-signed", file=FileToSend("quyet-dinh.pdf", draft))
    scan = FileToSend("quyet-dinh-da-ky.pdf", walk.teller.papers.paper(WALKED.commune, "quyet-dinh", SIGNED))
    page = await browser.send(page, page.form("ky"), signed, file=scan)
    page.lacks("ky")
    published = {"place": "Cổng thông tin điện tử thị xã", "on": WORDS.date(DAYS.decided)}
    page = await browser.send(page, page.form("cong-bo"), published)
    page.says("Cổng thông tin điện tử thị xã")
    decisions = enumerate((other.commune for other in OTHERS), start=102)
    walk.meanwhile("other decisions", together(walk.teller.decide(one, number) for number, one in decisions))


async def read_in_public(walk: Walk) -> None:
    """Anybody reads the result, with the comment and its answer."""
    page = await walk.anybody().get(walk.at("cong-khai"))
    page.says("Đạt chuẩn tiếp cận pháp luật", "101/QĐ-UBND", "90,25", "Đã in lại khổ lớn")


# Looking back -----------------------------------------------------------------------------------------


async def look_back(walk: Walk) -> None:
    """The inspector sees board and dossier as they were when the dossier had just been submitted."""
    browser = await walk.inspector()
    then = await browser.get(f"{walk.season('bang')}?asof={walk.submitted}")
    _stage(then, "submitted")
    _stage(await browser.get(walk.season("bang")), "published")
    moment = re.search(r"\d\d:\d\d:\d\d \d\d/\d\d/\d{4}", then.text)
    if moment is None:
        raise Unexpected(f"expected {then.url} to name its moment: {then.gist}")
    by_time = await browser.get(f"{walk.season('bang')}?asof={moment[0].replace(' ', '+')}")
    by_time.says(moment[0]).row(f"/{WALKED.commune}")

    address = f"{walk.at('ho-so')}?chi-tieu={LOWERED}"
    why = "Một vụ việc hòa giải chưa có biên bản"
    now = await browser.get(address)
    dossier = await browser.get(f"{address}&asof={walk.submitted}")
    if why not in now.text or why in dossier.text or any("/ho-so/" in form.action for form in dossier.acts):
        raise Unexpected(f"expected {dossier.url} to know nothing of later, and to offer no act: {dossier.gist}")


def _stage(board: Page, stage: str) -> None:
    cells, expected = board.row(f"/{WALKED.commune}").cells, WORDS.say(f"stage.{stage}")
    if not cells[-1].startswith(expected):
        raise Unexpected(f"expected {WALKED.commune} at {expected!r} on {board.url}; there is {cells}")


async def read_trail(walk: Walk) -> None:
    """The inspector reads who did what."""
    browser = await walk.inspector()
    page = await browser.get(walk.at("nhat-ky"))
    page.says("Hai hồ sơ giải quyết chậm một ngày", "Một vụ việc hòa giải chưa có biên bản", "101/QĐ-UBND")


async def find_by_flag(walk: Walk) -> None:
    """From the board of Tỉnh Mẫu to its flags: one says that two communes have one paper, and where."""
    await walk.told("other provinces")
    browser = await walk.inspector(TINH_MAU)
    board = await browser.get(f"/t/{TINH_MAU.slug}/bang/{TINH_MAU.year}")
    commune, code = FALSE_EVIDENCE
    flags = await browser.get(f"{board.link(rf'/dau-hieu/{TINH_MAU.year}$')}?xa={commune}")
    flags.says(*(WORDS.say(f"flag.{sign}") for sign in (Sign.AT_THE_THRESHOLD, Sign.AGREED_UNOPENED)))
    copied = await browser.get(f"{flags.url}&loai={Sign.FILE_IN_SEVERAL_COMMUNES}")
    copied.says(WORDS.say(f"flag.{Sign.FILE_IN_SEVERAL_COMMUNES}.rule"), indicator_number(code))
    walk.suspected = int(copied.link(rf"/nhat-ky/{TINH_MAU.year}/{commune}.*#p\d+$").rpartition("#p")[2])


async def try_without(walk: Walk) -> None:
    """Without that paper the commune would have had 78.5 points and not met the standard; the log stays as it was."""
    browser = await walk.inspector(TINH_MAU)
    commune, _ = FALSE_EVIDENCE
    address = f"/t/{TINH_MAU.slug}/gia-dinh/{TINH_MAU.year}/{commune}"
    page = await browser.get(address)
    position = position_of(page)
    page.says("80,5").link(rf"\?bo={walk.suspected}$")
    struck = await browser.get(f"{address}?bo={walk.suspected}")
    struck.says("80,5", "78,5", WORDS.say("chưa đạt chuẩn"))
    if (after := position_of(await browser.get(address))) != position:
        raise Unexpected(f"expected nothing recorded after #{position}; the log is at #{after}")


async def stay_in_the_province(walk: Walk) -> None:
    """Another province's pages do not exist for the people of this one."""
    await walk.told("other provinces")
    browser = await walk.decider()
    for address in ("/t/ha-noi/bang/2021", "/t/ha-noi/ho-so/2021/00592", "/t/ha-noi/viec"):
        page = await browser.get(address, status=404)
        if "Nam Từ Liêm" in page.text or "Hà Nội" in page.text:
            raise Unexpected(f"expected nothing of Hà Nội on {address}: {page.gist}")


async def enter_every_kind(walk: Walk) -> None:
    """Today's rules in Đồng Nai: ratio, yes or no, date, checklist and amount; the rule says met, not a number."""
    rulebook = walk.house.rulebooks.newest(DONG_NAI.rulebook)
    inspected = DONG_NAI.dossiers[-1]
    entered = {one.indicator: one for one in figures(rulebook, walk.house.calendar, inspected, DONG_NAI.year)}
    for code in KINDS:
        lead = Office.OFFICE_STATISTICS if code.startswith("TC1") else Office.JUSTICE_OFFICER
        browser = await walk.by(office_key(OF_TODAY, lead), DONG_NAI)
        page = await browser.get(f"/t/{DONG_NAI.slug}/ho-so/{DONG_NAI.year}/{OF_TODAY}?chi-tieu={code}")
        page = await browser.send(page, page.form("cham-diem"), typed(entered[code].measures))
        page.says("Theo quy định: đạt")


async def close_season(walk: Walk) -> None:
    """The last decisions are there; the department ends the season."""
    await walk.told("other decisions")
    browser = await walk.department()
    page = await browser.get(walk.season())
    page = await browser.send(page, page.form("ket-thuc"), {"on": WORDS.date(DAYS.decided)})
    page.lacks("ket-thuc").lacks("tam-dung")


# ------------------------------------------------------------------------------------------------------


def typed(measures: dict[str, Measured]) -> dict[str, Typed]:
    """What an officer types and ticks to enter this, by field."""
    filled: dict[str, Typed] = {}
    for part, measured in measures.items():
        given: dict[str, Typed | None] = {
            "numerator": _count(measured.numerator),
            "denominator": _count(measured.denominator),
            "amount": _count(measured.amount),
            "option": measured.option,
            "answer": measured.answer,
            "checked": list(measured.checked) or None,
            "on": WORDS.date(measured.on) or None,
            "from_on": WORDS.date(measured.from_on) or None,
            "points": WORDS.points(measured.points) or None,
            **{f"count{number}": str(count) for number, count in enumerate(measured.counts)},
        }
        filled |= {f"{part}.{name}": value for name, value in given.items() if value is not None}
    return filled


def _count(number: int | None) -> str | None:
    return None if number is None else str(number)


def said_value(value: Value) -> str:
    return WORDS.points(value) if isinstance(value, Decimal) else value.value


def _figures(walk: Walk) -> list[EnteredFigure]:
    """What the officers of the walked commune enter."""
    return figures(walk.teller.rulebook, walk.house.calendar, WALKED, BINH_PHUOC.year)


def _lead(walk: Walk, indicator: str) -> Office:
    return next(lead for code, lead, _ in walk.teller.matrix() if code == indicator)


STEPS: tuple[tuple[str, StepOfWalk], ...] = (
    ("provinces taken in, people enrolled", take_provinces_in),
    ("everybody signs in at the provider", sign_in),
    ("season planned with its rulebook", plan),
    ("deadlines set", set_deadlines),
    ("unassigned indicator reported, matrix completed", assign),
    ("season opened", open_season),
    ("figures entered by their leads, the rule's score seen", enter_figures),
    ("wrong scores refused, what was typed kept", refuse_wrong_scores),
    ("score proposed with a reason, stale edit refused", propose_differently),
    ("evidence attached, forbidden files refused", attach_evidence),
    ("conditions declared, sheet consolidated", consolidate),
    ("result posted publicly", post),
    ("comment received and answered", comment),
    ("commune's meeting agrees on the result", agree),
    ("dossier submitted by the chairman", submit),
    ("evidence opened, indicators appraised, one returned", appraise),
    ("indicator supplemented and resubmitted", supplement),
    ("appraisal concluded", conclude),
    ("council constituted by a decision", constitute),
    ("council convened", convene),
    ("papers sent to the council, receipt confirmed", send_papers),
    ("attendance, quorum, vote opened", meet),
    ("ballots cast, one pressed twice", vote),
    ("vote concluded, meeting closed", close_vote),
    ("minutes made as PDF by the worker, issued", issue_minutes),
    ("decision taken by the chairman", decide),
    ("decision made as PDF by the worker, downloaded", make_document),
    ("decision signed and published", sign_and_publish),
    ("public page read without signing in", read_in_public),
    ("board and dossier seen as of an earlier moment", look_back),
    ("trail read by the inspector", read_trail),
    ("another province's pages are not there", stay_in_the_province),
    ("flag: one paper in two communes, found by the inspector", find_by_flag),
    ("what-if: without that paper 78,5, not met", try_without),
    ("every kind of measure entered under today's rules", enter_every_kind),
    ("season closed", close_season),
)
