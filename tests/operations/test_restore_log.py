"""A backup that lacks what was signed for: the sealer stops, and an order goes on openly. Drilled from end to end."""

import asyncio
import shutil
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple
from uuid import uuid4

import asyncpg
import msgspec
import pytest

from domain.fact import StreamName
from domain.log import LOG, Log
from infra.identity.tenants import EpochBegun, Tenant
from infra.ledger.canonical_json import canonical
from infra.ledger.checkpoint import Checkpoint
from infra.ledger.leaf import leaf_hash, read_leaf
from infra.ledger.note import KeyKind, Note, SignerKey
from infra.ledger.proof import Proof
from infra.ledger.text import Invalid, base64, read_hashes
from infra.ledger.tree import verify_consistency
from infra.ledger.witness_policy import Policy
from infra.log.epochs import admit_only, hold
from infra.log.eventstore import Conflict
from infra.platform.config import Settings
from infra.platform.database import Connection
from infra.reference.rulebooks import load_calendar, load_rulebooks
from infra.transparency.proofs import LogAltered, reading_log
from infra.transparency.sealer_store import SealerStore
from services.app import App
from services.case.case_cache import Dossiers
from services.operations import rotate_key
from services.operations.create_tenant import as_operator, create_tenant
from services.operations.export_log import export
from services.operations.publish_policy import PolicyRefused, announce, publish
from services.operations.restore_log import Order, RestoreRefused, restore
from services.operations.verify_log import verify_log
from services.processes import sealer
from services.proof_package.build import Which, gather
from services.proof_package.package_files import CHECKPOINT, CONSISTENCY, LEAVES, PREVIOUS, payload_name
from services.proof_package.package_log import History, LoggedFact, line_of
from services.proof_package.verify import Law, judge_files
from services.recognition import recognise
from services.seals.proof_download import make_proof_download
from services.seals.proof_download import verify as verify_receipt
from services.seals.trusted_policy import Trust
from services.seals.verify_answer import ExitCode
from services.wiring import wired
from tests.infra.sealed import seal_anew
from tests.operations.test_create_tenant import new
from tests.privacy.test_personal_data import said, seen
from tests.provinces.story import COMMUNE, TODAY, Story, prepared
from tests.provinces.telling import put_back
from tests.recognition.test_recognise import appraised_anew, decide_on, revoked, voted_anew
from tests.season.test_correct import adopted, correct

ORDER = Order("Hỏng ổ đĩa", "21/QĐ-UBND", "Chủ tịch UBND tỉnh")
LAW = Law(load_rulebooks(), load_calendar())


async def seal(settings: Settings, tenant: Tenant) -> Note:
    assert await sealer.run(settings, once=True, only=[tenant.slug]) == 0
    note = SealerStore(settings.seals).checkpoint(tenant)
    assert note is not None
    return note


async def seal_grown(settings: Settings, tenant: Tenant) -> Note:
    async with wired(settings) as house:
        await grow(house, tenant)
    return await seal(settings, tenant)


async def refuses_to_seal(settings: Settings, tenant: Tenant, superuser: Connection) -> str:
    """Why the sealer signs nothing."""
    kept = SealerStore(settings.seals).last(tenant)
    sealings = await superuser.fetch(f"SELECT * FROM {tenant.id}.sealings")
    assert await sealer.run(settings, once=True, only=[tenant.slug]) == 1
    assert SealerStore(settings.seals).last(tenant) == kept
    assert await superuser.fetch(f"SELECT * FROM {tenant.id}.sealings") == sealings
    return str(await superuser.fetchval(f"SELECT reason FROM {tenant.id}.halts ORDER BY number DESC LIMIT 1"))


async def grow(house: App, tenant: Tenant, facts: int = 1) -> None:
    for _ in range(facts):
        await announce(house, tenant, str(SignerKey.new(tenant.log, KeyKind.NOTE).verifier))


