"""The evidence of a dossier as an archive: what is in it, what it says of what is not, and what no archive may be."""

import io
import zipfile
from collections.abc import Mapping
from hashlib import sha256
from pathlib import Path
from typing import Any
from uuid import UUID

import msgspec
import pytest

from domain.assessment import Evidence
from infra.ledger.canonical_json import canonical
from infra.ledger.text import Malformed
from infra.storage import files, zip_archives
from infra.storage.files import Files
from services.assessment.evidence_list import ENDINGS, DecisionPlace, EvidenceList, EvidenceTooLarge, evidence_of
from services.proof_package.compare_evidence import Compared, compare
from services.proof_package.evidence_zip import MANIFEST, FileState, lacking, write
from services.proof_package.package_files import EVIDENCE
from tests.projections.histories import INDICATORS
from tests.projections.story import COMMUNE, DOSSIER, SEASON, told

PDF = b"%PDF-1.7 list of posted documents"
JPEG = b"\xff\xd8\xff a photograph of the board"
WRONG = b"%PDF-1.7 the list of another commune"
ONE, OTHER = INDICATORS[:2]


def a_file(number: int, content: bytes, name: str, kind: str) -> Evidence:
    return Evidence(UUID(int=number), sha256(content).hexdigest(), name, len(content), kind)


@pytest.fixture(scope="module")
def wanted() -> EvidenceList:
    """Two files, one of which supports two indicators and was sent in twice; and one that was taken off again."""
    province = told("scored")
    pdf, jpeg = a_file(1, PDF, "Danh mục.pdf", "application/pdf"), a_file(3, JPEG, "Ảnh.jpg", "image/jpeg")
    wrong = a_file(2, WRONG, "Nhầm.pdf", "application/pdf")
    for deed in (
        lambda it: it.attach(ONE, pdf),
        lambda it: it.attach(OTHER, a_file(4, PDF, "Danh mục (2).pdf", "application/pdf")),
        lambda it: it.attach(ONE, wrong),
        lambda it: it.attach(OTHER, jpeg),
        lambda it: it.reuse(ONE, jpeg.id, OTHER),
        lambda it: it.withdraw(OTHER, jpeg.id, "trùng"),
        lambda it: it.withdraw(ONE, wrong.id, "tệp của xã khác"),
    ):
        assert province.do(DOSSIER, deed)
    return evidence_of(DecisionPlace("log.example/1", SEASON, COMMUNE, 99), province.log)


@pytest.fixture
async def store(tmp_path: Path) -> Files:
    store = Files(tmp_path / "store")
    for content in (PDF, JPEG, WRONG):
        await store.put(content)
    return store


async def archived(wanted: EvidenceList, store: Files) -> tuple[bytes, dict[str, FileState]]:
    out = io.BytesIO()
    states = await write(out, wanted, store)
    return out.getvalue(), states


def contents(archive: bytes) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(archive)) as opened:
        return {name: opened.read(name) for name in opened.namelist()}


def made_of(held: Mapping[str, bytes]) -> bytes:
    out = io.BytesIO()
    with zip_archives.begin(out) as archive:
        for name in sorted(held):
            zip_archives.add(archive, name, held[name])
    return out.getvalue()


def entry(content: bytes, ending: str) -> str:
    return f"evidence/{sha256(content).hexdigest()}{ending}"


@pytest.fixture
def compared(wanted: EvidenceList, tmp_path: Path):
    def compared(archive: bytes) -> Compared:
        (tmp_path / "evidence.zip").write_bytes(archive)
        return compare(tmp_path / "evidence.zip", wanted)

    return compared


# What is in it ----------------------------------------------------------------------------------------


async def test_it_holds_each_file_once_and_says_which_was_taken_off(wanted, store, compared):
    archive, states = await archived(wanted, store)
    held = contents(archive)

    assert list(held) == sorted(held)
    assert set(held) == {EVIDENCE, MANIFEST, entry(PDF, ".pdf"), entry(JPEG, ".jpg")}
    assert held[entry(PDF, ".pdf")] == PDF
    assert [one["name"] for one in msgspec.json.decode(held[EVIDENCE])] == [
        "Danh mục.pdf",
        "Danh mục (2).pdf",
        "Nhầm.pdf",
        "Ảnh.jpg",
    ]
    assert states[sha256(WRONG).hexdigest()] is FileState.WITHDRAWN
    assert lacking(states) == {}
    found = compared(archive)
    assert (found.equal, found.bytes, found.wrong) == (2, len(PDF) + len(JPEG), ())
    assert [(paper.name, state) for paper, state in found.absent] == [("Nhầm.pdf", FileState.WITHDRAWN)]


async def test_the_same_files_give_the_same_bytes(wanted, store, tmp_path):
    elsewhere = Files(tmp_path / "elsewhere")
    for content in (JPEG, WRONG, PDF):
        await elsewhere.put(content)

    assert await archived(wanted, store) == await archived(wanted, elsewhere)


