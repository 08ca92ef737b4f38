"""Histories of a province as people might make them: random acts, of which the aggregates allow some.

`histories()` gives them to property tests; `Province` tells one step by step. Nothing here knows a projection.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from random import Random
from typing import Any, TypeVar, cast
from uuid import UUID, uuid5

from eventsourcing.domain import BaseAggregate
from hypothesis import strategies as st

from domain.adoption import Adoption, adoption_stream
from domain.appraisal import Appraisal, Proposal, appraisal_stream
from domain.assessment import Assessment, CorrectedValue, DataAgain, Evidence, assessment_stream
from domain.catalogue import AGGREGATES
from domain.commune_steps import (
    Attendance,
    Attended,
    Channel,
    Display,
    FormTally,
    Leader,
    MeetingRecord,
    SheetsTally,
)
from domain.council import Council, Member, Role, council_stream
from domain.days_off import DaysOff, days_off_stream
from domain.effect import BEARS
from domain.errors import Refused
from domain.export import Document, Export, export_stream
from domain.fact import STREAMS, Recorded, Stream, StreamName
from domain.flag import Flag, flag_stream
from domain.log import LOG, Log
from domain.measure import Answer, Kind, Measured, Outcome
from domain.meeting import Choice, Meeting, meeting_stream
from domain.official import COMMUNE_OFFICERS, Mandate, Office, Official, official_stream
from domain.personal import DataSubject, EncryptedValue, subject_stream
from domain.rate import RateName
from domain.rates import Rates, rates_stream
from domain.recognition import Recognition, ReliedOn, Result, Signer, recognition_stream
from domain.review import Degree, Ground, Reference, Review, Ruling, review_stream
from domain.rulebook import Provenance
from domain.rulebook_draft import DraftChange, DraftValue, RulebookDraft, ValueSource, rulebook_draft_stream
from domain.rulebook_text import RulebookText, hash_of, rulebook_text_stream
from domain.sanction import Form, Post, Sanction
from domain.season import Deadline, Participant, Season, Step, season_stream
from domain.unit import Level, Unit, unit_stream
from domain.working_days import Calendar, DayKind, DayReading
from infra.reference.rulebooks import load_rulebooks
from tests.domain.rulebooks import a_council_rule

SEASONS = ("2022", "2023")

#: The texts by which these seasons are judged ship, so that pages can be read.
TEXTS = tuple(one.sha256 for one in load_rulebooks().texts_of("qd-25-2021"))
TEXT = TEXTS[-1]
NEXT_TEXT = load_rulebooks().newest("qd-27-2025").sha256
COMMUNES = ("25441", "25444", "25447")
UNIT = "697"
INDICATORS = ("TC1.CT1", "TC1.CT2", "TC2.CT1")
MEMBERS = tuple(uuid5(STREAMS, f"member {number}") for number in range(5))
BEGINNING = datetime(2026, 11, 22, 3, tzinfo=UTC)
DAY = date(2023, 11, 20)
CALENDAR = Calendar(2020, 2030, frozenset())

A = TypeVar("A", bound=Stream)


class Province:
    """A log in memory, and the aggregates that its facts made."""

    def __init__(self, tenant: str = "t_1") -> None:
        self.tenant = tenant
        self.log: list[Recorded] = []
        self.commands: list[list[Recorded]] = []
        self.streams: dict[StreamName, Any] = {}
        self.actor = "u-1"

    def begin(self, name: StreamName, kind: type[A], /, **fields: Any) -> A:
        """Begin a stream, unless it has begun."""
        if name not in self.streams:
            aggregate: Any = cast("Any", kind)(id=name.id(self.tenant), **fields)
            self.streams[name] = aggregate
            self._record(name, aggregate)
        found: A = self.streams[name]
        return found

    def begin_as(self, name: StreamName, make: Callable[[UUID], Any]) -> None:
        """Begin a stream with the aggregate made for its id, unless it has begun."""
        if name not in self.streams:
            self.streams[name] = make(name.id(self.tenant))
            self._record(name, self.streams[name])

    def do(self, name: StreamName, deed: Callable[[Any], Any]) -> bool:
        """Whether the aggregate allowed the deed; what it refuses leaves nothing behind."""
        aggregate = self.streams.get(name)
        if aggregate is None:
            return False
        try:
            deed(aggregate)
        except Refused:
            return False
        self._record(name, aggregate)
        return True

    def did(self, name: StreamName, fact: type[Any], /, **fields: Any) -> None:
        """Record a fact as before there were limits, by no rule at all."""
        aggregate = self.streams.get(name)
        if aggregate is None:
            kind = AGGREGATES[name.kind]
            create: Any = BaseAggregate._create
            self.streams[name] = aggregate = create.__func__(kind, fact, id=name.id(self.tenant), **fields)
        else:
            BaseAggregate.trigger_event(aggregate, fact, **fields)
        self._record(name, aggregate)

    def _record(self, name: StreamName, aggregate: Any) -> None:
        command = []
        for fact in aggregate.collect_events():
            position = len(self.log) + 1
            at = BEGINNING + timedelta(seconds=position)
            vars(fact)["timestamp"] = at
            number = UUID(int=len(self.commands) + 1)
            recorded = Recorded(position, name, fact.originator_version, at, self.actor, UNIT, "m-1", number, fact)
            self.log.append(recorded)
            command.append(recorded)
        if command:
            self.commands.append(command)

    def on_days_of_their_own(self, chance: Random) -> Province:
        """Every fact that takes effect on a day has one of its own, mostly later than those before it."""
        for recorded in self.log:
            if field := BEARS.get(type(recorded.fact)):
                day = DAY + timedelta(days=recorded.position // 20 + chance.randrange(-3, 4))
                vars(recorded.fact)[field] = day
        return self

    def found(self) -> None:
        """The first facts of every province here: units, seasons, and dossiers of the open one."""
        self.begin(LOG, Log, origin="minhchuan.example/t/1", province_code="70", province="Bình Phước")
        self.begin(unit_stream(UNIT), Unit, code=UNIT, name="Chơn Thành", unit_type="Thị xã", level=Level.DISTRICT)
        for code in COMMUNES:
            self.begin(
                unit_stream(code),
                Unit,
                code=code,
                name=f"Phường {code}",
                unit_type="Phường",
                level=Level.COMMUNE,
                parent=UNIT,
            )
        for year in SEASONS:
            participants = tuple(Participant(commune, UNIT) for commune in COMMUNES)
            season = season_stream(year)
            self.begin(
                season,
                Season,
                year=int(year),
                rulebook="qd-25-2021",
                rulebook_sha256=TEXT,
                indicators=INDICATORS,
                participants=participants,
            )
            for indicator in INDICATORS:
                self._assign(season, indicator)
            self.do(season, lambda it: it.withdraw(COMMUNES[-1], "ghi nhầm", "3/CV"))
            self.do(season, lambda it: it.add(COMMUNES[-1], UNIT, "ghi nhầm", "4/CV"))
            self.do(season, lambda it: it.leave_out(("TC5.CT1.9", "C9"), "3/QĐ-UBND", DAY))
            self.do(season, lambda it: it.open(DAY))
            for commune in COMMUNES:
                self.begin(
                    assessment_stream(year, commune),
                    Assessment,
                    commune=commune,
                    rulebook="qd-25-2021",
                    rulebook_sha256=TEXT,
                    decided_by=UNIT,
                    unit_class="II",
                )

    def _assign(self, season: StreamName, indicator: str) -> None:
        self.do(season, lambda it: it.assign(indicator, Office.JUSTICE_OFFICER))


# Acts -------------------------------------------------------------------------------------------------

Act = Callable[[Province, Random], None]


def _dossier(chance: Random) -> StreamName:
    return assessment_stream(chance.choice(SEASONS), chance.choice(COMMUNES))


def _evidence(chance: Random) -> Evidence:
    number = chance.randrange(6)
    return Evidence(UUID(int=number), f"{number:064x}", f"tệp {number}.pdf", 1000 + number, "application/pdf")


def measure(province: Province, chance: Random) -> None:
    whole = chance.randrange(1, 50)
    kind = chance.choice((Kind.RATIO, Kind.RATIO_THRESHOLD))
    measured = Measured(kind, numerator=chance.randrange(whole + 1), denominator=whole)
    indicator = chance.choice(INDICATORS)
    province.do(_dossier(chance), lambda it: it.measure(indicator, f"{indicator}.1", measured))


def score(province: Province, chance: Random) -> None:
    points = Decimal(chance.randrange(0, 41)) / 4
    indicator = chance.choice(INDICATORS)
    reason = chance.choice((None, "làm tròn"))
    province.do(
        _dossier(chance),
        lambda it: it.score(indicator, points, minimum=Decimal(0), maximum=Decimal(10), by_rule=points, reason=reason),
    )


def rate(province: Province, chance: Random) -> None:
    outcome = chance.choice((Outcome.MET, Outcome.NOT_MET))
    indicator = chance.choice(INDICATORS)
    province.do(_dossier(chance), lambda it: it.rate(indicator, outcome))


def attach(province: Province, chance: Random) -> None:
    indicator, evidence = chance.choice(INDICATORS), _evidence(chance)
    province.do(_dossier(chance), lambda it: it.attach(indicator, evidence))


def reuse(province: Province, chance: Random) -> None:
    indicator, source = chance.sample(INDICATORS, 2)
    evidence = _evidence(chance).id
    province.do(_dossier(chance), lambda it: it.reuse(indicator, evidence, source))


def withdraw(province: Province, chance: Random) -> None:
    indicator, evidence = chance.choice(INDICATORS), _evidence(chance).id
    province.do(_dossier(chance), lambda it: it.withdraw(indicator, evidence, "nhầm tệp"))


def explain(province: Province, chance: Random) -> None:
    indicator = chance.choice(INDICATORS)
    province.do(_dossier(chance), lambda it: it.explain(indicator, f"giải trình {chance.randrange(3)}"))


def declare_sanction(province: Province, chance: Random) -> None:
    act_on = date(2024, 1, chance.randrange(1, 28))
    details = Sanction(
        "Phó Chủ tịch",
        chance.choice(tuple(Post)),
        chance.choice(tuple(Form)),
        chance.choice(tuple(Answer)),
        f"{chance.randrange(9)}/QĐ",
        act_on,
        act_on,
        "99001",
    )
    province.do(_dossier(chance), lambda it: it.declare_sanction(_sanction(chance), details, "99001"))


def confirm_sanction(province: Province, chance: Random) -> None:
    one = _sanction(chance)
    province.do(_dossier(chance), lambda it: it.confirm_sanction(one, "Đảng ủy", "5/CV", date(2024, 2, 1)))


def set_sanction_aside(province: Province, chance: Random) -> None:
    one = _sanction(chance)
    province.do(_dossier(chance), lambda it: it.set_sanction_aside(one, "ghi nhầm", "văn bản 9"))


def _sanction(chance: Random) -> UUID:
    return UUID(int=chance.randrange(4))


def declare_veto(province: Province, chance: Random) -> None:
    answer = chance.choice(tuple(Answer))
    province.do(_dossier(chance), lambda it: it.declare_veto("DK1", answer, "văn bản xác nhận"))


def measure_satisfaction(province: Province, chance: Random) -> None:
    asked = chance.randrange(1, 200)
    province.do(_dossier(chance), lambda it: it.measure_satisfaction(chance.randrange(asked + 1), asked))


def support_everything(province: Province, chance: Random) -> None:
    """A diligent commune: what is missing is entered, so that the dossier can go on."""
    name = _dossier(chance)
    for indicator in INDICATORS:
        _support(province, name, indicator, Decimal(chance.randrange(0, 11)))


def _support(province: Province, name: StreamName, indicator: str, points: Decimal) -> None:
    province.do(name, lambda it: it.score(indicator, points, minimum=Decimal(0), maximum=Decimal(10)))
    province.do(name, lambda it: it.explain(indicator, "hồ sơ giấy"))


def move_dossier(province: Province, chance: Random) -> None:
    """The next steps of a dossier, in order; each happens if it may."""
    name = _dossier(chance)
    steps: list[Callable[[Any], None]] = [
        lambda it: it.consolidate(DAY, indicators=INDICATORS, vetoes=(), needs_satisfaction=False),
        lambda it: it.post(DAY, DAY + timedelta(days=14), "trụ sở UBND"),
        lambda it: it.submit(DAY + timedelta(days=14), "12/BC-UBND", indicators=INDICATORS),
    ]
    for step in steps[: chance.randrange(1, 4)]:
        province.do(name, step)


def move_dossier_by_its_steps(province: Province, chance: Random) -> None:
    """The way of TT 09/2021: posted at several places, agreed on by a meeting, sent or reported."""
    name, ends, after = _dossier(chance), DAY + timedelta(days=4), DAY + timedelta(days=5)
    displays = [Display(one, "nơi niêm yết", DAY, ends, 3) for one in Channel]
    found = chance.choice((Outcome.MET, Outcome.NOT_MET))
    record = MeetingRecord("ab" * 32, "biên bản.pdf", 900, "application/pdf")
    steps: list[Callable[[Any], None]] = [
        lambda it: it.consolidate(DAY, indicators=INDICATORS, vetoes=(), needs_satisfaction=False),
        lambda it: it.display(displays, [ends] * 3, today=DAY + timedelta(days=1), broadcasts=3, place="ba nơi"),
        lambda it: it.agree(
            after,
            "hội trường",
            Leader.CHAIRMAN,
            [Attended(one, 2) for one in Attendance],
            record,
            outcome=found,
            computed=Outcome.MET,
            reason="chờ kết quả công nhận",
            today=after,
        ),
        lambda it: it.submit(after, "12/TTr-UBND", indicators=INDICATORS, after_meeting=True),
        lambda it: it.report(after, "13/BC-UBND", indicators=INDICATORS),
        lambda it: it.put_on_list(after, "14/QĐ-UBND"),
    ]
    for step in steps[: chance.randrange(2, 7)]:
        province.do(name, step)


def tally_sheets(province: Province, chance: Random) -> None:
    indicator, collected = chance.choice(INDICATORS), chance.randrange(1, 100)
    tally = SheetsTally(100, collected, (FormTally("Câu lạc bộ pháp luật", chance.randrange(collected), 0),))
    province.do(_dossier(chance), lambda it: it.tally_sheets(indicator, tally))


def reopen(province: Province, chance: Random) -> None:
    province.do(_dossier(chance), lambda it: it.reopen("cộng sai"))


def comment(province: Province, chance: Random) -> None:
    number = UUID(int=chance.randrange(3))
    province.do(_dossier(chance), lambda it: it.receive_comment(number, EncryptedValue("ab" * 32, "", number), DAY))


def shred(province: Province, number: UUID) -> None:
    province.begin(
        subject_stream(number),
        DataSubject,
        subject=number,
        season=SEASONS[-1],
        commune=COMMUNES[0],
        order_no="52/QĐ-STP",
        reason="người gửi yêu cầu",
        on=DAY,
        official="Quản trị viên",
        position=Office.ADMINISTRATOR,
    )


def answer_comment(province: Province, chance: Random) -> None:
    number = UUID(int=chance.randrange(3))
    deeds: list[Callable[[Any], None]] = [
        lambda it: it.answer_comment(number, "đã tiếp thu"),
        lambda it: it.answer_comments(list(it.comments), "đã tiếp thu các ý kiến"),
        lambda it: it.set_comments_aside([number], "quảng cáo"),
    ]
    province.do(_dossier(chance), chance.choice(deeds))
    if not number.int:
        shred(province, number)


def give_back(province: Province, chance: Random) -> None:
    indicator = chance.choice(INDICATORS)
    province.do(_dossier(chance), lambda it: it.return_indicator(indicator, "thiếu biên bản", DAY + timedelta(days=20)))


def resubmit(province: Province, chance: Random) -> None:
    name = _dossier(chance)
    province.do(name, lambda it: [it.explain(code, f"bổ sung lần {it.version}") for code in it.returned])
    province.do(name, lambda it: it.resubmit(DAY))


def appraise(province: Province, chance: Random) -> None:
    dossier = _dossier(chance)
    name = appraisal_stream(dossier.season, dossier.subject)
    province.begin(name, Appraisal, commune=dossier.subject)
    indicator = chance.choice(INDICATORS)
    seen = province.streams[dossier].version
    value = Decimal(chance.randrange(0, 11))
    province.do(
        name,
        lambda it: it.appraise(
            indicator,
            value,
            proposed=None,
            minimum=Decimal(0),
            maximum=Decimal(10),
            seen=seen,
            reason="đối chiếu sổ gốc",
        ),
    )


def open_evidence(province: Province, chance: Random) -> None:
    dossier, evidence = _dossier(chance), _evidence(chance).id
    name = appraisal_stream(dossier.season, dossier.subject)
    province.do(name, lambda it: it.open_evidence(chance.choice(INDICATORS), evidence))


def conclude(province: Province, chance: Random) -> None:
    dossier = _dossier(chance)
    name = appraisal_stream(dossier.season, dossier.subject)
    proposal = chance.choice(tuple(Proposal))
    province.do(name, lambda it: it.conclude(DAY, proposal, computed=Proposal.RECOGNISE, changed={}, reason="như sổ"))


def resume_appraisal(province: Province, chance: Random) -> None:
    dossier = _dossier(chance)
    name = appraisal_stream(dossier.season, dossier.subject)
    province.do(name, lambda it: it.resume("có tài liệu mới"))


def constitute(province: Province, chance: Random) -> None:
    roles = (Role.CHAIR, Role.SECRETARY, Role.MEMBER, Role.MEMBER)
    members = tuple(Member(person, role, "Phòng Tư pháp") for person, role in zip(MEMBERS, roles, strict=False))
    name = council_stream(chance.choice(SEASONS), UNIT)
    province.begin(name, Council, unit=UNIT, decision_no="1/QĐ-UBND", on=DAY, members=members)


def replace_member(province: Province, chance: Random) -> None:
    leaving, coming = chance.sample(MEMBERS, 2)
    name = council_stream(chance.choice(SEASONS), UNIT)
    member = Member(coming, Role.MEMBER, "Công an")
    province.do(name, lambda it: it.replace(leaving, member, "2/QĐ-UBND", DAY))


def _meeting(chance: Random) -> StreamName:
    return meeting_stream(chance.choice(SEASONS), f"{UNIT}-{chance.randrange(1, 6)}")


def convene(province: Province, chance: Random) -> None:
    items = tuple(chance.sample(COMMUNES, chance.randrange(1, 4)))
    fields = {"unit": UNIT, "on": DAY, "place": "Hội trường", "members": MEMBERS[:4], "items": items}
    province.begin(_meeting(chance), Meeting, **fields)


def consult(province: Province, chance: Random) -> None:
    items, members = chance.sample(COMMUNES, 2), MEMBERS[:4]
    rule = a_council_rule()
    name = _meeting(chance)
    province.begin_as(name, lambda stream: Meeting.consult(stream, UNIT, DAY, DAY, members, items, rule))


def prepare(province: Province, chance: Random) -> None:
    name, (member, absent) = _meeting(chance), chance.sample(MEMBERS[:4], 2)
    item, sha256 = chance.choice(COMMUNES), "ef" * 32
    province.do(name, lambda it: it.send_papers(DAY, DAY, DAY))
    province.do(name, lambda it: it.receive_papers(member, DAY, MEMBERS))
    province.do(name, lambda it: it.authorise(member, "3/UQ", None))
    province.do(name, lambda it: it.receive_absent_opinion(item, absent, Choice.FOR, "6/CV", sha256, MEMBERS))


def close_consultation(province: Province, chance: Random) -> None:
    province.do(_meeting(chance), lambda it: it.close_consultation(DAY))


def attend(province: Province, chance: Random) -> None:
    present = chance.sample(MEMBERS[:4], chance.randrange(1, 5))
    province.do(_meeting(chance), lambda it: it.record_attendance(present))


def open_vote(province: Province, chance: Random) -> None:
    name, item = _meeting(chance), chance.choice(COMMUNES)
    province.do(name, lambda it: it.take_up(item))
    province.do(name, lambda it: it.open_vote(item, a_council_rule(quorum=Fraction(1, 10))))


def vote(province: Province, chance: Random) -> None:
    name, choice = _meeting(chance), chance.choice(tuple(Choice))
    for member in chance.sample(MEMBERS, 2):
        _vote(province, name, _item(province, name, chance), member, choice)


def _vote(province: Province, name: StreamName, item: str, member: UUID, choice: Choice) -> None:
    if not province.do(name, lambda it: it.cast_ballot(item, member, choice, "ý kiến")):
        province.do(name, lambda it: it.receive_written_opinion(item, member, choice, "5/CV", "ý kiến"))


def _item(province: Province, name: StreamName, chance: Random) -> str:
    """The item that is being voted on, or any."""
    meeting = province.streams.get(name)
    opened = [item for item, vote in meeting.votes.items() if vote.is_open] if meeting else []
    return opened[0] if opened else chance.choice(COMMUNES)


def conclude_vote(province: Province, chance: Random) -> None:
    name = _meeting(chance)
    item = _item(province, name, chance)
    province.do(name, lambda it: it.conclude_vote(item, without_missing=True))


def reopen_vote(province: Province, chance: Random) -> None:
    item = chance.choice(COMMUNES)
    province.do(_meeting(chance), lambda it: it.reopen_vote(item, "kiểm phiếu sai"))


def close_meeting(province: Province, chance: Random) -> None:
    name = _meeting(chance)
    if chance.random() < 0.2 and province.do(name, lambda it: it.close(DAY)):
        province.do(name, lambda it: it.issue_minutes("cd" * 32, "9/BB-HĐ"))


def decide(province: Province, chance: Random) -> None:
    dossier = _dossier(chance)
    province.begin(
        recognition_stream(dossier.season, dossier.subject),
        Recognition,
        commune=dossier.subject,
        result=chance.choice(tuple(Result)),
        decision_no="321/QĐ-UBND",
        on=DAY,
        rulebook="qd-25-2021",
        rulebook_sha256=TEXT,
        computed=Result.RECOGNISED,
        state_sha256="ef" * 32,
        relied_on=(),
        reason="theo biên bản",
    )


def settle(province: Province, chance: Random) -> None:
    dossier = _dossier(chance)
    name = recognition_stream(dossier.season, dossier.subject)
    steps: list[Callable[[Any], None]] = [
        lambda it: it.sign(DAY, "01" * 32, CALENDAR),
        lambda it: it.publish(DAY, "Cổng thông tin"),
        lambda it: it.revoke("minh chứng không đúng", "400/QĐ-UBND", DAY, 1),
        lambda it: it.uphold_appeal("có sổ gốc", "401/QĐ-UBND", DAY),
    ]
    province.do(name, chance.choice(steps))


def decide_again(province: Province, chance: Random) -> None:
    """Once an earlier decision stands no longer, and where the appraisal went on since it was made."""
    dossier = _dossier(chance)
    appraisal = appraisal_stream(dossier.season, dossier.subject)
    if appraisal not in province.streams:
        return
    relied = ReliedOn(appraisal.id(province.tenant), "appraisal", province.streams[appraisal].version, "12" * 32)
    result = chance.choice(tuple(Result))
    province.do(
        recognition_stream(dossier.season, dossier.subject),
        lambda it: it.decide_again(
            result,
            "322/QĐ-UBND",
            DAY,
            rulebook="qd-25-2021",
            rulebook_sha256=TEXT,
            computed=Result.RECOGNISED,
            state_sha256="34" * 32,
            relied_on=(relied,),
            reason="theo biên bản mới",
        ),
    )


def amend_decision(province: Province, chance: Random) -> None:
    """A slip of the pen is corrected, or a total that others rounded is noted."""
    dossier = _dossier(chance)
    number = f"{chance.randrange(320, 330)}/QĐ-UBND"
    signer = Signer(chance.choice(MEMBERS), UUID(int=chance.randrange(3)))
    exact = Decimal(chance.randrange(320, 400)) / 4 + Decimal("0.05")
    deeds: list[Callable[[Any], None]] = [
        lambda it: it.correct("ghi nhầm số", "402/QĐ-UBND", DAY, CALENDAR, decision_no=number),
        lambda it: it.correct("ghi nhầm người ký", "403/QĐ-UBND", DAY, CALENDAR, signer=signer),
        lambda it: it.correct("ghi nhầm ngày", "404/QĐ-UBND", DAY, CALENDAR, decided_on=DAY - timedelta(days=1)),
        lambda it: it.note_published_total(exact.quantize(Decimal(1)), exact, "UBND tỉnh", "405/QĐ-UBND", DAY),
    ]
    province.do(recognition_stream(dossier.season, dossier.subject), chance.choice(deeds))


def _review(chance: Random) -> StreamName:
    dossier = _dossier(chance)
    return review_stream(dossier.season, dossier.subject, chance.randrange(1, 3))


def _fact(province: Province, chance: Random) -> Reference:
    one = chance.choice(province.log)
    return Reference(one.stream.id(province.tenant), one.stream.kind, one.version, one.position)


def review(province: Province, chance: Random) -> None:
    name = _review(chance)
    fields = {
        "commune": name.subject.partition("-")[0],
        "ground": chance.choice(tuple(Ground)),
        "statement": "danh sách không khớp sổ",
        "document_no": "21/QĐ-TTr",
        "document_on": DAY,
        "on": DAY,
        "references": (_fact(province, chance),),
    }
    province.begin(name, Review, **fields)
    inquiry, official = UUID(int=chance.randrange(3)), chance.choice(MEMBERS[:2])
    act, position = _fact(province, chance), chance.choice(tuple(Office))
    tomorrow = DAY + timedelta(days=1)
    deeds: list[Callable[[Any], None]] = [
        lambda it: it.ask(inquiry, official, position, COMMUNES[0], "lập từ đâu?", DAY),
        lambda it: it.explain(inquiry, official, "theo số người được mời", DAY),
        lambda it: it.find("sổ có 13 chữ ký", (act,)),
        lambda it: it.determine(official, position, COMMUNES[0], act, chance.choice(tuple(Degree)), "Điều 7", tomorrow),
        lambda it: it.note(act, chance.choice((None, "xem lại"))),
    ]
    for deed in deeds[chance.randrange(len(deeds)) :]:
        province.do(name, deed)


def end_review(province: Province, chance: Random) -> None:
    ruling = chance.choice(tuple(Ruling))
    deeds: list[Callable[[Any], None]] = [
        lambda it: it.propose(ruling, "dưới một nửa", DAY, DAY + timedelta(days=1)),
        lambda it: it.conclude(ruling, "915/QĐ-UBND", DAY, "như đề nghị"),
    ]
    if chance.random() < 0.4:
        province.do(_review(chance), chance.choice(deeds))


def rule_the_season(province: Province, chance: Random) -> None:
    name = season_stream(chance.choice(SEASONS))
    lead, other = chance.sample(COMMUNE_OFFICERS, 2)
    deeds: list[Callable[[Any], Any]] = [
        lambda it: [it.assign(code, lead, (other,)) for code in it.indicators],
        lambda it: it.set_deadlines({chance.choice(tuple(Step)): Deadline(DAY, "Kế hoạch 1/KH-UBND")}),
        lambda it: it.choose_reading(
            chance.choice(tuple(Step)), DAY, chance.choice(tuple(DayReading)), DAY, "Kế hoạch 1/KH-UBND"
        ),
        lambda it: it.suspend("chờ hướng dẫn", "7/CV"),
        lambda it: it.resume("có hướng dẫn", "8/CV"),
        lambda it: it.convert("qd-27-2025", NEXT_TEXT, INDICATORS[:2], "quy định mới", "9/CV"),
        lambda it: it.open(DAY),
        lambda it: it.correct_rulebook(chance.choice(TEXTS), it.indicators, "đối chiếu", "9/STP"),
    ]
    province.do(name, chance.choice(deeds))


def correct_a_dossier(province: Province, chance: Random) -> None:
    code = chance.choice(INDICATORS)
    again = (DataAgain(code, f"{code}.1"),)
    value = chance.choice((CorrectedValue(code), CorrectedValue(code, points=Decimal(1))))
    province.do(_dossier(chance), lambda it: it.correct_rulebook(chance.choice(TEXTS), again, (value,)))


def end_the_season(province: Province, chance: Random) -> None:
    """Rarely, and the second season never: an ended season is silent for ever."""
    name = season_stream(SEASONS[0])
    if chance.random() < 0.02:
        province.do(name, chance.choice((lambda it: it.close(DAY), lambda it: it.cancel("sáp nhập", "10/CV"))))


def change_unit(province: Province, chance: Random) -> None:
    name = unit_stream(chance.choice(COMMUNES))
    deeds: list[Callable[[Any], None]] = [
        lambda it: it.rename(chance.choice(("Minh Hưng", "Minh Thành")), DAY, "1/NQ", today=DAY),
        lambda it: it.classify(chance.choice(("I", "II", "III")), "2/QĐ", today=DAY),
        lambda it: it.merge(province.streams[unit_stream(chance.choice(COMMUNES))], DAY, "3/NQ"),
        lambda it: it.dissolve(DAY, "4/NQ"),
    ]
    province.do(name, chance.choice(deeds))


def staff(province: Province, chance: Random) -> None:
    person = chance.choice(MEMBERS)
    name = official_stream(person)
    province.begin(name, Official, name="Ông A", issuer="https://sso", subject=str(person), agency="UBND")
    mandate = Mandate(
        UUID(int=chance.randrange(3)), chance.choice(tuple(Office)), chance.choice(COMMUNES), DAY, None, "1/QĐ"
    )
    if chance.random() < 0.6:
        province.do(name, lambda it: it.grant(mandate))
    else:
        province.do(name, lambda it: it.end(mandate.id, DAY, "2/QĐ"))


def adopt(province: Province, chance: Random) -> None:
    name = adoption_stream("qd-25-2021")
    fields = {"rulebook": "qd-25-2021", "sha256": TEXT, "acknowledged": ("C3",)}
    province.begin(name, Adoption, **fields)
    text = f"id: qd-25-2021\nstatus: {chance.randrange(3)}\n"
    kept = {"rulebook": "qd-25-2021", "sha256": hash_of(text), "text": text}
    province.begin(rulebook_text_stream(hash_of(text)), RulebookText, **kept)
    value = str(chance.randrange(3))
    deeds: list[Callable[[Any], None]] = [
        lambda it: it.set_parameter("rates.mediation", value, "NQ 5"),
        lambda it: it.adopt_text(hash_of(text), ("C3",), "6/STP", "đối chiếu"),
    ]
    province.do(name, chance.choice(deeds))


def correct_rulebook_text(province: Province, chance: Random) -> None:
    """Two people work on a draft of the rulebook; who changed something does not sign it off."""
    name = rulebook_draft_stream("qd-25-2021")
    province.begin(name, RulebookDraft, rulebook="qd-25-2021", base_sha256=TEXT)
    path, by, text = (
        chance.choice(("pass_mark", "criteria.TC1.max")),
        chance.choice(("an", "binh")),
        f"{chance.randrange(3)}",
    )
    held = province.streams[name].changes.get(path)
    source = ValueSource("Quyết định", "25/2021/QĐ-TTg", date(2021, 7, 22), "Điều 4")
    change = DraftChange(path, held.after if held else None, DraftValue(text, Provenance.SOURCED, source))
    sha256 = hash_of(f"id: qd-25-2021\nstatus: {text}\n")
    deeds: list[Callable[[Any], None]] = [
        lambda it: it.change((change,), by),
        lambda it: it.comment(path, "xem lại trang 3", by),
        lambda it: it.sign_off(sha256, ("TC2",), by, "7/STP"),
        lambda it: it.send_back("chưa đúng văn bản", by),
        lambda it: it.discard("đối chiếu nhầm văn bản", by),
        lambda it: it.begin_from(sha256),
    ]
    province.do(name, chance.choice(deeds))


def keep_days(province: Province, chance: Random) -> None:
    name = days_off_stream()
    province.begin(name, DaysOff)
    change = UUID(int=chance.randrange(6))
    day = date(2028, 1, 1 + chance.randrange(6))
    deeds: list[Callable[[Any], None]] = [
        lambda it: it.propose_day(change, day, chance.choice(tuple(DayKind)), "Tết", "TB 1", "an"),
        lambda it: it.propose_year(change, 2028, "TB 2", "an"),
        lambda it: it.confirm(change, "binh"),
        lambda it: it.decline(change, "chưa có thông báo"),
    ]
    province.do(name, chance.choice(deeds))


def set_rates(province: Province, chance: Random) -> None:
    name = rates_stream()
    province.begin(name, Rates)
    rate = UUID(int=chance.randrange(6))
    day = date(2024, chance.randrange(1, 13), 1)
    source = {"document_no": "1/NQ", "document_on": DAY, "issuer": "HĐND tỉnh", "article": "Điều 2"}
    deeds: list[Callable[[Any], None]] = [
        lambda it: it.set(rate, RateName.TEAM_MONTH, 1 + chance.randrange(150), day, most=150, **source),
        lambda it: it.withdraw(rate, "ghi nhầm"),
    ]
    province.do(name, chance.choice(deeds))


def export(province: Province, chance: Random) -> None:
    name = export_stream(UUID(int=chance.randrange(12)))
    province.begin(name, Export, document=Document.STANDINGS, season="2023", at_position=len(province.log))
    deeds: list[Callable[[Any], None]] = [
        lambda it: it.take_checkpoint("sau", "trước"),
        lambda it: it.finish("aa" * 32, 1234, "bảng.xlsx", "application/xlsx"),
        lambda it: it.fail("timeout"),
        lambda it: it.cancel(),
        lambda it: it.download(),
    ]
    province.do(name, chance.choice(deeds))


def dismiss_flag(province: Province, chance: Random) -> None:
    dossier, last = _dossier(chance), chance.randrange(1, len(province.log) + 1)
    province.begin(
        flag_stream(dossier.season, dossier.subject, "ballots-at-once", last),
        Flag,
        commune=dossier.subject,
        flag="ballots-at-once",
        positions=(last,),
        reason="họp trực tuyến",
    )


def trust(province: Province, chance: Random) -> None:
    province.do(LOG, lambda it: it.publish_policy(f"quorum {chance.randrange(3)}\n"))
    province.do(LOG, lambda it: it.announce_key(f"{chance.randrange(3):064x}", "15/QĐ"))
    province.do(LOG, lambda it: it.record_predecessor(f"minhchuan.example/t/{chance.randrange(3)}", 9, "gốc", "7/NQ"))


#: Facts in no random history: nothing follows a log's end, and its new epoch begins only after a loss.
ENDS = frozenset({Log.Closed, Log.Restored})

ACTS: tuple[Act, ...] = (
    trust,
    measure,
    score,
    rate,
    attach,
    reuse,
    withdraw,
    explain,
    declare_veto,
    declare_sanction,
    declare_sanction,
    confirm_sanction,
    set_sanction_aside,
    measure_satisfaction,
    support_everything,
    move_dossier,
    move_dossier_by_its_steps,
    tally_sheets,
    reopen,
    comment,
    answer_comment,
    give_back,
    resubmit,
    appraise,
    open_evidence,
    conclude,
    resume_appraisal,
    constitute,
    replace_member,
    convene,
    consult,
    prepare,
    attend,
    open_vote,
    vote,
    conclude_vote,
    reopen_vote,
    close_meeting,
    close_consultation,
    decide,
    settle,
    decide_again,
    amend_decision,
    review,
    end_review,
    rule_the_season,
    correct_a_dossier,
    end_the_season,
    change_unit,
    staff,
    adopt,
    correct_rulebook_text,
    keep_days,
    set_rates,
    export,
    dismiss_flag,
)


def tell(steps: list[tuple[Act, int]], tenant: str = "t_1") -> Province:
    """A province in which these acts were tried, each with its own chance."""
    province = Province(tenant)
    province.found()
    for number, (act, seed) in enumerate(steps):
        province.actor = f"u-{number % 4}"
        act(province, Random(seed))
    return province


def histories(max_acts: int = 60) -> st.SearchStrategy[Province]:
    """Random histories; they shrink by leaving acts out."""
    step = st.tuples(st.sampled_from(ACTS), st.integers(0, 2**16))
    return st.lists(step, max_size=max_acts).map(tell)


def a_long_history(acts: int, seed: int = 1, tenant: str = "t_1") -> Province:
    """The same long history every time; in it every act happened."""
    chance = Random(seed)
    return tell([(chance.choice(ACTS), chance.randrange(2**30)) for _ in range(acts)], tenant)