@asynccontextmanager
async def losing(superuser: Connection, settings: Settings, tenant: Tenant, facts: int = 3) -> AsyncIterator[None]:
    """Within the block facts are signed for that are gone after it: the backup was made before."""
    async with put_back(superuser, tenant.id), wired(settings) as house:
        await grow(house, tenant, facts)
        await seal(settings, tenant)
        yield


async def go_on(settings: Settings, tenant: Tenant, held: Note | None = None) -> Tenant:
    """What the command does, in a house that was started again."""
    async with wired(settings) as house, as_operator(settings) as operator:
        return (await restore(house, operator, tenant, ORDER, held))[0]


async def beginnings(settings: Settings, tenant: Tenant) -> list[Log.Restored]:
    async with wired(settings) as house:
        pages = house.store.read(tenant, streams=[LOG])
        return [one.fact async for page in pages for one in page if isinstance(one.fact, Log.Restored)]


def trust_in(*keys: SignerKey) -> Trust:
    text = "".join(f"log {key.verifier}\n" for key in keys).encode() + b"quorum 0\n"
    return Trust(Policy.read(text), text)


def head_of(note: Note | bytes) -> Checkpoint:
    return Checkpoint.read((Note.read(note) if isinstance(note, bytes) else note).text)


# The drill --------------------------------------------------------------------------------------------


class Drilled(NamedTuple):
    """A province whose decision was sealed (`small`) and taken away (`before`); then `large` was signed, and the
    disk was lost, of which a backup had `kept` facts. In a new epoch the decision was signed (`last`).
    """

    settings: Settings
    old: Tenant
    now: Tenant
    which: Which
    kept: int
    small: Note
    large: Note
    last: Note
    before: Mapping[str, bytes]

    @property
    def old_key(self) -> SignerKey:
        return SealerStore(self.settings.seals).key(self.old)

    @property
    def new_key(self) -> SignerKey:
        return SealerStore(self.settings.seals).key(self.now)

    @property
    def both(self) -> Trust:
        """What an inspector trusts who keeps the old key beside the new one."""
        return trust_in(self.new_key, self.old_key)

    async def taken(self, trust: Trust, held: Note | None = None) -> Mapping[str, bytes]:
        async with reading_log(self.settings.app_url, self.now) as connection:
            return (await gather(connection, self.now, self.which, trust, LAW, held=held)).files


@pytest.fixture(scope="module")
def drilled(services: Settings, tmp_path_factory: pytest.TempPathFactory) -> Drilled:
    settings = replace(services, folder=tmp_path_factory.mktemp("drilled"))
    return asyncio.run(drill(settings, prepared(services)))


async def drill(settings: Settings, old: Tenant) -> Drilled:
    superuser = await asyncpg.connect(settings.database_url.replace("minhchuan@", "postgres@"))
    await superuser.execute("SET session_replication_role = replica")
    async with wired(settings) as house:
        story = await Story(house, old, "").opened()
        await story.voted()
        await story.decide()
        small = await seal(settings, old)
        trust = trust_in(SealerStore(settings.seals).key(old))
        await publish(house, old, trust.text)
        which = Which(story.season, COMMUNE)
        async with reading_log(settings.app_url, old) as connection:
            before = (await gather(connection, old, which, trust, LAW)).files
        kept = await house.store.position(old)
    async with losing(superuser, settings, old):
        large = SealerStore(settings.seals).checkpoint(old)
    assert large is not None
    await superuser.close()
    now = await go_on(settings, old)
    await seal(settings, now)
    async with wired(settings) as house:
        await publish(house, now, trust_in(SealerStore(settings.seals).key(now)).text)
        story = Story(house, now, which.season)
        await recognise.sign(await story.decider(), which.season, COMMUNE, "ab" * 32)
    return Drilled(settings, old, now, which, kept, small, large, await seal(settings, now), before)


@pytest.fixture
def told(services: Settings) -> Tenant:
    return prepared(services)


