from typing import TypeVar

import pytest

from domain.fact import Fact
from domain.log import Log
from infra.identity.tenants import Tenant
from infra.ledger.note import KeyKind, SignerKey
from infra.ledger.witness_policy import Policy
from infra.platform.config import Settings
from infra.transparency.sealer_store import SealerStore
from services import cli
from services.app import App
from services.operations import publish_policy
from services.operations.create_tenant import as_operator, create_tenant
from services.operations.publish_policy import PolicyRefused, announce, publish
from services.processes import sealer
from tests.operations.test_create_tenant import new

WITNESS = SignerKey.new("thanhtra.example/w", KeyKind.COSIGNATURE).verifier
LINE = f"witness thanhtra {WITNESS} https://thanhtra.example\n"


@pytest.fixture
async def tenant(house: App, services: Settings) -> Tenant:
    """A province whose log has been sealed once."""
    async with as_operator(services) as operator:
        tenant = await create_tenant(house, operator, new(province_code="99"))
    assert await sealer.run(services, once=True, only=[tenant.slug]) == 0
    return tenant


@pytest.fixture
def key(services: Settings, tenant: Tenant) -> SignerKey:
    """The key of its log, as its sealer keeps it."""
    return SealerStore(services.seals).key(tenant)


F = TypeVar("F", bound=Fact)


async def facts(house: App, tenant: Tenant, kind: type[F]) -> list[F]:
    pages = house.store.read(tenant)
    return [one.fact async for page in pages for one in page if isinstance(one.fact, kind)]


async def policies_of(house: App, tenant: Tenant) -> list[str]:
    return [fact.text for fact in await facts(house, tenant, Log.PolicyPublished)]


async def test_a_policy_is_published_as_it_was_handed_in(house, tenant, key):
    text = f"# of 15/QĐ-UBND\nlog {key.verifier}\n\n{LINE}quorum 1\n"

    policy = await publish(house, tenant, text.encode(), "15/QĐ-UBND")

    assert policy == Policy.read(text.encode())
    (fact,) = await facts(house, tenant, Log.PolicyPublished)
    assert (fact.text, fact.basis) == (text, "15/QĐ-UBND")


async def test_the_policy_in_force_is_not_published_again_and_a_former_one_may_be(house, tenant, key):
    first, other = (f"log {key.verifier}\n{LINE}quorum {number}\n" for number in (1, 0))
    for text in (first, first, other, first):
        await publish(house, tenant, text.encode())

    assert await policies_of(house, tenant) == [first, other, first]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("log KEY\nWITNESS", "0 lines of quorum"),
        ("log KEY\nWITNESSquorum 2\n", "a quorum of 2 among 1"),
        ("log KEY\nWITNESSWITNESSquorum 1\n", "listed twice"),
        ("log OTHER\nWITNESSquorum 1\n", "no key of the policy is the one that signs this log"),
        ("log KEY\nlog OTHER\nWITNESSquorum 1\n", "neither signs this log nor has been announced"),
        ("log STRANGE\nWITNESSquorum 1\n", "is another log"),
        ("log KEY\nlog STRANGE\nWITNESSquorum 1\n", "is another log"),
        (f"log KEY\nwitness thanhtra {WITNESS}\nquorum 1\n", "no address"),
        (f"log KEY\nwitness thanhtra {WITNESS} ftp://thanhtra.example\nquorum 1\n", "no address"),
        (f"log KEY\nwitness thanhtra {WITNESS} https:\nquorum 1\n", "no address"),
        (f"log KEY\nwitness thanhtra {WITNESS} http://[::1\nquorum 1\n", "no address"),
        ("log KEY\n# Phu\u031bo\u031b\u0301c\nWITNESSquorum 1\n", "not in Unicode NFC"),
        ("log KEY\r\nWITNESSquorum 1\n", "control character"),
    ],
)
async def test_what_is_no_policy_of_this_log_is_refused(house, tenant, key, text, said):
    other = SignerKey.new(tenant.log, KeyKind.NOTE).verifier
    strange = SignerKey.new("other.example/t/1", KeyKind.NOTE).verifier
    named = {"KEY": str(key.verifier), "OTHER": str(other), "STRANGE": str(strange), "WITNESS": LINE}
    for name, value in named.items():
        text = text.replace(name, value)

    with pytest.raises(PolicyRefused, match=said):
        await publish(house, tenant, text.encode())

    assert await policies_of(house, tenant) == []


