import io
import re
import zipfile
from dataclasses import replace
from datetime import date
from functools import partial
from hashlib import sha256
from uuid import UUID, uuid4

import openpyxl
import pytest
from msgspec import structs

from domain.errors import FileMissing, NotFound, NotPermitted, OutOfOrder
from domain.export import NAMED, Document, Export, export_stream
from domain.measure import Answer
from domain.meeting import Choice, Meeting
from domain.official import Office
from domain.permissions import Actor
from domain.recognition import Recognition, Result, recognition_stream
from domain.review import Ground
from infra.log.eventstore import CommandReused
from projections.analysis.search_terms import index
from projections.tables.exports import EXPORTS
from services.administration import administer
from services.assessment import assess
from services.council import minutes_document, voting
from services.documents.forms import FORMER
from services.exports.kind import FinishedDocument
from services.exports.making import as_it_stood, printed
from services.exports.requests import (
    cancel_export,
    download_export,
    export_id,
    fail_export,
    fetch_export,
    finish_export,
    make,
    request_export,
)
from services.exports.workbook import HEAD
from services.inspection.review import review_document
from services.inspection.trail import trail_workbook
from services.inspection.trail.export_trail import TooManyFacts
from services.inspection.trail.search import SearchUnreadable, TrailQuery, read_names, search_of
from services.recognition import decision_document, recognise
from services.recognition.decision_document import StateDiffers
from services.work import Work
from tests.provinces.papers import finished, made, no_progress, text_of, workshop
from tests.provinces.story import AGENCIES, COMMUNE, DISTRICT, DISTRICT_OFFICES, OTHER, PDF, PROVINCE, TODAY, Story

MEETING = f"{DISTRICT}-1"


async def ask(work: Work, document: Document, story: Story, about: str | None = None) -> UUID:
    await request_export(work, document, story.season, about, "3/BB-HĐ" if document is Document.MINUTES else None)
    return export_id(work)


async def exported(story: Story, export: UUID) -> Export:
    return await (await story.decider()).look(Export, export_stream(export))


async def kinds_of(story: Story, export: UUID) -> list[str]:
    pages = story.house.store.read(story.tenant, streams=[export_stream(export)])
    return [type(recorded.fact).__qualname__ async for page in pages for recorded in page]


# Asking -----------------------------------------------------------------------------------------------


async def test_the_standings_are_asked_for_as_the_log_is_now(story):
    work = await story.by(Office.JUSTICE_DEPARTMENT)
    before = await story.house.store.position(story.tenant)

    export = await ask(work, Document.STANDINGS, story)

    assert (await exported(story, export)).at_position == before


async def test_a_decision_is_asked_for_as_of_the_decision_itself(story):
    await story.decided()
    (decided,) = [one for one in await story.facts() if isinstance(one.fact, Recognition.Decided)]

    first = await ask(await story.decider(), Document.DECISION, story, COMMUNE)
    later = await ask(await story.officer(), Document.DECISION, story, COMMUNE)

    assert (await exported(story, first)).at_position == decided.position
    assert (await exported(story, later)).at_position == decided.position


async def test_the_same_request_sent_twice_is_one_export(story):
    command = uuid4()

    first = await request_export(await story.by(Office.JUSTICE_DEPARTMENT, command), Document.STANDINGS, story.season)
    again = await request_export(await story.by(Office.JUSTICE_DEPARTMENT, command), Document.STANDINGS, story.season)

    assert (again.first, again.repeated) == (first.first, True)


async def test_there_is_no_decision_document_before_the_decision(story):
    await story.concluded()

    with pytest.raises(OutOfOrder) as refused:
        await ask(await story.decider(), Document.DECISION, story, COMMUNE)

    assert refused.value.details["state"] == "undecided"


@pytest.mark.parametrize("subject", [f"{OTHER} {Office.JUSTICE_OFFICER}", "administrator", "substitute"])
async def test_who_may_not_see_the_dossier_may_not_have_its_decision(story, subject):
    await story.decided()

    with pytest.raises(NotPermitted):
        await ask(await story.by(subject), Document.DECISION, story, COMMUNE)


