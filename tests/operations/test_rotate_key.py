from collections.abc import Mapping
from dataclasses import replace
from typing import NamedTuple
from uuid import uuid4

import pytest

from domain.log import LOG, Log
from infra.identity.tenants import Tenant
from infra.ledger.note import Note, SignerKey, VerifierKey
from infra.ledger.witness_policy import Policy
from infra.platform.config import Settings
from infra.platform.database import schema_of
from infra.reference.rulebooks import load_calendar, load_rulebooks
from infra.transparency import audit, audit_result
from infra.transparency.proofs import reading_log
from infra.transparency.seal_status import CheckpointState
from infra.transparency.sealer_store import SealerStore
from services import cli
from services.app import App
from services.operations import rotate_key
from services.operations.create_tenant import as_operator, create_tenant
from services.operations.export_log import export
from services.operations.publish_policy import PolicyRefused, announce, publish
from services.operations.rotate_key import KeyRefused
from services.operations.verify_log import lines_of
from services.processes import sealer
from services.proof_package.build import Which, gather
from services.proof_package.verify import Law, judge_files
from services.seals import proof_download
from services.seals.trusted_policy import Trust
from services.seals.verify_answer import ExitCode
from tests.operations.test_create_tenant import new
from tests.provinces.story import COMMUNE
from tests.provinces.telling import Told, told
from tests.provinces.witnesses import Process, running


@pytest.fixture
async def tenant(house: App, services: Settings) -> Tenant:
    """A province whose log has been sealed once."""
    async with as_operator(services) as operator:
        tenant = await create_tenant(house, operator, new(province_code="99"))
    await seal(services, tenant)
    return tenant


async def seal(services: Settings, tenant: Tenant) -> None:
    assert await sealer.run(services, once=True, only=[tenant.slug]) == 0


async def grow(house: App, services: Settings, tenant: Tenant) -> list[bytes]:
    """One more fact, sealed; the ids of the keys that signed."""
    work = house.system(tenant, uuid4())
    await work.change(Log, LOG, lambda log: log.announce_key(uuid4().hex))
    await seal(services, tenant)
    rows = await house.database.ask(tenant, f"SELECT note FROM {schema_of(tenant)}.sealings ORDER BY size DESC LIMIT 1")
    return [line.id for line in Note.read(rows[0]["note"]).signatures]


def present_of(services: Settings, tenant: Tenant) -> SignerKey:
    return SealerStore(services.seals).key(tenant)


async def next_of(services: Settings, tenant: Tenant) -> VerifierKey:
    await rotate_key.make_next(services, tenant.slug)
    coming = SealerStore(services.seals).next_key(tenant)
    assert coming is not None
    return coming.verifier


async def overlapping(house: App, services: Settings, tenant: Tenant) -> tuple[VerifierKey, VerifierKey]:
    present, coming = present_of(services, tenant).verifier, await next_of(services, tenant)
    await announce(house, tenant, str(coming))
    await seal(services, tenant)
    assert await grow(house, services, tenant) == [present.id, coming.id]
    return present, coming


def policy(*keys: VerifierKey) -> bytes:
    return "".join([*(f"log {key}\n" for key in keys), "quorum 0\n"]).encode()


# Steps ------------------------------------------------------------------------------------------------


async def test_the_next_key_is_made_and_shown_by_the_command_however_often_it_is_given(services, tenant, capsys):
    for _ in range(2):
        assert await rotate_key.make_next(services, tenant.slug) == 0
    first, _, second, _ = capsys.readouterr().out.splitlines()
    await sealer.show_keys(services, only=[tenant.slug])

    assert first == second == f"{tenant.slug}\t{await next_of(services, tenant)}"
    assert capsys.readouterr().out.splitlines()[:2] == [
        f"{tenant.slug}\t{present_of(services, tenant).verifier}",
        f"{first}\tnext",
    ]


async def test_a_log_that_was_never_sealed_has_no_key_to_change(house, services):
    async with as_operator(services) as operator:
        tenant = await create_tenant(house, operator, new(province_code="99"))

    with pytest.raises(KeyRefused, match="no key to change"):
        await rotate_key.make_next(services, tenant.slug)
    assert SealerStore(services.seals).next_key(tenant) is None


