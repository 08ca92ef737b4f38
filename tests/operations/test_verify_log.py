from hashlib import sha256

import pytest

from infra.ledger.checkpoint import Checkpoint
from infra.ledger.note import KeyKind, SignerKey
from infra.transparency import audit_rows, last_audit
from infra.transparency.proofs import reading_log
from services import cli
from services.operations import verify_log
from services.seals.published_trust import published_trust
from services.seals.trusted_policy import TrustFileUnreadable
from tests.infra.forging import FORGERIES
from tests.infra.sealed import seal_anew
from tests.provinces.telling import put_back


@pytest.fixture
def verify(told_once, tmp_path, capsys):
    """Run the command over the province that was told; its exit status and what it printed."""

    async def verify(*more: str, policy: bool = True) -> tuple[int, str]:
        (tmp_path / "policy").write_bytes(told_once.trust.text)
        (tmp_path / "held").write_bytes(bytes(told_once.last))
        asked = [
            "verify",
            "--tenant",
            told_once.tenant.slug,
            *(["--policy", str(tmp_path / "policy")] if policy else []),
        ]
        capsys.readouterr()
        status = await verify_log.run(told_once.settings, cli.arguments().parse_args([*asked, *more]))
        return status, capsys.readouterr().out

    return verify


async def test_it_says_what_is_covered_and_what_nobody_has_vouched_for(told_once, verify, tmp_path):
    status, said = await verify("--checkpoint", str(tmp_path / "held"))

    assert status == 0, said
    assert "186 facts" in said
    assert "2 stored, the last that agrees is of 186 facts" in said
    assert "held elsewhere and in agreement: 186" in said
    assert "above the last checkpoint: 0 facts, for which nobody has vouched yet" in said
    assert said.endswith("  ok\n")


async def test_without_a_policy_or_a_checkpoint_it_says_what_that_leaves_open(verify):
    status, said = await verify(policy=False)

    assert status == 0, said
    assert "signatures were not checked" in said
    assert "a log signed anew as a whole would pass" in said


@pytest.mark.parametrize("forge", FORGERIES.values(), ids=FORGERIES)
async def test_a_forged_log_fails_by_status_and_the_result_is_recorded(told_once, verify, superuser, tmp_path, forge):
    tenant = told_once.tenant
    async with put_back(superuser, tenant.id):
        await forge(superuser, tenant.id, 100)
        await seal_anew(superuser, tenant, told_once.keep.key(tenant))

        status, said = await verify("--checkpoint", str(tmp_path / "held"))

    assert status == 1
    assert "FAILS:" in said
    async with reading_log(told_once.settings.app_url, tenant) as connection:
        last = await last_audit.last_result(connection, tenant)
    assert last is not None
    assert not last.ok
    status, said = await verify("--checkpoint", str(tmp_path / "held"))
    assert status == 0, said


async def test_the_policy_that_the_province_published_is_taken_where_none_is_given(told_once, verify, superuser):
    tenant = told_once.tenant
    async with put_back(superuser, tenant.id):
        await superuser.execute(
            f"""
            INSERT INTO {tenant.id}.events
            SELECT position + 1000, kind, season, subject, stream_id, version + 1, 'policy.published', schema,
                   command_id, cause, actor, unit, mandate, at, recorded_at,
                   jsonb_build_object('text', $1::text), leaf, leaf_hash
            FROM {tenant.id}.events WHERE kind = 'log'
            """,
            told_once.trust.text.decode(),
        )
        async with audit_rows.looking(told_once.settings.verifier_url) as connection:
            found = await published_trust(connection, tenant)
        _, said = await verify(policy=False)

    assert found is not None
    assert found == told_once.trust
    assert found.sha256 == sha256(told_once.trust.text).hexdigest()
    assert "the policy is the one in this very log" in said


async def test_a_checkpoint_of_no_log_here_is_refused_and_not_passed_over(told_once, verify, tmp_path):
    stranger = SignerKey.new("elsewhere.example/t/1", KeyKind.NOTE)
    (tmp_path / "strange").write_bytes(bytes(Checkpoint("elsewhere.example/t/1", 3, bytes(32)).sign(stranger)))

    for file in ("strange", "nowhere", "policy"):
        with pytest.raises(TrustFileUnreadable):
            await verify("--checkpoint", str(tmp_path / file))
