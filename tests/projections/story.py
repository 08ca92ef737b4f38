"""One commune's way from the open season to the revoked decision, in steps that can be told up to any of them."""

from collections.abc import Callable
from datetime import date
from decimal import Decimal
from fractions import Fraction
from typing import Any
from uuid import UUID

from domain.appraisal import Appraisal, Proposal, appraisal_stream
from domain.assessment import Evidence, assessment_stream
from domain.fact import StreamName
from domain.measure import Answer, Kind, Measured
from domain.meeting import Choice, Meeting, meeting_stream
from domain.personal import EncryptedValue
from domain.recognition import Recognition, Result, recognition_stream
from tests.domain.rulebooks import a_council_rule
from tests.projections.histories import CALENDAR, DAY, INDICATORS, MEMBERS, UNIT, Province

SEASON, COMMUNE = "2023", "25441"
KEY = f"{SEASON}/{COMMUNE}"
DOSSIER = assessment_stream(SEASON, COMMUNE)
APPRAISAL = appraisal_stream(SEASON, COMMUNE)
MEETING = meeting_stream(SEASON, f"{UNIT}-1")
RECOGNITION = recognition_stream(SEASON, COMMUNE)
LIMITS = {"minimum": Decimal(0), "maximum": Decimal(10)}
COMMENT = UUID(int=77)


def told(upto: str, tenant: str = "t_1") -> Province:
    """The story up to and including this step."""
    province = Province(tenant)
    province.found()
    for name, step in STEPS.items():
        step(province)
        if name == upto:
            return province
    raise KeyError(upto)


#: What the commune added to the indicator that was returned.
SUPPLEMENT = Measured(Kind.RATIO, numerator=19, denominator=20)


def consulted() -> Province:
    """The story up to a concluded appraisal; then three members were asked in writing, two answered, one on paper."""
    province = told("concluded")
    rule, members = a_council_rule(), MEMBERS[:3]
    province.begin_as(MEETING, lambda stream: Meeting.consult(stream, UNIT, DAY, DAY, members, (COMMUNE,), rule))
    _do(province, MEETING, lambda it: it.cast_ballot(COMMUNE, members[0], Choice.FOR))
    _do(
        province,
        MEETING,
        lambda it: it.receive_written_opinion(COMMUNE, members[1], Choice.FOR, "12/CV", sha256="ab" * 32),
    )
    _do(province, MEETING, lambda it: it.close_consultation(DAY))
    return province


def _do(province: Province, name: StreamName, deed: Callable[[Any], Any]) -> None:
    assert province.do(name, deed), f"refused: {name}"


def _scored(province: Province) -> None:
    province.actor = "officer"
    for indicator in INDICATORS:
        _score(province, indicator)


def _score(province: Province, indicator: str) -> None:
    _do(province, DOSSIER, lambda it: it.score(indicator, Decimal(9), **LIMITS))


def _supported(province: Province) -> None:
    for number, indicator in enumerate(INDICATORS, start=1):
        _attach(province, indicator, number)


def _attach(province: Province, indicator: str, number: int) -> None:
    file = Evidence(UUID(int=number), f"{number:064x}", f"biên bản {number}.pdf", 10, "application/pdf")
    _do(province, DOSSIER, lambda it: it.attach(indicator, file))


def _declared(province: Province) -> None:
    _do(province, DOSSIER, lambda it: it.declare_veto("C3", Answer.NO, "văn bản 5"))


def _consolidated(province: Province) -> None:
    _do(
        province,
        DOSSIER,
        lambda it: it.consolidate(DAY, indicators=INDICATORS, vetoes=("C3",), needs_satisfaction=False),
    )


def _posted(province: Province) -> None:
    _do(province, DOSSIER, lambda it: it.post(DAY, DAY, "trụ sở UBND"))


def _commented(province: Province) -> None:
    _do(province, DOSSIER, lambda it: it.receive_comment(COMMENT, EncryptedValue("ab" * 32, "", COMMENT), DAY))