async def test_the_former_key_is_not_retired_before_both_have_signed_a_checkpoint(house, services, tenant):
    present, coming = present_of(services, tenant).verifier, await next_of(services, tenant)
    with pytest.raises(KeyRefused, match="both keys must have signed"):
        await rotate_key.retire(services, tenant.slug)
    await announce(house, tenant, str(coming))
    with pytest.raises(KeyRefused, match="both keys must have signed"):
        await rotate_key.retire(services, tenant.slug)
    await seal(services, tenant)
    with pytest.raises(KeyRefused, match="both keys must have signed"):
        await rotate_key.retire(services, tenant.slug)

    assert await grow(house, services, tenant) == [present.id, coming.id]
    assert await rotate_key.retire(services, tenant.slug) == 0
    assert await grow(house, services, tenant) == [coming.id]


async def test_the_former_key_is_not_retired_before_the_policy_in_force_names_the_next(house, services, tenant):
    present = present_of(services, tenant).verifier
    await publish(house, tenant, policy(present))
    _, coming = await overlapping(house, services, tenant)
    with pytest.raises(KeyRefused, match="policy in force does not name"):
        await rotate_key.retire(services, tenant.slug)
    await publish(house, tenant, policy(present, coming))

    assert await rotate_key.retire(services, tenant.slug) == 0
    assert await grow(house, services, tenant) == [coming.id]


async def test_a_checkpoint_that_is_signed_and_not_published_yet_is_not_enough(house, services, tenant, superuser):
    await overlapping(house, services, tenant)
    await superuser.execute(
        f"DELETE FROM {tenant.id}.sealings WHERE size = (SELECT max(size) FROM {tenant.id}.sealings)"
    )

    with pytest.raises(KeyRefused, match="both keys must have signed"):
        await rotate_key.retire(services, tenant.slug)


async def test_retiring_the_former_key_again_changes_nothing(house, services, tenant, capsys):
    _, coming = await overlapping(house, services, tenant)
    assert await rotate_key.retire(services, tenant.slug) == 0
    capsys.readouterr()

    assert await rotate_key.retire(services, tenant.slug) == 0

    assert f"{coming} signs alone" in capsys.readouterr().out
    assert await grow(house, services, tenant) == [coming.id]


async def test_a_policy_with_the_next_key_alone_is_published_once_it_signs(house, services, tenant):
    present, coming = present_of(services, tenant).verifier, await next_of(services, tenant)
    await announce(house, tenant, str(coming))
    await seal(services, tenant)
    with pytest.raises(PolicyRefused, match="no key of the policy"):
        await publish(house, tenant, policy(coming))
    assert await grow(house, services, tenant) == [present.id, coming.id]

    await publish(house, tenant, policy(coming))


def test_the_commands_are_given_on_the_command_line(services, tenant, monkeypatch, capsys):
    for name, value in services.environment().items():
        monkeypatch.setenv(name, value)

    assert cli.main(["sealer", "--next-key", tenant.slug]) == 0
    assert cli.main(["sealer", "--retire-key", tenant.slug]) == 2
    assert cli.main(["sealer", "--next-key", "no-such-province"]) == 2

    said = capsys.readouterr()
    assert f"{tenant.slug}\t{tenant.log}+" in said.out
    assert "both keys must have signed" in said.err
    assert "there is no province no-such-province" in said.err


# From the first key to the next, and what holds by whose policy ---------------------------------------

LAW = Law(load_rulebooks(), load_calendar())


@pytest.fixture(scope="module")
def recognised(services: Settings, tmp_path_factory: pytest.TempPathFactory) -> Told:
    """A province of this module alone, with a commune that was recognised and a sealer that has all commands."""
    settings = replace(services, sealer_folder=tmp_path_factory.mktemp("rotating") / "sealer")
    return told(settings, SealerStore(settings.seals))


class Taken(NamedTuple):
    """What somebody has taken home at some time: a dossier, a receipt, the checkpoint."""

    dossier: Mapping[str, bytes]
    receipt: bytes
    checkpoint: Note


