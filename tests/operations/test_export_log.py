from collections.abc import Mapping
from pathlib import Path

import metamorphic_log as rust
import pytest
from tlog_scales.backend import LocalBackend
from tlog_scales.reader import TilesReader

from domain.meeting import Meeting
from domain.recognition import Recognition
from infra.ledger.checkpoint import Checkpoint
from infra.ledger.leaf import leaf_hash, payload_hash, read_leaf
from infra.ledger.note import KeyKind, Note, SignerKey
from infra.ledger.proof import Proof
from infra.ledger.text import Invalid, read_hashes, read_utf8
from infra.ledger.tiles import replay
from infra.ledger.tree import verify_consistency
from infra.ledger.witness_policy import Policy
from infra.storage.folders import Occupied
from infra.transparency.proofs import LogAltered, reading_log
from services import cli
from services.operations import export_log
from services.operations.export_log import export
from services.seals.trusted_policy import Trust
from tests.infra.forging import FORGERIES
from tests.infra.sealed import seal_anew
from tests.provinces.telling import put_back


@pytest.fixture
def exported(told_once, tmp_path):
    """Export the log of the province that was told, as the application."""

    async def exported(name: str = "out", trust: Trust | None = None, **options) -> Path:
        out: Path = tmp_path / name
        async with reading_log(told_once.settings.app_url, told_once.tenant) as connection:
            await export(connection, told_once.tenant, trust or told_once.trust, out, **options)
        return out

    return exported


def policy_of(folder: Path) -> Policy:
    return Policy.read((folder / "policy.txt").read_bytes())


def head_of(folder: Path) -> Checkpoint:
    return policy_of(folder).verify(Note.read((folder / "checkpoint").read_bytes())).checkpoint


async def test_a_line_for_each_fact_under_a_checkpoint_that_continues_the_one_before(told_once, exported):
    folder = await exported()

    leaves = (folder / "leaves.ndjson").read_bytes().split(b"\n")
    assert leaves.pop() == b""
    head = head_of(folder)
    previous = Checkpoint.read(Note.read((folder / "previous-checkpoint").read_bytes()).text)
    between = read_hashes((folder / "consistency.txt").read_text().splitlines())
    assert replay(leaves, [previous.size])[previous.size] == previous.root
    assert replay(leaves)[head.size] == head.root
    assert head == Checkpoint.read(told_once.last.text)
    assert previous == Checkpoint.read(told_once.earlier.text)
    verify_consistency(previous.size, previous.root, head.size, head.root, between)


async def test_every_ballot_and_decision_is_proven_with_its_leaf_and_payload(exported):
    folder = await exported()

    names = sorted(file.stem for file in (folder / "proofs").glob("*.tlog-proof"))
    assert [name.partition("-")[2] for name in names] == [Meeting.BallotCast.TOPIC] * 5 + [Recognition.Decided.TOPIC]
    for name in names:
        leaf = (folder / "proofs" / f"{name}.leaf").read_bytes()
        proof = Proof.read((folder / "proofs" / f"{name}.tlog-proof").read_bytes())
        proof.verify(leaf, policy_of(folder))
        assert name.startswith(f"{proof.index + 1:09}-{read_leaf(leaf).type}")
        assert payload_hash((folder / "proofs" / f"{name}.payload").read_bytes()) == read_leaf(leaf).payload_sha256


async def test_two_independent_implementations_accept_what_is_exported(told_once, exported):
    folder = await exported(tiles=True)
    text = (folder / "checkpoint").read_text()
    key = str(told_once.trust.policy.logs[0])
    leaves = (folder / "leaves.ndjson").read_bytes().splitlines()

    head = rust.checkpoint_verify(text, [key])
    for file in (folder / "proofs").glob("*.tlog-proof"):
        proof = Proof.read(file.read_bytes())
        leaf = file.with_suffix(".leaf").read_bytes()
        rust.checkpoint_verify_inclusion(text, [key], proof.index, leaf_hash(leaf), list(proof.hashes))
        with pytest.raises(rust.VerifyError):
            rust.checkpoint_verify_inclusion(text, [key], proof.index, leaf_hash(leaf + b" "), list(proof.hashes))
    between = read_hashes((folder / "consistency.txt").read_text().splitlines())
    rust.checkpoint_verify_consistency((folder / "previous-checkpoint").read_text(), text, [key], list(between))
    mirror = TilesReader(LocalBackend(folder))

    assert mirror.get_checkpoint().root_hash == mirror.calculate_root_hash() == head.root
    assert [mirror.get_entry(index) for index in range(len(leaves))] == leaves
    for index in (0, 100, head.size - 1):
        mirror.get_inclusion_proof(index, head.size).check(leaf_hash(leaves[index]), head.root)


async def test_it_can_continue_a_checkpoint_that_somebody_holds(told_once, exported):
    async with reading_log(told_once.settings.app_url, told_once.tenant) as connection:
        rows = await connection.fetch(f"SELECT leaf FROM {told_once.tenant.id}.events ORDER BY position")
    leaves = [row["leaf"] for row in rows]
    held = Checkpoint(told_once.tenant.log, 57, replay(leaves, [57])[57]).sign(told_once.keep.key(told_once.tenant))

    folder = await exported(held=held)

    head = head_of(folder)
    between = read_hashes((folder / "consistency.txt").read_text().splitlines())
    assert (folder / "previous-checkpoint").read_bytes() == bytes(held)
    verify_consistency(57, Checkpoint.read(held.text).root, head.size, head.root, between)