def _answered(province: Province) -> None:
    _do(province, DOSSIER, lambda it: it.answer_comment(COMMENT, "đã bổ sung"))


def _submitted(province: Province) -> None:
    province.actor = "chairman"
    _do(province, DOSSIER, lambda it: it.submit(DAY, "12/BC-UBND", indicators=INDICATORS))


def _returned(province: Province) -> None:
    province.actor = "appraiser"
    province.begin(APPRAISAL, Appraisal, commune=COMMUNE)
    _appraise(province, INDICATORS[1])
    _do(province, DOSSIER, lambda it: it.return_indicator(INDICATORS[0], "thiếu chữ ký", date(2023, 12, 5)))


def _resubmitted(province: Province) -> None:
    province.actor = "chairman"
    _do(province, DOSSIER, lambda it: it.measure(INDICATORS[0], f"{INDICATORS[0]}.2", SUPPLEMENT))
    _do(province, DOSSIER, lambda it: it.resubmit(DAY))


def _appraise(province: Province, indicator: str) -> None:
    seen = province.streams[DOSSIER].version
    _do(province, APPRAISAL, lambda it: it.appraise(indicator, Decimal(9), proposed=Decimal(9), seen=seen, **LIMITS))


def _appraised(province: Province) -> None:
    province.actor = "appraiser"
    for indicator in INDICATORS:
        _appraise(province, indicator)


def _concluded(province: Province) -> None:
    recognise = Proposal.RECOGNISE
    _do(province, APPRAISAL, lambda it: it.conclude(DAY, recognise, computed=recognise, changed={}))


def _convened(province: Province) -> None:
    province.begin(MEETING, Meeting, unit=UNIT, on=DAY, place="Hội trường", members=MEMBERS[:3], items=(COMMUNE,))


def _voting(province: Province) -> None:
    _do(province, MEETING, lambda it: it.record_attendance(MEMBERS[:3]))
    _do(
        province,
        MEETING,
        lambda it: it.open_vote(COMMUNE, a_council_rule(quorum=Fraction(2, 5))),
    )
    _do(province, MEETING, lambda it: it.cast_ballot(COMMUNE, MEMBERS[0], Choice.FOR))
    _do(province, MEETING, lambda it: it.cast_ballot(COMMUNE, MEMBERS[1], Choice.FOR))


def _voted(province: Province) -> None:
    _do(province, MEETING, lambda it: it.conclude_vote(COMMUNE, without_missing=True))


def _decided(province: Province) -> None:
    province.begin(
        RECOGNITION,
        Recognition,
        commune=COMMUNE,
        result=Result.RECOGNISED,
        decision_no="321/QĐ-UBND",
        on=DAY,
        rulebook="qd-25-2021",
        rulebook_sha256="ab" * 32,
        computed=Result.RECOGNISED,
        state_sha256="ef" * 32,
        relied_on=(),
        voted=Result.RECOGNISED,
    )


def _signed(province: Province) -> None:
    _do(province, RECOGNITION, lambda it: it.sign(DAY, "01" * 32, CALENDAR))


def _published(province: Province) -> None:
    _do(province, RECOGNITION, lambda it: it.publish(DAY, "Cổng thông tin điện tử"))


def _revoked(province: Province) -> None:
    _do(province, RECOGNITION, lambda it: it.revoke("minh chứng không đúng", "400/QĐ-UBND", DAY))


STEPS: dict[str, Callable[[Province], None]] = {
    "opened": lambda province: None,
    "scored": _scored,
    "supported": _supported,
    "declared": _declared,
    "consolidated": _consolidated,
    "posted": _posted,
    "commented": _commented,
    "answered": _answered,
    "submitted": _submitted,
    "returned": _returned,
    "resubmitted": _resubmitted,
    "appraised": _appraised,
    "concluded": _concluded,
    "convened": _convened,
    "voting": _voting,
    "voted": _voted,
    "decided": _decided,
    "signed": _signed,
    "published": _published,
    "revoked": _revoked,
}