async def test_the_log_says_what_was_lost_and_a_key_of_its_own_signs_the_new_epoch(drilled: Drilled):
    keep = SealerStore(drilled.settings.seals)

    (fact,) = await beginnings(drilled.settings, drilled.now)
    assert (fact.origin, fact.kept) == (f"{drilled.old.log}/e2", drilled.kept)
    assert (fact.predecessor_origin, fact.predecessor_size) == (drilled.old.log, head_of(drilled.large).size)
    assert fact.predecessor_root == base64(head_of(drilled.large).root)
    assert (fact.reason, fact.basis, fact.ordered_by) == ORDER
    assert drilled.now.log == fact.origin
    assert drilled.last.check([drilled.new_key.verifier])
    assert not drilled.last.check([drilled.old_key.verifier])
    assert keep.checkpoint(drilled.old) == drilled.large


async def test_a_checkpoint_that_somebody_held_still_holds_or_names_the_loss(drilled: Drilled):
    lost = head_of(drilled.large).size - drilled.kept
    for trust in (None, trust_in(drilled.new_key), drilled.both):
        assert (await verify_log(drilled.settings, drilled.now, trust, [drilled.small, drilled.last])).ok
        found = await verify_log(drilled.settings, drilled.now, trust, [drilled.small, drilled.large])
        assert found.held == (head_of(drilled.small).size,)
        assert "; ".join(map(str, found.findings)) == (
            f"checkpoint of {drilled.kept + lost}, held elsewhere: {lost} facts that were sealed are lost, those above"
            f" {drilled.kept}, as the log itself says at position {drilled.kept + 1}"
        )


async def test_a_checkpoint_of_an_epoch_that_another_key_signed_is_a_finding(drilled: Drilled):
    for origin in (drilled.old.log, drilled.now.log):
        size, root = head_of(drilled.small).size, head_of(drilled.small).root
        forged = Checkpoint(origin, size, root).sign(SignerKey.new(origin, KeyKind.NOTE))

        found = await verify_log(drilled.settings, drilled.now, drilled.both, [forged])

        assert "no trusted key" in "".join(map(str, found.findings))


async def test_a_dossier_of_before_holds_by_the_old_policy_and_one_of_now_by_the_new(drilled: Drilled):
    old, new = trust_in(drilled.old_key), trust_in(drilled.new_key)
    after = await drilled.taken(new)

    assert {read_leaf(leaf).log for leaf in after[LEAVES].splitlines()} == {drilled.old.log, drilled.now.log}
    assert (await judge_files(drilled.before, None, old, LAW)).answer is ExitCode.UNWITNESSED
    assert (await judge_files(drilled.before, None, new, LAW)).answer is ExitCode.INVALID
    assert (await judge_files(after, None, new, LAW)).answer is ExitCode.UNWITNESSED
    assert (await judge_files(after, None, old, LAW)).answer is ExitCode.INVALID


async def test_one_dossier_leads_from_a_checkpoint_of_before_the_loss_to_one_after_it(drilled: Drilled):
    files = await drilled.taken(drilled.both, held=drilled.small)

    head, previous = head_of(files[CHECKPOINT]), head_of(files[PREVIOUS])
    assert (previous.origin, head.origin) == (drilled.old.log, drilled.now.log)
    between = read_hashes(files[CONSISTENCY].decode().splitlines())
    verify_consistency(previous.size, previous.root, head.size, head.root, between)
    assert (await judge_files(files, drilled.small, drilled.both, LAW)).answer is ExitCode.UNWITNESSED
    assert (await judge_files(files, drilled.large, drilled.both, LAW)).answer is ExitCode.INVALID
    with pytest.raises(LogAltered):
        await drilled.taken(drilled.both, held=drilled.large)


