"""The steps of an inspection, walked over HTTP: in Tỉnh Mẫu one paper is false, and the recognition does not hold.

The story leaves Tỉnh Mẫu with the commune recognised. Here an inspector reviews the recognition, the officer who
scored explains, and the chairman takes it back; what stood before stays to be seen.
"""

from __future__ import annotations

from domain.official import Position
from domain.review import Degree, Ground, Ruling
from services.demo import provider_of
from services.demo.browsing import Page, Unexpected
from services.demo.offices import office_key
from services.demo.provinces import FALSE_EVIDENCE, TINH_MAU
from services.demo.telling import Teller
from services.demo.walking import Walk, position_of
from services.i18n import Words, load_words

COMMUNE, INDICATOR = FALSE_EVIDENCE
ROOT, YEAR = f"/t/{TINH_MAU.slug}", TINH_MAU.year
REVIEW = f"{ROOT}/thanh-tra/xem-xet/{YEAR}/{COMMUNE}/1"
WORDS: Words = load_words()["vi"]

DECISION_NO = "0915/QĐ-UBND"
GROUND = "Danh sách tập huấn ghi 22/22 người, sổ đăng ký lớp học chỉ có 13 người ký tên."
EXPLANATION = "Danh sách lập theo giấy mời, chưa đối chiếu với sổ ký tên."
REASON = "Minh chứng của chỉ tiêu 2.5 không đúng thực tế; bỏ minh chứng này thì tiêu chí 2 còn dưới một nửa số điểm."


async def review(walk: Walk) -> None:
    """The inspector opens a review; the officer who scored explains; it is found and determined, and proposed."""
    inspector = await walk.inspector(TINH_MAU)
    teller = await _teller(walk)
    lead = next(line[1] for line in teller.matrix() if line[0] == INDICATOR)
    trail = await inspector.get(f"{ROOT}/nhat-ky/{YEAR}/{COMMUNE}?loai=assessment&chi-tieu={INDICATOR}")
    scored, attached = (_position(trail, said) for said in ("Đề xuất", "Gắn minh chứng"))

    page = await inspector.get(f"{ROOT}/thanh-tra/xem-xet/{YEAR}?xa={COMMUNE}")
    opened = {
        "ground": Ground.FALSE_EVIDENCE.value,
        "statement": GROUND,
        "document_no": "21/QĐ-TTr",
        "document_on": "02/04/2024",
        "references": f"#{attached}",
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
        "basis": "Người chủ trì chỉ tiêu chịu trách nhiệm về số liệu (minh hoạ)",
    }
    page = await inspector.send(page, page.form("trach-nhiem"), answers)
    page.says(WORDS.say(f"degree.{Degree.DIRECT}"))
    proposal = {"ruling": Ruling.REVOKED.value, "reason": REASON, "on": "10/05/2024"}
    (await inspector.send(page, page.form("kien-nghi"), proposal)).lacks("xac-minh").lacks("ket-luan")


async def revocation(walk: Walk) -> None:
    """The chairman revokes: the public page says so; as of the moment before, every page shows it recognised."""
    inspector = await walk.inspector(TINH_MAU)
    chairman = await walk.by(office_key(TINH_MAU.decided_by, Position.DISTRICT_CHAIRMAN), TINH_MAU)
    before = position_of(await inspector.get(REVIEW))
    work = await chairman.get(f"{ROOT}/viec")
    page = await chairman.get(work.link(REVIEW))
    ruling = {"ruling": Ruling.REVOKED.value, "decision_no": DECISION_NO, "on": "15/05/2024"}
    page = await chairman.send(page, page.form("ket-luan"), ruling)
    page.says("Thu hồi quyết định công nhận", DECISION_NO)

    await walk.settled()
    public = await walk.anybody().get(f"{ROOT}/cong-khai/{YEAR}/{COMMUNE}")
    public.says("Quyết định công nhận đã bị thu hồi", DECISION_NO, REASON, "15/05/2024")
    register = await walk.anybody().get(f"{ROOT}/cong-khai?nam={YEAR}")
    if "Đã thu hồi" not in (line := register.row(f"/{COMMUNE}").cells):
        raise Unexpected(f"expected the register to say that {COMMUNE} was revoked; there is {line}")
    revoked = WORDS.say("stage.revoked")
    for place in (f"bang/{YEAR}", f"quyet-dinh/{YEAR}/{COMMUNE}"):
        (await inspector.get(f"{ROOT}/{place}")).says("hu hồi")
        then = await inspector.get(f"{ROOT}/{place}?asof={before}")
        if revoked in then.text or "đã bị thu hồi" in then.text:
            raise Unexpected(f"expected nothing revoked on {then.url}: {then.gist}")
    then = await inspector.get(f"{ROOT}/quyet-dinh/{YEAR}/{COMMUNE}?asof={before}")
    then.says("Công nhận đạt chuẩn tiếp cận pháp luật")


async def _teller(walk: Walk) -> Teller:
    """Who knows the people of Tỉnh Mẫu by their keys, and who leads what there."""
    tenant = next(one for one in await walk.operator.all() if one.slug == TINH_MAU.slug)
    return Teller(walk.house, TINH_MAU, tenant, provider_of(walk.house.settings, TINH_MAU))


def _position(trail: Page, said: str) -> int:
    """The position of the latest fact of the trail whose sentence begins so."""
    for row in trail.rows:
        if row.cells[-1].startswith(said):
            return int(row.cells[0].lstrip("#").replace(".", ""))
    raise Unexpected(f"expected a fact told as {said!r} on {trail.url}: {trail.gist}")


INSPECTION = (
    ("review opened, heard, found, proposed in Tỉnh Mẫu", review),
    ("revocation: public at once, the past as it was", revocation),
)
