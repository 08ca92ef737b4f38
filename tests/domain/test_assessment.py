from collections.abc import Callable
from datetime import date
from decimal import Decimal
from uuid import UUID, uuid4

import pytest

from domain.assessment import EVIDENCE_LIMIT, Assessment, Returned, Stage
from domain.errors import (
    AlreadyReturned,
    AssessmentLocked,
    EvidenceAlreadyAttached,
    EvidenceMissing,
    IndicatorsUnscored,
    NotFound,
    OutOfOrder,
    PostingClosed,
    PostingUnfinished,
    ReasonMissing,
    ReturnsOutstanding,
    SatisfactionMissing,
    ScoreAboveMaximum,
    ScoreBelowMinimum,
    SupplementMissing,
    TooMuchEvidence,
    UnknownEvidence,
    VetoUndeclared,
)
from domain.measure import Answer, Kind, Measured, Outcome
from domain.personal import EncryptedValue
from tests.domain.aggregates import (
    CODES,
    DAY,
    a_complete_dossier,
    a_dossier,
    a_file,
    a_posted_dossier,
    a_submitted_dossier,
    facts_of,
    replayed,
    score,
    state,
)

DUE = date(2024, 2, 5)
CODE = CODES[0]


@pytest.mark.parametrize(
    ("points", "refusal"), [("5.25", ScoreAboveMaximum), ("-0.5", ScoreBelowMinimum)], ids=["above", "below"]
)
def test_points_keep_between_minimum_and_maximum(points: str, refusal: type[Exception]):
    dossier = a_dossier()

    with pytest.raises(refusal):
        dossier.score(CODE, Decimal(points), minimum=Decimal("-0.25"), maximum=Decimal(5))

    assert facts_of(dossier) == ["Opened"]


def test_a_penalty_is_a_score_where_the_minimum_allows_it():
    dossier = a_dossier()

    dossier.score(CODE, Decimal("-0.25"), minimum=Decimal("-0.25"), maximum=Decimal(5))

    assert dossier.entry(CODE).points == Decimal("-0.25")


def test_a_value_other_than_the_rules_carries_its_reason():
    dossier = a_dossier()

    with pytest.raises(ReasonMissing):
        dossier.rate(CODE, Outcome.NOT_MET, by_rule=Outcome.MET)
    dossier.rate(CODE, Outcome.NOT_MET, by_rule=Outcome.MET, reason="Thiếu một lớp")

    assert dossier.entry(CODE).reason == "Thiếu một lớp"


def test_what_is_already_so_is_no_fact():
    dossier = a_complete_dossier()
    dossier.measure(CODE, CODE, Measured(Kind.NOT_ARISEN))
    before = facts_of(dossier)

    score(dossier, CODE)
    dossier.measure(CODE, CODE, Measured(Kind.NOT_ARISEN))
    dossier.declare_veto("C3", Answer.NO, "Công văn 5")

    assert facts_of(dossier) == before


def test_a_change_of_any_kind_is_seen_by_the_appraiser_a_change_of_value_by_the_scorer():
    dossier = a_dossier()
    score(dossier, CODE)
    scored = dossier.version

    dossier.attach(CODE, a_file())

    assert dossier.entry(CODE).scored == scored
    assert dossier.entry(CODE).changed == dossier.version


def test_the_same_content_supports_an_indicator_once():
    dossier = a_dossier()
    dossier.attach(CODE, a_file())

    with pytest.raises(EvidenceAlreadyAttached):
        dossier.attach(CODE, a_file())
    dossier.attach(CODES[1], a_file())


def test_an_indicator_holds_only_so_many_files():
    dossier = a_dossier()
    for number in range(EVIDENCE_LIMIT):
        dossier.attach(CODE, a_file(str(number)))
    other = a_file("other")
    dossier.attach(CODES[1], other)

    with pytest.raises(TooMuchEvidence):
        dossier.attach(CODE, a_file("more"))
    with pytest.raises(TooMuchEvidence):
        dossier.reuse(CODE, other.id, CODES[1])


def test_only_evidence_that_is_there_is_reused_or_withdrawn():
    dossier = a_dossier()

    with pytest.raises(UnknownEvidence):
        dossier.reuse(CODE, uuid4(), CODES[1])
    with pytest.raises(UnknownEvidence):
        dossier.withdraw(CODE, uuid4(), "…")


def test_a_sheet_comes_together_when_scored_supported_declared_and_surveyed():
    dossier = a_dossier()

    def consolidate() -> None:
        dossier.consolidate(DAY, indicators=CODES, vetoes=["C3"], needs_satisfaction=True)

    with pytest.raises(IndicatorsUnscored):
        consolidate()
    for code in CODES:
        score(dossier, code)
    dossier.explain(CODES[0], "Không phát sinh")
    with pytest.raises(EvidenceMissing) as refusal:
        consolidate()
    dossier.attach(CODES[1], a_file())
    with pytest.raises(VetoUndeclared):
        consolidate()
    dossier.declare_veto("C3", Answer.YES, "QĐ kỷ luật 9")
    with pytest.raises(SatisfactionMissing):
        consolidate()
    dossier.measure_satisfaction(96, 100)
    consolidate()

    assert refusal.value.details["indicators"] == (CODES[1],)
    assert dossier.stage is Stage.CONSOLIDATED