async def test_a_log_is_exported_whole_under_the_new_key_and_as_far_as_it_went_under_the_old(
    drilled: Drilled, tmp_path
):
    async with reading_log(drilled.settings.app_url, drilled.now) as connection:
        await export(connection, drilled.now, trust_in(drilled.new_key), tmp_path / "new", tiles=True)
        await export(connection, drilled.now, trust_in(drilled.old_key), tmp_path / "old")

    assert head_of((tmp_path / "new" / "checkpoint").read_bytes()) == head_of(drilled.last)
    assert head_of((tmp_path / "old" / "checkpoint").read_bytes()) == head_of(drilled.small)
    origins = [read_leaf(leaf).log for leaf in (tmp_path / "new" / "leaves.ndjson").read_bytes().splitlines()]
    assert origins == sorted(origins)


async def test_an_act_of_the_old_epoch_is_proven_under_the_new_checkpoint(drilled: Drilled):
    async with wired(drilled.settings) as house:
        result = await make_proof_download(house.database, house.settings.secret, drilled.now, drilled.kept)

    assert verify_receipt(result.content, trust_in(drilled.new_key).policy).answer is ExitCode.UNWITNESSED
    assert verify_receipt(result.content, trust_in(drilled.old_key).policy).answer is ExitCode.INVALID


async def test_the_policy_of_the_old_epoch_is_none_of_the_new_one(drilled: Drilled):
    async with wired(drilled.settings) as house:
        for policy in (trust_in(drilled.old_key), drilled.both):
            with pytest.raises(PolicyRefused, match="another log"):
                await publish(house, drilled.now, policy.text)


async def test_there_is_no_second_epoch_without_a_second_loss(drilled: Drilled):
    with pytest.raises(RestoreRefused, match="nothing that was signed for is missing"):
        await go_on(drilled.settings, drilled.now)
    assert len(await beginnings(drilled.settings, drilled.now)) == 1


async def test_a_document_made_again_names_the_log_as_it_was_called_then(drilled: Drilled):
    async with wired(drilled.settings) as house:
        for position, tenant in ((1, drilled.old), (drilled.kept, drilled.old), (drilled.kept + 1, drilled.now)):
            assert await house.store.origin_at(drilled.now, position) == tenant.log


async def test_what_somebody_said_before_the_loss_is_opened_after_it(services: Settings, told: Tenant, superuser):
    async with wired(services) as house:
        before = await (await Story(house, told, "").opened()).posted()
        await said(before, "trước khi mất")
    await seal(services, told)
    async with losing(superuser, services, told):
        pass

    now = await go_on(services, told)

    async with wired(services) as house:
        after = Story(house, now, before.season)
        await said(after, "sau khi mất")
        assert [one.text for one in await seen(after)] == ["trước khi mất", "sau khi mất"]
        assert [one.text for one in await seen(after, tenant=told)] == ["trước khi mất", None]


async def told_at_length(house: App, tenant: Tenant) -> list[str]:
    """A year whose text was corrected and whose commune was decided on anew after a revocation, and a second round of a
    year whose council was asked in writing: their names.
    """
    first = await Story(house, tenant, "").opened()
    await correct(first, await adopted(first, ("name: Ban hành văn bản", "name: Ban hành các văn bản")))
    await revoked(first)
    await appraised_anew(first)
    await voted_anew(first)
    await decide_on(first, TODAY)
    second = await Story(house, tenant, "", round_no=2).opened()
    await second.consulted()
    await second.decide()
    return [first.season, second.season]


async def test_corrected_texts_second_rounds_decisions_anew_and_consultations_are_what_they_were_after_a_loss(
    services: Settings, told: Tenant, superuser
):
    # Given a province with all of these in its sealed log, and a loss of what came later
    async with wired(services) as house:
        seasons = await told_at_length(house, told)
        kept = await house.store.position(told)
        rows = await everything_of(house, told, seasons)
    await seal(services, told)
    async with losing(superuser, services, told):
        pass

    # When an order goes on from the backup
    now = await go_on(services, told)
    await seal(services, now)

    # Then every page says what it said, work goes on, and each decision's package holds in the new epoch
    async with wired(services) as house:
        assert await everything_of(house, now, seasons, kept) == rows
        trust = trust_in(SealerStore(services.seals).key(now))
        await publish(house, now, trust.text)
        for season in seasons:
            await recognise.sign(await Story(house, now, season).decider(), season, COMMUNE, "ab" * 32)
    await seal(services, now)
    for season in seasons:
        async with reading_log(services.app_url, now) as connection:
            files = (await gather(connection, now, Which(season, COMMUNE), trust, LAW)).files
        found = await judge_files(files, None, trust, LAW)
        assert (found.answer, found.reason) == (ExitCode.UNWITNESSED, "")