class Rotation:
    """The log of the province, its witness, and the policies of three inspectors."""

    def __init__(self, house: App, told: Told, witness: Process) -> None:
        self.house = house
        self.told = told
        self.tenant = told.tenant
        self.witness = witness
        self.keys: list[VerifierKey] = [told.keep.key(told.tenant).verifier]

    def trust(self, *keys: VerifierKey) -> Trust:
        lines = [*(f"log {key}" for key in keys), f"witness w {self.witness.vkey} {self.witness.url}", "quorum 1"]
        text = "".join(f"{line}\n" for line in lines).encode()
        return Trust(Policy.read(text), text)

    @property
    def trusts(self) -> Mapping[str, Trust]:
        former, coming = self.keys
        return {"old": self.trust(former), "both": self.trust(former, coming), "new": self.trust(coming)}

    def make_known(self, *keys: VerifierKey) -> None:
        (self.witness.folder / "logs").write_text("".join(f"{key}\n" for key in keys))

    async def publish(self, trust: Trust) -> None:
        await publish(self.house, self.tenant, trust.text)
        await seal(self.told.settings, self.tenant)

    async def grow(self) -> int:
        """By one fact; how many keys have signed."""
        return len(await grow(self.house, self.told.settings, self.tenant))

    async def state(self, position: int) -> CheckpointState:
        return (await self.house.seals.of(self.tenant, position)).state

    async def take(self, trust: Trust) -> Taken:
        async with reading_log(self.told.settings.app_url, self.tenant) as connection:
            made = await gather(connection, self.tenant, Which(self.told.season, COMMUNE), trust, LAW)
        receipt = await proof_download.make_proof_download(
            self.house.database, self.house.settings.secret, self.tenant, 3
        )
        return Taken(made.files, receipt.content, made.head.note)

    async def answers(self, taken: Taken) -> dict[str, tuple[ExitCode, ExitCode]]:
        """Of the dossier and of the receipt, by each inspector."""
        return {
            name: (
                (await judge_files(taken.dossier, None, trust, LAW)).answer,
                proof_download.verify(taken.receipt, trust.policy).answer,
            )
            for name, trust in self.trusts.items()
        }

    async def verified(self, *held: Note) -> dict[str, audit_result.AuditResult]:
        """The whole log, by each inspector."""
        dsn = self.told.settings.verifier_url
        return {
            name: await audit.verify(dsn, self.tenant, policy=trust.policy, held=held, processes=1)
            for name, trust in self.trusts.items()
        }


async def test_each_policy_vouches_for_what_was_taken_while_a_key_that_it_names_has_signed(house, recognised, tmp_path):
    settings, tenant = recognised.settings, recognised.tenant
    with running(tmp_path / "w", recognised.keep.key(tenant).verifier) as witness:
        rotation = Rotation(house, recognised, witness)
        await rotation.publish(rotation.trust(*rotation.keys))
        assert await rotation.grow() == 1

        # before
        rotation.keys.append(await next_of(settings, tenant))
        assert await rotation.grow() == 1
        before = await rotation.take(rotation.trusts["old"])
        results = await rotation.verified(before.checkpoint)
        assert {name: one.ok for name, one in results.items()} == {"old": True, "both": True, "new": False}
        assert results["new"].sealed is None

        # during
        await announce(house, tenant, str(rotation.keys[1]))
        await seal(settings, tenant)
        rotation.make_known(*rotation.keys)
        assert await rotation.grow() == 2
        await rotation.publish(rotation.trusts["both"])
        assert await rotation.grow() == 2
        during = await rotation.take(rotation.trusts["both"])
        results = await rotation.verified()
        assert {name: (one.ok, one.former > 0) for name, one in results.items()} == {
            "old": (True, False),
            "both": (True, False),
            "new": (True, True),
        }
        assert {one.witnessed and one.witnessed.size for one in results.values()} == {
            await house.store.position(tenant)
        }
        lines = list(lines_of(tenant, results["new"], from_outside=True))
        assert f"  signed by keys of before, which the policy does not name: {results['new'].former} of them" in lines
        overlap = await house.store.position(tenant)

        # after
        assert await rotate_key.retire(settings, tenant.slug) == 0
        assert await rotation.grow() == 1
        assert await rotation.state(await house.store.position(tenant)) is CheckpointState.WITNESSED
        await rotation.publish(rotation.trusts["new"])
        rotation.make_known(rotation.keys[1])
        assert await rotation.grow() == 1
        after = await rotation.take(rotation.trusts["new"])
        results = await rotation.verified()
        assert {name: (one.ok, one.former > 0) for name, one in results.items()} == {
            "old": (False, False),
            "both": (True, False),
            "new": (True, True),
        }
        assert results["old"].sealed is not None
        assert results["old"].sealed.size == overlap
        assert {finding.text.partition(": ")[2] for finding in results["old"].findings} == {
            "no trusted key of the log has signed it"
        }
        results = await rotation.verified(before.checkpoint, during.checkpoint)
        assert {name: len(one.held) for name, one in results.items()} == {"old": 2, "both": 2, "new": 1}
        assert {name: one.ok for name, one in results.items()} == {"old": False, "both": True, "new": False}
        assert [await rotation.state(position) for position in (1, overlap)] == [CheckpointState.WITNESSED] * 2

        good, bad = (ExitCode.VALID,) * 2, (ExitCode.INVALID,) * 2
        assert await rotation.answers(before) == {"old": good, "both": good, "new": bad}
        assert await rotation.answers(during) == {"old": good, "both": good, "new": good}
        assert await rotation.answers(after) == {"old": bad, "both": good, "new": good}

        async with reading_log(settings.app_url, tenant) as connection:
            exported = await export(
                connection, tenant, rotation.trusts["new"], tmp_path / "log", held=during.checkpoint
            )
        assert exported.head.verdict.witnessed
        (announced,) = [
            file
            for file in (tmp_path / "log" / "proofs").glob("*-log.key-announced.payload")
            if rotation.keys[1].sha256 in file.read_text()
        ]
        assert announced.with_suffix(".tlog-proof").exists()