async def test_before_anything_was_sealed_no_policy_can_be_the_log_s(house, services):
    async with as_operator(services) as operator:
        tenant = await create_tenant(house, operator, new(province_code="99"))
    key = SignerKey.new(tenant.log, KeyKind.NOTE).verifier

    with pytest.raises(PolicyRefused, match="start the sealer first"):
        await publish(house, tenant, f"log {key}\n{LINE}quorum 1\n".encode())


async def test_a_key_that_was_announced_may_stand_in_the_policy_beside_the_one_that_signs(house, tenant, key):
    later = SignerKey.new(tenant.log, KeyKind.NOTE).verifier
    await announce(house, tenant, str(later))

    await publish(house, tenant, f"log {key.verifier}\nlog {later}\n{LINE}quorum 1\n".encode())

    with pytest.raises(PolicyRefused, match="no key of the policy"):
        await publish(house, tenant, f"log {later}\n{LINE}quorum 1\n".encode())


async def test_a_key_for_something_else_is_not_announced(house, tenant):
    for vkey in ("nonsense", str(WITNESS), str(SignerKey.new("other.example/t/1", KeyKind.NOTE).verifier)):
        with pytest.raises(PolicyRefused):
            await announce(house, tenant, vkey)

    assert await facts(house, tenant, Log.KeyAnnounced) == []


# Command line -----------------------------------------------------------------------------------------


async def test_an_operator_learns_the_key_publishes_and_looks(tenant, services, tmp_path, capsys):
    assert await sealer.show_keys(services, only=[tenant.slug]) == 0
    slug, vkey = capsys.readouterr().out.split()
    file = tmp_path / "policy"
    file.write_text(f"log {vkey}\n{LINE}quorum 1\n")
    given = cli.arguments().parse_args(["policy", "publish", slug, str(file), "--basis", "15/QĐ"])
    looking = cli.arguments().parse_args(["policy", "show", slug])

    assert await publish_policy.show(services, looking) == 1
    assert "no witnesses" in capsys.readouterr().out
    await publish_policy.publish_file(services, given)
    assert "1 of 1 witnesses must cosign" in capsys.readouterr().out
    assert await publish_policy.show(services, looking) == 0
    assert capsys.readouterr().out == file.read_text()


async def test_an_operator_who_asks_for_nobody_is_told_what_that_means(tenant, key, services, tmp_path, capsys):
    file = tmp_path / "policy"
    file.write_text(f"log {key.verifier}\nquorum 0\n")

    await publish_policy.publish_file(
        services, cli.arguments().parse_args(["policy", "publish", tenant.slug, str(file)])
    )

    assert "UNWITNESSED" in capsys.readouterr().out


async def test_an_operator_announces_a_key(house, tenant, services, capsys):
    vkey = str(SignerKey.new(tenant.log, KeyKind.NOTE).verifier)

    await publish_policy.announce_key(
        services, cli.arguments().parse_args(["policy", "announce-key", tenant.slug, vkey])
    )

    (fact,) = await facts(house, tenant, Log.KeyAnnounced)
    assert fact.vkey_sha256 in capsys.readouterr().out


async def test_a_province_or_a_file_that_is_not_there_is_refused(tenant, services, tmp_path):
    missing = cli.arguments().parse_args(["policy", "publish", tenant.slug, str(tmp_path / "none")])
    unknown = cli.arguments().parse_args(["policy", "show", "no-such-province"])

    with pytest.raises(PolicyRefused, match="No such file"):
        await publish_policy.publish_file(services, missing)
    with pytest.raises(PolicyRefused, match="no province"):
        await publish_policy.show(services, unknown)