async def test_a_file_that_is_gone_or_damaged_is_not_left_out_in_silence(wanted, store, compared):
    store._place(sha256(PDF).hexdigest()).unlink()
    place = store._place(sha256(JPEG).hexdigest())
    place.chmod(0o600)
    place.write_bytes(JPEG + b"!")

    archive, states = await archived(wanted, store)

    assert lacking(states) == {
        sha256(PDF).hexdigest(): FileState.MISSING,
        sha256(JPEG).hexdigest(): FileState.DAMAGED,
    }
    told_of = {one["sha256"]: one["state"] for one in msgspec.json.decode(contents(archive)[MANIFEST])["files"]}
    assert sorted(told_of.values()) == ["damaged", "missing", "withdrawn"]
    found = compared(archive)
    assert (found.equal, found.wrong) == (0, ())
    assert {state for _, state in found.absent} == {FileState.MISSING, FileState.DAMAGED, FileState.WITHDRAWN}


def test_what_is_larger_than_an_archive_may_be_is_refused_with_the_limit(wanted):
    wanted.must_fit(len(PDF) + len(JPEG))

    with pytest.raises(EvidenceTooLarge) as refused:
        wanted._replace(files=tuple(paper._replace(size=150_000_001) for paper in wanted.files)).must_fit(200_000_000)

    assert refused.value.details == {"size": 301, "limit": 200}


def test_every_type_that_is_taken_in_has_an_ending():
    assert ENDINGS.keys() == files.MEDIA_TYPES


# What it may not be -----------------------------------------------------------------------------------


def without_state(content: bytes) -> bytes:
    document = msgspec.json.decode(content)
    document["files"].pop()
    return canonical(document)


def of_another_decision(content: bytes) -> bytes:
    return canonical({**msgspec.json.decode(content), "commune": "99999"})


def stating(state: str, sha: str, content: bytes) -> bytes:
    document: Any = msgspec.json.decode(content)
    for one in document["files"]:
        if one["sha256"] == sha:
            one["state"] = state
    return canonical(document)


HELD, SHA = entry(PDF, ".pdf"), sha256(PDF).hexdigest()
REFUSED = {
    "another list": (lambda held: held | {EVIDENCE: b"[]"}, "evidence.json: not the one of the dossier"),
    "no list": (lambda held: without(held, EVIDENCE), "evidence.json: missing"),
    "no manifest": (lambda held: without(held, MANIFEST), "manifest.json: missing"),
    "one too many": (lambda held: held | {entry(b"x", ".pdf"): b"x"}, "no file that is named"),
    "another ending": (lambda held: without(held, HELD) | {entry(PDF, ".exe"): PDF}, "no file that is named"),
    "a file taken off": (lambda held: held | {entry(WRONG, ".pdf"): WRONG}, "taken off by the decision"),
    "one gone in silence": (lambda held: without(held, HELD), "gone, and manifest.json does not say why"),
    "one gone as if taken off": (
        lambda held: without(held, HELD) | {MANIFEST: stating("withdrawn", SHA, held[MANIFEST])},
        "gone, and manifest.json does not say why",
    ),
    "one there that is said to be missing": (
        lambda held: held | {MANIFEST: stating("missing", SHA, held[MANIFEST])},
        "manifest.json: not what the facts and the files say",
    ),
    "a manifest of fewer files": (
        lambda held: held | {MANIFEST: without_state(held[MANIFEST])},
        "manifest.json: not what the facts and the files say",
    ),
    "of another decision": (
        lambda held: held | {MANIFEST: of_another_decision(held[MANIFEST])},
        "manifest.json: not what the facts and the files say",
    ),
    "a manifest that is none": (lambda held: held | {MANIFEST: b"[" * 100_000}, "manifest.json"),
}


def without(held: Mapping[str, bytes], name: str) -> dict[str, bytes]:
    return {one: content for one, content in held.items() if one != name}


@pytest.mark.parametrize(("change", "reason"), REFUSED.values(), ids=REFUSED)
async def test_what_is_no_archive_of_this_decision_is_refused_by_its_reason(wanted, store, compared, change, reason):
    archive, _ = await archived(wanted, store)
    assert compared(made_of(contents(archive))).wrong == ()  # canary

    with pytest.raises(Malformed, match=reason):
        compared(made_of(change(contents(archive))))


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (PDF[:-1] + b"S", "not the file of this hash"),
        (PDF + b"more", f"{len(PDF) + 4} bytes, and the facts say {len(PDF)}"),
        (b"", f"0 bytes, and the facts say {len(PDF)}"),
    ],
    ids=["altered", "larger", "empty"],
)
async def test_a_file_that_is_another_is_named(wanted, store, compared, content, reason):
    held = contents((await archived(wanted, store))[0])

    found = compared(made_of(held | {HELD: content}))

    assert found.wrong == (f"{HELD}: {reason}",)
    assert (found.equal, found.bytes) == (1, len(JPEG))


async def test_what_is_handed_in_for_an_archive_is_a_file(wanted, tmp_path):
    for path in (tmp_path, tmp_path / "nowhere", Path("/dev/zero")):
        with pytest.raises(Malformed, match="no file"):
            compare(path, wanted)
