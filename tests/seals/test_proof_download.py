import pytest

from infra.identity.tenants import Tenant
from infra.ledger.note import KeyKind, Note, SignerKey
from infra.ledger.proof import Proof
from infra.ledger.witness_policy import Policy
from infra.platform.config import Settings
from infra.transparency.sealer_store import SealerStore
from services import cli
from services.app import App
from services.operations.create_tenant import as_operator, create_tenant
from services.operations.publish_policy import PolicyRefused, publish
from services.processes import sealer
from services.seals import proof_download
from services.seals.proof_download import Promise, key_of, make_proof_download, verify
from services.seals.verify_answer import ExitCode
from tests.operations.test_create_tenant import new


@pytest.fixture
async def tenant(house: App, services: Settings) -> Tenant:
    """A province with some facts; its log has not been sealed."""
    async with as_operator(services) as operator:
        return await create_tenant(house, operator, new(province_code="99"))


@pytest.fixture
async def sealed(services: Settings, tenant: Tenant) -> Tenant:
    """The same, sealed."""
    assert await sealer.run(services, once=True, only=[tenant.slug]) == 0
    return tenant


def policy_of(house: App, services: Settings, tenant: Tenant) -> Policy:
    """The log's own key and that of its promises; nobody need cosign."""
    keys = (SealerStore(services.seals).key(tenant).verifier, key_of(house.settings.secret, tenant).verifier)
    return Policy(keys, (), 0)


async def test_what_is_sealed_is_taken_home_as_a_proof_with_the_act_in_it(house, services, sealed):
    kept = await make_proof_download(house.database, house.settings.secret, sealed, 2)

    found = verify(kept.content, policy_of(house, services, sealed))

    assert kept.suffix == "tlog-proof"
    assert (found.answer, found.reason) == (ExitCode.UNWITNESSED, "")
    assert found.leaf is not None
    assert (found.leaf["log"], found.leaf["version"]) == (sealed.log, 1)
    assert Proof.read(kept.content).index == 1


async def test_what_is_not_sealed_is_promised_and_found_at_that_very_place_once_it_is(house, services, tenant):
    early = await make_proof_download(house.database, house.settings.secret, tenant, 3)
    await sealer.run(services, once=True, only=[tenant.slug])
    late = await make_proof_download(house.database, house.settings.secret, tenant, 3)

    found = verify(early.content, policy_of(house, services, tenant))

    assert (early.suffix, found.answer) == ("promise", ExitCode.PROMISED)
    promise, proof = Promise.read(Note.read(early.content).text), Proof.read(late.content)
    assert (promise.index, promise.leaf) == (proof.index, proof.extra)


async def test_a_promise_needs_a_policy_that_names_its_key(house, services, sealed):
    early = bytes(proof_download.promised(house.settings.secret, sealed, 1, b"{}"))
    only_the_log = Policy((SealerStore(services.seals).key(sealed).verifier,), (), 0)

    assert verify(early, only_the_log).answer is ExitCode.INVALID


async def test_the_key_of_promises_vouches_for_no_checkpoint(house, services, sealed):
    kept = await make_proof_download(house.database, house.settings.secret, sealed, 2)
    promises_only = Policy((key_of(house.settings.secret, sealed).verifier,), (), 0)

    assert verify(kept.content, promises_only).answer is ExitCode.INVALID


@pytest.mark.parametrize("which", ["proof", "promise"])
async def test_a_receipt_with_any_byte_changed_is_invalid(house, services, tenant, which):
    if which == "proof":
        await sealer.run(services, once=True, only=[tenant.slug])
    content = (await make_proof_download(house.database, house.settings.secret, tenant, 2)).content
    await sealer.run(services, once=True, only=[tenant.slug])
    policy = policy_of(house, services, tenant)
    assert verify(content, policy).answer in {ExitCode.UNWITNESSED, ExitCode.PROMISED}

    for place in range(len(content)):
        changed = content[:place] + bytes([content[place] ^ 1]) + content[place + 1 :]
        assert verify(changed, policy).answer is ExitCode.INVALID, (place, content[place : place + 20])


@pytest.mark.parametrize(
    "raw",
    [b"", b"\xff", b"c2sp.org/tlog-proof@v1\n", b"c2sp.org/tlog-proof@v1\nindex 0\n\n", b"a\n\n", b"\n" * 100],
)
async def test_what_is_no_receipt_is_invalid_and_nothing_breaks(house, services, sealed, raw):
    assert verify(raw, policy_of(house, services, sealed)).answer is ExitCode.INVALID


async def test_a_policy_may_name_the_key_of_promises_and_no_stranger_s(house, services, sealed):
    log = SealerStore(services.seals).key(sealed).verifier
    stranger = SignerKey.new(f"{sealed.log}/receipt", KeyKind.NOTE).verifier

    with pytest.raises(PolicyRefused, match="another log"):
        await publish(house, sealed, f"log {log}\nlog {stranger}\nquorum 0\n".encode())
    policy = await publish(
        house, sealed, f"log {log}\nlog {key_of(house.settings.secret, sealed).verifier}\nquorum 0\n".encode()
    )

    assert (
        verify((await make_proof_download(house.database, house.settings.secret, sealed, 1)).content, policy).answer
        is ExitCode.UNWITNESSED
    )


async def test_a_receipt_is_verified_on_the_command_line(house, services, sealed, tmp_path, capsys):
    kept = await make_proof_download(house.database, house.settings.secret, sealed, 2)
    receipt, policy = tmp_path / "receipt", tmp_path / "policy"
    receipt.write_bytes(kept.content)
    policy.write_bytes(bytes(policy_of(house, services, sealed)))

    assert cli.main(["verify-receipt", str(receipt), "--policy", str(policy)]) == ExitCode.UNWITNESSED

    said = capsys.readouterr().out
    assert said.startswith("HỢP LỆ - CHƯA ĐỒNG KÝ / VALID-UNWITNESSED\n")
    assert sealed.log in said