def test_a_consolidated_sheet_is_changed_only_after_it_was_reopened():
    dossier = a_posted_dossier()
    with pytest.raises(AssessmentLocked):
        score(dossier, CODE, "2")
    with pytest.raises(ReasonMissing):
        dossier.reopen("")

    dossier.reopen("Nhầm số liệu")
    score(dossier, CODE, "2")

    assert dossier.posted_until is None


def test_a_dossier_goes_out_after_the_posting_with_comments_answered():
    dossier = a_posted_dossier()
    comment = uuid4()
    dossier.receive_comment(comment, EncryptedValue("ab" * 32, "", comment), DAY)

    with pytest.raises(PostingUnfinished):
        dossier.submit(date(2024, 1, 28), "12/BC", indicators=CODES)
    with pytest.raises(OutOfOrder):
        dossier.submit(date(2024, 1, 29), "12/BC", indicators=CODES)
    with pytest.raises(NotFound):
        dossier.answer_comment(uuid4(), "…")
    with pytest.raises(ReasonMissing):
        dossier.answer_comment(comment, " ")
    dossier.answer_comment(comment, "Đã kiểm tra")
    dossier.submit(date(2024, 1, 29), "12/BC", indicators=CODES)

    assert dossier.stage is Stage.SUBMITTED


def test_a_dossier_is_not_submitted_twice_nor_unposted():
    with pytest.raises(OutOfOrder):
        a_complete_dossier().submit(DAY, "12/BC", indicators=CODES)
    with pytest.raises(OutOfOrder):
        a_submitted_dossier().submit(DAY, "12/BC", indicators=CODES)


def test_only_the_returned_indicator_is_open_and_comes_back():
    dossier = a_submitted_dossier()
    with pytest.raises(ReasonMissing):
        dossier.return_indicator(CODE, "", DUE)
    dossier.return_indicator(CODE, "Bổ sung biên bản", DUE)

    score(dossier, CODE, "2")
    with pytest.raises(AssessmentLocked):
        score(dossier, CODES[1], "2")
    with pytest.raises(ReturnsOutstanding):
        dossier.must_be_with_the_appraiser()
    dossier.resubmit(DAY)

    assert dossier.returned == ()
    assert not dossier.may_edit(CODE)


def test_a_returned_indicator_without_its_evidence_does_not_come_back():
    dossier = a_submitted_dossier()
    dossier.return_indicator(CODE, "Tệp sai", DUE)
    (evidence,) = dossier.entry(CODE).evidence
    dossier.withdraw(CODE, evidence, "Tệp sai")

    with pytest.raises(EvidenceMissing):
        dossier.resubmit(DAY)


def test_the_facts_alone_make_the_dossier():
    dossier = a_submitted_dossier()
    dossier.return_indicator(CODE, "Bổ sung", DUE)
    dossier.explain(CODE, "Đã bổ sung")
    dossier.resubmit(DAY)

    assert replayed(dossier) == state(dossier)


SUPPLEMENTS: list[Callable[[Assessment], None]] = [
    lambda it: it.attach(CODE, a_file("the signed list")),
    lambda it: it.reuse(CODE, next(iter(it.entry(CODES[1]).evidence)), CODES[1]),
    lambda it: it.explain(CODE, "Danh sách có chữ ký nằm trong tệp đã gắn"),
    lambda it: score(it, CODE, "2"),
]


@pytest.mark.parametrize("supplement", SUPPLEMENTS)
def test_what_came_back_has_got_something_new_since_it_was_returned(supplement: Callable[[Assessment], None]):
    dossier = a_submitted_dossier()
    dossier.return_indicator(CODE, "Thiếu chữ ký", DUE)
    for again in (False, True):
        if again:
            score(dossier, CODE)  # the same value again is nothing new
        with pytest.raises(SupplementMissing) as refused:
            dossier.resubmit(DUE)
        assert refused.value.details == {"indicators": (CODE,)}

    supplement(dossier)
    dossier.resubmit(DUE)

    assert dossier.returned == ()
    dossier.return_indicator(CODE, "Vẫn thiếu", DUE)
    with pytest.raises(SupplementMissing):  # what was added before does not count again
        dossier.resubmit(DUE)


def commented(count: int = 3) -> tuple[Assessment, list[UUID]]:
    """A posted dossier with so many comments of the posting time."""
    dossier = a_posted_dossier()
    comments = [UUID(int=number) for number in range(1, count + 1)]
    for comment in comments:
        dossier.receive_comment(comment, EncryptedValue("ab" * 32, "", comment), DAY)
    return dossier, comments


