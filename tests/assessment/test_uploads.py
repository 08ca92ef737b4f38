"""What may be sent: by a person and to a province in 24 hours, to a province in all, and while there is space."""

from collections.abc import AsyncIterator
from dataclasses import replace
from uuid import uuid4

import pytest

from domain.errors import NoSpace, UploadsExhausted
from infra.platform.config import Allowance, Misconfigured, allowance_of
from infra.storage.files import Files
from infra.storage.uploads import Uploads
from services.assessment import assess
from services.assessment.assess import Upload
from services.work import Work
from tests.provinces.story import COMMUNE, OTHER, Story

PDF = b"%PDF-1.7\n"


def a_pdf(size: int) -> bytes:
    return PDF + uuid4().bytes.ljust(size - len(PDF), b"x")


async def send(work: Work, story: Story, allowance: Allowance, size: int = 1_000, commune: str = COMMUNE) -> None:
    work.uploads = Uploads(story.house.database, allowance)
    upload = Upload("tep.pdf", a_pdf(size))
    await assess.attach_evidence(work, story.season, commune, "TC1.CT1", upload)


async def files_of(story: Story) -> int:
    return len((await story.dossier()).entry("TC1.CT1").evidence)


async def sent_by(story: Story, commune: str = COMMUNE) -> int:
    """What the commune's officer has sent so far, in all tests."""
    work = await story.officer(commune=commune)
    return await Uploads(story.house.database, Allowance())._sent(story.tenant, 0, work.actor.person)


async def test_a_person_sends_so_much_in_a_day_and_what_was_taken_off_counts(story: Story):
    allowance = Allowance(person_a_day=await sent_by(story) + 2_500)
    await send(await story.officer(), story, allowance)
    await send(await story.officer(), story, allowance)
    (held, *_) = (await story.dossier()).entry("TC1.CT1").evidence
    await assess.withdraw_evidence(await story.officer(), story.season, COMMUNE, "TC1.CT1", held, "Nhầm tệp")

    with pytest.raises(UploadsExhausted) as refused:
        await send(await story.officer(), story, allowance)

    assert refused.value.details["reason"] == "person"
    assert await files_of(story) == 1
    await send(await story.officer(commune=OTHER), story, replace_person(allowance), commune=OTHER)


def replace_person(allowance: Allowance) -> Allowance:
    """The same, wide enough for another person of many tests."""
    return allowance._replace(person_a_day=10**12)


@pytest.mark.parametrize(("field", "reason"), [("province_a_day", "day"), ("province", "all")])
async def test_a_province_is_sent_so_much(story: Story, field: str, reason: str):
    so_far = await Uploads(story.house.database, Allowance())._total(story.tenant)
    allowance = Allowance()._replace(**{field: so_far + 1_500})
    await send(await story.officer(), story, allowance)

    with pytest.raises(UploadsExhausted) as refused:
        await send(await story.officer(), story, allowance)

    assert refused.value.details["reason"] == reason
    assert await files_of(story) == 1


async def test_a_repeated_upload_gets_its_receipt_when_nothing_more_may_be_sent(story: Story):
    work, content = await story.officer(), a_pdf(1_000)
    upload = Upload("tep.pdf", content)
    first = await assess.attach_evidence(work, story.season, COMMUNE, "TC1.CT1", upload)
    work.uploads = Uploads(story.house.database, Allowance(0, 0, 0))

    again = await assess.attach_evidence(work, story.season, COMMUNE, "TC1.CT1", upload)

    assert (again.first, again.repeated) == (first.first, True)


async def test_without_space_a_file_is_refused_before_a_byte_of_it_is_taken(story: Story):
    work = await story.officer()
    work.files = Files(work.files._folder, free=2**60)
    taken = 0

    async def content() -> AsyncIterator[bytes]:
        nonlocal taken
        taken += 1
        yield PDF

    with pytest.raises(NoSpace):
        await assess.attach_evidence(work, story.season, COMMUNE, "TC1.CT1", Upload("a.pdf", content()))

    assert taken == 0


def test_an_allowance_is_given_in_megabytes():
    given = allowance_of({"MINHCHUAN_UPLOADS_A_PERSON": "5", "MINHCHUAN_FREE_SPACE": "0"})

    assert given == Allowance()._replace(person_a_day=5_000_000, free=0)


@pytest.mark.parametrize("text", ["-1", "1.5", "much", "1" * 13])
def test_what_is_no_number_of_megabytes_is_named(text: str):
    with pytest.raises(Misconfigured, match="MINHCHUAN_STORAGE_A_PROVINCE"):
        allowance_of({"MINHCHUAN_STORAGE_A_PROVINCE": text})


def test_settings_pass_an_allowance_on(story: Story):
    settings = replace(story.house.settings, allowance=Allowance(1_000_000, 2_000_000, 3_000_000, 4_000_000))

    assert allowance_of(settings.environment()) == settings.allowance