@pytest.mark.parametrize(
    "subject", [f"{COMMUNE} {Office.JUSTICE_OFFICER}", "police", Office.DISTRICT_CHAIRMAN, Office.INSPECTOR]
)
async def test_commune_council_chairman_and_inspector_may_have_the_decision(story, subject):
    await story.decided()

    assert await ask(await story.by(subject), Document.DECISION, story, COMMUNE)


async def test_a_commune_officer_may_not_have_the_standings(story):
    with pytest.raises(NotPermitted):
        await ask(await story.officer(), Document.STANDINGS, story)


async def test_there_are_no_standings_of_a_season_that_is_not(story):
    with pytest.raises(NotFound):
        await request_export(await story.by(Office.INSPECTOR), Document.STANDINGS, "2999")


# Making -----------------------------------------------------------------------------------------------


async def test_the_decision_says_what_was_decided(story):
    await story.decided()
    export = await ask(await story.decider(), Document.DECISION, story, COMMUNE)
    (decided,) = [one for one in await story.facts() if isinstance(one.fact, Recognition.Decided)]

    async with workshop(story.house) as shop:
        document = await finished(shop, story, export)

    said = text_of(document.content)
    assert "CỘNG HÒA XÃ HỘI CHỦ NGHĨA VIỆT NAM" in said
    assert "Số: 41/QĐ-UBND" in said
    assert "ngày 15 tháng 01 năm 2024" in said
    assert "Căn cứ Quyết định số 25/2021/QĐ-TTg ngày 22 tháng 7 năm 2021 của Thủ tướng Chính phủ" in said
    assert "thành lập theo Quyết định số 33/QĐ-UBND" in said
    assert f"đạt chuẩn tiếp cận pháp luật năm {story.season} (tổng số điểm 100,00/100;" in said
    assert "Tán thành 5, không tán thành 0, ý kiến khác 0. Kết quả: thông qua" in said
    assert "Người district-chairman" in said
    assert f"đến vị trí {decided.position}" in said
    assert decided.fact.state_sha256 in said
    assert document.name == f"quyet-dinh-{story.season}-{COMMUNE}.pdf"


async def test_a_decision_against_the_vote_carries_its_reason(story):
    await story.voted(Choice.AGAINST)
    await recognise.decide(
        await story.decider(),
        story.season,
        COMMUNE,
        Result.RECOGNISED,
        "7/QĐ-UBND",
        reason="Hồ sơ đủ điều kiện theo bộ tiêu chí",
    )
    export = await ask(await story.decider(), Document.DECISION, story, COMMUNE)

    async with workshop(story.house) as shop:
        said = text_of((await made(shop, story, export)).content)

    assert "Số: 07/QĐ-UBND" in said
    assert "Lý do quyết định khác với kết quả biểu quyết của Hội đồng: hồ sơ đủ điều kiện theo bộ tiêu chí." in said
    assert "không thông qua đề nghị công nhận" in said


class Disciplined(Story):
    """A commune whose head was disciplined."""

    async def filled(self, commune: str = COMMUNE) -> Story:
        await super().filled(commune)
        for condition in assess.declarable(self.rulebook):
            await assess.declare_veto(
                await self.officer(commune=commune), self.season, commune, condition, Answer.YES, "Quyết định số 3"
            )
        return self


async def test_a_commune_that_is_not_recognised_is_told_what_it_fails(story):
    story = Disciplined(story.house, story.tenant, story.season)
    await story.voted(Choice.AGAINST)
    await recognise.decide(await story.decider(), story.season, COMMUNE, Result.NOT_RECOGNISED, "42/QĐ-UBND")
    export = await ask(await story.decider(), Document.DECISION, story, COMMUNE)

    async with workshop(story.house) as shop:
        said = text_of((await made(shop, story, export)).content)

    assert "Về việc không công nhận" in said
    assert "Không bảo" in said  # in a cell of two lines
    assert "Vướng" not in said
    assert "khắc phục các tiêu chí, chỉ tiêu, điều kiện không đạt" in said