async def everything_of(house: App, tenant: Tenant, seasons: list[str], upto: int | None = None) -> list[Any]:
    """The commune's dossier, council and decision in these years, as far as the log went then."""
    position = upto or await house.store.position(tenant)
    dossiers = house.part(Dossiers)
    seen = [await dossiers.then(tenant, season, COMMUNE, position) for season in seasons]
    pages = house.store.read(tenant, upto=position)
    told = [(one.position, one.stream, type(one.fact).__qualname__) async for page in pages for one in page]
    return [told, *(one.rows for one in seen)]


# What is refused --------------------------------------------------------------------------------------


@pytest.fixture
def settings(services: Settings, tmp_path: Path) -> Settings:
    """The house with a folder of its own, so with a sealer of its own."""
    return replace(services, folder=tmp_path)


@pytest.fixture
async def tenant(settings: Settings) -> Tenant:
    """A province of which everything is sealed."""
    async with wired(settings) as house, as_operator(settings) as operator:
        tenant = await create_tenant(house, operator, new(province_code="99"))
    await seal(settings, tenant)
    return tenant


async def test_while_nobody_orders_it_a_sealer_signs_nothing_for_a_restored_backup(settings, tenant, superuser):
    kept = head_of(await seal(settings, tenant)).size
    async with losing(superuser, settings, tenant):
        pass

    said = await refuses_to_seal(settings, tenant, superuser)

    assert said == f"the log ends at {kept}, and was sealed up to {kept + 3}"


async def test_nothing_is_begun_where_nothing_is_missing(settings, tenant):
    with pytest.raises(RestoreRefused, match="nothing that was signed for is missing"):
        await go_on(settings, tenant)

    assert not await beginnings(settings, tenant)
    async with wired(settings) as house:
        await grow(house, tenant)  # and the log goes on


async def test_nothing_is_begun_where_only_facts_are_gone_and_their_checkpoints_stay(settings, tenant, superuser):
    size = head_of(await seal(settings, tenant)).size
    async with put_back(superuser, tenant.id):
        await superuser.execute(f"DELETE FROM {tenant.id}.events WHERE position > {size - 1}")
        await superuser.execute(f"UPDATE {tenant.id}.head SET position = {size - 1}")
        with pytest.raises(RestoreRefused, match="no backup as it was taken"):
            await go_on(settings, tenant)


async def test_the_sealer_signs_no_epoch_that_lacks_nothing_or_says_nothing(settings, tenant, superuser):
    signed = head_of(await seal(settings, tenant))
    async with as_operator(settings) as operator:
        now = await operator.record(tenant.id, EpochBegun(log=f"{tenant.log}/e2"))

    assert "nothing says that any were lost" in await refuses_to_seal(settings, now, superuser)

    async with wired(settings) as house:
        await house.system(now, uuid4()).change(
            Log,
            LOG,
            lambda log: log.restore(now.log, signed.origin, signed.size, base64(signed.root), signed.size, "x", "y"),
        )
    assert "lacks none of the" in await refuses_to_seal(settings, now, superuser)


