"""A dossier asked for on a page: it waits for the seal, never pretends to one, and comes out the same again."""

from datetime import timedelta
from pathlib import Path
from uuid import UUID, uuid4

import asyncpg
import pytest

from domain.errors import NotPermitted, OutOfOrder, VoteIsOpen
from domain.export import Document, Export, ExportState, export_stream
from domain.measure import Answer as Declared
from domain.meeting import Choice
from domain.official import Office
from domain.recognition import Result
from infra.identity.tenants import Tenant
from infra.jobs.export_runs import ExportRuns
from infra.ledger.note import KeyKind, SignerKey
from infra.ledger.witness_policy import Policy
from infra.transparency.proofs import first_over
from infra.transparency.sealer import Sealer
from infra.transparency.sealer_store import SealerStore
from services.app import App
from services.assessment import assess
from services.council import voting
from services.exports.kind import Unsealed
from services.exports.requests import export_id, fetch_export, request_export
from services.processes.worker import WorkerSettings, Workplace
from services.proof_package import package_on_request
from services.proof_package.package_files import read_files
from services.proof_package.package_on_request import NotProven, PolicyMissing
from services.proof_package.pages import forms, pages
from services.recognition import recognise
from services.seals.verify_answer import ExitCode
from tests.proof_package.sealed import WITNESSES, Sealed, ask, asked_by_inspector, worth
from tests.provinces.papers import made, workshop
from tests.provinces.story import AGENCIES, COMMUNE, DISTRICT, OTHER, TODAY, Story
from tests.provinces.telling import put_back


@pytest.fixture
async def log(
    house: App,
    sealed_province: Tenant,
    sealer: Sealer,
    kept: SealerStore,
    superuser: asyncpg.Connection,
    monkeypatch: pytest.MonkeyPatch,
) -> Sealed:
    """A season in which a commune was recognised, nothing of it sealed; who waits in vain waits for moments."""
    monkeypatch.setattr(package_on_request, "WAIT", 0.2)
    story = await Story(house, sealed_province, "").opened()
    return Sealed(await story.decided(), sealer, kept, superuser)


async def state(story: Story, export: UUID) -> Export:
    return await (await story.decider()).look(Export, export_stream(export))


# Making -----------------------------------------------------------------------------------------------


async def test_what_was_asked_for_is_one_file_that_verifies_without_us_and_so_does_its_evidence(
    log: Sealed, tmp_path: Path
):
    trust = await log.trust()
    export = await asked_by_inspector(log.story)
    work = await log.story.by(Office.INSPECTOR)
    await request_export(work, Document.EVIDENCE, log.story.season, COMMUNE)
    await log.seal()

    async with workshop(log.story.house) as shop:
        document = await made(shop, log.story, export)
        evidence = await made(shop, log.story, export_id(work))

    (tmp_path / "evidence.zip").write_bytes(evidence.content)
    found = await worth(document.content, trust, tmp_path, tmp_path / "evidence.zip")
    assert found.compared is not None
    assert (found.compared.equal, found.compared.absent) == (1, ())
    assert (found.answer, found.reason, found.own_policy) == (ExitCode.UNWITNESSED, "", True)
    assert found.verdict is not None
    assert found.verdict.checkpoint.size >= (await state(log.story, export)).at_position
    assert document.name == f"ho-so-doi-chung-{log.story.season}-{COMMUNE}.pdf"


async def test_a_commune_that_was_refused_has_one_too(house, sealed_province, packaged):
    class Disciplined(Story):
        async def filled(self, commune: str = COMMUNE) -> Story:
            await super().filled(commune)
            for condition in assess.declarable(self.rulebook):
                work = await self.officer(commune=commune)
                await assess.declare_veto(work, self.season, commune, condition, Declared.YES, "QĐ số 3")
            return self

    story = await Disciplined(house, sealed_province, "").opened()
    await story.voted(Choice.AGAINST)
    await recognise.decide(await story.decider(), story.season, COMMUNE, Result.NOT_RECOGNISED, "42/QĐ-UBND")

    found = await packaged(story)

    assert found.answer is ExitCode.UNWITNESSED
    assert found.said is not None
    assert found.said["decision"]["result"] == "not-recognised"