class Today(Story):
    """Under today's rulebook the province appraises and decides, without points and without a council."""

    async def appraiser(self, command: UUID | None = None) -> Work:
        return await self.by(Office.JUSTICE_DEPARTMENT, command)

    async def decider(self, command: UUID | None = None) -> Work:
        return await self.by(Office.PROVINCE_CHAIRMAN, command)


async def test_a_decision_of_the_province_has_no_points_and_no_council(province_story):
    story = Today(province_story.house, province_story.tenant, "", "qd-27-2025")
    await story.opened(decided_by=PROVINCE)
    await story.concluded()
    await recognise.decide(await story.decider(), story.season, COMMUNE, Result.RECOGNISED, "88/QĐ-UBND")
    export = await ask(await story.decider(), Document.DECISION, story, COMMUNE)

    async with workshop(story.house) as shop:
        said = text_of((await made(shop, story, export)).content)

    assert "CHỦ TỊCH ỦY BAN NHÂN DÂN TỈNH MẪU" in said
    assert "(đạt 14/14 chỉ tiêu;" in said
    assert "Theo đề nghị của Giám đốc Sở Tư pháp" in said
    assert "Hội đồng đánh giá" not in said
    assert " điểm" not in said.replace("thời điểm", "")


@pytest.mark.parametrize(
    "document",
    [
        Document.DECISION,
        Document.REVIEW,
        Document.STANDINGS,
        Document.RESPONSIBILITY,
        Document.MINUTES,
        Document.TRAIL,
        Document.EVIDENCE,
    ],
)
async def test_made_again_at_the_same_position_it_has_the_same_hash_whatever_came_later(story, document):
    await story.decided()
    await voting.close_meeting(await story.decider(), story.season, MEETING, date(2024, 1, 30))
    await (await story.under_review(Ground.COMPLAINT)).confirm()
    asking = {
        Document.DECISION: (await story.by(Office.INSPECTOR), COMMUNE),
        Document.REVIEW: (await story.by(Office.INSPECTOR), f"{COMMUNE}-1"),
        Document.STANDINGS: (await story.by(Office.INSPECTOR), None),
        Document.RESPONSIBILITY: (await story.by(Office.INSPECTOR), COMMUNE),
        Document.MINUTES: (await story.appraiser(), MEETING),
        Document.TRAIL: (await story.by(Office.INSPECTOR), "viec=cham"),
        Document.EVIDENCE: (await story.by(Office.INSPECTOR), COMMUNE),
    }
    work, about = asking[document]
    export = await ask(work, document, story, about)

    async with workshop(story.house) as shop:
        first = await made(shop, story, export)
        await recognise.sign(await story.decider(), story.season, COMMUNE, sha256(first.content).hexdigest())
        await recognise.publish(await story.decider(), story.season, COMMUNE, "Cổng thông tin điện tử")
        await (await story.under_review(number=2)).revoke(number=2)
        await story.score(story.codes[0], OTHER)
    async with workshop(story.house) as shop:
        second = await made(shop, story, export)

    assert sha256(first.content).hexdigest() == sha256(second.content).hexdigest()
    assert first == second


@pytest.mark.parametrize("document", [Document.DECISION, Document.MINUTES, Document.REVIEW])
async def test_a_document_that_an_earlier_version_made_is_made_again_as_it_was(story, document):
    (former, *_) = FORMER
    await story.decided()
    await voting.close_meeting(await story.decider(), story.season, MEETING, date(2024, 1, 30))
    await (await story.under_review(Ground.COMPLAINT)).confirm()
    about = {Document.DECISION: COMMUNE, Document.MINUTES: MEETING, Document.REVIEW: f"{COMMUNE}-1"}[document]
    asking = story.appraiser if document is Document.MINUTES else partial(story.by, Office.INSPECTOR)
    work = await asking()
    first = await ask(work, document, story, about)
    then = await as_it_stood(work, (await exported(story, first)).at_position)
    match document:
        case Document.DECISION:
            decided = await decision_document.read_paper(
                then, story.season, about, await work.rulebooks(), work.calendar, former
            )
            html = decision_document.render(decided, former)
        case Document.MINUTES:
            held = await minutes_document.read_paper(then, story.season, about, "3/BB-HĐ")
            html = minutes_document.render(held, former)
        case _:
            found = await review_document.read_paper(then, story.season, about, await work.rulebooks(), former)
            html = review_document.render(found, former)

    async with workshop(story.house) as shop:
        earlier = await printed(shop, html, "cu.pdf")
        await finish_export(story.house.system(story.tenant, first), first, earlier)
        again = await made(shop, story, await ask(await asking(), document, story, about))

    assert again.content == earlier.content


