import random
import re
from collections.abc import Callable, Collection, Mapping
from functools import partial
from hashlib import sha256
from pathlib import Path
from typing import Any

import msgspec
import pytest

from domain.catalogue import FACTS
from infra.ledger.canonical_json import canonical
from infra.ledger.checkpoint import Checkpoint
from infra.ledger.leaf import leaf_hash, payload_hash, read_leaf
from infra.ledger.note import KeyKind, Note, SignerKey
from infra.ledger.proof import Proof
from infra.ledger.text import Malformed
from infra.ledger.tiles import Edge, inclusion_proof
from infra.ledger.witness_policy import Policy
from infra.pdf.printer import PrintingFailed
from infra.reference.rulebooks import load_calendar, load_rulebooks
from infra.storage.access_log import AccessLog
from infra.storage.files import Files
from infra.transparency.proofs import LogAltered, reading_log
from services import cli
from services.privacy.accesses import TAKEN
from services.proof_package import build
from services.proof_package import verify as verifying
from services.proof_package.build import Which, gather
from services.proof_package.package_files import (
    ARCHIVE,
    CHECKPOINT,
    CONSISTENCY,
    DOSSIER,
    EVIDENCE,
    HOW_TO,
    LEAVES,
    PAGES,
    PREVIOUS,
    checked,
)
from services.proof_package.package_log import Incomplete
from services.proof_package.pages import pages
from services.proof_package.verify import Law, VerifyResult, judge_files, lines, verify
from services.seals.trusted_policy import Trust
from services.seals.verify_answer import ExitCode
from tests.infra.forging import FORGERIES, rows_of
from tests.infra.sealed import seal_anew
from tests.provinces.papers import Remembering, text_of
from tests.provinces.story import COMMUNE, PDF
from tests.provinces.telling import Told, put_back

LAW = Law(load_rulebooks(), load_calendar())


@pytest.fixture(scope="module")
def prints() -> Remembering:
    return Remembering()


@pytest.fixture
def taken(told_once):
    """The dossier of the commune that was recognised, without its pages."""

    async def taken(held: Note | None = None, trust: Trust | None = None) -> dict[str, bytes]:
        async with reading_log(told_once.settings.app_url, told_once.tenant) as connection:
            which = Which(told_once.season, COMMUNE)
            made = await gather(connection, told_once.tenant, which, trust or told_once.trust, LAW, held=held)
        return made.files

    return taken


@pytest.fixture
async def files(taken) -> dict[str, bytes]:
    found: dict[str, bytes] = await taken()
    return found


@pytest.fixture
async def folder(files, prints, tmp_path) -> Path:
    out: Path = tmp_path / "dossier"
    await build.write(files, prints, out)
    return out


@pytest.fixture
def judged(told_once):
    async def judged(files: Mapping[str, bytes], held: Note | None = None, trust: Trust | None = None) -> VerifyResult:
        return await judge_files(files, held, trust or told_once.trust, LAW)

    return judged


def said(found: VerifyResult) -> str:
    return "\n".join(lines(found))


# What holds -------------------------------------------------------------------------------------------


async def test_a_dossier_holds_as_folder_as_pdf_and_without_its_pages(told_once, folder, prints):
    for place in (folder, folder / PAGES):
        found = await verify(place, told_once.trust, LAW, held=told_once.last, prints=prints)
        assert (found.answer, found.reason) == (ExitCode.UNWITNESSED, "")
    (folder / PAGES).unlink()
    assert (await verify(folder, told_once.trust, LAW)).answer is ExitCode.UNWITNESSED


async def test_with_a_witness_that_cosigned_it_is_valid(files, judged, told_once):
    witness = SignerKey.new("witness.example/w", KeyKind.COSIGNATURE)
    text = told_once.trust.text.replace(b"quorum 0", f"witness w {witness.verifier}\nquorum 1".encode())
    trust = Trust(Policy.read(text), text)
    note = Note.read(files[CHECKPOINT])
    cosigned = bytes(note.also([witness.sign(note.text, 1_764_000_000)]))
    with_witness = {name: content.replace(files[CHECKPOINT], cosigned) for name, content in files.items()}
    with_witness[CHECKPOINT] = cosigned

    assert (await judged(files, trust=trust)).answer is ExitCode.INVALID
    found = await judged(with_witness, trust=trust)

    assert found.answer is ExitCode.VALID, found.reason
    assert "HỢP LỆ / VALID" in said(found)
    assert "cosigned 1 of 1, quorum 1" in said(found)
    assert "at 2025-11-24T16:00:00.000000Z (as a witness says)" in said(found)
    assert "made under another policy" in said(found)