async def test_a_witness_that_knows_the_former_key_alone_cosigns_until_its_lines_stop(
    house, services, tenant, tmp_path
):
    present = present_of(services, tenant).verifier
    with running(tmp_path / "w", present) as witness:
        asked = f"witness w {witness.vkey} {witness.url}\nquorum 1\n".encode()
        await publish(house, tenant, f"log {present}\n".encode() + asked)
        await seal(services, tenant)
        _, coming = await overlapping(house, services, tenant)
        await publish(house, tenant, f"log {present}\nlog {coming}\n".encode() + asked)
        await seal(services, tenant)
        last = await house.store.position(tenant)
        assert (await house.seals.of(tenant, last)).state is CheckpointState.WITNESSED

        await rotate_key.retire(services, tenant.slug)
        await grow(house, services, tenant)
        assert (await house.seals.of(tenant, last + 1)).state is CheckpointState.AWAITING

        (witness.folder / "logs").write_text(f"{present}\n{coming}\n")
        await seal(services, tenant)
        assert (await house.seals.of(tenant, last + 1)).state is CheckpointState.WITNESSED


async def test_under_a_policy_with_the_next_key_alone_nothing_is_said_to_be_wrong_with_older_checkpoints(
    house, services, tenant, tmp_path
):
    present = present_of(services, tenant).verifier
    with running(tmp_path / "w", present) as witness:
        asked = f"witness w {witness.vkey} {witness.url}\nquorum 1\n".encode()
        await publish(house, tenant, f"log {present}\n".encode() + asked)
        await seal(services, tenant)
        witness.kill()
        _, coming = await overlapping(house, services, tenant)
        await publish(house, tenant, f"log {coming}\n".encode() + asked)

        seal_of_first = await house.seals.of(tenant, 1)
        assert (seal_of_first.state, seal_of_first.halted) == (CheckpointState.AWAITING, None)

        witness.start()
        await seal(services, tenant)
        assert (await house.seals.of(tenant, 1)).state is CheckpointState.WITNESSED


async def test_by_the_next_key_alone_a_log_is_exported_from_the_first_checkpoint_that_it_has_signed(
    house, services, tenant, tmp_path
):
    present, coming = await overlapping(house, services, tenant)
    size = await house.store.position(tenant)
    by_next, by_both = policy(coming), policy(present, coming)

    async with reading_log(services.app_url, tenant) as connection:
        alone = await export(connection, tenant, Trust(Policy.read(by_next), by_next), tmp_path / "next")
        both = await export(connection, tenant, Trust(Policy.read(by_both), by_both), tmp_path / "both")

    assert (alone.head.size, alone.previous.size) == (size, size)
    assert (both.head.size, both.previous.size) == (size, size - 1)