async def test_a_recognition_that_rests_on_a_consultation_in_writing_verifies_and_says_what_was_written(
    house, sealed_province, packaged, tmp_path
):
    story = await Story(house, sealed_province, "").opened()
    await story.consulted()
    await story.decide()

    found = await packaged(story)

    assert found.answer is ExitCode.UNWITNESSED
    assert found.said is not None
    assert [one.get("document_no", "") for one in found.said["ballots"]] == ["", "", "", "", "12/CV"]
    assert "opinions" not in found.said
    files, _ = read_files(tmp_path / "dossier.pdf")
    of_today, before, *_ = (pages(files, form).html for form in forms())
    assert "Lần lấy ý kiến bằng văn bản thứ 1" in of_today
    assert "phiên họp thứ" not in of_today.lower()
    assert "Kết thúc phiên họp" in before  # as packages said that were handed out until 30/11/2026


async def test_an_absent_members_opinion_is_said_apart_from_the_ballots(house, sealed_province, packaged, tmp_path):
    story = await Story(house, sealed_province, "").opened()
    await story.voted_with_an_absent_opinion()
    await story.decide()

    found = await packaged(story)

    assert found.answer is ExitCode.UNWITNESSED
    assert found.said is not None
    assert len(found.said["ballots"]) == 4
    assert [(one["choice"], one["document_no"]) for one in found.said["opinions"]] == [("against", "7/CV")]


async def test_made_again_it_has_the_same_bytes_whatever_was_sealed_cosigned_or_published_later(log: Sealed):
    await log.trust(quorum=1)
    export = await asked_by_inspector(log.story)
    await log.seal(WITNESSES[0])
    async with workshop(log.story.house) as shop:
        first = await made(shop, log.story, export)

    await log.cosign(WITNESSES[1])
    await recognise.sign(await log.story.decider(), log.story.season, COMMUNE, "ab" * 32)
    await log.seal(*WITNESSES)
    await log.trust(quorum=2)
    await log.seal(*WITNESSES)
    async with workshop(log.story.house) as shop:
        again = await made(shop, log.story, export)
        later = await made(shop, log.story, await asked_and_sealed(log))

    assert again == first
    assert later.content != first.content


async def asked_and_sealed(log: Sealed) -> UUID:
    export = await asked_by_inspector(log.story)
    await log.seal(*WITNESSES)
    return export


# Waiting ----------------------------------------------------------------------------------------------


async def test_nothing_is_made_before_the_log_is_sealed_and_cosigned_up_to_the_request(log: Sealed, tmp_path: Path):
    trust = await log.trust(quorum=1)
    await log.seal(WITNESSES[0])
    await recognise.sign(await log.story.decider(), log.story.season, COMMUNE, "ab" * 32)
    export = await asked_by_inspector(log.story)

    async with workshop(log.story.house) as shop:
        with pytest.raises(Unsealed) as unsealed:
            await made(shop, log.story, export)
        await log.seal()
        with pytest.raises(Unsealed) as alone:
            await made(shop, log.story, export)
        await log.cosign(WITNESSES[1])
        found = await worth((await made(shop, log.story, export)).content, trust, tmp_path)

    assert (unsealed.value.code, alone.value.code) == ("not-sealed", "not-cosigned")
    assert found.answer is ExitCode.VALID
    assert found.verdict is not None
    assert [one.witness for one in found.verdict.cosigned] == ["w1"]


