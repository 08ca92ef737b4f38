from collections.abc import Callable
from datetime import date, timedelta
from uuid import UUID, uuid4

import pytest

from domain.errors import (
    DocumentMissing,
    FindingMissing,
    NotAsked,
    OutOfOrder,
    ReasonMissing,
    Unheard,
)
from domain.official import Office
from domain.review import (
    REVIEWED_DECISIONS,
    Degree,
    Ground,
    Reference,
    Review,
    Ruling,
    commune_and_number,
    document_given,
    review_stream,
    review_streams,
)
from tests.domain.aggregates import COMMUNE, DAY, facts_of, replayed, state

OFFICER, CHAIRMAN, INQUIRY = uuid4(), uuid4(), uuid4()
ACT = Reference(uuid4(), "assessment", 41, 812)
DUE = DAY + timedelta(days=7)


def a_review() -> Review:
    return Review(
        id=uuid4(),
        commune=COMMUNE,
        ground=Ground.FALSE_EVIDENCE,
        statement="Danh sách không khớp sổ gốc",
        document_no="21/QĐ-TTr",
        document_on=DAY,
        on=DAY,
        references=(ACT,),
    )


def ask(review: Review, official: UUID = OFFICER, inquiry: UUID = INQUIRY) -> None:
    review.ask(inquiry, official, Office.JUSTICE_OFFICER, COMMUNE, "Danh sách lập từ đâu?", DUE)


def determine(review: Review, today: date, official: UUID = OFFICER) -> None:
    review.determine(official, Office.JUSTICE_OFFICER, COMMUNE, ACT, Degree.DIRECT, "Điều 7", today)


def a_proposed_review(ruling: Ruling = Ruling.REVOKED) -> Review:
    review = a_review()
    review.find("Sổ gốc có 13 chữ ký", [ACT])
    review.propose(ruling, "Tiêu chí 2 dưới một nửa", DAY, DAY)
    return review


def test_a_review_is_heard_found_determined_proposed_and_concluded():
    review = a_review()
    review.note(ACT)
    review.note(ACT, " chưa mở tệp ")
    ask(review)
    review.explain(INQUIRY, OFFICER, "Theo số người được mời", DAY)
    review.find("Sổ gốc có 13 chữ ký", [ACT])
    determine(review, DAY)
    review.propose(Ruling.REVOKED, "Tiêu chí 2 dưới một nửa", DAY, DAY)
    review.conclude(Ruling.REVOKED, "915/QĐ-UBND", DAY)

    assert facts_of(review) == [
        "Opened",
        "NoteAdded",
        "NoteAdded",
        "OfficialAsked",
        "ExplanationGiven",
        "FindingRecorded",
        "ResponsibilityDetermined",
        "Proposed",
        "Concluded",
    ]
    assert [fact.text for fact in review.pending_events if isinstance(fact, Review.NoteAdded)] == [None, "chưa mở tệp"]
    assert replayed(review) == state(review)


def test_nobody_explains_who_was_not_asked_nor_for_another():
    review = a_review()
    ask(review)

    for inquiry, official in ((uuid4(), OFFICER), (INQUIRY, CHAIRMAN)):
        with pytest.raises(NotAsked):
            review.explain(inquiry, official, "…", DAY)


def test_who_was_asked_may_add_to_the_explanation_and_be_late_until_the_conclusion():
    review = a_review()
    ask(review)
    review.explain(INQUIRY, OFFICER, "Theo số người được mời", DAY)
    review.find("Sổ gốc có 13 chữ ký", [])
    review.propose(Ruling.CONFIRMED, "Không đủ căn cứ", DUE, DUE)
    review.explain(INQUIRY, OFFICER, "Đã nộp thêm sổ", DUE + timedelta(days=9))
    review.conclude(Ruling.CONFIRMED, "915/QĐ-UBND", DUE)

    with pytest.raises(OutOfOrder):
        review.explain(INQUIRY, OFFICER, "Thêm nữa", DUE)


def test_nobody_is_held_responsible_unheard():
    review = a_review()
    with pytest.raises(Unheard) as never_asked:
        determine(review, DUE + timedelta(days=1))
    ask(review)
    with pytest.raises(Unheard):
        determine(review, DUE)

    determine(review, DUE + timedelta(days=1))

    assert never_asked.value.details == {"officials": (OFFICER,)}


def test_a_proposal_rests_on_a_finding_and_waits_for_those_who_may_still_explain():
    review = a_review()
    with pytest.raises(FindingMissing):
        review.propose(Ruling.REVOKED, "…", DAY, DAY)
    review.find("Sổ gốc có 13 chữ ký", [])
    ask(review)
    with pytest.raises(Unheard):
        review.propose(Ruling.REVOKED, "…", DAY, DUE)
    with pytest.raises(ReasonMissing):
        review.propose(Ruling.REVOKED, " ", DAY, DUE + timedelta(days=1))

    review.propose(Ruling.REVOKED, "Hết hạn, không giải trình", DAY, DUE + timedelta(days=1))

    assert review.proposed is Ruling.REVOKED


def test_with_the_proposal_the_inspection_ends():
    review = a_proposed_review()

    deeds: list[Callable[[], None]] = [
        lambda: ask(review),
        lambda: review.find("…", []),
        lambda: determine(review, DAY),
        lambda: review.note(ACT),
        lambda: review.propose(Ruling.CONFIRMED, "…", DAY, DAY),
    ]
    for deed in deeds:
        with pytest.raises(OutOfOrder):
            deed()


def test_nothing_is_concluded_before_a_proposal_nor_twice():
    with pytest.raises(OutOfOrder) as too_early:
        a_review().conclude(Ruling.REVOKED, "915/QĐ-UBND", DAY)
    review = a_proposed_review()
    review.conclude(Ruling.REVOKED, "915/QĐ-UBND", DAY)
    with pytest.raises(OutOfOrder) as twice:
        review.conclude(Ruling.REVOKED, "916/QĐ-UBND", DAY)

    assert (too_early.value.details["state"], twice.value.details["state"]) == ("not-proposed", "review-concluded")


def test_the_chairman_concludes_other_than_proposed_only_with_a_reason():
    review = a_proposed_review()
    with pytest.raises(ReasonMissing):
        review.conclude(Ruling.CONFIRMED, "915/QĐ-UBND", DAY, "  ")

    review.conclude(Ruling.CONFIRMED, "915/QĐ-UBND", DAY, "Chưa đủ căn cứ")

    assert review.concluded is Ruling.CONFIRMED


def test_every_text_that_is_asked_for_must_be_there():
    review = a_review()
    deeds: list[Callable[[], None]] = [
        lambda: review.ask(INQUIRY, OFFICER, Office.JUSTICE_OFFICER, COMMUNE, " ", DUE),
        lambda: review.find("", []),
    ]
    for deed in deeds:
        with pytest.raises(ReasonMissing):
            deed()
    with pytest.raises(DocumentMissing):
        document_given("  ")
    assert document_given(" 21/QĐ-TTr ") == "21/QĐ-TTr"


def test_a_commune_has_at_most_one_review_on_each_ground_of_each_decision_numbered_from_one():
    names = review_streams("2023", COMMUNE)

    assert names == tuple(review_stream("2023", COMMUNE, number) for number in range(1, 13))
    assert len(names) == len(Ground) * REVIEWED_DECISIONS
    assert commune_and_number(names[1].subject) == (COMMUNE, 2)