async def test_a_chain_cuts_only_what_codes_have_made_too_long_and_says_how_much_is_left(story, house):
    await story.opened()
    first, second = story.codes[:2]
    await assess.explain(await story.officer(), story.season, COMMUNE, first, "chưa có sổ. " * 1_666)
    await assess.explain(await story.officer(), story.season, COMMUNE, second, "阮" * 20_000)
    export = await ask(await story.by(Office.INSPECTOR), Document.RESPONSIBILITY, story, COMMUNE)

    async with workshop(house) as shop:
        document = await made(shop, story, export)

    printed = " ".join(text_of(document.content).split())
    assert document.cut == 1
    assert printed.count("chưa") >= 1_666
    left = re.search(r"còn ([0-9.]+) ký tự, xem trong hồ sơ điện tử", printed)
    assert left is not None
    assert printed.count("[U+962E]") + int(left[1].replace(".", "")) == 20_000


async def test_who_may_have_the_dossier_gets_its_evidence_as_one_archive_and_none_that_lacks_a_file(story):
    own = PDF + story.season.encode()
    await story.attach(story.codes[0], content=own)
    await story.decided()
    for subject in (f"{COMMUNE} {Office.JUSTICE_OFFICER}", AGENCIES[0], "administrator"):
        with pytest.raises(NotPermitted):
            await ask(await story.by(subject), Document.EVIDENCE, story, COMMUNE)
    export = await ask(await story.by(Office.INSPECTOR), Document.EVIDENCE, story, COMMUNE)
    (decided,) = [one for one in await story.facts() if isinstance(one.fact, Recognition.Decided)]

    async with workshop(story.house) as shop:
        document = await finished(shop, story, export)
        place = story.house.files(story.tenant)._place(sha256(own).hexdigest())
        place.unlink()
        with pytest.raises(FileMissing):
            await made(shop, story, export)

    assert (await exported(story, export)).at_position == decided.position
    assert document.name == f"minh-chung-{story.season}-{COMMUNE}.zip"
    with zipfile.ZipFile(io.BytesIO(document.content)) as archive:
        assert archive.read(f"evidence/{sha256(own).hexdigest()}.pdf") == own
        assert len(archive.namelist()) == 4


async def test_two_people_get_the_same_decision_document(story):
    await story.decided()
    one = await ask(await story.decider(), Document.DECISION, story, COMMUNE)
    other = await ask(await story.officer(), Document.DECISION, story, COMMUNE)

    async with workshop(story.house) as shop:
        assert await made(shop, story, one) == await made(shop, story, other)


async def test_a_document_that_would_not_state_what_was_judged_is_not_made(story):
    await story.concluded()
    work, name = await story.decider(), recognition_stream(story.season, COMMUNE)
    work.mandate = work.actor.mandates[0]
    await work.create(
        name,
        Recognition(
            id=work.id_of(name),
            commune=COMMUNE,
            result=Result.RECOGNISED,
            decision_no="1/QĐ-UBND",
            on=TODAY,
            rulebook=story.rulebook.id,
            rulebook_sha256=story.rulebook.sha256,
            computed=Result.RECOGNISED,
            state_sha256="0" * 64,
            relied_on=(),
        ),
    )
    export = await ask(await story.decider(), Document.DECISION, story, COMMUNE)

    async with workshop(story.house) as shop:
        with pytest.raises(StateDiffers):
            await made(shop, story, export)