async def test_the_answer_tells_who_decided_on_what_as_of_which_checkpoint(files, judged):
    said_ = said(await judged(files))

    assert said_.startswith("HỢP LỆ - CHƯA ĐỒNG KÝ / VALID-UNWITNESSED\n")
    assert "As of checkpoint 186" in said_
    assert "cosigned 0 of 0, quorum 0" in said_
    assert "Beyond it 0 events that nobody has vouched for" in said_
    assert "Người district-chairman" in said_
    for one in msgspec.json.decode(files[DOSSIER])["relied_on"]:
        assert f"{one['name']}  {one['version']}  {one['leaf_hash']}" in said_


async def test_the_pages_are_made_of_the_other_files_alone_and_say_what_they_say(files, folder):
    pdf = (folder / PAGES).read_bytes()
    text = text_of(pdf)
    document = msgspec.json.decode(files[DOSSIER])

    assert pdf == await Remembering().print(pages(files).html, sha256(files[DOSSIER]).digest()[:16], files)
    for word in (document["commune"]["name"], "Người district-chairman", "Chủ tịch UBND", "chưa được kiểm định"[:4]):
        assert word in text
    assert all(one["leaf_hash"][:20] in text.replace(" ", "") for one in document["relied_on"])


async def test_the_pages_call_a_decision_different_only_where_it_is(files):
    document = msgspec.json.decode(files[DOSSIER])
    decision = {**document["decision"], "reason": "Hồ sơ đủ căn cứ"}
    against = {**decision, "voted": "not-recognised"}

    made = [
        pages({**files, DOSSIER: msgspec.json.encode({**document, "decision": one})}).html
        for one in (decision, against)
    ]
    alone, different = (" ".join(html.split()) for html in made)

    assert "Lý do: Hồ sơ đủ căn cứ" in alone
    assert "Lý do quyết định khác: Hồ sơ đủ căn cứ" in different


async def test_the_pages_speak_to_people(files, folder):
    said_ = text_of((folder / PAGES).read_bytes())
    document = msgspec.json.decode(files[DOSSIER])

    assert document["commune"]["name"] in said_
    assert "Người district-chairman; Chủ tịch UBND cấp huyện, huyện Mẫu (theo 01/QĐ, từ 01/01/2015)" in said_
    for sentence in (
        "Quyết định 41/QĐ-UBND ngày 15/01/2024: công nhận (kết quả tính theo quy định: công nhận)",
        "Tự đánh giá chỉ tiêu 1.1: 3,0 (tính theo quy định: 3,0)",
        "Lập kế hoạch đánh giá",
        "Bỏ phiếu về thị trấn Bến Lụa, vòng 1: Tán thành (police)",
    ):
        assert sentence in pages(files).html
    assert re.search(r"\d\d:\d\d:\d\d \d\d/\d\d/\d{4}: ký quyết định ngày 15/01/2024", pages(files).html)
    assert re.search(r"trang 1/\d+", said_)
    assert [topic for topic in FACTS if topic in said_] == []
    assert re.findall(r"\d{4}-\d\d-\d\d", said_) == []
    assert "đơn vị 99" not in said_


# Files ------------------------------------------------------------------------------------------------


async def test_no_flipped_byte_of_any_file_is_accepted(told_once, files, judged):
    generator = random.Random(4)
    assert (await judged(files)).holds  # canary
    accepted = []
    every = [(name, place) for name in (CHECKPOINT, PREVIOUS, CONSISTENCY) for place in range(len(files[name]))]
    every += [(name, generator.randrange(len(content))) for name, content in files.items() if content]
    every += [(name, generator.randrange(len(files[name]))) for name in (LEAVES, EVIDENCE, HOW_TO) for _ in range(40)]
    for name, place in every:
        flipped = bytearray(files[name])
        flipped[place] ^= 1 << generator.randrange(8)
        found = await judged({**files, name: bytes(flipped)})
        if found.holds:
            accepted.append((name, place))

    assert accepted == []