@pytest.mark.parametrize("day", [date(2024, 1, 14), date(2024, 1, 30), date(2026, 1, 1)])
def test_comments_are_taken_while_the_result_is_posted_and_on_no_other_day(day: date):
    dossier = a_posted_dossier()
    comment = uuid4()

    with pytest.raises(PostingClosed) as refused:
        dossier.receive_comment(comment, EncryptedValue("ab" * 32, "", comment), day)
    assert refused.value.details == {"begins": DAY, "until": date(2024, 1, 29)}
    for open_day in (DAY, date(2024, 1, 29)):
        dossier.receive_comment(uuid4(), EncryptedValue("ab" * 32, "", comment), open_day)


def test_a_comment_that_an_old_log_took_after_the_posting_holds_nothing_up():
    dossier = a_posted_dossier()
    late = uuid4()
    dossier.trigger_event(
        Assessment.CommentReceived, comment=late, text=EncryptedValue("ab" * 32, "", late), on=date(2024, 2, 9)
    )

    dossier.submit(date(2024, 2, 10), "12/BC", indicators=CODES)

    dossier.answer_comment(late, "Đã chuyển bộ phận tiếp công dân")
    assert replayed(dossier) == state(dossier)


def test_one_act_answers_several_comments_or_finds_that_they_are_none():
    dossier, (first, second, third) = commented()

    dossier.answer_comments([first, second, first], "Đã niêm yết lại")
    with pytest.raises(OutOfOrder):
        dossier.submit(date(2024, 1, 29), "12/BC", indicators=CODES)
    dossier.set_comments_aside([third], "Quảng cáo")
    dossier.submit(date(2024, 1, 29), "12/BC", indicators=CODES)

    assert facts_of(dossier)[-3:] == ["CommentsAnswered", "CommentsSetAside", "Submitted"]
    assert dossier.comments == {first: "Đã niêm yết lại", second: "Đã niêm yết lại", third: None}
    assert replayed(dossier) == state(dossier)


def test_a_comment_is_set_aside_with_a_reason_once_and_never_after_its_answer():
    dossier, (first, second, third) = commented()
    dossier.answer_comment(first, "Đã trả lời")

    with pytest.raises(ReasonMissing):
        dossier.set_comments_aside([second], " ")
    with pytest.raises(OutOfOrder):
        dossier.set_comments_aside([first, second], "Quảng cáo")
    for nobody_s in ([], [uuid4()], [second, uuid4()]):
        with pytest.raises(NotFound):
            dossier.set_comments_aside(nobody_s, "Quảng cáo")
        with pytest.raises(NotFound):
            dossier.answer_comments(nobody_s, "Trả lời")
    dossier.set_comments_aside([second], "Quảng cáo")
    before = facts_of(dossier)
    dossier.set_comments_aside([second], "Quảng cáo")

    assert facts_of(dossier) == before
    dossier.answer_comment(second, "Xem lại thì đây là góp ý")  # an answer may still follow
    assert list(dossier.unanswered) == [third]


def test_a_flood_of_comments_is_one_act():
    dossier, comments = commented(2_400)

    dossier.set_comments_aside(comments, "Gửi hàng loạt, không liên quan")
    dossier.submit(date(2024, 1, 29), "12/BC", indicators=CODES)

    assert facts_of(dossier).count("CommentsSetAside") == 3


def test_what_was_asked_of_a_returned_indicator_stands_until_the_commune_sends_it_back():
    dossier = a_submitted_dossier()
    dossier.return_indicator(CODE, "Thiếu chữ ký", DUE)
    dossier.explain(CODE, "Danh sách có chữ ký nằm trong tệp đã gắn")

    with pytest.raises(AlreadyReturned) as refused:
        dossier.return_indicator(CODE, "Thiếu cả danh sách", DAY)

    assert refused.value.details == {"indicator": CODE, "due": DUE}
    entry = dossier.entry(CODE)
    assert (entry.returned, entry.supplemented) == (Returned("Thiếu chữ ký", DUE), True)
    dossier.resubmit(DUE)
    dossier.return_indicator(CODE, "Thiếu cả danh sách", DUE)


def test_a_log_in_which_an_indicator_was_returned_twice_is_read_as_it_was_recorded():
    dossier = a_submitted_dossier()
    dossier.return_indicator(CODE, "Thiếu chữ ký", DUE)
    dossier.trigger_event(Assessment.IndicatorReturned, indicator=CODE, reason="Thiếu cả danh sách", due=DUE)

    assert replayed(dossier) == state(dossier)
    assert dossier.entry(CODE).returned == Returned("Thiếu cả danh sách", DUE)


def test_another_basis_of_the_same_declaration_is_recorded():
    dossier = a_dossier()
    dossier.declare_veto("V1", Answer.NO, "Công văn 5")
    before = dossier.version

    dossier.declare_veto("V1", Answer.NO, "Công văn 5")
    assert dossier.version == before
    dossier.declare_veto("V1", Answer.NO, "Công văn 6")

    assert (dossier.version, dossier.bases["V1"]) == (before + 1, "Công văn 6")