async def test_who_waits_in_vain_is_told_and_may_ask_again(log: Sealed, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(WorkerSettings, "until_sealed", timedelta())
    await log.trust(quorum=1)
    export = await asked_by_inspector(log.story)
    await log.seal()
    house, tenant = log.story.house, log.story.tenant
    runs = ExportRuns(house.database)
    await runs.learn(tenant)

    async with workshop(house) as shop:
        place = Workplace(house, runs, shop)
        await place.take_up(tenant, export)
        waiting = (await runs.of(tenant, [export]))[export]
        await place.take_up(tenant, export)
        await place.take_up(tenant, export)
        assert (await state(log.story, export)).state is ExportState.FAILED
        again = await asked_by_inspector(log.story)
        await log.seal(WITNESSES[0])
        await runs.learn(tenant)
        await place.take_up(tenant, again)

    assert (waiting.trouble, waiting.over) == ("not-cosigned", False)
    facts = [one.fact async for page in house.store.read(tenant, streams=[export_stream(export)]) for one in page]
    assert [one.reason for one in facts if isinstance(one, Export.Failed)] == ["not-cosigned"]
    assert (await state(log.story, again)).state is ExportState.READY
    fetched = await fetch_export(await log.story.by(Office.INSPECTOR), again)
    assert fetched.content.path.read_bytes().startswith(b"%PDF-")


async def test_a_log_that_is_not_what_was_signed_gives_none(log: Sealed):
    await log.trust()
    export = await asked_by_inspector(log.story)
    await log.seal()
    schema = log.story.tenant.id

    async with put_back(log.superuser, schema):
        await log.superuser.execute(
            f"UPDATE {schema}.events SET data = jsonb_set(data, '{{decision_no}}', '\"1/QĐ\"')"
            " WHERE topic = 'recognition.decided' AND season = $1",
            log.story.season,
        )
        async with workshop(log.story.house) as shop:
            with pytest.raises(NotProven):
                await made(shop, log.story, export)


async def test_a_checkpoint_that_no_key_of_the_policy_signed_is_not_taken(log: Sealed):
    trust = await log.trust()
    stranger = Policy((SignerKey.new(log.story.tenant.log, KeyKind.NOTE).verifier,), (), 0)

    async with log.story.house.database.reading(log.story.tenant) as connection:
        assert await first_over(connection, log.story.tenant, trust.policy, 1) is not None
        assert await first_over(connection, log.story.tenant, stranger, 1) is None


# Asking -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("subject", [f"{COMMUNE} {Office.JUSTICE_OFFICER}", AGENCIES[0], "administrator"])
async def test_who_may_not_see_all_that_the_council_did_gets_none(log: Sealed, subject: str):
    await log.trust()

    with pytest.raises(NotPermitted):
        await ask(await log.story.by(subject), log.story)


@pytest.mark.parametrize(
    "subject", [Office.DISTRICT_CHAIRMAN, Office.DISTRICT_JUSTICE, Office.JUSTICE_DEPARTMENT, Office.INSPECTOR]
)
async def test_who_decides_appraises_or_inspects_may_have_it(log: Sealed, subject: str):
    await log.trust()

    assert await ask(await log.story.by(subject), log.story)


async def test_there_is_none_while_ballots_of_the_council_are_secret(log: Sealed):
    await log.trust()
    story = await log.story.concluded(OTHER)
    work, on = await story.decider(), TODAY
    _, key = await voting.convene(await story.appraiser(), story.season, DISTRICT, on, "Phòng họp 1", [OTHER])
    await voting.record_attendance(work.again(uuid4()), story.season, key, story.members)
    await voting.take_up(work.again(uuid4()), story.season, key, OTHER)
    await voting.open_vote(work.again(uuid4()), story.season, key, OTHER)

    with pytest.raises(VoteIsOpen):
        await asked_by_inspector(log.story)


async def test_there_is_none_before_the_decision(log: Sealed):
    await log.trust()
    undecided = await Story(log.story.house, log.story.tenant, "").opened()
    await undecided.concluded()

    with pytest.raises(OutOfOrder):
        await asked_by_inspector(undecided)


async def test_where_nobody_knows_who_must_sign_there_is_none(story: Story):
    await story.decided()

    with pytest.raises(PolicyMissing):
        await asked_by_inspector(story)