async def test_no_flipped_byte_of_the_folder_or_the_pdf_is_accepted(told_once, folder, prints, tmp_path):
    generator = random.Random(5)
    pdf = (folder / PAGES).read_bytes()
    places = [generator.randrange(len(pdf)) for _ in range(12)]
    for place in (*places, len(pdf) - 2):
        flipped = bytearray(pdf)
        flipped[place] ^= 1 << generator.randrange(8)
        (tmp_path / "flipped.pdf").write_bytes(flipped)
        assert not (await verify(tmp_path / "flipped.pdf", told_once.trust, LAW, prints=prints)).holds
        (folder / PAGES).write_bytes(flipped)
        assert not (await verify(folder, told_once.trust, LAW, prints=prints)).holds
    (folder / PAGES).write_bytes(pdf)
    assert (await verify(folder, told_once.trust, LAW, prints=prints)).holds
    stated = (folder / DOSSIER).read_bytes()
    for _ in range(30):
        flipped = bytearray(stated)
        flipped[generator.randrange(len(stated))] ^= 1 << generator.randrange(8)
        (folder / DOSSIER).write_bytes(flipped)
        assert not (await verify(folder, told_once.trust, LAW, prints=prints)).holds


class Broken:
    """A machine that lacks what printing needs, or a program whose words do not suffice."""

    def __init__(self, trouble: Exception) -> None:
        self._trouble = trouble

    async def print(self, html: str, identifier: bytes, attached: Mapping[str, bytes] | None = None) -> bytes:
        raise self._trouble


async def test_where_pages_cannot_be_compared_they_are_not_vouched_for_and_the_folder_is(told_once, folder):
    lacking = Broken(PrintingFailed("printing-failed", "no Pango"))
    for prints in (None, lacking, Broken(KeyError("99001"))):
        found = await verify(folder / PAGES, told_once.trust, LAW, prints=prints)
        assert found.answer is ExitCode.INVALID
        assert "its facts hold" in found.reason
        assert "verify the folder without the PDF" in found.reason
    (folder / PAGES).unlink()

    assert (await verify(folder, told_once.trust, LAW, prints=lacking)).holds


@pytest.mark.parametrize("name", [DOSSIER, LEAVES, CHECKPOINT, PREVIOUS, CONSISTENCY, EVIDENCE, HOW_TO])
async def test_a_file_that_is_gone_cut_doubled_or_changed_with_another_is_not_accepted(folder, told_once, name):
    (folder / PAGES).unlink()
    content = (folder / name).read_bytes()
    for other in (b"", content[:-1], content + content, content.replace(b"\n", b"\r\n") + b"\r", b"\xff\xfe" * 50):
        (folder / name).write_bytes(other)
        assert not (await verify(folder, told_once.trust, LAW)).holds
    (folder / name).unlink()
    assert (await verify(folder, told_once.trust, LAW)).answer is ExitCode.INVALID


async def test_what_is_not_a_dossier_gets_an_answer(told_once, tmp_path, prints):
    generator = random.Random(6)
    things: dict[str, bytes] = {
        "empty": b"",
        "noise": generator.randbytes(5_000),
        "pdf": b"%PDF-1.7\n1 0 obj\n<< /Type /Catalog >>\nendobj\ntrailer << /Root 1 0 R >>\n%%EOF",
        "json": b'{"v":1}',
        "deep": b"[" * 100_000,
    }
    for name, content in things.items():
        (tmp_path / name).write_bytes(content)
        found = await verify(tmp_path / name, told_once.trust, LAW, prints=prints)
        assert found.answer is ExitCode.INVALID
        assert found.reason
    (tmp_path / "folder").mkdir()
    for place in ("folder", "nowhere"):
        assert (await verify(tmp_path / place, told_once.trust, LAW)).answer is ExitCode.INVALID


async def test_a_policy_inside_a_dossier_is_no_file_of_a_dossier(folder, told_once):
    (folder / PAGES).unlink()
    (folder / "policy.txt").write_bytes(told_once.trust.text)

    found = await verify(folder, told_once.trust, LAW)

    assert (found.answer, found.reason) == (ExitCode.INVALID, "'policy.txt' is no file of a dossier")


async def test_a_link_out_of_the_folder_is_not_followed(folder, told_once, tmp_path):
    (tmp_path / "elsewhere").write_bytes((folder / HOW_TO).read_bytes())
    (folder / HOW_TO).unlink()
    (folder / HOW_TO).symlink_to(tmp_path / "elsewhere")

    assert (await verify(folder, told_once.trust, LAW)).answer is ExitCode.INVALID


