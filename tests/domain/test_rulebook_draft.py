"""One person changes values of a rulebook with their sources, another person signs off."""

from uuid import UUID

import pytest

from domain.errors import DraftMoved, NothingChanged, OwnDraft, ReasonMissing, SourceMissing
from domain.rulebook import Provenance
from domain.rulebook_draft import DraftChange, DraftValue, RulebookDraft, ValueSource

OLD, NEW = "1f" * 32, "2e" * 32
AN, BINH = "an", "binh"
CIRCULAR = ValueSource("Thông tư", "09/2021/TT-BTP", article="Điều 5")
HALF = DraftValue("1/2", Provenance.RECALLED)
TWO_THIRDS = DraftValue("2/3", Provenance.SOURCED, CIRCULAR)
QUORUM = DraftChange("council.quorum", HALF, TWO_THIRDS)


@pytest.fixture
def draft() -> RulebookDraft:
    return RulebookDraft(id=UUID(int=1), rulebook="qd-25-2021", base_sha256=OLD)


def test_a_value_changed_twice_is_one_change_from_what_the_text_has(draft: RulebookDraft):
    draft.change([QUORUM], AN)
    all_of_them = DraftValue("1/1", Provenance.SOURCED, CIRCULAR)
    draft.change([DraftChange("council.quorum", TWO_THIRDS, all_of_them)], BINH)

    assert list(draft.changes.values()) == [DraftChange("council.quorum", HALF, all_of_them)]
    assert draft.editors == {AN, BINH}


def test_a_value_taken_back_is_no_change(draft: RulebookDraft):
    draft.change([QUORUM], AN)
    draft.change([DraftChange("council.quorum", TWO_THIRDS, HALF)], AN)

    assert draft.changes == {}


def test_a_value_is_confirmed_by_its_source_alone(draft: RulebookDraft):
    confirmed = DraftValue("1/2", Provenance.SOURCED, CIRCULAR)
    draft.change([DraftChange("council.quorum", HALF, confirmed)], AN)

    assert draft.changes["council.quorum"].after == confirmed


def test_who_saw_another_value_changes_nothing(draft: RulebookDraft):
    draft.change([QUORUM], AN)

    with pytest.raises(DraftMoved) as refused:
        draft.change([DraftChange("TC1.points", None, None), DraftChange("council.quorum", HALF, None)], BINH)

    assert refused.value.details["path"] == "council.quorum"
    assert list(draft.changes) == ["council.quorum"]


@pytest.mark.parametrize("source", [None, ValueSource("  ", "09/2021/TT-BTP")])
def test_a_value_with_an_original_text_names_the_document(draft: RulebookDraft, source: ValueSource | None):
    with pytest.raises(SourceMissing):
        draft.change([DraftChange("council.quorum", HALF, DraftValue("2/3", Provenance.SOURCED, source))], AN)

    assert draft.changes == {}


def test_another_person_signs_off_and_the_next_draft_begins_from_that_text(draft: RulebookDraft):
    draft.change([QUORUM], AN)
    draft.sign_off(NEW, ["council.majority"], BINH)

    assert (draft.base_sha256, draft.changes, draft.editors) == (NEW, {}, set())


def test_nobody_signs_off_what_they_changed_even_when_others_changed_it_after(draft: RulebookDraft):
    draft.change([QUORUM], AN)
    draft.change([DraftChange("council.quorum", TWO_THIRDS, DraftValue("3/4"))], BINH)

    for editor in (AN, BINH):
        with pytest.raises(OwnDraft):
            draft.sign_off(NEW, [], editor)


def test_without_a_change_there_is_nothing_to_sign_off_or_to_give_up(draft: RulebookDraft):
    with pytest.raises(NothingChanged):
        draft.sign_off(NEW, [], BINH)
    with pytest.raises(NothingChanged):
        draft.discard("Nhập nhầm", AN)


def test_changes_are_given_up_with_a_reason(draft: RulebookDraft):
    draft.change([QUORUM], AN)

    with pytest.raises(ReasonMissing):
        draft.discard(" ", AN)
    draft.discard("Nhập nhầm văn bản", AN)

    assert (draft.base_sha256, draft.changes, draft.editors) == (OLD, {}, set())


def test_a_comment_says_something(draft: RulebookDraft):
    with pytest.raises(ReasonMissing):
        draft.comment("council.quorum", " ", AN)
    draft.comment("council.quorum", "Đề nghị xem lại", AN)

    assert [(one.path, one.text, one.by) for one in draft.comments] == [("council.quorum", "Đề nghị xem lại", AN)]


def test_a_draft_goes_over_to_another_text_while_nothing_is_changed_only(draft: RulebookDraft):
    draft.begin_from(NEW)
    draft.change([QUORUM], AN)
    draft.begin_from(OLD)

    assert draft.base_sha256 == NEW