async def test_who_lost_the_mandate_meanwhile_gets_nothing_made(story):
    subject = f"inspector-{story.season}"
    await story.enrol(subject, Office.INSPECTOR, PROVINCE)
    export = await ask(await story.by(subject), Document.STANDINGS, story)
    (mandate,) = (await story.by(subject)).actor.mandates
    await administer.end_mandate(
        await story.as_administrator(), story.person(subject), mandate.id, date(2020, 1, 1), "9/QĐ"
    )

    async with workshop(story.house) as shop:
        with pytest.raises(NotPermitted):
            await made(shop, story, export)


async def test_a_demonstration_says_so_on_every_page(story):
    await story.decided()
    export = await ask(await story.decider(), Document.DECISION, story, COMMUNE)

    demonstration = structs.replace(story.tenant, demonstration=True)
    work = replace(story.house.system(story.tenant, export), tenant=demonstration)

    async with workshop(story.house) as shop:
        said = text_of((await make(shop, work, export, no_progress)).content)

    assert said.count("không phải văn bản có giá trị pháp lý") == 2


async def test_minutes_name_everybody_every_ballot_and_the_place_in_the_log(story):
    await story.concluded()
    key = await story.meeting(present=(*DISTRICT_OFFICES, *AGENCIES[:2]))
    await voting.open_vote(await story.decider(), story.season, key, COMMUNE)
    await voting.cast_ballot(await story.by("police"), story.season, key, COMMUNE, Choice.AGAINST)
    await voting.conclude_vote(await story.decider(), story.season, key, COMMUNE, without_missing=True)
    await voting.reopen_vote(await story.decider(), story.season, key, COMMUNE, "Mở nhầm mục")
    await voting.open_vote(await story.decider(), story.season, key, COMMUNE)
    for subject in (*DISTRICT_OFFICES, "fatherland-front"):
        await voting.cast_ballot(await story.by(subject), story.season, key, COMMUNE, Choice.FOR)
    await voting.cast_ballot(await story.by("police"), story.season, key, COMMUNE, Choice.OTHER, "Cần xác minh")
    await voting.conclude_vote(await story.decider(), story.season, key, COMMUNE)
    await voting.close_meeting(await story.decider(), story.season, key, date(2024, 1, 30))
    (closed,) = [one for one in await story.facts() if isinstance(one.fact, Meeting.Closed)]
    export = await ask(await story.appraiser(), Document.MINUTES, story, key)

    async with workshop(story.house) as shop:
        document = await finished(shop, story, export)

    said = text_of(document.content)
    assert "HỘI ĐỒNG ĐÁNH GIÁ" in said
    assert "Số: 03/BB-HĐ" in said
    assert "thành lập theo Quyết định số 33/QĐ-UBND, có 5 thành viên" in said
    assert "Chủ tọa: Người district-chairman, Chủ tịch Hội đồng." in said
    assert "1. Có mặt: 4 thành viên" in said
    assert "2. Vắng mặt: 1 thành viên" in said
    assert re.search(r"Người office\W+office\W+Ủy viên", said)
    assert "có mặt ít nhất 4, hồ sơ được tán thành khi có từ 3 phiếu tán thành" in said
    assert "công nhận 4 0 1 0 4 đã hủy" in said
    assert "bị hủy, lý do: mở nhầm mục." in said
    assert "công nhận 4 3 0 1 1 tán thành" in said
    assert "Hội đồng tán thành công nhận" in said
    assert "Cần xác minh" in said
    assert f"đến vị trí {closed.position}" in said
    assert document.name == f"bien-ban-{story.season}-{key}.pdf"


async def test_minutes_name_who_took_a_seat_and_the_ballots_of_both(story):
    key = await story.voted_after_a_replacement()
    await voting.close_meeting(await story.decider(), story.season, key)
    export = await ask(await story.appraiser(), Document.MINUTES, story, key)

    async with workshop(story.house) as shop:
        said = text_of((await finished(shop, story, export)).content)

    assert "có 5 thành viên. Chủ tọa: Người district-chairman" in said
    assert "1. Có mặt: 5 thành viên" in said
    assert "2. Vắng mặt: 0 thành viên" in said
    assert "3. Thôi là thành viên Hội đồng trong thời gian họp: 1 người" in said
    present, former = said[: said.index("2. Vắng mặt")], said[said.index("3. Thôi") : said.index("III. NỘI DUNG")]
    assert re.search(r"Người substitute\W+police\W+Ủy viên", present)
    assert re.search(r"Người police\W+police\W+Ủy viên", former)
    assert "Người police" not in present
    _, void, counted = said.rsplit("Thành viên Phiếu", 2)
    assert "Người police Tán thành" in void
    assert "substitute" not in void
    assert "Người substitute Không tán thành" in counted
    assert "Người police" not in counted