async def test_a_thousand_mutations_are_answered_and_none_is_accepted(files, judged):
    generator = random.Random(7)
    names = list(files)
    for _ in range(1_000):
        changed = dict(files)
        name = generator.choice([DOSSIER, LEAVES, CHECKPOINT, PREVIOUS, CONSISTENCY, *names])
        content = bytearray(changed[name])
        place = generator.randrange(len(content)) if content else 0
        match generator.randrange(6):
            case 0:
                del changed[name]
            case 1:
                content[place:place] = generator.choice([b"\r", b"\n", b"\0", b'"', b"9" * 30, b"\xff", b" "])
                changed[name] = bytes(content)
            case 2:
                del content[place : place + generator.randrange(1, 80)]
                changed[name] = bytes(content)
            case 3:
                changed[name] = files[generator.choice(names)]
            case 4:
                lines_ = content.split(b"\n")
                generator.shuffle(lines_)
                changed[name] = b"\n".join(lines_)
            case _:
                changed[f"payloads/{generator.randbytes(32).hex()}.json"] = b"{}"
        if changed != files:
            found = await judged_or_missing(judged, changed)
            assert not found.holds, name


async def judged_or_missing(judged, changed: Mapping[str, bytes]) -> VerifyResult:
    try:
        found: VerifyResult = await judged(checked(changed.items()))
    except Malformed as reason:
        return VerifyResult(ExitCode.INVALID, str(reason))
    return found


# Facts ------------------------------------------------------------------------------------------------


def without(files: Mapping[str, bytes], unwanted: Collection[bytes]) -> dict[str, bytes]:
    """The dossier without some of its facts, their payloads and proofs, as somebody would make it who hides them."""
    kept = [leaf for leaf in files[LEAVES].splitlines() if leaf not in unwanted]
    payloads = {f"payloads/{read_leaf(leaf).payload_sha256}.json" for leaf in kept}
    proofs = {f"proofs/{leaf_hash(leaf).hex()}.tlog-proof" for leaf in kept}
    left = {name: content for name, content in files.items() if "/" not in name or name in payloads | proofs}
    return {**left, LEAVES: b"".join(leaf + b"\n" for leaf in kept)}


async def test_every_removed_middle_event_is_a_stream_that_is_not_complete(files, judged):
    lines_ = files[LEAVES].splitlines()
    longest: dict[str, int] = {}
    for leaf in lines_:
        longest[read_leaf(leaf).stream] = read_leaf(leaf).version
    for leaf in lines_:
        one = read_leaf(leaf)
        if one.version < longest[one.stream]:
            found = await judged(without(files, {leaf}))
            assert found.answer is ExitCode.INCOMPLETE, one
            assert "THIẾU SỰ KIỆN / INCOMPLETE STREAM" in said(found)


async def test_a_line_that_is_taken_out_and_nothing_else_is_noticed_too(files, judged):
    lines_ = files[LEAVES].splitlines(keepends=True)
    middle = next(n for n, leaf in enumerate(lines_) if read_leaf(leaf[:-1]).type == "assessment.indicator-scored")

    found = await judged({**files, LEAVES: b"".join([*lines_[:middle], *lines_[middle + 1 :]])})

    assert found.answer is ExitCode.INCOMPLETE


async def test_the_last_event_of_a_stream_that_the_decision_relied_on_cannot_be_left_out(files, judged):
    every = files[LEAVES].splitlines()
    for one in msgspec.json.decode(files[DOSSIER])["relied_on"]:
        found = await judged(without(files, {leaf for leaf in every if leaf_hash(leaf).hex() == one["leaf_hash"]}))
        assert found.answer is ExitCode.INCOMPLETE


@pytest.mark.parametrize("kind", ["season", "assessment", "appraisal", "meeting", "rulebook", "unit", "official"])
async def test_a_whole_stream_cannot_be_left_out(files, judged, kind):
    document, every = msgspec.json.decode(files[DOSSIER]), files[LEAVES].splitlines()
    hidden = next(one["stream"] for one in document["streams"] if one["kind"] == kind)

    found = await judged(without(files, {leaf for leaf in every if read_leaf(leaf).stream == hidden}))

    assert found.answer is ExitCode.INCOMPLETE


