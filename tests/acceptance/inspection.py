"""The steps of an inspection, walked over HTTP: in Tỉnh Mẫu one paper is false, and the recognition does not hold.

The story leaves Tỉnh Mẫu with the commune recognised. Here an inspector sees whose acts carried that, reviews the
recognition, the officer who scored explains, and the chairman takes it back; what stood before stays to be seen.
"""

from __future__ import annotations

from datetime import date

from domain.appraisal import Proposal
from domain.meeting import Choice
from domain.official import Office, Official, official_stream
from domain.review import Degree, Ground, Ruling
from projections.analysis.responsibility import ChainRole
from services.council import voting
from services.demo import provider_of
from services.demo.offices import SEATS, office_key, seat_key
from services.demo.provinces import FALSE_EVIDENCE, TINH_MAU
from services.demo.telling import StoryBuilder
from services.documents.wording import lower_first
from services.i18n import Words, load_words
from services.sentences import says_position
from tests.acceptance.browsing import Page, Unexpected
from tests.acceptance.walking import Walk, position_of

COMMUNE, INDICATOR = FALSE_EVIDENCE
ROOT, YEAR = f"/t/{TINH_MAU.slug}", TINH_MAU.year
REVIEW = f"{ROOT}/thanh-tra/xem-xet/{YEAR}/{COMMUNE}/1"
WORDS: Words = load_words()["vi"]

DECISION_NO = "0915/QĐ-UBND"
GROUND = "Danh sách tập huấn ghi 22/22 người, sổ đăng ký lớp học chỉ có 13 người ký tên."
EXPLANATION = "Danh sách lập theo giấy mời, chưa đối chiếu với sổ ký tên."
ANEW = date(2024, 5, 24)
SECOND = {"decision_no": "0960/QĐ-UBND", "result": "not-recognised"}
REASON = "Minh chứng của chỉ tiêu 2.5 không đúng thực tế; bỏ minh chứng này thì tiêu chí 2 còn dưới một nửa số điểm."


async def trace(walk: Walk) -> None:
    """Exactly those whose acts carried the 80.5 points stand in the chain; the false paper was opened by nobody."""
    inspector = await walk.inspector(TINH_MAU)
    teller = await _teller(walk)
    leads = {line[1] for line in teller.matrix()}
    page = await inspector.get(f"{ROOT}/trach-nhiem/{YEAR}/{COMMUNE}")
    page.says("80,5", WORDS.say("Công nhận"))
    carried = {
        *((ChainRole.LEAD, office_key(COMMUNE, lead)) for lead in leads),
        *((role, office_key(COMMUNE, Office.JUSTICE_OFFICER)) for role in (ChainRole.CONSOLIDATED, ChainRole.POSTED)),
        (ChainRole.SUBMITTED, office_key(COMMUNE, Office.COMMUNE_CHAIRMAN)),
        *((role, seat_key(TINH_MAU.decided_by, 2)) for role in (ChainRole.APPRAISED, ChainRole.CONCLUDED)),
        (ChainRole.CONDUCTED, seat_key(TINH_MAU.decided_by, 0)),
        *((ChainRole.VOTED, seat_key(TINH_MAU.decided_by, number)) for number in range(len(SEATS) - 1)),
        *(
            (role, office_key(TINH_MAU.decided_by, Office.DISTRICT_CHAIRMAN))
            for role in (ChainRole.DECIDED, ChainRole.PUBLISHED)
        ),
    }
    expected = sorted([(WORDS.say(f"role.{role}"), await _called(teller, key)) for role, key in carried])
    found = sorted((row.cells[0], row.cells[1]) for row in page.rows if len(row.cells) > 1 and row.links)
    if found != expected:
        raise Unexpected(f"expected {expected} on {page.url}; there are {found}")

    of_indicator = await inspector.get(page.link(rf"/trach-nhiem/.*chi-tieu={INDICATOR}$"))
    of_indicator.says("danh-sach-tap-huan-tc2-ct5.pdf", WORDS.say("không mở"), WORDS.say("remark.unopened"))