# What is not exported ---------------------------------------------------------------------------------


@pytest.mark.parametrize("forge", FORGERIES.values(), ids=FORGERIES)
async def test_a_tampered_log_leaves_no_export_behind(told_once, exported, superuser, tmp_path, forge):
    await exported("canary")
    async with put_back(superuser, told_once.tenant.id):
        await forge(superuser, told_once.tenant.id)

        with pytest.raises(LogAltered):
            await exported()

    assert [file.name for file in tmp_path.iterdir() if file.name != "sealer"] == ["canary"]


@pytest.mark.parametrize("forge", FORGERIES.values(), ids=FORGERIES)
async def test_a_log_that_was_sealed_anew_does_not_continue_the_checkpoint_held(told_once, exported, superuser, forge):
    await exported("canary", held=told_once.last)
    async with put_back(superuser, told_once.tenant.id):
        await forge(superuser, told_once.tenant.id)
        await seal_anew(superuser, told_once.tenant, told_once.keep.key(told_once.tenant))

        with pytest.raises(LogAltered):
            await exported(held=told_once.last)


async def test_what_is_there_already_is_not_touched(exported, tmp_path):
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "mine").write_text("kept")

    with pytest.raises(Occupied):
        await exported()

    assert [file.name for file in (tmp_path / "out").iterdir()] == ["mine"]


async def test_a_policy_that_does_not_know_the_log_s_key_gets_no_export(told_once, exported):
    text = f"log {SignerKey.new(told_once.tenant.log, KeyKind.NOTE).verifier}\nquorum 0\n".encode()

    with pytest.raises(Invalid):
        await exported(trust=Trust(Policy.read(text), text))


async def test_a_log_that_a_key_has_signed_that_nothing_announces_gets_no_export(told_once, exported, superuser):
    tenant = told_once.tenant
    own, stranger = told_once.keep.key(tenant), SignerKey.new(tenant.log, KeyKind.NOTE)
    text = f"log {own.verifier}\nlog {stranger.verifier}\nquorum 0\n".encode()
    trust = Trust(Policy.read(text), text)
    await exported("canary", trust=trust)
    async with put_back(superuser, tenant.id):
        await superuser.execute(
            f"UPDATE {tenant.id}.sealings SET note = $1 WHERE note = $2",
            bytes(told_once.last.also([stranger.sign(told_once.last.text)])),
            bytes(told_once.last),
        )

        with pytest.raises(LogAltered, match=f"nothing announces the key {stranger.verifier.id.hex()}"):
            await exported(trust=trust)


# The command ------------------------------------------------------------------------------------------


async def test_the_command_says_what_it_wrote(told_once, tmp_path, capsys):
    (tmp_path / "policy").write_bytes(told_once.trust.text)
    asked = ["log", "export", "--out", str(tmp_path / "out"), "--tenant", told_once.tenant.slug]
    given = cli.arguments().parse_args([*asked, "--policy", str(tmp_path / "policy")])

    assert await export_log.run(told_once.settings, given) == 0

    said = capsys.readouterr().out
    assert "186 leaves, 6 proofs" in said
    assert "as of checkpoint 186" in said
    assert "cosigned 0 of 0, quorum 0" in said
    assert (tmp_path / "out" / "checkpoint").read_bytes() == bytes(told_once.last)


async def test_no_flipped_byte_of_what_proves_an_act_is_accepted(told_once, exported):
    folder = await exported()
    proof_file = next((folder / "proofs").glob("*-recognition.decided.tlog-proof"))
    raw = {one: proof_file.with_suffix(f".{one}").read_bytes() for one in ("tlog-proof", "leaf", "payload")}
    assert holds(raw, told_once.trust.policy)  # canary
    accepted = [
        (name, place)
        for name, content in raw.items()
        for place in range(len(content))
        if holds({**raw, name: flipped(content, place)}, told_once.trust.policy)
    ]
    for name in ("checkpoint", "previous-checkpoint", "consistency.txt"):
        whole = (folder / name).read_bytes()
        for place in range(len(whole)):
            (folder / name).write_bytes(flipped(whole, place))
            accepted += [(name, place)] if continues(folder, told_once.trust.policy) else []
        (folder / name).write_bytes(whole)
    assert continues(folder, told_once.trust.policy)  # canary

    assert accepted == []


def flipped(content: bytes, place: int) -> bytes:
    return content[:place] + bytes([content[place] ^ 1 << place % 8]) + content[place + 1 :]


def holds(raw: Mapping[str, bytes], policy: Policy) -> bool:
    try:
        Proof.read(raw["tlog-proof"]).verify(raw["leaf"], policy)
        return read_leaf(raw["leaf"]).payload_sha256 == payload_hash(raw["payload"])
    except ValueError:
        return False


def continues(folder: Path, policy: Policy) -> bool:
    try:
        old = policy.verify(Note.read((folder / "previous-checkpoint").read_bytes())).checkpoint
        new = policy.verify(Note.read((folder / "checkpoint").read_bytes())).checkpoint
        lines = read_utf8((folder / "consistency.txt").read_bytes(), 5_000, "proof").split("\n")
        if lines.pop():
            return False
        verify_consistency(old.size, old.root, new.size, new.root, read_hashes(lines))
    except ValueError:
        return False
    return True