async def test_a_dossier_that_says_what_its_facts_do_not_say_is_invalid(files, judged):
    document = msgspec.json.decode(files[DOSSIER])
    changes: list[Callable[[Any], object]] = [
        lambda said: said["decision"].update(name="Người khác"),
        lambda said: said["decision"].update(result="not-recognised"),
        lambda said: said["ballots"].pop(),
        lambda said: said["relied_on"].pop(),
        lambda said: said["judged"].update(summary="tổng số điểm 1/100"),
        lambda said: said["circumstances"].update(tenant="t_999"),
        lambda said: said["circumstances"].update(cosigned=["w"]),
        lambda said: said.update(more="x"),
        lambda said: said["circumstances"].update(more="x"),
    ]
    for change in changes:
        changed = msgspec.json.decode(msgspec.json.encode(document))
        change(changed)
        assert (await judged({**files, DOSSIER: canonical(changed)})).answer is ExitCode.INVALID


async def test_a_state_that_was_not_the_one_judged_is_found_though_everything_is_proven(files, judged, told_once):
    """Whoever has the database and the key may write any decision; the facts themselves contradict it."""
    forged = proven_anew(files, told_once, lambda payload: payload | {"state_sha256": "0" * 64})

    found = await judged(forged)

    assert found.answer is ExitCode.INVALID
    assert "state-differs" in found.reason


async def test_a_decision_that_relied_on_nothing_is_not_complete_though_everything_is_proven(files, judged, told_once):
    for left in range(4):
        forged = proven_anew(files, told_once, partial(relying_on, left=left))

        assert (await judged(forged)).answer is ExitCode.INCOMPLETE


def relying_on(payload: dict[str, Any], left: int) -> dict[str, Any]:
    return payload | {"relied_on": payload["relied_on"][:left]}


def proven_anew(files: Mapping[str, bytes], told: Told, change: Callable[[Any], Any]) -> dict[str, bytes]:
    """The dossier with another decision in it, in a log of these facts alone that the real key has signed."""
    index = {
        leaf: Proof.read(files[f"proofs/{leaf_hash(leaf).hex()}.tlog-proof"]).index
        for leaf in files[LEAVES].splitlines()
    }
    changed = {name: content for name, content in files.items() if not name.startswith("proofs/")}
    written: dict[bytes, bytes] = {}
    follows = ""
    for leaf in files[LEAVES].splitlines():
        one = msgspec.json.decode(leaf)
        if one["type"] == "recognition.decided":
            old = changed.pop(f"payloads/{one['payload_sha256']}.json")
            payload = canonical(change(msgspec.json.decode(old)))
            one["payload_sha256"] = payload_hash(payload)
            changed[f"payloads/{one['payload_sha256']}.json"] = payload
        elif one["type"].startswith("recognition."):
            one["prev"] = follows
        written[leaf] = canonical(one)
        follows = leaf_hash(written[leaf]).hex()
    order = sorted(index, key=lambda leaf: index[leaf])
    edge, grown = Edge().grow([leaf_hash(written[leaf]) for leaf in order])
    note = Checkpoint(told.tenant.log, edge.size, edge.root()).sign(told.keep.key(told.tenant))
    for number, leaf in enumerate(order):
        proof = Proof(number, tuple(inclusion_proof(number, edge.size, dict(grown))), note)
        changed[f"proofs/{leaf_hash(written[leaf]).hex()}.tlog-proof"] = bytes(proof)
    lines_ = b"".join(written[leaf] + b"\n" for leaf in files[LEAVES].splitlines())
    return changed | {LEAVES: lines_, CHECKPOINT: bytes(note), PREVIOUS: bytes(note), CONSISTENCY: b""}


# Forgeries --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("forge", FORGERIES.values(), ids=FORGERIES)
async def test_of_a_log_forged_and_sealed_anew_no_dossier_holds_against_the_checkpoint_held(
    told_once, taken, judged, superuser, forge
):
    tenant = told_once.tenant
    assert (await judged(await taken(), told_once.last)).holds  # canary
    rows = await rows_of(superuser, tenant.id)
    ballot = next(number for number, row in enumerate(rows) if row["topic"] == "meeting.ballot-cast")
    async with put_back(superuser, tenant.id):
        await forge(superuser, tenant.id, ballot)
        with pytest.raises((LogAltered, Incomplete)):  # unless it is sealed anew, not even an export is made
            await taken()
        await seal_anew(superuser, tenant, told_once.keep.key(tenant))
        try:
            forged = await taken()
        except (LogAltered, Incomplete):
            forged = None
        with pytest.raises((LogAltered, Incomplete)):
            await taken(told_once.last)

    if forged is not None:
        assert (await judged(forged, told_once.last)).answer is ExitCode.INVALID