@pytest.mark.parametrize("change", [{"size": 1}, {"root": bytes(32)}, {"origin": "elsewhere.example/t/1"}])
async def test_the_sealer_signs_no_epoch_that_names_another_end_than_it_signed(settings, tenant, superuser, change):
    async with losing(superuser, settings, tenant):
        pass
    signed = SealerStore(settings.seals).last(tenant)
    assert signed is not None
    named = msgspec.structs.replace(signed, **change)
    async with wired(settings) as house, as_operator(settings) as operator:
        now = await operator.record(tenant.id, EpochBegun(log=f"{tenant.log}/e2"))
        kept = await house.store.position(tenant)
        await house.system(now, uuid4()).change(
            Log, LOG, lambda log: log.restore(now.log, named.origin, named.size, base64(named.root), kept, "x", "y")
        )

    assert "is said to follow" in await refuses_to_seal(settings, now, superuser)


async def test_after_the_loss_no_process_writes_into_the_old_epoch_any_more(settings, tenant):
    superuser = await asyncpg.connect(settings.database_url.replace("minhchuan@", "postgres@"))
    await superuser.execute("SET session_replication_role = replica")
    async with losing(superuser, settings, tenant):
        pass
    await superuser.close()
    now = await go_on(settings, tenant)

    async with wired(settings) as house:
        with pytest.raises(Conflict):
            await grow(house, tenant)
        await grow(house, now)

    assert head_of(await seal(settings, now)).origin == now.log


# What is broken off -----------------------------------------------------------------------------------


@pytest.mark.parametrize("moved", [False, True])
async def test_an_order_that_was_broken_off_is_taken_up_again(settings, tenant, superuser, moved):
    async with losing(superuser, settings, tenant):
        pass
    origin = f"{tenant.log}/e2"
    owner = await asyncpg.connect(settings.database_url)
    async with owner.transaction():
        await admit_only(owner, tenant, origin, await hold(owner, tenant))
    await owner.close()
    now = msgspec.structs.replace(tenant, log=origin)
    if moved:
        async with as_operator(settings) as operator:
            now = await operator.record(tenant.id, EpochBegun(log=origin))
    async with wired(settings) as house:
        with pytest.raises(Conflict):  # nothing of the new epoch comes before the fact that begins it
            await grow(house, now)

    again = await go_on(settings, now if moved else tenant)
    once_more = await go_on(settings, again)

    assert again == once_more
    assert len(await beginnings(settings, again)) == 1
    assert head_of(await seal(settings, again)).origin == origin


@pytest.mark.parametrize("text", ["Hỏng ô\u0309 đĩa", "Hỏng\0"])
async def test_an_order_that_cannot_be_recorded_begins_nothing(settings, tenant, superuser, text):
    async with losing(superuser, settings, tenant):
        pass
    async with wired(settings) as house, as_operator(settings) as operator:
        with pytest.raises(RestoreRefused):
            await restore(house, operator, tenant, ORDER._replace(reason=text))
        now = await house.tenants.by_id(tenant.id)
        assert now
        assert now.log == tenant.log
        await grow(house, tenant)  # as before


async def test_a_second_loss_that_takes_the_second_epoch_along_leads_to_a_third(settings, tenant, superuser):
    async with put_back(superuser, tenant.id):
        async with losing(superuser, settings, tenant):
            pass
        second = await go_on(settings, tenant)
        await seal(settings, second)
        async with wired(settings) as house:
            await grow(house, second, 9)
        last = head_of(await seal(settings, second))
    await superuser.execute("UPDATE control.tenants SET log = $1 WHERE id = $2", tenant.log, tenant.id)
    said = await refuses_to_seal(settings, tenant, superuser)

    third = await go_on(settings, tenant)

    assert said == f"the log goes by {tenant.log}, and was sealed as {second.log} here last"
    assert third.log == f"{tenant.log}/e3"
    (fact,) = await beginnings(settings, third)
    assert (fact.predecessor_origin, fact.predecessor_size) == (second.log, last.size)
    assert head_of(await seal(settings, third)).origin == third.log
    assert (await verify_log(settings, third, None)).ok


