from datetime import date
from decimal import Decimal
from uuid import UUID

import pytest

from domain.errors import NotFound, OutOfOrder, ReasonMissing, SanctionInvalid
from domain.judging import Contradiction, Sheet, VerdictResult, judge, sanctioned
from domain.measure import Answer, ManualPoints
from domain.rulebook import Condition, ConditionKind, Part, Provenance
from domain.sanction import Counted, Form, Officials, Post, Sanction, vetoed
from tests.domain.aggregates import CODES, DAY, a_complete_dossier, a_dossier
from tests.domain.rulebooks import a_criterion, a_rulebook, a_sheet, an_indicator, at_least, points_of_twenty_and_eighty

ONE = UUID(int=1)
#: QĐ 25/2021/QĐ-TTg, Điều 4.3: heads only, discipline for breaking the law in official duty, or prosecution.
HEADS = Counted(Officials.HEADS, Form.REPRIMAND, on_duty=True, prosecution=True)
#: Indicator 3 of criterion 5 of the same decision: all officials, any discipline, or prosecution.
EVERYBODY = Counted(Officials.ALL, Form.REPRIMAND, prosecution=True)
#: QĐ 619/QĐ-TTg: all officials, from a warning on, in official duty, or liable for damage.
FROM_WARNING = Counted(Officials.ALL, Form.WARNING, on_duty=True, compensation=True)


def a_sanction(
    post: Post = Post.GOVERNMENT_HEAD,
    form: Form = Form.WARNING,
    on_duty: Answer = Answer.YES,
    decided_on: date = date(2023, 9, 12),
    until: date | None = None,
    decision_no: str = "15/QĐ-UBND",
) -> Sanction:
    return Sanction(
        "Chủ tịch UBND", post, form, on_duty, decision_no, decided_on, date(2023, 4, 2), "99001", until=until
    )


@pytest.mark.parametrize(
    ("sanction", "heads", "everybody", "from_warning"),
    [
        (a_sanction(), True, True, True),
        (a_sanction(post=Post.PARTY_HEAD, form=Form.REPRIMAND), True, True, False),
        (a_sanction(post=Post.OTHER), False, True, True),
        (a_sanction(on_duty=Answer.NO), False, True, False),
        (a_sanction(form=Form.PROSECUTION, on_duty=Answer.NO), True, True, False),
        (a_sanction(post=Post.OTHER, form=Form.PROSECUTION), False, True, False),
        (a_sanction(form=Form.COMPENSATION), False, False, True),
        (a_sanction(form=Form.DISMISSAL), True, True, True),
    ],
)
def test_the_rule_says_which_sanctions_count(sanction, heads, everybody, from_warning):
    assert (HEADS.counts(sanction), EVERYBODY.counts(sanction), FROM_WARNING.counts(sanction)) == (
        heads,
        everybody,
        from_warning,
    )


def test_a_confirmed_sanction_excludes_and_one_that_is_only_declared_leaves_it_open():
    conditions = [("C3", HEADS), ("C4", None)]

    assert vetoed(conditions, {"C3": Answer.NO}, [(a_sanction(), True)]) == (("C3",), ())
    assert vetoed(conditions, {"C3": Answer.NO}, [(a_sanction(), False)]) == ((), ("C3",))
    assert vetoed(conditions, {"C3": Answer.NO}, [(a_sanction(post=Post.OTHER), True)]) == ((), ())
    assert vetoed(conditions, {"C4": Answer.YES}, []) == (("C4",), ())


def test_a_verdict_hangs_on_a_sanction_that_nobody_confirmed():
    veto = Condition("C3", ConditionKind.VETO, Provenance.SOURCED, text="no head disciplined", counts=HEADS)
    rulebook = points_of_twenty_and_eighty(at_least("80"), veto)

    open_, shut = a_sheet("20", "80"), a_sheet("20", "80", vetoes=("C3",))
    doubtful = Sheet(open_.values, unconfirmed=("C3",))

    assert judge(open_, rulebook).result is VerdictResult.MET
    assert judge(shut, rulebook).result is VerdictResult.NOT_MET
    assert (judge(doubtful, rulebook).result, judge(doubtful, rulebook).left_open) == (
        VerdictResult.NOT_VERIFIABLE,
        ("C3",),
    )


def test_full_marks_beside_a_recorded_sanction_are_a_finding():
    points, sourced = ManualPoints(Decimal("0.25")), Provenance.SOURCED
    part = Part("TC5.CT3", "no official disciplined", Decimal(5), points, sourced, sourced, counts=EVERYBODY)
    rulebook = a_rulebook(a_criterion("TC5", an_indicator("TC5.CT3", part)))

    full = sanctioned(rulebook, {"TC5.CT3": Decimal(5)}, [a_sanction(post=Post.OTHER)])
    less = sanctioned(rulebook, {"TC5.CT3": Decimal(3)}, [a_sanction(post=Post.OTHER)])

    assert [(one.contradiction, one.part) for one in full] == [(Contradiction.SANCTIONED, "TC5.CT3")]
    assert less == ()


# The dossier -------------------------------------------------------------------------------------------


def test_a_sanction_is_recorded_confirmed_and_set_aside():
    dossier = a_dossier()

    dossier.declare_sanction(ONE, a_sanction(), "99002")
    assert dossier.held_sanctions == [(a_sanction(), False)]
    dossier.confirm_sanction(ONE, "Ủy ban Kiểm tra", "41-TB", date(2023, 10, 2))
    assert dossier.held_sanctions == [(a_sanction(), True)]
    dossier.set_sanction_aside(ONE, "Quyết định đã bị hủy", "QĐ 3 ngày 02/01/2024")
    assert dossier.held_sanctions == []


@pytest.mark.parametrize(
    ("sanction", "field"),
    [
        (a_sanction(decided_on=date(2023, 4, 1)), "decided_on"),
        (a_sanction(until=date(2023, 9, 11)), "until"),
        (a_sanction(form=Form.REMOVAL), "decision_no"),
    ],
)
def test_what_cannot_be_is_refused_with_its_field(sanction, field):
    dossier = a_dossier()
    dossier.declare_sanction(UUID(int=2), a_sanction(form=Form.DEMOTION), "99001")

    with pytest.raises(SanctionInvalid) as refusal:
        dossier.declare_sanction(ONE, sanction, "99001")

    assert refusal.value.details["field"] == field
    assert ONE not in dossier.sanctions


def test_a_confirmation_is_not_older_than_the_decision_and_needs_a_sanction():
    dossier = a_dossier()
    with pytest.raises(NotFound):
        dossier.confirm_sanction(ONE, "Đảng ủy", "5/CV", date(2023, 10, 2))
    with pytest.raises(NotFound):
        dossier.set_sanction_aside(ONE, "nhầm", "CV 5")

    dossier.declare_sanction(ONE, a_sanction(), "99001")

    with pytest.raises(SanctionInvalid):
        dossier.confirm_sanction(ONE, "Đảng ủy", "5/CV", date(2023, 9, 11))
    with pytest.raises(ReasonMissing):
        dossier.set_sanction_aside(ONE, "nhầm", " ")


def test_what_hangs_out_is_taken_back_before_a_sanction_is_recorded():
    dossier = a_complete_dossier()
    dossier.consolidate(DAY, indicators=CODES, vetoes=["C3"], needs_satisfaction=False)

    with pytest.raises(OutOfOrder):
        dossier.declare_sanction(ONE, a_sanction(), "99001")
    dossier.reopen("Bổ sung vụ việc")
    dossier.declare_sanction(ONE, a_sanction(), "99001")

    assert ONE in dossier.sanctions
