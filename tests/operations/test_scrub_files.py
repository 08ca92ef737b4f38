from pathlib import Path

import pytest

from infra.identity.tenants import Tenant
from infra.storage.files import Files
from infra.transparency.proofs import reading_log
from services import cli
from services.app import App
from services.operations import scrub_files
from services.operations.scrub_files import Scrubbed, scrub
from services.recognition import recognise
from tests.provinces.story import COMMUNE, PDF, Story, prepared


@pytest.fixture(scope="module")
def province(services) -> Tenant:
    """A province of these tests alone: others name files that were never kept."""
    return prepared(services)


@pytest.fixture
def scrubbed(services, house: App, province: Tenant):
    async def scrubbed() -> Scrubbed:
        async with reading_log(services.app_url, province) as connection:
            return await scrub(connection, province, house.files(province))

    return scrubbed


@pytest.fixture
async def place(story: Story) -> Path:
    """Where a file of evidence lies that no other test has."""
    await story.attach("TC1.CT1", content=PDF + story.season.encode())
    (held,) = (await story.dossier()).entry("TC1.CT1").evidence.values()
    return Files(story.house.settings.files / story.tenant.id)._place(held.sha256)


async def test_every_file_that_a_fact_names_is_hashed_again(scrubbed, place):
    before = await scrubbed()

    assert before.faults == ()
    assert before.files > 0
    assert before.bytes >= len(place.read_bytes())


async def test_a_flipped_byte_and_a_file_that_is_gone_are_found_by_name(scrubbed, place, services, province, capsys):
    content = place.read_bytes()
    given = cli.arguments().parse_args(["evidence", "scrub", "--tenant", province.slug])
    assert await scrub_files.run(services, given) == 0
    place.chmod(0o600)
    try:
        place.write_bytes(content[:-1] + bytes([content[-1] ^ 1]))
        assert [(one.sha256, one.code) for one in (await scrubbed()).faults] == [(place.name, "file-damaged")]
        assert await scrub_files.run(services, given) == 1
        assert "FAILS: 0 missing, 1 wrong" in capsys.readouterr().out
        place.unlink()
        assert [(one.sha256, one.code) for one in (await scrubbed()).faults] == [(place.name, "file-missing")]
    finally:
        place.write_bytes(content)


async def test_a_document_that_was_signed_elsewhere_is_only_counted(scrubbed, story):
    await story.decided()
    before = await scrubbed()
    await recognise.sign(await story.decider(), story.season, COMMUNE, "cd" * 32)

    after = await scrubbed()

    assert (after.elsewhere, after.faults) == (before.elsewhere + 1, before.faults)