async def test_a_sealer_that_lost_its_folder_too_is_told_by_whoever_holds_the_last_checkpoint(
    settings, tenant, superuser
):
    key = SealerStore(settings.seals).key(tenant)
    async with wired(settings) as house:
        await publish(house, tenant, trust_in(key).text)
    await seal(settings, tenant)
    async with losing(superuser, settings, tenant):
        held = await seal(settings, tenant)
    shutil.rmtree(settings.seals)
    forged = head_of(held).sign(SignerKey.new(tenant.log, KeyKind.NOTE))
    foreign = Checkpoint("elsewhere.example/t/1", 99, bytes(32)).sign(
        SignerKey.new("elsewhere.example/t/1", KeyKind.NOTE)
    )

    for note, reason in ((None, "nobody here knows"), (forged, "knows a key"), (foreign, "another log")):
        with pytest.raises((RestoreRefused, Invalid), match=reason):
            await go_on(settings, tenant, note)
    now = await go_on(settings, tenant, held)
    assert "copy of its last checkpoint is gone" in await refuses_to_seal(settings, now, superuser)
    settings.seals.mkdir(exist_ok=True)
    (settings.seals / f"{tenant.id}.checkpoint").write_bytes(bytes(held))

    assert head_of(await seal(settings, now)).origin == now.log


async def test_a_new_epoch_whose_key_cannot_be_kept_begins_when_there_is_room(settings, tenant, superuser):
    async with losing(superuser, settings, tenant):
        pass
    now = await go_on(settings, tenant)
    full = settings.seals / f"{tenant.id}.e2.key.new"
    full.symlink_to("/dev/full")

    assert "No space left on device" in await refuses_to_seal(settings, now, superuser)
    full.unlink()

    assert head_of(await seal(settings, now)).origin == now.log
    assert (await verify_log(settings, now, None)).ok


async def change_key(settings: Settings, tenant: Tenant) -> tuple[SignerKey, SignerKey]:
    """The former key and the present one, as the commands change them."""
    keep = SealerStore(settings.seals)
    former = keep.key(tenant)
    await rotate_key.make_next(settings, tenant.slug)
    coming = keep.next_key(tenant)
    assert coming is not None
    async with wired(settings) as house:
        await announce(house, tenant, str(coming.verifier))
        await publish(house, tenant, trust_in(former, coming).text)
        await seal(settings, tenant)
        await grow(house, tenant)
        assert len((await seal(settings, tenant)).check([former.verifier, coming.verifier])) == 2
        await rotate_key.retire(settings, tenant.slug)
        await grow(house, tenant)
    await seal(settings, tenant)
    return former, coming


async def test_a_log_changes_its_key_in_its_second_epoch_as_it_did_in_its_first(settings, tenant, superuser, tmp_path):
    former, present = await change_key(settings, tenant)
    async with losing(superuser, settings, tenant):
        pass
    now = await go_on(settings, tenant)
    before = await seal(settings, now)
    assert (await verify_log(settings, now, None, [before])).ok

    first, second = await change_key(settings, now)
    after = await seal_grown(settings, now)

    assert after.check([second.verifier])
    assert not after.check([first.verifier, former.verifier, present.verifier])
    for trust in (None, trust_in(first, second), trust_in(former, present, first, second)):
        found = await verify_log(settings, now, trust, [before, after])
        assert found.ok
        assert found.former == 0
        assert found.held == (head_of(before).size, head_of(after).size)
    new_only = await verify_log(settings, now, trust_in(second), [after])
    assert new_only.ok
    assert new_only.former == 2
    async with reading_log(settings.app_url, now) as connection:
        await export(connection, now, trust_in(first, second), tmp_path / "out")
    assert {file.name.replace(tenant.id, "t") for file in settings.seals.glob(f"{tenant.id}.*")} == {
        *("t.key", f"t.retired-{former.verifier.id.hex()}.key", "t.checkpoint"),
        *("t.e2.key", f"t.e2.retired-{first.verifier.id.hex()}.key", "t.e2.checkpoint"),
    }