async def review(walk: Walk) -> None:
    """From the trace the inspector opens a review; the officer explains; it is found, determined and proposed."""
    inspector = await walk.inspector(TINH_MAU)
    teller = await _teller(walk)
    lead = next(line[1] for line in teller.matrix() if line[0] == INDICATOR)
    trail = await inspector.get(f"{ROOT}/nhat-ky/{YEAR}/{COMMUNE}?loai=assessment&chi-tieu={INDICATOR}")
    scored, attached = (_position(trail, said) for said in ("Tự đánh giá chỉ tiêu", "Đính kèm minh chứng"))

    chain = await inspector.get(f"{ROOT}/trach-nhiem/{YEAR}/{COMMUNE}?chi-tieu={INDICATOR}")
    page = await inspector.get(chain.link(rf"/thanh-tra/xem-xet/.*can-cu={Ground.FALSE_EVIDENCE}.*{attached}"))
    given = {"commune": COMMUNE, "ground": Ground.FALSE_EVIDENCE.value, "references": f"#{attached}"}
    if (filled := {name: page.form("mo").value(name) for name in given}) != given:
        raise Unexpected(f"expected the form filled with {given}; there is {filled}")
    opened = {
        "statement": GROUND,
        "document_no": "21/QĐ-TTr",
        "document_on": "02/04/2024",
        "on": "03/04/2024",
    }
    page = await inspector.send(page, page.form("mo"), opened)
    page.says(GROUND, WORDS.say(f"ground.{Ground.FALSE_EVIDENCE}"))

    person = teller.person(office_key(COMMUNE, lead))
    who = next(
        one.value for one in page.form("hoi").fields if one.name == "official" and one.value.startswith(f"{person}/")
    )
    question = {"official": who, "question": "Danh sách tập huấn được lập từ đâu?", "due": "12/04/2024"}
    page = await inspector.send(page, page.form("hoi"), question)
    officer = await walk.by(office_key(COMMUNE, lead), TINH_MAU)
    work = await officer.get(f"{ROOT}/viec")
    mine = await officer.get(work.link(REVIEW))
    (await officer.send(mine, mine.form("giai-trinh"), {"explanation": EXPLANATION})).says(EXPLANATION)

    page = await inspector.get(REVIEW)
    found = {"finding": "Danh sách nộp làm minh chứng không đúng với sổ đăng ký lớp học.", "references": f"#{attached}"}
    page = await inspector.send(page.says(EXPLANATION), page.form("xac-minh"), found)
    page = await inspector.send(page, page.form("ghi-chu"), {"marked": f"#{scored}", "note": "Xem ai đã mở tệp."})
    answers = {
        "official": who,
        "act": f"#{scored}",
        "degree": Degree.DIRECT.value,
        "basis": "Người chủ trì chỉ tiêu chịu trách nhiệm về số liệu (minh họa)",
    }
    page = await inspector.send(page, page.form("trach-nhiem"), answers)
    page.says(WORDS.say(f"degree.{Degree.DIRECT}"))
    proposal = {"ruling": Ruling.REVOKED.value, "reason": REASON, "on": "10/05/2024"}
    (await inspector.send(page, page.form("kien-nghi"), proposal)).lacks("xac-minh").lacks("ket-luan")


async def revocation(walk: Walk) -> None:
    """The chairman revokes: the public page says so at once."""
    inspector = await walk.inspector(TINH_MAU)
    chairman = await walk.by(office_key(TINH_MAU.decided_by, Office.DISTRICT_CHAIRMAN), TINH_MAU)
    walk.unrevoked = position_of(await inspector.get(REVIEW))
    work = await chairman.get(f"{ROOT}/viec")
    page = await chairman.get(work.link(REVIEW))
    ruling = {"ruling": Ruling.REVOKED.value, "decision_no": DECISION_NO, "on": "15/05/2024"}
    page = await chairman.send(page, page.form("ket-luan"), ruling)
    page.says("Thu hồi quyết định công nhận", DECISION_NO)

    await walk.settled()
    public = await walk.anybody().get(f"{ROOT}/cong-khai/{YEAR}/{COMMUNE}")
    public.says("Quyết định công nhận đã bị thu hồi", DECISION_NO, REASON, "15/05/2024")


#: Where a recognition is seen: what the page says while it stands, and what once it was taken back.
SEEN = {
    f"bang/{YEAR}": ("Đã công bố công nhận", "Đã thu hồi công nhận"),
    f"ho-so/{YEAR}/{COMMUNE}": ("Công nhận đạt chuẩn tiếp cận pháp luật", "Đã thu hồi công nhận"),
    f"quyet-dinh/{YEAR}/{COMMUNE}": ("Công nhận đạt chuẩn tiếp cận pháp luật", "Quyết định công nhận đã bị thu hồi"),
    f"dau-hieu/{YEAR}?xa={COMMUNE}": ("Công nhận", "Đã thu hồi công nhận"),
    f"cong-khai?nam={YEAR}": ("Đạt chuẩn", "Đã thu hồi"),
    f"cong-khai/{YEAR}/{COMMUNE}": ("Đạt chuẩn tiếp cận pháp luật", "Quyết định công nhận đã bị thu hồi"),
}


async def as_of(walk: Walk) -> None:
    """As of the moment before, board, dossier, decision, flags, register and public page show it recognised."""
    inspector = await walk.inspector(TINH_MAU)
    for place, (stood, revoked) in SEEN.items():
        browser = walk.anybody() if place.startswith("cong-khai") else inspector
        now = _about(await browser.get(f"{ROOT}/{place}"))
        then = _about(await browser.get(f"{ROOT}/{place}{'&' if '?' in place else '?'}asof={walk.unrevoked}"))
        if revoked not in now or revoked in then or stood not in then:
            raise Unexpected(f"expected {place} to say {stood!r} then and {revoked!r} now; {then!r}; {now!r}")


