"""What a page says of an act that counts only once it is beyond doubt: it never says "recorded" too early."""

from collections.abc import AsyncIterator

import pytest

from infra.ledger.note import KeyKind, SignerKey
from infra.ledger.witness_policy import Policy
from infra.platform.config import Settings
from infra.transparency.sealer_store import SealerStore
from services.operations.publish_policy import publish
from services.seals import seal_view
from services.seals.proof_download import key_of, verify
from services.seals.verify_answer import ExitCode
from tests.council.test_meeting_page import CHAIR, CODE, meeting, vote
from tests.provinces.story import AGENCIES, COMMUNE, Story
from tests.web.desks import Desks, desks, season, workplace

__all__ = ["desks", "season", "workplace"]

WITNESSES = [SignerKey.new(f"w{number}.example", KeyKind.COSIGNATURE).verifier for number in (1, 2)]


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Answers that will wait in vain wait for moments only."""
    monkeypatch.setattr(seal_view, "WAIT", 0.3)


@pytest.fixture
async def awaited(desks: Desks, season: Story, services: Settings) -> AsyncIterator[None]:
    """Two witnesses must cosign, neither of which can be reached; afterwards nobody must."""
    await season.opened()
    await sealed(desks)
    key = SealerStore(services.seals).key(desks.tenant).verifier
    lines = "".join(f"witness w{place} {one} http://127.0.0.1:1/{place}\n" for place, one in enumerate(WITNESSES))
    await publish(desks.house, desks.tenant, f"log {key}\n{lines}quorum 2\n".encode())
    yield
    await publish(desks.house, desks.tenant, f"log {key}\n{lines}quorum 0\n".encode())


async def sealed(desks: Desks) -> None:
    """Wait until everything that the log holds is sealed."""
    position = await desks.house.store.position(desks.tenant)
    assert (await desks.house.seals.recorded(desks.tenant, position, timeout=60)).is_recorded


async def test_a_ballot_is_called_recorded_once_it_is_sealed(desks: Desks, season: Story):
    key = await season.vote_open()

    page = await vote(await desks.of(AGENCIES[0]), season, key)

    assert CODE.search(page.html)
    assert "Đã ghi nhận" in page.text
    assert "Đã khóa; tỉnh chưa có bên xác nhận độc lập (mốc" in page.text


async def test_without_a_sealer_a_ballot_is_received_and_not_called_recorded(desks: Desks, season: Story, impatient):
    key = await season.vote_open()
    await desks.stop_sealing()
    member = await desks.of(AGENCIES[0])

    page = await vote(member, season, key)

    assert CODE.search(page.html)
    assert "Đã nhận, chưa xác thực" in page.text
    assert "Đã ghi nhận" not in page.text
    (poll,) = [part for part in page.html.split('"') if part.endswith("phan=bien-nhan")]
    again = await member.open(poll.replace("&amp;", "&").removeprefix(member.home), **{"hx-request": "true"})
    assert "Đã nhận, chưa xác thực" in again.text
    assert "phan=bien-nhan" in again.html


async def test_the_receipt_becomes_recorded_when_the_sealer_is_back(
    desks: Desks, season: Story, services: Settings, impatient
):
    key = await season.vote_open()
    await desks.stop_sealing()
    member = await desks.of(AGENCIES[0])
    await vote(member, season, key)
    desks.start_sealing(services)

    await sealed(desks)
    page = await member.open(meeting(season, key, xem="phieu"))

    assert "Đã ghi nhận" in page.text
    assert "phan=bien-nhan" not in page.html


async def test_a_ballot_waits_for_the_quorum_and_says_so(desks: Desks, season: Story, impatient, awaited):
    key = await season.vote_open()

    page = await vote(await desks.of(AGENCIES[0]), season, key)

    assert "Đã nhận, đang chờ xác thực" in page.text
    assert "Đã khóa, đang chờ bên xác nhận độc lập: 0/2" in page.text
    assert "Đã ghi nhận" not in page.text


async def test_a_decision_says_how_far_it_is_sealed(desks: Desks, season: Story):
    await season.voted()
    chairman = await desks.of(CHAIR)
    page = await chairman.open(f"/quyet-dinh/{season.season}/{COMMUNE}")

    page = await chairman.send(page, "/quyet-dinh", result="recognised", decision_no="41/QĐ-UBND", on="31/01/2024")

    assert "Đã khóa; tỉnh chưa có bên xác nhận độc lập" in page.text


async def test_in_english_too(desks: Desks, season: Story):
    key = await season.vote_open()
    member = await desks.of(AGENCIES[0])
    member.client.cookies.set("language", "en")

    page = await vote(member, season, key)

    assert "Locked; the province has no independent party yet" in page.text


async def test_a_member_takes_a_promise_home_and_later_the_proof(
    desks: Desks, season: Story, services: Settings, impatient
):
    key = await season.vote_open()
    await desks.stop_sealing()
    member = await desks.of(AGENCIES[0])
    await vote(member, season, key)
    address = f"{member.home}/hop/{season.season}/{key}/bien-nhan"
    early = await member.client.get(address)
    desks.start_sealing(services)
    await sealed(desks)
    late = await member.client.get(address)

    keys = (
        SealerStore(services.seals).key(desks.tenant).verifier,
        key_of(desks.house.settings.secret, desks.tenant).verifier,
    )
    answers = [verify(one.content, Policy(keys, (), 0)) for one in (early, late)]

    assert [found.answer for found in answers] == [ExitCode.PROMISED, ExitCode.UNWITNESSED]
    assert all(found.leaf is not None and found.leaf["type"] == "meeting.ballot-cast" for found in answers)
    assert 'filename="bien-nhan-' in late.headers["content-disposition"]


async def test_nobody_takes_home_a_ballot_that_they_did_not_cast(desks: Desks, season: Story):
    key = await season.vote_open()
    await vote(await desks.of(AGENCIES[0]), season, key)
    other = await desks.of(AGENCIES[1])

    assert (await other.client.get(f"{other.home}/hop/{season.season}/{key}/bien-nhan")).status_code == 404