async def test_of_a_lost_checkpoint_it_is_not_asked_who_announced_its_key_for_that_may_be_lost_too(
    settings, tenant, superuser
):
    async with put_back(superuser, tenant.id):
        await change_key(settings, tenant)
        held = SealerStore(settings.seals).checkpoint(tenant)
    assert held is not None
    now = await go_on(settings, tenant)
    await seal(settings, now)

    (finding,) = (await verify_log(settings, now, None, [held])).findings

    assert f"checkpoint of {head_of(held).size}, held elsewhere: " in finding.text
    assert "are lost, those above" in finding.text


# What is forged ---------------------------------------------------------------------------------------


async def call_it(superuser: Connection, drilled: Drilled, position: int, origin: str) -> None:
    """Write another origin into a leaf, as somebody does who has the database and the key of the new epoch."""
    schema, was = drilled.now.id, b'"log":"'
    leaf = await superuser.fetchval(f"SELECT leaf FROM {schema}.events WHERE position = $1", position)
    start = leaf.index(was) + len(was)
    forged = leaf[:start] + origin.encode() + leaf[leaf.index(b'"', start) :]
    await superuser.execute(
        f"UPDATE {schema}.events SET leaf = $2, leaf_hash = $3 WHERE position = $1",
        *(position, forged, leaf_hash(forged)),
    )
    await seal_anew(superuser, drilled.now, drilled.new_key)


@pytest.mark.parametrize("ending", ["/e2", "/e1", "/e3", "/e02", "0", "/e1000"])
async def test_no_leaf_of_a_later_epoch_or_of_another_log_stands_among_those_of_the_old_one(
    drilled: Drilled, superuser, tmp_path, ending
):
    trust = trust_in(drilled.new_key)
    async with put_back(superuser, drilled.now.id):
        await call_it(superuser, drilled, drilled.kept - 2, drilled.old.log + ending)

        findings = (await verify_log(drilled.settings, drilled.now, trust)).findings
        with pytest.raises(LogAltered, match=f"position {drilled.kept - (1 if ending == '/e2' else 2)}"):
            async with reading_log(drilled.settings.app_url, drilled.now) as connection:
                await export(connection, drilled.now, trust, tmp_path / "out")

    assert {one.position for one in findings} & {drilled.kept - 2, drilled.kept - 1}


async def test_in_a_dossier_no_fact_of_the_old_epoch_stands_after_one_of_the_new(drilled: Drilled):
    files = await drilled.taken(trust_in(drilled.new_key))
    told = []
    for position, leaf in enumerate(files[LEAVES].splitlines(), 1):
        said = read_leaf(leaf)
        name = StreamName("stream", "", said.stream)
        told.append(line_of(position, name, leaf, files[payload_name(said.payload_sha256)]))
    old, new = ([line for line in told if line.said.log == tenant.log] for tenant in (drilled.old, drilled.now))

    def history(*lines: LoggedFact) -> History:
        return History(
            "t", [line._replace(recorded=line.recorded._replace(position=n)) for n, line in enumerate(lines)]
        )

    history(*old, *new).check_epochs()
    for wrong in ((*new, *old), (*old[1:], *new, old[0])):
        with pytest.raises(Invalid, match="position"):
            history(*wrong).check_epochs()


def test_a_receipt_is_of_the_log_that_its_checkpoint_is_of():
    log = SignerKey.new("minhchuan.example/t/17/e2", KeyKind.NOTE)
    for origin, answer in (
        ("minhchuan.example/t/17", ExitCode.UNWITNESSED),
        ("minhchuan.example/t/17/e2", ExitCode.UNWITNESSED),
        ("minhchuan.example/t/17/e3", ExitCode.INVALID),
        ("minhchuan.example/t/18", ExitCode.INVALID),
    ):
        leaf = canonical({"actor": "u-1", "at": "2026-11-22T08:00:00.000000Z", "log": origin, "type": "x"})
        note = Checkpoint(log.name, 1, leaf_hash(leaf)).sign(log)

        assert verify_receipt(bytes(Proof(0, (), note, leaf)), trust_in(log).policy).answer is answer
