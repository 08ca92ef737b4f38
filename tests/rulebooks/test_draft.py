"""A province corrects a rulebook value by value; another person signs off, and the text is in use."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, timedelta

import pytest

from domain.adoption import Adoption, adoption_stream
from domain.errors import (
    DayInTheFuture,
    DayOutOfRange,
    DraftMoved,
    DraftNotClosed,
    NotFound,
    NotPermitted,
    OwnDraft,
    SourceMissing,
    UnverifiedNotAcknowledged,
    ValueUnusable,
)
from domain.official import Office
from domain.rulebook import Provenance
from domain.rulebook_draft import DraftChange, DraftValue, ValueSource, rulebook_draft_stream
from infra.reference.rulebooks import parse_draft
from services.rulebooks import draft
from services.rulebooks.draft import DraftText, draft_of
from services.work import Work
from tests.provinces.story import PDF, PROVINCE, TODAY, Story

RULEBOOK = "qd-25-2021"
CIRCULAR = ValueSource("Thông tư", "09/2021/TT-BTP", date(2021, 11, 15), "Điều 5", "4")


async def as_second(story: Story) -> Work:
    await story.enrol("phong", Office.ADMINISTRATOR, PROVINCE)
    return await story.by("phong")


async def change(work: Work, path: str, value: str, source: ValueSource | None = CIRCULAR) -> None:
    """Change one value as somebody does who has just opened the page."""
    text = await draft_of(work, RULEBOOK)
    await draft.change_values(work, RULEBOOK, [changed(text, path, value, source)])


def changed(text: DraftText, path: str, value: str, source: ValueSource | None = CIRCULAR) -> DraftChange:
    was = text.value(path)
    assert was is not None
    provenance = None if was.provenance is None else Provenance.SOURCED
    return DraftChange(path, was, DraftValue(value, provenance, source))


async def sign_off(work: Work) -> None:
    text = await draft_of(work, RULEBOOK)
    unverified = [entry.path for entry in text.rulebook.unverified]
    await draft.sign_off(work, RULEBOOK, text.sha256, unverified, "1342/STP-PBGDPL")


async def test_what_two_people_corrected_is_the_text_in_use(own_story: Story):
    # Given one value with its source, changed by an administrator
    before = await draft_of(await own_story.as_administrator(), RULEBOOK)
    await change(await own_story.as_administrator(), "council.quorum", "3/4")

    # When another person signs off
    await sign_off(await as_second(own_story))

    # Then the province uses the new text, keeps both, and the value has its source
    work = await own_story.as_administrator()
    adoption = await work.look(Adoption, adoption_stream(RULEBOOK))
    rulebooks = await work.rulebooks()
    text = rulebooks.text(adoption.sha256)
    assert adoption.sha256 != before.base.sha256
    assert text.council.quorum == parse_draft(rulebooks.written(text.sha256).encode()).council.quorum
    assert str(text.council.quorum) == "3/4"
    assert text.sources["council.quorum"].number == "09/2021/TT-BTP"
    assert rulebooks.text(before.base.sha256) == before.base


async def test_the_next_draft_begins_from_the_text_that_was_signed_off(own_story: Story):
    await change(await own_story.as_administrator(), "council.quorum", "3/4")
    await sign_off(await as_second(own_story))

    text = await draft_of(await own_story.as_administrator(), RULEBOOK)
    assert text.changes == ()
    assert text.values["council.quorum"].yaml == "3/4"


async def test_whoever_changed_something_does_not_sign_off(own_story: Story):
    await change(await own_story.as_administrator(), "council.quorum", "3/4")

    with pytest.raises(OwnDraft):
        await sign_off(await own_story.as_administrator())


async def test_nobody_signs_off_what_they_did_not_see(own_story: Story):
    await change(await own_story.as_administrator(), "council.quorum", "3/4")
    second = await as_second(own_story)
    seen = await draft_of(second, RULEBOOK)
    await change(await own_story.as_administrator(), "TC1.name", "Ban hành văn bản")

    with pytest.raises(DraftMoved):
        await draft.sign_off(second, RULEBOOK, seen.sha256, [entry.path for entry in seen.rulebook.unverified])


async def test_what_is_not_verified_is_signed_off_by_name_only(own_story: Story):
    await change(await own_story.as_administrator(), "council.quorum", "3/4")
    second = await as_second(own_story)
    text = await draft_of(second, RULEBOOK)
    assert text.rulebook.unverified

    with pytest.raises(UnverifiedNotAcknowledged):
        await draft.sign_off(second, RULEBOOK, text.sha256, [])


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("council.quorum", "31/2"),
        ("council.quorum", "0/13"),
        ("council.quorum", "-1/2"),
        ("council.max_members", "-5"),
        ("council.max_vice_chairs", "-1"),
        ("in_force.to", "2000-01-01"),
    ],
)
async def test_what_no_council_and_no_validity_can_be_keeps_a_draft_from_being_signed_off(
    own_story: Story, path: str, value: str
):
    await change(await own_story.as_administrator(), path, value)
    second = await as_second(own_story)
    text = await draft_of(second, RULEBOOK)

    assert [problem.path for problem in text.problems] == [path]
    with pytest.raises(DraftNotClosed):
        await draft.sign_off(second, RULEBOOK, text.sha256, [entry.path for entry in text.rulebook.unverified])


async def test_points_are_entered_one_by_one_and_signed_off_when_they_add_up(own_story: Story):
    # Given two of the three numbers that have to agree are not changed yet
    await change(await own_story.as_administrator(), "TC1.points", "11.0")
    text = await draft_of(await own_story.as_administrator(), RULEBOOK)
    assert [problem.path for problem in text.problems] == ["TC1.points"]

    # Then it cannot be signed off, and nothing of it is lost
    with pytest.raises(DraftNotClosed):
        await sign_off(await as_second(own_story))

    # And once it agrees it can
    await change(await own_story.as_administrator(), "TC1.points", before_of(text, "TC1.points").yaml)
    await change(await own_story.as_administrator(), "council.quorum", "3/4")
    await sign_off(await own_story.by("phong"))


def before_of(text: DraftText, path: str) -> DraftValue:
    before = next(one.before for one in text.changes if one.path == path)
    assert before is not None
    return before


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("council.quorum", "9" * 5_000),
        ("council.quorum", "1/0"),
        ("council.quorum", "[1]"),
        ("council.quorum", "a: b: c"),
        ("TC1.name", "{a: b}"),
        ("TC1.points", "nhiều"),
        ("TC1.points", "1e999999"),
        ("TC1.CT1.1.measure", "{kind: boolean, more: 1}"),
        ("TC1.CT1.1.measure", "{kind: points}"),
        ("TC1.CT1.1.measure", "&a [*a]"),
        ("C1", "{kind: magic}"),
        ("in_force.from", "2021-13-45"),
        ("TC1.name", "x" * 30_000),
    ],
)
async def test_a_value_that_could_never_be_read_is_refused_and_nothing_is_recorded(
    own_story: Story, path: str, value: str
):
    work = await own_story.as_administrator()
    was = (await draft_of(work, RULEBOOK)).value(path) or DraftValue("1")
    position = await work.store.position(own_story.tenant)

    with pytest.raises((ValueUnusable, DraftMoved)):
        await draft.change_values(work, RULEBOOK, [DraftChange(path, was, replace(was, yaml=value))])

    assert await work.store.position(own_story.tenant) == position
    assert (await draft_of(await own_story.as_administrator(), RULEBOOK)).changes == ()


@pytest.mark.parametrize(
    "path", ["unit_types.1.x", "TC1.CT" + "9" * 5_000, "TC99.name", "TC1.CT1.1.nothing", "id", "sources", "", "council"]
)
async def test_a_value_that_the_text_cannot_have_is_refused(own_story: Story, path: str):
    with pytest.raises((ValueUnusable, DraftMoved)):
        await draft.change_values(
            await own_story.as_administrator(), RULEBOOK, [DraftChange(path, None, DraftValue("x"))]
        )


@pytest.mark.parametrize(("path", "value"), [("status", "verified"), ("model", "levels"), ("id", "qd-27-2025")])
async def test_what_a_release_sets_is_not_a_provinces_to_change(own_story: Story, path: str, value: str):
    work = await own_story.as_administrator()
    was = (await draft_of(work, RULEBOOK)).value(path)
    assert was is not None

    with pytest.raises(ValueUnusable):
        await draft.change_values(work, RULEBOOK, [DraftChange(path, was, replace(was, yaml=value))])


@pytest.mark.parametrize(
    ("source", "refusal"),
    [
        (None, SourceMissing),
        (replace(CIRCULAR, document=" "), SourceMissing),
        (replace(CIRCULAR, dated=TODAY + timedelta(days=1)), DayInTheFuture),
        (replace(CIRCULAR, dated=date(20, 1, 1)), DayOutOfRange),
        (replace(CIRCULAR, sha256="ab" * 32), ValueUnusable),
    ],
    ids=["none", "blank", "tomorrow", "year", "file"],
)
async def test_a_source_is_a_document_that_can_be_meant(
    own_story: Story, source: ValueSource | None, refusal: type[Exception]
):
    with pytest.raises(refusal):
        await change(await own_story.as_administrator(), "council.quorum", "3/4", source)


async def test_a_scanned_document_is_kept_and_named_by_the_source(own_story: Story):
    work = await own_story.as_administrator()
    text = await draft_of(work, RULEBOOK)
    async with work.files.receiving("thông tư.pdf", PDF) as scan:
        await draft.change_values(work, RULEBOOK, [changed(text, "council.quorum", "3/4")], scan)

    held = (await draft_of(await own_story.as_administrator(), RULEBOOK)).values["council.quorum"]
    assert held.source is not None
    assert await work.files.read(held.source.sha256) == PDF


async def test_two_who_change_one_value_do_not_overwrite_each_other(own_story: Story):
    text = await draft_of(await own_story.as_administrator(), RULEBOOK)
    await draft.change_values(await own_story.as_administrator(), RULEBOOK, [changed(text, "council.quorum", "3/4")])

    with pytest.raises(DraftMoved):
        await draft.change_values(
            await own_story.as_administrator(), RULEBOOK, [changed(text, "council.quorum", "4/5")]
        )


async def test_comments_are_about_values_that_there_are(own_story: Story):
    await draft.comment(await own_story.as_administrator(), RULEBOOK, "council.quorum", "Đề nghị xem lại")

    with pytest.raises(ValueUnusable):
        await draft.comment(await own_story.as_administrator(), RULEBOOK, "council.nothing", "Đề nghị xem lại")


async def test_a_draft_that_is_given_up_leaves_the_text_in_use(own_story: Story):
    await change(await own_story.as_administrator(), "council.quorum", "3/4")
    work = await own_story.as_administrator()
    await draft.discard(work, RULEBOOK, (await draft_of(work, RULEBOOK)).sha256, "Nhập nhầm văn bản")

    assert (await draft_of(await own_story.as_administrator(), RULEBOOK)).changes == ()


@pytest.mark.parametrize("rulebook", ["qd-1-1999", "", "x" * 300])
async def test_another_rulebook_than_those_that_ship_has_no_draft(own_story: Story, rulebook: str):
    with pytest.raises(NotFound):
        await draft.comment(await own_story.as_administrator(), rulebook, "TC1.name", "Đề nghị xem lại")


async def test_who_does_not_run_the_seasons_is_told_so_before_anything_is_read(own_story: Story):
    officer = await own_story.officer()

    for refused in (
        draft.change_values(officer, "none", [DraftChange("none", None, None)]),
        draft.comment(officer, "none", "none", ""),
        draft.sign_off(officer, "none", "", []),
        draft.discard(officer, "none", "", ""),
    ):
        with pytest.raises(NotPermitted):
            await refused


async def test_a_draft_of_one_province_does_not_exist_for_another(own_story: Story, province_story: Story):
    await change(await own_story.as_administrator(), "council.quorum", "3/4")

    assert (await draft_of(await province_story.as_administrator(), RULEBOOK)).changes == ()


def kinds(facts: Sequence[object]) -> list[str]:
    return [type(one).__name__ for one in facts]


async def test_facts_are_recorded_of_each_step(own_story: Story):
    await change(await own_story.as_administrator(), "council.quorum", "3/4")
    await sign_off(await as_second(own_story))

    recorded = await own_story.facts(rulebook_draft_stream(RULEBOOK))
    assert kinds([one.fact for one in recorded]) == ["Begun", "ValueChanged", "SignedOff"]