async def test_a_checkpoint_that_nothing_leads_to_is_not_passed_over(files, judged, told_once):
    held = Checkpoint(told_once.tenant.log, 99, bytes(32)).sign(told_once.keep.key(told_once.tenant))

    found = await judged(files, held)

    assert found.answer is ExitCode.INVALID
    assert "exported again with --checkpoint" in found.reason


async def test_a_policy_with_another_key_or_a_missed_quorum_accepts_nothing(files, judged, told_once):
    stranger = f"log {SignerKey.new(told_once.tenant.log, KeyKind.NOTE).verifier}\nquorum 0\n".encode()
    witness = SignerKey.new("witness.example/w", KeyKind.COSIGNATURE).verifier
    asking = told_once.trust.text.replace(b"quorum 0", f"witness w {witness}\nquorum 1".encode())
    for text in (stranger, asking):
        assert (await judged(files, trust=Trust(Policy.read(text), text))).answer is ExitCode.INVALID


# The commands -----------------------------------------------------------------------------------------


@pytest.fixture
def export(told_once, tmp_path):
    """The dossier with its evidence, as the command writes it; its status."""
    (tmp_path / "policy").write_bytes(told_once.trust.text)
    asked = ["dossier", "export", "--out", str(tmp_path / "out"), "--tenant", told_once.tenant.slug]
    given = cli.arguments().parse_args([*asked, "--policy", str(tmp_path / "policy"), "--with-evidence"])
    return partial(build.run, told_once.settings, given)


async def test_both_commands_go_together(told_once, export, prints, database, tmp_path, capsys):
    (tmp_path / "held").write_bytes(bytes(told_once.last))
    out, altered = tmp_path / "out", tmp_path / "altered.zip"

    assert await export() == 0

    exported = capsys.readouterr().out
    assert "written as PDF/A-3, not validated" in exported
    assert f"{ARCHIVE}: 1 files, {len(PDF)} bytes" in exported
    log = AccessLog(database)
    (kept,) = await log.read(told_once.tenant, [await log.last(told_once.tenant)])
    assert kept.access == ("system", "", "", TAKEN, told_once.season, COMMUNE, ARCHIVE, "")
    asked = ["verify-dossier", str(out / PAGES), "--policy", str(tmp_path / "policy")]
    given = [*asked, "--checkpoint", str(tmp_path / "held"), "--evidence", str(out / ARCHIVE)]
    assert await verifying.run(cli.arguments().parse_args(given)) == 3
    answered = capsys.readouterr().out
    assert "VALID-UNWITNESSED" in answered
    assert "Evidence: 1 of 1 files are those that the facts name" in answered
    altered.write_bytes((out / ARCHIVE).read_bytes().replace(PDF, PDF[::-1]))
    beside = await verify(out, told_once.trust, LAW, prints=prints, evidence=altered)
    (out / ARCHIVE).write_bytes(altered.read_bytes())
    within = await verify(out, told_once.trust, LAW, prints=prints)
    for found in (beside, within):
        assert found.answer is ExitCode.INVALID
        assert "its facts hold, and not the evidence" in found.reason
        assert "not the file of this hash" in said(found)
    alone = await verify(out / PAGES, told_once.trust, LAW, prints=prints)
    assert "no evidence file was compared" in said(alone)


async def test_a_file_that_the_store_lost_is_said_and_the_rest_is_written(told_once, export, tmp_path, capsys):
    place = Files(told_once.settings.files / told_once.tenant.id)._place(sha256(PDF).hexdigest())
    place.rename(place.with_suffix(".away"))
    try:
        assert await export() == 1
    finally:
        place.with_suffix(".away").rename(place)

    assert f"missing: {place.name} Báo cáo.pdf" in capsys.readouterr().out
    (tmp_path / "out" / PAGES).unlink()
    found = await verify(tmp_path / "out", told_once.trust, LAW)
    assert found.answer is ExitCode.UNWITNESSED
    assert "not given" in said(found)
    assert "missing from the store, as its maker says" in said(found)