async def test_minutes_are_asked_for_by_who_conducts_and_after_the_meeting(story):
    key = await story.voted()
    with pytest.raises(OutOfOrder):
        await ask(await story.appraiser(), Document.MINUTES, story, key)
    await voting.close_meeting(await story.decider(), story.season, key)

    with pytest.raises(NotPermitted):
        await ask(await story.by("police"), Document.MINUTES, story, key)
    with pytest.raises(NotFound):
        await ask(await story.appraiser(), Document.MINUTES, story, f"{DISTRICT}-2")


# Ending -----------------------------------------------------------------------------------------------

PAPER = FinishedDocument(b"%PDF-1.7\n", "quyet-dinh.pdf", "application/pdf")


@pytest.fixture
async def asked(story) -> UUID:
    return await ask(await story.by(Office.INSPECTOR), Document.STANDINGS, story)


async def test_finished_twice_it_is_finished_once(story, asked):
    for _ in range(2):
        await finish_export(story.house.system(story.tenant, uuid4()), asked, PAPER)

    assert await kinds_of(story, asked) == ["Export.Requested", "Export.Finished"]


async def test_what_a_document_could_not_show_is_recorded_with_it_the_first_signs_by_name(story, asked):
    names = tuple(f"U+{0x4E00 + number:04X}" for number in range(1_500))
    lacking = PAPER._replace(unprinted=names, cut=7)

    await finish_export(story.house.system(story.tenant, uuid4()), asked, lacking)

    async with story.house.reads.at(story.tenant, await story.house.store.position(story.tenant)) as view:
        (row,) = [row for row in await view.all(EXPORTS) if row.export == asked]
    assert (row.unprinted, row.unprinted_count, row.cut) == (names[:NAMED], 1_500, 7)


async def test_finished_again_with_other_content_it_is_refused(story, asked):
    await finish_export(story.house.system(story.tenant, uuid4()), asked, PAPER)

    with pytest.raises(CommandReused):
        await finish_export(story.house.system(story.tenant, uuid4()), asked, PAPER._replace(content=b"%PDF-2\n"))


async def test_a_failure_is_recorded_with_its_code_and_by_the_system(story, asked):
    await fail_export(story.house.system(story.tenant, uuid4()), asked, "printing-timeout")

    pages = story.house.store.read(story.tenant, streams=[export_stream(asked)])
    failed = [recorded async for page in pages for recorded in page][-1]
    assert (failed.actor, failed.mandate, failed.fact.reason) == ("system", "", "printing-timeout")


async def test_what_is_cancelled_is_not_finished_any_more(story, asked):
    await cancel_export(await story.by(Office.INSPECTOR), asked)
    await finish_export(story.house.system(story.tenant, uuid4()), asked, PAPER)

    assert await kinds_of(story, asked) == ["Export.Requested", "Export.Cancelled"]


async def test_what_is_ready_cannot_be_cancelled(story, asked):
    await finish_export(story.house.system(story.tenant, uuid4()), asked, PAPER)

    with pytest.raises(OutOfOrder):
        await cancel_export(await story.by(Office.INSPECTOR), asked)


async def test_nobody_cancels_what_somebody_else_asked_for(story, asked):
    with pytest.raises(NotFound):
        await cancel_export(await story.by(Office.PROVINCE_CHAIRMAN), asked)


async def test_who_asked_takes_it_away_and_that_is_recorded(story, asked):
    await finish_export(story.house.system(story.tenant, uuid4()), asked, PAPER)

    fetched = await fetch_export(await story.by(Office.INSPECTOR), asked)

    assert (fetched.content.path.read_bytes(), fetched.name, fetched.media_type) == PAPER[:3]
    assert (await kinds_of(story, asked))[-1] == "Export.Downloaded"