async def decided_again(walk: Walk) -> None:
    """Appraised and voted on anew, the commune is not recognised: a second decision takes the first one's place."""
    appraiser = await walk.by(seat_key(TINH_MAU.decided_by, 2), TINH_MAU)
    chairman = await walk.by(office_key(TINH_MAU.decided_by, Office.DISTRICT_CHAIRMAN), TINH_MAU)
    decision = f"{ROOT}/quyet-dinh/{YEAR}/{COMMUNE}"
    (await chairman.get(decision)).lacks("quyet-dinh")

    address = f"{ROOT}/tham-dinh/{YEAR}/{COMMUNE}"
    page = await appraiser.get(address)
    await appraiser.send(page, page.form("tham-dinh-lai"), {"reason": "Thẩm định lại sau khi thu hồi quyết định."})
    page = await appraiser.get(f"{address}?chi-tieu={INDICATOR}")
    await appraiser.send(page, page.form("cham"), {"value": "0", "reason": GROUND})
    page = await appraiser.get(address)
    proposal = {"proposal": Proposal.NOT_RECOGNISE.value, "on": WORDS.date(ANEW)}
    await appraiser.send(page, page.form("ket-luan"), proposal)
    await _voted_against(await _teller(walk))

    await walk.settled()
    page = await chairman.get(decision)
    page = await chairman.send(page, page.form("quyet-dinh"), {**SECOND, "on": WORDS.date(ANEW)})
    page.says(SECOND["decision_no"], "Không công nhận")


async def _voted_against(teller: StoryBuilder) -> None:
    """The council meets once more on this commune alone, and votes against it (told)."""
    season, unit = str(YEAR), TINH_MAU.decided_by
    chair, members = seat_key(unit, 0), [seat_key(unit, number) for number in range(len(SEATS) - 1)]
    work = await teller.by(chair, "anew convene", ANEW)
    _, meeting = await voting.convene(work, season, unit, ANEW, "Phòng họp Ủy ban nhân dân", [COMMUNE])
    present = [teller.person(key) for key in members]
    await voting.record_attendance(await teller.by(chair, "anew attendance", ANEW), season, meeting, present)
    await voting.take_up(await teller.by(chair, "anew take up", ANEW), season, meeting, COMMUNE)
    await voting.open_vote(await teller.by(chair, "anew open", ANEW), season, meeting, COMMUNE)
    for key in members:
        work = await teller.by(key, f"anew ballot {key}", ANEW)
        await voting.cast_ballot(work, season, meeting, COMMUNE, Choice.AGAINST)
    await voting.conclude_vote(await teller.by(chair, "anew conclude", ANEW), season, meeting, COMMUNE)


def _about(page: Page) -> str:
    """What the page says of the commune: its row on a page of many, else all of it."""
    return page.text if COMMUNE in page.url else " ".join(page.row(f"/{COMMUNE}").cells)


async def _called(teller: StoryBuilder, key: str) -> str:
    """How the chain calls somebody: position, unit, and the name where it says more."""
    work = await teller.by(key, "called", TINH_MAU.calendar.decided)
    (held,) = work.actor.mandates
    unit = next(one.full_name for one in teller.units if one.code == held.unit)
    name = (await work.look(Official, official_stream(teller.person(key)))).name
    office = WORDS.say(
        "%(position)s, %(unit)s", position=WORDS.say(f"position.{held.position}"), unit=lower_first(unit)
    )
    return office if says_position(name, held.position, WORDS) else f"{office} {name}"


async def _teller(walk: Walk) -> StoryBuilder:
    """Who knows the people of Tỉnh Mẫu by their keys, and who leads what there."""
    tenant = next(one for one in await walk.operator.all() if one.slug == TINH_MAU.slug)
    return StoryBuilder(walk.house, TINH_MAU, tenant, provider_of(walk.house.settings, TINH_MAU))


def _position(trail: Page, said: str) -> int:
    """The position of the latest fact of the trail whose sentence begins so."""
    for row in trail.rows:
        if row.cells[-1].startswith(said):
            return int(row.cells[0].lstrip("#").replace(".", ""))
    raise Unexpected(f"expected a fact told as {said!r} on {trail.url}: {trail.gist}")


INSPECTION = (
    ("trace: exactly whose acts carried the 80,5 in Tỉnh Mẫu", trace),
    ("review: opened from the trace, heard, found, proposed", review),
    ("revocation: public at once", revocation),
    ("as-of: before the revocation six pages show it recognised", as_of),
    ("after the revocation: appraised, voted on, decided anew", decided_again),
)
