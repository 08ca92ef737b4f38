"""A province keeps texts of rulebooks in its log and goes over from one to another."""

from uuid import uuid4

import pytest

from domain.adoption import Adoption, adoption_stream
from domain.errors import (
    NotPermitted,
    RulebookTextInvalid,
    RulebookTooLarge,
    RulebookUnusable,
    SignNotAllowed,
    UnverifiedNotAcknowledged,
)
from infra.reference.rulebooks import shipped_texts
from services.rulebooks import keep
from services.work import Work
from tests.provinces.story import Story

SHIPPED = next(text.decode() for text in shipped_texts() if b"id: qd-25-2021" in text)


def a_text() -> str:
    """A text of 25/2021 of which nobody else has the like."""
    return f"{SHIPPED}\n# {uuid4()}\n"


async def unverified_of(work: Work, sha256: str) -> list[str]:
    return [entry.path for entry in (await work.rulebooks()).text(sha256).unverified]


async def test_a_text_that_is_kept_can_be_judged_by_and_is_read_as_it_was_given(province_story: Story):
    text = a_text()
    await keep.keep_text(await province_story.as_administrator(), text)

    work = await province_story.as_administrator()
    sha256 = keep.text_hash(text)
    assert (await work.rulebooks()).text(sha256).id == "qd-25-2021"
    assert await keep.kept_text(work, sha256) == text


async def test_a_text_is_kept_once_however_its_lines_end(province_story: Story):
    text = a_text()
    first = await keep.keep_text(await province_story.as_administrator(), text)
    again = await keep.keep_text(await province_story.as_administrator(), text.replace("\n", "\r\n"))

    assert first.first == first.last
    assert again.first > again.last
    assert keep.text_hash(text.replace("\n", "\r\n")) == keep.text_hash(text)


async def test_what_ships_is_not_kept_again(province_story: Story):
    result = await keep.keep_text(await province_story.as_administrator(), SHIPPED)

    assert result.first > result.last


async def test_a_text_of_one_province_does_not_exist_for_another(province_story: Story, own_story: Story):
    text = a_text()
    await keep.keep_text(await own_story.as_administrator(), text)

    others = await province_story.as_administrator()
    with pytest.raises(RulebookUnusable):
        (await others.rulebooks()).text(keep.text_hash(text))


@pytest.mark.parametrize(
    ("change", "refusal"),
    [
        (lambda text: text.replace("model: points", "model: stars"), RulebookTextInvalid),
        (lambda text: text + "\nunknown: 1\n", RulebookTextInvalid),
        (lambda text: text + "\nid: qd-25-2021\n", RulebookTextInvalid),
        (lambda text: text + "\nsources: &a {C1: {document: x}}\nlegal_bases: [*a]\n", RulebookTextInvalid),
        (lambda text: text + "\nsources: " + "[" * 5_000, RulebookTextInvalid),
        (lambda text: text.replace("max_points: ", "max_points: 1e999999", 1), RulebookTextInvalid),
        (lambda text: text + "#" * 200_000, RulebookTooLarge),
        (lambda text: text + "# \u202e", SignNotAllowed),
        (lambda _: "", RulebookTextInvalid),
    ],
    ids=["word", "key", "key-twice", "alias", "deep", "number", "long", "sign", "empty"],
)
async def test_what_is_no_rulebook_is_refused_and_nothing_is_recorded(
    province_story: Story, change: object, refusal: type[Exception]
):
    administrator = await province_story.as_administrator()
    before = await administrator.store.position(province_story.tenant)

    with pytest.raises(refusal):
        await keep.keep_text(administrator, change(a_text()))  # type: ignore[operator]  # typed as an object, one of the parameters

    assert await administrator.store.position(province_story.tenant) == before


async def test_who_does_not_run_the_seasons_keeps_no_text(province_story: Story):
    with pytest.raises(NotPermitted):
        await keep.keep_text(await province_story.officer(), a_text())


async def test_a_province_goes_over_to_another_text_with_what_is_unverified_acknowledged(own_story: Story):
    text = a_text()
    await keep.keep_text(await own_story.as_administrator(), text)
    work = await own_story.as_administrator()
    sha256, former = keep.text_hash(text), (await keep.adopted_rulebook(work, "qd-25-2021")).sha256
    unverified = await unverified_of(work, sha256)

    with pytest.raises(UnverifiedNotAcknowledged):
        await keep.adopt_text(work, sha256, unverified[:1])
    await keep.adopt_text(await own_story.as_administrator(), sha256, unverified, "1342/STP", "đối chiếu")

    adoption = await (await own_story.as_administrator()).look(Adoption, adoption_stream("qd-25-2021"))
    assert (adoption.sha256, adoption.document_no) == (sha256, "1342/STP")
    assert sha256 != former


async def test_a_text_that_is_not_kept_is_not_adopted(province_story: Story):
    with pytest.raises(RulebookUnusable):
        await keep.adopt_text(await province_story.as_administrator(), "ab" * 32, [])


async def test_a_page_of_the_past_knows_no_text_that_was_kept_later(province_story: Story):
    texts, tenant = province_story.house.texts, province_story.tenant
    first, later = a_text(), a_text()
    kept = await keep.keep_text(await province_story.as_administrator(), first)
    await keep.keep_text(await province_story.as_administrator(), later)

    then, now = await texts.of(tenant, upto=kept.last), await texts.of(tenant)
    before = await texts.of(tenant, upto=kept.first - 1)

    assert [then.find(keep.text_hash(one)) is not None for one in (first, later)] == [True, False]
    assert [now.find(keep.text_hash(one)) is not None for one in (first, later)] == [True, True]
    assert before.find(keep.text_hash(first)) is None