async def test_for_anybody_else_it_does_not_exist(story, asked):
    await finish_export(story.house.system(story.tenant, uuid4()), asked, PAPER)

    with pytest.raises(NotFound):
        await fetch_export(await story.by(Office.PROVINCE_CHAIRMAN), asked)
    with pytest.raises(NotFound):
        await fetch_export(await story.by(Office.INSPECTOR), uuid4())

    assert "Export.Downloaded" not in await kinds_of(story, asked)


async def test_it_cannot_be_taken_away_before_it_is_ready(story, asked):
    with pytest.raises(OutOfOrder):
        await download_export(await story.by(Office.INSPECTOR), asked)


async def test_who_lost_the_mandate_takes_nothing_away(story):
    subject = f"leaving-{story.season}"
    await story.enrol(subject, Office.INSPECTOR, PROVINCE)
    export = await ask(await story.by(subject), Document.STANDINGS, story)
    await finish_export(story.house.system(story.tenant, uuid4()), export, PAPER)
    (mandate,) = (await story.by(subject)).actor.mandates
    await administer.end_mandate(
        await story.as_administrator(), story.person(subject), mandate.id, date(2020, 1, 1), "9/QĐ"
    )

    with pytest.raises(NotPermitted):
        await fetch_export(await story.by(subject), export)


async def test_a_download_repeated_without_the_mandate_hands_nothing_out(story):
    subject = f"leaving-{story.season}"
    await story.enrol(subject, Office.INSPECTOR, PROVINCE)
    work = await story.by(subject)
    export = await ask(work, Document.STANDINGS, story)
    await finish_export(story.house.system(story.tenant, uuid4()), export, PAPER)
    download = work.again(uuid4())
    await fetch_export(download, export)

    with pytest.raises(NotPermitted):
        await fetch_export(replace(download, actor=Actor(work.actor.person, ())), export)


# The trail --------------------------------------------------------------------------------------------


async def test_an_exported_trail_holds_exactly_what_the_filter_finds_as_of_the_request(story):
    await story.filled()
    asked = TrailQuery(season=story.season, act="cham", unit=COMMUNE, text="tu danh gia")
    export = await _ask_for_trail(story, asked)
    position = (await exported(story, export)).at_position
    await story.score("TC1.CT1")
    facts = [one async for page in story.house.store.read(story.tenant, upto=position) for one in page]
    async with story.house.reads.at(story.tenant, position) as view:
        search = search_of(asked, (await story.inspector()).actor, await read_names(view))

    async with workshop(story.house) as shop:
        first, again = await finished(shop, story, export), await made(shop, story, export)

    book = openpyxl.load_workbook(io.BytesIO(first.content))
    rows = list(book["Nhật ký"].iter_rows(min_row=HEAD + 1, values_only=True))
    assert [row[0] for row in rows] == [one.position for one in index(facts, {}) if search.wants(one)]
    assert len(rows) > 10
    assert {row[7] for row in rows} == {f"thị trấn Bến Lụa, năm {story.season}"}
    assert first.content == again.content
    assert [row[1] for row in book["Nguồn gốc"].iter_rows(values_only=True) if row[0] == "Bộ lọc: chữ"] == [
        "tu danh gia"
    ]


async def test_only_who_sees_the_whole_province_exports_its_trail(story):
    with pytest.raises(NotPermitted):
        await request_export(await story.officer(), Document.TRAIL, "", "")
    with pytest.raises(SearchUnreadable):
        await request_export(await story.inspector(), Document.TRAIL, "", "tu=hom+qua")


async def test_a_trail_too_long_for_a_workbook_is_refused_and_not_cut_off(story, monkeypatch):
    monkeypatch.setattr(trail_workbook, "MOST", 3)
    export = await _ask_for_trail(story, TrailQuery(season=story.season))

    async with workshop(story.house) as shop:
        with pytest.raises(TooManyFacts):
            await made(shop, story, export)


async def _ask_for_trail(story: Story, asked: TrailQuery) -> UUID:
    work = await story.inspector()
    await request_export(work, Document.TRAIL, "", asked.spell())
    return export_id(work)
